//! What is wrong with authors, teams and segments.

use super::idle;
use crate::finding::{Code, Finding, Severity};
use crate::format::key::SignatureError;
use crate::format::name::Id;
use crate::format::path::Place;
use crate::trust::chain::Mismatch;
use crate::trust::ids::PeopleFault;
use crate::trust::vouch::{Checked, Failure};

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
        .hint(format!("`{id}` proves a key with `conex sign`")),
        PeopleFault::KeyOfTwoIds([first, second], key) => Finding::error(
            Code::KeyOfTwoIds,
            path(second),
            format!("`{first}` and `{second}` have proven the same key"),
        )
        .value("key", key)
        .hint("one key counts for one id; one of the two takes it out of their file with `conex rotate`"),
        PeopleFault::Missing(id, resource, version) => Finding::error(
            Code::MissingResource,
            path(id),
            format!("a quorum vouches for the {resource}, but its file is missing"),
        )
        .value(
            "vouched for",
            format!("{}, {}", version.revision, version.digest),
        )
        .hint("ids are never removed: the server or mirror is damaged, or lies"),
        PeopleFault::OtherType(id, Mismatch { expected, found }) => Finding::error(
            Code::NamespaceClash,
            path(id),
            format!("a quorum vouches for the {expected}, but the file is of another type"),
        )
        .value("vouched for", expected)
        .value("found", found)
        .hint("an author never becomes a team, nor a team an author; take another id"),
        PeopleFault::Superseded(id, by, found) => Finding::error(
            Code::Superseded,
            path(id),
            format!("the file of `{id}` is older than the one that a quorum vouches for"),
        )
        .value("vouched for", by)
        .value("found", found.map(|f| f.to_string()).unwrap_or_default())
        .hint("the server or mirror serves an old state, or mixes two; use another one"),
        PeopleFault::Contested(id, other) => Finding::error(
            Code::Equivocation,
            path(id),
            format!("a quorum vouches for another file of `{id}` with the same counter"),
        )
        .value("vouched for", other)
        .hint("a quorum vouches for a version with a higher counter to decide"),
        PeopleFault::Waiting(id, count) => Finding::warning(
            Code::PendingId,
            path(id),
            format!("the file of `{id}` has {count} approvals by janitors and counts for nothing until then"),
        )
        .hint("janitors approve it with `conex approve`"),
        PeopleFault::IdleMember {
            team,
            member,
            is_team,
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
        }
        PeopleFault::Segment(checked, why) => segment(checked, why),
        PeopleFault::SegmentOfNobody(checked, why) => Finding {
            severity: Severity::Warning,
            ..segment(checked, why)
        },
        PeopleFault::Idle {
            id,
            key,
            why,
            paths,
        } => {
            let segments = match paths.len() {
                1 => "here".to_owned(),
                n => format!("in {n} segments"),
            };
            Finding::note(
                Code::UnknownKey,
                paths.first().copied().unwrap_or_default(),
                format!("what `{id}` vouches for {segments} does not count: {}", idle(why)),
            )
            .value("key", key)
        }
    }
}

/// V2.2, V2.3.
pub fn segment(checked: &Checked<'_>, why: &Failure) -> Finding {
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
        Failure::Signature(why) => {
            let code = match why {
                SignatureError::Key(_) => Code::BadKey,
                _ => Code::BadSignature,
            };
            let id = &checked.segment.segment.id;
            Finding::error(
                code,
                path,
                format!("the signature of `{id}` does not verify: {why}"),
            )
            .value("key", checked.segment.key)
            .hint("the file was changed after it was signed; restore it, or sign again with `conex sign`")
        }
    }
}
