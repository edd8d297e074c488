//! Several processes on one PostgreSQL: three of them, two hundred buyers, a hundred pieces of one good, and one process
//! killed in the middle. Sold is what there was; the others go on, and take over what the killed one had begun.

#[path = "support/load.rs"]
mod load;
mod support;

use db::Engine;
use load::{Good, Program, order_form};
use serde_json::json;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use support::{Market, Partners, wait_until};

const BUYERS: usize = 200;
const PIECES: i64 = 100;
/// The kill falls when so many are sold.
const SOLD_AT_KILL: usize = 30;

#[test]
fn three_processes_sell_what_there_is() {
    let partners = Partners::start();
    let market = Market::with(Engine::Postgres, &partners);
    let mut seller = load::seller(&market, 0);
    let good = load::stocked(&mut seller, &market.base, 1, 0).remove(0);
    let shelf = PIECES * good.minimum;
    let stock = json!({ "variants": [{ "variant": good.variant, "stock": shelf }] });
    seller.must("PUT", &market.base, &format!("/sell/products/{}/stock", good.product), Some(&stock));
    let buyers = load::buyers(&market, BUYERS, 1);
    let others = [market.beside(), market.beside()];
    let bases = [market.base.clone(), others[0].base.clone(), others[1].base.clone()];
    let (doomed, others) = (Mutex::new(others), &bases[..2]);

    let (sold, refused) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let bought: Mutex<Vec<(Program, String, String)>> = Mutex::default();
    std::thread::scope(|threads| {
        for (at, mut program) in buyers.into_iter().enumerate() {
            let (sold, refused, bought, good, bases) = (&sold, &refused, &bought, &good, &bases);
            threads.spawn(move || {
                // Whose process is gone goes to another.
                let own = &bases[at % bases.len()];
                let mut seen = None;
                let answered = buys(&mut program, own, good, at, &mut seen).unwrap_or_else(|| {
                    let other = &others[at % others.len()];
                    buys(&mut program, other, good, at, &mut seen).expect("the other processes answer")
                });
                match answered {
                    Some((order, checkout)) => {
                        bought.lock().expect("what was bought").push((program, order, checkout));
                        sold.fetch_add(1, Ordering::Relaxed);
                    }
                    None => {
                        refused.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
        while sold.load(Ordering::Relaxed) < SOLD_AT_KILL {
            assert_eq!(refused.load(Ordering::Relaxed), 0, "there are pieces left");
            std::thread::yield_now();
        }
        doomed.lock().expect("the processes")[1].is_killed();
    });
    assert_eq!((sold.into_inner(), refused.into_inner()), (100, 100), "sold is what there was");
    assert_eq!(load::stock_of(&mut seller, &market.base, &good), 0);
    let mut bought = bought.into_inner().expect("what was bought");
    for (program, order, _) in &mut bought {
        let there = program.all(&others[0], "/orders");
        let there: Vec<_> = there.iter().map(|row| row["order"]["id"].as_str().expect("an id")).collect();
        assert_eq!(there, [order.as_str()], "a buyer has just the order that was answered");
    }
    let said = market.command(&["verify"]);
    assert!(said.contains("100 orders: lines, amounts, money and stock agree"), "{said}");

    // Each process has an index of its own, and both that live follow what a seller does at one of them.
    let page = seller.must("GET", &others[0], &format!("/products/{}", good.product), None);
    let title = page["title"]["en"].as_str().expect("a title").to_owned();
    for base in others {
        assert!(load::finds(&mut seller, base, &title, &good.product), "it is sold out and still shown");
    }
    seller.must("POST", &others[0], &format!("/sell/products/{}/down", good.product), None);
    for base in others {
        wait_until("the search of each process to follow", || {
            (!load::finds(&mut seller, base, &title, &good.product)).then_some(())
        });
    }

    // What nobody was there to hear, one that lives asks for: the payer pays while all news goes to a process that is
    // gone, or to one that lives; and the jobs that the killed one had begun are taken over when their lease has run out.
    for (program, _, checkout) in &mut bought[..3] {
        let path = format!("/checkouts/{checkout}/payment");
        let begun = program.must("POST", &others[1], &path, Some(&json!({})));
        assert!(program.pays(begun["cashier_url"].as_str().expect("a cashier")), "the payment company takes it");
    }
    market.clock_moves(Duration::from_secs(600));
    for (program, _, checkout) in &mut bought[..3] {
        wait_until("the news of the payment", || {
            let shown = program.must("GET", &others[0], &format!("/checkouts/{checkout}"), None);
            shown["unpaid"].as_array().is_some_and(Vec::is_empty).then_some(())
        });
    }
}

/// Order and checkout; `seen` is the total that was sent. `Some(None)` where all is sold; `None` where there was no answer.
#[allow(clippy::option_option)]
fn buys(
    program: &mut Program,
    base: &str,
    good: &Good,
    at: usize,
    seen: &mut Option<i64>,
) -> Option<Option<(String, String)>> {
    let path = format!("/cart/lines/{}/{}", good.product, good.variant);
    let put = program.call("PUT", base, &path, "", Some(&json!({ "quantity": good.minimum })))?;
    if !(200..300).contains(&put.status) {
        // Sold out: it does not even go into the cart. An order that was made and not answered is still told by its key.
        assert!(matches!(put.status, 409 | 422), "{put:?}");
    }
    let quote = program.call("GET", base, "/quote", "", None)?;
    // What was sent before is sent again word for word.
    let total = *seen.get_or_insert(quote.json["cart"]["total"]["minor"].as_i64().unwrap_or(0));
    let key = format!("processes-order-{at:08}");
    let heard = program.call("POST", base, "/orders", &key, Some(&order_form(total)))?;
    match heard.status {
        200 | 201 => {
            let order = heard.json["orders"][0]["id"].as_str().expect("an id").to_owned();
            Some(Some((order, heard.json["checkout"].as_str().expect("an id").to_owned())))
        }
        409 | 422 => Some(None),
        _ => panic!("{heard:?}"),
    }
}
