//! What the policy promises beyond a scenario: that what has served its purpose goes (5.1-a).
//!
//! It runs over the list of the house's parts with SQL made from their records. It names no domain and no table, so a
//! new record is under its term from its first row; and it never reads a value.

#![forbid(unsafe_code)]

pub mod retention;
