//! Orders as the two who traded see them (2.3.2-c, 2.3.2-e; 3.5-a.1): the buyer's My Orders, the seller's orders.
//! Every look-up starts from the buyer or the shop: an order of somebody else is no order.

use crate::people::{NotReady, reachable};
use crate::policy::{FulfilOrderBySeller, KeepTransactionRecords, ManageOrders, consignee, order_line, purchase_order};
use crate::state::{self, OrderState};
use crate::{Buyer, Refused, payment, settlement};
use catalogue::Both;
use catalogue::policy::shop;
use catalogue::product::Unit;
use catalogue::shop::Seller;
use db::{Id, MultiBackend, Scope, Stop, Tx};
use diesel::dsl::exists;
use diesel::prelude::*;
use maud::Render;
use policy::fields::{
    ConsigneeAddress, ConsigneeAltPhone, ConsigneeName, ConsigneePhone, DeliveryTime, MemberName, OrderNote,
};
use policy::{Field, Purpose, Reads, Role};
use std::collections::HashMap;
use vault::{Access, Actor, Masked, NotOpened, Personal, RowKey, Sealed, Vault};

/// Rows of a page at most.
pub const PAGE_MAX: i64 = 100;
/// Lines that a list shows of an order; the detail shows all.
const LINES_IN_LIST: i64 = 3;
const WORDS_MAX: usize = 100;

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

// --- the seller's side -------------------------------------------------------------------------------------------

/// An order in a seller's list: nobody's whole name.
#[derive(Debug)]
pub struct SellerSummary {
    pub summary: Summary,
    pub recipient: Option<Masked>,
}

/// A value as the seller may see it: whole while the order is to be fulfilled and served, masked before and after.
#[derive(Debug)]
pub enum Shown<F: Field> {
    Whole(Personal<F, FulfilOrderBySeller>),
    Masked(Masked),
}

impl<F: Field> Render for Shown<F> {
    fn render_to(&self, out: &mut String) {
        match self {
            Shown::Whole(whole) => whole.render_to(out),
            Shown::Masked(masked) => masked.render_to(out),
        }
    }
}

/// Who receives the goods, as the seller may see it.
#[derive(Debug)]
pub struct ShownRecipient {
    pub name: Shown<ConsigneeName>,
    pub phone: Shown<ConsigneePhone>,
    pub alt_phone: Option<Shown<ConsigneeAltPhone>>,
    pub place: Shown<ConsigneeAddress>,
}

/// An order as its seller sees it.
#[derive(Debug)]
pub struct SellerDetail {
    pub head: Head,
    pub lines: Vec<OrderLine>,
    /// Minor units that the marketplace takes of the total, as frozen when the order was placed.
    pub commission: i64,
    /// The fields are shown whole.
    pub whole: bool,
    /// Until when they are, once the trade is completed.
    pub whole_until: Option<i64>,
    /// `None` where the person has had their data erased.
    pub buyer: Option<Shown<MemberName>>,
    pub recipient: Option<ShownRecipient>,
    /// Free text has no mask: shown only while `whole`, or not at all.
    pub note: Option<Personal<OrderNote, FulfilOrderBySeller>>,
    pub wished_time: Option<Personal<DeliveryTime, FulfilOrderBySeller>>,
}

/// Whether the seller needs the fields whole: from payment until the term after completion (3.5-a.1). Nothing was to
/// be delivered before, nor where the trade was broken off.
fn whole(head: &Head, now: i64) -> bool {
    match head.state {
        OrderState::Paid | OrderState::Shipped | OrderState::Received => true,
        OrderState::Completed => head.completed_at.is_some_and(|at| now < at + term::<FulfilOrderBySeller>()),
        OrderState::Placed | OrderState::Cancelled | OrderState::Closed | OrderState::Refunded => false,
    }
}

/// The orders of the seller's shop, newest first; with the states `[Paid]` those to ship.
pub fn of_shop(
    scope: &mut impl Scope,
    seller: &Seller,
    access: &Access<FulfilOrderBySeller>,
    filter: &Filter,
) -> Result<Page<SellerSummary>, Stop<Refused>> {
    let page = heads(scope, listed_of_shop(filter, &seller.shop), filter.limit)?;
    let ids: Vec<&Id> = page.rows.iter().map(|head| &head.order).collect();
    let rows: Vec<(Id, Id, Id, Sealed<consignee::name>)> = consignee::table
        .filter(consignee::of_order.eq_any(ids))
        .select((consignee::of_order, consignee::person, consignee::id, consignee::name))
        .load(scope.db())?;
    let mut names: HashMap<Id, Masked> = HashMap::new();
    for (order, person, id, name) in rows {
        if access.covers(&person) && !name.is_absent() {
            let row = RowKey { person: &person, id: &id };
            let opened = name.open_about(access, scope, &row, &order)?;
            names.insert(order, opened.masked());
        }
    }
    let rows = summaries(scope, page.rows)?
        .into_iter()
        .map(|summary| SellerSummary { recipient: names.remove(&summary.head.order), summary })
        .collect();
    Ok(Page { rows, next: page.next })
}

/// How many orders of the shop are in each state of which something follows. Those that have ended are not counted: of
/// them there is no end.
pub fn open_of_shop(scope: &mut impl Scope, seller: &Seller) -> Result<Vec<(OrderState, i64)>, Stop<Refused>> {
    let open = OrderState::ALL.into_iter().filter(|state| !state.is_final()).map(OrderState::id);
    let rows: Vec<(String, i64)> = purchase_order::table
        .filter(purchase_order::shop.eq(&seller.shop))
        .filter(purchase_order::state.eq_any(open))
        .group_by(purchase_order::state)
        .select((purchase_order::state, diesel::dsl::count_star()))
        .load(scope.db())?;
    rows.into_iter().map(|(state, n)| Ok((state::read(&state)?, n))).collect()
}

/// Access for the page of [`of_shop`]: the consignees of its orders.
pub async fn prepare_of_shop(
    vault: &Vault,
    seller: &Seller,
    filter: &Filter,
) -> Result<Access<FulfilOrderBySeller>, NotReady> {
    let (me, asked) = (seller.clone(), filter.clone());
    let people = vault
        .data()
        .read(move |r| {
            let heads = heads(r, listed_of_shop(&asked, &me.shop), asked.limit)?.rows;
            let ids: Vec<&Id> = heads.iter().map(|head| &head.order).collect();
            let people = consignee::table
                .filter(consignee::of_order.eq_any(ids))
                .select(consignee::person)
                .distinct()
                .load(r.db)?;
            Ok::<_, Stop<Refused>>(reachable::<FulfilOrderBySeller>(r, people)?)
        })
        .await?;
    Ok(vault.access(&Actor::seller(&seller.member, &seller.shop), &people).await?)
}

/// Access to one order of the seller's shop: its buyer's name and its consignee.
pub async fn prepare_for_seller(
    vault: &Vault,
    seller: &Seller,
    order: &Id,
) -> Result<Access<FulfilOrderBySeller>, NotReady> {
    let (me, of) = (seller.clone(), order.clone());
    let people = vault
        .data()
        .read(move |r| {
            let buyer = of_this_shop(r, &me, &of)?;
            let mut people: Vec<Id> = consignee::table
                .filter(consignee::of_order.eq(&of))
                .filter(consignee::person.ne(&buyer))
                .select(consignee::person)
                .load(r.db)?;
            people.push(buyer);
            Ok::<_, Stop<Refused>>(reachable::<FulfilOrderBySeller>(r, people)?)
        })
        .await?;
    Ok(vault.access(&Actor::seller(&seller.member, &seller.shop), &people).await?)
}

/// The order's buyer, where the order is the shop's.
fn of_this_shop(scope: &mut impl Scope, seller: &Seller, order: &Id) -> Result<Id, Stop<Refused>> {
    purchase_order::table
        .find(order)
        .filter(purchase_order::shop.eq(&seller.shop))
        .select(purchase_order::buyer)
        .first(scope.db())
        .optional()?
        .ok_or(Stop::Refused(Refused::NoSuchOrder))
}

/// One order of the seller's shop. Every field that is opened stands in the ledger about the order, for the buyer and
/// the consignee to read.
pub fn for_seller(
    scope: &mut impl Scope,
    seller: &Seller,
    access: &Access<FulfilOrderBySeller>,
    order: &Id,
) -> Result<SellerDetail, Stop<Refused>> {
    let buyer = of_this_shop(scope, seller, order)?;
    let head = head(scope, order)?;
    let whole = whole(&head, scope.now());
    let lines = lines(scope, std::slice::from_ref(order), i64::MAX)?.remove(order).unwrap_or_default();
    let commissions: Vec<i64> =
        order_line::table.filter(order_line::of_order.eq(order)).select(order_line::commission).load(scope.db())?;

    let typed = typed(scope, order)?;
    let row = RowKey { person: &buyer, id: order };
    let (mut note, mut wished_time, mut name) = (None, None, None);
    if access.covers(&buyer) {
        // A note may say how the order is meant, and is for this seller (2.3.2-c.3): also before it is paid.
        if whole || head.state == OrderState::Placed {
            note = typed.note.open_optional(access, scope, &row)?;
            wished_time = typed.wished_time.open_optional(access, scope, &row)?;
        }
        name = member::account::name_of(scope, access, &buyer, order)?.map(|name| shown(name, whole));
    }
    let recipient = match consignee_row(scope, order)? {
        Some(found) if access.covers(&found.person) => found.open(access, scope, order)?,
        _ => None,
    };
    let recipient = recipient.map(|opened| ShownRecipient {
        name: shown(opened.name, whole),
        phone: shown(opened.phone, whole),
        alt_phone: opened.alt_phone.map(|alt_phone| shown(alt_phone, whole)),
        place: shown(opened.place, whole),
    });
    Ok(SellerDetail {
        lines,
        commission: commissions.iter().sum(),
        whole,
        whole_until: head.completed_at.filter(|_| whole).map(|at| at + term::<FulfilOrderBySeller>()),
        buyer: name,
        recipient,
        note,
        wished_time,
        head,
    })
}

fn shown<F: Field>(opened: Personal<F, FulfilOrderBySeller>, whole: bool) -> Shown<F> {
    if whole { Shown::Whole(opened) } else { Shown::Masked(opened.masked()) }
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

// --- rows ---------------------------------------------------------------------------------------------------------

diesel::define_sql_function! {
    /// ASCII on SQLite, every alphabet on PostgreSQL; Chinese has no case.
    fn lower(text: diesel::sql_types::Text) -> diesel::sql_types::Text;
}

type Boxed = purchase_order::BoxedQuery<'static, MultiBackend>;

/// The orders that the filter lets through, whosever: the caller adds whose.
fn listed(filter: &Filter) -> Boxed {
    let mut query = in_states(&filter.states, filter.before.as_ref());
    let words: String = filter.words.trim().chars().take(WORDS_MAX).collect();
    if !words.is_empty() {
        // The engine lowers both sides, so that they meet in whatever alphabets it knows.
        let like = || lower(format!("%{}%", escaped(&words)));
        let of_order = order_line::table.filter(order_line::of_order.eq(purchase_order::id)).filter(
            lower(order_line::title_en)
                .like(like())
                .escape('\\')
                .or(lower(order_line::title_zh).like(like()).escape('\\'))
                .or(lower(order_line::variant_en).like(like()).escape('\\'))
                .or(lower(order_line::variant_zh).like(like()).escape('\\'))
                .or(lower(order_line::sku).like(like()).escape('\\')),
        );
        query = query.filter(purchase_order::number.eq(words.to_uppercase()).or(exists(of_order)));
    }
    query
}

/// Those of one shop, each state by itself: its index gives the newest of one state, and of several all would be sorted.
fn listed_of_shop(filter: &Filter, shop: &Id) -> Vec<Boxed> {
    let of_shop = |filter: &Filter| listed(filter).filter(purchase_order::shop.eq(shop.to_string()));
    if filter.states.is_empty() {
        return vec![of_shop(filter)];
    }
    filter.states.iter().map(|state| of_shop(&Filter { states: vec![*state], ..filter.clone() })).collect()
}

fn in_states(states: &[OrderState], before: Option<&Id>) -> Boxed {
    let mut query = purchase_order::table.into_boxed();
    if !states.is_empty() {
        let states: Vec<&'static str> = states.iter().map(|state| state.id()).collect();
        query = query.filter(purchase_order::state.eq_any(states));
    }
    if let Some(before) = before {
        query = query.filter(purchase_order::id.lt(before.to_string()));
    }
    query
}

/// A person's words stand for themselves, whatever LIKE makes of them.
fn escaped(words: &str) -> String {
    let mut out = String::with_capacity(words.len());
    for c in words.chars() {
        if matches!(c, '%' | '_' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[derive(Queryable)]
struct HeadRow {
    order: Id,
    number: String,
    shop: Id,
    checkout: Id,
    state: String,
    goods_amount: i64,
    freight_amount: i64,
    total: i64,
    currency: String,
    placed_at: i64,
    pay_until: i64,
    paid_at: Option<i64>,
    shipped_at: Option<i64>,
    received_at: Option<i64>,
    confirm_until: Option<i64>,
    completed_at: Option<i64>,
    hidden: bool,
}

#[expect(clippy::type_complexity, reason = "a list of columns")]
const HEAD: (
    purchase_order::id,
    purchase_order::number,
    purchase_order::shop,
    purchase_order::checkout,
    purchase_order::state,
    purchase_order::goods_amount,
    purchase_order::freight_amount,
    purchase_order::total,
    purchase_order::currency,
    purchase_order::placed_at,
    purchase_order::pay_until,
    purchase_order::paid_at,
    purchase_order::shipped_at,
    purchase_order::received_at,
    purchase_order::confirm_until,
    purchase_order::completed_at,
    purchase_order::hidden,
) = (
    purchase_order::id,
    purchase_order::number,
    purchase_order::shop,
    purchase_order::checkout,
    purchase_order::state,
    purchase_order::goods_amount,
    purchase_order::freight_amount,
    purchase_order::total,
    purchase_order::currency,
    purchase_order::placed_at,
    purchase_order::pay_until,
    purchase_order::paid_at,
    purchase_order::shipped_at,
    purchase_order::received_at,
    purchase_order::confirm_until,
    purchase_order::completed_at,
    purchase_order::hidden,
);

/// The newest of what these queries find together; no two find the same order.
fn heads(scope: &mut impl Scope, queries: Vec<Boxed>, limit: i64) -> Result<Page<Head>, Stop<Refused>> {
    let limit = limit.clamp(1, PAGE_MAX);
    let mut rows: Vec<HeadRow> = Vec::new();
    for query in queries {
        rows.extend(query.order(purchase_order::id.desc()).limit(limit + 1).select(HEAD).load::<HeadRow>(scope.db())?);
    }
    rows.sort_unstable_by(|a, b| b.order.cmp(&a.order));
    let more = rows.len() as i64 > limit;
    rows.truncate(limit as usize);
    let rows = named(scope, rows)?;
    let next = rows.last().filter(|_| more).map(|head| head.order.clone());
    Ok(Page { rows, next })
}

fn head(scope: &mut impl Scope, order: &Id) -> Result<Head, Stop<Refused>> {
    let row: HeadRow = purchase_order::table.find(order).select(HEAD).first(scope.db())?;
    named(scope, vec![row])?.pop().ok_or(Stop::Refused(Refused::NoSuchOrder))
}

/// With the shops' names of today.
fn named(scope: &mut impl Scope, rows: Vec<HeadRow>) -> Result<Vec<Head>, Stop<Refused>> {
    let ids: Vec<&Id> = rows.iter().map(|row| &row.shop).collect();
    let shops: Vec<(Id, String, String)> =
        shop::table.filter(shop::id.eq_any(ids)).select((shop::id, shop::name_en, shop::name_zh)).load(scope.db())?;
    let shops: HashMap<Id, Both> = shops.into_iter().map(|(id, en, zh)| (id, Both::new(en, zh))).collect();
    rows.into_iter()
        .map(|row| {
            Ok(Head {
                shop_name: shops.get(&row.shop).cloned().unwrap_or_default(),
                order: row.order,
                number: row.number,
                shop: row.shop,
                checkout: row.checkout,
                state: state::read(&row.state)?,
                goods_amount: row.goods_amount,
                freight_amount: row.freight_amount,
                total: row.total,
                currency: row.currency,
                placed_at: row.placed_at,
                pay_until: row.pay_until,
                paid_at: row.paid_at,
                shipped_at: row.shipped_at,
                received_at: row.received_at,
                confirm_until: row.confirm_until,
                completed_at: row.completed_at,
                hidden: row.hidden,
            })
        })
        .collect()
}

fn summaries(scope: &mut impl Scope, heads: Vec<Head>) -> Result<Vec<Summary>, Stop<Refused>> {
    let ids: Vec<Id> = heads.iter().map(|head| head.order.clone()).collect();
    let mut shown = lines(scope, &ids, LINES_IN_LIST)?;
    let counts: Vec<(Id, i64)> = order_line::table
        .filter(order_line::of_order.eq_any(&ids))
        .group_by(order_line::of_order)
        .select((order_line::of_order, diesel::dsl::count_star()))
        .load(scope.db())?;
    let counts: HashMap<Id, i64> = counts.into_iter().collect();
    Ok(heads
        .into_iter()
        .map(|head| Summary {
            lines: shown.remove(&head.order).unwrap_or_default(),
            lines_count: counts.get(&head.order).copied().unwrap_or(0),
            head,
        })
        .collect())
}

type LineRow = (
    (Id, i64, Id, Id, String, String, String, String, String),
    (String, String, String, Option<String>, i64, i64, i64),
);

fn lines(scope: &mut impl Scope, orders: &[Id], first: i64) -> QueryResult<HashMap<Id, Vec<OrderLine>>> {
    let rows: Vec<LineRow> = order_line::table
        .filter(order_line::of_order.eq_any(orders))
        .filter(order_line::line.le(first))
        .order((order_line::of_order, order_line::line))
        .select((
            (
                order_line::of_order,
                order_line::line,
                order_line::product,
                order_line::variant,
                order_line::sku,
                order_line::title_en,
                order_line::title_zh,
                order_line::variant_en,
                order_line::variant_zh,
            ),
            (
                order_line::unit_one,
                order_line::unit_many,
                order_line::unit_zh,
                order_line::picture,
                order_line::quantity,
                order_line::unit_price,
                order_line::amount,
            ),
        ))
        .load(scope.db())?;
    let mut out: HashMap<Id, Vec<OrderLine>> = HashMap::new();
    for ((order, line, product, variant, sku, title_en, title_zh, name_en, name_zh), rest) in rows {
        let (one, many, zh, picture, quantity, unit_price, amount) = rest;
        out.entry(order).or_default().push(OrderLine {
            line,
            product,
            variant,
            sku,
            title: Both::new(title_en, title_zh),
            name: Both::new(name_en, name_zh),
            unit: Unit { one, many, zh },
            picture,
            quantity,
            unit_price,
            amount,
        });
    }
    Ok(out)
}

/// What the buyer typed for the seller of an order.
struct Typed {
    note: Sealed<purchase_order::note>,
    wished_time: Sealed<purchase_order::wished_time>,
}

fn typed(scope: &mut impl Scope, order: &Id) -> QueryResult<Typed> {
    let (note, wished_time) = purchase_order::table
        .find(order)
        .select((purchase_order::note, purchase_order::wished_time))
        .first(scope.db())?;
    Ok(Typed { note, wished_time })
}

struct ConsigneeRow {
    person: Id,
    id: Id,
    name: Sealed<consignee::name>,
    phone: Sealed<consignee::phone>,
    alt_phone: Sealed<consignee::alt_phone>,
    place: Sealed<consignee::place>,
}

fn consignee_row(scope: &mut impl Scope, order: &Id) -> QueryResult<Option<ConsigneeRow>> {
    type Row = (
        Id,
        Id,
        Sealed<consignee::name>,
        Sealed<consignee::phone>,
        Sealed<consignee::alt_phone>,
        Sealed<consignee::place>,
    );
    let row: Option<Row> = consignee::table
        .filter(consignee::of_order.eq(order))
        .select((
            consignee::person,
            consignee::id,
            consignee::name,
            consignee::phone,
            consignee::alt_phone,
            consignee::place,
        ))
        .first(scope.db())
        .optional()?;
    Ok(row.map(|(person, id, name, phone, alt_phone, place)| ConsigneeRow {
        person,
        id,
        name,
        phone,
        alt_phone,
        place,
    }))
}

impl ConsigneeRow {
    /// `None` where the values are gone.
    fn open<P>(&self, access: &Access<P>, scope: &mut impl Scope, order: &Id) -> Result<Option<Recipient<P>>, NotOpened>
    where
        P: Reads<ConsigneeName> + Reads<ConsigneePhone> + Reads<ConsigneeAltPhone> + Reads<ConsigneeAddress>,
    {
        if self.name.is_absent() {
            return Ok(None);
        }
        let row = RowKey { person: &self.person, id: &self.id };
        Ok(Some(Recipient {
            name: self.name.open_about(access, scope, &row, order)?,
            phone: self.phone.open_about(access, scope, &row, order)?,
            alt_phone: match self.alt_phone.is_absent() {
                true => None,
                false => Some(self.alt_phone.open_about(access, scope, &row, order)?),
            },
            place: self.place.open_about(access, scope, &row, order)?,
        }))
    }
}
