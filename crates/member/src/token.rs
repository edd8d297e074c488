//! Tokens (2.1.1: `UseApi`) by which a person's own programs act for them: shown once, kept as a hash, good for what
//! the person chose and for so long.
//!
//! Whoever signs out everywhere ends the tokens too, and so does a new password.

use crate::policy::{UseApi, api_token, staff};
use crate::session::{Who, drawn, hashed, may_be_drawn};
use crate::{Proven, Refused};
use db::clock::{DAY, HOUR};
use db::{Failed, Id, Read, Scope, Stop, Tx, on_each};
use diesel::prelude::*;
use policy::Entered;
use policy::fields::ApiTokenName;
use std::convert::Infallible;
use std::fmt;
use vault::policy::person;
use vault::{Access, Personal, RowKey, Sealed, Standing, Vault};
use zeroize::Zeroizing;

/// So that whoever finds one in a file knows what it is, and a scanner too.
pub const PREFIX: &str = "hanse_";
pub const TOKENS_MAX: i64 = 20;
pub const DAYS_MAX: i64 = 365;
/// The last use is written at most so often.
const USED_EVERY: i64 = HOUR;

/// What a program sends. No `Debug` of it, no `Display`; at rest only its hash.
#[derive(Clone)]
pub struct ApiToken(Zeroizing<String>);

impl ApiToken {
    fn new() -> ApiToken {
        ApiToken(Zeroizing::new(format!("{PREFIX}{}", drawn().as_str())))
    }

    /// A token as a header brought it; `None` if it cannot be one.
    pub fn parse(sent: &str) -> Option<ApiToken> {
        let fits = sent.strip_prefix(PREFIX).is_some_and(may_be_drawn);
        fits.then(|| ApiToken(Zeroizing::new(sent.to_owned())))
    }

    /// For the page that shows it once.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ApiToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiToken")
    }
}

/// What a token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    BuyRead,
    /// Cart, orders, payment, addresses, one's own privacy.
    Buy,
    SellRead,
    /// One's own shop: goods, orders to ship, money.
    Sell,
    HooksRead,
    /// Where one's own shop tells programs of its orders, and the secrets that sign.
    Hooks,
    OperateRead,
    /// The console, as far as the account's role goes.
    Operate,
}

impl Reach {
    pub const OF_MEMBERS: [Reach; 6] =
        [Reach::BuyRead, Reach::Buy, Reach::SellRead, Reach::Sell, Reach::HooksRead, Reach::Hooks];
    pub const OF_STAFF: [Reach; 2] = [Reach::OperateRead, Reach::Operate];

    pub const fn id(self) -> &'static str {
        match self {
            Reach::BuyRead => "buy:read",
            Reach::Buy => "buy",
            Reach::SellRead => "sell:read",
            Reach::Sell => "sell",
            Reach::HooksRead => "hooks:read",
            Reach::Hooks => "hooks",
            Reach::OperateRead => "operate:read",
            Reach::Operate => "operate",
        }
    }

    pub fn parse(id: &str) -> Option<Reach> {
        Reach::OF_MEMBERS.into_iter().chain(Reach::OF_STAFF).find(|reach| reach.id() == id)
    }

    /// Whoever may write may read.
    pub fn covers(self, wanted: Reach) -> bool {
        let reads = match self {
            Reach::Buy => Some(Reach::BuyRead),
            Reach::Sell => Some(Reach::SellRead),
            Reach::Hooks => Some(Reach::HooksRead),
            Reach::Operate => Some(Reach::OperateRead),
            _ => None,
        };
        self == wanted || reads == Some(wanted)
    }

    fn fits(self, staff: bool) -> bool {
        Reach::OF_STAFF.contains(&self) == staff
    }
}

/// What the person chose.
#[derive(Clone, Debug)]
pub struct NewToken {
    pub name: Entered<ApiTokenName>,
    /// Those of the other kind of account are left out.
    pub reaches: Vec<Reach>,
    /// At most [`DAYS_MAX`].
    pub days: i64,
}

/// Makes a token of `who`, who has just proved it. `access` covers them. What it returns is the only copy.
pub fn make(
    tx: &mut Tx,
    who: &Who,
    proven: &Proven,
    access: &Access<UseApi>,
    new: &NewToken,
) -> Result<ApiToken, Stop<Refused>> {
    let (person, is_staff) = (who.person(), matches!(who, Who::Staff(_)));
    proven.must_be(person)?;
    let living = api_token::table.filter(api_token::person.eq(person)).filter(api_token::ends_at.gt(tx.now));
    let held: i64 = living.count().get_result(tx.db)?;
    if held >= TOKENS_MAX {
        return Err(Stop::refuse(Refused::TooManyTokens { max: TOKENS_MAX }));
    }
    let id = tx.id();
    let token = ApiToken::new();
    let mut reaches: Vec<Reach> = new.reaches.iter().copied().filter(|reach| reach.fits(is_staff)).collect();
    reaches.sort_unstable();
    reaches.dedup();
    let name = access.seal(tx, api_token::name, &RowKey { person, id: &id }, &new.name)?;
    diesel::insert_into(api_token::table)
        .values((
            api_token::person.eq(person),
            api_token::id.eq(&id),
            api_token::token.eq(hashed(token.as_str())),
            api_token::name.eq(name),
            api_token::reaches.eq(written(&reaches)),
            api_token::staff.eq(is_staff),
            api_token::begun_at.eq(tx.now),
            api_token::used_at.eq(tx.now),
            api_token::ends_at.eq(tx.now + new.days.clamp(1, DAYS_MAX) * DAY),
        ))
        .execute(tx.db)?;
    Ok(token)
}

fn written(reaches: &[Reach]) -> String {
    reaches.iter().map(|reach| reach.id()).collect::<Vec<_>>().join(" ")
}

/// What the program no longer knows gives nothing.
fn read(reaches: &str) -> Vec<Reach> {
    reaches.split(' ').filter_map(Reach::parse).collect()
}

/// Whoever holds a living token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bearer {
    pub id: Id,
    pub who: Who,
    pub reaches: Vec<Reach>,
    used_at: i64,
    /// Of its holder, as it was when the token was looked at.
    pub standing: Option<Standing>,
}

impl Bearer {
    pub fn may(&self, wanted: Reach) -> bool {
        self.reaches.iter().any(|reach| reach.covers(wanted))
    }

    pub fn person(&self) -> &Id {
        self.who.person()
    }

    /// A program cannot be asked for a password: the proof was given when its token was made, for what the token may do.
    /// The operation's own gate looks at that.
    pub fn proven(&self) -> Proven {
        Proven::of(self.person())
    }
}

diesel::allow_tables_to_appear_in_same_query!(api_token, staff);
db::meet!(api_token, person);

/// Whose token it is: one query by a unique index.
fn who(scope: &mut impl Scope, token: &ApiToken) -> QueryResult<Option<Bearer>> {
    type Row = (Id, Id, bool, String, i64, i64, Option<String>, Option<i64>, Option<(String, i64)>);
    let now = scope.now();
    let query = api_token::table
        .left_join(staff::table.on(staff::id.eq(api_token::person)))
        .left_join(person::table.on(person::id.eq(api_token::person)))
        .filter(api_token::token.eq(hashed(token.as_str())))
        .select((
            api_token::person,
            api_token::id,
            api_token::staff,
            api_token::reaches,
            api_token::used_at,
            api_token::ends_at,
            staff::role.nullable(),
            staff::ended_at.nullable(),
            (person::state, person::version).nullable(),
        ));
    let row: Option<Row> = on_each!(scope.db(), c => query.get_result(c)).optional()?;
    Ok(row.and_then(|(person, id, is_staff, reaches, used_at, ends_at, role, ended_at, standing)| {
        if ends_at <= now {
            return None;
        }
        let who = Who::of(person, is_staff, role.as_deref(), ended_at)?;
        let reaches = read(&reaches).into_iter().filter(|reach| reach.fits(is_staff)).collect();
        let standing = standing.map(|(state, version)| Standing::of(&state, version));
        Some(Bearer { id, who, reaches, used_at, standing })
    }))
}

/// Who sent this token, with what else is asked of them in the same read. Writes the last use where it is due; the
/// answer does not hang on that write.
pub async fn bearer_and<T: Send + 'static>(
    vault: &Vault,
    token: &ApiToken,
    more: impl FnOnce(&mut Read, &Bearer) -> Result<T, Stop<Infallible>> + Send + 'static,
) -> Result<Option<(Bearer, T)>, Failed<Infallible>> {
    let asked = token.clone();
    let found = vault
        .data()
        .look(move |read| match who(read, &asked)? {
            Some(bearer) => more(read, &bearer).map(|more| Some((bearer, more))),
            None => Ok(None),
        })
        .await?;
    if let Some((bearer, _)) = &found
        && bearer.used_at < vault.data().now() - USED_EVERY
    {
        let (person, id) = (bearer.person().clone(), bearer.id.clone());
        if let Err(failed) = vault.data().write(move |tx| used::<Infallible>(tx, &person, &id)).await {
            tracing::warn!(%failed, "the last use of a token was not written");
        }
    }
    Ok(found)
}

fn used<R>(tx: &mut Tx, person: &Id, id: &Id) -> Result<(), Stop<R>> {
    diesel::update(api_token::table.find((person, id))).set(api_token::used_at.eq(tx.now)).execute(tx.db)?;
    Ok(())
}

/// A token as its owner sees it.
#[derive(Debug)]
pub struct Listed {
    pub id: Id,
    pub name: Personal<ApiTokenName, UseApi>,
    pub reaches: Vec<Reach>,
    pub begun_at: i64,
    /// To the hour; the time of its making where it was never used since.
    pub used_at: i64,
    pub ends_at: i64,
}

/// The living tokens of a person, the newest first. `access` covers them.
pub fn list<R>(scope: &mut impl Scope, person: &Id, access: &Access<UseApi>) -> Result<Vec<Listed>, Stop<R>> {
    type Row = (Id, Sealed<api_token::name>, String, i64, i64, i64);
    let now = scope.now();
    let rows: Vec<Row> = api_token::table
        .filter(api_token::person.eq(person))
        .filter(api_token::ends_at.gt(now))
        .order(api_token::id.desc())
        .limit(TOKENS_MAX)
        .select((
            api_token::id,
            api_token::name,
            api_token::reaches,
            api_token::begun_at,
            api_token::used_at,
            api_token::ends_at,
        ))
        .load(scope.db())?;
    rows.into_iter()
        .map(|(id, name, reaches, begun_at, used_at, ends_at)| {
            let name = name.open(access, scope, &RowKey { person, id: &id })?;
            Ok(Listed { id, name, reaches: read(&reaches), begun_at, used_at, ends_at })
        })
        .collect()
}

/// Ends one token of a person. `false` if it had ended.
pub fn end<R>(tx: &mut Tx, person: &Id, id: &Id) -> Result<bool, Stop<R>> {
    Ok(diesel::delete(api_token::table.find((person, id))).execute(tx.db)? == 1)
}

/// Ends all tokens of a person.
pub(crate) fn end_all<R>(tx: &mut Tx, person: &Id) -> Result<usize, Stop<R>> {
    Ok(diesel::delete(api_token::table.filter(api_token::person.eq(person))).execute(tx.db)?)
}

/// Ends the tokens that were made at this time or later.
pub(crate) fn end_since<R>(tx: &mut Tx, person: &Id, at: i64) -> Result<usize, Stop<R>> {
    let since = api_token::table.filter(api_token::person.eq(person)).filter(api_token::begun_at.ge(at));
    Ok(diesel::delete(since).execute(tx.db)?)
}

/// Deletes what has run out.
pub(crate) fn sweep<R>(tx: &mut Tx) -> Result<(), Stop<R>> {
    diesel::delete(api_token::table.filter(api_token::ends_at.le(tx.now))).execute(tx.db)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_write_may_read_and_nothing_else() {
        for all in [Reach::OF_MEMBERS.as_slice(), &Reach::OF_STAFF] {
            for reach in all {
                assert_eq!(Reach::parse(reach.id()), Some(*reach));
            }
        }
        assert!(Reach::Buy.covers(Reach::BuyRead) && !Reach::BuyRead.covers(Reach::Buy));
        assert!(!Reach::Sell.covers(Reach::HooksRead));
        assert!(!Reach::Buy.covers(Reach::SellRead) && !Reach::Operate.covers(Reach::BuyRead));
        assert_eq!(read("buy sell:read nonsense"), [Reach::Buy, Reach::SellRead]);
    }

    #[test]
    fn a_token_is_known_by_its_form() {
        let token = ApiToken::new();
        assert!(token.as_str().starts_with("hanse_") && token.as_str().len() == 49);
        assert!(ApiToken::parse(token.as_str()).is_some());
        assert_eq!(format!("{token:?}"), "ApiToken");
        for none in ["", "hanse_", "hanse_short", &token.as_str()[6..], &format!("{}A", token.as_str())] {
            assert!(ApiToken::parse(none).is_none(), "{none}");
        }
    }
}
