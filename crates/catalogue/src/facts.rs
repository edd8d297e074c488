//! What of a product changes only with its version or its shop's, kept in memory from one request to the next.
//!
//! Each use asks the database, in one query, which versions are in force and what changes without them: state, sales,
//! stock. So nothing is ever shown in another version than the one in force, whichever process changed it; and only what
//! was read in one committed snapshot is kept.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use db::{BlobId, Id, Scope, load_each};
use diesel::prelude::*;
use lru::LruCache;

use crate::Both;
use crate::picture::{self, Stored};
use crate::policy::{price_tier, product, shop, variant};
use crate::price::{Freight, Tier};
use crate::product::{Attribute, Unit, attributes_from_json};
use crate::view::{Sale, ShopLine, Variant};

/// What all that is kept may weigh, in bytes, by estimate.
const KEPT_BYTES_MAX: usize = 16 * 1024 * 1024;

/// A product in one version, as its shop was in one version.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    version: i64,
    shop_version: i64,
    /// The seller's own number for it; may be empty.
    pub reference: String,
    pub shop: ShopLine,
    /// The shop's owner.
    pub seller: Id,
    pub freight: Freight,
    pub ships_within_hours: i64,
    pub category: String,
    pub title: Both,
    pub text: Both,
    pub unit: Unit,
    pub axis: Both,
    pub attributes: Vec<Attribute>,
    pub tiers: Vec<Tier>,
    /// In the seller's order; their stock is the [`Live`]'s.
    variants: Vec<Variant>,
    pub pictures: Vec<Stored>,
    /// The card-size picture.
    pub picture: Option<BlobId>,
}

/// What changes without a version.
#[derive(Clone, Debug)]
pub(crate) struct Live {
    pub id: Id,
    pub sale: Sale,
    pub sold: i64,
    pub listed_at: i64,
    pub version: i64,
    shop: Id,
    shop_version: i64,
    /// Of the variants on offer.
    stock: Vec<(Id, i64)>,
}

impl Facts {
    /// The variants on offer with what is left of them.
    pub fn variants(&self, live: &Live) -> Vec<Variant> {
        let left = |id: &Id| live.stock.iter().find(|(known, _)| known == id).map(|(_, stock)| *stock);
        self.variants.iter().filter_map(|v| Some(Variant { stock: left(&v.id)?, ..v.clone() })).collect()
    }

    fn is_of(&self, live: &Live) -> bool {
        // The shop too: the demo's goods have the same ids in every database, shops never.
        self.version == live.version && self.shop.id == live.shop && self.shop_version == live.shop_version
    }

    fn weight(&self) -> usize {
        let words = |both: &Both| both.en.len() + both.zh.len();
        let attributes: usize = self.attributes.iter().map(|a| 96 + words(&a.name) + words(&a.value)).sum();
        let variants: usize = self.variants.iter().map(|v| 160 + v.sku.len() + words(&v.name)).sum();
        1_024 + words(&self.title) + words(&self.text) + attributes + variants + 200 * self.pictures.len()
    }
}

/// Those of `products` that there are, with what is in force of each.
pub(crate) fn of(scope: &mut impl Scope, products: &[&Id]) -> QueryResult<Vec<(Live, Arc<Facts>)>> {
    let live = live(scope, products)?;
    let mut known: HashMap<Id, Arc<Facts>> = HashMap::with_capacity(live.len());
    for one in &live {
        known.extend(Kept::get(one).map(|facts| (one.id.clone(), facts)));
    }
    let missing: Vec<&Id> = live.iter().map(|one| &one.id).filter(|id| !known.contains_key(id)).collect();
    if !missing.is_empty() {
        let keep = scope.sees_one_state();
        for (id, facts) in load(scope, &missing)? {
            let facts = Arc::new(facts);
            if keep {
                Kept::put(&id, &facts);
            }
            known.insert(id, facts);
        }
    }
    Ok(live.into_iter().filter_map(|one| known.remove(&one.id).map(|facts| (one, facts))).collect())
}

/// As [`of`] for one product, where all of it is kept: then one query is enough.
pub(crate) fn kept(scope: &mut impl Scope, product: &Id) -> QueryResult<Option<(Live, Arc<Facts>)>> {
    let live = live(scope, &[product])?.pop();
    Ok(live.and_then(|live| Kept::get(&live).map(|facts| (live, facts))))
}

type LiveRow = ((Id, String, i64, Option<i64>, i64), (Id, String, i64), Option<(Id, i64)>);

fn live(scope: &mut impl Scope, products: &[&Id]) -> QueryResult<Vec<Live>> {
    let query = product::table
        .inner_join(shop::table)
        .left_join(variant::table.on(variant::product.eq(product::id).and(variant::gone.eq(false))))
        .select((
            (product::id, product::state, product::sold, product::listed_at, product::version),
            (shop::id, shop::state, shop::version),
            (variant::id, variant::stock).nullable(),
        ))
        .order(product::id);
    let rows = load_each!(scope.db(), query, product::id, products => LiveRow)?;
    let mut all: Vec<Live> = Vec::with_capacity(products.len());
    for ((id, state, sold, listed_at, version), (shop, shop_state, shop_version), variant) in rows {
        if all.last().is_none_or(|last| last.id != id) {
            let sale = sale(&state, &shop_state);
            let listed_at = listed_at.unwrap_or(0);
            all.push(Live { id, sale, sold, listed_at, version, shop, shop_version, stock: Vec::new() });
        }
        if let (Some(last), Some(variant)) = (all.last_mut(), variant) {
            last.stock.push(variant);
        }
    }
    Ok(all)
}

fn sale(product: &str, shop: &str) -> Sale {
    match (product, shop) {
        ("listed", "open") => Sale::Open,
        (_, "open") => Sale::Down,
        _ => Sale::ShopNotOpen,
    }
}

type Row = (
    (Id, i64, String, Option<String>, Option<String>),
    (String, String, String, String),
    (String, String, String),
    (String, String, String),
    (Id, i64, Id, String, String, String, String),
    (i64, Option<i64>, i64),
);

/// Four queries, however many products.
fn load(scope: &mut impl Scope, products: &[&Id]) -> QueryResult<Vec<(Id, Facts)>> {
    let query = product::table.inner_join(shop::table).select((
        (product::id, product::version, product::category, product::picture, product::reference),
        (product::title_en, product::title_zh, product::text_en, product::text_zh),
        (product::unit_one, product::unit_many, product::unit_zh),
        (product::axis_en, product::axis_zh, product::attributes),
        (shop::id, shop::version, shop::owner, shop::name_en, shop::name_zh, shop::place_en, shop::place_zh),
        (shop::freight, shop::freight_free_from, shop::ships_within_hours),
    ));
    let rows = load_each!(scope.db(), query, product::id, products => Row)?;
    let mut variants = variants(scope, products)?;
    let mut tiers = tiers(scope, products)?;
    let mut pictures = picture::of_products(scope, products)?;
    let facts = rows.into_iter().map(|(own, words, unit, axis, of_shop, freight)| {
        let facts = Facts {
            version: own.1,
            shop_version: of_shop.1,
            reference: own.4.unwrap_or_default(),
            shop: ShopLine {
                id: of_shop.0,
                name: Both { en: of_shop.3, zh: of_shop.4 },
                place: Both { en: of_shop.5, zh: of_shop.6 },
            },
            seller: of_shop.2,
            freight: Freight { flat: freight.0, free_from: freight.1 },
            ships_within_hours: freight.2,
            category: own.2,
            title: Both { en: words.0, zh: words.1 },
            text: Both { en: words.2, zh: words.3 },
            unit: Unit { one: unit.0, many: unit.1, zh: unit.2 },
            axis: Both { en: axis.0, zh: axis.1 },
            attributes: attributes_from_json(&axis.2),
            tiers: tiers.remove(&own.0).unwrap_or_default(),
            variants: variants.remove(&own.0).unwrap_or_default(),
            pictures: pictures.remove(&own.0).unwrap_or_default(),
            picture: own.3.as_deref().and_then(BlobId::parse),
        };
        (own.0, facts)
    });
    Ok(facts.collect())
}

/// The variants on offer, by product, in the seller's order.
pub(crate) fn variants(scope: &mut impl Scope, products: &[&Id]) -> QueryResult<HashMap<Id, Vec<Variant>>> {
    type Row = (Id, Id, String, String, String, i64, i64);
    let query =
        variant::table.filter(variant::gone.eq(false)).order((variant::product, variant::sort, variant::id)).select((
            variant::product,
            variant::id,
            variant::sku,
            variant::name_en,
            variant::name_zh,
            variant::surcharge,
            variant::stock,
        ));
    let rows = load_each!(scope.db(), query, variant::product, products => Row)?;
    let mut by_product: HashMap<Id, Vec<Variant>> = HashMap::new();
    for (product, id, sku, en, zh, surcharge, stock) in rows {
        let variant = Variant { id, sku, name: Both { en, zh }, surcharge, stock };
        by_product.entry(product).or_default().push(variant);
    }
    Ok(by_product)
}

pub(crate) fn tiers(scope: &mut impl Scope, products: &[&Id]) -> QueryResult<HashMap<Id, Vec<Tier>>> {
    let query = price_tier::table.order((price_tier::product, price_tier::from_quantity)).select((
        price_tier::product,
        price_tier::from_quantity,
        price_tier::price,
    ));
    let rows = load_each!(scope.db(), query, price_tier::product, products => (Id, i64, i64))?;
    let mut by_product: HashMap<Id, Vec<Tier>> = HashMap::new();
    for (product, from, price) in rows {
        by_product.entry(product).or_default().push(Tier { from, price });
    }
    Ok(by_product)
}

// --- what is kept -----------------------------------------------------------------------------------------------------

/// The products asked for lately.
struct Kept {
    products: LruCache<Id, Arc<Facts>>,
    weight: usize,
}

static KEPT: LazyLock<Mutex<Kept>> = LazyLock::new(|| Mutex::new(Kept { products: LruCache::unbounded(), weight: 0 }));

impl Kept {
    fn get(live: &Live) -> Option<Arc<Facts>> {
        let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        kept.products.get(&live.id).filter(|facts| facts.is_of(live)).cloned()
    }

    fn put(id: &Id, facts: &Arc<Facts>) {
        let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        kept.weight += facts.weight();
        if let Some(before) = kept.products.put(id.clone(), facts.clone()) {
            kept.weight -= before.weight();
        }
        while kept.weight > KEPT_BYTES_MAX {
            let Some((_, oldest)) = kept.products.pop_lru() else { break };
            kept.weight -= oldest.weight();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::product::{NewProduct, edit, take_down};
    use crate::testing::*;
    use crate::view;
    use db::{Database, Stop};

    /// What was kept is shown in no other version than the one in force: an edit, another stock and a sale that ends are
    /// seen by the very next look, also where a command's own edit was undone.
    #[test]
    fn what_is_kept_is_what_is_in_force() {
        each_engine(|t| {
            let db = &t.data.db;
            let seller = open_shop(&t.vault, &member(&t.vault), "Buttons");
            categories(db);
            let form = new_product(db, "Button", "纽扣");
            let id = publish_now(db, &seller, form.clone());
            assert!(kept_page(db, &id).is_none(), "nobody has looked yet");
            let first = page(db, &id);
            assert_eq!(kept_page(db, &id).map(|page| page.title), Some(first.title.clone()));

            let line = (id.clone(), first.variants[0].id.clone(), 7);
            db.write_now(move |tx| crate::stock::take(tx, &mut [line.clone()])).unwrap();
            let left = kept_page(db, &id).unwrap().variants[0].stock;
            assert_eq!(left, first.variants[0].stock - 7);

            let renamed =
                |en: &str| NewProduct { title: Both { en: en.into(), zh: "改".into() }, ..edited(&form, &first) };
            let (undone, of, to) = (renamed("Undone"), seller.clone(), id.clone());
            db.write_now(move |tx| -> Result<(), Stop<()>> {
                edit(tx, &of, &to, 1, &undone).map_err(|_| Stop::fault("edit"))?;
                assert_eq!(view::product_page(tx, &to)?.unwrap().title.en, "Undone");
                Err(Stop::refuse(()))
            })
            .unwrap_err();
            assert_eq!(kept_page(db, &id).unwrap().title, first.title);

            let (saved, of, to) = (renamed("Saved"), seller.clone(), id.clone());
            db.write_now(move |tx| edit(tx, &of, &to, 1, &saved)).unwrap();
            assert!(kept_page(db, &id).is_none(), "the version has changed");
            assert_eq!(page(db, &id).title.en, "Saved");
            assert_eq!(kept_page(db, &id).unwrap().title.en, "Saved");

            let (of, to) = (seller.clone(), id.clone());
            db.write_now(move |tx| take_down(tx, &of, &to)).unwrap();
            assert_eq!(page(db, &id).sale, Sale::Down);
        });
    }

    fn edited(form: &NewProduct, page: &view::ProductPage) -> NewProduct {
        let mut form = form.clone();
        for (variant, there) in form.variants.iter_mut().zip(&page.variants) {
            variant.id = Some(there.id.clone());
        }
        form
    }

    fn page(db: &Database, id: &Id) -> view::ProductPage {
        let id = id.clone();
        db.read_now(move |r| Ok::<_, Stop<()>>(view::product_page(r, &id)?)).unwrap().unwrap()
    }

    fn kept_page(db: &Database, id: &Id) -> Option<view::ProductPage> {
        let id = id.clone();
        db.read_now(move |r| Ok::<_, Stop<()>>(view::kept_page(r, &id)?)).unwrap()
    }
}
