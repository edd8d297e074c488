//! What partners send: the payment company's notification (3.1.5-1A.4) and the platform's tracking push (3.1.5-1B.2).
//! Both are believed by their signature alone and answered only after the commit.

use crate::app::App;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use partners::logistics::PushHeaders;
use trade::payment::{self, Noted};
use trade::shipping;

/// `POST /hooks/alipay`: answered `success` once it is noted; anything else makes the payment company send it again.
pub async fn alipay(State(app): State<App>, body: Bytes) -> Response {
    let said = match app.alipay.read_notification(&body) {
        Ok(said) => said,
        Err(refused) => {
            tracing::warn!(?refused, "a payment notification was refused");
            return (StatusCode::BAD_REQUEST, "failure").into_response();
        }
    };
    let number = said.out_trade_no.clone();
    match app.write(move |tx| payment::notified(tx, &said)).await {
        Ok(Ok(Noted::Unknown)) => (StatusCode::OK, "failure").into_response(),
        Ok(Ok(_)) => {
            app.arrivals.came(&number);
            (StatusCode::OK, "success").into_response()
        }
        Ok(Err(refused)) => {
            tracing::error!(key = refused.key(), "a payment notification could not be noted");
            (StatusCode::OK, "failure").into_response()
        }
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "failure").into_response(),
    }
}

/// `POST /hooks/tracking`
pub async fn tracking(State(app): State<App>, headers: HeaderMap, body: Bytes) -> Response {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let signed = PushHeaders {
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp"),
        signature: header("webhook-signature"),
    };
    let event = match app.logistics.read_push(signed, &body) {
        Ok(event) => event,
        Err(refused) => {
            tracing::warn!(?refused, "a tracking push was refused");
            return StatusCode::BAD_REQUEST.into_response();
        }
    };
    let terms = app.terms.clone();
    match app.write(move |tx| shipping::tracked(tx, &terms, &event)).await {
        Ok(Ok(_)) => StatusCode::NO_CONTENT.into_response(),
        Ok(Err(refused)) => {
            tracing::error!(key = refused.key(), "a tracking push could not be noted");
            StatusCode::CONFLICT.into_response()
        }
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}
