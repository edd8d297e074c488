//! Whose data a page or a command needs: the step before the vault is asked for an access.

use crate::Refused;
use crate::policy::cart_item;
use catalogue::policy::shop;
use catalogue::shop::{Seller, State as ShopState};
use db::sql::{Beside, BigInt, MaybeText};
use db::{Failed, Id, Scope, on_each};
use diesel::dsl::min;
use diesel::prelude::*;
use member::Token;
use member::session::{self, Session};
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

/// What the head of every page shows of a member.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// Lines in the cart.
    pub lines: i64,
    /// The shop that they sell from.
    pub seller: Option<Seller>,
}

/// Whose session the token is, and what the head of the page shows of them: one query, for every request asks it.
pub fn visitor(scope: &mut impl Scope, token: &Token) -> QueryResult<Option<(Session, Head)>> {
    let lines = cart_item::table.filter(cart_item::member.eq(session::Holder)).count();
    let [open, paused] = ShopState::WITH_SELLER.map(|state| shop::state.eq(state.id()));
    // Nobody sells from two.
    let shop = shop::table.filter(shop::owner.eq(session::Holder)).filter(open.or(paused)).select(min(shop::id));
    let query = session::by_token(token).select((
        session::columns(),
        Beside::<_, BigInt>::new(lines),
        Beside::<_, MaybeText>::new(shop),
    ));
    let row: Option<(session::Row, i64, Option<Id>)> = on_each!(scope.db(), c => query.get_result(c)).optional()?;
    let now = scope.now();
    Ok(row.and_then(|(row, lines, shop)| {
        let session = session::living(row, now)?;
        let head = session.member().map_or_else(Head::default, |member| Head {
            lines,
            seller: shop.map(|shop| Seller { member: member.id.clone(), shop }),
        });
        Some((session, head))
    }))
}
