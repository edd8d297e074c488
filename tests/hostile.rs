//! Hostile texts in every field of every form that stands on a page, and in every text of the interface for programs: each
//! is taken or refused by name, and wherever it is shown it is a text.

#[path = "support/hostile_files.rs"]
mod files;
#[path = "support/hostile.rs"]
mod hostile;
#[path = "support/hostile_programs.rs"]
mod programs;
mod support;

use db::Engine;
use files::{Multipart, Table, archive, cells, goods, mend_table, picture, read, written};
use regex_lite::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use support::{Field, Form, Market, asked, forms, wait_at_most};
use web::{Gate, Route};

const PASSWORD: &str = "wholesale-1688";
/// In so many rounds all forms are sent; in each of them every field meets a text of each class.
const ROUNDS: usize = 3;
/// Behind the doors a password is hashed for most of what is sent.
const ROUNDS_AT_THE_DOORS: usize = 2;
/// So many texts of each class every field has met at last.
const SEVERAL: usize = 2;

#[test]
fn hostile_texts_stay_texts_on_sqlite() {
    everywhere(Engine::Sqlite);
}

#[test]
fn hostile_texts_stay_texts_on_postgres() {
    everywhere(Engine::Postgres);
}

#[test]
fn hostile_texts_stay_texts_for_programs_on_sqlite() {
    programs::everywhere(Engine::Sqlite);
}

#[test]
fn hostile_texts_stay_texts_for_programs_on_postgres() {
    programs::everywhere(Engine::Postgres);
}

fn everywhere(engine: Engine) {
    let market = Market::open(engine);
    let mut hostile = Hostile::new(&market);
    let (mut people, mut buyer) = People::come(&market);
    let import = hostile.in_tables(&people.seller);
    people.goods = hostile.imported(&people);
    hostile.in_the_consoles(&people);
    for _ in 0..ROUNDS {
        hostile.round(&people, &mut buyer);
    }
    hostile.meets_all("textarea", &people.seller, "/en/sell/shop");
    // All pages once more as they are at last, and in the other language; who signed in long ago is asked for proof.
    market.clock_moves(Duration::from_secs(15 * 60));
    hostile.whole = true;
    for person in people.all() {
        for to in hostile.walk(person).into_keys().filter(|to| to.starts_with("/en/")) {
            hostile.ask(&person.cookies, "GET", &to.replacen("/en/", "/zh/", 1), None);
        }
    }
    hostile.whole = false;
    hostile.in_addresses(&people.buyer);
    hostile.in_files(&people.seller, &import);
    hostile.at_the_doors(&people);
    let wrong = hostile.missing();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is carried out once and then gone, or makes much each time: its fields meet their texts in vain, and only each so
/// many times is what is refused mended until the rest is taken.
fn rare(form: &str) -> Option<usize> {
    match form {
        "/en/checkout" => Some(7),
        "/en/sell/products/new" | "/en/sell/orders/*/ship" => Some(usize::MAX),
        _ => None,
    }
}

/// They meet their texts before the rounds.
const IN_THE_CONSOLES: [&str; 2] = ["/en/sell/apply", "/en/console/shops/*"];

/// Who comes in, and who proves to be who they are: what is sent here could lock out its sender, so that it is sent after
/// the rounds and by those who are needed no more.
fn is_door(form: &str) -> bool {
    let doors = ["/en/sign-in", "/en/register", "/en/console/sign-in", "/en/my/security/", "/en/console/prove"];
    doors.iter().any(|door| form.starts_with(door))
}

/// Nobody has the password or the code for these doors.
const NEVER_TAKEN: [&str; 8] = [
    "/en/sign-in",
    "/en/sign-in/code/enter",
    "/en/sign-in/forgotten/enter",
    "/en/my/security/password",
    "/en/my/security/prove",
    "/en/my/security/prove/enter",
    "/en/console/prove",
    "/en/console/sign-in",
];
/// Where the browser comes back from the cashier: it only leads on.
const UNSEEN: [&str; 1] = ["/pay/return"];

fn is_text(kind: &str) -> bool {
    !matches!(kind, "hidden" | "checkbox" | "radio" | "select" | "button" | "submit")
}

fn is_file(form: &Form, name: &str) -> bool {
    form.fields.iter().any(|field| field.name == name && field.kind == "file")
}

/// Of those that are typed into, and of the files' names.
fn has_texts(form: &Form) -> bool {
    form.fields.iter().any(|field| is_text(&field.kind) && field.kind != "file")
}

fn is_plain(route: &Route) -> bool {
    [web::pages::machines().table(), web::assets::routes().table()].concat().contains(route)
}

/// Whether this is an address of the route, a part of it for each part in braces.
fn leads_to(route: &Route, to: &str) -> bool {
    let mut parts = to.strip_prefix("/en").unwrap_or(to).split('/');
    let same = route.path.split('/').all(|part| {
        parts.next().is_some_and(|here| if part.starts_with('{') { !here.is_empty() } else { here == part })
    });
    same && parts.next().is_none()
}

/// The route of the table that shows this page.
fn shown_by<'r>(routes: &'r [Route], to: &str) -> Option<&'r Route> {
    let of = |route: &&Route| route.method == "GET" && leads_to(route, to);
    routes.iter().filter(of).min_by_key(|route| route.path.contains('{'))
}

/// The address with a mark for each id.
fn without_ids(to: &str) -> String {
    let ids = Regex::new(r"[0-9a-f]{8}-[0-9a-f-]{27}").expect("a pattern");
    let path = to.split(['?', '#']).next().unwrap_or("");
    ids.replace_all(path, "*").into_owned()
}

/// A form's address without ids; of one that asks for a page with its fields, which several have at one address.
fn known_as(form: &Form, page: &str) -> String {
    let to = without_ids(form.action.as_deref().unwrap_or(page));
    if form.method == "post" {
        return to;
    }
    let names: Vec<&str> = form.fields.iter().filter(|f| is_text(&f.kind)).map(|f| f.name.as_str()).collect();
    format!("{to}?{}", names.join("&"))
}

/// The name of a field with a mark for its row.
fn without_rows(name: &str) -> String {
    let row = Regex::new(r"[0-9a-f]{8}-[0-9a-f-]{27}$|\d+$").expect("a pattern");
    row.replace_all(name, "*").into_owned()
}

struct Person {
    cookies: String,
    csrf: String,
    opens: &'static [Gate],
}

impl Person {
    /// As somebody sends forms who has this page open.
    fn at(browser: &mut support::Browser, page: &str, opens: &'static [Gate]) -> Person {
        browser.get(page).shows(&["_csrf"]);
        let csrf = browser.find(r#"name="_csrf" value="([^"]*)""#);
        Person { cookies: browser.cookies(), csrf, opens }
    }

    fn guest(market: &Market) -> Person {
        Person::at(&mut market.browser(), "/en/sign-in", &[Gate::Anybody])
    }

    fn desk(market: &Market, account: &str, password: &str) -> Person {
        let mut browser = market.browser();
        browser.get("/en/console/sign-in");
        browser.send("/console/sign-in", &[("account", account), ("password", password)]);
        Person::at(&mut browser, "/en/console/tokens", &[Gate::Anybody, Gate::Staff])
    }
}

/// A buyer, a seller, somebody who asks for a shop, staff, and a guest, whose pages show what the others wrote.
struct People {
    buyer: Person,
    seller: Person,
    applicant: Person,
    operator: Person,
    /// The record of all trades is not the operator's.
    finance: Person,
    guest: Person,
    /// The seller's.
    shop: String,
    /// Pages of the seller's goods.
    goods: Vec<String>,
}

impl People {
    fn come(market: &Market) -> (People, support::Browser<'_>) {
        let mut buyer = market.browser();
        buyer.registers("hostile_buyer", "13966250009");
        buyer.get("/en/my/addresses");
        buyer.send("/my/privacy/consents/answer", &[("answer", "yes")]);
        let mut seller = market.browser();
        seller.signs_in("demo_seller_2", PASSWORD);
        seller.get("/en/sell/products").shows(&["/en/sell/products/0"]);
        let product = seller.find(r#"href="/en/sell/products/([0-9a-f-]{36})""#);
        let shop = seller.get(&format!("/en/product/{product}")).find(r#"href="(/en/shop/[0-9a-f-]{36})""#);
        let mut applicant = market.browser();
        applicant.registers("hostile_applicant", "13966250008");
        let account = ["staff", "add", "--account", "hostile_books", "--name", "Books", "--role", "finance"];
        market.command_with(&account, "their own books-1688");
        let people = People {
            buyer: Person::at(&mut buyer, "/en/my/security", &[Gate::Anybody, Gate::Member]),
            seller: Person::at(&mut seller, "/en/my/security", &[Gate::Anybody, Gate::Member, Gate::Seller]),
            applicant: Person::at(&mut applicant, "/en/my/security", &[Gate::Member]),
            operator: Person::desk(market, "operator", PASSWORD),
            finance: Person::desk(market, "hostile_books", "their own books-1688"),
            guest: Person::guest(market),
            shop,
            goods: Vec::new(),
        };
        (people, buyer)
    }

    /// In an order in which what one writes lies before the next: the order before its seller, the shop before the desk.
    fn all(&self) -> [&Person; 6] {
        [&self.buyer, &self.seller, &self.applicant, &self.operator, &self.finance, &self.guest]
    }

    /// Where others are shown what this form took; where its sender is led, is looked at anyway. The consoles first.
    fn shows(&self, to: &str) -> Vec<(&Person, String)> {
        match without_ids(to).as_str() {
            "/en/sell/shop" => vec![
                (&self.operator, "/en/console/shops?state=open".to_owned()),
                (&self.operator, self.shop.replace("/en/", "/en/console/").replace("/shop/", "/shops/")),
                (&self.finance, "/en/console/orders".to_owned()),
                (&self.guest, self.shop.clone()),
            ],
            "/en/sell/products/*" => vec![(&self.guest, to.replace("/sell/products/", "/product/"))],
            "/en/my/addresses/*" => vec![(&self.buyer, "/en/checkout".to_owned())],
            "/en/checkout" => vec![(&self.buyer, "/en/orders".to_owned())],
            _ => Vec::new(),
        }
    }
}

/// The buyer pays the newest order, so that its seller has it on the desk.
fn pays(market: &Market, buyer: &mut support::Browser) {
    buyer.get("/en/orders").shows(&["/en/orders/"]);
    let order = buyer.find(r#"href="(/en/orders/[0-9a-f-]{36})""#);
    buyer.get(&order).shows(&["/en/pay/"]);
    let pay = buyer.find(r#"href="(/en/pay/[0-9a-f-]{36})""#);
    buyer.get(&pay);
    buyer.send(pay.trim_start_matches("/en"), &[]);
    at_the_cashier(market, buyer);
    buyer.get(&pay).shows(&["Paid"]);
}

/// Pays what the payment company shows.
fn at_the_cashier(market: &Market, buyer: &mut support::Browser) {
    assert!(buyer.url.starts_with(&market.sandbox), "at the cashier: {}", buyer.url);
    let form = buyer.url.rsplit('/').next().expect("a name").to_owned();
    buyer.send(&form, &[("payer", "0"), ("act", "pay")]);
}

struct Answer {
    status: u16,
    location: String,
    /// As a browser sends them next.
    cookies: String,
    text: String,
}

/// What is done about what a form refuses.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mending {
    Nothing,
    /// Field by field, until what is left of the hostile texts is taken.
    WhileHostile,
    /// The same, and if nothing is left of them, until the form is taken.
    UntilTaken,
}

/// What a field has met.
struct Meeting {
    /// Among all fields: two of them begin at different texts.
    ordinal: usize,
    times: usize,
    texts: BTreeSet<usize>,
}

struct Hostile<'m> {
    market: &'m Market,
    strings: Vec<hostile::Text>,
    /// The places of each class in the list.
    classes: Vec<Vec<usize>>,
    /// By the address of the form and the name of the field, without ids and rows.
    fields: BTreeMap<(String, String), Meeting>,
    /// Which texts a field of each kind has met.
    met: BTreeMap<&'static str, BTreeSet<usize>>,
    /// How often each form was taken.
    taken: BTreeMap<String, usize>,
    /// Why each form was refused last.
    refused: BTreeMap<String, String>,
    /// What a field takes, beside [`good`].
    good: BTreeMap<&'static str, String>,
    looked: BTreeSet<&'static str>,
    /// Pages are looked at to the last letter.
    whole: bool,
}

impl Hostile<'_> {
    fn new(market: &Market) -> Hostile<'_> {
        let strings = hostile::strings();
        assert!(strings.len() > 300, "{}", strings.len());
        let mut classes: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (at, text) in strings.iter().enumerate() {
            classes.entry(text.class).or_default().push(at);
        }
        Hostile {
            market,
            classes: classes.into_values().collect(),
            strings,
            fields: BTreeMap::new(),
            met: BTreeMap::new(),
            taken: BTreeMap::new(),
            refused: BTreeMap::new(),
            good: BTreeMap::new(),
            looked: BTreeSet::new(),
            whole: false,
        }
    }

    fn ask(&self, cookies: &str, method: &str, to: &str, body: Option<(String, Vec<u8>)>) -> Answer {
        let mut answer = asked(self.market, (cookies, "same-origin"), method, to, body);
        for (name, value) in answer.headers() {
            assert!(!name.as_str().contains("zq"), "{to}: a header {name}: {value:?}");
        }
        let header = |name| answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or("").to_owned();
        let (location, kind) = (header("location"), header("content-type"));
        assert!(!location.contains("//zq.example"), "{to} leads to {location}");
        let set =
            answer.headers().get_all("set-cookie").iter().filter_map(|value| value.to_str().ok()?.split(';').next());
        let cookies = set.collect::<Vec<_>>().join("; ");
        let status = answer.status().as_u16();
        let bytes = answer.body_mut().with_config().limit(32 * 1024 * 1024).read_to_vec().expect("a body");
        assert!(status < 500, "{method} {to}: {status}");
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if kind.starts_with("text/html") {
            let faults = if self.whole { hostile::faults(&text) } else { hostile::faults_around(&text) };
            assert!(faults.is_empty(), "{method} {to} shows {faults:?}");
        }
        Answer { status, location, cookies, text }
    }

    /// A page, as this person sees it.
    fn page(&self, person: &Person, to: &str) -> Answer {
        self.ask(&person.cookies, "GET", to, None)
    }

    /// Every page that is open to this person, by links from those that everybody knows; of those with ids, the first few.
    fn walk(&mut self, person: &Person) -> BTreeMap<String, Answer> {
        let routes: Vec<Route> = hanse::house::routes();
        let open = |route: &&Route| route.method == "GET" && person.opens.contains(&route.gate) && !is_plain(route);
        let mut to_see: Vec<String> =
            routes.iter().filter(open).filter(|r| !r.path.contains('{')).map(|r| format!("/en{}", r.path)).collect();
        let linked: Vec<&Route> = routes.iter().filter(open).filter(|route| route.path.contains('{')).collect();
        let links = Regex::new(r#"href="(/en/[^"?\#]+)"#).expect("a pattern");
        let mut found = vec![BTreeSet::new(); linked.len()];
        let mut pages = BTreeMap::new();
        while let Some(to) = to_see.pop() {
            if pages.contains_key(&to) {
                continue;
            }
            let answer = self.page(person, &to);
            for link in links.captures_iter(&answer.text) {
                for (_, found) in linked.iter().zip(&mut found).filter(|(route, _)| leads_to(route, &link[1])) {
                    if found.len() < 3 && found.insert(link[1].to_owned()) {
                        to_see.push(link[1].to_owned());
                    }
                }
            }
            pages.insert(to, answer);
        }
        let seen = pages.iter().filter(|(_, page)| page.status == 200);
        self.looked.extend(seen.filter_map(|(to, _)| shown_by(&routes, to)).map(|route| route.path));
        pages
    }

    /// Every form that stands on anybody's pages, once around the classes.
    fn round(&mut self, people: &People, buyer: &mut support::Browser) {
        let mut sent: BTreeSet<String> = IN_THE_CONSOLES.map(str::to_owned).into();
        // The seller has a paid order, and the buyer a cart, whenever their pages are walked.
        self.lap(people, &people.buyer, "/en/checkout", "/en/checkout");
        sent.insert("/en/checkout".to_owned());
        pays(self.market, buyer);
        self.fills_the_cart(people);
        for person in people.all() {
            for (page, answer) in self.walk(person) {
                for form in forms(&answer.text).into_iter().filter(has_texts) {
                    let known = known_as(&form, &page);
                    if !is_door(&known) && sent.insert(known.clone()) {
                        self.lap(people, person, &page, &known);
                    }
                }
            }
        }
    }

    /// Sends a form of this page as often as there are classes, so that each of its fields meets a text of each.
    fn lap(&mut self, people: &People, person: &Person, page: &str, known: &str) {
        let mut form = None;
        for n in 1..=self.classes.len() {
            if form.is_none() {
                if known == "/en/checkout" {
                    self.fills_the_cart(people);
                }
                form = self.form_on(person, page, known);
            }
            let Some((to, shown)) = &form else { return };
            let mending = match rare(known) {
                None => Mending::WhileHostile,
                Some(each) if n.is_multiple_of(each) || n == self.classes.len() => Mending::UntilTaken,
                Some(_) => Mending::Nothing,
            };
            if self.send(person, to, shown, mending).is_some() {
                for (who, page) in people.shows(to) {
                    self.page(who, &page);
                }
                // What it took may have changed it.
                form = form.filter(|(_, form)| form.method == "get");
            }
        }
    }

    /// The first form on this page that is known as this, and its address.
    fn form_on(&self, person: &Person, page: &str, known: &str) -> Option<(String, Form)> {
        let all = forms(&self.page(person, page).text);
        let form = all.into_iter().find(|form| has_texts(form) && known_as(form, page) == known)?;
        Some((form.action.clone().unwrap_or_else(|| page.to_owned()), form))
    }

    /// Two of the imported goods, which are others each time, and nothing else.
    fn fills_the_cart(&self, people: &People) {
        let buyer = &people.buyer;
        let in_cart = |verb: &str, page: &str| {
            let all = forms(&self.page(buyer, page).text);
            all.into_iter().filter(|form| form.action.as_deref() == Some(verb)).collect::<Vec<_>>()
        };
        for form in in_cart("/en/cart/remove", "/en/cart") {
            self.sent(buyer, "/en/cart/remove", &form, &as_shown(&form));
        }
        let placed = self.taken.get("/en/checkout").copied().unwrap_or(0);
        for good in people.goods.iter().cycle().skip(placed * 2).take(2) {
            let form = in_cart("/en/cart/add", good).into_iter().next().expect("a good is put in the cart");
            let mut values = as_shown(&form);
            let quantity = values.iter_mut().find(|(name, _)| name.starts_with("qty-")).expect("a variant");
            quantity.1 = b"20".to_vec();
            let answer = self.sent(buyer, "/en/cart/add", &form, &values);
            assert_eq!(answer.status, 303, "{good}: {:?}", mistakes(&answer.text));
        }
    }

    /// The next text for this field: with each time of another class, and of a class that it met before, another text.
    fn text_for(&mut self, to: &str, field: &Field) -> Vec<u8> {
        let meeting = self.meeting(to, &field.name);
        let (ordinal, times) = (meeting.ordinal, meeting.times);
        meeting.times += 1;
        let class = &self.classes[(times + ordinal) % self.classes.len()];
        let at = class[(ordinal * ROUNDS + times / self.classes.len()) % class.len()];
        self.meets(to, &field.name, if field.kind == "textarea" { "textarea" } else { "text" }, at)
    }

    fn meeting(&mut self, to: &str, field: &str) -> &mut Meeting {
        let ordinal = self.fields.len();
        let new = || Meeting { ordinal, times: 0, texts: BTreeSet::new() };
        self.fields.entry((without_ids(to), without_rows(field))).or_insert_with(new)
    }

    /// The text at this place of the list, which this field meets now.
    fn meets(&mut self, to: &str, field: &str, kind: &'static str, at: usize) -> Vec<u8> {
        self.meeting(to, field).texts.insert(at);
        self.met.entry(kind).or_default().insert(at);
        self.strings[at].bytes.clone()
    }

    /// Sends the form with a hostile text in each field of text; the answer, if what was left of them was taken.
    fn send(&mut self, person: &Person, to: &str, form: &Form, mending: Mending) -> Option<Answer> {
        let texts = form.fields.iter().filter(|field| is_text(&field.kind));
        let texts: Values = texts.map(|field| (field.name.clone(), self.text_for(to, field))).collect();
        self.send_these(person, to, form, texts, mending)
    }

    /// The same with these texts. What is refused at its field is mended there, so that the others are taken.
    fn send_these(
        &mut self,
        person: &Person,
        to: &str,
        form: &Form,
        texts: Values,
        mending: Mending,
    ) -> Option<Answer> {
        let key = without_ids(to);
        let mut hostile: BTreeSet<String> = texts.iter().map(|(name, _)| name.clone()).collect();
        let mut values = self.filled(person, to, form);
        for (name, text) in texts {
            set(&mut values, &name, text);
        }
        // As many times as it takes to mend one after the other what a command refuses.
        for _ in 0..12 {
            let answer = self.sent(person, to, form, &values);
            if answer.status == 200 || answer.status == 303 && !answer.location.contains("said=refused-") {
                *self.taken.entry(key).or_default() += 1;
                if answer.location.starts_with("/en/") && answer.cookies.is_empty() {
                    self.page(person, &answer.location);
                }
                return Some(answer);
            }
            let named = self.refusal(&key, form, &answer, &values);
            let done = *self.taken.entry(key.clone()).or_default() > 0;
            let mended = mending != Mending::Nothing && self.mend(form, named, &mut values, &mut hostile);
            let in_vain = hostile.is_empty() && done && mending == Mending::WhileHostile;
            if answer.status != 422 || !mended || in_vain {
                return None;
            }
        }
        None
    }

    /// The form as it is shown, with what it takes where it is shown empty.
    fn filled(&self, person: &Person, to: &str, form: &Form) -> Values {
        let mut values = as_shown(form);
        for (name, value) in &self.good {
            if form.fields.iter().any(|field| field.name == *name && field.value.is_empty()) {
                set(&mut values, name, value.clone().into_bytes());
            }
        }
        for (name, value) in pressed(to) {
            set(&mut values, name, value.as_bytes().to_vec());
        }
        if form.method == "post" {
            set(&mut values, "_csrf", person.csrf.clone().into_bytes());
        }
        values
    }

    fn sent(&self, person: &Person, to: &str, form: &Form, values: &Values) -> Answer {
        let body = body(form, values);
        if form.method == "post" {
            return self.ask(&person.cookies, "POST", to, Some(body));
        }
        let query = String::from_utf8(body.1).expect("a query is written in ASCII");
        self.page(person, &format!("{to}?{query}"))
    }

    /// What a refusal names. One without a field says at least aloud what is wrong.
    fn refusal(&mut self, to: &str, form: &Form, answer: &Answer, values: &Values) -> BTreeSet<String> {
        let why = format!("{} {} {:?}", answer.status, answer.location, mistakes(&answer.text));
        self.refused.insert(to.to_owned(), why);
        let named = Regex::new(r##"href="#f-([^"]+)""##).expect("a pattern");
        let named: BTreeSet<String> = named.captures_iter(&answer.text).map(|field| field[1].to_owned()).collect();
        let said = match answer.status {
            303 | 409 | 413 | 429 => true,
            422 => !named.is_empty() || answer.text.contains(r#"role="alert""#),
            // No head of a part of a form holds a control: there is no form to show again, and the page says why.
            400 => {
                let control =
                    |(name, value): &(String, Vec<u8>)| is_file(form, name) && value.iter().any(u8::is_ascii_control);
                values.iter().any(control) && answer.text.contains("a file has a name that cannot be sent")
            }
            _ => false,
        };
        let shown = || values.iter().map(|(name, value)| (name, String::from_utf8_lossy(value))).collect::<Vec<_>>();
        assert!(said, "{to} refuses and does not say what: {} {:?}", answer.status, shown());
        named
    }

    /// Writes something good into the fields that were named; if all of these were mended before, into all that is left.
    fn mend(&self, form: &Form, named: BTreeSet<String>, values: &mut Values, hostile: &mut BTreeSet<String>) -> bool {
        // A cart has a form for each line, and a mistake names the line.
        let line_of =
            |name: &str, field: &Field| name.strip_prefix(&field.name).is_some_and(|rest| rest.starts_with('-'));
        let is_named = |field: &Field| named.contains(&field.name) || named.iter().any(|name| line_of(name, field));
        let of_these = |which: &dyn Fn(&Field) -> bool, hostile: &BTreeSet<String>| -> Vec<&Field> {
            form.fields.iter().filter(|field| hostile.contains(&field.name) && which(field)).collect()
        };
        let mut fields = of_these(&is_named, hostile);
        if fields.is_empty() {
            fields = of_these(&|_| true, hostile);
        }
        for field in &fields {
            let good = self.good.get(field.name.as_str()).cloned().or_else(|| good(&field.name));
            set(values, &field.name, good.unwrap_or_else(|| field.value.clone()).into_bytes());
            hostile.remove(&field.name);
        }
        !fields.is_empty()
    }

    /// Sends the form of this page until every text has met a field of this kind.
    fn meets_all(&mut self, kind: &'static str, person: &Person, page: &str) {
        loop {
            let met = &self.met[kind];
            let unmet: Vec<usize> = (0..self.strings.len()).filter(|at| !met.contains(at)).collect();
            if unmet.is_empty() {
                return;
            }
            let (to, form) = self.form_on(person, page, page).expect("a form with such a field");
            let of_kind = form.fields.iter().filter(|field| field.kind == kind);
            let texts: Vec<(String, usize)> = of_kind.map(|field| field.name.clone()).zip(unmet).collect();
            self.met.entry(kind).or_default().extend(texts.iter().map(|(_, at)| *at));
            let texts = texts.into_iter().map(|(name, at)| (name, self.strings[at].bytes.clone())).collect();
            self.send_these(person, &to, &form, texts, Mending::WhileHostile);
        }
    }

    // --- what is no round ---------------------------------------------------------------------------------------------

    /// What somebody says who asks for a shop, and why it is refused: both stand in the consoles, in one state after the
    /// other.
    fn in_the_consoles(&mut self, people: &People) {
        let shop = Regex::new(r#"href="(/en/console/shops/[0-9a-f-]{36})""#).expect("a pattern");
        let [apply, decide] = IN_THE_CONSOLES;
        for n in 0..=ROUNDS * self.classes.len() {
            let (to, form) = self.form_on(&people.applicant, apply, apply).expect("who is refused asks again");
            let asked = self.send(&people.applicant, &to, &form, Mending::UntilTaken);
            assert!(asked.is_some(), "{:?}", self.refused.get(apply));
            if n == ROUNDS * self.classes.len() {
                // The last one waits for a decision, for whoever looks from here on.
                return;
            }
            let list = self.page(&people.operator, "/en/console/shops").text;
            let page = shop.captures(&list).expect("the shop that was asked for")[1].to_owned();
            let (to, form) = self.form_on(&people.operator, &page, decide).expect("it waits for a decision");
            let refused = self.send(&people.operator, &to, &form, Mending::UntilTaken);
            assert!(refused.is_some(), "{:?}", self.refused.get(decide));
            self.page(&people.operator, "/en/console/shops?state=refused");
            self.page(&people.operator, &page);
        }
    }

    /// The doors, by somebody who came for this and is needed for nothing else. An hour has so many tries; then it is
    /// another hour.
    fn at_the_doors(&mut self, people: &People) {
        let mut browser = self.market.browser();
        browser.registers("hostile_doors", "13966250007");
        let member = Person::at(&mut browser, "/en/my/security", &[]);
        self.good.insert("password", "another good long phrase".to_owned());
        self.names(&people.guest);
        let mut doors = Vec::new();
        for n in 0..ROUNDS_AT_THE_DOORS * self.classes.len() {
            if n.is_multiple_of(5) {
                self.market.clock_moves(Duration::from_secs(60 * 60));
                doors = self.doors(&people.guest, &member, &people.finance);
            }
            for (person, to, form) in &doors {
                self.send(person, to, form, Mending::Nothing);
            }
        }
    }

    /// The forms of all doors as they stand in this hour, those behind a code too.
    fn doors<'p>(
        &mut self,
        guest: &'p Person,
        member: &'p Person,
        desk: &'p Person,
    ) -> Vec<(&'p Person, String, Form)> {
        let mut pages = vec![(member, "/en/my/security", "/en/my/security/password"), (desk, "/en/console/prove", "")];
        let of_guests =
            ["/en/register", "/en/sign-in", "/en/sign-in/code", "/en/sign-in/forgotten", "/en/console/sign-in"];
        pages.extend(of_guests.map(|page| (guest, page, "")));
        pages.push((member, "/en/my/security/prove", ""));
        let mut doors = Vec::new();
        for (person, page, to) in pages {
            let to = if to.is_empty() { page } else { to };
            let (to, form) = self.form_on(person, page, to).unwrap_or_else(|| panic!("{page} has its form"));
            doors.push((person, to, form));
        }
        for (page, phone) in [
            ("/en/register", "13966250006"),
            ("/en/sign-in/code", "13966250007"),
            ("/en/sign-in/forgotten", "13966250008"),
        ] {
            let (to, form) = self.after_the_phone(guest, page, phone);
            doors.push((guest, to, form));
        }
        let proving = forms(&self.page(member, "/en/my/security/prove").text);
        let code = proving.into_iter().find(|form| form.action.as_deref() == Some("/en/my/security/prove/code"));
        let code = code.expect("a code may be asked for");
        let answer = self.sent(member, "/en/my/security/prove/code", &code, &as_shown(&code));
        let (to, form) = second_page(&answer);
        doors.push((member, to, form));
        doors
    }

    /// The form that comes after the one that asks for a telephone.
    fn after_the_phone(&mut self, guest: &Person, page: &str, phone: &str) -> (String, Form) {
        let (to, form) = self.form_on(guest, page, page).expect("it asks for a telephone");
        let phone = vec![("phone".to_owned(), phone.as_bytes().to_vec())];
        let answer = self.send_these(guest, &to, &form, phone, Mending::Nothing);
        second_page(&answer.unwrap_or_else(|| panic!("{page}: {:?}", self.refused.get(page))))
    }

    /// Every text as the name of a new member; whoever is let in bears it as it was typed.
    fn names(&mut self, guest: &Person) {
        let mut codes = 0;
        let mut open: Option<(String, Form)> = None;
        for at in 0..self.strings.len() {
            if open.is_none() {
                // So many codes go to one address in an hour.
                codes += 1;
                if codes % 25 == 24 {
                    self.market.clock_moves(Duration::from_secs(60 * 60));
                }
                let phone = format!("139663{codes:05}");
                open = Some(self.after_the_phone(guest, "/en/register", &phone));
                self.good.insert("code", self.market.code_for(&phone));
            }
            let Some((to, form)) = &open else { continue };
            let text = self.meets(to, "name", "text", at);
            let texts = vec![("name".to_owned(), text.clone())];
            if let Some(answer) = self.send_these(guest, to, form, texts, Mending::Nothing) {
                let name = String::from_utf8(text).expect("a name is a text");
                let page = self.ask(&answer.cookies, "GET", "/en/my", None);
                assert!(page.status == 200 && page.text.contains(name.trim()), "{name:?} has another name");
                open = None;
            }
        }
        assert!(codes > 5, "{codes}: hardly any name was taken");
    }

    /// In addresses: searched for, asked for, and where somebody is said to come from.
    fn in_addresses(&self, person: &Person) {
        let routes = hanse::house::routes();
        let named: Vec<&Route> = routes.iter().filter(|r| r.method == "GET" && r.path.contains('{')).collect();
        for (n, text) in self.strings.iter().enumerate() {
            let text: String = form_urlencoded::byte_serialize(&text.bytes[..text.bytes.len().min(2_000)]).collect();
            let text = text.replace('+', "%20");
            self.page(person, &format!("/en/search?q={text}"));
            self.page(person, &format!("/suggest?q={text}"));
            let places =
                ["/en/sign-in?next=", "/en/my?said=", "/en/orders?after=", "/en/search?category=", "/zh/search?sort="];
            self.page(person, &format!("{}{text}", places[n % places.len()]));
            let route = named[n % named.len()];
            let parts = Regex::new(r"\{[a-z]+\}").expect("a pattern");
            let to = parts.replace_all(route.path, text.replace('$', "%24").as_str()).into_owned();
            let language = if is_plain(route) { "" } else { "/en" };
            let answer = self.page(person, &format!("{language}{to}"));
            assert!(!answer.text.contains("root:"), "{to}");
        }
    }

    // --- tables -------------------------------------------------------------------------------------------------------

    /// Uploads a table and waits until it is checked; the address of what came of it.
    fn uploads(&self, seller: &Person, name: &str, table: &Table, archive: &[u8]) -> String {
        let mut form = Multipart::new();
        form.field("_csrf", seller.csrf.as_bytes());
        form.file("sheet", name.as_bytes(), &written(table));
        form.file("archive", name.as_bytes(), archive);
        let answer = self.ask(&seller.cookies, "POST", "/en/sell/import", Some(form.body()));
        assert_eq!(answer.status, 303, "the table is taken: {:?}", mistakes(&answer.text));
        let import = answer.location.split('?').next().unwrap_or("").to_owned();
        let checked = || self.page(seller, &import).text.contains("/close").then_some(());
        wait_at_most(Duration::from_secs(120), checked).expect("it is checked");
        import
    }

    /// In the cells of a seller's table that hold no text too; the address of what came of it.
    fn in_tables(&self, seller: &Person) -> String {
        let heads = ["product_ref", "title_en", "text_en", "variant_en", "stock", "category"];
        let mut table: Table = vec![heads.map(str::to_owned).into()];
        for (n, text) in cells().iter().map(String::as_str).enumerate() {
            let (reference, stock) = (format!("Q-{n}"), if n % 2 == 0 { text } else { "5" });
            table.push([reference.as_str(), text, text, text, stock, text].map(str::to_owned).into());
        }
        self.uploads(seller, "../zq<img src=x onerror=zq()>.csv", &table, b"")
    }

    /// Goods with every text in every cell of text. What the check finds wrong is mended cell by cell, as a seller does,
    /// and all the rest is imported and shown: the pages of these goods.
    fn imported(&mut self, people: &People) -> Vec<String> {
        let seller = &people.seller;
        let export = self.page(seller, "/en/sell/export.csv").text;
        let category = export.lines().nth(1).and_then(|line| line.split(',').nth(2)).expect("a category").to_owned();
        let mut table = goods(&category);
        self.good.insert("category", category);
        let archive = archive();
        let import = loop {
            let import = self.uploads(seller, &format!("zq\" x=\"{}.csv", "\u{202e}"), &table, &archive);
            let found = self.page(seller, &format!("{import}/mistakes.csv")).text;
            if mend_table(&mut table, &found) == 0 {
                break import;
            }
        };
        let start = forms(&self.page(seller, &import).text)
            .into_iter()
            .find(|form| form.action == Some(format!("{import}/start")));
        let start = start.expect("it can be imported");
        let answer = self.sent(seller, &format!("{import}/start"), &start, &as_shown(&start));
        assert_eq!(answer.status, 303);
        let done = || self.page(seller, &import).text.contains("Buyers find all of it now.").then_some(());
        wait_at_most(Duration::from_secs(180), done).expect("it is imported");
        self.came_back(seller, &table);
        self.shown_everywhere(people, table.len() - 1)
    }

    /// What was imported stands in the export as it was typed, but for the apostrophe before a formula.
    fn came_back(&self, seller: &Person, table: &Table) {
        let export = read(&self.page(seller, "/en/sell/export.csv").text);
        let plain = |cell: &str| cell.strip_prefix('\'').unwrap_or(cell).trim().to_owned();
        let column = |table: &Table, name: &str| table[0].iter().position(|head| head == name).expect("a column");
        let of = |table: &Table, row: &[String], name: &str| plain(&row[column(table, name)]);
        let by_reference: BTreeMap<String, &Vec<String>> =
            export[1..].iter().map(|row| (of(&export, row, "product_ref"), row)).collect();
        for row in &table[1..] {
            let back = by_reference.get(&of(table, row, "product_ref"));
            let back = back.unwrap_or_else(|| panic!("{row:?} is not in the export"));
            for name in ["title_en", "title_zh", "text_en", "text_zh", "unit_zh", "differ_in_en", "variant_en"] {
                assert_eq!(of(&export, back, name), of(table, row, name).replace("\r\n", "\n"), "{name} of {row:?}");
            }
        }
    }

    /// The lists and the pages of the goods that were imported, to the seller, to everybody, and in both languages.
    fn shown_everywhere(&self, people: &People, count: usize) -> Vec<String> {
        let product = Regex::new(r#"href="/en/sell/products/([0-9a-f-]{36})""#).expect("a pattern");
        let mut ids = BTreeSet::new();
        for page in self.all_pages(&people.seller, "/en/sell/products") {
            ids.extend(product.captures_iter(&page).map(|found| found[1].to_owned()));
        }
        // The newest are those of the import: an id begins with its time.
        let ids: Vec<String> = ids.into_iter().rev().take(count).collect();
        assert_eq!(ids.len(), count);
        for id in &ids {
            self.page(&people.guest, &format!("/en/product/{id}"));
            self.page(&people.seller, &format!("/zh/sell/products/{id}"));
        }
        for list in ["/en/search?q=zq", "/zh/search?q=zq"] {
            let pages = self.all_pages(&people.guest, list);
            assert!(pages.iter().any(|page| page.contains("zq")), "{list} finds none of them");
        }
        self.all_pages(&people.guest, &people.shop);
        ids.into_iter().map(|id| format!("/en/product/{id}")).collect()
    }

    /// A list with all the pages that follow it.
    fn all_pages(&self, person: &Person, list: &str) -> Vec<String> {
        let next = Regex::new(r#"href="([^"]+)" rel="next""#).expect("a pattern");
        let mut pages = vec![self.page(person, list).text];
        while let Some(to) = next.captures(&pages[pages.len() - 1]).map(|found| found[1].replace("&amp;", "&")) {
            pages.push(self.page(person, &to).text);
        }
        pages
    }

    /// In what a seller takes home and opens in a spreadsheet.
    fn in_files(&self, seller: &Person, import: &str) {
        for file in [format!("{import}/mistakes.csv"), "/en/sell/export.csv".into(), "/zh/sell/export.csv".into()] {
            let answer = self.page(seller, &file);
            assert_eq!(answer.status, 200, "{file}");
            let found = hostile::formulas(&answer.text);
            assert!(found.is_empty(), "{file} has {found:?}");
            assert!(answer.text.contains("zq"), "{file} has none of them");
        }
    }

    // --- what was met -------------------------------------------------------------------------------------------------

    /// What was not met, not taken or not looked at.
    fn missing(&self) -> Vec<String> {
        let never = self.taken.iter().filter(|(form, times)| **times == 0 && !NEVER_TAKEN.contains(&form.as_str()));
        let never = never.map(|(form, _)| format!("{form} never took anything, at last: {:?}", self.refused.get(form)));
        let mut wrong: Vec<String> = never.collect();
        let walked = hanse::house::routes();
        let walked =
            walked.iter().filter(|route| route.method == "GET" && !is_plain(route) && !UNSEEN.contains(&route.path));
        let unseen = walked.filter(|route| !self.looked.contains(&route.path));
        wrong.extend(unseen.map(|route| format!("{} was never looked at", route.path)));
        for kind in ["text", "textarea"] {
            let (met, all) = (self.met[kind].len(), self.strings.len());
            wrong.extend((met < all).then(|| format!("a {kind} has met {met} of {all} texts only")));
        }
        for ((form, field), meeting) in &self.fields {
            for class in &self.classes {
                let met = class.iter().filter(|at| meeting.texts.contains(at)).count();
                let name = self.strings[class[0]].class;
                let few = met < SEVERAL.min(class.len());
                wrong.extend(few.then(|| format!("{field} of {form} has met {met} of {name:?}")));
            }
        }
        let (forms, fields) = (self.taken.len(), self.fields.len());
        wrong.extend(
            (forms < 25 || fields < 70).then(|| format!("{forms} forms, {fields} fields: {:?}", self.fields.keys())),
        );
        wrong
    }
}

type Values = Vec<(String, Vec<u8>)>;

fn set(values: &mut Values, name: &str, value: Vec<u8>) {
    match values.iter_mut().find(|(known, _)| known == name) {
        Some((_, old)) => *old = value,
        None => values.push((name.to_owned(), value)),
    }
}

fn as_shown(form: &Form) -> Values {
    form.as_shown().into_iter().map(|(name, value)| (name, value.into_bytes())).collect()
}

/// The form that an answer brings instead of the one that was sent.
fn second_page(answer: &Answer) -> (String, Form) {
    let form =
        forms(&answer.text).into_iter().find(|form| form.method == "post" && has_texts(form)).expect("it goes on");
    (form.action.clone().expect("it says where"), form)
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
        "/en/register/account" => &[("agreement", "on")],
        _ => &[],
    }
}

/// What a field takes whose page shows it empty. Of the rows of a product each takes something else.
fn good(name: &str) -> Option<String> {
    let row = name.rsplit('_').next().and_then(|row| row.parse::<i64>().ok()).unwrap_or(1);
    let good = match name.trim_end_matches(|c: char| c.is_ascii_digit()) {
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
        "variant_stock_" => "50",
        "variant_name_en_" => return Some(format!("Size {row}")),
        "tier_from_" => return Some((row * 10).to_string()),
        "tier_price_" => return Some((100 - row).to_string()),
        "days" => "30",
        "name" | "name_en" | "intro_en" | "place_en" | "title_en" | "text_en" | "axis_en" | "reason" => "A name",
        "unit_one" => "piece",
        "picture" => "front.jpg",
        _ => return None,
    };
    Some(good.to_owned())
}

fn body(form: &Form, values: &Values) -> (String, Vec<u8>) {
    if !form.multipart {
        let pair = |(name, value): &(String, Vec<u8>)| {
            let encoded = |bytes: &[u8]| form_urlencoded::byte_serialize(bytes).collect::<String>();
            format!("{}={}", encoded(name.as_bytes()), encoded(value))
        };
        let pairs: Vec<String> = values.iter().map(pair).collect();
        return ("application/x-www-form-urlencoded".to_owned(), pairs.join("&").into_bytes());
    }
    // What there is already has its picture: a name without a file is none.
    let content = if form.fields.iter().any(|field| field.name == "version") { Vec::new() } else { picture() };
    let mut multipart = Multipart::new();
    // The token is the first field.
    let first = values.iter().filter(|(name, _)| name == "_csrf");
    for (name, value) in first.chain(values.iter().filter(|(name, _)| name != "_csrf")) {
        match is_file(form, name) {
            true => multipart.file(name, value, &content),
            false => multipart.field(name, value),
        }
    }
    multipart.body()
}
