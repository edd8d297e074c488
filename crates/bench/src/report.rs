//! The table that is printed, and the same as JSON.

use crate::Options;
use crate::load::Figures;
use crate::process::Memory;
use serde::Serialize;
use std::fmt::Write;
use std::time::Duration;

/// The figures of one engine.
#[derive(Debug, Serialize)]
pub struct Table {
    pub engine: &'static str,
    pub products: usize,
    pub connections: usize,
    pub started_in_ms: u128,
    /// Before the first request.
    pub memory_at_start: Memory,
    pub memory: Memory,
    pub memory_of_bare: Memory,
    pub rows: Vec<Row>,
}

/// One line of the table.
#[derive(Debug, Serialize)]
pub struct Row {
    pub what: &'static str,
    #[serde(flatten)]
    pub found: Found,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// So many in a second, and the bare server's where there is one to compare with.
    Load { hanse: Figures, bare: Option<Figures> },
    /// How long something took, several times.
    Waits { median_ms: f64, longest_ms: f64, limit_ms: f64 },
}

impl Table {
    pub fn new(
        engine: &'static str,
        products: usize,
        options: &Options,
        started_in: Duration,
        memory_at_start: Memory,
    ) -> Table {
        Table {
            engine,
            products,
            connections: options.connections,
            started_in_ms: started_in.as_millis(),
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
            "\n{}, {} products, {} requests in flight\n\n{:<24}{:>10}{:>9}{:>9}{:>9}   {:>10}{:>9}{:>9}{:>9}{:>8}",
            self.engine,
            self.products,
            self.connections,
            "",
            "hanse /s",
            "p50 ms",
            "p99 ms",
            "cpu µs",
            "bare /s",
            "p50 ms",
            "p99 ms",
            "cpu µs",
            "share"
        );
        for row in &self.rows {
            match &row.found {
                Found::Load { hanse, bare } => {
                    let _ = write!(out, "{:<24}{}", row.what, figures(hanse));
                    if let Some(bare) = bare {
                        let share = hanse.per_second / bare.per_second * 100.0;
                        let _ = write!(out, "   {}{share:>6.0} %", figures(bare));
                    }
                    out.push('\n');
                }
                Found::Waits { median_ms, longest_ms, limit_ms } => {
                    let _ = writeln!(
                        out,
                        "{:<24}median {median_ms:.0} ms, longest {longest_ms:.0} ms (limit {limit_ms:.0} ms)",
                        row.what
                    );
                }
            }
        }
        let _ = writeln!(
            out,
            "{:<24}{:.0} MiB at the start, {:.0} at the end, {:.0} at most; bare {:.0} at the end, {:.0} at most",
            "memory",
            self.memory_at_start.now,
            self.memory.now,
            self.memory.peak,
            self.memory_of_bare.now,
            self.memory_of_bare.peak
        );
        let _ = writeln!(out, "{:<24}{} ms, the search index built anew", "first start", self.started_in_ms);
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
            connections: 64,
            started_in_ms: 1,
            memory_at_start: Memory::default(),
            memory: Memory::default(),
            memory_of_bare: Memory::default(),
            rows: vec![Row { what: "checkout", found: Found::Load { hanse: of(600.0), bare: Some(of(1_000.0)) } }],
        };
        assert!(table.text().contains("60 %"), "{}", table.text());
        let json = serde_json::to_value(&table).unwrap();
        assert_eq!(json["rows"][0]["load"]["bare"]["per_second"], 1_000.0);
    }
}
