//! A purpose: why the marketplace touches a field, on what ground, for whom and how long.

use crate::{Field, FieldInfo, Words};

/// A declared purpose. Implemented by `purpose!` only.
pub trait Purpose: Send + Sync + 'static {
    const INFO: PurposeInfo;
}

/// A declared recipient. Implemented by `recipients!` only.
pub trait Recipient: Send + Sync + 'static {
    const INFO: RecipientInfo;
}

#[diagnostic::on_unimplemented(
    message = "the purpose `{Self}` may not read `{F}`: the privacy policy does not list it",
    label = "`{F}` is not among the fields of `{Self}`",
    note = "declare it under `reads`, `requires` or `accepts` of that purpose in its crate's policy.rs, or act for another purpose"
)]
pub trait Reads<F: Field>: Purpose {}

#[diagnostic::on_unimplemented(
    message = "the purpose `{Self}` may not collect `{F}`: the privacy policy does not list it",
    label = "`{F}` is not among the fields that `{Self}` asks for",
    note = "declare it under `requires` or `accepts` of that purpose in its crate's policy.rs"
)]
pub trait Collects<F: Field>: Purpose {}

#[diagnostic::on_unimplemented(
    message = "the purpose `{Self}` may not disclose `{F}` to `{R}`: the privacy policy does not list it",
    label = "`{R}` gets no `{F}` from `{Self}`",
    note = "declare it under `discloses` of that purpose in its crate's policy.rs; the recipient's ceiling in policy/src/recipients.rs must allow it"
)]
pub trait Discloses<R: Recipient, F: Field>: Purpose {}

#[derive(Debug)]
pub struct PurposeInfo {
    pub id: &'static str,
    /// The policy's section, e.g. `2.3.2`.
    pub section: &'static str,
    pub basis: Basis,
    /// One sentence that says what is used for what.
    pub says: Words,
    /// Collected, and without it the function cannot run.
    pub requires: &'static [&'static FieldInfo],
    /// Collected if the person gives it.
    pub accepts: &'static [&'static FieldInfo],
    /// Collected by another purpose, only read by this one.
    pub reads: &'static [&'static FieldInfo],
    pub discloses: &'static [Disclosure],
    pub roles: &'static [Role],
    pub keep: &'static [Keep],
    /// What refusal and withdrawal do; for purposes that rest on no consent, how it ends instead.
    pub refusal: Words,
    /// The law, where the basis is one.
    pub law: Option<Words>,
}

#[derive(Debug)]
pub struct Disclosure {
    pub recipient: &'static RecipientInfo,
    pub fields: &'static [&'static FieldInfo],
}

/// Basic: needed for the function that the person asks for. Additional: off until asked (2-a.1). Legal: a duty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Basic,
    Additional,
    Legal,
}

/// The legal ground (PIPL 13; GDPR 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    Contract,
    Consent,
    SeparateConsent,
    LegalObligation,
    VitalInterest,
    PublicInterest,
    AlreadyPublic,
}

impl Basis {
    pub const fn kind(self) -> Kind {
        match self {
            Basis::Contract => Kind::Basic,
            Basis::Consent | Basis::SeparateConsent => Kind::Additional,
            _ => Kind::Legal,
        }
    }

    /// Whether the purpose is closed until the person agrees, and can be withdrawn.
    pub const fn asks(self) -> bool {
        matches!(self, Basis::Consent | Basis::SeparateConsent)
    }

    pub const fn words(self) -> Words {
        match self {
            Basis::Contract => Words { en: "contract", zh: "履行合同" },
            Basis::Consent => Words { en: "your consent", zh: "您的同意" },
            Basis::SeparateConsent => Words { en: "your separate consent", zh: "您的单独同意" },
            Basis::LegalObligation => Words { en: "legal obligation", zh: "法定义务" },
            Basis::VitalInterest => Words { en: "protection of life and health", zh: "保护生命健康" },
            Basis::PublicInterest => Words { en: "public interest", zh: "公共利益" },
            Basis::AlreadyPublic => Words { en: "already lawfully public", zh: "已合法公开" },
        }
    }
}

/// Who may act for a purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The person.
    Own,
    /// The buyer's side in a company account.
    Buyer,
    /// Staff of the store in that case.
    Seller,
    Guardian,
    Requester,
    Agent,
    Arbiter,
    IdentityDesk,
    Risk,
    Moderator,
    Finance,
    Logistics,
    Marketing,
    Privacy,
    Incident,
    Legal,
    Analyst,
    /// Background work of the system.
    Job,
    /// Keeps the machine, approves shops, opens nothing.
    Operator,
}

impl Role {
    pub const ALL: [Role; 19] = [
        Role::Own,
        Role::Buyer,
        Role::Seller,
        Role::Guardian,
        Role::Requester,
        Role::Agent,
        Role::Arbiter,
        Role::IdentityDesk,
        Role::Risk,
        Role::Moderator,
        Role::Finance,
        Role::Logistics,
        Role::Marketing,
        Role::Privacy,
        Role::Incident,
        Role::Legal,
        Role::Analyst,
        Role::Job,
        Role::Operator,
    ];

    pub const fn id(self) -> &'static str {
        match self {
            Role::Own => "self",
            Role::Buyer => "buyer",
            Role::Seller => "seller",
            Role::Guardian => "guardian",
            Role::Requester => "requester",
            Role::Agent => "agent",
            Role::Arbiter => "arbiter",
            Role::IdentityDesk => "iddesk",
            Role::Risk => "risk",
            Role::Moderator => "moderator",
            Role::Finance => "finance",
            Role::Logistics => "logistics",
            Role::Marketing => "marketing",
            Role::Privacy => "privacy",
            Role::Incident => "incident",
            Role::Legal => "legal",
            Role::Analyst => "analyst",
            Role::Job => "job",
            Role::Operator => "operator",
        }
    }

    pub fn parse(id: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.id() == id)
    }

    pub const fn words(self) -> Words {
        match self {
            Role::Own => Words { en: "you", zh: "您本人" },
            Role::Buyer => Words { en: "a colleague of your company", zh: "企业同事" },
            Role::Seller => Words { en: "the seller", zh: "卖家" },
            Role::Guardian => Words { en: "the guardian", zh: "监护人" },
            Role::Requester => Words { en: "the requester", zh: "请求人" },
            Role::Agent => Words { en: "customer service", zh: "客服人员" },
            Role::Arbiter => Words { en: "the dispute officer", zh: "纠纷处理专员" },
            Role::IdentityDesk => Words { en: "the identity desk", zh: "身份核验专员" },
            Role::Risk => Words { en: "the risk desk", zh: "风控人员" },
            Role::Moderator => Words { en: "the content desk", zh: "内容审核人员" },
            Role::Finance => Words { en: "the finance desk", zh: "财务人员" },
            Role::Logistics => Words { en: "the logistics desk", zh: "物流人员" },
            Role::Marketing => Words { en: "the marketing desk", zh: "营销人员" },
            Role::Privacy => Words { en: "the privacy officer", zh: "隐私专员" },
            Role::Incident => Words { en: "the incident lead", zh: "安全事件负责人" },
            Role::Legal => Words { en: "the legal desk", zh: "法务人员" },
            Role::Analyst => Words { en: "the analyst", zh: "数据分析人员" },
            Role::Job => Words { en: "the marketplace's own work", zh: "系统自动处理" },
            Role::Operator => Words { en: "the operator", zh: "平台运营人员" },
        }
    }
}

/// `EVENT + TERM => ACTION`, for all fields of the purpose or for those named.
#[derive(Clone, Copy, Debug)]
pub struct Keep {
    pub event: Event,
    pub term: Term,
    pub action: Action,
    pub only: &'static [&'static FieldInfo],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// The account was cancelled.
    Cancelled,
    /// The person removed the thing.
    Removed,
    Withdrawn,
    OrderCompleted,
    CaseClosed,
    Answered,
    Delivered,
    Settled,
    Logged,
    RoleEnded,
    TurnedOff,
}

impl Event {
    pub const fn words(self) -> Words {
        match self {
            Event::Cancelled => Words { en: "cancellation of the account", zh: "账号注销" },
            Event::Removed => Words { en: "your removing it", zh: "您移除" },
            Event::Withdrawn => Words { en: "withdrawal of consent", zh: "撤回同意" },
            Event::OrderCompleted => Words { en: "completion of the order", zh: "交易完成" },
            Event::CaseClosed => Words { en: "closing of the case", zh: "事项办结" },
            Event::Answered => Words { en: "the answer", zh: "答复" },
            Event::Delivered => Words { en: "delivery", zh: "送达" },
            Event::Settled => Words { en: "settlement", zh: "结算完成" },
            Event::Logged => Words { en: "the entry", zh: "记录产生" },
            Event::RoleEnded => Words { en: "end of the role", zh: "角色终止" },
            Event::TurnedOff => Words { en: "sign-out", zh: "退出登录" },
        }
    }
}

/// A length of time; 0 means at once, in the same transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    pub count: u16,
    pub unit: Unit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Minutes,
    Days,
    Months,
    Years,
}

impl Term {
    /// Upper bound in microseconds (months of 31, years of 366 days, so that a duty's term is never cut short).
    pub const fn micros(self) -> i64 {
        const MINUTE: i64 = 60_000_000;
        const DAY: i64 = 24 * 60 * MINUTE;
        self.count as i64
            * match self.unit {
                Unit::Minutes => MINUTE,
                Unit::Days => DAY,
                Unit::Months => 31 * DAY,
                Unit::Years => 366 * DAY,
            }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Delete,
    /// Delete the sealed bytes, and destroy the key when it opens nothing else.
    Shred,
    Anonymise,
    /// Only the named duty may open it from then on.
    Restrict,
}

impl Action {
    pub const fn words(self) -> Words {
        match self {
            Action::Delete => Words { en: "deleted", zh: "删除" },
            Action::Shred => Words { en: "deleted and its key destroyed", zh: "删除并销毁密钥" },
            Action::Anonymise => Words { en: "made anonymous", zh: "匿名化" },
            Action::Restrict => Words { en: "restricted to the legal duty", zh: "仅限履行法定义务" },
        }
    }
}

#[derive(Debug)]
pub struct RecipientInfo {
    pub id: &'static str,
    pub words: Words,
    pub kind: RecipientKind,
    /// The most it may ever get, over all purposes.
    pub ceiling: &'static [&'static FieldInfo],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecipientKind {
    Entrusted,
    Joint,
    Independent,
    Affiliate,
    Authority,
    Overseas,
    Public,
}

impl RecipientKind {
    pub const fn words(self) -> Words {
        match self {
            RecipientKind::Entrusted => Words { en: "entrusted processor", zh: "受托处理方" },
            RecipientKind::Joint => Words { en: "joint handler", zh: "共同处理方" },
            RecipientKind::Independent => Words { en: "independent handler", zh: "独立处理者" },
            RecipientKind::Affiliate => Words { en: "affiliate", zh: "关联公司" },
            RecipientKind::Authority => Words { en: "public authority", zh: "行政司法机关" },
            RecipientKind::Overseas => Words { en: "recipient abroad", zh: "境外接收方" },
            RecipientKind::Public => Words { en: "everybody", zh: "公众" },
        }
    }
}
