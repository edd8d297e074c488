//! As many rounds of SIGKILL as somebody has patience for: those tests of `crash` that kill, twenty times on each engine
//! if nothing is said, with another number and a seed of one's own. A lost server and a full disk have their own rounds.

use crate::{Outcome, test};

const ROUNDS: &str = "HANSE_CRASH_ROUNDS";
const SEED: &str = "HANSE_CRASH_SEED";

/// `--rounds N`, `--seed N`; what else is said goes to the test runner (`-E 'test(sqlite)'`).
pub fn run(arguments: &[String]) -> Outcome {
    // In this profile nobody ends a test because it takes its time.
    let mut chosen = vec![("NEXTEST_PROFILE", "crash")];
    let always = ["--package", "hanse", "--test", "crash", "sigkill", "--no-capture"];
    let mut rest: Vec<String> = always.map(str::to_owned).into();
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let variable = match word.as_str() {
            "--rounds" => ROUNDS,
            "--seed" => SEED,
            _ => {
                rest.push(word.clone());
                continue;
            }
        };
        let number = words.next().filter(|number| number.parse::<u64>().is_ok());
        chosen.push((variable, number.ok_or_else(|| format!("{word}: how many?"))?));
    }
    test::chosen(&rest, &chosen)
}
