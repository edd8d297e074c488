//! The release under load, beside a bare server: builds both, starts a PostgreSQL that keeps what it was told, and lets
//! `crates/bench` measure.

use crate::{Outcome, cargo, needs, postgres, succeed, target};
use std::path::PathBuf;
use std::process::Command;

const POSTGRES: &str = "HANSE_BENCH_POSTGRES";

/// Measures a marketplace beside it that seals, asks and notes nothing.
const VAULT: &str = "--vault";

pub fn run(arguments: &[String]) -> Outcome {
    succeed(cargo().args(["build", "--release", "--package", "hanse", "--package", "bench"]))?;
    let mut bench = Command::new(target().join("release/bench"));
    bench.current_dir(crate::root()).args(arguments.iter().filter(|argument| *argument != VAULT));
    if arguments.iter().any(|argument| argument == VAULT) {
        bench.arg("--unguarded").arg(without_vault()?);
    }
    let given = std::env::var_os(POSTGRES).is_some_and(|url| !url.is_empty());
    let asks = arguments.iter().any(|argument| argument == "--help" || argument.contains("sqlite"));
    let _server = if given || asks {
        None
    } else {
        needs::install_postgres()?;
        let server = postgres::start(postgres::For::Measuring)?;
        bench.env(POSTGRES, &server.url);
        Some(server)
    };
    succeed(&mut bench)
}

/// The marketplace built so, in a folder of its own.
fn without_vault() -> Result<PathBuf, String> {
    let folder = target().join("without-vault");
    let flags = std::env::var("RUSTFLAGS").unwrap_or_default() + " --cfg hanse_without_vault";
    let mut build = cargo();
    build.args(["build", "--release", "--package", "hanse"]).env("CARGO_TARGET_DIR", &folder);
    succeed(build.env("RUSTFLAGS", flags.trim()))?;
    Ok(folder.join("release/hanse"))
}
