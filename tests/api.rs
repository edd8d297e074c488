//! The interface for programs, through the binary: the document, what a token may do, what is sent wrong, and one whole
//! trade by a client that was generated from the document.
//!
//! `openapi-python-client` and `openapi-spec-validator` come from PyPI ([`tools`]).

mod support;
#[path = "support/tools.rs"]
mod tools;

use db::Engine;
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use support::{Browser, Market, token};
use tools::run;
use ureq::http::{Method, Request};

const PASSWORD: &str = "wholesale-1688";
/// What is planted in the consignee's fields, to be found in no log and no address.
const NAME: &str = "王小明Canary8842";
const PLACE: &str = "浙江省义乌市稠州北路8842号Canary";
const PHONE: &str = "13988420001";

// --- a client by hand -------------------------------------------------------------------------------------------------

/// An answer of the API.
struct Said {
    status: u16,
    headers: ureq::http::HeaderMap,
    json: Value,
}

impl Said {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("")
    }

    /// A problem of this status that names these fields with these codes.
    fn is_problem(&self, status: u16, errors: &[(&str, &str)]) -> &Said {
        assert_eq!(self.status, status, "{}", self.json);
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.json);
        assert_eq!(self.header("cache-control"), "no-store");
        assert_eq!(self.json["status"], status);
        assert!(self.json["title"].is_string() && self.json["detail"].is_string());
        for (field, code) in errors {
            let found = self.json["errors"].as_array().expect("errors").iter();
            let found = found.into_iter().any(|error| error["field"] == *field && error["code"] == *code);
            assert!(found, "no {code} at {field}: {}", self.json);
        }
        self
    }

    fn is(&self, status: u16) -> &Value {
        assert_eq!(self.status, status, "{}", self.json);
        &self.json
    }
}

/// A program with a token, or without.
struct Program<'m> {
    market: &'m Market,
    token: Option<String>,
}

impl Program<'_> {
    fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&str>) -> Said {
        let agent = support::agent();
        let mut request = Request::builder()
            .method(Method::from_bytes(method.to_uppercase().as_bytes()).expect("a method"))
            .uri(format!("{}{path}", self.market.base));
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = match body {
            Some(body) => agent.run(request.body(body.to_owned()).expect("a request")),
            None => agent.run(request.body(()).expect("a request")),
        };
        let mut answer = answer.unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        let text = answer.body_mut().read_to_string().unwrap_or_default();
        let json = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Said { status: answer.status().as_u16(), headers: answer.headers().clone(), json }
    }

    fn get(&self, path: &str) -> Said {
        self.send("GET", path, &[], None)
    }

    fn json(&self, method: &str, path: &str, body: &Value) -> Said {
        self.send(method, path, &[("content-type", "application/json")], Some(&body.to_string()))
    }
}

fn nobody(market: &Market) -> Program<'_> {
    Program { market, token: None }
}

fn member<'m>(market: &'m Market, name: &str, reaches: &[&str]) -> Program<'m> {
    let mut browser = market.browser();
    browser.signs_in(name, PASSWORD);
    Program { market, token: Some(token(&mut browser, "/my/tokens", reaches)) }
}

fn operator<'m>(market: &'m Market, reaches: &[&str]) -> Program<'m> {
    let mut browser = market.browser();
    browser.get("/en/console/sign-in");
    browser.send("/console/sign-in", &[("account", "operator"), ("password", PASSWORD)]).shows(&["Access tokens"]);
    Program { market, token: Some(token(&mut browser, "/console/tokens", reaches)) }
}

// --- the document -----------------------------------------------------------------------------------------------------

/// Every operation: method, path, and what the document says of it.
fn operations(market: &Market) -> Vec<(String, String, Value)> {
    let said = nobody(market).get("/api/openapi.json");
    let mut all = Vec::new();
    for (path, item) in said.is(200)["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("an item") {
            all.push((method.clone(), path.clone(), operation.clone()));
        }
    }
    all
}

/// 2-a.3: whatever is wrong is a 4xx that names its field, in the words of the pages, and quotes nothing.
#[test]
fn what_is_sent_wrong_is_a_problem_that_names_the_field() {
    let market = Market::open(Engine::Sqlite);
    let guest = nobody(&market);
    guest.get("/api/v1/nothing").is_problem(404, &[]);
    guest.get("/api/v2/cart").is_problem(404, &[]);
    guest.json("POST", "/api/v1/categories", &json!({})).is_problem(405, &[]);
    guest.get("/api/v1/products/not-an-id").is_problem(404, &[]);
    guest.get("/api/v1/products?price_from=cheap").is_problem(422, &[("price_from", "api-wrong-type")]);
    guest.get("/api/v1/products?sort=mine").is_problem(422, &[("sort", "invalid-choice")]);
    guest.get("/api/v1/products?limit=0").is_problem(422, &[("limit", "invalid-range")]);
    guest.get("/api/v1/products?after=%00").is_problem(422, &[("after", "api-not-a-cursor")]);
    guest.get("/api/v1/products?colour=red").is_problem(422, &[("colour", "api-unknown-field")]);

    // Without a token, with half of one, with one that never was; a cookie is none.
    guest.get("/api/v1/cart").is_problem(401, &[]);
    for sent in ["hanse_", "Bearer", "Basic YTpi", "Bearer hanse_short"] {
        let said = guest.send("GET", "/api/v1/cart", &[("authorization", sent)], None);
        assert_eq!(said.is_problem(401, &[]).header("www-authenticate"), "Bearer");
    }
    let wrong = Program { market: &market, token: Some(format!("hanse_{}", "A".repeat(43))) };
    wrong.get("/api/v1/cart").is_problem(401, &[]);

    let buyer = member(&market, "demo_buyer", &["buy"]);
    let said = buyer.get("/api/v1/cart");
    assert_eq!((said.is(200)["lines"].as_i64(), said.header("cache-control")), (Some(0), "no-store"));
    assert_eq!(said.header("ratelimit-limit"), "600");
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
    let said = buyer.get("/api/v1/me/consents");
    let asked = said.is(200).as_array().expect("consents").iter().find(|c| c["purpose"] == "KeepAddressBook");
    let hash = asked.expect("the book's")["notice_hash"].clone();
    buyer.json("PUT", consent, &json!({"notice_hash": hash, "language": "en"})).is(204);
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
    let seller = member(&market, "demo_seller_1", &["sell"]);
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
    let hooking = member(&market, "demo_seller_1", &["hooks"]);
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
    member(&market, "demo_buyer", &["sell"])
        .get("/api/v1/sell/products")
        .is_problem(403, &[("", "refused-catalogue-no-shop")]);

    // Too often.
    let eager = member(&market, "demo_buyer", &["buy:read"]);
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

// --- what a token may do ----------------------------------------------------------------------------------------------

/// 2.3.2-c.1, 3.5-a.1: every operation of the document, without a token, with one of another reach, and with another
/// person's ids: refused, and nothing is changed.
#[test]
fn a_token_reaches_as_far_as_was_chosen() {
    let market = Market::open(Engine::Sqlite);
    let buyer = member(&market, "demo_buyer", &["buy"]);
    let (product, variant) = first_product(&nobody(&market), "golden");
    let shop = nobody(&market).get(&format!("/api/v1/products/{product}")).is(200)["shop"]["id"].clone();
    let shop = shop.as_str().expect("a shop").to_owned();
    buyer.json("PUT", &format!("/api/v1/cart/lines/{product}/{variant}"), &json!({"quantity": 20})).is(200);
    let total = buyer.get("/api/v1/quote").is(200)["cart"]["total"]["minor"].clone();
    let order = json!({"total_seen": total, "to": "another", "assured": "en",
        "consignee": {"name": NAME, "phone": PHONE, "address": PLACE}});
    let place = |order: &Value| {
        let headers = [("content-type", "application/json"), ("idempotency-key", "one-order-of-the-tests")];
        buyer.send("POST", "/api/v1/orders", &headers, Some(&order.to_string()))
    };
    let placed = place(&order);
    let (checkout, of) = (placed.is(201)["checkout"].clone(), placed.json["orders"][0]["id"].clone());
    let (checkout, of) = (checkout.as_str().expect("an id").to_owned(), of.as_str().expect("an id").to_owned());
    // The same once more is the same; another content under the key is refused.
    let again = place(&order);
    assert_eq!(again.is(200)["orders"], placed.json["orders"]);
    let mut other = order.clone();
    other["delivery_time"] = json!("weekdays");
    place(&other).is_problem(422, &[("Idempotency-Key", "refused-trade-sent-before")]);
    let consent = buyer.get("/api/v1/me/consents").is(200)[0].clone();
    assert!(consent["notice"].is_string());

    let seller = member(&market, "demo_seller_2", &["sell"]);
    let mine = seller.get("/api/v1/sell/shop").is(200)["id"].as_str().expect("an id").to_owned();
    let (stranger, theirs) = match mine == shop {
        true => (member(&market, "demo_seller_3", &["buy", "sell", "hooks"]), "demo_seller_2"),
        false => (member(&market, "demo_seller_2", &["buy", "sell", "hooks"]), "another seller"),
    };
    let hooking = member(&market, "demo_seller_1", &["hooks"]);
    let webhook = hooking.json("POST", "/api/v1/sell/webhooks", &hook_of("http://127.0.0.1:1099/hook"));
    let webhook = webhook.is(201)["webhook"]["id"].as_str().expect("an id").to_owned();
    let readers = [
        member(&market, "demo_buyer", &["buy:read"]),
        member(&market, "demo_seller_1", &["sell:read"]),
        member(&market, "demo_seller_1", &["hooks:read"]),
        operator(&market, &["operate:read"]),
    ];
    let writers = [
        member(&market, "demo_buyer", &["buy"]),
        member(&market, "demo_seller_1", &["sell"]),
        hooking,
        operator(&market, &["operate"]),
    ];
    let before = buyer.get(&format!("/api/v1/orders/{of}"));

    let (mut walked, mut foreign) = (0, 0);
    for (method, path, operation) in operations(&market) {
        let wanted: Vec<String> = operation["security"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|one| one["token"][0].as_str().map(str::to_owned))
            .collect();
        let here = path
            .replace("{order}", &of)
            .replace("{checkout}", &checkout)
            .replace("{product}", &product)
            .replace("{variant}", &variant)
            .replace("{shop}", &shop)
            .replace("{purpose}", "KeepAddressBook")
            .replace("{address}", &of)
            .replace("{refund}", &of)
            .replace("{job}", &of)
            .replace("{webhook}", &webhook)
            .replace("{delivery}", &of);
        assert!(!here.contains('{'), "{path}");
        let body = body_for(operation["operationId"].as_str().expect("an id"));
        let body = body.as_ref().map(Value::to_string);
        let headers = [("content-type", "application/json"), ("idempotency-key", "another-key-of-the-tests")];
        let headers = if body.is_some() { &headers[..] } else { &[] };
        if wanted.is_empty() {
            assert!(nobody(&market).get(&here).status < 500);
            continue;
        }
        walked += 1;
        nobody(&market).send(&method, &here, headers, body.as_deref()).is_problem(401, &[]);
        let reads = wanted[0].ends_with(":read");
        let kind = |reach: &str| wanted.iter().any(|w| w.trim_end_matches(":read") == reach);
        for (reach, reader, writer) in [
            ("buy", &readers[0], &writers[0]),
            ("sell", &readers[1], &writers[1]),
            ("hooks", &readers[2], &writers[2]),
            ("operate", &readers[3], &writers[3]),
        ] {
            if !kind(reach) {
                reader.send(&method, &here, headers, body.as_deref()).is_problem(403, &[]);
                writer.send(&method, &here, headers, body.as_deref()).is_problem(403, &[]);
            } else if !reads {
                reader.send(&method, &here, headers, body.as_deref()).is_problem(403, &[]);
            }
        }
        // Somebody with both reaches, and nothing of these. Of a shop or a good that everybody sees, only its seller's
        // operations are another's.
        let named = ["{order}", "{checkout}", "{address}", "{webhook}"].iter().any(|part| path.contains(part))
            || (path.starts_with("/api/v1/sell/") && path.contains("{product}"));
        if named {
            foreign += 1;
            let said = stranger.send(&method, &here, headers, body.as_deref());
            let off = said.json["errors"][0]["code"] == "refused-trade-address-book-off";
            // A form with files is read after it is known whose product it is.
            assert!(said.status == 404 || off, "{method} {here} by {theirs}: {} {}", said.status, said.json);
        }
    }
    assert!(walked > 50 && foreign > 15, "{walked} {foreign}");
    let after = buyer.get(&format!("/api/v1/orders/{of}"));
    assert_eq!(before.is(200), after.is(200), "nothing is changed");
    assert_eq!(after.header("cache-control"), "no-store");
    assert_eq!(after.json["consignee"]["name"], NAME);

    // A token ends when it is ended, and all of them with a new password's or everywhere's sign-out.
    let mut browser = market.browser();
    browser.signs_in("demo_buyer", PASSWORD);
    let one = Program { market: &market, token: Some(token(&mut browser, "/my/tokens", &["buy:read"])) };
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

fn hook_of(url: &str) -> Value {
    json!({"name": "stock system", "url": url, "topics": ["order.placed"]})
}

/// A body that is right by itself, so that only whose it is can be wrong.
fn body_for(operation: &str) -> Option<Value> {
    let place = json!({"name": NAME, "phone": PHONE, "address": PLACE});
    Some(match operation {
        "add_to_cart" => json!({"lines": []}),
        "put_cart_line" => json!({"quantity": 5}),
        "choose_in_cart" => json!({"which": "all", "chosen": true}),
        "place_orders" => json!({"total_seen": 0, "to": "own", "consignee": place}),
        "start_payment" => json!({}),
        "hide_order" => json!({"hidden": true}),
        "keep_address" => json!({"consignee": place}),
        "edit_address" => place,
        "give_consent" => json!({"notice_hash": "", "language": "en"}),
        "ship_order" => json!({"carrier": "sf", "kind": "other", "weight_grams": 1000}),
        "set_stock" => json!({"variants": []}),
        "change_account" => json!({"settlement_account": "6228480012340042"}),
        "make_webhook" | "edit_webhook" => hook_of("http://127.0.0.1:1099/hook"),
        "replay_webhook" => json!({"since": "2026-01-01T00:00:00Z"}),
        "decide_on_shop" => json!({"decision": "approve"}),
        _ => return None,
    })
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
