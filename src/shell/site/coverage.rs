//! How much was signed when.

use super::chart;
use super::frame::Head::{Numbers, Words};
use super::frame::{Frame, number, part, row, section, table};
use super::href::Place;
use super::html::Html;
use super::model::{Curve, Site};
use crate::plan::todo::Coverage;
use crate::shell::report::day;

/// The page of the curve.
pub fn page(site: &Site<'_>) -> String {
    let frame = Frame {
        site,
        here: Place::Coverage,
    };
    frame.page("Coverage", |html| {
        section(html, "Now", |html| now(html, &site.report.coverage));
        section(html, "Over time", |html| match &site.curve {
            Curve::Unknown(why) => html.of("p", &[], &format!("Not known: {why}.")),
            Curve::Points(points) => {
                html.of(
                    "p",
                    &[],
                    "States of the branch, each judged as a client judges it. What stands between \
two of them was not looked at.",
                );
                chart::draw(html, points);
                let head = [
                    Words("Day"),
                    Words("Commit"),
                    Numbers("Packages"),
                    Numbers("Signed"),
                    Numbers("Releases"),
                    Numbers("Signed"),
                ];
                table(html, "How much was signed when", &head, |html| {
                    for point in points.iter().rev() {
                        row(
                            html,
                            |html| html.text(&day(point.time)),
                            |html| {
                                html.el("td", &[], |html| html.of("code", &[], &point.commit));
                                let of = &point.signed;
                                number(html, of.packages);
                                part(html, of.signed_packages, of.packages);
                                number(html, of.releases);
                                part(html, of.signed_releases, of.releases);
                            },
                        );
                    }
                });
            }
        });
    })
}

/// How much is signed now, and would be if all that waits were approved.
pub fn now(html: &mut Html, coverage: &Coverage) {
    let head = [
        Words("Of"),
        Numbers("All"),
        Numbers("Signed"),
        Numbers("If approved"),
    ];
    table(html, "How much is signed", &head, |html| {
        for (what, all, signed, approved) in [
            (
                "Packages",
                coverage.packages,
                coverage.signed_packages,
                coverage.if_approved_packages,
            ),
            (
                "Releases",
                coverage.releases,
                coverage.signed_releases,
                coverage.if_approved_releases,
            ),
        ] {
            row(
                html,
                |html| html.text(what),
                |html| {
                    number(html, all);
                    part(html, signed, all);
                    part(html, approved, all);
                },
            );
        }
    });
}
