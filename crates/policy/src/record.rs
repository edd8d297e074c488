//! A record: one table, whose rows they are, and what each column holds.

use crate::{Field, FieldInfo};

/// A sealed column: what its associated data binds, and under which of the person's keys it lies.
pub trait SealedColumn: Send + Sync + 'static {
    type Field: Field;
    const TABLE: &'static str;
    const COLUMN: &'static str;
    const DUTY: Duty;
}

/// A person has one account key, and one key for each duty that keeps what the account's end would erase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Duty {
    /// Goes with the account.
    Account,
    /// Trade records, three years from completion (KeepTransactionRecords; E-commerce Law 31).
    Trade,
    /// Settlement and tax papers of sellers, five years.
    Settlement,
}

impl Duty {
    pub const ALL: [Duty; 3] = [Duty::Account, Duty::Trade, Duty::Settlement];

    pub const fn id(self) -> &'static str {
        match self {
            Duty::Account => "account",
            Duty::Trade => "trade",
            Duty::Settlement => "settlement",
        }
    }

    pub fn parse(id: &str) -> Option<Duty> {
        Duty::ALL.into_iter().find(|duty| duty.id() == id)
    }
}

#[derive(Debug)]
pub struct RecordInfo {
    pub table: &'static str,
    pub key: &'static [&'static str],
    /// The columns that name a person. Empty: the table holds nobody's rows.
    pub subjects: &'static [Subject],
    /// The purposes under whose terms the rows are kept.
    pub keep: &'static [&'static str],
    /// From this column the term counts; rows where it is empty are not yet running out.
    pub since: &'static str,
    pub refers: &'static [Reference],
    pub columns: &'static [ColumnInfo],
}

#[derive(Debug)]
pub struct Subject {
    pub column: &'static str,
    pub on_erase: OnErase,
}

/// What erasing the person that a column names does to the row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnErase {
    Delete,
    /// What rests on the account key goes; what a duty keeps stays under the duty's key until its end.
    Shred,
    /// The row stays, the link to the person goes with the person's key.
    Keep,
}

#[derive(Debug)]
pub struct Reference {
    pub column: &'static str,
    pub table: &'static str,
}

#[derive(Debug)]
pub struct ColumnInfo {
    pub name: &'static str,
    pub kind: ColumnKind,
}

#[derive(Debug)]
pub enum ColumnKind {
    /// Not personal, and why.
    Plain(&'static str),
    /// A declared field that rests plain (public, or a link).
    Field(&'static FieldInfo),
    Sealed {
        field: &'static FieldInfo,
        subject: &'static str,
        duty: Duty,
    },
}
