# Why a spreadsheet of products was refused, and what to do about it.

# Why a file is not read at all
import-file-too-large = The file is too large: at most { $max } MiB. Divide it into two.
import-file-workbook = This is an Excel workbook. In Excel choose “Save as”, then “CSV UTF-8”, and upload that file.
import-file-not-text = This file is not text. Save your table as CSV and upload that file.
import-file-empty = There is no product in this file. The first row holds the headings, the next ones the products.
import-file-too-many-rows = The file has too many rows: at most { $max }. Divide it into two.
import-file-unknown-column = There is no column “{ $heading }”. Use the headings of the template, or delete that column.
import-file-unknown-column-near = There is no column “{ $heading }”. Did you mean “{ $nearest }”? Use the headings of the template, or delete that column.
import-file-column-twice = The column “{ $heading }” is there twice. Delete one of the two.
import-file-column-missing = The column “{ $heading }” is missing: it tells which rows are one product. Give each product a number of your own.
import-file-cell-too-long = Row { $line } has a cell that is too long. Look whether a quotation mark before it is never closed.
import-file-too-many-cells = Row { $line } has more cells than there are headings. Look whether a text with a comma lacks its quotation marks.

# What is wrong in a cell, beside what the form says too
import-wrong-no-reference = Give the product a number of your own in product_ref; rows with the same number are one product.
import-wrong-differs = Row { $line } says something else for the same product. Leave this cell empty or write the same.
import-wrong-tier-half = A price tier needs both: from how many units on, and the price. Fill in both or neither.
import-wrong-attribute = Write name and value with a colon between them: Material: brass | Finish: polished.
import-wrong-yes-or-no = Write yes or no, or leave it empty.
import-wrong-category = There is no such category. Write the key or the name of one in the list of categories.
import-wrong-category-near = There is no such category. Did you mean “{ $nearest }”?
import-wrong-category-twice = Several categories are called so. Write one of these keys: { $keys }.
import-wrong-mark = This mark was changed. Export anew, or empty the column “exported”.
import-wrong-changed-since = The product was changed after this file was exported. Export it anew and make the change there, or empty the column “exported” to overwrite.
import-wrong-no-archive = Pictures are named here, but no ZIP file came with the table. Upload both together.
import-wrong-not-in-archive = This picture is not in the ZIP file. Look at its name, or add it.
import-wrong-twice-in-archive = Several pictures in the ZIP file are called so. Write the folder too: photos/front.jpg.
import-wrong-unpackable = This picture cannot be unpacked from the ZIP file. Pack it anew, without a password.
import-wrong-archive-too-full = The pictures are too large together: at most { $max } MiB unpacked. Import the products in two parts.
