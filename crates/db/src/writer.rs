//! Writing. SQLite: one thread, many commands in one commit. PostgreSQL: a pool, each command one transaction.
//!
//! Raw BEGIN, SAVEPOINT and COMMIT, never diesel's `transaction()`: a panic that unwinds through it leaves its depth
//! counter off, the outer COMMIT becomes a RELEASE, and the caller is told Ok with nothing on disk.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use crate::Db;
use crate::database::Shared;
use crate::engine::Engine;

pub(crate) mod postgres;
mod sqlite;

/// Starts the writers, and on PostgreSQL the sequencer of the outbox.
pub(crate) fn start(shared: &Arc<Shared>, threads: usize) -> Vec<Result<JoinHandle<()>, String>> {
    match shared.address.engine() {
        Engine::Sqlite => vec![spawn("db-writer", shared, sqlite::write)],
        Engine::Postgres => {
            let writers = (1..=threads).map(|number| spawn(&format!("db-writer-{number}"), shared, postgres::write));
            writers.chain([spawn("db-sequencer", shared, postgres::sequence)]).collect()
        }
    }
}

fn spawn(name: &str, shared: &Arc<Shared>, work: fn(&Shared)) -> Result<JoinHandle<()>, String> {
    let shared = shared.clone();
    let guarded = move || {
        if catch_unwind(AssertUnwindSafe(|| work(&shared))).is_err() {
            // Nobody must wait for a thread that is gone.
            tracing::error!("a writer thread panicked; the database closes");
            shared.commands.abandon();
        }
    };
    thread::Builder::new().name(name.to_owned()).spawn(guarded).map_err(|error| error.to_string())
}

/// Wakes a thread that otherwise polls.
#[derive(Default)]
pub(crate) struct Wake {
    state: Mutex<WakeState>,
    changed: Condvar,
}

#[derive(Default)]
struct WakeState {
    called: bool,
    stopped: bool,
}

impl Wake {
    pub fn wake(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).called = true;
        self.changed.notify_all();
    }

    pub fn stop(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).stopped = true;
        self.changed.notify_all();
    }

    /// Waits for a call or the time; `false` when stopped.
    pub fn wait(&self, at_most: Duration) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !state.called && !state.stopped {
            state = self.changed.wait_timeout(state, at_most).unwrap_or_else(PoisonError::into_inner).0;
        }
        state.called = false;
        !state.stopped
    }
}

#[derive(QueryableByName)]
struct Checkpoint {
    #[diesel(sql_type = diesel::sql_types::Integer)]
    busy: i32,
}

/// Outside any transaction: the log is copied into the file and cut to nothing. `secure_delete` alone leaves erased
/// pages in the log, and now and then one in the file.
pub(crate) fn scrub(db: &mut Db, whole_file: bool) -> QueryResult<bool> {
    if whole_file {
        db.batch_execute("vacuum")?;
    }
    let checkpoint = diesel::sql_query("pragma wal_checkpoint(truncate)").get_result::<Checkpoint>(db)?;
    Ok(checkpoint.busy == 0)
}
