//! 2.1.3-c, 2.3.3, 3.5-a: the seller's desk: applying for a shop, goods, orders, money. Every look-up begins at the
//! shop of whoever asks; a list shows nobody's whole name.

pub mod bulk;
mod goods;
pub mod hooks;
mod money;
mod orders;
mod shop;

pub use goods::{decode, save_with};

use crate::app::{App, AtDesk, Told};
use crate::error::Failure;
use crate::form::{FieldError, FormData, FormErrors};
use crate::format;
use crate::frame::{Frame, paths};
use crate::language::{Lang, t};
use crate::pages::guest::{CURRENCY, both};
use crate::routes::{Gate, Routes};
use crate::ui;
use axum::extract::State;
use axum::response::Response;
use catalogue::{Both, Refused, shop as shops};
use maud::{Markup, html};
use policy::fields::SettlementAccount;
use policy::{Entered, Typed};
use trade::state::OrderState;
use trade::{order, settlement};

/// One picture of the largest size that is taken, and the rest of its form.
const GOODS_FORM_BYTES_MAX: usize = catalogue::picture::BYTES_MAX + 1024 * 1024;

pub fn routes() -> Routes<App> {
    let with_pictures = Routes::default()
        .get(Gate::Seller, "/sell/products/new", goods::new_page)
        .post(Gate::Seller, "/sell/products/new", goods::publish)
        .get(Gate::Seller, "/sell/products/{id}", goods::edit_page)
        .post(Gate::Seller, "/sell/products/{id}", goods::save)
        .bodies_up_to(GOODS_FORM_BYTES_MAX);
    let with_sheets = Routes::default()
        .get(Gate::Seller, "/sell/import", bulk::upload_page)
        .post(Gate::Seller, "/sell/import", bulk::upload)
        .bodies_up_to(bulk::FORM_BYTES_MAX);
    Routes::default()
        .get(Gate::Seller, "/sell", desk)
        .get(Gate::Member, "/sell/apply", shop::apply_page)
        .post(Gate::Member, "/sell/apply", shop::apply)
        .get(Gate::Seller, "/sell/shop", shop::edit_page)
        .post(Gate::Seller, "/sell/shop", shop::edit)
        .get(Gate::Seller, "/sell/products", goods::list)
        .post(Gate::Seller, "/sell/products/{id}/down", goods::take_down)
        .post(Gate::Seller, "/sell/products/{id}/list", goods::list_again)
        .get(Gate::Seller, "/sell/import/template.csv", bulk::template)
        .get(Gate::Seller, "/sell/import/{id}", bulk::show)
        .get(Gate::Seller, "/sell/import/{id}/mistakes.csv", bulk::mistakes_file)
        .post(Gate::Seller, "/sell/import/{id}/start", bulk::start)
        .post(Gate::Seller, "/sell/import/{id}/cancel", bulk::cancel)
        .post(Gate::Seller, "/sell/import/{id}/close", bulk::close)
        .get(Gate::Seller, "/sell/export.csv", bulk::export)
        .get(Gate::Seller, "/sell/orders", orders::list)
        .get(Gate::Seller, "/sell/orders/{id}", orders::show)
        .post(Gate::Seller, "/sell/orders/{id}/ship", orders::ship)
        .get(Gate::Seller, "/sell/orders/{id}/decline", orders::decline_page)
        .post(Gate::Seller, "/sell/orders/{id}/decline", orders::decline)
        .get(Gate::Seller, hooks::PATH, hooks::list)
        .get(Gate::Seller, "/sell/webhooks/new", hooks::new_page)
        .post(Gate::Seller, "/sell/webhooks/new", hooks::make)
        .get(Gate::Seller, "/sell/webhooks/{id}", hooks::show)
        .get(Gate::Seller, "/sell/webhooks/{id}/edit", hooks::edit_page)
        .post(Gate::Seller, "/sell/webhooks/{id}/edit", hooks::save)
        .get(Gate::Seller, "/sell/webhooks/{id}/delete", hooks::delete_page)
        .post(Gate::Seller, "/sell/webhooks/{id}/delete", hooks::delete)
        .post(Gate::Seller, "/sell/webhooks/{id}/{verb}", hooks::act)
        .get(Gate::Seller, "/sell/webhooks/{id}/deliveries/{delivery}", hooks::delivery)
        .post(Gate::Seller, "/sell/webhooks/{id}/deliveries/{delivery}/again", hooks::again)
        .get(Gate::Seller, "/sell/money", money::show)
        .post(Gate::Seller, "/sell/money/pay-out", money::pay_out)
        .post(Gate::Seller, "/sell/money/account", money::change_account)
        .merge(with_pictures)
        .merge(with_sheets)
}

/// The side of every page of the desk; `current` is its path.
fn side(frame: &Frame, current: &str, to_ship: Option<i64>) -> Markup {
    let lang = frame.lang;
    let count = to_ship.and_then(|n| u32::try_from(n).ok());
    let entry = |label, path: &str, count| (t(lang, label), lang.path(path), count);
    ui::side_nav(
        t(lang, "nav-sell"),
        &lang.path(current),
        &[
            entry("sell-desk", paths::SELL, None),
            entry("sell-orders", "/sell/orders", count),
            entry("sell-goods", "/sell/products", None),
            entry("sell-money", "/sell/money", None),
            entry("sell-shop", "/sell/shop", None),
            entry("hooks-title", hooks::PATH, None),
        ],
    )
}

fn settlement_account(form: &FormData, errors: &mut FormErrors) -> Option<Entered<SettlementAccount>> {
    payable_account(&form.typed("settlement_account"), errors)
}

/// The settlement account that was typed: one that the payment company can pay to, so that no payout comes back for it.
pub fn payable_account(typed: &Typed, errors: &mut FormErrors) -> Option<Entered<SettlementAccount>> {
    let account = errors.take("settlement_account", Entered::<SettlementAccount>::parse(typed))?;
    if partners::alipay::payable(account.look_inside()) {
        return Some(account);
    }
    errors.add(FieldError::plain("settlement_account", "sell-account-unfit"));
    None
}

fn with_side(frame: &Frame, current: &str, content: Markup) -> Markup {
    ui::with_side(side(frame, current, None), content)
}

/// `GET /sell`
async fn desk(State(app): State<App>, desk: AtDesk, frame: Frame) -> Result<Response, Failure> {
    let lang = frame.lang;
    let seller = desk.seller.clone();
    let found = app
        .ask(move |r| {
            let own = shops::of_member(r, &seller.member)?;
            let listed = shops::public(r, &seller.shop)?.map_or(0, |shop| shop.listed);
            let counts = order::open_of_shop(r, &seller)?;
            let balance = settlement::balance::<trade::Refused>(r, &seller, CURRENCY)?;
            let broken = trade::hooks::endpoint::broken(r, &seller)?;
            Ok((own, listed, counts, balance, broken))
        })
        .await?;
    let (own, listed, counts, balance, broken) =
        found.map_err(|refused: trade::Refused| Failure::fault(refused.key()))?;
    let own = own.ok_or(Failure::NotFound)?;
    let in_state = |state| counts.iter().find(|(s, _)| *s == state).map_or(0, |(_, n)| *n);
    let to_ship = in_state(OrderState::Paid);
    let price = |minor| format::money(lang, minor, CURRENCY);
    let content = html! {
        (ui::section_head(both(lang, &own.face.name), Some(t(lang, state_key(own.state))), Some(html! {
            (ui::link_button(&frame.path(&crate::pages::guest::shop_path(&own.id)), t(lang, "sell-see-shop"), ui::Look::Plain))
            (ui::link_button(&frame.path("/sell/products/new"), t(lang, "sell-new"), ui::Look::Main))
        })))
        (standing(lang, &own))
        (hooks::broken_notice(&frame, broken))
        (ui::facts(&[
            (format::number(to_ship), t(lang, "sell-to-ship")),
            (format::number(in_state(OrderState::Shipped)), t(lang, "orders-on-way")),
            (format::number(listed), t(lang, "sell-listed")),
            (price(balance.held), t(lang, "sell-held")),
            (price(balance.available), t(lang, "sell-available")),
            (price(balance.paid_out), t(lang, "sell-paid-out")),
        ]))
        @if to_ship > 0 {
            div.actions { (ui::link_button(&format!("{}?tab=orders-to-ship", frame.path("/sell/orders")), t(lang, "sell-ship-now"), ui::Look::Main)) }
        }
        @if listed == 0 {
            (ui::empty(ui::icon::box_(), t(lang, "sell-goods-empty"), t(lang, "sell-goods-empty-text"),
                Some((&frame.path("/sell/products/new"), t(lang, "sell-new")))))
        }
    };
    Ok(frame.page(t(lang, "nav-sell")).answer(ui::with_side(side(&frame, paths::SELL, Some(to_ship)), content)))
}

fn state_key(state: shops::State) -> &'static str {
    match state {
        shops::State::Applied => "sell-state-applied",
        shops::State::Open => "sell-state-open",
        shops::State::Refused => "sell-state-refused",
        shops::State::Paused => "sell-state-paused",
        shops::State::Closed => "sell-state-closed",
    }
}

/// What the operator decided, where it stands in the way of selling, with the reason.
fn standing(lang: Lang, own: &shops::OwnShop) -> Markup {
    let (tone, key) = match own.state {
        shops::State::Open => return html! {},
        shops::State::Applied => (ui::Tone::Info, "sell-waits"),
        shops::State::Refused => (ui::Tone::Bad, "sell-refused"),
        shops::State::Paused => (ui::Tone::Warn, "sell-paused"),
        shops::State::Closed => (ui::Tone::Warn, "sell-closed"),
    };
    ui::notice_with(
        tone,
        html! {
            p { (t(lang, key)) }
            @if !own.decision.is_empty() { p { b { (t(lang, "sell-reason")) } (t(lang, "colon")) (own.decision) } }
        },
    )
}

// --- what the forms of the desk share ---------------------------------------------------------------------------------

/// A text in two languages of which one may be left empty: the fields `{base}_en` and `{base}_zh`.
fn two(form: &FormData, errors: &mut FormErrors, base: &'static str, max: usize, lines: bool) -> Option<Both> {
    let read = |name: String| if lines { form.paragraphs(&name, 0, max) } else { form.line(&name, 0, max) };
    let en = errors.keep(read(format!("{base}_en")));
    let zh = errors.keep(read(format!("{base}_zh")));
    let text = Both { en: en?, zh: zh? };
    if text.is_empty() {
        errors.add(FieldError::plain(&format!("{base}_en"), Refused::Empty { of: base }.key()));
        return None;
    }
    Some(text)
}

/// The form field at which a refusal of the catalogue stands, and its sentence.
fn tell(refused: &Refused, errors: &mut FormErrors) {
    let field = refused.field().map(|field| match field {
        "name" => "name_en",
        "intro" => "intro_en",
        "place" => "place_en",
        "ships_within_hours" => "ships_within",
        "title" => "title_en",
        "text" => "text_en",
        "unit" => "unit_one",
        "axis" => "axis_en",
        "tiers" => "tier_from_1",
        "variants" | "quantity" => "variant_name_en_1",
        "attributes" => "attribute_name_en_1",
        "pictures" => "picture",
        other => other,
    });
    errors.refused(field, refused.key(), refused.args());
}

/// Both languages of a field beside each other.
fn pair(first: impl maud::Render, second: impl maud::Render) -> Markup {
    html! { div.pair { (first) (second) } }
}

/// A refusal on a page that has no form for it.
fn refused_notice(lang: Lang, refused: Option<&impl Told>) -> Markup {
    html! { @if let Some(refused) = refused { (ui::notice(ui::Tone::Bad, &refused.sentence(lang))) } }
}
