//! Everybody.

use super::frame::Head::{Numbers, Words};
use super::frame::{Frame, cell, number, row, section, table};
use super::href::{Letter, Place};
use super::html::Attr;
use super::model::Site;
use crate::plan::report::PersonEntry;
use crate::shell::report::person_in_words;
use conex_verify::format::name::Id;
use conex_verify::words::counted;
use std::collections::BTreeMap;

/// What somebody is, in words.
pub fn what(entry: &PersonEntry) -> String {
    match &entry.person {
        Some(person) => person_in_words(person),
        None if entry.is_team() => "a team of the proposal".to_owned(),
        None => "an account of the proposal".to_owned(),
    }
}

/// How many packages somebody owns, alone, with others, or as a member of a team.
fn owned(entry: &PersonEntry) -> usize {
    let person = entry.person.as_ref();
    let through = person
        .into_iter()
        .flat_map(|p| p.through.values().flatten());
    let own = person.into_iter().flat_map(|p| &p.owns);
    own.chain(through)
        .collect::<std::collections::BTreeSet<_>>()
        .len()
}

/// The page of everybody.
pub fn page(site: &Site<'_>) -> String {
    let frame = Frame {
        site,
        here: Place::People,
    };
    let mut letters: BTreeMap<Letter, Vec<(&Id, &PersonEntry)>> = BTreeMap::new();
    for (id, entry) in &site.report.people {
        let letter = letters.entry(Letter::of(id.as_str())).or_default();
        letter.push((id, entry));
    }
    let teams = site
        .report
        .people
        .values()
        .filter(|entry| entry.is_team())
        .count();
    let people = site.report.people.len() - teams;
    let proposal = site.report.proposal;
    frame.page("People", |html| {
        let text = format!(
            "{} and {}.",
            counted(people, "person"),
            counted(teams, "team")
        );
        html.of("p", &[], &text.replace("persons", "people"));
        html.el("ul", &[Attr::Class("letters")], |html| {
            for (letter, entries) in &letters {
                html.el("li", &[], |html| {
                    let to = frame.to(&frame.here).part(&part(*letter));
                    html.link(&to, &letter.text());
                    html.text(&format!(" {}", entries.len()));
                });
            }
        });
        for (letter, entries) in &letters {
            html.el("div", &[Attr::Id(&part(*letter))], |html| {
                section(html, &letter.text(), |html| {
                    let mut head = vec![
                        Words("Id"),
                        Words("What"),
                        Numbers("Keys that count"),
                        Numbers("Packages"),
                    ];
                    head.extend(proposal.map(|_| Numbers("Proposed")));
                    table(html, &letter.text(), &head, |html| {
                        for (id, entry) in entries {
                            row(
                                html,
                                |html| frame.person(html, id),
                                |html| {
                                    cell(html, &what(entry));
                                    number(html, entry.keys.len());
                                    number(html, owned(entry));
                                    if proposal.is_some() {
                                        number(html, entry.proposed.len());
                                    }
                                },
                            );
                        }
                    });
                });
            });
        }
    })
}

fn part(letter: Letter) -> String {
    match letter {
        Letter::Other => "l0".to_owned(),
        Letter::Of(c) => format!("l{c}"),
    }
}
