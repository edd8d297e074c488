//! The crates of others, by the rules of `deny.toml`: their licences, which are banned, and where they come from.
//!
//! `cargo deny` decides the same and takes minutes to build, so the tests decide by themselves from what cargo knows; where
//! it is installed, it is asked too. A rule that this file does not know does not go through.

use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

const CRATES_IO: [&str; 2] =
    ["registry+https://github.com/rust-lang/crates.io-index", "sparse+https://index.crates.io/"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rules {
    graph: Graph,
    licenses: Licenses,
    bans: Bans,
    sources: Sources,
    /// Asked of a database that tests cannot reach.
    #[serde(rename = "advisories")]
    _advisories: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Graph {
    all_features: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Licenses {
    allow: Vec<String>,
    /// For licences that are told by their text alone; here there must be none.
    #[serde(rename = "confidence-threshold")]
    _confidence_threshold: f64,
    private: Private,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Private {
    ignore: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Bans {
    multiple_versions: String,
    wildcards: String,
    allow_wildcard_paths: bool,
    deny: Vec<Banned>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Banned {
    #[serde(rename = "crate")]
    name: String,
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Sources {
    unknown_registry: String,
    unknown_git: String,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_members: Vec<String>,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    version: String,
    license: Option<String>,
    source: Option<String>,
    /// The registries to which it may go; none is a private one.
    publish: Option<Vec<String>>,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    req: String,
    path: Option<String>,
}

fn root() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn rules() -> Rules {
    let text = std::fs::read_to_string(root().join("deny.toml")).expect("deny.toml");
    toml::from_str(&text).expect("rules that are known here")
}

impl Package {
    fn named(&self) -> String {
        format!("{} v{}", self.name, self.version)
    }
}

/// What breaks a rule, a line each, among the packages that are `used`.
fn broken(rules: &Rules, metadata: &Metadata, used: &BTreeSet<String>) -> Vec<String> {
    let mut broken = Vec::new();
    for package in metadata.packages.iter().filter(|package| used.contains(&package.named())) {
        let mut tell = |what: String| broken.push(format!("{} {}: {what}", package.name, package.version));
        let own = metadata.workspace_members.contains(&package.id);
        let private = own && package.publish.as_ref().is_some_and(Vec::is_empty);
        if !(private && rules.licenses.private.ignore) {
            match &package.license {
                None => tell("no licence is named".to_owned()),
                Some(named) => match licence::allowed(named, &rules.licenses.allow) {
                    Some(true) => {}
                    Some(false) => tell(format!("the licence {named} is not allowed")),
                    None => tell(format!("the licence {named} cannot be read")),
                },
            }
        }
        if let Some(banned) = rules.bans.deny.iter().find(|banned| banned.name == package.name) {
            tell(format!("banned: {}", banned.reason));
        }
        match &package.source {
            None if own => {}
            Some(source) if CRATES_IO.contains(&source.as_str()) => {}
            other => tell(format!("it comes from {}", other.as_deref().unwrap_or("a folder"))),
        }
        for dependency in package.dependencies.iter().filter(|dependency| dependency.req == "*") {
            if !(private && rules.bans.allow_wildcard_paths && dependency.path.is_some()) {
                tell(format!("any version of {} is good to it", dependency.name));
            }
        }
    }
    broken
}

fn cargo(words: &[&str]) -> Vec<u8> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    let output = cargo.args(words).current_dir(root()).output().expect("cargo starts");
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// Expressions of SPDX: `MIT OR (Apache-2.0 AND BSD-3-Clause)`, and the slash of old, which is an `OR`.
mod licence {
    /// Whether the allowed licences satisfy it; `None` where it is no expression.
    pub fn allowed(expression: &str, allow: &[String]) -> Option<bool> {
        let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
        let words: Vec<&str> = spaced.split_whitespace().collect();
        let mut rest = &words[..];
        let satisfied = any(&mut rest, allow)?;
        rest.is_empty().then_some(satisfied)
    }

    fn next<'w>(rest: &mut &[&'w str], word: &str) -> Option<&'w str> {
        let found = rest.first().copied().filter(|first| *first == word)?;
        *rest = &rest[1..];
        Some(found)
    }

    fn any(rest: &mut &[&str], allow: &[String]) -> Option<bool> {
        let mut satisfied = all(rest, allow)?;
        while next(rest, "OR").is_some() {
            satisfied |= all(rest, allow)?;
        }
        Some(satisfied)
    }

    fn all(rest: &mut &[&str], allow: &[String]) -> Option<bool> {
        let mut satisfied = one(rest, allow)?;
        while next(rest, "AND").is_some() {
            satisfied &= one(rest, allow)?;
        }
        Some(satisfied)
    }

    fn one(rest: &mut &[&str], allow: &[String]) -> Option<bool> {
        if next(rest, "(").is_some() {
            let satisfied = any(rest, allow)?;
            next(rest, ")")?;
            return Some(satisfied);
        }
        let name = rest.first().copied().filter(|word| !["AND", "OR", "WITH", ")"].contains(word))?;
        *rest = &rest[1..];
        let mut name = name.to_owned();
        if next(rest, "WITH").is_some() {
            let exception = rest.first()?;
            name = format!("{name} WITH {exception}");
            *rest = &rest[1..];
        }
        Some(allow.contains(&name))
    }
}

#[test]
fn every_crate_keeps_the_rules() {
    let rules = rules();
    assert!(rules.graph.all_features, "the tests build all features");
    let strict = [&rules.bans.wildcards, &rules.sources.unknown_registry, &rules.sources.unknown_git];
    assert!(strict.into_iter().all(|rule| rule == "deny"), "this test denies them");
    assert_eq!(rules.bans.multiple_versions, "warn", "this test lets them through");
    let metadata = cargo(&["metadata", "--format-version", "1", "--all-features", "--locked"]);
    let metadata: Metadata = serde_json::from_slice(&metadata).expect("what cargo tells");
    // The metadata name what some feature of some crate would bring, too; the tree only what is built for some platform.
    let tree = ["tree", "--workspace", "--all-features", "--locked", "--target", "all", "--edges", "normal,build,dev"];
    let tree = cargo(&[&tree[..], &["--prefix", "none", "--format", "{p}"]].concat());
    let tree = String::from_utf8(tree).expect("names");
    let named = |line: &str| line.split(' ').take(2).collect::<Vec<_>>().join(" ");
    let used: BTreeSet<String> = tree.lines().filter(|line| !line.is_empty()).map(named).collect();
    let known: BTreeSet<String> = metadata.packages.iter().map(Package::named).collect();
    let unknown: Vec<&String> = used.difference(&known).collect();
    assert!(used.len() > 200 && unknown.is_empty(), "all crates are looked at, {unknown:?} too");
    let broken = broken(&rules, &metadata, &used);
    assert!(broken.is_empty(), "{}", broken.join("\n"));

    // Where it is installed, the original has the last word.
    if Command::new("cargo-deny").arg("--version").output().is_ok_and(|told| told.status.success()) {
        let mut deny = Command::new("cargo-deny");
        let told = deny.args(["--offline", "check", "licenses", "bans", "sources"]).current_dir(root()).output();
        let told = told.expect("cargo deny starts");
        assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    }
}

/// What the rules are for is found by them.
#[test]
fn what_breaks_a_rule_is_found() {
    let package = |name: &str, license: &str, source: &str| {
        serde_json::json!({ "id": name, "name": name, "version": "1.0.0", "license": license, "source": source,
            "publish": null, "dependencies": [{ "name": "any", "req": "*", "path": null }] })
    };
    let own = serde_json::json!({ "id": "own", "name": "own", "version": "1.0.0", "license": null, "source": null,
        "publish": [], "dependencies": [{ "name": "beside", "req": "*", "path": "/beside" }] });
    let packages = [
        own,
        package("copyleft", "GPL-3.0-only", CRATES_IO[0]),
        package("sqlx", "MIT", CRATES_IO[0]),
        package("fork", "MIT", "git+https://example.org/fork#0123"),
        package("elsewhere", "MIT", "registry+https://example.org/index"),
    ];
    let metadata = serde_json::json!({ "packages": packages, "workspace_members": ["own"] });
    let metadata: Metadata = serde_json::from_value(metadata).expect("metadata");
    let used = metadata.packages.iter().map(Package::named).collect();
    let broken = broken(&rules(), &metadata, &used);
    let found: Vec<&str> = broken.iter().map(|line| line.split(": any version").next().unwrap_or(line)).collect();
    let expected = [
        "copyleft 1.0.0: the licence GPL-3.0-only is not allowed",
        "copyleft 1.0.0",
        "sqlx 1.0.0: banned: the database is spoken to through diesel",
        "sqlx 1.0.0",
        "fork 1.0.0: it comes from git+https://example.org/fork#0123",
        "fork 1.0.0",
        "elsewhere 1.0.0: it comes from registry+https://example.org/index",
        "elsewhere 1.0.0",
    ];
    assert_eq!(found, expected);
}

#[test]
fn licences_are_read_as_they_are_meant() {
    let allow = ["MIT", "ISC", "Apache-2.0"].map(str::to_owned);
    for (expression, satisfied) in [
        ("MIT", Some(true)),
        ("GPL-3.0-only OR MIT", Some(true)),
        ("GPL-3.0-only/MIT", Some(true)),
        ("GPL-3.0-only AND MIT", Some(false)),
        ("GPL-3.0-only OR ISC AND MIT", Some(true)),
        ("(GPL-3.0-only OR ISC) AND (MIT AND OpenSSL)", Some(false)),
        ("Apache-2.0 WITH LLVM-exception", Some(false)),
        ("Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT", Some(true)),
        ("", None),
        ("MIT OR", None),
        ("(MIT", None),
        ("MIT ISC", None),
    ] {
        assert_eq!(licence::allowed(expression, &allow), satisfied, "{expression}");
    }
}
