//! Finding goods: the search index of this process, what is asked of it, and how it follows the catalogue.
//!
//! - `query`: what may be asked; `search`: the answer. A list page is one search and no SQL: the index holds what a
//!   card shows.
//! - `spelling`: what was meant by words that no goods have; `suggest`: what words that are being typed may become.
//! - `facets`, `marks`: by what the goods found could be narrowed, counted in the same pass.
//! - `ranking`, `statistics`: the published weights of the General sort, and what it counts.
//! - `index`, `follow`: the index on disk, and the events that feed it, in order of their positions; how it is built anew
//!   beside the one that is searched.
//! - `compare`: whether the index on disk is what the catalogue has for sale.
//! - `remembered`: lists without words, until a commit concerns them; `concerned`: what it concerns.
//! - `tokens`: how English and Chinese become the terms that are compared.
//!
//! It never takes a person: a search has no field for who asks, so everybody who searches alike sees alike
//! (2.2.3-b.1). It keeps no words that were searched (2.2.2-c.1), and nothing in it is known only here: a lost or
//! unfit index is built anew from the database.

#![forbid(unsafe_code)]

mod compare;
mod concerned;
mod facets;
mod follow;
mod index;
#[cfg(test)]
mod judged;
#[cfg(test)]
mod lists;
mod marks;
pub mod policy;
mod query;
mod ranking;
mod remembered;
mod search;
mod spelling;
mod statistics;
mod suggest;
mod tokens;

pub use compare::{Compared, compare};
pub use facets::{AttributeFacet, Band, Categories, Facets};
pub use follow::{Follower, catch_up, rebuild};
pub use index::{Index, IndexError};
pub use policy::PART;
pub use query::{CHOSEN_MAX, Chosen, PAGE_SIZE, PAGES_MAX, Query, Rank, Sort, Walk, typed};
pub use ranking::{WEIGHTS, Weights};
pub use search::{Card, Found, Labels};
pub use suggest::Suggestion;
