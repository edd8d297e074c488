//! By what the goods that were found could be narrowed, with how many there would be. A facet's counts leave out what is
//! chosen of that facet itself, and keep all else: they say what choosing one more, or another, would find.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use catalogue::Both;
use db::Id;
use tantivy::DocAddress;

use crate::marks::{self, Mark};
use crate::query::Query;
use crate::remembered::Label;

/// Counted by name; the rest is found by narrowing the search.
const CATEGORIES_MAX: usize = 300;
const SHOPS_MAX: usize = 20;
const TOWNS_MAX: usize = 12;
const ATTRIBUTES_MAX: usize = 6;
const VALUES_MAX: usize = 8;
const BANDS: usize = 5;
const STEPS: usize = 4;

/// By key: the categories beside the chosen one, and all above and below that hold goods which were found, with how
/// many choosing each would find. Most first. The same whichever of them is chosen: so it is counted and kept by
/// itself.
pub type Categories = Vec<(String, u64)>;

/// By what else a search could be narrowed, and how many goods that would leave. Most first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facets {
    pub shops: Vec<(Id, Both, u64)>,
    pub places: Vec<(Both, u64)>,
    /// Cheapest first. They touch, and goods with a range of prices may be in two.
    pub prices: Vec<Band>,
    /// Goods with a minimum order of at most so many units; smallest first.
    pub minimums: Vec<(i64, u64)>,
    pub in_stock: u64,
    pub attributes: Vec<AttributeFacet>,
}

/// Minor units; an end that is missing is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Band {
    pub from: Option<i64>,
    pub to: Option<i64>,
    pub count: u64,
}

/// An attribute that the goods found have in common, and differ in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttributeFacet {
    pub name: Both,
    pub values: Vec<(Both, u64)>,
}

/// Where bands of prices may end: 1, 2, 5, 10, … in minor units.
const BOUNDS: [i64; 27] = {
    let mut bounds = [0; 27];
    let (mut at, mut ten) = (0, 10);
    while at < bounds.len() {
        bounds[at] = ten;
        bounds[at + 1] = ten * 2;
        bounds[at + 2] = ten * 5;
        ten *= 10;
        at += 3;
    }
    bounds
};

/// Minimum orders that are offered.
const MINIMUMS: [i64; 11] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 5_000];

/// A mark is a hash already.
#[derive(Default)]
pub(crate) struct AsItIs(u64);

impl Hasher for AsItIs {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, mark: u64) {
        self.0 = mark;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// How many, and one of them, which knows the label: sellers write it in several ways, and the one with the least tie
/// is the same in every process.
#[derive(Clone, Copy)]
struct Having {
    count: u64,
    tie: u64,
    at: DocAddress,
}

#[derive(Default)]
pub(crate) struct Counts(HashMap<Mark, Having, BuildHasherDefault<AsItIs>>);

impl Counts {
    #[inline]
    pub fn add(&mut self, mark: Mark, tie: u64, at: DocAddress) {
        self.add_all(mark, Having { count: 1, tie, at });
    }

    #[inline]
    fn add_all(&mut self, mark: Mark, more: Having) {
        let having = self.0.entry(mark).or_insert(Having { count: 0, ..more });
        having.count += more.count;
        if more.tie < having.tie {
            (having.tie, having.at) = (more.tie, more.at);
        }
    }

    fn merge(&mut self, other: Counts) {
        for (mark, more) in other.0 {
            self.add_all(mark, more);
        }
    }

    /// Most first; equals in an order that is the same in every process.
    fn most(&self, n: usize) -> Vec<Counted> {
        let mut all: Vec<_> = self.0.iter().map(|(mark, having)| (*mark, having.count, having.at)).collect();
        most_first(&mut all);
        all.truncate(n);
        all
    }
}

/// A mark, how many have it, and one of them.
pub(crate) type Counted = (Mark, u64, DocAddress);

fn most_first(counted: &mut [Counted]) {
    counted.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
}

/// The most frequent of a facet as it is shown; what has no label any more is left out.
fn named<T>(
    counts: &Counts,
    max: usize,
    kind: Kind,
    label: &mut impl FnMut(&[Counted], Kind) -> tantivy::Result<HashMap<Mark, Label>>,
    shown: impl Fn(&Label, u64) -> Option<T>,
) -> tantivy::Result<Vec<T>> {
    let most = counts.most(max);
    let labels = label(&most, kind)?;
    Ok(most.into_iter().filter_map(|(mark, count, _)| shown(labels.get(&mark)?, count)).collect())
}

/// What is counted while the goods go by.
#[derive(Default)]
pub(crate) struct Tally {
    pub categories: Counts,
    pub shops: Counts,
    pub places: Counts,
    pub attributes: Counts,
    pub in_stock: u64,
    priced: u64,
    /// By the number of bounds below the lowest price, and of those up to the highest.
    low: [u64; BOUNDS.len() + 1],
    high: [u64; BOUNDS.len() + 1],
    minimums: [u64; MINIMUMS.len() + 1],
}

impl Tally {
    #[inline]
    pub fn price(&mut self, low: i64, high: i64) {
        self.priced += 1;
        self.low[BOUNDS.partition_point(|bound| *bound < low)] += 1;
        self.high[BOUNDS.partition_point(|bound| *bound <= high)] += 1;
    }

    #[inline]
    pub fn minimum(&mut self, minimum: i64) {
        self.minimums[MINIMUMS.partition_point(|step| *step < minimum)] += 1;
    }

    pub fn merge(&mut self, other: Tally) {
        self.categories.merge(other.categories);
        self.shops.merge(other.shops);
        self.places.merge(other.places);
        self.attributes.merge(other.attributes);
        self.in_stock += other.in_stock;
        self.priced += other.priced;
        let add = |all: &mut [u64], more: &[u64]| all.iter_mut().zip(more).for_each(|(sum, n)| *sum += n);
        add(&mut self.low, &other.low);
        add(&mut self.high, &other.high);
        add(&mut self.minimums, &other.minimums);
    }

    /// The categories that are offered. `label` tells what a mark stands for, by one of the goods that have it.
    pub fn categories(
        &self,
        mut label: impl FnMut(&[Counted], Kind) -> tantivy::Result<HashMap<Mark, Label>>,
    ) -> tantivy::Result<Categories> {
        named(&self.categories, CATEGORIES_MAX, Kind::Category, &mut label, |label, n| match label {
            Label::Category(key) => Some((key.clone(), n)),
            _ => None,
        })
    }

    /// What else is offered.
    pub fn facets(
        &self,
        query: &Query,
        mut label: impl FnMut(&[Counted], Kind) -> tantivy::Result<HashMap<Mark, Label>>,
    ) -> tantivy::Result<Facets> {
        let mut facets = Facets {
            prices: self.bands(),
            minimums: self.minimums(query.minimum_up_to),
            in_stock: self.in_stock,
            ..Facets::default()
        };
        facets.shops = named(&self.shops, SHOPS_MAX, Kind::Shop, &mut label, |label, n| match label {
            Label::Shop(id, name) => Some((id.clone(), name.clone(), n)),
            _ => None,
        })?;
        facets.places = named(&self.places, TOWNS_MAX, Kind::Place, &mut label, |label, n| match label {
            Label::Place(name) => Some((name.clone(), n)),
            _ => None,
        })?;
        for values in self.attributes(query) {
            let labels = label(&values, Kind::Attribute)?;
            let mut facet: Option<AttributeFacet> = None;
            for (mark, count, _) in values {
                if let Some(Label::Attribute { name, value }) = labels.get(&mark) {
                    let facet = facet.get_or_insert_with(|| AttributeFacet { name: name.clone(), values: Vec::new() });
                    facet.values.push((value.clone(), count));
                }
            }
            facets.attributes.extend(facet);
        }
        Ok(facets)
    }

    /// Bands with about as many goods in each, between round prices.
    fn bands(&self) -> Vec<Band> {
        let up_to = |at: usize| self.low[..=at].iter().sum::<u64>();
        let ends = ends(BANDS, self.priced, BOUNDS.len(), up_to);
        if ends.is_empty() {
            return Vec::new();
        }
        let mut bands = Vec::new();
        let mut from: Option<usize> = None;
        for to in ends.into_iter().map(Some).chain([None]) {
            let above = to.map_or(0, |to| self.priced - up_to(to));
            let below = from.map_or(0, |from| self.high[..=from].iter().sum::<u64>());
            let count = self.priced - above - below;
            if count > 0 {
                bands.push(Band { from: from.map(|at| BOUNDS[at]), to: to.map(|at| BOUNDS[at]), count });
            }
            from = to;
        }
        bands
    }

    fn minimums(&self, chosen: Option<i64>) -> Vec<(i64, u64)> {
        let up_to = |at: usize| self.minimums[..=at].iter().sum::<u64>();
        let all = self.minimums.iter().sum();
        let mut steps = ends(STEPS + 1, all, MINIMUMS.len(), up_to);
        if let Some(at) = chosen.and_then(|chosen| MINIMUMS.iter().position(|step| *step == chosen))
            && !steps.contains(&at)
        {
            steps.push(at);
            steps.sort_unstable();
        }
        steps.into_iter().map(|at| (MINIMUMS[at], up_to(at))).filter(|(_, count)| *count > 0).collect()
    }

    /// Attributes that tell the goods found apart: common among them, and with values that come again. Each with its
    /// values, most first.
    fn attributes(&self, query: &Query) -> Vec<Vec<Counted>> {
        struct Name {
            all: u64,
            values: Vec<Counted>,
        }
        let mut names: HashMap<u32, Name> = HashMap::new();
        for (mark, having) in &self.attributes.0 {
            let name = names.entry(marks::name_of(*mark)).or_insert_with(|| Name { all: 0, values: Vec::new() });
            name.all += having.count;
            name.values.push((*mark, having.count, having.at));
        }
        let chosen: Vec<Mark> = query.attributes.iter().map(|c| marks::attribute(&c.name, &c.value)).collect();
        let mut kept: Vec<(bool, u64, u32, Vec<_>)> = Vec::new();
        for (number, mut name) in names {
            most_first(&mut name.values);
            let is_chosen = chosen.iter().any(|mark| marks::name_of(*mark) == number);
            let again: u64 = name.values.iter().take(VALUES_MAX).map(|(_, n, _)| n).filter(|n| **n > 1).sum();
            // A weight or a model's number is another for each of the goods.
            let tells_apart = name.values.len() > 1 && name.all * 10 >= self.priced && again * 2 >= name.all;
            if !is_chosen && !tells_apart {
                continue;
            }
            let rest = name.values.split_off(name.values.len().min(VALUES_MAX));
            name.values.extend(rest.into_iter().filter(|(mark, ..)| chosen.contains(mark)));
            kept.push((is_chosen, name.all, number, name.values));
        }
        kept.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(b.1.cmp(&a.1)).then(a.2.cmp(&b.2)));
        kept.truncate(ATTRIBUTES_MAX);
        kept.into_iter().map(|(.., values)| values).collect()
    }
}

/// Of `bounds` possible ends, those that cut `all` into about equal parts, without one that cuts nothing off.
fn ends(parts: usize, all: u64, bounds: usize, up_to: impl Fn(usize) -> u64) -> Vec<usize> {
    let mut ends: Vec<usize> = Vec::new();
    for part in 1..parts as u64 {
        let wanted = all * part / parts as u64;
        let end = (0..bounds).min_by_key(|at| up_to(*at).abs_diff(wanted));
        let Some(end) = end.filter(|at| (1..all).contains(&up_to(*at))) else { continue };
        if ends.last().is_none_or(|last| up_to(*last) < up_to(end)) {
            ends.push(end);
        }
    }
    ends
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Category,
    Shop,
    Place,
    Attribute,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(prices: &[(i64, i64)]) -> Tally {
        let mut tally = Tally::default();
        for (low, high) in prices {
            tally.price(*low, *high);
        }
        tally
    }

    #[test]
    fn bands_touch_and_count_what_the_filter_would_find() {
        let prices: Vec<(i64, i64)> = (1..=200).map(|n| (n * 37 % 9_000 + 5, n * 37 % 9_000 + 5 + n)).collect();
        let bands = tally(&prices).bands();
        assert!(bands.len() > 2, "{bands:?}");
        assert_eq!((bands[0].from, bands[bands.len() - 1].to), (None, None));
        for pair in bands.windows(2) {
            assert_eq!(pair[0].to, pair[1].from);
        }
        for band in bands {
            let fits = |(low, high): &&(i64, i64)| {
                band.to.is_none_or(|to| *low <= to) && band.from.is_none_or(|from| *high >= from)
            };
            assert_eq!(band.count, prices.iter().filter(fits).count() as u64, "{band:?}");
        }
    }

    #[test]
    fn one_price_is_no_band() {
        assert!(tally(&[(100, 100); 9]).bands().is_empty());
        assert!(tally(&[]).bands().is_empty());
    }

    #[test]
    fn steps_of_the_minimum_order_say_how_many() {
        let mut tally = Tally::default();
        for minimum in [1, 3, 3, 10, 60, 60, 60, 900] {
            tally.minimum(minimum);
        }
        let steps = tally.minimums(None);
        assert!(steps.contains(&(5, 3)), "{steps:?}");
        assert!(steps.iter().all(|(_, count)| *count < 8), "{steps:?}");
        assert!(tally.minimums(Some(500)).contains(&(500, 7)));
    }
}
