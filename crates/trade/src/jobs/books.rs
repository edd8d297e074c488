//! The nightly check of the books (5.1-a.2): our journal against itself, and against the payment company's bill.
//!
//! Every sale and refund of the bill must be booked with its amount, and everything that we booked that day must be on
//! the bill or, where our clocks differ over midnight, in the payment company's answer to a direct question. Payouts are
//! not on the bill and are asked for one by one.

use super::{Context, Halt, outcome, read, write};
use crate::Refused;
use crate::payment::{self, PaymentState, RefundState};
use crate::policy::{book_check, payment as payment_table, payout, refund};
use crate::settlement::{self, PayoutState, TrialBalance, request_number, why};
use db::{Id, Job, JobContext, JobOutcome, Read, Scope, Stop, on_each};
use diesel::prelude::*;
use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, ToSpan};
use partners::alipay::{BillKind, BillLine, TradeStatus, TransferStatus, refusal};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Days that are made up for after an outage.
const DAYS_BACK: i32 = 31;

/// From this hour in China on, a bill that is not there will not come: the day had no trade.
const BILL_BY_HOUR: i8 = 12;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Item {
    Payment,
    Refund,
    Payout,
}

/// Something that our books and the payment company's say differently. Amounts in minor units; `None`: not there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    pub item: Item,
    /// The payment's number, or the request number of a refund or payout.
    pub number: String,
    pub ours: Option<i64>,
    pub theirs: Option<i64>,
}

/// The check of one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// In China, as the bills are.
    pub day: Date,
    pub checked_at: i64,
    /// Sales, refunds and payouts compared.
    pub lines: i64,
    /// Sum of all postings: zero.
    pub trial_balance: i64,
    pub differences: Vec<Difference>,
}

fn china() -> TimeZone {
    TimeZone::fixed(Offset::constant(8))
}

fn in_china(at: i64) -> jiff::ZonedDateTime {
    Timestamp::from_microsecond(at).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned_datetime(china())
}

/// First moment of the day in China and of the next, UTC microseconds.
fn bounds(day: Date) -> Option<(i64, i64)> {
    let start = |day: Date| Some(day.to_zoned_datetime(china()).ok()?.timestamp().as_microsecond());
    Some((start(day)?, start(day.checked_add(1.day()).ok()?)?))
}

/// Checks every day that has ended and is not checked yet.
pub(super) fn check(ctx: &JobContext, job: &Job) -> JobOutcome {
    let ended = (|| {
        let last: Option<String> =
            read(ctx, |r| Ok(book_check::table.select(diesel::dsl::max(book_check::day)).first(r.db)?))?;
        let now = in_china(ctx.db.now());
        let yesterday = now.date().checked_sub(1.day()).map_err(|error| Halt::Never(error.to_string()))?;
        let mut day = match last.and_then(|day| day.parse::<Date>().ok()).and_then(|day| day.checked_add(1.day()).ok())
        {
            Some(next) => next.max(yesterday.saturating_sub(DAYS_BACK.days())),
            // The first: a day whose bill must be there by now, so that a beginning is made.
            None => yesterday.saturating_sub(1.day()),
        };
        while day <= yesterday {
            let must_be_there = day < yesterday || now.hour() >= BILL_BY_HOUR;
            if check_day(ctx, day, must_be_there)?.is_none() {
                return Ok(());
            }
            day = day.checked_add(1.day()).map_err(|error| Halt::Never(error.to_string()))?;
        }
        Ok(())
    })();
    outcome(job, ended)
}

/// What is booked for a day, and what the bill speaks of, by number.
#[derive(Default)]
struct Ours {
    payments: BTreeMap<String, Option<i64>>,
    refunds: BTreeMap<String, (String, Option<i64>)>,
    payouts: Vec<(Id, i64, bool)>,
    balance: TrialBalance,
}

/// Checks one day and keeps the result. `None` where the bill is not made yet and may still come (`complete` is not
/// set). What the payment company has and we have not noted is noted, and still listed.
fn check_day(ctx: &JobContext, day: Date, complete: bool) -> Result<Option<Checked>, Halt> {
    let alipay = ctx.get::<Context>().partners.alipay.clone();
    let bill = match alipay.bill(day) {
        Ok(lines) => lines,
        Err(error) if error.is(refusal::BILL_NOT_EXIST) && complete => Vec::new(),
        Err(error) if error.is(refusal::BILL_NOT_EXIST) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let Some((from, to)) = bounds(day) else { return Err(Halt::Never("no such day".to_owned())) };
    let theirs_in_all = bill.len();
    let (sales, refunds) = by_number(&bill);
    let (sale_numbers, refund_numbers) = (numbers(&sales), refunds.clone());
    let ours = read(ctx, move |r| booked(r, &sale_numbers, &refund_numbers, from, to))?;
    let mut differences = Vec::new();
    for (number, ours) in &ours.payments {
        let theirs = match sales.get(number) {
            Some(total) => Some(*total),
            None => match alipay.query(number) {
                Ok(trade) if trade.paid_at.is_some() => Some(trade.total),
                Ok(_) => None,
                Err(error) if error.is(refusal::TRADE_NOT_EXIST) => None,
                Err(error) => return Err(error.into()),
            },
        };
        if theirs != *ours {
            differences.push(Difference { item: Item::Payment, number: number.clone(), ours: *ours, theirs });
        }
    }
    for (number, (of_payment, ours)) in &ours.refunds {
        let theirs = match refunds.get(number) {
            Some((_, amount)) => Some(*amount),
            None => match alipay.refund_query(of_payment, number) {
                Ok(amount) => amount,
                Err(error) if error.is(refusal::TRADE_NOT_EXIST) => None,
                Err(error) => return Err(error.into()),
            },
        };
        if theirs != *ours {
            differences.push(Difference { item: Item::Refund, number: number.clone(), ours: *ours, theirs });
        }
    }
    for (id, amount, done) in &ours.payouts {
        let number = request_number(id);
        let status = match alipay.transfer_query(&number) {
            Ok(transfer) => Some(transfer.status),
            Err(error) if error.is(refusal::TRANSFER_NOT_EXIST) => None,
            Err(error) => return Err(error.into()),
        };
        let theirs = matches!(status, Some(TransferStatus::Done | TransferStatus::UnderWay)).then_some(*amount);
        let ours = done.then_some(*amount);
        if theirs != ours {
            differences.push(Difference { item: Item::Payout, number, ours, theirs });
        }
        if *done && status == Some(TransferStatus::Returned) {
            let id = id.clone();
            write(ctx, move |tx| settlement::payout_failed(tx, &id, why::RETURNED).map(drop))?;
        }
    }
    note_what_was_missed(ctx, &differences)?;
    let off: i64 = ours.balance.sums.iter().map(|(_, sum)| sum.abs()).sum();
    let wrong_entries = ours.balance.unbalanced_entries + ours.balance.overdrawn;
    if !differences.is_empty() || off != 0 || wrong_entries != 0 {
        tracing::error!(%day, differences = differences.len(), off, wrong_entries, "the books do not agree");
    }
    let lines = theirs_in_all.max(ours.payments.len() + ours.refunds.len()) + ours.payouts.len();
    keep(ctx, day, lines as i64, off, differences).map(Some)
}

/// The bill's sales by payment number and its refunds by request number, with the payment's.
#[allow(clippy::type_complexity)]
fn by_number(bill: &[BillLine]) -> (BTreeMap<String, i64>, BTreeMap<String, (String, i64)>) {
    let mut sales = BTreeMap::new();
    let mut refunds = BTreeMap::new();
    for line in bill {
        match line.kind {
            BillKind::Sale => *sales.entry(line.out_trade_no.clone()).or_insert(0) += line.total,
            BillKind::Refund => {
                // A refund of the whole may bear no number; then it is the payment's.
                let number = line.out_request_no.clone().unwrap_or_else(|| line.out_trade_no.clone());
                refunds.entry(number).or_insert((line.out_trade_no.clone(), 0)).1 -= line.total;
            }
            BillKind::Other => {}
        }
    }
    (sales, refunds)
}

fn numbers(sales: &BTreeMap<String, i64>) -> Vec<String> {
    sales.keys().cloned().collect()
}

fn booked(
    read: &mut Read,
    sales: &[String],
    refunds: &BTreeMap<String, (String, i64)>,
    from: i64,
    to: i64,
) -> Result<Ours, Stop<Refused>> {
    let mut ours = Ours { balance: settlement::trial_balance(read)?, ..Ours::default() };
    let mut known: Vec<(Id, String, i64, String)> = payment_table::table
        .filter(payment_table::paid_at.ge(from))
        .filter(payment_table::paid_at.lt(to))
        .select((payment_table::id, payment_table::number, payment_table::amount, payment_table::state))
        .load(read.db)?;
    for numbers in sales.chunks(500) {
        let more: Vec<(Id, String, i64, String)> = payment_table::table
            .filter(payment_table::number.eq_any(numbers))
            .select((payment_table::id, payment_table::number, payment_table::amount, payment_table::state))
            .load(read.db)?;
        known.extend(more);
    }
    for number in sales {
        ours.payments.insert(number.clone(), None);
    }
    for (id, number, amount, state) in known {
        let booked = if state == PaymentState::Paid.id() {
            Some(amount)
        } else if state == PaymentState::DisputedAmount.id() {
            payment::booked_of_disputed(read, &id)?
        } else {
            None
        };
        ours.payments.insert(number, booked);
    }
    for (number, (of_payment, _)) in refunds {
        ours.refunds.insert(number.clone(), (of_payment.clone(), None));
    }
    let wanted: Vec<Id> = refunds.keys().filter_map(|number| payment::id_of(number)).collect();
    let done_that_day = refund::done_at.ge(from).and(refund::done_at.lt(to));
    let mut back: Vec<(Id, String, i64, String)> =
        with_payment(read, |all| all.filter(done_that_day.assume_not_null()))?;
    for ids in wanted.chunks(500) {
        back.extend(with_payment(read, |all| all.filter(refund::id.eq_any(ids.to_vec())))?);
    }
    for (id, of_payment, amount, state) in back {
        let booked = (state == RefundState::Done.id()).then_some(amount);
        ours.refunds.insert(request_number(&id), (of_payment, booked));
    }
    let paid_out: Vec<(Id, i64, String)> = payout::table
        .filter(payout::done_at.ge(from))
        .filter(payout::done_at.lt(to))
        .select((payout::id, payout::amount, payout::state))
        .load(read.db)?;
    ours.payouts =
        paid_out.into_iter().map(|(id, amount, state)| (id, amount, state == PayoutState::Done.id())).collect();
    Ok(ours)
}

type Refunds<'a> = refund::BoxedQuery<'a, db::MultiBackend>;

/// Id, number, amount and state of what the payment company was asked for.
type Sent = (Id, String, i64, String);

fn with_payment<'a>(
    read: &mut Read,
    choose: impl FnOnce(Refunds<'a>) -> Refunds<'a>,
) -> Result<Vec<Sent>, Stop<Refused>> {
    let rows: Vec<(Id, Id, i64, String)> = choose(refund::table.into_boxed())
        .select((refund::id, refund::of_payment, refund::amount, refund::state))
        .load(read.db)?;
    let of: Vec<Id> = rows.iter().map(|(_, of, _, _)| of.clone()).collect();
    let numbers: BTreeMap<Id, String> = payment_table::table
        .filter(payment_table::id.eq_any(of))
        .select((payment_table::id, payment_table::number))
        .load::<(Id, String)>(read.db)?
        .into_iter()
        .collect();
    Ok(rows
        .into_iter()
        .map(|(id, of, amount, state)| (id, numbers.get(&of).cloned().unwrap_or_default(), amount, state))
        .collect())
}

/// A payment that the bill has and we have not noted: its news was lost, and so were our questions. Asked once more.
fn note_what_was_missed(ctx: &JobContext, differences: &[Difference]) -> Result<(), Halt> {
    let missed = differences.iter().filter(|d| d.item == Item::Payment && d.ours.is_none() && d.theirs.is_some());
    for number in missed.map(|difference| difference.number.clone()) {
        let trade = ctx.get::<Context>().partners.alipay.query(&number)?;
        if matches!(trade.status, TradeStatus::Success | TradeStatus::Finished) {
            write(ctx, move |tx| payment::answered(tx, &number, &trade))?;
        }
    }
    Ok(())
}

fn keep(ctx: &JobContext, day: Date, lines: i64, off: i64, differences: Vec<Difference>) -> Result<Checked, Halt> {
    let text = serde_json::to_string(&differences).map_err(|error| Halt::Never(error.to_string()))?;
    let checked_at = write(ctx, move |tx| {
        let result = (
            book_check::checked_at.eq(tx.now),
            book_check::lines.eq(lines),
            book_check::trial_balance.eq(off),
            book_check::differences.eq(&text),
        );
        let row = (book_check::day.eq(day.to_string()), result);
        on_each!(tx.db, conn => diesel::insert_into(book_check::table)
            .values(row)
            .on_conflict(book_check::day)
            .do_update()
            .set(result)
            .execute(conn))?;
        Ok(tx.now)
    })?;
    Ok(Checked { day, checked_at, lines, trial_balance: off, differences })
}

/// For the operator: the checks, newest first.
pub fn checked<R>(scope: &mut impl Scope, limit: i64) -> Result<Vec<Checked>, Stop<R>> {
    let rows: Vec<(String, i64, i64, i64, String)> = book_check::table
        .order(book_check::day.desc())
        .limit(limit)
        .select((
            book_check::day,
            book_check::checked_at,
            book_check::lines,
            book_check::trial_balance,
            book_check::differences,
        ))
        .load(scope.db())?;
    rows.into_iter()
        .map(|(day, checked_at, lines, trial_balance, differences)| {
            let day = day.parse().map_err(|_| Stop::fault("a check of the books of no day"))?;
            Ok(Checked { day, checked_at, lines, trial_balance, differences: serde_json::from_str(&differences)? })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_in_china_begins_at_four_in_the_afternoon_before() {
        let day: Date = "2026-11-24".parse().unwrap();
        let (from, to) = bounds(day).unwrap();
        assert_eq!(in_china(from).date(), day);
        assert_eq!(in_china(to - 1).date(), day);
        assert_eq!(Timestamp::from_microsecond(from).unwrap().to_string(), "2026-11-23T16:00:00Z");
    }

    #[test]
    fn a_bills_lines_are_added_up_by_number() {
        let line = |kind, number: &str, request: Option<&str>, total| BillLine {
            kind,
            trade_no: "1".into(),
            out_trade_no: number.into(),
            out_request_no: request.map(str::to_owned),
            finished_at: None,
            total,
            received: total,
            fee: 0,
        };
        let bill = [
            line(BillKind::Sale, "P1", None, 500),
            line(BillKind::Refund, "P1", Some("r1"), -200),
            line(BillKind::Refund, "P2", None, -300),
            line(BillKind::Other, "x", None, 1),
        ];
        let (sales, refunds) = by_number(&bill);
        assert_eq!(sales, BTreeMap::from([("P1".to_owned(), 500)]));
        assert_eq!(refunds["r1"], ("P1".to_owned(), 200));
        assert_eq!(refunds["P2"], ("P2".to_owned(), 300));
    }
}
