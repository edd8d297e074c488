//! What commands and reads see, and what the writer and the readers know of them.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::SyncSender;

use tokio::sync::oneshot;

use crate::database::Shared;
use crate::engine::{FEW, Link, Noticed, Unwound};
use crate::fault::{Failed, Fault, FaultId, Kind, Stop};
use crate::jobs::{self, NewJob};
use crate::outbox::{self, Event, Placing};
use crate::{Db, Id};

/// One line of the ledger: opaque text here, JSON for the vault that writes and reads it.
#[derive(Clone, Debug)]
pub struct Note {
    /// A member reads their own data: the answer need not wait until the line is on disk.
    pub own: bool,
    /// One line.
    pub text: String,
}

/// What [`Tx`] and [`Read`] have in common, for the functions that open sealed values in either.
pub trait Scope {
    fn db(&mut self) -> &mut Db;
    /// UTC microseconds, drawn once.
    fn now(&self) -> i64;
    /// Whether all that is read here is of one committed state: what may be kept in memory under the version it bears.
    fn sees_one_state(&self) -> bool;
    /// Adds a line to the ledger. It stays when the command is refused or panics.
    fn note(&mut self, note: Note);
    /// The lines so far, for the vault, which adds a field to its last line rather than write a line a field. No line
    /// may hold a line end.
    fn notes(&mut self) -> &mut Vec<Note>;
    /// The result is good only while the state of `person` has this version: compared before the commit.
    fn require(&mut self, person: &Id, version: i64);
}

/// What a command sees. The time and the ids are drawn once per command, so that a rerun (a deadlock) writes the same
/// rows.
///
/// After a statement that failed, every further one unwinds, and the command is a fault even if it swallowed the error:
/// expected conflicts use `on_each!` with `ON CONFLICT DO NOTHING` and look at the count.
pub struct Tx<'a> {
    pub db: &'a mut Db,
    pub now: i64,
    drawn: &'a mut Drawn,
    shared: &'a Shared,
    collected: &'a mut Collected,
}

/// What a query sees: the committed rows, which it cannot change; in one snapshot, or each statement the latest
/// ([`crate::Database::look`]).
pub struct Read<'a> {
    pub db: &'a mut Db,
    pub now: i64,
    one_state: bool,
    collected: &'a mut Collected,
}

impl Tx<'_> {
    /// A new id; ids of one command are in the order in which they were drawn.
    pub fn id(&mut self) -> Id {
        if self.drawn.next == self.drawn.ids.len() {
            self.drawn.ids.push(self.shared.clock.id(self.now));
        }
        self.drawn.next += 1;
        self.drawn.ids[self.drawn.next - 1].clone()
    }

    pub fn note(&mut self, note: Note) {
        self.collected.note(note);
    }

    pub fn require(&mut self, person: &Id, version: i64) {
        self.collected.require(person, version);
    }

    /// Writes an event to the outbox with this command.
    pub fn emit(&mut self, event: Event) {
        let id = self.id();
        self.collected.events.push((id, event));
    }

    /// Adds a job with this command; one whose unique key is already open does nothing.
    pub fn enqueue(&mut self, job: NewJob) {
        let id = self.id();
        self.collected.jobs.push((id, job));
    }
}

impl Read<'_> {
    pub fn note(&mut self, note: Note) {
        self.collected.note(note);
    }

    pub fn require(&mut self, person: &Id, version: i64) {
        self.collected.require(person, version);
    }
}

macro_rules! scope {
    ($name:ident, $this:ident => $one_state:expr) => {
        impl Scope for $name<'_> {
            fn db(&mut self) -> &mut Db {
                self.db
            }
            fn now(&self) -> i64 {
                self.now
            }
            fn sees_one_state(&self) -> bool {
                let $this = self;
                $one_state
            }
            fn note(&mut self, note: Note) {
                $name::note(self, note);
            }
            fn notes(&mut self) -> &mut Vec<Note> {
                &mut self.collected.notes
            }
            fn require(&mut self, person: &Id, version: i64) {
                $name::require(self, person, version);
            }
        }
    };
}
// A command sees its own rows, which may yet be undone.
scope!(Tx, _tx => false);
scope!(Read, read => read.one_state);

/// The time and the ids of one command, kept over its reruns.
#[derive(Default)]
pub(crate) struct Drawn {
    now: i64,
    ids: Vec<Id>,
    next: usize,
}

/// What a command or read collects beside its rows.
#[derive(Default)]
pub(crate) struct Collected {
    pub notes: Vec<Note>,
    pub required: Vec<(Id, i64)>,
    pub events: Vec<(Id, Event)>,
    pub jobs: Vec<(Id, NewJob)>,
}

impl Collected {
    /// Every sealed field asks for its person: mostly the one that was asked for just before.
    fn require(&mut self, person: &Id, version: i64) {
        if !self.required.iter().rev().take(FEW).any(|(known, v)| known == person && *v == version) {
            self.required.push((person.clone(), version));
        }
    }

    fn note(&mut self, mut note: Note) {
        // The block is cut at line ends.
        if note.text.contains('\n') {
            note.text = note.text.replace('\n', " ");
        }
        self.notes.push(note);
    }
}

/// A command in the queue.
pub(crate) struct Queued {
    work: Box<dyn Work>,
    drawn: Drawn,
}

/// A command without its types.
pub(crate) trait Work: Send {
    /// Runs the command and keeps its result. May be called again.
    fn call(&mut self, tx: &mut Tx) -> Called;
    /// Answers the caller. Called once, after the commit or when there will be none.
    fn answer(self: Box<Self>, end: End);
}

pub(crate) enum Called {
    Done,
    Refused,
    Fault(Fault),
}

/// How a command ended, seen from the writer.
pub(crate) enum End {
    /// As the call itself said.
    AsCalled,
    Changed,
    Fault(FaultId),
    Unavailable(String),
    Unknown,
}

/// What a command's run left behind in the open transaction.
pub(crate) struct Ran {
    pub verdict: Verdict,
    /// Of every run but one that is to be repeated.
    pub notes: Vec<Note>,
    pub events_count: i64,
    /// Whether one of the jobs it adds can run at once.
    pub jobs_due: bool,
}

pub(crate) enum Verdict {
    Keep,
    /// Undo, and answer so.
    Undo(End),
    /// Undo, and run again if the engine's rules allow; else the sentence is the fault.
    Again(String),
}

impl Queued {
    pub fn new(work: Box<dyn Work>) -> Queued {
        Queued { work, drawn: Drawn::default() }
    }

    pub fn answer(self, end: End) {
        self.work.answer(end);
    }

    /// Runs the command in the transaction or savepoint that stands open, up to the point before its end.
    pub fn run(&mut self, connection: &mut Link, shared: &Shared, placing: Placing) -> Ran {
        let mut collected = Collected::default();
        self.drawn.next = 0;
        connection.watch.clear();
        let Link { db, watch } = connection;
        let ran = catch_unwind(AssertUnwindSafe(|| self.work_and_wrap(db, shared, placing, &mut collected)));
        let noticed = watch.noticed();
        let verdict = match (ran, noticed) {
            (Ok(Wrapped::Fault(Fault { told, kind })), _) if kind != Kind::Defect => not_a_defect(told, kind),
            (_, Some(Noticed { told, kind })) if kind != Kind::Defect => not_a_defect(told, kind),
            (Ok(Wrapped::Fault(fault)), _) => Verdict::Undo(End::Fault(FaultId::log(&fault.told))),
            (Err(payload), noticed) => {
                Verdict::Undo(End::Fault(FaultId::log(&unwound(&*payload, noticed.map(|n| n.told)))))
            }
            (Ok(_), Some(noticed)) => {
                let told = format!("a command went on after a failed statement: {}", noticed.told);
                Verdict::Undo(End::Fault(FaultId::log(&told)))
            }
            (Ok(Wrapped::Done), None) => Verdict::Keep,
            (Ok(Wrapped::Refused), None) => Verdict::Undo(End::AsCalled),
            (Ok(Wrapped::Changed), None) => Verdict::Undo(End::Changed),
        };
        Ran {
            verdict,
            notes: collected.notes,
            events_count: collected.events.len() as i64,
            jobs_due: collected.jobs.iter().any(|(_, job)| job.due_at <= self.drawn.now),
        }
    }

    fn work_and_wrap(&mut self, db: &mut Db, shared: &Shared, placing: Placing, collected: &mut Collected) -> Wrapped {
        if self.drawn.now == 0 {
            match shared.clock.start(db) {
                Ok(now) => self.drawn.now = now,
                Err(error) => return Wrapped::Fault(error.into()),
            }
        }
        let now = self.drawn.now;
        let called = self.work.call(&mut Tx { db, now, drawn: &mut self.drawn, shared, collected });
        match called {
            Called::Refused => return Wrapped::Refused,
            Called::Fault(fault) => return Wrapped::Fault(fault),
            Called::Done => {}
        }
        let wrapped = outbox::insert(db, now, &collected.events, placing)
            .and_then(|()| jobs::insert(db, now, &collected.jobs))
            // Last, so that on PostgreSQL the lock on the people's states is held for the commit only.
            .and_then(|()| match collected.required.is_empty() {
                true => Ok(true),
                false => (shared.guard)(db, &collected.required, true),
            });
        match wrapped {
            Ok(true) => Wrapped::Done,
            Ok(false) => Wrapped::Changed,
            Err(error) => Wrapped::Fault(error.into()),
        }
    }
}

fn not_a_defect(told: String, kind: Kind) -> Verdict {
    match kind {
        Kind::NoRoom => {
            tracing::error!("no room: {told}");
            Verdict::Undo(End::Unavailable(told))
        }
        Kind::MayRunAgain | Kind::Defect => Verdict::Again(told),
    }
}

enum Wrapped {
    Done,
    Refused,
    Changed,
    Fault(Fault),
}

/// What to log of an unwound call: never the panic's own text, which may hold a value; its place stands in the output
/// of the panic hook.
fn unwound(payload: &(dyn Any + Send), noticed: Option<String>) -> String {
    let noticed = noticed.unwrap_or_default();
    match payload.downcast_ref::<Unwound>() {
        Some(Unwound::StatementAfterFault) => {
            format!("a command ran a statement after a failed one: {noticed}")
        }
        Some(Unwound::NestedTransaction) => "a command called diesel's transaction(), which is forbidden".to_owned(),
        None if noticed.is_empty() => "a command panicked".to_owned(),
        None => format!("a command panicked after a failed statement: {noticed}"),
    }
}

/// How a read's closure ended.
pub(crate) enum ReadEnd<T, R> {
    Answer(Result<T, Failed<R>>),
    /// The closure cannot run twice; the connection must be looked at.
    Failed(Failed<R>),
}

/// Runs a read in the open transaction, or in none. `one_state`: whether its statements see one snapshot.
pub(crate) fn run_read<T, R>(
    connection: &mut Link,
    shared: &Shared,
    collected: &mut Collected,
    one_state: bool,
    read: impl FnOnce(&mut Read) -> Result<T, Stop<R>>,
) -> ReadEnd<T, R> {
    connection.watch.clear();
    let Link { db, watch } = connection;
    let ran = catch_unwind(AssertUnwindSafe(|| -> Result<(T, bool), Stop<R>> {
        let now = shared.clock.start(db)?;
        let value = read(&mut Read { db, now, one_state, collected })?;
        let unchanged = match collected.required.is_empty() {
            true => true,
            false => (shared.guard)(db, &collected.required, false)?,
        };
        Ok((value, unchanged))
    }));
    let noticed = watch.noticed();
    let told = match (ran, noticed) {
        (Ok(Err(Stop::Fault(Fault { told, kind: Kind::NoRoom }))), _)
        | (_, Some(Noticed { told, kind: Kind::NoRoom })) => {
            tracing::error!("no room: {told}");
            return ReadEnd::Failed(Failed::Unavailable(told));
        }
        (Ok(Err(Stop::Fault(fault))), _) => fault.told,
        (Err(payload), noticed) => unwound(&*payload, noticed.map(|n| n.told)).replace("a command", "a read"),
        (Ok(_), Some(noticed)) => format!("a read went on after a failed statement: {}", noticed.told),
        (Ok(Ok((value, true))), None) => return ReadEnd::Answer(Ok(value)),
        (Ok(Ok((_, false))), None) => return ReadEnd::Answer(Err(Failed::Changed)),
        (Ok(Err(Stop::Refused(refused))), None) => return ReadEnd::Answer(Err(Failed::Refused(refused))),
    };
    ReadEnd::Failed(Failed::Fault(FaultId::log(&told)))
}

/// Where an answer goes: to an async caller or to a waiting thread. A caller that has gone is no error.
pub(crate) enum Answer<A> {
    Async(oneshot::Sender<A>),
    Blocking(SyncSender<A>),
}

impl<A> Answer<A> {
    pub fn give(self, answer: A) {
        let _gone = match self {
            Answer::Async(to) => to.send(answer).is_err(),
            Answer::Blocking(to) => to.send(answer).is_err(),
        };
    }
}

/// A command with its types.
pub(crate) struct Call<F, T, R> {
    command: F,
    result: Result<T, Failed<R>>,
    to: Answer<Result<T, Failed<R>>>,
}

impl<F, T, R> Call<F, T, R>
where
    F: Fn(&mut Tx) -> Result<T, Stop<R>> + Send + 'static,
    T: Send + 'static,
    R: Send + 'static,
{
    pub fn queued(command: F, to: Answer<Result<T, Failed<R>>>) -> Queued {
        Queued::new(Box::new(Call { command, result: Err(Failed::Unknown), to }))
    }
}

impl<F, T, R> Work for Call<F, T, R>
where
    F: Fn(&mut Tx) -> Result<T, Stop<R>> + Send,
    T: Send,
    R: Send,
{
    fn call(&mut self, tx: &mut Tx) -> Called {
        match (self.command)(tx) {
            Ok(value) => {
                self.result = Ok(value);
                Called::Done
            }
            Err(Stop::Refused(refused)) => {
                self.result = Err(Failed::Refused(refused));
                Called::Refused
            }
            Err(Stop::Fault(fault)) => Called::Fault(fault),
        }
    }

    fn answer(self: Box<Self>, end: End) {
        self.to.give(match end {
            End::AsCalled => self.result,
            End::Changed => Err(Failed::Changed),
            End::Fault(id) => Err(Failed::Fault(id)),
            End::Unavailable(told) => Err(Failed::Unavailable(told)),
            End::Unknown => Err(Failed::Unknown),
        });
    }
}

/// The notes of a read, written like a command that has no rows.
pub(crate) struct NotesOfRead<F: FnOnce(End) + Send> {
    notes: Vec<Note>,
    then: F,
}

impl<F: FnOnce(End) + Send + 'static> NotesOfRead<F> {
    pub fn queued(notes: Vec<Note>, then: F) -> Queued {
        Queued::new(Box::new(NotesOfRead { notes, then }))
    }
}

impl<F: FnOnce(End) + Send> Work for NotesOfRead<F> {
    fn call(&mut self, tx: &mut Tx) -> Called {
        for note in &self.notes {
            tx.note(note.clone());
        }
        Called::Done
    }

    fn answer(self: Box<Self>, end: End) {
        (self.then)(end);
    }
}
