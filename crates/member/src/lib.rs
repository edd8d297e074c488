//! Part 2.1 of the policy: who has an account, and who is at the door.
//!
//! A guest becomes a member in two steps ([`registration`]): a one-time code proves the telephone, then a member name
//! and a password open the account. A member comes in by name or telephone with the password, or by a texted code
//! ([`sign_in`]); [`session`] says of every request who it is; [`password`] changes the password, with the present one
//! or with a code; [`prove`] asks once more who is there before what would hurt; [`device`] tells a member of a sign-in on
//! a device that is not known; [`account`] shows members what we hold of them. [`token`] lets a member's programs in, and
//! [`attempt`] has their requests carried out once. Staff have accounts and roles of their own ([`staff`]). What has run
//! out goes by itself ([`JOBS`]).
//!
//! Functions that hash, ask the key store and write are async and take the [`vault::Vault`]; what they write is one or
//! two commands over [`db::Tx`]. The text message that carries a code is not sent here: the caller gets a
//! [`CodeToSend`] and hands it to the gateway's adapter.
//!
//! This crate never
//! - keeps, logs or prints a password, a code, a session's token or the value that knows a device: hashes only, and of
//!   passwords only Argon2id;
//! - says, by words or by the time it takes, whether a telephone or a name has an account, except to whoever has proved
//!   that the telephone is theirs;
//! - takes the agreement to the policy for a consent to anything (0-a.6);
//! - asks a new member for more than a telephone, a name and a password (2-a.4);
//! - keeps the address that somebody comes from: throttles count under keyed hashes that change with the hour.

pub mod account;
pub mod attempt;
mod code;
pub mod device;
pub mod index;
pub mod password;
pub mod policy;
pub mod prove;
mod refused;
pub mod registration;
pub mod session;
pub mod sign_in;
pub mod staff;
mod sweep;
#[cfg(feature = "testing")]
pub mod testing;
mod throttle;
pub mod token;

pub use code::{CodeSent, CodeToSend, Reason};
pub use device::DeviceToken;
pub use policy::PART;
pub use prove::Proven;
pub use refused::Refused;
pub use session::{Session, Token, Who};
pub use staff::Staff;
pub use sweep::{JOBS, Swept, forget_codes, run_sweep, sweep};
pub use throttle::ClientAddress;

use db::Id;

/// A member; the person of the same id in the vault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub id: Id,
}
