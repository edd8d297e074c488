//! A seller's program that listens: it keeps what it is sent, and answers as it is told.

#![allow(dead_code)]

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;
use tokio::sync::watch;

/// What came once.
#[derive(Clone, Debug)]
pub struct Got {
    pub id: String,
    pub timestamp: i64,
    pub signature: String,
    pub body: String,
}

impl Got {
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).expect("JSON")
    }
}

struct Shared {
    got: Mutex<Vec<Got>>,
    came: Condvar,
    answer: Mutex<(u16, Vec<(&'static str, &'static str)>)>,
    held: watch::Sender<bool>,
}

pub struct Receiver {
    pub url: String,
    shared: Arc<Shared>,
    _runtime: tokio::runtime::Runtime,
}

async fn take(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> impl IntoResponse {
    let header = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or("").to_owned();
    let got = Got {
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp").parse().unwrap_or(0),
        signature: header("webhook-signature"),
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    assert_eq!(header("content-type"), "application/json");
    shared.got.lock().expect("what came").push(got);
    shared.came.notify_all();
    let mut held = shared.held.subscribe();
    let released = held.wait_for(|held| !held).await.is_ok();
    assert!(released, "the receiver ends");
    let (status, more) = shared.answer.lock().expect("the answer").clone();
    (StatusCode::from_u16(status).expect("a status"), axum::response::AppendHeaders(more))
}

impl Receiver {
    pub fn start() -> Receiver {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let shared = Arc::new(Shared {
            got: Mutex::default(),
            came: Condvar::new(),
            answer: Mutex::new((204, Vec::new())),
            held: watch::Sender::new(false),
        });
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).expect("a port");
        let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
        let routes = Router::new().fallback(take).with_state(shared.clone());
        runtime.spawn(async move { axum::serve(listener, routes).await });
        Receiver { url, shared, _runtime: runtime }
    }

    /// From now on.
    pub fn answers(&self, status: u16) {
        self.answers_with(status, &[]);
    }

    pub fn answers_with(&self, status: u16, headers: &[(&'static str, &'static str)]) {
        *self.shared.answer.lock().expect("the answer") = (status, headers.to_vec());
    }

    /// Keeps everybody waiting for its answer, until told otherwise.
    pub fn holds(&self, held: bool) {
        self.shared.held.send_replace(held);
    }

    pub fn got(&self) -> Vec<Got> {
        self.shared.got.lock().expect("what came").clone()
    }

    /// Waits until so many have come, for at most half a minute.
    pub fn wait_for(&self, count: usize) -> Vec<Got> {
        let got = self.shared.got.lock().expect("what came");
        let (got, ended) = self
            .shared
            .came
            .wait_timeout_while(got, Duration::from_secs(30), |got| got.len() < count)
            .expect("what came");
        assert!(!ended.timed_out(), "waited in vain for {count} messages, {} came: {:?}", got.len(), *got);
        got.clone()
    }
}
