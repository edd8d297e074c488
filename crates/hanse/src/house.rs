//! The house: its parts in order, its databases and key store, and the edition of the policy that it runs by.

use crate::config::{self, Config, is_postgres};
use db::{Address, Database, Options};
use policy::documents::lock::Lock;
use policy::documents::{Operator, OwnWords, PartnerEntity};
use policy::map::Map;
use std::path::{Path, PathBuf};
use vault::{KeyStore, Part, Vault, person};
use web::Route;

/// Every crate's part, lower ones first. A test fails if one is missing.
pub fn parts() -> Vec<Part> {
    vec![vault::policy::PART, member::PART, catalogue::PART, trade::PART, discovery::policy::PART]
}

/// Every address of the marketplace. What programs ask for stands in the document of their interface instead
/// (`api::document`).
pub fn routes() -> Vec<Route> {
    let with_language = [web::pages::routes(), api::for_people()];
    let all = with_language.iter().flat_map(|routes| routes.table());
    all.chain(web::pages::machines().table()).chain(web::assets::routes().table()).copied().collect()
}

/// The whole map: what the parts declare.
pub fn map() -> Map {
    Part::map(&parts())
}

/// The lock that this binary was built with.
pub fn lock() -> Lock {
    Lock::parse(include_str!("../../../policy.lock")).expect("policy.lock is written by `hanse policy lock --write`")
}

/// Opens data and key store, makes what is missing.
pub fn open(config: &Config) -> Result<Vault, String> {
    let (data, keys) = databases(config)?;
    let keys = KeyStore::open(keys, &keys_folder(config)).map_err(|e| e.to_string())?;
    Vault::open(data, keys).map_err(|e| e.to_string())
}

/// The two databases, not yet as a pair.
pub fn databases(config: &Config) -> Result<(Database, Database), String> {
    let keys_folder = keys_folder(config);
    make_folder(&keys_folder)?;
    let mut options = Options::new(address(&config.database.data, "hanse.sqlite")?, files_folder(config).join("media"));
    options.migrations = parts().iter().map(|part| (part.migrations)()).collect();
    options.guard = person::unchanged;
    options.writer_threads = config.database.writers;
    options.reader_threads = config.database.readers;
    let data = Database::open(options).map_err(|e| e.to_string())?;
    let mut options = Options::new(address(&config.database.keys, "keys.sqlite")?, keys_folder.join("none"));
    options.migrations = vec![vault::policy::key_migrations()];
    options.writer_threads = 2;
    options.reader_threads = 2;
    let keys = Database::open(options).map_err(|e| e.to_string())?;
    Ok((data, keys))
}

/// Where media and the search index lie.
pub fn files_folder(config: &Config) -> PathBuf {
    if is_postgres(&config.database.data) { config.database.files.clone() } else { config.database.data.clone().into() }
}

fn keys_folder(config: &Config) -> PathBuf {
    if is_postgres(&config.database.keys) {
        config.database.epoch_keys.clone()
    } else {
        config.database.keys.clone().into()
    }
}

fn address(url: &str, file: &str) -> Result<Address, String> {
    if is_postgres(url) {
        return Ok(Address::Postgres(url.to_owned()));
    }
    let folder = Path::new(url);
    make_folder(folder)?;
    Ok(Address::Sqlite(folder.join(file)))
}

fn make_folder(folder: &Path) -> Result<(), String> {
    std::fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))
}

/// The operator as the documents name it.
pub fn operator(config: &Config, partners: Vec<PartnerEntity>) -> Operator {
    let o = &config.operator;
    Operator {
        company: OwnWords::new(&o.company, &o.company_zh),
        address: OwnWords::same(&o.address),
        service_contact: OwnWords::same(format!("{}, {}", o.service_phone, o.service_email)),
        department_email: o.privacy_email.clone(),
        department_address: OwnWords::same(format!("{}, {}", o.privacy_department, o.privacy_address)),
        officer: OwnWords::same(&o.privacy_officer),
        country: OwnWords::new(&o.country, &o.country_zh),
        partners,
    }
}

/// The terms of trade as the configuration has them.
pub fn terms(market: &config::Market) -> trade::Terms {
    trade::Terms {
        commission_default: market.commission,
        commission_by_category: market.commission_by_category.clone(),
        unpaid_closes_after: market.unpaid_closes_after_hours * db::clock::HOUR,
        confirm_after: market.confirm_after_days * db::clock::DAY,
        ..trade::Terms::shipped()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `data-map.md` 5: the map passes its own rules.
    #[test]
    fn the_map_passes_its_rules() {
        assert_eq!(map().faults(), Vec::<String>::new());
    }

    /// 5.1-a.2: whatever is kept under a term ends by the job, or goes with its parent, or by its person's own act.
    #[test]
    fn every_record_under_a_term_ends() {
        let map = map();
        let by_act_or_parent =
            ["address", "api_attempt", "api_token", "member", "one_time_code", "order_line", "posting", "session"];
        for record in &map.records {
            let ends = rights::retention::rule(&map, record).is_some();
            let excused = by_act_or_parent.contains(&record.table);
            assert!(ends || excused || record.keep.is_empty(), "{} never ends", record.table);
            assert!(!(ends && excused), "{} ends by the job", record.table);
        }
    }

    /// 6-b, 0-a.4: what the binary promises is what the lock says; another map needs another edition.
    #[test]
    fn the_lock_is_the_maps() {
        let changes = lock().compare(&map());
        assert!(changes.is_empty(), "run `cargo xtask policy lock --write`: {changes:?}");
    }
}
