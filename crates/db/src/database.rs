//! The handle: opening, reading, writing, closing.

use std::fmt;
use std::path::PathBuf;
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use diesel::QueryResult;
use tokio::sync::oneshot;

use crate::clock::Clock;
use crate::command::{Answer, Call, Queued, Read, Tx};
use crate::engine::{self, Address, Engine, Purpose};
use crate::fault::{Failed, Stop};
use crate::migrate::{self, Migrations};
use crate::outbox::{self, Delivered, Signal};
use crate::queue::Queue;
use crate::reader::{self, Asked, Seats, Sees};
use crate::writer::{self, Wake};
use crate::{Blobs, Db, Id};

/// Compares the versions of people's states with what a command relied on; on PostgreSQL it locks the rows
/// (`FOR SHARE`) when `for_update` is set. `false` undoes the command.
pub type Guard = fn(db: &mut Db, required: &[(Id, i64)], for_update: bool) -> QueryResult<bool>;

/// How a database is opened.
pub struct Options {
    pub address: Address,
    /// The folder of the blobs; made if it is not there.
    pub blobs: PathBuf,
    pub blob_bytes_max: u64,
    /// The crates' migrations, in the order of their dependence; the foundation's own run before them.
    pub migrations: Vec<Migrations>,
    pub guard: Guard,
    /// PostgreSQL only; SQLite has one writer.
    pub writer_threads: usize,
    pub reader_threads: usize,
    /// Commands, and reads, that may wait; beyond it they are refused at once.
    pub queue_length_max: usize,
    /// SQLite only.
    pub commands_per_commit_max: usize,
}

impl Options {
    pub fn new(address: Address, blobs: impl Into<PathBuf>) -> Options {
        Options {
            address,
            blobs: blobs.into(),
            blob_bytes_max: 256 * 1024 * 1024,
            migrations: Vec::new(),
            guard: nobody_may_be_required,
            writer_threads: 8,
            reader_threads: 4,
            queue_length_max: 4_096,
            commands_per_commit_max: 64,
        }
    }
}

/// Without the vault's guard nothing that relies on a person's state may pass.
fn nobody_may_be_required(_db: &mut Db, _required: &[(Id, i64)], _for_update: bool) -> QueryResult<bool> {
    Ok(false)
}

/// Why a database does not open. The sentences hold no address and no password.
#[derive(Debug)]
pub enum OpenError {
    Unreachable(String),
    /// The database has migrations that this program does not know: it is newer.
    Newer(Vec<String>),
    Migration(String),
    Folder(String),
    Thread(String),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OpenError::Unreachable(told) | OpenError::Migration(told) => f.write_str(told),
            OpenError::Newer(versions) => {
                write!(f, "the database is newer than this program: it has the migrations {}", versions.join(", "))
            }
            OpenError::Folder(told) => write!(f, "the folder cannot be used: {told}"),
            OpenError::Thread(told) => write!(f, "a thread cannot be started: {told}"),
        }
    }
}

impl std::error::Error for OpenError {}

/// What all threads of one database share.
pub(crate) struct Shared {
    pub address: Address,
    pub clock: Clock,
    pub guard: Guard,
    pub commands: Queue<Queued>,
    pub reads: Queue<Asked>,
    pub seats: Seats,
    pub outside: Queue<Outside>,
    pub signal: Signal,
    pub sequencer: Wake,
    pub job_wake: Wake,
    pub commands_per_commit_max: usize,
}

/// Work for the writer that no transaction may surround.
pub(crate) type Outside = Box<dyn FnOnce(&mut Db) + Send>;

/// A database with its threads. Cheap to clone; when the last handle goes, what waits is still done and the threads end.
#[derive(Clone)]
pub struct Database(Arc<Handle>);

struct Handle {
    shared: Arc<Shared>,
    blobs: Blobs,
    readers: Mutex<Vec<JoinHandle<()>>>,
    writers: Mutex<Vec<JoinHandle<()>>>,
}

impl Database {
    /// Connects, migrates, and starts the threads.
    pub fn open(options: Options) -> Result<Database, OpenError> {
        if let Address::Sqlite(path) = &options.address {
            make_private_file(path)?;
        }
        let blobs = Blobs::open(&options.blobs, options.blob_bytes_max)
            .map_err(|error| OpenError::Folder(error.to_string()))?;
        let mut connection = engine::connect(&options.address, Purpose::Migrate).map_err(OpenError::Unreachable)?;
        migrate::run(&mut connection.db, &options.migrations)?;
        let shared = Arc::new(Shared {
            address: options.address,
            clock: Clock::default(),
            guard: options.guard,
            commands: Queue::new(options.queue_length_max),
            reads: Queue::new(options.queue_length_max),
            seats: Seats::new(options.reader_threads.max(1)),
            outside: Queue::new(1),
            signal: Signal::default(),
            sequencer: Wake::default(),
            job_wake: Wake::default(),
            commands_per_commit_max: options.commands_per_commit_max.max(1),
        });
        let unreadable = |error: diesel::result::Error| OpenError::Unreachable(error.to_string());
        shared.clock.start(&mut connection.db).map_err(unreadable)?;
        shared.signal.raise(outbox::last_position(&mut connection.db).map_err(unreadable)?);
        drop(connection);
        // From here on a failure drops the handle, which ends the threads that run already.
        let database = Database(Arc::new(Handle {
            shared: shared.clone(),
            blobs,
            readers: Mutex::default(),
            writers: Mutex::default(),
        }));
        let writers = writer::start(&shared, options.writer_threads.max(1));
        let readers = reader::start(&shared, options.reader_threads.max(1));
        let mut failed = None;
        for (threads, kept) in [(writers, &database.0.writers), (readers, &database.0.readers)] {
            for thread in threads {
                match thread {
                    Ok(thread) => kept.lock().unwrap_or_else(PoisonError::into_inner).push(thread),
                    Err(told) => failed = Some(told),
                }
            }
        }
        match failed {
            Some(told) => Err(OpenError::Thread(told)),
            None => Ok(database),
        }
    }

    /// Runs a query on a reader thread, in one snapshot. If it noted readings of somebody else's data, the answer comes
    /// after the notes are on disk.
    pub async fn read<T, R>(
        &self,
        read: impl FnOnce(&mut Read) -> Result<T, Stop<R>> + Send + 'static,
    ) -> Result<T, Failed<R>>
    where
        T: Send + 'static,
        R: Send + 'static,
    {
        self.answered(Sees::Snapshot, read).await
    }

    /// As [`Database::read`], but each statement sees what is committed when it runs: for what every request asks and
    /// what needs no common snapshot, a BEGIN and a ROLLBACK less. On SQLite it runs on the caller's thread where a
    /// connection is free, so it goes by unique keys only.
    pub async fn look<T, R>(
        &self,
        read: impl FnOnce(&mut Read) -> Result<T, Stop<R>> + Send + 'static,
    ) -> Result<T, Failed<R>>
    where
        T: Send + 'static,
        R: Send + 'static,
    {
        self.answered(Sees::Latest, read).await
    }

    async fn answered<T, R>(
        &self,
        sees: Sees,
        read: impl FnOnce(&mut Read) -> Result<T, Stop<R>> + Send + 'static,
    ) -> Result<T, Failed<R>>
    where
        T: Send + 'static,
        R: Send + 'static,
    {
        let (to, answer) = oneshot::channel();
        self.ask(sees, read, Answer::Async(to));
        answer.await.unwrap_or_else(|_| Err(lost_read()))
    }

    /// [`Database::read`] for threads that may wait.
    pub fn read_now<T, R>(
        &self,
        read: impl FnOnce(&mut Read) -> Result<T, Stop<R>> + Send + 'static,
    ) -> Result<T, Failed<R>>
    where
        T: Send + 'static,
        R: Send + 'static,
    {
        self.waited_for(Sees::Snapshot, read)
    }

    /// [`Database::look`] for threads that may wait.
    pub fn look_now<T, R>(
        &self,
        read: impl FnOnce(&mut Read) -> Result<T, Stop<R>> + Send + 'static,
    ) -> Result<T, Failed<R>>
    where
        T: Send + 'static,
        R: Send + 'static,
    {
        self.waited_for(Sees::Latest, read)
    }

    fn waited_for<T, R>(
        &self,
        sees: Sees,
        read: impl FnOnce(&mut Read) -> Result<T, Stop<R>> + Send + 'static,
    ) -> Result<T, Failed<R>>
    where
        T: Send + 'static,
        R: Send + 'static,
    {
        let (to, answer) = sync_channel(1);
        self.ask(sees, read, Answer::Blocking(to));
        answer.recv().unwrap_or_else(|_| Err(lost_read()))
    }

    /// Runs a command on a writer thread; the answer comes after the commit. The command may run twice.
    pub async fn write<T, R>(
        &self,
        command: impl Fn(&mut Tx) -> Result<T, Stop<R>> + Send + 'static,
    ) -> Result<T, Failed<R>>
    where
        T: Send + 'static,
        R: Send + 'static,
    {
        let (to, answer) = oneshot::channel();
        self.order(command, Answer::Async(to));
        // A command dropped unanswered may have been committed.
        answer.await.unwrap_or(Err(Failed::Unknown))
    }

    /// [`Database::write`] for threads that may wait.
    pub fn write_now<T, R>(
        &self,
        command: impl Fn(&mut Tx) -> Result<T, Stop<R>> + Send + 'static,
    ) -> Result<T, Failed<R>>
    where
        T: Send + 'static,
        R: Send + 'static,
    {
        let (to, answer) = sync_channel(1);
        self.order(command, Answer::Blocking(to));
        answer.recv().unwrap_or(Err(Failed::Unknown))
    }

    fn ask<T, R>(
        &self,
        sees: Sees,
        read: impl FnOnce(&mut Read) -> Result<T, Stop<R>> + Send + 'static,
        to: Answer<Result<T, Failed<R>>>,
    ) where
        T: Send + 'static,
        R: Send + 'static,
    {
        let (shared, asked) = (&self.0.shared, Asked::new(sees, read, to));
        let asked = match sees {
            Sees::Latest => asked.run_here(shared),
            Sees::Snapshot => Some(asked),
        };
        if let Some(asked) = asked
            && let Err((why, asked)) = shared.reads.push(asked)
        {
            asked.refuse(why.told());
        }
    }

    fn order<T, R>(
        &self,
        command: impl Fn(&mut Tx) -> Result<T, Stop<R>> + Send + 'static,
        to: Answer<Result<T, Failed<R>>>,
    ) where
        T: Send + 'static,
        R: Send + 'static,
    {
        if let Err((why, queued)) = self.0.shared.commands.push(Call::queued(command, to)) {
            queued.answer(crate::command::End::Unavailable(why.told()));
        }
    }

    /// UTC microseconds. In test builds: with the offset as of the last command or read of this process.
    pub fn now(&self) -> i64 {
        self.0.shared.clock.now()
    }

    pub fn engine(&self) -> Engine {
        self.0.shared.address.engine()
    }

    pub fn blobs(&self) -> &Blobs {
        &self.0.blobs
    }

    /// Commands that no writer has taken yet: so a test knows that others stand in line.
    #[cfg(feature = "testing")]
    pub fn commands_waiting(&self) -> usize {
        self.0.shared.commands.len()
    }

    /// Committed events after `position`, in order. Blocks.
    pub fn events_after(&self, position: i64, limit: i64) -> Result<Vec<Delivered>, Failed<std::convert::Infallible>> {
        self.look_now(move |read| Ok(outbox::after(read.db, position, limit)?))
    }

    /// Waits until this process knows of an event after `position`; `false` when the time is over. Blocks.
    pub fn wait_for_events(&self, position: i64, timeout: Duration) -> bool {
        self.0.shared.signal.wait_beyond(position, timeout)
    }

    /// Moves the clock of everybody who uses this database.
    #[cfg(feature = "moved-clock")]
    pub fn move_clock(&self, by_micros: i64) -> Result<(), Failed<std::convert::Infallible>> {
        use crate::policy::clock_offset;
        use diesel::prelude::*;
        self.write_now(move |tx| {
            diesel::update(clock_offset::table)
                .set(clock_offset::micros.eq(clock_offset::micros + by_micros))
                .execute(tx.db)?;
            Ok(())
        })?;
        // The next command or read knows it; so does `now` after this one.
        self.read_now(|_| Ok(()))
    }

    /// Takes what was erased out of SQLite's log, and with `whole_file` out of the file's free pages too (nightly:
    /// it copies the database). Nothing to do on PostgreSQL. `false` when a reader stood in the way; ask again. Blocks.
    pub fn scrub(&self, whole_file: bool) -> Result<bool, Failed<std::convert::Infallible>> {
        if self.engine() == Engine::Postgres {
            return Ok(true);
        }
        let (to, answer) = sync_channel(1);
        let outside: Outside = Box::new(move |db| {
            let _gone = to.send(writer::scrub(db, whole_file)).is_err();
        });
        if let Err((why, _)) = self.0.shared.outside.push(outside) {
            return Err(Failed::Unavailable(why.told()));
        }
        // An empty command wakes the writer, which does the outside work first.
        self.write_now(|_| Ok(()))?;
        match answer.recv() {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(error)) => Err(Failed::Unavailable(crate::fault::told_without_values(&error))),
            Err(_) => Err(Failed::Unavailable("the writer has ended".to_owned())),
        }
    }

    /// Tells PostgreSQL's planner how full the tables are now, after much was loaded at once: its own look comes up to a
    /// minute later, and a plan made before it can begin at the wrong table at every request. Nothing to do on SQLite,
    /// which is asked by keys. Where it fails, the log says so, and the server's own look does it. Blocks.
    pub fn analyse(&self) {
        if self.engine() == Engine::Sqlite {
            return;
        }
        let analysed = engine::connect(&self.0.shared.address, Purpose::Migrate)
            .and_then(|mut link| link.run("analyze").map_err(|error| crate::fault::told_without_values(&error)));
        if let Err(told) = analysed {
            tracing::warn!(told, "the tables were not analysed");
        }
    }

    /// Takes nothing more, does what waits, and ends the threads; other handles are then refused.
    pub fn close(self) {
        self.0.close();
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.0.shared
    }
}

fn lost_read<R>() -> Failed<R> {
    Failed::Unavailable("the database has closed".to_owned())
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Database({:?})", self.0.shared.address)
    }
}

impl Handle {
    fn close(&self) {
        // Readers first: they hand their notes to the writer.
        self.shared.reads.close();
        join(&self.readers);
        self.shared.seats.close();
        self.shared.commands.close();
        self.shared.sequencer.stop();
        self.shared.job_wake.wake();
        join(&self.writers);
    }
}

/// A command may hold the last handle; its own thread is then not waited for.
fn join(threads: &Mutex<Vec<JoinHandle<()>>>) {
    let threads = std::mem::take(&mut *threads.lock().unwrap_or_else(PoisonError::into_inner));
    for thread in threads {
        if thread.thread().id() != std::thread::current().id() && thread.join().is_err() {
            tracing::error!("a thread of the database had panicked");
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.close();
    }
}

/// SQLite would make the file with the process's usual rights; nobody else on the machine may read it.
fn make_private_file(path: &std::path::Path) -> Result<(), OpenError> {
    let failed = |error: std::io::Error| OpenError::Folder(format!("{}: {error}", path.display()));
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    let mut open = std::fs::OpenOptions::new();
    open.create(true).truncate(false).write(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        open.mode(0o600);
    }
    open.open(path).map(|_| ()).map_err(failed)
}
