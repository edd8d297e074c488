//! Consents: one record per asking, with the edition and the digest of the words that were shown (0-a.4, 4.4).
//! No call grants two purposes, and agreeing to the policy grants none (0-a.6, 0-a.S1).

use crate::person;
use crate::policy::consent;
use db::{Id, Scope, Stop, Tx};
use diesel::prelude::*;
use policy::Purpose;

/// What was shown when a person agreed.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Edition of the policy in force.
    pub edition: i64,
    /// Digest of the notice's words.
    pub notice: String,
    /// The page or API call at which it was asked.
    pub way: &'static str,
}

/// One consent as its owner sees it.
#[derive(Clone, Debug)]
pub struct Standing {
    pub purpose: String,
    pub edition: i64,
    pub granted_at: i64,
    pub withdrawn_at: Option<i64>,
}

/// Records that `who` agreed to `P`; does nothing where the consent already stands.
pub fn grant<P: Purpose, R>(tx: &mut Tx, who: &Id, shown: &Shown) -> Result<(), Stop<R>> {
    assert!(P::INFO.basis.asks(), "{} rests on no consent", P::INFO.id);
    grant_by_id(tx, who, P::INFO.id, shown)
}

/// As `grant`, for the page that lists all consents. The caller has checked that the purpose asks for one.
pub fn grant_by_id<R>(tx: &mut Tx, who: &Id, purpose: &'static str, shown: &Shown) -> Result<(), Stop<R>> {
    if standing_by_id(tx, who, purpose)? {
        return Ok(());
    }
    let id = tx.id();
    diesel::insert_into(consent::table)
        .values((
            consent::person.eq(who.as_str()),
            consent::id.eq(id.as_str()),
            consent::purpose.eq(purpose),
            consent::edition.eq(shown.edition),
            consent::notice.eq(&shown.notice),
            consent::way.eq(shown.way),
            consent::granted_at.eq(tx.now),
        ))
        .execute(tx.db)?;
    person::moved(tx, who)?;
    Ok(())
}

/// Withdraws the consent to the purpose; from the commit on no access to it is given. What the map says of the
/// withdrawal (delete, shred) is the domain's to do in the same transaction.
pub fn withdraw_by_id<R>(tx: &mut Tx, who: &Id, purpose: &str) -> Result<bool, Stop<R>> {
    let n = diesel::update(
        consent::table
            .filter(consent::person.eq(who.as_str()))
            .filter(consent::purpose.eq(purpose))
            .filter(consent::withdrawn_at.is_null()),
    )
    .set(consent::withdrawn_at.eq(Some(tx.now)))
    .execute(tx.db)?;
    if n > 0 {
        person::moved(tx, who)?;
    }
    Ok(n > 0)
}

pub fn withdraw<P: Purpose, R>(tx: &mut Tx, who: &Id) -> Result<bool, Stop<R>> {
    withdraw_by_id(tx, who, P::INFO.id)
}

/// Whether the person's consent to `P` is in force.
pub fn standing<P: Purpose>(scope: &mut impl Scope, who: &Id) -> QueryResult<bool> {
    standing_by_id(scope, who, P::INFO.id)
}

fn standing_by_id(scope: &mut impl Scope, who: &Id, purpose: &str) -> QueryResult<bool> {
    let n: i64 = consent::table
        .filter(consent::person.eq(who.as_str()))
        .filter(consent::purpose.eq(purpose))
        .filter(consent::withdrawn_at.is_null())
        .count()
        .get_result(scope.db())?;
    Ok(n > 0)
}

/// All that a person ever agreed to, newest first.
pub fn of(scope: &mut impl Scope, who: &Id) -> QueryResult<Vec<Standing>> {
    let rows: Vec<(String, i64, i64, Option<i64>)> = consent::table
        .filter(consent::person.eq(who.as_str()))
        .order(consent::granted_at.desc())
        .limit(500)
        .select((consent::purpose, consent::edition, consent::granted_at, consent::withdrawn_at))
        .load(scope.db())?;
    Ok(rows
        .into_iter()
        .map(|(purpose, edition, granted_at, withdrawn_at)| Standing { purpose, edition, granted_at, withdrawn_at })
        .collect())
}
