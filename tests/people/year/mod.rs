//! A year of opam-repository (24 August 2024 to 23 August 2025) with owners from the day before:
//! who must act in each merge, by a table and by the tools, and what that costs people.
//!
//! `CONEX_YEAR` is the share that goes through the tools, as `3/20`; `tests/long year` runs all, and says what
//! `CONEX_YEAR_LINES` and `CONEX_YEAR_KEPT` are. With `CONEX_YEAR_PUBLISH=weekly` not each merge is published by
//! itself. `CONEX_BIN` is a conex to run instead of the one that was built for the test.

mod account;
mod data;
mod edits;
mod expected;
mod office;
mod replay;
mod report;

use std::path::PathBuf;

use account::{Row, account};
use data::{Share, end, found, merges};
use expected::Rights;
use office::{Lines, Office};
use replay::{Outcome, Replay, files, opened};
use report::{Kept, by_month, count};

use crate::history_support::scratch;

const WHOLE: Share = Share { number: 1, of: 1 };

fn lines() -> Lines {
    match std::env::var("CONEX_YEAR_LINES").as_deref() {
        Ok("strong") => Lines::Strong,
        _ => Lines::All,
    }
}

/// The year by the table alone.
fn accounted(
    year: &std::path::Path,
    office: &Office,
    lines: Lines,
) -> (Rights, Vec<data::Merge>, Vec<Row>) {
    let rights = Rights::of_table(&office.proposed(year, lines));
    let merges = merges(year, WHOLE);
    let rows = account(&rights, &merges, &office.path("work"));
    (rights, merges, rows)
}

/// By the table nobody but the author must act in as many merges of each month as by the model that
/// came with the data, which was computed apart: but for differences that have a name, and three in a
/// hundred merges, rounded up.
#[test]
#[cfg_attr(
    not(feature = "real-data"),
    ignore = "needs real repositories: tests/run"
)]
fn a_year_needs_those_whom_the_model_names() {
    let Some(year) = found() else { return };
    let scratch = scratch();
    let office = Office::new(scratch.path());
    let (_, _, rows) = accounted(&year, &office, lines());
    println!("{}", report::who(&rows));
    println!("{}", report::why(&rows));
    println!("{}", report::differences(&rows));
    println!("{}", report::spared(&rows));
    if lines() == Lines::Strong {
        return;
    }
    for (month, rows) in by_month(&rows) {
        let other = count(&rows, |row| row.differs == Some("other"));
        assert!(
            other <= (rows.len() * 3).div_ceil(100),
            "{month}: {other} of {}",
            rows.len()
        );
    }
    // What differs with a name is little as well.
    let alone = rows.iter().filter(|row| row.alone()).count();
    let by_model = rows.iter().filter(|row| row.alone_by_model).count();
    assert!(
        alone.abs_diff(by_model) * 100 <= rows.len() * 5,
        "{alone}, {by_model}"
    );
}

/// Each merge of a share is signed by its author, judged, signed or approved by who is missing,
/// merged, published, and accepted by a client; `check` misses exactly those whom the table misses;
/// and at the end everything is what it was in reality.
#[test]
#[cfg_attr(
    not(feature = "real-data"),
    ignore = "needs real repositories: tests/run"
)]
fn a_year_goes_through_the_tools() {
    let Some(year) = found() else { return };
    let share = std::env::var("CONEX_YEAR").unwrap_or_else(|_| "1/100".to_owned());
    let share = Share::parse(&share).expect("CONEX_YEAR: `K/N` or `whole`");
    let scratch = scratch();
    let mut office = Office::new(scratch.path());
    let (rights, all, rows) = accounted(&year, &office, lines());
    let merges = merges(&year, share);
    let people = merges.iter().map(|merge| rights.id(&merge.by)).collect();
    office.begin(share, &rights, &people);
    let every = match std::env::var("CONEX_YEAR_PUBLISH").as_deref() {
        Ok("weekly") => 7 * 86_400,
        _ => 0,
    };
    let mut replay = Replay::new(&office, rights, opened(&all), every);
    let outcomes: Vec<Outcome> = merges.iter().map(|merge| replay.merge(merge)).collect();
    office.published();
    assert_eq!(files(&office), end(&year, share));
    for (what, seconds) in office.spent.borrow().iter() {
        println!("{what}: {seconds:.1} s");
    }
    println!("{}", report::acts(&rows, &outcomes));
    assert_eq!(replay.differences, Vec::<String>::new());
    if let Some(dir) = std::env::var_os("CONEX_YEAR_KEPT").map(PathBuf::from) {
        let kept = Kept(&dir);
        kept.write(share, &outcomes);
        let (shares, outcomes) = kept.read(share.of);
        println!(
            "{shares} of {} shares\n{}",
            share.of,
            report::acts(&rows, &outcomes)
        );
    }
}
