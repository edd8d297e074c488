//! Jobs: leases, backoff, the dead, unique keys, recurring ones.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use db::clock::{HOUR, MINUTE, SECOND};
use db::jobs::{self, ATTEMPTS_MAX, Listed};
use db::testing::each_engine_with;
use db::{Database, Failed, Id, Job, JobContext, JobHandler, JobOutcome, Jobs, NewJob};
use diesel::prelude::*;
use serde_json::{Value, json};

use crate::THINGS;

#[derive(Default)]
struct Seen {
    runs: AtomicUsize,
}

fn count(context: &JobContext, _job: &Job) -> JobOutcome {
    context.get::<Seen>().runs.fetch_add(1, Ordering::SeqCst);
    JobOutcome::Done
}

fn fail(context: &JobContext, _job: &Job) -> JobOutcome {
    context.get::<Seen>().runs.fetch_add(1, Ordering::SeqCst);
    JobOutcome::Retry("the partner is down".to_owned())
}

fn panics(context: &JobContext, job: &Job) -> JobOutcome {
    context.get::<Seen>().runs.fetch_add(1, Ordering::SeqCst);
    if job.attempt == 1 { panic!("on purpose") } else { JobOutcome::Done }
}

fn in_steps(context: &JobContext, job: &Job) -> JobOutcome {
    context.get::<Seen>().runs.fetch_add(1, Ordering::SeqCst);
    match job.body["left"].as_i64() {
        Some(left) if left > 0 => JobOutcome::Continue(json!({ "left": left - 1 })),
        _ => JobOutcome::Done,
    }
}

fn handler(kind: &'static str, run: fn(&JobContext, &Job) -> JobOutcome) -> JobHandler {
    JobHandler { kind, run, every: None }
}

fn start(db: &Database, handlers: Vec<JobHandler>, threads: usize) -> (Jobs, Arc<Seen>) {
    let seen = Arc::new(Seen::default());
    (Jobs::start(db.clone(), handlers, seen.clone(), threads).expect("started"), seen)
}

fn enqueue(db: &Database, kind: &'static str, unique: Option<&str>, due_at: i64, body: Value) {
    let unique = unique.map(str::to_owned);
    let added: Result<(), Failed<Infallible>> = db.write_now(move |tx| {
        tx.enqueue(NewJob { kind, unique: unique.clone(), due_at, body: body.clone() });
        Ok(())
    });
    added.expect("enqueued");
}

fn listed(db: &Database) -> Vec<Listed> {
    let listed: Result<_, Failed<Infallible>> = db.read_now(|read| Ok(jobs::list(read.db, 100)?));
    listed.expect("listed")
}

#[test]
fn an_open_unique_key_lets_no_second_job_in() {
    each_engine_with(THINGS, |test| {
        let (jobs, seen) = start(&test.db, vec![handler("count", count), handler("other", count)], 0);
        enqueue(&test.db, "count", Some("a"), 0, json!({}));
        enqueue(&test.db, "count", Some("a"), 0, json!({}));
        enqueue(&test.db, "other", Some("a"), 0, json!({}));
        enqueue(&test.db, "count", None, 0, json!({}));
        enqueue(&test.db, "count", None, test.db.now() + HOUR, json!({}));
        assert_eq!(listed(&test.db).len(), 4);
        assert_eq!(jobs.run_due_now().expect("ran"), 3);
        assert_eq!(seen.runs.load(Ordering::SeqCst), 3);
        assert_eq!(listed(&test.db).len(), 1);
        enqueue(&test.db, "count", Some("a"), 0, json!({}));
        assert_eq!(jobs.run_due_now().expect("ran"), 1);
        test.db.move_clock(2 * HOUR).expect("moved");
        assert_eq!(jobs.run_due_now().expect("ran"), 1);
        assert!(listed(&test.db).is_empty());
    });
}

#[test]
fn a_failing_job_backs_off_dies_and_can_be_revived() {
    each_engine_with(THINGS, |test| {
        let (jobs, seen) = start(&test.db, vec![handler("fail", fail)], 0);
        enqueue(&test.db, "fail", Some("a"), 0, json!({}));
        for attempt in 1..ATTEMPTS_MAX {
            assert_eq!(jobs.run_due_now().expect("ran"), 1);
            assert_eq!(jobs.run_due_now().expect("ran"), 0, "not due before its pause is over");
            let job = &listed(&test.db)[0];
            assert_eq!((job.state.as_str(), job.attempts), ("waiting", attempt));
            assert_eq!(job.last_error, "the partner is down");
            test.db.move_clock(jobs::backoff(attempt) + SECOND).expect("moved");
        }
        assert_eq!(jobs.run_due_now().expect("ran"), 1);
        let dead = listed(&test.db).remove(0);
        assert_eq!((dead.state.as_str(), dead.attempts), ("dead", ATTEMPTS_MAX));
        test.db.move_clock(100 * HOUR).expect("moved");
        assert_eq!(jobs.run_due_now().expect("ran"), 0);
        assert_eq!(seen.runs.load(Ordering::SeqCst), ATTEMPTS_MAX as usize);
        // The dead one leaves its key to the next.
        enqueue(&test.db, "fail", Some("a"), 0, json!({}));
        assert_eq!(listed(&test.db).len(), 2);
        // What gave up is read on from before the last one read.
        let dead_before = |before: Option<Id>| -> Vec<Id> {
            let dead: Result<_, Failed<Infallible>> =
                test.db.read_now(move |read| Ok(jobs::dead(read.db, before.as_ref(), 1)?));
            dead.expect("read").into_iter().map(|job| job.id).collect()
        };
        assert_eq!(dead_before(None), std::slice::from_ref(&dead.id));
        assert!(dead_before(Some(dead.id.clone())).is_empty());
        let id = dead.id.clone();
        let revived: Result<bool, Failed<Infallible>> = test.db.write_now(move |tx| Ok(jobs::revive(tx, &id)?));
        assert!(revived.expect("revived"));
        assert_eq!(jobs.run_due_now().expect("ran"), 2);
        assert!(listed(&test.db).iter().all(|job| job.state == "waiting" && job.attempts == 1));
    });
}

#[test]
fn pauses_grow_to_six_hours() {
    let pauses: Vec<i64> = (1..=9).map(|attempt| jobs::backoff(attempt) / SECOND).collect();
    assert_eq!(pauses, [5, 20, 80, 320, 1_280, 5_120, 20_480, 21_600, 21_600]);
}

#[test]
fn a_panicking_job_runs_again_and_one_in_steps_goes_on() {
    each_engine_with(THINGS, |test| {
        let (jobs, seen) = start(&test.db, vec![handler("panics", panics), handler("steps", in_steps)], 0);
        enqueue(&test.db, "panics", None, 0, json!({}));
        assert_eq!(jobs.run_due_now().expect("ran"), 1);
        assert_eq!(listed(&test.db)[0].last_error, "it panicked");
        test.db.move_clock(MINUTE).expect("moved");
        assert_eq!(jobs.run_due_now().expect("ran"), 1);
        enqueue(&test.db, "steps", None, 0, json!({ "left": 3 }));
        assert_eq!(jobs.run_due_now().expect("ran"), 4);
        assert_eq!(seen.runs.load(Ordering::SeqCst), 6);
        assert!(listed(&test.db).is_empty());
    });
}

#[test]
fn a_job_whose_process_died_is_taken_over_when_its_lease_has_run_out() {
    each_engine_with(THINGS, |test| {
        let (jobs, seen) = start(&test.db, vec![handler("count", count)], 0);
        enqueue(&test.db, "count", None, 0, json!({}));
        leased(&test.db, "running", 1, db::clock::real_now() + 100 * SECOND);
        assert_eq!(jobs.run_due_now().expect("ran"), 0, "another process holds it");
        // Leases do not follow the moved clock.
        test.db.move_clock(24 * HOUR).expect("moved");
        assert_eq!(jobs.run_due_now().expect("ran"), 0);
        leased(&test.db, "running", 1, db::clock::real_now() - 1);
        assert_eq!(jobs.run_due_now().expect("ran"), 1);
        assert_eq!(seen.runs.load(Ordering::SeqCst), 1);
        // One that takes its process down each time is dead in the end.
        enqueue(&test.db, "count", None, 0, json!({}));
        leased(&test.db, "running", ATTEMPTS_MAX, db::clock::real_now() - 1);
        assert_eq!(jobs.run_due_now().expect("ran"), 0);
        assert_eq!(listed(&test.db)[0].state, "dead");
        assert_eq!(seen.runs.load(Ordering::SeqCst), 1);
    });
}

fn leased(db: &Database, state: &'static str, attempts: i64, until: i64) {
    use db::policy::job;
    let set: Result<usize, Failed<Infallible>> = db.write_now(move |tx| {
        Ok(diesel::update(job::table)
            .set((
                job::state.eq(state),
                job::attempts.eq(attempts),
                job::leased_by.eq("gone"),
                job::lease_until.eq(until),
            ))
            .execute(tx.db)?)
    });
    assert_eq!(set.expect("set"), 1);
}

fn later(context: &JobContext, _job: &Job) -> JobOutcome {
    let runs = context.get::<Seen>().runs.fetch_add(1, Ordering::SeqCst);
    if runs < 12 { JobOutcome::Later(context.db.now() + HOUR) } else { JobOutcome::Done }
}

/// A job that waits for its time has not failed: it may wait more often than another may try.
#[test]
fn a_job_that_waits_for_its_time_never_dies_of_it() {
    each_engine_with(THINGS, |test| {
        let (jobs, seen) = start(&test.db, vec![handler("later", later)], 0);
        enqueue(&test.db, "later", None, 0, json!({}));
        for run in 1..=13 {
            assert_eq!(jobs.run_due_now().expect("ran"), 1);
            assert_eq!(seen.runs.load(Ordering::SeqCst), run);
            assert_eq!(jobs.run_due_now().expect("ran"), 0, "its time has not come");
            test.db.move_clock(HOUR + SECOND).expect("moved");
        }
        assert!(listed(&test.db).is_empty());
    });
}

#[test]
fn a_recurring_job_is_there_once_and_comes_back() {
    each_engine_with(THINGS, |test| {
        let nightly = JobHandler { kind: "nightly", run: count, every: Some(24 * HOUR) };
        let (jobs, seen) = start(&test.db, vec![nightly], 0);
        let (_second, _) = start(&test.db, vec![nightly], 0);
        assert_eq!(listed(&test.db).len(), 1);
        for day in 1..=3 {
            assert_eq!(jobs.run_due_now().expect("ran"), 1);
            assert_eq!(seen.runs.load(Ordering::SeqCst), day);
            test.db.move_clock(24 * HOUR + SECOND).expect("moved");
        }
        assert_eq!(listed(&test.db).len(), 1);
    });
}

#[test]
fn threads_of_two_processes_run_each_job_once() {
    each_engine_with(THINGS, |test| {
        let (one, seen_by_one) = start(&test.db, vec![handler("count", count)], 3);
        let other = test.again();
        let (two, seen_by_two) = start(&other, vec![handler("count", count)], 3);
        for _ in 0..40 {
            enqueue(&test.db, "count", None, 0, json!({}));
        }
        let until = Instant::now() + Duration::from_secs(30);
        while !listed(&test.db).is_empty() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(10));
        }
        one.stop();
        two.stop();
        let runs = seen_by_one.runs.load(Ordering::SeqCst) + seen_by_two.runs.load(Ordering::SeqCst);
        assert_eq!(runs, 40);
    });
}
