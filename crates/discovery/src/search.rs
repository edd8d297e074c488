//! The answer to a search: one pass over what matches (`pass`), which filters, counts and keeps the best; and where
//! that finds nothing, what else was probably meant.

mod pass;

use pass::{Collected, Filters, Hits, Wanted, anywhere, matching, plain_term};

use std::collections::HashMap;
use std::sync::Arc;

use catalogue::Both;
use catalogue::view::Entry;
use db::Id;
use serde::{Deserialize, Serialize};
use tantivy::query::{BooleanQuery, Occur, Query as Matching};
use tantivy::schema::{Field, IndexRecordOption, Value};
use tantivy::{DocAddress, DocSet, Searcher, SegmentOrdinal, TERMINATED, TantivyDocument, Term};

use crate::Index;
use crate::facets::{Categories, Counted, Facets, Kind};
use crate::index::{Fields, Live, SEPARATOR};
use crate::marks::{self, Mark};
use crate::query::{Chosen, PAGE_SIZE, PAGES_MAX, Query, Rank, Sort};
use crate::ranking::DAY;
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
