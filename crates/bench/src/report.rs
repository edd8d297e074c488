//! The table that is printed, and the same as JSON.

use crate::Options;
use crate::load::Figures;
use crate::process::Memory;
use serde::Serialize;
use std::fmt::Write;

/// The figures of one engine.
#[derive(Debug, Serialize)]
pub struct Table {
    pub engine: &'static str,
    pub products: usize,
    pub shops: usize,
    pub connections: usize,
    pub starts: Starts,
    /// Before the first request.
    pub memory_at_start: Memory,
    pub memory: Memory,
    pub memory_of_bare: Memory,
    pub rows: Vec<Row>,
}

/// How long starts took, in milliseconds.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Starts {
    /// Until it was open, the search index built anew.
    pub first: u128,
    /// The second: until it was open.
    pub again: u128,
    /// The second: until the home page was there, whole.
    pub first_page: u128,
}

/// One line of the table.
#[derive(Debug, Serialize)]
pub struct Row {
    pub what: &'static str,
    #[serde(flatten)]
    pub found: Found,
    pub goal: Option<Goal>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// So many in a second, and what stands beside it in the same run: the bare server where nothing else is named.
    Load { hanse: Figures, beside: Option<Figures> },
    /// How long something took, several times.
    Waits { median_ms: f64, longest_ms: f64 },
}

/// What is to be reached.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// At least so many in a second.
    PerSecond(f64),
    /// At least so many hundredths of what stands beside it.
    Share(f64),
    /// At most so long in 99 of 100 cases.
    P99Ms(f64),
    /// At most so long, the longest.
    LongestMs(f64),
}

/// To reach by the whole marketplace.
const FIRST_PAGE_MS: u128 = 500;
const MEMORY_MIB: f64 = 150.0;

impl Found {
    fn share(&self) -> Option<f64> {
        match self {
            Found::Load { hanse, beside: Some(beside) } => Some(hanse.per_second / beside.per_second * 100.0),
            _ => None,
        }
    }
}

impl Goal {
    fn text(self, found: &Found) -> String {
        let (wanted, reached) = match (self, found) {
            (Goal::PerSecond(least), Found::Load { hanse, .. }) => (format!("{least:.0}/s"), hanse.per_second >= least),
            (Goal::Share(least), found) => (format!("{least:.0} %"), found.share().is_some_and(|share| share >= least)),
            (Goal::P99Ms(most), Found::Load { hanse, .. }) => (format!("p99 {most:.0} ms"), hanse.p99_ms <= most),
            (Goal::LongestMs(most), Found::Waits { longest_ms, .. }) => (format!("{most:.0} ms"), *longest_ms <= most),
            _ => return String::new(),
        };
        met(&wanted, reached)
    }
}

fn met(wanted: &str, reached: bool) -> String {
    format!("  goal {wanted}{}", if reached { "" } else { ": missed" })
}

impl Table {
    pub fn new(
        engine: &'static str,
        products: usize,
        options: &Options,
        starts: Starts,
        memory_at_start: Memory,
    ) -> Table {
        Table {
            engine,
            products,
            shops: options.shops,
            connections: options.connections,
            starts,
            memory_at_start,
            memory: Memory::default(),
            memory_of_bare: Memory::default(),
            rows: Vec::new(),
        }
    }

    pub fn ended(&mut self, hanse: Memory, bare: Memory) {
        self.memory = hanse;
        self.memory_of_bare = bare;
    }

    pub fn text(&self) -> String {
        let mut out = String::new();
        // Writing to a string cannot fail.
        let _ = writeln!(
            out,
            "\n{}, {} products, {} generated sellers, {} requests in flight\n\n\
             {:<28}{:>10}{:>9}{:>9}{:>9}   {:>10}{:>9}{:>9}{:>9}{:>8}",
            self.engine,
            self.products,
            self.shops,
            self.connections,
            "",
            "hanse /s",
            "p50 ms",
            "p99 ms",
            "cpu µs",
            "beside /s",
            "p50 ms",
            "p99 ms",
            "cpu µs",
            "share"
        );
        for row in &self.rows {
            let goal = row.goal.map(|goal| goal.text(&row.found)).unwrap_or_default();
            match &row.found {
                Found::Load { hanse, beside } => {
                    let _ = write!(out, "{:<28}{}", row.what, figures(hanse));
                    if let Some(beside) = beside {
                        let share = row.found.share().unwrap_or_default();
                        let _ = write!(out, "   {}{share:>6.0} %", figures(beside));
                    }
                    let _ = writeln!(out, "{goal}");
                }
                Found::Waits { median_ms, longest_ms } => {
                    let times = format!("median {median_ms:.0} ms, longest {longest_ms:.0} ms");
                    let _ = writeln!(out, "{:<28}{times}{goal}", row.what);
                }
            }
        }
        let _ = writeln!(
            out,
            "{:<28}{:.0} MiB at the start, {:.0} at the end, {:.0} at most; bare {:.0} at the end, {:.0} at most{}",
            "memory",
            self.memory_at_start.now,
            self.memory.now,
            self.memory.peak,
            self.memory_of_bare.now,
            self.memory_of_bare.peak,
            met(&format!("{MEMORY_MIB:.0} MiB at the end"), self.memory.now <= MEMORY_MIB)
        );
        let Starts { first, again, first_page } = self.starts;
        let _ = writeln!(
            out,
            "{:<28}{first} ms the first time, with the search index built; then {again} ms, the first page at {first_page} ms{}",
            "start",
            met(&format!("{FIRST_PAGE_MS} ms"), first_page <= FIRST_PAGE_MS)
        );
        out
    }
}

fn figures(figures: &Figures) -> String {
    format!("{:>10.0}{:>9.2}{:>9.2}{:>9.0}", figures.per_second, figures.p50_ms, figures.p99_ms, figures.cpu_us)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_is_of_the_bare_server() {
        let of = |per_second| Figures { per_second, p50_ms: 1.0, p99_ms: 2.0, cpu_us: 3.0, count: 1 };
        let table = Table {
            engine: "SQLite",
            products: 10,
            shops: 2,
            connections: 64,
            starts: Starts::default(),
            memory_at_start: Memory::default(),
            memory: Memory::default(),
            memory_of_bare: Memory::default(),
            rows: [60.0, 61.0]
                .map(|least| Row {
                    what: "checkout",
                    found: Found::Load { hanse: of(600.0), beside: Some(of(1_000.0)) },
                    goal: Some(Goal::Share(least)),
                })
                .into(),
        };
        let text = table.text();
        assert!(text.contains("60 %  goal 60 %\n") && text.contains("60 %  goal 61 %: missed\n"), "{text}");
        let json = serde_json::to_value(&table).unwrap();
        assert_eq!(json["rows"][0]["load"]["beside"]["per_second"], 1_000.0);
    }
}
