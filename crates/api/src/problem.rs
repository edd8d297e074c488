//! What a program is told when it cannot be done: RFC 9457, in the language that it accepts, with every field that is
//! wrong, in the words that the pages use.
//!
//! Handlers return an [`Error`]; the layer [`worded`] knows the language and writes it out, and so it does with what the
//! router refuses by itself.

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::any::Any;
use utoipa::ToSchema;
use web::app::Told;
use web::language::lookup;
use web::{Failure, FieldError, FormErrors, Lang};

/// The kinds of problems, each with its status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Malformed,
    Token,
    Scope,
    Forbidden,
    NotFound,
    Method,
    Conflict,
    TooLarge,
    MediaType,
    Invalid,
    TooMany,
    Fault,
    Unavailable,
}

impl Kind {
    pub const ALL: [Kind; 13] = [
        Kind::Malformed,
        Kind::Token,
        Kind::Forbidden,
        Kind::Scope,
        Kind::NotFound,
        Kind::Method,
        Kind::Conflict,
        Kind::TooLarge,
        Kind::MediaType,
        Kind::Invalid,
        Kind::TooMany,
        Kind::Fault,
        Kind::Unavailable,
    ];

    pub const fn status(self) -> StatusCode {
        match self {
            Kind::Malformed => StatusCode::BAD_REQUEST,
            Kind::Token => StatusCode::UNAUTHORIZED,
            Kind::Scope | Kind::Forbidden => StatusCode::FORBIDDEN,
            Kind::NotFound => StatusCode::NOT_FOUND,
            Kind::Method => StatusCode::METHOD_NOT_ALLOWED,
            Kind::Conflict => StatusCode::CONFLICT,
            Kind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Kind::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Kind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
            Kind::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Kind::Fault => StatusCode::INTERNAL_SERVER_ERROR,
            Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// As it stands in `type`, and as the docs page anchors it.
    pub const fn id(self) -> &'static str {
        match self {
            Kind::Malformed => "malformed",
            Kind::Token => "token",
            Kind::Scope => "scope",
            Kind::Forbidden => "forbidden",
            Kind::NotFound => "not-found",
            Kind::Method => "method",
            Kind::Conflict => "conflict",
            Kind::TooLarge => "too-large",
            Kind::MediaType => "media-type",
            Kind::Invalid => "invalid",
            Kind::TooMany => "too-many",
            Kind::Fault => "fault",
            Kind::Unavailable => "unavailable",
        }
    }

    /// The title and the sentence about it.
    pub const fn keys(self) -> (&'static str, &'static str) {
        match self {
            Kind::Malformed => ("api-malformed", "api-malformed-text"),
            Kind::Token => ("api-token", "api-token-text"),
            Kind::Scope => ("api-scope", "api-scope-text"),
            Kind::Forbidden => ("api-forbidden", "api-forbidden-text"),
            Kind::NotFound => ("api-not-found", "api-not-found-text"),
            Kind::Method => ("api-method", "api-method-text"),
            Kind::Conflict => ("api-conflict", "api-conflict-text"),
            Kind::TooLarge => ("api-too-large", "api-too-large-text"),
            Kind::MediaType => ("api-media-type", "api-media-type-text"),
            Kind::Invalid => ("api-invalid", "api-invalid-text"),
            Kind::TooMany => ("api-too-many", "api-too-many-text"),
            Kind::Fault => ("api-fault", "api-fault-text"),
            Kind::Unavailable => ("api-unavailable", "api-unavailable-text"),
        }
    }

    fn of_status(status: StatusCode) -> Kind {
        Kind::ALL.into_iter().find(|kind| kind.status() == status).unwrap_or(match status {
            status if status.is_server_error() => Kind::Fault,
            _ => Kind::Malformed,
        })
    }
}

/// A problem (RFC 9457), as `application/problem+json`.
#[derive(Serialize, ToSchema)]
pub struct Problem {
    /// Where this kind of problem is described, relative to the marketplace's address.
    #[serde(rename = "type")]
    pub kind: String,
    /// What kind of problem it is, in the accepted language.
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// What happened and what can be done about it, in the accepted language.
    pub detail: String,
    /// Every field that is wrong; empty where no field is to blame.
    pub errors: Vec<FieldProblem>,
    /// Of a fault: the number to quote.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}

/// One mistake.
#[derive(Serialize, ToSchema)]
pub struct FieldProblem {
    /// The field, as a path from the top of what was sent (`consignee.phone`, `variants.0.stock`); or the name of a header
    /// or of a parameter of the address. Empty for what concerns the whole.
    pub field: String,
    /// What is wrong, for programs: it never changes its meaning.
    pub code: &'static str,
    /// What is wrong, for people, in the accepted language.
    pub detail: String,
}

/// Why a request is not answered.
#[derive(Clone, Debug)]
pub struct Error {
    kind: Kind,
    errors: Vec<FieldError>,
    fault: Option<String>,
    after_seconds: Option<u32>,
    /// What is sent beside it.
    headers: Vec<(HeaderName, HeaderValue)>,
}

pub type Answer<T> = Result<T, Error>;

impl Error {
    pub fn new(kind: Kind) -> Error {
        Error { kind, errors: Vec::new(), fault: None, after_seconds: None, headers: Vec::new() }
    }

    pub fn not_found() -> Error {
        Error::new(Kind::NotFound)
    }

    /// One mistake without arguments.
    pub fn field(kind: Kind, field: &str, key: &'static str) -> Error {
        Error { errors: vec![FieldError::plain(field, key)], ..Error::new(kind) }
    }

    /// It could be done at another time.
    pub fn conflict(errors: FormErrors) -> Error {
        Error { errors: errors.all().to_vec(), ..Error::new(Kind::Conflict) }
    }

    pub fn too_many(after_seconds: u32) -> Error {
        Error { after_seconds: Some(after_seconds), ..Error::new(Kind::TooMany) }
    }

    pub fn with(mut self, name: &'static str, value: &str) -> Error {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((HeaderName::from_static(name), value));
        }
        self
    }

    /// What a domain refused: gone, overtaken, or wrong as it was sent.
    pub fn refused(refused: &impl Told) -> Error {
        Error::refused_at(refused, refused.field())
    }

    /// As `refused`, at the field that this request calls it by.
    pub fn refused_at(refused: &impl Told, field: Option<&str>) -> Error {
        let key = refused.key();
        let kind = match key {
            "refused-trade-no-such-hook"
            | "refused-trade-no-such-order"
            | "refused-trade-no-such-refund"
            | "refused-trade-not-in-cart"
            | "refused-catalogue-import-not-found"
            | "refused-catalogue-product-not-found"
            | "refused-catalogue-shop-not-found" => Kind::NotFound,
            // A path names it where it is not a field.
            "refused-trade-no-such-address" if field.is_none() => Kind::NotFound,
            "refused-catalogue-no-shop" => Kind::Forbidden,
            "refused-trade-address-book-off"
            | "refused-trade-hook-off"
            | "refused-trade-hook-test-soon"
            | "refused-trade-hooks-full"
            | "refused-trade-not-allowed-now"
            | "refused-trade-nothing-to-pay"
            | "refused-trade-nothing-to-pay-out"
            | "refused-trade-order-still-open"
            | "refused-trade-payment-time-over"
            | "refused-trade-payment-under-way"
            | "refused-trade-price-changed"
            | "refused-trade-waybill-under-way"
            | "refused-catalogue-edited"
            | "refused-catalogue-has-shop"
            | "refused-catalogue-import-state"
            | "refused-catalogue-imports-many"
            | "refused-catalogue-shop-paused"
            | "refused-catalogue-shop-state" => Kind::Conflict,
            _ => Kind::Invalid,
        };
        let mut errors = FormErrors::default();
        errors.refused(field, key, refused.args());
        Error { errors: errors.all().to_vec(), ..Error::new(kind) }
    }

    fn problem(&self, lang: Lang) -> Problem {
        let (title, text) = self.kind.keys();
        let errors: Vec<FieldProblem> = self
            .errors
            .iter()
            .map(|error| FieldProblem { field: error.field.clone(), code: error.key, detail: error.text(lang) })
            .collect();
        // What concerns the whole says it at once; for the rest there is the list.
        let whole = errors.iter().find(|error| error.field.is_empty()).map(|error| error.detail.clone());
        Problem {
            kind: format!("/api#problem-{}", self.kind.id()),
            title: web::t(lang, title),
            status: self.kind.status().as_u16(),
            detail: whole.unwrap_or_else(|| lookup(lang, text, &[]).unwrap_or_default()),
            errors,
            fault: self.fault.clone(),
        }
    }
}

/// All mistakes of one request at once.
impl From<FormErrors> for Error {
    fn from(errors: FormErrors) -> Error {
        Error { errors: errors.all().to_vec(), ..Error::new(Kind::Invalid) }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Error {
        match failure {
            Failure::BadRequest | Failure::StaleForm => Error::new(Kind::Malformed),
            Failure::UnreadableForm => Error::field(Kind::Malformed, "", "api-form-unreadable"),
            Failure::Forbidden => Error::new(Kind::Forbidden),
            Failure::NotFound => Error::not_found(),
            Failure::Conflict(_) => Error::new(Kind::Conflict),
            Failure::TooLarge => Error::new(Kind::TooLarge),
            Failure::TooMany { after_seconds } => Error::too_many(after_seconds),
            Failure::Fault(id) => Error { fault: Some(id), ..Error::new(Kind::Fault) },
            Failure::Unavailable => Error::new(Kind::Unavailable),
        }
    }
}

macro_rules! from_refused {
    ($($refused:ty),*) => { $(
        impl From<$refused> for Error {
            fn from(refused: $refused) -> Error {
                Error::refused(&refused)
            }
        }
    )* };
}
from_refused!(member::Refused, catalogue::Refused, trade::Refused);

impl IntoResponse for Error {
    /// The bare status; [`worded`] writes the problem.
    fn into_response(self) -> Response {
        let mut response = self.kind.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// A panic in a handler, as a fault. What it said goes to the log and to nobody else.
pub fn panicked(_payload: Box<dyn Any + Send + 'static>) -> Response {
    Error::from(Failure::fault("a handler of the API panicked")).into_response()
}

/// The layer that writes a problem where there is one.
pub async fn worded(request: Request, next: Next) -> Response {
    let lang = Lang::accepted(request.headers());
    let mut response = next.run(request).await;
    let status = response.status();
    let error = match response.extensions_mut().remove::<Error>() {
        Some(error) => error,
        None if status.is_client_error() || status.is_server_error() => {
            match response.extensions_mut().remove::<Failure>() {
                Some(failure) => Error::from(failure),
                None => Error::new(Kind::of_status(status)),
            }
        }
        None => return response,
    };
    let body = serde_json::to_vec(&error.problem(lang)).unwrap_or_default();
    let mut answer = (error.kind.status(), body).into_response();
    for (name, value) in response.headers() {
        if *name != header::CONTENT_TYPE && *name != header::CONTENT_LENGTH {
            answer.headers_mut().append(name, value.clone());
        }
    }
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(lang.tag()));
    headers.insert(header::VARY, HeaderValue::from_static("Accept-Language"));
    if let Some(seconds) = error.after_seconds {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    for (name, value) in error.headers {
        headers.insert(name, value);
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_words_in_both_languages() {
        for lang in Lang::ALL {
            for kind in Kind::ALL {
                let problem = Error::new(kind).problem(lang);
                assert!(!problem.title.is_empty() && problem.detail.len() > 10, "{kind:?}");
            }
        }
    }

    #[test]
    fn a_refusal_names_its_field_and_says_what_the_page_says() {
        let refused = trade::Refused::Quantity { max: 9 };
        let problem = Error::refused(&refused).problem(Lang::ZH);
        assert_eq!(problem.status, 422);
        assert_eq!(problem.errors[0].field, "quantity");
        assert_eq!(problem.errors[0].detail, refused.sentence(Lang::ZH));
        assert_eq!(Error::refused(&trade::Refused::NoSuchOrder).kind, Kind::NotFound);
    }
}
