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
    /// Calls are answered 503; pushes do not go out, as if none had been tried.
    Down,
}

impl FaultKind {
    pub const ALL: [FaultKind; 6] = [
        FaultKind::Late,
        FaultKind::Twice,
        FaultKind::WrongSignature,
        FaultKind::OutOfOrder,
        FaultKind::OtherAmount,
        FaultKind::Down,
    ];
}

/// What goes wrong: what the partner sends unasked, or what it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum On {
    Push,
    Answer,
}

impl On {
    const ALL: [On; 2] = [On::Push, On::Answer];
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
            // The gateway pushes nothing: its faults are in what it answers and delivers.
            (_, Side::Sms) => On::Answer,
            (FaultKind::Down, _) => self.on.unwrap_or(On::Answer),
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

/// Every fault that some partner can have: of each, one.
pub fn possible() -> Vec<Fault> {
    let mut all = Vec::new();
    for partner in Side::ALL {
        for kind in FaultKind::ALL {
            for on in On::ALL {
                let wanted = Wanted { partner, kind, on: Some(on), count: once(), delay_ms: three_seconds() };
                // What cannot strike there is refused, or strikes in the other place.
                all.extend(wanted.read().ok().filter(|fault| fault.on == on));
            }
        }
    }
    all
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

#[cfg(test)]
mod tests {
    use super::*;

    /// What serde knows of an enum and its list does not would be missing in whatever walks through the list.
    #[test]
    fn the_lists_are_whole() {
        let known =
            |error: serde_json::Error| error.to_string().split(", expected").nth(1).unwrap().matches('`').count() / 2;
        assert_eq!(known(serde_json::from_str::<Side>("\"?\"").unwrap_err()), Side::ALL.len());
        assert_eq!(known(serde_json::from_str::<FaultKind>("\"?\"").unwrap_err()), FaultKind::ALL.len());
        assert_eq!(known(serde_json::from_str::<On>("\"?\"").unwrap_err()), On::ALL.len());
    }

    #[test]
    fn each_partner_can_be_down_and_only_payments_have_amounts() {
        let all = possible();
        for partner in Side::ALL {
            let down =
                |fault: &&Fault| fault.partner == partner && fault.kind == FaultKind::Down && fault.on == On::Answer;
            assert_eq!(all.iter().filter(down).count(), 1, "{partner:?}");
        }
        assert!(all.iter().all(|fault| fault.kind != FaultKind::OtherAmount || fault.partner == Side::Alipay));
        assert!(all.iter().all(|fault| fault.partner != Side::Sms || fault.on == On::Answer));
    }
}
