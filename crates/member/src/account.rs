//! What the member's page shows of oneself, and what a member chooses there.

use crate::policy::{SignIn, member};
use crate::{Refused, registration::Agreement};
use db::{Id, Scope, Stop, Tx};
use diesel::prelude::*;
use policy::fields::{LastLoginAt, MemberName, RegisteredAt};
use policy::{Language, Reads};
use vault::{Access, Masked, Personal, RowKey, Sealed};

/// A member's own account, as the member sees it.
#[derive(Debug)]
pub struct OwnAccount {
    pub name: Personal<MemberName, SignIn>,
    pub phone: Masked,
    pub registered_at: Personal<RegisteredAt, SignIn>,
    /// `None` until the first sign-in.
    pub last_login_at: Option<Personal<LastLoginAt, SignIn>>,
    /// `None`: not chosen; the browser's is used.
    pub language: Option<Language>,
    /// The edition of the policy that was agreed to last.
    pub edition: i64,
}

/// What we hold of the member's account.
pub fn own(scope: &mut impl Scope, access: &Access<SignIn>, id: &Id) -> Result<OwnAccount, Stop<Refused>> {
    type Row = (
        Sealed<member::name>,
        Sealed<member::phone>,
        Sealed<member::registered_at>,
        Sealed<member::last_login_at>,
        String,
        i64,
    );
    let row: Option<Row> = member::table
        .find(id)
        .filter(member::ended_at.is_null())
        .select((
            member::name,
            member::phone,
            member::registered_at,
            member::last_login_at,
            member::language,
            member::edition,
        ))
        .first(scope.db())
        .optional()?;
    let (name, phone, registered_at, last_login_at, language, edition) =
        row.ok_or(Stop::Refused(Refused::NoSuchAccount))?;
    let row = RowKey { person: id, id };
    Ok(OwnAccount {
        name: name.open(access, scope, &row)?,
        phone: phone.open(access, scope, &row)?.masked(),
        registered_at: registered_at.open(access, scope, &row)?,
        last_login_at: last_login_at.open_optional(access, scope, &row)?,
        language: parse_language(&language),
        edition,
    })
}

/// A member's name for whatever purpose may read it (the seller of an order, a counterparty); `about` is what the
/// reading is about. `None` where the member is gone.
pub fn name_of<P: Reads<MemberName>, R>(
    scope: &mut impl Scope,
    access: &Access<P>,
    id: &Id,
    about: &Id,
) -> Result<Option<Personal<MemberName, P>>, Stop<R>> {
    let name: Option<Sealed<member::name>> =
        member::table.find(id).filter(member::ended_at.is_null()).select(member::name).first(scope.db()).optional()?;
    match name {
        Some(name) if !name.is_absent() => {
            Ok(Some(name.open_about(access, scope, &RowKey { person: id, id }, about)?))
        }
        _ => Ok(None),
    }
}

/// A member's telephone as it rests. `None` where the member is gone.
pub(crate) fn phone(scope: &mut impl Scope, id: &Id) -> QueryResult<Option<Sealed<member::phone>>> {
    member::table.find(id).filter(member::ended_at.is_null()).select(member::phone).first(scope.db()).optional()
}

/// The language that a member chose.
pub fn language(scope: &mut impl Scope, id: &Id) -> QueryResult<Option<Language>> {
    let code: Option<String> = member::table.find(id).select(member::language).first(scope.db()).optional()?;
    Ok(code.as_deref().and_then(parse_language))
}

/// Sets the language, or with `None` follows the browser again.
pub fn set_language<R>(tx: &mut Tx, id: &Id, language: Option<Language>) -> Result<(), Stop<R>> {
    diesel::update(member::table.find(id))
        .set(member::language.eq(language.map_or("", Language::code)))
        .execute(tx.db)?;
    Ok(())
}

/// Records that a member agreed to a later edition of the policy; an earlier one changes nothing.
pub fn agree<R>(tx: &mut Tx, id: &Id, agreement: Agreement) -> Result<(), Stop<R>> {
    diesel::update(member::table.filter(member::id.eq(id)).filter(member::edition.lt(agreement.edition())))
        .set(member::edition.eq(agreement.edition()))
        .execute(tx.db)?;
    Ok(())
}

fn parse_language(code: &str) -> Option<Language> {
    Language::ALL.into_iter().find(|language| language.code() == code)
}
