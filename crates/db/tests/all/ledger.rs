//! The ledger's blocks and chains.

use std::convert::Infallible;

use db::ledger::{self, Broken, Verified};
use db::testing::each_engine_with;
use db::{Database, Engine, Event, Failed, Note, Scope, Stop};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use crate::{THINGS, add, names};

fn note(text: &str) -> Note {
    Note { own: false, text: text.to_owned() }
}

fn verify(db: &Database) -> Result<Verified, Broken> {
    let verified: Result<_, Failed<Infallible>> = db.read_now(|read| Ok(ledger::verify(read.db)));
    verified.expect("read")
}

fn bodies(db: &Database) -> Vec<String> {
    let bodies: Result<Vec<Option<String>>, Failed<Infallible>> = db.read_now(|read| {
        use db::policy::ledger_block;
        Ok(ledger_block::table
            .select(ledger_block::body)
            .order((ledger_block::chain, ledger_block::n))
            .load(read.db)?)
    });
    let mut lines: Vec<String> = bodies
        .expect("bodies")
        .into_iter()
        .flatten()
        .flat_map(|body| body.lines().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    lines.sort();
    lines
}

#[test]
fn refused_panicked_and_failed_commands_keep_their_notes() {
    each_engine_with(THINGS, |test| {
        let kept: Result<(), Failed<&str>> = test.db.write_now(|tx| {
            tx.note(note("kept\nin one line"));
            Ok(())
        });
        kept.expect("kept");
        let refused: Result<(), Failed<&str>> = test.db.write_now(|tx| {
            tx.note(note("refused"));
            add(tx, "undone")?;
            Err(Stop::refuse("no"))
        });
        assert!(matches!(refused, Err(Failed::Refused("no"))));
        let panicked: Result<(), Failed<&str>> = test.db.write_now(|tx| {
            tx.note(note("panicked"));
            panic!("on purpose")
        });
        assert!(matches!(panicked, Err(Failed::Fault(_))));
        let failed: Result<(), Failed<&str>> = test.db.write_now(|tx| {
            tx.note(note("failed"));
            diesel::sql_query("select * from nowhere").execute(tx.db)?;
            Ok(())
        });
        assert!(matches!(failed, Err(Failed::Fault(_))));
        let changed: Result<(), Failed<&str>> = test.db.write_now(|tx| {
            tx.note(note("changed"));
            let nobody = tx.id();
            tx.require(&nobody, 1);
            Ok(())
        });
        assert!(matches!(changed, Err(Failed::Changed)));
        assert_eq!(bodies(&test.db), ["changed", "failed", "kept in one line", "panicked", "refused"]);
        assert!(names(&test.db).is_empty());
        assert_eq!(verify(&test.db).expect("whole").blocks, 5);
    });
}

#[test]
fn a_read_of_somebody_elses_data_is_on_disk_when_it_is_answered() {
    each_engine_with(THINGS, |test| {
        for n in 0..10 {
            let read: Result<i32, Failed<&str>> = test.db.read_now(move |read| {
                Scope::note(read, note(&format!("read {n}")));
                Ok(n)
            });
            assert_eq!(read.expect("read"), n);
            assert_eq!(bodies(&test.db).len(), n as usize + 1);
        }
        let refused: Result<(), Failed<&str>> = test.db.read_now(|read| {
            read.note(note("refused"));
            Err(Stop::refuse("no"))
        });
        assert!(matches!(refused, Err(Failed::Refused("no"))));
        assert_eq!(bodies(&test.db).len(), 11);
        let own: Result<(), Failed<&str>> = test.db.read_now(|read| {
            read.note(Note { own: true, text: "own".to_owned() });
            Ok(())
        });
        own.expect("own");
        test.db.clone().close();
        let again = test.again();
        assert_eq!(bodies(&again).len(), 12);
        assert_eq!(verify(&again).expect("whole").bodies, 12);
    });
}

#[test]
fn without_the_ledger_there_is_no_answer() {
    each_engine_with(THINGS, |test| {
        let broken: Result<(), Failed<Infallible>> = test.db.write_now(|tx| {
            diesel::sql_query("alter table ledger_block rename to ledger_gone").execute(tx.db)?;
            Ok(())
        });
        broken.expect("renamed");
        let read: Result<(), Failed<Infallible>> = test.db.read_now(|read| {
            read.note(note("read"));
            Ok(())
        });
        assert!(matches!(read, Err(Failed::Unavailable(_) | Failed::Fault(_))), "{read:?}");
        let refused: Result<(), Failed<&str>> = test.db.write_now(|tx| {
            tx.note(note("refused"));
            Err(Stop::refuse("no"))
        });
        assert!(matches!(refused, Err(Failed::Unavailable(_))), "{refused:?}");
        let written = test.db.write_now(|tx| {
            tx.note(note("written"));
            add(tx, "undone")
        });
        assert!(written.is_err());
        assert!(names(&test.db).is_empty());
        // What needs no ledger goes on.
        test.db.write_now(|tx| add(tx, "done")).expect("added");
    });
}

/// The block was appended, and then the commit failed: the chain goes on from the block before.
#[test]
fn a_failed_commit_leaves_no_gap_in_the_chain() {
    each_engine_with(THINGS, |test| {
        let mut options = test.options();
        options.writer_threads = 1;
        let db = Database::open(options).unwrap_or_else(|error| panic!("{error}"));
        let (set_up, lift) = match test.engine {
            Engine::Sqlite => (
                "create trigger full before update on outbox_sequence begin select raise(abort, 'full'); end",
                "drop trigger full",
            ),
            Engine::Postgres => (
                "create function refuse_full() returns trigger language plpgsql as 'begin raise exception $$full$$; end'; \
                 create constraint trigger is_full after insert on outbox deferrable initially deferred \
                 for each row execute function refuse_full()",
                "drop trigger is_full on outbox",
            ),
        };
        let run = |sql: &'static str, line: &'static str, emits: bool| {
            let done: Result<(), Failed<Infallible>> = db.write_now(move |tx| {
                tx.db.batch_execute(sql)?;
                tx.note(note(line));
                if emits {
                    let about = tx.id();
                    tx.emit(Event { kind: "lost", about, body: serde_json::json!({}) });
                }
                Ok(())
            });
            done
        };
        run(set_up, "first", false).expect("set up");
        assert!(run("select 1", "lost", true).is_err());
        run(lift, "second", false).expect("lifted");
        assert_eq!(bodies(&db), ["first", "second"]);
        let verified = verify(&db).expect("whole");
        assert_eq!((verified.chains, verified.blocks), (1, 2));
    });
}

#[test]
fn one_changed_byte_breaks_the_chain_and_a_dropped_body_does_not() {
    each_engine_with(THINGS, |test| {
        let mut options = test.options();
        // One chain on PostgreSQL too.
        options.writer_threads = 1;
        let db = Database::open(options).unwrap_or_else(|error| panic!("{error}"));
        for n in 0..4 {
            let noted: Result<(), Failed<Infallible>> = db.write_now(move |tx| {
                tx.note(note(&format!("line {n}")));
                Ok(())
            });
            noted.expect("noted");
        }
        let whole = verify(&db).expect("whole");
        assert_eq!((whole.blocks, whole.bodies), (4, 4));
        let heads: Result<_, Failed<Infallible>> = db.read_now(|read| Ok(ledger::heads(read.db)?));
        assert_eq!(heads.expect("heads").iter().map(|head| head.n).sum::<i64>(), 4);

        let tamper = |sql: &'static str| {
            let done: Result<usize, Failed<Infallible>> =
                db.write_now(move |tx| Ok(diesel::sql_query(sql).execute(tx.db)?));
            assert_eq!(done.expect("tampered"), 1, "{sql}");
        };
        tamper("update ledger_block set body = 'line X' where body = 'line 2'");
        assert!(matches!(verify(&db), Err(Broken::Block { .. })));
        tamper("update ledger_block set body = 'line 2' where body = 'line X'");
        verify(&db).expect("whole again");
        tamper("update ledger_block set at = at + 1 where body = 'line 1'");
        assert!(matches!(verify(&db), Err(Broken::Block { .. })));
        tamper("update ledger_block set at = at - 1 where body = 'line 1'");

        let dropped: Result<usize, Failed<Infallible>> =
            db.write_now(|tx| Ok(ledger::drop_bodies_before(tx.db, tx.now + 1)?));
        assert_eq!(dropped.expect("dropped"), 4);
        let verified = verify(&db).expect("whole without bodies");
        assert_eq!((verified.blocks, verified.bodies), (4, 0));
        tamper("delete from ledger_block where n = 1 and chain = (select min(chain) from ledger_block)");
        assert!(matches!(verify(&db), Err(Broken::Block { n: 2, .. })));
    });
}
