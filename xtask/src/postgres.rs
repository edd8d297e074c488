//! One private PostgreSQL for a whole run of the tests or of the bench.

use crate::needs;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

/// A running server; dropping it stops the server and removes its folder.
pub struct Server {
    pub url: String,
    /// The keeper, a shell in a session of its own, reads from here: when this end is gone, however this process ended
    /// (Ctrl-C and SIGKILL included), it stops the server and removes the folder.
    alive: Option<ChildStdin>,
    keeper: Child,
}

/// What a server is started for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum For {
    /// Quick and forgetful: a test's data go with it.
    Tests,
    /// As an operator's: what was answered is on disk.
    Measuring,
}

impl For {
    fn settings(self) -> &'static str {
        match self {
            For::Tests => {
                "-c fsync=off -c full_page_writes=off -c shared_buffers=64MB -c max_wal_size=256MB -c autovacuum=off"
            }
            For::Measuring => "-c fsync=on -c synchronous_commit=on -c shared_buffers=256MB -c max_wal_size=2GB",
        }
    }
}

const KEEPER: &str = r#"
    folder=$1 bin=$2 port=$3 settings=$4; shift 4
    cd / || exit 1
    "$@" "$bin/initdb" -D "$folder/cluster" -U hanse -A trust -E UTF8 --locale=C --no-sync --no-instructions \
        >"$folder/log" 2>&1 </dev/null || { cat "$folder/log" >&2; rm -rf "$folder"; exit 1; }
    "$@" "$bin/postgres" -D "$folder/cluster" -h 127.0.0.1 -p "$port" -k '' \
        $settings -c max_connections=500 -c deadlock_timeout=100ms -c lc_messages=C \
        >>"$folder/log" 2>&1 </dev/null &
    server=$!
    tries=0
    until "$bin/pg_isready" -q -h 127.0.0.1 -p "$port"; do
        tries=$((tries + 1))
        kill -0 $server 2>/dev/null && [ $tries -lt 600 ] || { cat "$folder/log" >&2; break; }
        sleep 0.1
    done
    "$bin/pg_isready" -q -h 127.0.0.1 -p "$port" && echo ready
    exec >/dev/null
    cat >/dev/null
    kill -QUIT $server 2>/dev/null
    wait $server
    rm -rf "$folder"
"#;

/// Starts a server on a free port, as an unprivileged user (PostgreSQL refuses root), in a folder of its own.
pub fn start(what_for: For) -> Result<Server, String> {
    let bin = programs().ok_or("there is no PostgreSQL here")?;
    let wrong = |error: std::io::Error| format!("the private PostgreSQL: {error}");
    let port = TcpListener::bind(("127.0.0.1", 0)).and_then(|free| free.local_addr()).map_err(wrong)?.port();
    let folder = std::env::temp_dir().join(format!("hanse-xtask-postgres-{}", std::process::id()));
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(wrong)?;
    }
    fs::create_dir(&folder).map_err(wrong)?;
    let mut command = Command::new("setsid");
    command.args(["sh", "-c", KEEPER, "keeper"]).arg(&folder).arg(&bin).arg(port.to_string());
    command.arg(what_for.settings());
    if needs::is_root() {
        let user = server_user()?;
        let group = needs::said("id", &["-gn", &user]).unwrap_or_else(|| user.clone());
        if !needs::quietly("chown", &[&user, &folder.to_string_lossy()]) {
            return Err(format!("{} cannot be given to {user}", folder.display()));
        }
        command.args(["setpriv", "--reuid", &user, "--regid", &group, "--clear-groups", "--"]);
    } else {
        command.arg("env");
    }
    let mut keeper = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().map_err(wrong)?;
    let alive = keeper.stdin.take();
    let mut word = String::new();
    if let Some(said) = keeper.stdout.take() {
        BufReader::new(said).read_line(&mut word).map_err(wrong)?;
    }
    let server = Server { url: format!("postgres://hanse@127.0.0.1:{port}/postgres"), alive, keeper };
    if word.trim() != "ready" {
        return Err("the private PostgreSQL does not start".to_owned());
    }
    Ok(server)
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut alive) = self.alive.take() {
            let _gone = alive.flush();
        }
        let _status = self.keeper.wait();
    }
}

/// `/usr/lib/postgresql/<version>/bin` of the highest version.
pub fn programs() -> Option<PathBuf> {
    let installed = fs::read_dir("/usr/lib/postgresql").ok()?;
    let versions = installed.filter_map(Result::ok).filter_map(|entry| {
        let version = entry.file_name().to_str()?.parse::<u32>().ok()?;
        Some((version, entry.path().join("bin")))
    });
    versions.filter(|(_, bin)| has_server(bin)).max().map(|(_, bin)| bin)
}

fn has_server(bin: &Path) -> bool {
    ["initdb", "postgres", "pg_isready"].iter().all(|program| bin.join(program).exists())
}

fn server_user() -> Result<String, String> {
    let there = |user: &&str| needs::quietly("id", &["-u", user]);
    let user = ["postgres", "nobody"].into_iter().find(there);
    user.map(str::to_owned).ok_or_else(|| "there is neither a user postgres nor nobody to run PostgreSQL as".to_owned())
}
