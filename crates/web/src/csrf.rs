//! That a form was sent from our own page by the person who was shown it.
//!
//! Two checks, both needed: the browser's own word (`Sec-Fetch-Site`, else `Origin`), and a token. A member's token
//! is an HMAC over the session; a guest's over the `__Host-form` cookie, which is set only when a guest is shown a
//! form. Each token has a fresh nonce, so that a compressed page does not leak it letter by letter.

use crate::frame::Site;
use aws_lc_rs::{hmac, rand};
use axum::http::{HeaderMap, HeaderValue, header};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use maud::{Markup, html};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The form field that carries the token.
pub const FIELD: &str = "_csrf";
/// No token is longer.
pub(crate) const TOKEN_BYTES_MAX: usize = 256;

const NONCE: usize = 12;
const COOKIE_BYTES: usize = 24;

/// The secret of all processes of one marketplace.
#[derive(Clone)]
pub struct CsrfKey(Arc<hmac::Key>);

impl CsrfKey {
    pub fn new(secret: &[u8; 32]) -> CsrfKey {
        CsrfKey(Arc::new(hmac::Key::new(hmac::HMAC_SHA256, secret)))
    }

    /// For one process alone: forms shown before a restart are refused after it.
    pub fn random() -> CsrfKey {
        CsrfKey::new(&random())
    }
}

impl std::fmt::Debug for CsrfKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CsrfKey")
    }
}

/// A failing system generator leaves nothing safe to do.
fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).expect("the system gives random bytes");
    bytes
}

/// The binding of one request's forms to who asked.
#[derive(Clone, Debug)]
pub struct Csrf {
    key: CsrfKey,
    /// `m` and the session, or `g` and the guest's cookie: neither can stand for the other.
    bound: String,
    /// The guest's cookie, if it has still to be set.
    fresh: Option<String>,
    shown: Arc<AtomicBool>,
}

impl Csrf {
    pub fn member(key: &CsrfKey, session: &str) -> Csrf {
        Csrf { key: key.clone(), bound: format!("m{session}"), fresh: None, shown: Arc::default() }
    }

    pub fn guest(key: &CsrfKey, site: &Site, headers: &HeaderMap) -> Csrf {
        let name = site.cookie("form");
        let sent = cookie(headers, &name)
            .filter(|value| URL_SAFE_NO_PAD.decode(value).is_ok_and(|bytes| bytes.len() == COOKIE_BYTES));
        let (value, fresh) = match sent {
            Some(value) => (value.to_owned(), None),
            None => {
                let value = URL_SAFE_NO_PAD.encode(random::<COOKIE_BYTES>());
                (value.clone(), Some(value))
            }
        };
        Csrf { key: key.clone(), bound: format!("g{value}"), fresh, shown: Arc::default() }
    }

    /// A token for one form.
    pub fn token(&self) -> String {
        self.shown.store(true, Ordering::Relaxed);
        let nonce = random::<NONCE>();
        let mut bytes = nonce.to_vec();
        bytes.extend_from_slice(self.tag(&nonce, "form").as_ref());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The token as a hidden field; every form that is sent by POST has one (`ui::form` adds it).
    pub fn field(&self) -> Markup {
        html! { input type="hidden" name=(FIELD) value=(self.token()); }
    }

    pub fn verify(&self, token: &str) -> bool {
        let Ok(bytes) = URL_SAFE_NO_PAD.decode(token) else { return false };
        let Some((nonce, tag)) = bytes.split_at_checked(NONCE) else { return false };
        hmac::verify(&self.key.0, &self.message(nonce, "form"), tag).is_ok()
    }

    /// A message as an address carries it to the next page (see `frame::Said`): only we can have written it.
    pub(crate) fn seal_said(&self, said: &str) -> String {
        format!("{said}.{}", URL_SAFE_NO_PAD.encode(&self.tag(said.as_bytes(), "said").as_ref()[..9]))
    }

    pub(crate) fn open_said<'a>(&self, sealed: &'a str) -> Option<&'a str> {
        let (said, _) = sealed.rsplit_once('.')?;
        let right = self.seal_said(said);
        aws_lc_rs::constant_time::verify_slices_are_equal(right.as_bytes(), sealed.as_bytes()).ok().map(|()| said)
    }

    /// The guest's cookie, if a form was shown and the browser has none yet.
    pub fn set_cookie(&self, site: &Site) -> Option<HeaderValue> {
        let value = self.fresh.as_ref().filter(|_| self.shown.load(Ordering::Relaxed))?;
        let secure = if site.insecure_http { "" } else { " Secure;" };
        HeaderValue::from_str(&format!("{}={value}; Path=/;{secure} HttpOnly; SameSite=Lax", site.cookie("form"))).ok()
    }

    fn message(&self, nonce: &[u8], what: &str) -> Vec<u8> {
        // Lengths first, so that no two different (what, nonce, bound) give one message.
        let mut message = vec![what.len() as u8, nonce.len() as u8];
        message.extend_from_slice(what.as_bytes());
        message.extend_from_slice(nonce);
        message.extend_from_slice(self.bound.as_bytes());
        message
    }

    fn tag(&self, nonce: &[u8], what: &str) -> hmac::Tag {
        hmac::sign(&self.key.0, &self.message(nonce, what))
    }
}

/// The value of a cookie, the first if a browser sends several.
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .find_map(|pair| pair.trim().split_once('=').filter(|(n, _)| *n == name).map(|(_, value)| value))
}

/// Whether the browser says that the request began on our own page. One that says nothing at all is left to the
/// token: browsers of the last years always say.
pub fn same_origin(site: &Site, headers: &HeaderMap) -> bool {
    if let Some(from) = headers.get("sec-fetch-site") {
        return from == "same-origin";
    }
    match headers.get(header::ORIGIN) {
        Some(origin) => origin.to_str().is_ok_and(|origin| origin == site.origin),
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(n, v)| ((*n).parse().unwrap(), HeaderValue::from_str(v).unwrap())).collect()
    }

    #[test]
    fn a_token_is_good_for_its_own_session_only() {
        let key = CsrfKey::random();
        let (one, other) = (Csrf::member(&key, "a"), Csrf::member(&key, "b"));
        let token = one.token();
        assert!(one.verify(&token) && Csrf::member(&key, "a").verify(&token));
        assert!(!other.verify(&token) && !Csrf::member(&CsrfKey::random(), "a").verify(&token));
        assert_ne!(token, one.token(), "a nonce each, against compression attacks");
        for bad in ["", "x", "AAAA", "ä", &token[1..], &token[..token.len() - 1]] {
            assert!(!one.verify(bad), "{bad}");
        }
    }

    #[test]
    fn a_guest_gets_a_cookie_only_with_a_form_and_keeps_it() {
        let (key, site) = (CsrfKey::random(), Site::example());
        let csrf = Csrf::guest(&key, &site, &HeaderMap::new());
        assert_eq!(csrf.set_cookie(&site), None, "0-a.1: looking at a page without a form sets nothing");
        let token = csrf.token();
        let cookie = csrf.set_cookie(&site).unwrap().to_str().unwrap().to_owned();
        assert!(cookie.starts_with("__Host-form=") && cookie.contains("; Secure; HttpOnly; SameSite=Lax"));
        let again = headers(&[("cookie", &format!("x=1; {}", cookie.split(';').next().unwrap()))]);
        let next = Csrf::guest(&key, &site, &again);
        assert!(next.verify(&token));
        assert_eq!(next.set_cookie(&site), None);
        assert!(!Csrf::guest(&key, &site, &HeaderMap::new()).verify(&token));
        let forged = Csrf::member(&key, cookie.split(['=', ';']).nth(1).unwrap());
        assert!(!forged.verify(&token), "a guest's binding never passes for a session");
    }

    #[test]
    fn the_browsers_word_is_taken() {
        let site = Site::example();
        let from = |pairs: &[(&'static str, &str)]| same_origin(&site, &headers(pairs));
        assert!(from(&[("sec-fetch-site", "same-origin")]) && from(&[("origin", &site.origin)]) && from(&[]));
        for other in ["cross-site", "same-site", "none"] {
            assert!(!from(&[("sec-fetch-site", other), ("origin", &site.origin)]), "{other}");
        }
        assert!(!from(&[("origin", "https://elsewhere.example")]) && !from(&[("origin", "null")]));
    }

    #[test]
    fn what_was_said_cannot_be_made_up() {
        let key = CsrfKey::random();
        let csrf = Csrf::member(&key, "a");
        let sealed = csrf.seal_said("said-saved");
        assert_eq!(csrf.open_said(&sealed), Some("said-saved"));
        assert_eq!(csrf.open_said(&sealed.replace("saved", "other")), None);
        assert_eq!(Csrf::member(&key, "b").open_said(&sealed), None);
        assert_eq!(csrf.open_said("said-saved"), None);
    }
}
