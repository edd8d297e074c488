//! Products: publishing, editing, taking down, listing again. Every command begins at the seller's own shop.

use std::collections::HashSet;

use db::{Db, Event, Id, Scope, Stop, Tx, insert_all, load_each, on_each};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::picture::Stored;
use crate::policy::{category, former_picture, picture, price_tier, product, shop, variant};
use crate::price::Tier;
use crate::shop::Seller;
use crate::view::Variant;
use crate::{Both, PRODUCT_CHANGED, Refused};

pub const VARIANTS_MAX: usize = 50;
pub const TIERS_MAX: usize = 6;
pub const PICTURES_MAX: usize = 12;
pub const ATTRIBUTES_MAX: usize = 30;

/// The unit of trade: one case, many cases, 箱.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    pub one: String,
    pub many: String,
    pub zh: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attribute {
    pub name: Both,
    pub value: Both,
}

/// One row of the form's table of variants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewVariant {
    /// The variant that the row edits; `None` adds one.
    pub id: Option<Id>,
    /// The seller's own number; may be empty.
    pub sku: String,
    pub name: Both,
    /// Minor units on top of the tier's price.
    pub surcharge: i64,
    /// Units that can be sold.
    pub stock: i64,
    /// What the form showed as stock. Only the difference is booked, so that what was sold while the seller typed is
    /// not sold twice.
    pub stock_was: i64,
}

/// The row that changes nothing of a variant.
impl From<Variant> for NewVariant {
    fn from(there: Variant) -> NewVariant {
        let Variant { id, sku, name, surcharge, stock } = there;
        NewVariant { id: Some(id), sku, name, surcharge, stock, stock_was: stock }
    }
}

/// A picture of the form: one that the product has, or one just stored. A hash alone is none: it could name somebody
/// else's attachment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NewPicture {
    /// The place of a picture that this product has now.
    Kept(i64),
    New(Stored),
}

/// What a seller publishes or saves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewProduct {
    /// The seller's own number of the product, by which a spreadsheet names it; may be empty.
    pub reference: String,
    pub category: String,
    pub title: Both,
    pub text: Both,
    pub unit: Unit,
    /// What the variants differ in: size, colour.
    pub axis: Both,
    pub attributes: Vec<Attribute>,
    /// Rising in units, falling in price; the first begins at the minimum order.
    pub tiers: Vec<Tier>,
    pub variants: Vec<NewVariant>,
    pub pictures: Vec<NewPicture>,
}

/// A product as saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    pub id: Id,
    pub version: i64,
}

/// What a command came to that was only tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tried {
    /// It would go through.
    Good,
    Refused(Refused),
}

/// Runs a command to see whether it would be refused, and undoes it whatever comes of it: pictures are stored only for
/// what passes, so that a refused form leaves none on the disk.
pub fn try_out<T>(tx: &mut Tx, command: impl FnOnce(&mut Tx) -> Result<T, Stop<Refused>>) -> Result<(), Stop<Tried>> {
    match command(tx) {
        Ok(_) => Err(Stop::refuse(Tried::Good)),
        Err(stop) => Err(stop.map(Tried::Refused)),
    }
}

/// Publishes a product in the seller's shop; it is for sale from the commit on.
pub fn publish(tx: &mut Tx, seller: &Seller, new: &NewProduct) -> Result<Published, Stop<Refused>> {
    let id = tx.id();
    publish_all(tx, seller, vec![(id.clone(), new.checked().map_err(Stop::Refused)?)])?;
    Ok(Published { id, version: 1 })
}

/// As [`publish`], several at once, all or none, as [`NewProduct::checked`] left them and under ids that the caller has
/// drawn (the demo's goods keep theirs). Their tiers, pictures and variants go together: on PostgreSQL each statement is
/// a way to the server.
pub(crate) fn publish_all(tx: &mut Tx, seller: &Seller, all: Vec<(Id, NewProduct)>) -> Result<(), Stop<Refused>> {
    must_be_open(tx, seller)?;
    must_know_categories(tx, all.iter().map(|(_, new)| new.category.as_str()).collect())?;
    let now = tx.now;
    let stored = all.iter().map(|(id, new)| pictures_of(tx, id, &new.pictures)).collect::<Result<Vec<_>, _>>()?;
    let mut products = Vec::with_capacity(all.len());
    for ((id, new), stored) in all.iter().zip(&stored) {
        products.push((
            (
                product::id.eq(id),
                product::shop.eq(&seller.shop),
                product::state.eq("listed"),
                product::sold.eq(0),
                product::listed_at.eq(Some(now)),
                product::changed_at.eq(now),
                product::version.eq(1),
            ),
            Columns::of(new, stored)?,
        ));
    }
    // The one conflict there can be is the seller's own number; the ids are fresh.
    let mut written = 0;
    if let Db::Pg(c) = &mut *tx.db
        && products.len() > db::FEW
    {
        for some in products.chunks(ROWS_MAX) {
            written += diesel::insert_into(product::table).values(some).on_conflict_do_nothing().execute(c)?;
        }
    } else {
        for one in products {
            let one = diesel::insert_into(product::table).values(one).on_conflict_do_nothing();
            written += on_each!(tx.db, c => one.execute(c))?;
        }
    }
    if written < all.len() {
        return Err(Stop::refuse(Refused::ReferenceTaken));
    }
    let mut rows = Rows::default();
    for ((id, new), stored) in all.iter().zip(&stored) {
        rows.add(id, &new.tiers, stored);
        for (sort, row) in new.variants.iter().enumerate() {
            // A row that names a variant was made for another product.
            if row.id.is_some() {
                return Err(Stop::refuse(Refused::VariantUnknown { row: sort + 1 }));
            }
            rows.variants.push(VariantRow::of(tx, id, sort, row));
        }
        changed(tx, id);
    }
    Ok(rows.insert(tx)?)
}

/// Saves an edit made from `version`. Refused if somebody saved another one meanwhile, or if the product is not in the
/// seller's shop. Variants that are left out are no longer offered; orders that hold them keep them.
pub fn edit(tx: &mut Tx, seller: &Seller, id: &Id, version: i64, new: &NewProduct) -> Result<Published, Stop<Refused>> {
    let new = new.checked().map_err(Stop::Refused)?;
    must_know_categories(tx, HashSet::from([new.category.as_str()]))?;
    must_be_free(tx, seller, id, &new.reference)?;
    let pictures = pictures_of(tx, id, &new.pictures)?;
    let shown = of_seller(seller, id).select(product::picture);
    let before: Option<Option<String>> = on_each!(tx.db, c => shown.get_result(c)).optional()?;
    let now = tx.now;
    let n = diesel::update(of_seller(seller, id).filter(product::version.eq(version)))
        .set((product::changed_at.eq(now), product::version.eq(version + 1), Columns::of(&new, &pictures)?))
        .execute(tx.db)?;
    if n == 0 {
        return Err(Stop::refuse(edited_or_not_found(tx, seller, id)?));
    }
    let first = pictures.first().map(|stored| stored.small.as_str());
    if let Some(small) = before.flatten().filter(|small| first != Some(small)) {
        let row = (former_picture::small.eq(small), former_picture::product.eq(id));
        on_each!(tx.db, c => diesel::insert_into(former_picture::table).values(row).on_conflict_do_nothing().execute(c))?;
    }
    diesel::delete(price_tier::table.filter(price_tier::product.eq(id))).execute(tx.db)?;
    diesel::delete(picture::table.filter(picture::product.eq(id))).execute(tx.db)?;
    let mut rows = Rows::default();
    rows.add(id, &new.tiers, &pictures);
    rows.variants = save_variants(tx, id, &new.variants)?;
    rows.insert(tx)?;
    changed(tx, id);
    Ok(Published { id: id.clone(), version: version + 1 })
}

/// Takes a product off sale; carts and links say so, orders go on.
pub fn take_down(tx: &mut Tx, seller: &Seller, id: &Id) -> Result<(), Stop<Refused>> {
    set_state(tx, seller, id, "down")
}

/// Puts a product that was taken down on sale again.
pub fn list_again(tx: &mut Tx, seller: &Seller, id: &Id) -> Result<(), Stop<Refused>> {
    must_be_open(tx, seller)?;
    set_state(tx, seller, id, "listed")
}

fn set_state(tx: &mut Tx, seller: &Seller, id: &Id, state: &str) -> Result<(), Stop<Refused>> {
    let now = tx.now;
    let n = diesel::update(of_seller(seller, id))
        .set((product::state.eq(state), product::changed_at.eq(now), product::version.eq(product::version + 1)))
        .execute(tx.db)?;
    if n == 0 {
        return Err(Stop::refuse(Refused::ProductNotFound));
    }
    changed(tx, id);
    Ok(())
}

#[diesel::dsl::auto_type(no_type_alias)]
fn of_seller<'a>(seller: &'a Seller, id: &'a Id) -> _ {
    let shop: &'a Id = &seller.shop;
    product::table.filter(product::id.eq(id)).filter(product::shop.eq(shop))
}

fn edited_or_not_found(tx: &mut Tx, seller: &Seller, id: &Id) -> QueryResult<Refused> {
    let known: i64 = of_seller(seller, id).count().get_result(tx.db)?;
    Ok(if known == 0 { Refused::ProductNotFound } else { Refused::Edited })
}

pub(crate) fn must_be_open(scope: &mut impl Scope, seller: &Seller) -> Result<(), Stop<Refused>> {
    let asked = shop::table.find(&seller.shop).select(shop::state);
    let state: Option<String> = on_each!(scope.db(), c => asked.get_result(c)).optional()?;
    match state.as_deref() {
        Some("open") => Ok(()),
        Some("paused") => Err(Stop::refuse(Refused::ShopPaused)),
        _ => Err(Stop::refuse(Refused::NoShop)),
    }
}

/// The seller's own number is on no other product of the shop.
fn must_be_free(tx: &mut Tx, seller: &Seller, id: &Id, reference: &str) -> Result<(), Stop<Refused>> {
    if reference.is_empty() {
        return Ok(());
    }
    // Two who take one number at once stand in line at the shop; SQLite has one writer.
    if let Db::Pg(c) = tx.db {
        shop::table.find(&seller.shop).select(shop::id).for_no_key_update().execute(c)?;
    }
    let others = product::table
        .filter(product::shop.eq(&seller.shop))
        .filter(product::reference.eq(reference))
        .filter(product::id.ne(id))
        .count();
    let taken: i64 = on_each!(tx.db, c => others.get_result(c))?;
    if taken == 0 { Ok(()) } else { Err(Stop::refuse(Refused::ReferenceTaken)) }
}

fn must_know_categories(tx: &mut Tx, keys: HashSet<&str>) -> Result<(), Stop<Refused>> {
    let asked = category::table.select(category::id);
    let (count, keys): (usize, Vec<&str>) = (keys.len(), keys.into_iter().collect());
    let known = load_each!(tx.db(), asked, category::id, keys => String)?;
    if known.len() == count { Ok(()) } else { Err(Stop::refuse(Refused::CategoryUnknown)) }
}

fn changed(tx: &mut Tx, id: &Id) {
    tx.emit(Event { kind: PRODUCT_CHANGED, about: id.clone(), body: serde_json::json!({}) });
}

/// What publish and edit write alike.
// An empty number is taken away, and not left as it was.
#[derive(Insertable, AsChangeset)]
#[diesel(table_name = product, treat_none_as_null = true)]
struct Columns<'a> {
    reference: Option<&'a str>,
    category: &'a str,
    title_en: &'a str,
    title_zh: &'a str,
    text_en: &'a str,
    text_zh: &'a str,
    unit_one: &'a str,
    unit_many: &'a str,
    unit_zh: &'a str,
    axis_en: &'a str,
    axis_zh: &'a str,
    attributes: String,
    minimum: i64,
    price_low: i64,
    price_high: i64,
    picture: Option<&'a str>,
}

impl<'a> Columns<'a> {
    fn of(new: &'a NewProduct, pictures: &'a [Stored]) -> Result<Columns<'a>, serde_json::Error> {
        Ok(Columns {
            reference: Some(new.reference.as_str()).filter(|reference| !reference.is_empty()),
            category: &new.category,
            title_en: &new.title.en,
            title_zh: &new.title.zh,
            text_en: &new.text.en,
            text_zh: &new.text.zh,
            unit_one: &new.unit.one,
            unit_many: &new.unit.many,
            unit_zh: &new.unit.zh,
            axis_en: &new.axis.en,
            axis_zh: &new.axis.zh,
            attributes: attributes_to_json(&new.attributes)?,
            minimum: new.tiers.first().map_or(1, |tier| tier.from),
            price_low: new.tiers.last().map_or(1, |tier| tier.price),
            price_high: new.tiers.first().map_or(1, |tier| tier.price),
            picture: pictures.first().map(|picture| picture.small.as_str()),
        })
    }
}

/// As the column holds them: a JSON list of [name en, name zh, value en, value zh].
pub(crate) fn attributes_to_json(attributes: &[Attribute]) -> Result<String, serde_json::Error> {
    let rows: Vec<[&str; 4]> =
        attributes.iter().map(|a| [&*a.name.en, &*a.name.zh, &*a.value.en, &*a.value.zh]).collect();
    serde_json::to_string(&rows)
}

/// What the column holds; nothing where it cannot be read.
pub(crate) fn attributes_from_json(json: &str) -> Vec<Attribute> {
    let rows: Vec<[String; 4]> = serde_json::from_str(json).unwrap_or_default();
    rows.into_iter()
        .map(|[name_en, name_zh, value_en, value_zh]| Attribute {
            name: Both { en: name_en, zh: name_zh },
            value: Both { en: value_en, zh: value_zh },
        })
        .collect()
}

/// Rows of products that are written at once.
const ROWS_MAX: usize = 100;

/// What belongs to products and is written for all of them together.
#[derive(Default)]
struct Rows {
    tiers: Vec<TierRow>,
    pictures: Vec<PictureRow>,
    variants: Vec<VariantRow>,
}

impl Rows {
    fn add(&mut self, product: &Id, tiers: &[Tier], pictures: &[Stored]) {
        self.tiers.extend(tiers.iter().map(|tier| TierRow::of(product, tier)));
        self.pictures.extend(pictures.iter().zip(0..).map(|(stored, place)| PictureRow::of(product, place, stored)));
    }

    fn insert(self, tx: &mut Tx) -> QueryResult<()> {
        let Rows { tiers, pictures, variants } = self;
        on_each!(tx.db, c => insert_all!(c, price_tier::table, tiers, ROWS_MAX))?;
        on_each!(tx.db, c => insert_all!(c, picture::table, pictures, ROWS_MAX))?;
        on_each!(tx.db, c => insert_all!(c, variant::table, variants, ROWS_MAX))
    }
}

// Without defaults: where there may be some, diesel inserts one row after the other in a transaction of its own.

#[derive(Insertable)]
#[diesel(table_name = price_tier, treat_none_as_default_value = false)]
struct TierRow {
    product: Id,
    from_quantity: i64,
    price: i64,
}

impl TierRow {
    fn of(product: &Id, tier: &Tier) -> TierRow {
        TierRow { product: product.clone(), from_quantity: tier.from, price: tier.price }
    }
}

#[derive(Insertable)]
#[diesel(table_name = picture, treat_none_as_default_value = false)]
struct PictureRow {
    product: Id,
    place: i64,
    blob: String,
    small: String,
    width: i64,
    height: i64,
}

impl PictureRow {
    fn of(product: &Id, place: i64, stored: &Stored) -> PictureRow {
        PictureRow {
            product: product.clone(),
            place,
            blob: stored.large.as_str().to_owned(),
            small: stored.small.as_str().to_owned(),
            width: stored.width.into(),
            height: stored.height.into(),
        }
    }
}

#[derive(Insertable)]
#[diesel(table_name = variant, treat_none_as_default_value = false)]
struct VariantRow {
    product: Id,
    id: Id,
    sku: String,
    name_en: String,
    name_zh: String,
    surcharge: i64,
    stock: i64,
    sort: i64,
    gone: bool,
    changed_at: i64,
}

impl VariantRow {
    fn of(tx: &mut Tx, product: &Id, sort: usize, new: &NewVariant) -> VariantRow {
        VariantRow {
            product: product.clone(),
            id: tx.id(),
            sku: new.sku.clone(),
            name_en: new.name.en.clone(),
            name_zh: new.name.zh.clone(),
            surcharge: new.surcharge,
            stock: new.stock,
            sort: sort as i64,
            gone: false,
            changed_at: tx.now,
        }
    }
}

/// The pictures that the form names, in its order.
fn pictures_of(tx: &mut Tx, id: &Id, named: &[NewPicture]) -> Result<Vec<Stored>, Stop<Refused>> {
    let had = if named.iter().any(|picture| matches!(picture, NewPicture::Kept(_))) {
        crate::picture::of_product(tx, id)?
    } else {
        Vec::new()
    };
    let mut pictures = Vec::with_capacity(named.len());
    for (at, name) in named.iter().enumerate() {
        pictures.push(match name {
            NewPicture::New(stored) => stored.clone(),
            NewPicture::Kept(place) => usize::try_from(*place)
                .ok()
                .and_then(|place| had.get(place).cloned())
                .ok_or(Stop::Refused(Refused::PictureUnknown { row: at + 1 }))?,
        });
    }
    Ok(pictures)
}

/// Saves those that there are, and gives back the rows of those that are new.
fn save_variants(tx: &mut Tx, product: &Id, rows: &[NewVariant]) -> Result<Vec<VariantRow>, Stop<Refused>> {
    let now = tx.now;
    let known: Vec<(Id, bool)> = variant::table
        .filter(variant::product.eq(product))
        .order(variant::id)
        .select((variant::id, variant::gone))
        .load(tx.db)?;
    let named: HashSet<&Id> = rows.iter().filter_map(|row| row.id.as_ref()).collect();
    for (id, gone) in &known {
        if !gone && !named.contains(id) {
            diesel::update(variant::table.find((product, id)))
                .set((variant::gone.eq(true), variant::changed_at.eq(now)))
                .execute(tx.db)?;
        }
    }
    let mut fresh = Vec::new();
    for (sort, row) in rows.iter().enumerate() {
        let Some(id) = &row.id else {
            fresh.push(VariantRow::of(tx, product, sort, row));
            continue;
        };
        if !known.iter().any(|(k, gone)| k == id && !gone) {
            return Err(Stop::refuse(Refused::VariantUnknown { row: sort + 1 }));
        }
        let more = row.stock.saturating_sub(row.stock_was);
        // Sold below what the seller takes away: nothing is left, never less.
        let n = diesel::update(variant::table.find((product, id)).filter(variant::stock.ge(-more)))
            .set((
                variant::sku.eq(&row.sku),
                variant::name_en.eq(&row.name.en),
                variant::name_zh.eq(&row.name.zh),
                variant::surcharge.eq(row.surcharge),
                variant::stock.eq(variant::stock + more),
                variant::sort.eq(sort as i64),
                variant::changed_at.eq(now),
            ))
            .execute(tx.db)?;
        if n == 0 {
            let left: i64 = variant::table.find((product, id)).select(variant::stock).first(tx.db)?;
            return Err(Stop::refuse(Refused::Short { product: product.clone(), variant: id.clone(), left }));
        }
    }
    Ok(fresh)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use crate::view::{self, ProductPage, Sale};
    use db::{Database, Failed};
    use vault::testing::TestVault;

    /// A shop with one product of two variants.
    struct Bench<'t> {
        t: &'t TestVault,
        seller: Seller,
        id: Id,
    }

    impl Bench<'_> {
        fn on(t: &TestVault) -> Bench<'_> {
            let seller = open_shop(&t.vault, &member(&t.vault), "Buttons");
            categories(&t.data.db);
            let id = publish_now(&t.data.db, &seller, new_product(&t.data.db, "Brass button", "黄铜纽扣"));
            Bench { t, seller, id }
        }

        fn db(&self) -> &Database {
            &self.t.data.db
        }

        fn page(&self) -> ProductPage {
            let id = self.id.clone();
            self.db().read_now(move |r| Ok::<_, Stop<()>>(view::product_page(r, &id)?)).unwrap().unwrap()
        }

        /// The form as a seller's page would fill it.
        fn form(&self) -> NewProduct {
            self.page().as_form()
        }

        fn save_as(&self, seller: &Seller, version: i64, form: NewProduct) -> Result<Published, Failed<Refused>> {
            let (seller, id) = (seller.clone(), self.id.clone());
            self.db().write_now(move |tx| edit(tx, &seller, &id, version, &form))
        }

        fn save(&self, version: i64, form: NewProduct) -> Result<Published, Failed<Refused>> {
            self.save_as(&self.seller, version, form)
        }
    }

    fn refused<T: std::fmt::Debug>(result: Result<T, Failed<Refused>>) -> Refused {
        match result {
            Err(Failed::Refused(refused)) => refused,
            other => panic!("{other:?}"),
        }
    }

    /// A form that is refused leaves no picture on the disk; what is tried out leaves nothing at all.
    #[test]
    fn a_refused_form_stores_no_picture() {
        each_engine(|t| {
            let b = Bench::on(&t);
            let pixels = image::RgbImage::from_fn(80, 60, |x, y| image::Rgb([y as u8, x as u8, 7]));
            let mut png = std::io::Cursor::new(Vec::new());
            pixels.write_to(&mut png, image::ImageFormat::Png).unwrap();
            let prepared = crate::picture::prepare(png.get_ref()).unwrap();
            let named = prepared.named();
            let mut new = new_product(b.db(), "Horn button", "角质纽扣");
            new.pictures = vec![NewPicture::New(named.clone())];
            let try_it = |new: &NewProduct| {
                let (seller, new) = (b.seller.clone(), new.clone());
                b.db().write_now(move |tx| try_out(tx, |tx| publish(tx, &seller, &new))).unwrap_err()
            };
            let unknown = NewProduct { category: "no such".into(), ..new.clone() };
            let refused = try_it(&unknown);
            assert!(matches!(refused, Failed::Refused(Tried::Refused(Refused::CategoryUnknown))), "{refused}");
            let good = try_it(&new);
            assert!(matches!(good, Failed::Refused(Tried::Good)), "{good}");
            for blob in [named.large(), named.small()] {
                assert!(matches!(b.db().blobs().get(blob), Err(db::BlobError::Missing)));
            }
            let count = |db: &Database| {
                db.read_now(|r| Ok::<_, Stop<()>>(product::table.count().get_result::<i64>(r.db)?)).unwrap()
            };
            assert_eq!(count(b.db()), 1, "the bench's own");
            assert_eq!(prepared.store(b.db().blobs()).unwrap(), named);
            publish_now(b.db(), &b.seller, new);
            assert!(b.db().blobs().get(named.large()).is_ok() && b.db().blobs().get(named.small()).is_ok());
            assert_eq!(count(b.db()), 2);
        });
    }

    #[test]
    fn what_is_published_is_shown_whole() {
        each_engine(|t| {
            let bench = Bench::on(&t);
            let page = bench.page();
            assert_eq!((page.sale, page.minimum(), page.in_stock()), (Sale::Open, 10, 200));
            assert_eq!(page.attributes[0].value, Both::new("Brass", "黄铜"));
            assert_eq!(page.variants.iter().map(|v| v.sku.as_str()).collect::<Vec<_>>(), ["B-15", "B-20"]);
            assert_eq!(page.pictures.len(), 1);
            assert_eq!(page.shop.place.zh, "义乌");
            assert!(heard(bench.db(), PRODUCT_CHANGED, &bench.id));
        });
    }

    /// Two editors do not overwrite each other; what was sold while the seller typed is not sold twice.
    #[test]
    fn an_old_form_overwrites_neither_words_nor_stock() {
        each_engine(|t| {
            let bench = Bench::on(&t);
            let mut form = bench.form();
            let sold = [(bench.id.clone(), form.variants[0].id.clone().unwrap(), 30)];
            bench.db().write_now(move |tx| crate::stock::take(tx, &mut sold.clone())).unwrap();
            form.title.en = "Brass button, polished".into();
            form.variants[0].stock = 150; // from the 100 that the form showed
            form.variants[1].name.en = "20 mm, flat".into();
            let saved = bench.save(1, form.clone()).unwrap();
            assert_eq!(saved.version, 2);
            let page = bench.page();
            assert_eq!(page.title.en, "Brass button, polished");
            assert_eq!(page.variants[0].stock, 120);
            assert_eq!(page.variants[1].name.en, "20 mm, flat");
            assert_eq!(refused(bench.save(1, form.clone())), Refused::Edited);

            // More is taken away than is left.
            form.variants[0].stock = 0;
            form.variants[0].stock_was = 150;
            let short = refused(bench.save(2, form));
            assert!(matches!(short, Refused::Short { left: 120, .. }), "{short:?}");
            assert_eq!(bench.page().version, 2);
        });
    }

    /// Variants that are left out go, and do not come back under their old id.
    #[test]
    fn variants_come_and_go() {
        each_engine(|t| {
            let bench = Bench::on(&t);
            let whole = bench.form();
            let mut form = whole.clone();
            let gone = form.variants.remove(0);
            form.variants.push(NewVariant {
                sku: "B-25".into(),
                name: Both::new("25 mm", ""),
                stock: 7,
                ..NewVariant::default()
            });
            bench.save(1, form).unwrap();
            let names: Vec<String> = bench.page().variants.into_iter().map(|v| v.name.en).collect();
            assert_eq!(names, ["20 mm", "25 mm"]);
            assert_eq!(refused(bench.save(2, whole)), Refused::VariantUnknown { row: 1 });
            let line = [(bench.id.clone(), gone.id.unwrap(), 1)];
            let refused = refused(bench.db().write_now(move |tx| crate::stock::take(tx, &mut line.clone())));
            assert!(matches!(refused, Refused::NotOffered { .. }), "{refused:?}");
        });
    }

    /// Every look-up begins at the seller's shop: another seller's product is not found, whatever is done to it.
    #[test]
    fn another_sellers_product_is_out_of_reach() {
        each_engine(|t| {
            let bench = Bench::on(&t);
            let stranger = open_shop(&t.vault, &member(&t.vault), "Stranger");
            assert_eq!(refused(bench.save_as(&stranger, 1, bench.form())), Refused::ProductNotFound);
            for command in [take_down, list_again] {
                let (seller, id) = (stranger.clone(), bench.id.clone());
                let result = bench.db().write_now(move |tx| command(tx, &seller, &id));
                assert_eq!(refused(result), Refused::ProductNotFound);
            }
            let (seller, id) = (stranger, bench.id.clone());
            let seen = bench.db().read_now(move |r| Ok::<_, Stop<()>>(view::own_product(r, &seller, &id)?)).unwrap();
            assert!(seen.is_none());
            assert_eq!(bench.page().sale, Sale::Open);
        });
    }

    /// A picture is one that the product has, or one just stored: no form names a blob of its own accord.
    #[test]
    fn pictures_are_kept_by_place_and_added_by_storing() {
        each_engine(|t| {
            let bench = Bench::on(&t);
            let mut form = bench.form();
            form.pictures = vec![NewPicture::New(stored(bench.db())), NewPicture::Kept(0)];
            bench.save(1, form.clone()).unwrap();
            assert_eq!(bench.page().pictures.len(), 2);
            form.pictures = vec![NewPicture::Kept(0), NewPicture::Kept(7)];
            assert_eq!(refused(bench.save(2, form.clone())), Refused::PictureUnknown { row: 2 });
            form.pictures = vec![NewPicture::Kept(-1)];
            assert_eq!(refused(bench.save(2, form)), Refused::PictureUnknown { row: 1 });
        });
    }

    #[test]
    fn taken_down_and_listed_again() {
        each_engine(|t| {
            let bench = Bench::on(&t);
            let run = |command: fn(&mut Tx, &Seller, &Id) -> Result<(), Stop<Refused>>| {
                let (seller, id) = (bench.seller.clone(), bench.id.clone());
                bench.db().write_now(move |tx| command(tx, &seller, &id))
            };
            run(take_down).unwrap();
            assert_eq!(bench.page().sale, Sale::Down);
            run(list_again).unwrap();
            assert_eq!(bench.page().sale, Sale::Open);
            decide_now(bench.db(), &bench.seller.shop, crate::shop::Decision::Pause("Papers.".into())).unwrap();
            assert_eq!(bench.page().sale, Sale::ShopNotOpen);
            assert_eq!(refused(run(list_again)), Refused::ShopPaused);
            let (seller, form) = (bench.seller.clone(), new_product(bench.db(), "More", "更多"));
            let result = bench.db().write_now(move |tx| super::publish(tx, &seller, &form));
            assert_eq!(refused(result), Refused::ShopPaused);
        });
    }

    #[test]
    fn a_sellers_list_is_paged_and_counts_stock() {
        each_engine(|t| {
            let bench = Bench::on(&t);
            let more: Vec<Id> = (0..4)
                .map(|n| publish_now(bench.db(), &bench.seller, new_product(bench.db(), &format!("P{n}"), "")))
                .collect();
            let own = bench.seller.clone();
            let first = bench
                .db()
                .read_now(move |r| Ok::<_, Stop<()>>(view::own_products(r, &own, Some(true), None, 3)?))
                .unwrap();
            assert_eq!(first.iter().map(|line| &line.id).collect::<Vec<_>>(), [&more[3], &more[2], &more[1]]);
            assert_eq!(first[0].stock, 200);
            let (own, last) = (bench.seller.clone(), first[2].id.clone());
            let rest = bench
                .db()
                .read_now(move |r| Ok::<_, Stop<()>>(view::own_products(r, &own, None, Some(&last), 3)?))
                .unwrap();
            assert_eq!(rest.iter().map(|line| &line.id).collect::<Vec<_>>(), [&more[0], &bench.id]);
            let goods = {
                let ids = [bench.id.clone(), Id::fresh()];
                bench.db().read_now(move |r| Ok::<_, Stop<()>>(view::goods(r, &ids)?)).unwrap()
            };
            assert_eq!(goods.len(), 1);
            let of_cart = &goods[&bench.id];
            assert_eq!((of_cart.seller.clone(), of_cart.variants.len()), (bench.seller.member.clone(), 2));
        });
    }

    /// Every field has its limits, and the refusal names the field.
    #[test]
    fn every_field_has_limits() {
        let good = NewProduct {
            reference: String::new(),
            category: "buttons".into(),
            title: Both::new("Button", "纽扣"),
            text: Both::new("Text", ""),
            unit: Unit { one: "bag".into(), many: String::new(), zh: "袋".into() },
            axis: Both::new("Size", ""),
            attributes: vec![],
            tiers: vec![Tier { from: 10, price: 500 }, Tier { from: 20, price: 400 }],
            variants: vec![
                NewVariant { name: Both::new("S", ""), ..NewVariant::default() },
                NewVariant { name: Both::new("M", ""), ..NewVariant::default() },
            ],
            pictures: vec![NewPicture::Kept(0)],
        };
        assert_eq!(good.checked().map(|p| p.unit.many), Ok("bag".into()));
        type Spoil = fn(&mut NewProduct);
        let spoilt: [(Spoil, Refused); 17] = [
            (|p| p.title = Both::default(), Refused::Empty { of: "title" }),
            (|p| p.title.zh = "纽".repeat(121), Refused::TooLong { of: "title", max: 120 }),
            (|p| p.text.en = "\u{7}".into(), Refused::Characters { of: "text" }),
            (|p| p.tiers.clear(), Refused::Count { of: "tiers", min: 1, max: 6 }),
            (|p| p.tiers[0].from = 0, Refused::OutOfRange { of: "tiers", min: 1, max: 10_000_000 }),
            (|p| p.tiers[0].price = 0, Refused::Amount { of: "tiers" }),
            (|p| p.tiers[0].price = i64::MAX, Refused::Amount { of: "tiers" }),
            (|p| p.tiers[1].from = 10, Refused::TierQuantity { row: 2 }),
            (|p| p.tiers[1].price = 500, Refused::TierPrice { row: 2 }),
            (|p| p.variants.clear(), Refused::Count { of: "variants", min: 1, max: 50 }),
            (|p| p.variants = vec![p.variants[0].clone(); 51], Refused::Count { of: "variants", min: 1, max: 50 }),
            (|p| p.variants[1].name.en = " S ".into(), Refused::VariantTwice { row: 2 }),
            (|p| p.variants[0].stock = -1, Refused::OutOfRange { of: "variants", min: 0, max: 10_000_000 }),
            (|p| p.variants[0].surcharge = -1, Refused::Amount { of: "variants" }),
            (|p| p.pictures.clear(), Refused::Count { of: "pictures", min: 1, max: 12 }),
            (|p| p.attributes = vec![Attribute::default()], Refused::Empty { of: "attributes" }),
            (|p| p.unit = Unit::default(), Refused::Empty { of: "unit" }),
        ];
        for (spoil, refused) in spoilt {
            let mut bad = good.clone();
            spoil(&mut bad);
            assert_eq!(bad.checked(), Err(refused));
        }
    }
}
