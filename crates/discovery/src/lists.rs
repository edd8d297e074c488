//! Lists over goods that are made here, without a database: what is kept of them while goods change, facets that are
//! counted in halves, and walks to the end.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use catalogue::Both;
use catalogue::product::{Attribute, Unit};
use catalogue::view::{Card, Entry, ShopLine};
use db::Id;
use tantivy::index::SegmentId;

use crate::index::{Index, Mark};
use crate::query::{Chosen, PAGES_MAX, Query, Rank, Sort, Walk};
use crate::ranking::DAY;
use crate::remembered::{Address, Listed, Ordered, Parts};
use crate::search::moment;

const NOW: i64 = 20_000 * DAY + DAY / 2;

/// From the root down.
const CATEGORIES: [&[&str]; 11] = [
    &["a"],
    &["a", "a1"],
    &["a", "a1", "a11"],
    &["a", "a2"],
    &["b"],
    &["b", "b1"],
    &["b", "b2"],
    &["c"],
    &["c", "c1"],
    &["d"],
    &["e"],
];

/// Of the shops. Two write the same in another way.
const TOWNS: [(&str, &str); 4] = [("Yiwu", "义乌"), ("YIWU", "义乌市"), ("Hangzhou", "杭州"), ("Wenzhou", "温州")];

/// Names and values. Some are the same written in another way.
const ATTRIBUTES: [[(&str, &str); 2]; 6] = [
    [("Material", "材质"), ("Steel", "钢")],
    [("material", "材料"), ("STEEL", "不锈钢")],
    [("Material", "材质"), ("Wood", "木")],
    [("Colour", "颜色"), ("Red", "红")],
    [("Colour", "颜色"), ("Blue", "蓝")],
    [("colour", "色"), ("blue", "蓝色")],
];

/// Chance that is the same in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }
}

fn id(kind: u64, n: u64) -> Id {
    let mixed = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let (high, low) = (mixed & 0xfff, (mixed >> 12) & 0xffff_ffff_ffff);
    Id::parse(&format!("{kind:08x}-0000-7000-8{high:03x}-{low:012x}")).expect("an id")
}

fn shop(n: usize) -> Id {
    id(1, n as u64)
}

fn product(n: u64) -> Id {
    id(2, n)
}

struct Made {
    category: usize,
    shop: usize,
    attributes: Vec<usize>,
    price: i64,
    minimum: i64,
    stock: i64,
    sold: i64,
    listed_at: i64,
}

struct Catalogue {
    dice: Dice,
    shops: [String; 4],
    goods: BTreeMap<u64, Made>,
    /// How many were ever listed.
    listed: u64,
}

impl Catalogue {
    fn of(goods: u64) -> Catalogue {
        let shops = ["Clay", "Glass", "Iron", "Paper"].map(str::to_owned);
        let mut catalogue = Catalogue { dice: Dice(goods), shops, goods: BTreeMap::new(), listed: 0 };
        for _ in 0..goods {
            catalogue.list();
        }
        catalogue
    }

    fn list(&mut self) -> u64 {
        let (n, dice) = (self.listed, &mut self.dice);
        let made = Made {
            category: dice.below(CATEGORIES.len()),
            shop: dice.below(TOWNS.len()),
            attributes: (0..dice.below(3)).map(|_| dice.below(ATTRIBUTES.len())).collect(),
            price: 100 * (1 + dice.below(9) as i64),
            minimum: 1 + dice.below(20) as i64,
            stock: dice.below(4) as i64,
            sold: dice.below(3) as i64,
            listed_at: NOW - dice.below(3) as i64 * DAY,
        };
        self.goods.insert(n, made);
        self.listed += 1;
        n
    }

    fn any(&mut self) -> u64 {
        let at = self.dice.below(self.goods.len());
        *self.goods.keys().nth(at).expect("goods")
    }

    /// Something becomes of one of the goods, which is told.
    fn happens(&mut self) -> u64 {
        let (n, what, chance) = (self.any(), self.dice.below(9), self.dice.below(1_000));
        if what == 0 {
            return self.list();
        }
        let made = self.goods.get_mut(&n).expect("goods");
        match what {
            1 => made.category = chance % CATEGORIES.len(),
            2 => made.price = 1 + chance as i64,
            3 => made.sold += 1 + chance as i64,
            4 => made.attributes = vec![chance % ATTRIBUTES.len()],
            5 => made.stock = chance as i64 % 2,
            6 => made.minimum = 1 + chance as i64 % 20,
            7 => made.shop = chance % TOWNS.len(),
            _ => drop(self.goods.remove(&n)),
        }
        n
    }

    fn of_shop(&self, shop: usize) -> BTreeSet<u64> {
        self.goods.iter().filter(|(_, made)| made.shop == shop).map(|(n, _)| *n).collect()
    }

    fn entry(&self, n: u64) -> Option<Entry> {
        let made = self.goods.get(&n)?;
        let both = |(en, zh): (&str, &str)| Both::new(en, zh);
        let attribute = |at: &usize| {
            let [name, value] = ATTRIBUTES[*at];
            Attribute { name: both(name), value: both(value) }
        };
        let path = CATEGORIES[made.category];
        Some(Entry {
            card: Card {
                id: product(n),
                title: Both::new(format!("Cup number {n}"), "杯"),
                picture: None,
                shop: ShopLine {
                    id: shop(made.shop),
                    name: Both::new(self.shops[made.shop].as_str(), "店"),
                    place: both(TOWNS[made.shop]),
                },
                category: path[path.len() - 1].to_owned(),
                unit: Unit::default(),
                minimum: made.minimum,
                price_low: made.price,
                price_high: made.price * 2,
                tiers: Vec::new(),
                sold: made.sold,
                listed_at: made.listed_at,
            },
            in_stock: made.stock,
            text: Both::new("As shown.", "如图。"),
            attributes: made.attributes.iter().map(attribute).collect(),
            categories: path.iter().map(|key| ((*key).to_owned(), Both::new(*key, *key))).collect(),
        })
    }

    /// Tells the index what became of these goods, in one commit.
    fn tell(&self, index: &Index, goods: impl IntoIterator<Item = u64>) {
        let goods: BTreeSet<u64> = goods.into_iter().collect();
        let ids: Vec<Id> = goods.iter().map(|n| product(*n)).collect();
        let entries: Vec<Entry> = goods.iter().filter_map(|n| self.entry(*n)).collect();
        let live = index.live();
        let mut batch = live.begin().expect("a batch");
        batch.replace(&ids, &entries).expect("written");
        batch.commit(Mark { position: 1, event: None }).expect("committed");
    }

    /// An index that has only ever seen the goods as they are now.
    fn index(&self) -> (Index, tempfile::TempDir) {
        let folder = tempfile::tempdir().expect("a folder");
        let index = Index::open(folder.path()).expect("an index");
        index.set_now(NOW);
        self.tell(&index, self.goods.keys().copied());
        (index, folder)
    }
}

/// A category's list as a page asks for it.
fn of(key: Option<&str>) -> Query {
    let path = key.and_then(|key| CATEGORIES.into_iter().find(|path| path.last() == Some(&key)));
    let within = path.and_then(|path| path.len().checked_sub(2).map(|above| path[above].to_owned()));
    Query { category: key.map(str::to_owned), within, page: 1, facets: true, ..Query::default() }
}

fn chosen(name: &str, value: &str) -> Chosen {
    Chosen { name: name.to_owned(), value: value.to_owned() }
}

/// Lists of all kinds.
fn lists() -> Vec<Query> {
    let mut lists = Vec::new();
    for key in [None, Some("a"), Some("a1"), Some("a11"), Some("b"), Some("b2"), Some("c1"), Some("d")] {
        let list = of(key);
        let steel = vec![chosen("Material", "steel")];
        lists.extend([
            list.clone(),
            Query { sort: Sort::Sales, page: 2, facets: false, ..list.clone() },
            Query { shops: vec![shop(0)], sort: Sort::PriceUp, ..list.clone() },
            Query { shops: vec![shop(1), shop(2)], sort: Sort::PriceDown, facets: false, ..list.clone() },
            Query { places: vec!["yiwu".to_owned()], attributes: steel, ..list.clone() },
            Query { price_from: Some(200), price_to: Some(700), minimum_up_to: Some(10), in_stock: true, ..list },
        ]);
    }
    lists
}

/// The same, as it is never kept: found in one pass over all that it could find.
fn anew(query: &Query) -> Query {
    Query { words: " ".to_owned(), ..query.clone() }
}

/// 2.2.3-b.1: whichever way an index came to its goods, and whatever was asked of it before, it answers as another
/// does.
#[test]
fn what_is_kept_is_what_a_fresh_index_finds() {
    let mut catalogue = Catalogue::of(150);
    let (index, _folder) = catalogue.index();
    let lists = lists();
    let (mut kept, mut dropped) = (0, 0);
    for round in 0..30 {
        let mut changed: BTreeSet<u64> = (0..=round % 2).map(|_| catalogue.happens()).collect();
        if round % 7 == 6 {
            let shop = round % TOWNS.len();
            changed.extend(catalogue.of_shop(shop));
            if round % 2 == 0 {
                catalogue.shops[shop] = format!("Shop of round {round}");
            } else {
                // It closed.
                catalogue.goods.retain(|_, made| made.shop != shop);
            }
        }
        catalogue.tell(&index, changed);
        if round % 10 == 9 {
            index.set_now(index.now() + DAY);
        }
        let (beside, _beside_folder) = catalogue.index();
        beside.set_now(index.now());
        for list in &lists {
            let fresh = beside.search(&anew(list));
            match index.remembered(list) {
                Some(found) => {
                    kept += 1;
                    assert_eq!(found, fresh, "kept until round {round}: {list:?}");
                }
                None => dropped += 1,
            }
            assert_eq!(index.search(list), fresh, "round {round}: {list:?}");
            assert_eq!(index.remembered(list), Some(fresh), "round {round}: {list:?}");
        }
        for list in lists.iter().filter(|list| !list.facets) {
            let mut part = Query { walk: Some(Walk { after: None, rows: 3 }), ..list.clone() };
            for _ in 0..2 {
                let found = index.search(&part);
                assert_eq!(found, beside.search(&anew(&part)), "round {round}: {part:?}");
                let Some(next) = found.next else { break };
                part.walk = Some(Walk { after: Some(next), rows: 3 });
            }
        }
    }
    assert!(kept > 100 && dropped > 100, "{kept} were kept, {dropped} not");
}

/// Numbers do not depend on which half of them was kept.
#[test]
fn facets_counted_in_halves_are_those_of_one_pass() {
    let mut catalogue = Catalogue::of(200);
    let (index, _folder) = catalogue.index();
    let mut dice = Dice(5);
    let (mut without_categories, mut without_facets) = (0, 0);
    for n in 0..600 {
        if n % 5 == 0 {
            let changed = catalogue.happens();
            catalogue.tell(&index, [changed]);
        }
        let at = dice.below(CATEGORIES.len() + 2);
        let list = of(CATEGORIES.get(at).and_then(|path| path.last()).copied());
        let sort = Sort::ALL[dice.below(Sort::ALL.len())];
        let query = match dice.below(3) {
            0 => Query { sort, ..list },
            1 => Query { sort, shops: vec![shop(1)], price_to: Some(600), ..list },
            _ => {
                let attributes = vec![chosen("Colour", "Blue"), chosen("Colour", "Red")];
                Query { sort, places: vec!["Yiwu".to_owned()], attributes, in_stock: true, ..list }
            }
        };
        let live = index.live();
        let kept = live.remembered.parts(moment(&live.reader.searcher(), index.now()), &query);
        match (&kept.categories, &kept.facets) {
            (None, Some(_)) => without_categories += 1,
            (Some(_), None) => without_facets += 1,
            _ => {}
        }
        assert_eq!(index.search(&query), index.search(&anew(&query)), "{query:?}");
    }
    assert!(
        without_categories > 10 && without_facets > 10,
        "only {without_categories} without categories, {without_facets} without the rest"
    );
}

/// A commit drops what it concerns, in every commit; the rest stays, also when its segments are merged away.
#[test]
fn a_commit_drops_what_it_concerns_and_nothing_else() {
    let mut catalogue = Catalogue::of(150);
    let n = catalogue.any();
    let b1 = CATEGORIES.iter().position(|path| path.last() == Some(&"b1")).expect("a category");
    let made = catalogue.goods.get_mut(&n).expect("goods");
    (made.category, made.shop) = (b1, 1);
    let (index, _folder) = catalogue.index();
    let plain = |key| Query { facets: false, ..of(key) };
    let concerned = [
        plain(None),
        plain(Some("b")),
        plain(Some("b1")),
        of(Some("b1")),
        Query { shops: vec![shop(0), shop(1)], ..plain(Some("b1")) },
        Query { shops: vec![shop(1)], ..plain(None) },
        // Other shops' goods are counted beside the chosen one's.
        Query { shops: vec![shop(0)], ..of(Some("b1")) },
        // The categories beside it are counted: of all.
        of(Some("a")),
        // What the town is called may be read from any of the goods.
        Query { places: vec!["Yiwu".to_owned()], ..of(Some("a1")) },
    ];
    let others = [
        plain(Some("a")),
        plain(Some("b2")),
        of(Some("a1")),
        of(Some("c1")),
        Query { sort: Sort::Sales, walk: Some(Walk { after: None, rows: 100 }), ..plain(Some("a")) },
        Query { shops: vec![shop(0)], ..plain(Some("b1")) },
        Query { shops: vec![shop(0)], ..plain(None) },
        Query { places: vec!["Hangzhou".to_owned()], ..of(Some("a1")) },
    ];
    for list in concerned.iter().chain(&others) {
        index.search(list);
        assert!(index.remembered(list).is_some(), "{list:?}");
    }
    for round in 0..24 {
        catalogue.goods.get_mut(&n).expect("goods").price += 1;
        catalogue.tell(&index, [n]);
        for list in &others {
            assert_eq!(index.remembered(list), Some(index.search(&anew(list))), "round {round}: {list:?}");
        }
        for list in &concerned {
            assert_eq!(index.remembered(list), None, "round {round}: {list:?}");
            index.search(list);
        }
    }
    // Moved, it concerns what it leaves and what it comes to.
    catalogue.goods.get_mut(&n).expect("goods").category = 0;
    catalogue.tell(&index, [n]);
    assert_eq!((index.remembered(&plain(Some("b1"))), index.remembered(&plain(Some("a")))), (None, None));
    assert!(index.remembered(&of(Some("c1"))).is_some());
    // What is neither there nor was concerns nothing.
    index.search(&plain(None));
    catalogue.tell(&index, [9_999]);
    assert!(index.remembered(&plain(None)).is_some());
    // The next day, the weights are others, and the numbers are not.
    index.search(&of(Some("c1")));
    index.set_now(NOW + DAY);
    assert!(index.remembered(&of(Some("c1"))).is_none());
}

/// As after a merge, when a card of the list is no longer kept: neither an error nor an empty page.
#[test]
fn a_list_whose_segment_is_gone_is_put_in_order_anew() {
    let catalogue = Catalogue::of(40);
    let (index, _folder) = catalogue.index();
    let query = Query { facets: false, ..of(Some("a")) };
    let right = index.search(&query);
    assert!(!right.cards.is_empty());
    let live = index.live();
    let now = moment(&live.reader.searcher(), index.now());
    let ordered = live.remembered.parts(now, &query).ordered.expect("it is kept");
    let segment = SegmentId::from_uuid_string("a5c4dfcbdfe645089129e308e26d5523").expect("an id");
    let best = ordered.best.iter().map(|listed| Listed { at: Address { segment, ..listed.at }, ..*listed }).collect();
    let gone = Some(Arc::new(Ordered { total: ordered.total, best }));
    live.remembered.keep(now, &query, &Parts { ordered: gone, ..Parts::default() });
    assert_eq!(index.remembered(&query), None);
    assert_eq!(index.search(&query), right);
    assert_eq!(index.remembered(&query), Some(right));
}

/// All of a list, in parts, and how many these were. `between` happens after each.
fn walked(index: &Index, list: &Query, rows: usize, mut between: impl FnMut()) -> (Vec<Id>, usize) {
    let (mut seen, mut parts, mut after) = (Vec::new(), 0, None::<Rank>);
    loop {
        let found = index.search(&Query { walk: Some(Walk { after, rows }), ..list.clone() });
        seen.extend(found.cards.iter().map(|card| card.id.clone()));
        parts += 1;
        assert!(parts < 1_000, "it does not end");
        if found.next.is_none() {
            return (seen, parts);
        }
        assert_eq!(found.cards.len(), rows, "nothing but the last part is shorter");
        after = found.next;
        between();
    }
}

#[test]
fn a_walk_finds_each_of_the_goods_once() {
    let catalogue = Catalogue::of(1_600);
    let (index, _folder) = catalogue.index();
    let all: BTreeSet<Id> = catalogue.goods.keys().map(|n| product(*n)).collect();
    for words in ["", "cup"] {
        for sort in Sort::ALL {
            let list = Query { words: words.to_owned(), sort, ..of(None) };
            let (seen, parts) = walked(&index, &list, 100, || {});
            assert_eq!((seen.len(), parts), (1_600, 16), "{words} {sort:?}");
            assert_eq!(seen.iter().cloned().collect::<BTreeSet<_>>(), all, "{words} {sort:?}");
            // In the order of the pages, as far as there are any.
            let mut paged = Vec::new();
            for page in 1..=PAGES_MAX {
                let found = index.search(&Query { page, facets: false, ..list.clone() });
                paged.extend(found.cards.iter().map(|card| card.id.clone()));
            }
            assert_eq!(paged.len(), 1_200);
            assert_eq!(&seen[..1_200], &paged[..], "{words} {sort:?}");
        }
    }
    // Narrowed; and each part says how many there are of all.
    let list = Query { shops: vec![shop(2)], in_stock: true, ..of(Some("b")) };
    let total = index.search(&list).total as usize;
    let (seen, parts) = walked(&index, &list, 7, || {});
    assert!(total > 21);
    assert_eq!((seen.iter().collect::<BTreeSet<_>>().len(), parts), (total, total.div_ceil(7)));
    // After the last there is nothing, and it is said.
    let last = Rank { key: i64::MIN, listed_at: i64::MIN, tie: 0 };
    let end = index.search(&Query { walk: Some(Walk { after: Some(last), rows: 7 }), ..list });
    assert_eq!((end.cards.len(), end.next, end.total as usize), (0, None, total));
}

/// What stays as it is comes once, whatever becomes of other goods meanwhile.
#[test]
fn goods_that_change_do_not_make_a_walk_fail() {
    for sort in Sort::ALL {
        let mut catalogue = Catalogue::of(400);
        let (index, _folder) = catalogue.index();
        let mut changed = BTreeSet::new();
        let before: BTreeSet<Id> = catalogue.goods.keys().map(|n| product(*n)).collect();
        let (seen, parts) = walked(&index, &Query { sort, ..of(None) }, 20, || {
            let now: Vec<u64> = (0..5).map(|_| catalogue.happens()).collect();
            changed.extend(now.iter().map(|n| product(*n)));
            catalogue.tell(&index, now);
        });
        assert!(parts > 10 && changed.len() > 50);
        for id in before.difference(&changed) {
            assert_eq!(seen.iter().filter(|other| *other == id).count(), 1, "{sort:?}");
        }
    }
}
