//! The marketplace for programs: JSON over `/api/v1`, described by the document at `/api/openapi.json`.
//!
//! An operation turns JSON into a domain's command, and what a query says into JSON. It calls the commands that the
//! pages call, so no rule stands here; what is wrong is told at its field in the words of the pages.
//!
//! From the outside in: `routes` (every operation with its gate, and the document), `caller` (bearer tokens, how far
//! they reach, how often they may call), `wire` (what comes in), `once` (what is sent again), `problem` (when it cannot
//! be done), `shape` (what the answers are made of), `docs` (the page for people), `beside` (every page beside its
//! operations, and what stays a person's); the rest is one file per part of the marketplace.
//!
//! It never
//! - takes a cookie for a token, or a token from an address;
//! - holds a person's value as text: what comes in is `policy::Typed`, what goes out a `vault::Written`;
//! - answers with a library's own words, or quotes what was sent.

#![forbid(unsafe_code)]

mod addresses;
mod beside;
mod caller;
mod cart;
mod checkout;
mod console;
mod docs;
mod goods;
mod me;
mod once;
mod orders;
mod problem;
mod routes;
mod sell;
mod shape;
mod wire;

pub use routes::{document, for_people, pages, plain};
