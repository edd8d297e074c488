//! The foundation on both engines.

mod blobs;
mod jobs;
mod ledger;
mod opening;
mod outbox;
mod types;
mod writing;

use std::convert::Infallible;

use db::testing::Setup;
use db::{Database, Db, Failed, Id, Migrations, Stop, Tx};
use diesel::prelude::*;

diesel::table! {
    thing (id) {
        id -> Text,
        name -> Text,
        amount -> BigInt,
        sealed_name -> Binary,
    }
}

const SOURCE: db::migrate::EmbeddedMigrations = db::migrate::embed_migrations!("tests/all/migrations");

pub const THINGS: Setup =
    Setup { migrations: || vec![Migrations { name: "things", source: SOURCE }], guard: Some(state_versions_are) };

/// Stands for the vault's guard: a person's version is the amount of the thing with their id.
fn state_versions_are(db: &mut Db, required: &[(Id, i64)], for_update: bool) -> QueryResult<bool> {
    for (person, version) in required {
        let amount: Option<i64> = match &mut *db {
            Db::Pg(conn) if for_update => {
                thing::table.find(person).select(thing::amount).for_share().first(conn).optional()?
            }
            either => thing::table.find(person).select(thing::amount).first(either).optional()?,
        };
        if amount != Some(*version) {
            return Ok(false);
        }
    }
    Ok(true)
}

pub fn add(tx: &mut Tx, name: &str) -> Result<Id, Stop<&'static str>> {
    let id = tx.id();
    insert(tx, &id, name)?;
    Ok(id)
}

pub fn insert(tx: &mut Tx, id: &Id, name: &str) -> QueryResult<usize> {
    diesel::insert_into(thing::table)
        .values((thing::id.eq(id), thing::name.eq(name), thing::amount.eq(0), thing::sealed_name.eq(Vec::new())))
        .execute(tx.db)
}

pub fn names(db: &Database) -> Vec<String> {
    let names: Result<_, Failed<Infallible>> =
        db.read_now(|read| Ok(thing::table.select(thing::name).order(thing::name).load(read.db)?));
    names.expect("names")
}
