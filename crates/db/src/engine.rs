//! The two engines behind one type, and how each is connected.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use diesel::connection::{InstrumentationEvent, SimpleConnection};
use diesel::prelude::*;

use crate::fault::{Kind, kind_of, told_without_values};
use crate::kept;

/// A connection to either engine. Names and types of every query are checked for both when the program is compiled.
///
/// What is asked at every request stays prepared. Diesel's `first` binds a LIMIT, and SQLite compiles a statement with a
/// bound LIMIT anew each time it is given a value: by a unique key ask with `get_result`.
#[derive(diesel::MultiConnection)]
pub enum Db {
    Sqlite(SqliteConnection),
    Pg(PgConnection),
}

/// Runs an expression on the concrete connection: for `ON CONFLICT` and multi-row inserts, which the enum lacks, and for
/// what every request or order asks: through the enum diesel writes a statement's text anew at each use, also where the
/// prepared one is at hand.
///
/// `on_each!(tx.db, conn => diesel::insert_into(…).values(…).on_conflict_do_nothing().execute(conn))?`
#[macro_export]
macro_rules! on_each {
    ($db:expr, $conn:ident => $work:expr) => {
        match $db {
            $crate::Db::Sqlite($conn) => $work,
            $crate::Db::Pg($conn) => $work,
        }
    };
}

/// Inserts rows, all of one shape, on a concrete connection: a few in arrays of a fixed length, whose statements stay
/// prepared; many together, `$rows_max` at once. An insert of a list is another statement for each number of rows, and is
/// compiled at every use: on PostgreSQL that is one more way to the server and back, and a plan. The rows own their values,
/// which diesel asks of what it keeps.
///
/// `on_each!(tx.db, conn => insert_all!(conn, order_line::table, rows, ROWS_MAX))?`
#[macro_export]
macro_rules! insert_all {
    ($conn:ident, $table:expr, $rows:expr, $rows_max:expr) => {
        (|| -> diesel::QueryResult<()> {
            let mut left = &$rows[..];
            if left.len() > $crate::FEW {
                for rows in left.chunks($rows_max) {
                    diesel::RunQueryDsl::execute(diesel::insert_into($table).values(rows), $conn)?;
                }
                return Ok(());
            }
            // Eight are four and four.
            while let Some((rows, rest)) = left.split_first_chunk::<4>() {
                diesel::RunQueryDsl::execute(diesel::insert_into($table).values(rows), $conn)?;
                left = rest;
            }
            $crate::insert_all!(@rest $conn, $table, left, 3);
            $crate::insert_all!(@rest $conn, $table, left, 2);
            $crate::insert_all!(@rest $conn, $table, left, 1);
            Ok(())
        })()
    };
    (@rest $conn:ident, $table:expr, $left:ident, $count:literal) => {
        if let Some((rows, [])) = $left.split_first_chunk::<$count>() {
            diesel::RunQueryDsl::execute(diesel::insert_into($table).values(rows), $conn)?;
        }
    };
}

/// So many rows or values are quicker taken by statements that stay prepared.
pub const FEW: usize = 8;

impl Db {
    /// Whether so many values are better asked for one by one than as a list. SQLite knows no arrays: a list is another
    /// statement for each length, compiled at every use, and there is no network between the single ones. PostgreSQL
    /// plans a statement with an array at each use, for it takes an array it does not know to have ten values; one with
    /// a single value keeps its plan.
    pub fn asks_one_by_one(&self, count: usize) -> bool {
        match self {
            Db::Sqlite(_) => count <= FEW,
            Db::Pg(_) => count == 1,
        }
    }

    /// The values as a list, with the last one repeated where PostgreSQL would plan for fewer: a plan made for three
    /// counts as cheaper than the general one, is made anew at each use, and costs many times what it saves.
    pub fn as_planned<T: Copy>(&self, mut values: Vec<T>) -> Vec<T> {
        if let (Db::Pg(_), Some(last)) = (self, values.last().copied()) {
            values.resize(values.len().max(PLANNED_FOR), last);
        }
        values
    }
}

/// A list of so many values is what PostgreSQL's general plan is made for.
const PLANNED_FOR: usize = 10;

/// Loads the rows of a query whose column has one of the values; a few are asked for one by one
/// ([`Db::asks_one_by_one`]). The query's own order holds for the rows of one value only.
///
/// `load_each!(scope.db(), query, product::id, products => Row)?`
#[macro_export]
macro_rules! load_each {
    ($db:expr, $query:expr, $column:expr, $values:expr => $row:ty) => {
        (|| -> diesel::QueryResult<Vec<$row>> {
            let (db, query, values) = ($db, $query, $values);
            if !db.asks_one_by_one(values.len()) {
                let values = db.as_planned(values.into_iter().collect());
                return $crate::on_each!(db, c => diesel::RunQueryDsl::load(query.filter($column.eq_any(values)), c));
            }
            let mut rows: Vec<$row> = Vec::new();
            for value in values {
                rows.extend($crate::on_each!(&mut *db, c => diesel::RunQueryDsl::load::<$row>(query.filter($column.eq(value)), c))?);
            }
            Ok(rows)
        })()
    };
}

/// Lets two tables of different crates stand in one query; diesel's own macro adds impls that the orphan rule forbids.
///
/// `joinable!` knows no composite keys: join with `.on(a::person.eq(b::person).and(a::order_id.eq(b::id)))`.
#[macro_export]
macro_rules! meet {
    ($here:ident, $there:ident) => {
        impl diesel::query_source::TableNotEqual<$there::table> for $here::table {}
        impl diesel::query_source::TableNotEqual<$here::table> for $there::table {}
    };
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// Where the database is: a file, or a `postgres://` URL.
#[derive(Clone, PartialEq, Eq)]
pub enum Address {
    Sqlite(PathBuf),
    Postgres(String),
}

impl Address {
    pub fn engine(&self) -> Engine {
        match self {
            Address::Sqlite(_) => Engine::Sqlite,
            Address::Postgres(_) => Engine::Postgres,
        }
    }
}

impl FromStr for Address {
    type Err = std::convert::Infallible;
    fn from_str(text: &str) -> Result<Address, Self::Err> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Address::Postgres(text.to_owned()));
        }
        Ok(Address::Sqlite(PathBuf::from(text.strip_prefix("sqlite://").unwrap_or(text))))
    }
}

/// Without the URL, which may hold a password.
impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Sqlite(path) => write!(f, "SQLite {}", path.display()),
            Address::Postgres(_) => f.write_str("PostgreSQL"),
        }
    }
}

/// What a connection is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Write,
    /// Whole pages, in a snapshot.
    Read,
    /// Reads by keys, each statement by itself.
    Look,
    /// Migrations: neither watched nor limited in time.
    Migrate,
}

/// So long after its last work a PostgreSQL connection keeps the transaction that it began with the end of the one before.
/// Nothing is read in it, so the server holds nothing for it; it only is not to stand among those that are idle in one.
pub(crate) const IDLE_AFTER: Duration = Duration::from_millis(50);

/// A connection whose failed statements are noticed even where a command swallows the error.
pub(crate) struct Link {
    pub db: Db,
    pub watch: Watch,
}

impl Link {
    /// SQLite only.
    pub fn begin_savepoint(&mut self) -> QueryResult<()> {
        self.watch.clear();
        match &mut self.db {
            Db::Sqlite(conn) => kept!["savepoint command"].execute(conn).map(|_| ()),
            Db::Pg(_) => Ok(()),
        }
    }

    /// SQLite only: what was written since the savepoint stands with the rest.
    pub fn release_savepoint(&mut self) -> QueryResult<()> {
        self.watch.clear();
        match &mut self.db {
            Db::Sqlite(conn) => kept!["release command"].execute(conn).map(|_| ()),
            Db::Pg(_) => Ok(()),
        }
    }

    pub fn run(&mut self, sql: &str) -> QueryResult<()> {
        self.watch.clear();
        self.db.batch_execute(sql)
    }
}

/// Remembers the first failed statement and unwinds at the next one: after a fault SQLite may have rolled its
/// transaction back, so that what follows would commit by itself.
#[derive(Clone, Default)]
pub(crate) struct Watch(Arc<Watched>);

#[derive(Default)]
struct Watched {
    failed: AtomicBool,
    first: Mutex<Option<Noticed>>,
}

/// What a watched connection unwinds with. No panic hook hears of it.
pub(crate) enum Unwound {
    StatementAfterFault,
    NestedTransaction,
}

/// The first failure that a [`Watch`] saw.
#[derive(Clone)]
pub(crate) struct Noticed {
    pub told: String,
    pub kind: Kind,
}

impl Watch {
    pub fn clear(&self) {
        self.0.failed.store(false, Ordering::Relaxed);
    }

    pub fn noticed(&self) -> Option<Noticed> {
        match self.0.failed.load(Ordering::Relaxed) {
            true => self.0.first.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            false => None,
        }
    }

    fn hear(&self, event: InstrumentationEvent<'_>) {
        match event {
            InstrumentationEvent::StartQuery { .. } if self.0.failed.load(Ordering::Relaxed) => {
                std::panic::resume_unwind(Box::new(Unwound::StatementAfterFault))
            }
            InstrumentationEvent::BeginTransaction { .. } => {
                std::panic::resume_unwind(Box::new(Unwound::NestedTransaction))
            }
            InstrumentationEvent::FinishQuery { error: Some(error), .. } if !self.0.failed.load(Ordering::Relaxed) => {
                let noticed = Noticed { told: told_without_values(error), kind: kind_of(error) };
                *self.0.first.lock().unwrap_or_else(PoisonError::into_inner) = Some(noticed);
                self.0.failed.store(true, Ordering::Relaxed);
            }
            _ => {}
        }
    }
}

/// Opens a connection and sets it up; the error is a sentence without the address.
pub(crate) fn connect(address: &Address, purpose: Purpose) -> Result<Link, String> {
    let mut db = match address {
        Address::Sqlite(path) => {
            let path = path.to_str().ok_or("the path of the database is not UTF-8")?;
            Db::Sqlite(SqliteConnection::establish(path).map_err(|error| format!("SQLite does not open: {error}"))?)
        }
        Address::Postgres(url) => {
            let connected = PgConnection::establish(&with_limits(url));
            Db::Pg(connected.map_err(|error| format!("PostgreSQL does not answer: {error}"))?)
        }
    };
    set_up(&mut db, purpose).map_err(|error| format!("the connection cannot be set up: {error}"))?;
    let watch = Watch::default();
    if purpose != Purpose::Migrate {
        let heard = watch.clone();
        db.set_instrumentation(move |event: InstrumentationEvent<'_>| heard.hear(event));
    }
    Ok(Link { db, watch })
}

/// libpq waits for a silent server as long as the system does, some minutes; what the operator's URL says goes first.
fn with_limits(url: &str) -> String {
    let mut url = url.to_owned();
    for (setting, value) in [("connect_timeout", "5"), ("tcp_user_timeout", "30000")] {
        if !url.contains(setting) {
            let mark = if url.contains('?') { '&' } else { '?' };
            url.push_str(&format!("{mark}{setting}={value}"));
        }
    }
    url
}

fn set_up(db: &mut Db, purpose: Purpose) -> QueryResult<()> {
    if let Db::Sqlite(_) = db {
        // First of all, so that the change to WAL waits for another process instead of failing.
        db.batch_execute("pragma busy_timeout = 10000")?;
        // secure_delete: what is erased is overwritten. temp_store: sorted rows never reach a file of their own.
        // journal_size_limit: a log that a reader once made long does not keep its old pages for good.
        db.batch_execute(
            "pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on; \
             pragma secure_delete = on; pragma temp_store = memory; pragma journal_size_limit = 67108864; \
             pragma trusted_schema = off",
        )?;
        // The writer's pages stay its own between transactions; what a reader has not kept, the system has.
        db.batch_execute(match purpose {
            Purpose::Read | Purpose::Look => "pragma query_only = on; pragma cache_size = -4096",
            _ => "pragma cache_size = -16384",
        })?;
        return Ok(());
    }
    db.batch_execute("set timezone to 'UTC'; set application_name to 'hanse'; set client_min_messages to warning")?;
    // A connection keeps the plans it made, also those of a morning when a table was empty and reading the whole of it
    // was the cheapest: so an index is taken wherever there is one. Where there is none, that a table must be read would
    // count as so dear that the server compiled the plan to machine code, for longer than it runs.
    db.batch_execute("set enable_seqscan to off; set jit to off")?;
    if matches!(purpose, Purpose::Write | Purpose::Look) {
        // What commands and looks ask goes by keys: the general plan is the right one. Left to itself the server plans a
        // statement with a list of values anew at each use. Reads of whole pages are left to it: the general plan of a
        // seller's list of orders, made for what shops have on average, reads a hundred thousand of one that has as many.
        db.batch_execute("set plan_cache_mode to force_generic_plan")?;
    }
    set_language(db)?;
    if matches!(purpose, Purpose::Read | Purpose::Look) {
        db.batch_execute("set default_transaction_read_only to on")?;
    }
    if purpose != Purpose::Migrate {
        // A statement that runs longer was written wrongly: long work goes in chunks.
        db.batch_execute("set statement_timeout to '60s'; set idle_in_transaction_session_timeout to '120s'")?;
    }
    Ok(())
}

#[derive(QueryableByName)]
struct Setting {
    #[diesel(sql_type = diesel::sql_types::Text)]
    lc_messages: String,
}

/// Diesel shows a deadlock only by its text, so the messages must be English. Setting them takes a superuser or a
/// granted right; without it an English server is good enough.
fn set_language(db: &mut Db) -> QueryResult<()> {
    let Err(refused) = db.batch_execute("set lc_messages to 'C'") else {
        return Ok(());
    };
    let setting =
        diesel::sql_query("select current_setting('lc_messages') as lc_messages").get_result::<Setting>(db)?;
    let english = ["C", "POSIX", "en"].iter().any(|start| setting.lc_messages.starts_with(start));
    if english { Ok(()) } else { Err(refused) }
}
