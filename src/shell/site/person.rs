//! The page of a person or a team.

use super::findings;
use super::frame::Head::Words;
use super::frame::{Frame, cell, row, section, table};
use super::href::Place;
use super::html::{Attr, Html};
use super::model::Site;
use super::packages::mark;
use super::people::what;
use crate::bootstrap::table::Strength;
use crate::hint::Hint;
use crate::plan::person::{KeyOf, Person, Sort};
use crate::plan::report::PersonEntry;
use conex_verify::format::name::{Id, PackageName};

/// The page of a person or a team.
pub fn page(site: &Site<'_>, id: &Id) -> String {
    let frame = Frame {
        site,
        here: Place::Person(id.clone()),
    };
    let Some(entry) = site.report.people.get(id) else {
        return frame.page(id.as_str(), |_| {});
    };
    frame.page(id.as_str(), |html| {
        html.of("p", &[Attr::Class("lead")], &sentence(&what(entry)));
        match &entry.person {
            Some(person) => of_repository(&frame, html, entry, person),
            None => {
                html.of(
                    "p",
                    &[],
                    "The repository does not know this id yet: only the proposal names it.",
                );
            }
        }
        if site.report.proposal.is_some() {
            section(html, "In the proposal", |html| {
                proposal(&frame, html, entry)
            });
        }
        findings::section_of(&frame, html, &entry.findings);
        section(html, "Is that wrong?", |html| {
            html.el("p", &[], |html| frame.contact(html));
            html.el("p", &[Attr::Class("quiet")], |html| match entry.person {
                Some(_) => html.prose(
                    &Hint::SiteStatus {
                        name: id.to_string(),
                    }
                    .to_string(),
                ),
                None => html.text(
                    "Nothing of the proposal counts before a quorum of janitors approved it.",
                ),
            });
        });
    })
}

/// A text that starts with a capital and ends with a dot.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(chars).chain(['.']).collect()
}

fn of_repository(frame: &Frame<'_>, html: &mut Html, entry: &PersonEntry, person: &Person) {
    html.el("dl", &[], |html| {
        if !entry.approved_by.is_empty() {
            html.of("dt", &[], "Approved by");
            html.el("dd", &[], |html| frame.persons(html, &entry.approved_by));
        }
        if !person.accounts.is_empty() {
            html.of("dt", &[], "Says to be");
            html.of("dd", &[], &person.accounts.join(", "));
        }
        if !person.members.is_empty() {
            html.of("dt", &[], "Members");
            html.el("dd", &[], |html| frame.persons(html, &person.members));
        }
        if !person.teams.is_empty() {
            html.of("dt", &[], "In teams");
            html.el("dd", &[], |html| frame.persons(html, &person.teams));
        }
    });
    if person.sort != Sort::Team {
        section(html, "Keys", |html| keys(html, entry, person));
    }
    let owned = person.owns.iter().map(|name| (name, None));
    let through = person.through.iter();
    let through =
        through.flat_map(|(team, names)| names.iter().map(move |name| (name, Some(team))));
    let all: Vec<(&PackageName, Option<&Id>)> = owned.chain(through).collect();
    section(html, "Packages", |html| packages(frame, html, &all));
}

fn keys(html: &mut Html, entry: &PersonEntry, person: &Person) {
    if person.keys.is_empty() {
        html.of("p", &[], "There is none.");
        return;
    }
    table(
        html,
        "Keys",
        &[Words("Key"), Words("What it is worth")],
        |html| {
            for key in &person.keys {
                let fingerprint = key.key.fingerprint();
                let counts = entry.keys.contains(&fingerprint);
                row(
                    html,
                    |html| html.of("code", &[], &fingerprint.to_string()),
                    |html| {
                        let class = if counts { "good" } else { "wait" };
                        html.el("td", &[], |html| {
                            html.of("span", &[Attr::Class(class)], worth(key, counts));
                        });
                    },
                );
            }
        },
    );
    let unproven = person.keys.iter().any(|key| key.listed && !key.proven);
    if unproven && person.sort == Sort::Author {
        html.el("p", &[], |html| {
            let id = person.id.to_string();
            html.prose(&Hint::SiteConfirm { id }.to_string());
        });
    }
}

/// What a key is worth.
fn worth(key: &KeyOf, counts: bool) -> &'static str {
    match (counts, key.of_janitor, key.proven) {
        (true, true, _) => "counts, as that of a janitor",
        (true, false, _) => "counts: listed, approved and proven",
        (false, _, true) => "proven, and does not count: the file waits, or was replaced",
        (false, _, false) => "listed, and nothing is signed with it: nobody showed to have it",
    }
}

fn packages(frame: &Frame<'_>, html: &mut Html, all: &[(&PackageName, Option<&Id>)]) {
    if all.is_empty() {
        html.of("p", &[], "There is none.");
        return;
    }
    let through = all.iter().any(|(_, team)| team.is_some());
    let mut head = vec![Words("Package"), Words("State")];
    head.extend(through.then_some(Words("Through the team")));
    table(html, "Packages", &head, |html| {
        for (name, team) in all {
            row(
                html,
                |html| frame.package(html, name),
                |html| {
                    html.el("td", &[], |html| {
                        if let Some(package) = frame.site.report.packages.get(*name) {
                            mark(html, package.protection);
                        }
                    });
                    if through {
                        html.el("td", &[], |html| frame.persons(html, team.iter().copied()));
                    }
                },
            );
        }
    });
}

fn proposal(frame: &Frame<'_>, html: &mut Html, entry: &PersonEntry) {
    html.el("ul", &[], |html| {
        if let Some(line) = entry.line {
            if let Some(seen) = line.seen {
                html.of("li", &[], &format!("Last seen in {seen}."));
            }
            if line.asleep {
                html.of("li", &[], "Asleep: not seen for two years, so that no key is listed without being asked for.");
            }
            if line.merges {
                html.of("li", &[], "Merges what others open.");
            }
        }
        if !entry.members.is_empty() {
            html.el("li", &[], |html| {
                html.text("Members: ");
                frame.persons(html, &entry.members);
            });
        }
        if !entry.teams.is_empty() {
            html.el("li", &[], |html| {
                html.text("In teams: ");
                frame.persons(html, &entry.teams);
            });
        }
    });
    if entry.proposed.is_empty() {
        html.of("p", &[], "No line gives them a package.");
        return;
    }
    table(
        html,
        "Proposed packages",
        &[Words("Package"), Words("Line")],
        |html| {
            for (name, strength) in &entry.proposed {
                row(
                    html,
                    |html| frame.package(html, name),
                    |html| {
                        cell(
                            html,
                            match strength {
                                Strength::Strong => "strong",
                                Strength::Weak => "weak",
                            },
                        );
                    },
                );
            }
        },
    );
}
