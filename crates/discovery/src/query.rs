//! What may be asked of the index. There is no place in it for who asks (2.2.3-b.1).

use db::Id;

use crate::marks::without_colon;

/// Cards on a page.
pub const PAGE_SIZE: usize = 24;
/// Whoever has seen so many pages narrows the search instead.
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
    /// Whether to count by which facets the goods could be narrowed.
    pub facets: bool,
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
