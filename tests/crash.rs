//! SIGKILL, a lost database and a full disk at any moment, under buyers who order, pay and call off, and a seller who takes goods down and up: whatever
//! somebody was answered is there afterwards, nothing is there by half, and everything stored agrees with itself.
//!
//! `cargo xtask crash --rounds N` runs more rounds than the tests do. A run is chosen by its seed, which it says.

#[path = "support/disk.rs"]
mod disk;
#[path = "support/load.rs"]
mod load;
mod support;

use db::Engine;
use db::testing::OwnServer;
use disk::SmallDisk;
use load::{Good, Program, order_form};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use support::{Market, Partners, wait_until};

const BUYERS: usize = 16;
const ROUNDS: u64 = 20;
/// Of a fault that a test needs a disk or a server of its own for.
const FEWER_ROUNDS: u64 = 6;
/// In each round the marketplace is killed after at most so many answers about orders.
const ANSWERS_MAX: u64 = 60;
const SHELF: i64 = 1_000_000;

#[test]
fn what_was_answered_survives_sigkill_on_sqlite() {
    killed_again_and_again(Engine::Sqlite);
}

#[test]
fn what_was_answered_survives_sigkill_on_postgres() {
    killed_again_and_again(Engine::Postgres);
}

fn killed_again_and_again(engine: Engine) {
    let partners = Partners::start();
    let market = Market::with(engine, &partners);
    struck(&market, number("HANSE_CRASH_ROUNDS").unwrap_or(ROUNDS), Market::is_killed, Market::opens_again);
}

#[test]
fn what_was_answered_survives_a_lost_server() {
    let folder = tempfile::Builder::new().permissions(everybody_enters()).tempdir().expect("a folder");
    let (partners, server) = (Partners::start(), OwnServer::start(folder.path()));
    let market = Market::on_server(&server, &partners, tempfile::tempdir().expect("a folder"));
    let (mut turn, mut writer) = (0, Writer::of(&market));
    let lost = |market: &Market| {
        turn += 1;
        match turn % 2 {
            0 => server.cuts_connections(),
            _ => {
                server.falls();
                writer.is_refused_clearly(market, || ());
            }
        }
    };
    struck(&market, FEWER_ROUNDS, lost, |_| server.rises());
}

#[test]
fn what_was_answered_survives_a_full_disk_on_sqlite() {
    let Some(disk) = SmallDisk::mounted() else { return };
    let partners = Partners::start();
    let market = Market::within(Engine::Sqlite, &partners, tempfile::tempdir_in(&disk.path).expect("a folder"));
    let mut writer = Writer::of(&market);
    let full = |market: &Market| {
        writer.is_refused_clearly(market, || disk.is_filled());
        // What is there can be read on.
        let mut guest = market.browser();
        guest.get("/en/search?q=golden").shows(&["/en/product/"]);
    };
    struck(&market, FEWER_ROUNDS, full, |_| disk.has_room_again());
}

#[test]
fn what_was_answered_survives_a_full_disk_on_postgres() {
    let Some(disk) = SmallDisk::mounted() else { return };
    let (partners, server) = (Partners::start(), OwnServer::start(&disk.path));
    let market = Market::on_server(&server, &partners, tempfile::tempdir_in(&disk.path).expect("a folder"));
    let mut writer = Writer::of(&market);
    let full = |market: &Market| writer.is_refused_clearly(market, || disk.is_filled());
    let room = |_: &Market| {
        disk.has_room_again();
        server.rises();
    };
    struck(&market, FEWER_ROUNDS, full, room);
}

fn everybody_enters() -> std::fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(0o755)
}

/// A seller who counts their shelf while the marketplace is struck.
struct Writer {
    program: Program,
    good: Good,
    stock: i64,
}

impl Writer {
    fn of(market: &Market) -> Writer {
        let mut program = load::seller(market, 2);
        let good = load::stocked(&mut program, &market.base, 1, SHELF).remove(0);
        Writer { program, good, stock: SHELF }
    }

    /// Whoever writes is told soon, in words, that it does not work now, and never that something is broken.
    fn is_refused_clearly(&mut self, market: &Market, strikes: impl Fn()) {
        let mut at = 0_u32;
        wait_until("the first refusal", || {
            // Again now and then: a disk that is full has room once more when somebody takes old files away, as a
            // checkpoint and the search index do.
            if at.is_multiple_of(10) {
                strikes();
            }
            at += 1;
            self.stock += 1;
            let body = json!({ "variants": [{ "variant": self.good.variant, "stock": self.stock }] });
            let path = format!("/sell/products/{}/stock", self.good.product);
            let heard = self.program.asks("PUT", &market.base, &path, "", Some(&body))?;
            assert!(heard.status < 300 || heard.status == 503, "nobody is at fault: {heard:?}");
            if heard.status == 503 {
                assert_eq!(heard.json["type"], "/api#problem-unavailable", "{heard:?}");
            }
            (heard.status == 503).then_some(())
        });
    }
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().and_then(|text| text.parse().ok())
}

/// Where in a round the blow falls: as good as chance, and the same again for the same seed.
fn drawn(seed: u64, round: u64) -> u64 {
    let mut x = seed ^ round.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    for _ in 0..3 {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
    }
    x
}

/// In each round it is struck in the midst of the trade, and comes back; buyers ask again for what was not answered.
fn struck(market: &Market, rounds: u64, mut strikes: impl FnMut(&Market), comes_back: impl Fn(&Market)) {
    let seed = number("HANSE_CRASH_SEED").unwrap_or_else(|| u64::from(std::process::id()) << 20 | rounds);
    eprintln!("{rounds} rounds, HANSE_CRASH_SEED={seed}");
    let mut sellers = [load::seller(market, 0), load::seller(market, 1)];
    let goods = [
        load::stocked(&mut sellers[0], &market.base, 3, SHELF),
        load::stocked(&mut sellers[1], &market.base, 3, SHELF),
    ];
    let [mut seller, mut other] = sellers;
    let mut shelf = Shelf::begun(&mut seller, &market.base);
    let mut buyers: Vec<Buyer> = load::buyers(market, BUYERS, 8).into_iter().map(Buyer::new).collect();

    for round in 0..rounds {
        let turn = drawn(seed, round);
        let until = 1 + turn % ANSWERS_MAX;
        let (answered, over) = (AtomicUsize::new(0), AtomicBool::new(false));
        std::thread::scope(|threads| {
            let (answered, over, base, goods) = (&answered, &over, market.base.as_str(), &goods);
            for (at, buyer) in buyers.iter_mut().enumerate() {
                threads.spawn(move || buyer.trades(base, goods, at as u64 ^ turn, answered, over));
            }
            let shelf = &mut shelf;
            let seller = &mut seller;
            threads.spawn(move || shelf.changes(seller, base, over));
            let end = Instant::now() + Duration::from_secs(60);
            while (answered.load(Ordering::Relaxed) as u64) < until {
                assert!(Instant::now() < end, "round {round}: nobody is answered");
                // Not a wait for something to be over: the kill must fall into the work.
                std::thread::yield_now();
            }
            strikes(market);
            over.store(true, Ordering::Relaxed);
        });
        comes_back(market);
        wait_until("the marketplace", || other.call("GET", &market.base, "/sell/orders", "", None).map(|_| ()));
        for (at, buyer) in buyers.iter_mut().enumerate() {
            buyer.asks_again(&market.base);
            buyer.finds_the_newest(&market.base, at);
        }
        shelf.is_as_answered(&mut seller, &market.base);
        if round % 5 == 4 {
            market.command(&["verify"]);
        }
    }

    let said = market.command(&["verify"]);
    assert!(said.contains("every hash holds") && said.contains("lines, amounts, money and stock agree"), "{said}");
    assert!(said.contains("the search index"), "{said}");
    // News of payments may have come while nobody was there: the payment company tells again, or is asked.
    market.clock_moves(Duration::from_secs(600));
    // Nobody has more orders, or others, than they were told of.
    let mut taken: BTreeMap<String, i64> = BTreeMap::new();
    let mut count = 0;
    for (at, buyer) in buyers.iter_mut().enumerate() {
        count += buyer.counts(&market.base, at, &mut taken);
    }
    assert!(count > rounds as usize, "the rounds were no work: {count} orders");
    for good in goods.iter().flatten() {
        let left = load::stock_of(&mut other, &market.base, good);
        let gone = taken.get(&good.variant).copied().unwrap_or(0);
        assert_eq!(left + gone, SHELF, "{good:?}: what is not on the shelf is in orders");
    }
    shelf.is_found_as_it_is(&mut seller, &market.base);
    eprintln!("{count} orders");
}

/// What a buyer has sent and not been answered.
struct Waiting {
    key: String,
    form: Value,
}

struct Buyer {
    program: Program,
    keys: u64,
    waiting: Option<Waiting>,
    /// The orders that were answered, and what the buyer knows of them.
    orders: BTreeMap<String, Known>,
    newest: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    Placed,
    /// Asked for, not answered: it may have happened.
    PerhapsCancelled,
    Cancelled,
    /// The payment company took the money.
    Paid,
}

impl Buyer {
    fn new(program: Program) -> Buyer {
        Buyer { program, keys: 0, waiting: None, orders: BTreeMap::new(), newest: Vec::new() }
    }

    /// Orders until there is no answer any more.
    fn trades(&mut self, base: &str, goods: &[Vec<Good>; 2], turn: u64, answered: &AtomicUsize, over: &AtomicBool) {
        let mut step = turn as usize;
        while !over.load(Ordering::Relaxed) && self.trades_once(base, goods, step, answered).is_some() {
            step += 1;
        }
    }

    /// `None`: the marketplace is gone.
    fn trades_once(&mut self, base: &str, goods: &[Vec<Good>; 2], step: usize, answered: &AtomicUsize) -> Option<()> {
        let cart = [&goods[0][step % goods[0].len()], &goods[1][step / 3 % goods[1].len()]]
            .map(|good| json!({ "product": good.product, "variant": good.variant, "quantity": good.minimum }));
        self.program.call("DELETE", base, "/cart", "", None)?;
        self.program.call("POST", base, "/cart/lines", "", Some(&json!({ "lines": cart })))?;
        let quote = self.program.call("GET", base, "/quote", "", None)?;
        let Some(total) = quote.json["cart"]["total"]["minor"].as_i64().filter(|total| *total > 0) else {
            // The seller has just taken it down.
            return Some(());
        };
        self.keys += 1;
        let key = format!("crash-order-{:08}-{:08}", std::process::id(), self.keys);
        self.waiting = Some(Waiting { key, form: order_form(total) });
        let (checkout, orders) = self.sends(base)??;
        answered.fetch_add(1, Ordering::Relaxed);
        match step % 4 {
            0 => self.pays(base, &checkout, &orders),
            1 => self.cancels(base, &orders[0]),
            _ => Some(()),
        }
    }

    /// Sends what waits. `None`: no answer; `Some(None)`: refused.
    #[allow(clippy::option_option)]
    fn sends(&mut self, base: &str) -> Option<Option<(String, Vec<String>)>> {
        let Waiting { key, form } = self.waiting.as_ref()?;
        let heard = self.program.call("POST", base, "/orders", key, Some(form))?;
        self.waiting = None;
        if heard.status == 409 || heard.status == 422 {
            return Some(None);
        }
        assert!(matches!(heard.status, 200 | 201), "{heard:?}");
        let orders: Vec<String> = heard.json["orders"]
            .as_array()
            .expect("orders")
            .iter()
            .map(|order| order["id"].as_str().expect("an id").to_owned())
            .collect();
        assert_eq!(orders.len(), 2, "one of each seller, or none");
        for order in &orders {
            assert!(self.orders.insert(order.clone(), Known::Placed).is_none(), "an order is answered once");
        }
        self.newest.clone_from(&orders);
        Some(Some((heard.json["checkout"].as_str().expect("an id").to_owned(), orders)))
    }

    fn pays(&mut self, base: &str, checkout: &str, orders: &[String]) -> Option<()> {
        let path = format!("/checkouts/{checkout}/payment");
        let begun = self.program.call("POST", base, &path, "", Some(&json!({})))?;
        assert!((200..300).contains(&begun.status), "{begun:?}");
        if self.program.pays(begun.json["cashier_url"].as_str().expect("a cashier")) {
            for order in orders {
                self.orders.insert(order.clone(), Known::Paid);
            }
        }
        Some(())
    }

    fn cancels(&mut self, base: &str, order: &str) -> Option<()> {
        self.orders.insert(order.to_owned(), Known::PerhapsCancelled);
        let heard = self.program.call("POST", base, &format!("/orders/{order}/cancel"), "", None)?;
        assert!((200..300).contains(&heard.status), "{heard:?}");
        self.orders.insert(order.to_owned(), Known::Cancelled);
        Some(())
    }

    /// After the marketplace came back: the same key, the same words. It makes the orders, or tells of those made.
    fn asks_again(&mut self, base: &str) {
        if self.waiting.is_some() {
            let _refused = self.sends(base).expect("an answer: the marketplace is open");
        }
    }

    fn finds_the_newest(&mut self, base: &str, at: usize) {
        for order in self.newest.clone() {
            let shown = self.program.must("GET", base, &format!("/orders/{order}"), None);
            self.fits(at, &order, shown["order"]["state"].as_str().expect("a state"), false);
        }
    }

    fn fits(&self, at: usize, order: &str, state: &str, in_the_end: bool) {
        let known = self.orders[order];
        let right: &[&str] = match known {
            Known::Placed => &["placed"],
            Known::PerhapsCancelled => &["placed", "cancelled"],
            Known::Cancelled => &["cancelled"],
            Known::Paid if in_the_end => &["paid"],
            Known::Paid => &["placed", "paid"],
        };
        assert!(right.contains(&state), "buyer {at}: order {order} is {state}, and was {known:?}");
    }

    /// Compares all orders with what was answered, waits for the news of payments, and adds up what they took.
    fn counts(&mut self, base: &str, at: usize, taken: &mut BTreeMap<String, i64>) -> usize {
        let told: BTreeSet<String> = self.orders.keys().cloned().collect();
        let there: BTreeSet<String> = self
            .program
            .all(base, "/orders")
            .iter()
            .map(|row| row["order"]["id"].as_str().expect("an id").to_owned())
            .collect();
        assert_eq!(there, told, "buyer {at} has just the orders that were answered");
        for order in told {
            let path = format!("/orders/{order}");
            if self.orders[&order] == Known::Paid {
                wait_until("the news of a payment", || {
                    let shown = self.program.must("GET", base, &path, None);
                    (shown["order"]["state"] == "paid").then_some(())
                });
            }
            let shown = self.program.must("GET", base, &path, None);
            let state = shown["order"]["state"].as_str().expect("a state").to_owned();
            self.fits(at, &order, &state, true);
            let lines = shown["lines"].as_array().expect("lines");
            assert_eq!(lines.len(), 1, "{shown}");
            assert_eq!(shown["consignee"]["phone"].as_str().map(|phone| phone.ends_with("13977310001")), Some(true));
            if state != "cancelled" {
                let line = &lines[0];
                let variant = line["variant"].as_str().expect("a variant").to_owned();
                *taken.entry(variant).or_default() += line["quantity"].as_i64().expect("a quantity");
            }
        }
        self.orders.len()
    }
}

/// A product that its seller takes down and lists again: what the search finds must follow.
struct Shelf {
    product: String,
    title: String,
    listed: bool,
    /// The last press was not answered: either is right.
    unsure: bool,
}

impl Shelf {
    /// The seller's eldest product, which nobody here orders.
    fn begun(seller: &mut Program, base: &str) -> Shelf {
        let own = seller.all(base, "/sell/products?listed=true");
        let last = own.last().expect("a product");
        let title = last["title"]["en"].as_str().expect("a title").to_owned();
        Shelf { product: last["id"].as_str().expect("an id").to_owned(), title, listed: true, unsure: false }
    }

    fn changes(&mut self, seller: &mut Program, base: &str, over: &AtomicBool) {
        while !over.load(Ordering::Relaxed) {
            let press = if self.listed { "down" } else { "list" };
            self.unsure = true;
            let path = format!("/sell/products/{}/{press}", self.product);
            let Some(heard) = seller.call("POST", base, &path, "", None) else { return };
            assert!((200..300).contains(&heard.status) || heard.status == 429, "{heard:?}");
            self.listed ^= heard.status != 429;
            self.unsure = false;
        }
    }

    fn is_as_answered(&mut self, seller: &mut Program, base: &str) {
        let shown = seller.must("GET", base, &format!("/products/{}", self.product), None);
        let listed = shown["sale"] != "down";
        assert!(self.unsure || listed == self.listed, "the product is not as its seller was answered");
        (self.listed, self.unsure) = (listed, false);
    }

    fn is_found_as_it_is(&mut self, seller: &mut Program, base: &str) {
        wait_until("the search to agree with the shelf", || {
            (load::finds(seller, base, &self.title, &self.product) == self.listed).then_some(())
        });
    }
}
