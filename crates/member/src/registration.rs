//! 2.1.1: a guest opens an account, in two steps.
//!
//! 1. [`begin`]: a telephone. The key store gives a person-to-be, whose keys are committed already; the code's row
//!    holds the telephone sealed under that person's key, and a keyed hash of the code.
//! 2. [`finish`]: the code, a member name, a password, and the agreement to the policy. Telephone and name are claimed
//!    in the key store's blind index before the rows are written, so that of two members-to-be with one name exactly
//!    one comes through.
//!
//! Killed at any point, the second step can be sent again while the code is good: the claims are the same person's. A
//! person-to-be who never came through goes with the next sweep, claims and keys and all; a claim that such a person
//! left behind gives way before that ([`gives_way`]).

use crate::code::{self, CodeSent, CodeToSend, NewCode, Reason};
use crate::policy::{RegisterAccount, SignIn, member, one_time_code};
use crate::refused::{keys_unavailable, no_access};
use crate::throttle::{self, CODES_FROM_AN_ADDRESS, CODES_TO_A_PHONE, Mark};
use crate::{ClientAddress, Member, Refused, account, password};
use db::clock::MINUTE;
use db::{Failed, Id, Scope, Stop, Tx};
use diesel::prelude::*;
use policy::fields::{MemberName, MobilePhone, PasswordHash, RegisteredAt, VerificationCode};
use policy::{Entered, Field};
use unicode_normalization::UnicodeNormalization;
use vault::{Access, Actor, Disclosed, Fresh, PersonKind, RowKey, Sealed, Vault};

/// Agreement to the policy as a whole, which covers the basic functions and nothing more (0-a.6). It is a type of its
/// own, so that it cannot be passed where a consent is wanted:
///
/// ```compile_fail,E0308
/// use db::{Id, Stop, Tx};
/// fn consent_by_agreement(tx: &mut Tx, who: &Id, agreement: &member::registration::Agreement) -> Result<(), Stop<()>> {
///     vault::consent::grant_by_id(tx, who, "PersonaliseRecommendations", agreement)
/// }
/// ```
///
/// What a consent wants instead:
///
/// ```
/// use db::{Id, Stop, Tx};
/// fn consent(tx: &mut Tx, who: &Id, shown: &vault::consent::Shown) -> Result<(), Stop<()>> {
///     vault::consent::grant_by_id(tx, who, "PersonaliseRecommendations", shown)
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agreement {
    edition: i64,
}

impl Agreement {
    /// The box that comes unticked (0-a.S1), under the policy of `edition`.
    pub fn of_box(ticked: bool, edition: i64) -> Result<Agreement, Refused> {
        if ticked { Ok(Agreement { edition }) } else { Err(Refused::NotAgreed) }
    }

    /// The edition of the policy that was agreed to.
    pub fn edition(self) -> i64 {
        self.edition
    }
}

/// What the second page brings: these and nothing else (2.1.1-a.1).
#[derive(Debug)]
pub struct NewMember {
    pub code_id: Id,
    pub code: Entered<VerificationCode>,
    pub name: Entered<MemberName>,
    pub password: Entered<PasswordHash>,
    pub agreement: Agreement,
}

/// Somebody who registered in this very call; lets them in without the password ([`crate::sign_in::after_registering`]).
#[derive(Debug)]
pub struct Registered {
    member: Member,
}

impl Registered {
    pub fn member(&self) -> &Member {
        &self.member
    }
}

/// Step 1: sends a code. A telephone that has an account gets the same page, and a message that says so (2.1.1-a.4).
pub async fn begin(
    vault: &Vault,
    phone: &Entered<MobilePhone>,
    from: &ClientAddress,
) -> Result<CodeSent, Failed<Refused>> {
    let marks = code_marks(vault, phone, from).await?;
    let holder = vault.keys().find(phone).await.map_err(keys_unavailable)?;
    let looked = marks.clone();
    let known = vault
        .data()
        .read(move |read| {
            throttle::look(read, &looked)?;
            Ok(match &holder {
                Some(holder) => is_member(read, holder)?,
                None => false,
            })
        })
        .await?;
    let new = NewCode::make(vault, Reason::Register, !known).await?;
    let fresh = vault.keys().fresh().await.map_err(keys_unavailable)?;
    let access = vault.access::<RegisterAccount>(&Actor::own(fresh.id()), &[]).await.map_err(no_access)?;
    let access = access.and_fresh([&fresh]);
    let phone = phone.clone();
    vault.data().write(move |tx| begin_person(tx, &access, &fresh, &phone, &new, known, &marks)).await
}

/// The person-to-be, the code's row, and the message.
fn begin_person(
    tx: &mut Tx,
    access: &Access<RegisterAccount>,
    fresh: &Fresh,
    phone: &Entered<MobilePhone>,
    new: &NewCode,
    known: bool,
    marks: &[Mark],
) -> Result<CodeSent, Stop<Refused>> {
    for mark in marks {
        throttle::count(tx, mark)?;
    }
    fresh.begin(tx, PersonKind::Member)?;
    let row = RowKey { person: fresh.id(), id: &new.id };
    let sealed = access.seal(tx, one_time_code::phone, &row, phone)?;
    let expires_at = new.insert(tx, fresh.id(), &sealed)?;
    let phone = sealed.open(access, tx, &row)?.disclose(tx);
    let code = match known {
        true => None,
        false => Some(Disclosed::passing(access, tx, fresh.id(), &new.id, &new.code)?),
    };
    Ok(CodeSent { id: new.id.clone(), expires_at, to_send: Some(CodeToSend { phone, code, reason: new.reason }) })
}

/// Step 2: opens the account.
pub async fn finish(vault: &Vault, new: &NewMember) -> Result<Registered, Failed<Refused>> {
    password::must_resist(&new.password, &new.name).map_err(Failed::Refused)?;
    let proof = code::proof(vault, &new.code_id, Reason::Register, &new.code).await?;
    let person = code::owner(vault, &new.code_id, Reason::Register, &proof).await?;
    // Hashing may wait its turn: before the claims, so that these stand open for as short as can be.
    let hashed = password::hash(&new.password).await?;
    let access = vault
        .access::<RegisterAccount>(&Actor::own(&person), std::slice::from_ref(&person))
        .await
        .map_err(no_access)?;
    let (asked, code_id) = (access.clone(), new.code_id.clone());
    let phone = vault
        .data()
        .read(move |read| {
            let (person, phone) = sealed_phone(read, &code_id)?;
            let opened = phone.open(&asked, read, &RowKey { person: &person, id: &code_id })?;
            Ok(Entered::<MobilePhone>::made(opened.look().clone()))
        })
        .await?;
    // The code proved the telephone: whoever else was about to register it gives way.
    if !claim(vault, &person, &phone, true).await? {
        return Err(Failed::Refused(Refused::PhoneTaken));
    }
    let name = index_form(&new.name);
    if !claim(vault, &person, &name, false).await? {
        return Err(Failed::Refused(Refused::NameTaken));
    }
    let (who, entered, code_id, edition) =
        (person.clone(), new.name.clone(), new.code_id.clone(), new.agreement.edition);
    let written =
        vault.data().write(move |tx| register(tx, &access, &who, &code_id, &proof, &entered, &hashed, edition)).await;
    match written {
        Ok(()) => Ok(Registered { member: Member { id: person } }),
        Err(Failed::Refused(refused)) => {
            give_back_name(vault, &person, &name).await?;
            Err(Failed::Refused(refused))
        }
        // Written or not: the claims stay, and whoever comes again with the same code finds them theirs.
        Err(failed) => Err(failed),
    }
}

/// Writes the member. The code is used up in the same command, so it makes one member at most.
#[allow(clippy::too_many_arguments)] // the parts of one row, each of its own type
fn register(
    tx: &mut Tx,
    access: &Access<RegisterAccount>,
    person: &Id,
    code_id: &Id,
    proof: &str,
    name: &Entered<MemberName>,
    hashed: &password::Hashed,
    edition: i64,
) -> Result<(), Stop<Refused>> {
    let (_, phone) = sealed_phone(tx, code_id)?;
    code::use_up(tx, code_id, Reason::Register, proof)?;
    let phone = phone.open(access, tx, &RowKey { person, id: code_id })?;
    let row = RowKey { person, id: person };
    let name = access.seal(tx, member::name, &row, name)?;
    let phone = access.reseal(tx, member::phone, &row, &phone)?;
    let registered_at = access.seal(tx, member::registered_at, &row, &Entered::<RegisteredAt>::made(tx.now))?;
    diesel::insert_into(member::table)
        .values((
            member::id.eq(person),
            member::name.eq(&name),
            member::phone.eq(&phone),
            member::password.eq(hashed.as_str()),
            member::registered_at.eq(&registered_at),
            // Nobody has signed in yet, and nobody has chosen a language (2-a.4).
            member::last_login_at.eq(Sealed::<member::last_login_at>::absent()),
            member::language.eq(""),
            member::edition.eq(edition),
        ))
        .execute(tx.db)?;
    Ok(())
}

/// The telephone of a code that is not used up.
fn sealed_phone(scope: &mut impl Scope, code_id: &Id) -> Result<(Id, Sealed<one_time_code::phone>), Stop<Refused>> {
    one_time_code::table
        .find(code_id)
        .filter(one_time_code::used_at.is_null())
        .select((one_time_code::person, one_time_code::phone))
        .first(scope.db())
        .optional()?
        .ok_or(Stop::Refused(Refused::CodeExpired))
}

pub(crate) fn is_member(scope: &mut impl Scope, id: &Id) -> QueryResult<bool> {
    let rows: i64 = member::table.filter(member::id.eq(id)).count().get_result(scope.db())?;
    Ok(rows > 0)
}

pub(crate) async fn code_marks(
    vault: &Vault,
    phone: &Entered<MobilePhone>,
    from: &ClientAddress,
) -> Result<Vec<Mark>, Failed<Refused>> {
    let phone = throttle::mark(vault, &CODES_TO_A_PHONE, phone).await.map_err(keys_unavailable)?;
    let address = from.mark(vault, &CODES_FROM_AN_ADDRESS).await.map_err(keys_unavailable)?;
    Ok(vec![phone, address])
}

// --- claims ----------------------------------------------------------------------------------------------------

/// Claims a value for a person-to-be; `false` if it is somebody's already.
async fn claim<F: Field>(
    vault: &Vault,
    person: &Id,
    value: &Entered<F>,
    proved: bool,
) -> Result<bool, Failed<Refused>> {
    let keys = vault.keys();
    if keys.claim(vault.data(), person, value).await.map_err(keys_unavailable)?.is_ok() {
        return Ok(true);
    }
    if let Some(holder) = keys.find(value).await.map_err(keys_unavailable)? {
        if holder == *person {
            // The same form was sent twice at once.
            return Ok(true);
        }
        let asked = holder.clone();
        if !vault.data().write(move |tx| gives_way(tx, &asked, proved)).await? {
            return Ok(false);
        }
        keys.release(&holder, value).await.map_err(keys_unavailable)?;
    }
    Ok(keys.claim(vault.data(), person, value).await.map_err(keys_unavailable)?.is_ok())
}

/// Whether a holder of a claim gives way: only one who never became a member, and never will. A telephone's holder is
/// ended here, for the newcomer has proved that it is theirs (`proved`); a name's holder must have let the code run out
/// (a minute more, for a command that is under way).
fn gives_way(tx: &mut Tx, holder: &Id, proved: bool) -> Result<bool, Stop<Refused>> {
    let open = one_time_code::table
        .filter(one_time_code::person.eq(holder))
        .filter(one_time_code::reason.eq(Reason::Register.id()))
        .filter(one_time_code::used_at.is_null());
    if proved {
        // First this, then the look at the members: a registration that is being committed is waited for at this row.
        let codes: Vec<Id> = open.select(one_time_code::id).load(tx.db)?;
        diesel::update(
            one_time_code::table.filter(one_time_code::id.eq_any(codes)).filter(one_time_code::used_at.is_null()),
        )
        .set((
            one_time_code::used_at.eq(Some(tx.now)),
            one_time_code::proof.eq(""),
            one_time_code::phone.eq(Sealed::<one_time_code::phone>::absent()),
        ))
        .execute(tx.db)?;
    } else {
        let under_way: i64 = open.filter(one_time_code::expires_at.gt(tx.now - MINUTE)).count().get_result(tx.db)?;
        if under_way > 0 {
            return Ok(false);
        }
    }
    Ok(!is_member(tx, holder)?)
}

/// The form was sent twice at once with two names, and the other one came through: this name is not theirs.
async fn give_back_name(vault: &Vault, person: &Id, name: &Entered<MemberName>) -> Result<(), Failed<Refused>> {
    let asked = person.clone();
    if !vault.data().read(move |read| Ok(is_member(read, &asked)?)).await? {
        // Nobody's yet: the claim gives way to the next one, or goes with the sweep.
        return Ok(());
    }
    let access = vault.access::<SignIn>(&Actor::own(person), std::slice::from_ref(person)).await.map_err(no_access)?;
    let asked = person.clone();
    let own = vault
        .data()
        .read(move |read| {
            let name = account::name_of(read, &access, &asked, &asked)?.ok_or(Stop::Refused(Refused::NoSuchAccount))?;
            Ok(index_form(&Entered::made(name.look().clone())))
        })
        .await?;
    if own.look_inside() != name.look_inside() {
        vault.keys().release(person, name).await.map_err(keys_unavailable)?;
    }
    Ok(())
}

// --- names -----------------------------------------------------------------------------------------------------

/// The form under which a name is claimed and found: names that differ only by case or by the width or composition of
/// their letters are one name.
pub(crate) fn index_form(name: &Entered<MemberName>) -> Entered<MemberName> {
    Entered::made(folded(name.look_inside()))
}

pub(crate) fn folded(text: &str) -> String {
    // By way of the capitals, for some letters have two small ones (a word's last sigma). Composed once more at the end,
    // for a small letter may come out in parts.
    text.nfkc().flat_map(char::to_uppercase).flat_map(char::to_lowercase).nfkc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn look_alikes_are_one_name() {
        for (one, other) in [
            ("Yiwu_Buttons", "yiwu_buttons"),
            ("ＹＩＷＵ", "yiwu"),
            ("Stra\u{df}e", "STRA\u{df}E"),
            ("caf\u{e9}", "CAFE\u{301}"),
            ("ΟΔΟΣ", "οδος"),
            ("İzmir", "i\u{307}zmir"),
        ] {
            assert_eq!(folded(one), folded(other));
        }
        assert_ne!(folded("yiwu_1"), folded("yiwu_2"));
        for text in ["ﬁnance", "Ⅻ月", "㎏", "İ", "義烏"] {
            assert_eq!(folded(&folded(text)), folded(text));
        }
    }

    /// 0-a.S1: without the box there is no agreement, and the refusal names the field.
    #[test]
    fn an_unticked_box_is_no_agreement() {
        let refused = Agreement::of_box(false, 3).unwrap_err();
        assert_eq!((refused, refused.field()), (Refused::NotAgreed, Some("agreement")));
        assert_eq!(Agreement::of_box(true, 3).unwrap().edition(), 3);
    }
}
