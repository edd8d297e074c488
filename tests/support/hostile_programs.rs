//! Hostile texts in every text that the interface for programs takes: of addresses, headers, bodies and files. A program
//! with tokens of every reach calls every operation on things of its own, so that what is refused is the text.

use super::files::{Multipart, archive, goods, picture, written};
use super::support::{self, Browser, Market, token, wait_until};
use super::{at_the_cashier, hostile};
use db::Engine;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use ureq::http::{HeaderValue, Method, Request};

const PASSWORD: &str = "wholesale-1688";
/// No refund has failed and no work is stuck, nothing has arrived and nothing is earned.
const NEVER_DONE: [&str; 4] = [
    "post /api/v1/console/refunds/{refund}/retry",
    "post /api/v1/console/jobs/{job}/revive",
    "post /api/v1/orders/{order}/confirm",
    "post /api/v1/sell/payouts",
];
/// A token may call so often in a minute; another goes on where it may no more.
const CALLS_OF_A_TOKEN: usize = 550;

pub fn everywhere(engine: Engine) {
    let market = Market::open(engine);
    let mut programs = Programs::new(&market);
    let operations = programs.operations();
    programs.begins();
    for operation in operations.iter().filter(|operation| operation.method != "delete") {
        programs.all_hostile(operation);
        programs.one_hostile(operation);
    }
    // What ends something comes last.
    for operation in operations.iter().filter(|operation| operation.method == "delete") {
        programs.all_hostile(operation);
        programs.one_hostile(operation);
    }
    let wrong = programs.missing();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

struct Operation {
    method: String,
    path: String,
    reach: Option<String>,
    parameters: Vec<Value>,
    json: Option<Value>,
    files: Option<Value>,
}

impl Operation {
    fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// A call as it is made.
struct Call {
    to: String,
    headers: Vec<(&'static str, Vec<u8>)>,
    body: Option<(String, Vec<u8>)>,
}

/// What a text is to be: hostile, or what is wanted there.
enum Wanted {
    /// Every text, of the class that begins here.
    Hostile,
    /// The text of this number only.
    Only(usize),
}

/// The texts of one call, in the order in which they are asked for.
struct Texts<'p, 'm> {
    programs: &'p mut Programs<'m>,
    operation: String,
    wanted: Wanted,
    /// Which class's turn it is.
    turn: usize,
    asked: usize,
}

impl Texts<'_, '_> {
    /// The next text, for a slot of this name.
    fn next(&mut self, name: &str) -> String {
        let at = self.asked;
        self.asked += 1;
        match self.wanted {
            Wanted::Only(only) if only != at => self.programs.good(name),
            _ => self.programs.hostile(&self.operation, name, self.turn + at),
        }
    }

    /// Whether one of the texts since then is hostile.
    fn any_hostile_since(&self, asked: usize) -> bool {
        match self.wanted {
            Wanted::Hostile => true,
            Wanted::Only(only) => (asked..self.asked).contains(&only),
        }
    }
}

struct Programs<'m> {
    market: &'m Market,
    document: Rc<Value>,
    tokens: BTreeMap<&'static str, Vec<String>>,
    calls: BTreeMap<&'static str, usize>,
    texts: Vec<hostile::Text>,
    classes: Vec<Vec<usize>>,
    /// Which classes each text of each operation was.
    met: BTreeMap<(String, String), BTreeSet<usize>>,
    /// What there is, by the names that addresses give it.
    ids: BTreeMap<&'static str, String>,
    numbers: BTreeMap<&'static str, i64>,
    /// What each operation answered.
    answered: BTreeMap<String, BTreeSet<u16>>,
    sent: usize,
}

impl Programs<'_> {
    fn new(market: &Market) -> Programs<'_> {
        let texts: Vec<hostile::Text> =
            hostile::strings().into_iter().filter(|text| std::str::from_utf8(&text.bytes).is_ok()).collect();
        let mut classes: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (at, text) in texts.iter().enumerate() {
            classes.entry(text.class).or_default().push(at);
        }
        let document = market.ask(&format!("{}/api/openapi.json", market.base));
        Programs {
            market,
            document: Rc::new(serde_json::from_str(&document).expect("the document")),
            tokens: tokens(market),
            calls: BTreeMap::new(),
            texts,
            classes: classes.into_values().collect(),
            met: BTreeMap::new(),
            ids: BTreeMap::new(),
            numbers: BTreeMap::new(),
            answered: BTreeMap::new(),
            sent: 0,
        }
    }

    fn operations(&self) -> Vec<Operation> {
        let mut all = Vec::new();
        for (path, item) in self.document["paths"].as_object().expect("paths") {
            for (method, operation) in item.as_object().expect("an item") {
                let content = &operation["requestBody"]["content"];
                let schema = |kind: &str| Some(content[kind]["schema"].clone()).filter(Value::is_object);
                all.push(Operation {
                    method: method.clone(),
                    path: path.clone(),
                    reach: match (method.as_str(), path.as_str()) {
                        // The record of all trades is not the operator's, and a seller has a shop already.
                        (_, "/api/v1/console/orders") => Some("finance".to_owned()),
                        ("post", "/api/v1/sell/shop") => Some("asks".to_owned()),
                        _ => operation["security"][0]["token"][0].as_str().map(str::to_owned),
                    },
                    parameters: operation["parameters"].as_array().cloned().unwrap_or_default(),
                    json: schema("application/json"),
                    files: schema("multipart/form-data"),
                });
            }
        }
        all
    }

    // --- what there is ------------------------------------------------------------------------------------------------

    /// Makes one of everything and keeps what it is called.
    fn begins(&mut self) {
        let goods = self.get("sell", "/api/v1/sell/products?limit=2");
        self.keep("product", &goods["items"][0]["id"]);
        let product = self.get("sell", &format!("/api/v1/sell/products/{}", self.ids["product"]));
        self.keep("variant", &product["variants"][0]["id"]);
        self.keep("shop", &product["shop"]["id"]);
        self.keep("category", &product["category"]);
        let mine = self.get("buy", "/api/v1/me/consents");
        let book = mine.as_array().and_then(|all| all.iter().find(|one| one["purpose"] == "KeepAddressBook")).cloned();
        self.keep("notice_hash", &book.expect("the address book's")["notice_hash"]);
        let stock = json!({"variants": [{"variant": self.ids["variant"], "stock": self.number("stock")}]});
        self.made("put", &format!("/api/v1/sell/products/{}/stock", self.ids["product"]), "sell", &stock);
        self.has_an_order();
        self.has_an_address();
        self.has_a_webhook();
        self.has_an_import();
    }

    fn keep(&mut self, name: &'static str, id: &Value) {
        self.ids.insert(name, id.as_str().unwrap_or_else(|| panic!("a {name}: {id}")).to_owned());
    }

    fn consignee(&self) -> Value {
        json!({"name": self.good("name"), "phone": self.good("phone"), "address": self.good("address")})
    }

    fn has_an_order(&mut self) {
        self.ready("post /api/v1/orders");
        let to = json!({"to": "own", "total_seen": self.numbers["total_seen"], "consignee": self.consignee()});
        let placed = self.made("post", "/api/v1/orders", "buy", &to);
        self.keep("order", &placed["orders"][0]["id"]);
        self.keep("checkout", &placed["checkout"]);
    }

    /// One that is paid and not yet shipped.
    fn has_a_paid_order(&mut self) {
        let state = |programs: &mut Self| {
            programs.get("buy", &format!("/api/v1/orders/{}", programs.ids["order"]))["order"]["state"].clone()
        };
        if state(self) == "paid" {
            return;
        }
        self.has_an_order();
        let payment = format!("/api/v1/checkouts/{}/payment", self.ids["checkout"]);
        let begun = self.made("post", &payment, "buy", &json!({}));
        let mut buyer = self.market.browser();
        buyer.get(begun["cashier_url"].as_str().expect("the cashier"));
        at_the_cashier(self.market, &mut buyer);
        wait_until("the payment", || (state(self) == "paid").then_some(()));
    }

    fn has_an_address(&mut self) {
        let hash = json!({"notice_hash": self.ids["notice_hash"], "language": "en"});
        self.call("buy", "put", Call::json("/api/v1/me/consents/KeepAddressBook", &hash));
        let kept = self.made("post", "/api/v1/addresses", "buy", &json!({"consignee": self.consignee()}));
        self.keep("address", &kept["id"]);
    }

    fn has_a_webhook(&mut self) {
        let hooks = "/api/v1/sell/webhooks";
        let new = json!({"name": "A name", "url": self.good("url"), "topics": ["order.placed"]});
        let made = self.made("post", hooks, "hooks", &new);
        self.keep("webhook", &made["webhook"]["id"]);
        let one = format!("{hooks}/{}", self.ids["webhook"]);
        self.call("hooks", "post", Call::bare(&format!("{one}/test")));
        let delivery = wait_until("a delivery", || {
            let all = self.get("hooks", &format!("{one}/deliveries"));
            all["items"][0]["id"].as_str().map(str::to_owned)
        });
        self.keep("delivery", &Value::String(delivery));
    }

    /// One that is checked and can be carried out.
    fn has_an_import(&mut self) {
        let mut form = Multipart::new();
        form.file("sheet", b"goods.csv", &written(&goods(&self.ids["category"])));
        form.file("archive", b"pictures.zip", &archive());
        let call = Call { body: Some(form.body()), ..Call::bare("/api/v1/sell/imports") };
        let (status, begun) = self.call("sell", "post", call);
        assert_eq!(status, 202, "{begun}");
        let begun: Value = serde_json::from_str(&begun).expect("an answer");
        self.keep("import", &begun["id"]);
        let import = format!("/api/v1/sell/imports/{}", self.ids["import"]);
        wait_until("the check", || (self.get("sell", &import)["import"]["state"] == "checked").then_some(()));
    }

    fn get(&mut self, reach: &str, to: &str) -> Value {
        let (status, said) = self.call(reach, "get", Call::bare(to));
        assert_eq!(status, 200, "{to}: {said}");
        serde_json::from_str(&said).expect("an answer")
    }

    fn made(&mut self, method: &str, to: &str, reach: &str, body: &Value) -> Value {
        let (status, said) = self.call(reach, method, Call::json(to, body));
        assert!((200..300).contains(&status), "{method} {to}: {status} {said}");
        serde_json::from_str(&said).expect("an answer")
    }

    /// What an operation needs before it can be carried out once more.
    fn ready(&mut self, operation: &str) {
        let version = |programs: &mut Self, of: &str| {
            let version = programs.get("sell", of)["version"].as_i64().expect("a version");
            programs.numbers.insert("version", version);
        };
        match operation {
            "post /api/v1/orders" => {
                let line = format!("/api/v1/cart/lines/{}/{}", self.ids["product"], self.ids["variant"]);
                self.made("put", &line, "buy", &json!({"quantity": 20}));
                let total = self.get("buy", "/api/v1/quote")["cart"]["total"]["minor"].as_i64().expect("a total");
                self.numbers.insert("total_seen", total);
            }
            "put /api/v1/sell/products/{product}" => {
                let product = format!("/api/v1/sell/products/{}", self.ids["product"]);
                version(self, &product);
            }
            "put /api/v1/sell/shop" => version(self, "/api/v1/sell/shop"),
            "post /api/v1/sell/shop" => {
                let asking = self.get("operate", "/api/v1/console/shops");
                for shop in asking["items"].as_array().into_iter().flatten().filter_map(|shop| shop["id"].as_str()) {
                    let refused = json!({"decision": "refuse", "reason": "A reason"});
                    self.call(
                        "operate",
                        "post",
                        Call::json(&format!("/api/v1/console/shops/{shop}/decision"), &refused),
                    );
                }
            }
            "post /api/v1/sell/imports/{import}/start" => self.has_an_import(),
            "post /api/v1/orders/{order}/cancel" => self.has_an_order(),
            "post /api/v1/orders/{order}/refund"
            | "post /api/v1/sell/orders/{order}/decline"
            | "post /api/v1/sell/orders/{order}/shipment" => self.has_a_paid_order(),
            "post /api/v1/addresses" => self.at_most("buy", "/api/v1/addresses", "/addresses", "address"),
            "post /api/v1/sell/webhooks" => self.at_most("hooks", "/api/v1/sell/webhooks", "", "webhook"),
            "post /api/v1/sell/imports" => self.at_most("sell", "/api/v1/sell/imports", "", "import"),
            _ => {}
        }
    }

    /// There may be so many: all but ours are given up.
    fn at_most(&mut self, reach: &str, list: &str, within: &str, ours: &str) {
        let all = self.get(reach, list);
        let all = all.pointer(within).and_then(Value::as_array).cloned().unwrap_or_default();
        let kept = self.ids.get(ours).cloned();
        for id in all.iter().filter_map(|one| one["id"].as_str()).filter(|id| Some(*id) != kept.as_deref()) {
            if ours == "import" {
                self.call(reach, "post", Call::bare(&format!("{list}/{id}/cancel")));
            }
            self.call(reach, "delete", Call::bare(&format!("{list}/{id}")));
        }
    }

    /// What is wanted at a number of this name.
    fn number(&self, name: &str) -> i64 {
        let name = name.rsplit('.').next().unwrap_or(name);
        self.numbers.get(name).copied().unwrap_or(match name {
            "pictures" => 0,
            "quantity" | "limit" => 20,
            "since_year" => 2001,
            "stock" | "stock_was" => 1_000_000,
            _ => 1,
        })
    }

    /// What is wanted at a text of this name.
    fn good(&self, name: &str) -> String {
        let name = name.rsplit('.').next().unwrap_or(name);
        if let Some(id) = self.ids.get(name) {
            return id.clone();
        }
        match name {
            "id" => &self.ids["variant"],
            "phone" => "13966250001",
            "address" => "浙江省义乌市稠州北路6625号",
            "settlement_account" => "2088123456781234 王小明",
            "representative_name" => "王小明",
            "url" => "http://127.0.0.1:1099/hook",
            "purpose" => "KeepAddressBook",
            "carrier" => "sf",
            "kind" => "clothing",
            "since" => "2026-01-01T00:00:00Z",
            "reference" => return format!("R-{:08}", self.sent),
            "Idempotency-Key" => return format!("hostile-texts-{:08}", self.sent),
            _ => "A name",
        }
        .to_owned()
    }

    // --- hostile texts ------------------------------------------------------------------------------------------------

    /// The next text of the class whose turn it is.
    fn hostile(&mut self, operation: &str, slot: &str, turn: usize) -> String {
        let class = turn % self.classes.len();
        self.met.entry((operation.to_owned(), slot.to_owned())).or_default().insert(class);
        let texts = &self.classes[class];
        let text = &self.texts[texts[(self.sent + turn / self.classes.len()) % texts.len()]];
        String::from_utf8(text.bytes.clone()).expect("a text")
    }

    /// All texts are hostile, on what is there and at addresses of nothing.
    fn all_hostile(&mut self, operation: &Operation) {
        for real in [true, false] {
            for turn in 0..self.classes.len() {
                let (call, texts) = self.example(operation, Wanted::Hostile, turn, real);
                if real || operation.path.contains('{') {
                    self.sends(operation, call);
                }
                if texts == 0 {
                    break;
                }
            }
        }
        if operation.json.is_some() {
            self.half_a_letter(operation);
        }
    }

    /// No text is hostile, and then one after the other, on what is there.
    fn one_hostile(&mut self, operation: &Operation) {
        self.ready(&operation.name());
        let (call, texts) = self.example(operation, Wanted::Only(usize::MAX), 0, true);
        self.sends(operation, call);
        for only in 0..texts {
            for turn in 0..self.classes.len() {
                self.ready(&operation.name());
                let (call, _) = self.example(operation, Wanted::Only(only), turn, true);
                self.sends(operation, call);
            }
        }
    }

    /// Half of a letter in the midst of a body.
    fn half_a_letter(&mut self, operation: &Operation) {
        let (mut call, _) = self.example(operation, Wanted::Only(usize::MAX), 0, true);
        let Some((_, bytes)) = &mut call.body else { return };
        if let Some(at) = bytes.windows(2).position(|two| two == b":\"") {
            bytes.insert(at + 2, 0xff);
            let (status, said) = self.call(operation.reach.as_deref().unwrap_or(""), &operation.method, call);
            assert_eq!(status, 400, "{}: {said}", operation.name());
        }
    }

    fn sends(&mut self, operation: &Operation, call: Call) {
        let (name, to) = (operation.name(), call.to.clone());
        let answer = self.call(operation.reach.as_deref().unwrap_or(""), &operation.method, call);
        well_said(&format!("{name} at {to}"), &answer);
        self.answered.entry(name).or_default().insert(answer.0);
    }

    /// A call of this operation, and how many texts it has.
    fn example(&mut self, operation: &Operation, wanted: Wanted, turn: usize, real: bool) -> (Call, usize) {
        let document = Rc::clone(&self.document);
        let ids = self.ids.clone();
        let mut texts = Texts { programs: self, operation: operation.name(), wanted, turn, asked: 0 };
        let (mut to, mut query, mut headers) = (operation.path.clone(), Vec::new(), Vec::new());
        for parameter in &operation.parameters {
            let name = parameter["name"].as_str().expect("a name");
            match parameter["in"].as_str() {
                Some("path") => {
                    let id = ids.get(name).filter(|_| real).cloned();
                    let id = id.unwrap_or_else(|| match real && name != "purpose" {
                        true => "00000000-0000-7000-8000-000000000000".to_owned(),
                        false => encoded(&texts.next(name)),
                    });
                    to = to.replace(&format!("{{{name}}}"), &id);
                }
                Some("header") => {
                    let text = texts.next(name);
                    // What no header can hold does not get out of the client.
                    if HeaderValue::from_bytes(text.as_bytes()).is_ok() {
                        headers.push(("idempotency-key", text.into_bytes()));
                    }
                }
                _ => {
                    let before = texts.asked;
                    let text = text_of(parameter, &document, &mut texts);
                    // Nothing is wanted there that could be left out.
                    if texts.any_hostile_since(before) || parameter["required"] == true {
                        query.push(format!("{name}={}", encoded(&text)));
                    }
                }
            }
        }
        let mut body = None;
        if let Some(schema) = &operation.json {
            let example = example(schema, "", &document, &mut texts);
            body = Some(("application/json".to_owned(), example.to_string().into_bytes()));
        }
        if let Some(schema) = &operation.files {
            body = Some(files(schema, &document, &mut texts));
        }
        let asked = texts.asked;
        let to = if query.is_empty() { to } else { format!("{to}?{}", query.join("&")) };
        (Call { to, headers, body }, asked)
    }

    fn call(&mut self, reach: &str, method: &str, call: Call) -> (u16, String) {
        let method = Method::from_bytes(method.to_uppercase().as_bytes()).expect("a method");
        let mut request = Request::builder().method(method).uri(format!("{}{}", self.market.base, call.to));
        if let Some((reach, tokens)) = self.tokens.get_key_value(reach.trim_end_matches(":read")) {
            let calls = self.calls.entry(reach).or_default();
            let token = &tokens[*calls / CALLS_OF_A_TOKEN % tokens.len()];
            *calls += 1;
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if call.headers.is_empty() {
            request = request.header("idempotency-key", format!("hostile-texts-{:08}", self.sent));
        }
        for (name, value) in call.headers {
            request = request.header(name, value);
        }
        self.sent += 1;
        let agent = support::agent();
        let answer = match call.body {
            Some((kind, body)) => agent.run(request.header("content-type", kind).body(body).expect("a request")),
            None => agent.run(request.body(()).expect("a request")),
        };
        let mut answer = answer.unwrap_or_else(|error| panic!("{}: {error}", call.to));
        let text = answer.body_mut().read_to_string().unwrap_or_default();
        let kind = answer.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or("");
        if kind.starts_with("text/csv") {
            assert_eq!(hostile::formulas(&text), Vec::<String>::new(), "{}", call.to);
        }
        (answer.status().as_u16(), text)
    }

    /// What was not met, and what was never called on something that is there.
    fn missing(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        for ((operation, slot), met) in &self.met {
            let unmet = (0..self.classes.len()).filter(|class| !met.contains(class));
            wrong.extend(unmet.map(|class| {
                format!("{slot} of {operation} has met no {:?}", self.texts[self.classes[class][0]].class)
            }));
        }
        let done = |all: &BTreeSet<u16>| all.iter().any(|status| (200..300).contains(status));
        let never = self.answered.iter().filter(|(name, all)| !done(all) && !NEVER_DONE.contains(&name.as_str()));
        wrong.extend(never.map(|(name, all)| format!("{name} was never carried out: {all:?}")));
        let (operations, texts) = (self.answered.len(), self.met.len());
        wrong.extend((operations < 80 || texts < 150).then(|| format!("{operations} operations with {texts} texts")));
        wrong
    }
}

impl Call {
    fn bare(to: &str) -> Call {
        Call { to: to.to_owned(), headers: Vec::new(), body: None }
    }

    fn json(to: &str, body: &Value) -> Call {
        Call { body: Some(("application/json".to_owned(), body.to_string().into_bytes())), ..Call::bare(to) }
    }
}

/// A problem tells its field, and quotes nothing.
fn well_said(what: &str, (status, text): &(u16, String)) {
    assert!(*status < 500 && *status != 429, "{what}: {status} {text}");
    if *status >= 400 {
        let json: Value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{what}: {error}: {text}"));
        assert_eq!(json["status"], *status, "{what}: {text}");
        if *status == 422 {
            assert!(json["errors"].as_array().is_some_and(|errors| !errors.is_empty()), "{what}: {text}");
        }
        assert!(!text.contains("zq()") && !text.contains("zq49zq"), "{what} quotes what was sent: {text}");
    }
}

/// As it may stand in an address.
fn encoded(text: &str) -> String {
    let short: String = text.chars().take(500).collect();
    form_urlencoded::byte_serialize(short.as_bytes()).collect::<String>().replace('+', "%20")
}

fn text_of(parameter: &Value, document: &Value, texts: &mut Texts) -> String {
    let name = parameter["name"].as_str().unwrap_or("");
    match example(&parameter["schema"], name, document, texts) {
        Value::String(text) => text,
        Value::Array(all) => all.first().and_then(Value::as_str).unwrap_or("").to_owned(),
        other => other.to_string(),
    }
}

/// The schema itself, where this one only names it or has several.
fn resolved<'d>(schema: &'d Value, document: &'d Value) -> &'d Value {
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.rsplit('/').next().expect("a name");
        return resolved(&document["components"]["schemas"][name], document);
    }
    let several = ["oneOf", "anyOf"].iter().find_map(|several| schema[several].as_array());
    match several.and_then(|choice| choice.iter().find(|one| one["type"] != "null")) {
        Some(one) => resolved(one, document),
        None => schema,
    }
}

/// A value of this schema, whose free texts are asked for by their names.
fn example(schema: &Value, name: &str, document: &Value, texts: &mut Texts) -> Value {
    let schema = resolved(schema, document);
    if let Some(parts) = schema["allOf"].as_array() {
        let parts = parts.iter().filter_map(|part| example(part, name, document, texts).as_object().cloned());
        return Value::Object(parts.flatten().collect());
    }
    if let Some(values) = schema["enum"].as_array() {
        return values[texts.turn % values.len()].clone();
    }
    if let Some(constant) = schema.get("const") {
        return constant.clone();
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().find(|kind| *kind != "null").cloned().unwrap_or(Value::Null),
        one => one.clone(),
    };
    match kind.as_str().unwrap_or("object") {
        "string" => Value::String(texts.next(name)),
        "integer" | "number" => json!(texts.programs.number(name)),
        "boolean" => json!(true),
        "array" => Value::Array(vec![example(&schema["items"], name, document, texts)]),
        _ => {
            let all = schema["properties"].as_object();
            let path = |of: &str| if name.is_empty() { of.to_owned() } else { format!("{name}.{of}") };
            let one = |(name, of): (&String, &Value)| (name.clone(), example(of, &path(name), document, texts));
            Value::Object(all.into_iter().flatten().map(one).collect::<Map<_, _>>())
        }
    }
}

/// A form with files: their names and contents are texts too. A sheet is one with such cells; every tenth time there is a
/// picture.
fn files(schema: &Value, document: &Value, texts: &mut Texts) -> (String, Vec<u8>) {
    let mut form = Multipart::new();
    for (name, of) in resolved(schema, document)["properties"].as_object().into_iter().flatten() {
        let part = resolved(of, document);
        if part["properties"].is_object() {
            let mut part = example(of, name, document, texts);
            if texts.operation.starts_with("post") {
                // What is new has no pictures that stay, and its variants are new.
                part["pictures"] = json!([]);
                part["variants"][0].as_object_mut().expect("a variant").remove("id");
            }
            form.field(name, part.to_string().as_bytes());
            continue;
        }
        let file = texts.next(&format!("{name}'s file"));
        let content = match name.as_str() {
            "archive" => archive(),
            "sheet" => {
                let cell = texts.next("a cell").replace('"', "\"\"");
                format!("product_ref,title_en,stock\nA-1,\"{cell}\",\"{cell}\"\n").into_bytes()
            }
            _ if texts.programs.sent.is_multiple_of(10) => picture(),
            _ => continue,
        };
        form.file(name, file.as_bytes(), &content);
    }
    form.body()
}

/// Tokens of every reach; of the seller's the most.
fn tokens(market: &Market) -> BTreeMap<&'static str, Vec<String>> {
    let mut buyer = market.browser();
    buyer.signs_in("demo_buyer", PASSWORD);
    let mut seller = market.browser();
    seller.signs_in("demo_seller_1", PASSWORD);
    let desk = |account: &str, password: &str| {
        let mut browser = market.browser();
        browser.get("/en/console/sign-in");
        browser.send("/console/sign-in", &[("account", account), ("password", password)]);
        browser
    };
    let account = ["staff", "add", "--account", "hostile_books", "--name", "Books", "--role", "finance"];
    market.command_with(&account, "their own books-1688");
    let (mut operator, mut finance) = (desk("operator", PASSWORD), desk("hostile_books", "their own books-1688"));
    let several = |browser: &mut Browser, page: &str, reach: &str, count: usize| -> Vec<String> {
        (0..count).map(|_| token(browser, page, &[reach])).collect()
    };
    BTreeMap::from([
        ("buy", several(&mut buyer, "/my/tokens", "buy", 10)),
        ("asks", several(&mut buyer, "/my/tokens", "sell", 4)),
        ("sell", several(&mut seller, "/my/tokens", "sell", 14)),
        ("hooks", several(&mut seller, "/my/tokens", "hooks", 4)),
        ("operate", several(&mut operator, "/console/tokens", "operate", 6)),
        ("finance", several(&mut finance, "/console/tokens", "operate", 1)),
    ])
}
