//! Hostile texts in every field of every form that stands on a page, and in every text of the interface for programs: each
//! is taken or refused by name, and wherever it is shown it is a text.

#[path = "support/hostile.rs"]
mod hostile;
mod support;

use db::Engine;
use regex_lite::Regex;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use support::{Form, Market, asked, forms, owner_of, wait_until};
use web::{Gate, Route};

const PASSWORD: &str = "wholesale-1688";
/// In so many rounds each text meets a field of one line; those of several lines are fewer and take longer.
const ROUNDS: usize = 6;

#[test]
fn hostile_texts_stay_texts_on_sqlite() {
    everywhere(Engine::Sqlite);
}

#[test]
fn hostile_texts_stay_texts_on_postgres() {
    everywhere(Engine::Postgres);
}

fn everywhere(engine: Engine) {
    let market = Market::open(engine);
    let mut hostile = Hostile {
        market: &market,
        strings: hostile::strings(),
        next: BTreeMap::new(),
        met: BTreeMap::new(),
        refused: BTreeMap::new(),
    };
    assert!(hostile.strings.len() > 300, "{}", hostile.strings.len());
    let (people, mut buyer) = people(&market);
    let import = hostile.in_tables(&people[1]);
    let mut taken: BTreeMap<String, usize> = BTreeMap::new();
    let mut looked = BTreeSet::new();
    for round in 0..ROUNDS {
        if round == 2 {
            pays(&market, &mut buyer);
        }
        for person in &people {
            let pages = hostile.walk(person);
            looked.extend(pages.iter().filter(|(_, page)| page.status == 200).filter_map(|(to, _)| shown_by(to)));
            let mut sent = BTreeSet::new();
            for (page, answer) in &pages {
                for form in forms(&answer.text).into_iter().filter(|form| form.method == "post") {
                    let to = form.action.clone().unwrap_or_else(|| page.clone());
                    let texts = form.fields.iter().any(|field| is_text(&field.kind));
                    if texts && sent.insert(to.clone()) && !LOCKS.iter().any(|lock| to.contains(lock)) {
                        let kept = usize::from(hostile.send(person, &to, &form));
                        *taken.entry(without_ids(&to)).or_default() += kept;
                    }
                }
            }
        }
    }
    hostile.meets_all("textarea", &people[1], "/en/sell/shop");
    // All pages once more as they are at last, and in the other language; who signed in long ago is asked for proof.
    market.clock_moves(Duration::from_secs(15 * 60));
    for person in &people {
        for (to, page) in hostile.walk(person) {
            looked.extend(shown_by(&to).filter(|_| page.status == 200));
            if to.starts_with("/en/") {
                hostile.ask(&person.cookies, "GET", &to.replacen("/en/", "/zh/", 1), None);
            }
        }
    }
    let never = taken.iter().filter(|(form, times)| **times == 0 && !NEVER_TAKEN.contains(&form.as_str()));
    let mut wrong: Vec<String> = never
        .map(|(form, _)| format!("{form} never took anything, at last: {:?}", hostile.refused.get(form)))
        .collect();
    let walked = hanse::house::routes();
    let walked =
        walked.iter().filter(|route| route.method == "GET" && !is_plain(route) && !UNSEEN.contains(&route.path));
    let unseen = walked.filter(|route| !looked.contains(&route.path));
    wrong.extend(unseen.map(|route| format!("{} was never looked at", route.path)));
    for kind in ["text", "textarea"] {
        let (met, all) = (hostile.met[kind].len(), hostile.strings.len());
        wrong.extend((met < all).then(|| format!("a {kind} has met {met} of {all} texts only")));
    }
    assert!(wrong.is_empty() && taken.len() > 12, "{taken:?}\n{}", wrong.join("\n"));
    hostile.in_addresses(&people[0]);
    hostile.in_files(&people[1], &import);
}

/// Forms that lock their sender out, which is another matter: who signs in, who is who.
const LOCKS: [&str; 3] = ["/sign-in", "/my/security/password", "/register"];
/// Without a picture nothing is offered for sale; the forms of what is there take all that these would.
const NEVER_TAKEN: [&str; 1] = ["/en/sell/products/new"];
/// Where the browser comes back from the cashier: it only leads on.
const UNSEEN: [&str; 1] = ["/pay/return"];

fn is_text(kind: &str) -> bool {
    !matches!(kind, "hidden" | "checkbox" | "radio" | "select" | "button" | "submit" | "file")
}

fn is_plain(route: &Route) -> bool {
    [web::pages::machines().table(), web::assets::routes().table()].concat().contains(route)
}

/// The route of the table that shows this page.
fn shown_by(to: &str) -> Option<&'static str> {
    let routes = hanse::house::routes();
    let exact = routes.iter().find(|route| to == format!("/en{}", route.path));
    exact.or_else(|| routes.iter().find(|route| pattern(route, "^", "$").is_match(to))).map(|route| route.path)
}

/// Any address of this route.
fn pattern(route: &Route, before: &str, after: &str) -> Regex {
    let parts = Regex::new(r"\{[a-z]+\}").expect("a pattern");
    let path = parts.replace_all(&route.path.replace('.', r"\."), r#"[^"/?#]+"#).into_owned();
    Regex::new(&format!("{before}(/en{path}){after}")).expect("a pattern")
}

/// The address with a mark for each id.
fn without_ids(to: &str) -> String {
    let ids = Regex::new(r"[0-9a-f]{8}-[0-9a-f-]{27}").expect("a pattern");
    let path = to.split(['?', '#']).next().unwrap_or("");
    ids.replace_all(path, "*").into_owned()
}

struct Person {
    cookies: String,
    csrf: String,
    opens: &'static [Gate],
}

/// A buyer, a seller, somebody who asks for a shop, staff, and a guest, whose pages show what the others wrote.
fn people(market: &Market) -> (Vec<Person>, support::Browser<'_>) {
    let person = |browser: &mut support::Browser, page: &str, opens| {
        browser.get(page).shows(&["_csrf"]);
        let csrf = browser.find(r#"name="_csrf" value="([^"]*)""#);
        Person { cookies: browser.cookies(), csrf, opens }
    };
    let mut buyer = market.browser();
    buyer.registers("hostile_buyer", "13966250009");
    buyer.get("/en/my/addresses");
    buyer.send("/my/privacy/consents/answer", &[("answer", "yes")]);
    buyer.puts_in_cart("golden", 20);
    let product = buyer.find(r#"href="(/en/product/[0-9a-f-]{36})""#);
    buyer.get(&product);
    let shop = buyer.find(r#"href="/en/shop/[0-9a-f-]{36}">([^<]+)<"#);
    let mut seller = market.browser();
    seller.signs_in(&owner_of(&shop), PASSWORD);
    let mut applicant = market.browser();
    applicant.registers("hostile_applicant", "13966250008");
    let mut operator = market.browser();
    operator.get("/en/console/sign-in");
    operator.send("/console/sign-in", &[("account", "operator"), ("password", PASSWORD)]);
    let account = ["staff", "add", "--account", "hostile_books", "--name", "Books", "--role", "finance"];
    market.command_with(&account, "their own books-1688");
    let mut finance = market.browser();
    finance.get("/en/console/sign-in");
    finance.send("/console/sign-in", &[("account", "hostile_books"), ("password", "their own books-1688")]);
    let people = vec![
        person(&mut buyer, "/en/my/security", &[Gate::Anybody, Gate::Member]),
        person(&mut seller, "/en/my/security", &[Gate::Anybody, Gate::Member, Gate::Seller]),
        person(&mut applicant, "/en/my/security", &[Gate::Member]),
        person(&mut operator, "/en/console/tokens", &[Gate::Anybody, Gate::Staff]),
        // The record of all trades is not the operator's.
        person(&mut finance, "/en/console/tokens", &[Gate::Anybody, Gate::Staff]),
        person(&mut market.browser(), "/en/sign-in", &[Gate::Anybody]),
    ];
    (people, buyer)
}

/// The buyer pays one order, so that its seller has it on the desk.
fn pays(market: &Market, buyer: &mut support::Browser) {
    buyer.get("/en/orders").shows(&["/en/orders/"]);
    let order = buyer.find(r#"href="(/en/orders/[0-9a-f-]{36})""#);
    buyer.get(&order).shows(&["/en/pay/"]);
    let pay = buyer.find(r#"href="(/en/pay/[0-9a-f-]{36})""#);
    buyer.get(&pay);
    buyer.send(pay.trim_start_matches("/en"), &[]);
    assert!(buyer.url.starts_with(&market.sandbox), "at the cashier: {}", buyer.url);
    let form = buyer.url.rsplit('/').next().expect("a name").to_owned();
    buyer.send(&form, &[("payer", "0"), ("act", "pay")]);
    buyer.get(&pay).shows(&["Paid"]);
}

struct Answer {
    status: u16,
    location: String,
    text: String,
}

struct Hostile<'m> {
    market: &'m Market,
    strings: Vec<Vec<u8>>,
    /// Where each kind of field stands in the list.
    next: BTreeMap<String, usize>,
    met: BTreeMap<String, BTreeSet<usize>>,
    /// Why each form was refused last.
    refused: BTreeMap<String, String>,
}

impl Hostile<'_> {
    fn ask(&self, cookies: &str, method: &str, to: &str, body: Option<(String, Vec<u8>)>) -> Answer {
        let mut answer = asked(self.market, (cookies, "same-origin"), method, to, body);
        for (name, value) in answer.headers() {
            assert!(!name.as_str().contains("zq"), "{to}: a header {name}: {value:?}");
        }
        let header = |name| answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or("").to_owned();
        let (location, kind) = (header("location"), header("content-type"));
        assert!(!location.contains("//zq.example"), "{to} leads to {location}");
        let status = answer.status().as_u16();
        let bytes = answer.body_mut().with_config().limit(32 * 1024 * 1024).read_to_vec().expect("a body");
        assert!(status < 500, "{method} {to}: {status}");
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if kind.starts_with("text/html") {
            let faults = hostile::faults(&text);
            assert!(faults.is_empty(), "{method} {to} shows {faults:?}");
        }
        Answer { status, location, text }
    }

    /// Every page that is open to this person, by links from those that everybody knows; of those with ids, the first few.
    fn walk(&self, person: &Person) -> BTreeMap<String, Answer> {
        let routes: Vec<Route> = hanse::house::routes();
        let open = |route: &&Route| route.method == "GET" && person.opens.contains(&route.gate) && !is_plain(route);
        let mut to_see: Vec<String> =
            routes.iter().filter(open).filter(|r| !r.path.contains('{')).map(|r| format!("/en{}", r.path)).collect();
        let linked: Vec<Regex> = routes
            .iter()
            .filter(open)
            .filter(|route| route.path.contains('{'))
            .map(|route| pattern(route, "href=\"", "[?\"#]"))
            .collect();
        let mut found = vec![BTreeSet::new(); linked.len()];
        let mut pages = BTreeMap::new();
        while let Some(to) = to_see.pop() {
            if pages.contains_key(&to) {
                continue;
            }
            let answer = self.ask(&person.cookies, "GET", &to, None);
            for (links, found) in linked.iter().zip(&mut found) {
                for link in links.captures_iter(&answer.text) {
                    if found.len() < 3 && found.insert(link[1].to_owned()) {
                        to_see.push(link[1].to_owned());
                    }
                }
            }
            pages.insert(to, answer);
        }
        pages
    }

    /// The next text for a field of this kind.
    fn next(&mut self, kind: &str) -> Vec<u8> {
        let kind = if kind == "textarea" { "textarea" } else { "text" };
        let next = self.next.entry(kind.to_owned()).or_default();
        let at = *next % self.strings.len();
        *next += 1;
        self.met.entry(kind.to_owned()).or_default().insert(at);
        self.strings[at].clone()
    }

    /// Sends the form with a hostile text in each field of text. What is refused at its field is mended there, so that the
    /// others are taken; whether they were.
    fn send(&mut self, person: &Person, to: &str, form: &Form) -> bool {
        let mut values: Vec<(String, Vec<u8>)> =
            form.as_shown().into_iter().map(|(name, value)| (name, value.into_bytes())).collect();
        let set = |values: &mut Vec<(String, Vec<u8>)>, name: &str, value: Vec<u8>| match values
            .iter_mut()
            .find(|(known, _)| known == name)
        {
            Some((_, old)) => *old = value,
            None => values.push((name.to_owned(), value)),
        };
        set(&mut values, "_csrf", person.csrf.clone().into_bytes());
        for (name, value) in pressed(to) {
            set(&mut values, name, value.as_bytes().to_vec());
        }
        let mut hostile = BTreeSet::new();
        for field in form.fields.iter().filter(|field| is_text(&field.kind)) {
            let text = self.next(&field.kind);
            hostile.insert(field.name.clone());
            set(&mut values, &field.name, text);
        }
        // As many times as it takes to mend one after the other what a command refuses.
        for _ in 0..8 {
            let answer = self.ask(&person.cookies, "POST", to, Some(body(form, &values)));
            if answer.status == 200 || answer.status == 303 && !answer.location.contains("said=refused-") {
                return true;
            }
            let why = format!("{} {} {:?}", answer.status, answer.location, mistakes(&answer.text));
            self.refused.insert(without_ids(to), why);
            if answer.status == 303 {
                return false;
            }
            assert!(matches!(answer.status, 409 | 413 | 422 | 429), "{to}: {}", answer.status);
            if answer.status != 422 {
                return false;
            }
            let named = Regex::new(r##"href="#f-([^"]+)""##).expect("a pattern");
            let named: BTreeSet<String> = named.captures_iter(&answer.text).map(|field| field[1].to_owned()).collect();
            assert!(
                !named.is_empty() || answer.text.contains(r#"role="alert""#),
                "{to} refuses and does not say what: {values:?}"
            );
            let mut mended = false;
            for name in &named {
                // A cart has a form for each line, and a mistake names the line.
                let here = |field: &&support::Field| {
                    field.name == *name || name.strip_prefix(&field.name).is_some_and(|rest| rest.starts_with('-'))
                };
                let Some(field) = form.fields.iter().find(here) else { continue };
                let good = good(&field.name).map_or_else(|| field.value.clone(), str::to_owned);
                mended |= hostile.remove(&field.name);
                set(&mut values, &field.name, good.into_bytes());
            }
            if !mended {
                return false;
            }
        }
        false
    }

    /// Sends the form of this page until every text has met a field of this kind.
    fn meets_all(&mut self, kind: &str, person: &Person, page: &str) {
        for _ in 0..self.strings.len() {
            if self.met[kind].len() == self.strings.len() {
                break;
            }
            let text = self.ask(&person.cookies, "GET", page, None).text;
            let form = forms(&text).into_iter().find(|form| form.fields.iter().any(|field| field.kind == kind));
            self.send(person, page, &form.expect("a form with such a field"));
            self.ask(&person.cookies, "GET", page, None);
        }
    }

    /// In addresses: searched for, asked for, and where somebody is said to come from.
    fn in_addresses(&self, person: &Person) {
        let routes = hanse::house::routes();
        let named: Vec<&Route> = routes.iter().filter(|r| r.method == "GET" && r.path.contains('{')).collect();
        for (n, text) in self.strings.iter().enumerate() {
            let text: String = form_urlencoded::byte_serialize(&text[..text.len().min(2_000)]).collect();
            let text = text.replace('+', "%20");
            self.ask(&person.cookies, "GET", &format!("/en/search?q={text}"), None);
            self.ask(&person.cookies, "GET", &format!("/suggest?q={text}"), None);
            let places =
                ["/en/sign-in?next=", "/en/my?said=", "/en/orders?after=", "/en/search?category=", "/zh/search?sort="];
            self.ask(&person.cookies, "GET", &format!("{}{text}", places[n % places.len()]), None);
            let route = named[n % named.len()];
            let parts = Regex::new(r"\{[a-z]+\}").expect("a pattern");
            let to = parts.replace_all(route.path, text.replace('$', "%24").as_str()).into_owned();
            let language = if is_plain(route) { "" } else { "/en" };
            let answer = self.ask(&person.cookies, "GET", &format!("{language}{to}"), None);
            assert!(!answer.text.contains("root:"), "{to}");
        }
    }

    /// In a seller's table; the address of what came of it.
    fn in_tables(&self, seller: &Person) -> String {
        let mut table = csv::Writer::from_writer(Vec::new());
        table.write_record(["product_ref", "title_en", "text_en", "variant_en", "stock", "category"]).expect("a table");
        // A zero, or a cell of many pages, and the whole file is refused: no spreadsheet wrote it.
        let cells = hostile::texts().into_iter().filter(|text| !text.contains('\0') && text.len() < 4_000);
        for (n, text) in cells.enumerate() {
            let text = &text;
            let reference = format!("Q-{n}");
            table
                .write_record([
                    reference.as_str(),
                    text,
                    text,
                    text,
                    if n % 2 == 0 { text.as_str() } else { "5" },
                    text,
                ])
                .expect("a row");
        }
        let table = table.into_inner().expect("a table");
        let line = "----hanse";
        let mut sent = format!(
            "--{line}\r\ncontent-disposition: form-data; name=\"_csrf\"\r\n\r\n{}\r\n--{line}\r\n\
             content-disposition: form-data; name=\"sheet\"; filename=\"../zq<img src=x onerror=zq()>.csv\"\r\n\r\n",
            seller.csrf
        )
        .into_bytes();
        sent.extend(table);
        sent.extend(format!("\r\n--{line}--\r\n").bytes());
        let kind = format!("multipart/form-data; boundary={line}");
        let answer = self.ask(&seller.cookies, "POST", "/en/sell/import", Some((kind, sent)));
        assert_eq!(answer.status, 303, "the table is taken: {:?}", mistakes(&answer.text));
        let import = answer.location;
        wait_until("the check", || {
            self.ask(&seller.cookies, "GET", &import, None).text.contains("/close").then_some(())
        });
        import.split('?').next().unwrap_or("").to_owned()
    }

    /// In what a seller takes home and opens in a spreadsheet.
    fn in_files(&self, seller: &Person, import: &str) {
        for file in [format!("{import}/mistakes.csv"), "/en/sell/export.csv".into(), "/zh/sell/export.csv".into()] {
            let answer = self.ask(&seller.cookies, "GET", &file, None);
            assert_eq!(answer.status, 200, "{file}");
            let found = hostile::formulas(&answer.text);
            assert!(found.is_empty(), "{file} has {found:?}");
            assert!(answer.text.contains("zq"), "{file} has none of them");
        }
    }
}

/// What a page says is wrong.
fn mistakes(page: &str) -> Vec<String> {
    let said = Regex::new(r#"(?s)class="(?:mistake|notice[^"]*)"[^>]*>(.*?)</(?:p|div)>"#).expect("a pattern");
    let tags = Regex::new(r"<[^>]*>").expect("a pattern");
    said.captures_iter(page).map(|m| tags.replace_all(&m[1], "").into_owned()).collect()
}

/// What the form sends beside its texts.
fn pressed(to: &str) -> &'static [(&'static str, &'static str)] {
    match to.split('?').next().unwrap_or("") {
        path if path.starts_with("/en/console/shops/") => &[("decision", "refuse")],
        "/en/checkout" => &[("to", "own")],
        path if path.ends_with("/tokens") => &[("reach-buy:read", "on"), ("reach-operate:read", "on"), ("days", "30")],
        "/en/sell/webhooks/new" => &[("topic-order.placed", "yes")],
        "/en/sell/apply" | "/en/my/addresses/new" => &[("assured", "yes")],
        _ => &[],
    }
}

/// What a field takes whose page shows it empty.
fn good(name: &str) -> Option<&'static str> {
    Some(match name {
        "consignee_name" | "representative_name" | "contact_name" => "王小明",
        "consignee_phone" | "contact_phone" => "13966250001",
        "consignee_address" => "浙江省义乌市稠州北路6625号",
        "settlement_account" => "2088123456781234 王小明",
        "freight" => "12",
        "weight" => "4",
        "ships_within" => "2",
        "url" => "http://127.0.0.1:1099/hook",
        "since_year" => "2001",
        name if name.starts_with("qty-") => "20",
        name if name.starts_with("variant_stock_") => "50",
        "days" => "30",
        "name" | "name_en" => "A name",
        _ => return None,
    })
}

fn body(form: &Form, values: &[(String, Vec<u8>)]) -> (String, Vec<u8>) {
    if !form.multipart {
        let pair = |(name, value): &(String, Vec<u8>)| {
            let encoded = |bytes: &[u8]| form_urlencoded::byte_serialize(bytes).collect::<String>();
            format!("{}={}", encoded(name.as_bytes()), encoded(value))
        };
        let pairs: Vec<String> = values.iter().map(pair).collect();
        return ("application/x-www-form-urlencoded".to_owned(), pairs.join("&").into_bytes());
    }
    let line = "----hanse";
    let mut sent = Vec::new();
    // The token is the first field.
    let first = values.iter().filter(|(name, _)| name == "_csrf");
    for (name, value) in first.chain(values.iter().filter(|(name, _)| name != "_csrf")) {
        sent.extend(format!("--{line}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n").bytes());
        sent.extend_from_slice(value);
        sent.extend(b"\r\n");
    }
    sent.extend(format!("--{line}--\r\n").bytes());
    (format!("multipart/form-data; boundary={line}"), sent)
}

// --- the interface for programs ---------------------------------------------------------------------------------------

#[test]
fn hostile_texts_stay_texts_for_programs() {
    let market = Market::open(Engine::Sqlite);
    let texts = hostile::texts();
    let document: Value =
        serde_json::from_str(&market.ask(&format!("{}/api/openapi.json", market.base))).expect("the document");
    let mut next = 0;
    let mut tokens = Tokens::new(&market);
    let (mut sent, mut bodies) = (0, 0);
    for round in 0..4 {
        for (path, item) in document["paths"].as_object().expect("paths") {
            for (method, operation) in item.as_object().expect("an item") {
                let reach = operation["security"][0]["token"][0].as_str();
                let mut take = || {
                    next += 1;
                    texts[next % texts.len()].clone()
                };
                let to = address(path, operation, &document, &mut take);
                let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
                let body = schema.is_object().then(|| example(schema, &document, &mut take, 0).to_string());
                bodies += usize::from(body.is_some());
                sent += 1;
                let answer = tokens.call(reach, method, &to, body.map(String::into_bytes));
                well_said(&format!("{method} {to}"), &answer);
                // Half of a letter in the middle of it.
                if round == 0 && schema.is_object() {
                    let mut bytes = example(schema, &document, &mut || "zq".to_owned(), 0).to_string().into_bytes();
                    if let Some(at) = bytes.windows(2).position(|two| two == b"zq") {
                        bytes[at] = 0xff;
                        let answer = tokens.call(reach, method, &to, Some(bytes));
                        assert_eq!(answer.0, 400, "{method} {to}: {}", answer.1);
                    }
                }
            }
        }
    }
    assert!(sent > 200 && bodies > 60, "{sent} {bodies}");
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

/// The address with hostile texts in its parameters; every other time the path has an id in it.
fn address(path: &str, operation: &Value, document: &Value, take: &mut impl FnMut() -> String) -> String {
    let encoded = |text: &str| {
        let short: String = text.chars().take(500).collect();
        form_urlencoded::byte_serialize(short.as_bytes()).collect::<String>().replace('+', "%20")
    };
    let (mut to, mut query) = (path.to_owned(), Vec::new());
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let name = parameter["name"].as_str().expect("a name");
        match parameter["in"].as_str() {
            Some("path") if name != "purpose" => {
                to = to.replace(&format!("{{{name}}}"), "00000000-0000-7000-8000-000000000000");
            }
            Some("path") => to = to.replace(&format!("{{{name}}}"), &encoded(&take())),
            Some("query") => query.push(format!("{name}={}", encoded(&text_of(parameter, document, take)))),
            _ => {}
        }
    }
    if query.is_empty() { to } else { format!("{to}?{}", query.join("&")) }
}

fn text_of(parameter: &Value, document: &Value, take: &mut impl FnMut() -> String) -> String {
    match example(&parameter["schema"], document, take, 0) {
        Value::String(text) => text,
        Value::Array(all) => all.first().and_then(Value::as_str).unwrap_or("").to_owned(),
        other => other.to_string(),
    }
}

/// A value of this schema, whose free texts are taken from the list.
fn example(schema: &Value, document: &Value, take: &mut impl FnMut() -> String, depth: usize) -> Value {
    if depth > 8 {
        return Value::Null;
    }
    let mut deeper = |schema: &Value| example(schema, document, take, depth + 1);
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.rsplit('/').next().expect("a name");
        return deeper(&document["components"]["schemas"][name]);
    }
    for several in ["oneOf", "anyOf", "allOf"] {
        if let Some(choice) = schema[several].as_array() {
            if several == "allOf" {
                let mut whole = Map::new();
                for part in choice {
                    if let Value::Object(part) = deeper(part) {
                        whole.extend(part);
                    }
                }
                return Value::Object(whole);
            }
            let choice = choice.iter().find(|one| one["type"] != "null").expect("a choice");
            return deeper(choice);
        }
    }
    if let Some(values) = schema["enum"].as_array() {
        return values[0].clone();
    }
    if let Some(constant) = schema.get("const") {
        return constant.clone();
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().find(|kind| *kind != "null").cloned().unwrap_or(Value::Null),
        one => one.clone(),
    };
    match kind.as_str().unwrap_or("object") {
        "string" => Value::String(take()),
        "integer" | "number" => json!(1),
        "boolean" => json!(true),
        "array" => Value::Array(vec![deeper(&schema["items"])]),
        _ => {
            let all = schema["properties"].as_object();
            Value::Object(all.into_iter().flatten().map(|(name, of)| (name.clone(), deeper(of))).collect())
        }
    }
}

/// Tokens of every reach; each may call so often in a minute.
struct Tokens<'m> {
    market: &'m Market,
    by_reach: BTreeMap<&'static str, String>,
}

impl Tokens<'_> {
    fn new(market: &Market) -> Tokens<'_> {
        let mut buyer = market.browser();
        buyer.signs_in("demo_buyer", PASSWORD);
        let mut seller = market.browser();
        seller.signs_in("demo_seller_1", PASSWORD);
        let mut operator = market.browser();
        operator.get("/en/console/sign-in");
        operator.send("/console/sign-in", &[("account", "operator"), ("password", PASSWORD)]);
        let make = |browser: &mut support::Browser, page: &str, reach: &str| {
            browser.get(&format!("/en{page}"));
            let ticked = format!("reach-{reach}");
            browser
                .send(page, &[("name", "hostile"), ("days", "30"), (ticked.as_str(), "on")])
                .shows(&["Your new token"]);
            browser.find("(hanse_[A-Za-z0-9_-]{43})")
        };
        let by_reach = BTreeMap::from([
            ("buy", make(&mut buyer, "/my/tokens", "buy")),
            ("sell", make(&mut seller, "/my/tokens", "sell")),
            ("hooks", make(&mut seller, "/my/tokens", "hooks")),
            ("operate", make(&mut operator, "/console/tokens", "operate")),
        ]);
        Tokens { market, by_reach }
    }

    fn call(&mut self, reach: Option<&str>, method: &str, to: &str, body: Option<Vec<u8>>) -> (u16, String) {
        let agent = support::agent();
        let method = ureq::http::Method::from_bytes(method.to_uppercase().as_bytes()).expect("a method");
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{to}", self.market.base))
            .header("idempotency-key", "hostile-texts-of-the-tests");
        if let Some(reach) = reach {
            let token = &self.by_reach[reach.trim_end_matches(":read")];
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let answer = match body {
            Some(body) => agent.run(request.header("content-type", "application/json").body(body).expect("a request")),
            None => agent.run(request.body(()).expect("a request")),
        };
        let mut answer = answer.unwrap_or_else(|error| panic!("{to}: {error}"));
        (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap_or_default())
    }
}
