//! Carts, addresses, checkout and orders, on SQLite and on PostgreSQL.

mod addresses;
mod carts;
mod checkouts;
mod market;
mod orders;
mod privacy;
mod states;
