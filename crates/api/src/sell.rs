//! 2.1.3-c, 2.3.3, 3.5-a: the seller's own shop. Every look-up begins at the shop of whoever calls.

pub mod goods;
pub mod hooks;
pub mod imports;
pub mod money;
pub mod orders;
pub mod shop;
