//! What is wrong in a file, where, and what is said about it.

use serde::{Deserialize, Serialize};

use super::column::Column;
use crate::Refused;

/// Characters of a cell that are shown again.
const SHOWN_MAX: usize = 80;

/// A mistake in one cell, or in a row as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// As the spreadsheet numbers its rows.
    pub line: i64,
    pub column: Option<Column>,
    /// What stood there, shortened; may be hostile, as all that people type.
    pub cell: String,
    /// The Fluent message and its arguments.
    pub message: Message,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    pub key: String,
    pub args: Vec<(String, String)>,
}

/// What only a file can have wrong. Everything else is refused in the form's own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// A cell that a number, an amount, a price must stand in.
    Missing,
    NotWhole,
    NotMoney,
    OutOfRange {
        min: i64,
        max: i64,
    },
    MoneyRange {
        min: String,
        max: String,
    },
    NoReference,
    /// Another row of the product says something else.
    Differs {
        line: usize,
    },
    TierHalf,
    Attribute,
    NotYesOrNo,
    Category {
        nearest: Option<String>,
    },
    CategoryTwice {
        keys: String,
    },
    /// The mark of an export that was changed by hand.
    Mark,
    /// The product was changed after it was exported.
    ChangedSince,
    NoArchive,
    NotInArchive,
    TwiceInArchive,
    /// Packed in a way that is not opened, or far smaller than what it holds.
    Unpackable,
    /// So many bytes of pictures are unpacked in one import.
    ArchiveTooFull {
        max_mib: u64,
    },
    Refused(Refused),
}

impl Wrong {
    fn key(&self) -> &'static str {
        match self {
            Wrong::Missing => "invalid-missing",
            Wrong::NotWhole => "invalid-number",
            Wrong::NotMoney => "invalid-money",
            Wrong::OutOfRange { .. } => "invalid-range",
            Wrong::MoneyRange { .. } => "invalid-money-range",
            Wrong::NoReference => "import-wrong-no-reference",
            Wrong::Differs { .. } => "import-wrong-differs",
            Wrong::TierHalf => "import-wrong-tier-half",
            Wrong::Attribute => "import-wrong-attribute",
            Wrong::NotYesOrNo => "import-wrong-yes-or-no",
            Wrong::Category { nearest: Some(_) } => "import-wrong-category-near",
            Wrong::Category { nearest: None } => "import-wrong-category",
            Wrong::CategoryTwice { .. } => "import-wrong-category-twice",
            Wrong::Mark => "import-wrong-mark",
            Wrong::ChangedSince => "import-wrong-changed-since",
            Wrong::NoArchive => "import-wrong-no-archive",
            Wrong::NotInArchive => "import-wrong-not-in-archive",
            Wrong::TwiceInArchive => "import-wrong-twice-in-archive",
            Wrong::Unpackable => "import-wrong-unpackable",
            Wrong::ArchiveTooFull { .. } => "import-wrong-archive-too-full",
            Wrong::Refused(refused) => refused.key(),
        }
    }

    fn args(&self) -> Vec<(&'static str, String)> {
        match self {
            Wrong::OutOfRange { min, max } => vec![("min", min.to_string()), ("max", max.to_string())],
            Wrong::MoneyRange { min, max } => vec![("min", min.clone()), ("max", max.clone())],
            Wrong::Differs { line } => vec![("line", line.to_string())],
            Wrong::Category { nearest: Some(nearest) } => vec![("nearest", nearest.clone())],
            Wrong::CategoryTwice { keys } => vec![("keys", keys.clone())],
            Wrong::ArchiveTooFull { max_mib } => vec![("max", max_mib.to_string())],
            Wrong::Refused(refused) => refused.args(),
            _ => Vec::new(),
        }
    }

    /// One of each that has words of its own, for the test that it has them in both languages.
    #[cfg(test)]
    fn one_of_each() -> Vec<Wrong> {
        let text = String::new;
        vec![
            Wrong::Missing,
            Wrong::NotWhole,
            Wrong::NotMoney,
            Wrong::OutOfRange { min: 1, max: 2 },
            Wrong::MoneyRange { min: text(), max: text() },
            Wrong::NoReference,
            Wrong::Differs { line: 1 },
            Wrong::TierHalf,
            Wrong::Attribute,
            Wrong::NotYesOrNo,
            Wrong::Category { nearest: Some(text()) },
            Wrong::Category { nearest: None },
            Wrong::CategoryTwice { keys: text() },
            Wrong::Mark,
            Wrong::ChangedSince,
            Wrong::NoArchive,
            Wrong::NotInArchive,
            Wrong::TwiceInArchive,
            Wrong::Unpackable,
            Wrong::ArchiveTooFull { max_mib: 1 },
        ]
    }
}

impl Mistake {
    pub(super) fn new(line: usize, column: Option<Column>, cell: &str, wrong: Wrong) -> Mistake {
        let args = wrong.args().into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Mistake {
            line: line as i64,
            column,
            cell: shortened(cell),
            message: Message { key: wrong.key().to_owned(), args },
        }
    }
}

fn shortened(cell: &str) -> String {
    let mut letters = cell.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut shown: String = letters.by_ref().take(SHOWN_MAX).collect();
    if letters.next().is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bulk::NotASheet;

    /// Everything that is wrong is said in both languages, with the arguments that it has.
    #[test]
    fn every_mistake_has_words_in_both_languages() {
        for language in ["en", "zh"] {
            let read = |name: &str| {
                let path = format!("{}/../web/locales/{language}/{name}.ftl", env!("CARGO_MANIFEST_DIR"));
                std::fs::read_to_string(&path).unwrap()
            };
            let words = read("refused-import") + &read("invalid");
            let said = Wrong::one_of_each().into_iter().map(|wrong| (wrong.key(), wrong.args()));
            for (key, args) in said.chain(NotASheet::one_of_each().iter().map(|wrong| (wrong.key(), wrong.args()))) {
                let line = words.lines().find(|line| line.starts_with(&format!("{key} =")));
                let line = line.unwrap_or_else(|| panic!("{language} lacks {key}"));
                for (name, _) in args {
                    assert!(line.contains(&format!("${name} ")), "{line} does not name {name}");
                }
            }
        }
    }
}
