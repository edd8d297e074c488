//! Buyers in number, by programs of their own that may lose their server at any moment: what they were answered they
//! remember, and what they were not answered they ask again under the same key, as a shop's program would.

// Each test of the whole system is a program of its own and uses its part of this.
#![allow(dead_code)]

use super::Market;
use db::Id;
use hanse::demo;
use hanse::house;
use member::session::Who;
use member::token::{self, NewToken, Reach};
use policy::{Entered, Typed};
use serde_json::{Value, json};
use std::time::Duration;
use vault::{Actor, Vault};

/// An answer.
#[derive(Debug)]
pub struct Heard {
    pub status: u16,
    pub json: Value,
}

/// A program with the tokens of one member; several, for each may call 600 times a minute.
pub struct Program {
    tokens: Vec<String>,
    next: usize,
    agent: ureq::Agent,
}

impl Program {
    fn with(tokens: Vec<String>) -> Program {
        let agent = ureq::Agent::config_builder()
            .max_redirects(0)
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(60)))
            .build();
        Program { tokens, next: 0, agent: agent.into() }
    }

    /// As `asks`; `None` also when the marketplace says that it cannot answer now.
    pub fn call(&mut self, method: &str, base: &str, path: &str, key: &str, body: Option<&Value>) -> Option<Heard> {
        self.asks(method, base, path, key, body).filter(|heard| heard.status != 503)
    }

    /// Calls the marketplace at `base`. `None`: no answer, or not a whole one.
    pub fn asks(&mut self, method: &str, base: &str, path: &str, key: &str, body: Option<&Value>) -> Option<Heard> {
        self.next = (self.next + 1) % self.tokens.len();
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{base}/api/v1{path}"))
            .header("authorization", format!("Bearer {}", self.tokens[self.next]));
        if !key.is_empty() {
            request = request.header("idempotency-key", key);
        }
        let answer = match body {
            Some(body) => {
                let request = request.header("content-type", "application/json");
                self.agent.run(request.body(body.to_string()).expect("a request"))
            }
            None => self.agent.run(request.body(()).expect("a request")),
        };
        let mut answer = answer.ok()?;
        let text = answer.body_mut().read_to_string().ok()?;
        let status = answer.status().as_u16();
        let json = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).ok()? };
        Some(Heard { status, json })
    }

    /// As `call`, of a marketplace that must be there.
    pub fn must(&mut self, method: &str, base: &str, path: &str, body: Option<&Value>) -> Value {
        let heard = self.call(method, base, path, "", body).unwrap_or_else(|| panic!("{method} {path}: no answer"));
        assert!((200..300).contains(&heard.status), "{method} {path}: {heard:?}");
        heard.json
    }

    /// Every row of a list.
    pub fn all(&mut self, base: &str, path: &str) -> Vec<Value> {
        let (mut rows, mut after) = (Vec::new(), String::new());
        loop {
            let mark = if path.contains('?') { '&' } else { '?' };
            let page = self.must("GET", base, &format!("{path}{mark}limit=50{after}"), None);
            rows.extend(page["items"].as_array().expect("a list").iter().cloned());
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => return rows,
            }
        }
    }

    /// A payer's browser at the cashier of the payment company: whether it took the money.
    pub fn pays(&mut self, cashier: &str) -> bool {
        let Ok(begun) = self.agent.get(cashier).call() else { return false };
        let origin: String = cashier.split('/').take(3).collect::<Vec<_>>().join("/");
        let to = begun.headers().get("location").and_then(|to| to.to_str().ok()).unwrap_or_default().to_owned();
        let form = format!("{origin}{}", to.strip_prefix(&origin).unwrap_or(&to));
        let paid = self.agent.post(&form).send_form([("payer", "0"), ("act", "pay")]);
        paid.is_ok_and(|answer| answer.status().is_redirection())
    }
}

/// Calls the library on the marketplace's data, beside the open marketplace.
pub fn by_library<T>(market: &Market, work: impl AsyncFnOnce(&Vault) -> T) -> T {
    let vault = house::open(&market.config()).expect("the marketplace's data");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let done = runtime.expect("a runtime").block_on(work(&vault));
    vault.keys().database().clone().close();
    vault.data().clone().close();
    done
}

/// Makes members with tokens: their registration is not what is tested.
pub fn buyers(market: &Market, count: usize, tokens_each: usize) -> Vec<Program> {
    let edition = i64::from(house::lock().edition().version);
    by_library(market, async |vault| {
        let mut all = Vec::with_capacity(count);
        for at in 0..count {
            let name = format!("load_buyer_{at}");
            let new = demo::new_member(vault, &name, &format!("1395{at:07}"), edition).await;
            let member = new.unwrap_or_else(|error| panic!("{name}: {error}")).member().id.clone();
            all.push(Program::with(tokens(vault, &member, &[Reach::Buy], tokens_each).await));
        }
        all
    })
}

/// Tokens of the demo's seller number `at`.
pub fn seller(market: &Market, at: usize) -> Program {
    by_library(market, async |vault| {
        let name = Entered::<policy::fields::MemberName>::parse(&Typed::new(demo::seller_name(at))).expect("a name");
        let member = vault.keys().find(&name).await.expect("the key store").expect("the demo's seller");
        Program::with(tokens(vault, &member, &[Reach::Sell], 4).await)
    })
}

async fn tokens(vault: &Vault, member: &Id, reaches: &[Reach], count: usize) -> Vec<String> {
    let access = vault.access(&Actor::own(member), std::slice::from_ref(member)).await.expect("their own data");
    let (who, proven) = (Who::Member(member::Member { id: member.clone() }), member::testing::proven(member));
    let name = Entered::parse(&Typed::new("load")).expect("a name");
    let new = NewToken { name, reaches: reaches.to_vec(), days: 365 };
    let make = move |tx: &mut db::Tx| (0..count).map(|_| token::make(tx, &who, &proven, &access, &new)).collect();
    let made: Vec<token::ApiToken> = vault.data().write(make).await.expect("tokens");
    made.iter().map(|token| token.as_str().to_owned()).collect()
}

/// What an order says, for whom the cart's total is `total`.
pub fn order_form(total: i64) -> Value {
    json!({
        "total_seen": total,
        "to": "own",
        "consignee": { "name": "王小明", "phone": "13977310001", "address": "浙江省义乌市稠州北路7731号" },
    })
}

/// One variant that can be ordered.
#[derive(Clone, Debug)]
pub struct Good {
    pub product: String,
    pub variant: String,
    pub minimum: i64,
}

/// The first variants of a seller's first products, each with `stock` units on the shelf.
pub fn stocked(seller: &mut Program, base: &str, products: usize, stock: i64) -> Vec<Good> {
    let own = seller.must("GET", base, "/sell/products?listed=true&limit=20", None);
    let own = own["items"].as_array().expect("a list").iter().take(products).cloned().collect::<Vec<_>>();
    own.iter()
        .map(|row| {
            let product = row["id"].as_str().expect("an id").to_owned();
            let page = seller.must("GET", base, &format!("/products/{product}"), None);
            let variant = page["variants"][0]["id"].as_str().expect("a variant").to_owned();
            let body = json!({ "variants": [{ "variant": variant, "stock": stock }] });
            seller.must("PUT", base, &format!("/sell/products/{product}/stock"), Some(&body));
            Good { product, variant, minimum: page["minimum"].as_i64().expect("a minimum") }
        })
        .collect()
}

/// Units of it on the shelf.
pub fn stock_of(program: &mut Program, base: &str, good: &Good) -> i64 {
    let page = program.must("GET", base, &format!("/products/{}", good.product), None);
    let variants = page["variants"].as_array().expect("variants");
    let found = variants.iter().find(|variant| variant["id"] == good.variant.as_str());
    found.and_then(|variant| variant["stock"].as_i64()).expect("the variant's stock")
}

/// Whether a search for this title shows the product.
pub fn finds(program: &mut Program, base: &str, title: &str, product: &str) -> bool {
    let words: String = form_urlencoded::byte_serialize(title.as_bytes()).collect();
    let found = program.must("GET", base, &format!("/products?q={words}"), None);
    found["items"].as_array().expect("a list").iter().any(|item| item["id"] == product)
}
