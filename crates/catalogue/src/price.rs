//! The one price function. Pages, cart, checkout and the search index use it; it takes numbers and nobody
//! (2.2.3-e.S2: no difference in price from who asks).

use serde::{Deserialize, Serialize};

/// From so many units of a product on, all variants together, a unit costs `price` minor units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tier {
    pub from: i64,
    pub price: i64,
}

/// What one unit of a variant costs when `quantity` units of its product are bought together, in minor units. `None`
/// below the minimum order.
///
/// `tiers` rise in `from` and fall in `price`, as `product` keeps them.
pub fn unit_price(tiers: &[Tier], surcharge: i64, quantity: i64) -> Option<i64> {
    let tier = tiers.iter().rev().find(|tier| tier.from <= quantity)?;
    tier.price.checked_add(surcharge)
}

/// The next better tier, and how far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Next {
    /// Units of the product still to be added.
    pub more: i64,
    pub tier: Tier,
}

/// `None` in the last tier.
pub fn next_tier(tiers: &[Tier], quantity: i64) -> Option<Next> {
    let tier = *tiers.iter().find(|tier| tier.from > quantity)?;
    Some(Next { more: tier.from - quantity, tier })
}

/// What `quantity` units at `unit` cost. `None` where the number would not fit, which the limits on price and
/// quantity exclude.
pub fn amount(unit: i64, quantity: i64) -> Option<i64> {
    unit.checked_mul(quantity)
}

/// The freight of one order at one shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Freight {
    /// Minor units.
    pub flat: i64,
    /// Goods amount from which no freight is asked; `None`: always asked.
    pub free_from: Option<i64>,
}

impl Freight {
    pub fn of(&self, goods: i64) -> i64 {
        if self.free_from.is_some_and(|from| goods >= from) { 0 } else { self.flat }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tiers() -> impl Strategy<Value = Vec<Tier>> {
        (prop::collection::btree_set(1..10_000i64, 1..=6), prop::collection::btree_set(1..1_000_000i64, 6)).prop_map(
            |(from, price)| {
                from.into_iter().zip(price.into_iter().rev()).map(|(from, price)| Tier { from, price }).collect()
            },
        )
    }

    proptest! {
        /// 2.2.3-e.S2: the price is a function of tiers, surcharge and quantity alone, and more never costs more a unit.
        #[test]
        fn more_units_never_cost_more_each(tiers in tiers(), surcharge in 0..10_000i64, a in 0..12_000i64, b in 0..12_000i64) {
            let (few, many) = (a.min(b), a.max(b));
            let few_price = unit_price(&tiers, surcharge, few);
            let many_price = unit_price(&tiers, surcharge, many);
            prop_assert_eq!(few_price.is_none(), few < tiers[0].from);
            if let Some(price) = few_price {
                prop_assert!(many_price.unwrap() <= price);
            }
            prop_assert_eq!(unit_price(&tiers, surcharge, few), few_price);
        }

        #[test]
        fn the_next_tier_is_just_as_far_as_said(tiers in tiers(), quantity in 0..12_000i64) {
            match next_tier(&tiers, quantity) {
                Some(next) => {
                    prop_assert!(next.more > 0);
                    prop_assert_eq!(unit_price(&tiers, 0, quantity + next.more), Some(next.tier.price));
                    prop_assert_ne!(unit_price(&tiers, 0, quantity + next.more - 1), Some(next.tier.price));
                }
                None => prop_assert_eq!(unit_price(&tiers, 0, quantity), tiers.last().map(|tier| tier.price)),
            }
        }

        #[test]
        fn a_surcharge_is_added_once_a_unit(tiers in tiers(), surcharge in 0..10_000i64, quantity in 0..12_000i64) {
            let plain = unit_price(&tiers, 0, quantity);
            prop_assert_eq!(unit_price(&tiers, surcharge, quantity), plain.map(|price| price + surcharge));
        }

        #[test]
        fn freight_is_flat_until_it_is_free(flat in 0..10_000i64, from in 0..100_000i64, goods in 0..200_000i64) {
            let freight = Freight { flat, free_from: Some(from) };
            prop_assert_eq!(freight.of(goods), if goods >= from { 0 } else { flat });
            prop_assert_eq!(Freight { flat, free_from: None }.of(goods), flat);
        }
    }
}
