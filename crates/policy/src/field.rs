//! A field: one kind of personal information, whoever's and wherever it stands.

use crate::{Language, Words};
use std::fmt;
use zeroize::Zeroizing;

/// A kind of personal information. The type is a marker; values live in `Entered`, `Sealed` and `Personal`.
pub trait Field: fmt::Debug + Send + Sync + 'static {
    type Value: Value;
    const INFO: FieldInfo;
}

/// What the map says of a field.
#[derive(Debug)]
pub struct FieldInfo {
    pub id: &'static str,
    pub words: Words,
    pub category: Category,
    pub sensitivity: Sensitivity,
    pub whose: Whose,
    pub rest: Rest,
    /// Public by the person's own act; otherwise never shown to everybody.
    pub public: bool,
    pub rule: Rule,
    pub mask: Mask,
    /// A made-up value, for documents; a test greps the databases for values of this kind.
    pub example: &'static str,
}

/// Categories of the annex of GB/T 35273.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Category {
    Basic,
    Identity,
    Biometric,
    NetId,
    Work,
    Property,
    Communication,
    Contact,
    Online,
    Device,
    Place,
    Content,
    Rights,
}

impl Category {
    pub const fn words(self) -> Words {
        match self {
            Category::Basic => Words { en: "basic information", zh: "个人基本资料" },
            Category::Identity => Words { en: "identity", zh: "身份信息" },
            Category::Biometric => Words { en: "biometrics", zh: "生物识别信息" },
            Category::NetId => Words { en: "network identity", zh: "网络身份标识" },
            Category::Work => Words { en: "work and education", zh: "教育工作信息" },
            Category::Property => Words { en: "property and trade", zh: "财产信息" },
            Category::Communication => Words { en: "communication", zh: "通信信息" },
            Category::Contact => Words { en: "contacts", zh: "联系人信息" },
            Category::Online => Words { en: "online records", zh: "上网记录" },
            Category::Device => Words { en: "device", zh: "设备信息" },
            Category::Place => Words { en: "place", zh: "位置信息" },
            Category::Content => Words { en: "published content", zh: "公开发布内容" },
            Category::Rights => Words { en: "rights and proofs", zh: "权利与证明" },
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sensitivity {
    General,
    /// Sensitive personal information (PIPL 28): marked in every document.
    Sensitive,
    /// A credential: guarded more than sensitive, never shown, never exported.
    Credential,
    /// Free text or picture that may hold anything: sealed like sensitive, not announced as such.
    FreeText,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// The member's own.
    Own,
    /// A person who may have no account (9-f): a key, a notice and a desk of their own.
    Other,
    /// Either, by whom the value names.
    OwnOrOther,
    Staff,
}

/// How a value rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    Sealed,
    /// Sealed, with a blind index in the key store for equality.
    SealedIndexed,
    /// One-way.
    Hash,
    /// Public, or not identifying alone.
    Plain,
    /// Plain, in a row that names the person only by a random id, so that the database can sum and sort.
    Link,
    /// Never leaves the device.
    Device,
    /// Passes through to the recipient, never at rest.
    Pass,
    /// A random reference.
    Reference,
}

/// What a typed value must obey. The limits are characters, not bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// A telephone number, kept as `+` and digits; eleven digits that begin with 1 are Chinese mobiles.
    Phone,
    /// One line of at least `min` and at most `max` characters.
    Line {
        min: u16,
        max: u16,
    },
    /// Text of several lines.
    Text {
        max: u16,
    },
    /// A member name: letters, digits, `_`, `-`, Chinese characters; it may not look like a telephone number.
    MemberName,
    Password,
    Email,
    /// Not typed by a person; made by the program.
    Made,
}

/// How a value is shown where the whole of it is not needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mask {
    Phone,
    Name,
    Address,
    Tail4,
    All,
    None,
}

/// What a field's values are made of. Implemented for text and whole numbers.
pub trait Value: Sized + Send + Sync + Clone + 'static {
    fn to_bytes(&self) -> Zeroizing<Vec<u8>>;
    /// `None` if the bytes are no value of this type (which means a fault, never bad input).
    fn from_bytes(bytes: &[u8]) -> Option<Self>;
    /// As a page shows it.
    fn show(&self) -> String;
    fn wipe(&mut self);
}

impl Value for String {
    fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.as_bytes().to_vec())
    }
    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        String::from_utf8(bytes.to_vec()).ok()
    }
    fn show(&self) -> String {
        self.clone()
    }
    fn wipe(&mut self) {
        zeroize::Zeroize::zeroize(self);
    }
}

impl Value for i64 {
    fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.to_be_bytes().to_vec())
    }
    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Some(i64::from_be_bytes(bytes.try_into().ok()?))
    }
    fn show(&self) -> String {
        self.to_string()
    }
    fn wipe(&mut self) {
        *self = 0;
    }
}

/// `text` as `how` lets it be seen: enough to recognise one's own, too little to use.
pub fn mask(how: Mask, text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let n = characters.len();
    let part = |from: usize, to: usize| characters[from..to].iter().collect::<String>();
    match how {
        Mask::None => text.to_owned(),
        Mask::All => "•".repeat(n.min(8)),
        Mask::Name if n == 0 => String::new(),
        Mask::Name => format!("{}{}", characters[0], "*".repeat((n - 1).clamp(1, 3))),
        Mask::Phone if n <= 7 => "*".repeat(n),
        Mask::Phone => format!("{}****{}", part(0, n - 8), part(n - 4, n)),
        Mask::Tail4 if n <= 4 => "*".repeat(n),
        Mask::Tail4 => format!("****{}", part(n - 4, n)),
        Mask::Address if n <= 6 => "*".repeat(n),
        Mask::Address => format!("{}******", part(0, (n / 3).clamp(2, 9))),
    }
}

impl FieldInfo {
    /// Whether documents mark the field (0-a.3).
    pub fn marked(&self) -> bool {
        matches!(self.sensitivity, Sensitivity::Sensitive)
    }

    pub fn name(&self, language: Language) -> &'static str {
        self.words.in_(language)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_leave_enough_to_recognise_and_too_little_to_use() {
        assert_eq!(mask(Mask::Phone, "+8613800138000"), "+86138****8000");
        assert_eq!(mask(Mask::Phone, "123"), "***");
        assert_eq!(mask(Mask::Name, "陈小明"), "陈**");
        assert_eq!(mask(Mask::Name, "Li"), "L*");
        assert_eq!(mask(Mask::Tail4, "6228480012340042"), "****0042");
        assert_eq!(mask(Mask::Address, "浙江省义乌市稠州北路1000号"), "浙江省义乌******");
        for how in [Mask::Phone, Mask::Name, Mask::Address, Mask::Tail4, Mask::All] {
            for text in ["", "a", "ab", "abc", "abcdefgh", "陈"] {
                let shown = mask(how, text);
                assert!(shown != text || text.is_empty(), "{how:?} shows {text} whole");
            }
        }
    }
}
