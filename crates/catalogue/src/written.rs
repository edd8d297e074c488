//! Numbers as people write them, in a form's field or in a cell of a spreadsheet: one rule for both.

use std::ops::RangeInclusive;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotANumber {
    Missing,
    /// Letters, a sign, a separator out of place.
    Form,
    OutOfRange,
}

/// A whole number. White space around it, separators of thousands and full-width digits (as a Chinese keyboard writes
/// them) are understood.
pub fn whole(text: &str, range: &RangeInclusive<i64>) -> Result<i64, NotANumber> {
    let text = plain(text).ok_or(NotANumber::Form)?;
    if text.is_empty() {
        return Err(NotANumber::Missing);
    }
    match text.parse::<i64>() {
        Ok(number) if range.contains(&number) => Ok(number),
        Ok(_) => Err(NotANumber::OutOfRange),
        // Longer than any number, or none at all: the person is told the range in the first case.
        Err(_) if text.bytes().all(|b| b.is_ascii_digit()) => Err(NotANumber::OutOfRange),
        Err(_) => Err(NotANumber::Form),
    }
}

/// An amount in minor units, of which `digits` make a whole one: with two, `1920`, `1,920.5` and `1920.50` are 192000,
/// 192050 and 192050.
pub fn money(text: &str, digits: usize, range: &RangeInclusive<i64>) -> Result<i64, NotANumber> {
    let text = plain(text).ok_or(NotANumber::Form)?;
    if text.is_empty() {
        return Err(NotANumber::Missing);
    }
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    let numeric = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !numeric(whole) || !numeric(part) || part.len() > digits || text.ends_with('.') {
        return Err(NotANumber::Form);
    }
    match format!("{whole}{part:0<digits$}").parse::<i64>() {
        Ok(minor) if range.contains(&minor) => Ok(minor),
        _ => Err(NotANumber::OutOfRange),
    }
}

/// Full-width digits and point as ASCII ones, without white space around and without separators; `None` where a
/// separator stands elsewhere than between thousands: `1,5` is nobody's 15. At most 64 characters are looked at.
pub fn plain(text: &str) -> Option<String> {
    let text: String = text.trim().chars().take(64).map(as_typed_in_english).collect();
    if !text.contains(',') {
        return Some(text);
    }
    let (whole, part) = text.split_once('.').map_or((text.as_str(), None), |(whole, part)| (whole, Some(part)));
    let mut groups = whole.split(',');
    let first = groups.next().is_some_and(|group| (1..=3).contains(&group.len()));
    let numeric = |group: &str| group.bytes().all(|b| b.is_ascii_digit());
    let thousands = first && groups.all(|group| group.len() == 3) && whole.split(',').all(numeric);
    if !thousands || part.is_some_and(|part| part.contains(',')) {
        return None;
    }
    Some(text.replace(',', ""))
}

/// A space within a number separates as a comma does.
fn as_typed_in_english(c: char) -> char {
    match c {
        '０'..='９' => char::from(b'0' + (c as u32 - '０' as u32) as u8),
        '．' | '。' => '.',
        '，' => ',',
        c if c.is_whitespace() => ',',
        c => c,
    }
}
