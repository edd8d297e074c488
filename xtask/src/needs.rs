//! What the tests and the bench need on the machine beside Rust, and how it comes there.

use crate::{Outcome, postgres, spoken, succeed};
use std::path::Path;
use std::process::{Command, Stdio};

/// A program that tests start, with the packages (Debian, Ubuntu) that bring it.
struct Need {
    what: &'static str,
    packages: &'static [&'static str],
    there: fn() -> bool,
}

const NEEDS: &[Need] = &[
    Need { what: "the PostgreSQL server", packages: &["postgresql"], there: || postgres::programs().is_some() },
    Need {
        what: "Chromium and chromedriver",
        packages: &["chromium", "chromium-driver"],
        there: || (on_path("chromium") || on_path("google-chrome")) && on_path("chromedriver"),
    },
    Need {
        what: "Node.js and npm (an official client of the payment platform)",
        packages: &["nodejs", "npm"],
        there: || on_path("node") && on_path("npm"),
    },
    Need {
        what: "Python with venv (an official client of the payment platform, and one generated for the API)",
        packages: &["python3", "python3-venv"],
        there: || quietly("python3", &["-c", "import venv, ensurepip"]),
    },
];

/// What all tests need.
pub fn install() -> Outcome {
    install_of(NEEDS)
}

/// The PostgreSQL server alone.
pub fn install_postgres() -> Outcome {
    install_of(&NEEDS[..1])
}

/// Installs what is missing when root; else says the command that does.
fn install_of(needs: &[Need]) -> Outcome {
    let missing: Vec<&Need> = needs.iter().filter(|need| !(need.there)()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.iter().map(|need| need.what).collect::<Vec<_>>().join(", ");
    let mut install = Command::new("apt-get");
    install.args(["install", "--yes", "--no-install-recommends"]);
    install.args(missing.iter().flat_map(|need| need.packages)).env("DEBIAN_FRONTEND", "noninteractive");
    if !is_root() || !on_path("apt-get") {
        return Err(format!("This needs {names}, which is not here. On Debian:\n    sudo {}", spoken(&install)));
    }
    eprintln!("installing {names}");
    succeed(Command::new("apt-get").arg("update"))?;
    succeed(&mut install)?;
    match missing.iter().find(|need| !(need.there)()) {
        Some(need) => Err(format!("{} is still not found after `{}`", need.what, spoken(&install))),
        None => Ok(()),
    }
}

pub fn is_root() -> bool {
    said("id", &["-u"]).as_deref() == Some("0")
}

pub fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| is_file(&folder.join(program)))
}

fn is_file(path: &Path) -> bool {
    path.metadata().is_ok_and(|found| found.is_file())
}

/// Whether the command succeeds; what it says is dropped.
pub fn quietly(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// What the command says, if it succeeds.
pub fn said(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
