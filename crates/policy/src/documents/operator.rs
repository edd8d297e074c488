//! What only the operator knows, and what is missing before the documents may be published.

use super::{Change, outline};
use crate::{Language, RecipientInfo, RecipientKind, map::Map, recipients};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// Words of the operator's own. In the configuration either one text for both languages or `{ en = "…", zh = "…" }`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Written")]
pub struct OwnWords {
    pub en: String,
    pub zh: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Same(String),
    Each { en: String, zh: String },
}

impl From<Written> for OwnWords {
    fn from(written: Written) -> OwnWords {
        match written {
            Written::Same(text) => OwnWords { zh: text.clone(), en: text },
            Written::Each { en, zh } => OwnWords { en, zh },
        }
    }
}

impl OwnWords {
    pub fn new(en: impl Into<String>, zh: impl Into<String>) -> OwnWords {
        OwnWords { en: en.into(), zh: zh.into() }
    }

    /// A text that is the same in both languages.
    pub fn same(text: impl Into<String>) -> OwnWords {
        OwnWords::from(Written::Same(text.into()))
    }

    pub fn in_(&self, language: Language) -> &str {
        match language {
            Language::En => &self.en,
            Language::Zh => &self.zh,
        }
    }

    fn lacks(&self) -> bool {
        self.en.trim().is_empty() || self.zh.trim().is_empty()
    }
}

/// Who runs the marketplace, as the documents name it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operator {
    pub company: OwnWords,
    pub address: OwnWords,
    /// Customer service: telephone, mail or page.
    pub service_contact: OwnWords,
    /// The mailbox of the privacy department; requests of part 4 arrive there.
    pub department_email: String,
    pub department_address: OwnWords,
    /// The person in charge of protecting personal information (PIPL 52).
    pub officer: OwnWords,
    /// Where the marketplace is operated and stores what it holds (5.2).
    pub country: OwnWords,
    #[serde(default)]
    pub partners: Vec<PartnerEntity>,
}

/// One company that stands behind a recipient of the map.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartnerEntity {
    /// Id of the recipient, e.g. `Courier`.
    pub recipient: String,
    pub legal_name: OwnWords,
    pub contact: OwnWords,
    /// Country, or country and city, where it handles what it gets.
    pub place: OwnWords,
    /// Reference of the agreement.
    pub agreement: String,
    /// When purpose and security were assessed, and when next (3.1.1-a.3).
    pub assessed_on: Date,
    pub next_assessment: Date,
}

impl Operator {
    pub fn partners_of<'a>(&'a self, recipient: &'a str) -> impl Iterator<Item = &'a PartnerEntity> {
        self.partners.iter().filter(move |partner| partner.recipient == recipient)
    }
}

impl Operator {
    /// What differs from the facts under which the last edition was published (6-b.2, 6-b.3, 6-b.5).
    pub fn changes_since(&self, before: &Operator) -> Vec<Change> {
        let mut changes = Vec::new();
        let mut add = |what: String, major: bool| changes.push(Change { what, major });
        let major = [
            ("company", &before.company, &self.company),
            ("officer", &before.officer, &self.officer),
            ("country", &before.country, &self.country),
            ("office address of the privacy department", &before.department_address, &self.department_address),
        ];
        for (name, old, new) in major {
            if old != new {
                add(format!("operator: {name}"), true);
            }
        }
        if before.department_email != self.department_email {
            add("operator: e-mail of the privacy department".to_owned(), true);
        }
        if before.service_contact != self.service_contact {
            add("operator: service contact".to_owned(), true);
        }
        if before.address != self.address {
            add("operator: address".to_owned(), false);
        }
        let same = |a: &PartnerEntity, b: &PartnerEntity| a.recipient == b.recipient && a.legal_name == b.legal_name;
        for new in &self.partners {
            match before.partners.iter().find(|old| same(old, new)) {
                None => add(format!("partner added: {} ({})", new.legal_name.en, new.recipient), true),
                Some(old) if old.place != new.place => {
                    add(format!("partner {}: place", new.legal_name.en), true);
                }
                // A new assessment is what the promise asks for, not a change of it.
                Some(old) if old.contact != new.contact || old.agreement != new.agreement => {
                    add(format!("partner {}: contact or agreement", new.legal_name.en), false);
                }
                Some(_) => {}
            }
        }
        for old in &before.partners {
            if !self.partners.iter().any(|new| same(old, new)) {
                add(format!("partner removed: {} ({})", old.legal_name.en, old.recipient), true);
            }
        }
        changes
    }
}

/// Recipients that some purpose gives something to, in the order of the vocabulary.
pub(super) fn used_recipients(map: &Map) -> impl Iterator<Item = &'static RecipientInfo> {
    recipients::ALL
        .iter()
        .copied()
        .filter(|r| map.purposes.iter().any(|p| p.discloses.iter().any(|d| d.recipient.id == r.id)))
}

/// Whether the operator must name the company. A seller is named on the order, an authority by its own letter.
pub(super) fn needs_entity(recipient: &RecipientInfo) -> bool {
    !matches!(recipient.kind, RecipientKind::Authority | RecipientKind::Public) && recipient.id != "Seller"
}

/// What keeps the documents from being published; empty when nothing does. For the check at start.
pub fn faults(map: &Map, operator: &Operator) -> Vec<String> {
    let mut faults = Vec::new();
    let own = [
        ("company", &operator.company),
        ("address", &operator.address),
        ("service contact", &operator.service_contact),
        ("office address of the privacy department", &operator.department_address),
        ("officer", &operator.officer),
        ("country", &operator.country),
    ];
    for (name, words) in own {
        if words.lacks() {
            faults.push(format!("8-a.S1: the operator's {name} is missing in a language"));
        }
    }
    if !operator.department_email.contains('@') {
        faults.push("8-a.2: the privacy department has no e-mail address".to_owned());
    }
    for purpose in &map.purposes {
        if outline::part(purpose.section).is_none() {
            faults.push(format!("{}: the policy has no section {}", purpose.id, purpose.section));
        }
        let general = purpose.keep.iter().any(|keep| keep.only.is_empty());
        for field in purpose.requires.iter().chain(purpose.accepts) {
            let own = purpose.keep.iter().any(|keep| keep.only.iter().any(|only| only.id == field.id));
            if !general && !own {
                faults.push(format!("5.1-a.S1: {} prints no term for {}", purpose.id, field.id));
            }
        }
    }
    for recipient in used_recipients(map) {
        if needs_entity(recipient) && operator.partners_of(recipient.id).next().is_none() {
            faults.push(format!("3.1.1-b.1: no company is configured for {}", recipient.id));
        }
    }
    for partner in &operator.partners {
        let id = &partner.recipient;
        if !recipients::ALL.iter().any(|r| r.id == id) {
            faults.push(format!("3.1.1-b.1: {id} is no recipient of the map"));
        }
        for (name, words) in
            [("legal name", &partner.legal_name), ("contact", &partner.contact), ("place", &partner.place)]
        {
            if words.lacks() {
                faults.push(format!("3.1.1-b.1: the {name} of {id} is missing in a language"));
            }
        }
        if partner.agreement.trim().is_empty() {
            faults.push(format!("3.1.3-a.3: {id} has no agreement on record"));
        }
        if partner.next_assessment <= partner.assessed_on {
            faults.push(format!("3.1.1-a.3: the next assessment of {id} is not after the last"));
        }
        // 5.2-a.1: abroad only under the purpose that is declared for it.
        if !partner.place.en.contains(&operator.country.en) && map.purpose("TransferAbroad").is_none() {
            faults.push(format!("5.2-a.1: {id} is outside {}, and nothing may go abroad", operator.country.en));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_words_are_one_text_or_two() {
        #[derive(Deserialize)]
        struct Written {
            a: OwnWords,
            b: OwnWords,
        }
        let read: Written = toml::from_str("a = \"Same\"\nb = { en = \"China\", zh = \"中国\" }").unwrap();
        assert_eq!((read.a.in_(Language::En), read.a.in_(Language::Zh)), ("Same", "Same"));
        assert_eq!((read.b.in_(Language::En), read.b.in_(Language::Zh)), ("China", "中国"));
    }
}
