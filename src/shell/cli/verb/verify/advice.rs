//! What an opam user does about a finding: the hints of the verifier are for everybody, and know no name.

use super::request::Request;
use crate::hint::Hint;

use conex_verify::Mode;
use conex_verify::finding::{Code, Finding};

/// Puts the name of the repository into commands, and says what somebody types who does not sign packages.
pub fn for_users(request: &Request, findings: &mut [Finding]) {
    let name = &request.name;
    for finding in findings {
        for command in ["conex enable", "opam repository set-url"] {
            for end in [" ", "`"] {
                let general = format!("{command} NAME{end}");
                let theirs = format!("{command} {name}{end}");
                finding.hint = finding.hint.replace(&general, &theirs);
            }
        }
        if finding.code == Code::Unclaimed {
            finding.hint = match request.policy.mode() {
                Mode::Covered => {
                    "your anchors let it through under a valid snapshot: it comes when its maintainers have put that right".to_owned()
                }
                Mode::Strict | Mode::NoStrict => Hint::CoveredOrNoStrict { name: name.clone() }.to_string(),
            };
        }
    }
}
