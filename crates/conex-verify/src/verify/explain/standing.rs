//! Why a resource is not valid.

use std::collections::BTreeSet;

use super::names::{idle, list};
use crate::finding::{Cause, Code, Finding, remedy};
use crate::format::name::Id;
use crate::format::resource::Kind;
use crate::format::resource::{ResourceId, ResourceVersion};
use crate::trust::support::{EpochLacks, Standing, Waiting};
use crate::trust::vouch::Ignored;
use crate::words::counted;

/// V4.6: Why a resource is not valid; `None` if it is.
///
/// `owners` are the persons who could support it besides a quorum; `None` if only
/// a quorum can. What only a quorum supports is the cause of what depends on it.
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
        .remedy(remedy::newer(resource), ""),
        Standing::Contested { other, both: true } => Finding::error(
            Code::Equivocation,
            &path,
            format!("two versions of the {resource} with the same counter are vouched for"),
        )
        .value("one", digest())
        .value("other", other.digest)
        .remedy(&remedy::DECIDE, name(resource)),
        Standing::Contested { other, both: false } => Finding::error(
            Code::Digest,
            &path,
            format!("`{path}` is not what was vouched for"),
        )
        .value("expected", other.digest)
        .value("found", digest())
        .remedy(&remedy::SIGN_AGAIN, ""),
        Standing::Absent { supported } => {
            let finding =
                Finding::error(Code::MissingResource, &path, format!("`{path}` is missing"));
            match supported {
                Some(version) => finding
                    .value(
                        "vouched for",
                        format!("{}, {}", version.revision, version.digest),
                    )
                    .remedy(&remedy::RESTORE, ""),
                None => finding.remedy(&remedy::SIGN, ""),
            }
        }
        Standing::Waiting(waiting) => waiting_finding(resource, &path, waiting, owners, ignored),
    };
    Some(match owners {
        None => finding.explaining(Cause::not_valid(resource)),
        Some(_) => finding,
    })
}

/// What a resource is called where somebody types it: a package or an id, or nothing.
fn name(resource: &ResourceId) -> &str {
    match resource.kind {
        Kind::Repo | Kind::Claims => "",
        _ => &resource.name,
    }
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
        .remedy(&remedy::OPEN_EPOCH, name(resource))
    } else {
        match owners {
            None => Finding::error(
                Code::Quorum,
                path,
                format!(
                    "the {resource} waits for {}",
                    counted(count.missing(), "more janitor")
                ),
            )
            .value("approvals", count)
            .remedy(&remedy::APPROVE, name(resource)),
            Some(owners) => {
                let finding = Finding::error(
                    Code::NotVouched,
                    path,
                    format!("neither an owner nor a quorum vouches for the {resource}"),
                )
                .remedy(&remedy::SIGN_OR_APPROVE, name(resource));
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
            .remedy(&remedy::EPOCH_OF_LIST, "");
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
