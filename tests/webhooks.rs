//! Sellers' programs that are told of orders, through the binary, its pages and its API, on both engines: what is sent is
//! verified by the reference library of Standard Webhooks, which comes from PyPI ([`tools`]).

#[path = "support/receiver.rs"]
mod receiver;
mod support;
#[path = "support/tools.rs"]
mod tools;

use db::Engine;
use receiver::{Got, Receiver};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use support::{Browser, Market, Partners, owner_of, wait_until};

const PASSWORD: &str = "wholesale-1688";
/// What is planted in the order, to be found in no message and no log.
const NAME: &str = "王小明Canary6613";
const PLACE: &str = "浙江省义乌市稠州北路6613号Canary";
const PHONE: &str = "13966130001";
const NOTE: &str = "ring twice, canary 6613";

/// The library, as a seller's program calls it.
struct Verifier {
    child: Child,
    said: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Verifier {
    fn start() -> Verifier {
        let python = tools::python("the test of webhooks", "python-webhooks", &["standardwebhooks"]);
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/clients/webhook.py");
        let mut command = Command::new(python);
        let mut child =
            command.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("python starts");
        let said = BufReader::new(child.stdout.take().expect("its output")).lines();
        Verifier { child, said }
    }

    /// What the library says of a message with this secret, `later` seconds after it was sent.
    fn says(&mut self, secret: &str, got: &Got, later: i64) -> String {
        let asked = json!({
            "secret": secret,
            "headers": {
                "webhook-id": got.id,
                "webhook-timestamp": got.timestamp.to_string(),
                "webhook-signature": got.signature,
            },
            "body": got.body,
            "now": got.timestamp + later,
        });
        let to = self.child.stdin.as_mut().expect("its input");
        writeln!(to, "{asked}").and_then(|()| to.flush()).expect("python listens");
        self.said.next().expect("python answers").expect("a line")
    }
}

impl Drop for Verifier {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

#[test]
fn a_sellers_program_is_told_on_sqlite() {
    told(Engine::Sqlite);
}

#[test]
fn a_sellers_program_is_told_on_postgres() {
    told(Engine::Postgres);
}

fn shop_of(browser: &mut Browser, words: &str) -> String {
    browser.get(&format!("/en/search?q={words}"));
    let product = browser.find(r#"href="(/en/product/[0-9a-f-]{36})""#);
    browser.get(&product);
    browser.find(r#"href="/en/shop/[0-9a-f-]{36}">([^<]+)<"#)
}

fn is_order(got: &Got, kind: &str) -> bool {
    got.json()["type"] == kind
}

/// 3.5-a.1, 5.3.1-a.1
fn told(engine: Engine) {
    let mut library = Verifier::start();
    let partners = Partners::start();
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("hanse.log"), "").expect("a log");
    let market = Market::within(engine, &partners, folder);
    let receiver = Receiver::start();
    let mut buyer = market.browser();
    let owner = owner_of(&shop_of(&mut buyer, "golden"));

    // A webhook is made on the page; every mistake is told at its field, in the reader's language.
    let mut seller = market.browser();
    seller.signs_in(&owner, PASSWORD);
    seller.get("/en/sell").shows(&["/en/sell/webhooks"]);
    seller.get("/zh/sell/webhooks").shows(&["还没有 Webhook"]);
    seller.get("/en/sell/webhooks").shows(&["No webhooks yet"]);
    seller.get("/en/sell/webhooks/new");
    let mistakes = [("name", " "), ("url", "https://192.168.1.10/hook")];
    seller.send("/sell/webhooks/new", &mistakes).refused(&["name", "url", "topics"]);
    assert!(seller.text.contains("value=\"https://192.168.1.10/hook\""), "what was typed is kept");
    assert!(seller.text.contains("private network"));
    seller.get("/en/sell/webhooks/new");
    // What stands in an address may be a key of the program's own.
    let address = format!("{}?key=address-canary-6613", receiver.url);
    let good = [
        ("name", "stock <system>"),
        ("url", address.as_str()),
        ("topic-order.placed", "yes"),
        ("topic-order.paid", "yes"),
        ("topic-order.refunded", "yes"),
    ];
    seller.send("/sell/webhooks/new", &good).shows(&["it is not shown again", "stock &lt;system&gt;"]);
    let secret = seller.find("(whsec_[A-Za-z0-9+/=]{44})");
    seller.get("/en/sell/webhooks").shows(&["stock &lt;system&gt;", &receiver.url]).lacks(&["whsec_"]);
    let page = seller.find(r#"href="(/en/sell/webhooks/[0-9a-f-]{36})""#);
    seller.get(&page).shows(&["Nothing here"]).lacks(&["whsec_"]);

    // A test: the library takes it, and nothing that was changed, made up or kept for later.
    seller.send("/test", &[]).shows(&["The test is on its way."]);
    let test = receiver.wait_for(1).remove(0);
    assert_eq!(library.says(&secret, &test, 0), "ok webhook.test");
    let mut changed = test.clone();
    changed.body = test.body.replace("webhook.test", "webhook.best");
    assert!(library.says(&secret, &changed, 0).starts_with("refused"), "a changed body");
    changed = Got { id: "another".into(), ..test.clone() };
    assert!(library.says(&secret, &changed, 0).starts_with("refused"), "another id");
    changed = Got { timestamp: test.timestamp + 1, ..test.clone() };
    assert!(library.says(&secret, &changed, -1).starts_with("refused"), "another time");
    assert!(library.says(&secret, &test, 3_600).contains("too old"), "an hour later");
    assert!(library.says(&format!("whsec_{}", "A".repeat(43) + "="), &test, 0).starts_with("refused"));
    wait_until("the log", || {
        let mut looks = Browser::of(&market, &seller);
        looks.get(&page);
        (looks.text.contains("Delivered") && looks.text.contains("<code>204</code>")).then_some(())
    });

    // An order, told although the program was down, and though the marketplace was killed meanwhile.
    receiver.answers(500);
    buyer.registers("canary_hooked", "13966130009");
    buyer.puts_in_cart("golden", 20);
    buyer.get("/en/checkout").shows(&["once"]);
    let notes = buyer.all(r#"name="(note-[0-9a-f-]{36})""#);
    let place = [("to", "own"), ("consignee_name", NAME), ("consignee_phone", PHONE), ("consignee_address", PLACE)];
    buyer.send("/checkout", &[&place[..], &[(notes[0].as_str(), NOTE)]].concat()).shows(&["Pay"]);
    let pay = buyer.url.clone();
    let order = buyer.find(r#"href="/en/orders/([0-9a-f-]{36})""#);
    let placed = receiver.wait_for(2).remove(1);
    assert!(is_order(&placed, "order.placed"), "{placed:?}");
    assert_eq!(placed.json()["data"]["order"], order.as_str());
    wait_until("what came of it", || {
        let mut looks = Browser::of(&market, &seller);
        looks.get(&format!("{page}?tab=hooks-waiting"));
        looks.text.contains("<code>500</code>").then_some(())
    });
    market.is_killed();
    market.opens_again();
    receiver.answers(200);
    let so_far = receiver.got().len();
    market.clock_moves(Duration::from_secs(6 * 60));
    let again = receiver.wait_for(so_far + 1).pop().expect("a message");
    assert_eq!((&again.id, &again.body), (&placed.id, &placed.body), "the same message");
    assert!(again.timestamp >= placed.timestamp + 300);
    assert_eq!(library.says(&secret, &again, 0), "ok order.placed");
    assert!(library.says(&secret, &placed, 360).contains("too old"), "the first try, played again");
    let delivery = wait_until("the tries", || {
        let mut looks = Browser::of(&market, &seller);
        looks.get(&page);
        let delivery = looks.all(r#"href="(/en/sell/webhooks/[0-9a-f-]{36}/deliveries/[0-9a-f-]{36})""#).remove(0);
        looks.get(&delivery);
        looks.text.contains("<code>200</code>").then_some(delivery)
    });
    seller.get(&delivery).shows(&["<code>500</code>", "Your program said no", &placed.id, &order]);
    let zh = delivery.replacen("/en/", "/zh/", 1);
    seller.get(&zh).shows(&["您的程序拒绝", "已送达"]);

    // Paid, and told of it.
    let so_far = receiver.got().len();
    let path = pay.split("/en").nth(1).expect("a path").to_owned();
    buyer.get(&pay);
    buyer.send(&path, &[]);
    let form = buyer.url.rsplit('/').next().expect("a name").to_owned();
    buyer.send(&form, &[("payer", "0"), ("act", "pay")]);
    let paid = receiver.wait_for(so_far + 1).pop().expect("a message");
    assert_eq!(library.says(&secret, &paid, 0), "ok order.paid");
    assert_eq!(paid.json()["data"]["number"], placed.json()["data"]["number"]);

    // A new secret: for a day both take it.
    seller.get(&page);
    seller.send("/rotate", &[]).shows(&["it is not shown again", "The one before still signs until"]);
    let fresh = seller.find("(whsec_[A-Za-z0-9+/=]{44})");
    assert_ne!(fresh, secret);
    let tests = |seller: &mut Browser| {
        // Not two within five seconds.
        market.clock_moves(Duration::from_secs(6));
        let so_far = receiver.got().len();
        seller.get(&page);
        seller.send("/test", &[]).shows(&["The test is on its way."]);
        receiver.wait_for(so_far + 1).pop().expect("a message")
    };
    let both = tests(&mut seller);
    for one in [&secret, &fresh] {
        assert_eq!(library.says(one, &both, 0), "ok webhook.test");
    }
    market.clock_moves(Duration::from_secs(25 * 3_600));
    let one = tests(&mut seller);
    assert_eq!(library.says(&fresh, &one, 0), "ok webhook.test");
    assert!(library.says(&secret, &one, 0).starts_with("refused"), "the old secret is over");

    by_program(&market, &mut seller, &receiver, &page);

    // It wants no more: the desk tells it, and what was missed can be had.
    receiver.answers(410);
    tests(&mut seller);
    wait_until("the webhook is off", || {
        let mut looks = Browser::of(&market, &seller);
        looks.get("/en/sell");
        looks.text.contains("was turned off").then_some(())
    });
    seller.get(&page).shows(&["answered 410"]);
    receiver.answers(200);
    seller.send("/on", &[]).shows(&["The webhook is on."]);
    let so_far = receiver.got().len();
    seller.send("/again", &[("since", "day")]);
    assert!(receiver.got().len() >= so_far);
    seller.get(&format!("{page}/delete")).shows(&["Its secret is good for nothing"]);
    seller.send("/delete", &[]).shows(&["The webhook is deleted.", "No webhooks yet"]);
    seller.get(&page);
    assert_eq!(seller.status, 404);

    // Nobody in it, and no secret in the log.
    for got in receiver.got() {
        for canary in [NAME, PLACE, PHONE, NOTE, "Canary", "canary", "13966130009"] {
            assert!(!got.body.contains(canary), "{canary} was sent: {}", got.body);
        }
    }
    let log = market.log();
    let bare = |secret: &str| secret.trim_start_matches("whsec_").to_owned();
    for secret in [&secret, &fresh] {
        assert!(!log.contains(&bare(secret)), "a secret stands in the log");
    }
    for canary in [NAME, PLACE, PHONE, "address-canary-6613", &test.signature] {
        assert!(!log.contains(canary), "{canary} stands in the log");
    }
    // 5.3.1-a: nor in the data.
    if engine == Engine::Sqlite {
        let data = std::fs::read(market.folder.path().join("hanse-data/hanse.sqlite")).expect("the data");
        let key = bare(&fresh);
        assert!(!data.windows(key.len()).any(|part| part == key.as_bytes()), "a secret stands in the data");
    }
}

/// The same by the API: what a page made a program reads, sends again, and turns off and on.
fn by_program(market: &Market, seller: &mut Browser, receiver: &Receiver, page: &str) {
    let token = |seller: &mut Browser, reach: &str| {
        seller.get("/en/my/tokens");
        let reach = format!("reach-{reach}");
        seller.send("/my/tokens", &[("name", "a program"), ("days", "30"), (reach.as_str(), "on")]);
        seller.find("(hanse_[A-Za-z0-9_-]{43})")
    };
    // A day has gone since the seller last entered the password.
    seller.get("/en/my/tokens").shows(&["asks for your password once more"]).lacks(&["name=\"days\""]);
    seller.proves("/my/tokens", PASSWORD).shows(&["name=\"days\""]);
    let (hooks, sells) = (token(seller, "hooks"), token(seller, "sell"));
    let call = |token: &str, method: &str, path: &str, body: Option<Value>| -> (u16, Value) {
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}/api/v1/sell/webhooks{path}", market.base))
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json");
        let answer = match body {
            Some(body) => agent.run(request.body(body.to_string()).expect("a request")),
            None => agent.run(request.body(()).expect("a request")),
        };
        let mut answer = answer.expect("an answer");
        let text = answer.body_mut().read_to_string().unwrap_or_default();
        (answer.status().as_u16(), serde_json::from_str(&text).unwrap_or(Value::Null))
    };
    assert_eq!(call(&sells, "GET", "", None).0, 403, "a scope of its own");
    let id = page.rsplit('/').next().expect("an id");
    let (status, all) = call(&hooks, "GET", "", None);
    assert_eq!((status, &all[0]["id"], &all[0]["state"]), (200, &json!(id), &json!("on")));
    assert!(all[0].get("secret").is_none());
    let (_, deliveries) = call(&hooks, "GET", &format!("/{id}/deliveries?limit=2"), None);
    assert_eq!(deliveries["items"].as_array().expect("a list").len(), 2);
    let next = deliveries["next"].as_str().expect("more").to_owned();
    let (_, deliveries) = call(&hooks, "GET", &format!("/{id}/deliveries?after={next}&state=delivered"), None);
    let items = deliveries["items"].as_array().expect("a list");
    let placed = items.iter().find(|one| one["topic"] == "order.placed").expect("the order");
    let delivery = format!("/{id}/deliveries/{}", placed["id"].as_str().expect("an id"));
    let (_, one) = call(&hooks, "GET", &delivery, None);
    let statuses: Vec<i64> =
        one["tries"].as_array().expect("tries").iter().filter_map(|one| one["status"].as_i64()).collect();
    assert_eq!((statuses[0], statuses.last()), (200, Some(&500)), "{one}");
    assert_eq!(one["tries"][0]["words"]["en"], "Taken");
    let so_far = receiver.got().len();
    assert_eq!(call(&hooks, "POST", &format!("{delivery}/replay"), None).0, 202);
    let again = receiver.wait_for(so_far + 1).pop().expect("a message");
    assert_eq!(placed["id"], again.id.as_str());
    assert_eq!(again.json()["data"]["state_now"], "paid");
    let (status, made) = call(&hooks, "POST", &format!("/{id}/secret"), None);
    assert_eq!(status, 200);
    assert!(made["secret"].as_str().is_some_and(|secret| secret.starts_with("whsec_")));
    assert_eq!(call(&hooks, "POST", &format!("/{id}/off"), None).0, 204);
    assert_eq!(call(&hooks, "POST", &format!("/{id}/on"), None).0, 204);
    let edited = json!({"name": "books", "url": receiver.url, "topics": ["order.paid"]});
    let (status, one) = call(&hooks, "PUT", &format!("/{id}"), Some(edited));
    assert_eq!((status, &one["name"], &one["topics"]), (200, &json!("books"), &json!(["order.paid"])));
    let since = json!({"since": "2026-01-01T00:00:00Z"});
    assert_eq!(call(&hooks, "POST", &format!("/{id}/replay"), Some(since)).1["count"], 0);
}
