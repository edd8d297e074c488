//! Commands: what is acknowledged is on disk, and nothing else is.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::time::Duration;

use db::testing::{TestDatabase, each_engine_with};
use db::{Database, Engine, Event, Failed, Id, Stop, insert_all, on_each};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use serde_json::json;

use crate::{THINGS, add, insert, names, thing};

/// Runs commands from several threads at once, so that they share commits on SQLite.
fn crowd<T: Send>(threads: usize, each: usize, command: impl Fn(usize) -> T + Sync) -> Vec<T> {
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads)
            .map(|thread| {
                let command = &command;
                scope.spawn(move || (0..each).map(|n| command(thread * each + n)).collect::<Vec<_>>())
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("thread")).collect()
    })
}

#[test]
fn acknowledged_rows_survive_refusals_panics_and_faults_of_others() {
    each_engine_with(THINGS, |test| {
        let db = &test.db;
        let answers = crowd(8, 40, |n| {
            let name = format!("n{n:03}");
            let answer = db.write_now({
                let name = name.clone();
                move |tx| {
                    add(tx, &name)?;
                    match n % 7 {
                        1 => Err(Stop::refuse("refused")),
                        2 => panic!("on purpose"),
                        3 => {
                            diesel::sql_query("select nothing from nowhere").execute(tx.db)?;
                            Ok(())
                        }
                        4 => {
                            // A unique name twice, swallowed.
                            let _swallowed = add(tx, &name);
                            Ok(())
                        }
                        _ => Ok(()),
                    }
                }
            });
            match (n % 7, &answer) {
                (1, Err(Failed::Refused("refused"))) | (2..=4, Err(Failed::Fault(_))) | (0 | 5.., Ok(())) => {}
                _ => panic!("{n}: {answer:?}"),
            }
            answer.is_ok().then_some(name)
        });
        let acknowledged: BTreeSet<String> = answers.into_iter().flatten().collect();
        assert_eq!(names(&test.again()).into_iter().collect::<BTreeSet<_>>(), acknowledged);
    });
}

#[test]
fn no_statement_follows_a_failed_one_and_the_command_is_a_fault() {
    each_engine_with(THINGS, |test| {
        let reached = Arc::new(AtomicUsize::new(0));
        let count = reached.clone();
        let answer: Result<(), Failed<&str>> = test.db.write_now(move |tx| {
            add(tx, "first")?;
            assert!(diesel::sql_query("select nothing from nowhere").execute(tx.db).is_err());
            count.fetch_add(1, Ordering::SeqCst);
            let _never = add(tx, "second");
            count.fetch_add(1, Ordering::SeqCst);
            Ok(())
        });
        assert!(matches!(answer, Err(Failed::Fault(_))));
        assert_eq!(reached.load(Ordering::SeqCst), 1);
        let read: Result<(), Failed<&str>> = test.db.read_now(|read| {
            let _swallowed = diesel::sql_query("select nothing from nowhere").execute(read.db);
            Ok(())
        });
        assert!(matches!(read, Err(Failed::Fault(_))));
        // Swallowed and then refused is a fault too.
        let refused: Result<(), Failed<&str>> = test.db.write_now(|tx| {
            let _swallowed = diesel::sql_query("select nothing from nowhere").execute(tx.db);
            Err(Stop::refuse("no"))
        });
        assert!(matches!(refused, Err(Failed::Fault(_))));
        assert!(names(&test.db).is_empty());
        test.db.write_now(|tx| add(tx, "later")).expect("the connection is sound again");
    });
}

#[test]
fn diesels_own_transaction_is_refused() {
    each_engine_with(THINGS, |test| {
        let answer: Result<(), Failed<&str>> = test.db.write_now(|tx| {
            add(tx, "outside")?;
            #[allow(clippy::disallowed_methods)] // that it cannot be done is what this proves
            tx.db.transaction(|_| Ok::<(), diesel::result::Error>(()))?;
            Ok(())
        });
        assert!(matches!(answer, Err(Failed::Fault(_))));
        assert!(names(&test.db).is_empty());
        test.db.write_now(|tx| add(tx, "later")).expect("added");
    });
}

#[test]
fn a_full_disk_loses_nothing_that_was_acknowledged() {
    let test = TestDatabase::open(Engine::Sqlite, THINGS);
    let limited: Result<(), Failed<Infallible>> =
        test.db.write_now(|tx| Ok(tx.db.batch_execute("pragma max_page_count = 120")?));
    limited.expect("limited");
    let db = &test.db;
    let failed = AtomicUsize::new(0);
    let answers = crowd(8, 60, |n| {
        let name = format!("n{n:03}{}", "x".repeat(2_000));
        let answer = db.write_now({
            let name = name.clone();
            move |tx| {
                add(tx, &name)?;
                add(tx, &format!("{name}-second"))?;
                let about = tx.id();
                tx.emit(Event { kind: "added", about, body: json!({ "n": n }) });
                Ok(())
            }
        });
        match answer {
            Ok(()) => Some(name),
            Err(Failed::Fault(_) | Failed::Unavailable(_)) => {
                failed.fetch_add(1, Ordering::SeqCst);
                None
            }
            Err(other) => panic!("{other:?}"),
        }
    });
    let acknowledged: BTreeSet<String> =
        answers.into_iter().flatten().flat_map(|name| [format!("{name}-second"), name]).collect();
    assert!(failed.load(Ordering::SeqCst) > 0 && !acknowledged.is_empty());
    let again = test.again();
    assert_eq!(names(&again).into_iter().collect::<BTreeSet<_>>(), acknowledged);
    let events = again.events_after(0, 1_000).expect("events");
    assert_eq!(events.len() * 2, acknowledged.len());
    assert!(events.iter().enumerate().all(|(n, event)| event.position == n as i64 + 1));
    let lifted: Result<(), Failed<Infallible>> =
        db.write_now(|tx| Ok(tx.db.batch_execute("pragma max_page_count = 100000")?));
    lifted.expect("lifted");
    db.write_now(|tx| add(tx, "there is room again")).expect("added");
}

#[test]
fn commands_that_wait_together_share_a_commit_and_each_gets_its_own_answer() {
    let test = TestDatabase::open(Engine::Sqlite, THINGS);
    let held = Arc::new(Barrier::new(2));
    let (db, gate) = (test.db.clone(), held.clone());
    let first = std::thread::spawn(move || {
        let line = db.clone();
        db.write_now(move |tx| {
            gate.wait();
            while line.commands_waiting() < 30 {
                std::thread::yield_now();
            }
            add(tx, "first")
        })
    });
    held.wait();
    let noted = crowd(30, 1, |n| {
        test.db.write_now(move |tx| {
            tx.note(db::Note { own: true, text: format!("{n}") });
            let id = add(tx, &format!("n{n:02}"))?;
            if n % 3 == 0 { Err(Stop::refuse("third")) } else { Ok((n, id)) }
        })
    });
    first.join().expect("no panic").expect("first");
    for (n, answer) in noted.into_iter().enumerate() {
        match answer {
            Ok((same, _)) => assert!(same == n && n % 3 != 0),
            Err(Failed::Refused("third")) => assert_eq!(n % 3, 0),
            Err(other) => panic!("{other:?}"),
        }
    }
    let verified: Result<_, Failed<Infallible>> = test.db.read_now(|read| Ok(db::ledger::verify(read.db)));
    let blocks = verified.expect("read").expect("whole").blocks;
    assert!(blocks < 10, "30 commands came to {blocks} commits");
    assert_eq!(names(&test.db).len(), 21);
}

#[test]
fn a_deadlock_runs_again_with_the_same_time_and_ids() {
    let test = TestDatabase::open(Engine::Postgres, THINGS);
    let (a, b) = test.db.write_now(|tx| Ok((add(tx, "a")?, add(tx, "b")?))).expect("added");
    let runs: Arc<Mutex<Vec<(usize, i64, Id)>>> = Arc::default();
    let meeting = Arc::new(Barrier::new(2));
    let commands: Vec<_> = [(0, a.clone(), b.clone()), (1, b, a)]
        .into_iter()
        .map(|(which, one, other)| {
            let (db, runs, meeting) = (test.db.clone(), runs.clone(), meeting.clone());
            std::thread::spawn(move || {
                let first_run = AtomicUsize::new(0);
                let answer: Result<Id, Failed<Infallible>> = db.write_now(move |tx| {
                    let id = tx.id();
                    runs.lock().expect("runs").push((which, tx.now, id.clone()));
                    insert(tx, &id, &format!("by {which}"))?;
                    for (n, row) in [&one, &other].into_iter().enumerate() {
                        diesel::update(thing::table.find(row))
                            .set(thing::amount.eq(thing::amount + 1))
                            .execute(tx.db)?;
                        if n == 0 && first_run.fetch_add(1, Ordering::SeqCst) == 0 {
                            meeting.wait();
                        }
                    }
                    Ok(id)
                });
                answer.expect("written in the end")
            })
        })
        .collect();
    let ids: Vec<Id> = commands.into_iter().map(|thread| thread.join().expect("no panic")).collect();
    let runs = runs.lock().expect("runs").clone();
    assert!(runs.len() > 2, "there was a deadlock");
    for (which, id) in ids.iter().enumerate() {
        let of_one: BTreeSet<(i64, Id)> =
            runs.iter().filter(|run| run.0 == which).map(|run| (run.1, run.2.clone())).collect();
        assert_eq!(of_one.len(), 1, "each run drew the same");
        assert_eq!(of_one.first().map(|run| &run.1), Some(id));
    }
    let amounts: Result<Vec<i64>, Failed<Infallible>> = test.db.read_now(|read| {
        Ok(thing::table.filter(thing::name.eq_any(["a", "b"])).select(thing::amount).load(read.db)?)
    });
    assert_eq!(amounts.expect("amounts"), [2, 2]);
}

#[test]
fn a_broken_connection_is_made_anew_and_the_command_runs_again() {
    let test = TestDatabase::open(Engine::Postgres, THINGS);
    let killed = AtomicUsize::new(0);
    let written = test.db.write_now(move |tx| {
        add(tx, "once")?;
        if killed.fetch_add(1, Ordering::SeqCst) == 0 {
            diesel::sql_query("select pg_terminate_backend(pg_backend_pid())").execute(tx.db)?;
        }
        Ok(())
    });
    written.expect("written on the second connection");
    let read: Result<(), Failed<&str>> = test.db.read_now(|read| {
        diesel::sql_query("select pg_terminate_backend(pg_backend_pid())").execute(read.db)?;
        Ok(())
    });
    assert!(matches!(read, Err(Failed::Unavailable(_))), "{read:?}");
    for _ in 0..4 {
        assert_eq!(names(&test.db), ["once"]);
    }
}

/// The answer to COMMIT is lost: a constraint trigger, which runs at COMMIT, ends the connection.
#[test]
fn a_lost_answer_to_commit_is_unknown_and_begins_a_new_chain() {
    let test = TestDatabase::open(Engine::Postgres, THINGS);
    let mut options = test.options();
    options.writer_threads = 1;
    let db = Database::open(options).unwrap_or_else(|error| panic!("{error}"));
    let set_up: Result<(), Failed<Infallible>> = db.write_now(|tx| {
        tx.note(db::Note { own: false, text: "before".to_owned() });
        Ok(tx.db.batch_execute(
            "create function leave() returns trigger language plpgsql as \
             'begin perform pg_terminate_backend(pg_backend_pid()); return null; end'; \
             create constraint trigger leaves after insert on thing deferrable initially deferred \
             for each row when (new.name = 'leaves') execute function leave()",
        )?)
    });
    set_up.expect("set up");
    let lost = db.write_now(|tx| {
        tx.note(db::Note { own: false, text: "lost".to_owned() });
        add(tx, "leaves")
    });
    assert!(matches!(lost, Err(Failed::Unknown)), "{lost:?}");
    let after: Result<(), Failed<Infallible>> = db.write_now(|tx| {
        tx.note(db::Note { own: false, text: "after".to_owned() });
        Ok(())
    });
    after.expect("a new connection");
    let verified: Result<_, Failed<Infallible>> = db.read_now(|read| Ok(db::ledger::verify(read.db)));
    let verified = verified.expect("read").expect("whole");
    assert_eq!((verified.chains, verified.blocks), (2, 2));
}

#[test]
fn a_changed_state_undoes_the_command_and_the_read() {
    each_engine_with(THINGS, |test| {
        let person = test.db.write_now(|tx| add(tx, "person")).expect("person");
        let by = |version: i64, name: &'static str| {
            let person = person.clone();
            test.db.write_now(move |tx| {
                tx.require(&person, version);
                let about = add(tx, name)?;
                tx.emit(Event { kind: "added", about, body: json!({}) });
                tx.enqueue(db::NewJob { kind: "none", unique: None, due_at: 0, body: json!({}) });
                Ok(())
            })
        };
        by(0, "while it stands").expect("unchanged");
        assert!(matches!(by(1, "after it changed"), Err(Failed::Changed)));
        assert_eq!(names(&test.db), ["person", "while it stands"]);
        assert!(test.db.wait_for_events(0, Duration::from_secs(20)));
        assert_eq!(test.db.events_after(0, 10).expect("events").len(), 1);
        let jobs: Result<_, Failed<Infallible>> = test.db.read_now(|read| Ok(db::jobs::list(read.db, 10)?.len()));
        assert_eq!(jobs.expect("jobs"), 1);
        let read = |version: i64| {
            let person = person.clone();
            test.db.read_now(move |read| -> Result<(), Stop<&str>> {
                read.require(&person, version);
                Ok(())
            })
        };
        read(0).expect("unchanged");
        assert!(matches!(read(1), Err(Failed::Changed)));
    });
}

#[test]
fn a_full_queue_refuses_at_once() {
    let test = TestDatabase::open(Engine::Sqlite, THINGS);
    let mut options = test.options();
    options.queue_length_max = 2;
    options.reader_threads = 1;
    let db = Database::open(options).unwrap_or_else(|error| panic!("{error}"));
    let gate = Arc::new(Barrier::new(2));
    let held = gate.clone();
    let holder = std::thread::spawn({
        let db = db.clone();
        move || {
            let held: Result<(), Failed<Infallible>> = db.write_now(move |_| {
                held.wait();
                held.wait();
                Ok(())
            });
            held
        }
    });
    gate.wait();
    let waiting: Vec<_> = (0..2)
        .map(|n| {
            let db = db.clone();
            std::thread::spawn(move || db.write_now(move |tx| add(tx, &format!("{n}"))))
        })
        .collect();
    while db.commands_waiting() < 2 {
        std::thread::yield_now();
    }
    let refused = db.write_now(|tx| add(tx, "too much"));
    assert!(matches!(refused, Err(Failed::Unavailable(_))), "{refused:?}");
    gate.wait();
    holder.join().expect("no panic").expect("held");
    for thread in waiting {
        thread.join().expect("no panic").expect("it waited");
    }
    assert_eq!(names(&db), ["0", "1"]);
}

#[test]
fn a_read_cannot_write_and_sees_one_snapshot() {
    each_engine_with(THINGS, |test| {
        let wrote: Result<usize, Failed<&str>> =
            test.db.read_now(|read| Ok(diesel::delete(thing::table).execute(read.db)?));
        assert!(matches!(wrote, Err(Failed::Fault(_))));
        let db = test.db.clone();
        let counts: Result<(i64, i64), Failed<&str>> = test.db.read_now(move |read| {
            let before = thing::table.count().get_result(read.db)?;
            db.write_now(|tx| add(tx, "meanwhile")).expect("added");
            Ok((before, thing::table.count().get_result(read.db)?))
        });
        assert_eq!(counts.expect("counted"), (0, 0));
        assert_eq!(names(&test.db), ["meanwhile"]);
    });
}

/// The first one of a connection has a snapshot all the same, for it asks whether the connection is there.
#[test]
fn a_look_cannot_write_and_sees_the_latest() {
    each_engine_with(THINGS, |test| {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("runtime");
        runtime.block_on(async {
            for _ in 0..10 {
                let wrote: Result<usize, Failed<&str>> =
                    test.db.look(|look| Ok(diesel::delete(thing::table).execute(look.db)?)).await;
                assert!(matches!(wrote, Err(Failed::Fault(_))), "{wrote:?}");
            }
            let mut latest = 0;
            for n in 0..10 {
                let db = test.db.clone();
                let counts: Result<(i64, i64), Failed<&str>> = test
                    .db
                    .look(move |look| {
                        let before = thing::table.count().get_result(look.db)?;
                        db.write_now(move |tx| add(tx, &format!("meanwhile {n}"))).expect("added");
                        Ok((before, thing::table.count().get_result(look.db)?))
                    })
                    .await;
                let (before, after) = counts.expect("counted");
                assert_eq!(before, n);
                latest += after - before;
            }
            assert!(latest > 0, "no look saw what was committed meanwhile");
        });
    });
}

/// There are two connections to read by: each that a look took must have come back.
#[test]
fn looks_share_the_readers_connections() {
    each_engine_with(THINGS, |test| {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(3).build().expect("runtime");
        runtime.block_on(async {
            for _ in 0..5 {
                let panicked: Result<(), Failed<&str>> = test.db.look(|_| panic!("on purpose")).await;
                assert!(matches!(panicked, Err(Failed::Fault(_))), "{panicked:?}");
            }
            let many: Vec<_> = (0..60)
                .map(|n| {
                    let db = test.db.clone();
                    tokio::spawn(async move {
                        let count = |rows: &mut db::Read| Ok(thing::table.count().get_result::<i64>(rows.db)?);
                        let counted: Result<i64, Failed<&str>> =
                            if n % 2 == 0 { db.look(count).await } else { db.read(count).await };
                        counted.expect("counted")
                    })
                })
                .collect();
            for one in many {
                assert_eq!(one.await.expect("no panic"), 0);
            }
            test.db.clone().close();
            let late: Result<i64, Failed<&str>> =
                test.db.look(|look| Ok(thing::table.count().get_result(look.db)?)).await;
            assert!(matches!(late, Err(Failed::Unavailable(_))), "{late:?}");
        });
    });
}

/// A few rows go one by one and many together; either way all are there, or none.
#[test]
fn rows_are_inserted_few_or_many() {
    each_engine_with(THINGS, |test| {
        for count in [1, db::FEW, db::FEW + 1, 25] {
            let inserted: Result<(), Failed<&str>> = test.db.write_now(move |tx| {
                let rows: Vec<_> = (0..count)
                    .map(|n| {
                        let (id, name) = (tx.id(), format!("{count} {n}"));
                        let sealed = thing::sealed_name.eq(Vec::new());
                        (thing::id.eq(id), thing::name.eq(name), thing::amount.eq(0), sealed)
                    })
                    .collect();
                Ok(on_each!(tx.db, conn => insert_all!(conn, thing::table, rows, 10))?)
            });
            inserted.expect("inserted");
        }
        assert_eq!(names(&test.db).len(), 1 + 2 * db::FEW + 1 + 25);
    });
}

#[test]
fn async_callers_are_answered_too() {
    each_engine_with(THINGS, |test| {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("runtime");
        runtime.block_on(async {
            let id = test.db.write(|tx| add(tx, "async")).await.expect("written");
            let found: Result<String, Failed<Infallible>> =
                test.db.read(move |read| Ok(thing::table.find(&id).select(thing::name).first(read.db)?)).await;
            assert_eq!(found.expect("found"), "async");
        });
    });
}
