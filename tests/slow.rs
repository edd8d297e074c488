//! Clients that take their time: two hundred of them cost a buyer nothing, and each is shown out.

mod support;

use db::Engine;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use support::Market;

const EACH: usize = 100;
/// A page in a debug build beside all of them.
const PROMPT: Duration = Duration::from_secs(2);
/// The door's patience is 15 seconds.
const PATIENCE: Duration = Duration::from_secs(25);

#[test]
fn slow_clients_hold_nobody_up() {
    let market = Market::open(Engine::Sqlite);
    let at = market.base.trim_start_matches("http://").replace("localhost", "127.0.0.1");
    too_large(&at);
    let mut buyer = market.browser();
    buyer.signs_in("demo_buyer", "wholesale-1688");

    let gone = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let slow = scope.spawn(|| {
            let ended = all_are_shown_out(&at);
            gone.store(true, Ordering::Relaxed);
            ended
        });
        let mut slowest = Duration::ZERO;
        while !gone.load(Ordering::Relaxed) && !slow.is_finished() {
            for page in ["/en/", "/en/search?q=golden", "/en/cart", "/en/my"] {
                let asked = Instant::now();
                buyer.get(page).shows(&["</html>"]);
                slowest = slowest.max(asked.elapsed());
            }
            buyer.puts_in_cart("golden", 10);
        }
        assert!(slowest < PROMPT, "the buyer waited {slowest:?}");
        let (heads, bodies) = slow.join().expect("the slow ones are shown out");
        assert!(heads.iter().all(String::is_empty), "half a head has no answer: {heads:?}");
        assert!(bodies.iter().all(|said| said.starts_with("HTTP/1.1 408 ")), "{bodies:?}");
    });
}

/// Sends a byte to each in turn and reads what each says, until all are closed; what the unfinished heads got, and the
/// unfinished bodies.
fn all_are_shown_out(at: &str) -> (Vec<String>, Vec<String>) {
    let connect = |head: &str| {
        let mut stream = TcpStream::connect(at).expect("a connection");
        stream.write_all(head.as_bytes()).expect("a beginning");
        // Reading waits this long for each: one round in half a second.
        stream.set_read_timeout(Some(Duration::from_millis(2))).expect("a limit");
        (stream, Vec::new())
    };
    let head = "GET /en/ HTTP/1.1\r\nhost: localhost\r\nx-slow: ";
    let form = "POST /en/sign-in HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-www-form-urlencoded\r\n\
                content-length: 60000\r\n\r\nwho=";
    let mut open: Vec<_> = (0..2 * EACH).map(|n| Some(connect(if n < EACH { head } else { form }))).collect();
    let mut said = vec![String::new(); open.len()];
    let until = Instant::now() + PATIENCE;
    while open.iter().any(Option::is_some) {
        assert!(Instant::now() < until, "{} are still there", open.iter().flatten().count());
        for (at, place) in open.iter_mut().enumerate() {
            let Some((stream, heard)) = place else { continue };
            // Heads come by the byte; of the bodies one half stops.
            let sent = if at < EACH || at % 2 == 0 { stream.write_all(b"a") } else { Ok(()) };
            let mut bytes = [0; 1024];
            match stream.read(&mut bytes) {
                Ok(n) if n > 0 => heard.extend_from_slice(&bytes[..n]),
                Err(error) if sent.is_ok() && matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                // Closed, with or without a word.
                _ => {
                    said[at] = String::from_utf8_lossy(heard).into_owned();
                    *place = None;
                }
            }
        }
    }
    let bodies = said.split_off(EACH);
    (said, bodies)
}

/// What is sent, and the first line of the answer.
fn first_line(at: &str, sent: &[&[u8]]) -> String {
    let mut stream = TcpStream::connect(at).expect("a connection");
    stream.set_read_timeout(Some(PATIENCE)).expect("a limit");
    for piece in sent {
        // It may be shown out before it has said all.
        if stream.write_all(piece).is_err() {
            break;
        }
    }
    let mut said = [0; 12];
    stream.read_exact(&mut said).expect("an answer");
    String::from_utf8_lossy(&said).into_owned()
}

fn too_large(at: &str) {
    let cookie = format!("GET /en/ HTTP/1.1\r\nhost: localhost\r\ncookie: x={}\r\n\r\n", "y".repeat(40_000));
    assert_eq!(first_line(at, &[cookie.as_bytes()]), "HTTP/1.1 431");
    let many = format!("GET /en/ HTTP/1.1\r\nhost: localhost\r\n{}\r\n", "x: y\r\n".repeat(200));
    assert_eq!(first_line(at, &[many.as_bytes()]), "HTTP/1.1 431");
    let head = |length: &str| {
        format!(
            "POST /en/sign-in HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-www-form-urlencoded\r\n{length}\r\n\r\n"
        )
    };
    // Announced, and not: the body of the second is sent in pieces whose sum nobody said.
    assert_eq!(first_line(at, &[head("content-length: 70000").as_bytes()]), "HTTP/1.1 413");
    let piece = format!("1000\r\n{}\r\n", "a".repeat(0x1000));
    let mut unannounced = vec![piece.as_bytes(); 17];
    let begun = head("transfer-encoding: chunked");
    unannounced.insert(0, begun.as_bytes());
    assert_eq!(first_line(at, &unannounced), "HTTP/1.1 413");
}
