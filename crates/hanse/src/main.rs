//! `hanse`: the marketplace in one binary. Without a command it opens the demo.

#![forbid(unsafe_code)]

use clap::{Args, Parser, Subcommand};
use hanse::config::{Config, KEYS};
use hanse::connect;
use hanse::house;
use hanse::serve::{self, Started};
use policy::documents::lock::Lock;
use policy::{Entered, Typed};
use std::io::{BufRead, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// A B2B wholesale marketplace whose privacy policy is executable.
#[derive(Parser)]
#[command(name = "hanse", version, about, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    open: Open,
}

#[derive(Args, Clone, Default)]
struct Open {
    /// The configuration; `hanse.toml` in this folder if there is one.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// A folder, or postgres://…
    #[arg(long, value_name = "FOLDER|URL")]
    database: Option<String>,
    /// The key store: a folder, or postgres://… of another server.
    #[arg(long, value_name = "FOLDER|URL")]
    keys: Option<String>,
    /// Address and port to listen on.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Allow plain HTTP beyond localhost (tests only).
    #[arg(long)]
    insecure_http: bool,
    /// Do not load the demo into an empty marketplace.
    #[arg(long)]
    no_demo: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Open the marketplace (the default).
    Serve(Open),
    /// Run the sandbox partners alone: payment company, logistics platform, text messages.
    Sandbox {
        #[arg(long, default_value = "127.0.0.1:1689")]
        listen: SocketAddr,
        /// Where its keys and its book lie.
        #[arg(long, default_value = "./hanse-data/sandbox")]
        directory: PathBuf,
        /// Move every parcel one step forward every so many seconds.
        #[arg(long, value_name = "SECONDS")]
        advance_every: Option<u64>,
    },
    /// Staff accounts.
    Staff {
        #[command(subcommand)]
        command: StaffCommand,
    },
    /// The configuration.
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// The privacy policy that this binary runs by.
    Policy {
        #[command(subcommand)]
        command: PolicyCommand,
    },
    /// The access ledger.
    Ledger {
        #[command(subcommand)]
        command: LedgerCommand,
    },
}

#[derive(Subcommand)]
enum StaffCommand {
    /// Add a staff account; the password is read from standard input.
    Add {
        #[command(flatten)]
        open: Open,
        /// The name to sign in with.
        #[arg(long)]
        account: String,
        /// The person's name.
        #[arg(long)]
        name: String,
        /// operator, finance, logistics, privacy, legal, agent, …
        #[arg(long, default_value = "operator")]
        role: String,
    },
}

#[derive(Subcommand)]
enum ConfigCommand {
    /// Explain every key and say what is wrong.
    Check {
        #[command(flatten)]
        open: Open,
    },
}

#[derive(Subcommand)]
enum PolicyCommand {
    /// Compare the map with policy.lock, or write it anew.
    Lock {
        #[arg(long)]
        write: bool,
        #[arg(long, default_value = "policy.lock")]
        file: PathBuf,
        /// The day the edition is published, e.g. 2026-11-24.
        #[arg(long, value_name = "DATE")]
        updated: Option<String>,
        /// The day it takes effect.
        #[arg(long, value_name = "DATE")]
        effective: Option<String>,
    },
}

#[derive(Subcommand)]
enum LedgerCommand {
    /// Walk every chain and check every hash.
    Verify {
        #[command(flatten)]
        open: Open,
    },
}

fn main() -> ExitCode {
    let filter = tracing_subscriber::EnvFilter::try_from_env("HANSE_LOG").unwrap_or_else(|_| "info".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("hanse: {why}");
            ExitCode::FAILURE
        }
    }
}

fn configured(open: &Open) -> Result<Config, String> {
    let mut config = Config::load(open.config.as_deref()).map_err(|e| e.to_string())?;
    if let Some(database) = &open.database {
        config.database.data.clone_from(database);
    }
    if let Some(keys) = &open.keys {
        config.database.keys.clone_from(keys);
    }
    if let Some(listen) = &open.listen {
        config.server.listen.clone_from(listen);
    }
    config.server.insecure_http |= open.insecure_http;
    Ok(config)
}

fn block_on<T>(future: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|e| e.to_string())?;
    runtime.block_on(future)
}

fn run(cli: Cli) -> Result<(), String> {
    match cli.command {
        None => open(&cli.open),
        Some(Command::Serve(flags)) => open(&flags),
        Some(Command::Sandbox { listen, directory, advance_every }) => {
            block_on(connect::sandbox(listen, &directory, advance_every.map(Duration::from_secs)))
        }
        Some(Command::Staff { command: StaffCommand::Add { open, account, name, role } }) => {
            add_staff(&configured(&open)?, &account, &name, &role)
        }
        Some(Command::Config { command: ConfigCommand::Check { open } }) => check_config(&configured(&open)?),
        Some(Command::Policy { command: PolicyCommand::Lock { write, file, updated, effective } }) => {
            policy_lock(write, &file, updated.as_deref(), effective.as_deref())
        }
        Some(Command::Ledger { command: LedgerCommand::Verify { open } }) => {
            println!("{}", serve::verify_ledger(&configured(&open)?)?);
            Ok(())
        }
    }
}

fn open(flags: &Open) -> Result<(), String> {
    let config = configured(flags)?;
    // The demo belongs to a checkout: an operator's marketplace says who answers for it and begins empty.
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../demo");
    let wanted = !flags.no_demo && config.operator.is_demo && directory.is_dir();
    block_on(serve::serve(config, Started { demo: wanted.then_some(directory) }))
}

fn add_staff(config: &Config, account: &str, name: &str, role: &str) -> Result<(), String> {
    let told = |refused: member::Refused| format!("{}: {:?}", refused.field().unwrap_or("staff"), refused);
    let account = member::staff::Account::parse(account).map_err(told)?;
    let role = member::staff::parse_role(role).map_err(told)?;
    let name = Entered::parse(&Typed::new(name)).map_err(|e| format!("--name: {e:?}"))?;
    print!("Password for {}: ", account.as_str());
    std::io::stdout().flush().map_err(|e| e.to_string())?;
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).map_err(|e| e.to_string())?;
    let password =
        Entered::parse(&Typed::new(line.trim_end_matches(['\r', '\n']))).map_err(|e| format!("password: {e:?}"))?;
    let vault = house::open(config)?;
    let by = member::staff::command_line();
    let staff =
        member::staff::enlist_now(&vault, &by, account, name, role, &password).map_err(|failed| failed.to_string())?;
    println!("\nadded as {}", staff.role.id());
    Ok(())
}

fn check_config(config: &Config) -> Result<(), String> {
    for (key, what) in KEYS {
        println!("{key:58} {what}");
    }
    let faults = config.faults();
    if faults.is_empty() {
        println!("\nThis marketplace may open.");
        Ok(())
    } else {
        Err(format!("this marketplace does not open:\n  {}", faults.join("\n  ")))
    }
}

fn policy_lock(write: bool, file: &Path, updated: Option<&str>, effective: Option<&str>) -> Result<(), String> {
    let map = house::map();
    let faults = map.faults();
    if !faults.is_empty() {
        return Err(format!("the map does not pass its rules:\n  {}", faults.join("\n  ")));
    }
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let before = if text.trim().is_empty() { None } else { Some(Lock::parse(&text).map_err(|e| e.to_string())?) };
    let changes = before.as_ref().map(|lock| lock.compare(&map)).unwrap_or_default();
    for change in &changes {
        println!("{} {}", if change.major { "major:" } else { "minor:" }, change.what);
    }
    if !write {
        return match before {
            Some(_) if changes.is_empty() => Ok(()),
            Some(_) => Err("the map differs from policy.lock: a new edition is needed (--write)".into()),
            None => Err("there is no policy.lock yet (--write)".into()),
        };
    }
    let day = |given: Option<&str>, otherwise: Option<String>| -> Result<_, String> {
        let text = given.map(str::to_owned).or(otherwise).ok_or("--updated and --effective: say the days")?;
        text.parse().map_err(|e| format!("{text}: {e}"))
    };
    let updated = day(updated, before.as_ref().map(|lock| lock.updated.to_string()))?;
    let effective = day(effective, before.as_ref().map(|lock| lock.effective.to_string()))?;
    let lock = match &before {
        Some(lock) => lock.next(&map, updated, effective),
        None => Lock::first(&map, updated, effective),
    }
    .map_err(|e| e.to_string())?;
    std::fs::write(file, lock.to_text()).map_err(|e| format!("{}: {e}", file.display()))?;
    println!("edition {}, digest {}", lock.version, lock.digest());
    Ok(())
}
