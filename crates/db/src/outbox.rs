//! The outbox: events written in the command's transaction, read by position by whoever acts on them.
//!
//! Ids are not in commit order, so a consumer that read by id would miss events. The position is: on SQLite the writer
//! gives it in the same commit; on PostgreSQL a sequencer gives it to committed events while it holds one row's lock.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use diesel::expression::AppearsOnTable;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::BigInt;
use serde_json::Value;

use crate::policy::{outbox, outbox_consumer, outbox_sequence};
use crate::{Db, Id, clock, kept};

/// More in one insert would pass SQLite's and PostgreSQL's limits on parameters.
const EVENTS_PER_INSERT_MAX: usize = 1_000;
const EVENTS_PER_ROUND_MAX: i64 = 5_000;

/// Something that happened, for other domains and for what leaves the process.
#[derive(Clone, Debug)]
pub struct Event {
    pub kind: &'static str,
    pub about: Id,
    /// Ids and numbers only, never personal data.
    pub body: Value,
}

/// A committed event.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivered {
    pub position: i64,
    pub kind: String,
    pub about: Id,
    pub body: Value,
    /// When its command ran.
    pub at: i64,
}

/// Where the positions of a command's events come from.
#[derive(Clone, Copy)]
pub(crate) enum Placing {
    /// Here and now, counted on from this one: one writer, SQLite.
    After(i64),
    /// By the sequencer: PostgreSQL.
    Later,
}

/// The time of PostgreSQL's clock, as ours is counted. An expression of its own and not `dsl::sql`, which would have the
/// statement compiled at every use.
#[derive(Clone, Copy, Debug, QueryId)]
struct ServerNow;

impl Expression for ServerNow {
    type SqlType = BigInt;
}

impl<T> AppearsOnTable<T> for ServerNow {}

impl QueryFragment<Pg> for ServerNow {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("(extract(epoch from clock_timestamp()) * 1000000)::bigint");
        Ok(())
    }
}

pub(crate) fn insert(db: &mut Db, now: i64, events: &[(Id, Event)], placing: Placing) -> QueryResult<()> {
    let mut position = match placing {
        Placing::After(last) => last,
        Placing::Later => 0,
    };
    for events in events.chunks(EVENTS_PER_INSERT_MAX) {
        let rows = events.iter().map(|(id, event)| {
            position += 1;
            (
                outbox::id.eq(id.clone()),
                outbox::position.eq(matches!(placing, Placing::After(_)).then_some(position)),
                outbox::kind.eq(event.kind),
                outbox::about.eq(event.about.clone()),
                outbox::body.eq(event.body.to_string()),
                outbox::at.eq(now),
            )
        });
        match db {
            Db::Sqlite(conn) => {
                let rows: Vec<_> = rows.map(|row| (row, outbox::written_at.eq(clock::real_now()))).collect();
                crate::insert_all!(conn, outbox::table, rows, EVENTS_PER_INSERT_MAX)?
            }
            Db::Pg(conn) => {
                // The server's clock, as one for all processes: a command that waited for another's row lock comes to
                // this insert after the other's commit, so cause stands before effect.
                let rows: Vec<_> = rows.map(|row| (row, outbox::written_at.eq(ServerNow))).collect();
                crate::insert_all!(conn, outbox::table, rows, EVENTS_PER_INSERT_MAX)?
            }
        };
    }
    Ok(())
}

/// The highest position given.
pub fn last_position(db: &mut Db) -> QueryResult<i64> {
    let last = outbox_sequence::table.filter(outbox_sequence::name.eq("outbox")).select(outbox_sequence::last);
    crate::on_each!(db, conn => last.get_result(conn))
}

pub(crate) fn set_last_position(db: &mut Db, last: i64) -> QueryResult<()> {
    let sequence = diesel::update(outbox_sequence::table.filter(outbox_sequence::name.eq("outbox")));
    crate::on_each!(db, conn => sequence.set(outbox_sequence::last.eq(last)).execute(conn)).map(|_| ())
}

/// Committed events after `position`, in order.
pub fn after(db: &mut Db, position: i64, limit: i64) -> QueryResult<Vec<Delivered>> {
    let rows: Vec<Row> = outbox::table
        .filter(outbox::position.gt(position))
        .order(outbox::position)
        .limit(limit)
        .select(ROW)
        .load(db)?;
    rows.into_iter().map(delivered).collect()
}

/// Committed events that have no position yet (told as 0): on PostgreSQL, for a moment.
pub fn not_placed(db: &mut Db) -> QueryResult<Vec<Delivered>> {
    let rows: Vec<Row> = outbox::table.filter(outbox::position.is_null()).select(ROW).load(db)?;
    rows.into_iter().map(delivered).collect()
}

type Row = (Option<i64>, String, Id, String, i64);
const ROW: (outbox::position, outbox::kind, outbox::about, outbox::body, outbox::at) =
    (outbox::position, outbox::kind, outbox::about, outbox::body, outbox::at);

fn delivered((position, kind, about, body, at): Row) -> QueryResult<Delivered> {
    let body =
        serde_json::from_str(&body).map_err(|error| diesel::result::Error::DeserializationError(Box::new(error)))?;
    Ok(Delivered { position: position.unwrap_or_default(), kind, about, body, at })
}

/// How far a consumer has read; 0 for one that has not begun.
pub fn position_of(db: &mut Db, consumer: &str) -> QueryResult<i64> {
    let position = outbox_consumer::table
        .filter(outbox_consumer::name.eq(consumer))
        .select(outbox_consumer::position)
        .first(db)
        .optional()?;
    Ok(position.unwrap_or(0))
}

/// Notes how far a consumer has read, in the transaction that wrote the effect.
pub fn set_position(db: &mut Db, consumer: &str, position: i64) -> QueryResult<()> {
    let row = (outbox_consumer::name.eq(consumer), outbox_consumer::position.eq(position));
    on_each_upsert(db, row, position)
}

/// As [`set_position`], only where the consumer still stands at `from`: of two processes that act on the same events one
/// does. `false` for the other, whose effect must not be kept.
pub fn move_position(db: &mut Db, consumer: &str, from: i64, to: i64) -> QueryResult<bool> {
    let here =
        outbox_consumer::table.filter(outbox_consumer::name.eq(consumer)).filter(outbox_consumer::position.eq(from));
    Ok(diesel::update(here).set(outbox_consumer::position.eq(to)).execute(db)? == 1)
}

fn on_each_upsert(
    db: &mut Db,
    row: (diesel::dsl::Eq<outbox_consumer::name, &str>, diesel::dsl::Eq<outbox_consumer::position, i64>),
    position: i64,
) -> QueryResult<()> {
    crate::on_each!(db, conn => diesel::insert_into(outbox_consumer::table)
        .values(row)
        .on_conflict(outbox_consumer::name)
        .do_update()
        .set(outbox_consumer::position.eq(position))
        .execute(conn)
        .map(|_| ()))
}

/// Deletes some of the oldest events, if they are from before `at` and every registered consumer has passed them; returns
/// how many. What stays has no gap, and the last event always stays: so a follower that is not registered and lies before
/// what is gone, such as the search index of a process that was away for long, finds its next event missing, and never
/// that there is nothing new.
pub fn prune(db: &mut Db, at: i64) -> QueryResult<usize> {
    let last = last_position(db)?;
    let passed: Option<i64> = outbox_consumer::table.select(diesel::dsl::min(outbox_consumer::position)).first(db)?;
    let up_to = passed.unwrap_or(last).min(last - 1);
    let oldest: Vec<(Option<i64>, i64)> = outbox::table
        .filter(outbox::position.le(up_to))
        .order(outbox::position)
        .limit(EVENTS_PER_ROUND_MAX)
        .select((outbox::position, outbox::at))
        .load(db)?;
    // Up to the first that is to be kept: behind it may stand an older one, whose command took long.
    let gone =
        oldest.into_iter().take_while(|(_, event_at)| *event_at < at).filter_map(|(position, _)| position).last();
    let Some(gone) = gone else { return Ok(0) };
    let sequence = outbox_sequence::table.filter(outbox_sequence::name.eq("outbox"));
    diesel::update(sequence.filter(outbox_sequence::pruned_before.lt(at)))
        .set(outbox_sequence::pruned_before.eq(at))
        .execute(db)?;
    diesel::delete(outbox::table.filter(outbox::position.le(gone))).execute(db)
}

/// From which time on every event is still there (UTC microseconds).
pub fn whole_since(db: &mut Db) -> QueryResult<i64> {
    let sequence = outbox_sequence::table.filter(outbox_sequence::name.eq("outbox"));
    sequence.select(outbox_sequence::pruned_before).first(db)
}

/// What is wrong with the positions: from the oldest event that was not pruned to the last, each belongs to one event; and
/// nobody has read beyond the last, or is still to read what is gone.
pub fn faults(db: &mut Db) -> QueryResult<Vec<&'static str>> {
    let last = last_position(db)?;
    let (count, lowest, highest): (i64, Option<i64>, Option<i64>) = outbox::table
        .filter(outbox::position.is_not_null())
        .select((diesel::dsl::count_star(), diesel::dsl::min(outbox::position), diesel::dsl::max(outbox::position)))
        .first(db)?;
    let position = outbox_consumer::position;
    let (lowest, highest) = (lowest.unwrap_or(last + 1), highest.unwrap_or(0));
    let mut faults = Vec::new();
    if highest != last {
        faults.push("the last event does not stand at the last position");
    } else if last - lowest + 1 != count || (lowest > 1 && whole_since(db)? == 0) {
        faults.push("positions of events are missing or stand twice");
    }
    let ahead: i64 = outbox_consumer::table.filter(position.gt(last)).count().get_result(db)?;
    if ahead > 0 {
        faults.push("a consumer has read beyond the last event");
    }
    let behind: i64 = outbox_consumer::table.filter(position.lt(lowest - 1)).count().get_result(db)?;
    if behind > 0 {
        faults.push("events are gone that a consumer has not read");
    }
    Ok(faults)
}

/// What one round of the sequencer did.
#[derive(Default)]
pub(crate) struct Placed {
    pub last: i64,
    pub count: i64,
    /// There may be more.
    pub full: bool,
}

/// Gives positions to the committed events that have none. PostgreSQL only; in an open transaction.
pub(crate) fn place(db: &mut Db) -> QueryResult<Placed> {
    let Db::Pg(conn) = db else { return Ok(Placed::default()) };
    // Both stay prepared: `sql_query` has them planned at each round, and that costs more than their run.
    let hold = kept![BigInt => "select last from outbox_sequence where name = 'outbox' for update skip locked"];
    let Some(last) = hold.get_result::<i64>(conn).optional()? else {
        // Another process places just now.
        return Ok(Placed { last: last_position(db)?, count: 0, full: false });
    };
    // The events without a position get those after the last, the eldest first, and the sequence goes on by their count;
    // nothing is answered where there were none.
    let place = kept![BigInt =>
        "with fresh as (select id, row_number() over (order by written_at, id) as n from \
         (select id, written_at from outbox where position is null order by written_at, id limit ",
        BigInt: EVENTS_PER_ROUND_MAX,
        ") as oldest), placed as (update outbox set position = ",
        BigInt: last,
        " + fresh.n from fresh where outbox.id = fresh.id and outbox.position is null returning outbox.id), \
         counted as (select count(*) as n from placed) update outbox_sequence set last = ",
        BigInt: last,
        " + counted.n from counted where name = 'outbox' and counted.n > 0 returning counted.n"
    ];
    let count = place.get_result::<i64>(conn).optional()?.unwrap_or(0);
    Ok(Placed { last: last + count, count, full: count == EVENTS_PER_ROUND_MAX })
}

/// The last position that this process knows of, and those who wait for more.
#[derive(Default)]
pub(crate) struct Signal {
    last: Mutex<i64>,
    raised: Condvar,
}

impl Signal {
    pub fn raise(&self, last: i64) {
        let mut known = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last > *known {
            *known = last;
            drop(known);
            self.raised.notify_all();
        }
    }

    pub fn wait_beyond(&self, position: i64, timeout: Duration) -> bool {
        let until = Instant::now() + timeout;
        let mut known = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        while *known <= position {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            known = self.raised.wait_timeout(known, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }
}
