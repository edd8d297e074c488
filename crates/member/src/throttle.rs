//! How often something may be tried (2.7). Counted under keyed hashes that change with the hour: the table says of nobody
//! what they tried, and an hour later the marks are gone. They are personal data as long as they are there.

use crate::Refused;
use crate::policy::throttle;
use db::clock::{HOUR, MINUTE};
use db::{Scope, Stop, Tx, on_each};
use diesel::prelude::*;
use policy::fields::VerificationCode;
use policy::{Entered, Field};
use std::net::IpAddr;
use vault::Vault;
use vault::keys::KeysError;

pub(crate) struct Limit {
    /// Keeps the marks of different limits apart.
    what: &'static str,
    per_hour_max: i64,
    refused: fn(i64) -> Refused,
}

/// 2.1.1-a.4: the fourth code of an hour is refused.
pub(crate) const CODES_TO_A_PHONE: Limit =
    Limit { what: "code/phone", per_hour_max: 3, refused: |minutes| Refused::TooManyCodes { minutes } };
/// An office behind one address may register its people in one hour; a machine may not go through the numbers.
pub(crate) const CODES_FROM_AN_ADDRESS: Limit =
    Limit { what: "code/address", per_hour_max: 30, refused: |minutes| Refused::TooManyFromHere { minutes } };
/// Wrong passwords for what was typed as name or number. The way by a texted code stays open, so that a stranger's
/// guessing does not lock a member out. Whoever is signed in is counted here too, where the password is asked once more.
pub(crate) const PASSWORDS_FOR_AN_ACCOUNT: Limit =
    Limit { what: "password/account", per_hour_max: 10, refused: |minutes| Refused::TooManyTries { minutes } };
pub(crate) const PASSWORDS_FROM_AN_ADDRESS: Limit =
    Limit { what: "password/address", per_hour_max: 60, refused: |minutes| Refused::TooManyFromHere { minutes } };
pub(crate) const STAFF_PASSWORDS_FOR_AN_ACCOUNT: Limit =
    Limit { what: "staff/account", per_hour_max: 10, refused: |minutes| Refused::TooManyTries { minutes } };

/// Where a request comes from: an IPv4 address, or the /64 network of an IPv6 address, of which one subscriber has
/// plenty. Hashed at once; the hash is kept for the hour ([`crate::policy::GuardSignIn`]).
#[derive(Clone)]
pub struct ClientAddress(String);

impl ClientAddress {
    pub fn of(address: IpAddr) -> ClientAddress {
        match address.to_canonical() {
            IpAddr::V4(v4) => ClientAddress(v4.to_string()),
            IpAddr::V6(v6) => {
                let [a, b, c, d, ..] = v6.segments();
                ClientAddress(format!("{a:x}:{b:x}:{c:x}:{d:x}::/64"))
            }
        }
    }

    pub(crate) async fn mark(&self, vault: &Vault, limit: &'static Limit) -> Result<Mark, KeysError> {
        mark_of_text(vault, limit, &self.0).await
    }
}

impl std::fmt::Debug for ClientAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClientAddress")
    }
}

/// What is counted under in this hour.
#[derive(Clone)]
pub(crate) struct Mark {
    limit: &'static Limit,
    mark: String,
    until: i64,
}

pub(crate) async fn mark<F: Field>(
    vault: &Vault,
    limit: &'static Limit,
    entered: &Entered<F>,
) -> Result<Mark, KeysError> {
    let hour = vault.data().now().div_euclid(HOUR);
    let mark = vault.keys().keyed_hash::<F>(&format!("{}/{hour}", limit.what), entered).await?;
    Ok(Mark { limit, mark, until: (hour + 1) * HOUR })
}

/// As `mark`, for what is no field that anybody typed: an address. Hashed with the key of the one-time
/// codes, which serves the same guard.
pub(crate) async fn mark_of_text(vault: &Vault, limit: &'static Limit, text: &str) -> Result<Mark, KeysError> {
    mark(vault, limit, &Entered::<VerificationCode>::made(text.to_owned())).await
}

impl Mark {
    fn refusal(&self, now: i64) -> Refused {
        (self.limit.refused)(((self.until - now).max(1) + MINUTE - 1) / MINUTE)
    }
}

/// Counts one try, or refuses. Two at once never pass the limit together.
pub(crate) fn count(tx: &mut Tx, mark: &Mark) -> Result<(), Stop<Refused>> {
    let row = (throttle::mark.eq(&mark.mark), throttle::count.eq(0), throttle::until.eq(mark.until));
    on_each!(tx.db, c => diesel::insert_into(throttle::table).values(row).on_conflict_do_nothing().execute(c))?;
    let counted = diesel::update(
        throttle::table.filter(throttle::mark.eq(&mark.mark)).filter(throttle::count.lt(mark.limit.per_hour_max)),
    )
    .set(throttle::count.eq(throttle::count + 1))
    .execute(tx.db)?;
    if counted == 1 { Ok(()) } else { Err(Stop::refuse(mark.refusal(tx.now))) }
}

/// Gives a counted try back: it was a right one.
pub(crate) fn give_back<R>(tx: &mut Tx, mark: &Mark) -> Result<(), Stop<R>> {
    diesel::update(throttle::table.filter(throttle::mark.eq(&mark.mark)).filter(throttle::count.gt(0)))
        .set(throttle::count.eq(throttle::count - 1))
        .execute(tx.db)?;
    Ok(())
}

/// Refuses where the limit is reached, and counts nothing: before keys and hashes are spent on a flood.
pub(crate) fn look(scope: &mut impl Scope, marks: &[Mark]) -> Result<(), Stop<Refused>> {
    for mark in marks {
        let counted: Option<i64> =
            throttle::table.find(&mark.mark).select(throttle::count).first(scope.db()).optional()?;
        if counted.is_some_and(|counted| counted >= mark.limit.per_hour_max) {
            return Err(Stop::refuse(mark.refusal(scope.now())));
        }
    }
    Ok(())
}

/// Deletes the marks of hours that are over.
pub(crate) fn sweep<R>(tx: &mut Tx) -> Result<(), Stop<R>> {
    diesel::delete(throttle::table.filter(throttle::until.lt(tx.now))).execute(tx.db)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_subscriber_has_one_address() {
        let text = |ip: &str| ClientAddress::of(ip.parse().unwrap()).0;
        assert_eq!(text("2001:db8:1:2::1"), text("2001:db8:1:2:ffff::9"));
        assert_ne!(text("2001:db8:1:2::1"), text("2001:db8:1:3::1"));
        assert_eq!(text("::ffff:192.0.2.7"), text("192.0.2.7"));
        assert_eq!(format!("{:?}", ClientAddress::of("192.0.2.7".parse().unwrap())), "ClientAddress");
    }
}
