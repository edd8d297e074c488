//! What a person may be refused in trade, and what they can do about it. The words stand in
//! `web/locales/{en,zh}/refused-trade.ftl` and `refused-trade-money.ftl` under [`Refused::key`].

use crate::state::OrderState;
use ::policy::Language;
use catalogue::Both;
use partners::webhook::Unfit;

/// Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    AddressBookFull {
        max: i64,
    },
    /// The member has not agreed to keeping addresses, or no longer does.
    AddressBookOff,
    /// 2.3.2-d.1: an order for somebody else needs the assurance that they agreed.
    AssuranceMissing,
    BelowMinimum {
        title: Both,
        minimum: i64,
        quantity: i64,
    },
    /// The lines of the cart changed while the order was placed.
    CartFull {
        max: i64,
    },
    /// A webhook's address, and why nothing may be sent to it.
    HookAddress {
        why: Unfit,
    },
    HookName {
        max: i64,
    },
    /// The endpoint is turned off.
    HookOff,
    HookTestSoon,
    /// None of the events is chosen.
    HookTopics,
    HooksFull {
        max: i64,
    },
    NoSuchAddress,
    /// An endpoint, or a delivery of one.
    NoSuchHook,
    NoSuchOrder,
    NoSuchRefund,
    NotAllowedNow {
        from: OrderState,
        to: OrderState,
    },
    NotInCart,
    /// Down, gone, or its shop does not sell.
    NotOffered {
        title: Option<Both>,
    },
    /// A note to a seller of whom nothing is ordered.
    NoteToNobody,
    NothingChosen,
    /// All orders of the checkout are paid or have ended.
    NothingToPay,
    /// The seller's balance is empty, or a payout is under way.
    NothingToPayOut,
    OrderStillOpen,
    /// Sellers cannot raise their own sales.
    OwnShop {
        title: Both,
    },
    ParcelWeight {
        max_kilograms: u32,
    },
    /// The orders close just now.
    PaymentTimeOver,
    /// Another window of the same buyer pays the same checkout.
    PaymentUnderWay,
    PriceChanged {
        seen: i64,
        now: i64,
    },
    Quantity {
        max: i64,
    },
    /// The key of this order was used before, for another one.
    SentBefore {
        /// The numbers of what was placed then.
        orders: String,
    },
    Short {
        title: Both,
        variant: Both,
        left: i64,
    },
    /// The sum is larger than any that can be paid.
    TooMuch,
    UnknownCarrier,
    /// The order has a waybill, or waits for one.
    WaybillUnderWay,
}

impl Refused {
    /// The form field that the message stands at.
    pub fn field(&self) -> Option<&'static str> {
        match self {
            Refused::AssuranceMissing => Some("assured"),
            Refused::HookAddress { .. } => Some("url"),
            Refused::HookName { .. } => Some("name"),
            Refused::HookTopics => Some("topics"),
            Refused::NoSuchAddress => Some("address"),
            Refused::BelowMinimum { .. } | Refused::Quantity { .. } | Refused::Short { .. } => Some("quantity"),
            Refused::NoteToNobody => Some("note"),
            Refused::ParcelWeight { .. } => Some("weight"),
            Refused::UnknownCarrier => Some("carrier"),
            _ => None,
        }
    }

    /// The Fluent message.
    pub fn key(&self) -> &'static str {
        match self {
            Refused::AddressBookFull { .. } => "refused-trade-address-book-full",
            Refused::AddressBookOff => "refused-trade-address-book-off",
            Refused::AssuranceMissing => "refused-trade-assurance-missing",
            Refused::BelowMinimum { .. } => "refused-trade-below-minimum",
            Refused::CartFull { .. } => "refused-trade-cart-full",
            Refused::HookAddress { why: Unfit::Form } => "refused-trade-hook-address",
            Refused::HookAddress { why: Unfit::Port } => "refused-trade-hook-port",
            Refused::HookAddress { why: Unfit::Unknown } => "refused-trade-hook-unknown",
            Refused::HookAddress { why: Unfit::NotPublic } => "refused-trade-hook-not-public",
            Refused::HookName { .. } => "refused-trade-hook-name",
            Refused::HookOff => "refused-trade-hook-off",
            Refused::HookTestSoon => "refused-trade-hook-test-soon",
            Refused::HookTopics => "refused-trade-hook-topics",
            Refused::HooksFull { .. } => "refused-trade-hooks-full",
            Refused::NoSuchAddress => "refused-trade-no-such-address",
            Refused::NoSuchHook => "refused-trade-no-such-hook",
            Refused::NoSuchOrder => "refused-trade-no-such-order",
            Refused::NoSuchRefund => "refused-trade-no-such-refund",
            Refused::NotAllowedNow { .. } => "refused-trade-not-allowed-now",
            Refused::NotInCart => "refused-trade-not-in-cart",
            Refused::NotOffered { title: None } => "refused-trade-not-offered",
            Refused::NotOffered { title: Some(_) } => "refused-trade-not-offered-named",
            Refused::NoteToNobody => "refused-trade-note-to-nobody",
            Refused::NothingChosen => "refused-trade-nothing-chosen",
            Refused::NothingToPay => "refused-trade-nothing-to-pay",
            Refused::NothingToPayOut => "refused-trade-nothing-to-pay-out",
            Refused::OrderStillOpen => "refused-trade-order-still-open",
            Refused::OwnShop { .. } => "refused-trade-own-shop",
            Refused::ParcelWeight { .. } => "refused-trade-parcel-weight",
            Refused::PaymentTimeOver => "refused-trade-payment-time-over",
            Refused::PaymentUnderWay => "refused-trade-payment-under-way",
            Refused::PriceChanged { .. } => "refused-trade-price-changed",
            Refused::Quantity { .. } => "refused-trade-quantity",
            Refused::SentBefore { .. } => "refused-trade-sent-before",
            Refused::Short { .. } => "refused-trade-short",
            Refused::TooMuch => "refused-trade-too-much",
            Refused::UnknownCarrier => "refused-trade-unknown-carrier",
            Refused::WaybillUnderWay => "refused-trade-waybill-under-way",
        }
    }

    /// What the message names. Amounts are decimal, in the marketplace's currency.
    pub fn args(&self) -> Vec<(&'static str, String)> {
        match self {
            Refused::AddressBookFull { max }
            | Refused::CartFull { max }
            | Refused::HookName { max }
            | Refused::HooksFull { max }
            | Refused::Quantity { max } => vec![("max", max.to_string())],
            Refused::ParcelWeight { max_kilograms } => vec![("max", max_kilograms.to_string())],
            Refused::BelowMinimum { title, minimum, quantity } => {
                let mut args = both(title, "title_en", "title_zh");
                args.extend([("minimum", minimum.to_string()), ("quantity", quantity.to_string())]);
                args
            }
            Refused::NotAllowedNow { from, to } => {
                vec![("from", from.id().to_owned()), ("to", to.id().to_owned())]
            }
            Refused::NotOffered { title: Some(title) } | Refused::OwnShop { title } => {
                both(title, "title_en", "title_zh")
            }
            Refused::SentBefore { orders } => vec![("orders", orders.clone())],
            Refused::PriceChanged { seen, now } => vec![("seen", decimal(*seen)), ("now", decimal(*now))],
            Refused::Short { title, variant, left } => {
                let mut args = both(title, "title_en", "title_zh");
                args.extend(both(variant, "variant_en", "variant_zh"));
                args.push(("left", left.to_string()));
                args
            }
            _ => Vec::new(),
        }
    }
}

/// A name as two arguments, one for each language's message.
fn both(name: &Both, en: &'static str, zh: &'static str) -> Vec<(&'static str, String)> {
    vec![(en, name.in_(Language::En).to_owned()), (zh, name.in_(Language::Zh).to_owned())]
}

/// Minor units as a person writes them: 192050 is `1920.50`.
pub(crate) fn decimal(minor: i64) -> String {
    let sign = if minor < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", minor.unsigned_abs() / 100, minor.unsigned_abs() % 100)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Every refusal has its words in both languages, and says no more than the arguments give it.
    #[test]
    fn every_refusal_has_its_words() {
        let source = include_str!("refused.rs");
        let keys: BTreeSet<&str> =
            source.split('"').filter(|text| text.starts_with("refused-trade-") && !text.contains('.')).collect();
        assert!(keys.len() > 25);
        for language in ["en", "zh"] {
            let folder = format!("{}/../web/locales/{language}", env!("CARGO_MANIFEST_DIR"));
            let words: String = ["refused-trade.ftl", "refused-trade-money.ftl"]
                .iter()
                .map(|file| std::fs::read_to_string(format!("{folder}/{file}")).unwrap())
                .collect();
            let written: BTreeSet<&str> = words
                .lines()
                .filter(|line| line.starts_with("refused-trade-"))
                .filter_map(|line| line.split(" = ").next())
                .collect();
            let keys: BTreeSet<&str> = keys.iter().filter(|key| **key != "refused-trade-").copied().collect();
            assert_eq!(written, keys, "{language}");
        }
    }

    #[test]
    fn what_a_refusal_names() {
        let title = Both::new("Buttons", "");
        let short = Refused::Short { title: title.clone(), variant: Both::new("", "红"), left: 3 };
        assert_eq!(
            short.args(),
            [
                ("title_en", "Buttons".to_owned()),
                ("title_zh", "Buttons".to_owned()),
                ("variant_en", "红".to_owned()),
                ("variant_zh", "红".to_owned()),
                ("left", "3".to_owned())
            ]
        );
        let changed = Refused::PriceChanged { seen: 192_005, now: -5 };
        assert_eq!(changed.args(), [("seen", "1920.05".to_owned()), ("now", "-0.05".to_owned())]);
        assert_eq!(Refused::AssuranceMissing.field(), Some("assured"));
    }
}
