//! Every test of the workspace, on both engines.
//!
//! One set of features for everything (`--workspace --all-features`, as in `.ci/run`), so that nothing is compiled
//! twice.

use crate::passed::{self, Libtest, Passed};
use crate::{Outcome, cargo, needs, postgres, source, succeed};
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

const EVERYTHING: [&str; 2] = ["--workspace", "--all-features"];
const POSTGRES: &str = "HANSE_TEST_POSTGRES";
const NO_CAPTURE: &str = "--no-capture";

pub fn run(arguments: &[String]) -> Outcome {
    chosen(arguments, &[])
}

/// As `run`, with variables that the tests read.
pub fn chosen(arguments: &[String], variables: &[(&str, &str)]) -> Outcome {
    needs::install()?;
    let given = std::env::var(POSTGRES).ok().filter(|url| !url.is_empty());
    let (url, _server) = match given {
        Some(url) => (url, None),
        None => {
            let server = postgres::start(postgres::For::Tests)?;
            (server.url.clone(), Some(server))
        }
    };
    if needs::quietly("cargo", &["nextest", "--version"]) {
        with_nextest(arguments, variables, &url)
    } else {
        with_cargo_test(arguments, variables, &url)
    }
}

fn with_nextest(arguments: &[String], variables: &[(&str, &str)], url: &str) -> Outcome {
    let mut run = cargo();
    run.args(["nextest", "run"]).args(EVERYTHING).args(arguments).env(POSTGRES, url).envs(variables.iter().copied());
    if !arguments.is_empty() {
        return succeed(&mut run);
    }
    // Most tests wait for a process, a browser or a socket now and then: processors have work for one more.
    let processors = std::thread::available_parallelism().map_or(1, |count| count.get());
    run.args(["--test-threads", &(processors + 1).to_string()]);
    let mut passed = Vec::new();
    // Doc tests, which nextest does not run; first, so that nextest's summary is the last line.
    let documented = if source::has_doc_tests() {
        read_cargo_test(cargo().arg("test").arg("--doc").args(EVERYTHING).arg("--no-fail-fast"), url, &mut passed)
    } else {
        Ok(())
    };
    let report = crate::root().join("target/nextest/default/junit.xml");
    // Nextest puts it there whatever the target directory; the last run's must not stand for this one's.
    let _absent = fs::remove_file(&report);
    let ran = succeed(&mut run);
    passed.extend(passed::of_junit(&fs::read_to_string(&report).unwrap_or_default()));
    remember(&mut passed)?;
    documented.and(ran)
}

fn with_cargo_test(arguments: &[String], variables: &[(&str, &str)], url: &str) -> Outcome {
    let mut run = cargo();
    // Nextest's word for it is no word of `cargo test`.
    let (shown, arguments): (Vec<_>, Vec<_>) = arguments.iter().partition(|word| *word == NO_CAPTURE);
    run.arg("test").args(EVERYTHING).arg("--no-fail-fast").args(&arguments);
    if !shown.is_empty() {
        run.env("RUST_TEST_NOCAPTURE", "1");
    }
    if !arguments.is_empty() {
        return succeed(run.env(POSTGRES, url).envs(variables.iter().copied()));
    }
    let mut passed = Vec::new();
    let ran = read_cargo_test(&mut run, url, &mut passed);
    let count = passed.len();
    remember(&mut passed)?;
    if ran.is_ok() {
        println!("test result: ok. {count} passed; 0 failed; the whole workspace");
    }
    ran
}

fn remember(passed: &mut Vec<Passed>) -> Outcome {
    passed::write(passed).map_err(|error| format!("the list of passed tests: {error}"))
}

/// Runs `cargo test`, shows what it says, and reads from it which tests passed.
fn read_cargo_test(command: &mut Command, url: &str, passed: &mut Vec<Passed>) -> Outcome {
    // Through a shell, for which test binary runs is said on one stream and which test passed on the other.
    let mut joined = Command::new("sh");
    joined.args(["-c", "exec \"$@\" 2>&1", "sh"]).arg(command.get_program()).args(command.get_args());
    joined.current_dir(crate::root()).env(POSTGRES, url).stdout(Stdio::piped());
    let wrong = |error: std::io::Error| format!("cargo test: {error}");
    let mut child = joined.spawn().map_err(wrong)?;
    let mut said = Libtest::default();
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).split(b'\n') {
            let line = String::from_utf8_lossy(&line.map_err(wrong)?).into_owned();
            println!("{line}");
            said.line(&line);
        }
    }
    passed.append(&mut said.passed);
    match child.wait().map_err(wrong)? {
        status if status.success() => Ok(()),
        status => Err(format!("cargo test: {status}, {} tests failed", said.failed)),
    }
}
