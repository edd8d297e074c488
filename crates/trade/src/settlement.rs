//! 2.3.3: whose the money is. A journal of double entry, the sellers' balances and statements, payouts.
//!
//! Every posting says how much came to (or, negative, left) an account. Money enters from `provider`, is `held` per order
//! until the trade is completed, then belongs to the `seller` less the marketplace's `commission`, and leaves to
//! `paid_out`; a refund goes back to `provider`. So the sum of all postings is zero at every moment, and
//! `-provider = held + seller + commission + paid_out` says where everything is that was ever paid.
//!
//! The commission is the one frozen on the order's lines at placement. Nothing here computes it anew.

use crate::Refused;
use crate::policy::{journal_entry, order_line, payout, posting, purchase_order};
use crate::state::OrderState;
use catalogue::shop::Seller;
use db::{Id, NewJob, Scope, Stop, Tx, insert_all, on_each};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use std::collections::BTreeMap;

pub(crate) const PAYOUT_JOB: &str = "trade.payout";

/// The most of one payout, in minor units: the payment company's limit of 100,000,000.00 yuan.
const PAYOUT_MAX: i64 = 10_000_000_000;

/// Postings of one statement.
const POSTINGS_MAX: usize = 100;

/// How long after a failed payout the next is tried by itself.
const PAUSE_AFTER_FAILURE: i64 = db::clock::DAY;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Account {
    /// The payment company, seen from outside: what came from there is negative.
    Provider,
    /// Paid by buyers and not yet anybody's.
    Held,
    /// Owed to a seller.
    Seller,
    /// The marketplace's own.
    Commission,
    PaidOut,
}

impl Account {
    pub const ALL: [Account; 5] =
        [Account::Provider, Account::Held, Account::Seller, Account::Commission, Account::PaidOut];

    pub const fn id(self) -> &'static str {
        match self {
            Account::Provider => "provider",
            Account::Held => "held",
            Account::Seller => "seller",
            Account::Commission => "commission",
            Account::PaidOut => "paid_out",
        }
    }

    pub fn parse(id: &str) -> Option<Account> {
        Account::ALL.into_iter().find(|account| account.id() == id)
    }
}

/// Why an entry was made. A thing has at most one entry of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// About an order, or about a payment where no order takes the money.
    Paid,
    /// About an order.
    Released,
    /// About a refund.
    Refunded,
    /// About a payout.
    PaidOut,
    /// About a payout: what was on its way has come back.
    PayoutFailed,
}

impl Kind {
    pub const ALL: [Kind; 5] = [Kind::Paid, Kind::Released, Kind::Refunded, Kind::PaidOut, Kind::PayoutFailed];

    pub const fn id(self) -> &'static str {
        match self {
            Kind::Paid => "paid",
            Kind::Released => "released",
            Kind::Refunded => "refunded",
            Kind::PaidOut => "paid_out",
            Kind::PayoutFailed => "payout_failed",
        }
    }

    pub fn parse(id: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.id() == id)
    }
}

/// One line of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    pub account: Account,
    /// Whose trade it is; of the seller's money always, of held money where it is an order's.
    pub shop: Option<Id>,
    /// Minor units; positive comes to the account, negative leaves it.
    pub amount: i64,
    pub currency: String,
}

impl Posting {
    pub fn new(account: Account, shop: Option<&Id>, amount: i64, currency: &str) -> Posting {
        Posting { account, shop: shop.cloned(), amount, currency: currency.to_owned() }
    }
}

/// What is wrong with the postings of an entry; a fault of the program.
fn unfit(postings: &[Posting]) -> Option<&'static str> {
    let mut sums: BTreeMap<&str, i128> = BTreeMap::new();
    for line in postings {
        if line.amount == 0 {
            return Some("an entry posts nothing to an account");
        }
        if line.shop.is_none() && matches!(line.account, Account::Seller | Account::PaidOut) {
            return Some("an entry posts a seller's money to no shop");
        }
        *sums.entry(&line.currency).or_default() += i128::from(line.amount);
    }
    if postings.is_empty() {
        Some("an entry without postings")
    } else if sums.values().any(|sum| *sum != 0) {
        Some("the postings of an entry do not sum to zero")
    } else {
        None
    }
}

/// Writes an entry. What does not sum to zero in every currency is a fault and nothing is written. `false`: the thing
/// has an entry of this kind already, and nothing was written.
pub fn post<R>(tx: &mut Tx, kind: Kind, about: &Id, postings: &[Posting]) -> Result<bool, Stop<R>> {
    if let Some(fault) = unfit(postings) {
        return Err(Stop::fault(fault));
    }
    let id = tx.id();
    let head = (
        journal_entry::id.eq(&id),
        journal_entry::kind.eq(kind.id()),
        journal_entry::about.eq(about),
        journal_entry::at.eq(tx.now),
    );
    let new = on_each!(tx.db, conn => diesel::insert_into(journal_entry::table)
        .values(head)
        .on_conflict((journal_entry::about, journal_entry::kind))
        .do_nothing()
        .execute(conn))?;
    if new == 0 {
        return Ok(false);
    }
    let lines: Vec<_> = postings
        .iter()
        .zip(1i64..)
        .map(|(line, number)| {
            (
                posting::entry.eq(id.clone()),
                posting::line.eq(number),
                posting::account.eq(line.account.id()),
                posting::shop.eq(line.shop.clone()),
                posting::amount.eq(line.amount),
                posting::currency.eq(line.currency.clone()),
            )
        })
        .collect();
    on_each!(tx.db, c => insert_all!(c, posting::table, lines, POSTINGS_MAX))?;
    Ok(true)
}

/// The buyer's payment of an order is held until the trade is completed. `false` if it is held already.
pub fn hold<R>(tx: &mut Tx, order: &Id, shop: &Id, total: i64, currency: &str) -> Result<bool, Stop<R>> {
    let postings = [
        Posting::new(Account::Provider, None, -total, currency),
        Posting::new(Account::Held, Some(shop), total, currency),
    ];
    post(tx, Kind::Paid, order, &postings)
}

/// The trade is completed: what was held for the order is the seller's, less the commission that was frozen at
/// placement. `false` if it is released already.
pub fn release(tx: &mut Tx, order: &Id) -> Result<bool, Stop<Refused>> {
    let (shop, checkout, state, total, currency): (Id, Id, String, i64, String) = purchase_order::table
        .find(order)
        .select((
            purchase_order::shop,
            purchase_order::checkout,
            purchase_order::state,
            purchase_order::total,
            purchase_order::currency,
        ))
        .first(tx.db)
        .optional()?
        .ok_or(Stop::Refused(Refused::NoSuchOrder))?;
    if state != OrderState::Completed.id() {
        return Err(Stop::fault("money was to be released for an order that is not completed"));
    }
    if held_for_order(tx, order)? != total {
        return Err(Stop::fault("a completed order holds another amount than its total"));
    }
    let commissions: Vec<i64> =
        order_line::table.filter(order_line::of_order.eq(order)).select(order_line::commission).load(tx.db)?;
    let commission: i64 = commissions.iter().sum();
    if !(0..=total).contains(&commission) {
        return Err(Stop::fault("the commission of an order is more than its total"));
    }
    let postings: Vec<Posting> =
        [(Account::Held, -total), (Account::Seller, total - commission), (Account::Commission, commission)]
            .into_iter()
            .filter(|(_, amount)| *amount != 0)
            .map(|(account, amount)| Posting::new(account, Some(&shop), amount, &currency))
            .collect();
    let new = post(tx, Kind::Released, order, &postings)?;
    if new {
        crate::payment::settle_those_of(tx, &checkout)?;
    }
    Ok(new)
}

/// Completes a received order: the state, and the money with it.
pub fn complete(tx: &mut Tx, order: &Id) -> Result<(), Stop<Refused>> {
    crate::state::step(tx, order, OrderState::Completed)?;
    release(tx, order)?;
    Ok(())
}

/// The provider has given `amount` back to the buyer. `false` if that is booked already.
pub fn refund<R>(tx: &mut Tx, refund: &Id, shop: Option<&Id>, amount: i64, currency: &str) -> Result<bool, Stop<R>> {
    let postings =
        [Posting::new(Account::Held, shop, -amount, currency), Posting::new(Account::Provider, None, amount, currency)];
    post(tx, Kind::Refunded, refund, &postings)
}

/// What the journal says came in for the order and is neither released nor refunded by an entry about it.
fn held_for_order(tx: &mut Tx, order: &Id) -> QueryResult<i64> {
    let amounts: Vec<i64> = posting::table
        .inner_join(journal_entry::table.on(journal_entry::id.eq(posting::entry)))
        .filter(journal_entry::about.eq(order))
        .filter(journal_entry::kind.eq(Kind::Paid.id()))
        .filter(posting::account.eq(Account::Held.id()))
        .select(posting::amount)
        .load(tx.db)?;
    Ok(amounts.iter().sum())
}

diesel::allow_tables_to_appear_in_same_query!(journal_entry, posting);

// --- payouts ------------------------------------------------------------------------------------------------------

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PayoutState {
    /// The payment company is being asked.
    Asked,
    Done,
    /// The amount is the seller's balance again; [`Payout::why`] says why.
    Failed,
}

impl PayoutState {
    pub const fn id(self) -> &'static str {
        match self {
            PayoutState::Asked => "asked",
            PayoutState::Done => "done",
            PayoutState::Failed => "failed",
        }
    }

    fn parse<R>(id: &str) -> Result<PayoutState, Stop<R>> {
        [PayoutState::Asked, PayoutState::Done, PayoutState::Failed]
            .into_iter()
            .find(|state| state.id() == id)
            .ok_or_else(|| Stop::fault("a payout has a state that does not exist"))
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payout {
    pub id: Id,
    pub shop: Id,
    /// Minor units of `currency`.
    pub amount: i64,
    pub currency: String,
    pub state: PayoutState,
    pub made_at: i64,
    pub done_at: Option<i64>,
    pub provider_number: Option<String>,
    /// Fluent message of a failure's reason, or empty.
    pub why: &'static str,
    /// The payment company's own code of the failure, or empty.
    pub code: String,
}

impl Payout {
    /// The number under which the payment company knows it.
    pub fn request_number(&self) -> String {
        request_number(&self.id)
    }
}

/// An id as the payment company takes numbers: letters and digits.
pub(crate) fn request_number(id: &Id) -> String {
    id.as_str().replace('-', "")
}

type PayoutRow = (Id, Id, i64, String, String, i64, Option<i64>, Option<String>, String);

const PAYOUT: (
    payout::id,
    payout::shop,
    payout::amount,
    payout::currency,
    payout::state,
    payout::made_at,
    payout::done_at,
    payout::provider_number,
    payout::why,
) = (
    payout::id,
    payout::shop,
    payout::amount,
    payout::currency,
    payout::state,
    payout::made_at,
    payout::done_at,
    payout::provider_number,
    payout::why,
);

fn read_payout<R>(row: PayoutRow) -> Result<Payout, Stop<R>> {
    let (id, shop, amount, currency, state, made_at, done_at, provider_number, code) = row;
    let state = PayoutState::parse(&state)?;
    let why = match (state, code.as_str()) {
        (PayoutState::Asked | PayoutState::Done, _) => "",
        (_, why::ACCOUNT | partners::alipay::refusal::PAYEE_NOT_EXIST) => "payout-failed-account",
        (_, why::OWNER) => "payout-failed-owner",
        (_, partners::alipay::refusal::PAYER_BALANCE_NOT_ENOUGH) => "payout-failed-marketplace",
        _ => "payout-failed-other",
    };
    Ok(Payout { id, shop, amount, currency, state, made_at, done_at, provider_number, why, code })
}

/// Our own codes of a payout's failure, beside the payment company's.
pub(crate) mod why {
    /// There is no account, or it is not in a form that can be paid to.
    pub const ACCOUNT: &str = "no_usable_account";
    /// The shop's owner has left, or their data are restricted.
    pub const OWNER: &str = "owner_not_reachable";
    pub const RETURNED: &str = "returned";
}

/// Begins to pay out what the shop's balance holds (at most what one payout may be): the balance goes down at once, a job
/// asks the payment company. `None` where there is nothing to pay, or a payout of the shop is under way.
pub fn pay_out<R>(tx: &mut Tx, shop: &Id, currency: &str) -> Result<Option<Id>, Stop<R>> {
    let id = tx.id();
    let row = (
        payout::id.eq(&id),
        payout::shop.eq(shop),
        payout::amount.eq(0),
        payout::currency.eq(currency),
        payout::state.eq(PayoutState::Asked.id()),
        payout::made_at.eq(tx.now),
        payout::why.eq(""),
    );
    // First the row, which bars others until the commit, then the look at the balance: so no two pay out the same.
    let mine = on_each!(tx.db, conn => diesel::insert_into(payout::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(conn))?;
    if mine == 0 {
        return Ok(None);
    }
    let amount = balance_of(tx, shop, Account::Seller, currency)?.min(PAYOUT_MAX);
    if amount <= 0 {
        diesel::delete(payout::table.find(&id)).execute(tx.db)?;
        return Ok(None);
    }
    diesel::update(payout::table.find(&id)).set(payout::amount.eq(amount)).execute(tx.db)?;
    let postings = [
        Posting::new(Account::Seller, Some(shop), -amount, currency),
        Posting::new(Account::PaidOut, Some(shop), amount, currency),
    ];
    post(tx, Kind::PaidOut, &id, &postings)?;
    ask_for(tx, &id);
    Ok(Some(id))
}

pub(crate) fn ask_for(tx: &mut Tx, payout: &Id) {
    tx.enqueue(NewJob {
        kind: PAYOUT_JOB,
        unique: Some(payout.to_string()),
        due_at: tx.now,
        body: serde_json::json!({ "payout": payout }),
    });
}

/// The payment company has paid. `false` where the payout was no longer asked for.
pub fn paid_out<R>(tx: &mut Tx, payout: &Id, provider_number: &str, at: i64) -> Result<bool, Stop<R>> {
    let open = payout::table.filter(payout::id.eq(payout)).filter(payout::state.eq(PayoutState::Asked.id()));
    let done = diesel::update(open)
        .set((
            payout::state.eq(PayoutState::Done.id()),
            payout::done_at.eq(Some(at)),
            payout::provider_number.eq(Some(provider_number)),
        ))
        .execute(tx.db)?;
    Ok(done == 1)
}

/// The payment company has not paid, or the money came back: it is the seller's balance again.
pub fn payout_failed<R>(tx: &mut Tx, payout: &Id, code: &str) -> Result<bool, Stop<R>> {
    let Some(failed) = payout_of(tx, payout)? else { return Ok(false) };
    let here = payout::table.filter(payout::id.eq(payout)).filter(payout::state.ne(PayoutState::Failed.id()));
    let moved = diesel::update(here)
        .set((payout::state.eq(PayoutState::Failed.id()), payout::done_at.eq(Some(tx.now)), payout::why.eq(code)))
        .execute(tx.db)?;
    if moved == 0 {
        return Ok(false);
    }
    let postings = [
        Posting::new(Account::PaidOut, Some(&failed.shop), -failed.amount, &failed.currency),
        Posting::new(Account::Seller, Some(&failed.shop), failed.amount, &failed.currency),
    ];
    post(tx, Kind::PayoutFailed, payout, &postings)
}

/// A payout by its id, for the job that carries it out.
pub(crate) fn payout_of<R>(scope: &mut impl Scope, id: &Id) -> Result<Option<Payout>, Stop<R>> {
    let row: Option<PayoutRow> = payout::table.find(id).select(PAYOUT).first(scope.db()).optional()?;
    row.map(read_payout).transpose()
}

/// Payouts of the seller's shop, newest first, before the one given.
pub fn payouts<R>(
    scope: &mut impl Scope,
    seller: &Seller,
    before: Option<&Id>,
    limit: i64,
) -> Result<Vec<Payout>, Stop<R>> {
    let mut found = payout::table
        .filter(payout::shop.eq(&seller.shop))
        .order(payout::id.desc())
        .limit(limit)
        .select(PAYOUT)
        .into_boxed();
    if let Some(before) = before {
        found = found.filter(payout::id.lt(before.clone()));
    }
    found.load::<PayoutRow>(scope.db())?.into_iter().map(read_payout).collect()
}

/// Payouts that need the operator's eye: under way since before `since`, or failed after it; newest first, from before
/// `before`.
pub fn payouts_to_look_at<R>(
    scope: &mut impl Scope,
    since: i64,
    before: Option<&Id>,
    limit: i64,
) -> Result<Vec<Payout>, Stop<R>> {
    let mut found = payout::table
        .filter(
            (payout::state.eq(PayoutState::Asked.id()).and(payout::made_at.lt(since)))
                .or(payout::state.eq(PayoutState::Failed.id()).and(payout::done_at.ge(since))),
        )
        .order(payout::id.desc())
        .limit(limit)
        .select(PAYOUT)
        .into_boxed();
    if let Some(before) = before {
        found = found.filter(payout::id.lt(before.clone()));
    }
    found.load::<PayoutRow>(scope.db())?.into_iter().map(read_payout).collect()
}

/// Payouts asked for before `at` and not answered yet.
pub(crate) fn waiting_payouts(scope: &mut impl Scope, at: i64, limit: i64) -> QueryResult<Vec<Id>> {
    payout::table
        .filter(payout::state.eq(PayoutState::Asked.id()))
        .filter(payout::made_at.le(at))
        .order(payout::made_at)
        .limit(limit)
        .select(payout::id)
        .load(scope.db())
}

/// Shops with a balance, in order, after the one given; not those whose last payout failed within a day (the seller can
/// ask before, by [`pay_out_again`]).
pub(crate) fn shops_to_pay<R>(
    scope: &mut impl Scope,
    after: Option<&Id>,
    limit: i64,
) -> Result<Vec<(Id, String)>, Stop<R>> {
    let rows: Vec<Sum> = diesel::sql_query(
        "select '' as account, shop, currency, cast(sum(amount) as bigint) as amount from posting \
         where account = 'seller' and shop is not null and shop > $1 \
           and not exists (select 1 from payout where payout.shop = posting.shop and payout.state = 'failed' \
             and payout.done_at > $2) \
         group by shop, currency having sum(amount) > 0 order by shop, currency limit $3",
    )
    .bind::<Text, _>(after.map_or("", Id::as_str))
    .bind::<BigInt, _>(scope.now() - PAUSE_AFTER_FAILURE)
    .bind::<BigInt, _>(limit)
    .load(scope.db())?;
    Ok(rows.into_iter().filter_map(|row| Some((row.shop?, row.currency))).collect())
}

/// The seller asks for their balance now: after they corrected their account, or just so.
pub fn pay_out_again(tx: &mut Tx, seller: &Seller, currency: &str) -> Result<Id, Stop<Refused>> {
    pay_out(tx, &seller.shop, currency)?.ok_or(Stop::Refused(Refused::NothingToPayOut))
}

// --- balances -----------------------------------------------------------------------------------------------------

#[derive(QueryableByName)]
struct Sum {
    #[diesel(sql_type = Text)]
    account: String,
    #[diesel(sql_type = Nullable<Text>)]
    shop: Option<Id>,
    #[diesel(sql_type = Text)]
    currency: String,
    #[diesel(sql_type = BigInt)]
    amount: i64,
}

fn balance_of(scope: &mut impl Scope, shop: &Id, account: Account, currency: &str) -> QueryResult<i64> {
    let rows: Vec<Sum> = diesel::sql_query(
        "select account, shop, currency, cast(sum(amount) as bigint) as amount from posting \
         where shop = $1 and account = $2 and currency = $3 group by account, shop, currency",
    )
    .bind::<Text, _>(shop)
    .bind::<Text, _>(account.id())
    .bind::<Text, _>(currency)
    .load(scope.db())?;
    Ok(rows.first().map_or(0, |row| row.amount))
}

/// A seller's money, in minor units of `currency`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Balance {
    pub currency: String,
    /// Paid by buyers for orders that are not completed, commission included.
    pub held: i64,
    /// Theirs, to be paid out next.
    pub available: i64,
    /// On its way to their account.
    pub under_way: i64,
    /// Ever paid out and arrived.
    pub paid_out: i64,
    /// Ever taken by the marketplace.
    pub commission: i64,
}

/// The seller's balance in the marketplace's currency.
pub fn balance<R>(scope: &mut impl Scope, seller: &Seller, currency: &str) -> Result<Balance, Stop<R>> {
    let rows: Vec<Sum> = diesel::sql_query(
        "select account, shop, currency, cast(sum(amount) as bigint) as amount from posting \
         where shop = $1 and currency = $2 group by account, shop, currency",
    )
    .bind::<Text, _>(&seller.shop)
    .bind::<Text, _>(currency)
    .load(scope.db())?;
    let of = |account: Account| rows.iter().find(|row| row.account == account.id()).map_or(0, |row| row.amount);
    let under_way: i64 = payout::table
        .filter(payout::shop.eq(&seller.shop))
        .filter(payout::state.eq(PayoutState::Asked.id()))
        .filter(payout::currency.eq(currency))
        .select(payout::amount)
        .load::<i64>(scope.db())?
        .iter()
        .sum();
    Ok(Balance {
        currency: currency.to_owned(),
        held: of(Account::Held),
        available: of(Account::Seller),
        under_way,
        paid_out: of(Account::PaidOut) - under_way,
        commission: of(Account::Commission),
    })
}

/// One movement of a seller's balance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementLine {
    pub entry: Id,
    pub kind: Kind,
    /// The order or the payout.
    pub about: Id,
    pub at: i64,
    /// What came to the balance, or, negative, left it; minor units.
    pub amount: i64,
    /// What the marketplace took of the same order.
    pub commission: i64,
    pub currency: String,
}

/// The seller's statement, newest first, before the entry given.
pub fn statement<R>(
    scope: &mut impl Scope,
    seller: &Seller,
    before: Option<&Id>,
    limit: i64,
) -> Result<Vec<StatementLine>, Stop<R>> {
    let mut found = posting::table
        .inner_join(journal_entry::table.on(journal_entry::id.eq(posting::entry)))
        .filter(posting::shop.eq(&seller.shop))
        .filter(posting::account.eq(Account::Seller.id()))
        .order(posting::entry.desc())
        .limit(limit)
        .select((
            journal_entry::id,
            journal_entry::kind,
            journal_entry::about,
            journal_entry::at,
            posting::amount,
            posting::currency,
        ))
        .into_boxed();
    if let Some(before) = before {
        found = found.filter(posting::entry.lt(before.clone()));
    }
    let rows: Vec<(Id, String, Id, i64, i64, String)> = found.load(scope.db())?;
    let entries: Vec<Id> = rows.iter().map(|row| row.0.clone()).collect();
    let commissions: BTreeMap<Id, i64> = posting::table
        .filter(posting::entry.eq_any(entries))
        .filter(posting::account.eq(Account::Commission.id()))
        .select((posting::entry, posting::amount))
        .load::<(Id, i64)>(scope.db())?
        .into_iter()
        .collect();
    rows.into_iter()
        .map(|(entry, kind, about, at, amount, currency)| {
            let kind = Kind::parse(&kind).ok_or_else(|| Stop::fault("an entry is of a kind that does not exist"))?;
            let commission = commissions.get(&entry).copied().unwrap_or(0);
            Ok(StatementLine { entry, kind, about, at, amount, commission, currency })
        })
        .collect()
}

/// The sum of an account over all shops, in minor units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Total {
    pub account: Account,
    pub currency: String,
    pub amount: i64,
}

/// For the operator: where all money is.
pub fn totals<R>(scope: &mut impl Scope) -> Result<Vec<Total>, Stop<R>> {
    let rows: Vec<Sum> = diesel::sql_query(
        "select account, null as shop, currency, cast(sum(amount) as bigint) as amount from posting \
         group by account, currency order by currency, account",
    )
    .load(scope.db())?;
    rows.into_iter()
        .map(|row| {
            let account = Account::parse(&row.account)
                .ok_or_else(|| Stop::fault("a posting to an account that does not exist"))?;
            Ok(Total { account, currency: row.currency, amount: row.amount })
        })
        .collect()
}

/// Whether the books balance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrialBalance {
    /// Sum of all postings, by currency; each must be zero.
    pub sums: Vec<(String, i64)>,
    /// Entries that do not sum to zero by themselves; must be none.
    pub unbalanced_entries: i64,
    /// Balances of shops below zero; must be none.
    pub overdrawn: i64,
}

impl TrialBalance {
    pub fn holds(&self) -> bool {
        self.unbalanced_entries == 0 && self.overdrawn == 0 && self.sums.iter().all(|(_, sum)| *sum == 0)
    }
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// Adds everything up. It reads the whole journal: for the nightly check and for tests.
pub fn trial_balance<R>(scope: &mut impl Scope) -> Result<TrialBalance, Stop<R>> {
    let sums: Vec<Sum> = diesel::sql_query(
        "select '' as account, null as shop, currency, cast(sum(amount) as bigint) as amount from posting \
         group by currency order by currency",
    )
    .load(scope.db())?;
    let unbalanced: Count = diesel::sql_query(
        "select count(*) as n from (select entry from posting group by entry, currency having sum(amount) <> 0) as off",
    )
    .get_result(scope.db())?;
    let overdrawn: Count = diesel::sql_query(
        "select count(*) as n from (select shop from posting where account in ('seller', 'held') \
         group by account, shop, currency having sum(amount) < 0) as below",
    )
    .get_result(scope.db())?;
    Ok(TrialBalance {
        sums: sums.into_iter().map(|row| (row.currency, row.amount)).collect(),
        unbalanced_entries: unbalanced.n,
        overdrawn: overdrawn.n,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn line(account: Account, amount: i64) -> Posting {
        let shop = Id::fresh();
        Posting::new(account, Some(&shop), amount, "CNY")
    }

    #[test]
    fn an_entry_that_does_not_sum_to_zero_is_refused() {
        assert!(unfit(&[line(Account::Held, -100), line(Account::Seller, 98), line(Account::Commission, 2)]).is_none());
        assert!(unfit(&[]).is_some());
        assert!(unfit(&[line(Account::Held, -100), line(Account::Seller, 99)]).is_some());
        assert!(unfit(&[line(Account::Held, 0), line(Account::Seller, 0)]).is_some());
        let other = Posting { currency: "USD".into(), ..line(Account::Seller, 100) };
        assert!(unfit(&[line(Account::Held, -100), other]).is_some(), "currencies do not make up for each other");
        let nobodys = Posting { shop: None, ..line(Account::Seller, 100) };
        assert!(unfit(&[line(Account::Held, -100), nobodys]).is_some());
    }

    proptest! {
        #[test]
        fn no_amounts_overflow_into_balance(amounts in proptest::collection::vec(any::<i64>(), 1..6)) {
            let lines: Vec<Posting> = amounts.iter().map(|amount| line(Account::Held, *amount)).collect();
            let sum: i128 = amounts.iter().map(|amount| i128::from(*amount)).sum();
            prop_assert_eq!(unfit(&lines).is_none(), sum == 0 && amounts.iter().all(|amount| *amount != 0));
        }
    }
}
