//! Hostile texts in the cells of a seller's tables: what is imported from them, where it is shown, and what is taken
//! home.

use super::files::{Multipart, Table, archive, cells, goods, mend_table, read, written};
use super::form::{as_shown, mistakes};
use super::people::{People, Person};
use super::support::{forms, wait_at_most};
use super::{Hostile, hostile};
use regex_lite::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

impl Hostile<'_> {
    /// Uploads a table and waits until it is checked; the address of what came of it.
    fn uploads(&self, seller: &Person, name: &str, table: &Table, archive: &[u8]) -> String {
        let mut form = Multipart::new();
        form.field("_csrf", seller.csrf.as_bytes());
        form.file("sheet", name.as_bytes(), &written(table));
        form.file("archive", name.as_bytes(), archive);
        let answer = self.ask(&seller.cookies, "POST", "/en/sell/import", Some(form.body()));
        assert_eq!(answer.status, 303, "the table is taken: {:?}", mistakes(&answer.text));
        let import = answer.location.split('?').next().unwrap_or("").to_owned();
        let checked = || self.page(seller, &import).text.contains("/close").then_some(());
        wait_at_most(Duration::from_secs(120), checked).expect("it is checked");
        import
    }

    /// In the cells of a seller's table that hold no text too; the address of what came of it.
    pub(super) fn in_tables(&self, seller: &Person) -> String {
        let heads = ["product_ref", "title_en", "text_en", "variant_en", "stock", "category"];
        let mut table: Table = vec![heads.map(str::to_owned).into()];
        for (n, text) in cells().iter().map(String::as_str).enumerate() {
            let (reference, stock) = (format!("Q-{n}"), if n % 2 == 0 { text } else { "5" });
            table.push([reference.as_str(), text, text, text, stock, text].map(str::to_owned).into());
        }
        self.uploads(seller, "../zq<img src=x onerror=zq()>.csv", &table, b"")
    }

    /// Goods with every text in every cell of text. What the check finds wrong is mended cell by cell, as a seller does,
    /// and all the rest is imported and shown: the pages of these goods.
    pub(super) fn imported(&mut self, people: &People) -> Vec<String> {
        let seller = &people.seller;
        let export = self.page(seller, "/en/sell/export.csv").text;
        let category = export.lines().nth(1).and_then(|line| line.split(',').nth(2)).expect("a category").to_owned();
        let mut table = goods(&category);
        self.good.insert("category", category);
        let archive = archive();
        let import = loop {
            let import = self.uploads(seller, &format!("zq\" x=\"{}.csv", "\u{202e}"), &table, &archive);
            let found = self.page(seller, &format!("{import}/mistakes.csv")).text;
            if mend_table(&mut table, &found) == 0 {
                break import;
            }
        };
        let start = forms(&self.page(seller, &import).text)
            .into_iter()
            .find(|form| form.action == Some(format!("{import}/start")));
        let start = start.expect("it can be imported");
        let answer = self.sent(seller, &format!("{import}/start"), &start, &as_shown(&start));
        assert_eq!(answer.status, 303);
        let done = || self.page(seller, &import).text.contains("Buyers find all of it now.").then_some(());
        wait_at_most(Duration::from_secs(180), done).expect("it is imported");
        self.came_back(seller, &table);
        self.shown_everywhere(people, table.len() - 1)
    }

    /// What was imported stands in the export as it was typed, but for the apostrophe before a formula.
    fn came_back(&self, seller: &Person, table: &Table) {
        let export = read(&self.page(seller, "/en/sell/export.csv").text);
        let plain = |cell: &str| cell.strip_prefix('\'').unwrap_or(cell).trim().to_owned();
        let column = |table: &Table, name: &str| table[0].iter().position(|head| head == name).expect("a column");
        let of = |table: &Table, row: &[String], name: &str| plain(&row[column(table, name)]);
        let by_reference: BTreeMap<String, &Vec<String>> =
            export[1..].iter().map(|row| (of(&export, row, "product_ref"), row)).collect();
        for row in &table[1..] {
            let back = by_reference.get(&of(table, row, "product_ref"));
            let back = back.unwrap_or_else(|| panic!("{row:?} is not in the export"));
            for name in ["title_en", "title_zh", "text_en", "text_zh", "unit_zh", "differ_in_en", "variant_en"] {
                assert_eq!(of(&export, back, name), of(table, row, name).replace("\r\n", "\n"), "{name} of {row:?}");
            }
        }
    }

    /// The lists and the pages of the goods that were imported, to the seller, to everybody, and in both languages.
    fn shown_everywhere(&self, people: &People, count: usize) -> Vec<String> {
        let product = Regex::new(r#"href="/en/sell/products/([0-9a-f-]{36})""#).expect("a pattern");
        let mut ids = BTreeSet::new();
        for page in self.all_pages(&people.seller, "/en/sell/products") {
            ids.extend(product.captures_iter(&page).map(|found| found[1].to_owned()));
        }
        // The newest are those of the import: an id begins with its time.
        let ids: Vec<String> = ids.into_iter().rev().take(count).collect();
        assert_eq!(ids.len(), count);
        for id in &ids {
            self.page(&people.guest, &format!("/en/product/{id}"));
            self.page(&people.seller, &format!("/zh/sell/products/{id}"));
        }
        for list in ["/en/search?q=zq", "/zh/search?q=zq"] {
            let pages = self.all_pages(&people.guest, list);
            assert!(pages.iter().any(|page| page.contains("zq")), "{list} finds none of them");
        }
        self.all_pages(&people.guest, &people.shop);
        ids.into_iter().map(|id| format!("/en/product/{id}")).collect()
    }

    /// A list with all the pages that follow it.
    fn all_pages(&self, person: &Person, list: &str) -> Vec<String> {
        let next = Regex::new(r#"href="([^"]+)" rel="next""#).expect("a pattern");
        let mut pages = vec![self.page(person, list).text];
        while let Some(to) = next.captures(&pages[pages.len() - 1]).map(|found| found[1].replace("&amp;", "&")) {
            pages.push(self.page(person, &to).text);
        }
        pages
    }

    /// In what a seller takes home and opens in a spreadsheet.
    pub(super) fn in_files(&self, seller: &Person, import: &str) {
        for file in [format!("{import}/mistakes.csv"), "/en/sell/export.csv".into(), "/zh/sell/export.csv".into()] {
            let answer = self.page(seller, &file);
            assert_eq!(answer.status, 200, "{file}");
            let found = hostile::formulas(&answer.text);
            assert!(found.is_empty(), "{file} has {found:?}");
            assert!(answer.text.contains("zq"), "{file} has none of them");
        }
    }
}
