//! A marketplace in one test: data and keys on one engine, the jobs run by hand, the partners' sandbox over HTTP, and a
//! listener that collects what the partners send unasked, so that a test decides when, how often and in which order it
//! arrives.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use catalogue::Both;
use catalogue::policy::{category, price_tier, product, variant};
use catalogue::price::Freight;
use catalogue::shop::{Application, Contact, Decision, Face, Representative, Seller};
use db::clock::{DAY, HOUR, MINUTE};
use db::{Engine, Failed, Id, Jobs, Read, Stop, Tx};
use diesel::prelude::*;
use partners::alipay::{Alipay, Cashier};
use partners::logistics::{Logistics, PushHeaders};
use partners::sandbox::{self, SandboxKeys, SandboxOptions};
use policy::{Entered, Typed};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use trade::address::Place;
use trade::cart::Wanted;
use trade::checkout::{Destination, NewOrder, Once, Placed};
use trade::jobs::{Context, HANDLERS, Partners};
use trade::payment::{Begun, Noted};
use trade::policy::{DeliverGoods, TakePayment};
use trade::settlement::{self, Account, TrialBalance};
use trade::shipping::{NewParcel, ParcelKind, Tracked};
use trade::state::OrderState;
use trade::{Buyer, Refused, Terms, order, payment, shipping};
use vault::testing::TestVault;
use vault::{Actor, PersonKind};

pub fn migrations() -> Vec<db::Migrations> {
    vec![
        vault::policy::migrations(),
        member::policy::migrations(),
        catalogue::policy::migrations(),
        trade::policy::migrations(),
    ]
}

/// Runs a test on SQLite and on PostgreSQL, each with a sandbox of its own.
pub fn each_engine(test: impl Fn(&World)) {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        eprintln!("on {engine:?}:");
        test(&World::open(engine));
    }
}

/// What a partner sent unasked, as it came.
pub struct Pushed {
    headers: HeaderMap,
    pub body: Vec<u8>,
}

type Inbox = Mutex<Receiver<Pushed>>;

pub struct World {
    pub jobs: Jobs,
    pub alipay: Arc<Alipay>,
    pub logistics: Arc<Logistics>,
    pub terms: Terms,
    pub base: String,
    notifications: Inbox,
    pushes: Inbox,
    http: ureq::Agent,
    // Dropped in this order: the sandbox and the listener, then the databases.
    _sandbox: sandbox::Running,
    _runtime: tokio::runtime::Runtime,
    pub vault: TestVault,
    _folder: tempfile::TempDir,
}

async fn collect(State(inbox): State<Sender<Pushed>>, headers: HeaderMap, body: Bytes) -> (StatusCode, &'static str) {
    // Noted towards the partner at once, so that it does not repeat by itself what a test repeats.
    let gone = inbox.send(Pushed { headers, body: body.to_vec() }).is_err();
    (if gone { StatusCode::GONE } else { StatusCode::OK }, partners::alipay::NOTED)
}

impl World {
    pub fn open(engine: Engine) -> World {
        let vault = TestVault::open(engine, migrations);
        // Two in the afternoon in China, whenever the test runs: bills come by the hour.
        let since = (vault.data.db.now() - 6 * HOUR).rem_euclid(DAY);
        vault.data.db.move_clock(DAY - since).expect("the clock moves");
        let folder = tempfile::tempdir().expect("a folder");
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
        let own = vault.data.db.clone();
        let clock: partners::Clock = Arc::new(move || own.now());
        let options = SandboxOptions {
            push_schedule: vec![],
            clock: clock.clone(),
            ..SandboxOptions::demo(([127, 0, 0, 1], 0).into(), folder.path())
        };
        let keys = SandboxKeys::ensure(&folder.path().join("keys")).expect("keys");
        let (notified, notifications) = channel();
        let (pushed, pushes) = channel();
        let (sandbox, listener) = runtime.block_on(async {
            let sandbox = sandbox::start(options).await.expect("the sandbox starts");
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
            (sandbox, listener)
        });
        let here = format!("http://{}", listener.local_addr().expect("an address"));
        let routes = axum::Router::new()
            .route("/notify", post(collect).with_state(notified))
            .route("/track", post(collect).with_state(pushed));
        runtime.spawn(async move { axum::serve(listener, routes).await });
        let base = sandbox.base();
        let partner = |name| sandbox::demo_partner(name, clock());
        let payment_company = keys.alipay_config(&base, &format!("{here}/notify"), partner("Pay")).expect("keys");
        let platform = keys.logistics_config(&base, &format!("{here}/track"), partner("Parcels"));
        let alipay = Arc::new(Alipay::new(payment_company, clock.clone()));
        let logistics = Arc::new(Logistics::new(platform, clock));
        let terms = Terms::shipped();
        let context = Context {
            vault: vault.vault.clone(),
            partners: Partners { alipay: alipay.clone(), logistics: logistics.clone() },
            terms: terms.clone(),
        };
        let jobs = Jobs::start(vault.data.db.clone(), HANDLERS.to_vec(), Arc::new(context), 0).expect("jobs");
        let http = ureq::Agent::config_builder()
            .max_redirects(0)
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(10)))
            .build()
            .new_agent();
        let world = World {
            jobs,
            alipay,
            logistics,
            terms,
            base,
            notifications: Mutex::new(notifications),
            pushes: Mutex::new(pushes),
            http,
            _sandbox: sandbox,
            _runtime: runtime,
            vault,
            _folder: folder,
        };
        world.write(|tx| {
            diesel::insert_into(category::table)
                .values((
                    category::id.eq("buttons"),
                    category::name_en.eq("Buttons"),
                    category::name_zh.eq("纽扣"),
                    category::sort.eq(1),
                ))
                .execute(tx.db)?;
            Ok(())
        });
        world
    }

    // --- the database -------------------------------------------------------------------------------------------

    pub fn try_write<T: Send + 'static>(
        &self,
        command: impl Fn(&mut Tx) -> Result<T, Stop<Refused>> + Send + 'static,
    ) -> Result<T, Refused> {
        match self.vault.data.db.write_now(command) {
            Ok(done) => Ok(done),
            Err(Failed::Refused(refused)) => Err(refused),
            Err(failed) => panic!("{failed}"),
        }
    }

    pub fn write<T: Send + 'static>(
        &self,
        command: impl Fn(&mut Tx) -> Result<T, Stop<Refused>> + Send + 'static,
    ) -> T {
        self.try_write(command).unwrap_or_else(|refused| panic!("refused: {refused:?}"))
    }

    pub fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&mut Read) -> Result<T, Stop<Refused>> + Send + 'static,
    ) -> T {
        self.vault.data.db.read_now(query).unwrap_or_else(|failed| panic!("{failed}"))
    }

    pub fn pass(&self, micros: i64) {
        self.vault.data.db.move_clock(micros).expect("the clock moves");
    }

    /// Runs what is due now; the books must balance afterwards.
    pub fn run(&self) {
        self.jobs.run_due_now().expect("jobs run");
        self.check();
    }

    /// Runs what is due, through the pauses between tries, for as long as `micros` (in steps of ten minutes).
    pub fn run_for(&self, micros: i64) {
        let mut left = micros;
        self.run();
        while left > 0 {
            let step = left.min(10 * MINUTE);
            self.pass(step);
            self.run();
            left -= step;
        }
    }

    /// The trial balance is zero, every entry balances, nobody's balance is below zero. Returns the totals.
    pub fn check(&self) -> BTreeMap<Account, i64> {
        let balance: TrialBalance = self.read(|r| settlement::trial_balance(r));
        assert!(balance.holds(), "{balance:?}");
        let totals = self.read(|r| settlement::totals(r));
        let mut of: BTreeMap<Account, i64> = Account::ALL.into_iter().map(|account| (account, 0)).collect();
        for total in totals {
            assert_eq!(total.currency, "CNY");
            of.insert(total.account, total.amount);
        }
        assert_eq!(of.values().sum::<i64>(), 0);
        of
    }

    pub fn state(&self, id: &Id) -> OrderState {
        use trade::policy::purchase_order;
        let id = id.clone();
        let state: String =
            self.read(move |r| Ok(purchase_order::table.find(&id).select(purchase_order::state).first(r.db)?));
        OrderState::parse(&state).expect("a state")
    }

    // --- people and goods ---------------------------------------------------------------------------------------

    pub fn person(&self) -> Id {
        let fresh = self.vault.vault.keys().fresh_now().expect("keys");
        let begun = fresh.clone();
        self.write(move |tx| begun.begin(tx, PersonKind::Member));
        fresh.id().clone()
    }

    pub fn buyer(&self) -> Buyer {
        Buyer::new(self.person())
    }

    /// A shop that asks 8.00 of freight, with its payouts going to `account`.
    pub fn seller(&self, account: &str) -> Seller {
        let member = self.person();
        let application = Application {
            face: Face {
                name: both("Yiwu Buttons", "义乌纽扣"),
                intro: both("Buttons since 1998", "专业纽扣"),
                place: both("Yiwu", "义乌"),
                freight: Freight { flat: 800, free_from: None },
                ships_within_hours: 48,
                since_year: 1998,
            },
            contact: Contact { name: entered("sales office"), phone: entered("0579-85001234") },
            representative: Representative::Myself,
            representative_name: entered("王掌柜"),
            settlement_account: entered(account),
        };
        let access = self.vault.vault.access_now(&Actor::own(&member), std::slice::from_ref(&member)).expect("access");
        let owner = member.clone();
        let shop = self.vault.data.db.write_now(move |tx| {
            let shop = catalogue::shop::apply(tx, &owner, &access, &application)?;
            catalogue::shop::decide(tx, &Actor::job("test"), &shop, &Decision::Approve)?;
            Ok(shop)
        });
        Seller { member, shop: shop.unwrap_or_else(|failed| panic!("{failed}")) }
    }

    pub fn change_account(&self, seller: &Seller, account: &str) {
        let access = self
            .vault
            .vault
            .access_now(&Actor::own(&seller.member), std::slice::from_ref(&seller.member))
            .expect("access");
        let (seller, account) = (seller.clone(), entered(account));
        let proven = member::testing::proven(&seller.member);
        let changed =
            self.vault.data.db.write_now(move |tx| {
                catalogue::shop::change_settlement_account(tx, &seller, &proven, &access, &account)
            });
        changed.unwrap_or_else(|failed| panic!("{failed}"));
    }

    /// Something for sale at `price` a piece, a thousand of it; returns product and variant.
    pub fn goods(&self, seller: &Seller, price: i64) -> (Id, Id) {
        let shop = seller.shop.clone();
        self.write(move |tx| {
            let (id, of) = (tx.id(), tx.id());
            diesel::insert_into(product::table)
                .values((
                    (
                        product::id.eq(&id),
                        product::shop.eq(&shop),
                        product::category.eq("buttons"),
                        product::state.eq("listed"),
                        product::title_en.eq("Horn button"),
                        product::title_zh.eq("牛角扣"),
                        product::text_en.eq(""),
                        product::text_zh.eq(""),
                        product::unit_one.eq("piece"),
                        product::unit_many.eq("pieces"),
                        product::unit_zh.eq("个"),
                    ),
                    product::axis_en.eq("size"),
                    product::axis_zh.eq("尺寸"),
                    product::attributes.eq("[]"),
                    product::minimum.eq(1),
                    product::price_low.eq(price),
                    product::price_high.eq(price),
                    product::sold.eq(0),
                    product::listed_at.eq(Some(tx.now)),
                    product::changed_at.eq(tx.now),
                    product::version.eq(1),
                ))
                .execute(tx.db)?;
            diesel::insert_into(variant::table)
                .values((
                    variant::product.eq(&id),
                    variant::id.eq(&of),
                    variant::sku.eq("HB-15"),
                    variant::name_en.eq("15 mm"),
                    variant::name_zh.eq("15 毫米"),
                    variant::surcharge.eq(0),
                    variant::stock.eq(1_000),
                    variant::sort.eq(1),
                    variant::gone.eq(false),
                    variant::changed_at.eq(tx.now),
                ))
                .execute(tx.db)?;
            diesel::insert_into(price_tier::table)
                .values((price_tier::product.eq(&id), price_tier::from_quantity.eq(1), price_tier::price.eq(price)))
                .execute(tx.db)?;
            Ok((id, of))
        })
    }

    pub fn stock(&self, goods: &(Id, Id)) -> i64 {
        let key = goods.clone();
        self.read(move |r| Ok(variant::table.find((&key.0, &key.1)).select(variant::stock).first(r.db)?))
    }

    pub fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self._runtime.block_on(future)
    }

    // --- ordering and paying ------------------------------------------------------------------------------------

    pub fn place(&self, buyer: &Buyer, goods: &[((Id, Id), i64)]) -> Placed {
        self.place_to(buyer, goods, CONSIGNEE)
    }

    /// Places an order for `[name, phone, address]`.
    pub fn place_to(&self, buyer: &Buyer, goods: &[((Id, Id), i64)], consignee: [&str; 3]) -> Placed {
        let [name, phone, address] = consignee;
        let place = Place { name: entered(name), phone: entered(phone), alt_phone: None, place: entered(address) };
        self.place_at(buyer, goods, Destination::Own(place), None)
    }

    /// As `place_to`, to somebody else, on the buyer's word.
    pub fn place_to_another(&self, buyer: &Buyer, goods: &[((Id, Id), i64)], consignee: [&str; 3]) -> Placed {
        let [name, phone, address] = consignee;
        let place = Place { name: entered(name), phone: entered(phone), alt_phone: None, place: entered(address) };
        self.place_at(buyer, goods, Destination::Another(place), Some(policy::Language::Zh))
    }

    fn place_at(
        &self,
        buyer: &Buyer,
        goods: &[((Id, Id), i64)],
        to: Destination,
        assured: Option<policy::Language>,
    ) -> Placed {
        let ready = trade::checkout::prepare(&self.vault.vault, buyer, to, assured);
        let (access, delivery) = self.wait(ready).expect("access");
        let wanted: Vec<Wanted> = goods
            .iter()
            .map(|((product, variant), quantity)| Wanted {
                product: product.clone(),
                variant: variant.clone(),
                quantity: *quantity,
            })
            .collect();
        let (once, terms, buyer) = (Once::draw(), self.terms.clone(), buyer.clone());
        self.write(move |tx| {
            trade::cart::add(tx, &buyer, &wanted)?;
            let total_seen = trade::cart::view_chosen(tx, &buyer)?.total;
            let new = NewOrder {
                once: once.clone(),
                total_seen,
                delivery: delivery.clone(),
                wished_time: Some(entered("weekdays")),
                notes: vec![],
            };
            trade::checkout::place_order(tx, &terms, &buyer, &access, &new)
        })
    }

    pub fn try_begin(&self, buyer: &Buyer, checkout: &Id) -> Result<Begun, Refused> {
        let access = self
            .vault
            .vault
            .access_now::<TakePayment>(&Actor::own(&buyer.member), std::slice::from_ref(&buyer.member))
            .expect("access");
        let (buyer, checkout) = (buyer.clone(), checkout.clone());
        self.try_write(move |tx| payment::begin(tx, &buyer, &access, &checkout))
    }

    pub fn begin(&self, buyer: &Buyer, checkout: &Id) -> Begun {
        self.try_begin(buyer, checkout).unwrap_or_else(|refused| panic!("refused: {refused:?}"))
    }

    /// The payer's browser goes to the cashier; returns the cashier's page.
    pub fn to_cashier(&self, begun: Begun) -> String {
        self.try_cashier(begun).expect("a redirect to the cashier")
    }

    /// As `to_cashier`; `None` where the payment company takes this payment no more.
    pub fn try_cashier(&self, begun: Begun) -> Option<String> {
        let way = begun.for_cashier("http://127.0.0.1/back".to_owned());
        let url = self.alipay.cashier_url(Cashier::Page, &way).expect("a cashier's address");
        let answer = self.http.get(&url).call().expect("the cashier answers");
        let location = answer.headers().get("location").and_then(|to| to.to_str().ok())?;
        Some(format!("{}{location}", self.base))
    }

    /// The payer presses 'pay' there.
    pub fn press_pay(&self, cashier: &str) {
        let answer = self.http.post(cashier).send_form([("act", "pay"), ("payer", "0")]).expect("the cashier answers");
        assert!(answer.status().as_u16() < 400, "{}", answer.status());
    }

    /// The whole way: begin, cashier, pay. The notification is left in the inbox. Returns the payment's number.
    pub fn pay(&self, buyer: &Buyer, checkout: &Id) -> String {
        let begun = self.begin(buyer, checkout);
        let number = begun.number.clone();
        let cashier = self.to_cashier(begun);
        self.press_pay(&cashier);
        number
    }

    /// The next notification that the payment company sent.
    pub fn notification(&self) -> Vec<u8> {
        let inbox = self.notifications.lock().expect("the inbox");
        inbox.recv_timeout(Duration::from_secs(20)).expect("a notification comes").body
    }

    /// Every notification that lies in the inbox now.
    pub fn waiting_notifications(&self) -> Vec<Vec<u8>> {
        let inbox = self.notifications.lock().expect("the inbox");
        std::iter::from_fn(|| inbox.try_recv().ok()).map(|pushed| pushed.body).collect()
    }

    /// Every notification so far, also those that are just under way.
    pub fn settled_notifications(&self) -> Vec<Vec<u8>> {
        let mut all = Vec::new();
        let end = Instant::now() + Duration::from_secs(30);
        loop {
            assert!(Instant::now() < end, "a push stays under way");
            let more = self.waiting_notifications();
            if more.is_empty() && self.pushes_under_way() == 0 {
                all.extend(self.waiting_notifications());
                return all;
            }
            all.extend(more);
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Pushes that the sandbox's book shows as still to be sent.
    fn pushes_under_way(&self) -> usize {
        let mut open: BTreeMap<String, bool> = BTreeMap::new();
        for line in self.book() {
            if line["what"] == "push" {
                let id = line["id"].as_str().unwrap_or_default().to_owned();
                open.insert(id, matches!(line["state"].as_str(), Some("waiting" | "held")));
            }
        }
        open.values().filter(|open| **open).count()
    }

    pub fn note(&self, body: &[u8]) -> Noted {
        let said = self.alipay.read_notification(body).expect("signed by the payment company");
        self.write(move |tx| payment::notified(tx, &said))
    }

    pub fn pay_and_note(&self, buyer: &Buyer, checkout: &Id) -> String {
        let number = self.pay(buyer, checkout);
        assert_eq!(self.note(&self.notification()), Noted::Paid);
        number
    }

    // --- shipping -----------------------------------------------------------------------------------------------

    pub fn try_ship(&self, seller: &Seller, order: &Id, carrier: &str) -> Result<Id, Refused> {
        let (own, of) = (seller.clone(), order.clone());
        let consignee =
            self.vault.data.db.read_now(move |r| shipping::consignee_for_seller(r, &own, &of)).map_err(|failed| {
                match failed {
                    Failed::Refused(refused) => refused,
                    other => panic!("{other}"),
                }
            })?;
        let actor = Actor::seller(&seller.member, &seller.shop);
        let access = self.vault.vault.access_now::<DeliverGoods>(&actor, &[consignee]).expect("access");
        let parcel = NewParcel { carrier: carrier.to_owned(), kind: ParcelKind::SmallParts, weight_grams: 4_200 };
        let (seller, order) = (seller.clone(), order.clone());
        self.try_write(move |tx| shipping::ship(tx, &seller, &access, &order, &parcel))
    }

    pub fn ship(&self, seller: &Seller, order: &Id) -> Id {
        self.try_ship(seller, order, "sf").unwrap_or_else(|refused| panic!("refused: {refused:?}"))
    }

    /// The courier moves the parcel one step, or to where `to` says.
    pub fn advance(&self, shipment: &Id, to: Option<&str>) {
        let mut wanted = json!({ "parcel_ref": shipment });
        if let Some(to) = to {
            wanted["to"] = to.into();
        }
        let answer = self.admin("/logistics/admin/advance", &wanted);
        assert_eq!(answer["moved"], json!([shipment]), "the parcel moves");
    }

    /// As `advance`; `false` where the courier has no such parcel, or it moves no more.
    pub fn try_advance(&self, shipment: &Id, to: &str) -> bool {
        let answer = self.admin("/logistics/admin/advance", &json!({ "parcel_ref": shipment, "to": to }));
        answer["moved"] == json!([shipment])
    }

    /// The next push of the waybill platform.
    pub fn push(&self) -> Pushed {
        let inbox = self.pushes.lock().expect("the inbox");
        inbox.recv_timeout(Duration::from_secs(20)).expect("a push comes")
    }

    pub fn read_push(
        &self,
        pushed: &Pushed,
    ) -> Result<partners::logistics::TrackingEvent, partners::logistics::PushRefused> {
        let header = |name: &str| pushed.headers.get(name).and_then(|value| value.to_str().ok());
        let headers = PushHeaders {
            id: header("webhook-id"),
            timestamp: header("webhook-timestamp"),
            signature: header("webhook-signature"),
        };
        self.logistics.read_push(headers, &pushed.body)
    }

    pub fn track(&self, pushed: &Pushed) -> Tracked {
        let event = self.read_push(pushed).expect("signed by the platform");
        let terms = self.terms.clone();
        self.write(move |tx| shipping::tracked(tx, &terms, &event))
    }

    pub fn deliver(&self, shipment: &Id) {
        self.advance(shipment, Some("delivered"));
        assert_eq!(self.track(&self.push()), Tracked::Moved);
    }

    /// Placed, paid, shipped, delivered, confirmed.
    pub fn trade_through(&self, buyer: &Buyer, seller: &Seller, goods: &[((Id, Id), i64)]) -> Placed {
        let placed = self.place(buyer, goods);
        self.pay_and_note(buyer, &placed.checkout);
        for made in &placed.orders {
            let shipment = self.ship(seller, &made.order);
            self.run();
            self.deliver(&shipment);
            let (buyer, order) = (buyer.clone(), made.order.clone());
            self.write(move |tx| order::confirm_receipt(tx, &buyer, &order));
        }
        self.check();
        placed
    }

    // --- the sandbox ----------------------------------------------------------------------------------------------

    fn admin(&self, path: &str, wanted: &Value) -> Value {
        let url = format!("{}{path}", self.base);
        let mut answer =
            self.http.post(&url).content_type("application/json").send(wanted.to_string()).expect("an answer");
        let text = answer.body_mut().read_to_string().expect("text");
        assert!(answer.status().is_success(), "{path}: {text}");
        serde_json::from_str(&text).expect("JSON")
    }

    pub fn fault(&self, partner: &str, kind: &str, on: &str, count: u32) {
        self.admin("/admin/faults", &json!({ "partner": partner, "kind": kind, "on": on, "count": count }));
    }

    /// As `fault`, where not every partner has every fault.
    pub fn try_fault(&self, partner: &str, kind: &str, on: &str, count: u32) {
        let wanted = json!({ "partner": partner, "kind": kind, "on": on, "count": count }).to_string();
        let url = format!("{}/admin/faults", self.base);
        self.http.post(&url).content_type("application/json").send(wanted).expect("an answer");
    }

    pub fn total(&self, order: &Id) -> i64 {
        use trade::policy::purchase_order;
        let id = order.clone();
        self.read(move |r| Ok(purchase_order::table.find(&id).select(purchase_order::total).first(r.db)?))
    }

    /// What the payment company took, gave back and paid out, by its own book.
    pub fn provider_totals(&self) -> (i64, i64, i64) {
        let mut trades: BTreeMap<String, (i64, i64)> = BTreeMap::new();
        let mut paid_out = 0;
        for line in self.book() {
            let amount = |value: &Value| value.as_i64().expect("an amount");
            if line["what"] == "trade" {
                let taken = if line["paid_at"].is_null() { 0 } else { amount(&line["total"]) };
                let refunds = line["refunds"].as_array().expect("a list");
                let back = refunds.iter().map(|refund| amount(&refund["amount"])).sum();
                trades.insert(line["out_trade_no"].to_string(), (taken, back));
            } else if line["what"] == "transfer" {
                paid_out += amount(&line["amount"]);
            }
        }
        (trades.values().map(|trade| trade.0).sum(), trades.values().map(|trade| trade.1).sum(), paid_out)
    }

    /// Every line of the sandbox's book.
    pub fn book(&self) -> Vec<Value> {
        let mut lines: Vec<Value> = Vec::new();
        loop {
            let after = lines.last().and_then(|line| line["n"].as_u64()).unwrap_or(0);
            let url = format!("{}/admin/book?after={after}", self.base);
            let text = self.http.get(&url).call().expect("the book").body_mut().read_to_string().expect("text");
            let page: Vec<Value> = serde_json::from_str(&text).expect("JSON");
            if page.is_empty() {
                return lines;
            }
            lines.extend(page);
        }
    }

    /// What came in at the sandbox by this call and was granted.
    pub fn received(&self, call: &str) -> Vec<Value> {
        let matching = |line: &Value| line["what"] == "received" && line["call"] == call && line["outcome"] == "ok";
        self.book().into_iter().filter(matching).map(|line| line["fields"].clone()).collect()
    }

    /// Compares our books with the payment company's, as every night, on the morning after.
    pub fn check_books(&self) -> trade::jobs::Checked {
        self.pass(DAY);
        self.run();
        let checked = self.read(|r| trade::jobs::checked(r, 1));
        checked.into_iter().next().expect("the books were checked")
    }
}

pub const CONSIGNEE: [&str; 3] = ["陈小明", "13800138000", "浙江省义乌市稠州北路1000号"];

pub fn entered<F: policy::Field<Value = String>>(text: &str) -> Entered<F> {
    Entered::parse(&Typed::new(text)).unwrap_or_else(|invalid| panic!("{text}: {invalid:?}"))
}

fn both(en: &str, zh: &str) -> Both {
    Both { en: en.to_owned(), zh: zh.to_owned() }
}
