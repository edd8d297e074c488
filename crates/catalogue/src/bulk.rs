//! Many products at once: out into a spreadsheet and in from one, with an archive of pictures beside it.
//!
//! A row is a variant; rows with the same number of the seller's own ([`Column::Reference`]) are one product. What stands
//! in a file is only looked at (`checking`) until the seller says *import*; then it is carried out by the commands that
//! the form uses ([`crate::product::publish`], [`crate::product::edit`]), a few products to a transaction, so that
//! others write in between and a crash leaves whole products only. How far an import has come stands in its row and
//! changes in the transaction that writes the products: it goes on where it was, and does nothing twice.
//!
//! - `column`, `sheet`: what a file is, whatever program wrote it.
//! - `draft`, `settle`: what its rows say, and what that means for the goods there are.
//! - `archive`: the pictures.
//! - `run`: the steps of an import, and its job.
//! - `export`: the way out, in the same columns.

mod archive;
mod cell;
mod column;
mod draft;
mod export;
mod mistake;
mod own;
mod run;
mod settle;
mod sheet;
#[cfg(test)]
mod tests;

pub use archive::{ARCHIVE_BYTES_MAX, ENTRIES_MAX, is_archive};
pub use cell::shielded;
pub use column::{COLUMNS, Column};
pub use export::{example, head, list_of_mistakes, page};
pub use mistake::{Message, Mistake};
pub use run::{
    HANDLERS, IMPORT_JOB, IMPORTS_MAX, Import, KEPT, MISTAKES_KEPT_MAX, MistakePlace, Preview, State, Verdict, begin,
    cancel, close, mistakes, of_shop, one, start,
};
pub use sheet::{NotASheet, ROWS_MAX, SHEET_BYTES_MAX, Sheet};

/// Digits after the point of an amount: this house trades in one currency, and it has two.
const MINOR_DIGITS: usize = 2;
