//! What sellers' programs are told of their orders, by the Standard Webhooks specification.
//!
//! - [`endpoint`]: where a program listens, what it wants to hear, and the secret that signs what it gets.
//! - [`follow`]: each event of the outbox becomes one delivery for each endpoint that wants it.
//! - [`send`]: the job that tries a delivery, at least once, for about a day.
//! - [`log`]: what was tried, and sending again.
//!
//! A message is thin: kind, time, ids, state and amounts (3.5-1). It never holds a name, a telephone, an address or a
//! note, and it is made anew from the order at each try, so that no copy of it lies anywhere. Messages come in no
//! promised order. A secret lies nowhere: it is derived from a key of the house in the key store, and told when it is
//! made.

pub mod endpoint;
pub mod follow;
pub mod log;
pub mod send;

use crate::Refused;
use crate::state::OrderState;
use aws_lc_rs::hkdf::{HKDF_SHA256, Prk, Salt};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use db::Id;
use db::clock::{DAY, HOUR, MINUTE, SECOND};
use partners::webhook::{Address, Patience, Reach, Webhooks};
use std::fmt;
use std::sync::Arc;
use vault::Vault;
use vault::keys::KeysError;
use zeroize::Zeroizing;

/// Endpoints of one shop.
pub const ENDPOINTS_MAX: i64 = 10;
pub const NAME_MAX: usize = 60;
/// How long a secret signs after a new one was made.
pub const OLD_SECRET_SIGNS: i64 = 24 * HOUR;
/// The pauses before the second try and those after it, as the specification's example begins; then the delivery has
/// failed. Some 28 hours.
pub const PAUSES: [i64; 7] = [5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 10 * HOUR];
/// An endpoint that took nothing for so long is turned off.
pub const FAILS_FOR: i64 = 5 * DAY;
/// Between two tests of one endpoint: what is sent by hand may go to somebody who did not ask for it.
pub const BETWEEN_TESTS: i64 = 5 * SECOND;
/// The name of the key in the key store.
const KEY: &str = "trade.hooks";

/// What an endpoint can be told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Topic {
    /// An order has come into this state.
    Order(OrderState),
    /// By the seller's own hand.
    Test,
}

impl Topic {
    /// Those that can be chosen.
    pub const ALL: [Topic; 8] = {
        let mut all = [Topic::Test; 8];
        let mut at = 0;
        while at < all.len() {
            all[at] = Topic::Order(OrderState::ALL[at]);
            at += 1;
        }
        all
    };

    /// As `type` in the message.
    pub const fn id(self) -> &'static str {
        match self {
            Topic::Order(OrderState::Placed) => "order.placed",
            Topic::Order(OrderState::Paid) => "order.paid",
            Topic::Order(OrderState::Shipped) => "order.shipped",
            Topic::Order(OrderState::Received) => "order.received",
            Topic::Order(OrderState::Completed) => "order.completed",
            Topic::Order(OrderState::Cancelled) => "order.cancelled",
            Topic::Order(OrderState::Closed) => "order.closed",
            Topic::Order(OrderState::Refunded) => "order.refunded",
            Topic::Test => "webhook.test",
        }
    }

    pub fn parse(id: &str) -> Option<Topic> {
        Topic::ALL.into_iter().chain([Topic::Test]).find(|topic| topic.id() == id)
    }

    /// What an event of the outbox is to a seller's program.
    fn of_event(kind: &str) -> Option<Topic> {
        OrderState::ALL.into_iter().find(|state| state.event() == kind).map(Topic::Order)
    }
}

/// Topics as they rest in one column.
fn written(topics: &[Topic]) -> String {
    topics.iter().map(|topic| topic.id()).collect::<Vec<_>>().join(" ")
}

/// What this program no longer knows is left out.
fn topics(written: &str) -> Vec<Topic> {
    written.split(' ').filter_map(Topic::parse).collect()
}

/// An endpoint as a seller gave it, looked at: made by [`Hooks::checked`] only.
#[derive(Clone, Debug)]
pub struct NewEndpoint {
    name: String,
    address: Address,
    topics: Vec<Topic>,
}

/// What signs for one endpoint. No `Debug` of it, no `Display`.
pub struct Secret(Zeroizing<[u8; 32]>);

impl Secret {
    /// As its owner gets it, once.
    pub fn told(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("whsec_{}", STANDARD.encode(self.0.as_ref())))
    }

    fn signature(&self, signed: &str) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.0.as_ref());
        format!("v1,{}", STANDARD.encode(hmac::sign(&key, signed.as_bytes())))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// What pages, programs and jobs work with: the key of all secrets, the caller, and who is being called.
#[derive(Clone)]
pub struct Hooks(Arc<Inner>);

struct Inner {
    key: Prk,
    caller: Webhooks,
    gate: send::Gate,
}

impl Hooks {
    /// With the key of the house, made where there is none yet.
    pub async fn open(vault: &Vault, reach: Reach, patience: Patience) -> Result<Hooks, KeysError> {
        let key = vault.keys().house_key(KEY).await?;
        let key = Salt::new(HKDF_SHA256, b"hanse webhooks").extract(key.as_ref());
        let caller = Webhooks::new(reach, patience);
        Ok(Hooks(Arc::new(Inner { key, caller, gate: send::Gate::default() })))
    }

    /// An endpoint as it was typed, or everything that is wrong with it. Asks for the address's name: blocks.
    pub fn checked(&self, name: &str, address: &str, topics: &[Topic]) -> Result<NewEndpoint, Vec<Refused>> {
        let mut wrong = Vec::new();
        let name = catalogue::filled_line("name", name, NAME_MAX)
            .map_err(|_| wrong.push(Refused::HookName { max: NAME_MAX as i64 }));
        let address = self.0.caller.address(address).map_err(|why| wrong.push(Refused::HookAddress { why }));
        let topics: Vec<Topic> = Topic::ALL.into_iter().filter(|topic| topics.contains(topic)).collect();
        if topics.is_empty() {
            wrong.push(Refused::HookTopics);
        }
        match (name, address) {
            (Ok(name), Ok(address)) if wrong.is_empty() => Ok(NewEndpoint { name, address, topics }),
            _ => Err(wrong),
        }
    }

    /// Secret `number` of an endpoint.
    fn secret(&self, endpoint: &Id, number: i64) -> Secret {
        let number = number.to_be_bytes();
        let info: [&[u8]; 3] = [endpoint.as_str().as_bytes(), b"/", &number];
        let mut secret = Zeroizing::new([0; 32]);
        let derived = self.0.key.expand(&info, hmac::HMAC_SHA256).and_then(|okm| okm.fill(secret.as_mut()));
        derived.expect("HKDF gives as much as a hash is long");
        Secret(secret)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_are_the_states_of_an_order() {
        let all = Topic::ALL.map(Topic::id);
        assert_eq!(all.len(), OrderState::ALL.len());
        for (state, id) in OrderState::ALL.into_iter().zip(all) {
            assert_eq!(id, format!("order.{state}"));
            assert_eq!(Topic::of_event(state.event()), Topic::parse(id));
        }
        assert_eq!(topics(&written(&Topic::ALL)), Topic::ALL);
        assert_eq!(topics("order.paid nonsense"), [Topic::Order(OrderState::Paid)]);
        assert_eq!(Topic::of_event("ProductChanged"), None);
    }

    /// The specification's own example of a secret, a message and its signature.
    #[test]
    fn the_signature_is_the_specifications() {
        let secret = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let mut key = [0; 32];
        key[..24].copy_from_slice(&secret);
        // HMAC fills a short key up with zeros, so 24 bytes and 32 sign alike.
        let secret = Secret(Zeroizing::new(key));
        let signed = "msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{\"test\": 2432232314}";
        assert_eq!(secret.signature(signed), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_eq!(format!("{secret:?}"), "Secret");
        assert!(secret.told().starts_with("whsec_"));
    }
}
