//! The largest cart there is: 500 lines. Its page, and the order of all of it.

use super::checkout::{FORM, Form, add, order};
use super::pages::load;
use super::{Ground, forms_token, session};
use crate::client::{Connection, get};
use crate::load::Expected;
use crate::report::{Found, Row};
use std::collections::BTreeSet;
use std::time::Instant;

const LINES: usize = 500;
/// At the end of the list: their carts are nobody else's.
const BUYERS: usize = 3;

pub async fn run(ground: &Ground<'_>) -> Result<Vec<Row>, String> {
    let (market, port) = (ground.market, ground.hanse.port);
    if market.goods.len() < LINES || market.buyers.len() <= BUYERS {
        return Err(format!("fewer than {LINES} goods or {BUYERS} buyers"));
    }
    let mut connection = Connection::open(port).await.map_err(|error| error.to_string())?;
    let product = format!("/en/product/{}", market.goods[0].product);
    let mut carts = Vec::new();
    let mut shops = BTreeSet::new();
    for buyer in market.buyers.iter().rev().take(BUYERS) {
        let cookie = session(&buyer.token);
        let token = forms_token(&mut connection, port, &product, &cookie).await?;
        for good in &market.goods[..LINES] {
            shops.insert(good.shop.as_str());
            let add = add(port, &cookie, &token, good);
            let answer = connection.ask(&add).await.map_err(|error| error.to_string())?;
            Expected::Redirect("/en/cart").check(&answer)?;
        }
        carts.push(cookie);
    }
    let pages: Vec<Vec<u8>> = carts.iter().map(|cookie| get(port, "/en/cart", cookie)).collect();
    let shown = load(ground, ground.hanse, &pages, &Expected::Page("name=\"_csrf\"")).await?;
    let mut waits = Vec::new();
    let shops: Vec<&str> = shops.into_iter().collect();
    for cookie in &carts {
        let look = get(port, "/en/checkout", cookie);
        let page = connection.ask(&look).await.map_err(|error| error.to_string())?;
        FORM.check(&page)?;
        let form = Form::on(&page)?;
        let place = order(port, "/en/checkout", cookie, &form, &shops);
        let began = Instant::now();
        let answer = connection.ask(&place).await.map_err(|error| error.to_string())?;
        Expected::Redirect("/en/pay/").check(&answer)?;
        waits.push(began.elapsed());
    }
    waits.sort();
    let ms = |at: usize| waits[at].as_secs_f64() * 1_000.0;
    Ok(vec![
        Row { what: "cart of 500 lines", found: Found::Load { hanse: shown, beside: None }, goal: None },
        Row {
            what: "  ordered",
            found: Found::Waits { median_ms: ms(waits.len() / 2), longest_ms: ms(waits.len() - 1) },
            goal: None,
        },
    ])
}
