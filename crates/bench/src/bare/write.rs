//! The bare server's statements and its commits: on SQLite one connection that puts what waits into one commit, each
//! order in a savepoint, for one that is short must not undo the others; on PostgreSQL so many connections, each order a
//! transaction, whose commits the server groups by itself.

use super::tables::{cart_item, checkout, consignee, order_line, purchase_order, variant};
use crate::prepare::Good;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::sync::oneshot;

/// As in the marketplace.
const COMMANDS_PER_COMMIT_MAX: usize = 64;
/// As long as a hash of what the form said, and as the prices that were seen.
pub const CONTENT: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
pub const PRICES: &str = "6:3400 24:3200 96:3000";
pub const PAY_WITHIN: i64 = 72 * 3_600_000_000;
pub const SQLITE_SETTINGS: &str = "pragma busy_timeout = 10000; pragma journal_mode = wal; pragma synchronous = full; \
    pragma foreign_keys = on; pragma secure_delete = on; pragma temp_store = memory; \
    pragma journal_size_limit = 67108864; pragma cache_size = -16384; pragma trusted_schema = off";
pub const POSTGRES_SETTINGS: &str = "set timezone to 'UTC'; set client_min_messages to warning";

/// What a request wants written.
pub struct Work {
    pub what: What,
    /// The checkout's id, or nothing where the stock was short.
    pub answer: oneshot::Sender<Result<Option<String>, String>>,
}

pub enum What {
    /// The lines of a cart; between the measured rounds.
    Fill {
        member: String,
        lines: Vec<Good>,
    },
    Place(Order),
}

/// A checkout, its values as long as sealed ones.
pub struct Order {
    pub buyer: String,
    pub once: String,
    pub total: i64,
    pub lines: Vec<Good>,
    pub name: Vec<u8>,
    pub phone: Vec<u8>,
    pub place: Vec<u8>,
}

type Queue = Arc<Mutex<Receiver<Work>>>;

fn next(queue: &Queue) -> Option<Work> {
    queue.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

pub fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as i64)
}

pub fn fresh() -> String {
    db::Id::fresh().to_string()
}

/// One connection, many orders in a commit.
pub fn on_sqlite(path: &str, queue: &Queue) -> Result<(), String> {
    let mut connection = SqliteConnection::establish(path).map_err(|error| error.to_string())?;
    let told = |error: diesel::result::Error| error.to_string();
    connection.batch_execute(SQLITE_SETTINGS).map_err(told)?;
    while let Some(first) = next(queue) {
        let mut waiting = vec![first];
        while waiting.len() < COMMANDS_PER_COMMIT_MAX
            && let Ok(more) = queue.lock().unwrap_or_else(PoisonError::into_inner).try_recv()
        {
            waiting.push(more);
        }
        connection.batch_execute("begin immediate").map_err(told)?;
        let mut answers = Vec::with_capacity(waiting.len());
        for work in &waiting {
            connection.batch_execute("savepoint one").map_err(told)?;
            let done = sqlite::carry_out(&mut connection, &work.what);
            let end = if matches!(done, Ok(Some(_))) { "release one" } else { "rollback to one; release one" };
            connection.batch_execute(end).map_err(told)?;
            answers.push(done.map_err(told));
        }
        connection.batch_execute("commit").map_err(told)?;
        for (work, answer) in waiting.into_iter().zip(answers) {
            let _gone = work.answer.send(answer);
        }
    }
    Ok(())
}

/// One of several connections.
pub fn on_postgres(url: &str, queue: &Queue) -> Result<(), String> {
    let mut connection = PgConnection::establish(url).map_err(|error| error.to_string())?;
    let told = |error: diesel::result::Error| error.to_string();
    connection.batch_execute(POSTGRES_SETTINGS).map_err(told)?;
    while let Some(work) = next(queue) {
        connection.batch_execute("begin").map_err(told)?;
        let done = postgres::carry_out(&mut connection, &work.what);
        let end = if matches!(done, Ok(Some(_))) { "commit" } else { "rollback" };
        connection.batch_execute(end).map_err(told)?;
        let _gone = work.answer.send(done.map_err(told));
    }
    Ok(())
}

/// The same statements on either connection.
macro_rules! statements {
    ($module:ident, $connection:ty) => {
        mod $module {
            use super::*;

            pub fn carry_out(db: &mut $connection, what: &What) -> QueryResult<Option<String>> {
                match what {
                    What::Fill { member, lines } => fill(db, member, lines),
                    What::Place(order) => place(db, order),
                }
            }

            fn fill(db: &mut $connection, member: &str, lines: &[Good]) -> QueryResult<Option<String>> {
                let at = now();
                let rows: Vec<_> = lines
                    .iter()
                    .map(|good| {
                        (
                            cart_item::member.eq(member),
                            cart_item::product.eq(good.product.as_str()),
                            cart_item::variant.eq(good.variant.as_str()),
                            cart_item::quantity.eq(good.quantity),
                            cart_item::price_when_added.eq(good.price),
                            cart_item::prices_when_added.eq(PRICES),
                            cart_item::added_at.eq(at),
                            cart_item::changed_at.eq(at),
                            cart_item::chosen.eq(true),
                        )
                    })
                    .collect();
                diesel::insert_into(cart_item::table).values(rows).execute(db)?;
                Ok(Some(String::new()))
            }

            fn place(db: &mut $connection, order: &Order) -> QueryResult<Option<String>> {
                let (at, id, of) = (now(), fresh(), fresh());
                diesel::insert_into(checkout::table)
                    .values((
                        checkout::buyer.eq(&order.buyer),
                        checkout::id.eq(&id),
                        checkout::once.eq(&order.once),
                        checkout::content.eq(CONTENT),
                        checkout::placed_at.eq(at),
                        checkout::amount.eq(order.total),
                    ))
                    .execute(db)?;
                for line in &order.lines {
                    let taken = diesel::update(
                        variant::table
                            .find((line.product.as_str(), line.variant.as_str()))
                            .filter(variant::gone.eq(false))
                            .filter(variant::stock.ge(line.quantity)),
                    )
                    .set(variant::stock.eq(variant::stock - line.quantity))
                    .execute(db)?;
                    if taken == 0 {
                        return Ok(None);
                    }
                }
                diesel::delete(cart_item::table.filter(cart_item::member.eq(&order.buyer))).execute(db)?;
                diesel::insert_into(purchase_order::table)
                    .values((
                        purchase_order::id.eq(&of),
                        // Unique and as long as the marketplace's: what of the id is random.
                        purchase_order::number.eq(&of[19..]),
                        purchase_order::buyer.eq(&order.buyer),
                        purchase_order::shop.eq(order.lines[0].shop.as_str()),
                        purchase_order::checkout.eq(&id),
                        purchase_order::state.eq("placed"),
                        purchase_order::goods_amount.eq(order.total),
                        purchase_order::freight_amount.eq(1_000),
                        purchase_order::total.eq(order.total),
                        purchase_order::currency.eq("CNY"),
                        purchase_order::note.eq([].as_slice()),
                        purchase_order::wished_time.eq([].as_slice()),
                        purchase_order::placed_at.eq(at),
                        purchase_order::pay_until.eq(at + PAY_WITHIN),
                        purchase_order::hidden.eq(false),
                        purchase_order::version.eq(1),
                    ))
                    .execute(db)?;
                for (n, line) in (1i64..).zip(&order.lines) {
                    // One statement a line: diesel keeps it prepared, which an insert of several rows is not.
                    diesel::insert_into(order_line::table)
                        .values((
                            order_line::of_order.eq(&of),
                            order_line::line.eq(n),
                            order_line::product.eq(line.product.as_str()),
                            order_line::variant.eq(line.variant.as_str()),
                            order_line::sku.eq(""),
                            order_line::title_en.eq(&line.title),
                            order_line::title_zh.eq(&line.title_zh),
                            order_line::variant_en.eq("sky blue"),
                            order_line::variant_zh.eq("天蓝"),
                            order_line::unit_one.eq(&line.unit),
                            order_line::unit_many.eq("pieces"),
                            order_line::unit_zh.eq("件"),
                            order_line::picture.eq(None::<&str>),
                            order_line::quantity.eq(line.quantity),
                            order_line::unit_price.eq(line.price),
                            order_line::amount.eq(line.price * line.quantity),
                            order_line::commission_rate.eq(200),
                            order_line::commission.eq(line.price * line.quantity / 50),
                        ))
                        .execute(db)?;
                }
                diesel::insert_into(consignee::table)
                    .values((
                        consignee::person.eq(&order.buyer),
                        consignee::id.eq(fresh()),
                        consignee::of_order.eq(&of),
                        consignee::name.eq(&order.name),
                        consignee::phone.eq(&order.phone),
                        consignee::alt_phone.eq([].as_slice()),
                        consignee::place.eq(&order.place),
                    ))
                    .execute(db)?;
                Ok(Some(id))
            }
        }
    };
}
statements!(sqlite, SqliteConnection);
statements!(postgres, PgConnection);
