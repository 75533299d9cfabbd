//! What is wrong.

use super::frame::{Frame, section};
use super::href::Place;
use super::html::{Attr, Html};
use super::model::Site;
use crate::plan::report::Subject;
use crate::shell::report::{Counts, Group, groups};
use conex_verify::finding::{Finding, Reader, Severity};
use conex_verify::words::counted;

/// How many findings the page of all of them shows.
const MOST: usize = 400;

/// How many the page of one package or person shows.
const MOST_OF_ONE: usize = 25;

/// The page of all findings.
pub fn page(site: &Site<'_>) -> String {
    let frame = Frame {
        site,
        here: Place::Findings,
    };
    let findings = &site.report.findings;
    frame.page("Findings", |html| {
        let text = match findings.is_empty() {
            true => "Nothing is wrong.".to_owned(),
            false => format!(
                "{}. An error is a reason for clients to refuse the repository.",
                Counts::of(findings)
            ),
        };
        html.of("p", &[], &text);
        let groups = groups(findings);
        let shown = groups.get(..MOST).unwrap_or(&groups);
        for group in shown {
            told(&frame, html, group);
        }
        let more = groups.len() - shown.len();
        if more > 0 {
            let text = format!(
                "And {} that the pages of their packages show.",
                counted(more, "other")
            );
            html.of("p", &[], &text);
        }
    })
}

/// A group with what it is about.
fn told(frame: &Frame<'_>, html: &mut Html, group: &Group<'_>) {
    html.el("section", &[Attr::Class("finding")], |html| {
        finding(html, &group.head);
        html.el("p", &[Attr::Class("quiet")], |html| {
            match Subject::of_path(&group.head.path) {
                Subject::Package(name) => frame.package(html, &name),
                Subject::Person(id) => frame.person(html, &id),
                Subject::Repository => html.text("the repository"),
            }
            let follow = group.follow();
            if follow > 0 {
                html.text(&format!("; {} from it", counted(follow, "more finding")));
            }
        });
    });
}

/// What is wrong with one package or person, if anything is.
pub fn section_of(frame: &Frame<'_>, html: &mut Html, of: &[usize]) {
    let all = &frame.site.report.findings;
    let mut found: Vec<&Finding> = of.iter().filter_map(|at| all.get(*at)).collect();
    if found.is_empty() {
        return;
    }
    found.sort_by_key(|f| f.severity);
    section(html, "Findings", |html| {
        for one in found.iter().take(MOST_OF_ONE) {
            html.el("div", &[Attr::Class("finding")], |html| finding(html, one));
        }
        let more = found.len().saturating_sub(MOST_OF_ONE);
        if more > 0 {
            html.of("p", &[], &format!("And {more} more."));
        }
    });
}

fn finding(html: &mut Html, finding: &Finding) {
    let class = match finding.severity {
        Severity::Error => "mark bad",
        Severity::Warning => "mark wait",
        Severity::Note => "mark none",
    };
    html.el("p", &[], |html| {
        let text = format!("{} {}", finding.severity, finding.code);
        html.of("span", &[Attr::Class(class)], &text);
        html.text(" ");
        html.prose(&finding.message);
    });
    let named = finding.message.contains(&finding.path);
    if finding.excerpt.is_some() || !named {
        html.el("p", &[Attr::Class("quiet")], |html| {
            let place = match &finding.excerpt {
                Some(at) if at.path.is_empty() => {
                    format!("{}:{}:{}", finding.path, at.line, at.column)
                }
                Some(at) => format!("{}:{}:{}", at.path, at.line, at.column),
                None => finding.path.clone(),
            };
            html.of("code", &[], &place);
        });
    }
    if !finding.values.is_empty() {
        html.el("dl", &[], |html| {
            for (label, value) in &finding.values {
                html.of("dt", &[], label);
                html.el("dd", &[], |html| html.of("code", &[], value));
            }
        });
    }
    let hint = finding.hint_for(Reader::WorkTree);
    if !hint.is_empty() {
        html.el("p", &[], |html| html.prose(&hint));
    }
}
