//! Waybills: the seller asks for one, a job gets it from the platform, and it is called back where the order is given
//! back before the courier has the parcel.

use super::way::catch_up;
use super::{CALL_BACK_JOB, CARRIERS, ParcelKind, ParcelState, WAYBILL_JOB, WEIGHT_GRAMS_MAX, consignee_of, own_order};
use crate::policy::{DeliverGoods, consignee, purchase_order, shipment};
use crate::state::{OrderState, step};
use crate::{Refused, Terms};
use catalogue::shop::Seller;
use db::{Id, NewJob, Scope, Stop, Tx, on_each};
use diesel::prelude::*;
use partners::logistics::{Distribution, ParcelContents, WaybillRequest};
use policy::fields::{ParcelContents as ParcelContentsField, WaybillNumber};
use policy::{Entered, Reads};
use vault::{Access, Disclosed, RowKey, Sealed};

// --- asking for a waybill -----------------------------------------------------------------------------------------

/// What the seller says of a parcel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewParcel {
    /// One of [`CARRIERS`].
    pub carrier: String,
    pub kind: ParcelKind,
    pub weight_grams: u32,
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
