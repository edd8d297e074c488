//! 3.5-a.1: the seller's orders. The list has masked names; one order opens what its fulfilment needs, and each field
//! that is opened stands in the ledger for its person to read.

use super::with_side;
use crate::app::{self, App, AtDesk, Told, ready};
use crate::error::Failure;
use crate::form::{FieldError, FormData, FormErrors};
use crate::format;
use crate::frame::Frame;
use crate::language::{f, t};
use crate::pages::guest::CURRENCY;
use crate::pages::orders::{lines, progress, state_badge, ways};
use crate::ui::{self, Entry, Kind};
use axum::extract::{OriginalUri, Path, State};
use axum::response::Response;
use db::Id;
use maud::{Markup, html};
use trade::order::{self, Filter, SellerDetail};
use trade::payment::{RefundState, decline as decline_order, refunds_of_order};
use trade::policy::DeliverGoods;
use trade::shipping::{self, CARRIERS, NewParcel, ParcelKind, ParcelState};
use trade::state::OrderState;
use vault::Actor;

/// What waits for the seller first.
const TABS: [(&str, &[OrderState]); 6] = [
    ("orders-to-ship", &[OrderState::Paid]),
    ("orders-on-way", &[OrderState::Shipped]),
    ("sell-orders-arrived", &[OrderState::Received]),
    ("orders-to-pay", &[OrderState::Placed]),
    ("orders-ended", &[OrderState::Completed, OrderState::Cancelled, OrderState::Closed, OrderState::Refunded]),
    ("orders-all", &[]),
];

fn order_path(id: &Id) -> String {
    format!("/sell/orders/{id}")
}

/// `GET /sell/orders`
pub async fn list(State(app): State<App>, desk: AtDesk, uri: OriginalUri, frame: Frame) -> Result<Response, Failure> {
    let lang = frame.lang;
    let asked = app::query(&uri.0);
    let tab = asked.get("tab").and_then(|tab| TABS.iter().find(|(key, _)| key == tab)).unwrap_or(&TABS[0]);
    let words = asked.get("q").cloned().unwrap_or_default();
    let before = asked.get("before").and_then(|id| Id::parse(id).ok());
    let filter =
        Filter { states: tab.1.to_vec(), words: words.clone(), hidden: false, before: before.clone(), limit: 20 };
    let seller = desk.seller;
    let access = ready(order::prepare_of_shop(&app.vault, &seller, &filter).await)?
        .map_err(|refused| Failure::fault(refused.key()))?;
    let found =
        app.ask(move |r| Ok((order::of_shop(r, &seller, &access, &filter)?, order::open_of_shop(r, &seller)?))).await?;
    let (page, counts) = found.map_err(|refused: trade::Refused| Failure::fault(refused.key()))?;
    let all = frame.path("/sell/orders");
    let tabs: Vec<(&str, String, Option<u32>, bool)> = TABS
        .iter()
        .map(|(key, states)| {
            let n: i64 = counts.iter().filter(|(state, _)| states.contains(state)).map(|(_, n)| n).sum();
            let count = (n > 0).then(|| u32::try_from(n).unwrap_or(u32::MAX));
            (t(lang, key), format!("{all}?tab={key}"), count, *key == tab.0)
        })
        .collect();
    let here = format!("{all}?tab={}&q={}", tab.0, app::encode(&words));
    let next = page.next.as_ref().map(|id| format!("{here}&before={id}"));
    let content = html! {
        h1 { (t(lang, "sell-orders")) }
        (ui::tabs(t(lang, "sell-orders"), &tabs))
        (ui::search_field(&all, "q", &words, t(lang, "sell-orders-search")))
        @if page.rows.is_empty() {
            (ui::empty(ui::icon::orders(), t(lang, "orders-empty"), t(lang, "sell-orders-empty"), None))
        }
        @for row in &page.rows {
            @let head = &row.summary.head;
            @let hidden = row.summary.lines_count - row.summary.lines.len() as i64;
            article.card.order {
                div.order-head {
                    a href=(frame.path(&order_path(&head.order))) { b.tabular { (head.number) } }
                    @if let Some(name) = &row.recipient { span { (ui::masked(lang, name, None)) } }
                    span.note { (ui::time_near(lang, head.placed_at, app.now())) }
                    (state_badge(lang, head.state))
                }
                (lines(lang, head, &row.summary.lines))
                div.sum {
                    @if hidden > 0 { span.note { (f(lang, "orders-more-lines", &[("n", hidden.into())])) } }
                    b.tabular { (t(lang, "sum-total")) " " (format::money(lang, head.total, &head.currency)) }
                    @let look = if head.state == OrderState::Paid { ui::Look::Main } else { ui::Look::Plain };
                    @let label = if head.state == OrderState::Paid { "sell-ship" } else { "orders-open" };
                    (ui::link_button(&frame.path(&order_path(&head.order)), t(lang, label), look))
                }
            }
        }
        (ui::pager_next(lang, before.map(|_| here), next))
    };
    Ok(frame.page(t(lang, "sell-orders")).answer(with_side(&frame, "/sell/orders", content)))
}

/// `GET /sell/orders/{id}`
pub async fn show(
    State(app): State<App>,
    desk: AtDesk,
    Path(id): Path<String>,
    frame: Frame,
) -> Result<Response, Failure> {
    let id = Id::parse(&id).map_err(|_| Failure::NotFound)?;
    let lang = frame.lang;
    let seller = desk.seller;
    let access = ready(order::prepare_for_seller(&app.vault, &seller, &id).await)?.map_err(|_| Failure::NotFound)?;
    let wanted = id.clone();
    let found = app
        .ask(move |r| {
            let detail = order::for_seller(r, &seller, &access, &wanted)?;
            // Without its consignee a parcel's number can no longer be opened.
            let way = match detail.recipient {
                Some(_) => shipping::way_for_seller(r, &seller, &access, &wanted)?,
                None => Vec::new(),
            };
            Ok((detail, way, refunds_of_order::<trade::Refused>(r, &wanted)?))
        })
        .await?;
    let (detail, way, refunds) = found.map_err(|_: trade::Refused| Failure::NotFound)?;
    let head = &detail.head;
    let title = f(lang, "order-title", &[("number", head.number.as_str().into())]);
    let waiting = way.iter().any(|way| !matches!(way.state, ParcelState::Refused | ParcelState::Cancelled));
    let content = html! {
        (ui::crumbs(lang, &[(t(lang, "sell-orders"), Some(frame.path("/sell/orders"))), (&title, None)]))
        h1 { (title) " " (state_badge(lang, head.state)) }
        (progress(lang, head))
        @match head.state {
            OrderState::Placed => (ui::notice(ui::Tone::Info, t(lang, "sell-waits-for-payment"))),
            OrderState::Shipped | OrderState::Received => (ui::notice(ui::Tone::Info, t(lang, "sell-on-way"))),
            _ => {}
        }
        @if head.state == OrderState::Paid {
            @if waiting { (ui::notice(ui::Tone::Info, t(lang, "sell-waybill-comes"))) } @else { (ship_form(&frame, &id, &FormData::empty(), &FormErrors::default())) }
            div.actions { (ui::link_button(&frame.path(&format!("{}/decline", order_path(&id))), t(lang, "sell-decline"), ui::Look::Quiet)) }
        }
        (ways(lang, app.now(), &way))
        (who_receives(&frame, &detail))
        section.card.pad {
            h2 { (t(lang, "sell-ordered")) }
            (lines(lang, head, &detail.lines))
            (ui::sums(lang, &head.currency, &[
                ui::SumLine { label: t(lang, "sum-goods"), minor: head.goods_amount, total: false },
                ui::SumLine { label: t(lang, "sum-freight"), minor: head.freight_amount, total: false },
                ui::SumLine { label: t(lang, "sum-total"), minor: head.total, total: true },
                ui::SumLine { label: t(lang, "sell-commission"), minor: -detail.commission, total: false },
                ui::SumLine { label: t(lang, "sell-yours"), minor: head.total - detail.commission, total: false },
            ]))
        }
        @for refund in &refunds {
            @let (tone, key) = match refund.state {
                RefundState::Asked => (ui::Tone::Info, "sell-refund-asked"),
                RefundState::Done => (ui::Tone::Good, "sell-refund-done"),
                RefundState::Failed => (ui::Tone::Warn, "sell-refund-failed"),
            };
            (ui::notice(tone, &f(lang, key, &[("price", format::money(lang, refund.amount, CURRENCY).into())])))
        }
    };
    Ok(frame.page(&title).answer(with_side(&frame, "/sell/orders", content)))
}

fn who_receives(frame: &Frame, detail: &SellerDetail) -> Markup {
    let lang = frame.lang;
    let mut rows: Vec<(&str, Markup)> = Vec::new();
    if let Some(buyer) = &detail.buyer {
        rows.push((t(lang, "sell-buyer"), html! { (buyer) }));
    }
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
            h2 { (t(lang, "order-delivery")) }
            (ui::details(&rows))
            p.note {
                @if detail.whole {
                    (t(lang, "sell-opened"))
                    @if let Some(until) = detail.whole_until {
                        " " (f(lang, "sell-opened-until", &[("when", format::date(lang, until).into())]))
                    }
                } @else { (t(lang, "sell-masked")) }
            }
        }
    }
}

fn ship_form(frame: &Frame, id: &Id, form: &FormData, errors: &FormErrors) -> Markup {
    let lang = frame.lang;
    let carriers: Vec<(&str, &str)> = CARRIERS.iter().map(|(code, words)| (*code, lang.words(*words))).collect();
    let kinds: Vec<(&str, &str)> = ParcelKind::ALL.iter().map(|kind| (kind.id(), lang.words(kind.words()))).collect();
    html! {
        section.card.pad.now {
            h2 { (t(lang, "sell-ship")) }
            p { (t(lang, "sell-ship-text")) }
            (ui::error_summary(lang, errors, &[
                ("carrier", t(lang, "sell-carrier")), ("kind", t(lang, "sell-kind")), ("weight", t(lang, "sell-weight")),
            ]))
            (ui::form(&frame.csrf, &frame.path(&format!("{}/ship", order_path(id))), html! {
                (Entry::select("carrier", t(lang, "sell-carrier"), &carriers).from(lang, form, errors))
                (Entry::select("kind", t(lang, "sell-kind"), &kinds).hint(t(lang, "sell-kind-hint")).from(lang, form, errors))
                (Entry::new(Kind::Money, "weight", t(lang, "sell-weight")).unit(t(lang, "sell-kilograms"))
                    .hint(t(lang, "sell-weight-hint")).limit(8).from(lang, form, errors))
                (ui::button(t(lang, "sell-ask-waybill"), ui::Look::Main))
            }))
        }
    }
}

/// Kilograms with at most three decimals, as grams.
fn grams(form: &FormData) -> Result<u32, FieldError> {
    let text = catalogue::written::plain(form.text("weight"))
        .ok_or_else(|| FieldError::plain("weight", "sell-weight-wrong"))?;
    if text.is_empty() {
        return Err(FieldError::plain("weight", "invalid-missing"));
    }
    let (whole, part) = text.split_once('.').unwrap_or((&text, "0"));
    let digits = |s: &str| !s.is_empty() && s.len() <= 7 && s.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(part) || part.len() > 3 {
        return Err(FieldError::plain("weight", "sell-weight-wrong"));
    }
    // Seven digits and three fit; what is too heavy the domain says.
    format!("{whole}{part:0<3}")
        .parse::<u64>()
        .map(|grams| u32::try_from(grams).unwrap_or(u32::MAX))
        .map_err(|_| FieldError::plain("weight", "sell-weight-wrong"))
}

/// `POST /sell/orders/{id}/ship`
pub async fn ship(
    State(app): State<App>,
    desk: AtDesk,
    Path(id): Path<String>,
    frame: Frame,
    form: FormData,
) -> Result<Response, Failure> {
    let id = Id::parse(&id).map_err(|_| Failure::NotFound)?;
    let mut errors = FormErrors::default();
    let carriers = CARRIERS.map(|(code, _)| code);
    let kinds = ParcelKind::ALL.map(ParcelKind::id);
    let carrier = errors.keep(form.choice("carrier", &carriers));
    let kind = errors.keep(form.choice("kind", &kinds)).and_then(ParcelKind::parse);
    let weight_grams = errors.keep(grams(&form));
    let (seller, of) = (desk.seller.clone(), id.clone());
    let consignee =
        app.ask(move |r| shipping::consignee_for_seller(r, &seller, &of)).await?.map_err(|_| Failure::NotFound)?;
    if let (Some(carrier), Some(kind), Some(weight_grams)) = (carrier, kind, weight_grams) {
        let parcel = NewParcel { carrier: carrier.to_owned(), kind, weight_grams };
        let seller = desk.seller;
        let access = app
            .vault
            .access::<DeliverGoods>(&Actor::seller(&seller.member, &seller.shop), &[consignee])
            .await
            .map_err(app::no_access)?;
        let of = id.clone();
        match app.write(move |tx| shipping::ship(tx, &seller, &access, &of, &parcel)).await? {
            Ok(_) => return Ok(frame.go_saying(&order_path(&id), "said-waybill-asked")),
            Err(trade::Refused::NoSuchOrder) => return Err(Failure::NotFound),
            Err(refused) if refused.field().is_some() => refused.tell(&mut errors),
            Err(refused) => return Ok(frame.go_refused(&order_path(&id), &refused)),
        }
    }
    // The form alone: what it is about need not be opened again (2-a.S2).
    let (lang, title) = (frame.lang, t(frame.lang, "sell-order"));
    let content = html! {
        (ui::crumbs(lang, &[
            (t(lang, "sell-orders"), Some(frame.path("/sell/orders"))),
            (title, Some(frame.path(&order_path(&id)))),
            (t(lang, "sell-ship"), None),
        ]))
        h1 { (title) }
        (ship_form(&frame, &id, &form, &errors))
    };
    Ok(frame.page(title).again(with_side(&frame, "/sell/orders", content)))
}

/// `GET /sell/orders/{id}/decline`
pub async fn decline_page(
    State(app): State<App>,
    desk: AtDesk,
    Path(id): Path<String>,
    frame: Frame,
) -> Result<Response, Failure> {
    let lang = frame.lang;
    let id = Id::parse(&id).map_err(|_| Failure::NotFound)?;
    let (seller, of) = (desk.seller, id.clone());
    app.ask(move |r| shipping::consignee_for_seller(r, &seller, &of)).await?.map_err(|_| Failure::NotFound)?;
    let back = frame.path(&order_path(&id));
    let main = ui::confirm(
        lang,
        &frame.csrf,
        &ui::Confirm {
            title: t(lang, "sell-decline"),
            text: html! { p { (t(lang, "sell-decline-text")) } },
            consequences: &[
                t(lang, "sell-decline-refund"),
                t(lang, "sell-decline-stock"),
                t(lang, "sell-decline-final"),
            ],
            action: &frame.path(&format!("{}/decline", order_path(&id))),
            hidden: &[],
            yes: t(lang, "sell-decline-yes"),
            look: ui::Look::Danger,
            back: &back,
        },
    );
    Ok(frame.page(t(lang, "sell-decline")).narrow().answer(main))
}

/// `POST /sell/orders/{id}/decline`
pub async fn decline(
    State(app): State<App>,
    desk: AtDesk,
    Path(id): Path<String>,
    frame: Frame,
    _form: FormData,
) -> Result<Response, Failure> {
    let id = Id::parse(&id).map_err(|_| Failure::NotFound)?;
    let (seller, of) = (desk.seller, id.clone());
    match app.write(move |tx| decline_order(tx, &seller, &of)).await? {
        Ok(_) => Ok(frame.go_saying(&order_path(&id), "said-declined")),
        Err(trade::Refused::NoSuchOrder) => Err(Failure::NotFound),
        Err(refused) => Ok(frame.go_refused(&order_path(&id), &refused)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weight_is_taken_as_people_write_it() {
        let weigh = |text: &str| grams(&FormData::of(&[("weight", text)])).map_err(|error| error.key);
        for (text, weight) in [("4", 4_000), (" 1.5 ", 1_500), ("１．２５", 1_250), ("1,200.5", 1_200_500)] {
            assert_eq!(weigh(text), Ok(weight), "{text}");
        }
        for bad in ["1,5", "1，5", "1.2345", "four", "1."] {
            assert_eq!(weigh(bad), Err("sell-weight-wrong"), "{bad}");
        }
        assert_eq!(weigh(" "), Err("invalid-missing"));
    }
}
