//! What is on its way to an endpoint and what became of it, for [`KEPT_DAYS`] (`TellSellersPrograms`); and sending again.

use super::endpoint::{self, State as EndpointState};
use super::{FAILS_FOR, PAUSES, Topic, send};
use crate::Refused;
use crate::policy::{hook_delivery, hook_endpoint, hook_try};
use catalogue::shop::Seller;
use db::clock::SECOND;
use db::sql::{BigInt, Text};
use db::{Id, NewJob, Scope, Stop, Tx, insert_all, kept, on_each};
use diesel::prelude::*;
use partners::webhook::{Came, Sent};

/// As the purpose says.
pub const KEPT_DAYS: i64 = 30;
const ROWS_MAX: usize = 500;
/// An answer may ask us to wait, and not for ever.
const RETRY_AFTER_MAX: i64 = PAUSES[PAUSES.len() - 1];

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// A try is due.
    Waiting,
    Delivered,
    /// All tries failed.
    Failed,
    /// The endpoint was turned off.
    Missed,
}

impl State {
    pub const ALL: [State; 4] = [State::Waiting, State::Delivered, State::Failed, State::Missed];
    /// What is sent again when all of it is.
    pub const UNDELIVERED: [State; 2] = [State::Failed, State::Missed];

    pub const fn id(self) -> &'static str {
        match self {
            State::Waiting => "waiting",
            State::Delivered => "delivered",
            State::Failed => "failed",
            State::Missed => "missed",
        }
    }

    pub fn parse(id: &str) -> Option<State> {
        State::ALL.into_iter().find(|state| state.id() == id)
    }
}

/// What came of a try, as it rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// 2xx.
    Taken,
    /// Another status.
    Refused,
    /// A redirect, which is not followed.
    Moved,
    Unknown,
    NotPublic,
    TimedOut,
    Tls,
    NoConnection,
    BadAnswer,
}

impl Outcome {
    pub const ALL: [Outcome; 9] = [
        Outcome::Taken,
        Outcome::Refused,
        Outcome::Moved,
        Outcome::Unknown,
        Outcome::NotPublic,
        Outcome::TimedOut,
        Outcome::Tls,
        Outcome::NoConnection,
        Outcome::BadAnswer,
    ];

    pub const fn id(self) -> &'static str {
        match self {
            Outcome::Taken => "taken",
            Outcome::Refused => "refused",
            Outcome::Moved => "moved",
            Outcome::Unknown => "unknown",
            Outcome::NotPublic => "not_public",
            Outcome::TimedOut => "timed_out",
            Outcome::Tls => "tls",
            Outcome::NoConnection => "no_connection",
            Outcome::BadAnswer => "bad_answer",
        }
    }

    fn of(came: Came) -> Outcome {
        match came {
            Came::Status(200..=299) => Outcome::Taken,
            Came::Status(300..=399) => Outcome::Moved,
            Came::Status(_) => Outcome::Refused,
            Came::Unknown => Outcome::Unknown,
            Came::NotPublic => Outcome::NotPublic,
            Came::TimedOut => Outcome::TimedOut,
            Came::Tls => Outcome::Tls,
            Came::NoConnection => Outcome::NoConnection,
            Came::BadAnswer => Outcome::BadAnswer,
        }
    }
}

/// One try.
#[derive(Clone, Debug)]
pub struct Try {
    /// From 1 on.
    pub number: i64,
    pub at: i64,
    pub outcome: Outcome,
    /// HTTP status; 0 where none came.
    pub status: i64,
    pub took_ms: i64,
}

/// One delivery.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The `webhook-id` of every try.
    pub id: Id,
    pub topic: Topic,
    /// The order; of a test the endpoint.
    pub about: Id,
    /// When it happened.
    pub at: i64,
    pub state: State,
    pub tries: i64,
    /// The next try, of one that waits.
    pub due_at: Option<i64>,
    pub done_at: Option<i64>,
    pub last: Option<Try>,
}

// --- putting down and trying ---------------------------------------------------------------------------------------------

/// A delivery to be put down.
pub(super) struct New {
    pub endpoint: Id,
    pub topic: Topic,
    pub about: Id,
    pub at: i64,
    /// The endpoint is on; otherwise it is missed from the start.
    pub wanted: bool,
}

pub(super) fn put<R>(tx: &mut Tx, shop: &Id, new: Vec<(Id, New)>) -> Result<(), Stop<R>> {
    let now = tx.now;
    let mut rows = Vec::with_capacity(new.len());
    for (id, new) in new {
        if new.wanted {
            enqueue(tx, &new.endpoint, &id, 0, now);
        }
        let state = if new.wanted { State::Waiting } else { State::Missed };
        rows.push((
            hook_delivery::endpoint.eq(new.endpoint),
            hook_delivery::id.eq(id),
            hook_delivery::shop.eq(shop.clone()),
            hook_delivery::topic.eq(new.topic.id()),
            hook_delivery::about.eq(new.about),
            hook_delivery::at.eq(new.at),
            hook_delivery::state.eq(state.id()),
            hook_delivery::round.eq(0),
            hook_delivery::step.eq(0),
            hook_delivery::tries.eq(0),
            hook_delivery::due_at.eq(now),
            hook_delivery::done_at.eq((!new.wanted).then_some(now)),
            hook_delivery::made_at.eq(now),
        ));
    }
    on_each!(tx.db, c => insert_all!(c, hook_delivery::table, rows, ROWS_MAX))?;
    Ok(())
}

/// The job of one round of a delivery.
pub(super) fn enqueue(tx: &mut Tx, endpoint: &Id, delivery: &Id, round: i64, due_at: i64) {
    tx.enqueue(NewJob {
        kind: send::SEND,
        unique: Some(format!("{delivery}/{round}")),
        due_at,
        body: serde_json::json!({ "endpoint": endpoint, "delivery": delivery, "round": round }),
    });
}

/// A delivery as the job finds it.
pub(super) struct Due {
    pub shop: Id,
    pub topic: Topic,
    pub about: Id,
    pub at: i64,
    pub step: i64,
    pub tries: i64,
    pub due_at: i64,
}

/// `None` where this round of it no longer waits.
pub(super) fn due<R>(scope: &mut impl Scope, key: &Key) -> Result<Option<Due>, Stop<R>> {
    let row: Option<(Id, String, Id, i64, i64, i64, i64)> = hook_delivery::table
        .find((&key.endpoint, &key.delivery))
        .filter(hook_delivery::state.eq(State::Waiting.id()))
        .filter(hook_delivery::round.eq(key.round))
        .select((
            hook_delivery::shop,
            hook_delivery::topic,
            hook_delivery::about,
            hook_delivery::at,
            hook_delivery::step,
            hook_delivery::tries,
            hook_delivery::due_at,
        ))
        .first(scope.db())
        .optional()?;
    Ok(row.and_then(|(shop, topic, about, at, step, tries, due_at)| {
        Some(Due { shop, topic: Topic::parse(&topic)?, about, at, step, tries, due_at })
    }))
}

/// One round of one delivery.
#[derive(Clone, Debug)]
pub(super) struct Key {
    pub endpoint: Id,
    pub delivery: Id,
    pub round: i64,
}

/// Ends a delivery that cannot be sent.
pub(super) fn miss<R>(tx: &mut Tx, key: &Key) -> Result<(), Stop<R>> {
    diesel::update(hook_delivery::table.find((&key.endpoint, &key.delivery)))
        .filter(hook_delivery::state.eq(State::Waiting.id()))
        .filter(hook_delivery::round.eq(key.round))
        .set((hook_delivery::state.eq(State::Missed.id()), hook_delivery::done_at.eq(tx.now)))
        .execute(tx.db)?;
    Ok(())
}

/// Writes down what came of a try that was the next after `before`. Says when the next one is due, if there is one.
/// `stretch` (thousandths) keeps those who failed together from coming back together.
pub(super) fn tried<R>(
    tx: &mut Tx,
    key: &Key,
    before: &Due,
    sent: &Sent,
    stretch: i64,
) -> Result<Option<i64>, Stop<R>> {
    let outcome = Outcome::of(sent.came);
    let taken = outcome == Outcome::Taken;
    let asked = sent.retry_after.map_or(0, |seconds| seconds.saturating_mul(SECOND).min(RETRY_AFTER_MAX));
    let pause = usize::try_from(before.step).ok().and_then(|step| PAUSES.get(step));
    let again = pause.filter(|_| !taken).map(|pause| tx.now + (pause + pause / 1_000 * stretch).max(asked));
    let state = match (taken, again) {
        (true, _) => State::Delivered,
        (false, Some(_)) => State::Waiting,
        (false, None) => State::Failed,
    };
    let here = hook_delivery::table.find((&key.endpoint, &key.delivery));
    let moved = diesel::update(here)
        .filter(hook_delivery::state.eq(State::Waiting.id()))
        .filter(hook_delivery::round.eq(key.round))
        .filter(hook_delivery::tries.eq(before.tries))
        .set((
            hook_delivery::state.eq(state.id()),
            hook_delivery::step.eq(before.step + 1),
            hook_delivery::tries.eq(before.tries + 1),
            hook_delivery::due_at.eq(again.unwrap_or(tx.now)),
            hook_delivery::done_at.eq(again.is_none().then_some(tx.now)),
        ))
        .execute(tx.db)?;
    if moved == 0 {
        // Turned off, sent again by hand or deleted meanwhile, or another process tried it too.
        return Ok(None);
    }
    diesel::insert_into(hook_try::table)
        .values((
            hook_try::delivery.eq(&key.delivery),
            hook_try::number.eq(before.tries + 1),
            hook_try::at.eq(tx.now),
            hook_try::came.eq(outcome.id()),
            hook_try::status.eq(if let Came::Status(status) = sent.came { i64::from(status) } else { 0 }),
            hook_try::took_ms.eq(sent.took_ms),
        ))
        .execute(tx.db)?;
    let ended = health(tx, &key.endpoint, sent.came)?;
    Ok(again.filter(|_| !ended))
}

/// What a try says of its endpoint; whether it was turned off for it.
fn health<R>(tx: &mut Tx, endpoint: &Id, came: Came) -> Result<bool, Stop<R>> {
    let here = hook_endpoint::table.filter(hook_endpoint::id.eq(endpoint));
    if Outcome::of(came) == Outcome::Taken {
        diesel::update(here)
            .set((hook_endpoint::failing_since.eq(None::<i64>), hook_endpoint::delivered_at.eq(tx.now)))
            .execute(tx.db)?;
        return Ok(false);
    }
    diesel::update(here.filter(hook_endpoint::failing_since.is_null()))
        .set(hook_endpoint::failing_since.eq(tx.now))
        .execute(tx.db)?;
    let since: Option<Option<i64>> = here.select(hook_endpoint::failing_since).first(tx.db).optional()?;
    let ended = match (came, since.flatten()) {
        (Came::Status(410), _) => EndpointState::Gone,
        (_, Some(since)) if tx.now - since >= FAILS_FOR => EndpointState::Failing,
        _ => return Ok(false),
    };
    endpoint::end(tx, endpoint, ended)?;
    tracing::info!(%endpoint, state = ended.id(), "an endpoint was turned off");
    Ok(true)
}

// --- reading -----------------------------------------------------------------------------------------------------------

#[derive(Queryable, Selectable)]
#[diesel(table_name = hook_delivery)]
struct Row {
    id: Id,
    topic: String,
    about: Id,
    at: i64,
    state: String,
    tries: i64,
    due_at: i64,
    done_at: Option<i64>,
}

fn shown<R>(row: Row, last: Option<Try>) -> Result<Delivery, Stop<R>> {
    let state = State::parse(&row.state).ok_or_else(|| Stop::fault("a delivery has a state that does not exist"))?;
    let topic = Topic::parse(&row.topic).ok_or_else(|| Stop::fault("a delivery has a topic that does not exist"))?;
    Ok(Delivery {
        id: row.id,
        topic,
        about: row.about,
        at: row.at,
        state,
        tries: row.tries,
        due_at: (state == State::Waiting).then_some(row.due_at),
        done_at: row.done_at,
        last,
    })
}

type TryRow = (Id, i64, i64, String, i64, i64);

fn tries_of<R>(scope: &mut impl Scope, deliveries: &[Id]) -> Result<Vec<(Id, Try)>, Stop<R>> {
    let rows: Vec<TryRow> = hook_try::table
        .filter(hook_try::delivery.eq_any(deliveries))
        .order((hook_try::delivery, hook_try::number.desc()))
        .select((
            hook_try::delivery,
            hook_try::number,
            hook_try::at,
            hook_try::came,
            hook_try::status,
            hook_try::took_ms,
        ))
        .load(scope.db())?;
    rows.into_iter()
        .map(|(delivery, number, at, came, status, took_ms)| {
            let outcome = Outcome::ALL.into_iter().find(|outcome| outcome.id() == came);
            let outcome = outcome.ok_or_else(|| Stop::fault("a try came to what does not exist"))?;
            Ok((delivery, Try { number, at, outcome, status, took_ms }))
        })
        .collect()
}

/// The deliveries of one endpoint, newest first, before the one that the page before ended with; those in `states`
/// only, where there are any.
pub fn list(
    scope: &mut impl Scope,
    seller: &Seller,
    endpoint: &Id,
    states: &[State],
    before: Option<&Id>,
    limit: i64,
) -> Result<Vec<Delivery>, Stop<Refused>> {
    endpoint::one(scope, seller, endpoint)?;
    let mut query = hook_delivery::table.filter(hook_delivery::endpoint.eq(endpoint)).into_boxed();
    if !states.is_empty() {
        query = query.filter(hook_delivery::state.eq_any(states.iter().map(|state| state.id()).collect::<Vec<_>>()));
    }
    if let Some(before) = before {
        query = query.filter(hook_delivery::id.lt(before));
    }
    let rows: Vec<Row> =
        query.order(hook_delivery::id.desc()).limit(limit).select(Row::as_select()).load(scope.db())?;
    let ids: Vec<Id> = rows.iter().map(|row| row.id.clone()).collect();
    let tries = tries_of(scope, &ids)?;
    rows.into_iter()
        .map(|row| {
            let last = tries.iter().find(|(of, _)| *of == row.id).map(|(_, last)| last.clone());
            shown(row, last)
        })
        .collect()
}

/// One delivery with all its tries, newest first.
pub fn one(
    scope: &mut impl Scope,
    seller: &Seller,
    endpoint: &Id,
    id: &Id,
) -> Result<(Delivery, Vec<Try>), Stop<Refused>> {
    endpoint::one(scope, seller, endpoint)?;
    let row: Option<Row> =
        hook_delivery::table.find((endpoint, id)).select(Row::as_select()).first(scope.db()).optional()?;
    let row = row.ok_or(Stop::Refused(Refused::NoSuchHook))?;
    let tries: Vec<Try> = tries_of(scope, std::slice::from_ref(id))?.into_iter().map(|(_, one)| one).collect();
    Ok((shown(row, tries.first().cloned())?, tries))
}

// --- sending again -----------------------------------------------------------------------------------------------------

/// Sends one delivery again, with the same `webhook-id`, whatever became of it; one that waits is tried now.
pub fn replay(tx: &mut Tx, seller: &Seller, endpoint: &Id, id: &Id) -> Result<(), Stop<Refused>> {
    must_be_on(tx, seller, endpoint)?;
    if again(tx, endpoint, std::slice::from_ref(id))? == 0 {
        return Err(Stop::refuse(Refused::NoSuchHook));
    }
    Ok(())
}

fn must_be_on(tx: &mut Tx, seller: &Seller, endpoint: &Id) -> Result<(), Stop<Refused>> {
    match endpoint::one(tx, seller, endpoint)?.state {
        EndpointState::On => Ok(()),
        _ => Err(Stop::refuse(Refused::HookOff)),
    }
}

fn again<R>(tx: &mut Tx, endpoint: &Id, ids: &[Id]) -> Result<usize, Stop<R>> {
    diesel::update(hook_delivery::table.filter(hook_delivery::endpoint.eq(endpoint)))
        .filter(hook_delivery::id.eq_any(ids))
        .set((
            hook_delivery::state.eq(State::Waiting.id()),
            hook_delivery::round.eq(hook_delivery::round + 1),
            hook_delivery::step.eq(0),
            hook_delivery::due_at.eq(tx.now),
            hook_delivery::done_at.eq(None::<i64>),
        ))
        .execute(tx.db)?;
    let rounds: Vec<(Id, i64)> = hook_delivery::table
        .filter(hook_delivery::endpoint.eq(endpoint))
        .filter(hook_delivery::id.eq_any(ids))
        .select((hook_delivery::id, hook_delivery::round))
        .load(tx.db)?;
    for (id, round) in &rounds {
        enqueue(tx, endpoint, id, *round, tx.now);
    }
    Ok(rounds.len())
}

/// Sends all again that failed or was missed since `since`, by a job; says how many there are now.
pub fn replay_since(tx: &mut Tx, seller: &Seller, endpoint: &Id, since: i64) -> Result<i64, Stop<Refused>> {
    must_be_on(tx, seller, endpoint)?;
    let count = undelivered(endpoint, since).count().get_result(tx.db)?;
    if count > 0 {
        tx.enqueue(NewJob {
            kind: send::REPLAY,
            unique: Some(endpoint.to_string()),
            due_at: tx.now,
            body: serde_json::json!({ "endpoint": endpoint, "since": since }),
        });
    }
    Ok(count)
}

type Undelivered<'a> = diesel::dsl::Filter<
    diesel::dsl::Filter<
        diesel::dsl::Filter<hook_delivery::table, diesel::dsl::Eq<hook_delivery::endpoint, &'a Id>>,
        diesel::dsl::GtEq<hook_delivery::at, i64>,
    >,
    diesel::dsl::EqAny<hook_delivery::state, [&'static str; 2]>,
>;

fn undelivered(endpoint: &Id, since: i64) -> Undelivered<'_> {
    hook_delivery::table
        .filter(hook_delivery::endpoint.eq(endpoint))
        .filter(hook_delivery::at.ge(since))
        .filter(hook_delivery::state.eq_any(State::UNDELIVERED.map(State::id)))
}

/// Some of what [`replay_since`] asked for; `false` when it was the last.
pub(super) fn replay_some<R>(tx: &mut Tx, endpoint: &Id, since: i64) -> Result<bool, Stop<R>> {
    const AT_ONCE: i64 = 200;
    let on: i64 = hook_endpoint::table
        .filter(hook_endpoint::id.eq(endpoint))
        .filter(hook_endpoint::state.eq(EndpointState::On.id()))
        .count()
        .get_result(tx.db)?;
    if on == 0 {
        return Ok(false);
    }
    let ids: Vec<Id> =
        undelivered(endpoint, since).order(hook_delivery::id).limit(AT_ONCE).select(hook_delivery::id).load(tx.db)?;
    again(tx, endpoint, &ids)?;
    Ok(ids.len() as i64 == AT_ONCE)
}

// --- ending ------------------------------------------------------------------------------------------------------------

/// Deletes some of the log of an endpoint that has gone; `false` when it was the last.
pub(super) fn forget_some<R>(tx: &mut Tx, endpoint: &Id) -> Result<bool, Stop<R>> {
    let ids: Vec<Id> = hook_delivery::table
        .filter(hook_delivery::endpoint.eq(endpoint))
        .limit(ROWS_MAX as i64)
        .select(hook_delivery::id)
        .load(tx.db)?;
    diesel::delete(hook_try::table.filter(hook_try::delivery.eq_any(&ids))).execute(tx.db)?;
    diesel::delete(hook_delivery::table.filter(hook_delivery::endpoint.eq(endpoint)))
        .filter(hook_delivery::id.eq_any(&ids))
        .execute(tx.db)?;
    Ok(ids.len() == ROWS_MAX)
}

/// Gives a job to what has been due for long and has none: its job died.
pub(super) fn take_up<R>(tx: &mut Tx, due_before: i64) -> Result<(), Stop<R>> {
    // The state stands in the words: PostgreSQL's general plan takes an index of one state for no other's.
    let late = kept![(Text, Text, BigInt) =>
        "select endpoint, id, round from hook_delivery where state = 'waiting' and due_at < ",
        BigInt: due_before,
        " order by due_at limit ",
        BigInt: ROWS_MAX as i64,
        ""
    ];
    let rows: Vec<(Id, Id, i64)> = on_each!(tx.db, c => late.load(c))?;
    for (endpoint, id, round) in rows {
        enqueue(tx, &endpoint, &id, round, tx.now);
    }
    Ok(())
}
