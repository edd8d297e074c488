//! The one state machine: every pair of states, and walks that never lose a piece of stock.

use crate::market::*;
use db::{Engine, Id};
use diesel::prelude::*;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use trade::Refused;
use trade::state::{ALLOWED, OrderState};

use OrderState::{Cancelled, Closed, Completed, Paid, Placed, Received, Refunded, Shipped};

/// The way from `Placed` to the state.
fn way(to: OrderState) -> &'static [OrderState] {
    match to {
        Placed => &[],
        Paid => &[Paid],
        Shipped => &[Paid, Shipped],
        Received => &[Paid, Shipped, Received],
        Completed => &[Paid, Shipped, Received, Completed],
        Cancelled => &[Cancelled],
        Closed => &[Closed],
        Refunded => &[Paid, Refunded],
    }
}

/// All 64 pairs: those of the table step, the others are refused with both states named, and change nothing.
#[test]
fn every_pair_steps_or_is_refused() {
    each(|m| {
        let (buyer, seller) = (m.buyer(), m.shop(0, None));
        let made = m.product(&seller, "A", &[(1, 10)], &[(0, 10_000)]);
        let fresh = |state: OrderState| -> Id {
            let id = m.buy(&buyer, &[made.wanted(0, 7)]).orders[0].order.clone();
            for to in way(state) {
                m.step(&id, *to).unwrap();
            }
            assert_eq!(m.state(&id), state);
            id
        };
        for from in OrderState::ALL {
            let id = fresh(from);
            for to in OrderState::ALL {
                if from.may_become(to) {
                    let (another, before) = (fresh(from), m.stock(&made, 0));
                    m.step(&another, to).unwrap();
                    assert_eq!(m.state(&another), to);
                    let back = if matches!(to, Cancelled | Closed | Refunded) { 7 } else { 0 };
                    assert_eq!(m.stock(&made, 0), before + back);
                } else {
                    let before = m.everything();
                    assert_eq!(m.step(&id, to), Err(Refused::NotAllowedNow { from, to }));
                    assert_eq!((m.state(&id), m.everything()), (from, before));
                }
            }
            assert_eq!(from.is_final(), !ALLOWED.iter().any(|(f, _)| *f == from));
        }
        let nobody = buyer.member.clone();
        assert_eq!(m.step(&nobody, Paid), Err(Refused::NoSuchOrder));
        // Every change of state was told once, with ids only.
        let told = m.number("select count(*) from outbox where kind like 'Order%'");
        let changes = m.number("select sum(version) from purchase_order");
        assert_eq!(told, changes);
        assert_eq!(m.number("select count(*) from purchase_order where (completed_at is not null) <> (state in ('completed', 'cancelled', 'closed', 'refunded'))"), 0);
    });
}

/// Several at once at the same order: one of them wins, the others are told what became of it.
#[test]
fn only_one_step_wins() {
    each(|m| {
        let (buyer, seller) = (m.buyer(), m.shop(0, None));
        let made = m.product(&seller, "A", &[(1, 10)], &[(0, 100)]);
        for _ in 0..5 {
            let id = m.buy(&buyer, &[made.wanted(0, 5)]).orders[0].order.clone();
            let answers: Vec<_> = std::thread::scope(|s| {
                let threads: Vec<_> = [Paid, Cancelled, Closed, Cancelled, Paid, Closed]
                    .into_iter()
                    .map(|to| {
                        s.spawn({
                            let id = &id;
                            move || m.step(id, to)
                        })
                    })
                    .collect();
                threads.into_iter().map(|t| t.join().unwrap()).collect()
            });
            assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "{answers:?}");
            if m.state(&id) == Paid {
                m.step(&id, Refunded).unwrap();
            }
            assert_eq!(m.stock(&made, 0), 100);
        }
    });
}

#[derive(Clone, Debug)]
enum Act {
    Place(i64),
    Step(prop::sample::Index, prop::sample::Index),
}

/// Random walks of many orders: what is on the shelf and what was sold or is on its way is always what there was.
#[test]
fn stock_is_conserved_on_every_walk() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let m = Market::open(engine);
        let (buyer, seller) = (m.buyer(), m.shop(0, None));
        let act = prop_oneof![
            (1..40i64).prop_map(Act::Place),
            (any::<prop::sample::Index>(), any::<prop::sample::Index>()).prop_map(|(order, to)| Act::Step(order, to)),
            (any::<prop::sample::Index>(), any::<prop::sample::Index>()).prop_map(|(order, to)| Act::Step(order, to)),
        ];
        let mut runner = TestRunner::new(Config { cases: 12, failure_persistence: None, ..Config::default() });
        runner
            .run(&prop::collection::vec(act, 1..40), |acts| {
                let made = m.product(&seller, "A", &[(1, 10)], &[(0, 100)]);
                let mut orders: Vec<(Id, i64, OrderState)> = Vec::new();
                for act in acts {
                    let out: i64 = orders
                        .iter()
                        .filter(|(_, _, state)| !matches!(state, Cancelled | Closed | Refunded))
                        .map(|(_, quantity, _)| quantity)
                        .sum();
                    match act {
                        Act::Place(quantity) => {
                            m.add(&buyer, &[made.wanted(0, quantity)]).unwrap();
                            let at = AtCheckout::default();
                            let answer = m.order(&buyer, trade::checkout::Destination::Own(chen()), at);
                            if quantity + out <= 100 {
                                orders.push((answer.unwrap().orders[0].order.clone(), quantity, Placed));
                            } else {
                                let short = matches!(answer, Err(Refused::Short { .. }));
                                prop_assert!(short);
                                let who = buyer.clone();
                                m.write(move |tx| trade::cart::empty(tx, &who)).unwrap();
                            }
                        }
                        Act::Step(_, _) if orders.is_empty() => {}
                        Act::Step(order, to) => {
                            let n = order.index(orders.len());
                            let to = *to.get(&OrderState::ALL);
                            let (id, _, from) = orders[n].clone();
                            let answer = m.step(&id, to);
                            prop_assert_eq!(answer.is_ok(), from.may_become(to));
                            if answer.is_ok() {
                                orders[n].2 = to;
                            }
                        }
                    }
                    let out: i64 = orders
                        .iter()
                        .filter(|(_, _, state)| !matches!(state, Cancelled | Closed | Refunded))
                        .map(|(_, quantity, _)| quantity)
                        .sum();
                    prop_assert_eq!(m.stock(&made, 0) + out, 100);
                }
                Ok(())
            })
            .unwrap();
    }
}

/// What orders hold of each variant is what they took: on every walk it agrees, and the audit finds where it does not.
#[test]
fn what_orders_hold_was_taken_from_stock() {
    each(|m| {
        let (buyer, seller) = (m.buyer(), m.shop(0, None));
        let made = m.product(&seller, "A", &[(1, 10)], &[(0, 1_000), (0, 1_000)]);
        let held = |m: &Market| m.number("select coalesce(sum(held), 0) from variant");
        for to in OrderState::ALL {
            let before = held(m);
            let order = m.buy(&buyer, &[made.wanted(0, 7), made.wanted(1, 2)]).orders[0].order.clone();
            for step in way(to) {
                m.step(&order, *step).unwrap();
            }
            assert_eq!(held(m) - before, if to.is_final() { 0 } else { 9 }, "{to}");
            assert_eq!(disagrees(m), NOTHING, "{to}");
        }
        let (product, variant) = (made.id.clone(), made.variants[0].clone());
        let wrong = [format!("{product} {variant}")];
        // One that took too little, then one that took too much; and all is well again.
        for (by, expected) in [(-1, &wrong[..]), (2, &wrong[..]), (-1, &NOTHING)] {
            let key = (product.clone(), variant.clone());
            m.write(move |tx| {
                use catalogue::policy::variant;
                let one = variant::table.find((&key.0, &key.1));
                diesel::update(one).set(variant::held.eq(variant::held + by)).execute(tx.db)?;
                Ok(())
            })
            .unwrap();
            assert_eq!(disagrees(m), expected);
        }
    });
}

const NOTHING: [String; 0] = [];

/// The variants of which orders hold other than was taken.
fn disagrees(m: &Market) -> Vec<String> {
    // The money of these orders is nobody's: they were stepped by hand.
    let audit = m.read(|r| trade::audit::audit(r)).unwrap();
    let of_stock = audit.faults.into_iter().filter(|fault| fault.what.contains("taken from stock"));
    of_stock.flat_map(|fault| fault.ids).collect()
}
