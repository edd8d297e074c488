//! The live schema of the whole house on both engines, data and key store, against what the map declares.

use db::testing::{Setup, TestDatabase};
use db::{Address, Database, Engine, Stop};
use hanse::{config::Config, house};
use policy::RecordInfo;
use std::collections::BTreeSet;

/// Table, column.
type Columns = BTreeSet<(String, String)>;

fn declared<'a>(records: impl IntoIterator<Item = &'a &'static RecordInfo>) -> Columns {
    records.into_iter().flat_map(|r| r.columns.iter().map(|c| (r.table.to_owned(), c.name.to_owned()))).collect()
}

fn live(database: &Database) -> Columns {
    let columns = database.read_now(|r| Ok::<_, Stop<()>>(db::schema::live_columns(r.db)?)).expect("columns");
    columns.into_iter().map(|c| (c.table_name, c.column_name)).collect()
}

/// 2-a.S2, 5.1-a.1: there is no table and no column that the map does not declare, and none is declared and absent.
fn the_schema_is_the_maps(config: &Config) {
    let vault = house::open(config).expect("the house opens");
    let parts = house::parts();
    let mut data = declared(parts.iter().flat_map(|part| part.records));
    data.extend(declared(db::policy::RECORDS));
    assert_eq!(live(vault.data()), data);
    // The key store's database has the writer's own tables too: its ledger, its jobs and its outbox stay empty.
    let mut keys = declared(vault::policy::key_store::RECORDS);
    keys.extend(declared(db::policy::RECORDS));
    assert_eq!(live(vault.keys().database()), keys);
    vault.data().clone().close();
}

#[test]
fn on_sqlite() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut config = Config::default();
    config.database.data = folder.path().join("data").display().to_string();
    config.database.keys = folder.path().join("keys").display().to_string();
    the_schema_is_the_maps(&config);
}

#[test]
fn on_postgres() {
    let folder = tempfile::tempdir().expect("a folder");
    let [data, keys] = [(); 2].map(|()| TestDatabase::open(Engine::Postgres, Setup::NOTHING));
    let url = |of: &TestDatabase| match &of.address {
        Address::Postgres(url) => url.clone(),
        Address::Sqlite(path) => unreachable!("{} is no PostgreSQL", path.display()),
    };
    let mut config = Config::default();
    config.database.data = url(&data);
    config.database.keys = url(&keys);
    config.database.files = folder.path().join("files");
    config.database.epoch_keys = folder.path().join("keys");
    the_schema_is_the_maps(&config);
}

/// 5.1-a.1: a device that nobody signs in on any more is forgotten when its cookie is, by the term that the policy says.
#[test]
fn a_known_device_ends_with_its_cookie() {
    let map = house::map();
    let record = map.record("known_device").expect("a declared record");
    let rule = rights::retention::rule(&map, record).expect("a term");
    assert_eq!((rule.term.micros(), rule.action), (member::device::KNOWN_FOR, policy::Action::Delete));
}
