//! Each event of an order becomes one delivery for each endpoint that wants it: in one transaction with the position
//! that was read to, so that no event is lost and none comes twice, whichever process is killed when.

use super::endpoint;
use super::{Topic, log};
use db::{Database, Delivered, Failed, Id, Stop, Tx, outbox};
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// As the migration began it.
const CONSUMER: &str = "trade.hooks";
const EVENTS_MAX: i64 = 500;
/// So many events that nobody wants are passed before the position is written without an effect.
const PASSED_MAX: i64 = 1_000;
/// How soon a follower notices that it is to stop, or that another process wrote.
const TICK: Duration = Duration::from_millis(200);
const AFTER_A_FAILURE: Duration = Duration::from_secs(1);

type Outcome<T> = Result<T, Failed<Infallible>>;

/// How far the events were read.
struct Place {
    /// As the database has it.
    stored: i64,
    /// What came after it was nobody's up to here.
    reached: i64,
}

impl Place {
    fn of(db: &Database) -> Outcome<Place> {
        let stored = db.read_now(|r| Ok::<_, Stop<Infallible>>(outbox::position_of(r.db, CONSUMER)?))?;
        Ok(Place { stored, reached: stored })
    }
}

/// An event that somebody may want to hear.
struct Happened {
    topic: Topic,
    order: Id,
    shop: Id,
    at: i64,
}

fn happened(event: &Delivered) -> Option<Happened> {
    let topic = Topic::of_event(&event.kind)?;
    let shop = Id::parse(event.body.get("shop")?.as_str()?).ok()?;
    Some(Happened { topic, order: event.about.clone(), shop, at: event.at })
}

/// Acts on everything that has a position now. Blocks.
pub fn catch_up(db: &Database) -> Outcome<()> {
    let mut place = Place::of(db)?;
    while step(db, &mut place)? > 0 {}
    Ok(())
}

/// Acts on some events; returns how many there were.
fn step(db: &Database, place: &mut Place) -> Outcome<usize> {
    let events = db.events_after(place.reached, EVENTS_MAX)?;
    let Some(last) = events.last().map(|event| event.position) else { return Ok(0) };
    let happened: Vec<Happened> = events.iter().filter_map(happened).collect();
    let shops: Vec<Id> = happened.iter().map(|one| one.shop.clone()).collect::<BTreeSet<_>>().into_iter().collect();
    let asked = shops.clone();
    let wanted = !shops.is_empty() && !db.look_now(move |r| endpoint::of_shops(r, &asked))?.is_empty();
    if !wanted {
        place.reached = last;
        if place.reached - place.stored < PASSED_MAX {
            return Ok(events.len());
        }
    }
    let (from, happened) = (place.stored, Arc::new(happened));
    let moved = db.write_now(move |tx| {
        // First: whoever is second waits here, and finds that it is done.
        if !outbox::move_position(tx.db, CONSUMER, from, last)? {
            return Ok(false);
        }
        if wanted {
            tell(tx, &shops, &happened)?;
        }
        Ok::<_, Stop<Infallible>>(true)
    })?;
    *place = if moved { Place { stored: last, reached: last } } else { Place::of(db)? };
    Ok(events.len())
}

fn tell(tx: &mut Tx, shops: &[Id], happened: &[Happened]) -> Result<(), Stop<Infallible>> {
    let endpoints = endpoint::of_shops(tx, shops)?;
    for shop in shops {
        let mut new = Vec::new();
        for one in happened.iter().filter(|one| one.shop == *shop) {
            let wants =
                |to: &&endpoint::Wants| to.shop == *shop && to.topics.contains(&one.topic) && to.made_at <= one.at;
            for to in endpoints.iter().filter(wants) {
                let wanted = to.state == endpoint::State::On;
                let delivery = log::New {
                    endpoint: to.endpoint.clone(),
                    topic: one.topic,
                    about: one.order.clone(),
                    at: one.at,
                    wanted,
                };
                new.push((tx.id(), delivery));
            }
        }
        log::put(tx, shop, new)?;
    }
    Ok(())
}

/// A thread that follows until it is dropped.
pub struct Follower {
    ending: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Follower {
    pub fn start(db: Database) -> Follower {
        let ending = Arc::new(AtomicBool::new(false));
        let until = ending.clone();
        let thread = std::thread::Builder::new().name("hooks".to_owned()).spawn(move || follow(&db, &until));
        let thread = thread.map_err(|error| tracing::error!("no webhook will be sent: {error}")).ok();
        Follower { ending, thread }
    }

    /// Ends after the events at hand. Blocks.
    pub fn stop(self) {}
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.ending.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the follower of webhooks had panicked");
        }
    }
}

fn follow(db: &Database, ending: &AtomicBool) {
    let mut place = None;
    let mut told = false;
    while !ending.load(Ordering::Acquire) {
        let stepped = catch_unwind(AssertUnwindSafe(|| -> Outcome<(Place, usize)> {
            let mut at = match place.take() {
                Some(place) => place,
                None => Place::of(db)?,
            };
            let count = step(db, &mut at)?;
            Ok((at, count))
        }));
        match stepped.unwrap_or_else(|_| Err(Failed::Unavailable("a panic while following".to_owned()))) {
            Ok((at, count)) => {
                told = false;
                if count == 0 {
                    // Looks at every tick, whether it was told of events or not: another process tells nobody.
                    db.wait_for_events(at.reached, TICK);
                }
                place = Some(at);
            }
            Err(error) => {
                if !told {
                    tracing::warn!("webhooks wait: {error}");
                }
                told = true;
                let until = Instant::now() + AFTER_A_FAILURE;
                while Instant::now() < until && !ending.load(Ordering::Acquire) {
                    std::thread::sleep(TICK);
                }
            }
        }
    }
}
