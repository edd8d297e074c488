//! The way out: all products of a shop in the columns that an import reads, so that what comes back unchanged changes
//! nothing.

use ::policy::Language;
use csv::{QuoteStyle, Terminator, Writer, WriterBuilder};
use db::{Id, Scope};
use diesel::QueryResult;

use super::cell::shielded;
use super::column::{COLUMNS, Column};
use super::draft::{Mark, amount, attributes_cell};
use super::own::{self, Own};
use crate::category::Tree;
use crate::shop::Seller;

/// Without this Excel takes the file for one of the computer's own old encoding.
const BOM: &str = "\u{feff}";

fn lines(write: impl FnOnce(&mut Writer<Vec<u8>>) -> csv::Result<()>) -> String {
    let mut writer = WriterBuilder::new()
        .terminator(Terminator::CRLF)
        .quote_style(QuoteStyle::Necessary)
        .flexible(true)
        .from_writer(Vec::new());
    // Into memory: neither this nor the text can fail.
    let written = write(&mut writer).is_ok();
    let bytes = writer.into_inner().unwrap_or_default();
    debug_assert!(written, "a table is written to memory");
    String::from_utf8(bytes).unwrap_or_default()
}

/// The first line of a file.
pub fn head(language: Language) -> String {
    BOM.to_owned() + &lines(|w| w.write_record(COLUMNS.iter().map(|known| known.column.heading(language))))
}

/// The rows of some products, from the one after `after` on, and the last one's id; `None` at the end. Read page by
/// page, so that no snapshot is held while a slow line takes the file.
pub fn page(
    scope: &mut impl Scope,
    seller: &Seller,
    language: Language,
    after: Option<&Id>,
    limit: i64,
) -> QueryResult<Option<(String, Id)>> {
    let products = own::after(scope, seller, after, limit)?;
    let Some(last) = products.last().map(|own| own.id.clone()) else { return Ok(None) };
    let rows = lines(|w| {
        for own in &products {
            for at in 0..own.product.variants.len() {
                w.write_record(COLUMNS.iter().map(|known| cell(own, at, known.column, language)))?;
            }
        }
        Ok(())
    });
    Ok(Some((rows, last)))
}

/// One cell; what is the product's stands in its first row only, where one edits it once.
fn cell(own: &Own, row: usize, column: Column, language: Language) -> String {
    let (product, variant) = (&own.product, &own.product.variants[row]);
    let reference = if product.reference.is_empty() { own.id.as_str() } else { &product.reference };
    if row > 0 && !column.of_variant() && column != Column::Reference {
        return String::new();
    }
    let text = |text: &str| shielded(text).into_owned();
    let tier = |n: usize| product.tiers.get(n - 1);
    match column {
        Column::Reference => text(reference),
        Column::OnSale => yes_or_no(own.listed, language).to_owned(),
        Column::Category => text(&product.category),
        Column::TitleEn => text(&product.title.en),
        Column::TitleZh => text(&product.title.zh),
        Column::TextEn => text(&product.text.en),
        Column::TextZh => text(&product.text.zh),
        Column::UnitOne => text(&product.unit.one),
        Column::UnitMany => text(&product.unit.many),
        Column::UnitZh => text(&product.unit.zh),
        Column::From(n) => tier(n).map(|tier| tier.from.to_string()).unwrap_or_default(),
        Column::Price(n) => tier(n).map(|tier| amount(tier.price)).unwrap_or_default(),
        Column::AttributesEn => {
            text(&attributes_cell(product.attributes.iter().map(|a| (a.name.en.as_str(), a.value.en.as_str()))))
        }
        Column::AttributesZh => {
            text(&attributes_cell(product.attributes.iter().map(|a| (a.name.zh.as_str(), a.value.zh.as_str()))))
        }
        Column::Pictures => (1..=own.pictures.len()).map(|n| format!("#{n}")).collect::<Vec<_>>().join(" | "),
        Column::AxisEn => text(&product.axis.en),
        Column::AxisZh => text(&product.axis.zh),
        Column::Sku if variant.sku.is_empty() => variant.id.as_ref().map(Id::to_string).unwrap_or_default(),
        Column::Sku => text(&variant.sku),
        Column::VariantEn => text(&variant.name.en),
        Column::VariantZh => text(&variant.name.zh),
        Column::Surcharge => amount(variant.surcharge),
        Column::Stock => variant.stock.to_string(),
        Column::Exported => Mark { version: own.version, stock: variant.stock }.text(),
    }
}

fn yes_or_no(yes: bool, language: Language) -> &'static str {
    match (language, yes) {
        (Language::En, true) => "yes",
        (Language::En, false) => "no",
        (Language::Zh, true) => "是",
        (Language::Zh, false) => "否",
    }
}

/// The mistakes of a file as a file, in the reader's words: row, column, what stood there, what to do.
pub fn list_of_mistakes(headings: [&str; 4], mistakes: impl Iterator<Item = [String; 4]>) -> String {
    BOM.to_owned()
        + &lines(|w| {
            w.write_record(headings)?;
            mistakes.into_iter().try_for_each(|row| w.write_record(row.iter().map(|cell| shielded(cell).into_owned())))
        })
}

/// A file to begin with: the headings and three rows, in categories that there are.
pub fn example(language: Language, tree: &Tree) -> String {
    let leaf = |n: usize| {
        let leaves = tree.all().iter().filter(|c| tree.children(&c.key).next().is_none());
        leaves.take(n).last().map_or("", |category| category.key.as_str())
    };
    let rows: [&[(Column, &str)]; 3] = [
        &[
            (Column::Reference, "B-100"),
            (Column::OnSale, yes_or_no(true, language)),
            (Column::Category, leaf(1)),
            (Column::TitleEn, "Brass button, four holes"),
            (Column::TitleZh, "黄铜四眼纽扣"),
            (Column::TextEn, "Polished by hand, free of nickel. Packed by the hundred."),
            (Column::TextZh, "手工抛光，不含镍，每百粒一包。"),
            (Column::UnitOne, "bag"),
            (Column::UnitMany, "bags"),
            (Column::UnitZh, "包"),
            (Column::From(1), "10"),
            (Column::Price(1), "50.00"),
            (Column::From(2), "50"),
            (Column::Price(2), "45.00"),
            (Column::From(3), "200"),
            (Column::Price(3), "40.00"),
            (Column::AttributesEn, "Material: brass | Finish: polished"),
            (Column::AttributesZh, "材质：黄铜 | 表面：抛光"),
            (Column::Pictures, "button-front.jpg | button-back.jpg"),
            (Column::AxisEn, "Diameter"),
            (Column::AxisZh, "直径"),
            (Column::Sku, "B-100-15"),
            (Column::VariantEn, "15 mm"),
            (Column::VariantZh, "15毫米"),
            (Column::Surcharge, "0.00"),
            (Column::Stock, "1200"),
        ],
        &[
            (Column::Reference, "B-100"),
            (Column::Sku, "B-100-20"),
            (Column::VariantEn, "20 mm"),
            (Column::VariantZh, "20毫米"),
            (Column::Surcharge, "3.00"),
            (Column::Stock, "800"),
        ],
        &[
            (Column::Reference, "R-7"),
            (Column::OnSale, yes_or_no(true, language)),
            (Column::Category, leaf(2)),
            (Column::TitleEn, "Satin ribbon, 25 m"),
            (Column::TitleZh, "缎带 25米"),
            (Column::TextEn, "Both sides satin, edges woven."),
            (Column::TextZh, "双面缎，织边。"),
            (Column::UnitOne, "roll"),
            (Column::UnitMany, "rolls"),
            (Column::UnitZh, "卷"),
            (Column::From(1), "20"),
            (Column::Price(1), "8.50"),
            (Column::Pictures, "ribbon-red.jpg"),
            (Column::AxisEn, "Colour"),
            (Column::AxisZh, "颜色"),
            (Column::Sku, "R-7-RED"),
            (Column::VariantEn, "red"),
            (Column::VariantZh, "红色"),
            (Column::Stock, "500"),
        ],
    ];
    let shown = |column: &Column| *column != Column::Exported;
    let columns: Vec<Column> = COLUMNS.iter().map(|known| known.column).filter(shown).collect();
    BOM.to_owned()
        + &lines(|w| {
            w.write_record(columns.iter().map(|column| column.heading(language)))?;
            for row in rows {
                let cell = |column: &Column| row.iter().find(|(of, _)| of == column).map_or("", |(_, text)| *text);
                w.write_record(columns.iter().map(cell))?;
            }
            Ok(())
        })
}
