//! 2.3.2-e: the buyer's orders. One that is not the buyer's is not there.

use crate::caller::Buying;
use crate::problem::{Answer, Error};
use crate::shape::{
    Consignee, LineOfOrder, OrderHead, OrderState, OrderSummary, Page, ParcelShown, Personal, RefundShown, Time,
};
use crate::wire::{At, Json, Query, after, limit};
use axum::extract::State;
use db::Id;
use serde::{Deserialize, Serialize};
use trade::order::{self, Filter};
use trade::payment::refunds_of_order;
use trade::{Buyer, Refused, shipping};
use utoipa::{IntoParams, ToSchema};
use web::app::{App, ready};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct OrdersAsked {
    /// States, separated by commas; all where none is named.
    #[param(example = "paid,shipped")]
    pub state: Option<String>,
    /// Part of a title, a variant or an article number; or an order's whole number.
    pub q: Option<String>,
    /// Those that were taken out of the list, instead of the others.
    pub hidden: Option<bool>,
    /// Orders on a page: 1 to 100, as shipped 20.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<i64>,
    /// `next` of the page before.
    pub after: Option<String>,
}

/// The states of a query.
pub fn states(asked: Option<&str>) -> Answer<Vec<trade::state::OrderState>> {
    let named = asked.unwrap_or("").split(',').map(str::trim).filter(|id| !id.is_empty());
    let states: Option<Vec<_>> = named.map(trade::state::OrderState::parse).collect();
    states.ok_or_else(|| Error::field(crate::problem::Kind::Invalid, "state", "invalid-choice"))
}

impl OrdersAsked {
    pub fn filter(&self) -> Answer<Filter> {
        Ok(Filter {
            states: states(self.state.as_deref())?,
            words: self.q.clone().unwrap_or_default(),
            hidden: self.hidden.unwrap_or(false),
            before: after(self.after.as_deref())?,
            limit: limit(self.limit)?,
        })
    }
}

/// Your orders, newest first
#[utoipa::path(get, path = "/api/v1/orders", tag = "orders", params(OrdersAsked), responses((status = OK, body = Page<OrderSummary>)))]
pub async fn list_orders(
    State(app): State<App>,
    Buying(buyer): Buying,
    Query(asked): Query<OrdersAsked>,
) -> Answer<axum::Json<Page<OrderSummary>>> {
    let filter = asked.filter()?;
    let page = app.ask(move |r| order::mine(r, &buyer, &filter)).await??;
    let items = page.rows.iter().map(OrderSummary::from).collect();
    Ok(axum::Json(Page { items, next: page.next.map(|id| id.to_string()) }))
}

/// One of your orders.
#[derive(Serialize, ToSchema)]
pub struct Order {
    pub order: OrderHead,
    /// You have taken it out of the list.
    pub hidden: bool,
    pub lines: Vec<LineOfOrder>,
    /// Null where the consignee, who is somebody else, has had their data erased.
    pub consignee: Option<Consignee>,
    pub for_another: bool,
    pub note: Option<Personal>,
    pub delivery_time: Option<Personal>,
    pub parcels: Vec<ParcelShown>,
    pub refunds: Vec<RefundShown>,
    /// Until when the law has the record kept; known once the trade has ended.
    pub kept_until: Option<Time>,
}

/// One of your orders, with its consignee and its parcels
#[utoipa::path(get, path = "/api/v1/orders/{order}", tag = "orders", params(("order" = String, Path)),
    responses((status = OK, body = Order)))]
pub async fn get_order(State(app): State<App>, Buying(buyer): Buying, At(id): At) -> Answer<axum::Json<Order>> {
    let access = ready(order::prepare(&app.vault, &buyer, &id).await)??;
    let found = app.ask(move |r| {
        let detail = order::detail(r, &buyer, &access, &id)?;
        let way = shipping::way_for_buyer(r, &buyer, &access, &id)?;
        Ok((detail, way, refunds_of_order::<Refused>(r, &id)?))
    });
    let (detail, way, refunds) = found.await??;
    let consignee = detail.recipient.as_ref().map(|to| Consignee {
        name: Personal::of(&to.name),
        phone: Personal::of(&to.phone),
        alt_phone: Personal::some(&to.alt_phone),
        address: Personal::of(&to.place),
    });
    Ok(axum::Json(Order {
        hidden: detail.head.hidden,
        lines: LineOfOrder::all(&detail.lines, &detail.head.currency),
        consignee,
        for_another: detail.for_another,
        note: Personal::some(&detail.note),
        delivery_time: Personal::some(&detail.wished_time),
        parcels: way.iter().map(ParcelShown::from).collect(),
        refunds: refunds.iter().map(RefundShown::from).collect(),
        kept_until: Time::some(detail.kept_until),
        order: (&detail.head).into(),
    }))
}

/// Where an order is after it was acted on.
#[derive(Serialize, ToSchema)]
pub struct OrderNow {
    pub id: String,
    pub state: OrderState,
}

async fn now(app: &App, buyer: Buyer, id: Id) -> Answer<axum::Json<OrderNow>> {
    let of = id.clone();
    let state = app.ask(move |r| order::state(r, &buyer, &of)).await??;
    Ok(axum::Json(OrderNow { id: id.to_string(), state: state.into() }))
}

/// Cancels an order that is not paid
#[utoipa::path(post, path = "/api/v1/orders/{order}/cancel", tag = "orders", params(("order" = String, Path)),
    responses((status = OK, body = OrderNow)))]
pub async fn cancel_order(State(app): State<App>, Buying(buyer): Buying, At(id): At) -> Answer<axum::Json<OrderNow>> {
    let (me, of) = (buyer.clone(), id.clone());
    app.write(move |tx| order::cancel(tx, &me, &of)).await??;
    now(&app, buyer, id).await
}

/// Calls off an order that is paid and not yet shipped: the money goes back
#[utoipa::path(post, path = "/api/v1/orders/{order}/refund", tag = "orders", params(("order" = String, Path)),
    responses((status = OK, body = OrderNow)))]
pub async fn refund_order(State(app): State<App>, Buying(buyer): Buying, At(id): At) -> Answer<axum::Json<OrderNow>> {
    let (me, of) = (buyer.clone(), id.clone());
    app.write(move |tx| order::ask_refund(tx, &me, &of).map(|_| ())).await??;
    now(&app, buyer, id).await
}

/// Confirms that the goods are here: the seller's money is released
#[utoipa::path(post, path = "/api/v1/orders/{order}/confirm", tag = "orders", params(("order" = String, Path)),
    responses((status = OK, body = OrderNow)))]
pub async fn confirm_order(State(app): State<App>, Buying(buyer): Buying, At(id): At) -> Answer<axum::Json<OrderNow>> {
    let (me, of) = (buyer.clone(), id.clone());
    app.write(move |tx| order::confirm_receipt(tx, &me, &of)).await??;
    now(&app, buyer, id).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Hidden {
    pub hidden: bool,
}

/// Takes an order that has ended out of the list, or back into it
#[utoipa::path(put, path = "/api/v1/orders/{order}/hidden", tag = "orders", params(("order" = String, Path)),
    request_body = Hidden, responses((status = OK, body = OrderNow)))]
pub async fn hide_order(
    State(app): State<App>,
    Buying(buyer): Buying,
    At(id): At,
    Json(set): Json<Hidden>,
) -> Answer<axum::Json<OrderNow>> {
    let (me, of) = (buyer.clone(), id.clone());
    app.write(move |tx| order::hide(tx, &me, &of, set.hidden)).await??;
    now(&app, buyer, id).await
}
