//! The platform's official clients, unchanged, against the sandbox: they sign what it must accept, and verify what it
//! signs. So the sandbox speaks the real protocol, and the adapter, which is tested against the sandbox, does too.
//!
//! The clients come from npm (`alipay-sdk`) and PyPI (`alipay-sdk-python`) ([`tools`]).

#[path = "../../../tests/support/tools.rs"]
mod tools;

use partners::sandbox::{self, APP_ID, SandboxOptions};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tools::{run, tools};

/// Runs `driver` against a fresh sandbox and answers the sandbox's book.
fn against_sandbox(what: &str, mut driver: Command) -> String {
    let directory = tempfile::tempdir().unwrap();
    let options = SandboxOptions::demo("127.0.0.1:0".parse().unwrap(), directory.path());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let running = runtime.block_on(sandbox::start(options)).unwrap();
    driver
        .env("TOOLS", tools())
        .env("KEYS", directory.path().join("keys"))
        .env("BASE", running.base())
        .env("APP_ID", APP_ID)
        // A proxy of the surroundings has no business between the two.
        .env("NO_PROXY", "*");
    let said = run(what, &mut driver);
    assert!(said.ends_with("ok\n"), "{what}: {said}");
    runtime.block_on(running.stop()).unwrap();
    fs::read_to_string(directory.path().join("book.jsonl")).unwrap()
}

fn driver(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(name)
}

#[test]
fn the_official_node_client_pays_asks_refunds_and_closes() {
    let what = "the test with the official Node.js client";
    tools::installed("node", |directory| {
        let mut npm = Command::new("npm");
        run(what, npm.args(["install", "--no-audit", "--no-fund", "alipay-sdk", "--prefix"]).arg(directory));
    });
    let mut node = Command::new("node");
    node.arg(driver("alipay-sdk.mjs"));
    let book = against_sandbox(what, node);
    assert!(book.contains("TRADE_SUCCESS") && book.contains("isv.invalid-signature"));
}

#[test]
fn the_official_python_client_pays_asks_refunds_and_closes() {
    let what = "the test with the official Python client";
    let mut python = Command::new(tools::python(what, "python", &["alipay-sdk-python"]));
    python.arg(driver("alipay_sdk.py"));
    let book = against_sandbox(what, python);
    assert!(book.contains("TRADE_SUCCESS"));
}
