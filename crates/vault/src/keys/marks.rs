//! Blind indexes: keyed hashes of values, the only way to look a sealed value up.
//!
//! Each field has a key of its own. While an index is renewed the field has two: everybody looks under both and marks
//! under the new one; who does not know of it yet is refused ([`Stale`]) and looks again.

use super::epochs::{Stale, stands};
use super::{HOUSE, KeyStore, KeysError, Taken, bound_to, raise, random_key};
use crate::policy::key_store::{blind_mark, house_key};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use db::clock::{DAY, MINUTE};
use db::{Database, Db, Failed, Id, Scope, Stop, Tx, on_each};
use diesel::prelude::*;
use policy::{Entered, Field, Value};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use zeroize::Zeroizing;

/// How often somebody who was told of a newer key tries again.
const TRIES: u32 = 5;

/// The house's keys that this process has opened.
#[derive(Default)]
pub(super) struct HouseKeys {
    opened: Mutex<HashMap<String, Arc<hmac::Key>>>,
}

/// A value's marks under each of its field's keys, the current one first.
struct Marks {
    names: Vec<String>,
    marks: Vec<String>,
}

impl Marks {
    fn current(&self) -> (&str, &str) {
        (&self.names[0], &self.marks[0])
    }
}

impl KeyStore {
    /// Claims a value for one person only (a member's name, a member's phone). The claim comes before the member's
    /// row; where that row never came, the next claimant takes the value over.
    pub async fn claim<F: Field>(
        &self,
        data: &Database,
        person: &Id,
        entered: &Entered<F>,
    ) -> Result<Result<(), Taken>, KeysError> {
        for _ in 0..TRIES {
            let marks = self.marks::<F>(entered).await?;
            let mut displaced = None;
            if let Some(holder) = self.holder::<F>(&marks).await? {
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
            let me = person.to_string();
            let claimed = self.keys.write(move |tx| {
                // A copy from before would not find this person.
                let won = claim(tx, F::INFO.id, &marks, &me, displaced.as_deref())?;
                Ok((won, if won { raise(tx)? } else { None }))
            });
            match claimed.await {
                Ok((true, generation)) => {
                    self.tell_generation(generation).await?;
                    return Ok(Ok(()));
                }
                Ok((false, _)) => return Ok(Err(Taken)),
                Err(Failed::Refused(Stale)) => {}
                Err(failed) => return Err(failed.into()),
            }
        }
        Err(KeysError::Unavailable("the index is renewed again and again".into()))
    }

    /// Gives a claim back: the registration was refused after all, or the value was changed.
    pub async fn release<F: Field>(&self, person: &Id, entered: &Entered<F>) -> Result<(), KeysError> {
        let marks = self.marks::<F>(entered).await?;
        let me = person.to_string();
        self.keys
            .write(move |tx| {
                let own = blind_mark::table
                    .filter(blind_mark::field.eq(F::INFO.id))
                    .filter(blind_mark::mark.eq_any(&marks.marks))
                    .filter(blind_mark::person.eq(&me));
                diesel::delete(own).execute(tx.db)?;
                Ok::<_, Stop<()>>(())
            })
            .await?;
        Ok(())
    }

    /// Whose value it is, where one person has claimed it.
    pub async fn find<F: Field>(&self, entered: &Entered<F>) -> Result<Option<Id>, KeysError> {
        for _ in 0..TRIES {
            let marks = self.marks::<F>(entered).await?;
            if let Some(holder) = self.holder::<F>(&marks).await? {
                return Ok(Id::parse(&holder).ok());
            }
            // Not there under the keys that were the field's when they were asked for: are they still?
            if self.names(F::INFO.id).await? == marks.names {
                return Ok(None);
            }
        }
        Err(KeysError::Unavailable("the index is renewed again and again".into()))
    }

    /// The holder under any of the marks.
    async fn holder<F: Field>(&self, marks: &Marks) -> Result<Option<String>, KeysError> {
        let asked = marks.marks.clone();
        let found: Option<String> = self
            .keys
            .read(move |r| {
                Ok::<_, Stop<()>>(
                    blind_mark::table
                        .filter(blind_mark::field.eq(F::INFO.id))
                        .filter(blind_mark::mark.eq_any(asked))
                        .filter(blind_mark::whose.eq(""))
                        .select(blind_mark::person)
                        .first(r.db)
                        .optional()?,
                )
            })
            .await?;
        Ok(found)
    }

    /// A keyed hash of what was entered: the proof of a one-time code, the mark of a throttle. Without the key store
    /// nobody guesses through it; under another `context` the same value hashes to something else. Its key is not the
    /// index's, and stays when that one is renewed.
    pub async fn keyed_hash<F: Field>(&self, context: &str, entered: &Entered<F>) -> Result<String, KeysError> {
        let key = self.opened(&format!("hash.{}", F::INFO.id)).await?;
        let value = entered.look_inside().to_bytes();
        let mut hash = hmac::Context::with_key(&key);
        for part in [context.as_bytes(), b"\0", &value] {
            hash.update(part);
        }
        Ok(URL_SAFE_NO_PAD.encode(hash.sign()))
    }

    /// Hashes under a key of the house, the same in every process and after a restart. `what` names the key.
    pub async fn hasher(&self, what: &'static str) -> Result<Hasher, KeysError> {
        Ok(Hasher(self.opened(what).await?))
    }

    /// A key of the house for something else than a person's data, the same in every process and after a restart.
    /// `what` is its name, such as `web.forms`.
    pub async fn house_key(&self, what: &str) -> Result<Zeroizing<[u8; 32]>, KeysError> {
        for _ in 0..TRIES {
            let name = what.to_owned();
            let known: Option<(i64, Vec<u8>)> = self.keys.read(move |r| Ok::<_, Stop<()>>(wrapped(r, &name)?)).await?;
            let bound = bound_to(HOUSE, what);
            if let Some((epoch, wrapped)) = known {
                return self.epochs.unwrap(epoch, &wrapped, &bound);
            }
            // Whoever comes first makes the key; everybody reads the one that is there.
            let (epoch, wrapped) = self.epochs.wrap(&random_key(), &bound);
            let name = what.to_owned();
            let made = self.keys.write(move |tx| {
                make(tx, &name, epoch, &wrapped)?;
                // An older copy would make another key in its place, and what this one signed would be nobody's.
                Ok(raise(tx)?)
            });
            match made.await {
                Ok(generation) => self.tell_generation(generation).await?,
                Err(Failed::Refused(Stale)) => self.epochs.catch_up(&self.keys)?,
                Err(failed) => return Err(failed.into()),
            }
        }
        Err(KeysError::Unavailable("the epoch changes again and again".into()))
    }

    async fn opened(&self, name: &str) -> Result<Arc<hmac::Key>, KeysError> {
        let known = self.house.opened.lock().expect("no panic holds the house's keys").get(name).cloned();
        if let Some(key) = known {
            return Ok(key);
        }
        let secret = self.house_key(name).await?;
        let key = Arc::new(hmac::Key::new(hmac::HMAC_SHA256, secret.as_ref()));
        self.house.opened.lock().expect("no panic holds the house's keys").insert(name.to_owned(), key.clone());
        Ok(key)
    }

    async fn marks<F: Field>(&self, entered: &Entered<F>) -> Result<Marks, KeysError> {
        let names = self.names(F::INFO.id).await?;
        let mut marks = Vec::with_capacity(names.len());
        for name in names.iter() {
            let key = self.opened(name).await?;
            marks.push(URL_SAFE_NO_PAD.encode(hmac::sign(&key, &entered.look_inside().to_bytes())));
        }
        Ok(Marks { names, marks })
    }

    /// The names of the field's keys, the current one first, as they stand in the key store now.
    async fn names(&self, field: &'static str) -> Result<Vec<String>, KeysError> {
        let names = self.keys.read(move |r| Ok::<_, Stop<()>>(names_of(r, field)?)).await?;
        if !names.is_empty() {
            return Ok(names);
        }
        self.house_key(field).await?;
        Ok(vec![field.to_owned()])
    }

    // --- renewing an index ---------------------------------------------------------------------------------------

    /// Gives the field a new key for its index, beside the one that ends. Where a renewal is under way it goes on.
    pub async fn begin_index<F: Field>(&self) -> Result<(), KeysError> {
        let names = self.names(F::INFO.id).await?;
        if names.len() > 1 {
            return Ok(());
        }
        let old = names[0].clone();
        let next = match old.split_once('#').and_then(|(_, n)| n.parse::<u64>().ok()) {
            Some(n) => format!("{}#{}", F::INFO.id, n + 1),
            None => format!("{}#2", F::INFO.id),
        };
        for _ in 0..TRIES {
            let (epoch, wrapped) = self.epochs.wrap(&random_key(), &bound_to(HOUSE, &next));
            let (old, next) = (old.clone(), next.clone());
            let begun = self
                .keys
                .write(move |tx| {
                    let now = tx.now;
                    // Waits for every claim that still holds the old key's row.
                    let ended = diesel::update(house_key::table.find(&old).filter(house_key::ended_at.is_null()))
                        .set(house_key::ended_at.eq(now))
                        .execute(tx.db)?;
                    if ended == 1 { make(tx, &next, epoch, &wrapped) } else { Ok(()) }
                })
                .await;
            match begun {
                Ok(()) => return Ok(()),
                Err(Failed::Refused(Stale)) => self.epochs.catch_up(&self.keys)?,
                Err(failed) => return Err(failed.into()),
            }
        }
        Err(KeysError::Unavailable("the epoch changes again and again".into()))
    }

    /// Marks a person's value under the current key, and takes the marks under ended ones away.
    pub async fn mark_anew<F: Field>(&self, person: &Id, entered: &Entered<F>) -> Result<(), KeysError> {
        let marks = self.marks::<F>(entered).await?;
        let me = person.to_string();
        self.keys
            .write(move |tx| {
                let (name, mark) = marks.current();
                insert(tx, F::INFO.id, mark, name, &me)?;
                let old = blind_mark::table
                    .filter(blind_mark::field.eq(F::INFO.id))
                    .filter(blind_mark::mark.eq_any(&marks.marks[1..]))
                    .filter(blind_mark::person.eq(&me));
                diesel::delete(old).execute(tx.db)?;
                Ok::<_, Stop<()>>(())
            })
            .await?;
        Ok(())
    }

    /// Destroys the field's ended keys, where nobody is marked under them any more. Claims that no member came of go
    /// after a day. Returns how many marks are left: of people whose value may not be opened now (restricted ones),
    /// whom the old key still finds.
    pub async fn end_index<F: Field>(&self, data: &Database) -> Result<u64, KeysError> {
        let names = self.names(F::INFO.id).await?;
        let mut left = 0;
        for old in names.iter().skip(1) {
            let (name, now) = (old.clone(), self.keys.now());
            let marked: Vec<(String, i64)> = self
                .keys
                .read(move |r| {
                    let of = blind_mark::table.filter(blind_mark::made_by.eq(&name));
                    Ok::<_, Stop<()>>(of.select((blind_mark::person, blind_mark::made_at)).load(r.db)?)
                })
                .await?;
            let asked: Vec<String> = marked.iter().map(|(person, _)| person.clone()).collect();
            let known: Vec<String> = data
                .read(move |r| {
                    use crate::policy::person;
                    let mut known = Vec::new();
                    for some in asked.chunks(500) {
                        let query = person::table.filter(person::id.eq_any(some)).select(person::id);
                        known.extend(query.load::<String>(r.db)?);
                    }
                    Ok::<_, Stop<()>>(known)
                })
                .await?;
            let nobodys: Vec<String> = marked
                .iter()
                .filter(|(person, made_at)| !known.contains(person) && *made_at < now - DAY)
                .map(|(person, _)| person.clone())
                .collect();
            let name = old.clone();
            left += self
                .keys
                .write(move |tx| {
                    for some in nobodys.chunks(500) {
                        let of = blind_mark::table.filter(blind_mark::made_by.eq(&name));
                        diesel::delete(of.filter(blind_mark::person.eq_any(some))).execute(tx.db)?;
                    }
                    let left: i64 =
                        blind_mark::table.filter(blind_mark::made_by.eq(&name)).count().get_result(tx.db)?;
                    if left == 0 {
                        diesel::delete(house_key::table.find(&name).filter(house_key::ended_at.is_not_null()))
                            .execute(tx.db)?;
                    }
                    Ok::<_, Stop<()>>(left.unsigned_abs())
                })
                .await?;
        }
        Ok(left)
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
    pub fn bytes(mut self, bytes: &[u8]) -> Hashing {
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
        self.text(F::INFO.id).bytes(&Zeroizing::new(entered.look_inside().to_bytes().to_vec()))
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

fn wrapped(scope: &mut impl Scope, name: &str) -> QueryResult<Option<(i64, Vec<u8>)>> {
    house_key::table.find(name).select((house_key::epoch, house_key::wrapped)).first(scope.db()).optional()
}

/// The names of a field's keys, the one that has not ended first.
fn names_of(scope: &mut impl Scope, field: &str) -> QueryResult<Vec<String>> {
    let mut rows: Vec<(String, Option<i64>)> = house_key::table
        .filter(house_key::name.eq(field).or(house_key::name.like(format!("{field}#%"))))
        .select((house_key::name, house_key::ended_at))
        .order(house_key::made_at.desc())
        .load(scope.db())?;
    rows.sort_by_key(|(_, ended)| ended.is_some());
    Ok(rows.into_iter().map(|(name, _)| name).collect())
}

fn make(tx: &mut Tx, name: &str, epoch: i64, wrapped: &[u8]) -> Result<(), Stop<Stale>> {
    if !stands(tx, epoch)? {
        return Err(Stop::refuse(Stale));
    }
    let now = tx.now;
    let row = (
        house_key::name.eq(name),
        house_key::epoch.eq(epoch),
        house_key::wrapped.eq(wrapped),
        house_key::made_at.eq(now),
    );
    on_each!(tx.db, c => diesel::insert_into(house_key::table).values(row).on_conflict_do_nothing().execute(c))?;
    Ok(())
}

fn insert(tx: &mut Tx, field: &str, mark: &str, made_by: &str, person: &str) -> QueryResult<usize> {
    let now = tx.now;
    let row = (
        blind_mark::field.eq(field),
        blind_mark::mark.eq(mark),
        blind_mark::whose.eq(""),
        blind_mark::person.eq(person),
        blind_mark::made_at.eq(now),
        blind_mark::made_by.eq(made_by),
    );
    on_each!(tx.db, c => diesel::insert_into(blind_mark::table).values(row).on_conflict_do_nothing().execute(c))
}

/// Whether the claim was made; `displaced` is a holder of whom no row ever came.
fn claim(
    tx: &mut Tx,
    field: &'static str,
    marks: &Marks,
    me: &str,
    displaced: Option<&str>,
) -> Result<bool, Stop<Stale>> {
    let (name, mark) = marks.current();
    let query = house_key::table.find(name).filter(house_key::ended_at.is_null()).select(house_key::name);
    let stands: Option<String> = match tx.db {
        Db::Pg(c) => query.for_share().first(c).optional()?,
        Db::Sqlite(c) => query.first(c).optional()?,
    };
    if stands.is_none() {
        return Err(Stop::refuse(Stale));
    }
    let held = || {
        blind_mark::table
            .filter(blind_mark::field.eq(field))
            .filter(blind_mark::mark.eq_any(&marks.marks))
            .filter(blind_mark::whose.eq(""))
    };
    if let Some(old) = displaced {
        // A registration under way is left its minutes.
        let stale = held().filter(blind_mark::person.eq(old)).filter(blind_mark::made_at.lt(tx.now - 5 * MINUTE));
        diesel::delete(stale).execute(tx.db)?;
    }
    let taken: i64 = held().count().get_result(tx.db)?;
    Ok(taken == 0 && insert(tx, field, mark, name, me)? == 1)
}
