//! The same for programs: every operation of the document, with the ids of somebody else, with tokens of another reach or
//! another desk, without one, and with the cookies of those whose things they are. What an operation names in its address
//! is somebody else's, each kind its own; an operation that names a kind which is not known here fails the walk.

use super::program::{Program, Said, nobody, operations};
use super::support::{Market, token};
use super::{MEMBER, MEMBER_PHONE, PASSWORD, SECRETS, TOKEN, Victims, comes_to_desk};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What an operation names in its address, and of whom.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Named {
    /// Somebody's alone.
    Theirs,
    /// Everybody may look at it, and only its seller changes it.
    Sellers,
    /// Nobody's.
    Words,
}

/// The kinds of things that stand in addresses. Staff is judged by its desk, whatever it names.
fn kind(parameter: &str) -> Named {
    match parameter {
        "address" | "checkout" | "delivery" | "import" | "job" | "order" | "refund" | "webhook" => Named::Theirs,
        "product" | "shop" | "variant" => Named::Sellers,
        "purpose" => Named::Words,
        other => panic!("{{{other}}}: the walk does not know whose that is"),
    }
}

struct Operation {
    id: String,
    method: String,
    path: String,
    /// Any of these is enough; none: no token is needed.
    reaches: Vec<String>,
    parameters: Vec<String>,
}

impl Operation {
    fn all(market: &Market) -> Vec<Operation> {
        let words = |value: &Value| value.as_str().expect("a word").to_owned();
        let mut all: Vec<Operation> = operations(market)
            .into_iter()
            .map(|(method, path, told)| Operation {
                id: words(&told["operationId"]),
                reaches: told["security"].as_array().into_iter().flatten().map(|one| words(&one["token"][0])).collect(),
                parameters: path
                    .split('{')
                    .skip(1)
                    .map(|rest| rest.split('}').next().unwrap_or("").to_owned())
                    .collect(),
                method,
                path,
            })
            .collect();
        // Whoever takes a consent back has no address book to be refused.
        all.sort_by_key(|operation| operation.path.contains("/consents"));
        all
    }

    fn of(&self, reach: &str) -> bool {
        self.reaches.iter().any(|wanted| wanted.trim_end_matches(":read") == reach)
    }

    fn reads(&self) -> bool {
        self.reaches.iter().all(|wanted| wanted.ends_with(":read"))
    }

    /// It names something that another member finds nothing of.
    fn theirs(&self) -> bool {
        self.parameters.iter().any(|parameter| match kind(parameter) {
            Named::Theirs => true,
            Named::Sellers => self.path.starts_with("/api/v1/sell/"),
            Named::Words => false,
        })
    }

    /// Its addresses with these things in them.
    fn addresses(&self, things: &Things) -> Vec<String> {
        let mut begun = vec![self.path.clone()];
        for parameter in &self.parameters {
            let ids = things.get(parameter.as_str()).unwrap_or_else(|| panic!("{}: no {parameter} for it", self.id));
            let with =
                |to: &String| ids.iter().map(|id| to.replace(&format!("{{{parameter}}}"), id)).collect::<Vec<_>>();
            begun = begun.iter().flat_map(with).collect();
        }
        begun
    }
}

/// Ids by the name of the parameter that they stand for.
type Things = BTreeMap<&'static str, Vec<String>>;

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

/// What the victims' pages and programs know of their own.
fn things(victims: &Victims, seller: &Program) -> Things {
    let page = |path: &str| victims.ids[path].clone();
    let product = page("/sell/products/{id}");
    let variants = seller.get(&format!("/api/v1/sell/products/{}", product[0]));
    let variants = variants.is(200)["variants"].as_array().expect("variants").iter().take(1);
    BTreeMap::from([
        ("address", page("/my/addresses/{id}")),
        ("checkout", page("/pay/{checkout}")),
        ("delivery", page("/sell/webhooks/{id}/deliveries/{delivery}")),
        ("import", page("/sell/import/{id}")),
        ("job", vec![victims.job.clone()]),
        ("order", page("/orders/{id}")),
        ("product", product),
        ("purpose", page("/my/privacy/consents/{purpose}")),
        ("refund", vec![victims.refund.clone()]),
        ("shop", page("/console/shops/{id}")),
        ("variant", variants.map(|variant| text(&variant["id"])).collect()),
        ("webhook", page("/sell/webhooks/{id}")),
    ])
}

/// A body that is right by itself, so that only whose it is can be wrong.
fn body(operation: &str, things: &Things, total: &Value) -> Option<Value> {
    let place = json!({"name": "李雷", "phone": "13900000001", "address": "浙江省义乌市稠州北路1号"});
    let (product, variant) = (&things["product"][0], &things["variant"][0]);
    Some(match operation {
        "add_to_cart" => json!({"lines": [{"product": product, "variant": variant, "quantity": 20}]}),
        "put_cart_line" => json!({"quantity": 20}),
        "choose_in_cart" => json!({"which": "all", "chosen": true}),
        // To an address of somebody else's book.
        "place_orders" => json!({"total_seen": total, "to": "kept", "address": things["address"][0]}),
        "start_payment" | "start_import" => json!({}),
        "hide_order" => json!({"hidden": true}),
        "keep_address" => json!({"consignee": place}),
        "edit_address" => place,
        "give_consent" => json!({"notice_hash": "", "language": "en"}),
        "ship_order" => json!({"carrier": "sf", "kind": "other", "weight_grams": 1000}),
        "set_stock" => json!({"variants": [{"variant": variant, "stock": 1}]}),
        "change_account" => json!({"settlement_account": "6228480012340042"}),
        "make_webhook" | "edit_webhook" => {
            json!({"name": "theirs", "url": "http://127.0.0.1:1099/hook", "topics": ["order.placed"]})
        }
        "replay_webhook" => json!({"since": "2026-01-01T00:00:00Z"}),
        "decide_on_shop" => json!({"decision": "pause", "reason": "Because."}),
        _ => return None,
    })
}

/// Sends it with its body, where it has one.
fn send(by: &Program, operation: &Operation, to: &str, body: Option<&Value>, more: &[(&str, &str)]) -> Said {
    let key = format!("walk-{}", operation.id);
    let mut headers = vec![("idempotency-key", key.as_str())];
    headers.extend(body.map(|_| ("content-type", "application/json")));
    headers.extend(more);
    by.send(&operation.method, to, &headers, body.map(Value::to_string).as_deref())
}

/// What the victims read of all that is theirs, by address. Who read what grows by the looking.
fn seen(all: &[Operation], things: &Things, owners: &[(&str, Program)]) -> BTreeMap<String, Value> {
    let mut seen = BTreeMap::new();
    for operation in all.iter().filter(|one| one.method == "get" && one.id != "list_readings") {
        let Some((_, program)) = owners.iter().find(|(what, _)| operation.id == *what || operation.of(what)) else {
            continue;
        };
        for to in operation.addresses(things) {
            let mut said = send(program, operation, &to, None, &[]);
            assert_eq!(said.status, 200, "{to} by its owner: {}", said.json);
            // What changes by itself: somebody signs in, a day's books are checked.
            if let Some(object) = said.json.as_object_mut() {
                object.retain(|name, _| !["last_sign_in_at", "checks"].contains(&name.as_str()));
            }
            seen.insert(to, said.json);
        }
    }
    seen
}

/// What only the desks that keep the record of trades read.
const RECORD: &str = "list_recorded_orders";

/// Whoever asks.
struct By<'m> {
    name: &'static str,
    program: Program<'m>,
    cookies: String,
    /// It is their own: what is told is theirs to know, and what would be done is not tried.
    owner: bool,
}

impl<'m> By<'m> {
    fn new(name: &'static str, program: Program<'m>) -> By<'m> {
        By { name, program, cookies: String::new(), owner: false }
    }
}

/// The statuses that an operation may answer with. None: whatever is no fault.
type Expected = fn(&Operation) -> &'static [u16];

struct Walk<'m> {
    all: Vec<Operation>,
    theirs: Things,
    /// Of the cart of the other member.
    total: Value,
    owners: Vec<(&'static str, Program<'m>)>,
    before: BTreeMap<String, Value>,
    asked: usize,
    wrong: Vec<String>,
}

impl Walk<'_> {
    fn tries(&mut self, by: &By, expected: Expected) {
        for operation in self.all.iter().filter(|operation| !operation.reaches.is_empty()) {
            let expected = expected(operation);
            if by.owner && expected.is_empty() && operation.method != "get" {
                continue;
            }
            let body = body(&operation.id, &self.theirs, &self.total);
            for to in operation.addresses(&self.theirs) {
                let cookies = [("cookie", by.cookies.as_str())];
                let cookies = if by.cookies.is_empty() { &[][..] } else { &cookies };
                let said = send(&by.program, operation, &to, body.as_ref(), cookies);
                let what = format!("{}: {} {to}: {} {}", by.name, operation.method, said.status, said.json);
                if said.status >= 500 || !(expected.is_empty() || expected.contains(&said.status)) {
                    self.wrong.push(format!("{what}, expected {expected:?}"));
                }
                if !by.owner {
                    let told = format!("{}{:?}", said.json, said.headers);
                    let told = SECRETS.iter().filter(|secret| told.contains(**secret));
                    self.wrong.extend(told.map(|secret| format!("{what} tells {secret}")));
                }
                self.asked += 1;
            }
        }
        self.nothing_changed(by.name);
    }

    fn nothing_changed(&mut self, by: &str) {
        let now = seen(&self.all, &self.theirs, &self.owners);
        for (to, said) in self.before.iter().filter(|(to, said)| now[*to] != **said) {
            self.wrong.push(format!("{to} is another after {by}:\n- {said}\n+ {}", now[to]));
        }
    }
}

/// 2.3.2-c.1, 2.3.2-c.3, 3.5-a.1, 5.3.1-a.1
pub fn walk(market: &Market, victims: &Victims) -> Vec<String> {
    let all = Operation::all(market);
    let program = |token: &str| Program { market, token: Some(token.to_owned()) };
    let [buyer, seller, operator, finance] = victims.tokens.each_ref().map(|token| program(token));
    let theirs = things(victims, &seller);
    let owners =
        vec![(RECORD, finance), ("buy", buyer), ("sell", seller.clone()), ("hooks", seller), ("operate", operator)];
    let before = seen(&all, &theirs, &owners);
    let (stranger, own) = another_member(market);
    let total = stranger.get("/api/v1/quote").is(200)["cart"]["total"]["minor"].clone();
    let mut walk = Walk { all, theirs, total, owners, before, asked: 0, wrong: Vec::new() };
    // The member's own telephone is masked; a token's name stands on the page of tokens alone.
    for secret in SECRETS.iter().filter(|secret| ![MEMBER_PHONE, TOKEN].contains(secret)) {
        let planted = walk.before.values().any(|said| said.to_string().contains(secret));
        walk.wrong.extend((!planted).then(|| format!("{secret} is nowhere")));
    }

    // Without a token nobody is anybody, not even with the cookies of the owner, or with a token in the address.
    walk.tries(&By::new("nobody", nobody(market)), |_| &[401]);
    for person in [&victims.buyer, &victims.seller, &victims.operator] {
        let by = By { cookies: person.cookies.clone(), ..By::new(person.name, nobody(market)) };
        walk.tries(&by, |_| &[401]);
    }
    let in_address = nobody(market).get(&format!("/api/v1/cart?token={0}&access_token={0}", victims.tokens[0]));
    assert_eq!(in_address.status, 401, "{}", in_address.json);

    // Another member, who may do all that members may, finds nothing of theirs; nor beside what is their own.
    walk.tries(&By::new("another member", stranger.clone()), |operation| match operation {
        one if one.of("operate") => &[403],
        one if one.id == "place_orders" => &[422],
        one if one.theirs() => &[404],
        _ => &[],
    });
    let beside = Things::from([("webhook", own), ("delivery", walk.theirs["delivery"].clone())]);
    for operation in walk.all.iter().filter(|one| one.parameters == ["webhook", "delivery"]) {
        for to in operation.addresses(&beside) {
            let said = send(&stranger, operation, &to, None, &[]);
            walk.wrong.extend((said.status != 404).then(|| format!("{to} beside their own: {}", said.json)));
        }
    }
    walk.nothing_changed("what is beside their own");
    // Staff of another desk: nothing of members, and of the console only what every desk has.
    let mut desk = comes_to_desk(market, "waybills");
    let other_desk = program(&token(&mut desk, "/console/tokens", &["operate"]));
    walk.tries(&By::new("staff of another desk", other_desk), |operation| match operation.id.as_str() {
        "get_overview" => &[200],
        _ => &[403],
    });

    // A token reaches as far as was chosen, in its owner's own hands too.
    let owner = |name, token: String| By { owner: true, ..By::new(name, program(&token)) };
    let mut browser = market.browser();
    browser.signs_in(MEMBER, "a good long phrase");
    let reads = token(&mut browser, "/my/tokens", &["buy:read", "sell:read", "hooks:read"]);
    walk.tries(&owner("the buyer's that only reads", reads), |operation| match operation {
        one if one.of("operate") || !one.reads() => &[403],
        _ => &[],
    });
    let sells = token(&mut browser, "/my/tokens", &["sell", "hooks"]);
    walk.tries(&owner("the buyer's that only sells", sells), |operation| match operation {
        one if one.of("sell") || one.of("hooks") => &[],
        _ => &[403],
    });
    let mut desk = market.browser();
    desk.get("/en/console/sign-in");
    desk.send("/console/sign-in", &[("account", "operator"), ("password", PASSWORD)]);
    let watches = token(&mut desk, "/console/tokens", &["operate:read"]);
    walk.tries(&owner("the operator's that only reads", watches), |operation| match operation {
        one if one.of("operate") && one.reads() && one.id != RECORD => &[200],
        _ => &[403],
    });
    assert!(walk.asked > 800, "{}", walk.asked);
    walk.wrong
}

/// A seller with goods in the cart, a book of addresses and a webhook of their own; its ids.
fn another_member(market: &Market) -> (Program<'_>, Vec<String>) {
    let mut browser = market.browser();
    browser.signs_in("demo_seller_3", PASSWORD);
    let token = token(&mut browser, "/my/tokens", &["buy", "sell", "hooks"]);
    let stranger = Program { market, token: Some(token) };
    browser.puts_in_cart("golden", 20);
    let consents = stranger.get("/api/v1/me/consents");
    let asked = consents.is(200).as_array().expect("consents").iter().find(|one| one["purpose"] == "KeepAddressBook");
    let hash = &asked.expect("the book's")["notice_hash"];
    stranger
        .json("PUT", "/api/v1/me/consents/KeepAddressBook", &json!({"notice_hash": hash, "language": "en"}))
        .is(204);
    let hook = json!({"name": "own", "url": "http://127.0.0.1:1099/hook", "topics": ["order.placed"]});
    let webhook = stranger.json("POST", "/api/v1/sell/webhooks", &hook);
    let webhook = text(&webhook.is(201)["webhook"]["id"]);
    (stranger, vec![webhook])
}
