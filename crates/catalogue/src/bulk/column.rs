//! The columns of a product's spreadsheet, and how their headings are recognised.

use ::policy::Language;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Column {
    Reference,
    OnSale,
    Category,
    TitleEn,
    TitleZh,
    TextEn,
    TextZh,
    UnitOne,
    UnitMany,
    UnitZh,
    /// Of the tier with that number, from 1.
    From(usize),
    Price(usize),
    AttributesEn,
    AttributesZh,
    Pictures,
    AxisEn,
    AxisZh,
    Sku,
    VariantEn,
    VariantZh,
    Surcharge,
    Stock,
    Exported,
}

/// A column, its heading in English and in Chinese; the English one also names it in what is kept.
pub struct Known {
    pub column: Column,
    pub en: &'static str,
    pub zh: &'static str,
}

const fn known(column: Column, en: &'static str, zh: &'static str) -> Known {
    Known { column, en, zh }
}

/// In the order of a file that is written here; one that is read may have any.
pub const COLUMNS: [Known; 33] = [
    known(Column::Reference, "product_ref", "商品编号"),
    known(Column::OnSale, "on_sale", "是否上架"),
    known(Column::Category, "category", "类目"),
    known(Column::TitleEn, "title_en", "英文标题"),
    known(Column::TitleZh, "title_zh", "中文标题"),
    known(Column::TextEn, "text_en", "英文描述"),
    known(Column::TextZh, "text_zh", "中文描述"),
    known(Column::UnitOne, "unit_en", "英文单位"),
    known(Column::UnitMany, "units_en", "英文单位复数"),
    known(Column::UnitZh, "unit_zh", "中文单位"),
    known(Column::From(1), "from_1", "起批量1"),
    known(Column::Price(1), "price_1", "单价1"),
    known(Column::From(2), "from_2", "起批量2"),
    known(Column::Price(2), "price_2", "单价2"),
    known(Column::From(3), "from_3", "起批量3"),
    known(Column::Price(3), "price_3", "单价3"),
    known(Column::From(4), "from_4", "起批量4"),
    known(Column::Price(4), "price_4", "单价4"),
    known(Column::From(5), "from_5", "起批量5"),
    known(Column::Price(5), "price_5", "单价5"),
    known(Column::From(6), "from_6", "起批量6"),
    known(Column::Price(6), "price_6", "单价6"),
    known(Column::AttributesEn, "attributes_en", "英文属性"),
    known(Column::AttributesZh, "attributes_zh", "中文属性"),
    known(Column::Pictures, "pictures", "图片"),
    known(Column::AxisEn, "differ_in_en", "英文规格名"),
    known(Column::AxisZh, "differ_in_zh", "中文规格名"),
    known(Column::Sku, "sku", "货号"),
    known(Column::VariantEn, "variant_en", "英文规格"),
    known(Column::VariantZh, "variant_zh", "中文规格"),
    known(Column::Surcharge, "surcharge", "加价"),
    known(Column::Stock, "stock", "库存"),
    known(Column::Exported, "exported", "导出标记"),
];

impl Column {
    pub fn known(self) -> &'static Known {
        COLUMNS.iter().find(|known| known.column == self).unwrap_or(&COLUMNS[0])
    }

    /// The name under which it is kept; also its English heading.
    pub fn key(self) -> &'static str {
        self.known().en
    }

    pub fn of_key(key: &str) -> Option<Column> {
        COLUMNS.iter().find(|known| known.en == key).map(|known| known.column)
    }

    pub fn heading(self, language: Language) -> &'static str {
        match language {
            Language::En => self.known().en,
            Language::Zh => self.known().zh,
        }
    }

    /// The column that a heading names, in either language, however it is spaced.
    pub fn of_heading(heading: &str) -> Option<Column> {
        let plain = plain(heading);
        COLUMNS.iter().find(|known| plain == self::plain(known.en) || plain == known.zh).map(|known| known.column)
    }

    /// The heading most like one that is none, if any is like it.
    pub fn nearest(heading: &str) -> Option<&'static str> {
        let typed: Vec<char> = plain(heading).chars().take(60).collect();
        let all = COLUMNS.iter().flat_map(|known| [known.en, known.zh]);
        let steps = all.map(|name| (distance(&typed, &plain(name).chars().collect::<Vec<_>>()), name));
        let (steps, name) = steps.min_by_key(|(steps, _)| *steps)?;
        (steps <= name.chars().count().div_ceil(2).min(4)).then_some(name)
    }

    /// What a part of a product that was refused is called here; `row` is the tier's.
    pub fn of_part(part: &str, row: Option<usize>) -> Option<Column> {
        Some(match part {
            "reference" => Column::Reference,
            "title_en" => Column::TitleEn,
            "title_zh" => Column::TitleZh,
            "text_en" => Column::TextEn,
            "text_zh" => Column::TextZh,
            "unit_one" => Column::UnitOne,
            "unit_many" => Column::UnitMany,
            "unit_zh" => Column::UnitZh,
            "axis_en" => Column::AxisEn,
            "axis_zh" => Column::AxisZh,
            "category" => Column::Category,
            "from" => Column::From(row.unwrap_or(1)),
            "price" => Column::Price(row.unwrap_or(1)),
            "tiers" => Column::From(1),
            "attributes" | "attributes_en" => Column::AttributesEn,
            "attributes_zh" => Column::AttributesZh,
            "pictures" => Column::Pictures,
            "sku" => Column::Sku,
            "variants" | "variant_en" => Column::VariantEn,
            "variant_zh" => Column::VariantZh,
            "surcharge" => Column::Surcharge,
            "stock" | "quantity" => Column::Stock,
            _ => return None,
        })
    }

    /// Whether each variant has its own; what is the product's stands in one of its rows.
    pub fn of_variant(self) -> bool {
        use Column::*;
        matches!(self, Sku | VariantEn | VariantZh | Surcharge | Stock | Exported)
    }
}

fn plain(heading: &str) -> String {
    let kept = heading.trim().trim_end_matches(['*', '＊']).trim().to_lowercase();
    kept.chars().filter(|c| !matches!(c, ' ' | '_' | '-' | '\u{a0}' | '\u{3000}')).collect()
}

/// Letters to change, add or leave out (Levenshtein).
pub(super) fn distance(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut before = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let changed = before + usize::from(x != y);
            before = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(before + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_are_known_in_both_languages_and_near_ones_are_named() {
        for known in &COLUMNS {
            assert_eq!(Column::of_heading(known.en), Some(known.column));
            assert_eq!(Column::of_heading(known.zh), Some(known.column));
            assert_eq!(Column::of_key(known.column.key()), Some(known.column));
        }
        assert_eq!(Column::of_heading(" Title EN * "), Some(Column::TitleEn));
        assert_eq!(Column::of_heading("Price-2"), Some(Column::Price(2)));
        assert_eq!(Column::of_heading("prize_2"), None);
        assert_eq!(Column::nearest("prize_2"), Some("price_2"));
        assert_eq!(Column::nearest("库 存量"), Some("库存"));
        assert_eq!(Column::nearest("what my cat thinks of it"), None);
    }
}
