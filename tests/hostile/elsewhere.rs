//! What is no round: the consoles, the doors with the names of those who come in, and the addresses of pages.

use super::form::{as_shown, second_page};
use super::people::{People, Person};
use super::support::{Form, forms};
use super::{Hostile, IN_THE_CONSOLES, Mending, ROUNDS, is_plain};
use regex_lite::Regex;
use std::time::Duration;
use web::Route;

/// Behind the doors a password is hashed for most of what is sent.
const ROUNDS_AT_THE_DOORS: usize = 2;

impl Hostile<'_> {
    /// What somebody says who asks for a shop, and why it is refused: both stand in the consoles, in one state after the
    /// other.
    pub(super) fn in_the_consoles(&mut self, people: &People) {
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
    pub(super) fn at_the_doors(&mut self, people: &People) {
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
    pub(super) fn in_addresses(&self, person: &Person) {
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
}
