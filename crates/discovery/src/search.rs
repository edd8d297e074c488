//! The answer to a search: one pass over what matches, which filters, counts and keeps the best.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use catalogue::{Both, view};
use db::Id;
use serde::{Deserialize, Serialize};
use tantivy::collector::{Collector, SegmentCollector};
use tantivy::columnar::{ColumnValues, StrColumn};
use tantivy::query::{AllQuery, BooleanQuery, BoostQuery, ConstScoreQuery, Occur, Query as Matching, TermQuery};
use tantivy::schema::{Field, IndexRecordOption, Value};
use tantivy::{DocAddress, DocId, Score, Searcher, SegmentOrdinal, SegmentReader, TantivyDocument, Term};

use crate::index::Fields;
use crate::query::{PAGE_SIZE, PAGES_MAX, Query, Sort};
use crate::ranking::WEIGHTS;
use crate::statistics::Statistics;
use crate::{Index, tokens};

/// Shops that are counted by name; the rest is found by narrowing the search.
const SHOPS_MAX: usize = 20;

/// What a page of results shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    pub cards: Vec<Card>,
    /// Goods found, on all pages together.
    pub total: u64,
    /// Nothing has all the words; these have some of them.
    pub loosely: bool,
    /// How many were found in each category, those above included; most first.
    pub categories: Vec<(String, u64)>,
    /// How many were found of each shop; most first, at most 20.
    pub shops: Vec<(Id, Both, u64)>,
    pub page: u32,
    /// At least 1.
    pub pages: u32,
}

/// What a card shows. The index holds it whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    pub id: Id,
    pub shop: Id,
    pub category: String,
    pub title: Both,
    pub shop_name: Both,
    /// The town that the shop sends from.
    pub place: Both,
    /// Content hash of the card-size picture.
    pub picture: Option<String>,
    /// Minor units, at the largest quantity.
    pub price_low: i64,
    /// Minor units, at the minimum order.
    pub price_high: i64,
    /// Minimum order in units, all variants together.
    pub minimum: i64,
    pub unit_one: String,
    pub unit_many: String,
    pub unit_zh: String,
    /// Units sold, all buyers together.
    pub sold: i64,
}

impl Card {
    pub(crate) fn of(card: &view::Card) -> Card {
        Card {
            id: card.id.clone(),
            shop: card.shop.id.clone(),
            category: card.category.clone(),
            title: card.title.clone(),
            shop_name: card.shop.name.clone(),
            place: card.shop.place.clone(),
            picture: card.picture.clone(),
            price_low: card.price_low,
            price_high: card.price_high,
            minimum: card.minimum,
            unit_one: card.unit.one.clone(),
            unit_many: card.unit.many.clone(),
            unit_zh: card.unit.zh.clone(),
            sold: card.sold,
        }
    }
}

impl Index {
    /// Answers a search from what was committed last. It asks no database and knows nobody (2.2.3-b.1).
    pub fn search(&self, query: &Query) -> Found {
        self.found(query).unwrap_or_else(|error| {
            tracing::error!("a search failed: {error}");
            Found { page: 1, pages: 1, ..Found::default() }
        })
    }

    fn found(&self, query: &Query) -> tantivy::Result<Found> {
        let searcher = self.reader.searcher();
        let terms = tokens::of_search(&query.words);
        // Signs alone say nothing that could be looked for; that is not the same as no words.
        if terms.is_empty() && !query.words.trim().is_empty() {
            return Ok(Found { page: 1, pages: 1, ..Found::default() });
        }
        let page = query.page.clamp(1, PAGES_MAX);
        let hits = Hits {
            filter: Filter {
                price_from: query.price_from,
                price_to: query.price_to,
                minimum_up_to: query.minimum_up_to,
            },
            sort: query.sort,
            scored: !terms.is_empty() && query.sort == Sort::General,
            now: self.now(),
            keep: page as usize * PAGE_SIZE,
        };
        let statistics = Statistics::new(&searcher, &self.fields, &self.lengths)?;
        let collect = |each: Occur| {
            let matching = matching(&self.fields, query, &terms, each);
            searcher.search_with_statistics_provider(&*matching, &hits, &statistics)
        };
        let mut loosely = false;
        let mut collected = collect(Occur::Must)?;
        if collected.total == 0 && terms.len() > 1 {
            collected = collect(Occur::Should)?;
            loosely = collected.total > 0;
        }
        let pages = collected.total.div_ceil(PAGE_SIZE as u64).clamp(1, PAGES_MAX.into()) as u32;
        let page = page.min(pages);
        let cards = collected.best.iter().skip((page as usize - 1) * PAGE_SIZE).take(PAGE_SIZE);
        Ok(Found {
            cards: cards.map(|ranked| self.card(&searcher, ranked.place)).collect::<tantivy::Result<_>>()?,
            total: collected.total,
            loosely,
            categories: collected.categories,
            shops: collected
                .shops
                .into_iter()
                .map(|(_, count, place)| {
                    let card = self.card(&searcher, place)?;
                    Ok((card.shop, card.shop_name, count))
                })
                .collect::<tantivy::Result<_>>()?,
            page,
            pages,
        })
    }

    fn card(&self, searcher: &Searcher, place: DocAddress) -> tantivy::Result<Card> {
        let document: TantivyDocument = searcher.doc(place)?;
        let shown = document.get_first(self.fields.card).and_then(|value| value.as_str()).unwrap_or_default();
        serde_json::from_str(shown).map_err(|error| tantivy::TantivyError::SchemaError(format!("a card: {error}")))
    }
}

/// What must match, from terms: nothing that was typed is read as a language.
fn matching(fields: &Fields, query: &Query, terms: &[String], each: Occur) -> Box<dyn Matching> {
    let term = |field: Field, text: &str, record| -> Box<dyn Matching> {
        Box::new(TermQuery::new(Term::from_field_text(field, text), record))
    };
    let weighed = |field: Field, text: &str, weight: f32| -> (Occur, Box<dyn Matching>) {
        (Occur::Should, Box::new(BoostQuery::new(term(field, text, IndexRecordOption::WithFreqs), weight)))
    };
    let words = terms.iter().map(|text| -> (Occur, Box<dyn Matching>) {
        let anywhere = BooleanQuery::new(vec![
            weighed(fields.title, text, WEIGHTS.title),
            weighed(fields.labels, text, WEIGHTS.labels),
            weighed(fields.text, text, WEIGHTS.text),
        ]);
        (each, Box::new(anywhere))
    });
    let mut all: Vec<(Occur, Box<dyn Matching>)> = Vec::new();
    if !terms.is_empty() {
        all.push((Occur::Must, Box::new(BooleanQuery::new(words.collect()))));
    }
    let filters = [
        query.category.as_deref().map(|key| (fields.categories, key)),
        query.shop.as_ref().map(|shop| (fields.shop, shop.as_str())),
    ];
    for (field, text) in filters.into_iter().flatten() {
        let within = ConstScoreQuery::new(term(field, text, IndexRecordOption::Basic), 0.0);
        all.push((Occur::Must, Box::new(within)));
    }
    if all.is_empty() { Box::new(AllQuery) } else { Box::new(BooleanQuery::new(all)) }
}

#[derive(Clone, Copy)]
struct Filter {
    price_from: Option<i64>,
    price_to: Option<i64>,
    minimum_up_to: Option<i64>,
}

struct Hits {
    filter: Filter,
    sort: Sort,
    /// Whether the fit of the words counts.
    scored: bool,
    now: i64,
    keep: usize,
}

/// A hit in its rank: greater comes first. Equals are ordered by what is the same in every process.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Ranked {
    key: i64,
    listed_at: i64,
    tie: u64,
    place: DocAddress,
}

impl Ranked {
    fn first_to_last(&self, other: &Ranked) -> Ordering {
        let rank = |hit: &Ranked| (hit.key, hit.listed_at, hit.tie);
        rank(other).cmp(&rank(self))
    }
}

#[derive(Default)]
struct Collected {
    total: u64,
    best: Vec<Ranked>,
    categories: Vec<(String, u64)>,
    /// With a hit of each, whose card knows the shop's name.
    shops: Vec<(String, u64, DocAddress)>,
}

impl Collector for Hits {
    type Fruit = Collected;
    type Child = SegmentHits;

    fn for_segment(&self, segment: SegmentOrdinal, reader: &SegmentReader) -> tantivy::Result<SegmentHits> {
        let columns = reader.fast_fields();
        let number = |name: &str| Ok::<_, tantivy::TantivyError>(columns.i64(name)?.first_or_default_col(0));
        let categories = columns.str("categories")?;
        let shops = columns.str("shop")?;
        let terms = |column: &Option<StrColumn>| column.as_ref().map_or(0, |column| column.dictionary().num_terms());
        Ok(SegmentHits {
            segment,
            filter: self.filter,
            sort: self.sort,
            scored: self.scored,
            now: self.now,
            keep: self.keep,
            price_low: number("price_low")?,
            price_high: number("price_high")?,
            minimum: number("minimum")?,
            sold: number("sold")?,
            listed_at: number("listed_at")?,
            tie: columns.u64("tie")?.first_or_default_col(0),
            category_counts: vec![0; terms(&categories)],
            shop_counts: vec![(0, 0); terms(&shops)],
            categories,
            shops,
            total: 0,
            best: Vec::new(),
            floor: i64::MIN,
        })
    }

    fn requires_scoring(&self) -> bool {
        self.scored
    }

    fn merge_fruits(&self, segments: Vec<Collected>) -> tantivy::Result<Collected> {
        let mut all = Collected::default();
        let mut categories: HashMap<String, u64> = HashMap::new();
        let mut shops: HashMap<String, (u64, DocAddress)> = HashMap::new();
        for segment in segments {
            all.total += segment.total;
            all.best.extend(segment.best);
            for (key, count) in segment.categories {
                *categories.entry(key).or_default() += count;
            }
            for (shop, count, place) in segment.shops {
                shops.entry(shop).or_insert((0, place)).0 += count;
            }
        }
        all.best.sort_unstable_by(Ranked::first_to_last);
        all.best.truncate(self.keep);
        all.categories = categories.into_iter().collect();
        all.categories.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        all.shops = shops.into_iter().map(|(shop, (count, place))| (shop, count, place)).collect();
        all.shops.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        all.shops.truncate(SHOPS_MAX);
        Ok(all)
    }
}

struct SegmentHits {
    segment: SegmentOrdinal,
    filter: Filter,
    sort: Sort,
    scored: bool,
    now: i64,
    keep: usize,
    price_low: Arc<dyn ColumnValues<i64>>,
    price_high: Arc<dyn ColumnValues<i64>>,
    minimum: Arc<dyn ColumnValues<i64>>,
    sold: Arc<dyn ColumnValues<i64>>,
    listed_at: Arc<dyn ColumnValues<i64>>,
    tie: Arc<dyn ColumnValues<u64>>,
    categories: Option<StrColumn>,
    shops: Option<StrColumn>,
    /// By the segment's ordinals.
    category_counts: Vec<u64>,
    shop_counts: Vec<(u64, DocId)>,
    total: u64,
    /// Up to twice as many as are kept, so that sorting out is rare.
    best: Vec<Ranked>,
    /// What is below it stands on no page that is asked for.
    floor: i64,
}

impl SegmentHits {
    fn fits(&self, doc: DocId) -> bool {
        let Filter { price_from, price_to, minimum_up_to } = self.filter;
        price_to.is_none_or(|most| self.price_low.get_val(doc) <= most)
            && price_from.is_none_or(|least| self.price_high.get_val(doc) >= least)
            && minimum_up_to.is_none_or(|most| self.minimum.get_val(doc) <= most)
    }

    fn count(&mut self, doc: DocId) {
        self.total += 1;
        for ord in self.categories.iter().flat_map(|column| column.term_ords(doc)) {
            self.category_counts[ord as usize] += 1;
        }
        for ord in self.shops.iter().flat_map(|column| column.term_ords(doc)) {
            let (count, hit) = &mut self.shop_counts[ord as usize];
            *count += 1;
            *hit = doc;
        }
    }

    fn sort_out(&mut self) {
        if self.best.len() > self.keep {
            self.best.select_nth_unstable_by(self.keep - 1, Ranked::first_to_last);
            self.best.truncate(self.keep);
            self.floor = self.best[self.keep - 1].key;
        }
    }
}

impl SegmentCollector for SegmentHits {
    type Fruit = Collected;

    fn collect(&mut self, doc: DocId, score: Score) {
        if !self.fits(doc) {
            return;
        }
        self.count(doc);
        let listed_at = self.listed_at.get_val(doc);
        let key = match self.sort {
            Sort::General => {
                let words = if self.scored { f64::from(score) } else { 1.0 };
                // In thousandths: finer differences are those of the order in which floats were added.
                (words * WEIGHTS.of(self.sold.get_val(doc), listed_at, self.now) * 1_000.0).round() as i64
            }
            Sort::Sales => self.sold.get_val(doc),
            Sort::PriceUp => -self.price_low.get_val(doc),
            Sort::PriceDown => self.price_low.get_val(doc),
        };
        if key < self.floor {
            return;
        }
        let place = DocAddress::new(self.segment, doc);
        self.best.push(Ranked { key, listed_at, tie: self.tie.get_val(doc), place });
        if self.best.len() >= 2 * self.keep {
            self.sort_out();
        }
    }

    fn harvest(mut self) -> Collected {
        self.sort_out();
        let name = |column: &Option<StrColumn>, ord: usize| {
            let mut name = String::new();
            let known = column.as_ref().is_some_and(|c| c.ord_to_str(ord as u64, &mut name).unwrap_or(false));
            known.then_some(name)
        };
        let categories = self.category_counts.iter().enumerate().filter(|(_, count)| **count > 0);
        let shops = self.shop_counts.iter().enumerate().filter(|(_, (count, _))| *count > 0);
        Collected {
            total: self.total,
            categories: categories.filter_map(|(ord, count)| Some((name(&self.categories, ord)?, *count))).collect(),
            shops: shops
                .filter_map(|(ord, (count, hit))| {
                    Some((name(&self.shops, ord)?, *count, DocAddress::new(self.segment, *hit)))
                })
                .collect(),
            best: self.best,
        }
    }
}
