//! A whole marketplace for one test: the binary on a free port, its sandbox partners as a process of their own, and a
//! client (`browser`) that sends the forms which it finds on a page (`form`).

// Each test of the whole system is a program of its own and uses its part of this.
#![allow(dead_code)]

mod browser;
mod form;

#[allow(unused_imports)]
pub use browser::{Browser, asked, token};
#[allow(unused_imports)]
pub use form::{Field, Form, forms};

use db::testing::{OwnServer, Setup, TestDatabase};
use db::{Address, Db, Engine};
use diesel::connection::SimpleConnection;
use diesel::sql_types::BigInt;
use diesel::{Connection, RunQueryDsl};
use regex_lite::Regex;
use std::cell::{Cell, RefCell};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

pub struct Market {
    child: RefCell<Child>,
    port: u16,
    pub base: String,
    pub sandbox: String,
    pub folder: tempfile::TempDir,
    databases: Vec<TestDatabase>,
    /// How far the time was moved on, in microseconds.
    moved: Cell<i64>,
}

/// Where a marketplace logs whose log is looked at.
const LOG: &str = "hanse.log";

pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("its address").port()
}

fn url_of(database: &TestDatabase) -> String {
    match &database.address {
        Address::Postgres(url) => url.clone(),
        Address::Sqlite(path) => path.display().to_string(),
    }
}

/// SQLite's lie in the marketplace's folder.
fn databases(engine: Engine) -> Vec<TestDatabase> {
    match engine {
        Engine::Sqlite => Vec::new(),
        Engine::Postgres => [(); 2].map(|()| TestDatabase::open(engine, Setup::NOTHING)).into(),
    }
}

impl Market {
    /// Opens a marketplace with the demo's goods on `engine` and waits until it answers.
    pub fn open(engine: Engine) -> Market {
        Market::begin(databases(engine), tempfile::tempdir().expect("a folder"), free_port(), None)
    }

    /// As `open`, and what it logs, down to every detail, goes into the file [`Market::log`].
    pub fn logging(engine: Engine) -> Market {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join(LOG), "").expect("a log");
        Market::begin(databases(engine), folder, free_port(), None)
    }

    /// What was logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join(LOG)).expect("a log")
    }

    /// As `open`, with this in its `hanse.toml`.
    pub fn configured(engine: Engine, configuration: &str) -> Market {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("hanse.toml"), configuration).expect("hanse.toml");
        Market::begin(databases(engine), folder, free_port(), None)
    }

    /// A marketplace whose `hanse.toml` names these partners, which live on when it is killed.
    pub fn with(engine: Engine, partners: &Partners) -> Market {
        Market::within(engine, partners, tempfile::tempdir().expect("a folder"))
    }

    /// As `with`, in a folder of the test's own.
    pub fn within(engine: Engine, partners: &Partners, folder: tempfile::TempDir) -> Market {
        Market::on(databases(engine), partners, folder)
    }

    /// As `within`, on a PostgreSQL of the test's own.
    pub fn on_server(server: &OwnServer, partners: &Partners, folder: tempfile::TempDir) -> Market {
        Market::on([(); 2].map(|()| TestDatabase::on(server, Setup::NOTHING)).into(), partners, folder)
    }

    fn on(databases: Vec<TestDatabase>, partners: &Partners, folder: tempfile::TempDir) -> Market {
        std::fs::write(folder.path().join("hanse.toml"), partners.configuration()).expect("hanse.toml");
        Market::begin(databases, folder, free_port(), Some(partners.base.clone()))
    }

    fn begin(databases: Vec<TestDatabase>, folder: tempfile::TempDir, port: u16, elsewhere: Option<String>) -> Market {
        let sandbox = elsewhere.unwrap_or_else(|| format!("http://127.0.0.1:{}", free_port()));
        let child = RefCell::new(start(folder.path(), port, &sandbox, &databases));
        Market {
            child,
            port,
            base: format!("http://localhost:{port}"),
            sandbox,
            folder,
            databases,
            moved: Cell::new(0),
        }
    }

    /// Stops the marketplace and opens it again on the same data and the same port.
    pub fn restart(&self) {
        stop(&mut self.child.borrow_mut());
        self.opens_again();
    }

    /// SIGKILL: nothing is closed, nobody is told.
    pub fn is_killed(&self) {
        let mut child = self.child.borrow_mut();
        child.kill().expect("it is killed");
        child.wait().expect("it is gone");
    }

    /// Opens it on the same data and the same port, after it was killed or stopped.
    pub fn opens_again(&self) {
        *self.child.borrow_mut() = start(self.folder.path(), self.port, &self.sandbox, &self.databases);
    }

    /// One more process of this marketplace, on PostgreSQL, in the same folder of files.
    pub fn beside(&self) -> Beside {
        let port = free_port();
        let child = start(self.folder.path(), port, &self.sandbox, &self.databases);
        Beside { child, base: format!("http://localhost:{port}") }
    }

    /// The configuration of these data, for calls of the library beside the open marketplace.
    pub fn config(&self) -> hanse::config::Config {
        let mut config = hanse::config::Config::default();
        let at = |name: &str| self.folder.path().join(name);
        config.database.files = at("hanse-data");
        config.database.epoch_keys = at("hanse-keys");
        match &self.databases[..] {
            [data, keys] => (config.database.data, config.database.keys) = (url_of(data), url_of(keys)),
            _ => {
                config.database.data = at("hanse-data").display().to_string();
                config.database.keys = at("hanse-keys").display().to_string();
            }
        }
        config
    }

    /// Stops the marketplace and starts it with `more` in its `hanse.toml`: what it says when it refuses to open.
    pub fn refuses_with(self, more: &str) -> String {
        stop(&mut self.child.borrow_mut());
        let file = self.folder.path().join("hanse.toml");
        let config = std::fs::read_to_string(&file).unwrap_or_default();
        std::fs::write(&file, format!("{config}{more}")).expect("hanse.toml");
        let mut command = Command::new(env!("CARGO_BIN_EXE_hanse"));
        let output =
            command.current_dir(self.folder.path()).env("HANSE_LOG", "warn").output().expect("the binary starts");
        assert!(!output.status.success(), "it opened");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    /// `hanse` with these words, beside the open marketplace and on its data; what it says.
    pub fn command(&self, words: &[&str]) -> String {
        let output = self.called(words).output().expect("the binary starts");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{words:?}: {said}{}", String::from_utf8_lossy(&output.stderr));
        said
    }

    /// The same, with a line that it reads.
    pub fn command_with(&self, words: &[&str], line: &str) {
        let mut child =
            self.called(words).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("the binary starts");
        writeln!(child.stdin.take().expect("its input"), "{line}").expect("it reads");
        assert!(child.wait().expect("it ends").success(), "{words:?}");
    }

    /// The same, and nothing if it refuses.
    pub fn command_or_not(&self, words: &[&str]) -> Option<String> {
        let output = self.called(words).output().expect("the binary starts");
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// The same, killed (SIGKILL) as soon as it says `sign` in the midst of its work; whether it came to that.
    pub fn command_killed_at(&self, words: &[&str], sign: &str) -> bool {
        let mut child =
            self.called(words).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the binary starts");
        let said = BufReader::new(child.stderr.take().expect("a pipe"));
        let killed = said.lines().map_while(Result::ok).any(|line| line.contains(sign)) && child.kill().is_ok();
        let ended = child.wait().expect("it was started");
        assert!(ended.code().is_none() || ended.success(), "{words:?}: {ended}");
        killed && ended.code().is_none()
    }

    /// The same, killed as soon as `holds`; whether it came to that.
    pub fn command_killed_when(&self, words: &[&str], holds: impl Fn() -> bool) -> bool {
        let mut child =
            self.called(words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the binary starts");
        while child.try_wait().expect("it was started").is_none() {
            if holds() {
                child.kill().expect("it can be killed");
                return child.wait().expect("it was started").code().is_none();
            }
            // Not a wait for something to be over: the kill must fall into the work.
            std::thread::yield_now();
        }
        false
    }

    fn called(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hanse"));
        command.current_dir(self.folder.path()).env("HANSE_LOG", "warn").args(words);
        if let [data, keys] = &self.databases[..] {
            command.args(["--database", &url_of(data), "--keys", &url_of(keys)]);
        }
        command
    }

    /// The most memory that the process has held so far.
    pub fn memory_peak_kib(&self) -> u64 {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", self.child.borrow().id())).expect("Linux tells");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        peak.and_then(|kib| kib.trim().trim_end_matches(" kB").parse().ok()).expect("a number")
    }

    /// The newest code that the sandbox's telephone got.
    pub fn code_for(&self, phone: &str) -> String {
        wait_until("a text message with a code", || self.code_at(phone))
    }

    /// The same, if there is one.
    pub fn code_at(&self, phone: &str) -> Option<String> {
        let said = self.ask(&format!("{}/sms/messages?phone=%2B86{phone}", self.sandbox));
        let digits = Regex::new(r"\b(\d{6})\b").expect("a pattern");
        digits.captures(&said).map(|found| found[1].to_owned())
    }

    pub fn ask(&self, url: &str) -> String {
        agent().get(url).call().and_then(|mut answer| answer.body_mut().read_to_string()).unwrap_or_default()
    }

    /// What cannot come to be in a test's time is written into the marketplace's data by hand.
    pub fn has(&self, sql: &str) {
        self.data().batch_execute(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// A connection of our own to the marketplace's data.
    fn data(&self) -> Db {
        let there = "the marketplace's database";
        if let Some(data) = self.databases.first() {
            return Db::Pg(diesel::PgConnection::establish(&url_of(data)).expect(there));
        }
        let file = self.folder.path().join("hanse-data/hanse.sqlite").display().to_string();
        let mut data = diesel::SqliteConnection::establish(&file).expect(there);
        data.batch_execute("pragma busy_timeout = 20000").expect("it waits for its turn");
        Db::Sqlite(data)
    }

    /// How many of the marketplace's jobs run, or are due by its clock.
    fn jobs_due(&self) -> i64 {
        let real = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_micros();
        let now = i64::try_from(real).expect("within an age") + self.moved.get();
        let due =
            format!("(select count(*) from job where state = 'running' or state = 'waiting' and due_at <= {now})");
        let counted = diesel::select(diesel::dsl::sql::<BigInt>(&due)).get_result(&mut self.data());
        counted.unwrap_or_else(|error| panic!("the jobs are not counted: {error}"))
    }

    /// Moves the time of the marketplace and of its partners on.
    pub fn clock_moves(&self, by: Duration) {
        let micros = i64::try_from(by.as_micros()).expect("less than an age");
        match self.databases.first() {
            Some(data) => data.db.move_clock(micros).expect("the clock moves"),
            None => self.has(&format!("update clock_offset set micros = micros + {micros} where name = 'offset'")),
        }
        self.moved.set(self.moved.get() + micros);
        let sent = agent()
            .post(format!("{}/admin/clock", self.sandbox))
            .send_json_text(&format!("{{\"offset_micros\":{}}}", self.moved.get()));
        assert!(sent, "the partners' clock moves");
    }

    /// The marketplace's time, in seconds since 1970.
    pub fn now(&self) -> u64 {
        let real = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
        real.as_secs() + u64::try_from(self.moved.get()).expect("time is moved on") / 1_000_000
    }

    /// A fault of a partner, as its sandbox takes it; with a `count` of 0 it is taken back.
    pub fn partner_fails(&self, fault: &serde_json::Value) {
        let sent = agent().post(format!("{}/admin/faults", self.sandbox)).send_json_text(&fault.to_string());
        assert!(sent, "the sandbox does not know {fault}");
    }

    /// What the sandbox has still to tell.
    pub fn untold(&self) -> Untold {
        let said = self.ask(&format!("{}/admin/pushes", self.sandbox));
        let said: serde_json::Value = serde_json::from_str(&said).expect("what is still to be told");
        let number = |name: &str| said[name].as_u64().expect("a number");
        Untold { now: number("now"), later: number("later"), line: number("line") }
    }

    /// Has the sandbox tell at once what waits there for a later time.
    pub fn partners_tell(&self) {
        let sent = agent().post(format!("{}/admin/pushes", self.sandbox)).send_json_text("{}");
        assert!(sent, "the sandbox tells");
    }

    /// What is untold where nothing is under way that could change anything before time goes on: no job runs or is due, the
    /// sandbox has nothing to tell now, and the two have not spoken to each other while this was looked at. The followers of
    /// events, search and webhooks, are not asked.
    pub fn at_rest(&self) -> Option<Untold> {
        let before = self.untold();
        (before.now == 0 && self.jobs_due() == 0 && self.untold() == before).then_some(before)
    }

    /// Moves every parcel one step forward, as the couriers' page of the sandbox does.
    pub fn parcels_move(&self) {
        let sent = agent().post(format!("{}/logistics/admin/advance", self.sandbox)).send_json_text("{}");
        assert!(sent, "the sandbox moves its parcels");
    }
}

impl Drop for Market {
    fn drop(&mut self) {
        stop(self.child.get_mut());
    }
}

/// How far the sandbox is with what it tells the marketplace unasked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Untold {
    /// Due, or on its way and not answered.
    pub now: u64,
    /// Waits for a later time.
    pub later: u64,
    /// The last line of the sandbox's book, which has a line for whatever it is asked, tells or is answered.
    line: u64,
}

/// Another process on the same data.
pub struct Beside {
    child: Child,
    pub base: String,
}

impl Beside {
    pub fn is_killed(&mut self) {
        self.child.kill().expect("it is killed");
        self.child.wait().expect("it is gone");
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        stop(&mut self.child);
    }
}

/// Starts the binary and waits until it says that it is open.
fn start(folder: &Path, port: u16, sandbox: &str, databases: &[TestDatabase]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hanse"));
    command
        .current_dir(folder)
        .env("HANSE_LISTEN", format!("127.0.0.1:{port}"))
        .env("HANSE_SANDBOX_LISTEN", sandbox.trim_start_matches("http://"))
        .env("HANSE_LOG", "warn")
        .stdout(Stdio::piped());
    if let [data, keys] = databases {
        command.args(["--database", &url_of(data), "--keys", &url_of(keys)]);
    }
    if let Ok(log) = std::fs::File::options().append(true).open(folder.join(LOG)) {
        command.env("HANSE_LOG", "debug").stderr(log);
    }
    let mut child = command.spawn().expect("the binary starts");
    let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    let (told, hear) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            if line.contains("is open at") {
                let _gone = told.send(());
            }
        }
    });
    hear.recv_timeout(Duration::from_secs(240)).expect("the marketplace opens within four minutes");
    child
}

/// Asked to stop, it stops its sandbox too; a killed one takes its sandbox with it by `kill_on_drop` only.
fn stop(child: &mut Child) {
    let asked = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    if asked.is_err() || wait_some(child).is_none() {
        let _gone = child.kill();
    }
    let _reaped = child.wait();
}

/// A sandbox that runs by itself, as real partners do, with its keys in files.
pub struct Partners {
    child: Child,
    pub base: String,
    folder: tempfile::TempDir,
    /// How long a marketplace waits for their answer; `None`: as long as it does by itself.
    patience: Option<Duration>,
}

impl Partners {
    pub fn start() -> Partners {
        let folder = tempfile::tempdir().expect("a folder");
        let address = format!("127.0.0.1:{}", free_port());
        let mut command = Command::new(env!("CARGO_BIN_EXE_hanse"));
        command.args(["sandbox", "--listen", &address, "--directory"]).arg(folder.path()).env("HANSE_LOG", "warn");
        let child = command.spawn().expect("the sandbox starts");
        wait_until("the sandbox", || std::net::TcpStream::connect(&address).ok());
        Partners { child, base: format!("http://{address}"), folder, patience: None }
    }

    /// The marketplaces of a test that is about late answers give up on one after so long.
    pub fn answer_within(mut self, patience: Duration) -> Partners {
        self.patience = Some(patience);
        self
    }

    /// The part of a `hanse.toml` that names these partners.
    fn configuration(&self) -> String {
        let keys = self.folder.path().join("keys");
        let facts = |name: &str| {
            format!(
                "name = \"{name}\"\nlegal_entity = \"Elsewhere {name} Ltd\"\ncontact = \"privacy@elsewhere.example\"\n\
                 place = \"China\"\nagreement = \"A-1\"\nassessed = \"2020-01-01\"\nnext_assessment = \"2199-01-01\"\n"
            )
        };
        let file = |key: &str, name: &str| format!("{key} = \"{}\"\n", keys.join(name).display());
        let base = &self.base;
        let patience = self.patience.map(|long| format!("[partners]\nanswer_within_seconds = {}\n", long.as_secs()));
        [
            patience.unwrap_or_default(),
            format!("[partners.payment]\ngateway = \"{base}/alipay/gateway.do\"\n"),
            "app_id = \"2021000000000001\"\nseller_id = \"2088000000000001\"\n".to_owned(),
            file("private_key", "merchant-private.pem"),
            file("platform_public_key", "alipay-public.pem"),
            facts("Payments"),
            format!("[partners.logistics]\ngateway = \"{base}/logistics\"\naccount = \"hanse\"\n"),
            file("secret_file", "logistics-secret.txt"),
            file("push_secret_file", "logistics-push-secret.txt"),
            facts("Couriers"),
            format!("[partners.sms]\ngateway = \"{base}/sms\"\naccount = \"hanse\"\n"),
            file("secret_file", "sms-secret.txt"),
            facts("Texts"),
        ]
        .concat()
    }
}

impl Drop for Partners {
    fn drop(&mut self) {
        stop(&mut self.child);
    }
}

fn wait_some(child: &mut Child) -> Option<()> {
    let until = Instant::now() + Duration::from_secs(15);
    while Instant::now() < until {
        if matches!(child.try_wait(), Ok(Some(_))) {
            return Some(());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    None
}

/// The log-in of the demo's owner of the shop with this name: shops are numbered in the order of the catalogue's files.
pub fn owner_of(shop: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../demo/catalogue");
    let mut files: Vec<_> = std::fs::read_dir(folder).expect("the demo").map(|f| f.expect("a file").path()).collect();
    files.sort();
    let names: Vec<serde_json::Value> = files
        .iter()
        .filter(|file| file.extension().is_some_and(|e| e == "json"))
        .flat_map(|file| {
            let text = std::fs::read_to_string(file).expect("a catalogue");
            let all: serde_json::Value = serde_json::from_str(&text).expect("JSON");
            all["shops"].as_array().cloned().unwrap_or_default()
        })
        .map(|shop| shop["name"].clone())
        .collect();
    let at = names.iter().position(|name| name["en"] == shop || name["zh"] == shop);
    format!("demo_seller_{}", at.unwrap_or_else(|| panic!("no shop {shop}")) + 1)
}

/// Asks again until there is an answer, for at most half a minute: what the marketplace does by itself takes moments.
pub fn wait_until<T>(what: &str, ask: impl FnMut() -> Option<T>) -> T {
    wait_at_most(Duration::from_secs(30), ask).unwrap_or_else(|| panic!("waited in vain for {what}"))
}

/// The same, for at most so long.
pub fn wait_at_most<T>(long: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let until = Instant::now() + long;
    loop {
        if let Some(found) = ask() {
            return Some(found);
        }
        if Instant::now() >= until {
            return None;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Follows nothing, takes every answer, and asks by any method.
pub fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .max_redirects(0)
        .http_status_as_error(false)
        .allow_non_standard_methods(true)
        .timeout_global(Some(Duration::from_secs(30)))
        .build()
        .into()
}

trait SendText {
    fn send_json_text(self, text: &str) -> bool;
}

impl SendText for ureq::RequestBuilder<ureq::typestate::WithBody> {
    fn send_json_text(self, text: &str) -> bool {
        self.header("content-type", "application/json").send(text).is_ok_and(|a| a.status().is_success())
    }
}
