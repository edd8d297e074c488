//! The key store: a database of its own, beside the data and never inside its backups.
//!
//! A person has one account key and one key for each duty, wrapped by the epoch's key, which lies in a file outside
//! both databases. Keys are committed before the row that needs them, from a pool made ahead. Here too are the blind
//! indexes (keyed hashes, the only way to look a sealed value up) and the tombstones of the erased.

use crate::person::{self, PersonKind};
use crate::policy::key_store::{blind_mark, epoch, house_key, key_pair, person_key, tombstone};
use crate::policy::pair;
use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use aws_lc_rs::{hmac, rand};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use db::{Database, Failed, Id, Scope, Stop, Tx, on_each};
use diesel::prelude::*;
use policy::{Duty, Entered, Field};
use std::collections::HashMap;
use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use zeroize::Zeroizing;

pub(crate) type PersonKey = RandomizedNonceKey;

/// How many people's keys are made ahead, and at how few left more are made.
const POOL_FULL: usize = 512;
const POOL_LOW: usize = 192;
/// How many people's opened keys a process holds. State in a process is only cache: a version guards its use.
const CACHE_MAX: usize = 100_000;

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
    Unavailable(String),
}

impl fmt::Display for KeysError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeysError::EpochKey { path, why } => write!(f, "the epoch key {}: {why}", path.display()),
            KeysError::NotAPair(why) => f.write_str(why),
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

type Cached = Arc<HashMap<Duty, Arc<PersonKey>>>;

pub struct KeyStore {
    keys: Database,
    epoch: i64,
    wrapping: RandomizedNonceKey,
    cache: Mutex<HashMap<Id, Cached>>,
    pool: Mutex<Vec<Fresh>>,
    refilling: Arc<std::sync::atomic::AtomicBool>,
    blind: Mutex<HashMap<&'static str, Arc<hmac::Key>>>,
}

/// A person-to-be: a random id whose keys are already committed. Used up by `begin`.
#[derive(Clone)]
pub struct Fresh {
    id: Id,
    keys: Cached,
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

impl KeyStore {
    /// Opens the key store with the epoch's key in `directory`; makes both where the store is empty.
    pub fn open(keys: Database, directory: &Path) -> Result<KeyStore, KeysError> {
        let known: Option<(i64, String)> = keys.read_now(|r| {
            Ok::<_, Stop<()>>(
                epoch::table
                    .order(epoch::number.desc())
                    .select((epoch::number, epoch::check_value))
                    .first(r.db)
                    .optional()?,
            )
        })?;
        let (number, secret) = match known {
            Some((number, check)) => {
                let secret = read_epoch_key(&epoch_path(directory, number))?;
                if check_value(&secret) != check {
                    return Err(KeysError::EpochKey {
                        path: epoch_path(directory, number),
                        why: "it is not the key that wrapped this key store".into(),
                    });
                }
                (number, secret)
            }
            None => {
                let secret = make_epoch_key(&epoch_path(directory, 1))?;
                let check = check_value(&secret);
                keys.write_now(move |tx| {
                    let now = tx.now;
                    diesel::insert_into(epoch::table)
                        .values((epoch::number.eq(1), epoch::begun_at.eq(now), epoch::check_value.eq(&check)))
                        .execute(tx.db)?;
                    Ok::<_, Stop<()>>(())
                })?;
                (1, secret)
            }
        };
        let wrapping = RandomizedNonceKey::new(&AES_256_GCM, secret.as_ref()).map_err(|_| KeysError::EpochKey {
            path: epoch_path(directory, number),
            why: "it has a wrong length".into(),
        })?;
        Ok(KeyStore {
            keys,
            epoch: number,
            wrapping,
            cache: Mutex::default(),
            pool: Mutex::default(),
            refilling: Arc::default(),
            blind: Mutex::default(),
        })
    }

    /// The key store's database, for copies and checks.
    pub fn database(&self) -> &Database {
        &self.keys
    }

    /// Makes data and key store a pair, or checks that they are one.
    pub(crate) fn pair_with(&self, data: &Database) -> Result<(), KeysError> {
        let of_data: Option<(String, i64)> = data.read_now(|r| {
            Ok::<_, Stop<()>>(pair::table.select((pair::id, pair::generation)).first(r.db).optional()?)
        })?;
        let of_keys: Option<(String, i64)> = self.keys.read_now(|r| {
            Ok::<_, Stop<()>>(key_pair::table.select((key_pair::id, key_pair::generation)).first(r.db).optional()?)
        })?;
        match (of_data, of_keys) {
            (Some((d, dg)), Some((k, kg))) if d == k && kg >= dg => Ok(()),
            (Some((d, dg)), Some((k, kg))) if d == k => Err(KeysError::NotAPair(format!(
                "the key store (generation {kg}) is older than the data (generation {dg}): restore a newer copy of it"
            ))),
            (Some(_), Some(_)) => Err(KeysError::NotAPair("the key store belongs to other data".into())),
            (Some(_), None) => {
                Err(KeysError::NotAPair("the data have sealed values, and this key store is empty".into()))
            }
            (None, Some((id, generation))) => {
                let people: i64 =
                    self.keys.read_now(|r| Ok::<_, Stop<()>>(blind_mark::table.count().get_result(r.db)?))?;
                if people > 0 {
                    return Err(KeysError::NotAPair(
                        "the key store knows people, and the data are empty: give it the data it belongs to".into(),
                    ));
                }
                self.write_pair(data, id, generation)
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
                self.write_pair(data, id, 1)
            }
        }
    }

    fn write_pair(&self, data: &Database, id: String, generation: i64) -> Result<(), KeysError> {
        data.write_now(move |tx| {
            diesel::insert_into(pair::table)
                .values((pair::id.eq(&id), pair::generation.eq(generation)))
                .execute(tx.db)?;
            Ok::<_, Stop<()>>(())
        })?;
        Ok(())
    }

    // --- people's keys ---------------------------------------------------------------------------------------

    /// A person-to-be from the pool; makes more where few are left.
    pub async fn fresh(self: &Arc<Self>) -> Result<Fresh, KeysError> {
        if let Some(fresh) = self.take() {
            return Ok(fresh);
        }
        let made = self.make(POOL_FULL);
        let rows = made.1;
        self.keys.write(move |tx| insert_keys(tx, &rows).map_err(Stop::<()>::from)).await?;
        Ok(self.stock(made.0))
    }

    /// As `fresh`, for threads that may wait.
    pub fn fresh_now(self: &Arc<Self>) -> Result<Fresh, KeysError> {
        if let Some(fresh) = self.take() {
            return Ok(fresh);
        }
        let made = self.make(POOL_FULL);
        let rows = made.1;
        self.keys.write_now(move |tx| insert_keys(tx, &rows).map_err(Stop::<()>::from))?;
        Ok(self.stock(made.0))
    }

    fn take(self: &Arc<Self>) -> Option<Fresh> {
        let (fresh, left) = {
            let mut pool = self.pool.lock().expect("no panic holds the pool");
            (pool.pop(), pool.len())
        };
        if left < POOL_LOW && !self.refilling.swap(true, std::sync::atomic::Ordering::AcqRel) {
            let store = self.clone();
            std::thread::spawn(move || {
                let made = store.make(POOL_FULL);
                let rows = made.1;
                match store.keys.write_now(move |tx| insert_keys(tx, &rows).map_err(Stop::<()>::from)) {
                    Ok(()) => store.pool.lock().expect("no panic holds the pool").extend(made.0),
                    Err(failed) => tracing::warn!(%failed, "no keys were made ahead"),
                }
                store.refilling.store(false, std::sync::atomic::Ordering::Release);
            });
        }
        fresh
    }

    fn stock(&self, mut made: Vec<Fresh>) -> Fresh {
        let one = made.pop().expect("the pool is made of more than one");
        self.pool.lock().expect("no panic holds the pool").extend(made);
        one
    }

    #[allow(clippy::type_complexity)]
    fn make(&self, count: usize) -> (Vec<Fresh>, Arc<Vec<(String, &'static str, i64, Vec<u8>)>>) {
        let mut people = Vec::with_capacity(count);
        let mut rows = Vec::with_capacity(count * Duty::ALL.len());
        for _ in 0..count {
            let id = Id::fresh();
            let mut keys = HashMap::new();
            for duty in Duty::ALL {
                let secret = random_key();
                rows.push((
                    id.to_string(),
                    duty.id(),
                    self.epoch,
                    self.wrap(&secret, &wrap_data(id.as_str(), duty.id())),
                ));
                keys.insert(duty, Arc::new(open_key(&secret)));
            }
            people.push(Fresh { id, keys: Arc::new(keys) });
        }
        (people, Arc::new(rows))
    }

    pub(crate) async fn load(&self, people: &[Id]) -> Result<HashMap<(Id, Duty), Arc<PersonKey>>, KeysError> {
        let (mut out, missing) = self.cached(people);
        if !missing.is_empty() {
            let wanted = missing.clone();
            let rows = self.keys.read(move |r| wrapped_keys(r, &wanted).map_err(Stop::<()>::from)).await?;
            self.unwrap_into(rows, &mut out)?;
        }
        Ok(out)
    }

    pub(crate) fn load_now(&self, people: &[Id]) -> Result<HashMap<(Id, Duty), Arc<PersonKey>>, KeysError> {
        let (mut out, missing) = self.cached(people);
        if !missing.is_empty() {
            let wanted = missing.clone();
            let rows = self.keys.read_now(move |r| wrapped_keys(r, &wanted).map_err(Stop::<()>::from))?;
            self.unwrap_into(rows, &mut out)?;
        }
        Ok(out)
    }

    #[allow(clippy::type_complexity)]
    fn cached(&self, people: &[Id]) -> (HashMap<(Id, Duty), Arc<PersonKey>>, Vec<Id>) {
        let cache = self.cache.lock().expect("no panic holds the cache");
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

    fn unwrap_into(
        &self,
        rows: Vec<(String, String, Vec<u8>)>,
        out: &mut HashMap<(Id, Duty), Arc<PersonKey>>,
    ) -> Result<(), KeysError> {
        let mut people: HashMap<Id, HashMap<Duty, Arc<PersonKey>>> = HashMap::new();
        for (person, duty, wrapped) in rows {
            let secret = self.unwrap(&wrapped, &wrap_data(&person, &duty))?;
            let (Ok(id), Some(duty)) = (Id::parse(&person), Duty::parse(&duty)) else {
                return Err(KeysError::Unavailable("a key of an unknown duty".into()));
            };
            let key = Arc::new(open_key(&secret));
            out.insert((id.clone(), duty), key.clone());
            people.entry(id).or_default().insert(duty, key);
        }
        let mut cache = self.cache.lock().expect("no panic holds the cache");
        if cache.len() + people.len() > CACHE_MAX {
            cache.clear();
        }
        cache.extend(people.into_iter().map(|(id, keys)| (id, Arc::new(keys))));
        Ok(())
    }

    /// Destroys a person's key for one duty; what it sealed is noise from then on, in the data and in every backup of
    /// them. The tombstone is replayed when older data are restored.
    pub fn destroy_now(&self, person: &Id, duty: Duty) -> Result<(), KeysError> {
        let id = person.to_string();
        self.keys.write_now(move |tx| {
            let now = tx.now;
            diesel::delete(person_key::table.find((&id, duty.id()))).execute(tx.db)?;
            if duty == Duty::Account {
                diesel::delete(blind_mark::table.filter(blind_mark::person.eq(&id))).execute(tx.db)?;
            }
            let row = (tombstone::person.eq(&id), tombstone::duty.eq(duty.id()), tombstone::at.eq(now));
            on_each!(tx.db, c => diesel::insert_into(tombstone::table).values(row).on_conflict_do_nothing().execute(c))?;
            Ok::<_, Stop<()>>(())
        })?;
        self.cache.lock().expect("no panic holds the cache").remove(person);
        Ok(())
    }

    // --- blind indexes ---------------------------------------------------------------------------------------

    /// Claims a value for one person only (a member's name, a member's phone). The claim comes before the member's
    /// row; where that row never came, the next claimant takes the value over.
    pub async fn claim<F: Field>(
        &self,
        data: &Database,
        person: &Id,
        entered: &Entered<F>,
    ) -> Result<Result<(), Taken>, KeysError> {
        let mark = self.mark::<F>(entered).await?;
        let holder: Option<String> = self.holder(F::INFO.id, mark.clone()).await?;
        let mut displaced = None;
        if let Some(holder) = holder {
            if holder == person.as_str() {
                return Ok(Ok(()));
            }
            let asked = holder.clone();
            let known: i64 = data
                .read(move |r| {
                    use crate::policy::person;
                    Ok::<_, Stop<()>>(person::table.filter(person::id.eq(&asked)).count().get_result(r.db)?)
                })
                .await?;
            if known > 0 {
                return Ok(Err(Taken));
            }
            displaced = Some(holder);
        }
        let (me, mark) = (person.to_string(), mark);
        let n = self
            .keys
            .write(move |tx| {
                let now = tx.now;
                if let Some(old) = &displaced {
                    diesel::delete(
                        blind_mark::table
                            .find((F::INFO.id, &mark, ""))
                            .filter(blind_mark::person.eq(old))
                            // A registration under way is left its minutes.
                            .filter(blind_mark::made_at.lt(now - 5 * 60 * 1_000_000)),
                    )
                    .execute(tx.db)?;
                }
                let row = (
                    blind_mark::field.eq(F::INFO.id),
                    blind_mark::mark.eq(&mark),
                    blind_mark::whose.eq(""),
                    blind_mark::person.eq(&me),
                    blind_mark::made_at.eq(now),
                );
                let n = on_each!(tx.db, c => diesel::insert_into(blind_mark::table).values(row).on_conflict_do_nothing().execute(c))?;
                Ok::<_, Stop<()>>(n)
            })
            .await?;
        Ok(if n == 1 { Ok(()) } else { Err(Taken) })
    }

    /// Gives a claim back: the registration was refused after all, or the value was changed.
    pub async fn release<F: Field>(&self, person: &Id, entered: &Entered<F>) -> Result<(), KeysError> {
        let mark = self.mark::<F>(entered).await?;
        let me = person.to_string();
        self.keys
            .write(move |tx| {
                diesel::delete(blind_mark::table.find((F::INFO.id, &mark, "")).filter(blind_mark::person.eq(&me)))
                    .execute(tx.db)?;
                Ok::<_, Stop<()>>(())
            })
            .await?;
        Ok(())
    }

    /// Whose value it is, where one person has claimed it.
    pub async fn find<F: Field>(&self, entered: &Entered<F>) -> Result<Option<Id>, KeysError> {
        let mark = self.mark::<F>(entered).await?;
        let holder = self.holder(F::INFO.id, mark).await?;
        Ok(holder.and_then(|id| Id::parse(&id).ok()))
    }

    async fn holder(&self, field: &'static str, mark: String) -> Result<Option<String>, KeysError> {
        Ok(self
            .keys
            .read(move |r| {
                Ok::<_, Stop<()>>(
                    blind_mark::table.find((field, &mark, "")).select(blind_mark::person).first(r.db).optional()?,
                )
            })
            .await?)
    }

    /// A keyed hash of what was entered: the proof of a one-time code, the mark of a throttle. Without the key store
    /// nobody guesses through it; under another `context` the same value hashes to something else.
    pub async fn keyed_hash<F: Field>(&self, context: &str, entered: &Entered<F>) -> Result<String, KeysError> {
        use policy::Value;
        let key = self.hashing_key(F::INFO.id).await?;
        // The NUL before the context: no value of a blind index begins with one, so neither hash stands for the other.
        let value = entered.look_inside().to_bytes();
        let mut hash = hmac::Context::with_key(&key);
        for part in [b"\0".as_slice(), context.as_bytes(), b"\0", &value] {
            hash.update(part);
        }
        Ok(URL_SAFE_NO_PAD.encode(hash.sign()))
    }

    /// Hashes under a key of the house, the same in every process and after a restart. `what` names the key.
    pub async fn hasher(&self, what: &'static str) -> Result<Hasher, KeysError> {
        Ok(Hasher(self.hashing_key(what).await?))
    }

    async fn mark<F: Field>(&self, entered: &Entered<F>) -> Result<String, KeysError> {
        use policy::Value;
        let key = self.hashing_key(F::INFO.id).await?;
        Ok(URL_SAFE_NO_PAD.encode(hmac::sign(&key, &entered.look_inside().to_bytes())))
    }

    async fn hashing_key(&self, field: &'static str) -> Result<Arc<hmac::Key>, KeysError> {
        let known = self.blind.lock().expect("no panic holds the blind keys").get(field).cloned();
        match known {
            Some(key) => Ok(key),
            None => self.blind_key(field).await,
        }
    }

    /// A key of the house for something else than a person's data, the same in every process and after a restart.
    /// `what` is its name, such as `web.forms`.
    pub async fn house_key(&self, what: &'static str) -> Result<Zeroizing<[u8; 32]>, KeysError> {
        let secret = random_key();
        let bound = wrap_data("blind", what);
        let wrapped = self.wrap(&secret, &bound);
        let number = self.epoch;
        // Whoever comes first makes the key; everybody reads the one that is there.
        let wrapped: Vec<u8> = self
            .keys
            .write(move |tx| {
                let now = tx.now;
                let row = (
                    house_key::name.eq(what),
                    house_key::epoch.eq(number),
                    house_key::wrapped.eq(&wrapped),
                    house_key::made_at.eq(now),
                );
                on_each!(tx.db, c => diesel::insert_into(house_key::table).values(row).on_conflict_do_nothing().execute(c))?;
                Ok::<_, Stop<()>>(house_key::table.find(what).select(house_key::wrapped).first(tx.db)?)
            })
            .await?;
        self.unwrap(&wrapped, &bound)
    }

    async fn blind_key(&self, field: &'static str) -> Result<Arc<hmac::Key>, KeysError> {
        let secret = self.house_key(field).await?;
        let key = Arc::new(hmac::Key::new(hmac::HMAC_SHA256, secret.as_ref()));
        self.blind.lock().expect("no panic holds the blind keys").insert(field, key.clone());
        Ok(key)
    }

    // --- wrapping --------------------------------------------------------------------------------------------

    fn wrap(&self, secret: &[u8; 32], data: &[u8]) -> Vec<u8> {
        let mut body = secret.to_vec();
        let nonce = self
            .wrapping
            .seal_in_place_append_tag(Aad::from(data), &mut body)
            .expect("wrapping 32 bytes does not fail");
        [nonce.as_ref().as_slice(), &body].concat()
    }

    fn unwrap(&self, wrapped: &[u8], data: &[u8]) -> Result<Zeroizing<[u8; 32]>, KeysError> {
        let broken = || KeysError::Unavailable("a wrapped key does not open under this epoch".into());
        if wrapped.len() != 12 + 32 + 16 {
            return Err(broken());
        }
        let (nonce, body) = wrapped.split_at(12);
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| broken())?;
        let mut body = Zeroizing::new(body.to_vec());
        let clear = self.wrapping.open_in_place(nonce, Aad::from(data), &mut body).map_err(|_| broken())?;
        Ok(Zeroizing::new((&*clear).try_into().map_err(|_| broken())?))
    }
}

/// Tells whether two things said the same, and nothing of what they said: without the key store nobody guesses through
/// its hashes.
#[derive(Clone)]
pub struct Hasher(Arc<hmac::Key>);

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hasher")
    }
}

impl Hasher {
    /// Of things hashed under another context none has the same hash.
    pub fn begin(&self, context: &str) -> Hashing {
        Hashing(hmac::Context::with_key(&self.0)).text(context)
    }
}

/// A hash in the making. Its parts stand with their lengths, so that none runs into the next.
pub struct Hashing(hmac::Context);

impl Hashing {
    fn bytes(mut self, bytes: &[u8]) -> Hashing {
        self.0.update(&(bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
        self
    }

    pub fn text(self, text: &str) -> Hashing {
        self.bytes(text.as_bytes())
    }

    pub fn number(self, number: i64) -> Hashing {
        self.bytes(&number.to_be_bytes())
    }

    pub fn entered<F: Field>(self, entered: &Entered<F>) -> Hashing {
        use policy::Value;
        self.text(F::INFO.id).bytes(&zeroize::Zeroizing::new(entered.look_inside().to_bytes().to_vec()))
    }

    /// What may be left out; left out is something else than empty.
    pub fn entered_optional<F: Field>(self, entered: Option<&Entered<F>>) -> Hashing {
        match entered {
            Some(entered) => self.entered(entered),
            None => self.text(""),
        }
    }

    pub fn end(self) -> String {
        URL_SAFE_NO_PAD.encode(self.0.sign())
    }
}

fn insert_keys(tx: &mut Tx, rows: &[(String, &'static str, i64, Vec<u8>)]) -> QueryResult<()> {
    let now = tx.now;
    for chunk in rows.chunks(100) {
        let values: Vec<_> = chunk
            .iter()
            .map(|(person, duty, epoch, wrapped)| {
                (
                    person_key::person.eq(person),
                    person_key::duty.eq(*duty),
                    person_key::epoch.eq(*epoch),
                    person_key::wrapped.eq(wrapped),
                    person_key::made_at.eq(now),
                )
            })
            .collect();
        on_each!(tx.db, c => diesel::insert_into(person_key::table).values(&values).execute(c))?;
    }
    Ok(())
}

fn wrapped_keys(scope: &mut impl Scope, people: &[Id]) -> QueryResult<Vec<(String, String, Vec<u8>)>> {
    let ids: Vec<&str> = people.iter().map(Id::as_str).collect();
    person_key::table
        .filter(person_key::person.eq_any(ids))
        .select((person_key::person, person_key::duty, person_key::wrapped))
        .load(scope.db())
}

/// What binds a wrapped key to its person and duty, so that one cannot be put in another's place.
fn wrap_data(person: &str, duty: &str) -> Vec<u8> {
    [b"hanse key\0", person.as_bytes(), b"\0", duty.as_bytes()].concat()
}

fn open_key(secret: &[u8; 32]) -> PersonKey {
    RandomizedNonceKey::new(&AES_256_GCM, secret).expect("the key has the length of AES-256")
}

fn random_key() -> Zeroizing<[u8; 32]> {
    let mut secret = Zeroizing::new([0u8; 32]);
    rand::fill(secret.as_mut()).expect("the system gives random bytes");
    secret
}

// --- the epoch's key file -------------------------------------------------------------------------------------

fn epoch_path(directory: &Path, number: i64) -> PathBuf {
    directory.join(format!("epoch-{number}.key"))
}

/// Tells whether a key is the right one, and nothing about the key.
fn check_value(secret: &[u8; 32]) -> String {
    URL_SAFE_NO_PAD.encode(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), b"hanse epoch"))
}

fn read_epoch_key(path: &Path) -> Result<Zeroizing<[u8; 32]>, KeysError> {
    let wrong = |why: String| KeysError::EpochKey { path: path.to_owned(), why };
    let text = Zeroizing::new(std::fs::read_to_string(path).map_err(|e| wrong(e.to_string()))?);
    let bytes = Zeroizing::new(STANDARD.decode(text.trim()).map_err(|_| wrong("it is not base64".into()))?);
    Ok(Zeroizing::new(bytes.as_slice().try_into().map_err(|_| wrong("it has a wrong length".into()))?))
}

/// Makes the key file, readable by its owner only, and on the disk before anything is wrapped by it.
fn make_epoch_key(path: &Path) -> Result<Zeroizing<[u8; 32]>, KeysError> {
    let wrong = |e: std::io::Error| KeysError::EpochKey { path: path.to_owned(), why: e.to_string() };
    if path.exists() {
        // A start that was killed before its first commit: the file is the key of the empty store.
        return read_epoch_key(path);
    }
    let directory = path.parent().expect("the key file has a directory");
    std::fs::create_dir_all(directory).map_err(wrong)?;
    let secret = random_key();
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(wrong)?;
    file.write_all(Zeroizing::new(STANDARD.encode(secret.as_ref())).as_bytes()).map_err(wrong)?;
    file.sync_all().map_err(wrong)?;
    std::fs::File::open(directory).and_then(|d| d.sync_all()).map_err(wrong)?;
    Ok(secret)
}
