//! The policy's own order: which parts it has, what each says, and where a clause or a purpose is found.

use super::{text_collection, text_partners, text_rights};
use crate::Words;

/// One numbered part of the policy.
pub(super) struct Part {
    /// As the clauses cite it: `2.3.2`, `3.1.5-1A`; `0` is the introduction, `A` the appendix.
    pub id: &'static str,
    pub heading: Words,
    pub says: &'static [Say],
    /// What a marketplace of this kind may do here, with the purposes that would do it. A function none of whose
    /// purposes is in the map is not built, and the part says that it is not offered.
    pub functions: &'static [(&'static [&'static str], Words)],
}

/// What a part says beside its purposes.
pub(super) enum Say {
    Paragraph(Words),
    Note(Words),
    List(&'static [Words]),
    /// Said only where one of the purposes is in the map.
    With(&'static [&'static str], &'static Say),
    /// Said only where none of the purposes is in the map.
    Without(&'static [&'static str], &'static Say),
    Made(Made),
}

/// What is put together from the map and the operator's facts.
#[derive(Clone, Copy)]
pub(super) enum Made {
    Contents,
    Permissions,
    PartnersByKind,
    Entrusted,
    Joint,
    Published,
    OwnPages,
    Withdrawable,
    NotWithdrawable,
    Contact,
    Definitions,
    DeviceItems,
    LogItems,
}

impl Part {
    /// Depth of the heading: 1 for a part, 2 for a chapter, 3 and 4 below.
    pub fn level(&self) -> u8 {
        1 + self.id.matches(['.', '-']).count().min(3) as u8
    }

    /// The introduction and the appendix bear no number.
    pub fn number(&self) -> &'static str {
        if self.id.starts_with(['0', 'A']) { "" } else { self.id }
    }
}

/// Every part, in the order of the document.
pub(super) fn parts() -> impl Iterator<Item = &'static Part> {
    text_collection::PARTS.iter().chain(text_partners::PARTS).chain(text_rights::PARTS)
}

/// The part in which a purpose of that section is printed: the section itself, or the nearest part around it.
pub(super) fn part(section: &str) -> Option<&'static Part> {
    let mut id = section;
    loop {
        if let Some(part) = parts().find(|part| part.id == id) {
            return Some(part);
        }
        id = &id[..id.rfind(['.', '-'])?];
    }
}

/// The anchor of a section: `2.3.2` is `s-2-3-2`, `3.1.5-1A` is `s-3-1-5-1A`.
pub fn anchor(section: &str) -> String {
    format!("s-{}", section.replace('.', "-"))
}

/// The anchor of a clause of the checklist: `2.3.2-d.1` is found in `s-2-3-2` (0-a.8). `None` for a clause of no part.
pub fn anchor_of_clause(clause: &str) -> Option<String> {
    part(clause).map(|part| anchor(part.id))
}

/// The anchor of a purpose in the policy: `p-PlaceOrder`.
pub fn anchor_of_purpose(id: &str) -> String {
    format!("p-{id}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clauses_find_their_section() {
        let found = |clause| anchor_of_clause(clause);
        assert_eq!(found("2.3.2-d.1").as_deref(), Some("s-2-3-2"));
        assert_eq!(found("3.1.5-1A.4").as_deref(), Some("s-3-1-5-1A"));
        assert_eq!(found("3.1.0-S1").as_deref(), Some("s-3-1"));
        assert_eq!(found("4.0-S3").as_deref(), Some("s-4"));
        assert_eq!(found("0-a.S2").as_deref(), Some("s-0"));
        assert_eq!(found("5.3.3-a.S1").as_deref(), Some("s-5-3-3"));
        assert_eq!(found("A-b.1").as_deref(), Some("s-A-b"));
        assert_eq!(found("9-f"), None);
    }

    #[test]
    fn anchors_are_unique() {
        let mut all: Vec<_> = parts().map(|part| anchor(part.id)).collect();
        let n = all.len();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), n);
    }
}
