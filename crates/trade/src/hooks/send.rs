//! The job that tries one delivery, and what keeps a slow endpoint from holding up the others.
//!
//! A delivery is a job of its own from its first try to its last: killed at any point, another process takes it over
//! when the lease has run out, and tries it again under the same `webhook-id`. No transaction is open during a call.

use super::endpoint::{State, Target, target};
use super::log::{self, Due, Key};
use super::{Hooks, OLD_SECRET_SIGNS, Topic, endpoint};
use crate::jobs::{Halt, named, read, write};
use crate::policy::{hook_endpoint, purchase_order};
use crate::{Refused, state};
use db::clock::{MINUTE, SECOND};
use db::{Id, Job, JobContext, JobHandler, JobOutcome, Scope, Stop};
use diesel::prelude::*;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

pub const SEND: &str = "trade.hooks_send";
pub const REPLAY: &str = "trade.hooks_replay";
pub const FORGET: &str = "trade.hooks_forget";
pub const SWEEP: &str = "trade.hooks_sweep";

/// The threads of [`HANDLERS`] in one process; more would only wait for more endpoints.
pub const THREADS: usize = 8;

/// Every kind of job of webhooks. Their context is [`Hooks`].
pub const HANDLERS: &[JobHandler] = &[
    JobHandler { kind: SEND, run: send, every: None },
    JobHandler { kind: REPLAY, run: replay, every: None },
    JobHandler { kind: FORGET, run: forget, every: None },
    JobHandler { kind: SWEEP, run: sweep, every: Some(10 * MINUTE) },
];

fn ended(ended: Result<JobOutcome, Halt>) -> JobOutcome {
    match ended {
        Ok(outcome) => outcome,
        Err(Halt::Wait(why)) => JobOutcome::Retry(why),
        Err(Halt::Never(why)) => JobOutcome::Dead(why),
    }
}

fn number(job: &Job, name: &str) -> Result<i64, Halt> {
    let number = job.body.get(name).and_then(Value::as_i64);
    number.ok_or_else(|| Halt::Never(format!("its body names no {name}")))
}

fn send(ctx: &JobContext, job: &Job) -> JobOutcome {
    ended(try_one(ctx, job))
}

fn try_one(ctx: &JobContext, job: &Job) -> Result<JobOutcome, Halt> {
    let hooks = ctx.get::<Hooks>();
    let key =
        Key { endpoint: named(job, "endpoint")?, delivery: named(job, "delivery")?, round: number(job, "round")? };
    let of = key.clone();
    let found = read(ctx, move |r| {
        let (Some(due), Some(target)) = (log::due(r, &of)?, target(r, &of.endpoint)?) else { return Ok(None) };
        let data = data(r, &due)?;
        Ok(Some((due, target, data)))
    })?;
    let Some((due, target, data)) = found else { return Ok(JobOutcome::Done) };
    let now = ctx.db.now();
    if due.due_at > now {
        return Ok(JobOutcome::Later(due.due_at));
    }
    let (State::On, Some(data)) = (target.state, data) else {
        write(ctx, move |tx| log::miss(tx, &key))?;
        return Ok(JobOutcome::Done);
    };
    let pass = match hooks.0.gate.enter(&key.endpoint, Instant::now()) {
        Ok(pass) => pass,
        Err(wait) => return Ok(JobOutcome::Later(now + i64::try_from(wait.as_micros()).unwrap_or(SECOND))),
    };
    let body = json!({ "type": due.topic.id(), "timestamp": iso(due.at), "data": data }).to_string();
    let seconds = now / SECOND;
    let signatures = signatures(hooks, &key, &target, now, &body);
    let headers = [
        ("webhook-id", key.delivery.as_str()),
        ("webhook-timestamp", &seconds.to_string()),
        ("webhook-signature", &signatures),
    ];
    let sent = hooks.0.caller.post(&target.address, &headers, body.as_bytes());
    pass.leave(Duration::from_millis(u64::try_from(sent.took_ms).unwrap_or(0)));
    let stretch = stretch();
    let again = write(ctx, move |tx| log::tried(tx, &key, &due, &sent, stretch))?;
    Ok(again.map_or(JobOutcome::Done, JobOutcome::Later))
}

/// By the secret of today, and for a day after a change by the one before too.
fn signatures(hooks: &Hooks, key: &Key, target: &Target, now: i64, body: &str) -> String {
    let signed = format!("{}.{}.{body}", key.delivery, now / SECOND);
    let mut signatures = hooks.secret(&key.endpoint, target.secret_number).signature(&signed);
    if target.secret_number > 1 && now < target.secret_since + OLD_SECRET_SIGNS {
        signatures.push(' ');
        signatures.push_str(&hooks.secret(&key.endpoint, target.secret_number - 1).signature(&signed));
    }
    signatures
}

/// Up to a fifth longer, in thousandths.
fn stretch() -> i64 {
    let mut drawn = [0; 2];
    // Without it those who failed together come back together, which is no fault.
    let _even = aws_lc_rs::rand::fill(&mut drawn);
    i64::from(u16::from_be_bytes(drawn)) % 200
}

fn iso(micros: i64) -> String {
    jiff::Timestamp::from_microsecond(micros).unwrap_or(jiff::Timestamp::UNIX_EPOCH).to_string()
}

/// What a message says: ids, state, amounts. `None` where the order is no longer there.
fn data(scope: &mut impl Scope, due: &Due) -> Result<Option<Value>, Stop<Refused>> {
    let Topic::Order(at) = due.topic else {
        return Ok(Some(json!({ "webhook": due.about, "shop": due.shop })));
    };
    type Amounts = (String, i64, i64, i64, String, String);
    let row: Option<Amounts> = purchase_order::table
        .find(&due.about)
        .filter(purchase_order::shop.eq(&due.shop))
        .select((
            purchase_order::number,
            purchase_order::goods_amount,
            purchase_order::freight_amount,
            purchase_order::total,
            purchase_order::currency,
            purchase_order::state,
        ))
        .first(scope.db())
        .optional()?;
    let Some((number, goods, freight, total, currency, now)) = row else { return Ok(None) };
    let money = |minor: i64| json!({ "minor": minor, "currency": currency });
    Ok(Some(json!({
        "order": due.about,
        "number": number,
        "shop": due.shop,
        // As it became then, and as it is at this try: messages come in any order.
        "state": at.id(),
        "state_now": state::read::<Refused>(&now)?.id(),
        "goods": money(goods),
        "freight": money(freight),
        "total": money(total),
    })))
}

fn replay(ctx: &JobContext, job: &Job) -> JobOutcome {
    ended((|| {
        let (endpoint, since) = (named(job, "endpoint")?, number(job, "since")?);
        let more = write(ctx, move |tx| log::replay_some(tx, &endpoint, since))?;
        Ok(if more { JobOutcome::Continue(job.body.clone()) } else { JobOutcome::Done })
    })())
}

fn forget(ctx: &JobContext, job: &Job) -> JobOutcome {
    ended((|| {
        let endpoint = named(job, "endpoint")?;
        let more = write(ctx, move |tx| log::forget_some(tx, &endpoint))?;
        Ok(if more { JobOutcome::Continue(job.body.clone()) } else { JobOutcome::Done })
    })())
}

/// What has been due for long and has no job gets one; the endpoints of shops that have closed go.
fn sweep(ctx: &JobContext, _job: &Job) -> JobOutcome {
    ended(write(ctx, |tx| {
        use catalogue::policy::shop;
        log::take_up(tx, tx.now - 10 * MINUTE)?;
        let closed: Vec<(Id, Id)> = hook_endpoint::table
            .inner_join(shop::table.on(shop::id.eq(hook_endpoint::shop)))
            .filter(shop::state.eq(catalogue::shop::State::Closed.id()))
            .limit(100)
            .select((hook_endpoint::shop, hook_endpoint::id))
            .load(tx.db)?;
        for (shop, id) in closed {
            diesel::delete(hook_endpoint::table.find((shop, &id))).execute(tx.db)?;
            endpoint::forget(tx, &id);
        }
        Ok(JobOutcome::Done)
    }))
}

// --- the gate ------------------------------------------------------------------------------------------------------------

/// Calls of one endpoint at the same time.
const AT_ONCE: usize = 2;
/// An endpoint whose last call took longer is slow: called once at a time, and all such endpoints together by at most
/// half of the threads, so that the others always find one.
const SLOW: Duration = Duration::from_secs(1);
const SLOW_AT_ONCE: usize = THREADS / 2;
/// What waits comes back in the pace of its endpoint, and within this time.
const WAIT_MIN: Duration = Duration::from_millis(50);
const WAIT_MAX: Duration = Duration::from_secs(120);
/// Endpoints that are remembered; those that nobody calls are forgotten first.
const REMEMBERED: usize = 10_000;

/// Who is being called by this process, and how fast they answer.
#[derive(Default)]
pub struct Gate(Mutex<Lanes>);

#[derive(Default)]
struct Lanes {
    of: HashMap<Id, Lane>,
    slow_running: usize,
}

#[derive(Default)]
struct Lane {
    running: usize,
    took: Duration,
    /// When the next of those that wait comes.
    next: Option<Instant>,
}

/// One call that may be made.
struct Pass<'a> {
    gate: &'a Gate,
    endpoint: Id,
    slow: bool,
    took: Option<Duration>,
}

impl Gate {
    fn lanes(&self) -> MutexGuard<'_, Lanes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Leave to call, or how long to wait.
    fn enter(&self, endpoint: &Id, now: Instant) -> Result<Pass<'_>, Duration> {
        let mut lanes = self.lanes();
        if lanes.of.len() >= REMEMBERED {
            lanes.of.retain(|_, lane| lane.running > 0);
        }
        let slow_running = lanes.slow_running;
        let lane = lanes.of.entry(endpoint.clone()).or_default();
        let slow = lane.took >= SLOW;
        let at_once = if slow { 1 } else { AT_ONCE };
        if lane.running < at_once && !(slow && slow_running >= SLOW_AT_ONCE) {
            lane.running += 1;
            lanes.slow_running += usize::from(slow);
            return Ok(Pass { gate: self, endpoint: endpoint.clone(), slow, took: None });
        }
        let next = lane.next.map_or(now, |next| next.max(now)) + lane.took.max(WAIT_MIN) / at_once as u32;
        lane.next = Some(next.min(now + WAIT_MAX));
        Err(next.duration_since(now).min(WAIT_MAX))
    }
}

impl Pass<'_> {
    fn leave(mut self, took: Duration) {
        self.took = Some(took);
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        let mut lanes = self.gate.lanes();
        lanes.slow_running -= usize::from(self.slow);
        if let Some(lane) = lanes.of.get_mut(&self.endpoint) {
            lane.running = lane.running.saturating_sub(1);
            lane.took = self.took.unwrap_or(lane.took);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Many deliveries to slow endpoints never take the threads that others need, and come back in their pace.
    #[test]
    fn a_slow_endpoint_holds_up_nobody() {
        let (gate, now) = (Gate::default(), Instant::now());
        let slow: Vec<Id> = (0..THREADS).map(|_| Id::fresh()).collect();
        // At first nobody knows; a lane is never wider than two.
        let first = gate.enter(&slow[0], now).ok().unwrap();
        let second = gate.enter(&slow[0], now).ok().unwrap();
        assert_eq!(gate.enter(&slow[0], now).err(), Some(WAIT_MIN / 2));
        first.leave(15 * SLOW);
        second.leave(15 * SLOW);
        for of in &slow[1..] {
            gate.enter(of, now).ok().unwrap().leave(15 * SLOW);
        }
        let calls: Vec<Pass> = slow.iter().filter_map(|of| gate.enter(of, now).ok()).collect();
        assert_eq!(calls.len(), SLOW_AT_ONCE, "half of the threads are for the others");
        assert!(gate.enter(&Id::fresh(), now).is_ok());
        let waits: Vec<Duration> = (0..20).filter_map(|_| gate.enter(&slow[0], now).err()).collect();
        assert!(waits.windows(2).all(|two| two[0] <= two[1]) && waits[19] <= WAIT_MAX, "{waits:?}");
        drop(calls);
        // One that has become quick is called as the others are.
        gate.enter(&slow[0], now).ok().unwrap().leave(WAIT_MIN);
        let two = [gate.enter(&slow[0], now), gate.enter(&slow[0], now)];
        assert!(two.iter().all(Result::is_ok));
    }
}
