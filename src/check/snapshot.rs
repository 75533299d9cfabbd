//! C16: what a change does to a snapshot that is in the published branch.

use crate::hint::Hint;
use crate::plan::World;
use conex_verify::finding::{Code, Finding, Severity, remedy};
use conex_verify::format::path::Place;

/// Where the published branch has a snapshot, it stays; and one that the change brings is of the
/// result, by somebody who may, and not older. One that is as it was may be stale: a notary makes
/// the next one when the branch is published.
///
/// Where another branch is the published one (`elsewhere`), this branch needs no snapshot, and none may come or
/// change here: the counter of the next snapshot is taken from the published branch.
pub(super) fn judge(base: &World<'_>, merged: &World<'_>, elsewhere: bool) -> Vec<Finding> {
    let path = Place::Snapshot.path();
    let (old, new) = (base.tree.get(&path), merged.tree.get(&path));
    let known = base.assessment.snapshot.version;
    if elsewhere && old != new && new.is_some() {
        let message =
            "the change brings a snapshot, which is made only where the repository is published";
        let finding = Finding::error(Code::Snapshot, &path, message);
        return vec![finding.hint(Hint::SnapshotOfPublished)];
    }
    if elsewhere {
        return Vec::new();
    }
    if old == new || (new.is_none() && known.is_none()) {
        return Vec::new();
    }
    if new.is_none() {
        let message = "the published branch has a snapshot, and the change deletes it";
        let finding = Finding::error(Code::Removed, &path, message);
        return vec![finding.hint(Hint::SnapshotOfPublished)];
    }
    let report = &merged.assessment.snapshot;
    let Some(version) = report.valid_version() else {
        let errors = report.findings.iter();
        let mut errors: Vec<Finding> = errors
            .filter(|f| f.severity == Severity::Error)
            .cloned()
            .collect();
        if errors.is_empty() {
            let message = "the change brings a snapshot that is not of the result of the merge";
            let finding = Finding::error(Code::Snapshot, &path, message);
            errors.push(finding.hint(Hint::SnapshotOfPublished));
        }
        return errors;
    };
    let falls = known.filter(|known| *known != version && known.revision >= version.revision);
    let finding = falls.map(|known| {
        let message = "the change brings a snapshot that is not above the published one";
        Finding::error(Code::Rollback, &path, message)
            .value("before", known.revision)
            .value("now", version.revision)
            .remedy(&remedy::RESTORE_SNAPSHOT, "")
    });
    finding.into_iter().collect()
}
