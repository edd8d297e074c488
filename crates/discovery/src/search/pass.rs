//! The pass over what matches: what must match, from terms and filters, and the collector, which looks at the filters
//! that facets leave out of their counts, counts by what the goods could be narrowed and keeps the best.

use std::cmp::Ordering;
use std::sync::Arc;

use tantivy::collector::{Collector, SegmentCollector};
use tantivy::columnar::{Column, ColumnValues};
use tantivy::query::{AllQuery, BooleanQuery, BoostQuery, ConstScoreQuery, Occur, Query as Matching, TermQuery};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{DocAddress, DocId, Score, SegmentOrdinal, SegmentReader, Term};

use crate::facets::Tally;
use crate::index::Fields;
use crate::marks::{self, Mark};
use crate::query::{Query, Rank, Sort};
use crate::ranking::WEIGHTS;

/// What of an answer has to be collected, where the rest is kept.
#[derive(Clone, Copy)]
pub(super) struct Wanted {
    pub(super) order: bool,
    /// How many goods each category would find.
    pub(super) categories: bool,
    /// The other facets.
    pub(super) facets: bool,
}

impl Wanted {
    pub(super) fn all_of(query: &Query) -> Wanted {
        Wanted { order: true, categories: query.facets, facets: query.facets }
    }

    pub(super) fn any(self) -> bool {
        self.order || self.categories || self.facets
    }
}

pub(super) fn plain_term(field: Field, text: &str, record: IndexRecordOption) -> Box<dyn Matching> {
    Box::new(TermQuery::new(Term::from_field_text(field, text), record))
}

/// A term in the title, in a label or in the text, with the weight of each.
pub(super) fn anywhere(fields: &Fields, text: &str) -> Box<dyn Matching> {
    let weighed = [(fields.title, WEIGHTS.title), (fields.labels, WEIGHTS.labels), (fields.text, WEIGHTS.text)];
    let each = weighed.map(|(field, weight)| -> (Occur, Box<dyn Matching>) {
        let term = plain_term(field, text, IndexRecordOption::WithFreqs);
        (Occur::Should, Box::new(BoostQuery::new(term, weight)))
    });
    Box::new(BooleanQuery::new(each.into()))
}

/// What must match, from terms: nothing that was typed is read as a language.
pub(super) fn matching(
    fields: &Fields,
    query: &Query,
    terms: &[String],
    least: usize,
    wanted: Wanted,
) -> Box<dyn Matching> {
    let all_of_them = least >= terms.len();
    let each = if all_of_them { Occur::Must } else { Occur::Should };
    let words: Vec<_> = terms.iter().map(|text| (each, anywhere(fields, text))).collect();
    let mut all: Vec<(Occur, Box<dyn Matching>)> = Vec::new();
    if !words.is_empty() {
        let words = if all_of_them {
            BooleanQuery::new(words)
        } else {
            BooleanQuery::with_minimum_required_clauses(words, least)
        };
        all.push((Occur::Must, Box::new(words)));
    }
    // What facets leave out of their counts is sorted out by the collector; all else by the terms.
    let category = if wanted.categories { query.around() } else { query.category.as_deref() };
    let shop = if wanted.facets || query.shops.len() != 1 { None } else { query.shops.first() };
    let filters = [category.map(|key| (fields.categories, key)), shop.map(|shop| (fields.shop, shop.as_str()))];
    for (field, text) in filters.into_iter().flatten() {
        let within = ConstScoreQuery::new(plain_term(field, text, IndexRecordOption::Basic), 0.0);
        all.push((Occur::Must, Box::new(within)));
    }
    if all.is_empty() { Box::new(AllQuery) } else { Box::new(BooleanQuery::new(all)) }
}

/// The filters that the collector looks at, each with a bit of its own.
#[derive(Clone, Default)]
pub(super) struct Filters {
    pub(super) category: Option<Mark>,
    price_from: Option<i64>,
    price_to: Option<i64>,
    minimum_up_to: Option<i64>,
    in_stock: bool,
    shops: Vec<Mark>,
    places: Vec<Mark>,
    /// By the attribute's name.
    attributes: Vec<(u32, Vec<Mark>)>,
}

const CATEGORY: u32 = 1;
const PRICE: u32 = 1 << 1;
const MINIMUM: u32 = 1 << 2;
const STOCK: u32 = 1 << 3;
const SHOP: u32 = 1 << 4;
const PLACE: u32 = 1 << 5;
/// And of the attributes that follow the first.
const ATTRIBUTE: u32 = 1 << 6;

impl Filters {
    pub(super) fn of(query: &Query) -> Filters {
        let mut attributes: Vec<(u32, Vec<Mark>)> = Vec::new();
        for chosen in query.attributes.iter().take(crate::query::CHOSEN_MAX) {
            let mark = marks::attribute(&chosen.name, &chosen.value);
            let name = marks::name_of(mark);
            match attributes.iter_mut().find(|(of, _)| *of == name) {
                Some((_, values)) => values.push(mark),
                None => attributes.push((name, vec![mark])),
            }
        }
        Filters {
            category: query.category.as_deref().map(marks::category),
            price_from: query.price_from,
            price_to: query.price_to,
            minimum_up_to: query.minimum_up_to,
            in_stock: query.in_stock,
            shops: query.shops.iter().map(|shop| marks::shop(shop.as_str())).collect(),
            places: query.places.iter().map(|place| marks::place(place)).collect(),
            attributes,
        }
    }
}

pub(super) struct Hits {
    pub(super) filters: Filters,
    pub(super) sort: Sort,
    /// Whether the fit of the words counts.
    pub(super) scored: bool,
    pub(super) now: i64,
    /// How many of the best; none where no order is wanted.
    pub(super) keep: usize,
    /// What is not below it was in the parts before.
    pub(super) after: Option<Rank>,
    pub(super) wanted: Wanted,
}

/// A hit and its rank.
#[derive(Clone, Copy)]
pub(super) struct Ranked {
    pub(super) rank: Rank,
    pub(super) place: DocAddress,
}

impl Ranked {
    fn first_to_last(&self, other: &Ranked) -> Ordering {
        other.rank.cmp(&self.rank)
    }
}

#[derive(Default)]
pub(super) struct Collected {
    pub(super) total: u64,
    pub(super) best: Vec<Ranked>,
    pub(super) tally: Option<Box<Tally>>,
}

impl Hits {
    fn tally(&self) -> Option<Box<Tally>> {
        (self.wanted.categories || self.wanted.facets).then(Box::default)
    }
}

impl Collector for Hits {
    type Fruit = Collected;
    type Child = SegmentHits;

    fn for_segment(&self, segment: SegmentOrdinal, reader: &SegmentReader) -> tantivy::Result<SegmentHits> {
        let columns = reader.fast_fields();
        let number = |name: &str| Ok::<_, tantivy::TantivyError>(columns.i64(name)?.first_or_default_col(0));
        Ok(SegmentHits {
            segment,
            filters: self.filters.clone(),
            sort: self.sort,
            scored: self.scored,
            now: self.now,
            keep: self.keep,
            after: self.after,
            wanted: self.wanted,
            category_marks: columns.u64("category_marks")?,
            attribute_marks: columns.u64("attribute_marks")?,
            shop_mark: columns.u64("shop_mark")?.first_or_default_col(0),
            place_mark: columns.u64("place_mark")?.first_or_default_col(0),
            in_stock: columns.u64("in_stock")?.first_or_default_col(0),
            price_low: number("price_low")?,
            price_high: number("price_high")?,
            minimum: number("minimum")?,
            sold: number("sold")?,
            listed_at: number("listed_at")?,
            tie: columns.u64("tie")?.first_or_default_col(0),
            tally: self.tally(),
            total: 0,
            best: Vec::new(),
            floor: i64::MIN,
        })
    }

    fn requires_scoring(&self) -> bool {
        self.scored
    }

    fn merge_fruits(&self, segments: Vec<Collected>) -> tantivy::Result<Collected> {
        let mut all = Collected { tally: self.tally(), ..Collected::default() };
        for segment in segments {
            all.total += segment.total;
            all.best.extend(segment.best);
            if let (Some(tally), Some(more)) = (&mut all.tally, segment.tally) {
                tally.merge(*more);
            }
        }
        all.best.sort_unstable_by(Ranked::first_to_last);
        all.best.truncate(self.keep);
        Ok(all)
    }
}

pub(super) struct SegmentHits {
    segment: SegmentOrdinal,
    filters: Filters,
    sort: Sort,
    scored: bool,
    now: i64,
    keep: usize,
    after: Option<Rank>,
    wanted: Wanted,
    category_marks: Column<u64>,
    attribute_marks: Column<u64>,
    shop_mark: Arc<dyn ColumnValues<u64>>,
    place_mark: Arc<dyn ColumnValues<u64>>,
    in_stock: Arc<dyn ColumnValues<u64>>,
    price_low: Arc<dyn ColumnValues<i64>>,
    price_high: Arc<dyn ColumnValues<i64>>,
    minimum: Arc<dyn ColumnValues<i64>>,
    sold: Arc<dyn ColumnValues<i64>>,
    listed_at: Arc<dyn ColumnValues<i64>>,
    tie: Arc<dyn ColumnValues<u64>>,
    tally: Option<Box<Tally>>,
    total: u64,
    /// Up to twice as many as are kept, so that sorting out is rare.
    best: Vec<Ranked>,
    /// What is below it stands on no page that is asked for.
    floor: i64,
}

impl SegmentHits {
    /// The bits of the filters that it does not pass.
    fn missed(&self, doc: DocId) -> u32 {
        let filters = &self.filters;
        let mut missed = 0;
        if filters.price_to.is_some_and(|most| self.price_low.get_val(doc) > most)
            || filters.price_from.is_some_and(|least| self.price_high.get_val(doc) < least)
        {
            missed |= PRICE;
        }
        if filters.minimum_up_to.is_some_and(|most| self.minimum.get_val(doc) > most) {
            missed |= MINIMUM;
        }
        if filters.in_stock && self.in_stock.get_val(doc) == 0 {
            missed |= STOCK;
        }
        if filters.category.is_some_and(|category| !self.category_marks.values_for_doc(doc).any(|of| of == category)) {
            missed |= CATEGORY;
        }
        if !filters.shops.is_empty() && !filters.shops.contains(&self.shop_mark.get_val(doc)) {
            missed |= SHOP;
        }
        if !filters.places.is_empty() && !filters.places.contains(&self.place_mark.get_val(doc)) {
            missed |= PLACE;
        }
        for (n, (_, values)) in filters.attributes.iter().enumerate() {
            if !self.attribute_marks.values_for_doc(doc).any(|of| values.contains(&of)) {
                missed |= ATTRIBUTE << n;
            }
        }
        missed
    }

    fn count(&mut self, doc: DocId, missed: u32) {
        let Some(tally) = &mut self.tally else { return };
        let (tie, at) = (self.tie.get_val(doc), DocAddress::new(self.segment, doc));
        // All else holds.
        let counts = |facet: u32| missed & !facet == 0;
        if self.wanted.categories && counts(CATEGORY) {
            self.category_marks.values_for_doc(doc).for_each(|mark| tally.categories.add(mark, tie, at));
        }
        if !self.wanted.facets {
            return;
        }
        if counts(PRICE) {
            tally.price(self.price_low.get_val(doc), self.price_high.get_val(doc));
        }
        if counts(MINIMUM) {
            tally.minimum(self.minimum.get_val(doc));
        }
        if counts(STOCK) {
            tally.in_stock += self.in_stock.get_val(doc);
        }
        if counts(SHOP) {
            tally.shops.add(self.shop_mark.get_val(doc), tie, at);
        }
        if counts(PLACE) {
            tally.places.add(self.place_mark.get_val(doc), tie, at);
        }
        for mark in self.attribute_marks.values_for_doc(doc) {
            let name = marks::name_of(mark);
            let chosen = self.filters.attributes.iter().position(|(of, _)| *of == name);
            if counts(chosen.map_or(0, |n| ATTRIBUTE << n)) {
                tally.attributes.add(mark, tie, at);
            }
        }
    }

    fn sort_out(&mut self) {
        if self.best.len() > self.keep {
            self.best.select_nth_unstable_by(self.keep - 1, Ranked::first_to_last);
            self.best.truncate(self.keep);
            self.floor = self.best[self.keep - 1].rank.key;
        }
    }
}

impl SegmentCollector for SegmentHits {
    type Fruit = Collected;

    fn collect(&mut self, doc: DocId, score: Score) {
        let missed = self.missed(doc);
        if missed.count_ones() > 1 {
            return;
        }
        self.count(doc, missed);
        if missed != 0 {
            return;
        }
        self.total += 1;
        if !self.wanted.order {
            return;
        }
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
        let rank = Rank { key, listed_at, tie: self.tie.get_val(doc) };
        if self.after.is_some_and(|after| rank >= after) {
            return;
        }
        self.best.push(Ranked { rank, place: DocAddress::new(self.segment, doc) });
        if self.best.len() >= 2 * self.keep {
            self.sort_out();
        }
    }

    fn harvest(mut self) -> Collected {
        self.sort_out();
        Collected { total: self.total, best: self.best, tally: self.tally }
    }
}
