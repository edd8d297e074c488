//! The release under load, beside a bare server: builds both, starts a PostgreSQL that keeps what it was told, and lets
//! `crates/bench` measure.

use crate::{Outcome, cargo, needs, postgres, succeed, target};
use std::process::Command;

const POSTGRES: &str = "HANSE_BENCH_POSTGRES";

pub fn run(arguments: &[String]) -> Outcome {
    succeed(cargo().args(["build", "--release", "--package", "hanse", "--package", "bench"]))?;
    let mut bench = Command::new(target().join("release/bench"));
    bench.args(arguments).current_dir(crate::root());
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
