//! 5.3.1: staff have accounts and roles; what a role may read is the policy's to say, purpose by purpose.
//!
//! The first account is made by the command line (`hanse staff add`), the others by whoever may administer staff. A role
//! that changes or ends takes every session of that account with it, at once.

use crate::policy::{AdministerStaff, staff};
use crate::refused::{keys_unavailable, no_access};
use crate::throttle::{self, PASSWORDS_FROM_AN_ADDRESS, STAFF_PASSWORDS_FOR_AN_ACCOUNT};
use crate::{ClientAddress, Refused, Token, password, session};
use db::{Failed, Id, Scope, Stop, Tx, on_each};
use diesel::prelude::*;
use password::Hashed;
use policy::fields::{PasswordHash, StaffAccount, StaffName};
use policy::{Entered, Role, Typed};
use vault::{Access, Actor, Fresh, PersonKind, Personal, RowKey, Sealed, Vault};

/// Somebody of the staff, in their role; the person of the same id in the vault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Staff {
    pub id: Id,
    pub role: Role,
}

/// The roles that a staff account can have. The others come with an account, a shop or a case, or are the system's.
pub const ROLES: [Role; 13] = [
    Role::Operator,
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
];

/// The name by which staff sign in: 3 to 40 of a–z, 0–9, `.`, `_` and `-`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account(String);

impl Account {
    pub fn parse(text: &str) -> Result<Account, Refused> {
        let text = text.trim().to_ascii_lowercase();
        let good = (3..=40).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-'));
        if good { Ok(Account(text)) } else { Err(Refused::NotAStaffAccount) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A role as a form or the command line names it (`operator`, `finance`, …).
pub fn parse_role(text: &str) -> Result<Role, Refused> {
    Role::parse(text).filter(|role| ROLES.contains(role)).ok_or(Refused::NotAStaffRole)
}

/// Who acts when `hanse staff add` does: whoever has the machine.
pub fn command_line() -> Actor {
    Actor { role: Role::Operator, who: None, shop: None, job: Some("hanse staff"), standing: None }
}

/// Somebody to be added.
#[derive(Clone, Debug)]
pub struct NewStaff {
    pub account: Account,
    pub name: Entered<StaffName>,
    pub role: Role,
    pub password: Hashed,
}

/// Adds an account with its role, for a person whose keys are made.
pub fn add(
    tx: &mut Tx,
    access: &Access<AdministerStaff>,
    fresh: &Fresh,
    new: &NewStaff,
) -> Result<Staff, Stop<Refused>> {
    if !ROLES.contains(&new.role) {
        return Err(Stop::refuse(Refused::NotAStaffRole));
    }
    fresh.begin(tx, PersonKind::Staff)?;
    let id = fresh.id();
    let name = access.seal(tx, staff::name, &RowKey { person: id, id }, &new.name)?;
    let row = (
        staff::id.eq(id),
        staff::name.eq(&name),
        staff::account.eq(new.account.as_str()),
        staff::role.eq(new.role.id()),
        staff::password.eq(new.password.as_str()),
        staff::begun_at.eq(tx.now),
    );
    let added =
        on_each!(tx.db, c => diesel::insert_into(staff::table).values(row).on_conflict_do_nothing().execute(c))?;
    if added == 0 {
        return Err(Stop::refuse(Refused::StaffAccountTaken));
    }
    Ok(Staff { id: id.clone(), role: new.role })
}

/// Adds an account: keys, hash, row. `by` is staff who may administer staff.
pub async fn enlist(
    vault: &Vault,
    by: &Actor,
    account: Account,
    name: Entered<StaffName>,
    role: Role,
    password: &Entered<PasswordHash>,
) -> Result<Staff, Failed<Refused>> {
    must_resist_for(&account, password).map_err(Failed::Refused)?;
    let access = vault.access::<AdministerStaff>(by, &[]).await.map_err(no_access)?;
    let new = NewStaff { account, name, role, password: password::hash(password).await? };
    let fresh = vault.keys().fresh().await.map_err(keys_unavailable)?;
    let access = access.and_fresh([&fresh]);
    vault.data().write(move |tx| add(tx, &access, &fresh, &new)).await
}

/// As `enlist`, for the command line (`by` is [`command_line`]).
pub fn enlist_now(
    vault: &Vault,
    by: &Actor,
    account: Account,
    name: Entered<StaffName>,
    role: Role,
    password: &Entered<PasswordHash>,
) -> Result<Staff, Failed<Refused>> {
    must_resist_for(&account, password).map_err(Failed::Refused)?;
    let access = vault.access_now::<AdministerStaff>(by, &[]).map_err(no_access)?;
    let new = NewStaff { account, name, role, password: password::hash_now(password) };
    let fresh = vault.keys().fresh_now().map_err(keys_unavailable)?;
    let access = access.and_fresh([&fresh]);
    vault.data().write_now(move |tx| add(tx, &access, &fresh, &new))
}

/// Refuses a password that is found by trying, or that holds the account's name.
pub fn must_resist_for(account: &Account, password: &Entered<PasswordHash>) -> Result<(), Refused> {
    password::must_resist(password, &Entered::made(account.0.clone()))
}

/// Staff who have come in.
#[derive(Debug)]
pub struct StaffSignedIn {
    pub staff: Staff,
    /// For the cookie.
    pub token: Token,
}

/// Lets staff in by account and password. As for members: one answer, one verification, tries counted before.
pub async fn sign_in(
    vault: &Vault,
    account: &Typed,
    password: &Typed,
    from: &ClientAddress,
    previous: Option<&Token>,
) -> Result<StaffSignedIn, Failed<Refused>> {
    let wrong = || Failed::Refused(Refused::WrongSignIn);
    let account: String = account.echo().trim().to_ascii_lowercase().chars().take(64).collect();
    let entered = Entered::<StaffAccount>::made(account.clone());
    let marks = [
        throttle::mark(vault, &STAFF_PASSWORDS_FOR_AN_ACCOUNT, &entered).await.map_err(keys_unavailable)?,
        from.mark(vault, &PASSWORDS_FROM_AN_ADDRESS).await.map_err(keys_unavailable)?,
    ];
    let counted = marks.clone();
    let known: Option<(Id, String)> = vault
        .data()
        .write(move |tx| {
            for mark in &counted {
                throttle::count(tx, mark)?;
            }
            Ok(staff::table
                .filter(staff::account.eq(&account))
                .filter(staff::ended_at.is_null())
                .select((staff::id, staff::password))
                .first(tx.db)
                .optional()?)
        })
        .await?;
    let (id, hashed) = known.unzip();
    if !password::verify(password, hashed).await? {
        return Err(wrong());
    }
    let id = id.ok_or_else(wrong)?;
    let previous = previous.cloned();
    vault
        .data()
        .write(move |tx| {
            for mark in &marks {
                throttle::give_back(tx, mark)?;
            }
            // As it stands now: the role may have ended while the password was checked.
            let role: Option<String> =
                staff::table.find(&id).filter(staff::ended_at.is_null()).select(staff::role).first(tx.db).optional()?;
            let role = role.as_deref().and_then(Role::parse).ok_or(Stop::Refused(Refused::WrongSignIn))?;
            let token = session::begin(tx, &id, None, previous.as_ref())?;
            Ok(StaffSignedIn { staff: Staff { id: id.clone(), role }, token })
        })
        .await
}

/// Gives an account another role; its sessions end, so that nobody goes on in the old one.
pub fn change_role(tx: &mut Tx, id: &Id, role: Role) -> Result<(), Stop<Refused>> {
    if !ROLES.contains(&role) {
        return Err(Stop::refuse(Refused::NotAStaffRole));
    }
    let changed = diesel::update(staff::table.filter(staff::id.eq(id)).filter(staff::ended_at.is_null()))
        .set(staff::role.eq(role.id()))
        .execute(tx.db)?;
    if changed == 0 {
        return Err(Stop::refuse(Refused::NoSuchAccount));
    }
    session::end_all(tx, id).map(|_| ())
}

/// Ends an account's role and its sessions. The account stays until its term is over, and opens nothing.
pub fn end(tx: &mut Tx, id: &Id) -> Result<(), Stop<Refused>> {
    let ended = diesel::update(staff::table.filter(staff::id.eq(id)).filter(staff::ended_at.is_null()))
        .set((staff::ended_at.eq(Some(tx.now)), staff::password.eq("")))
        .execute(tx.db)?;
    if ended == 0 {
        return Err(Stop::refuse(Refused::NoSuchAccount));
    }
    session::end_all(tx, id).map(|_| ())
}

/// Gives an account another password; its sessions end.
pub fn set_password(tx: &mut Tx, id: &Id, password: &Hashed) -> Result<(), Stop<Refused>> {
    let changed = diesel::update(staff::table.filter(staff::id.eq(id)).filter(staff::ended_at.is_null()))
        .set(staff::password.eq(password.as_str()))
        .execute(tx.db)?;
    if changed == 0 {
        return Err(Stop::refuse(Refused::NoSuchAccount));
    }
    session::end_all(tx, id).map(|_| ())
}

/// The living account of this name.
pub fn by_account(scope: &mut impl Scope, account: &Account) -> Result<Id, Stop<Refused>> {
    let of = staff::table.filter(staff::account.eq(account.as_str())).filter(staff::ended_at.is_null());
    of.select(staff::id).first(scope.db()).optional()?.ok_or(Stop::Refused(Refused::NoSuchAccount))
}

/// The name of a living account.
pub(crate) fn account_of(scope: &mut impl Scope, id: &Id) -> Result<Account, Stop<Refused>> {
    let of = staff::table.find(id).filter(staff::ended_at.is_null()).select(staff::account);
    let account = of.first::<String>(scope.db()).optional()?;
    account.map(Account).ok_or(Stop::Refused(Refused::NoSuchAccount))
}

/// Whether `password` opens a living account of this name. For checks at the start; it begins no session.
pub async fn opens(vault: &Vault, account: &str, password: &Typed) -> Result<bool, Failed<Refused>> {
    let account = account.to_owned();
    let hashed: Option<String> = vault
        .data()
        .read(move |r| {
            let of = staff::table.filter(staff::account.eq(&account)).filter(staff::ended_at.is_null());
            Ok(of.select(staff::password).first(r.db).optional()?)
        })
        .await?;
    match hashed {
        Some(hashed) => password::verify(password, Some(hashed)).await,
        None => Ok(false),
    }
}

/// An account in the list of staff.
#[derive(Debug)]
pub struct Listed {
    pub id: Id,
    pub account: String,
    /// `None`: a role that this program does not know.
    pub role: Option<Role>,
    pub begun_at: i64,
    pub ended_at: Option<i64>,
    /// `None` where the access does not cover the person.
    pub name: Option<Personal<StaffName, AdministerStaff>>,
}

/// The ids of all staff accounts, for the access that [`list`] takes.
pub fn ids(scope: &mut impl Scope) -> QueryResult<Vec<Id>> {
    staff::table.order(staff::id).limit(LISTED_MAX).select(staff::id).load(scope.db())
}

const LISTED_MAX: i64 = 1_000;

/// All staff accounts, the living first, each in the order in which they began.
pub fn list<R>(scope: &mut impl Scope, access: &Access<AdministerStaff>) -> Result<Vec<Listed>, Stop<R>> {
    type Row = (Id, Sealed<staff::name>, String, String, i64, Option<i64>);
    let mut rows: Vec<Row> = staff::table
        .order(staff::id)
        .limit(LISTED_MAX)
        .select((staff::id, staff::name, staff::account, staff::role, staff::begun_at, staff::ended_at))
        .load(scope.db())?;
    rows.sort_by_key(|row| (row.5.is_some(), row.4));
    rows.into_iter()
        .map(|(id, name, account, role, begun_at, ended_at)| {
            let name = match access.covers(&id) {
                true => name.open_optional(access, scope, &RowKey { person: &id, id: &id })?,
                false => None,
            };
            Ok(Listed { id, account, role: Role::parse(&role), begun_at, ended_at, name })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_and_roles_are_of_a_known_kind() {
        assert_eq!(Account::parse(" Mei.Lin ").unwrap().as_str(), "mei.lin");
        for bad in ["", "ab", "mei lin", "mei\u{fe}", &"x".repeat(41)] {
            assert_eq!(Account::parse(bad), Err(Refused::NotAStaffAccount));
        }
        assert_eq!(parse_role("operator"), Ok(Role::Operator));
        for bad in ["self", "job", "seller", "buyer", "requester", "guardian", "root"] {
            assert_eq!(parse_role(bad), Err(Refused::NotAStaffRole), "{bad}");
        }
    }
}
