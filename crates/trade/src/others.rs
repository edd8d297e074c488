//! People without an account whom a member brings in: whose goods are sent to them, whose address is kept (2.3.2-d, 9-f).
//! What a member says for them is the member's word, recorded in the words that were shown; it is nobody's consent but
//! the member's own.

use crate::people::NotReady;
use crate::policy::{OrderForOthers, address, assurance, consignee};
use crate::{Buyer, Refused};
use db::{Id, NewJob, Scope, Stop, Tx};
use diesel::prelude::*;
use policy::fields::ConsentAssurance;
use policy::{Duty, Entered, Language, Words};
use vault::policy::person;
use vault::{Access, Actor, RowKey, State, Vault};

pub(crate) const FORGET_JOB: &str = "trade.forget_other";

/// What an assurance covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Covers {
    Order,
    AddressBook,
}

impl Covers {
    const fn id(self) -> &'static str {
        match self {
            Covers::Order => "order",
            Covers::AddressBook => "address_book",
        }
    }
}

/// An assurance that is to be recorded.
#[derive(Clone, Debug)]
pub(crate) struct Assured {
    access: Access<OrderForOthers>,
    words: Entered<ConsentAssurance>,
    covers: Covers,
}

impl Assured {
    /// `language`: the one in which the member read `words` and ticked them.
    pub async fn prepare(
        vault: &Vault,
        member: &Buyer,
        covers: Covers,
        words: Words,
        language: Language,
    ) -> Result<Assured, NotReady> {
        let access = vault.access(&Actor::own(&member.member), std::slice::from_ref(&member.member)).await?;
        Ok(Assured { access, words: Entered::made(words.in_(language).to_owned()), covers })
    }

    /// Records who assured it of whom, when, and in which words (2.3.2-d.1). The seal asks for the member's state.
    pub fn record(&self, tx: &mut Tx, member: &Buyer, other: &Id) -> Result<(), Stop<Refused>> {
        let id = tx.id();
        let row = RowKey { person: &member.member, id: &id };
        let words = self.access.seal(tx, assurance::words, &row, &self.words)?;
        diesel::insert_into(assurance::table)
            .values((
                assurance::buyer.eq(&member.member),
                assurance::id.eq(&id),
                assurance::consignee.eq(other),
                assurance::covers.eq(self.covers.id()),
                assurance::words.eq(words),
                assurance::given_at.eq(tx.now),
            ))
            .execute(tx.db)?;
        Ok(())
    }
}

/// Those of `others` whose address the member may keep: the member gave their word for it, and they are open.
pub(crate) fn kept_on_word(scope: &mut impl Scope, member: &Buyer, others: &[Id]) -> QueryResult<Vec<Id>> {
    let open: Vec<Id> = person::table
        .filter(person::id.eq_any(others))
        .filter(person::state.eq(State::Open.id()))
        .select(person::id)
        .load(scope.db())?;
    assurance::table
        .filter(assurance::buyer.eq(&member.member))
        .filter(assurance::covers.eq(Covers::AddressBook.id()))
        .filter(assurance::consignee.eq_any(&open))
        .select(assurance::consignee)
        .distinct()
        .load(scope.db())
}

/// The last address of somebody else has gone: they are erased at once, unless an order was sent to them; a job then
/// destroys their keys (state first, then keys).
pub(crate) fn let_go<R>(tx: &mut Tx, other: &Id) -> Result<(), Stop<R>> {
    let of = other.clone();
    vault::person::erase_unless(tx, other, |tx| Ok(has_address(tx, &of)? || has_order(tx, &of)?))?;
    tx.enqueue(NewJob {
        kind: FORGET_JOB,
        unique: Some(other.to_string()),
        due_at: tx.now,
        body: serde_json::json!({ "person": other }),
    });
    Ok(())
}

fn has_address(scope: &mut impl Scope, other: &Id) -> QueryResult<bool> {
    let rows: i64 = address::table.filter(address::person.eq(other)).count().get_result(scope.db())?;
    Ok(rows > 0)
}

fn has_order(scope: &mut impl Scope, other: &Id) -> QueryResult<bool> {
    let rows: i64 = consignee::table.filter(consignee::person.eq(other)).count().get_result(scope.db())?;
    Ok(rows > 0)
}

/// The keys that nothing of somebody else rests under any more: all of the erased; of whom an order was sent to, the
/// key of the address alone, for the order rests under the law's.
pub(crate) fn keys_to_destroy(scope: &mut impl Scope, other: &Id) -> QueryResult<Vec<Duty>> {
    Ok(match vault::person::state(scope, other)? {
        State::Erased => Duty::ALL.to_vec(),
        _ if has_address(scope, other)? => Vec::new(),
        _ => vec![Duty::Account],
    })
}
