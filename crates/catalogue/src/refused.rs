//! What this domain refuses, each with what the person can do about it. The words stand in
//! `web/locales/*/refused-catalogue.ftl` under `key`.

use db::Id;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// A field that must be filled is empty.
    Empty {
        of: &'static str,
    },
    /// Longer than `max` characters.
    TooLong {
        of: &'static str,
        max: usize,
    },
    /// Control characters, or marks that turn or hide text.
    Characters {
        of: &'static str,
    },
    OutOfRange {
        of: &'static str,
        min: i64,
        max: i64,
    },
    /// A sum of money below nothing, or above what a thing may cost (a million).
    Amount {
        of: &'static str,
    },
    /// Too few or too many of a list.
    Count {
        of: &'static str,
        min: usize,
        max: usize,
    },

    /// The member has a shop already, or an application that waits.
    HasShop,
    /// The member has no shop that is open.
    NoShop,
    ShopNotFound,
    /// The shop's state does not allow it: decided by somebody else meanwhile, or closed.
    ShopState,
    /// The shop is paused: orders in hand go on, nothing new is listed.
    ShopPaused,
    SinceYear,

    CategoryUnknown,
    CategoryTooDeep,
    CategoryKey,

    ProductNotFound,
    /// Another product of the shop bears the same number.
    ReferenceTaken,
    /// Somebody saved another edit meanwhile.
    Edited,
    /// The tier in that row (from 1) does not begin at more units than the one before.
    TierQuantity {
        row: usize,
    },
    /// The tier in that row (from 1) is not cheaper than the one before.
    TierPrice {
        row: usize,
    },
    /// Two variants bear the same number or the same name.
    VariantTwice {
        row: usize,
    },
    /// The variant in that row is not one of this product's.
    VariantUnknown {
        row: usize,
    },
    PictureUnknown {
        row: usize,
    },

    /// So many are not there. `left` can still be had.
    Short {
        product: Id,
        variant: Id,
        left: i64,
    },
    /// The variant is no longer offered.
    NotOffered {
        product: Id,
        variant: Id,
    },

    PictureBytes {
        max_mib: u64,
    },
    PicturePixels {
        max: u32,
    },
    PictureTooSmall {
        min: u32,
    },
    /// Not a JPEG, PNG or WebP, or a broken one.
    NotAPicture,

    ImportNotFound,
    /// The import is at another step by now.
    ImportState,
    /// The shop keeps so many imports already.
    ImportsMany {
        max: usize,
    },
}

impl Refused {
    /// The form field that the refusal is about.
    pub fn field(&self) -> Option<&'static str> {
        Some(match self {
            Refused::Empty { of }
            | Refused::TooLong { of, .. }
            | Refused::Characters { of }
            | Refused::OutOfRange { of, .. }
            | Refused::Amount { of }
            | Refused::Count { of, .. } => of,
            Refused::SinceYear => "since_year",
            Refused::CategoryUnknown | Refused::CategoryTooDeep => "category",
            Refused::CategoryKey => "key",
            Refused::ReferenceTaken => "reference",
            Refused::TierQuantity { .. } | Refused::TierPrice { .. } => "tiers",
            Refused::VariantTwice { .. } | Refused::VariantUnknown { .. } => "variants",
            Refused::PictureUnknown { .. }
            | Refused::PictureBytes { .. }
            | Refused::PicturePixels { .. }
            | Refused::PictureTooSmall { .. }
            | Refused::NotAPicture => "pictures",
            Refused::Short { .. } | Refused::NotOffered { .. } => "quantity",
            _ => return None,
        })
    }

    /// The Fluent message.
    pub fn key(&self) -> &'static str {
        match self {
            Refused::Empty { .. } => "refused-catalogue-empty",
            Refused::TooLong { .. } => "refused-catalogue-too-long",
            Refused::Characters { .. } => "refused-catalogue-characters",
            Refused::OutOfRange { .. } => "refused-catalogue-out-of-range",
            Refused::Amount { .. } => "refused-catalogue-amount",
            Refused::Count { .. } => "refused-catalogue-count",
            Refused::HasShop => "refused-catalogue-has-shop",
            Refused::NoShop => "refused-catalogue-no-shop",
            Refused::ShopNotFound => "refused-catalogue-shop-not-found",
            Refused::ShopState => "refused-catalogue-shop-state",
            Refused::ShopPaused => "refused-catalogue-shop-paused",
            Refused::SinceYear => "refused-catalogue-since-year",
            Refused::CategoryUnknown => "refused-catalogue-category-unknown",
            Refused::CategoryTooDeep => "refused-catalogue-category-too-deep",
            Refused::CategoryKey => "refused-catalogue-category-key",
            Refused::ProductNotFound => "refused-catalogue-product-not-found",
            Refused::ReferenceTaken => "refused-catalogue-reference-taken",
            Refused::Edited => "refused-catalogue-edited",
            Refused::TierQuantity { .. } => "refused-catalogue-tier-quantity",
            Refused::TierPrice { .. } => "refused-catalogue-tier-price",
            Refused::VariantTwice { .. } => "refused-catalogue-variant-twice",
            Refused::VariantUnknown { .. } => "refused-catalogue-variant-unknown",
            Refused::PictureUnknown { .. } => "refused-catalogue-picture-unknown",
            Refused::Short { .. } => "refused-catalogue-short",
            Refused::NotOffered { .. } => "refused-catalogue-not-offered",
            Refused::PictureBytes { .. } => "refused-catalogue-picture-bytes",
            Refused::PicturePixels { .. } => "refused-catalogue-picture-pixels",
            Refused::PictureTooSmall { .. } => "refused-catalogue-picture-too-small",
            Refused::NotAPicture => "refused-catalogue-not-a-picture",
            Refused::ImportNotFound => "refused-catalogue-import-not-found",
            Refused::ImportState => "refused-catalogue-import-state",
            Refused::ImportsMany { .. } => "refused-catalogue-imports-many",
        }
    }

    /// What the message names.
    pub fn args(&self) -> Vec<(&'static str, String)> {
        match self {
            Refused::TooLong { max, .. } => vec![("max", max.to_string())],
            Refused::OutOfRange { min, max, .. } => vec![("min", min.to_string()), ("max", max.to_string())],
            Refused::Count { min, max, .. } => vec![("min", min.to_string()), ("max", max.to_string())],
            Refused::TierQuantity { row }
            | Refused::TierPrice { row }
            | Refused::VariantTwice { row }
            | Refused::VariantUnknown { row }
            | Refused::PictureUnknown { row } => vec![("row", row.to_string())],
            Refused::Short { left, .. } => vec![("left", left.to_string())],
            Refused::PictureBytes { max_mib } => vec![("max", max_mib.to_string())],
            Refused::PicturePixels { max } => vec![("max", max.to_string())],
            Refused::PictureTooSmall { min } => vec![("min", min.to_string())],
            Refused::ImportsMany { max } => vec![("max", max.to_string())],
            _ => Vec::new(),
        }
    }

    /// One of each, for the test that every refusal has words in both languages.
    #[cfg(any(test, feature = "testing"))]
    pub fn one_of_each() -> Vec<Refused> {
        let id = Id::fresh();
        vec![
            Refused::Empty { of: "name" },
            Refused::TooLong { of: "name", max: 1 },
            Refused::Characters { of: "name" },
            Refused::OutOfRange { of: "name", min: 1, max: 2 },
            Refused::Amount { of: "freight" },
            Refused::Count { of: "tiers", min: 1, max: 2 },
            Refused::HasShop,
            Refused::NoShop,
            Refused::ShopNotFound,
            Refused::ShopState,
            Refused::ShopPaused,
            Refused::SinceYear,
            Refused::CategoryUnknown,
            Refused::CategoryTooDeep,
            Refused::CategoryKey,
            Refused::ProductNotFound,
            Refused::ReferenceTaken,
            Refused::Edited,
            Refused::TierQuantity { row: 1 },
            Refused::TierPrice { row: 1 },
            Refused::VariantTwice { row: 1 },
            Refused::VariantUnknown { row: 1 },
            Refused::PictureUnknown { row: 1 },
            Refused::Short { product: id.clone(), variant: id.clone(), left: 1 },
            Refused::NotOffered { product: id.clone(), variant: id },
            Refused::PictureBytes { max_mib: 1 },
            Refused::PicturePixels { max: 1 },
            Refused::PictureTooSmall { min: 1 },
            Refused::NotAPicture,
            Refused::ImportNotFound,
            Refused::ImportState,
            Refused::ImportsMany { max: 1 },
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every refusal says in both languages what to do, with the arguments it has.
    #[test]
    fn every_refusal_has_words_in_both_languages() {
        for language in ["en", "zh"] {
            let path = format!("{}/../web/locales/{language}/refused-catalogue.ftl", env!("CARGO_MANIFEST_DIR"));
            let words = std::fs::read_to_string(&path).unwrap();
            for refused in Refused::one_of_each() {
                let line = words.lines().find(|line| line.starts_with(&format!("{} =", refused.key())));
                let line = line.unwrap_or_else(|| panic!("{path} lacks {}", refused.key()));
                for (name, _) in refused.args() {
                    assert!(line.contains(&format!("{{ ${name} }}")), "{line} does not name {name}");
                }
            }
        }
    }
}
