//! The load: so many connections, each asking again as soon as it is answered, on one thread.

use crate::client::{Answer, Connection};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use hdrhistogram::Histogram;
use memchr::memmem;
use serde::Serialize;
use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

/// What an answer must be to count: anything else ends the measurement.
pub enum Expected {
    /// 200, and this stands in the body: an error page never counts as success.
    Page(&'static str),
    /// 303 to an address that begins so.
    Redirect(&'static str),
}

impl Expected {
    pub fn check(&self, answer: &Answer) -> Result<(), String> {
        let right = match self {
            Expected::Page(marker) => answer.status == 200 && memmem::find(answer.body, marker.as_bytes()).is_some(),
            Expected::Redirect(to) => answer.status == 303 && answer.location.starts_with(to),
        };
        if right {
            return Ok(());
        }
        let text = String::from_utf8_lossy(answer.body);
        let text = text.split_once("<main").map_or(&*text, |(_, main)| main);
        let start: String = text.chars().take(1_500).collect();
        Err(format!("an unexpected answer: {} to {:?}: {start}", answer.status, answer.location))
    }
}

/// Microseconds from the request's first byte to the answer's last.
pub struct Latencies(Histogram<u32>);

impl Default for Latencies {
    fn default() -> Latencies {
        // Up to a minute in three digits; the bounds are constants that the histogram takes.
        Latencies(Histogram::new_with_bounds(1, 60_000_000, 3).expect("good bounds"))
    }
}

/// What was measured, in one run or in several rounds together.
#[derive(Default)]
pub struct Measured {
    latencies: Latencies,
    count: u64,
    elapsed: Duration,
    cpu: Duration,
}

/// Figures for the table.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Figures {
    pub per_second: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    /// Of the server's process for one request, where it was counted: it says what the work costs also on a machine that
    /// does something else at the time. PostgreSQL's own processes are not in it.
    pub cpu_us: f64,
    pub count: u64,
}

impl Measured {
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// One more, which took so long.
    pub fn count(&mut self, took: Duration) {
        self.latencies.0.saturating_record(took.as_micros() as u64);
        self.count += 1;
    }

    /// All of it, from the first request to the last answer.
    pub fn took(&mut self, elapsed: Duration) {
        self.elapsed = elapsed;
    }

    pub fn took_cpu(&mut self, cpu: Duration) {
        self.cpu = cpu;
    }

    pub fn add(&mut self, round: Measured) {
        // Both have the same bounds.
        self.latencies.0.add(&round.latencies.0).expect("histograms of one kind");
        self.count += round.count;
        self.elapsed += round.elapsed;
        self.cpu += round.cpu;
    }

    /// Unless the round was to warm up.
    pub fn add_if(&mut self, counts: bool, round: Measured) {
        if counts {
            self.add(round);
        }
    }

    pub fn figures(&self) -> Figures {
        let at = |quantile| self.latencies.0.value_at_quantile(quantile) as f64 / 1_000.0;
        let per_second = self.count as f64 / self.elapsed.as_secs_f64().max(f64::EPSILON);
        Figures {
            per_second,
            p50_ms: at(0.5),
            p99_ms: at(0.99),
            cpu_us: self.cpu.as_micros() as f64 / self.count.max(1) as f64,
            count: self.count,
        }
    }
}

/// The connections of one measurement.
pub struct Load(Vec<Connection>);

impl Load {
    pub async fn open(port: u16, connections: usize) -> Result<Load, String> {
        let mut open = Vec::with_capacity(connections);
        for _ in 0..connections {
            open.push(Connection::open(port).await.map_err(|error| format!("port {port}: {error}"))?);
        }
        Ok(Load(open))
    }

    /// Sends each request once, as fast as the connections allow.
    pub async fn each(&mut self, requests: &[Vec<u8>], expected: &Expected) -> Result<Measured, String> {
        self.each_seen(requests, expected, |_, _| Ok(())).await
    }

    /// As `each`, and shows every answer with its request's number.
    pub async fn each_seen(
        &mut self,
        requests: &[Vec<u8>],
        expected: &Expected,
        mut seen: impl FnMut(usize, &Answer) -> Result<(), String>,
    ) -> Result<Measured, String> {
        let next = Cell::new(0);
        let take = || {
            let at = next.get();
            next.set(at + 1);
            (at < requests.len()).then_some((at, None))
        };
        self.run(requests, expected, take, &mut seen).await
    }

    /// Goes through the requests again and again for so long.
    pub async fn during(
        &mut self,
        requests: &[Vec<u8>],
        expected: &Expected,
        time: Duration,
    ) -> Result<Measured, String> {
        let (next, until) = (Cell::new(0), Instant::now() + time);
        let take = || {
            let at = next.get();
            next.set(at + 1);
            (Instant::now() < until).then_some((at % requests.len(), None))
        };
        self.run(requests, expected, take, &mut |_, _| Ok(())).await
    }

    /// Sends `rate` requests a second, each at its time whether or not the ones before are answered, as people do who
    /// know nothing of each other. How long one took counts from its time, not from when a connection was free.
    pub async fn paced(
        &mut self,
        requests: &[Vec<u8>],
        expected: &Expected,
        rate: u32,
        time: Duration,
    ) -> Result<Measured, String> {
        let (next, began) = (Cell::new(0u32), Instant::now());
        let all = (time.as_secs_f64() * f64::from(rate)) as u32;
        let take = || {
            let at = next.get();
            next.set(at + 1);
            let due = began + Duration::from_secs_f64(f64::from(at) / f64::from(rate));
            (at < all).then_some((at as usize % requests.len(), Some(due)))
        };
        self.run(requests, expected, take, &mut |_, _| Ok(())).await
    }

    /// `take` gives the number of the next request, and its time if it has one of its own.
    async fn run(
        &mut self,
        requests: &[Vec<u8>],
        expected: &Expected,
        take: impl Fn() -> Option<(usize, Option<Instant>)>,
        seen: &mut impl FnMut(usize, &Answer) -> Result<(), String>,
    ) -> Result<Measured, String> {
        let measured = RefCell::new(Measured::default());
        let (seen, take) = (RefCell::new(seen), &take);
        let began = Instant::now();
        let mut all: FuturesUnordered<_> = self
            .0
            .iter_mut()
            .map(|connection| {
                let (measured, seen) = (&measured, &seen);
                async move {
                    while let Some((at, due)) = take() {
                        if let Some(due) = due {
                            tokio::time::sleep_until(due.into()).await;
                        }
                        let sent = due.unwrap_or_else(Instant::now);
                        let answer = connection.ask(&requests[at]).await.map_err(|error| error.to_string())?;
                        let took = sent.elapsed();
                        expected.check(&answer)?;
                        measured.borrow_mut().count(took);
                        (seen.borrow_mut())(at, &answer)?;
                    }
                    Ok::<_, String>(())
                }
            })
            .collect();
        while let Some(ended) = all.next().await {
            ended?;
        }
        drop(all);
        let mut measured = measured.into_inner();
        measured.took(began.elapsed());
        Ok(measured)
    }
}
