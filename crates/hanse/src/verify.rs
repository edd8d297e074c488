//! `hanse verify`: whether what is stored agrees with itself, after a crash, a copy that was put back, or a doubt. It
//! only reads, opens no sealed value, and may run beside an open marketplace.

use crate::config::Config;
use crate::{house, serve};
use db::{Failed, Stop};
use std::convert::Infallible;
use std::path::Path;

/// So many ids are told of each fault.
const IDS_TOLD_MAX: usize = 5;

/// What was found, in sentences.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    pub holds: Vec<String>,
    pub faults: Vec<String>,
}

/// Looks through ledger, outbox, trade and the search indexes of this folder of files.
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
    verified.faults.extend(trade.faults.iter().map(|fault| told_of(fault.what, &fault.ids)));
    for folder in serve::index_folders(&house::files_folder(config)).filter(|folder| folder.is_dir()) {
        search(vault.data(), &folder, &mut verified);
    }
    Ok(verified)
}

/// The sentence, with how many and some of them.
fn told_of(what: &str, ids: &[impl AsRef<str>]) -> String {
    if ids.is_empty() {
        return what.to_owned();
    }
    let some: Vec<&str> = ids.iter().take(IDS_TOLD_MAX).map(AsRef::as_ref).collect();
    let more = if ids.len() > IDS_TOLD_MAX { ", …" } else { "" };
    format!("{what}: {} ({}{more})", ids.len(), some.join(", "))
}

fn search(data: &db::Database, folder: &Path, verified: &mut Verified) {
    let name = folder.display();
    let found = match discovery::compare(data, folder) {
        Ok(Some(found)) => found,
        Ok(None) => {
            return verified
                .holds
                .push(format!("the search index {name}: there is none; it is built when it is opened"));
        }
        Err(error) => return verified.faults.push(format!("the search index {name}: {error}")),
    };
    let faults = [
        ("for sale and not in it", found.missing),
        ("in it and not for sale", found.left_over),
        ("shown otherwise than they are", found.other),
    ];
    let before = verified.faults.len();
    let faults = faults.iter().filter(|(_, ids)| !ids.is_empty());
    verified.faults.extend(faults.map(|(what, ids)| told_of(&format!("the search index {name}: {what}"), ids)));
    if verified.faults.len() == before {
        let rest = match (found.unfit, found.to_come) {
            (true, _) => "is built anew when it is opened".to_owned(),
            (false, 0) => format!("{} goods, as they are", found.goods),
            (false, to_come) => {
                format!("{} goods, as they are but for {to_come} that it has yet to look at", found.goods)
            }
        };
        verified.holds.push(format!("the search index {name}: {rest}"));
    }
}

/// `hanse ledger verify`: every chain, every hash.
pub fn ledger(vault: &vault::Vault) -> Result<String, Failed<String>> {
    let verified = vault
        .data()
        .read_now(|r| db::ledger::verify(r.db).map_err(|broken| Stop::<String>::Refused(broken.to_string())))?;
    Ok(format!("{} chains, {} blocks: every hash holds", verified.chains, verified.blocks))
}
