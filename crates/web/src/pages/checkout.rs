//! 2.3.2 and 2.3.3: the checkout, one order per seller, and the way to the cashier and back.

use crate::app::{self, App, SignedIn, Told, ready};
use crate::error::Failure;
use crate::form::{FormData, FormErrors};
use crate::format;
use crate::frame::{Frame, paths};
use crate::language::{f, t};
use crate::pages::guest::{CURRENCY, both, unit};
use crate::pages::privacy::{self, PLACE_LABELS, assurance_box, place_fields, read_place};
use crate::ui::{self, Entry, Kind};
use axum::extract::{OriginalUri, Path, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Redirect, Response};
use db::Id;
use maud::{Markup, html};
use partners::alipay::Cashier;
use policy::Entered;
use policy::fields::{DeliveryTime, OrderNote};
use trade::address::Kept;
use trade::cart::{self, Cart};
use trade::checkout::{self, Destination, NewOrder, Once};
use trade::payment::{self, PaymentState};
use trade::policy::{KeepAddressBook, TakePayment};
use vault::{Actor, consent};

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
        return Ok(frame.go(paths::CART));
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
    labels.push(("assured", t(lang, "assurance")));
    labels.push(("delivery_time", t(lang, "delivery-time")));
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
    for (value, title) in [("own", "checkout-new-own"), ("another", "checkout-new-another")] {
        cards.push(ui::RadioCard {
            value: value.into(),
            title: html! { (t(lang, title)) },
            text: html! {},
            chosen: picked == value,
        });
    }
    let typing = matches!(picked.as_str(), "own" | "another") || !errors.is_empty();
    let keep_purpose = &<KeepAddressBook as policy::Purpose>::INFO;
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
                    @let words = html! { (lang.words(keep_purpose.says)) " " span.note { (lang.words(keep_purpose.refusal)) " " (t(lang, "checkout-keep-where")) } };
                    (ui::check(lang, "keep", words, form.checked("keep"), None, errors))
                }
                (assurance_box(lang, form, errors))
                (Entry::new(Kind::Text, "delivery_time", t(lang, "delivery-time")).hint(t(lang, "delivery-time-hint")).optional(lang).limit(80)
                    .from(lang, form, errors))
            }
            section.card.pad {
                h2 { (t(lang, "checkout-notes")) }
                @for seller in &chosen.sellers {
                    @let name = format!("note-{}", seller.shop.id);
                    @let label = f(lang, "checkout-note-to", &[("shop", both(lang, &seller.shop.name).into())]);
                    (Entry::new(Kind::Text, &name, &label).hint(t(lang, "checkout-note-hint")).optional(lang).lines(2).limit(500)
                        .from(lang, form, errors))
                }
            }
            div.sum.place {
                b.tabular { (t(lang, "sum-total")) " " span.price { (format::money(lang, chosen.total, CURRENCY)) } }
                (ui::button(t(lang, "checkout-place"), ui::Look::Main))
            }
            p.note { (t(lang, "checkout-held")) " " (f(lang, "policy-section", &[("section", "2.3.2".into())])) " "
                a href=(lang.path(paths::POLICY)) { (t(lang, "privacy-policy")) } " " (app.edition_number()) }
        }))
    }
}

fn order_summary(frame: &Frame, chosen: &Cart) -> Markup {
    let lang = frame.lang;
    html! {
        div.card.pad {
            h2 { (t(lang, "cart-summary")) }
            @for seller in &chosen.sellers {
                h3 { (both(lang, &seller.shop.name)) }
                ul.plain {
                    @for product in &seller.products {
                        @for line in &product.lines {
                            @let unit = unit(lang, &product.unit);
                            li.note {
                                (both(lang, &product.title)) ", " (both(lang, &line.name)) ": "
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
            (ui::link_button(&lang.path(paths::CART), t(lang, "checkout-back"), ui::Look::Quiet))
        }
    }
}

/// `POST /checkout`
pub async fn place(State(app): State<App>, me: SignedIn, frame: Frame, form: FormData) -> Result<Response, Failure> {
    let lang = frame.lang;
    let once = Once::parse(form.text("once")).map_err(|_| Failure::BadRequest)?;
    let total_seen = form.text("total_seen").parse().map_err(|_| Failure::BadRequest)?;
    let mut errors = FormErrors::default();
    let assured = form.checked("assured").then_some(lang.0);
    let (destination, typed) = match form.text("to") {
        "own" | "" => (read_place(&form, &mut errors).map(Destination::Own), true),
        "another" => (read_place(&form, &mut errors).map(Destination::Another), true),
        kept => (Some(Destination::Kept(Id::parse(kept).map_err(|_| Failure::BadRequest)?)), false),
    };
    let wished = errors.take("delivery_time", Entered::<DeliveryTime>::parse_optional(&form.typed("delivery_time")));
    let mut notes = Vec::new();
    let shops: Vec<String> = form.rows("note-").map(str::to_owned).collect();
    for shop in shops {
        let field = format!("note-{shop}");
        if let Some(Some(note)) = errors.take(&field, Entered::<OrderNote>::parse_optional(&form.typed(&field))) {
            notes.push((Id::parse(&shop).map_err(|_| Failure::BadRequest)?, note));
        }
    }
    let another = matches!(form.text("to"), "another");
    if another && assured.is_none() {
        trade::Refused::AssuranceMissing.tell(&mut errors);
    }
    let (Some(destination), Some(wished_time)) = (destination, wished) else {
        return page(&app, &me, &frame, &form, errors, &once).await;
    };
    if !errors.is_empty() {
        return page(&app, &me, &frame, &form, errors, &once).await;
    }
    let keep = (typed && form.checked("keep")).then(|| destination.clone());
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
            if let Some(Destination::Own(place) | Destination::Another(place)) = keep {
                // The consent is the member's tick at this very place; the order stands whether or not keeping works.
                let purpose = &<KeepAddressBook as policy::Purpose>::INFO;
                let (shown, person) = (app.shown(purpose, lang, "checkout"), me.member.clone());
                app.carry_out(move |tx| consent::grant::<KeepAddressBook, _>(tx, &person, &shown)).await?;
                let _kept = privacy::keep(&app, &me, lang, place, another).await?;
            }
            Ok(frame.go(&format!("/pay/{}", placed.checkout)))
        }
        Err(refused) => {
            refused.tell(&mut errors);
            // What was typed stays; the next press is another one, for another total perhaps.
            page(&app, &me, &frame, &form, errors, &Once::draw()).await
        }
    }
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
            Ok((placed, payments))
        })
        .await?;
    let (placed, payments) = found.map_err(|_: trade::Refused| Failure::NotFound)?;
    let paid = payments.iter().any(|p| p.paid_at.is_some() && p.state == PaymentState::Paid);
    let main = html! {
        div.card.pad {
            h1 { (t(lang, if paid { "pay-paid" } else { "pay-title" })) }
            @if paid {
                (ui::notice(ui::Tone::Good, t(lang, "pay-paid-text")))
            } @else {
                p { (f(lang, "pay-until", &[("left", format::remaining(lang, placed.pay_until, app.now()).into())])) }
            }
            (ui::details(&[
                (t(lang, "pay-orders"), html! {
                    @for order in &placed.orders {
                        a href=(lang.path(&format!("/orders/{}", order.order))) { (order.number) } " "
                    }
                }),
                (t(lang, "sum-total"), html! { b.price.tabular { (format::money(lang, placed.amount, &placed.currency)) } }),
            ]))
            @if !paid {
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
    let access = app
        .vault
        .access::<TakePayment>(&Actor::own(&me.member), std::slice::from_ref(&me.member))
        .await
        .map_err(app::no_access)?;
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
        Err(refused) => {
            let main = html! {
                (ui::notice(ui::Tone::Warn, &refused.sentence(frame.lang)))
                (ui::link_button(&frame.path(paths::ORDERS), t(frame.lang, "nav-orders"), ui::Look::Plain))
            };
            Ok(frame.page(t(frame.lang, "pay-title")).narrow().again(main))
        }
    }
}

/// `GET /pay/return`: the payer's browser comes back. What counts is the notification; where it has not come yet, the
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
    let Some(found) = app
        .ask(move |r| payment::by_number::<trade::Refused>(r, &buyer, &number))
        .await?
        .map_err(|refused| Failure::fault(refused.key()))?
    else {
        return Ok(frame.go(paths::ORDERS));
    };
    if found.paid_at.is_none() {
        let (alipay, number) = (app.alipay.clone(), found.number.clone());
        let asked = tokio::task::spawn_blocking(move || alipay.query(&number)).await.map_err(Failure::fault)?;
        if let Ok(trade) = asked {
            let number = found.number.clone();
            app.write(move |tx| payment::answered(tx, &number, &trade)).await?.map_err(|r| Failure::fault(r.key()))?;
        }
    }
    Ok(frame.go(&format!("/pay/{}", found.checkout)))
}
