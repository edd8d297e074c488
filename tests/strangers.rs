//! Every address of the marketplace, asked by people whom it does not concern: with the ids, the forms and the tokens of
//! somebody else. The addresses come from the table that the router is made of, the forms from the pages of those whose
//! they are: what is new is in the walk by itself, or the walk says what it lacks. So do the operations of the interface
//! for programs (`strangers/programs.rs`), which come from its document.

#[path = "support/program.rs"]
mod program;
#[path = "strangers/programs.rs"]
mod programs;
#[path = "support/receiver.rs"]
mod receiver;
mod support;

use db::{Engine, NewJob, Stop};
use program::Program;
use receiver::Receiver;
use regex_lite::Regex;
use std::collections::BTreeMap;
use std::time::Duration;
use support::{Browser, Form, Market, asked, forms, owner_of, token, wait_until};
use web::{Gate, Route};

const PASSWORD: &str = "wholesale-1688";
/// What is planted in what is the victims', to be shown to nobody else.
const NAME: &str = "王小明Canary9917";
const PHONE: &str = "13999170001";
const PLACE: &str = "浙江省义乌市稠州北路9917号Canary";
const MEMBER: &str = "canary_victim_9917";
const MEMBER_PHONE: &str = "13999170009";
const NOTE: &str = "ring twice, canary 9917";
const HOOK: &str = "canary hook 9917";
const TOKEN: &str = "canary token 9917";
const GOODS: &str = "canary goods 9917";
const SECRETS: [&str; 9] = [NAME, PHONE, PLACE, MEMBER, MEMBER_PHONE, NOTE, HOOK, TOKEN, GOODS];

#[test]
fn strangers_find_nothing_and_change_nothing_on_sqlite() {
    walk(Engine::Sqlite);
}

#[test]
fn strangers_find_nothing_and_change_nothing_on_postgres() {
    walk(Engine::Postgres);
}

// --- whose everything is ----------------------------------------------------------------------------------------------

/// Somebody with a session, or without.
#[derive(Clone)]
struct Person {
    name: &'static str,
    cookies: String,
    /// The token of this session's forms.
    csrf: String,
    /// The gates that open.
    opens: &'static [Gate],
}

const NOBODYS: &[Gate] = &[Gate::Anybody];
const MEMBERS: &[Gate] = &[Gate::Anybody, Gate::Member];
const SELLERS: &[Gate] = &[Gate::Anybody, Gate::Member, Gate::Seller];
const STAFFS: &[Gate] = &[Gate::Anybody, Gate::Staff];

impl Person {
    /// As whom the browser is signed in; `page` has a form.
    fn of(name: &'static str, opens: &'static [Gate], browser: &mut Browser, page: &str) -> Person {
        browser.get(page).shows(&["_csrf"]);
        let csrf = browser.find(r#"name="_csrf" value="([^"]*)""#);
        Person { name, cookies: browser.cookies(), csrf, opens }
    }
}

/// Those whose things are asked for.
struct Victims {
    buyer: Person,
    seller: Person,
    operator: Person,
    /// The desk that keeps the record of trades.
    finance: Person,
    /// Another session of the buyer.
    elsewhere: Person,
    /// What stands for a parameter, by the path up to it.
    ids: BTreeMap<&'static str, Vec<String>>,
    /// What no page's address names: a refund of the buyer's, work of the marketplace that failed, a code on its way.
    refund: String,
    job: String,
    code: String,
    /// Of programs of the buyer, the seller, the operator and the finance desk, each with all that they may.
    tokens: [String; 4],
    _receiver: Receiver,
}

impl Victims {
    /// Whose page it is.
    fn owner(&self, route: &Route) -> &Person {
        match route.gate {
            _ if route.path == "/console/orders" => &self.finance,
            _ if route.path.starts_with("/console") => &self.operator,
            Gate::Seller => &self.seller,
            _ => &self.buyer,
        }
    }

    /// The route's addresses with the victims' ids in them.
    fn addresses(&self, route: &Route) -> Vec<String> {
        let mut begun = vec![String::new()];
        let mut so_far = String::new();
        for part in route.path.split_inclusive('/') {
            let name = part.trim_end_matches('/');
            so_far.push_str(name);
            let words = match name.starts_with('{') {
                true => self.ids.get(so_far.as_str()).unwrap_or_else(|| panic!("{so_far}: the walk has no id for it")),
                false => &vec![name.to_owned()],
            };
            let slash = if part.ends_with('/') { "/" } else { "" };
            so_far.push_str(slash);
            begun = begun.iter().flat_map(|to| words.iter().map(move |word| format!("{to}{word}{slash}"))).collect();
        }
        let plain = [web::pages::machines().table(), web::assets::routes().table()].concat();
        let language = if plain.contains(route) { "" } else { "/en" };
        begun.into_iter().map(|to| format!("{language}{to}")).collect()
    }
}

fn shop_of(browser: &mut Browser, words: &str) -> (String, String, String) {
    browser.get(&format!("/en/search?q={words}"));
    let product = browser.find(r#"href="/en/product/([0-9a-f-]{36})""#);
    browser.get(&format!("/en/product/{product}"));
    let shop = browser.find(r#"href="/en/shop/([0-9a-f-]{36})">"#);
    (product, shop, browser.find(r#"href="/en/shop/[0-9a-f-]{36}">([^<]+)<"#))
}

fn victims(market: &Market) -> Victims {
    let mut buyer = market.browser();
    let (product, shop, shop_name) = shop_of(&mut buyer, "golden");
    let owner = owner_of(&shop_name);
    assert!(!matches!(owner.as_str(), "demo_seller_2" | "demo_seller_3"), "strangers are others: {owner}");
    let blob = buyer.find(r#""/media/([^"]+)""#);
    let style = buyer.find(r#"href="/assets/([^"]+\.css)""#);

    buyer.registers(MEMBER, MEMBER_PHONE);
    buyer.get("/en/my/addresses");
    buyer.send("/my/privacy/consents/answer", &[("answer", "yes")]);
    buyer.get("/en/my/addresses/new");
    let place = [("consignee_name", NAME), ("consignee_phone", PHONE), ("consignee_address", PLACE)];
    buyer.send("/my/addresses/new", &place).shows(&[NAME]);
    let address = buyer.find(r#"href="/en/my/addresses/([0-9a-f-]{36})""#);
    let mut orders = |paid: bool| {
        buyer.puts_in_cart("golden", 20);
        buyer.get("/en/checkout").shows(&[&address]);
        let note = buyer.find(r#"name="(note-[0-9a-f-]{36})""#);
        buyer.send("/checkout", &[(note.as_str(), NOTE)]).shows(&["Pay"]);
        let pay = buyer.url.clone();
        let order = buyer.find(r#"href="/en/orders/([0-9a-f-]{36})""#);
        let checkout = pay.rsplit('/').next().expect("an id").to_owned();
        if paid {
            buyer.send(&format!("/pay/{checkout}"), &[]);
            let form = buyer.url.rsplit('/').next().expect("a name").to_owned();
            buyer.send(&form, &[("payer", "0"), ("act", "pay")]);
            buyer.get(&pay).shows(&["Paid"]);
        }
        (order, checkout)
    };
    let [(paid, settled), (unpaid, open), (refunded, _)] = [true, false, true].map(&mut orders);
    buyer.get(&format!("/en/orders/{refunded}"));
    buyer.send("/refund", &[]);
    let buyers = token(&mut buyer, "/my/tokens", &["buy"]);
    let program = Program { market, token: Some(buyers.clone()) };
    let refund = wait_until("the refund", || {
        let order = program.get(&format!("/api/v1/orders/{refunded}"));
        let refund = &order.is(200)["refunds"][0];
        (refund["state"] == "done").then(|| refund["id"].as_str().expect("an id").to_owned())
    });
    buyer.puts_in_cart("golden", 20);
    makes_token(&mut buyer, "/my/tokens", "reach-buy");
    // The code of the registration is some time ago.
    market.clock_moves(Duration::from_secs(90));
    let mut elsewhere = market.browser();
    elsewhere.get("/en/sign-in/code");
    elsewhere.send("/sign-in/code", &[("phone", MEMBER_PHONE)]).shows(&["code_id"]);
    let code = elsewhere.find(r#"name="code_id" value="([^"]+)""#);
    elsewhere.signs_in(MEMBER, "a good long phrase");

    let receiver = Receiver::start();
    let mut seller = market.browser();
    seller.signs_in(&owner, PASSWORD);
    seller.get("/en/sell/import");
    let sheet = format!("product_ref,title_en,stock\nX-1,Goods,{GOODS}\n");
    seller.uploads("/en/sell/import", &[("sheet", "goods.csv", sheet.as_bytes())]);
    let import = seller.url.rsplit('/').next().expect("an id").to_owned();
    wait_until("the import", || {
        seller.get(&format!("/en/sell/import/{import}"));
        seller.text.contains("/close").then_some(())
    });
    seller.get("/en/sell/webhooks/new");
    let hook = [("name", HOOK), ("url", receiver.url.as_str()), ("topic-order.placed", "yes")];
    seller.send("/sell/webhooks/new", &hook).shows(&[HOOK]);
    seller.get("/en/sell/webhooks");
    let webhook = seller.find(r#"href="/en/sell/webhooks/([0-9a-f-]{36})""#);
    seller.get(&format!("/en/sell/webhooks/{webhook}"));
    seller.send("/test", &[]);
    receiver.wait_for(1);
    let delivery = wait_until("the log", || {
        seller.get(&format!("/en/sell/webhooks/{webhook}"));
        let listed = seller.text.contains("<code>204</code>");
        listed.then(|| seller.find(r#"href="/en/sell/webhooks/[0-9a-f-]{36}/deliveries/([0-9a-f-]{36})""#))
    });
    makes_token(&mut seller, "/my/tokens", "reach-sell");
    let sellers = token(&mut seller, "/my/tokens", &["sell", "hooks"]);

    let mut operator = market.browser();
    operator.get("/en/console/sign-in");
    operator.send("/console/sign-in", &[("account", "operator"), ("password", PASSWORD)]);
    makes_token(&mut operator, "/console/tokens", "reach-operate");
    let operators = token(&mut operator, "/console/tokens", &["operate"]);
    let job = failed_work(market, &Program { market, token: Some(operators.clone()) });

    let mut finance = comes_to_desk(market, "accounts");
    let desks = token(&mut finance, "/console/tokens", &["operate"]);

    let hooks = ["/sell/webhooks/{id}", "/sell/webhooks/{id}/deliveries/{delivery}"];
    let words = |all: &[&str]| all.iter().map(|word| (*word).to_owned()).collect::<Vec<String>>();
    let ids = BTreeMap::from([
        ("/product/{id}", vec![product.clone()]),
        ("/shop/{id}", vec![shop.clone()]),
        ("/privacy/download/{name}", words(&["privacy-policy.md", "collection-list.md", "partner-list.md"])),
        ("/my/privacy/consents/{purpose}", words(&["KeepAddressBook"])),
        ("/my/security/device/{answer}", words(&["mine", "end"])),
        ("/my/addresses/{id}", vec![address]),
        ("/pay/{checkout}", vec![settled, open]),
        ("/orders/{id}", vec![paid.clone(), unpaid, refunded]),
        ("/orders/{id}/{verb}", words(&["cancel", "refund", "confirm", "hide"])),
        ("/sell/products/{id}", vec![product]),
        ("/sell/import/{id}", vec![import]),
        ("/sell/orders/{id}", vec![paid]),
        (hooks[0], vec![webhook]),
        ("/sell/webhooks/{id}/{verb}", words(&["test", "on", "off", "rotate", "again"])),
        (hooks[1], vec![delivery]),
        ("/console/shops/{id}", vec![shop]),
        ("/media/{blob}", vec![blob]),
        ("/assets/{name}", vec![style]),
    ]);
    Victims {
        buyer: Person::of("the buyer", MEMBERS, &mut buyer, "/en/my/security"),
        seller: Person::of("the seller", SELLERS, &mut seller, "/en/my/security"),
        operator: Person::of("the operator", STAFFS, &mut operator, "/en/console/tokens"),
        finance: Person::of("finance", STAFFS, &mut finance, "/en/console/tokens"),
        elsewhere: Person::of("the buyer elsewhere", MEMBERS, &mut elsewhere, "/en/my/security"),
        ids,
        refund,
        job,
        code,
        tokens: [buyers, sellers, operators, desks],
        _receiver: receiver,
    }
}

/// Somebody of the staff whom the walk has hired.
fn comes_to_desk<'m>(market: &'m Market, account: &str) -> Browser<'m> {
    let mut staff = market.browser();
    staff.get("/en/console/sign-in");
    staff.send("/console/sign-in", &[("account", account), ("password", PASSWORD2)]).shows(&["Access tokens"]);
    staff
}

/// Work that its handler gives up at once.
fn failed_work(market: &Market, operator: &Program) -> String {
    let vault = hanse::house::open(&market.config()).expect("the marketplace's data");
    let work = NewJob {
        kind: catalogue::bulk::IMPORT_JOB,
        unique: None,
        due_at: 0,
        body: serde_json::json!({"names": "no import"}),
    };
    let queued = vault.data().write_now(move |tx| {
        tx.enqueue(work.clone());
        Ok::<_, Stop<()>>(())
    });
    queued.expect("it is written");
    vault.keys().database().clone().close();
    vault.data().clone().close();
    wait_until("the work", || {
        let dead = operator.get("/api/v1/console/jobs");
        dead.is(200)["items"][0]["id"].as_str().map(str::to_owned)
    })
}

fn makes_token(browser: &mut Browser, page: &str, reach: &str) {
    browser.get(&format!("/en{page}"));
    browser.send(page, &[("name", TOKEN), ("days", "30"), (reach, "on")]).shows(&["Your new token"]);
}

// --- asking -----------------------------------------------------------------------------------------------------------

struct Answer {
    status: u16,
    location: String,
    text: String,
}

/// Without following anything.
fn ask(market: &Market, person: &Person, method: &str, to: &str, body: Option<(String, Vec<u8>)>) -> Answer {
    asks_from(market, person, method, to, body, "same-origin")
}

fn asks_from(
    market: &Market,
    person: &Person,
    method: &str,
    to: &str,
    body: Option<(String, Vec<u8>)>,
    site: &str,
) -> Answer {
    let mut answer = asked(market, (&person.cookies, site), method, to, body);
    let location = answer.headers().get("location").and_then(|to| to.to_str().ok()).unwrap_or("").to_owned();
    let text = answer.body_mut().read_to_vec().unwrap_or_default();
    Answer { status: answer.status().as_u16(), location, text: String::from_utf8_lossy(&text).into_owned() }
}

/// The form as its owner would send it, with this token in it.
fn filled(form: &Form, csrf: &str) -> (String, Vec<u8>) {
    let mut fields = vec![("_csrf".to_owned(), csrf.to_owned())];
    fields.extend(form.as_shown().into_iter().filter(|(name, _)| name != "_csrf"));
    if !form.multipart {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&fields).finish();
        return ("application/x-www-form-urlencoded".to_owned(), body.into_bytes());
    }
    let line = "----hanse";
    let part = |(name, value): &(String, String)| {
        format!("--{line}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let parts: String = fields.iter().map(part).collect();
    (format!("multipart/form-data; boundary={line}"), format!("{parts}--{line}--\r\n").into_bytes())
}

// --- the walk ---------------------------------------------------------------------------------------------------------

/// What stands on a page whatever anybody does: tokens of forms, and what a press of a button is known by.
fn still(text: &str) -> String {
    let moves = Regex::new(r#"name="(_csrf|once)" value="[^"]*""#).expect("a pattern");
    moves.replace_all(text, "").into_owned()
}

/// Pages that change by being looked at: who read what, and when a session was used.
const RESTLESS: [&str; 2] = ["/my/privacy", "/my/security"];

/// What the victims see of all that is theirs, by address; and the forms that stand there.
fn seen(market: &Market, victims: &Victims) -> (BTreeMap<String, String>, BTreeMap<String, Form>) {
    let (mut pages, mut all_forms) = (BTreeMap::new(), BTreeMap::new());
    for route in hanse::house::routes().iter().filter(|route| route.method == "GET") {
        for to in victims.addresses(route) {
            let answer = ask(market, victims.owner(route), "GET", &to, None);
            let theirs = matches!(route.gate, Gate::Member | Gate::Seller) || route.path == "/console/tokens";
            assert!(
                answer.status == 200 || (!route.path.contains('{') && (300..400).contains(&answer.status)),
                "{to} by its owner: {}",
                answer.status
            );
            for form in forms(&answer.text).into_iter().filter(|form| form.method == "post") {
                let action = form.action.clone().unwrap_or_else(|| to.clone());
                let action = action.split(['?', '#']).next().unwrap_or("").to_owned();
                all_forms.entry(action).or_insert(form);
            }
            if theirs && !RESTLESS.contains(&route.path) {
                pages.insert(to, still(&answer.text));
            }
        }
    }
    // What only guests are shown.
    let guest = Person { name: "a guest", cookies: String::new(), csrf: String::new(), opens: NOBODYS };
    for page in ["/en/sign-in", "/en/register", "/en/console/sign-in", "/en/sign-in/code", "/en/sign-in/forgotten"] {
        for form in forms(&ask(market, &guest, "GET", page, None).text) {
            let action = form.action.clone().unwrap_or_else(|| page.to_owned());
            all_forms.entry(action.split(['?', '#']).next().unwrap_or("").to_owned()).or_insert(form);
        }
    }
    (pages, all_forms)
}

/// Forms that stand on no page of the victims' now: refunds and work that failed, codes on their way, what the state of an
/// order does not offer. The ids are of things that are.
fn off_page(to: &str, victims: &Victims) -> Option<Form> {
    let id = victims.ids["/orders/{id}"][0].as_str();
    let address = victims.ids["/my/addresses/{id}"][0].as_str();
    let fields: &[(&str, &str)] = match to.trim_start_matches("/en") {
        // Offered where there are several.
        "/my/addresses/prefer" => &[("address", address)],
        "/console/jobs/revive" => &[("job", &victims.job)],
        // Asked only when the last proof is old.
        "/my/security/prove" | "/console/prove" => &[("password", "a guess at a password"), ("next", "/my/tokens")],
        "/console/money/refund" => &[("refund", &victims.refund)],
        "/register/account"
        | "/sign-in/code/enter"
        | "/sign-in/forgotten/enter"
        | "/my/security/prove/code"
        | "/my/security/prove/enter" => &[
            ("code_id", &victims.code),
            ("code", "123456"),
            ("phone", MEMBER_PHONE),
            ("password", "another long phrase"),
        ],
        "/hooks/alipay" | "/hooks/tracking" => &[("out_trade_no", id), ("trade_status", "TRADE_SUCCESS")],
        "/my/privacy/consents/answer" => &[("purpose", "KeepAddressBook"), ("answer", "no")],
        other if other.starts_with("/pay/") => &[],
        other if other.starts_with("/orders/") || other.starts_with("/sell/") => {
            &[("hidden", "yes"), ("since", "day"), ("carrier", "sf"), ("weight", "4")]
        }
        _ => return None,
    };
    let field = |(name, value): &(&str, &str)| support::Field {
        name: (*name).to_owned(),
        kind: "hidden".to_owned(),
        value: (*value).to_owned(),
        sent: true,
    };
    Some(Form { action: None, method: "post".to_owned(), multipart: false, fields: fields.iter().map(field).collect() })
}

/// The name of what is somebody's, in an address.
fn names_something(route: &Route) -> bool {
    let public = ["/my/privacy/consents/{purpose}", "/privacy/download/{name}"];
    route.path.contains('{') && route.gate != Gate::Anybody && !public.contains(&route.path)
}

/// 2.3.2-c.1, 2.3.2-c.3, 3.5-a.1, 5.3.1-a.1
fn walk(engine: Engine) {
    let market = Market::open(engine);
    for (account, name, role) in [("waybills", "Waybills", "logistics"), ("accounts", "Accounts", "finance")] {
        market.command_with(&["staff", "add", "--account", account, "--name", name, "--role", role], PASSWORD2);
    }
    let victims = victims(&market);
    let strangers = strangers(&market);
    let (before, known) = seen(&market, &victims);
    assert!(before.len() > 30 && known.len() > 25, "{} {}", before.len(), known.len());
    let found = |to: &str| known.get(to).cloned().or_else(|| off_page(to, &victims));
    let bare = Form { action: None, method: "post".to_owned(), multipart: false, fields: Vec::new() };
    let form_to = |to: &str| found(to).unwrap_or_else(|| bare.clone());
    let unchanged = |by: &str| {
        let (now, _) = seen(&market, &victims);
        let others = before.iter().filter(|(to, page)| now[*to] != **page);
        let told =
            |(to, page): (&String, &String)| format!("{to} is another after {by}:\n{}", difference(page, &now[to]));
        others.map(told).collect::<Vec<_>>()
    };

    let (mut asked, mut wrong) = (0, Vec::new());
    for route in hanse::house::routes().iter().filter(|route| route.method == "POST") {
        let lacking = victims.addresses(route).into_iter().filter(|to| found(to).is_none());
        wrong.extend(lacking.map(|to| format!("{to}: the walk has no form for it")));
    }
    // The member's own telephone is masked on their own pages too.
    for secret in SECRETS.iter().filter(|secret| **secret != MEMBER_PHONE) {
        let planted = before.values().any(|page| page.contains(secret));
        wrong.extend((!planted).then(|| format!("{secret} is nowhere")));
    }
    for stranger in &strangers {
        for route in hanse::house::routes() {
            for to in victims.addresses(&route) {
                let tries = match route.method {
                    "GET" => vec![("asks", None)],
                    // It would end the stranger's own session.
                    _ if route.path == "/sign-out" => continue,
                    _ => {
                        let form = form_to(&to);
                        let theirs = &victims.owner(&route).csrf;
                        vec![
                            ("sends without a token", Some(filled(&form, ""))),
                            ("sends with the victim's token", Some(filled(&form, theirs))),
                            ("sends", Some(filled(&form, &stranger.csrf))),
                        ]
                    }
                };
                for (how, body) in tries {
                    let forged = how.contains("token");
                    let answer = ask(&market, stranger, route.method, &to, body);
                    wrong.extend(judge(stranger, &route, &to, how, forged, &answer));
                    asked += 1;
                }
            }
        }
        wrong.extend(unchanged(stranger.name));
        let there = ask(&market, &victims.elsewhere, "GET", "/en/my", None);
        assert_eq!(there.status, 200, "{} ended a session of the victim", stranger.name);
    }
    assert!(asked > 800, "{asked}");

    // Somebody's page lets the victims' own browsers send their forms.
    for route in hanse::house::routes().iter().filter(|route| route.method == "POST" && route.gate != Gate::Signed) {
        let owner = victims.owner(route);
        for to in victims.addresses(route) {
            let form = form_to(&to);
            for (csrf, site) in
                [("", "same-origin"), (&*strangers[1].csrf, "same-origin"), (&*owner.csrf, "cross-site")]
            {
                let answer = asks_from(&market, owner, "POST", &to, Some(filled(&form, csrf)), site);
                if answer.status != 403 {
                    wrong.push(format!("{to} by {} from {site} with {csrf:?}: {}", owner.name, answer.status));
                }
            }
        }
    }
    wrong.extend(unchanged("forged forms"));
    wrong.extend(programs::walk(&market, &victims));
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

const PASSWORD2: &str = "couriers and parcels";

fn strangers(market: &Market) -> Vec<Person> {
    let mut all = Vec::new();
    all.push(Person::of("nobody", NOBODYS, &mut market.browser(), "/en/sign-in"));
    let mut member = market.browser();
    member.signs_in("demo_buyer", PASSWORD);
    member.puts_in_cart("golden", 20);
    all.push(Person::of("another member", MEMBERS, &mut member, "/en/my/security"));
    let mut seller = market.browser();
    seller.signs_in("demo_seller_2", PASSWORD);
    all.push(Person::of("another seller", SELLERS, &mut seller, "/en/my/security"));
    let mut staff = comes_to_desk(market, "waybills");
    all.push(Person::of("staff of another desk", STAFFS, &mut staff, "/en/console/tokens"));
    all
}

/// What of the answer is more than a refusal to somebody whom it does not concern.
fn judge(stranger: &Person, route: &Route, to: &str, how: &str, forged: bool, answer: &Answer) -> Vec<String> {
    let what = format!("{} {how}: {} {to}: {} {}", stranger.name, route.method, answer.status, answer.location);
    let told = |secret: &&&str| answer.text.contains(**secret) || answer.location.contains(**secret);
    let mut wrong: Vec<String> = SECRETS.iter().filter(told).map(|secret| format!("{what}: tells {secret}")).collect();
    let member = stranger.opens.contains(&Gate::Member);
    let refused = match route.gate {
        Gate::Signed => answer.status == 400,
        gate if !stranger.opens.contains(&gate) => match gate {
            Gate::Staff => answer.status == 404,
            _ => {
                let door = if member { "/en/sell/apply" } else { "/en/sign-in?next=" };
                answer.status == 303 && answer.location.starts_with(door)
            }
        },
        _ if forged || names_something(route) => matches!(answer.status, 403 | 404),
        // Beyond the desk's own tokens, and proving who sits there, nothing is of this role.
        Gate::Staff if !["/console/tokens", "/console/prove"].iter().any(|own| route.path.starts_with(own)) => {
            answer.status == 403
        }
        _ => answer.status < 500,
    };
    if !refused {
        wrong.push(what);
    }
    wrong
}

/// The first lines that are not the same.
fn difference(before: &str, after: &str) -> String {
    let at = before.bytes().zip(after.bytes()).position(|(a, b)| a != b).unwrap_or(before.len().min(after.len()));
    let around = |text: &str| {
        let bytes = &text.as_bytes()[at.saturating_sub(200)..(at + 200).min(text.len())];
        String::from_utf8_lossy(bytes).into_owned()
    };
    format!("- {}\n+ {}", around(before), around(after))
}
