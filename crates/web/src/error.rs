//! When it cannot be done: one page for each reason, in the reader's language, with what to do next.
//!
//! Handlers return a [`Failure`]; the layer [`pages`] turns it, and what the router itself refuses, into a page in
//! the frame. A fault shows an id and nothing else; the log has the rest under that id.

use crate::frame::{Frame, paths};
use crate::language::{f, t};
use crate::ui;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use std::any::Any;
use std::fmt::Display;

/// Why a page is not shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The request makes no sense as it came; nobody typed it.
    BadRequest,
    /// A form with files that cannot be taken apart: cut short, or a file has a name that no form can carry.
    UnreadableForm,
    /// The form is not from our page, or older than the session: shown again, it will work.
    StaleForm,
    /// Signed in, and not allowed.
    Forbidden,
    /// Not there, or not for this reader: the answer does not tell which.
    NotFound,
    /// Somebody else was first; `key` says what changed.
    Conflict(&'static str),
    TooLarge,
    TooMany {
        after_seconds: u32,
    },
    /// Ours, logged under this id.
    Fault(String),
    Unavailable,
}

impl Failure {
    /// Logs `error` under a fresh id.
    pub fn fault(error: impl Display) -> Failure {
        let mut bytes = [0_u8; 5];
        // Without random bytes the id is only less distinct.
        let _ = aws_lc_rs::rand::fill(&mut bytes);
        let id = bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        tracing::error!(fault = %id, "{error}");
        Failure::Fault(id)
    }

    pub fn status(&self) -> StatusCode {
        match self {
            Failure::BadRequest | Failure::UnreadableForm => StatusCode::BAD_REQUEST,
            Failure::StaleForm | Failure::Forbidden => StatusCode::FORBIDDEN,
            Failure::NotFound => StatusCode::NOT_FOUND,
            Failure::Conflict(_) => StatusCode::CONFLICT,
            Failure::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Failure::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
            Failure::Fault(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Failure::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// What the router or an extractor of axum refused by itself.
    fn of_status(status: StatusCode) -> Failure {
        match status {
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => Failure::NotFound,
            StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED => Failure::Forbidden,
            StatusCode::PAYLOAD_TOO_LARGE => Failure::TooLarge,
            StatusCode::TOO_MANY_REQUESTS => Failure::TooMany { after_seconds: 60 },
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::REQUEST_TIMEOUT => Failure::Unavailable,
            status if status.is_server_error() => Failure::fault(format!("an answer {status} without a reason")),
            _ => Failure::BadRequest,
        }
    }
}

impl IntoResponse for Failure {
    /// The bare status; `pages` puts the page around it.
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        if let Failure::TooMany { after_seconds } = self {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(after_seconds));
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// A panic in a handler, as a fault. What it said goes to the log and to nobody else.
pub(crate) fn panicked(payload: Box<dyn Any + Send + 'static>) -> Response {
    let said = payload.downcast_ref::<String>().map(String::as_str).or_else(|| payload.downcast_ref::<&str>().copied());
    Failure::fault(format!("a handler panicked: {}", said.unwrap_or("without words"))).into_response()
}

/// The layer that answers a failure with its page.
pub(crate) async fn pages(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let kept = parts.clone();
    let mut response = next.run(Request::from_parts(parts, body)).await;
    let failure = response.extensions_mut().remove::<Failure>();
    let status = response.status();
    let worded = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind != "text/plain; charset=utf-8");
    let failure = match failure {
        Some(failure) => failure,
        None if (status.is_client_error() || status.is_server_error()) && !worded => Failure::of_status(status),
        None => return response,
    };
    let Ok(frame) = Frame::of(&kept) else { return response };
    // The status stays the router's own (405 tells a machine more than the page needs to tell a person).
    let mut page = page(&frame, &failure, status);
    for (name, value) in response.headers() {
        if name != header::CONTENT_TYPE && name != header::CONTENT_LENGTH {
            page.headers_mut().append(name, value.clone());
        }
    }
    page
}

fn page(frame: &Frame, failure: &Failure, status: StatusCode) -> Response {
    let lang = frame.lang;
    let (title, text) = match failure {
        Failure::BadRequest => (t(lang, "failure-bad-request"), t(lang, "failure-bad-request-text").to_owned()),
        Failure::UnreadableForm => {
            (t(lang, "failure-unreadable-form"), t(lang, "failure-unreadable-form-text").to_owned())
        }
        Failure::StaleForm => (t(lang, "failure-stale-form"), t(lang, "failure-stale-form-text").to_owned()),
        Failure::Forbidden => (t(lang, "failure-forbidden"), t(lang, "failure-forbidden-text").to_owned()),
        Failure::NotFound => (t(lang, "failure-not-found"), t(lang, "failure-not-found-text").to_owned()),
        Failure::Conflict(key) => (t(lang, "failure-conflict"), t(lang, key).to_owned()),
        Failure::TooLarge => (t(lang, "failure-too-large"), t(lang, "failure-too-large-text").to_owned()),
        Failure::TooMany { after_seconds } => {
            let minutes = ("minutes", after_seconds.div_ceil(60).max(1).into());
            (t(lang, "failure-too-many"), f(lang, "failure-too-many-text", &[minutes]))
        }
        Failure::Fault(_) => (t(lang, "failure-fault"), t(lang, "failure-fault-text").to_owned()),
        Failure::Unavailable => (t(lang, "failure-unavailable"), t(lang, "failure-unavailable-text").to_owned()),
    };
    let main = html! {
        section.card.blank {
            (ui::icon::warn())
            h1 { (title) }
            p { (text) }
            @if let Failure::Fault(id) = failure {
                p.note { (f(lang, "failure-fault-id", &[("id", id.into())])) }
            }
            (next_steps(frame, failure))
        }
    };
    frame.page(title).narrow().answer_with(status, main)
}

fn next_steps(frame: &Frame, failure: &Failure) -> Markup {
    let lang = frame.lang;
    html! {
        p.actions {
            @if *failure == Failure::Forbidden && frame.who.is_guest() {
                (ui::link_button(&frame.path(paths::SIGN_IN), t(lang, "sign-in"), ui::Look::Main))
            } @else {
                (ui::link_button(&frame.path(paths::HOME), t(lang, "to-home"), ui::Look::Main))
            }
            (ui::link_button(&frame.path(paths::CONTACT), t(lang, "contact-us"), ui::Look::Plain))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Who;
    use crate::language::Lang;

    #[tokio::test]
    async fn every_failure_has_a_page_in_both_languages() {
        let all = [
            Failure::BadRequest,
            Failure::UnreadableForm,
            Failure::StaleForm,
            Failure::Forbidden,
            Failure::NotFound,
            Failure::Conflict("failure-conflict-text"),
            Failure::TooLarge,
            Failure::TooMany { after_seconds: 90 },
            Failure::Fault("0a1b2c".into()),
            Failure::Unavailable,
        ];
        for lang in Lang::ALL {
            for failure in &all {
                let frame = Frame::example(lang, "/x", Who::Guest);
                let answer = page(&frame, failure, failure.status());
                assert_eq!(answer.status(), failure.status());
                let body = axum::body::to_bytes(answer.into_body(), 1 << 20).await.unwrap();
                let body = String::from_utf8(body.to_vec()).unwrap();
                assert!(body.contains("<h1>") && body.contains(&format!("/{}/contact", lang.code())));
                assert_eq!(body.contains("0a1b2c"), matches!(failure, Failure::Fault(_)));
            }
        }
    }
}
