//! What a proposal of owners says, and why.

use super::frame::Head::{Numbers, Words};
use super::frame::{Frame, cell, number, part, row, section, table};
use super::href::Place;
use super::html::Html;
use super::model::Site;
use crate::bootstrap::table::{Line, Owner, Strength, Table, Word};
use conex_verify::words::counted;

/// What the proposal says of one package.
pub fn line(frame: &Frame<'_>, html: &mut Html, line: &Line) {
    html.el("p", &[], |html| {
        html.text("Proposed: ");
        match &line.owner {
            Owner::Nobody => html.text("nobody"),
            Owner::Maintainers => html.text("those who keep the repository"),
            Owner::Ids(ids) => frame.persons(html, ids),
            Owner::Team(team) => {
                html.text("the team ");
                frame.person(html, team);
            }
        }
        match line.strength {
            Strength::Strong => html.text(". The line is strong: it is claimed as it is."),
            Strength::Weak => html.text(". The line is weak: nothing comes of it."),
        }
    });
    if line.source.is_none() && line.seen.is_none() && line.evidence.is_empty() {
        html.of("p", &[], "Nothing is known that speaks for anybody.");
        return;
    }
    html.el("ul", &[], |html| {
        if let Some(source) = &line.source {
            html.of("li", &[], &format!("The sources are at {source}."));
        }
        if let Some(seen) = line.seen {
            html.of("li", &[], &format!("The owner was last seen in {seen}."));
        }
        for word in &line.evidence {
            html.el("li", &[], |html| evidence(frame, html, word));
        }
    });
}

fn evidence(frame: &Frame<'_>, html: &mut Html, word: &Word) {
    match word {
        Word::Named(id) => {
            html.text("What the package says of itself names ");
            frame.person(html, id);
            html.text(".");
        }
        Word::Published(id, changes, last) => {
            frame.person(html, id);
            let changes = counted(*changes, "change");
            html.text(&format!(" published it in {changes}, the last in {last}."));
        }
        Word::Helped(id, changes, last) => {
            frame.person(html, id);
            let changes = counted(*changes, "change");
            html.text(&format!(
                " published it in {changes}, the last in {last}; but merges what others open, and may have done it for somebody else."
            ));
        }
    }
}

/// The page about all of the proposal.
pub fn page(site: &Site<'_>) -> String {
    let frame = Frame {
        site,
        here: Place::Proposal,
    };
    frame.page("Proposal", |html| {
        if let Some(table) = site.report.proposal {
            proposal(&frame, html, table);
        }
    })
}

fn proposal(frame: &Frame<'_>, html: &mut Html, proposed: &Table) {
    html.of(
        "p",
        &[],
        "Who would own what, by the history of the repository and by what packages say of \
themselves. Nothing of it counts before a quorum of janitors approved it. Each package and each \
person has a page that says why.",
    );
    html.el("p", &[], |html| frame.contact(html));
    let here = &frame.site.report.packages;
    let lines: Vec<&Line> = here.values().filter_map(|package| package.line).collect();
    let strong = |line: &&&Line| line.strength == Strength::Strong;
    let maintainers = |line: &&&Line| line.owner == Owner::Maintainers;
    let nobody = |line: &&&Line| line.owner == Owner::Nobody;
    let count = |is: &dyn Fn(&&&Line) -> bool| lines.iter().filter(|line| is(line)).count();
    let rows = [
        (
            "strong",
            count(&|l| strong(l) && !maintainers(l)),
            "is claimed for its owners as it is",
        ),
        (
            "weak",
            count(&|l| !strong(l) && !nobody(l)),
            "needs somebody who edits it; until then the janitors hold the package",
        ),
        (
            "maintainers",
            count(&|l| maintainers(l) && strong(l)),
            "is a package of the compiler or the system, which the janitors hold",
        ),
        ("nobody", count(&nobody), "the janitors hold it"),
        (
            "no line",
            here.len().saturating_sub(lines.len()),
            "the proposal says nothing of it, and it stays as it is",
        ),
    ];
    table(
        html,
        "Lines",
        &[
            Words("Line"),
            Numbers("Packages"),
            Words("What comes of it"),
        ],
        |html| {
            for (word, n, what) in rows {
                row(
                    html,
                    |html| html.text(word),
                    |html| {
                        part(html, n, here.len());
                        cell(html, what);
                    },
                );
            }
        },
    );
    section(html, "Teams", |html| {
        if proposed.teams.is_empty() {
            html.of("p", &[], "There is none.");
            return;
        }
        html.of(
            "p",
            &[],
            "Whoever is in a team can release all that it owns.",
        );
        table(
            html,
            "Teams",
            &[Words("Team"), Words("Members"), Numbers("Packages")],
            |html| {
                for (team, members) in &proposed.teams {
                    let owns = frame.site.report.people.get(team);
                    row(
                        html,
                        |html| frame.person(html, team),
                        |html| {
                            html.el("td", &[], |html| frame.persons(html, members));
                            number(html, owns.map_or(0, |entry| entry.proposed.len()));
                        },
                    );
                }
            },
        );
    });
}
