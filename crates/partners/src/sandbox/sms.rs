//! The text message gateway's end: messages arrive at telephones that one can look at.

use super::book::{Entry, Message, Side, State};
use super::faults::FaultKind;
use super::page::{self, Reader};
use super::signed::{self, Decision, REPEATED_DIFFERENTLY};
use super::{Shared, off};
use axum::body::Bytes;
use axum::extract::{Query, RawQuery, State as Held};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use jiff::Timestamp;
use maud::{Markup, html};
use policy::{Language, Words};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The words of the approved templates; `{name}` stands for a parameter.
const TEMPLATES: [(&str, Words); 6] = [
    (
        "verification_code",
        Words {
            en: "{code} is your Hanse code. It is valid for ten minutes. Nobody of ours will ever ask you for it.",
            zh: "【Hanse】您的验证码是 {code},十分钟内有效。我们的工作人员不会向您索取验证码。",
        },
    ),
    (
        "number_has_account",
        Words {
            en: "Somebody asked to open a Hanse account with this number, which has one already. Sign in by code instead; if it was not you, nothing has happened.",
            zh: "【Hanse】有人使用此号码申请注册，但该号码已有账号。请使用验证码登录；如非本人操作，无需处理。",
        },
    ),
    (
        "order_shipped",
        Words {
            en: "{shop} has handed your order to the courier.", zh: "【Hanse】{shop} 已将您的订单交付快递。"
        },
    ),
    ("order_delivered", Words { en: "Your order was delivered: {place}.", zh: "【Hanse】您的订单已送达:{place}。" }),
    (
        "sign_in_warning",
        Words {
            en: "Somebody signed in to your Hanse account on a new device, {time}. If it was not you, end it at /my/security and change your password.",
            zh: "【Hanse】您的账号于 {time} 在新设备上登录。如非本人操作，请立即在 /my/security 退出该登录并修改密码。",
        },
    ),
    (
        "consignee_notice",
        Words {
            en: "{who} gave us your name, address and telephone to send you a parcel. What we do with them: {page}",
            zh: "【Hanse】{who} 为向您寄送包裹向我们提供了您的姓名、地址和电话。详情:{page}",
        },
    ),
];

pub fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/v1/messages", post(send))
        .route("/messages", get(messages))
        .route("/telephone", get(telephone))
}

async fn send(Held(shared): Held<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    off(move || signed::answer(&shared, Side::Sms, &shared.sms, "/v1/messages", &headers, &body, accept)).await
}

#[derive(Deserialize)]
struct Request {
    message_id: String,
    phone: String,
    template: String,
    language: String,
    parameters: BTreeMap<String, String>,
}

fn accept(state: &State, now: i64, fields: &Value, fault: Option<FaultKind>) -> Decision {
    let unreadable = (StatusCode::BAD_REQUEST, "unreadable", "a field is missing");
    let request: Request = serde_json::from_value(fields.clone()).map_err(|_| unreadable)?;
    let digits = request.phone.strip_prefix('+').unwrap_or(&request.phone);
    if !(8..=15).contains(&digits.len()) || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err((StatusCode::UNPROCESSABLE_ENTITY, "not_a_phone", "the telephone number is not one"));
    }
    let unknown = (StatusCode::UNPROCESSABLE_ENTITY, "unknown_template", "no template has this name");
    let (_, words) = TEMPLATES.iter().find(|(name, _)| *name == request.template).ok_or(unknown)?;
    let language = if request.language == "zh" { Language::Zh } else { Language::En };
    let text = filled(words.in_(language), &request.parameters);
    let answer = json!({ "message_id": request.message_id });
    if let Some(known) = state.messages.iter().rev().find(|known| known.message_id == request.message_id) {
        let same = known.phone == request.phone && known.text == text;
        return if same { Ok((vec![], answer)) } else { Err(REPEATED_DIFFERENTLY) };
    }
    let message = Message {
        message_id: request.message_id,
        phone: request.phone,
        template: request.template,
        language: request.language,
        parameters: request.parameters,
        text,
        at: now,
    };
    let copies = if fault == Some(FaultKind::Twice) { 2 } else { 1 };
    Ok((vec![Entry::Message(message); copies], answer))
}

fn filled(words: &str, parameters: &BTreeMap<String, String>) -> String {
    parameters.iter().fold(words.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
}

#[derive(Deserialize)]
struct Which {
    phone: Option<String>,
}

/// Newest first; all, or those of one telephone.
fn newest(state: &State, phone: Option<&str>) -> Vec<Message> {
    let of_it = |message: &&Message| phone.is_none_or(|phone| message.phone == phone);
    state.messages.iter().rev().filter(of_it).take(200).cloned().collect()
}

async fn messages(Held(shared): Held<Arc<Shared>>, Query(which): Query<Which>) -> Json<Vec<Message>> {
    off(move || Json(shared.book.read(|state| newest(state, which.phone.as_deref())))).await
}

async fn telephone(
    Held(shared): Held<Arc<Shared>>,
    Query(which): Query<Which>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let reader = Reader::of(&headers, query.as_deref());
    off(move || {
        let (messages, phones) = shared.book.read(|state| {
            let phones: BTreeSet<String> = state.messages.iter().map(|message| message.phone.clone()).collect();
            (newest(state, which.phone.as_deref()), phones)
        });
        telephone_page(reader, which.phone.as_deref(), &messages, &phones).into_response()
    })
    .await
}

fn telephone_page(reader: Reader, phone: Option<&str>, messages: &[Message], phones: &BTreeSet<String>) -> Markup {
    let title = Words { en: "Telephones", zh: "手机短信" };
    let language = reader.language.code();
    let body = html! {
        h1 { @if let Some(phone) = phone { (phone) } @else { (title.in_(reader.language)) } }
        p.quiet { (reader.say("This page looks for new messages every five seconds.", "本页每五秒自动刷新。")) }
        @if let Some(_) = phone {
            p { a href={ "/sms/telephone?lang=" (language) } { (reader.say("All telephones", "全部号码")) } }
        } @else if phones.len() > 1 {
            p.row {
                @for phone in phones {
                    a href={ "/sms/telephone?" (query_of(phone, language)) } { (phone) }
                }
            }
        }
        @if messages.is_empty() { p { (reader.say("No message has arrived yet.", "暂无短信。")) } }
        ul.messages {
            @for message in messages {
                li {
                    time { (local(message.at)) } " "
                    @if phone.is_none() { strong { (message.phone) } }
                    p { (message.text) }
                }
            }
        }
    };
    page::wide(reader, title, Some(5), body)
}

fn query_of(phone: &str, language: &str) -> String {
    form_urlencoded::Serializer::new(String::new()).append_pair("phone", phone).append_pair("lang", language).finish()
}

fn local(at: i64) -> String {
    Timestamp::from_microsecond(at)
        .map_or_else(|_| String::new(), |at| at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string())
}
