//! Who calls: a bearer token, what it may do, and how often.
//!
//! A route is gated when it is registered ([`crate::routes::gated`]), which writes the same into the document; a handler
//! takes the one who calls as an argument.

use crate::problem::{Error, Kind};
use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use catalogue::shop::{self, Seller};
use db::Id;
use member::token::{self, ApiToken, Bearer, Reach};
use member::{Proven, Staff, Who};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use trade::Buyer;
use vault::Actor;
use web::app::{App, failure};

pub const WINDOW: Duration = Duration::from_secs(60);
/// Tokens whose windows are remembered; those that ended are forgotten first.
const REMEMBERED: usize = 10_000;

/// What every gate works with; put into the request by the outermost layer.
#[derive(Clone)]
pub struct Gate {
    pub app: App,
    pub counts: Arc<Counts>,
}

/// How often each token called in its window. In this process only: two processes allow twice as much.
pub struct Counts {
    all: Mutex<HashMap<Id, (Instant, u32)>>,
    /// Requests of one token in one [`WINDOW`].
    requests_max: u32,
}

/// What is left of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Left {
    requests: Option<u32>,
    reset_seconds: u32,
}

impl Counts {
    pub fn new(requests_max: u32) -> Counts {
        Counts { all: Mutex::default(), requests_max }
    }

    /// Counts a request; `requests` is `None` where there was none left.
    fn count(&self, token: &Id, now: Instant) -> Left {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= REMEMBERED {
            all.retain(|_, (begun, _)| now.duration_since(*begun) < WINDOW);
        }
        let (begun, count) = all.entry(token.clone()).or_insert((now, 0));
        if now.duration_since(*begun) >= WINDOW {
            (*begun, *count) = (now, 0);
        }
        let left = WINDOW.saturating_sub(now.duration_since(*begun));
        let reset_seconds = u32::try_from(left.as_secs() + 1).unwrap_or(u32::MAX);
        if *count >= self.requests_max {
            return Left { requests: None, reset_seconds };
        }
        *count += 1;
        Left { requests: Some(self.requests_max - *count), reset_seconds }
    }
}

/// Whoever calls, as the gate found them.
#[derive(Clone)]
struct Caller {
    bearer: Bearer,
    seller: Option<Seller>,
}

/// What every answer to a token tells of how often it may call, with what each means in the document.
pub const RATE_HEADERS: [(&str, &str); 3] = [
    ("ratelimit-limit", "Requests of this token in a minute"),
    ("ratelimit-remaining", "Requests that are left of them"),
    ("ratelimit-reset", "Seconds until there are as many again"),
];
pub const RETRY_AFTER: (&str, &str) = ("retry-after", "Seconds until it may be tried again");

/// The gate of a route: one of `wanted` must be in the token's reach.
pub async fn pass(wanted: &'static [Reach], mut request: Request, next: Next) -> Response {
    let Some(gate) = request.extensions().get::<Gate>().cloned() else {
        return Error::from(web::Failure::fault("a route of the API outside its gate")).into_response();
    };
    let caller = match caller(&gate.app, request.headers()).await {
        Ok(caller) => caller,
        Err(error) => return error.into_response(),
    };
    let left = gate.counts.count(&caller.bearer.id, Instant::now());
    let mut response = match left.requests {
        None => Error::too_many(left.reset_seconds).into_response(),
        Some(_) if !wanted.iter().any(|reach| caller.bearer.may(*reach)) => {
            let scopes = wanted.iter().map(|reach| reach.id()).collect::<Vec<_>>().join(" ");
            let challenge = format!("Bearer error=\"insufficient_scope\", scope=\"{scopes}\"");
            Error::new(Kind::Scope).with("www-authenticate", &challenge).into_response()
        }
        Some(_) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
    };
    let headers = response.headers_mut();
    let told = [gate.counts.requests_max, left.requests.unwrap_or(0), left.reset_seconds];
    for ((name, _), value) in RATE_HEADERS.into_iter().zip(told) {
        headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
    }
    response
}

async fn caller(app: &App, headers: &HeaderMap) -> Result<Caller, Error> {
    let unknown = || Error::new(Kind::Token).with("www-authenticate", "Bearer");
    let sent = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).ok_or_else(unknown)?;
    let (scheme, token) = sent.split_once(' ').ok_or_else(unknown)?;
    let token = Some(token.trim()).filter(|_| scheme.eq_ignore_ascii_case("bearer")).and_then(ApiToken::parse);
    let token = token.ok_or_else(unknown)?;
    let found = token::bearer_and(&app.vault, &token, |r, bearer| match &bearer.who {
        Who::Member(member) => Ok(shop::seller(r, &member.id)?),
        Who::Staff(_) => Ok(None),
    });
    let (bearer, seller) = found.await.map_err(failure)?.ok_or_else(unknown)?;
    Ok(Caller { bearer, seller })
}

fn found(parts: &Parts) -> Result<&Caller, Error> {
    parts.extensions.get::<Caller>().ok_or_else(|| web::Failure::fault("a handler without its gate").into())
}

/// The member whose token it is.
pub struct Me(pub Id);

impl Me {
    pub fn actor(&self) -> Actor {
        Actor::own(&self.0)
    }
}

impl<S: Sync> FromRequestParts<S> for Me {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Me, Error> {
        match &found(parts)?.bearer.who {
            Who::Member(member) => Ok(Me(member.id.clone())),
            Who::Staff(_) => Err(Error::new(Kind::Scope)),
        }
    }
}

/// The member as a buyer.
pub struct Buying(pub Buyer);

impl<S: Sync> FromRequestParts<S> for Buying {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Buying, Error> {
        let Me(member) = Me::from_request_parts(parts, state).await?;
        Ok(Buying(Buyer::standing(member, found(parts)?.bearer.standing)))
    }
}

/// The member as a seller, with a shop that is open or paused.
pub struct Selling(pub Seller);

impl<S: Sync> FromRequestParts<S> for Selling {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Selling, Error> {
        let seller = found(parts)?.seller.clone();
        seller.map(Selling).ok_or_else(|| Error::refused(&catalogue::Refused::NoShop))
    }
}

/// What a sensitive change asks for, which a program cannot give itself: its owner gave it when the token was made.
pub struct ByToken(pub Proven);

impl<S: Sync> FromRequestParts<S> for ByToken {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<ByToken, Error> {
        Ok(ByToken(found(parts)?.bearer.proven()))
    }
}

/// Somebody of the operator's staff.
pub struct OnDuty(pub Staff);

impl OnDuty {
    pub fn actor(&self) -> Actor {
        Actor::staff(&self.0.id, self.0.role)
    }
}

impl<S: Sync> FromRequestParts<S> for OnDuty {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<OnDuty, Error> {
        match &found(parts)?.bearer.who {
            Who::Staff(staff) => Ok(OnDuty(staff.clone())),
            Who::Member(_) => Err(Error::new(Kind::Scope)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_gives_so_many_requests_and_then_begins_anew() {
        const REQUESTS_MAX: u32 = 3;
        let (counts, token, other) = (Counts::new(REQUESTS_MAX), Id::fresh(), Id::fresh());
        let begun = Instant::now();
        for n in 1..=REQUESTS_MAX {
            assert_eq!(counts.count(&token, begun).requests, Some(REQUESTS_MAX - n));
        }
        let left = counts.count(&token, begun + WINDOW / 2);
        assert_eq!((left.requests, left.reset_seconds), (None, 31));
        assert_eq!(counts.count(&other, begun).requests, Some(REQUESTS_MAX - 1), "each token has its own");
        assert_eq!(counts.count(&token, begun + WINDOW).requests, Some(REQUESTS_MAX - 1));
    }
}
