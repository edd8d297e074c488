# 商品表格被拒绝的原因及处理办法。

# 文件无法读取的原因
import-file-too-large = 文件过大：最多 { $max } MiB。请分成两个文件。
import-file-workbook = 这是 Excel 工作簿。请在 Excel 中选择“另存为”→“CSV UTF-8”，再上传该文件。
import-file-not-text = 此文件不是文本。请将表格另存为 CSV 后上传。
import-file-empty = 文件中没有商品。第一行是表头，其后是商品。
import-file-too-many-rows = 行数过多：最多 { $max } 行。请分成两个文件。
import-file-unknown-column = 没有“{ $heading }”这一列。请使用模板中的表头，或删除该列。
import-file-unknown-column-near = 没有“{ $heading }”这一列，是否为“{ $nearest }”？请使用模板中的表头，或删除该列。
import-file-column-twice = “{ $heading }”列出现两次，请删除其中一列。
import-file-column-missing = 缺少“{ $heading }”（商品编号）列：它说明哪些行属于同一件商品。请为每件商品编号。
import-file-cell-too-long = 第 { $line } 行有单元格过长，请检查其前是否有未闭合的引号。
import-file-too-many-cells = 第 { $line } 行的单元格多于表头，请检查含逗号的文字是否缺少引号。

# 单元格中的错误
import-wrong-no-reference = 请在“商品编号”列填写自编的编号；编号相同的行属于同一件商品。
import-wrong-differs = 同一件商品第 { $line } 行的内容不同。请留空或写成相同内容。
import-wrong-tier-half = 价格档须同时填写起批量和单价，或都不填。
import-wrong-attribute = 名称和值之间请用冒号：材质：黄铜 | 表面：抛光。
import-wrong-yes-or-no = 请填写是或否，或留空。
import-wrong-category = 没有此类目。请填写类目表中的编码或名称。
import-wrong-category-near = 没有此类目，是否为“{ $nearest }”？
import-wrong-category-twice = 有多个同名类目，请填写其中一个编码：{ $keys }。
import-wrong-mark = 此标记被改动过。请重新导出，或清空“导出标记”列。
import-wrong-changed-since = 文件导出后商品又被修改过。请重新导出后再改，或清空“导出标记”列以覆盖。
import-wrong-no-archive = 此处写有图片，但未随表格上传 ZIP 文件。请一并上传。
import-wrong-not-in-archive = ZIP 文件中没有这张图片。请检查文件名，或补上图片。
import-wrong-twice-in-archive = ZIP 文件中有多张同名图片。请写明文件夹：photos/front.jpg。
import-wrong-unpackable = 无法从 ZIP 中解出这张图片。请重新打包，不要加密。
import-wrong-archive-too-full = 图片总量过大：解压后最多 { $max } MiB。请分两次导入。
