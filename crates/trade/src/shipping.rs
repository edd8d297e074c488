//! 3.1.5-1B: the parcel's way, from the seller's wish for a waybill to the consignee's door.
//!
//! The seller asks; a job gives the waybill platform, and through it the courier, what the parcel needs and nothing of
//! the buyer's account, the price or the order's number; the parcel goes by a reference of its own. Waybill number and
//! contents rest sealed under the consignee's trade key. What the platform tells of the way is kept as state, time and
//! depot, in whatever order it comes; a parcel never goes back.

mod way;
mod waybill;

pub use way::{Station, Tracked, Way, tracked, way_for_buyer, way_for_seller, way_to_track};
pub(crate) use way::{heard, silent};
pub(crate) use waybill::{
    CONSIGNEE_GONE, Parcel, ask_platform, by_id, call_back, called_back, job_about, labelled, number_for_platform,
    open_ends, refused, unanswered, waiting, waybill_request,
};
pub use waybill::{NewParcel, ship, why_key};

use crate::policy::{consignee, purchase_order};
use crate::state::OrderState;
use crate::{Buyer, Refused};
use catalogue::shop::Seller;
use db::{Id, Scope, Stop};
use diesel::prelude::*;
use partners::logistics::Progress;
use policy::Words;

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

#[cfg(test)]
mod tests {
    use super::*;
    use partners::logistics::ParcelContents;
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
