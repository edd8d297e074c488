//! The answer to a search: one pass over what matches, which filters, counts and keeps the best; and where that finds
//! nothing, what else was probably meant.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use catalogue::Both;
use catalogue::view::Entry;
use db::Id;
use serde::{Deserialize, Serialize};
use tantivy::collector::{Collector, SegmentCollector};
use tantivy::columnar::{Column, ColumnValues};
use tantivy::query::{AllQuery, BooleanQuery, BoostQuery, ConstScoreQuery, Occur, Query as Matching, TermQuery};
use tantivy::schema::{Field, IndexRecordOption, Value};
use tantivy::{
    DocAddress, DocId, DocSet, Score, Searcher, SegmentOrdinal, SegmentReader, TERMINATED, TantivyDocument, Term,
};

use crate::Index;
use crate::facets::{Categories, Counted, Facets, Kind, Tally};
use crate::index::{Fields, Live, SEPARATOR};
use crate::marks::{self, Mark};
use crate::query::{Chosen, PAGE_SIZE, PAGES_MAX, Query, Rank, Sort};
use crate::ranking::{DAY, WEIGHTS};
use crate::remembered::{Address, Label, LabelKey, Listed, Moment, Ordered, Parts};
use crate::spelling;
use crate::statistics::Statistics;
use crate::tokens::Typed;

/// Where more terms than these were typed and no goods have all, some have most of them.
const MOST_FROM: usize = 3;
/// Pages of a list that are put in order for the first of them.
const PAGES_KEPT: u32 = 5;

/// What a page of results shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    pub cards: Vec<Arc<Card>>,
    /// Goods found, on all pages together.
    pub total: u64,
    /// Of a walk: what it goes on after; none at the end of the list.
    pub next: Option<Rank>,
    /// Nothing has all the words; these have some of them.
    pub loosely: bool,
    /// Nothing has the words as typed; these are the words that were looked for in their place.
    pub read_as: Option<String>,
    /// Words that were not looked for, because an exact search was asked for, and that find something.
    pub meant: Option<String>,
    pub categories: Arc<Categories>,
    pub facets: Arc<Facets>,
    pub chosen: Arc<Labels>,
    pub page: u32,
    /// At least 1.
    pub pages: u32,
}

/// What the chosen filters are called; none where no goods have it any more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels {
    pub shops: Vec<(Id, Option<Both>)>,
    pub places: Vec<(String, Option<Both>)>,
    /// With the attribute's name and its value.
    pub attributes: Vec<(Chosen, Option<(Both, Both)>)>,
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
    /// Some variant can be had.
    pub in_stock: bool,
}

impl Card {
    pub(crate) fn of(entry: &Entry) -> Card {
        let card = &entry.card;
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
            in_stock: entry.in_stock > 0,
        }
    }
}

impl Index {
    /// What [`Index::search`] would answer, where all of it is kept: no words were searched for, and no change has
    /// concerned it since.
    pub fn remembered(&self, query: &Query) -> Option<Found> {
        let live = self.live();
        live.remembered.page(moment(&live.reader.searcher(), self.now()), query)
    }

    /// Answers a search from what was committed last. It asks no database and knows nobody (2.2.3-b.1).
    pub fn search(&self, query: &Query) -> Found {
        let (live, now) = (self.live(), self.now());
        Asked::new(&live, live.reader.searcher(), now, query).and_then(|asked| asked.found()).unwrap_or_else(|error| {
            tracing::error!("a search failed: {error}");
            nothing()
        })
    }
}

/// How the words were read, where nothing has all of them as typed.
#[derive(Default)]
struct Reading {
    loosely: bool,
    read_as: Option<String>,
    meant: Option<String>,
}

pub(crate) fn moment(searcher: &Searcher, now: i64) -> Moment {
    Moment { generation: searcher.generation().generation_id(), day: now.div_euclid(DAY) }
}

fn nothing() -> Found {
    Found { page: 1, pages: 1, ..Found::default() }
}

/// One search of one state of the index.
pub(crate) struct Asked<'a> {
    live: &'a Live,
    pub searcher: Searcher,
    pub statistics: Statistics,
    query: &'a Query,
    now: i64,
    moment: Moment,
}

/// What of an answer has to be collected, where the rest is kept.
#[derive(Clone, Copy)]
struct Wanted {
    order: bool,
    /// How many goods each category would find.
    categories: bool,
    /// The other facets.
    facets: bool,
}

impl Wanted {
    fn all_of(query: &Query) -> Wanted {
        Wanted { order: true, categories: query.facets, facets: query.facets }
    }

    fn any(self) -> bool {
        self.order || self.categories || self.facets
    }
}

impl<'a> Asked<'a> {
    pub fn new(live: &'a Live, searcher: Searcher, now: i64, query: &'a Query) -> tantivy::Result<Asked<'a>> {
        let statistics = Statistics::new(&searcher, &live.fields, &live.lengths)?;
        let moment = moment(&searcher, now);
        Ok(Asked { live, searcher, statistics, query, now, moment })
    }

    pub fn fields(&self) -> &Fields {
        &self.live.fields
    }

    fn found(&self) -> tantivy::Result<Found> {
        let (query, remembered) = (self.query, &self.live.remembered);
        let typed = Typed::read(&query.words);
        let terms = typed.terms();
        // Signs alone say nothing that could be looked for; that is not the same as no words.
        if terms.is_empty() && !query.words.trim().is_empty() {
            return Ok(nothing());
        }
        let mut kept = remembered.parts(self.moment, query);
        let mut listed = None;
        if let Some(ordered) = kept.ordered.take() {
            listed = self.cards(ordered.shown(query))?.map(|cards| (ordered, cards));
        }
        let wanted = Wanted {
            order: listed.is_none(),
            categories: query.facets && kept.categories.is_none(),
            facets: query.facets && kept.facets.is_none(),
        };
        let mut reading = Reading::default();
        let mut collected = Collected::default();
        if wanted.any() {
            collected = self.collect(&terms, terms.len(), wanted)?;
            if collected.total == 0 && !terms.is_empty() {
                collected = self.otherwise(&typed, terms, &mut reading)?;
            }
        }
        let mut new = Parts::default();
        if let Some(tally) = &collected.tally {
            if wanted.categories {
                new.categories = Some(Arc::new(tally.categories(|marks, kind| self.labels(marks, kind))?));
            }
            if wanted.facets {
                new.facets = Some(Arc::new(tally.facets(query, |marks, kind| self.labels(marks, kind))?));
            }
        }
        if query.facets && kept.chosen.is_none() {
            new.chosen = Some(Arc::new(self.chosen()?));
        }
        let (ordered, cards) = match listed {
            Some(listed) => listed,
            None => {
                let best = collected.best.iter();
                let best = best.map(|ranked| Listed { rank: ranked.rank, at: self.address(ranked.place) }).collect();
                let ordered = Arc::new(Ordered { total: collected.total, best });
                new.ordered = Some(ordered.clone());
                // None of them is gone: they lie in this very searcher's segments.
                let cards = self.cards(ordered.shown(query))?.unwrap_or_default();
                (ordered, cards)
            }
        };
        remembered.keep(self.moment, query, &new);
        let found = ordered.found(query, cards, kept.or(new));
        let Reading { loosely, read_as, meant } = reading;
        Ok(Found { loosely, read_as, meant, ..found })
    }

    /// Nothing has all the terms as typed.
    fn otherwise(&self, typed: &Typed, terms: Vec<String>, found: &mut Reading) -> tantivy::Result<Collected> {
        let all = Wanted::all_of(self.query);
        // Two Chinese words that stand together make a pair that no goods have: their characters do.
        let parted = spelling::parted(self, typed)?;
        if let Some(parted) = parted {
            let collected = self.collect(&parted, parted.len(), all)?;
            if collected.total > 0 {
                return Ok(collected);
            }
        }
        // By pairs: a single character is in goods of every kind.
        let mut loose = terms;
        for reading in spelling::readings(self, typed)? {
            let other = Typed::read(&reading);
            let terms = spelling::parted(self, &other)?.unwrap_or_else(|| other.terms());
            let collected = self.collect(&terms, terms.len(), all)?;
            if collected.total == 0 && found.read_as.is_none() {
                // The likeliest, if in the end only some of the words are found.
                loose = other.terms();
                found.read_as = Some(reading);
                continue;
            }
            if collected.total > 0 {
                if !self.query.exact {
                    found.read_as = Some(reading);
                    return Ok(collected);
                }
                found.meant = Some(reading);
                break;
            }
        }
        if self.query.exact && found.read_as.take().is_some() {
            loose = typed.terms();
        }
        let mut least = vec![1];
        if loose.len() > MOST_FROM {
            least.insert(0, loose.len() - loose.len() / 4);
        }
        let mut collected = Collected::default();
        for least in least.into_iter().filter(|least| *least < loose.len()) {
            collected = self.collect(&loose, least, all)?;
            if collected.total > 0 {
                found.loosely = true;
                return Ok(collected);
            }
        }
        found.read_as = None;
        if collected.tally.is_none() {
            collected = self.collect(&loose, loose.len(), all)?;
        }
        Ok(collected)
    }

    /// What has at least so many of the terms, and passes the filters.
    fn collect(&self, terms: &[String], least: usize, wanted: Wanted) -> tantivy::Result<Collected> {
        let query = self.query;
        let (mut keep, mut after) = (0, None);
        if wanted.order {
            keep = query.page.clamp(1, PAGES_MAX) as usize * PAGE_SIZE;
            if let Some(walk) = query.walk {
                // One more says that it goes on.
                (keep, after) = (walk.rows + 1, walk.after);
            }
            // A list is kept from its beginning, and what comes next is asked for next.
            if query.words.is_empty() && after.is_none() {
                keep = keep.max(PAGES_KEPT as usize * PAGE_SIZE);
            }
        }
        let mut filters = Filters::of(query);
        // Its term sorts it out, or nothing is asked that would leave the other categories out.
        if !(wanted.categories && (wanted.order || wanted.facets)) {
            filters.category = None;
        }
        let scored = !terms.is_empty() && query.sort == Sort::General;
        let hits = Hits { filters, sort: query.sort, scored, now: self.now, keep, after, wanted };
        let matching = matching(&self.live.fields, query, terms, least, wanted);
        self.searcher.search_with_statistics_provider(&*matching, &hits, &self.statistics)
    }

    /// How many goods have all these words in their title or labels, whatever else was asked.
    pub fn have_all(&self, terms: &[String]) -> tantivy::Result<usize> {
        let fields = &self.live.fields;
        let each = terms.iter().map(|text| -> (Occur, Box<dyn Matching>) {
            let anywhere = [fields.title, fields.labels]
                .map(|field| (Occur::Should, plain_term(field, text, IndexRecordOption::Basic)));
            (Occur::Must, Box::new(BooleanQuery::new(anywhere.into())))
        });
        self.searcher.search(&BooleanQuery::new(each.collect()), &tantivy::collector::Count)
    }

    /// In how many goods a term is, of those that can be found.
    pub fn frequency(&self, field: Field, text: &str) -> tantivy::Result<u64> {
        use tantivy::query::Bm25StatisticsProvider;
        self.statistics.doc_freq(&Term::from_field_text(field, text))
    }

    /// The terms of a field that begin so, and in how many documents of a segment each is; of each segment at most `max`.
    pub fn beginning(
        &self,
        field: Field,
        beginning: &str,
        max: usize,
        mut note: impl FnMut(&str, u64),
    ) -> tantivy::Result<()> {
        for segment in self.searcher.segment_readers() {
            let inverted = segment.inverted_index(field)?;
            let mut stream = inverted.terms().range().ge(beginning).into_stream()?;
            let mut looked_at = 0;
            while stream.advance() && stream.key().starts_with(beginning.as_bytes()) && looked_at < max {
                looked_at += 1;
                if let Ok(term) = std::str::from_utf8(stream.key()) {
                    note(term, u64::from(stream.value().doc_freq));
                }
            }
        }
        Ok(())
    }

    /// Whether any goods have the term.
    pub fn is_known(&self, text: &str) -> tantivy::Result<bool> {
        let fields = &self.live.fields;
        for field in [fields.title, fields.labels, fields.text] {
            if self.frequency(field, text)? > 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn address(&self, place: DocAddress) -> Address {
        Address { segment: self.searcher.segment_reader(place.segment_ord).segment_id(), doc: place.doc_id }
    }

    /// The cards of a list. None where one is not kept and its segment is gone: a merge took it, and the list is to be
    /// put in order anew.
    fn cards(&self, listed: &[Listed]) -> tantivy::Result<Option<Vec<Arc<Card>>>> {
        let segments = self.searcher.segment_readers();
        let mut cards = Vec::with_capacity(listed.len());
        for Listed { at, .. } in listed {
            let card = match self.live.remembered.card(*at) {
                Some(card) => card,
                None => match segments.iter().position(|segment| segment.segment_id() == at.segment) {
                    Some(ord) => self.card(DocAddress::new(ord as SegmentOrdinal, at.doc))?,
                    None => return Ok(None),
                },
            };
            cards.push(card);
        }
        Ok(Some(cards))
    }

    fn card(&self, place: DocAddress) -> tantivy::Result<Arc<Card>> {
        let at = self.address(place);
        if let Some(card) = self.live.remembered.card(at) {
            return Ok(card);
        }
        let document: TantivyDocument = self.searcher.doc(place)?;
        let shown = document.get_first(self.live.fields.card).and_then(|value| value.as_str()).unwrap_or_default();
        let card = serde_json::from_str(shown);
        let card: Arc<Card> =
            Arc::new(card.map_err(|error| tantivy::TantivyError::SchemaError(format!("a card: {error}")))?);
        self.live.remembered.keep_card(at, &card);
        Ok(card)
    }

    /// The best of some terms, any of which is enough, beside those that must be there: for suggestions.
    pub fn best(&self, must: &[String], any: &[String], keep: usize) -> tantivy::Result<Vec<Arc<Card>>> {
        let fields = &self.live.fields;
        let mut all: Vec<(Occur, Box<dyn Matching>)> =
            must.iter().map(|text| (Occur::Must, anywhere(fields, text))).collect();
        let any: Vec<_> = any.iter().map(|text| (Occur::Should, anywhere(fields, text))).collect();
        if !any.is_empty() {
            all.push((Occur::Must, Box::new(BooleanQuery::new(any))));
        }
        let wanted = Wanted { order: true, categories: false, facets: false };
        let (filters, sort, now) = (Filters::default(), Sort::General, self.now);
        let hits = Hits { filters, sort, scored: true, now, keep, after: None, wanted };
        let collected =
            self.searcher.search_with_statistics_provider(&BooleanQuery::new(all), &hits, &self.statistics)?;
        collected.best.iter().map(|ranked| self.card(ranked.place)).collect()
    }

    /// What marks stand for: as one of the goods says that have it.
    fn labels(&self, wanted: &[Counted], kind: Kind) -> tantivy::Result<HashMap<Mark, Label>> {
        let key = |(mark, _, at): &Counted| (*mark, (kind != Kind::Category).then(|| self.address(*at)));
        let keys: Vec<LabelKey> = wanted.iter().map(key).collect();
        let mut known = self.live.remembered.labels(&keys);
        let mut learnt = Vec::new();
        for ((mark, _, at), key) in wanted.iter().zip(keys) {
            if !known.contains_key(mark)
                && let Some(label) = self.label(*mark, *at, kind)?
            {
                learnt.push((key, label.clone()));
                known.insert(*mark, label);
            }
        }
        if !learnt.is_empty() {
            self.live.remembered.keep_labels(learnt);
        }
        Ok(known)
    }

    fn label(&self, mark: Mark, at: DocAddress, kind: Kind) -> tantivy::Result<Option<Label>> {
        let both = |en: &str, zh: &str| Both::new(en, zh);
        Ok(match kind {
            Kind::Category => {
                let keys = self.texts(at, "categories")?;
                keys.into_iter().find(|key| marks::category(key) == mark).map(Label::Category)
            }
            Kind::Shop => {
                let card = self.card(at)?;
                Some(Label::Shop(card.shop.clone(), card.shop_name.clone()))
            }
            Kind::Place => self
                .texts(at, "place")?
                .iter()
                .find_map(|text| text.split_once(SEPARATOR))
                .map(|(en, zh)| Label::Place(both(en, zh))),
            Kind::Attribute => self.texts(at, "details")?.iter().find_map(|text| {
                let parts: Vec<&str> = text.split(SEPARATOR).collect();
                let [name_en, name_zh, value_en, value_zh] = parts[..] else { return None };
                (marks::attribute(name_en, value_en) == mark)
                    .then(|| Label::Attribute { name: both(name_en, name_zh), value: both(value_en, value_zh) })
            }),
        })
    }

    /// The texts in a column of one of the goods.
    fn texts(&self, at: DocAddress, column: &str) -> tantivy::Result<Vec<String>> {
        let columns = self.searcher.segment_reader(at.segment_ord).fast_fields();
        let Some(column) = columns.str(column)? else { return Ok(Vec::new()) };
        let mut texts = Vec::new();
        for ord in column.term_ords(at.doc_id) {
            let mut text = String::new();
            if column.ord_to_str(ord, &mut text)? {
                texts.push(text);
            }
        }
        Ok(texts)
    }

    /// Of the goods that have the term, the one that is asked what it is called: the same in every process.
    fn one_with(&self, term: &Term) -> tantivy::Result<Option<DocAddress>> {
        let mut first: Option<(u64, DocAddress)> = None;
        for (ord, segment) in self.searcher.segment_readers().iter().enumerate() {
            let postings = segment.inverted_index(term.field())?.read_postings(term, IndexRecordOption::Basic)?;
            let Some(mut postings) = postings else { continue };
            let ties = segment.fast_fields().u64("tie")?.first_or_default_col(0);
            while postings.doc() != TERMINATED {
                let doc = postings.doc();
                let tie = ties.get_val(doc);
                if first.is_none_or(|(least, _)| tie < least)
                    && segment.alive_bitset().is_none_or(|alive| alive.is_alive(doc))
                {
                    first = Some((tie, DocAddress::new(ord as SegmentOrdinal, doc)));
                }
                postings.advance();
            }
        }
        Ok(first.map(|(_, at)| at))
    }

    /// What the chosen filters are called, whether or not anything was found.
    fn chosen(&self) -> tantivy::Result<Labels> {
        let fields = &self.live.fields;
        let label = |mark: Mark, term: Term, kind: Kind| -> tantivy::Result<Option<Label>> {
            match self.one_with(&term)? {
                Some(at) => self.label(mark, at, kind),
                None => Ok(None),
            }
        };
        let mut labels = Labels::default();
        for id in &self.query.shops {
            let term = Term::from_field_text(fields.shop, id.as_str());
            let name = match label(marks::shop(id.as_str()), term, Kind::Shop)? {
                Some(Label::Shop(_, name)) => Some(name),
                _ => None,
            };
            labels.shops.push((id.clone(), name));
        }
        for en in &self.query.places {
            let mark = marks::place(en);
            let name = match label(mark, Term::from_field_u64(fields.place_mark, mark), Kind::Place)? {
                Some(Label::Place(name)) => Some(name),
                _ => None,
            };
            labels.places.push((en.clone(), name));
        }
        for chosen in &self.query.attributes {
            let mark = marks::attribute(&chosen.name, &chosen.value);
            let term = Term::from_field_u64(fields.attribute_marks, mark);
            let words = match label(mark, term, Kind::Attribute)? {
                Some(Label::Attribute { name, value }) => Some((name, value)),
                _ => None,
            };
            labels.attributes.push((chosen.clone(), words));
        }
        Ok(labels)
    }
}

fn plain_term(field: Field, text: &str, record: IndexRecordOption) -> Box<dyn Matching> {
    Box::new(TermQuery::new(Term::from_field_text(field, text), record))
}

/// A term in the title, in a label or in the text, with the weight of each.
fn anywhere(fields: &Fields, text: &str) -> Box<dyn Matching> {
    let weighed = [(fields.title, WEIGHTS.title), (fields.labels, WEIGHTS.labels), (fields.text, WEIGHTS.text)];
    let each = weighed.map(|(field, weight)| -> (Occur, Box<dyn Matching>) {
        let term = plain_term(field, text, IndexRecordOption::WithFreqs);
        (Occur::Should, Box::new(BoostQuery::new(term, weight)))
    });
    Box::new(BooleanQuery::new(each.into()))
}

/// What must match, from terms: nothing that was typed is read as a language.
fn matching(fields: &Fields, query: &Query, terms: &[String], least: usize, wanted: Wanted) -> Box<dyn Matching> {
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
struct Filters {
    category: Option<Mark>,
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
    fn of(query: &Query) -> Filters {
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

struct Hits {
    filters: Filters,
    sort: Sort,
    /// Whether the fit of the words counts.
    scored: bool,
    now: i64,
    /// How many of the best; none where no order is wanted.
    keep: usize,
    /// What is not below it was in the parts before.
    after: Option<Rank>,
    wanted: Wanted,
}

/// A hit and its rank.
#[derive(Clone, Copy)]
struct Ranked {
    rank: Rank,
    place: DocAddress,
}

impl Ranked {
    fn first_to_last(&self, other: &Ranked) -> Ordering {
        other.rank.cmp(&self.rank)
    }
}

#[derive(Default)]
struct Collected {
    total: u64,
    best: Vec<Ranked>,
    tally: Option<Box<Tally>>,
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

struct SegmentHits {
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
