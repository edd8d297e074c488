//! The promise kept: sealing, keys, access, consent, the ledger of readings, disclosure.
//!
//! One way in for personal data, `access.seal(…)`; one way out, `sealed.open(…)`; one way away,
//! `personal.disclose::<Recipient>(…)`. The compiler checks the declaration (`Collects`, `Reads`, `Discloses`);
//! the run time checks role, consent and the person's state, and writes the ledger.
//!
//! It never opens a value without a ledger entry, never keeps a key beside the data, and knows no domain.

mod access;
pub mod consent;
pub mod keys;
pub mod ledger;
mod part;
pub mod person;
pub mod policy;
mod sealed;
#[cfg(feature = "testing")]
pub mod testing;

pub use access::{Access, Actor, NoAccess, Standing};
pub use keys::{Fresh, KeyStore, Taken};
pub use part::Part;
pub use person::{PersonKind, State};
pub use sealed::{Disclosed, Masked, NotOpened, Personal, RowKey, Sealed, Written};

use db::Database;
use std::sync::Arc;

/// Built with `--cfg hanse_without_vault`, which only `cargo xtask bench --vault` sets: nothing is sealed, asked or
/// noted, so that what this costs can be measured. The marketplace then opens on this machine only.
pub const WITHOUT: bool = cfg!(hanse_without_vault);

/// The vault of one marketplace: its data, its key store, and the edition of the policy in force.
#[derive(Clone)]
pub struct Vault {
    data: Database,
    keys: Arc<KeyStore>,
}

impl Vault {
    /// Pairs the data with its key store. Refused where they are not a pair, or the key store is the older.
    pub fn open(data: Database, keys: KeyStore) -> Result<Vault, keys::KeysError> {
        keys.pair_with(&data)?;
        Ok(Vault { data, keys: Arc::new(keys) })
    }

    pub fn data(&self) -> &Database {
        &self.data
    }

    pub fn keys(&self) -> &Arc<KeyStore> {
        &self.keys
    }
}
