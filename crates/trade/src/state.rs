//! The states of an order. [`step`] is the only writer of them: what is not in [`ALLOWED`] is refused, and whoever
//! comes second is told what the order has become.

use crate::Refused;
use crate::policy::{consignee, order_line, purchase_order};
use catalogue::stock;
use db::sql::{BigInt, MaybeBigInt, Text};
use db::{Event, Id, Stop, Tx, kept, on_each};
use diesel::prelude::*;
use std::fmt;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OrderState {
    Placed,
    Paid,
    Shipped,
    Received,
    Completed,
    /// By the buyer, before payment.
    Cancelled,
    /// Unpaid for too long.
    Closed,
    /// Paid and given back before shipping.
    Refunded,
}

use OrderState::{Cancelled, Closed, Completed, Paid, Placed, Received, Refunded, Shipped};

/// Every transition that there is.
pub const ALLOWED: [(OrderState, OrderState); 7] = [
    (Placed, Paid),
    (Placed, Cancelled),
    (Placed, Closed),
    (Paid, Shipped),
    (Paid, Refunded),
    (Shipped, Received),
    (Received, Completed),
];

impl OrderState {
    pub const ALL: [OrderState; 8] = [Placed, Paid, Shipped, Received, Completed, Cancelled, Closed, Refunded];

    pub const fn id(self) -> &'static str {
        match self {
            Placed => "placed",
            Paid => "paid",
            Shipped => "shipped",
            Received => "received",
            Completed => "completed",
            Cancelled => "cancelled",
            Closed => "closed",
            Refunded => "refunded",
        }
    }

    pub fn parse(id: &str) -> Option<OrderState> {
        OrderState::ALL.into_iter().find(|state| state.id() == id)
    }

    pub fn may_become(self, to: OrderState) -> bool {
        ALLOWED.contains(&(self, to))
    }

    /// Nothing follows. From here on the terms of keeping count (5.1-a.2).
    pub fn is_final(self) -> bool {
        !ALLOWED.iter().any(|(from, _)| *from == self)
    }

    /// The goods go back on the shelf: nothing was shipped.
    const fn gives_stock_back(self) -> bool {
        matches!(self, Cancelled | Closed | Refunded)
    }

    /// The event of the outbox that tells of it.
    pub(crate) const fn event(self) -> &'static str {
        match self {
            Placed => "OrderPlaced",
            Paid => "OrderPaid",
            Shipped => "OrderShipped",
            Received => "OrderReceived",
            Completed => "OrderCompleted",
            Cancelled => "OrderCancelled",
            Closed => "OrderClosed",
            Refunded => "OrderRefunded",
        }
    }
}

impl fmt::Display for OrderState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

/// An order that has just changed its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stepped {
    pub order: Id,
    pub number: String,
    pub buyer: Id,
    pub shop: Id,
    pub checkout: Id,
    pub from: OrderState,
    pub to: OrderState,
    /// Minor units of `currency`.
    pub total: i64,
    pub currency: String,
}

/// An order as it stood when it was looked at: what [`step_from`] takes on from there.
#[derive(Clone, Debug, Queryable)]
pub(crate) struct Seen {
    pub number: String,
    pub buyer: Id,
    pub shop: Id,
    pub checkout: Id,
    pub state: String,
    pub total: i64,
    pub currency: String,
    version: i64,
}

/// A [`Seen`].
#[diesel::dsl::auto_type]
pub(crate) fn seen() -> _ {
    (
        purchase_order::number,
        purchase_order::buyer,
        purchase_order::shop,
        purchase_order::checkout,
        purchase_order::state,
        purchase_order::total,
        purchase_order::currency,
        purchase_order::version,
    )
}

fn look(tx: &mut Tx, order: &Id) -> Result<Seen, Stop<Refused>> {
    let query = purchase_order::table.find(order).select(seen());
    let seen = on_each!(tx.db, c => query.get_result(c)).optional()?;
    seen.ok_or(Stop::Refused(Refused::NoSuchOrder))
}

/// What a column of states holds. Anything else is a fault: only [`step`] writes there.
pub(crate) fn read<R>(state: &str) -> Result<OrderState, Stop<R>> {
    OrderState::parse(state).ok_or_else(|| Stop::fault("an order has a state that does not exist"))
}

/// Takes the order to state `to`: stamps the time, gives stock back where nothing was shipped, counts the sale where all
/// went well, begins the terms of
/// keeping where nothing follows, and tells the others by an event. Whose order it is, the caller has looked at.
///
/// Refused where the order is not in a state that may become `to`, with the state that it is in.
pub fn step(tx: &mut Tx, order: &Id, to: OrderState) -> Result<Stepped, Stop<Refused>> {
    let seen = look(tx, order)?;
    step_from(tx, order, seen, to)
}

/// [`step`] of an order that the command has looked at already.
pub(crate) fn step_from(tx: &mut Tx, order: &Id, seen: Seen, to: OrderState) -> Result<Stepped, Stop<Refused>> {
    let from = read(&seen.state)?;
    if !from.may_become(to) {
        return Err(Stop::refuse(Refused::NotAllowedNow { from, to }));
    }
    let stamp = |wanted: OrderState| (to == wanted).then_some(tx.now);
    let ended = to.is_final().then_some(tx.now);
    // On PostgreSQL another command may have been quicker: the version decides.
    let moved = kept![
        "update purchase_order set state = ",
        Text: to.id(),
        ", version = version + 1, paid_at = coalesce(",
        MaybeBigInt: stamp(Paid),
        ", paid_at), shipped_at = coalesce(",
        MaybeBigInt: stamp(Shipped),
        ", shipped_at), received_at = coalesce(",
        MaybeBigInt: stamp(Received),
        ", received_at), completed_at = coalesce(",
        MaybeBigInt: ended,
        ", completed_at) where id = ",
        Text: order,
        " and version = ",
        BigInt: seen.version,
        ""
    ];
    if on_each!(tx.db, c => moved.execute(c))? == 0 {
        let now = look(tx, order)?;
        return Err(Stop::refuse(Refused::NotAllowedNow { from: read(&now.state)?, to }));
    }
    if let Some(at) = ended {
        diesel::update(consignee::table.filter(consignee::of_order.eq(order)))
            .set(consignee::completed_at.eq(Some(at)))
            .execute(tx.db)?;
    }
    if to.gives_stock_back() || to == Completed {
        let mut lines: Vec<stock::Line> = order_line::table
            .filter(order_line::of_order.eq(order))
            .select((order_line::product, order_line::variant, order_line::quantity))
            .load(tx.db)?;
        if to == Completed {
            stock::count_sold(tx, &mut lines)?;
        } else {
            stock::give_back(tx, &mut lines)?;
        }
    }
    tell(tx, to, order, &seen.buyer, &seen.shop);
    Ok(Stepped {
        order: order.clone(),
        number: seen.number,
        buyer: seen.buyer,
        shop: seen.shop,
        checkout: seen.checkout,
        from,
        to,
        total: seen.total,
        currency: seen.currency,
    })
}

/// The event of an order that is now in `state`: ids only.
pub(crate) fn tell(tx: &mut Tx, state: OrderState, order: &Id, buyer: &Id, shop: &Id) {
    tx.emit(Event {
        kind: state.event(),
        about: order.clone(),
        body: serde_json::json!({ "buyer": buyer, "shop": shop }),
    });
}
