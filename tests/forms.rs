//! Forms as people and others send them, without scripts: what is wrong is said at its field, what was typed stays, and
//! nothing changes.

mod support;

use db::Engine;
use std::collections::BTreeSet;
use std::time::Duration;
use support::{Browser, Market, Partners, owner_of};

const PASSWORD: &str = "wholesale-1688";
const PLACE: [(&str, &str); 3] = [
    ("consignee_name", "王小明"),
    ("consignee_phone", "13977310001"),
    ("consignee_address", "浙江省义乌市稠州北路1号"),
];

#[test]
fn forms_say_what_is_wrong_and_keep_what_was_typed_on_sqlite() {
    all_steps(&Market::open(Engine::Sqlite));
}

#[test]
fn forms_say_what_is_wrong_and_keep_what_was_typed_on_postgres() {
    all_steps(&Market::open(Engine::Postgres));
}

/// One marketplace for all steps: a start takes ten seconds.
fn all_steps(market: &Market) {
    let mut buyer = market.browser();
    registering(market, &mut buyer);
    numbers(market, &mut buyer);
    the_cart(&mut buyer);
    let pay = the_checkout(market, &mut buyer);
    what_is_to_be_paid(market, &mut buyer, &pay);
    consents_and_addresses(market, &mut buyer);
    the_shop(market);
    a_spreadsheet(market);
    every_page_has_one_heading_and_its_own_ids(&mut buyer);
    the_session_lives_from_use_to_use(market, &mut buyer);
}

/// 0-a.S2: who asks and what for stands by the first field; 0-a.1: the way back stays in the house.
fn registering(market: &Market, buyer: &mut Browser) {
    let mut guest = market.browser();
    guest.get("/en/register").shows(&["whole-notice", "open your account", "/en/privacy"]);
    guest.get("/en/sign-in?next=%2Fsearch%3Fq%3D%E8%8B%B9").shows(&["name=\"next\" value=\"/my\""]);
    guest
        .get("/en/sign-in?next=%2Fsearch%3Fq%3D%25E8%258B%25B9")
        .shows(&["name=\"next\" value=\"/search?q=%E8%8B%B9\""]);

    guest.get("/en/register");
    guest.send("/register", &[("phone", "13977320001")]).shows(&["code_id"]);
    let sent = [("code", "000000"), ("name", "kept_name"), ("password", "a good long phrase"), ("agreement", "on")];
    guest.send("/register/account", &[&sent[..], &[("code_id", "zzz")]].concat()).refused(&["code"]);
    assert!(guest.text.contains("value=\"kept_name\""));
    buyer.registers("forms_buyer", "13977320002");
}

/// 2.3.1: a number that is none stays in its field, which is marked and named.
fn numbers(market: &Market, buyer: &mut Browser) {
    buyer.get("/en/search?q=golden");
    let product = buyer.find(r#"href="(/en/product/[0-9a-f-]{36})""#);
    buyer.get(&product);
    let field = buyer.find(r#"name="(qty-[0-9a-f-]{36})""#);
    for typed in ["abc", "1.5", "1,5", "999999999999999999999999999999"] {
        buyer.get(&product);
        buyer.send("/cart/add", &[(&field, typed), ("then", "cart")]).refused(&[&field]);
        assert!(buyer.text.contains(&format!("value=\"{typed}\"")), "{typed} is kept");
        assert!(buyer.text.contains(&format!("aria-describedby=\"f-{field}-error\" aria-invalid=\"true\"")));
    }
    let mut other = market.browser();
    other.signs_in("demo_buyer", PASSWORD);
    for _ in 0..2 {
        other.get(&product);
        other.send("/cart/add", &[(&field, "999,999"), ("then", "cart")]);
    }
    other.refused(&[&field]);
    assert!(other.text.contains("value=\"999,999\""));
}

fn the_cart(buyer: &mut Browser) {
    buyer.puts_in_cart("golden", 20);
    // A line is unticked and ticked again.
    buyer.get("/en/cart").shows(&["aria-pressed=\"true\""]);
    buyer.send("/cart/choose", &[]).shows(&["aria-pressed=\"false\""]).lacks(&["aria-pressed=\"true\""]);
    buyer.send("/cart/choose", &[]).shows(&["aria-pressed=\"true\""]);

    let variant = buyer.find(r#"name="variant" value="([0-9a-f-]{36})""#);
    let field = format!("quantity-{variant}");
    for typed in ["abc", "1.5", "0", "999999999999999999999999999999"] {
        buyer.get("/en/cart");
        buyer.send("/cart/set", &[("quantity", typed)]).refused(&[&field]);
        assert!(buyer.text.contains(&format!("value=\"{typed}\"")), "{typed} is kept");
    }
    buyer.get("/en/cart").shows(&["value=\"20\""]);
    buyer.send("/cart/set", &[("quantity", "1,000")]).shows(&["value=\"1000\""]);
    buyer.send("/cart/set", &[("quantity", "20")]).shows(&["value=\"20\""]);
}

/// Tampered fields are refused alone. Returns the page where the orders are paid.
fn the_checkout(market: &Market, buyer: &mut Browser) -> String {
    buyer.puts_in_cart("jeans", 100);
    let own = [&[("to", "own")][..], &PLACE].concat();
    let with = |more: &[(&'static str, &'static str)]| [&own[..], more].concat();
    let kept = "value=\"浙江省义乌市稠州北路1号\"";

    buyer.get("/en/checkout");
    buyer.send("/checkout", &with(&[("to", "nonsense")])).refused(&["to"]);
    assert!(buyer.text.contains(kept));
    for lost in [("once", ""), ("once", "x"), ("total_seen", "abc"), ("total_seen", "")] {
        buyer.get("/en/checkout");
        buyer.send("/checkout", &with(&[lost])).refused(&[]);
        assert!(buyer.text.contains("was lost on its way") && buyer.text.contains(kept), "{lost:?}");
        assert!(buyer.find(r#"name="once" value="([^"]*)""#).len() > 16, "{lost:?}: a fresh one");
    }
    buyer.get("/en/checkout");
    buyer.send("/checkout", &with(&[("note-zzz", "hello")])).refused(&[]);
    assert!(buyer.text.contains("A note is meant for a seller from whom"), "the note to nobody");
    let note = buyer.find(r#"name="(note-[0-9a-f-]{36})""#);
    let long = "x".repeat(501);
    buyer.get("/en/checkout");
    buyer.send("/checkout", &[&own[..], &[(note.as_str(), long.as_str())]].concat()).refused(&[&note]);
    // 0-a.4: consent is recorded for the words that were shown, and no others.
    buyer.get("/en/checkout").shows(&["whole-notice"]);
    buyer.send("/checkout", &with(&[("keep", "yes"), ("notice", "of yesterday")])).refused(&["keep"]);
    buyer.get("/en/orders").lacks(&["/en/orders/0"]);

    let mut behind = Browser::of(market, buyer);
    behind.get("/en/checkout").shows(&["once"]);
    buyer.get("/en/checkout");
    buyer.send("/checkout", &own).shows(&["Pay"]);
    // The cart is empty now: another window is told so, and not sent away without a word.
    behind.send("/checkout", &own).shows(&["Nothing is chosen.", "role=\"alert\""]);
    assert!(behind.url.contains("/en/cart?said="));
    buyer.url.clone()
}

/// 2.3.3: what is to be paid is what is still open; 2.3.2-e.1: a hidden order is shown again.
fn what_is_to_be_paid(market: &Market, buyer: &mut Browser, pay: &str) {
    let orders = buyer.all(r#"href="/en/orders/([0-9a-f-]{36})""#);
    assert_eq!(orders.len(), 2);
    let price = r#"class="price tabular">([^<]*)<"#;
    let both = buyer.find(price);
    let mut stale = Browser::of(market, buyer);
    stale.get(&format!("/en/orders/{}", orders[0]));

    let cancels = |buyer: &mut Browser, id: &str| {
        buyer.get(&format!("/en/orders/{id}")).shows(&["/cancel"]);
        buyer.send("/cancel", &[]).shows(&["The order is cancelled."]);
    };
    cancels(buyer, &orders[0]);
    buyer.get(pay).shows(&["No longer to be paid"]);
    let one = buyer.find(price);
    assert_ne!(one, both);
    buyer.get(&format!("/en/orders/{}", orders[1])).shows(&[&one]);
    cancels(buyer, &orders[1]);
    buyer.get(pay).shows(&["Nothing to pay"]).lacks(&["<form class=\"form\"", &one]);

    // 2-a.S2: what is refused leads back to the page, which says why.
    stale.send("/cancel", &[]).shows(&["This order can no longer be cancelled: it is cancelled", "role=\"alert\""]);
    assert!(stale.url.contains("said=refused-trade-not-allowed-now"));

    let order = format!("/en/orders/{}", orders[0]);
    buyer.get(&order);
    buyer.send("/hide", &[]).shows(&["Show in my list again"]);
    buyer.get("/en/orders").lacks(&[&order]);
    buyer.get(&order);
    buyer.send("/hide", &[]).shows(&["Hide from my list"]);
    buyer.get("/en/orders").shows(&[&order]);
}

/// 0-a.4, 2.3.2-d, 2-a.S2.
fn consents_and_addresses(market: &Market, buyer: &mut Browser) {
    let answer = "/my/privacy/consents/answer";
    buyer.get("/en/my/addresses").shows(&["whole-notice", "name=\"notice\""]);
    buyer.send(answer, &[("answer", "maybe")]).refused(&[]);
    buyer.send(answer, &[("answer", "yes"), ("notice", "of yesterday")]).refused(&[]);
    assert!(buyer.text.contains("These words have changed"));
    buyer.get("/en/my/privacy/consents").lacks(&["You agreed on"]);
    buyer.get("/en/my/addresses");
    buyer.send(answer, &[("answer", "yes")]).shows(&["No addresses kept"]);

    let new = "/my/addresses/new";
    buyer.get("/en/my/addresses/new").shows(&["whole-notice"]);
    buyer.send(new, &[&PLACE[..], &[("whose", "zzz")]].concat()).refused(&["whose"]);
    assert!(buyer.text.contains("value=\"王小明\""));
    buyer.get("/en/my/addresses/new");
    buyer.send(new, &[&PLACE[..], &[("whose", "another")]].concat()).refused(&["assured"]);
    buyer.send(new, &[("assured", "on")]).shows(&["The address is kept", "somebody else"]);

    // Asking for a new address opens none of the book.
    let readings = |market: &Market, buyer: &Browser| {
        let mut looks = Browser::of(market, buyer);
        looks.get("/en/my/privacy").shows(&[]);
        looks.find(r#"<b class="tabular">(\d+)</b>"#)
    };
    let before = readings(market, buyer);
    buyer.get("/en/my/addresses/new").shows(&["consignee_name"]);
    assert_eq!(readings(market, buyer), before);
}

fn the_shop(market: &Market) {
    let mut seller = market.browser();
    seller.get("/en/search?q=golden");
    let product = seller.find(r#"href="(/en/product/[0-9a-f-]{36})""#);
    seller.get(&product);
    let shop = seller.find(r#"href="/en/shop/[0-9a-f-]{36}">([^<]+)<"#);
    seller.signs_in(&owner_of(&shop), PASSWORD);
    seller.get("/en/sell/shop").shows(&["name=\"version\""]);
    seller.send("/sell/shop", &[("version", "abc"), ("name_en", "A name of my own")]).refused(&[]);
    assert!(seller.text.contains("value=\"A name of my own\"") && seller.text.contains("was lost on its way"));
    let rest = [("intro_en", "Apples and pears."), ("contact_phone", "13977310001")];
    seller.send("/sell/shop", &rest).shows(&["Saved."]);
}

/// 2.2.2-a: a seller's goods from a spreadsheet: checked, imported without scripts, found by everybody; what is wrong
/// is said by row and column, hostile cells as text, and nobody else sees it.
fn a_spreadsheet(market: &Market) {
    let mut seller = market.browser();
    seller.signs_in("demo_seller_2", PASSWORD);
    seller.get("/en/sell/products").shows(&["/en/sell/import", "/en/sell/export.csv"]);
    for (path, heading) in [("/en/sell/import", "product_ref"), ("/zh/sell/import", "商品编号")] {
        seller.get(path).shows(&[heading, "name=\"sheet\"", "name=\"archive\""]);
        seller.get(&format!("{path}/template.csv")).shows(&[heading, "B-100"]);
    }
    let wrong: [(&[u8], &str); 3] = [
        (b"", "Choose the CSV file"),
        (b"PK\x03\x04", "This is an Excel workbook"),
        (b"product_ref,stok\nA,1\n", "Did you mean \u{201c}stock\u{201d}"),
    ];
    for (file, said) in wrong {
        seller.get("/en/sell/import");
        seller.uploads("/en/sell/import", &[("sheet", "goods.csv", file)]).refused(&["sheet"]);
        assert!(seller.text.contains(said), "{said}");
    }

    // All that is there comes back unchanged.
    let export = seller.get("/en/sell/export.csv").text.clone();
    assert!(export.starts_with("\u{feff}product_ref,on_sale,category"));
    seller.get("/en/sell/import");
    seller.uploads("/en/sell/import", &[("sheet", "goods.csv", export.as_bytes())]);
    let unchanged = waits_for(&mut seller, "What will happen");
    seller.shows(&["There is nothing to import."]).lacks(&["/start\""]);
    seller.send("/close", &[]).shows(&["The import is forgotten."]);
    assert_eq!(seller.get(&unchanged).status, 404);

    let zip = one_picture();
    let category = category_of(&export);
    let head = "product_ref;category;title_en;text_en;unit_en;from_1;price_1;pictures;differ_in_en;variant_en;stock\n";
    let row = |reference: &str, title: &str, stock: &str| {
        format!("{reference};{category};{title};Good.;bag;10;12,50;front.jpg;Size;large;{stock}\n")
    };
    let table =
        head.to_owned() + &row("Z-1", "Quetzal feather ribbon", "40") + &row("Z-2", "Nothing", "<script>x</script>");
    seller.get("/en/sell/import");
    seller.uploads("/en/sell/import", &[("sheet", "goods.csv", table.as_bytes()), ("archive", "p.zip", &zip)]);
    let import = waits_for(&mut seller, "What will happen");
    seller.shows(&["What to mend", "&lt;script&gt;", "Quetzal feather ribbon", "Import the 1 correct product"]);
    seller.lacks(&["<script>x"]);
    seller.get(&format!("{import}/mistakes.csv")).shows(&["stock", "<script>x</script>"]);
    seller.get(&import.replace("/en/", "/zh/")).shows(&["需要改正", "库存"]);
    let mut other = market.browser();
    other.signs_in("demo_seller_1", PASSWORD);
    assert_eq!(other.get(&import).status, 404);
    assert_eq!(other.get(&format!("{import}/mistakes.csv")).status, 404);
    seller.get(&import);
    seller.send("/start", &[]);
    waits_for(&mut seller, "Buyers find all of it now.");
    seller.shows(&["left out"]);
    let mut guest = market.browser();
    guest.get("/en/search?q=quetzal").shows(&["Quetzal feather ribbon"]);
}

/// 2.2.2-a: how far an import has come stands on its page; killed in the midst, it goes on where it was when the job's
/// lease has run out, and every product is there once and whole.
#[test]
fn a_killed_import_goes_on_on_sqlite() {
    a_killed_import_goes_on(Engine::Sqlite);
}

#[test]
fn a_killed_import_goes_on_on_postgres() {
    a_killed_import_goes_on(Engine::Postgres);
}

fn a_killed_import_goes_on(engine: Engine) {
    const PRODUCTS: usize = 2_000;
    let partners = Partners::start();
    let market = Market::with(engine, &partners);
    let mut seller = market.browser();
    seller.signs_in("demo_seller_2", PASSWORD);
    let category = category_of(&seller.get("/en/sell/export.csv").text);
    let mut table =
        "product_ref,category,title_en,text_en,unit_en,from_1,price_1,pictures,differ_in_en,variant_en,stock\n"
            .to_owned();
    for n in 0..PRODUCTS {
        table += &format!("K-{n},{category},Quokka ribbon {n},Good.,bag,10,12.50,front.jpg,Size,large,40\n");
    }
    let zip = one_picture();
    seller.get("/en/sell/import");
    seller.uploads("/en/sell/import", &[("sheet", "goods.csv", table.as_bytes()), ("archive", "p.zip", &zip)]);
    let import = waits_for(&mut seller, "What will happen");
    seller.shows(&["/start\""]).send("/start", &[]);
    let far = support::wait_until("the midst of the import", || {
        let page = &seller.get(&import).text;
        let (_, value) = page.split_once("<progress")?.1.split_once("value=\"")?;
        value.split('"').next()?.parse::<usize>().ok().filter(|done| (1..PRODUCTS).contains(done))
    });
    market.is_killed();
    market.opens_again();
    seller.get(&import);
    waits_for(&mut seller, "Buyers find all of it now.");
    let all = seller.get("/en/sell/export.csv").text.clone();
    let numbers: Vec<&str> =
        all.lines().filter_map(|line| line.split(',').next()).filter(|n| n.starts_with("K-")).collect();
    let distinct: BTreeSet<&str> = numbers.iter().copied().collect();
    assert_eq!((numbers.len(), distinct.len()), (PRODUCTS, PRODUCTS), "killed when {far} were there");
    let mut guest = market.browser();
    guest.get("/en/search?q=quokka").shows(&["2,000"]);
}

/// Of the first product of an export.
fn category_of(export: &str) -> String {
    export.lines().nth(1).and_then(|line| line.split(',').nth(2)).expect("a category").to_owned()
}

/// An archive with a photograph of the demo.
fn one_picture() -> Vec<u8> {
    let picture = "../../demo/pictures/general/alexandru-acea-686569-unsplash.jpg";
    let picture = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(picture);
    let jpeg = std::fs::read(picture).expect("the demo has pictures");
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("photos/front.jpg", zip::write::SimpleFileOptions::default()).expect("an archive");
    std::io::Write::write_all(&mut zip, &jpeg).expect("an archive");
    zip.finish().expect("an archive").into_inner()
}

/// Loads the page anew until it says so, as a browser without scripts does; its address.
fn waits_for(browser: &mut Browser, words: &str) -> String {
    let page = browser.url.clone();
    for _ in 0..900 {
        if browser.status == 200 && browser.text.contains(words) {
            return page;
        }
        std::thread::sleep(Duration::from_millis(100));
        browser.get(&page);
    }
    panic!("{page} never says {words:?}");
}

fn every_page_has_one_heading_and_its_own_ids(buyer: &mut Browser) {
    buyer.puts_in_cart("golden", 20);
    buyer.puts_in_cart("jeans", 100);
    for path in ["/en/", "/en/cart", "/en/orders", "/en/checkout", "/en/my/addresses", "/en/search", "/en/register"] {
        buyer.get(path).shows(&[]);
        assert_eq!(buyer.text.matches("<h1").count(), 1, "{path} has one heading of the first level");
        let ids = buyer.all(r#"[ <]id="([^"]*)""#);
        let distinct: BTreeSet<&String> = ids.iter().collect();
        assert_eq!(distinct.len(), ids.len(), "{path} repeats an id: {ids:?}");
    }
}

/// 2.8.2-a.1: the cookie lives thirty days from the last use, as the page of cookies says.
fn the_session_lives_from_use_to_use(market: &Market, buyer: &mut Browser) {
    let set = |buyer: &Browser| buyer.set_cookies.iter().find(|cookie| cookie.contains("session=")).cloned();
    buyer.get("/en/my").shows(&[]);
    assert_eq!(set(buyer), None, "at most once an hour");
    market.clock_moves(Duration::from_secs(2 * 3600));
    buyer.get("/en/my").shows(&[]);
    assert!(set(buyer).is_some_and(|cookie| cookie.contains("; Max-Age=2592000")));
    buyer.get("/en/my").shows(&[]);
    assert_eq!(set(buyer), None);
    buyer.get("/en/privacy/cookies").shows(&["30 days after the last use", "12 hours after the last use"]);
    // Who signs out after an hour is signed out.
    market.clock_moves(Duration::from_secs(2 * 3600));
    buyer.get("/en/my").shows(&["/sign-out"]);
    market.clock_moves(Duration::from_secs(2 * 3600));
    buyer.send("/sign-out", &[]).shows(&["/en/sign-in"]);
    buyer.get("/en/my");
    assert!(buyer.url.contains("/en/sign-in"));
}
