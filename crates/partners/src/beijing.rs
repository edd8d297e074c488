//! Times as the platform writes them: `2026-11-23 10:02:00`, always in China's one time zone.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::Offset;

const FORM: &str = "%Y-%m-%d %H:%M:%S";
const CHINA: Offset = Offset::constant(8);

/// UTC microseconds as the platform's text.
pub fn write(at: i64) -> String {
    moment(at).strftime(FORM).to_string()
}

/// The platform's text as UTC microseconds.
pub fn read(text: &str) -> Option<i64> {
    let local = DateTime::strptime(FORM, text).ok()?;
    Some(CHINA.to_timestamp(local).ok()?.as_microsecond())
}

/// The day in China at `at`.
pub fn day(at: i64) -> Date {
    moment(at).date()
}

fn moment(at: i64) -> DateTime {
    CHINA.to_datetime(Timestamp::from_microsecond(at).unwrap_or(Timestamp::UNIX_EPOCH))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn china_is_eight_hours_ahead() {
        assert_eq!(write(0), "1970-01-01 08:00:00");
        assert_eq!(read("1970-01-01 08:00:01"), Some(1_000_000));
        assert_eq!(read("2026-02-30 00:00:00"), None);
        assert_eq!(read("2026-02-03"), None);
        assert_eq!(day(-1).to_string(), "1970-01-01");
    }
}
