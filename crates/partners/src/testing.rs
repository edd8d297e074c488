//! For this crate's tests: a sandbox that runs, adapters that reach it, a merchant who notes what it is told; and somebody
//! who is no partner and answers once.

use crate::alipay::{Alipay, NOTED};
use crate::http::Http;
use crate::logistics::Logistics;
use crate::sandbox::{Running, SandboxKeys, SandboxOptions, demo_partner, start};
use crate::sms::Sms;
use crate::{Clock, Limits};
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::{Router, routing::post};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// The names in an object, sorted: in which order they came says nothing.
pub fn names(value: &Value) -> Vec<String> {
    let mut names: Vec<String> = value.as_object().unwrap().keys().cloned().collect();
    names.sort();
    names
}

/// When somebody answers.
pub enum When {
    AtOnce,
    /// When whoever asked has hung up; or never would, which the test then sees.
    TooLate,
}

/// Somebody who answers one connection with these bytes: where they listen, and what they heard.
pub fn somebody(answer: impl Into<Vec<u8>>, when: When) -> (String, JoinHandle<Vec<u8>>) {
    let answer = answer.into();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap().to_string();
    let heard = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut heard = vec![0; 4096];
        let n = stream.read(&mut heard).unwrap_or(0);
        if let When::TooLate = when {
            stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
            let _hung_up = stream.read_to_end(&mut Vec::new());
        }
        let _gone = stream.write_all(&answer);
        heard.truncate(n);
        heard
    });
    (at, heard)
}

/// Something that the sandbox told the merchant.
pub struct Told {
    pub headers: HeaderMap,
    pub body: Bytes,
}

#[derive(Clone, Default)]
struct Merchant {
    told: Arc<Mutex<Vec<Told>>>,
    /// How many of the next notifications are answered as if they were not believed.
    deaf: Arc<Mutex<u32>>,
}

pub struct Bench {
    pub alipay: Alipay,
    pub logistics: Logistics,
    pub sms: Sms,
    pub keys: SandboxKeys,
    pub directory: TempDir,
    /// Where the merchant listens.
    pub merchant_url: String,
    merchant: Merchant,
    running: Option<Running>,
    http: Http,
    runtime: Runtime,
}

fn clock() -> Clock {
    Arc::new(|| jiff::Timestamp::now().as_microsecond())
}

fn options(directory: &TempDir) -> SandboxOptions {
    SandboxOptions {
        push_schedule: vec![Duration::from_millis(50); 5],
        ..SandboxOptions::demo("127.0.0.1:0".parse().unwrap(), directory.path())
    }
}

async fn listen(State(merchant): State<Merchant>, headers: HeaderMap, body: Bytes) -> (StatusCode, &'static str) {
    merchant.told.lock().unwrap().push(Told { headers, body });
    let mut deaf = merchant.deaf.lock().unwrap();
    if *deaf > 0 {
        *deaf -= 1;
        return (StatusCode::SERVICE_UNAVAILABLE, "");
    }
    (StatusCode::OK, NOTED)
}

impl Bench {
    pub fn new() -> Bench {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let directory = tempfile::tempdir().unwrap();
        let merchant = Merchant::default();
        let app = Router::new().route("/told", post(listen)).with_state(merchant.clone());
        let (running, merchant_url) = runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let url = format!("http://{}/told", listener.local_addr().unwrap());
            tokio::spawn(async move { axum::serve(listener, app).await });
            (start(options(&directory)).await.unwrap(), url)
        });
        let keys = SandboxKeys::ensure(&directory.path().join("keys")).unwrap();
        let base = running.base();
        let partner = || demo_partner("sandbox", clock()());
        Bench {
            alipay: Alipay::new(keys.alipay_config(&base, &merchant_url, partner()).unwrap(), clock()),
            logistics: Logistics::new(keys.logistics_config(&base, &merchant_url, partner()), clock()),
            sms: Sms::new(keys.sms_config(&base, partner()), jiff::tz::TimeZone::UTC, clock()),
            http: Http::new("test", Limits::default()),
            running: Some(running),
            keys,
            directory,
            merchant_url,
            merchant,
            runtime,
        }
    }

    pub fn base(&self) -> String {
        self.running.as_ref().unwrap().base()
    }

    /// Ends the sandbox and starts it again on its book; adapters made before reach it no more.
    pub fn restart(&mut self) {
        let running = self.running.take().unwrap();
        self.runtime.block_on(running.stop()).unwrap();
        self.running = Some(self.runtime.block_on(start(options(&self.directory))).unwrap());
        let base = self.base();
        let partner = demo_partner("sandbox", clock()());
        self.alipay = Alipay::new(self.keys.alipay_config(&base, &self.merchant_url, partner).unwrap(), clock());
    }

    pub fn fault(&self, fault: Value) {
        let answer = self.post("/admin/faults", "application/json", fault.to_string().as_bytes());
        assert_eq!(answer.0, 200, "{}", answer.1);
    }

    pub fn move_clock(&self, micros: i64) {
        let body = json!({ "offset_micros": micros }).to_string();
        assert_eq!(self.post("/admin/clock", "application/json", body.as_bytes()).0, 200);
    }

    /// Status and body.
    pub fn post(&self, path: &str, kind: &str, body: &[u8]) -> (u16, String) {
        let answer = self.http.post(&format!("{}{path}", self.base()), kind, &[], body).unwrap();
        (answer.status, answer.text().unwrap().to_owned())
    }

    /// Status, body, and where it leads on to.
    pub fn browse(&self, url: &str) -> (u16, String, Option<String>) {
        let url = if url.starts_with('/') { format!("{}{url}", self.base()) } else { url.to_owned() };
        let answer = self.http.get(&url, 1024 * 1024).unwrap();
        (answer.status, answer.text().unwrap().to_owned(), answer.header("location").map(str::to_owned))
    }

    /// The cashier that the address leads a payer to.
    pub fn cashier(&self, address: &str) -> String {
        let (status, _, cashier) = self.browse(address);
        assert_eq!(status, 303, "the gateway leads to the cashier");
        cashier.unwrap()
    }

    /// Acts as the payer there; answers where the browser is sent then.
    pub fn act(&self, cashier: &str, act: &str) -> Option<String> {
        let url = format!("{}{cashier}", self.base());
        let kind = "application/x-www-form-urlencoded";
        let answer = self.http.post(&url, kind, &[], format!("act={act}&payer=0").as_bytes()).unwrap();
        answer.header("location").map(str::to_owned)
    }

    pub fn at_cashier(&self, address: &str, act: &str) -> Option<String> {
        self.act(&self.cashier(address), act)
    }

    /// The merchant answers the next so many notifications as if it were down.
    pub fn be_deaf(&self, times: u32) {
        *self.merchant.deaf.lock().unwrap() = times;
    }

    /// Everything that was told, once it is at least `count` things.
    pub fn told(&self, count: usize) -> Vec<Told> {
        let began = Instant::now();
        loop {
            let mut told = self.merchant.told.lock().unwrap();
            if told.len() >= count {
                return std::mem::take(&mut *told);
            }
            assert!(began.elapsed() < Duration::from_secs(10), "told only {} of {count} things", told.len());
            drop(told);
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits until the sandbox has so much to tell at once, and so much later.
    pub fn is_to_tell(&self, now: u64, later: u64) {
        let began = Instant::now();
        loop {
            let said: Value = serde_json::from_str(&self.browse("/admin/pushes").1).unwrap();
            if (said["now"].as_u64(), said["later"].as_u64()) == (Some(now), Some(later)) {
                return;
            }
            assert!(began.elapsed() < Duration::from_secs(10), "{said}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// The book as it stands on disk.
    pub fn book(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("book.jsonl")).unwrap()
    }
}
