//! The platform's official clients, unchanged, against the sandbox: they sign what it must accept, and verify what it
//! signs. So the sandbox speaks the real protocol, and the adapter, which is tested against the sandbox, does too.
//!
//! The clients come from npm (`alipay-sdk`) and PyPI (`alipay-sdk-python`) into `HANSE_TEST_TOOLS`, or `test-tools`
//! under the target directory, once.

use partners::sandbox::{self, APP_ID, SandboxOptions};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn tools() -> PathBuf {
    let chosen = std::env::var_os("HANSE_TEST_TOOLS").map(PathBuf::from);
    chosen.unwrap_or_else(|| Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("test-tools"))
}

/// Runs a command to its end; `what` says for which purpose, in the words that a failure shows.
fn run(what: &str, command: &mut Command) -> String {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().unwrap_or_else(|error| {
        panic!("{what} needs `{program}`, which cannot be started here ({error}): install it and run the test again")
    });
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{what}: `{program}` failed\n{out}\n{err}");
    out.into_owned()
}

/// Installs into `directory` unless that was done before. What an interrupted run left there is begun anew.
fn once(directory: &Path, install: impl FnOnce()) {
    let done = directory.join("installed");
    if !done.exists() {
        if directory.exists() {
            fs::remove_dir_all(directory).unwrap();
        }
        fs::create_dir_all(directory).unwrap();
        install();
        fs::write(done, "").unwrap();
    }
}

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
    let directory = tools().join("node");
    once(&directory, || {
        let mut npm = Command::new("npm");
        run(what, npm.args(["install", "--no-audit", "--no-fund", "alipay-sdk", "--prefix"]).arg(&directory));
    });
    let mut node = Command::new("node");
    node.arg(driver("alipay-sdk.mjs"));
    let book = against_sandbox(what, node);
    assert!(book.contains("TRADE_SUCCESS") && book.contains("isv.invalid-signature"));
}

#[test]
fn the_official_python_client_pays_asks_refunds_and_closes() {
    let what = "the test with the official Python client";
    let directory = tools().join("python");
    let python = directory.join("bin/python");
    once(&directory, || {
        run(what, Command::new("python3").args(["-m", "venv"]).arg(&directory));
        let mut pip = Command::new(&python);
        run(what, pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "alipay-sdk-python"]));
    });
    let mut python = Command::new(&python);
    python.arg(driver("alipay_sdk.py"));
    let book = against_sandbox(what, python);
    assert!(book.contains("TRADE_SUCCESS"));
}
