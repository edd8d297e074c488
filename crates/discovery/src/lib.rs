//! Finding goods: the search index of this process, what is asked of it, and how it follows the catalogue.
//!
//! - `query`: what may be asked; `search`: the answer. A list page is one search and no SQL: the index holds what a
//!   card shows.
//! - `ranking`, `statistics`: the published weights of the General sort, and what it counts.
//! - `index`, `follow`: the index on disk, and the events that feed it, in order of their positions.
//! - `tokens`: how English and Chinese become the terms that are compared.
//!
//! It never takes a person: a search has no field for who asks, so everybody who searches alike sees alike
//! (2.2.3-b.1). It keeps no words that were searched (2.2.2-c.1), and nothing in it is known only here: a lost or
//! unfit index is built anew from the database.

#![forbid(unsafe_code)]

mod follow;
mod index;
#[cfg(test)]
mod judged;
pub mod policy;
mod query;
mod ranking;
mod search;
mod statistics;
mod tokens;

pub use follow::{Follower, catch_up};
pub use index::{Index, IndexError};
pub use policy::PART;
pub use query::{PAGE_SIZE, PAGES_MAX, Query, Sort};
pub use ranking::{WEIGHTS, Weights};
pub use search::{Card, Found};
