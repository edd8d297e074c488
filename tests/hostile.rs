//! Hostile texts in every field of every form that stands on a page, and in every text of the interface for programs: each
//! is taken or refused by name, and wherever it is shown it is a text.

#[path = "hostile/elsewhere.rs"]
mod elsewhere;
#[path = "support/hostile_files.rs"]
mod files;
#[path = "hostile/form.rs"]
mod form;
#[path = "support/hostile.rs"]
mod hostile;
#[path = "hostile/people.rs"]
mod people;
#[path = "support/hostile_programs.rs"]
mod programs;
mod support;
#[path = "hostile/tables.rs"]
mod tables;

use db::Engine;
use form::{Values, as_shown, body, good, has_texts, is_file, is_text, mistakes, pressed, set};
use people::{People, Person, at_the_cashier, pays};
use regex_lite::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use support::{Field, Form, Market, asked, forms};
use web::Route;

/// In so many rounds all forms are sent; in each of them every field meets a text of each class.
const ROUNDS: usize = 3;
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
