//! `bench`: what the marketplace does in a second, beside a bare server on the same machine in the same run.
//!
//! It prepares a marketplace with the demo, generated goods and signed-in buyers, starts the release binary on it, loads
//! it over HTTP, and prints one table for each engine. Called by `cargo xtask bench`. Each scenario is a module of
//! [`scenarios`]; what it measures against is [`bare`].

#![forbid(unsafe_code)]

mod bare;
mod client;
mod load;
mod prepare;
mod process;
mod report;
mod scenarios;

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// The one of the marketplace: the bare server shall not lose by another.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

#[derive(Parser)]
#[command(about = "Measures the marketplace beside a bare server", args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    part: Option<Part>,
    #[command(flatten)]
    options: Options,
}

/// What to measure, and how long.
#[derive(Args, Clone, Debug)]
pub struct Options {
    #[arg(long, value_enum, default_value = "both")]
    engine: Engines,
    /// Generated products, beside the demo's; all is measured for each of these numbers.
    #[arg(long, value_delimiter = ',', default_values_t = [10_000, 50_000])]
    products: Vec<usize>,
    /// Sellers of the generated products.
    #[arg(long, default_value_t = 1_000)]
    shops: usize,
    /// Measured time of each scenario.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Signed-in members, each with a cart of their own: the checkouts of one round.
    #[arg(long, default_value_t = 1_000)]
    buyers: usize,
    /// Requests in flight.
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Only these scenarios.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Write the figures as JSON too.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// A PostgreSQL server whose user may create databases.
    #[arg(long, env = "HANSE_BENCH_POSTGRES", value_name = "URL")]
    postgres: Option<String>,
    /// The binary to measure; else the `hanse` beside this program.
    #[arg(long, value_name = "FILE")]
    hanse: Option<PathBuf>,
    /// The binary built with `--cfg hanse_without_vault`: what the vault costs a checkout is measured too (`cargo xtask
    /// bench --vault` builds it).
    #[arg(long, value_name = "FILE")]
    unguarded: Option<PathBuf>,
    /// Where the data lie while measuring; emptied before.
    #[arg(long, default_value = "target/bench", value_name = "FOLDER")]
    folder: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Engines {
    Sqlite,
    Postgres,
    Both,
}

#[derive(Subcommand)]
enum Part {
    /// The bare server, which the bench starts by itself.
    #[command(hide = true)]
    Bare(bare::Start),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = match cli.part {
        Some(Part::Bare(start)) => bare::serve(&start),
        None => measure(&cli.options),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("bench: {why}");
            ExitCode::FAILURE
        }
    }
}

fn measure(options: &Options) -> Result<(), String> {
    let engines: &[prepare::Engine] = match options.engine {
        Engines::Sqlite => &[prepare::Engine::Sqlite],
        Engines::Postgres => &[prepare::Engine::Postgres],
        Engines::Both => &[prepare::Engine::Sqlite, prepare::Engine::Postgres],
    };
    let chosen = scenarios::chosen(&options.only)?;
    let (mut tables, mut failed) = (Vec::new(), Vec::new());
    for (round, products) in options.products.iter().enumerate() {
        let chosen: Vec<_> = chosen.iter().copied().filter(|scenario| round == 0 || !scenario.once).collect();
        for engine in engines {
            let table = measure_on(*engine, *products, options, &chosen, &mut failed)?;
            print!("{}", table.text());
            tables.push(table);
        }
    }
    if let Some(file) = &options.json {
        let json = serde_json::to_string_pretty(&tables).map_err(|error| error.to_string())?;
        std::fs::write(file, json + "\n").map_err(|error| format!("{}: {error}", file.display()))?;
    }
    if failed.is_empty() { Ok(()) } else { Err(failed.join("\n")) }
}

fn measure_on(
    engine: prepare::Engine,
    products: usize,
    options: &Options,
    chosen: &[&scenarios::Scenario],
    failed: &mut Vec<String>,
) -> Result<report::Table, String> {
    let market = prepare::market(engine, products, options)?;
    let binary = options.hanse.as_deref();
    let first = process::Server::hanse(binary, &market.folder, &market.config)?;
    let indexed_in = first.opened_in.as_millis();
    // What is told of a start is the second one, for the first builds the search index.
    drop(first);
    let hanse = process::Server::hanse(binary, &market.folder, &market.config)?;
    let bare = process::Server::bare(&market)?;
    let unguarded = match (&market.unguarded, &options.unguarded) {
        (Some(config), Some(binary)) => Some(process::Server::hanse(Some(binary), &market.folder, config)?),
        _ => None,
    };
    let starts = report::Starts {
        first: indexed_in,
        again: hanse.opened_in.as_millis(),
        first_page: hanse.first_page_in.as_millis(),
    };
    let mut table = report::Table::new(engine.name(), market.products, options, starts, hanse.memory());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string())?;
    let ground = scenarios::Ground {
        market: &market,
        hanse: &hanse,
        bare: &bare,
        unguarded: unguarded.as_ref(),
        connections: options.connections,
        time: Duration::from_secs(options.seconds),
    };
    for scenario in chosen {
        eprintln!("{}: {} …", engine.name(), scenario.name);
        match runtime.block_on((scenario.run)(&ground)) {
            Ok(rows) => table.rows.extend(rows),
            // What the others found is worth telling.
            Err(why) => failed.push(format!("{} on {}: {why}", scenario.name, engine.name())),
        }
    }
    table.ended(hanse.memory(), bare.memory());
    Ok(table)
}
