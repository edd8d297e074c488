//! Copies of the key store: one file that either engine's key store is written to and read from, with a digest over all
//! its rows. The epoch's key is not in it: keep that apart, for the two together open everything.

use super::{KeyStore, KeysError, check, of_data, of_keys};
use crate::policy::key_migrations;
use crate::policy::key_store::{blind_mark, epoch, house_key, key_pair, person_key, tombstone};
use aws_lc_rs::digest::{Context, SHA256};
use db::{Address, Database, Options, Scope, Stop, on_each};
use diesel::prelude::*;
use std::convert::Infallible;
use std::path::{Path, PathBuf};

/// The file of a copy, in the folder that was named for it.
const FILE: &str = "keys-copy.sqlite";
/// Rows that are read, and written, at once.
const AT_ONCE: i64 = 2_000;

/// What a copy holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    pub generation: i64,
    /// The epochs whose keys must be at hand to open it.
    pub epochs: Vec<i64>,
    pub keys: u64,
    pub marks: u64,
    /// SHA-256 over all rows in their order, as hex.
    pub digest: String,
}

type KeyRow = (String, String, i64, Vec<u8>, i64);
type MarkRow = (String, String, String, String, i64, String);
type StoneRow = (String, String, i64);
type HouseRow = (String, i64, Vec<u8>, i64, Option<i64>);
type EpochRow = (i64, i64, Option<i64>, String);
type PairRow = (String, i64);

/// Some rows of the store, in the order of their keys; each batch goes on after the last of the one before.
enum Batch {
    Keys(Vec<KeyRow>),
    Marks(Vec<MarkRow>),
    Stones(Vec<StoneRow>),
    House(Vec<HouseRow>),
    Epochs(Vec<EpochRow>),
    Pairs(Vec<PairRow>),
}

/// Walks all rows in one snapshot.
fn walk(scope: &mut impl Scope, take: &mut dyn FnMut(Batch)) -> QueryResult<()> {
    let db = scope.db();
    take(Batch::Pairs(key_pair::table.select((key_pair::id, key_pair::generation)).load(db)?));
    let columns = (epoch::number, epoch::begun_at, epoch::ended_at, epoch::check_value);
    take(Batch::Epochs(epoch::table.select(columns).order(epoch::number).load(db)?));
    let columns = (house_key::name, house_key::epoch, house_key::wrapped, house_key::made_at, house_key::ended_at);
    take(Batch::House(house_key::table.select(columns).order(house_key::name).load(db)?));
    let mut last = (String::new(), String::new());
    loop {
        let columns =
            (person_key::person, person_key::duty, person_key::epoch, person_key::wrapped, person_key::made_at);
        let after = person_key::person.gt(&last.0).or(person_key::person.eq(&last.0).and(person_key::duty.gt(&last.1)));
        let rows: Vec<KeyRow> = person_key::table
            .filter(after)
            .select(columns)
            .order((person_key::person, person_key::duty))
            .limit(AT_ONCE)
            .load(db)?;
        let Some(end) = rows.last() else { break };
        last = (end.0.clone(), end.1.clone());
        take(Batch::Keys(rows));
    }
    let mut last = (String::new(), String::new());
    loop {
        let columns = (
            blind_mark::field,
            blind_mark::mark,
            blind_mark::whose,
            blind_mark::person,
            blind_mark::made_at,
            blind_mark::made_by,
        );
        // A mark is one row's but for `whose`: whole marks are taken, so that none is cut in two.
        let after = blind_mark::field.gt(&last.0).or(blind_mark::field.eq(&last.0).and(blind_mark::mark.gt(&last.1)));
        let mut rows: Vec<MarkRow> = blind_mark::table
            .filter(after)
            .select(columns)
            .order((blind_mark::field, blind_mark::mark, blind_mark::whose))
            .limit(AT_ONCE)
            .load(db)?;
        let Some(end) = rows.last().map(|end| (end.0.clone(), end.1.clone())) else { break };
        let begun = rows.first().map(|first| (first.0.clone(), first.1.clone()));
        if rows.len() as i64 == AT_ONCE && begun.as_ref() != Some(&end) {
            rows.retain(|row| (&row.0, &row.1) != (&end.0, &end.1));
        }
        let end = rows.last().map(|end| (end.0.clone(), end.1.clone())).unwrap_or(end);
        last = end;
        take(Batch::Marks(rows));
    }
    let mut last = (String::new(), String::new());
    loop {
        let after = tombstone::person.gt(&last.0).or(tombstone::person.eq(&last.0).and(tombstone::duty.gt(&last.1)));
        let rows: Vec<StoneRow> = tombstone::table
            .filter(after)
            .select((tombstone::person, tombstone::duty, tombstone::at))
            .order((tombstone::person, tombstone::duty))
            .limit(AT_ONCE)
            .load(db)?;
        let Some(end) = rows.last() else { break };
        last = (end.0.clone(), end.1.clone());
        take(Batch::Stones(rows));
    }
    Ok(())
}

/// Sums up what a walk sees.
struct Sum {
    context: Context,
    generation: i64,
    epochs: Vec<i64>,
    keys: u64,
    marks: u64,
}

impl Sum {
    fn new() -> Sum {
        Sum { context: Context::new(&SHA256), generation: 0, epochs: Vec::new(), keys: 0, marks: 0 }
    }

    fn add(&mut self, some: &Batch) {
        // JSON of a tuple is one form of one row: lengths cannot be shifted between columns.
        let mut hash = |row: serde_json::Result<Vec<u8>>| {
            self.context.update(&row.expect("a row of texts, numbers and bytes is JSON"));
            self.context.update(b"\n");
        };
        match some {
            Batch::Keys(rows) => {
                rows.iter().for_each(|row| hash(serde_json::to_vec(row)));
                self.keys += rows.len() as u64;
            }
            Batch::Marks(rows) => {
                rows.iter().for_each(|row| hash(serde_json::to_vec(row)));
                self.marks += rows.len() as u64;
            }
            Batch::Stones(rows) => rows.iter().for_each(|row| hash(serde_json::to_vec(row))),
            Batch::House(rows) => rows.iter().for_each(|row| hash(serde_json::to_vec(row))),
            Batch::Epochs(rows) => {
                rows.iter().for_each(|row| hash(serde_json::to_vec(row)));
                self.epochs = rows.iter().map(|row| row.0).collect();
            }
            Batch::Pairs(rows) => {
                rows.iter().for_each(|row| hash(serde_json::to_vec(row)));
                self.generation = rows.first().map_or(0, |row| row.1);
            }
        }
    }

    fn copied(self) -> Copied {
        let digest = self.context.finish();
        Copied {
            generation: self.generation,
            epochs: self.epochs,
            keys: self.keys,
            marks: self.marks,
            digest: digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect(),
        }
    }
}

fn summed(database: &Database) -> Result<Copied, KeysError> {
    Ok(database.read_now(|r| {
        let mut sum = Sum::new();
        walk(r, &mut |some| sum.add(&some))?;
        Ok::<_, Stop<Infallible>>(sum.copied())
    })?)
}

/// Copies every row of one store into another, empty one, from one snapshot, and verifies what was written. The pair
/// comes last: half a key store is no pair of any data, and does not open.
fn pour(from: &Database, into: &Database) -> Result<Copied, KeysError> {
    let to = into.clone();
    let (source, poured) = from.read_now(move |r| {
        let (mut sum, mut poured, mut last) = (Sum::new(), Ok(()), None);
        walk(r, &mut |some| {
            sum.add(&some);
            match some {
                Batch::Pairs(_) => last = Some(some),
                some if poured.is_ok() => poured = put(&to, some),
                _ => {}
            }
        })?;
        if let (Ok(()), Some(pairs)) = (&poured, last) {
            poured = put(&to, pairs);
        }
        Ok::<_, Stop<Infallible>>((sum.copied(), poured))
    })?;
    poured?;
    let written = summed(into)?;
    if written != source {
        return Err(KeysError::Copy("what was written is not what was copied".into()));
    }
    Ok(written)
}

fn put(database: &Database, some: Batch) -> Result<(), KeysError> {
    let some = std::sync::Arc::new(some);
    database.write_now(move |tx| {
        match &*some {
            Batch::Keys(rows) => {
                for rows in rows.chunks(100) {
                    let rows: Vec<_> = rows
                        .iter()
                        .map(|(person, duty, number, wrapped, at)| {
                            (
                                person_key::person.eq(person),
                                person_key::duty.eq(duty),
                                person_key::epoch.eq(number),
                                person_key::wrapped.eq(wrapped),
                                person_key::made_at.eq(at),
                            )
                        })
                        .collect();
                    on_each!(tx.db, c => diesel::insert_into(person_key::table).values(&rows).execute(c))?;
                }
            }
            Batch::Marks(rows) => {
                for rows in rows.chunks(100) {
                    let rows: Vec<_> = rows
                        .iter()
                        .map(|(field, mark, whose, person, at, by)| {
                            (
                                blind_mark::field.eq(field),
                                blind_mark::mark.eq(mark),
                                blind_mark::whose.eq(whose),
                                blind_mark::person.eq(person),
                                blind_mark::made_at.eq(at),
                                blind_mark::made_by.eq(by),
                            )
                        })
                        .collect();
                    on_each!(tx.db, c => diesel::insert_into(blind_mark::table).values(&rows).execute(c))?;
                }
            }
            Batch::Stones(rows) => {
                for (person, duty, at) in rows {
                    let row = (tombstone::person.eq(person), tombstone::duty.eq(duty), tombstone::at.eq(at));
                    diesel::insert_into(tombstone::table).values(row).execute(tx.db)?;
                }
            }
            Batch::House(rows) => {
                for (name, number, wrapped, made, ended) in rows {
                    let row = (
                        house_key::name.eq(name),
                        house_key::epoch.eq(number),
                        house_key::wrapped.eq(wrapped),
                        house_key::made_at.eq(made),
                        house_key::ended_at.eq(ended),
                    );
                    diesel::insert_into(house_key::table).values(row).execute(tx.db)?;
                }
            }
            Batch::Epochs(rows) => {
                for (number, begun, ended, check) in rows {
                    let row = (
                        epoch::number.eq(number),
                        epoch::begun_at.eq(begun),
                        epoch::ended_at.eq(ended),
                        epoch::check_value.eq(check),
                    );
                    diesel::insert_into(epoch::table).values(row).execute(tx.db)?;
                }
            }
            Batch::Pairs(rows) => {
                for (id, generation) in rows {
                    let row = (key_pair::id.eq(id), key_pair::generation.eq(generation));
                    diesel::insert_into(key_pair::table).values(row).execute(tx.db)?;
                }
            }
        }
        Ok::<_, Stop<Infallible>>(())
    })?;
    Ok(())
}

fn at(path: PathBuf) -> Result<Database, KeysError> {
    let blobs = path.with_extension("none");
    let mut options = Options::new(Address::Sqlite(path), blobs);
    options.migrations = vec![key_migrations()];
    options.writer_threads = 1;
    options.reader_threads = 1;
    Database::open(options).map_err(|e| KeysError::Copy(e.to_string()))
}

/// The copy in `folder`.
fn in_folder(folder: &Path) -> Result<Database, KeysError> {
    let file = folder.join(FILE);
    if !file.exists() {
        return Err(KeysError::Copy(format!("there is no copy of a key store in {}", folder.display())));
    }
    at(file)
}

impl KeyStore {
    /// Writes a copy of the key store into `folder`, which must not have one yet, and verifies it. Blocks.
    pub fn copy(&self, folder: &Path) -> Result<Copied, KeysError> {
        let wrong = |e: std::io::Error| KeysError::Copy(format!("{}: {e}", folder.display()));
        let file = folder.join(FILE);
        if file.exists() {
            return Err(KeysError::Copy(format!("{} is there already: name a new folder", file.display())));
        }
        std::fs::create_dir_all(folder).map_err(wrong)?;
        // Whole under its name, or not there: what a killed copy left is begun anew.
        let draft = folder.join("unfinished.sqlite");
        let remove = |ends: &[&str]| {
            for end in ends {
                let _absent = std::fs::remove_file(format!("{}{end}", draft.display()));
            }
        };
        remove(&["", "-wal", "-shm"]);
        let copy = at(draft.clone())?;
        let copied = pour(&self.keys, &copy)?;
        // One file: the log goes into it.
        let _scrubbed = copy.scrub(false)?;
        copy.close();
        std::fs::File::open(&draft).and_then(|f| f.sync_all()).map_err(wrong)?;
        std::fs::rename(&draft, &file).map_err(wrong)?;
        remove(&["-wal", "-shm"]);
        std::fs::File::open(folder).and_then(|f| f.sync_all()).map_err(wrong)?;
        Ok(copied)
    }
}

/// What the copy in `folder` holds.
pub fn verify(folder: &Path) -> Result<Copied, KeysError> {
    let copy = in_folder(folder)?;
    let copied = summed(&copy);
    copy.close();
    copied
}

/// Fills the empty key store `keys` from the copy in `folder`, if that one is the pair of `data` and not older than they
/// are; else nothing is changed. The copy's epoch key must lie where the key store will look for it. Blocks.
pub fn restore(folder: &Path, keys: &Database, data: &Database) -> Result<Copied, KeysError> {
    let copy = in_folder(folder)?;
    let restored = fill(&copy, keys, data);
    copy.close();
    restored
}

fn fill(copy: &Database, keys: &Database, data: &Database) -> Result<Copied, KeysError> {
    let begun: i64 = keys.read_now(|r| Ok::<_, Stop<Infallible>>(person_key::table.count().get_result(r.db)?))?;
    if of_keys(keys)?.is_some() || begun > 0 {
        return Err(KeysError::Copy("the key store is not empty: restore into a new one (after a restore that was killed too), and keep this one".into()));
    }
    let of_copy = of_keys(copy)?.ok_or_else(|| KeysError::Copy("the copy is of no key store in use".into()))?;
    if let Some(of_data) = of_data(data)? {
        check(&of_data, &of_copy)?;
    }
    pour(copy, keys)
}
