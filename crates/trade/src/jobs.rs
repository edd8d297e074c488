//! What happens by itself: unpaid orders close, receipt counts as confirmed, refunds and payouts reach the payment
//! company, waybills come, silent payments and parcels are asked after, the books are checked every night.
//!
//! Every job runs at least once and may run twice: what it does is idempotent by the number that the partner gets and by
//! the state that the database holds. No partner is called inside a transaction. A job's body holds ids only.
//!
//! A partner that gives no answer is asked again with growing pauses; then the sweep [`TAKE_UP`] begins anew, so that
//! nothing is lost to a long outage, and what waits is shown to the operator by its own state.

mod books;
mod others;
mod parcels;
mod payments;
mod payouts;

pub use books::{Checked, Difference, Item, checked};

use crate::others::FORGET_JOB;
use crate::settlement::PAYOUT_JOB;
use crate::shipping::{CALL_BACK_JOB, TRACK_JOB, WAYBILL_JOB};
use crate::{Refused, Terms, payment, settlement, shipping};
use db::clock::{DAY, HOUR, MINUTE};
use db::jobs::ATTEMPTS_MAX;
use db::sql::{BigInt, Text};
use db::{Failed, Id, Job, JobContext, JobHandler, JobOutcome, Read, Stop, Tx, kept, on_each};
use partners::PartnerError;
use partners::alipay::Alipay;
use partners::logistics::Logistics;
use std::sync::Arc;
use vault::Vault;

pub const CLOSE_UNPAID: &str = "trade.close_unpaid";
pub const CONFIRM_RECEIVED: &str = "trade.confirm_received";
pub const PAY_OUT: &str = "trade.pay_out";
pub const TAKE_UP: &str = "trade.take_up";
pub const SILENT_PARCELS: &str = "trade.silent_parcels";
pub const CHECK_BOOKS: &str = "trade.check_books";

/// What the handlers work with, beside the database: give it to `db::Jobs::start`.
#[derive(Clone)]
pub struct Context {
    pub vault: Vault,
    pub partners: Partners,
    pub terms: Terms,
}

#[derive(Clone)]
pub struct Partners {
    pub alipay: Arc<Alipay>,
    pub logistics: Arc<Logistics>,
}

/// Every kind of job of this crate.
pub const HANDLERS: &[JobHandler] = &[
    every(CLOSE_UNPAID, payments::close_unpaid, MINUTE),
    every(CONFIRM_RECEIVED, confirm_received, 5 * MINUTE),
    every(PAY_OUT, payouts::begin_all, HOUR),
    every(TAKE_UP, take_up, 10 * MINUTE),
    every(SILENT_PARCELS, parcels::ask_after_silent, 30 * MINUTE),
    every(CHECK_BOOKS, books::check, DAY / 4),
    on_demand(payment::LOOK_JOB, payments::look),
    on_demand(payment::REFUND_JOB, payments::refund),
    on_demand(PAYOUT_JOB, payouts::carry_out),
    on_demand(WAYBILL_JOB, parcels::get_waybill),
    on_demand(CALL_BACK_JOB, parcels::call_back),
    on_demand(TRACK_JOB, parcels::track),
    on_demand(FORGET_JOB, others::forget),
];

/// The same, with the sellers' balances paid out every `payout_every` microseconds, as the operator decides.
pub fn handlers(payout_every: i64) -> Vec<JobHandler> {
    let mut handlers = HANDLERS.to_vec();
    for handler in handlers.iter_mut().filter(|handler| handler.kind == PAY_OUT) {
        handler.every = Some(payout_every);
    }
    handlers
}

type Run = fn(&JobContext, &Job) -> JobOutcome;

const fn every(kind: &'static str, run: Run, micros: i64) -> JobHandler {
    JobHandler { kind, run, every: Some(micros) }
}

const fn on_demand(kind: &'static str, run: Run) -> JobHandler {
    JobHandler { kind, run, every: None }
}

/// Why a step of a job did not come to its end.
#[derive(Debug)]
pub(crate) enum Halt {
    /// Try again later.
    Wait(String),
    /// It makes no sense to try again.
    Never(String),
}

impl From<Failed<Refused>> for Halt {
    fn from(failed: Failed<Refused>) -> Halt {
        Halt::Wait(failed.to_string())
    }
}

impl From<PartnerError> for Halt {
    fn from(error: PartnerError) -> Halt {
        Halt::Wait(error.to_string())
    }
}

/// A job's outcome. After the last attempt it ends quietly where the sweep takes it up again: the thing's own state
/// says that it waits, and a dead job beside it would say so twice.
fn outcome(job: &Job, ended: Result<(), Halt>) -> JobOutcome {
    match ended {
        Ok(()) => JobOutcome::Done,
        Err(Halt::Wait(why)) if job.attempt < ATTEMPTS_MAX => JobOutcome::Retry(why),
        Err(Halt::Wait(why)) => {
            tracing::warn!(kind = %job.kind, "given up for now, to be taken up by the sweep: {why}");
            JobOutcome::Done
        }
        Err(Halt::Never(why)) => JobOutcome::Dead(why),
    }
}

/// The id that the job's body names.
pub(crate) fn named(job: &Job, name: &str) -> Result<Id, Halt> {
    let text = job.body.get(name).and_then(serde_json::Value::as_str);
    text.and_then(|text| Id::parse(text).ok()).ok_or_else(|| Halt::Never(format!("its body names no {name}")))
}

pub(crate) fn write<T: Send + 'static>(
    ctx: &JobContext,
    command: impl Fn(&mut Tx) -> Result<T, Stop<Refused>> + Send + 'static,
) -> Result<T, Halt> {
    Ok(ctx.db.write_now(command)?)
}

pub(crate) fn read<T: Send + 'static>(
    ctx: &JobContext,
    query: impl FnOnce(&mut Read) -> Result<T, Stop<Refused>> + Send + 'static,
) -> Result<T, Halt> {
    Ok(ctx.db.read_now(query)?)
}

/// Receipt counts as confirmed when the time for objections is over (as shipped, ten days after delivery).
fn confirm_received(ctx: &JobContext, job: &Job) -> JobOutcome {
    const AT_ONCE: i64 = 200;
    let ended = (|| {
        let due = read(ctx, |r| Ok(received_and_due(r, AT_ONCE)?))?;
        let many = due.len() as i64 == AT_ONCE;
        let mut completed = 0;
        for order in due {
            // One at a time: an order whose books are wrong must not keep the others waiting.
            match write(ctx, move |tx| settlement::complete(tx, &order)) {
                Ok(()) => completed += 1,
                Err(Halt::Wait(why) | Halt::Never(why)) => tracing::error!("an order was not completed: {why}"),
            }
        }
        Ok(many && completed > 0)
    })();
    match ended {
        Ok(true) => JobOutcome::Continue(serde_json::Value::Null),
        Ok(false) => JobOutcome::Done,
        Err(halt) => outcome(job, Err(halt)),
    }
}

fn received_and_due(read: &mut Read, limit: i64) -> diesel::QueryResult<Vec<Id>> {
    use diesel::RunQueryDsl;
    // The state stands in the words: PostgreSQL's general plan takes an index of one state for no other's.
    let due = kept![Text =>
        "select id from purchase_order where state = 'received' and confirm_until <= ",
        BigInt: read.now,
        " order by confirm_until, id limit ",
        BigInt: limit,
        ""
    ];
    on_each!(read.db, c => due.load(c))
}

/// The sweep: whatever waits for a partner and has no job (it ran out of attempts, or was lost) gets one.
fn take_up(ctx: &JobContext, job: &Job) -> JobOutcome {
    const AT_ONCE: i64 = 500;
    const AFTER: i64 = 10 * MINUTE;
    let ended = write(ctx, |tx| {
        let before = tx.now - AFTER;
        for id in payment::waiting_refunds(tx, before, AT_ONCE)? {
            payment::ask_provider(tx, &id);
        }
        for id in settlement::waiting_payouts(tx, before, AT_ONCE)? {
            settlement::ask_for(tx, &id);
        }
        for id in shipping::waiting(tx, before, AT_ONCE)? {
            shipping::ask_platform(tx, &id);
        }
        for (id, kind) in shipping::open_ends(tx, before, AT_ONCE)? {
            shipping::job_about(tx, kind, &id);
        }
        Ok(())
    });
    outcome(job, ended)
}
