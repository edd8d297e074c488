//! The release under load, beside a bare server: builds both, starts a PostgreSQL that keeps what it was told, and lets
//! `crates/bench` measure.

use crate::{Outcome, cargo, needs, postgres, succeed, target};
use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

const POSTGRES: &str = "HANSE_BENCH_POSTGRES";

/// Measures a marketplace beside it that seals, asks and notes nothing.
const VAULT: &str = "--vault";

/// The same both times: other packages would be other features of what they depend on.
const BUILD: [&str; 6] = ["build", "--release", "--package", "hanse", "--package", "bench"];

/// Set where cargo calls this program in the compiler's place.
const WRAPS: &str = "HANSE_XTASK_COMPILES_WITHOUT_VAULT";

pub fn run(arguments: &[String]) -> Outcome {
    // First: what is built last lies at its place.
    let unguarded = arguments.iter().any(|argument| argument == VAULT).then(without_vault).transpose()?;
    succeed(cargo().args(BUILD))?;
    let mut bench = Command::new(target().join("release/bench"));
    bench.current_dir(crate::root()).args(arguments.iter().filter(|argument| *argument != VAULT));
    if let Some(unguarded) = unguarded {
        bench.arg("--unguarded").arg(unguarded);
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

/// The marketplace built so. Cargo asks this very program to call the compiler for the workspace's own crates, so that
/// what they depend on is not built once more.
fn without_vault() -> Result<PathBuf, String> {
    let own = std::env::current_exe().map_err(|why| format!("where this program lies: {why}"))?;
    let mut build = cargo();
    build.args(BUILD);
    succeed(build.env("RUSTC_WORKSPACE_WRAPPER", own).env(WRAPS, "1"))?;
    let kept = target().join("release/hanse-without-vault");
    std::fs::copy(target().join("release/hanse"), &kept).map_err(|why| format!("{}: {why}", kept.display()))?;
    Ok(kept)
}

/// Whether cargo calls, for [`without_vault`]. If so, this does not return but for an error.
pub fn compiles() -> Option<String> {
    std::env::var_os(WRAPS)?;
    let mut words = std::env::args_os().skip(1);
    let compiler = words.next().unwrap_or_else(|| OsString::from("rustc"));
    Some(Command::new(compiler).args(words).args(["--cfg", "hanse_without_vault"]).exec().to_string())
}
