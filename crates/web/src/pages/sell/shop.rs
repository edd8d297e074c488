//! Applying to open a shop, and what an open shop says of itself (2.1.3-c).

use super::{pair, standing, tell, two, with_side};
use crate::app::{self, App, AtDesk, SignedIn};
use crate::error::Failure;
use crate::form::{FieldError, FormData, FormErrors};
use crate::format;
use crate::frame::{Frame, paths};
use crate::language::{Lang, t};
use crate::pages::guest::CURRENCY;
use crate::ui::{self, Entry, Kind};
use axum::extract::State;
use axum::response::Response;
use catalogue::policy::QualifySeller;
use catalogue::price::Freight;
use catalogue::shop::{self, Application, Contact, Face, Representative};
use maud::{Markup, html};
use policy::Entered;
use policy::fields::{LegalRepName, SettlementAccount, StoreContactName, StoreContactPhone};
use vault::Actor;

const NAME_MAX: usize = 60;
const INTRO_MAX: usize = 600;
const PLACE_MAX: usize = 40;
const FREIGHT_MAX: i64 = 100_000_000;
const HOURS_MAX: i64 = 28 * 24;
const YEARS: std::ops::RangeInclusive<i64> = 1_900..=2_200;

fn face_labels(lang: Lang) -> Vec<(&'static str, &'static str)> {
    [
        ("name_en", "sell-name-en"),
        ("name_zh", "sell-name-zh"),
        ("intro_en", "sell-intro-en"),
        ("intro_zh", "sell-intro-zh"),
        ("place_en", "sell-place-en"),
        ("place_zh", "sell-place-zh"),
        ("freight", "sell-freight"),
        ("freight_free_from", "sell-free-from"),
        ("ships_within", "sell-ships-within"),
        ("since_year", "sell-since"),
        ("contact_name", "sell-contact-name"),
        ("contact_phone", "sell-contact-phone"),
        ("representative", "sell-representative"),
        ("representative_name", "sell-representative-name"),
        ("assured", "assurance"),
        ("settlement_account", "sell-account"),
    ]
    .into_iter()
    .map(|(name, key)| (name, t(lang, key)))
    .collect()
}

/// What buyers will read of the shop.
fn face_fields(lang: Lang, form: &FormData, errors: &FormErrors) -> Markup {
    let text = |name: &'static str, key: &'static str, max| {
        Entry::new(Kind::Text, name, t(lang, key)).optional(lang).limit(max).from(lang, form, errors)
    };
    html! {
        p.note { (t(lang, "sell-one-language")) }
        (pair(text("name_en", "sell-name-en", NAME_MAX), text("name_zh", "sell-name-zh", NAME_MAX)))
        (pair(text("intro_en", "sell-intro-en", INTRO_MAX).lines(3), text("intro_zh", "sell-intro-zh", INTRO_MAX).lines(3)))
        (pair(text("place_en", "sell-place-en", PLACE_MAX), text("place_zh", "sell-place-zh", PLACE_MAX)))
        (pair(
            Entry::new(Kind::Money, "freight", t(lang, "sell-freight")).hint(t(lang, "sell-freight-hint")).unit(CURRENCY)
                .limit(12).from(lang, form, errors),
            Entry::new(Kind::Money, "freight_free_from", t(lang, "sell-free-from")).hint(t(lang, "sell-free-from-hint"))
                .unit(CURRENCY).optional(lang).limit(12).from(lang, form, errors),
        ))
        (pair(
            Entry::new(Kind::Number, "ships_within", t(lang, "sell-ships-within")).hint(t(lang, "sell-ships-within-hint"))
                .unit(t(lang, "sell-hours")).limit(4).from(lang, form, errors),
            Entry::new(Kind::Number, "since_year", t(lang, "sell-since")).hint(t(lang, "sell-since-hint")).limit(4)
                .from(lang, form, errors),
        ))
        fieldset.field {
            legend { (t(lang, "sell-contact")) }
            (ui::notice(ui::Tone::Info, t(lang, "sell-contact-public")))
            (pair(
                Entry::new(Kind::Text, "contact_name", t(lang, "sell-contact-name")).limit(60).from(lang, form, errors),
                Entry::new(Kind::Phone, "contact_phone", t(lang, "sell-contact-phone")).limit(20).from(lang, form, errors),
            ))
        }
    }
}

fn read_face(form: &FormData, errors: &mut FormErrors) -> Option<(Face, Contact)> {
    let name = two(form, errors, "name", NAME_MAX, false);
    let intro = two(form, errors, "intro", INTRO_MAX, true);
    let place = two(form, errors, "place", PLACE_MAX, false);
    let flat = errors.keep(form.money("freight", CURRENCY, 0..=FREIGHT_MAX));
    let free_from = match form.text("freight_free_from").trim() {
        "" => Some(None),
        _ => errors.keep(form.money("freight_free_from", CURRENCY, 0..=FREIGHT_MAX)).map(Some),
    };
    let hours = errors.keep(form.number("ships_within", 1..=HOURS_MAX));
    let since_year = errors.keep(form.number("since_year", YEARS).map_err(|error| match error.key {
        "invalid-missing" => error,
        _ => FieldError::plain("since_year", "sell-since-wrong"),
    }));
    let contact = errors.take("contact_name", Entered::<StoreContactName>::parse(&form.typed("contact_name")));
    let phone = errors.take("contact_phone", Entered::<StoreContactPhone>::parse(&form.typed("contact_phone")));
    let face = Face {
        name: name?,
        intro: intro?,
        place: place?,
        freight: Freight { flat: flat?, free_from: free_from? },
        ships_within_hours: hours?,
        since_year: since_year?,
    };
    Some((face, Contact { name: contact?, phone: phone? }))
}

// --- applying ---------------------------------------------------------------------------------------------------------

/// `GET /sell/apply`
pub async fn apply_page(State(app): State<App>, me: SignedIn, frame: Frame) -> Result<Response, Failure> {
    application(&app, &me, &frame, &FormData::empty(), &FormErrors::default()).await
}

async fn application(
    app: &App,
    me: &SignedIn,
    frame: &Frame,
    form: &FormData,
    errors: &FormErrors,
) -> Result<Response, Failure> {
    let lang = frame.lang;
    let id = me.member.clone();
    let own = app.read(move |r| Ok(shop::of_member(r, &id)?)).await?;
    let main = match &own {
        Some(own) if matches!(own.state, shop::State::Open | shop::State::Paused) => return Ok(frame.go(paths::SELL)),
        Some(own) if own.state == shop::State::Applied => html! {
            h1 { (t(lang, "sell-apply")) }
            (standing(lang, own))
            div.card.pad {
                (ui::details(&[
                    (t(lang, "sell-name"), html! { (crate::pages::guest::both(lang, &own.face.name)) }),
                    (t(lang, "sell-applied-at"), ui::time(lang, own.applied_at)),
                    (t(lang, "sell-contact"), html! { (own.contact_name) " " span.tabular { (own.contact_phone) } }),
                ]))
            }
        },
        other => html! {
            h1 { (t(lang, "sell-apply")) }
            @if let Some(own) = other { (standing(lang, own)) }
            p { (t(lang, "sell-apply-intro")) }
            (application_form(app, frame, form, errors))
        },
    };
    let page = frame.page(t(lang, "sell-apply")).narrow();
    Ok(if errors.is_empty() { page.answer(main) } else { page.again(main) })
}

fn application_form(app: &App, frame: &Frame, form: &FormData, errors: &FormErrors) -> Markup {
    let lang = frame.lang;
    let purpose = &<QualifySeller as policy::Purpose>::INFO;
    let another = form.text("representative") == "another";
    let card = |value: &str, title, text, chosen| ui::RadioCard {
        value: value.to_owned(),
        title: html! { (t(lang, title)) },
        text: html! { (t(lang, text)) },
        chosen,
    };
    html! {
        (ui::error_summary(lang, errors, &face_labels(lang)))
        (ui::form(&frame.csrf, &frame.path("/sell/apply"), html! {
            section.card.pad.form {
                h2 { (t(lang, "sell-face")) }
                (face_fields(lang, form, errors))
            }
            section.card.pad.form {
                h2 { (t(lang, "sell-behind")) }
                p { (lang.words(purpose.says)) " " (lang.words(purpose.refusal)) " "
                    a href=(format!("{}#{}", lang.path(paths::POLICY), policy::documents::anchor(purpose.section))) {
                        (crate::f(lang, "consent-version", &[("section", purpose.section.into()), ("version", app.edition_number().into())]))
                    }
                }
                (ui::radio_cards(lang, "representative", t(lang, "sell-representative"), &[
                    card("own", "sell-representative-own", "sell-representative-own-text", !another),
                    card("another", "sell-representative-another", "sell-representative-another-text", another),
                ], errors))
                (Entry::new(Kind::Text, "representative_name", t(lang, "sell-representative-name"))
                    .hint(t(lang, "sell-representative-name-hint")).limit(60).from(lang, form, errors))
                (ui::check(lang, "assured", html! { (t(lang, "sell-assured")) }, form.checked("assured"),
                    Some(t(lang, "sell-assured-hint")), errors))
                (ui::notice_with(ui::Tone::Warn, html! { p { (ui::marked(lang, html! { (t(lang, "sell-account-why")) })) } }))
                (Entry::new(Kind::Text, "settlement_account", t(lang, "sell-account")).hint(t(lang, "sell-account-hint"))
                    .sensitive().limit(64).from(lang, form, errors))
            }
            (ui::button(t(lang, "sell-apply-send"), ui::Look::Main))
        }))
    }
}

/// `POST /sell/apply`
pub async fn apply(State(app): State<App>, me: SignedIn, frame: Frame, form: FormData) -> Result<Response, Failure> {
    let mut errors = FormErrors::default();
    if let Some((face, contact, name, account, another)) = read_application(&form, &mut errors) {
        let member = me.member.clone();
        let access = app
            .vault
            .access::<QualifySeller>(&Actor::own(&member), std::slice::from_ref(&member))
            .await
            .map_err(app::no_access)?;
        let (representative, access) = if another {
            let person = app.vault.keys().fresh().await.map_err(Failure::fault)?;
            let access = access.and_fresh([&person]);
            (Representative::Other(person), access)
        } else {
            (Representative::Myself, access)
        };
        let application =
            Application { face, contact, representative, representative_name: name, settlement_account: account };
        match app.write(move |tx| shop::apply(tx, &member, &access, &application)).await? {
            Ok(_) => return Ok(frame.go_saying("/sell/apply", "said-applied")),
            Err(refused) => tell(&refused, &mut errors),
        }
    }
    application(&app, &me, &frame, &form, &errors).await
}

type Read = (Face, Contact, Entered<LegalRepName>, Entered<SettlementAccount>, bool);

fn read_application(form: &FormData, errors: &mut FormErrors) -> Option<Read> {
    let face = read_face(form, errors);
    let whose = errors.keep(form.choice("representative", &["own", "another"]));
    let name = errors.take("representative_name", Entered::parse(&form.typed("representative_name")));
    let another = whose == Some("another");
    if another && !form.checked("assured") {
        errors.add(FieldError::plain("assured", "sell-assurance-missing"));
    }
    let account = super::settlement_account(form, errors);
    let (face, contact) = face?;
    let read = (face, contact, name?, account?, another);
    errors.is_empty().then_some(read)
}

// --- the open shop ----------------------------------------------------------------------------------------------------

/// `GET /sell/shop`
pub async fn edit_page(State(app): State<App>, desk: AtDesk, frame: Frame) -> Result<Response, Failure> {
    let member = desk.seller.member.clone();
    let own = app.read(move |r| Ok(shop::of_member(r, &member)?)).await?.ok_or(Failure::NotFound)?;
    let face = &own.face;
    let flat = format::money_plain(face.freight.flat, CURRENCY);
    let free = face.freight.free_from.map(|minor| format::money_plain(minor, CURRENCY)).unwrap_or_default();
    let (hours, since) = (face.ships_within_hours.to_string(), face.since_year.to_string());
    let form = FormData::of(&[
        ("name_en", &face.name.en),
        ("name_zh", &face.name.zh),
        ("intro_en", &face.intro.en),
        ("intro_zh", &face.intro.zh),
        ("place_en", &face.place.en),
        ("place_zh", &face.place.zh),
        ("freight", &flat),
        ("freight_free_from", &free),
        ("ships_within", &hours),
        ("since_year", &since),
        ("contact_name", &own.contact_name),
        ("contact_phone", &own.contact_phone),
    ]);
    let main = with_side(&frame, "/sell/shop", edit_form(&frame, &form, own.version, &FormErrors::default()));
    Ok(frame.page(t(frame.lang, "sell-shop")).answer(main))
}

fn edit_form(frame: &Frame, form: &FormData, version: i64, errors: &FormErrors) -> Markup {
    let lang = frame.lang;
    html! {
        h1 { (t(lang, "sell-shop")) }
        (ui::error_summary(lang, errors, &face_labels(lang)))
        section.card.pad {
            (ui::form(&frame.csrf, &frame.path("/sell/shop"), html! {
                (ui::hidden("version", &version.to_string()))
                (face_fields(lang, form, errors))
                div.actions {
                    (ui::button(t(lang, "save"), ui::Look::Main))
                    (ui::link_button(&frame.path("/sell/shop"), t(lang, "sell-load-anew"), ui::Look::Quiet))
                }
            }))
        }
    }
}

/// `POST /sell/shop`
pub async fn edit(State(app): State<App>, desk: AtDesk, frame: Frame, form: FormData) -> Result<Response, Failure> {
    let mut errors = FormErrors::default();
    let sent = form.text("version").parse::<i64>();
    let version = match &sent {
        Ok(version) => *version,
        // Nobody knows what was changed: the form comes back over what is kept now, to be looked at and sent again.
        Err(_) => {
            errors.add(FieldError::plain("", "sell-look-again"));
            let member = desk.seller.member.clone();
            app.read(move |r| Ok(shop::of_member(r, &member)?)).await?.ok_or(Failure::NotFound)?.version
        }
    };
    if let Some((face, contact)) = read_face(&form, &mut errors)
        && sent.is_ok()
    {
        let seller = desk.seller;
        match app.write(move |tx| shop::edit(tx, &seller, version, &face, &contact)).await? {
            Ok(()) => return Ok(frame.go_saying("/sell/shop", "said-saved")),
            Err(refused) => tell(&refused, &mut errors),
        }
    }
    let main = with_side(&frame, "/sell/shop", edit_form(&frame, &form, version, &errors));
    Ok(frame.page(t(frame.lang, "sell-shop")).again(main))
}
