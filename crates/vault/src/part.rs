//! What a crate hands to the binary. Documents, the schema test, retention and rights run over the list of these.

use policy::{PurposeInfo, RecordInfo, map::Map};

/// One crate's part of the house.
#[derive(Clone, Copy)]
pub struct Part {
    pub name: &'static str,
    pub purposes: &'static [&'static PurposeInfo],
    pub records: &'static [&'static RecordInfo],
    pub migrations: fn() -> db::Migrations,
}

impl Part {
    /// The whole map of the parts, in their order.
    pub fn map(parts: &[Part]) -> Map {
        Map {
            purposes: parts.iter().flat_map(|part| part.purposes).copied().collect(),
            records: parts.iter().flat_map(|part| part.records).copied().collect(),
        }
    }
}
