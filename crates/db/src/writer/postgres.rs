//! A pool of threads; each command is one top-level transaction, repeated after a deadlock with the same time and ids.

use std::thread;
use std::time::Duration;

use diesel::prelude::*;

use crate::Note;
use crate::command::{End, Queued, Verdict};
use crate::database::Shared;
use crate::engine::{IDLE_AFTER, Link, Purpose, connect};
use crate::fault::{FaultId, Kind, kind_of, told_without_values};
use crate::ledger::Chain;
use crate::outbox::{self, Placing};

/// Runs of one command, the first included.
const RUNS_MAX: u32 = 12;
/// How long a thread that finds no database waits before it tries again.
const RECONNECT_AFTER: Duration = Duration::from_millis(250);
const SEQUENCER_POLL: Duration = Duration::from_millis(200);
/// After events got their positions, those of the next moment get theirs together: each round is a commit of its own.
const GATHER: Duration = Duration::from_millis(20);

pub(crate) fn write(shared: &Shared) {
    let mut seat = Seat { connection: None, begun: false, chain: Chain::begin() };
    while let Some(mut command) = shared.commands.pop_or(IDLE_AFTER, || seat.rest()) {
        let end = seat.carry_out(&mut command, shared);
        command.answer(end);
    }
}

struct Seat {
    connection: Option<Link>,
    /// Whether the next command's transaction has begun with the end of the last one's: a way to the server less. Nothing
    /// has been read or locked in it, and it is ended where none follows soon.
    begun: bool,
    chain: Chain,
}

/// How one run ended.
enum Run {
    Ended(End),
    /// Undone; worth another run.
    Again(String),
}

/// How a COMMIT ended.
enum Commit {
    Done,
    /// The server said no: nothing was written.
    Refused(diesel::result::Error),
    /// The connection broke before it could say.
    Unknown,
}

impl Seat {
    fn carry_out(&mut self, command: &mut Queued, shared: &Shared) -> End {
        let mut told = String::new();
        for run in 1..=RUNS_MAX {
            match self.run(command, shared) {
                Run::Ended(end) => return end,
                Run::Again(why) => told = why,
            }
            let pause = match self.connection {
                // Two that met in a deadlock should not meet again.
                Some(_) => Duration::from_millis(u64::from(run) * (1 + u64::from(scatter() % 4))),
                None => RECONNECT_AFTER,
            };
            thread::sleep(pause);
        }
        End::Unavailable(format!("given up after {RUNS_MAX} runs: {told}"))
    }

    fn run(&mut self, command: &mut Queued, shared: &Shared) -> Run {
        let Some(connection) = self.connection.as_mut() else {
            match connect(&shared.address, Purpose::Write) {
                Ok(connected) => self.connection = Some(connected),
                Err(told) => return Run::Again(told),
            }
            self.begun = false;
            return self.run(command, shared);
        };
        // A connection that broke since is found out by the command's first statement, and the command runs again; one that
        // has no statement is told that nobody knows.
        if !std::mem::take(&mut self.begun)
            && let Err(error) = connection.run("begin")
        {
            self.connection = None;
            return Run::Again(told_without_values(&error));
        }
        let ran = command.run(connection, shared, Placing::Later);
        let (events, jobs_due) = (ran.events_count, ran.jobs_due);
        match ran.verdict {
            Verdict::Keep => match self.commit(shared, &ran.notes) {
                Commit::Done => {
                    if events > 0 {
                        shared.sequencer.wake();
                    }
                    if jobs_due {
                        shared.job_wake.wake();
                    }
                    Run::Ended(End::AsCalled)
                }
                Commit::Refused(error) => {
                    let told = told_without_values(&error);
                    match kind_of(&error) {
                        _ if self.connection.is_none() => Run::Again(told),
                        Kind::MayRunAgain => Run::Again(told),
                        Kind::NoRoom => Run::Ended(End::Unavailable(told)),
                        Kind::Defect => Run::Ended(End::Fault(FaultId::log(&told))),
                    }
                }
                Commit::Unknown => Run::Ended(End::Unknown),
            },
            Verdict::Again(told) => {
                self.roll_back();
                Run::Again(told)
            }
            Verdict::Undo(end) => {
                if !self.roll_back() {
                    // Undone by the server; the fault was the broken connection.
                    return Run::Again("the connection to the database broke".to_owned());
                }
                Run::Ended(self.keep_notes(shared, &ran.notes, end))
            }
        }
    }

    /// Ends what was begun for a command that does not come.
    fn rest(&mut self) {
        if std::mem::take(&mut self.begun) {
            self.roll_back();
        }
    }

    /// `false` when the connection is gone, and with it the transaction.
    fn roll_back(&mut self) -> bool {
        let alive = self.connection.as_mut().is_some_and(|connection| connection.run("rollback").is_ok());
        if !alive {
            self.connection = None;
        }
        alive
    }

    /// The ledger lines of an undone command, in a transaction of their own.
    fn keep_notes(&mut self, shared: &Shared, notes: &[Note], end: End) -> End {
        if notes.is_empty() {
            return end;
        }
        let Some(connection) = self.connection.as_mut() else { return end };
        let kept = match connection.run("begin") {
            Ok(()) => matches!(self.commit(shared, notes), Commit::Done),
            Err(_) => false,
        };
        match end {
            End::Fault(id) => End::Fault(id),
            end if kept => end,
            _ => {
                self.roll_back();
                End::Unavailable("the ledger could not be written".to_owned())
            }
        }
    }

    /// Appends the block and commits.
    fn commit(&mut self, shared: &Shared, notes: &[Note]) -> Commit {
        let Some(connection) = self.connection.as_mut() else { return Commit::Unknown };
        let before = self.chain.clone();
        connection.watch.clear();
        if let Err(error) = self.chain.append(&mut connection.db, shared.clock.now(), notes) {
            self.chain = before;
            self.roll_back();
            return Commit::Refused(error);
        }
        let Err(error) = connection.run("commit and chain") else {
            self.begun = true;
            return Commit::Done;
        };
        // If the connection still answers, the server's no was an answer.
        if self.roll_back() {
            self.chain = before;
            return Commit::Refused(error);
        }
        // Nobody knows whether the block was written: a new chain begins, so that none has a gap or a fork.
        self.chain = Chain::begin();
        Commit::Unknown
    }
}

fn scatter() -> u8 {
    uuid::Uuid::new_v4().as_bytes()[0]
}

/// Gives the committed events their positions; one process at a time holds the sequence's row.
pub(crate) fn sequence(shared: &Shared) {
    let mut connection = None;
    loop {
        let placed = match place(&mut connection, shared) {
            Ok(placed) => placed,
            Err(told) => {
                tracing::warn!("the outbox waits: {told}");
                connection = None;
                outbox::Placed::default()
            }
        };
        if placed.full {
            continue;
        }
        if placed.count > 0 {
            thread::sleep(GATHER);
        }
        if !shared.sequencer.wait(SEQUENCER_POLL) {
            return;
        }
    }
}

fn place(seat: &mut Option<Link>, shared: &Shared) -> Result<outbox::Placed, String> {
    let connection = match seat {
        Some(connection) => connection,
        None => seat.insert(connect(&shared.address, Purpose::Write)?),
    };
    let placed = round(connection).map_err(|error| told_without_values(&error))?;
    shared.signal.raise(placed.last);
    Ok(placed)
}

/// One round of a sequencer.
pub(crate) fn round(connection: &mut Link) -> QueryResult<outbox::Placed> {
    connection.run("begin")?;
    let placed = outbox::place(&mut connection.db)?;
    connection.run("commit")?;
    Ok(placed)
}
