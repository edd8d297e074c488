//! 4.1 and 4.4: who read my data, what I agreed to, and the addresses that are kept by my consent.

use crate::app::{self, App, SignedIn, Told, ready};
use crate::error::Failure;
use crate::form::{FieldError, FormData, FormErrors};
use crate::frame::{Frame, paths};
use crate::language::{Lang, f, t};
use crate::pages::guest::both;
use crate::pages::member::side;
use crate::ui::{self, Entry, Kind};
use axum::extract::{OriginalUri, Path, State};
use axum::response::Response;
use db::{Id, Stop};
use maud::{Markup, Render, html};
use policy::fields::{ConsigneeAddress, ConsigneeAltPhone, ConsigneeName, ConsigneePhone};
use policy::{Entered, Purpose, PurposeInfo, Role, fields, recipients};
use std::collections::HashMap;
use trade::address::{self, Kept, NewAddress, Place, Whose};
use trade::policy::KeepAddressBook;
use trade::{Buyer, NotReady};
use vault::ledger::Reading;
use vault::{NoAccess, consent, ledger};

const READINGS_A_PAGE: usize = 50;

/// `GET /my/privacy`
pub async fn readings(
    State(app): State<App>,
    me: SignedIn,
    uri: OriginalUri,
    frame: Frame,
) -> Result<Response, Failure> {
    let lang = frame.lang;
    let before = app::query(&uri.0).get("before").and_then(|before| ledger::Place::parse(before));
    let person = me.member.clone();
    let readings = app.read(move |r| Ok(ledger::of(r, &person, before.as_ref(), READINGS_A_PAGE)?)).await?;
    let shops: Vec<Id> = readings.iter().filter_map(|r| r.shop.clone()).collect();
    let names: HashMap<Id, catalogue::Both> = app
        .read(move |r| {
            let mut names = HashMap::new();
            for id in shops {
                if !names.contains_key(&id)
                    && let Some(shop) = catalogue::shop::by_id(r, &id)?
                {
                    names.insert(id, shop.face.name);
                }
            }
            Ok(names)
        })
        .await?;
    let told: Vec<Sentence> =
        readings.iter().filter_map(|reading| sentence(&app, lang, &me, reading, &names)).collect();
    let shown: Vec<ui::Reading> = told
        .iter()
        .map(|s| ui::Reading {
            at: s.at,
            who: &s.who,
            did: &s.did,
            why: &s.why,
            ground: s.ground,
            section: &s.section,
            link: s.order.as_ref().map(|id| (lang.path(&format!("/orders/{id}")), t(lang, "reading-order"))),
        })
        .collect();
    let count =
        |wanted: &dyn Fn(&Reading) -> bool| crate::format::number(readings.iter().filter(|r| wanted(r)).count() as i64);
    let staff = |r: &Reading| !matches!(r.role(), Some(Role::Own | Role::Seller | Role::Job | Role::Buyer) | None);
    let content = html! {
        h1 { (t(lang, "my-readings")) }
        p.note { (t(lang, "readings-intro")) }
        (ui::facts(&[
            (count(&|_| true), t(lang, "readings-count")),
            (count(&|r| r.role() == Some(Role::Seller)), t(lang, "readings-sellers")),
            (count(&staff), t(lang, "readings-staff")),
            (count(&|r| r.to.is_some()), t(lang, "readings-given")),
        ]))
        @if shown.is_empty() {
            (ui::empty(ui::icon::shield(), t(lang, "readings-empty"), t(lang, "readings-empty-text"), None))
        } @else {
            (ui::reading_list(lang, app.now(), &shown))
            @if let Some(last) = readings.last().filter(|_| readings.len() == READINGS_A_PAGE).map(Reading::place) {
                (ui::link_button(&format!("{}?before={last}", lang.path(paths::MY_PRIVACY)), t(lang, "readings-older"), ui::Look::Plain))
            }
        }
    };
    Ok(frame.page(t(lang, "my-readings")).answer(ui::with_side(side(&frame, paths::MY_PRIVACY), content)))
}

/// One reading in plain words.
struct Sentence {
    at: i64,
    who: String,
    did: String,
    why: String,
    ground: &'static str,
    section: String,
    order: Option<Id>,
}

fn sentence(
    app: &App,
    lang: Lang,
    me: &SignedIn,
    reading: &Reading,
    shops: &HashMap<Id, catalogue::Both>,
) -> Option<Sentence> {
    let purpose = app.map.purpose(&reading.purpose)?;
    let who = match (reading.role()?, &reading.shop) {
        (Role::Own | Role::Buyer, _) if reading.who.as_ref() == Some(&me.member) => {
            t(lang, "reading-who-you").to_owned()
        }
        (Role::Seller, Some(shop)) => {
            shops.get(shop).map_or(t(lang, "reading-who-seller"), |name| both(lang, name)).to_owned()
        }
        (Role::Job, _) => t(lang, "reading-who-system").to_owned(),
        (role, _) => lang.words(role.words()).to_owned(),
    };
    let names: Vec<&str> = reading
        .fields
        .iter()
        .filter_map(|id| fields::ALL.iter().find(|field| field.id == id))
        .map(|field| field.name(lang.0))
        .collect();
    let names = names.join(t(lang, "list-separator"));
    let did = match &reading.to {
        Some(to) => {
            let recipient = recipients::ALL.iter().find(|r| r.id == to).map_or("", |r| lang.words(r.words));
            f(lang, "reading-did-give", &[("fields", names.into()), ("recipient", recipient.into())])
        }
        None => f(lang, "reading-did-read", &[("fields", names.into())]),
    };
    // The seller's and the couriers' readings are about an order, whose page says more.
    let about_order = matches!(purpose.id, "FulfilOrderBySeller" | "ManageOrders" | "PlaceOrder");
    Some(Sentence {
        at: reading.at,
        who,
        did,
        why: lang.words(purpose.says).to_owned(),
        ground: lang.words(purpose.basis.words()),
        section: purpose.section.to_owned(),
        order: about_order.then(|| reading.about.clone()),
    })
}

// --- consents ---------------------------------------------------------------------------------------------------------

fn asking(app: &App) -> impl Iterator<Item = &'static PurposeInfo> + '_ {
    app.map.purposes.iter().copied().filter(|purpose| purpose.basis.asks())
}

/// `GET /my/privacy/consents`: each consent with its own control (0-a.S1, 4.4-a.2).
pub async fn consents(State(app): State<App>, me: SignedIn, frame: Frame) -> Result<Response, Failure> {
    let lang = frame.lang;
    let person = me.member.clone();
    let given = app.read(move |r| Ok(consent::of(r, &person)?)).await?;
    let content = html! {
        h1 { (t(lang, "my-consents")) }
        p.note { (t(lang, "consents-intro")) }
        @for purpose in asking(&app) {
            @let latest = given.iter().find(|s| s.purpose == purpose.id);
            @let standing = given.iter().find(|s| s.purpose == purpose.id && s.withdrawn_at.is_none());
            section.card.pad id=(purpose.id) {
                h2 { (lang.words(purpose.says)) }
                p.note {
                    @match (standing, latest) {
                        (Some(s), _) => (ui::badge(ui::Tone::Good, &f(lang, "consent-standing", &[("when", crate::format::date(lang, s.granted_at).into())]))),
                        (None, Some(s)) => (f(lang, "consent-was-withdrawn", &[("when", crate::format::date(lang, s.withdrawn_at.unwrap_or(0)).into())])),
                        (None, None) => (t(lang, "consent-not-standing")),
                    }
                    " · " (t(lang, "consent-refusal")) ": " (lang.words(purpose.refusal))
                }
                @if standing.is_some() {
                    (ui::form(&frame.csrf, &frame.path("/my/privacy/consents/withdraw"), html! {
                        (ui::hidden("purpose", purpose.id))
                        (ui::button(t(lang, "consent-withdraw-button"), ui::Look::Plain))
                    }))
                } @else {
                    (ui::link_button(&frame.path(&format!("/my/privacy/consents/{}", purpose.id)), t(lang, "consent-give-button"), ui::Look::Plain))
                }
            }
        }
        section.card.pad {
            h2 { (t(lang, "consents-cannot")) }
            p { (t(lang, "consents-cannot-text")) " " a href=(lang.path(paths::POLICY)) { (t(lang, "privacy-policy")) } }
        }
    };
    Ok(frame.page(t(lang, "my-consents")).answer(ui::with_side(side(&frame, "/my/privacy/consents"), content)))
}

/// The question for one purpose, at the moment of its use; `next` is where the person was.
pub fn ask(app: &App, frame: &Frame, purpose: &'static PurposeInfo, next: &str, errors: &FormErrors) -> Markup {
    let lang = frame.lang;
    ui::consent_card(
        lang,
        &frame.csrf,
        &ui::ConsentCard {
            notice: &app.notice(purpose, lang),
            version: &app.edition_words(),
            action: &frame.path("/my/privacy/consents/answer"),
            hidden: &[("purpose", purpose.id), ("next", next)],
        },
        errors,
    )
}

/// `GET /my/privacy/consents/{purpose}`
pub async fn one_consent(
    State(app): State<App>,
    _me: SignedIn,
    Path(id): Path<String>,
    uri: OriginalUri,
    frame: Frame,
) -> Result<Response, Failure> {
    let purpose = asking(&app).find(|purpose| purpose.id == id).ok_or(Failure::NotFound)?;
    let next = app::query(&uri.0).remove("next").unwrap_or_else(|| "/my/privacy/consents".into());
    let card = ask(&app, &frame, purpose, app::safe_next(&next), &FormErrors::default());
    Ok(frame.page(t(frame.lang, "my-consents")).narrow().answer(card))
}

/// `POST /my/privacy/consents/answer`
pub async fn answer(State(app): State<App>, me: SignedIn, frame: Frame, form: FormData) -> Result<Response, Failure> {
    let id = form.text("purpose").to_owned();
    let purpose = asking(&app).find(|purpose| purpose.id == id).ok_or(Failure::BadRequest)?;
    let next = app::safe_next(form.text("next")).to_owned();
    let wrong = match form.choice("answer", &["yes", "no"]) {
        Ok("yes") => match app.shown(purpose, frame.lang, &form, "consent page") {
            Ok(shown) => {
                let person = me.member.clone();
                app.carry_out(move |tx| consent::grant_by_id(tx, &person, purpose.id, &shown)).await?;
                return Ok(frame.go_saying(&next, "said-consent-given"));
            }
            Err(changed) => changed.at(""),
        },
        Ok(_) => {
            let back = if next.starts_with("/my/addresses") { "/my/privacy/consents" } else { &next };
            return Ok(frame.go_saying(back, "said-consent-refused"));
        }
        Err(error) => FieldError { field: String::new(), ..error },
    };
    let mut errors = FormErrors::default();
    errors.add(wrong);
    let card = ask(&app, &frame, purpose, &next, &errors);
    Ok(frame.page(t(frame.lang, "my-consents")).narrow().again(card))
}

/// `POST /my/privacy/consents/withdraw`: and what rested on it goes, in the same transaction (4.4-a.S1).
pub async fn withdraw(State(app): State<App>, me: SignedIn, frame: Frame, form: FormData) -> Result<Response, Failure> {
    let id = form.text("purpose").to_owned();
    let purpose = asking(&app).find(|purpose| purpose.id == id).ok_or(Failure::BadRequest)?;
    let person = me.member.clone();
    app.carry_out(move |tx| {
        consent::withdraw_by_id(tx, &person, purpose.id)?;
        if purpose.id == KeepAddressBook::INFO.id {
            address::withdrawn(tx, &person)?;
        }
        Ok::<_, Stop<std::convert::Infallible>>(())
    })
    .await?;
    Ok(frame.go_saying("/my/privacy/consents", "said-consent-withdrawn"))
}

// --- addresses --------------------------------------------------------------------------------------------------------

/// An address in a few lines.
fn address_lines(name: &impl Render, phone: &impl Render, place: &impl Render) -> Markup {
    html! { b { (name) } " " span.tabular { (phone) } br; (place) }
}

/// The book, or `None` where the member has not agreed to keeping one.
pub async fn book(app: &App, me: &SignedIn) -> Result<Option<Vec<Kept>>, Failure> {
    let buyer = me.buyer();
    match address::prepare(&app.vault, &buyer).await {
        Ok(access) => {
            let kept = app.ask(move |r| address::list(r, &buyer, &access)).await?;
            Ok(Some(kept.map_err(|refused| Failure::fault(refused.key()))?))
        }
        Err(NotReady::NoAccess(NoAccess::NoConsent { .. })) => Ok(None),
        Err(NotReady::NoAccess(why)) => Err(app::no_access(why)),
        Err(NotReady::Refused(refused)) => Err(Failure::fault(refused.key())),
    }
}

/// `GET /my/addresses`
pub async fn addresses(State(app): State<App>, me: SignedIn, frame: Frame) -> Result<Response, Failure> {
    let lang = frame.lang;
    let Some(kept) = book(&app, &me).await? else {
        let purpose = asking(&app).find(|p| p.id == "KeepAddressBook").ok_or(Failure::NotFound)?;
        let card = ask(&app, &frame, purpose, "/my/addresses", &FormErrors::default());
        return Ok(frame.page(t(lang, "my-addresses")).answer(ui::with_side(side(&frame, "/my/addresses"), card)));
    };
    let content = html! {
        (ui::section_head(t(lang, "my-addresses"), None, Some(
            ui::link_button(&frame.path("/my/addresses/new"), t(lang, "address-add"), ui::Look::Main))))
        @if kept.is_empty() {
            (ui::empty(ui::icon::box_(), t(lang, "addresses-empty"), t(lang, "addresses-empty-text"), None))
        }
        ul.rows {
            @for a in &kept {
                li.card.pad {
                    div {
                        (address_lines(&a.name, &a.phone, &a.place))
                        @if a.preferred { " " (ui::badge(ui::Tone::Good, t(lang, "address-preferred"))) }
                        @if a.of_another { " " (ui::badge(ui::Tone::Info, t(lang, "address-of-another"))) }
                    }
                    div.actions {
                        (ui::link_button(&frame.path(&format!("/my/addresses/{}", a.id)), t(lang, "address-edit"), ui::Look::Quiet))
                        @if !a.preferred { (one_button(&frame, "/my/addresses/prefer", &a.id, "address-prefer")) }
                        (one_button(&frame, "/my/addresses/remove", &a.id, "address-remove"))
                    }
                }
            }
        }
    };
    Ok(frame.page(t(lang, "my-addresses")).answer(ui::with_side(side(&frame, "/my/addresses"), content)))
}

fn one_button(frame: &Frame, action: &str, id: &Id, label: &'static str) -> Markup {
    ui::form(
        &frame.csrf,
        &frame.path(action),
        html! {
            (ui::hidden("address", id.as_str()))
            (ui::button(t(frame.lang, label), ui::Look::Quiet))
        },
    )
}

/// The fields of a place, as the checkout and the book show them.
pub fn place_fields(lang: Lang, form: &FormData, errors: &FormErrors) -> Markup {
    html! {
        (Entry::new(Kind::Text, "consignee_name", t(lang, "consignee-name")).fill("shipping name").limit(60).from(lang, form, errors))
        (Entry::new(Kind::Phone, "consignee_phone", t(lang, "consignee-phone")).hint(t(lang, "consignee-phone-hint")).fill("shipping tel")
            .limit(20).from(lang, form, errors))
        (Entry::new(Kind::Text, "consignee_address", t(lang, "consignee-address")).hint(t(lang, "consignee-address-hint"))
            .fill("shipping street-address").limit(200).from(lang, form, errors))
        (Entry::new(Kind::Phone, "consignee_alt_phone", t(lang, "consignee-alt-phone")).optional(lang).limit(20).from(lang, form, errors))
    }
}

pub const PLACE_LABELS: [(&str, &str); 4] = [
    ("consignee_name", "consignee-name"),
    ("consignee_phone", "consignee-phone"),
    ("consignee_address", "consignee-address"),
    ("consignee_alt_phone", "consignee-alt-phone"),
];

/// The place that was typed, or its mistakes.
pub fn read_place(form: &FormData, errors: &mut FormErrors) -> Option<Place> {
    let name = errors.take("consignee_name", Entered::<ConsigneeName>::parse(&form.typed("consignee_name")));
    let phone = errors.take("consignee_phone", Entered::<ConsigneePhone>::parse(&form.typed("consignee_phone")));
    let place = errors.take("consignee_address", Entered::<ConsigneeAddress>::parse(&form.typed("consignee_address")));
    let alt = errors
        .take("consignee_alt_phone", Entered::<ConsigneeAltPhone>::parse_optional(&form.typed("consignee_alt_phone")));
    Some(Place { name: name?, phone: phone?, alt_phone: alt?, place: place? })
}

/// The words of an assurance for somebody else, and the box (2.3.2-d).
pub fn assurance_box(lang: Lang, words: policy::Words, form: &FormData, errors: &FormErrors) -> Markup {
    let words = html! { (lang.words(words)) };
    ui::check(lang, "assured", words, form.checked("assured"), Some(t(lang, "assurance-hint")), errors)
}

fn address_form(app: &App, frame: &Frame, action: &str, form: &FormData, errors: &FormErrors, new: bool) -> Markup {
    let lang = frame.lang;
    let own = [("whose", "address-whose"), ("assured", "assurance")];
    let labels: Vec<(&str, &str)> = own.iter().chain(&PLACE_LABELS).map(|(name, key)| (*name, t(lang, key))).collect();
    let whose = if form.has("whose") { form.text("whose") } else { "own" };
    let card = |value: &str, title| ui::RadioCard {
        value: value.into(),
        title: html! { (t(lang, title)) },
        text: html! {},
        chosen: whose == value,
    };
    html! {
        h1 { (t(lang, if new { "address-add" } else { "address-edit" })) }
        (ui::error_summary(lang, errors, &labels))
        (ui::form(&frame.csrf, &frame.path(action), html! {
            @if new {
                (ui::radio_cards(lang, "whose", t(lang, "address-whose"), &[
                    card("own", "address-own"), card("another", "address-another"),
                ], errors))
            }
            (place_fields(lang, form, errors))
            @if new {
                (assurance_box(lang, address::ASSURANCE, form, errors))
                // What the member's word for somebody else is about.
                (ui::notice_asked(lang, &app.notice(&KeepAddressBook::INFO, lang), &app.edition_words()))
            }
            (ui::button(t(lang, "save"), ui::Look::Main))
        }))
    }
}

/// `GET /my/addresses/new`
pub async fn new_address(State(app): State<App>, me: SignedIn, frame: Frame) -> Result<Response, Failure> {
    let person = me.member.clone();
    if !app.read(move |r| Ok(consent::standing::<KeepAddressBook>(r, &person)?)).await? {
        return Ok(frame.go("/my/addresses"));
    }
    let page = address_form(&app, &frame, "/my/addresses/new", &FormData::empty(), &FormErrors::default(), true);
    Ok(frame.page(t(frame.lang, "address-add")).narrow().answer(page))
}

/// `POST /my/addresses/new`
pub async fn add_address(
    State(app): State<App>,
    me: SignedIn,
    frame: Frame,
    form: FormData,
) -> Result<Response, Failure> {
    let lang = frame.lang;
    let mut errors = FormErrors::default();
    let place = read_place(&form, &mut errors);
    let whose = errors.keep(form.choice("whose", &["own", "another"]));
    let another = whose == Some("another");
    if another {
        assured(&app, lang, &form, &mut errors);
    }
    if let Some(place) = place
        && errors.is_empty()
    {
        let whose = match another {
            true => Whose::another(&app.vault, &me.buyer(), lang.0).await,
            false => Ok(Whose::own()),
        };
        match keep(&app, &me.buyer(), place, whose).await? {
            Ok(()) => return Ok(frame.go_saying("/my/addresses", "said-address-kept")),
            Err(refused) => refused.tell(&mut errors),
        }
    }
    let page = address_form(&app, &frame, "/my/addresses/new", &form, &errors, true);
    Ok(frame.page(t(lang, "address-add")).narrow().again(page))
}

/// The member's word that somebody else agrees to having their address kept (2.3.2-d), beside today's notice.
fn assured(app: &App, lang: Lang, form: &FormData, errors: &mut FormErrors) {
    if !form.checked("assured") {
        return trade::Refused::AssuranceMissing.tell(errors);
    }
    let shown = app.shown(&KeepAddressBook::INFO, lang, form, "address book");
    errors.keep(shown.map_err(|changed| changed.at("assured")));
}

/// Keeps an address of the member's, or, on their word, of somebody else.
pub async fn keep(
    app: &App,
    buyer: &Buyer,
    place: Place,
    whose: Result<Whose, NotReady>,
) -> Result<Result<(), trade::Refused>, Failure> {
    let (whose, access) = match (ready(whose)?, ready(address::prepare(&app.vault, buyer).await)?) {
        (Ok(whose), Ok(access)) => (whose, access),
        (Err(refused), _) | (_, Err(refused)) => return Ok(Err(refused)),
    };
    let (new, buyer) = (NewAddress { whose, place, preferred: false }, buyer.clone());
    Ok(app.write(move |tx| address::keep(tx, &buyer, &access, &new)).await?.map(|_| ()))
}

/// `GET /my/addresses/{id}`
pub async fn edit_address(
    State(app): State<App>,
    me: SignedIn,
    Path(id): Path<String>,
    frame: Frame,
) -> Result<Response, Failure> {
    let kept = book(&app, &me).await?.ok_or(Failure::NotFound)?;
    let found = kept.iter().find(|a| a.id.as_str() == id).ok_or(Failure::NotFound)?;
    let pairs = [
        ("consignee_name", found.name.look().as_str()),
        ("consignee_phone", found.phone.look().as_str()),
        ("consignee_address", found.place.look().as_str()),
        ("consignee_alt_phone", found.alt_phone.as_ref().map_or("", |p| p.look().as_str())),
    ];
    let form = FormData::of(&pairs);
    let page = address_form(&app, &frame, &format!("/my/addresses/{id}"), &form, &FormErrors::default(), false);
    Ok(frame.page(t(frame.lang, "address-edit")).narrow().answer(page))
}

/// `POST /my/addresses/{id}`
pub async fn save_address(
    State(app): State<App>,
    me: SignedIn,
    Path(id): Path<String>,
    frame: Frame,
    form: FormData,
) -> Result<Response, Failure> {
    let key = Id::parse(&id).map_err(|_| Failure::NotFound)?;
    let mut errors = FormErrors::default();
    if let Some(place) = read_place(&form, &mut errors) {
        let buyer = me.buyer();
        match ready(address::prepare(&app.vault, &buyer).await)? {
            Ok(access) => match app.write(move |tx| address::edit(tx, &buyer, &access, &key, &place)).await? {
                Ok(()) => return Ok(frame.go_saying("/my/addresses", "said-saved")),
                Err(refused) => refused.tell(&mut errors),
            },
            Err(refused) => refused.tell(&mut errors),
        }
    }
    let page = address_form(&app, &frame, &format!("/my/addresses/{id}"), &form, &errors, false);
    Ok(frame.page(t(frame.lang, "address-edit")).narrow().again(page))
}

/// `POST /my/addresses/remove`
pub async fn remove_address(
    State(app): State<App>,
    me: SignedIn,
    frame: Frame,
    form: FormData,
) -> Result<Response, Failure> {
    let id = Id::parse(form.text("address")).map_err(|_| Failure::BadRequest)?;
    let buyer = me.buyer();
    app.write(move |tx| address::remove(tx, &buyer, &id)).await?.map_err(|_| Failure::NotFound)?;
    Ok(frame.go_saying("/my/addresses", "said-address-removed"))
}

/// `POST /my/addresses/prefer`
pub async fn prefer_address(
    State(app): State<App>,
    me: SignedIn,
    frame: Frame,
    form: FormData,
) -> Result<Response, Failure> {
    let id = Id::parse(form.text("address")).map_err(|_| Failure::BadRequest)?;
    let buyer = me.buyer();
    app.write(move |tx| address::prefer(tx, &buyer, &id)).await?.map_err(|_| Failure::NotFound)?;
    Ok(frame.go_saying("/my/addresses", "said-saved"))
}
