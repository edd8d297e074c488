//! `policy.lock`: what the published edition promises, so that a changed map without a new edition fails (0-a.4, 6-b).
//!
//! The file stands at the root of the repository, in TOML: the facts whose change is major are written out, so that a
//! review sees them; a digest over the whole machine-readable form of each entry notices everything else.

use super::machine::{self, end, ids, name};
use super::outline::{Say, parts};
use super::{Edition, Operator, OwnWords, collection_list, partner_list, privacy_policy};
use crate::{FieldInfo, Keep, Language, PurposeInfo, RecordInfo, Words, map::Map, recipients};
use jiff::{ToSpan, civil::Date};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt;

/// Days between publishing an edition and its taking effect (0-a.2, 6-a.S1; ECL 34).
pub const NOTICE_DAYS: i32 = 7;

const HEAD: &str = "\
# What the published edition of the privacy policy promises; written by `cargo xtask policy`, never by hand.
# A map that differs from this file needs a new edition.
";

/// The taken-down promise of one edition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    pub version: u32,
    pub updated: Date,
    pub effective: Date,
    /// Whether a marketplace has opened under an edition of this lock. Until then edition 1 is rewritten in place
    /// and needs no days of notice.
    pub opened: bool,
    /// Digest of all that the documents say.
    pub words: String,
    /// Digest of the words of part 4 that no purpose brings.
    pub rights: String,
    pub purposes: BTreeMap<String, LockedPurpose>,
    pub fields: BTreeMap<String, LockedField>,
    pub recipients: BTreeMap<String, LockedRecipient>,
    pub records: BTreeMap<String, LockedRecord>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedPurpose {
    pub section: String,
    pub basis: String,
    pub requires: Vec<String>,
    pub accepts: Vec<String>,
    pub reads: Vec<String>,
    /// `Recipient: Field, Field`
    pub discloses: Vec<String>,
    pub roles: Vec<String>,
    /// `OrderCompleted + 3 Years => Anonymise`, with `only Field, Field` where it concerns some fields.
    pub keep: Vec<String>,
    pub digest: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedField {
    pub sensitivity: String,
    pub whose: String,
    pub rest: String,
    pub public: bool,
    pub digest: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedRecipient {
    pub kind: String,
    pub digest: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedRecord {
    pub keep: Vec<String>,
    pub since: String,
    /// What erasing a person does, `column: Delete`.
    pub on_erase: Vec<String>,
    pub digest: String,
}

/// A difference between a lock and a map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub what: String,
    /// Announced conspicuously and agreed to anew (6-b); otherwise a new edition is enough.
    pub major: bool,
}

/// Why a lock cannot be read or written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LockFault {
    NotALock(String),
    /// Effective sooner than `NOTICE_DAYS` after the update.
    TooSoon {
        effective: Date,
        earliest: Date,
    },
    /// Not later than the edition before.
    NotLater,
}

impl fmt::Display for LockFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LockFault::NotALock(why) => write!(f, "policy.lock cannot be read: {why}"),
            LockFault::TooSoon { effective, earliest } => {
                write!(f, "the edition would take effect on {effective}; {earliest} is the first day allowed")
            }
            LockFault::NotLater => f.write_str("the edition is dated before the one that it replaces"),
        }
    }
}

impl std::error::Error for LockFault {}

impl Lock {
    /// The first edition, before any marketplace opened under it.
    pub fn first(map: &Map, updated: Date, effective: Date) -> Result<Lock, LockFault> {
        Lock::taken(map, Edition { version: 1, updated, effective }, false).checked()
    }

    /// The next edition. Before the opening it rewrites edition 1; afterwards the number grows and the days of notice
    /// must be kept.
    pub fn next(&self, map: &Map, updated: Date, effective: Date) -> Result<Lock, LockFault> {
        if updated < self.updated {
            return Err(LockFault::NotLater);
        }
        let version = if self.opened { self.version + 1 } else { self.version };
        Lock::taken(map, Edition { version, updated, effective }, self.opened).checked()
    }

    /// Reads the file; refuses dates that give too little notice.
    pub fn parse(text: &str) -> Result<Lock, LockFault> {
        let lock: Lock = toml::from_str(text).map_err(|error| LockFault::NotALock(error.to_string()))?;
        lock.checked()
    }

    pub fn to_text(&self) -> String {
        // Strings, numbers and maps with string keys always serialise.
        format!("{HEAD}\n{}", toml::to_string(self).unwrap_or_default())
    }

    pub fn edition(&self) -> Edition {
        Edition { version: self.version, updated: self.updated, effective: self.effective }
    }

    /// SHA-256 over the whole lock: the one hash that page, binary and archive show (6-d.1).
    pub fn digest(&self) -> String {
        digest(&serde_json::to_value(self).unwrap_or_default())
    }

    fn checked(self) -> Result<Lock, LockFault> {
        let exempt = self.version == 1 && !self.opened;
        let days = if exempt { 0 } else { NOTICE_DAYS };
        let earliest = self.updated.checked_add(days.days()).map_err(|e| LockFault::NotALock(e.to_string()))?;
        if self.effective < earliest {
            return Err(LockFault::TooSoon { effective: self.effective, earliest });
        }
        Ok(self)
    }

    fn taken(map: &Map, edition: Edition, opened: bool) -> Lock {
        Lock {
            version: edition.version,
            updated: edition.updated,
            effective: edition.effective,
            opened,
            words: words_digest(map, edition),
            rights: rights_digest(),
            purposes: map.purposes.iter().map(|p| (p.id.to_owned(), LockedPurpose::of(p))).collect(),
            fields: map.fields().map(|f| (f.id.to_owned(), LockedField::of(f))).collect(),
            recipients: recipients::ALL
                .iter()
                .map(|r| {
                    let locked = LockedRecipient { kind: name(r.kind), digest: digest(&machine::recipient(r)) };
                    (r.id.to_owned(), locked)
                })
                .collect(),
            records: map.records.iter().map(|r| (r.table.to_owned(), LockedRecord::of(r))).collect(),
        }
    }

    /// What the map promises otherwise than this lock; empty when they agree.
    pub fn compare(&self, map: &Map) -> Vec<Change> {
        let now = Lock::taken(map, self.edition(), self.opened);
        let mut changes = Changes(Vec::new());
        let each = paired(&self.purposes, &now.purposes);
        for (id, before, after) in each {
            match (before, after) {
                (Some(before), Some(after)) => changes.purpose(id, before, after, map.purpose(id)),
                (before, _) => changes.came_or_went("purpose", id, before.is_some()),
            }
        }
        for (id, before, after) in paired(&self.fields, &now.fields) {
            match (before, after) {
                (Some(before), Some(after)) => changes.field(id, before, after),
                (before, _) => changes.came_or_went("field", id, before.is_some()),
            }
        }
        for (id, before, after) in paired(&self.recipients, &now.recipients) {
            match (before, after) {
                (Some(before), Some(after)) if before.kind != after.kind => {
                    changes.major(format!("recipient {id}: kind {} became {}", before.kind, after.kind));
                }
                (Some(before), Some(after)) if before.digest != after.digest => {
                    changes.minor(format!("recipient {id}: words or ceiling"));
                }
                (Some(_), Some(_)) => {}
                // Who really gets something is told by the purposes.
                (before, _) => changes.minor(format!("recipient {id}: {}", gone(before.is_some()))),
            }
        }
        for (id, before, after) in paired(&self.records, &now.records) {
            match (before, after) {
                (Some(before), Some(after)) => changes.record(id, before, after),
                (before, _) => changes.minor(format!("record {id}: {}", gone(before.is_some()))),
            }
        }
        if self.rights != now.rights {
            // A program cannot tell a typing error from a narrowed right (6-b.4), so any change of part 4 counts.
            changes.major("part 4: rights and how to exercise them".to_owned());
        }
        if self.words != now.words && changes.0.is_empty() {
            changes.minor("wording of the documents".to_owned());
        }
        changes.0
    }
}

impl LockedPurpose {
    fn of(purpose: &PurposeInfo) -> LockedPurpose {
        let owned = |list: Vec<&str>| list.into_iter().map(str::to_owned).collect::<Vec<_>>();
        LockedPurpose {
            section: purpose.section.to_owned(),
            basis: match purpose.law {
                None => name(purpose.basis),
                Some(law) => format!("{} by {}", name(purpose.basis), law.en),
            },
            requires: owned(ids(purpose.requires)),
            accepts: owned(ids(purpose.accepts)),
            reads: owned(ids(purpose.reads)),
            discloses: purpose
                .discloses
                .iter()
                .map(|d| format!("{}: {}", d.recipient.id, ids(d.fields).join(", ")))
                .collect(),
            roles: purpose.roles.iter().map(|role| role.id().to_owned()).collect(),
            keep: purpose.keep.iter().map(rule).collect(),
            digest: digest(&machine::purpose(purpose)),
        }
    }
}

impl LockedField {
    fn of(field: &FieldInfo) -> LockedField {
        LockedField {
            sensitivity: name(field.sensitivity),
            whose: name(field.whose),
            rest: name(field.rest),
            public: field.public,
            digest: digest(&machine::field(field)),
        }
    }
}

impl LockedRecord {
    fn of(record: &RecordInfo) -> LockedRecord {
        LockedRecord {
            keep: record.keep.iter().map(|id| (*id).to_owned()).collect(),
            since: record.since.to_owned(),
            on_erase: record.subjects.iter().map(|s| format!("{}: {}", s.column, name(s.on_erase))).collect(),
            digest: digest(&machine::record(record)),
        }
    }
}

struct Changes(Vec<Change>);

impl Changes {
    fn major(&mut self, what: String) {
        self.0.push(Change { what, major: true });
    }

    fn minor(&mut self, what: String) {
        self.0.push(Change { what, major: false });
    }

    fn came_or_went(&mut self, sort: &str, id: &str, was_there: bool) {
        self.major(format!("{sort} {id}: {}", gone(was_there)));
    }

    fn purpose(&mut self, id: &str, before: &LockedPurpose, after: &LockedPurpose, now: Option<&'static PurposeInfo>) {
        let known = self.0.len();
        if before.basis != after.basis {
            self.major(format!("{id}: basis {} became {}", before.basis, after.basis));
        }
        let lists = [
            ("required fields", &before.requires, &after.requires),
            ("optional fields", &before.accepts, &after.accepts),
            ("fields read", &before.reads, &after.reads),
            ("recipients", &before.discloses, &after.discloses),
            ("roles", &before.roles, &after.roles),
        ];
        for (sort, before, after) in lists {
            if let Some(difference) = difference(before, after) {
                self.major(format!("{id}: {sort} {difference}"));
            }
        }
        self.terms(id, before, now.map_or(&[], |purpose| purpose.keep));
        if before.section != after.section {
            self.minor(format!("{id}: section {} became {}", before.section, after.section));
        }
        if self.0.len() == known && before.digest != after.digest {
            self.minor(format!("{id}: wording"));
        }
    }

    /// A longer term is major, a shorter one minor; another event, action or extent cannot be compared and is major.
    fn terms(&mut self, id: &str, before: &LockedPurpose, now: &[Keep]) {
        let mut left: Vec<&String> = before.keep.iter().collect();
        let mut new: Vec<&Keep> = Vec::new();
        for keep in now {
            match left.iter().position(|old| **old == rule(keep)) {
                Some(at) => drop(left.remove(at)),
                None => new.push(keep),
            }
        }
        for keep in new {
            match left.iter().position(|old| same_but_term(old, keep)) {
                Some(at) => {
                    let old = left.remove(at);
                    let longer = term_micros(old).is_none_or(|micros| micros < keep.term.micros());
                    let what = format!("{id}: term {old} became {}", rule(keep));
                    if longer { self.major(what) } else { self.minor(what) }
                }
                None => self.major(format!("{id}: term added: {}", rule(keep))),
            }
        }
        for old in left {
            self.major(format!("{id}: term removed: {old}"));
        }
    }

    fn field(&mut self, id: &str, before: &LockedField, after: &LockedField) {
        let facts =
            |field: &LockedField| (field.sensitivity.clone(), field.whose.clone(), field.rest.clone(), field.public);
        if facts(before) != facts(after) {
            self.major(format!("field {id}: {:?} became {:?}", facts(before), facts(after)));
        } else if before.digest != after.digest {
            self.minor(format!("field {id}: words, category or mask"));
        }
    }

    fn record(&mut self, id: &str, before: &LockedRecord, after: &LockedRecord) {
        let facts = |record: &LockedRecord| (record.keep.clone(), record.since.clone(), record.on_erase.clone());
        if facts(before) != facts(after) {
            self.major(format!("record {id}: what it is kept for, since when, or what erasing does"));
        } else if before.digest != after.digest {
            self.minor(format!("record {id}: columns"));
        }
    }
}

fn gone(was_there: bool) -> &'static str {
    if was_there { "removed" } else { "added" }
}

/// Every key of either map, with its entry before and after.
fn paired<'a, T>(
    before: &'a BTreeMap<String, T>,
    after: &'a BTreeMap<String, T>,
) -> impl Iterator<Item = (&'a String, Option<&'a T>, Option<&'a T>)> {
    let keys: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    keys.into_iter().map(|key| (key, before.get(key), after.get(key)))
}

/// What was added and removed, whatever the order; `None` if nothing was.
fn difference(before: &[String], after: &[String]) -> Option<String> {
    let added: Vec<_> = after.iter().filter(|item| !before.contains(item)).map(|item| format!("+{item}")).collect();
    let removed: Vec<_> = before.iter().filter(|item| !after.contains(item)).map(|item| format!("-{item}")).collect();
    let all = [added, removed].concat();
    (!all.is_empty()).then(|| all.join(", "))
}

fn rule(keep: &Keep) -> String {
    format!("{}{}", end(keep), tail(keep))
}

/// What follows the term: the action, and the fields if it concerns some only.
fn tail(keep: &Keep) -> String {
    let only = if keep.only.is_empty() { String::new() } else { format!(" only {}", ids(keep.only).join(", ")) };
    format!(" => {}{only}", name(keep.action))
}

/// Whether a written rule has the event, the action and the fields of `keep`.
fn same_but_term(written: &str, keep: &Keep) -> bool {
    written.starts_with(&format!("{} + ", name(keep.event))) && written.ends_with(&tail(keep))
}

/// The length of the term in a written rule; `None` if it cannot be read.
fn term_micros(written: &str) -> Option<i64> {
    use crate::{Term, Unit};
    let (_, rest) = written.split_once(" + ")?;
    let (term, _) = rest.split_once(" => ")?;
    let (count, unit) = term.split_once(' ')?;
    let unit = [Unit::Minutes, Unit::Days, Unit::Months, Unit::Years].into_iter().find(|u| name(u) == unit)?;
    Some(Term { count: count.parse().ok()?, unit }.micros())
}

/// Digest of everything that the documents say, with an operator left blank.
fn words_digest(map: &Map, edition: Edition) -> String {
    let blank = || OwnWords::same("");
    let operator = Operator {
        company: blank(),
        address: blank(),
        service_contact: blank(),
        department_email: String::new(),
        department_address: blank(),
        officer: blank(),
        country: blank(),
        partners: Vec::new(),
    };
    let mut words = Sha256::new();
    for language in Language::ALL {
        let documents = [
            privacy_policy(map, &operator, language, edition),
            collection_list(map, language, edition),
            partner_list(map, &operator, language, edition),
        ];
        for section in documents.iter().flat_map(|document| &document.sections) {
            // The tree's debug form holds every word, mark and link.
            words.update(format!("{section:?}\n"));
        }
    }
    hex(&words.finalize())
}

/// Digest of what is written in part 4, without what the purposes add to it.
fn rights_digest() -> String {
    fn said<'a>(say: &'a Say, out: &mut Vec<&'a Words>) {
        match say {
            Say::Paragraph(words) | Say::Note(words) => out.push(words),
            Say::List(items) => out.extend(items.iter()),
            Say::With(_, say) | Say::Without(_, say) => said(say, out),
            Say::Made(_) => {}
        }
    }
    let mut words = Vec::new();
    for part in parts().filter(|part| part.id.starts_with('4')) {
        part.says.iter().for_each(|say| said(say, &mut words));
    }
    hex(&Sha256::digest(format!("{words:?}")))
}

/// SHA-256 in hexadecimal over a canonical form of `value`: keys sorted, no white space.
pub(super) fn digest(value: &Value) -> String {
    let mut text = String::new();
    canonical(value, &mut text);
    hex(&Sha256::digest(text.as_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// serde_json orders keys by a feature that any crate of the build may switch on, so the order is made here.
fn canonical(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => {
            let sorted: BTreeMap<&String, &Value> = map.iter().collect();
            out.push('{');
            for (i, (key, value)) in sorted.into_iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                out.push_str(&Value::from(key.as_str()).to_string());
                out.push(':');
                canonical(value, out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                canonical(item, out);
            }
            out.push(']');
        }
        simple => out.push_str(&simple.to_string()),
    }
}
