//! 2.3.2-e: My Orders: what was bought, where it stands, and what can be done now.

use crate::app::{self, App, SignedIn, ready};
use crate::error::Failure;
use crate::form::FormData;
use crate::format;
use crate::frame::{Frame, paths};
use crate::language::{Lang, f, t};
use crate::pages::guest::{CURRENCY, both, media, product_path, shop_path, unit};
use crate::ui;
use axum::extract::{OriginalUri, Path, State};
use axum::response::Response;
use db::Id;
use maud::{Markup, html};
use trade::order::{self, Detail, Filter, Head, OrderLine};
use trade::payment::{self, Payment, PaymentState, Refund, RefundState, refunds_beside_orders, refunds_of_order};
use trade::shipping::{self, ParcelState, Way};
use trade::state::OrderState;

/// The states as tabs: what waits for the buyer first.
const TABS: [(&str, &[OrderState]); 6] = [
    ("orders-all", &[]),
    ("orders-to-pay", &[OrderState::Placed]),
    ("orders-to-ship", &[OrderState::Paid]),
    ("orders-on-way", &[OrderState::Shipped]),
    ("orders-to-confirm", &[OrderState::Received]),
    ("orders-ended", &[OrderState::Completed, OrderState::Cancelled, OrderState::Closed, OrderState::Refunded]),
];

pub fn state_label(lang: Lang, state: OrderState) -> &'static str {
    t(
        lang,
        match state {
            OrderState::Placed => "state-placed",
            OrderState::Paid => "state-paid",
            OrderState::Shipped => "state-shipped",
            OrderState::Received => "state-received",
            OrderState::Completed => "state-completed",
            OrderState::Cancelled => "state-cancelled",
            OrderState::Closed => "state-closed",
            OrderState::Refunded => "state-refunded",
        },
    )
}

pub fn state_badge(lang: Lang, state: OrderState) -> Markup {
    let tone = match state {
        OrderState::Placed | OrderState::Received => ui::Tone::Warn,
        OrderState::Paid | OrderState::Shipped => ui::Tone::Info,
        OrderState::Completed => ui::Tone::Good,
        OrderState::Cancelled | OrderState::Closed | OrderState::Refunded => ui::Tone::Bad,
    };
    ui::badge(tone, state_label(lang, state))
}

/// The lines of an order, as they were when it was placed. A page may hold several orders, so a line's id names its own.
pub fn lines(lang: Lang, head: &Head, lines: &[OrderLine]) -> Markup {
    let currency = head.currency.as_str();
    let pictures: Vec<Option<String>> = lines.iter().map(|l| l.picture.as_deref().map(media)).collect();
    let anchors: Vec<String> = lines.iter().map(|l| format!("line-{}-{}", head.order, l.line)).collect();
    let shown: Vec<ui::GoodsLine> = lines
        .iter()
        .enumerate()
        .map(|(i, l)| ui::GoodsLine {
            anchor: &anchors[i],
            picture: pictures[i].as_deref(),
            title: both(lang, &l.title),
            href: Some(lang.path(&product_path(&l.product))),
            variant: both(lang, &l.name),
            each: l.unit_price,
            currency,
            quantity: html! { (format::number(l.quantity)) " " (unit(lang, &l.unit).of(l.quantity)) },
            sum: l.amount,
            remark: None,
        })
        .collect();
    ui::goods_lines(lang, &shown)
}

/// How far an order is, with the time of each step.
pub fn progress(lang: Lang, head: &Head) -> Markup {
    let way = [OrderState::Placed, OrderState::Paid, OrderState::Shipped, OrderState::Received, OrderState::Completed];
    let at = |state: OrderState| match state {
        OrderState::Placed => Some(head.placed_at),
        OrderState::Paid => head.paid_at,
        OrderState::Shipped => head.shipped_at,
        OrderState::Received => head.received_at,
        _ => head.completed_at,
    };
    let stopped = matches!(head.state, OrderState::Cancelled | OrderState::Closed | OrderState::Refunded);
    let mut steps: Vec<ui::Step> = Vec::new();
    for (i, state) in way.into_iter().enumerate() {
        let here = way.iter().position(|s| *s == head.state);
        let done = match here {
            Some(here) => i < here || head.state == OrderState::Completed,
            None => at(state).is_some() && state != OrderState::Completed,
        };
        if stopped && !done {
            continue;
        }
        let shown = if done {
            ui::StepState::Done
        } else if here == Some(i) {
            ui::StepState::Now
        } else {
            ui::StepState::Ahead
        };
        // What waits as 'to pay' was, when that is done, an order.
        let label = if done && state == OrderState::Placed { t(lang, "step-placed") } else { state_label(lang, state) };
        steps.push(ui::Step { label, note: at(state).map(|at| format::date(lang, at)), state: shown });
    }
    if stopped {
        steps.push(ui::Step {
            label: state_label(lang, head.state),
            note: head.completed_at.map(|at| format::date(lang, at)),
            state: ui::StepState::Stopped,
        });
    }
    ui::steps(lang, &steps)
}

pub fn parcel_label(lang: Lang, state: ParcelState) -> &'static str {
    t(
        lang,
        match state {
            ParcelState::Asked => "parcel-asked",
            ParcelState::Refused => "parcel-refused",
            ParcelState::Ready => "parcel-ready",
            ParcelState::Accepted => "parcel-accepted",
            ParcelState::InTransit => "parcel-in-transit",
            ParcelState::OutForDelivery => "parcel-out",
            ParcelState::Failed => "parcel-failed",
            ParcelState::Delivered => "parcel-delivered",
            ParcelState::Cancelled => "parcel-cancelled",
        },
    )
}

/// Where it was, or why it was not delivered.
fn place(lang: Lang, station: &shipping::Station) -> String {
    match (station.state, station.place.as_str()) {
        (ParcelState::Failed, "refused") => t(lang, "parcel-why-refused").to_owned(),
        (ParcelState::Failed, "nobody_there") => t(lang, "parcel-why-nobody-there").to_owned(),
        (ParcelState::Failed, "lost") => t(lang, "parcel-why-lost").to_owned(),
        (ParcelState::Failed, _) => t(lang, "parcel-why-other").to_owned(),
        (_, place) => place.to_owned(),
    }
}

/// The way of each parcel, newest event first.
pub fn ways<P>(lang: Lang, now: i64, ways: &[Way<P>]) -> Markup
where
    P: policy::Reads<policy::fields::WaybillNumber>,
{
    html! {
        @for way in ways {
            section.card.pad {
                h2 { (t(lang, "parcel")) " · " (shipping::carrier_name(&way.carrier, lang.0)) " " (ui::badge(ui::Tone::Info, parcel_label(lang, way.state))) }
                @if let Some(waybill) = &way.waybill {
                    p { (t(lang, "waybill")) " " (ui::copyable(lang, &format!("waybill-{}", way.shipment), html! { (waybill) })) }
                }
                @if let Some(why) = shipping::why_key(way.state, &way.why) { (ui::notice(ui::Tone::Warn, t(lang, why))) }
                @if way.state == ParcelState::Failed { (ui::notice(ui::Tone::Warn, t(lang, "parcel-failed-text"))) }
                @let events: Vec<ui::Event> = way.stations.iter().map(|s| ui::Event {
                    at: s.at, title: parcel_label(lang, s.state).to_owned(),
                    note: (!s.place.is_empty()).then(|| place(lang, s)),
                }).collect();
                @if !events.is_empty() { (ui::timeline(lang, now, &events)) }
            }
        }
    }
}

/// `GET /orders`
pub async fn list(State(app): State<App>, me: SignedIn, uri: OriginalUri, frame: Frame) -> Result<Response, Failure> {
    let lang = frame.lang;
    let asked = app::query(&uri.0);
    let tab = asked.get("tab").and_then(|tab| TABS.iter().find(|(key, _)| key == tab)).unwrap_or(&TABS[0]);
    let hidden = asked.get("hidden").is_some_and(|h| h == "yes");
    let words = asked.get("q").cloned().unwrap_or_default();
    let filter = Filter {
        states: tab.1.to_vec(),
        words: words.clone(),
        hidden,
        before: asked.get("before").and_then(|b| Id::parse(b).ok()),
        limit: 20,
    };
    let buyer = me.buyer();
    let found = app
        .ask(move |r| Ok((order::mine(r, &buyer, &filter)?, order::count_mine(r, &buyer)?)))
        .await?
        .map_err(|refused: trade::Refused| Failure::fault(refused.key()))?;
    let (page, counts) = found;
    let orders = lang.path(paths::ORDERS);
    let tabs: Vec<(&str, String, Option<u32>, bool)> = TABS
        .iter()
        .map(|(key, states)| {
            let n: i64 = counts.iter().filter(|(s, _)| states.contains(s)).map(|(_, n)| n).sum();
            let count =
                (!states.is_empty() && n > 0 && *key != "orders-ended").then(|| u32::try_from(n).unwrap_or(u32::MAX));
            (t(lang, key), format!("{orders}?tab={key}"), count, *key == tab.0)
        })
        .collect();
    let next = page.next.as_ref().map(|id| format!("{orders}?tab={}&q={}&before={id}", tab.0, app::encode(&words)));
    let main = html! {
        h1 { (t(lang, "nav-orders")) }
        (ui::tabs(t(lang, "nav-orders"), &tabs))
        (ui::search_field(&orders, "q", &words, t(lang, "orders-search")))
        @if page.rows.is_empty() {
            (ui::empty(ui::icon::orders(), t(lang, "orders-empty"), t(lang, "orders-empty-text"),
                Some((&lang.path(paths::SEARCH), t(lang, "cart-browse")))))
        }
        @for row in &page.rows {
            article.card.order {
                div.order-head {
                    a href=(lang.path(&format!("/orders/{}", row.head.order))) { b.tabular { (row.head.number) } }
                    span { a href=(lang.path(&shop_path(&row.head.shop))) { (both(lang, &row.head.shop_name)) } }
                    span.note { (ui::time_near(lang, row.head.placed_at, app.now())) }
                    (state_badge(lang, row.head.state))
                }
                (lines(lang, &row.head, &row.lines))
                div.sum {
                    @if row.lines_count > row.lines.len() as i64 { span.note { (f(lang, "orders-more-lines", &[("n", (row.lines_count - row.lines.len() as i64).into())])) } }
                    b.tabular { (t(lang, "sum-total")) " " (format::money(lang, row.head.total, &row.head.currency)) }
                    (ui::link_button(&lang.path(&format!("/orders/{}", row.head.order)), t(lang, "orders-open"), ui::Look::Plain))
                    @if row.head.state == OrderState::Placed {
                        (ui::link_button(&lang.path(&format!("/pay/{}", row.head.checkout)), t(lang, "pay-go"), ui::Look::Main))
                    }
                }
            }
        }
        (ui::pager_next(lang, None, next))
        p.note { a href=(format!("{orders}?hidden={}", if hidden { "no" } else { "yes" })) { (t(lang, if hidden { "orders-show-visible" } else { "orders-show-hidden" })) } }
    };
    Ok(frame.page(t(lang, "nav-orders")).answer(main))
}

/// `GET /orders/{id}`
pub async fn show(
    State(app): State<App>,
    me: SignedIn,
    Path(id): Path<String>,
    frame: Frame,
) -> Result<Response, Failure> {
    let id = Id::parse(&id).map_err(|_| Failure::NotFound)?;
    let lang = frame.lang;
    let buyer = me.buyer();
    let access = ready(order::prepare(&app.vault, &buyer, &id).await)?.map_err(|_| Failure::NotFound)?;
    let found = app
        .ask(move |r| {
            let detail = order::detail(r, &buyer, &access, &id)?;
            let way = shipping::way_for_buyer(r, &buyer, &access, &id)?;
            let mut refunds = refunds_of_order::<trade::Refused>(r, &id)?;
            let payments = payment::of_checkout(r, &buyer, &detail.head.checkout)?;
            refunds.extend(refunds_beside_orders(r, &payments)?);
            Ok((detail, way, refunds, payments))
        })
        .await?;
    let (detail, way, refunds, payments) = found.map_err(|_: trade::Refused| Failure::NotFound)?;
    let head = &detail.head;
    let title = f(lang, "order-title", &[("number", head.number.as_str().into())]);
    let content = html! {
        (ui::crumbs(lang, &[(t(lang, "nav-orders"), Some(lang.path(paths::ORDERS))), (&title, None)]))
        h1 { (title) " " (state_badge(lang, head.state)) }
        (progress(lang, head))
        @if head.state == OrderState::Placed { (unconfirmed(lang, &payments)) }
        (what_now(&app, &frame, head))
        (ways(lang, app.now(), &way))
        section.card.pad {
            h2 { a href=(lang.path(&shop_path(&head.shop))) { (both(lang, &head.shop_name)) } }
            (lines(lang, head, &detail.lines))
            (ui::sums(lang, &head.currency, &[
                ui::SumLine { label: t(lang, "sum-goods"), minor: head.goods_amount, total: false },
                ui::SumLine { label: t(lang, "sum-freight"), minor: head.freight_amount, total: false },
                ui::SumLine { label: t(lang, "sum-total"), minor: head.total, total: true },
            ]))
        }
        (refunds_shown(lang, &refunds))
        (who_receives(lang, &detail))
    };
    Ok(frame.page(&title).answer(content))
}

/// What is to be said of payments beside 'to pay': the payer was at the payment company already, or paid another amount.
pub(super) fn unconfirmed(lang: Lang, payments: &[Payment]) -> Markup {
    html! {
        @for payment in payments {
            @match payment.state {
                PaymentState::Open => (ui::notice(ui::Tone::Info, &f(lang, "pay-unconfirmed", &[("when", format::moment(lang, payment.begun_at).into())]))),
                PaymentState::DisputedAmount => (ui::notice(ui::Tone::Warn, t(lang, "pay-disputed"))),
                PaymentState::Paid | PaymentState::Closed => {}
            }
        }
    }
}

pub(super) fn refunds_shown(lang: Lang, refunds: &[Refund]) -> Markup {
    html! {
        @for refund in refunds {
            @let (tone, key) = match refund.state {
                RefundState::Asked => (ui::Tone::Info, "refund-asked"),
                RefundState::Done => (ui::Tone::Good, "refund-done"),
                RefundState::Failed => (ui::Tone::Warn, "refund-failed"),
            };
            (ui::notice(tone, &f(lang, key, &[("price", format::money(lang, refund.amount, CURRENCY).into())])))
        }
    }
}

fn who_receives(lang: Lang, detail: &Detail) -> Markup {
    let mut rows: Vec<(&str, Markup)> = Vec::new();
    match &detail.recipient {
        Some(to) => {
            rows.push((t(lang, "consignee-name"), html! { (to.name) }));
            rows.push((t(lang, "consignee-phone"), html! { span.tabular { (to.phone) } }));
            if let Some(alt) = &to.alt_phone {
                rows.push((t(lang, "consignee-alt-phone"), html! { span.tabular { (alt) } }));
            }
            rows.push((t(lang, "consignee-address"), html! { (to.place) }));
        }
        None => rows.push((t(lang, "consignee-name"), html! { (t(lang, "consignee-erased")) })),
    }
    if let Some(wished) = &detail.wished_time {
        rows.push((t(lang, "delivery-time"), html! { (wished) }));
    }
    if let Some(note) = &detail.note {
        rows.push((t(lang, "checkout-notes"), html! { (note) }));
    }
    html! {
        section.card.pad {
            h2 { (t(lang, "order-delivery")) @if detail.for_another { " " (ui::badge(ui::Tone::Info, t(lang, "address-of-another"))) } }
            (ui::details(&rows))
            p.note {
                (t(lang, "order-who-reads")) " "
                a href=(lang.path(paths::MY_PRIVACY)) { (t(lang, "my-readings")) }
                @if let Some(until) = detail.kept_until {
                    " · " (f(lang, "order-kept-until", &[("when", format::date(lang, until).into())]))
                }
            }
        }
    }
}

/// What the buyer can do at this state, and what happens by itself.
fn what_now(app: &App, frame: &Frame, head: &Head) -> Markup {
    let lang = frame.lang;
    let act = |verb: &str, label: &'static str, look: ui::Look| {
        ui::form(&frame.csrf, &frame.path(&format!("/orders/{}/{verb}", head.order)), ui::button(t(lang, label), look))
    };
    html! {
        section.card.pad.now {
            @match head.state {
                OrderState::Placed => {
                    p { (f(lang, "pay-until", &[("left", format::remaining(lang, head.pay_until, app.now()).into())])) }
                    div.actions {
                        (ui::link_button(&lang.path(&format!("/pay/{}", head.checkout)), t(lang, "pay-go"), ui::Look::Main))
                        (act("cancel", "order-cancel", ui::Look::Quiet))
                    }
                }
                OrderState::Paid => {
                    p { (t(lang, "order-waits-for-seller")) }
                    div.actions { (act("refund", "order-ask-refund", ui::Look::Quiet)) }
                }
                OrderState::Shipped => {
                    p { (t(lang, "order-on-way")) }
                    div.actions { (act("confirm", "order-confirm", ui::Look::Main)) }
                }
                OrderState::Received => {
                    p {
                        @match head.confirm_until {
                            Some(until) => (f(lang, "order-confirm-until", &[("left", format::remaining(lang, until, app.now()).into())])),
                            None => (t(lang, "order-on-way")),
                        }
                    }
                    div.actions { (act("confirm", "order-confirm", ui::Look::Main)) }
                }
                OrderState::Completed => {
                    p { (t(lang, "order-completed")) }
                    (hide(frame, head))
                }
                OrderState::Closed => {
                    p { (t(lang, "order-closed")) }
                    (hide(frame, head))
                }
                OrderState::Cancelled | OrderState::Refunded => {
                    p { (t(lang, "order-ended")) }
                    (hide(frame, head))
                }
            }
        }
    }
}

fn hide(frame: &Frame, head: &Head) -> Markup {
    let label = if head.hidden { "order-unhide" } else { "order-hide" };
    ui::form(
        &frame.csrf,
        &frame.path(&format!("/orders/{}/hide", head.order)),
        html! {
            (ui::hidden("hidden", if head.hidden { "no" } else { "yes" }))
            (ui::button(t(frame.lang, label), ui::Look::Quiet))
        },
    )
}

/// `POST /orders/{id}/{verb}`
pub async fn act(
    State(app): State<App>,
    me: SignedIn,
    Path((id, verb)): Path<(String, String)>,
    frame: Frame,
    form: FormData,
) -> Result<Response, Failure> {
    let id = Id::parse(&id).map_err(|_| Failure::NotFound)?;
    let (buyer, of) = (me.buyer(), id.clone());
    let (outcome, said) = match verb.as_str() {
        "cancel" => (app.write(move |tx| order::cancel(tx, &buyer, &of)).await?, "said-order-cancelled"),
        "refund" => (app.write(move |tx| order::ask_refund(tx, &buyer, &of).map(|_| ())).await?, "said-refund-asked"),
        "confirm" => (app.write(move |tx| order::confirm_receipt(tx, &buyer, &of)).await?, "said-confirmed"),
        "hide" => {
            let hidden = form.choice("hidden", &["yes", "no"]).map_err(|_| Failure::BadRequest)? == "yes";
            (app.write(move |tx| order::hide(tx, &buyer, &of, hidden)).await?, "said-saved")
        }
        _ => return Err(Failure::NotFound),
    };
    match outcome {
        Ok(()) => Ok(frame.go_saying(&format!("/orders/{id}"), said)),
        Err(trade::Refused::NoSuchOrder) => Err(Failure::NotFound),
        Err(refused) => Ok(frame.go_refused(&format!("/orders/{id}"), &refused)),
    }
}
