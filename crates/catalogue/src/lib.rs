//! Shops and goods: who may sell, what is for sale, at which price, how much of it is left, and how it looks.
//!
//! - `shop`: applying, the operator's decision, the seller's own edits; [`shop::Seller`] is where a seller's every
//!   look-up begins.
//! - `category`, `product`, `picture`: what a seller publishes.
//! - `price`, `stock`: the one price function, and the one way in which stock goes and comes back.
//! - `bulk`: many products at once, out into a spreadsheet and in from one.
//! - `written`: numbers as people write them.
//! - `view`: what a page, a cart and the search index read; `facts`: what of it stays in memory, by version.
//! - `demo`, `generated`: the demo's goods, and as many more as a measurement wants.
//!
//! It never prices by who asks (2.2.3-e.S2: no price function takes a person), never keeps a picture as it came, and
//! never looks a seller's thing up otherwise than from that seller's own shop.

#![forbid(unsafe_code)]

pub mod bulk;
pub mod category;
mod check;
pub mod demo;
mod facts;
pub mod generated;
mod limits;
pub mod picture;
pub mod policy;
pub mod price;
pub mod product;
mod refused;
pub mod shop;
pub mod stock;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod view;
mod words;
pub mod written;

pub use check::Misfit;
pub use limits::filled_line;
pub use policy::PART;
pub use refused::Refused;
pub use words::Both;

/// The event of a product that was published, edited, listed, taken down or sold. `about` is the product.
pub const PRODUCT_CHANGED: &str = "ProductChanged";
/// The event of a shop that opened, paused, resumed, closed or changed its face. `about` is the shop.
pub const SHOP_CHANGED: &str = "ShopChanged";
