//! Months: as exact as anybody has to know when somebody was seen.

use std::fmt;
use std::str::FromStr;

/// A month of a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month {
    year: u64,
    month: u64,
}

impl Month {
    /// The month of a time in seconds since 1970, by the calendar of UTC.
    pub fn of(seconds: u64) -> Month {
        // Days since the first of March of the year 0, so that the day of a leap year is the last.
        let days = seconds / 86_400 + 719_468;
        let era = days / 146_097;
        let of_era = days % 146_097;
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * of_year + 2) / 153;
        let month = if from_march < 10 {
            from_march + 3
        } else {
            from_march - 9
        };
        Month {
            year: era * 400 + year_of_era + u64::from(month < 3),
            month,
        }
    }
}

impl Month {
    /// The same month some years before.
    #[must_use]
    pub fn years_before(self, years: u64) -> Month {
        Month {
            year: self.year.saturating_sub(years),
            ..self
        }
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl FromStr for Month {
    type Err = ();

    fn from_str(text: &str) -> Result<Month, ()> {
        let (year, month) = text.split_once('-').ok_or(())?;
        let number = |text: &str, digits| match text.len() == digits {
            true => text.parse::<u64>().map_err(drop),
            false => Err(()),
        };
        let month = Month {
            year: number(year, 4)?,
            month: number(month, 2)?,
        };
        match (1..=12).contains(&month.month) {
            true => Ok(month),
            false => Err(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_that_of_the_calendar() {
        for (seconds, month) in [
            (0, "1970-01"),
            (951_782_399, "2000-02"), // the second before the 29th
            (951_868_799, "2000-02"), // the last one of the 29th
            (951_868_800, "2000-03"),
            (1_345_547_636, "2012-08"),
            (1_704_067_199, "2023-12"),
            (1_704_067_200, "2024-01"),
        ] {
            assert_eq!(Month::of(seconds).to_string(), month);
            assert_eq!(month.parse(), Ok(Month::of(seconds)));
        }
        for bad in [
            "", "2024", "2024-13", "2024-00", "24-01", "2024-1", "20x4-01",
        ] {
            assert_eq!(bad.parse::<Month>(), Err(()), "{bad}");
        }
    }
}
