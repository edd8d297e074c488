//! 2.3.2 and 2.3.3: ordering what is chosen in the cart, and the way to the cashier.

use crate::caller::Buying;
use crate::cart::Cart;
use crate::me::NewConsent;
use crate::once::{KEY, Key};
use crate::problem::{Answer, Error};
use crate::shape::{Money, Time, Words};
use crate::wire::{At, Json, id};
use axum::extract::State;
use axum::http::StatusCode;
use policy::fields::{ConsigneeAddress, ConsigneeAltPhone, ConsigneeName, ConsigneePhone, DeliveryTime, OrderNote};
use policy::{Entered, Language, Purpose, Typed};
use serde::{Deserialize, Serialize};
use trade::Refused;
use trade::address::Place;
use trade::checkout::{self, Destination, NewOrder, Placed};
use trade::payment::{self, PaymentState};
use trade::policy::KeepAddressBook;
use utoipa::ToSchema;
use web::app::{App, no_access, ready};
use web::error::Failure;
use web::pages::checkout::keep_too;
use web::{FieldError, FormErrors, Lang};

/// What an order of the chosen lines would be.
#[derive(Serialize, ToSchema)]
pub struct Quote {
    /// Of the chosen lines only.
    pub cart: Cart,
    /// What the buyer assures who orders for somebody else: shown to them before `assured` is sent.
    pub assurance: Words,
    /// What the buyer assures who also keeps that address: shown to them before `keep` is sent.
    pub assurance_to_keep: Words,
}

/// What an order of the chosen lines would cost
#[utoipa::path(get, path = "/api/v1/quote", tag = "orders", responses((status = OK, body = Quote)))]
pub async fn get_quote(State(app): State<App>, Buying(buyer): Buying) -> Answer<axum::Json<Quote>> {
    let chosen = app.ask(move |r| trade::cart::view_chosen(r, &buyer)).await??;
    Ok(axum::Json(Quote {
        cart: (&chosen).into(),
        assurance: checkout::ASSURANCE.into(),
        assurance_to_keep: trade::address::ASSURANCE.into(),
    }))
}

/// Who receives the goods, where.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewConsignee {
    #[schema(value_type = String)]
    pub name: Typed,
    #[schema(value_type = String, example = "138 0013 8000")]
    pub phone: Typed,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub alt_phone: Option<Typed>,
    #[schema(value_type = String)]
    pub address: Typed,
}

impl NewConsignee {
    /// As the domain takes it; every mistake stands under `base`.
    pub fn read(&self, base: &str, errors: &mut FormErrors) -> Option<Place> {
        let name = errors.take(&format!("{base}name"), Entered::<ConsigneeName>::parse(&self.name));
        let phone = errors.take(&format!("{base}phone"), Entered::<ConsigneePhone>::parse(&self.phone));
        let place = errors.take(&format!("{base}address"), Entered::<ConsigneeAddress>::parse(&self.address));
        let alt = self.alt_phone.as_ref().map_or(Ok(None), Entered::<ConsigneeAltPhone>::parse_optional);
        let alt = errors.take(&format!("{base}alt_phone"), alt);
        Some(Place { name: name?, phone: phone?, alt_phone: alt?, place: place? })
    }
}

/// Where the goods go.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum To {
    /// An address of the book, named in `address`.
    Kept,
    /// To the buyer, at `consignee`.
    Own,
    /// To somebody else, at `consignee`; needs `assured`.
    Another,
}

/// The language in which the buyer read the words of the assurance.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReadIn {
    En,
    Zh,
}

impl From<ReadIn> for Language {
    fn from(read: ReadIn) -> Language {
        match read {
            ReadIn::En => Language::En,
            ReadIn::Zh => Language::Zh,
        }
    }
}

/// For the seller of that shop only.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewNote {
    pub shop: String,
    #[schema(value_type = String)]
    pub note: Typed,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewOrders {
    /// Minor units: the cart's total as the buyer saw it. Another one now is refused.
    pub total_seen: i64,
    pub to: To,
    #[serde(default)]
    pub address: Option<String>,
    #[serde(default)]
    pub consignee: Option<NewConsignee>,
    /// The buyer assures that the consignee agreed, in the words of the quote.
    #[serde(default)]
    pub assured: Option<ReadIn>,
    /// Keeps `consignee` in the address book too, by the consent that this is: the words are those of `KeepAddressBook`
    /// among the consents.
    #[serde(default)]
    pub keep: Option<NewConsent>,
    /// When delivery would be welcome.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub delivery_time: Option<Typed>,
    #[serde(default)]
    pub notes: Vec<NewNote>,
}

/// The orders of one checkout: one for each seller.
#[derive(Serialize, ToSchema)]
pub struct PlacedOrders {
    pub checkout: String,
    pub orders: Vec<PlacedOrder>,
    pub amount: Money,
    pub pay_until: Time,
}

#[derive(Serialize, ToSchema)]
pub struct PlacedOrder {
    pub id: String,
    pub number: String,
    pub shop: String,
    pub total: Money,
}

impl From<&Placed> for PlacedOrders {
    fn from(placed: &Placed) -> PlacedOrders {
        let orders = placed.orders.iter().map(|order| PlacedOrder {
            id: order.order.to_string(),
            number: order.number.clone(),
            shop: order.shop.to_string(),
            total: Money::in_(order.total, &placed.currency),
        });
        PlacedOrders {
            checkout: placed.checkout.to_string(),
            orders: orders.collect(),
            amount: Money::in_(placed.amount, &placed.currency),
            pay_until: Time(placed.pay_until),
        }
    }
}

/// Orders the chosen lines of the cart, one order for each seller, all or none
///
/// The same key with the same content is answered with what the first made (200), and keeps no address again; with other
/// content it is refused.
#[utoipa::path(post, path = "/api/v1/orders", tag = "orders", request_body = NewOrders,
    params(("Idempotency-Key" = String, Header, description = "16 to 64 letters, digits, - or _, new for each order")),
    responses((status = CREATED, body = PlacedOrders), (status = OK, body = PlacedOrders, description = "Placed before")))]
pub async fn place_orders(
    State(app): State<App>,
    Buying(buyer): Buying,
    Key(once): Key,
    Json(new): Json<NewOrders>,
) -> Answer<(StatusCode, axum::Json<PlacedOrders>)> {
    let mut errors = FormErrors::default();
    let typed = |errors: &mut FormErrors| match &new.consignee {
        Some(consignee) => consignee.read("consignee.", errors),
        None => errors.take("consignee", Err(policy::Invalid::Missing)),
    };
    let destination = match new.to {
        To::Own => typed(&mut errors).map(Destination::Own),
        To::Another => typed(&mut errors).map(Destination::Another),
        To::Kept => Some(Destination::Kept(id("address", new.address.as_deref().unwrap_or(""))?)),
    };
    let wished = new.delivery_time.as_ref().map_or(Ok(None), Entered::<DeliveryTime>::parse_optional);
    let wished_time = errors.take("delivery_time", wished).flatten();
    let mut notes = Vec::new();
    for (n, one) in new.notes.iter().enumerate() {
        let shop = id(&format!("notes.{n}.shop"), &one.shop)?;
        let note = errors.take(&format!("notes.{n}.note"), Entered::<OrderNote>::parse_optional(&one.note));
        notes.extend(note.flatten().map(|note| (shop, note)));
    }
    if matches!(new.to, To::Another) && new.assured.is_none() {
        web::app::Told::tell(&Refused::AssuranceMissing, &mut errors);
    }
    // What stands in the book is kept already.
    if matches!(new.to, To::Kept) && new.keep.is_some() {
        errors.add(FieldError::plain("keep", "invalid-choice"));
    }
    let Some(destination) = destination.filter(|_| errors.is_empty()) else { return Err(errors.into()) };
    let keep = match &new.keep {
        Some(keep) => {
            let shown = keep.shown(&app, &KeepAddressBook::INFO, "keep.")?;
            Some((shown, destination.clone(), Language::from(keep.language)))
        }
        None => None,
    };
    let assured = new.assured.map(Language::from);
    let (access, delivery) = ready(checkout::prepare(&app.vault, &buyer, destination, assured).await)??;
    let order = NewOrder { once, total_seen: new.total_seen, delivery, wished_time, notes };
    let (terms, of) = (app.terms.clone(), buyer.clone());
    let placed = app.write(move |tx| checkout::place_order(tx, &terms, &of, &access, &order)).await?;
    let placed = placed.map_err(|refused| match &refused {
        Refused::SentBefore { .. } => Error::refused_at(&refused, Some(KEY)),
        Refused::PriceChanged { .. } => Error::refused_at(&refused, Some("total_seen")),
        Refused::NoteToNobody => Error::refused_at(&refused, Some("notes")),
        // The cart's, not this request's.
        Refused::BelowMinimum { .. } | Refused::Quantity { .. } | Refused::Short { .. } => {
            Error::refused_at(&refused, Some("cart.quantity"))
        }
        _ => Error::refused(&refused),
    })?;
    if let Some((shown, ordered_to, read_in)) = keep {
        keep_too(&app, &buyer, shown, ordered_to, read_in, &placed).await?;
    }
    let status = if placed.new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, axum::Json((&placed).into())))
}

/// How far a payment is.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PaymentShownState {
    /// It waits for its payer.
    Open,
    Paid,
    /// Nobody paid it, or another one took its place.
    Closed,
    /// Another amount came than ours; the money goes back.
    DisputedAmount,
}

#[derive(Serialize, ToSchema)]
pub struct PaymentShown {
    pub number: String,
    pub amount: Money,
    pub state: PaymentShownState,
    pub begun_at: Time,
    pub paid_at: Option<Time>,
}

/// A checkout and how far its payment is.
#[derive(Serialize, ToSchema)]
pub struct CheckoutShown {
    pub placed: PlacedOrders,
    /// Orders that still wait to be paid.
    pub unpaid: Vec<String>,
    pub payments: Vec<PaymentShown>,
}

/// A checkout: its orders, and how far its payment is
#[utoipa::path(get, path = "/api/v1/checkouts/{checkout}", tag = "orders", params(("checkout" = String, Path)),
    responses((status = OK, body = CheckoutShown)))]
pub async fn get_checkout(
    State(app): State<App>,
    Buying(buyer): Buying,
    At(id): At,
) -> Answer<axum::Json<CheckoutShown>> {
    let found = app.ask(move |r| {
        let placed = checkout::of_checkout(r, &buyer, &id)?;
        let payments = payment::of_checkout(r, &buyer, &id)?;
        Ok((placed, payments))
    });
    let (placed, payments) = found.await?.map_err(|refused: Refused| Error::refused(&refused))?;
    let unpaid = placed.orders.iter().filter(|order| order.to_pay).map(|order| order.order.to_string());
    let payments = payments.iter().map(|payment| PaymentShown {
        number: payment.number.clone(),
        amount: Money::in_(payment.amount, &payment.currency),
        state: match payment.state {
            PaymentState::Open => PaymentShownState::Open,
            PaymentState::Paid => PaymentShownState::Paid,
            PaymentState::Closed => PaymentShownState::Closed,
            PaymentState::DisputedAmount => PaymentShownState::DisputedAmount,
        },
        begun_at: Time(payment.begun_at),
        paid_at: Time::some(payment.paid_at),
    });
    Ok(axum::Json(CheckoutShown { placed: (&placed).into(), unpaid: unpaid.collect(), payments: payments.collect() }))
}

/// Which of the payment company's pages the payer sees.
#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CashierKind {
    #[default]
    Page,
    Phone,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPayment {
    #[serde(default)]
    #[schema(inline)]
    pub cashier: CashierKind,
}

/// The way to the cashier.
#[derive(Serialize, ToSchema)]
pub struct PaymentBegun {
    pub number: String,
    pub amount: Money,
    pub pay_until: Time,
    /// Where the payer pays, in a browser: signed, and good until then.
    pub cashier_url: String,
}

/// Begins the payment of what is still to be paid of a checkout, or goes on with the one that waits
#[utoipa::path(post, path = "/api/v1/checkouts/{checkout}/payment", tag = "orders", params(("checkout" = String, Path)),
    request_body = NewPayment, responses((status = OK, body = PaymentBegun)))]
pub async fn start_payment(
    State(app): State<App>,
    Buying(buyer): Buying,
    At(id): At,
    lang: Lang,
    Json(new): Json<NewPayment>,
) -> Answer<axum::Json<PaymentBegun>> {
    let access = payment::access(&app.vault, &buyer).await.map_err(no_access)?;
    let begun = app.write(move |tx| payment::begin(tx, &buyer, &access, &id)).await??;
    let cashier = match new.cashier {
        CashierKind::Page => partners::alipay::Cashier::Page,
        CashierKind::Phone => partners::alipay::Cashier::Phone,
    };
    let back = format!("{}{}", app.site.origin, lang.path("/pay/return"));
    let (number, amount) = (begun.number.clone(), Money::in_(begun.amount, &begun.currency));
    let pay_until = Time(begun.expires_at);
    let cashier_url = app.alipay.cashier_url(cashier, &begun.for_cashier(back)).map_err(|error| {
        tracing::error!(%error, "no way to the cashier");
        Failure::Unavailable
    })?;
    Ok(axum::Json(PaymentBegun { number, amount, pay_until, cashier_url }))
}
