//! Money and parcels, on both engines, with the partners' sandbox over HTTP: 2.3.3, 3.1.1-a, 3.1.5-1A, 3.1.5-1B, 5.1-a.

mod delivery;
mod others;
mod payment;
mod payout;
mod walk;
mod world;
