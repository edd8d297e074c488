//! The tests as they stand in the source, and the text in which they cite clauses.

use std::fs;
use std::path::{Path, PathBuf};

/// A test function, or a doc comment that may hold doc tests.
pub struct Written {
    /// `vault`, `hanse`.
    pub package: String,
    /// From the root of the repository.
    pub file: String,
    /// First and last line, counted from one, doc comment included.
    pub lines: (usize, usize),
    /// The function's name; `None` for a doc comment of something else.
    pub name: Option<String>,
    pub text: String,
}

/// Everything in the house that may be a test. Those of xtask prove nothing of the marketplace.
pub fn tests() -> Vec<Written> {
    let mut written = Vec::new();
    each_file(|package, file, text| written.extend(of_file(package, file, text)));
    written
}

/// Whether some doc comment holds code that rustdoc runs or compiles.
pub fn has_doc_tests() -> bool {
    let mut some = false;
    each_file(|_, file, text| some |= file.contains("/src/") && opens_doc_test(text));
    some
}

fn opens_doc_test(text: &str) -> bool {
    let mut inside = false;
    for line in text.lines() {
        let line = line.trim_start();
        let comment = line.strip_prefix("///").or_else(|| line.strip_prefix("//!"));
        let Some(fence) = comment.and_then(|comment| comment.trim().strip_prefix("```")) else { continue };
        if !inside && !["text", "ignore", "toml", "sh", "json", "html"].iter().any(|no| fence.starts_with(no)) {
            return true;
        }
        inside = !inside;
    }
    false
}

fn each_file(mut visit: impl FnMut(&str, &str, &str)) {
    let root = crate::root();
    let mut packages: Vec<PathBuf> = folder(&root.join("crates"));
    packages.push(root.join("tests"));
    for package in packages {
        let name = match package.file_name().unwrap_or_default().to_string_lossy() {
            // The tests of the whole system belong to the binary that they run.
            name if name == "tests" => "hanse".to_owned(),
            name => name.into_owned(),
        };
        let mut waiting = folder(&package);
        while let Some(path) = waiting.pop() {
            if path.is_dir() {
                waiting.extend(folder(&path));
            } else if path.extension().is_some_and(|ending| ending == "rs")
                && let Ok(text) = fs::read_to_string(&path)
            {
                let file = path.strip_prefix(&root).unwrap_or(&path).to_string_lossy().into_owned();
                visit(&name, &file, &text);
            }
        }
    }
}

fn folder(path: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(path).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

fn of_file(package: &str, file: &str, text: &str) -> Vec<Written> {
    let lines: Vec<&str> = text.lines().collect();
    let above = |line: &&str| {
        let line = line.trim_start();
        line.starts_with("//") || line.starts_with("#[")
    };
    let mut written = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        if !above(&lines[at]) {
            at += 1;
            continue;
        }
        let first = at;
        at += lines[at..].iter().take_while(|line| above(line)).count();
        let is_test = lines[first..at].iter().any(|line| is_test_attribute(line.trim()));
        let name = if is_test { lines.get(at).and_then(|line| function_name(line)) } else { None };
        // rustfmt closes a function where it began.
        let last = if name.is_some() { at + length(&lines[at..]) } else { at };
        let text = lines[first..last].join("\n");
        written.push(Written { package: package.into(), file: file.into(), lines: (first + 1, last), name, text });
        at = last;
    }
    written
}

fn is_test_attribute(line: &str) -> bool {
    line.strip_prefix("#[").is_some_and(|attribute| {
        let path = attribute.split([']', '(']).next().unwrap_or_default();
        path == "test" || path.ends_with("::test")
    })
}

fn function_name(line: &str) -> Option<String> {
    let (_, after) = line.split_once("fn ")?;
    after.split(['(', '<']).next().map(str::to_owned)
}

fn length(lines: &[&str]) -> usize {
    let indent = lines[0].len() - lines[0].trim_start().len();
    if lines[0].trim_end().ends_with('}') {
        return 1;
    }
    let closes =
        |line: &&str| line.len() > indent && line[..indent].trim().is_empty() && line[indent..].starts_with('}');
    lines.iter().position(|line| line.is_char_boundary(indent) && closes(line)).map_or(lines.len(), |at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_is_found_with_its_comment_and_body() {
        let source = "//! About.\n\n    /// 0-a.1\n    #[test]\n    fn first() {\n        if x {\n        }\n    }\n\nfn not() {}\n\
                      /// 9-f\n#[tokio::test(start_paused = true)]\nasync fn second() {\n    \"0-a.2\";\n}\n";
        let found: Vec<_> = of_file("p", "p/src/x.rs", source).into_iter().filter(|test| test.name.is_some()).collect();
        let names: Vec<_> = found.iter().filter_map(|test| test.name.as_deref()).collect();
        assert_eq!(names, ["first", "second"]);
        assert_eq!((found[0].lines, found[1].lines), ((3, 8), (11, 15)));
        assert!(found[0].text.contains("0-a.1") && found[1].text.contains("0-a.2"));
    }

    #[test]
    fn only_code_is_a_doc_test() {
        assert!(opens_doc_test("/// ```compile_fail\n/// x\n/// ```"));
        assert!(!opens_doc_test("//! ```text\n//! x\n//! ```\nlet s = \"```\";"));
    }
}
