//! Tables: rows that people compare; on the phone each row is a card with its headings beside the values.

use maud::{Markup, html};

/// One cell; made by `cell`, `number_cell`, `head_cell`.
pub struct Cell {
    content: Markup,
    number: bool,
    head: bool,
}

pub fn cell(content: impl maud::Render) -> Cell {
    Cell { content: content.render(), number: false, head: false }
}

/// Right-aligned, digits under digits.
pub fn number_cell(content: impl maud::Render) -> Cell {
    Cell { content: content.render(), number: true, head: false }
}

/// What the row is about; on the phone the title of its card.
pub fn head_cell(content: impl maud::Render) -> Cell {
    Cell { content: content.render(), number: false, head: true }
}

/// A table with its caption, which says to everybody what it lists (`caption_hidden` for those who see a title
/// above it).
pub struct Table<'a> {
    caption: &'a str,
    caption_hidden: bool,
    columns: Vec<&'a str>,
    rows: Vec<Vec<Cell>>,
    total: Option<Vec<Cell>>,
}

impl<'a> Table<'a> {
    /// A column without a title (actions) is `""`.
    pub fn new(caption: &'a str, columns: &[&'a str]) -> Table<'a> {
        Table { caption, caption_hidden: true, columns: columns.to_vec(), rows: Vec::new(), total: None }
    }

    pub fn caption_shown(mut self) -> Self {
        self.caption_hidden = false;
        self
    }

    pub fn row(&mut self, cells: Vec<Cell>) {
        debug_assert_eq!(cells.len(), self.columns.len(), "a row of {} fits its columns", self.caption);
        self.rows.push(cells);
    }

    pub fn total(&mut self, cells: Vec<Cell>) {
        self.total = Some(cells);
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    fn cells(&self, cells: &[Cell]) -> Markup {
        html! {
            @for (cell, column) in cells.iter().zip(&self.columns) {
                @if cell.head {
                    th scope="row" { (cell.content) }
                } @else {
                    td class=[cell.number.then_some("number")] data-label=[(!column.is_empty()).then_some(column)] {
                        (cell.content)
                    }
                }
            }
        }
    }
}

impl maud::Render for Table<'_> {
    fn render(&self) -> Markup {
        let first = self.rows.first();
        let number = |at: usize| first.and_then(|row| row.get(at)).is_some_and(|cell| cell.number);
        html! {
            div.card.table-card {
                table.list {
                    caption class=[self.caption_hidden.then_some("unseen")] { (self.caption) }
                    thead {
                        tr {
                            @for (at, column) in self.columns.iter().enumerate() {
                                @if column.is_empty() {
                                    td {}
                                } @else {
                                    th scope="col" class=[number(at).then_some("number")] { (column) }
                                }
                            }
                        }
                    }
                    tbody { @for row in &self.rows { tr { (self.cells(row)) } } }
                    @if let Some(total) = &self.total { tfoot { tr { (self.cells(total)) } } }
                }
            }
        }
    }
}
