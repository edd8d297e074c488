//! Part 2.3 of the policy: the cart, the order, its payment, its delivery, its settlement.
//!
//! - [`cart`]: what a buyer means to order, across sellers, priced by tier; needs no personal field.
//! - [`address`]: addresses kept by consent; one of somebody else belongs to a person of their own.
//! - [`checkout`]: one press makes one order per seller, all or none, once.
//! - [`order`]: what buyer and seller see of an order and do with it.
//! - [`state`]: the states of an order and the only writer of them.
//! - [`payment`]: one payment of all orders of a checkout; refunds before shipping.
//! - [`shipping`]: waybills, and the parcel's way.
//! - [`settlement`]: the journal of double entry, sellers' balances and payouts.
//! - [`jobs`]: what happens by itself.
//! - [`hooks`]: what sellers' own programs are told of their orders.
//! - [`audit`]: whether all of this agrees with itself.
//!
//! It never reads a price from a form, never looks an order up but from its buyer or its seller, never writes an
//! order's state outside [`state::step`], and never holds a consignee's name, telephone or address in clear.

pub mod address;
pub mod audit;
pub mod cart;
pub mod checkout;
mod goods;
pub mod hooks;
pub mod jobs;
pub mod order;
mod others;
pub mod payment;
mod people;
pub mod policy;
mod refused;
pub mod settlement;
pub mod shipping;
pub mod state;

pub use people::{Head, NotReady, visitor};
pub use policy::PART;
pub use refused::Refused;

use db::Id;
use std::collections::BTreeMap;
use vault::{Actor, Standing};

/// A signed-in member who buys. Every look-up of the buyer's side starts from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Buyer {
    pub member: Id,
    /// As the request was looked at ([`Buyer::actor`]).
    standing: Option<Standing>,
}

impl Buyer {
    pub fn new(member: Id) -> Buyer {
        Buyer { member, standing: None }
    }

    /// As `new`, in the state in which the request's first look has found them.
    pub fn standing(member: Id, standing: Option<Standing>) -> Buyer {
        Buyer { member, standing }
    }

    /// The buyer as who acts, for the first access of a request (see [`Actor::standing`]).
    pub(crate) fn actor(&self) -> Actor {
        Actor::own(&self.member).standing(self.standing)
    }
}

/// The marketplace's terms of trade, from its configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// ISO 4217; one currency per marketplace.
    pub currency: String,
    /// Hundredths of a percent of the goods' amount.
    pub commission_default: i64,
    /// By the category's key, where it differs from the default.
    pub commission_by_category: BTreeMap<String, i64>,
    /// Microseconds from placing until an unpaid order closes.
    pub unpaid_closes_after: i64,
    /// Microseconds from delivery until receipt counts as confirmed.
    pub confirm_after: i64,
}

impl Terms {
    /// As shipped: CNY, 2 %, 72 hours, 10 days.
    pub fn shipped() -> Terms {
        Terms {
            currency: "CNY".to_owned(),
            commission_default: 200,
            commission_by_category: BTreeMap::new(),
            unpaid_closes_after: 72 * db::clock::HOUR,
            confirm_after: 10 * db::clock::DAY,
        }
    }

    /// Hundredths of a percent of the goods' amount in this category.
    pub fn commission(&self, category: &str) -> i64 {
        self.commission_by_category.get(category).copied().unwrap_or(self.commission_default)
    }
}

// A list of orders is searched by what their lines say.
use policy::{order_line, purchase_order};
db::meet!(order_line, purchase_order);

// Endpoints are told as long as somebody sells from their shop.
use ::catalogue::policy::shop;
use policy::hook_endpoint;
db::meet!(hook_endpoint, shop);
