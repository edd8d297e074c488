//! The index on disk: one directory of one process. It holds nothing that the database does not.

use std::fmt;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use catalogue::view::Entry;
use db::Id;
use serde::{Deserialize, Serialize};
use tantivy::directory::error::LockError;
use tantivy::indexer::LogMergePolicy;
use tantivy::schema::{
    FAST, Field, IndexRecordOption, STORED, STRING, Schema, SchemaBuilder, TextFieldIndexing, TextOptions,
};
use tantivy::{IndexReader, IndexWriter, ReloadPolicy, TantivyDocument, TantivyError, Term};

use crate::search::Card;
use crate::statistics::Lengths;
use crate::tokens;

/// Counts changes of what is written that the schema does not show: terms, the card's form. Another number in the
/// index means that it is built anew.
const FORM: u32 = 1;
const WRITER_BYTES: usize = 32 * 1024 * 1024;
/// A segment is merged when so much of it has been replaced.
const REPLACED_SHARE_MAX: f32 = 0.3;

/// Why the index could not be opened or written. Searching has no errors: it finds nothing instead, and says so in the
/// log.
#[derive(Debug)]
pub enum IndexError {
    /// Another process has this directory.
    InUse,
    Folder(String),
    Engine(String),
    /// The events or the goods could not be read.
    Database(String),
}

impl fmt::Display for IndexError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            IndexError::InUse => f.write_str("the search index is in use by another process"),
            IndexError::Folder(told) => write!(f, "the folder of the search index cannot be used: {told}"),
            IndexError::Engine(told) => write!(f, "the search index: {told}"),
            IndexError::Database(told) => write!(f, "the search index cannot read the catalogue: {told}"),
        }
    }
}

impl std::error::Error for IndexError {}

impl From<TantivyError> for IndexError {
    fn from(error: TantivyError) -> IndexError {
        match error {
            TantivyError::LockFailure(LockError::LockBusy, _) => IndexError::InUse,
            error => IndexError::Engine(error.to_string()),
        }
    }
}

impl<R: fmt::Debug> From<db::Failed<R>> for IndexError {
    fn from(failed: db::Failed<R>) -> IndexError {
        IndexError::Database(failed.to_string())
    }
}

/// Up to where the events are in the index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mark {
    form: u32,
    pub position: i64,
    /// The event at that position: what it was about, and when. In a database that was put back from a copy, another
    /// event may have come to stand there.
    pub event: Option<(Id, i64)>,
}

impl Mark {
    pub fn new(position: i64, event: Option<(Id, i64)>) -> Mark {
        Mark { form: FORM, position, event }
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Fields {
    pub id: Field,
    pub title: Field,
    pub labels: Field,
    pub text: Field,
    pub categories: Field,
    pub shop: Field,
    pub card: Field,
    price_low: Field,
    price_high: Field,
    minimum: Field,
    sold: Field,
    listed_at: Field,
    tie: Field,
}

fn schema() -> (Schema, Fields) {
    let mut schema = SchemaBuilder::new();
    // Without positions: pairs of characters stand for order well enough, and the index is half as large.
    let terms = TextFieldIndexing::default()
        .set_tokenizer(tokens::ANALYZER)
        .set_index_option(IndexRecordOption::WithFreqs)
        .set_fieldnorms(true);
    let words = TextOptions::default().set_indexing_options(terms);
    let fields = Fields {
        id: schema.add_text_field("id", STRING),
        title: schema.add_text_field("title", words.clone()),
        labels: schema.add_text_field("labels", words.clone()),
        text: schema.add_text_field("text", words),
        categories: schema.add_text_field("categories", STRING | FAST),
        shop: schema.add_text_field("shop", STRING | FAST),
        card: schema.add_text_field("card", STORED),
        price_low: schema.add_i64_field("price_low", FAST),
        price_high: schema.add_i64_field("price_high", FAST),
        minimum: schema.add_i64_field("minimum", FAST),
        sold: schema.add_i64_field("sold", FAST),
        listed_at: schema.add_i64_field("listed_at", FAST),
        tie: schema.add_u64_field("tie", FAST),
    };
    (schema.build(), fields)
}

/// The search index of this process. Many may search while one writes.
pub struct Index {
    engine: tantivy::Index,
    pub(crate) reader: IndexReader,
    pub(crate) fields: Fields,
    pub(crate) lengths: Lengths,
    /// `None` after a failure; the next batch opens it again from what was committed last.
    writer: Mutex<Option<IndexWriter>>,
    reached: Mutex<Reached>,
    moved: Condvar,
    /// UTC microseconds, as the follower last read the marketplace's clock.
    now: AtomicI64,
}

#[derive(Default)]
struct Reached {
    /// `None`: the index has never been filled.
    mark: Option<Mark>,
    /// The position that is on disk; what lies between it and the mark changed nothing here.
    on_disk: i64,
}

impl Index {
    /// Opens the index in `directory`, or begins an empty one there: if there is none, or one that cannot be read or
    /// is of another form. The directory belongs to one process at a time.
    pub fn open(directory: &Path) -> Result<Index, IndexError> {
        let failed = |error: io::Error| IndexError::Folder(format!("{}: {error}", directory.display()));
        fs::create_dir_all(directory).map_err(failed)?;
        match Index::existing(directory) {
            Ok(Some(index)) => return Ok(index),
            Ok(None) => {}
            Err(IndexError::InUse) => return Err(IndexError::InUse),
            Err(error) => tracing::warn!("the search index is built anew: {error}"),
        }
        remove_files(directory).map_err(failed)?;
        Index::with(tantivy::Index::create_in_dir(directory, schema().0)?)
    }

    fn existing(directory: &Path) -> Result<Option<Index>, IndexError> {
        if !directory.join("meta.json").exists() {
            return Ok(None);
        }
        let index = Index::with(tantivy::Index::open_in_dir(directory)?)?;
        if index.engine.schema() != schema().0 {
            return Err(IndexError::Engine("it has other fields".to_owned()));
        }
        Ok(Some(index))
    }

    fn with(engine: tantivy::Index) -> Result<Index, IndexError> {
        engine.tokenizers().register(tokens::ANALYZER, tokens::analyzer());
        let writer = open_writer(&engine)?;
        let reader = engine.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        let payload = engine.load_metas()?.payload.unwrap_or_default();
        let mark = serde_json::from_str(&payload).ok().filter(|mark: &Mark| mark.form == FORM);
        let on_disk = mark.as_ref().map_or(0, |mark| mark.position);
        Ok(Index {
            engine,
            reader,
            fields: schema().1,
            lengths: Lengths::default(),
            writer: Mutex::new(Some(writer)),
            reached: Mutex::new(Reached { mark, on_disk }),
            moved: Condvar::new(),
            now: AtomicI64::new(system_now()),
        })
    }

    /// The position of the outbox up to which this index is; 0 before it was first filled.
    pub fn position(&self) -> i64 {
        self.mark().map_or(0, |mark| mark.position)
    }

    /// Goods that can be found.
    pub fn len(&self) -> u64 {
        self.reader.searcher().num_docs()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn mark(&self) -> Option<Mark> {
        self.reached().mark.clone()
    }

    pub(crate) fn now(&self) -> i64 {
        self.now.load(Ordering::Relaxed)
    }

    pub(crate) fn set_now(&self, now: i64) {
        self.now.store(now, Ordering::Relaxed);
    }

    /// Waits until the index is up to `position`; `false` when the time is over.
    pub(crate) fn wait_until(&self, position: i64, timeout: Duration) -> bool {
        let until = Instant::now() + timeout;
        let mut reached = self.reached();
        while reached.mark.as_ref().is_none_or(|mark| mark.position < position) {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            reached = self.moved.wait_timeout(reached, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    /// Begins a batch; others wait for its end. One that is dropped uncommitted leaves nothing.
    pub(crate) fn begin(&self) -> Result<Batch<'_>, IndexError> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if writer.is_none() {
            *writer = Some(open_writer(&self.engine)?);
        }
        Ok(Batch { index: self, writer, touched: false })
    }

    fn reached(&self) -> MutexGuard<'_, Reached> {
        self.reached.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn open_writer(engine: &tantivy::Index) -> Result<IndexWriter, IndexError> {
    let writer = engine.writer_with_num_threads(1, WRITER_BYTES)?;
    let mut merging = LogMergePolicy::default();
    merging.set_del_docs_ratio_before_merge(REPLACED_SHARE_MAX);
    writer.set_merge_policy(Box::new(merging));
    // A process that was killed in the midst of a commit left files that the next commit would write under the same names.
    writer.garbage_collect_files().wait()?;
    Ok(writer)
}

/// Changes that become visible together.
pub(crate) struct Batch<'a> {
    index: &'a Index,
    writer: MutexGuard<'a, Option<IndexWriter>>,
    touched: bool,
}

impl Batch<'_> {
    fn writer(&mut self) -> Result<&mut IndexWriter, IndexError> {
        self.touched = true;
        self.writer.as_mut().ok_or_else(|| IndexError::Engine("the writer is closed".to_owned()))
    }

    pub fn clear(&mut self) -> Result<(), IndexError> {
        self.writer()?.delete_all_documents()?;
        Ok(())
    }

    /// Takes `ids` out and puts those of them in that are for sale.
    pub fn replace(&mut self, ids: &[Id], entries: &[Entry]) -> Result<(), IndexError> {
        let fields = self.index.fields;
        let writer = self.writer()?;
        for id in ids {
            writer.delete_term(Term::from_field_text(fields.id, id.as_str()));
        }
        for entry in entries {
            writer.add_document(document(&fields, entry)?)?;
        }
        Ok(())
    }

    /// Puts the changes and the position on disk, and shows them.
    pub fn commit(mut self, mark: Mark) -> Result<(), IndexError> {
        let payload = serde_json::to_string(&mark).map_err(|error| IndexError::Engine(error.to_string()))?;
        let mut prepared = self.writer()?.prepare_commit()?;
        prepared.set_payload(&payload);
        prepared.commit()?;
        self.touched = false;
        self.index.reader.reload()?;
        let mut reached = self.index.reached();
        reached.on_disk = mark.position;
        reached.mark = Some(mark);
        self.index.moved.notify_all();
        Ok(())
    }

    /// Notes that events up to the mark change nothing here. It goes to disk with the next commit: after a kill they
    /// are read again.
    pub fn pass(self, mark: Mark) {
        self.index.reached().mark = Some(mark);
        self.index.moved.notify_all();
    }

    /// How many events have been passed since the last commit.
    pub fn passed(&self) -> i64 {
        let reached = self.index.reached();
        reached.mark.as_ref().map_or(0, |mark| mark.position - reached.on_disk)
    }
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        if self.touched {
            // Closing it forgets what was not committed; after a full disk nothing else would work either.
            *self.writer = None;
        }
    }
}

fn document(fields: &Fields, entry: &Entry) -> Result<TantivyDocument, IndexError> {
    let card = &entry.card;
    let mut document = TantivyDocument::default();
    document.add_text(fields.id, card.id.as_str());
    let mut words = |field: Field, text: &str| {
        if !text.is_empty() {
            document.add_text(field, text);
        }
    };
    words(fields.title, &card.title.en);
    words(fields.title, &card.title.zh);
    let attributes = entry.attributes.iter().flat_map(|attribute| [&attribute.name, &attribute.value]);
    let categories = entry.categories.iter().map(|(_, name)| name);
    for both in attributes.chain(categories).chain([&card.shop.name]) {
        words(fields.labels, &both.en);
        words(fields.labels, &both.zh);
    }
    words(fields.text, &entry.text.en);
    words(fields.text, &entry.text.zh);
    for (key, _) in &entry.categories {
        document.add_text(fields.categories, key);
    }
    document.add_text(fields.shop, card.shop.id.as_str());
    document.add_i64(fields.price_low, card.price_low);
    document.add_i64(fields.price_high, card.price_high);
    document.add_i64(fields.minimum, card.minimum);
    document.add_i64(fields.sold, card.sold);
    document.add_i64(fields.listed_at, card.listed_at);
    document.add_u64(fields.tie, tie(&card.id));
    let shown = serde_json::to_string(&Card::of(card)).map_err(|error| IndexError::Engine(error.to_string()))?;
    document.add_text(fields.card, shown);
    Ok(document)
}

/// The random half of an id: an order among equals that is the same in every process's index.
fn tie(id: &Id) -> u64 {
    let half: String = id.as_str().chars().skip(19).filter(|c| *c != '-').collect();
    u64::from_str_radix(&half, 16).unwrap_or(0)
}

fn system_now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as i64)
}

/// Removes what an index leaves in its directory and nothing else: the directory comes from a configuration.
fn remove_files(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        let stem = name.split('.').next().unwrap_or_default();
        let of_segment = stem.len() == 32 && stem.bytes().all(|b| b.is_ascii_hexdigit());
        if of_segment || matches!(name, "meta.json" | ".managed.json") {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
