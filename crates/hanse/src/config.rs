//! What the operator decides: one `hanse.toml` (every key optional), `HANSE_…` variables over it, flags over both.
//! `hanse config check` explains each key and says what is missing before a marketplace may open.

use partners::{Limits, Partner};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub server: Server,
    pub database: Database,
    pub operator: Operator,
    pub market: Market,
    pub partners: Partners,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            server: Server::default(),
            database: Database::default(),
            // Whoever writes `[operator]` writes all of it: no word of the demo's stands in for what is left out.
            operator: Operator::demo(),
            market: Market::default(),
            partners: Partners::default(),
        }
    }
}

/// Where the marketplace listens and how it is reached.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    pub listen: String,
    /// The address that people see; cookies and partners' callbacks follow it.
    pub public_url: String,
    /// Plain HTTP on another address than localhost is refused without this.
    pub insecure_http: bool,
    /// Where behind a proxy the client's address stands (`x-forwarded-for`), used only if the proxy is trusted.
    pub trust_forwarded: bool,
    /// How often one token of a program may call, in each process.
    pub api_requests_per_minute: u32,
}

impl Default for Server {
    fn default() -> Self {
        Server {
            listen: "127.0.0.1:1688".into(),
            public_url: "http://localhost:1688".into(),
            insecure_http: false,
            trust_forwarded: false,
            api_requests_per_minute: 600,
        }
    }
}

/// Where data and keys lie. The key store is never on the same database, or the same PostgreSQL server, as the data.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Database {
    /// A folder, or `postgres://…`.
    pub data: String,
    /// A folder, or `postgres://…` of another server.
    pub keys: String,
    /// The folder of media and the search index, where `data` is PostgreSQL.
    pub files: PathBuf,
    /// The folder of the epoch keys, where `keys` is PostgreSQL. Back it up apart from everything else.
    pub epoch_keys: PathBuf,
    /// Connections that write, on PostgreSQL.
    pub writers: usize,
    pub readers: usize,
}

impl Default for Database {
    fn default() -> Self {
        Database {
            data: "./hanse-data".into(),
            keys: "./hanse-keys".into(),
            files: "./hanse-data".into(),
            epoch_keys: "./hanse-keys".into(),
            writers: 8,
            readers: 4,
        }
    }
}

/// Who answers for the marketplace; printed in the privacy policy and every notice (PIPL 17).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Operator {
    pub company: String,
    pub company_zh: String,
    pub address: String,
    pub service_phone: String,
    pub service_email: String,
    pub privacy_department: String,
    pub privacy_email: String,
    pub privacy_address: String,
    pub privacy_officer: String,
    /// Country where data are stored, as people call it.
    pub country: String,
    pub country_zh: String,
    /// The words above are the demo's: a marketplace with these may not open to the public.
    #[serde(skip)]
    pub is_demo: bool,
}

impl Operator {
    pub fn demo() -> Operator {
        Operator {
            company: "Hanse Demonstration Market".into(),
            company_zh: "汉萨演示市场".into(),
            address: "1 Harbour Street, Demonstration City".into(),
            service_phone: "+86 571 0000 0000".into(),
            service_email: "service@hanse.example".into(),
            privacy_department: "Privacy department".into(),
            privacy_email: "privacy@hanse.example".into(),
            privacy_address: "1 Harbour Street, Demonstration City".into(),
            privacy_officer: "Privacy officer".into(),
            country: "China".into(),
            country_zh: "中国".into(),
            is_demo: true,
        }
    }
}

/// The rules of trade that an operator sets.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Market {
    /// Commission on goods, in hundredths of a percent (200 = 2 %).
    pub commission: i64,
    /// Other commissions by category key.
    pub commission_by_category: BTreeMap<String, i64>,
    pub unpaid_closes_after_hours: i64,
    pub confirm_after_days: i64,
    pub payout_every_hours: i64,
    /// Time zone in which times are shown.
    pub time_zone: String,
}

impl Default for Market {
    fn default() -> Self {
        Market {
            commission: 200,
            commission_by_category: BTreeMap::new(),
            unpaid_closes_after_hours: 72,
            confirm_after_days: 10,
            payout_every_hours: 24,
            time_zone: "Asia/Shanghai".into(),
        }
    }
}

/// The partners' real addresses; where one is absent, the sandbox that Hanse starts beside itself stands for it.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Partners {
    pub payment: Option<Payment>,
    pub logistics: Option<Logistics>,
    pub sms: Option<Sms>,
    /// Address on which the sandbox listens when it is used.
    pub sandbox_listen: Option<String>,
    /// The folder of its keys and its book, which holds in the clear whatever a partner would get.
    pub sandbox_folder: Option<PathBuf>,
    /// How long one call to a partner may take before it counts as not answered, and is made again later.
    pub answer_within_seconds: u64,
}

impl Default for Partners {
    fn default() -> Self {
        Partners {
            payment: None,
            logistics: None,
            sms: None,
            sandbox_listen: None,
            sandbox_folder: None,
            answer_within_seconds: Limits::default().whole.as_secs(),
        }
    }
}

/// A payment company that speaks the Alipay open platform's protocol.
#[derive(Clone, Debug, Deserialize)]
pub struct Payment {
    pub gateway: String,
    pub app_id: String,
    pub seller_id: String,
    pub private_key: PathBuf,
    pub platform_public_key: PathBuf,
    /// What the partner list prints, and what must stand on record before a partner gets a byte (3.1.1-a.3).
    #[serde(flatten)]
    pub partner: Partner,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Logistics {
    pub gateway: String,
    pub account: String,
    pub secret_file: PathBuf,
    /// The secret under which the platform signs its pushes.
    pub push_secret_file: PathBuf,
    #[serde(flatten)]
    pub partner: Partner,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Sms {
    pub gateway: String,
    pub account: String,
    pub secret_file: PathBuf,
    #[serde(flatten)]
    pub partner: Partner,
}

impl Partners {
    /// What one call may take.
    pub fn limits(&self) -> Limits {
        Limits { whole: Duration::from_secs(self.answer_within_seconds), ..Limits::default() }
    }

    /// The configured ones: key, address, facts.
    fn real(&self) -> Vec<(&'static str, &str, &Partner)> {
        let mut real = Vec::new();
        if let Some(of) = &self.payment {
            real.push(("partners.payment", of.gateway.as_str(), &of.partner));
        }
        if let Some(of) = &self.logistics {
            real.push(("partners.logistics", of.gateway.as_str(), &of.partner));
        }
        if let Some(of) = &self.sms {
            real.push(("partners.sms", of.gateway.as_str(), &of.partner));
        }
        real
    }
}

/// What is wrong with a configuration, in sentences for the operator.
#[derive(Debug)]
pub struct Wrong(pub Vec<String>);

impl std::fmt::Display for Wrong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for Wrong {}

impl Config {
    /// Reads the file (a missing one is an empty one, unless it was named) and the variables over it.
    pub fn load(path: Option<&Path>) -> Result<Config, Wrong> {
        let named = path.is_some();
        let path = path.unwrap_or(Path::new("hanse.toml"));
        let mut config: Config = match std::fs::read_to_string(path) {
            Ok(text) => toml::from_str(&text).map_err(|e| Wrong(vec![format!("{}: {e}", path.display())]))?,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound && !named => Config::default(),
            Err(e) => return Err(Wrong(vec![format!("{}: {e}", path.display())])),
        };
        config.take_variables(|name| std::env::var(name).ok())?;
        Ok(config)
    }

    fn take_variables(&mut self, get: impl Fn(&str) -> Option<String>) -> Result<(), Wrong> {
        let text = |name: &str, into: &mut String| {
            if let Some(value) = get(name) {
                *into = value;
            }
        };
        text("HANSE_LISTEN", &mut self.server.listen);
        text("HANSE_PUBLIC_URL", &mut self.server.public_url);
        text("HANSE_DATABASE", &mut self.database.data);
        text("HANSE_KEYS", &mut self.database.keys);
        if let Some(value) = get("HANSE_FILES") {
            self.database.files = value.into();
        }
        if let Some(value) = get("HANSE_EPOCH_KEYS") {
            self.database.epoch_keys = value.into();
        }
        if let Some(value) = get("HANSE_SANDBOX_LISTEN") {
            self.partners.sandbox_listen = Some(value);
        }
        if let Some(value) = get("HANSE_SANDBOX_FOLDER") {
            self.partners.sandbox_folder = Some(value.into());
        }
        for (name, into) in
            [("HANSE_WRITERS", &mut self.database.writers), ("HANSE_READERS", &mut self.database.readers)]
        {
            if let Some(value) = get(name) {
                *into = value.parse().map_err(|_| Wrong(vec![format!("{name}: {value} is no whole number")]))?;
            }
        }
        Ok(())
    }

    /// The faults of the configuration. A marketplace with any of them does not open.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut wrong = |what: &str| faults.push(what.to_owned());
        let url = &self.server.public_url;
        let local = is_local(url);
        if url.ends_with('/') {
            wrong("server.public_url: write it without the last slash");
        }
        if !url.starts_with("https://") && !local && !self.server.insecure_http {
            wrong(
                "server.public_url: plain HTTP beyond localhost shows every session to the network; use https, or --insecure-http for a test",
            );
        }
        if !(1..=1_000_000).contains(&self.server.api_requests_per_minute) {
            wrong("server.api_requests_per_minute: 1 to 1000000");
        }
        let of = &self.operator;
        for (key, value) in [
            ("operator.company", &of.company),
            ("operator.company_zh", &of.company_zh),
            ("operator.address", &of.address),
            ("operator.service_phone", &of.service_phone),
            ("operator.service_email", &of.service_email),
            ("operator.privacy_department", &of.privacy_department),
            ("operator.privacy_email", &of.privacy_email),
            ("operator.privacy_address", &of.privacy_address),
            ("operator.privacy_officer", &of.privacy_officer),
            ("operator.country", &of.country),
            ("operator.country_zh", &of.country_zh),
        ] {
            if value.trim().is_empty() {
                wrong(&format!("{key}: a marketplace without it does not open (8-a.S1, PIPL 17 and 52)"));
            }
        }
        if of.is_demo && !local {
            wrong(
                "operator: these are the demo's words; say who answers for the marketplace before it is public (8-a)",
            );
        }
        if vault::WITHOUT && !(of.is_demo && local) {
            wrong("this build seals nothing (--cfg hanse_without_vault): it is for measuring, on this machine only");
        }
        if local && !self.server.insecure_http && !listens_here(&self.server.listen) {
            wrong(
                "server.listen: with an address on localhost only this machine may reach it; listen on 127.0.0.1, say \
                 your public_url, or --insecure-http for a test",
            );
        }
        if !local {
            for (key, there) in [
                ("partners.payment", self.partners.payment.is_some()),
                ("partners.logistics", self.partners.logistics.is_some()),
                ("partners.sms", self.partners.sms.is_some()),
            ] {
                if !there {
                    wrong(&format!("{key}: the sandbox stands for it, and that is for this machine only (3.1.1-a.3)"));
                }
            }
        }
        if !(0..=5_000).contains(&self.market.commission)
            || self.market.commission_by_category.values().any(|rate| !(0..=5_000).contains(rate))
        {
            wrong("market.commission: hundredths of a percent, 0 to 5000");
        }
        if !(1..=24 * 30).contains(&self.market.unpaid_closes_after_hours) {
            wrong("market.unpaid_closes_after_hours: 1 to 720");
        }
        if !(1..=60).contains(&self.market.confirm_after_days) {
            wrong("market.confirm_after_days: 1 to 60");
        }
        if !(1..=24 * 31).contains(&self.market.payout_every_hours) {
            wrong("market.payout_every_hours: 1 to 744");
        }
        if !(1..=120).contains(&self.partners.answer_within_seconds) {
            wrong("partners.answer_within_seconds: 1 to 120");
        }
        for (key, gateway, partner) in self.partners.real() {
            if !gateway.starts_with("https://") && !is_local(gateway) {
                wrong(&format!("{key}.gateway: what goes to a partner goes by https"));
            }
            for missing in partner.missing() {
                wrong(&format!("{key}.{missing}: a partner gets nothing until it stands on record (3.1.1-a.3)"));
            }
        }
        let (data, keys) = (&self.database.data, &self.database.keys);
        if is_postgres(data) && is_postgres(keys) {
            if !local && server_of(data) == server_of(keys) {
                wrong("database.keys: on the data's own server every base backup holds both; give it another server");
            } else if data == keys {
                wrong("database.keys: the key store never lies with the data");
            }
        } else if !is_postgres(data) && !is_postgres(keys) && one_in_the_other(Path::new(data), Path::new(keys)) {
            wrong("database.keys: the key store never lies with the data; give it a folder of its own");
        }
        if !(1..=64).contains(&self.database.writers) || !(1..=64).contains(&self.database.readers) {
            wrong("database.writers and database.readers: 1 to 64");
        }
        faults
    }
}

pub(crate) fn is_postgres(url: &str) -> bool {
    url.starts_with("postgres://") || url.starts_with("postgresql://")
}

/// Host and port of a `postgres://…`.
fn server_of(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let at = rest.split(['/', '?']).next().unwrap_or(rest);
    let at = at.rsplit_once('@').map_or(at, |(_, at)| at);
    if at.contains(':') { at.to_owned() } else { format!("{at}:5432") }
}

/// Whether one folder is the other or lies in it, however they are written.
fn one_in_the_other(a: &Path, b: &Path) -> bool {
    let plain = |path: &Path| std::fs::canonicalize(path).or_else(|_| std::path::absolute(path));
    match (plain(a), plain(b)) {
        (Ok(a), Ok(b)) => a.starts_with(&b) || b.starts_with(&a),
        _ => a == b,
    }
}

/// Whether nobody but this machine reaches the address.
fn listens_here(listen: &str) -> bool {
    match listen.parse::<std::net::SocketAddr>() {
        Ok(address) => address.ip().is_loopback(),
        Err(_) => listen.starts_with("localhost:"),
    }
}

/// Plain HTTP that stays on this machine.
fn is_local(url: &str) -> bool {
    ["http://localhost", "http://127.0.0.1", "http://[::1]"]
        .iter()
        .any(|start| url.strip_prefix(start).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/'])))
}

/// Every key with what it means, for `hanse config check`.
pub const KEYS: &[(&str, &str)] = &[
    ("server.listen", "address and port to listen on"),
    ("server.public_url", "the address that people and partners see, without a last slash"),
    ("server.insecure_http", "allow plain HTTP beyond localhost (tests only)"),
    ("server.trust_forwarded", "take the client's address from x-forwarded-for (behind your own proxy only)"),
    ("server.api_requests_per_minute", "how often one token of a program may call (600), in each process"),
    ("database.data", "folder for SQLite and media, or postgres://…"),
    ("database.keys", "folder of the key store, or postgres://… of another server"),
    ("database.files", "folder of media and search index where the data are on PostgreSQL"),
    ("database.epoch_keys", "folder of the epoch keys where the key store is on PostgreSQL"),
    ("database.writers", "writing connections on PostgreSQL"),
    ("database.readers", "reads at a time; on PostgreSQL two connections each"),
    ("operator.company, company_zh", "who answers for the marketplace"),
    ("operator.address", "its registered address"),
    ("operator.service_phone, service_email", "customer service"),
    ("operator.privacy_department, privacy_email, privacy_address", "the department that answers rights requests"),
    ("operator.privacy_officer", "the person in charge of personal information protection (PIPL 52)"),
    ("operator.country, country_zh", "where the data are stored"),
    ("market.commission", "commission on goods in hundredths of a percent; 200 is 2 %"),
    ("market.commission_by_category", "other commissions, by category key"),
    ("market.unpaid_closes_after_hours", "an unpaid order closes after so many hours"),
    ("market.confirm_after_days", "receipt counts as confirmed so many days after delivery"),
    ("market.payout_every_hours", "how often sellers' balances are paid out"),
    ("market.time_zone", "time zone in which times are shown"),
    ("partners.payment", "Alipay protocol: gateway, app_id, seller_id, private_key, platform_public_key (files)"),
    ("partners.logistics", "gateway, account, secret_file, push_secret_file"),
    ("partners.sms", "gateway, account, secret_file"),
    ("  in each of the three: name, legal_entity", "who it is, as members know it and as the agreement names it"),
    ("  contact, place", "where a person reaches it; where it processes (must name the operator's country)"),
    ("  agreement, agreement_ends", "its reference in your files; its last day, if it has one"),
    (
        "  assessed, next_assessment",
        "days (2026-11-24); from the second on nothing goes to it until it is assessed again",
    ),
    ("partners.answer_within_seconds", "how long one call to a partner may take (15) before it is made again later"),
    ("partners.sandbox_folder", "its keys and its book (./hanse-sandbox); what partners got stands there in the clear"),
    ("partners.sandbox_listen", "address of the sandbox, which stands for each partner that is not configured"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_file_is_the_demo_on_localhost() {
        let config: Config = toml::from_str("").unwrap();
        assert!(config.operator.is_demo);
        assert_eq!(config.faults(), Vec::<String>::new());
        assert_eq!(config.market.commission, 200);
    }

    const OPERATOR: &str = "[operator]\ncompany = \"A\"\ncompany_zh = \"甲\"\naddress = \"B\"\nservice_phone = \"C\"\n\
        service_email = \"D\"\nprivacy_department = \"E\"\nprivacy_email = \"F\"\nprivacy_address = \"G\"\n\
        privacy_officer = \"H\"\ncountry = \"China\"\ncountry_zh = \"中国\"\n";

    fn faults(text: &str) -> String {
        toml::from_str::<Config>(text).unwrap().faults().join("\n")
    }

    /// 8-a.S1: every word is the operator's own.
    #[test]
    fn a_public_marketplace_says_who_answers_for_it() {
        assert!(faults("[server]\npublic_url = \"https://market.example\"").contains("operator: these are the demo's"));
        let only_the_company = faults("[operator]\ncompany = \"A\"");
        for key in ["address", "service_phone", "privacy_email", "privacy_department", "country_zh", "company_zh"] {
            assert!(only_the_company.contains(&format!("operator.{key}:")), "{key}: {only_the_company}");
        }
        assert_eq!(faults(OPERATOR), "");
    }

    /// 3.1.1-a.3: sandboxes are for one machine.
    #[test]
    fn a_public_marketplace_has_partners() {
        let public = faults(&format!("[server]\npublic_url = \"https://market.example\"\n{OPERATOR}"));
        for partner in ["payment", "logistics", "sms"] {
            assert!(public.contains(&format!("partners.{partner}: the sandbox")), "{public}");
        }
    }

    #[test]
    fn a_marketplace_on_localhost_is_reached_from_this_machine_only() {
        for (listen, ok) in [("127.0.0.1:1", true), ("[::1]:1", true), ("localhost:1", true), ("0.0.0.0:1", false)] {
            assert_eq!(faults(&format!("[server]\nlisten = \"{listen}\"")).is_empty(), ok, "{listen}");
        }
        assert_eq!(faults("[server]\nlisten = \"0.0.0.0:1\"\ninsecure_http = true"), "");
    }

    #[test]
    fn keys_lie_apart_from_data() {
        for (data, keys, ok) in [
            ("./d", "./k", true),
            ("./d", "./d/", false),
            ("./d", "./d/keys", false),
            ("./d/../k", "./k", true),
            ("postgres://a@h/x", "postgres://a@h/x", false),
        ] {
            let text = format!("[database]\ndata = \"{data}\"\nkeys = \"{keys}\"");
            assert_eq!(faults(&text).is_empty(), ok, "{data} {keys}");
        }
        let same = "[server]\npublic_url = \"https://m.example\"\n[database]\ndata = \"postgres://a@h/x\"\n\
                    keys = \"postgres://b:c@h:5432/y\"";
        assert!(faults(same).contains("database.keys:"));
        assert!(!faults(&same.replace("h:5432", "k:5432")).contains("database.keys:"));
    }

    #[test]
    fn plain_http_beyond_localhost_is_refused() {
        for (url, ok) in [
            ("http://localhost:1688", true),
            ("http://127.0.0.1:1", true),
            ("http://localhost.evil.example", false),
            ("http://market.example", false),
        ] {
            let faults = faults(&format!("[server]\npublic_url = \"{url}\"\n{OPERATOR}"));
            assert_eq!(!faults.contains("plain HTTP"), ok, "{url}: {faults}");
        }
    }

    #[test]
    fn an_unknown_key_is_named() {
        let wrong = toml::from_str::<Config>("[market]\ncomission = 3").unwrap_err();
        assert!(wrong.to_string().contains("comission"));
    }

    #[test]
    fn variables_stand_over_the_file() {
        let mut config = Config::default();
        config.take_variables(|name| (name == "HANSE_DATABASE").then(|| "postgres://x/y".into())).unwrap();
        assert_eq!(config.database.data, "postgres://x/y");
        assert!(config.take_variables(|name| (name == "HANSE_READERS").then(|| "many".into())).is_err());
    }
}
