//! Databases for tests, on both engines. Feature `testing`; never in a release.
//!
//! PostgreSQL is the server at `HANSE_TEST_POSTGRES` (a URL whose user may create databases), or else a private one:
//! started by the first test process that needs it, shared by those that run beside it, and stopped by a watchdog a few
//! seconds after the last of them has ended, however it ended.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use crate::engine::{Purpose, connect};
use crate::{Address, Database, Engine, Guard, Id, Migrations, Options};

mod server;

use server::Cluster;
pub use server::OwnServer;

/// What a test's database needs beyond the foundation.
#[derive(Clone, Copy)]
pub struct Setup {
    pub migrations: fn() -> Vec<Migrations>,
    /// `None`: the one of [`Options::new`].
    pub guard: Option<Guard>,
}

impl Setup {
    pub const NOTHING: Setup = Setup { migrations: Vec::new, guard: None };
}

/// A database of one test, dropped with it.
pub struct TestDatabase {
    pub db: Database,
    pub engine: Engine,
    pub address: Address,
    /// For whatever else the test puts on disk; the blobs lie in `blobs` under it.
    pub folder: PathBuf,
    setup: Setup,
    _dropped: Dropped,
}

impl TestDatabase {
    pub fn open(engine: Engine, setup: Setup) -> TestDatabase {
        match engine {
            Engine::Sqlite => TestDatabase::open_at(None, setup),
            Engine::Postgres => TestDatabase::open_at(Some(server_url()), setup),
        }
    }

    /// On a server of the test's own.
    pub fn on(server: &OwnServer, setup: Setup) -> TestDatabase {
        TestDatabase::open_at(Some(&server.url()), setup)
    }

    fn open_at(server: Option<&str>, setup: Setup) -> TestDatabase {
        let folder = tempfile::Builder::new().prefix("hanse-test-").tempdir().expect("a folder for the test");
        let path = folder.path().to_owned();
        let (address, dropped) = match server {
            None => {
                let address = Address::Sqlite(path.join("hanse.sqlite"));
                (address, Dropped { _folder: folder, postgres: None })
            }
            Some(server) => {
                let name = format!("hanse_test_{}", Id::fresh().as_str().replace('-', ""));
                on_server(server, &format!("create database {name}")).unwrap_or_else(|error| panic!("{error}"));
                let address = Address::Postgres(in_database(server, &name));
                (address, Dropped { _folder: folder, postgres: Some((server.to_owned(), name)) })
            }
        };
        let engine = address.engine();
        let db = Database::open(options(&address, &path, setup)).unwrap_or_else(|error| panic!("{error}"));
        TestDatabase { db, engine, address, folder: path, setup, _dropped: dropped }
    }

    /// Options to open the same database once more, as another process would.
    pub fn options(&self) -> Options {
        options(&self.address, &self.folder, self.setup)
    }

    /// One round of a sequencer of its own, as another process has it; says how many events got a position.
    pub fn place(&self) -> i64 {
        let mut link = connect(&self.address, Purpose::Write).expect("the server answers");
        crate::writer::postgres::round(&mut link).expect("a round").count
    }

    /// A second handle with threads of its own.
    pub fn again(&self) -> Database {
        Database::open(self.options()).unwrap_or_else(|error| panic!("{error}"))
    }
}

/// On PostgreSQL; SQLite has one.
pub const WRITERS: usize = 4;
pub const READERS: usize = 2;

fn options(address: &Address, folder: &Path, setup: Setup) -> Options {
    let mut options = Options::new(address.clone(), folder.join("blobs"));
    options.migrations = (setup.migrations)();
    options.writer_threads = WRITERS;
    options.reader_threads = READERS;
    if let Some(guard) = setup.guard {
        options.guard = guard;
    }
    options
}

/// Runs a test on SQLite and on PostgreSQL, with the foundation's tables only.
pub fn each_engine(test: impl Fn(TestDatabase)) {
    each_engine_with(Setup::NOTHING, test);
}

/// Runs a test on SQLite and on PostgreSQL.
pub fn each_engine_with(setup: Setup, test: impl Fn(TestDatabase)) {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        eprintln!("on {engine:?}:");
        test(TestDatabase::open(engine, setup));
    }
}

/// Fields are dropped in order: this one after the test's own handle.
struct Dropped {
    _folder: tempfile::TempDir,
    /// Server and name of its database.
    postgres: Option<(String, String)>,
}

impl Drop for Dropped {
    fn drop(&mut self) {
        if let Some((server, name)) = &self.postgres
            && !std::thread::panicking()
        {
            // The server may be gone before its databases.
            let _dropped = on_server(server, &format!("drop database if exists {name} with (force)"));
        }
    }
}

/// Runs a statement on the server, outside any test's database.
fn on_server(url: &str, sql: &str) -> Result<(), String> {
    static LINE: Mutex<Option<(String, PgConnection)>> = Mutex::new(None);
    let mut line = LINE.lock().unwrap_or_else(PoisonError::into_inner);
    if line.as_ref().is_none_or(|(of, _)| of != url) {
        let connection = PgConnection::establish(url).map_err(|error| format!("the test PostgreSQL: {error}"))?;
        *line = Some((url.to_owned(), connection));
    }
    match &mut *line {
        Some((_, connection)) => connection.batch_execute(sql).map_err(|error| format!("{sql}: {error}")),
        None => Ok(()),
    }
}

/// The URL of the same server with another database.
fn in_database(url: &str, name: &str) -> String {
    let (before, query) = url.split_once('?').map_or((url, String::new()), |(b, q)| (b, format!("?{q}")));
    let host = before.find("://").map_or(0, |at| at + 3);
    let end = before[host..].find('/').map_or(before.len(), |at| host + at);
    format!("{}/{name}{query}", &before[..end])
}

/// The URL of the PostgreSQL that tests use; starts it if need be.
pub fn server_url() -> &'static str {
    static URL: OnceLock<String> = OnceLock::new();
    URL.get_or_init(|| match std::env::var("HANSE_TEST_POSTGRES") {
        Ok(url) if !url.is_empty() => url,
        _ => private_server().unwrap_or_else(|error| panic!("the private PostgreSQL does not start: {error}")),
    })
}

/// The private server: its folder is shared by all test processes of this user.
fn private_server() -> io::Result<String> {
    let me = server::command_output("id", &["-un"])?;
    let folder = std::env::temp_dir().join(format!("hanse-test-postgres-{me}"));
    fs::create_dir_all(&folder)?;
    let starting = File::create(folder.join("starting.lock"))?;
    starting.lock()?;
    // Held, and never written, until this process ends; the watchdog waits for it.
    let using = File::create(folder.join("using.lock"))?;
    using.lock_shared()?;
    static USING: OnceLock<File> = OnceLock::new();
    let _first = USING.set(using);
    let url_file = folder.join("url");
    if let Ok(url) = fs::read_to_string(&url_file)
        && PgConnection::establish(&url).is_ok()
    {
        return Ok(url);
    }
    let cluster = Cluster::made_in(&folder)?;
    cluster.start()?;
    fs::write(&url_file, cluster.url())?;
    watch(&folder)?;
    Ok(cluster.url())
}

/// A shell that outlives this process: when nobody has used the server for some seconds, it stops it and goes.
fn watch(folder: &Path) -> io::Result<()> {
    let script = r#"
        cd "$1" || exit 1
        free=0
        while :; do
            sleep 1
            if flock -n -x using.lock true; then free=$((free + 1)); else free=0; fi
            [ $free -ge 5 ] || continue
            exec 9>starting.lock
            flock -x 9
            flock -n -x using.lock true && break
            exec 9>&-
            free=0
        done
        rm -f url
        pid=$(head -n 1 cluster/postmaster.pid) && kill -QUIT "$pid"
        while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
        rm -rf cluster
    "#;
    Command::new("setsid")
        .args(["sh", "-c", script, "watch", &server::text_of(folder)?])
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map(|_| ())
}
