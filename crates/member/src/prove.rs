//! Before a sensitive change whoever is signed in proves once more who they are: a browser left open, or a cookie that
//! was taken, makes no token and turns no money elsewhere.
//!
//! The tries are counted under the marks of the sign-in, so that this is no second way to guess. A program cannot prove
//! anything: its owner did when the token was made, and chose what it may do.

use crate::code;
use crate::policy::{SignIn, session};
use crate::refused::{keys_unavailable, no_access};
use crate::registration::index_form;
use crate::session::{Session, Who};
use crate::sign_in::{self, CodeBegun};
use crate::throttle::{
    self, Mark, PASSWORDS_FOR_AN_ACCOUNT, PASSWORDS_FROM_AN_ADDRESS, STAFF_PASSWORDS_FOR_AN_ACCOUNT,
};
use crate::{ClientAddress, Reason, Refused, account, password, staff};
use db::clock::MINUTE;
use db::{Failed, Id, Stop, Tx};
use diesel::prelude::*;
use policy::fields::{MemberName, MobilePhone, StaffAccount, VerificationCode};
use policy::{Entered, Typed};
use vault::{Access, Actor, RowKey, Vault};

/// How long a proof holds: as long as a one-time code. Several changes go with one proof, and a browser that was left
/// open over a coffee changes nothing.
pub const HOLDS: i64 = 10 * MINUTE;
/// A form is shown to whose proof holds at least so long yet, so that it has not run out when the form is sent.
const TO_FILL_IN: i64 = 5 * MINUTE;

/// That this person has proved lately who they are. Made here only, so that a page that forgets to ask does not compile:
///
/// ```compile_fail,E0451
/// fn forged(person: db::Id) -> member::Proven {
///     member::Proven { person }
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    person: Id,
}

impl Proven {
    pub(crate) fn of(person: &Id) -> Proven {
        Proven { person: person.clone() }
    }

    /// A command's first line: what one proved changes nothing of another's.
    pub fn must_be<R>(&self, person: &Id) -> Result<(), Stop<R>> {
        if self.person == *person { Ok(()) } else { Err(Stop::fault("one person's proof stood for another's change")) }
    }
}

impl Session {
    /// The proof, if it holds at `now`.
    pub fn proven(&self, now: i64) -> Option<Proven> {
        (now - self.proved_at <= HOLDS).then(|| Proven::of(self.person()))
    }

    /// Whether a form for a sensitive change may be shown, or the proof is to be asked first.
    pub fn is_proven_for_a_form(&self, now: i64) -> bool {
        now - self.proved_at <= HOLDS - TO_FILL_IN
    }
}

/// Takes the password of whoever is signed in.
pub async fn by_password(
    vault: &Vault,
    session: &Session,
    typed: &Typed,
    from: &ClientAddress,
) -> Result<(), Failed<Refused>> {
    let marks = [
        account_mark(vault, session).await?,
        from.mark(vault, &PASSWORDS_FROM_AN_ADDRESS).await.map_err(keys_unavailable)?,
    ];
    let (asked, counted) = (session.clone(), marks.clone());
    let known = vault
        .data()
        .write(move |tx| {
            for mark in &counted {
                throttle::count(tx, mark)?;
            }
            Ok(password::hash_of(tx, asked.person(), &asked.who)?)
        })
        .await?;
    if !password::verify(typed, known.clone()).await? {
        return Err(Failed::Refused(Refused::WrongCurrentPassword));
    }
    let session = session.clone();
    vault
        .data()
        .write(move |tx| {
            for mark in &marks {
                throttle::give_back(tx, mark)?;
            }
            // As it stands now: it may have been changed while it was checked.
            if password::hash_of(tx, session.person(), &session.who)? != known {
                return Err(Stop::refuse(Refused::WrongCurrentPassword));
            }
            proved(tx, session.person(), &session.id)
        })
        .await
}

/// Begins a code to the member's own telephone, under the limits of all codes.
pub async fn send_code(vault: &Vault, session: &Session, from: &ClientAddress) -> Result<CodeBegun, Failed<Refused>> {
    let Who::Member(member) = &session.who else { return Err(Failed::Refused(Refused::NoSuchAccount)) };
    let (access, id) = (own(vault, &member.id).await?, member.id.clone());
    let phone = vault
        .data()
        .read(move |read| {
            let sealed = account::phone(read, &id)?.ok_or(Stop::Refused(Refused::NoSuchAccount))?;
            let phone = sealed.open(&access, read, &RowKey { person: &id, id: &id })?;
            Ok(Entered::<MobilePhone>::made(phone.look().clone()))
        })
        .await?;
    sign_in::send(vault, &phone, from, Reason::Prove).await
}

/// Takes the code.
pub async fn by_code(
    vault: &Vault,
    session: &Session,
    code_id: &Id,
    code: &Entered<VerificationCode>,
) -> Result<(), Failed<Refused>> {
    let proof = code::proof(vault, code_id, Reason::Prove, code).await?;
    let owner = code::owner(vault, code_id, Reason::Prove, &proof).await?;
    if owner != *session.person() {
        return Err(Failed::Refused(Refused::CodeExpired));
    }
    let (session, code_id) = (session.clone(), code_id.clone());
    vault
        .data()
        .write(move |tx| {
            code::use_up(tx, &code_id, Reason::Prove, &proof)?;
            proved(tx, session.person(), &session.id)
        })
        .await
}

/// Writes that the session's holder has proved who they are.
pub(crate) fn proved(tx: &mut Tx, person: &Id, id: &Id) -> Result<(), Stop<Refused>> {
    let written =
        diesel::update(session::table.find((person, id))).set(session::proved_at.eq(tx.now)).execute(tx.db)?;
    // It ended meanwhile, by a click elsewhere.
    if written == 1 { Ok(()) } else { Err(Stop::refuse(Refused::NoSuchAccount)) }
}

/// The mark under which the sign-in counts what is typed for this account.
pub(crate) async fn account_mark(vault: &Vault, session: &Session) -> Result<Mark, Failed<Refused>> {
    let id = session.person().clone();
    match &session.who {
        Who::Member(_) => {
            let access = own(vault, &id).await?;
            let name = vault.data().read(move |read| {
                let name = account::name_of(read, &access, &id, &id)?.ok_or(Stop::Refused(Refused::NoSuchAccount))?;
                Ok(index_form(&Entered::<MemberName>::made(name.look().clone())))
            });
            throttle::mark(vault, &PASSWORDS_FOR_AN_ACCOUNT, &name.await?).await.map_err(keys_unavailable)
        }
        Who::Staff(_) => {
            let account = vault.data().read(move |read| staff::account_of(read, &id)).await?;
            let account = Entered::<StaffAccount>::made(account.as_str().to_owned());
            throttle::mark(vault, &STAFF_PASSWORDS_FOR_AN_ACCOUNT, &account).await.map_err(keys_unavailable)
        }
    }
}

async fn own(vault: &Vault, id: &Id) -> Result<Access<SignIn>, Failed<Refused>> {
    vault.access::<SignIn>(&Actor::own(id), std::slice::from_ref(id)).await.map_err(no_access)
}
