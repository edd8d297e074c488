//! 2.3.1: the cart, across sellers. A guest is asked to sign in when something is to be kept (2.1.1-a.2).

use crate::app::{App, SignedIn, Told};
use crate::error::Failure;
use crate::form::{FormData, FormErrors};
use crate::format;
use crate::frame::{Frame, paths};
use crate::language::{Lang, f, t};
use crate::pages::guest::{self, CURRENCY, both, media, product_path, shop_path, unit};
use crate::ui;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use db::Id;
use maud::{Markup, html};
use std::collections::HashMap;
use trade::cart::{self, Cart, Line, OfProduct, Wanted, Which};

/// `POST /cart/add`: quantities of a product's variants, `qty-<variant>`; then the cart, or straight to the order.
pub async fn add(State(app): State<App>, me: SignedIn, frame: Frame, form: FormData) -> Result<Response, Failure> {
    let product = Id::parse(form.text("product")).map_err(|_| Failure::BadRequest)?;
    let mut errors = FormErrors::default();
    let mut typed = HashMap::new();
    let mut wanted = Vec::new();
    let names: Vec<String> = form.rows("qty-").map(str::to_owned).collect();
    for variant in names {
        let field = format!("qty-{variant}");
        if form.text(&field).trim().is_empty() {
            continue;
        }
        let Some(quantity) = errors.keep(form.number(&field, 0..=999_999)) else { continue };
        typed.insert(variant.clone(), quantity);
        if quantity > 0 {
            let variant = Id::parse(&variant).map_err(|_| Failure::BadRequest)?;
            wanted.push(Wanted { product: product.clone(), variant, quantity });
        }
    }
    if wanted.is_empty() && errors.is_empty() {
        errors.add(crate::FieldError::plain("", "cart-nothing-wanted"));
    }
    let straight = form.text("then") == "order";
    if errors.is_empty() {
        let (buyer, lines, of) = (me.buyer(), wanted.clone(), product.clone());
        let outcome = app
            .write(move |tx| {
                cart::add(tx, &buyer, &lines)?;
                if straight {
                    cart::choose(tx, &buyer, &Which::All, false)?;
                    cart::choose(tx, &buyer, &Which::Product(of.clone()), true)?;
                }
                Ok(())
            })
            .await?;
        match outcome {
            Ok(()) if straight => return Ok(frame.go("/checkout")),
            Ok(()) => return Ok(frame.go_saying(paths::CART, "purchase-added")),
            Err(refused) => refused.tell(&mut errors),
        }
    }
    guest::show_product(&app, &frame, product.as_str(), &typed, &errors, StatusCode::UNPROCESSABLE_ENTITY).await
}

/// `GET /cart`
pub async fn show(State(app): State<App>, me: SignedIn, frame: Frame) -> Result<Response, Failure> {
    let page = page(&app, &me, &frame, None).await?;
    Ok(frame.page(t(frame.lang, "nav-cart")).answer(page))
}

async fn page(app: &App, me: &SignedIn, frame: &Frame, refused: Option<trade::Refused>) -> Result<Markup, Failure> {
    let lang = frame.lang;
    let buyer = me.buyer();
    let cart = app.ask(move |r| cart::view(r, &buyer)).await?.map_err(|refused| Failure::fault(refused.key()))?;
    if cart.sellers.is_empty() {
        return Ok(html! {
            h1 { (t(lang, "nav-cart")) }
            (ui::empty(ui::icon::cart(), t(lang, "cart-empty"), t(lang, "cart-empty-text"),
                Some((t(lang, "cart-browse"), &lang.path(paths::SEARCH)))))
        });
    }
    let content = html! {
        h1 { (t(lang, "nav-cart")) " " span.note { (format::number(cart.lines as i64)) } }
        @if let Some(refused) = &refused { (ui::notice(ui::Tone::Bad, &refused.sentence(lang))) }
        @for seller in &cart.sellers {
            section.card.of-seller {
                div.seller-head {
                    h2 { a href=(lang.path(&shop_path(&seller.shop.id))) { (both(lang, &seller.shop.name)) } }
                    span.note { (both(lang, &seller.shop.place)) }
                }
                @if !seller.sells { (ui::notice(ui::Tone::Warn, t(lang, "product-shop-paused"))) }
                @for product in &seller.products { (of_product(frame, product)) }
                @if seller.total > 0 {
                    p.seller-sum.tabular {
                        span.note {
                            (t(lang, "sum-goods")) " " (format::money(lang, seller.goods_amount, CURRENCY)) " · "
                            (t(lang, "sum-freight")) " " (format::money(lang, seller.freight, CURRENCY))
                            @if let Some(more) = seller.until_free_freight {
                                @if more > 0 { " · " (f(lang, "cart-until-free", &[("price", format::money(lang, more, CURRENCY).into())])) }
                            }
                        }
                        " " b { (format::money(lang, seller.total, CURRENCY)) }
                    }
                }
            }
        }
    };
    Ok(ui::with_summary(content, summary(frame, &cart)))
}

fn summary(frame: &Frame, cart: &Cart) -> Markup {
    let lang = frame.lang;
    html! {
        div.card.pad {
            h2 { (t(lang, "cart-summary")) }
            (ui::sums(lang, CURRENCY, &[ui::SumLine { label: t(lang, "sum-total"), minor: cart.total, total: true }]))
            p.note { (f(lang, "cart-chosen", &[("n", (cart.chosen as i64).into())])) }
            @if cart.may_check_out() {
                (ui::link_button(&lang.path("/checkout"), t(lang, "cart-check-out"), ui::Look::Main))
            } @else {
                p.note { (t(lang, if cart.chosen == 0 { "cart-choose-first" } else { "cart-mend-first" })) }
            }
            p.note { (t(lang, "product-held")) }
            (ui::form(&frame.csrf, &frame.path("/cart/choose"), html! {
                (ui::hidden("which", "all"))
                (ui::hidden("chosen", "on"))
                (ui::button(t(lang, "cart-choose-all"), ui::Look::Quiet))
            }))
            (ui::link_button(&lang.path("/my/privacy/consents/CartReminders?next=/cart"), t(lang, "cart-reminders"), ui::Look::Quiet))
        }
    }
}

fn of_product(frame: &Frame, product: &OfProduct) -> Markup {
    let lang = frame.lang;
    let unit = unit(lang, &product.unit);
    let picture = product.picture.as_ref().map(|p| media(p.as_str()));
    html! {
        div.of-product id=(product.product) {
            div.of-product-head {
                @match &picture {
                    Some(picture) => img alt="" src=(picture) width="64" height="64" loading="lazy";
                    None => span.none { (ui::icon::box_()) }
                }
                div {
                    a href=(lang.path(&product_path(&product.product))) { (both(lang, &product.title)) }
                    p.note {
                        @if product.missing > 0 {
                            strong.warn { (f(lang, "purchase-lacking", &[("n", format::number(product.missing).into()), ("unit", unit.of(product.missing).into())])) }
                        } @else if let Some(next) = &product.next_tier {
                            (f(lang, "purchase-next", &[("n", format::number(next.more).into()), ("unit", unit.of(next.more).into()),
                                ("price", format::money(lang, next.tier.price, CURRENCY).into())]))
                        }
                    }
                }
            }
            ul.cart-lines { @for line in &product.lines { (cart_line(frame, product, line, unit)) } }
        }
    }
}

fn cart_line(frame: &Frame, product: &OfProduct, line: &Line, unit: ui::Unit) -> Markup {
    let lang: Lang = frame.lang;
    let name = both(lang, &line.name);
    let ids = html! {
        (ui::hidden("product", product.product.as_str()))
        (ui::hidden("variant", line.variant.as_str()))
    };
    html! {
        li.cart-line[true].off[!line.offered] {
            (ui::form(&frame.csrf, &frame.path("/cart/choose"), html! {
                (ids)
                (ui::hidden("which", "line"))
                (ui::hidden("chosen", if line.chosen { "" } else { "on" }))
                button.tick type="submit" aria-pressed=(line.chosen) aria-label=(f(lang, "cart-choose", &[("what", name.into())])) {
                    @if line.chosen { (ui::icon::check()) }
                }
            }))
            div.what {
                span { (name) }
                @if !line.offered { span.note.warn { (t(lang, "cart-not-offered")) } }
                @if line.short { span.note.warn { (f(lang, "cart-short", &[("n", format::number(line.stock).into())])) } }
                @if let Some(by) = line.dropped_by {
                    (ui::badge(ui::Tone::Good, &f(lang, "cart-dropped", &[("price", format::money(lang, by, CURRENCY).into())])))
                }
            }
            span.note.tabular { @if let Some(each) = line.unit_price { (format::money(lang, each, CURRENCY)) } }
            (ui::form(&frame.csrf, &frame.path("/cart/set"), html! {
                (ids)
                (ui::quantity(lang, "quantity", name, line.quantity, 1, 999_999))
                " " span.note { (unit.of(line.quantity)) } " "
                (ui::button(t(lang, "cart-update"), ui::Look::Quiet))
            }))
            b.tabular { @if let Some(amount) = line.amount { (format::money(lang, amount, CURRENCY)) } }
            (ui::form(&frame.csrf, &frame.path("/cart/remove"), html! {
                (ids)
                (ui::button(t(lang, "cart-remove"), ui::Look::Quiet))
            }))
        }
    }
}

fn line_of(form: &FormData) -> Result<(Id, Id), Failure> {
    let product = Id::parse(form.text("product")).map_err(|_| Failure::BadRequest)?;
    let variant = Id::parse(form.text("variant")).map_err(|_| Failure::BadRequest)?;
    Ok((product, variant))
}

async fn back(
    app: &App,
    me: &SignedIn,
    frame: &Frame,
    outcome: Result<(), trade::Refused>,
) -> Result<Response, Failure> {
    match outcome {
        Ok(()) => Ok(frame.go(paths::CART)),
        Err(refused) => {
            let page = page(app, me, frame, Some(refused)).await?;
            Ok(frame.page(t(frame.lang, "nav-cart")).again(page))
        }
    }
}

/// `POST /cart/set`
pub async fn set(State(app): State<App>, me: SignedIn, frame: Frame, form: FormData) -> Result<Response, Failure> {
    let (product, variant) = line_of(&form)?;
    let Ok(quantity) = form.number("quantity", 1..=999_999) else {
        return back(&app, &me, &frame, Err(trade::Refused::Quantity { max: 999_999 })).await;
    };
    let (buyer, wanted) = (me.buyer(), Wanted { product, variant, quantity });
    let outcome = app.write(move |tx| cart::set_quantity(tx, &buyer, &wanted)).await?;
    back(&app, &me, &frame, outcome).await
}

/// `POST /cart/remove`
pub async fn remove(State(app): State<App>, me: SignedIn, frame: Frame, form: FormData) -> Result<Response, Failure> {
    let line = line_of(&form)?;
    let buyer = me.buyer();
    let outcome = app.write(move |tx| cart::remove(tx, &buyer, std::slice::from_ref(&line))).await?;
    back(&app, &me, &frame, outcome).await
}

/// `POST /cart/choose`
pub async fn choose(State(app): State<App>, me: SignedIn, frame: Frame, form: FormData) -> Result<Response, Failure> {
    let which = match form.text("which") {
        "all" => Which::All,
        "line" => {
            let (product, variant) = line_of(&form)?;
            Which::Line { product, variant }
        }
        _ => return Err(Failure::BadRequest),
    };
    let (buyer, chosen) = (me.buyer(), form.checked("chosen"));
    let outcome = app.write(move |tx| cart::choose(tx, &buyer, &which, chosen)).await?;
    back(&app, &me, &frame, outcome).await
}
