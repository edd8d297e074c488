//! 2.3.3: the seller's balance, where it came from, and what was paid out.

use crate::caller::{ByToken, Selling};
use crate::once::{MaybeKey, made};
use crate::problem::Answer;
use crate::shape::{Money, Page, Personal, RefundState, Time, Words};
use crate::wire::{Json, Paging, Query};
use axum::extract::State;
use axum::http::StatusCode;
use catalogue::policy::QualifySeller;
use catalogue::shop::{self, Seller};
use db::Tx;
use member::attempt;
use policy::Typed;
use serde::{Deserialize, Serialize};
use trade::settlement::{self, Payout, PayoutState};
use utoipa::ToSchema;
use vault::{Access, Actor};
use web::FormErrors;
use web::app::{App, no_access};
use web::pages::cut;
use web::pages::guest::CURRENCY;
use web::pages::sell::payable_account;

async fn access(app: &App, seller: &Seller) -> Answer<Access<QualifySeller>> {
    let by = Actor::seller(&seller.member, &seller.shop);
    Ok(app.vault.access(&by, std::slice::from_ref(&seller.member)).await.map_err(no_access)?)
}

/// Your balance.
#[derive(Serialize, ToSchema)]
pub struct Balance {
    /// Paid by buyers for orders that are not completed, commission included.
    pub held: Money,
    /// To be paid out next.
    pub available: Money,
    /// On its way to your account.
    pub under_way: Money,
    pub paid_out: Money,
    /// Ever taken by the marketplace.
    pub commission: Money,
    /// The account that is paid to, masked.
    pub settlement_account: Option<Personal>,
}

/// Your balance and the account that is paid to
#[utoipa::path(get, path = "/api/v1/sell/balance", tag = "sell", responses((status = OK, body = Balance)))]
pub async fn get_balance(State(app): State<App>, Selling(seller): Selling) -> Answer<axum::Json<Balance>> {
    let access = access(&app, &seller).await?;
    let (balance, account) = app
        .read(move |r| {
            let account = shop::settlement_account(r, &access, &seller.shop)?.map(|account| account.masked());
            Ok((settlement::balance(r, &seller, CURRENCY)?, account))
        })
        .await?;
    let money = |minor| Money::in_(minor, &balance.currency);
    Ok(axum::Json(Balance {
        held: money(balance.held),
        available: money(balance.available),
        under_way: money(balance.under_way),
        paid_out: money(balance.paid_out),
        commission: money(balance.commission),
        settlement_account: account.as_ref().map(Personal::masked),
    }))
}

/// A movement of your balance.
#[derive(Serialize, ToSchema)]
pub struct StatementLine {
    pub id: String,
    /// `paid`, `released`, `refunded`, `paid_out` or `payout_failed`.
    pub kind: String,
    /// The order or the payout.
    pub about: String,
    pub at: Time,
    /// Negative where it left.
    pub amount: Money,
    pub commission: Money,
}

/// What moved your balance, newest first
#[utoipa::path(get, path = "/api/v1/sell/statement", tag = "sell", params(Paging), responses((status = OK, body = Page<StatementLine>)))]
pub async fn list_statement(
    State(app): State<App>,
    Selling(seller): Selling,
    Query(asked): Query<Paging>,
) -> Answer<axum::Json<Page<StatementLine>>> {
    let (limit, before) = asked.read()?;
    let mut lines = app.read(move |r| settlement::statement(r, &seller, before.as_ref(), limit + 1)).await?;
    let next = cut(&mut lines, limit).map(|last| last.entry.to_string());
    let items = lines.iter().map(|line| StatementLine {
        id: line.entry.to_string(),
        kind: line.kind.id().to_owned(),
        about: line.about.to_string(),
        at: Time(line.at),
        amount: Money::in_(line.amount, &line.currency),
        commission: Money::in_(line.commission, &line.currency),
    });
    Ok(axum::Json(Page { items: items.collect(), next }))
}

/// Money on its way to a seller.
#[derive(Serialize, ToSchema)]
pub struct PayoutShown {
    pub id: String,
    pub amount: Money,
    pub state: RefundState,
    pub asked_at: Time,
    pub done_at: Option<Time>,
    /// Why it failed.
    pub why: Option<Words>,
}

impl From<&Payout> for PayoutShown {
    fn from(payout: &Payout) -> PayoutShown {
        PayoutShown {
            id: payout.id.to_string(),
            amount: Money::in_(payout.amount, &payout.currency),
            state: match payout.state {
                PayoutState::Asked => RefundState::Asked,
                PayoutState::Done => RefundState::Done,
                PayoutState::Failed => RefundState::Failed,
            },
            asked_at: Time(payout.made_at),
            done_at: Time::some(payout.done_at),
            why: (!payout.why.is_empty()).then(|| Words::message(payout.why)),
        }
    }
}

/// What was paid out, newest first
#[utoipa::path(get, path = "/api/v1/sell/payouts", tag = "sell", params(Paging), responses((status = OK, body = Page<PayoutShown>)))]
pub async fn list_payouts(
    State(app): State<App>,
    Selling(seller): Selling,
    Query(asked): Query<Paging>,
) -> Answer<axum::Json<Page<PayoutShown>>> {
    let (limit, before) = asked.read()?;
    let payouts = app.read(move |r| settlement::payouts(r, &seller, before.as_ref(), limit + 1)).await?;
    Ok(Page::of(payouts, limit, |payout| payout.id.to_string()))
}

/// A payout that was asked for.
#[derive(Serialize, ToSchema)]
pub struct PayoutAsked {
    pub id: String,
}

/// Pays out what is available, without waiting for the next round
///
/// Sent again under the same key it begins one payout.
#[utoipa::path(post, path = "/api/v1/sell/payouts", tag = "sell", params(MaybeKey),
    responses((status = ACCEPTED, body = PayoutAsked), (status = OK, body = PayoutAsked, description = "Asked for before")))]
pub async fn ask_payout(
    State(app): State<App>,
    Selling(seller): Selling,
    key: MaybeKey,
) -> Answer<(StatusCode, axum::Json<PayoutAsked>)> {
    let attempt = key.attempt(&app, &seller.member, "ask_payout", &[]).await?;
    let ask =
        move |tx: &mut Tx| attempt::once(tx, attempt.as_ref(), |tx| settlement::pay_out_again(tx, &seller, CURRENCY));
    let (status, id) = made(app.write(ask).await??, StatusCode::ACCEPTED)?;
    Ok((status, axum::Json(PayoutAsked { id: id.to_string() })))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAccount {
    #[schema(value_type = String)]
    pub settlement_account: Typed,
}

/// Changes the account that is paid to
///
/// A page asks for the password first. A program is not asked: the token's owner gave it when the token was made.
#[utoipa::path(put, path = "/api/v1/sell/settlement-account", tag = "sell", request_body = NewAccount, responses((status = NO_CONTENT)))]
pub async fn change_account(
    State(app): State<App>,
    Selling(seller): Selling,
    ByToken(proven): ByToken,
    Json(new): Json<NewAccount>,
) -> Answer<StatusCode> {
    let mut errors = FormErrors::default();
    let Some(account) = payable_account(&new.settlement_account, &mut errors) else { return Err(errors.into()) };
    let access = access(&app, &seller).await?;
    app.write(move |tx| shop::change_settlement_account(tx, &seller, &proven, &access, &account)).await??;
    Ok(StatusCode::NO_CONTENT)
}
