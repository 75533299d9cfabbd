//! The lists of packages: by letter, and by how far they are.

use super::frame::Head::{Numbers, Words};
use super::frame::{Frame, cell, number, part, row, section, table};
use super::href::{Letter, Place};
use super::html::{Attr, Html};
use super::model::Site;
use crate::plan::bootstrap::Stage;
use crate::plan::report::PackageEntry;
use crate::plan::status::Protection;
use crate::shell::report::stage_in_words;
use conex_verify::format::name::PackageName;
use conex_verify::words::counted;
use std::collections::BTreeMap;

/// How far a package is, and what that means.
pub const STAGES: [(Stage, &str); 4] = [
    (
        Stage::Unclaimed,
        "nothing says who owns it; nobody's signature protects it",
    ),
    (
        Stage::Held,
        "it has no owner: the janitors hold it, and a quorum of them releases it",
    ),
    (
        Stage::Proposed,
        "it has owners, of whom nobody has proven a key yet",
    ),
    (
        Stage::Confirmed,
        "an owner has proven a key, or is a janitor",
    ),
];

/// What a package is to a client, as a mark.
pub fn mark(html: &mut Html, protection: Protection) {
    let (class, text) = match protection {
        Protection::Signed => ("mark good", "signed"),
        Protection::Broken => ("mark bad", "not valid"),
        Protection::Pending => ("mark wait", "not approved"),
        Protection::Unsigned => ("mark none", "unsigned"),
    };
    html.of("span", &[Attr::Class(class)], text);
}

/// How many packages are how far.
pub fn stages(frame: &Frame<'_>, html: &mut Html) {
    let packages = &frame.site.report.packages;
    let all = packages.values().filter(|p| p.stage.is_some()).count();
    let head = [Words("Stage"), Numbers("Packages"), Words("What it means")];
    table(html, "How far the packages are", &head, |html| {
        for (stage, meaning) in STAGES {
            let n = packages.values().filter(|p| p.stage == Some(stage)).count();
            row(
                html,
                |html| {
                    html.link(&frame.to(&Place::Stage(stage)), stage_in_words(stage));
                },
                |html| {
                    part(html, n, all);
                    cell(html, meaning);
                },
            );
        }
    });
}

/// All packages, by letters.
pub fn all(site: &Site<'_>) -> String {
    let frame = Frame {
        site,
        here: Place::Packages,
    };
    let packages = &site.report.packages;
    let mut letters: BTreeMap<Letter, Vec<&PackageName>> = BTreeMap::new();
    for name in packages.keys() {
        letters
            .entry(Letter::of(name.as_str()))
            .or_default()
            .push(name);
    }
    frame.page("Packages", |html| {
        html.of(
            "p",
            &[],
            &format!("{}.", counted(packages.len(), "package")),
        );
        section(html, "By letter", |html| {
            html.el("ul", &[Attr::Class("letters")], |html| {
                for (letter, names) in &letters {
                    html.el("li", &[], |html| {
                        html.link(&frame.to(&Place::Letter(*letter)), &letter.text());
                        html.text(&format!(" {}", names.len()));
                    });
                }
            });
        });
        section(html, "By how far they are", |html| stages(&frame, html));
        let most = most_depended(packages);
        if !most.is_empty() {
            section(
                html,
                "Not confirmed, those first on which most depend",
                |html| {
                    list(&frame, html, most);
                },
            );
        }
    })
}

/// How many packages are named that have no owner with a key.
const MOST_WANTED: usize = 20;

/// How many packages the list of a stage has: a phone shows no more in one table.
const MOST_OF_STAGE: usize = 1000;

/// The packages that no owner has confirmed and on which most others depend.
fn most_depended<'a>(
    packages: &'a BTreeMap<PackageName, PackageEntry<'a>>,
) -> Vec<(&'a PackageName, &'a PackageEntry<'a>)> {
    let mut open: Vec<_> = packages
        .iter()
        .filter(|(_, p)| p.dependants > 0)
        .filter(|(_, p)| p.stage.is_some_and(|stage| stage != Stage::Confirmed))
        .collect();
    open.sort_by_key(|(name, p)| (std::cmp::Reverse(p.dependants), *name));
    open.truncate(MOST_WANTED);
    open
}

/// The packages that start with a letter.
pub fn letter(site: &Site<'_>, letter: Letter) -> String {
    let frame = Frame {
        site,
        here: Place::Letter(letter),
    };
    let all = site.report.packages.iter();
    let some: Vec<_> = all
        .filter(|(name, _)| Letter::of(name.as_str()) == letter)
        .collect();
    frame.page(&format!("Packages: {}", letter.text()), |html| {
        list(&frame, html, some)
    })
}

/// The packages that are as far as this.
pub fn stage(site: &Site<'_>, stage: Stage) -> String {
    let frame = Frame {
        site,
        here: Place::Stage(stage),
    };
    let all = site.report.packages.iter();
    let some: Vec<_> = all.filter(|(_, p)| p.stage == Some(stage)).collect();
    let meaning = STAGES.iter().find(|(known, _)| *known == stage);
    let meaning = meaning.map_or("", |(_, meaning)| meaning);
    frame.page(&format!("Packages: {}", stage_in_words(stage)), |html| {
        html.of(
            "p",
            &[],
            &format!("{}: {meaning}.", counted(some.len(), "package")),
        );
        let more = some.len().saturating_sub(MOST_OF_STAGE);
        let shown = some.into_iter().take(MOST_OF_STAGE).collect::<Vec<_>>();
        if !shown.is_empty() {
            list(&frame, html, shown);
        }
        if more > 0 {
            html.el("p", &[], |html| {
                html.text(&format!("And {more} more, in the lists "));
                html.link(&frame.to(&Place::Packages), "by letter");
                html.text(".");
            });
        }
    })
}

/// A table of packages.
fn list(frame: &Frame<'_>, html: &mut Html, packages: Vec<(&PackageName, &PackageEntry<'_>)>) {
    let head = [
        Words("Package"),
        Words("State"),
        Words("Owners"),
        Numbers("Releases"),
        Numbers("Needed by"),
    ];
    table(html, "Packages", &head, |html| {
        for (name, package) in packages {
            row(
                html,
                |html| frame.package(html, name),
                |html| {
                    html.el("td", &[], |html| mark(html, package.protection));
                    html.el("td", &[], |html| owners(frame, html, package));
                    number(html, package.releases.len());
                    number(html, package.dependants);
                },
            );
        }
    });
}

/// Who owns a package, in one cell: those who count, or what waits, or what is proposed.
fn owners(frame: &Frame<'_>, html: &mut Html, package: &PackageEntry<'_>) {
    if !package.owners.is_empty() {
        frame.persons(html, package.owners.keys());
    } else if package.is_held() {
        html.of("span", &[Attr::Class("quiet")], "held by the janitors");
    } else if let Some(asked) = package.asked.as_ref().filter(|a| !a.owners.is_empty()) {
        frame.persons(html, &asked.owners);
        html.of("span", &[Attr::Class("quiet")], " (waits)");
    } else {
        html.of("span", &[Attr::Class("quiet")], "nobody");
    }
}
