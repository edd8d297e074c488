//! 2.3.2 and 2.3.3: the checkout, one order per seller, and the way to the cashier and back.

use crate::app::{self, App, SignedIn, Told, ready, told};
use crate::error::Failure;
use crate::form::{FieldError, FormData, FormErrors};
use crate::format;
use crate::frame::{Frame, paths};
use crate::language::{f, t};
use crate::pages::guest::{CURRENCY, both, unit};
use crate::pages::orders::{refunds_shown, unconfirmed};
use crate::pages::privacy::{self, PLACE_LABELS, assurance_box, place_fields, read_place};
use crate::ui::{self, Entry, Kind};
use axum::extract::{OriginalUri, Path, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Redirect, Response};
use db::Id;
use maud::{Markup, html};
use partners::alipay::Cashier;
use policy::fields::{DeliveryTime, OrderNote};
use policy::{Entered, Language, Purpose};
use std::time::Duration;
use trade::Buyer;
use trade::address::{ASSURANCE as ASSURANCE_TO_KEEP, Kept, Whose};
use trade::cart::{self, Cart};
use trade::checkout::{self, Destination, NewOrder, Once, Placed, PlacedOrder};
use trade::payment::{self, PaymentState};
use trade::policy::KeepAddressBook;
use vault::consent;

/// `GET /checkout`
pub async fn show(State(app): State<App>, me: SignedIn, frame: Frame) -> Result<Response, Failure> {
    let form = FormData::empty();
    page(&app, &me, &frame, &form, FormErrors::default(), &Once::draw()).await
}

async fn page(
    app: &App,
    me: &SignedIn,
    frame: &Frame,
    form: &FormData,
    errors: FormErrors,
    once: &Once,
) -> Result<Response, Failure> {
    let lang = frame.lang;
    let buyer = me.buyer();
    let chosen =
        app.ask(move |r| cart::view_chosen(r, &buyer)).await?.map_err(|refused| Failure::fault(refused.key()))?;
    if chosen.sellers.is_empty() {
        return Ok(frame.go_refused(paths::CART, &trade::Refused::NothingChosen));
    }
    let kept = privacy::book(app, me).await?;
    let main = ui::with_summary(
        checkout_form(app, frame, form, &errors, once, &chosen, kept.as_deref()),
        order_summary(frame, &chosen),
    );
    let page = frame.page(t(lang, "checkout"));
    Ok(if errors.is_empty() { page.answer(main) } else { page.again(main) })
}

fn checkout_form(
    app: &App,
    frame: &Frame,
    form: &FormData,
    errors: &FormErrors,
    once: &Once,
    chosen: &Cart,
    kept: Option<&[Kept]>,
) -> Markup {
    let lang = frame.lang;
    let mut labels: Vec<(&str, &str)> = PLACE_LABELS.iter().map(|(name, key)| (*name, t(lang, key))).collect();
    for (name, key) in [
        ("to", "checkout-to"),
        ("assured", "assurance"),
        ("keep", "my-addresses"),
        ("delivery_time", "delivery-time"),
        ("quantity", "quantity"),
    ] {
        labels.push((name, t(lang, key)));
    }
    let notes: Vec<(String, String)> = chosen
        .sellers
        .iter()
        .map(|seller| {
            let label = f(lang, "checkout-note-to", &[("shop", both(lang, &seller.shop.name).into())]);
            (format!("note-{}", seller.shop.id), label)
        })
        .collect();
    labels.extend(notes.iter().map(|(name, label)| (name.as_str(), label.as_str())));
    let book = kept.unwrap_or_default();
    let picked = match form.text("to") {
        "" => book.iter().find(|a| a.preferred).or(book.first()).map_or("own".to_owned(), |a| a.id.to_string()),
        to => to.to_owned(),
    };
    let mut cards: Vec<ui::RadioCard> = book
        .iter()
        .map(|a| ui::RadioCard {
            value: a.id.to_string(),
            title: html! { (a.name) " " span.tabular { (a.phone) } @if a.of_another { " " (ui::badge(ui::Tone::Info, t(lang, "address-of-another"))) } },
            text: html! { (a.place) },
            chosen: picked == a.id.as_str(),
        })
        .collect();
    let own = if book.is_empty() { "checkout-first-own" } else { "checkout-new-own" };
    for (value, title) in [("own", own), ("another", "checkout-new-another")] {
        cards.push(ui::RadioCard {
            value: value.into(),
            title: html! { (t(lang, title)) },
            text: html! {},
            chosen: picked == value,
        });
    }
    let typing = matches!(picked.as_str(), "own" | "another") || !errors.is_empty();
    let keep_purpose = &KeepAddressBook::INFO;
    html! {
        h1 { (t(lang, "checkout")) }
        (ui::error_summary(lang, errors, &labels))
        (ui::form(&frame.csrf, &frame.path("/checkout"), html! {
            (ui::hidden("once", once.as_str()))
            (ui::hidden("total_seen", &chosen.total.to_string()))
            section.card.pad {
                h2 { (t(lang, "checkout-where")) }
                p.note { (lang.words(<trade::policy::PlaceOrder as policy::Purpose>::INFO.says)) }
                (ui::radio_cards(lang, "to", t(lang, "checkout-to"), &cards, errors))
                details.new-place open[typing] {
                    summary { (t(lang, "checkout-type")) }
                    (place_fields(lang, form, errors))
                    // The moment to ask whether the address may be kept (0-a.7): off until ticked.
                    @let words = html! { (lang.words(keep_purpose.says)) " " span.note { (lang.words(keep_purpose.refusal)) " " (t(lang, "checkout-keep-where")) " " (lang.words(ASSURANCE_TO_KEEP)) } };
                    (ui::check(lang, "keep", words, form.checked("keep"), None, errors))
                    (ui::notice_asked(lang, &app.notice(keep_purpose, lang), &app.edition_words()))
                }
                (assurance_box(lang, checkout::ASSURANCE, form, errors))
                (Entry::new(Kind::Text, "delivery_time", t(lang, "delivery-time")).hint(t(lang, "delivery-time-hint")).optional(lang).limit(80)
                    .from(lang, form, errors))
            }
            section.card.pad {
                h2 { (t(lang, "checkout-notes")) }
                @for (name, label) in &notes {
                    (Entry::new(Kind::Text, name, label).hint(t(lang, "checkout-note-hint")).optional(lang).lines(2).limit(500)
                        .from(lang, form, errors))
                }
            }
            div.sum.place {
                b.tabular { (t(lang, "sum-total")) " " span.price { (format::money(lang, chosen.total, CURRENCY)) } }
                (ui::button(t(lang, "checkout-place"), ui::Look::Main))
            }
            p.note {
                (t(lang, "checkout-held")) " "
                a href=(format!("{}#{}", lang.path(paths::POLICY), policy::documents::anchor("2.3.2"))) {
                    (f(lang, "consent-version", &[("section", "2.3.2".into()), ("version", app.edition_number().into())]))
                }
            }
        }))
    }
}

fn order_summary(frame: &Frame, chosen: &Cart) -> Markup {
    let lang = frame.lang;
    html! {
        div {
            h2 { (t(lang, "cart-summary")) }
            @for seller in &chosen.sellers {
                h3 { (both(lang, &seller.shop.name)) }
                ul.plain {
                    @for product in &seller.products {
                        @for line in &product.lines {
                            @let unit = unit(lang, &product.unit);
                            li.note {
                                (both(lang, &product.title)) " · " (both(lang, &line.name)) (t(lang, "colon"))
                                (format::number(line.quantity)) " " (unit.of(line.quantity))
                                @if let Some(amount) = line.amount { " · " (format::money(lang, amount, CURRENCY)) }
                            }
                        }
                    }
                }
                (ui::sums(lang, CURRENCY, &[
                    ui::SumLine { label: t(lang, "sum-goods"), minor: seller.goods_amount, total: false },
                    ui::SumLine { label: t(lang, "sum-freight"), minor: seller.freight, total: false },
                ]))
            }
            (ui::sums(lang, CURRENCY, &[ui::SumLine { label: t(lang, "sum-total"), minor: chosen.total, total: true }]))
            // What is wrong with a quantity is mended there.
            a.button.quiet id="f-quantity" href=(lang.path(paths::CART)) { (t(lang, "checkout-back")) }
        }
    }
}

/// A refusal at the field of this form that mends it.
fn tell(refused: &trade::Refused, errors: &mut FormErrors) {
    let field = match refused.field() {
        Some("address") => Some("to"),
        Some("note") => None,
        other => other,
    };
    errors.refused(field, refused.key(), refused.args());
}

/// `POST /checkout`
pub async fn place(State(app): State<App>, me: SignedIn, frame: Frame, form: FormData) -> Result<Response, Failure> {
    let lang = frame.lang;
    let mut errors = FormErrors::default();
    let total_seen = form.text("total_seen").parse::<i64>().ok();
    let (once, total_seen) = match (Once::parse(form.text("once")), total_seen) {
        (Ok(once), Some(total_seen)) => (once, total_seen),
        // Without them nobody knows which press this is, and of what sum: the form comes back with fresh ones.
        _ => {
            errors.add(FieldError::plain("", "checkout-look-again"));
            (Once::draw(), 0)
        }
    };
    let (destination, typed) = match form.text("to") {
        "own" | "" => (read_place(&form, &mut errors).map(Destination::Own), true),
        "another" => (read_place(&form, &mut errors).map(Destination::Another), true),
        kept => {
            let kept = Id::parse(kept).map_err(|_| FieldError::plain("to", "invalid-choice"));
            (errors.keep(kept).map(Destination::Kept), false)
        }
    };
    let wished = errors.take("delivery_time", Entered::<DeliveryTime>::parse_optional(&form.typed("delivery_time")));
    let mut notes = Vec::new();
    for shop in form.rows("note-") {
        let field = format!("note-{shop}");
        let note = errors.take(&field, Entered::<OrderNote>::parse_optional(&form.typed(&field)));
        match (Id::parse(shop), note) {
            (Ok(shop), Some(Some(note))) => notes.push((shop, note)),
            (Err(_), Some(Some(_))) => tell(&trade::Refused::NoteToNobody, &mut errors),
            _ => {}
        }
    }
    let another = form.text("to") == "another";
    let assured = form.checked("assured").then_some(lang.0);
    if another && assured.is_none() {
        trade::Refused::AssuranceMissing.tell(&mut errors);
    }
    // The consent to keeping is the member's tick at this very place, and the member's word for somebody else.
    let mut agreed = None;
    if typed && form.checked("keep") {
        let shown = app.shown(&KeepAddressBook::INFO, lang, &form, "checkout");
        agreed = errors.keep(shown.map_err(|changed| changed.at("keep")));
    }
    let (Some(destination), Some(wished_time)) = (destination, wished) else {
        return page(&app, &me, &frame, &form, errors, &once).await;
    };
    if !errors.is_empty() {
        return page(&app, &me, &frame, &form, errors, &once).await;
    }
    let keep = agreed.map(|shown| (shown, destination.clone()));
    let buyer = me.buyer();
    let outcome = match ready(checkout::prepare(&app.vault, &buyer, destination, assured).await)? {
        Ok((access, delivery)) => {
            let order = NewOrder { once: once.clone(), total_seen, delivery, wished_time, notes };
            let terms = app.terms.clone();
            app.write(move |tx| checkout::place_order(tx, &terms, &buyer, &access, &order)).await?
        }
        Err(refused) => Err(refused),
    };
    match outcome {
        Ok(placed) => {
            if let Some((shown, ordered_to)) = keep {
                keep_too(&app, &me.buyer(), shown, ordered_to, lang.0, &placed).await?;
            }
            Ok(frame.go(&format!("/pay/{}", placed.checkout)))
        }
        // The cart has gone with the first press: there is no form to show again.
        Err(refused @ trade::Refused::SentBefore { .. }) => {
            let main = html! {
                (ui::notice(ui::Tone::Warn, &refused.sentence(lang)))
                (ui::link_button(&frame.path(paths::ORDERS), t(lang, "nav-orders"), ui::Look::Plain))
                (ui::link_button(&frame.path(paths::CART), t(lang, "checkout-back"), ui::Look::Quiet))
            };
            Ok(frame.page(t(lang, "checkout")).narrow().again(main))
        }
        Err(refused) => {
            tell(&refused, &mut errors);
            // What was typed stays; the next press is another one, for another total perhaps.
            page(&app, &me, &frame, &form, errors, &Once::draw()).await
        }
    }
}

/// Keeps the address that was ordered to in the book, by the consent that came with the order. A press that is sent
/// again keeps nothing again; the order stands whether or not keeping works.
pub async fn keep_too(
    app: &App,
    buyer: &Buyer,
    shown: consent::Shown,
    ordered_to: Destination,
    read_in: Language,
    placed: &Placed,
) -> Result<(), Failure> {
    let (place, another) = match ordered_to {
        Destination::Own(place) => (place, false),
        Destination::Another(place) => (place, true),
        Destination::Kept(_) => return Ok(()),
    };
    if !placed.new {
        return Ok(());
    }
    let person = buyer.member.clone();
    app.carry_out(move |tx| consent::grant::<KeepAddressBook, _>(tx, &person, &shown)).await?;
    let whose = match placed.orders.first().filter(|_| another) {
        Some(of) => Whose::consignee(&app.vault, buyer, &of.order, read_in).await,
        None => Ok(Whose::own()),
    };
    let _kept = privacy::keep(app, buyer, place, whose).await?;
    Ok(())
}

/// `GET /pay/{checkout}`: what is to be paid, and the way to the cashier.
pub async fn pay(
    State(app): State<App>,
    me: SignedIn,
    Path(id): Path<String>,
    frame: Frame,
) -> Result<Response, Failure> {
    let lang = frame.lang;
    let id = Id::parse(&id).map_err(|_| Failure::NotFound)?;
    let (buyer, checkout) = (me.buyer(), id.clone());
    let found = app
        .ask(move |r| {
            let placed = checkout::of_checkout(r, &buyer, &checkout)?;
            let payments = payment::of_checkout(r, &buyer, &checkout)?;
            let back = payment::refunds_beside_orders(r, &payments)?;
            Ok((placed, payments, back))
        })
        .await?;
    let (placed, payments, back) = found.map_err(|_: trade::Refused| Failure::NotFound)?;
    let (to_pay, ended): (Vec<_>, Vec<_>) = placed.orders.iter().partition(|order| order.to_pay);
    let amount = to_pay.iter().map(|order| order.total).fold(0, i64::saturating_add);
    let paid = payments.iter().any(|p| p.paid_at.is_some() && p.state == PaymentState::Paid);
    let (title, orders) = match (to_pay.is_empty(), paid) {
        (false, _) => ("pay-title", &to_pay),
        (true, true) => ("pay-paid", &ended),
        (true, false) => ("pay-nothing", &ended),
    };
    let links = |orders: &[&PlacedOrder]| {
        html! {
            @for order in orders {
                a href=(lang.path(&format!("/orders/{}", order.order))) { (order.number) } " "
            }
        }
    };
    let mut rows = vec![(t(lang, "pay-orders"), links(orders))];
    if !to_pay.is_empty() {
        if !ended.is_empty() {
            rows.push((t(lang, "pay-no-longer"), links(&ended)));
        }
        let sum = html! { b.price.tabular { (format::money(lang, amount, &placed.currency)) } };
        rows.push((t(lang, "sum-total"), sum));
    }
    let main = html! {
        div.card.pad {
            h1 { (t(lang, title)) }
            @match title {
                "pay-title" => p { (f(lang, "pay-until", &[("left", format::remaining(lang, placed.pay_until, app.now()).into())])) },
                "pay-paid" => (ui::notice(ui::Tone::Good, t(lang, "pay-paid-text"))),
                _ => (ui::notice(ui::Tone::Warn, t(lang, "pay-nothing-text"))),
            }
            @if !to_pay.is_empty() { (unconfirmed(lang, &payments)) }
            (refunds_shown(lang, &back))
            (ui::details(&rows))
            @if !to_pay.is_empty() {
                (ui::form(&frame.csrf, &frame.path(&format!("/pay/{id}")), html! {
                    (ui::button(t(lang, "pay-go"), ui::Look::Main))
                }))
                p.note { (t(lang, "pay-what-goes")) " " (t(lang, "product-held")) }
            }
            (ui::link_button(&lang.path(paths::ORDERS), t(lang, "nav-orders"), ui::Look::Plain))
        }
    };
    Ok(frame.page(t(lang, "pay-title")).narrow().answer(main))
}

/// `POST /pay/{checkout}`: to the payment company's cashier.
pub async fn go_pay(
    State(app): State<App>,
    me: SignedIn,
    Path(id): Path<String>,
    headers: HeaderMap,
    frame: Frame,
    _form: FormData,
) -> Result<Response, Failure> {
    let id = Id::parse(&id).map_err(|_| Failure::NotFound)?;
    let buyer = me.buyer();
    let access = payment::access(&app.vault, &buyer).await.map_err(app::no_access)?;
    let checkout = id.clone();
    let begun = app.write(move |tx| payment::begin(tx, &buyer, &access, &checkout)).await?;
    match begun {
        Ok(begun) => {
            let phone =
                headers.get(header::USER_AGENT).and_then(|a| a.to_str().ok()).is_some_and(|a| a.contains("Mobile"));
            let cashier = if phone { Cashier::Phone } else { Cashier::Page };
            let back = format!("{}{}", app.site.origin, frame.path("/pay/return"));
            let url = app.alipay.cashier_url(cashier, &begun.for_cashier(back)).map_err(|error| {
                tracing::error!(%error, "no way to the cashier");
                Failure::Unavailable
            })?;
            Ok(Redirect::to(&url).into_response())
        }
        Err(trade::Refused::NoSuchOrder) => Err(Failure::NotFound),
        Err(refused) => {
            let main = html! {
                (ui::notice(ui::Tone::Warn, &refused.sentence(frame.lang)))
                (ui::link_button(&frame.path(paths::ORDERS), t(frame.lang, "nav-orders"), ui::Look::Plain))
            };
            Ok(frame.page(t(frame.lang, "pay-title")).narrow().again(main))
        }
    }
}

/// `GET /pay/return`: the payer's browser comes back. What counts is the notification; where it does not come at once, the
/// payment company is asked, so that nobody stands before a page that says 'unpaid' after paying.
pub async fn returned(
    State(app): State<App>,
    me: SignedIn,
    uri: OriginalUri,
    frame: Frame,
) -> Result<Response, Failure> {
    let Ok(said) = app.alipay.read_return(uri.0.query().unwrap_or("")) else {
        return Ok(frame.go(paths::ORDERS));
    };
    let (buyer, number) = (me.buyer(), said.out_trade_no.clone());
    let mut news = app.arrivals.expect(number.clone());
    let look = app.vault.data().look(move |r| payment::by_number::<trade::Refused>(r, &buyer, &number));
    let Some(found) = told(look.await)?.map_err(|refused| Failure::fault(refused.key()))? else {
        return Ok(frame.go(paths::ORDERS));
    };
    if found.paid_at.is_none() && !news.within(NEWS_MAX).await {
        // It goes on where nobody waits for it any more.
        let asked = tokio::spawn(ask_payment_company(app.clone(), found.number));
        if let Ok(noted) = tokio::time::timeout(RETURN_WAITS, asked).await {
            noted.map_err(Failure::fault)??;
        }
    }
    Ok(frame.go(&format!("/pay/{}", found.checkout)))
}

/// So long a payer who comes back waits for the notification, before the payment company is asked.
const NEWS_MAX: Duration = Duration::from_millis(400);
/// So long a payer who comes back waits for the payment company's answer; then the page says that it is being asked.
const RETURN_WAITS: Duration = Duration::from_secs(4);

async fn ask_payment_company(app: App, number: String) -> Result<(), Failure> {
    let (alipay, of) = (app.alipay.clone(), number.clone());
    let asked = tokio::task::spawn_blocking(move || alipay.query(&of)).await.map_err(Failure::fault)?;
    match asked {
        Ok(trade) => {
            let noted = app.write(move |tx| payment::answered(tx, &number, &trade)).await?;
            noted.map(drop).map_err(|refused| Failure::fault(refused.key()))
        }
        // The planned looks ask again.
        Err(error) => {
            tracing::warn!(%error, "a payment was not asked for");
            Ok(())
        }
    }
}
