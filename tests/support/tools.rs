//! Programs of others that a test runs unchanged: from npm and PyPI into `HANSE_TEST_TOOLS`, or `test-tools` under the
//! target directory, once.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

pub fn tools() -> PathBuf {
    let chosen = std::env::var_os("HANSE_TEST_TOOLS").map(PathBuf::from);
    chosen.unwrap_or_else(|| Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("test-tools"))
}

/// Runs a command to its end; `what` says for which purpose, in the words that a failure shows.
pub fn run(what: &str, command: &mut Command) -> String {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().unwrap_or_else(|error| {
        panic!("{what} needs `{program}`, which cannot be started here ({error}): install it and run the test again")
    });
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{what}: `{program}` failed\n{out}\n{err}");
    out.into_owned()
}

/// The folder `name` of the tools, installed unless that was done before. What an interrupted run left there is begun
/// anew; of two tests that begin at once, one installs.
pub fn installed(name: &str, install: impl FnOnce(&Path)) -> PathBuf {
    let (directory, lock) = (tools().join(name), tools().join(format!("{name}.lock")));
    fs::create_dir_all(tools()).expect("a folder for tools");
    let lock = fs::File::create(lock).expect("a lock");
    lock.lock().expect("the lock");
    let done = directory.join("installed");
    if !done.exists() {
        let _absent = fs::remove_dir_all(&directory);
        fs::create_dir_all(&directory).expect("a folder");
        install(&directory);
        fs::write(done, "").expect("a mark");
    }
    directory
}

/// A Python that has these packages.
pub fn python(what: &str, name: &str, packages: &[&str]) -> PathBuf {
    let directory = installed(name, |directory| {
        run(what, Command::new("python3").args(["-m", "venv"]).arg(directory));
        let mut pip = Command::new(directory.join("bin/python"));
        run(what, pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(packages));
    });
    directory.join("bin/python")
}
