//! What BM25 is told about the goods: counted over those that can be found, and no others.
//!
//! The engine's own counts include what was replaced until a merge drops it, so that two processes with the same goods,
//! or one before and after a merge, would rank differently. Whoever searches alike sees alike, on every page and from
//! every process (2.2.3-b.1).

use std::sync::{Mutex, PoisonError};

use tantivy::query::Bm25StatisticsProvider;
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{Searcher, Term};

use crate::index::Fields;

/// Lengths of the fields, all goods together, of the index as it was committed last.
#[derive(Default)]
pub(crate) struct Lengths(Mutex<Counted>);

#[derive(Default)]
struct Counted {
    /// The searcher's.
    generation: Option<u64>,
    lengths: Vec<(Field, u64)>,
}

impl Lengths {
    fn of(&self, searcher: &Searcher, fields: &Fields) -> tantivy::Result<Vec<(Field, u64)>> {
        let generation = searcher.generation().generation_id();
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.generation == Some(generation) {
            return Ok(known.lengths.clone());
        }
        let mut lengths = Vec::new();
        for field in [fields.title, fields.labels, fields.text] {
            let mut sum = 0;
            for segment in searcher.segment_readers() {
                let norms = segment.get_fieldnorms_reader(field)?;
                sum += segment.doc_ids_alive().map(|doc| u64::from(norms.fieldnorm(doc))).sum::<u64>();
            }
            lengths.push((field, sum));
        }
        *known = Counted { generation: Some(generation), lengths: lengths.clone() };
        Ok(lengths)
    }
}

pub(crate) struct Statistics {
    searcher: Searcher,
    lengths: Vec<(Field, u64)>,
}

impl Statistics {
    pub fn new(searcher: &Searcher, fields: &Fields, lengths: &Lengths) -> tantivy::Result<Statistics> {
        Ok(Statistics { searcher: searcher.clone(), lengths: lengths.of(searcher, fields)? })
    }
}

impl Bm25StatisticsProvider for Statistics {
    fn total_num_tokens(&self, field: Field) -> tantivy::Result<u64> {
        let known = self.lengths.iter().find(|(of, _)| *of == field);
        // The other fields hold one term, and score nothing.
        Ok(known.map_or(self.searcher.num_docs(), |(_, length)| *length))
    }

    fn total_num_docs(&self) -> tantivy::Result<u64> {
        Ok(self.searcher.num_docs())
    }

    fn doc_freq(&self, term: &Term) -> tantivy::Result<u64> {
        let mut sum = 0;
        for segment in self.searcher.segment_readers() {
            let inverted = segment.inverted_index(term.field())?;
            sum += match segment.alive_bitset() {
                None => u64::from(inverted.doc_freq(term)?),
                Some(alive) => match inverted.read_postings(term, IndexRecordOption::Basic)? {
                    Some(postings) => u64::from(postings.doc_freq_given_deletes(alive)),
                    None => 0,
                },
            };
        }
        Ok(sum)
    }
}
