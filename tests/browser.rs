//! What people do, in a real Chromium: a whole trade in English at a desk and in Chinese on a phone, a seller who
//! publishes by hand, and somebody who has only a keyboard, or no scripts. Things are found by the words that stand on
//! them; every page that is come to is looked at (see `support/chromium.rs`).

#[path = "support/chromium.rs"]
mod chromium;
mod support;

use chromium::{Chromium, DOWN, ENTER, ESCAPE, Screen, TAB, Window};
use db::Engine;
use std::path::Path;
use std::time::Duration;
use support::{Market, owner_of, wait_until};
use web::{Lang, f, t};

const PASSWORD: &str = "wholesale-1688";
const SHOWN: &str = "main a[href*='/product/']";

/// Who walks, in which language, on what.
#[derive(Clone, Copy)]
struct Walk {
    name: &'static str,
    lang: Lang,
    screen: Screen,
    phone: &'static str,
    member: &'static str,
    consignee: [&'static str; 2],
    /// Words that find goods of two sellers, and how many of each are wanted.
    wanted: [(&'static str, &'static str); 2],
}

const DESK: Walk = Walk {
    name: "desk-english",
    lang: Lang::EN,
    screen: Screen::Desk,
    phone: "13977320001",
    member: "desk_buyer",
    consignee: ["Wang Xiaoming", "18 Chouzhou North Road, Yiwu, Zhejiang"],
    wanted: [("golden", "20"), ("jeans", "100")],
};

const PHONE: Walk = Walk {
    name: "phone-chinese",
    lang: Lang::ZH,
    screen: Screen::Phone,
    phone: "13977320002",
    member: "phone_buyer",
    consignee: ["王小明", "浙江省义乌市稠州北路18号"],
    wanted: [("苹果", "20"), ("牛仔", "100")],
};

impl Walk {
    fn says(&self, key: &'static str) -> &'static str {
        t(self.lang, key)
    }

    /// What stands before the first value in a message.
    fn begins(&self, key: &'static str, value: &'static str) -> String {
        let said = f(self.lang, key, &[(value, "\u{1}".into())]);
        said.split('\u{1}').next().unwrap_or_default().trim().to_owned()
    }

    /// The label of the field in which a variant's quantity is typed, whichever variant it is.
    fn how_many(&self) -> String {
        f(self.lang, "quantity-of", &[("what", "".into())]).trim().to_owned()
    }
}

/// 2-a.2, 2.1.1-a.1, 2.1.1-a.2, 2.3.1-a.1, 2.3.2-a.1, 2.3.2-e.1, 2.3.3-a.1, 4.1: in English, at a desk, with no consent
/// given on the way.
#[test]
fn people_trade_in_english_at_a_desk() {
    let market = Market::open(Engine::Sqlite);
    let chromium = Chromium::start();
    trade(&market, &chromium, &DESK);
    chromium.judges();
}

/// One after the other on the same marketplace.
#[test]
fn people_come_with_a_keyboard_alone_without_scripts_and_to_sell() {
    let market = Market::open(Engine::Sqlite);
    let chromium = Chromium::start();
    with_a_keyboard_alone(&market, &chromium);
    without_scripts(&market, &chromium);
    a_seller_publishes_by_hand(&market, &chromium);
    chromium.judges();
}

/// 2-a.2, 2.1.1-a.1, 2.1.1-a.2, 2.3.1-a.1, 2.3.2-a.1, 2.3.2-e.1, 2.3.3-a.1, 4.1: in Chinese, on a phone, on PostgreSQL.
#[test]
fn people_trade_in_chinese_on_a_phone() {
    let market = Market::open(Engine::Postgres);
    let chromium = Chromium::start();
    trade(&market, &chromium, &PHONE);
    chromium.judges();
}

fn trade(market: &Market, chromium: &Chromium, walk: &Walk) {
    let buyer = chromium.window(walk.screen, walk.lang.tag(), walk.name);
    looks_around(&buyer, market, walk);

    // Whoever wants to keep something is asked who they are, and comes back to what they looked at.
    search(&buyer, walk, walk.wanted[0].0);
    buyer.press_first(SHOWN);
    buyer.arrives("/product/");
    let product = buyer.url();
    buyer.fill(&walk.how_many(), walk.wanted[0].1);
    buyer.look("product");
    buyer.press(walk.says("add-to-cart"));
    buyer.arrives("/sign-in");
    buyer.look("sign-in");
    buyer.press_in("main", walk.says("register"));
    registers(&buyer, market, walk);
    buyer.arrives(product.rsplit('/').next().expect("an id"));

    let shops = fills_cart(&buyer, walk);
    let owners = shops.each_ref().map(|shop| owner_of(shop));
    let orders = checks_out(&buyer, walk);
    pays(&buyer, market, walk);
    for owner in &owners {
        ships(chromium, market, walk, owner);
    }

    // The parcels' way shows, and the buyer confirms.
    buyer.press_in("header", walk.says("nav-orders"));
    buyer.arrives("/orders");
    buyer.look("orders");
    for (n, order) in orders.iter().enumerate() {
        buyer.open(&format!("{}{order}", market.base));
        buyer.comes_to_see(&walk.begins("order-confirm-until", "left"), || market.parcels_move());
        if n == 0 {
            buyer.look("order-delivered");
        }
        buyer.press(walk.says("order-confirm"));
        buyer.sees(walk.says("order-completed"));
    }
    buyer.look("order-completed");
    own_pages(&buyer, market, walk, &shops);

    // A seller says where the money shall go; the day's payout comes, and they see that it arrived.
    let seller = chromium.window(walk.screen, walk.lang.tag(), &format!("{}-seller-waits", walk.name));
    signs_in(&seller, market, walk, &owners[0]);
    seller.press_in("header", walk.says("nav-sell"));
    seller.press_in("main", walk.says("sell-money"));
    seller.arrives("/sell/money");
    seller.fill(walk.says("sell-account-new"), "orchard@pay.example Chen Guo");
    seller.press(walk.says("sell-account-change"));
    seller.sees(walk.says("said-account-changed"));
    seller.look("money");
    market.clock_moves(Duration::from_secs(25 * 3600));
    let seller = chromium.window(walk.screen, walk.lang.tag(), &format!("{}-seller-is-paid", walk.name));
    signs_in(&seller, market, walk, &owners[0]);
    seller.press_in("header", walk.says("nav-sell"));
    seller.press_in("main", walk.says("sell-money"));
    seller.arrives("/sell/money");
    seller.comes_to_see(walk.says("sell-payout-done"), || ());
    seller.look("money");
    seller.press_in("main", walk.says("sell-shop"));
    seller.arrives("/sell/shop");
    seller.look("shop");
}

/// What a guest sees: everything that is for everybody, without being asked for anything (2.1.1-a.2).
fn looks_around(guest: &Window, market: &Market, walk: &Walk) {
    guest.open(&format!("{}{}", market.base, walk.lang.path("/")));
    guest.look("home");
    guest.press_in("footer", walk.says("foot-categories"));
    guest.arrives("/categories");
    guest.look("categories");
    search(guest, walk, walk.wanted[1].0);
    guest.look("list");
    guest.press_in("main", walk.says("sort-sales"));
    guest.arrives("sort=");
    guest.look("list-by-sales");
    guest.press_first(SHOWN);
    guest.arrives("/product/");
    guest.press(walk.says("product-to-shop"));
    guest.arrives("/shop/");
    guest.look("shop");
    search(guest, walk, "zzzqqq");
    guest.sees(walk.says("list-nothing"));
    guest.look("nothing-found");
    for (key, name) in [
        ("privacy-policy", "policy"),
        ("your-rights", "rights"),
        ("foot-collected", "collected"),
        ("foot-partners", "partners"),
        ("cookies", "cookies"),
        ("contact", "contact"),
    ] {
        guest.press_in("footer", walk.says(key));
        guest.look(name);
    }
    guest.open(&format!("{}{}", market.base, walk.lang.path("/product/00000000-0000-7000-8000-000000000000")));
    guest.look("not-found");
}

fn search(window: &Window, walk: &Walk, words: &str) {
    window.fill(walk.says("search-goods"), words);
    window.keys(ENTER);
    window.until_asked("/search?", words);
}

/// From the page where one types a telephone: the code that came, a name, a password, and the policy.
fn registers(window: &Window, market: &Market, walk: &Walk) {
    window.look("register");
    window.fill(walk.says("field-phone"), walk.phone);
    window.press_in("main", walk.says("send-code"));
    window.sees(walk.says("code-sent"));
    window.look("register-account");
    window.fill(walk.says("field-code"), &market.code_for(walk.phone));
    window.fill(walk.says("field-name"), walk.member);
    window.fill(walk.says("field-password"), "a good long phrase");
    window.tick(walk.says("agreement-before"));
    window.press_in("main", walk.says("register-finish"));
    window.sees(walk.says("nav-my"));
}

fn signs_in(window: &Window, market: &Market, walk: &Walk, who: &str) {
    window.open(&format!("{}{}", market.base, walk.lang.path("/sign-in")));
    window.fill(walk.says("field-who"), who);
    window.fill(walk.says("field-password"), PASSWORD);
    window.press_in("main", walk.says("sign-in"));
    window.sees(who);
}

/// Goods of two sellers; returns the shops' names.
fn fills_cart(buyer: &Window, walk: &Walk) -> [String; 2] {
    buyer.press_in("header", walk.says("nav-cart"));
    buyer.sees(walk.says("cart-empty"));
    buyer.look("cart-empty");
    let shops = walk.wanted.map(|(words, quantity)| {
        search(buyer, walk, words);
        buyer.press_first(SHOWN);
        buyer.arrives("/product/");
        let shop = buyer.said(".of-shop a");
        buyer.fill(&walk.how_many(), quantity);
        buyer.press(walk.says("add-to-cart"));
        buyer.sees(walk.says("purchase-added"));
        buyer.look("product-added");
        shop
    });
    assert_ne!(shops[0], shops[1], "two sellers");
    buyer.press(walk.says("to-cart"));
    buyer.arrives("/cart");
    for shop in &shops {
        buyer.sees(shop);
    }
    buyer.look("cart");
    shops
}

/// A mistake first: it stands at its field, and what was typed is kept. Returns the orders' addresses.
fn checks_out(buyer: &Window, walk: &Walk) -> Vec<String> {
    buyer.press(walk.says("cart-check-out"));
    buyer.arrives("/checkout");
    buyer.look("checkout");
    buyer.fill(walk.says("consignee-name"), walk.consignee[0]);
    buyer.fill(walk.says("consignee-phone"), "123");
    buyer.fill(walk.says("consignee-address"), walk.consignee[1]);
    buyer.press(walk.says("checkout-place"));
    buyer.sees(walk.says("errors-title"));
    buyer.look("checkout-refused");
    assert_eq!(buyer.ask("return document.querySelector('[aria-invalid]').value"), "123");
    buyer.fill(walk.says("consignee-phone"), walk.phone);
    buyer.press(walk.says("checkout-place"));
    buyer.arrives("/pay/");
    buyer.look("pay");
    let orders = buyer.all("main dl a[href*='/orders/']", "href");
    assert_eq!(orders.len(), 2, "one order for each seller: {orders:?}");
    orders
}

/// Over to the cashier, and back.
fn pays(buyer: &Window, market: &Market, walk: &Walk) {
    buyer.press_in("main", walk.says("pay-go"));
    buyer.arrives(&market.sandbox);
    buyer.look("cashier");
    buyer.press(if walk.lang == Lang::EN { "Pay ¥" } else { "确认付款" });
    buyer.arrives(&market.base);
    buyer.comes_to_see(walk.says("pay-paid-text"), || ());
    buyer.look("paid");
}

/// A seller finds the order, and gives it to the courier.
fn ships(chromium: &Chromium, market: &Market, walk: &Walk, owner: &str) {
    let seller = chromium.window(walk.screen, walk.lang.tag(), &format!("{}-{owner}", walk.name));
    signs_in(&seller, market, walk, owner);
    seller.press_in("header", walk.says("nav-sell"));
    seller.sees(walk.says("sell-to-ship"));
    seller.look("desk");
    seller.press(walk.says("sell-ship-now"));
    seller.arrives("/sell/orders");
    seller.look("to-ship");
    seller.press_first("main a[href*='/sell/orders/']");
    seller.sees(walk.consignee[0]);
    seller.look("order");
    seller.choose(walk.says("sell-carrier"), if walk.lang == Lang::EN { "SF Express" } else { "顺丰速运" });
    seller.fill(walk.says("sell-weight"), "4.2");
    seller.press(walk.says("sell-ask-waybill"));
    seller.sees(walk.says("said-waybill-asked"));
    seller.look("shipped");
}

/// What a member sees of the account and of who read their data: the sellers stand there (4.1).
fn own_pages(member: &Window, market: &Market, walk: &Walk, shops: &[String; 2]) {
    member.press_in("header", walk.says("nav-my"));
    for (key, path, name) in [
        ("my-account", "/my", "my"),
        ("my-addresses", "/my/addresses", "my-addresses"),
        ("my-security", "/my/security", "my-security"),
        ("my-readings", "/my/privacy", "my-readings"),
        ("my-consents", "/my/privacy/consents", "my-consents"),
    ] {
        member.press_in("main nav", walk.says(key));
        let here = walk.lang.path(path);
        member.until_at(&format!("{}{here}", market.base));
        let marked = member.all("main nav [aria-current='page']", "href");
        assert_eq!(marked, [here], "the way through these pages says where one is");
        member.look(name);
        if name == "my-readings" {
            for shop in shops {
                member.sees(shop);
            }
        }
    }
}

/// A member asks for a shop, the operator lets it in, and its owner publishes, changes, takes down and lists again by
/// hand; guests find it as it stands.
fn a_seller_publishes_by_hand(market: &Market, chromium: &Chromium) {
    let walk = &Walk { phone: "13977320003", member: "ribbon_maker", name: "seller-by-hand", ..DESK };
    let seller = chromium.window(walk.screen, walk.lang.tag(), walk.name);
    seller.open(&format!("{}/en/register", market.base));
    registers(&seller, market, walk);
    applies(&seller, walk);

    let operator = chromium.window(walk.screen, walk.lang.tag(), "operator");
    lets_in(&operator, market, walk);

    publishes(&seller, walk);
    let guest = chromium.window(walk.screen, walk.lang.tag(), "seller-by-hand-guest");
    guest.open(&format!("{}/en/", market.base));
    let finds = || {
        search(&guest, walk, "kaleidoscope");
        guest.all(SHOWN, "href").first().cloned()
    };
    wait_until("the good in the search", finds);
    guest.look("found");
    guest.press("Kaleidoscope satin ribbon 25 mm");
    guest.arrives("/product/");
    // Variants count together: 120 and 100 are 220, which is the second price.
    guest.fill("Quantity of Red", "120");
    guest.fill("Quantity of Blue", "100");
    for said in ["¥ 2.40", "¥ 1.90", "¥ 1.50", "220 rolls", "¥ 418.00"] {
        guest.sees(said);
    }
    guest.look("product");

    // Changed, taken down, listed again.
    seller.press_in("main nav", walk.says("sell-goods"));
    seller.sees(walk.says("sell-listed"));
    seller.look("products");
    seller.press("Kaleidoscope satin ribbon 25 mm");
    seller.arrives("/sell/products/");
    seller.look("edit");
    seller.fill("Price of one unit 1", "2.60");
    seller.press(walk.says("save"));
    seller.sees(walk.says("said-saved"));
    guest.comes_to_see("¥ 2.60", || ());
    seller.press(walk.says("sell-take-down"));
    seller.sees(walk.says("said-taken-down"));
    seller.look("taken-down");
    guest.comes_to_see(walk.says("product-down"), || ());
    guest.look("product-down");
    wait_until("the good gone from the search", || finds().is_none().then_some(()));
    seller.press(walk.says("sell-list-again"));
    seller.sees(walk.says("said-listed-again"));
    wait_until("the good in the search again", finds);
    imports(&seller, market, walk);
}

/// A table with one correct product and one that has mistakes: looked through, carried out, forgotten.
fn imports(seller: &Window, market: &Market, walk: &Walk) {
    let address = seller.url();
    let own = address.split(['?', '#']).next().and_then(|path| path.rsplit('/').next()).expect("the good's id");
    let table = format!("product_ref,title_en\n{own},Kaleidoscope taffeta ribbon\nNEW-1,Silk ribbon\n");
    let file = market.folder.path().join("ribbons.csv");
    std::fs::write(&file, table).expect("a table");
    seller.press_in("main nav", walk.says("sell-goods"));
    seller.press(walk.says("import-open"));
    seller.arrives("/sell/import");
    seller.look("import");
    seller.attach(walk.says("import-sheet"), &file);
    seller.press(walk.says("import-upload"));
    seller.comes_to_see(walk.says("import-checked-faulty"), || ());
    seller.sees(walk.says("import-mistakes"));
    seller.look("import-checked");
    seller.press(&f(walk.lang, "import-start-partial", &[("n", 1.into())]));
    seller.comes_to_see(walk.says("import-done-text"), || ());
    seller.comes_to_see(walk.says("import-findable"), || ());
    seller.look("import-done");
    seller.press(walk.says("import-close"));
    seller.sees(walk.says("said-import-closed"));
    seller.look("import-closed");
}

fn applies(member: &Window, walk: &Walk) {
    member.press_in("footer", walk.says("foot-sell"));
    member.arrives("/sell/apply");
    member.look("apply");
    for (key, value) in [
        ("sell-name-en", "Rainbow Ribbons"),
        ("sell-name-zh", "彩虹织带"),
        ("sell-intro-en", "Ribbons and laces, woven in Yiwu since 2009."),
        ("sell-intro-zh", "2009年起在义乌织造缎带与花边。"),
        ("sell-place-en", "Yiwu, Zhejiang"),
        ("sell-place-zh", "浙江义乌"),
        ("sell-freight", "12.00"),
        ("sell-ships-within", "48"),
        ("sell-since", "20"),
        ("sell-contact-name", "Li Na"),
        ("sell-contact-phone", walk.phone),
        ("sell-representative-name", "Li Na"),
        ("sell-account", "ribbons@pay.example Li Na"),
    ] {
        member.fill(walk.says(key), value);
    }
    member.press(walk.says("sell-apply-send"));
    member.sees(walk.says("errors-title"));
    member.look("apply-refused");
    member.fill(walk.says("sell-since"), "2009");
    member.press(walk.says("sell-apply-send"));
    member.sees(walk.says("said-applied"));
    member.look("applied");
}

/// The operator looks at every page of the console, and lets the shop in.
fn lets_in(operator: &Window, market: &Market, walk: &Walk) {
    operator.open(&format!("{}/en/console/sign-in", market.base));
    operator.look("sign-in");
    operator.fill(walk.says("console-account"), "operator");
    operator.fill(walk.says("field-password"), PASSWORD);
    operator.press_in("main", walk.says("sign-in"));
    operator.sees(walk.says("console-overview-text"));
    operator.look("overview");
    for (key, name) in [("console-money", "money"), ("console-jobs", "jobs"), ("console-shops", "shops")] {
        operator.press_in("main nav", walk.says(key));
        operator.arrives(&format!("/console/{name}"));
        operator.look(name);
    }
    operator.press("Rainbow Ribbons");
    operator.arrives("/console/shops/");
    operator.look("shop");
    operator.press(walk.says("console-approve"));
    operator.sees(walk.says("said-shop-approved"));
    operator.look("shop-approved");
}

/// Variants that are ordered together, three prices of which the first says the least order, and a picture.
fn publishes(seller: &Window, walk: &Walk) {
    seller.press_in("footer", walk.says("foot-sell"));
    seller.sees(walk.says("sell-goods-empty"));
    seller.look("empty-desk");
    seller.press_in("main", walk.says("sell-new"));
    seller.arrives("/sell/products/new");
    seller.look("publish");
    for (key, value) in [
        ("sell-title-en", "Kaleidoscope satin ribbon 25 mm"),
        ("sell-title-zh", "万花筒缎带 25毫米"),
        ("sell-text-en", "Woven edge, 100 yards to a roll."),
        ("sell-text-zh", "织边缎带，每卷100码。"),
        ("sell-unit-one", "roll"),
        ("sell-unit-many", "rolls"),
        ("sell-unit-zh", "卷"),
        ("sell-axis-en", "Colour"),
        ("sell-axis-zh", "颜色"),
    ] {
        seller.fill(walk.says(key), value);
    }
    seller.choose(walk.says("sell-category"), "— — Dresses");
    let numbered = |key: &'static str, n: usize| format!("{} {n}", walk.says(key));
    for (n, (from, price)) in (1..).zip([("50", "2.40"), ("200", "1.90"), ("1000", "1.50")]) {
        seller.fill(&numbered("sell-tier-from", n), from);
        seller.fill(&numbered("sell-tier-price", n), price);
    }
    for (n, (en, zh, sku, stock)) in (1..).zip([("Red", "红色", "R-1", "900"), ("Blue", "蓝色", "R-2", "700")]) {
        for (key, value) in [("sell-variant-en", en), ("sell-variant-zh", zh), ("sell-sku", sku), ("in-stock", stock)] {
            seller.fill(&numbered(key, n), value);
        }
    }
    seller.press(walk.says("sell-publish"));
    seller.sees(walk.says("errors-title"));
    seller.look("publish-refused");
    seller.attach(walk.says("sell-picture-add"), &a_picture());
    seller.press(walk.says("sell-publish"));
    seller.sees(walk.says("said-published"));
    seller.look("published");
}

fn a_picture() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../demo/pictures").join("general/alexandru-acea-686569-unsplash.jpg")
}

fn without_scripts(market: &Market, chromium: &Chromium) {
    let walk = &Walk { name: "no-scripts", ..DESK };
    let window = chromium.window(walk.screen, walk.lang.tag(), walk.name);
    signs_in(&window, market, walk, "demo_buyer");
    window.without_scripts();
    window.open(&format!("{}/en/", market.base));
    window.look("home");
    window.press_first(SHOWN);
    window.arrives("/product/");
    window.look("product");
    window.fill(&walk.how_many(), "200");
    window.press(walk.says("add-to-cart"));
    window.until_at(&format!("{}/en/cart", market.base));
    window.sees(walk.says("purchase-added"));
    window.look("cart");
}

/// The first stop skips to the content, the focus is always seen, and the cart is filled.
fn with_a_keyboard_alone(market: &Market, chromium: &Chromium) {
    let walk = &Walk { name: "keyboard", ..DESK };
    let window = chromium.window(walk.screen, walk.lang.tag(), walk.name);
    signs_in(&window, market, walk, "demo_buyer");
    let focus = || {
        let said = window.ask(
            "const e = document.activeElement, around = e.closest('article, .qty, .search') ?? e;
             const seen = [e, around].map(x => getComputedStyle(x))
               .some(s => s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2);
             return [e.getAttribute('href') ?? e.getAttribute('name') ?? e.innerText.trim(), seen]",
        );
        assert_eq!(said[1], true, "the focus on {said} of {} is not seen", window.url());
        said[0].as_str().unwrap_or_default().to_owned()
    };
    let tabs_to = |wanted: &str| {
        let comes = (0..120).any(|_| {
            window.keys(TAB);
            focus().contains(wanted)
        });
        assert!(comes, "{} does not let Tab come to {wanted}", window.url());
    };
    window.open(&format!("{}/en/", market.base));
    window.keys(TAB);
    assert_eq!(focus(), "#main", "the first stop skips to the content");
    window.look("skip-link");
    tabs_to("q");
    // What is being typed is finished by the list below it: down to a line, Escape to be rid of it, Enter to go there.
    let listed = |wanted: bool| {
        let asked = "const field = document.querySelector('[role=combobox]');
            return field.getAttribute('aria-expanded') === 'true' && !!document.querySelector('[role=option]')";
        support::wait_until("the suggestions", || (window.ask(asked) == wanted).then_some(()));
    };
    window.keys("jea");
    listed(true);
    window.keys(DOWN);
    let chosen = window.ask(
        "const line = document.getElementById(document.activeElement.getAttribute('aria-activedescendant'));
         return [line.getAttribute('aria-selected'), line.innerText.trim()]",
    );
    assert_eq!(chosen, serde_json::json!(["true", "jeans"]));
    window.look("suggestions");
    window.keys(ESCAPE);
    listed(false);
    window.keys("n");
    listed(true);
    window.keys(format!("{DOWN}{ENTER}"));
    window.until_asked("/search?", "jeans");
    window.open(&format!("{}/en/", market.base));
    tabs_to("q");
    window.keys(format!("jeans{ENTER}"));
    window.until_asked("/search?", "jeans");
    window.keys(TAB);
    window.keys(ENTER);
    // Past head and search at once: the next stop is in the content.
    window.keys(TAB);
    assert_eq!(window.ask("return document.activeElement.closest('main') !== null"), true);
    tabs_to("/product/");
    window.look("card-in-focus");
    window.keys(ENTER);
    window.arrives("/product/");
    tabs_to("qty-");
    window.keys("100");
    window.look("quantity-in-focus");
    window.keys(ENTER);
    window.sees("Added to your cart.");
    tabs_to("/en/cart");
    window.keys(ENTER);
    window.until_at(&format!("{}/en/cart", market.base));
    window.look("cart");
}
