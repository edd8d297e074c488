//! The bare server: an axum handler that takes the form of a checkout and writes the rows that the marketplace writes
//! for it, through Diesel, in the same tables under the same settings, with grouped durable commits. It knows no
//! session, opens no form's seal, seals nothing, prices nothing, keeps no ledger and tells nobody. What the marketplace
//! does besides is what stands between the two.

pub mod driver;
mod tables;
mod write;

use crate::prepare::Good;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Form, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use clap::Args;
use serde::Deserialize;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use write::{Order, What, Work};

/// As many as the marketplace lets wait.
const QUEUE_LENGTH_MAX: usize = 4_096;
/// Format, nonce and tag of a sealed value.
const SEAL: usize = 29;

/// How the bare server is started.
#[derive(Args, Clone, Debug)]
pub struct Start {
    /// A SQLite file, or postgres://…
    #[arg(long)]
    database: String,
    #[arg(long)]
    port: u16,
    /// The goods that carts hold, as JSON.
    #[arg(long)]
    goods: PathBuf,
    /// To PostgreSQL.
    #[arg(long)]
    connections: usize,
}

struct Bare {
    goods: HashMap<String, Good>,
    carts: Mutex<HashMap<String, Vec<Good>>>,
    page: Mutex<Bytes>,
    queue: SyncSender<Work>,
}

/// Serves until it is killed.
pub fn serve(start: &Start) -> Result<(), String> {
    let goods = std::fs::read(&start.goods).map_err(|error| format!("{}: {error}", start.goods.display()))?;
    let goods: Vec<Good> = serde_json::from_slice(&goods).map_err(|error| error.to_string())?;
    let goods = goods.into_iter().map(|good| (good.variant.to_string(), good)).collect();
    let (queue, waiting) = sync_channel(QUEUE_LENGTH_MAX);
    let waiting = Arc::new(Mutex::new(waiting));
    let postgres = start.database.starts_with("postgres");
    for _ in 0..if postgres { start.connections } else { 1 } {
        let (database, waiting) = (start.database.clone(), waiting.clone());
        let write = if postgres { write::on_postgres } else { write::on_sqlite };
        std::thread::spawn(move || {
            if let Err(why) = write(&database, &waiting) {
                eprintln!("the bare server's database: {why}");
                std::process::exit(1);
            }
        });
    }
    let bare = Arc::new(Bare { goods, carts: Mutex::default(), page: Mutex::default(), queue });
    let router = Router::new()
        .route("/checkout", post(checkout))
        .route("/cart", post(fill))
        .route("/page", get(page).post(keep_page))
        .layer(DefaultBodyLimit::max(4 * 1024 * 1024))
        .with_state(bare);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|e| e.to_string())?;
    runtime.block_on(async {
        let listener = TcpListener::bind(("127.0.0.1", start.port)).await.map_err(|error| error.to_string())?;
        println!("the bare server is open at {}", start.port);
        axum::serve(listener, router).await.map_err(|error| error.to_string())
    })
}

/// What the form of a checkout brings; its other fields are passed over.
#[derive(Deserialize)]
struct Checkout {
    once: String,
    total_seen: i64,
    consignee_name: String,
    consignee_phone: String,
    consignee_address: String,
}

#[derive(Deserialize)]
struct Fill {
    variants: String,
}

async fn checkout(State(bare): State<Arc<Bare>>, headers: HeaderMap, Form(form): Form<Checkout>) -> Response {
    let buyer = buyer(&headers);
    let lines = bare.carts.lock().unwrap_or_else(PoisonError::into_inner).remove(&buyer).unwrap_or_default();
    if lines.is_empty() {
        return StatusCode::UNPROCESSABLE_ENTITY.into_response();
    }
    let sealed = |text: &str| [&[0; SEAL], text.as_bytes()].concat();
    let order = Order {
        buyer,
        once: form.once,
        total: form.total_seen,
        lines,
        name: sealed(&form.consignee_name),
        phone: sealed(&form.consignee_phone),
        place: sealed(&form.consignee_address),
    };
    match write(&bare, What::Place(order)).await {
        Ok(Some(id)) => Redirect::to(&format!("/pay/{id}")).into_response(),
        Ok(None) => StatusCode::UNPROCESSABLE_ENTITY.into_response(),
        Err(why) => (StatusCode::INTERNAL_SERVER_ERROR, why).into_response(),
    }
}

async fn fill(State(bare): State<Arc<Bare>>, headers: HeaderMap, Form(form): Form<Fill>) -> Response {
    let member = buyer(&headers);
    let mut lines: Vec<Good> = form.variants.split(' ').filter_map(|id| bare.goods.get(id)).cloned().collect();
    // Stock is taken in one order by all, so that no two wait for each other.
    lines.sort_by(|a, b| (&a.product, &a.variant).cmp(&(&b.product, &b.variant)));
    bare.carts.lock().unwrap_or_else(PoisonError::into_inner).insert(member.clone(), lines.clone());
    match write(&bare, What::Fill { member, lines }).await {
        Ok(_) => Redirect::to("/cart").into_response(),
        Err(why) => (StatusCode::INTERNAL_SERVER_ERROR, why).into_response(),
    }
}

async fn write(bare: &Bare, what: What) -> Result<Option<String>, String> {
    let (answer, answered) = oneshot::channel();
    bare.queue.try_send(Work { what, answer }).map_err(|error| error.to_string())?;
    answered.await.map_err(|error| error.to_string())?
}

fn buyer(headers: &HeaderMap) -> String {
    let cookie = headers.get(header::COOKIE).and_then(|cookie| cookie.to_str().ok()).unwrap_or_default();
    cookie.strip_prefix("buyer=").unwrap_or_default().to_owned()
}

async fn page(State(bare): State<Arc<Bare>>) -> Html<Bytes> {
    Html(bare.page.lock().unwrap_or_else(PoisonError::into_inner).clone())
}

async fn keep_page(State(bare): State<Arc<Bare>>, page: Bytes) {
    *bare.page.lock().unwrap_or_else(PoisonError::into_inner) = page;
}
