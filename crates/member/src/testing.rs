//! What tests of other crates need of this one. Feature `testing`; never in a release.

use crate::Proven;
use db::Id;

/// As if this person had just typed their password.
pub fn proven(person: &Id) -> Proven {
    Proven::of(person)
}
