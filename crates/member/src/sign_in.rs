//! 2.1.1: a member comes in, by name or telephone with the password, or by a texted code.
//!
//! An unknown name and a wrong password have one answer and cost one verification of Argon2id each (2.1.1-a.4). Tries
//! are counted before the password is looked at, so that many at once do not pass the limit, and given back when the
//! password was right.

use crate::code::{self, CodeSent, CodeToSend, NewCode, Reason};
use crate::device::{self, DeviceToken};
use crate::policy::{SignIn, member, one_time_code};
use crate::refused::{keys_unavailable, no_access};
use crate::registration::{Registered, code_marks, index_form};
use crate::throttle::{self, Mark, PASSWORDS_FOR_AN_ACCOUNT, PASSWORDS_FROM_AN_ADDRESS};
use crate::{ClientAddress, Member, Refused, Token, password, session};
use db::{Failed, Id, Scope, Stop, Tx};
use diesel::prelude::*;
use policy::fields::{LastLoginAt, MemberName, MobilePhone, VerificationCode};
use policy::{Entered, Language, Typed};
use std::fmt;
use vault::{Access, Actor, Disclosed, NoAccess, RowKey, Sealed, Vault};

/// Somebody who has come in.
#[derive(Debug)]
pub struct SignedIn {
    pub member: Member,
    /// For the cookie.
    pub token: Token,
    /// For the cookie that knows the device again: the one that the browser brought, or a new one.
    pub device: DeviceToken,
}

/// What a browser brings to a sign-in.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// The session's token, which ends.
    pub previous: Option<Token>,
    pub device: Option<DeviceToken>,
    /// That of the page, for whoever has chosen none.
    pub language: Language,
}

impl Arrival {
    /// A browser that has never been here.
    pub fn with_nothing(language: Language) -> Arrival {
        Arrival { previous: None, device: None, language }
    }
}

/// Lets a member in by name or telephone and password.
pub async fn by_password(
    vault: &Vault,
    who: &Typed,
    password: &Typed,
    from: &ClientAddress,
    arrival: &Arrival,
) -> Result<SignedIn, Failed<Refused>> {
    let (found, account) = look_up(vault, who).await?;
    let address = from.mark(vault, &PASSWORDS_FROM_AN_ADDRESS).await.map_err(keys_unavailable)?;
    let marks = vec![account, address];
    let (asked, counted) = (found.clone(), marks.clone());
    let known = vault
        .data()
        .write(move |tx| {
            for mark in &counted {
                throttle::count(tx, mark)?;
            }
            Ok(match &asked {
                Some(person) => living(tx, person)?,
                None => None,
            })
        })
        .await?;
    let right = password::verify(password, known).await?;
    match found {
        Some(person) if right => come_in(vault, &person, arrival, Opened::Password(marks)).await,
        _ => Err(Failed::Refused(Refused::WrongSignIn)),
    }
}

/// Whether `password` opens the account of `who`. For checks at the start; it begins no session and counts no try.
pub async fn opens(vault: &Vault, who: &Typed, password: &Typed) -> Result<bool, Failed<Refused>> {
    let (Some(person), _) = look_up(vault, who).await? else { return Ok(false) };
    match vault.data().read(move |r| Ok(living(r, &person)?)).await? {
        Some(hashed) => password::verify(password, Some(hashed)).await,
        None => Ok(false),
    }
}

/// Begins a code to come in by. A telephone without an account gets the same page and no message.
pub async fn send_code(
    vault: &Vault,
    phone: &Entered<MobilePhone>,
    from: &ClientAddress,
) -> Result<CodeBegun, Failed<Refused>> {
    send(vault, phone, from, Reason::SignIn).await
}

/// Lets a member in by the code.
pub async fn by_code(
    vault: &Vault,
    code_id: &Id,
    code: &Entered<VerificationCode>,
    arrival: &Arrival,
) -> Result<SignedIn, Failed<Refused>> {
    let proof = code::proof(vault, code_id, Reason::SignIn, code).await?;
    let person = code::owner(vault, code_id, Reason::SignIn, &proof).await?;
    come_in(vault, &person, arrival, Opened::Code { id: code_id.clone(), proof }).await
}

/// Lets somebody in who has just registered.
pub async fn after_registering(
    vault: &Vault,
    registered: &Registered,
    arrival: &Arrival,
) -> Result<SignedIn, Failed<Refused>> {
    come_in(vault, &registered.member().id, arrival, Opened::Registration).await
}

/// What opened the door.
#[derive(Clone)]
enum Opened {
    /// The tries that were counted for it.
    Password(Vec<Mark>),
    Code {
        id: Id,
        proof: String,
    },
    Registration,
}

/// Begins the session and notes the time.
async fn come_in(vault: &Vault, person: &Id, arrival: &Arrival, opened: Opened) -> Result<SignedIn, Failed<Refused>> {
    let device = arrival.device.clone().unwrap_or_else(DeviceToken::fresh);
    let mark = device::mark(vault, person, &device).await?;
    // Once more where the person's state moved in between: a consent came or went.
    let mut once_more = true;
    loop {
        let access = match vault.access::<SignIn>(&Actor::own(person), std::slice::from_ref(person)).await {
            Ok(access) => Some(access),
            // Whoever restricted their data still comes in, to lift it; nothing is collected of it (4.0-S2).
            Err(NoAccess::Restricted) => None,
            Err(NoAccess::Gone) => return Err(Failed::Refused(Refused::WrongSignIn)),
            Err(why) => return Err(no_access(why)),
        };
        let (who, brought, mark, by) = (person.clone(), arrival.clone(), mark.clone(), opened.clone());
        match vault.data().write(move |tx| enter(tx, access.as_ref(), &who, &brought, &mark, &by)).await {
            Ok(token) => return Ok(SignedIn { member: Member { id: person.clone() }, token, device }),
            Err(Failed::Changed) if once_more => once_more = false,
            Err(failed) => return Err(failed),
        }
    }
}

fn enter(
    tx: &mut Tx,
    access: Option<&Access<SignIn>>,
    person: &Id,
    arrival: &Arrival,
    mark: &str,
    opened: &Opened,
) -> Result<Token, Stop<Refused>> {
    match opened {
        Opened::Password(marks) => {
            for mark in marks {
                throttle::give_back(tx, mark)?;
            }
        }
        Opened::Code { id, proof } => code::use_up(tx, id, Reason::SignIn, proof)?,
        Opened::Registration => {}
    }
    if living(tx, person)?.is_none() {
        return Err(Stop::refuse(Refused::WrongSignIn));
    }
    if let Some(access) = access {
        let row = RowKey { person, id: person };
        let now = access.seal(tx, member::last_login_at, &row, &Entered::<LastLoginAt>::made(tx.now))?;
        diesel::update(member::table.find(person)).set(member::last_login_at.eq(&now)).execute(tx.db)?;
    }
    let device = device::arrive(tx, person, mark, arrival.language, matches!(opened, Opened::Registration))?;
    session::begin(tx, person, Some(&device), arrival.previous.as_ref())
}

/// Whose name or telephone it is, and under which mark the tries count: what was typed, not who was found, so that the
/// limit of a name tells nothing of a telephone.
async fn look_up(vault: &Vault, who: &Typed) -> Result<(Option<Id>, Mark), Failed<Refused>> {
    let keys = vault.keys();
    // No name is made of digits only, so what reads as a telephone is one.
    if let Ok(phone) = Entered::<MobilePhone>::parse(who) {
        let found = keys.find(&phone).await.map_err(keys_unavailable)?;
        let mark = throttle::mark(vault, &PASSWORDS_FOR_AN_ACCOUNT, &phone).await.map_err(keys_unavailable)?;
        return Ok((found, mark));
    }
    let (name, good) = match Entered::<MemberName>::parse(who) {
        Ok(name) => (index_form(&name), true),
        // Nobody has it, and it is counted and looked up like a name.
        Err(_) => (Entered::made(who.echo().chars().take(64).collect()), false),
    };
    let found = keys.find(&name).await.map_err(keys_unavailable)?.filter(|_| good);
    let mark = throttle::mark(vault, &PASSWORDS_FOR_AN_ACCOUNT, &name).await.map_err(keys_unavailable)?;
    Ok((found, mark))
}

/// The hash of a member's password; `None` for whoever is no member, or no longer.
fn living(scope: &mut impl Scope, person: &Id) -> QueryResult<Option<String>> {
    member::table.find(person).filter(member::ended_at.is_null()).select(member::password).first(scope.db()).optional()
}

/// Begins a code for `reason`, for a telephone of which nobody has looked yet whether it has an account: what is done
/// before the answer is the same for all (2.1.1-a.4), and the rest follows in [`CodeBegun::finish`].
pub(crate) async fn send(
    vault: &Vault,
    phone: &Entered<MobilePhone>,
    from: &ClientAddress,
    reason: Reason,
) -> Result<CodeBegun, Failed<Refused>> {
    let marks = code_marks(vault, phone, from).await?;
    let looked = marks.clone();
    vault.data().read(move |read| throttle::look(read, &looked)).await?;
    let new = NewCode::make(vault, reason, false).await?;
    let (row, nobody) = (new.clone(), Id::fresh());
    let insert = move |tx: &mut Tx| {
        for mark in &marks {
            throttle::count(tx, mark)?;
        }
        // The member's row has the telephone.
        Ok(row.insert(tx, &nobody, &Sealed::<one_time_code::phone>::absent())?)
    };
    let expires_at = vault.data().write(insert).await?;
    Ok(CodeBegun { id: new.id.clone(), expires_at, phone: phone.clone(), new })
}

/// A code whose second page can be shown. Until it is finished no code fits it.
#[must_use = "nobody gets a message until it is finished"]
pub struct CodeBegun {
    /// Stands in the form.
    pub id: Id,
    /// UTC microseconds.
    pub expires_at: i64,
    phone: Entered<MobilePhone>,
    new: NewCode,
}

impl fmt::Debug for CodeBegun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CodeBegun({})", self.id)
    }
}

impl CodeBegun {
    /// Looks whether the telephone is a member's, and if so makes the code theirs and gives the message to send. To be
    /// called beside the answer and not before it: this takes longer where there is a member.
    pub async fn finish(self, vault: &Vault) -> Result<CodeSent, Failed<Refused>> {
        let to_send = match member_with(vault, &self.phone).await? {
            Some((member, access)) => {
                let proof = code::proof(vault, &self.id, self.new.reason, &self.new.code).await?;
                let new = self.new;
                vault.data().write(move |tx| make_theirs(tx, &access, &member, &new, &proof)).await?
            }
            None => None,
        };
        Ok(CodeSent { id: self.id, expires_at: self.expires_at, to_send })
    }
}

/// The member of a telephone, with the access to it. Whoever restricted their data comes in by the password: their
/// telephone opens for nobody now.
async fn member_with(
    vault: &Vault,
    phone: &Entered<MobilePhone>,
) -> Result<Option<(Id, Access<SignIn>)>, Failed<Refused>> {
    let Some(holder) = vault.keys().find(phone).await.map_err(keys_unavailable)? else { return Ok(None) };
    let asked = holder.clone();
    if vault.data().read(move |read| Ok(living(read, &asked)?)).await?.is_none() {
        return Ok(None);
    }
    match vault.access::<SignIn>(&Actor::own(&holder), std::slice::from_ref(&holder)).await {
        Ok(access) => Ok(Some((holder, access))),
        Err(NoAccess::Restricted | NoAccess::Gone) => Ok(None),
        Err(why) => Err(no_access(why)),
    }
}

fn make_theirs(
    tx: &mut Tx,
    access: &Access<SignIn>,
    person: &Id,
    new: &NewCode,
    proof: &str,
) -> Result<Option<CodeToSend>, Stop<Refused>> {
    let open = one_time_code::table.filter(one_time_code::id.eq(&new.id)).filter(one_time_code::used_at.is_null());
    let made =
        diesel::update(open).set((one_time_code::person.eq(person), one_time_code::proof.eq(proof))).execute(tx.db)?;
    if made == 0 {
        return Ok(None);
    }
    let sealed: Sealed<member::phone> = member::table.find(person).select(member::phone).first(tx.db)?;
    let phone = sealed.open(access, tx, &RowKey { person, id: person })?.disclose(tx);
    let code = Disclosed::passing(access, tx, person, &new.id, &new.code)?;
    Ok(Some(CodeToSend { phone, code: Some(code), reason: new.reason }))
}
