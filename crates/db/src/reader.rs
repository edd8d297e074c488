//! Reader threads and their connections, which short looks at a SQLite file borrow.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::command::{Answer, Collected, End, NotesOfRead, Read, ReadEnd, run_read};
use crate::database::Shared;
use crate::engine::{Engine, IDLE_AFTER, Link, Purpose, connect};
use crate::fault::{Failed, Stop};

/// A connection that answered so lately is taken to be alive by a read that has no BEGIN to find out.
const ALIVE_FOR: Duration = Duration::from_secs(1);

/// What a read's statements see.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sees {
    /// One state of the database, all of them.
    Snapshot,
    /// Each what is committed when it runs: without BEGIN and ROLLBACK, two ways to the server less.
    Latest,
}

/// A read in the queue, without its types.
pub(crate) struct Asked(Box<dyn Reading>);

trait Reading: Send {
    fn run(self: Box<Self>, shared: &Arc<Shared>, seat: &mut Seat);
    fn refuse(self: Box<Self>, told: String);
}

struct Question<F, T, R> {
    sees: Sees,
    read: F,
    to: Answer<Result<T, Failed<R>>>,
}

impl Asked {
    pub fn new<T, R>(
        sees: Sees,
        read: impl FnOnce(&mut Read) -> Result<T, Stop<R>> + Send + 'static,
        to: Answer<Result<T, Failed<R>>>,
    ) -> Asked
    where
        T: Send + 'static,
        R: Send + 'static,
    {
        Asked(Box::new(Question { sees, read, to }))
    }

    pub fn refuse(self, told: String) {
        self.0.refuse(told);
    }

    /// Runs a look on the caller's thread, where the database is a file and a connection is free: by unique keys it is
    /// read in some ten microseconds, and two changes of threads take longer than that. Else gives it back.
    pub fn run_here(self, shared: &Arc<Shared>) -> Option<Asked> {
        let free = match shared.address.engine() {
            Engine::Sqlite => shared.seats.free(),
            Engine::Postgres => None,
        };
        let Some(mut seat) = free else { return Some(self) };
        self.0.run(shared, &mut seat);
        None
    }
}

/// The connections of the readers. The one that was used last is taken first: its cache is warm.
pub(crate) struct Seats {
    /// `None` when the database has closed.
    free: Mutex<Option<Vec<Seat>>>,
    returned: Condvar,
}

/// A seat that goes back when it is dropped.
struct Taken<'a> {
    seats: &'a Seats,
    seat: Option<Seat>,
}

impl Seats {
    pub fn new(count: usize) -> Seats {
        let free = (0..count).map(|_| Seat::new()).collect();
        Seats { free: Mutex::new(Some(free)), returned: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Vec<Seat>>> {
        // Nothing under this lock can panic half-way.
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn free(&self) -> Option<Taken<'_>> {
        let seat = self.lock().as_mut()?.pop()?;
        Some(Taken { seats: self, seat: Some(seat) })
    }

    fn wait(&self) -> Taken<'_> {
        let mut free = self.lock();
        loop {
            // What waited when the database closed is still done.
            let seat = free.as_mut().map_or_else(|| Some(Seat::new()), Vec::pop);
            if seat.is_some() {
                return Taken { seats: self, seat };
            }
            free = self.returned.wait(free).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Ends transactions that were begun for reads which have not come for some time.
    fn rest(&self) {
        let begun = {
            let mut free = self.lock();
            let Some(free) = free.as_mut() else { return };
            let idle = |place: &Place| place.begun && place.answered_at.elapsed() >= IDLE_AFTER;
            free.extract_if(.., |seat| idle(&seat.snapshots)).collect::<Vec<Seat>>()
        };
        for seat in begun {
            let mut taken = Taken { seats: self, seat: Some(seat) };
            taken.snapshots.end(false);
        }
    }

    /// Ends the connections.
    pub fn close(&self) {
        *self.lock() = None;
        self.returned.notify_all();
    }
}

impl Deref for Taken<'_> {
    type Target = Seat;

    fn deref(&self) -> &Seat {
        self.seat.as_ref().expect("taken until it is dropped")
    }
}

impl DerefMut for Taken<'_> {
    fn deref_mut(&mut self) -> &mut Seat {
        self.seat.as_mut().expect("taken until it is dropped")
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        if let Some(seat) = self.seat.take() {
            if let Some(free) = self.seats.lock().as_mut() {
                free.push(seat);
            }
            self.seats.returned.notify_one();
        }
    }
}

/// A reader's place. On PostgreSQL, reads that want a snapshot have a connection of their own there: with the end of one
/// the transaction of the next begins, which a look between the two would not leave fresh.
struct Seat {
    looks: Place,
    /// PostgreSQL only.
    snapshots: Place,
}

/// A connection, made anew when it has broken.
struct Place {
    purpose: Purpose,
    connection: Option<Link>,
    /// Whether a read transaction is open in which nothing was read yet: it has no snapshot before it is asked.
    begun: bool,
    answered_at: Instant,
}

impl Seat {
    fn new() -> Seat {
        Seat { looks: Place::new(Purpose::Look), snapshots: Place::new(Purpose::Read) }
    }

    fn place(&mut self, shared: &Shared, sees: Sees) -> &mut Place {
        match (shared.address.engine(), sees) {
            (Engine::Postgres, Sees::Snapshot) => &mut self.snapshots,
            _ => &mut self.looks,
        }
    }
}

impl Place {
    fn new(purpose: Purpose) -> Place {
        Place { purpose, connection: None, begun: false, answered_at: Instant::now() }
    }

    /// A connection with an open read transaction, or with none where the read wants none. One that was idle for long
    /// is asked by a BEGIN all the same whether it is still there.
    fn ready(&mut self, shared: &Shared, sees: Sees) -> Result<(&mut Link, Sees), String> {
        let lately = self.answered_at.elapsed() <= ALIVE_FOR;
        if self.begun && !lately {
            self.end(false);
        }
        let goes_on = match sees {
            Sees::Latest => true,
            Sees::Snapshot => std::mem::take(&mut self.begun),
        };
        if !(lately && goes_on && self.connection.is_some()) {
            return Ok((self.begin(shared)?, Sees::Snapshot));
        }
        let connection = self.connection.as_mut().ok_or("no connection")?;
        Ok((connection, sees))
    }

    /// A connection with an open read transaction.
    fn begin(&mut self, shared: &Shared) -> Result<&mut Link, String> {
        let sql = match shared.address.engine() {
            Engine::Sqlite => "begin",
            // One snapshot for the whole read, as SQLite gives it.
            Engine::Postgres => "begin isolation level repeatable read read only",
        };
        if let Some(connection) = &mut self.connection
            && connection.run(sql).is_err()
        {
            self.connection = None;
        }
        if self.connection.is_none() {
            let mut connection = connect(&shared.address, self.purpose)?;
            connection.run(sql).map_err(|error| crate::fault::told_without_values(&error))?;
            self.connection = Some(connection);
        }
        self.connection.as_mut().ok_or_else(|| "no connection".to_owned())
    }

    /// A read leaves nothing behind; a rollback also ends a transaction that a failed statement has broken, and tells
    /// whether the connection is: `false` where it has broken.
    fn end(&mut self, and_begin: bool) -> bool {
        let sql = if and_begin { "rollback and chain" } else { "rollback" };
        let sound = self.connection.as_mut().is_some_and(|connection| connection.run(sql).is_ok());
        self.begun = sound && and_begin;
        if !sound {
            self.connection = None;
        }
        sound
    }
}

impl<F, T, R> Reading for Question<F, T, R>
where
    F: FnOnce(&mut Read) -> Result<T, Stop<R>> + Send + 'static,
    T: Send + 'static,
    R: Send + 'static,
{
    fn run(self: Box<Self>, shared: &Arc<Shared>, seat: &mut Seat) {
        let Question { sees, read, to } = *self;
        let place = seat.place(shared, sees);
        let (connection, sees) = match place.ready(shared, sees) {
            Ok(ready) => ready,
            Err(told) => return to.give(Err(Failed::Unavailable(told))),
        };
        let mut collected = Collected::default();
        let ended = run_read(connection, shared, &mut collected, sees == Sees::Snapshot, read);
        let answered = matches!(ended, ReadEnd::Answer(_));
        let sound = sees == Sees::Latest && answered;
        // What a failed statement has broken does not hand on to the next transaction that it is a snapshot.
        let broken = !sound && !place.end(answered && place.purpose == Purpose::Read);
        place.answered_at = Instant::now();
        let result = match ended {
            ReadEnd::Answer(result) => result,
            ReadEnd::Failed(_) if broken && shared.address.engine() == Engine::Postgres => {
                Err(Failed::Unavailable("the connection to the database broke".to_owned()))
            }
            ReadEnd::Failed(failed) => Err(failed),
        };
        answer_when_noted(shared, collected, result, to);
    }

    fn refuse(self: Box<Self>, told: String) {
        self.to.give(Err(Failed::Unavailable(told)));
    }
}

/// A reading of somebody else's data is answered when its ledger lines are on disk, and not at all without them.
fn answer_when_noted<T, R>(
    shared: &Shared,
    collected: Collected,
    result: Result<T, Failed<R>>,
    to: Answer<Result<T, Failed<R>>>,
) where
    T: Send + 'static,
    R: Send + 'static,
{
    if collected.notes.is_empty() {
        return to.give(result);
    }
    let own = collected.notes.iter().all(|note| note.own);
    if own {
        let noted = NotesOfRead::queued(collected.notes, |end| {
            if !matches!(end, End::AsCalled) {
                tracing::error!("the ledger lines of a member's own reading were not written");
            }
        });
        return match shared.commands.push(noted) {
            Ok(()) => to.give(result),
            Err((why, _)) => to.give(Err(Failed::Unavailable(why.told()))),
        };
    }
    let noted = NotesOfRead::queued(collected.notes, move |end| {
        to.give(match end {
            End::AsCalled => result,
            End::Changed | End::Unknown => Err(Failed::Unavailable("the ledger could not be written".to_owned())),
            End::Fault(id) => Err(Failed::Fault(id)),
            End::Unavailable(told) => Err(Failed::Unavailable(told)),
        });
    });
    if let Err((why, noted)) = shared.commands.push(noted) {
        noted.answer(End::Unavailable(why.told()));
    }
}

pub(crate) fn start(shared: &Arc<Shared>, threads: usize) -> Vec<Result<JoinHandle<()>, String>> {
    (1..=threads)
        .map(|number| {
            let shared = shared.clone();
            thread::Builder::new()
                .name(format!("db-reader-{number}"))
                .spawn(move || {
                    while let Some(Asked(reading)) = shared.reads.pop_or(IDLE_AFTER, || shared.seats.rest()) {
                        reading.run(&shared, &mut shared.seats.wait());
                        // A seat that nobody takes again is ended, though the others keep every thread busy.
                        shared.seats.rest();
                    }
                })
                .map_err(|error| error.to_string())
        })
        .collect()
}
