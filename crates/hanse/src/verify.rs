//! `hanse verify`: whether what is stored agrees with itself, after a crash, a copy that was put back, or a doubt. It
//! only reads, opens no sealed value, and may run beside an open marketplace.

use crate::config::Config;
use crate::house;
use db::{Failed, Stop};
use std::convert::Infallible;

/// So many ids are told of each fault.
const IDS_TOLD_MAX: usize = 5;

/// What was found, in sentences.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    pub holds: Vec<String>,
    pub faults: Vec<String>,
}

/// Looks through ledger, outbox and trade.
pub fn everything(config: &Config) -> Result<Verified, String> {
    let vault = house::open(config)?;
    let mut verified = Verified::default();
    match ledger(&vault) {
        Ok(holds) => verified.holds.push(holds),
        Err(Failed::Refused(broken)) => verified.faults.push(format!("the access ledger: {broken}")),
        Err(failed) => return Err(failed.to_string()),
    }
    let told = |failed: Failed<Infallible>| failed.to_string();
    let (positions, trade) =
        vault.data().read_now(|r| Ok((db::outbox::faults(r.db)?, trade::audit::audit(r)?))).map_err(told)?;
    if positions.is_empty() {
        verified.holds.push("the outbox: every event has its place".to_owned());
    }
    verified.faults.extend(positions.into_iter().map(|fault| format!("the outbox: {fault}")));
    if trade.faults.is_empty() {
        verified.holds.push(format!("{} orders: lines, amounts, money and stock agree", trade.orders));
    }
    for fault in trade.faults {
        let mut told = fault.what.to_owned();
        if !fault.ids.is_empty() {
            let some: Vec<&str> = fault.ids.iter().take(IDS_TOLD_MAX).map(String::as_str).collect();
            let more = if fault.ids.len() > IDS_TOLD_MAX { ", …" } else { "" };
            told = format!("{told}: {} ({}{more})", fault.ids.len(), some.join(", "));
        }
        verified.faults.push(told);
    }
    Ok(verified)
}

/// `hanse ledger verify`: every chain, every hash.
pub fn ledger(vault: &vault::Vault) -> Result<String, Failed<String>> {
    let verified = vault
        .data()
        .read_now(|r| db::ledger::verify(r.db).map_err(|broken| Stop::<String>::Refused(broken.to_string())))?;
    Ok(format!("{} chains, {} blocks: every hash holds", verified.chains, verified.blocks))
}
