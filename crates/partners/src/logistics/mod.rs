//! The waybill platform: waybills, their cancelling and query, and the tracking that the platform pushes.
//!
//! What travels is what `DeliverGoods` declares (3.1.5-1B.1): consignee, telephones, wished time, kind and weight of the
//! parcel; of the sender the shop's name and place; and our random reference of the parcel. No buyer's account, no
//! price, no order number.

mod tracking;
mod wire;

pub use crate::signed_json::{PushHeaders, PushRefused};
pub use tracking::{Progress, TrackingEvent, WhyFailed};

use crate::signed_json::{Caller, Channel, SharedSecret, check_push};
use crate::{Clock, Gate, Limits, Partner, PartnerError};
use policy::fields::{
    ConsigneeAddress, ConsigneeAltPhone, ConsigneeName, ConsigneePhone, DeliveryTime,
    ParcelContents as ParcelContentsField, WaybillNumber,
};
use policy::recipients::{Courier, LogisticsPlatform};
use policy::{Entered, Recipient};
use vault::Disclosed;

/// Refusals that a caller decides by.
pub mod refusal {
    /// The courier does not go there, or the address cannot be read.
    pub const UNREACHABLE_ADDRESS: &str = "unreachable_address";
    pub const UNKNOWN_COURIER: &str = "unknown_courier";
    pub const UNKNOWN_WAYBILL: &str = "unknown_waybill";
    /// The parcel is already with the courier and cannot be called back.
    pub const ALREADY_ACCEPTED: &str = "already_accepted";
    /// The parcel's reference was used before for something else.
    pub const REPEATED_DIFFERENTLY: &str = "repeated_differently";
}

pub struct LogisticsConfig {
    pub partner: Partner,
    /// The address before `/v1/…`.
    pub base: String,
    pub key_id: String,
    pub secret: SharedSecret,
    /// The secret under which the platform signs its pushes.
    pub push_secret: SharedSecret,
    /// Where the platform pushes tracking to.
    pub push_url: String,
    pub limits: Limits,
}

pub struct Logistics {
    gate: Gate,
    caller: Caller,
    push_secret: SharedSecret,
    push_url: String,
    clock: Clock,
}

/// What `R` gets of a parcel.
pub struct Distribution<R: Recipient> {
    pub consignee_name: Disclosed<R, ConsigneeName>,
    pub consignee_address: Disclosed<R, ConsigneeAddress>,
    pub consignee_phone: Disclosed<R, ConsigneePhone>,
    pub consignee_alt_phone: Option<Disclosed<R, ConsigneeAltPhone>>,
    pub delivery_time: Option<Disclosed<R, DeliveryTime>>,
    pub parcel: Disclosed<R, ParcelContentsField>,
}

/// The value of the field `ParcelContents`, in text `4200 g buttons`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParcelContents {
    /// As the courier's rules of carriage call it, not the goods' titles.
    pub kind: String,
    pub weight_grams: u32,
}

impl ParcelContents {
    pub fn write(&self) -> String {
        format!("{} g {}", self.weight_grams, self.kind)
    }

    pub fn read(text: &str) -> Option<ParcelContents> {
        let (weight, kind) = text.split_once(" g ")?;
        Some(ParcelContents { kind: kind.to_owned(), weight_grams: weight.parse().ok()? })
    }
}

/// A request for a waybill, idempotent by `parcel_ref`.
pub struct WaybillRequest {
    /// What the platform gets.
    pub platform: Distribution<LogisticsPlatform>,
    /// What the platform hands on to the courier on our behalf: that is a disclosure of its own (3.1.5-1B.1, "then to
    /// the courier"), so it is stated, and noted in the ledger, beside the first. The values must be the same.
    pub courier: Distribution<Courier>,
    /// The courier by the seller's choice, as the platform names it.
    pub courier_code: String,
    pub sender_shop: String,
    pub sender_place: String,
    /// Ours, random, letters, digits, `-` and `_`: it says nothing of the order.
    pub parcel_ref: String,
}

pub struct Waybill {
    pub number: Entered<WaybillNumber>,
    /// What the printed waybill shows in place of the telephone (3.1.5-1B.S1): a relay number, or a masked one.
    pub phone_on_label: String,
    /// The mark by which depots sort.
    pub sort_code: String,
}

impl Logistics {
    pub fn new(config: LogisticsConfig, clock: Clock) -> Logistics {
        let channel =
            Channel { base: config.base, key_id: config.key_id, secret: config.secret, limits: config.limits };
        Logistics {
            gate: Gate::new(config.partner, clock.clone()),
            caller: Caller::new("logistics", channel),
            push_secret: config.push_secret,
            push_url: config.push_url,
            clock,
        }
    }

    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    pub fn waybill(&self, request: &WaybillRequest) -> Result<Waybill, PartnerError> {
        let platform = wire::Values::of(&request.platform)?;
        let courier = wire::Values::of(&request.courier)?;
        self.ask_waybill(
            &platform,
            &courier,
            wire::Shipment {
                parcel_ref: &request.parcel_ref,
                courier: &request.courier_code,
                sender: wire::Sender { shop_name: &request.sender_shop, place: &request.sender_place },
            },
        )
    }

    fn ask_waybill(
        &self,
        platform: &wire::Values,
        courier: &wire::Values,
        shipment: wire::Shipment,
    ) -> Result<Waybill, PartnerError> {
        let hand_to_courier = platform.handed_on(courier)?;
        let request = wire::WaybillRequest { shipment, values: platform, hand_to_courier, push_url: &self.push_url };
        let answer: wire::WaybillAnswer =
            self.caller.call(&self.gate, "/v1/waybills", request.shipment.parcel_ref, &request)?;
        wire::same(&answer.parcel_ref, request.shipment.parcel_ref)?;
        Ok(Waybill {
            number: Entered::made(answer.waybill_number),
            phone_on_label: answer.phone_on_label,
            sort_code: answer.sort_code,
        })
    }

    /// Cancels a waybill whose parcel the courier has not yet accepted.
    pub fn cancel(
        &self,
        parcel_ref: &str,
        number: &Disclosed<LogisticsPlatform, WaybillNumber>,
    ) -> Result<(), PartnerError> {
        self.ask_cancel(parcel_ref, number.expose())
    }

    fn ask_cancel(&self, parcel_ref: &str, waybill_number: &str) -> Result<(), PartnerError> {
        let request = wire::ByWaybill { parcel_ref, waybill_number };
        let answer: wire::CancelAnswer = self.caller.call(&self.gate, "/v1/waybills/cancel", parcel_ref, &request)?;
        wire::same(&answer.parcel_ref, parcel_ref)
    }

    /// Everything that happened to the parcel so far, oldest first; for when pushes were missed.
    pub fn query(
        &self,
        parcel_ref: &str,
        number: &Disclosed<LogisticsPlatform, WaybillNumber>,
    ) -> Result<Vec<TrackingEvent>, PartnerError> {
        self.ask_query(parcel_ref, number.expose())
    }

    fn ask_query(&self, parcel_ref: &str, waybill_number: &str) -> Result<Vec<TrackingEvent>, PartnerError> {
        let request = wire::ByWaybill { parcel_ref, waybill_number };
        let answer: wire::QueryAnswer = self.caller.call(&self.gate, "/v1/waybills/query", parcel_ref, &request)?;
        wire::same(&answer.parcel_ref, parcel_ref)?;
        answer
            .events
            .into_iter()
            .map(|event| event.read().filter(|event| event.parcel_ref == parcel_ref).ok_or(PartnerError::BadAnswer))
            .collect()
    }

    /// A tracking push that is truly the platform's and fresh. The platform sends each event at least once, in any
    /// order: make it idempotent by `event_id`, and let the parcel only go forward. Answer 204 once it is committed.
    pub fn read_push(&self, headers: PushHeaders, body: &[u8]) -> Result<TrackingEvent, PushRefused> {
        let id = check_push(&self.push_secret, headers, body, (self.clock)().div_euclid(1_000_000))?;
        let event: wire::Event = serde_json::from_slice(body).map_err(|_| PushRefused::Unreadable)?;
        let event = event.read().ok_or(PushRefused::Unreadable)?;
        if event.event_id == id { Ok(event) } else { Err(PushRefused::Unreadable) }
    }
}

#[cfg(test)]
mod tests;
