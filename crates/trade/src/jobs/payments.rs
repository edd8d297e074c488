//! Payments, refunds, and what was never paid.

use super::{Context, Halt, named, outcome, read, write};
use crate::payment::{self, Payment, PaymentState, RefundState};
use db::clock::{HOUR, MINUTE};
use db::{Job, JobContext, JobOutcome};
use partners::PartnerError;
use partners::alipay::{RefundRequest, TradeStatus, refusal};

/// After a payment's time has run out, news of it may still be on its way for so long.
const AFTERMATH: i64 = 10 * MINUTE;

/// While the payment company does not answer, an unpaid order keeps its stock for so long beyond its time; then it
/// closes all the same, and money that comes later goes back.
const PATIENCE: i64 = HOUR;

/// The pause between the longest looks.
const LOOK_EVERY: i64 = HOUR;

/// What is to be told of it on the payer's statement.
const REASON: &str = "Order given back";

/// How the payment stands at the payment company after we asked it to close.
enum Fate {
    /// It cannot be paid any more.
    Closed,
    /// No payer has come there; the address they may hold stays good until it expires.
    NobodyCame,
    /// It was paid, and that is noted.
    Paid,
}

fn close_there(ctx: &JobContext, open: &Payment) -> Result<Fate, Halt> {
    let alipay = &ctx.get::<Context>().partners.alipay;
    match alipay.close(&open.number) {
        Ok(()) => Ok(Fate::Closed),
        Err(error) if error.is(refusal::TRADE_NOT_EXIST) => Ok(Fate::NobodyCame),
        Err(error) if error.is(refusal::TRADE_HAS_CLOSED) => Ok(Fate::Closed),
        Err(PartnerError::Refused { .. }) => {
            // Not open any more: closed there already, or paid in the meantime.
            let trade = alipay.query(&open.number)?;
            let (number, status) = (open.number.clone(), trade.status);
            write(ctx, move |tx| payment::answered(tx, &number, &trade))?;
            match status {
                TradeStatus::Success | TradeStatus::Finished => Ok(Fate::Paid),
                TradeStatus::Closed => Ok(Fate::Closed),
                TradeStatus::WaitBuyerPay => Err(Halt::Wait("the payment waits and cannot be closed".to_owned())),
            }
        }
        Err(error) => Err(error.into()),
    }
}

/// Closes orders that nobody paid in time. First at the payment company, so that nobody pays for what is gone; where it
/// is not to be reached, after [`PATIENCE`] all the same.
pub(super) fn close_unpaid(ctx: &JobContext, job: &Job) -> JobOutcome {
    const AT_ONCE: i64 = 500;
    let ended = (|| {
        for due in read(ctx, |r| payment::run_out(r, AT_ONCE))? {
            if let Some(open) = &due.open {
                match close_there(ctx, open) {
                    Ok(Fate::Paid) => continue,
                    Ok(Fate::Closed | Fate::NobodyCame) => {}
                    Err(_) if ctx.db.now() - due.since > PATIENCE => {}
                    Err(Halt::Wait(why) | Halt::Never(why)) => {
                        tracing::warn!(payment = %open.id, "an unpaid order waits to be closed: {why}");
                        continue;
                    }
                }
            }
            let checkout = due.checkout.clone();
            write(ctx, move |tx| payment::close_run_out(tx, &checkout))?;
        }
        Ok(())
    })();
    outcome(job, ended)
}

/// A planned look at a payment of which nothing was heard (a lost or late notification): after 3, 6, 12, 24 and 48
/// minutes, then every hour until its time has run out. Each look plans the next, so a long outage ends none.
pub(super) fn look(ctx: &JobContext, job: &Job) -> JobOutcome {
    let ended = (|| {
        let id = named(job, "payment")?;
        let n = job.body.get("look").and_then(serde_json::Value::as_i64);
        let known = id.clone();
        let found = read(ctx, move |r| {
            let Some(found) = payment::by_id(r, &known)? else { return Ok(None) };
            let wanted = payment::is_wanted(r, &found)?;
            let expires_at = payment::expires_at(r, &found)?;
            Ok(Some((found, wanted, expires_at)))
        })?;
        let Some((found, wanted, expires_at)) = found else { return Ok(()) };
        if !matches!(found.state, PaymentState::Open | PaymentState::Closed) {
            return Ok(());
        }
        let over = ctx.db.now() > expires_at + AFTERMATH;
        let finished = match look_there(ctx, &found, wanted, over) {
            Ok(finished) => finished,
            Err(Halt::Wait(why)) => {
                tracing::warn!(payment = %found.id, "a look at a payment: {why}");
                false
            }
            Err(never) => return Err(never),
        };
        if !finished && let Some(n) = n {
            let pause = (payment::FIRST_LOOK_AFTER << n.clamp(1, 5)).min(LOOK_EVERY);
            write(ctx, move |tx| {
                // The last look comes when nobody can have paid any more; after it, only the bill tells.
                let last = expires_at + AFTERMATH + db::clock::SECOND;
                let due_at = if tx.now < last { (tx.now + pause).min(last) } else { tx.now + pause };
                payment::look_at(tx, &id, n + 1, due_at);
                Ok(())
            })?;
        }
        Ok(())
    })();
    outcome(job, ended)
}

/// Whether nothing more is to be found out about the payment.
fn look_there(ctx: &JobContext, found: &Payment, wanted: bool, over: bool) -> Result<bool, Halt> {
    let alipay = &ctx.get::<Context>().partners.alipay;
    let trade = match alipay.query(&found.number) {
        Ok(trade) => trade,
        Err(error) if error.is(refusal::TRADE_NOT_EXIST) => {
            if over || !wanted {
                let id = found.id.clone();
                write(ctx, move |tx| payment::close(tx, &id))?;
            }
            return Ok(over);
        }
        Err(error) => return Err(error.into()),
    };
    let status = trade.status;
    let number = found.number.clone();
    write(ctx, move |tx| payment::answered(tx, &number, &trade))?;
    match status {
        TradeStatus::Success | TradeStatus::Finished | TradeStatus::Closed => Ok(true),
        TradeStatus::WaitBuyerPay if wanted && !over => Ok(false),
        TradeStatus::WaitBuyerPay => match close_there(ctx, found)? {
            Fate::Paid => Ok(true),
            Fate::Closed => {
                let id = found.id.clone();
                write(ctx, move |tx| payment::close(tx, &id))?;
                Ok(true)
            }
            Fate::NobodyCame => Ok(over),
        },
    }
}

/// Gives money back at the payment company. Idempotent by the refund's request number.
pub(super) fn refund(ctx: &JobContext, job: &Job) -> JobOutcome {
    let ended = (|| {
        let id = named(job, "refund")?;
        let known = id.clone();
        let Some((mut asked, of)) = read(ctx, move |r| payment::refund_by_id(r, &known))? else { return Ok(()) };
        if asked.state != RefundState::Asked {
            return Ok(());
        }
        let alipay = &ctx.get::<Context>().partners.alipay;
        if of.state == PaymentState::DisputedAmount {
            let trade = alipay.query(&of.number)?;
            if trade.paid_at.is_none() && !matches!(trade.status, TradeStatus::Success | TradeStatus::Finished) {
                return write(ctx, move |tx| payment::refund_failed(tx, &id, "never_paid"));
            }
            let (of, refund) = (of.clone(), id.clone());
            write(ctx, move |tx| payment::book_disputed(tx, &of, &refund, trade.total))?;
            asked.amount = trade.total;
        }
        let request = RefundRequest {
            out_trade_no: of.number.clone(),
            out_request_no: asked.request_number(),
            amount: asked.amount,
            reason: REASON.to_owned(),
        };
        match alipay.refund(&request) {
            Ok(_) => write(ctx, move |tx| {
                let now = tx.now;
                payment::refund_done(tx, &id, &of.id, now).map(drop)
            }),
            Err(PartnerError::Refused { code, .. }) => write(ctx, move |tx| payment::refund_failed(tx, &id, &code)),
            Err(PartnerError::Unfit(part)) => write(ctx, move |tx| payment::refund_failed(tx, &id, part)),
            Err(error) => Err(error.into()),
        }
    })();
    outcome(job, ended)
}
