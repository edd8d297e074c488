//! The key store: a database of its own, beside the data and never inside its backups.
//!
//! A person has one account key and one key for each duty, wrapped by the epoch's key, which lies in a file outside
//! both databases. Keys are committed before the row that needs them, from a pool made ahead. Here too are the blind
//! indexes (keyed hashes, the only way to look a sealed value up) and the tombstones of the erased.
//!
//! Data and key store are a pair with a common number, the *generation*. It moves on, first here and then in the data,
//! with everything without which an older copy of the key store would be unfit: new people's keys, what somebody is newly
//! found by, destroyed keys, a new epoch. So a copy that is older than the data is refused instead of leaving rows that
//! nobody can open, or members whom nobody can find.

mod copy;
mod epochs;
mod marks;
mod people;

pub use copy::{Copied, restore, verify};
pub use epochs::Renewed;
pub use marks::{Hasher, Hashing};
pub use people::Fresh;

use crate::policy::key_store::{blind_mark, key_pair};
use crate::policy::pair;
use aws_lc_rs::aead::RandomizedNonceKey;
use aws_lc_rs::rand;
use db::{Database, Failed, Id, Stop, Tx};
use diesel::prelude::*;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use zeroize::Zeroizing;

pub(crate) type PersonKey = RandomizedNonceKey;

/// In the place of a person where a key is the house's.
const HOUSE: &str = "blind";

/// Why the key store does not open or does not answer.
#[derive(Debug)]
pub enum KeysError {
    /// The epoch's key file is missing, unreadable, or of another key store.
    EpochKey {
        path: PathBuf,
        why: String,
    },
    /// Data and key store are not a pair, or the key store is older than the data.
    NotAPair(String),
    /// A copy is not whole, or does not belong here.
    Copy(String),
    Unavailable(String),
}

impl fmt::Display for KeysError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeysError::EpochKey { path, why } => write!(f, "the epoch key {}: {why}", path.display()),
            KeysError::NotAPair(why) | KeysError::Copy(why) => f.write_str(why),
            KeysError::Unavailable(why) => write!(f, "the key store does not answer: {why}"),
        }
    }
}

impl std::error::Error for KeysError {}

impl<R: fmt::Debug> From<Failed<R>> for KeysError {
    fn from(failed: Failed<R>) -> Self {
        KeysError::Unavailable(failed.to_string())
    }
}

/// The value is another person's already.
#[derive(Debug, PartialEq, Eq)]
pub struct Taken;

pub struct KeyStore {
    keys: Database,
    /// The data that this key store is the pair of, from `pair_with` on.
    data: OnceLock<Database>,
    epochs: epochs::Epochs,
    people: people::People,
    house: marks::HouseKeys,
}

impl KeyStore {
    /// Opens the key store with the epoch's key in `directory`; makes both where the store is empty.
    pub fn open(keys: Database, directory: &Path) -> Result<KeyStore, KeysError> {
        let epochs = epochs::Epochs::open(&keys, directory)?;
        Ok(KeyStore {
            keys,
            data: OnceLock::new(),
            epochs,
            people: people::People::default(),
            house: marks::HouseKeys::default(),
        })
    }

    /// The key store's database, for checks.
    pub fn database(&self) -> &Database {
        &self.keys
    }

    /// The epoch under which this process writes.
    pub fn epoch(&self) -> i64 {
        self.epochs.current()
    }

    /// Makes data and key store a pair, or checks that they are one.
    pub(crate) fn pair_with(&self, data: &Database) -> Result<(), KeysError> {
        match (of_data(data)?, of_keys(&self.keys)?) {
            (Some(of_data), Some(of_keys)) => check(&of_data, &of_keys)?,
            (Some(_), None) => {
                return Err(KeysError::NotAPair("the data have sealed values, and this key store is empty".into()));
            }
            (None, Some((id, generation))) => {
                let people: i64 =
                    self.keys.read_now(|r| Ok::<_, Stop<()>>(blind_mark::table.count().get_result(r.db)?))?;
                if people > 0 {
                    return Err(KeysError::NotAPair(
                        "the key store knows people, and the data are empty: give it the data it belongs to".into(),
                    ));
                }
                write_pair(data, id, generation)?;
            }
            (None, None) => {
                let id = Id::fresh().to_string();
                let same = id.clone();
                self.keys.write_now(move |tx| {
                    diesel::insert_into(key_pair::table)
                        .values((key_pair::id.eq(&same), key_pair::generation.eq(1)))
                        .execute(tx.db)?;
                    Ok::<_, Stop<()>>(())
                })?;
                write_pair(data, id, 1)?;
            }
        }
        let _paired_before = self.data.set(data.clone());
        Ok(())
    }

    /// Tells the data of the key store's generation; before this nothing may be sealed that an older copy cannot open.
    async fn tell_generation(&self, generation: Option<i64>) -> Result<(), KeysError> {
        if let (Some(data), Some(generation)) = (self.data.get(), generation) {
            data.write(move |tx| Ok::<_, Stop<()>>(raise_data(tx, generation)?)).await?;
        }
        Ok(())
    }

    /// As `tell_generation`, for threads that may wait.
    fn tell_generation_now(&self, generation: Option<i64>) -> Result<(), KeysError> {
        if let (Some(data), Some(generation)) = (self.data.get(), generation) {
            data.write_now(move |tx| Ok::<_, Stop<()>>(raise_data(tx, generation)?))?;
        }
        Ok(())
    }
}

type Pair = (String, i64);

fn of_data(data: &Database) -> Result<Option<Pair>, KeysError> {
    Ok(data.read_now(|r| Ok::<_, Stop<()>>(pair::table.select((pair::id, pair::generation)).first(r.db).optional()?))?)
}

fn of_keys(keys: &Database) -> Result<Option<Pair>, KeysError> {
    Ok(keys.read_now(|r| {
        Ok::<_, Stop<()>>(key_pair::table.select((key_pair::id, key_pair::generation)).first(r.db).optional()?)
    })?)
}

fn check(of_data: &Pair, of_keys: &Pair) -> Result<(), KeysError> {
    if of_data.0 != of_keys.0 {
        return Err(KeysError::NotAPair("the key store belongs to other data".into()));
    }
    if of_keys.1 < of_data.1 {
        return Err(KeysError::NotAPair(format!(
            "the key store (generation {}) is older than the data (generation {}): restore a newer copy of it",
            of_keys.1, of_data.1
        )));
    }
    Ok(())
}

fn write_pair(data: &Database, id: String, generation: i64) -> Result<(), KeysError> {
    data.write_now(move |tx| {
        diesel::insert_into(pair::table).values((pair::id.eq(&id), pair::generation.eq(generation))).execute(tx.db)?;
        Ok::<_, Stop<()>>(())
    })?;
    Ok(())
}

/// Moves the key store's generation on; `None` where it is no pair yet.
fn raise(tx: &mut Tx) -> QueryResult<Option<i64>> {
    diesel::update(key_pair::table).set(key_pair::generation.eq(key_pair::generation + 1)).execute(tx.db)?;
    key_pair::table.select(key_pair::generation).first(tx.db).optional()
}

fn raise_data(tx: &mut Tx, generation: i64) -> QueryResult<()> {
    diesel::update(pair::table.filter(pair::generation.lt(generation)))
        .set(pair::generation.eq(generation))
        .execute(tx.db)
        .map(drop)
}

/// What binds a wrapped key to its person and duty, so that one cannot be put in another's place.
fn bound_to(person: &str, duty: &str) -> Vec<u8> {
    [b"hanse key\0", person.as_bytes(), b"\0", duty.as_bytes()].concat()
}

fn random_key() -> Zeroizing<[u8; 32]> {
    let mut secret = Zeroizing::new([0u8; 32]);
    rand::fill(secret.as_mut()).expect("the system gives random bytes");
    secret
}
