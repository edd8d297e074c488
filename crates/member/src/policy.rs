//! Part 2.1 of the policy: members, sign-in, staff.

use ::policy::fields::*;
use ::policy::recipients::*;
use ::policy::{Purpose, PurposeInfo, RecordInfo, purpose, record};

purpose! { RegisterAccount {
    section "2.1.1", basis Contract,
    says "We use your mobile number, a member name and a password to open your account." / "我们使用您的手机号码、会员名和密码为您注册账号。",
    requires [MobilePhone, MemberName, PasswordHash, VerificationCode, RegisteredAt], accepts [PreferredLanguage], reads [],
    discloses [SmsGateway(MobilePhone, VerificationCode)],
    roles [Own, Job],
    keep [Cancelled + 0 Days => Shred, Answered + 10 Minutes => Delete only (VerificationCode)],
    refusal "Without them you can still browse and search; it ends with the cancellation of the account." / "不提供时您仍可浏览和搜索；账号注销后终止。",
} }

purpose! { SignIn {
    section "2.1.1", basis Contract,
    says "We check your name or number and password to let you in and show you where you are signed in." / "我们核对您的账号和密码以便您登录，并向您展示登录情况。",
    requires [SessionToken, LastLoginAt, VerificationCode], accepts [], reads [MemberName, MobilePhone, PasswordHash, RegisteredAt],
    discloses [SmsGateway(MobilePhone, VerificationCode)],
    roles [Own, Job],
    keep [TurnedOff + 0 Days => Delete only (SessionToken), Cancelled + 0 Days => Shred],
    refusal "You can sign out anywhere, at any time." / "您可随时退出登录。",
} }

purpose! { GuardSignIn {
    section "2.7", basis LegalObligation by "Cybersecurity Law 21, PIPL 51" / "《网络安全法》第21条、《个人信息保护法》第51条",
    says "So that nobody tries passwords and codes without end, we count tries by number, name and IP address, under keyed hashes that change every hour."
        / "为防止反复猜测密码和验证码，我们按手机号、会员名和 IP 地址统计尝试次数，仅存每小时更换的加密散列。",
    requires [TryMark], accepts [], reads [],
    discloses [], roles [Job],
    keep [Logged + 60 Minutes => Delete],
    refusal "It cannot be turned off; after the hour nothing of it is left." / "无法关闭；一小时后不留任何记录。",
} }

purpose! { NoticeNewDevice {
    section "2.7", basis LegalObligation by "Cybersecurity Law 21, PIPL 51" / "《网络安全法》第21条、《个人信息保护法》第51条",
    says "So that nobody uses your account unnoticed, a cookie knows your devices again, and a text message tells you of a sign-in on a new one."
        / "为防止他人擅自使用您的账号，我们以 Cookie 识别您登录过的设备，并在新设备登录时以短信告知您。",
    requires [DeviceMark, CookieValue], accepts [], reads [MobilePhone, LastLoginAt],
    discloses [SmsGateway(MobilePhone, LastLoginAt)],
    roles [Own, Job],
    keep [Logged + 365 Days => Delete],
    refusal "It cannot be turned off; without the cookie every sign-in is on a new device. A device is forgotten a year after the last sign-in on it."
        / "无法关闭；不使用该 Cookie 时，每次登录均视为新设备登录。设备记录在该设备最后一次登录一年后删除。",
} }

purpose! { KeepSession {
    section "2.8.2", basis Contract,
    says "One necessary cookie keeps you signed in and your forms safe." / "必要 Cookie 用于保持登录状态和保护表单安全。",
    requires [CookieValue], accepts [], reads [SessionToken],
    discloses [], roles [Own, Job],
    keep [TurnedOff + 0 Days => Delete],
    refusal "Without it you can browse, not sign in." / "不使用时您可浏览，但无法登录。",
} }

purpose! { UseApi {
    section "2.1.1", basis Contract,
    says "If your own programs act for you, we keep of each access token a hash, what it may do and its name, and for a day a keyed hash of requests."
        / "如您允许自己的程序代您操作，我们保存每个令牌的散列、权限和名称，并将请求的密钥散列保存一天。",
    requires [ApiToken, ApiTokenName], accepts [], reads [],
    discloses [], roles [Own, Job],
    keep [TurnedOff + 0 Days => Delete, Cancelled + 0 Days => Shred],
    refusal "You need none; a token ends when you end it, and after a year at the latest." / "您可以不使用；令牌由您随时终止，最长一年后失效。",
} }

purpose! { AdministerStaff {
    section "5.3.1", basis Contract,
    says "Staff have accounts, roles and cases so that only those authorised reach personal information." / "员工按角色和事项授权访问个人信息。",
    requires [StaffName, StaffAccount], accepts [], reads [PasswordHash, SessionToken],
    discloses [], roles [Own, Privacy, Operator],
    keep [RoleEnded + 3 Years => Shred],
    refusal "It concerns staff only." / "仅涉及本平台员工。",
} }

record! {
    /// A member; the person of the same random id in the vault.
    member (id) of [id shred], keep [RegisterAccount, SignIn] since ended_at, refers [id -> person] {
        id: Text = "random id";
        name: sealed MemberName of id;
        phone: sealed MobilePhone of id;
        password: Text => PasswordHash;
        registered_at: sealed RegisteredAt of id;
        last_login_at: sealed LastLoginAt of id;
        language: Text => PreferredLanguage;
        edition: BigInt = "edition of the policy";
        ended_at: MaybeBigInt = "when the account was cancelled";
    }
}

record! {
    /// A one-time code on its way to a telephone. The proof is a keyed hash over id and code.
    one_time_code (id) of [person delete], keep [RegisterAccount, SignIn] since expires_at, refers [] {
        id: Text = "random id, stands in the form";
        person: Text = "random id: the member, or the one to be";
        reason: Text = "register, sign_in, change_password or prove";
        phone: sealed MobilePhone of person;
        proof: Text => VerificationCode;
        tries: BigInt = "wrong tries so far";
        made_at: BigInt = "when it was made";
        expires_at: BigInt = "when it stops working";
        used_at: MaybeBigInt = "when it was used";
    }
}

record! {
    /// How often something was tried under a keyed hash that changes with the hour; the sweep takes the row when the hour
    /// is over.
    throttle (mark) of [], keep [GuardSignIn] since until, refers [] {
        mark: Text => TryMark;
        count: BigInt = "tries";
        until: BigInt = "when it ends";
    }
}

record! {
    session (person, id) of [person delete], keep [SignIn, KeepSession] since ended_at, refers [person -> person] {
        person: Text = "random id";
        id: Text = "random id";
        token: Text => SessionToken;
        staff: Bool = "a staff session";
        begun_at: BigInt = "when it began";
        seen_at: BigInt = "last use, to the hour";
        ended_at: MaybeBigInt = "empty: the row goes when the session ends";
        proved_at: BigInt = "when a password or a code was last entered in it";
        device: Text = "random id: the known device that it began on";
    }
}

record! {
    /// A device that a member has come in from: a keyed hash, bound to the member, of the value in its cookie.
    known_device (person, id) of [person delete], keep [NoticeNewDevice] since seen_at, refers [person -> person] {
        person: Text = "random id";
        id: Text = "random id";
        mark: Text => DeviceMark;
        begun_at: BigInt = "when it was first seen";
        seen_at: BigInt = "last sign-in on it";
        new_at: MaybeBigInt = "when it was new, until the member has said whose it is";
    }
}

record! {
    /// A token by which a program of the person's acts for them.
    api_token (person, id) of [person delete], keep [UseApi] since ends_at, refers [person -> person] {
        person: Text = "random id";
        id: Text = "random id";
        token: Text => ApiToken;
        name: sealed ApiTokenName of person;
        reaches: Text = "what it may do";
        staff: Bool = "a token of the staff";
        begun_at: BigInt = "when it was made";
        used_at: BigInt = "last use, to the hour";
        ends_at: BigInt = "when it stops working";
    }
}

record! {
    /// A request of the person's program, remembered for a day so that the same sent again does nothing twice.
    api_attempt (person, once) of [person delete], keep [UseApi] since ends_at, refers [person -> person] {
        person: Text = "random id";
        once: Text = "idempotency key of the request";
        content: Text = "keyed hash of what the request said, bound to person and key";
        made: Text = "random id of what it made, or of the request where it made nothing new";
        ends_at: BigInt = "until when it is remembered";
    }
}

record! {
    staff (id) of [id shred], keep [AdministerStaff] since ended_at, refers [id -> person] {
        id: Text = "random id";
        name: sealed StaffName of id;
        account: Text => StaffAccount;
        role: Text => StaffAccount;
        password: Text => PasswordHash;
        begun_at: BigInt = "when the role began";
        ended_at: MaybeBigInt = "when the role ended";
    }
}

pub const PURPOSES: &[&PurposeInfo] = &[
    &RegisterAccount::INFO,
    &SignIn::INFO,
    &GuardSignIn::INFO,
    &NoticeNewDevice::INFO,
    &KeepSession::INFO,
    &UseApi::INFO,
    &AdministerStaff::INFO,
];
pub const RECORDS: &[&RecordInfo] = &[
    &member::table::RECORD,
    &one_time_code::table::RECORD,
    &throttle::table::RECORD,
    &session::table::RECORD,
    &known_device::table::RECORD,
    &api_token::table::RECORD,
    &api_attempt::table::RECORD,
    &staff::table::RECORD,
];

/// This crate's part of the house.
pub const PART: vault::Part = vault::Part { name: "member", purposes: PURPOSES, records: RECORDS, migrations };

const MIGRATIONS: diesel_migrations::EmbeddedMigrations = diesel_migrations::embed_migrations!("migrations");

pub fn migrations() -> db::Migrations {
    db::Migrations { name: "member", source: MIGRATIONS }
}
