//! Finding goods, on both engines: what is found, in which order, and that the index is what the catalogue is.

mod facets;
mod following;
mod remembering;
mod searching;
mod spelling;
mod suggesting;
mod support;
