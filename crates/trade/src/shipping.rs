//! 3.1.5-1B: the parcel's way, from the seller's wish for a waybill to the consignee's door.
//!
//! The seller asks; a job gives the waybill platform, and through it the courier, what the parcel needs and nothing of
//! the buyer's account, the price or the order's number; the parcel goes by a reference of its own. Waybill number and
//! contents rest sealed under the consignee's trade key. What the platform tells of the way is kept as state, time and
//! depot, in whatever order it comes; a parcel never goes back.

use crate::Refused;
use crate::policy::{DeliverGoods, FulfilOrderBySeller, ManageOrders, TrackDelivery};
use crate::policy::{consignee, purchase_order, shipment, tracking_event};
use crate::state::{OrderState, step};
use crate::{Buyer, Terms};
use catalogue::shop::Seller;
use db::{Id, NewJob, Scope, Stop, Tx, on_each};
use diesel::prelude::*;
use partners::logistics::{Distribution, ParcelContents, Progress, TrackingEvent, WaybillRequest};
use policy::fields::{ParcelContents as ParcelContentsField, WaybillNumber};
use policy::{Entered, Purpose, Reads, Words};
use vault::{Access, Disclosed, Personal, RowKey, Sealed};

pub(crate) const WAYBILL_JOB: &str = "trade.waybill";
pub(crate) const CALL_BACK_JOB: &str = "trade.call_back";
pub(crate) const TRACK_JOB: &str = "trade.tracking";

/// A parcel of whose way nothing was heard for so long is asked after.
pub(crate) const SILENT_AFTER: i64 = 12 * db::clock::HOUR;

/// A parcel whose delivery failed, or that never moved, is asked after for so long.
pub(crate) const GIVEN_UP_AFTER: i64 = 60 * db::clock::DAY;

pub const WEIGHT_GRAMS_MAX: u32 = 1_000_000;

/// The couriers that the seller may choose from, as the platform names them.
pub const CARRIERS: [(&str, Words); 4] = [
    ("sf", Words { en: "SF Express", zh: "顺丰速运" }),
    ("yto", Words { en: "YTO Express", zh: "圆通速递" }),
    ("zto", Words { en: "ZTO Express", zh: "中通快递" }),
    ("jd", Words { en: "JD Logistics", zh: "京东物流" }),
];

/// The courier's name, or its code where we know no name.
pub fn carrier_name(code: &str, language: policy::Language) -> &str {
    CARRIERS.iter().find(|(known, _)| *known == code).map_or(code, |(_, words)| words.in_(language))
}

/// What is in a parcel, as the couriers' rules of carriage ask: a kind, never the goods' titles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ParcelKind {
    Clothing,
    SmallParts,
    Household,
    Electronics,
    Printed,
    Food,
    Fragile,
    Other,
}

impl ParcelKind {
    pub const ALL: [ParcelKind; 8] = [
        ParcelKind::Clothing,
        ParcelKind::SmallParts,
        ParcelKind::Household,
        ParcelKind::Electronics,
        ParcelKind::Printed,
        ParcelKind::Food,
        ParcelKind::Fragile,
        ParcelKind::Other,
    ];

    pub const fn id(self) -> &'static str {
        match self {
            ParcelKind::Clothing => "clothing",
            ParcelKind::SmallParts => "small_parts",
            ParcelKind::Household => "household",
            ParcelKind::Electronics => "electronics",
            ParcelKind::Printed => "printed",
            ParcelKind::Food => "food",
            ParcelKind::Fragile => "fragile",
            ParcelKind::Other => "other",
        }
    }

    pub fn parse(id: &str) -> Option<ParcelKind> {
        ParcelKind::ALL.into_iter().find(|kind| kind.id() == id)
    }

    pub const fn words(self) -> Words {
        match self {
            ParcelKind::Clothing => Words { en: "clothing and textiles", zh: "服装纺织品" },
            ParcelKind::SmallParts => Words { en: "small parts and hardware", zh: "五金小件" },
            ParcelKind::Household => Words { en: "household goods", zh: "日用百货" },
            ParcelKind::Electronics => Words { en: "electronics", zh: "数码电器" },
            ParcelKind::Printed => Words { en: "printed matter and stationery", zh: "文具印刷品" },
            ParcelKind::Food => Words { en: "food", zh: "食品" },
            ParcelKind::Fragile => Words { en: "fragile goods", zh: "易碎品" },
            ParcelKind::Other => Words { en: "other goods", zh: "其他" },
        }
    }
}

/// How far a parcel is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ParcelState {
    /// The platform is being asked for a waybill.
    Asked,
    /// The platform gives no waybill; the seller may ask anew. [`Way::why`] says why.
    Refused,
    /// It has a waybill; the courier has not fetched it.
    Ready,
    Accepted,
    InTransit,
    OutForDelivery,
    /// It could not be delivered.
    Failed,
    Delivered,
    /// Its order was given back before the courier had it.
    Cancelled,
}

impl ParcelState {
    pub const ALL: [ParcelState; 9] = [
        ParcelState::Asked,
        ParcelState::Refused,
        ParcelState::Ready,
        ParcelState::Accepted,
        ParcelState::InTransit,
        ParcelState::OutForDelivery,
        ParcelState::Failed,
        ParcelState::Delivered,
        ParcelState::Cancelled,
    ];

    pub const fn id(self) -> &'static str {
        match self {
            ParcelState::Asked => "asked",
            ParcelState::Refused => "refused",
            ParcelState::Ready => "ready",
            ParcelState::Accepted => "accepted",
            ParcelState::InTransit => "in_transit",
            ParcelState::OutForDelivery => "out_for_delivery",
            ParcelState::Failed => "failed",
            ParcelState::Delivered => "delivered",
            ParcelState::Cancelled => "cancelled",
        }
    }

    pub fn parse(id: &str) -> Option<ParcelState> {
        ParcelState::ALL.into_iter().find(|state| state.id() == id)
    }

    fn read<R>(id: &str) -> Result<ParcelState, Stop<R>> {
        ParcelState::parse(id).ok_or_else(|| Stop::fault("a parcel has a state that does not exist"))
    }

    fn of(progress: &Progress) -> ParcelState {
        match progress {
            Progress::Accepted => ParcelState::Accepted,
            Progress::InTransit { .. } => ParcelState::InTransit,
            Progress::OutForDelivery => ParcelState::OutForDelivery,
            Progress::Delivered => ParcelState::Delivered,
            Progress::Failed { .. } => ParcelState::Failed,
        }
    }

    /// Whether news of state `to` moves a parcel that is in this state: only forward. A delivery that failed may be
    /// tried again and succeed; what is delivered, cancelled or has no waybill moves no more.
    pub fn yields_to(self, to: ParcelState) -> bool {
        let rank = |state: ParcelState| match state {
            ParcelState::Ready => 1,
            ParcelState::Accepted => 2,
            ParcelState::InTransit => 3,
            ParcelState::OutForDelivery => 4,
            ParcelState::Failed => 5,
            ParcelState::Delivered => 6,
            ParcelState::Asked | ParcelState::Refused | ParcelState::Cancelled => 0,
        };
        rank(self) > 0 && rank(to) > rank(self)
    }
}

/// With the courier, or soon.
const MOVING: [&str; 5] = ["ready", "accepted", "in_transit", "out_for_delivery", "failed"];

// --- asking for a waybill -----------------------------------------------------------------------------------------

/// What the seller says of a parcel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewParcel {
    /// One of [`CARRIERS`].
    pub carrier: String,
    pub kind: ParcelKind,
    pub weight_grams: u32,
}

/// The consignee of the seller's order: whom the access for [`ship`] must cover.
pub fn consignee_for_seller(scope: &mut impl Scope, seller: &Seller, order: &Id) -> Result<Id, Stop<Refused>> {
    own_order(scope, seller, order)?;
    Ok(consignee_of(scope, order)?.0)
}

/// The consignee of the buyer's order: whom the access for [`way_for_buyer`] must cover.
pub fn consignee_for_buyer(scope: &mut impl Scope, buyer: &Buyer, order: &Id) -> Result<Id, Stop<Refused>> {
    bought_order(scope, buyer, order)?;
    Ok(consignee_of(scope, order)?.0)
}

fn own_order(scope: &mut impl Scope, seller: &Seller, order: &Id) -> Result<OrderState, Stop<Refused>> {
    let state: Option<String> = purchase_order::table
        .find(order)
        .filter(purchase_order::shop.eq(&seller.shop))
        .select(purchase_order::state)
        .first(scope.db())
        .optional()?;
    crate::state::read(&state.ok_or(Stop::Refused(Refused::NoSuchOrder))?)
}

fn bought_order(scope: &mut impl Scope, buyer: &Buyer, order: &Id) -> Result<OrderState, Stop<Refused>> {
    let state: Option<String> = purchase_order::table
        .find(order)
        .filter(purchase_order::buyer.eq(&buyer.member))
        .select(purchase_order::state)
        .first(scope.db())
        .optional()?;
    crate::state::read(&state.ok_or(Stop::Refused(Refused::NoSuchOrder))?)
}

/// Person and row of an order's consignee.
fn consignee_of(scope: &mut impl Scope, order: &Id) -> QueryResult<(Id, Id)> {
    consignee::table.filter(consignee::of_order.eq(order)).select((consignee::person, consignee::id)).first(scope.db())
}

/// The seller asks for a waybill for a paid order; a job gets it. `access` covers the consignee. Returns the parcel,
/// whose id is the reference that the platform gets.
pub fn ship(
    tx: &mut Tx,
    seller: &Seller,
    access: &Access<DeliverGoods>,
    order: &Id,
    parcel: &NewParcel,
) -> Result<Id, Stop<Refused>> {
    let state = own_order(tx, seller, order)?;
    if state != OrderState::Paid {
        return Err(Stop::refuse(Refused::NotAllowedNow { from: state, to: OrderState::Shipped }));
    }
    if !CARRIERS.iter().any(|(code, _)| *code == parcel.carrier) {
        return Err(Stop::refuse(Refused::UnknownCarrier));
    }
    if !(1..=WEIGHT_GRAMS_MAX).contains(&parcel.weight_grams) {
        return Err(Stop::refuse(Refused::ParcelWeight { max_kilograms: WEIGHT_GRAMS_MAX / 1_000 }));
    }
    let (person, _) = consignee_of(tx, order)?;
    let id = tx.id();
    let contents = ParcelContents { kind: parcel.kind.words().zh.to_owned(), weight_grams: parcel.weight_grams };
    let contents = Entered::<ParcelContentsField>::made(contents.write());
    let contents = access.seal(tx, shipment::contents, &RowKey { person: &person, id: &id }, &contents)?;
    let row = (
        shipment::of_order.eq(order),
        shipment::id.eq(&id),
        shipment::person.eq(&person),
        shipment::carrier.eq(&parcel.carrier),
        shipment::waybill.eq(Sealed::<shipment::waybill>::absent()),
        shipment::contents.eq(contents),
        shipment::state.eq(ParcelState::Asked.id()),
        shipment::sort_code.eq(""),
        shipment::why.eq(""),
        shipment::made_at.eq(tx.now),
        shipment::heard_at.eq(tx.now),
    );
    // An order has one living parcel, also when the seller presses twice.
    let new = on_each!(tx.db, conn => diesel::insert_into(shipment::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(conn))?;
    if new == 0 {
        return Err(Stop::refuse(Refused::WaybillUnderWay));
    }
    ask_platform(tx, &id);
    Ok(id)
}

pub(crate) fn ask_platform(tx: &mut Tx, shipment: &Id) {
    job_about(tx, WAYBILL_JOB, shipment);
}

pub(crate) fn job_about(tx: &mut Tx, kind: &'static str, shipment: &Id) {
    tx.enqueue(NewJob {
        kind,
        unique: Some(shipment.to_string()),
        due_at: tx.now,
        body: serde_json::json!({ "shipment": shipment }),
    });
}

/// The order is given back: a waybill that was asked for or is ready is called back, unless the courier was quicker.
pub(crate) fn call_back(tx: &mut Tx, order: &Id) -> Result<(), Stop<Refused>> {
    let parcels: Vec<(Id, String, String)> = shipment::table
        .filter(shipment::of_order.eq(order))
        .filter(shipment::state.eq_any([ParcelState::Asked.id(), ParcelState::Ready.id()]))
        .select((shipment::id, shipment::state, shipment::why))
        .load(tx.db)?;
    for (id, state, why) in parcels {
        if state == ParcelState::Ready.id() {
            call_back_one(tx, &id)?;
        } else {
            // Where an answer is open, it stays so: see [`open_ends`].
            set_state(tx, &id, ParcelState::Cancelled, &why)?;
        }
    }
    Ok(())
}

fn call_back_one(tx: &mut Tx, id: &Id) -> QueryResult<()> {
    set_state(tx, id, ParcelState::Cancelled, CALLING_BACK)?;
    job_about(tx, CALL_BACK_JOB, id);
    Ok(())
}

fn set_state(tx: &mut Tx, id: &Id, state: ParcelState, why: &str) -> QueryResult<()> {
    diesel::update(shipment::table.filter(shipment::id.eq(id)))
        .set((shipment::state.eq(state.id()), shipment::why.eq(why)))
        .execute(tx.db)?;
    Ok(())
}

// --- the waybill job's steps --------------------------------------------------------------------------------------

/// A parcel, as the jobs work with it.
#[derive(Clone, Debug)]
pub(crate) struct Parcel {
    pub id: Id,
    pub of_order: Id,
    pub shop: Id,
    pub buyer: Id,
    /// The consignee.
    pub person: Id,
    pub state: ParcelState,
    /// It has a waybill's number.
    pub labelled: bool,
    /// The platform may have made a waybill and told nobody.
    pub unanswered: bool,
    pub carrier: String,
}

pub(crate) fn by_id<R>(scope: &mut impl Scope, id: &Id) -> Result<Option<Parcel>, Stop<R>> {
    type Row = (Id, Id, String, Sealed<shipment::waybill>, String, String);
    let row: Option<Row> = shipment::table
        .filter(shipment::id.eq(id))
        .select((
            shipment::of_order,
            shipment::person,
            shipment::state,
            shipment::waybill,
            shipment::carrier,
            shipment::why,
        ))
        .first(scope.db())
        .optional()?;
    let Some((of_order, person, state, waybill, carrier, why)) = row else { return Ok(None) };
    let (shop, buyer): (Id, Id) = purchase_order::table
        .find(&of_order)
        .select((purchase_order::shop, purchase_order::buyer))
        .first(scope.db())?;
    let state = ParcelState::read(&state)?;
    let (labelled, unanswered) = (!waybill.is_absent(), why == UNANSWERED);
    Ok(Some(Parcel { id: id.clone(), of_order, shop, buyer, person, state, labelled, unanswered, carrier }))
}

/// What the platform and the courier get of the parcel, opened and noted in the ledger. `access` covers consignee and
/// buyer (whose wish for a time it is).
pub(crate) fn waybill_request<R>(
    scope: &mut impl Scope,
    access: &Access<DeliverGoods>,
    parcel: &Parcel,
) -> Result<WaybillRequest, Stop<R>> {
    type Rests =
        (Id, Sealed<consignee::name>, Sealed<consignee::phone>, Sealed<consignee::alt_phone>, Sealed<consignee::place>);
    let order = &parcel.of_order;
    let (row, name, phone, alt_phone, place): Rests = consignee::table
        .filter(consignee::of_order.eq(order))
        .select((consignee::id, consignee::name, consignee::phone, consignee::alt_phone, consignee::place))
        .first(scope.db())?;
    let wished: Sealed<purchase_order::wished_time> =
        purchase_order::table.find(order).select(purchase_order::wished_time).first(scope.db())?;
    let contents: Sealed<shipment::contents> =
        shipment::table.filter(shipment::id.eq(&parcel.id)).select(shipment::contents).first(scope.db())?;
    let at = RowKey { person: &parcel.person, id: &row };
    let name = name.open_about(access, scope, &at, order)?;
    let phone = phone.open_about(access, scope, &at, order)?;
    let alt_phone = match alt_phone.is_absent() {
        true => None,
        false => Some(alt_phone.open_about(access, scope, &at, order)?),
    };
    let place = place.open_about(access, scope, &at, order)?;
    let wished = wished.open_optional(access, scope, &RowKey { person: &parcel.buyer, id: order })?;
    let contents = contents.open_about(access, scope, &RowKey { person: &parcel.person, id: &parcel.id }, order)?;
    let shop = catalogue::shop::by_id(scope, &parcel.shop)?.ok_or_else(|| Stop::fault("an order of no shop"))?;
    macro_rules! distribution {
        () => {
            Distribution {
                consignee_name: name.disclose(scope),
                consignee_address: place.disclose(scope),
                consignee_phone: phone.disclose(scope),
                consignee_alt_phone: alt_phone.as_ref().map(|phone| phone.disclose(scope)),
                delivery_time: wished.as_ref().map(|time| time.disclose(scope)),
                parcel: contents.disclose(scope),
            }
        };
    }
    Ok(WaybillRequest {
        platform: distribution!(),
        courier: distribution!(),
        courier_code: parcel.carrier.clone(),
        sender_shop: shop.face.name.zh,
        sender_place: shop.face.place.zh,
        parcel_ref: parcel.id.to_string(),
    })
}

/// The platform has given a waybill: it rests sealed, and the order is shipped. Where the order was given back in the
/// meantime, the waybill is called back. `false` if the parcel had one already.
pub(crate) fn labelled(
    tx: &mut Tx,
    terms: &Terms,
    access: &Access<DeliverGoods>,
    parcel: &Parcel,
    number: &Entered<WaybillNumber>,
    sort_code: &str,
) -> Result<bool, Stop<Refused>> {
    let row = RowKey { person: &parcel.person, id: &parcel.id };
    let waybill = access.seal(tx, shipment::waybill, &row, number)?;
    let asked = shipment::table
        .filter(shipment::id.eq(&parcel.id))
        .filter(shipment::state.eq_any([ParcelState::Asked.id(), ParcelState::Cancelled.id()]))
        .filter(shipment::sort_code.eq(""));
    let mine = diesel::update(asked)
        .set((shipment::waybill.eq(waybill), shipment::sort_code.eq(sort_code), shipment::heard_at.eq(tx.now)))
        .execute(tx.db)?;
    if mine == 0 {
        return Ok(false);
    }
    match step(tx, &parcel.of_order, OrderState::Shipped) {
        Ok(_) => {
            set_state(tx, &parcel.id, ParcelState::Ready, "")?;
            catch_up(tx, terms, parcel)?;
        }
        Err(Stop::Refused(_)) => call_back_one(tx, &parcel.id)?,
        Err(fault) => return Err(fault),
    }
    Ok(true)
}

/// Our own code where the consignee's data can no longer be opened for a delivery.
pub(crate) const CONSIGNEE_GONE: &str = "consignee_gone";

/// Our own code while the platform gives no answer: it may have made the waybill, and may not.
const UNANSWERED: &str = "unanswered";

/// Our own code while the waybill of an order that was given back is being called back.
const CALLING_BACK: &str = "calling_back";

/// The platform gave no answer that can be believed. It is asked again; until then the seller sees that.
pub(crate) fn unanswered<R>(tx: &mut Tx, id: &Id) -> Result<(), Stop<R>> {
    let open = shipment::table
        .filter(shipment::id.eq(id))
        .filter(shipment::state.eq_any([ParcelState::Asked.id(), ParcelState::Cancelled.id()]))
        .filter(shipment::sort_code.eq(""));
    diesel::update(open).set(shipment::why.eq(UNANSWERED)).execute(tx.db)?;
    Ok(())
}

/// The platform gives no waybill: the seller sees why, and may ask anew.
pub(crate) fn refused<R>(tx: &mut Tx, id: &Id, code: &str) -> Result<(), Stop<R>> {
    let asked = shipment::table.filter(shipment::id.eq(id)).filter(shipment::state.eq(ParcelState::Asked.id()));
    let mine = diesel::update(asked)
        .set((shipment::state.eq(ParcelState::Refused.id()), shipment::why.eq(code)))
        .execute(tx.db)?;
    if mine == 0 {
        called_back(tx, id, code)?;
    }
    Ok(())
}

/// Nothing is to be called back any more: there is no waybill now, or (with the reason's code) it stays.
pub(crate) fn called_back<R>(tx: &mut Tx, id: &Id, code: &str) -> Result<(), Stop<R>> {
    let open = shipment::table.filter(shipment::id.eq(id)).filter(shipment::state.eq(ParcelState::Cancelled.id()));
    diesel::update(open).set(shipment::why.eq(code)).execute(tx.db)?;
    Ok(())
}

/// The waybill's number on its way to the platform. `None` where there is none yet.
pub(crate) fn number_for_platform<P, R>(
    scope: &mut impl Scope,
    access: &Access<P>,
    parcel: &Parcel,
) -> Result<Option<Disclosed<policy::recipients::LogisticsPlatform, WaybillNumber>>, Stop<R>>
where
    P: Reads<WaybillNumber> + policy::Discloses<policy::recipients::LogisticsPlatform, WaybillNumber>,
{
    let waybill: Sealed<shipment::waybill> =
        shipment::table.filter(shipment::id.eq(&parcel.id)).select(shipment::waybill).first(scope.db())?;
    if waybill.is_absent() {
        return Ok(None);
    }
    let row = RowKey { person: &parcel.person, id: &parcel.id };
    let number = waybill.open_about(access, scope, &row, &parcel.of_order)?;
    Ok(Some(number.disclose(scope)))
}

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
fn catch_up(tx: &mut Tx, terms: &Terms, parcel: &Parcel) -> Result<(), Stop<Refused>> {
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

/// Parcels that wait for a waybill since before `at`.
pub(crate) fn waiting(scope: &mut impl Scope, at: i64, limit: i64) -> QueryResult<Vec<Id>> {
    shipment::table
        .filter(shipment::state.eq(ParcelState::Asked.id()))
        .filter(shipment::made_at.le(at))
        .order(shipment::made_at)
        .limit(limit)
        .select(shipment::id)
        .load(scope.db())
}

/// Parcels of orders that were given back, asked for before `at`, of which the platform has still to be told or asked:
/// with the job that does it.
pub(crate) fn open_ends(scope: &mut impl Scope, at: i64, limit: i64) -> QueryResult<Vec<(Id, &'static str)>> {
    let rows: Vec<(Id, String)> = shipment::table
        .filter(shipment::state.eq(ParcelState::Cancelled.id()))
        .filter(shipment::why.eq_any([CALLING_BACK, UNANSWERED]))
        .filter(shipment::made_at.le(at))
        .order(shipment::made_at)
        .limit(limit)
        .select((shipment::id, shipment::why))
        .load(scope.db())?;
    let job = |why: &str| if why == CALLING_BACK { CALL_BACK_JOB } else { WAYBILL_JOB };
    Ok(rows.into_iter().map(|(id, why)| (id, job(&why))).collect())
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
    /// The courier's code; [`carrier_name`] has its name.
    pub carrier: String,
    pub state: ParcelState,
    pub waybill: Option<Personal<WaybillNumber, P>>,
    /// The mark by which depots sort, for the label.
    pub sort_code: String,
    /// The platform's code of a refusal, or our own of what is open, or empty; [`why_key`] has its message.
    pub why: String,
    pub made_at: i64,
    pub delivered_at: Option<i64>,
    /// Newest first.
    pub stations: Vec<Station>,
}

/// The Fluent message of why a parcel has no waybill, where there is something to say.
pub fn why_key(state: ParcelState, why: &str) -> Option<&'static str> {
    match (state, why) {
        (ParcelState::Asked, UNANSWERED) => Some("waybill-unanswered"),
        (ParcelState::Refused, partners::logistics::refusal::UNREACHABLE_ADDRESS) => Some("waybill-refused-address"),
        (ParcelState::Refused, partners::logistics::refusal::UNKNOWN_COURIER) => Some("waybill-refused-courier"),
        (ParcelState::Refused, CONSIGNEE_GONE) => Some("waybill-refused-consignee"),
        (ParcelState::Refused, _) => Some("waybill-refused-other"),
        _ => None,
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// 3.1.5-1B.1: what the courier's rules ask, no goods' titles.
    #[test]
    fn a_parcel_is_described_by_kind_and_weight() {
        for kind in ParcelKind::ALL {
            assert_eq!(ParcelKind::parse(kind.id()), Some(kind));
            let written = ParcelContents { kind: kind.words().zh.to_owned(), weight_grams: 4_200 }.write();
            assert_eq!(ParcelContents::read(&written).map(|contents| contents.weight_grams), Some(4_200));
        }
    }

    proptest! {
        /// 3.1.5-1B.2: in whatever order the news come, the parcel never goes back, and ends where it would have ended.
        #[test]
        fn a_parcel_only_goes_forward(news in proptest::collection::vec(0usize..5, 0..12).prop_shuffle()) {
            let all = [
                ParcelState::Accepted,
                ParcelState::InTransit,
                ParcelState::OutForDelivery,
                ParcelState::Failed,
                ParcelState::Delivered,
            ];
            let mut state = ParcelState::Ready;
            for n in &news {
                let before = state;
                if state.yields_to(all[*n]) {
                    state = all[*n];
                }
                prop_assert!(!before.yields_to(state) || before != state);
                prop_assert!(!state.yields_to(before));
            }
            let furthest = news.iter().max().map_or(ParcelState::Ready, |n| all[*n]);
            prop_assert_eq!(state, furthest);
            for still in [ParcelState::Asked, ParcelState::Refused, ParcelState::Cancelled] {
                prop_assert!(all.iter().all(|to| !still.yields_to(*to)));
            }
        }
    }
}
