//! Sellers' programs that are told of orders: through a real socket, on both engines, the jobs run by hand.

#[path = "../../../../tests/support/receiver.rs"]
mod receiver;
#[path = "../money/world.rs"]
#[allow(dead_code)]
mod world;

use catalogue::shop::Seller;
use db::clock::{DAY, HOUR, MINUTE, SECOND};
use db::policy::{job, outbox};
use db::{Database, Id, Jobs, Stop};
use diesel::prelude::*;
use partners::webhook::{Patience, Reach, Unfit};
use receiver::{Got, Receiver};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};
use trade::hooks::endpoint::{self, State};
use trade::hooks::log::{self, Outcome, State as Delivered};
use trade::hooks::{ENDPOINTS_MAX, FAILS_FOR, Hooks, OLD_SECRET_SIGNS, PAUSES, Topic, follow, send};
use trade::state::{OrderState, step};
use trade::{Buyer, Refused};
use world::{World, each_engine};

/// What is planted in an order, to be found in no message.
const NAME: &str = "王小明Canary5521";
const PHONE: &str = "13955210001";
const PLACE: &str = "浙江省义乌市稠州北路5521号Canary";

/// One shop, its buyer, its programs.
struct Shop<'w> {
    world: &'w World,
    hooks: Hooks,
    jobs: Jobs,
    seller: Seller,
    buyer: Buyer,
    goods: (Id, Id),
}

fn proven(seller: &Seller) -> member::Proven {
    member::testing::proven(&seller.member)
}

fn hooks(world: &World, reach: Reach) -> Hooks {
    let patience = Patience { connect: Duration::from_secs(2), whole: Duration::from_secs(10) };
    world.wait(Hooks::open(&world.vault.vault, reach, patience)).expect("the key store")
}

fn jobs(db: &Database, hooks: &Hooks, threads: usize) -> Jobs {
    Jobs::start(db.clone(), send::HANDLERS.to_vec(), Arc::new(hooks.clone()), threads).expect("jobs")
}

impl<'w> Shop<'w> {
    fn open(world: &'w World) -> Shop<'w> {
        let hooks = hooks(world, Reach::PublicAndHere);
        let jobs = jobs(&world.vault.data.db, &hooks, 0);
        let seller = world.seller("6228480012340042");
        let goods = world.goods(&seller, 1_000);
        Shop { world, hooks, jobs, seller, buyer: world.buyer(), goods }
    }

    fn registers(&self, url: &str, topics: &[Topic]) -> (Id, String) {
        let (seller, hooks) = (self.seller.clone(), self.hooks.clone());
        let new = self.hooks.checked("stock system", url, topics).expect("a good address");
        let (id, secret) = self.world.write(move |tx| endpoint::register(tx, &seller, &proven(&seller), &hooks, &new));
        (id, secret.told().to_string())
    }

    fn does<T: Send + 'static>(
        &self,
        command: impl Fn(&mut db::Tx, &Seller) -> Result<T, Stop<Refused>> + Send + 'static,
    ) -> Result<T, Refused> {
        let seller = self.seller.clone();
        self.world.try_write(move |tx| command(tx, &seller))
    }

    fn orders(&self) -> Id {
        let placed = self.world.place_to(&self.buyer, &[(self.goods.clone(), 3)], [NAME, PHONE, PLACE]);
        placed.orders[0].order.clone()
    }

    fn becomes(&self, order: &Id, state: OrderState) {
        let order = order.clone();
        self.world.write(move |tx| step(tx, &order, state).map(drop));
    }

    /// What has happened is put down for those who want it.
    fn follows(&self) {
        let db = &self.world.vault.data.db;
        all_placed(db);
        follow::catch_up(db).expect("followed");
    }

    fn runs(&self) {
        self.follows();
        self.jobs.run_due_now().expect("jobs run");
    }

    fn endpoint(&self, id: &Id) -> endpoint::Endpoint {
        let (seller, id) = (self.seller.clone(), id.clone());
        self.world.read(move |r| endpoint::one(r, &seller, &id))
    }

    fn log(&self, id: &Id) -> Vec<log::Delivery> {
        let (seller, id) = (self.seller.clone(), id.clone());
        self.world.read(move |r| log::list(r, &seller, &id, &[], None, 100))
    }

    fn tries(&self, endpoint: &Id, delivery: &Id) -> Vec<(i64, Outcome, i64)> {
        let (seller, endpoint, delivery) = (self.seller.clone(), endpoint.clone(), delivery.clone());
        let (_, tries) = self.world.read(move |r| log::one(r, &seller, &endpoint, &delivery));
        tries.iter().map(|one| (one.number, one.outcome, one.status)).collect()
    }
}

/// Waits for PostgreSQL's sequencer.
fn all_placed(db: &Database) {
    let until = Instant::now() + Duration::from_secs(10);
    loop {
        let waiting = db.read_now::<_, Infallible>(|r| {
            Ok(outbox::table.filter(outbox::position.is_null()).count().get_result::<i64>(r.db)?)
        });
        if waiting.expect("the outbox") == 0 {
            return;
        }
        assert!(Instant::now() < until, "events get no positions");
        db.wait_for_events(i64::MAX - 1, Duration::from_millis(10));
    }
}

const ORDERS: [Topic; 3] =
    [Topic::Order(OrderState::Placed), Topic::Order(OrderState::Paid), Topic::Order(OrderState::Refunded)];

/// 3.5-a.1: ids, state, amounts, and nothing of a person; only what was chosen, only from then on, only of one's own shop.
#[test]
fn an_order_is_told_and_nobody_in_it() {
    each_engine(|world| {
        let shop = Shop::open(world);
        let (receiver, other) = (Receiver::start(), Receiver::start());
        let before = shop.orders();
        shop.follows();
        let (id, _) = shop.registers(&receiver.url, &ORDERS);
        let stranger = Shop::open(world);
        stranger.registers(&other.url, &ORDERS);
        let order = shop.orders();
        shop.becomes(&order, OrderState::Paid);
        shop.becomes(&before, OrderState::Cancelled);
        shop.runs();
        // Twice is once.
        shop.runs();
        let got = receiver.got();
        assert_eq!(got.len(), 2, "{got:?}");
        assert!(other.got().is_empty(), "another shop's program was told");
        let of = |kind: &str| got.iter().map(Got::json).find(|json| json["type"] == kind).expect(kind);
        let (placed, paid) = (of("order.placed"), of("order.paid"));
        assert_eq!(placed["data"]["order"], order.as_str());
        assert_eq!(placed["data"]["shop"], shop.seller.shop.as_str());
        assert_eq!((&placed["data"]["state"], &placed["data"]["state_now"]), (&"placed".into(), &"paid".into()));
        assert_eq!(paid["data"]["state"], "paid");
        let money = |minor: i64| serde_json::json!({"minor": minor, "currency": "CNY"});
        assert_eq!(paid["data"]["goods"], money(3_000));
        assert_eq!(paid["data"]["freight"], money(800));
        assert_eq!(paid["data"]["total"], money(3_800));
        assert!(paid["data"]["number"].as_str().is_some_and(|number| !number.is_empty()));
        assert!(paid["timestamp"].as_str().is_some_and(|at| at.ends_with('Z')));
        let mut keys: Vec<&String> = paid["data"].as_object().expect("data").keys().collect();
        keys.sort();
        assert_eq!(keys, ["freight", "goods", "number", "order", "shop", "state", "state_now", "total"]);
        for got in &got {
            for canary in [NAME, PHONE, PLACE, "Canary", "Horn button", shop.buyer.member.as_str()] {
                assert!(!got.body.contains(canary), "{canary} was sent: {}", got.body);
            }
        }
        let log = shop.log(&id);
        assert!(log.iter().all(|one| one.state == Delivered::Delivered && one.tries == 1));
        assert!(shop.endpoint(&id).delivered_at.is_some());
        // Nobody else's endpoint is there.
        let of = id.clone();
        assert_eq!(stranger.does(move |tx, me| endpoint::turn_off(tx, me, &of)), Err(Refused::NoSuchHook));
        let (of, hooks) = (id.clone(), shop.hooks.clone());
        let rotated = stranger.does(move |tx, me| endpoint::rotate(tx, me, &proven(me), &hooks, &of).map(drop));
        assert_eq!(rotated, Err(Refused::NoSuchHook));
        let (of, delivery) = (id.clone(), log[0].id.clone());
        assert_eq!(stranger.does(move |tx, me| log::replay(tx, me, &of, &delivery)), Err(Refused::NoSuchHook));
        let of = id.clone();
        assert_eq!(stranger.does(move |tx, me| endpoint::remove(tx, me, &of)), Err(Refused::NoSuchHook));
        assert_eq!(shop.endpoint(&id).state, State::On);
    });
}

/// At least once, under the same id, in growing pauses for about a day; then by hand.
#[test]
fn what_is_not_taken_is_sent_again() {
    each_engine(|world| {
        let shop = Shop::open(world);
        let receiver = Receiver::start();
        let (id, _) = shop.registers(&receiver.url, &ORDERS);
        receiver.answers(500);
        let order = shop.orders();
        shop.runs();
        assert_eq!(receiver.got().len(), 1);
        for (at, pause) in PAUSES.into_iter().enumerate() {
            world.pass(pause - SECOND);
            shop.runs();
            assert_eq!(receiver.got().len(), at + 1, "too early after try {}", at + 1);
            world.pass(SECOND + pause / 5);
            shop.runs();
            assert_eq!(receiver.got().len(), at + 2, "not again after try {}", at + 1);
        }
        let total: i64 = PAUSES.iter().sum();
        assert!((DAY..2 * DAY).contains(&total), "about a day");
        world.pass(3 * DAY);
        shop.runs();
        let got = receiver.got();
        assert_eq!(got.len(), PAUSES.len() + 1, "it has failed");
        assert!(got.iter().all(|one| one.id == got[0].id && one.body == got[0].body));
        assert!(got.windows(2).all(|two| two[0].timestamp < two[1].timestamp && two[0].signature != two[1].signature));
        let log = shop.log(&id);
        assert_eq!((log[0].state, log[0].tries, log[0].due_at), (Delivered::Failed, 8, None));
        assert_eq!(log[0].about, order);
        assert_eq!(log[0].id.as_str(), got[0].id);
        let tries = shop.tries(&id, &log[0].id);
        assert_eq!(tries.len(), 8);
        assert!(tries.iter().all(|one| (one.1, one.2) == (Outcome::Refused, 500)));

        // By hand, and all that failed at once; what an answer asks for is kept.
        receiver.answers_with(503, &[("retry-after", "600")]);
        let (of, delivery) = (id.clone(), log[0].id.clone());
        shop.does(move |tx, me| log::replay(tx, me, &of, &delivery)).expect("sent again");
        shop.runs();
        assert_eq!(receiver.got().len(), 9);
        world.pass(599 * SECOND);
        shop.runs();
        assert_eq!(receiver.got().len(), 9, "it asked for ten minutes");
        receiver.answers(200);
        world.pass(2 * SECOND);
        shop.runs();
        let got = receiver.got();
        assert_eq!((got.len(), &got[9].id), (10, &got[0].id));
        assert_eq!(shop.log(&id)[0].state, Delivered::Delivered);
        assert_eq!(shop.endpoint(&id).failing_since, None);
        let of = id.clone();
        assert_eq!(shop.does(move |tx, me| log::replay_since(tx, me, &of, 0)), Ok(0), "nothing is left to send");
    });
}

/// 410 at once, nothing for days in the end: turned off, the seller is told, and what was missed is sent when wished.
#[test]
fn an_endpoint_that_wants_or_takes_nothing_is_turned_off() {
    each_engine(|world| {
        let shop = Shop::open(world);
        let receiver = Receiver::start();
        let (id, _) = shop.registers(&receiver.url, &ORDERS);
        receiver.answers(500);
        shop.orders();
        shop.runs();
        receiver.answers(410);
        shop.orders();
        shop.runs();
        assert_eq!(shop.endpoint(&id).state, State::Gone);
        let seller = shop.seller.clone();
        assert_eq!(world.read(move |r| endpoint::broken(r, &seller)), 1);
        assert_eq!(receiver.got().len(), 2);
        shop.orders();
        world.pass(2 * DAY);
        shop.runs();
        assert_eq!(receiver.got().len(), 2, "nothing is sent to who wants nothing");
        let log = shop.log(&id);
        let states: Vec<Delivered> = log.iter().map(|one| one.state).collect();
        assert!(states.iter().all(|state| *state == Delivered::Missed), "{states:?}");
        let of = id.clone();
        assert_eq!(shop.does(move |tx, me| endpoint::test(tx, me, &of).map(drop)), Err(Refused::HookOff));
        let of = id.clone();
        assert_eq!(shop.does(move |tx, me| log::replay_since(tx, me, &of, 0)), Err(Refused::HookOff));

        receiver.answers(200);
        let of = id.clone();
        shop.does(move |tx, me| endpoint::turn_on(tx, me, &of)).expect("on");
        let (of, since) = (id.clone(), log[1].at);
        assert_eq!(shop.does(move |tx, me| log::replay_since(tx, me, &of, since)), Ok(2), "since the second order");
        shop.runs();
        assert_eq!(receiver.got().len(), 4);
        let of = id.clone();
        assert_eq!(shop.does(move |tx, me| log::replay_since(tx, me, &of, 0)), Ok(1));
        shop.runs();
        assert_eq!(receiver.got().len(), 5);
        assert!(shop.log(&id).iter().all(|one| one.state == Delivered::Delivered));

        // For days.
        receiver.answers(404);
        shop.orders();
        shop.runs();
        let since = shop.endpoint(&id).failing_since.expect("it fails");
        world.pass(FAILS_FOR - HOUR);
        shop.orders();
        shop.runs();
        assert_eq!(shop.endpoint(&id).state, State::On);
        world.pass(2 * HOUR);
        shop.runs();
        let one = shop.endpoint(&id);
        assert_eq!((one.state, one.failing_since), (State::Failing, Some(since)));
        let sent = receiver.got().len();
        world.pass(DAY);
        shop.runs();
        assert_eq!(receiver.got().len(), sent);

        // Turned off by hand, nobody needs to be told; deleted, nothing is left of it.
        let of = id.clone();
        shop.does(move |tx, me| endpoint::turn_on(tx, me, &of)).expect("on");
        let of = id.clone();
        shop.does(move |tx, me| endpoint::turn_off(tx, me, &of)).expect("off");
        let seller = shop.seller.clone();
        assert_eq!(world.read(move |r| endpoint::broken(r, &seller)), 0);
        let of = id.clone();
        shop.does(move |tx, me| endpoint::remove(tx, me, &of)).expect("deleted");
        shop.runs();
        let left: (i64, i64) = world.read(|r| {
            use trade::policy::{hook_delivery, hook_try};
            Ok((hook_delivery::table.count().get_result(r.db)?, hook_try::table.count().get_result(r.db)?))
        });
        assert_eq!(left, (0, 0));
    });
}

/// For a day the old secret signs beside the new one.
#[test]
fn a_new_secret_and_the_old_one_sign_together_for_a_day() {
    each_engine(|world| {
        let shop = Shop::open(world);
        let receiver = Receiver::start();
        let (id, first) = shop.registers(&receiver.url, &ORDERS);
        let tested = |n: usize| {
            let of = id.clone();
            shop.does(move |tx, me| endpoint::test(tx, me, &of).map(drop)).expect("a test");
            shop.runs();
            let got = receiver.got();
            assert_eq!(got.len(), n);
            assert_eq!(got[n - 1].json()["type"], "webhook.test");
            got[n - 1].signature.split(' ').count()
        };
        assert_eq!(tested(1), 1);
        let of = id.clone();
        assert_eq!(shop.does(move |tx, me| endpoint::test(tx, me, &of).map(drop)), Err(Refused::HookTestSoon));
        let (of, hooks) = (id.clone(), shop.hooks.clone());
        let second =
            shop.does(move |tx, me| Ok(endpoint::rotate(tx, me, &proven(me), &hooks, &of)?.told().to_string()));
        let second = second.expect("a secret");
        assert!(first != second && second.starts_with("whsec_") && second.len() == "whsec_".len() + 44);
        world.pass(MINUTE);
        assert_eq!(tested(2), 2);
        // Another process signs alike: the key is the house's.
        let again = self::hooks(world, Reach::PublicAndHere);
        let of = id.clone();
        let third = shop.does(move |tx, me| Ok(endpoint::rotate(tx, me, &proven(me), &again, &of)?.told().to_string()));
        assert!(third.as_ref().is_ok_and(|third| *third != second));
        world.pass(MINUTE);
        assert_eq!(tested(3), 2, "the oldest is over");
        world.pass(OLD_SECRET_SIGNS);
        assert_eq!(tested(4), 1);
        assert_eq!(shop.endpoint(&id).old_secret_until, None);
    });
}

/// An address is looked at when it is given and again when it is called.
#[test]
fn addresses_inside_are_refused_when_given_and_when_called() {
    each_engine(|world| {
        let shop = Shop::open(world);
        let receiver = Receiver::start();
        let public = hooks(world, Reach::Public);
        for (url, why) in [
            ("https://127.0.0.1/", Unfit::NotPublic),
            ("https://169.254.169.254/latest", Unfit::NotPublic),
            ("https://10.1.1.1/", Unfit::NotPublic),
            (receiver.url.as_str(), Unfit::Form),
        ] {
            let refused = public.checked("x", url, &ORDERS).expect_err("refused");
            assert_eq!(refused, [Refused::HookAddress { why }], "{url}");
        }
        let all = public.checked(" ", "nothing", &[Topic::Test]).expect_err("refused");
        assert_eq!(all.iter().filter_map(Refused::field).collect::<Vec<_>>(), ["name", "url", "topics"]);
        // One that was good once: the same row, called by a process that reaches the public network only.
        let (id, _) = shop.registers(&receiver.url, &ORDERS);
        shop.orders();
        shop.follows();
        let strict = jobs(&world.vault.data.db, &public, 0);
        strict.run_due_now().expect("jobs run");
        assert!(receiver.got().is_empty());
        let delivery = shop.log(&id)[0].clone();
        assert_eq!(shop.tries(&id, &delivery.id), [(1, Outcome::NotPublic, 0)]);
        assert_eq!(delivery.state, Delivered::Waiting);
        for _ in 1..ENDPOINTS_MAX {
            shop.registers(&receiver.url, &ORDERS);
        }
        let (hooks, new) = (shop.hooks.clone(), shop.hooks.checked("x", &receiver.url, &ORDERS).expect("good"));
        let one_more = shop.does(move |tx, me| endpoint::register(tx, me, &proven(me), &hooks, &new).map(drop));
        assert_eq!(one_more, Err(Refused::HooksFull { max: ENDPOINTS_MAX }));
    });
}

/// Two processes follow the same events, and one dies between a call and what it writes down: nothing is lost, what comes
/// twice has one id.
#[test]
fn whoever_is_killed_nothing_is_lost() {
    each_engine(|world| {
        let shop = Shop::open(world);
        let receiver = Receiver::start();
        let (id, _) = shop.registers(&receiver.url, &ORDERS);
        for _ in 0..6 {
            shop.orders();
        }
        let db = &world.vault.data.db;
        all_placed(db);
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| follow::catch_up(db).expect("followed"));
            }
        });
        assert_eq!(shop.log(&id).len(), 6, "each event once");

        // A call was made, and its process died before it wrote a word.
        receiver.answers(200);
        let first = db.write_now::<_, Infallible>(|tx| {
            let first: (Id, String) =
                job::table.filter(job::kind.eq(send::SEND)).order(job::id).select((job::id, job::body)).first(tx.db)?;
            diesel::update(job::table.find(&first.0))
                .set((
                    job::state.eq("running"),
                    job::attempts.eq(1),
                    job::leased_by.eq("gone"),
                    job::lease_until.eq(db::clock::real_now() + 60 * SECOND),
                ))
                .execute(tx.db)?;
            Ok(first)
        });
        let (first, body) = first.expect("a job");
        shop.runs();
        assert_eq!(receiver.got().len(), 5, "the sixth is another process's");
        db.write_now::<_, Infallible>(move |tx| {
            diesel::update(job::table.find(&first)).set(job::lease_until.eq(1)).execute(tx.db)?;
            Ok(())
        })
        .expect("its lease is over");
        shop.runs();
        let got = receiver.got();
        assert_eq!(got.len(), 6);
        assert!(body.contains(&got[5].id));
        assert!(shop.log(&id).iter().all(|one| one.state == Delivered::Delivered && one.tries == 1));

        // A job that was lost altogether.
        shop.orders();
        shop.follows();
        db.write_now::<_, Infallible>(|tx| {
            diesel::delete(job::table.filter(job::kind.eq(send::SEND))).execute(tx.db)?;
            Ok(())
        })
        .expect("lost");
        shop.runs();
        assert_eq!(receiver.got().len(), 6);
        world.pass(30 * MINUTE);
        shop.runs();
        assert_eq!(receiver.got().len(), 7, "the sweep found it");
    });
}

/// One program that keeps us waiting keeps nobody else waiting.
#[test]
fn a_slow_program_holds_up_no_other() {
    each_engine(|world| {
        let (one, two) = (Shop::open(world), Shop::open(world));
        let (slow, quick) = (Receiver::start(), Receiver::start());
        one.registers(&slow.url, &ORDERS);
        let (id, _) = two.registers(&quick.url, &ORDERS);
        slow.holds(true);
        for _ in 0..12 {
            one.orders();
        }
        one.follows();
        let running = jobs(&world.vault.data.db, &one.hooks, send::THREADS);
        // Its calls stand in the way of nobody.
        slow.wait_for(2);
        for _ in 0..12 {
            two.orders();
        }
        two.follows();
        quick.wait_for(12);
        assert_eq!(slow.got().len(), 2, "no more than two calls at once");
        slow.holds(false);
        running.stop();
        assert!(two.log(&id).iter().all(|one| one.state == Delivered::Delivered));
    });
}
