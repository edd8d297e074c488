//! One thread; what waits goes into one commit.

use diesel::prelude::*;

use crate::command::{End, Queued, Verdict};
use crate::database::Shared;
use crate::engine::{Link, Purpose, connect};
use crate::fault::{FaultId, told_without_values};
use crate::ledger::Chain;
use crate::outbox::{self, Placing};

pub(crate) fn write(shared: &Shared) {
    let mut connection = None;
    let mut chain = Chain::begin();
    while let Some(first) = shared.commands.pop() {
        let mut commands = vec![first];
        while commands.len() < shared.commands_per_commit_max
            && let Some(next) = shared.commands.pop_waiting()
        {
            commands.push(next);
        }
        if connection.is_none() {
            match connect(&shared.address, Purpose::Write) {
                Ok(connected) => connection = Some(connected),
                Err(told) => {
                    commands.into_iter().for_each(|command| command.answer(End::Unavailable(told.clone())));
                    continue;
                }
            }
        }
        let Some(connected) = &mut connection else { continue };
        if let Some(outside) = shared.outside.pop_waiting() {
            connected.watch.clear();
            outside(&mut connected.db);
        }
        commit_together(connected, &mut chain, shared, commands);
    }
}

/// What a batch left behind besides its rows.
#[derive(Default)]
struct Batch {
    ends: Vec<End>,
    last_position: i64,
    jobs_due: bool,
}

fn commit_together(connection: &mut Link, chain: &mut Chain, shared: &Shared, mut commands: Vec<Queued>) {
    let mut batch = Batch::default();
    let before = chain.clone();
    let committed = try_commit(connection, chain, shared, &mut commands, &mut batch);
    match committed {
        Ok(()) => {
            shared.signal.raise(batch.last_position);
            if batch.jobs_due {
                shared.job_wake.wake();
            }
            for (command, end) in commands.into_iter().zip(batch.ends) {
                command.answer(end);
            }
        }
        Err(error) => {
            *chain = before;
            // Fails when SQLite has rolled back by itself, as on a full disk.
            let _already = connection.run("rollback");
            let told = told_without_values(&error);
            tracing::error!(commands = commands.len(), "a commit failed: {told}");
            let mut ends = batch.ends.into_iter();
            for command in commands {
                command.answer(match ends.next() {
                    Some(End::Fault(id)) => End::Fault(id),
                    // Refusals too: their ledger lines were not written.
                    _ => End::Unavailable(format!("the commit failed: {told}")),
                });
            }
        }
    }
}

fn try_commit(
    connection: &mut Link,
    chain: &mut Chain,
    shared: &Shared,
    commands: &mut [Queued],
    batch: &mut Batch,
) -> QueryResult<()> {
    connection.run("begin immediate")?;
    // Read every time: another process (the command line) may have written meanwhile.
    let position_before = outbox::last_position(&mut connection.db)?;
    batch.last_position = position_before;
    let mut notes = Vec::new();
    for command in commands {
        connection.begin_savepoint()?;
        let mut ran = command.run(connection, shared, Placing::After(batch.last_position));
        notes.append(&mut ran.notes);
        match ran.verdict {
            Verdict::Keep => {
                batch.ends.push(End::AsCalled);
                connection.release_savepoint()?;
                batch.last_position += ran.events_count;
                batch.jobs_due |= ran.jobs_due;
            }
            Verdict::Undo(end) => {
                batch.ends.push(end);
                connection.run("rollback to command; release command")?;
            }
            Verdict::Again(told) => {
                // One writer has no deadlocks; whatever it was, it is not the engine's to repeat.
                batch.ends.push(End::Fault(FaultId::log(&told)));
                connection.run("rollback to command; release command")?;
            }
        }
    }
    connection.watch.clear();
    chain.append(&mut connection.db, shared.clock.now(), &notes)?;
    if batch.last_position != position_before {
        outbox::set_last_position(&mut connection.db, batch.last_position)?;
    }
    connection.run("commit")
}
