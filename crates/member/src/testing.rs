//! What tests of other crates need of this one. Feature `testing`; never in a release.

use crate::{Proven, Token, session};
use db::{Id, Stop, Tx};

/// As if this person had just typed their password.
pub fn proven(person: &Id) -> Proven {
    Proven::of(person)
}

/// As if this member had just signed in.
pub fn session<R>(tx: &mut Tx, member: &Id) -> Result<Token, Stop<R>> {
    let device = tx.id();
    session::begin(tx, member, Some(&device), None)
}
