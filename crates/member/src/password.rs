//! Passwords (2.1.1-a.3): Argon2id, 19 MiB, two passes, one lane; never kept or logged in a form that gives them back.
//!
//! Hashing runs off the async threads, at most four at a time, so that a flood of sign-ins takes four cores for a while
//! and never the machine's memory. Whoever waits too long is told to come again.

use crate::code::{self, Reason};
use crate::policy::{SignIn, member, staff};
use crate::refused::no_access;
use crate::sign_in::{self, CodeBegun};
use crate::throttle;
use crate::{ClientAddress, Member, Refused, Session, Who, account, prove, registration, session};
use argon2::password_hash::phc::PasswordHash as Phc;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use db::{Failed, Id, Stop, Tx};
use diesel::prelude::*;
use policy::fields::{MemberName, MobilePhone, PasswordHash, VerificationCode};
use policy::{Entered, Typed};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use unicode_normalization::UnicodeNormalization;
use vault::Vault;
use zeroize::Zeroizing;

const AT_A_TIME_MAX: usize = 4;
const WAIT_MAX: Duration = Duration::from_secs(10);

/// A hash that no password has, with the cost of the real ones: what is verified where there is no member, so that an
/// unknown name takes the time of a known one.
const NOBODYS: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGhhcyBpdC4uLg$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// A password as it rests.
#[derive(Clone)]
pub struct Hashed(String);

impl Hashed {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Hashed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hashed")
    }
}

/// Hashes a password, when one of the four places is free.
pub async fn hash(password: &Entered<PasswordHash>) -> Result<Hashed, Failed<Refused>> {
    let password = password.clone();
    on_a_free_place(move || hash_now(&password)).await
}

/// As `hash`, for the command line.
pub fn hash_now(password: &Entered<PasswordHash>) -> Hashed {
    let mut salt = [0u8; 16];
    aws_lc_rs::rand::fill(&mut salt).expect("the system gives random bytes");
    let params = Params::new(19 * 1024, 2, 1, None).expect("the parameters are within Argon2's bounds");
    let hashed = Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_with_salt(&one_form(password.look_inside()), &salt)
        .expect("a salt of sixteen bytes is good");
    Hashed(hashed.to_string())
}

static VERIFIED: AtomicU64 = AtomicU64::new(0);

/// How many passwords this process has verified against a hash, somebody's or nobody's: what a sign-in costs is
/// counted, not timed.
pub fn verified() -> u64 {
    VERIFIED.load(Ordering::Relaxed)
}

/// Whether `typed` is the password of `hashed`. Without a hash it takes the same time and is wrong.
pub(crate) async fn verify(typed: &Typed, hashed: Option<String>) -> Result<bool, Failed<Refused>> {
    let typed = typed.clone();
    on_a_free_place(move || {
        VERIFIED.fetch_add(1, Ordering::Relaxed);
        let known = hashed.is_some();
        let right = Phc::new(hashed.as_deref().unwrap_or(NOBODYS))
            .is_ok_and(|phc| Argon2::default().verify_password(&one_form(typed.echo()), &phc).is_ok());
        right && known
    })
    .await
}

async fn on_a_free_place<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Failed<Refused>> {
    let place = place().await?;
    let done = tokio::task::spawn_blocking(move || {
        // The place is held to the end of the work, even where the caller has gone.
        let _place = place;
        work()
    });
    done.await.map_err(|_| Failed::Unavailable("hashing a password was broken off".to_owned()))
}

async fn place() -> Result<OwnedSemaphorePermit, Failed<Refused>> {
    static PLACES: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(AT_A_TIME_MAX)));
    match tokio::time::timeout(WAIT_MAX, PLACES.clone().acquire_owned()).await {
        Ok(Ok(place)) => Ok(place),
        _ => Err(Failed::Unavailable("too many passwords wait to be checked".to_owned())),
    }
}

/// One password, however the keyboard put its letters together.
fn one_form(password: &str) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(Zeroizing::new(password.nfc().collect::<String>()).as_bytes().to_vec())
}

/// So much of a password is guessed at: what is not guessed within it is not guessed with more behind it.
const GUESSED_AT_MAX: usize = 40;

/// Refuses a password that is found by trying: one that holds the account's name, or that is among the first million
/// that whoever breaks in tries (leaked and common ones, names, dates, runs of keys).
pub(crate) fn must_resist(password: &Entered<PasswordHash>, name: &Entered<MemberName>) -> Result<(), Refused> {
    if holds_name(password, name) {
        return Err(Refused::PasswordHoldsName);
    }
    let start: Zeroizing<String> = Zeroizing::new(password.look_inside().chars().take(GUESSED_AT_MAX).collect());
    let guessed = zxcvbn::zxcvbn(&start, &[name.look_inside(), "hanse"]);
    if guessed.score() < zxcvbn::Score::Two { Err(Refused::PasswordGuessable) } else { Ok(()) }
}

/// Whether the password holds the member's name, which everybody sees.
fn holds_name(password: &Entered<PasswordHash>, name: &Entered<MemberName>) -> bool {
    let password = Zeroizing::new(registration::folded(password.look_inside()));
    password.contains(&*Zeroizing::new(registration::folded(name.look_inside())))
}

/// Changes the password of whoever is signed in. It takes the present password, counted as the sign-in counts it, and
/// ends every other session.
pub async fn change(
    vault: &Vault,
    session: &Session,
    current: &Typed,
    new: &Entered<PasswordHash>,
) -> Result<(), Failed<Refused>> {
    let person = session.person().clone();
    match session.member() {
        Some(_) => must_resist_for(vault, &person, new).await?,
        None => {
            let (id, new) = (person.clone(), new.clone());
            let resists = vault.data().read(move |read| {
                let account = crate::staff::account_of(read, &id)?;
                crate::staff::must_resist_for(&account, &new).map_err(Stop::Refused)
            });
            resists.await?
        }
    }
    let tries = prove::account_mark(vault, session).await?;
    let (asked, who, counted) = (person.clone(), session.who.clone(), tries.clone());
    let known = vault
        .data()
        .write(move |tx| {
            throttle::count(tx, &counted)?;
            Ok(hash_of(tx, &asked, &who)?)
        })
        .await?;
    if !verify(current, known.clone()).await? {
        return Err(Failed::Refused(Refused::WrongCurrentPassword));
    }
    let hashed = hash(new).await?;
    let (who, this) = (session.who.clone(), session.id.clone());
    vault
        .data()
        .write(move |tx| {
            throttle::give_back(tx, &tries)?;
            // Only over the password that was proved: of two changes at once one is refused.
            set(tx, &person, &who, known.as_deref(), &hashed)?;
            prove::proved(tx, &person, &this)?;
            session::end_others(tx, &person, &this).map(|_| ())
        })
        .await
}

/// Begins a code for whoever forgot the password.
pub async fn send_code(
    vault: &Vault,
    phone: &Entered<MobilePhone>,
    from: &ClientAddress,
) -> Result<CodeBegun, Failed<Refused>> {
    sign_in::send(vault, phone, from, Reason::ChangePassword).await
}

/// Sets a new password by a code, and ends every session: whoever had the old password is out.
pub async fn change_by_code(
    vault: &Vault,
    code_id: &Id,
    code: &Entered<VerificationCode>,
    new: &Entered<PasswordHash>,
) -> Result<Member, Failed<Refused>> {
    let proof = code::proof(vault, code_id, Reason::ChangePassword, code).await?;
    let person = code::owner(vault, code_id, Reason::ChangePassword, &proof).await?;
    must_resist_for(vault, &person, new).await?;
    let hashed = hash(new).await?;
    let (code_id, member) = (code_id.clone(), Member { id: person.clone() });
    let who = Who::Member(member.clone());
    vault
        .data()
        .write(move |tx| {
            code::use_up(tx, &code_id, Reason::ChangePassword, &proof)?;
            set(tx, &person, &who, None, &hashed)?;
            session::end_all(tx, &person).map(|_| ())
        })
        .await?;
    Ok(member)
}

async fn must_resist_for(vault: &Vault, member: &Id, new: &Entered<PasswordHash>) -> Result<(), Failed<Refused>> {
    let access =
        vault.access::<SignIn>(&vault::Actor::own(member), std::slice::from_ref(member)).await.map_err(no_access)?;
    let (member, new) = (member.clone(), new.clone());
    vault
        .data()
        .read(move |read| {
            let name =
                account::name_of(read, &access, &member, &member)?.ok_or(Stop::Refused(Refused::NoSuchAccount))?;
            must_resist(&new, &Entered::made(name.look().clone())).map_err(Stop::Refused)
        })
        .await
}

pub(crate) fn hash_of(tx: &mut Tx, person: &Id, who: &Who) -> QueryResult<Option<String>> {
    match who {
        Who::Member(_) => member::table
            .find(person)
            .filter(member::ended_at.is_null())
            .select(member::password)
            .first(tx.db)
            .optional(),
        Who::Staff(_) => {
            staff::table.find(person).filter(staff::ended_at.is_null()).select(staff::password).first(tx.db).optional()
        }
    }
}

/// Writes a new hash, over the old one where that is given.
fn set(tx: &mut Tx, person: &Id, who: &Who, old: Option<&str>, new: &Hashed) -> Result<(), Stop<Refused>> {
    let known = hash_of(tx, person, who)?;
    let Some(known) = known.filter(|known| old.is_none_or(|old| old == known)) else {
        return Err(Stop::refuse(match old {
            Some(_) => Refused::WrongCurrentPassword,
            None => Refused::NoSuchAccount,
        }));
    };
    let changed = match who {
        Who::Member(_) => {
            diesel::update(member::table.filter(member::id.eq(person)).filter(member::password.eq(&known)))
                .set(member::password.eq(new.as_str()))
                .execute(tx.db)?
        }
        Who::Staff(_) => diesel::update(staff::table.filter(staff::id.eq(person)).filter(staff::password.eq(&known)))
            .set(staff::password.eq(new.as_str()))
            .execute(tx.db)?,
    };
    if changed == 1 { Ok(()) } else { Err(Stop::refuse(Refused::WrongCurrentPassword)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entered<F: policy::Field<Value = String>>(text: &str) -> Entered<F> {
        Entered::made(text.to_owned())
    }

    /// 2.1.1-a.3: Argon2id with our cost, and two members with one password have different hashes.
    #[tokio::test]
    async fn a_password_is_hashed_with_a_salt_of_its_own() {
        let (one, two) = (hash_now(&entered("correct horse")), hash_now(&entered("correct horse")));
        assert!(one.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", one.as_str());
        assert_ne!(one.as_str(), two.as_str());
        for hashed in [one, two] {
            assert!(verify(&Typed::new("correct horse"), Some(hashed.0.clone())).await.unwrap());
            assert!(!verify(&Typed::new("correct horse "), Some(hashed.0)).await.unwrap());
        }
    }

    /// The hash of nobody is well formed (so it costs what a real one costs) and fits nothing.
    #[tokio::test]
    async fn nobody_has_no_password() {
        let phc = Phc::new(NOBODYS).unwrap();
        let params = Params::try_from(&phc).unwrap();
        assert_eq!((params.m_cost(), params.t_cost(), params.p_cost()), (19 * 1024, 2, 1));
        assert!(!verify(&Typed::new(""), None).await.unwrap());
    }

    #[test]
    fn a_password_may_not_hold_the_name() {
        let holds = |password, name| holds_name(&entered(password), &entered(name));
        assert!(holds("YIWU_Buttons!", "yiwu_buttons"));
        assert!(holds("ｙｉｗｕ＿ｂｕｔｔｏｎｓ", "yiwu_buttons"));
        assert!(!holds("buttons of yiwu", "yiwu_buttons"));
    }

    /// Leaked, common and trivial passwords are refused; a plain phrase is not.
    #[test]
    fn what_is_tried_first_is_refused() {
        let name = entered("wang_lei");
        for found in
            ["12345678", "password1", "Passw0rd!", "qwertyuiop", "iloveyou", "5201314a", "aaaaaaaaaaaa", "20010907"]
        {
            assert_eq!(must_resist(&entered(found), &name), Err(Refused::PasswordGuessable), "{found}");
        }
        assert_eq!(must_resist(&entered("wang_lei-2026"), &name), Err(Refused::PasswordHoldsName));
        for good in ["a quiet harbour town", "wholesale-1688", "今天的海面很安静", "kingfisher lamp"] {
            assert_eq!(must_resist(&entered(good), &name), Ok(()), "{good}");
        }
    }

    #[tokio::test]
    async fn letters_put_together_differently_are_one_password() {
        let hashed = hash_now(&entered("caf\u{e9} au lait"));
        assert!(verify(&Typed::new("cafe\u{301} au lait"), Some(hashed.0)).await.unwrap());
    }
}
