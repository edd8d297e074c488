//! Random walks: whatever buyers, sellers, the clock and the partners' bad days do, in whatever order, every entry and
//! every account balances after each step, and in the end our books are the payment company's.

use crate::world::World;
use catalogue::shop::Seller;
use db::clock::{DAY, HOUR, MINUTE};
use db::{Engine, Id};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use trade::checkout::Placed;
use trade::settlement::Account;
use trade::state::OrderState;
use trade::{Buyer, order, payment};

const ACCOUNT: &str = "2088102100000011";

#[derive(Clone, Debug)]
enum Step {
    /// Of one seller's goods, or of both'.
    Place {
        both: bool,
        quantity: i64,
    },
    /// The payer goes to the cashier and stays there.
    Begin(usize),
    /// Somebody who stands at a cashier pays.
    Pay(usize),
    /// The news that came so far is noted, this many times.
    Note(usize),
    /// The news that came so far is lost.
    Lose,
    Cancel(usize),
    CallOff(usize),
    Decline(usize),
    Ship(usize),
    Deliver(usize),
    Confirm(usize),
    Run,
    Pass(i64),
    /// The payment company or the platform has a bad day, so many times.
    Fault(&'static str, &'static str, &'static str, u32),
}

fn step() -> impl Strategy<Value = Step> {
    let which = 0usize..64;
    let fault = prop::sample::select(vec![
        ("alipay", "down", "answer"),
        ("alipay", "wrong_signature", "answer"),
        ("alipay", "wrong_signature", "push"),
        ("alipay", "twice", "push"),
        ("alipay", "other_amount", "push"),
        ("logistics", "down", "answer"),
        ("logistics", "wrong_signature", "answer"),
    ]);
    prop_oneof![
        4 => (any::<bool>(), 1i64..20).prop_map(|(both, quantity)| Step::Place { both, quantity }),
        4 => which.clone().prop_map(Step::Begin),
        5 => which.clone().prop_map(Step::Pay),
        4 => (1usize..3).prop_map(Step::Note),
        1 => Just(Step::Lose),
        2 => which.clone().prop_map(Step::Cancel),
        2 => which.clone().prop_map(Step::CallOff),
        1 => which.clone().prop_map(Step::Decline),
        4 => which.clone().prop_map(Step::Ship),
        3 => which.clone().prop_map(Step::Deliver),
        3 => which.clone().prop_map(Step::Confirm),
        4 => Just(Step::Run),
        2 => prop::sample::select(vec![MINUTE, 10 * MINUTE, 2 * HOUR, 30 * HOUR]).prop_map(Step::Pass),
        1 => (fault, 1u32..3).prop_map(|((partner, kind, on), count)| Step::Fault(partner, kind, on, count)),
    ]
}

/// What somebody does with an order: its buyer or its seller.
type OnOrder = fn(&mut db::Tx, &Buyer, &Seller, &Id) -> Result<(), db::Stop<trade::Refused>>;

struct Walk<'a> {
    world: &'a World,
    buyer: Buyer,
    sellers: [Seller; 2],
    goods: [(Id, Id); 2],
    placed: Vec<Placed>,
    orders: Vec<(Id, Seller)>,
    cashiers: Vec<String>,
    parcels: Vec<Id>,
}

impl<'a> Walk<'a> {
    fn begin(world: &'a World) -> Walk<'a> {
        let sellers = [world.seller(ACCOUNT), world.seller("li@example.com 李四")];
        let goods = [world.goods(&sellers[0], 137), world.goods(&sellers[1], 2_499)];
        Walk {
            world,
            buyer: world.buyer(),
            sellers,
            goods,
            placed: vec![],
            orders: vec![],
            cashiers: vec![],
            parcels: vec![],
        }
    }

    fn order(&self, n: usize) -> Option<(Id, Seller)> {
        (!self.orders.is_empty()).then(|| self.orders[n % self.orders.len()].clone())
    }

    /// Does one step; what the state of things refuses is refused, and changes nothing.
    fn take(&mut self, step: &Step) {
        let world = self.world;
        match step {
            Step::Place { both, quantity } => {
                let mut wanted = vec![(self.goods[0].clone(), *quantity)];
                if *both {
                    wanted.push((self.goods[1].clone(), *quantity));
                }
                let placed = world.place(&self.buyer, &wanted);
                for made in &placed.orders {
                    let seller = self.sellers.iter().find(|seller| seller.shop == made.shop).expect("one of both");
                    self.orders.push((made.order.clone(), seller.clone()));
                }
                self.placed.push(placed);
            }
            Step::Begin(n) if !self.placed.is_empty() => {
                let checkout = self.placed[n % self.placed.len()].checkout.clone();
                if let Ok(begun) = world.try_begin(&self.buyer, &checkout)
                    && let Some(cashier) = world.try_cashier(begun)
                {
                    self.cashiers.push(cashier);
                }
            }
            Step::Pay(n) if !self.cashiers.is_empty() => {
                let cashier = self.cashiers.swap_remove(n % self.cashiers.len());
                world.press_pay(&cashier);
            }
            Step::Note(times) => {
                for body in world.settled_notifications() {
                    let Ok(said) = world.alipay.read_notification(&body) else { continue };
                    for _ in 0..*times {
                        let said = said.clone();
                        world.write(move |tx| payment::notified(tx, &said));
                        world.check();
                    }
                }
            }
            Step::Lose => drop(world.settled_notifications()),
            Step::Cancel(n) => self.on_order(*n, |tx, buyer, _, id| order::cancel(tx, buyer, id)),
            Step::CallOff(n) => self.on_order(*n, |tx, buyer, _, id| payment::call_off(tx, buyer, id).map(drop)),
            Step::Decline(n) => self.on_order(*n, |tx, _, seller, id| payment::decline(tx, seller, id).map(drop)),
            Step::Confirm(n) => self.on_order(*n, |tx, buyer, _, id| order::confirm_receipt(tx, buyer, id)),
            Step::Ship(n) => {
                if let Some((id, seller)) = self.order(*n)
                    && let Ok(shipment) = world.try_ship(&seller, &id, "yto")
                {
                    self.parcels.push(shipment);
                }
            }
            Step::Deliver(n) if !self.parcels.is_empty() => {
                let shipment = self.parcels[n % self.parcels.len()].clone();
                if world.try_advance(&shipment, "delivered") {
                    world.track(&world.push());
                }
            }
            Step::Run => world.run(),
            Step::Pass(micros) => world.pass(*micros),
            Step::Fault(partner, kind, on, count) => world.fault(partner, kind, on, *count),
            Step::Begin(_) | Step::Pay(_) | Step::Deliver(_) => {}
        }
        world.check();
    }

    fn on_order(&self, n: usize, command: OnOrder) {
        if let Some((id, seller)) = self.order(n) {
            let buyer = self.buyer.clone();
            let _refused = self.world.try_write(move |tx| command(tx, &buyer, &seller, &id)).is_err();
        }
    }

    /// Everybody is well again, and four days pass.
    fn end(&self) {
        let world = self.world;
        for partner in ["alipay", "logistics"] {
            for on in ["answer", "push"] {
                for kind in ["down", "wrong_signature", "twice", "other_amount"] {
                    world.try_fault(partner, kind, on, 0);
                }
            }
        }
        for _ in 0..4 {
            world.run_for(4 * HOUR);
            world.pass(20 * HOUR);
        }
        world.run_for(9 * HOUR);
        let totals = world.check();
        let mut held = 0;
        for (id, _) in &self.orders {
            let state = world.state(id);
            assert_ne!(state, OrderState::Placed, "four days later nothing waits for its payer");
            if matches!(state, OrderState::Paid | OrderState::Shipped | OrderState::Received) {
                held += world.total(id);
            }
        }
        assert_eq!(totals[&Account::Held], held, "held is what is paid for orders under way, and nothing else");
        assert_eq!(totals[&Account::Seller], 0, "what was released is paid out");
        let refused = world.read(|r| payment::refunds_to_look_at(r, r.now - DAY, None, 50));
        assert!(refused.is_empty(), "{refused:?}");
        // The payment company's own book: what it took, gave back and paid out.
        let (taken, given_back, paid_out) = world.provider_totals();
        assert_eq!(-totals[&Account::Provider], taken - given_back);
        assert_eq!(totals[&Account::PaidOut], paid_out);
        let checks = world.read(|r| trade::jobs::checked(r, 10));
        assert!(!checks.is_empty());
        for check in checks {
            assert!(check.trial_balance == 0, "{check:?}");
            // A payment whose news was lost may be found by the check itself, which lists it.
            assert!(check.differences.iter().all(|d| d.ours.is_none() && d.theirs.is_some()), "{check:?}");
        }
        let all_checked = world.check_books();
        assert!(all_checked.differences.is_empty(), "{all_checked:?}");
    }
}

/// `HANSE_WALKS` asks for more.
fn walk_on(engine: Engine, walks: u32) {
    let walks = std::env::var("HANSE_WALKS").ok().and_then(|many| many.parse().ok()).unwrap_or(walks);
    let config = Config { cases: walks, max_shrink_iters: 20, failure_persistence: None, ..Config::default() };
    let steps = prop::collection::vec(step(), 15..60);
    let walked = TestRunner::new(config).run(&steps, |steps| {
        let world = World::open(engine);
        let mut walk = Walk::begin(&world);
        for step in &steps {
            walk.take(step);
        }
        walk.end();
        Ok(())
    });
    if let Err(failed) = walked {
        panic!("{failed}");
    }
}

#[test]
fn books_balance_whatever_happens_on_sqlite() {
    walk_on(Engine::Sqlite, 8);
}

#[test]
fn books_balance_whatever_happens_on_postgres() {
    walk_on(Engine::Postgres, 4);
}
