//! Opening, migrating, the schema, closing, the clock.

use std::convert::Infallible;

use db::testing::{Setup, each_engine, each_engine_with};
use db::{Database, Failed, OpenError, schema};

use crate::{THINGS, add, names};

#[test]
fn migrations_run_once_and_a_second_process_finds_them_done() {
    each_engine_with(THINGS, |test| {
        test.db.write_now(|tx| add(tx, "kept")).expect("added");
        let again = test.again();
        assert_eq!(names(&again), ["kept"]);
    });
}

#[test]
fn processes_that_open_at_once_migrate_once() {
    each_engine(|test| {
        std::thread::scope(|scope| {
            for _ in 0..4 {
                let mut options = test.options();
                options.migrations = (THINGS.migrations)();
                scope.spawn(move || Database::open(options).unwrap_or_else(|error| panic!("{error}")).close());
            }
        });
    });
}

#[test]
fn a_database_newer_than_the_program_is_refused() {
    each_engine_with(THINGS, |test| {
        let mut options = test.options();
        options.migrations = Vec::new();
        let Err(OpenError::Newer(versions)) = Database::open(options) else { panic!("it opened") };
        assert_eq!(versions, ["things0001"]);
    });
}

#[test]
fn the_live_schema_is_the_one_that_the_records_declare() {
    each_engine(|test| {
        let live: Result<Vec<schema::LiveColumn>, Failed<Infallible>> =
            test.db.read_now(|read| Ok(schema::live_columns(read.db)?));
        let live = live.expect("columns");
        let mut declared: Vec<(&str, &str)> = db::policy::RECORDS
            .iter()
            .flat_map(|record| record.columns.iter().map(|column| (record.table, column.name)))
            .collect();
        declared.sort();
        let found: Vec<(&str, &str)> = live.iter().map(|c| (c.table_name.as_str(), c.column_name.as_str())).collect();
        assert_eq!(found, declared);
        let nullable: Vec<&str> = live.iter().filter(|c| c.nullable).map(|c| c.column_name.as_str()).collect();
        assert_eq!(nullable, ["open_key", "body", "position"]);
    });
}

#[test]
fn a_closed_database_refuses_and_has_done_what_waited() {
    each_engine_with(THINGS, |test| {
        let other = test.db.clone();
        let waiting: Vec<_> = (0..20)
            .map(|n| {
                let db = test.db.clone();
                std::thread::spawn(move || db.write_now(move |tx| add(tx, &format!("w{n:02}"))))
            })
            .collect();
        test.db.clone().close();
        let answers: Vec<_> = waiting.into_iter().map(|thread| thread.join().expect("no panic")).collect();
        let acknowledged = answers.iter().filter(|answer| answer.is_ok()).count();
        assert!(answers.iter().all(|answer| matches!(answer, Ok(_) | Err(Failed::Unavailable(_)))));
        assert!(matches!(other.write_now(|tx| add(tx, "late")), Err(Failed::Unavailable(_))));
        assert_eq!(names(&test.again()).len(), acknowledged);
    });
}

#[test]
fn the_clock_moves_for_every_process_on_the_database() {
    each_engine(|test| {
        let other = test.again();
        let before = test.db.now();
        test.db.move_clock(4 * 365 * db::clock::DAY).expect("moved");
        let now: Result<i64, Failed<Infallible>> = other.read_now(|read| Ok(read.now));
        let now = now.expect("now");
        assert!(now - before >= 4 * 365 * db::clock::DAY);
        assert!(now - before < 4 * 365 * db::clock::DAY + db::clock::MINUTE);
        assert!(test.db.now() >= now - db::clock::SECOND);
        assert!(db::clock::real_now() < before + db::clock::DAY);
    });
}

#[test]
fn what_was_erased_is_gone_from_the_files_of_sqlite() {
    let test = db::testing::TestDatabase::open(db::Engine::Sqlite, THINGS);
    let canary = "canary-7c1d0e";
    test.db
        .write_now(move |tx| {
            for n in 0..200 {
                add(tx, &format!("{canary}-{n}"))?;
            }
            Ok(())
        })
        .expect("planted");
    let erased: Result<(), Failed<Infallible>> = test.db.write_now(|tx| {
        diesel::RunQueryDsl::execute(diesel::delete(crate::thing::table), tx.db)?;
        Ok(())
    });
    erased.expect("erased");
    assert!(test.db.scrub(true).expect("scrubbed"));
    for file in std::fs::read_dir(&test.folder).expect("folder") {
        let path = file.expect("file").path();
        if path.is_file() {
            let bytes = std::fs::read(&path).expect("bytes");
            assert!(!bytes.windows(canary.len()).any(|part| part == canary.as_bytes()), "in {}", path.display());
        }
    }
}

#[test]
fn a_setup_of_nothing_has_only_the_foundation() {
    assert!((Setup::NOTHING.migrations)().is_empty());
}
