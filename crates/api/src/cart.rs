//! 2.3.1: the cart. What is changed is answered with the whole cart as it is then.

use crate::caller::Buying;
use crate::once::{MaybeKey, made};
use crate::problem::{Answer, Error};
use crate::shape::{Money, PriceTier, ShopRef, UnitOfTrade, Words, media};
use crate::wire::{Ids, Json, JsonSaid, id};
use axum::extract::State;
use axum::http::StatusCode;
use db::Tx;
use member::attempt;
use serde::{Deserialize, Serialize};
use trade::cart::{self, Wanted, Which};
use trade::{Buyer, Refused};
use utoipa::ToSchema;
use web::App;

/// The cart, priced. Sums are of the chosen lines.
#[derive(Serialize, ToSchema)]
pub struct Cart {
    pub sellers: Vec<CartOfSeller>,
    pub lines: usize,
    pub chosen: usize,
    /// Freight included. This is the `total_seen` of an order.
    pub total: Money,
    /// Every chosen line can be ordered as it stands.
    pub may_check_out: bool,
}

#[derive(Serialize, ToSchema)]
pub struct CartOfSeller {
    pub shop: ShopRef,
    /// A shop that is paused sells nothing.
    pub sells: bool,
    pub products: Vec<CartOfProduct>,
    pub goods_amount: Money,
    pub freight: Money,
    pub total: Money,
    /// What is missing until freight is free, where the shop offers that.
    pub until_free_freight: Option<Money>,
}

#[derive(Serialize, ToSchema)]
pub struct CartOfProduct {
    pub product: String,
    pub title: Words,
    pub unit: UnitOfTrade,
    pub picture: Option<String>,
    pub minimum: i64,
    pub tiers: Vec<PriceTier>,
    /// The units that the tier follows: those chosen, or all where none is.
    pub quantity: i64,
    /// Units missing to the minimum order.
    pub missing: i64,
    pub lines: Vec<CartLine>,
}

#[derive(Serialize, ToSchema)]
pub struct CartLine {
    pub variant: String,
    pub sku: String,
    pub name: Words,
    pub quantity: i64,
    pub chosen: bool,
    pub offered: bool,
    /// Null where it is not offered any more.
    pub unit_price: Option<Money>,
    pub amount: Option<Money>,
    pub stock: i64,
    /// Fewer are left than wanted.
    pub short: bool,
}

impl From<&cart::Cart> for Cart {
    fn from(cart: &cart::Cart) -> Cart {
        Cart {
            sellers: cart.sellers.iter().map(CartOfSeller::from).collect(),
            lines: cart.lines,
            chosen: cart.chosen,
            total: Money::of(cart.total),
            may_check_out: cart.may_check_out(),
        }
    }
}

impl From<&cart::OfSeller> for CartOfSeller {
    fn from(of: &cart::OfSeller) -> CartOfSeller {
        CartOfSeller {
            shop: (&of.shop).into(),
            sells: of.sells,
            products: of.products.iter().map(CartOfProduct::from).collect(),
            goods_amount: Money::of(of.goods_amount),
            freight: Money::of(of.freight),
            total: Money::of(of.total),
            until_free_freight: of.until_free_freight.map(Money::of),
        }
    }
}

impl From<&cart::OfProduct> for CartOfProduct {
    fn from(of: &cart::OfProduct) -> CartOfProduct {
        CartOfProduct {
            product: of.product.to_string(),
            title: (&of.title).into(),
            unit: (&of.unit).into(),
            picture: of.picture.as_ref().map(|blob| media(blob.as_str())),
            minimum: of.minimum,
            tiers: of.tiers.iter().map(PriceTier::from).collect(),
            quantity: of.quantity,
            missing: of.missing,
            lines: of.lines.iter().map(CartLine::from).collect(),
        }
    }
}

impl From<&cart::Line> for CartLine {
    fn from(line: &cart::Line) -> CartLine {
        CartLine {
            variant: line.variant.to_string(),
            sku: line.sku.clone(),
            name: (&line.name).into(),
            quantity: line.quantity,
            chosen: line.chosen,
            offered: line.offered,
            unit_price: line.unit_price.map(Money::of),
            amount: line.amount.map(Money::of),
            stock: line.stock,
            short: line.short,
        }
    }
}

async fn whole(app: &App, buyer: Buyer) -> Answer<axum::Json<Cart>> {
    let cart = app.ask(move |r| cart::view(r, &buyer)).await??;
    Ok(axum::Json((&cart).into()))
}

/// The cart
#[utoipa::path(get, path = "/api/v1/cart", tag = "cart", responses((status = OK, body = Cart)))]
pub async fn get_cart(State(app): State<App>, Buying(buyer): Buying) -> Answer<axum::Json<Cart>> {
    whole(&app, buyer).await
}

/// Some of a variant.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCartLine {
    pub product: String,
    pub variant: String,
    pub quantity: i64,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCartLines {
    pub lines: Vec<NewCartLine>,
}

/// Puts variants into the cart; what is there already grows
///
/// Sent again under the same key it grows once.
#[utoipa::path(post, path = "/api/v1/cart/lines", tag = "cart", request_body = NewCartLines, params(MaybeKey),
    responses((status = OK, body = Cart)))]
pub async fn add_to_cart(
    State(app): State<App>,
    Buying(buyer): Buying,
    key: MaybeKey,
    JsonSaid { said, read: new }: JsonSaid<NewCartLines>,
) -> Answer<axum::Json<Cart>> {
    let mut wanted = Vec::with_capacity(new.lines.len());
    for (n, line) in new.lines.iter().enumerate() {
        wanted.push(Wanted {
            product: id(&format!("lines.{n}.product"), &line.product)?,
            variant: id(&format!("lines.{n}.variant"), &line.variant)?,
            quantity: line.quantity,
        });
    }
    let attempt = key.attempt(&app, &buyer.member, "add_to_cart", &[&said]).await?;
    let of = buyer.clone();
    let add =
        move |tx: &mut Tx| attempt::once(tx, attempt.as_ref(), |tx| cart::add(tx, &of, &wanted).map(|()| tx.id()));
    let added = app.write(add).await?.map_err(|refused| {
        // Too many is said at the first line that is too many by itself, else of the whole.
        let line = new.lines.iter().position(|line| !(1..=cart::QUANTITY_MAX).contains(&line.quantity));
        let field = line.map(|n| format!("lines.{n}.quantity"));
        Error::refused_at(&refused, refused.field().and(field.as_deref()).or(Some("lines")))
    })?;
    made(added, StatusCode::OK)?;
    whole(&app, buyer).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LineQuantity {
    /// 1 to 999,999 units.
    pub quantity: i64,
}

/// Sets how many of a variant are wanted, and puts it into the cart where it is not there
#[utoipa::path(put, path = "/api/v1/cart/lines/{product}/{variant}", tag = "cart", request_body = LineQuantity,
    params(("product" = String, Path), ("variant" = String, Path)), responses((status = OK, body = Cart)))]
pub async fn put_cart_line(
    State(app): State<App>,
    Buying(buyer): Buying,
    Ids([product, variant]): Ids<2>,
    Json(set): Json<LineQuantity>,
) -> Answer<axum::Json<Cart>> {
    let (of, wanted) = (buyer.clone(), Wanted { product, variant, quantity: set.quantity });
    let done = app
        .write(move |tx| match cart::set_quantity(tx, &of, &wanted) {
            Err(db::Stop::Refused(Refused::NotInCart)) => cart::add(tx, &of, std::slice::from_ref(&wanted)),
            done => done,
        })
        .await?;
    match done {
        Ok(()) => whole(&app, buyer).await,
        // There is no such product: its title would be known.
        Err(Refused::NotOffered { title: None }) => Err(Error::not_found()),
        Err(refused) => Err(refused.into()),
    }
}

/// Takes a line out of the cart
#[utoipa::path(delete, path = "/api/v1/cart/lines/{product}/{variant}", tag = "cart",
    params(("product" = String, Path), ("variant" = String, Path)), responses((status = OK, body = Cart)))]
pub async fn delete_cart_line(
    State(app): State<App>,
    Buying(buyer): Buying,
    Ids([product, variant]): Ids<2>,
) -> Answer<axum::Json<Cart>> {
    let (of, line) = (buyer.clone(), (product, variant));
    app.write(move |tx| cart::remove(tx, &of, std::slice::from_ref(&line))).await??;
    whole(&app, buyer).await
}

/// Takes everything out of the cart, at once and for good
#[utoipa::path(delete, path = "/api/v1/cart", tag = "cart", responses((status = OK, body = Cart)))]
pub async fn empty_cart(State(app): State<App>, Buying(buyer): Buying) -> Answer<axum::Json<Cart>> {
    let of = buyer.clone();
    app.write(move |tx| cart::empty(tx, &of)).await??;
    whole(&app, buyer).await
}

/// Which lines a tick concerns.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TickOf {
    All,
    /// Those of the shop in `shop`.
    Shop,
    /// Those of the product in `product`.
    Product,
    /// The one of `product` and `variant`.
    Line,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Tick {
    pub which: TickOf,
    #[serde(default)]
    pub shop: Option<String>,
    #[serde(default)]
    pub product: Option<String>,
    #[serde(default)]
    pub variant: Option<String>,
    pub chosen: bool,
}

/// Ticks lines for the next order, or unticks them
#[utoipa::path(post, path = "/api/v1/cart/choose", tag = "cart", request_body = Tick, responses((status = OK, body = Cart)))]
pub async fn choose_in_cart(
    State(app): State<App>,
    Buying(buyer): Buying,
    Json(tick): Json<Tick>,
) -> Answer<axum::Json<Cart>> {
    let named = |field: &'static str, text: &Option<String>| id(field, text.as_deref().unwrap_or(""));
    let which = match tick.which {
        TickOf::All => Which::All,
        TickOf::Shop => Which::Shop(named("shop", &tick.shop)?),
        TickOf::Product => Which::Product(named("product", &tick.product)?),
        TickOf::Line => {
            Which::Line { product: named("product", &tick.product)?, variant: named("variant", &tick.variant)? }
        }
    };
    let of = buyer.clone();
    app.write(move |tx| cart::choose(tx, &of, &which, tick.chosen)).await??;
    whole(&app, buyer).await
}
