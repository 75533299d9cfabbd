//! What all pages have: the way to the others, and what state the site shows.

use super::href::{Href, Place};
use super::html::{self, Attr, Html};
use super::model::Site;
use crate::shell::report::{day, percent};
use conex_verify::format::name::{Id, PackageName};

/// A page while it is written.
pub struct Frame<'a> {
    /// The site.
    pub site: &'a Site<'a>,
    /// The page.
    pub here: Place,
}

impl Frame<'_> {
    /// The whole page, with a heading.
    pub fn page(&self, title: &str, body: impl FnOnce(&mut Html)) -> String {
        let name = &self.site.report.status.name;
        html::page(
            &format!("{title} · {name}"),
            &self.to(&Place::Style),
            |html| {
                html.el("header", &[], |html| self.navigation(html));
                html.el("main", &[], |html| {
                    html.of("h1", &[], title);
                    body(html);
                });
                html.el("footer", &[], |html| self.state(html));
            },
        )
    }

    /// A link to a page that is there.
    pub fn to(&self, place: &Place) -> Href {
        Href::between(&self.here, place)
    }

    fn navigation(&self, html: &mut Html) {
        let report = self.site.report;
        // There are thousands of pages of one package or person: from there people go up first.
        let is_one = matches!(self.here, Place::Package(_) | Place::Person(_));
        let pages = [
            (Place::Overview, report.status.name.as_str(), true),
            (Place::Packages, "Packages", true),
            (Place::People, "People", true),
            (
                Place::Proposal,
                "Proposal",
                !is_one && report.proposal.is_some(),
            ),
            (Place::Waits, "What waits", !is_one),
            (Place::Changes, "Changes", !is_one && report.since.is_some()),
            (Place::Coverage, "Coverage", !is_one),
            (Place::Findings, "Findings", !is_one),
            (Place::Check, "Check it", !is_one),
        ];
        html.el("nav", &[], |html| {
            for (place, text, _) in pages.iter().filter(|(.., there)| *there) {
                html.link(&self.to(place), text);
                html.text(" ");
            }
        });
    }

    /// Which state the site shows.
    pub fn state(&self, html: &mut Html) {
        html.text("State ");
        html.of("code", &[], &self.site.report.state);
        if let Some((commit, time)) = &self.site.seen.commit {
            html.text(", commit ");
            html.of("code", &[], commit.get(..12).unwrap_or(commit));
            html.text(&format!(" of {}", day(*time)));
        }
        match self.site.seen.uncommitted {
            0 => {}
            1 => html.text(" and 1 file that is not committed"),
            n => html.text(&format!(" and {n} files that are not committed")),
        }
        html.text(". This page proves nothing: ");
        html.link(&self.to(&Place::Check), "look for yourself");
        html.text(".");
    }

    /// Where people object.
    pub fn contact(&self, html: &mut Html) {
        match &self.site.contact {
            Some(contact) => {
                html.text("Objections go to ");
                html.link_away(contact, contact.as_str());
                html.text(".");
            }
            None => html.text("Objections go to those who keep the repository."),
        }
    }

    /// A package, with a link if it has a page.
    pub fn package(&self, html: &mut Html, name: &PackageName) {
        match self.site.report.packages.contains_key(name) {
            true => html.link(&self.to(&Place::Package(name.clone())), name.as_str()),
            false => html.text(name.as_str()),
        }
    }

    /// A person or a team, with a link if they have a page.
    pub fn person(&self, html: &mut Html, id: &Id) {
        match self.site.report.people.contains_key(id) {
            true => html.link(&self.to(&Place::Person(id.clone())), id.as_str()),
            false => html.text(id.as_str()),
        }
    }

    /// Several of them.
    pub fn persons<'i>(&self, html: &mut Html, ids: impl IntoIterator<Item = &'i Id>) {
        between(html, ids, |html, id| self.person(html, id));
    }

    /// Several packages.
    pub fn packages<'i>(&self, html: &mut Html, names: impl IntoIterator<Item = &'i PackageName>) {
        between(html, names, |html, name| self.package(html, name));
    }
}

/// Things with commas between them.
pub fn between<T>(
    html: &mut Html,
    things: impl IntoIterator<Item = T>,
    mut write: impl FnMut(&mut Html, T),
) {
    for (n, thing) in things.into_iter().enumerate() {
        if n > 0 {
            html.text(", ");
        }
        write(html, thing);
    }
}

/// The heading of a column.
#[derive(Debug, Clone, Copy)]
pub enum Head {
    /// Of words.
    Words(&'static str),
    /// Of numbers, which stand at the right.
    Numbers(&'static str),
}

/// A table with a heading for each column; `names` says what it is of, to those who hear it.
pub fn table(html: &mut Html, names: &str, head: &[Head], rows: impl FnOnce(&mut Html)) {
    html.el("div", &[Attr::Class("scroll")], |html| {
        html.el("table", &[Attr::Label(names)], |html| {
            html.el("thead", &[], |html| {
                html.el("tr", &[], |html| {
                    for column in head {
                        let scope = Attr::Scope("col");
                        match column {
                            Head::Words(text) => html.of("th", &[scope], text),
                            Head::Numbers(text) => html.of("th", &[scope, Attr::Class("n")], text),
                        }
                    }
                });
            });
            html.el("tbody", &[], rows);
        });
    });
}

/// A row: its heading, then what the cells hold.
pub fn row(html: &mut Html, head: impl FnOnce(&mut Html), cells: impl FnOnce(&mut Html)) {
    row_called(html, &[], head, cells);
}

/// A row to which links lead.
pub fn row_called(
    html: &mut Html,
    called: &[Attr<'_>],
    head: impl FnOnce(&mut Html),
    cells: impl FnOnce(&mut Html),
) {
    html.el("tr", called, |html| {
        html.el("th", &[Attr::Scope("row")], head);
        cells(html);
    });
}

/// A cell with a text.
pub fn cell(html: &mut Html, text: &str) {
    html.of("td", &[], text);
}

/// A cell with a number.
pub fn number(html: &mut Html, n: usize) {
    html.of("td", &[Attr::Class("n")], &n.to_string());
}

/// A cell with a number, and how much that is of all.
pub fn part(html: &mut Html, n: usize, of: usize) {
    html.el("td", &[Attr::Class("n")], |html| {
        html.text(&format!("{n} "));
        html.of("span", &[Attr::Class("quiet")], &percent(n, of));
    });
}

/// A part of a page, with a heading.
pub fn section(html: &mut Html, title: &str, body: impl FnOnce(&mut Html)) {
    html.of("h2", &[], title);
    body(html);
}
