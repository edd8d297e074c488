//! What is uploaded: forms with files as browsers write them, tables of goods, and a picture.

use super::hostile;
use std::path::Path;

/// One of the demo's photographs.
pub fn picture() -> Vec<u8> {
    let picture = "../../demo/pictures/general/florian-klauer-14840-unsplash.jpg";
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(picture)).expect("the demo has pictures")
}

/// An archive with it.
pub fn archive() -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("front.jpg", zip::write::SimpleFileOptions::default()).expect("an archive");
    std::io::Write::write_all(&mut zip, &picture()).expect("an archive");
    zip.finish().expect("an archive").into_inner()
}

// --- tables of goods --------------------------------------------------------------------------------------------------

/// Its first row has the names of the columns.
pub type Table = Vec<Vec<String>>;

/// A zero, or a cell of many pages, and the whole file is refused: no spreadsheet wrote it.
pub fn cells() -> Vec<String> {
    hostile::texts().into_iter().filter(|text| !text.contains('\0') && text.len() < 4_000).collect()
}

pub fn written(table: &Table) -> Vec<u8> {
    let mut written = csv::Writer::from_writer(Vec::new());
    for row in table {
        written.write_record(row).expect("a row");
    }
    written.into_inner().expect("a table")
}

pub fn read(text: &str) -> Table {
    let text = text.trim_start_matches('\u{feff}');
    let mut rows = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    rows.records().map(|row| row.expect("a row").iter().map(str::to_owned).collect()).collect()
}

/// The columns of goods; `~` stands for a text of the list, and `#` for the row.
pub const COLUMNS: [(&str, &str, &str); 19] = [
    // Name, what it has, what it takes instead of what is wrong.
    ("product_ref", "~ #", "Q-#"),
    ("category", "", ""),
    ("title_en", "~", "A title #"),
    ("title_zh", "~", ""),
    ("text_en", "~", "A text."),
    ("text_zh", "~", ""),
    ("unit_en", "~", "piece"),
    ("units_en", "~", "pieces"),
    ("unit_zh", "~", ""),
    ("from_1", "1", "1"),
    ("price_1", "12.50", "12.50"),
    ("attributes_en", "Of: ~", "Of: brass"),
    ("pictures", "front.jpg", "front.jpg"),
    ("differ_in_en", "~", "Size"),
    ("differ_in_zh", "~", ""),
    ("sku", "~", "S-#"),
    ("variant_en", "~", "large"),
    ("variant_zh", "~", ""),
    ("stock", "1000000", "1000000"),
];

pub fn goods(category: &str) -> Table {
    let cells = cells();
    let cell = |row: usize, column: usize| match COLUMNS[column] {
        ("category", ..) => category.to_owned(),
        // In each column a row has another text.
        (_, has, _) => has.replace('#', &row.to_string()).replace('~', &cells[(row + column * 29) % cells.len()]),
    };
    let mut table: Table = vec![COLUMNS.iter().map(|(name, ..)| (*name).to_owned()).collect()];
    table.extend((0..cells.len()).map(|row| (0..COLUMNS.len()).map(|column| cell(row, column)).collect()));
    table
}

/// Mends what is wrong by the list of mistakes, and the whole row where its cells were mended in vain; how much that was.
pub fn mend_table(table: &mut Table, found: &str) -> usize {
    let found = read(found);
    for mistake in &found[1..] {
        let line: usize = mistake[0].parse().expect("a row");
        let good: Vec<String> = COLUMNS.iter().map(|(_, _, good)| good.replace('#', &line.to_string())).collect();
        let row = &mut table[line - 1];
        let column = COLUMNS.iter().position(|(name, ..)| *name == mistake[1]);
        match column.filter(|at| row[*at] != good[*at]) {
            Some(at) => row[at].clone_from(&good[at]),
            None => (2..COLUMNS.len()).chain([0]).for_each(|at| row[at].clone_from(&good[at])),
        }
    }
    found.len() - 1
}

/// A form with files, as browsers write it.
pub struct Multipart {
    bytes: Vec<u8>,
}

impl Multipart {
    const LINE: &str = "----hanse";

    pub fn new() -> Multipart {
        Multipart { bytes: Vec::new() }
    }

    fn part(&mut self, head: &[u8], content: &[u8]) {
        self.bytes.extend(format!("--{}\r\ncontent-disposition: form-data; ", Multipart::LINE).bytes());
        for part in [head, b"\r\n\r\n", content, b"\r\n"] {
            self.bytes.extend_from_slice(part);
        }
    }

    pub fn field(&mut self, name: &str, value: &[u8]) {
        self.part(format!("name=\"{name}\"").as_bytes(), value);
    }

    /// Quotation marks and ends of lines in the file's name are written as browsers write them.
    pub fn file(&mut self, name: &str, file: &[u8], content: &[u8]) {
        let mut head = format!("name=\"{name}\"; filename=\"").into_bytes();
        for byte in file {
            match byte {
                b'"' | b'\r' | b'\n' => head.extend(format!("%{byte:02X}").bytes()),
                byte => head.push(*byte),
            }
        }
        head.push(b'"');
        self.part(&head, content);
    }

    pub fn body(mut self) -> (String, Vec<u8>) {
        self.bytes.extend(format!("--{}--\r\n", Multipart::LINE).bytes());
        (format!("multipart/form-data; boundary={}", Multipart::LINE), self.bytes)
    }
}
