//! 5.3.1: the operator's console, as far as the role of the account goes.

use crate::caller::OnDuty;
use crate::orders::states;
use crate::problem::{Answer, Error, Kind};
use crate::sell::money::PayoutShown;
use crate::sell::shop::{OwnShop, ShopState};
use crate::shape::{Money, OrderHead, Page, Personal, RefundShown, Time};
use crate::wire::{At, Json, Paging, Query, after, limit, not_a_cursor};
use axum::extract::State;
use axum::http::StatusCode;
use catalogue::policy::QualifySeller;
use catalogue::shop::{self, Decision};
use db::{Id, jobs};
use serde::{Deserialize, Serialize};
use trade::jobs::Checked;
use trade::order::{self, RECORD_KEEPERS, RecordFilter};
use trade::payment::{self, Payment, Refund, refunds_to_look_at};
use trade::settlement::{self, Payout, TrialBalance};
use utoipa::{IntoParams, ToSchema};
use vault::NoAccess;
use web::app::{App, no_access};
use web::pages::console::{JOBS, LOOK, MONEY, MONTH, SHOPS, WAITS, may};

/// What waits for the operator. Null: not this role's business.
#[derive(Serialize, ToSchema)]
pub struct Overview {
    pub role: String,
    /// Applications for a shop; 100 means as many or more, as with the others.
    pub applications: Option<usize>,
    pub disputed_payments: Option<usize>,
    pub refunds_to_look_at: Option<usize>,
    pub payouts_to_look_at: Option<usize>,
    pub dead_jobs: Option<usize>,
    /// Every entry of the journal sums to nothing, and no seller's balance is below it.
    pub books_balance: Option<bool>,
}

/// What waits for the operator
#[utoipa::path(get, path = "/api/v1/console/overview", tag = "console", responses((status = OK, body = Overview)))]
pub async fn get_overview(State(app): State<App>, OnDuty(staff): OnDuty) -> Answer<axum::Json<Overview>> {
    let now = app.now();
    let overview = app
        .read(move |r| {
            let mine = |roles: &[policy::Role]| roles.contains(&staff.role);
            let mut seen = Overview {
                role: staff.role.id().to_owned(),
                applications: None,
                disputed_payments: None,
                refunds_to_look_at: None,
                payouts_to_look_at: None,
                dead_jobs: None,
                books_balance: None,
            };
            if mine(SHOPS) {
                seen.applications = Some(shop::in_state(r, shop::State::Applied, None, 100)?.len());
            }
            if mine(MONEY) {
                seen.disputed_payments = Some(payment::disputed(r, None, 100)?.len());
                seen.refunds_to_look_at = Some(refunds_to_look_at(r, now - WAITS, None, 100)?.len());
                seen.payouts_to_look_at = Some(settlement::payouts_to_look_at(r, now - MONTH, None, 100)?.len());
                seen.books_balance = Some(settlement::trial_balance(r)?.holds());
            }
            if mine(JOBS) {
                seen.dead_jobs = Some(jobs::dead(r.db, None, 100)?.len());
            }
            Ok(seen)
        })
        .await?;
    Ok(axum::Json(overview))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ShopsAsked {
    /// As shipped those that have applied.
    #[param(inline)]
    state: Option<ShopState>,
    /// Shops on a page: 1 to 100, as shipped 20.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
    /// `next` of the page before.
    after: Option<String>,
}

/// Shops in one state, the oldest application first
#[utoipa::path(get, path = "/api/v1/console/shops", tag = "console", params(ShopsAsked), responses((status = OK, body = Page<OwnShop>)))]
pub async fn list_shops(
    State(app): State<App>,
    OnDuty(staff): OnDuty,
    Query(asked): Query<ShopsAsked>,
) -> Answer<axum::Json<Page<OwnShop>>> {
    may(&staff, SHOPS)?;
    let limit = limit(asked.limit)?;
    let state = asked.state.map_or(shop::State::Applied, shop::State::from);
    let cursor = |text: &str| {
        let (at, id) = text.split_once('.')?;
        Some((at.parse::<i64>().ok()?, Id::parse(id).ok()?))
    };
    let after = asked.after.as_deref().map(|text| cursor(text).ok_or_else(not_a_cursor)).transpose()?;
    let found =
        app.read(move |r| Ok(shop::in_state(r, state, after.as_ref().map(|(at, id)| (*at, id)), limit + 1)?)).await?;
    Ok(Page::of(found, limit, |shop| format!("{}.{}", shop.applied_at, shop.id)))
}

/// The papers that a seller filed.
#[derive(Serialize, ToSchema)]
pub struct PapersShown {
    pub representative_name: Personal,
    /// Masked.
    pub settlement_account: Personal,
    pub filed_at: Time,
}

/// A shop with its papers.
#[derive(Serialize, ToSchema)]
pub struct ShopWithPapers {
    pub shop: OwnShop,
    /// Null where there are none, or where the role may not read them.
    pub papers: Option<PapersShown>,
}

/// A shop, with the papers that its owner filed
#[utoipa::path(get, path = "/api/v1/console/shops/{shop}", tag = "console", params(("shop" = String, Path)),
    responses((status = OK, body = ShopWithPapers)))]
pub async fn get_any_shop(State(app): State<App>, duty: OnDuty, At(id): At) -> Answer<axum::Json<ShopWithPapers>> {
    may(&duty.0, SHOPS)?;
    let wanted = id.clone();
    let (found, people) = app.read(move |r| Ok((shop::by_id(r, &wanted)?, shop::people(r, &wanted)?))).await?;
    let found = found.ok_or_else(Error::not_found)?;
    let papers = match people {
        Some((owner, representative)) => papers(&app, &duty, id, owner, representative).await?,
        None => None,
    };
    Ok(axum::Json(ShopWithPapers { shop: (&found).into(), papers }))
}

async fn papers(app: &App, duty: &OnDuty, id: Id, owner: Id, representative: Id) -> Answer<Option<PapersShown>> {
    let people = if owner == representative { vec![owner] } else { vec![owner, representative] };
    let access = match app.vault.access::<QualifySeller>(&duty.actor(), &people).await {
        Ok(access) => access,
        Err(NoAccess::Unavailable(why)) => return Err(no_access(NoAccess::Unavailable(why)).into()),
        Err(_) => return Ok(None),
    };
    let opened = app.ask(move |r| shop::papers(r, &access, &id)).await??;
    Ok(opened.map(|papers| PapersShown {
        representative_name: Personal::of(&papers.representative_name),
        settlement_account: Personal::masked(&papers.settlement_account.masked()),
        filed_at: Time(papers.filed_at),
    }))
}

/// What the operator decides.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Approve,
    /// Needs a reason, which the seller reads.
    Refuse,
    /// Needs a reason, which the seller reads.
    Pause,
    Resume,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDecision {
    pub decision: Verdict,
    #[serde(default)]
    pub reason: String,
}

/// Decides on a shop
#[utoipa::path(post, path = "/api/v1/console/shops/{shop}/decision", tag = "console", params(("shop" = String, Path)),
    request_body = NewDecision, responses((status = NO_CONTENT)))]
pub async fn decide_on_shop(
    State(app): State<App>,
    duty: OnDuty,
    At(id): At,
    Json(new): Json<NewDecision>,
) -> Answer<StatusCode> {
    may(&duty.0, SHOPS)?;
    let decision = match new.decision {
        Verdict::Approve => Decision::Approve,
        Verdict::Refuse => Decision::Refuse(new.reason),
        Verdict::Pause => Decision::Pause(new.reason),
        Verdict::Resume => Decision::Resume,
    };
    let by = duty.actor();
    app.write(move |tx| shop::decide(tx, &by, &id, &decision)).await??;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct RecordAsked {
    /// States, separated by commas; all where none is named.
    #[param(example = "paid,shipped")]
    state: Option<String>,
    /// An order's whole number.
    number: Option<String>,
    /// Orders on a page: 1 to 100, as shipped 20.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
    /// `next` of the page before.
    after: Option<String>,
}

/// The record of all trades, newest first: the orders of all shops, and nobody's name; for the desks whose duty it is
#[utoipa::path(get, path = "/api/v1/console/orders", tag = "console", params(RecordAsked), responses((status = OK, body = Page<OrderHead>)))]
pub async fn list_recorded_orders(
    State(app): State<App>,
    OnDuty(staff): OnDuty,
    Query(asked): Query<RecordAsked>,
) -> Answer<axum::Json<Page<OrderHead>>> {
    may(&staff, RECORD_KEEPERS)?;
    let filter = RecordFilter {
        states: states(asked.state.as_deref())?,
        number: asked.number.unwrap_or_default(),
        before: after(asked.after.as_deref())?,
        limit: limit(asked.limit)?,
    };
    let page = app.ask(move |r| order::recorded(r, &filter)).await??;
    let items = page.rows.iter().map(OrderHead::from).collect();
    Ok(axum::Json(Page { items, next: page.next.map(|id| id.to_string()) }))
}

/// The sum of an account over all shops.
#[derive(Serialize, ToSchema)]
pub struct AccountTotal {
    /// `provider`, `held`, `seller`, `commission` or `paid_out`.
    pub account: String,
    pub amount: Money,
}

/// A payment of another amount than ours.
#[derive(Serialize, ToSchema)]
pub struct DisputedPayment {
    pub number: String,
    pub amount: Money,
    pub begun_at: Time,
    /// When nothing of it was held any more.
    pub settled_at: Option<Time>,
}

impl From<&Payment> for DisputedPayment {
    fn from(payment: &Payment) -> DisputedPayment {
        DisputedPayment {
            amount: Money::in_(payment.amount, &payment.currency),
            number: payment.number.clone(),
            begun_at: Time(payment.begun_at),
            settled_at: Time::some(payment.settled_at),
        }
    }
}

/// A refund that waits for the payment company, or that it refused.
#[derive(Serialize, ToSchema)]
pub struct RefundToLookAt {
    pub refund: RefundShown,
    /// As the payment company knows it.
    pub number: String,
    /// What the payment company said; empty where it said nothing.
    pub why: String,
}

impl From<&Refund> for RefundToLookAt {
    fn from(refund: &Refund) -> RefundToLookAt {
        RefundToLookAt { refund: refund.into(), number: refund.request_number(), why: refund.why.clone() }
    }
}

/// A payout that waits for the payment company, or that failed.
#[derive(Serialize, ToSchema)]
pub struct PayoutToLookAt {
    pub payout: PayoutShown,
    /// As the payment company knows it.
    pub number: String,
    /// The payment company's code; empty where it gave none.
    pub code: String,
}

impl From<&Payout> for PayoutToLookAt {
    fn from(payout: &Payout) -> PayoutToLookAt {
        PayoutToLookAt { payout: payout.into(), number: payout.request_number(), code: payout.code.clone() }
    }
}

/// All entries of the journal together.
#[derive(Serialize, ToSchema)]
pub struct TrialShown {
    /// The sum of all postings, for each currency: nothing, where the books balance.
    pub sums: Vec<Money>,
    /// Entries whose postings do not sum to nothing.
    pub unbalanced_entries: i64,
    /// Sellers' balances below nothing.
    pub overdrawn: i64,
}

impl From<&TrialBalance> for TrialShown {
    fn from(trial: &TrialBalance) -> TrialShown {
        TrialShown {
            sums: trial.sums.iter().map(|(currency, sum)| Money::in_(*sum, currency)).collect(),
            unbalanced_entries: trial.unbalanced_entries,
            overdrawn: trial.overdrawn,
        }
    }
}

/// What one side's books have and the other's have not, or have otherwise.
#[derive(Serialize, ToSchema)]
pub struct DifferenceShown {
    pub number: String,
    pub ours: Option<Money>,
    pub theirs: Option<Money>,
}

/// The check of one day's books against the payment company's.
#[derive(Serialize, ToSchema)]
pub struct DayChecked {
    /// In China, as the bills are.
    #[schema(example = "2026-11-23")]
    pub day: String,
    pub checked_at: Time,
    /// Sales, refunds and payouts compared.
    pub compared: i64,
    /// What our journal summed to on that day.
    pub trial_balance: Money,
    pub differences: Vec<DifferenceShown>,
}

impl From<Checked> for DayChecked {
    fn from(check: Checked) -> DayChecked {
        let differences = check.differences.into_iter().map(|difference| DifferenceShown {
            number: difference.number,
            ours: difference.ours.map(Money::of),
            theirs: difference.theirs.map(Money::of),
        });
        DayChecked {
            day: check.day.to_string(),
            checked_at: Time(check.checked_at),
            compared: check.lines,
            trial_balance: Money::of(check.trial_balance),
            differences: differences.collect(),
        }
    }
}

/// Where all money is, and what of it needs an eye.
#[derive(Serialize, ToSchema)]
pub struct MoneyShown {
    pub books_balance: bool,
    pub trial: TrialShown,
    pub accounts: Vec<AccountTotal>,
    /// The newest 50; all of them: `list_disputed_payments`.
    pub disputed: Vec<DisputedPayment>,
    /// The newest 50; all of them: `list_refunds_to_look_at`.
    pub refunds: Vec<RefundToLookAt>,
    /// The newest 50; all of them: `list_payouts_to_look_at`.
    pub payouts: Vec<PayoutToLookAt>,
    pub checks: Vec<DayChecked>,
}

/// Where all money is, and what of it needs an eye
#[utoipa::path(get, path = "/api/v1/console/money", tag = "console", responses((status = OK, body = MoneyShown)))]
pub async fn get_money(State(app): State<App>, OnDuty(staff): OnDuty) -> Answer<axum::Json<MoneyShown>> {
    may(&staff, MONEY)?;
    let now = app.now();
    let shown = app
        .read(move |r| {
            let accounts = settlement::totals(r)?.into_iter().map(|total| AccountTotal {
                account: total.account.id().to_owned(),
                amount: Money::in_(total.amount, &total.currency),
            });
            let accounts = accounts.collect();
            let disputed = payment::disputed(r, None, LOOK)?;
            let refunds = refunds_to_look_at(r, now - WAITS, None, LOOK)?;
            let payouts = settlement::payouts_to_look_at(r, now - MONTH, None, LOOK)?;
            let trial = settlement::trial_balance(r)?;
            Ok(MoneyShown {
                books_balance: trial.holds(),
                trial: (&trial).into(),
                accounts,
                disputed: disputed.iter().map(DisputedPayment::from).collect(),
                refunds: refunds.iter().map(RefundToLookAt::from).collect(),
                payouts: payouts.iter().map(PayoutToLookAt::from).collect(),
                checks: trade::jobs::checked(r, 14)?.into_iter().map(DayChecked::from).collect(),
            })
        })
        .await?;
    Ok(axum::Json(shown))
}

/// Payments of another amount than ours, newest first
#[utoipa::path(get, path = "/api/v1/console/payments", tag = "console", params(Paging),
    responses((status = OK, body = Page<DisputedPayment>)))]
pub async fn list_disputed_payments(
    State(app): State<App>,
    OnDuty(staff): OnDuty,
    Query(asked): Query<Paging>,
) -> Answer<axum::Json<Page<DisputedPayment>>> {
    may(&staff, MONEY)?;
    let (limit, before) = asked.read()?;
    let found = app.read(move |r| payment::disputed(r, before.as_ref(), limit + 1)).await?;
    Ok(Page::of(found, limit, |payment| payment.id.to_string()))
}

/// Refunds that the payment company refused or has not answered for an hour, newest first
#[utoipa::path(get, path = "/api/v1/console/refunds", tag = "console", params(Paging),
    responses((status = OK, body = Page<RefundToLookAt>)))]
pub async fn list_refunds_to_look_at(
    State(app): State<App>,
    OnDuty(staff): OnDuty,
    Query(asked): Query<Paging>,
) -> Answer<axum::Json<Page<RefundToLookAt>>> {
    may(&staff, MONEY)?;
    let (limit, before) = asked.read()?;
    let since = app.now() - WAITS;
    let found = app.read(move |r| refunds_to_look_at(r, since, before.as_ref(), limit + 1)).await?;
    Ok(Page::of(found, limit, |refund| refund.id.to_string()))
}

/// Payouts that failed in the last 30 days or have waited for longer, newest first
#[utoipa::path(get, path = "/api/v1/console/payouts", tag = "console", params(Paging),
    responses((status = OK, body = Page<PayoutToLookAt>)))]
pub async fn list_payouts_to_look_at(
    State(app): State<App>,
    OnDuty(staff): OnDuty,
    Query(asked): Query<Paging>,
) -> Answer<axum::Json<Page<PayoutToLookAt>>> {
    may(&staff, MONEY)?;
    let (limit, before) = asked.read()?;
    let since = app.now() - MONTH;
    let found = app.read(move |r| settlement::payouts_to_look_at(r, since, before.as_ref(), limit + 1)).await?;
    Ok(Page::of(found, limit, |payout| payout.id.to_string()))
}

/// Asks the payment company once more for a refund that it refused
#[utoipa::path(post, path = "/api/v1/console/refunds/{refund}/retry", tag = "console", params(("refund" = String, Path)),
    responses((status = NO_CONTENT)))]
pub async fn retry_refund(State(app): State<App>, OnDuty(staff): OnDuty, At(id): At) -> Answer<StatusCode> {
    may(&staff, MONEY)?;
    app.write(move |tx| payment::retry_refund(tx, &id)).await??;
    Ok(StatusCode::NO_CONTENT)
}

/// Background work that is stuck.
#[derive(Serialize, ToSchema)]
pub struct DeadJob {
    pub id: String,
    pub kind: String,
    pub attempts: i64,
    pub last_error: String,
    pub created_at: Time,
}

impl From<&jobs::Listed> for DeadJob {
    fn from(job: &jobs::Listed) -> DeadJob {
        DeadJob {
            id: job.id.to_string(),
            kind: job.kind.clone(),
            attempts: job.attempts,
            last_error: job.last_error.clone(),
            created_at: Time(job.created_at),
        }
    }
}

/// Background work that is stuck, newest first
#[utoipa::path(get, path = "/api/v1/console/jobs", tag = "console", params(Paging),
    responses((status = OK, body = Page<DeadJob>)))]
pub async fn list_dead_jobs(
    State(app): State<App>,
    OnDuty(staff): OnDuty,
    Query(asked): Query<Paging>,
) -> Answer<axum::Json<Page<DeadJob>>> {
    may(&staff, JOBS)?;
    let (limit, before) = asked.read()?;
    let found = app.read(move |r| Ok(jobs::dead(r.db, before.as_ref(), limit + 1)?)).await?;
    Ok(Page::of(found, limit, |job| job.id.to_string()))
}

/// Runs a stuck job again
#[utoipa::path(post, path = "/api/v1/console/jobs/{job}/revive", tag = "console", params(("job" = String, Path)),
    responses((status = NO_CONTENT)))]
pub async fn revive_job(State(app): State<App>, OnDuty(staff): OnDuty, At(id): At) -> Answer<StatusCode> {
    may(&staff, JOBS)?;
    let revived = app.carry_out(move |tx| Ok(db::jobs::revive(tx, &id)?)).await?;
    if revived { Ok(StatusCode::NO_CONTENT) } else { Err(Error::new(Kind::NotFound)) }
}
