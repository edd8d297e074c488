//! Partners: the payment company, the waybill platform and the text message gateway, each spoken to in its real
//! protocol over HTTP, and (`sandbox`) servers that speak the other end.
//!
//! # What it offers
//!
//! - [`alipay`]: cashier addresses, query, refund, closing, payout, bills, notifications (3.1.5-1A).
//! - [`logistics`]: waybills, cancelling, tracking by query and by push (3.1.5-1B).
//! - [`sms`]: one message from a template to one telephone.
//! - [`webhook`]: one call to an address that a seller chose, and to the public network only.
//! - [`assessment`]: who each partner is, and whether it may be called now (3.1.1-a.3, 3.1.5-4.S1).
//! - [`sandbox`]: the other end of all three in one process, with keys, book, cashier, telephones, couriers and faults
//!   of its own. Production configures real addresses; no code differs.
//!
//! Adapters block: they are called from job threads, never from a transaction and never from an async task. Each takes
//! a clock, so that a moved clock moves signatures and assessments too.
//!
//! # What it never does
//!
//! - It knows no domain and no database: it takes values and gives typed answers.
//! - It takes a person's data only as `vault::Disclosed<R, F>`, so only what a declared purpose disclosed to that very
//!   recipient can be sent; `expose` is called in this crate and nowhere else. What partners send beyond the declared
//!   is dropped by the parsers, not stored and filtered later.
//! - It retries nothing. A call has one try, a time limit and a size limit; jobs repeat it under the same number, by
//!   which every call is idempotent. (The sandbox repeats notifications, as the real platform does.)
//! - It logs no body, no address, no partner's message: a partner's name, a status and a duration only.
//! - It believes no answer and no notification that the partner did not sign.
//! - It never computes with floating point where money is concerned.

pub mod alipay;
pub mod assessment;
mod beijing;
mod error;
mod form;
mod http;
pub mod logistics;
mod rsa2;
pub mod sandbox;
mod signed_json;
pub mod sms;
#[cfg(test)]
mod testing;
pub mod webhook;
mod yuan;

pub use assessment::{Gate, Partner, Standing};
pub use error::PartnerError;
pub use http::Limits;
pub use rsa2::{NotAKey, PrivateKey, PublicKey};
pub use signed_json::{NotASecret, SharedSecret};

use std::sync::Arc;

/// The time, in UTC microseconds. Real, or moved by a test.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;
