//! A whole order as a browser goes through it: three goods into the cart, the checkout, the payment company's cashier
//! (the sandbox, a process of its own), its signed notification, and the page that says that it is paid. An order counts
//! when that page is there; any other answer ends the measurement.

use super::checkout::{FORM, Form, add, order};
use super::{Ground, forms_token, session};
use crate::client::{Connection, get, post};
use crate::load::{Expected, Measured};
use crate::prepare::{Good, Market};
use crate::report::{Found, Goal, Row};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

const BUYERS: usize = 64;
const PER_SECOND: f64 = 300.0;
const PAID: &str = "The payment has arrived";
const WARM_UP: Duration = Duration::from_secs(1);

pub async fn run(ground: &Ground<'_>) -> Result<Vec<Row>, String> {
    // Other rounds of the carts than a checkout's, so that nobody finds an empty shelf.
    let round = Cell::new(100_000);
    during(ground, &round, WARM_UP).await?;
    let before = ground.hanse.cpu();
    let mut measured = during(ground, &round, ground.time).await?;
    measured.took_cpu(ground.hanse.cpu().saturating_sub(before));
    let found = Found::Load { hanse: measured.figures(), beside: None };
    Ok(vec![Row { what: "whole order, paid", found, goal: Some(Goal::PerSecond(PER_SECOND)) }])
}

async fn during(ground: &Ground<'_>, round: &Cell<usize>, time: Duration) -> Result<Measured, String> {
    let measured = RefCell::new(Measured::default());
    let began = Instant::now();
    let mut buyers: FuturesUnordered<_> = (0..BUYERS.min(ground.market.buyers.len()))
        .map(|number| {
            let measured = &measured;
            async move {
                let mut buyer = Buyer::begin(ground, number).await?;
                while began.elapsed() < time {
                    let sent = Instant::now();
                    round.set(round.get() + 1);
                    let cart = ground.market.cart(number, round.get());
                    buyer.orders(&cart).await.map_err(|why| format!("buyer {number}: {why}"))?;
                    measured.borrow_mut().count(sent.elapsed());
                }
                Ok::<_, String>(())
            }
        })
        .collect();
    while let Some(ended) = buyers.next().await {
        ended?;
    }
    drop(buyers);
    let mut measured = measured.into_inner();
    measured.took(began.elapsed());
    Ok(measured)
}

/// A browser at the marketplace and at the cashier.
struct Buyer {
    port: u16,
    market: Connection,
    cashier: Option<(u16, Connection)>,
    cookie: String,
    token: String,
}

impl Buyer {
    async fn begin(ground: &Ground<'_>, number: usize) -> Result<Buyer, String> {
        let (market, port): (&Market, u16) = (ground.market, ground.hanse.port);
        let cookie = session(&market.buyers[number].token);
        let mut connection = Connection::open(port).await.map_err(|error| error.to_string())?;
        let product = format!("/en/product/{}", market.goods[0].product);
        let token = forms_token(&mut connection, port, &product, &cookie).await?;
        Ok(Buyer { port, market: connection, cashier: None, cookie, token })
    }

    async fn orders(&mut self, cart: &[&Good]) -> Result<(), String> {
        for good in cart {
            let add = add(self.port, &self.cookie, &self.token, good);
            self.redirected(&add, "/en/cart").await?;
        }
        let look = get(self.port, "/en/checkout", &self.cookie);
        let page = self.market.ask(&look).await.map_err(|error| error.to_string())?;
        FORM.check(&page)?;
        let form = Form::on(&page)?;
        let place = order(self.port, "/en/checkout", &self.cookie, &form, &[cart[0].shop.as_str()]);
        let pay = self.redirected(&place, "/en/pay/").await?;
        let go = post(self.port, &pay, &self.cookie, &[("_csrf", &self.token)]);
        let url = self.redirected(&go, "http://").await?;
        let back = self.pays(&url).await?;
        let back =
            back.strip_prefix(&format!("http://localhost:{}", self.port)).ok_or("the cashier leads elsewhere")?;
        let page = self.redirected(&get(self.port, back, &self.cookie), "/en/pay/").await?;
        let last = self.market.ask(&get(self.port, &page, &self.cookie)).await.map_err(|error| error.to_string())?;
        Expected::Page(PAID).check(&last)
    }

    async fn redirected(&mut self, request: &[u8], to: &'static str) -> Result<String, String> {
        let answer = self.market.ask(request).await.map_err(|error| error.to_string())?;
        Expected::Redirect(to).check(&answer)?;
        Ok(answer.location.to_owned())
    }

    /// Opens the cashier's page and pays; where the cashier sends the browser then.
    async fn pays(&mut self, url: &str) -> Result<String, String> {
        let rest = url.strip_prefix("http://127.0.0.1:").ok_or_else(|| format!("a cashier elsewhere: {url}"))?;
        let (port, path) = rest.split_once('/').ok_or("a cashier without a path")?;
        let port: u16 = port.parse().map_err(|_| format!("a cashier without a port: {url}"))?;
        if self.cashier.as_ref().is_none_or(|(known, _)| *known != port) {
            self.cashier = Some((port, Connection::open(port).await.map_err(|error| error.to_string())?));
        }
        let Some((_, cashier)) = &mut self.cashier else { return Err("no cashier".to_owned()) };
        let answer = cashier.ask(&get(port, &format!("/{path}"), "")).await.map_err(|error| error.to_string())?;
        Expected::Redirect("/alipay/cashier/").check(&answer)?;
        let form = answer.location.to_owned();
        let pays = post(port, &form, "", &[("payer", "0"), ("act", "pay")]);
        let answer = cashier.ask(&pays).await.map_err(|error| error.to_string())?;
        Expected::Redirect("http://localhost:").check(&answer)?;
        Ok(answer.location.to_owned())
    }
}
