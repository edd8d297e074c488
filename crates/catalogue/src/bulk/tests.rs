//! Whole imports on both engines, step by step as the job makes them.

use std::collections::BTreeMap;
use std::io::Write;

use ::policy::Language;
use db::{BlobId, Database, Failed, Id, Stop};
use vault::testing::TestVault;

use super::run::advance;
use super::*;
use crate::product::{self, NewProduct};
use crate::shop::Seller;
use crate::testing::*;
use crate::view::{self, ProductPage};
use crate::{Both, Refused};

/// A shop and its files.
struct Bench<'t> {
    t: &'t TestVault,
    seller: Seller,
    sample: BlobIds,
}

type BlobIds = Option<BlobId>;

const HEAD: &str = "product_ref,category,title_en,title_zh,text_en,unit_en,unit_zh,from_1,price_1,from_2,price_2,\
                    pictures,differ_in_en,sku,variant_en,stock\n";

/// One good row.
fn row(reference: &str, sku: &str, stock: &str) -> String {
    format!(
        "{reference},Buttons,Button {reference},纽扣,Good.,bag,袋,10,5.00,50,4.50,a.png,Size,{sku},{sku} mm,{stock}\n"
    )
}

fn picture(shade: u8) -> Vec<u8> {
    let pixels = image::RgbImage::from_pixel(64, 48, image::Rgb([shade, 90, 90]));
    let mut png = std::io::Cursor::new(Vec::new());
    pixels.write_to(&mut png, image::ImageFormat::Png).unwrap();
    png.into_inner()
}

fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

impl Bench<'_> {
    fn on(t: &TestVault) -> Bench<'_> {
        let seller = open_shop(&t.vault, &member(&t.vault), "Buttons");
        categories(&t.data.db);
        let sample = Some(t.data.db.blobs().put(&archive(&[("photos/a.png", &picture(7))])).unwrap());
        Bench { t, seller, sample }
    }

    fn db(&self) -> &Database {
        &self.t.data.db
    }

    fn begin(&self, file: &[u8]) -> Id {
        let sheet = Sheet::read(file).unwrap();
        let (seller, archive, size) = (self.seller.clone(), self.sample.clone(), sheet.size());
        let blob = self.db().blobs().put(file).unwrap();
        self.db().write_now(move |tx| begin(tx, &seller, &blob, archive.as_ref(), size)).unwrap()
    }

    /// Lets the job go on until it waits or is done.
    fn work(&self, id: &Id) -> Import {
        while advance(self.db(), &self.seller.shop, id).unwrap() {}
        self.one(id)
    }

    fn checked(&self, file: &[u8]) -> Import {
        let id = self.begin(file);
        self.work(&id)
    }

    fn one(&self, id: &Id) -> Import {
        let (seller, id) = (self.seller.clone(), id.clone());
        self.db().read_now(move |r| Ok::<_, Stop<()>>(one(r, &seller, &id)?)).unwrap().unwrap()
    }

    fn start(&self, id: &Id, partial: bool) -> Result<(), Failed<Refused>> {
        let (seller, id) = (self.seller.clone(), id.clone());
        self.db().write_now(move |tx| start(tx, &seller, &id, partial))
    }

    fn imported(&self, file: &[u8]) -> Import {
        let checked = self.checked(file);
        assert_eq!(checked.faulty, 0, "{:?}", self.mistakes(&checked.id));
        self.start(&checked.id, false).unwrap();
        self.work(&checked.id)
    }

    /// Line, column, message.
    fn mistakes(&self, id: &Id) -> Vec<(i64, &'static str, String)> {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let (seller, id) = (self.seller.clone(), id.clone());
            let some = self.db().read_now(move |r| Ok::<_, Stop<()>>(mistakes(r, &seller, &id, after, 3)?)).unwrap();
            let Some((last, _)) = some.last() else { return all };
            after = Some(*last);
            all.extend(some.into_iter().map(|(_, m)| (m.line, m.column.map_or("", Column::key), m.message.key)));
        }
    }

    fn exported(&self, language: Language) -> String {
        let mut file = head(language);
        let mut after = None;
        loop {
            let (seller, from) = (self.seller.clone(), after.clone());
            let more =
                self.db().read_now(move |r| Ok::<_, Stop<()>>(page(r, &seller, language, from.as_ref(), 2)?)).unwrap();
            let Some((rows, last)) = more else { return file };
            file += &rows;
            after = Some(last);
        }
    }

    /// The shop's products by their English title.
    fn goods(&self) -> BTreeMap<String, ProductPage> {
        let seller = self.seller.clone();
        let pages = self.db().read_now(move |r| {
            let lines = view::own_products(r, &seller, None, None, 1_000)?;
            let pages: Result<Vec<_>, _> = lines.iter().map(|line| view::own_product(r, &seller, &line.id)).collect();
            Ok::<_, Stop<()>>(pages?)
        });
        pages.unwrap().into_iter().flatten().map(|page| (page.title.en.clone(), page)).collect()
    }

    fn publish(&self, new: NewProduct) -> Id {
        publish_now(self.db(), &self.seller, new)
    }
}

fn refused<T: std::fmt::Debug>(result: Result<T, Failed<Refused>>) -> Refused {
    match result {
        Err(Failed::Refused(refused)) => refused,
        other => panic!("{other:?}"),
    }
}

/// What goes out comes in again and changes nothing, in either language, and whatever stands in it.
#[test]
fn an_export_comes_back_as_it_went() {
    each_engine(|t| {
        let b = Bench::on(&t);
        let mut odd = new_product(b.db(), "=cmd|' /C calc'!A0", "纽扣\u{3000}一");
        odd.text = Both::new("one\ntwo, \"three\"; four", "'+86");
        odd.attributes[0].name.en = "a:b|c\\".into();
        odd.attributes[0].value.zh = String::new();
        odd.variants[0].sku = "-5".into();
        odd.variants[1].sku = String::new();
        odd.variants[1].name = Both::new("@SUM", "");
        b.publish(odd);
        b.publish(NewProduct { reference: "R-1".into(), ..new_product(b.db(), "Ribbon", "") });
        let down = b.publish(new_product(b.db(), "Taken down", ""));
        let seller = b.seller.clone();
        b.db().write_now(move |tx| product::take_down(tx, &seller, &down)).unwrap();
        for language in [Language::En, Language::Zh] {
            let file = b.exported(language);
            for formula in ["\n=", ",=", ",@", ",+", ",-"] {
                assert!(!file.contains(formula), "{file}");
            }
            let checked = b.checked(file.as_bytes());
            assert_eq!(b.mistakes(&checked.id), []);
            assert_eq!((checked.products, checked.same), (3, 3));
        }
        // One cell changed changes one product; what was sold meanwhile stays sold.
        let file = b.exported(Language::En);
        let ribbon = b.goods()["Ribbon"].clone();
        let sold = [(ribbon.id.clone(), ribbon.variants[0].id.clone(), 30)];
        b.db().write_now(move |tx| crate::stock::take(tx, &mut sold.clone()).map(drop)).unwrap();
        let done = b.imported(file.replace(",Ribbon,", ",Silk ribbon,").as_bytes());
        assert_eq!((done.fresh, done.changed, done.same), (0, 1, 2));
        let silk = &b.goods()["Silk ribbon"];
        assert_eq!((silk.variants[0].stock, silk.reference.as_str()), (70, "R-1"));
        // An export from before that edit does not undo it.
        let stale = b.checked(file.replace(",Ribbon,", ",Velvet ribbon,").as_bytes());
        assert_eq!(b.mistakes(&stale.id)[0].1, "exported");
    });
}

/// Nothing is written by a check; a faulty line is named by line and column, and nothing is imported until the seller
/// says that the rest goes without it. What the form refuses is refused in its words.
#[test]
fn a_faulty_line_is_named_and_changes_nothing() {
    each_engine(|t| {
        let b = Bench::on(&t);
        let rows = [
            row("A", "15", "100"),
            row("A", "20", "lots"),
            row("B", "15", "7"),
            row("C", "15", "7").replace("Buttons", "Buttns"),
            row("D", "15", "7").replace("4.50", "5.50"),
            row("E", "15", "7").replace("a.png", "b.png"),
            row("F", "15", "7") + &row("F", "15", "7"),
            row("G", "15", "7").replace("Button G", &"x".repeat(200)),
            row("", "15", "7"),
            row("H", "15", "7").replace("Button H", "\"a\u{202e}b\""),
        ];
        let file = HEAD.to_owned() + &rows.concat();
        let checked = b.checked(file.as_bytes());
        assert_eq!((checked.state, checked.products, checked.fresh, checked.faulty), (State::Checked, 9, 1, 8));
        let found = b.mistakes(&checked.id);
        let found: Vec<_> = found.iter().map(|(line, column, key)| (*line, *column, key.as_str())).collect();
        assert_eq!(
            found,
            [
                (3, "stock", "invalid-number"),
                (5, "category", "import-wrong-category-near"),
                (6, "price_2", "refused-catalogue-tier-price"),
                (7, "pictures", "import-wrong-not-in-archive"),
                (9, "sku", "refused-catalogue-variant-twice"),
                (10, "title_en", "refused-catalogue-too-long"),
                (11, "product_ref", "import-wrong-no-reference"),
                (12, "title_en", "refused-catalogue-characters"),
            ]
        );
        assert_eq!(checked.preview[0].title.en, "Button B");
        assert!(b.goods().is_empty());
        assert_eq!(refused(b.start(&checked.id, false)), Refused::ImportState);
        assert!(b.goods().is_empty());
        b.start(&checked.id, true).unwrap();
        let done = b.work(&checked.id);
        assert_eq!((done.state, done.fresh, done.faulty, done.mistakes), (State::Done, 1, 8, 8));
        assert_eq!(b.goods().into_keys().collect::<Vec<_>>(), ["Button B"]);
        assert_eq!(b.mistakes(&checked.id).len(), 8, "told until the seller closes it");
        assert!(done.findable_from.is_some_and(|position| position > 0));
        assert_eq!(refused(b.start(&checked.id, true)), Refused::ImportState);
        // The same once more does nothing, pictures included.
        let again = b.checked((HEAD.to_owned() + &row("B", "15", "7")).as_bytes());
        assert_eq!((again.same, again.fresh), (1, 0), "{:?}", b.mistakes(&again.id));
    });
}

/// A file with only a few columns changes only these.
#[test]
fn a_table_of_stock_changes_stock_alone() {
    each_engine(|t| {
        let b = Bench::on(&t);
        b.publish(NewProduct { reference: "R-1".into(), ..new_product(b.db(), "Ribbon", "缎带") });
        let before = b.goods()["Ribbon"].clone();
        let done = b.imported(b"product_ref;sku;stock\nR-1;B-20;5\n");
        assert_eq!((done.changed, done.state), (1, State::Done));
        let after = b.goods()["Ribbon"].clone();
        assert_eq!(after.variants.iter().map(|v| v.stock).collect::<Vec<_>>(), [100, 5]);
        assert_eq!((after.title, after.tiers, after.pictures), (before.title, before.tiers, before.pictures));
        // A variant that is not there is added, and one that is not named stays.
        let done = b.imported(b"product_ref,sku,variant_en,stock\nR-1,B-25,25 mm,9\n");
        assert_eq!(done.changed, 1);
        assert_eq!(b.goods()["Ribbon"].variants.len(), 3);
        let done = b.imported("商品编号,是否上架\nR-1,否\n".as_bytes());
        assert_eq!((done.changed, b.goods()["Ribbon"].sale), (1, view::Sale::Down));
    });
}

/// One product that a file names by its number and by its id is read once, and changed in the order of the file.
#[test]
fn a_product_that_is_named_twice_stays_whole() {
    each_engine(|t| {
        let b = Bench::on(&t);
        let id = b.publish(NewProduct { reference: "R-1".into(), ..new_product(b.db(), "Ribbon", "缎带") });
        let before = b.goods()["Ribbon"].clone();
        let done = b.imported(format!("product_ref,sku,stock\nR-1,B-20,5\n{id},B-20,6\n").as_bytes());
        assert_eq!((done.state, done.faulty), (State::Done, 0));
        let after = b.goods()["Ribbon"].clone();
        assert_eq!(after.variants.iter().map(|v| v.stock).collect::<Vec<_>>(), [100, 6]);
        assert_eq!((after.tiers, after.pictures), (before.tiers, before.pictures));
    });
}

/// Two processes at one import: each command is done by one of them, so that all products are there, whole and once. What
/// a killed process leaves behind is seen in `tests/forms.rs`.
#[test]
fn an_interrupted_import_goes_on_and_does_nothing_twice() {
    each_engine(|t| {
        let b = Bench::on(&t);
        let file: String =
            (0..130).map(|n| row(&format!("N{n}"), "15", "7") + &row(&format!("N{n}"), "20", "7")).collect();
        let checked = b.checked((HEAD.to_owned() + &file).as_bytes());
        assert_eq!((checked.fresh, checked.rows), (130, 260), "{:?}", b.mistakes(&checked.id));
        b.start(&checked.id, false).unwrap();
        // Two processes at once, as after a lease that ran out: each command is done by one of them.
        let other = t.data.again();
        std::thread::scope(|threads| {
            let (shop, id) = (&b.seller.shop, &checked.id);
            let at_once =
                [b.db(), &other].map(|db| threads.spawn(move || while matches!(advance(db, shop, id), Ok(true)) {}));
            at_once.into_iter().for_each(|thread| thread.join().unwrap());
        });
        let done = b.work(&checked.id);
        assert_eq!((done.state, done.fresh, done.done), (State::Done, 130, 130));
        let goods = b.goods();
        assert_eq!(goods.len(), 130);
        assert!(
            goods.values().all(|page| page.variants.len() == 2 && page.tiers.len() == 2 && page.pictures.len() == 1)
        );
    });
}

/// Called off, it leaves whole products and no other follows.
#[test]
fn a_cancelled_import_leaves_whole_products() {
    each_engine(|t| {
        let b = Bench::on(&t);
        let file: String = (0..60).map(|n| row(&format!("N{n}"), "15", "7")).collect();
        let checked = b.checked((HEAD.to_owned() + &file).as_bytes());
        b.start(&checked.id, false).unwrap();
        let (seller, id) = (b.seller.clone(), checked.id.clone());
        let close_it = {
            let (seller, id) = (seller.clone(), id.clone());
            move |tx: &mut db::Tx| close(tx, &seller, &id)
        };
        assert_eq!(refused(b.db().write_now(close_it.clone())), Refused::ImportState);
        b.db().write_now(move |tx| cancel(tx, &seller, &id)).unwrap();
        assert_eq!(b.work(&checked.id).state, State::Cancelled);
        assert_eq!(b.goods().len(), 0);
        let free = b.db().write_now(close_it.clone()).unwrap();
        assert_eq!(free.len(), 2, "the table and the archive");
        assert_eq!(refused(b.db().write_now(close_it)), Refused::ImportNotFound);
    });
}

/// Another seller's products, imports and numbers are out of reach: their numbers are free here, their ids unknown.
#[test]
fn another_sellers_goods_are_out_of_reach() {
    each_engine(|t| {
        let b = Bench::on(&t);
        let stranger =
            Bench { seller: open_shop(&t.vault, &member(&t.vault), "Stranger"), sample: b.sample.clone(), t: &t };
        let theirs = b.publish(NewProduct { reference: "A".into(), ..new_product(b.db(), "Ribbon", "") });
        let before = b.goods()["Ribbon"].clone();
        let done = stranger.imported((HEAD.to_owned() + &row("A", "15", "7")).as_bytes());
        assert_eq!((done.fresh, done.changed), (1, 0), "the same number is another product");
        let by_id = stranger.checked(format!("product_ref,stock\n{theirs},0\n").as_bytes());
        assert!(stranger.mistakes(&by_id.id).iter().any(|m| m.2 == "refused-catalogue-product-not-found"));
        let after = b.goods()["Ribbon"].clone();
        assert_eq!((after.version, after.variants), (before.version, before.variants));
        assert_eq!(stranger.goods().len(), 1);
        let mine = b.checked((HEAD.to_owned() + &row("Z", "15", "7")).as_bytes());
        for act in [cancel as fn(&mut db::Tx, &Seller, &Id) -> Result<(), Stop<Refused>>, |tx, seller, id| {
            start(tx, seller, id, true)
        }] {
            let (seller, id) = (stranger.seller.clone(), mine.id.clone());
            assert_eq!(refused(b.db().write_now(move |tx| act(tx, &seller, &id))), Refused::ImportNotFound);
        }
        assert_eq!(stranger.mistakes(&mine.id), []);
    });
}

/// Others write while many are imported: each of their commands is answered, and finds the import further on.
#[test]
fn others_write_while_ten_thousand_rows_are_imported() {
    each_engine(|t| {
        let b = Bench::on(&t);
        let sold = b.publish(new_product(b.db(), "Ribbon", ""));
        let variant = b.goods()["Ribbon"].variants[0].id.clone();
        let file: String =
            (0..5_000).map(|n| row(&format!("N{n}"), "15", "7") + &row(&format!("N{n}"), "20", "7")).collect();
        let checked = b.checked((HEAD.to_owned() + &file).as_bytes());
        assert_eq!((checked.rows, checked.fresh), (10_000, 5_000));
        b.start(&checked.id, false).unwrap();
        let (mut seen, mut taken) = (Vec::new(), 0);
        let begun = std::time::Instant::now();
        std::thread::scope(|threads| {
            let importing = threads.spawn(|| b.work(&checked.id));
            while !importing.is_finished() {
                if taken < 100 {
                    taken += 1;
                    let line = [(sold.clone(), variant.clone(), 1)];
                    b.db().write_now(move |tx| crate::stock::take(tx, &mut line.clone()).map(drop)).unwrap();
                }
                seen.push(b.one(&checked.id).done);
                std::thread::sleep(std::time::Duration::from_millis(2));
            }
            let done = importing.join().unwrap();
            assert_eq!((done.state, done.fresh), (State::Done, 5_000));
        });
        let spent = begun.elapsed().as_secs_f64();
        eprintln!("5,000 products of two variants in {spent:.2} s: {:.0} a second", 5_000.0 / spent);
        seen.dedup();
        assert!(seen.len() > 10, "the commands of others came between: {seen:?}");
        let page = b.db().read_now(move |r| Ok::<_, Stop<()>>(view::product_page(r, &sold)?)).unwrap().unwrap();
        assert_eq!(page.variants[0].stock, 100 - taken);
    });
}

/// What was not closed goes after seven days, with its files.
#[test]
fn an_import_is_forgotten_after_seven_days() {
    each_engine(|t| {
        let b = Bench::on(&t);
        let checked = b.checked((HEAD.to_owned() + &row("A", "15", "x")).as_bytes());
        let sheet = BlobId::of((HEAD.to_owned() + &row("A", "15", "x")).as_bytes());
        let jobs = || {
            let jobs = db::jobs::Jobs::start(b.db().clone(), HANDLERS.to_vec(), std::sync::Arc::new(()), 0).unwrap();
            jobs.run_due_now().unwrap();
        };
        b.db().move_clock(KEPT - db::clock::HOUR).unwrap();
        jobs();
        assert_eq!(b.mistakes(&checked.id).len(), 1);
        b.db().move_clock(2 * db::clock::HOUR).unwrap();
        jobs();
        let seller = b.seller.clone();
        let left = b.db().read_now(move |r| Ok::<_, Stop<()>>(of_shop(r, &seller)?)).unwrap();
        assert!(left.is_empty());
        assert!(matches!(b.db().blobs().get(&sheet), Err(db::BlobError::Missing)));
    });
}

/// A shop keeps a few imports; a paused one publishes nothing by a file either.
#[test]
fn limits_of_a_shop_hold_for_files() {
    each_engine(|t| {
        let b = Bench::on(&t);
        decide_now(b.db(), &b.seller.shop, crate::shop::Decision::Pause("Papers.".into())).unwrap();
        let checked = b.checked((HEAD.to_owned() + &row("A", "15", "7")).as_bytes());
        assert_eq!(b.mistakes(&checked.id), [(2, "product_ref", "refused-catalogue-shop-paused".into())]);
        for n in 1..IMPORTS_MAX {
            let file = HEAD.to_owned() + &row(&format!("B-{n}"), "15", "7");
            // Sent again while it is looked at, it is the same.
            assert_eq!(b.begin(file.as_bytes()), b.begin(file.as_bytes()));
        }
        let (seller, sheet) = (b.seller.clone(), b.sample.clone().unwrap());
        let many = b.db().write_now(move |tx| begin(tx, &seller, &sheet, None, (1, 1)));
        assert_eq!(refused(many), Refused::ImportsMany { max: IMPORTS_MAX });
    });
}
