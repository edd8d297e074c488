//! Money on its way back to the buyer: before shipping, or where it was paid too late.
//!
//! A refund is asked for under a request number of its own and counts once, however often it is asked for. While it is
//! asked for, its money is still held; it is booked when the payment company has confirmed it.

use super::{Payment, PaymentState, by_id, settle_if_empty};
use crate::policy::{journal_entry, payment, posting, purchase_order, refund};
use crate::settlement::{self, Account, Kind, Posting, request_number};
use crate::state::{OrderState, step};
use crate::{Buyer, Refused};
use catalogue::shop::Seller;
use db::{Id, NewJob, Scope, Stop, Tx};
use diesel::prelude::*;

pub(crate) const REFUND_JOB: &str = "trade.refund";

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RefundState {
    /// The payment company is being asked.
    Asked,
    Done,
    /// The payment company refuses; the operator must act.
    Failed,
}

impl RefundState {
    pub const ALL: [RefundState; 3] = [RefundState::Asked, RefundState::Done, RefundState::Failed];

    pub const fn id(self) -> &'static str {
        match self {
            RefundState::Asked => "asked",
            RefundState::Done => "done",
            RefundState::Failed => "failed",
        }
    }

    fn parse<R>(id: &str) -> Result<RefundState, Stop<R>> {
        RefundState::ALL
            .into_iter()
            .find(|state| state.id() == id)
            .ok_or_else(|| Stop::fault("a refund has a state that does not exist"))
    }
}

/// Money on its way back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    pub id: Id,
    pub of_payment: Id,
    /// The order that it gives back; none where the money was nobody's order's.
    pub of_order: Option<Id>,
    pub amount: i64,
    pub state: RefundState,
    pub made_at: i64,
    pub done_at: Option<i64>,
    /// The payment company's code of a refusal, or empty.
    pub why: String,
}

impl Refund {
    /// The number under which the payment company knows it.
    pub fn request_number(&self) -> String {
        request_number(&self.id)
    }
}

type RefundRow = (Id, Id, Option<Id>, i64, String, i64, Option<i64>, String);

const REFUND: (
    refund::id,
    refund::of_payment,
    refund::of_order,
    refund::amount,
    refund::state,
    refund::made_at,
    refund::done_at,
    refund::why,
) = (
    refund::id,
    refund::of_payment,
    refund::of_order,
    refund::amount,
    refund::state,
    refund::made_at,
    refund::done_at,
    refund::why,
);

fn read_refund<R>(row: RefundRow) -> Result<Refund, Stop<R>> {
    let (id, of_payment, of_order, amount, state, made_at, done_at, why) = row;
    Ok(Refund { id, of_payment, of_order, amount, state: RefundState::parse(&state)?, made_at, done_at, why })
}

/// The buyer calls a paid order off before it is shipped: the order is refunded, the goods are back on the shelf, the
/// money is on its way. Returns the refund, whose state the buyer sees.
pub fn call_off(tx: &mut Tx, buyer: &Buyer, order: &Id) -> Result<Id, Stop<Refused>> {
    let mine: i64 =
        purchase_order::table.find(order).filter(purchase_order::buyer.eq(&buyer.member)).count().get_result(tx.db)?;
    if mine == 0 {
        return Err(Stop::refuse(Refused::NoSuchOrder));
    }
    give_back(tx, order)
}

/// The seller cannot deliver a paid order: as [`call_off`], from the other side.
pub fn decline(tx: &mut Tx, seller: &Seller, order: &Id) -> Result<Id, Stop<Refused>> {
    let mine: i64 =
        purchase_order::table.find(order).filter(purchase_order::shop.eq(&seller.shop)).count().get_result(tx.db)?;
    if mine == 0 {
        return Err(Stop::refuse(Refused::NoSuchOrder));
    }
    give_back(tx, order)
}

/// Gives a paid order back. The state decides who comes first, this or the parcel.
fn give_back(tx: &mut Tx, order: &Id) -> Result<Id, Stop<Refused>> {
    let stepped = step(tx, order, OrderState::Refunded)?;
    crate::shipping::call_back(tx, order)?;
    // Where a checkout was paid twice, the first payment paid the orders, and the second went back already.
    // By the checkout alone: asked for by the state too, SQLite would read all that were ever paid.
    let of_checkout: Vec<(Option<i64>, Id, String)> = payment::table
        .filter(payment::checkout.eq(&stepped.checkout))
        .select((payment::paid_at, payment::id, payment::state))
        .load(tx.db)?;
    let paid = of_checkout.into_iter().filter(|(.., state)| state == PaymentState::Paid.id());
    let (_, of_payment, _) = paid.min().ok_or_else(|| Stop::fault("a paid order has no payment"))?;
    ask_refund(tx, &of_payment, Some(order), stepped.total)
}

pub(super) fn ask_refund(
    tx: &mut Tx,
    of_payment: &Id,
    of_order: Option<&Id>,
    amount: i64,
) -> Result<Id, Stop<Refused>> {
    let id = tx.id();
    diesel::insert_into(refund::table)
        .values((
            refund::id.eq(&id),
            refund::of_payment.eq(of_payment),
            refund::of_order.eq(of_order),
            refund::amount.eq(amount),
            refund::state.eq(RefundState::Asked.id()),
            refund::made_at.eq(tx.now),
            refund::why.eq(""),
        ))
        .execute(tx.db)?;
    ask_provider(tx, &id);
    Ok(id)
}

pub(crate) fn ask_provider(tx: &mut Tx, refund: &Id) {
    tx.enqueue(NewJob {
        kind: REFUND_JOB,
        unique: Some(refund.to_string()),
        due_at: tx.now,
        body: serde_json::json!({ "refund": refund }),
    });
}

/// The operator asks again for a refund that the payment company had refused.
pub fn retry_refund(tx: &mut Tx, id: &Id) -> Result<(), Stop<Refused>> {
    let failed = refund::table.filter(refund::id.eq(id)).filter(refund::state.eq(RefundState::Failed.id()));
    let asked =
        diesel::update(failed).set((refund::state.eq(RefundState::Asked.id()), refund::why.eq(""))).execute(tx.db)?;
    if asked == 0 {
        return Err(Stop::refuse(Refused::NoSuchRefund));
    }
    ask_provider(tx, id);
    Ok(())
}

/// The payment company has given the money back at `at`. `false` if we knew.
pub(crate) fn refund_done<R>(tx: &mut Tx, id: &Id, of_payment: &Id, at: i64) -> Result<bool, Stop<R>> {
    let open = refund::table
        .filter(refund::id.eq(id))
        .filter(refund::of_payment.eq(of_payment))
        .filter(refund::state.ne(RefundState::Done.id()));
    let done = diesel::update(open)
        .set((refund::state.eq(RefundState::Done.id()), refund::done_at.eq(Some(at)), refund::why.eq("")))
        .execute(tx.db)?;
    if done == 0 {
        return Ok(false);
    }
    let (of_order, amount): (Option<Id>, i64) =
        refund::table.find(id).select((refund::of_order, refund::amount)).first(tx.db)?;
    let (currency, checkout): (String, Id) =
        payment::table.find(of_payment).select((payment::currency, payment::checkout)).first(tx.db)?;
    let shop: Option<Id> = match &of_order {
        Some(order) => Some(purchase_order::table.find(order).select(purchase_order::shop).first(tx.db)?),
        None => None,
    };
    settlement::refund(tx, id, shop.as_ref(), amount, &currency)?;
    settle_if_empty(tx, of_payment, &checkout)?;
    Ok(true)
}

/// The payment company refuses: the operator sees it, with its code.
pub(crate) fn refund_failed<R>(tx: &mut Tx, id: &Id, code: &str) -> Result<(), Stop<R>> {
    let open = refund::table.filter(refund::id.eq(id)).filter(refund::state.eq(RefundState::Asked.id()));
    diesel::update(open).set((refund::state.eq(RefundState::Failed.id()), refund::why.eq(code))).execute(tx.db)?;
    Ok(())
}

/// Of a payment with a disputed amount: the payment company's own answer says what was truly paid. That is booked, and
/// the refund is of that amount. Where an answer before said otherwise, and the refund of that was refused, a second
/// entry, about the refund, puts the first one right.
pub(crate) fn book_disputed<R>(tx: &mut Tx, of: &Payment, refund: &Id, truly: i64) -> Result<(), Stop<R>> {
    let missing = truly - booked_of_disputed(tx, &of.id)?.unwrap_or(0);
    if missing != 0 {
        let postings = [
            Posting::new(Account::Provider, None, -missing, &of.currency),
            Posting::new(Account::Held, None, missing, &of.currency),
        ];
        let booked = settlement::post(tx, Kind::Paid, &of.id, &postings)?
            || settlement::post(tx, Kind::Paid, refund, &postings)?;
        if !booked {
            return Err(Stop::fault("the payment company has named a third amount of one payment"));
        }
    }
    diesel::update(refund::table.filter(refund::id.eq(refund))).set(refund::amount.eq(truly)).execute(tx.db)?;
    Ok(())
}

/// What the journal says came in with a payment of a disputed amount.
pub(crate) fn booked_of_disputed<R>(scope: &mut impl Scope, payment: &Id) -> Result<Option<i64>, Stop<R>> {
    let mut about: Vec<Id> =
        refund::table.filter(refund::of_payment.eq(payment)).select(refund::id).load(scope.db())?;
    about.push(payment.clone());
    let came: Vec<i64> = posting::table
        .inner_join(journal_entry::table.on(journal_entry::id.eq(posting::entry)))
        .filter(journal_entry::about.eq_any(about))
        .filter(journal_entry::kind.eq(Kind::Paid.id()))
        .filter(posting::account.eq(Account::Held.id()))
        .select(posting::amount)
        .load(scope.db())?;
    Ok((!came.is_empty()).then(|| came.iter().sum()))
}

// --- what people see ----------------------------------------------------------------------------------------------

/// The refunds of an order that the caller may see, oldest first.
pub fn refunds_of_order<R>(scope: &mut impl Scope, order: &Id) -> Result<Vec<Refund>, Stop<R>> {
    refunds(scope, |all| all.filter(refund::of_order.eq(order.clone())).order(refund::id).limit(100))
}

/// Money of the buyer's checkout that goes back and was no order's (a payment of another amount, or a second one), oldest
/// first.
pub fn refunds_beside_orders<R>(scope: &mut impl Scope, payments: &[Payment]) -> Result<Vec<Refund>, Stop<R>> {
    // Nothing comes back of what never came.
    let paid: Vec<Id> = payments.iter().filter(|payment| payment.paid_at.is_some()).map(|p| p.id.clone()).collect();
    if paid.is_empty() {
        return Ok(Vec::new());
    }
    refunds(scope, |all| {
        all.filter(refund::of_payment.eq_any(paid)).filter(refund::of_order.is_null()).order(refund::id).limit(100)
    })
}

/// The refunds of a payment that the caller may see, oldest first.
pub fn refunds_of_payment<R>(scope: &mut impl Scope, payment: &Id) -> Result<Vec<Refund>, Stop<R>> {
    refunds(scope, |all| all.filter(refund::of_payment.eq(payment.clone())).order(refund::id).limit(1_000))
}

/// For the operator: refunds that the payment company refused, or that wait since before `since`; newest first, from
/// before `before`.
pub fn refunds_to_look_at<R>(
    scope: &mut impl Scope,
    since: i64,
    before: Option<&Id>,
    limit: i64,
) -> Result<Vec<Refund>, Stop<R>> {
    refunds(scope, |all| {
        let waits = refund::state.eq(RefundState::Asked.id()).and(refund::made_at.lt(since));
        let found = all.filter(refund::state.eq(RefundState::Failed.id()).or(waits));
        let found = match before {
            Some(before) => found.filter(refund::id.lt(before.clone())),
            None => found,
        };
        found.order(refund::id.desc()).limit(limit)
    })
}

type Boxed<'a> = refund::BoxedQuery<'a, db::MultiBackend>;

fn refunds<'a, R>(scope: &mut impl Scope, choose: impl FnOnce(Boxed<'a>) -> Boxed<'a>) -> Result<Vec<Refund>, Stop<R>> {
    choose(refund::table.into_boxed())
        .select(REFUND)
        .load::<RefundRow>(scope.db())?
        .into_iter()
        .map(read_refund)
        .collect()
}

// --- for the jobs -------------------------------------------------------------------------------------------------

/// The id whose request number this is.
pub(crate) fn id_of(request_number: &str) -> Option<Id> {
    let n = request_number;
    if n.len() != 32 || !n.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    Id::parse(&format!("{}-{}-{}-{}-{}", &n[..8], &n[8..12], &n[12..16], &n[16..20], &n[20..])).ok()
}

pub(crate) fn refund_by_id<R>(scope: &mut impl Scope, id: &Id) -> Result<Option<(Refund, Payment)>, Stop<R>> {
    let row: Option<RefundRow> = refund::table.find(id).select(REFUND).first(scope.db()).optional()?;
    let Some(found) = row.map(read_refund).transpose()? else { return Ok(None) };
    let of = by_id(scope, &found.of_payment)?.ok_or_else(|| Stop::fault("a refund of no payment"))?;
    Ok(Some((found, of)))
}

/// Refunds asked for before `at` and not answered yet.
pub(crate) fn waiting_refunds(scope: &mut impl Scope, at: i64, limit: i64) -> QueryResult<Vec<Id>> {
    refund::table
        .filter(refund::state.eq(RefundState::Asked.id()))
        .filter(refund::made_at.le(at))
        .order(refund::made_at)
        .limit(limit)
        .select(refund::id)
        .load(scope.db())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_number_leads_back_to_its_id() {
        let id = Id::fresh();
        assert_eq!(id_of(&request_number(&id)), Some(id));
        for nonsense in ["", "P123", "0123456789abcdef0123456789abcdeg", "日本日本日本日本日本12"] {
            assert_eq!(id_of(nonsense), None);
        }
    }
}
