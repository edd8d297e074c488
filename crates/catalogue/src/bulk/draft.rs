//! What the rows of one product say, before it is known which products there are.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use super::MINOR_DIGITS;
use super::column::Column;
use super::mistake::{Mistake, Wrong};
use super::sheet::Sheet;
use crate::limits::{PRICE_MAX, QUANTITY_MAX};
use crate::price::Tier;
use crate::product::TIERS_MAX;
use crate::written::{self, NotANumber};

/// A cell that is `None` stands in no column of the file: what the product has stays.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub reference: String,
    /// The first of its rows.
    pub line: usize,
    pub on_sale: Option<bool>,
    pub category: Option<String>,
    pub title: [Option<String>; 2],
    pub text: [Option<String>; 2],
    /// One, many, in Chinese.
    pub unit: [Option<String>; 3],
    pub axis: [Option<String>; 2],
    /// Names and values.
    pub attributes: [Option<Vec<(String, String)>>; 2],
    /// With the number of the columns that each stands in.
    pub tiers: Option<Vec<(usize, Tier)>>,
    pub pictures: Option<Vec<PictureName>>,
    pub variants: Vec<DraftVariant>,
    /// Where the product's own columns stand, and what they hold.
    found: HashMap<Column, (usize, String)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PictureName {
    /// `#2`: the second that the product has.
    Kept(i64),
    File(String),
}

#[derive(Debug, Default)]
pub(super) struct DraftVariant {
    pub line: usize,
    pub sku: Option<String>,
    pub name: [Option<String>; 2],
    pub surcharge: Option<i64>,
    /// `None`: what it has.
    pub stock: Option<i64>,
    pub mark: Option<Mark>,
}

/// What a row knew when it was exported: `v3 s100` says version 3 of the product and a stock of 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub version: i64,
    pub stock: i64,
}

impl Mark {
    pub fn text(self) -> String {
        format!("v{} s{}", self.version, self.stock)
    }

    fn parse(text: &str) -> Option<Mark> {
        let (version, stock) = text.strip_prefix('v')?.split_once(" s")?;
        let mark = Mark { version: version.parse().ok()?, stock: stock.parse().ok()? };
        (mark.version >= 1 && (0..=QUANTITY_MAX).contains(&mark.stock)).then_some(mark)
    }
}

impl DraftVariant {
    /// Neither which variant is meant, nor anything about it.
    pub fn says_nothing(&self) -> bool {
        let words = std::iter::once(&self.sku).chain(&self.name);
        words.flatten().all(|text| text.is_empty()) && self.stock.is_none() && self.surcharge.unwrap_or(0) == 0
    }
}

impl Draft {
    /// The line at which a column of this product stands, and what is written there.
    pub fn place_of(&self, column: Column) -> (usize, &str) {
        self.found.get(&column).map_or((self.line, ""), |(line, cell)| (*line, cell))
    }

    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.pictures.iter().flatten().filter_map(|name| match name {
            PictureName::File(name) => Some(name.as_str()),
            PictureName::Kept(_) => None,
        })
    }
}

/// Reads the rows of one product; with mistakes, the draft is of no use.
pub(super) fn draft(sheet: &Sheet, rows: &[usize]) -> Result<Draft, Vec<Mistake>> {
    let mut reader = Reader { sheet, rows, mistakes: Vec::new(), found: HashMap::new() };
    let line = sheet.row(rows[0]).line;
    let reference = reader.text(Column::Reference).unwrap_or_default();
    if reference.is_empty() {
        reader.mistakes.push(Mistake::new(line, Some(Column::Reference), "", Wrong::NoReference));
    }
    let draft = Draft {
        reference,
        line,
        on_sale: reader.on_sale(),
        category: reader.text(Column::Category),
        title: [Column::TitleEn, Column::TitleZh].map(|column| reader.text(column)),
        text: [Column::TextEn, Column::TextZh].map(|column| reader.text(column)),
        unit: [Column::UnitOne, Column::UnitMany, Column::UnitZh].map(|column| reader.text(column)),
        axis: [Column::AxisEn, Column::AxisZh].map(|column| reader.text(column)),
        attributes: [Column::AttributesEn, Column::AttributesZh].map(|column| reader.attributes(column)),
        tiers: reader.tiers(),
        pictures: reader.pictures(),
        variants: rows.iter().map(|row| reader.variant(*row)).collect(),
        found: std::mem::take(&mut reader.found),
    };
    if reader.mistakes.is_empty() { Ok(draft) } else { Err(reader.mistakes) }
}

struct Reader<'a> {
    sheet: &'a Sheet,
    rows: &'a [usize],
    mistakes: Vec<Mistake>,
    found: HashMap<Column, (usize, String)>,
}

impl<'a> Reader<'a> {
    /// What the product's rows say in a column: one of them or several the same.
    fn text(&mut self, column: Column) -> Option<String> {
        if !self.sheet.has(column) {
            return None;
        }
        let mut said: Option<(usize, &str)> = None;
        for &row in self.rows {
            let (cell, line) = (self.sheet.cell(row, column), self.sheet.row(row).line);
            match said {
                _ if cell.is_empty() => {}
                None => said = Some((line, cell)),
                Some((_, before)) if before == cell => {}
                Some((before, _)) => {
                    self.mistakes.push(Mistake::new(line, Some(column), cell, Wrong::Differs { line: before }));
                }
            }
        }
        let (line, cell) = said.unwrap_or((self.sheet.row(self.rows[0]).line, ""));
        self.found.insert(column, (line, cell.to_owned()));
        Some(cell.to_owned())
    }

    fn wrong(&mut self, column: Column, wrong: Wrong) {
        let (line, cell) =
            self.found.get(&column).cloned().unwrap_or((self.sheet.row(self.rows[0]).line, String::new()));
        self.mistakes.push(Mistake::new(line, Some(column), &cell, wrong));
    }

    fn on_sale(&mut self) -> Option<bool> {
        let text = self.text(Column::OnSale)?.to_lowercase();
        match text.as_str() {
            "" => None,
            "yes" | "y" | "true" | "1" | "是" | "上架" => Some(true),
            "no" | "n" | "false" | "0" | "否" | "下架" => Some(false),
            _ => {
                self.wrong(Column::OnSale, Wrong::NotYesOrNo);
                None
            }
        }
    }

    fn attributes(&mut self, column: Column) -> Option<Vec<(String, String)>> {
        let text = self.text(column)?;
        let mut attributes = Vec::new();
        for item in split(&text, |c| matches!(c, '|' | '\n'), usize::MAX) {
            let mut halves = split(&item, |c| matches!(c, ':' | '：'), 2).into_iter();
            let (name, value) = (halves.next().unwrap_or_default(), halves.next());
            match value {
                Some(value) => attributes.push((unescaped(&name), unescaped(&value))),
                None if name.trim().is_empty() => attributes.push((String::new(), String::new())),
                None => {
                    self.wrong(column, Wrong::Attribute);
                    return None;
                }
            }
        }
        while attributes.last().is_some_and(|(name, value)| name.is_empty() && value.is_empty()) {
            attributes.pop();
        }
        Some(attributes)
    }

    fn tiers(&mut self) -> Option<Vec<(usize, Tier)>> {
        let columns = 1..=TIERS_MAX;
        if !columns.clone().any(|n| self.sheet.has(Column::From(n)) || self.sheet.has(Column::Price(n))) {
            return None;
        }
        let mut tiers = Vec::new();
        for n in columns {
            let from = self.text(Column::From(n)).unwrap_or_default();
            let price = self.text(Column::Price(n)).unwrap_or_default();
            match (from.is_empty(), price.is_empty()) {
                (true, true) => {}
                (true, false) => self.wrong(Column::From(n), Wrong::TierHalf),
                (false, true) => self.wrong(Column::Price(n), Wrong::TierHalf),
                (false, false) => {
                    let from = self.number(Column::From(n), &from, 1..=QUANTITY_MAX);
                    let price = self.amount(&price, 1).map_err(|wrong| self.wrong(Column::Price(n), wrong)).ok();
                    if let (Some(from), Some(price)) = (from, price) {
                        tiers.push((n, Tier { from, price }));
                    }
                }
            }
        }
        Some(tiers)
    }

    fn number(&mut self, column: Column, text: &str, range: RangeInclusive<i64>) -> Option<i64> {
        whole(text, range).map_err(|wrong| self.wrong(column, wrong)).ok()
    }

    fn amount(&self, text: &str, min: i64) -> Result<i64, Wrong> {
        let range = min..=PRICE_MAX;
        // `12,5` cannot mean thousands; where a comma separates no cells it is the point of half the world.
        let comma = self.sheet.decimal_comma.then(|| text.split_once(',')).flatten();
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        let money = match comma {
            Some((whole, part)) if (1..=MINOR_DIGITS).contains(&part.len()) && digits(whole) && digits(part) => {
                written::money(&format!("{whole}.{part}"), MINOR_DIGITS, &range)
            }
            _ => written::money(text, MINOR_DIGITS, &range),
        };
        money.map_err(|wrong| match wrong {
            NotANumber::Missing => Wrong::Missing,
            NotANumber::Form => Wrong::NotMoney,
            NotANumber::OutOfRange => Wrong::MoneyRange { min: amount(min), max: amount(PRICE_MAX) },
        })
    }

    fn pictures(&mut self) -> Option<Vec<PictureName>> {
        let text = self.text(Column::Pictures)?;
        let names = text.split(['|', '\n', ';', '；', ',', '，', '、']).map(str::trim).filter(|name| !name.is_empty());
        let names: Vec<PictureName> = names
            .map(|name| match name.strip_prefix('#').and_then(|place| place.parse::<i64>().ok()) {
                Some(place) => PictureName::Kept(place - 1),
                None => PictureName::File(name.to_owned()),
            })
            .collect();
        // Nothing named is nothing changed: no product is without a picture.
        (!names.is_empty()).then_some(names)
    }

    fn variant(&mut self, row: usize) -> DraftVariant {
        let (sheet, line) = (self.sheet, self.sheet.row(row).line);
        let cell = |column| sheet.has(column).then(|| sheet.cell(row, column));
        let mut variant = DraftVariant {
            line,
            sku: cell(Column::Sku).map(str::to_owned),
            name: [Column::VariantEn, Column::VariantZh].map(|column| cell(column).map(str::to_owned)),
            ..DraftVariant::default()
        };
        let mut wrong = |column, text: &str, wrong| self.mistakes.push(Mistake::new(line, Some(column), text, wrong));
        if let Some(text) = cell(Column::Stock).filter(|text| !text.is_empty()) {
            match whole(text, 0..=QUANTITY_MAX) {
                Ok(stock) => variant.stock = Some(stock),
                Err(why) => wrong(Column::Stock, text, why),
            }
        }
        if let Some(text) = cell(Column::Exported).filter(|text| !text.is_empty()) {
            match Mark::parse(text) {
                Some(mark) => variant.mark = Some(mark),
                None => wrong(Column::Exported, text, Wrong::Mark),
            }
        }
        match cell(Column::Surcharge) {
            None => {}
            Some("") => variant.surcharge = Some(0),
            Some(text) => match self.amount(text, 0) {
                Ok(surcharge) => variant.surcharge = Some(surcharge),
                Err(why) => self.mistakes.push(Mistake::new(line, Some(Column::Surcharge), text, why)),
            },
        }
        variant
    }
}

fn whole(text: &str, range: RangeInclusive<i64>) -> Result<i64, Wrong> {
    written::whole(text, &range).map_err(|wrong| match wrong {
        NotANumber::Missing => Wrong::Missing,
        NotANumber::Form => Wrong::NotWhole,
        NotANumber::OutOfRange => Wrong::OutOfRange { min: *range.start(), max: *range.end() },
    })
}

/// Minor units as a cell has them: `1234.50`.
pub(super) fn amount(minor: i64) -> String {
    let unit = 10i64.pow(MINOR_DIGITS as u32);
    format!("{}.{:0width$}", minor / unit, minor % unit, width = MINOR_DIGITS)
}

/// Splits where no backslash stands before the sign; backslashes stay.
fn split(text: &str, is_separator: impl Fn(char) -> bool, most: usize) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut escaped = false;
    for c in text.chars() {
        if !escaped && is_separator(c) && parts.len() < most {
            parts.push(String::new());
            continue;
        }
        escaped = !escaped && c == '\\';
        if let Some(part) = parts.last_mut() {
            part.push(c);
        }
    }
    parts
}

fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut escaped = false;
    for c in text.trim().chars() {
        escaped = !escaped && c == '\\';
        if !escaped {
            plain.push(c);
        }
    }
    plain
}

/// Names and values in one cell, as [`Reader::attributes`] reads them.
pub(super) fn attributes_cell<'t>(attributes: impl Iterator<Item = (&'t str, &'t str)>) -> String {
    let escaped = |text: &str| text.replace('\\', "\\\\").replace('|', "\\|");
    let items: Vec<String> = attributes
        .map(|(name, value)| match (name, value) {
            ("", "") => String::new(),
            _ => format!("{}: {}", escaped(name).replace(':', "\\:").replace('：', "\\："), escaped(value)),
        })
        .collect();
    items.join(" | ").trim_end_matches([' ', '|']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_come_back_as_they_were() {
        let whole = [("Material", "Brass"), ("", ""), ("a:b|c\\", "1:2|3\\"), ("尺寸：外", "9")];
        let cell = attributes_cell(whole.into_iter());
        let sheet = Sheet::read(format!("product_ref,attributes_en\nA,\"{cell}\"\n").as_bytes()).unwrap();
        let read = draft(&sheet, &[0]).unwrap().attributes[0].clone().unwrap();
        let whole: Vec<(String, String)> = whole.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        assert_eq!(read, whole);
    }

    #[test]
    fn amounts_are_read_as_people_write_them() {
        let price = |separator: &str, text: &str| {
            let file = format!("product_ref{separator}from_1{separator}price_1\nA{separator}10{separator}{text}\n");
            let sheet = Sheet::read(file.as_bytes()).unwrap();
            draft(&sheet, &[0]).map(|draft| draft.tiers.unwrap()[0].1.price).map_err(|m| m[0].message.key.clone())
        };
        assert_eq!(price(",", "12.5"), Ok(1_250));
        assert_eq!(price(",", "\"1,250\""), Ok(125_000));
        assert_eq!(price(";", "12,50"), Ok(1_250));
        assert_eq!(price(",", "\"12,50\""), Err("invalid-money".into()));
        assert_eq!(price(",", "1e3"), Err("invalid-money".into()));
        assert_eq!(price(",", "0"), Err("invalid-money-range".into()));
        assert_eq!(price(",", ""), Err("import-wrong-tier-half".into()));
        assert_eq!(amount(5), "0.05");
    }
}
