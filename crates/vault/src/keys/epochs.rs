//! Epochs: the key that wraps all keys, in a file outside both databases, changed from time to time.
//!
//! When an epoch ends, the keys of the living are wrapped anew and the old epoch's file is destroyed: from then on a
//! copy of the key store from before, with the keys of people who were erased since, is noise. No row may be written
//! under an epoch that has ended: each such insert looks at the epoch's row in its own transaction ([`stands`]), so a
//! process that has not yet heard of the new epoch is refused, reads the new key, and writes again.

use super::{KeyStore, KeysError, random_key};
use crate::policy::key_store::{epoch, house_key, person_key};
use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use db::{Database, Db, Stop, Tx};
use diesel::prelude::*;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};
use zeroize::Zeroizing;

/// Rows that one commit of the renewal wraps anew.
const AT_ONCE: i64 = 300;

/// The epochs that this process knows.
pub(super) struct Epochs {
    directory: PathBuf,
    known: RwLock<Known>,
}

struct Known {
    current: i64,
    keys: BTreeMap<i64, Arc<RandomizedNonceKey>>,
}

/// The epoch under which something was to be written has ended.
#[derive(Debug)]
pub(super) struct Stale;

/// What a renewal did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Renewed {
    pub epoch: i64,
    /// Keys that were wrapped anew by this call.
    pub wrapped: u64,
}

impl Epochs {
    /// The current epoch with its key from `directory`; makes both where the store is empty.
    pub fn open(keys: &Database, directory: &Path) -> Result<Epochs, KeysError> {
        let epochs =
            Epochs { directory: directory.to_owned(), known: RwLock::new(Known { current: 0, keys: BTreeMap::new() }) };
        if newest(keys)?.is_none() {
            let secret = make_file(&path(directory, 1))?;
            let check = check_value(&secret);
            keys.write_now(move |tx| {
                let (now, check) = (tx.now, check.clone());
                let row = (epoch::number.eq(1), epoch::begun_at.eq(now), epoch::check_value.eq(check));
                db::on_each!(tx.db, c => diesel::insert_into(epoch::table).values(row).on_conflict_do_nothing().execute(c))?;
                Ok::<_, Stop<()>>(())
            })?;
        }
        epochs.catch_up(keys)?;
        Ok(epochs)
    }

    /// Learns of an epoch that another process began.
    pub fn catch_up(&self, keys: &Database) -> Result<(), KeysError> {
        let Some((number, check)) = newest(keys)? else {
            return Err(KeysError::Unavailable("the key store has lost its epochs".into()));
        };
        self.learn(number, &check)
    }

    fn learn(&self, number: i64, check: &str) -> Result<(), KeysError> {
        let file = path(&self.directory, number);
        let secret = read_file(&file)?;
        if check_value(&secret) != check {
            let why = "it is not the key that wrapped this key store".into();
            return Err(KeysError::EpochKey { path: file, why });
        }
        let mut known = self.known.write().expect("no panic holds the epochs");
        known.keys.insert(number, Arc::new(wrapping(&secret)));
        known.current = known.current.max(number);
        Ok(())
    }

    pub fn current(&self) -> i64 {
        self.known.read().expect("no panic holds the epochs").current
    }

    /// Wraps a key under the epoch that this process knows as the current one, and says which that is.
    pub fn wrap(&self, secret: &[u8; 32], bound: &[u8]) -> (i64, Vec<u8>) {
        let (number, key) = {
            let known = self.known.read().expect("no panic holds the epochs");
            (known.current, known.keys[&known.current].clone())
        };
        let mut body = Zeroizing::new(Vec::with_capacity(32 + 16));
        body.extend_from_slice(secret);
        let nonce =
            key.seal_in_place_append_tag(Aad::from(bound), &mut *body).expect("wrapping 32 bytes does not fail");
        (number, [nonce.as_ref().as_slice(), body.as_slice()].concat())
    }

    pub fn unwrap(&self, number: i64, wrapped: &[u8], bound: &[u8]) -> Result<Zeroizing<[u8; 32]>, KeysError> {
        let broken = || KeysError::Unavailable("a wrapped key does not open under its epoch".into());
        if wrapped.len() != 12 + 32 + 16 {
            return Err(broken());
        }
        let key = self.key(number)?;
        let (nonce, body) = wrapped.split_at(12);
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| broken())?;
        let mut body = Zeroizing::new(body.to_vec());
        let clear = key.open_in_place(nonce, Aad::from(bound), &mut body).map_err(|_| broken())?;
        Ok(Zeroizing::new((&*clear).try_into().map_err(|_| broken())?))
    }

    fn key(&self, number: i64) -> Result<Arc<RandomizedNonceKey>, KeysError> {
        if let Some(key) = self.known.read().expect("no panic holds the epochs").keys.get(&number) {
            return Ok(key.clone());
        }
        // An epoch of another process, or one that is ending. What it wraps says whether it is the right one.
        let secret = read_file(&path(&self.directory, number))?;
        let key = Arc::new(wrapping(&secret));
        self.known.write().expect("no panic holds the epochs").keys.insert(number, key.clone());
        Ok(key)
    }

    fn forget(&self, number: i64) {
        self.known.write().expect("no panic holds the epochs").keys.remove(&number);
    }
}

/// Whether this epoch is the one to write under; holds it until the commit.
pub(super) fn stands(tx: &mut Tx, number: i64) -> QueryResult<bool> {
    let query = epoch::table.find(number).filter(epoch::ended_at.is_null()).select(epoch::number);
    let found: Option<i64> = match tx.db {
        Db::Pg(c) => query.for_share().first(c).optional()?,
        Db::Sqlite(c) => query.first(c).optional()?,
    };
    Ok(found.is_some())
}

fn newest(keys: &Database) -> Result<Option<(i64, String)>, KeysError> {
    Ok(keys.read_now(|r| {
        let query = epoch::table.order(epoch::number.desc()).select((epoch::number, epoch::check_value));
        Ok::<_, Stop<()>>(query.first(r.db).optional()?)
    })?)
}

impl KeyStore {
    /// Ends the epoch and begins the next: wraps every key anew, verifies a fresh copy of the key store in `copy`, and
    /// only then destroys the old epoch's key file. It runs beside processes that serve. Killed at any moment it is
    /// taken up by the next call, which begins no further epoch. Blocks.
    pub fn renew_epoch(&self, copy: &Path, told: &mut dyn FnMut(u64)) -> Result<Renewed, KeysError> {
        self.epochs.catch_up(&self.keys)?;
        if self.ending()?.is_empty() {
            self.begin_epoch()?;
        }
        let number = self.epochs.current();
        let mut wrapped = 0;
        loop {
            let some = self.wrap_some_anew(number)?;
            if some == 0 {
                break;
            }
            wrapped += some;
            told(wrapped);
        }
        self.copy(copy)?;
        for ended in self.ending()? {
            let gone = self.keys.write_now(move |tx| {
                let left: i64 = person_key::table.filter(person_key::epoch.eq(ended)).count().get_result(tx.db)?;
                let more: i64 = house_key::table.filter(house_key::epoch.eq(ended)).count().get_result(tx.db)?;
                if left + more > 0 {
                    return Ok::<_, Stop<()>>(false);
                }
                diesel::delete(epoch::table.find(ended)).execute(tx.db)?;
                Ok(true)
            })?;
            if gone {
                self.epochs.forget(ended);
                destroy_file(&path(&self.epochs.directory, ended))?;
            }
        }
        self.destroy_forgotten_files()?;
        Ok(Renewed { epoch: number, wrapped })
    }

    /// Epochs that have ended and still have rows, or had some when their renewal was interrupted.
    fn ending(&self) -> Result<Vec<i64>, KeysError> {
        Ok(self.keys.read_now(|r| {
            Ok::<_, Stop<()>>(epoch::table.filter(epoch::ended_at.is_not_null()).select(epoch::number).load(r.db)?)
        })?)
    }

    fn begin_epoch(&self) -> Result<(), KeysError> {
        let old = self.epochs.current();
        let number = old + 1;
        // The file first: whoever reads the row can read the key.
        let secret = make_file(&path(&self.epochs.directory, number))?;
        let check = check_value(&secret);
        let known = check.clone();
        self.keys.write_now(move |tx| {
            let now = tx.now;
            // Waits for every insert that still holds the old epoch's row.
            let ended = diesel::update(epoch::table.find(old).filter(epoch::ended_at.is_null()))
                .set(epoch::ended_at.eq(now))
                .execute(tx.db)?;
            if ended == 1 {
                diesel::insert_into(epoch::table)
                    .values((epoch::number.eq(number), epoch::begun_at.eq(now), epoch::check_value.eq(&check)))
                    .execute(tx.db)?;
            }
            Ok::<_, Stop<()>>(())
        })?;
        self.epochs.learn(number, &known)
    }

    fn wrap_some_anew(&self, number: i64) -> Result<u64, KeysError> {
        type OfPerson = (String, String, i64, Vec<u8>);
        type OfHouse = (String, i64, Vec<u8>);
        let (people, house): (Vec<OfPerson>, Vec<OfHouse>) = self.keys.read_now(move |r| {
            let people = person_key::table
                .filter(person_key::epoch.lt(number))
                .select((person_key::person, person_key::duty, person_key::epoch, person_key::wrapped))
                .limit(AT_ONCE)
                .load(r.db)?;
            let house = house_key::table
                .filter(house_key::epoch.lt(number))
                .select((house_key::name, house_key::epoch, house_key::wrapped))
                .limit(AT_ONCE)
                .load(r.db)?;
            Ok::<_, Stop<()>>((people, house))
        })?;
        let again = |epoch: i64, wrapped: &[u8], bound: Vec<u8>| {
            let secret = self.epochs.unwrap(epoch, wrapped, &bound)?;
            Ok::<_, KeysError>(self.epochs.wrap(&secret, &bound))
        };
        let mut for_people = Vec::with_capacity(people.len());
        for (person, duty, epoch, wrapped) in people {
            let (new, bytes) = again(epoch, &wrapped, super::bound_to(&person, &duty))?;
            for_people.push((person, duty, epoch, new, bytes));
        }
        let mut for_house = Vec::with_capacity(house.len());
        for (name, epoch, wrapped) in house {
            let (new, bytes) = again(epoch, &wrapped, super::bound_to(super::HOUSE, &name))?;
            for_house.push((name, epoch, new, bytes));
        }
        let some = (for_people.len() + for_house.len()) as u64;
        self.keys.write_now(move |tx| {
            // A key that was destroyed meanwhile is not there to be updated, and does not come back.
            for (person, duty, old, new, bytes) in &for_people {
                diesel::update(person_key::table.find((person, duty)).filter(person_key::epoch.eq(old)))
                    .set((person_key::epoch.eq(new), person_key::wrapped.eq(bytes)))
                    .execute(tx.db)?;
            }
            for (name, old, new, bytes) in &for_house {
                diesel::update(house_key::table.find(name).filter(house_key::epoch.eq(old)))
                    .set((house_key::epoch.eq(new), house_key::wrapped.eq(bytes)))
                    .execute(tx.db)?;
            }
            Ok::<_, Stop<()>>(())
        })?;
        Ok(some)
    }

    /// Files of epochs that no row knows: of a renewal that was killed between the row and the file.
    fn destroy_forgotten_files(&self) -> Result<(), KeysError> {
        let oldest: Option<i64> = self
            .keys
            .read_now(|r| Ok::<_, Stop<()>>(epoch::table.select(diesel::dsl::min(epoch::number)).first(r.db)?))?;
        for number in 1..oldest.unwrap_or(1) {
            let file = path(&self.epochs.directory, number);
            if file.exists() {
                destroy_file(&file)?;
            }
        }
        Ok(())
    }
}

// --- the key files ----------------------------------------------------------------------------------------------

pub(super) fn path(directory: &Path, number: i64) -> PathBuf {
    directory.join(format!("epoch-{number}.key"))
}

fn wrapping(secret: &[u8; 32]) -> RandomizedNonceKey {
    RandomizedNonceKey::new(&AES_256_GCM, secret).expect("the key has the length of AES-256")
}

/// Tells whether a key is the right one, and nothing about the key.
pub(super) fn check_value(secret: &[u8; 32]) -> String {
    URL_SAFE_NO_PAD.encode(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), b"hanse epoch"))
}

pub(super) fn read_file(path: &Path) -> Result<Zeroizing<[u8; 32]>, KeysError> {
    let wrong = |why: String| KeysError::EpochKey { path: path.to_owned(), why };
    let text = Zeroizing::new(std::fs::read_to_string(path).map_err(|e| wrong(e.to_string()))?);
    let bytes = Zeroizing::new(STANDARD.decode(text.trim()).map_err(|_| wrong("it is not base64".into()))?);
    Ok(Zeroizing::new(bytes.as_slice().try_into().map_err(|_| wrong("it has a wrong length".into()))?))
}

/// Makes the key file, readable by its owner only, and on the disk before anything is wrapped by it.
fn make_file(path: &Path) -> Result<Zeroizing<[u8; 32]>, KeysError> {
    let wrong = |e: std::io::Error| KeysError::EpochKey { path: path.to_owned(), why: e.to_string() };
    if path.exists() {
        // A start that was killed before its first commit: the file is the key of an epoch that wrapped nothing.
        return read_file(path);
    }
    let directory = path.parent().expect("the key file has a directory");
    std::fs::create_dir_all(directory).map_err(wrong)?;
    let secret = random_key();
    // Whole under its name or not there at all: half a key would stand in the way for ever.
    let draft = path.with_extension(format!("{}.new", std::process::id()));
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&draft).map_err(wrong)?;
    file.write_all(Zeroizing::new(STANDARD.encode(secret.as_ref())).as_bytes()).map_err(wrong)?;
    file.sync_all().map_err(wrong)?;
    // A link, unlike a rename, does not replace what another process made meanwhile.
    let linked = std::fs::hard_link(&draft, path);
    std::fs::remove_file(&draft).map_err(wrong)?;
    sync_folder(directory).map_err(wrong)?;
    match linked {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(wrong(error)),
        _ => read_file(path),
    }
}

/// Overwrites the key and takes the file away. On disks that write elsewhere the old block may outlive this; who must
/// be sure of that keeps the folder on an encrypted volume.
fn destroy_file(path: &Path) -> Result<(), KeysError> {
    let wrong = |e: std::io::Error| KeysError::EpochKey { path: path.to_owned(), why: e.to_string() };
    let mut file = match std::fs::OpenOptions::new().write(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(wrong(error)),
    };
    file.write_all(&[b'0'; 44]).and_then(|()| file.sync_all()).map_err(wrong)?;
    std::fs::remove_file(path).map_err(wrong)?;
    sync_folder(path.parent().expect("the key file has a directory")).map_err(wrong)
}

fn sync_folder(directory: &Path) -> std::io::Result<()> {
    std::fs::File::open(directory)?.sync_all()
}
