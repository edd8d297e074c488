//! As many rounds of SIGKILL as somebody has patience for: the test `crash`, which kills twenty times on each engine, with
//! another number and a seed of one's own.

use crate::{Outcome, test};

const ROUNDS: &str = "HANSE_CRASH_ROUNDS";
const SEED: &str = "HANSE_CRASH_SEED";

/// `--rounds N`, `--seed N`; what else is said goes to the test runner (`-E 'test(sqlite)'`).
pub fn run(arguments: &[String]) -> Outcome {
    let mut chosen: Vec<(&str, &str)> = Vec::new();
    let mut rest: Vec<String> = ["--package", "hanse", "--test", "crash", "--no-capture"].map(str::to_owned).into();
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
