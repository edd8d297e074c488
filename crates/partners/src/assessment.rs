//! Who a partner is, and whether it may be called: assessed, under an agreement, and not cut off.
//!
//! 3.1.1-a.3: before the first byte a partner's purpose and security are assessed, with a date and a next date; once
//! the next date has come, calls are refused until somebody has assessed again. 3.1.3-a.3: the same at the agreement's
//! end. 3.1.5-4.S1: the operator can cut a partner off, effective at the next call.

use crate::{Clock, PartnerError};
use jiff::{Timestamp, civil::Date, tz::Offset};
use policy::{Language, Words};
use serde::Deserialize;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

/// A partner as the operator's configuration and the public list (3.1.1-b.1) name it.
#[derive(Clone, Debug, Deserialize)]
pub struct Partner {
    /// As members know it.
    pub name: String,
    /// The company that is bound by the agreement.
    pub legal_entity: String,
    /// Where a person reaches it about their information.
    pub contact: String,
    /// Where it processes, as the list shows it: `中国大陆`, `Yiwu, China`.
    pub place: String,
    /// The agreement's reference in the operator's files.
    pub agreement: String,
    /// The last day of the agreement; absent where it has none.
    #[serde(default)]
    pub agreement_ends: Option<Date>,
    /// The day of the last assessment of purpose and security.
    pub assessed: Date,
    /// The day by which it must be assessed again. From that day's beginning, calls are refused.
    pub next_assessment: Date,
}

/// Whether a partner may be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Good,
    /// The last assessment lies in the future: nobody has assessed it yet.
    NotYetAssessed,
    AssessmentExpired {
        since: Date,
    },
    AgreementEnded {
        since: Date,
    },
    CutOff,
}

impl Standing {
    pub const fn words(self) -> Words {
        match self {
            Standing::Good => Words { en: "may be called", zh: "可调用" },
            Standing::NotYetAssessed => Words { en: "not yet assessed", zh: "尚未评估" },
            Standing::AssessmentExpired { .. } => Words { en: "its assessment has expired", zh: "评估已到期" },
            Standing::AgreementEnded { .. } => Words { en: "its agreement has ended", zh: "协议已到期" },
            Standing::CutOff => Words { en: "cut off by the operator", zh: "已由运营者切断" },
        }
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words().in_(Language::En))?;
        match self {
            Standing::AssessmentExpired { since } | Standing::AgreementEnded { since } => write!(f, " (since {since})"),
            _ => Ok(()),
        }
    }
}

impl Partner {
    /// The names of what the public list needs and the configuration lacks; a start check refuses to start on any
    /// (3.1.1-b.1).
    pub fn missing(&self) -> Vec<&'static str> {
        [
            ("name", &self.name),
            ("legal_entity", &self.legal_entity),
            ("contact", &self.contact),
            ("place", &self.place),
            ("agreement", &self.agreement),
        ]
        .into_iter()
        .filter(|(_, value)| value.trim().is_empty())
        .map(|(name, _)| name)
        .collect()
    }

    /// How the partner stands at `now` (UTC microseconds). Days begin at midnight UTC.
    pub fn standing(&self, now: i64) -> Standing {
        let Ok(now) = Timestamp::from_microsecond(now) else { return Standing::NotYetAssessed };
        let today = Offset::UTC.to_datetime(now).date();
        match self.agreement_ends {
            Some(end) if today > end => return Standing::AgreementEnded { since: end },
            _ => {}
        }
        if today < self.assessed {
            Standing::NotYetAssessed
        } else if today >= self.next_assessment {
            Standing::AssessmentExpired { since: self.next_assessment }
        } else {
            Standing::Good
        }
    }
}

/// The gate before every call of one adapter.
pub struct Gate {
    partner: Partner,
    clock: Clock,
    cut: AtomicBool,
}

impl Gate {
    pub(crate) fn new(partner: Partner, clock: Clock) -> Gate {
        Gate { partner, clock, cut: AtomicBool::new(false) }
    }

    pub fn partner(&self) -> &Partner {
        &self.partner
    }

    pub fn standing(&self) -> Standing {
        if self.cut.load(Ordering::Acquire) { Standing::CutOff } else { self.partner.standing((self.clock)()) }
    }

    /// Stops (or allows again) this process's calls to the partner, from the next one on. The decision itself is the
    /// operator's and rests in the database; every process applies it here.
    pub fn cut_off(&self, cut: bool) {
        self.cut.store(cut, Ordering::Release);
    }

    /// The time of the call that may be made now.
    pub(crate) fn pass(&self) -> Result<i64, PartnerError> {
        match self.standing() {
            Standing::Good => Ok((self.clock)()),
            standing => Err(PartnerError::NotAllowed(standing)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn partner() -> Partner {
        Partner {
            name: "Courier platform".into(),
            legal_entity: "Courier Platform Ltd".into(),
            contact: "privacy@courier.example".into(),
            place: "Yiwu".into(),
            agreement: "A-17".into(),
            agreement_ends: Some("2028-12-31".parse().unwrap()),
            assessed: "2026-11-01".parse().unwrap(),
            next_assessment: "2027-11-01".parse().unwrap(),
        }
    }

    fn at(day: &str) -> i64 {
        format!("{day}T00:00:00Z").parse::<Timestamp>().unwrap().as_microsecond()
    }

    /// 3.1.1-a.3, 3.1.3-a.3
    #[test]
    fn an_expired_assessment_or_an_ended_agreement_refuses_the_call() {
        let partner = partner();
        assert_eq!(partner.standing(at("2026-10-31")), Standing::NotYetAssessed);
        assert_eq!(partner.standing(at("2026-11-01")), Standing::Good);
        assert_eq!(partner.standing(at("2027-11-01") - 1), Standing::Good);
        assert!(matches!(partner.standing(at("2027-11-01")), Standing::AssessmentExpired { .. }));
        assert!(matches!(partner.standing(at("2029-01-01")), Standing::AgreementEnded { .. }));
    }

    /// 3.1.5-4.S1
    #[test]
    fn a_partner_that_was_cut_off_is_not_called_again_until_it_is_allowed() {
        let gate = Gate::new(partner(), Arc::new(|| at("2027-01-01")));
        assert!(gate.pass().is_ok());
        gate.cut_off(true);
        assert_eq!(gate.pass(), Err(PartnerError::NotAllowed(Standing::CutOff)));
        gate.cut_off(false);
        assert!(gate.pass().is_ok());
    }

    /// 3.1.1-b.1
    #[test]
    fn a_partner_without_a_contact_is_named_as_incomplete() {
        let nobody = Partner { contact: " ".into(), ..partner() };
        assert_eq!(nobody.missing(), ["contact"]);
        assert!(partner().missing().is_empty());
    }
}
