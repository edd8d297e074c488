//! Finding goods, on both engines: what is found, in which order, and that the index is what the catalogue is.

mod following;
mod searching;
mod support;
