//! All files of a site.

use std::collections::BTreeSet;

use rayon::prelude::*;

use super::href::{Letter, Place};
use super::model::{File, Site};
use super::{
    changes, check, coverage, findings, overview, package, packages, people, person, proposal,
    waits,
};

const STYLE: &str = include_str!("style.css");

/// All files of a site. The same report gives the same bytes.
pub fn files(site: &Site<'_>) -> Vec<File> {
    let report = site.report;
    let letters: BTreeSet<Letter> = report
        .packages
        .keys()
        .map(|name| Letter::of(name.as_str()))
        .collect();
    let mut places = vec![
        Place::Overview,
        Place::Packages,
        Place::People,
        Place::Waits,
        Place::Coverage,
        Place::Findings,
        Place::Check,
        Place::Style,
    ];
    places.extend(report.proposal.map(|_| Place::Proposal));
    places.extend(report.since.as_ref().map(|_| Place::Changes));
    places.extend(letters.into_iter().map(Place::Letter));
    places.extend(
        packages::STAGES
            .iter()
            .map(|(stage, ..)| Place::Stage(*stage)),
    );
    places.extend(report.packages.keys().cloned().map(Place::Package));
    places.extend(report.people.keys().cloned().map(Place::Person));
    let file = |place: &Place| File {
        path: place.path(),
        bytes: text(site, place).into_bytes(),
    };
    places.par_iter().map(file).collect()
}

fn text(site: &Site<'_>, place: &Place) -> String {
    match place {
        Place::Style => STYLE.to_owned(),
        Place::Overview => overview::page(site),
        Place::Packages => packages::all(site),
        Place::Letter(letter) => packages::letter(site, *letter),
        Place::Stage(stage) => packages::stage(site, *stage),
        Place::Package(name) => package::page(site, name),
        Place::People => people::page(site),
        Place::Person(id) => person::page(site, id),
        Place::Proposal => proposal::page(site),
        Place::Waits => waits::page(site),
        Place::Changes => changes::page(site),
        Place::Coverage => coverage::page(site),
        Place::Findings => findings::page(site),
        Place::Check => check::page(site),
    }
}
