//! `hanse`: the marketplace in one binary. Without a command it opens the demo.

#![forbid(unsafe_code)]

use clap::{Args, Parser, Subcommand};
use db::{Failed, Id, Stop, Tx};
use hanse::config::{Config, KEYS};
use hanse::connect;
use hanse::house;
use hanse::serve::{self, Started};
use hanse::verify;
use member::Refused;
use member::staff::Account;
use policy::documents::lock::Lock;
use policy::fields::PasswordHash;
use policy::{Entered, Role, Typed};
use std::io::{BufRead, IsTerminal};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use vault::Vault;

/// Also of what is written in C: SQLite, libpq and OpenSSL ask it for memory too. An order takes a sixth less than with
/// the system's own, and more of what an import took is given back.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

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
    /// Do not load the demo.
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
        #[arg(long, default_value = "./hanse-sandbox")]
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
    /// The key store: copies, and keys that are changed for new ones. All but `restore` run beside a marketplace that
    /// is open.
    Keys {
        #[command(subcommand)]
        command: KeysCommand,
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
    /// Check that what is stored agrees with itself: the access ledger, events, orders, money, stock, the search index.
    Verify {
        #[command(flatten)]
        open: Open,
    },
    /// The search index.
    Search {
        #[command(subcommand)]
        command: SearchCommand,
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
    /// Give an account another role; it has to sign in again.
    Role {
        #[command(flatten)]
        open: Open,
        #[arg(long)]
        account: String,
        #[arg(long)]
        role: String,
    },
    /// Give an account another password, read from standard input; it has to sign in again.
    Password {
        #[command(flatten)]
        open: Open,
        #[arg(long)]
        account: String,
    },
    /// End an account: it opens nothing from then on.
    End {
        #[command(flatten)]
        open: Open,
        #[arg(long)]
        account: String,
    },
    /// Show the accounts.
    List {
        #[command(flatten)]
        open: Open,
    },
}

#[derive(Subcommand)]
enum KeysCommand {
    /// Write a copy of the key store into a new folder, and verify it. The epoch's key is not in it.
    Copy {
        #[command(flatten)]
        open: Open,
        folder: PathBuf,
    },
    /// Fill an empty key store from a copy. One that is older than the data is refused.
    Restore {
        #[command(flatten)]
        open: Open,
        folder: PathBuf,
    },
    /// End the epoch: wrap every key anew, verify a fresh copy, destroy the old epoch's key. Killed, call it again.
    RenewEpoch {
        #[command(flatten)]
        open: Open,
        /// The new folder for the copy.
        #[arg(long, value_name = "FOLDER")]
        copy: PathBuf,
    },
    /// Give the indexes over names and telephones new keys. Killed, call it again.
    RenewIndex {
        #[command(flatten)]
        open: Open,
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
enum SearchCommand {
    /// Build the index anew beside the one that is searched. An open marketplace of this version goes over to it within
    /// a second; before an update, the new program builds what it will search while the old one is open. Killed, it
    /// leaves the old index as it was: call it again.
    Rebuild {
        #[command(flatten)]
        open: Open,
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
        Some(Command::Staff { command }) => staff(command),
        Some(Command::Keys { command }) => keys(command),
        Some(Command::Config { command: ConfigCommand::Check { open } }) => check_config(&configured(&open)?),
        Some(Command::Policy { command: PolicyCommand::Lock { write, file, updated, effective } }) => {
            policy_lock(write, &file, updated.as_deref(), effective.as_deref())
        }
        Some(Command::Search { command: SearchCommand::Rebuild { open } }) => {
            println!("{}", serve::rebuild_search(&configured(&open)?)?);
            Ok(())
        }
        Some(Command::Ledger { command: LedgerCommand::Verify { open } }) => {
            let vault = house::open(&configured(&open)?)?;
            println!("{}", verify::ledger(&vault).map_err(|failed| failed.to_string())?);
            Ok(())
        }
        Some(Command::Verify { open }) => verify(&configured(&open)?),
    }
}

fn open(flags: &Open) -> Result<(), String> {
    let config = configured(flags)?;
    // The demo belongs to a checkout: an operator's marketplace says who answers for it and begins empty.
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../demo");
    let wanted = !flags.no_demo && config.operator.is_demo && directory.is_dir();
    block_on(serve::serve(config, Started { demo: wanted.then_some(directory) }))
}

fn verify(config: &Config) -> Result<(), String> {
    let verified = verify::everything(config)?;
    for holds in &verified.holds {
        println!("{holds}");
    }
    if verified.faults.is_empty() {
        return Ok(());
    }
    Err(format!("what is stored does not agree with itself:\n  {}", verified.faults.join("\n  ")))
}

fn staff(command: StaffCommand) -> Result<(), String> {
    match command {
        StaffCommand::Add { open, account, name, role } => {
            let (account, role) = (account_of(&account)?, role_of(&role)?);
            let name = Entered::parse(&Typed::new(&name)).map_err(|e| format!("--name: {e:?}"))?;
            let vault = house::open(&configured(&open)?)?;
            let password = ask_password(account.as_str())?;
            let by = member::staff::command_line();
            let added = member::staff::enlist_now(&vault, &by, account, name, role, &password);
            println!("added as {}", added.map_err(|failed| failed.to_string())?.role.id());
        }
        StaffCommand::Role { open, account, role } => {
            let role = role_of(&role)?;
            change_staff(&open, account_of(&account)?, move |tx, id| member::staff::change_role(tx, id, role))?;
            println!("{account} acts as {} from the next sign-in on", role.id());
        }
        StaffCommand::Password { open, account } => {
            let whose = account_of(&account)?;
            let password = ask_password(&account)?;
            let resists = member::staff::must_resist_for(&whose, &password);
            resists.map_err(|refused| Failed::Refused(refused).to_string())?;
            let hashed = member::password::hash_now(&password);
            change_staff(&open, whose, move |tx, id| member::staff::set_password(tx, id, &hashed))?;
            println!("{account} signs in with the new password");
        }
        StaffCommand::End { open, account } => {
            change_staff(&open, account_of(&account)?, member::staff::end)?;
            println!("{account} has ended");
        }
        StaffCommand::List { open } => list_staff(&house::open(&configured(&open)?)?)?,
    }
    Ok(())
}

fn account_of(text: &str) -> Result<Account, String> {
    Account::parse(text).map_err(|_| "--account: 3 to 40 of a–z, 0–9, dot, hyphen and underscore".to_owned())
}

fn role_of(text: &str) -> Result<Role, String> {
    member::staff::parse_role(text).map_err(|_| {
        let roles: Vec<_> = member::staff::ROLES.iter().map(|role| role.id()).collect();
        format!("--role: one of {}", roles.join(", "))
    })
}

fn change_staff(
    open: &Open,
    account: Account,
    change: impl Fn(&mut Tx, &Id) -> Result<(), Stop<Refused>> + Send + 'static,
) -> Result<(), String> {
    let vault = house::open(&configured(open)?)?;
    let done = vault.data().write_now(move |tx| {
        let id = member::staff::by_account(tx, &account)?;
        change(tx, &id)
    });
    done.map_err(|failed| match failed {
        Failed::Refused(Refused::NoSuchAccount) => "--account: there is no such account, or it has ended".to_owned(),
        other => other.to_string(),
    })
}

/// The names of staff are theirs: accounts and roles are enough here.
fn list_staff(vault: &Vault) -> Result<(), String> {
    let by = member::staff::command_line();
    let access = vault.access_now(&by, &[]).map_err(|e| e.to_string())?;
    let listed = vault.data().read_now(move |r| member::staff::list::<Refused>(r, &access));
    for staff in listed.map_err(|failed| failed.to_string())? {
        let role = staff.role.map_or("(unknown role)", |role| role.id());
        println!("{:40} {role}{}", staff.account, if staff.ended_at.is_some() { "  ended" } else { "" });
    }
    Ok(())
}

/// Twice and unseen at a terminal; one line from anything else.
fn ask_password(account: &str) -> Result<Entered<PasswordHash>, String> {
    let read = |prompt: String| -> Result<Typed, String> {
        if std::io::stdin().is_terminal() {
            return rpassword::prompt_password(prompt).map(|line| Typed::new(&line)).map_err(|e| e.to_string());
        }
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line).map_err(|e| e.to_string())?;
        Ok(Typed::new(line.trim_end_matches(['\r', '\n'])))
    };
    let password = read(format!("Password for {account}: "))?;
    if std::io::stdin().is_terminal() && read("Once more: ".to_owned())?.echo() != password.echo() {
        return Err("the two are not the same".to_owned());
    }
    Entered::parse(&password).map_err(|e| format!("password: {e:?}"))
}

fn keys(command: KeysCommand) -> Result<(), String> {
    let said = |copied: vault::keys::Copied, folder: &Path| {
        let epochs: Vec<String> = copied.epochs.iter().map(|n| format!("epoch-{n}.key")).collect();
        println!(
            "{}: {} keys, {} marks, generation {}",
            folder.display(),
            copied.keys,
            copied.marks,
            copied.generation
        );
        println!("SHA-256 over all rows: {}", copied.digest);
        println!("It opens with {}, which is not in it: keep that apart.", epochs.join(" and "));
    };
    match command {
        KeysCommand::Copy { open, folder } => {
            let vault = house::open(&configured(&open)?)?;
            said(vault.keys().copy(&folder).map_err(|e| e.to_string())?, &folder);
        }
        KeysCommand::Restore { open, folder } => {
            let (data, keys) = house::databases(&configured(&open)?)?;
            said(vault::keys::restore(&folder, &keys, &data).map_err(|e| e.to_string())?, &folder);
        }
        KeysCommand::RenewEpoch { open, copy } => {
            let vault = house::open(&configured(&open)?)?;
            let mut due = 0;
            let mut told = |wrapped: u64| {
                if wrapped >= due {
                    eprintln!("{wrapped} keys wrapped anew …");
                    due = wrapped + 30_000;
                }
            };
            let renewed = vault.keys().renew_epoch(&copy, &mut told).map_err(|e| e.to_string())?;
            println!(
                "epoch {} has begun; {} keys were wrapped anew, the old key is destroyed",
                renewed.epoch, renewed.wrapped
            );
        }
        KeysCommand::RenewIndex { open } => {
            let vault = house::open(&configured(&open)?)?;
            let mut due = 1;
            let mut told = |members: u64| {
                if members >= due {
                    eprintln!("{members} members …");
                    due = members + 1_000;
                }
            };
            let work = async { member::index::renew(&vault, &mut told).await.map_err(|failed| failed.to_string()) };
            let renewed = block_on(work)?;
            println!("{} members are found by new keys", renewed.members);
            if renewed.left > 0 {
                println!(
                    "{} marks stay under the old keys: of members whose data are restricted. Call this again when they are not.",
                    renewed.left
                );
            }
        }
    }
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
