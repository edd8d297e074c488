//! What is kept between two changes of the index: lists that no words were searched for, and the labels of facets.
//! Words are never among it (2.2.2-c.1), nor who asked.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use catalogue::Both;
use db::Id;
use lru::LruCache;

use crate::marks::Mark;
use crate::query::Query;
use crate::search::Found;

/// Lists that are looked at again and again: the first pages of the categories. Some 20 KB each.
const LISTS_MAX: NonZeroUsize = NonZeroUsize::new(512).unwrap();
const LABELS_MAX: NonZeroUsize = NonZeroUsize::new(8_192).unwrap();

/// What a mark stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Label {
    Category(String),
    Shop(Id, Both),
    Place(Both),
    Attribute { name: Both, value: Both },
}

/// Of one state of the index, on one day: the weights count in days.
#[derive(Default)]
pub(crate) struct Remembered(Mutex<State>);

struct State {
    of: (u64, i64),
    lists: LruCache<Query, Arc<Found>>,
    labels: LruCache<Mark, Label>,
}

impl Default for State {
    fn default() -> State {
        State { of: (0, 0), lists: LruCache::new(LISTS_MAX), labels: LruCache::new(LABELS_MAX) }
    }
}

impl Remembered {
    fn of(&self, state: (u64, i64)) -> MutexGuard<'_, State> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.of != state {
            kept.lists.clear();
            kept.labels.clear();
            kept.of = state;
        }
        kept
    }

    /// A list that no words were searched for.
    pub fn list(&self, state: (u64, i64), query: &Query) -> Option<Arc<Found>> {
        if !query.words.is_empty() {
            return None;
        }
        self.of(state).lists.get(query).cloned()
    }

    pub fn keep_list(&self, state: (u64, i64), query: &Query, found: &Arc<Found>) {
        if query.words.is_empty() {
            self.of(state).lists.put(query.clone(), found.clone());
        }
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
