//! Categories: a tree that the operator keeps, with counts of what is listed.

use std::collections::HashMap;

use db::{Scope, Stop, Tx, on_each};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::policy::{category, product, shop};
use crate::{Both, Refused, limits};

const NAME_MAX: usize = 60;
const KEY_MAX: usize = 60;
/// Roots are level 1.
pub const DEPTH_MAX: usize = 6;

/// What the operator writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCategory {
    /// Lower-case letters, digits and hyphens; stands in addresses.
    pub key: String,
    pub parent: Option<String>,
    pub name: Both,
    /// Order among siblings.
    pub sort: i64,
}

/// Adds a category, or renames one that is there; a category never moves, so the tree stays a tree.
pub fn put(tx: &mut Tx, new: &NewCategory) -> Result<(), Stop<Refused>> {
    let key = limits::filled_line("key", &new.key, KEY_MAX).map_err(Stop::Refused)?;
    if !key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
        return Err(Stop::refuse(Refused::CategoryKey));
    }
    let name = limits::both("name", &new.name, NAME_MAX).map_err(Stop::Refused)?;
    let mut depth = 1;
    let mut above = new.parent.clone();
    while let Some(parent) = above {
        depth += 1;
        if depth > DEPTH_MAX {
            return Err(Stop::refuse(Refused::CategoryTooDeep));
        }
        let found: Option<Option<String>> =
            category::table.find(&parent).select(category::parent).first(tx.db).optional()?;
        above = found.ok_or(Stop::Refused(Refused::CategoryUnknown))?;
    }
    let row = (
        category::id.eq(&key),
        category::parent.eq(new.parent.as_deref()),
        category::name_en.eq(&name.en),
        category::name_zh.eq(&name.zh),
        category::sort.eq(new.sort),
    );
    let renamed = (category::name_en.eq(&name.en), category::name_zh.eq(&name.zh), category::sort.eq(new.sort));
    on_each!(tx.db, c => diesel::insert_into(category::table)
        .values(row)
        .on_conflict(category::id)
        .do_update()
        .set(renamed)
        .execute(c))?;
    Ok(())
}

/// A category in its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Category {
    pub key: String,
    pub parent: Option<String>,
    pub name: Both,
    /// Goods for sale in it and below it.
    pub listed: i64,
    /// 1 for a root.
    pub level: usize,
}

/// All categories, parents before their children, siblings in the operator's order. Cheap to hold and to share; a page
/// reads it once in a while.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    all: Vec<Category>,
    place: HashMap<String, usize>,
}

impl Tree {
    /// In order: each category directly followed by what is below it.
    pub fn all(&self) -> &[Category] {
        &self.all
    }

    pub fn get(&self, key: &str) -> Option<&Category> {
        self.place.get(key).map(|&place| &self.all[place])
    }

    pub fn roots(&self) -> impl Iterator<Item = &Category> {
        self.all.iter().filter(|category| category.level == 1)
    }

    pub fn children<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a Category> {
        self.all.iter().filter(move |category| category.parent.as_deref() == Some(key))
    }

    /// From the root down to the category itself; empty for an unknown one.
    pub fn path(&self, key: &str) -> Vec<&Category> {
        let mut path = Vec::new();
        let mut next = self.get(key);
        while let Some(category) = next {
            path.push(category);
            next = category.parent.as_deref().and_then(|parent| self.get(parent));
        }
        path.reverse();
        path
    }

    /// What hangs in no root is not shown.
    fn grow(rows: Vec<(String, Option<String>, String, String)>, listed: &HashMap<String, i64>) -> Tree {
        let mut below: HashMap<Option<String>, Vec<(String, Both)>> = HashMap::new();
        for (key, parent, en, zh) in rows {
            below.entry(parent).or_default().push((key, Both { en, zh }));
        }
        let mut tree = Tree::default();
        tree.add(None, 1, &mut below, listed);
        tree
    }

    fn add(
        &mut self,
        parent: Option<String>,
        level: usize,
        below: &mut HashMap<Option<String>, Vec<(String, Both)>>,
        listed: &HashMap<String, i64>,
    ) -> i64 {
        let mut sum = 0;
        for (key, name) in below.remove(&parent).unwrap_or_default() {
            let place = self.all.len();
            let own = listed.get(&key).copied().unwrap_or(0);
            self.place.insert(key.clone(), place);
            self.all.push(Category { key: key.clone(), parent: parent.clone(), name, listed: 0, level });
            let all = own + self.add(Some(key), level + 1, below, listed);
            self.all[place].listed = all;
            sum += all;
        }
        sum
    }
}

/// Reads the tree with its counts: two queries.
pub fn tree(scope: &mut impl Scope) -> QueryResult<Tree> {
    let counts: Vec<(String, i64)> = product::table
        .filter(product::state.eq("listed"))
        .filter(product::shop.eq_any(shop::table.filter(shop::state.eq("open")).select(shop::id)))
        .group_by(product::category)
        .select((product::category, diesel::dsl::count_star()))
        .load(scope.db())?;
    names_with(scope, counts.into_iter().collect())
}

/// The tree without counts, for what needs the names only.
pub fn names(scope: &mut impl Scope) -> QueryResult<Tree> {
    names_with(scope, HashMap::new())
}

fn names_with(scope: &mut impl Scope, listed: HashMap<String, i64>) -> QueryResult<Tree> {
    let rows = category::table
        .order((category::sort, category::id))
        .select((category::id, category::parent, category::name_en, category::name_zh))
        .load(scope.db())?;
    Ok(Tree::grow(rows, &listed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use db::Failed;

    #[test]
    fn the_tree_counts_what_is_for_sale_in_and_below() {
        each_engine(|t| {
            let db = &t.data.db;
            let seller = open_shop(&t.vault, &member(&t.vault), "Buttons");
            categories(db);
            publish_now(db, &seller, new_product(db, "One", "一"));
            publish_now(db, &seller, new_product(db, "Two", "二"));
            let down = publish_now(db, &seller, new_product(db, "Three", "三"));
            let own = seller.clone();
            db.write_now(move |tx| crate::product::take_down(tx, &own, &down)).unwrap();
            let grown = db.read_now(|r| Ok::<_, Stop<()>>(tree(r)?)).unwrap();
            let all: Vec<_> = grown.all().iter().map(|c| (c.key.as_str(), c.level, c.listed)).collect();
            assert_eq!(all, [("trimmings", 1, 2), ("buttons", 2, 2), ("ribbons", 2, 0)]);
            let path: Vec<_> = grown.path("buttons").into_iter().map(|c| c.name.en.as_str()).collect();
            assert_eq!(path, ["Trimmings", "Buttons"]);
            assert_eq!(grown.children("trimmings").count(), 2);
            assert!(grown.path("nowhere").is_empty());
        });
    }

    #[test]
    fn a_category_is_renamed_and_never_moved_into_itself() {
        each_engine(|t| {
            let db = &t.data.db;
            categories(db);
            let put_now = |key: &str, parent: Option<&str>| {
                let new = NewCategory {
                    key: key.into(),
                    parent: parent.map(str::to_owned),
                    name: Both::new("New name", "新名"),
                    sort: 0,
                };
                db.write_now(move |tx| put(tx, &new))
            };
            // The parent of a category that is there stays.
            put_now("trimmings", Some("buttons")).unwrap();
            let grown = db.read_now(|r| Ok::<_, Stop<()>>(names(r)?)).unwrap();
            assert_eq!(grown.get("trimmings").map(|c| (c.level, c.name.en.as_str())), Some((1, "New name")));
            for (key, parent, refused) in [
                ("Upper", None, Refused::CategoryKey),
                ("a/b", None, Refused::CategoryKey),
                ("new", Some("nowhere"), Refused::CategoryUnknown),
            ] {
                let failed = put_now(key, parent).unwrap_err();
                assert!(matches!(&failed, Failed::Refused(why) if *why == refused), "{key}: {failed}");
            }
            put_now("l3", Some("buttons")).unwrap();
            put_now("l4", Some("l3")).unwrap();
            put_now("l5", Some("l4")).unwrap();
            put_now("l6", Some("l5")).unwrap();
            let failed = put_now("l7", Some("l6")).unwrap_err();
            assert!(matches!(failed, Failed::Refused(Refused::CategoryTooDeep)), "{failed}");
        });
    }
}
