//! The time stamps of GNU diff, and which of them GNU patch takes for "no such file".

/// Seconds of a day, hour and minute.
const DAY: i64 = 86_400;
const HOUR: i64 = 3_600;
const MINUTE: i64 = 60;

/// What a time stamp says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stamp {
    /// A time at which GNU patch thinks that the file does not exist, if the hunk is empty on that side.
    Epoch,
    /// Any other time.
    Other,
}

/// Reads `YYYY-MM-DD HH:MM:SS.NNNNNNNNN +ZZZZ`, as GNU diff prints it.
///
/// GNU diff prints the epoch for a file that is not there, in the user's time
/// zone. GNU patch takes every time from 25 hours before to 26 hours after the
/// epoch for that (`fetchname` in its `util.c`: a local time without its zone
/// may be that far off), so this does the same. `None`: not such a stamp.
pub(super) fn read(text: &[u8]) -> Option<Stamp> {
    let [
        y1,
        y2,
        y3,
        y4,
        b'-',
        mo1,
        mo2,
        b'-',
        d1,
        d2,
        b' ',
        h1,
        h2,
        b':',
        mi1,
        mi2,
        b':',
        s1,
        s2,
        b'.',
        nanos @ ..,
        b' ',
        sign @ (b'+' | b'-'),
        zh1,
        zh2,
        zm1,
        zm2,
    ] = text
    else {
        return None;
    };
    if nanos.len() != 9 || !nanos.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let year = number(&[*y1, *y2, *y3, *y4])?;
    let month = number(&[*mo1, *mo2])?;
    let day = number(&[*d1, *d2])?;
    let hour = number(&[*h1, *h2])?;
    let minute = number(&[*mi1, *mi2])?;
    let second = number(&[*s1, *s2])?;
    let zone = number(&[*zh1, *zh2])? * HOUR + number(&[*zm1, *zm2])? * MINUTE;
    let zone = if *sign == b'-' { -zone } else { zone };
    let exists = (1..=12).contains(&month)
        && (1..=days_in(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60
        && zone.abs() < DAY;
    if !exists {
        return None;
    }
    let local = days_since_epoch(year, month, day) * DAY + hour * HOUR + minute * MINUTE + second;
    let utc = local - zone;
    let fraction = nanos.iter().any(|&b| b != b'0');
    let after_start = utc > -25 * HOUR || (utc == -25 * HOUR && fraction);
    Some(if after_start && utc < 26 * HOUR {
        Stamp::Epoch
    } else {
        Stamp::Other
    })
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |n, b| {
        b.is_ascii_digit().then(|| n * 10 + i64::from(b - b'0'))
    })
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let before = |y: i64| {
        y * 365 + (y - 1).div_euclid(4) - (y - 1).div_euclid(100) + (y - 1).div_euclid(400)
    };
    let months: i64 = (1..month).map(|m| days_in(year, m)).sum();
    before(year) - before(1970) + months + day - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_epoch_is_found_in_every_zone() {
        for text in [
            "1970-01-01 00:00:00.000000000 +0000",
            "1969-12-31 19:00:00.000000000 -0500",
            "1970-01-01 14:00:00.000000000 +1400",
            // Liberia was 44 minutes and 30 seconds behind; `%z` drops the seconds.
            "1969-12-31 23:15:30.000000000 -0044",
            // The edges of what GNU patch takes for the epoch, checked against GNU patch 2.7.6.
            "1970-01-02 01:59:59.000000000 +0000",
            "1969-12-30 23:30:00.000000000 +0000",
        ] {
            assert_eq!(read(text.as_bytes()), Some(Stamp::Epoch), "{text}");
        }
    }

    #[test]
    fn other_times_are_other() {
        for text in [
            "2024-01-01 00:00:00.000000000 +0000",
            "2024-02-29 23:59:59.999999999 -0930",
            "1970-01-02 03:00:00.000000000 +0000",
            "1969-12-30 22:00:00.000000000 +0000",
            "1900-03-01 00:00:00.000000000 +0000",
            "9999-12-31 00:00:00.000000000 +0000",
        ] {
            assert_eq!(read(text.as_bytes()), Some(Stamp::Other), "{text}");
        }
    }

    #[test]
    fn days_are_counted_as_the_calendar_does() {
        assert_eq!(days_since_epoch(1970, 1, 1), 0);
        assert_eq!(days_since_epoch(2000, 3, 1), 11_017);
        assert_eq!(days_since_epoch(2024, 2, 29), 19_782);
        assert_eq!(days_since_epoch(1969, 12, 31), -1);
        assert_eq!(days_since_epoch(0, 1, 1), -719_528);
    }

    #[test]
    fn anything_else_is_not_a_stamp() {
        for text in [
            "",
            "1970-01-01 00:00:00 +0000",
            "1970-01-01 00:00:00.000000000",
            "1970-01-01 00:00:00.000000000 +000",
            "1970-01-01 00:00:00.000000000 +00000",
            "1970-01-01 00:00:00.000000000 +2400",
            "1970-00-01 00:00:00.000000000 +0000",
            "1970-13-01 00:00:00.000000000 +0000",
            "2023-02-29 00:00:00.000000000 +0000",
            "1970-01-01 24:00:00.000000000 +0000",
            "1970-01-01 00:00:00.00000000x +0000",
            "1970-01-01 00:00:00.000000000 +0000\r",
            " 1970-01-01 00:00:00.000000000 +0000",
            "10000-01-01 00:00:00.000000000 +0000",
            "Thu Jan 01 00:00:00 1970 +0000",
        ] {
            assert_eq!(read(text.as_bytes()), None, "{text}");
        }
    }
}
