//! The bare driver: the rows of a checkout by statements that were prepared once, without Diesel, HTTP or anything else;
//! on SQLite by rusqlite with many orders in a commit, on PostgreSQL by so many connections as the marketplace has, each
//! order a transaction with one way to the server for each statement, as pgbench does it.

use super::write::{CONTENT, PAY_WITHIN, POSTGRES_SETTINGS, PRICES, SQLITE_SETTINGS, fresh, now};
use crate::load::{Figures, Measured};
use crate::prepare::{Good, Market};
use postgres::types::ToSql;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const ORDERS_PER_COMMIT: usize = 64;

const FILL: &str = "insert into cart_item (member, product, variant, quantity, price_when_added, prices_when_added, \
    added_at, changed_at, chosen) values ($1, $2, $3, $4, $5, $6, $7, $8, true)";
const CHECKOUT: &str =
    "insert into checkout (buyer, id, once, content, placed_at, amount) values ($1, $2, $3, $4, $5, $6)";
const TAKE: &str = "update variant set stock = stock - $1 where product = $2 and id = $3 and not gone and stock >= $1";
const EMPTY: &str = "delete from cart_item where member = $1";
const ORDER: &str = "insert into purchase_order (id, number, buyer, shop, checkout, state, goods_amount, freight_amount, \
    total, currency, note, wished_time, placed_at, pay_until, hidden, version) \
    values ($1, $2, $3, $4, $5, 'placed', $6, 1000, $6, 'CNY', $7, $7, $8, $9, false, 1)";
const LINE: &str = "insert into order_line (of_order, line, product, variant, sku, title_en, title_zh, variant_en, \
    variant_zh, unit_one, unit_many, unit_zh, picture, quantity, unit_price, amount, commission_rate, commission) \
    values ($1, $2, $3, $4, '', $5, $6, 'sky blue', '天蓝', $7, 'pieces', '件', null, $8, $9, $10, 200, $11)";
const CONSIGNEE: &str = "insert into consignee (person, id, of_order, name, phone, alt_phone, place) \
    values ($1, $2, $3, $4, $5, $6, $7)";
const NAMES: [&[u8]; 3] = [&[0; 42], &[0; 41], &[0; 69]];

/// Orders of all buyers, round by round for so long; carts are filled between, which does not count.
pub fn run(market: &Market, rounds_from: usize, time: Duration) -> Result<Figures, String> {
    if market.bare.starts_with("postgres") {
        on_postgres(market, rounds_from, time)
    } else {
        on_sqlite(market, rounds_from, time)
    }
}

/// What stands in an order's rows.
struct Order<'a> {
    buyer: &'a str,
    cart: Vec<&'a Good>,
    once: String,
    total: i64,
}

fn orders(market: &Market, round: usize) -> Vec<Order<'_>> {
    let buyers = market.buyers.iter().enumerate();
    buyers
        .map(|(number, buyer)| {
            let mut cart = market.cart(number, round);
            cart.sort_by(|a, b| (&a.product, &a.variant).cmp(&(&b.product, &b.variant)));
            let total = cart.iter().map(|good| good.price * good.quantity).sum();
            Order { buyer: buyer.member.as_str(), cart, once: format!("{round:08}-0000-7000-9000-{number:012}"), total }
        })
        .collect()
}

/// A statement's place in a list of prepared ones, and its values.
enum Statement {
    Fill,
    Checkout,
    Take,
    Empty,
    Order,
    Line,
    Consignee,
}

const ALL: [&str; 7] = [FILL, CHECKOUT, TAKE, EMPTY, ORDER, LINE, CONSIGNEE];

/// The statements of one order, in their order. `false` where one of them found nothing to do.
fn place<E>(order: &Order, mut execute: impl FnMut(Statement, &[&dyn Both]) -> Result<u64, E>) -> Result<bool, E> {
    let (at, id, of, own) = (now(), fresh(), fresh(), fresh());
    let until = at + PAY_WITHIN;
    execute(Statement::Checkout, &[&order.buyer, &&*id, &&*order.once, &CONTENT, &at, &order.total])?;
    for good in &order.cart {
        let taken = execute(Statement::Take, &[&good.quantity, &good.product.as_str(), &good.variant.as_str()])?;
        if taken == 0 {
            return Ok(false);
        }
    }
    execute(Statement::Empty, &[&order.buyer])?;
    let (shop, none) = (order.cart[0].shop.as_str(), [0u8; 0].as_slice());
    execute(Statement::Order, &[&&*of, &&of[19..], &order.buyer, &shop, &&*id, &order.total, &none, &at, &until])?;
    for (n, good) in (1i64..).zip(&order.cart) {
        let amount = good.price * good.quantity;
        execute(
            Statement::Line,
            &[
                &&*of,
                &n,
                &good.product.as_str(),
                &good.variant.as_str(),
                &&*good.title,
                &&*good.title_zh,
                &&*good.unit,
                &good.quantity,
                &good.price,
                &amount,
                &(amount / 50),
            ],
        )?;
    }
    let [name, phone, address] = NAMES;
    execute(Statement::Consignee, &[&order.buyer, &&*own, &&*of, &name, &phone, &none, &address])?;
    Ok(true)
}

fn fill<E>(order: &Order, mut execute: impl FnMut(Statement, &[&dyn Both]) -> Result<u64, E>) -> Result<(), E> {
    let at = now();
    for good in &order.cart {
        let (product, variant) = (good.product.as_str(), good.variant.as_str());
        execute(Statement::Fill, &[&order.buyer, &product, &variant, &good.quantity, &good.price, &PRICES, &at, &at])?;
    }
    Ok(())
}

/// A value that either driver binds.
trait Both: ToSql + rusqlite::ToSql + Sync {
    fn postgres(&self) -> &(dyn ToSql + Sync);
    fn sqlite(&self) -> &dyn rusqlite::ToSql;
}

impl<T: ToSql + rusqlite::ToSql + Sync> Both for T {
    fn postgres(&self) -> &(dyn ToSql + Sync) {
        self
    }

    fn sqlite(&self) -> &dyn rusqlite::ToSql {
        self
    }
}

fn on_sqlite(market: &Market, rounds_from: usize, time: Duration) -> Result<Figures, String> {
    let told = |error: rusqlite::Error| error.to_string();
    let connection = rusqlite::Connection::open(&market.bare).map_err(told)?;
    connection.execute_batch(SQLITE_SETTINGS).map_err(told)?;
    let mut prepared = Vec::new();
    for sql in ALL {
        prepared.push(connection.prepare(sql).map_err(told)?);
    }
    let mut execute = |statement: Statement, values: &[&dyn Both]| {
        let values: Vec<&dyn rusqlite::ToSql> = values.iter().map(|value| value.sqlite()).collect();
        prepared[statement as usize].execute(&*values).map(|rows| rows as u64)
    };
    let mut measured = Measured::default();
    let (mut round, mut elapsed) = (rounds_from, Duration::ZERO);
    while elapsed < time {
        let orders = orders(market, round);
        connection.execute_batch("begin immediate").map_err(told)?;
        for order in &orders {
            fill(order, &mut execute).map_err(told)?;
        }
        connection.execute_batch("commit").map_err(told)?;
        let began = Instant::now();
        for together in orders.chunks(ORDERS_PER_COMMIT) {
            connection.execute_batch("begin immediate").map_err(told)?;
            for order in together {
                let sent = Instant::now();
                connection.execute_batch("savepoint one").map_err(told)?;
                let placed = place(order, &mut execute).map_err(told)?;
                connection
                    .execute_batch(if placed { "release one" } else { "rollback to one; release one" })
                    .map_err(told)?;
                measured.count(sent.elapsed());
            }
            connection.execute_batch("commit").map_err(told)?;
        }
        elapsed += began.elapsed();
        round += 1;
    }
    measured.took(elapsed);
    Ok(measured.figures())
}

fn on_postgres(market: &Market, rounds_from: usize, time: Duration) -> Result<Figures, String> {
    let told = |error: postgres::Error| format!("{error:?}");
    let mut connections = Vec::new();
    for _ in 0..market.config.database.writers {
        let mut client = postgres::Client::connect(&market.bare, postgres::NoTls).map_err(told)?;
        client.batch_execute(POSTGRES_SETTINGS).map_err(told)?;
        let prepared = ALL.map(|sql| client.prepare(sql));
        let prepared = prepared.into_iter().collect::<Result<Vec<_>, _>>().map_err(told)?;
        connections.push((client, prepared));
    }
    let measured = Mutex::new(Measured::default());
    let (mut round, mut elapsed) = (rounds_from, Duration::ZERO);
    while elapsed < time {
        let orders = orders(market, round);
        let (client, prepared) = &mut connections[0];
        client.batch_execute("begin").map_err(told)?;
        for order in &orders {
            fill(order, |statement, values| {
                let values: Vec<_> = values.iter().map(|value| value.postgres()).collect();
                client.execute(&prepared[statement as usize], &values)
            })
            .map_err(told)?;
        }
        client.batch_execute("commit").map_err(told)?;
        let (next, began) = (AtomicUsize::new(0), Instant::now());
        std::thread::scope(|threads| {
            let all: Vec<_> = connections
                .iter_mut()
                .map(|(client, prepared)| {
                    let (orders, next, measured) = (&orders, &next, &measured);
                    threads.spawn(move || {
                        while let Some(order) = orders.get(next.fetch_add(1, Ordering::Relaxed)) {
                            let sent = Instant::now();
                            client.batch_execute("begin")?;
                            let placed = place(order, |statement, values| {
                                let values: Vec<_> = values.iter().map(|value| value.postgres()).collect();
                                client.execute(&prepared[statement as usize], &values)
                            })?;
                            client.batch_execute(if placed { "commit" } else { "rollback" })?;
                            if let Ok(mut measured) = measured.lock() {
                                measured.count(sent.elapsed());
                            }
                        }
                        Ok(())
                    })
                })
                .collect();
            all.into_iter().try_for_each(|thread| {
                thread.join().map_err(|_| "a thread of the bare driver panicked".to_owned())?.map_err(told)
            })
        })?;
        elapsed += began.elapsed();
        round += 1;
    }
    let mut measured = measured.into_inner().map_err(|error| error.to_string())?;
    measured.took(elapsed);
    Ok(measured.figures())
}
