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
    assert!(!test.db.wait_for_events(0, Duration::from_millis(600)));
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
            Ok((outbox::position_of(tx.db, "search")?, outbox::prune(tx.db, tx.now + 1)?))
        });
        assert_eq!(kept.expect("kept"), (3, 1));
        let left = test.db.events_after(0, 10).expect("events");
        assert_eq!(left.iter().map(|event| event.position).collect::<Vec<_>>(), [2, 3]);
        // Positions go on even when everything before has gone.
        emit(&test.db, "four");
        assert!(test.db.wait_for_events(3, Duration::from_secs(20)));
        assert_eq!(test.db.events_after(3, 10).expect("events")[0].position, 4);
    });
}

fn emit(db: &db::Database, kind: &'static str) {
    let emitted: Result<(), Failed<Infallible>> = db.write_now(move |tx| {
        let about = tx.id();
        tx.emit(Event { kind, about, body: json!({}) });
        Ok(())
    });
    emitted.expect("emitted");
}
