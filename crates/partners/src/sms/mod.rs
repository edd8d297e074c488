//! The text message gateway: one message to one telephone, from a template that the gateway has approved.
//!
//! The gateway gets the telephone and what the template names, nothing else (`SmsGateway` in the data map). The words
//! stand at the gateway, as its rules demand; we send a template's name, a language and the values.

use crate::signed_json::{Caller, Channel, SharedSecret};
use crate::{Clock, Gate, Limits, Partner, PartnerError};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use policy::fields::{LastLoginAt, VerificationCode};
use policy::recipients::SmsGateway;
use policy::{Field, Language};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use vault::Disclosed;

/// Refusals that a caller decides by.
pub mod refusal {
    pub const UNKNOWN_TEMPLATE: &str = "unknown_template";
    pub const NOT_A_PHONE: &str = "not_a_phone";
    /// The gateway's own limit for this telephone.
    pub const TOO_MANY: &str = "too_many";
    pub const REPEATED_DIFFERENTLY: &str = "repeated_differently";
}

/// The templates that Hanse asks an operator to have approved, with the values each takes.
pub mod template {
    /// `code`
    pub const VERIFICATION_CODE: &str = "verification_code";
    /// No value: "somebody asked to open an account with your number, which has one".
    pub const NUMBER_HAS_ACCOUNT: &str = "number_has_account";
    /// `shop`
    pub const ORDER_SHIPPED: &str = "order_shipped";
    /// `place`
    pub const ORDER_DELIVERED: &str = "order_delivered";
    /// `time`: "somebody signed in to your account on a new device".
    pub const SIGN_IN_WARNING: &str = "sign_in_warning";
    /// `who` (the buyer's short name) and `page` (where the notice to consignees stands).
    pub const CONSIGNEE_NOTICE: &str = "consignee_notice";
}

pub struct SmsConfig {
    pub partner: Partner,
    /// The address before `/v1/…`.
    pub base: String,
    pub key_id: String,
    pub secret: SharedSecret,
    pub limits: Limits,
}

pub struct Sms {
    gate: Gate,
    caller: Caller,
    /// In which times are told.
    zone: TimeZone,
}

/// One message; `F` is the field that the telephone comes from.
pub struct Message<F: Field<Value = String>> {
    /// Ours; the message is idempotent by it: sent again after `Unreachable`, it arrives once.
    pub message_id: String,
    pub to: Disclosed<SmsGateway, F>,
    pub template: &'static str,
    pub language: Language,
    pub code: Option<Disclosed<SmsGateway, VerificationCode>>,
    /// When somebody signed in, to the minute.
    pub at: Option<Disclosed<SmsGateway, LastLoginAt>>,
    /// What the template names besides; nothing of a person.
    pub values: Vec<(&'static str, String)>,
}

#[derive(Serialize)]
struct Request<'a> {
    message_id: &'a str,
    phone: &'a str,
    template: &'a str,
    language: &'a str,
    parameters: BTreeMap<&'a str, &'a str>,
}

#[derive(Deserialize)]
struct Answer {
    message_id: String,
}

impl Sms {
    pub fn new(config: SmsConfig, zone: TimeZone, clock: Clock) -> Sms {
        let channel =
            Channel { base: config.base, key_id: config.key_id, secret: config.secret, limits: config.limits };
        Sms { gate: Gate::new(config.partner, clock), caller: Caller::new("sms", channel), zone }
    }

    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    /// Hands the message to the gateway; whether it reaches the telephone is not known here.
    pub fn send<F: Field<Value = String>>(&self, message: &Message<F>) -> Result<(), PartnerError> {
        let mut parameters: BTreeMap<&str, &str> =
            message.values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        if let Some(code) = &message.code {
            parameters.insert("code", code.expose());
        }
        let time = message.at.as_ref().map(|at| minute(*at.expose(), &self.zone));
        if let Some(time) = &time {
            parameters.insert("time", time);
        }
        self.hand_over(&message.message_id, message.to.expose(), message.template, message.language, parameters)
    }

    fn hand_over(
        &self,
        message_id: &str,
        phone: &str,
        template: &str,
        language: Language,
        parameters: BTreeMap<&str, &str>,
    ) -> Result<(), PartnerError> {
        let request = Request { message_id, phone, template, language: language.code(), parameters };
        let answer: Answer = self.caller.call(&self.gate, "/v1/messages", message_id, &request)?;
        if answer.message_id == message_id { Ok(()) } else { Err(PartnerError::BadAnswer) }
    }
}

/// UTC microseconds as `2026-11-30 20:22 (UTC+08:00)`.
fn minute(at: i64, zone: &TimeZone) -> String {
    let at = Timestamp::from_microsecond(at).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned_datetime(zone.clone());
    at.strftime("%Y-%m-%d %H:%M (UTC%:z)").to_string()
}

#[cfg(test)]
mod tests;
