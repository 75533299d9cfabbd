//! What is wrong with authors, teams and segments.

use super::names::idle;
use crate::finding::{Cause, Code, Finding, Severity, remedy};
use crate::format::key::SignatureError;
use crate::format::name::Id;
use crate::format::path::Place;
use crate::limits::MAX_WRONG_SEGMENTS;
use crate::trust::chain::Mismatch;
use crate::trust::ids::{Pending, PeopleFault};
use crate::trust::vouch::{Checked, Failure, Idle};
use crate::words::counted;

/// V3.1, V3.3, V3.4, V3.5, V3.6, V2.4.
pub fn people_fault(fault: PeopleFault<'_>) -> Finding {
    let path = |id: &Id| Place::IdFile(id.clone()).path();
    match fault {
        PeopleFault::SameLetters(id, janitor) => Finding::error(
            Code::CaseCollision,
            path(id),
            format!("`{id}` and the janitor `{janitor}` differ only in case"),
        ),
        PeopleFault::TeamOfJanitor(id) => Finding::error(
            Code::NamespaceClash,
            path(id),
            format!("`{id}` is a janitor and cannot be a team"),
        )
        .hint("give the team another id"),
        PeopleFault::JanitorAsNotaries(id) => Finding::error(
            Code::NamespaceClash,
            "packages/.conex/janitors",
            format!("`{id}` is always a team and cannot be a janitor"),
        ),
        PeopleFault::Unproven(id) => Finding::warning(
            Code::PendingId,
            path(id),
            format!("a quorum approved `{id}`, but none of the listed keys has signed for this id"),
        )
        .remedy(&remedy::PROVE, id.as_str())
        .explaining(Cause::Id(id.clone())),
        PeopleFault::KeyOfTwoIds([first, second], key) => Finding::error(
            Code::KeyOfTwoIds,
            path(second),
            format!("`{first}` and `{second}` have proven the same key"),
        )
        .value("key", key)
        .remedy(&remedy::ONE_KEY, ""),
        PeopleFault::Missing(id, resource, version) => Finding::error(
            Code::MissingResource,
            path(id),
            format!("a quorum vouches for the {resource}, but its file is missing"),
        )
        .value(
            "vouched for",
            format!("{}, {}", version.revision, version.digest),
        )
        .remedy(&remedy::RESTORE, "")
        .explaining(Cause::not_valid(resource)),
        PeopleFault::OtherType(id, Mismatch { expected, found }) => Finding::error(
            Code::NamespaceClash,
            path(id),
            format!("a quorum vouches for the {expected}, but the file is of another type"),
        )
        .value("vouched for", expected)
        .value("found", found)
        .hint("an author never becomes a team, nor a team an author; take another id")
        .explaining(Cause::not_valid(expected)),
        PeopleFault::Superseded(id, by, found) => Finding::error(
            Code::Superseded,
            path(id),
            format!("the file of `{id}` is older than the one that a quorum vouches for"),
        )
        .value("vouched for", by)
        .value("found", found.map(|f| f.to_string()).unwrap_or_default())
        .remedy(&remedy::NEWER_DECISION, "")
        .explaining(Cause::Id(id.clone())),
        PeopleFault::Contested(id, other) => Finding::error(
            Code::Equivocation,
            path(id),
            format!("a quorum vouches for another file of `{id}` with the same counter"),
        )
        .value("vouched for", other)
        .remedy(&remedy::DECIDE, id.as_str())
        .explaining(Cause::Id(id.clone())),
        PeopleFault::Waiting { id, count, pending } => {
            let what = match pending {
                Pending::New => format!("`{id}`"),
                Pending::Change => format!("the change of `{id}`"),
                Pending::Key => format!("the new key of `{id}`"),
            };
            let janitors = counted(count.missing(), "more janitor");
            Finding::warning(
                Code::PendingId,
                path(id),
                format!("{what} waits for {janitors}, and counts for nothing until then"),
            )
            .value("approvals", count)
            .remedy(&remedy::APPROVE, id.as_str())
            .explaining(Cause::Id(id.clone()))
        }
        PeopleFault::IdleMember {
            team,
            member,
            is_team,
            judged,
        } => {
            let why = match is_team {
                true => "it is a team, and a team holds no team",
                false => "it is not a valid author and not a janitor",
            };
            Finding::warning(
                Code::NotAnAuthor,
                path(team),
                format!("the member `{member}` of the team `{team}` supports nothing: {why}"),
            )
            .because(judged.then(|| Cause::Id(member.clone())))
        }
        PeopleFault::Segment(checked, why) => segment(checked, why),
        PeopleFault::NotReached(count) => not_reached(count),
        PeopleFault::SegmentOfNobody(checked, why) => Finding {
            severity: Severity::Warning,
            ..segment(checked, why)
        },
        PeopleFault::Idle {
            id,
            key,
            why,
            paths,
            judged,
        } => {
            let segments = match paths.len() {
                1 => "here".to_owned(),
                n => format!("in {}", counted(n, "segment")),
            };
            let cause = match why {
                Idle::UnknownKey | Idle::FormerJanitor => Some(Cause::FormerKeys),
                Idle::NotYet => judged.then(|| Cause::Id(id.clone())),
                Idle::BadSignature | Idle::SomebodyElse => None,
            };
            Finding::note(
                Code::UnknownKey,
                paths.first().copied().unwrap_or_default(),
                format!(
                    "what `{id}` vouches for {segments} does not count: {}",
                    idle(why)
                ),
            )
            .value("key", key)
            .because(cause)
        }
    }
}

/// V2.2, V2.3.
pub fn segment(checked: &Checked<'_, '_>, why: &Failure) -> Finding {
    let path = checked.path;
    match why {
        Failure::OtherRepository(identity) => Finding::error(
            Code::ForeignRepository,
            path,
            format!("`{path}` was made for another repository"),
        )
        .value("this one", identity.expected)
        .value("made for", identity.found)
        .hint("remove it: nothing that it says is about this repository"),
        Failure::NotReached => not_reached(1),
        Failure::Signature(why) => {
            let (code, remedy) = match why {
                SignatureError::Key(_) => (Code::BadKey, &remedy::SIGN_AGAIN),
                _ => (Code::BadSignature, &remedy::RESTORE_OR_REMOVE),
            };
            let id = &checked.segment.segment.id;
            Finding::error(
                code,
                path,
                format!("the signature of `{id}` does not verify: {why}"),
            )
            .value("key", checked.segment.key)
            .remedy(remedy, "")
        }
    }
}

/// V2.5: the note of how many were not looked at.
fn not_reached(segments: usize) -> Finding {
    Finding::note(
        Code::BadSignature,
        "packages/.conex/index",
        format!(
            "{MAX_WRONG_SEGMENTS} or more segments are wrong, and one is enough to refuse the repository: {} not \
             looked at",
            match segments {
                1 => "one more was".to_owned(),
                n => format!("{n} more were"),
            }
        ),
    )
}
