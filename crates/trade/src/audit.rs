//! Whether what is stored about trade agrees with itself (5.3.1): for the operator after a crash or a copy put back, and
//! for tests that kill. It reads everything and changes nothing; it opens no sealed value and names nobody, only ids.

use crate::settlement::trial_balance;
use crate::state::OrderState;
use catalogue::stock;
use db::{Id, Scope, Stop};
use diesel::prelude::*;
use diesel::sql_types::Text;
use std::collections::BTreeMap;

/// What can be wrong: the sentence, and the query of the ids of what is. Standard SQL, the same on both engines.
const QUESTIONS: &[(&str, &str)] = &[
    (
        "orders whose lines do not add up to their amount",
        "select o.id from purchase_order o left join \
         (select of_order, sum(amount) as amount from order_line group by of_order) l on l.of_order = o.id \
         where l.amount is null or l.amount <> o.goods_amount or o.total <> o.goods_amount + o.freight_amount",
    ),
    (
        "open orders without just one consignee",
        "select o.id from purchase_order o left join \
         (select of_order, count(*) as n from consignee group by of_order) c on c.of_order = o.id \
         where o.completed_at is null and (c.n is null or c.n <> 1)",
    ),
    (
        "checkouts whose orders do not add up to their amount",
        "select k.id from checkout k left join \
         (select checkout, sum(total) as total from purchase_order group by checkout) o on o.checkout = k.id \
         where o.total is null or o.total <> k.amount",
    ),
    (
        "paid orders whose money is not booked",
        "select id from purchase_order where state in ('paid', 'shipped', 'received', 'completed', 'refunded') \
         and id not in (select about from journal_entry where kind = 'paid')",
    ),
    (
        "completed orders whose money is not released",
        "select id from purchase_order where state = 'completed' \
         and id not in (select about from journal_entry where kind = 'released')",
    ),
    (
        "orders that nobody was told of",
        "select id from purchase_order \
         where placed_at >= (select pruned_before from outbox_sequence where name = 'outbox') \
         and id not in (select about from outbox where kind = 'OrderPlaced')",
    ),
];

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Text)]
    id: String,
}

/// Something that does not agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disagrees {
    pub what: &'static str,
    /// Random ids of what is wrong; none where the whole is.
    pub ids: Vec<String>,
}

/// What was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audit {
    pub orders: i64,
    pub faults: Vec<Disagrees>,
}

/// Asks everything. In one snapshot where `scope` is one.
pub fn audit<R>(scope: &mut impl Scope) -> Result<Audit, Stop<R>> {
    use crate::policy::purchase_order;
    let mut audit = Audit { orders: purchase_order::table.count().get_result(scope.db())?, faults: Vec::new() };
    for (what, question) in QUESTIONS {
        let found: Vec<Found> = diesel::sql_query(*question).load(scope.db())?;
        if !found.is_empty() {
            audit.faults.push(Disagrees { what, ids: found.into_iter().map(|found| found.id).collect() });
        }
    }
    let ids = held_otherwise(scope)?;
    if !ids.is_empty() {
        audit
            .faults
            .push(Disagrees { what: "variants of which open orders hold other than was taken from stock", ids });
    }
    if !trial_balance::<R>(scope)?.holds() {
        audit.faults.push(Disagrees { what: "the books do not balance", ids: Vec::new() });
    }
    Ok(audit)
}

/// Variants, with their products, of which the catalogue counts other units as held than stand in the lines of orders that
/// have not ended: an order that took too much or too little from stock, or gave back what it did not have.
fn held_otherwise(scope: &mut impl Scope) -> QueryResult<Vec<String>> {
    use crate::policy::{order_line, purchase_order};
    let open = OrderState::ALL.into_iter().filter(|state| !state.is_final()).map(OrderState::id);
    let lines: Vec<stock::Line> = order_line::table
        .inner_join(purchase_order::table.on(purchase_order::id.eq(order_line::of_order)))
        .filter(purchase_order::state.eq_any(open))
        .select((order_line::product, order_line::variant, order_line::quantity))
        .load(scope.db())?;
    let mut differences: BTreeMap<(Id, Id), i64> = BTreeMap::new();
    for (product, variant, quantity) in lines {
        *differences.entry((product, variant)).or_default() += quantity;
    }
    for (product, variant, quantity) in stock::held(scope)? {
        *differences.entry((product, variant)).or_default() -= quantity;
    }
    let wrong = differences.into_iter().filter(|(_, difference)| *difference != 0);
    Ok(wrong.map(|((product, variant), _)| format!("{product} {variant}")).collect())
}
