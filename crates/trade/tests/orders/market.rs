//! A marketplace in one test: shops, goods, buyers, and the way from the cart to the order.

use catalogue::policy::{category, price_tier, product, shop, variant};
use catalogue::shop::Seller;
use db::clock::DAY;
use db::{Engine, Failed, Id, Read, Stop, Tx};
use diesel::prelude::*;
use policy::fields::OrderNote;
use policy::{Entered, Field, Language, Typed};
use trade::address::Place;
use trade::cart::{self, Cart, Wanted};
use trade::checkout::{self, Destination, NewOrder, Once, Placed};
use trade::policy::purchase_order;
use trade::state::{self, OrderState};
use trade::{Buyer, NotReady, Refused, Terms, settlement};
use vault::testing::TestVault;
use vault::{Access, PersonKind};

pub fn migrations() -> Vec<db::Migrations> {
    vec![
        vault::policy::migrations(),
        member::policy::migrations(),
        catalogue::policy::migrations(),
        trade::policy::migrations(),
    ]
}

pub struct Market {
    pub v: TestVault,
    runtime: tokio::runtime::Runtime,
}

/// Runs a test on SQLite and on PostgreSQL.
pub fn each(test: impl Fn(&Market)) {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        eprintln!("on {engine:?}:");
        test(&Market::open(engine));
    }
}

pub fn entered<F: Field<Value = String>>(text: &str) -> Entered<F> {
    Entered::parse(&Typed::new(text)).unwrap_or_else(|invalid| panic!("{text}: {invalid:?}"))
}

/// The three that a delivery needs, and no more.
pub fn place(name: &str, phone: &str, address: &str) -> Place {
    Place { name: entered(name), phone: entered(phone), alt_phone: None, place: entered(address) }
}

pub fn chen() -> Place {
    place("陈小明", "13800138000", "浙江省义乌市稠州北路1000号")
}

pub fn li() -> Place {
    place("李大海", "13900139000", "江苏省苏州市观前街88号")
}

/// One product with its variants, in the order of their making.
pub struct Made {
    pub id: Id,
    pub variants: Vec<Id>,
}

impl Made {
    pub fn wanted(&self, variant: usize, quantity: i64) -> Wanted {
        Wanted { product: self.id.clone(), variant: self.variants[variant].clone(), quantity }
    }
}

/// What a buyer does at the checkout beside choosing an address.
#[derive(Default)]
pub struct AtCheckout {
    pub once: Option<Once>,
    pub total_seen: Option<i64>,
    pub assured: bool,
    pub notes: Vec<(Id, Entered<OrderNote>)>,
    pub wished_time: Option<Entered<policy::fields::DeliveryTime>>,
}

impl Market {
    pub fn open(engine: Engine) -> Market {
        let v = TestVault::open(engine, migrations);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let market = Market { v, runtime };
        market
            .write(|tx| {
                diesel::insert_into(category::table)
                    .values((
                        category::id.eq("buttons"),
                        category::name_en.eq("Buttons"),
                        category::name_zh.eq("纽扣"),
                        category::sort.eq(1),
                    ))
                    .execute(tx.db)?;
                Ok(())
            })
            .unwrap();
        market
    }

    pub fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    pub fn try_write<T: Send + 'static>(
        &self,
        command: impl Fn(&mut Tx) -> Result<T, Stop<Refused>> + Send + 'static,
    ) -> Result<T, Failed<Refused>> {
        self.v.data.db.write_now(command)
    }

    pub fn write<T: Send + 'static>(
        &self,
        command: impl Fn(&mut Tx) -> Result<T, Stop<Refused>> + Send + 'static,
    ) -> Result<T, Refused> {
        match self.try_write(command) {
            Ok(value) => Ok(value),
            Err(Failed::Refused(refused)) => Err(refused),
            Err(failed) => panic!("{failed}"),
        }
    }

    pub fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&mut Read) -> Result<T, Stop<Refused>> + Send + 'static,
    ) -> Result<T, Refused> {
        match self.v.data.db.read_now(query) {
            Ok(value) => Ok(value),
            Err(Failed::Refused(refused)) => Err(refused),
            Err(failed) => panic!("{failed}"),
        }
    }

    pub fn pass_days(&self, days: i64) {
        self.v.data.db.move_clock(days * DAY).unwrap();
    }

    /// Somebody signed in, with nothing of theirs in the database.
    pub fn buyer(&self) -> Buyer {
        let fresh = self.v.vault.keys().fresh_now().unwrap();
        let begun = fresh.clone();
        self.write(move |tx| begun.begin(tx, PersonKind::Member)).unwrap();
        Buyer::new(fresh.id().clone())
    }

    /// A shop with a flat freight in minor units, free from an amount of goods on.
    pub fn shop(&self, flat: i64, free_from: Option<i64>) -> Seller {
        let owner = self.buyer().member;
        let of = owner.clone();
        let id = self
            .write(move |tx| {
                let id = tx.id();
                diesel::insert_into(shop::table)
                    .values((
                        (
                            shop::id.eq(&id),
                            shop::owner.eq(&of),
                            shop::state.eq("open"),
                            shop::name_en.eq("Shop"),
                            shop::name_zh.eq("店铺"),
                            shop::intro_en.eq(""),
                            shop::intro_zh.eq(""),
                            shop::place_en.eq("Yiwu"),
                            shop::place_zh.eq("义乌"),
                        ),
                        (
                            shop::contact_name.eq("office"),
                            shop::contact_phone.eq("+8657185000000"),
                            shop::freight.eq(flat),
                            shop::freight_free_from.eq(free_from),
                            shop::ships_within_hours.eq(48),
                            shop::since_year.eq(1998),
                            shop::applied_at.eq(tx.now),
                            shop::decision.eq(""),
                            shop::version.eq(1),
                        ),
                    ))
                    .execute(tx.db)?;
                Ok(id)
            })
            .unwrap();
        Seller { member: owner, shop: id }
    }

    /// `tiers`: from so many units, minor units each. `variants`: surcharge and stock.
    pub fn product(&self, seller: &Seller, title: &str, tiers: &[(i64, i64)], variants: &[(i64, i64)]) -> Made {
        let (shop, title, tiers, variants) = (seller.shop.clone(), title.to_owned(), tiers.to_vec(), variants.to_vec());
        self.write(move |tx| {
            let id = tx.id();
            diesel::insert_into(product::table)
                .values((
                    (
                        product::id.eq(&id),
                        product::shop.eq(&shop),
                        product::category.eq("buttons"),
                        product::state.eq("listed"),
                        product::title_en.eq(&title),
                        product::title_zh.eq(format!("{title}纽扣")),
                        product::text_en.eq(""),
                        product::text_zh.eq(""),
                        product::unit_one.eq("piece"),
                        product::unit_many.eq("pieces"),
                        product::unit_zh.eq("个"),
                    ),
                    (
                        product::axis_en.eq("Colour"),
                        product::axis_zh.eq("颜色"),
                        product::attributes.eq("[]"),
                        product::minimum.eq(tiers[0].0),
                        product::price_low.eq(tiers[tiers.len() - 1].1),
                        product::price_high.eq(tiers[0].1),
                        product::sold.eq(0),
                        product::listed_at.eq(Some(tx.now)),
                        product::changed_at.eq(tx.now),
                        product::version.eq(1),
                    ),
                ))
                .execute(tx.db)?;
            for (from, price) in &tiers {
                diesel::insert_into(price_tier::table)
                    .values((
                        price_tier::product.eq(&id),
                        price_tier::from_quantity.eq(from),
                        price_tier::price.eq(price),
                    ))
                    .execute(tx.db)?;
            }
            let mut ids = Vec::new();
            for (n, (surcharge, stock)) in variants.iter().enumerate() {
                let own = tx.id();
                diesel::insert_into(variant::table)
                    .values((
                        variant::product.eq(&id),
                        variant::id.eq(&own),
                        variant::sku.eq(format!("{title}-{n}")),
                        variant::name_en.eq(format!("No. {n}")),
                        variant::name_zh.eq(format!("{n}号")),
                        variant::surcharge.eq(surcharge),
                        variant::stock.eq(stock),
                        variant::sort.eq(n as i64),
                        variant::gone.eq(false),
                        variant::changed_at.eq(tx.now),
                    ))
                    .execute(tx.db)?;
                ids.push(own);
            }
            Ok(Made { id, variants: ids })
        })
        .unwrap()
    }

    pub fn set_price(&self, made: &Made, from: i64, price: i64) {
        let id = made.id.clone();
        self.write(move |tx| {
            diesel::update(price_tier::table.find((&id, from))).set(price_tier::price.eq(price)).execute(tx.db)?;
            diesel::update(product::table.find(&id)).set(product::version.eq(product::version + 1)).execute(tx.db)?;
            Ok(())
        })
        .unwrap();
    }

    pub fn take_down(&self, made: &Made) {
        let id = made.id.clone();
        self.write(move |tx| {
            diesel::update(product::table.find(&id)).set(product::state.eq("down")).execute(tx.db)?;
            Ok(())
        })
        .unwrap();
    }

    pub fn stock(&self, made: &Made, variant: usize) -> i64 {
        let (product, id) = (made.id.clone(), made.variants[variant].clone());
        self.read(move |r| Ok(variant::table.find((&product, &id)).select(variant::stock).first(r.db)?)).unwrap()
    }

    pub fn add(&self, buyer: &Buyer, wanted: &[Wanted]) -> Result<(), Refused> {
        let (buyer, wanted) = (buyer.clone(), wanted.to_vec());
        self.write(move |tx| cart::add(tx, &buyer, &wanted))
    }

    pub fn cart(&self, buyer: &Buyer) -> Cart {
        let buyer = buyer.clone();
        self.read(move |r| cart::view(r, &buyer)).unwrap()
    }

    /// Orders what is chosen, as the form would.
    pub fn order(&self, buyer: &Buyer, to: Destination, at: AtCheckout) -> Result<Placed, Refused> {
        let (access, order) = self.form(buyer, to, at);
        self.send(buyer, &access, &order)
    }

    pub fn form(
        &self,
        buyer: &Buyer,
        to: Destination,
        at: AtCheckout,
    ) -> (Access<trade::policy::PlaceOrder>, NewOrder) {
        self.try_form(buyer, to, at).unwrap_or_else(|why| panic!("{why}"))
    }

    pub fn try_form(
        &self,
        buyer: &Buyer,
        to: Destination,
        at: AtCheckout,
    ) -> Result<(Access<trade::policy::PlaceOrder>, NewOrder), NotReady> {
        let who = buyer.clone();
        let shown = self.read(move |r| cart::view_chosen(r, &who)).unwrap().total;
        let assured = at.assured.then_some(Language::Zh);
        let (access, delivery) = self.wait(checkout::prepare(&self.v.vault, buyer, to, assured))?;
        let order = NewOrder {
            once: at.once.unwrap_or_else(Once::draw),
            total_seen: at.total_seen.unwrap_or(shown),
            delivery,
            wished_time: at.wished_time,
            notes: at.notes,
        };
        Ok((access, order))
    }

    pub fn send(
        &self,
        buyer: &Buyer,
        access: &Access<trade::policy::PlaceOrder>,
        order: &NewOrder,
    ) -> Result<Placed, Refused> {
        let (buyer, access, order) = (buyer.clone(), access.clone(), order.clone());
        self.write(move |tx| checkout::place_order(tx, &Terms::shipped(), &buyer, &access, &order))
    }

    /// Puts it in the cart and orders it to oneself.
    pub fn buy(&self, buyer: &Buyer, wanted: &[Wanted]) -> Placed {
        self.add(buyer, wanted).unwrap();
        self.order(buyer, Destination::Own(chen()), AtCheckout::default()).unwrap()
    }

    pub fn step(&self, order: &Id, to: OrderState) -> Result<(), Refused> {
        let order = order.clone();
        self.write(move |tx| state::step(tx, &order, to).map(|_| ()))
    }

    /// As the payment company's news would: paid, and the money held.
    pub fn pay(&self, order: &Id) {
        let order = order.clone();
        self.write(move |tx| {
            let paid = state::step(tx, &order, OrderState::Paid)?;
            settlement::hold(tx, &order, &paid.shop, paid.total, &paid.currency)?;
            Ok(())
        })
        .unwrap();
    }

    pub fn state(&self, order: &Id) -> OrderState {
        let order = order.clone();
        let state: String = self
            .read(move |r| Ok(purchase_order::table.find(&order).select(purchase_order::state).first(r.db)?))
            .unwrap();
        OrderState::parse(&state).unwrap()
    }

    pub fn number(&self, sql: &str) -> i64 {
        #[derive(QueryableByName)]
        struct N {
            #[diesel(sql_type = diesel::sql_types::BigInt)]
            n: i64,
        }
        let sql = format!("select cast(({sql}) as bigint) as n");
        self.read(move |r| Ok(diesel::sql_query(sql).get_result::<N>(r.db)?.n)).unwrap()
    }

    /// Everything that an order could have changed, in one line.
    pub fn everything(&self) -> String {
        let tables = [
            "checkout",
            "purchase_order",
            "order_line",
            "consignee",
            "assurance",
            "person",
            "address",
            "outbox",
            "cart_item",
        ];
        let mut counts: Vec<String> = tables
            .iter()
            .map(|table| format!("{table} {}", self.number(&format!("select count(*) from {table}"))))
            .collect();
        counts.push(format!("stock {}", self.number("select coalesce(sum(stock), 0) from variant")));
        counts.push(format!("in cart {}", self.number("select coalesce(sum(quantity), 0) from cart_item")));
        counts.join(", ")
    }
}
