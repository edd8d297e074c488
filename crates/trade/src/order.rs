//! Orders as the two who traded see them (2.3.2-c, 2.3.2-e; 3.5-a.1): the buyer's My Orders, the seller's orders.
//! Every look-up starts from the buyer or the shop: an order of somebody else is no order.

mod rows;
mod seller;

use rows::{consignee_row, head, heads, in_states, lines, listed, summaries, typed};

pub use seller::{
    SellerDetail, SellerSummary, Shown, ShownRecipient, for_seller, of_shop, open_of_shop, prepare_for_seller,
    prepare_of_shop,
};

use crate::people::{NotReady, reachable};
use crate::policy::{KeepTransactionRecords, ManageOrders, consignee, purchase_order};
use crate::state::{self, OrderState};
use crate::{Buyer, Refused, payment, settlement};
use catalogue::Both;
use catalogue::product::Unit;
use db::{Id, Scope, Stop, Tx};
use diesel::prelude::*;
use policy::fields::{ConsigneeAddress, ConsigneeAltPhone, ConsigneeName, ConsigneePhone, DeliveryTime, OrderNote};
use policy::{Purpose, Role};
use vault::{Access, Actor, Personal, RowKey, Vault};

/// Rows of a page at most.
pub const PAGE_MAX: i64 = 100;

/// Which orders a list shows.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// None named: all.
    pub states: Vec<OrderState>,
    /// Part of a title, a variant, an article number; or the order's whole number.
    pub words: String,
    /// Those that the buyer has hidden, instead of the others. Sellers see all.
    pub hidden: bool,
    /// The last order of the page before.
    pub before: Option<Id>,
    pub limit: i64,
}

/// One page of a list, newest first.
#[derive(Debug)]
pub struct Page<T> {
    pub rows: Vec<T>,
    /// `before` of the next page, where there is one.
    pub next: Option<Id>,
}

/// What an order is, without anything of a person. Amounts are minor units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    pub order: Id,
    pub number: String,
    pub shop: Id,
    pub shop_name: Both,
    pub checkout: Id,
    pub state: OrderState,
    pub goods_amount: i64,
    pub freight_amount: i64,
    pub total: i64,
    pub currency: String,
    pub placed_at: i64,
    pub pay_until: i64,
    pub paid_at: Option<i64>,
    pub shipped_at: Option<i64>,
    pub received_at: Option<i64>,
    pub confirm_until: Option<i64>,
    /// When it was completed, cancelled, closed or refunded.
    pub completed_at: Option<i64>,
    pub hidden: bool,
}

/// A line as it was when the order was placed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderLine {
    pub line: i64,
    pub product: Id,
    pub variant: Id,
    pub sku: String,
    pub title: Both,
    pub name: Both,
    pub unit: Unit,
    pub picture: Option<String>,
    pub quantity: i64,
    pub unit_price: i64,
    pub amount: i64,
}

/// An order in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    pub head: Head,
    /// The first few.
    pub lines: Vec<OrderLine>,
    pub lines_count: i64,
}

/// Who receives the goods, opened for purpose `P`.
#[derive(Debug)]
pub struct Recipient<P: Purpose> {
    pub name: Personal<ConsigneeName, P>,
    pub phone: Personal<ConsigneePhone, P>,
    pub alt_phone: Option<Personal<ConsigneeAltPhone, P>>,
    pub place: Personal<ConsigneeAddress, P>,
}

/// An order as its buyer sees it.
#[derive(Debug)]
pub struct Detail {
    pub head: Head,
    pub lines: Vec<OrderLine>,
    /// `None` where the consignee, who is somebody else, has had their data erased.
    pub recipient: Option<Recipient<ManageOrders>>,
    pub for_another: bool,
    pub note: Option<Personal<OrderNote, ManageOrders>>,
    pub wished_time: Option<Personal<DeliveryTime, ManageOrders>>,
    /// Until when the law has the record kept, hidden or not (5.1-a.2); known once the trade has ended.
    pub kept_until: Option<i64>,
}

// --- My Orders --------------------------------------------------------------------------------------------------

/// The buyer's orders, newest first.
pub fn mine(scope: &mut impl Scope, buyer: &Buyer, filter: &Filter) -> Result<Page<Summary>, Stop<Refused>> {
    let query = listed(filter)
        .filter(purchase_order::buyer.eq(buyer.member.to_string()))
        .filter(purchase_order::hidden.eq(filter.hidden));
    let page = heads(scope, vec![query], filter.limit)?;
    let rows = summaries(scope, page.rows)?;
    Ok(Page { rows, next: page.next })
}

/// How many orders of the buyer are in each state; hidden ones are not counted.
pub fn count_mine(scope: &mut impl Scope, buyer: &Buyer) -> Result<Vec<(OrderState, i64)>, Stop<Refused>> {
    let rows: Vec<(String, i64)> = purchase_order::table
        .filter(purchase_order::buyer.eq(&buyer.member))
        .filter(purchase_order::hidden.eq(false))
        .group_by(purchase_order::state)
        .select((purchase_order::state, diesel::dsl::count_star()))
        .load(scope.db())?;
    rows.into_iter().map(|(state, n)| Ok((state::read(&state)?, n))).collect()
}

/// Access to one order of the buyer: their own data, and the consignee's where that is somebody else.
pub async fn prepare(vault: &Vault, buyer: &Buyer, order: &Id) -> Result<Access<ManageOrders>, NotReady> {
    let (me, of) = (buyer.clone(), order.clone());
    let mut people = vault
        .data()
        .read(move |r| {
            own(r, &me, &of)?;
            let others = consignee::table
                .filter(consignee::of_order.eq(&of))
                .filter(consignee::person.ne(&me.member))
                .select(consignee::person)
                .load(r.db)?;
            Ok::<_, Stop<Refused>>(reachable::<ManageOrders>(r, others)?)
        })
        .await?;
    people.push(buyer.member.clone());
    Ok(vault.access(&Actor::own(&buyer.member), &people).await?)
}

/// One order of the buyer's, with what they typed.
pub fn detail(
    scope: &mut impl Scope,
    buyer: &Buyer,
    access: &Access<ManageOrders>,
    order: &Id,
) -> Result<Detail, Stop<Refused>> {
    own(scope, buyer, order)?;
    let head = head(scope, order)?;
    let lines = lines(scope, std::slice::from_ref(order), i64::MAX)?.remove(order).unwrap_or_default();
    let typed = typed(scope, order)?;
    let row = RowKey { person: &buyer.member, id: order };
    let note = typed.note.open_optional(access, scope, &row)?;
    let wished_time = typed.wished_time.open_optional(access, scope, &row)?;
    let found = consignee_row(scope, order)?;
    let for_another = found.as_ref().is_some_and(|found| found.person != buyer.member);
    let recipient = match found {
        Some(found) if access.covers(&found.person) => found.open(access, scope, order)?,
        _ => None,
    };
    let kept_until = head.completed_at.map(|at| at + term::<KeepTransactionRecords>());
    Ok(Detail { head, lines, recipient, for_another, note, wished_time, kept_until })
}

/// The order's state, where it is the buyer's.
fn own(scope: &mut impl Scope, buyer: &Buyer, order: &Id) -> Result<OrderState, Stop<Refused>> {
    let state: Option<String> = purchase_order::table
        .find(order)
        .filter(purchase_order::buyer.eq(&buyer.member))
        .select(purchase_order::state)
        .first(scope.db())
        .optional()?;
    state::read(&state.ok_or(Stop::Refused(Refused::NoSuchOrder))?)
}

/// How far an order of the buyer's is.
pub fn state(scope: &mut impl Scope, buyer: &Buyer, order: &Id) -> Result<OrderState, Stop<Refused>> {
    own(scope, buyer, order)
}

/// Before payment. The goods go back on the shelf.
pub fn cancel(tx: &mut Tx, buyer: &Buyer, order: &Id) -> Result<(), Stop<Refused>> {
    own(tx, buyer, order)?;
    let cancelled = state::step(tx, order, OrderState::Cancelled)?;
    payment::order_ended(tx, &cancelled.checkout)
}

/// Paid, and not yet shipped: the money goes back the way it came, the goods back on the shelf. Returns the refund.
pub fn ask_refund(tx: &mut Tx, buyer: &Buyer, order: &Id) -> Result<Id, Stop<Refused>> {
    payment::call_off(tx, buyer, order)
}

/// The goods are here: the trade is completed, and the seller's money released.
pub fn confirm_receipt(tx: &mut Tx, buyer: &Buyer, order: &Id) -> Result<(), Stop<Refused>> {
    if own(tx, buyer, order)? == OrderState::Shipped {
        state::step(tx, order, OrderState::Received)?;
    }
    settlement::complete(tx, order)
}

/// Out of the buyer's list, or back into it, once the trade has ended. The record itself is kept for as long as the
/// law says ([`Detail::kept_until`]).
pub fn hide(tx: &mut Tx, buyer: &Buyer, order: &Id, hidden: bool) -> Result<(), Stop<Refused>> {
    if hidden && !own(tx, buyer, order)?.is_final() {
        return Err(Stop::refuse(Refused::OrderStillOpen));
    }
    let mine = purchase_order::table.find(order).filter(purchase_order::buyer.eq(&buyer.member));
    let n = diesel::update(mine).set(purchase_order::hidden.eq(hidden)).execute(tx.db)?;
    if n == 0 { Err(Stop::refuse(Refused::NoSuchOrder)) } else { Ok(()) }
}

/// The term after completion that the map declares for a purpose, in microseconds.
fn term<P: Purpose>() -> i64 {
    P::INFO
        .keep
        .iter()
        .filter(|keep| keep.event == policy::Event::OrderCompleted)
        .map(|keep| keep.term.micros())
        .max()
        .unwrap_or(0)
}

// --- the record of all trades ----------------------------------------------------------------------------------

/// The desks whose duty the record of all trades is (5.1). The operator's is not among them: it opens nothing.
pub const RECORD_KEEPERS: &[Role] = KeepTransactionRecords::INFO.roles;

/// Which orders of the record are shown.
#[derive(Clone, Debug, Default)]
pub struct RecordFilter {
    /// None named: all.
    pub states: Vec<OrderState>,
    /// An order's whole number; empty: all.
    pub number: String,
    /// The last order of the page before.
    pub before: Option<Id>,
    pub limit: i64,
}

/// The orders of all shops, newest first, for [`RECORD_KEEPERS`]: what they are, and nobody's name, telephone, address or
/// note.
pub fn recorded(scope: &mut impl Scope, filter: &RecordFilter) -> Result<Page<Head>, Stop<Refused>> {
    let mut query = in_states(&filter.states, filter.before.as_ref());
    let number = filter.number.trim();
    if !number.is_empty() {
        query = query.filter(purchase_order::number.eq(number.to_uppercase()));
    }
    heads(scope, vec![query], filter.limit)
}
