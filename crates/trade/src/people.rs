//! Whose data a page or a command needs: the step before the vault is asked for an access.

use crate::Refused;
use crate::policy::cart_item;
use catalogue::policy::shop;
use catalogue::shop::{Seller, State as ShopState};
use db::{Failed, Id, Scope, on_each};
use diesel::dsl::count;
use diesel::prelude::*;
use policy::Purpose;
use std::fmt;
use vault::policy::person;
use vault::{NoAccess, State};

/// Why a command or a page cannot begin.
#[derive(Debug)]
pub enum NotReady {
    Refused(Refused),
    NoAccess(NoAccess),
}

impl fmt::Display for NotReady {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotReady::Refused(refused) => write!(f, "refused: {}", refused.key()),
            NotReady::NoAccess(why) => why.fmt(f),
        }
    }
}

impl std::error::Error for NotReady {}

impl From<NoAccess> for NotReady {
    fn from(why: NoAccess) -> Self {
        NotReady::NoAccess(why)
    }
}

impl From<Failed<Refused>> for NotReady {
    fn from(failed: Failed<Refused>) -> Self {
        match failed {
            Failed::Refused(refused) => NotReady::Refused(refused),
            other => NotReady::NoAccess(NoAccess::Unavailable(other.to_string())),
        }
    }
}

impl From<vault::keys::KeysError> for NotReady {
    fn from(error: vault::keys::KeysError) -> Self {
        NotReady::NoAccess(NoAccess::Unavailable(error.to_string()))
    }
}

/// Those of `people` whose data open for `P`: the vault gives access to all it is asked for or to none, and on a page
/// of many a person who is erased or restricted must not close the others.
pub(crate) fn reachable<P: Purpose>(scope: &mut impl Scope, people: Vec<Id>) -> QueryResult<Vec<Id>> {
    debug_assert!(!P::INFO.basis.asks(), "an access to {} is not for whole lists", P::INFO.id);
    person::table
        .filter(person::id.eq_any(&people))
        .filter(person::state.eq(State::Open.id()))
        .select(person::id)
        .load(scope.db())
}

db::meet!(cart_item, person);
db::meet!(cart_item, shop);

/// What the head of every page shows of a member: the lines in their cart, and the shop that they sell from. One query,
/// for every request asks it.
pub fn head(scope: &mut impl Scope, member: &Id) -> QueryResult<(i64, Option<Seller>)> {
    let query = person::table
        .left_join(cart_item::table.on(cart_item::member.eq(person::id)))
        .left_join(shop::table.on(shop::owner.eq(person::id)))
        .filter(person::id.eq(member))
        .group_by((shop::id, shop::state))
        .select((count(cart_item::product.nullable()), shop::id.nullable(), shop::state.nullable()));
    let rows: Vec<(i64, Option<Id>, Option<String>)> = on_each!(scope.db(), c => query.load(c))?;
    let lines = rows.first().map_or(0, |row| row.0);
    let sells = |state: Option<String>| state.is_some_and(|state| ShopState::parse(&state).has_seller());
    let shop = rows.into_iter().find_map(|(_, shop, state)| shop.filter(|_| sells(state)));
    Ok((lines, shop.map(|shop| Seller { member: member.clone(), shop })))
}
