//! The interface for programs, through the binary: what is sent wrong, an order, the end of a token, and one whole trade by
//! a client that was generated from the document. Whose ids and tokens reach how far, `strangers.rs` walks.
//!
//! `openapi-python-client` and `openapi-spec-validator` come from PyPI ([`tools`]).

#[path = "support/program.rs"]
mod program;
mod support;
#[path = "support/tools.rs"]
mod tools;

use db::Engine;
use program::{Program, Said, member, nobody, operations, operator};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use support::{Browser, Market, token};
use tools::run;

const PASSWORD: &str = "wholesale-1688";
/// What is planted in the consignee's fields, to be found in no log and no address.
const NAME: &str = "王小明Canary8842";
const PLACE: &str = "浙江省义乌市稠州北路8842号Canary";
const PHONE: &str = "13988420001";

// --- the document -----------------------------------------------------------------------------------------------------

#[test]
fn what_is_sent_wrong_is_a_problem_that_names_the_field_on_sqlite() {
    sent_wrong(&Market::open(Engine::Sqlite));
}

#[test]
fn what_is_sent_wrong_is_a_problem_that_names_the_field_on_postgres() {
    sent_wrong(&Market::open(Engine::Postgres));
}

/// 2-a.3: whatever is wrong is a 4xx that names its field, in the words of the pages, and quotes nothing.
fn sent_wrong(market: &Market) {
    let guest = nobody(market);
    guest.get("/api/v1/nothing").is_problem(404, &[]);
    guest.get("/api/v2/cart").is_problem(404, &[]);
    guest.json("POST", "/api/v1/categories", &json!({})).is_problem(405, &[]);
    guest.get("/api/v1/products/not-an-id").is_problem(404, &[]);
    guest.get("/api/v1/products?price_from=cheap").is_problem(422, &[("price_from", "api-wrong-type")]);
    guest.get("/api/v1/products?sort=mine").is_problem(422, &[("sort", "invalid-choice")]);
    guest.get("/api/v1/products?limit=0").is_problem(422, &[("limit", "invalid-range")]);
    // Nor one of another sort.
    for after in ["%00", "p24", "general.1.2", "general.1.2.3.4", "sales.1.2.3", "general.1.2.-3"] {
        let said = guest.get(&format!("/api/v1/products?after={after}"));
        said.is_problem(422, &[("after", "api-not-a-cursor")]);
    }
    guest.get("/api/v1/products?colour=red").is_problem(422, &[("colour", "api-unknown-field")]);

    // Without a token, with half of one, with one that never was; a cookie is none.
    guest.get("/api/v1/cart").is_problem(401, &[]);
    for sent in ["hanse_", "Bearer", "Basic YTpi", "Bearer hanse_short"] {
        let said = guest.send("GET", "/api/v1/cart", &[("authorization", sent)], None);
        assert_eq!(said.is_problem(401, &[]).header("www-authenticate"), "Bearer");
    }
    let wrong = Program { market, token: Some(format!("hanse_{}", "A".repeat(43))) };
    wrong.get("/api/v1/cart").is_problem(401, &[]);

    let buyer = member(market, "demo_buyer", &["buy"]);
    let said = buyer.get("/api/v1/cart");
    assert_eq!((said.is(200)["lines"].as_i64(), said.header("cache-control")), (Some(0), "no-store"));
    assert_eq!(said.header("ratelimit-limit"), "600");
    assert!(said.header("ratelimit-remaining").parse::<u32>().is_ok_and(|left| left < 600));
    assert!(said.header("ratelimit-reset").parse::<u32>().is_ok_and(|seconds| (1..=61).contains(&seconds)));
    let lines = "/api/v1/cart/lines";
    buyer.send("POST", lines, &[("content-type", "text/plain")], Some("{}")).is_problem(415, &[]);
    let as_json = [("content-type", "application/json")];
    buyer.send("POST", lines, &as_json, Some("{\"lines\":")).is_problem(400, &[("", "api-not-json")]);
    buyer.send("POST", lines, &as_json, Some(&" ".repeat(300_000))).is_problem(413, &[]);
    buyer.json("POST", lines, &json!({})).is_problem(422, &[("lines", "invalid-missing")]);
    buyer
        .json("POST", lines, &json!({"lines": [{"product": "x", "variant": "y", "quantity": 1}]}))
        .is_problem(422, &[("lines.0.product", "api-not-an-id")]);
    buyer
        .json("POST", lines, &json!({"lines": [{"product": "x", "variant": "y", "quantity": "many"}]}))
        .is_problem(422, &[("lines.0.quantity", "api-wrong-type")]);
    buyer.json("POST", lines, &json!({"lines": [], "more": true})).is_problem(422, &[("more", "api-unknown-field")]);
    let none = "00000000-0000-7000-8000-000000000000";
    let (product, variant) = first_product(&guest, "golden");
    buyer.json("PUT", &format!("{lines}/{none}/{none}"), &json!({"quantity": 5})).is_problem(404, &[]);
    let said = buyer.json("PUT", &format!("{lines}/{product}/{variant}"), &json!({"quantity": 0}));
    said.is_problem(422, &[("quantity", "refused-trade-quantity")]);
    // The words are those of the pages, in the language that is accepted.
    let said = buyer.send(
        "PUT",
        &format!("{lines}/{product}/{variant}"),
        &[("content-type", "application/json"), ("accept-language", "zh-CN")],
        Some("{\"quantity\":0}"),
    );
    said.is_problem(422, &[]);
    assert!(said.header("content-language") == "zh-CN" && said.json["title"] == "内容有误", "{}", said.json);

    // An order: its key, then every field at once; nothing is quoted.
    let order =
        json!({"total_seen": 0, "to": "another", "consignee": {"name": "x\u{202e}y", "phone": "123", "address": ""}});
    buyer.json("POST", "/api/v1/orders", &order).is_problem(400, &[("Idempotency-Key", "invalid-missing")]);
    let keyed = |key: &str, order: &Value| {
        let headers = [("content-type", "application/json"), ("idempotency-key", key)];
        buyer.send("POST", "/api/v1/orders", &headers, Some(&order.to_string()))
    };
    keyed("short", &order).is_problem(400, &[("Idempotency-Key", "api-not-a-key")]);
    keyed("0123456789abcdef", &order).is_problem(
        422,
        &[
            ("consignee.name", "invalid-characters"),
            ("consignee.phone", "invalid-phone"),
            ("consignee.address", "invalid-missing"),
            ("assured", "refused-trade-assurance-missing"),
        ],
    );
    let place = json!({"name": NAME, "phone": PHONE, "address": PLACE});
    keyed("0123456789abcdef", &json!({"total_seen": 0, "to": "own", "consignee": place}))
        .is_problem(422, &[("", "refused-trade-nothing-chosen")]);
    keyed("0123456789abcdef", &json!({"total_seen": 0, "to": "own"}))
        .is_problem(422, &[("consignee", "invalid-missing")]);

    // The address book asks for its consent, in the words that were shown.
    buyer.get("/api/v1/addresses").is_problem(409, &[("", "refused-trade-address-book-off")]);
    let consent = "/api/v1/me/consents/KeepAddressBook";
    buyer
        .json("PUT", consent, &json!({"notice_hash": "other words", "language": "en"}))
        .is_problem(409, &[("notice_hash", "consent-words-changed")]);
    agrees_to_the_book(&buyer);
    let kept = buyer.json("POST", "/api/v1/addresses", &json!({"consignee": place}));
    let id = kept.is(201)["id"].as_str().expect("an id").to_owned();
    let book = buyer.get("/api/v1/addresses");
    assert_eq!(book.is(200)["addresses"][0]["name"], NAME);
    buyer
        .json("PUT", &format!("/api/v1/addresses/{id}"), &json!({"name": NAME, "phone": "1", "address": PLACE}))
        .is_problem(422, &[("phone", "invalid-phone")]);
    buyer.send("DELETE", consent, &[], None).is(204);
    buyer.get("/api/v1/addresses").is_problem(409, &[]);

    // A seller's forms.
    let seller = member(market, "demo_seller_1", &["sell"]);
    let shop = seller.get("/api/v1/sell/shop");
    let mut edit = json!({"version": shop.is(200)["version"], "face": shop.json["face"],
        "contact": {"name": "Sales office", "phone": "no"}});
    seller.json("PUT", "/api/v1/sell/shop", &edit).is_problem(422, &[("contact.phone", "invalid-phone")]);
    edit["contact"]["phone"] = json!("0571 8800 0000");
    edit["face"]["since_year"] = json!(3);
    seller
        .json("PUT", "/api/v1/sell/shop", &edit)
        .is_problem(422, &[("face.since_year", "refused-catalogue-since-year")]);
    edit["face"]["since_year"] = json!(2001);
    seller.json("PUT", "/api/v1/sell/shop", &edit).is(200);
    seller.json("PUT", "/api/v1/sell/shop", &edit).is_problem(409, &[("", "refused-catalogue-edited")]);
    seller
        .json("PUT", "/api/v1/sell/settlement-account", &json!({"settlement_account": "x"}))
        .is_problem(422, &[("settlement_account", "invalid-too-short")]);
    seller.json("POST", "/api/v1/sell/products", &json!({})).is_problem(415, &[]);
    let imports = "/api/v1/sell/imports";
    seller.json("POST", imports, &json!({})).is_problem(415, &[]);
    uploaded(&seller, &[]).is_problem(422, &[("sheet", "import-sheet-missing")]);
    uploaded(&seller, &[("sheet", "product_ref,stok\nA,1\n")])
        .is_problem(422, &[("sheet", "import-file-unknown-column-near")]);
    uploaded(&seller, &[("sheet", "product_ref,stock\nA,1\n"), ("archive", "no archive")])
        .is_problem(422, &[("archive", "import-archive-bad")]);
    uploaded(&seller, &[("pictures", "x")]).is_problem(422, &[("pictures", "api-unknown-field")]);
    seller
        .json("POST", &format!("{imports}/{none}/start"), &json!({"part": 1}))
        .is_problem(422, &[("part", "api-unknown-field")]);
    seller.json("POST", &format!("{imports}/{none}/start"), &json!({})).is_problem(404, &[]);
    seller.get(&format!("{imports}/{none}/mistakes?after=1")).is_problem(422, &[("after", "api-not-a-cursor")]);
    let hooking = member(market, "demo_seller_1", &["hooks"]);
    let hooks = "/api/v1/sell/webhooks";
    hooking
        .json("POST", hooks, &json!({"name": " ", "url": "https://10.0.0.1/", "topics": ["webhook.test"]}))
        .is_problem(
            422,
            &[
                ("name", "refused-trade-hook-name"),
                ("url", "refused-trade-hook-not-public"),
                ("topics", "refused-trade-hook-topics"),
            ],
        );
    hooking
        .json("POST", hooks, &json!({"name": "x", "url": "https://x.invalid/", "topics": ["order.lost"]}))
        .is_problem(422, &[("topics.0", "invalid-choice")]);
    hooking.json("POST", hooks, &hook_of("ftp://x/")).is_problem(422, &[("url", "refused-trade-hook-address")]);
    let made = hooking.json("POST", hooks, &hook_of("http://127.0.0.1:1099/hook"));
    assert!(made.is(201)["secret"].as_str().is_some_and(|secret| secret.starts_with("whsec_")));
    let one = format!("{hooks}/{}", made.json["webhook"]["id"].as_str().expect("an id"));
    hooking
        .json("POST", &format!("{one}/replay"), &json!({"since": "lately"}))
        .is_problem(422, &[("since", "api-wrong-type")]);
    hooking.get(&format!("{one}/deliveries?state=lost")).is_problem(422, &[("state", "invalid-choice")]);
    hooking.send("POST", &format!("{one}/off"), &[], None).is(204);
    hooking.send("POST", &format!("{one}/test"), &[], None).is_problem(409, &[("", "refused-trade-hook-off")]);
    hooking.send("DELETE", &one, &[], None).is(204);
    hooking.get(&one).is_problem(404, &[]);
    // A member without a shop.
    member(market, "demo_buyer", &["sell"])
        .get("/api/v1/sell/products")
        .is_problem(403, &[("", "refused-catalogue-no-shop")]);

    // Too often.
    let eager = member(market, "demo_buyer", &["buy:read"]);
    for _ in 0..600 {
        eager.get("/api/v1/cart").is(200);
    }
    let last = eager.get("/api/v1/cart");
    last.is_problem(429, &[]);
    assert!(last.header("retry-after").parse::<u32>().is_ok_and(|s| (1..=61).contains(&s)));
    assert_eq!(last.header("ratelimit-remaining"), "0");
    buyer.get("/api/v1/cart").is(200);

    // The page for people.
    for (path, words) in
        [("/en/api", "Interface for programs"), ("/zh/api", "程序接口"), ("/api", "Interface for programs")]
    {
        let mut browser = market.browser();
        browser.get(path).shows(&[words, "op-place_orders", "#schema-NewOrders", "problem-conflict"]);
        browser.lacks(&["style=\"", "<style"]);
    }
}

/// A good that a search finds, with its first variant.
fn first_product(guest: &Program, words: &str) -> (String, String) {
    let found = guest.get(&format!("/api/v1/products?q={words}&limit=1"));
    let id = found.is(200)["items"][0]["id"].as_str().expect("a product").to_owned();
    let product = guest.get(&format!("/api/v1/products/{id}"));
    let variant = product.is(200)["variants"][0]["id"].as_str().expect("a variant").to_owned();
    (id, variant)
}

/// Sends a form with these files to be imported.
fn uploaded(seller: &Program, files: &[(&str, &str)]) -> Said {
    let parts: Vec<_> = files.iter().map(|(name, content)| (*name, content.as_bytes().to_vec())).collect();
    seller.form("/api/v1/sell/imports", &[], &parts)
}

// --- what is sent again -------------------------------------------------------------------------------------------------

#[test]
fn what_is_sent_again_does_nothing_twice_on_sqlite() {
    sent_again(&Market::open(Engine::Sqlite));
}

#[test]
fn what_is_sent_again_does_nothing_twice_on_postgres() {
    sent_again(&Market::open(Engine::Postgres));
}

/// Every operation that the document gives a key, but the order ([`once`]) and the payout (the generated client's), for
/// which there must have been a trade.
fn sent_again(market: &Market) {
    let (buyer, seller) = (member(market, "demo_buyer", &["buy"]), member(market, "demo_seller_1", &["sell", "hooks"]));
    let mut tried = BTreeSet::from(["place_orders".to_owned(), "ask_payout".to_owned()]);
    let mut again = |operation: &str, status: u16, send: &dyn Fn(&str, &str) -> Said| {
        tried.insert(operation.to_owned());
        let key = format!("again-{operation}-of-the-tests");
        let first = send(&key, "one").is(status).clone();
        assert_eq!(send(&key, "one").is(200), &first, "{operation}: sent again, it is the first");
        send(&key, "two").is_problem(422, &[("Idempotency-Key", "api-key-used")]);
        send("short", "one").is_problem(400, &[("Idempotency-Key", "api-not-a-key")]);
        first
    };
    let keyed = |program: &Program, path: &str, key: &str, body: &Value| {
        let headers = [("content-type", "application/json"), ("idempotency-key", key)];
        program.send("POST", path, &headers, Some(&body.to_string()))
    };

    let (product, variant) = first_product(&nobody(market), "golden");
    again("add_to_cart", 200, &|key, says| {
        let quantity = if says == "one" { 20 } else { 21 };
        let line = json!({"product": product, "variant": variant, "quantity": quantity});
        keyed(&buyer, "/api/v1/cart/lines", key, &json!({"lines": [line]}))
    });
    assert_eq!(buyer.get("/api/v1/cart").is(200)["sellers"][0]["products"][0]["quantity"], 20);

    agrees_to_the_book(&buyer);
    again("keep_address", 201, &|key, says| {
        let place = json!({"name": NAME, "phone": PHONE, "address": format!("{PLACE} {says}")});
        keyed(&buyer, "/api/v1/addresses", key, &json!({"consignee": place}))
    });
    assert_eq!(buyer.get("/api/v1/addresses").is(200)["addresses"].as_array().map(Vec::len), Some(1));

    let goods = || seller.get("/api/v1/sell/products?limit=100").is(200)["items"].as_array().map(Vec::len);
    let before = goods().expect("a list");
    let category = nobody(market).get("/api/v1/categories").is(200)[0]["key"].clone();
    let published = again("publish_product", 201, &|key, says| {
        let words = |en: &str| json!({"en": en, "zh": en});
        let offered = json!({
            "category": category, "title": words(&format!("Sent again: {says}")), "text": words("As shown."),
            "unit": {"one": "case", "many": "cases", "zh": "箱"}, "axis": words("Size"),
            "tiers": [{"from": 5, "price": 120}], "variants": [{"name": words("one"), "stock": 50}],
        });
        let picture = include_bytes!("../demo/pictures/general/abel-y-costa-716024-unsplash.jpg");
        let parts = [("product", offered.to_string().into_bytes()), ("picture", picture.to_vec())];
        seller.form("/api/v1/sell/products", &[("idempotency-key", key)], &parts)
    });
    assert_eq!(goods(), Some(before + 1));
    assert_eq!(published["version"], 1);

    let hook = again("make_webhook", 201, &|key, says| {
        keyed(&seller, "/api/v1/sell/webhooks", key, &hook_of(&format!("http://127.0.0.1:1099/{says}")))
    });
    let other = seller.json("POST", "/api/v1/sell/webhooks", &hook_of("http://127.0.0.1:1099/other"));
    let secret =
        |hook: &Value| format!("/api/v1/sell/webhooks/{}/secret", hook["webhook"]["id"].as_str().expect("an id"));
    let rotated = again("rotate_webhook_secret", 200, &|key, says| {
        let of = if says == "one" { &hook } else { other.is(201) };
        seller.send("POST", &secret(of), &[("idempotency-key", key)], None)
    });
    assert_ne!(rotated["secret"], hook["secret"]);
    // Its secret now is told again, as long as it is there; and to no token of another reach.
    let made = |program: &Program, says: &str| {
        let url = format!("http://127.0.0.1:1099/{says}");
        keyed(program, "/api/v1/sell/webhooks", "again-make_webhook-of-the-tests", &hook_of(&url))
    };
    assert_eq!(made(&seller, "one").is(200)["secret"], rotated["secret"]);
    made(&member(market, "demo_seller_1", &["sell"]), "one").is_problem(403, &[]);
    assert_ne!(made(&member(market, "demo_seller_2", &["hooks"]), "one").is(201)["secret"], rotated["secret"]);
    assert_eq!(seller.get("/api/v1/sell/webhooks").is(200).as_array().map(Vec::len), Some(2));
    seller.send("DELETE", secret(&hook).trim_end_matches("/secret"), &[], None).is(204);
    made(&seller, "one").is_problem(404, &[]);

    let takes_a_key = operations(market).into_iter().filter(|(_, _, operation)| {
        operation["parameters"].as_array().into_iter().flatten().any(|parameter| parameter["name"] == "Idempotency-Key")
    });
    let takes_a_key: BTreeSet<_> =
        takes_a_key.map(|(_, _, operation)| operation["operationId"].as_str().expect("a name").to_owned()).collect();
    assert_eq!(tried, takes_a_key, "every operation with a key is sent again");
}

/// The buyer agrees to an address book, in the words that are shown.
fn agrees_to_the_book(buyer: &Program) {
    let said = buyer.get("/api/v1/me/consents");
    let asked = said.is(200).as_array().expect("consents").iter().find(|c| c["purpose"] == "KeepAddressBook");
    let agreed = json!({"notice_hash": asked.expect("the book's")["notice_hash"], "language": "en"});
    buyer.json("PUT", "/api/v1/me/consents/KeepAddressBook", &agreed).is(204);
}

// --- what the operator looks through -----------------------------------------------------------------------------------

#[test]
fn the_operator_looks_through_all_that_is_stuck_on_sqlite() {
    looked_through(&Market::open(Engine::Sqlite));
}

#[test]
fn the_operator_looks_through_all_that_is_stuck_on_postgres() {
    looked_through(&Market::open(Engine::Postgres));
}

/// A day on which everything gave up: nothing of it is out of the operator's reach, by page and by program.
fn looked_through(market: &Market) {
    // The last pages are full, and offer no empty one.
    const STUCK: usize = 150;
    let ids: Vec<String> = (0..STUCK).map(|n| format!("00000000-0000-7000-8000-{n:012}")).collect();
    let now = market.now() * 1_000_000;
    let (person, shop) = ("(select min(id) from person)", "(select min(id) from shop)");
    let rows = |of: &dyn Fn(&str) -> String| ids.iter().map(|id| of(id)).collect::<Vec<_>>().join(",");
    market.has(&format!(
        "insert into job values {}; insert into payment values {}; insert into refund values {}; insert into payout values {}",
        rows(&|id| format!("('{id}', 'stuck', null, 'dead', {now}, '{{}}', 9, '', 0, 'it is down', {now})")),
        rows(&|id| format!(
            "('{id}', 'P{id}', {person}, '{id}', 'x', 'alipay', 100, 'CNY', 'disputed_amount', null, {now}, {now}, null, 1)"
        )),
        rows(&|id| format!("('{id}', '{id}', null, 100, 'failed', {now}, {now}, 'it is down')")),
        rows(&|id| format!("('{id}', {shop}, 100, 'CNY', 'failed', {now}, {now}, null, '')")),
    ));
    let newest: Vec<&String> = ids.iter().rev().collect();
    let desk = operator(market, &["operate:read"]);
    let mut browser = market.browser();
    browser.get("/en/console/sign-in");
    browser.send("/console/sign-in", &[("account", "operator"), ("password", PASSWORD)]).shows(&["Access tokens"]);
    let plain = |id: &String| id.replace('-', "");
    for (list, page, starts) in [
        ("jobs", "/en/console/jobs", "before="),
        ("payments", "/en/console/money", "disputed-before="),
        ("refunds", "/en/console/money", "refunds-before="),
        ("payouts", "/en/console/money", "payouts-before="),
    ] {
        let (mut read, mut after, mut pages) = (Vec::new(), String::new(), 0);
        loop {
            let said = desk.get(&format!("/api/v1/console/{list}?limit=50{after}"));
            read.extend(said.is(200)["items"].as_array().expect("a list").iter().map(Value::to_string));
            pages += 1;
            let Some(next) = said.json["next"].as_str() else { break };
            after = format!("&after={next}");
        }
        assert_eq!((read.len(), pages), (STUCK, 3), "{list}");
        for (row, id) in read.iter().zip(&newest) {
            assert!(row.contains(*id) || row.contains(&plain(id)), "{list}: {row} is not {id}");
        }
        // The same on the page, one after the other by what is offered there.
        let (mut to, mut seen) = (page.to_owned(), 0);
        loop {
            browser.get(&to).shows(&[]);
            seen += 1;
            let next = browser.all(&format!(r#"href="({page}\?{starts}[^"]+)""#));
            let Some(next) = next.first() else { break };
            to = next.split('#').next().expect("an address").to_owned();
        }
        assert_eq!(seen, if list == "jobs" { 5 } else { 3 }, "{list}");
        let eldest = [ids[0].clone(), plain(&ids[0])].iter().any(|id| browser.text.contains(id));
        assert!(eldest, "{list}: the eldest is on the last page");
        browser.get(page).shows(&[]);
    }
}

// --- an order, and the end of a token -----------------------------------------------------------------------------------

#[test]
fn an_order_is_placed_once_and_a_token_ends_on_sqlite() {
    once(&Market::open(Engine::Sqlite));
}

#[test]
fn an_order_is_placed_once_and_a_token_ends_on_postgres() {
    once(&Market::open(Engine::Postgres));
}

/// 2.3.2-a.1, 2.3.2-c.1
fn once(market: &Market) {
    let buyer = member(market, "demo_buyer", &["buy"]);
    let (product, variant) = first_product(&nobody(market), "golden");
    let chosen = || {
        buyer.json("PUT", &format!("/api/v1/cart/lines/{product}/{variant}"), &json!({"quantity": 20})).is(200);
        buyer.get("/api/v1/quote").is(200)["cart"]["total"]["minor"].clone()
    };
    let place = |key: &str, order: &Value| {
        let headers = [("content-type", "application/json"), ("idempotency-key", key)];
        buyer.send("POST", "/api/v1/orders", &headers, Some(&order.to_string()))
    };
    let order = json!({"total_seen": chosen(), "to": "another", "assured": "en",
        "consignee": {"name": NAME, "phone": PHONE, "address": PLACE}});
    let placed = place("one-order-of-the-tests", &order);
    let of = placed.is(201)["orders"][0]["id"].as_str().expect("an id").to_owned();
    // The same once more is the same; another content under the key is refused.
    let again = place("one-order-of-the-tests", &order);
    assert_eq!(again.is(200)["orders"], placed.json["orders"]);
    let mut other = order.clone();
    other["delivery_time"] = json!("weekdays");
    place("one-order-of-the-tests", &other).is_problem(422, &[("Idempotency-Key", "refused-trade-sent-before")]);
    let shown = buyer.get(&format!("/api/v1/orders/{of}"));
    assert_eq!(shown.is(200)["consignee"]["name"], NAME);
    assert_eq!(shown.header("cache-control"), "no-store");
    let account = buyer.get("/api/v1/me");
    assert_eq!(account.is(200)["name"], "demo_buyer");
    assert!(account.json["phone"].as_str().is_some_and(|phone| phone.contains('*')), "{}", account.json);
    let number = placed.json["orders"][0]["number"].as_str().expect("a number").to_owned();
    the_record_of_trades(market, &number);
    an_address_is_kept(market, &buyer, &chosen, &place);

    // A token ends when it is ended, and all of them with a new password's or everywhere's sign-out.
    let mut browser = market.browser();
    browser.signs_in("demo_buyer", PASSWORD);
    let one = Program { market, token: Some(token(&mut browser, "/my/tokens", &["buy:read"])) };
    one.get("/api/v1/cart").is(200);
    browser.send("/my/tokens/end", &[]).shows(&["The token is over"]);
    one.get("/api/v1/cart").is_problem(401, &[]);
    buyer.get("/api/v1/cart").is(200);
    browser.get("/en/my/security");
    browser.send("/my/security/end-others", &[]);
    buyer.get("/api/v1/cart").is_problem(401, &[]);
    // What was asked for wrongly is said at its field.
    browser.get("/en/my/tokens");
    browser.send("/my/tokens", &[("name", " "), ("days", "30")]).refused(&["name", "reaches"]);
}

/// 5.1-a.2, 5.3.1-a.S1: the desk whose duty it is finds every order, page by page, without anybody's name; the operator's
/// finds none.
fn the_record_of_trades(market: &Market, number: &str) {
    let password = "figures and sums";
    let add = ["staff", "add", "--account", "accounts", "--name", "Accounts", "--role", "finance"];
    market.command_with(&add, password);
    let mut desk = market.browser();
    desk.get("/en/console/sign-in");
    desk.send("/console/sign-in", &[("account", "accounts"), ("password", password)]).shows(&["/en/console/orders"]);
    desk.get("/en/console/orders").shows(&[number]).lacks(&[NAME, PHONE, PLACE]);
    desk.get(&format!("/en/console/orders?q={number}")).shows(&[number]);
    desk.get("/en/console/orders?tab=orders-on-way").shows(&["No orders here"]).lacks(&[number]);
    desk.get("/en/console/orders?q=1").shows(&["No orders here"]);
    let finance = Program { market, token: Some(token(&mut desk, "/console/tokens", &["operate:read"])) };
    let record = "/api/v1/console/orders";
    let found = finance.get(&format!("{record}?number={number}&state=placed"));
    assert_eq!(found.is(200)["items"].as_array().map(Vec::len), Some(1));
    assert_eq!((&found.json["items"][0]["number"], &found.json["next"]), (&json!(number), &Value::Null));
    assert!([NAME, PHONE, PLACE, "demo_buyer"].iter().all(|word| !found.json.to_string().contains(word)));
    let first = finance.get(&format!("{record}?limit=1"));
    assert_eq!(first.is(200)["items"][0]["number"], number);
    finance.get(&format!("{record}?state=lost")).is_problem(422, &[("state", "invalid-choice")]);
    operator(market, &["operate"]).get(record).is_problem(403, &[]);
    let mut owner = market.browser();
    owner.get("/en/console/sign-in");
    owner.send("/console/sign-in", &[("account", "operator"), ("password", PASSWORD)]).lacks(&["/en/console/orders"]);
    assert_eq!(owner.get("/en/console/orders").status, 403);
}

/// 0-a.7, 2.3.2-d: an address is kept with the order that goes there, by the consent that comes with it, once; somebody
/// else's as somebody else's.
fn an_address_is_kept(
    market: &Market,
    buyer: &Program,
    chosen: &dyn Fn() -> Value,
    place: &dyn Fn(&str, &Value) -> program::Said,
) {
    let consents = buyer.get("/api/v1/me/consents");
    let asked = consents.is(200).as_array().expect("consents").iter().find(|c| c["purpose"] == "KeepAddressBook");
    let keep = json!({"notice_hash": asked.expect("the book's")["notice_hash"], "language": "en"});
    let order = |to: &str, keep: &Value| {
        let mut order = json!({"total_seen": chosen(), "to": to, "keep": keep,
            "consignee": {"name": NAME, "phone": PHONE, "address": PLACE}});
        if to == "another" {
            order["assured"] = json!("en");
        }
        order
    };
    // Words that were not shown are no consent, and nothing is ordered by them.
    let wrong = json!({"notice_hash": "other words", "language": "en"});
    place("an-order-that-is-not", &order("own", &wrong))
        .is_problem(409, &[("keep.notice_hash", "consent-words-changed")]);
    buyer.get("/api/v1/addresses").is_problem(409, &[("", "refused-trade-address-book-off")]);
    let book = || buyer.get("/api/v1/addresses").is(200)["addresses"].as_array().expect("a book").clone();

    let own = order("own", &keep);
    place("an-order-and-its-address", &own).is(201);
    assert_eq!(book().len(), 1);
    place("an-order-and-its-address", &own).is(200);
    place("another-order-to-another", &order("another", &keep)).is(201);
    let kept = book();
    assert_eq!(
        kept.iter().map(|a| a["of_another"].as_bool()).collect::<Vec<_>>(),
        [Some(false), Some(true)],
        "{kept:?}"
    );
    assert!(kept.iter().all(|a| a["name"] == NAME && a["address"] == PLACE));
    let to_kept = json!({"total_seen": chosen(), "to": "kept", "address": kept[0]["id"], "keep": keep});
    place("an-order-to-what-is-kept", &to_kept).is_problem(422, &[("keep", "invalid-choice")]);
    // The pages know of it.
    let mut browser = market.browser();
    browser.signs_in("demo_buyer", PASSWORD);
    browser.get("/en/my/addresses").shows(&[NAME, PLACE]);
}

fn hook_of(url: &str) -> Value {
    json!({"name": "stock system", "url": url, "topics": ["order.placed"]})
}

// --- a generated client -----------------------------------------------------------------------------------------------

#[test]
fn a_whole_trade_by_a_generated_client_on_sqlite() {
    trade(&Market::logging(Engine::Sqlite));
}

#[test]
fn a_whole_trade_by_a_generated_client_on_postgres() {
    trade(&Market::logging(Engine::Postgres));
}

/// 2.3.2-a.1, 2.3.2-c.3, 3.5-a.1, 4.1: a buyer's, two sellers' and the operator's program do a whole trade; the payer pays
/// in a browser, and the couriers carry.
fn trade(market: &Market) {
    let packages = ["openapi-python-client", "openapi-spec-validator"];
    let python = tools::python("the test with a generated client", "python-api", &packages);
    let work = tempfile::tempdir().expect("a folder");
    let document = work.path().join("openapi.json");
    fs::write(&document, market.ask(&format!("{}/api/openapi.json", market.base))).expect("the document");
    run("the document", Command::new(&python).args(["-m", "openapi_spec_validator"]).arg(&document));
    let client = work.path().join("client");
    let mut generate = Command::new(&python);
    generate.args(["-m", "openapi_python_client", "generate", "--meta", "none", "--fail-on-warning", "--path"]);
    let path = std::env::var("PATH").unwrap_or_default();
    let bin = python.parent().expect("a folder").display().to_string();
    run("a client", generate.arg(&document).arg("--output-path").arg(&client).env("PATH", format!("{bin}:{path}")));

    let mut browser = market.browser();
    browser.registers("canary_program", "13988420009");
    let buyer = token(&mut browser, "/my/tokens", &["buy", "sell"]);
    let sellers: Vec<String> = (1..=14).map(|n| format!("demo_seller_{n}")).collect();
    let guest = nobody(market);
    let shops: Vec<String> = ["golden", "jeans"]
        .iter()
        .map(|words| {
            let found = guest.get(&format!("/api/v1/products?q={words}&limit=1"));
            found.is(200)["items"][0]["shop"]["name"]["en"].as_str().expect("a name").to_owned()
        })
        .collect();
    let owners: Vec<String> = shops.iter().map(|shop| support::owner_of(shop)).collect();
    assert!(
        owners[0] != owners[1]
            && owners.iter().all(|owner| sellers.contains(owner) || owner.starts_with("demo_seller"))
    );
    let tokens: Vec<String> =
        owners.iter().map(|owner| member(market, owner, &["sell"]).token.expect("a token")).collect();
    let staff = operator(market, &["operate"]).token.expect("a token");

    let driver = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/clients/trade.py");
    let mut child = Command::new(&python)
        .arg(driver)
        .env("PYTHONPATH", work.path())
        .env("BASE", &market.base)
        .env("BUYER", &buyer)
        .env("SELLERS", tokens.join(" "))
        .env("STAFF", &staff)
        .env("CONSIGNEE", json!({"name": NAME, "phone": PHONE, "address": PLACE}).to_string())
        .env("NO_PROXY", "*")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python starts");
    let mut to = child.stdin.take().expect("its input");
    let mut done = false;
    // The client asks for what only people and couriers do.
    for line in BufReader::new(child.stdout.take().expect("its output")).lines() {
        let line = line.expect("a line");
        match line.split_once(' ').unwrap_or((line.as_str(), "")) {
            ("pay", url) => {
                assert!(url.starts_with(&market.sandbox), "at the cashier: {url}");
                for canary in [NAME, PHONE, PLACE, "canary_program"] {
                    assert!(!url.contains(canary), "{canary} stands in an address");
                }
                let mut payer = Browser::of(market, &browser);
                payer.get(url);
                let form = payer.url.rsplit('/').next().expect("a name").to_owned();
                payer.send(&form, &[("payer", "0"), ("act", "pay")]);
            }
            ("parcels", _) => market.parcels_move(),
            ("done", _) => done = true,
            _ => println!("{line}"),
        }
        writeln!(to, "ok").and_then(|()| to.flush()).ok();
    }
    let status = child.wait().expect("python ends");
    assert!(status.success() && done, "the client failed: {status}");

    // 5.3.1-a.1: what went through is in no log, whatever is logged.
    let log = market.log();
    for canary in [NAME, PHONE, PLACE, "canary_program", "ring twice, please", &buyer, &staff, &tokens[0]] {
        assert!(!log.contains(canary), "{canary} stands in the log");
    }

    // The pages know of it.
    browser.get("/en/orders").shows(&["Completed"]);
    browser.get("/en/my/privacy").shows(&["You"]);
}
