//! The promises of part 2.1, on both engines.

mod attempts;
mod codes;
mod devices;
mod map;
mod passwords;
mod proving;
mod registering;
mod sessions;
mod signing_in;
mod staff;
mod support;
mod sweeping;
mod tokens;
