//! Payouts to sellers.

use super::{Context, Halt, named, outcome, read, write};
use crate::Refused;
use crate::policy::SettleWithSeller;
use crate::settlement::{self, Payout, PayoutState, why};
use db::{Job, JobContext, JobOutcome, Read, Stop};
use partners::PartnerError;
use partners::alipay::{Transfer, TransferRequest, TransferStatus, refusal};
use policy::Entered;
use policy::fields::{AmountDue, SettlementAccount};
use policy::recipients::PaymentProvider;
use vault::{Access, Actor, Disclosed, NoAccess};

/// What the seller reads on their own statement at the payment company.
const TITLE: &str = "Hanse settlement";

/// Begins a payout for every shop with a balance.
pub(super) fn begin_all(ctx: &JobContext, job: &Job) -> JobOutcome {
    const AT_ONCE: i64 = 200;
    let ended = (|| {
        let mut after = None;
        loop {
            let from = after.clone();
            let shops = read(ctx, move |r| settlement::shops_to_pay(r, from.as_ref(), AT_ONCE))?;
            let Some((last, _)) = shops.last() else { return Ok(()) };
            after = Some(last.clone());
            write(ctx, move |tx| {
                for (shop, currency) in &shops {
                    settlement::pay_out(tx, shop, currency)?;
                }
                Ok(())
            })?;
        }
    })();
    outcome(job, ended)
}

/// Carries one payout out. Idempotent by its request number: after an answer that got lost it is asked again, and paid
/// once.
pub(super) fn carry_out(ctx: &JobContext, job: &Job) -> JobOutcome {
    let ended = (|| {
        let id = named(job, "payout")?;
        let known = id.clone();
        let Some(asked) = read(ctx, move |r| settlement::payout_of(r, &known))? else { return Ok(()) };
        if asked.state != PayoutState::Asked {
            return Ok(());
        }
        match transfer(ctx, &asked)? {
            Paid::Done { number, at } => write(ctx, move |tx| {
                let at = at.unwrap_or(tx.now);
                settlement::paid_out(tx, &id, &number, at).map(drop)
            }),
            Paid::UnderWay => Err(Halt::Wait("the payout is under way at the payment company".to_owned())),
            Paid::Not(code) => write(ctx, move |tx| settlement::payout_failed(tx, &id, &code).map(drop)),
        }
    })();
    outcome(job, ended)
}

/// How the payment company answers a payout.
enum Paid {
    Done {
        number: String,
        at: Option<i64>,
    },
    UnderWay,
    /// The code says why.
    Not(String),
}

fn transfer(ctx: &JobContext, asked: &Payout) -> Result<Paid, Halt> {
    let alipay = &ctx.get::<Context>().partners.alipay;
    let Some(payee) = payee(ctx, asked)? else { return unless_sent_before(ctx, asked, why::OWNER) };
    let Some(payee) = payee else { return unless_sent_before(ctx, asked, why::ACCOUNT) };
    let number = asked.request_number();
    let request = TransferRequest { out_biz_no: number, amount: asked.amount, title: TITLE.to_owned(), payee };
    match alipay.transfer(&request) {
        Ok(made) => Ok(Paid::of(made)),
        Err(PartnerError::Unfit(_)) => unless_sent_before(ctx, asked, why::ACCOUNT),
        Err(PartnerError::Refused { code, .. }) => unless_sent_before(ctx, asked, &code),
        Err(error) => Err(error.into()),
    }
}

impl Paid {
    fn of(made: Transfer) -> Paid {
        match made.status {
            TransferStatus::Done => Paid::Done { number: made.order_id, at: made.at },
            TransferStatus::UnderWay => Paid::UnderWay,
            TransferStatus::Failed => Paid::Not("failed".to_owned()),
            TransferStatus::Returned => Paid::Not(why::RETURNED.to_owned()),
        }
    }
}

/// The payout cannot be made now. Perhaps it was made before: the answer got lost, and since then the account was changed
/// or its owner has left. Money goes back to the balance only where the payment company has never paid.
fn unless_sent_before(ctx: &JobContext, asked: &Payout, code: &str) -> Result<Paid, Halt> {
    match ctx.get::<Context>().partners.alipay.transfer_query(&asked.request_number()) {
        Ok(made) => Ok(Paid::of(made)),
        Err(error) if error.is(refusal::TRANSFER_NOT_EXIST) => Ok(Paid::Not(code.to_owned())),
        Err(error) => Err(error.into()),
    }
}

type Payee = Disclosed<PaymentProvider, SettlementAccount>;

/// The seller's account, opened for this payout and noted in the ledger, together with the amount. `None` where nobody
/// stands behind the shop any more, `Some(None)` where there is no account.
fn payee(ctx: &JobContext, asked: &Payout) -> Result<Option<Option<Payee>>, Halt> {
    let shop = asked.shop.clone();
    let Some(owner) = read(ctx, move |r| Ok(catalogue::shop::owner(r, &shop)?))? else { return Ok(None) };
    let actor = Actor::job(super::PAY_OUT);
    let vault = &ctx.get::<Context>().vault;
    let access = match vault.access_now::<SettleWithSeller>(&actor, std::slice::from_ref(&owner)) {
        Ok(access) => access,
        Err(NoAccess::Gone | NoAccess::Restricted) => return Ok(None),
        Err(error) => return Err(Halt::Wait(error.to_string())),
    };
    let (payout, shop, amount) = (asked.id.clone(), asked.shop.clone(), asked.amount);
    let opened = ctx.db.read_now(move |r| open(r, &access, &shop, &owner, &payout, amount))?;
    Ok(Some(opened))
}

fn open(
    read: &mut Read,
    access: &Access<SettleWithSeller>,
    shop: &db::Id,
    owner: &db::Id,
    payout: &db::Id,
    amount: i64,
) -> Result<Option<Payee>, Stop<Refused>> {
    let Some(account) = catalogue::shop::settlement_account(read, access, shop)? else { return Ok(None) };
    let amount = Entered::<AmountDue>::made(crate::refused::decimal(amount));
    // The adapter takes the amount as a number; that it goes along is noted here.
    drop(Disclosed::<PaymentProvider, AmountDue>::passing(access, read, owner, payout, &amount)?);
    Ok(Some(account.disclose(read)))
}
