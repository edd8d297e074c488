//! What everybody may read: categories, goods, shops. No token is asked for, and none of the sorts knows who asks
//! (2.2.3-b.1). Words that are searched are used for the answer and kept nowhere (2.2.2-a.1).

use crate::problem::{Answer, Error};
use crate::shape::{FreightTerms, Money, Picture, PriceTier, ShopFace, ShopRef, UnitOfTrade, Words, media};
use crate::wire::{At, Query, id, limit, not_a_cursor};
use axum::Json;
use axum::extract::State;
use catalogue::shop;
use catalogue::view::{self, ProductPage, Sale};
use discovery::{Card, Found, Sort};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use web::App;
use web::error::Failure;
use web::pages::guest::tree;

/// Cards on a page of the index, and pages that it goes on for.
const INDEX_PAGE: usize = discovery::PAGE_SIZE;
const REACH: usize = INDEX_PAGE * discovery::PAGES_MAX as usize;

#[derive(Serialize, ToSchema)]
pub struct Category {
    /// As products and searches name it.
    pub key: String,
    pub parent: Option<String>,
    pub name: Words,
    /// 1 for a root.
    pub level: usize,
    /// Goods for sale in it and below it.
    pub listed: i64,
}

/// All categories, parents before their children
#[utoipa::path(get, path = "/api/v1/categories", tag = "goods", responses((status = OK, body = Vec<Category>)))]
pub async fn list_categories(State(app): State<App>) -> Answer<Json<Vec<Category>>> {
    let tree = tree(&app).await?;
    let all = tree.all().iter().map(|category| Category {
        key: category.key.clone(),
        parent: category.parent.clone(),
        name: (&category.name).into(),
        level: category.level,
        listed: category.listed,
    });
    Ok(Json(all.collect()))
}

/// The order of what is found.
#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SortBy {
    /// How well the words fit, times weights that are published.
    #[default]
    General,
    /// Most units sold first.
    Sales,
    /// Lowest price first.
    Price,
    /// Highest price first.
    PriceDown,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Search {
    /// Words, in English or Chinese.
    q: Option<String>,
    /// Key of a category; what is below it is found too.
    category: Option<String>,
    /// Id of a shop.
    shop: Option<String>,
    /// Minor units: goods whose prices reach up to it.
    price_from: Option<i64>,
    /// Minor units: goods whose prices reach down to it.
    price_to: Option<i64>,
    /// Goods with a minimum order of at most so many units.
    minimum_up_to: Option<i64>,
    #[param(inline)]
    sort: Option<SortBy>,
    /// Goods on a page: 1 to 100, as shipped 20.
    limit: Option<i64>,
    /// `next` of the page before.
    after: Option<String>,
}

/// A product in a list.
#[derive(Serialize, ToSchema)]
pub struct ProductCard {
    pub id: String,
    pub title: Words,
    pub picture: Option<String>,
    pub shop: ShopRef,
    pub category: String,
    pub unit: UnitOfTrade,
    /// Units, all variants together.
    pub minimum: i64,
    /// At the largest quantity.
    pub price_low: Money,
    /// At the minimum order.
    pub price_high: Money,
    pub sold: i64,
}

impl From<&Card> for ProductCard {
    fn from(card: &Card) -> ProductCard {
        ProductCard {
            id: card.id.to_string(),
            title: (&card.title).into(),
            picture: card.picture.as_deref().map(media),
            shop: ShopRef { id: card.shop.to_string(), name: (&card.shop_name).into(), place: (&card.place).into() },
            category: card.category.clone(),
            unit: UnitOfTrade { one: card.unit_one.clone(), many: card.unit_many.clone(), zh: card.unit_zh.clone() },
            minimum: card.minimum,
            price_low: Money::of(card.price_low),
            price_high: Money::of(card.price_high),
            sold: card.sold,
        }
    }
}

/// How many were found in a category.
#[derive(Serialize, ToSchema)]
pub struct CategoryCount {
    pub category: String,
    pub count: u64,
}

/// How many were found of a shop.
#[derive(Serialize, ToSchema)]
pub struct ShopCount {
    pub shop: String,
    pub name: Words,
    pub count: u64,
}

/// One page of what a search found.
#[derive(Serialize, ToSchema)]
pub struct SearchResult {
    pub items: Vec<ProductCard>,
    /// `after` of the next page; null on the last one, and after 1,200 goods: narrow the search instead.
    pub next: Option<String>,
    /// On all pages together.
    pub total: u64,
    /// Nothing has all the words; these have some of them.
    pub loosely: bool,
    pub categories: Vec<CategoryCount>,
    pub shops: Vec<ShopCount>,
}

/// Goods for sale: words, filters, sorts
#[utoipa::path(get, path = "/api/v1/products", tag = "goods", params(Search), responses((status = OK, body = SearchResult)))]
pub async fn list_products(State(app): State<App>, Query(asked): Query<Search>) -> Answer<Json<SearchResult>> {
    let limit = usize::try_from(limit(asked.limit)?).unwrap_or(1);
    let begin = match asked.after.as_deref() {
        None => 0,
        Some(after) => {
            after.strip_prefix('p').and_then(|n| n.parse().ok()).filter(|n| *n < REACH).ok_or_else(not_a_cursor)?
        }
    };
    let shop = asked.shop.as_deref().map(|text| id("shop", text)).transpose()?;
    let words: String = asked.q.unwrap_or_default().chars().filter(|c| !c.is_control()).take(100).collect();
    let query = discovery::Query {
        words: words.trim().to_owned(),
        category: asked.category.filter(|key| !key.is_empty()),
        shop,
        price_from: asked.price_from,
        price_to: asked.price_to,
        minimum_up_to: asked.minimum_up_to,
        sort: match asked.sort.unwrap_or_default() {
            SortBy::General => Sort::General,
            SortBy::Sales => Sort::Sales,
            SortBy::Price => Sort::PriceUp,
            SortBy::PriceDown => Sort::PriceDown,
        },
        page: 1,
    };
    let index = app.index.clone();
    let (found, cards) = tokio::task::spawn_blocking(move || rows(&index, &query, begin, limit))
        .await
        .map_err(|error| Error::from(Failure::fault(error)))?;
    let end = begin + cards.len();
    let more = (end as u64) < found.total && end < REACH && !cards.is_empty();
    Ok(Json(SearchResult {
        items: cards.iter().map(ProductCard::from).collect(),
        next: more.then(|| format!("p{end}")),
        total: found.total,
        loosely: found.loosely,
        categories: found.categories.into_iter().map(|(category, count)| CategoryCount { category, count }).collect(),
        shops: found
            .shops
            .iter()
            .map(|(shop, name, count)| ShopCount { shop: shop.to_string(), name: name.into(), count: *count })
            .collect(),
    }))
}

/// The rows from `begin` on: the index answers in pages of its own.
fn rows(index: &discovery::Index, query: &discovery::Query, begin: usize, limit: usize) -> (Found, Vec<Card>) {
    let page = |n: usize| index.search(&discovery::Query { page: n as u32, ..query.clone() });
    let mut n = begin / INDEX_PAGE + 1;
    let mut found = page(n);
    let mut cards: Vec<Card> = Vec::new();
    // Beyond the last page the index gives the last.
    if found.page as usize == n {
        cards.extend(std::mem::take(&mut found.cards).into_iter().skip(begin % INDEX_PAGE));
        while cards.len() < limit && n < found.pages as usize {
            n += 1;
            cards.extend(page(n).cards);
        }
    }
    cards.truncate(limit);
    (found, cards)
}

/// Whether a product can be bought now.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SaleState {
    Open,
    /// The seller took it down.
    Down,
    /// The shop is paused or closed.
    ShopNotOpen,
}

#[derive(Serialize, ToSchema)]
pub struct VariantShown {
    pub id: String,
    pub sku: String,
    pub name: Words,
    /// On top of the tier's price.
    pub surcharge: Money,
    pub stock: i64,
}

#[derive(Serialize, ToSchema)]
pub struct AttributeShown {
    pub name: Words,
    pub value: Words,
}

/// Everything about a product.
#[derive(Serialize, ToSchema)]
pub struct Product {
    pub id: String,
    pub sale: SaleState,
    pub shop: ShopRef,
    pub freight: FreightTerms,
    pub ships_within_hours: i64,
    pub category: String,
    pub title: Words,
    pub text: Words,
    pub unit: UnitOfTrade,
    /// What the variants differ in.
    pub axis: Words,
    pub attributes: Vec<AttributeShown>,
    pub minimum: i64,
    pub currency: String,
    /// Rising in units, falling in price.
    pub tiers: Vec<PriceTier>,
    pub variants: Vec<VariantShown>,
    pub pictures: Vec<Picture>,
    pub sold: i64,
    /// For an edit that is made from it.
    pub version: i64,
}

impl From<&ProductPage> for Product {
    fn from(page: &ProductPage) -> Product {
        Product {
            id: page.id.to_string(),
            sale: match page.sale {
                Sale::Open => SaleState::Open,
                Sale::Down => SaleState::Down,
                Sale::ShopNotOpen => SaleState::ShopNotOpen,
            },
            shop: (&page.shop).into(),
            freight: page.freight.into(),
            ships_within_hours: page.ships_within_hours,
            category: page.category.clone(),
            title: (&page.title).into(),
            text: (&page.text).into(),
            unit: (&page.unit).into(),
            axis: (&page.axis).into(),
            attributes: page
                .attributes
                .iter()
                .map(|a| AttributeShown { name: (&a.name).into(), value: (&a.value).into() })
                .collect(),
            minimum: page.minimum(),
            currency: web::pages::guest::CURRENCY.to_owned(),
            tiers: page.tiers.iter().map(PriceTier::from).collect(),
            variants: page
                .variants
                .iter()
                .map(|v| VariantShown {
                    id: v.id.to_string(),
                    sku: v.sku.clone(),
                    name: (&v.name).into(),
                    surcharge: Money::of(v.surcharge),
                    stock: v.stock,
                })
                .collect(),
            pictures: page.pictures.iter().map(Picture::from).collect(),
            sold: page.sold,
            version: page.version,
        }
    }
}

/// One product
#[utoipa::path(get, path = "/api/v1/products/{product}", tag = "goods", params(("product" = String, Path)),
    responses((status = OK, body = Product)))]
pub async fn get_product(State(app): State<App>, At(id): At) -> Answer<Json<Product>> {
    let page = app.read(move |r| Ok(view::product_page(r, &id)?)).await?.ok_or_else(Error::not_found)?;
    Ok(Json((&page).into()))
}

/// A shop, as everybody sees it.
#[derive(Serialize, ToSchema)]
pub struct Shop {
    pub id: String,
    pub face: ShopFace,
    /// Whom to call: public by law (E-commerce Law 15).
    pub contact_name: String,
    pub contact_phone: String,
    /// Goods for sale.
    pub listed: i64,
    /// A paused shop sells nothing.
    pub open: bool,
}

/// One shop
#[utoipa::path(get, path = "/api/v1/shops/{shop}", tag = "goods", params(("shop" = String, Path)),
    responses((status = OK, body = Shop)))]
pub async fn get_shop(State(app): State<App>, At(id): At) -> Answer<Json<Shop>> {
    let shop = app.read(move |r| Ok(shop::public(r, &id)?)).await?.ok_or_else(Error::not_found)?;
    Ok(Json(Shop {
        id: shop.id.to_string(),
        face: (&shop.face).into(),
        contact_name: shop.contact_name,
        contact_phone: shop.contact_phone,
        listed: shop.listed,
        open: shop.open,
    }))
}
