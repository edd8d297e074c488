//! Faults on request: what a partner does when it has a bad day, so that one can see what the marketplace does then.

use super::book::{Entry, Side, State};
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// A push, or an answer, waits `delay_ms`.
    Late,
    /// A push is sent twice; a text message arrives twice.
    Twice,
    /// A push or an answer bears a signature that is not the partner's.
    WrongSignature,
    /// A push waits until a later one of the same partner has gone (or `delay_ms` have passed).
    OutOfOrder,
    /// A payment notification (or the answer to a query) states another amount, truly signed.
    OtherAmount,
    /// Calls are answered 503.
    Down,
}

/// What goes wrong: what the partner sends unasked, or what it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum On {
    Push,
    Answer,
}

/// A fault for the next `count` occasions.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Fault {
    pub partner: Side,
    pub kind: FaultKind,
    pub on: On,
    pub count: u32,
    pub delay_ms: u64,
}

/// A fault as it is asked for.
#[derive(Deserialize)]
pub struct Wanted {
    pub partner: Side,
    pub kind: FaultKind,
    #[serde(default)]
    pub on: Option<On>,
    /// 0 takes the fault back.
    #[serde(default = "once")]
    pub count: u32,
    #[serde(default = "three_seconds")]
    pub delay_ms: u64,
}

fn once() -> u32 {
    1
}

fn three_seconds() -> u64 {
    3_000
}

impl Wanted {
    /// The fault, or why this partner cannot have it.
    pub fn read(self) -> Result<Fault, &'static str> {
        let on = match (self.kind, self.partner) {
            (FaultKind::Down, _) => On::Answer,
            // The gateway pushes nothing: its faults are in what it answers and delivers.
            (_, Side::Sms) => On::Answer,
            _ => self.on.unwrap_or(On::Push),
        };
        match (self.kind, self.partner, on) {
            (FaultKind::OtherAmount, Side::Logistics | Side::Sms, _) => return Err("only payments have amounts"),
            (FaultKind::OutOfOrder, _, On::Answer) => return Err("answers come in order; only pushes can overtake"),
            (FaultKind::Twice, Side::Alipay | Side::Logistics, On::Answer) => {
                return Err("an answer comes once; only pushes and messages can come twice");
            }
            _ => {}
        }
        Ok(Fault { partner: self.partner, kind: self.kind, on, count: self.count, delay_ms: self.delay_ms })
    }
}

impl Fault {
    pub fn same_kind(&self, other: &Fault) -> bool {
        (self.partner, self.kind, self.on) == (other.partner, other.kind, other.on)
    }
}

/// The fault that strikes `partner` now, if one of `kinds` waits for it, and the line that uses it up by one.
pub fn strike(state: &State, partner: Side, on: On, kinds: &[FaultKind]) -> Option<(Fault, Entry)> {
    let fault = state
        .faults
        .iter()
        .find(|fault| fault.partner == partner && fault.on == on && kinds.contains(&fault.kind))?
        .clone();
    let rest = Fault { count: fault.count - 1, ..fault.clone() };
    Some((fault, Entry::Fault(rest)))
}
