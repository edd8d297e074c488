//! The goods of a cart, as the catalogue tells them.

use catalogue::price;
use catalogue::view::{self, Sale, Variant};
use db::{Id, Scope};
use diesel::QueryResult;
use std::collections::{BTreeSet, HashMap};

/// Products by id, each with its shop, tiers and the variants on offer.
pub(crate) struct Goods(HashMap<Id, view::Goods>);

pub(crate) fn load<'p>(scope: &mut impl Scope, products: impl Iterator<Item = &'p Id>) -> QueryResult<Goods> {
    let ids: Vec<Id> = products.collect::<BTreeSet<_>>().into_iter().cloned().collect();
    if ids.is_empty() {
        return Ok(Goods(HashMap::new()));
    }
    Ok(Goods(view::goods(scope, &ids)?))
}

impl Goods {
    #[cfg(test)]
    pub fn of(products: Vec<view::Goods>) -> Goods {
        Goods(products.into_iter().map(|product| (product.id.clone(), product)).collect())
    }

    pub fn product(&self, id: &Id) -> Option<&view::Goods> {
        self.0.get(id)
    }

    /// The product and the variant, where both can be bought now.
    pub fn offered(&self, product: &Id, variant: &Id) -> Option<(&view::Goods, &Variant)> {
        let product = self.0.get(product).filter(|product| product.sale == Sale::Open)?;
        Some((product, product.variant(variant)?))
    }
}

/// The minimum order, all variants together.
pub(crate) fn minimum(product: &view::Goods) -> i64 {
    product.tiers.first().map_or(1, |tier| tier.from)
}

/// What a unit costs when `quantity` units of the product are bought together. Below the minimum order it is the price
/// at the minimum, for that is what is missing.
pub(crate) fn unit_price(product: &view::Goods, variant: &Variant, quantity: i64) -> Option<i64> {
    price::unit_price(&product.tiers, variant.surcharge, quantity.max(minimum(product)))
}
