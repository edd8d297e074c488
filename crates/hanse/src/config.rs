//! What the operator decides: one `hanse.toml` (every key optional), `HANSE_…` variables over it, flags over both.
//! `hanse config check` explains each key and says what is missing before a marketplace may open.

use partners::Partner;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub server: Server,
    pub database: Database,
    pub operator: Operator,
    pub market: Market,
    pub partners: Partners,
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
}

impl Default for Server {
    fn default() -> Self {
        Server {
            listen: "127.0.0.1:1688".into(),
            public_url: "http://localhost:1688".into(),
            insecure_http: false,
            trust_forwarded: false,
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
#[derive(Clone, Debug, Deserialize)]
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

impl Default for Operator {
    fn default() -> Self {
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
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Partners {
    pub payment: Option<Payment>,
    pub logistics: Option<Logistics>,
    pub sms: Option<Sms>,
    /// Address on which the sandbox listens when it is used.
    pub sandbox_listen: Option<String>,
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
        config.operator.is_demo = config.operator.company == Operator::default().company;
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
        for (key, value) in [
            ("operator.company", &self.operator.company),
            ("operator.address", &self.operator.address),
            ("operator.service_email", &self.operator.service_email),
            ("operator.privacy_email", &self.operator.privacy_email),
            ("operator.privacy_address", &self.operator.privacy_address),
            ("operator.privacy_officer", &self.operator.privacy_officer),
        ] {
            if value.trim().is_empty() {
                wrong(&format!("{key}: a marketplace without it does not open (8-a.S1, PIPL 17 and 52)"));
            }
        }
        if self.operator.is_demo && !local {
            wrong(
                "operator: these are the demo's words; say who answers for the marketplace before it is public (8-a)",
            );
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
        for (key, gateway, partner) in self.partners.real() {
            if !gateway.starts_with("https://") && !is_local(gateway) {
                wrong(&format!("{key}.gateway: what goes to a partner goes by https"));
            }
            for missing in partner.missing() {
                wrong(&format!("{key}.{missing}: a partner gets nothing until it stands on record (3.1.1-a.3)"));
            }
        }
        let (data, keys) = (&self.database.data, &self.database.keys);
        if data.starts_with("postgres") && !keys.starts_with("postgres") {
            // Allowed: the key store as SQLite beside one process. With several processes it must be PostgreSQL.
        } else if data == keys {
            wrong("database.keys: the key store never lies with the data");
        }
        if !(1..=64).contains(&self.database.writers) || !(1..=64).contains(&self.database.readers) {
            wrong("database.writers and database.readers: 1 to 64");
        }
        faults
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
    ("database.data", "folder for SQLite and media, or postgres://…"),
    ("database.keys", "folder of the key store, or postgres://… of another server"),
    ("database.files", "folder of media and search index where the data are on PostgreSQL"),
    ("database.epoch_keys", "folder of the epoch keys where the key store is on PostgreSQL"),
    ("database.writers", "writing connections on PostgreSQL"),
    ("database.readers", "reading connections"),
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
    ("partners.sandbox_listen", "address of the sandbox, which stands for each partner that is not configured"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_file_is_the_demo_on_localhost() {
        let mut config: Config = toml::from_str("").unwrap();
        config.operator.is_demo = true;
        assert_eq!(config.faults(), Vec::<String>::new());
        assert_eq!(config.market.commission, 200);
    }

    #[test]
    fn a_public_marketplace_says_who_answers_for_it() {
        let mut config: Config = toml::from_str("[server]\npublic_url = \"https://market.example\"").unwrap();
        config.operator.is_demo = true;
        assert!(config.faults().iter().any(|f| f.starts_with("operator:")));
        config.operator.is_demo = false;
        config.operator.privacy_email = String::new();
        assert!(config.faults().iter().any(|f| f.starts_with("operator.privacy_email")));
    }

    #[test]
    fn plain_http_beyond_localhost_is_refused() {
        for (url, ok) in [
            ("http://localhost:1688", true),
            ("http://127.0.0.1:1", true),
            ("http://localhost.evil.example", false),
            ("http://market.example", false),
        ] {
            let mut config: Config = toml::from_str(&format!("[server]\npublic_url = \"{url}\"")).unwrap();
            config.operator.is_demo = false;
            assert_eq!(config.faults().is_empty(), ok, "{url}: {:?}", config.faults());
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
