//! What a seller offers. A product comes with its pictures in one form, for a picture without a product is nobody's.

use crate::caller::Selling;
use crate::goods::Product;
use crate::once::{MaybeKey, made};
use crate::problem::{Answer, Error, Kind};
use crate::shape::{Money, Page, PriceTier, UnitOfTrade, Words, media};
use crate::wire::{self, At, Json, Query, after, limit};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use catalogue::Refused;
use catalogue::picture::{self, Prepared};
use catalogue::price::Tier;
use catalogue::product::{self, Attribute, NewPicture, NewProduct, NewVariant, PICTURES_MAX, Published, Unit};
use catalogue::shop::Seller;
use catalogue::view::{self, ProductPage};
use db::{Id, Tx};
use member::attempt;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{IntoParams, PartialSchema, ToSchema};
use web::App;
use web::pages::sell::{decode, save_with};

/// Some pictures of the largest size that is taken, and the rest of the form.
pub const FORM_BYTES_MAX: usize = 2 * picture::BYTES_MAX + 1024 * 1024;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct OwnAsked {
    /// Those that are for sale, or those that are down; all where nothing is said.
    listed: Option<bool>,
    /// Goods on a page: 1 to 100, as shipped 20.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
    /// `next` of the page before.
    after: Option<String>,
}

/// A product in its seller's list.
#[derive(Serialize, ToSchema)]
pub struct OwnProduct {
    pub id: String,
    pub listed: bool,
    pub title: Words,
    pub picture: Option<String>,
    pub unit: UnitOfTrade,
    pub minimum: i64,
    pub price_low: Money,
    pub price_high: Money,
    pub sold: i64,
    /// All variants together.
    pub stock: i64,
    pub version: i64,
}

impl From<&view::OwnLine> for OwnProduct {
    fn from(line: &view::OwnLine) -> OwnProduct {
        OwnProduct {
            id: line.id.to_string(),
            listed: line.listed,
            title: (&line.title).into(),
            picture: line.picture.as_ref().map(|blob| media(blob.as_str())),
            unit: (&line.unit).into(),
            minimum: line.minimum,
            price_low: Money::of(line.price_low),
            price_high: Money::of(line.price_high),
            sold: line.sold,
            stock: line.stock,
            version: line.version,
        }
    }
}

/// Your products, newest first
#[utoipa::path(get, path = "/api/v1/sell/products", tag = "sell", params(OwnAsked), responses((status = OK, body = Page<OwnProduct>)))]
pub async fn list_own_products(
    State(app): State<App>,
    Selling(seller): Selling,
    Query(asked): Query<OwnAsked>,
) -> Answer<axum::Json<Page<OwnProduct>>> {
    let (limit, before) = (limit(asked.limit)?, after(asked.after.as_deref())?);
    let rows = app.read(move |r| Ok(view::own_products(r, &seller, asked.listed, before.as_ref(), limit + 1)?)).await?;
    Ok(Page::of(rows, limit, |product| product.id.to_string()))
}

async fn own(app: &App, seller: &Seller, id: &Id) -> Answer<ProductPage> {
    let (seller, id) = (seller.clone(), id.clone());
    app.read(move |r| Ok(view::own_product(r, &seller, &id)?)).await?.ok_or_else(Error::not_found)
}

/// One of your products
#[utoipa::path(get, path = "/api/v1/sell/products/{product}", tag = "sell", params(("product" = String, Path)),
    responses((status = OK, body = Product)))]
pub async fn get_own_product(
    State(app): State<App>,
    Selling(seller): Selling,
    At(id): At,
) -> Answer<axum::Json<Product>> {
    Ok(axum::Json((&own(&app, &seller, &id).await?).into()))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewVariantOffered {
    /// The variant that this edits; none adds one.
    #[serde(default)]
    pub id: Option<String>,
    /// Your own number.
    #[serde(default)]
    pub sku: String,
    pub name: Words,
    /// Minor units on top of the tier's price.
    #[serde(default)]
    pub surcharge: i64,
    /// Units that can be sold.
    pub stock: i64,
    /// Of an edit: the stock that it was made from. Only the difference is booked, so that what was sold meanwhile is not
    /// sold twice.
    #[serde(default)]
    pub stock_was: i64,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAttribute {
    pub name: Words,
    pub value: Words,
}

/// What is offered: up to 50 variants, 6 tiers, 12 pictures, 30 attributes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewProductOffered {
    /// Your own number for the product, which no other of yours has; may be empty. Left out of an edit, it stays.
    #[serde(default)]
    pub reference: Option<String>,
    /// Key of a category.
    pub category: String,
    pub title: Words,
    pub text: Words,
    pub unit: UnitOfTrade,
    /// What the variants differ in: size, colour.
    pub axis: Words,
    #[serde(default)]
    pub attributes: Vec<NewAttribute>,
    /// Rising in units, falling in price; the first begins at the minimum order.
    pub tiers: Vec<PriceTier>,
    pub variants: Vec<NewVariantOffered>,
    /// Of an edit: the version that it was made from.
    #[serde(default)]
    pub version: i64,
    /// Of an edit: the pictures that stay, by their places from 0, in their new order. Uploaded ones come after them.
    #[serde(default)]
    pub pictures: Vec<i64>,
}

impl NewProductOffered {
    fn read(&self) -> Answer<NewProduct> {
        let mut variants = Vec::with_capacity(self.variants.len());
        for (n, variant) in self.variants.iter().enumerate() {
            let id =
                variant.id.as_deref().map(|text| wire::id(&format!("product.variants.{n}.id"), text)).transpose()?;
            variants.push(NewVariant {
                id,
                sku: variant.sku.clone(),
                name: variant.name.both(),
                surcharge: variant.surcharge,
                stock: variant.stock,
                stock_was: variant.stock_was,
            });
        }
        let attribute = |a: &NewAttribute| Attribute { name: a.name.both(), value: a.value.both() };
        Ok(NewProduct {
            reference: self.reference.clone().unwrap_or_default(),
            category: self.category.clone(),
            title: self.title.both(),
            text: self.text.both(),
            unit: Unit::from(&self.unit),
            axis: self.axis.both(),
            attributes: self.attributes.iter().map(attribute).collect(),
            tiers: self.tiers.iter().map(|tier| Tier { from: tier.from, price: tier.price }).collect(),
            variants,
            pictures: self.pictures.iter().map(|place| NewPicture::Kept(*place)).collect(),
        })
    }
}

/// A file.
pub struct Upload;

impl PartialSchema for Upload {
    fn schema() -> RefOr<Schema> {
        let format = SchemaFormat::KnownFormat(KnownFormat::Binary);
        ObjectBuilder::new().schema_type(Type::String).format(Some(format)).into()
    }
}

impl ToSchema for Upload {}

/// A product and its new pictures, as `multipart/form-data`.
#[derive(ToSchema)]
#[allow(dead_code)]
pub struct ProductForm {
    /// As JSON.
    product: NewProductOffered,
    /// JPEG, PNG or WebP, up to 12 MiB each. The first picture is the one for lists.
    #[schema(inline, required = false)]
    picture: Vec<Upload>,
}

/// The form: what is offered, as it was said and as it was read, and the files.
struct Received {
    said: Vec<u8>,
    offered: NewProductOffered,
    files: Vec<Vec<u8>>,
}

async fn receive(request: Request) -> Answer<Received> {
    let mut form = wire::form(request).await?;
    let (mut offered, mut files) = (None, Vec::new());
    while let Some(part) = form.next().await? {
        let name = part.name().to_owned();
        let bytes = part.bytes().await?;
        match name.as_str() {
            "product" if offered.is_none() => offered = Some((wire::read_json(&bytes, "product")?, bytes)),
            "picture" if files.len() < PICTURES_MAX => files.push(bytes),
            "picture" => return Err(at_row(Refused::Count { of: "pictures", min: 1, max: PICTURES_MAX })),
            other => {
                let known = other == "product";
                let (field, key) = if known { (other, "api-twice") } else { (other, "api-unknown-field") };
                return Err(Error::field(Kind::Invalid, &field.chars().take(60).collect::<String>(), key));
            }
        }
    }
    let (offered, said) = offered.ok_or_else(|| Error::field(Kind::Invalid, "product", "invalid-missing"))?;
    Ok(Received { said, offered, files })
}

/// A refusal at the row that it means.
fn at_row(refused: Refused) -> Error {
    let field = match &refused {
        Refused::TierQuantity { row } => Some(format!("product.tiers.{}.from", row.saturating_sub(1))),
        Refused::TierPrice { row } => Some(format!("product.tiers.{}.price", row.saturating_sub(1))),
        Refused::VariantTwice { row } | Refused::VariantUnknown { row } => {
            Some(format!("product.variants.{}", row.saturating_sub(1)))
        }
        Refused::PictureUnknown { row } => Some(format!("product.pictures.{}", row.saturating_sub(1))),
        Refused::NotAPicture
        | Refused::PictureBytes { .. }
        | Refused::PicturePixels { .. }
        | Refused::PictureTooSmall { .. } => Some("picture".to_owned()),
        Refused::Short { .. } => Some("product.variants".to_owned()),
        other => other.field().map(|field| format!("product.{field}")),
    };
    Error::refused_at(&refused, field.as_deref())
}

/// A product as it was saved.
#[derive(Serialize, ToSchema)]
pub struct ProductSaved {
    pub id: String,
    pub version: i64,
}

impl From<Published> for ProductSaved {
    fn from(published: Published) -> ProductSaved {
        ProductSaved { id: published.id.to_string(), version: published.version }
    }
}

/// What is offered, with its new pictures by the names that they will be stored under.
async fn checked(received: Received) -> Answer<(NewProduct, Arc<Vec<Prepared>>)> {
    let mut new = received.offered.read()?;
    let pictures = decode(received.files).await?.map_err(at_row)?;
    new.pictures.extend(pictures.iter().map(|picture| NewPicture::New(picture.named())));
    Ok((new, pictures))
}

/// Publishes a product: for sale at once
///
/// Sent again under the same key it is published once.
#[utoipa::path(post, path = "/api/v1/sell/products", tag = "sell", params(MaybeKey),
    request_body(content = ProductForm, content_type = "multipart/form-data"),
    responses((status = CREATED, body = ProductSaved), (status = OK, body = ProductSaved, description = "Published before")))]
pub async fn publish_product(
    State(app): State<App>,
    Selling(seller): Selling,
    key: MaybeKey,
    request: Request,
) -> Answer<(StatusCode, axum::Json<ProductSaved>)> {
    let received = receive(request).await?;
    let said = received.said.clone();
    let (new, pictures) = checked(received).await?;
    // The same pictures have the same names, and hashing these takes no time.
    let names = new.pictures.iter().filter_map(|picture| match picture {
        NewPicture::New(stored) => Some(stored.large().as_str().as_bytes()),
        NewPicture::Kept(_) => None,
    });
    let parts: Vec<&[u8]> = std::iter::once(&*said).chain(names).collect();
    let attempt = key.attempt(&app, &seller.member, "publish_product", &parts).await?;
    let before = match attempt.clone() {
        Some(attempt) => app.read(move |r| Ok(attempt::before(r, &attempt)?)).await?,
        None => None,
    };
    let done = match before {
        // Nothing is stored for what is not published.
        Some(before) => before,
        None => {
            let of = seller.clone();
            let publish = move |tx: &mut Tx| {
                attempt::once(tx, attempt.as_ref(), |tx| product::publish(tx, &of, &new).map(|published| published.id))
            };
            save_with(&app, pictures, publish).await?.map_err(at_row)?
        }
    };
    // What it is now: it may have been changed since it was published.
    let (status, id) = made(done, StatusCode::CREATED)?;
    let version = match status {
        StatusCode::CREATED => 1,
        _ => own(&app, &seller, &id).await?.version,
    };
    Ok((status, axum::Json(ProductSaved { id: id.to_string(), version })))
}

/// Saves a product anew, made from `version`; variants that are left out are no longer offered
#[utoipa::path(put, path = "/api/v1/sell/products/{product}", tag = "sell", params(("product" = String, Path)),
    request_body(content = ProductForm, content_type = "multipart/form-data"), responses((status = OK, body = ProductSaved)))]
pub async fn edit_product(
    State(app): State<App>,
    Selling(seller): Selling,
    At(id): At,
    request: Request,
) -> Answer<axum::Json<ProductSaved>> {
    let page = own(&app, &seller, &id).await?;
    let mut received = receive(request).await?;
    received.offered.reference.get_or_insert(page.reference);
    let version = received.offered.version;
    let (new, pictures) = checked(received).await?;
    let edit = move |tx: &mut Tx| product::edit(tx, &seller, &id, version, &new);
    Ok(axum::Json(save_with(&app, pictures, edit).await?.map_err(at_row)?.into()))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VariantStock {
    pub variant: String,
    /// Units that can be sold.
    pub stock: i64,
    /// The stock that this was counted from: then only the difference is booked. Without it, the stock is set whatever it
    /// is now.
    #[serde(default)]
    pub stock_was: Option<i64>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewStock {
    pub variants: Vec<VariantStock>,
}

/// Sets the stock of variants; all else stays
#[utoipa::path(put, path = "/api/v1/sell/products/{product}/stock", tag = "sell", params(("product" = String, Path)),
    request_body = NewStock, responses((status = OK, body = ProductSaved)))]
pub async fn set_stock(
    State(app): State<App>,
    Selling(seller): Selling,
    At(id): At,
    Json(new): Json<NewStock>,
) -> Answer<axum::Json<ProductSaved>> {
    let page = own(&app, &seller, &id).await?;
    let mut product = page.as_form();
    for (n, set) in new.variants.iter().enumerate() {
        let wanted = wire::id(&format!("variants.{n}.variant"), &set.variant)?;
        let Some(variant) = product.variants.iter_mut().find(|variant| variant.id.as_ref() == Some(&wanted)) else {
            return Err(Error::field(Kind::Invalid, &format!("variants.{n}.variant"), "invalid-choice"));
        };
        variant.stock = set.stock;
        variant.stock_was = set.stock_was.unwrap_or(variant.stock_was);
    }
    let version = page.version;
    let saved = app.write(move |tx| product::edit(tx, &seller, &id, version, &product)).await?;
    let saved = saved.map_err(|refused| Error::refused_at(&refused, refused.field().map(|_| "variants")))?;
    Ok(axum::Json(saved.into()))
}

/// Takes a product off sale; orders in hand go on
#[utoipa::path(post, path = "/api/v1/sell/products/{product}/down", tag = "sell", params(("product" = String, Path)),
    responses((status = NO_CONTENT)))]
pub async fn take_down_product(State(app): State<App>, Selling(seller): Selling, At(id): At) -> Answer<StatusCode> {
    app.write(move |tx| product::take_down(tx, &seller, &id)).await??;
    Ok(StatusCode::NO_CONTENT)
}

/// Puts a product that was taken down on sale again
#[utoipa::path(post, path = "/api/v1/sell/products/{product}/list", tag = "sell", params(("product" = String, Path)),
    responses((status = NO_CONTENT)))]
pub async fn list_product_again(State(app): State<App>, Selling(seller): Selling, At(id): At) -> Answer<StatusCode> {
    app.write(move |tx| product::list_again(tx, &seller, &id)).await??;
    Ok(StatusCode::NO_CONTENT)
}
