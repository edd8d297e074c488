//! The payment platform's end: `gateway.do`, the cashier, bills.

mod bill;
pub mod cashier;
pub mod trades;

use super::book::{Entry, Side, State};
use super::faults::{FaultKind, On, strike};
use super::keys::APP_ID;
use super::page::{self, Reader};
use super::pushes::spoilt;
use super::{Shared, off};
use crate::alipay::gateway::answer_name;
use crate::form::{self, Parameters};
use crate::{PrivateKey, PublicKey, beijing, yuan};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{RawQuery, State as Held};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use jiff::civil::Date;
use maud::html;
use policy::Words;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use trades::No;

/// The platform's keys and what it need not remember over a restart.
pub struct Platform {
    pub ours: PrivateKey,
    pub merchant: PublicKey,
    /// Bills by the secret part of their address.
    pub bills: Mutex<HashMap<String, Date>>,
}

/// The most parameters of a request.
const PARAMETERS_MAX: usize = 60;

pub fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/gateway.do", get(gateway).post(gateway))
        .route("/cashier/{token}", get(cashier::show).post(cashier::act))
        .route("/bill/{file}", get(bill::download))
}

/// A request as the gateway took it.
struct Request {
    method: String,
    content: Value,
    parameters: Parameters,
}

async fn gateway(
    Held(shared): Held<Arc<Shared>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost").to_owned();
    let reader = Reader::of(&headers, query.as_deref());
    off(move || {
        let mut encoded = query.unwrap_or_default().into_bytes();
        encoded.push(b'&');
        encoded.extend_from_slice(&body);
        let parameters = form::read(&encoded, PARAMETERS_MAX).unwrap_or_default();
        let method = parameters.get("method").cloned().unwrap_or_default();
        if matches!(method.as_str(), "alipay.trade.page.pay" | "alipay.trade.wap.pay") {
            return to_cashier(&shared, parameters, reader);
        }
        let outcome = take(&shared, &parameters).and_then(|request| answer(&shared, request, &host));
        if let Err(no) = &outcome {
            note(&shared, &parameters, &no.sub_code);
        }
        respond(&shared, &method, outcome)
    })
    .await
}

/// The common parameters in order, and signed by the merchant.
fn take(shared: &Shared, parameters: &Parameters) -> Result<Request, No> {
    let need = |name: &str| parameters.get(name).filter(|value| !value.is_empty()).ok_or_else(|| trades::missing(name));
    let method = need("method")?.clone();
    if need("app_id")? != APP_ID {
        return Err(trades::invalid("isv.invalid-app-id", "无效的AppID参数"));
    }
    if need("sign_type")? != "RSA2" {
        return Err(trades::invalid("isv.invalid-signature-type", "无效的签名类型"));
    }
    if !need("charset")?.eq_ignore_ascii_case("utf-8") {
        return Err(trades::invalid("isv.invalid-charset", "字符集错误"));
    }
    if beijing::read(need("timestamp")?).is_none() {
        return Err(trades::invalid("isv.invalid-timestamp", "非法的时间戳参数"));
    }
    if need("version")? != "1.0" {
        return Err(trades::invalid("isv.invalid-version", "无效的接口版本"));
    }
    // The kind of signature is covered in a request, unlike in a notification.
    if !shared.alipay.merchant.verifies(&form::signed_text(parameters, &["sign"]), need("sign")?) {
        return Err(trades::invalid("isv.invalid-signature", "验签出错"));
    }
    let content = match parameters.get("biz_content").map(|text| serde_json::from_str::<Value>(text)) {
        Some(Ok(content @ Value::Object(_))) => content,
        None => Value::Object(Default::default()),
        Some(_) => return Err(trades::invalid("isv.invalid-parameter", "参数无效")),
    };
    Ok(Request { method, content, parameters: parameters.clone() })
}

/// What came in, for the book: everything but signatures, business parameters readable.
fn received(parameters: &Parameters, outcome: &str) -> Entry {
    let fields = parameters
        .iter()
        .filter(|(name, _)| *name != "sign")
        .map(|(name, value)| {
            let readable = serde_json::from_str(value).ok().filter(|_| name == "biz_content");
            (name.clone(), readable.unwrap_or_else(|| value.as_str().into()))
        })
        .collect();
    let call = parameters.get("method").cloned().unwrap_or_default();
    Entry::Received { partner: Side::Alipay, call, fields: Value::Object(fields), outcome: outcome.to_owned() }
}

fn note(shared: &Shared, parameters: &Parameters, outcome: &str) {
    let entry = received(parameters, outcome);
    if let Err(error) = shared.write(|_, _| (vec![entry], ())) {
        tracing::error!(%error, "the sandbox's book cannot be written");
    }
}

fn answer(shared: &Shared, request: Request, host: &str) -> Result<Value, No> {
    let Request { method, content, parameters } = request;
    let decided = shared.write(|state, now| {
        let decision = decide(state, now, &method, &content);
        match decision {
            // A look-up may have closed a trade whose time ran out even where the call is then refused.
            Err(no) => (trades::close_late(state, now), Err(no)),
            Ok((mut entries, answer)) => {
                entries.insert(0, received(&parameters, "ok"));
                (entries, Ok((answer, now)))
            }
        }
    });
    let (mut answer, now) = decided.map_err(|_| unavailable())??;
    shared.push_waits.notify_one();
    if method == "alipay.data.dataservice.bill.downloadurl.query" {
        answer = bill::address(shared, now, &content, host)?;
    }
    Ok(answer)
}

fn decide(state: &State, now: i64, method: &str, content: &Value) -> Result<(Vec<Entry>, Value), No> {
    match method {
        "alipay.trade.query" => trades::query(state, now, content),
        "alipay.trade.close" => trades::close(state, now, content),
        "alipay.trade.refund" => trades::refund(state, now, content),
        "alipay.trade.fastpay.refund.query" => trades::refund_query(state, now, content),
        "alipay.fund.trans.uni.transfer" => trades::transfer(state, now, content),
        "alipay.fund.trans.common.query" => trades::transfer_query(state, content),
        "alipay.data.dataservice.bill.downloadurl.query" => Ok((vec![], Value::Null)),
        _ => Err(trades::invalid("isv.invalid-method", "不存在的方法名")),
    }
}

fn unavailable() -> No {
    No {
        code: "20000",
        msg: "Service Currently Unavailable",
        sub_code: "isp.unknow-error".to_owned(),
        sub_msg: "系统繁忙",
    }
}

/// The answer in the platform's envelope, signed over exactly its JSON.
fn respond(shared: &Shared, method: &str, outcome: Result<Value, No>) -> Response {
    // Another amount waits for an answer that names one.
    let amount = outcome.as_ref().is_ok_and(|answer| answer.get("total_amount").is_some());
    let kinds: &[FaultKind] = match amount {
        true => &[FaultKind::Late, FaultKind::WrongSignature, FaultKind::OtherAmount],
        false => &[FaultKind::Late, FaultKind::WrongSignature],
    };
    let fault = shared
        .write(|state, _| match strike(state, Side::Alipay, On::Answer, kinds) {
            Some((fault, entry)) => (vec![entry], Some(fault)),
            None => (vec![], None),
        })
        .ok()
        .flatten();
    let kind = fault.as_ref().map(|fault| fault.kind);
    // What the gateway cannot attribute to a method of its own stands under a name of its own.
    let unknown = outcome.as_ref().is_err_and(|no| no.sub_code == "isv.invalid-method") || method.is_empty();
    let name = if unknown { "error_response".to_owned() } else { answer_name(method) };
    let mut said = serde_json::Map::new();
    let (code, msg) = match outcome {
        Ok(answer) => {
            said.extend(answer.as_object().cloned().unwrap_or_default());
            ("10000", "Success")
        }
        Err(no) => {
            said.insert("sub_code".into(), no.sub_code.into());
            said.insert("sub_msg".into(), no.sub_msg.into());
            (no.code, no.msg)
        }
    };
    said.insert("code".into(), code.into());
    said.insert("msg".into(), msg.into());
    if kind == Some(FaultKind::OtherAmount)
        && let Some(total) = said.get("total_amount").and_then(Value::as_str).and_then(yuan::read)
    {
        said.insert("total_amount".into(), yuan::write(total + 1).into());
    }
    let body = Value::Object(said).to_string();
    let mut sign = shared.alipay.ours.sign(&body);
    match kind {
        Some(FaultKind::WrongSignature) => sign = spoilt(&sign),
        Some(FaultKind::Late) => std::thread::sleep(Duration::from_millis(fault.map_or(0, |fault| fault.delay_ms))),
        _ => {}
    }
    let text = format!(r#"{{"{name}":{body},"sign":"{sign}"}}"#);
    ([(header::CONTENT_TYPE, "application/json;charset=utf-8")], text).into_response()
}

/// A browser with a payment's address: the trade begins, and the payer meets the cashier.
fn to_cashier(shared: &Shared, parameters: Parameters, reader: Reader) -> Response {
    let opened = take(shared, &parameters).and_then(|request| {
        let url = |name: &str| request.parameters.get(name).filter(|url| !url.is_empty()).cloned();
        let urls = [url("notify_url"), url("return_url")];
        let decided = shared.write(|state, now| match trades::open(state, now, &request.content, urls) {
            Ok((mut entries, trade)) => {
                entries.insert(0, received(&parameters, "ok"));
                (entries, Ok(trade))
            }
            Err(no) => (trades::close_late(state, now), Err(no)),
        });
        decided.map_err(|_| unavailable())?
    });
    match opened {
        Ok(trade) => Redirect::to(&format!("/alipay/cashier/{}{}", trade.cashier, reader.query())).into_response(),
        Err(no) => {
            note(shared, &parameters, &no.sub_code);
            let title = Words { en: "This payment cannot be opened", zh: "无法打开该笔支付" };
            let body = html! {
                h1 { (title.in_(reader.language)) }
                p { (no.sub_msg) }
                p.quiet { code { (no.sub_code) } }
            };
            (StatusCode::BAD_REQUEST, page::narrow(reader, title, body)).into_response()
        }
    }
}
