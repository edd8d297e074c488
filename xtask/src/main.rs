//! What a developer runs: `cargo xtask test`, `bench`, `crash`, `clauses`, `policy`.
//!
//! It has no dependencies, so that it is there in seconds, and it never changes a file of the repository.

mod bench;
mod clauses;
mod crash;
mod needs;
mod passed;
mod postgres;
mod source;
mod test;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

const HELP: &str = "\
cargo xtask test [ARGUMENTS]    installs what is missing, starts a PostgreSQL, runs every test on both engines;
                                arguments go to the test runner (a filter, --no-capture, …)
cargo xtask bench [OPTIONS]     builds the release, measures it on both engines beside a bare server, prints a table;
                                `cargo xtask bench --help` tells the options (--engine, --products, --json FILE, …)
cargo xtask crash [--rounds N] [--seed N]
                                kills the marketplace so often (20 times if not said) under buyers, on each engine, and
                                checks that all that was answered is there
cargo xtask clauses             each clause of the policy with the tests that cite it and passed in the last run
cargo xtask policy [ARGUMENTS]  `hanse policy`: without arguments checks policy.lock; `lock --write` renews it
";

/// What went wrong, in a sentence for whoever called.
type Outcome = Result<(), String>;

fn main() -> ExitCode {
    if let Some(why) = bench::compiles() {
        eprintln!("the compiler: {why}");
        return ExitCode::FAILURE;
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match arguments.split_first() {
        Some((command, rest)) => match (command.as_str(), rest) {
            ("test", rest) => test::run(rest),
            ("bench", rest) => bench::run(rest),
            ("crash", rest) => crash::run(rest),
            ("clauses", []) => clauses::print(),
            ("policy", rest) => policy(rest),
            ("help" | "--help" | "-h", _) => {
                print!("{HELP}");
                Ok(())
            }
            _ => Err(format!("there is no such command\n\n{HELP}")),
        },
        None => Err(HELP.to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{}", why.trim_end());
            ExitCode::FAILURE
        }
    }
}

fn policy(arguments: &[String]) -> Outcome {
    let mut command = cargo();
    command.args(["run", "--quiet", "--package", "hanse", "--", "policy"]);
    if arguments.is_empty() {
        command.arg("lock");
    } else {
        command.args(arguments);
    }
    succeed(&mut command)
}

/// The cargo that called, at the root of the repository.
fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// Runs a command to its end; an end without success is told with the command's own words.
fn succeed(command: &mut Command) -> Outcome {
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{}: {status}", spoken(command))),
        Err(error) => Err(format!("{}: {error}", spoken(command))),
    }
}

fn spoken(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// The repository's folder, also when it was moved since this was compiled.
fn root() -> PathBuf {
    let here = std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    here.parent().map_or_else(|| ".".into(), Path::to_owned)
}

/// The target directory: this program lies in a profile's folder of it, wherever it was put.
fn target() -> PathBuf {
    let exe = std::env::current_exe().unwrap_or_default();
    exe.ancestors().nth(2).map_or_else(|| root().join("target"), Path::to_owned)
}
