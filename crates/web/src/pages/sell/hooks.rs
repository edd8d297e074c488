//! The seller's webhooks: where their programs are told of orders, what was sent and what became of it, sending again.
//! A secret stands on the one answer that made it, which nothing keeps.

use super::with_side;
use crate::app::{self, App, AtDesk, Told};
use crate::error::Failure;
use crate::form::{FormData, FormErrors};
use crate::format;
use crate::frame::Frame;
use crate::language::{Lang, f, t};
use crate::pages::prove;
use crate::ui::{self, Entry, Kind, Tone};
use axum::extract::{OriginalUri, Path, State};
use axum::response::Response;
use db::Id;
use db::clock::{DAY, HOUR};
use maud::{Markup, html};
use std::time::Duration;
use trade::Refused;
use trade::hooks::endpoint::{self, Endpoint, State as EndpointState};
use trade::hooks::log::{self, Delivery, Outcome, State as DeliveryState, Try};
use trade::hooks::{ENDPOINTS_MAX, NAME_MAX, NewEndpoint, Secret, Topic};

pub const PATH: &str = "/sell/webhooks";
const ON_A_PAGE: i64 = 30;
/// A name server that does not answer keeps nobody longer.
const NAME_WAIT_MAX: Duration = Duration::from_secs(8);
/// From when on everything is sent again.
const SINCE: [(&str, &str, i64); 4] = [
    ("hour", "hooks-since-hour", HOUR),
    ("day", "hooks-since-day", DAY),
    ("week", "hooks-since-week", 7 * DAY),
    ("all", "hooks-since-all", log::KEPT_DAYS * DAY),
];
const TABS: [(&str, &[DeliveryState]); 3] = [
    ("hooks-all", &[]),
    ("hooks-waiting", &[DeliveryState::Waiting]),
    ("hooks-undelivered", &DeliveryState::UNDELIVERED),
];

pub fn path_of(id: &Id) -> String {
    format!("{PATH}/{id}")
}

/// An endpoint as a form or a program sent it, or all that is wrong with it. Waits for the address's name, for a while.
pub async fn checked(
    app: &App,
    name: &str,
    url: &str,
    topics: Vec<Topic>,
) -> Result<Result<NewEndpoint, Vec<Refused>>, Failure> {
    let (hooks, name, url) = (app.hooks.clone(), name.to_owned(), url.to_owned());
    let looked = tokio::task::spawn_blocking(move || hooks.checked(&name, &url, &topics));
    match tokio::time::timeout(NAME_WAIT_MAX, looked).await {
        Ok(looked) => looked.map_err(Failure::fault),
        Err(_) => Ok(Err(vec![Refused::HookAddress { why: partners::webhook::Unfit::Unknown }])),
    }
}

/// How an event is called.
fn topic_label(topic: Topic) -> &'static str {
    use trade::state::OrderState::*;
    match topic {
        Topic::Order(Placed) => "hooks-topic-placed",
        Topic::Order(Paid) => "hooks-topic-paid",
        Topic::Order(Shipped) => "hooks-topic-shipped",
        Topic::Order(Received) => "hooks-topic-received",
        Topic::Order(Completed) => "hooks-topic-completed",
        Topic::Order(Cancelled) => "hooks-topic-cancelled",
        Topic::Order(Closed) => "hooks-topic-closed",
        Topic::Order(Refunded) => "hooks-topic-refunded",
        Topic::Test => "hooks-topic-test",
    }
}

/// What came of a try, in words.
pub fn outcome_label(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Taken => "hooks-came-taken",
        Outcome::Refused => "hooks-came-refused",
        Outcome::Moved => "hooks-came-moved",
        Outcome::Unknown => "hooks-came-unknown",
        Outcome::NotPublic => "hooks-came-not-public",
        Outcome::TimedOut => "hooks-came-timed-out",
        Outcome::Tls => "hooks-came-tls",
        Outcome::NoConnection => "hooks-came-no-connection",
        Outcome::BadAnswer => "hooks-came-bad-answer",
    }
}

fn endpoint_badge(lang: Lang, state: EndpointState) -> Markup {
    let (tone, key) = match state {
        EndpointState::On => (Tone::Good, "hooks-on"),
        EndpointState::Off => (Tone::Info, "hooks-off"),
        EndpointState::Failing => (Tone::Bad, "hooks-failing"),
        EndpointState::Gone => (Tone::Bad, "hooks-gone"),
    };
    ui::badge(tone, t(lang, key))
}

fn delivery_badge(lang: Lang, state: DeliveryState) -> Markup {
    let (tone, key) = match state {
        DeliveryState::Waiting => (Tone::Info, "hooks-state-waiting"),
        DeliveryState::Delivered => (Tone::Good, "hooks-state-delivered"),
        DeliveryState::Failed => (Tone::Bad, "hooks-state-failed"),
        DeliveryState::Missed => (Tone::Warn, "hooks-state-missed"),
    };
    ui::badge(tone, t(lang, key))
}

/// On the desk, where an endpoint was turned off by what happened: nobody looks into a log by themselves.
pub fn broken_notice(frame: &Frame, broken: i64) -> Markup {
    if broken == 0 {
        return html! {};
    }
    let lang = frame.lang;
    ui::notice_with(
        Tone::Bad,
        html! {
            p { (f(lang, "hooks-broken", &[("n", broken.into())])) " " a href=(frame.path(PATH)) { (t(lang, "hooks-look")) } }
        },
    )
}

/// Why an endpoint is not told, and what to do.
fn why_off(lang: Lang, one: &Endpoint) -> Markup {
    let (tone, key) = match one.state {
        EndpointState::On => match one.failing_since {
            Some(_) => (Tone::Warn, "hooks-fails-text"),
            None => return html! {},
        },
        EndpointState::Off => (Tone::Info, "hooks-off-text"),
        EndpointState::Failing => (Tone::Bad, "hooks-failing-text"),
        EndpointState::Gone => (Tone::Bad, "hooks-gone-text"),
    };
    let since = match one.state {
        EndpointState::On => one.failing_since.unwrap_or(one.state_since),
        _ => one.state_since,
    };
    ui::notice(tone, &f(lang, key, &[("when", format::moment(lang, since).into())]))
}

/// `GET /sell/webhooks`
pub async fn list(State(app): State<App>, desk: AtDesk, frame: Frame) -> Result<Response, Failure> {
    let lang = frame.lang;
    let seller = desk.seller;
    let all = app.read(move |r| endpoint::list(r, &seller)).await?;
    let new = frame.path(&format!("{PATH}/new"));
    let full = all.len() as i64 >= ENDPOINTS_MAX;
    let content = html! {
        (ui::section_head(t(lang, "hooks-title"), Some(t(lang, "hooks-intro")), Some(html! {
            (ui::link_button(&frame.path("/api#webhooks"), t(lang, "hooks-documentation"), ui::Look::Plain))
            @if !all.is_empty() && !full { (ui::link_button(&new, t(lang, "hooks-new"), ui::Look::Main)) }
        })))
        @if full { p.note { (f(lang, "refused-trade-hooks-full", &[("max", ENDPOINTS_MAX.into())])) } }
        @if all.is_empty() {
            (ui::empty(ui::icon::globe(), t(lang, "hooks-empty"), t(lang, "hooks-empty-text"), Some((&new, t(lang, "hooks-new")))))
        }
        ul.rows {
            @for one in &all {
                li.card.pad {
                    div {
                        a href=(frame.path(&path_of(&one.id))) { b { (one.name) } } " " (endpoint_badge(lang, one.state))
                        p.note { code { (one.address) } }
                        p.note {
                            @match one.delivered_at {
                                Some(at) => (f(lang, "hooks-delivered-at", &[("when", format::near(lang, at, app.now()).into())])),
                                None => (t(lang, "hooks-never-delivered")),
                            }
                        }
                    }
                    (ui::link_button(&frame.path(&path_of(&one.id)), t(lang, "hooks-open"), ui::Look::Plain))
                }
            }
        }
    };
    Ok(frame.page(t(lang, "hooks-title")).answer(with_side(&frame, PATH, content)))
}

// --- the form ------------------------------------------------------------------------------------------------------------

fn chosen(form: &FormData) -> Vec<Topic> {
    Topic::ALL.into_iter().filter(|topic| form.checked(&format!("topic-{}", topic.id()))).collect()
}

fn the_form(
    frame: &Frame,
    title: &str,
    action: &str,
    button: &str,
    form: &FormData,
    topics: &[Topic],
    errors: &FormErrors,
) -> Markup {
    let lang = frame.lang;
    let wrong = errors.of("topics").map(|error| error.text(lang));
    html! {
        h1 { (title) }
        (ui::error_summary(lang, errors, &[
            ("name", t(lang, "hooks-name")), ("url", t(lang, "hooks-url")), ("topics", t(lang, "hooks-topics")),
        ]))
        section.card.pad.form {
            (ui::form(&frame.csrf, &frame.path(action), html! {
                (Entry::new(Kind::Text, "name", t(lang, "hooks-name")).hint(t(lang, "hooks-name-hint")).limit(NAME_MAX).from(lang, form, errors))
                (Entry::new(Kind::Url, "url", t(lang, "hooks-url")).hint(t(lang, "hooks-url-hint"))
                    .limit(partners::webhook::ADDRESS_MAX).from(lang, form, errors))
                fieldset.field.wrong[wrong.is_some()] id="f-topics" {
                    legend { (t(lang, "hooks-topics")) }
                    @if let Some(wrong) = &wrong { p.mistake { (ui::icon::stop()) span { (wrong) } } }
                    @for topic in Topic::ALL {
                        @let words = html! { (t(lang, topic_label(topic))) " " code { (topic.id()) } };
                        (ui::check(lang, &format!("topic-{}", topic.id()), words, topics.contains(&topic), None, &FormErrors::default()))
                    }
                }
                p.note { (t(lang, "hooks-thin")) }
                (ui::button(button, ui::Look::Main))
            }))
        }
    }
}

fn new_form(frame: &Frame, form: &FormData, errors: &FormErrors) -> Response {
    let lang = frame.lang;
    let title = t(lang, "hooks-new");
    let content = the_form(frame, title, &format!("{PATH}/new"), t(lang, "hooks-make"), form, &chosen(form), errors);
    let content = html! {
        (ui::crumbs(lang, &[(t(lang, "hooks-title"), Some(frame.path(PATH))), (title, None)]))
        (content)
    };
    let main = with_side(frame, PATH, content);
    let page = frame.page(title);
    if errors.is_empty() { page.answer(main) } else { page.again(main) }
}

/// `GET /sell/webhooks/new`
pub async fn new_page(State(app): State<App>, desk: AtDesk, frame: Frame) -> Response {
    if let Some(to_prove) = prove::asked_first(&app, &frame, &desk.session, &format!("{PATH}/new")) {
        return to_prove;
    }
    new_form(&frame, &FormData::empty(), &FormErrors::default())
}

/// `POST /sell/webhooks/new`
pub async fn make(State(app): State<App>, desk: AtDesk, frame: Frame, form: FormData) -> Result<Response, Failure> {
    let proven = match prove::asked(&app, &frame, &desk.session, &format!("{PATH}/new")) {
        Ok(proven) => proven,
        Err(to_prove) => return Ok(to_prove),
    };
    let mut errors = FormErrors::default();
    match checked(&app, form.text("name"), form.text("url"), chosen(&form)).await? {
        Ok(new) => {
            let (seller, hooks) = (desk.seller.clone(), app.hooks.clone());
            match app.write(move |tx| endpoint::register(tx, &seller, &proven, &hooks, &new)).await? {
                Ok((id, secret)) => return show_one(&app, &desk, &frame, &id, None, Some(&secret)).await,
                Err(refused) => refused.tell(&mut errors),
            }
        }
        Err(wrong) => wrong.iter().for_each(|refused| refused.tell(&mut errors)),
    }
    Ok(new_form(&frame, &form, &errors))
}

async fn found(app: &App, desk: &AtDesk, id: &Id) -> Result<Endpoint, Failure> {
    let (seller, id) = (desk.seller.clone(), id.clone());
    app.ask(move |r| endpoint::one(r, &seller, &id)).await?.map_err(|_| Failure::NotFound)
}

fn edit_form(frame: &Frame, one: &Endpoint, form: &FormData, topics: &[Topic], errors: &FormErrors) -> Response {
    let lang = frame.lang;
    let title = t(lang, "hooks-edit");
    let action = format!("{}/edit", path_of(&one.id));
    let content = html! {
        (ui::crumbs(lang, &[
            (t(lang, "hooks-title"), Some(frame.path(PATH))),
            (&one.name, Some(frame.path(&path_of(&one.id)))),
            (title, None),
        ]))
        (the_form(frame, title, &action, t(lang, "hooks-save"), form, topics, errors))
    };
    let main = with_side(frame, PATH, content);
    let page = frame.page(title);
    if errors.is_empty() { page.answer(main) } else { page.again(main) }
}

/// `GET /sell/webhooks/{id}/edit`
pub async fn edit_page(
    State(app): State<App>,
    desk: AtDesk,
    Path(id): Path<String>,
    frame: Frame,
) -> Result<Response, Failure> {
    let one = found(&app, &desk, &parsed(&id)?).await?;
    if let Some(to_prove) = prove::asked_first(&app, &frame, &desk.session, &format!("{}/edit", path_of(&one.id))) {
        return Ok(to_prove);
    }
    let form = FormData::of(&[("name", &one.name), ("url", &one.address)]);
    Ok(edit_form(&frame, &one, &form, &one.topics, &FormErrors::default()))
}

/// `POST /sell/webhooks/{id}/edit`
pub async fn save(
    State(app): State<App>,
    desk: AtDesk,
    Path(id): Path<String>,
    frame: Frame,
    form: FormData,
) -> Result<Response, Failure> {
    let id = parsed(&id)?;
    let one = found(&app, &desk, &id).await?;
    let proven = match prove::asked(&app, &frame, &desk.session, &format!("{}/edit", path_of(&id))) {
        Ok(proven) => proven,
        Err(to_prove) => return Ok(to_prove),
    };
    let mut errors = FormErrors::default();
    match checked(&app, form.text("name"), form.text("url"), chosen(&form)).await? {
        Ok(new) => {
            let (seller, of) = (desk.seller.clone(), id.clone());
            match app.write(move |tx| endpoint::edit(tx, &seller, &proven, &of, &new)).await? {
                Ok(()) => return Ok(frame.go_saying(&path_of(&id), "said-saved")),
                Err(refused) => refused.tell(&mut errors),
            }
        }
        Err(wrong) => wrong.iter().for_each(|refused| refused.tell(&mut errors)),
    }
    Ok(edit_form(&frame, &one, &form, &chosen(&form), &errors))
}

fn parsed(id: &str) -> Result<Id, Failure> {
    Id::parse(id).map_err(|_| Failure::NotFound)
}

// --- one endpoint --------------------------------------------------------------------------------------------------------

/// `GET /sell/webhooks/{id}`
pub async fn show(
    State(app): State<App>,
    desk: AtDesk,
    Path(id): Path<String>,
    uri: OriginalUri,
    frame: Frame,
) -> Result<Response, Failure> {
    show_one(&app, &desk, &frame, &parsed(&id)?, Some(&uri), None).await
}

async fn show_one(
    app: &App,
    desk: &AtDesk,
    frame: &Frame,
    id: &Id,
    uri: Option<&OriginalUri>,
    secret: Option<&Secret>,
) -> Result<Response, Failure> {
    let lang = frame.lang;
    let asked = uri.map(|uri| app::query(&uri.0)).unwrap_or_default();
    let tab = asked.get("tab").and_then(|tab| TABS.iter().find(|(key, _)| key == tab)).unwrap_or(&TABS[0]);
    let before = asked.get("before").and_then(|id| Id::parse(id).ok());
    let (seller, of, after) = (desk.seller.clone(), id.clone(), before.clone());
    let found = app
        .ask(move |r| {
            let deliveries = log::list(r, &seller, &of, tab.1, after.as_ref(), ON_A_PAGE)?;
            Ok((endpoint::one(r, &seller, &of)?, deliveries))
        })
        .await?;
    let (one, deliveries) = found.map_err(|_: Refused| Failure::NotFound)?;
    let here = frame.path(&path_of(id));
    let tabs: Vec<(&str, String, Option<u32>, bool)> =
        TABS.iter().map(|(key, _)| (t(lang, key), format!("{here}?tab={key}"), None, *key == tab.0)).collect();
    let next = deliveries.last().filter(|_| deliveries.len() as i64 == ON_A_PAGE);
    let next = next.map(|last| format!("{here}?tab={}&before={}", tab.0, last.id));
    let content = html! {
        (ui::crumbs(lang, &[(t(lang, "hooks-title"), Some(frame.path(PATH))), (&one.name, None)]))
        h1 { (one.name) " " (endpoint_badge(lang, one.state)) }
        @if let Some(secret) = secret {
            (ui::notice_with(Tone::Good, html! {
                p { b { (t(lang, "hooks-secret")) } }
                p { (ui::copyable(lang, "secret", html! { code { (secret.told().as_str()) } })) }
                p { (t(lang, "hooks-secret-once")) }
            }))
        }
        (why_off(lang, &one))
        section.card.pad {
            (ui::details(&[
                (t(lang, "hooks-url"), html! { code { (one.address) } }),
                (t(lang, "hooks-topics"), html! {
                    @for topic in &one.topics { (t(lang, topic_label(*topic))) " " code { (topic.id()) } br; }
                }),
                (t(lang, "hooks-secret"), html! {
                    (f(lang, "hooks-secret-since", &[("when", format::moment(lang, one.secret_since).into())]))
                    @if let Some(until) = one.old_secret_until {
                        br; (f(lang, "hooks-secret-old", &[("when", format::moment(lang, until).into())]))
                    }
                }),
            ]))
            div.actions { (ui::link_button(&format!("{here}/edit"), t(lang, "hooks-edit"), ui::Look::Plain)) (verbs(frame, &one)) }
        }
        section {
            (ui::part_head(t(lang, "hooks-log"), Some(&f(lang, "hooks-log-text", &[("days", log::KEPT_DAYS.into())])), None))
            @if one.state == EndpointState::On { (again_form(frame, id)) }
            (ui::tabs(t(lang, "hooks-log"), &tabs))
            (log_table(frame, id, &deliveries, app.now()))
            (ui::pager_next(lang, before.map(|_| format!("{here}?tab={}", tab.0)), next))
        }
    };
    Ok(frame.page(&one.name).answer(with_side(frame, PATH, content)))
}

/// What can be done with an endpoint, each a form of its own.
fn verbs(frame: &Frame, one: &Endpoint) -> Markup {
    let lang = frame.lang;
    let here = frame.path(&path_of(&one.id));
    let verb = |verb: &str, label: &'static str, look| {
        ui::form(&frame.csrf, &format!("{here}/{verb}"), ui::button(t(lang, label), look))
    };
    html! {
        @if one.state == EndpointState::On {
            (verb("test", "hooks-test", ui::Look::Plain))
            (verb("rotate", "hooks-rotate", ui::Look::Plain))
            (verb("off", "hooks-turn-off", ui::Look::Quiet))
        } @else {
            (verb("on", "hooks-turn-on", ui::Look::Main))
            (verb("rotate", "hooks-rotate", ui::Look::Plain))
        }
        (ui::link_button(&format!("{here}/delete"), t(lang, "hooks-delete"), ui::Look::Quiet))
    }
}

fn again_form(frame: &Frame, id: &Id) -> Markup {
    let lang = frame.lang;
    let options: Vec<(&str, &str)> = SINCE.iter().map(|(value, key, _)| (*value, t(lang, key))).collect();
    html! {
        details.card.pad {
            summary { (t(lang, "hooks-again-all")) }
            (ui::form(&frame.csrf, &frame.path(&format!("{}/again", path_of(id))), html! {
                (Entry::select("since", t(lang, "hooks-since"), &options).hint(t(lang, "hooks-again-text")))
                (ui::button(t(lang, "hooks-again-all"), ui::Look::Plain))
            }))
        }
    }
}

/// How a try went: its words, its status, how long it took.
fn how(lang: Lang, one: &Try) -> Markup {
    html! {
        // One cell, also where a card sets name and value apart.
        span {
            (t(lang, outcome_label(one.outcome)))
            @if one.status > 0 { " " code { (one.status) } }
            " " span.note { (f(lang, "hooks-took", &[("ms", one.took_ms.into())])) }
        }
    }
}

fn log_table(frame: &Frame, endpoint: &Id, deliveries: &[Delivery], now: i64) -> Markup {
    let lang = frame.lang;
    if deliveries.is_empty() {
        return html! { p.note { (t(lang, "hooks-log-empty")) } };
    }
    let columns = ["hooks-when", "hooks-what", "hooks-state", "hooks-last"].map(|key| t(lang, key));
    let mut table = ui::Table::new(t(lang, "hooks-log"), &columns);
    for one in deliveries {
        let to = frame.path(&format!("{}/deliveries/{}", path_of(endpoint), one.id));
        table.row(vec![
            ui::head_cell(html! { a href=(to) { (ui::time_near(lang, one.at, now)) } }),
            ui::cell(html! { (t(lang, topic_label(one.topic))) }),
            ui::cell(html! {
                span {
                    (delivery_badge(lang, one.state))
                    @if let (Some(due), true) = (one.due_at, one.tries > 0) {
                        br; span.note { (f(lang, "hooks-next", &[("when", format::moment(lang, due).into())])) }
                    }
                }
            }),
            ui::cell(html! { @match &one.last { Some(last) => (how(lang, last)), None => "–" } }),
        ]);
    }
    html! { (table) }
}

/// `POST /sell/webhooks/{id}/{verb}`
pub async fn act(
    State(app): State<App>,
    desk: AtDesk,
    Path((id, verb)): Path<(String, String)>,
    frame: Frame,
    form: FormData,
) -> Result<Response, Failure> {
    let id = parsed(&id)?;
    found(&app, &desk, &id).await?;
    let (seller, of, back) = (desk.seller.clone(), id.clone(), path_of(&id));
    let (done, said) = match verb.as_str() {
        "test" => (app.write(move |tx| endpoint::test(tx, &seller, &of).map(drop)).await?, "said-hook-tested"),
        "on" => (app.write(move |tx| endpoint::turn_on(tx, &seller, &of)).await?, "said-hook-on"),
        "off" => (app.write(move |tx| endpoint::turn_off(tx, &seller, &of)).await?, "said-hook-off"),
        "rotate" => {
            let proven = match prove::asked(&app, &frame, &desk.session, &back) {
                Ok(proven) => proven,
                Err(to_prove) => return Ok(to_prove),
            };
            let hooks = app.hooks.clone();
            let made = app.write(move |tx| endpoint::rotate(tx, &seller, &proven, &hooks, &of)).await?;
            let secret = made.map_err(|_| Failure::NotFound)?;
            return show_one(&app, &desk, &frame, &id, None, Some(&secret)).await;
        }
        "again" => {
            let back_to = SINCE.iter().find(|(value, ..)| *value == form.text("since")).ok_or(Failure::BadRequest)?.2;
            let replayed = app.write(move |tx| log::replay_since(tx, &seller, &of, tx.now - back_to)).await?;
            let said = if replayed == Ok(0) { "said-hook-nothing" } else { "said-hook-again" };
            (replayed.map(drop), said)
        }
        _ => return Err(Failure::NotFound),
    };
    Ok(match done {
        Ok(()) => frame.go_saying(&back, said),
        Err(refused) => frame.go_refused(&back, &refused),
    })
}

/// `GET /sell/webhooks/{id}/delete`
pub async fn delete_page(
    State(app): State<App>,
    desk: AtDesk,
    Path(id): Path<String>,
    frame: Frame,
) -> Result<Response, Failure> {
    let lang = frame.lang;
    let one = found(&app, &desk, &parsed(&id)?).await?;
    let here = frame.path(&path_of(&one.id));
    let main = ui::confirm(
        lang,
        &frame.csrf,
        &ui::Confirm {
            title: t(lang, "hooks-delete"),
            text: html! { p { b { (one.name) } } },
            consequences: &[t(lang, "hooks-delete-secret"), t(lang, "hooks-delete-log"), t(lang, "hooks-delete-off")],
            action: &format!("{here}/delete"),
            hidden: &[],
            yes: t(lang, "hooks-delete"),
            look: ui::Look::Danger,
            back: &here,
        },
    );
    Ok(frame.page(t(lang, "hooks-delete")).narrow().answer(main))
}

/// `POST /sell/webhooks/{id}/delete`
pub async fn delete(
    State(app): State<App>,
    desk: AtDesk,
    Path(id): Path<String>,
    frame: Frame,
    _form: FormData,
) -> Result<Response, Failure> {
    let (id, seller) = (parsed(&id)?, desk.seller);
    app.write(move |tx| endpoint::remove(tx, &seller, &id)).await?.map_err(|_| Failure::NotFound)?;
    Ok(frame.go_saying(PATH, "said-hook-deleted"))
}

// --- one delivery --------------------------------------------------------------------------------------------------------

/// `GET /sell/webhooks/{id}/deliveries/{delivery}`
pub async fn delivery(
    State(app): State<App>,
    desk: AtDesk,
    Path((id, delivery)): Path<(String, String)>,
    frame: Frame,
) -> Result<Response, Failure> {
    let lang = frame.lang;
    let (id, delivery) = (parsed(&id)?, parsed(&delivery)?);
    let (seller, of) = (desk.seller.clone(), id.clone());
    let found = app.ask(move |r| Ok((endpoint::one(r, &seller, &of)?, log::one(r, &seller, &of, &delivery)?))).await?;
    let (one, (delivery, tries)) = found.map_err(|_: Refused| Failure::NotFound)?;
    let title = t(lang, topic_label(delivery.topic));
    let columns = ["hooks-try", "hooks-when", "hooks-last"].map(|key| t(lang, key));
    let mut table = ui::Table::new(t(lang, "hooks-tries"), &columns);
    for one in &tries {
        table.row(vec![
            ui::head_cell(html! { (format::number(one.number)) }),
            ui::cell(ui::time(lang, one.at)),
            ui::cell(how(lang, one)),
        ]);
    }
    let content = html! {
        (ui::crumbs(lang, &[
            (t(lang, "hooks-title"), Some(frame.path(PATH))),
            (&one.name, Some(frame.path(&path_of(&id)))),
            (title, None),
        ]))
        h1 { (title) " " (delivery_badge(lang, delivery.state)) }
        section.card.pad {
            (ui::details(&[
                ("webhook-id", html! { code { (delivery.id) } }),
                (t(lang, "hooks-when"), ui::time(lang, delivery.at)),
                (t(lang, "hooks-about"), match delivery.topic {
                    Topic::Test => html! { (t(lang, "hooks-about-test")) },
                    Topic::Order(_) => html! { a href=(frame.path(&format!("/sell/orders/{}", delivery.about))) { (t(lang, "hooks-order")) } },
                }),
                (t(lang, "hooks-next-try"), match delivery.due_at {
                    Some(due) => ui::time(lang, due),
                    None => html! { (t(lang, "hooks-no-more")) },
                }),
            ]))
            @if one.state == EndpointState::On {
                (ui::form(&frame.csrf, &frame.path(&format!("{}/deliveries/{}/again", path_of(&id), delivery.id)),
                    ui::button(t(lang, "hooks-again"), ui::Look::Main)))
            } @else {
                p.note { (t(lang, "refused-trade-hook-off")) }
            }
        }
        section {
            h2 { (t(lang, "hooks-tries")) }
            @if tries.is_empty() { p.note { (t(lang, "hooks-no-tries")) } } @else { (table) }
        }
    };
    Ok(frame.page(title).answer(with_side(&frame, PATH, content)))
}

/// `POST /sell/webhooks/{id}/deliveries/{delivery}/again`
pub async fn again(
    State(app): State<App>,
    desk: AtDesk,
    Path((id, delivery)): Path<(String, String)>,
    frame: Frame,
    _form: FormData,
) -> Result<Response, Failure> {
    let (id, delivery) = (parsed(&id)?, parsed(&delivery)?);
    let back = format!("{}/deliveries/{delivery}", path_of(&id));
    let seller = desk.seller;
    Ok(match app.write(move |tx| log::replay(tx, &seller, &id, &delivery)).await? {
        Ok(()) => frame.go_saying(&back, "said-hook-again"),
        Err(Refused::NoSuchHook) => return Err(Failure::NotFound),
        Err(refused) => frame.go_refused(&back, &refused),
    })
}
