//! The bodies that travel, with exactly the declared fields.

use super::tracking::depot;
use super::{Distribution, ParcelContents, Progress, TrackingEvent, WhyFailed};
use crate::PartnerError;
use crate::signed_json::is_plain_id;
use policy::Recipient;
use serde::{Deserialize, Serialize};

/// The exposed values of one distribution.
#[derive(Serialize)]
pub struct Values<'a> {
    pub consignee: Consignee<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery_time: Option<&'a str>,
    pub parcel: Parcel,
}

#[derive(Serialize)]
pub struct Consignee<'a> {
    pub name: &'a str,
    pub address: &'a str,
    pub phone: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alt_phone: Option<&'a str>,
}

#[derive(Serialize, PartialEq, Eq)]
pub struct Parcel {
    pub kind: String,
    pub weight_grams: u32,
}

#[derive(Serialize)]
pub struct Shipment<'a> {
    pub parcel_ref: &'a str,
    pub courier: &'a str,
    pub sender: Sender<'a>,
}

#[derive(Serialize)]
pub struct Sender<'a> {
    pub shop_name: &'a str,
    pub place: &'a str,
}

#[derive(Serialize)]
pub struct WaybillRequest<'a> {
    #[serde(flatten)]
    pub shipment: Shipment<'a>,
    #[serde(flatten)]
    pub values: &'a Values<'a>,
    /// The names of the values that the platform may hand on to the courier.
    pub hand_to_courier: Vec<&'static str>,
    pub push_url: &'a str,
}

#[derive(Serialize)]
pub struct ByWaybill<'a> {
    pub parcel_ref: &'a str,
    pub waybill_number: &'a str,
}

#[derive(Deserialize)]
pub struct WaybillAnswer {
    pub parcel_ref: String,
    pub waybill_number: String,
    pub phone_on_label: String,
    pub sort_code: String,
}

#[derive(Deserialize)]
pub struct CancelAnswer {
    pub parcel_ref: String,
}

#[derive(Deserialize)]
pub struct QueryAnswer {
    pub parcel_ref: String,
    pub events: Vec<Event>,
}

#[derive(Deserialize)]
pub struct Event {
    event_id: String,
    parcel_ref: String,
    kind: String,
    #[serde(default)]
    place: Option<String>,
    #[serde(default)]
    reason: Option<String>,
    /// UTC milliseconds.
    at_ms: i64,
}

impl<'a> Values<'a> {
    pub fn of<R: Recipient>(given: &'a Distribution<R>) -> Result<Values<'a>, PartnerError> {
        let contents = ParcelContents::read(given.parcel.expose()).ok_or(PartnerError::Unfit("the parcel"))?;
        Ok(Values {
            consignee: Consignee {
                name: given.consignee_name.expose(),
                address: given.consignee_address.expose(),
                phone: given.consignee_phone.expose(),
                alt_phone: given.consignee_alt_phone.as_ref().map(|phone| phone.expose().as_str()),
            },
            delivery_time: given.delivery_time.as_ref().map(|time| time.expose().as_str()),
            parcel: Parcel { kind: contents.kind, weight_grams: contents.weight_grams },
        })
    }

    /// The names of what the courier is to get. It can only get what the platform has, as the platform has it.
    pub fn handed_on(&self, courier: &Values) -> Result<Vec<&'static str>, PartnerError> {
        let (ours, theirs) = (&self.consignee, &courier.consignee);
        let same = (ours.name, ours.address, ours.phone) == (theirs.name, theirs.address, theirs.phone)
            && self.parcel == courier.parcel
            && (theirs.alt_phone.is_none() || theirs.alt_phone == ours.alt_phone)
            && (courier.delivery_time.is_none() || courier.delivery_time == self.delivery_time);
        if !same {
            return Err(PartnerError::Unfit("what the courier is to get"));
        }
        let mut names = vec!["consignee.name", "consignee.address", "consignee.phone", "parcel"];
        if theirs.alt_phone.is_some() {
            names.push("consignee.alt_phone");
        }
        if courier.delivery_time.is_some() {
            names.push("delivery_time");
        }
        Ok(names)
    }
}

impl Event {
    pub fn read(self) -> Option<TrackingEvent> {
        let progress = match self.kind.as_str() {
            "accepted" => Progress::Accepted,
            "in_transit" => Progress::InTransit { place: depot(self.place.as_deref().unwrap_or("")) },
            "out_for_delivery" => Progress::OutForDelivery,
            "delivered" => Progress::Delivered,
            "failed" => Progress::Failed { reason: WhyFailed::read(self.reason.as_deref()) },
            _ => return None,
        };
        let plain = is_plain_id(&self.event_id) && is_plain_id(&self.parcel_ref);
        plain.then_some(TrackingEvent {
            event_id: self.event_id,
            parcel_ref: self.parcel_ref,
            progress,
            at: self.at_ms.checked_mul(1_000)?,
        })
    }
}

/// An answer must name what was asked for.
pub fn same(said: &str, asked: &str) -> Result<(), PartnerError> {
    if said == asked { Ok(()) } else { Err(PartnerError::BadAnswer) }
}
