//! One-time codes (2.1.1-a.4): six digits to a telephone, good for ten minutes and five wrong tries.
//!
//! At rest there is only a keyed hash over the row's id and the code, whose key lies in the key store: six digits are
//! too few for a hash that anybody can compute. Where the telephone has no account to come into (or has one already, at
//! registration), the row is the same and no code fits it, so that the form's second page tells nothing.

use crate::Refused;
use crate::policy::one_time_code;
use crate::refused::keys_unavailable;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use db::clock::MINUTE;
use db::{Failed, Id, Stop, Tx};
use diesel::prelude::*;
use policy::Entered;
use policy::fields::{MobilePhone, VerificationCode};
use policy::recipients::SmsGateway;
use unicode_normalization::UnicodeNormalization;
use vault::{Disclosed, Sealed, Vault};
use zeroize::Zeroizing;

const GOOD_FOR: i64 = 10 * MINUTE;
const WRONG_TRIES_MAX: i64 = 5;

/// What a code is for; it opens nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    Register,
    SignIn,
    ChangePassword,
    /// Of somebody who is signed in, before a sensitive change.
    Prove,
}

impl Reason {
    pub const fn id(self) -> &'static str {
        match self {
            Reason::Register => "register",
            Reason::SignIn => "sign_in",
            Reason::ChangePassword => "change_password",
            Reason::Prove => "prove",
        }
    }
}

/// A text message to hand to the gateway's adapter.
#[derive(Debug)]
pub struct CodeToSend {
    pub phone: Disclosed<SmsGateway, MobilePhone>,
    /// `None`: the telephone has an account already, and the message says so instead (2.1.1-a.4).
    pub code: Option<Disclosed<SmsGateway, VerificationCode>>,
    pub reason: Reason,
}

/// What the form's second page needs. It looks the same whether or not the telephone has an account.
#[derive(Debug)]
pub struct CodeSent {
    /// Stands in the form; the message may bear it as its own id.
    pub id: Id,
    /// UTC microseconds.
    pub expires_at: i64,
    /// Hand it over beside the answer and not before it: what the page takes would otherwise tell whether there is one.
    pub to_send: Option<CodeToSend>,
}

/// A code that was made and is not yet written.
#[derive(Clone)]
pub(crate) struct NewCode {
    pub id: Id,
    pub code: Entered<VerificationCode>,
    pub reason: Reason,
    proof: String,
}

impl NewCode {
    /// `opens`: whether the code is to open anything; else no code fits its row.
    pub async fn make(vault: &Vault, reason: Reason, opens: bool) -> Result<NewCode, Failed<Refused>> {
        let id = Id::fresh();
        let code = Entered::made(six_digits());
        let proof_id = if opens { id.clone() } else { Id::fresh() };
        let proof = proof(vault, &proof_id, reason, &code).await?;
        Ok(NewCode { id, code, reason, proof })
    }

    /// Writes the row. At registration it bears the telephone, which nobody else has yet.
    pub fn insert(&self, tx: &mut Tx, person: &Id, phone: &Sealed<one_time_code::phone>) -> QueryResult<i64> {
        let expires_at = tx.now + GOOD_FOR;
        diesel::insert_into(one_time_code::table)
            .values((
                one_time_code::id.eq(&self.id),
                one_time_code::person.eq(person),
                one_time_code::reason.eq(self.reason.id()),
                one_time_code::phone.eq(phone),
                one_time_code::proof.eq(&self.proof),
                one_time_code::tries.eq(0),
                one_time_code::made_at.eq(tx.now),
                one_time_code::expires_at.eq(expires_at),
            ))
            .execute(tx.db)?;
        Ok(expires_at)
    }
}

/// The keyed hash by which a code is known again.
pub(crate) async fn proof(
    vault: &Vault,
    id: &Id,
    reason: Reason,
    code: &Entered<VerificationCode>,
) -> Result<String, Failed<Refused>> {
    // Digits of a Chinese keyboard are digits.
    let plain = Entered::<VerificationCode>::made(code.look_inside().nfkc().collect());
    vault.keys().keyed_hash(&format!("{}/{id}", reason.id()), &plain).await.map_err(keys_unavailable)
}

/// What a try came to. Not a `Refused`, for a refused command is undone and the try would not count.
pub(crate) enum Tried {
    Right { person: Id },
    Wrong { left: i64 },
    TriesOver,
    Expired,
}

/// Tries a code. Guesses that come at once wait for one another at the row.
pub(crate) fn try_it(tx: &mut Tx, id: &Id, reason: Reason, proof: &str) -> Result<Tried, Stop<Refused>> {
    let now = tx.now;
    let counted = diesel::update(
        one_time_code::table
            .filter(one_time_code::id.eq(id))
            .filter(one_time_code::reason.eq(reason.id()))
            .filter(one_time_code::used_at.is_null())
            .filter(one_time_code::expires_at.gt(now))
            .filter(one_time_code::tries.lt(WRONG_TRIES_MAX)),
    )
    .set(one_time_code::tries.eq(one_time_code::tries + 1))
    .execute(tx.db)?;
    let row: Option<(Id, String, i64, i64, Option<i64>)> = one_time_code::table
        .filter(one_time_code::id.eq(id))
        .filter(one_time_code::reason.eq(reason.id()))
        .select((
            one_time_code::person,
            one_time_code::proof,
            one_time_code::tries,
            one_time_code::expires_at,
            one_time_code::used_at,
        ))
        .first(tx.db)
        .optional()?;
    let Some((person, right, tries, expires_at, used_at)) = row else { return Ok(Tried::Expired) };
    if counted == 0 {
        return Ok(if used_at.is_some() || expires_at <= now { Tried::Expired } else { Tried::TriesOver });
    }
    if verify_slices_are_equal(right.as_bytes(), proof.as_bytes()).is_err() {
        return Ok(Tried::Wrong { left: WRONG_TRIES_MAX - tries });
    }
    // Only wrong tries count.
    diesel::update(one_time_code::table.find(id)).set(one_time_code::tries.eq(tries - 1)).execute(tx.db)?;
    Ok(Tried::Right { person })
}

/// Tries a code in a command of its own, and says whose it is.
pub(crate) async fn owner(vault: &Vault, id: &Id, reason: Reason, proof: &str) -> Result<Id, Failed<Refused>> {
    let (id, proof) = (id.clone(), Zeroizing::new(proof.to_owned()));
    match vault.data().write(move |tx| try_it(tx, &id, reason, &proof)).await? {
        Tried::Right { person } => Ok(person),
        Tried::Wrong { left: 0 } | Tried::TriesOver => Err(Failed::Refused(Refused::CodeTriesOver)),
        Tried::Wrong { left } => Err(Failed::Refused(Refused::WrongCode { left })),
        Tried::Expired => Err(Failed::Refused(Refused::CodeExpired)),
    }
}

/// Uses a code up, in the command that it opens: of two commands with one code only one goes through. The proof and the
/// telephone go at once; the row goes with the next sweep.
pub(crate) fn use_up(tx: &mut Tx, id: &Id, reason: Reason, proof: &str) -> Result<(), Stop<Refused>> {
    let used = diesel::update(
        one_time_code::table
            .filter(one_time_code::id.eq(id))
            .filter(one_time_code::reason.eq(reason.id()))
            .filter(one_time_code::proof.eq(proof))
            .filter(one_time_code::used_at.is_null())
            .filter(one_time_code::expires_at.gt(tx.now)),
    )
    .set((
        one_time_code::used_at.eq(Some(tx.now)),
        one_time_code::proof.eq(""),
        one_time_code::phone.eq(Sealed::<one_time_code::phone>::absent()),
    ))
    .execute(tx.db)?;
    if used == 1 { Ok(()) } else { Err(Stop::refuse(Refused::CodeExpired)) }
}

/// Six digits, each as likely as the other.
fn six_digits() -> String {
    // The numbers from here on would make small codes likelier.
    const EVEN: u32 = u32::MAX - u32::MAX % 1_000_000;
    loop {
        let mut bytes = [0u8; 4];
        aws_lc_rs::rand::fill(&mut bytes).expect("the system gives random bytes");
        let number = u32::from_le_bytes(bytes);
        if number < EVEN {
            return format!("{:06}", number % 1_000_000);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_six_digits_and_differ() {
        let codes: std::collections::HashSet<String> = (0..200).map(|_| six_digits()).collect();
        assert!(codes.iter().all(|code| code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit())));
        assert!(codes.len() > 190);
    }
}
