//! Who writes and who looks: with what session, behind which gates, and on which pages the others see what was written.

use super::support::{self, Market};
use super::without_ids;
use web::Gate;

const PASSWORD: &str = "wholesale-1688";

pub(super) struct Person {
    pub(super) cookies: String,
    pub(super) csrf: String,
    pub(super) opens: &'static [Gate],
}

impl Person {
    /// As somebody sends forms who has this page open.
    pub(super) fn at(browser: &mut support::Browser, page: &str, opens: &'static [Gate]) -> Person {
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
pub(super) struct People {
    pub(super) buyer: Person,
    pub(super) seller: Person,
    pub(super) applicant: Person,
    pub(super) operator: Person,
    /// The record of all trades is not the operator's.
    pub(super) finance: Person,
    pub(super) guest: Person,
    /// The seller's.
    pub(super) shop: String,
    /// Pages of the seller's goods.
    pub(super) goods: Vec<String>,
}

impl People {
    pub(super) fn come(market: &Market) -> (People, support::Browser<'_>) {
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
    pub(super) fn all(&self) -> [&Person; 6] {
        [&self.buyer, &self.seller, &self.applicant, &self.operator, &self.finance, &self.guest]
    }

    /// Where others are shown what this form took; where its sender is led, is looked at anyway. The consoles first.
    pub(super) fn shows(&self, to: &str) -> Vec<(&Person, String)> {
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
pub(super) fn pays(market: &Market, buyer: &mut support::Browser) {
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
pub(super) fn at_the_cashier(market: &Market, buyer: &mut support::Browser) {
    assert!(buyer.url.starts_with(&market.sandbox), "at the cashier: {}", buyer.url);
    let form = buyer.url.rsplit('/').next().expect("a name").to_owned();
    buyer.send(&form, &[("payer", "0"), ("act", "pay")]);
}
