//! Tables of a year, in Markdown, by month.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::account::{CLASSES, DIFFERENCES, Row};
use super::data::Share;
use super::replay::Outcome;

/// The rows of each month, and of all of them.
pub fn by_month(rows: &[Row]) -> Vec<(String, Vec<&Row>)> {
    let mut months: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        months.entry(&row.month).or_default().push(row);
    }
    let months = months
        .into_iter()
        .map(|(month, rows)| (month.to_owned(), rows));
    months
        .chain([("all".to_owned(), rows.iter().collect())])
        .collect()
}

pub fn count(rows: &[&Row], is: impl Fn(&Row) -> bool) -> usize {
    rows.iter().filter(|row| is(row)).count()
}

/// The head of a column, and which merges it counts.
type Column<'a> = (&'a str, &'a dyn Fn(&Row) -> bool);

/// A table with a line for each month.
fn table(rows: &[Row], counted: &[Column<'_>]) -> String {
    let names: Vec<&str> = counted.iter().map(|(name, _)| *name).collect();
    let mut text = format!(
        "| month | {} |\n|{}\n",
        names.join(" | "),
        "---|".repeat(names.len() + 1)
    );
    for (month, rows) in by_month(rows) {
        let numbers = counted.iter().map(|(_, is)| count(&rows, is).to_string());
        let numbers: Vec<String> = numbers.collect();
        writeln!(text, "| {month} | {} |", numbers.join(" | ")).unwrap();
    }
    text
}

/// Who must act besides the author.
pub fn who(rows: &[Row]) -> String {
    let all = |_: &Row| true;
    let janitors = |row: &Row| !row.alone() && row.owner.is_none();
    let counted: [Column<'_>; 6] = [
        ("merges", &all),
        ("author alone", &Row::alone),
        ("by the model", &|row| row.alone_by_model),
        ("another owner", &|row| row.owner.is_some()),
        ("janitors", &janitors),
        ("new authors", &|row| row.wants.joins),
    ];
    table(rows, &counted)
}

/// Why somebody besides the author must act.
pub fn why(rows: &[Row]) -> String {
    let has = CLASSES.map(|class| move |row: &Row| row.classes.contains(class));
    let counted: Vec<Column<'_>> = CLASSES
        .into_iter()
        .zip(has.iter().map(|is| is as &dyn Fn(&Row) -> bool))
        .collect();
    table(rows, &counted)
}

/// Why the model says otherwise.
pub fn differences(rows: &[Row]) -> String {
    let has = DIFFERENCES.map(|why| move |row: &Row| row.differs == Some(why));
    let counted: Vec<Column<'_>> = DIFFERENCES
        .into_iter()
        .zip(has.iter().map(|is| is as &dyn Fn(&Row) -> bool))
        .collect();
    table(rows, &counted)
}

/// The merges that would ask for less, if more were given at once.
pub fn spared(rows: &[Row]) -> String {
    let counted: [Column<'_>; 4] = [
        ("names by prefix", &|row| row.by_prefix),
        ("names by source", &|row| row.by_source),
        ("names by either", &|row| row.by_prefix || row.by_source),
        ("narrowing left to one janitor", &|row| {
            row.only_narrows() && row.owner.is_none()
        }),
    ];
    table(rows, &counted)
}

/// What people did in the merges that were replayed.
pub fn acts(rows: &[Row], outcomes: &[Outcome]) -> String {
    let by_number: BTreeMap<usize, &Outcome> = outcomes.iter().map(|o| (o.number, o)).collect();
    let mut text = "| month | merges | authors: `join` | authors: `sign`, `owner add` | other owners: `sign` | janitors: `approve`, `sign` | signatures | weak checksums | conflicts | processor time |\n|---|---|---|---|---|---|---|---|---|---|\n".to_owned();
    for (month, rows) in by_month(rows) {
        let done: Vec<&Outcome> = rows
            .iter()
            .filter_map(|row| by_number.get(&row.number).copied())
            .collect();
        let there = |row: &&&Row| by_number.contains_key(&row.number);
        let joined = rows
            .iter()
            .filter(there)
            .filter(|row| row.wants.joins || row.wants.confirms)
            .count();
        let sum = |of: fn(&Outcome) -> usize| done.iter().map(|o| of(o)).sum::<usize>();
        writeln!(
            text,
            "| {month} | {} | {joined} | {} | {} | {} | {} | {} | {} | {:.0} s |",
            done.len(),
            sum(|o| o.author),
            sum(|o| o.owner),
            sum(|o| o.janitors),
            sum(|o| o.signatures) + joined,
            sum(|o| o.weak),
            sum(|o| o.conflicts),
            done.iter().fold(0.0, |sum, o| sum + o.seconds)
        )
        .unwrap();
    }
    text
}

/// What the shares of a year said, in a directory where each is kept. A merge that touches several
/// shares takes as many acts as the share with the most; its seconds are added.
pub struct Kept<'a>(pub &'a Path);

impl Kept<'_> {
    pub fn write(&self, share: Share, outcomes: &[Outcome]) {
        let mut text = String::new();
        for o in outcomes {
            let Outcome {
                number,
                author,
                owner,
                janitors,
                signatures,
                conflicts,
                weak,
                seconds,
            } = o;
            writeln!(text, "{number}\t{author}\t{owner}\t{janitors}\t{signatures}\t{conflicts}\t{weak}\t{seconds}").unwrap();
        }
        fs::create_dir_all(self.0).unwrap();
        fs::write(
            self.0.join(format!("{}-of-{}.tsv", share.number, share.of)),
            text,
        )
        .unwrap();
    }

    /// All outcomes of the shares that are there, and how many shares that are.
    pub fn read(&self, of: u32) -> (usize, Vec<Outcome>) {
        let mut all: BTreeMap<usize, Outcome> = BTreeMap::new();
        let mut shares = BTreeSet::new();
        for number in 1..=of {
            let Ok(text) = fs::read_to_string(self.0.join(format!("{number}-of-{of}.tsv"))) else {
                continue;
            };
            shares.insert(number);
            for line in text.lines() {
                let fields: Vec<&str> = line.split('\t').collect();
                let n = |at: usize| fields[at].parse::<usize>().unwrap();
                let one = all.entry(n(0)).or_default();
                one.number = n(0);
                one.author = one.author.max(n(1));
                one.owner = one.owner.max(n(2));
                one.janitors = one.janitors.max(n(3));
                one.signatures = one.signatures.max(n(4));
                one.conflicts = one.conflicts.max(n(5));
                one.weak = one.weak.max(n(6));
                one.seconds += fields[7].parse::<f64>().unwrap();
            }
        }
        (shares.len(), all.into_values().collect())
    }
}
