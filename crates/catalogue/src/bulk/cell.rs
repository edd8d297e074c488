//! Cells that a spreadsheet would take for a formula.
//!
//! A text that begins like one is written with an apostrophe before it, which every spreadsheet shows as text, and read
//! without; so are texts that begin with an apostrophe before such a sign, so that every text comes back as it was.

use std::borrow::Cow;

/// With what a formula may begin, the full-width signs of Chinese keyboards among them.
fn begins_a_formula(c: char) -> bool {
    matches!(c, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠')
}

/// A text as it is written to a file that a spreadsheet opens.
pub fn shielded(text: &str) -> Cow<'_, str> {
    let mut letters = text.chars();
    let shield = match letters.next() {
        Some('\'') => letters.next().is_some_and(|next| next == '\'' || begins_a_formula(next)),
        Some(first) => begins_a_formula(first),
        None => false,
    };
    if shield { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

/// A text as it was meant.
pub fn meant(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if rest.starts_with(|next| next == '\'' || begins_a_formula(next)) => rest,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_begins_like_a_formula_is_text() {
        for formula in ["=1+1", "+86", "-5", "@SUM(A1)", "\t=1", "＝1+1", "=cmd|' /C calc'!A0"] {
            assert!(shielded(formula).starts_with('\''), "{formula:?}");
        }
        for plain in ["Button", "'tis", "'", "3-5 mm", ""] {
            assert_eq!(shielded(plain), plain);
        }
    }

    proptest! {
        #[test]
        fn every_text_comes_back_as_it_was(text in "['=+@ａ＝x\\-]{0,6}") {
            let written = shielded(&text);
            prop_assert!(!written.starts_with(begins_a_formula));
            prop_assert_eq!(meant(&written), text.as_str());
        }
    }
}
