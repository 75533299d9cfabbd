//! What waits for a quorum, and what is held, unsigned or not valid.

use super::frame::Head::{Numbers, Words};
use super::frame::{Frame, number, row, section, table};
use super::href::Place;
use super::html::{Attr, Html};
use super::model::Site;
use crate::plan::report::Subject;
use crate::plan::status::Protection;
use conex_verify::format::name::PackageName;
use conex_verify::words::counted;

/// How many lines say what an approval would change.
const MOST_LINES: usize = 200;

/// The page of what waits.
pub fn page(site: &Site<'_>) -> String {
    let frame = Frame {
        site,
        here: Place::Waits,
    };
    let report = site.report;
    frame.page("What waits", |html| {
        let quorum = report.status.quorum;
        let of = counted(report.status.janitors.len(), "janitor");
        section(html, "For approval", |html| {
            if report.waits.is_empty() {
                html.of("p", &[], "Nothing waits.");
                return;
            }
            let text = format!(
                "It counts for nothing before {quorum} of {of} approved it, and stops nobody until then."
            );
            html.of("p", &[], &text);
            table(html, "What waits", &[Words("Of"), Numbers("Files")], |html| {
                for (subject, n) in &report.waits {
                    row(
                        html,
                        |html| match subject {
                            Subject::Repository => html.text("the repository"),
                            Subject::Person(id) => frame.person(html, id),
                            Subject::Package(name) => frame.package(html, name),
                        },
                        |html| number(html, *n),
                    );
                }
            });
        });
        if !report.effects.is_empty() {
            section(html, "What approving all of it would change", |html| {
                html.el("ul", &[], |html| {
                    for line in report.effects.iter().take(MOST_LINES) {
                        html.el("li", &[], |html| html.prose(line));
                    }
                });
                let more = report.effects.len().saturating_sub(MOST_LINES);
                if more > 0 {
                    html.of("p", &[], &format!("And {}.", counted(more, "more line")));
                }
            });
        }
        let held = report.packages.iter().filter(|(_, package)| package.is_held());
        let held = held.map(|(name, _)| name).collect();
        names(&frame, html, "Held by the janitors", held);
        for (protection, title) in [
            (Protection::Broken, "Claimed, and not valid"),
            (Protection::Pending, "Not approved"),
            (Protection::Unsigned, "Unsigned"),
        ] {
            let some = report.packages.iter();
            let some = some.filter(|(_, package)| package.protection == protection);
            names(&frame, html, title, some.map(|(name, _)| name).collect());
        }
    })
}

fn names(frame: &Frame<'_>, html: &mut Html, title: &str, names: Vec<&PackageName>) {
    section(html, title, |html| match names.is_empty() {
        true => html.of("p", &[], "None."),
        false => {
            let text = format!("{}:", counted(names.len(), "package"));
            html.of("p", &[], &text);
            html.el("p", &[Attr::Class("names")], |html| {
                frame.packages(html, names)
            });
        }
    });
}
