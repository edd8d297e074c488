//! Accounts under attack, over HTTP and with the sandbox's telephone: what would hurt in other hands asks once more who
//! is there, and a sign-in on a device that is not known is told to the member.

mod support;

use db::{Engine, Stop};
use diesel::RunQueryDsl;
use hanse::demo::seller_name;
use hanse::house;
use policy::fields::MemberName;
use policy::{Entered, Typed};
use std::time::Duration;
use support::{Browser, Market, wait_until};

const PASSWORD: &str = "wholesale-1688";
/// What `Browser::registers` takes.
const PHRASE: &str = "a good long phrase";
const ELEVEN_MINUTES: Duration = Duration::from_secs(11 * 60);

#[test]
fn on_sqlite() {
    guarded(&Market::open(Engine::Sqlite));
}

#[test]
fn on_postgres() {
    guarded(&Market::open(Engine::Postgres));
}

/// One marketplace for all steps: a start takes ten seconds.
fn guarded(market: &Market) {
    devices(market);
    another_persons_cookie(market);
    the_cookie_of_a_closed_account(market);
    a_seller_changes_where_money_and_orders_go(market);
    staff_prove_it_too(market);
    a_code_proves_it(market);
    the_way_back_stays_in_the_house(market);
    wrong_passwords_lock(market);
}

// --- new devices ------------------------------------------------------------------------------------------------------

/// Messages that told this telephone of a new device.
fn warnings(market: &Market, phone: &str) -> Vec<String> {
    let said = market.ask(&format!("{}/sms/messages?phone=%2B86{phone}", market.sandbox));
    let all: Vec<serde_json::Value> = serde_json::from_str(&said).expect("the telephone's messages");
    let of_them = all.iter().filter(|message| message["template"] == "sign_in_warning");
    of_them.map(|message| message["text"].as_str().expect("a text").to_owned()).collect()
}

/// That so many have come, and no more.
fn warned(market: &Market, phone: &str, times: usize) -> Vec<String> {
    wait_until("the text message", || {
        let all = warnings(market, phone);
        (all.len() >= times).then_some(all)
    });
    let all = warnings(market, phone);
    assert_eq!(all.len(), times, "{all:?}");
    all
}

/// 2.7: no message at the registration; one for another browser, and none for either again.
fn devices(market: &Market) {
    let phone = "13977440001";
    let mut own = market.browser();
    own.registers("guard_buttons", phone);
    let cookie = own.set_cookies.iter().find(|cookie| cookie.starts_with("__Host-device=")).expect("a device's cookie");
    for part in ["; Path=/", "; HttpOnly", "; SameSite=Strict", "; Secure", "; Max-Age=31536000"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    own.get("/en/my/security").lacks(&["A new device"]);
    own.get("/en/privacy/cookies").shows(&["__Host-device", "a year after the last sign-in on the device"]);

    // Signed out and in again: the same device.
    own.get("/en/my").send("/sign-out", &[]);
    own.signs_in("guard_buttons", PHRASE);
    own.get("/en/my/security").lacks(&["A new device"]);

    let mut other = market.browser();
    other.signs_in(phone, PHRASE);
    let told = warned(market, phone, 1).remove(0);
    assert!(told.contains("new device, 20") && told.contains("(UTC+08:00)"), "{told}");
    assert!(told.contains("/my/security") && !told.contains("guard_buttons"), "{told}");
    own.get("/en/my/security").shows(&["A new device signed in", "Was it you?"]);
    own.get("/zh/my/security").shows(&["在新设备上登录，是您本人吗？"]);
    other.get("/en/my/security").shows(&["this device"]).lacks(&["A new device"]);
    other.get("/en/my").send("/sign-out", &[]);
    other.signs_in("guard_buttons", PHRASE);

    // "It was me", and it is not mentioned again; the next one is not, and is out.
    own.get("/en/my/security").send("/device/mine", &[]).shows(&["the device is yours"]).lacks(&["A new device"]);
    let mut thief = market.browser();
    thief.get("/zh/sign-in").send("/sign-in", &[("who", "guard_buttons"), ("password", PHRASE)]);
    let told = warned(market, phone, 2).remove(0);
    assert!(told.contains("在新设备上登录"), "in the language of that page: {told}");
    thief.get("/en/my").shows(&["/sign-out"]);
    own.get("/en/my/security").send("/device/end", &[]).shows(&["change the password now"]).lacks(&["A new device"]);
    thief.get("/en/my");
    assert!(thief.url.contains("/sign-in"), "{}", thief.url);
    other.get("/en/my").shows(&["/sign-out"]);
    warned(market, phone, 2);

    // The sessions stand in a list, and each is ended by itself.
    own.get("/en/my/security").send("/my/security/end", &[]).shows(&["Signed out there."]);
    other.get("/en/my");
    assert!(other.url.contains("/sign-in"), "{}", other.url);
    own.get("/en/my/security").shows(&["this device"]).lacks(&["/my/security/end\""]);
}

/// The value in a browser's cookie says something of one member, and only with their password.
fn another_persons_cookie(market: &Market) {
    let mut one = market.browser();
    one.registers("guard_one", "13977440002");
    let mut two = market.browser();
    two.registers("guard_two", "13977440003");
    // Somebody at the browser of the first, with the password of the second.
    one.get("/en/my").send("/sign-out", &[]);
    one.signs_in("guard_two", PHRASE);
    warned(market, "13977440003", 1);
    two.get("/en/my/security").shows(&["A new device signed in"]);
    one.get("/en/my").send("/sign-out", &[]);
    one.signs_in("guard_one", PHRASE);
    one.get("/en/my/security").lacks(&["A new device"]);
    warned(market, "13977440002", 0);
    warned(market, "13977440003", 1);
}

/// A browser that was there and one that never was get one answer, and nobody a message.
fn the_cookie_of_a_closed_account(market: &Market) {
    let mut was_there = market.browser();
    was_there.registers("guard_closed", "13977440007");
    was_there.get("/en/my").send("/sign-out", &[]);
    let vault = house::open(&market.config()).expect("the marketplace's data");
    let name = Entered::<MemberName>::parse(&Typed::new("guard_closed")).expect("a name");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let id = runtime.block_on(vault.keys().find(&name)).expect("the key store").expect("the member");
    let closed = vault.data().write_now(move |tx| {
        let sql = format!("update member set ended_at = {} where id = '{id}'", tx.now);
        Ok::<_, Stop<()>>(diesel::sql_query(sql).execute(tx.db)?)
    });
    assert_eq!(closed.expect("it is closed"), 1);
    vault.keys().database().clone().close();
    vault.data().clone().close();
    let mut never_was = market.browser();
    let answers = [&mut was_there, &mut never_was].map(|browser| {
        browser.get("/en/sign-in").send("/sign-in", &[("who", "guard_closed"), ("password", PHRASE)]);
        assert!(!browser.set_cookies.iter().any(|cookie| cookie.contains("device=")), "{:?}", browser.set_cookies);
        (browser.status, browser.all(r#"(?s)class="mistake"[^>]*>(.*?)</p>"#))
    });
    assert_eq!(answers[0].0, 422);
    assert_eq!(answers[0], answers[1]);
    warned(market, "13977440007", 0);
}

// --- sensitive changes --------------------------------------------------------------------------------------------------

fn a_seller_changes_where_money_and_orders_go(market: &Market) {
    let mut seller = market.browser();
    seller.signs_in(&seller_name(0), PASSWORD);
    // The forms as they were shown while the proof held: what is sent of them later is refused.
    let money = shown(market, &seller, "/en/sell/money", "settlement_account");
    let tokens = shown(market, &seller, "/en/my/tokens", "reach-sell");
    let hooks = shown(market, &seller, "/en/sell/webhooks/new", "url");
    market.clock_moves(ELEVEN_MINUTES);

    let new_account = [("settlement_account", "guard@pay.example Chen Guo")];
    let asks = |mut form: Browser<'_>, action: &str, fields: &[(&str, &str)], next: &str| {
        form.send(action, fields).shows(&["Is it you?"]);
        assert!(form.url.ends_with(&format!("/prove?next={next}")), "{}", form.url);
    };
    let before = account_of(&mut seller);
    asks(money, "/money/account", &new_account, "/sell/money");
    asks(tokens, "/my/tokens", &[("name", "stolen"), ("days", "30"), ("reach-sell", "on")], "/my/tokens");
    let hook = [("name", "stolen"), ("url", "http://127.0.0.1:1099/hook"), ("topic-order.paid", "on")];
    asks(hooks, "/webhooks/new", &hook, "/sell/webhooks/new");
    assert_eq!(account_of(&mut seller), before, "nothing is changed");
    seller.get("/en/my/tokens").shows(&["You have no tokens."]);
    seller.get("/en/sell/webhooks").lacks(&["stolen"]);

    // The pages ask before anything is typed, and lead back.
    seller.get("/en/sell/money").lacks(&["name=\"settlement_account\""]).shows(&["asks for your password once more"]);
    seller.get("/en/sell/webhooks/new").shows(&["Is it you?"]);
    seller.send("/prove", &[("current", "not the password")]).refused(&["current"]);
    seller.send("/prove", &[("current", PASSWORD)]).shows(&["name=\"url\""]);
    seller.send("/webhooks/new", &hook).shows(&["whsec_"]);
    let page = seller.find(r#"action="(/en/sell/webhooks/[0-9a-f-]{36})/rotate""#);
    seller.get("/en/sell/money").send("/money/account", &new_account).shows(&[]);
    assert!(seller.url.contains("/en/sell/money"), "{}", seller.url);
    assert_ne!(account_of(&mut seller), before);

    // A program is not asked: its owner was, when the token was made.
    seller.get("/en/my/tokens");
    seller.send("/my/tokens", &[("name", "stock system"), ("days", "30"), ("reach-sell", "on")]);
    let token = seller.find("(hanse_[A-Za-z0-9_-]{43})");
    market.clock_moves(ELEVEN_MINUTES);
    let changed = ureq::put(format!("{}/api/v1/sell/settlement-account", market.base))
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json")
        .send(r#"{"settlement_account": "guard@pay.example Li 7777"}"#)
        .expect("the program may");
    assert_eq!(changed.status(), 204);
    assert!(account_of(&mut seller).ends_with("7777"), "{}", account_of(&mut seller));

    // A secret: the button leads to the proof, and back to itself.
    seller.get(&page).send("/rotate", &[]).shows(&["Is it you?"]).lacks(&["whsec_"]);
    seller.send("/prove", &[("current", PASSWORD)]);
    assert!(seller.url.ends_with(&page), "{}", seller.url);
    seller.send("/rotate", &[]).shows(&["whsec_"]);
    market.clock_moves(ELEVEN_MINUTES);
    seller.get(&format!("{page}/edit")).shows(&["Is it you?"]);
}

/// Another window of the same browser, with a form of a change on it.
fn shown<'m>(market: &'m Market, of: &Browser<'_>, path: &str, field: &str) -> Browser<'m> {
    let mut window = Browser::of(market, of);
    window.get(path).shows(&[&format!("name=\"{field}\"")]);
    window
}

/// The account for payouts as the page masks it.
fn account_of(seller: &mut Browser) -> String {
    seller.get("/en/sell/money").shows(&[]);
    seller.find(r#"(?s)Payouts go to.*?<span class="tabular">([^<]*)"#)
}

fn staff_prove_it_too(market: &Market) {
    let mut operator = market.browser();
    operator.get("/en/console/sign-in");
    operator.send("/console/sign-in", &[("account", "operator"), ("password", PASSWORD)]);
    let token = [("name", "ledger"), ("days", "30"), ("reach-operate", "on")];
    let mut form = shown(market, &operator, "/en/console/tokens", "days");
    market.clock_moves(ELEVEN_MINUTES);
    form.send("/console/tokens", &token).shows(&["Is it you?"]).lacks(&["hanse_", "mobile phone of your account"]);
    form.send("/console/prove", &[("current", "not the password")]).refused(&["current"]);
    form.send("/console/prove", &[("current", PASSWORD)]).shows(&["You have no tokens."]);
    form.send("/console/tokens", &token).shows(&["hanse_"]);
    // A member finds no such page.
    let mut member = market.browser();
    member.signs_in("demo_buyer", PASSWORD);
    member.get("/en/console/prove");
    assert_eq!(member.status, 404);
}

fn a_code_proves_it(market: &Market) {
    let mut buyer = market.browser();
    buyer.registers("guard_coded", "13977440004");
    let first = market.code_for("13977440004");
    market.clock_moves(ELEVEN_MINUTES);
    buyer.get("/en/my/security/prove?next=/my/tokens").shows(&["Is it you?"]);
    buyer.send("/prove/code", &[]).shows(&["code_id"]);
    let code = next_code(market, "13977440004", &first);
    let wrong = if code == "000000" { "000001" } else { "000000" };
    buyer.send("/prove/enter", &[("code", wrong)]).refused(&["code"]);
    buyer.send("/prove/enter", &[("code", &code)]).shows(&["name=\"days\""]);
    assert!(buyer.url.ends_with("/en/my/tokens"), "{}", buyer.url);
    // The one who has just proved it is not asked again.
    buyer.get("/en/my/security/prove?next=/my/tokens").shows(&["name=\"days\""]);
}

/// The code that came after this one.
fn next_code(market: &Market, phone: &str, last: &str) -> String {
    wait_until("another code", || Some(market.code_for(phone)).filter(|code| code != last))
}

/// 0-a.1: whatever somebody else wrote into the address, the way back is a page of ours.
fn the_way_back_stays_in_the_house(market: &Market) {
    let mut buyer = market.browser();
    buyer.registers("guard_back", "13977440005");
    market.clock_moves(ELEVEN_MINUTES);
    for next in
        ["https://elsewhere.example/", "//elsewhere.example/", "/%5Celsewhere.example", "javascript:alert(1)", ""]
    {
        buyer.get(&format!("/en/my/security/prove?next={next}")).shows(&["name=\"next\" value=\"/my/security\""]);
    }
    let sent = [("next", "//elsewhere.example/"), ("current", PHRASE)];
    buyer.send("/prove", &sent).shows(&["Where you are signed in"]);
    assert!(buyer.url.ends_with("/en/my/security"), "{}", buyer.url);
}

/// Wrong passwords at the proof lock the sign-in, and those at the sign-in the proof.
fn wrong_passwords_lock(market: &Market) {
    let mut buyer = market.browser();
    buyer.registers("guard_locked", "13977440006");
    let first = market.code_for("13977440006");
    // Not across the end of an hour, where the counts begin anew.
    let into_the_hour = market.now() % 3_600;
    market.clock_moves(Duration::from_secs(2 * 3_600 - into_the_hour + 60));
    buyer.get("/en/my/security/prove?next=/my/tokens");
    let mut thief = market.browser();
    thief.get("/en/sign-in");
    for _ in 0..5 {
        buyer.send("/prove", &[("current", "one of many guesses")]).refused(&["current"]);
        thief.send("/sign-in", &[("who", "Guard_Locked"), ("password", "one of many guesses")]);
    }
    buyer.send("/prove", &[("current", PHRASE)]);
    assert!(buyer.status == 422 && buyer.text.contains("too many wrong passwords"), "{}", buyer.status);
    thief.send("/sign-in", &[("who", "guard_locked"), ("password", PHRASE)]);
    assert!(thief.status == 422 && thief.text.contains("too many wrong passwords"), "{}", thief.status);
    buyer.get("/en/my/tokens").lacks(&["name=\"days\""]);
    // A code goes on, as at the sign-in.
    buyer.get("/en/my/security/prove?next=/my/tokens").send("/prove/code", &[]);
    let code = next_code(market, "13977440006", &first);
    buyer.send("/prove/enter", &[("code", &code)]).shows(&["name=\"days\""]);
}
