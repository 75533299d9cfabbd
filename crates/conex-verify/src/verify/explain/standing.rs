//! Why a resource is not valid.

use std::collections::BTreeSet;

use super::{idle, list};
use crate::finding::{Code, Finding};
use crate::format::name::Id;
use crate::format::resource::{ResourceId, ResourceVersion};
use crate::trust::support::{EpochLacks, Standing, Waiting};
use crate::trust::vouch::Ignored;

/// The hint when an old or mixed state is served.
const STALE: &str =
    "the server or mirror serves an old state, or mixes two; use another one, or report it";

/// V4.6: Why a resource is not valid; `None` if it is.
///
/// `owners` are the persons who could support it besides a quorum; `None` if only
/// a quorum can.
pub fn standing(
    resource: &ResourceId,
    present: Option<ResourceVersion>,
    stands: &Standing,
    owners: Option<&BTreeSet<&Id>>,
    ignored: &Ignored<'_>,
) -> Option<Finding> {
    let path = resource.path();
    let digest = || present.map(|p| p.digest.to_string()).unwrap_or_default();
    let finding = match stands {
        Standing::Valid => return None,
        Standing::Superseded { by } => Finding::error(
            Code::Superseded,
            &path,
            format!("`{path}` is older than the version that is vouched for"),
        )
        .value("vouched for", by.revision)
        .value(
            "found",
            present.map(|p| p.revision.to_string()).unwrap_or_default(),
        )
        .hint(STALE),
        Standing::Contested { other, both: true } => Finding::error(
            Code::Equivocation,
            &path,
            format!("two versions of the {resource} with the same counter are vouched for"),
        )
        .value("one", digest())
        .value("other", other.digest)
        .hint("an owner decides with `conex sign`, or janitors with `conex approve`: the counter rises above both"),
        Standing::Contested { other, both: false } => Finding::error(
            Code::Digest,
            &path,
            format!("`{path}` is not what was vouched for"),
        )
        .value("expected", other.digest)
        .value("found", digest())
        .hint("it was changed after it was signed; restore it, or raise its counter and sign again with `conex sign`"),
        Standing::Absent { supported } => {
            let finding = Finding::error(
                Code::MissingResource,
                &path,
                format!("`{path}` is missing"),
            );
            match supported {
                Some(version) => finding
                    .value("vouched for", format!("{}, {}", version.revision, version.digest))
                    .hint("it was removed on the way to you: the server or mirror is damaged, or lies"),
                None => finding.hint("an owner writes it with `conex sign`"),
            }
        }
        Standing::Waiting(waiting) => waiting_finding(resource, &path, waiting, owners, ignored),
    };
    Some(finding)
}

fn waiting_finding(
    resource: &ResourceId,
    path: &str,
    waiting: &Waiting,
    owners: Option<&BTreeSet<&Id>>,
    ignored: &Ignored<'_>,
) -> Finding {
    let count = waiting.count;
    let enough = count.enough() || !waiting.owners.is_empty();
    let mut finding = if waiting.needs_opening() && enough {
        Finding::error(
            Code::EpochNotOpened,
            path,
            format!("the {resource} claims an epoch that no quorum of janitors opened"),
        )
        .hint("only a quorum raises an epoch: `conex approve`")
    } else {
        match owners {
            None => Finding::error(
                Code::Quorum,
                path,
                format!("the {resource} has {count} janitor approvals"),
            )
            .hint("janitors approve it with `conex approve`"),
            Some(owners) => {
                let finding = Finding::error(
                    Code::NotVouched,
                    path,
                    format!("neither an owner nor a quorum vouches for the {resource}"),
                )
                .hint("an owner signs it with `conex sign`, or janitors approve it with `conex approve`");
                let finding = if owners.is_empty() {
                    finding.value("owners", "none that is valid")
                } else {
                    finding.value("owners", list(owners.iter().copied()))
                };
                finding.value("janitors", count)
            }
        }
    };
    if let EpochLacks::List(Some(epoch)) = waiting.epoch {
        finding = finding
            .value("epoch", format!("{epoch}, of the valid list of releases"))
            .hint("an owner writes it anew in the epoch of the list with `conex sign`");
    }
    if count.have > 0 {
        finding = finding.value("counted", list(waiting.janitors.iter()));
    }
    for (id, why) in ignored.about(resource) {
        finding = finding.value("not", format!("{id}: {}", idle(why)));
    }
    if let Some(lower) = waiting.supported {
        finding = finding.value(
            "vouched for",
            format!("only {}, {}", lower.revision, lower.digest),
        );
    }
    finding
}
