//! The devices that a member comes in from (2.7: `NoticeNewDevice`): a random value in a cookie knows a device again,
//! and of a sign-in on one that is not known the member is told, by text message and on the page of the account's
//! security.
//!
//! Here is only a keyed hash of the value, bound to the person: it neither follows a device from one member to another
//! nor says anything to whoever has the cookie and no password. No address and no name of a browser is kept.

use crate::policy::{NoticeNewDevice, known_device, session};
use crate::refused::{keys_unavailable, no_access};
use crate::session::{drawn, may_be_drawn};
use crate::{Refused, account, token};
use db::clock::DAY;
use db::{Failed, Id, NewJob, Scope, Stop, Tx, on_each};
use diesel::prelude::*;
use policy::fields::{DeviceMark, LastLoginAt, MobilePhone};
use policy::recipients::SmsGateway;
use policy::{Entered, Language};
use serde::{Deserialize, Serialize};
use std::fmt;
use vault::{Actor, Disclosed, NoAccess, RowKey, Vault};
use zeroize::Zeroizing;

/// The job that tells a member of a new device by text message; [`warning`] is what it sends.
pub const TELL: &str = "member.tell_new_device";
/// So long after the last sign-in on it a device is known; the term of the purpose, and the life of the cookie.
pub const KNOWN_FOR: i64 = 365 * DAY;
/// More devices than anybody has; the longest unused one makes room.
const DEVICES_MAX: i64 = 20;
/// Whoever clears the cookies at every visit is told so often in a day and no more; the page says it all the same.
const MESSAGES_A_DAY_MAX: i64 = 5;

/// What the cookie of a device holds. No `Debug` of it, no `Display`; at rest only a keyed hash for each member.
#[derive(Clone)]
pub struct DeviceToken(Zeroizing<String>);

impl DeviceToken {
    pub(crate) fn fresh() -> DeviceToken {
        DeviceToken(drawn())
    }

    /// A value as a cookie brought it; `None` if it cannot be one.
    pub fn parse(cookie: &str) -> Option<DeviceToken> {
        may_be_drawn(cookie).then(|| DeviceToken(Zeroizing::new(cookie.to_owned())))
    }

    /// For the cookie, and nothing else.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for DeviceToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceToken")
    }
}

/// By what a member's device is known again.
pub(crate) async fn mark(vault: &Vault, person: &Id, device: &DeviceToken) -> Result<String, Failed<Refused>> {
    let value = Entered::<DeviceMark>::made(device.as_str().to_owned());
    vault.keys().keyed_hash(&format!("device/{person}"), &value).await.map_err(keys_unavailable)
}

/// What a message waits for.
#[derive(Serialize, Deserialize)]
struct Told {
    person: Id,
    device: Id,
    language: String,
}

/// Notes a sign-in on the device of this mark. Of one that is not known the member is told, unless they have just
/// registered on it: in the language that they chose, or else in `language`.
pub(crate) fn arrive<R>(
    tx: &mut Tx,
    person: &Id,
    mark: &str,
    language: Language,
    registered: bool,
) -> Result<Id, Stop<R>> {
    let of_mark = known_device::table.filter(known_device::person.eq(person)).filter(known_device::mark.eq(mark));
    let known: Option<Id> = of_mark.select(known_device::id).first(tx.db).optional()?;
    if let Some(id) = known {
        let seen = known_device::seen_at.eq(tx.now);
        diesel::update(known_device::table.find((person, &id))).set(seen).execute(tx.db)?;
        return Ok(id);
    }
    let id = tx.id();
    let row = (
        known_device::person.eq(person),
        known_device::id.eq(&id),
        known_device::mark.eq(mark),
        known_device::begun_at.eq(tx.now),
        known_device::seen_at.eq(tx.now),
        known_device::new_at.eq((!registered).then_some(tx.now)),
    );
    let new =
        on_each!(tx.db, c => diesel::insert_into(known_device::table).values(row).on_conflict_do_nothing().execute(c))?;
    if new == 0 {
        // One browser came in twice at once.
        return Ok(of_mark.select(known_device::id).first(tx.db)?);
    }
    make_room(tx, person)?;
    if !registered && told_today(tx, person)? < MESSAGES_A_DAY_MAX {
        let language = account::language(tx, person)?.unwrap_or(language);
        let told = Told { person: person.clone(), device: id.clone(), language: language.code().to_owned() };
        let body = serde_json::to_value(told).map_err(|error| Stop::fault(error.to_string()))?;
        tx.enqueue(NewJob { kind: TELL, unique: Some(id.to_string()), due_at: tx.now, body });
    }
    Ok(id)
}

fn make_room<R>(tx: &mut Tx, person: &Id) -> Result<(), Stop<R>> {
    let too_many: Vec<Id> = known_device::table
        .filter(known_device::person.eq(person))
        .order((known_device::seen_at.desc(), known_device::id.desc()))
        .offset(DEVICES_MAX)
        .limit(DEVICES_MAX)
        .select(known_device::id)
        .load(tx.db)?;
    for id in too_many {
        diesel::delete(known_device::table.find((person, id))).execute(tx.db)?;
    }
    Ok(())
}

/// Other new devices of the last day.
fn told_today(tx: &mut Tx, person: &Id) -> QueryResult<i64> {
    let begun = known_device::table
        .filter(known_device::person.eq(person))
        .filter(known_device::begun_at.gt(tx.now - DAY))
        .count()
        .get_result::<i64>(tx.db)?;
    Ok(begun - 1)
}

/// The message that tells of a new device.
#[derive(Debug)]
pub struct Warning {
    /// The message may bear it as its own id: each device is told of once.
    pub id: Id,
    pub phone: Disclosed<SmsGateway, MobilePhone>,
    pub at: Disclosed<SmsGateway, LastLoginAt>,
    pub language: Language,
}

/// What a job of the kind [`TELL`] is to send; nothing where the member has closed the account, or has already said whose
/// the device is. Blocks.
pub fn warning(vault: &Vault, body: &serde_json::Value) -> Result<Option<Warning>, Failed<Refused>> {
    let told: Told = serde_json::from_value(body.clone())
        .map_err(|error| Failed::Fault(db::FaultId::log(&format!("a job to tell of a device: {error}"))))?;
    let Told { person, device, language } = told;
    let language = Language::ALL.into_iter().find(|known| known.code() == language).unwrap_or(Language::Zh);
    let job = Actor::job(TELL);
    let access = match vault.access_now::<NoticeNewDevice>(&job, std::slice::from_ref(&person)) {
        Ok(access) => access,
        Err(NoAccess::Gone) => return Ok(None),
        Err(why) => return Err(no_access(why)),
    };
    vault.data().read_now(move |read| {
        let new: Option<Option<i64>> =
            known_device::table.find((&person, &device)).select(known_device::new_at).first(read.db).optional()?;
        let (Some(at), Some(sealed)) = (new.flatten(), account::phone(read, &person)?) else { return Ok(None) };
        let phone = sealed.open(&access, read, &RowKey { person: &person, id: &person })?.disclose(read);
        let at = Disclosed::passing(&access, read, &person, &device, &Entered::<LastLoginAt>::made(at))?;
        Ok(Some(Warning { id: device.clone(), phone, at, language }))
    })
}

/// A device of which its member has not yet said whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unanswered {
    pub id: Id,
    /// When it was new.
    pub at: i64,
}

/// The new devices of a person, the latest first, but for the one that asks: whoever came in unbidden is not asked
/// whether they did.
pub fn unanswered(scope: &mut impl Scope, person: &Id, here: &str) -> QueryResult<Vec<Unanswered>> {
    let rows: Vec<(Id, Option<i64>)> = known_device::table
        .filter(known_device::person.eq(person))
        .filter(known_device::new_at.is_not_null())
        .filter(known_device::id.ne(here))
        .order(known_device::id.desc())
        .limit(DEVICES_MAX)
        .select((known_device::id, known_device::new_at))
        .load(scope.db())?;
    Ok(rows.into_iter().filter_map(|(id, at)| Some(Unanswered { id, at: at? })).collect())
}

/// The member says that a device is theirs. `false` if there is none such, or it is the one that says so.
pub fn is_mine<R>(tx: &mut Tx, person: &Id, id: &Id, here: &str) -> Result<bool, Stop<R>> {
    let other = known_device::table.find((person, id)).filter(known_device::id.ne(here));
    Ok(diesel::update(other).set(known_device::new_at.eq(None::<i64>)).execute(tx.db)? == 1)
}

/// The member says that a device is not theirs: what began on it ends, and what may have been made on it, the tokens
/// since then, too. It is not known any more. `false` as for [`is_mine`].
pub fn is_not_mine<R>(tx: &mut Tx, person: &Id, id: &Id, here: &str) -> Result<bool, Stop<R>> {
    let other = known_device::table.find((person, id)).filter(known_device::id.ne(here));
    let begun: Option<i64> = other.select(known_device::begun_at).first(tx.db).optional()?;
    let Some(begun) = begun else { return Ok(false) };
    diesel::delete(known_device::table.find((person, id))).execute(tx.db)?;
    let on_it = session::table.filter(session::person.eq(person)).filter(session::device.eq(id.as_str()));
    diesel::delete(on_it).execute(tx.db)?;
    token::end_since(tx, person, begun)?;
    Ok(true)
}
