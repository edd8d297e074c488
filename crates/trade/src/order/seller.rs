//! The seller's side: the orders of a shop, and what its seller may see of the people in them (2.3.2-e; 3.5-a.1).

use super::rows::{consignee_row, head, heads, lines, listed_of_shop, summaries, typed};
use super::{Filter, Head, OrderLine, Page, Summary, term};
use crate::Refused;
use crate::people::{NotReady, reachable};
use crate::policy::{FulfilOrderBySeller, consignee, order_line, purchase_order};
use crate::state::{self, OrderState};
use catalogue::shop::Seller;
use db::{Id, Scope, Stop};
use diesel::prelude::*;
use maud::Render;
use policy::Field;
use policy::fields::{
    ConsigneeAddress, ConsigneeAltPhone, ConsigneeName, ConsigneePhone, DeliveryTime, MemberName, OrderNote,
};
use std::collections::HashMap;
use vault::{Access, Actor, Masked, Personal, RowKey, Sealed, Vault};

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
