//! Sessions (2.8.2-a.1: `KeepSession`): a random token on the device, its hash here.
//!
//! A token is new at every sign-in. A session that is not used for thirty days (a staff session: half a day) is over.
//! A session that ends is deleted at once, in the same transaction.

use crate::policy::{session, staff};
use crate::{Member, Staff, token};
use aws_lc_rs::{digest, rand};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use db::clock::{DAY, HOUR};
use db::{Failed, Id, Read, Scope, Stop, Tx, on_each};
use diesel::backend::Backend;
use diesel::expression::{AppearsOnTable, ValidGrouping, is_aggregate};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::Text;
use policy::Role;
use std::convert::Infallible;
use std::fmt;
use vault::policy::person;
use vault::{Actor, Standing, Vault};
use zeroize::Zeroizing;

pub const IDLE_MAX: i64 = 30 * DAY;
pub const STAFF_IDLE_MAX: i64 = 12 * HOUR;
/// The last use is written at most so often.
const SEEN_EVERY: i64 = HOUR;
/// More sessions than anybody has devices; the longest unused one makes room.
const SESSIONS_MAX: i64 = 50;
const TOKEN_BYTES: usize = 32;

/// What the cookie holds. No `Debug` of it, no `Display`; at rest only its hash.
#[derive(Clone)]
pub struct Token(Zeroizing<String>);

impl Token {
    fn new() -> Token {
        Token(drawn())
    }

    /// A token as a cookie brought it; `None` if it cannot be one.
    pub fn parse(cookie: &str) -> Option<Token> {
        may_be_drawn(cookie).then(|| Token(Zeroizing::new(cookie.to_owned())))
    }

    /// For the cookie, and nothing else.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn hash(&self) -> String {
        hashed(&self.0)
    }
}

/// 256 random bits as text.
pub(crate) fn drawn() -> Zeroizing<String> {
    let mut bytes = Zeroizing::new([0u8; TOKEN_BYTES]);
    rand::fill(bytes.as_mut()).expect("the system gives random bytes");
    Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes.as_ref()))
}

/// Whether [`drawn`] can have made it.
pub(crate) fn may_be_drawn(text: &str) -> bool {
    URL_SAFE_NO_PAD.decode(text).map(Zeroizing::new).is_ok_and(|bytes| bytes.len() == TOKEN_BYTES)
}

/// What is kept of a token: it was drawn from 256 bits, so that no salt and no slow hash make it safer.
pub(crate) fn hashed(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, token.as_bytes()))
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    Member(Member),
    Staff(Staff),
}

impl Who {
    /// As a row says it; nobody where the role of the staff has ended, or is one that the program does not know. It is the
    /// role of today, whatever it was when the row was made.
    pub(crate) fn of(person: Id, is_staff: bool, role: Option<&str>, ended_at: Option<i64>) -> Option<Who> {
        if !is_staff {
            return Some(Who::Member(Member { id: person }));
        }
        let role = role.and_then(Role::parse).filter(|_| ended_at.is_none())?;
        Some(Who::Staff(Staff { id: person, role }))
    }

    pub fn person(&self) -> &Id {
        match self {
            Who::Member(member) => &member.id,
            Who::Staff(staff) => &staff.id,
        }
    }
}

/// A living session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    pub id: Id,
    pub who: Who,
    pub begun_at: i64,
    /// To the hour.
    pub seen_at: i64,
    /// When its holder last proved a password or a code ([`Session::proven`]).
    pub(crate) proved_at: i64,
    /// The known device that it began on; empty for none, and for staff.
    device: String,
    /// Of its holder, as it was when the session was looked at.
    pub standing: Option<Standing>,
}

impl Session {
    pub fn person(&self) -> &Id {
        self.who.person()
    }

    pub fn member(&self) -> Option<&Member> {
        match &self.who {
            Who::Member(member) => Some(member),
            Who::Staff(_) => None,
        }
    }

    pub fn staff(&self) -> Option<&Staff> {
        match &self.who {
            Who::Staff(staff) => Some(staff),
            Who::Member(_) => None,
        }
    }

    /// Who acts when this session does: the member, or staff in their role.
    pub fn actor(&self) -> Actor {
        match &self.who {
            Who::Member(member) => Actor::own(&member.id),
            Who::Staff(staff) => Actor::staff(&staff.id, staff.role),
        }
    }

    /// The known device that it began on, for [`crate::device`]; empty where there is none.
    pub fn device(&self) -> &str {
        &self.device
    }

    /// Whether the last use is to be written ([`seen`]).
    pub fn is_due(&self, now: i64) -> bool {
        self.seen_at < now - SEEN_EVERY
    }
}

diesel::allow_tables_to_appear_in_same_query!(session, staff);
db::meet!(session, person);
db::meet!(staff, person);

/// Whose session the token is: one query by a unique index.
pub fn who(scope: &mut impl Scope, token: &Token) -> QueryResult<Option<Session>> {
    let query = by_token(token).select(columns());
    let row: Option<Row> = on_each!(scope.db(), c => query.get_result(c)).optional()?;
    Ok(row.and_then(|row| living(row, scope.now())))
}

/// The query of [`who`], for what is asked beside it at every request.
#[diesel::dsl::auto_type(no_type_alias)]
pub fn by_token(token: &Token) -> _ {
    let hash: String = token.hash();
    session::table
        .left_join(staff::table.on(staff::id.eq(session::person)))
        .left_join(person::table.on(person::id.eq(session::person)))
        .filter(session::token.eq(hash))
}

/// A [`Row`].
#[diesel::dsl::auto_type(no_type_alias)]
pub fn columns() -> _ {
    (
        session::person,
        session::id,
        session::staff,
        session::begun_at,
        session::seen_at,
        session::proved_at,
        session::device,
        staff::role.nullable(),
        staff::ended_at.nullable(),
        (person::state, person::version).nullable(),
    )
}

/// What [`living`] makes a session of.
pub type Row = (Id, Id, bool, i64, i64, i64, String, Option<String>, Option<i64>, Option<(String, i64)>);

/// The session, unless it is over.
pub fn living(
    (person, id, is_staff, begun_at, seen_at, proved_at, device, role, ended_at, standing): Row,
    now: i64,
) -> Option<Session> {
    let idle_max = if is_staff { STAFF_IDLE_MAX } else { IDLE_MAX };
    if seen_at < now - idle_max {
        return None;
    }
    let who = Who::of(person, is_staff, role.as_deref(), ended_at)?;
    let standing = standing.map(|(state, version)| Standing::of(&state, version));
    Some(Session { id, who, begun_at, seen_at, proved_at, device, standing })
}

/// Whose session it is, in a query that is asked beside [`by_token`] ([`db::sql::Beside`]).
#[derive(Clone, Copy, Debug, QueryId)]
pub struct Holder;

impl Expression for Holder {
    type SqlType = Text;
}

impl<On> AppearsOnTable<On> for Holder {}

impl<Group> ValidGrouping<Group> for Holder {
    type IsAggregate = is_aggregate::Never;
}

impl<B: Backend> QueryFragment<B> for Holder {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, B>) -> QueryResult<()> {
        out.push_identifier("session")?;
        out.push_sql(".");
        out.push_identifier(session::person::NAME)
    }
}

/// As [`who`], and writes the last use where it is due. The answer does not hang on that write.
pub async fn current(vault: &Vault, token: &Token) -> Result<Option<Session>, Failed<Infallible>> {
    let found = current_and(vault, token, |read, token| Ok(who(read, token)?.map(|session| (session, ())))).await?;
    Ok(found.map(|(session, ())| session))
}

/// As [`current`], by a query that asks more of the session's owner, as every request does. It sees no snapshot
/// ([`db::Database::look`]).
pub async fn current_and<T: Send + 'static>(
    vault: &Vault,
    token: &Token,
    ask: impl FnOnce(&mut Read, &Token) -> QueryResult<Option<(Session, T)>> + Send + 'static,
) -> Result<Option<(Session, T)>, Failed<Infallible>> {
    let asked = token.clone();
    let found = vault.data().look(move |read| Ok(ask(read, &asked)?)).await?;
    if let Some((session, _)) = &found
        && session.is_due(vault.data().now())
    {
        let (person, id) = (session.person().clone(), session.id.clone());
        if let Err(failed) = vault.data().write(move |tx| seen::<Infallible>(tx, &person, &id)).await {
            tracing::warn!(%failed, "the last use of a session was not written");
        }
    }
    Ok(found)
}

/// Writes that a session is used.
pub fn seen<R>(tx: &mut Tx, person: &Id, id: &Id) -> Result<(), Stop<R>> {
    diesel::update(session::table.find((person, id))).set(session::seen_at.eq(tx.now)).execute(tx.db)?;
    Ok(())
}

/// Begins a session under a new token, of a person who has just proved who they are; the one that the browser had before
/// ends. `device` is the member's known one; staff have none.
pub(crate) fn begin<R>(
    tx: &mut Tx,
    person: &Id,
    device: Option<&Id>,
    previous: Option<&Token>,
) -> Result<Token, Stop<R>> {
    if let Some(previous) = previous {
        diesel::delete(session::table.filter(session::token.eq(previous.hash()))).execute(tx.db)?;
    }
    let token = Token::new();
    diesel::insert_into(session::table)
        .values((
            session::person.eq(person),
            session::id.eq(tx.id()),
            session::token.eq(token.hash()),
            session::staff.eq(device.is_none()),
            session::begun_at.eq(tx.now),
            session::seen_at.eq(tx.now),
            session::proved_at.eq(tx.now),
            session::device.eq(device.map_or("", Id::as_str)),
        ))
        .execute(tx.db)?;
    let too_many: Vec<Id> = session::table
        .filter(session::person.eq(person))
        .order((session::seen_at.desc(), session::id.desc()))
        .offset(SESSIONS_MAX)
        .limit(SESSIONS_MAX)
        .select(session::id)
        .load(tx.db)?;
    for id in too_many {
        diesel::delete(session::table.find((person, id))).execute(tx.db)?;
    }
    Ok(token)
}

/// Ends one session of a person: sign-out, or a click in the list. `false` if it had ended.
pub fn end<R>(tx: &mut Tx, person: &Id, id: &Id) -> Result<bool, Stop<R>> {
    Ok(diesel::delete(session::table.find((person, id))).execute(tx.db)? == 1)
}

/// Signs a person out everywhere, and their programs. Returns how many sessions ended.
pub fn end_all<R>(tx: &mut Tx, person: &Id) -> Result<usize, Stop<R>> {
    token::end_all(tx, person)?;
    Ok(diesel::delete(session::table.filter(session::person.eq(person))).execute(tx.db)?)
}

/// Signs a person out everywhere else, and their programs: whoever came in unbidden may have made a token.
pub fn end_others<R>(tx: &mut Tx, person: &Id, this: &Id) -> Result<usize, Stop<R>> {
    token::end_all(tx, person)?;
    let others = session::table.filter(session::person.eq(person)).filter(session::id.ne(this));
    Ok(diesel::delete(others).execute(tx.db)?)
}

/// A session as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    pub id: Id,
    pub begun_at: i64,
    /// To the hour.
    pub seen_at: i64,
}

/// The living sessions of a person, the last used first.
pub fn list(scope: &mut impl Scope, person: &Id) -> QueryResult<Vec<Listed>> {
    let (members_since, staff_since) = (scope.now() - IDLE_MAX, scope.now() - STAFF_IDLE_MAX);
    let rows: Vec<(Id, bool, i64, i64)> = session::table
        .filter(session::person.eq(person))
        .filter(session::seen_at.ge(members_since))
        .order((session::seen_at.desc(), session::id.desc()))
        .limit(SESSIONS_MAX)
        .select((session::id, session::staff, session::begun_at, session::seen_at))
        .load(scope.db())?;
    Ok(rows
        .into_iter()
        .filter(|(_, staff, _, seen_at)| !staff || *seen_at >= staff_since)
        .map(|(id, _, begun_at, seen_at)| Listed { id, begun_at, seen_at })
        .collect())
}

/// Deletes what nobody used for too long.
pub(crate) fn sweep<R>(tx: &mut Tx) -> Result<(), Stop<R>> {
    let idle = session::seen_at
        .lt(tx.now - IDLE_MAX)
        .or(session::staff.eq(true).and(session::seen_at.lt(tx.now - STAFF_IDLE_MAX)));
    diesel::delete(session::table.filter(idle)).execute(tx.db)?;
    Ok(())
}
