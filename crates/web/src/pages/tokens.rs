//! 2.1.1: the tokens by which a person's own programs act for them: made, shown once, listed, ended. Members have theirs
//! under `/my`, the staff under `/console`.

use crate::app::{self, App, OnDuty, SignedIn, Told};
use crate::error::Failure;
use crate::form::{FieldError, FormData, FormErrors};
use crate::format;
use crate::frame::Frame;
use crate::language::{Lang, f, t};
use crate::pages::{console, member as my, prove};
use crate::ui::{self, Entry, Kind};
use axum::extract::State;
use axum::response::Response;
use db::Id;
use maud::{Markup, html};
use member::token::{self, ApiToken, Listed, NewToken, Reach};
use member::{Member, Session, Who};
use policy::fields::ApiTokenName;
use policy::{Entered, Purpose};
use vault::{Access, Actor};

pub const MINE: &str = "/my/tokens";
pub const OF_STAFF: &str = "/console/tokens";

/// How long a token may live.
const DAYS: [(&str, &str); 3] = [("30", "tokens-30-days"), ("90", "tokens-90-days"), ("365", "tokens-365-days")];

/// Whose page it is.
struct Owner {
    who: Who,
    session: Session,
    path: &'static str,
}

impl Owner {
    fn member(me: &SignedIn) -> Owner {
        Owner { who: Who::Member(Member { id: me.member.clone() }), session: me.session.clone(), path: MINE }
    }

    fn staff(duty: &OnDuty) -> Owner {
        Owner { who: Who::Staff(duty.staff.clone()), session: duty.session.clone(), path: OF_STAFF }
    }

    fn person(&self) -> &Id {
        self.who.person()
    }

    fn reaches(&self) -> &'static [Reach] {
        match &self.who {
            Who::Member(_) => &Reach::OF_MEMBERS,
            Who::Staff(_) => &Reach::OF_STAFF,
        }
    }

    /// With the pages beside it.
    fn beside(&self, frame: &Frame, content: Markup) -> Markup {
        match &self.who {
            Who::Member(_) => ui::with_side(my::side(frame, MINE), content),
            Who::Staff(staff) => console::with_side(frame, staff, OF_STAFF, content),
        }
    }

    async fn access(&self, app: &App) -> Result<Access<member::policy::UseApi>, Failure> {
        let person = self.person();
        app.vault.access(&Actor::own(person), std::slice::from_ref(person)).await.map_err(app::no_access)
    }
}

fn reach_label(reach: Reach) -> &'static str {
    match reach {
        Reach::BuyRead => "tokens-buy-read",
        Reach::Buy => "tokens-buy",
        Reach::SellRead => "tokens-sell-read",
        Reach::Sell => "tokens-sell",
        Reach::HooksRead => "tokens-hooks-read",
        Reach::Hooks => "tokens-hooks",
        Reach::OperateRead => "tokens-operate-read",
        Reach::Operate => "tokens-operate",
    }
}

/// `GET /my/tokens`
pub async fn mine(State(app): State<App>, me: SignedIn, frame: Frame) -> Result<Response, Failure> {
    page(&app, &frame, &Owner::member(&me), &FormData::empty(), &FormErrors::default(), None).await
}

/// `GET /console/tokens`
pub async fn of_staff(State(app): State<App>, duty: OnDuty, frame: Frame) -> Result<Response, Failure> {
    page(&app, &frame, &Owner::staff(&duty), &FormData::empty(), &FormErrors::default(), None).await
}

async fn page(
    app: &App,
    frame: &Frame,
    owner: &Owner,
    form: &FormData,
    errors: &FormErrors,
    made: Option<&ApiToken>,
) -> Result<Response, Failure> {
    let lang = frame.lang;
    let (access, person) = (owner.access(app).await?, owner.person().clone());
    let listed = app.read(move |r| token::list(r, &person, &access)).await?;
    let purpose = &member::policy::UseApi::INFO;
    let content = html! {
        (ui::section_head(t(lang, "my-tokens"), Some(t(lang, "tokens-intro")), Some(
            ui::link_button(&frame.path("/api"), t(lang, "tokens-documentation"), ui::Look::Plain))))
        @if let Some(made) = made {
            (ui::notice_with(ui::Tone::Good, html! {
                p { b { (t(lang, "tokens-made")) } }
                p { (ui::copyable(lang, "token", html! { (made.as_str()) })) }
                p { (t(lang, "tokens-once")) }
            }))
        }
        (list(frame, owner, &listed, app.now()))
        (ui::error_summary(lang, errors, &[
            ("name", t(lang, "tokens-name")), ("reaches", t(lang, "tokens-reaches")), ("days", t(lang, "tokens-days")),
        ]))
        section.card.pad.form {
            h2 { (t(lang, "tokens-new")) }
            (prove::or_prove(app, frame, &owner.session, owner.path, ui::form(&frame.csrf, &frame.path(owner.path), html! {
                (Entry::new(Kind::Text, "name", t(lang, "tokens-name")).hint(t(lang, "tokens-name-hint")).limit(60).from(lang, form, errors))
                (reach_boxes(lang, owner, form, errors))
                (days(lang, form, errors))
                p.note { (lang.words(purpose.says)) " " (lang.words(purpose.refusal)) }
                (ui::button(t(lang, "tokens-make"), ui::Look::Main))
            })))
        }
    };
    let page = frame.page(t(lang, "my-tokens"));
    let content = owner.beside(frame, content);
    Ok(if errors.is_empty() { page.answer(content) } else { page.again(content) })
}

fn reach_boxes(lang: Lang, owner: &Owner, form: &FormData, errors: &FormErrors) -> Markup {
    let wrong = errors.of("reaches").map(|error| error.text(lang));
    html! {
        fieldset.field.wrong[wrong.is_some()] id="f-reaches" {
            legend { (t(lang, "tokens-reaches")) }
            @if let Some(wrong) = &wrong { p.mistake { (ui::icon::stop()) span { (wrong) } } }
            @for reach in owner.reaches() {
                @let name = format!("reach-{}", reach.id());
                @let words = html! { (t(lang, reach_label(*reach))) " " code { (reach.id()) } };
                (ui::check(lang, &name, words, form.checked(&name), None, &FormErrors::default()))
            }
        }
    }
}

fn days(lang: Lang, form: &FormData, errors: &FormErrors) -> Markup {
    let options: Vec<(&str, &str)> = DAYS.iter().map(|(days, key)| (*days, t(lang, key))).collect();
    html! { (Entry::select("days", t(lang, "tokens-days"), &options).from(lang, form, errors)) }
}

fn list(frame: &Frame, owner: &Owner, listed: &[Listed], now: i64) -> Markup {
    let lang = frame.lang;
    html! {
        @if listed.is_empty() { p.note { (t(lang, "tokens-none")) } }
        ul.rows {
            @for token in listed {
                li.card.pad {
                    div {
                        b { (token.name) } " "
                        @for reach in &token.reaches { code { (reach.id()) } " " }
                        p.note {
                            @let used = if token.used_at == token.begun_at { t(lang, "tokens-unused").to_owned() } else {
                                f(lang, "tokens-used", &[("when", format::near(lang, token.used_at, now).into())])
                            };
                            (used) " · " (f(lang, "tokens-until", &[("when", format::date(lang, token.ends_at).into())]))
                        }
                    }
                    (ui::form(&frame.csrf, &frame.path(&format!("{}/end", owner.path)), html! {
                        (ui::hidden("token", token.id.as_str()))
                        (ui::button(t(lang, "tokens-end"), ui::Look::Quiet))
                    }))
                }
            }
        }
    }
}

/// `POST /my/tokens`
pub async fn make_mine(
    State(app): State<App>,
    me: SignedIn,
    frame: Frame,
    form: FormData,
) -> Result<Response, Failure> {
    make(&app, &frame, &Owner::member(&me), &form).await
}

/// `POST /console/tokens`
pub async fn make_of_staff(
    State(app): State<App>,
    duty: OnDuty,
    frame: Frame,
    form: FormData,
) -> Result<Response, Failure> {
    make(&app, &frame, &Owner::staff(&duty), &form).await
}

async fn make(app: &App, frame: &Frame, owner: &Owner, form: &FormData) -> Result<Response, Failure> {
    let proven = match prove::asked(app, frame, &owner.session, owner.path) {
        Ok(proven) => proven,
        Err(to_prove) => return Ok(to_prove),
    };
    let mut errors = FormErrors::default();
    let name = errors.take("name", Entered::<ApiTokenName>::parse(&form.typed("name")));
    let reaches: Vec<Reach> =
        owner.reaches().iter().copied().filter(|reach| form.checked(&format!("reach-{}", reach.id()))).collect();
    if reaches.is_empty() {
        errors.add(FieldError::plain("reaches", "tokens-choose"));
    }
    let days = errors.keep(form.choice("days", &DAYS.map(|(days, _)| days)));
    let days = days.and_then(|days| days.parse::<i64>().ok());
    if let (Some(name), Some(days), true) = (name, days, errors.is_empty()) {
        let access = owner.access(app).await?;
        let (who, new) = (owner.who.clone(), NewToken { name, reaches, days });
        match app.write(move |tx| token::make(tx, &who, &proven, &access, &new)).await? {
            // Not sent on to another address: the token stands on this one answer, which nothing keeps.
            Ok(made) => {
                return page(app, frame, owner, &FormData::empty(), &FormErrors::default(), Some(&made)).await;
            }
            Err(refused) => refused.tell(&mut errors),
        }
    }
    page(app, frame, owner, form, &errors, None).await
}

/// `POST /my/tokens/end`
pub async fn end_mine(State(app): State<App>, me: SignedIn, frame: Frame, form: FormData) -> Result<Response, Failure> {
    end(&app, &frame, &Owner::member(&me), &form).await
}

/// `POST /console/tokens/end`
pub async fn end_of_staff(
    State(app): State<App>,
    duty: OnDuty,
    frame: Frame,
    form: FormData,
) -> Result<Response, Failure> {
    end(&app, &frame, &Owner::staff(&duty), &form).await
}

async fn end(app: &App, frame: &Frame, owner: &Owner, form: &FormData) -> Result<Response, Failure> {
    let id = Id::parse(form.text("token")).map_err(|_| Failure::BadRequest)?;
    let person = owner.person().clone();
    app.carry_out(move |tx| token::end(tx, &person, &id).map(|_| ())).await?;
    Ok(frame.go_saying(owner.path, "said-token-ended"))
}
