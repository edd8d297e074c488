//! Background work: rows with leases in the same database. At least once, so a handler is idempotent; retried with
//! backoff; a job that keeps failing is dead and stays to be seen; one that is done is deleted.
//!
//! When a job is due follows the clock that tests move; leases use the real time.

use std::any::Any;
use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use diesel::prelude::*;
use serde_json::Value;

use crate::clock::{HOUR, SECOND, real_now};
use crate::policy::job;
use crate::{Database, Db, FEW, Failed, Id, Stop, Tx, on_each};

/// Runs of one job before it is dead.
pub const ATTEMPTS_MAX: i64 = 8;
const BACKOFF_FIRST: i64 = 5 * SECOND;
const BACKOFF_MAX: i64 = 6 * HOUR;
/// So long waits what a killed process had begun; a living one renews four times before.
const LEASE: i64 = 40 * SECOND;
const LEASE_RENEWED_EVERY: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(500);
/// Due jobs looked at in one claim; more only matters when many processes claim at once.
const CANDIDATES: i64 = 8;
const ROWS_PER_INSERT_MAX: usize = 1_000;

const WAITING: &str = "waiting";
const RUNNING: &str = "running";
const DEAD: &str = "dead";

/// A job to be added with a command ([`crate::Tx::enqueue`]).
#[derive(Clone, Debug)]
pub struct NewJob {
    pub kind: &'static str,
    /// While a job of this kind and key waits or runs, another does nothing.
    pub unique: Option<String>,
    /// UTC microseconds; 0 is at once.
    pub due_at: i64,
    /// Ids and numbers only.
    pub body: Value,
}

/// A job that runs.
#[derive(Clone, Debug)]
pub struct Job {
    pub id: Id,
    pub kind: String,
    pub body: Value,
    /// 1 on the first run.
    pub attempt: i64,
}

/// What a handler says at its end. The texts are stored and logged: no personal values.
#[derive(Clone, Debug)]
pub enum JobOutcome {
    Done,
    /// A resumable job has made a step: run again at once with this body; attempts count anew.
    Continue(Value),
    /// Not now: run again at this time (UTC microseconds) with the same body; attempts count anew.
    Later(i64),
    /// Try again after a pause that grows; dead after [`ATTEMPTS_MAX`] runs.
    Retry(String),
    /// Trying again is of no use.
    Dead(String),
}

/// One kind of job. `run` works with the context's database and whatever `Jobs::start` was given.
#[derive(Clone, Copy)]
pub struct JobHandler {
    pub kind: &'static str,
    pub run: fn(&JobContext, &Job) -> JobOutcome,
    /// Microseconds from the end of one run to the next: a job that is always there.
    pub every: Option<i64>,
}

/// What a handler works with.
#[derive(Clone)]
pub struct JobContext {
    pub db: Database,
    context: Arc<dyn Any + Send + Sync>,
}

impl JobContext {
    pub fn new(db: Database, context: Arc<dyn Any + Send + Sync>) -> JobContext {
        JobContext { db, context }
    }

    /// What `Jobs::start` was given.
    ///
    /// # Panics
    /// If it was given something else; the job then fails and says so.
    pub fn get<T: Any>(&self) -> &T {
        match self.context.downcast_ref() {
            Some(context) => context,
            None => panic!("the jobs' context is no {}", std::any::type_name::<T>()),
        }
    }
}

/// A job as a console shows it.
#[derive(Clone, Debug, Queryable)]
pub struct Listed {
    pub id: Id,
    pub kind: String,
    /// `waiting`, `running` or `dead`.
    pub state: String,
    pub due_at: i64,
    pub attempts: i64,
    /// Real time; 0 unless running.
    pub lease_until: i64,
    pub last_error: String,
    pub created_at: i64,
}

const LISTED: Listing =
    (job::id, job::kind, job::state, job::due_at, job::attempts, job::lease_until, job::last_error, job::created_at);
type Listing =
    (job::id, job::kind, job::state, job::due_at, job::attempts, job::lease_until, job::last_error, job::created_at);

/// Jobs that were given up, the newest first, from before `before`.
pub fn dead(db: &mut Db, before: Option<&Id>, limit: i64) -> QueryResult<Vec<Listed>> {
    let mut dead =
        job::table.filter(job::state.eq(DEAD)).order(job::id.desc()).limit(limit).select(LISTED).into_boxed();
    if let Some(before) = before {
        dead = dead.filter(job::id.lt(before.clone()));
    }
    dead.load(db)
}

/// All jobs, the dead first, then by when they are due.
pub fn list(db: &mut Db, limit: i64) -> QueryResult<Vec<Listed>> {
    job::table.order((job::state, job::due_at, job::id)).limit(limit).select(LISTED).load(db)
}

/// Lets a dead job run again, now; `false` if it is not dead.
pub fn revive(tx: &mut Tx, id: &Id) -> QueryResult<bool> {
    let revived = diesel::update(job::table.filter(job::id.eq(id)).filter(job::state.eq(DEAD)))
        .set((job::state.eq(WAITING), job::attempts.eq(0), job::due_at.eq(tx.now)))
        .execute(tx.db)?;
    Ok(revived == 1)
}

/// Deletes a dead job; `false` if it is not dead.
pub fn forget(tx: &mut Tx, id: &Id) -> QueryResult<bool> {
    let forgotten = diesel::delete(job::table.filter(job::id.eq(id)).filter(job::state.eq(DEAD))).execute(tx.db)?;
    Ok(forgotten == 1)
}

pub(crate) fn insert(db: &mut Db, now: i64, jobs: &[(Id, NewJob)]) -> QueryResult<()> {
    for jobs in jobs.chunks(ROWS_PER_INSERT_MAX) {
        let rows: Vec<_> = jobs
            .iter()
            .map(|(id, new)| {
                (
                    job::id.eq(id),
                    job::kind.eq(new.kind),
                    job::open_key.eq(new.unique.as_ref().map(|unique| format!("{}/{unique}", new.kind))),
                    job::state.eq(WAITING),
                    job::due_at.eq(new.due_at),
                    job::body.eq(new.body.to_string()),
                    job::attempts.eq(0),
                    job::leased_by.eq(""),
                    job::lease_until.eq(0),
                    job::last_error.eq(""),
                    job::created_at.eq(now),
                )
            })
            .collect();
        if rows.len() > FEW {
            on_each!(db, conn => diesel::insert_into(job::table).values(rows).on_conflict_do_nothing().execute(conn))?;
        } else {
            // What goes by rows stays prepared.
            for row in rows {
                let row = diesel::insert_into(job::table).values(row).on_conflict_do_nothing();
                on_each!(db, conn => row.execute(conn))?;
            }
        }
    }
    Ok(())
}

/// The pause before run `attempt + 1`: 5 s, 20 s, 80 s, … at most six hours.
pub fn backoff(attempt: i64) -> i64 {
    let doublings = 2 * attempt.clamp(1, 12) - 2;
    (BACKOFF_FIRST << doublings).min(BACKOFF_MAX)
}

/// The runner of a process: threads that claim due jobs and run them.
pub struct Jobs {
    runner: Arc<Runner>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

struct Runner {
    /// Who holds the leases of this process.
    name: Id,
    context: JobContext,
    handlers: Vec<JobHandler>,
    stopping: AtomicBool,
    running: Mutex<Vec<Id>>,
}

type Outcome<T> = Result<T, Failed<Infallible>>;

impl Jobs {
    /// Adds the recurring jobs that are not there yet and starts `threads` workers; with none, jobs run only by
    /// [`Jobs::run_due_now`].
    pub fn start(
        db: Database,
        handlers: Vec<JobHandler>,
        context: Arc<dyn Any + Send + Sync>,
        threads: usize,
    ) -> Outcome<Jobs> {
        let runner = Arc::new(Runner {
            name: Id::fresh(),
            context: JobContext { db, context },
            handlers,
            stopping: AtomicBool::new(false),
            running: Mutex::default(),
        });
        runner.schedule_recurring()?;
        let mut started = Vec::new();
        for number in 1..=threads {
            let own = runner.clone();
            started.push((format!("job-{number}"), Box::new(move || own.work()) as Box<dyn FnOnce() + Send>));
        }
        if threads > 0 {
            let own = runner.clone();
            started.push(("job-leases".to_owned(), Box::new(move || own.renew_leases())));
        }
        let jobs = Jobs { runner, threads: Mutex::default() };
        for (name, work) in started {
            let thread = thread::Builder::new()
                .name(name)
                .spawn(work)
                .map_err(|error| Failed::Unavailable(format!("a thread cannot be started: {error}")))?;
            jobs.threads.lock().unwrap_or_else(PoisonError::into_inner).push(thread);
        }
        Ok(jobs)
    }

    /// Runs what is due on this thread, and what becomes due by it, until nothing is; waits for jobs that the threads
    /// run meanwhile. Returns how many it ran itself.
    pub fn run_due_now(&self) -> Outcome<usize> {
        let mut ran = 0;
        loop {
            if self.runner.run_one()? {
                ran += 1;
            } else if self.runner.lock_running().is_empty() {
                return Ok(ran);
            } else {
                thread::sleep(Duration::from_millis(5));
            }
        }
    }

    /// Takes no new job and waits for those that run.
    pub fn stop(&self) {
        self.runner.stopping.store(true, Ordering::Release);
        self.runner.context.db.shared().job_wake.wake();
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            thread.thread().unpark();
            if thread.thread().id() != thread::current().id() && thread.join().is_err() {
                tracing::error!("a job thread had panicked");
            }
        }
    }
}

impl Drop for Jobs {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Runner {
    fn lock_running(&self) -> std::sync::MutexGuard<'_, Vec<Id>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    fn schedule_recurring(&self) -> Outcome<()> {
        let recurring: Vec<JobHandler> =
            self.handlers.iter().filter(|handler| handler.every.is_some()).copied().collect();
        if recurring.is_empty() {
            return Ok(());
        }
        self.context.db.write_now(move |tx| {
            for handler in &recurring {
                let Some(every) = handler.every else { continue };
                tx.enqueue(next_run(handler.kind, tx.now));
                // A shorter interval than the one before an upgrade counts at once.
                diesel::update(job::table.filter(job::open_key.eq(recurring_key(handler.kind))))
                    .filter(job::due_at.gt(tx.now + every))
                    .filter(job::attempts.eq(0))
                    .set(job::due_at.eq(tx.now + every))
                    .execute(tx.db)?;
            }
            Ok(())
        })
    }

    fn work(&self) {
        while !self.stopping() {
            match self.run_one() {
                Ok(true) => {}
                Ok(false) => {
                    self.context.db.shared().job_wake.wait(POLL);
                }
                Err(error) => {
                    if !self.stopping() {
                        tracing::warn!("jobs wait: {error}");
                        thread::park_timeout(Duration::from_secs(1));
                    }
                }
            }
        }
    }

    fn renew_leases(&self) {
        while !self.stopping() {
            thread::park_timeout(LEASE_RENEWED_EVERY);
            let running = self.lock_running().clone();
            if running.is_empty() {
                continue;
            }
            let name = self.name.clone();
            let renewed: Outcome<()> = self.context.db.write_now(move |tx| {
                diesel::update(job::table.filter(job::id.eq_any(&running)).filter(job::leased_by.eq(&name)))
                    .set(job::lease_until.eq(real_now() + LEASE))
                    .execute(tx.db)?;
                Ok(())
            });
            if let Err(error) = renewed {
                tracing::warn!("leases of jobs were not renewed: {error}");
            }
        }
    }

    /// Claims a due job and runs it; `false` if there is none.
    fn run_one(&self) -> Outcome<bool> {
        // Held over the claim, so that run_due_now never sees a claimed job that is not yet among the running.
        let mut running = self.lock_running();
        let Some(job) = self.claim()? else { return Ok(false) };
        running.push(job.id.clone());
        drop(running);
        let ended = self.run_and_settle(&job);
        self.lock_running().retain(|id| *id != job.id);
        ended?;
        Ok(true)
    }

    fn run_and_settle(&self, job: &Job) -> Outcome<()> {
        let handler = self.handlers.iter().find(|handler| handler.kind == job.kind).copied();
        let outcome = match handler {
            Some(handler) => catch_unwind(AssertUnwindSafe(|| (handler.run)(&self.context, job)))
                .unwrap_or_else(|_| JobOutcome::Retry("it panicked".to_owned())),
            None => JobOutcome::Dead("this program knows no such kind of job".to_owned()),
        };
        self.settle(job, outcome, handler.and_then(|handler| handler.every))
    }

    /// The first due job that this process gets. Jobs of kinds that it has no handler for are left to others.
    fn claim(&self) -> Outcome<Option<Job>> {
        let name = self.name.clone();
        let kinds: Vec<&'static str> = self.handlers.iter().map(|handler| handler.kind).collect();
        let looked: Outcome<bool> = {
            let kinds = kinds.clone();
            // A reader looks first: an idle process writes nothing.
            self.context.db.look_now(move |read| Ok(!candidates(read.db, read.now, &kinds)?.is_empty()))
        };
        if !looked? {
            return Ok(None);
        }
        self.context.db.write_now(move |tx| {
            for found in candidates(tx.db, tx.now, &kinds)? {
                if let Some(job) = take(tx, &name, found)? {
                    return Ok(Some(job));
                }
            }
            Ok(None)
        })
    }

    fn settle(&self, done: &Job, outcome: JobOutcome, every: Option<i64>) -> Outcome<()> {
        let (id, name, attempt) = (done.id.clone(), self.name.clone(), done.attempt);
        let kind = self.handlers.iter().find(|handler| handler.kind == done.kind).map(|handler| handler.kind);
        let outcome = match outcome {
            JobOutcome::Retry(why) if attempt >= ATTEMPTS_MAX => JobOutcome::Dead(why),
            outcome => outcome,
        };
        match &outcome {
            JobOutcome::Retry(why) => tracing::warn!(job = %id, kind = %done.kind, attempt, "a job failed: {why}"),
            JobOutcome::Dead(why) => tracing::error!(job = %id, kind = %done.kind, attempt, "a job is dead: {why}"),
            JobOutcome::Done | JobOutcome::Continue(_) | JobOutcome::Later(_) => {}
        }
        let settled = self.context.db.write_now(move |tx| {
            let mine = job::table.filter(job::id.eq(&id)).filter(job::leased_by.eq(&name));
            let free = (job::leased_by.eq(""), job::lease_until.eq(0));
            let settled = match &outcome {
                JobOutcome::Done => diesel::delete(mine).execute(tx.db)?,
                JobOutcome::Continue(body) => diesel::update(mine)
                    .set((
                        job::state.eq(WAITING),
                        job::attempts.eq(0),
                        job::due_at.eq(tx.now),
                        job::body.eq(body.to_string()),
                        free,
                    ))
                    .execute(tx.db)?,
                JobOutcome::Later(due_at) => diesel::update(mine)
                    .set((job::state.eq(WAITING), job::attempts.eq(0), job::due_at.eq(*due_at), free))
                    .execute(tx.db)?,
                JobOutcome::Retry(why) => diesel::update(mine)
                    .set((
                        job::state.eq(WAITING),
                        job::due_at.eq(tx.now + backoff(attempt)),
                        job::last_error.eq(why),
                        free,
                    ))
                    .execute(tx.db)?,
                JobOutcome::Dead(why) => bury(tx.db, &id, &name, why)?,
            };
            let over = matches!(outcome, JobOutcome::Done | JobOutcome::Dead(_));
            if settled == 1
                && over
                && let (Some(every), Some(kind)) = (every, kind)
            {
                tx.enqueue(next_run(kind, tx.now + every));
            }
            Ok(settled == 1)
        })?;
        if !settled {
            // Another process took it over when the lease had run out; idempotent handlers allow that.
            tracing::warn!(job = %done.id, "a job outlived its lease");
        }
        Ok(())
    }
}

fn recurring_key(kind: &str) -> String {
    format!("{kind}/every")
}

fn next_run(kind: &'static str, due_at: i64) -> NewJob {
    NewJob { kind, unique: Some("every".to_owned()), due_at, body: Value::Null }
}

/// A dead job leaves its unique key to the next one.
fn bury(db: &mut Db, id: &Id, leased_by: &Id, why: &str) -> QueryResult<usize> {
    diesel::update(job::table.filter(job::id.eq(id)).filter(job::leased_by.eq(leased_by)))
        .set((
            job::state.eq(DEAD),
            job::open_key.eq(None::<String>),
            job::last_error.eq(why),
            job::leased_by.eq(""),
            job::lease_until.eq(0),
        ))
        .execute(db)
}

#[derive(Queryable)]
struct Found {
    id: Id,
    kind: String,
    state: String,
    body: String,
    attempts: i64,
    lease_until: i64,
}

fn candidates(db: &mut Db, now: i64, kinds: &[&str]) -> QueryResult<Vec<Found>> {
    job::table
        .filter(
            (job::state.eq(WAITING).and(job::due_at.le(now)))
                .or(job::state.eq(RUNNING).and(job::lease_until.lt(real_now()))),
        )
        .filter(job::kind.eq_any(kinds))
        .order((job::due_at, job::id))
        .limit(CANDIDATES)
        .select((job::id, job::kind, job::state, job::body, job::attempts, job::lease_until))
        .load(db)
}

/// Takes a job if nobody else has: the row must still be as it was found.
fn take(tx: &mut Tx, name: &Id, found: Found) -> Result<Option<Job>, Stop<Infallible>> {
    let taken = diesel::update(job::table.filter(job::id.eq(&found.id)))
        .filter(job::state.eq(&found.state))
        .filter(job::lease_until.eq(found.lease_until))
        .filter(job::attempts.eq(found.attempts))
        .set((
            job::state.eq(RUNNING),
            job::attempts.eq(found.attempts + 1),
            job::leased_by.eq(name),
            job::lease_until.eq(real_now() + LEASE),
        ))
        .execute(tx.db)?;
    if taken == 0 {
        return Ok(None);
    }
    let attempt = found.attempts + 1;
    if found.state == RUNNING && found.attempts >= ATTEMPTS_MAX {
        // It takes its process down each time.
        bury(tx.db, &found.id, name, "its lease ran out too often")?;
        return Ok(None);
    }
    let Ok(body) = serde_json::from_str(&found.body) else {
        bury(tx.db, &found.id, name, "its body is no JSON")?;
        return Ok(None);
    };
    Ok(Some(Job { id: found.id, kind: found.kind, body, attempt }))
}
