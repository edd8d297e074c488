//! Migrations: one directory per crate serves both engines (write `bytea`, `bigint`, `text`, `boolean`, and `not null`).
//!
//! A directory is named `<crate><number>_<what>`, e.g. `trade0001_orders`: the part before the first underscore is the
//! version, unique over all crates. What is pending runs in one transaction, under a lock that other processes wait for.

use std::collections::BTreeSet;

use diesel::backend::Backend;
use diesel::connection::{BoxableConnection, SimpleConnection};
use diesel::migration::MigrationSource;
use diesel_migrations::MigrationHarness;
pub use diesel_migrations::{EmbeddedMigrations, embed_migrations};

use crate::database::OpenError;
use crate::{Db, on_each};

/// The migrations of one crate. The macro wants a constant:
/// `const SOURCE: EmbeddedMigrations = embed_migrations!("migrations"); Migrations { name: "trade", source: SOURCE }`.
pub struct Migrations {
    pub name: &'static str,
    pub source: EmbeddedMigrations,
}

const OWN: EmbeddedMigrations = diesel_migrations::embed_migrations!("migrations");

/// The foundation's own.
pub fn own() -> Migrations {
    Migrations { name: "db", source: OWN }
}

/// Any number that nothing else on the server locks.
const LOCK: i64 = 0x4861_6e73_654d_6967;

/// Runs what is pending: the foundation's first, then the list in its order. Refuses a database that knows a migration
/// which is not among them.
pub fn run(db: &mut Db, list: &[Migrations]) -> Result<(), OpenError> {
    let begin = match db {
        Db::Sqlite(_) => "begin immediate".to_owned(),
        Db::Pg(_) => format!("begin; select pg_advisory_xact_lock({LOCK})"),
    };
    db.batch_execute(&begin).map_err(|error| OpenError::Unreachable(error.to_string()))?;
    let own = own();
    let all: Vec<&Migrations> = std::iter::once(&own).chain(list).collect();
    let applied = on_each!(db, conn => apply(conn, &all));
    let end = if applied.is_ok() { "commit" } else { "rollback" };
    let ended = db.batch_execute(end);
    applied?;
    ended.map_err(|error| OpenError::Migration(format!("the migrations could not be committed: {error}")))
}

fn apply<C, B>(conn: &mut C, all: &[&Migrations]) -> Result<(), OpenError>
where
    B: Backend,
    C: MigrationHarness<B> + BoxableConnection<B> + 'static,
{
    let failed = |name: &str, error: &dyn std::fmt::Display| OpenError::Migration(format!("migration {name}: {error}"));
    let applied: BTreeSet<String> =
        conn.applied_migrations().map_err(|error| failed("list", &error))?.iter().map(ToString::to_string).collect();
    let mut known = BTreeSet::new();
    let mut pending = Vec::new();
    for migrations in all {
        let mut of_crate =
            MigrationSource::<B>::migrations(&migrations.source).map_err(|error| failed(migrations.name, &error))?;
        of_crate.sort_by(|a, b| a.name().version().cmp(&b.name().version()));
        for migration in of_crate {
            let version = migration.name().version().to_string();
            if !version.chars().all(|c| c.is_ascii_alphanumeric()) || !known.insert(version.clone()) {
                return Err(failed(migrations.name, &format!("the version {version} is used twice or is no word")));
            }
            if !applied.contains(&version) {
                pending.push((version, migration));
            }
        }
    }
    let unknown: Vec<String> = applied.difference(&known).cloned().collect();
    if !unknown.is_empty() {
        return Err(OpenError::Newer(unknown));
    }
    for (version, migration) in pending {
        migration.run(conn).map_err(|error| failed(&version, &error))?;
        // Letters and digits only, as checked above.
        conn.batch_execute(&format!("insert into __diesel_schema_migrations (version) values ('{version}')"))
            .map_err(|error| failed(&version, &error))?;
    }
    Ok(())
}
