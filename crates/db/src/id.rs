//! Ids: UUIDv7 as text, made here and not by the database, so that a command's rerun writes the same rows.

use std::fmt;
use std::str::FromStr;
use std::sync::Mutex;

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::Text;
use serde::{Deserialize, Deserializer, Serialize};
use uuid::{ContextV7, Timestamp, Uuid};

/// A random, time-ordered id (36 characters).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, FromSqlRow, AsExpression)]
#[diesel(sql_type = Text)]
#[serde(transparent)]
pub struct Id(String);

/// The text is not an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAnId;

static REAL: Mutex<ContextV7> = Mutex::new(ContextV7::new());

impl Id {
    /// Accepts the hyphenated form in either case, and nothing else.
    pub fn parse(text: &str) -> Result<Id, NotAnId> {
        if text.len() != 36 {
            return Err(NotAnId);
        }
        let uuid = Uuid::try_parse(text).map_err(|_| NotAnId)?;
        Ok(Id(uuid.hyphenated().to_string()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// An id of the real time, for what is no row of a command: process starts, keys made ahead, database names.
    /// Commands draw theirs with [`crate::Tx::id`].
    pub fn fresh() -> Id {
        draw(&REAL, crate::clock::real_now())
    }
}

/// An id of the time `now` (UTC microseconds), later in order than all that `context` drew before.
pub(crate) fn draw(context: &Mutex<ContextV7>, now: i64) -> Id {
    let now = u64::try_from(now).unwrap_or(0);
    let nanos = (now % 1_000_000) * 1_000;
    let uuid = Uuid::new_v7(Timestamp::from_unix(context, now / 1_000_000, nanos as u32));
    Id(uuid.hyphenated().to_string())
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Id {
    type Err = NotAnId;
    fn from_str(text: &str) -> Result<Id, NotAnId> {
        Id::parse(text)
    }
}

impl AsRef<str> for Id {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for NotAnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an id")
    }
}

impl std::error::Error for NotAnId {}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Id, D::Error> {
        let text = String::deserialize(deserializer)?;
        Id::parse(&text).map_err(serde::de::Error::custom)
    }
}

impl<B: Backend> ToSql<Text, B> for Id
where
    String: ToSql<Text, B>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, B>) -> serialize::Result {
        self.0.to_sql(out)
    }
}

/// What the database holds is taken as it is: ids are checked where they come in, by [`Id::parse`].
impl<B: Backend> FromSql<Text, B> for Id
where
    String: FromSql<Text, B>,
{
    fn from_sql(raw: B::RawValue<'_>) -> deserialize::Result<Id> {
        Ok(Id(String::from_sql(raw)?))
    }
}
