//! What may be asked of the index. There is no place in it for who asks (2.2.3-b.1).

use db::Id;

use crate::marks::without_colon;

/// Cards on a page.
pub const PAGE_SIZE: usize = 24;
/// Whoever has seen so many pages narrows the search instead. A program walks on ([`Walk`]).
pub const PAGES_MAX: u32 = 50;
/// Shops, places and attributes that may be chosen at once, of each.
pub const CHOSEN_MAX: usize = 20;

/// More of what was typed is not read (SearchWords: 100).
const WORDS_CHARS_MAX: usize = 100;

/// What was typed, as a search or its suggestions read it. A space at the end stays: it says that a word is done.
pub fn typed(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(WORDS_CHARS_MAX).collect()
}

/// A search. All filters hold together; of several shops, places, or values of one attribute, one is enough. An empty
/// one finds everything that is for sale.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Query {
    /// As typed. No character of it has a meaning of its own.
    pub words: String,
    /// Looked for as typed, and no other words in their place.
    pub exact: bool,
    /// Key of a category; what is below it is found too.
    pub category: Option<String>,
    /// Key of the category around it, whose other parts are counted beside it; none: of all.
    pub within: Option<String>,
    pub shops: Vec<Id>,
    /// Towns that shops send from, by their English names.
    pub places: Vec<String>,
    pub attributes: Vec<Chosen>,
    /// Minor units; finds goods whose range of prices reaches up to it.
    pub price_from: Option<i64>,
    /// Minor units; finds goods whose range of prices reaches down to it.
    pub price_to: Option<i64>,
    /// Finds goods with a minimum order of at most so many units.
    pub minimum_up_to: Option<i64>,
    /// Finds only what is in stock, in some variant.
    pub in_stock: bool,
    pub sort: Sort,
    /// From 1; a page beyond the last shows the last.
    pub page: u32,
    /// A part of the whole list, in the place of a page.
    pub walk: Option<Walk>,
    /// Whether to count by which facets the goods could be narrowed.
    pub facets: bool,
}

impl Query {
    /// The category whose goods count where categories are counted: the one around the chosen one.
    pub(crate) fn around(&self) -> Option<&str> {
        self.category.as_ref().and(self.within.as_deref())
    }
}

/// A part of a list that is gone through to its end, however long it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Walk {
    /// The last of the part before ([`crate::Found::next`]); none: from the beginning.
    pub after: Option<Rank>,
    /// Goods of this part.
    pub rows: usize,
}

/// Where one of the goods stands in a list: greater comes first. Of what has one key, newer goods come first, and what
/// is as new stands in an order that is the same in every process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rank {
    /// What the list is sorted by.
    pub key: i64,
    pub listed_at: i64,
    pub tie: u64,
}

impl Rank {
    /// As it stands in an address, with the sort whose key it is.
    pub fn text(self, sort: Sort) -> String {
        format!("{}.{}.{}.{}", sort.id(), self.key, self.listed_at, self.tie)
    }

    /// As [`Rank::text`] writes it for this sort; `None` for anything else.
    pub fn parse(text: &str, sort: Sort) -> Option<Rank> {
        let mut numbers = text.strip_prefix(sort.id())?.strip_prefix('.')?.split('.');
        let rank = Rank {
            key: numbers.next()?.parse().ok()?,
            listed_at: numbers.next()?.parse().ok()?,
            tie: numbers.next()?.parse().ok()?,
        };
        numbers.next().is_none().then_some(rank)
    }
}

/// A value of an attribute, by its English words.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Chosen {
    pub name: String,
    pub value: String,
}

impl Chosen {
    /// As it stands in an address: `Material:Brass`.
    pub fn parse(text: &str) -> Option<Chosen> {
        let (name, value) = text.split_once(':')?;
        let (name, value) = (name.trim(), value.trim());
        (!name.is_empty() && !value.is_empty()).then(|| Chosen { name: name.to_owned(), value: value.to_owned() })
    }

    pub fn text(&self) -> String {
        format!("{}:{}", without_colon(&self.name), self.value)
    }
}

/// Without the words: what people look for is theirs (2.2.2-c), and stands in no log.
impl std::fmt::Debug for Query {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Query")
            .field("words", &self.words.chars().count())
            .field("category", &self.category)
            .field("shops", &self.shops)
            .field("sort", &self.sort)
            .field("page", &self.page)
            .field("walk", &self.walk)
            .finish_non_exhaustive()
    }
}
/// The order of what is found. Newer goods stand first among equals.
#[derive(Default, Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Sort {
    /// How well the words fit, times the published [`crate::WEIGHTS`]; without words the weights alone.
    #[default]
    General,
    /// Most units sold first.
    Sales,
    /// Lowest price, at the largest quantity, first.
    PriceUp,
    /// The same price, highest first.
    PriceDown,
}

impl Sort {
    pub const ALL: [Sort; 4] = [Sort::General, Sort::Sales, Sort::PriceUp, Sort::PriceDown];

    /// As it stands in an address.
    pub const fn id(self) -> &'static str {
        match self {
            Sort::General => "general",
            Sort::Sales => "sales",
            Sort::PriceUp => "price",
            Sort::PriceDown => "price-down",
        }
    }

    pub fn parse(id: &str) -> Option<Sort> {
        Sort::ALL.into_iter().find(|sort| sort.id() == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorts_are_read_as_they_are_written() {
        for sort in Sort::ALL {
            assert_eq!(Sort::parse(sort.id()), Some(sort));
        }
        assert_eq!(Sort::parse("mine"), None);
    }

    #[test]
    fn ranks_are_read_as_they_are_written() {
        for rank in [
            Rank { key: -1_999, listed_at: 1_780_000_000_000_000, tie: u64::MAX },
            Rank { key: i64::MAX, listed_at: i64::MIN, tie: 0 },
        ] {
            for sort in Sort::ALL {
                let text = rank.text(sort);
                assert_eq!(Rank::parse(&text, sort), Some(rank), "{text}");
                let others = Sort::ALL.into_iter().filter(|other| *other != sort);
                assert!(others.map(|other| Rank::parse(&text, other)).all(|read| read.is_none()), "{text}");
            }
        }
        for text in ["", "p24", "sales", "sales.1.2", "sales.1.2.3.4", "sales.1.2.-3", "sales.1..3", " sales.1.2.3"] {
            assert_eq!(Rank::parse(text, Sort::Sales), None, "{text}");
        }
    }

    /// 2.2.2-c.1: what was searched for stands in no log.
    #[test]
    fn a_query_is_printed_without_its_words() {
        let query = Query { words: "canary".into(), ..Query::default() };
        assert!(!format!("{query:?}").contains("canary"));
    }

    #[test]
    fn chosen_values_are_read_as_they_are_written() {
        let chosen = Chosen { name: "Material".into(), value: "Brass: polished".into() };
        assert_eq!(Chosen::parse(&chosen.text()), Some(chosen));
        assert_eq!((Chosen::parse("Material"), Chosen::parse(":x"), Chosen::parse("x: ")), (None, None, None));
    }
}
