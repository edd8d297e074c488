//! The outbox: no gap, no miss, in commit order.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use db::testing::{TestDatabase, each_engine_with};
use db::{Delivered, Engine, Event, Failed, Id, Stop, outbox};
use diesel::prelude::*;
use serde_json::json;

use crate::{THINGS, add};

const WRITERS: i64 = 8;
const COMMANDS_EACH: i64 = 60;

#[test]
fn eight_writers_leave_no_gap_and_a_consumer_misses_nothing() {
    each_engine_with(THINGS, |test| {
        // On PostgreSQL two processes, so two sequencers.
        let other = test.again();
        let done = AtomicBool::new(false);
        let (acknowledged, consumed) = std::thread::scope(|scope| {
            let writers: Vec<_> = (0..WRITERS)
                .map(|writer| {
                    let db = if writer % 2 == 0 { test.db.clone() } else { other.clone() };
                    scope.spawn(move || {
                        let mut acknowledged = Vec::new();
                        for n in 0..COMMANDS_EACH {
                            let id = db.write_now(move |tx| {
                                let id = add(tx, &format!("{writer}-{n}"))?;
                                for part in 0..2 {
                                    let body = json!({ "writer": writer, "n": n, "part": part });
                                    tx.emit(Event { kind: "added", about: id.clone(), body });
                                }
                                if n % 5 == 0 { Err(Stop::refuse("every fifth")) } else { Ok(id) }
                            });
                            acknowledged.extend(id.ok());
                        }
                        acknowledged
                    })
                })
                .collect();
            let consumer = scope.spawn(|| {
                let mut consumed: Vec<Delivered> = Vec::new();
                let until = Instant::now() + Duration::from_secs(60);
                loop {
                    let last = consumed.last().map_or(0, |event| event.position);
                    let finished = done.load(Ordering::Acquire);
                    let more = test.db.events_after(last, 7).expect("events");
                    let nothing = more.is_empty();
                    consumed.extend(more);
                    let all = (WRITERS * COMMANDS_EACH * 4 / 5 * 2) as usize;
                    if finished && nothing && (consumed.len() == all || Instant::now() > until) {
                        return consumed;
                    }
                    if nothing {
                        test.db.wait_for_events(last, Duration::from_millis(20));
                    }
                }
            });
            let acknowledged: Vec<Id> = writers.into_iter().flat_map(|w| w.join().expect("writer")).collect();
            done.store(true, Ordering::Release);
            (acknowledged, consumer.join().expect("consumer"))
        });
        let positions: Vec<i64> = consumed.iter().map(|event| event.position).collect();
        assert_eq!(positions, (1..=consumed.len() as i64).collect::<Vec<_>>());
        let about: BTreeSet<&Id> = consumed.iter().map(|event| &event.about).collect();
        assert_eq!(about, acknowledged.iter().collect());
        assert_eq!(consumed.len(), acknowledged.len() * 2);
        // A writer waits for each answer, so its events come in the order of its commands.
        for writer in 0..WRITERS {
            let of_writer: Vec<(i64, i64)> = consumed
                .iter()
                .filter(|event| event.body["writer"] == json!(writer))
                .map(|event| (event.body["n"].as_i64().expect("n"), event.body["part"].as_i64().expect("part")))
                .collect();
            assert!(of_writer.is_sorted(), "{of_writer:?}");
        }
    });
}

#[test]
fn a_waiter_wakes_soon_after_the_commit() {
    each_engine_with(THINGS, |test| {
        assert!(!test.db.wait_for_events(0, Duration::from_millis(10)));
        let db = test.db.clone();
        let waiter = std::thread::spawn(move || db.wait_for_events(0, Duration::from_secs(20)));
        emit(&test.db, "one");
        assert!(waiter.join().expect("waiter"));
        let events = test.db.events_after(0, 10).expect("events");
        assert_eq!(events.len(), 1);
        assert_eq!((events[0].position, events[0].kind.as_str()), (1, "one"));
    });
}

/// Two that place at once would give one position twice, or one event two.
#[test]
fn while_one_process_places_no_other_does() {
    let test = TestDatabase::open(Engine::Postgres, THINGS);
    let other = test.again();
    let gate = Arc::new(Barrier::new(2));
    let held = gate.clone();
    let holder = std::thread::spawn(move || {
        let placing: Result<(), Failed<Infallible>> = other.write_now(move |tx| {
            let lock = "select last from outbox_sequence where name = 'outbox' for update";
            diesel::sql_query(lock).execute(tx.db)?;
            held.wait();
            held.wait();
            Ok(())
        });
        placing
    });
    gate.wait();
    emit(&test.db, "one");
    assert_eq!(test.place(), 0);
    assert!(test.db.events_after(0, 10).expect("events").is_empty());
    gate.wait();
    holder.join().expect("no panic").expect("held");
    assert!(test.db.wait_for_events(0, Duration::from_secs(20)));
}

#[test]
fn consumers_keep_their_place_and_what_all_have_passed_is_pruned() {
    each_engine_with(THINGS, |test| {
        for kind in ["one", "two", "three"] {
            emit(&test.db, kind);
        }
        assert!(test.db.wait_for_events(2, Duration::from_secs(20)));
        let kept: Result<(i64, usize), Failed<Infallible>> = test.db.write_now(|tx| {
            assert_eq!(outbox::position_of(tx.db, "search")?, 0);
            outbox::set_position(tx.db, "search", 1)?;
            outbox::set_position(tx.db, "mail", 1)?;
            outbox::set_position(tx.db, "search", 3)?;
            assert_eq!(outbox::whole_since(tx.db)?, 0);
            Ok((outbox::position_of(tx.db, "search")?, outbox::prune(tx.db, tx.now + 1)?))
        });
        assert_eq!(kept.expect("kept"), (3, 1));
        assert_eq!(positions(&test.db), [2, 3]);
        assert_eq!(faults(&test.db), NOTHING);
        // The last one stays, so that nobody who has not read it believes that there is nothing.
        let (gone, since, now) = prune(&test.db, &["search", "mail"]);
        assert_eq!((gone, since), (1, now + 1));
        assert_eq!(positions(&test.db), [3]);
        assert_eq!(faults(&test.db), NOTHING);
        // Positions go on even when everything before has gone.
        emit(&test.db, "four");
        assert!(test.db.wait_for_events(3, Duration::from_secs(20)));
        assert_eq!(test.db.events_after(3, 10).expect("events")[0].position, 4);
    });
}

/// An event whose command took long stands behind newer ones, and goes with them, not before: no gap ever stands among
/// what stays.
#[test]
fn what_stays_after_pruning_has_no_gap() {
    each_engine_with(THINGS, |test| {
        for kind in ["one", "two", "three", "four", "five"] {
            emit(&test.db, kind);
        }
        assert!(test.db.wait_for_events(4, Duration::from_secs(20)));
        let gone: Result<usize, Failed<Infallible>> = test.db.write_now(|tx| {
            use db::policy::outbox as events;
            let (old, young) = (tx.now - 10, tx.now + 10);
            for (position, at) in [(1, old), (2, young), (3, old), (4, young), (5, young)] {
                diesel::update(events::table.filter(events::position.eq(position)))
                    .set(events::at.eq(at))
                    .execute(tx.db)?;
            }
            Ok(outbox::prune(tx.db, tx.now)?)
        });
        assert_eq!((gone.expect("pruned"), positions(&test.db)), (1, vec![2, 3, 4, 5]));
        assert_eq!(faults(&test.db), NOTHING);
    });
}

/// `hanse verify` sees what pruning never leaves.
#[test]
fn a_gap_and_a_consumer_that_lost_events_are_faults() {
    each_engine_with(THINGS, |test| {
        for kind in ["one", "two", "three", "four"] {
            emit(&test.db, kind);
        }
        assert!(test.db.wait_for_events(3, Duration::from_secs(20)));
        let removed = |position: i64| {
            let removed: Result<usize, Failed<Infallible>> = test.db.write_now(move |tx| {
                use db::policy::outbox as events;
                Ok(diesel::delete(events::table.filter(events::position.eq(position))).execute(tx.db)?)
            });
            assert_eq!(removed.expect("removed"), 1);
        };
        let missing = "positions of events are missing or stand twice";
        removed(1);
        assert_eq!(faults(&test.db), [missing], "nothing was pruned, and the first is gone");
        assert_eq!(prune(&test.db, &[]).0, 2);
        assert_eq!(faults(&test.db), NOTHING);
        let behind: Result<(), Failed<Infallible>> =
            test.db.write_now(|tx| Ok(outbox::set_position(tx.db, "mail", 1)?));
        behind.expect("set");
        assert_eq!(faults(&test.db), ["events are gone that a consumer has not read"]);
        emit(&test.db, "five");
        emit(&test.db, "six");
        assert!(test.db.wait_for_events(5, Duration::from_secs(20)));
        removed(5);
        assert_eq!(faults(&test.db), [missing, "events are gone that a consumer has not read"]);
    });
}

const NOTHING: [&str; 0] = [];

/// After these consumers have read all: how many are gone, since when all are there, and the time.
fn prune(db: &db::Database, consumers: &'static [&'static str]) -> (usize, i64, i64) {
    let pruned: Result<_, Failed<Infallible>> = db.write_now(move |tx| {
        let last = outbox::last_position(tx.db)?;
        for consumer in consumers {
            outbox::set_position(tx.db, consumer, last)?;
        }
        Ok((outbox::prune(tx.db, tx.now + 1)?, outbox::whole_since(tx.db)?, tx.now))
    });
    pruned.expect("pruned")
}

fn faults(db: &db::Database) -> Vec<&'static str> {
    db.read_now::<_, Infallible>(|read| Ok(outbox::faults(read.db)?)).expect("looked at")
}

fn positions(db: &db::Database) -> Vec<i64> {
    db.events_after(0, 10).expect("events").iter().map(|event| event.position).collect()
}

fn emit(db: &db::Database, kind: &'static str) {
    let emitted: Result<(), Failed<Infallible>> = db.write_now(move |tx| {
        let about = tx.id();
        tx.emit(Event { kind, about, body: json!({}) });
        Ok(())
    });
    emitted.expect("emitted");
}
