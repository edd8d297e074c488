//! The ledger of readings: who opened whose fields, for which purpose, on what ground, when; and what was given to whom.
//!
//! Commands and readers only collect notes; the writer appends them as one hash-chained block per commit. A job
//! builds an index by person from the blocks, and a member's page reads the index and the blocks not yet in it.

use crate::Actor;
use crate::policy::{reading, reading_cursor};
use db::{Id, Note, Scope, Stop, Tx, on_each};
use diesel::prelude::*;
use policy::Role;
use serde::Deserialize;
use std::fmt;

/// The beginning of a note, up to the list of its fields. Ids and names of the map only: never a value.
pub(crate) fn head(at: i64, actor: &Actor, person: &Id, purpose: &str, to: Option<&str>, about: &Id) -> String {
    let mut text = String::with_capacity(320);
    text.push_str("{\"t\":");
    text.push_str(&at.to_string());
    text.push_str(",\"a\":\"");
    text.push_str(actor.role.id());
    for (key, id) in [("i", &actor.who), ("s", &actor.shop)] {
        if let Some(id) = id {
            text.push_str("\",\"");
            text.push_str(key);
            text.push_str("\":\"");
            text.push_str(id.as_str());
        }
    }
    if let Some(job) = actor.job {
        text.push_str("\",\"j\":\"");
        text.push_str(job);
    }
    text.push_str("\",\"w\":\"");
    text.push_str(person.as_str());
    text.push_str("\",\"p\":\"");
    text.push_str(purpose);
    if let Some(to) = to {
        text.push_str("\",\"to\":\"");
        text.push_str(to);
    }
    text.push_str("\",\"o\":\"");
    text.push_str(about.as_str());
    text.push_str("\",\"f\":[");
    text
}

/// Adds a field to the last note where that says the same of other fields, else a new note.
pub(crate) fn add(notes: &mut Vec<Note>, own: bool, head: String, field: &str) {
    if let Some(last) = notes.last_mut()
        && last.text.starts_with(&head)
    {
        let listed = &last.text[head.len()..];
        if !listed.contains(&format!("\"{field}\"")) {
            last.text.truncate(last.text.len() - 2);
            last.text.push_str(&format!(",\"{field}\"]}}"));
        }
        return;
    }
    let mut text = head;
    text.push('"');
    text.push_str(field);
    text.push_str("\"]}");
    notes.push(Note { own, text });
}

/// Where a reading stands among a person's: its time, and its line in the ledger, for many lines share one time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    at: i64,
    id: String,
}

impl Place {
    /// As [`Display`](fmt::Display) writes it; `None` for anything else.
    pub fn parse(text: &str) -> Option<Place> {
        let (at, id) = text.split_once('.')?;
        let plain = id.len() <= 80 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        Some(Place { at: at.parse().ok()?, id: plain.then(|| id.to_owned())? })
    }
}

/// Fit for an address.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.at, self.id)
    }
}

/// The id of a line, in the index and out of it. All its parts have one length, so that every database and every
/// collation sorts it as we do.
fn line_id(block: &db::ledger::Block, line: usize) -> String {
    format!("{}_{:012}_{line:06}", block.chain, block.n)
}

/// One reading or giving, as its owner may see it.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct Reading {
    #[serde(skip)]
    id: String,
    #[serde(rename = "t")]
    pub at: i64,
    #[serde(rename = "a")]
    role: String,
    /// The member or staff account that acted.
    #[serde(rename = "i", default)]
    pub who: Option<Id>,
    #[serde(rename = "s", default)]
    pub shop: Option<Id>,
    #[serde(rename = "j", default)]
    pub job: Option<String>,
    #[serde(rename = "w")]
    pub person: Id,
    #[serde(rename = "p")]
    pub purpose: String,
    /// The recipient, where the fields were given away.
    #[serde(rename = "to", default)]
    pub to: Option<String>,
    /// What it was about: an order, an address, a session.
    #[serde(rename = "o")]
    pub about: Id,
    #[serde(rename = "f")]
    pub fields: Vec<String>,
}

impl Reading {
    pub fn role(&self) -> Option<Role> {
        Role::parse(&self.role)
    }

    /// Where the next page begins, if this is the last one of a page.
    pub fn place(&self) -> Place {
        Place { at: self.at, id: self.id.clone() }
    }
}

fn read(entry: &str, id: String) -> Option<Reading> {
    let reading: Reading = serde_json::from_str(entry).ok()?;
    Some(Reading { id, ..reading })
}

/// The readings of a person's data, newest first, after the place where the page before ended. The index and the newest
/// blocks together: nothing that is on disk is missing, and nothing comes twice.
pub fn of(scope: &mut impl Scope, person: &Id, after: Option<&Place>, limit: usize) -> QueryResult<Vec<Reading>> {
    let mut query = reading::table
        .filter(reading::person.eq(person.as_str()))
        .order((reading::at.desc(), reading::id.desc()))
        .limit(limit as i64)
        .select((reading::id, reading::entry))
        .into_boxed();
    if let Some(Place { at, id }) = after {
        query = query.filter(reading::at.lt(at).or(reading::at.eq(at).and(reading::id.lt(id))));
    }
    let indexed: Vec<(String, String)> = query.load(scope.db())?;
    let mut out: Vec<Reading> = indexed.into_iter().filter_map(|(id, entry)| read(&entry, id)).collect();
    for (chain, block) in cursors(scope)? {
        for found in db::ledger::blocks_after(scope.db(), &chain, block, i64::MAX)? {
            let lines = found.body.as_deref().unwrap_or_default().lines().enumerate();
            out.extend(
                lines
                    .filter_map(|(i, entry)| read(entry, line_id(&found, i)))
                    .filter(|r| r.person == *person && after.is_none_or(|after| r.place() < *after)),
            );
        }
    }
    out.sort_by_cached_key(|reading| std::cmp::Reverse(reading.place()));
    out.truncate(limit);
    Ok(out)
}

/// Every chain with the last block that the index holds (0 where it holds none).
fn cursors(scope: &mut impl Scope) -> QueryResult<Vec<(String, i64)>> {
    let known: Vec<(String, i64)> = reading_cursor::table.load(scope.db())?;
    Ok(db::ledger::heads(scope.db())?
        .into_iter()
        .filter_map(|head| {
            let block = known.iter().find(|(chain, _)| *chain == head.chain).map_or(0, |(_, block)| *block);
            (block < head.n).then_some((head.chain, block))
        })
        .collect())
}

/// Takes up to `limit` blocks into the index by person; `false` when nothing is left to take. Idempotent.
pub fn index_some<R>(tx: &mut Tx, limit: i64) -> Result<bool, Stop<R>> {
    let Some((chain, block)) = cursors(tx)?.into_iter().next() else { return Ok(false) };
    let blocks = db::ledger::blocks_after(tx.db, &chain, block, limit)?;
    let Some(last) = blocks.last().map(|b| b.n) else { return Ok(false) };
    let mut rows = Vec::new();
    for found in &blocks {
        for (i, entry) in found.body.as_deref().unwrap_or_default().lines().enumerate() {
            let Some(reading) = read(entry, line_id(found, i)) else { continue };
            rows.push((
                reading::person.eq(reading.person.to_string()),
                reading::at.eq(reading.at),
                reading::id.eq(reading.id),
                reading::chain.eq(found.chain.clone()),
                reading::block.eq(found.n),
                reading::entry.eq(entry.to_owned()),
            ));
        }
    }
    for chunk in rows.chunks(100) {
        on_each!(tx.db, c => diesel::insert_into(reading::table).values(chunk).on_conflict_do_nothing().execute(c))?;
    }
    diesel::delete(reading_cursor::table.find(&chain)).execute(tx.db)?;
    diesel::insert_into(reading_cursor::table)
        .values((reading_cursor::chain.eq(&chain), reading_cursor::block.eq(last)))
        .execute(tx.db)?;
    Ok(true)
}
