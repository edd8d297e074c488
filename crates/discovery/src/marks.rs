//! Facets as numbers: what a product is counted under (its categories, its shop, the town it is sent from, its
//! attributes), each as a number that is the same in every segment and every process, so that a search counts without
//! touching a text.

use catalogue::view::Entry;
use sha2::{Digest, Sha256};

/// Of something that goods are counted under.
pub(crate) type Mark = u64;

/// Where the index holds them.
pub(crate) const COLUMNS: [&str; 4] = ["category_marks", "shop_mark", "place_mark", "attribute_marks"];

/// All that one of the goods is counted under.
pub(crate) struct Marks {
    pub categories: Vec<Mark>,
    pub shop: Mark,
    pub place: Mark,
    pub attributes: Vec<Mark>,
}

impl Marks {
    pub fn of(entry: &Entry) -> Marks {
        let shop = &entry.card.shop;
        let attribute = |of: &catalogue::product::Attribute| attribute(&of.name.en, &of.value.en);
        Marks {
            categories: entry.categories.iter().map(|(key, _)| category(key)).collect(),
            shop: self::shop(shop.id.as_str()),
            place: place(&shop.place.en),
            attributes: entry.attributes.iter().map(attribute).collect(),
        }
    }

    pub fn all(&self) -> impl Iterator<Item = Mark> {
        self.categories.iter().chain(&self.attributes).copied().chain([self.shop, self.place])
    }
}

fn digest(kind: &str, text: &str) -> [u8; 32] {
    Sha256::new().chain_update(kind).chain_update([0]).chain_update(text).finalize().into()
}

fn number(kind: &str, text: &str) -> u64 {
    digest(kind, text).iter().take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

/// As it is compared: however it is capitalised and spaced.
fn compared(text: &str) -> String {
    text.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}

pub(crate) fn category(key: &str) -> Mark {
    number("category", key)
}

pub(crate) fn shop(id: &str) -> Mark {
    number("shop", id)
}

/// An address parts the name from its value by a colon.
pub(crate) fn without_colon(name: &str) -> String {
    name.replace(':', " ")
}

/// By its English name, which an address holds in both languages.
pub(crate) fn place(en: &str) -> Mark {
    number("place", &compared(en))
}

/// By the English words. The upper half is the attribute's name, so that values of one name stand together.
pub(crate) fn attribute(name_en: &str, value_en: &str) -> Mark {
    let name = compared(&without_colon(name_en));
    (number("attribute", &name) & 0xffff_ffff_0000_0000)
        | (number("value", &format!("{name}\u{0}{}", compared(value_en))) >> 32)
}

/// What the marks of one attribute's values have in common.
pub(crate) fn name_of(attribute: Mark) -> u32 {
    (attribute >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_one_attribute_share_its_name() {
        assert_eq!(name_of(attribute("Material", "Brass")), name_of(attribute("material ", "Steel")));
        assert_ne!(name_of(attribute("Material", "Brass")), name_of(attribute("Finish", "Brass")));
        assert_ne!(attribute("Material", "Brass"), attribute("Material", "Steel"));
        assert_eq!(attribute("Material", "Stainless  STEEL"), attribute("Material", "stainless steel"));
    }

    /// They are on disk: another way of counting them is another form of the index.
    #[test]
    fn marks_stay_as_they_are() {
        assert_eq!(category("buttons"), 14_474_711_503_086_566_819);
        assert_eq!(attribute("Material", "Brass"), 11_567_144_039_090_295_512);
    }
}
