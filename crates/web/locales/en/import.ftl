# Products from a spreadsheet.

import-title = Import products
import-intro = List a hundred products from a spreadsheet. Nothing changes until you have seen what will happen and said “Import”.
import-open = Import from a spreadsheet
import-export = Export
import-export-text = All your products in one file. Change what you like in Excel and import it again: only what you changed is changed.
import-export-button = Export my products
import-template-button = Download a template
import-step-1 = 1. Fill in the file
import-step-1-text = Begin with the template: it has the headings and three example rows. A row is one variant; rows with the same product_ref are one product, and what is true of the whole product need stand in the first of them only.
import-step-2 = 2. Upload it
import-sheet = The table
import-sheet-hint = CSV as Excel, WPS or LibreOffice save it, at most { $mib } MiB and { $rows } rows. UTF-8 and GB18030 are both read; commas, semicolons and tabs too.
import-archive = The pictures
import-archive-hint = A ZIP file with the pictures that the table names, at most { $mib } MiB. Products that have pictures keep them without it.
import-upload = Check the file
import-upload-text = The file is only checked now.
import-columns = What stands in which column
import-columns-text = Headings may be English or Chinese, in any order. A column that you leave out changes nothing; product_ref is always needed.
import-column = Column
import-meaning = What stands in it
import-earlier = Earlier imports
import-when = Uploaded
import-state = State
import-file-of = { $products ->
    [one] 1 product
   *[other] { $products } products
} in { $rows ->
    [one] 1 row
   *[other] { $rows } rows
}
import-sheet-missing = Choose the CSV file with your products.
import-archive-bad = This is not a ZIP file that can be opened, or it holds more than { $max } files. Pack the pictures anew.
import-archive-large = The ZIP file is too large: at most { $max } MiB. Import the products in two parts.

import-state-checking = Being checked
import-state-checked = Waits for you
import-state-importing = Being imported
import-state-done = Imported
import-state-cancelled = Cancelled
import-state-lost = Files lost
import-checking-text = The file is being checked. Nothing has been changed.
import-importing-text = The products are being imported. You may leave this page; it goes on by itself, also after an interruption.
import-lost-text = The uploaded files are no longer there. Close this import and upload them again; products that were imported stay.
import-cancelled-text = The import was cancelled. What was imported until then is complete and stays.
import-progress = { $done } of { $of }
import-reload = Look again
import-again = Upload the mended file
import-cancel = Cancel the import
import-cancel-check = Cancel
import-close = Close and forget this import
import-close-text = Forgets the uploaded files and this result; your products stay. It happens by itself seven days after the last step.
import-fresh = new
import-changed = changed
import-same = unchanged
import-faulty = with mistakes
import-left-out = left out
import-checked-title = What will happen
import-checked-good = Everything in the file is in order. Nothing has been changed yet.
import-checked-nothing = All products are already as the file says. There is nothing to import.
import-checked-faulty = Some products have mistakes. Mend them in the file and upload it again, or import the correct products now: each goes whole or not at all.
import-checked-all-faulty = Every product in the file has a mistake. Nothing has been changed; mend the file and upload it again.
import-start = { $n ->
    [one] Import 1 product
   *[other] Import { $n } products
}
import-start-partial = { $n ->
    [one] Import the 1 correct product
   *[other] Import the { $n } correct products
}
import-done-title = Imported
import-done-text = The import is complete.
import-findable = Buyers find all of it now.
import-findable-soon = Buyers will find it in a moment.
import-see-shop = See them in my shop
import-see-goods = To my products
import-preview = The first products, as they will be
import-preview-product = Product
import-preview-minimum = Minimum order
import-preview-variants = Variants
import-verdict-fresh = new
import-verdict-changed = changed
import-verdict-same = unchanged
import-mistakes = What to mend
import-mistakes-more = Shown are the first { $shown } of { $all }.
import-mistakes-download = Download all mistakes as CSV
import-line = Row
import-was = What stands there
import-what-to-do = What to do
import-empty-cell = (empty)
said-import-cancelled = The import is cancelled.
said-import-closed = The import is forgotten.

# What each column holds
import-help-product_ref = Your own number of the product. Rows with the same number are one product; a product that has it already is changed.
import-help-on_sale = yes or no; empty leaves it as it is, and puts a new product on sale.
import-help-category = The category’s key or name, for example “buttons”. Where a name occurs twice, the way to it: “Trimmings > Buttons”.
import-help-title = Title in English and in Chinese. One of the two may be empty.
import-help-text = Description, in several lines if you like.
import-help-unit = What it is sold by: unit_en “bag”, units_en “bags”, unit_zh “包”.
import-help-tiers = From so many units on (from_1), a unit costs price_1. from_1 is the minimum order. Up to six tiers; each must begin higher and be cheaper than the one before.
import-help-attributes = Material: brass | Finish: polished. The same order in both languages.
import-help-pictures = File names in the ZIP file, the first for lists: front.jpg | back.jpg. #1 is the first picture that the product has; empty keeps them all.
import-help-differ = What the variants differ in: size, colour.
import-help-sku = Your own number of the variant. A row changes the variant with this number, or without one the variant with this name.
import-help-variant = Name of the variant. Variants that no row names stay as they are.
import-help-surcharge = Added to the price of each unit of this variant; empty is nothing.
import-help-stock = Units that can be sold.
import-help-exported = Only in exported files; leave it as it is. It tells the import what was sold or changed since.
