//! What a person types, on its way in: `Typed` (raw) becomes `Entered<F>` (checked by the field's rule).
//!
//! Neither can be printed, logged or serialised; an `Entered` leaves only into a seal, a blind index or a rule.

use crate::{Field, Rule, Value};
use serde::Deserialize;
use std::fmt;
use zeroize::Zeroize;

/// The most characters of raw text that are looked at; a longer one is refused without a copy.
const RAW_MAX: usize = 16_384;

/// Raw text from a form or a JSON body. No `Debug` of its content, no `Display`, no `Serialize`.
#[derive(Clone, Default, Deserialize)]
#[serde(transparent)]
pub struct Typed(String);

impl Typed {
    pub fn new(raw: impl Into<String>) -> Typed {
        Typed(raw.into())
    }

    /// Nothing but white space was typed.
    pub fn is_blank(&self) -> bool {
        self.0.trim().is_empty()
    }

    /// The person's own words, to fill their own form again in the same answer and nowhere else.
    pub fn echo(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Typed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Typed")
    }
}

impl Drop for Typed {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// Why a typed value was refused. The caller names the form field; `key` is the Fluent message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invalid {
    Missing,
    TooShort {
        min: u16,
    },
    TooLong {
        max: u16,
    },
    NotAPhone,
    NotAnEmail,
    NotAMemberName,
    /// Control characters, line breaks in a line, or marks that turn the direction of text.
    NotAllowedCharacters,
    TrivialPassword,
}

impl Invalid {
    /// The Fluent message that tells the person what to do.
    pub fn key(self) -> &'static str {
        match self {
            Invalid::Missing => "invalid-missing",
            Invalid::TooShort { .. } => "invalid-too-short",
            Invalid::TooLong { .. } => "invalid-too-long",
            Invalid::NotAPhone => "invalid-phone",
            Invalid::NotAnEmail => "invalid-email",
            Invalid::NotAMemberName => "invalid-member-name",
            Invalid::NotAllowedCharacters => "invalid-characters",
            Invalid::TrivialPassword => "invalid-trivial-password",
        }
    }

    /// The limit that the message names, if it names one.
    pub fn limit(self) -> Option<u16> {
        match self {
            Invalid::TooShort { min } => Some(min),
            Invalid::TooLong { max } => Some(max),
            _ => None,
        }
    }
}

/// A value of field `F` that obeys the field's rule, not yet sealed.
pub struct Entered<F: Field> {
    value: F::Value,
}

impl<F: Field> Entered<F> {
    /// A value that the program itself made (a time, a waybill number), which no rule of typing concerns.
    pub fn made(value: F::Value) -> Entered<F> {
        Entered { value }
    }

    /// For rules and for sealing; the name is long so that a reader stops at it.
    pub fn look_inside(&self) -> &F::Value {
        &self.value
    }
}

impl<F: Field<Value = String>> Entered<F> {
    /// The typed text as a value of the field, normalised (white space trimmed, telephone as `+` and digits).
    pub fn parse(typed: &Typed) -> Result<Entered<F>, Invalid> {
        check(F::INFO.rule, typed.echo()).map(|value| Entered { value })
    }

    /// As `parse`, and `None` where nothing was typed.
    pub fn parse_optional(typed: &Typed) -> Result<Option<Entered<F>>, Invalid> {
        if typed.is_blank() { Ok(None) } else { Entered::parse(typed).map(Some) }
    }
}

impl<F: Field> Clone for Entered<F> {
    fn clone(&self) -> Self {
        Entered { value: self.value.clone() }
    }
}

impl<F: Field> fmt::Debug for Entered<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Entered<{}>", F::INFO.id)
    }
}

impl<F: Field> Drop for Entered<F> {
    fn drop(&mut self) {
        self.value.wipe();
    }
}

/// Marks that turn the direction of text, break its line or have no width: with them one name would pass for another.
pub fn deceives(c: char) -> bool {
    let turns = matches!(c, '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    turns || matches!(c, '\u{200B}' | '\u{2028}' | '\u{2029}' | '\u{2060}' | '\u{FEFF}')
}

/// `raw` as the rule keeps it.
fn check(rule: Rule, raw: &str) -> Result<String, Invalid> {
    if raw.len() > RAW_MAX {
        return Err(Invalid::TooLong { max: longest(rule) });
    }
    // A password is taken as typed: a space at its end is part of it.
    let text = if rule == Rule::Password { raw } else { raw.trim() };
    if text.is_empty() {
        return Err(Invalid::Missing);
    }
    let several_lines = matches!(rule, Rule::Text { .. });
    if text.chars().any(|c| (c.is_control() && !(several_lines && matches!(c, '\n' | '\r' | '\t'))) || deceives(c)) {
        return Err(Invalid::NotAllowedCharacters);
    }
    let n = text.chars().count();
    let limit = |min: u16, max: u16| {
        if n > max as usize {
            Err(Invalid::TooLong { max })
        } else if n < min as usize {
            Err(Invalid::TooShort { min })
        } else {
            Ok(())
        }
    };
    match rule {
        Rule::Phone => phone(text).ok_or(Invalid::NotAPhone),
        Rule::Line { min, max } => limit(min, max).map(|()| text.to_owned()),
        Rule::Text { max } => limit(1, max).map(|()| text.replace("\r\n", "\n")),
        Rule::MemberName => {
            limit(3, 25)?;
            let letters = text.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-');
            // Names are told apart by people: compatibility look-alikes of digits would let one pass as another.
            if !letters || text.chars().all(|c| c.is_numeric() || c == '-' || c == '_') {
                return Err(Invalid::NotAMemberName);
            }
            Ok(text.to_owned())
        }
        Rule::Password => {
            limit(8, 128)?;
            let first = text.chars().next();
            if text.chars().all(|c| Some(c) == first) || COMMON.contains(&text.to_lowercase().as_str()) {
                return Err(Invalid::TrivialPassword);
            }
            Ok(text.to_owned())
        }
        Rule::Email => {
            limit(3, 254)?;
            let (local, domain) = text.rsplit_once('@').ok_or(Invalid::NotAnEmail)?;
            let good = !local.is_empty()
                && local.len() <= 64
                && domain.contains('.')
                && !domain.starts_with('.')
                && !domain.ends_with('.')
                && !text.chars().any(|c| c.is_whitespace() || matches!(c, '<' | '>' | '"' | ',' | ';'));
            if good { Ok(text.to_lowercase()) } else { Err(Invalid::NotAnEmail) }
        }
        Rule::Made => Err(Invalid::NotAllowedCharacters),
    }
}

fn longest(rule: Rule) -> u16 {
    match rule {
        Rule::Phone => 20,
        Rule::Line { max, .. } | Rule::Text { max } => max,
        Rule::MemberName => 25,
        Rule::Password => 128,
        Rule::Email => 254,
        Rule::Made => 0,
    }
}

/// The passwords that everybody tries first.
const COMMON: [&str; 12] = [
    "password",
    "password1",
    "12345678",
    "123456789",
    "1234567890",
    "qwertyuiop",
    "qwerty123",
    "11111111",
    "abcd1234",
    "a1234567",
    "iloveyou",
    "88888888",
];

/// A number as `+` and digits. Numbers without a country code are Chinese: mobiles are checked, fixed lines are not.
fn phone(text: &str) -> Option<String> {
    let mut digits = String::with_capacity(16);
    let mut international = false;
    for (i, c) in text.chars().enumerate() {
        match c {
            '+' if i == 0 => international = true,
            ' ' | '-' | '(' | ')' | '.' => {}
            c if c.is_ascii_digit() => digits.push(c),
            _ => return None,
        }
    }
    if let Some(rest) = digits.strip_prefix("00")
        && !international
    {
        digits = rest.to_owned();
        international = true;
    }
    if international {
        return (8..=15).contains(&digits.len()).then(|| format!("+{digits}"));
    }
    let mobile = digits.len() == 11 && digits.starts_with('1') && !digits.starts_with("10");
    let fixed = (10..=12).contains(&digits.len()) && digits.starts_with('0');
    if mobile {
        Some(format!("+86{digits}"))
    } else if fixed {
        Some(format!("+86{}", &digits[1..]))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Result<String, Invalid> {
        check(Rule::Line { min: 2, max: 10 }, text)
    }

    #[test]
    fn phones_are_kept_in_one_form_only() {
        for typed in ["13800138000", "138 0013 8000", "+86 138 0013 8000", "0086-13800138000", " 138-0013-8000 "] {
            assert_eq!(check(Rule::Phone, typed).as_deref(), Ok("+8613800138000"), "{typed}");
        }
        // What is kept can be typed again: a form shows it, and comes back with it.
        for typed in ["0571-8800 0001", "+8657188000001", "+86 571 8800 0001"] {
            assert_eq!(check(Rule::Phone, typed).as_deref(), Ok("+8657188000001"), "{typed}");
        }
        for typed in ["1380013800", "abc", "13800138000; drop table", "+1", "１３８００１３８０００", "++8613800138000"]
        {
            assert_eq!(check(Rule::Phone, typed), Err(Invalid::NotAPhone), "{typed}");
        }
    }

    #[test]
    fn a_line_refuses_what_could_deceive_or_break() {
        assert_eq!(line("  陈小明 ").as_deref(), Ok("陈小明"));
        assert_eq!(line("x"), Err(Invalid::TooShort { min: 2 }));
        assert_eq!(line("12345678901"), Err(Invalid::TooLong { max: 10 }));
        assert_eq!(line("   "), Err(Invalid::Missing));
        for bad in ["a\nb", "a\0b", "ab\u{202E}cd", "ab\u{200B}c"] {
            assert_eq!(line(bad), Err(Invalid::NotAllowedCharacters));
        }
        assert_eq!(line(&"x".repeat(20_000)), Err(Invalid::TooLong { max: 10 }));
    }

    #[test]
    fn names_and_passwords() {
        assert_eq!(check(Rule::MemberName, "yiwu_buttons_07").as_deref(), Ok("yiwu_buttons_07"));
        assert_eq!(check(Rule::MemberName, "义乌纽扣").as_deref(), Ok("义乌纽扣"));
        assert_eq!(check(Rule::MemberName, "13800138000"), Err(Invalid::NotAMemberName));
        assert_eq!(check(Rule::MemberName, "<script>"), Err(Invalid::NotAMemberName));
        assert_eq!(check(Rule::Password, "password"), Err(Invalid::TrivialPassword));
        assert_eq!(check(Rule::Password, "aaaaaaaaaa"), Err(Invalid::TrivialPassword));
        assert_eq!(check(Rule::Password, "short"), Err(Invalid::TooShort { min: 8 }));
        assert_eq!(check(Rule::Password, "good pass phrase ").as_deref(), Ok("good pass phrase "));
    }

    #[test]
    fn what_was_typed_is_never_printed() {
        let typed = Typed::new("13800138000");
        assert_eq!(format!("{typed:?}"), "Typed");
        let entered = Entered::<crate::fields::MobilePhone>::parse(&typed).unwrap();
        assert_eq!(format!("{entered:?}"), "Entered<MobilePhone>");
    }
}
