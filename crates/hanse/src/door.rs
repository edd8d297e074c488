//! The door: how many may stand in it, and how long each may keep it open. A client that sends its request a byte at a
//! time, never sends its form's end, or never takes its page, costs a place for seconds and nobody else a page.
//!
//! Times are those of patience with one person on a bad line; who needs longer asks again. HTTP is hyper's.

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::serve::Listener;
use futures_util::{StreamExt, stream};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{Instant, Sleep};
use tower::ServiceExt;

/// For a request's head, from the first moment that one may come: so long an unused connection stays open too. A
/// browser's next click is mostly within it, and a head is one packet.
const HEAD_MAX: Duration = Duration::from_secs(15);
/// Between two pieces of a body.
const BODY_STILL_MAX: Duration = Duration::from_secs(10);
/// For a body, beside what its bytes take at the slowest pace: else a byte every nine seconds keeps a form open for days.
const BODY_MAX: Duration = Duration::from_secs(20);
/// The slowest pace of a body, in bytes a second: below any line that people have, so that a seller's archive of
/// pictures may take its hour.
const BODY_PACE_MIN: u64 = 4 * 1024;
/// For a client to take something of what it asked for.
const UNREAD_MAX: Duration = Duration::from_secs(20);
/// For who still writes when the answer has gone out, in all and between two pieces. Closed at once, with something
/// unread, the system would throw the answer away with it, and an upload that was refused in a sentence would end as a
/// broken connection.
const LINGER_MAX: Duration = Duration::from_secs(30);
const LINGER_STILL_MAX: Duration = Duration::from_secs(2);
/// For requests in hand when the marketplace is told to stop; what starts programs mostly kills after ten.
const STOP_MAX: Duration = Duration::from_secs(8);
/// A head: cookies, a long search and what proxies add are a tenth of it.
const HEAD_BYTES_MAX: usize = 32 * 1024;
/// What is kept of a head that has not ended, and of an answer that is not taken yet.
const BUFFER_BYTES_MAX: usize = 2 * HEAD_BYTES_MAX;
/// Connections in all: a thousand buyers with the handful that each browser opens.
const CONNECTIONS_MAX: usize = 4_096;
/// Files that are not connections: databases, index, pictures, calls to partners and to sellers' programs.
const OTHER_FILES: usize = 256;

/// What the door grants.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub head: Duration,
    pub body_still: Duration,
    pub body: Duration,
    pub unread: Duration,
    pub linger: Duration,
    pub stop: Duration,
    pub connections: usize,
    /// Whether one address may have half of all connections only. Behind a proxy all come from its address.
    pub one_address: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            head: HEAD_MAX,
            body_still: BODY_STILL_MAX,
            body: BODY_MAX,
            unread: UNREAD_MAX,
            linger: LINGER_MAX,
            stop: STOP_MAX,
            connections: files_max().map_or(CONNECTIONS_MAX, |files| {
                // With few files left for more, connections would take those of the databases.
                CONNECTIONS_MAX.min(files.saturating_sub(OTHER_FILES).max(OTHER_FILES))
            }),
            one_address: true,
        }
    }
}

/// How many files this process may have open, where the system says so.
fn files_max() -> Option<usize> {
    let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Answers until `stop`, then lets what is in hand end.
pub async fn open(mut listener: TcpListener, router: Router, limits: Limits, stop: impl Future<Output = ()>) {
    let router = router.layer(from_fn_with_state(limits, in_time));
    let places = Arc::new(Semaphore::new(limits.connections));
    let from_one = limits.one_address.then(|| (limits.connections / 2).max(1));
    let addresses = Addresses::default();
    let open = GracefulShutdown::new();
    let stopping = Arc::new(AtomicBool::new(false));
    let mut stop = pin!(stop);
    loop {
        let next = async {
            // Where all places are taken, who comes waits at the system's door.
            let place = places.clone().acquire_owned().await;
            (place, Listener::accept(&mut listener).await)
        };
        let (place, (stream, from)) = tokio::select! {
            next = next => next,
            () = &mut stop => break,
        };
        // One more from a crowded address is closed at once: to answer it would cost what it is after.
        let Some(entered) = addresses.enter(from.ip(), from_one) else { continue };
        // A page is written whole: nothing is gained by waiting for more. Without it pages come a little later.
        let _late = stream.set_nodelay(true);
        let service = router.clone().map_request(move |request: Request<Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(from));
            request
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.head)
            .max_header_size(HEAD_BYTES_MAX)
            .max_buf_size(BUFFER_BYTES_MAX)
            .serve_connection(
                TokioIo::new(Taken::new(stream, limits, stopping.clone())),
                TowerToHyperService::new(service),
            );
        let connection = open.watch(connection);
        tokio::spawn(async move {
            if let Err(why) = connection.await {
                tracing::debug!("a connection ended: {why}");
            }
            drop((place, entered));
        });
    }
    drop(listener);
    stopping.store(true, Ordering::Relaxed);
    if tokio::time::timeout(limits.stop, open.shutdown()).await.is_err() {
        tracing::warn!("some connections were still in use and are cut off");
    }
}

/// How many connections each address has. Kept while they are open, and no longer.
#[derive(Clone, Default)]
struct Addresses(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// One connection of an address.
struct Entered {
    address: IpAddr,
    of: Addresses,
}

impl Addresses {
    /// Nothing if the address has `max` already.
    fn enter(&self, address: IpAddr, max: Option<usize>) -> Option<Entered> {
        let address = one_household(address);
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(address).or_insert(0);
        if max.is_some_and(|max| *count >= max) {
            return None;
        }
        *count += 1;
        Some(Entered { address, of: self.clone() })
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        let mut counts = self.of.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.address);
            }
        }
    }
}

/// The address; of IPv6 the /64, of which one household has all.
fn one_household(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::from((u128::from(v6) >> 64 << 64).to_be_bytes()),
        v4 => v4,
    }
}

/// The layer under which a body comes in time, or the request is over (408).
async fn in_time(State(limits): State<Limits>, request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let late = Arc::new(AtomicBool::new(false));
    let response = next.run(request.map(|body| hurried(body, limits, late.clone()))).await;
    // Whatever was answered to half a body.
    if late.load(Ordering::Relaxed) {
        (StatusCode::REQUEST_TIMEOUT, [(header::CONNECTION, HeaderValue::from_static("close"))]).into_response()
    } else {
        response
    }
}

/// The body, which fails when its next piece is late.
fn hurried(body: Body, limits: Limits, late: Arc<AtomicBool>) -> Body {
    let until = Instant::now() + limits.body;
    let pieces = stream::unfold(Some((body.into_data_stream(), 0_u64)), move |open| {
        let late = late.clone();
        async move {
            let (mut pieces, got) = open?;
            let paced = until + Duration::from_secs(got / BODY_PACE_MIN);
            let piece = tokio::time::timeout_at(paced.min(Instant::now() + limits.body_still), pieces.next());
            match piece.await {
                Ok(Some(Ok(bytes))) => {
                    let got = got + bytes.len() as u64;
                    Some((Ok(bytes), Some((pieces, got))))
                }
                Ok(Some(Err(broken))) => Some((Err(broken), None)),
                Ok(None) => None,
                Err(_) => {
                    late.store(true, Ordering::Relaxed);
                    Some((Err(axum::Error::new(io::Error::from(io::ErrorKind::TimedOut))), None))
                }
            }
        }
    });
    Body::from_stream(pieces)
}

/// A connection whose other end has to take what it is sent, and may say to the end what it was at.
struct Taken {
    stream: TcpStream,
    unread_max: Duration,
    linger_max: Duration,
    /// Runs while something waits to be taken.
    waiting: Option<Pin<Box<Sleep>>>,
    lingering: Option<Lingering>,
    /// The door closes: nobody who says nothing is waited for.
    stopping: Arc<AtomicBool>,
}

/// Nothing more is said; what still comes is read and thrown away.
struct Lingering {
    until: Instant,
    still: Pin<Box<Sleep>>,
}

impl Taken {
    fn new(stream: TcpStream, limits: Limits, stopping: Arc<AtomicBool>) -> Taken {
        let (unread_max, linger_max) = (limits.unread, limits.linger);
        Taken { stream, unread_max, linger_max, waiting: None, lingering: None, stopping }
    }

    /// What writing came to, or the end of patience.
    fn or_too_late(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.waiting = None;
            return written;
        }
        let patience = self.unread_max;
        ready!(self.waiting.get_or_insert_with(|| Box::pin(tokio::time::sleep(patience))).as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Taken {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, into)
    }
}

impl AsyncWrite for Taken {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.or_too_late(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, pieces);
        self.or_too_late(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    /// The answer's end goes out at once; the connection is given up when the other end has ended too.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Taken { stream, linger_max, lingering, stopping, .. } = &mut *self;
        let lingering = match lingering {
            Some(lingering) => lingering,
            None => {
                ready!(Pin::new(&mut *stream).poll_shutdown(cx))?;
                let until = Instant::now() + *linger_max;
                let still = Box::pin(tokio::time::sleep_until(until.min(Instant::now() + LINGER_STILL_MAX)));
                lingering.insert(Lingering { until, still })
            }
        };
        let mut thrown_away = [0; 8 * 1024];
        loop {
            let mut into = ReadBuf::new(&mut thrown_away);
            match Pin::new(&mut *stream).poll_read(cx, &mut into) {
                Poll::Ready(Ok(())) if !into.filled().is_empty() => {
                    let now = Instant::now();
                    if now >= lingering.until {
                        return Poll::Ready(Ok(()));
                    }
                    lingering.still.as_mut().reset(lingering.until.min(now + LINGER_STILL_MAX));
                }
                // Ended, or broken.
                Poll::Ready(_) => return Poll::Ready(Ok(())),
                Poll::Pending if stopping.load(Ordering::Relaxed) => return Poll::Ready(Ok(())),
                Poll::Pending => return lingering.still.as_mut().poll(cx).map(Ok),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::{get, post};
    use std::net::SocketAddr;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::sync::oneshot;

    /// So quick that the tests are.
    const QUICK: Limits = Limits {
        head: Duration::from_millis(300),
        body_still: Duration::from_millis(300),
        body: Duration::from_millis(900),
        unread: Duration::from_millis(300),
        linger: Duration::from_millis(900),
        stop: Duration::from_secs(5),
        connections: 8,
        one_address: true,
    };
    const LARGE: usize = 64 * 1024 * 1024;

    struct Open {
        at: SocketAddr,
        stop: oneshot::Sender<()>,
        ended: tokio::task::JoinHandle<()>,
    }

    async fn a_door(limits: Limits) -> Open {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let router = Router::new()
            .route("/", get(async |ConnectInfo(from): ConnectInfo<SocketAddr>| from.ip().to_string()))
            .route("/large", get(async || vec![0_u8; LARGE]))
            .route("/form", post(async |body: String| format!("{} bytes", body.len())));
        let (stop, stopped) = oneshot::channel();
        let ended = tokio::spawn(open(listener, router, limits, async {
            let _told = stopped.await;
        }));
        Open { at, stop, ended }
    }

    /// Sends this and reads until the other end closes.
    async fn said(at: SocketAddr, sent: &str) -> String {
        let mut stream = TcpStream::connect(at).await.unwrap();
        stream.write_all(sent.as_bytes()).await.unwrap();
        let mut said = Vec::new();
        // Closed with something unread is a reset; what came before it counts.
        let _reset = stream.read_to_end(&mut said).await;
        String::from_utf8_lossy(&said).into_owned()
    }

    #[tokio::test]
    async fn who_keeps_the_door_open_is_shown_out() {
        let door = a_door(QUICK).await;
        assert!(said(door.at, "GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.ends_with("127.0.0.1"), "and idle: closed");
        assert_eq!(said(door.at, "GET / HTTP/1.1\r\nhost: x\r\n").await, "");
        let stalled = said(door.at, "POST /form HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nabc").await;
        assert!(stalled.starts_with("HTTP/1.1 408 "), "{stalled}");
        let whole = said(door.at, "POST /form HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\nabc").await;
        assert!(whole.ends_with("3 bytes"), "{whole}");
        let long = format!("GET / HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n", "y".repeat(HEAD_BYTES_MAX));
        assert!(said(door.at, &long).await.starts_with("HTTP/1.1 431 "));
    }

    /// A client that writes all it has before it reads finds the answer that was given at its first line, not a broken
    /// connection; and one that never ends is not listened to for ever.
    #[tokio::test]
    async fn who_still_writes_gets_the_answer() {
        let door = a_door(Limits { linger: Duration::from_secs(60), ..QUICK }).await;
        let head = format!("POST /nowhere HTTP/1.1\r\nhost: x\r\ncontent-length: {LARGE}\r\n\r\n");
        let mut stream = TcpStream::connect(door.at).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&vec![b'a'; LARGE]).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");

        let door = a_door(QUICK).await;
        let mut stream = TcpStream::connect(door.at).await.unwrap();
        stream.write_all(head.replace(&LARGE.to_string(), "99999999999").as_bytes()).await.unwrap();
        let endless = async { while stream.write_all(b"a").await.is_ok() {} };
        tokio::time::timeout(Duration::from_secs(10), endless).await.unwrap();
    }

    /// A byte now and then is no way to keep a form open.
    #[tokio::test]
    async fn a_body_that_drips_ends() {
        let door = a_door(QUICK).await;
        let (mut read, mut write) = TcpStream::connect(door.at).await.unwrap().into_split();
        let drips = tokio::spawn(async move {
            write.write_all(b"POST /form HTTP/1.1\r\nhost: x\r\ncontent-length: 9999\r\n\r\n").await.unwrap();
            let mut every = tokio::time::interval(Duration::from_millis(100));
            while write.write_all(b"a").await.is_ok() {
                every.tick().await;
            }
        });
        let mut answer = [0; 12];
        read.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 408");
        drop(read);
        drips.abort();
    }

    #[tokio::test]
    async fn a_page_that_nobody_takes_is_not_held() {
        let door = a_door(QUICK).await;
        let mut stream = TcpStream::connect(door.at).await.unwrap();
        stream.write_all(b"GET /large HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        let mut first = [0; 12];
        stream.read_exact(&mut first).await.unwrap();
        door.stop.send(()).unwrap();
        // Nothing more is read: the door ends by itself, and long before its own limit.
        tokio::time::timeout(Duration::from_secs(4), door.ended).await.unwrap().unwrap();
        let mut taken = Vec::new();
        let _cut = stream.read_to_end(&mut taken).await;
        assert!(taken.len() < LARGE);
    }

    #[tokio::test]
    async fn what_is_in_hand_ends_well_and_idle_connections_at_once() {
        let door = a_door(Limits { head: Duration::from_secs(60), ..QUICK }).await;
        let mut idle = TcpStream::connect(door.at).await.unwrap();
        idle.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        let mut first = [0; 12];
        idle.read_exact(&mut first).await.unwrap();
        let mut busy = TcpStream::connect(door.at).await.unwrap();
        let head = b"POST /form HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 3\r\n\r\n";
        busy.write_all(head).await.unwrap();
        // The handler is at the body when this comes.
        let mut go_on = [0; 25];
        busy.read_exact(&mut go_on).await.unwrap();
        door.stop.send(()).unwrap();
        busy.write_all(b"abc").await.unwrap();
        let mut said = String::new();
        busy.read_to_string(&mut said).await.unwrap();
        assert!(said.starts_with("HTTP/1.1 200 ") && said.ends_with("3 bytes"), "{said}");
        let mut rest = Vec::new();
        idle.read_to_end(&mut rest).await.unwrap();
        tokio::time::timeout(Duration::from_secs(4), door.ended).await.unwrap().unwrap();
    }

    /// One address has half of the places, unless a proxy speaks for all; a place that is left is free.
    #[tokio::test]
    async fn one_address_does_not_fill_the_door() {
        let long = Limits { head: Duration::from_secs(60), ..QUICK };
        let greet = "GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        let door = a_door(long).await;
        let mut held = Vec::new();
        for _ in 0..long.connections / 2 {
            held.push(TcpStream::connect(door.at).await.unwrap());
        }
        assert_eq!(said(door.at, greet).await, "");
        drop(held);
        let freed = async {
            while said(door.at, greet).await.is_empty() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(5), freed).await.unwrap();

        let door = a_door(Limits { one_address: false, ..long }).await;
        let mut held = Vec::new();
        for _ in 0..long.connections - 1 {
            held.push(TcpStream::connect(door.at).await.unwrap());
        }
        assert!(said(door.at, greet).await.contains("127.0.0.1"));
    }

    #[test]
    fn a_household_is_one_address() {
        let of = |text: &str| one_household(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:10.0.0.1"), of("10.0.0.1"));
        assert_ne!(of("10.0.0.1"), of("10.0.0.2"));
    }
}
