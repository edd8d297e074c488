//! What is refused, and what the person can do about it.

use db::Failed;
use vault::NoAccess;
use vault::keys::KeysError;

/// Why something of part 2.1 was refused. The words stand in `web/locales/*/refused-member.ftl`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The box of the policy was not ticked (0-a.S1).
    NotAgreed,
    NameTaken,
    /// Said only to whoever proved that the telephone is theirs.
    PhoneTaken,
    WrongCode {
        /// Tries left with this code.
        left: i64,
    },
    /// Five wrong tries: the code is dead.
    CodeTriesOver,
    /// Too old, used, or never sent.
    CodeExpired,
    TooManyCodes {
        minutes: i64,
    },
    PasswordHoldsName,
    /// Among the first that are tried by whoever breaks in.
    PasswordGuessable,
    /// No such member, or a wrong password: one answer for both.
    WrongSignIn,
    WrongCurrentPassword,
    /// Too many wrong passwords for one account.
    TooManyTries {
        minutes: i64,
    },
    /// Too many tries or codes from one network address.
    TooManyFromHere {
        minutes: i64,
    },
    /// The member's data are restricted, so this cannot be shown or changed now (4.0-S2).
    Restricted,
    NoSuchAccount,
    NotAStaffAccount,
    StaffAccountTaken,
    NotAStaffRole,
    TooManyTokens {
        max: i64,
    },
}

impl Refused {
    /// The form field that the refusal concerns.
    pub fn field(&self) -> Option<&'static str> {
        match self {
            Refused::NotAgreed => Some("agreement"),
            Refused::NameTaken => Some("name"),
            Refused::PhoneTaken | Refused::TooManyCodes { .. } => Some("phone"),
            Refused::WrongCode { .. } | Refused::CodeTriesOver | Refused::CodeExpired => Some("code"),
            Refused::PasswordHoldsName | Refused::PasswordGuessable => Some("password"),
            Refused::WrongSignIn | Refused::TooManyTries { .. } => Some("who"),
            Refused::WrongCurrentPassword => Some("current"),
            Refused::NotAStaffAccount | Refused::StaffAccountTaken => Some("account"),
            Refused::NotAStaffRole => Some("role"),
            Refused::TooManyFromHere { .. }
            | Refused::Restricted
            | Refused::NoSuchAccount
            | Refused::TooManyTokens { .. } => None,
        }
    }

    /// The Fluent message.
    pub fn key(&self) -> &'static str {
        match self {
            Refused::NotAgreed => "refused-member-not-agreed",
            Refused::NameTaken => "refused-member-name-taken",
            Refused::PhoneTaken => "refused-member-phone-taken",
            Refused::WrongCode { .. } => "refused-member-wrong-code",
            Refused::CodeTriesOver => "refused-member-code-tries-over",
            Refused::CodeExpired => "refused-member-code-expired",
            Refused::TooManyCodes { .. } => "refused-member-too-many-codes",
            Refused::PasswordHoldsName => "refused-member-password-holds-name",
            Refused::PasswordGuessable => "refused-member-password-guessable",
            Refused::WrongSignIn => "refused-member-wrong-sign-in",
            Refused::WrongCurrentPassword => "refused-member-wrong-current-password",
            Refused::TooManyTries { .. } => "refused-member-too-many-tries",
            Refused::TooManyFromHere { .. } => "refused-member-too-many-from-here",
            Refused::Restricted => "refused-member-restricted",
            Refused::NoSuchAccount => "refused-member-no-such-account",
            Refused::NotAStaffAccount => "refused-member-not-a-staff-account",
            Refused::StaffAccountTaken => "refused-member-staff-account-taken",
            Refused::NotAStaffRole => "refused-member-not-a-staff-role",
            Refused::TooManyTokens { .. } => "refused-member-too-many-tokens",
        }
    }

    pub fn args(&self) -> Vec<(&'static str, String)> {
        match self {
            Refused::TooManyTokens { max } => vec![("max", max.to_string())],
            Refused::WrongCode { left } => vec![("left", left.to_string())],
            Refused::TooManyCodes { minutes }
            | Refused::TooManyTries { minutes }
            | Refused::TooManyFromHere { minutes } => vec![("minutes", minutes.to_string())],
            _ => Vec::new(),
        }
    }

    /// One of each, for the test that every refusal has its words in both languages.
    pub const EACH: [Refused; 19] = [
        Refused::NotAgreed,
        Refused::NameTaken,
        Refused::PhoneTaken,
        Refused::WrongCode { left: 1 },
        Refused::CodeTriesOver,
        Refused::CodeExpired,
        Refused::TooManyCodes { minutes: 1 },
        Refused::PasswordHoldsName,
        Refused::PasswordGuessable,
        Refused::WrongSignIn,
        Refused::WrongCurrentPassword,
        Refused::TooManyTries { minutes: 1 },
        Refused::TooManyFromHere { minutes: 1 },
        Refused::Restricted,
        Refused::NoSuchAccount,
        Refused::NotAStaffAccount,
        Refused::StaffAccountTaken,
        Refused::NotAStaffRole,
        Refused::TooManyTokens { max: 1 },
    ];
}

pub(crate) fn keys_unavailable(error: KeysError) -> Failed<Refused> {
    Failed::Unavailable(error.to_string())
}

pub(crate) fn no_access(why: NoAccess) -> Failed<Refused> {
    match why {
        NoAccess::Restricted => Failed::Refused(Refused::Restricted),
        NoAccess::Gone => Failed::Refused(Refused::NoSuchAccount),
        NoAccess::Unavailable(told) => Failed::Unavailable(told),
        NoAccess::Role { .. } | NoAccess::NoConsent { .. } => Failed::Fault(db::FaultId::log(&why.to_string())),
    }
}
