//! The binary's own part: configuration, the list of the house's parts, wiring, background work.
//!
//! It decides no rule of trade or privacy; it puts the crates together and starts them.

#![forbid(unsafe_code)]

pub mod config;
pub mod connect;
pub mod demo;
pub mod door;
pub mod house;
pub mod serve;
pub mod verify;
