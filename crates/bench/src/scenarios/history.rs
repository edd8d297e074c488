//! What an order, and a seller's page of orders, cost with many orders stored: 10,000 first, then 1,000,000, of which
//! 100,000 are of one seller. They are copies of a real order by one statement, long done, of that many other checkouts.

use super::checkout::alone;
use super::pages::load;
use super::{Ground, session};
use crate::client::get;
use crate::load::Expected;
use crate::report::{Found, Goal, Row};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;

const FEW: usize = 10_000;
const MANY: usize = 1_000_000;
/// Every tenth is the seller's.
const OF_SELLER: usize = 10;
const ROUNDS: usize = 5;
/// Other goods than the rounds before.
const FIRST_ROUND: usize = 200_000;
/// One order may cost 1.3 times as much.
const SHARE: f64 = 100.0 / 1.3;

pub async fn run(ground: &Ground<'_>) -> Result<Vec<Row>, String> {
    // So that there is one to be copied.
    alone(ground, FIRST_ROUND..FIRST_ROUND + 1).await?;
    store(ground, 0..FEW)?;
    let few = alone(ground, FIRST_ROUND + 1..FIRST_ROUND + 1 + ROUNDS).await?;
    eprintln!("{MANY} orders …");
    store(ground, FEW..MANY)?;
    let many = alone(ground, FIRST_ROUND + 1 + ROUNDS..FIRST_ROUND + 1 + 2 * ROUNDS).await?;
    let cookie = session(&ground.market.seller.token);
    let pages: Vec<Vec<u8>> = ["orders-to-ship", "orders-ended", "orders-all"]
        .iter()
        .map(|tab| get(ground.hanse.port, &format!("/en/sell/orders?tab={tab}"), &cookie))
        .collect();
    let seller = load(ground, ground.hanse, &pages, &Expected::Page("orders-all")).await?;
    let cookie = session(&ground.market.buyers[0].token);
    let orders = [get(ground.hanse.port, "/en/orders", &cookie)];
    let buyer = load(ground, ground.hanse, &orders, &Expected::Page("/en/orders/")).await?;
    Ok(vec![
        Row {
            what: "checkout, 1M / 10k orders",
            found: Found::Load { hanse: many.figures(), beside: Some(few.figures()) },
            goal: Some(Goal::Share(SHARE)),
        },
        Row { what: "seller of 100k orders", found: Found::Load { hanse: seller, beside: None }, goal: None },
        Row { what: "buyer's orders, 1M stored", found: Found::Load { hanse: buyer, beside: None }, goal: None },
    ])
}

/// Stores the orders with these numbers.
fn store(ground: &Ground<'_>, numbers: std::ops::Range<usize>) -> Result<(), String> {
    let data = &ground.market.config.database.data;
    let seller = &ground.market.seller.shop;
    let told = |error: &dyn std::fmt::Display| format!("orders stored: {error}");
    if data.starts_with("postgres") {
        let mut connection = PgConnection::establish(data).map_err(|error| told(&error))?;
        let sql = copies(&numbers, seller.as_str(), "lpad(i::text, 12, '0')", "bytea ''");
        connection.batch_execute(&sql).map_err(|error| told(&error))?;
        connection.batch_execute("vacuum analyze").map_err(|error| told(&error))
    } else {
        let file = std::path::Path::new(data).join("hanse.sqlite");
        let mut connection = SqliteConnection::establish(&file.to_string_lossy()).map_err(|error| told(&error))?;
        let sql = copies(&numbers, seller.as_str(), "printf('%012d', i)", "x''");
        connection
            .batch_execute("pragma busy_timeout = 60000; pragma synchronous = off")
            .map_err(|error| told(&error))?;
        connection.batch_execute(&format!("begin immediate; {sql} commit; analyze")).map_err(|error| told(&error))
    }
}

/// The same statements for either engine: `padded` writes a number in twelve digits, `nothing` is an empty value.
fn copies(numbers: &std::ops::Range<usize>, seller: &str, padded: &str, nothing: &str) -> String {
    let (from, to) = (numbers.start + 1, numbers.end);
    let series = format!("with recursive n(i) as (select {from} union all select i + 1 from n where i < {to})");
    // Ids as long as real ones, and before all of them in time.
    let id = |kind: &str| format!("'00000000-0000-7000-{kind}-' || {padded}");
    let (checkout, order, consignee) = (id("8001"), id("8002"), id("8003"));
    let template = "(select * from purchase_order order by id desc limit 1)";
    format!(
        "insert into checkout (buyer, id, once, content, placed_at, amount)
         {series} select o.buyer, {checkout}, {checkout}, '', 1, o.total from n, {template} o;
         insert into purchase_order (id, number, buyer, shop, checkout, state, goods_amount, freight_amount, total,
           currency, note, wished_time, placed_at, pay_until, completed_at, hidden, version)
         {series} select {order}, 'H' || {padded}, o.buyer,
           case when i % {OF_SELLER} = 0 then '{seller}' else o.shop end, {checkout}, 'completed', o.goods_amount,
           o.freight_amount, o.total, o.currency, o.note, o.wished_time, i, i, i, o.hidden, o.version
         from n, {template} o;
         insert into order_line (of_order, line, product, variant, sku, title_en, title_zh, variant_en, variant_zh,
           unit_one, unit_many, unit_zh, picture, quantity, unit_price, amount, commission_rate, commission)
         {series} select {order}, l.line, l.product, l.variant, l.sku, l.title_en, l.title_zh, l.variant_en, l.variant_zh,
           l.unit_one, l.unit_many, l.unit_zh, l.picture, l.quantity, l.unit_price, l.amount, l.commission_rate,
           l.commission
         from n, {template} o join order_line l on l.of_order = o.id;
         insert into consignee (person, id, of_order, name, phone, alt_phone, place)
         {series} select 'nobody', {consignee}, {order}, c.name, c.phone, {nothing}, c.place
         from n, {template} o join consignee c on c.of_order = o.id;"
    )
}
