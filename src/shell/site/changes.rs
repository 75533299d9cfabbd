//! What changed since another state.

use super::frame::{Frame, between, section};
use super::href::Place;
use super::html::{Attr, Html};
use super::model::Site;
use super::package::part;
use crate::plan::report::{Changes, Turn};
use conex_verify::format::name::{Id, PackageName, Release};
use std::collections::{BTreeMap, BTreeSet};

/// How many releases are named.
const MOST_RELEASES: usize = 3000;

/// The page of what changed.
pub fn page(site: &Site<'_>) -> String {
    let frame = Frame {
        site,
        here: Place::Changes,
    };
    let Some(since) = &site.report.since else {
        return frame.page("Changes", |_| {});
    };
    frame.page("Changes", |html| {
        html.el("p", &[], |html| {
            html.text("Since ");
            html.of("code", &[], &since.name);
            html.text(", state ");
            html.of("code", &[], &since.state);
            html.text(": what counts now and did not, and what counted and does not.");
        });
        match since.changes.is_empty() {
            true => html.of("p", &[], "Nothing changed."),
            false => told(&frame, html, &since.changes),
        }
    })
}

fn told(frame: &Frame<'_>, html: &mut Html, changes: &Changes) {
    turn(html, "Janitors", &changes.janitors, |html, id| {
        frame.person(html, id)
    });
    let (before, now) = changes.quorum;
    if before != now && before > 0 {
        let text = format!("{before} of the janitors had to agree, and {now} must now.");
        html.of("p", &[], &text);
    }
    turn(
        html,
        "Packages that are claimed",
        &changes.claimed,
        |html, name| {
            frame.package(html, name);
        },
    );
    each(
        html,
        "Owners",
        &changes.owners,
        |html, name| frame.package(html, name),
        |html, id| frame.person(html, id),
    );
    turn(html, "People and teams", &changes.people, |html, id| {
        frame.person(html, id)
    });
    each(
        html,
        "Members of teams",
        &changes.members,
        |html, id| frame.person(html, id),
        |html, id: &Id| frame.person(html, id),
    );
    each(
        html,
        "Keys that count",
        &changes.keys,
        |html, id| frame.person(html, id),
        |html, key| html.of("code", &[], &key.to_string()),
    );
    releases(
        frame,
        html,
        "Releases that are signed now",
        &changes.releases.came,
    );
    releases(
        frame,
        html,
        "Releases that are not signed any more",
        &changes.releases.went,
    );
    releases(
        frame,
        html,
        "Releases that are signed otherwise",
        &changes.replaced,
    );
    turn(
        html,
        "Packages that are there",
        &changes.packages,
        |html, name| {
            frame.package(html, name);
        },
    );
}

/// What came and what went, in two lists.
fn turn<T>(html: &mut Html, title: &str, of: &Turn<T>, write: impl Fn(&mut Html, &T)) {
    if of.is_empty() {
        return;
    }
    section(html, title, |html| both(html, of, &write));
}

fn both<T>(html: &mut Html, of: &Turn<T>, write: &impl Fn(&mut Html, &T)) {
    for (class, word, things) in [("good", "New: ", &of.came), ("bad", "Gone: ", &of.went)] {
        if !things.is_empty() {
            html.el("p", &[Attr::Class("names")], |html| {
                html.of("span", &[Attr::Class(class)], word);
                between(html, things, |html, thing| write(html, thing));
            });
        }
    }
}

/// What came and what went of each.
fn each<K, T>(
    html: &mut Html,
    title: &str,
    of: &BTreeMap<K, Turn<T>>,
    name: impl Fn(&mut Html, &K),
    write: impl Fn(&mut Html, &T),
) {
    if of.is_empty() {
        return;
    }
    section(html, title, |html| {
        html.el("dl", &[], |html| {
            for (key, turn) in of {
                html.el("dt", &[], |html| name(html, key));
                html.el("dd", &[], |html| both(html, turn, &write));
            }
        });
    });
}

/// Releases, by their packages.
fn releases(frame: &Frame<'_>, html: &mut Html, title: &str, all: &BTreeSet<Release>) {
    if all.is_empty() {
        return;
    }
    let mut of: BTreeMap<PackageName, Vec<&Release>> = BTreeMap::new();
    for release in all.iter().take(MOST_RELEASES) {
        of.entry(release.name()).or_default().push(release);
    }
    section(html, &format!("{title}: {}", all.len()), |html| {
        html.el("ul", &[], |html| {
            for (name, releases) in &of {
                html.el("li", &[], |html| {
                    frame.package(html, name);
                    html.text(": ");
                    between(html, releases, |html, release| {
                        version(frame, html, name, release)
                    });
                });
            }
        });
        let more = all.len().saturating_sub(MOST_RELEASES);
        if more > 0 {
            html.of("p", &[], &format!("And {more} more."));
        }
    });
}

fn version(frame: &Frame<'_>, html: &mut Html, name: &PackageName, release: &Release) {
    let version = release.version_str();
    let package = frame.site.report.packages.get(name);
    let there = package.is_some_and(|p| p.releases.iter().any(|r| r.release == *release));
    match there {
        true => {
            let page = frame.to(&Place::Package(name.clone()));
            html.link(&page.part(&part(version)), version);
        }
        false => html.text(version),
    }
}
