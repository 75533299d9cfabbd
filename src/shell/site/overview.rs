//! Where everybody starts.

use super::frame::{Frame, between, section};
use super::href::Place;
use super::html::{Attr, Html};
use super::model::{Curve, Site};
use super::{chart, coverage, packages};
use crate::shell::report::Counts;
use conex_verify::format::name::Id;
use conex_verify::format::resource::{SnapshotRule, Timestamp};

/// The first page.
pub fn page(site: &Site<'_>) -> String {
    let frame = Frame {
        site,
        here: Place::Overview,
    };
    let report = site.report;
    let name = report.status.name.clone();
    frame.page(&name, |html| {
        html.of(
            "p",
            &[Attr::Class("lead")],
            "Who owns which package of this opam repository, why, whose keys count, and what is signed by whom.",
        );
        html.el("p", &[], |html| {
            html.text("Your package: ");
            html.link(&frame.to(&Place::Packages), "all packages by letter");
            html.text(". Yourself: ");
            html.link(&frame.to(&Place::People), "everybody");
            html.text(". ");
            frame.contact(html);
        });
        section(html, "What is signed", |html| {
            coverage::now(html, &report.coverage);
            if let Curve::Points(points) = &site.curve {
                chart::draw(html, points);
            }
        });
        section(html, "Owners", |html| packages::stages(&frame, html));
        section(html, "Janitors", |html| janitors(&frame, html));
        section(html, "The state", |html| state(&frame, html));
    })
}

fn janitors(frame: &Frame<'_>, html: &mut Html) {
    let status = &frame.site.report.status;
    html.el("p", &[], |html| {
        html.text(&format!("{} of these must agree: ", status.quorum));
        let ids = status.janitors.iter().filter_map(|id| Id::new(id).ok());
        between(html, ids, |html, id| frame.person(html, &id));
        html.text(".");
    });
    let lacks = &status.link;
    if lacks.is_lacking() {
        let text = format!(
            "Link {} of their chain is not signed by as many as it needs.",
            lacks.number
        );
        html.of("p", &[], &text);
    }
}

fn state(frame: &Frame<'_>, html: &mut Html) {
    let report = frame.site.report;
    let code = |html: &mut Html, name: &str, value: &str| {
        html.of("dt", &[], name);
        html.el("dd", &[], |html| html.of("code", &[], value));
    };
    html.el("dl", &[], |html| {
        code(html, "State", &report.state);
        if let Some((commit, _)) = &frame.site.seen.commit {
            code(html, "Commit", commit);
        }
        code(html, "Identity of the repository", &report.status.identity);
        html.of("dt", &[], "Snapshot");
        html.of("dd", &[], &snapshot(frame));
        html.of("dt", &[], "What waits");
        html.el("dd", &[], |html| {
            let text = match report.waits.len() {
                0 => "nothing".to_owned(),
                n => format!("something of {n} packages or people"),
            };
            html.link(&frame.to(&Place::Waits), &text);
        });
        html.of("dt", &[], "Findings");
        html.el("dd", &[], |html| {
            let text = Counts::of(&report.findings).to_string();
            html.link(&frame.to(&Place::Findings), &text);
        });
    });
}

fn snapshot(frame: &Frame<'_>) -> String {
    let report = frame.site.report;
    let rule = match report.status.snapshot {
        SnapshotRule::Required => ", and one is required",
        SnapshotRule::Optional => "",
    };
    let Some(facts) = &report.snapshot else {
        return format!("none{rule}");
    };
    let by = facts.by.as_ref().map_or("nobody who may", |id| id.as_str());
    let created = facts
        .created
        .as_ref()
        .map(Timestamp::as_str)
        .unwrap_or_default();
    let valid = match facts.valid {
        true => "of this state",
        false => "not of this state",
    };
    format!("{}, by {by}, {created}: {valid}{rule}", facts.revision)
}
