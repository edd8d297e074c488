//! 3.1.5-1A: one payment pays all orders of one checkout, at the payment company.
//!
//! The payment company gets a random number, the amount, a neutral subject and a reference for the member that no other
//! partner knows; what it says of a payment is kept as number, state and time, nothing else (3.1.5-1A.4).
//!
//! Money that comes is never lost and never assumed. What still waits to be paid becomes paid and is held; what was
//! cancelled or closed meanwhile goes back; another amount than ours moves no order, is shown to the operator and goes
//! back. The same news may come twice, late, or by our own asking: it counts once.

mod refunds;

use refunds::ask_refund;

pub(crate) use refunds::{
    REFUND_JOB, ask_provider, book_disputed, booked_of_disputed, id_of, refund_by_id, refund_done, refund_failed,
    waiting_refunds,
};
pub use refunds::{
    Refund, RefundState, call_off, decline, refunds_beside_orders, refunds_of_order, refunds_of_payment,
    refunds_to_look_at, retry_refund,
};

use crate::policy::{TakePayment, payment, purchase_order, refund};
use crate::settlement::{self, Account, Kind, Posting};
use crate::state::{OrderState, Seen, seen, step, step_from};
use crate::{Buyer, Refused};
use db::sql::{BigInt, Text};
use db::{Id, NewJob, Scope, Stop, Tx, kept, on_each};
use diesel::prelude::*;
use partners::alipay::{Notification, PaymentTerms, Trade, TradeStatus};
use policy::Entered;
use policy::fields::{MarketplaceAccountRef, PaymentOrder};
use policy::recipients::PaymentProvider;
use vault::{Access, Disclosed, NoAccess, Vault};

pub(crate) const LOOK_JOB: &str = "trade.payment";

/// The only method so far: the payment company's account.
pub const METHOD: &str = "alipay";

/// What the payment company and the payer's statement show: nothing of the goods (3.1.5-1A.1).
const SUBJECT: &str = "Hanse order payment";

/// The payment company settles in this currency only.
const CURRENCY: &str = "CNY";

/// The most of one payment, in minor units: the payment company's limit of 100,000,000.00 yuan.
pub const AMOUNT_MAX: i64 = 10_000_000_000;

/// When a payment of which nothing was heard is first asked for.
pub(crate) const FIRST_LOOK_AFTER: i64 = 3 * db::clock::MINUTE;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PaymentState {
    /// It waits for its payer.
    Open,
    Paid,
    /// Nobody paid it; or another one took its place. Money that comes all the same is taken and given back.
    Closed,
    /// Another amount came than ours: the orders are untouched, the money goes back, the operator looks.
    DisputedAmount,
}

impl PaymentState {
    pub const ALL: [PaymentState; 4] =
        [PaymentState::Open, PaymentState::Paid, PaymentState::Closed, PaymentState::DisputedAmount];

    pub const fn id(self) -> &'static str {
        match self {
            PaymentState::Open => "open",
            PaymentState::Paid => "paid",
            PaymentState::Closed => "closed",
            PaymentState::DisputedAmount => "disputed_amount",
        }
    }

    fn parse<R>(id: &str) -> Result<PaymentState, Stop<R>> {
        PaymentState::ALL
            .into_iter()
            .find(|state| state.id() == id)
            .ok_or_else(|| Stop::fault("a payment has a state that does not exist"))
    }
}

/// A payment as its buyer and the operator see it. Amounts are minor units of `currency`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    pub id: Id,
    pub number: String,
    pub buyer: Id,
    pub checkout: Id,
    pub amount: i64,
    pub currency: String,
    pub state: PaymentState,
    /// The payment company's own number, once it has said one.
    pub provider_number: Option<String>,
    pub begun_at: i64,
    pub paid_at: Option<i64>,
    /// When nothing of it was held any more.
    pub settled_at: Option<i64>,
}

type PaymentRow = (Id, String, Id, Id, i64, String, String, Option<String>, i64, Option<i64>, Option<i64>);

/// A [`PaymentRow`].
#[diesel::dsl::auto_type(no_type_alias)]
fn columns() -> _ {
    (
        payment::id,
        payment::number,
        payment::buyer,
        payment::checkout,
        payment::amount,
        payment::currency,
        payment::state,
        payment::provider_number,
        payment::begun_at,
        payment::paid_at,
        payment::settled_at,
    )
}

fn read<R>(row: PaymentRow) -> Result<Payment, Stop<R>> {
    let (id, number, buyer, checkout, amount, currency, state, provider_number, begun_at, paid_at, settled_at) = row;
    let state = PaymentState::parse(&state)?;
    Ok(Payment { id, number, buyer, checkout, amount, currency, state, provider_number, begun_at, paid_at, settled_at })
}

// --- paying -------------------------------------------------------------------------------------------------------

/// What the payer's way to the cashier needs.
#[derive(Debug)]
pub struct Begun {
    pub payment: Id,
    pub number: String,
    /// Minor units of `currency`.
    pub amount: i64,
    pub currency: String,
    /// UTC microseconds: until when it can be paid.
    pub expires_at: i64,
    pub order: Disclosed<PaymentProvider, PaymentOrder>,
    pub account: Disclosed<PaymentProvider, MarketplaceAccountRef>,
}

impl Begun {
    /// As the adapter takes it. `return_url` is where the payer's browser comes back to.
    pub fn for_cashier(self, return_url: String) -> partners::alipay::Payment {
        partners::alipay::Payment { order: self.order, account: self.account, expires_at: self.expires_at, return_url }
    }
}

db::meet!(payment, purchase_order);

/// An order of a checkout, as far as its payment is concerned.
#[derive(Clone, Debug, Queryable)]
struct Part {
    id: Id,
    seen: Seen,
    pay_until: i64,
    completed_at: Option<i64>,
}

impl Part {
    fn is(&self, state: OrderState) -> bool {
        self.seen.state == state.id()
    }
}

/// A [`Part`].
#[diesel::dsl::auto_type(no_type_alias)]
fn part() -> _ {
    let seen: seen = seen();
    (purchase_order::id, seen, purchase_order::pay_until, purchase_order::completed_at)
}

fn parts_of(scope: &mut impl Scope, checkout: &Id) -> QueryResult<Vec<Part>> {
    let query =
        purchase_order::table.filter(purchase_order::checkout.eq(checkout)).order(purchase_order::id).select(part());
    on_each!(scope.db(), c => query.load(c))
}

/// As [`parts_of`], with the open payment of the checkout, as [`open_of`] has it: one query.
fn parts_and_open<R>(scope: &mut impl Scope, checkout: &Id) -> Result<(Vec<Part>, Option<AndAccount>), Stop<R>> {
    let open = payment::checkout.eq(purchase_order::checkout).and(payment::state.eq(PaymentState::Open.id()));
    let query = purchase_order::table
        .left_join(payment::table.on(open))
        .filter(purchase_order::checkout.eq(checkout))
        .order(purchase_order::id)
        .select((part(), (columns(), payment::account_ref).nullable()));
    let rows: Vec<(Part, Option<(PaymentRow, String)>)> = on_each!(scope.db(), c => query.load(c))?;
    let (parts, mut open): (Vec<Part>, Vec<_>) = rows.into_iter().unzip();
    let open = open.pop().flatten().map(|(row, account)| Ok::<_, Stop<R>>((read(row)?, account))).transpose()?;
    Ok((parts, open))
}

/// The access that [`begin`] needs.
pub async fn access(vault: &Vault, buyer: &Buyer) -> Result<Access<TakePayment>, NoAccess> {
    vault.access(&buyer.actor(), std::slice::from_ref(&buyer.member)).await
}

/// Makes the payment of what is still to be paid of the buyer's checkout, or returns the one that waits already.
/// `access` covers the buyer. A payment that was made for another amount (an order was cancelled since) gives way.
pub fn begin(tx: &mut Tx, buyer: &Buyer, access: &Access<TakePayment>, checkout: &Id) -> Result<Begun, Stop<Refused>> {
    if !access.covers(&buyer.member) {
        return Err(Stop::fault("the access to a payment does not cover its buyer"));
    }
    let (parts, open) = parts_and_open(tx, checkout)?;
    // A checkout is one buyer's.
    if parts.first().is_none_or(|part| part.seen.buyer != buyer.member) {
        return Err(Stop::refuse(Refused::NoSuchOrder));
    }
    let unpaid: Vec<Part> = parts.into_iter().filter(|part| part.is(OrderState::Placed)).collect();
    let Some(expires_at) = unpaid.iter().map(|part| part.pay_until).min() else {
        return Err(Stop::refuse(Refused::NothingToPay));
    };
    if expires_at <= tx.now {
        return Err(Stop::refuse(Refused::PaymentTimeOver));
    }
    let amount = unpaid.iter().try_fold(0i64, |sum, part| sum.checked_add(part.seen.total));
    let amount = amount.filter(|amount| *amount <= AMOUNT_MAX).ok_or(Stop::Refused(Refused::TooMuch))?;
    if amount <= 0 || unpaid.iter().any(|part| part.seen.currency != CURRENCY) {
        return Err(Stop::fault("an order cannot be paid at the payment company: amount or currency"));
    }
    let (open, account) = match open {
        Some(open) if open.0.amount == amount => open,
        other => {
            if let Some((outdated, _)) = other {
                close(tx, &outdated.id)?;
                look_now(tx, &outdated.id);
            }
            make(tx, buyer, checkout, amount)?
        }
    };
    let terms = PaymentTerms { out_trade_no: open.number.clone(), total: amount, subject: SUBJECT.to_owned() };
    let order = Entered::<PaymentOrder>::made(terms.write());
    let account = Entered::<MarketplaceAccountRef>::made(account);
    Ok(Begun {
        order: Disclosed::passing(access, tx, &buyer.member, &open.id, &order)?,
        account: Disclosed::passing(access, tx, &buyer.member, &open.id, &account)?,
        payment: open.id,
        number: open.number,
        amount,
        currency: open.currency,
        expires_at,
    })
}

/// A payment, and by which reference its payer is known at the payment company.
type AndAccount = (Payment, String);

/// A checkout has one open payment at most.
fn open_of<R>(scope: &mut impl Scope, checkout: &Id) -> Result<Option<AndAccount>, Stop<R>> {
    let query = payment::table
        .filter(payment::checkout.eq(checkout))
        .filter(payment::state.eq(PaymentState::Open.id()))
        .select((columns(), payment::account_ref));
    let row: Option<(PaymentRow, String)> = on_each!(scope.db(), c => query.get_result(c)).optional()?;
    row.map(|(row, account)| Ok((read(row)?, account))).transpose()
}

fn make(tx: &mut Tx, buyer: &Buyer, checkout: &Id, amount: i64) -> Result<AndAccount, Stop<Refused>> {
    // The payment company knows a member by one reference, which no other partner gets.
    let known: Option<String> = payment::table
        .filter(payment::buyer.eq(&buyer.member))
        .order(payment::id.desc())
        .select(payment::account_ref)
        .first(tx.db)
        .optional()?;
    let account = known.unwrap_or_else(|| format!("pay_{}", random_text(22)));
    let made = Payment {
        id: tx.id(),
        number: format!("P{}", random_text(19)),
        buyer: buyer.member.clone(),
        checkout: checkout.clone(),
        amount,
        currency: CURRENCY.to_owned(),
        state: PaymentState::Open,
        provider_number: None,
        begun_at: tx.now,
        paid_at: None,
        settled_at: None,
    };
    let row = (
        (
            payment::id.eq(&made.id),
            payment::number.eq(&made.number),
            payment::buyer.eq(&made.buyer),
            payment::checkout.eq(&made.checkout),
            payment::account_ref.eq(&account),
            payment::method.eq(METHOD),
        ),
        payment::amount.eq(made.amount),
        payment::currency.eq(CURRENCY),
        payment::state.eq(made.state.id()),
        payment::begun_at.eq(made.begun_at),
        payment::version.eq(1),
    );
    // Two windows of the same buyer may come at once: a checkout has one open payment.
    let new = on_each!(tx.db, conn => diesel::insert_into(payment::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(conn))?;
    if new == 1 {
        look_at(tx, &made.id, 1, tx.now + FIRST_LOOK_AFTER);
        return Ok((made, account));
    }
    let others = open_of(tx, checkout)?.filter(|(open, _)| open.amount == amount);
    others.ok_or(Stop::Refused(Refused::PaymentUnderWay))
}

/// Letters and digits from the system's generator, five bits each, without those that people confuse.
fn random_text(length: usize) -> String {
    const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let mut bytes = vec![0u8; length];
    aws_lc_rs::rand::fill(&mut bytes).expect("the system gives random bytes");
    bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte & 31)])).collect()
}

/// Plans the `n`th look at the payment at the payment company.
pub(crate) fn look_at(tx: &mut Tx, payment: &Id, n: i64, due_at: i64) {
    tx.enqueue(NewJob {
        kind: LOOK_JOB,
        unique: Some(format!("{payment}/{n}")),
        due_at,
        body: serde_json::json!({ "payment": payment, "look": n }),
    });
}

/// A look outside the row of planned ones: something has changed at our end.
fn look_now(tx: &mut Tx, payment: &Id) {
    tx.enqueue(NewJob {
        kind: LOOK_JOB,
        unique: Some(format!("{payment}/now")),
        due_at: tx.now,
        body: serde_json::json!({ "payment": payment }),
    });
}

/// To be called where an order of the checkout ended unpaid: its payment is looked at, and closed at the payment company
/// where it asks for more than is still to be paid.
pub fn order_ended(tx: &mut Tx, checkout: &Id) -> Result<(), Stop<Refused>> {
    if let Some((open, _)) = open_of(tx, checkout)? {
        look_now(tx, &open.id);
    }
    Ok(())
}

/// Whether somebody should still pay it: it waits, it has time, and asks for what is to be paid.
pub(crate) fn is_wanted<R>(scope: &mut impl Scope, open: &Payment) -> Result<bool, Stop<R>> {
    let now = scope.now();
    let parts = parts_of(scope, &open.checkout)?;
    let unpaid = || parts.iter().filter(|part| part.is(OrderState::Placed));
    let due: i64 = unpaid().map(|part| part.seen.total).sum();
    let until = unpaid().map(|part| part.pay_until).min().unwrap_or(0);
    Ok(open.state == PaymentState::Open && due == open.amount && until > now)
}

/// When the last order that the payment could pay runs out: after that no cashier takes it.
pub(crate) fn expires_at<R>(scope: &mut impl Scope, of: &Payment) -> Result<i64, Stop<R>> {
    Ok(parts_of(scope, &of.checkout)?.iter().map(|part| part.pay_until).max().unwrap_or(of.begun_at))
}

/// The payment waits no longer. `false` if it did not wait.
pub(crate) fn close<R>(tx: &mut Tx, id: &Id) -> Result<bool, Stop<R>> {
    let open = payment::table.filter(payment::id.eq(id)).filter(payment::state.eq(PaymentState::Open.id()));
    let closed = diesel::update(open)
        .set((payment::state.eq(PaymentState::Closed.id()), payment::version.eq(payment::version + 1)))
        .execute(tx.db)?;
    Ok(closed == 1)
}

// --- what the payment company says --------------------------------------------------------------------------------

/// What became of news from the payment company.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noted {
    /// The payment is paid, by this very news.
    Paid,
    /// We knew it.
    Again,
    /// It waits for its payer.
    Waiting,
    Closed,
    /// Another amount than ours: the orders are untouched, the money goes back.
    Disputed,
    /// No payment of ours has this number. Not to be answered as noted.
    Unknown,
}

/// As much of the news as is declared (3.1.5-1A.4), whichever way it came.
struct Said<'a> {
    number: &'a str,
    provider_number: &'a str,
    status: TradeStatus,
    total: i64,
    paid_at: Option<i64>,
    /// The number of the refund that brought the news about, and when it was made.
    refund: Option<(&'a str, Option<i64>)>,
}

/// Notes a notification that the adapter has read, whose signature it has checked. Idempotent.
pub fn notified(tx: &mut Tx, said: &Notification) -> Result<Noted, Stop<Refused>> {
    note(
        tx,
        &Said {
            number: &said.out_trade_no,
            provider_number: &said.trade_no,
            status: said.status,
            total: said.total,
            paid_at: said.paid_at,
            refund: said.out_request_no.as_deref().map(|number| (number, said.refunded_at)),
        },
    )
}

/// Notes the answer to our own question after the payment with that number. Idempotent.
pub fn answered(tx: &mut Tx, number: &str, trade: &Trade) -> Result<Noted, Stop<Refused>> {
    note(
        tx,
        &Said {
            number,
            provider_number: &trade.trade_no,
            status: trade.status,
            total: trade.total,
            paid_at: trade.paid_at,
            refund: None,
        },
    )
}

fn note(tx: &mut Tx, said: &Said) -> Result<Noted, Stop<Refused>> {
    let query = payment::table.filter(payment::number.eq(said.number)).select(columns());
    let row: Option<PaymentRow> = on_each!(tx.db, c => query.get_result(c)).optional()?;
    let Some(row) = row else { return Ok(Noted::Unknown) };
    let ours: Payment = read(row)?;
    let noted = match said.status {
        TradeStatus::WaitBuyerPay => {
            note_provider_number(tx, &ours, said)?;
            Noted::Waiting
        }
        TradeStatus::Success | TradeStatus::Finished => paid(tx, &ours, said)?,
        TradeStatus::Closed if ours.state == PaymentState::Open => {
            note_provider_number(tx, &ours, said)?;
            close(tx, &ours.id)?;
            Noted::Closed
        }
        // Wholly refunded, or closed at our own wish.
        TradeStatus::Closed => Noted::Again,
    };
    if let Some((number, at)) = said.refund
        && let Some(id) = id_of(number)
    {
        refund_done(tx, &id, &ours.id, at.unwrap_or(tx.now))?;
    }
    Ok(noted)
}

fn note_provider_number(tx: &mut Tx, ours: &Payment, said: &Said) -> QueryResult<()> {
    let unknown = payment::table.filter(payment::id.eq(&ours.id)).filter(payment::provider_number.is_null());
    diesel::update(unknown).set(payment::provider_number.eq(Some(said.provider_number))).execute(tx.db)?;
    Ok(())
}

fn paid(tx: &mut Tx, ours: &Payment, said: &Said) -> Result<Noted, Stop<Refused>> {
    let right = said.total == ours.amount && ours.currency == CURRENCY;
    let state = if right { PaymentState::Paid } else { PaymentState::DisputedAmount };
    let mine = kept![
        "update payment set state = ",
        Text: state.id(),
        ", provider_number = ",
        Text: said.provider_number,
        ", paid_at = ",
        BigInt: said.paid_at.unwrap_or(tx.now),
        ", version = version + 1 where id = ",
        Text: &ours.id,
        " and state in (",
        Text: PaymentState::Open.id(),
        ", ",
        Text: PaymentState::Closed.id(),
        ")"
    ];
    if on_each!(tx.db, c => mine.execute(c))? == 0 {
        return Ok(Noted::Again);
    }
    if !right {
        tracing::error!(payment = %ours.id, "the payment company names another amount than ours");
        // What is booked and given back is what its own answer to our question says; the job asks it first.
        ask_refund(tx, &ours.id, None, said.total)?;
        return Ok(Noted::Disputed);
    }
    let parts = parts_of(tx, &ours.checkout)?;
    let mut rest = ours.amount;
    for part in parts.into_iter().filter(|part| part.is(OrderState::Placed) && part.seen.total <= ours.amount) {
        if part.seen.total > rest {
            break;
        }
        match step_from(tx, &part.id, part.seen, OrderState::Paid) {
            Ok(paid) => {
                settlement::hold(tx, &paid.order, &paid.shop, paid.total, &ours.currency)?;
                rest -= paid.total;
            }
            // Closed in the same moment: its part goes back below.
            Err(Stop::Refused(_)) => {}
            Err(fault) => return Err(fault),
        }
    }
    if rest > 0 {
        give_rest_back(tx, ours, rest)?;
    }
    // What has just been paid is held.
    if rest == ours.amount {
        settle_if_empty(tx, &ours.id, &ours.checkout)?;
    }
    Ok(Noted::Paid)
}

/// What came in for orders that had ended, or that another payment had paid: booked, and on its way back at once.
fn give_rest_back(tx: &mut Tx, ours: &Payment, rest: i64) -> Result<(), Stop<Refused>> {
    let mut left = rest;
    let mut backs: Vec<(Option<Part>, i64)> = Vec::new();
    for part in parts_of(tx, &ours.checkout)? {
        let ended_unpaid = part.is(OrderState::Cancelled) || part.is(OrderState::Closed);
        let was_covered = part.completed_at.is_some_and(|at| at >= ours.begun_at);
        let total = part.seen.total;
        if ended_unpaid && was_covered && total <= left {
            left -= total;
            backs.push((Some(part), total));
        }
    }
    if left > 0 {
        backs.push((None, left));
    }
    let mut postings = vec![Posting::new(Account::Provider, None, -rest, &ours.currency)];
    for (part, amount) in &backs {
        postings.push(Posting::new(Account::Held, part.as_ref().map(|part| &part.seen.shop), *amount, &ours.currency));
    }
    settlement::post(tx, Kind::Paid, &ours.id, &postings)?;
    for (part, amount) in backs {
        ask_refund(tx, &ours.id, part.as_ref().map(|part| &part.id), amount)?;
    }
    Ok(())
}

/// Marks the payment settled where nothing of it is held any more: every order of its checkout has ended, every refund
/// has arrived. From then on its term of keeping counts (3.1.5-1A: `Settled + 3 Years`).
fn settle_if_empty<R>(tx: &mut Tx, id: &Id, checkout: &Id) -> Result<(), Stop<R>> {
    let under_way: i64 = refund::table
        .filter(refund::of_payment.eq(id))
        .filter(refund::state.ne(RefundState::Done.id()))
        .count()
        .get_result(tx.db)?;
    let held = parts_of(tx, checkout)?.iter().any(|part| {
        [OrderState::Paid, OrderState::Shipped, OrderState::Received].into_iter().any(|state| part.is(state))
    });
    if under_way == 0 && !held {
        let unsettled = payment::table.filter(payment::id.eq(id)).filter(payment::settled_at.is_null());
        diesel::update(unsettled).set(payment::settled_at.eq(Some(tx.now))).execute(tx.db)?;
    }
    Ok(())
}

/// An order of the checkout has been settled: perhaps its payments are, too.
pub(crate) fn settle_those_of<R>(tx: &mut Tx, checkout: &Id) -> Result<(), Stop<R>> {
    let paid: Vec<Id> = payment::table
        .filter(payment::checkout.eq(checkout))
        .filter(payment::paid_at.is_not_null())
        .select(payment::id)
        .load(tx.db)?;
    for id in &paid {
        settle_if_empty(tx, id, checkout)?;
    }
    Ok(())
}

// --- what people see ----------------------------------------------------------------------------------------------

/// The payments of the buyer's checkout, oldest first: usually one.
pub fn of_checkout<R>(scope: &mut impl Scope, buyer: &Buyer, checkout: &Id) -> Result<Vec<Payment>, Stop<R>> {
    let query = payment::table
        .filter(payment::checkout.eq(checkout))
        .filter(payment::buyer.eq(&buyer.member))
        .order(payment::id)
        .select(columns());
    let rows: Vec<PaymentRow> = on_each!(scope.db(), c => query.load(c))?;
    rows.into_iter().map(read).collect()
}

/// The buyer's payment with that number, for the page to which the payer's browser comes back.
pub fn by_number<R>(scope: &mut impl Scope, buyer: &Buyer, number: &str) -> Result<Option<Payment>, Stop<R>> {
    let query =
        payment::table.filter(payment::number.eq(number)).filter(payment::buyer.eq(&buyer.member)).select(columns());
    let row: Option<PaymentRow> = on_each!(scope.db(), c => query.get_result(c)).optional()?;
    row.map(read).transpose()
}

/// For the operator: payments of another amount than ours, newest first.
pub fn disputed<R>(scope: &mut impl Scope, before: Option<&Id>, limit: i64) -> Result<Vec<Payment>, Stop<R>> {
    let mut found = payment::table
        .filter(payment::state.eq(PaymentState::DisputedAmount.id()))
        .order(payment::id.desc())
        .limit(limit)
        .select(columns())
        .into_boxed();
    if let Some(before) = before {
        found = found.filter(payment::id.lt(before.clone()));
    }
    found.load::<PaymentRow>(scope.db())?.into_iter().map(read).collect()
}

// --- for the jobs -------------------------------------------------------------------------------------------------

pub(crate) fn by_id<R>(scope: &mut impl Scope, id: &Id) -> Result<Option<Payment>, Stop<R>> {
    let row: Option<PaymentRow> = payment::table.find(id).select(columns()).first(scope.db()).optional()?;
    row.map(read).transpose()
}

/// A checkout of which an unpaid order has run out.
pub(crate) struct RunOut {
    pub checkout: Id,
    pub since: i64,
    pub open: Option<Payment>,
}

/// Checkouts with unpaid orders whose time has run out, oldest first.
pub(crate) fn run_out<R>(scope: &mut impl Scope, limit: i64) -> Result<Vec<RunOut>, Stop<R>> {
    let now = scope.now();
    // The state stands in the words: PostgreSQL's general plan takes an index of one state for no other's.
    let waited = kept![(Text, BigInt) =>
        "select checkout, pay_until from purchase_order where state = 'placed' and pay_until <= ",
        BigInt: now,
        " order by pay_until, id limit ",
        BigInt: limit,
        ""
    ];
    let orders: Vec<(Id, i64)> = on_each!(scope.db(), c => waited.load(c))?;
    let mut found: Vec<RunOut> = Vec::new();
    for (checkout, since) in orders {
        if found.iter().any(|known| known.checkout == checkout) {
            continue;
        }
        let open = open_of(scope, &checkout)?.map(|(open, _)| open);
        found.push(RunOut { checkout, since, open });
    }
    Ok(found)
}

/// Closes the unpaid orders of a checkout that have run out, and its payment with the last of them; their stock goes
/// back on the shelf. How many were closed.
pub(crate) fn close_run_out(tx: &mut Tx, checkout: &Id) -> Result<usize, Stop<Refused>> {
    let now = tx.now;
    let mut closed = 0;
    for part in parts_of(tx, checkout)?.iter().filter(|part| part.is(OrderState::Placed) && part.pay_until <= now) {
        match step(tx, &part.id, OrderState::Closed) {
            Ok(_) => closed += 1,
            // Paid or cancelled in the same moment.
            Err(Stop::Refused(_)) => {}
            Err(fault) => return Err(fault),
        }
    }
    let waits = parts_of(tx, checkout)?.iter().any(|part| part.is(OrderState::Placed));
    if !waits && let Some((open, _)) = open_of(tx, checkout)? {
        close(tx, &open.id)?;
    }
    Ok(closed)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 3.1.5-1A.1: the payment company's rules of form, and nothing in the subject that says what was bought.
    #[test]
    fn numbers_are_random_and_in_the_payment_companys_form() {
        let (one, other) = (random_text(19), random_text(19));
        assert_ne!(one, other);
        assert!(one.len() == 19 && one.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()));
        assert!(!SUBJECT.contains(['/', '=', '&', ',']));
    }
}
