//! The demo's goods (`demo/catalogue/*.json`, `demo/pictures`), loaded through the same commands as a real seller's.
//!
//! Loading again does nothing: products keep ids made from their keys, shops are known by their owners. A load that was
//! killed goes on where it stood.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};

use ::policy::{Entered, Field, Typed};
use db::clock::DAY;
use db::{BlobId, Database, Failed, Id, Stop, Tx};
use diesel::prelude::*;
use serde::Deserialize;
use vault::{Actor, Vault};

use crate::category::{self, NewCategory};
use crate::picture::{self, NotStored, Stored};
use crate::policy::{QualifySeller, product};
use crate::price::{Freight, Tier};
use crate::product::{Attribute, NewPicture, NewProduct, NewVariant, Unit, publish_all};
use crate::shop::{self, Application, Contact, Decision, Face, Representative, Seller, State};
use crate::{Both, Refused};

/// More at once would make other commands wait.
const PRODUCTS_PER_COMMAND: usize = 20;
const DECODERS: usize = 2;
/// Ids of the demo's products begin at their age before this time, so that they are the same in every load.
const IDS_FROM: i64 = 1_793_491_200_000_000; // 1 November 2026

/// How far a load is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    Pictures { done: usize, of: usize },
    Products { done: usize, of: usize },
}

/// What was there after the load.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    pub shops: usize,
    pub categories: usize,
    pub products: usize,
    pub pictures: usize,
}

#[derive(Debug)]
pub enum NotLoaded {
    File {
        path: PathBuf,
        why: String,
    },
    /// The files do not fit together.
    Wrong(String),
    Failed(String),
}

impl fmt::Display for NotLoaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotLoaded::File { path, why } => write!(f, "{}: {why}", path.display()),
            NotLoaded::Wrong(why) | NotLoaded::Failed(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for NotLoaded {}

impl<R: fmt::Debug> From<Failed<R>> for NotLoaded {
    fn from(failed: Failed<R>) -> NotLoaded {
        NotLoaded::Failed(failed.to_string())
    }
}

/// All files together.
#[derive(Debug, Default, Deserialize)]
pub struct Demo {
    #[serde(default)]
    pub shops: Vec<DemoShop>,
    #[serde(default)]
    pub categories: Vec<DemoCategory>,
    #[serde(default)]
    pub products: Vec<DemoProduct>,
}

#[derive(Debug, Deserialize)]
pub struct DemoShop {
    pub key: String,
    pub name: Both,
    intro: Both,
    place: Both,
    freight: Flat,
    ships_within_hours: i64,
    since_year: i64,
    contact_name: String,
    contact_phone: String,
}

#[derive(Debug, Deserialize)]
struct Flat {
    flat: i64,
    free_from: Option<i64>,
}

#[derive(Debug, Deserialize)]
pub struct DemoCategory {
    pub key: String,
    pub parent: Option<String>,
    pub name: Both,
}

#[derive(Debug, Deserialize)]
pub struct DemoProduct {
    pub key: String,
    shop: String,
    category: String,
    title: Both,
    description: Both,
    unit: Unit,
    moq: i64,
    tiers: Vec<Tier>,
    axis: Both,
    variants: Vec<DemoVariant>,
    attributes: Vec<Attribute>,
    pictures: Vec<String>,
    sold: i64,
    days_old: i64,
}

#[derive(Debug, Deserialize)]
struct DemoVariant {
    sku: String,
    name: Both,
    surcharge: i64,
    stock: i64,
}

impl Demo {
    /// Reads and merges all files of `<folder>/catalogue`, by name; parents stand before their children.
    pub fn read(folder: &Path) -> Result<Demo, NotLoaded> {
        let catalogue = folder.join("catalogue");
        let wrong = |path: &Path, why: String| NotLoaded::File { path: path.to_owned(), why };
        let mut files: Vec<PathBuf> = std::fs::read_dir(&catalogue)
            .map_err(|error| wrong(&catalogue, error.to_string()))?
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
            .collect();
        files.sort();
        let mut demo = Demo::default();
        for file in files {
            let text = std::fs::read_to_string(&file).map_err(|error| wrong(&file, error.to_string()))?;
            let one: Demo = serde_json::from_str(&text).map_err(|error| wrong(&file, error.to_string()))?;
            demo.merge(one);
        }
        demo.check()?;
        Ok(demo)
    }

    /// What two files both name (a root category, say) is taken from the first.
    fn merge(&mut self, more: Demo) {
        fn add<T>(all: &mut Vec<T>, more: Vec<T>, key: fn(&T) -> &str) {
            let mut known: HashSet<String> = all.iter().map(|one| key(one).to_owned()).collect();
            all.extend(more.into_iter().filter(|one| known.insert(key(one).to_owned())));
        }
        add(&mut self.shops, more.shops, |shop| &shop.key);
        add(&mut self.categories, more.categories, |category| &category.key);
        add(&mut self.products, more.products, |product| &product.key);
    }

    fn check(&mut self) -> Result<(), NotLoaded> {
        let mut sorted: Vec<DemoCategory> = Vec::with_capacity(self.categories.len());
        let mut known: HashSet<String> = HashSet::new();
        while !self.categories.is_empty() {
            let before = sorted.len();
            for category in std::mem::take(&mut self.categories) {
                if category.parent.as_ref().is_none_or(|parent| known.contains(parent)) {
                    known.insert(category.key.clone());
                    sorted.push(category);
                } else {
                    self.categories.push(category);
                }
            }
            if sorted.len() == before {
                let lost = &self.categories[0].key;
                return Err(NotLoaded::Wrong(format!("the category {lost} has no parent among the others")));
            }
        }
        self.categories = sorted;
        let shops: HashSet<&str> = self.shops.iter().map(|shop| shop.key.as_str()).collect();
        for product in &self.products {
            if !shops.contains(product.shop.as_str()) || !known.contains(&product.category) {
                return Err(NotLoaded::Wrong(format!("{} has no shop or category among the others", product.key)));
            }
            if product.tiers.first().is_none_or(|tier| tier.from != product.moq) {
                return Err(NotLoaded::Wrong(format!("the first tier of {} is not its minimum order", product.key)));
            }
        }
        Ok(())
    }
}

impl DemoProduct {
    /// A UUID of the seventh version, as [`Id`] has it: the time by the product's age, the rest by its key.
    fn id(&self) -> Id {
        let millis = (IDS_FROM - self.days_old * DAY) / 1_000;
        let hash = BlobId::of(self.key.as_bytes());
        let hash = hash.as_str();
        let text =
            format!("{:08x}-{:04x}-7{}-a{}-{}", millis >> 16, millis & 0xffff, &hash[..3], &hash[3..6], &hash[6..18]);
        Id::parse(&text).expect("the parts have the lengths of a UUID's")
    }

    fn new_product(&self, stored: &HashMap<String, Stored>) -> Result<NewProduct, NotLoaded> {
        let pictures = self
            .pictures
            .iter()
            .map(|path| stored.get(path).cloned().map(NewPicture::New))
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| NotLoaded::Wrong(format!("a picture of {} was not stored", self.key)))?;
        Ok(NewProduct {
            reference: String::new(),
            category: self.category.clone(),
            title: self.title.clone(),
            text: self.description.clone(),
            unit: self.unit.clone(),
            axis: self.axis.clone(),
            attributes: self.attributes.clone(),
            tiers: self.tiers.clone(),
            variants: self
                .variants
                .iter()
                .map(|variant| NewVariant {
                    id: None,
                    sku: variant.sku.clone(),
                    name: variant.name.clone(),
                    surcharge: variant.surcharge,
                    stock: variant.stock,
                    stock_was: 0,
                })
                .collect(),
            pictures,
        })
    }
}

/// Loads the demo from `folder` (the one that holds `catalogue` and `pictures`). `owners` names the member who keeps
/// each shop, by the shop's key. Blocks; `progress` is called on this thread.
pub fn load(
    vault: &Vault,
    folder: &Path,
    owners: &HashMap<String, Id>,
    progress: &dyn Fn(Progress),
) -> Result<Loaded, NotLoaded> {
    let db = vault.data();
    let demo = Demo::read(folder)?;
    let mut loaded = Loaded { categories: load_categories(db, &demo)?, ..Loaded::default() };
    let mut sellers = HashMap::new();
    for (number, of_demo) in demo.shops.iter().enumerate() {
        let owner = owners
            .get(&of_demo.key)
            .ok_or_else(|| NotLoaded::Wrong(format!("nobody was named who keeps the shop {}", of_demo.key)))?;
        let (seller, new) = load_shop(vault, owner, of_demo, number)?;
        loaded.shops += usize::from(new);
        sellers.insert(of_demo.key.as_str(), seller);
    }
    let missing = missing_products(db, &demo)?;
    let stored = store_pictures(db, &folder.join("pictures"), &missing, progress)?;
    loaded.pictures = stored.len();
    for chunk in missing.chunks(PRODUCTS_PER_COMMAND) {
        let mut rows = Vec::with_capacity(chunk.len());
        for of_demo in chunk {
            // A shop that the operator has paused or closed meanwhile gets nothing new.
            if let Some(Some(seller)) = sellers.get(of_demo.shop.as_str()) {
                let new = of_demo.new_product(&stored)?;
                rows.push((seller.clone(), of_demo.id(), new, of_demo.sold, of_demo.days_old));
            }
        }
        let rows = Arc::new(rows);
        loaded.products += rows.len();
        db.write_now(move |tx| rows.iter().try_for_each(|row| load_product(tx, row)))?;
        progress(Progress::Products { done: loaded.products, of: missing.len() });
    }
    if loaded.products > 0 {
        db.analyse();
    }
    Ok(loaded)
}

/// Seller, id, product, units sold, age in days.
type Row = (Seller, Id, NewProduct, i64, i64);

fn load_product(tx: &mut Tx, (seller, id, new, sold, days_old): &Row) -> Result<(), Stop<Refused>> {
    let now = tx.now;
    publish_all(tx, seller, vec![(id.clone(), new.checked().map_err(Stop::Refused)?)])?;
    diesel::update(product::table.find(id))
        .set((product::sold.eq(sold), product::listed_at.eq(Some(now - days_old * DAY))))
        .execute(tx.db)?;
    Ok(())
}

fn load_categories(db: &Database, demo: &Demo) -> Result<usize, NotLoaded> {
    let tree = db.read_now(|r| Ok::<_, Stop<()>>(category::names(r)?))?;
    let new: Vec<NewCategory> = demo
        .categories
        .iter()
        .zip(0i64..)
        .filter(|(category, _)| tree.get(&category.key).is_none())
        .map(|(category, sort)| NewCategory {
            key: category.key.clone(),
            parent: category.parent.clone(),
            name: category.name.clone(),
            sort,
        })
        .collect();
    let count = new.len();
    db.write_now(move |tx| new.iter().try_for_each(|category| category::put(tx, category)))?;
    Ok(count)
}

/// The seller, if the shop is open, and whether it was new.
fn load_shop(
    vault: &Vault,
    owner: &Id,
    of_demo: &DemoShop,
    number: usize,
) -> Result<(Option<Seller>, bool), NotLoaded> {
    let db = vault.data();
    let who = owner.clone();
    let own = db.read_now(move |r| Ok::<_, Stop<()>>(shop::of_member(r, &who)?))?;
    let (id, state, new) = match own {
        Some(own) => (own.id, own.state, false),
        None => (apply(vault, owner, of_demo, number)?, State::Applied, true),
    };
    if state == State::Applied {
        let id = id.clone();
        db.write_now(move |tx| shop::decide(tx, &Actor::job("demo"), &id, &Decision::Approve))?;
    }
    let open = matches!(state, State::Applied | State::Open);
    Ok((open.then(|| Seller { member: owner.clone(), shop: id }), new))
}

/// Legal representatives of the demo's shops; made up, like everything of the demo.
#[rustfmt::skip]
const REPRESENTATIVES: [&str; 13] = [
    "沈若溪",
    "顾明远",
    "陆青禾",
    "程一帆",
    "苏婉宁",
    "韩景行",
    "许知秋",
    "唐予安",
    "叶南枝",
    "罗思源",
    "Anna Gruber",
    "Pieter de Wit",
    "Marco Bianchi",
];

fn apply(vault: &Vault, owner: &Id, of_demo: &DemoShop, number: usize) -> Result<Id, NotLoaded> {
    let failed = |why: &dyn fmt::Display| NotLoaded::Failed(format!("the shop {}: {why}", of_demo.key));
    let mut access = vault
        .access_now::<QualifySeller>(&Actor::own(owner), std::slice::from_ref(owner))
        .map_err(|error| failed(&error))?;
    // Every third shop has a representative who is not its member: a person of their own (9-f).
    let representative = if number % 3 == 2 {
        let fresh = vault.keys().fresh_now().map_err(|error| failed(&error))?;
        access = access.and_fresh([&fresh]);
        Representative::Other(fresh)
    } else {
        Representative::Myself
    };
    let application = Application {
        face: Face {
            name: of_demo.name.clone(),
            intro: of_demo.intro.clone(),
            place: of_demo.place.clone(),
            freight: Freight { flat: of_demo.freight.flat, free_from: of_demo.freight.free_from },
            ships_within_hours: of_demo.ships_within_hours,
            since_year: of_demo.since_year,
        },
        contact: Contact {
            name: entered(&of_demo.contact_name, &of_demo.key)?,
            phone: entered(&of_demo.contact_phone, &of_demo.key)?,
        },
        representative,
        representative_name: entered(REPRESENTATIVES[number % REPRESENTATIVES.len()], &of_demo.key)?,
        settlement_account: entered(&format!("20881021{:08}", 1_001 + 37 * number), &of_demo.key)?,
    };
    let who = owner.clone();
    Ok(vault.data().write_now(move |tx| shop::apply(tx, &who, &access, &application))?)
}

fn entered<F: Field<Value = String>>(text: &str, shop: &str) -> Result<Entered<F>, NotLoaded> {
    Entered::parse(&Typed::new(text))
        .map_err(|invalid| NotLoaded::Wrong(format!("the {} of {shop}: {invalid:?}", F::INFO.id)))
}

fn missing_products<'d>(db: &Database, demo: &'d Demo) -> Result<Vec<&'d DemoProduct>, NotLoaded> {
    let mut there: HashSet<Id> = HashSet::new();
    for chunk in demo.products.chunks(200) {
        let ids: Vec<Id> = chunk.iter().map(DemoProduct::id).collect();
        there.extend(db.read_now(move |r| {
            let known: Vec<Id> = product::table.filter(product::id.eq_any(&ids)).select(product::id).load(r.db)?;
            Ok::<_, Stop<()>>(known)
        })?);
    }
    Ok(demo.products.iter().filter(|product| !there.contains(&product.id())).collect())
}

/// Decodes and stores the pictures of `products`, each once, on threads of their own.
fn store_pictures(
    db: &Database,
    folder: &Path,
    products: &[&DemoProduct],
    progress: &dyn Fn(Progress),
) -> Result<HashMap<String, Stored>, NotLoaded> {
    let mut seen = HashSet::new();
    let paths: Vec<&String> =
        products.iter().flat_map(|product| &product.pictures).filter(|path| seen.insert(*path)).collect();
    let next = AtomicUsize::new(0);
    let (to, from) = mpsc::channel();
    std::thread::scope(|threads| {
        for _ in 0..DECODERS {
            let (to, next, paths) = (to.clone(), &next, &paths);
            threads.spawn(move || {
                while let Some(path) = paths.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let stored = store_picture(db, &folder.join(path)).map(|stored| ((*path).clone(), stored));
                    let failed = stored.is_err();
                    if to.send(stored).is_err() || failed {
                        return;
                    }
                }
            });
        }
        drop(to);
        let mut all = HashMap::with_capacity(paths.len());
        for stored in from {
            let (path, stored) = stored?;
            all.insert(path, stored);
            progress(Progress::Pictures { done: all.len(), of: paths.len() });
        }
        Ok(all)
    })
}

fn store_picture(db: &Database, path: &Path) -> Result<Stored, NotLoaded> {
    let wrong = |why: String| NotLoaded::File { path: path.to_owned(), why };
    let bytes = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
    picture::store(db.blobs(), &bytes).map_err(|not_stored| {
        wrong(match not_stored {
            NotStored::Refused(refused) => format!("{refused:?}"),
            NotStored::Disk(error) => error.to_string(),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use crate::view;
    use std::cell::RefCell;

    fn real() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../demo")
    }

    /// The goods that ship with the product pass every limit of a seller's form, and their pictures are there.
    #[test]
    fn the_demo_that_ships_is_sound() {
        let demo = Demo::read(&real()).unwrap();
        assert!(demo.products.len() > 250 && demo.shops.len() > 10);
        let mut ids = HashSet::new();
        for product in &demo.products {
            assert!(ids.insert(product.id()), "{} shares its id", product.key);
            let stored = |path: &String| (path.clone(), no_picture());
            let stored: HashMap<String, Stored> = product.pictures.iter().map(stored).collect();
            let new = product.new_product(&stored).unwrap();
            assert!(new.checked().is_ok(), "{}: {:?}", product.key, new.checked());
            for path in &product.pictures {
                assert!(real().join("pictures").join(path).is_file(), "{}: {path}", product.key);
            }
        }
    }

    fn no_picture() -> Stored {
        let id = BlobId::of(b"");
        Stored { large: id.clone(), small: id, width: 1, height: 1 }
    }

    /// A part of the real demo, small enough for a test.
    fn cut(folder: &Path) {
        let demo: serde_json::Value =
            serde_json::from_str(&std::fs::read_to_string(real().join("catalogue/groceries.json")).unwrap()).unwrap();
        let products: Vec<_> = demo["products"].as_array().unwrap().iter().take(8).cloned().collect();
        std::fs::create_dir_all(folder.join("catalogue")).unwrap();
        for picture in products.iter().flat_map(|product| product["pictures"].as_array().unwrap()) {
            let path = Path::new("pictures").join(picture.as_str().unwrap());
            std::fs::create_dir_all(folder.join(&path).parent().unwrap()).unwrap();
            std::fs::copy(real().join(&path), folder.join(&path)).unwrap();
        }
        let mut categories = demo["categories"].as_array().unwrap().clone();
        categories.reverse();
        let first = serde_json::json!({ "categories": categories, "shops": demo["shops"] });
        let second = serde_json::json!({ "products": products });
        std::fs::write(folder.join("catalogue/a.json"), first.to_string()).unwrap();
        std::fs::write(folder.join("catalogue/b.json"), second.to_string()).unwrap();
    }

    /// 2.1.3-c.S1: the demo's shops file their papers as every shop does. Loading twice does nothing.
    #[test]
    fn a_second_load_does_nothing() {
        each_engine(|t| {
            let folder = t.data.folder.join("demo");
            cut(&folder);
            let demo = Demo::read(&folder).unwrap();
            let owners: HashMap<String, Id> =
                demo.shops.iter().map(|shop| (shop.key.clone(), member(&t.vault))).collect();
            let steps = RefCell::new(Vec::new());
            let first = load(&t.vault, &folder, &owners, &|step| steps.borrow_mut().push(step)).unwrap();
            assert_eq!((first.shops, first.products), (demo.shops.len(), 8));
            assert_eq!(steps.borrow().last(), Some(&Progress::Products { done: 8, of: 8 }));
            let again = load(&t.vault, &folder, &owners, &|_| {}).unwrap();
            assert_eq!(again, Loaded::default());

            let id = demo.products[0].id();
            let page = t.data.db.read_now(move |r| Ok::<_, Stop<()>>(view::product_page(r, &id)?)).unwrap().unwrap();
            assert_eq!((page.sold, page.title.zh.as_str()), (demo.products[0].sold, &*demo.products[0].title.zh));
            assert!(page.listed_at < t.data.db.now() - DAY);
            let shop = page.shop.id.clone();
            let people = t.data.db.read_now(move |r| Ok::<_, Stop<()>>(shop::people(r, &shop)?)).unwrap();
            assert!(people.is_some());
        });
    }

    #[test]
    fn files_that_do_not_fit_together_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("catalogue")).unwrap();
        let lost = r#"{"categories": [{"key": "a", "parent": "b", "name": {"en": "A", "zh": ""}}]}"#;
        std::fs::write(folder.path().join("catalogue/a.json"), lost).unwrap();
        let wrong = Demo::read(folder.path()).unwrap_err().to_string();
        assert_eq!(wrong, "the category a has no parent among the others");
        std::fs::write(folder.path().join("catalogue/a.json"), "{").unwrap();
        assert!(Demo::read(folder.path()).unwrap_err().to_string().contains("a.json"));
    }
}
