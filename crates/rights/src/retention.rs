//! Terms that end (5.1-a): each record is under purposes, each purpose says how long after what it keeps, and the
//! longest of them decides.
//!
//! - *Delete*: the row goes.
//! - *Shred*: the sealed bytes go; the row stays for what it says besides.
//! - *Anonymise*: the sealed bytes go, and so does the link to the person: the row is nobody's from then on.
//! - *Restrict* is carried out where the data are opened, not here.
//!
//! A term that begins with an act of the person (removed, withdrawn, cancelled, signed out) and has no days is carried
//! out by the command of that act. A row without a time of its own, such as a line of an order, goes with its parent or
//! stays with it, and holds nothing sealed.

use db::{Db, Failed, Stop};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use policy::map::Map;
use policy::{Action, ColumnKind, RecordInfo, Term};
use vault::{Part, Vault};

/// Rows that one commit takes: longer commands make others wait.
const AT_ONCE: i64 = 500;
/// Whose rows anonymous rows are.
pub const NOBODY: &str = "00000000-0000-7000-8000-000000000000";
/// The purpose whose term is the ledger's own (4.1).
const LEDGER: &str = "KeepAccessLedger";

/// What ends for the rows of one record, and when.
#[derive(Clone, Debug)]
pub struct Rule {
    pub record: &'static RecordInfo,
    pub term: Term,
    pub action: Action,
}

/// What one run did to a record's rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    pub table: &'static str,
    pub rows: u64,
}

/// The rule of a record, if its rows end by a term: the longest of its purposes' terms.
pub fn rule(map: &Map, record: &'static RecordInfo) -> Option<Rule> {
    // A row whose `since` is a part of its key and that is nobody's is counted, not dated: it goes with its parent.
    if record.subjects.is_empty() && record.key.contains(&record.since) {
        return None;
    }
    let purposes = record.keep.iter().filter_map(|id| map.purpose(id));
    let terms = purposes
        .flat_map(|purpose| purpose.keep)
        .filter(|keep| keep.only.is_empty() && keep.term.count > 0 && !matches!(keep.action, Action::Restrict));
    let longest = terms.max_by_key(|keep| (keep.term.micros(), strength(keep.action)))?;
    Some(Rule { record, term: longest.term, action: longest.action })
}

/// Of two actions at the same time the one that leaves less.
fn strength(action: Action) -> u8 {
    match action {
        Action::Restrict => 0,
        Action::Shred => 1,
        Action::Anonymise => 2,
        Action::Delete => 3,
    }
}

impl Rule {
    /// Statement that ends at most [`AT_ONCE`] rows from before `$1`; `None` where the rows hold nothing that ends.
    fn statement(&self, db: &Db) -> Option<String> {
        let RecordInfo { table, since, .. } = self.record;
        let key = self.record.key.join(", ");
        let some =
            |more: &str| format!("({key}) in (select {key} from {table} where {since} < $1{more} limit {AT_ONCE})");
        if self.action == Action::Delete {
            return Some(format!("delete from {table} where {}", some("")));
        }
        let empty = match db {
            Db::Sqlite(_) => "x''",
            Db::Pg(_) => "''::bytea",
        };
        let mut sets = Vec::new();
        let mut left = Vec::new();
        for column in self.record.columns.iter().filter(|c| matches!(c.kind, ColumnKind::Sealed { .. })) {
            sets.push(format!("{} = {empty}", column.name));
            left.push(format!("length({}) > 0", column.name));
        }
        if self.action == Action::Anonymise {
            for subject in self.record.subjects {
                sets.push(format!("{} = '{NOBODY}'", subject.column));
                left.push(format!("{} <> '{NOBODY}'", subject.column));
            }
        }
        if sets.is_empty() {
            return None;
        }
        Some(format!("update {table} set {} where {}", sets.join(", "), some(&format!(" and ({})", left.join(" or ")))))
    }
}

/// Carries out every term that has ended by now; what it did. May be killed at any moment, and run again. Blocks.
pub fn run(vault: &Vault, parts: &[Part]) -> Result<Vec<Ended>, Failed<std::convert::Infallible>> {
    let map = Part::map(parts);
    vault.data().write_now(nobody)?;
    let mut all = Vec::new();
    for rule in map.records.iter().filter_map(|record| rule(&map, record)) {
        let mut rows = 0;
        loop {
            let (rule, before) = (rule.clone(), vault.data().now() - rule.term.micros());
            let ended = vault.data().write_now(move |tx| match rule.statement(tx.db) {
                Some(sql) => Ok(diesel::sql_query(sql).bind::<BigInt, _>(before).execute(tx.db)?),
                None => Ok(0),
            })?;
            rows += ended as u64;
            if ended < AT_ONCE as usize {
                break;
            }
        }
        if rows > 0 {
            all.push(Ended { table: rule.record.table, rows });
        }
    }
    let of_ledger = map.purpose(LEDGER).and_then(|purpose| purpose.keep.iter().max_by_key(|keep| keep.term.micros()));
    if let Some(keep) = of_ledger {
        let before = vault.data().now() - keep.term.micros();
        let dropped = vault.data().write_now(move |tx| Ok(db::ledger::drop_bodies_before(tx.db, before)?))?;
        if dropped > 0 {
            all.push(Ended { table: "ledger_block", rows: dropped as u64 });
        }
    }
    if !all.is_empty() {
        // What was taken out of the tables goes from SQLite's log too.
        let _later = vault.data().scrub(false)?;
    }
    Ok(all)
}

/// Anonymous rows are of a person that nobody is and no key is of.
fn nobody(tx: &mut db::Tx) -> Result<(), Stop<std::convert::Infallible>> {
    let now = tx.now;
    diesel::sql_query(
        "insert into person (id, kind, state, version, begun_at, ended_at) values ($1, 'other', 'erased', 1, $2, $2) \
         on conflict do nothing",
    )
    .bind::<Text, _>(NOBODY)
    .bind::<BigInt, _>(now)
    .execute(tx.db)?;
    Ok(())
}
