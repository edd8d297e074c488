//! 3.5-a.1: the shop's orders. A list has masked names; one order opens what its fulfilment needs, and each field that is
//! opened stands in the ledger for its person to read.

use crate::caller::Selling;
use crate::orders::OrdersAsked;
use crate::problem::{Answer, Kind};
use crate::shape::{
    Consignee, LineOfOrder, Money, OrderHead, OrderSummary, Page, ParcelShown, Personal, RefundShown, Time,
};
use crate::wire::{At, Json, Query};
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use trade::Refused;
use trade::order;
use trade::payment::{decline, refunds_of_order};
use trade::policy::DeliverGoods;
use trade::shipping::{self, NewParcel, ParcelKind};
use utoipa::ToSchema;
use vault::Actor;
use web::app::{App, no_access, ready};

/// An order in the shop's list.
#[derive(Serialize, ToSchema)]
pub struct ShopOrderSummary {
    pub order: OrderHead,
    pub lines: Vec<LineOfOrder>,
    pub lines_count: i64,
    /// Masked.
    pub consignee_name: Option<Personal>,
}

/// The orders of your shop, newest first; `state=paid` are those to ship
#[utoipa::path(get, path = "/api/v1/sell/orders", tag = "sell", params(OrdersAsked), responses((status = OK, body = Page<ShopOrderSummary>)))]
pub async fn list_shop_orders(
    State(app): State<App>,
    Selling(seller): Selling,
    Query(asked): Query<OrdersAsked>,
) -> Answer<axum::Json<Page<ShopOrderSummary>>> {
    let filter = asked.filter()?;
    let access = ready(order::prepare_of_shop(&app.vault, &seller, &filter).await)??;
    let page = app.ask(move |r| order::of_shop(r, &seller, &access, &filter)).await??;
    let items = page.rows.iter().map(|row| {
        let OrderSummary { order, lines, lines_count } = (&row.summary).into();
        ShopOrderSummary { order, lines, lines_count, consignee_name: row.recipient.as_ref().map(Personal::masked) }
    });
    Ok(axum::Json(Page { items: items.collect(), next: page.next.map(|id| id.to_string()) }))
}

/// An order of your shop.
#[derive(Serialize, ToSchema)]
pub struct ShopOrder {
    pub order: OrderHead,
    pub lines: Vec<LineOfOrder>,
    /// What the marketplace takes of the total.
    pub commission: Money,
    /// Names, telephones and the address are shown whole; otherwise masked.
    pub whole: bool,
    /// Until when they are, once the trade is completed.
    pub whole_until: Option<Time>,
    pub buyer_name: Option<Personal>,
    /// Null where the person has had their data erased.
    pub consignee: Option<Consignee>,
    pub note: Option<Personal>,
    pub delivery_time: Option<Personal>,
    pub parcels: Vec<ParcelShown>,
    pub refunds: Vec<RefundShown>,
}

/// An order of your shop, with whom to send it to
#[utoipa::path(get, path = "/api/v1/sell/orders/{order}", tag = "sell", params(("order" = String, Path)),
    responses((status = OK, body = ShopOrder)))]
pub async fn get_shop_order(
    State(app): State<App>,
    Selling(seller): Selling,
    At(id): At,
) -> Answer<axum::Json<ShopOrder>> {
    let access = ready(order::prepare_for_seller(&app.vault, &seller, &id).await)??;
    let found = app.ask(move |r| {
        let detail = order::for_seller(r, &seller, &access, &id)?;
        // Without its consignee a parcel's number can no longer be opened.
        let way = match detail.recipient {
            Some(_) => shipping::way_for_seller(r, &seller, &access, &id)?,
            None => Vec::new(),
        };
        Ok((detail, way, refunds_of_order::<Refused>(r, &id)?))
    });
    let (detail, way, refunds) = found.await??;
    let currency = &detail.head.currency;
    let consignee = detail.recipient.as_ref().map(|to| Consignee {
        name: Personal::shown(&to.name),
        phone: Personal::shown(&to.phone),
        alt_phone: to.alt_phone.as_ref().map(Personal::shown),
        address: Personal::shown(&to.place),
    });
    Ok(axum::Json(ShopOrder {
        lines: LineOfOrder::all(&detail.lines, currency),
        commission: Money::in_(detail.commission, currency),
        whole: detail.whole,
        whole_until: Time::some(detail.whole_until),
        buyer_name: detail.buyer.as_ref().map(Personal::shown),
        consignee,
        note: Personal::some(&detail.note),
        delivery_time: Personal::some(&detail.wished_time),
        parcels: way.iter().map(ParcelShown::from).collect(),
        refunds: refunds.iter().map(RefundShown::from).collect(),
        order: (&detail.head).into(),
    }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewShipment {
    /// The courier: `sf`, `yto`, `zto` or `jd`.
    pub carrier: String,
    /// What is in it, as couriers ask: `clothing`, `small_parts`, `household`, `electronics`, `printed`, `food`, `fragile` or
    /// `other`.
    pub kind: String,
    pub weight_grams: u32,
}

/// A parcel that waits for its waybill.
#[derive(Serialize, ToSchema)]
pub struct ShipmentAsked {
    pub parcel: String,
}

/// Asks for a waybill for a paid order; the order is shipped when it comes
#[utoipa::path(post, path = "/api/v1/sell/orders/{order}/shipment", tag = "sell", params(("order" = String, Path)),
    request_body = NewShipment, responses((status = ACCEPTED, body = ShipmentAsked)))]
pub async fn ship_order(
    State(app): State<App>,
    Selling(seller): Selling,
    At(id): At,
    Json(new): Json<NewShipment>,
) -> Answer<(StatusCode, axum::Json<ShipmentAsked>)> {
    let kind = ParcelKind::parse(&new.kind);
    let (of, order) = (seller.clone(), id.clone());
    let consignee = app.ask(move |r| shipping::consignee_for_seller(r, &of, &order)).await??;
    let kind = kind.ok_or_else(|| crate::problem::Error::field(Kind::Invalid, "kind", "invalid-choice"))?;
    let parcel = NewParcel { carrier: new.carrier, kind, weight_grams: new.weight_grams };
    let by = Actor::seller(&seller.member, &seller.shop);
    let access = app.vault.access::<DeliverGoods>(&by, &[consignee]).await.map_err(no_access)?;
    let asked = app.write(move |tx| shipping::ship(tx, &seller, &access, &id, &parcel)).await?;
    let parcel = asked.map_err(|refused| {
        let field = refused.field().map(|field| if field == "weight" { "weight_grams" } else { field });
        crate::problem::Error::refused_at(&refused, field)
    })?;
    Ok((StatusCode::ACCEPTED, axum::Json(ShipmentAsked { parcel: parcel.to_string() })))
}

/// Says that a paid order cannot be delivered: the money goes back, for good
#[utoipa::path(post, path = "/api/v1/sell/orders/{order}/decline", tag = "sell", params(("order" = String, Path)),
    responses((status = NO_CONTENT)))]
pub async fn decline_order(State(app): State<App>, Selling(seller): Selling, At(id): At) -> Answer<StatusCode> {
    app.write(move |tx| decline(tx, &seller, &id).map(|_| ())).await??;
    Ok(StatusCode::NO_CONTENT)
}
