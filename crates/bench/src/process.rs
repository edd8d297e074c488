//! The servers under load, each a process of its own, so that memory and time are counted apart.

use crate::prepare::Market;
use hanse::config::Config;
use serde::Serialize;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

const START_MAX: Duration = Duration::from_secs(300);
const STOP_MAX: Duration = Duration::from_secs(20);

/// A running server; dropping it stops it.
pub struct Server {
    child: Child,
    pub port: u16,
    /// From the start of the process until it says that it is open.
    pub opened_in: Duration,
    /// From the start of the process until a page was answered.
    pub first_page_in: Duration,
}

/// Resident memory in MiB.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Memory {
    pub now: f64,
    pub peak: f64,
}

impl Server {
    /// The marketplace on prepared data; the `hanse` beside this program where no other is named. Its index is built
    /// when it starts for the first time.
    pub fn hanse(binary: Option<&Path>, folder: &Path, config: &Config) -> Result<Server, String> {
        let binary = match binary {
            Some(file) => file.canonicalize().map_err(|error| format!("{}: {error}", file.display()))?,
            None => beside_me("hanse")?,
        };
        let database = &config.database;
        let port = free_port()?;
        let mut command = Command::new(binary);
        command
            .args(["serve", "--no-demo", "--database", &database.data, "--keys", &database.keys])
            .current_dir(folder)
            .env("HANSE_FILES", &database.files)
            .env("HANSE_EPOCH_KEYS", &database.epoch_keys)
            .env("HANSE_LISTEN", format!("127.0.0.1:{port}"))
            .env("HANSE_SANDBOX_LISTEN", format!("127.0.0.1:{}", free_port()?))
            .env("HANSE_LOG", "warn");
        Server::start(command, port)
    }

    /// The bare server, which is this very program.
    pub fn bare(market: &Market) -> Result<Server, String> {
        let port = free_port()?;
        let mut command = Command::new(beside_me("bench")?);
        let cast = market.folder.join("goods.json");
        let json = serde_json::to_vec(&market.goods).map_err(|error| error.to_string())?;
        std::fs::write(&cast, json).map_err(|error| format!("{}: {error}", cast.display()))?;
        command.args(["bare", "--database", &market.bare, "--port", &port.to_string(), "--goods"]).arg(cast);
        command.args(["--connections", &market.config.database.writers.to_string()]);
        Server::start(command, port)
    }

    fn start(mut command: Command, port: u16) -> Result<Server, String> {
        let began = Instant::now();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}", command.get_program().to_string_lossy()))?;
        let output = child.stdout.take();
        let (told, hear) = mpsc::channel();
        std::thread::spawn(move || {
            // Read to the end, for a server that nobody listens to would stop at a full pipe.
            for line in output.into_iter().flat_map(|output| BufReader::new(output).lines().map_while(Result::ok)) {
                if line.contains("is open at") {
                    let _gone = told.send(());
                }
            }
        });
        let mut server = Server { child, port, opened_in: Duration::ZERO, first_page_in: Duration::ZERO };
        if hear.recv_timeout(START_MAX).is_err() {
            return Err(format!("{} does not open", command.get_program().to_string_lossy()));
        }
        server.opened_in = began.elapsed();
        first_page(port).map_err(|error| format!("the first page: {error}"))?;
        server.first_page_in = began.elapsed();
        Ok(server)
    }

    /// The time that the process has had of the processors.
    pub fn cpu(&self) -> Duration {
        // In hundredths of a second on every Linux; the fields begin after the name, which may hold anything.
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap_or_default();
        let after_name = stat.rsplit(')').next().unwrap_or_default();
        let ticks = after_name.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok());
        Duration::from_millis(ticks.sum::<u64>() * 10)
    }

    pub fn memory(&self) -> Memory {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let of = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name));
            let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
            kib.unwrap_or(0.0) / 1_024.0
        };
        Memory { now: of("VmRSS:"), peak: of("VmHWM:") }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Asked to stop, the marketplace stops its sandbox too.
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let until = Instant::now() + STOP_MAX;
        while asked.as_ref().is_ok_and(|status| status.success()) && Instant::now() < until {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// The home page, whole; of the bare server, which has none, its answer.
fn first_page(port: u16) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.write_all(format!("GET /en HTTP/1.1\r\nhost: localhost:{port}\r\nconnection: close\r\n\r\n").as_bytes())?;
    stream.read_to_end(&mut Vec::new()).map(drop)
}

fn beside_me(name: &str) -> Result<PathBuf, String> {
    let me = std::env::current_exe().map_err(|error| error.to_string())?;
    Ok(me.with_file_name(name))
}

fn free_port() -> Result<u16, String> {
    let free = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr());
    free.map(|address| address.port()).map_err(|error| format!("no free port: {error}"))
}
