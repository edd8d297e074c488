//! What people see: pages in two languages, the components they are made of, and the rules of the wire.
//!
//! This crate turns domain values into HTML and forms into commands. It decides no rule of trade or privacy, runs
//! no SQL, and shows a person's sealed value only as the vault's `Personal` hands it out. Nothing on a page needs
//! a script: `assets/hanse.js` makes pages pleasanter and may fail at any time.
//!
//! From the outside in: `headers` (what browsers may do), `language` (`/en/…` and `/zh/…` before any route),
//! `frame` (who is reading, and the page around the content), `form`, `multipart` and `csrf` (what comes back), `error` (when
//! it cannot be done), `ui` (components), `format` (money, numbers, dates), `assets` (style, script, icons).

#![forbid(unsafe_code)]

pub mod app;
mod arrivals;
pub mod assets;
pub mod csrf;
pub mod error;
pub mod form;
pub mod format;
pub mod frame;
pub mod headers;
pub mod language;
pub mod multipart;
pub mod pages;
pub mod routes;
pub mod ui;

pub use app::App;
pub use arrivals::Arrivals;
pub use error::Failure;
pub use form::{FieldError, FormData, FormErrors};
pub use frame::{Frame, Page, Site, Who};
pub use language::{Arg, Lang, f, t};
pub use routes::{Gate, Route, Routes};
