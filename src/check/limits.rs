//! C15: how full the limits of a client are.

use conex_verify::finding::{Code, Finding, remedy};
use conex_verify::workbench::repository::{Fullness, Repository};

/// The limits of which a change takes more, and of which more than nine tenths are used up then:
/// room is left for those who make some.
pub(super) fn judge(base: &Repository, merged: &Repository) -> Vec<Finding> {
    let before = |limit: &Fullness| base.limits.iter().find(|b| b.what == limit.what);
    let grows = |limit: &&Fullness| before(limit).is_none_or(|before| before.have < limit.have);
    let limits = merged.limits.iter().filter(|l| l.is_nearly_full());
    let finding = |limit: &Fullness| {
        let Fullness { what, have, most } = limit;
        let finding = Finding::error(
            Code::UnexpectedFile,
            "packages",
            format!("the change brings more {what}, and more than nine tenths of what clients take are used up"),
        )
        .value("have", have)
        .value("most", most);
        match *what {
            "files of signatures" => finding.remedy(&remedy::COMPACT, ""),
            _ => finding
                .hint("make room first: what nobody needs any more goes, in a change of its own"),
        }
    };
    limits.filter(grows).map(finding).collect()
}
