//! People and their states, in the data. Every change of a state or a consent moves the version, and a command that
//! was prepared under an older version is undone: so a key that another process still holds dies with the state.

use crate::policy::person;
use db::{Db, Id, Stop, Tx};
use diesel::prelude::*;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PersonKind {
    Member,
    Staff,
    /// Somebody without an account: a consignee, a payer (9-f).
    Other,
}

impl PersonKind {
    pub const fn id(self) -> &'static str {
        match self {
            PersonKind::Member => "member",
            PersonKind::Staff => "staff",
            PersonKind::Other => "other",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Open,
    /// Opens for legal duties only (4.0-S2, 4.3-d.2).
    Restricted,
    Erased,
}

impl State {
    pub const fn id(self) -> &'static str {
        match self {
            State::Open => "open",
            State::Restricted => "restricted",
            State::Erased => "erased",
        }
    }

    pub(crate) fn parse(id: &str) -> State {
        match id {
            "open" => State::Open,
            "restricted" => State::Restricted,
            // What cannot be read is closed.
            _ => State::Erased,
        }
    }
}

/// Begins a person under the random id that the key store made keys for.
pub(crate) fn begin(tx: &mut Tx, id: &Id, kind: PersonKind) -> QueryResult<()> {
    diesel::insert_into(person::table)
        .values((
            person::id.eq(id.as_str()),
            person::kind.eq(kind.id()),
            person::state.eq(State::Open.id()),
            person::version.eq(1),
            person::begun_at.eq(tx.now),
        ))
        .execute(tx.db)
        .map(|_| ())
}

/// Sets the state and moves the version, so that whatever was prepared before is refused.
pub fn set_state<R>(tx: &mut Tx, id: &Id, state: State) -> Result<(), Stop<R>> {
    let ended = (state == State::Erased).then_some(tx.now);
    diesel::update(person::table.find(id.as_str()))
        .set((person::state.eq(state.id()), person::ended_at.eq(ended), person::version.eq(person::version + 1)))
        .execute(tx.db)?;
    Ok(())
}

/// Erases a person to whom nothing `refers` any more; `false` where something does. The person's row is held first: a
/// command that is about to refer to them is waited for, or finds the version moved. Their keys are to be destroyed
/// then (state first, then keys).
pub fn erase_unless<R>(
    tx: &mut Tx,
    id: &Id,
    refers: impl FnOnce(&mut Tx) -> Result<bool, Stop<R>>,
) -> Result<bool, Stop<R>> {
    moved(tx, id)?;
    if refers(tx)? {
        return Ok(false);
    }
    set_state(tx, id, State::Erased)?;
    Ok(true)
}

/// The state of a person; erased where nobody is known by this id.
pub fn state(scope: &mut impl db::Scope, id: &Id) -> QueryResult<State> {
    let known: Option<String> = person::table.find(id.as_str()).select(person::state).first(scope.db()).optional()?;
    Ok(known.map_or(State::Erased, |known| State::parse(&known)))
}

/// Moves the version: a consent came or went.
pub(crate) fn moved(tx: &mut Tx, id: &Id) -> QueryResult<()> {
    diesel::update(person::table.find(id.as_str()))
        .set(person::version.eq(person::version + 1))
        .execute(tx.db)
        .map(|_| ())
}

/// The guard that the writer asks before it keeps a command: are all these versions still in force?
pub fn unchanged(db: &mut Db, people: &[(Id, i64)], for_update: bool) -> QueryResult<bool> {
    if people.is_empty() {
        return Ok(true);
    }
    let ids: Vec<&str> = people.iter().map(|(id, _)| id.as_str()).collect();
    let query = person::table.select((person::id, person::version));
    let one_by_one = db.asks_one_by_one(ids.len());
    // On PostgreSQL the rows are held until the commit; SQLite has one writer at a time.
    let live: Vec<(String, i64)> = match db {
        Db::Pg(c) if for_update => query.filter(person::id.eq_any(ids)).for_share().load(c)?,
        Db::Pg(c) => query.filter(person::id.eq_any(ids)).load(c)?,
        Db::Sqlite(c) if one_by_one => {
            let mut live = Vec::with_capacity(ids.len());
            for id in ids {
                live.extend(query.filter(person::id.eq(id)).get_result(c).optional()?);
            }
            live
        }
        Db::Sqlite(c) => query.filter(person::id.eq_any(ids)).load(c)?,
    };
    Ok(people.iter().all(|(id, version)| live.iter().any(|(l, v)| l == id.as_str() && v == version)))
}
