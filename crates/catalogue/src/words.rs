//! One text in the two languages that a page is shown in.

use ::policy::Language;
use serde::{Deserialize, Serialize};

/// What a seller or the operator wrote, in English and Chinese. One of the two may be empty; a page then shows the
/// other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Both {
    #[serde(default)]
    pub en: String,
    #[serde(default)]
    pub zh: String,
}

impl Both {
    pub fn new(en: impl Into<String>, zh: impl Into<String>) -> Both {
        Both { en: en.into(), zh: zh.into() }
    }

    /// In the reader's language, else in the other.
    pub fn in_(&self, language: Language) -> &str {
        let (first, second) = match language {
            Language::En => (&self.en, &self.zh),
            Language::Zh => (&self.zh, &self.en),
        };
        if first.is_empty() { second } else { first }
    }

    pub fn is_empty(&self) -> bool {
        self.en.is_empty() && self.zh.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_language_is_shown_in_the_other() {
        assert_eq!(Both::new("Buttons", "").in_(Language::Zh), "Buttons");
        assert_eq!(Both::new("Buttons", "纽扣").in_(Language::Zh), "纽扣");
        assert_eq!(Both::new("", "纽扣").in_(Language::En), "纽扣");
        assert!(Both::default().is_empty());
    }
}
