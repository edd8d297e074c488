//! What is read of the catalogue: a product's page, a seller's list, the goods of a cart, and what the search index
//! holds. Each a fixed number of queries by index, however long the list.

use std::collections::HashMap;
use std::sync::Arc;

use db::{BlobId, Id, Scope};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::Both;
use crate::category::Tree;
use crate::facts::{self, Facts, Live};
use crate::picture::Stored;
use crate::policy::{product, shop, variant};
use crate::price::{Freight, Tier};
use crate::product::{Attribute, NewPicture, NewProduct, NewVariant, Unit, attributes_from_json};
use crate::shop::Seller;

/// A shop in one line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShopLine {
    pub id: Id,
    pub name: Both,
    /// The town it sends from.
    pub place: Both,
}

/// What a card in a list shows. The search index stores it whole, so that a list page asks no database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    pub id: Id,
    pub title: Both,
    /// The card-size picture.
    pub picture: Option<String>,
    pub shop: ShopLine,
    pub category: String,
    pub unit: Unit,
    /// Minimum order, all variants together.
    pub minimum: i64,
    /// Lowest and highest tier price, minor units.
    pub price_low: i64,
    pub price_high: i64,
    pub tiers: Vec<Tier>,
    pub sold: i64,
    /// When it was first listed, UTC microseconds.
    pub listed_at: i64,
}

/// Whether a product can be bought now, and if not, why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sale {
    Open,
    /// The seller took it down.
    Down,
    /// The shop is paused or closed.
    ShopNotOpen,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variant {
    pub id: Id,
    pub sku: String,
    pub name: Both,
    pub surcharge: i64,
    pub stock: i64,
}

/// Everything that a product's page shows.
#[derive(Clone, Debug)]
pub struct ProductPage {
    pub id: Id,
    /// The seller's own number; for the seller's pages only.
    pub reference: String,
    pub sale: Sale,
    pub shop: ShopLine,
    pub freight: Freight,
    pub ships_within_hours: i64,
    pub category: String,
    pub title: Both,
    pub text: Both,
    pub unit: Unit,
    pub axis: Both,
    pub attributes: Vec<Attribute>,
    pub tiers: Vec<Tier>,
    pub variants: Vec<Variant>,
    pub pictures: Vec<Stored>,
    pub sold: i64,
    pub listed_at: i64,
    pub version: i64,
}

impl ProductPage {
    /// The minimum order, all variants together.
    pub fn minimum(&self) -> i64 {
        self.tiers.first().map_or(1, |tier| tier.from)
    }

    /// The product as its seller would send it again, changing nothing.
    pub fn as_form(&self) -> NewProduct {
        NewProduct {
            reference: self.reference.clone(),
            category: self.category.clone(),
            title: self.title.clone(),
            text: self.text.clone(),
            unit: self.unit.clone(),
            axis: self.axis.clone(),
            attributes: self.attributes.clone(),
            tiers: self.tiers.clone(),
            variants: self.variants.iter().cloned().map(NewVariant::from).collect(),
            pictures: (0..self.pictures.len() as i64).map(NewPicture::Kept).collect(),
        }
    }

    pub fn in_stock(&self) -> i64 {
        self.variants.iter().map(|variant| variant.stock).sum()
    }
}

/// A product's page, also of a product that is down, which a link from an order still shows. `None`: there is none.
pub fn product_page(scope: &mut impl Scope, id: &Id) -> QueryResult<Option<ProductPage>> {
    Ok(facts::of(scope, &[id])?.pop().map(page))
}

/// [`product_page`] by one query, where all that the query does not ask is in memory; `None` where it is not, and the
/// page is to be asked for in a snapshot.
pub fn kept_page(scope: &mut impl Scope, id: &Id) -> QueryResult<Option<ProductPage>> {
    Ok(facts::kept(scope, id)?.map(page))
}

/// The product as its seller edits it; `None` if it is not in the seller's shop.
pub fn own_product(scope: &mut impl Scope, seller: &Seller, id: &Id) -> QueryResult<Option<ProductPage>> {
    Ok(product_page(scope, id)?.filter(|page| page.shop.id == seller.shop))
}

fn page((live, facts): (Live, Arc<Facts>)) -> ProductPage {
    ProductPage {
        variants: facts.variants(&live),
        id: live.id,
        reference: facts.reference.clone(),
        sale: live.sale,
        shop: facts.shop.clone(),
        freight: facts.freight,
        ships_within_hours: facts.ships_within_hours,
        category: facts.category.clone(),
        title: facts.title.clone(),
        text: facts.text.clone(),
        unit: facts.unit.clone(),
        axis: facts.axis.clone(),
        attributes: facts.attributes.clone(),
        tiers: facts.tiers.clone(),
        pictures: facts.pictures.clone(),
        sold: live.sold,
        listed_at: live.listed_at,
        version: live.version,
    }
}

/// What a cart and a checkout know of a product: enough to show, to price and to take it.
#[derive(Clone, Debug)]
pub struct Goods {
    pub id: Id,
    pub sale: Sale,
    pub shop: ShopLine,
    /// The shop's owner: whose balance the money goes to.
    pub seller: Id,
    pub freight: Freight,
    pub category: String,
    pub title: Both,
    pub unit: Unit,
    /// The card-size picture.
    pub picture: Option<BlobId>,
    pub tiers: Vec<Tier>,
    pub variants: Vec<Variant>,
}

impl Goods {
    pub fn variant(&self, id: &Id) -> Option<&Variant> {
        self.variants.iter().find(|variant| variant.id == *id)
    }
}

/// The goods of a cart, whatever their state: one query where they are kept ([`facts`]). Those that never were are
/// missing.
pub fn goods(scope: &mut impl Scope, products: &[Id]) -> QueryResult<HashMap<Id, Goods>> {
    let products: Vec<&Id> = products.iter().collect();
    let found = facts::of(scope, &products)?.into_iter().map(|(live, facts)| {
        let goods = Goods {
            variants: facts.variants(&live),
            id: live.id,
            sale: live.sale,
            shop: facts.shop.clone(),
            seller: facts.seller.clone(),
            freight: facts.freight,
            category: facts.category.clone(),
            title: facts.title.clone(),
            unit: facts.unit.clone(),
            picture: facts.picture.clone(),
            tiers: facts.tiers.clone(),
        };
        (goods.id.clone(), goods)
    });
    Ok(found.collect())
}

/// One row of a seller's list.
#[derive(Clone, Debug)]
pub struct OwnLine {
    pub id: Id,
    pub listed: bool,
    pub title: Both,
    pub picture: Option<BlobId>,
    pub unit: Unit,
    pub minimum: i64,
    pub price_low: i64,
    pub price_high: i64,
    pub sold: i64,
    /// All variants on offer together.
    pub stock: i64,
    pub changed_at: i64,
    pub version: i64,
}

/// The products of the seller's shop, newest first; `before` is the last id of the page before. Two queries.
pub fn own_products(
    scope: &mut impl Scope,
    seller: &Seller,
    listed: Option<bool>,
    before: Option<&Id>,
    limit: i64,
) -> QueryResult<Vec<OwnLine>> {
    type Row =
        ((Id, String, i64, i64), (String, String, Option<String>), (String, String, String), (i64, i64, i64, i64));
    let mut query = product::table
        .filter(product::shop.eq(&seller.shop))
        .order(product::id.desc())
        .limit(limit)
        .select((
            (product::id, product::state, product::changed_at, product::version),
            (product::title_en, product::title_zh, product::picture),
            (product::unit_one, product::unit_many, product::unit_zh),
            (product::minimum, product::price_low, product::price_high, product::sold),
        ))
        .into_boxed();
    if let Some(listed) = listed {
        query = query.filter(product::state.eq(if listed { "listed" } else { "down" }));
    }
    if let Some(before) = before {
        query = query.filter(product::id.lt(before));
    }
    let rows: Vec<Row> = query.load(scope.db())?;
    let ids: Vec<&Id> = rows.iter().map(|row| &row.0.0).collect();
    let stock = stock_of(scope, &ids)?;
    Ok(rows
        .into_iter()
        .map(|(own, title, unit, numbers)| OwnLine {
            stock: stock.get(&own.0).copied().unwrap_or(0),
            id: own.0,
            listed: own.1 == "listed",
            title: Both { en: title.0, zh: title.1 },
            picture: title.2.as_deref().and_then(BlobId::parse),
            unit: Unit { one: unit.0, many: unit.1, zh: unit.2 },
            minimum: numbers.0,
            price_low: numbers.1,
            price_high: numbers.2,
            sold: numbers.3,
            changed_at: own.2,
            version: own.3,
        })
        .collect())
}

/// Units of all variants on offer together, by product.
fn stock_of(scope: &mut impl Scope, products: &[&Id]) -> QueryResult<HashMap<Id, i64>> {
    let variants: Vec<(Id, i64)> = variant::table
        .filter(variant::product.eq_any(products))
        .filter(variant::gone.eq(false))
        .select((variant::product, variant::stock))
        .load(scope.db())?;
    let mut stock: HashMap<Id, i64> = HashMap::new();
    for (product, units) in variants {
        *stock.entry(product).or_default() += units;
    }
    Ok(stock)
}

/// A product as the search index holds it: what a card shows, and the words it is found by.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub card: Card,
    /// Units of all variants on offer together.
    pub in_stock: i64,
    pub text: Both,
    pub attributes: Vec<Attribute>,
    /// From the root down: key and name.
    pub categories: Vec<(String, Both)>,
}

type EntryRow = (
    (Id, String, Option<String>),
    (String, String, String, String),
    (String, String, String, String),
    (Id, String, String, String, String),
    (i64, i64, i64, i64, Option<i64>),
    (String, String),
);

/// Those of `products` that are for sale, ready for the index: three queries. Who is missing is not for sale (any more).
pub fn entries(scope: &mut impl Scope, products: &[Id], tree: &Tree) -> QueryResult<Vec<Entry>> {
    let products: Vec<&Id> = products.iter().collect();
    let rows: Vec<EntryRow> = product::table
        .inner_join(shop::table)
        .filter(product::id.eq_any(&products))
        .select((
            (product::id, product::category, product::picture),
            (product::title_en, product::title_zh, product::text_en, product::text_zh),
            (product::unit_one, product::unit_many, product::unit_zh, product::attributes),
            (shop::id, shop::name_en, shop::name_zh, shop::place_en, shop::place_zh),
            (product::minimum, product::price_low, product::price_high, product::sold, product::listed_at),
            (product::state, shop::state),
        ))
        .load(scope.db())?;
    let mut tiers = facts::tiers(scope, &products)?;
    let stock = stock_of(scope, &products)?;
    Ok(rows
        .into_iter()
        // Not asked for by their states: SQLite would take the index of the states, and read all that is for sale.
        .filter(|(.., (product, shop))| product == "listed" && shop == "open")
        .map(|(own, words, unit, of_shop, numbers, _)| Entry {
            in_stock: stock.get(&own.0).copied().unwrap_or(0),
            categories: tree.path(&own.1).into_iter().map(|c| (c.key.clone(), c.name.clone())).collect(),
            card: Card {
                tiers: tiers.remove(&own.0).unwrap_or_default(),
                id: own.0,
                title: Both { en: words.0, zh: words.1 },
                picture: own.2,
                shop: ShopLine {
                    id: of_shop.0,
                    name: Both { en: of_shop.1, zh: of_shop.2 },
                    place: Both { en: of_shop.3, zh: of_shop.4 },
                },
                category: own.1,
                unit: Unit { one: unit.0, many: unit.1, zh: unit.2 },
                minimum: numbers.0,
                price_low: numbers.1,
                price_high: numbers.2,
                sold: numbers.3,
                listed_at: numbers.4.unwrap_or(0),
            },
            text: Both { en: words.2, zh: words.3 },
            attributes: attributes_from_json(&unit.3),
        })
        .collect())
}

/// Ids of all products after `after`, in order: how the index is built anew.
pub fn ids_after(scope: &mut impl Scope, after: Option<&Id>, limit: i64) -> QueryResult<Vec<Id>> {
    let mut query = product::table.order(product::id).limit(limit).select(product::id).into_boxed();
    if let Some(after) = after {
        query = query.filter(product::id.gt(after));
    }
    query.load(scope.db())
}

/// Ids of a shop's products after `after`, in order: what the index looks at when the shop has changed.
pub fn ids_of_shop(scope: &mut impl Scope, shop: &Id, after: Option<&Id>, limit: i64) -> QueryResult<Vec<Id>> {
    let mut query =
        product::table.filter(product::shop.eq(shop)).order(product::id).limit(limit).select(product::id).into_boxed();
    if let Some(after) = after {
        query = query.filter(product::id.gt(after));
    }
    query.load(scope.db())
}
