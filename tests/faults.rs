//! Every bad day of every partner, from outside: each fault that the sandbox can have strikes at each step of a trade,
//! through the binary, its pages and the partners' own process. Meanwhile buyer and seller read, in both languages, where
//! they stand and what comes next. Afterwards time, another press of a button or the operator has put it right, and what
//! the payment company and the courier did is what stands in the books: once.
//!
//! Which faults there are the sandbox says, so a new one, and a new partner, are in the walk by themselves.

#[path = "support/load.rs"]
mod load;
mod support;

use db::Engine;
use load::{Good, Program};
use regex_lite::Regex;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use support::{Browser, Market, Partners, wait_at_most, wait_until};
use trade::settlement::Account;

const PASSWORD: &str = "wholesale-1688";
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
/// For as good as ever, until it is taken back.
const ALWAYS: u64 = 1_000;
/// For so long a call waits here. A marketplace has more patience; the test would spend it in waiting.
const PATIENCE: Duration = Duration::from_secs(2);
/// More than that: such an answer never came.
const TOO_LATE_MS: u64 = 2_500;
/// A push that comes when we have found out by ourselves, and is not to count again: when `old_news_comes` asks for it.
const LATE_PUSH_MS: u64 = 24 * 3_600_000;
/// Nothing that is under way takes longer, on a machine that is busy with other tests.
const AT_REST_MAX: Duration = Duration::from_secs(90);

#[test]
fn every_bad_day_of_a_partner_is_survived_on_sqlite() {
    each_fault(Engine::Sqlite);
}

#[test]
fn every_bad_day_of_a_partner_is_survived_on_postgres() {
    each_fault(Engine::Postgres);
}

/// 3.1.5-1A.1, 3.1.5-1B.1, 2.1.1-a.1
fn each_fault(engine: Engine) {
    let partners = Partners::start().answer_within(PATIENCE);
    let market = Market::with(engine, &partners);
    let mut program = load::seller(&market, 0);
    let good = load::stocked(&mut program, &market.base, 1, 1_000_000).remove(0);
    let mut seller = market.browser();
    seller.signs_in("demo_seller_1", PASSWORD);
    let all: Vec<Value> =
        serde_json::from_str(&market.ask(&format!("{}/admin/faults/possible", market.sandbox))).expect("a list");
    assert!(all.len() > 15, "{all:?}");
    let mut walk = Walk { market: &market, good, seller, fault: Value::Null, totals: Vec::new() };
    // `HANSE_FAULTS=alipay.twice` walks through some of them.
    let some = std::env::var("HANSE_FAULTS").unwrap_or_default();
    for (at, fault) in all.into_iter().enumerate() {
        let name = format!("{}.{}.{}", word(&fault, "partner"), word(&fault, "kind"), word(&fault, "on"));
        if name.contains(&some) {
            eprintln!("{name}");
            walk.fault = fault;
            walk.day(at);
        }
    }
    walk.adds_up(&mut program);
}

fn word<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_default()
}

struct Walk<'m> {
    market: &'m Market,
    good: Good,
    seller: Browser<'m>,
    fault: Value,
    /// Of the orders that were completed.
    totals: Vec<String>,
}

/// What an order's page says, by the state on its mark: what comes next, for its buyer and for its seller.
struct Stands {
    state: [&'static str; 2],
    buyer: [&'static str; 2],
    seller: [&'static str; 2],
}

const STANDS: [Stands; 6] = [
    Stands {
        state: ["To pay", "待付款"],
        buyer: ["Please pay within", "逾期订单将关闭"],
        seller: ["Do not ship before", "之前请勿发货"],
    },
    Stands {
        state: ["Paid", "已付款"],
        buyer: ["The seller is preparing the parcel", "卖家正在备货"],
        // To ask for a waybill, or that one is being asked for.
        seller: ["waybill", "运单"],
    },
    Stands {
        state: ["Shipped", "已发货"],
        buyer: ["Confirm only when you have the goods", "请收到货物后再确认收货"],
        seller: ["The money is yours when the buyer confirms", "货款自动归您"],
    },
    Stands {
        state: ["Delivered", "已签收"],
        buyer: ["Receipt counts as confirmed in", "将自动确认收货"],
        seller: ["The money is yours when the buyer confirms", "货款自动归您"],
    },
    Stands {
        state: ["Completed", "交易完成"],
        buyer: ["the seller has the money", "货款已付给卖家"],
        seller: ["Yours", "您所得"],
    },
    Stands {
        state: ["Refunded", "已退款"],
        buyer: ["This order has ended", "订单已结束"],
        // Of the money, see `BACK`.
        seller: ["the buyer", "买家"],
    },
];

/// Of money on its way back: that it is, that it was, and that somebody has to look. To its buyer and to its seller.
const BACK: [[&str; 2]; 3] = [["on its way back", "正在退"], ["paid back", "已退"], ["needs the operator", "的退款需"]];

/// The mark of an order's state, in the page's title.
const BADGE: &str = r#"(?s)<h1>[^<]*<span class="badge[^>]*>([^<]*)</span>"#;

impl Walk<'_> {
    // --- the partner's bad day --------------------------------------------------------------------------------------

    fn is(&self, name: &str, of: &str) -> bool {
        word(&self.fault, name) == of
    }

    /// From now on the fault strikes, at most so often.
    fn begins(&self) -> u64 {
        let (count, delay) = match (word(&self.fault, "kind"), word(&self.fault, "on")) {
            ("late", "answer") => (1, TOO_LATE_MS),
            ("late", _) => (ALWAYS, LATE_PUSH_MS),
            // If all were held back, none would overtake another.
            ("out_of_order", _) => (1, LATE_PUSH_MS),
            _ => (ALWAYS, 0),
        };
        let mut fault = self.fault.clone();
        (fault["count"], fault["delay_ms"]) = (count.into(), delay.into());
        self.market.partner_fails(&fault);
        count
    }

    /// No longer: what was told in vain is told again, and what is held back stays so.
    fn ends(&self) {
        let mut fault = self.fault.clone();
        fault["count"] = 0.into();
        self.market.partner_fails(&fault);
        if self.is("on", "push") && !self.is("kind", "late") && !self.is("kind", "out_of_order") {
            self.market.partners_tell();
        }
    }

    /// How often it may still strike.
    fn left(&self) -> u64 {
        let waiting: Vec<Value> =
            serde_json::from_str(&self.market.ask(&format!("{}/admin/faults", self.market.sandbox))).expect("a list");
        let same = |fault: &&Value| ["partner", "kind", "on"].iter().all(|name| fault[*name] == self.fault[*name]);
        waiting.iter().find(same).and_then(|fault| fault["count"].as_u64()).unwrap_or(0)
    }

    /// A partner that is not there at all is not for longer than any job tries; then the sweep must take it up.
    fn goes_on(&self, hours: u32) {
        if !self.is("kind", "down") || !self.is("on", "answer") {
            return;
        }
        let mut unasked = 0;
        for _ in 0..10 {
            let before = self.left();
            self.market.clock_moves(HOUR * hours);
            // Nothing asks, or it has given up.
            if !self.comes(|| self.left() < before) {
                unasked += 1;
            }
            if unasked == 2 {
                return;
            }
        }
    }

    /// Whether it comes to be before time goes on: asked until it is so, or nothing is under way that could bring it about.
    fn comes(&self, mut done: impl FnMut() -> bool) -> bool {
        let came = wait_at_most(AT_REST_MAX, || {
            // Looked at first: what has ended by now is seen by the question.
            let rests = self.market.at_rest().is_some();
            if done() { Some(true) } else { rests.then_some(false) }
        });
        came.unwrap_or_else(|| panic!("{}: there is no rest: {:?}", self.fault, self.market.untold()))
    }

    /// Time goes on, a step after the other, until it is so: for longer than the longest pause between two tries, six hours.
    fn in_time(&self, what: &str, step: Duration, mut done: impl FnMut() -> bool) {
        for _ in 0..60 {
            if self.comes(&mut done) {
                return;
            }
            self.market.clock_moves(step);
        }
        panic!("{}: {what} does not come", self.fault);
    }

    /// What the partners held back, or told in vain, comes after all and is taken. What is planned for later, our
    /// own questions, comes when time goes on.
    fn old_news_comes(&self) {
        let told = wait_at_most(AT_REST_MAX, || {
            let untold = self.market.at_rest()?;
            if untold.later > 0 {
                self.market.partners_tell();
            }
            (untold.later == 0).then_some(())
        });
        assert!(told.is_some(), "{}: {:?} is not taken", self.fault, self.market.untold());
    }

    /// The operator presses all buttons that stand beside what was refused.
    fn operator_asks_again(&self) {
        let mut operator = self.market.browser();
        operator.get("/en/console/sign-in");
        operator
            .send("/console/sign-in", &[("account", "operator"), ("password", PASSWORD)])
            .shows(&["/console/money"]);
        operator.get("/en/console/money").shows(&["Refunds to look at"]);
        while operator.text.contains("/console/money/refund") {
            operator.send("/console/money/refund", &[]).shows(&["The payment company is asked again"]);
            operator.get("/en/console/money");
        }
    }

    // --- what people read -------------------------------------------------------------------------------------------

    /// Opens the page: it is there, and its words are for people.
    fn reads(&self, who: &mut Browser, path: &str) {
        let machine = Regex::new(r"\b[a-z]+(?:_[a-z]+)+\b|\b[A-Z]+\.[A-Z_]{4,}|\bisv\.|\{ *\$").expect("a pattern");
        let said = visible(&who.get(path).shows(&[]).text);
        let found = machine.find(&said).map(|found| found.as_str());
        assert_eq!(found, None, "{}: {} speaks as a machine", self.fault, who.url);
    }

    /// The order's state, of which both its buyer's and its seller's page, in both languages, tell what comes next. It may
    /// go on from one look to the other.
    fn stands(&self, buyer: &mut Browser, order: &str) -> &'static str {
        let on_page = |who: &mut Browser, path: &str, at: usize| {
            self.reads(who, &format!("/{}{path}", ["en", "zh"][at]));
            let mark = who.find(BADGE);
            let stands = STANDS.iter().find(|stands| stands.state[at] == mark);
            stands.unwrap_or_else(|| panic!("{}: an order is {mark}", self.fault))
        };
        let mut seller = Browser::of(self.market, &self.seller);
        for at in [0, 1] {
            let stands = on_page(&mut seller, &format!("/sell/orders/{order}"), at);
            assert!(seller.text.contains(stands.seller[at]), "{}: {} shows no way", self.fault, seller.url);
        }
        let mut state = "";
        for at in [1, 0] {
            let stands = on_page(buyer, &format!("/orders/{order}"), at);
            assert!(buyer.text.contains(stands.buyer[at]), "{}: {} shows no way", self.fault, buyer.url);
            state = stands.state[0];
        }
        state
    }

    /// Of the money of an order that was given back: both know how far it is.
    fn money_back(&self, buyer: &mut Browser, order: &str) -> &'static str {
        assert_eq!(self.stands(buyer, order), "Refunded", "{}", self.fault);
        buyer.get(&format!("/en/orders/{order}"));
        let far = BACK.iter().position(|back| buyer.text.contains(back[0]));
        let far = far.unwrap_or_else(|| panic!("{}: the buyer of {order} does not find the money", self.fault));
        let mut seller = Browser::of(self.market, &self.seller);
        let known = |who: &Browser| BACK.iter().any(|back| who.text.contains(back[1]));
        assert!(known(buyer.get(&format!("/zh/orders/{order}"))), "{}: {} says nothing", self.fault, buyer.url);
        assert!(known(seller.get(&format!("/zh/sell/orders/{order}"))), "{}: {} says nothing", self.fault, seller.url);
        BACK[far][0]
    }

    // --- the trade --------------------------------------------------------------------------------------------------

    fn day(&mut self, at: usize) {
        let (name, phone) = (format!("walker{at}"), format!("1396{at:07}"));
        let mut buyer = self.market.browser();
        self.registers(&mut buyer, &name, &phone, if at.is_multiple_of(2) { "en" } else { "zh" });
        self.is_warned(&name, &phone);

        let kept = self.orders_and_pays(&mut buyer, true);
        let given_back = self.orders_and_pays(&mut buyer, false);
        if !self.calls_off(&mut buyer, &given_back) {
            self.totals.push(given_back);
        }
        self.ships(&mut buyer, &kept);
        self.arrives(&mut buyer, &kept);
        self.totals.push(kept);
        self.is_paid_out();
        let said = self.market.command(&["verify"]);
        assert!(said.contains("every hash holds") && said.contains("lines, amounts, money and stock agree"), "{said}");
    }

    /// 2.1.1-a.1: the code comes, or another one does.
    fn registers(&self, buyer: &mut Browser, name: &str, phone: &str, language: &str) {
        let again = if language == "en" { "have another one sent" } else { "请重新发送" };
        let asks = |buyer: &mut Browser| {
            buyer.get(&format!("/{language}/register")).shows(&["phone"]);
            buyer.send("/register", &[("phone", phone)]).shows(&["code_id", again]);
        };
        let count = self.begins();
        asks(buyer);
        let concerned = self.is("partner", "sms");
        let code = wait_until("a code, or a fault", || match self.market.code_at(phone) {
            Some(code) => Some(Some(code)),
            None => (concerned && self.left() < count).then_some(None),
        });
        self.ends();
        let code = code.or_else(|| self.market.code_at(phone)).unwrap_or_else(|| {
            asks(buyer);
            self.market.code_for(phone)
        });
        let fields = [("code", code.as_str()), ("name", name), ("password", PASSWORD), ("agreement", "on")];
        buyer.send("/register/account", &fields).shows(&[name]);
    }

    /// 2.1.3-b.1: of a sign-in on a device that is new, its member is told in the end.
    fn is_warned(&self, name: &str, phone: &str) {
        let count = self.begins();
        self.market.browser().signs_in(name, PASSWORD);
        if self.is("partner", "sms") {
            self.in_time("the fault", MINUTE, || self.left() < count);
        }
        self.ends();
        self.in_time("the warning", 10 * MINUTE, || {
            let messages = self.market.ask(&format!("{}/sms/messages?phone=%2B86{phone}", self.market.sandbox));
            messages.contains("sign_in_warning")
        });
    }

    /// Orders, and pays at a cashier; the fault strikes meanwhile, or does not. The order, when it is paid.
    fn orders_and_pays(&self, buyer: &mut Browser, strikes: bool) -> String {
        let Good { product, variant, minimum } = self.good.clone();
        buyer.get(&format!("/en/product/{product}")).shows(&["qty-"]);
        let (field, quantity) = (format!("qty-{variant}"), minimum.to_string());
        buyer.send("/cart/add", &[(&field, &quantity), ("then", "cart")]).shows(&["/cart/set"]);
        buyer.get("/en/checkout").shows(&["once"]);
        let place = [
            ("to", "own"),
            ("consignee_name", "Wang Wei"),
            ("consignee_phone", "13977310021"),
            ("consignee_address", "1 Harbour Street, Yiwu, Zhejiang"),
        ];
        buyer.send("/checkout", &place).shows(&["Pay"]);
        let pay = buyer.url.split("/en").nth(1).expect("a path").to_owned();
        let order = buyer.find(r#"href="/en/orders/([0-9a-f-]{36})""#);
        if strikes {
            self.begins();
        }
        let mut presses = 1;
        self.pays(buyer, &pay);
        let mut told = self.unpaid(buyer, &order, &pay);
        if strikes {
            self.goes_on(1);
            told = self.unpaid(buyer, &order, &pay);
            self.ends();
        }
        for _ in 0..30 {
            match told {
                Unpaid::Paid => {
                    self.old_news_comes();
                    assert_eq!(self.unpaid(buyer, &order, &pay), Unpaid::Paid, "{}", self.fault);
                    return order;
                }
                // It was told to the buyer, who pays once more.
                Unpaid::GivenBack if presses == 1 => {
                    presses += 1;
                    self.pays(buyer, &pay);
                }
                Unpaid::Refused => self.operator_asks_again(),
                Unpaid::Waits | Unpaid::GivenBack | Unpaid::GoesBack => {
                    if !self.comes(|| self.unpaid(buyer, &order, &pay) != told) {
                        self.market.clock_moves(10 * MINUTE);
                    }
                }
            }
            told = self.unpaid(buyer, &order, &pay);
        }
        panic!("{}: what was paid is not: {told:?}", self.fault);
    }

    fn pays(&self, buyer: &mut Browser, pay: &str) {
        buyer.get(&format!("/en{pay}")).shows(&["Please pay within"]);
        buyer.send(pay, &[]);
        assert!(buyer.url.starts_with(&self.market.sandbox), "at the cashier: {}", buyer.url);
        if buyer.status == 503 && self.is("kind", "down") {
            // No cashier today: back on our page the payer finds the way to it again.
            buyer.get(&format!("{}/en{pay}", self.market.base)).shows(&["Please pay within", "do not pay again"]);
            self.ends();
            buyer.send(pay, &[]);
            self.begins();
        }
        let form = buyer.url.rsplit('/').next().expect("a name").to_owned();
        // The cashier sends the browser back.
        buyer.send(&form, &[("payer", "0"), ("act", "pay")]).shows(&["Payment"]);
        assert!(buyer.url.ends_with(pay), "{}: {}", self.fault, buyer.url);
    }

    /// How it stands with an order whose payer was at the cashier.
    fn unpaid(&self, buyer: &mut Browser, order: &str, pay: &str) -> Unpaid {
        let state = self.stands(buyer, order);
        if state == "Paid" {
            for (language, words) in [("zh", "已通知卖家发货"), ("en", "The sellers are told to ship")] {
                self.reads(buyer, &format!("/{language}{pay}"));
                buyer.shows(&[words]);
            }
            return Unpaid::Paid;
        }
        assert_eq!(state, "To pay", "{}", self.fault);
        // The page may have come a moment after the order's.
        let said = buyer.get(&format!("/en{pay}")).shows(&[]).text.clone();
        let says = |words: &str| said.contains(words);
        if says("The sellers are told to ship") {
            return self.unpaid(buyer, order, pay);
        }
        let told = if says("reported another amount") {
            let far = BACK.iter().rposition(|back| says(back[0]));
            let far = far.unwrap_or_else(|| panic!("{}: where is the money?", self.fault));
            [Unpaid::GoesBack, Unpaid::GivenBack, Unpaid::Refused][far]
        } else {
            assert!(says("do not pay again"), "{}: the payer is told nothing", self.fault);
            Unpaid::Waits
        };
        // Whoever looks at the order reads the same, in both languages, unless it went on meanwhile.
        let words = match told {
            Unpaid::Waits => ["do not pay again", "请勿重复付款"],
            _ => ["goes back to you", "将退还给您"],
        };
        for (language, (words, state)) in ["en", "zh"].into_iter().zip(words.into_iter().zip(STANDS[0].state)) {
            let went_on = buyer.get(&format!("/{language}/orders/{order}")).find(BADGE) != state;
            assert!(went_on || buyer.text.contains(words), "{}: {} does not say {words}", self.fault, buyer.url);
        }
        told
    }

    /// 2.3.3-a.1: the money comes back, once, and no parcel goes out; unless the platform was quicker, and it goes its way.
    fn calls_off(&self, buyer: &mut Browser, order: &str) -> bool {
        let parcels = self.parcels().len();
        let count = self.begins();
        if self.is("partner", "logistics") {
            self.asks_for_waybill(order);
            wait_until("the waybill, or a fault", || {
                (self.left() < count || self.stands(buyer, order) == "Shipped").then_some(())
            });
        }
        buyer.get(&format!("/en/orders/{order}"));
        if buyer.text.contains("Call off and refund") {
            buyer.send("/refund", &[]).shows(&[]);
        }
        if self.stands(buyer, order) == "Shipped" {
            self.ends();
            self.arrives(buyer, order);
            return false;
        }
        self.money_back(buyer, order);
        self.goes_on(7);
        self.money_back(buyer, order);
        self.ends();
        self.in_time("the money", 10 * MINUTE, || match self.money_back(buyer, order) {
            far if far == BACK[2][0] => {
                self.operator_asks_again();
                false
            }
            far => far == BACK[1][0],
        });
        self.in_time("the waybill's end", 10 * MINUTE, || {
            self.parcels().values().skip(parcels).all(|parcel| parcel["cancelled"] == true)
        });
        self.old_news_comes();
        assert_eq!(self.money_back(buyer, order), BACK[1][0], "{}", self.fault);
        true
    }

    fn asks_for_waybill(&self, order: &str) {
        let mut seller = Browser::of(self.market, &self.seller);
        seller.get(&format!("/en/sell/orders/{order}")).shows(&["Get waybill"]);
        seller.send("/ship", &[("carrier", "sf"), ("weight", "4")]).shows(&[]);
    }

    fn ships(&self, buyer: &mut Browser, order: &str) {
        let count = self.begins();
        self.asks_for_waybill(order);
        if self.is("partner", "logistics") && self.is("on", "answer") {
            self.in_time("the fault", MINUTE, || self.left() < count);
        }
        self.stands(buyer, order);
        self.goes_on(7);
        self.stands(buyer, order);
        self.ends();
        self.in_time("the waybill", 10 * MINUTE, || self.stands(buyer, order) == "Shipped");
    }

    /// The parcel goes its way, and the buyer confirms.
    fn arrives(&self, buyer: &mut Browser, order: &str) {
        self.begins();
        for _ in 0..5 {
            self.market.parcels_move();
        }
        self.stands(buyer, order);
        self.goes_on(7);
        self.stands(buyer, order);
        self.ends();
        // Nobody waits for the news of the platform for longer than half a day.
        self.in_time("the delivery", HOUR, || self.stands(buyer, order) == "Delivered");
        buyer.get(&format!("/en/orders/{order}"));
        buyer.send("/confirm", &[]).shows(&["The trade is completed"]);
        self.old_news_comes();
        assert_eq!(self.stands(buyer, order), "Completed", "{}", self.fault);
    }

    /// The seller gets the money, once.
    fn is_paid_out(&self) {
        let mut seller = Browser::of(self.market, &self.seller);
        self.begins();
        seller.get("/en/sell/money").shows(&["Payouts"]);
        if seller.text.contains("/sell/money/pay-out") {
            seller.send("/sell/money/pay-out", &[]).shows(&[]);
        }
        self.reads(&mut seller, "/zh/sell/money");
        self.goes_on(7);
        self.reads(&mut seller, "/en/sell/money");
        self.ends();
        self.in_time("the payout", 10 * MINUTE, || {
            seller.get("/en/sell/money").shows(&[]);
            if seller.text.contains("/sell/money/pay-out") {
                seller.send("/sell/money/pay-out", &[]);
                return false;
            }
            seller.text.contains(">arrived</span>") && !seller.text.contains(">under way</span>")
        });
    }

    // --- in the end -------------------------------------------------------------------------------------------------

    /// The sandbox's book.
    fn book(&self) -> Vec<Value> {
        let mut lines: Vec<Value> = Vec::new();
        loop {
            let after = lines.last().map_or(0, |line| line["n"].as_u64().expect("a number"));
            let more = self.market.ask(&format!("{}/admin/book?after={after}", self.market.sandbox));
            let more: Vec<Value> = serde_json::from_str(&more).expect("a list");
            if more.is_empty() {
                return lines;
            }
            lines.extend(more);
        }
    }

    /// The parcels as they stand, eldest first: their references have the time in front.
    fn parcels(&self) -> BTreeMap<String, Value> {
        let parcels = self.book().into_iter().filter(|line| line["what"] == "parcel");
        parcels.map(|line| (word(&line, "parcel_ref").to_owned(), line)).collect()
    }

    /// What the payment company took, gave back and paid out is what our books say, and what was bought.
    fn adds_up(&self, program: &mut Program) {
        self.old_news_comes();
        let book = self.book();
        let given_up = book.iter().find(|line| line["state"] == "given_up");
        assert_eq!(given_up, None, "the marketplace took what it was told");
        let last = |what: &str, name: &str| -> BTreeMap<String, &Value> {
            book.iter().filter(|line| line["what"] == what).map(|line| (word(line, name).to_owned(), line)).collect()
        };
        let (trades, transfers) = (last("trade", "out_trade_no"), last("transfer", "out_biz_no"));
        let taken: i64 = trades.values().filter(|trade| !trade["paid_at"].is_null()).map(|t| amount(&t["total"])).sum();
        let refunds = trades.values().flat_map(|trade| trade["refunds"].as_array().expect("a list"));
        let given_back: i64 = refunds.map(|refund| amount(&refund["amount"])).sum();
        let paid_out: i64 = transfers.values().map(|transfer| amount(&transfer["amount"])).sum();

        let mut bought = BTreeSet::new();
        let (mut goods, mut commission) = (0, 0);
        for order in &self.totals {
            assert!(bought.insert(order.clone()), "an order ends once");
            let shown = program.must("GET", &self.market.base, &format!("/sell/orders/{order}"), None);
            assert_eq!(shown["order"]["state"], "completed", "{shown}");
            goods += amount(&shown["order"]["total"]["minor"]);
            commission += amount(&shown["commission"]["minor"]);
        }
        assert_eq!(taken - given_back, goods, "nobody paid twice, or for nothing");
        assert_eq!(paid_out, goods - commission, "the seller got the money, once");

        let totals = load::by_library(self.market, async |vault| {
            vault.data().read(|r| trade::settlement::totals::<()>(r)).await.expect("the books")
        });
        let on =
            |account: Account| totals.iter().filter(|total| total.account == account).map(|t| t.amount).sum::<i64>();
        assert_eq!((on(Account::Provider), on(Account::PaidOut)), (given_back - taken, paid_out));
        assert_eq!((on(Account::Held), on(Account::Seller), on(Account::Commission)), (0, 0, commission));

        // The nightly check finds nothing more to tell.
        self.market.clock_moves(HOUR * 48);
        let checked = || {
            load::by_library(self.market, async |vault| {
                vault.data().read(|r| trade::jobs::checked::<()>(r, 60)).await.expect("the checks")
            })
        };
        let days = checked().len();
        self.in_time("a check of the books", HOUR * 6, || checked().len() >= days + 2);
        let checks = checked();
        assert!(checks.iter().all(|check| check.trial_balance == 0), "{checks:?}");
        assert!(checks[0].differences.is_empty(), "{checks:?}");
    }
}

fn amount(value: &Value) -> i64 {
    value.as_i64().expect("an amount")
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unpaid {
    Paid,
    /// The payment company has not told yet.
    Waits,
    /// Another amount came, which goes back.
    GoesBack,
    GivenBack,
    /// Another amount came, and does not go back by itself.
    Refused,
}

/// What a person sees of a page.
fn visible(page: &str) -> String {
    let inside = page.split("<main").nth(1).and_then(|rest| rest.split("</main>").next()).unwrap_or(page);
    Regex::new(r"<[^>]*>").expect("a pattern").replace_all(inside, " ").into_owned()
}
