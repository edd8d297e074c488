//! The other end of every partner, in one process: `hanse sandbox`, and tests.
//!
//! One listener serves the payment platform under `/alipay`, the waybill platform and its couriers under `/logistics`,
//! the text message gateway and its telephones under `/sms`, and an index page. It has keys of its own (`SandboxKeys`),
//! and a book (JSON lines, on disk before anybody is answered) of everything it received and of every state.
//!
//! For an operator it needs no account, and so it must be reachable by nobody else: listen on the loopback address.
//!
//! - `GET /admin/book?after=N&partner=alipay` the book's lines after number N, at most 1,000
//! - `GET /admin/pushes` how much is still to be told, `now` and `later`, as of the book's `line`; `POST /admin/pushes` has
//!   what is for later told now
//! - `GET /admin/faults`, `POST /admin/faults` `{"partner", "kind", "count", "on", "delay_ms"}` (see `faults`)
//! - `GET /admin/faults/possible` every fault that some partner can have
//! - `POST /admin/clock` `{"offset_micros"}` moves the sandbox's clock ahead of the real one
//! - `POST /logistics/admin/advance` `{"waybill_number" or "parcel_ref", "to", "place", "reason"}`, all optional
//! - `GET /sms/messages?phone=…` what arrived there, newest first

mod alipay;
mod book;
mod faults;
mod index;
mod keys;
mod logistics;
mod page;
mod pushes;
mod signed;
mod sms;

pub use keys::{APP_ID, KEY_ID, SELLER_ID, SandboxKeys};
pub use pushes::SCHEDULE;

use crate::{Clock, Partner, SharedSecret};
use axum::Router;
use axum::extract::{Request, State as Held};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use book::{Book, Entry, Side, State};
use faults::{FaultKind, On, strike};
use jiff::{Span, Timestamp, tz::Offset};
use serde::de::DeserializeOwned;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

pub struct SandboxOptions {
    /// Loopback, and port 0 for any free one.
    pub listen: SocketAddr,
    pub keys: PathBuf,
    pub book: PathBuf,
    /// The waits between the attempts of a push; `SCHEDULE` is the real platform's.
    pub push_schedule: Vec<Duration>,
    /// Every parcel moves one step after resting so long, for a demo; `None`: only when pushed.
    pub advance_every: Option<Duration>,
    /// The real clock; the sandbox's may be moved ahead of it.
    pub clock: Clock,
}

impl SandboxOptions {
    /// In `directory`, with the real platform's schedule made 240 times as fast (4 minutes become a second).
    pub fn demo(listen: SocketAddr, directory: &std::path::Path) -> SandboxOptions {
        SandboxOptions {
            listen,
            keys: directory.join("keys"),
            book: directory.join("book.jsonl"),
            push_schedule: SCHEDULE.iter().map(|wait| *wait / 240).collect(),
            advance_every: None,
            clock: Arc::new(|| Timestamp::now().as_microsecond()),
        }
    }
}

/// A sandbox's entry in the list of partners: assessed on the day of `now` (UTC microseconds), for a year.
pub fn demo_partner(name: &str, now: i64) -> Partner {
    let today = Offset::UTC.to_datetime(Timestamp::from_microsecond(now).unwrap_or(Timestamp::UNIX_EPOCH)).date();
    Partner {
        name: name.to_owned(),
        legal_entity: "Hanse sandbox (no company)".to_owned(),
        contact: "sandbox@hanse.example".to_owned(),
        place: "this machine".to_owned(),
        agreement: "sandbox".to_owned(),
        agreement_ends: None,
        assessed: today,
        next_assessment: today.checked_add(Span::new().years(1)).unwrap_or(today),
    }
}

/// What all handlers share.
struct Shared {
    options: SandboxOptions,
    book: Book,
    alipay: alipay::Platform,
    logistics: Secrets,
    sms: SharedSecret,
    /// Rings when a push may have become due.
    push_waits: Notify,
}

struct Secrets {
    calls: SharedSecret,
    push: SharedSecret,
}

impl Shared {
    /// The sandbox's time, in UTC microseconds.
    fn now(&self) -> i64 {
        (self.options.clock)() + self.book.read(|state| state.clock_offset)
    }

    fn write<T>(&self, decide: impl FnOnce(&State, i64) -> (Vec<Entry>, T)) -> io::Result<T> {
        self.book.write((self.options.clock)(), decide)
    }
}

/// A sandbox that runs. Dropping it stops it.
pub struct Running {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    server: Option<JoinHandle<io::Result<()>>>,
    tasks: Vec<JoinHandle<()>>,
}

impl Running {
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:…`
    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Waits until the server ends, which it does only at a fault.
    pub async fn wait(mut self) -> io::Result<()> {
        match self.server.take() {
            Some(server) => server.await.map_err(io::Error::other)?,
            None => Ok(()),
        }
    }

    /// Lets open answers finish, then stops.
    pub async fn stop(mut self) -> io::Result<()> {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        self.wait().await
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// Starts a sandbox within the current tokio runtime.
pub async fn start(options: SandboxOptions) -> io::Result<Running> {
    let keys = SandboxKeys::ensure(&options.keys)?;
    let listener = TcpListener::bind(options.listen).await?;
    let shared = Arc::new(Shared {
        book: Book::open(&options.book)?,
        alipay: alipay::Platform {
            ours: keys.alipay_private()?,
            merchant: keys.merchant_public()?,
            bills: Default::default(),
        },
        logistics: Secrets { calls: keys.logistics_secret(), push: keys.logistics_push_secret() },
        sms: keys.sms_secret(),
        push_waits: Notify::new(),
        options,
    });
    let address = listener.local_addr()?;
    let (stop, stopped) = oneshot::channel();
    let app = routes(shared.clone());
    let server = tokio::spawn(async move {
        // A dropped sender stops it too.
        axum::serve(listener, app).with_graceful_shutdown(async { drop(stopped.await) }).await
    });
    let tasks = vec![tokio::spawn(pushes::deliver(shared.clone())), tokio::spawn(tick(shared))];
    tracing::info!(%address, "the sandbox listens");
    Ok(Running { address, stop: Some(stop), server: Some(server), tasks })
}

/// Runs a sandbox until the process ends.
pub async fn serve(options: SandboxOptions) -> io::Result<()> {
    start(options).await?.wait().await
}

/// What happens by itself: trades run out, and in a demo parcels move.
async fn tick(shared: Arc<Shared>) {
    let mut every = tokio::time::interval(Duration::from_secs(1));
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        let held = shared.clone();
        let written = off(move || {
            held.write(|state, now| {
                let mut entries = alipay::trades::close_late(state, now);
                if let Some(rest) = held.options.advance_every {
                    entries.extend(logistics::step_rested(state, now, rest.as_micros() as i64));
                }
                let any = !entries.is_empty();
                (entries, any)
            })
        })
        .await;
        match written {
            Ok(true) => shared.push_waits.notify_one(),
            Ok(false) => {}
            Err(error) => tracing::error!(%error, "the sandbox's book cannot be written"),
        }
    }
}

fn routes(shared: Arc<Shared>) -> Router {
    Router::new()
        .merge(index::routes())
        .route("/style.css", axum::routing::get(page::style))
        .nest("/alipay", alipay::routes())
        .nest("/logistics", logistics::routes())
        .nest("/sms", sms::routes())
        .layer(middleware::from_fn_with_state(shared.clone(), down))
        .layer(middleware::map_response(harden))
        .with_state(shared)
}

/// Answers 503 while a partner is down: its calls only, so that one still sees its pages.
async fn down(Held(shared): Held<Arc<Shared>>, request: Request, next: Next) -> Response {
    let side = match request.uri().path() {
        "/alipay/gateway.do" => Some(Side::Alipay),
        path if path.starts_with("/logistics/v1/") => Some(Side::Logistics),
        path if path.starts_with("/sms/v1/") => Some(Side::Sms),
        _ => None,
    };
    if let Some(side) = side {
        let struck = off(move || {
            shared.write(|state, _| match strike(state, side, On::Answer, &[FaultKind::Down]) {
                Some((_, used)) => (vec![used], true),
                None => (vec![], false),
            })
        })
        .await;
        if struck.unwrap_or(true) {
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
    }
    next.run(request).await
}

async fn harden(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Runs what blocks (the book's lock and its disk) off the async threads.
async fn off<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(failed) => std::panic::resume_unwind(failed.into_panic()),
    }
}

/// What somebody wishes, as JSON or from a form on a page; and whether it came from a form.
fn wish<T: DeserializeOwned>(headers: &HeaderMap, body: &[u8]) -> Result<(T, bool), NotUnderstood> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let from_form = kind.starts_with("application/x-www-form-urlencoded");
    let read = if from_form {
        let pairs: serde_json::Map<String, serde_json::Value> = form_urlencoded::parse(body)
            .map(|(name, value)| {
                let number = value.parse::<u64>().ok().filter(|_| name == "count" || name == "delay_ms");
                (name.into_owned(), number.map_or_else(|| value.as_ref().into(), Into::into))
            })
            .collect();
        serde_json::from_value(pairs.into())
    } else {
        serde_json::from_slice(if body.is_empty() { b"{}" } else { body })
    };
    read.map(|wish| (wish, from_form)).map_err(|error| NotUnderstood(error.to_string()))
}

/// Why a wish was not understood, for the person who typed it.
struct NotUnderstood(String);

impl IntoResponse for NotUnderstood {
    fn into_response(self) -> Response {
        (StatusCode::UNPROCESSABLE_ENTITY, format!("{}\n", self.0)).into_response()
    }
}
