//! Calls to addresses that sellers chose for their own programs, and so to nobody that the operator knows.
//!
//! What such an address resolves to is looked at when it is given and again at every call, on the very addresses that
//! the connection is then made to: networks that are not the public one are never reached, whatever a name says today.
//! No redirect is followed, no proxy of the environment is used, no connection is kept, and of an answer only its status
//! and its `Retry-After` are read. Nothing of an address, a request or an answer is logged.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::{Duration, Instant};
use ureq::http::Uri;
use ureq::tls::{TlsConfig, TlsProvider};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};

/// Characters of an address.
pub const ADDRESS_MAX: usize = 500;
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// Why nothing may be sent to an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// It is no `https://…` address of at most [`ADDRESS_MAX`] characters, or it holds a password or a fragment.
    Form,
    /// Neither the usual port nor one from 1024 on.
    Port,
    /// Nobody has this name.
    Unknown,
    /// It leads into a network that is not the public one.
    NotPublic,
}

/// An address that may be called, by its form and by what it resolved to a moment ago. Its text is a seller's, and has
/// no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Address(String);

impl Address {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address")
    }
}

/// What came of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Came {
    /// An HTTP status.
    Status(u16),
    Unknown,
    NotPublic,
    TimedOut,
    /// Its certificate is not one that the world trusts, or it speaks no TLS.
    Tls,
    /// Nobody took the connection, or it broke.
    NoConnection,
    /// What came is no answer of HTTP.
    BadAnswer,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    pub came: Came,
    pub took_ms: i64,
    /// The seconds that the answer asks to wait for.
    pub retry_after: Option<i64>,
}

/// What one call may take.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    pub connect: Duration,
    /// From the look-up of the name to the head of the answer.
    pub whole: Duration,
}

impl Default for Patience {
    fn default() -> Patience {
        Patience { connect: Duration::from_secs(5), whole: Duration::from_secs(15) }
    }
}

/// Which networks are reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    Public,
    /// And this machine, by plain HTTP too: for a demonstration and for tests.
    PublicAndHere,
}

impl Reach {
    fn admits(self, address: IpAddr) -> bool {
        is_public(address) || (self == Reach::PublicAndHere && address.to_canonical().is_loopback())
    }
}

pub struct Webhooks {
    agent: ureq::Agent,
    reach: Reach,
}

impl Webhooks {
    pub fn new(reach: Reach, patience: Patience) -> Webhooks {
        let tls = TlsConfig::builder()
            .provider(TlsProvider::Rustls)
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .build();
        let config = ureq::Agent::config_builder()
            .timeout_connect(Some(patience.connect))
            .timeout_global(Some(patience.whole))
            .http_status_as_error(false)
            .max_redirects(0)
            // A proxy would resolve the name itself, and reach what this machine must not.
            .proxy(None)
            .max_idle_connections(0)
            .max_response_header_size(HEAD_BYTES_MAX)
            .tls_config(tls)
            .user_agent("hanse")
            .build();
        let resolver = Guarded { reach, names: DefaultResolver::default() };
        Webhooks { agent: ureq::Agent::with_parts(config, DefaultConnector::default(), resolver), reach }
    }

    /// Whether an address may be called, as it was typed. Asks for its name: blocks.
    pub fn address(&self, typed: &str) -> Result<Address, Unfit> {
        let typed = typed.trim();
        // A fragment would be cut off in silence.
        if typed.len() > ADDRESS_MAX || typed.contains('#') || !typed.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(Unfit::Form);
        }
        let uri: Uri = typed.parse().map_err(|_| Unfit::Form)?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else { return Err(Unfit::Form) };
        if authority.as_str().contains('@') || authority.host().is_empty() {
            return Err(Unfit::Form);
        }
        let usual = match scheme {
            "https" => 443,
            "http" if self.reach == Reach::PublicAndHere => 80,
            _ => return Err(Unfit::Form),
        };
        // What is no port is none for the library.
        let port = match authority.as_str().strip_prefix(authority.host()).unwrap_or("") {
            "" => usual,
            _ => authority.port_u16().ok_or(Unfit::Port)?,
        };
        if port != usual && port < 1024 {
            return Err(Unfit::Port);
        }
        let found = format!("{}:{port}", authority.host()).to_socket_addrs().map_err(|_| Unfit::Unknown)?;
        let found: Vec<SocketAddr> = found.collect();
        if found.is_empty() {
            return Err(Unfit::Unknown);
        }
        let admitted = |at: &SocketAddr| match scheme {
            // In clear only what never leaves this machine.
            "http" => at.ip().to_canonical().is_loopback(),
            _ => self.reach.admits(at.ip()),
        };
        if found.iter().all(admitted) { Ok(Address(uri.to_string())) } else { Err(Unfit::NotPublic) }
    }

    /// Sends a body of JSON, once.
    pub fn post(&self, address: &str, headers: &[(&str, &str)], body: &[u8]) -> Sent {
        let began = Instant::now();
        let mut request = self.agent.post(address).content_type("application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.send(body);
        let took_ms = i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX);
        let retry_after = answer.as_ref().ok().and_then(|answer| {
            let text = answer.headers().get("retry-after")?.to_str().ok()?;
            text.trim().parse().ok().filter(|seconds| *seconds >= 0)
        });
        let came = match answer {
            // What the answer says besides is nobody's business here, and is not read.
            Ok(answer) => Came::Status(answer.status().as_u16()),
            Err(error) => came(&error),
        };
        tracing::debug!(took_ms, "a webhook was sent");
        Sent { came, took_ms, retry_after }
    }
}

fn came(error: &ureq::Error) -> Came {
    match error {
        ureq::Error::Other(inner) if inner.is::<NotPublic>() => Came::NotPublic,
        ureq::Error::HostNotFound => Came::Unknown,
        ureq::Error::Timeout(_) => Came::TimedOut,
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) => Came::Tls,
        ureq::Error::Io(error) if error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>()) => Came::Tls,
        ureq::Error::Io(error) if error.kind() == std::io::ErrorKind::TimedOut => Came::TimedOut,
        ureq::Error::Io(_) | ureq::Error::ConnectionFailed => Came::NoConnection,
        _ => Came::BadAnswer,
    }
}

/// The addresses that the connection is made to, and no others.
#[derive(Debug)]
struct Guarded {
    reach: Reach,
    names: DefaultResolver,
}

impl Resolver for Guarded {
    fn resolve(
        &self,
        uri: &Uri,
        config: &ureq::config::Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = match self.names.resolve(uri, config, timeout) {
            Err(ureq::Error::Io(_)) => return Err(ureq::Error::HostNotFound),
            found => found?,
        };
        // One that is not public among several is a name that plays a game.
        match found.iter().all(|at| self.reach.admits(at.ip())) {
            true => Ok(found),
            false => Err(ureq::Error::Other(Box::new(NotPublic))),
        }
    }
}

#[derive(Debug)]
struct NotPublic;

impl fmt::Display for NotPublic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the address is not public")
    }
}

impl std::error::Error for NotPublic {}

/// Whether an address belongs to the public network, by IANA's registries of special-purpose addresses; an IPv4 address
/// within an IPv6 one counts as itself.
pub fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4_is_public(v4),
        IpAddr::V6(v6) => v6_is_public(v6),
    }
}

fn v4_is_public(v4: Ipv4Addr) -> bool {
    let [a, b, c, _] = v4.octets();
    let special = v4.is_private()
        || v4.is_loopback()
        || v4.is_link_local()
        || v4.is_documentation()
        || v4.is_multicast()
        || a == 0
        || a >= 240
        // Shared by providers' customers; benchmarks; protocols; relays to IPv6.
        || (a == 100 && b & 0xc0 == 64)
        || (a == 198 && b & 0xfe == 18)
        || (a, b, c) == (192, 0, 0)
        || (a, b, c) == (192, 88, 99);
    !special
}

fn v6_is_public(v6: Ipv6Addr) -> bool {
    let [a, b, c, d, _, _, high, low] = v6.segments();
    let within = |high: u16, low: u16| {
        let [[a, b], [c, d]] = [high.to_be_bytes(), low.to_be_bytes()];
        v4_is_public(Ipv4Addr::new(a, b, c, d))
    };
    match (a, b) {
        // Translated to IPv4, and so to what stands in it.
        (0x64, 0xff9b) => c == 0 && d == 0 && within(high, low),
        (0x2002, _) => within(b, c),
        // Teredo and other protocols; documentation.
        (0x2001, ..=0x1ff) | (0x2001, 0xdb8) | (0x3fff, ..=0xfff) => false,
        // What is given out as public at all.
        _ => a & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{When, somebody};

    #[test]
    fn only_the_public_network_is_public() {
        for inside in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.8.8.8",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:127.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:a00:1::1",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_public(inside.parse().unwrap()), "{inside}");
        }
        for outside in [
            "1.1.1.1",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "198.17.0.1",
            "223.255.255.254",
            "::ffff:1.1.1.1",
            "64:ff9b::1.1.1.1",
            "2002:101:101::1",
            "2606:4700::1111",
            "2a00:1450::1",
            "2001:200::1",
        ] {
            assert!(is_public(outside.parse().unwrap()), "{outside}");
        }
    }

    fn webhooks(reach: Reach) -> Webhooks {
        Webhooks::new(reach, Patience { connect: Duration::from_secs(1), whole: Duration::from_millis(600) })
    }

    #[test]
    fn an_address_is_looked_at_before_it_is_kept() {
        let (public, here) = (webhooks(Reach::Public), webhooks(Reach::PublicAndHere));
        for (typed, unfit) in [
            ("", Unfit::Form),
            ("/hook", Unfit::Form),
            ("ftp://1.1.1.1/", Unfit::Form),
            ("http://1.1.1.1/", Unfit::Form),
            ("https://user:word@1.1.1.1/", Unfit::Form),
            ("https://1.1.1.1/#part", Unfit::Form),
            ("https://1.1.1.1/a b", Unfit::Form),
            ("https://1.1.1.1/ü", Unfit::Form),
            ("https://1.1.1.1:25/", Unfit::Port),
            ("https://1.1.1.1:99999/", Unfit::Port),
            ("https://127.0.0.1/", Unfit::NotPublic),
            ("https://localhost:8443/", Unfit::NotPublic),
            ("https://2130706433/", Unfit::NotPublic),
            ("https://0x7f.1/", Unfit::NotPublic),
            ("https://[::1]/", Unfit::NotPublic),
            ("https://[::ffff:169.254.169.254]/", Unfit::NotPublic),
            ("https://192.168.1.1/", Unfit::NotPublic),
            ("https://no-such-host.invalid/", Unfit::Unknown),
        ] {
            assert_eq!(public.address(typed), Err(unfit), "{typed}");
        }
        let long = format!("https://1.1.1.1/{}", "x".repeat(ADDRESS_MAX));
        assert_eq!(public.address(&long), Err(Unfit::Form));
        assert_eq!(public.address(" https://1.1.1.1/a?b=c ").unwrap().as_str(), "https://1.1.1.1/a?b=c");
        assert_eq!(here.address("http://127.0.0.1:8080/hook").unwrap().as_str(), "http://127.0.0.1:8080/hook");
        assert_eq!(here.address("http://1.1.1.1/"), Err(Unfit::NotPublic), "in clear only to this machine");
        assert_eq!(here.address("https://10.0.0.1/"), Err(Unfit::NotPublic));
    }

    #[test]
    fn a_call_ends_in_time_and_reads_no_more_than_the_head() {
        let here = webhooks(Reach::PublicAndHere);
        let sent = |answer: &[u8], when| {
            let (at, _heard) = somebody(answer, when);
            here.post(&format!("http://{at}/hook"), &[("webhook-id", "1")], b"{}")
        };
        let head = b"HTTP/1.1 503 busy\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n";
        let busy = sent(head, When::AtOnce);
        assert_eq!((busy.came, busy.retry_after), (Came::Status(503), Some(7)));
        // A body without an end keeps nobody.
        let endless = [b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), vec![b'x'; 100_000]].concat();
        assert_eq!(sent(&endless, When::AtOnce).came, Came::Status(200));
        let away = b"HTTP/1.1 307 x\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n";
        assert_eq!(sent(away, When::AtOnce).came, Came::Status(307), "no redirect is followed");
        let long = [b"HTTP/1.1 200 OK\r\nx: ".to_vec(), vec![b'x'; 100_000]].concat();
        assert_eq!(sent(&long, When::AtOnce).came, Came::BadAnswer);
        assert_eq!(sent(b"SSH-2.0-x\r\n", When::AtOnce).came, Came::BadAnswer);
        assert_eq!(sent(head, When::TooLate).came, Came::TimedOut);
        assert_eq!(here.post("http://127.0.0.1:1/", &[], b"{}").came, Came::NoConnection);
        assert_eq!(here.post("https://no-such-host.invalid/", &[], b"{}").came, Came::Unknown);
        let (at, _heard) = somebody("this is no TLS at all", When::AtOnce);
        assert_eq!(here.post(&format!("https://{at}/"), &[], b"{}").came, Came::Tls);
    }

    /// What was public when it was given may lead inside today: looked at where the connection is made, so that nobody
    /// inside hears a byte.
    #[test]
    fn an_address_inside_is_not_connected_to() {
        let (public, here) = (webhooks(Reach::Public), webhooks(Reach::PublicAndHere));
        let (at, heard) = somebody("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", When::AtOnce);
        let port = at.split(':').nth(1).unwrap();
        for inside in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0", "2130706433"] {
            assert_eq!(public.post(&format!("http://{inside}:{port}/"), &[], b"{}").came, Came::NotPublic, "{inside}");
        }
        assert!(!heard.is_finished(), "somebody inside was connected to");
        for inside in ["10.0.0.1", "169.254.169.254", "[fe80::1]"] {
            assert_eq!(here.post(&format!("http://{inside}:{port}/"), &[], b"{}").came, Came::NotPublic, "{inside}");
        }
        assert_eq!(here.post(&format!("http://{at}/"), &[], b"{}").came, Came::Status(200));
        assert!(heard.join().unwrap().starts_with(b"POST / HTTP/1.1\r\n"));
    }
}
