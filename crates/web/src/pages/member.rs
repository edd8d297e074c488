//! 2.1.1: opening an account, coming in, going out, and what a member sees of the account.

use crate::app::{self, App, Arriving, From_, SignedIn, Told, Visitor, safe_next, told, with_session, without_session};
use crate::error::Failure;
use crate::form::{FormData, FormErrors};
use crate::frame::{Frame, paths};
use crate::language::{Lang, f, t};
use crate::pages::tokens;
use crate::ui::{self, Entry, Kind};
use axum::extract::{OriginalUri, Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use db::Id;
use maud::{Markup, html};
use member::device::{self, Unanswered};
use member::policy::RegisterAccount;
use member::registration::{self, Agreement, NewMember};
use member::{CodeSent, Reason, account, password, session, sign_in};
use partners::sms::{Message, template};
use policy::fields::{MemberName, MobilePhone, PasswordHash, VerificationCode};
use policy::{Entered, Purpose};
use vault::Actor;

/// Hands the code's message to the gateway, beside the answer: what the page takes would otherwise tell whether the
/// number has an account (2.1.1-a.4).
pub(super) fn send(app: &App, lang: Lang, sent: &mut CodeSent) {
    let Some(to_send) = sent.to_send.take() else { return };
    let (sms, id) = (app.sms.clone(), sent.id.to_string());
    let template = match (&to_send.code, to_send.reason) {
        (None, Reason::Register) => template::NUMBER_HAS_ACCOUNT,
        _ => template::VERIFICATION_CODE,
    };
    let message = Message {
        message_id: id,
        to: to_send.phone,
        template,
        language: lang.0,
        code: to_send.code,
        at: None,
        values: Vec::new(),
    };
    tokio::task::spawn_blocking(move || {
        if let Err(error) = sms.send(&message) {
            tracing::warn!(%error, "a code did not reach the gateway");
        }
    });
}

pub(super) fn next_of(form: &FormData, uri: &OriginalUri) -> String {
    let asked = if form.has("next") {
        form.text("next").to_owned()
    } else {
        app::query(&uri.0).remove("next").unwrap_or_else(|| paths::MY.to_owned())
    };
    safe_next(&asked).to_owned()
}

// --- registering ------------------------------------------------------------------------------------------------------

/// `GET /register`
pub async fn register(State(app): State<App>, frame: Frame, visitor: Visitor, uri: OriginalUri) -> Response {
    let form = FormData::empty();
    let next = next_of(&form, &uri);
    if visitor.member().is_some() {
        return frame.go(&next);
    }
    let lang = frame.lang;
    frame.page(t(lang, "register")).narrow().answer(phone_form(&app, &frame, &form, &FormErrors::default(), &next))
}

fn phone_form(app: &App, frame: &Frame, form: &FormData, errors: &FormErrors, next: &str) -> Markup {
    let lang = frame.lang;
    html! {
        div.card.pad {
            h1 { (t(lang, "register")) }
            p { (t(lang, "register-intro")) }
            (ui::error_summary(lang, errors, &[("phone", t(lang, "field-phone"))]))
            (ui::form(&frame.csrf, &frame.path(paths::REGISTER), html! {
                (ui::hidden("next", next))
                (Entry::new(Kind::Phone, "phone", t(lang, "field-phone")).hint(t(lang, "register-phone-hint"))
                    .fill("tel").limit(20).autofocus().from(lang, form, errors))
                (ui::button(t(lang, "send-code"), ui::Look::Main))
            }))
            p.note { (t(lang, "have-account")) " "
                a href=(format!("{}?next={}", frame.path(paths::SIGN_IN), app::encode(next))) { (t(lang, "sign-in")) } }
        }
        (what_for(app, lang))
    }
}

/// Before the first field is asked: who collects, what for, and the whole of it to unfold (0-a.S2).
fn what_for(app: &App, lang: Lang) -> Markup {
    let purpose = &RegisterAccount::INFO;
    html! {
        section.card.pad {
            h2 { (t(lang, "notice-before")) }
            p { b { (app.operator.company.in_(lang.0)) } (t(lang, "colon")) (lang.words(purpose.says)) " " (lang.words(purpose.refusal)) " "
                a href=(lang.path(paths::POLICY)) { (t(lang, "privacy-policy")) } }
            (ui::notice_told(lang, &app.notice(purpose, lang), &app.edition_words()))
        }
    }
}

/// `POST /register`: a telephone, to which a code goes.
pub async fn register_phone(
    State(app): State<App>,
    From_(from): From_,
    frame: Frame,
    uri: OriginalUri,
    form: FormData,
) -> Result<Response, Failure> {
    let lang = frame.lang;
    let next = next_of(&form, &uri);
    let mut errors = FormErrors::default();
    let phone = errors.take("phone", Entered::<MobilePhone>::parse(&form.typed("phone")));
    if let Some(phone) = phone {
        match told(registration::begin(&app.vault, &phone, &from).await)? {
            Ok(mut sent) => {
                send(&app, lang, &mut sent);
                let page =
                    account_form(&app, &frame, &FormData::empty(), &FormErrors::default(), sent.id.as_str(), &next);
                return Ok(frame.page(t(lang, "register")).narrow().answer(page));
            }
            Err(refused) => refused.tell(&mut errors),
        }
    }
    Ok(frame.page(t(lang, "register")).narrow().again(phone_form(&app, &frame, &form, &errors, &next)))
}

/// The second step: code, name, password, agreement, and nothing else (2.1.1-a.1).
fn account_form(app: &App, frame: &Frame, form: &FormData, errors: &FormErrors, code_id: &str, next: &str) -> Markup {
    let lang = frame.lang;
    let labels = [
        ("code", t(lang, "field-code")),
        ("name", t(lang, "field-name")),
        ("password", t(lang, "field-password")),
        ("agreement", t(lang, "field-agreement")),
    ];
    let agree = html! {
        (t(lang, "agreement-before")) " "
        a href=(lang.path(paths::POLICY)) target="_blank" rel="noopener" { (t(lang, "privacy-policy")) }
        " " (f(lang, "agreement-edition", &[("n", app.edition_number().into())]))
    };
    html! {
        div.card.pad {
            h1 { (t(lang, "register")) }
            p { (t(lang, "code-sent")) }
            (ui::error_summary(lang, errors, &labels))
            (ui::form(&frame.csrf, &frame.path("/register/account"), html! {
                (ui::hidden("next", next))
                (ui::hidden("code_id", code_id))
                (Entry::new(Kind::Code, "code", t(lang, "field-code")).hint(t(lang, "code-hint")).fill("one-time-code").limit(6)
                    .autofocus().from(lang, form, errors))
                (Entry::new(Kind::Text, "name", t(lang, "field-name")).hint(t(lang, "name-hint")).fill("username").limit(25)
                    .from(lang, form, errors))
                (Entry::new(Kind::Password, "password", t(lang, "field-password")).hint(t(lang, "password-hint"))
                    .fill("new-password").limit(128).from(lang, form, errors))
                (ui::check(lang, "agreement", agree, form.checked("agreement"), Some(t(lang, "agreement-hint")), errors))
                (ui::button(t(lang, "register-finish"), ui::Look::Main))
            }))
            p.note { a href=(frame.path(paths::REGISTER)) { (t(lang, "code-again")) } }
        }
    }
}

/// Which code was sent; one that never was is as good as an expired one.
pub(super) fn code_id(form: &FormData, errors: &mut FormErrors) -> Option<Id> {
    let id = Id::parse(form.text("code_id"));
    if id.is_err() {
        member::Refused::CodeExpired.tell(errors);
    }
    id.ok()
}

/// `POST /register/account`
pub async fn register_account(
    State(app): State<App>,
    frame: Frame,
    Arriving(arrival): Arriving,
    uri: OriginalUri,
    form: FormData,
) -> Result<Response, Failure> {
    let lang = frame.lang;
    let next = next_of(&form, &uri);
    let mut errors = FormErrors::default();
    let code_id = code_id(&form, &mut errors);
    let code = errors.take("code", Entered::<VerificationCode>::parse(&form.typed("code")));
    let name = errors.take("name", Entered::<MemberName>::parse(&form.typed("name")));
    let password = errors.take("password", Entered::<PasswordHash>::parse(&form.typed("password")));
    let agreement = match Agreement::of_box(form.checked("agreement"), app.edition_number()) {
        Ok(agreement) => Some(agreement),
        Err(refused) => {
            refused.tell(&mut errors);
            None
        }
    };
    if let (Some(code_id), Some(code), Some(name), Some(password), Some(agreement)) =
        (code_id, code, name, password, agreement)
        && errors.is_empty()
    {
        let new = NewMember { code_id, code, name, password, agreement };
        match told(registration::finish(&app.vault, &new).await)? {
            Ok(registered) => {
                let signed_in = told(sign_in::after_registering(&app.vault, &registered, &arrival).await)?
                    .map_err(|refused| Failure::fault(format!("a new member was not let in: {refused:?}")))?;
                return Ok(with_session(&app, &signed_in, frame.go(&next)));
            }
            Err(refused) => refused.tell(&mut errors),
        }
    }
    let page = account_form(&app, &frame, &form, &errors, form.text("code_id"), &next);
    Ok(frame.page(t(lang, "register")).narrow().again(page))
}

// --- coming in --------------------------------------------------------------------------------------------------------

/// `GET /sign-in`
pub async fn sign_in_page(frame: Frame, visitor: Visitor, uri: OriginalUri) -> Response {
    let form = FormData::empty();
    let next = next_of(&form, &uri);
    if visitor.member().is_some() {
        return frame.go(&next);
    }
    let lang = frame.lang;
    frame.page(t(lang, "sign-in")).narrow().answer(sign_in_form(&frame, &form, &FormErrors::default(), &next))
}

fn sign_in_form(frame: &Frame, form: &FormData, errors: &FormErrors, next: &str) -> Markup {
    let lang = frame.lang;
    let to = |path: &str| format!("{}?next={}", frame.path(path), app::encode(next));
    html! {
        div.card.pad {
            h1 { (t(lang, "sign-in")) }
            (ui::error_summary(lang, errors, &[("who", t(lang, "field-who")), ("password", t(lang, "field-password"))]))
            (ui::form(&frame.csrf, &frame.path(paths::SIGN_IN), html! {
                (ui::hidden("next", next))
                (Entry::new(Kind::Text, "who", t(lang, "field-who")).fill("username").limit(40).autofocus().from(lang, form, errors))
                (Entry::new(Kind::Password, "password", t(lang, "field-password")).fill("current-password").limit(128)
                    .from(lang, form, errors))
                (ui::button(t(lang, "sign-in"), ui::Look::Main))
            }))
            p.note {
                a href=(to("/sign-in/code")) { (t(lang, "sign-in-by-code")) } " · "
                a href=(to("/sign-in/forgotten")) { (t(lang, "password-forgotten")) }
            }
            p.note { (t(lang, "no-account")) " " a href=(to(paths::REGISTER)) { (t(lang, "register")) } }
        }
    }
}

/// `POST /sign-in`
pub async fn sign_in_by_password(
    State(app): State<App>,
    From_(from): From_,
    frame: Frame,
    Arriving(arrival): Arriving,
    uri: OriginalUri,
    form: FormData,
) -> Result<Response, Failure> {
    let lang = frame.lang;
    let next = next_of(&form, &uri);
    let mut errors = FormErrors::default();
    for name in ["who", "password"] {
        if form.typed(name).is_blank() {
            errors.take::<()>(name, Err(policy::Invalid::Missing));
        }
    }
    if errors.is_empty() {
        let (who, password) = (form.typed("who"), form.typed("password"));
        match told(sign_in::by_password(&app.vault, &who, &password, &from, &arrival).await)? {
            Ok(signed_in) => return Ok(with_session(&app, &signed_in, frame.go(&next))),
            Err(refused) => refused.tell(&mut errors),
        }
    }
    Ok(frame.page(t(lang, "sign-in")).narrow().again(sign_in_form(&frame, &form, &errors, &next)))
}

/// What a code is asked for on the pages of signing in.
#[derive(Clone, Copy)]
struct ByCode {
    title: &'static str,
    intro: &'static str,
    first: &'static str,
    second: &'static str,
    new_password: bool,
}

const COME_IN: ByCode = ByCode {
    title: "sign-in-by-code",
    intro: "sign-in-by-code-intro",
    first: "/sign-in/code",
    second: "/sign-in/code/enter",
    new_password: false,
};
const FORGOTTEN: ByCode = ByCode {
    title: "password-forgotten",
    intro: "password-forgotten-intro",
    first: "/sign-in/forgotten",
    second: "/sign-in/forgotten/enter",
    new_password: true,
};

fn ask_phone(frame: &Frame, by: ByCode, form: &FormData, errors: &FormErrors, next: &str) -> Markup {
    let lang = frame.lang;
    html! {
        div.card.pad {
            h1 { (t(lang, by.title)) }
            p { (t(lang, by.intro)) }
            (ui::error_summary(lang, errors, &[("phone", t(lang, "field-phone"))]))
            (ui::form(&frame.csrf, &frame.path(by.first), html! {
                (ui::hidden("next", next))
                (Entry::new(Kind::Phone, "phone", t(lang, "field-phone")).fill("tel").limit(20).autofocus().from(lang, form, errors))
                (ui::button(t(lang, "send-code"), ui::Look::Main))
            }))
            p.note { a href=(frame.path(paths::SIGN_IN)) { (t(lang, "back")) } }
        }
    }
}

fn ask_code(frame: &Frame, by: ByCode, form: &FormData, errors: &FormErrors, code_id: &str, next: &str) -> Markup {
    let lang = frame.lang;
    html! {
        div.card.pad {
            h1 { (t(lang, by.title)) }
            p { (t(lang, "code-sent-if-known")) }
            (ui::error_summary(lang, errors, &[("code", t(lang, "field-code")), ("password", t(lang, "field-new-password"))]))
            (ui::form(&frame.csrf, &frame.path(by.second), html! {
                (ui::hidden("next", next))
                (ui::hidden("code_id", code_id))
                (Entry::new(Kind::Code, "code", t(lang, "field-code")).hint(t(lang, "code-hint")).fill("one-time-code").limit(6)
                    .autofocus().from(lang, form, errors))
                @if by.new_password {
                    (Entry::new(Kind::Password, "password", t(lang, "field-new-password")).hint(t(lang, "password-hint"))
                        .fill("new-password").limit(128).from(lang, form, errors))
                }
                (ui::button(t(lang, by.title), ui::Look::Main))
            }))
            p.note { a href=(frame.path(by.first)) { (t(lang, "code-again")) } }
        }
    }
}

fn phone_page(frame: &Frame, uri: &OriginalUri, by: ByCode) -> Response {
    let form = FormData::empty();
    let next = next_of(&form, uri);
    frame.page(t(frame.lang, by.title)).narrow().answer(ask_phone(frame, by, &form, &FormErrors::default(), &next))
}

async fn phone_given(
    app: App,
    frame: Frame,
    uri: OriginalUri,
    form: FormData,
    from: member::ClientAddress,
    by: ByCode,
) -> Result<Response, Failure> {
    let lang = frame.lang;
    let next = next_of(&form, &uri);
    let mut errors = FormErrors::default();
    if let Some(phone) = errors.take("phone", Entered::<MobilePhone>::parse(&form.typed("phone"))) {
        let outcome = if by.new_password {
            password::send_code(&app.vault, &phone, &from).await
        } else {
            sign_in::send_code(&app.vault, &phone, &from).await
        };
        match told(outcome)? {
            Ok(begun) => {
                let page = ask_code(&frame, by, &FormData::empty(), &FormErrors::default(), begun.id.as_str(), &next);
                tokio::spawn(async move {
                    match begun.finish(&app.vault).await {
                        Ok(mut sent) => send(&app, lang, &mut sent),
                        Err(failed) => tracing::warn!(%failed, "a code was not made"),
                    }
                });
                return Ok(frame.page(t(lang, by.title)).narrow().answer(page));
            }
            Err(refused) => refused.tell(&mut errors),
        }
    }
    Ok(frame.page(t(lang, by.title)).narrow().again(ask_phone(&frame, by, &form, &errors, &next)))
}

/// `GET /sign-in/code`
pub async fn code_page(frame: Frame, uri: OriginalUri) -> Response {
    phone_page(&frame, &uri, COME_IN)
}

/// `POST /sign-in/code`
pub async fn code_send(
    State(app): State<App>,
    From_(from): From_,
    frame: Frame,
    uri: OriginalUri,
    form: FormData,
) -> Result<Response, Failure> {
    phone_given(app, frame, uri, form, from, COME_IN).await
}

/// `GET /sign-in/forgotten`
pub async fn forgotten_page(frame: Frame, uri: OriginalUri) -> Response {
    phone_page(&frame, &uri, FORGOTTEN)
}

/// `POST /sign-in/forgotten`
pub async fn forgotten_send(
    State(app): State<App>,
    From_(from): From_,
    frame: Frame,
    uri: OriginalUri,
    form: FormData,
) -> Result<Response, Failure> {
    phone_given(app, frame, uri, form, from, FORGOTTEN).await
}

/// `POST /sign-in/code/enter`
pub async fn code_enter(
    State(app): State<App>,
    frame: Frame,
    Arriving(arrival): Arriving,
    uri: OriginalUri,
    form: FormData,
) -> Result<Response, Failure> {
    let lang = frame.lang;
    let next = next_of(&form, &uri);
    let mut errors = FormErrors::default();
    let code_id = code_id(&form, &mut errors);
    let code = errors.take("code", Entered::<VerificationCode>::parse(&form.typed("code")));
    if let (Some(code_id), Some(code)) = (code_id, code) {
        match told(sign_in::by_code(&app.vault, &code_id, &code, &arrival).await)? {
            Ok(signed_in) => return Ok(with_session(&app, &signed_in, frame.go(&next))),
            Err(refused) => refused.tell(&mut errors),
        }
    }
    let page = ask_code(&frame, COME_IN, &form, &errors, form.text("code_id"), &next);
    Ok(frame.page(t(lang, COME_IN.title)).narrow().again(page))
}

/// `POST /sign-in/forgotten/enter`
pub async fn forgotten_enter(
    State(app): State<App>,
    frame: Frame,
    uri: OriginalUri,
    form: FormData,
) -> Result<Response, Failure> {
    let lang = frame.lang;
    let next = next_of(&form, &uri);
    let mut errors = FormErrors::default();
    let code_id = code_id(&form, &mut errors);
    let code = errors.take("code", Entered::<VerificationCode>::parse(&form.typed("code")));
    let new = errors.take("password", Entered::<PasswordHash>::parse(&form.typed("password")));
    if let (Some(code_id), Some(code), Some(new)) = (code_id, code, new) {
        match told(password::change_by_code(&app.vault, &code_id, &code, &new).await)? {
            Ok(_) => return Ok(frame.go_saying(paths::SIGN_IN, "said-password-changed")),
            Err(refused) => refused.tell(&mut errors),
        }
    }
    let page = ask_code(&frame, FORGOTTEN, &form, &errors, form.text("code_id"), &next);
    Ok(frame.page(t(lang, FORGOTTEN.title)).narrow().again(page))
}

/// `POST /sign-out`
pub async fn sign_out(
    State(app): State<App>,
    frame: Frame,
    visitor: Visitor,
    _form: FormData,
) -> Result<Response, Failure> {
    if let Some(here) = visitor.session {
        let (person, id) = (here.person().clone(), here.id.clone());
        app.carry_out(move |tx| session::end(tx, &person, &id)).await?;
    }
    Ok(without_session(&app, Redirect::to(&frame.path(paths::HOME)).into_response()))
}

// --- the member's own page --------------------------------------------------------------------------------------------

/// The side of every page under `/my`; `current` is its path.
pub fn side(frame: &Frame, current: &str) -> Markup {
    let lang = frame.lang;
    let entry = |label, path: &str| (t(lang, label), lang.path(path), None);
    ui::side_nav(
        t(lang, "my"),
        &lang.path(current),
        &[
            entry("my-account", paths::MY),
            entry("nav-orders", paths::ORDERS),
            entry("my-addresses", "/my/addresses"),
            entry("my-security", "/my/security"),
            entry("my-tokens", tokens::MINE),
            entry("my-readings", paths::MY_PRIVACY),
            entry("my-consents", "/my/privacy/consents"),
            entry("nav-sell", paths::SELL),
        ],
    )
}

/// `GET /my`: what is held of the account; the telephone masked.
pub async fn my(State(app): State<App>, me: SignedIn, frame: Frame) -> Result<Response, Failure> {
    let lang = frame.lang;
    let access = app
        .vault
        .access::<member::policy::SignIn>(&Actor::own(&me.member), std::slice::from_ref(&me.member))
        .await
        .map_err(app::no_access)?;
    let id = me.member.clone();
    let own = app.ask(move |r| account::own(r, &access, &id)).await?.map_err(|_| Failure::NotFound)?;
    let content = html! {
        h1 { (t(lang, "my-account")) }
        div.card.pad {
            (ui::details(&[
                (t(lang, "field-name"), html! { (own.name) }),
                (t(lang, "field-phone"), ui::masked(lang, &own.phone, None)),
                (t(lang, "registered-at"), ui::time(lang, *own.registered_at.look())),
                (t(lang, "last-sign-in"), match &own.last_login_at {
                    Some(at) => ui::time(lang, *at.look()),
                    None => html! { "–" },
                }),
            ]))
        }
        div.actions {
            (ui::link_button(&frame.path(paths::ORDERS), t(lang, "nav-orders"), ui::Look::Plain))
            (ui::link_button(&frame.path(paths::MY_PRIVACY), t(lang, "my-readings"), ui::Look::Plain))
            (ui::link_button(&frame.path(paths::SELL), t(lang, "nav-sell"), ui::Look::Plain))
        }
    };
    Ok(frame.page(t(lang, "my-account")).answer(ui::with_side(side(&frame, paths::MY), content)))
}

/// `GET /my/security`: password and sessions (5.3.4-a.2).
pub async fn security(State(app): State<App>, me: SignedIn, frame: Frame) -> Result<Response, Failure> {
    let page = security_page(&app, &me, &frame, &FormData::empty(), &FormErrors::default()).await?;
    Ok(frame.page(t(frame.lang, "my-security")).answer(page))
}

async fn security_page(
    app: &App,
    me: &SignedIn,
    frame: &Frame,
    form: &FormData,
    errors: &FormErrors,
) -> Result<Markup, Failure> {
    let lang = frame.lang;
    let (id, here) = (me.member.clone(), me.session.device().to_owned());
    let (sessions, new) = app.read(move |r| Ok((session::list(r, &id)?, device::unanswered(r, &id, &here)?))).await?;
    let now = app.now();
    let content = html! {
        h1 { (t(lang, "my-security")) }
        @for device in &new { (new_device(frame, device, now)) }
        section.card.pad {
            h2 { (t(lang, "change-password")) }
            (ui::error_summary(lang, errors, &[("current", t(lang, "field-current-password")), ("password", t(lang, "field-new-password"))]))
            (ui::form(&frame.csrf, &frame.path("/my/security/password"), html! {
                (Entry::new(Kind::Password, "current", t(lang, "field-current-password")).fill("current-password").limit(128)
                    .from(lang, form, errors))
                (Entry::new(Kind::Password, "password", t(lang, "field-new-password")).hint(t(lang, "password-hint"))
                    .fill("new-password").limit(128).from(lang, form, errors))
                (ui::button(t(lang, "change-password"), ui::Look::Main))
            }))
        }
        section.card.pad {
            h2 { (t(lang, "sessions")) }
            ul.rows {
                @for s in &sessions {
                    li {
                        span {
                            (f(lang, "session-begun", &[("when", crate::format::near(lang, s.begun_at, now).into())]))
                            @if s.id == me.session.id { " " (ui::badge(ui::Tone::Good, t(lang, "session-this"))) }
                        }
                        @if s.id != me.session.id {
                            (ui::form(&frame.csrf, &frame.path("/my/security/end"), html! {
                                (ui::hidden("session", s.id.as_str()))
                                (ui::button(t(lang, "session-end"), ui::Look::Quiet))
                            }))
                        }
                    }
                }
            }
            (ui::form(&frame.csrf, &frame.path("/my/security/end-others"), html! {
                (ui::button(t(lang, "sessions-end-others"), ui::Look::Plain))
            }))
        }
    };
    Ok(ui::with_side(side(frame, "/my/security"), content))
}

/// A sign-in of which the member has not yet said whether it was theirs (2.7).
fn new_device(frame: &Frame, device: &Unanswered, now: i64) -> Markup {
    let lang = frame.lang;
    let answer = |path: &str, label: &'static str, look| {
        let fields = html! { (ui::hidden("device", device.id.as_str())) (ui::button(t(lang, label), look)) };
        ui::form(&frame.csrf, &frame.path(path), fields)
    };
    ui::notice_with(
        ui::Tone::Warn,
        html! {
            p { b { (f(lang, "device-new", &[("when", crate::format::near(lang, device.at, now).into())])) } }
            p { (t(lang, "device-new-text")) }
            div.actions {
                (answer("/my/security/device/end", "device-not-mine", ui::Look::Danger))
                (answer("/my/security/device/mine", "device-mine", ui::Look::Plain))
            }
        },
    )
}

/// `POST /my/security/device/{answer}`
pub async fn answer_device(
    State(app): State<App>,
    me: SignedIn,
    Path(answer): Path<String>,
    frame: Frame,
    form: FormData,
) -> Result<Response, Failure> {
    let id = Id::parse(form.text("device")).map_err(|_| Failure::BadRequest)?;
    let (person, here) = (me.member.clone(), me.session.device().to_owned());
    let (done, said) = match answer.as_str() {
        "mine" => (app.carry_out(move |tx| device::is_mine(tx, &person, &id, &here)).await?, "said-device-mine"),
        "end" => (app.carry_out(move |tx| device::is_not_mine(tx, &person, &id, &here)).await?, "said-device-ended"),
        _ => return Err(Failure::NotFound),
    };
    if done { Ok(frame.go_saying("/my/security", said)) } else { Err(Failure::NotFound) }
}

/// `POST /my/security/password`
pub async fn change_password(
    State(app): State<App>,
    me: SignedIn,
    frame: Frame,
    form: FormData,
) -> Result<Response, Failure> {
    let mut errors = FormErrors::default();
    let new = errors.take("password", Entered::<PasswordHash>::parse(&form.typed("password")));
    if form.typed("current").is_blank() {
        errors.take::<()>("current", Err(policy::Invalid::Missing));
    }
    if let Some(new) = new
        && errors.is_empty()
    {
        match told(password::change(&app.vault, &me.session, &form.typed("current"), &new).await)? {
            Ok(()) => return Ok(frame.go_saying("/my/security", "said-password-changed")),
            Err(refused) => refused.tell(&mut errors),
        }
    }
    let page = security_page(&app, &me, &frame, &form, &errors).await?;
    Ok(frame.page(t(frame.lang, "my-security")).again(page))
}

/// `POST /my/security/end`
pub async fn end_session(
    State(app): State<App>,
    me: SignedIn,
    frame: Frame,
    form: FormData,
) -> Result<Response, Failure> {
    let id = Id::parse(form.text("session")).map_err(|_| Failure::BadRequest)?;
    let person = me.member.clone();
    app.carry_out(move |tx| session::end(tx, &person, &id).map(|_| ())).await?;
    Ok(frame.go_saying("/my/security", "said-session-ended"))
}

/// `POST /my/security/end-others`
pub async fn end_others(
    State(app): State<App>,
    me: SignedIn,
    frame: Frame,
    _form: FormData,
) -> Result<Response, Failure> {
    let (person, id) = (me.member.clone(), me.session.id.clone());
    app.carry_out(move |tx| session::end_others(tx, &person, &id).map(|_| ())).await?;
    Ok(frame.go_saying("/my/security", "said-session-ended"))
}
