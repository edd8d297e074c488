//! Amounts as the payment company writes them: decimal yuan in text. Ours are fen (`i64`). No float anywhere.

/// The most that one payment may be, in fen: the platform's limit of 100,000,000.00 yuan.
pub const TOTAL_MAX: i64 = 10_000_000_000;

/// `fen` in yuan with two decimals, as the platform expects them: `192000` is `1920.00`.
pub fn write(fen: i64) -> String {
    let sign = if fen < 0 { "-" } else { "" };
    let fen = fen.unsigned_abs();
    format!("{sign}{}.{:02}", fen / 100, fen % 100)
}

/// Yuan as fen: digits, then at most two decimals. No sign, no exponent, no separators, no white space.
pub fn read(text: &str) -> Option<i64> {
    let (whole, decimals) = match text.split_once('.') {
        Some((_, "")) => return None,
        Some(parts) => parts,
        None => (text, ""),
    };
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || whole.len() > 16 || decimals.len() > 2 || !digits(whole) || !digits(decimals) {
        return None;
    }
    let fen = match decimals.len() {
        0 => 0,
        1 => decimals.parse::<i64>().ok()? * 10,
        _ => decimals.parse::<i64>().ok()?,
    };
    whole.parse::<i64>().ok()?.checked_mul(100)?.checked_add(fen)
}

/// As `read`, but with a leading minus allowed: bills write refunds and fees so.
pub fn read_signed(text: &str) -> Option<i64> {
    match text.strip_prefix('-') {
        Some(rest) => read(rest).map(|fen| -fen),
        None => read(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn yuan_are_written_and_read_exactly() {
        for (text, fen) in
            [("0.01", 1), ("0.10", 10), ("1920.00", 192_000), ("88.88", 8_888), ("100000000.00", TOTAL_MAX)]
        {
            assert_eq!(read(text), Some(fen));
            assert_eq!(write(fen), text);
        }
        assert_eq!(read("7"), Some(700));
        assert_eq!(read("7.5"), Some(750));
        assert_eq!(read_signed("-7.50"), Some(-750));
        assert_eq!(write(-5), "-0.05");
    }

    #[test]
    fn what_is_not_an_amount_is_refused() {
        for text in
            ["", ".", "1.", ".5", "1.234", "-1", "+1", " 1", "1 ", "1e3", "1,000", "０.01", "99999999999999999999"]
        {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(read_signed("--1"), None);
    }

    proptest! {
        #[test]
        fn every_amount_survives_the_way_there_and_back(fen in 0..=i64::MAX / 1000) {
            prop_assert_eq!(read(&write(fen)), Some(fen));
            prop_assert_eq!(read_signed(&write(-fen)), Some(-fen));
        }

        #[test]
        fn no_text_makes_it_fall_over(text in ".*") {
            let _ = read_signed(&text);
        }
    }
}
