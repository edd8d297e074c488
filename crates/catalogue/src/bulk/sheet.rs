//! A file as a table: its encoding, its separator, its headings and its rows, within limits.

use std::collections::HashMap;

use csv::StringRecord;
use encoding_rs::{GB18030, UTF_16BE, UTF_16LE};

use super::cell::meant;
use super::column::Column;

pub const SHEET_BYTES_MAX: usize = 32 * 1024 * 1024;
pub const ROWS_MAX: usize = 20_000;
/// What a spreadsheet itself holds in a cell, in characters of three bytes.
pub const CELL_BYTES_MAX: usize = 3 * 32_767;
/// Headings looked at; more are none of ours.
const COLUMNS_MAX: usize = 200;
/// Cells of a file, empty ones too, quoted separators counted: a cell takes a byte in a file and eight in memory.
const CELLS_MAX: usize = ROWS_MAX * COLUMNS_MAX;

/// Why a file is no table of products; none of its rows is looked at then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotASheet {
    TooLarge {
        max_mib: usize,
    },
    /// A workbook of Excel or WPS, not saved as CSV.
    Workbook,
    /// Neither UTF-8 nor UTF-16 nor GB18030, or not text at all.
    NotText,
    /// No row below the headings.
    Empty,
    TooManyRows {
        max: usize,
    },
    UnknownColumn {
        heading: String,
        nearest: Option<&'static str>,
    },
    ColumnTwice {
        heading: String,
    },
    /// A column that a file cannot do without.
    ColumnMissing {
        heading: &'static str,
    },
    /// A cell longer than any is: mostly a quotation mark that is never closed.
    CellTooLong {
        line: usize,
    },
    /// A row with more cells than there are headings.
    TooManyCells {
        line: usize,
    },
}

impl NotASheet {
    /// The Fluent message.
    pub fn key(&self) -> &'static str {
        match self {
            NotASheet::TooLarge { .. } => "import-file-too-large",
            NotASheet::Workbook => "import-file-workbook",
            NotASheet::NotText => "import-file-not-text",
            NotASheet::Empty => "import-file-empty",
            NotASheet::TooManyRows { .. } => "import-file-too-many-rows",
            NotASheet::UnknownColumn { nearest: Some(_), .. } => "import-file-unknown-column-near",
            NotASheet::UnknownColumn { .. } => "import-file-unknown-column",
            NotASheet::ColumnTwice { .. } => "import-file-column-twice",
            NotASheet::ColumnMissing { .. } => "import-file-column-missing",
            NotASheet::CellTooLong { .. } => "import-file-cell-too-long",
            NotASheet::TooManyCells { .. } => "import-file-too-many-cells",
        }
    }

    pub fn args(&self) -> Vec<(&'static str, String)> {
        match self {
            NotASheet::TooLarge { max_mib: max } | NotASheet::TooManyRows { max } => vec![("max", max.to_string())],
            NotASheet::UnknownColumn { heading, nearest } => {
                let nearest = nearest.map(|nearest| ("nearest", nearest.to_owned()));
                std::iter::once(("heading", heading.clone())).chain(nearest).collect()
            }
            NotASheet::ColumnTwice { heading } => vec![("heading", heading.clone())],
            NotASheet::ColumnMissing { heading } => vec![("heading", (*heading).to_owned())],
            NotASheet::CellTooLong { line } | NotASheet::TooManyCells { line } => vec![("line", line.to_string())],
            _ => Vec::new(),
        }
    }

    /// One of each, for the test that each has words in both languages.
    #[cfg(any(test, feature = "testing"))]
    pub fn one_of_each() -> Vec<NotASheet> {
        let heading = "x".to_owned();
        vec![
            NotASheet::TooLarge { max_mib: 1 },
            NotASheet::Workbook,
            NotASheet::NotText,
            NotASheet::Empty,
            NotASheet::TooManyRows { max: 1 },
            NotASheet::UnknownColumn { heading: heading.clone(), nearest: Some("y") },
            NotASheet::UnknownColumn { heading: heading.clone(), nearest: None },
            NotASheet::ColumnTwice { heading },
            NotASheet::ColumnMissing { heading: "x" },
            NotASheet::CellTooLong { line: 1 },
            NotASheet::TooManyCells { line: 1 },
        ]
    }
}

/// The rows of a file under known headings.
#[derive(Debug)]
pub struct Sheet {
    places: HashMap<Column, usize>,
    rows: Vec<Row>,
    /// Amounts may be written with a comma for the point, as spreadsheets do that separate cells by semicolons.
    pub(super) decimal_comma: bool,
}

#[derive(Debug)]
pub(super) struct Row {
    /// As the spreadsheet numbers it; the headings are row 1.
    pub line: usize,
    cells: StringRecord,
}

impl Sheet {
    pub fn read(bytes: &[u8]) -> Result<Sheet, NotASheet> {
        if bytes.len() > SHEET_BYTES_MAX {
            return Err(NotASheet::TooLarge { max_mib: SHEET_BYTES_MAX / (1024 * 1024) });
        }
        let text = text_of(bytes)?;
        let (separator, text) = separator(&text);
        if let Some(line) = line_of_too_many_cells(text, separator) {
            return Err(NotASheet::TooManyCells { line });
        }
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(separator)
            .has_headers(false)
            .flexible(true)
            .from_reader(text.as_bytes());
        let mut records = reader.records();
        let headings = records.next().and_then(Result::ok).ok_or(NotASheet::Empty)?;
        let places = places(&headings)?;
        let width = headings.len();
        let mut rows = Vec::new();
        for (record, line) in records.zip(2..) {
            // The text is UTF-8 by now and rows may be of any length: nothing else can be wrong with one.
            let cells = record.map_err(|_| NotASheet::NotText)?;
            if cells.iter().any(|cell| cell.len() > CELL_BYTES_MAX) {
                return Err(NotASheet::CellTooLong { line });
            }
            if cells.iter().skip(width).any(|cell| !cell.trim().is_empty()) {
                return Err(NotASheet::TooManyCells { line });
            }
            if cells.iter().all(|cell| cell.trim().is_empty()) {
                continue;
            }
            if rows.len() == ROWS_MAX {
                return Err(NotASheet::TooManyRows { max: ROWS_MAX });
            }
            rows.push(Row { line, cells });
        }
        if rows.is_empty() {
            return Err(NotASheet::Empty);
        }
        Ok(Sheet { places, rows, decimal_comma: separator == b';' })
    }

    /// Rows with something in them.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Rows, and the products that they make.
    pub fn size(&self) -> (usize, usize) {
        (self.rows.len(), self.products().len())
    }

    pub(super) fn has(&self, column: Column) -> bool {
        self.places.contains_key(&column)
    }

    pub(super) fn row(&self, at: usize) -> &Row {
        &self.rows[at]
    }

    /// What stands in a row's cell, as it was meant; empty where the file has no such column.
    pub(super) fn cell(&self, row: usize, column: Column) -> &str {
        let cell = self.places.get(&column).and_then(|place| self.rows[row].cells.get(*place));
        meant(cell.unwrap_or("").trim_matches([' ', '\u{a0}', '\u{3000}']))
    }

    /// The rows of each product, in the order in which the products begin. Rows without a number are products of their
    /// own, which are refused.
    pub(super) fn products(&self) -> Vec<Vec<usize>> {
        let mut products: Vec<Vec<usize>> = Vec::new();
        let mut known: HashMap<&str, usize> = HashMap::new();
        for at in 0..self.rows.len() {
            let reference = self.cell(at, Column::Reference);
            match known.get(reference) {
                Some(&product) if !reference.is_empty() => products[product].push(at),
                _ => {
                    known.insert(reference, products.len());
                    products.push(vec![at]);
                }
            }
        }
        products
    }
}

fn text_of(bytes: &[u8]) -> Result<String, NotASheet> {
    // ZIP and the old compound file: what spreadsheets save by themselves.
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"\xd0\xcf\x11\xe0") {
        return Err(NotASheet::Workbook);
    }
    let whole = |(text, broken): (std::borrow::Cow<str>, bool)| (!broken).then(|| text.into_owned());
    let text = match bytes {
        [0xff, 0xfe, rest @ ..] => whole(UTF_16LE.decode_without_bom_handling(rest)),
        [0xfe, 0xff, rest @ ..] => whole(UTF_16BE.decode_without_bom_handling(rest)),
        [0xef, 0xbb, 0xbf, rest @ ..] => std::str::from_utf8(rest).ok().map(str::to_owned),
        _ => match std::str::from_utf8(bytes) {
            Ok(text) => Some(text.to_owned()),
            Err(_) => whole(GB18030.decode_without_bom_handling(bytes)),
        },
    };
    text.filter(|text| !text.contains('\0')).ok_or(NotASheet::NotText)
}

/// Where the file has come to have more than [`CELLS_MAX`] cells.
fn line_of_too_many_cells(text: &str, separator: u8) -> Option<usize> {
    let (at, _) = text.bytes().enumerate().filter(|(_, byte)| *byte == separator).nth(CELLS_MAX)?;
    Some(1 + text.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count())
}

/// The separator of the line of headings: whichever stands in it most outside of quotation marks. Excel may name it in a
/// line of its own before.
fn separator(text: &str) -> (u8, &str) {
    let first = text.lines().next().unwrap_or("");
    if let Some(named) = first.strip_prefix("sep=").and_then(|rest| rest.as_bytes().first())
        && b",;\t".contains(named)
    {
        return (*named, text.split_once('\n').map_or("", |(_, rest)| rest));
    }
    let mut quoted = false;
    let mut counts = [0usize; 3];
    for byte in first.bytes() {
        match byte {
            b'"' => quoted = !quoted,
            b',' if !quoted => counts[0] += 1,
            b';' if !quoted => counts[1] += 1,
            b'\t' if !quoted => counts[2] += 1,
            _ => {}
        }
    }
    let most = (0..3).rev().max_by_key(|at| counts[*at]).unwrap_or(0);
    (b",;\t"[most], text)
}

fn places(headings: &StringRecord) -> Result<HashMap<Column, usize>, NotASheet> {
    let mut places = HashMap::new();
    let shown = |heading: &str| heading.trim().chars().filter(|c| !c.is_control()).take(40).collect::<String>();
    for (place, heading) in headings.iter().enumerate().take(COLUMNS_MAX) {
        if heading.trim().is_empty() {
            continue;
        }
        let Some(column) = Column::of_heading(heading) else {
            let nearest = Column::nearest(heading);
            return Err(NotASheet::UnknownColumn { heading: shown(heading), nearest });
        };
        if places.insert(column, place).is_some() {
            return Err(NotASheet::ColumnTwice { heading: shown(heading) });
        }
    }
    if !places.contains_key(&Column::Reference) {
        return Err(NotASheet::ColumnMissing { heading: Column::Reference.key() });
    }
    Ok(places)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn titles(bytes: &[u8]) -> Vec<String> {
        let sheet = Sheet::read(bytes).unwrap();
        (0..sheet.len()).map(|at| sheet.cell(at, Column::TitleZh).to_owned()).collect()
    }

    fn utf16(text: &str, big: bool) -> Vec<u8> {
        let unit = |unit: u16| if big { unit.to_be_bytes() } else { unit.to_le_bytes() };
        "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(unit).collect()
    }

    /// Whatever Excel, WPS and LibreOffice save as CSV or as text.
    #[test]
    fn a_file_is_read_in_every_encoding_and_separator_that_spreadsheets_write() {
        let text = "商品编号,中文标题\r\nA,\"黄铜, 抛光\n\"\"大\"\"\"\r\nB,贝壳\r\n";
        let wanted = ["黄铜, 抛光\n\"大\"", "贝壳"];
        assert_eq!(titles(text.as_bytes()), wanted);
        assert_eq!(titles(format!("\u{feff}{text}").as_bytes()), wanted);
        assert_eq!(titles(&utf16(text, false)), wanted);
        assert_eq!(titles(&utf16(text, true)), wanted);
        let (gb, _, unmapped) = GB18030.encode(text);
        assert!(!unmapped);
        assert_eq!(titles(&gb), wanted);
        for separator in [";", "\t"] {
            let text =
                format!("product_ref{separator}title_zh\nA{separator}黄铜, 1\n\nB{separator}\"a{separator}b\"\n");
            assert_eq!(titles(text.as_bytes()), ["黄铜, 1".to_owned(), format!("a{separator}b")]);
        }
        assert_eq!(titles("sep=;\r\nproduct_ref;title_zh\r\nA;黄铜\r\n".as_bytes()), ["黄铜"]);
        let short = Sheet::read(b"title_zh,product_ref\nx,A\n,,\ny\n").unwrap();
        assert_eq!((short.len(), short.row(1).line, short.cell(1, Column::Reference)), (2, 4, ""));
    }

    #[test]
    fn what_is_no_table_of_products_is_refused_with_its_reason() {
        let refused = |bytes: &[u8]| Sheet::read(bytes).unwrap_err();
        assert_eq!(refused(b"PK\x03\x04xl/workbook.xml"), NotASheet::Workbook);
        assert_eq!(refused(b"\xff\xd8\xff\xe0\xff\xff\xff"), NotASheet::NotText);
        assert_eq!(refused(b"product_ref\nA\0\n"), NotASheet::NotText);
        assert_eq!(refused(b""), NotASheet::Empty);
        assert_eq!(refused(b"product_ref,stock\n,\n"), NotASheet::Empty);
        assert_eq!(refused(b"stock\n1\n"), NotASheet::ColumnMissing { heading: "product_ref" });
        let unknown = NotASheet::UnknownColumn { heading: "Stok".into(), nearest: Some("stock") };
        assert_eq!(refused(b"product_ref,Stok\nA,1\n"), unknown);
        let twice = NotASheet::ColumnTwice { heading: "库存".into() };
        assert_eq!(refused("product_ref,stock,库存\nA,1,1\n".as_bytes()), twice);
        assert_eq!(refused(b"product_ref,stock\nA,1,2\n"), NotASheet::TooManyCells { line: 2 });
        let wide = format!("product_ref,stock\nA,1\nB{}\n", ",".repeat(CELLS_MAX));
        assert_eq!(refused(wide.as_bytes()), NotASheet::TooManyCells { line: 3 });
        let open = format!("product_ref,stock\nA,\"{}", "1\n".repeat(60_000));
        assert_eq!(refused(open.as_bytes()), NotASheet::CellTooLong { line: 2 });
        let long = format!("product_ref\n{}", "A\n".repeat(ROWS_MAX + 1));
        assert_eq!(refused(long.as_bytes()), NotASheet::TooManyRows { max: ROWS_MAX });
        assert_eq!(refused(&vec![b'a'; SHEET_BYTES_MAX + 1]), NotASheet::TooLarge { max_mib: 32 });
    }
}
