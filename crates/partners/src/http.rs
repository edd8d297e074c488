//! One bounded HTTP client for all partners: a time limit, a size limit, no redirects, no retries, nothing logged of
//! what a request or an answer holds.

use crate::PartnerError;
use std::sync::Arc;
use std::time::{Duration, Instant};
use ureq::tls::{TlsConfig, TlsProvider};

/// What one call may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub connect: Duration,
    /// From the first byte out to the last byte in.
    pub whole: Duration,
    pub answer_bytes_max: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { connect: Duration::from_secs(3), whole: Duration::from_secs(15), answer_bytes_max: 1024 * 1024 }
    }
}

pub struct Http {
    agent: ureq::Agent,
    partner: &'static str,
    limits: Limits,
}

pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
    headers: ureq::http::HeaderMap,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub fn text(&self) -> Result<&str, PartnerError> {
        std::str::from_utf8(&self.body).map_err(|_| PartnerError::BadAnswer)
    }
}

impl Http {
    pub fn new(partner: &'static str, limits: Limits) -> Http {
        let tls = TlsConfig::builder()
            .provider(TlsProvider::Rustls)
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .build();
        let agent = ureq::Agent::config_builder()
            .timeout_connect(Some(limits.connect))
            .timeout_global(Some(limits.whole))
            .http_status_as_error(false)
            // A redirect would carry what was meant for one address to another.
            .max_redirects(0)
            .tls_config(tls)
            .user_agent("hanse")
            .build()
            .new_agent();
        Http { agent, partner, limits }
    }

    pub fn post(&self, url: &str, kind: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<Answer, PartnerError> {
        let mut request = self.agent.post(url).content_type(kind).header("accept", "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.answer(|| request.send(body), self.limits.answer_bytes_max)
    }

    pub fn get(&self, url: &str, answer_bytes_max: u64) -> Result<Answer, PartnerError> {
        self.answer(|| self.agent.get(url).call(), answer_bytes_max)
    }

    fn answer(
        &self,
        send: impl FnOnce() -> Result<ureq::http::Response<ureq::Body>, ureq::Error>,
        bytes_max: u64,
    ) -> Result<Answer, PartnerError> {
        let began = Instant::now();
        let outcome = send().and_then(|mut response| {
            let body = response.body_mut().with_config().limit(bytes_max).read_to_vec()?;
            Ok(Answer { status: response.status().as_u16(), body, headers: response.headers().clone() })
        });
        let took_ms = began.elapsed().as_millis() as u64;
        match outcome {
            Ok(answer) => {
                tracing::debug!(partner = self.partner, status = answer.status, took_ms, "partner answered");
                // 5xx says nothing about whether the call took effect.
                if answer.status >= 500 { Err(PartnerError::Unreachable) } else { Ok(answer) }
            }
            Err(ureq::Error::BodyExceedsLimit(_)) => {
                tracing::warn!(partner = self.partner, took_ms, "partner's answer is too large");
                Err(PartnerError::BadAnswer)
            }
            Err(_) => {
                // The error's text may hold the URL and with it what was sent: it is not logged.
                tracing::warn!(partner = self.partner, took_ms, "partner did not answer");
                Err(PartnerError::Unreachable)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{When, somebody};

    fn http() -> Http {
        let limits =
            Limits { connect: Duration::from_secs(1), whole: Duration::from_millis(400), answer_bytes_max: 100 };
        Http::new("test", limits)
    }

    fn answered(status: &str, body: &str) -> String {
        format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len())
    }

    /// What comes of asking somebody who answers so.
    fn asked(answer: String, when: When) -> Result<Answer, PartnerError> {
        let (at, _heard) = somebody(answer, when);
        http().get(&format!("http://{at}/"), 100)
    }

    #[test]
    fn an_answer_is_bounded_in_size_and_time() {
        assert_eq!(asked(answered("200 OK", &"x".repeat(100)), When::AtOnce).unwrap().body.len(), 100);
        let large = asked(answered("200 OK", &"x".repeat(101)), When::AtOnce);
        assert_eq!(large.err(), Some(PartnerError::BadAnswer));
        let endless = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".to_owned() + &"x".repeat(5_000);
        assert_eq!(asked(endless, When::AtOnce).err(), Some(PartnerError::BadAnswer));
        assert_eq!(asked(answered("200 OK", ""), When::TooLate).err(), Some(PartnerError::Unreachable));
        assert_eq!(http().get("http://127.0.0.1:1/", 100).err(), Some(PartnerError::Unreachable));
    }

    #[test]
    fn a_redirect_is_not_followed_and_a_fault_of_the_partners_leaves_the_outcome_open() {
        let elsewhere = "HTTP/1.1 307 x\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n";
        let (at, _heard) = somebody(elsewhere, When::AtOnce);
        let answer = http().post(&format!("http://{at}/"), "text/plain", &[], b"secret").unwrap();
        assert_eq!(answer.status, 307);
        let broken = asked(answered("502 Bad Gateway", "secret"), When::AtOnce);
        assert_eq!(broken.err(), Some(PartnerError::Unreachable));
    }
}
