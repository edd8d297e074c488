//! The promise: which personal data the marketplace knows, why, for how long, and who may get it.
//!
//! This crate is the vocabulary (fields, recipients, roles, legal bases, retention) and the macros by which
//! each domain crate declares its own part of the map beside its code. From the declarations follow the types
//! that the compiler checks, the tables, the consent dialogs and the published documents.
//!
//! It never does I/O, never holds a value of a person longer than a call, and knows no domain.

pub mod documents;
mod entered;
mod field;
pub mod fields;
mod macros;
pub mod map;
mod purpose;
pub mod recipients;
mod record;

pub use entered::{Entered, Invalid, Typed, deceives};
pub use field::{Category, Field, FieldInfo, Mask, Rest, Rule, Sensitivity, Value, Whose, mask};
pub use purpose::{
    Action, Basis, Collects, Discloses, Disclosure, Event, Keep, Kind, Purpose, PurposeInfo, Reads, Recipient,
    RecipientInfo, RecipientKind, Role, Term, Unit,
};
pub use record::{ColumnInfo, ColumnKind, Duty, OnErase, RecordInfo, Reference, SealedColumn, Subject};

/// The languages that every word of the map exists in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Language {
    En,
    Zh,
}

impl Language {
    pub const ALL: [Language; 2] = [Language::En, Language::Zh];

    /// The BCP 47 tag, as in the `lang` attribute.
    pub fn tag(self) -> &'static str {
        match self {
            Language::En => "en",
            Language::Zh => "zh-CN",
        }
    }

    /// The short code, as in the names of the Fluent files and in URLs.
    pub fn code(self) -> &'static str {
        match self {
            Language::En => "en",
            Language::Zh => "zh",
        }
    }
}

/// One text in both languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words {
    pub en: &'static str,
    pub zh: &'static str,
}

impl Words {
    pub const fn in_(&self, language: Language) -> &'static str {
        match language {
            Language::En => self.en,
            Language::Zh => self.zh,
        }
    }
}
