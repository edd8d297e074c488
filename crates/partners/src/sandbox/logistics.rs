//! The waybill platform's end, and the couriers behind it.

use super::book::{Entry, Event, Parcel, Side, State};
use super::faults::FaultKind;
use super::page::{self, Reader};
use super::pushes;
use super::signed::{self, Decision, No, REPEATED_DIFFERENTLY};
use super::{Shared, off, wish};
use axum::body::Bytes;
use axum::extract::{RawQuery, State as Held};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use maud::{Markup, html};
use policy::Words;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The couriers behind the platform: code, prefix of their waybill numbers, name.
pub const COURIERS: [(&str, &str, Words); 4] = [
    ("sf", "SF", Words { en: "SF Express", zh: "顺丰速运" }),
    ("yto", "YT", Words { en: "YTO Express", zh: "圆通速递" }),
    ("zto", "ZT", Words { en: "ZTO Express", zh: "中通快递" }),
    ("jd", "JD", Words { en: "JD Logistics", zh: "京东物流" }),
];

/// The way of a parcel, one step after the other.
const WAY: [(&str, Option<&str>); 5] = [
    ("accepted", None),
    ("in_transit", Some("Yiwu sorting centre")),
    ("in_transit", Some("Hangzhou hub")),
    ("out_for_delivery", None),
    ("delivered", None),
];

pub fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/v1/waybills", post(waybill))
        .route("/v1/waybills/cancel", post(cancel))
        .route("/v1/waybills/query", post(query))
        .route("/admin", get(admin))
        .route("/admin/advance", post(advance))
}

/// The shared state, as a handler gets it.
type Sandbox = Held<Arc<Shared>>;

async fn waybill(shared: Sandbox, headers: HeaderMap, body: Bytes) -> Response {
    call(shared, "/v1/waybills", headers, body, take).await
}

async fn cancel(shared: Sandbox, headers: HeaderMap, body: Bytes) -> Response {
    call(shared, "/v1/waybills/cancel", headers, body, call_back).await
}

async fn query(shared: Sandbox, headers: HeaderMap, body: Bytes) -> Response {
    call(shared, "/v1/waybills/query", headers, body, tell).await
}

async fn call(
    Held(shared): Sandbox,
    path: &'static str,
    headers: HeaderMap,
    body: Bytes,
    decide: fn(&State, i64, &Value, Option<FaultKind>) -> Decision,
) -> Response {
    off(move || signed::answer(&shared, Side::Logistics, &shared.logistics.calls, path, &headers, &body, decide)).await
}

fn no(code: &'static str, message: &'static str) -> No {
    (StatusCode::UNPROCESSABLE_ENTITY, code, message)
}

fn part<'a>(fields: &'a Value, pointer: &str) -> Result<&'a str, No> {
    let text = fields.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty());
    text.ok_or(no("unreadable", "a field is missing"))
}

/// A waybill is asked for. Addresses that hold `unreachable` are refused, so that one can see what happens then.
fn take(state: &State, now: i64, fields: &Value, _: Option<FaultKind>) -> Decision {
    let parcel_ref = part(fields, "/parcel_ref")?.to_owned();
    if let Some(known) = state.parcels.get(&parcel_ref) {
        return if known.request == *fields { Ok((vec![], waybill_of(known))) } else { Err(REPEATED_DIFFERENTLY) };
    }
    let code = part(fields, "/courier")?;
    let (_, prefix, _) = COURIERS
        .iter()
        .find(|(known, _, _)| *known == code)
        .ok_or(no("unknown_courier", "no courier has this code"))?;
    for pointer in ["/consignee/name", "/consignee/phone", "/sender/shop_name", "/sender/place", "/push_url"] {
        part(fields, pointer)?;
    }
    if part(fields, "/consignee/address")?.contains("unreachable") {
        return Err(no("unreachable_address", "no courier goes there"));
    }
    let random = uuid::Uuid::new_v4().as_u128();
    let parcel = Parcel {
        waybill_number: format!("{prefix}{:012}", random % 1_000_000_000_000),
        phone_on_label: format!("95013-{:04}-{:04}", random % 9_973, random % 9_967),
        sort_code: format!("{:03}-{:02}", random % 997, random % 97),
        courier: code.to_owned(),
        push_url: part(fields, "/push_url")?.to_owned(),
        request: fields.clone(),
        events: Vec::new(),
        cancelled: false,
        moved_at: now,
        parcel_ref,
    };
    let handed_on = Entry::HandedOn { courier: parcel.courier.clone(), fields: for_courier(&parcel) };
    let answer = waybill_of(&parcel);
    Ok((vec![Entry::Parcel(parcel), handed_on], answer))
}

fn waybill_of(parcel: &Parcel) -> Value {
    json!({
        "parcel_ref": parcel.parcel_ref,
        "waybill_number": parcel.waybill_number,
        "courier": parcel.courier,
        "phone_on_label": parcel.phone_on_label,
        "sort_code": parcel.sort_code,
    })
}

/// What the courier gets: what the merchant allowed by name, the waybill's number, and where the parcel is fetched.
fn for_courier(parcel: &Parcel) -> Value {
    let mut fields = serde_json::Map::new();
    let allowed = parcel.request["hand_to_courier"].as_array().map(Vec::as_slice).unwrap_or_default();
    for name in allowed.iter().filter_map(Value::as_str) {
        if let Some(value) = parcel.request.pointer(&format!("/{}", name.replace('.', "/"))) {
            fields.insert(name.to_owned(), value.clone());
        }
    }
    fields.insert("waybill_number".into(), parcel.waybill_number.clone().into());
    fields.insert("sender".into(), parcel.request["sender"].clone());
    Value::Object(fields)
}

/// The parcel that a call names by both its numbers.
fn named<'a>(state: &'a State, fields: &Value) -> Result<&'a Parcel, No> {
    let number = part(fields, "/waybill_number")?;
    let parcel = state.parcels.get(part(fields, "/parcel_ref")?);
    parcel.filter(|parcel| parcel.waybill_number == number).ok_or((
        StatusCode::NOT_FOUND,
        "unknown_waybill",
        "no parcel has these numbers",
    ))
}

fn call_back(state: &State, now: i64, fields: &Value, _: Option<FaultKind>) -> Decision {
    let parcel = named(state, fields)?;
    let answer = json!({ "parcel_ref": parcel.parcel_ref });
    if parcel.cancelled {
        return Ok((vec![], answer));
    }
    if !parcel.events.is_empty() {
        return Err((StatusCode::CONFLICT, "already_accepted", "the courier has the parcel"));
    }
    Ok((vec![Entry::Parcel(Parcel { cancelled: true, moved_at: now, ..parcel.clone() })], answer))
}

fn tell(state: &State, _: i64, fields: &Value, _: Option<FaultKind>) -> Decision {
    let parcel = named(state, fields)?;
    let events: Vec<Value> = parcel.events.iter().map(|event| json!(said(parcel, event))).collect();
    Ok((vec![], json!({ "parcel_ref": parcel.parcel_ref, "events": events })))
}

/// An event as the platform says it: with more than was agreed, as platforms do (3.1.5-1B.2).
fn said(parcel: &Parcel, event: &Event) -> BTreeMap<String, Value> {
    let mut content: BTreeMap<String, Value> = [
        ("event_id", json!(event.event_id)),
        ("parcel_ref", json!(parcel.parcel_ref)),
        ("waybill_number", json!(parcel.waybill_number)),
        ("kind", json!(event.kind)),
        ("at_ms", json!(event.at_ms)),
        ("consignee_name", parcel.request["consignee"]["name"].clone()),
        ("consignee_phone", parcel.request["consignee"]["phone"].clone()),
        ("courier_contact", json!({ "name": "赵师傅", "phone": "13900139000" })),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect();
    for (name, value) in [("place", &event.place), ("reason", &event.reason)] {
        if let Some(value) = value {
            content.insert(name.to_owned(), json!(value));
        }
    }
    content
}

/// Which parcel is to move, and where to; every one that can, one step, where nothing is said.
#[derive(Default, Deserialize)]
pub struct Move {
    parcel_ref: Option<String>,
    waybill_number: Option<String>,
    /// A word of the protocol; the next step where absent.
    to: Option<String>,
    place: Option<String>,
    reason: Option<String>,
}

async fn advance(Held(shared): Sandbox, headers: HeaderMap, body: Bytes) -> Response {
    let (wanted, from_form) = match wish::<Move>(&headers, &body) {
        Ok(read) => read,
        Err(refusal) => return refusal.into_response(),
    };
    off(move || {
        let moved = shared.write(|state, now| step(state, now, &wanted));
        shared.push_waits.notify_one();
        match moved {
            Ok(_) if from_form => Redirect::to("/logistics/admin").into_response(),
            Ok(moved) => Json(json!({ "moved": moved })).into_response(),
            Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        }
    })
    .await
}

/// Moves what can be moved; answers the references of what did.
fn step(state: &State, now: i64, wanted: &Move) -> (Vec<Entry>, Vec<String>) {
    let chosen = state.parcels.values().filter(|parcel| {
        wanted.parcel_ref.as_ref().is_none_or(|reference| *reference == parcel.parcel_ref)
            && wanted.waybill_number.as_ref().is_none_or(|number| *number == parcel.waybill_number)
    });
    let mut entries = Vec::new();
    let mut moved = Vec::new();
    for parcel in chosen {
        let Some((kind, place)) = next(parcel, wanted) else { continue };
        let event = Event {
            event_id: uuid::Uuid::now_v7().simple().to_string(),
            place: place.filter(|_| kind == "in_transit"),
            reason: (kind == "failed").then(|| wanted.reason.clone().unwrap_or_else(|| "nobody_there".into())),
            kind,
            at_ms: now.div_euclid(1_000),
        };
        entries.push(pushes::fresh(Side::Logistics, &parcel.push_url, said(parcel, &event)));
        let mut after = parcel.clone();
        after.events.push(event);
        after.moved_at = now;
        moved.push(after.parcel_ref.clone());
        entries.insert(0, Entry::Parcel(after));
    }
    (entries, moved)
}

/// The next event of a parcel that still moves: its kind and place.
fn next(parcel: &Parcel, wanted: &Move) -> Option<(String, Option<String>)> {
    let last = parcel.events.last().map(|event| event.kind.as_str());
    if parcel.cancelled || matches!(last, Some("delivered" | "failed")) {
        return None;
    }
    if let Some(kind) = &wanted.to {
        let known = kind == "failed" || WAY.iter().any(|(known, _)| known == kind);
        let place = wanted.place.clone().unwrap_or_else(|| "Hangzhou hub".to_owned());
        return known.then(|| (kind.clone(), Some(place)));
    }
    let (kind, place) = WAY[parcel.events.len().min(WAY.len() - 1)];
    Some((kind.to_owned(), wanted.place.clone().or(place.map(str::to_owned))))
}

/// Moves every parcel that has rested for at least `rest` microseconds.
pub fn step_rested(state: &State, now: i64, rest: i64) -> Vec<Entry> {
    let rested = state.parcels.values().filter(|parcel| now - parcel.moved_at >= rest);
    rested
        .flat_map(|parcel| step(state, now, &Move { parcel_ref: Some(parcel.parcel_ref.clone()), ..Move::default() }).0)
        .collect()
}

async fn admin(Held(shared): Sandbox, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let reader = Reader::of(&headers, query.as_deref());
    off(move || {
        let mut parcels = shared.book.read(|state| state.parcels.values().cloned().collect::<Vec<_>>());
        parcels.sort_by_key(|parcel| std::cmp::Reverse(parcel.moved_at));
        parcels.truncate(200);
        admin_page(reader, &parcels).into_response()
    })
    .await
}

fn admin_page(reader: Reader, parcels: &[Parcel]) -> Markup {
    let title = Words { en: "Couriers", zh: "快递" };
    let body = html! {
        h1 { (title.in_(reader.language)) }
        @if parcels.is_empty() { p { (reader.say("No parcel yet.", "暂无包裹。")) } }
        @else {
            div.scroll { table {
                thead { tr {
                    th scope="col" { (reader.say("Waybill", "运单号")) }
                    th scope="col" { (reader.say("From", "寄件")) }
                    th scope="col" { (reader.say("To", "收件")) }
                    th scope="col" { (reader.say("State", "状态")) }
                    th scope="col" { (reader.say("Push on", "推进")) }
                } }
                tbody { @for parcel in parcels { (row(reader, parcel)) } }
            } }
        }
    };
    page::wide(reader, title, None, body)
}

fn row(reader: Reader, parcel: &Parcel) -> Markup {
    let text = |pointer: &str| parcel.request.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let last = parcel.events.last();
    let state = match last {
        _ if parcel.cancelled => reader.say("cancelled", "已取消"),
        None => reader.say("waits for the courier", "待揽收"),
        Some(event) => match event.kind.as_str() {
            "accepted" => reader.say("accepted", "已揽收"),
            "in_transit" => reader.say("in transit", "运输中"),
            "out_for_delivery" => reader.say("out for delivery", "派送中"),
            "delivered" => reader.say("delivered", "已签收"),
            _ => reader.say("failed", "派送失败"),
        },
    };
    let moves = next(parcel, &Move::default()).is_some();
    html! {
        tr {
            td { code { (parcel.waybill_number) } }
            td { (text("/sender/shop_name")) br; (text("/sender/place")) }
            td { (text("/consignee/name")) br; (text("/consignee/address")) }
            td {
                (state)
                @if let Some(place) = last.and_then(|event| event.place.as_ref()) { br; (place) }
            }
            td {
                @if moves {
                    form.row method="post" action="/logistics/admin/advance" {
                        input type="hidden" name="parcel_ref" value=(parcel.parcel_ref);
                        button { (reader.say("Next step", "下一步")) }
                        button name="to" value="failed" { (reader.say("Fails", "派送失败")) }
                    }
                }
            }
        }
    }
}
