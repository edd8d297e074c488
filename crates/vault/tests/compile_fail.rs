//! What the map does not declare does not compile, and the message says where to declare it.
//!
//! The cases are compiled by `rustc` itself against the vault that this very test is linked with, so nothing is built
//! for them. Asked is for the error's code and the words that help; all else is the compiler's own.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// What the compiler said of a case: of each error its code (or nothing) and all its words.
struct Said {
    errors: Vec<(String, String)>,
    compiled: bool,
}

/// What a case may name beside the vault.
const BESIDE: [&str; 4] = ["db", "diesel", "policy", "serde_json"];

fn compiled(case: &str, vault: &Path) -> Said {
    let folder = tempfile::tempdir().expect("a folder");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compile_fail").join(format!("{case}.rs"));
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc)
        .args(["--edition", "2024", "--crate-type", "bin", "--crate-name", "compile_fail_case", "--emit", "metadata"])
        .args(["--error-format", "json", "--cap-lints", "allow"])
        .arg("-L")
        .arg(format!("dependency={}", built().display()))
        .args(externs(vault))
        .arg("--out-dir")
        .arg(folder.path())
        .arg(&source)
        .output()
        .expect("rustc");
    let said = String::from_utf8_lossy(&output.stderr);
    let errors = said
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap_or_else(|_| panic!("{case}: {line}")))
        // The last one counts the others.
        .filter(|said| said["level"] == "error" && said["spans"].as_array().is_some_and(|spans| !spans.is_empty()))
        .map(|said| (text(&said["code"]["code"]), text(&said["rendered"])))
        .collect();
    Said { errors, compiled: output.status.success() }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Where cargo put what this test is linked with.
fn built() -> PathBuf {
    std::env::current_exe().expect("this test").parent().expect("its folder").to_owned()
}

/// All of this name that lie there: of other features, of other versions, of sources that are no more.
fn all(name: &str) -> Vec<PathBuf> {
    let is_one = |path: &PathBuf| {
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        file.strip_prefix("lib").and_then(|rest| rest.strip_prefix(name)).is_some_and(|rest| rest.starts_with('-'))
            && file.ends_with(".rlib")
    };
    let entries = std::fs::read_dir(built()).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.filter(is_one).collect()
}

/// The vault, and of the others those that it was built with: it holds the ends of their names.
fn externs(vault: &Path) -> Vec<String> {
    let inside = std::fs::read(vault).expect("the vault");
    let inside = String::from_utf8_lossy(&inside);
    let mut externs = vec!["--extern".to_owned(), format!("vault={}", vault.display())];
    for name in BESIDE {
        let end =
            |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy()["lib".len() + name.len()..].to_owned();
        let of_it = all(name).into_iter().filter(|path| inside.contains(&end(path)));
        externs.extend(of_it.flat_map(|path| ["--extern".to_owned(), format!("{name}={}", path.display())]));
    }
    externs
}

/// The vault as it was built last. Several may lie there, of other features or of sources that are no more; the one of
/// this test has not been built after its sources changed, and so neither has a later one. What was left by half or by
/// another compiler is passed over: the case that must compile tells.
fn vault() -> &'static Path {
    static VAULT: OnceLock<PathBuf> = OnceLock::new();
    VAULT.get_or_init(|| {
        let mut found = all("vault");
        let age = |path: &PathBuf| path.metadata().and_then(|about| about.modified()).expect("its time");
        found.sort_by_key(|path| std::cmp::Reverse(age(path)));
        let mut said = String::new();
        for path in found {
            let Said { errors, compiled } = compiled("declared_uses", &path);
            if compiled {
                return path;
            }
            said.extend(errors.into_iter().map(|(_, words)| words));
        }
        panic!("what is declared does not compile against any vault in {}:\n{said}", built().display());
    })
}

/// The case is refused for these reasons and no other, one error for each: its code, and words that it says.
#[track_caller]
fn is_refused(case: &str, reasons: &[(&str, &[&str])]) {
    let Said { errors, compiled } = compiled(case, vault());
    assert!(!compiled, "{case} compiles");
    let all: String = errors.iter().map(|(_, words)| words.as_str()).collect();
    assert_eq!(errors.len(), reasons.len(), "{case}:\n{all}");
    for ((code, words), (wanted, wanted_words)) in errors.iter().zip(reasons) {
        assert_eq!(code, wanted, "{case}:\n{words}");
        for word in *wanted_words {
            assert!(words.contains(word), "{case} is not told {word:?}:\n{words}");
        }
    }
}

#[test]
fn what_is_declared_compiles() {
    assert!(vault().is_file());
}

/// 2-a.S2: a field that the purpose does not ask for cannot be collected.
#[test]
fn an_undeclared_field_is_not_collected() {
    is_refused("collects_undeclared", &[("E0271", &["ConsigneeName", "address::phone"])]);
}

/// 2.1.3-b.5, 2.2.1-a.4: a purpose that the policy does not let read a field cannot open it.
#[test]
fn an_undeclared_field_is_not_opened() {
    let words = [
        "the purpose `ShowBanners` may not read `policy::fields::ConsigneeName`: the privacy policy does not list it",
        "declare it under `reads`, `requires` or `accepts` of that purpose in its crate's policy.rs",
    ];
    is_refused("reads_undeclared", &[("E0277", &words)]);
}

/// 3.1.1-a.1: a field goes to nobody whom the policy does not name.
#[test]
fn an_undeclared_recipient_gets_nothing() {
    let words = [
        "the purpose `KeepAddressBook` may not disclose `policy::fields::ConsigneeName` to `policy::recipients::Courier`",
        "declare it under `discloses` of that purpose in its crate's policy.rs",
    ];
    is_refused("discloses_undeclared", &[("E0277", &words)]);
}

/// 5.3.1-a.1: an opened value, one that was typed and one that rests cannot be printed or logged.
#[test]
fn no_value_is_printed() {
    let printed = "doesn't implement `std::fmt::Display`";
    let reasons = [
        ("E0277", &["`Personal<policy::fields::ConsigneeName, KeepAddressBook>`", printed][..]),
        ("E0277", &["`Typed`", printed][..]),
        ("E0277", &["`vault::Sealed<address::columns::name>`", printed][..]),
    ];
    is_refused("prints", &reasons);
}

/// 5.3.1-a.1: an opened value cannot be serialised into a cache, a queue or an answer.
#[test]
fn no_opened_value_is_serialised() {
    let words = ["Personal<policy::fields::ConsigneeName, KeepAddressBook>", "Serialize` is not"];
    is_refused("serializes", &[("E0277", &words)]);
}

/// A column says which field it holds, or why it is not personal.
#[test]
fn a_column_says_what_it_holds() {
    let words = ["a column is `name: sealed Field of person;`", "`name: Type = \"why it is not personal\";`"];
    is_refused("undeclared_column", &[("", &words)]);
}

/// The bytes of one column do not load as those of another.
#[test]
fn a_column_does_not_load_as_another() {
    is_refused("wrong_column", &[("E0271", &["SealedColumn>::Field == ConsigneePhone"])]);
}
