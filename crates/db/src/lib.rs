//! The foundation: one database on SQLite or PostgreSQL, and what every command rests on: transactions that are
//! answered only when they are on disk, the clock and ids, the ledger of readings, the outbox, jobs, and blobs.
//!
//! A command is a function over [`Tx`], a query one over [`Read`]; both run on threads of their own and not on the
//! caller's, but for a look at a few rows of a SQLite file ([`Database::look`]). `db.write(move |tx| …).await`, `db.read(move |read| …).await`.
//!
//! This crate never opens a sealed value, never knows a domain, never logs a value of a row or an argument, and never
//! answers before the commit. Diesel's own `transaction()` is refused at run time on its connections: a panic inside a
//! nested one loses acknowledged rows.

#![forbid(unsafe_code)]

// `policy::record!` expands to `db::sql::…`, here too.
extern crate self as db;

pub mod blobs;
pub mod clock;
mod command;
mod database;
mod engine;
mod fault;
mod id;
pub mod jobs;
pub mod ledger;
pub mod migrate;
pub mod outbox;
pub mod policy;
mod queue;
mod reader;
pub mod schema;
pub mod sql;
#[cfg(feature = "testing")]
pub mod testing;
mod writer;

pub use blobs::{BlobError, BlobId, Blobs};
pub use command::{Note, Read, Scope, Tx};
pub use database::{Database, Guard, OpenError, Options};
pub use engine::{Address, Db, Engine, FEW, MultiBackend};
pub use fault::{Failed, Fault, FaultId, Stop};
pub use id::{Id, NotAnId};
pub use jobs::{Job, JobContext, JobHandler, JobOutcome, Jobs, NewJob};
pub use migrate::Migrations;
pub use outbox::{Delivered, Event};
