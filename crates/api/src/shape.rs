//! What the answers are made of. Field names are the document's; a person's value is a [`Personal`] and never text.

use catalogue::picture::Stored;
use catalogue::price::{Freight, Tier};
use catalogue::product::Unit;
use catalogue::view::ShopLine;
use catalogue::{Both, shop};
use policy::{Field, Purpose};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use trade::order::{Head, OrderLine, Shown, Summary};
use trade::payment::Refund;
use trade::shipping::{Station, Way, carrier_name};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use vault::{Masked, Written};
use web::pages::cut;
use web::pages::guest::CURRENCY;
use web::{Lang, format};

/// An amount in minor units (the fen of the yuan).
#[derive(Serialize, ToSchema)]
pub struct Money {
    #[schema(example = 192000)]
    pub minor: i64,
    /// ISO 4217.
    #[schema(example = "CNY")]
    pub currency: String,
}

impl Money {
    /// In the marketplace's currency.
    pub fn of(minor: i64) -> Money {
        Money::in_(minor, CURRENCY)
    }

    pub fn in_(minor: i64, currency: &str) -> Money {
        Money { minor, currency: currency.to_owned() }
    }
}

/// A text in English and Chinese. One of the two may be empty; the other is shown then.
#[derive(Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Words {
    #[serde(default)]
    #[schema(required = true)]
    pub en: String,
    #[serde(default)]
    #[schema(required = true)]
    pub zh: String,
}

impl From<&Both> for Words {
    fn from(both: &Both) -> Words {
        Words { en: both.en.clone(), zh: both.zh.clone() }
    }
}

impl From<policy::Words> for Words {
    fn from(words: policy::Words) -> Words {
        Words { en: words.en.to_owned(), zh: words.zh.to_owned() }
    }
}

impl Words {
    pub fn both(&self) -> Both {
        Both::new(&self.en, &self.zh)
    }

    /// A message of ours.
    pub fn message(key: &'static str) -> Words {
        Words { en: web::t(Lang::EN, key).to_owned(), zh: web::t(Lang::ZH, key).to_owned() }
    }
}

/// A moment in UTC, to the microsecond (RFC 3339).
#[derive(Clone, Copy)]
pub struct Time(pub i64);

impl Time {
    /// What is not known rests as nothing.
    pub fn some(micros: Option<i64>) -> Option<Time> {
        micros.map(Time)
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format::iso(self.0))
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Time, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        format::from_iso(&text).map(Time).ok_or_else(|| serde::de::Error::custom("no moment"))
    }
}

impl PartialSchema for Time {
    fn schema() -> RefOr<Schema> {
        let format = SchemaFormat::KnownFormat(KnownFormat::DateTime);
        ObjectBuilder::new().schema_type(Type::String).format(Some(format)).into()
    }
}

impl ToSchema for Time {}

/// A value of a person, opened for whoever asks.
#[derive(Serialize)]
#[serde(transparent)]
pub struct Personal(Written);

impl PartialSchema for Personal {
    fn schema() -> RefOr<Schema> {
        let told = "Personal information. Reading it leaves a line that its person can read.";
        ObjectBuilder::new().schema_type(Type::String).description(Some(told)).into()
    }
}

impl ToSchema for Personal {}

impl Personal {
    pub fn of<F: Field, P: Purpose>(value: &vault::Personal<F, P>) -> Personal {
        Personal(value.written())
    }

    pub fn some<F: Field, P: Purpose>(value: &Option<vault::Personal<F, P>>) -> Option<Personal> {
        value.as_ref().map(Personal::of)
    }

    pub fn masked(value: &Masked) -> Personal {
        Personal(value.written())
    }

    /// Whole or masked, as the seller may see it now.
    pub fn shown<F: Field>(value: &Shown<F>) -> Personal {
        match value {
            Shown::Whole(whole) => Personal::of(whole),
            Shown::Masked(masked) => Personal::masked(masked),
        }
    }
}

/// The unit of trade.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UnitOfTrade {
    /// One of it, in English.
    #[serde(default)]
    #[schema(required = true, example = "case")]
    pub one: String,
    #[serde(default)]
    #[schema(required = true, example = "cases")]
    pub many: String,
    #[serde(default)]
    #[schema(required = true, example = "箱")]
    pub zh: String,
}

impl From<&Unit> for UnitOfTrade {
    fn from(unit: &Unit) -> UnitOfTrade {
        UnitOfTrade { one: unit.one.clone(), many: unit.many.clone(), zh: unit.zh.clone() }
    }
}

impl From<&UnitOfTrade> for Unit {
    fn from(unit: &UnitOfTrade) -> Unit {
        Unit { one: unit.one.clone(), many: unit.many.clone(), zh: unit.zh.clone() }
    }
}

/// From so many units on, all variants together, a unit costs so much.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PriceTier {
    pub from: i64,
    /// Minor units of the marketplace's currency.
    pub price: i64,
}

impl From<&Tier> for PriceTier {
    fn from(tier: &Tier) -> PriceTier {
        PriceTier { from: tier.from, price: tier.price }
    }
}

/// What a shop asks for sending one order.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FreightTerms {
    /// Minor units.
    pub flat: i64,
    /// Goods amount, in minor units, from which nothing is asked.
    #[serde(default)]
    pub free_from: Option<i64>,
}

impl From<Freight> for FreightTerms {
    fn from(freight: Freight) -> FreightTerms {
        FreightTerms { flat: freight.flat, free_from: freight.free_from }
    }
}

/// A picture, as JPEG at an address of the marketplace.
#[derive(Serialize, ToSchema)]
pub struct Picture {
    #[schema(example = "/media/3fa4…")]
    pub large: String,
    pub small: String,
    /// Of the large one, in pixels.
    pub width: u32,
    pub height: u32,
}

impl From<&Stored> for Picture {
    fn from(stored: &Stored) -> Picture {
        let (width, height) = stored.size();
        Picture { large: media(stored.large().as_str()), small: media(stored.small().as_str()), width, height }
    }
}

pub fn media(blob: &str) -> String {
    web::pages::guest::media(blob)
}

/// A shop in one line.
#[derive(Serialize, ToSchema)]
pub struct ShopRef {
    pub id: String,
    pub name: Words,
    /// The town that it sends from.
    pub place: Words,
}

impl From<&ShopLine> for ShopRef {
    fn from(shop: &ShopLine) -> ShopRef {
        ShopRef { id: shop.id.to_string(), name: (&shop.name).into(), place: (&shop.place).into() }
    }
}

/// What a shop says of itself.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShopFace {
    pub name: Words,
    pub intro: Words,
    /// The town that it sends from.
    pub place: Words,
    pub freight: FreightTerms,
    pub ships_within_hours: i64,
    /// The year from which it trades.
    pub since_year: i64,
}

impl From<&shop::Face> for ShopFace {
    fn from(face: &shop::Face) -> ShopFace {
        ShopFace {
            name: (&face.name).into(),
            intro: (&face.intro).into(),
            place: (&face.place).into(),
            freight: face.freight.into(),
            ships_within_hours: face.ships_within_hours,
            since_year: face.since_year,
        }
    }
}

impl From<&ShopFace> for shop::Face {
    fn from(face: &ShopFace) -> shop::Face {
        shop::Face {
            name: face.name.both(),
            intro: face.intro.both(),
            place: face.place.both(),
            freight: Freight { flat: face.freight.flat, free_from: face.freight.free_from },
            ships_within_hours: face.ships_within_hours,
            since_year: face.since_year,
        }
    }
}

/// One page of a list.
#[derive(Serialize, ToSchema)]
pub struct Page<T: ToSchema> {
    pub items: Vec<T>,
    /// `after` of the next page; null on the last one.
    pub next: Option<String>,
}

impl<T: ToSchema> Page<T> {
    /// Of the rows found, one more than `limit` where there are more; `cursor` of the last one leads on.
    pub fn of<R>(mut found: Vec<R>, limit: i64, cursor: impl Fn(&R) -> String) -> axum::Json<Page<T>>
    where
        T: for<'r> From<&'r R>,
    {
        let next = cut(&mut found, limit).map(cursor);
        axum::Json(Page { items: found.iter().map(T::from).collect(), next })
    }
}

/// How far an order is.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrderState {
    Placed,
    Paid,
    Shipped,
    Received,
    Completed,
    Cancelled,
    Closed,
    Refunded,
}

use trade::state::OrderState as Kept;

impl From<Kept> for OrderState {
    fn from(state: Kept) -> OrderState {
        match state {
            Kept::Placed => OrderState::Placed,
            Kept::Paid => OrderState::Paid,
            Kept::Shipped => OrderState::Shipped,
            Kept::Received => OrderState::Received,
            Kept::Completed => OrderState::Completed,
            Kept::Cancelled => OrderState::Cancelled,
            Kept::Closed => OrderState::Closed,
            Kept::Refunded => OrderState::Refunded,
        }
    }
}

/// What an order is, without anything of a person.
#[derive(Serialize, ToSchema)]
pub struct OrderHead {
    pub id: String,
    /// The number that people know it by.
    pub number: String,
    pub shop: String,
    pub shop_name: Words,
    pub checkout: String,
    pub state: OrderState,
    pub goods_amount: Money,
    pub freight_amount: Money,
    pub total: Money,
    pub placed_at: Time,
    /// Unpaid, it closes then.
    pub pay_until: Time,
    pub paid_at: Option<Time>,
    pub shipped_at: Option<Time>,
    pub received_at: Option<Time>,
    /// Receipt counts as confirmed then.
    pub confirm_until: Option<Time>,
    /// When it was completed, cancelled, closed or refunded.
    pub ended_at: Option<Time>,
}

impl From<&Head> for OrderHead {
    fn from(head: &Head) -> OrderHead {
        let money = |minor| Money::in_(minor, &head.currency);
        OrderHead {
            id: head.order.to_string(),
            number: head.number.clone(),
            shop: head.shop.to_string(),
            shop_name: (&head.shop_name).into(),
            checkout: head.checkout.to_string(),
            state: head.state.into(),
            goods_amount: money(head.goods_amount),
            freight_amount: money(head.freight_amount),
            total: money(head.total),
            placed_at: Time(head.placed_at),
            pay_until: Time(head.pay_until),
            paid_at: Time::some(head.paid_at),
            shipped_at: Time::some(head.shipped_at),
            received_at: Time::some(head.received_at),
            confirm_until: Time::some(head.confirm_until),
            ended_at: Time::some(head.completed_at),
        }
    }
}

/// A line of an order, as it was when the order was placed.
#[derive(Serialize, ToSchema)]
pub struct LineOfOrder {
    pub product: String,
    pub variant: String,
    /// The seller's own number.
    pub sku: String,
    pub title: Words,
    pub variant_name: Words,
    pub unit: UnitOfTrade,
    pub picture: Option<String>,
    pub quantity: i64,
    pub unit_price: Money,
    pub amount: Money,
}

impl LineOfOrder {
    pub fn of(line: &OrderLine, currency: &str) -> LineOfOrder {
        LineOfOrder {
            product: line.product.to_string(),
            variant: line.variant.to_string(),
            sku: line.sku.clone(),
            title: (&line.title).into(),
            variant_name: (&line.name).into(),
            unit: (&line.unit).into(),
            picture: line.picture.as_deref().map(media),
            quantity: line.quantity,
            unit_price: Money::in_(line.unit_price, currency),
            amount: Money::in_(line.amount, currency),
        }
    }

    pub fn all(lines: &[OrderLine], currency: &str) -> Vec<LineOfOrder> {
        lines.iter().map(|line| LineOfOrder::of(line, currency)).collect()
    }
}

/// An order in a list.
#[derive(Serialize, ToSchema)]
pub struct OrderSummary {
    pub order: OrderHead,
    /// The first few.
    pub lines: Vec<LineOfOrder>,
    pub lines_count: i64,
}

impl From<&Summary> for OrderSummary {
    fn from(summary: &Summary) -> OrderSummary {
        OrderSummary {
            order: (&summary.head).into(),
            lines: LineOfOrder::all(&summary.lines, &summary.head.currency),
            lines_count: summary.lines_count,
        }
    }
}

/// Who receives the goods.
#[derive(Serialize, ToSchema)]
pub struct Consignee {
    pub name: Personal,
    pub phone: Personal,
    pub alt_phone: Option<Personal>,
    pub address: Personal,
}

/// Money on its way back.
#[derive(Serialize, ToSchema)]
pub struct RefundShown {
    pub id: String,
    pub amount: Money,
    pub state: RefundState,
    pub asked_at: Time,
    pub done_at: Option<Time>,
}

/// How far a refund or a payout is.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RefundState {
    /// The payment company is being asked.
    Asked,
    Done,
    /// The payment company refuses; the operator looks.
    Failed,
}

impl From<&Refund> for RefundShown {
    fn from(refund: &Refund) -> RefundShown {
        use trade::payment::RefundState as Kept;
        RefundShown {
            id: refund.id.to_string(),
            amount: Money::of(refund.amount),
            state: match refund.state {
                Kept::Asked => RefundState::Asked,
                Kept::Done => RefundState::Done,
                Kept::Failed => RefundState::Failed,
            },
            asked_at: Time(refund.made_at),
            done_at: Time::some(refund.done_at),
        }
    }
}

/// A parcel and its way.
#[derive(Serialize, ToSchema)]
pub struct ParcelShown {
    pub id: String,
    /// The courier's code.
    pub carrier: String,
    pub carrier_name: Words,
    /// `asked`, `refused`, `ready`, `accepted`, `in_transit`, `out_for_delivery`, `failed`, `delivered` or `cancelled`.
    pub state: String,
    pub waybill: Option<Personal>,
    /// Why there is no waybill: the platform gives none, or does not answer and is asked again.
    pub refusal: Option<Words>,
    pub asked_at: Time,
    pub delivered_at: Option<Time>,
    /// Newest first.
    pub stations: Vec<StationShown>,
}

/// One event of a parcel's way.
#[derive(Serialize, ToSchema)]
pub struct StationShown {
    pub at: Time,
    /// As the parcel's.
    pub state: String,
    /// The depot; where the delivery failed, why (`refused`, `nobody_there`, `lost`, `other`); or empty.
    pub place: String,
}

impl From<&Station> for StationShown {
    fn from(station: &Station) -> StationShown {
        StationShown { at: Time(station.at), state: station.state.id().to_owned(), place: station.place.clone() }
    }
}

impl<P: Purpose> From<&Way<P>> for ParcelShown {
    fn from(way: &Way<P>) -> ParcelShown {
        let name = |lang: Lang| carrier_name(&way.carrier, lang.0).to_owned();
        ParcelShown {
            id: way.shipment.to_string(),
            carrier: way.carrier.clone(),
            carrier_name: Words { en: name(Lang::EN), zh: name(Lang::ZH) },
            state: way.state.id().to_owned(),
            waybill: Personal::some(&way.waybill),
            refusal: trade::shipping::why_key(way.state, &way.why).map(Words::message),
            asked_at: Time(way.made_at),
            delivered_at: Time::some(way.delivered_at),
            stations: way.stations.iter().map(StationShown::from).collect(),
        }
    }
}
