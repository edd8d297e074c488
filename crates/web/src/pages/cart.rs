//! 2.3.1: the cart, across sellers. A guest is asked to sign in when something is to be kept (2.1.1-a.2).

use crate::app::{App, SignedIn, Told};
use crate::error::Failure;
use crate::form::{FieldError, FormData, FormErrors};
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
use trade::cart::{self, Cart, Line, OfProduct, QUANTITY_MAX, Wanted, Which};

/// `POST /cart/add`: quantities of a product's variants, `qty-<variant>`; then the cart, or straight to the order.
pub async fn add(State(app): State<App>, me: SignedIn, frame: Frame, form: FormData) -> Result<Response, Failure> {
    let product = Id::parse(form.text("product")).map_err(|_| Failure::BadRequest)?;
    let mut errors = FormErrors::default();
    let mut wanted = Vec::new();
    for variant in form.rows("qty-") {
        let field = format!("qty-{variant}");
        if form.text(&field).trim().is_empty() {
            continue;
        }
        let Some(quantity) = errors.keep(form.number(&field, 0..=QUANTITY_MAX)) else { continue };
        match Id::parse(variant) {
            Ok(variant) if quantity > 0 => wanted.push(Wanted { product: product.clone(), variant, quantity }),
            Ok(_) => {}
            Err(_) => trade::Refused::NotOffered { title: None }.tell(&mut errors),
        }
    }
    if wanted.is_empty() && errors.is_empty() {
        errors.add(FieldError::plain("", "cart-nothing-wanted"));
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
            Err(refused) => tell_at_numbers(&app, &me, &wanted, &refused, &mut errors).await?,
        }
    }
    guest::show_product(&app, &frame, product.as_str(), &form, &errors, StatusCode::UNPROCESSABLE_ENTITY).await
}

/// Too many is said at the numbers that are too many together with what the cart holds already.
async fn tell_at_numbers(
    app: &App,
    me: &SignedIn,
    wanted: &[Wanted],
    refused: &trade::Refused,
    errors: &mut FormErrors,
) -> Result<(), Failure> {
    let trade::Refused::Quantity { max } = refused else {
        refused.tell(errors);
        return Ok(());
    };
    let cart = the_cart(app, me).await?;
    let held =
        |variant: &Id| cart_lines(&cart).find(|(_, line)| line.variant == *variant).map_or(0, |(_, l)| l.quantity);
    for one in wanted.iter().filter(|one| held(&one.variant) + one.quantity > *max) {
        errors.refused(Some(&format!("qty-{}", one.variant)), refused.key(), refused.args());
    }
    if errors.is_empty() {
        errors.refused(None, refused.key(), refused.args());
    }
    Ok(())
}

async fn the_cart(app: &App, me: &SignedIn) -> Result<Cart, Failure> {
    let buyer = me.buyer();
    app.ask(move |r| cart::view(r, &buyer)).await?.map_err(|refused| Failure::fault(refused.key()))
}

fn cart_lines(cart: &Cart) -> impl Iterator<Item = (&OfProduct, &Line)> {
    let products = cart.sellers.iter().flat_map(|seller| &seller.products);
    products.flat_map(|product| product.lines.iter().map(move |line| (product, line)))
}

/// What a line's number is known by on the page: each line has a form of its own, with one name for all.
fn number_of(variant: &Id) -> String {
    format!("quantity-{variant}")
}

/// `GET /cart`
pub async fn show(State(app): State<App>, me: SignedIn, frame: Frame) -> Result<Response, Failure> {
    let page = page(&app, &me, &frame, &FormData::empty(), &FormErrors::default()).await?;
    Ok(frame.page(t(frame.lang, "nav-cart")).answer(page))
}

/// The cart, also with what was typed into one line and what was wrong with it.
async fn page(
    app: &App,
    me: &SignedIn,
    frame: &Frame,
    form: &FormData,
    errors: &FormErrors,
) -> Result<Markup, Failure> {
    let lang = frame.lang;
    let cart = the_cart(app, me).await?;
    if cart.sellers.is_empty() {
        return Ok(html! {
            h1 { (t(lang, "nav-cart")) }
            (ui::error_summary(lang, errors, &[]))
            (ui::empty(ui::icon::cart(), t(lang, "cart-empty"), t(lang, "cart-empty-text"),
                Some((&lang.path(paths::SEARCH), t(lang, "cart-browse")))))
        });
    }
    let names: Vec<(String, String)> = cart_lines(&cart)
        .map(|(product, line)| {
            (number_of(&line.variant), format!("{}, {}", both(lang, &product.title), both(lang, &line.name)))
        })
        .collect();
    let labels: Vec<(&str, &str)> = names.iter().map(|(field, name)| (field.as_str(), name.as_str())).collect();
    let sent = Sent { form, errors };
    let content = html! {
        h1 { (t(lang, "nav-cart")) " " span.note { (format::number(cart.lines as i64)) } }
        (ui::error_summary(lang, errors, &labels))
        @for seller in &cart.sellers {
            section.card.of-seller {
                div.seller-head {
                    h2 { a href=(lang.path(&shop_path(&seller.shop.id))) { (both(lang, &seller.shop.name)) } }
                    span.note { (both(lang, &seller.shop.place)) }
                }
                @if !seller.sells { (ui::notice(ui::Tone::Warn, t(lang, "product-shop-paused"))) }
                @for product in &seller.products { (of_product(frame, product, sent)) }
                @if seller.total > 0 {
                    p.seller-sum {
                        span.note {
                            (t(lang, "sum-goods")) " " (ui::money(lang, seller.goods_amount, CURRENCY)) " · "
                            (t(lang, "sum-freight")) " " (ui::money(lang, seller.freight, CURRENCY))
                            @if let Some(more) = seller.until_free_freight {
                                @if more > 0 { " · " (f(lang, "cart-until-free", &[("price", format::money(lang, more, CURRENCY).into())])) }
                            }
                        }
                        " " b.tabular { (format::money(lang, seller.total, CURRENCY)) }
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
        div {
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
                (ui::hidden("chosen", "yes"))
                (ui::button(t(lang, "cart-choose-all"), ui::Look::Quiet))
            }))
            (ui::link_button(&lang.path("/my/privacy/consents/CartReminders?next=/cart"), t(lang, "cart-reminders"), ui::Look::Quiet))
        }
    }
}

/// What was sent for a line, shown again in it.
#[derive(Clone, Copy)]
struct Sent<'a> {
    form: &'a FormData,
    errors: &'a FormErrors,
}

fn of_product(frame: &Frame, product: &OfProduct, sent: Sent) -> Markup {
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
            ul.cart-lines { @for line in &product.lines { (cart_line(frame, product, line, unit, sent)) } }
        }
    }
}

fn cart_line(frame: &Frame, product: &OfProduct, line: &Line, unit: ui::Unit, sent: Sent) -> Markup {
    let lang: Lang = frame.lang;
    let name = both(lang, &line.name);
    let field = number_of(&line.variant);
    let held = line.quantity.to_string();
    let value = if sent.errors.of(&field).is_some() { sent.form.text("quantity") } else { &held };
    let ids = html! {
        (ui::hidden("product", product.product.as_str()))
        (ui::hidden("variant", line.variant.as_str()))
    };
    html! {
        li.cart-line[true].off[!line.offered] {
            (ui::form(&frame.csrf, &frame.path("/cart/choose"), html! {
                (ids)
                (ui::hidden("which", "line"))
                (ui::hidden("chosen", if line.chosen { "no" } else { "yes" }))
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
            // With scripts it sends itself when the number has settled.
            form method="post" action=(frame.path("/cart/set")) data-auto {
                (frame.csrf.field())
                (ids)
                (ui::quantity(lang, &ui::Quantity { name: "quantity", id: &field, label: name, value, min: 1, max: QUANTITY_MAX }, sent.errors))
                " " span.note { (unit.of(line.quantity)) } " "
                button.button.quiet.when-plain type="submit" { (t(lang, "cart-update")) }
            }
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
    form: &FormData,
    outcome: Result<(), FieldError>,
) -> Result<Response, Failure> {
    let Err(error) = outcome else { return Ok(frame.go(paths::CART)) };
    let mut errors = FormErrors::default();
    errors.add(error);
    let page = page(app, me, frame, form, &errors).await?;
    Ok(frame.page(t(frame.lang, "nav-cart")).again(page))
}

/// A refusal at the number of the line that was changed, or of the whole cart.
fn refusal(field: &str, refused: &trade::Refused) -> FieldError {
    let mut errors = FormErrors::default();
    errors.refused(refused.field().map(|_| field), refused.key(), refused.args());
    errors.all()[0].clone()
}

/// `POST /cart/set`
pub async fn set(State(app): State<App>, me: SignedIn, frame: Frame, form: FormData) -> Result<Response, Failure> {
    let (product, variant) = line_of(&form)?;
    let field = number_of(&variant);
    let outcome = match form.number("quantity", 1..=QUANTITY_MAX) {
        Ok(quantity) => {
            let (buyer, wanted) = (me.buyer(), Wanted { product, variant, quantity });
            let outcome = app.write(move |tx| cart::set_quantity(tx, &buyer, &wanted)).await?;
            outcome.map_err(|refused| refusal(&field, &refused))
        }
        Err(error) => Err(FieldError { field, ..error }),
    };
    back(&app, &me, &frame, &form, outcome).await
}

/// `POST /cart/remove`
pub async fn remove(State(app): State<App>, me: SignedIn, frame: Frame, form: FormData) -> Result<Response, Failure> {
    let line = line_of(&form)?;
    let buyer = me.buyer();
    let outcome = app.write(move |tx| cart::remove(tx, &buyer, std::slice::from_ref(&line))).await?;
    back(&app, &me, &frame, &form, outcome.map_err(|refused| refusal("", &refused))).await
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
    let chosen = form.choice("chosen", &["yes", "no"]).map_err(|_| Failure::BadRequest)? == "yes";
    let buyer = me.buyer();
    let outcome = app.write(move |tx| cart::choose(tx, &buyer, &which, chosen)).await?;
    back(&app, &me, &frame, &form, outcome.map_err(|refused| refusal("", &refused))).await
}
