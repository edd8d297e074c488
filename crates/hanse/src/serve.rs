//! Starting the marketplace: database and keys, partners, demo, search index, jobs, pages.

use crate::config::Config;
use crate::door::{self, Limits};
use crate::{connect, demo, house};
use axum::Router;
use catalogue::Both;
use db::{Job, JobContext, JobHandler, JobOutcome, Jobs};
use discovery::{Follower, Index, IndexError};
use partners::Clock;
use partners::sms::{Message, Sms, template};
use partners::webhook::{Patience, Reach};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::net::TcpListener;
use trade::hooks::{Hooks, send};
use trade::jobs::{Context, Partners};
use vault::{Vault, ledger};
use web::app::{App, Inner};
use web::csrf::CsrfKey;
use web::{Site, pages};

const INDEX_READINGS: &str = "vault.index_readings";
const SWEEP_MEMBERS: &str = "member.sweep";
const END_TERMS: &str = "rights.end_terms";
const PRUNE_EVENTS: &str = "db.prune_events";
/// Events stay so long after all have passed them: a search index that is away for less goes on where it was.
const EVENTS_KEPT: i64 = 7 * db::clock::DAY;
/// So many processes on one folder of files.
const PROCESSES_MAX: usize = 32;

/// How `hanse serve` was called, beside the configuration.
#[derive(Clone, Debug, Default)]
pub struct Started {
    /// Load the demo into an empty marketplace.
    pub demo: Option<PathBuf>,
}

/// Runs the marketplace until it is told to stop.
pub async fn serve(config: Config, started: Started) -> Result<(), String> {
    let faults = config.faults();
    if !faults.is_empty() {
        return Err(format!("this marketplace does not open:\n  {}", faults.join("\n  ")));
    }
    web::format::set_zone(&config.market.time_zone)?;
    let vault = house::open(&config)?;
    let clock: Clock = {
        let data = vault.data().clone();
        Arc::new(move || data.now())
    };
    let listener =
        TcpListener::bind(&config.server.listen).await.map_err(|e| format!("{}: {e}", config.server.listen))?;
    let at = listener.local_addr().map_err(|e| e.to_string())?;
    let public = public_url(&config, at);
    let callback = format!("http://127.0.0.1:{}", at.port());
    let connected = connect::partners(&config, &clock, &public, &callback).await?;
    let operator = house::operator(&config, connected.entities);
    let map = house::map();
    let faults = policy::documents::faults(&map, &operator);
    if !faults.is_empty() {
        return Err(format!("this marketplace does not open:\n  {}", faults.join("\n  ")));
    }
    let (alipay, logistics, sms) = (connected.alipay, connected.logistics, connected.sms);
    let lock = house::lock();
    let edition = lock.edition();
    let today = day_of(clock());
    if edition.effective > today {
        return Err(format!(
            "edition {} of the policy takes effect on {}: until then run the program of the edition before (0-a.2)",
            edition.version, edition.effective
        ));
    }
    if !config.operator.is_demo {
        demo::refuse(&vault).await?;
    }

    if let Some(directory) = &started.demo {
        println!("Loading the demo …");
        let loaded =
            demo::load(&vault, directory, i64::from(edition.version)).await.map_err(|e| format!("the demo: {e}"))?;
        println!("The demo has {} goods of {} sellers.", loaded.products, loaded.shops);
    }
    let index = Arc::new(own_index(&house::files_folder(&config))?);
    let (data, caught) = (vault.data().clone(), index.clone());
    tokio::task::spawn_blocking(move || discovery::catch_up(&data, &caught).map_err(|e| e.to_string()))
        .await
        .map_err(|e| e.to_string())??;
    let follower = Follower::start(vault.data().clone(), index.clone());
    let terms = house::terms(&config.market);
    let partners = Partners { alipay: alipay.clone(), logistics: logistics.clone() };
    // A demonstration's programs stand beside it on this machine.
    let reach = if config.operator.is_demo { Reach::PublicAndHere } else { Reach::Public };
    let hooks = Hooks::open(&vault, reach, Patience::default()).await.map_err(|e| e.to_string())?;
    let jobs = start_jobs(&vault, &sms, &terms, partners, &hooks, config.market.payout_every_hours * db::clock::HOUR)?;
    let telling = trade::hooks::follow::Follower::start(vault.data().clone());

    let site = Site {
        name: "Hanse".into(),
        operator: Both::new(&config.operator.company, &config.operator.company_zh),
        contact: config.operator.service_email.clone(),
        origin: public.clone(),
        cashiers: vec![connected.cashier],
        insecure_http: config.server.insecure_http,
    };
    let app = App::new(Inner {
        vault: vault.clone(),
        index,
        terms,
        alipay,
        logistics,
        sms,
        hooks,
        arrivals: web::Arrivals::default(),
        site: site.clone(),
        operator,
        map,
        edition,
        policy_digest: lock.digest(),
        trust_forwarded: config.server.trust_forwarded,
    });
    let forms = vault.keys().house_key("web.forms").await.map_err(|e| e.to_string())?;
    let programs = api::plain(&app, config.server.api_requests_per_minute);
    let (people, machines) = (pages::pages(&app).merge(api::pages(&app)), pages::plain(&app).merge(programs));
    let router: Router = web::frame::shell(site, CsrfKey::new(&forms), people, machines)?;
    say_hello(&public, connected.sandbox.as_ref().map(|sandbox| sandbox.base.as_str()), started.demo.is_some());
    let limits = Limits { one_address: !config.server.trust_forwarded, ..Limits::default() };
    door::open(listener, router, limits, told_to_stop()).await;
    tokio::task::spawn_blocking(move || {
        telling.stop();
        jobs.stop();
        follower.stop();
    })
    .await
    .map_err(|e| e.to_string())?;
    if let Some(sandbox) = connected.sandbox {
        sandbox.stop().await;
    }
    drop(app);
    vault.data().clone().close();
    Ok(())
}

/// The search index of this process: each has one of its own, also where several share a folder of files.
fn own_index(files: &Path) -> Result<Index, String> {
    for folder in index_folders(files) {
        match Index::open(&folder) {
            Err(IndexError::InUse) => {}
            opened => return opened.map_err(|e| e.to_string()),
        }
    }
    Err(format!("{}: {PROCESSES_MAX} processes have their search indexes here already", files.display()))
}

/// Where the processes that share a folder of files have their indexes, in the order in which they take them.
pub(crate) fn index_folders(files: &Path) -> impl Iterator<Item = PathBuf> {
    let name = |number: usize| if number == 1 { "search".to_owned() } else { format!("search-{number}") };
    (1..=PROCESSES_MAX).map(move |number| files.join(name(number)))
}

/// `hanse search rebuild`: every process's index on this folder of files.
pub fn rebuild_search(config: &Config) -> Result<String, String> {
    let vault = house::open(config)?;
    let mut said = Vec::new();
    for (number, folder) in index_folders(&house::files_folder(config)).enumerate() {
        if number > 0 && !folder.is_dir() {
            continue;
        }
        let goods = discovery::rebuild(vault.data(), &folder)
            .map_err(|error| format!("{}: {error}; try again in a moment", folder.display()))?;
        said.push(format!("{}: built anew with {goods} goods", folder.display()));
    }
    Ok(said.join("\n"))
}

/// The day in UTC.
fn day_of(micros: i64) -> jiff::civil::Date {
    let at = jiff::Timestamp::from_microsecond(micros).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    jiff::tz::Offset::UTC.to_datetime(at).date()
}

fn say_hello(public: &str, sandbox: Option<&str>, with_demo: bool) {
    println!("\n  Hanse is open at {public}\n");
    if with_demo {
        println!("  buyer     {}     password {}", demo::BUYER, demo::PASSWORD);
        println!("  sellers   {}, {}  password {}", demo::seller_name(0), demo::seller_name(1), demo::PASSWORD);
        println!("  operator  {}  at {public}/console/sign-in  password {}", demo::OPERATOR, demo::PASSWORD);
    }
    if let Some(sandbox) = sandbox {
        println!("\n  Sandbox partners at {sandbox}");
        println!("  The sandbox telephone shows its text messages at {sandbox}/sms/telephone");
        println!("  Move parcels forward at {sandbox}/logistics/admin\n");
    }
}

/// The configured address; on localhost the port that we really got.
fn public_url(config: &Config, at: SocketAddr) -> String {
    let configured = &config.server.public_url;
    if *configured == crate::config::Server::default().public_url {
        format!("http://localhost:{}", at.port())
    } else {
        configured.clone()
    }
}

async fn told_to_stop() {
    let interrupted = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        let terminated = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
        if let Ok(mut terminated) = terminated {
            tokio::select! { _ = interrupted => {}, _ = terminated.recv() => {} }
            return;
        }
    }
    let _asked = interrupted.await;
}

/// What the background work of the house needs.
struct Home {
    vault: Vault,
    sms: Arc<Sms>,
}

fn start_jobs(
    vault: &Vault,
    sms: &Arc<Sms>,
    terms: &trade::Terms,
    partners: Partners,
    hooks: &Hooks,
    payout_every: i64,
) -> Result<AllJobs, String> {
    let trade_context = Context { vault: vault.clone(), partners, terms: terms.clone() };
    let handlers = trade::jobs::handlers(payout_every);
    let trade = Jobs::start(vault.data().clone(), handlers, Arc::new(trade_context), 2).map_err(|e| e.to_string())?;
    let house = vec![
        JobHandler { kind: INDEX_READINGS, run: index_readings, every: Some(10 * db::clock::SECOND) },
        JobHandler { kind: SWEEP_MEMBERS, run: sweep_members, every: Some(10 * db::clock::MINUTE) },
        JobHandler { kind: END_TERMS, run: end_terms, every: Some(6 * db::clock::HOUR) },
        JobHandler { kind: member::device::TELL, run: tell_of_device, every: None },
        JobHandler { kind: PRUNE_EVENTS, run: prune_events, every: Some(6 * db::clock::HOUR) },
    ];
    let home = Home { vault: vault.clone(), sms: sms.clone() };
    let house = Jobs::start(vault.data().clone(), house, Arc::new(home), 1).map_err(|e| e.to_string())?;
    // By itself: a large import keeps nothing else waiting.
    let bulk = Jobs::start(vault.data().clone(), catalogue::bulk::HANDLERS.to_vec(), Arc::new(()), 1)
        .map_err(|e| e.to_string())?;
    // By themselves too: what sellers' programs take their time for keeps no refund and no waybill waiting.
    let hooks = Jobs::start(vault.data().clone(), send::HANDLERS.to_vec(), Arc::new(hooks.clone()), send::THREADS)
        .map_err(|e| e.to_string())?;
    Ok(AllJobs { trade, house, bulk, hooks })
}

struct AllJobs {
    trade: Jobs,
    house: Jobs,
    bulk: Jobs,
    hooks: Jobs,
}

impl AllJobs {
    fn stop(self) {
        self.trade.stop();
        self.house.stop();
        self.bulk.stop();
        self.hooks.stop();
    }
}

/// Takes new blocks of the ledger into the index by person.
fn index_readings(ctx: &JobContext, _job: &Job) -> JobOutcome {
    for _ in 0..200 {
        match ctx.db.write_now(|tx| ledger::index_some::<()>(tx, 200)) {
            Ok(true) => {}
            Ok(false) => return JobOutcome::Done,
            Err(failed) => return JobOutcome::Retry(failed.to_string()),
        }
    }
    JobOutcome::Done
}

fn sweep_members(ctx: &JobContext, _job: &Job) -> JobOutcome {
    member::run_sweep(&ctx.get::<Home>().vault)
}

/// Sends a member the text message of a sign-in on a new device.
fn tell_of_device(ctx: &JobContext, job: &Job) -> JobOutcome {
    let home = ctx.get::<Home>();
    let warning = match member::device::warning(&home.vault, &job.body) {
        Ok(Some(warning)) => warning,
        Ok(None) => return JobOutcome::Done,
        Err(failed) => return JobOutcome::Retry(failed.to_string()),
    };
    let message = Message {
        message_id: warning.id.to_string(),
        to: warning.phone,
        template: template::SIGN_IN_WARNING,
        language: warning.language,
        code: None,
        at: Some(warning.at),
        values: Vec::new(),
    };
    match home.sms.send(&message) {
        Ok(()) => JobOutcome::Done,
        Err(error) => JobOutcome::Retry(error.to_string()),
    }
}

/// 5.1-a: what has served its purpose goes.
fn end_terms(ctx: &JobContext, _job: &Job) -> JobOutcome {
    match rights::retention::run(&ctx.get::<Home>().vault, &house::parts()) {
        Ok(ended) => {
            for of in ended {
                tracing::info!(table = of.table, rows = of.rows, "terms ended");
            }
            JobOutcome::Done
        }
        Err(failed) => JobOutcome::Retry(failed.to_string()),
    }
}

/// What everybody has acted on goes, some at a time.
fn prune_events(ctx: &JobContext, _job: &Job) -> JobOutcome {
    let mut all = 0;
    loop {
        match ctx.db.write_now::<_, Infallible>(|tx| Ok(db::outbox::prune(tx.db, tx.now - EVENTS_KEPT)?)) {
            Ok(0) if all == 0 => return JobOutcome::Done,
            Ok(0) => {
                tracing::info!(events = all, "old events are gone");
                return JobOutcome::Done;
            }
            Ok(events) => all += events,
            Err(failed) => return JobOutcome::Retry(failed.to_string()),
        }
    }
}
