//! Stock: the one way in which it goes and comes back. Conditional updates in sorted order, so that what is sold was
//! there, and two orders never wait for each other in a circle.

use db::{Event, Id, Stop, Tx};
use diesel::prelude::*;

use crate::policy::{product, variant};
use crate::{PRODUCT_CHANGED, Refused};

/// Product, variant, units.
pub type Line = (Id, Id, i64);

/// Takes every line or none. Refused with the first line (in order of product and variant) that is short or no longer
/// offered. Sorts the lines.
pub fn take(tx: &mut Tx, lines: &mut [Line]) -> Result<(), Stop<Refused>> {
    lines.sort();
    for (product, id, quantity) in lines.iter() {
        if *quantity <= 0 {
            return Err(Stop::fault("stock is taken in whole units from one on"));
        }
        let n = diesel::update(
            variant::table.find((product, id)).filter(variant::gone.eq(false)).filter(variant::stock.ge(quantity)),
        )
        .set(variant::stock.eq(variant::stock - quantity))
        .execute(tx.db)?;
        if n == 0 {
            return Err(Stop::refuse(why_not(tx, product, id)?));
        }
    }
    Ok(())
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

/// Gives back what an order had taken, also to a variant that is no longer offered. Sorts the lines.
pub fn give_back<R>(tx: &mut Tx, lines: &mut [Line]) -> Result<(), Stop<R>> {
    lines.sort();
    for (product, id, quantity) in lines.iter() {
        let n = diesel::update(variant::table.find((product, id)))
            .set(variant::stock.eq(variant::stock + quantity))
            .execute(tx.db)?;
        if n == 0 {
            return Err(Stop::fault("stock is given back to a variant that never was"));
        }
    }
    Ok(())
}

/// Counts units as sold, when an order is completed: what the sales sort counts (2.2.3-b), nobody's in particular.
/// Sorts the lines.
pub fn count_sold<R>(tx: &mut Tx, lines: &mut [Line]) -> Result<(), Stop<R>> {
    lines.sort();
    for of_product in lines.chunk_by(|a, b| a.0 == b.0) {
        let id = &of_product[0].0;
        let units: i64 = of_product.iter().map(|(_, _, quantity)| quantity).sum();
        diesel::update(product::table.find(id)).set(product::sold.eq(product::sold + units)).execute(tx.db)?;
        tx.emit(Event { kind: PRODUCT_CHANGED, about: id.clone(), body: serde_json::json!({}) });
    }
    Ok(())
}
