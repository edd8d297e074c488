//! The largest cart there is: 500 lines. Its page, and the order of all of it.

use super::pages::load;
use super::{Ground, forms_token, session};
use crate::client::{Connection, get, post};
use crate::load::Expected;
use crate::report::{Found, Row};
use crate::scenarios::checkout::CONSIGNEE;
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
            let (field, quantity) = (format!("qty-{}", good.variant), good.quantity.to_string());
            let fields =
                [("_csrf", &*token), ("product", good.product.as_str()), (&field, &quantity), ("then", "cart")];
            let add = post(port, "/en/cart/add", &cookie, &fields);
            let answer = connection.ask(&add).await.map_err(|error| error.to_string())?;
            Expected::Redirect("/en/cart").check(&answer)?;
        }
        carts.push((cookie, token));
    }
    let pages: Vec<Vec<u8>> = carts.iter().map(|(cookie, _)| get(port, "/en/cart", cookie)).collect();
    let shown = load(ground, ground.hanse, &pages, &Expected::Page("name=\"_csrf\"")).await?;
    let mut waits = Vec::new();
    for (cookie, token) in &carts {
        let look = get(port, "/en/checkout", cookie);
        let page = connection.ask(&look).await.map_err(|error| error.to_string())?;
        Expected::Page("name=\"once\"").check(&page)?;
        let field = |name: &str| page.field(name).ok_or_else(|| format!("a checkout page without {name}"));
        let (once, total) = (field("once")?, field("total_seen")?);
        let notes: Vec<String> = shops.iter().map(|shop| format!("note-{shop}")).collect();
        let own = [("_csrf", token.as_str()), ("once", &once), ("total_seen", &total)];
        let mut fields = [&own[..], &CONSIGNEE, &[("consignee_alt_phone", ""), ("delivery_time", "")]].concat();
        fields.extend(notes.iter().map(|note| (note.as_str(), "")));
        let place = post(port, "/en/checkout", cookie, &fields);
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
