//! Part 2.2 of the policy: search. Nothing is kept, so there is no record.

use ::policy::fields::*;
use ::policy::{Purpose, PurposeInfo, RecordInfo, purpose};

purpose! { SearchGoods {
    section "2.2.2", basis Contract,
    says "We use your words to answer the search; we do not keep them with your name." / "我们用您的搜索词返回结果，不与您的身份一并保存。",
    requires [SearchWords, SearchTime], accepts [], reads [],
    discloses [], roles [Own, Job],
    keep [Answered + 0 Days => Delete],
    refusal "Browse by category." / "您可按类目浏览。",
} }

pub const PURPOSES: &[&PurposeInfo] = &[&SearchGoods::INFO];
pub const RECORDS: &[&RecordInfo] = &[];

/// This crate's part of the house.
pub const PART: vault::Part = vault::Part { name: "discovery", purposes: PURPOSES, records: RECORDS, migrations };

/// None: the index lies beside the database, not in it.
pub fn migrations() -> db::Migrations {
    db::Migrations { name: "discovery", source: db::migrate::EmbeddedMigrations::new(&[]) }
}
