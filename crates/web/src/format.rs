//! Money, numbers and times as people of each language write them.
//!
//! Money is minor units with an ISO 4217 code; times are UTC microseconds, shown in the marketplace's zone, which
//! the binary sets once ([`set_zone`]): everybody who trades here speaks of the same day.

use crate::language::{Lang, f, t};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use policy::Language;
use std::sync::OnceLock;

const MINUTE: i64 = 60_000_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

static ZONE: OnceLock<TimeZone> = OnceLock::new();

/// Sets the marketplace's zone, an IANA name. Once, at start; the name is refused if it is unknown.
pub fn set_zone(name: &str) -> Result<(), String> {
    let zone = TimeZone::get(name).map_err(|error| error.to_string())?;
    ZONE.set(zone).map_err(|_| "the zone is set already".to_owned())
}

fn zone() -> &'static TimeZone {
    ZONE.get_or_init(|| TimeZone::get("Asia/Shanghai").expect("the zone is bundled"))
}

/// `12345` as `12,345`; both languages group by three.
pub fn number(n: i64) -> String {
    let mut out = String::with_capacity(12);
    if n < 0 {
        out.push('−');
    }
    write_grouped(&mut out, n.unsigned_abs());
    out
}

/// The digits by three. A list's page has some hundred numbers, hence no text in between.
fn write_grouped(out: &mut String, n: u64) {
    let mut thousand = 1;
    while n / thousand >= 1_000 {
        thousand *= 1_000;
    }
    write_digits(out, n / thousand, 1);
    while thousand > 1 {
        thousand /= 1_000;
        out.push(',');
        write_digits(out, n / thousand % 1_000, 3);
    }
}

/// At least so many digits.
fn write_digits(out: &mut String, n: u64, least: u32) {
    let digits = n.checked_ilog10().map_or(1, |log| log + 1).max(least);
    for place in (0..digits).rev() {
        out.push(char::from(b'0' + (n / 10_u64.pow(place) % 10) as u8));
    }
}

/// Digits after the point.
pub fn minor_digits(currency: &str) -> u32 {
    match currency {
        "JPY" | "KRW" | "VND" => 0,
        "BHD" | "KWD" | "OMR" | "TND" => 3,
        _ => 2,
    }
}

/// What stands before an amount, with its space.
pub fn money_prefix(lang: Lang, currency: &str) -> String {
    let mut out = String::with_capacity(8);
    write_prefix(&mut out, lang, currency);
    out
}

fn write_prefix(out: &mut String, lang: Lang, currency: &str) {
    let sign = match currency {
        "CNY" => "¥",
        "EUR" => "€",
        "GBP" => "£",
        "USD" => "US$",
        code => code,
    };
    out.push_str(sign);
    if lang.0 == Language::En || sign == currency {
        out.push('\u{a0}');
    }
}

/// `192000` CNY as `¥ 1,920.00` (`¥1,920.00` in Chinese).
pub fn money(lang: Lang, minor: i64, currency: &str) -> String {
    let mut out = String::with_capacity(20);
    if minor < 0 {
        out.push('−');
    }
    write_prefix(&mut out, lang, currency);
    write_amount(&mut out, minor.unsigned_abs(), currency);
    out
}

/// `¥ 96.00 – 118.00`, or one price where both are the same.
pub fn money_range(lang: Lang, low: i64, high: i64, currency: &str) -> String {
    let mut out = money(lang, low, currency);
    if low != high {
        out.push_str(match lang.0 {
            Language::En => "\u{a0}–\u{a0}",
            Language::Zh => "–",
        });
        write_amount(&mut out, high.unsigned_abs(), currency);
    }
    out
}

/// The amount alone as a form field holds it: `1920.00`.
pub fn money_plain(minor: i64, currency: &str) -> String {
    let sign = if minor < 0 { "-" } else { "" };
    format!("{sign}{}", amount(minor.unsigned_abs(), currency).replace(',', ""))
}

fn amount(minor: u64, currency: &str) -> String {
    let mut out = String::with_capacity(16);
    write_amount(&mut out, minor, currency);
    out
}

fn write_amount(out: &mut String, minor: u64, currency: &str) {
    let digits = minor_digits(currency);
    let unit = 10_u64.pow(digits);
    write_grouped(out, minor / unit);
    if digits > 0 {
        out.push('.');
        write_digits(out, minor % unit, digits);
    }
}

/// Hundredths of a percent: `9850` as `98.5 %`.
pub fn percent(lang: Lang, hundredths: i64) -> String {
    let whole = number(hundredths / 100);
    let rest = format!("{:02}", (hundredths % 100).abs());
    let rest = rest.trim_end_matches('0');
    let point = if rest.is_empty() { "" } else { "." };
    match lang.0 {
        Language::En => format!("{whole}{point}{rest}\u{a0}%"),
        Language::Zh => format!("{whole}{point}{rest}%"),
    }
}

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A time that no calendar has (a fault in the data) is shown as this.
const NO_TIME: &str = "—";

fn local(micros: i64) -> Option<jiff::ZonedDateTime> {
    Timestamp::from_microsecond(micros).ok().map(|at| at.to_zoned_datetime(zone().clone()))
}

fn written(lang: Lang, date: Date, with_year: bool) -> String {
    let (year, month, day) = (date.year(), date.month(), date.day());
    match (lang.0, with_year) {
        (Language::En, true) => format!("{day} {} {year}", MONTHS[(month - 1) as usize]),
        (Language::En, false) => format!("{day} {}", MONTHS[(month - 1) as usize]),
        (Language::Zh, true) => format!("{year}年{month}月{day}日"),
        (Language::Zh, false) => format!("{month}月{day}日"),
    }
}

/// `24 Nov 2026`, `2026年11月24日`.
pub fn date(lang: Lang, micros: i64) -> String {
    local(micros).map_or_else(|| NO_TIME.to_owned(), |at| written(lang, at.date(), true))
}

/// `24 Nov 2026, 14:02`.
pub fn moment(lang: Lang, micros: i64) -> String {
    let Some(at) = local(micros) else { return NO_TIME.to_owned() };
    let comma = match lang.0 {
        Language::En => ",",
        Language::Zh => "",
    };
    format!("{}{comma} {:02}:{:02}", written(lang, at.date(), true), at.hour(), at.minute())
}

/// The moment as a person says it today: `Today 14:02`, `Yesterday 09:40`, `20 Nov`, `20 Nov 2025`.
pub fn near(lang: Lang, micros: i64, now: i64) -> String {
    let (Some(at), Some(today)) = (local(micros), local(now)) else { return NO_TIME.to_owned() };
    let clock = format!("{:02}:{:02}", at.hour(), at.minute());
    if at.date() == today.date() {
        f(lang, "time-today", &[("clock", clock.into())])
    } else if at.date().tomorrow().ok() == Some(today.date()) {
        f(lang, "time-yesterday", &[("clock", clock.into())])
    } else {
        written(lang, at.date(), at.year() != today.year())
    }
}

/// How long ago, in the largest unit: `3 days ago`, `just now`.
pub fn ago(lang: Lang, micros: i64, now: i64) -> String {
    let passed = now.saturating_sub(micros);
    if passed < MINUTE {
        t(lang, "time-just-now").to_owned()
    } else if passed < HOUR {
        f(lang, "time-minutes-ago", &[("n", (passed / MINUTE).into())])
    } else if passed < DAY {
        f(lang, "time-hours-ago", &[("n", (passed / HOUR).into())])
    } else {
        f(lang, "time-days-ago", &[("n", (passed / DAY).into())])
    }
}

/// How long until `micros`, in the two largest units: `2 days 4 h`, `3 h 12 min`, `5 min`; never less than a
/// minute.
pub fn remaining(lang: Lang, micros: i64, now: i64) -> String {
    let left = micros.saturating_sub(now).max(MINUTE);
    let args = [("days", (left / DAY).into()), ("hours", (left % DAY / HOUR).into())];
    if left >= DAY {
        return f(lang, "time-left-days", &args);
    }
    let minutes = ("minutes", (left % HOUR / MINUTE).into());
    if left >= HOUR {
        f(lang, "time-left-hours", &[args[1].clone(), minutes])
    } else {
        f(lang, "time-left-minutes", &[minutes])
    }
}

/// RFC 3339 in UTC, for `datetime` attributes and interfaces.
pub fn iso(micros: i64) -> String {
    Timestamp::from_microsecond(micros).map_or_else(|_| NO_TIME.to_owned(), |at| at.to_string())
}

/// The day in the marketplace's zone, `2026-11-24`, as date fields hold it.
/// A moment as a program writes it (RFC 3339); UTC microseconds.
pub fn from_iso(text: &str) -> Option<i64> {
    text.trim().parse::<Timestamp>().ok().map(Timestamp::as_microsecond)
}

pub fn iso_date(micros: i64) -> String {
    local(micros).map_or_else(|| NO_TIME.to_owned(), |at| at.date().to_string())
}

/// The first microsecond of a typed day (`2026-11-24`) in the marketplace's zone.
pub fn start_of_day(text: &str) -> Option<i64> {
    let date: Date = text.trim().parse().ok()?;
    date.to_zoned_datetime(zone().clone()).ok().map(|at| at.timestamp().as_microsecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 24 November 2026, 14:02 in Shanghai.
    const NOW: i64 = 1_795_500_120_000_000;

    #[test]
    fn money_is_exact_to_the_minor_unit_and_never_overflows() {
        assert_eq!(money(Lang::EN, 192_000, "CNY"), "¥\u{a0}1,920.00");
        assert_eq!(money(Lang::ZH, 192_000, "CNY"), "¥1,920.00");
        assert_eq!(money(Lang::EN, -5, "CNY"), "−¥\u{a0}0.05");
        assert_eq!(money(Lang::EN, 1_234_567, "JPY"), "JPY\u{a0}1,234,567");
        assert_eq!(money_range(Lang::EN, 9600, 11800, "CNY"), "¥\u{a0}96.00\u{a0}–\u{a0}118.00");
        assert_eq!(money_range(Lang::ZH, 9600, 9600, "CNY"), "¥96.00");
        assert_eq!(money_plain(192_005, "CNY"), "1920.05");
        assert!(money(Lang::EN, i64::MIN, "CNY").starts_with("−¥\u{a0}92,233,720,368,547,758"));
    }

    #[test]
    fn numbers_group_by_three() {
        for (n, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567"), (-1000, "−1,000")] {
            assert_eq!(number(n), text);
        }
        assert_eq!(percent(Lang::EN, 9850), "98.5\u{a0}%");
        assert_eq!(percent(Lang::ZH, 10000), "100%");
    }

    #[test]
    fn times_are_the_marketplaces_own() {
        assert_eq!(moment(Lang::EN, NOW), "24 Nov 2026, 14:02");
        assert_eq!(moment(Lang::ZH, NOW), "2026年11月24日 14:02");
        assert_eq!(near(Lang::EN, NOW - HOUR, NOW), "Today 13:02");
        // 16:30 UTC of the 23rd is already the 24th in Shanghai.
        assert_eq!(near(Lang::EN, NOW - 13 * HOUR - 32 * MINUTE, NOW), "Today 00:30");
        assert_eq!(near(Lang::ZH, NOW - 15 * HOUR, NOW), "昨天 23:02");
        assert_eq!(near(Lang::EN, NOW - 4 * DAY, NOW), "20 Nov");
        assert_eq!(near(Lang::ZH, NOW - 400 * DAY, NOW), "2025年10月20日");
        assert_eq!(start_of_day("2026-11-24").map(iso).as_deref(), Some("2026-11-23T16:00:00Z"));
        assert_eq!(start_of_day("24.11.2026"), None);
        assert_eq!(date(Lang::EN, i64::MAX), NO_TIME);
    }

    #[test]
    fn lengths_of_time_are_said_in_their_largest_units() {
        assert_eq!(ago(Lang::EN, NOW - 30_000_000, NOW), "just now");
        assert_eq!(ago(Lang::EN, NOW - HOUR, NOW), "1 hour ago");
        assert_eq!(ago(Lang::ZH, NOW - 3 * DAY, NOW), "3 天前");
        assert_eq!(remaining(Lang::EN, NOW + 52 * HOUR, NOW), "2 days 4 h");
        assert_eq!(remaining(Lang::EN, NOW + 72 * MINUTE, NOW), "1 h 12 min");
        assert_eq!(remaining(Lang::ZH, NOW - DAY, NOW), "1 分钟");
    }
}
