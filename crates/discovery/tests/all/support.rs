//! What the tests share: a marketplace of one test with shops, categories and goods.

use std::cell::RefCell;
use std::convert::Infallible;
use std::io::Cursor;
use std::time::{Duration, Instant};

use catalogue::category::{self, NewCategory};
use catalogue::picture::{self, Stored};
use catalogue::policy::shop;
use catalogue::price::Tier;
use catalogue::product::{self, Attribute, NewPicture, NewProduct, NewVariant, Unit};
use catalogue::shop::{Decision, Seller};
use catalogue::{Both, Refused, SHOP_CHANGED, stock};
use db::testing::{Setup, TestDatabase, each_engine_with};
use db::{Database, Event, Id, Migrations, Stop};
use diesel::prelude::*;
use discovery::{Found, Index, Query, catch_up};
use vault::Actor;
use vault::policy::person;

/// What takes longer does not come.
pub const SOON: Duration = Duration::from_secs(30);

pub fn until(told: &str, holds: impl Fn() -> bool) {
    let end = Instant::now() + SOON;
    while !holds() {
        assert!(Instant::now() < end, "{told}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

pub const DAY: i64 = 24 * 60 * 60 * 1_000_000;

pub fn migrations() -> Vec<Migrations> {
    vec![vault::policy::migrations(), catalogue::policy::migrations()]
}

pub const SETUP: Setup = Setup { migrations, guard: None };

/// A marketplace with the categories `haberdashery` > `buttons`, `haberdashery` > `zips`, and `tools`.
pub struct Market {
    pub test: TestDatabase,
    picture: RefCell<Option<Stored>>,
}

pub fn each(test: impl Fn(&Market)) {
    each_engine_with(SETUP, |database| test(&Market::new(database)));
}

impl Market {
    fn new(test: TestDatabase) -> Market {
        let market = Market { test, picture: RefCell::new(None) };
        for (key, parent, en, zh) in [
            ("haberdashery", None, "Haberdashery", "辅料"),
            ("buttons", Some("haberdashery"), "Buttons", "纽扣"),
            ("zips", Some("haberdashery"), "Zip fasteners", "拉链"),
            ("tools", None, "Tools", "五金工具"),
        ] {
            market.write(move |tx| {
                let (key, parent) = (key.to_owned(), parent.map(str::to_owned));
                category::put(tx, &NewCategory { key, parent, name: Both::new(en, zh), sort: 0 })
            });
        }
        market
    }

    pub fn db(&self) -> &Database {
        &self.test.db
    }

    pub fn write<T: Send + 'static>(
        &self,
        command: impl Fn(&mut db::Tx) -> Result<T, Stop<Refused>> + Send + 'static,
    ) -> T {
        self.db().write_now(command).unwrap_or_else(|failed| panic!("{failed}"))
    }

    /// An index of its own directory, caught up.
    pub fn index(&self) -> (Index, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let index = Index::open(folder.path()).unwrap();
        catch_up(self.db(), &index).unwrap();
        (index, folder)
    }

    /// An open shop. Its papers are another crate's test.
    pub fn shop(&self, en: &str, zh: &str) -> Seller {
        self.shop_at(en, zh, "Yiwu", "义乌")
    }

    /// The same in a town.
    pub fn shop_at(&self, en: &str, zh: &str, place_en: &str, place_zh: &str) -> Seller {
        let (name, place) = (Both::new(en, zh), Both::new(place_en, place_zh));
        self.write(move |tx| {
            let (owner, id, now) = (tx.id(), tx.id(), tx.now);
            diesel::insert_into(person::table)
                .values((
                    person::id.eq(&owner),
                    person::kind.eq("member"),
                    person::state.eq("open"),
                    person::version.eq(1),
                    person::begun_at.eq(now),
                ))
                .execute(tx.db)?;
            diesel::insert_into(shop::table)
                .values((
                    (shop::id.eq(&id), shop::owner.eq(&owner), shop::state.eq("open"), shop::applied_at.eq(now)),
                    (
                        shop::name_en.eq(&name.en),
                        shop::name_zh.eq(&name.zh),
                        shop::intro_en.eq(""),
                        shop::intro_zh.eq(""),
                    ),
                    (shop::place_en.eq(&place.en), shop::place_zh.eq(&place.zh)),
                    (shop::contact_name.eq(""), shop::contact_phone.eq("")),
                    (shop::freight.eq(0), shop::ships_within_hours.eq(48), shop::since_year.eq(2020)),
                    (shop::decision.eq(""), shop::version.eq(1)),
                ))
                .execute(tx.db)?;
            Ok(Seller { member: owner, shop: id })
        })
    }

    pub fn decide(&self, shop: &Id, decision: Decision) {
        let shop = shop.clone();
        self.write(move |tx| catalogue::shop::decide(tx, &Actor::job("test"), &shop, &decision));
    }

    /// The shop is called otherwise from now on.
    pub fn rename(&self, seller: &Seller, en: &str, zh: &str) {
        let (id, name) = (seller.shop.clone(), Both::new(en, zh));
        self.write(move |tx| {
            diesel::update(shop::table.find(&id))
                .set((shop::name_en.eq(&name.en), shop::name_zh.eq(&name.zh)))
                .execute(tx.db)?;
            tx.emit(Event { kind: SHOP_CHANGED, about: id.clone(), body: serde_json::json!({}) });
            Ok(())
        });
    }

    /// For good.
    pub fn close(&self, seller: &Seller) {
        let seller = seller.clone();
        self.write(move |tx| catalogue::shop::close(tx, &seller));
    }

    pub fn publish(&self, seller: &Seller, goods: Goods) -> Id {
        let (seller, new) = (seller.clone(), goods.new_product(self.picture()));
        self.write(move |tx| Ok(product::publish(tx, &seller, &new)?.id))
    }

    pub fn edit(&self, seller: &Seller, id: &Id, version: i64, goods: Goods) {
        let (seller, id, new) = (seller.clone(), id.clone(), goods.new_product(self.picture()));
        self.write(move |tx| product::edit(tx, &seller, &id, version, &new).map(|_| ()));
    }

    pub fn take_down(&self, seller: &Seller, id: &Id) {
        let (seller, id) = (seller.clone(), id.clone());
        self.write(move |tx| product::take_down(tx, &seller, &id));
    }

    pub fn sell(&self, id: &Id, units: i64) {
        let id = id.clone();
        self.write(move |tx| stock::count_sold(tx, &mut [(id.clone(), id.clone(), units)]));
    }

    pub fn take(&self, id: &Id, units: i64) {
        let line = self.line(id, units);
        self.write(move |tx| stock::take(tx, &mut [line.clone()]));
    }

    pub fn give_back(&self, id: &Id, units: i64) {
        let line = self.line(id, units);
        self.write(move |tx| stock::give_back(tx, &mut [line.clone()]));
    }

    /// So many units of the product's first variant.
    fn line(&self, id: &Id, units: i64) -> stock::Line {
        let wanted = id.clone();
        let page = self
            .db()
            .read_now::<_, Infallible>(move |read| Ok(catalogue::view::product_page(read, &wanted)?))
            .unwrap()
            .unwrap();
        (id.clone(), page.variants[0].id.clone(), units)
    }

    /// Waits until all that is committed has its position, and returns the last.
    pub fn placed(&self) -> i64 {
        use db::policy::outbox;
        let waiting = || -> i64 {
            let waiting = outbox::table.filter(outbox::position.is_null()).count();
            self.db().read_now::<_, Infallible>(move |read| Ok(waiting.get_result(read.db)?)).unwrap()
        };
        until("all have their positions", || waiting() == 0);
        self.last_position()
    }

    pub fn last_position(&self) -> i64 {
        self.db().read_now::<_, Infallible>(|read| Ok(db::outbox::last_position(read.db)?)).unwrap()
    }

    fn picture(&self) -> Stored {
        self.picture
            .borrow_mut()
            .get_or_insert_with(|| {
                let mut png = Cursor::new(Vec::new());
                image::RgbImage::new(40, 40).write_to(&mut png, image::ImageFormat::Png).unwrap();
                picture::store(self.db().blobs(), png.get_ref()).unwrap()
            })
            .clone()
    }
}

/// Goods of a test; what it does not say is the same for all.
#[derive(Clone)]
pub struct Goods {
    pub title: (&'static str, &'static str),
    pub text: (&'static str, &'static str),
    pub category: &'static str,
    pub attribute: (&'static str, &'static str),
    /// From the minimum order on, and from ten times as many.
    pub prices: (i64, i64),
    pub minimum: i64,
    pub stock: i64,
}

pub const GOODS: Goods = Goods {
    title: ("Goods", "货"),
    text: ("As shown.", "如图。"),
    category: "tools",
    attribute: ("plain", "素"),
    prices: (200, 100),
    minimum: 10,
    stock: 1_000,
};

impl Goods {
    fn new_product(&self, picture: Stored) -> NewProduct {
        let both = |(en, zh): (&str, &str)| Both::new(en, zh);
        NewProduct {
            reference: String::new(),
            category: self.category.to_owned(),
            title: both(self.title),
            text: both(self.text),
            unit: Unit { one: "box".into(), many: "boxes".into(), zh: "盒".into() },
            axis: Both::new("Size", "尺寸"),
            attributes: vec![Attribute { name: Both::new("Kind", "种"), value: both(self.attribute) }],
            tiers: vec![
                Tier { from: self.minimum, price: self.prices.0 },
                Tier { from: self.minimum * 10, price: self.prices.1 },
            ],
            variants: vec![NewVariant { name: Both::new("one", "一"), stock: self.stock, ..NewVariant::default() }],
            pictures: vec![NewPicture::New(picture)],
        }
    }
}

pub fn words(words: &str) -> Query {
    Query { words: words.to_owned(), facets: true, ..Query::default() }
}

pub fn ids(found: &Found) -> Vec<Id> {
    found.cards.iter().map(|card| card.id.clone()).collect()
}

/// English titles of the cards, in order.
pub fn titles(found: &Found) -> Vec<&str> {
    found.cards.iter().map(|card| card.title.en.as_str()).collect()
}
