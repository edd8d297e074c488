//! Schemathesis over the marketplace's own document: whatever a program sends, it is answered as the document says, and
//! never with a fault.

mod support;
#[path = "support/tools.rs"]
mod tools;

use db::Engine;
use serde::Deserialize;
use serde_json::Value;
use std::path::Path;
use std::process::Command;
use support::Market;

const PASSWORD: &str = "wholesale-1688";
const SCHEMATHESIS: &str = "schemathesis==4.32.5";

/// The last line that `tests/clients/reaches.py` says.
#[derive(Deserialize)]
struct Reached {
    /// No answer was a fault, or one that the document does not describe.
    passed: bool,
    cases: usize,
    /// Answers that only said that there were too many calls.
    too_many: usize,
    operations: usize,
    /// The operations that were carried out at least once.
    done: Vec<String>,
}

#[test]
fn every_answer_is_in_the_document_on_sqlite() {
    answers(Engine::Sqlite);
}

#[test]
fn every_answer_is_in_the_document_on_postgres() {
    answers(Engine::Postgres);
}

fn answers(engine: Engine) {
    let python = tools::python("the test with Schemathesis", "python-schemathesis", &[SCHEMATHESIS]);
    // As many calls as there are, so that answers tell of the operations and not of the limit.
    let market = Market::configured(engine, "[server]\napi_requests_per_minute = 1000000\n");
    let token = |name: &str, reaches: &[&str]| {
        let mut browser = market.browser();
        browser.signs_in(name, PASSWORD);
        support::token(&mut browser, "/my/tokens", reaches)
    };
    let mut staff = market.browser();
    staff.get("/en/console/sign-in");
    staff.send("/console/sign-in", &[("account", "operator"), ("password", PASSWORD)]).shows(&["Access tokens"]);
    let folder = tempfile::tempdir().expect("a folder");
    let mut client = Command::new(&python);
    client
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/clients/reaches.py"))
        .current_dir(folder.path())
        .env("BASE", &market.base)
        .env("BUYER", token("demo_buyer", &["buy"]))
        .env("SELLER", token("demo_seller_1", &["sell", "hooks"]))
        .env("STAFF", support::token(&mut staff, "/console/tokens", &["operate"]))
        .env("NO_PROXY", "*");
    let said = tools::run("Schemathesis", &mut client);
    println!("{said}");
    let reached: Reached = serde_json::from_str(said.lines().last().expect("a line")).expect("what was reached");
    assert!(reached.passed, "an answer is outside the document");
    assert!(reached.too_many == 0 && reached.cases > 1_000, "{} cases, {} too many", reached.cases, reached.too_many);

    // All but the document itself were tried, nearly all that read were carried out, and half of those that write.
    let document = market.ask(&format!("{}/api/openapi.json", market.base));
    let document: Value = serde_json::from_str(&document).expect("the document");
    let paths = document["paths"].as_object().expect("paths");
    let all = paths.values().map(|item| item.as_object().expect("an item").len()).sum::<usize>();
    let reads = paths.values().filter(|item| item.get("get").is_some()).count();
    assert_eq!(reached.operations, all - 1);
    let done = reached.done.iter().filter(|operation| operation.starts_with("GET ")).count();
    assert!(done * 10 >= (reads - 1) * 9, "of {reads} that read, {done} were carried out");
    assert!(reached.done.len() * 2 >= all, "of {all}, {} were carried out", reached.done.len());
}
