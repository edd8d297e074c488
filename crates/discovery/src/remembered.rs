//! What is kept of lists that no words were searched for, until a commit concerns it: their order, how many goods each
//! category would find, by what else they can be narrowed, what was chosen of it; and the cards that stood on them.
//! Words are never among it (2.2.2-c.1), nor who asked.
//!
//! The parts of a list are kept each by itself, under what it depends on and nothing else, and with the goods that it
//! was made of. So a commit drops the parts that its own goods may have changed ([`Concerned`]), and no others.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use catalogue::Both;
use db::Id;
use lru::LruCache;
use tantivy::DocId;
use tantivy::index::SegmentId;

use crate::concerned::{Concerned, Of};
use crate::facets::{Categories, Facets};
use crate::marks::{self, Mark};
use crate::query::{PAGE_SIZE, PAGES_MAX, Query, Rank, Sort, Walk};
use crate::search::{Card, Found, Labels};

/// Lists that are looked at again and again: the categories in each order.
const ORDERS_MAX: NonZeroUsize = NonZeroUsize::new(2_048).unwrap();
/// Goods on all of these together: as many as when five pages of each are asked for. 48 bytes each, 12 MB.
const LISTED_MAX: usize = 2_048 * 120;
/// The same in each order and on each page, and for all categories side by side. At most 20 KB each.
const CATEGORIES_MAX: NonZeroUsize = NonZeroUsize::new(512).unwrap();
/// The same in each order and on each page. Some 5 KB each.
const FACETS_MAX: NonZeroUsize = NonZeroUsize::new(512).unwrap();
/// What the chosen shops, places and attributes are called. Some 500 bytes each.
const CHOSEN_MAX: NonZeroUsize = NonZeroUsize::new(1_024).unwrap();
/// Goods stand on several lists. Some 800 bytes each.
const CARDS_MAX: NonZeroUsize = NonZeroUsize::new(16_384).unwrap();
/// What is asked in more bytes is no page of ours, and is not kept: the sizes above would not hold.
const LENGTH_MAX: usize = 1_024;
/// Some 200 bytes each.
const LABELS_MAX: NonZeroUsize = NonZeroUsize::new(16_384).unwrap();

/// What a mark stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Label {
    Category(String),
    Shop(Id, Both),
    Place(Both),
    Attribute { name: Both, value: Both },
}

/// Where one of the goods lies. A segment's number is another after each commit, its id stays; and what lies there
/// never changes: what is replaced comes to lie elsewhere, as does what a merge moves.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Address {
    pub segment: SegmentId,
    pub doc: DocId,
}

/// One of the goods in a list.
#[derive(Clone, Copy)]
pub(crate) struct Listed {
    pub rank: Rank,
    pub at: Address,
}

/// A list in its order, as far as it was asked for.
pub(crate) struct Ordered {
    /// Goods of the whole list.
    pub total: u64,
    pub best: Vec<Listed>,
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

    /// From where to where what is asked for goes.
    fn asked(&self, query: &Query) -> (usize, usize) {
        match query.walk {
            Some(Walk { after, rows }) => {
                let from = after.map_or(0, |after| self.best.partition_point(|listed| listed.rank >= after));
                (from, from + rows)
            }
            None => {
                let to = self.page(query.page) as usize * PAGE_SIZE;
                (to - PAGE_SIZE, to)
            }
        }
    }

    /// Whether the list was followed as far as what is asked for; for a walk one further, to know whether it ends.
    fn reaches(&self, query: &Query) -> bool {
        let needed = self.asked(query).1 as u64 + u64::from(query.walk.is_some());
        self.best.len() as u64 >= self.total.min(needed)
    }

    /// What is asked for.
    pub fn shown(&self, query: &Query) -> &[Listed] {
        let ((from, to), end) = (self.asked(query), self.best.len());
        &self.best[from.min(end)..to.min(end)]
    }

    /// Where a walk goes on, if something follows.
    fn next(&self, query: &Query) -> Option<Rank> {
        let goes_on = query.walk.is_some() && self.asked(query).1 < self.best.len();
        self.shown(query).last().filter(|_| goes_on).map(|last| last.rank)
    }

    pub fn found(&self, query: &Query, cards: Vec<Arc<Card>>, parts: Parts) -> Found {
        Found {
            cards,
            total: self.total,
            next: self.next(query),
            categories: parts.categories.unwrap_or_default(),
            facets: parts.facets.unwrap_or_default(),
            chosen: parts.chosen.unwrap_or_default(),
            page: self.page(query.page),
            pages: self.pages(),
            ..Found::default()
        }
    }
}

/// The parts of a list. None: not kept, or not asked for.
#[derive(Default)]
pub(crate) struct Parts {
    pub ordered: Option<Arc<Ordered>>,
    pub categories: Option<Arc<Categories>>,
    pub facets: Option<Arc<Facets>>,
    pub chosen: Option<Arc<Labels>>,
}

impl Parts {
    pub fn or(self, others: Parts) -> Parts {
        Parts {
            ordered: self.ordered.or(others.ordered),
            categories: self.categories.or(others.categories),
            facets: self.facets.or(others.facets),
            chosen: self.chosen.or(others.chosen),
        }
    }

    fn has_all_to_narrow(&self) -> bool {
        self.categories.is_some() && self.facets.is_some() && self.chosen.is_some()
    }
}

/// What an order depends on.
fn order_key(query: &Query) -> Query {
    Query { exact: false, within: None, page: 1, walk: None, facets: false, ..query.clone() }
}

fn facets_key(query: &Query) -> Query {
    Query { sort: Sort::General, ..order_key(query) }
}

fn categories_key(query: &Query) -> Query {
    Query { category: None, within: query.around().map(str::to_owned), ..facets_key(query) }
}

fn chosen_key(query: &Query) -> Query {
    let (shops, places) = (query.shops.clone(), query.places.clone());
    Query { shops, places, attributes: query.attributes.clone(), ..Query::default() }
}

/// Bytes of what is looked for beside words.
fn length(query: &Query) -> usize {
    let categories = [&query.category, &query.within].into_iter().flatten();
    let attributes = query.attributes.iter().flat_map(|chosen| [&chosen.name, &chosen.value]);
    let texts = categories.chain(&query.places).chain(attributes).map(String::len);
    texts.chain(query.shops.iter().map(|shop| shop.as_str().len())).sum()
}

fn has_chosen(query: &Query) -> bool {
    !query.shops.is_empty() || !query.places.is_empty() || !query.attributes.is_empty()
}

/// The goods that the names of what was chosen are read from: of the whole index.
fn chosen_of(query: &Query) -> Of {
    let shops = query.shops.iter().map(|shop| marks::shop(shop.as_str()));
    let places = query.places.iter().map(|place| marks::place(place));
    let attributes = query.attributes.iter().map(|chosen| marks::attribute(&chosen.name, &chosen.value));
    Of::Marked(shops.chain(places).chain(attributes).collect())
}

/// Which state of the index is asked, and on which day: the weights of an order count in days.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    /// The searcher's.
    pub generation: u64,
    pub day: i64,
}

pub(crate) struct Remembered(Mutex<State>);

/// A part that is kept, and the goods it was made of.
struct Kept<T> {
    of: Of,
    part: Arc<T>,
}

type Cache<T> = LruCache<Query, Kept<T>>;

fn part<T>(cache: &mut Cache<T>, key: &Query) -> Option<Arc<T>> {
    cache.get(key).map(|kept| kept.part.clone())
}

struct State {
    /// The generation that the parts are true of.
    generation: u64,
    /// The day that the orders are true of.
    day: i64,
    /// What commits concern that this generation may not show yet.
    to_come: Concerned,
    orders: Cache<Ordered>,
    /// Goods on all orders together.
    listed: usize,
    categories: Cache<Categories>,
    facets: Cache<Facets>,
    chosen: Cache<Labels>,
    /// True of every generation, as is the next.
    cards: LruCache<Address, Arc<Card>>,
    labels: LruCache<LabelKey, Label>,
}

/// A mark, and which of the goods was asked what it is called; a category is called the same by all.
pub(crate) type LabelKey = (Mark, Option<Address>);

impl State {
    /// What is kept of a list; its order if it goes as far as is asked.
    fn parts(&mut self, day: i64, query: &Query) -> Parts {
        let mut parts = Parts::default();
        if query.facets {
            parts.chosen =
                if has_chosen(query) { part(&mut self.chosen, &chosen_key(query)) } else { Some(Arc::default()) };
        }
        if !query.words.is_empty() {
            return parts;
        }
        if self.day != day {
            self.orders.clear();
            (self.day, self.listed) = (day, 0);
        }
        parts.ordered = part(&mut self.orders, &order_key(query)).filter(|ordered| ordered.reaches(query));
        if query.facets {
            parts.categories = part(&mut self.categories, &categories_key(query));
            parts.facets = part(&mut self.facets, &facets_key(query));
        }
        parts
    }

    fn keep_order(&mut self, query: &Query, part: Arc<Ordered>) {
        let of = Of::goods(query.category.as_deref(), &query.shops);
        self.listed += part.best.len();
        if let Some((_, gone)) = self.orders.push(order_key(query), Kept { of, part }) {
            self.listed -= gone.part.best.len();
        }
        while self.listed > LISTED_MAX
            && let Some((_, gone)) = self.orders.pop_lru()
        {
            self.listed -= gone.part.best.len();
        }
    }

    fn drop_concerned(&mut self, concerned: &Concerned) {
        self.orders.retain(|_, kept| !concerned.touches(&kept.of));
        self.listed = self.orders.iter().map(|(_, kept)| kept.part.best.len()).sum();
        self.categories.retain(|_, kept| !concerned.touches(&kept.of));
        self.facets.retain(|_, kept| !concerned.touches(&kept.of));
        self.chosen.retain(|_, kept| !concerned.touches(&kept.of));
    }
}

impl Remembered {
    /// Nothing yet, of the searcher's generation.
    pub fn new(generation: u64) -> Remembered {
        Remembered(Mutex::new(State {
            generation,
            day: 0,
            to_come: Concerned::default(),
            orders: LruCache::new(ORDERS_MAX),
            listed: 0,
            categories: LruCache::new(CATEGORIES_MAX),
            facets: LruCache::new(FACETS_MAX),
            chosen: LruCache::new(CHOSEN_MAX),
            cards: LruCache::new(CARDS_MAX),
            labels: LruCache::new(LABELS_MAX),
        }))
    }

    fn kept(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is kept, if it is true of that generation: whoever asks another neither finds nor keeps anything.
    fn of(&self, generation: u64) -> Option<MutexGuard<'_, State>> {
        Some(self.kept()).filter(|kept| kept.generation == generation)
    }

    /// A commit will concern this. Told before it begins: where it fails half way, what it put on disk is shown by the
    /// next.
    pub fn will_change(&self, concerned: Concerned) {
        self.kept().to_come.add(concerned);
    }

    /// The searcher shows all that was committed, in this generation: what that does not concern is kept on.
    pub fn go_on(&self, generation: u64) {
        let mut kept = self.kept();
        let concerned = std::mem::take(&mut kept.to_come);
        kept.drop_concerned(&concerned);
        kept.generation = generation;
    }

    /// The whole answer, where every part of it is kept.
    pub fn page(&self, moment: Moment, query: &Query) -> Option<Found> {
        let mut kept = self.of(moment.generation)?;
        let parts = kept.parts(moment.day, query);
        let ordered = parts.ordered.clone()?;
        if query.facets && !parts.has_all_to_narrow() {
            return None;
        }
        let cards: Option<Vec<Arc<Card>>> =
            ordered.shown(query).iter().map(|listed| kept.cards.get(&listed.at).cloned()).collect();
        drop(kept);
        Some(ordered.found(query, cards?, parts))
    }

    /// What is kept of a list: of one that words were searched for, only what its filters are called.
    pub fn parts(&self, moment: Moment, query: &Query) -> Parts {
        self.of(moment.generation).map(|mut kept| kept.parts(moment.day, query)).unwrap_or_default()
    }

    pub fn keep(&self, moment: Moment, query: &Query, new: &Parts) {
        if length(query) > LENGTH_MAX {
            return;
        }
        let Some(mut kept) = self.of(moment.generation) else { return };
        if let Some(part) = new.chosen.clone()
            && has_chosen(query)
        {
            kept.chosen.put(chosen_key(query), Kept { of: chosen_of(query), part });
        }
        if !query.words.is_empty() {
            return;
        }
        // What comes after some place is not the list.
        let from_its_beginning = query.walk.is_none_or(|walk| walk.after.is_none());
        if let Some(part) = &new.ordered
            && from_its_beginning
            && kept.day == moment.day
        {
            kept.keep_order(query, part.clone());
        }
        if let Some(part) = new.categories.clone() {
            let of = Of::goods(query.around(), &query.shops);
            kept.categories.put(categories_key(query), Kept { of, part });
        }
        if let Some(part) = new.facets.clone() {
            // Other shops are counted beside the chosen ones.
            let of = Of::goods(query.category.as_deref(), &[]);
            kept.facets.put(facets_key(query), Kept { of, part });
        }
    }

    pub fn card(&self, at: Address) -> Option<Arc<Card>> {
        self.kept().cards.get(&at).cloned()
    }

    pub fn keep_card(&self, at: Address, card: &Arc<Card>) {
        self.kept().cards.put(at, card.clone());
    }

    pub fn labels(&self, wanted: &[LabelKey]) -> HashMap<Mark, Label> {
        let mut kept = self.kept();
        wanted.iter().filter_map(|key| kept.labels.get(key).map(|label| (key.0, label.clone()))).collect()
    }

    pub fn keep_labels(&self, labels: impl IntoIterator<Item = (LabelKey, Label)>) {
        let mut kept = self.kept();
        for (key, label) in labels {
            kept.labels.put(key, label);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment { generation: 4, day: 20_000 };

    fn of_category(key: &str) -> Query {
        Query { category: Some(key.to_owned()), ..Query::default() }
    }

    fn empty() -> Parts {
        Parts { ordered: Some(Arc::new(Ordered { total: 0, best: Vec::new() })), ..Parts::default() }
    }

    fn has(remembered: &Remembered, moment: Moment, query: &Query) -> bool {
        remembered.parts(moment, query).ordered.is_some()
    }

    fn concerning(key: &str) -> Concerned {
        let mut concerned = Concerned::default();
        concerned.note([marks::category(key)]);
        concerned
    }

    /// Whoever still asks the generation before finds nothing, keeps nothing, and takes nothing from the others.
    #[test]
    fn a_straggler_does_no_harm() {
        let remembered = Remembered::new(NOW.generation);
        let (cups, caps, later) = (of_category("cups"), of_category("caps"), Moment { generation: 5, ..NOW });
        assert!(!has(&remembered, NOW, &cups));
        remembered.keep(NOW, &cups, &empty());
        remembered.keep(NOW, &caps, &empty());
        // Before it is told of the new generation, that one is a stranger too.
        assert!(!has(&remembered, later, &caps));
        remembered.will_change(concerning("cups"));
        assert!(has(&remembered, NOW, &cups), "not shown yet");
        remembered.go_on(later.generation);
        assert!(!has(&remembered, later, &cups) && has(&remembered, later, &caps));
        remembered.keep(NOW, &cups, &empty());
        assert!(!has(&remembered, NOW, &caps) && !has(&remembered, later, &cups));
        assert!(has(&remembered, later, &caps));
        remembered.keep(later, &cups, &empty());
        assert!(has(&remembered, later, &cups));
    }

    /// A commit that failed half way may be shown by the next one.
    #[test]
    fn what_was_not_shown_is_concerned_by_the_next() {
        let remembered = Remembered::new(NOW.generation);
        let (cups, caps) = (of_category("cups"), of_category("caps"));
        assert!(!has(&remembered, NOW, &cups));
        remembered.will_change(concerning("cups"));
        remembered.keep(NOW, &cups, &empty());
        remembered.keep(NOW, &caps, &empty());
        remembered.will_change(concerning("caps"));
        remembered.go_on(7);
        let later = Moment { generation: 7, ..NOW };
        assert!(!has(&remembered, later, &cups) && !has(&remembered, later, &caps));
    }

    #[test]
    fn orders_are_of_a_day() {
        let remembered = Remembered::new(NOW.generation);
        let (cups, tomorrow) = (of_category("cups"), Moment { day: NOW.day + 1, ..NOW });
        assert!(!has(&remembered, NOW, &cups));
        remembered.keep(NOW, &cups, &empty());
        assert!(has(&remembered, NOW, &cups) && !has(&remembered, tomorrow, &cups));
        remembered.keep(NOW, &cups, &empty());
        assert!(!has(&remembered, tomorrow, &cups), "it was put in order yesterday");
        remembered.keep(tomorrow, &cups, &empty());
        assert!(has(&remembered, tomorrow, &cups));
    }

    /// What the filters are called is the same whatever words are looked for; nothing else is kept of those.
    #[test]
    fn of_a_search_for_words_the_names_of_its_filters_are_kept() {
        let remembered = Remembered::new(NOW.generation);
        let filtered = Query { places: vec!["Yiwu".to_owned()], facets: true, ..Query::default() };
        let (canary, other) =
            (Query { words: "canary".to_owned(), ..filtered.clone() }, Query { words: "cup".to_owned(), ..filtered });
        remembered.keep(NOW, &canary, &Parts { chosen: Some(Arc::default()), ..empty() });
        let parts = remembered.parts(NOW, &other);
        assert!(parts.chosen.is_some() && parts.ordered.is_none() && !has(&remembered, NOW, &canary));
        let mut town = Concerned::default();
        town.note([marks::place("Yiwu")]);
        remembered.will_change(town);
        remembered.go_on(5);
        assert!(remembered.parts(Moment { generation: 5, ..NOW }, &other).chosen.is_none());
    }

    /// Neither many lists nor long ones take more room than is said above.
    #[test]
    fn lists_have_a_bound() {
        let remembered = Remembered::new(NOW.generation);
        assert!(!has(&remembered, NOW, &Query::default()));
        let segment = SegmentId::from_uuid_string("a5c4dfcbdfe645089129e308e26d5523").expect("an id");
        let listed = |tie| Listed { rank: Rank { key: 0, listed_at: 0, tie }, at: Address { segment, doc: 0 } };
        let long: Vec<Listed> = (0..1_200).rev().map(listed).collect();
        let parts = Parts { ordered: Some(Arc::new(Ordered { total: 1_200, best: long })), ..Parts::default() };
        for n in 0..300 {
            remembered.keep(NOW, &of_category(&n.to_string()), &parts);
            // Again, which takes no more.
            remembered.keep(NOW, &of_category(&n.to_string()), &parts);
        }
        let kept = remembered.kept();
        let sum: usize = kept.orders.iter().map(|(_, kept)| kept.part.best.len()).sum();
        assert_eq!((sum, kept.orders.len()), (kept.listed, LISTED_MAX / 1_200));
        drop(kept);
        for n in 0..3_000 {
            remembered.keep(NOW, &of_category(&n.to_string()), &empty());
        }
        let kept = remembered.kept();
        assert_eq!((kept.listed, kept.orders.len()), (0, ORDERS_MAX.get()));
        assert!(size_of::<Listed>() <= 48);
        drop(kept);
        for n in 0..30 {
            remembered.keep(NOW, &of_category(&format!("{n}{}", "x".repeat(LENGTH_MAX))), &parts);
        }
        assert_eq!(remembered.kept().listed, 0, "what is asked in more bytes than a page would is not kept");
    }
}
