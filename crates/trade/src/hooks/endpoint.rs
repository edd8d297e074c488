//! The endpoints of a shop. Every look-up begins at the seller's shop.

use super::{
    BETWEEN_TESTS, ENDPOINTS_MAX, Hooks, NewEndpoint, OLD_SECRET_SIGNS, Secret, Topic, log, send, topics, written,
};
use crate::Refused;
use crate::policy::{hook_delivery, hook_endpoint};
use catalogue::shop::Seller;
use db::{Id, NewJob, Scope, Stop, Tx};
use diesel::prelude::*;
use member::Proven;
use std::convert::Infallible;

/// Whether an endpoint is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    On,
    /// By the seller.
    Off,
    /// It took nothing for [`super::FAILS_FOR`].
    Failing,
    /// It answered 410: it wants no more.
    Gone,
}

impl State {
    pub const ALL: [State; 4] = [State::On, State::Off, State::Failing, State::Gone];

    pub const fn id(self) -> &'static str {
        match self {
            State::On => "on",
            State::Off => "off",
            State::Failing => "failing",
            State::Gone => "gone",
        }
    }

    pub(super) fn read<R>(id: &str) -> Result<State, Stop<R>> {
        let known = State::ALL.into_iter().find(|state| state.id() == id);
        known.ok_or_else(|| Stop::fault("an endpoint has a state that does not exist"))
    }

    /// Turned off by what happened, and not by its seller.
    pub const fn is_broken(self) -> bool {
        matches!(self, State::Failing | State::Gone)
    }
}

/// An endpoint as its seller sees it.
#[derive(Clone, Debug)]
pub struct Endpoint {
    pub id: Id,
    pub name: String,
    pub address: String,
    pub topics: Vec<Topic>,
    pub state: State,
    pub state_since: i64,
    /// First failure after the last success.
    pub failing_since: Option<i64>,
    /// Last success.
    pub delivered_at: Option<i64>,
    pub secret_since: i64,
    /// Until when the secret before signs too.
    pub old_secret_until: Option<i64>,
    pub made_at: i64,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = hook_endpoint)]
struct Row {
    id: Id,
    name: String,
    url: String,
    topics: String,
    state: String,
    state_since: i64,
    secret_number: i64,
    secret_since: i64,
    failing_since: Option<i64>,
    delivered_at: Option<i64>,
    tested_at: i64,
    made_at: i64,
}

fn shown<R>(row: Row, now: i64) -> Result<Endpoint, Stop<R>> {
    let old = (row.secret_number > 1).then_some(row.secret_since + OLD_SECRET_SIGNS);
    Ok(Endpoint {
        id: row.id,
        name: row.name,
        address: row.url,
        topics: topics(&row.topics),
        state: State::read(&row.state)?,
        state_since: row.state_since,
        failing_since: row.failing_since,
        delivered_at: row.delivered_at,
        secret_since: row.secret_since,
        old_secret_until: old.filter(|until| *until > now),
        made_at: row.made_at,
    })
}

fn row(scope: &mut impl Scope, seller: &Seller, id: &Id) -> Result<Row, Stop<Refused>> {
    let row = hook_endpoint::table.find((&seller.shop, id)).select(Row::as_select()).first(scope.db()).optional()?;
    row.ok_or(Stop::Refused(Refused::NoSuchHook))
}

/// The endpoints of a shop, the oldest first.
pub fn list<R>(scope: &mut impl Scope, seller: &Seller) -> Result<Vec<Endpoint>, Stop<R>> {
    let now = scope.now();
    let rows: Vec<Row> = hook_endpoint::table
        .filter(hook_endpoint::shop.eq(&seller.shop))
        .order(hook_endpoint::id)
        .limit(ENDPOINTS_MAX)
        .select(Row::as_select())
        .load(scope.db())?;
    rows.into_iter().map(|row| shown(row, now)).collect()
}

pub fn one(scope: &mut impl Scope, seller: &Seller, id: &Id) -> Result<Endpoint, Stop<Refused>> {
    let now = scope.now();
    shown(row(scope, seller, id)?, now)
}

/// Endpoints that were turned off by what happened, for the desk to tell.
pub fn broken<R>(scope: &mut impl Scope, seller: &Seller) -> Result<i64, Stop<R>> {
    let broken = State::ALL.into_iter().filter(|state| state.is_broken()).map(State::id);
    Ok(hook_endpoint::table
        .filter(hook_endpoint::shop.eq(&seller.shop))
        .filter(hook_endpoint::state.eq_any(broken.collect::<Vec<_>>()))
        .count()
        .get_result(scope.db())?)
}

/// A new endpoint, turned on. Its secret is told here, and for a day to the same request of a program ([`secret`]). Where
/// orders are told to, and the secrets, change only by a seller who has just proved to be it.
pub fn register(
    tx: &mut Tx,
    seller: &Seller,
    proven: &Proven,
    hooks: &Hooks,
    new: &NewEndpoint,
) -> Result<(Id, Secret), Stop<Refused>> {
    proven.must_be(&seller.member)?;
    let held: i64 = hook_endpoint::table.filter(hook_endpoint::shop.eq(&seller.shop)).count().get_result(tx.db)?;
    if held >= ENDPOINTS_MAX {
        return Err(Stop::refuse(Refused::HooksFull { max: ENDPOINTS_MAX }));
    }
    let id = tx.id();
    diesel::insert_into(hook_endpoint::table)
        .values((
            hook_endpoint::shop.eq(&seller.shop),
            hook_endpoint::id.eq(&id),
            hook_endpoint::name.eq(&new.name),
            hook_endpoint::url.eq(new.address.as_str()),
            hook_endpoint::topics.eq(written(&new.topics)),
            hook_endpoint::state.eq(State::On.id()),
            hook_endpoint::state_since.eq(tx.now),
            hook_endpoint::secret_number.eq(1),
            hook_endpoint::secret_since.eq(tx.now),
            hook_endpoint::tested_at.eq(0),
            hook_endpoint::made_at.eq(tx.now),
        ))
        .execute(tx.db)?;
    let secret = hooks.secret(&id, 1);
    Ok((id, secret))
}

/// The secret that signs now, for the answer to a request that made one and is sent again under the same key: a right no
/// wider than that to make another.
pub fn secret(
    scope: &mut impl Scope,
    seller: &Seller,
    proven: &Proven,
    hooks: &Hooks,
    id: &Id,
) -> Result<Secret, Stop<Refused>> {
    proven.must_be(&seller.member)?;
    Ok(hooks.secret(id, row(scope, seller, id)?.secret_number))
}

/// Another name, address or choice. What waits goes to the new address.
pub fn edit(tx: &mut Tx, seller: &Seller, proven: &Proven, id: &Id, new: &NewEndpoint) -> Result<(), Stop<Refused>> {
    proven.must_be(&seller.member)?;
    let edited = diesel::update(hook_endpoint::table.find((&seller.shop, id)))
        .set((
            hook_endpoint::name.eq(&new.name),
            hook_endpoint::url.eq(new.address.as_str()),
            hook_endpoint::topics.eq(written(&new.topics)),
        ))
        .execute(tx.db)?;
    found(edited)
}

fn found(rows: usize) -> Result<(), Stop<Refused>> {
    if rows == 0 { Err(Stop::refuse(Refused::NoSuchHook)) } else { Ok(()) }
}

/// A new secret; the one before signs for another day, an older one no more.
pub fn rotate(tx: &mut Tx, seller: &Seller, proven: &Proven, hooks: &Hooks, id: &Id) -> Result<Secret, Stop<Refused>> {
    proven.must_be(&seller.member)?;
    let turned = diesel::update(hook_endpoint::table.find((&seller.shop, id)))
        .set((
            hook_endpoint::secret_number.eq(hook_endpoint::secret_number + 1),
            hook_endpoint::secret_since.eq(tx.now),
        ))
        .execute(tx.db)?;
    found(turned)?;
    Ok(hooks.secret(id, row(tx, seller, id)?.secret_number))
}

/// Turns an endpoint on, whatever had turned it off.
pub fn turn_on(tx: &mut Tx, seller: &Seller, id: &Id) -> Result<(), Stop<Refused>> {
    if State::read(&row(tx, seller, id)?.state)? == State::On {
        return Ok(());
    }
    diesel::update(hook_endpoint::table.find((&seller.shop, id)))
        .set((
            hook_endpoint::state.eq(State::On.id()),
            hook_endpoint::state_since.eq(tx.now),
            hook_endpoint::failing_since.eq(None::<i64>),
        ))
        .execute(tx.db)?;
    Ok(())
}

/// Turns an endpoint off: what waits is missed, and may be sent again by hand.
pub fn turn_off(tx: &mut Tx, seller: &Seller, id: &Id) -> Result<(), Stop<Refused>> {
    match State::read(&row(tx, seller, id)?.state)? {
        State::On => end(tx, id, State::Off),
        _ => Ok(()),
    }
}

/// Ends what an endpoint is told.
pub(super) fn end<R>(tx: &mut Tx, id: &Id, state: State) -> Result<(), Stop<R>> {
    diesel::update(hook_endpoint::table.filter(hook_endpoint::id.eq(id)))
        .set((hook_endpoint::state.eq(state.id()), hook_endpoint::state_since.eq(tx.now)))
        .execute(tx.db)?;
    diesel::update(hook_delivery::table.filter(hook_delivery::endpoint.eq(id)))
        .filter(hook_delivery::state.eq(log::State::Waiting.id()))
        .set((hook_delivery::state.eq(log::State::Missed.id()), hook_delivery::done_at.eq(tx.now)))
        .execute(tx.db)?;
    Ok(())
}

/// Deletes an endpoint; its log goes by a job.
pub fn remove(tx: &mut Tx, seller: &Seller, id: &Id) -> Result<(), Stop<Refused>> {
    found(diesel::delete(hook_endpoint::table.find((&seller.shop, id))).execute(tx.db)?)?;
    forget(tx, id);
    Ok(())
}

pub(super) fn forget(tx: &mut Tx, id: &Id) {
    tx.enqueue(NewJob {
        kind: send::FORGET,
        unique: Some(id.to_string()),
        due_at: tx.now,
        body: serde_json::json!({ "endpoint": id }),
    });
}

/// Sends a message that says nothing, as all others are sent.
pub fn test(tx: &mut Tx, seller: &Seller, id: &Id) -> Result<Id, Stop<Refused>> {
    let row = row(tx, seller, id)?;
    if State::read::<Refused>(&row.state)? != State::On {
        return Err(Stop::refuse(Refused::HookOff));
    }
    if row.tested_at > tx.now - BETWEEN_TESTS {
        return Err(Stop::refuse(Refused::HookTestSoon));
    }
    diesel::update(hook_endpoint::table.find((&seller.shop, id)))
        .set(hook_endpoint::tested_at.eq(tx.now))
        .execute(tx.db)?;
    let delivery = tx.id();
    let new = log::New { endpoint: id.clone(), topic: Topic::Test, about: id.clone(), at: tx.now, wanted: true };
    log::put(tx, &seller.shop, vec![(delivery.clone(), new)])?;
    Ok(delivery)
}

/// Where an endpoint is told, as the job needs it.
pub(super) struct Target {
    pub address: String,
    pub secret_number: i64,
    pub secret_since: i64,
    pub state: State,
}

pub(super) fn target(scope: &mut impl Scope, id: &Id) -> Result<Option<Target>, Stop<Refused>> {
    let row: Option<(String, i64, i64, String)> = hook_endpoint::table
        .filter(hook_endpoint::id.eq(id))
        .select((hook_endpoint::url, hook_endpoint::secret_number, hook_endpoint::secret_since, hook_endpoint::state))
        .first(scope.db())
        .optional()?;
    row.map(|(address, secret_number, secret_since, state)| {
        Ok(Target { address, secret_number, secret_since, state: State::read(&state)? })
    })
    .transpose()
}

/// Who of a shop wants what.
pub(super) struct Wants {
    pub shop: Id,
    pub endpoint: Id,
    pub topics: Vec<Topic>,
    pub state: State,
    pub made_at: i64,
}

/// The endpoints of these shops, as long as somebody sells from them.
pub(super) fn of_shops(scope: &mut impl Scope, shops: &[Id]) -> Result<Vec<Wants>, Stop<Infallible>> {
    use catalogue::policy::shop;
    let rows: Vec<(Id, Id, String, String, i64, String)> = hook_endpoint::table
        .inner_join(shop::table.on(shop::id.eq(hook_endpoint::shop)))
        .filter(hook_endpoint::shop.eq_any(shops))
        .select((
            hook_endpoint::shop,
            hook_endpoint::id,
            hook_endpoint::topics,
            hook_endpoint::state,
            hook_endpoint::made_at,
            shop::state,
        ))
        .load(scope.db())?;
    rows.into_iter()
        .filter(|row| catalogue::shop::State::parse(&row.5).has_seller())
        .map(|(shop, endpoint, wanted, state, made_at, _)| {
            Ok(Wants { shop, endpoint, topics: topics(&wanted), state: State::read(&state)?, made_at })
        })
        .collect()
}
