//! Before a sensitive change: a password or a code once more, where the last one was a while ago. The page that shows the
//! form sends here first, so that what is typed there is not lost; whoever has proved it comes back to it.

use crate::app::{self, App, From_, OnDuty, SignedIn, Told, told};
use crate::error::Failure;
use crate::form::{FormData, FormErrors, is_our_path};
use crate::frame::{Frame, paths};
use crate::language::t;
use crate::pages::{console, member as my};
use crate::ui::{self, Entry, Kind};
use axum::extract::{OriginalUri, State};
use axum::response::Response;
use maud::{Markup, html};
use member::{Proven, Session, prove};
use policy::Entered;
use policy::fields::VerificationCode;

pub const MINE: &str = "/my/security/prove";
pub const OF_STAFF: &str = "/console/prove";

fn path_of(session: &Session) -> &'static str {
    if session.staff().is_some() { OF_STAFF } else { MINE }
}

/// The way to the proof, and back to `next`.
fn way(session: &Session, next: &str) -> String {
    format!("{}?next={}", path_of(session), app::encode(next))
}

/// The proof that a change needs; where it has run out, the way to another, which leads back to the page `next`.
#[allow(clippy::result_large_err)] // the other way to answer is an answer
pub fn asked(app: &App, frame: &Frame, session: &Session, next: &str) -> Result<Proven, Response> {
    session.proven(app.now()).ok_or_else(|| frame.go(&way(session, next)))
}

/// The same for a page that is nothing but the form of a change: there must be time to fill it in.
pub fn asked_first(app: &App, frame: &Frame, session: &Session, next: &str) -> Option<Response> {
    (!session.is_proven_for_a_form(app.now())).then(|| frame.go(&way(session, next)))
}

/// The form of a change on a page that shows more: `form`, or the way to the proof that it needs first.
pub fn or_prove(app: &App, frame: &Frame, session: &Session, next: &str, form: Markup) -> Markup {
    if session.is_proven_for_a_form(app.now()) {
        return form;
    }
    let lang = frame.lang;
    html! {
        p.note { (t(lang, "prove-first")) }
        div.actions { (ui::link_button(&frame.path(&way(session, next)), t(lang, "prove-go"), ui::Look::Plain)) }
    }
}

fn next_of(session: &Session, form: &FormData, uri: &OriginalUri) -> String {
    let asked = if form.has("next") {
        form.text("next").to_owned()
    } else {
        app::query(&uri.0).remove("next").unwrap_or_default()
    };
    let home = if session.staff().is_some() { paths::CONSOLE } else { "/my/security" };
    if is_our_path(&asked) { asked } else { home.to_owned() }
}

/// With the pages beside it.
fn beside(frame: &Frame, session: &Session, content: Markup) -> Markup {
    match session.staff() {
        Some(staff) => console::with_side(frame, staff, OF_STAFF, content),
        None => ui::with_side(my::side(frame, "/my/security"), content),
    }
}

fn answered(frame: &Frame, session: &Session, errors: &FormErrors, content: Markup) -> Response {
    let page = frame.page(t(frame.lang, "prove-title"));
    let main = beside(frame, session, content);
    if errors.is_empty() { page.answer(main) } else { page.again(main) }
}

fn password_form(frame: &Frame, session: &Session, errors: &FormErrors, next: &str) -> Markup {
    let lang = frame.lang;
    html! {
        h1 { (t(lang, "prove-title")) }
        (ui::error_summary(lang, errors, &[("current", t(lang, "field-current-password"))]))
        section.card.pad {
            p { (t(lang, "prove-text")) }
            (ui::form(&frame.csrf, &frame.path(path_of(session)), html! {
                (ui::hidden("next", next))
                (Entry::new(Kind::Password, "current", t(lang, "field-current-password")).fill("current-password").limit(128)
                    .autofocus().from(lang, &FormData::empty(), errors))
                (ui::button(t(lang, "prove-go-on"), ui::Look::Main))
            }))
        }
        @if session.member().is_some() {
            section.card.pad {
                p { (t(lang, "prove-code-text")) }
                (ui::form(&frame.csrf, &frame.path("/my/security/prove/code"), html! {
                    (ui::hidden("next", next))
                    (ui::button(t(lang, "send-code"), ui::Look::Plain))
                }))
            }
        }
    }
}

fn code_form(frame: &Frame, form: &FormData, errors: &FormErrors, code_id: &str, next: &str) -> Markup {
    let lang = frame.lang;
    html! {
        h1 { (t(lang, "prove-title")) }
        (ui::error_summary(lang, errors, &[("code", t(lang, "field-code"))]))
        section.card.pad {
            p { (t(lang, "prove-code-sent")) }
            (ui::form(&frame.csrf, &frame.path("/my/security/prove/enter"), html! {
                (ui::hidden("next", next))
                (ui::hidden("code_id", code_id))
                (Entry::new(Kind::Code, "code", t(lang, "field-code")).hint(t(lang, "code-hint")).fill("one-time-code").limit(6)
                    .autofocus().from(lang, form, errors))
                (ui::button(t(lang, "prove-go-on"), ui::Look::Main))
            }))
            p.note { a href=(format!("{}?next={}", frame.path(MINE), app::encode(next))) { (t(lang, "prove-otherwise")) } }
        }
    }
}

fn show(app: &App, frame: &Frame, session: &Session, uri: &OriginalUri) -> Response {
    let next = next_of(session, &FormData::empty(), uri);
    if session.is_proven_for_a_form(app.now()) {
        return frame.go(&next);
    }
    let errors = FormErrors::default();
    answered(frame, session, &errors, password_form(frame, session, &errors, &next))
}

async fn take_password(
    app: &App,
    frame: &Frame,
    session: &Session,
    from: &member::ClientAddress,
    uri: &OriginalUri,
    form: &FormData,
) -> Result<Response, Failure> {
    let next = next_of(session, form, uri);
    let mut errors = FormErrors::default();
    let typed = form.typed("current");
    if typed.is_blank() {
        errors.take::<()>("current", Err(policy::Invalid::Missing));
    } else {
        match told(prove::by_password(&app.vault, session, &typed, from).await)? {
            Ok(()) => return Ok(frame.go(&next)),
            Err(refused) => refused.tell(&mut errors),
        }
    }
    Ok(answered(frame, session, &errors, password_form(frame, session, &errors, &next)))
}

/// `GET /my/security/prove`
pub async fn page(State(app): State<App>, me: SignedIn, frame: Frame, uri: OriginalUri) -> Response {
    show(&app, &frame, &me.session, &uri)
}

/// `GET /console/prove`
pub async fn page_of_staff(State(app): State<App>, duty: OnDuty, frame: Frame, uri: OriginalUri) -> Response {
    show(&app, &frame, &duty.session, &uri)
}

/// `POST /my/security/prove`
pub async fn by_password(
    State(app): State<App>,
    From_(from): From_,
    me: SignedIn,
    frame: Frame,
    uri: OriginalUri,
    form: FormData,
) -> Result<Response, Failure> {
    take_password(&app, &frame, &me.session, &from, &uri, &form).await
}

/// `POST /console/prove`
pub async fn by_password_of_staff(
    State(app): State<App>,
    From_(from): From_,
    duty: OnDuty,
    frame: Frame,
    uri: OriginalUri,
    form: FormData,
) -> Result<Response, Failure> {
    take_password(&app, &frame, &duty.session, &from, &uri, &form).await
}

/// `POST /my/security/prove/code`: a code to the member's own telephone.
pub async fn send_code(
    State(app): State<App>,
    From_(from): From_,
    me: SignedIn,
    frame: Frame,
    uri: OriginalUri,
    form: FormData,
) -> Result<Response, Failure> {
    let next = next_of(&me.session, &form, &uri);
    let mut errors = FormErrors::default();
    let begun = match told(prove::send_code(&app.vault, &me.session, &from).await)? {
        Ok(begun) => begun,
        Err(refused) => {
            refused.tell(&mut errors);
            return Ok(answered(&frame, &me.session, &errors, password_form(&frame, &me.session, &errors, &next)));
        }
    };
    let mut sent = match told(begun.finish(&app.vault).await)? {
        Ok(sent) => sent,
        Err(refused) => return Err(Failure::fault(format!("no code for a member who is here: {refused:?}"))),
    };
    my::send(&app, frame.lang, &mut sent);
    let content = code_form(&frame, &FormData::empty(), &errors, sent.id.as_str(), &next);
    Ok(answered(&frame, &me.session, &errors, content))
}

/// `POST /my/security/prove/enter`
pub async fn by_code(
    State(app): State<App>,
    me: SignedIn,
    frame: Frame,
    uri: OriginalUri,
    form: FormData,
) -> Result<Response, Failure> {
    let next = next_of(&me.session, &form, &uri);
    let mut errors = FormErrors::default();
    let code_id = my::code_id(&form, &mut errors);
    let code = errors.take("code", Entered::<VerificationCode>::parse(&form.typed("code")));
    if let (Some(code_id), Some(code)) = (code_id, code) {
        match told(prove::by_code(&app.vault, &me.session, &code_id, &code).await)? {
            Ok(()) => return Ok(frame.go(&next)),
            Err(refused) => refused.tell(&mut errors),
        }
    }
    let content = code_form(&frame, &form, &errors, form.text("code_id"), &next);
    Ok(answered(&frame, &me.session, &errors, content))
}
