//! Whether the index on disk holds what the catalogue has for sale. It changes nothing that is searched, and may be called
//! beside the process whose index it is (both take the engine's lock of what is read, for a moment).

use std::collections::HashMap;
use std::convert::Infallible;
use std::hash::{BuildHasher, RandomState};
use std::path::Path;
use std::sync::Arc;

use catalogue::view;
use db::{Database, Id};
use tantivy::schema::Value;
use tantivy::{ReloadPolicy, TantivyDocument, TantivyError};

use crate::follow::{each_page, every_product, fits, names, to_come};
use crate::index::{Folder, IndexError, Mark};
use crate::search::Card;

/// How an index stands to the catalogue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// Goods that the catalogue has for sale.
    pub goods: u64,
    /// Products of which events tell that the index has not yet come to: no fault, whatever it holds of them.
    pub to_come: u64,
    /// It belongs to other events, or was away for so long that some are gone: the next that opens it builds it anew.
    pub unfit: bool,
    /// For sale, and not in it.
    pub missing: Vec<Id>,
    /// In it, and not for sale; or in it twice.
    pub left_over: Vec<Id>,
    /// Whose card shows something else than the catalogue has: title, prices, minimum, shop, picture, sales, what is left.
    pub other: Vec<Id>,
}

/// Compares the index in `directory` with the catalogue: which goods it holds, and what their cards show. `None` where
/// there is none. Blocks.
pub fn compare(db: &Database, directory: &Path) -> Result<Option<Compared>, IndexError> {
    let Some(at) = Folder::searched(directory) else { return Ok(None) };
    let engine = tantivy::Index::open_in_dir(at)?;
    // Read before the goods are: if it goes on meanwhile, what it went on by is among the events after this mark.
    let mark: Option<Mark> = serde_json::from_str(&engine.load_metas()?.payload.unwrap_or_default()).ok();
    let Some(mark) = mark else { return Ok(None) };
    let hasher = RandomState::new();
    let (mut held, mut left_over) = (HashMap::new(), Vec::new());
    let reader: tantivy::IndexReader = engine.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
    let (searcher, card) = (reader.searcher(), engine.schema().get_field("card")?);
    for segment in searcher.segment_readers() {
        let store = segment.get_store_reader(1).map_err(TantivyError::from)?;
        for document in store.iter::<TantivyDocument>(segment.alive_bitset()) {
            let document = document?;
            let shown = document.get_first(card).and_then(|value| value.as_str()).unwrap_or_default();
            let id = serde_json::from_str::<Card>(shown).map_err(|error| IndexError::Engine(error.to_string()))?.id;
            if held.insert(id.clone(), hasher.hash_one(shown)).is_some() {
                left_over.push(id);
            }
        }
    }
    let tree = names(db)?;
    let (mut goods, mut missing, mut other) = (0, Vec::new(), Vec::new());
    each_page(db, every_product, |ids| {
        let tree = Arc::clone(&tree);
        for entry in db.read_now::<_, Infallible>(move |read| Ok(view::entries(read, &ids, &tree)?))? {
            goods += 1;
            let shown = serde_json::to_string(&Card::of(&entry)).map_err(|e| IndexError::Engine(e.to_string()))?;
            match held.remove(&entry.card.id) {
                None => missing.push(entry.card.id),
                Some(same) if same == hasher.hash_one(&shown) => {}
                Some(_) => other.push(entry.card.id),
            }
        }
        Ok(())
    })?;
    left_over.extend(held.into_keys());
    // After the catalogue was read: what changed in the midst of it has its event by now.
    let unfit = !fits(db, mark.clone())?;
    let to_come = to_come(db, mark.position)?;
    for faults in [&mut missing, &mut left_over, &mut other] {
        faults.retain(|id| !unfit && !to_come.contains(id));
        faults.sort();
    }
    Ok(Some(Compared { goods, to_come: to_come.len() as u64, unfit, missing, left_over, other }))
}
