//! Sizes and times as people read them, and as people type them.

use std::time::{Duration, UNIX_EPOCH};

use papermesh_protocol::time::Timestamp;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const TWO_HOURS: u64 = 2 * HOUR;
const TWO_DAYS: u64 = 2 * DAY;

/// A size in bytes: `0 B`, `999 B`, `1.5 KiB`, `12 MiB`.
pub(super) fn size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut unit = 0;
    let mut scaled = bytes as f64 / 1024.0;
    // 1023.95 would be shown as 1024.0 of this unit rather than as 1.0 of the next.
    while scaled >= 1023.5 && unit + 1 < UNITS.len() {
        scaled /= 1024.0;
        unit += 1;
    }
    let digits = usize::from(scaled < 9.95);
    format!("{scaled:.digits$} {}", UNITS[unit])
}

/// A length of time, to the nearest: `0 s`, `59 s`, `15 min`, `90 min`, `24 h`, `5 d`. Small numbers of a large
/// unit would be too coarse, so an hour is 60 minutes still, and a day 24 hours.
pub(super) fn span(length: Duration) -> String {
    let millis = length.as_millis();
    let nearest = |unit: u64| (millis + u128::from(unit) * 500) / (u128::from(unit) * 1000);
    match u64::try_from(nearest(1)).unwrap_or(u64::MAX) {
        seconds @ 0..MINUTE => format!("{seconds} s"),
        MINUTE..TWO_HOURS => format!("{} min", nearest(MINUTE)),
        TWO_HOURS..TWO_DAYS => format!("{} h", nearest(HOUR)),
        TWO_DAYS.. => format!("{} d", nearest(DAY)),
    }
}

/// How long ago.
pub(super) fn age(then: Timestamp, now: Timestamp) -> String {
    span(now.since(then))
}

/// How long until then, or that it is over.
pub(super) fn rest(then: Timestamp, now: Timestamp) -> String {
    if then <= now {
        "expired".to_owned()
    } else {
        span(then.since(now))
    }
}

/// A point in time: RFC 3339, UTC, to the second.
pub(super) fn date(then: Timestamp) -> String {
    // Years beyond 9999 have no such form.
    const LAST: u64 = 253_402_300_799;
    let since = Duration::from_secs(then.as_secs().min(LAST));
    humantime::format_rfc3339_seconds(UNIX_EPOCH + since).to_string()
}

/// Reads a length of time, such as `15m`.
pub(super) fn parse_span(text: &str) -> Result<Duration, String> {
    text.parse::<crate::config::Wait>()
        .map(crate::config::Wait::duration)
        .map_err(|error| error.to_string())
}

/// Reads a length of time of at least a second, as whole seconds.
pub(super) fn parse_seconds(text: &str) -> Result<u32, String> {
    match u32::try_from(parse_span(text)?.as_secs()) {
        Ok(0) => Err("at least a second is needed".to_owned()),
        Ok(seconds) => Ok(seconds),
        Err(_) => Err("that is longer than a century".to_owned()),
    }
}

/// Reads a point in time: RFC 3339 (`2026-01-31T08:00:00Z`, `2026-01-31 08:00:00`) or how long
/// ago (`24h`).
pub(super) fn parse_moment(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    let trimmed = text.trim();
    let midnight = format!("{trimmed} 00:00:00");
    if let Ok(ago) = humantime::parse_duration(trimmed) {
        return Ok(now - ago);
    }
    humantime::parse_rfc3339_weak(trimmed)
        .or_else(|_| humantime::parse_rfc3339_weak(&midnight))
        .ok()
        .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
        .map(|since| Timestamp::from_secs(since.as_secs()))
        .ok_or_else(|| {
            format!(
                "{text:?} is not a time: write a date such as 2026-01-31, or how long ago, such as 24h"
            )
        })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn sizes_have_two_or_three_digits() {
        for (bytes, expected) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1536, "1.5 KiB"),
            (10 << 10, "10 KiB"),
            ((1 << 20) - 1, "1.0 MiB"),
            (123 << 20, "123 MiB"),
            (u64::MAX, "16 EiB"),
        ] {
            assert_eq!(size(bytes), expected);
        }
    }

    #[test]
    fn spans_have_one_unit() {
        for (seconds, expected) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (3599, "60 min"),
            (5400, "90 min"),
            (7200, "2 h"),
            (86_400, "24 h"),
            (200_000, "2 d"),
            (220_000, "3 d"),
        ] {
            assert_eq!(span(Duration::from_secs(seconds)), expected);
        }
        assert_eq!(span(Duration::from_millis(59_600)), "1 min");
        assert_eq!(span(Duration::MAX), "213503982334601 d");
    }

    #[test]
    fn what_has_just_begun_has_all_its_time_left() {
        let now = Timestamp::from_secs(1_800_000_000);
        for (seconds, expected) in [
            (15 * MINUTE, "15 min"),
            (HOUR, "60 min"),
            (DAY, "24 h"),
            (365 * DAY, "365 d"),
        ] {
            let then = now + Duration::from_secs(seconds);
            for passed in [0, 1, 999, 2500] {
                let later = now + Duration::from_millis(passed);
                assert_eq!(rest(then, later), expected, "{passed} ms later");
            }
        }
        assert_eq!(rest(now, now), "expired");
        assert_eq!(rest(now, now + Duration::from_secs(1)), "expired");
    }

    #[test]
    fn moments_are_dates_or_ages() {
        let now = Timestamp::from_secs(1_000_000);
        assert_eq!(parse_moment("1h", now), Ok(Timestamp::from_secs(996_400)));
        for text in ["1970-01-02T00:00:00Z", "1970-01-02 00:00:00", "1970-01-02"] {
            assert_eq!(
                parse_moment(text, now),
                Ok(Timestamp::from_secs(86_400)),
                "{text}"
            );
        }
        assert!(parse_moment("yesterday", now).is_err());
        assert_eq!(
            date(Timestamp::from_millis(u64::MAX)),
            "9999-12-31T23:59:59Z"
        );
    }

    #[test]
    fn a_lifetime_is_at_least_a_second() {
        assert_eq!(parse_seconds("15m"), Ok(900));
        assert!(parse_seconds("10ms").is_err());
        assert!(parse_seconds("1000y").is_err());
    }
}
