//! The parcel's way: what the platform tells of it, and what buyer and seller see of it.

use super::{GIVEN_UP_AFTER, Parcel, ParcelState, SILENT_AFTER, bought_order, own_order};
use crate::policy::{FulfilOrderBySeller, ManageOrders, TrackDelivery, purchase_order, shipment, tracking_event};
use crate::state::{OrderState, step};
use crate::{Buyer, Refused, Terms};
use catalogue::shop::Seller;
use db::{Id, Scope, Stop, Tx, on_each};
use diesel::prelude::*;
use partners::logistics::{Progress, TrackingEvent};
use policy::fields::WaybillNumber;
use policy::{Purpose, Reads};
use vault::{Access, Personal, RowKey, Sealed};

/// With the courier, or soon.
const MOVING: [&str; 5] = ["ready", "accepted", "in_transit", "out_for_delivery", "failed"];

// --- tracking -----------------------------------------------------------------------------------------------------

/// What became of news of a parcel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tracked {
    /// The parcel is further than before.
    Moved,
    /// A new event of a way that we know better already.
    Kept,
    /// We had this very event.
    Again,
    /// No parcel of ours has this reference.
    Unknown,
}

/// Notes an event of a parcel's way, pushed or asked for, whose signature the adapter has checked. Idempotent by the
/// event's id; events may come in any order. On delivery the order is received, and the time for objections runs.
pub fn tracked(tx: &mut Tx, terms: &Terms, event: &TrackingEvent) -> Result<Tracked, Stop<Refused>> {
    let Ok(id) = Id::parse(&event.parcel_ref) else { return Ok(Tracked::Unknown) };
    let found: Option<Id> =
        shipment::table.filter(shipment::id.eq(&id)).select(shipment::of_order).first(tx.db).optional()?;
    let Some(order) = found else { return Ok(Tracked::Unknown) };
    // A courier's clock may run ahead; nothing happened later than now.
    let at = event.at.min(tx.now);
    let place = match &event.progress {
        Progress::InTransit { place } => place.as_str(),
        Progress::Failed { reason } => reason.word(),
        _ => "",
    };
    let row = (
        tracking_event::of_shipment.eq(&id),
        tracking_event::id.eq(&event.event_id),
        tracking_event::at.eq(at),
        tracking_event::state.eq(event.progress.word()),
        tracking_event::place.eq(place),
        tracking_event::received_at.eq(tx.now),
    );
    let new = on_each!(tx.db, conn => diesel::insert_into(tracking_event::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(conn))?;
    diesel::update(shipment::table.filter(shipment::id.eq(&id))).set(shipment::heard_at.eq(tx.now)).execute(tx.db)?;
    // The update above holds the row on PostgreSQL: the state read now stays until the commit.
    let state: String = shipment::table.filter(shipment::id.eq(&id)).select(shipment::state).first(tx.db)?;
    let moved = go_on(tx, terms, &id, &order, ParcelState::read(&state)?, ParcelState::of(&event.progress), at)?;
    Ok(match (new, moved) {
        (_, true) => Tracked::Moved,
        (0, false) => Tracked::Again,
        (_, false) => Tracked::Kept,
    })
}

/// Moves the parcel from one state to another if that is forward, and its order with it. `at` is when it happened.
fn go_on(
    tx: &mut Tx,
    terms: &Terms,
    id: &Id,
    order: &Id,
    from: ParcelState,
    to: ParcelState,
    at: i64,
) -> Result<bool, Stop<Refused>> {
    if !from.yields_to(to) {
        return Ok(false);
    }
    let delivered_at = (to == ParcelState::Delivered).then_some(at);
    diesel::update(shipment::table.filter(shipment::id.eq(id)))
        .set((shipment::state.eq(to.id()), shipment::delivered_at.eq(delivered_at)))
        .execute(tx.db)?;
    if to == ParcelState::Delivered {
        match step(tx, order, OrderState::Received) {
            Ok(_) => {
                diesel::update(purchase_order::table.find(order))
                    .set(purchase_order::confirm_until.eq(Some(at + terms.confirm_after)))
                    .execute(tx.db)?;
            }
            // The buyer has confirmed it already.
            Err(Stop::Refused(_)) => {}
            Err(fault) => return Err(fault),
        }
    }
    Ok(true)
}

/// The platform made the waybill and told of the parcel's way before its answer reached us: the way is made up for.
pub(super) fn catch_up(tx: &mut Tx, terms: &Terms, parcel: &Parcel) -> Result<(), Stop<Refused>> {
    let known: Vec<(String, i64)> = tracking_event::table
        .filter(tracking_event::of_shipment.eq(&parcel.id))
        .order((tracking_event::at, tracking_event::id))
        .select((tracking_event::state, tracking_event::at))
        .load(tx.db)?;
    let mut state = ParcelState::Ready;
    for (word, at) in known {
        let to = ParcelState::read(&word)?;
        if go_on(tx, terms, &parcel.id, &parcel.of_order, state, to, at)? {
            state = to;
        }
    }
    Ok(())
}

/// The platform was asked; whatever it said is noted.
pub(crate) fn heard(tx: &mut Tx, id: &Id) -> QueryResult<()> {
    diesel::update(shipment::table.filter(shipment::id.eq(id))).set(shipment::heard_at.eq(tx.now)).execute(tx.db)?;
    Ok(())
}

/// Moving parcels of which nothing was heard for [`SILENT_AFTER`], longest first.
pub(crate) fn silent(scope: &mut impl Scope, limit: i64) -> QueryResult<Vec<Id>> {
    let now = scope.now();
    shipment::table
        .filter(shipment::state.eq_any(MOVING))
        .filter(shipment::heard_at.le(now - SILENT_AFTER))
        .filter(shipment::made_at.gt(now - GIVEN_UP_AFTER))
        .order(shipment::heard_at)
        .limit(limit)
        .select(shipment::id)
        .load(scope.db())
}

// --- what people see ----------------------------------------------------------------------------------------------

/// One event of a parcel's way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Station {
    pub at: i64,
    pub state: ParcelState,
    /// The depot's name; the declared word for the reason where the delivery failed ([`partners::logistics::WhyFailed`]);
    /// or empty.
    pub place: String,
}

/// A parcel's way.
#[derive(Debug)]
pub struct Way<P: Purpose> {
    pub shipment: Id,
    /// The courier's code; [`carrier_name`](super::carrier_name) has its name.
    pub carrier: String,
    pub state: ParcelState,
    pub waybill: Option<Personal<WaybillNumber, P>>,
    /// The mark by which depots sort, for the label.
    pub sort_code: String,
    /// The platform's code of a refusal, or our own of what is open, or empty; [`why_key`](super::why_key) has its
    /// message.
    pub why: String,
    pub made_at: i64,
    pub delivered_at: Option<i64>,
    /// Newest first.
    pub stations: Vec<Station>,
}

/// The parcels of the buyer's order, newest first. `access` covers the consignee.
pub fn way_for_buyer(
    scope: &mut impl Scope,
    buyer: &Buyer,
    access: &Access<ManageOrders>,
    order: &Id,
) -> Result<Vec<Way<ManageOrders>>, Stop<Refused>> {
    bought_order(scope, buyer, order)?;
    ways(scope, access, order)
}

/// The parcels of the seller's order, newest first. `access` covers the consignee.
pub fn way_for_seller(
    scope: &mut impl Scope,
    seller: &Seller,
    access: &Access<FulfilOrderBySeller>,
    order: &Id,
) -> Result<Vec<Way<FulfilOrderBySeller>>, Stop<Refused>> {
    own_order(scope, seller, order)?;
    ways(scope, access, order)
}

/// As [`way_for_buyer`], for tracking alone: by the buyer, or by whoever settles a dispute about it and has looked at
/// whose order it is.
pub fn way_to_track(
    scope: &mut impl Scope,
    access: &Access<TrackDelivery>,
    order: &Id,
) -> Result<Vec<Way<TrackDelivery>>, Stop<Refused>> {
    ways(scope, access, order)
}

fn ways<P: Reads<WaybillNumber>>(
    scope: &mut impl Scope,
    access: &Access<P>,
    order: &Id,
) -> Result<Vec<Way<P>>, Stop<Refused>> {
    type Row = (Id, Id, String, String, Sealed<shipment::waybill>, String, String, i64, Option<i64>);
    let rows: Vec<Row> = shipment::table
        .filter(shipment::of_order.eq(order))
        .order(shipment::id.desc())
        .limit(20)
        .select((
            shipment::id,
            shipment::person,
            shipment::carrier,
            shipment::state,
            shipment::waybill,
            shipment::sort_code,
            shipment::why,
            shipment::made_at,
            shipment::delivered_at,
        ))
        .load(scope.db())?;
    let mut ways = Vec::with_capacity(rows.len());
    for (id, person, carrier, state, waybill, sort_code, why, made_at, delivered_at) in rows {
        let waybill = match waybill.is_absent() {
            true => None,
            false => Some(waybill.open_about(access, scope, &RowKey { person: &person, id: &id }, order)?),
        };
        let stations: Vec<(i64, String, String)> = tracking_event::table
            .filter(tracking_event::of_shipment.eq(&id))
            .order((tracking_event::at.desc(), tracking_event::id.desc()))
            .limit(200)
            .select((tracking_event::at, tracking_event::state, tracking_event::place))
            .load(scope.db())?;
        let stations = stations
            .into_iter()
            .map(|(at, state, place)| Ok(Station { at, state: ParcelState::read(&state)?, place }))
            .collect::<Result<Vec<Station>, Stop<Refused>>>()?;
        ways.push(Way {
            state: ParcelState::read(&state)?,
            shipment: id,
            carrier,
            waybill,
            sort_code,
            why,
            made_at,
            delivered_at,
            stations,
        });
    }
    Ok(ways)
}
