//! 5.3.1: the operator's console: shops that ask to sell, money that needs an eye, background work that is stuck. It
//! shows numbers, ids and what shops say of themselves; what is sealed opens only where a purpose names the role, and
//! leaves its line in the ledger.

use crate::app::{self, App, From_, OnDuty, Told, Visitor, told, with_staff_session};
use crate::error::Failure;
use crate::form::{FormData, FormErrors};
use crate::format;
use crate::frame::{Frame, paths};
use crate::language::{Lang, t};
use crate::pages::guest::{CURRENCY, both, shop_path};
use crate::pages::orders::state_badge;
use crate::pages::{cut, prove, tokens};
use crate::routes::{Gate, Routes};
use crate::ui::{self, Entry, Kind};
use axum::extract::{OriginalUri, Path, State};
use axum::response::Response;
use catalogue::policy::QualifySeller;
use catalogue::shop::{self, Decision, OwnShop};
use db::{Id, jobs};
use maud::{Markup, html};
use member::{Staff, staff};
use policy::Role;
use trade::order::{self, RECORD_KEEPERS, RecordFilter};
use trade::payment::{self, RefundState, refunds_to_look_at, retry_refund};
use trade::settlement::{self, Account, PayoutState, TrialBalance};
use trade::state::OrderState;
use vault::{Actor, NoAccess};

const PAGE: i64 = 30;
pub const LOOK: i64 = 50;
/// What waits for the payment company longer than this needs an eye; failures are shown for a month.
pub const WAITS: i64 = 60 * 60 * 1_000_000;
pub const MONTH: i64 = 30 * 24 * WAITS;

pub fn routes() -> Routes<App> {
    Routes::default()
        // Whoever comes without a session finds the door here.
        .get(Gate::Anybody, "/console", overview)
        .get(Gate::Anybody, "/console/sign-in", sign_in_page)
        .post(Gate::Anybody, "/console/sign-in", sign_in)
        .get(Gate::Staff, prove::OF_STAFF, prove::page_of_staff)
        .post(Gate::Staff, prove::OF_STAFF, prove::by_password_of_staff)
        .get(Gate::Staff, "/console/shops", shops)
        .get(Gate::Staff, "/console/shops/{id}", one_shop)
        .post(Gate::Staff, "/console/shops/{id}", decide)
        .get(Gate::Staff, "/console/orders", orders)
        .get(Gate::Staff, "/console/money", money)
        .post(Gate::Staff, "/console/money/refund", refund_again)
        .get(Gate::Staff, "/console/jobs", stuck_jobs)
        .post(Gate::Staff, "/console/jobs/revive", revive)
        .get(Gate::Staff, tokens::OF_STAFF, tokens::of_staff)
        .post(Gate::Staff, tokens::OF_STAFF, tokens::make_of_staff)
        .post(Gate::Staff, "/console/tokens/end", tokens::end_of_staff)
}

/// Whether the role may look at this part of the console.
pub fn may(staff: &Staff, roles: &[Role]) -> Result<(), Failure> {
    if roles.contains(&staff.role) { Ok(()) } else { Err(Failure::Forbidden) }
}

pub const SHOPS: &[Role] = &[Role::Operator, Role::IdentityDesk];
pub const MONEY: &[Role] = &[Role::Operator, Role::Finance];
pub const JOBS: &[Role] = &[Role::Operator];

fn side(frame: &Frame, staff: &Staff, current: &str) -> Markup {
    let lang = frame.lang;
    let all: [(&'static str, &str, &[Role]); 6] = [
        ("console-overview", paths::CONSOLE, &[staff.role]),
        ("console-shops", "/console/shops", SHOPS),
        ("console-orders", "/console/orders", RECORD_KEEPERS),
        ("console-money", "/console/money", MONEY),
        ("console-jobs", "/console/jobs", JOBS),
        ("my-tokens", tokens::OF_STAFF, &[staff.role]),
    ];
    let entries: Vec<(&str, String, Option<u32>)> = all
        .iter()
        .filter(|(_, _, roles)| roles.contains(&staff.role))
        .map(|(label, path, _)| (t(lang, label), lang.path(path), None))
        .collect();
    ui::side_nav(t(lang, "nav-console"), &lang.path(current), &entries)
}

pub fn with_side(frame: &Frame, staff: &Staff, current: &str, content: Markup) -> Markup {
    ui::with_side(side(frame, staff, current), content)
}

// --- coming in --------------------------------------------------------------------------------------------------------

/// `GET /console/sign-in`
async fn sign_in_page(frame: Frame, visitor: Visitor) -> Response {
    if visitor.session.as_ref().is_some_and(|session| session.staff().is_some()) {
        return frame.go(paths::CONSOLE);
    }
    let form = sign_in_form(&frame, &FormData::empty(), &FormErrors::default());
    frame.page(t(frame.lang, "console-sign-in")).narrow().answer(form)
}

fn sign_in_form(frame: &Frame, form: &FormData, errors: &FormErrors) -> Markup {
    let lang = frame.lang;
    html! {
        h1 { (t(lang, "console-sign-in")) }
        p { (t(lang, "console-sign-in-text")) }
        (ui::error_summary(lang, errors, &[("account", t(lang, "console-account")), ("password", t(lang, "field-password"))]))
        section.card.pad {
            (ui::form(&frame.csrf, &frame.path("/console/sign-in"), html! {
                (Entry::new(Kind::Text, "account", t(lang, "console-account")).fill("username").limit(40).from(lang, form, errors))
                (Entry::new(Kind::Password, "password", t(lang, "field-password")).fill("current-password").limit(128)
                    .from(lang, form, errors))
                (ui::button(t(lang, "sign-in"), ui::Look::Main))
            }))
        }
    }
}

/// `POST /console/sign-in`
async fn sign_in(
    State(app): State<App>,
    From_(from): From_,
    frame: Frame,
    visitor: Visitor,
    form: FormData,
) -> Result<Response, Failure> {
    let mut errors = FormErrors::default();
    for name in ["account", "password"] {
        if form.typed(name).is_blank() {
            errors.take::<()>(name, Err(policy::Invalid::Missing));
        }
    }
    if errors.is_empty() {
        let (account, password) = (form.typed("account"), form.typed("password"));
        match told(staff::sign_in(&app.vault, &account, &password, &from, visitor.token.as_ref()).await)? {
            Ok(come) => return Ok(with_staff_session(&app, &come.token, frame.go(paths::CONSOLE))),
            Err(refused) => refused.tell(&mut errors),
        }
    }
    let page = sign_in_form(&frame, &form, &errors);
    Ok(frame.page(t(frame.lang, "console-sign-in")).narrow().again(page))
}

// --- overview ---------------------------------------------------------------------------------------------------------

/// `GET /console`
async fn overview(State(app): State<App>, frame: Frame, visitor: Visitor) -> Result<Response, Failure> {
    let lang = frame.lang;
    let Some(session) = &visitor.session else {
        let main = html! {
            h1 { (t(lang, "nav-console")) }
            p { (t(lang, "console-sign-in-text")) }
            p.actions { (ui::link_button(&frame.path("/console/sign-in"), t(lang, "console-sign-in"), ui::Look::Main)) }
        };
        return Ok(frame.page(t(lang, "nav-console")).narrow().answer(main));
    };
    let staff = session.staff().ok_or(Failure::NotFound)?.clone();
    let role = staff.role;
    let head = html! { (ui::section_head(t(lang, "console-overview"), Some(t(lang, "console-overview-text")), None)) };
    let (shops_too, money_too, jobs_too) = (SHOPS.contains(&role), MONEY.contains(&role), JOBS.contains(&role));
    let now = app.now();
    let found = app
        .read(move |r| {
            let applied = if shops_too { shop::in_state(r, shop::State::Applied, None, 100)?.len() } else { 0 };
            let disputed = if money_too { payment::disputed(r, None, 100)?.len() } else { 0 };
            let refunds = if money_too { refunds_to_look_at(r, now - WAITS, None, 100)?.len() } else { 0 };
            let payouts = if money_too { settlement::payouts_to_look_at(r, now - MONTH, None, 100)?.len() } else { 0 };
            let checks = if money_too { trade::jobs::checked(r, 5)? } else { Vec::new() };
            let trial = if money_too { Some(settlement::trial_balance(r)?) } else { None };
            let dead = if jobs_too { jobs::dead(r.db, None, 100)?.len() } else { 0 };
            Ok((applied, disputed, refunds, payouts, checks, trial, dead))
        })
        .await?;
    let (applied, disputed, refunds, payouts, checks, trial, dead) = found;
    let n = |n: usize| format::number(i64::try_from(n).unwrap_or(i64::MAX));
    let mut facts: Vec<(String, &str)> = Vec::new();
    if shops_too {
        facts.push((n(applied), t(lang, "console-applications")));
    }
    if money_too {
        facts.push((n(disputed), t(lang, "console-disputed")));
        facts.push((n(refunds), t(lang, "console-refunds")));
        facts.push((n(payouts), t(lang, "console-payouts")));
    }
    if jobs_too {
        facts.push((n(dead), t(lang, "console-dead")));
    }
    let content = html! {
        (head)
        @if facts.is_empty() { (ui::notice(ui::Tone::Info, t(lang, "console-nothing-for-role"))) } @else { (ui::facts(&facts)) }
        @if let Some(trial) = &trial { (trial_shown(lang, trial)) (checks_shown(lang, &checks)) }
    };
    Ok(frame.page(t(lang, "nav-console")).answer(with_side(&frame, &staff, paths::CONSOLE, content)))
}

fn trial_shown(lang: Lang, trial: &TrialBalance) -> Markup {
    let sums: Vec<String> = trial.sums.iter().map(|(currency, sum)| format::money(lang, *sum, currency)).collect();
    html! {
        section.card.pad {
            h2 { (t(lang, "console-trial")) }
            @if trial.holds() {
                (ui::notice(ui::Tone::Good, t(lang, "console-trial-holds")))
            } @else {
                (ui::notice(ui::Tone::Bad, t(lang, "console-trial-off")))
            }
            (ui::details(&[
                (t(lang, "console-sum"), html! { (if sums.is_empty() { format::money(lang, 0, CURRENCY) } else { sums.join(", ") }) }),
                (t(lang, "console-unbalanced"), html! { (format::number(trial.unbalanced_entries)) }),
                (t(lang, "console-overdrawn"), html! { (format::number(trial.overdrawn)) }),
            ]))
        }
    }
}

fn checks_shown(lang: Lang, checks: &[trade::jobs::Checked]) -> Markup {
    let columns = ["console-day", "console-compared", "console-sum", "console-differences"].map(|key| t(lang, key));
    let mut table = ui::Table::new(t(lang, "console-checks"), &columns);
    for check in checks {
        table.row(vec![
            ui::head_cell(html! { (check.day.to_string()) }),
            ui::number_cell(html! { (format::number(check.lines)) }),
            ui::number_cell(html! { (format::money(lang, check.trial_balance, CURRENCY)) }),
            ui::cell(html! {
                @if check.differences.is_empty() { (ui::badge(ui::Tone::Good, t(lang, "console-no-difference"))) }
                @for difference in &check.differences {
                    @let side = |amount: Option<i64>| amount.map_or_else(|| "–".to_owned(), |minor| format::money(lang, minor, CURRENCY));
                    p { span.tabular { (difference.number) } (t(lang, "colon")) (side(difference.ours)) " / " (side(difference.theirs)) }
                }
            }),
        ]);
    }
    html! {
        section {
            h2 { (t(lang, "console-checks")) }
            @if table.is_empty() { p.note { (t(lang, "console-checks-empty")) } } @else { (table) }
        }
    }
}

// --- shops ------------------------------------------------------------------------------------------------------------

const STATES: [(&str, shop::State); 5] = [
    ("console-applications", shop::State::Applied),
    ("console-open", shop::State::Open),
    ("console-paused", shop::State::Paused),
    ("console-refused", shop::State::Refused),
    ("console-closed", shop::State::Closed),
];

/// `GET /console/shops`
async fn shops(State(app): State<App>, duty: OnDuty, uri: OriginalUri, frame: Frame) -> Result<Response, Failure> {
    may(&duty.staff, SHOPS)?;
    let lang = frame.lang;
    let asked = app::query(&uri.0);
    let (key, state) =
        *asked.get("state").and_then(|id| STATES.iter().find(|(_, state)| state.id() == id)).unwrap_or(&STATES[0]);
    let after =
        asked.get("at").and_then(|at| at.parse::<i64>().ok()).zip(asked.get("after").and_then(|id| Id::parse(id).ok()));
    let from = after.clone();
    let mut found =
        app.read(move |r| Ok(shop::in_state(r, state, from.as_ref().map(|(at, id)| (*at, id)), PAGE + 1)?)).await?;
    let all = frame.path("/console/shops");
    let tabs: Vec<(&str, String, Option<u32>, bool)> = STATES
        .iter()
        .map(|(label, one)| (t(lang, label), format!("{all}?state={}", one.id()), None, *one == state))
        .collect();
    let here = format!("{all}?state={}", state.id());
    let last = cut(&mut found, PAGE);
    let next = last.map(|shop| format!("{here}&at={}&after={}", shop.applied_at, shop.id));
    let content = html! {
        h1 { (t(lang, "console-shops")) }
        (ui::tabs(t(lang, "console-shops"), &tabs))
        @if found.is_empty() { (ui::empty(ui::icon::shop(), t(lang, key), t(lang, "console-shops-empty"), None)) }
        @for shop in &found {
            section.card.pad {
                h2 { a href=(frame.path(&format!("/console/shops/{}", shop.id))) { (both(lang, &shop.face.name)) } }
                (face(lang, shop))
                div.actions {
                    @if shop.state == shop::State::Applied { (approve(&frame, shop)) }
                    (ui::link_button(&frame.path(&format!("/console/shops/{}", shop.id)), t(lang, "console-look"), ui::Look::Plain))
                }
            }
        }
        (ui::pager_next(lang, after.map(|_| here), next))
    };
    Ok(frame.page(t(lang, "console-shops")).answer(with_side(&frame, &duty.staff, "/console/shops", content)))
}

/// What everybody may read of a shop, or will be able to.
fn face(lang: Lang, shop: &OwnShop) -> Markup {
    let mut rows = vec![
        (t(lang, "sell-name"), html! { (shop.face.name.en) " · " (shop.face.name.zh) }),
        (t(lang, "console-intro"), html! { (both(lang, &shop.face.intro)) }),
        (t(lang, "console-place"), html! { (both(lang, &shop.face.place)) }),
        (t(lang, "sell-since"), html! { (shop.face.since_year) }),
        (t(lang, "sell-contact"), html! { (shop.contact_name) " " span.tabular { (shop.contact_phone) } }),
        (t(lang, "sell-applied-at"), ui::time(lang, shop.applied_at)),
    ];
    if let Some(at) = shop.decided_at {
        rows.push((t(lang, "console-decided-at"), ui::time(lang, at)));
    }
    if !shop.decision.is_empty() {
        rows.push((t(lang, "sell-reason"), html! { (shop.decision) }));
    }
    ui::details(&rows)
}

fn decision<'a>(lang: Lang, verb: &'a str, label: &'static str, look: ui::Look) -> ui::Button<'a> {
    ui::Button { label: t(lang, label), look, name_value: Some(("decision", verb)) }
}

fn approve(frame: &Frame, shop: &OwnShop) -> Markup {
    let action = frame.path(&format!("/console/shops/{}", shop.id));
    ui::form(&frame.csrf, &action, html! { (decision(frame.lang, "approve", "console-approve", ui::Look::Main)) })
}

/// What can be decided on a shop in its state; a refusal and a pause need their reason.
fn decisions(frame: &Frame, shop: &OwnShop, form: &FormData, errors: &FormErrors) -> Markup {
    let lang = frame.lang;
    let action = frame.path(&format!("/console/shops/{}", shop.id));
    let reasoned = |which: &'static str, label: &'static str| {
        ui::form(
            &frame.csrf,
            &action,
            html! {
                (Entry::new(Kind::Text, "reason", t(lang, "sell-reason")).hint(t(lang, "console-reason-hint")).lines(2).limit(REASON_MAX)
                    .from(lang, form, errors))
                (decision(lang, which, label, ui::Look::Danger))
            },
        )
    };
    html! {
        @match shop.state {
            shop::State::Applied => { (approve(frame, shop)) (reasoned("refuse", "console-refuse")) },
            shop::State::Open => (reasoned("pause", "console-pause")),
            shop::State::Paused => (ui::form(&frame.csrf, &action, html! { (decision(lang, "resume", "console-resume", ui::Look::Main)) })),
            shop::State::Refused | shop::State::Closed => {},
        }
    }
}

/// `GET /console/shops/{id}`
async fn one_shop(
    State(app): State<App>,
    duty: OnDuty,
    Path(id): Path<String>,
    frame: Frame,
) -> Result<Response, Failure> {
    let id = Id::parse(&id).map_err(|_| Failure::NotFound)?;
    shop_page(&app, &duty, &frame, &id, &FormData::empty(), &FormErrors::default()).await
}

async fn shop_page(
    app: &App,
    duty: &OnDuty,
    frame: &Frame,
    id: &Id,
    form: &FormData,
    errors: &FormErrors,
) -> Result<Response, Failure> {
    may(&duty.staff, SHOPS)?;
    let lang = frame.lang;
    let wanted = id.clone();
    let (shop, people) = app.read(move |r| Ok((shop::by_id(r, &wanted)?, shop::people(r, &wanted)?))).await?;
    let shop = shop.ok_or(Failure::NotFound)?;
    let papers = match people {
        // Whoever opens the papers stands in the ledger; on a form that is shown again they need not be opened again.
        Some((owner, representative)) if errors.is_empty() => {
            papers(app, duty, lang, id, owner, representative).await?
        }
        _ => None,
    };
    let title = both(lang, &shop.face.name).to_owned();
    let content = html! {
        (ui::crumbs(lang, &[(t(lang, "console-shops"), Some(frame.path("/console/shops"))), (&title, None)]))
        h1 { (title) }
        (ui::error_summary(lang, errors, &[("reason", t(lang, "sell-reason"))]))
        section.card.pad {
            (face(lang, &shop))
            @if matches!(shop.state, shop::State::Open | shop::State::Paused) {
                p { a href=(frame.path(&shop_path(&shop.id))) { (t(lang, "sell-see-shop")) } }
            }
        }
        @if let Some(papers) = &papers { (papers) }
        section.card.pad { h2 { (t(lang, "console-decide")) } (decisions(frame, &shop, form, errors)) }
    };
    let main = with_side(frame, &duty.staff, "/console/shops", content);
    let page = frame.page(&title);
    Ok(if errors.is_empty() { page.answer(main) } else { page.again(main) })
}

/// The filed papers, where the role may read them.
async fn papers(
    app: &App,
    duty: &OnDuty,
    lang: Lang,
    id: &Id,
    owner: Id,
    representative: Id,
) -> Result<Option<Markup>, Failure> {
    let people = if owner == representative { vec![owner] } else { vec![owner, representative] };
    let by = Actor::staff(&duty.staff.id, duty.staff.role);
    let access = match app.vault.access::<QualifySeller>(&by, &people).await {
        Ok(access) => access,
        Err(NoAccess::Unavailable(why)) => return Err(app::no_access(NoAccess::Unavailable(why))),
        Err(_) => return Ok(None),
    };
    let wanted = id.clone();
    let opened = app.ask(move |r| shop::papers(r, &access, &wanted)).await?;
    let Some(opened) = opened.map_err(|refused: catalogue::Refused| Failure::fault(refused.key()))? else {
        return Ok(None);
    };
    Ok(Some(html! {
        section.card.pad {
            h2 { (t(lang, "console-papers")) }
            (ui::details(&[
                (t(lang, "sell-representative-name"), html! { (opened.representative_name) }),
                (t(lang, "sell-account"), ui::masked(lang, opened.settlement_account.masked(), None)),
                (t(lang, "console-filed-at"), ui::time(lang, opened.filed_at)),
            ]))
            p.note { (t(lang, "console-papers-note")) }
        }
    }))
}

/// As the catalogue takes it.
const REASON_MAX: usize = 400;

/// `POST /console/shops/{id}`
async fn decide(
    State(app): State<App>,
    duty: OnDuty,
    Path(id): Path<String>,
    frame: Frame,
    form: FormData,
) -> Result<Response, Failure> {
    may(&duty.staff, SHOPS)?;
    let id = Id::parse(&id).map_err(|_| Failure::NotFound)?;
    let mut errors = FormErrors::default();
    let reason = errors.keep(form.paragraphs("reason", 0, REASON_MAX)).map(|reason| reason.replace('\n', " "));
    let verb = errors.keep(form.choice("decision", &["approve", "refuse", "pause", "resume"]));
    let (Some(reason), Some(verb)) = (reason, verb) else {
        return shop_page(&app, &duty, &frame, &id, &form, &errors).await;
    };
    let (decision, said) = match verb {
        "approve" => (Decision::Approve, "said-shop-approved"),
        "refuse" => (Decision::Refuse(reason), "said-shop-refused"),
        "pause" => (Decision::Pause(reason), "said-shop-paused"),
        _ => (Decision::Resume, "said-shop-resumed"),
    };
    let (by, of) = (Actor::staff(&duty.staff.id, duty.staff.role), id.clone());
    match app.write(move |tx| shop::decide(tx, &by, &of, &decision)).await? {
        Ok(()) => Ok(frame.go_saying("/console/shops", said)),
        Err(catalogue::Refused::ShopNotFound) => Err(Failure::NotFound),
        Err(refused) => {
            refused.tell(&mut errors);
            shop_page(&app, &duty, &frame, &id, &form, &errors).await
        }
    }
}

// --- orders -----------------------------------------------------------------------------------------------------------

const ORDER_TABS: [(&str, &[OrderState]); 6] = [
    ("orders-all", &[]),
    ("orders-to-pay", &[OrderState::Placed]),
    ("orders-to-ship", &[OrderState::Paid]),
    ("orders-on-way", &[OrderState::Shipped]),
    ("sell-orders-arrived", &[OrderState::Received]),
    ("orders-ended", &[OrderState::Completed, OrderState::Cancelled, OrderState::Closed, OrderState::Refunded]),
];

/// `GET /console/orders`: the record of all trades (5.1), without anything of a person.
async fn orders(State(app): State<App>, duty: OnDuty, uri: OriginalUri, frame: Frame) -> Result<Response, Failure> {
    may(&duty.staff, RECORD_KEEPERS)?;
    let lang = frame.lang;
    let asked = app::query(&uri.0);
    let tab = asked.get("tab").and_then(|tab| ORDER_TABS.iter().find(|(key, _)| key == tab)).unwrap_or(&ORDER_TABS[0]);
    let number = asked.get("q").cloned().unwrap_or_default();
    let before = asked.get("before").and_then(|id| Id::parse(id).ok());
    let filter = RecordFilter { states: tab.1.to_vec(), number: number.clone(), before: before.clone(), limit: PAGE };
    let page = app.ask(move |r| order::recorded(r, &filter)).await?;
    let page = page.map_err(|refused| Failure::fault(refused.key()))?;
    let all = frame.path("/console/orders");
    let tabs: Vec<(&str, String, Option<u32>, bool)> =
        ORDER_TABS.iter().map(|(key, _)| (t(lang, key), format!("{all}?tab={key}"), None, *key == tab.0)).collect();
    let columns = ["console-number", "console-when", "console-shop", "console-state", "sell-amount"];
    let mut table = ui::Table::new(t(lang, "console-orders"), &columns.map(|key| t(lang, key)));
    for head in &page.rows {
        table.row(vec![
            ui::head_cell(html! { span.tabular { (head.number) } }),
            ui::cell(ui::time(lang, head.placed_at)),
            ui::cell(html! { a href=(frame.path(&shop_path(&head.shop))) { (both(lang, &head.shop_name)) } }),
            ui::cell(state_badge(lang, head.state)),
            ui::number_cell(html! { (format::money(lang, head.total, &head.currency)) }),
        ]);
    }
    let here = format!("{all}?tab={}&q={}", tab.0, app::encode(&number));
    let next = page.next.as_ref().map(|id| format!("{here}&before={id}"));
    let content = html! {
        (ui::section_head(t(lang, "console-orders"), Some(t(lang, "console-orders-text")), None))
        (ui::tabs(t(lang, "console-orders"), &tabs))
        (ui::search_field(&all, "q", &number, t(lang, "console-orders-search")))
        @if table.is_empty() {
            (ui::empty(ui::icon::orders(), t(lang, "orders-empty"), t(lang, "console-orders-empty"), None))
        } @else {
            (table)
        }
        (ui::pager_next(lang, before.map(|_| here), next))
    };
    Ok(frame.page(t(lang, "console-orders")).answer(with_side(&frame, &duty.staff, "/console/orders", content)))
}

// --- money ------------------------------------------------------------------------------------------------------------

/// `GET /console/money`
async fn money(State(app): State<App>, duty: OnDuty, uri: OriginalUri, frame: Frame) -> Result<Response, Failure> {
    let asked = app::query(&uri.0);
    let from = |list: &str| asked.get(list).and_then(|id| Id::parse(id).ok());
    money_page(&app, &duty, &frame, [from(DISPUTED), from(REFUNDS), from(PAYOUTS)], None).await
}

/// The lists of what needs an eye, each read on by itself.
const DISPUTED: &str = "disputed-before";
const REFUNDS: &str = "refunds-before";
const PAYOUTS: &str = "payouts-before";

async fn money_page(
    app: &App,
    duty: &OnDuty,
    frame: &Frame,
    [disputed_before, refunds_before, payouts_before]: [Option<Id>; 3],
    refused: Option<trade::Refused>,
) -> Result<Response, Failure> {
    may(&duty.staff, MONEY)?;
    let lang = frame.lang;
    let now = app.now();
    let later = [&disputed_before, &refunds_before, &payouts_before].map(Option::is_some);
    let (totals, trial, checks, mut disputed, mut refunds, mut payouts) = app
        .read(move |r| {
            Ok((
                settlement::totals(r)?,
                settlement::trial_balance(r)?,
                trade::jobs::checked(r, 14)?,
                payment::disputed(r, disputed_before.as_ref(), LOOK + 1)?,
                refunds_to_look_at(r, now - WAITS, refunds_before.as_ref(), LOOK + 1)?,
                settlement::payouts_to_look_at(r, now - MONTH, payouts_before.as_ref(), LOOK + 1)?,
            ))
        })
        .await?;
    let go_on = [
        cut(&mut disputed, LOOK).map(|payment| payment.id.clone()),
        cut(&mut refunds, LOOK).map(|refund| refund.id.clone()),
        cut(&mut payouts, LOOK).map(|payout| payout.id.clone()),
    ];
    let price = |minor| format::money(lang, minor, CURRENCY);
    let accounts: Vec<(&str, Markup)> = totals
        .iter()
        .map(|total| {
            let key = match total.account {
                Account::Provider => "console-account-provider",
                Account::Held => "console-account-held",
                Account::Seller => "console-account-seller",
                Account::Commission => "console-account-commission",
                Account::PaidOut => "console-account-paid-out",
            };
            (t(lang, key), html! { span.tabular { (format::money(lang, total.amount, &total.currency)) } })
        })
        .collect();
    let columns = ["console-number", "console-when", "console-state", "sell-amount"].map(|key| t(lang, key));
    let mut disputes = ui::Table::new(t(lang, "console-disputed"), &columns);
    for payment in &disputed {
        disputes.row(vec![
            ui::head_cell(html! { span.tabular { (payment.number) } }),
            ui::cell(ui::time(lang, payment.begun_at)),
            ui::cell(match payment.settled_at {
                Some(_) => ui::badge(ui::Tone::Good, t(lang, "console-given-back")),
                None => ui::badge(ui::Tone::Warn, t(lang, "console-on-way-back")),
            }),
            ui::number_cell(html! { (format::money(lang, payment.amount, &payment.currency)) }),
        ]);
    }
    let columns = ["console-number", "console-when", "console-state", "sell-amount", ""]
        .map(|key| if key.is_empty() { "" } else { t(lang, key) });
    let mut back = ui::Table::new(t(lang, "console-refunds"), &columns);
    for refund in &refunds {
        let failed = refund.state == RefundState::Failed;
        back.row(vec![
            ui::head_cell(html! { span.tabular { (refund.request_number()) } }),
            ui::cell(ui::time(lang, refund.made_at)),
            ui::cell(html! {
                (ui::badge(if failed { ui::Tone::Bad } else { ui::Tone::Warn }, t(lang, if failed { "console-failed" } else { "console-waits" })))
                @if !refund.why.is_empty() { p.note { (refund.why) } }
            }),
            ui::number_cell(html! { (price(refund.amount)) }),
            ui::cell(html! {
                @if failed {
                    (ui::form(&frame.csrf, &frame.path("/console/money/refund"), html! {
                        (ui::hidden("refund", refund.id.as_str()))
                        (ui::button(t(lang, "console-again"), ui::Look::Plain))
                    }))
                }
            }),
        ]);
    }
    let columns = ["console-number", "console-when", "console-state", "sell-amount"].map(|key| t(lang, key));
    let mut out = ui::Table::new(t(lang, "console-payouts"), &columns);
    for payout in &payouts {
        let failed = payout.state == PayoutState::Failed;
        out.row(vec![
            ui::head_cell(html! { span.tabular { (payout.request_number()) } }),
            ui::cell(ui::time(lang, payout.made_at)),
            ui::cell(html! {
                (ui::badge(if failed { ui::Tone::Bad } else { ui::Tone::Warn }, t(lang, if failed { "console-failed" } else { "console-waits" })))
                @if !payout.why.is_empty() { p.note { (t(lang, payout.why)) } }
                @if !payout.code.is_empty() { p.note { (payout.code) } }
            }),
            ui::number_cell(html! { (format::money(lang, payout.amount, &payout.currency)) }),
        ]);
    }
    let all = frame.path("/console/money");
    let part = |title: &'static str, table: &ui::Table, list: &str, later: bool, go_on: Option<&Id>| {
        let next = go_on.map(|id| format!("{all}?{list}={id}#{title}"));
        html! {
            section id=(title) {
                h2 { (t(lang, title)) }
                @if table.is_empty() { p.note { (t(lang, "console-none")) } } @else { (table) }
                (ui::pager_next(lang, later.then(|| format!("{all}#{title}")), next))
            }
        }
    };
    let content = html! {
        (ui::section_head(t(lang, "console-money"), Some(t(lang, "console-money-text")), None))
        @if let Some(refused) = &refused { (ui::notice(ui::Tone::Bad, &refused.sentence(lang))) }
        (trial_shown(lang, &trial))
        @if !accounts.is_empty() {
            section.card.pad { h2 { (t(lang, "console-accounts")) } (ui::details(&accounts)) }
        }
        (part("console-disputed", &disputes, DISPUTED, later[0], go_on[0].as_ref()))
        (part("console-refunds", &back, REFUNDS, later[1], go_on[1].as_ref()))
        (part("console-payouts", &out, PAYOUTS, later[2], go_on[2].as_ref()))
        (checks_shown(lang, &checks))
    };
    let main = with_side(frame, &duty.staff, "/console/money", content);
    let page = frame.page(t(lang, "console-money"));
    Ok(if refused.is_some() { page.again(main) } else { page.answer(main) })
}

/// `POST /console/money/refund`: asks the payment company once more.
async fn refund_again(State(app): State<App>, duty: OnDuty, frame: Frame, form: FormData) -> Result<Response, Failure> {
    may(&duty.staff, MONEY)?;
    let id = Id::parse(form.text("refund")).map_err(|_| Failure::BadRequest)?;
    match app.write(move |tx| retry_refund(tx, &id)).await? {
        Ok(()) => Ok(frame.go_saying("/console/money", "said-refund-again")),
        Err(refused) => money_page(&app, &duty, &frame, [None, None, None], Some(refused)).await,
    }
}

// --- background work --------------------------------------------------------------------------------------------------

/// `GET /console/jobs`
async fn stuck_jobs(State(app): State<App>, duty: OnDuty, uri: OriginalUri, frame: Frame) -> Result<Response, Failure> {
    may(&duty.staff, JOBS)?;
    let lang = frame.lang;
    let before = app::query(&uri.0).get("before").and_then(|id| Id::parse(id).ok());
    let later = before.is_some();
    let mut dead = app.read(move |r| Ok(jobs::dead(r.db, before.as_ref(), PAGE + 1)?)).await?;
    let all = frame.path("/console/jobs");
    let next = cut(&mut dead, PAGE).map(|job| format!("{all}?before={}", job.id));
    let columns = ["console-kind", "console-attempts", "console-when", "console-error", ""]
        .map(|key| if key.is_empty() { "" } else { t(lang, key) });
    let mut table = ui::Table::new(t(lang, "console-dead"), &columns);
    for job in &dead {
        table.row(vec![
            ui::head_cell(html! { (job.kind) }),
            ui::number_cell(html! { (format::number(job.attempts)) }),
            ui::cell(ui::time(lang, job.created_at)),
            ui::cell(html! { (job.last_error) }),
            ui::cell(ui::form(
                &frame.csrf,
                &frame.path("/console/jobs/revive"),
                html! {
                    (ui::hidden("job", job.id.as_str()))
                    (ui::button(t(lang, "console-again"), ui::Look::Plain))
                },
            )),
        ]);
    }
    let content = html! {
        (ui::section_head(t(lang, "console-jobs"), Some(t(lang, "console-jobs-text")), None))
        @if table.is_empty() {
            (ui::empty(ui::icon::check(), t(lang, "console-dead-none"), t(lang, "console-dead-none-text"), None))
        } @else {
            (table)
        }
        (ui::pager_next(lang, later.then_some(all), next))
    };
    Ok(frame.page(t(lang, "console-jobs")).answer(with_side(&frame, &duty.staff, "/console/jobs", content)))
}

/// `POST /console/jobs/revive`
async fn revive(State(app): State<App>, duty: OnDuty, frame: Frame, form: FormData) -> Result<Response, Failure> {
    may(&duty.staff, JOBS)?;
    let id = Id::parse(form.text("job")).map_err(|_| Failure::BadRequest)?;
    let revived = app.carry_out(move |tx| Ok(db::jobs::revive(tx, &id)?)).await?;
    Ok(frame.go_saying("/console/jobs", if revived { "said-job-revived" } else { "said-job-not-dead" }))
}
