//! Starting the marketplace: database and keys, partners, demo, search index, jobs, pages.

use crate::config::Config;
use crate::{demo, house};
use axum::Router;
use db::{Job, JobContext, JobHandler, JobOutcome, Jobs, Stop};
use discovery::{Follower, Index};
use partners::alipay::Alipay;
use partners::logistics::Logistics;
use partners::sandbox::{SandboxKeys, SandboxOptions, demo_partner};
use partners::sms::Sms;
use partners::{Clock, Partner};
use policy::documents::{OwnWords, PartnerEntity};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use trade::jobs::{Context, Partners};
use vault::{Vault, ledger};
use web::app::{App, Inner};
use web::csrf::CsrfKey;
use web::{Site, pages};

const INDEX_READINGS: &str = "vault.index_readings";
const SWEEP_MEMBERS: &str = "member.sweep";

/// The sandbox's process, stopped with the marketplace.
struct Sandbox {
    child: tokio::process::Child,
    base: String,
    keys: SandboxKeys,
}

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
    let sandbox = start_sandbox(&config).await?;
    let partner = |name: &str| demo_partner(name, clock());
    let (alipay_config, logistics_config, sms_config) = (
        sandbox
            .keys
            .alipay_config(&sandbox.base, &format!("{callback}/hooks/alipay"), partner("Alipay"))
            .map_err(|e| e.to_string())?,
        sandbox.keys.logistics_config(
            &sandbox.base,
            &format!("{callback}/hooks/tracking"),
            partner("Logistics platform"),
        ),
        sandbox.keys.sms_config(&sandbox.base, partner("Text messages")),
    );
    let entities = entities(
        &config,
        &[
            ("PaymentProvider", &alipay_config.partner),
            ("LogisticsPlatform", &logistics_config.partner),
            ("Courier", &logistics_config.partner),
            ("SmsGateway", &sms_config.partner),
        ],
    );
    let alipay = Arc::new(Alipay::new(alipay_config, clock.clone()));
    let logistics = Arc::new(Logistics::new(logistics_config, clock.clone()));
    let sms = Arc::new(Sms::new(sms_config, clock.clone()));
    let lock = house::lock();
    let edition = lock.edition();

    if let Some(directory) = &started.demo {
        println!("Loading the demo …");
        let loaded =
            demo::load(&vault, directory, i64::from(edition.version)).await.map_err(|e| format!("the demo: {e}"))?;
        println!("The demo has {} goods of {} sellers.", loaded.products, loaded.shops);
    }
    let index = Arc::new(Index::open(&house::files_folder(&config).join("search")).map_err(|e| e.to_string())?);
    let (data, caught) = (vault.data().clone(), index.clone());
    tokio::task::spawn_blocking(move || discovery::catch_up(&data, &caught).map_err(|e| e.to_string()))
        .await
        .map_err(|e| e.to_string())??;
    let follower = Follower::start(vault.data().clone(), index.clone());
    let terms = house::terms(&config.market);
    let jobs = start_jobs(&vault, &terms, Partners { alipay: alipay.clone(), logistics: logistics.clone() })?;

    let site = Site {
        name: "Hanse".into(),
        operator: config.operator.company.clone(),
        contact: config.operator.service_email.clone(),
        origin: public.clone(),
        cashiers: vec![sandbox.base.clone()],
        insecure_http: config.server.insecure_http,
    };
    let app = App::new(Inner {
        vault: vault.clone(),
        index,
        terms,
        alipay,
        logistics,
        sms,
        site: site.clone(),
        operator: house::operator(&config, entities),
        map: house::map(),
        edition,
        policy_digest: lock.digest(),
        trust_forwarded: config.server.trust_forwarded,
    });
    let router: Router = web::frame::shell(site, CsrfKey::random(), pages::pages(&app), pages::plain(&app))?;
    say_hello(&public, &sandbox.base, started.demo.is_some());
    axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>())
        .with_graceful_shutdown(told_to_stop())
        .await
        .map_err(|e| e.to_string())?;
    tokio::task::spawn_blocking(move || {
        jobs.stop();
        follower.stop();
    })
    .await
    .map_err(|e| e.to_string())?;
    let mut sandbox = sandbox;
    let _gone = sandbox.child.kill().await;
    drop(app);
    vault.data().clone().close();
    Ok(())
}

fn say_hello(public: &str, sandbox: &str, with_demo: bool) {
    println!("\n  Hanse is open at {public}\n");
    if with_demo {
        println!("  buyer     {}     password {}", demo::BUYER, demo::PASSWORD);
        println!("  sellers   {}, {}  password {}", demo::seller_name(0), demo::seller_name(1), demo::PASSWORD);
        println!("  operator  {}  at {public}/console/sign-in  password {}", demo::OPERATOR, demo::PASSWORD);
    }
    println!("\n  Sandbox partners at {sandbox}");
    println!("  The sandbox telephone shows its text messages at {sandbox}/sms/telephone");
    println!("  Move parcels forward at {sandbox}/logistics/admin\n");
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

/// Starts the sandbox as a process of its own, with keys and a book of its own, and waits until it answers.
async fn start_sandbox(config: &Config) -> Result<Sandbox, String> {
    let folder = house::files_folder(config).join("sandbox");
    std::fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let listen = config.partners.sandbox_listen.clone().unwrap_or_else(|| "127.0.0.1:1689".into());
    let address: SocketAddr = match listen.parse() {
        Ok(address) => address,
        Err(_) => return Err(format!("partners.sandbox_listen: {listen} is no address with a port")),
    };
    let keys = SandboxKeys::ensure(&folder.join("keys")).map_err(|e| e.to_string())?;
    let me = std::env::current_exe().map_err(|e| e.to_string())?;
    let port = if address.port() == 0 { free_port(address)? } else { address.port() };
    let address = SocketAddr::new(address.ip(), port);
    let child = tokio::process::Command::new(me)
        .args(["sandbox", "--listen", &address.to_string(), "--directory"])
        .arg(&folder)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|e| format!("the sandbox: {e}"))?;
    for _ in 0..200 {
        if tokio::net::TcpStream::connect(address).await.is_ok() {
            return Ok(Sandbox { child, base: format!("http://{address}"), keys });
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    Err(format!("the sandbox does not answer at {address}"))
}

fn free_port(address: SocketAddr) -> Result<u16, String> {
    let listener = std::net::TcpListener::bind(address).map_err(|e| e.to_string())?;
    listener.local_addr().map(|a| a.port()).map_err(|e| e.to_string())
}

/// `hanse sandbox`
pub async fn sandbox(listen: SocketAddr, directory: &Path, advance_every: Option<Duration>) -> Result<(), String> {
    let options = SandboxOptions { advance_every, ..SandboxOptions::demo(listen, directory) };
    partners::sandbox::serve(options).await.map_err(|e| e.to_string())
}

/// The partners as the list prints them; the sandbox stands in the operator's country.
fn entities(config: &Config, partners: &[(&str, &Partner)]) -> Vec<PartnerEntity> {
    partners
        .iter()
        .map(|(recipient, partner)| PartnerEntity {
            recipient: (*recipient).to_owned(),
            legal_name: OwnWords::same(&partner.legal_entity),
            contact: OwnWords::same(&partner.contact),
            place: OwnWords::new(
                format!("{} ({})", config.operator.country, partner.place),
                format!("{}({})", config.operator.country_zh, partner.place),
            ),
            agreement: partner.agreement.clone(),
            assessed_on: partner.assessed,
            next_assessment: partner.next_assessment,
        })
        .collect()
}

/// What the background work of the house needs.
struct Home {
    vault: Vault,
}

fn start_jobs(vault: &Vault, terms: &trade::Terms, partners: Partners) -> Result<AllJobs, String> {
    let trade_context = Context { vault: vault.clone(), partners, terms: terms.clone() };
    let trade = Jobs::start(vault.data().clone(), trade::jobs::HANDLERS.to_vec(), Arc::new(trade_context), 2)
        .map_err(|e| e.to_string())?;
    let house = vec![
        JobHandler { kind: INDEX_READINGS, run: index_readings, every: Some(10 * db::clock::SECOND) },
        JobHandler { kind: SWEEP_MEMBERS, run: sweep_members, every: Some(10 * db::clock::MINUTE) },
    ];
    let house = Jobs::start(vault.data().clone(), house, Arc::new(Home { vault: vault.clone() }), 1)
        .map_err(|e| e.to_string())?;
    Ok(AllJobs { trade, house })
}

struct AllJobs {
    trade: Jobs,
    house: Jobs,
}

impl AllJobs {
    fn stop(self) {
        self.trade.stop();
        self.house.stop();
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

/// `hanse ledger verify`
pub fn verify_ledger(config: &Config) -> Result<String, String> {
    let vault = house::open(config)?;
    let verified = vault
        .data()
        .read_now(|r| db::ledger::verify(r.db).map_err(|broken| Stop::<String>::Refused(broken.to_string())))
        .map_err(|failed| failed.to_string())?;
    Ok(format!("{} chains, {} blocks: every hash holds", verified.chains, verified.blocks))
}
