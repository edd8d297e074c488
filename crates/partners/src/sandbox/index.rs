//! The index page, and what an operator of the sandbox asks of all partners: book, pushes, faults, clock.

use super::book::{Entry, Side};
use super::faults::{self, Fault, FaultKind, On, Wanted};
use super::page::{self, Reader};
use super::pushes::{self, Untold};
use super::{NotUnderstood, Shared, off, wish};
use axum::body::Bytes;
use axum::extract::{Query, RawQuery, State as Held};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use maud::{Markup, html};
use policy::Words;
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;

/// The most lines of the book in one answer.
const LINES_MAX: usize = 1_000;

pub fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/", get(index))
        .route("/admin/book", get(book))
        .route("/admin/pushes", get(untold).post(hasten))
        .route("/admin/faults", get(waiting).post(fault))
        .route("/admin/faults/possible", get(possible))
        .route("/admin/clock", post(clock))
}

#[derive(Deserialize)]
struct Pages {
    #[serde(default)]
    after: u64,
    partner: Option<Side>,
}

async fn book(Held(shared): Held<Arc<Shared>>, Query(pages): Query<Pages>) -> Response {
    off(move || match shared.book.lines(pages.after, LINES_MAX) {
        Ok(mut lines) => {
            if let Some(partner) = pages.partner {
                let name = json!(partner);
                lines.retain(|line| line["partner"] == name);
            }
            Json(lines).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    })
    .await
}

async fn untold(Held(shared): Held<Arc<Shared>>) -> Json<Untold> {
    off(move || Json(shared.book.read(pushes::untold))).await
}

async fn hasten(Held(shared): Held<Arc<Shared>>) -> Response {
    off(move || {
        let hastened = shared.write(|state, _| (pushes::hasten(state), ()));
        shared.push_waits.notify_one();
        match hastened {
            Ok(()) => Json(shared.book.read(pushes::untold)).into_response(),
            Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        }
    })
    .await
}

async fn waiting(Held(shared): Held<Arc<Shared>>) -> Json<Vec<Fault>> {
    off(move || Json(shared.book.read(|state| state.faults.clone()))).await
}

async fn possible() -> Json<Vec<Fault>> {
    Json(faults::possible())
}

async fn fault(Held(shared): Held<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let (wanted, from_form) = match wish::<Wanted>(&headers, &body) {
        Ok(read) => read,
        Err(refusal) => return refusal.into_response(),
    };
    let fault = match wanted.read() {
        Ok(fault) => fault,
        Err(why) => return NotUnderstood(why.to_owned()).into_response(),
    };
    off(move || match shared.write(|_, _| (vec![Entry::Fault(fault.clone())], ())) {
        Ok(()) if from_form => Redirect::to("/").into_response(),
        Ok(()) => Json(fault).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    })
    .await
}

#[derive(Deserialize)]
struct Moved {
    offset_micros: i64,
}

async fn clock(Held(shared): Held<Arc<Shared>>, Json(moved): Json<Moved>) -> Response {
    off(move || match shared.write(|_, _| (vec![Entry::Clock { offset: moved.offset_micros }], ())) {
        Ok(()) => Json(json!({ "now_micros": shared.now() })).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    })
    .await
}

async fn index(Held(shared): Held<Arc<Shared>>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let reader = Reader::of(&headers, query.as_deref());
    off(move || {
        let (counts, faults) = shared.book.read(|state| {
            let counts = [state.trades.len(), state.parcels.len(), state.messages.len(), state.pushes.len()];
            (counts, state.faults.clone())
        });
        index_page(reader, counts, &faults).into_response()
    })
    .await
}

fn index_page(reader: Reader, [trades, parcels, messages, pushes]: [usize; 4], faults: &[Fault]) -> Markup {
    let title = Words { en: "Sandbox", zh: "沙箱" };
    let language = reader.language.code();
    let body = html! {
        h1 { (reader.say("The partners' other end", "合作方沙箱")) }
        dl {
            dt { (reader.say("Payment company", "支付机构")) }
            dd { (trades) " " (reader.say("trades", "笔交易")) " · " code { "/alipay/gateway.do" } }
            dt { (reader.say("Waybill platform", "物流平台")) }
            dd { (parcels) " " (reader.say("parcels", "个包裹")) " · "
                 a href={ "/logistics/admin?lang=" (language) } { (reader.say("couriers", "快递")) } }
            dt { (reader.say("Text messages", "短信")) }
            dd { (messages) " " (reader.say("messages", "条短信")) " · "
                 a href={ "/sms/telephone?lang=" (language) } { (reader.say("telephones", "手机短信")) } }
            dt { (reader.say("Waiting to be told", "待推送")) } dd { (pushes) }
            dt { (reader.say("Book", "流水")) } dd { a href="/admin/book" { code { "/admin/book" } } }
        }
        h2 { (reader.say("Faults", "故障注入")) }
        @if faults.is_empty() { p.quiet { (reader.say("None is set.", "未设置。")) } }
        @else {
            ul { @for fault in faults { li {
                (word(fault.partner)) ": " (word(fault.kind)) " × " (fault.count)
                @if fault.on == On::Answer { " (" (reader.say("answers", "应答")) ")" }
            } } }
        }
        form.row method="post" action="/admin/faults" {
            (choice(reader.say("Partner", "合作方"), "partner", &Side::ALL))
            (choice(reader.say("Fault", "故障"), "kind", &FaultKind::ALL))
            button { (reader.say("Let it happen once", "触发一次")) }
        }
    };
    page::wide(reader, title, None, body)
}

/// The word by which the JSON interface knows it.
fn word(value: impl serde::Serialize) -> String {
    json!(value).as_str().unwrap_or_default().to_owned()
}

fn choice<T: serde::Serialize>(label: &str, name: &str, values: &[T]) -> Markup {
    html! {
        label { (label) " " select name=(name) {
            @for value in values { option { (word(value)) } }
        } }
    }
}
