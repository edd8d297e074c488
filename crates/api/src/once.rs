//! The key of one attempt (`Idempotency-Key`): the same request sent again under the same key does nothing a second time,
//! and gets what the first has made, as it is now. Orders need a key and keep it by themselves; whatever else would do
//! harm if it were done twice may bear one, for a day.

use crate::problem::{Answer, Error, Kind};
use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use db::Id;
use member::attempt::{Attempt, Done};
use trade::checkout::Once;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::{IntoParams, PartialSchema};
use web::app::{App, failure};

pub const KEY: &str = "Idempotency-Key";
const SHAPE: &str = "16 to 64 letters, digits, - or _, new for each request; it is remembered for 24 hours";

fn key(parts: &Parts) -> Result<Option<Once>, Error> {
    let Some(sent) = parts.headers.get(KEY) else { return Ok(None) };
    let key = sent.to_str().ok().and_then(|text| Once::parse(text).ok());
    key.map(Some).ok_or_else(|| Error::field(Kind::Malformed, KEY, "api-not-a-key"))
}

/// A key that must be there.
pub struct Key(pub Once);

impl<S: Sync> FromRequestParts<S> for Key {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Key, Error> {
        key(parts)?.map(Key).ok_or_else(|| Error::field(Kind::Malformed, KEY, "invalid-missing"))
    }
}

/// A key that may be there.
pub struct MaybeKey(Option<Once>);

impl IntoParams for MaybeKey {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let described = ParameterBuilder::new().name(KEY).parameter_in(ParameterIn::Header).required(Required::False);
        vec![described.description(Some(SHAPE)).schema(Some(String::schema())).build()]
    }
}

impl<S: Sync> FromRequestParts<S> for MaybeKey {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<MaybeKey, Error> {
        key(parts).map(MaybeKey)
    }
}

impl MaybeKey {
    /// The attempt of `person` at `operation` with what the request says, if it has a key.
    pub async fn attempt(self, app: &App, person: &Id, operation: &str, parts: &[&[u8]]) -> Answer<Option<Attempt>> {
        let Some(once) = self.0 else { return Ok(None) };
        let attempt = Attempt::of(&app.vault, person, once.as_str(), operation, parts).await;
        attempt.map(Some).map_err(|failed| failure(failed).into())
    }
}

/// What was made, now or before, with the status that tells which; `now` is that of something new.
pub fn made(done: Done, now: StatusCode) -> Answer<(StatusCode, Id)> {
    match done {
        Done::Now(id) => Ok((now, id)),
        Done::Before(id) => Ok((StatusCode::OK, id)),
        Done::KeyUsed => Err(Error::field(Kind::Invalid, KEY, "api-key-used")),
    }
}
