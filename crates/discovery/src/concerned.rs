//! What a commit of the index concerns: all that its goods are counted under, as they stood before it and as they stand
//! after it. What was made of other goods alone stays true.

use std::collections::HashSet;
use std::hash::BuildHasherDefault;

use db::Id;
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{DocId, DocSet, Searcher, TERMINATED, Term};

use crate::facets::AsItIs;
use crate::marks::{self, COLUMNS, Mark};

/// More are everything: some 200 KB of them.
const MARKS_MAX: usize = 10_000;

/// The goods that something was made of, which is kept.
pub(crate) enum Of {
    /// Those of a category, or of all, that are of one of these shops, or of any.
    Goods { category: Option<Mark>, shops: Vec<Mark> },
    /// Those that have one of these marks.
    Marked(Vec<Mark>),
}

impl Of {
    pub fn goods(category: Option<&str>, shops: &[Id]) -> Of {
        Of::Goods {
            category: category.map(marks::category),
            shops: shops.iter().map(|shop| marks::shop(shop.as_str())).collect(),
        }
    }
}

#[derive(Default)]
pub(crate) struct Concerned {
    everything: bool,
    marks: HashSet<Mark, BuildHasherDefault<AsItIs>>,
}

impl Concerned {
    pub fn everything(&mut self) {
        *self = Concerned { everything: true, ..Concerned::default() };
    }

    pub fn note(&mut self, marks: impl IntoIterator<Item = Mark>) {
        if self.everything {
            return;
        }
        self.marks.extend(marks);
        if self.marks.len() > MARKS_MAX {
            self.everything();
        }
    }

    /// Notes the goods with these ids as the searcher shows them.
    pub fn note_shown(&mut self, searcher: &Searcher, id: Field, ids: &[Id]) -> tantivy::Result<()> {
        for segment in searcher.segment_readers() {
            if self.everything {
                return Ok(());
            }
            let (inverted, alive) = (segment.inverted_index(id)?, segment.alive_bitset());
            let mut shown: Vec<DocId> = Vec::new();
            for of in ids {
                let term = Term::from_field_text(id, of.as_str());
                let Some(mut postings) = inverted.read_postings(&term, IndexRecordOption::Basic)? else { continue };
                while postings.doc() != TERMINATED {
                    if alive.is_none_or(|alive| alive.is_alive(postings.doc())) {
                        shown.push(postings.doc());
                    }
                    postings.advance();
                }
            }
            if shown.is_empty() {
                continue;
            }
            for column in COLUMNS {
                let column = segment.fast_fields().u64(column)?;
                for doc in &shown {
                    self.note(column.values_for_doc(*doc));
                }
            }
        }
        Ok(())
    }

    pub fn add(&mut self, more: Concerned) {
        if more.everything {
            self.everything();
        } else {
            self.note(more.marks);
        }
    }

    /// Whether something that was made of these goods may have become another.
    pub fn touches(&self, of: &Of) -> bool {
        let any = |marks: &[Mark]| marks.iter().any(|mark| self.marks.contains(mark));
        if self.everything {
            return true;
        }
        if self.marks.is_empty() {
            return false;
        }
        match of {
            Of::Goods { category, shops } => {
                category.is_none_or(|category| self.marks.contains(&category)) && (shops.is_empty() || any(shops))
            }
            Of::Marked(marks) => any(marks),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(category: Option<Mark>, shops: &[Mark]) -> Of {
        Of::Goods { category, shops: shops.to_vec() }
    }

    #[test]
    fn a_commit_concerns_what_its_goods_are_counted_under() {
        let (mut none, mut some) = (Concerned::default(), Concerned::default());
        some.note([1, 2, 10]);
        for (goods, concerned) in [
            (of(None, &[]), true),
            (of(Some(1), &[]), true),
            (of(Some(3), &[]), false),
            (of(Some(1), &[11, 10]), true),
            (of(Some(1), &[11]), false),
            (of(None, &[11]), false),
            (Of::Marked(vec![11, 2]), true),
            (Of::Marked(vec![11]), false),
        ] {
            assert_eq!(some.touches(&goods), concerned);
            assert!(!none.touches(&goods), "no goods, nothing concerned");
        }
        none.add(some);
        assert!(none.touches(&of(Some(2), &[])) && !none.touches(&of(Some(3), &[])));
        none.note(0..2 * MARKS_MAX as Mark);
        assert!(none.touches(&of(Some(u64::MAX), &[7])) && none.touches(&Of::Marked(Vec::new())));
        none.note([1]);
        assert!(none.touches(&of(Some(u64::MAX), &[])), "once everything, it stays everything");
    }
}
