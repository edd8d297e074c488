//! Databases for tests, on both engines. Feature `testing`; never in a release.
//!
//! PostgreSQL is the server at `HANSE_TEST_POSTGRES` (a URL whose user may create databases), or else a private one:
//! started by the first test process that needs it, shared by those that run beside it, and stopped by a watchdog a few
//! seconds after the last of them has ended, however it ended.

use std::fs::{self, File};
use std::io;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use crate::{Address, Database, Engine, Guard, Id, Migrations, Options};

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
        let folder = tempfile::Builder::new().prefix("hanse-test-").tempdir().expect("a folder for the test");
        let path = folder.path().to_owned();
        let (address, dropped) = match engine {
            Engine::Sqlite => {
                let address = Address::Sqlite(path.join("hanse.sqlite"));
                (address, Dropped { _folder: folder, postgres: String::new() })
            }
            Engine::Postgres => {
                let name = format!("hanse_test_{}", Id::fresh().as_str().replace('-', ""));
                on_server(&format!("create database {name}"));
                let address = Address::Postgres(in_database(server_url(), &name));
                (address, Dropped { _folder: folder, postgres: name })
            }
        };
        let db = Database::open(options(&address, &path, setup)).unwrap_or_else(|error| panic!("{error}"));
        TestDatabase { db, engine, address, folder: path, setup, _dropped: dropped }
    }

    /// Options to open the same database once more, as another process would.
    pub fn options(&self) -> Options {
        options(&self.address, &self.folder, self.setup)
    }

    /// A second handle with threads of its own.
    pub fn again(&self) -> Database {
        Database::open(self.options()).unwrap_or_else(|error| panic!("{error}"))
    }
}

fn options(address: &Address, folder: &Path, setup: Setup) -> Options {
    let mut options = Options::new(address.clone(), folder.join("blobs"));
    options.migrations = (setup.migrations)();
    options.writer_threads = 4;
    options.reader_threads = 2;
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
    /// The name of its database, or empty.
    postgres: String,
}

impl Drop for Dropped {
    fn drop(&mut self) {
        if !self.postgres.is_empty() && !std::thread::panicking() {
            on_server(&format!("drop database if exists {} with (force)", self.postgres));
        }
    }
}

/// Runs a statement on the server, outside any test's database.
fn on_server(sql: &str) {
    static LINE: Mutex<Option<PgConnection>> = Mutex::new(None);
    let mut line = LINE.lock().unwrap_or_else(PoisonError::into_inner);
    let connection = line.get_or_insert_with(|| {
        PgConnection::establish(server_url()).unwrap_or_else(|error| panic!("the test PostgreSQL: {error}"))
    });
    connection.batch_execute(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
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
struct Private {
    folder: PathBuf,
    bin: PathBuf,
    /// The user that the server runs as; PostgreSQL refuses root.
    user: String,
}

fn private_server() -> io::Result<String> {
    let me = command_output("id", &["-un"])?;
    let private = Private {
        folder: std::env::temp_dir().join(format!("hanse-test-postgres-{me}")),
        bin: newest_postgres()?,
        user: if me == "root" { server_user()? } else { me },
    };
    fs::create_dir_all(&private.folder)?;
    let starting = File::create(private.folder.join("starting.lock"))?;
    starting.lock()?;
    // Held, and never written, until this process ends; the watchdog waits for it.
    let using = File::create(private.folder.join("using.lock"))?;
    using.lock_shared()?;
    static USING: OnceLock<File> = OnceLock::new();
    let _first = USING.set(using);
    let url_file = private.folder.join("url");
    if let Ok(url) = fs::read_to_string(&url_file)
        && PgConnection::establish(&url).is_ok()
    {
        return Ok(url);
    }
    let url = private.start()?;
    fs::write(&url_file, &url)?;
    private.watch()?;
    Ok(url)
}

impl Private {
    fn start(&self) -> io::Result<String> {
        let cluster = self.folder.join("cluster");
        if cluster.exists() {
            fs::remove_dir_all(&cluster)?;
        }
        fs::create_dir(&cluster)?;
        let cluster = text_of(&cluster)?;
        self.run("chown", &[&self.user, &cluster], false)?;
        self.run(
            "initdb",
            &[
                "-D",
                &cluster,
                "-U",
                "hanse",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale=C",
                "--no-sync",
                "--no-instructions",
            ],
            true,
        )?;
        let port = free_port()?;
        // A test database lives seconds: nothing need reach the disk.
        let settings = format!(
            "-h 127.0.0.1 -p {port} -k '' -c fsync=off -c full_page_writes=off -c max_connections=500 \
             -c shared_buffers=64MB -c deadlock_timeout=100ms -c max_wal_size=256MB -c autovacuum=off"
        );
        let log = format!("{cluster}/server.log");
        self.run("pg_ctl", &["-D", &cluster, "-l", &log, "-o", &settings, "-w", "-t", "60", "start"], true)?;
        let url = format!("postgres://hanse@127.0.0.1:{port}/postgres");
        let until = Instant::now() + Duration::from_secs(20);
        while let Err(error) = PgConnection::establish(&url) {
            if Instant::now() > until {
                return Err(io::Error::other(error.to_string()));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(url)
    }

    /// A shell that outlives this process: when nobody has used the server for some seconds, it stops it and goes.
    fn watch(&self) -> io::Result<()> {
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
            .args(["sh", "-c", script, "watch", &text_of(&self.folder)?])
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map(|_| ())
    }

    fn run(&self, program: &str, arguments: &[&str], of_postgres: bool) -> io::Result<()> {
        let mut command = if of_postgres {
            let mut command = Command::new("setpriv");
            if command_output("id", &["-un"])? == "root" {
                let group = command_output("id", &["-gn", &self.user])?;
                command.args(["--reuid", &self.user, "--regid", &group, "--clear-groups"]);
            }
            command.arg("--").arg(self.bin.join(program));
            command
        } else {
            Command::new(program)
        };
        // pg_ctl's server inherits these: a pipe would never end.
        let log = self.folder.join("start.log");
        let output = File::create(&log)?;
        command.args(arguments).current_dir("/").stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        if command.status()?.success() {
            return Ok(());
        }
        Err(io::Error::other(format!("{program}: {}", fs::read_to_string(&log).unwrap_or_default())))
    }
}

/// `/usr/lib/postgresql/<version>/bin` of the highest version.
fn newest_postgres() -> io::Result<PathBuf> {
    let missing = || io::Error::other("there is no PostgreSQL here: apt-get install postgresql");
    let installed = fs::read_dir("/usr/lib/postgresql").map_err(|_| missing())?;
    installed
        .filter_map(Result::ok)
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse::<u32>().ok()?, entry.path().join("bin"))))
        .filter(|(_, bin)| bin.join("initdb").exists())
        .max()
        .map(|(_, bin)| bin)
        .ok_or_else(missing)
}

fn server_user() -> io::Result<String> {
    for user in ["postgres", "nobody"] {
        if command_output("id", &["-u", user]).is_ok() {
            return Ok(user.to_owned());
        }
    }
    Err(io::Error::other("there is neither a user postgres nor nobody to run the server as"))
}

fn command_output(program: &str, arguments: &[&str]) -> io::Result<String> {
    let output = Command::new(program).args(arguments).stderr(Stdio::null()).output()?;
    if !output.status.success() {
        return Err(io::Error::other(format!("{program} failed")));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

fn text_of(path: &Path) -> io::Result<String> {
    path.to_str().map(str::to_owned).ok_or_else(|| io::Error::other("the temporary folder is not UTF-8"))
}
