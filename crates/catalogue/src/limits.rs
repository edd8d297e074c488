//! The limits on what a seller types. None of it is personal; all of it is shown to everybody, so nothing that turns
//! or hides text passes.

use crate::{Both, Refused};

/// One minor unit up to a million yuan a piece.
pub(crate) const PRICE_MAX: i64 = 100_000_000;
/// With this and `PRICE_MAX` a line stays far inside 64 bits.
pub(crate) const QUANTITY_MAX: i64 = 10_000_000;

/// Line breaks are the only control characters, in texts only; nothing deceives.
fn allowed(c: char, several_lines: bool) -> bool {
    !::policy::deceives(c) && (!c.is_control() || (several_lines && c == '\n'))
}

fn checked(field: &'static str, raw: &str, max: usize, several_lines: bool) -> Result<String, Refused> {
    // Bytes first: a hostile text is not even walked through.
    if raw.len() > max * 4 + 1_024 {
        return Err(Refused::TooLong { of: field, max });
    }
    let text = raw.trim().replace("\r\n", "\n");
    if text.chars().count() > max {
        return Err(Refused::TooLong { of: field, max });
    }
    if !text.chars().all(|c| allowed(c, several_lines)) {
        return Err(Refused::Characters { of: field });
    }
    Ok(text)
}

/// One line that may be empty, trimmed.
pub(crate) fn line(field: &'static str, raw: &str, max: usize) -> Result<String, Refused> {
    checked(field, raw, max, false)
}

/// One line that may not be empty.
pub fn filled_line(field: &'static str, raw: &str, max: usize) -> Result<String, Refused> {
    let text = line(field, raw, max)?;
    if text.is_empty() { Err(Refused::Empty { of: field }) } else { Ok(text) }
}

/// A line in one language at least.
pub(crate) fn both(field: &'static str, raw: &Both, max: usize) -> Result<Both, Refused> {
    let both = Both { en: line(field, &raw.en, max)?, zh: line(field, &raw.zh, max)? };
    if both.is_empty() { Err(Refused::Empty { of: field }) } else { Ok(both) }
}

/// A text of several lines that may be empty.
pub(crate) fn paragraphs(field: &'static str, raw: &str, max: usize) -> Result<String, Refused> {
    checked(field, raw, max, true)
}

/// A text of several lines in one language at least.
pub(crate) fn both_texts(field: &'static str, raw: &Both, max: usize) -> Result<Both, Refused> {
    let both = Both { en: paragraphs(field, &raw.en, max)?, zh: paragraphs(field, &raw.zh, max)? };
    if both.is_empty() { Err(Refused::Empty { of: field }) } else { Ok(both) }
}

pub(crate) fn number(field: &'static str, value: i64, min: i64, max: i64) -> Result<i64, Refused> {
    if (min..=max).contains(&value) { Ok(value) } else { Err(Refused::OutOfRange { of: field, min, max }) }
}

/// Money in minor units, from `min` on.
pub(crate) fn amount(field: &'static str, value: i64, min: i64) -> Result<i64, Refused> {
    if (min..=PRICE_MAX).contains(&value) { Ok(value) } else { Err(Refused::Amount { of: field }) }
}

pub(crate) fn count(field: &'static str, value: usize, min: usize, max: usize) -> Result<(), Refused> {
    if (min..=max).contains(&value) { Ok(()) } else { Err(Refused::Count { of: field, min, max }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_deceive_or_break_a_page_is_refused() {
        assert_eq!(line("name", "  Buttons ", 10).as_deref(), Ok("Buttons"));
        assert_eq!(filled_line("name", " \t ", 10), Err(Refused::Empty { of: "name" }));
        assert_eq!(line("name", "12345678901", 10), Err(Refused::TooLong { of: "name", max: 10 }));
        assert_eq!(line("name", "一二三四五六七八九十", 10).as_deref(), Ok("一二三四五六七八九十"));
        for hostile in ["a\nb", "a\0b", "a\u{202E}b", "a\u{200B}b", "a\u{2066}b", "a\u{61C}b"] {
            assert_eq!(line("name", hostile, 10), Err(Refused::Characters { of: "name" }), "{hostile:?}");
        }
        let text = both_texts("text", &Both::new("one\r\ntwo", ""), 100).unwrap();
        assert_eq!(text.en, "one\ntwo");
        assert_eq!(line("name", &"x".repeat(1_000_000), 10), Err(Refused::TooLong { of: "name", max: 10 }));
    }
}
