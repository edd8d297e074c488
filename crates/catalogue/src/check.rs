//! What may stand in a product: all limits at once, each misfit with the place that it means. The form tells the first,
//! an import tells all.

use crate::limits;
use crate::price::Tier;
use crate::product::{ATTRIBUTES_MAX, Attribute, NewProduct, NewVariant, PICTURES_MAX, TIERS_MAX, Unit, VARIANTS_MAX};
use crate::{Both, Refused};

const REFERENCE_MAX: usize = 40;
const TITLE_MAX: usize = 120;
const TEXT_MAX: usize = 5_000;
const UNIT_MAX: usize = 20;
const AXIS_MAX: usize = 30;
const ATTRIBUTE_NAME_MAX: usize = 40;
const ATTRIBUTE_VALUE_MAX: usize = 120;
const SKU_MAX: usize = 40;
const VARIANT_NAME_MAX: usize = 60;

/// Something that does not pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// The column of a spreadsheet that it stands in.
    pub part: &'static str,
    /// Which of a list (a tier, a variant), counted from 1.
    pub row: Option<usize>,
    pub refused: Refused,
}

impl NewProduct {
    /// Trimmed and within all limits, or the first thing that is not.
    pub fn checked(&self) -> Result<NewProduct, Refused> {
        self.checked_whole().map_err(|mut misfits| misfits.swap_remove(0).refused)
    }

    /// As [`NewProduct::checked`], or all things that are not.
    pub fn checked_whole(&self) -> Result<NewProduct, Vec<Misfit>> {
        let mut sieve = Sieve::default();
        sieve.count("attributes", self.attributes.len(), 0, ATTRIBUTES_MAX);
        sieve.count("variants", self.variants.len(), 1, VARIANTS_MAX);
        sieve.count("pictures", self.pictures.len(), 1, PICTURES_MAX);
        sieve.count("tiers", self.tiers.len(), 1, TIERS_MAX);
        if !sieve.0.is_empty() {
            // A list without end is not walked through.
            return Err(sieve.0);
        }
        let unit = Both { en: self.unit.one.clone(), zh: self.unit.zh.clone() };
        let unit = sieve.both("unit", ["unit_one", "unit_zh"], None, &unit, UNIT_MAX);
        let many = sieve.take("unit_many", None, limits::line("unit", &self.unit.many, UNIT_MAX));
        let many = if many.is_empty() { unit.en.clone() } else { many };
        let checked = NewProduct {
            reference: sieve.take("reference", None, limits::line("reference", &self.reference, REFERENCE_MAX)),
            category: self.category.clone(),
            title: sieve.both("title", ["title_en", "title_zh"], None, &self.title, TITLE_MAX),
            text: sieve.texts("text", ["text_en", "text_zh"], &self.text, TEXT_MAX),
            unit: Unit { one: unit.en, many, zh: unit.zh },
            axis: sieve.both("axis", ["axis_en", "axis_zh"], None, &self.axis, AXIS_MAX),
            attributes: self.attributes.iter().zip(1..).map(|(a, row)| sieve.attribute(a, row)).collect(),
            tiers: sieve.tiers(&self.tiers),
            variants: sieve.variants(&self.variants),
            pictures: self.pictures.clone(),
        };
        if sieve.0.is_empty() { Ok(checked) } else { Err(sieve.0) }
    }
}

/// What does not pass stays here.
#[derive(Default)]
struct Sieve(Vec<Misfit>);

impl Sieve {
    fn add(&mut self, part: &'static str, row: Option<usize>, refused: Refused) {
        self.0.push(Misfit { part, row, refused });
    }

    fn take<T: Default>(&mut self, part: &'static str, row: Option<usize>, checked: Result<T, Refused>) -> T {
        checked.unwrap_or_else(|refused| {
            self.add(part, row, refused);
            T::default()
        })
    }

    fn count(&mut self, of: &'static str, value: usize, min: usize, max: usize) {
        self.take(of, None, limits::count(of, value, min, max));
    }

    /// A line in one language at least.
    fn both(&mut self, of: &'static str, parts: [&'static str; 2], row: Option<usize>, raw: &Both, max: usize) -> Both {
        let before = self.0.len();
        let both = Both {
            en: self.take(parts[0], row, limits::line(of, &raw.en, max)),
            zh: self.take(parts[1], row, limits::line(of, &raw.zh, max)),
        };
        self.filled(of, parts, row, both, before)
    }

    /// A text of several lines in one language at least.
    fn texts(&mut self, of: &'static str, parts: [&'static str; 2], raw: &Both, max: usize) -> Both {
        let before = self.0.len();
        let both = Both {
            en: self.take(parts[0], None, limits::paragraphs(of, &raw.en, max)),
            zh: self.take(parts[1], None, limits::paragraphs(of, &raw.zh, max)),
        };
        self.filled(of, parts, None, both, before)
    }

    fn filled(
        &mut self,
        of: &'static str,
        parts: [&'static str; 2],
        row: Option<usize>,
        both: Both,
        before: usize,
    ) -> Both {
        if both.is_empty() && self.0.len() == before {
            self.add(parts[0], row, Refused::Empty { of });
        }
        both
    }

    fn attribute(&mut self, attribute: &Attribute, row: usize) -> Attribute {
        let parts = ["attributes_en", "attributes_zh"];
        Attribute {
            name: self.both("attributes", parts, Some(row), &attribute.name, ATTRIBUTE_NAME_MAX),
            value: self.both("attributes", parts, Some(row), &attribute.value, ATTRIBUTE_VALUE_MAX),
        }
    }

    fn tiers(&mut self, tiers: &[Tier]) -> Vec<Tier> {
        for (tier, row) in tiers.iter().zip(1..) {
            self.take("from", Some(row), limits::number("tiers", tier.from, 1, limits::QUANTITY_MAX));
            self.take("price", Some(row), limits::amount("tiers", tier.price, 1));
        }
        for (pair, row) in tiers.windows(2).zip(2..) {
            if pair[1].from <= pair[0].from {
                self.add("from", Some(row), Refused::TierQuantity { row });
            }
            if pair[1].price >= pair[0].price {
                self.add("price", Some(row), Refused::TierPrice { row });
            }
        }
        tiers.to_vec()
    }

    fn variants(&mut self, variants: &[NewVariant]) -> Vec<NewVariant> {
        let mut checked: Vec<NewVariant> = Vec::with_capacity(variants.len());
        for (new, at) in variants.iter().zip(1..) {
            let row = Some(at);
            let variant = NewVariant {
                id: new.id.clone(),
                sku: self.take("sku", row, limits::line("variants", &new.sku, SKU_MAX)),
                name: self.both("variants", ["variant_en", "variant_zh"], row, &new.name, VARIANT_NAME_MAX),
                surcharge: self.take("surcharge", row, limits::amount("variants", new.surcharge, 0)),
                stock: self.take("stock", row, limits::number("variants", new.stock, 0, limits::QUANTITY_MAX)),
                stock_was: new.stock_was,
            };
            // A buyer who cannot tell two rows apart orders the wrong one.
            let same_name = |other: &NewVariant| other.name == variant.name && !variant.name.is_empty();
            let same_sku = |other: &NewVariant| !variant.sku.is_empty() && other.sku == variant.sku;
            let same_id = |other: &NewVariant| variant.id.is_some() && other.id == variant.id;
            if checked.iter().any(|other| same_name(other) || same_sku(other) || same_id(other)) {
                let part = if checked.iter().any(same_sku) { "sku" } else { "variant_en" };
                self.add(part, row, Refused::VariantTwice { row: at });
            }
            checked.push(variant);
        }
        checked
    }
}
