//! The page of a package.

use super::findings;
use super::frame::Head::Words;
use super::frame::{Frame, between, cell, row_called, section, table};
use super::href::Place;
use super::html::{Attr, Html};
use super::model::Site;
use super::packages::mark;
use super::proposal;
use crate::hint::Hint;
use crate::plan::bootstrap::Stage;
use crate::plan::report::{Holds, PackageEntry, PersonEntry, Signed};
use crate::shell::report::{stage_in_words, standing_in_words};
use conex_verify::format::name::{Id, PackageName};
use conex_verify::words::{counted, verb};
use conex_verify::workbench::trust::support::Standing;
use std::collections::{BTreeMap, BTreeSet};

/// The page of a package.
pub fn page(site: &Site<'_>, name: &PackageName) -> String {
    let frame = Frame {
        site,
        here: Place::Package(name.clone()),
    };
    let Some(package) = site.report.packages.get(name) else {
        return frame.page(name.as_str(), |_| {});
    };
    frame.page(name.as_str(), |html| {
        html.el("p", &[], |html| {
            mark(html, package.protection);
            if let Some(stage) = package.stage {
                html.text(" ");
                html.el("span", &[Attr::Class("mark none")], |html| {
                    html.text(stage_in_words(stage));
                });
            }
            if package.declined {
                html.text(" Its first claim was declined.");
            }
        });
        if let Some(synopsis) = &package.synopsis {
            html.of("p", &[Attr::Class("lead")], synopsis);
        }
        section(html, "Owners", |html| owners(&frame, html, package));
        if let Some(line) = package.line {
            section(html, "Why the proposal says so", |html| {
                proposal::line(&frame, html, line);
            });
        }
        section(html, "Releases", |html| releases(&frame, html, package));
        findings::section_of(&frame, html, &package.findings);
        section(html, "Is that wrong?", |html| {
            object(&frame, html, name, package)
        });
    })
}

fn owners(frame: &Frame<'_>, html: &mut Html, package: &PackageEntry<'_>) {
    let quorum = frame.site.report.status.quorum;
    if !package.owners.is_empty() {
        html.el("ul", &[], |html| {
            for (id, holds) in &package.owners {
                html.el("li", &[], |html| {
                    frame.person(html, id);
                    html.text(holding(frame, id, *holds));
                });
            }
        });
    } else if package.is_held() {
        let text = format!(
            "Nobody. The janitors hold it, and {} together release it.",
            counted(quorum, "janitor")
        );
        html.of("p", &[], &text);
    } else if package.asked.is_none() {
        html.of("p", &[], "Nothing in the repository says who owns it.");
    }
    if let Some(asked) = package.asked.as_ref().filter(|_| !package.declined) {
        html.el("p", &[], |html| {
            html.text(match asked.count {
                Some(_) => "Waits for approval: ",
                None => "A file that does not count says: ",
            });
            match asked.owners.is_empty() {
                true => html.text("nobody would own it, and the janitors hold it"),
                false => frame.persons(html, &asked.owners),
            }
            if let Some(count) = asked.count {
                html.text(&format!(" ({count} janitors approve it)"));
            }
            html.text(".");
        });
    }
    if !package.approved_by.is_empty() {
        html.el("p", &[], |html| {
            html.text("Approved by ");
            frame.persons(html, &package.approved_by);
            html.text(".");
        });
    }
    if package.dependants > 0 {
        let text = format!(
            "{} of this repository depend on it, by its name.",
            counted(package.dependants, "package")
        );
        html.of("p", &[Attr::Class("quiet")], &text);
    }
}

/// What an owner has to sign with, in words.
fn holding(frame: &Frame<'_>, id: &Id, holds: Holds) -> &'static str {
    let entry = frame.site.report.people.get(id);
    let is_team = entry.is_some_and(PersonEntry::is_team);
    match holds {
        Holds::Proven if is_team => ", a team, of which a member has proven a key",
        Holds::Proven => ", who has proven a key",
        Holds::Unproven if is_team => ", a team, of which no member has proven a key yet",
        Holds::Unproven => ", who has not proven a key yet",
        Holds::Nothing => ", whose keys were taken away",
        Holds::Unknown => ", whom the repository does not know",
    }
}

fn releases(frame: &Frame<'_>, html: &mut Html, package: &PackageEntry<'_>) {
    let mut linked = BTreeSet::new();
    if let Some(list) = &package.list {
        html.el("p", &[], |html| {
            html.text("The list of releases: ");
            standing(html, "span", list);
            if !list.by.is_empty() {
                html.text(", signed by ");
                signers(frame, html, &list.by, &mut linked);
            }
            html.text(".");
        });
    }
    if package.releases.is_empty() {
        html.of("p", &[], "There is none.");
        return;
    }
    let head = [
        Words("Version"),
        Words("Signature"),
        Words("Signed by"),
        Words("Revision"),
    ];
    table(html, "Releases", &head, |html| {
        for entry in &package.releases {
            let version = entry.release.version_str();
            let id = part(version);
            row_called(
                html,
                &[Attr::Id(&id)],
                |html| html.text(version),
                |html| {
                    match &entry.signed {
                        _ if !entry.is_there => cell(html, "not there"),
                        Some(signed) => standing(html, "td", signed),
                        None => html.of("td", &[Attr::Class("quiet")], "unsigned"),
                    }
                    html.el("td", &[], |html| {
                        if let Some(signed) = &entry.signed {
                            signers(frame, html, &signed.by, &mut linked);
                        }
                    });
                    let revision = entry.signed.as_ref().and_then(|s| s.revision);
                    cell(
                        html,
                        &revision.map_or(String::new(), |r| match r.epoch {
                            0 => r.counter.to_string(),
                            _ => r.to_string(),
                        }),
                    );
                },
            );
        }
    });
}

/// What a link to a release leads to.
pub fn part(version: &str) -> String {
    format!("v{version}")
}

fn standing(html: &mut Html, element: &'static str, signed: &Signed) {
    let class = match signed.standing {
        Standing::Valid => "good",
        Standing::Waiting(_) => "wait",
        _ => "bad",
    };
    let words = standing_in_words(&signed.standing);
    html.of(element, &[Attr::Class(class)], &words);
}

/// Who signed: owners, then janitors, who own nothing. The first time, each with a link: some packages
/// have hundreds of releases.
fn signers(frame: &Frame<'_>, html: &mut Html, by: &BTreeMap<Id, bool>, linked: &mut BTreeSet<Id>) {
    let of = |owns: bool| {
        by.iter()
            .filter(move |(_, o)| **o == owns)
            .map(|(id, _)| id)
    };
    let mut name = |html: &mut Html, id: &Id| match linked.insert(id.clone()) {
        true => frame.person(html, id),
        false => html.text(id.as_str()),
    };
    between(html, of(true), &mut name);
    let janitors = of(false).count();
    if janitors == 0 {
        return;
    }
    if janitors < by.len() {
        html.text("; ");
    }
    between(html, of(false), &mut name);
    html.text(verb(janitors, " (janitor)", " (janitors)"));
}

/// What somebody does who thinks that it is wrong.
fn object(frame: &Frame<'_>, html: &mut Html, name: &PackageName, package: &PackageEntry<'_>) {
    let name = name.to_string();
    html.el("p", &[], |html| {
        if package.line.is_some() {
            html.text("Nothing of the proposal counts before a quorum of janitors approved it. ");
        }
        frame.contact(html);
    });
    if package.owners.is_empty() || package.stage == Some(Stage::Proposed) {
        html.el("p", &[], |html| {
            html.prose(&Hint::SiteMine { name: name.clone() }.to_string());
        });
    }
    html.el("p", &[Attr::Class("quiet")], |html| {
        html.prose(&Hint::SiteStatus { name }.to_string());
    });
}
