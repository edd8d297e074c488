//! What is kept between two changes of the index: the order of lists that no words were searched for, by what they can be
//! narrowed, the cards that stood on them, and the labels of facets. Words are never among it (2.2.2-c.1), nor who asked.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use catalogue::Both;
use db::Id;
use lru::LruCache;
use tantivy::DocAddress;

use crate::facets::Facets;
use crate::marks::Mark;
use crate::query::{PAGE_SIZE, PAGES_MAX, Query, Sort};
use crate::search::{Card, Found, Labels};

/// Lists that are looked at again and again: the categories in each order. At least 1 KB each.
const ORDERS_MAX: NonZeroUsize = NonZeroUsize::new(2_048).unwrap();
/// By what they can be narrowed, which is the same in each order and on each page. Some 5 KB each.
const NARROWINGS_MAX: NonZeroUsize = NonZeroUsize::new(512).unwrap();
/// Goods stand on several lists. Some 800 bytes each.
const CARDS_MAX: NonZeroUsize = NonZeroUsize::new(16_384).unwrap();
const LABELS_MAX: NonZeroUsize = NonZeroUsize::new(8_192).unwrap();

/// What a mark stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Label {
    Category(String),
    Shop(Id, Both),
    Place(Both),
    Attribute { name: Both, value: Both },
}

/// A list in its order, as far as it was asked for.
pub(crate) struct Ordered {
    /// Goods on all pages together.
    pub total: u64,
    pub best: Vec<DocAddress>,
}

impl Ordered {
    /// At least 1.
    pub fn pages(&self) -> u32 {
        self.total.div_ceil(PAGE_SIZE as u64).clamp(1, PAGES_MAX.into()) as u32
    }

    /// The page that is shown where this one is asked for.
    pub fn page(&self, asked: u32) -> u32 {
        asked.clamp(1, self.pages())
    }

    /// Whether the list was followed as far as that page.
    fn reaches(&self, asked: u32) -> bool {
        let to = u64::from(self.page(asked)) * PAGE_SIZE as u64;
        self.best.len() as u64 >= self.total.min(to)
    }

    /// What stands on that page.
    pub fn shown(&self, asked: u32) -> &[DocAddress] {
        let (to, end) = (self.page(asked) as usize * PAGE_SIZE, self.best.len());
        &self.best[(to - PAGE_SIZE).min(end)..to.min(end)]
    }

    pub fn found(&self, query: &Query, cards: Vec<Arc<Card>>, narrowing: Narrowing) -> Found {
        let Narrowing { facets, chosen } = narrowing;
        let (page, pages) = (self.page(query.page), self.pages());
        Found { cards, total: self.total, facets, chosen, page, pages, ..Found::default() }
    }
}

/// By what a list can be narrowed and what was chosen of it.
#[derive(Clone, Default)]
pub(crate) struct Narrowing {
    pub facets: Arc<Facets>,
    pub chosen: Arc<Labels>,
}

/// Of one state of the index, on one day: the weights count in days.
#[derive(Default)]
pub(crate) struct Remembered(Mutex<State>);

struct State {
    of: (u64, i64),
    orders: LruCache<Query, Arc<Ordered>>,
    narrowings: LruCache<Query, Narrowing>,
    cards: LruCache<DocAddress, Arc<Card>>,
    labels: LruCache<Mark, Label>,
}

impl Default for State {
    fn default() -> State {
        State {
            of: (0, 0),
            orders: LruCache::new(ORDERS_MAX),
            narrowings: LruCache::new(NARROWINGS_MAX),
            cards: LruCache::new(CARDS_MAX),
            labels: LruCache::new(LABELS_MAX),
        }
    }
}

impl State {
    /// A list's order and narrowing, if both are kept and the order as far as the page.
    fn list(&mut self, query: &Query) -> Option<(Arc<Ordered>, Narrowing)> {
        if !query.words.is_empty() {
            return None;
        }
        let mut key = Query { page: 1, ..query.clone() };
        let ordered = self.orders.get(&key).filter(|ordered| ordered.reaches(query.page))?.clone();
        if !query.facets {
            return Some((ordered, Narrowing::default()));
        }
        key.sort = Sort::General;
        Some((ordered, self.narrowings.get(&key)?.clone()))
    }
}

impl Remembered {
    fn of(&self, state: (u64, i64)) -> MutexGuard<'_, State> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.of != state {
            kept.orders.clear();
            kept.narrowings.clear();
            kept.cards.clear();
            kept.labels.clear();
            kept.of = state;
        }
        kept
    }

    /// The whole page of a list, where every part of it is kept.
    pub fn page(&self, state: (u64, i64), query: &Query) -> Option<Found> {
        let mut kept = self.of(state);
        let (ordered, narrowing) = kept.list(query)?;
        let cards: Option<Vec<Arc<Card>>> =
            ordered.shown(query.page).iter().map(|place| kept.cards.get(place).cloned()).collect();
        drop(kept);
        Some(ordered.found(query, cards?, narrowing))
    }

    /// A list that no words were searched for.
    pub fn list(&self, state: (u64, i64), query: &Query) -> Option<(Arc<Ordered>, Narrowing)> {
        self.of(state).list(query)
    }

    pub fn keep_list(&self, state: (u64, i64), query: &Query, ordered: &Arc<Ordered>, narrowing: &Narrowing) {
        if !query.words.is_empty() {
            return;
        }
        let mut kept = self.of(state);
        let mut key = Query { page: 1, ..query.clone() };
        kept.orders.put(key.clone(), ordered.clone());
        if query.facets {
            key.sort = Sort::General;
            kept.narrowings.put(key, narrowing.clone());
        }
    }

    pub fn card(&self, state: (u64, i64), place: DocAddress) -> Option<Arc<Card>> {
        self.of(state).cards.get(&place).cloned()
    }

    pub fn keep_card(&self, state: (u64, i64), place: DocAddress, card: &Arc<Card>) {
        self.of(state).cards.put(place, card.clone());
    }

    pub fn labels(&self, state: (u64, i64), marks: &[Mark]) -> HashMap<Mark, Label> {
        let mut kept = self.of(state);
        marks.iter().filter_map(|mark| kept.labels.get(mark).map(|label| (*mark, label.clone()))).collect()
    }

    pub fn keep_labels(&self, state: (u64, i64), labels: &HashMap<Mark, Label>) {
        let mut kept = self.of(state);
        for (mark, label) in labels {
            kept.labels.put(*mark, label.clone());
        }
    }
}
