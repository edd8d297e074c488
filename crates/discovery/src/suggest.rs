//! What the words that are being typed may become: words and goods' titles of the index, and categories. Never what
//! somebody else searched, for that is kept nowhere (2.2.2-c.1).

use std::collections::HashMap;

use catalogue::Both;
use catalogue::category::Tree;
use db::Id;

use crate::Index;
use crate::query::Query;
use crate::search::Asked;
use crate::tokens::{self, Kind, Typed};

const WORDS_MAX: usize = 4;
const CATEGORIES_MAX: usize = 3;
const GOODS_MAX: usize = 4;
/// Words with a beginning that are looked at, and of those, that are counted.
const BEGINNING_MAX: usize = 2_000;
const COUNTED_MAX: usize = 12;

/// One line under the search field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Suggestion {
    /// What was typed, with its last word finished.
    Words(String),
    Category {
        key: String,
        name: Both,
    },
    Goods {
        id: Id,
        title: Both,
    },
}

impl Index {
    /// What could be meant by what has been typed so far. `tree` counts the goods of the categories.
    pub fn suggest(&self, tree: &Tree, typed: &str) -> Vec<Suggestion> {
        self.suggested(tree, typed).unwrap_or_else(|error| {
            tracing::error!("suggestions failed: {error}");
            Vec::new()
        })
    }

    fn suggested(&self, tree: &Tree, text: &str) -> tantivy::Result<Vec<Suggestion>> {
        let typed = Typed::read(text);
        let Some(last) = typed.parts.last() else { return Ok(Vec::new()) };
        let (live, query) = (self.live(), Query::default());
        let asked = Asked::new(&live, live.reader.searcher(), self.now(), &query)?;
        let before: Vec<String> = typed.parts[..typed.parts.len() - 1].iter().flat_map(|part| part.terms()).collect();
        // A space after it says that the word is done.
        let open = last.at.end == typed.text.len() && last.kind == Kind::Spaced;
        let endings = if open { endings(&asked, &before, &last.text)? } else { Vec::new() };

        let mut found: Vec<Suggestion> = endings
            .iter()
            .filter(|word| **word != last.text)
            .take(WORDS_MAX)
            .map(|word| Suggestion::Words(typed.replaced(&[(last.at.clone(), word.clone())])))
            .collect();
        found.extend(
            categories(tree, &typed)
                .into_iter()
                .map(|category| Suggestion::Category { key: category.key.clone(), name: category.name.clone() }),
        );
        let cards = match last.kind {
            Kind::Unspaced => asked.best(&[before, last.terms()].concat(), &[], GOODS_MAX)?,
            _ => {
                let mut any: Vec<String> = last.terms();
                for word in &endings {
                    let stem = tokens::stem(word);
                    if !any.contains(&stem) {
                        any.push(stem);
                    }
                }
                asked.best(&before, &any, GOODS_MAX)?
            }
        };
        found
            .extend(cards.into_iter().map(|card| Suggestion::Goods { id: card.id.clone(), title: card.title.clone() }));
        Ok(found)
    }
}

/// Words that begin so, of goods that have the words before; most goods first, one of each stem.
fn endings(asked: &Asked, before: &[String], beginning: &str) -> tantivy::Result<Vec<String>> {
    let mut words: HashMap<String, u64> = HashMap::new();
    asked.beginning(asked.fields().spelt, beginning, BEGINNING_MAX, |word, goods| {
        *words.entry(word.to_owned()).or_default() += goods;
    })?;
    let mut words: Vec<(String, u64)> = words.into_iter().collect();
    words.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    words.truncate(COUNTED_MAX);
    let mut stems: Vec<String> = Vec::new();
    let mut counted: Vec<(usize, String)> = Vec::new();
    for (word, _) in words {
        let stem = tokens::stem(&word);
        if stems.contains(&stem) {
            continue;
        }
        let goods = asked.have_all(&[before, std::slice::from_ref(&stem)].concat())?;
        stems.push(stem);
        if goods > 0 {
            counted.push((goods, word));
        }
    }
    counted.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    Ok(counted.into_iter().map(|(_, word)| word).collect())
}

/// Categories with goods, whose name has words that begin as those typed; most goods first.
fn categories<'t>(tree: &'t Tree, typed: &Typed) -> Vec<&'t catalogue::category::Category> {
    let has = |name: &str| {
        let name = Typed::read(name);
        typed.parts.iter().all(|part| {
            name.parts.iter().any(|of| match part.kind {
                Kind::Unspaced => of.text.contains(&part.text),
                _ => of.text.starts_with(&part.text),
            })
        })
    };
    let mut found: Vec<_> =
        tree.all().iter().filter(|c| c.listed > 0 && (has(&c.name.en) || has(&c.name.zh))).collect();
    found.sort_by(|a, b| b.listed.cmp(&a.listed).then_with(|| a.key.cmp(&b.key)));
    found.truncate(CATEGORIES_MAX);
    found
}
