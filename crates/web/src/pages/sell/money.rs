//! 2.3.3: the seller's balance, where it came from, and what was paid out.

use super::{refused_notice, with_side};
use crate::app::{self, App, AtDesk, Told};
use crate::error::Failure;
use crate::form::{FormData, FormErrors};
use crate::format;
use crate::frame::Frame;
use crate::language::t;
use crate::pages::guest::CURRENCY;
use crate::pages::prove;
use crate::ui::{self, Entry, Kind};
use axum::extract::{OriginalUri, State};
use axum::response::Response;
use catalogue::policy::QualifySeller;
use catalogue::shop;
use db::Id;
use maud::html;
use trade::settlement::{self, PayoutState};
use vault::{Access, Actor};

const PATH: &str = "/sell/money";
const LINES: i64 = 50;
const PAYOUTS: i64 = 20;

/// `GET /sell/money`
pub async fn show(State(app): State<App>, desk: AtDesk, uri: OriginalUri, frame: Frame) -> Result<Response, Failure> {
    let before = app::query(&uri.0).get("before").and_then(|id| Id::parse(id).ok());
    page(&app, &desk, &frame, before, &FormData::empty(), &FormErrors::default(), None).await
}

async fn access(app: &App, desk: &AtDesk) -> Result<Access<QualifySeller>, Failure> {
    let seller = &desk.seller;
    app.vault
        .access(&Actor::seller(&seller.member, &seller.shop), std::slice::from_ref(&seller.member))
        .await
        .map_err(app::no_access)
}

async fn page(
    app: &App,
    desk: &AtDesk,
    frame: &Frame,
    before: Option<Id>,
    form: &FormData,
    errors: &FormErrors,
    refused: Option<trade::Refused>,
) -> Result<Response, Failure> {
    let lang = frame.lang;
    let access = access(app, desk).await?;
    let (seller, from) = (desk.seller.clone(), before.clone());
    let (balance, statement, payouts, account) = app
        .read(move |r| {
            let account = shop::settlement_account(r, &access, &seller.shop)?.map(|account| account.masked());
            Ok((
                settlement::balance(r, &seller, CURRENCY)?,
                settlement::statement(r, &seller, from.as_ref(), LINES)?,
                settlement::payouts(r, &seller, None, PAYOUTS)?,
                account,
            ))
        })
        .await?;
    let price = |minor| format::money(lang, minor, CURRENCY);
    let columns = ["sell-when", "sell-what", "sell-commission", "sell-amount"].map(|key| t(lang, key));
    let mut lines = ui::Table::new(t(lang, "sell-statement"), &columns);
    for line in &statement {
        let what = match line.kind {
            settlement::Kind::Paid => "sell-entry-paid",
            settlement::Kind::Released => "sell-entry-released",
            settlement::Kind::Refunded => "sell-entry-refunded",
            settlement::Kind::PaidOut => "sell-entry-paid-out",
            settlement::Kind::PayoutFailed => "sell-entry-payout-failed",
        };
        let what = match line.kind {
            settlement::Kind::Released => {
                html! { a href=(frame.path(&format!("/sell/orders/{}", line.about))) { (t(lang, what)) } }
            }
            _ => html! { (t(lang, what)) },
        };
        lines.row(vec![
            ui::head_cell(ui::time(lang, line.at)),
            ui::cell(what),
            ui::number_cell(html! { @if line.commission != 0 { (price(line.commission)) } @else { "–" } }),
            ui::number_cell(html! { (price(line.amount)) }),
        ]);
    }
    let columns = ["sell-when", "sell-payout-state", "sell-amount"].map(|key| t(lang, key));
    let mut paid = ui::Table::new(t(lang, "sell-payouts"), &columns);
    for payout in &payouts {
        let (tone, key) = match payout.state {
            PayoutState::Asked => (ui::Tone::Info, "sell-payout-asked"),
            PayoutState::Done => (ui::Tone::Good, "sell-payout-done"),
            PayoutState::Failed => (ui::Tone::Bad, "sell-payout-failed"),
        };
        paid.row(vec![
            ui::head_cell(ui::time(lang, payout.made_at)),
            ui::cell(html! {
                (ui::badge(tone, t(lang, key)))
                @if !payout.why.is_empty() { p.note { (t(lang, payout.why)) } }
            }),
            ui::number_cell(html! { (price(payout.amount)) }),
        ]);
    }
    let more = (statement.len() as i64 == LINES).then(|| statement.last()).flatten();
    let next = more.map(|line| format!("{}?before={}", frame.path("/sell/money"), line.entry));
    let first = before.is_some().then(|| frame.path("/sell/money"));
    let content = html! {
        (ui::section_head(t(lang, "sell-money"), Some(t(lang, "sell-money-text")), None))
        (refused_notice(lang, refused.as_ref()))
        (ui::error_summary(lang, errors, &[("settlement_account", t(lang, "sell-account"))]))
        (ui::facts(&[
            (price(balance.held), t(lang, "sell-held")),
            (price(balance.available), t(lang, "sell-available")),
            (price(balance.under_way), t(lang, "sell-under-way")),
            (price(balance.paid_out), t(lang, "sell-paid-out")),
        ]))
        section.card.pad {
            h2 { (t(lang, "sell-account")) }
            @match &account {
                Some(account) => p { (t(lang, "sell-account-now")) " " (ui::masked(lang, account, None)) },
                None => p { (t(lang, "sell-account-none")) },
            }
            (prove::or_prove(app, frame, &desk.session, PATH, ui::form(&frame.csrf, &frame.path("/sell/money/account"), html! {
                (Entry::new(Kind::Text, "settlement_account", t(lang, "sell-account-new")).hint(t(lang, "sell-account-why"))
                    .sensitive().limit(64).from(lang, form, errors))
                (ui::button(t(lang, "sell-account-change"), ui::Look::Plain))
            })))
            @if balance.available > 0 {
                (ui::form(&frame.csrf, &frame.path("/sell/money/pay-out"), ui::button(t(lang, "sell-pay-out"), ui::Look::Main)))
            }
        }
        section {
            h2 { (t(lang, "sell-statement")) }
            @if lines.is_empty() { p.note { (t(lang, "sell-statement-empty")) } } @else { (lines) }
            (ui::pager_next(lang, first, next))
        }
        section {
            h2 { (t(lang, "sell-payouts")) }
            @if paid.is_empty() { p.note { (t(lang, "sell-payouts-empty")) } } @else { (paid) }
        }
    };
    let again = refused.is_some() || !errors.is_empty();
    let main = with_side(frame, "/sell/money", content);
    let page = frame.page(t(lang, "sell-money"));
    Ok(if again { page.again(main) } else { page.answer(main) })
}

/// `POST /sell/money/pay-out`
pub async fn pay_out(State(app): State<App>, desk: AtDesk, frame: Frame, _form: FormData) -> Result<Response, Failure> {
    let seller = desk.seller.clone();
    match app.write(move |tx| settlement::pay_out_again(tx, &seller, CURRENCY)).await? {
        Ok(_) => Ok(frame.go_saying("/sell/money", "said-pay-out")),
        Err(refused) => {
            page(&app, &desk, &frame, None, &FormData::empty(), &FormErrors::default(), Some(refused)).await
        }
    }
}

/// `POST /sell/money/account` (4.1: correction)
pub async fn change_account(
    State(app): State<App>,
    desk: AtDesk,
    frame: Frame,
    form: FormData,
) -> Result<Response, Failure> {
    let proven = match prove::asked(&app, &frame, &desk.session, PATH) {
        Ok(proven) => proven,
        Err(to_prove) => return Ok(to_prove),
    };
    let mut errors = FormErrors::default();
    if let Some(account) = super::settlement_account(&form, &mut errors) {
        let access = access(&app, &desk).await?;
        let seller = desk.seller.clone();
        match app.write(move |tx| shop::change_settlement_account(tx, &seller, &proven, &access, &account)).await? {
            Ok(()) => return Ok(frame.go_saying("/sell/money", "said-account-changed")),
            Err(refused) => refused.tell(&mut errors),
        }
    }
    page(&app, &desk, &frame, None, &form, &errors, None).await
}
