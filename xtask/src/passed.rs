//! Which tests passed in the last whole run: `clauses/passed.txt` in the target directory, one test a line.

use std::fs;
use std::io;
use std::path::PathBuf;

/// A test that passed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Passed {
    /// `vault`, `vault::all` (package and binary), `?::all` (a binary of some package), or `doc`.
    pub binary: String,
    /// `ledger::a_reading_is_written`, or for a doc test what rustdoc calls it.
    pub name: String,
}

fn file() -> PathBuf {
    crate::target().join("clauses/passed.txt")
}

pub fn write(passed: &mut Vec<Passed>) -> io::Result<()> {
    passed.sort();
    passed.dedup();
    let file = file();
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    let lines: String = passed.iter().map(|test| format!("{} {}\n", test.binary, test.name)).collect();
    fs::write(file, lines)
}

/// `None` when there was no run yet.
pub fn read() -> Option<Vec<Passed>> {
    let text = fs::read_to_string(file()).ok()?;
    let tests = text.lines().filter_map(|line| line.split_once(' '));
    Some(tests.map(|(binary, name)| Passed { binary: binary.to_owned(), name: name.to_owned() }).collect())
}

/// The test cases of a JUnit report that neither failed nor were skipped.
pub fn of_junit(report: &str) -> Vec<Passed> {
    let mut passed = Vec::new();
    for case in report.split("<testcase").skip(1) {
        let (mut name, mut binary, mut rest) = (None, None, case);
        // Attributes up to the end of the tag; a `>` inside quotes does not end it.
        while let Some((key, after)) = rest.split_once("=\"") {
            if key.contains('>') {
                break;
            }
            let Some((value, after)) = after.split_once('"') else { break };
            match key.trim() {
                "name" => name = Some(unescaped(value)),
                "classname" => binary = Some(unescaped(value)),
                _ => {}
            }
            rest = after;
        }
        let content = match rest.trim_start().strip_prefix("/>") {
            Some(_) => "",
            None => rest.split("</testcase>").next().unwrap_or_default(),
        };
        let failed = ["<failure", "<error", "<skipped"].iter().any(|element| content.contains(element));
        if let (Some(name), Some(binary), false) = (name, binary, failed) {
            passed.push(Passed { binary, name });
        }
    }
    passed
}

fn unescaped(value: &str) -> String {
    [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")]
        .iter()
        .fold(value.to_owned(), |text, (escaped, plain)| text.replace(escaped, plain))
}

/// What `cargo test` says, read line by line.
#[derive(Default)]
pub struct Libtest {
    binary: String,
    pub passed: Vec<Passed>,
    pub failed: usize,
}

impl Libtest {
    pub fn line(&mut self, line: &str) {
        let line = line.trim();
        if line.starts_with("Doc-tests ") {
            self.binary = "doc".to_owned();
        } else if line.starts_with("Running ") && line.ends_with(')') {
            // `Running tests/all/main.rs (target/debug/deps/all-0123456789abcdef)`
            let name = line.trim_end_matches(')').rsplit(['/', '\\']).next().unwrap_or_default();
            let name = name.rsplit_once('-').map_or(name, |(name, _)| name);
            let of_package = line.starts_with("Running unittests ");
            self.binary = if of_package { name.to_owned() } else { format!("?::{name}") };
        } else if let Some(test) = line.strip_prefix("test ") {
            if let Some(name) = test.strip_suffix(" ... ok") {
                let name = name.strip_suffix(" - should panic").unwrap_or(name);
                self.passed.push(Passed { binary: self.binary.clone(), name: name.to_owned() });
            } else if test.ends_with(" ... FAILED") {
                self.failed += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test(binary: &str, name: &str) -> Passed {
        Passed { binary: binary.to_owned(), name: name.to_owned() }
    }

    #[test]
    fn a_report_names_what_passed() {
        let report = r#"<testsuites><testsuite name="db::all">
            <testcase name="ledger::kept" classname="db::all" timestamp="2026" time="0.1"></testcase>
            <testcase name="ledger::lost" classname="db::all" time="0.1"><failure type="x">&lt;testcase</failure></testcase>
            <testcase classname="vault" time="0.1" name="a&lt;b"/>
            <testcase name="later" classname="vault"><skipped/></testcase></testsuite></testsuites>"#;
        assert_eq!(of_junit(report), [test("db::all", "ledger::kept"), test("vault", "a<b")]);
    }

    #[test]
    fn what_cargo_test_says_names_what_passed() {
        let mut said = Libtest::default();
        for line in [
            "     Running unittests src/lib.rs (target/debug/deps/db-0011223344556677)",
            "test id::tests::short ... ok",
            "test id::tests::long ... FAILED",
            "     Running tests/all/main.rs (/x/debug/deps/all-0011223344556677)",
            "test ledger::stops - should panic ... ok",
            "   Doc-tests member",
            "test crates/member/src/a.rs - a::B (line 3) - compile fail ... ok",
        ] {
            said.line(line);
        }
        let doc = test("doc", "crates/member/src/a.rs - a::B (line 3) - compile fail");
        assert_eq!(said.passed, [test("db", "id::tests::short"), test("?::all", "ledger::stops"), doc]);
        assert_eq!(said.failed, 1);
    }
}
