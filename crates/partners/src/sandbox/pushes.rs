//! What the sandbox tells the merchant unasked, again and again until it is noted: payment notifications and tracking.

use super::Shared;
use super::book::{Entry, Push, PushState, Side, State};
use super::faults::{FaultKind, On, strike};
use crate::alipay::NOTED;
use crate::form::{self, Parameters};
use crate::http::{Answer, Http};
use crate::signed_json::Covered;
use crate::{Limits, PartnerError, beijing, yuan};
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, HashSet};
use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::task::JoinSet;

/// The real platform's: after 4, 10 and 10 minutes, then 1, 2, 6 and 15 hours.
pub const SCHEDULE: [Duration; 7] = [
    Duration::from_secs(4 * 60),
    Duration::from_secs(10 * 60),
    Duration::from_secs(10 * 60),
    Duration::from_secs(3_600),
    Duration::from_secs(2 * 3_600),
    Duration::from_secs(6 * 3_600),
    Duration::from_secs(15 * 3_600),
];

/// At most so many are on their way at once.
const AT_ONCE: usize = 16;

/// A push that is due now.
pub fn fresh(partner: Side, url: &str, content: BTreeMap<String, Value>) -> Entry {
    Entry::Push(Push {
        id: uuid::Uuid::now_v7().simple().to_string(),
        partner,
        url: url.to_owned(),
        content,
        attempts: 0,
        due_ms: real_ms(),
        state: PushState::Waiting,
        delayed: false,
    })
}

pub fn real_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}

/// What the merchant has not noted yet. With the line of the book as of which this is so: where two looks are alike,
/// nothing has come, gone or been answered between them.
#[derive(Serialize)]
pub struct Untold {
    /// Due, or on its way and not answered.
    now: usize,
    /// At a later time, by the schedule or by a fault.
    later: usize,
    line: u64,
}

pub fn untold(state: &State) -> Untold {
    let at = real_ms();
    let now = state.pushes.values().filter(|push| push.due_ms <= at).count();
    Untold { now, later: state.pushes.len() - now, line: state.line }
}

/// Lets what waits for a later time go now, so that nobody has to wait for it.
pub fn hasten(state: &State) -> Vec<Entry> {
    let at = real_ms();
    let later = state.pushes.values().filter(|push| push.due_ms > at);
    // Without its pauses a push would be given up within a moment.
    let at_once = |push: &Push| Push { state: PushState::Waiting, due_ms: at, attempts: 0, ..push.clone() };
    later.map(|push| Entry::Push(at_once(push))).collect()
}

/// Sends what is due, for as long as the sandbox runs.
pub async fn deliver(shared: Arc<Shared>) {
    let limits = Limits { connect: Duration::from_secs(2), whole: Duration::from_secs(8), answer_bytes_max: 64 * 1024 };
    let http = Arc::new(Http::new("merchant", limits));
    let mut under_way: HashSet<String> = HashSet::new();
    let mut sending: JoinSet<String> = JoinSet::new();
    loop {
        let now = real_ms();
        let (due, next) = shared.book.read(|state| due(state, now, &under_way));
        for push in due.into_iter().take(AT_ONCE.saturating_sub(sending.len())) {
            under_way.insert(push.id.clone());
            let (shared, http) = (shared.clone(), http.clone());
            sending.spawn_blocking(move || {
                let id = push.id.clone();
                if let Err(error) = attempt(&shared, &http, push) {
                    tracing::error!(%error, "the sandbox's book cannot be written");
                }
                id
            });
        }
        let wait = Duration::from_millis(next.map_or(60_000, |at| (at - real_ms()).clamp(1, 60_000)) as u64);
        tokio::select! {
            () = shared.push_waits.notified() => {}
            () = tokio::time::sleep(wait) => {}
            Some(finished) = sending.join_next(), if !sending.is_empty() => {
                // One that panicked stays under way, so that it cannot panic for ever.
                if let Ok(id) = finished {
                    under_way.remove(&id);
                }
            }
        }
    }
}

/// What is to be sent now, and when the next is due.
fn due(state: &State, now: i64, under_way: &HashSet<String>) -> (Vec<Push>, Option<i64>) {
    let mut due = Vec::new();
    let mut next = None;
    for push in state.pushes.values().filter(|push| !under_way.contains(&push.id)) {
        if push.due_ms <= now {
            due.push(push.clone());
        } else {
            next = Some(next.map_or(push.due_ms, |at: i64| at.min(push.due_ms)));
        }
    }
    due.sort_by_key(|push| push.due_ms);
    (due, next)
}

fn attempt(shared: &Shared, http: &Http, mut push: Push) -> io::Result<()> {
    let mut kinds = vec![FaultKind::Twice, FaultKind::WrongSignature, FaultKind::OtherAmount, FaultKind::Down];
    if !push.delayed {
        kinds.extend([FaultKind::Late, FaultKind::OutOfOrder]);
    }
    let fault = shared.write(|state, _| match strike(state, push.partner, On::Push, &kinds) {
        Some((fault, entry)) => (vec![entry], Some(fault)),
        None => (vec![], None),
    })?;
    let kind = fault.as_ref().map(|fault| fault.kind);
    if let Some(fault) = fault
        && matches!(fault.kind, FaultKind::Late | FaultKind::OutOfOrder)
    {
        push.delayed = true;
        push.due_ms = real_ms() + fault.delay_ms as i64;
        push.state = if fault.kind == FaultKind::OutOfOrder { PushState::Held } else { PushState::Waiting };
        return shared.write(|_, _| (vec![Entry::Push(push)], ()));
    }
    let now = shared.now();
    let mut noted = kind != Some(FaultKind::Down) && send(shared, http, &push, kind, now);
    if kind == Some(FaultKind::Twice) {
        noted |= send(shared, http, &push, kind, now);
    }
    let schedule = &shared.options.push_schedule;
    let wait = schedule.get(push.attempts as usize);
    push.attempts += 1;
    push.state = match (noted, wait) {
        (true, _) => PushState::Done,
        (false, None) => PushState::GivenUp,
        (false, Some(wait)) => {
            push.due_ms = real_ms() + wait.as_millis() as i64;
            PushState::Waiting
        }
    };
    shared.write(|state, _| {
        // Whatever was held back to be overtaken has now been overtaken.
        let released = state
            .pushes
            .values()
            .filter(|other| noted && other.state == PushState::Held && other.partner == push.partner)
            .map(|other| Entry::Push(Push { state: PushState::Waiting, due_ms: real_ms(), ..other.clone() }));
        let entries = released.chain([Entry::Push(push.clone())]).collect();
        (entries, ())
    })?;
    shared.push_waits.notify_one();
    Ok(())
}

/// Whether the merchant noted it.
fn send(shared: &Shared, http: &Http, push: &Push, fault: Option<FaultKind>, now: i64) -> bool {
    match push.partner {
        Side::Alipay => {
            let body = notification(shared, push, fault, now);
            let kind = "application/x-www-form-urlencoded; charset=utf-8";
            let answer = http.post(&push.url, kind, &[], body.as_bytes());
            answer.is_ok_and(|answer| is_good(&answer) && answer.text().is_ok_and(|text| text.trim() == NOTED))
        }
        Side::Logistics => tracking(shared, http, push, fault, now).is_ok_and(|answer| is_good(&answer)),
        // The gateway tells nobody anything.
        Side::Sms => true,
    }
}

fn is_good(answer: &Answer) -> bool {
    (200..300).contains(&answer.status)
}

fn notification(shared: &Shared, push: &Push, fault: Option<FaultKind>, now: i64) -> String {
    let mut parameters: Parameters = push
        .content
        .iter()
        .map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()))
        .collect();
    parameters.insert("notify_time".into(), beijing::write(now));
    if fault == Some(FaultKind::OtherAmount)
        && let Some(total) = parameters.get_mut("total_amount")
    {
        *total = yuan::write(yuan::read(total).unwrap_or(0) + 1);
    }
    let mut sign = shared.alipay.ours.sign(&form::signed_text(&parameters, &["sign", "sign_type"]));
    if fault == Some(FaultKind::WrongSignature) {
        sign = spoilt(&sign);
    }
    parameters.insert("sign_type".into(), "RSA2".into());
    parameters.insert("sign".into(), sign);
    form::write(&parameters)
}

fn tracking(
    shared: &Shared,
    http: &Http,
    push: &Push,
    fault: Option<FaultKind>,
    now: i64,
) -> Result<Answer, PartnerError> {
    let body = serde_json::to_vec(&push.content).map_err(|_| PartnerError::BadAnswer)?;
    let id = push.content.get("event_id").and_then(Value::as_str).unwrap_or_default();
    let at_seconds = now.div_euclid(1_000_000);
    let mut signature = shared.logistics.push.sign(Covered { scope: "", id, at_seconds }, &body);
    if fault == Some(FaultKind::WrongSignature) {
        signature = format!("v1,{}", spoilt(&signature[3..]));
    }
    let headers =
        [("webhook-id", id), ("webhook-timestamp", &at_seconds.to_string()), ("webhook-signature", &signature)];
    http.post(&push.url, "application/json", &headers, &body)
}

/// A signature of the right form that is not the right one.
pub fn spoilt(signature: &str) -> String {
    let first = if signature.starts_with('A') { 'B' } else { 'A' };
    format!("{first}{}", &signature[1..])
}
