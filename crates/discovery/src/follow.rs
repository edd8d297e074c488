//! How the index follows the catalogue: by the outbox's positions, in batches, from where it was.
//!
//! What an event says is only which product or shop to look at again; what the index then holds is read from the
//! database, so that reading an event twice does no harm.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use catalogue::category::{self, Tree};
use catalogue::{PRODUCT_CHANGED, SHOP_CHANGED, view};
use db::policy::outbox as events;
use db::{Database, Delivered, Id, outbox};
use diesel::prelude::*;

use crate::index::{Batch, Folder, Index, IndexError, Live, Mark};

const EVENTS_PER_BATCH_MAX: usize = 2_000;
/// Products that are read and written at once.
const PRODUCTS_PER_PAGE: usize = 200;
/// A commit syncs files; under load the events of this long share one.
const BETWEEN_COMMITS: Duration = Duration::from_millis(200);
/// How soon a follower notices that it is to stop.
const TICK: Duration = Duration::from_millis(200);
const AFTER_A_FAILURE: Duration = Duration::from_secs(1);
/// So many events that concern no goods are passed before the position is put on disk without a change.
const PASSED_MAX: i64 = 1_000;
/// How long [`catch_up`] waits for the sequencer to give committed events their positions.
const SEQUENCER_WAIT_MAX: Duration = Duration::from_secs(5);

/// Applies everything that is committed now, and returns the position reached. Builds an index anew that is empty,
/// or that does not belong to this database's events. Blocks.
pub fn catch_up(db: &Database, index: &Index) -> Result<i64, IndexError> {
    index.set_now(db.now());
    catch_up_with(db, &index.live())
}

fn catch_up_with(db: &Database, live: &Live) -> Result<i64, IndexError> {
    let fits = match live.mark() {
        Some(mark) => fits(db, mark)?,
        None => false,
    };
    if !fits {
        fill(db, live.begin()?)?;
    }
    let until = Instant::now() + SEQUENCER_WAIT_MAX;
    loop {
        // Before the step: whatever is committed after this look is not of now.
        let placed = all_placed(db)?;
        while step(db, live)? > 0 {}
        if placed || Instant::now() > until {
            return Ok(live.position());
        }
        db.wait_for_events(live.position(), Duration::from_millis(20));
    }
}

/// Builds an index anew in `directory`, beside the one that is searched there: by an open marketplace, which goes over
/// to it within a second after the end, or by none, and then the next that opens takes it. Killed at any moment, it
/// leaves the one that is searched as it was. Returns how many goods it holds. Blocks.
pub fn rebuild(db: &Database, directory: &Path) -> Result<u64, IndexError> {
    let folder = Folder::of(directory)?;
    let anew = folder.begin_anew()?;
    catch_up_with(db, &anew.live)?;
    let goods = anew.live.reader.searcher().num_docs();
    anew.finish()?;
    Ok(goods)
}

/// Goes over to what was built beside the live index, once it is up to date. What cannot be used is left alone.
fn take_over(db: &Database, index: &Index) -> Result<(), IndexError> {
    match index.built_anew() {
        Ok(None) => {}
        Ok(Some(new)) => {
            catch_up_with(db, &new)?;
            tracing::info!(position = new.position(), "the search index that was built anew is searched from now on");
            index.take_over(new);
        }
        // Whoever built it has not let go of it.
        Err(IndexError::InUse) => {}
        Err(error) => {
            tracing::warn!("the search index that was built anew cannot be used: {error}");
            index.stay()?;
        }
    }
    Ok(())
}

/// Whether the events after the mark are all still there, and the mark is of this database.
pub(crate) fn fits(db: &Database, mark: Mark) -> Result<bool, IndexError> {
    let fits = db.read_now::<_, Infallible>(move |read| {
        let last = outbox::last_position(read.db)?;
        let around = outbox::after(read.db, mark.position - 1, 2)?;
        let at = |position: i64| around.iter().find(|event| event.position == position);
        let same = match (at(mark.position), &mark.event) {
            (Some(there), Some((about, at))) => there.about == *about && there.at == *at,
            _ => true,
        };
        Ok(same && (mark.position == last || (mark.position < last && at(mark.position + 1).is_some())))
    })?;
    Ok(fits)
}

fn all_placed(db: &Database) -> Result<bool, IndexError> {
    let waiting: i64 = db.read_now::<_, Infallible>(|read| {
        Ok(events::table.filter(events::position.is_null()).count().get_result(read.db)?)
    })?;
    Ok(waiting == 0)
}

/// Applies one batch of events; returns how many there were.
fn step(db: &Database, live: &Live) -> Result<usize, IndexError> {
    // Taken first: batches are read and written in one order.
    let mut batch = live.begin()?;
    let reached = live.position();
    let events = db.events_after(reached, EVENTS_PER_BATCH_MAX as i64)?;
    let (Some(first), Some(last)) = (events.first(), events.last()) else { return Ok(0) };
    if first.position != reached + 1 {
        // Some were pruned before this index came to them.
        fill(db, batch)?;
        return Ok(events.len());
    }
    let mark = Mark { position: last.position, event: Some((last.about.clone(), last.at)) };
    let concerned = concerned(db, &events)?;
    if concerned.is_empty() && batch.passed() < PASSED_MAX {
        batch.pass(mark);
        return Ok(events.len());
    }
    let tree = names(db)?;
    for ids in concerned.chunks(PRODUCTS_PER_PAGE) {
        replace(db, &mut batch, ids, &tree)?;
    }
    batch.commit(mark)?;
    Ok(events.len())
}

/// The products that the events may have changed, each once.
fn concerned(db: &Database, events: &[Delivered]) -> Result<Vec<Id>, IndexError> {
    let about = |kind: &'static str| events.iter().filter(move |event| event.kind == kind).map(|e| e.about.clone());
    let mut products: BTreeSet<Id> = about(PRODUCT_CHANGED).collect();
    for shop in about(SHOP_CHANGED).collect::<BTreeSet<Id>>() {
        each_page(
            db,
            move |read, after| view::ids_of_shop(read, &shop, after, PRODUCTS_PER_PAGE as i64),
            |ids| {
                products.extend(ids);
                Ok(())
            },
        )?;
    }
    Ok(products.into_iter().collect())
}

/// The products that an index at `position` has yet to look at again, each once: of events that have no position yet too.
pub(crate) fn to_come(db: &Database, position: i64) -> Result<BTreeSet<Id>, IndexError> {
    let waiting = db.read_now::<_, Infallible>(|read| Ok(outbox::not_placed(read.db)?))?;
    let mut products: BTreeSet<Id> = concerned(db, &waiting)?.into_iter().collect();
    let mut at = position;
    loop {
        let events = db.events_after(at, EVENTS_PER_BATCH_MAX as i64)?;
        let Some(last) = events.last() else { return Ok(products) };
        at = last.position;
        products.extend(concerned(db, &events)?);
    }
}

/// Fills the index from the database. What was in it can be found until the end.
fn fill(db: &Database, mut batch: Batch) -> Result<(), IndexError> {
    let began = Instant::now();
    // Before the scan: what changes meanwhile comes again as an event.
    let (last, events) = db.read_now::<_, Infallible>(|read| {
        let last = outbox::last_position(read.db)?;
        Ok((last, outbox::after(read.db, last - 1, 1)?))
    })?;
    let event = events.into_iter().find(|event| event.position == last).map(|event| (event.about, event.at));
    let tree = names(db)?;
    batch.clear()?;
    let mut count = 0;
    each_page(db, every_product, |ids| {
        count += ids.len();
        replace(db, &mut batch, &ids, &tree)
    })?;
    batch.commit(Mark { position: last, event })?;
    tracing::info!(products = count, position = last, "the search index was built in {:?}", began.elapsed());
    Ok(())
}

pub(crate) fn every_product(read: &mut db::Read, after: Option<&Id>) -> QueryResult<Vec<Id>> {
    view::ids_after(read, after, PRODUCTS_PER_PAGE as i64)
}

/// Pages of ids in short reads: a long one would hold the database's log.
pub(crate) fn each_page(
    db: &Database,
    page: impl Fn(&mut db::Read, Option<&Id>) -> QueryResult<Vec<Id>> + Clone + Send + 'static,
    mut then: impl FnMut(Vec<Id>) -> Result<(), IndexError>,
) -> Result<(), IndexError> {
    let mut after: Option<Id> = None;
    loop {
        let (page, from) = (page.clone(), after.take());
        let ids = db.read_now::<_, Infallible>(move |read| Ok(page(read, from.as_ref())?))?;
        after = ids.last().cloned();
        if after.is_none() {
            return Ok(());
        }
        then(ids)?;
    }
}

fn replace(db: &Database, batch: &mut Batch, ids: &[Id], tree: &Arc<Tree>) -> Result<(), IndexError> {
    let (asked, tree) = (ids.to_vec(), tree.clone());
    let entries = db.read_now::<_, Infallible>(move |read| Ok(view::entries(read, &asked, &tree)?))?;
    batch.replace(ids, &entries)
}

pub(crate) fn names(db: &Database) -> Result<Arc<Tree>, IndexError> {
    Ok(Arc::new(db.read_now::<_, Infallible>(|read| Ok(category::names(read)?))?))
}

/// The thread that keeps an index up to date. Ends when it is stopped or dropped.
pub struct Follower {
    index: Arc<Index>,
    ending: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Follower {
    /// Catches up, and goes on until it is stopped. What fails is tried again.
    pub fn start(db: Database, index: Arc<Index>) -> Follower {
        let ending = Arc::new(AtomicBool::new(false));
        let thread = {
            let (index, ending) = (index.clone(), ending.clone());
            std::thread::Builder::new().name("search-index".to_owned()).spawn(move || follow(&db, &index, &ending))
        };
        let thread = thread.map_err(|error| tracing::error!("the search index follows nothing: {error}")).ok();
        Follower { index, ending, thread }
    }

    /// Waits until the index is up to `position`; `false` when the time is over. Blocks.
    pub fn wait_until(&self, position: i64, timeout: Duration) -> bool {
        self.index.wait_until(position, timeout)
    }

    /// Ends after the batch at hand. Blocks.
    pub fn stop(self) {}
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.ending.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the follower of the search index had panicked");
        }
    }
}

fn follow(db: &Database, index: &Index, ending: &AtomicBool) {
    let mut caught_up = false;
    let mut told = false;
    while !ending.load(Ordering::Acquire) {
        index.set_now(db.now());
        let began = Instant::now();
        // A panic must not leave the index behind for ever; the batch that it came from is undone.
        let done = catch_unwind(AssertUnwindSafe(|| {
            take_over(db, index)?;
            if caught_up { step(db, &index.live()) } else { catch_up(db, index).map(|_| 0) }
        }));
        match done.unwrap_or_else(|_| Err(IndexError::Engine("a panic while following".to_owned()))) {
            Ok(count) => {
                (caught_up, told) = (true, false);
                // Looks at every tick, whether it was told of events or not: on SQLite another process, the command
                // line, tells nobody.
                if count < EVENTS_PER_BATCH_MAX && db.wait_for_events(index.position(), TICK) {
                    std::thread::sleep(BETWEEN_COMMITS.saturating_sub(began.elapsed()));
                }
            }
            Err(error) => {
                if !told {
                    tracing::warn!("the search index waits: {error}");
                }
                (caught_up, told) = (false, true);
                let until = Instant::now() + AFTER_A_FAILURE;
                while Instant::now() < until && !ending.load(Ordering::Acquire) {
                    std::thread::sleep(TICK);
                }
            }
        }
    }
}
