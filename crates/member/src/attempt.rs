//! Requests that a program sends again because it has heard no answer (2.1.1: `UseApi`): under the same key the same
//! request does nothing a second time, and gets what the first has made. Orders keep their keys by themselves, for good.
//!
//! The key is taken in the transaction of the command itself: what was refused or undone leaves the key free.

use crate::policy::api_attempt;
use db::clock::DAY;
use db::{Failed, Id, Scope, Stop, Tx, on_each};
use diesel::prelude::*;
use std::convert::Infallible;
use vault::Vault;

/// So long a key is remembered (UTC microseconds).
const REMEMBERED: i64 = DAY;

/// One request under its key.
#[derive(Clone)]
pub struct Attempt {
    person: Id,
    once: String,
    /// Keyed hash of the request, bound to person and key: whether another says the same can be told, and nothing else.
    content: String,
}

/// What came of a command that may have been carried out before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    /// Now: what it made.
    Now(Id),
    /// By an earlier request under this key, which said the same: what that one made.
    Before(Id),
    /// Not at all: the key was used for something else.
    KeyUsed,
}

impl Attempt {
    /// Of the request for `operation` that consists of `parts`.
    pub async fn of(
        vault: &Vault,
        person: &Id,
        once: &str,
        operation: &str,
        parts: &[&[u8]],
    ) -> Result<Attempt, Failed<Infallible>> {
        let hasher = vault.keys().hasher("member.attempt").await.map_err(|e| Failed::Unavailable(e.to_string()))?;
        let hashing = hasher.begin(operation).text(person.as_str()).text(once);
        let content = parts.iter().fold(hashing, |hashing, part| hashing.bytes(part)).end();
        Ok(Attempt { person: person.clone(), once: once.to_owned(), content })
    }
}

/// What came of an attempt that was made before: for whoever must know it before a command is tried.
pub fn before(scope: &mut impl Scope, attempt: &Attempt) -> QueryResult<Option<Done>> {
    let taken =
        api_attempt::table.find((&attempt.person, &attempt.once)).select((api_attempt::content, api_attempt::made));
    let taken: Option<(String, Id)> = on_each!(scope.db(), c => taken.get_result(c)).optional()?;
    Ok(taken.map(|(content, made)| if content == attempt.content { Done::Before(made) } else { Done::KeyUsed }))
}

/// Carries out `command`, which returns the id of what it made, unless the attempt was made before. Without an attempt
/// it is carried out whenever it is asked for.
pub fn once<R>(
    tx: &mut Tx,
    attempt: Option<&Attempt>,
    command: impl FnOnce(&mut Tx) -> Result<Id, Stop<R>>,
) -> Result<Done, Stop<R>> {
    let Some(attempt) = attempt else { return command(tx).map(Done::Now) };
    let Attempt { person, once, content } = attempt;
    let row = (
        api_attempt::person.eq(person),
        api_attempt::once.eq(once),
        api_attempt::content.eq(content),
        api_attempt::made.eq(""),
        api_attempt::ends_at.eq(tx.now + REMEMBERED),
    );
    // On PostgreSQL a second request waits here until the first is committed or undone.
    let claimed = on_each!(tx.db, c => diesel::insert_into(api_attempt::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))?;
    if claimed == 0 {
        return before(tx, attempt)?.ok_or_else(|| Stop::fault("a key was forgotten while it was asked for"));
    }
    let made = command(tx)?;
    diesel::update(api_attempt::table.find((person, once))).set(api_attempt::made.eq(&made)).execute(tx.db)?;
    Ok(Done::Now(made))
}

/// Forgets keys that were remembered for long enough.
pub(crate) fn sweep<R>(tx: &mut Tx) -> Result<(), Stop<R>> {
    diesel::delete(api_attempt::table.filter(api_attempt::ends_at.le(tx.now))).execute(tx.db)?;
    Ok(())
}
