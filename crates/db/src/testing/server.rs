//! A PostgreSQL cluster in a folder: made, started, felled and started again.

use std::fs::{self, File};
use std::io;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;

/// A cluster and its port; the server lives on when this is dropped.
pub(super) struct Cluster {
    folder: PathBuf,
    bin: PathBuf,
    /// The user that the server runs as; PostgreSQL refuses root.
    user: String,
    port: u16,
}

impl Cluster {
    /// Makes an empty cluster in `folder/cluster`, in the place of one that is there.
    pub fn made_in(folder: &Path) -> io::Result<Cluster> {
        let me = command_output("id", &["-un"])?;
        let user = if me == "root" { server_user()? } else { me };
        let cluster = Cluster { folder: folder.to_owned(), bin: newest_postgres()?, user, port: free_port()? };
        let path = folder.join("cluster");
        if path.exists() {
            fs::remove_dir_all(&path)?;
        }
        fs::create_dir(&path)?;
        let path = text_of(&path)?;
        cluster.run("chown", &[&cluster.user, &path], false)?;
        let user_and_form =
            ["-U", "hanse", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions"];
        cluster.run("initdb", &[&["-D", &path], &user_and_form[..]].concat(), true)?;
        Ok(cluster)
    }

    pub fn url(&self) -> String {
        format!("postgres://hanse@127.0.0.1:{}/postgres", self.port)
    }

    pub fn answers(&self) -> bool {
        PgConnection::establish(&self.url()).is_ok()
    }

    /// Starts the server and waits until it answers.
    pub fn start(&self) -> io::Result<()> {
        // A test database lives seconds: nothing need reach the disk.
        let settings = format!(
            "-h 127.0.0.1 -p {} -k '' -c fsync=off -c full_page_writes=off -c max_connections=500 \
             -c shared_buffers=64MB -c deadlock_timeout=100ms -c max_wal_size=256MB -c autovacuum=off",
            self.port
        );
        let cluster = text_of(&self.folder.join("cluster"))?;
        let log = format!("{cluster}/server.log");
        self.run("pg_ctl", &["-D", &cluster, "-l", &log, "-o", &settings, "-w", "-t", "60", "start"], true)?;
        let until = Instant::now() + Duration::from_secs(20);
        while let Err(error) = PgConnection::establish(&self.url()) {
            if Instant::now() > until {
                return Err(io::Error::other(error.to_string()));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// Stops it as a crash would: nothing is closed, no connection is told.
    pub fn fall(&self) -> io::Result<()> {
        let cluster = text_of(&self.folder.join("cluster"))?;
        self.run("pg_ctl", &["-D", &cluster, "-m", "immediate", "-w", "-t", "60", "stop"], true)
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

/// A PostgreSQL of one test's own, which it may fell, cut off and fill up. Stopped when dropped.
pub struct OwnServer(Cluster);

impl OwnServer {
    /// In `folder`, which the server's user must be able to enter.
    pub fn start(folder: &Path) -> OwnServer {
        let started = Cluster::made_in(folder).and_then(|cluster| cluster.start().map(|()| cluster));
        OwnServer(started.unwrap_or_else(|error| panic!("a PostgreSQL of the test's own does not start: {error}")))
    }

    pub fn url(&self) -> String {
        self.0.url()
    }

    /// It crashes.
    pub fn falls(&self) {
        self.0.fall().unwrap_or_else(|error| panic!("the test's PostgreSQL does not stop: {error}"));
    }

    /// It is there again, if it was not.
    pub fn rises(&self) {
        // One that has lost its disk may be about to go.
        let up = (0..20).any(|_| {
            std::thread::sleep(Duration::from_millis(100));
            self.0.answers()
        });
        if !up {
            let _gone = self.0.fall();
            self.0.start().unwrap_or_else(|error| panic!("the test's PostgreSQL does not start again: {error}"));
        }
    }

    /// Every connection breaks; the server lives on.
    pub fn cuts_connections(&self) {
        let mut line = PgConnection::establish(&self.url()).expect("the test's PostgreSQL");
        let cut = "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()";
        line.batch_execute(cut).expect("a superuser may");
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        let _gone = self.0.fall();
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

pub(super) fn command_output(program: &str, arguments: &[&str]) -> io::Result<String> {
    let output = Command::new(program).args(arguments).stderr(Stdio::null()).output()?;
    if !output.status.success() {
        return Err(io::Error::other(format!("{program} failed")));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

pub(super) fn text_of(path: &Path) -> io::Result<String> {
    path.to_str().map(str::to_owned).ok_or_else(|| io::Error::other("the temporary folder is not UTF-8"))
}
