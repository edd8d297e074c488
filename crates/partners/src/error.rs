//! What can come of a call to a partner besides its answer.

use crate::assessment::Standing;
use std::fmt;

/// Why a call gave no answer. Holds no personal value that could be printed: `Debug` and `Display` show codes only.
#[derive(Clone, PartialEq, Eq)]
pub enum PartnerError {
    /// The partner understood and said no. `code` is the partner's own word (`ACQ.TRADE_NOT_EXIST`) and safe to keep;
    /// `message` may repeat what was sent, so it is for a person who may see that, never for a log.
    Refused { code: String, message: String },
    /// No answer, or one that leaves the outcome open. The call may or may not have taken effect: repeat it under the
    /// same number (every call here is idempotent by its number), or ask with the query that belongs to it.
    Unreachable,
    /// The answer was not signed by the partner. Nothing in it was believed.
    BadSignature,
    /// The answer was signed, or needed no signature, but is not in the partner's form.
    BadAnswer,
    /// The request does not fit the protocol (which part is named); nothing was sent.
    Unfit(&'static str),
    /// 3.1.1-a.3, 3.1.3-a.3, 3.1.5-4.S1: the partner may not be called now; nothing was sent.
    NotAllowed(Standing),
}

impl PartnerError {
    pub(crate) fn refused(code: &str, message: &str) -> PartnerError {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        let code = if !code.is_empty() && code.len() <= 96 && code.chars().all(plain) { code } else { "unreadable" };
        PartnerError::Refused { code: code.to_owned(), message: message.chars().take(200).collect() }
    }

    /// Whether the partner refused with this code.
    pub fn is(&self, refusal: &str) -> bool {
        matches!(self, PartnerError::Refused { code, .. } if code == refusal)
    }

    /// Whether the same call may succeed later without anybody changing anything.
    pub fn may_pass(&self) -> bool {
        matches!(self, PartnerError::Unreachable)
    }
}

impl fmt::Debug for PartnerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PartnerError::Refused { code, .. } => write!(f, "Refused({code})"),
            PartnerError::Unreachable => f.write_str("Unreachable"),
            PartnerError::BadSignature => f.write_str("BadSignature"),
            PartnerError::BadAnswer => f.write_str("BadAnswer"),
            PartnerError::Unfit(part) => write!(f, "Unfit({part})"),
            PartnerError::NotAllowed(standing) => write!(f, "NotAllowed({standing:?})"),
        }
    }
}

impl fmt::Display for PartnerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PartnerError::Refused { code, .. } => write!(f, "the partner refused: {code}"),
            PartnerError::Unreachable => f.write_str("the partner gave no answer that settles the matter"),
            PartnerError::BadSignature => f.write_str("the answer was not signed by the partner"),
            PartnerError::BadAnswer => f.write_str("the answer is not in the partner's form"),
            PartnerError::Unfit(part) => write!(f, "nothing was sent: {part} does not fit the protocol"),
            PartnerError::NotAllowed(standing) => write!(f, "nothing was sent: {standing}"),
        }
    }
}

impl std::error::Error for PartnerError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_prints_its_code_and_never_its_message() {
        let refused = PartnerError::refused("isv.invalid-phone", "13800138000 is not a number");
        assert!(!format!("{refused:?} {refused}").contains("13800138000"));
        assert!(refused.is("isv.invalid-phone"));
        let odd = PartnerError::refused("call 13800138000", "");
        assert!(odd.is("unreadable"), "a code that is not one could be a value");
    }
}
