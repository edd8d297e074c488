//! The partners of this marketplace: each the operator's real one where it is configured, else the sandbox, which runs
//! as a process of its own with keys and a book of its own. No code behind this differs between the two.

use crate::config::{self, Config};
use jiff::tz::TimeZone;
use partners::alipay::{Alipay, AlipayConfig};
use partners::logistics::{Logistics, LogisticsConfig};
use partners::sandbox::{SandboxKeys, SandboxOptions, demo_partner};
use partners::sms::{Sms, SmsConfig};
use partners::{Clock, Limits, Partner, PrivateKey, PublicKey, SharedSecret};
use policy::documents::{OwnWords, PartnerEntity};
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use zeroize::Zeroizing;

/// The adapters, and what the pages and the documents say of who is behind them.
pub struct Connected {
    pub alipay: Arc<Alipay>,
    pub logistics: Arc<Logistics>,
    pub sms: Arc<Sms>,
    pub entities: Vec<PartnerEntity>,
    /// The origin of the cashier's pages, to which an order's form may lead.
    pub cashier: String,
    pub sandbox: Option<Sandbox>,
}

/// The sandbox's process, stopped with the marketplace.
pub struct Sandbox {
    child: tokio::process::Child,
    pub base: String,
    keys: SandboxKeys,
}

impl Sandbox {
    pub async fn stop(mut self) {
        let _gone = self.child.kill().await;
    }
}

/// Connects the partners. `public` is the address that the real ones call back to, `local` the one for the sandbox.
pub async fn partners(config: &Config, clock: &Clock, public: &str, local: &str) -> Result<Connected, String> {
    let of = &config.partners;
    let sandbox = match (&of.payment, &of.logistics, &of.sms) {
        (Some(_), Some(_), Some(_)) => None,
        _ => Some(start_sandbox(config).await?),
    };
    let demo = |name: &str| demo_partner(name, clock());
    let zone = TimeZone::get(&config.market.time_zone).map_err(|e| e.to_string())?;
    let beside = || sandbox.as_ref().ok_or("no sandbox runs");
    let limits = of.limits();
    let alipay = match &of.payment {
        Some(payment) => real_payment(payment, &format!("{public}/hooks/alipay"), limits)?,
        None => {
            let at = beside()?;
            let notify = format!("{local}/hooks/alipay");
            let config = at.keys.alipay_config(&at.base, &notify, demo("Alipay")).map_err(|e| e.to_string())?;
            AlipayConfig { limits, ..config }
        }
    };
    let logistics = match &of.logistics {
        Some(logistics) => real_logistics(logistics, &format!("{public}/hooks/tracking"), limits)?,
        None => {
            let at = beside()?;
            let push = format!("{local}/hooks/tracking");
            LogisticsConfig { limits, ..at.keys.logistics_config(&at.base, &push, demo("Logistics platform")) }
        }
    };
    let sms = match &of.sms {
        Some(sms) => SmsConfig {
            partner: sms.partner.clone(),
            base: sms.gateway.clone(),
            key_id: sms.account.clone(),
            secret: secret("partners.sms.secret_file", &sms.secret_file)?,
            limits,
        },
        None => {
            let at = beside()?;
            SmsConfig { limits, ..at.keys.sms_config(&at.base, demo("Text messages")) }
        }
    };
    let entities = [
        ("PaymentProvider", &alipay.partner, of.payment.is_some()),
        ("LogisticsPlatform", &logistics.partner, of.logistics.is_some()),
        ("Courier", &logistics.partner, of.logistics.is_some()),
        ("SmsGateway", &sms.partner, of.sms.is_some()),
    ]
    .map(|(recipient, partner, real)| entity(config, recipient, partner, real));
    Ok(Connected {
        entities: entities.into(),
        cashier: origin(&alipay.gateway)?,
        alipay: Arc::new(Alipay::new(alipay, clock.clone())),
        logistics: Arc::new(Logistics::new(logistics, clock.clone())),
        sms: Arc::new(Sms::new(sms, zone, clock.clone())),
        sandbox,
    })
}

fn real_payment(payment: &config::Payment, notify_url: &str, limits: Limits) -> Result<AlipayConfig, String> {
    let no_key = |key: &str, path: &Path| format!("{key}: {} holds no RSA key that can be used", path.display());
    let (mine, theirs) = (&payment.private_key, &payment.platform_public_key);
    Ok(AlipayConfig {
        partner: payment.partner.clone(),
        gateway: payment.gateway.clone(),
        app_id: payment.app_id.clone(),
        seller_id: payment.seller_id.clone(),
        merchant_private_key: PrivateKey::read(&text("partners.payment.private_key", mine)?)
            .map_err(|_| no_key("partners.payment.private_key", mine))?,
        alipay_public_key: PublicKey::read(&text("partners.payment.platform_public_key", theirs)?)
            .map_err(|_| no_key("partners.payment.platform_public_key", theirs))?,
        notify_url: notify_url.to_owned(),
        limits,
    })
}

fn real_logistics(logistics: &config::Logistics, push_url: &str, limits: Limits) -> Result<LogisticsConfig, String> {
    Ok(LogisticsConfig {
        partner: logistics.partner.clone(),
        base: logistics.gateway.clone(),
        key_id: logistics.account.clone(),
        secret: secret("partners.logistics.secret_file", &logistics.secret_file)?,
        push_secret: secret("partners.logistics.push_secret_file", &logistics.push_secret_file)?,
        push_url: push_url.to_owned(),
        limits,
    })
}

fn text(key: &str, path: &Path) -> Result<Zeroizing<String>, String> {
    std::fs::read_to_string(path).map(Zeroizing::new).map_err(|e| format!("{key}: {}: {e}", path.display()))
}

fn secret(key: &str, path: &Path) -> Result<SharedSecret, String> {
    SharedSecret::read(&text(key, path)?)
        .map_err(|_| format!("{key}: {} holds no secret (base64 of at least 24 bytes)", path.display()))
}

/// Scheme, host and port of an address.
fn origin(url: &str) -> Result<String, String> {
    let (scheme, rest) = url.split_once("://").ok_or_else(|| format!("{url} is no address"))?;
    Ok(format!("{scheme}://{}", rest.split('/').next().unwrap_or(rest)))
}

/// A partner as the list prints it; the sandbox stands in the operator's country.
fn entity(config: &Config, recipient: &str, partner: &Partner, real: bool) -> PartnerEntity {
    let place = if real {
        OwnWords::same(&partner.place)
    } else {
        OwnWords::new(
            format!("{} ({})", config.operator.country, partner.place),
            format!("{}（{}）", config.operator.country_zh, partner.place),
        )
    };
    PartnerEntity {
        recipient: recipient.to_owned(),
        legal_name: OwnWords::same(&partner.legal_entity),
        contact: OwnWords::same(&partner.contact),
        place,
        agreement: partner.agreement.clone(),
        assessed_on: partner.assessed,
        next_assessment: partner.next_assessment,
    }
}

/// Starts the sandbox and waits until it answers.
async fn start_sandbox(config: &Config) -> Result<Sandbox, String> {
    let folder = config.partners.sandbox_folder.clone().unwrap_or_else(|| "./hanse-sandbox".into());
    std::fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let listen = config.partners.sandbox_listen.clone().unwrap_or_else(|| "127.0.0.1:1689".into());
    let address: SocketAddr = match listen.parse() {
        Ok(address) => address,
        Err(_) => return Err(format!("partners.sandbox_listen: {listen} is no address with a port")),
    };
    let keys = SandboxKeys::ensure(&folder.join("keys")).map_err(|e| e.to_string())?;
    let me = std::env::current_exe().map_err(|e| e.to_string())?;
    // Taken by somebody else, the address would answer, and would not be our sandbox.
    let port = free_port(address).map_err(|e| format!("partners.sandbox_listen: {listen}: {e}"))?;
    let address = SocketAddr::new(address.ip(), port);
    let mut child = tokio::process::Command::new(me)
        .args(["sandbox", "--listen", &address.to_string(), "--directory"])
        .arg(&folder)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|e| format!("the sandbox: {e}"))?;
    for _ in 0..400 {
        if tokio::net::TcpStream::connect(address).await.is_ok() {
            return Ok(Sandbox { child, base: format!("http://{address}"), keys });
        }
        if let Ok(Some(status)) = child.try_wait() {
            return Err(format!("the sandbox does not start: {status}"));
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    Err(format!("the sandbox does not answer at {address}"))
}

fn free_port(address: SocketAddr) -> std::io::Result<u16> {
    Ok(std::net::TcpListener::bind(address)?.local_addr()?.port())
}

/// `hanse sandbox`
pub async fn sandbox(listen: SocketAddr, directory: &Path, advance_every: Option<Duration>) -> Result<(), String> {
    let options = SandboxOptions { advance_every, ..SandboxOptions::demo(listen, directory) };
    partners::sandbox::serve(options).await.map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cashiers_origin_is_the_gateways() {
        assert_eq!(origin("https://openapi.alipay.com/gateway.do").unwrap(), "https://openapi.alipay.com");
        assert_eq!(origin("http://127.0.0.1:1689/alipay/gateway.do").unwrap(), "http://127.0.0.1:1689");
        assert!(origin("openapi.alipay.com").is_err());
    }
}
