//! Shops and goods for tests, on either engine. Feature `testing`; never in a release.

use std::sync::Arc;

use ::policy::{Entered, Typed};
use db::{Database, Id, Migrations, Stop};
use vault::testing::TestVault;
use vault::{Actor, PersonKind, Vault};

use crate::category::{self, NewCategory};
use crate::picture::{self, Stored};
use crate::policy::QualifySeller;
use crate::price::{Freight, Tier};
use crate::product::{self, Attribute, NewPicture, NewProduct, NewVariant, Unit};
use crate::shop::{self, Application, Contact, Decision, Face, Representative, Seller};
use crate::{Both, Refused};

/// Those of this crate and of all below it, in their order.
pub fn migrations() -> Vec<Migrations> {
    vec![vault::policy::migrations(), crate::policy::migrations()]
}

/// Runs a test on SQLite and on PostgreSQL.
pub fn each_engine(test: impl Fn(TestVault)) {
    vault::testing::each_engine(migrations, test);
}

/// A member with keys and nothing else.
pub fn member(vault: &Vault) -> Id {
    let fresh = vault.keys().fresh_now().unwrap();
    let id = fresh.id().clone();
    vault.data().write_now(move |tx| fresh.begin::<()>(tx, PersonKind::Member)).unwrap();
    id
}

pub fn face(name: &str) -> Face {
    Face {
        name: Both::new(name, format!("{name} 商行")),
        intro: Both::new("Buttons by the thousand.", "专营纽扣。"),
        place: Both::new("Yiwu", "义乌"),
        freight: Freight { flat: 1_200, free_from: Some(100_000) },
        ships_within_hours: 48,
        since_year: 2012,
    }
}

pub fn contact() -> Contact {
    Contact { name: entered("Sales office"), phone: entered("0579-8800 0001") }
}

pub fn entered<F: ::policy::Field<Value = String>>(text: &str) -> Entered<F> {
    Entered::parse(&Typed::new(text)).unwrap()
}

pub fn application(name: &str, representative: Representative) -> Application {
    Application {
        face: face(name),
        contact: contact(),
        representative,
        representative_name: entered("陈小明"),
        settlement_account: entered("6228 4800 0000 0042"),
    }
}

/// Applies for a shop and has it approved.
pub fn open_shop(vault: &Vault, owner: &Id, name: &str) -> Seller {
    let access = vault.access_now::<QualifySeller>(&Actor::own(owner), std::slice::from_ref(owner)).unwrap();
    let (member, application) = (owner.clone(), application(name, Representative::Myself));
    let shop = vault.data().write_now(move |tx| shop::apply(tx, &member, &access, &application)).unwrap();
    decide_now(vault.data(), &shop, Decision::Approve).unwrap();
    Seller { member: owner.clone(), shop }
}

pub fn decide_now(db: &Database, shop: &Id, decision: Decision) -> Result<(), db::Failed<Refused>> {
    let shop = shop.clone();
    db.write_now(move |tx| shop::decide(tx, &Actor::job("test"), &shop, &decision))
}

/// `trimmings`, and below it `buttons` and `ribbons`.
pub fn categories(db: &Database) {
    db.write_now(|tx| {
        for (sort, (key, parent, en, zh)) in [
            ("trimmings", None, "Trimmings", "辅料"),
            ("buttons", Some("trimmings"), "Buttons", "纽扣"),
            ("ribbons", Some("trimmings"), "Ribbons", "丝带"),
        ]
        .into_iter()
        .enumerate()
        {
            let parent = parent.map(str::to_owned);
            category::put(tx, &NewCategory { key: key.into(), parent, name: Both::new(en, zh), sort: sort as i64 })?;
        }
        Ok::<_, Stop<Refused>>(())
    })
    .unwrap();
}

/// A small stored picture.
pub fn stored(db: &Database) -> Stored {
    let pixels = image::RgbImage::from_fn(64, 48, |x, y| image::Rgb([x as u8, y as u8, 90]));
    let mut png = std::io::Cursor::new(Vec::new());
    pixels.write_to(&mut png, image::ImageFormat::Png).unwrap();
    picture::store(db.blobs(), png.get_ref()).unwrap()
}

/// Two variants of 100 pieces, three tiers from 10 pieces at 50.00 on.
pub fn new_product(db: &Database, en: &str, zh: &str) -> NewProduct {
    let variant = |sku: &str, en: &str, zh: &str, surcharge| NewVariant {
        id: None,
        sku: sku.into(),
        name: Both::new(en, zh),
        surcharge,
        stock: 100,
        stock_was: 0,
    };
    NewProduct {
        reference: String::new(),
        category: "buttons".into(),
        title: Both::new(en, zh),
        text: Both::new("Made in our own works.", "自有工厂生产。"),
        unit: Unit { one: "bag".into(), many: "bags".into(), zh: "袋".into() },
        axis: Both::new("Size", "尺寸"),
        attributes: vec![Attribute { name: Both::new("Material", "材质"), value: Both::new("Brass", "黄铜") }],
        tiers: vec![Tier { from: 10, price: 5_000 }, Tier { from: 50, price: 4_500 }, Tier { from: 200, price: 4_000 }],
        variants: vec![variant("B-15", "15 mm", "15毫米", 0), variant("B-20", "20 mm", "20毫米", 300)],
        pictures: vec![NewPicture::New(stored(db))],
    }
}

pub fn publish_now(db: &Database, seller: &Seller, new: NewProduct) -> Id {
    let (seller, new) = (seller.clone(), Arc::new(new));
    db.write_now(move |tx| product::publish(tx, &seller, &new)).unwrap().id
}

/// Waits for the event: on PostgreSQL events get their place in the outbox a moment after the commit.
pub fn heard(db: &Database, kind: &str, about: &Id) -> bool {
    let mut position = 0;
    while db.wait_for_events(position, std::time::Duration::from_secs(5)) {
        for event in db.events_after(position, 1_000).unwrap() {
            if event.kind == kind && event.about == *about {
                return true;
            }
            position = event.position;
        }
    }
    false
}
