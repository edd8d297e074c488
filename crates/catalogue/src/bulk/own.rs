//! The products that a shop has, whole, some hundred at a time.

use std::collections::HashMap;

use db::{Db, Id, Scope, kept, on_each};
use diesel::prelude::*;
use diesel::sql_types::{Array, Text};

use crate::Both;
use crate::facts;
use crate::picture::{self, Stored};
use crate::policy::product;
use crate::product::{NewPicture, NewProduct, NewVariant, Unit, attributes_from_json};
use crate::shop::Seller;

/// A product as its form would show it.
#[derive(Clone, Debug)]
pub(super) struct Own {
    pub id: Id,
    pub version: i64,
    pub listed: bool,
    /// With every variant's id and stock, and every picture kept in its place.
    pub product: NewProduct,
    pub pictures: Vec<Stored>,
}

type Row = (
    (Id, Option<String>, String, String, i64),
    (String, String, String, String),
    (String, String, String),
    (String, String, String),
);

/// Those that a file names by their own number or, where they have none, by their id.
pub(super) fn named(scope: &mut impl Scope, seller: &Seller, names: &[&str]) -> QueryResult<Vec<Own>> {
    let mut ids: Vec<Id> = names.iter().filter_map(|name| Id::parse(name).ok()).collect();
    let mut rows: Vec<Row> = Vec::new();
    if scope.db().asks_one_by_one(names.len()) {
        for name in names {
            let asked = rows_of(seller).filter(product::reference.eq(name));
            rows.extend(on_each!(scope.db(), c => asked.load::<Row>(c))?);
        }
    } else {
        match scope.db() {
            Db::Sqlite(c) => rows.extend(rows_of(seller).filter(product::reference.eq_any(names)).load::<Row>(c)?),
            Db::Pg(c) => ids.extend(numbered(c, &seller.shop, names)?),
        }
    }
    // One that is named by both comes once.
    ids.retain(|id| rows.iter().all(|row| row.0.0 != *id));
    if !ids.is_empty() {
        let asked = rows_of(seller).filter(product::id.eq_any(&ids));
        rows.extend(on_each!(scope.db(), c => asked.load::<Row>(c))?);
    }
    whole(scope, rows)
}

/// The products of a shop that have these numbers: each number by the unique index. Asked with a list, the server reads
/// all that the shop has and compares, for it plans by what shops have on average, and this one has more with each step
/// of the import.
fn numbered(c: &mut PgConnection, shop: &Id, names: &[&str]) -> QueryResult<Vec<Id>> {
    kept![Text =>
        "select found.id from unnest(",
        Array<Text>: names,
        ") as named(number), lateral (select id from product where shop = ",
        Text: shop,
        " and reference = named.number limit 1) as found"
    ]
    .load(c)
}

/// All of a shop's, in the order in which they were published.
pub(super) fn after(scope: &mut impl Scope, seller: &Seller, after: Option<&Id>, limit: i64) -> QueryResult<Vec<Own>> {
    let mut asked = rows_of(seller).order(product::id).limit(limit).into_boxed();
    if let Some(after) = after {
        asked = asked.filter(product::id.gt(after));
    }
    let rows = asked.load(scope.db())?;
    whole(scope, rows)
}

#[diesel::dsl::auto_type(no_type_alias)]
fn rows_of<'a>(seller: &'a Seller) -> _ {
    let shop: &'a Id = &seller.shop;
    product::table.filter(product::shop.eq(shop)).select((
        (product::id, product::reference, product::state, product::category, product::version),
        (product::title_en, product::title_zh, product::text_en, product::text_zh),
        (product::unit_one, product::unit_many, product::unit_zh),
        (product::axis_en, product::axis_zh, product::attributes),
    ))
}

fn whole(scope: &mut impl Scope, rows: Vec<Row>) -> QueryResult<Vec<Own>> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<&Id> = rows.iter().map(|row| &row.0.0).collect();
    let mut variants = facts::variants(scope, &ids)?;
    let mut tiers = facts::tiers(scope, &ids)?;
    let mut pictures: HashMap<Id, Vec<Stored>> = picture::of_products(scope, &ids)?;
    Ok(rows
        .into_iter()
        .map(|(own, words, unit, axis)| {
            let pictures = pictures.remove(&own.0).unwrap_or_default();
            let variants = variants.remove(&own.0).unwrap_or_default();
            Own {
                listed: own.2 == "listed",
                version: own.4,
                product: NewProduct {
                    reference: own.1.unwrap_or_default(),
                    category: own.3,
                    title: Both { en: words.0, zh: words.1 },
                    text: Both { en: words.2, zh: words.3 },
                    unit: Unit { one: unit.0, many: unit.1, zh: unit.2 },
                    axis: Both { en: axis.0, zh: axis.1 },
                    attributes: attributes_from_json(&axis.2),
                    tiers: tiers.remove(&own.0).unwrap_or_default(),
                    variants: variants.into_iter().map(NewVariant::from).collect(),
                    pictures: (0..pictures.len() as i64).map(NewPicture::Kept).collect(),
                },
                pictures,
                id: own.0,
            }
        })
        .collect())
}
