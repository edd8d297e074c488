//! The index on disk: one directory of one process. It holds nothing that the database does not.
//!
//! In the directory, each form of the index has a folder of its own, so that a new program can build its index while the
//! old one serves from the other form. In it are two places, of which the file `live` names the one that is searched;
//! the other is free for building anew ([`crate::rebuild`]), and taken over by renaming that file. Whatever is killed
//! when, what `live` names is whole.

use std::fmt;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use catalogue::view::Entry;
use db::Id;
use serde::{Deserialize, Serialize};
use tantivy::directory::error::LockError;
use tantivy::indexer::LogMergePolicy;
use tantivy::schema::{
    FAST, Field, INDEXED, IndexRecordOption, STORED, STRING, Schema, SchemaBuilder, TextFieldIndexing, TextOptions,
};
use tantivy::{IndexReader, IndexWriter, ReloadPolicy, TantivyDocument, TantivyError, Term};

use crate::concerned::Concerned;
use crate::marks::Marks;
use crate::remembered::Remembered;
use crate::search::Card;
use crate::statistics::Lengths;
use crate::tokens;

/// Counts changes of what is written: fields, terms, marks, the card's form. Each form is built in a folder of its own.
const FORM: u32 = 3;
const WRITER_BYTES: usize = 32 * 1024 * 1024;
/// A segment is merged when so much of it has been replaced.
const REPLACED_SHARE_MAX: f32 = 0.3;
/// Names the place that is searched.
const LIVE: &str = "live";
const PLACES: [&str; 2] = ["a", "b"];
/// Held by whoever builds anew.
const REBUILDING: &str = "rebuilding.lock";
/// To empty a place takes some milliseconds; whoever would build there waits so long for it.
const EMPTIED_WITHIN: Duration = Duration::from_secs(1);
/// The engine's: held by whoever writes.
const WRITING: &str = ".tantivy-writer.lock";
/// Between the two languages of a label in a column; no text holds it.
pub(crate) const SEPARATOR: char = '\u{1f}';

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
    pub position: i64,
    /// The event at that position: what it was about, and when. In a database that was put back from a copy, another
    /// event may have come to stand there.
    pub event: Option<(Id, i64)>,
}

#[derive(Clone, Copy)]
pub(crate) struct Fields {
    pub id: Field,
    pub title: Field,
    pub labels: Field,
    pub text: Field,
    /// Words as they are written in titles and labels: what typing is corrected by.
    pub spelt: Field,
    pub categories: Field,
    pub shop: Field,
    pub card: Field,
    pub place_mark: Field,
    pub attribute_marks: Field,
    place: Field,
    details: Field,
    category_marks: Field,
    shop_mark: Field,
    price_low: Field,
    price_high: Field,
    minimum: Field,
    in_stock: Field,
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
    let spelt = TextFieldIndexing::default()
        .set_tokenizer(tokens::SPELT)
        .set_index_option(IndexRecordOption::Basic)
        .set_fieldnorms(false);
    let label = || TextOptions::default().set_fast("raw");
    let fields = Fields {
        id: schema.add_text_field("id", STRING),
        title: schema.add_text_field("title", words.clone()),
        labels: schema.add_text_field("labels", words.clone()),
        text: schema.add_text_field("text", words),
        spelt: schema.add_text_field("spelt", TextOptions::default().set_indexing_options(spelt)),
        categories: schema.add_text_field("categories", STRING | FAST),
        shop: schema.add_text_field("shop", STRING),
        card: schema.add_text_field("card", STORED),
        place: schema.add_text_field("place", label()),
        details: schema.add_text_field("details", label()),
        category_marks: schema.add_u64_field("category_marks", FAST),
        shop_mark: schema.add_u64_field("shop_mark", FAST),
        place_mark: schema.add_u64_field("place_mark", FAST | INDEXED),
        attribute_marks: schema.add_u64_field("attribute_marks", FAST | INDEXED),
        price_low: schema.add_i64_field("price_low", FAST),
        price_high: schema.add_i64_field("price_high", FAST),
        minimum: schema.add_i64_field("minimum", FAST),
        in_stock: schema.add_u64_field("in_stock", FAST),
        sold: schema.add_i64_field("sold", FAST),
        listed_at: schema.add_i64_field("listed_at", FAST),
        tie: schema.add_u64_field("tie", FAST),
    };
    (schema.build(), fields)
}

/// The search index of this process. Many may search while one writes.
pub struct Index {
    folder: Folder,
    live: RwLock<Arc<Live>>,
    /// UTC microseconds, as the follower last read the marketplace's clock.
    now: AtomicI64,
}

impl Index {
    /// Opens the index in `directory`, or begins an empty one there: if there is none, or one that cannot be read. The
    /// directory belongs to one process at a time.
    pub fn open(directory: &Path) -> Result<Index, IndexError> {
        let folder = Folder::of(directory)?;
        let place = match folder.live() {
            Some(place) => place,
            None => {
                folder.name_live(PLACES[0])?;
                PLACES[0]
            }
        };
        // Whoever has not yet gone over to what was built anew is still here.
        if PLACES.into_iter().any(|other| other != place && is_written(&folder.0.join(other)))
            && !folder.is_being_rebuilt()
        {
            return Err(IndexError::InUse);
        }
        let live = Live::open(folder.0.join(place), place)?;
        folder.clear_other_forms(directory);
        Ok(Index { folder, live: RwLock::new(Arc::new(live)), now: AtomicI64::new(system_now()) })
    }

    /// The position of the outbox up to which this index is; 0 before it was first filled.
    pub fn position(&self) -> i64 {
        self.live().position()
    }

    /// Goods that can be found.
    pub fn len(&self) -> u64 {
        self.live().reader.searcher().num_docs()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What is searched now.
    pub(crate) fn live(&self) -> Arc<Live> {
        self.live.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn now(&self) -> i64 {
        self.now.load(Ordering::Relaxed)
    }

    pub(crate) fn set_now(&self, now: i64) {
        self.now.store(now, Ordering::Relaxed);
    }

    /// Waits until the index is up to `position`; `false` when the time is over.
    pub(crate) fn wait_until(&self, position: i64, timeout: Duration) -> bool {
        /// Another may have come to be searched meanwhile.
        const LOOK_AGAIN: Duration = Duration::from_millis(100);
        let until = Instant::now() + timeout;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if self.live().wait_until(position, left.min(LOOK_AGAIN)) {
                return true;
            }
            if left.is_zero() {
                return false;
            }
        }
    }

    /// One that was built anew beside the one that is searched, if there is one.
    pub(crate) fn built_anew(&self) -> Result<Option<Live>, IndexError> {
        match self.folder.live() {
            Some(place) if place != self.live().place => Live::existing(self.folder.0.join(place), place),
            _ => Ok(None),
        }
    }

    /// Searches `new` from now on, and removes what was searched until now.
    pub(crate) fn take_over(&self, new: Live) {
        let old = std::mem::replace(&mut *self.live.write().unwrap_or_else(PoisonError::into_inner), Arc::new(new));
        old.close();
        // While the place is emptied, nobody begins to build there; whoever does already has emptied it.
        let emptied = match self.folder.right_to_build() {
            Ok(_right) => remove_files(&old.at).map_err(|error| failed(&old.at, &error)),
            Err(IndexError::InUse) => Ok(()),
            Err(error) => Err(error),
        };
        // Searches that are under way still find in it.
        if let Err(error) = emptied {
            tracing::warn!("an old search index stays: {error}");
        }
    }

    /// What was built anew cannot be used: this one stays the one that is opened next.
    pub(crate) fn stay(&self) -> Result<(), IndexError> {
        self.folder.name_live(self.live().place)
    }
}

/// Where a process keeps its index of this form.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub fn of(directory: &Path) -> Result<Folder, IndexError> {
        let folder = directory.join(format!("form-{FORM}"));
        fs::create_dir_all(&folder).map_err(|error| failed(&folder, &error))?;
        Ok(Folder(folder))
    }

    /// Where the index lies that is searched, if there is one of this form.
    pub fn searched(directory: &Path) -> Option<PathBuf> {
        let folder = Folder(directory.join(format!("form-{FORM}")));
        let at = folder.0.join(folder.live()?);
        at.join("meta.json").exists().then_some(at)
    }

    fn live(&self) -> Option<&'static str> {
        let named = fs::read_to_string(self.0.join(LIVE)).ok()?;
        PLACES.into_iter().find(|place| *place == named.trim())
    }

    /// Whether the place that is not searched is written by whoever builds anew.
    fn is_being_rebuilt(&self) -> bool {
        File::open(self.0.join(REBUILDING)).is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
    }

    /// Held for as long as one builds in the place that is not searched, or empties it.
    fn right_to_build(&self) -> Result<File, IndexError> {
        let file = self.0.join(REBUILDING);
        let lock = File::create(&file).map_err(|error| failed(&file, &error))?;
        match lock.try_lock() {
            Ok(()) => Ok(lock),
            Err(TryLockError::WouldBlock) => Err(IndexError::InUse),
            Err(TryLockError::Error(error)) => Err(failed(&file, &error)),
        }
    }

    /// At once and whole, whatever is killed.
    fn name_live(&self, place: &str) -> Result<(), IndexError> {
        let (new, live) = (self.0.join("live.new"), self.0.join(LIVE));
        let write = || -> io::Result<()> {
            let mut file = File::create(&new)?;
            file.write_all(place.as_bytes())?;
            file.sync_all()?;
            fs::rename(&new, &live)
        };
        write().map_err(|error| failed(&live, &error))
    }

    /// An empty one in the place that is not searched, and the right to build there.
    pub fn begin_anew(&self) -> Result<Anew<'_>, IndexError> {
        let until = Instant::now() + EMPTIED_WITHIN;
        let lock = loop {
            match self.right_to_build() {
                // Perhaps a marketplace that has just gone over, and empties the place.
                Err(IndexError::InUse) if Instant::now() < until => std::thread::sleep(Duration::from_millis(10)),
                right => break right?,
            }
        };
        let place = if self.live() == Some(PLACES[1]) { PLACES[0] } else { PLACES[1] };
        let at = self.0.join(place);
        if is_written(&at) {
            // A marketplace has not yet gone over to what was built before.
            return Err(IndexError::InUse);
        }
        Ok(Anew { folder: self, live: Live::create(at, place)?, _lock: lock })
    }

    /// Indexes of other forms serve nobody, except a program of another version that still runs.
    fn clear_other_forms(&self, directory: &Path) {
        let told = |folder: &Path, removed: io::Result<()>| {
            if let Err(error) = removed {
                tracing::warn!("an old search index stays in {}: {error}", folder.display());
            }
        };
        // The first form had no folder of its own.
        if !is_written(directory) {
            told(directory, remove_files(directory));
        }
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            let (name, form) = (entry.file_name(), entry.path());
            let number = name.to_str().and_then(|name| name.strip_prefix("form-"));
            let places = PLACES.map(|place| form.join(place));
            if number.is_none_or(|n| n.parse::<u32>().is_err())
                || form == self.0
                || places.iter().any(|at| is_written(at))
            {
                continue;
            }
            for at in places.iter().filter(|at| at.is_dir()) {
                told(at, remove_files(at).and_then(|()| fs::remove_dir(at)));
            }
            for file in [LIVE, REBUILDING] {
                let _there_or_not = fs::remove_file(form.join(file));
            }
            told(&form, fs::remove_dir(&form));
        }
    }
}

/// One that is being built beside the one that is searched.
pub(crate) struct Anew<'a> {
    folder: &'a Folder,
    pub live: Live,
    _lock: File,
}

impl Anew<'_> {
    /// From now on it is the one to search: for a marketplace that is open within its next look, for another when it
    /// opens.
    pub fn finish(self) -> Result<(), IndexError> {
        self.live.close();
        self.folder.name_live(self.live.place)
    }
}

/// One index in its place.
pub(crate) struct Live {
    at: PathBuf,
    place: &'static str,
    engine: tantivy::Index,
    pub reader: IndexReader,
    pub fields: Fields,
    pub lengths: Lengths,
    pub remembered: Remembered,
    /// `None` after a failure; the next batch opens it again from what was committed last.
    writer: Mutex<Option<IndexWriter>>,
    reached: Mutex<Reached>,
    moved: Condvar,
}

#[derive(Default)]
struct Reached {
    /// `None`: the index has never been filled.
    mark: Option<Mark>,
    /// The position that is on disk; what lies between it and the mark changed nothing here.
    on_disk: i64,
}

impl Live {
    fn open(at: PathBuf, place: &'static str) -> Result<Live, IndexError> {
        match Live::existing(at.clone(), place) {
            Ok(Some(live)) => return Ok(live),
            Ok(None) => {}
            Err(IndexError::InUse) => return Err(IndexError::InUse),
            Err(error) => tracing::warn!("the search index is built anew: {error}"),
        }
        Live::create(at, place)
    }

    fn create(at: PathBuf, place: &'static str) -> Result<Live, IndexError> {
        fs::create_dir_all(&at).and_then(|()| remove_files(&at)).map_err(|error| failed(&at, &error))?;
        let engine = tantivy::Index::create_in_dir(&at, schema().0)?;
        Live::with(engine, at, place)
    }

    fn existing(at: PathBuf, place: &'static str) -> Result<Option<Live>, IndexError> {
        if !at.join("meta.json").exists() {
            return Ok(None);
        }
        let live = Live::with(tantivy::Index::open_in_dir(&at)?, at, place)?;
        if live.engine.schema() != schema().0 {
            return Err(IndexError::Engine("it has other fields".to_owned()));
        }
        Ok(Some(live))
    }

    fn with(engine: tantivy::Index, at: PathBuf, place: &'static str) -> Result<Live, IndexError> {
        engine.tokenizers().register(tokens::ANALYZER, tokens::analyzer());
        engine.tokenizers().register(tokens::SPELT, tokens::spelt());
        let writer = open_writer(&engine)?;
        let reader: IndexReader = engine.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        let remembered = Remembered::new(reader.searcher().generation().generation_id());
        let payload = engine.load_metas()?.payload.unwrap_or_default();
        let mark: Option<Mark> = serde_json::from_str(&payload).ok();
        let on_disk = mark.as_ref().map_or(0, |mark| mark.position);
        Ok(Live {
            at,
            place,
            engine,
            reader,
            fields: schema().1,
            lengths: Lengths::default(),
            remembered,
            writer: Mutex::new(Some(writer)),
            reached: Mutex::new(Reached { mark, on_disk }),
            moved: Condvar::new(),
        })
    }

    pub fn position(&self) -> i64 {
        self.mark().map_or(0, |mark| mark.position)
    }

    pub fn mark(&self) -> Option<Mark> {
        self.reached().mark.clone()
    }

    fn wait_until(&self, position: i64, timeout: Duration) -> bool {
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
    pub fn begin(&self) -> Result<Batch<'_>, IndexError> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if writer.is_none() {
            *writer = Some(open_writer(&self.engine)?);
        }
        Ok(Batch { live: self, writer, touched: false, concerned: Concerned::default() })
    }

    fn reached(&self) -> MutexGuard<'_, Reached> {
        self.reached.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets go of the place: another process may write there.
    fn close(&self) {
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer
            && let Err(error) = writer.wait_merging_threads()
        {
            tracing::warn!("the search index was not tidied up: {error}");
        }
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
    live: &'a Live,
    writer: MutexGuard<'a, Option<IndexWriter>>,
    touched: bool,
    concerned: Concerned,
}

impl Batch<'_> {
    fn writer(&mut self) -> Result<&mut IndexWriter, IndexError> {
        self.touched = true;
        self.writer.as_mut().ok_or_else(|| IndexError::Engine("the writer is closed".to_owned()))
    }

    pub fn clear(&mut self) -> Result<(), IndexError> {
        self.concerned.everything();
        self.writer()?.delete_all_documents()?;
        Ok(())
    }

    /// Takes `ids` out and puts those of them in that are for sale.
    pub fn replace(&mut self, ids: &[Id], entries: &[Entry]) -> Result<(), IndexError> {
        let fields = self.live.fields;
        // As they stand before and after: what is shown now is what may be kept.
        self.concerned.note_shown(&self.live.reader.searcher(), fields.id, ids)?;
        let marks: Vec<Marks> = entries.iter().map(Marks::of).collect();
        self.concerned.note(marks.iter().flat_map(Marks::all));
        let writer = self.writer()?;
        for id in ids {
            writer.delete_term(Term::from_field_text(fields.id, id.as_str()));
        }
        for (entry, marks) in entries.iter().zip(&marks) {
            writer.add_document(document(&fields, entry, marks)?)?;
        }
        Ok(())
    }

    /// Puts the changes and the position on disk, and shows them.
    pub fn commit(mut self, mark: Mark) -> Result<(), IndexError> {
        let payload = serde_json::to_string(&mark).map_err(|error| IndexError::Engine(error.to_string()))?;
        self.live.remembered.will_change(std::mem::take(&mut self.concerned));
        let mut prepared = self.writer()?.prepare_commit()?;
        prepared.set_payload(&payload);
        prepared.commit()?;
        self.touched = false;
        self.live.reader.reload()?;
        self.live.remembered.go_on(self.live.reader.searcher().generation().generation_id());
        let mut reached = self.live.reached();
        reached.on_disk = mark.position;
        reached.mark = Some(mark);
        self.live.moved.notify_all();
        Ok(())
    }

    /// Notes that events up to the mark change nothing here. It goes to disk with the next commit: after a kill they
    /// are read again.
    pub fn pass(self, mark: Mark) {
        self.live.reached().mark = Some(mark);
        self.live.moved.notify_all();
    }

    /// How many events have been passed since the last commit.
    pub fn passed(&self) -> i64 {
        let reached = self.live.reached();
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

fn document(fields: &Fields, entry: &Entry, marks: &Marks) -> Result<TantivyDocument, IndexError> {
    let card = &entry.card;
    let mut document = TantivyDocument::default();
    document.add_text(fields.id, card.id.as_str());
    let mut words = |field: Field, text: &str| {
        if !text.is_empty() {
            document.add_text(field, text);
        }
    };
    for text in [&card.title.en, &card.title.zh] {
        words(fields.title, text);
        words(fields.spelt, text);
    }
    let attributes = entry.attributes.iter().flat_map(|attribute| [&attribute.name, &attribute.value]);
    let categories = entry.categories.iter().map(|(_, name)| name);
    for both in attributes.chain(categories).chain([&card.shop.name]) {
        for text in [&both.en, &both.zh] {
            words(fields.labels, text);
            words(fields.spelt, text);
        }
    }
    words(fields.text, &entry.text.en);
    words(fields.text, &entry.text.zh);
    for (key, _) in &entry.categories {
        document.add_text(fields.categories, key);
    }
    let joined = |texts: &[&str]| texts.join(SEPARATOR.encode_utf8(&mut [0; 4]));
    for attribute in &entry.attributes {
        let (name, value) = (&attribute.name, &attribute.value);
        document.add_text(fields.details, joined(&[&name.en, &name.zh, &value.en, &value.zh]));
    }
    for (field, marks) in [(fields.category_marks, &marks.categories), (fields.attribute_marks, &marks.attributes)] {
        marks.iter().for_each(|mark| document.add_u64(field, *mark));
    }
    let place = &card.shop.place;
    document.add_text(fields.place, joined(&[&place.en, &place.zh]));
    document.add_u64(fields.place_mark, marks.place);
    document.add_text(fields.shop, card.shop.id.as_str());
    document.add_u64(fields.shop_mark, marks.shop);
    document.add_i64(fields.price_low, card.price_low);
    document.add_i64(fields.price_high, card.price_high);
    document.add_i64(fields.minimum, card.minimum);
    document.add_u64(fields.in_stock, u64::from(entry.in_stock > 0));
    document.add_i64(fields.sold, card.sold);
    document.add_i64(fields.listed_at, card.listed_at);
    document.add_u64(fields.tie, tie(&card.id));
    let shown = serde_json::to_string(&Card::of(entry)).map_err(|error| IndexError::Engine(error.to_string()))?;
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

fn failed(at: &Path, error: &io::Error) -> IndexError {
    IndexError::Folder(format!("{}: {error}", at.display()))
}

/// Whether a process has the index in this place open.
fn is_written(at: &Path) -> bool {
    let Ok(file) = File::open(at.join(WRITING)) else { return false };
    matches!(file.try_lock(), Err(TryLockError::WouldBlock))
}

/// Removes what an index leaves in its directory and nothing else: the directory comes from a configuration. What says that
/// there is an index goes last.
fn remove_files(directory: &Path) -> io::Result<()> {
    let mut says = None;
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        let stem = name.split('.').next().unwrap_or_default();
        let of_segment = stem.len() == 32 && stem.bytes().all(|b| b.is_ascii_hexdigit());
        if name == "meta.json" {
            says = Some(entry.path());
        } else if of_segment || matches!(name, ".managed.json" | WRITING | ".tantivy-meta.lock") {
            fs::remove_file(entry.path())?;
        }
    }
    says.map_or(Ok(()), fs::remove_file)
}
