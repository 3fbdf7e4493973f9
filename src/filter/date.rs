//! Days of the calendar, as far as "holds until" needs them.
//!
//! Must not ask what day it is: today comes in from the edge.

use std::{fmt, str::FromStr};

/// A day, from 0001-01-01 to 9999-12-31. Days compare as they follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

/// Seconds of a day; leap seconds do not count in Unix time.
const DAY: u64 = 86_400;

impl Date {
    /// The day, if there is such a day.
    #[must_use]
    pub const fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        if year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 || day > days_of(year, month) {
            return None;
        }
        Some(Self { year, month, day })
    }

    /// The day (UTC) that holds this moment, in seconds since 1970-01-01.
    #[must_use]
    pub const fn from_unix_seconds(seconds: u64) -> Self {
        let mut left = seconds / DAY;
        let mut year = 1970;
        while year < 9999 {
            let length = if is_leap(year) { 366 } else { 365 };
            if left < length {
                break;
            }
            left -= length;
            year += 1;
        }
        let mut month = 1;
        while month < 12 && left >= days_of(year, month) as u64 {
            left -= days_of(year, month) as u64;
            month += 1;
        }
        let last = days_of(year, month) as u64;
        let day = if left < last { left + 1 } else { last };
        Self { year, month, day: day as u8 }
    }

    /// Days from 1970-01-01 to this one; negative before it.
    #[must_use]
    pub const fn days_since_1970(self) -> i64 {
        // Years from March on, so that leap days end them.
        let (year, month) = if self.month > 2 {
            (self.year as i64, self.month as i64)
        } else {
            (self.year as i64 - 1, self.month as i64 + 12)
        };
        let months = (153 * (month - 3) + 2) / 5;
        365 * year + year / 4 - year / 100 + year / 400 + months + self.day as i64 - 1 - 719_468
    }

    /// Reads exactly `YYYY-MM-DD`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let dashes = bytes.len() == 10 && bytes[4] == b'-' && bytes[7] == b'-';
        if !dashes || !bytes.iter().all(|byte| byte.is_ascii_digit() || *byte == b'-') {
            return None;
        }
        Self::new(text[..4].parse().ok()?, text[5..7].parse().ok()?, text[8..].parse().ok()?)
    }
}

const fn is_leap(year: u16) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

const fn days_of(year: u16, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 31,
    }
}

impl fmt::Display for Date {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

/// The text is no day of the calendar in the form `YYYY-MM-DD`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a day of the calendar in the form YYYY-MM-DD")]
pub struct NotADate;

impl FromStr for Date {
    type Err = NotADate;

    fn from_str(text: &str) -> Result<Self, NotADate> {
        Self::parse(text).ok_or(NotADate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_days_of_the_calendar_are_read() {
        for good in ["2024-02-29", "2000-02-29", "0001-01-01", "9999-12-31", "2023-04-30"] {
            assert_eq!(Date::parse(good).map(|date| date.to_string()).as_deref(), Some(good));
        }
        for bad in [
            "",
            "2023-02-29",
            "1900-02-29",
            "2023-13-01",
            "2023-00-10",
            "2023-04-31",
            "2023-4-3",
            "0000-01-01",
        ] {
            assert_eq!(Date::parse(bad), None, "{bad}");
        }
        for bad in ["2023-04-0é", "+023-04-01", "2023-04-01 ", "2023/04/01", "20230401"] {
            assert_eq!(Date::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn moments_fall_on_days() {
        for (seconds, expected) in [
            (0, "1970-01-01"),
            (86_399, "1970-01-01"),
            (951_782_400, "2000-02-29"),
            (1_704_067_199, "2023-12-31"),
            (1_704_067_200, "2024-01-01"),
            (u64::MAX, "9999-12-31"),
        ] {
            let date = Date::from_unix_seconds(seconds);
            assert_eq!(date.to_string(), expected, "{seconds}");
            let days = date.days_since_1970();
            assert!(seconds == u64::MAX || days == (seconds / DAY) as i64, "{seconds}: {days}");
        }
    }
}
