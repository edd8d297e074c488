//! The answering side of signed JSON: the waybill platform's and the text message gateway's.

use super::Shared;
use super::book::{Entry, Side, State};
use super::faults::{Fault, FaultKind, On, strike};
use super::keys::KEY_ID;
use super::pushes::spoilt;
use crate::signed_json::{Covered, SharedSecret, is_fresh, is_plain_id};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use std::time::Duration;

/// A refusal: status, code, and words for the caller's engineer.
pub type No = (StatusCode, &'static str, &'static str);

pub const REPEATED_DIFFERENTLY: No =
    (StatusCode::CONFLICT, "repeated_differently", "this number was used before for something else");

/// What one kind of call decides: lines for the book and the answer, or a refusal. The fault is one that strikes what
/// the call does, not how it is answered.
pub type Decision = Result<(Vec<Entry>, Value), No>;

/// Answers one call: checks its signature, lets `decide` decide on the state, books what came in and what was decided,
/// signs the answer. Blocks.
pub fn answer(
    shared: &Shared,
    partner: Side,
    secret: &SharedSecret,
    path: &str,
    headers: &HeaderMap,
    body: &[u8],
    decide: impl FnOnce(&State, i64, &Value, Option<FaultKind>) -> Decision,
) -> Response {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let id = header("x-request-id");
    let outcome = check(shared, secret, path, id, headers, body).and_then(|fields| {
        let written = shared.write(|state, now| {
            let struck =
                strike(state, partner, On::Answer, &[FaultKind::Late, FaultKind::WrongSignature, FaultKind::Twice]);
            let (fault, used) = struck.map_or((None, None), |(fault, used)| (Some(fault), Some(used)));
            let decision = decide(state, now, &fields, fault.as_ref().map(|fault| fault.kind));
            let outcome = decision.as_ref().map_or_else(|no| no.1, |_| "ok").to_owned();
            let received = Entry::Received { partner, call: path.to_owned(), fields: fields.clone(), outcome };
            let mut entries: Vec<Entry> = used.into_iter().chain([received]).collect();
            let answer = decision.map(|(decided, answer)| {
                entries.extend(decided);
                answer
            });
            (entries, (answer, fault))
        });
        written.map_err(|_| (StatusCode::INTERNAL_SERVER_ERROR, "broken", "the book cannot be written"))
    });
    shared.push_waits.notify_one();
    let (answer, fault) = match outcome {
        Ok((answer, fault)) => (answer, fault),
        Err(no) => (Err(no), None),
    };
    let (status, said) = match answer {
        Ok(answer) => (StatusCode::OK, answer),
        Err((status, code, message)) => (status, json!({ "code": code, "message": message })),
    };
    respond(shared, secret, id, status, &said, fault)
}

/// The body of a call that the merchant signed, for this path, now.
fn check(
    shared: &Shared,
    secret: &SharedSecret,
    path: &str,
    id: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Value, No> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let unsigned = (StatusCode::UNAUTHORIZED, "bad_signature", "key, time or signature do not fit");
    let at_seconds: i64 = header("x-timestamp").parse().map_err(|_| unsigned)?;
    let scope = format!("POST {path}");
    let covered = Covered { scope: &scope, id, at_seconds };
    let good = header("x-key-id") == KEY_ID
        && is_plain_id(id)
        && is_fresh(at_seconds, shared.now().div_euclid(1_000_000))
        && secret.verifies(covered, body, header("x-signature"));
    if !good {
        return Err(unsigned);
    }
    serde_json::from_slice(body).map_err(|_| (StatusCode::BAD_REQUEST, "not_json", "the body is not JSON"))
}

fn respond(
    shared: &Shared,
    secret: &SharedSecret,
    id: &str,
    status: StatusCode,
    said: &Value,
    fault: Option<Fault>,
) -> Response {
    let body = said.to_string();
    let at_seconds = shared.now().div_euclid(1_000_000);
    let mut signature = secret.sign(Covered { scope: "answer", id, at_seconds }, body.as_bytes());
    match fault {
        Some(Fault { kind: FaultKind::WrongSignature, .. }) => signature = format!("v1,{}", spoilt(&signature[3..])),
        Some(Fault { kind: FaultKind::Late, delay_ms, .. }) => std::thread::sleep(Duration::from_millis(delay_ms)),
        _ => {}
    }
    let headers = [
        (header::CONTENT_TYPE.as_str(), "application/json".to_owned()),
        ("x-timestamp", at_seconds.to_string()),
        ("x-signature", signature),
    ];
    (status, headers, body).into_response()
}
