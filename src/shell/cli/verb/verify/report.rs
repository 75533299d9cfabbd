//! What `conex verify` prints and keeps.

use std::time::Duration;

use serde::Serialize;

use super::request::Request;

use crate::shell::cli::age::{JsonSnapshot, in_words};
use crate::shell::cli::failure::Exit;
use crate::shell::cli::options::Format;
use crate::shell::hook::report::Reporter;
use crate::shell::out::{out, say, sayln};
use crate::shell::progress::thousands;
use crate::shell::report::{Counts, HumanOptions, Shown, human, json, one_line};
use conex_verify::Report;
use conex_verify::finding::{Finding, Reader};
use conex_verify::words::plural;
use conex_verify::workbench::verdict::Summary;
use conex_verify::workbench::verify::Mode;

/// What the last line of a report says, for programs.
#[derive(Serialize)]
pub struct JsonSummary<'a> {
    verdict: &'a str,
    identity: Option<String>,
    link: Option<usize>,
    quorum: Option<usize>,
    strict: bool,
    files: usize,
    releases: usize,
    signed_packages: usize,
    unsigned_packages: usize,
    invalid_packages: usize,
    authors: usize,
    teams: usize,
    segments: usize,
    state: Option<String>,
    snapshot: Option<JsonSnapshot>,
    milliseconds: u128,
}

/// Prints the verdict, tells opam's user, and gives the exit status.
pub fn conclude(request: &Request, report: &Report, accepted: bool, elapsed: Duration) -> Exit {
    let findings = &report.findings;
    let summary = report.summary;
    let state = match &report.state {
        Some(state) => format!("; state {state}, {}", in_words(report.snapshot.as_ref())),
        None => String::new(),
    };
    let line = last_line(accepted, findings, &summary, elapsed, &state);
    match request.format {
        Format::Json => {
            let s = &summary;
            let summary = JsonSummary {
                verdict: if accepted { "accepted" } else { "rejected" },
                identity: report.identity.map(|d| d.to_string()),
                link: report.chain.map(|(link, _)| link),
                quorum: report.chain.map(|(_, quorum)| quorum),
                strict: request.policy.mode() == Mode::Strict,
                files: s.files,
                releases: s.releases,
                signed_packages: s.signed_packages,
                unsigned_packages: s.unsigned_packages,
                invalid_packages: s.broken_packages,
                authors: s.authors,
                teams: s.teams,
                segments: s.segments,
                state: report.state.clone(),
                snapshot: report.snapshot.as_ref().map(JsonSnapshot::of),
                milliseconds: elapsed.as_millis(),
            };
            out!("{}", json(findings, Reader::Client, summary));
        }
        Format::Human => {
            let options = HumanOptions {
                shown: if request.all {
                    Shown::All
                } else {
                    HumanOptions::default().shown
                },
                summary: &line,
                ..HumanOptions::on(&std::io::stderr())
            };
            say!("{}", human(findings, &options));
        }
    }
    if request.hook {
        let reporter = Reporter {
            name: request.name.clone(),
            state: request.state.clone(),
        };
        let options = HumanOptions {
            shown: Shown::Whole(MOST_KEPT),
            summary: &line,
            ..HumanOptions::default()
        };
        let report = human(findings, &options);
        not_kept(if accepted {
            reporter.keep(&report).map(drop)
        } else {
            reporter.tell(&one_line(findings), &report)
        });
    }
    if accepted {
        Exit::Success
    } else {
        Exit::Rejected
    }
}

/// Says that a report was not kept, which changes no verdict.
pub fn not_kept(kept: Result<(), String>) {
    if let Err(why) = kept {
        sayln!("warning: the report cannot be kept: {why}");
    }
}

/// The most findings of a kept report: a tree without one segment has thousands.
pub const MOST_KEPT: usize = 1000;

pub fn last_line(
    accepted: bool,
    findings: &[Finding],
    summary: &Summary,
    elapsed: Duration,
    state: &str,
) -> String {
    let files = format!(
        "{} {} checked in {:.2} s",
        thousands(summary.files),
        plural(summary.files, "file"),
        elapsed.as_secs_f64()
    );
    if !accepted {
        return format!("rejected: {}{state} ({files})", Counts::of(findings));
    }
    let unsigned = match summary.unsigned_packages {
        0 => String::new(),
        n => format!(
            ", {} unsigned {} let through",
            thousands(n),
            plural(n, "package")
        ),
    };
    format!(
        "accepted: {} signed {}{unsigned}{state} ({files})",
        thousands(summary.signed_packages),
        plural(summary.signed_packages, "package")
    )
}
