//! JSON over HTTP, signed both ways with a shared secret: the form in which waybill platforms and text message gateways
//! are spoken to, and in which they report.
//!
//! A *call* carries `x-key-id`, `x-request-id`, `x-timestamp` (seconds) and `x-signature`; the signature covers method,
//! path, request id, time and body, so that neither can be used for another call or later. The request id is the number
//! under which the call is idempotent. An *answer* is signed over the same request id. A *push* follows the Standard
//! Webhooks form (`webhook-id`, `webhook-timestamp`, `webhook-signature`). All signatures are HMAC-SHA256, written
//! `v1,` and base64; a header may hold several, separated by spaces, while a secret is being replaced.

use crate::http::{Answer, Http};
use crate::{Gate, Limits, PartnerError};
use aws_lc_rs::{hmac, rand::SecureRandom, rand::SystemRandom};
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::fmt;
use zeroize::Zeroizing;

/// How far a signature's time may lie from ours, in seconds, before it counts as replayed.
pub const WINDOW_SECONDS: i64 = 300;

/// The fewest bytes of a secret that are accepted.
const SECRET_BYTES_MIN: usize = 24;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotASecret;

impl fmt::Display for NotASecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a shared secret: `whsec_` and base64 of at least {SECRET_BYTES_MIN} bytes")
    }
}

impl std::error::Error for NotASecret {}

/// A secret that both sides hold.
#[derive(Clone)]
pub struct SharedSecret(hmac::Key);

impl fmt::Debug for SharedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedSecret")
    }
}

/// What a signature covers besides the body.
#[derive(Clone, Copy)]
pub struct Covered<'a> {
    /// `POST /v1/waybills` for a call, `answer` for its answer, empty for a push.
    pub scope: &'a str,
    pub id: &'a str,
    pub at_seconds: i64,
}

impl SharedSecret {
    /// 32 fresh bytes, as the text that both sides keep.
    pub fn generate() -> Zeroizing<String> {
        let mut bytes = Zeroizing::new([0u8; 32]);
        SystemRandom::new().fill(bytes.as_mut()).expect("the system gives randomness");
        Zeroizing::new(format!("whsec_{}", BASE64.encode(bytes.as_ref())))
    }

    pub fn read(text: &str) -> Result<SharedSecret, NotASecret> {
        let text = text.trim();
        let bytes = BASE64.decode(text.strip_prefix("whsec_").unwrap_or(text)).map_err(|_| NotASecret)?;
        let bytes = Zeroizing::new(bytes);
        if bytes.len() < SECRET_BYTES_MIN {
            return Err(NotASecret);
        }
        Ok(SharedSecret(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
    }

    pub fn sign(&self, covered: Covered, body: &[u8]) -> String {
        let mut context = hmac::Context::with_key(&self.0);
        for part in Self::parts(&covered) {
            context.update(part.as_bytes());
        }
        context.update(body);
        format!("v1,{}", BASE64.encode(context.sign()))
    }

    /// Whether one of the signatures in `header` is ours, compared in constant time.
    pub fn verifies(&self, covered: Covered, body: &[u8], header: &str) -> bool {
        let mut text: Vec<u8> = Self::parts(&covered).concat().into_bytes();
        text.extend_from_slice(body);
        header
            .split(' ')
            .filter_map(|one| one.strip_prefix("v1,"))
            .any(|one| BASE64.decode(one).is_ok_and(|signature| hmac::verify(&self.0, &text, &signature).is_ok()))
    }

    fn parts(covered: &Covered) -> [String; 2] {
        let scope = if covered.scope.is_empty() { String::new() } else { format!("{}\n", covered.scope) };
        [scope, format!("{}.{}.", covered.id, covered.at_seconds)]
    }
}

/// Whether `said` lies within the window around `now` (both in seconds).
pub fn is_fresh(said: i64, now: i64) -> bool {
    said.abs_diff(now) <= WINDOW_SECONDS as u64
}

/// An id or number that goes into a header and a signature: short, printable, without dots or spaces.
pub fn is_plain_id(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

/// How a partner that speaks this form is reached.
pub struct Channel {
    /// Without a trailing slash.
    pub base: String,
    pub key_id: String,
    pub secret: SharedSecret,
    pub limits: Limits,
}

/// The calling side.
pub struct Caller {
    channel: Channel,
    http: Http,
}

#[derive(Deserialize)]
struct Refusal {
    code: String,
    #[serde(default)]
    message: String,
}

impl Caller {
    pub fn new(partner: &'static str, mut channel: Channel) -> Caller {
        let trimmed = channel.base.trim_end_matches('/').len();
        channel.base.truncate(trimmed);
        Caller { http: Http::new(partner, channel.limits), channel }
    }

    /// `POST path` with `body`, idempotent under `request_id`.
    pub fn call<T: DeserializeOwned>(
        &self,
        gate: &Gate,
        path: &str,
        request_id: &str,
        body: &impl Serialize,
    ) -> Result<T, PartnerError> {
        if !is_plain_id(request_id) {
            return Err(PartnerError::Unfit("the request's number"));
        }
        let at_seconds = gate.pass()?.div_euclid(1_000_000);
        let body = Zeroizing::new(serde_json::to_vec(body).map_err(|_| PartnerError::Unfit("the request"))?);
        let scope = format!("POST {path}");
        let signature = self.channel.secret.sign(Covered { scope: &scope, id: request_id, at_seconds }, &body);
        let headers = [
            ("x-key-id", self.channel.key_id.as_str()),
            ("x-request-id", request_id),
            ("x-timestamp", &at_seconds.to_string()),
            ("x-signature", &signature),
        ];
        let url = format!("{}{path}", self.channel.base);
        let answer = self.http.post(&url, "application/json", &headers, &body)?;
        self.check_answer(&answer, request_id, at_seconds)?;
        if answer.status >= 300 {
            let refusal: Refusal = serde_json::from_slice(&answer.body).map_err(|_| PartnerError::BadAnswer)?;
            return Err(PartnerError::refused(&refusal.code, &refusal.message));
        }
        serde_json::from_slice(&answer.body).map_err(|_| PartnerError::BadAnswer)
    }

    fn check_answer(&self, answer: &Answer, request_id: &str, now: i64) -> Result<(), PartnerError> {
        let said: Option<i64> = answer.header("x-timestamp").and_then(|text| text.parse().ok());
        let signed = said.zip(answer.header("x-signature")).is_some_and(|(at_seconds, header)| {
            is_fresh(at_seconds, now)
                && self.channel.secret.verifies(
                    Covered { scope: "answer", id: request_id, at_seconds },
                    &answer.body,
                    header,
                )
        });
        if signed { Ok(()) } else { Err(PartnerError::BadSignature) }
    }
}

/// Why a push was not believed. The sender gets 400 for each and may send again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PushRefused {
    /// A header is missing or unreadable.
    Malformed,
    /// Signed too long ago, or ahead of us.
    Stale,
    BadSignature,
    /// Signed, but not in the agreed form.
    Unreadable,
}

/// The three headers of a push.
#[derive(Clone, Copy)]
pub struct PushHeaders<'a> {
    pub id: Option<&'a str>,
    pub timestamp: Option<&'a str>,
    pub signature: Option<&'a str>,
}

/// The event id of a push that is truly the partner's and fresh.
pub fn check_push<'a>(
    secret: &SharedSecret,
    headers: PushHeaders<'a>,
    body: &[u8],
    now_seconds: i64,
) -> Result<&'a str, PushRefused> {
    let id = headers.id.filter(|id| is_plain_id(id)).ok_or(PushRefused::Malformed)?;
    let at_seconds = headers.timestamp.and_then(|text| text.parse().ok()).ok_or(PushRefused::Malformed)?;
    let signature = headers.signature.ok_or(PushRefused::Malformed)?;
    if !is_fresh(at_seconds, now_seconds) {
        return Err(PushRefused::Stale);
    }
    if !secret.verifies(Covered { scope: "", id, at_seconds }, body, signature) {
        return Err(PushRefused::BadSignature);
    }
    Ok(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the Standard Webhooks specification, so that others' libraries verify our pushes and we theirs.
    #[test]
    fn the_published_example_verifies() {
        let secret = SharedSecret::read("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let covered = Covered { scope: "", id: "msg_p5jXN8AQM9LWM0D4loKWxJek", at_seconds: 1_614_265_330 };
        let body = br#"{"test": 2432232314}"#;
        let signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(secret.sign(covered, body), signature);
        assert!(secret.verifies(covered, body, &format!("v1,AAAA {signature}")));
        assert!(!secret.verifies(covered, br#"{"test": 1}"#, signature));
        assert!(!secret.verifies(Covered { at_seconds: 1, ..covered }, body, signature));
        assert!(!secret.verifies(Covered { scope: "POST /v1/x", ..covered }, body, signature));
    }

    #[test]
    fn a_push_is_believed_once_signed_and_fresh_only() {
        let secret = SharedSecret::read(&SharedSecret::generate()).unwrap();
        let signature = secret.sign(Covered { scope: "", id: "e-1", at_seconds: 1_000 }, b"{}");
        let headers = PushHeaders { id: Some("e-1"), timestamp: Some("1000"), signature: Some(&signature) };
        assert_eq!(check_push(&secret, headers, b"{}", 1_000 + WINDOW_SECONDS), Ok("e-1"));
        assert_eq!(check_push(&secret, headers, b"{}", 1_001 + WINDOW_SECONDS), Err(PushRefused::Stale));
        assert_eq!(check_push(&secret, headers, b"{}", 999 - WINDOW_SECONDS), Err(PushRefused::Stale));
        assert_eq!(check_push(&secret, headers, b"[]", 1_000), Err(PushRefused::BadSignature));
        let other = PushHeaders { id: Some("e-2"), ..headers };
        assert_eq!(check_push(&secret, other, b"{}", 1_000), Err(PushRefused::BadSignature));
        let without = PushHeaders { signature: None, ..headers };
        assert_eq!(check_push(&secret, without, b"{}", 1_000), Err(PushRefused::Malformed));
        let extreme = PushHeaders { timestamp: Some("-9223372036854775808"), ..headers };
        assert_eq!(check_push(&secret, extreme, b"{}", i64::MAX), Err(PushRefused::Stale));
    }

    #[test]
    fn a_short_secret_is_no_secret() {
        assert!(SharedSecret::read("whsec_AAAA").is_err());
        assert!(SharedSecret::read("not base64 at all !!").is_err());
    }
}
