//! What may be asked of the index. There is no place in it for who asks (2.2.3-b.1).

use db::Id;

/// Cards on a page.
pub const PAGE_SIZE: usize = 24;
/// Whoever has seen so many pages narrows the search instead.
pub const PAGES_MAX: u32 = 50;

/// A search. All filters hold together; an empty one finds everything that is for sale.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// As typed. No character of it has a meaning of its own.
    pub words: String,
    /// Key of a category; what is below it is found too.
    pub category: Option<String>,
    pub shop: Option<Id>,
    /// Minor units; finds goods whose range of prices reaches up to it.
    pub price_from: Option<i64>,
    /// Minor units; finds goods whose range of prices reaches down to it.
    pub price_to: Option<i64>,
    /// Finds goods with a minimum order of at most so many units.
    pub minimum_up_to: Option<i64>,
    pub sort: Sort,
    /// From 1; a page beyond the last shows the last.
    pub page: u32,
}

/// Without the words: what people look for is theirs (2.2.2-c), and stands in no log.
impl std::fmt::Debug for Query {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Query")
            .field("words", &self.words.chars().count())
            .field("category", &self.category)
            .field("shop", &self.shop)
            .field("sort", &self.sort)
            .field("page", &self.page)
            .finish_non_exhaustive()
    }
}

/// The order of what is found. Newer goods stand first among equals.
#[derive(Default, Clone, Copy, PartialEq, Eq, Debug)]
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
}
