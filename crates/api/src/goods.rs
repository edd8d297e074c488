//! What everybody may read: categories, goods, shops. No token is asked for, and none of the sorts knows who asks
//! (2.2.3-b.1). Words that are searched are used for the answer and kept nowhere (2.2.2-a.1).

use crate::problem::{Answer, Error, Kind};
use crate::shape::{FreightTerms, Money, Picture, PriceTier, ShopFace, ShopRef, UnitOfTrade, Words, media};
use crate::wire::{At, List, Query, Repeating, Repeats, id, limit, not_a_cursor};
use axum::Json;
use axum::extract::State;
use catalogue::shop;
use catalogue::view::{self, ProductPage, Sale};
use discovery::{CHOSEN_MAX, Card, Chosen, Rank, Sort, Suggestion, Walk};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use web::App;
use web::error::Failure;
use web::pages::guest::tree;

/// Longer than any name of a town or attribute.
const VALUE_CHARS_MAX: usize = 200;

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
    /// Words, in English or Chinese. Where no goods have them as typed, others are looked for: see `read_as`.
    q: Option<String>,
    /// Look for the words as typed and for no others.
    #[serde(default)]
    exact: bool,
    /// Key of a category; what is below it is found too.
    category: Option<String>,
    /// Ids of shops, one of which is enough.
    #[serde(default)]
    #[param(value_type = Option<Vec<String>>, style = Form, explode)]
    shop: List,
    /// English names of towns that shops send from, one of which is enough.
    #[serde(default)]
    #[param(value_type = Option<Vec<String>>, style = Form, explode)]
    place: List,
    /// Attributes as `Name:Value`, in English. Of several values of one name, one is enough.
    #[serde(default)]
    #[param(value_type = Option<Vec<String>>, style = Form, explode)]
    attribute: List,
    /// Minor units: goods whose prices reach up to it.
    price_from: Option<i64>,
    /// Minor units: goods whose prices reach down to it.
    price_to: Option<i64>,
    /// Goods with a minimum order of at most so many units.
    minimum_up_to: Option<i64>,
    /// Only goods of which some variant is in stock.
    #[serde(default)]
    in_stock: bool,
    #[param(inline)]
    sort: Option<SortBy>,
    /// Goods on a page: 1 to 100, as shipped 20.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
    /// `next` of the page before.
    after: Option<String>,
}

impl Repeats for Search {
    const REPEATED: &'static [&'static str] = &["shop", "place", "attribute"];
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
    /// Some variant can be had.
    pub in_stock: bool,
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
            in_stock: card.in_stock,
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

/// How many were found of shops in a town.
#[derive(Serialize, ToSchema)]
pub struct PlaceCount {
    pub place: Words,
    pub count: u64,
}

/// How many have prices that reach into a band, which touches its neighbours.
#[derive(Serialize, ToSchema)]
pub struct PriceBand {
    /// As `price_from`; null: from nothing on.
    pub from: Option<i64>,
    /// As `price_to`; null: without end.
    pub to: Option<i64>,
    pub count: u64,
}

/// How many have a minimum order of at most so many units.
#[derive(Serialize, ToSchema)]
pub struct MinimumCount {
    pub up_to: i64,
    pub count: u64,
}

/// An attribute that the goods found differ in.
#[derive(Serialize, ToSchema)]
pub struct AttributeCounts {
    pub name: Words,
    pub values: Vec<ValueCount>,
}

#[derive(Serialize, ToSchema)]
pub struct ValueCount {
    pub value: Words,
    pub count: u64,
}

/// One page of what a search found.
#[derive(Serialize, ToSchema)]
pub struct SearchResult {
    pub items: Vec<ProductCard>,
    /// `after` of the next page, in the same sort; null on the last one, however many there are. In the sorts by price
    /// and sales goods that change meanwhile may come twice or be missed, and all others come once. The general sort
    /// ranks by the day and by how rare the words are, which change with other goods too.
    pub next: Option<String>,
    /// On all pages together.
    pub total: u64,
    /// Nothing has all the words; these have some of them.
    pub loosely: bool,
    /// No goods have the words as typed; these were looked for in their place.
    pub read_as: Option<String>,
    /// Of an exact search: words that would have been looked for.
    pub meant: Option<String>,
    /// These and the following count what choosing one more, or another, would find: each leaves out what is chosen of
    /// its own kind.
    pub categories: Vec<CategoryCount>,
    pub shops: Vec<ShopCount>,
    pub places: Vec<PlaceCount>,
    pub prices: Vec<PriceBand>,
    pub minimums: Vec<MinimumCount>,
    pub in_stock: u64,
    pub attributes: Vec<AttributeCounts>,
}

/// Goods for sale: words, filters, sorts
#[utoipa::path(get, path = "/api/v1/products", tag = "goods", params(Search), responses((status = OK, body = SearchResult)))]
pub async fn list_products(State(app): State<App>, Repeating(asked): Repeating<Search>) -> Answer<Json<SearchResult>> {
    let rows = usize::try_from(limit(asked.limit)?).unwrap_or(1);
    let sort = match asked.sort.unwrap_or_default() {
        SortBy::General => Sort::General,
        SortBy::Sales => Sort::Sales,
        SortBy::Price => Sort::PriceUp,
        SortBy::PriceDown => Sort::PriceDown,
    };
    let after = asked.after.as_deref().map(|text| Rank::parse(text, sort).ok_or_else(not_a_cursor)).transpose()?;
    for (field, list) in [("shop", &asked.shop), ("place", &asked.place), ("attribute", &asked.attribute)] {
        if list.0.len() > CHOSEN_MAX || list.0.iter().any(|value| value.chars().count() > VALUE_CHARS_MAX) {
            return Err(Error::field(Kind::Invalid, field, "api-too-many-chosen"));
        }
    }
    let shops = asked.shop.0.iter().map(|text| id("shop", text)).collect::<Result<Vec<_>, _>>()?;
    let attribute = |text: &String| {
        Chosen::parse(text).ok_or_else(|| Error::field(Kind::Invalid, "attribute", "api-not-an-attribute"))
    };
    let attributes = asked.attribute.0.iter().map(attribute).collect::<Result<Vec<_>, _>>()?;
    let tree = tree(&app).await?;
    let category = asked.category.filter(|key| !key.is_empty());
    let query = discovery::Query {
        words: discovery::typed(&asked.q.unwrap_or_default()).trim().to_owned(),
        exact: asked.exact,
        within: category.as_deref().and_then(|key| tree.get(key)).and_then(|category| category.parent.clone()),
        category,
        shops,
        places: asked.place.0,
        attributes,
        price_from: asked.price_from,
        price_to: asked.price_to,
        minimum_up_to: asked.minimum_up_to,
        in_stock: asked.in_stock,
        sort,
        page: 1,
        walk: Some(Walk { after, rows }),
        facets: true,
    };
    let found = app.search(&query).await?;
    let facets = &found.facets;
    Ok(Json(SearchResult {
        items: found.cards.iter().map(|card| ProductCard::from(&**card)).collect(),
        next: found.next.map(|rank| rank.text(sort)),
        total: found.total,
        loosely: found.loosely,
        read_as: found.read_as.clone(),
        meant: found.meant.clone(),
        categories: found
            .categories
            .iter()
            .map(|(category, count)| CategoryCount { category: category.clone(), count: *count })
            .collect(),
        shops: facets
            .shops
            .iter()
            .map(|(shop, name, count)| ShopCount { shop: shop.to_string(), name: name.into(), count: *count })
            .collect(),
        places: facets.places.iter().map(|(place, n)| PlaceCount { place: place.into(), count: *n }).collect(),
        prices: facets.prices.iter().map(|b| PriceBand { from: b.from, to: b.to, count: b.count }).collect(),
        minimums: facets.minimums.iter().map(|(n, count)| MinimumCount { up_to: *n, count: *count }).collect(),
        in_stock: facets.in_stock,
        attributes: facets
            .attributes
            .iter()
            .map(|facet| AttributeCounts {
                name: (&facet.name).into(),
                values: facet.values.iter().map(|(value, n)| ValueCount { value: value.into(), count: *n }).collect(),
            })
            .collect(),
    }))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Typing {
    /// What has been typed so far, in English or Chinese.
    q: String,
}

/// What words that are being typed may become. Exactly one of the three is there.
#[derive(Serialize, ToSchema)]
pub struct Suggested {
    /// Words to search for.
    pub words: Option<String>,
    pub category: Option<CategoryNamed>,
    pub product: Option<ProductNamed>,
}

#[derive(Serialize, ToSchema)]
pub struct CategoryNamed {
    pub key: String,
    pub name: Words,
}

#[derive(Serialize, ToSchema)]
pub struct ProductNamed {
    pub id: String,
    pub title: Words,
}

/// Suggestions while typing: out of goods and categories, never out of what others searched
#[utoipa::path(get, path = "/api/v1/suggestions", tag = "goods", params(Typing), responses((status = OK, body = Vec<Suggested>)))]
pub async fn list_suggestions(State(app): State<App>, Query(typing): Query<Typing>) -> Answer<Json<Vec<Suggested>>> {
    let words = discovery::typed(&typing.q);
    let (tree, index) = (tree(&app).await?, app.index.clone());
    let found = tokio::task::spawn_blocking(move || index.suggest(&tree, &words))
        .await
        .map_err(|error| Error::from(Failure::fault(error)))?;
    let none = || Suggested { words: None, category: None, product: None };
    let each = found.into_iter().map(|suggestion| match suggestion {
        Suggestion::Words(words) => Suggested { words: Some(words), ..none() },
        Suggestion::Category { key, name } => {
            Suggested { category: Some(CategoryNamed { key, name: (&name).into() }), ..none() }
        }
        Suggestion::Goods { id, title } => {
            Suggested { product: Some(ProductNamed { id: id.to_string(), title: (&title).into() }), ..none() }
        }
    });
    Ok(Json(each.collect()))
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
