//! Which clause of the policy is proved by which tests.
//!
//! `docs/clauses.tsv` lists the clauses: an id, and a few words of ours. A test proves a clause when its name, its doc
//! comment or its body cites the id, and it passed in the last whole run of `cargo xtask test`. A clause cited only by
//! tests that did not pass counts as one without.

use crate::passed::{self, Passed};
use crate::source::{self, Written};
use crate::{Outcome, root};
use std::fmt::Write;
use std::fs;

pub fn print() -> Outcome {
    let list =
        fs::read_to_string(root().join("docs/clauses.tsv")).map_err(|error| format!("docs/clauses.tsv: {error}"))?;
    let passed = passed::read().ok_or("no run of the tests is known: cargo xtask test")?;
    let tests = source::tests();
    let (mut with, mut without) = (String::new(), String::new());
    let (mut proved, mut all) = (0, 0);
    for (id, title) in list.lines().filter_map(|line| line.split_once('\t')) {
        all += 1;
        let citing: Vec<&Written> = tests.iter().filter(|test| cites(test, id)).collect();
        let mut names: Vec<String> = citing.iter().flat_map(|test| runs(test, &passed)).collect();
        names.sort();
        names.dedup();
        // Writing to a string cannot fail.
        if names.is_empty() {
            let _ = writeln!(without, "{id:<13} {title}");
            for test in citing {
                if let Some(name) = &test.name {
                    let _ = writeln!(without, "{:<13} cited by {name} in {}, which did not pass", "", test.file);
                }
            }
        } else {
            proved += 1;
            let _ = writeln!(with, "{id:<13} {title}");
            for name in names {
                let _ = writeln!(with, "{:<13} {name}", "");
            }
        }
    }
    println!(
        "Clauses with tests that passed: {proved} of {all}\n\n{with}\nClauses without: {}\n\n{without}",
        all - proved
    );
    Ok(())
}

/// The runs of this test that passed, as binary and name.
fn runs(test: &Written, passed: &[Passed]) -> Vec<String> {
    let is_it = |run: &&Passed| match &test.name {
        Some(name) => of_package(run, &test.package) && in_file(run, &test.file, name),
        None => run.binary == "doc" && doc_line(&run.name, &test.file).is_some_and(|at| within(at, test.lines)),
    };
    passed.iter().filter(is_it).map(|run| format!("{} {}", run.binary, run.name)).collect()
}

fn of_package(run: &Passed, package: &str) -> bool {
    let (of, _) = run.binary.split_once("::").unwrap_or((&run.binary, ""));
    of == package || of == "?"
}

/// Whether the run's path ends with the function and goes through the file's module.
fn in_file(run: &Passed, file: &str, function: &str) -> bool {
    let mut path = run.name.rsplit("::");
    if path.next() != Some(function) {
        return false;
    }
    let mut folders = file.trim_end_matches(".rs").rsplit('/');
    let module = match folders.next() {
        Some("mod") => folders.next(),
        other => other,
    };
    let (stem, parent) = (module.unwrap_or_default(), folders.next().unwrap_or_default());
    // A crate's root has no module of its own; a file straight in `tests` is one.
    ["lib", "main"].contains(&stem) || parent == "tests" || path.any(|part| part == stem)
}

/// The line of a doc test in this file: `crates/x/src/a.rs - a::B (line 29) - compile fail`.
fn doc_line(name: &str, file: &str) -> Option<usize> {
    let (_, line) = name.strip_prefix(file)?.split_once("(line ")?;
    line.split(')').next()?.parse().ok()
}

fn within(line: usize, (first, last): (usize, usize)) -> bool {
    (first..=last).contains(&line)
}

fn cites(test: &Written, id: &str) -> bool {
    let in_name = format!("_{}_", id.to_lowercase().replace(['.', '-'], "_"));
    let name = test.name.as_deref().unwrap_or_default();
    stands_in(&test.text, id) || format!("_{name}_").contains(&in_name)
}

/// Whether the id stands in the text as itself and not as a part of a longer one.
fn stands_in(text: &str, id: &str) -> bool {
    text.match_indices(id).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let mut after = text[at + id.len()..].chars();
        let free_before = before.is_none_or(|c| !c.is_alphanumeric() && c != '.' && c != '-');
        let free_after = match after.next() {
            Some('.') => after.next().is_none_or(|c| !c.is_alphanumeric()),
            Some(c) => !c.is_alphanumeric() && c != '-',
            None => true,
        };
        free_before && free_after
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_longer_id_is_another() {
        assert!(stands_in("(2.3.2-d.1, 9-f)", "2.3.2-d.1") && stands_in("as 9-f.", "9-f"));
        assert!(!stands_in("2.3.2-d.12", "2.3.2-d.1") && !stands_in("12.3.2-d.1", "2.3.2-d.1"));
        assert!(!stands_in("6-a.S1", "6-a") && !stands_in("3.1.5-1A.4", "5-1A.4"));
    }

    #[test]
    fn a_run_belongs_to_the_test_of_its_file() {
        let run = |binary: &str, name: &str| Passed { binary: binary.into(), name: name.into() };
        let unit = run("trade", "checkout::tests::once");
        assert!(of_package(&unit, "trade") && in_file(&unit, "crates/trade/src/checkout.rs", "once"));
        assert!(!in_file(&unit, "crates/trade/src/cart.rs", "once") && !of_package(&unit, "db"));
        assert!(in_file(&run("db::all", "ledger::kept"), "crates/db/tests/all/ledger.rs", "kept"));
        assert!(in_file(&run("vault::vault", "kept"), "crates/vault/tests/vault.rs", "kept"));
        assert!(in_file(&run("web", "ui::tests::kept"), "crates/web/src/ui/mod.rs", "kept"));
        assert_eq!(doc_line("a.rs - B (line 29) - compile fail", "a.rs"), Some(29));
    }
}
