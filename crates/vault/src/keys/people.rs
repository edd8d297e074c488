//! People's keys: made ahead for people-to-be, opened for those who are, destroyed for those who are erased.

use super::epochs::{Stale, stands};
use super::{KeyStore, KeysError, PersonKey, bound_to, raise, random_key};
use crate::person::{self, PersonKind};
use crate::policy::key_store::{blind_mark, person_key, tombstone};
use aws_lc_rs::aead::{AES_256_GCM, RandomizedNonceKey};
use db::{Failed, Id, Scope, Stop, Tx, on_each};
use diesel::prelude::*;
use policy::Duty;
use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use zeroize::Zeroizing;

/// How many people's keys are made ahead, and at how few left more are made.
const POOL_FULL: usize = 512;
const POOL_LOW: usize = 192;
/// How many people's opened keys a process holds. State in a process is only cache: a version guards its use.
const CACHE_MAX: usize = 100_000;
/// How often somebody who was told of a newer epoch tries again.
const TRIES: u32 = 5;

type Opened = Arc<HashMap<Duty, Arc<PersonKey>>>;

/// What a process holds of people's keys.
#[derive(Default)]
pub(super) struct People {
    cache: Mutex<HashMap<Id, Opened>>,
    pool: Mutex<Vec<Fresh>>,
    refilling: AtomicBool,
}

/// A person-to-be: a random id whose keys are already committed. Used up by `begin`.
#[derive(Clone)]
pub struct Fresh {
    id: Id,
    keys: Opened,
}

impl fmt::Debug for Fresh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fresh({})", self.id)
    }
}

impl Fresh {
    pub fn id(&self) -> &Id {
        &self.id
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = (&Duty, &Arc<PersonKey>)> {
        self.keys.iter()
    }

    /// Begins the person in the data, in the transaction that writes the first row of theirs.
    pub fn begin<R>(&self, tx: &mut Tx, kind: PersonKind) -> Result<(), Stop<R>> {
        Ok(person::begin(tx, &self.id, kind)?)
    }
}

/// Keys of people-to-be, not yet wrapped.
struct Made {
    people: Vec<Fresh>,
    secrets: Vec<(String, &'static str, Zeroizing<[u8; 32]>)>,
}

/// Keys ready to be written under one epoch: person, duty, wrapped key.
struct Rows {
    epoch: i64,
    rows: Vec<(String, &'static str, Vec<u8>)>,
}

impl KeyStore {
    /// A person-to-be from the pool; makes more where few are left.
    pub async fn fresh(self: &Arc<Self>) -> Result<Fresh, KeysError> {
        if let Some(fresh) = self.take() {
            return Ok(fresh);
        }
        let made = make(POOL_FULL);
        for _ in 0..TRIES {
            let rows = self.wrapped(&made);
            match self.keys.write(move |tx| insert(tx, &rows)).await {
                Ok(generation) => {
                    self.tell_generation(generation).await?;
                    return Ok(self.stock(made.people));
                }
                Err(Failed::Refused(Stale)) => self.epochs.catch_up(&self.keys)?,
                Err(failed) => return Err(failed.into()),
            }
        }
        Err(KeysError::Unavailable("the epoch changes again and again".into()))
    }

    /// As `fresh`, for threads that may wait.
    pub fn fresh_now(self: &Arc<Self>) -> Result<Fresh, KeysError> {
        match self.take() {
            Some(fresh) => Ok(fresh),
            None => Ok(self.stock(self.made_now()?)),
        }
    }

    fn made_now(&self) -> Result<Vec<Fresh>, KeysError> {
        let made = make(POOL_FULL);
        for _ in 0..TRIES {
            let rows = self.wrapped(&made);
            match self.keys.write_now(move |tx| insert(tx, &rows)) {
                Ok(generation) => {
                    self.tell_generation_now(generation)?;
                    return Ok(made.people);
                }
                Err(Failed::Refused(Stale)) => self.epochs.catch_up(&self.keys)?,
                Err(failed) => return Err(failed.into()),
            }
        }
        Err(KeysError::Unavailable("the epoch changes again and again".into()))
    }

    fn take(self: &Arc<Self>) -> Option<Fresh> {
        let (fresh, left) = {
            let mut pool = self.people.pool.lock().expect("no panic holds the pool");
            (pool.pop(), pool.len())
        };
        if left < POOL_LOW && !self.people.refilling.swap(true, Ordering::AcqRel) {
            let store = self.clone();
            std::thread::spawn(move || {
                match store.made_now() {
                    Ok(people) => store.people.pool.lock().expect("no panic holds the pool").extend(people),
                    Err(failed) => tracing::warn!(%failed, "no keys were made ahead"),
                }
                store.people.refilling.store(false, Ordering::Release);
            });
        }
        fresh
    }

    fn stock(&self, mut made: Vec<Fresh>) -> Fresh {
        let one = made.pop().expect("the pool is made of more than one");
        self.people.pool.lock().expect("no panic holds the pool").extend(made);
        one
    }

    fn wrapped(&self, made: &Made) -> Rows {
        let mut epoch = 0;
        let rows = made.secrets.iter().map(|(person, duty, secret)| {
            let (number, wrapped) = self.epochs.wrap(secret, &bound_to(person, duty));
            // Between two of them the epoch may change: the lower is refused, and all are wrapped again.
            epoch = if epoch == 0 { number } else { number.min(epoch) };
            (person.clone(), *duty, wrapped)
        });
        let rows = rows.collect();
        Rows { epoch, rows }
    }

    pub(crate) async fn load(&self, people: &[Id]) -> Result<HashMap<(Id, Duty), Arc<PersonKey>>, KeysError> {
        let (mut out, missing) = self.cached(people);
        if !missing.is_empty() {
            let read = |wanted: Vec<Id>| self.keys.read(move |r| wrapped_keys(r, &wanted).map_err(Stop::<()>::from));
            let opened = match self.opened_of(read(missing.clone()).await?) {
                // Wrapped anew between the read and the opening, and the old epoch's file gone: the row tells of the new.
                Err(KeysError::EpochKey { .. }) => self.opened_of(read(missing).await?)?,
                opened => opened?,
            };
            self.keep(opened, &mut out);
        }
        Ok(out)
    }

    pub(crate) fn load_now(&self, people: &[Id]) -> Result<HashMap<(Id, Duty), Arc<PersonKey>>, KeysError> {
        let (mut out, missing) = self.cached(people);
        if !missing.is_empty() {
            let read =
                |wanted: Vec<Id>| self.keys.read_now(move |r| wrapped_keys(r, &wanted).map_err(Stop::<()>::from));
            let opened = match self.opened_of(read(missing.clone())?) {
                Err(KeysError::EpochKey { .. }) => self.opened_of(read(missing)?)?,
                opened => opened?,
            };
            self.keep(opened, &mut out);
        }
        Ok(out)
    }

    #[allow(clippy::type_complexity)]
    fn cached(&self, people: &[Id]) -> (HashMap<(Id, Duty), Arc<PersonKey>>, Vec<Id>) {
        let cache = self.people.cache.lock().expect("no panic holds the cache");
        let mut out = HashMap::with_capacity(people.len() * Duty::ALL.len());
        let mut missing = Vec::new();
        for id in people {
            match cache.get(id) {
                Some(keys) => out.extend(keys.iter().map(|(duty, key)| ((id.clone(), *duty), key.clone()))),
                None => missing.push(id.clone()),
            }
        }
        (out, missing)
    }

    fn opened_of(&self, rows: Vec<Wrapped>) -> Result<HashMap<Id, HashMap<Duty, Arc<PersonKey>>>, KeysError> {
        let mut people: HashMap<Id, HashMap<Duty, Arc<PersonKey>>> = HashMap::new();
        for (person, duty, epoch, wrapped) in rows {
            let secret = self.epochs.unwrap(epoch, &wrapped, &bound_to(&person, &duty))?;
            let (Ok(id), Some(duty)) = (Id::parse(&person), Duty::parse(&duty)) else {
                return Err(KeysError::Unavailable("a key of an unknown duty".into()));
            };
            people.entry(id).or_default().insert(duty, Arc::new(open_key(&secret)));
        }
        Ok(people)
    }

    fn keep(&self, people: HashMap<Id, HashMap<Duty, Arc<PersonKey>>>, out: &mut HashMap<(Id, Duty), Arc<PersonKey>>) {
        for (id, keys) in &people {
            out.extend(keys.iter().map(|(duty, key)| ((id.clone(), *duty), key.clone())));
        }
        let mut cache = self.people.cache.lock().expect("no panic holds the cache");
        if cache.len() + people.len() > CACHE_MAX {
            cache.clear();
        }
        cache.extend(people.into_iter().map(|(id, keys)| (id, Arc::new(keys))));
    }

    /// Destroys a person's key for one duty; what it sealed is noise from then on, in the data and in every backup of
    /// them. The tombstone is replayed when older data are restored.
    pub fn destroy_now(&self, person: &Id, duty: Duty) -> Result<(), KeysError> {
        let id = person.to_string();
        let generation = self.keys.write_now(move |tx| {
            let now = tx.now;
            diesel::delete(person_key::table.find((&id, duty.id()))).execute(tx.db)?;
            if duty == Duty::Account {
                diesel::delete(blind_mark::table.filter(blind_mark::person.eq(&id))).execute(tx.db)?;
            }
            let row = (tombstone::person.eq(&id), tombstone::duty.eq(duty.id()), tombstone::at.eq(now));
            on_each!(tx.db, c => diesel::insert_into(tombstone::table).values(row).on_conflict_do_nothing().execute(c))?;
            // An older copy would bring the key back.
            Ok::<_, Stop<()>>(raise(tx)?)
        })?;
        self.people.cache.lock().expect("no panic holds the cache").remove(person);
        self.tell_generation_now(generation)
    }
}

fn make(count: usize) -> Made {
    let mut made = Made { people: Vec::with_capacity(count), secrets: Vec::with_capacity(count * Duty::ALL.len()) };
    for _ in 0..count {
        let id = Id::fresh();
        let mut keys = HashMap::new();
        for duty in Duty::ALL {
            let secret = random_key();
            keys.insert(duty, Arc::new(open_key(&secret)));
            made.secrets.push((id.to_string(), duty.id(), secret));
        }
        made.people.push(Fresh { id, keys: Arc::new(keys) });
    }
    made
}

/// Returns the generation that has these keys.
fn insert(tx: &mut Tx, of: &Rows) -> Result<Option<i64>, Stop<Stale>> {
    if !stands(tx, of.epoch)? {
        return Err(Stop::refuse(Stale));
    }
    let now = tx.now;
    for chunk in of.rows.chunks(100) {
        let values: Vec<_> = chunk
            .iter()
            .map(|(person, duty, wrapped)| {
                (
                    person_key::person.eq(person),
                    person_key::duty.eq(*duty),
                    person_key::epoch.eq(of.epoch),
                    person_key::wrapped.eq(wrapped),
                    person_key::made_at.eq(now),
                )
            })
            .collect();
        on_each!(tx.db, c => diesel::insert_into(person_key::table).values(&values).execute(c))?;
    }
    Ok(raise(tx)?)
}

/// Person, duty, epoch, wrapped key.
type Wrapped = (String, String, i64, Vec<u8>);

fn wrapped_keys(scope: &mut impl Scope, people: &[Id]) -> QueryResult<Vec<Wrapped>> {
    let ids: Vec<&str> = people.iter().map(Id::as_str).collect();
    person_key::table
        .filter(person_key::person.eq_any(ids))
        .select((person_key::person, person_key::duty, person_key::epoch, person_key::wrapped))
        .load(scope.db())
}

fn open_key(secret: &[u8; 32]) -> PersonKey {
    RandomizedNonceKey::new(&AES_256_GCM, secret).expect("the key has the length of AES-256")
}
