//! Vaults for tests, on both engines: data and key store each a database of its own. Feature `testing`; never in a release.

use crate::{KeyStore, Vault, person};
use db::Migrations;
use db::testing::{Setup, TestDatabase};

/// A vault of one test; its databases go with it.
pub struct TestVault {
    pub vault: Vault,
    pub data: TestDatabase,
    pub keys: TestDatabase,
}

impl TestVault {
    /// `migrations` gives those of the crates above the vault, in their order.
    pub fn open(engine: db::Engine, migrations: fn() -> Vec<Migrations>) -> TestVault {
        let data = TestDatabase::open(engine, Setup { migrations, guard: Some(person::unchanged) });
        let keys =
            TestDatabase::open(engine, Setup { migrations: || vec![crate::policy::key_migrations()], guard: None });
        let vault = Vault::open(data.db.clone(), open_keys(&keys)).unwrap_or_else(|e| panic!("{e}"));
        TestVault { vault, data, keys }
    }

    /// The same vault as another process would open it: no cache, no pool.
    pub fn again(&self) -> Vault {
        Vault::open(
            self.data.again(),
            KeyStore::open(self.keys.again(), &self.keys.folder).unwrap_or_else(|e| panic!("{e}")),
        )
        .unwrap_or_else(|e| panic!("{e}"))
    }
}

fn open_keys(keys: &TestDatabase) -> KeyStore {
    KeyStore::open(keys.db.clone(), &keys.folder).unwrap_or_else(|e| panic!("{e}"))
}

/// Runs a test on SQLite and on PostgreSQL. `migrations` begins with `vault::policy::migrations()`.
pub fn each_engine(migrations: fn() -> Vec<Migrations>, test: impl Fn(TestVault)) {
    for engine in [db::Engine::Sqlite, db::Engine::Postgres] {
        eprintln!("on {engine:?}:");
        test(TestVault::open(engine, migrations));
    }
}
