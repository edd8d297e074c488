//! The documents that the marketplace publishes, generated from the map and the operator's facts: privacy policy,
//! collection list, list of partners, just-in-time notices, the machine-readable form, and `policy.lock`.
//!
//! A document is a typed tree. The web renders it as HTML, `to_markdown` as the download; no HTML is made here.
//! Every sentence about a purpose comes from one place (`facts`), so that notice and policy cannot differ (0-a.4).

mod facts;
mod lists;
pub mod lock;
mod machine;
mod markdown;
mod notice;
mod operator;
mod outline;
mod privacy_policy;
mod prose;
mod text_collection;
mod text_partners;
mod text_rights;

#[cfg(test)]
mod tests;

pub use facts::term;
pub use lists::{collection_list, partner_list};
pub use lock::{Change, Lock};
pub use machine::machine_readable;
pub use notice::{Notice, NoticeKind, NoticePart, notice, notice_hash};
pub use operator::{Operator, OwnWords, PartnerEntity, faults};
pub use outline::{anchor, anchor_of_clause, anchor_of_purpose};
pub use privacy_policy::privacy_policy;

use crate::Language;
use jiff::civil::Date;

/// One published edition of the promise (0-a.2). Comes from `policy.lock`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edition {
    pub version: u32,
    pub updated: Date,
    pub effective: Date,
}

/// A published document in one language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    pub kind: DocumentKind,
    pub language: Language,
    pub title: String,
    pub edition: Edition,
    pub sections: Vec<Section>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DocumentKind {
    PrivacyPolicy,
    CollectionList,
    PartnerList,
}

impl DocumentKind {
    pub const ALL: [DocumentKind; 3] =
        [DocumentKind::PrivacyPolicy, DocumentKind::CollectionList, DocumentKind::PartnerList];

    /// The name in addresses and of the downloaded file.
    pub const fn slug(self) -> &'static str {
        match self {
            DocumentKind::PrivacyPolicy => "privacy-policy",
            DocumentKind::CollectionList => "collection-list",
            DocumentKind::PartnerList => "partner-list",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// The anchor: `s-2-3-2`, `r-Courier`, `c-Basic`.
    pub id: String,
    /// As the clauses cite it: `2.3.2`, `3.1.5-1A`; empty where a section bears no number.
    pub number: String,
    pub heading: String,
    /// Depth of the heading under the title: 1 to 4.
    pub level: u8,
    pub blocks: Vec<Block>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    Paragraph(Vec<Inline>),
    /// A passage set apart: a warning, or what is not offered.
    Note(Vec<Inline>),
    List(Vec<Item>),
    Table(Table),
    /// One purpose; stands exactly once in the policy.
    Entry(Entry),
}

/// One item of a list, with an anchor where something links to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    pub id: Option<String>,
    pub text: Vec<Inline>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    pub caption: String,
    pub head: Vec<String>,
    /// Each row has as many cells as the head.
    pub rows: Vec<Vec<Vec<Inline>>>,
}

/// A purpose as the policy prints it: its sentence, then its facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The anchor: `p-PlaceOrder`.
    pub id: String,
    pub says: Vec<Inline>,
    pub facts: Vec<Fact>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    pub label: String,
    pub text: Vec<Inline>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inline {
    Text(String),
    /// Sensitive, separately consented, given away, or a limit of rights (0-a.3); `<strong class="marked">` on a page.
    Marked(String),
    Link {
        to: Target,
        text: String,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// An anchor of the same document.
    Here(String),
    /// Another document, at an anchor where one is named.
    Document(DocumentKind, Option<String>),
    /// An e-mail address.
    Mail(String),
}

impl Inline {
    pub fn text(text: impl Into<String>) -> Inline {
        Inline::Text(text.into())
    }

    pub fn marked(text: impl Into<String>) -> Inline {
        Inline::Marked(text.into())
    }

    /// The words alone.
    pub fn words(&self) -> &str {
        match self {
            Inline::Text(text) | Inline::Marked(text) | Inline::Link { text, .. } => text,
        }
    }
}

/// The words of a run of pieces, without marks and links.
pub fn plain(inlines: &[Inline]) -> String {
    inlines.iter().map(Inline::words).collect()
}

impl Document {
    pub fn section(&self, id: &str) -> Option<&Section> {
        self.sections.iter().find(|section| section.id == id)
    }

    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.sections.iter().flat_map(|section| &section.blocks).filter_map(|block| match block {
            Block::Entry(entry) => Some(entry),
            _ => None,
        })
    }
}
