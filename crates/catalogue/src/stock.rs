//! Stock: the one way in which it goes and comes back. Conditional updates in sorted order, so that what is sold was
//! there, and two orders never wait for each other in a circle.
//!
//! The statement that takes units off the shelf counts them as held by open orders, and whatever ends an order counts
//! them no longer. So what is held can be compared with the orders ([`held`]), whatever the seller has set the stock to.

use db::{Db, Event, Id, Scope, Stop, Tx, kept, on_each};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text};

use crate::policy::{product, variant};
use crate::{PRODUCT_CHANGED, Refused};

/// Product, variant, units.
pub type Line = (Id, Id, i64);

/// Takes every line or none. Refused with the first line (in order of product and variant) that is short or no longer
/// offered. Sorts the lines.
pub fn take(tx: &mut Tx, lines: &mut [Line]) -> Result<(), Stop<Refused>> {
    if lines.iter().any(|(_, _, quantity)| *quantity <= 0) {
        return Err(Stop::fault("stock is taken in whole units from one on"));
    }
    lines.sort();
    let mut wanted = Wanted::default();
    for line in lines.chunk_by(|a, b| (&a.0, &a.1) == (&b.0, &b.1)) {
        wanted.product.push(&line[0].0);
        wanted.variant.push(&line[0].1);
        wanted.quantity.push(line.iter().map(|(_, _, quantity)| quantity).sum());
    }
    let taken = match tx.db {
        Db::Pg(c) => wanted.take_together(c)?,
        Db::Sqlite(c) => wanted.take_one_by_one(c)?,
    };
    let mut each = wanted.product.into_iter().zip(wanted.variant);
    let short = each.find(|(product, variant)| !taken.iter().any(|(p, v, _)| p == *product && v == *variant));
    if let Some((product, variant)) = short {
        return Err(Stop::refuse(why_not(tx, product, variant)?));
    }
    for (product, _, left) in taken {
        if left == 0 {
            changed(tx, product);
        }
    }
    Ok(())
}

/// Search tells what is in stock from what is not: it looks again when a variant has run out, or is there again.
fn changed(tx: &mut Tx, product: Id) {
    tx.emit(Event { kind: PRODUCT_CHANGED, about: product, body: serde_json::json!({}) });
}

fn why_not(tx: &mut Tx, product: &Id, id: &Id) -> QueryResult<Refused> {
    let left: Option<(bool, i64)> =
        variant::table.find((product, id)).select((variant::gone, variant::stock)).first(tx.db).optional()?;
    let (product, variant) = (product.clone(), id.clone());
    Ok(match left {
        Some((false, left)) => Refused::Short { product, variant, left },
        _ => Refused::NotOffered { product, variant },
    })
}

/// What is to be taken: each variant once, in order.
#[derive(Default)]
struct Wanted<'l> {
    product: Vec<&'l Id>,
    variant: Vec<&'l Id>,
    quantity: Vec<i64>,
}

/// Product, variant, and what is left of it.
type Taken = Vec<(Id, Id, i64)>;

impl Wanted<'_> {
    /// All in one way to the server. The rows are locked in order before any is changed.
    fn take_together(&self, c: &mut PgConnection) -> QueryResult<Taken> {
        kept![(Text, Text, BigInt) =>
            "with wanted as (select v.product, v.id, w.quantity from unnest(",
            Array<Text>: &self.product,
            ", ",
            Array<Text>: &self.variant,
            ", ",
            Array<BigInt>: &self.quantity,
            ") as w(product, id, quantity) join variant v on v.product = w.product and v.id = w.id \
             where not v.gone and v.stock >= w.quantity \
             order by v.product collate \"C\", v.id collate \"C\" for no key update of v) \
             update variant set stock = variant.stock - wanted.quantity, held = variant.held + wanted.quantity from wanted \
             where variant.product = wanted.product and variant.id = wanted.id and not variant.gone \
             and variant.stock >= wanted.quantity returning variant.product, variant.id, variant.stock"
        ]
        .load(c)
    }

    /// One statement each, up to the first that is not there.
    fn take_one_by_one(&self, c: &mut SqliteConnection) -> QueryResult<Taken> {
        let mut taken = Vec::with_capacity(self.product.len());
        for ((product, variant), quantity) in self.product.iter().zip(&self.variant).zip(&self.quantity) {
            let take = kept![BigInt =>
                "update variant set stock = stock - ",
                BigInt: quantity,
                ", held = held + ",
                BigInt: quantity,
                " where product = ",
                Text: product,
                " and id = ",
                Text: variant,
                " and not gone and stock >= ",
                BigInt: quantity,
                " returning stock"
            ];
            let Some(left) = take.load::<i64>(c)?.pop() else { break };
            taken.push(((*product).clone(), (*variant).clone(), left));
        }
        Ok(taken)
    }
}

/// What open orders hold, by the catalogue's own count: every line of which it is not nothing. Reads all.
pub fn held(scope: &mut impl Scope) -> QueryResult<Vec<Line>> {
    variant::table.filter(variant::held.ne(0)).select((variant::product, variant::id, variant::held)).load(scope.db())
}

/// Gives back what an order had taken, also to a variant that is no longer offered. Sorts the lines.
pub fn give_back<R>(tx: &mut Tx, lines: &mut [Line]) -> Result<(), Stop<R>> {
    lines.sort();
    for (product, id, quantity) in lines.iter() {
        let update = diesel::update(variant::table.find((product, id)))
            .set((variant::stock.eq(variant::stock + quantity), variant::held.eq(variant::held - quantity)))
            .returning(variant::stock);
        let left: Option<i64> = on_each!(tx.db, c => update.get_result(c).optional())?;
        match left {
            None => return Err(Stop::fault("stock is given back to a variant that never was")),
            Some(left) if left == *quantity => changed(tx, product.clone()),
            Some(_) => {}
        }
    }
    Ok(())
}

/// Counts units as sold, and no longer as held, when an order is completed: what the sales sort counts (2.2.3-b),
/// nobody's in particular. Sorts the lines.
pub fn count_sold<R>(tx: &mut Tx, lines: &mut [Line]) -> Result<(), Stop<R>> {
    lines.sort();
    for of_product in lines.chunk_by(|a, b| a.0 == b.0) {
        let id = &of_product[0].0;
        let units: i64 = of_product.iter().map(|(_, _, quantity)| quantity).sum();
        diesel::update(product::table.find(id)).set(product::sold.eq(product::sold + units)).execute(tx.db)?;
        for (product, variant, quantity) in of_product {
            diesel::update(variant::table.find((product, variant)))
                .set(variant::held.eq(variant::held - quantity))
                .execute(tx.db)?;
        }
        changed(tx, id.clone());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use crate::view;
    use db::Failed;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// 200 takers of 100 pieces: exactly 100 get one, and nobody gets what is not there.
    #[test]
    fn what_is_sold_was_there() {
        each_engine(|t| {
            let seller = open_shop(&t.vault, &member(&t.vault), "Buttons");
            categories(&t.data.db);
            let product = publish_now(&t.data.db, &seller, new_product(&t.data.db, "Button", "纽扣"));
            let variant = first_variant(&t.data.db, &product);
            let (sold, short) = (AtomicUsize::new(0), AtomicUsize::new(0));
            std::thread::scope(|threads| {
                for _ in 0..8 {
                    threads.spawn(|| {
                        for _ in 0..25 {
                            let line = (product.clone(), variant.clone(), 1);
                            match t.data.db.write_now(move |tx| take(tx, &mut [line.clone()])) {
                                Ok(()) => sold.fetch_add(1, Ordering::Relaxed),
                                Err(Failed::Refused(Refused::Short { left: 0, .. })) => {
                                    short.fetch_add(1, Ordering::Relaxed)
                                }
                                Err(other) => panic!("{other}"),
                            };
                        }
                    });
                }
            });
            assert_eq!((sold.into_inner(), short.into_inner()), (100, 100));
            assert_eq!(left(&t.data.db, &product), vec![0, 100]);
        });
    }

    /// All lines or none; the refusal names the line that is short; what is given back can be had again.
    #[test]
    fn all_or_nothing_and_back() {
        each_engine(|t| {
            let db = &t.data.db;
            let seller = open_shop(&t.vault, &member(&t.vault), "Buttons");
            categories(db);
            let product = publish_now(db, &seller, new_product(db, "Button", "纽扣"));
            let ids: Vec<Id> = page(db, &product).variants.into_iter().map(|variant| variant.id).collect();
            let lines = [(product.clone(), ids[0].clone(), 60), (product.clone(), ids[1].clone(), 101)];
            let refused = db.write_now(move |tx| take(tx, &mut lines.clone())).unwrap_err();
            let Failed::Refused(Refused::Short { variant, left: 100, .. }) = refused else { panic!("{refused}") };
            assert_eq!(variant, ids[1]);
            assert_eq!(left(db, &product), vec![100, 100]);

            let lines = [(product.clone(), ids[1].clone(), 40), (product.clone(), ids[0].clone(), 60)];
            let same = lines.clone();
            db.write_now(move |tx| take(tx, &mut same.clone())).unwrap();
            assert_eq!(left(db, &product), vec![40, 60]);
            let mut held_now = vec![(product.clone(), ids[0].clone(), 60), (product.clone(), ids[1].clone(), 40)];
            held_now.sort();
            assert_eq!(held_by_orders(db), held_now);
            db.write_now(move |tx| give_back::<()>(tx, &mut lines.clone())).unwrap();
            assert_eq!(left(db, &product), vec![100, 100]);
            assert_eq!(held_by_orders(db), vec![]);

            let unknown = [(product.clone(), Id::fresh(), 1)];
            let refused = db.write_now(move |tx| take(tx, &mut unknown.clone())).unwrap_err();
            assert!(matches!(refused, Failed::Refused(Refused::NotOffered { .. })), "{refused}");
        });
    }

    #[test]
    fn sold_units_are_counted_by_product() {
        each_engine(|t| {
            let db = &t.data.db;
            let seller = open_shop(&t.vault, &member(&t.vault), "Buttons");
            categories(db);
            let product = publish_now(db, &seller, new_product(db, "Button", "纽扣"));
            let ids: Vec<Id> = page(db, &product).variants.into_iter().map(|variant| variant.id).collect();
            let lines = [(product.clone(), ids[1].clone(), 4), (product.clone(), ids[0].clone(), 3)];
            let taken = lines.clone();
            db.write_now(move |tx| take(tx, &mut taken.clone())).unwrap();
            db.write_now(move |tx| count_sold::<()>(tx, &mut lines.clone())).unwrap();
            assert_eq!((page(db, &product).sold, held_by_orders(db)), (7, vec![]));
            assert_eq!(left(db, &product), vec![97, 96]);
        });
    }

    fn held_by_orders(db: &db::Database) -> Vec<Line> {
        let mut lines = db.read_now(|r| Ok::<_, Stop<()>>(held(r)?)).unwrap();
        lines.sort();
        lines
    }

    fn page(db: &db::Database, product: &Id) -> view::ProductPage {
        let id = product.clone();
        db.read_now(move |r| Ok::<_, Stop<()>>(view::product_page(r, &id)?)).unwrap().unwrap()
    }

    fn first_variant(db: &db::Database, product: &Id) -> Id {
        page(db, product).variants[0].id.clone()
    }

    fn left(db: &db::Database, product: &Id) -> Vec<i64> {
        page(db, product).variants.iter().map(|variant| variant.stock).collect()
    }
}
