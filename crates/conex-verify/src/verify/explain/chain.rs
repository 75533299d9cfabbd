//! What is wrong with the janitor chain, its signatures and the way to it from the anchors.

use std::fmt::Display;

use crate::finding::{Code, Finding, remedy};
use crate::format::path::Place;
use crate::hint;
use crate::trust::chain::{AnchorFault, ChainFault, Mismatch};
use crate::trust::link_signatures::LinkSignatures;

/// The words for what is wrong with the chain:
/// V1.1, V1.2, V1.3, V0.4.
pub fn chain_fault(fault: ChainFault<'_>) -> Finding {
    let path = |link| Place::Link(link).path();
    match fault {
        ChainFault::NoLink => Finding::error(
            Code::NoChain,
            path(0),
            "the repository has no janitor chain, so nobody vouches for anything in it",
        )
        .remedy(&remedy::INIT, ""),
        ChainFault::Gap(missing, found) => Finding::error(
            Code::NoChain,
            path(missing),
            format!("link {missing} of the janitor chain is missing, link {found} is there"),
        )
        .remedy(&remedy::RESTORE_LINK, ""),
        ChainFault::OtherIdentity(link, digests) => {
            does_not_follow(link, "it names another link 0", digests)
        }
        ChainFault::OtherPrevious(link, digests) => {
            does_not_follow(link, "it names another link before it", digests)
        }
        ChainFault::OtherName(link, names) => {
            does_not_follow(link, "the repository has another name", names)
        }
        ChainFault::OtherRule(link, Mismatch { expected, found }) => does_not_follow(
            link,
            "a snapshot that is required stays so",
            Mismatch {
                expected: expected.as_str(),
                found: found.as_str(),
            },
        ),
        ChainFault::DroppedKey(link, key) => Finding::error(
            Code::ChainLink,
            path(link),
            format!("link {link} has a key that an earlier link dropped"),
        )
        .value("key", key)
        .remedy(&remedy::NEW_KEY, ""),
        ChainFault::SameLetters(link, [other, id]) => Finding::error(
            Code::CaseCollision,
            path(link),
            format!("the janitors `{other}` and `{id}` differ only in case"),
        ),
        ChainFault::KeyOfTwoIds(link, [holder, id], key) => Finding::error(
            Code::KeyOfTwoIds,
            path(link),
            format!("link {link} gives the key of `{holder}` to `{id}`"),
        )
        .value("key", key)
        .hint("each person needs a key of their own"),
        ChainFault::UnusableKey(link, id, key, why) => Finding::error(
            Code::BadKey,
            path(link),
            format!(
                "the key of `{id}` in `{}` cannot be used: {why}",
                path(link)
            ),
        )
        .value("key", key)
        .hint(
            "no program makes such a key by accident; whoever proposed the link replaces the key",
        ),
    }
}

#[track_caller]
fn does_not_follow<T: Display>(link: u64, what: &str, values: Mismatch<T>) -> Finding {
    Finding::error(
        Code::ChainLink,
        Place::Link(link).path(),
        format!("link {link} does not follow from the one before: {what}"),
    )
    .value("expected", values.expected)
    .value("found", values.found)
    .remedy(&remedy::RESTORE_LINK, "")
}

/// V1.4.
pub fn anchor_fault(fault: AnchorFault) -> Finding {
    match fault {
        AnchorFault::NotInChain(pinned, last) => {
            let mut finding = Finding::error(
                Code::AnchorLink,
                "packages/.conex/janitors",
                "the link that your anchors pin is not in the chain",
            )
            .hint("this is another repository than the one for which you got the anchors, or one that was rolled back; if the maintainers started it anew, take the new anchors from where they publish them");
            if let Some(pin) = pinned {
                finding = finding.value("pinned", pin);
            }
            finding.value("last link", last)
        }
        AnchorFault::Unreachable {
            nearest,
            quorum,
            members,
            signed,
            outside,
        } => {
            let hint = if !signed.enough() {
                hint::TODAYS_ANCHORS.to_owned()
            } else if quorum < signed.need {
                format!(
                    "the repository's quorum of {quorum} is below yours of {}; {}",
                    signed.need,
                    lower(quorum)
                )
            } else {
                format!(
                    "{outside} of its members are not among your anchors, enough to act without those you know; get the missing fingerprints from the maintainers"
                )
            };
            Finding::error(
                Code::AnchorLink,
                path_of(nearest),
                "none of the janitors' links can be reached from your trust anchors",
            )
            .value(
                "nearest",
                format!("link {nearest}, quorum {quorum}, {members} members"),
            )
            .value(
                "anchors",
                format!("{signed} needed signed it; {outside} of its members are not among them"),
            )
            .hint(hint)
        }
    }
}

/// How a client takes a lower quorum.
fn lower(quorum: usize) -> String {
    hint::LOWER_QUORUM.replace("QUORUM", &quorum.to_string())
}

/// V1.5.
pub fn link_fault(link: &LinkSignatures, client_quorum: usize) -> Vec<Finding> {
    let (n, quorum) = (link.number, link.own.need);
    let mut findings = Vec::new();
    if quorum < client_quorum {
        findings.push(
            Finding::error(
                Code::LinkQuorum,
                path_of(n),
                format!("the janitors' quorum fell below the one you asked for in link {n}"),
            )
            .value("yours", client_quorum)
            .value("link", quorum)
            .hint(lower(quorum)),
        );
    }
    findings.extend(link_signatures(link));
    findings
}

/// V1.5: What is missing and what is wrong.
pub fn link_signatures(link: &LinkSignatures) -> Vec<Finding> {
    let n = link.number;
    let wrong = link.wrong.iter().map(|(id, why)| {
        Finding::error(
            Code::BadSignature,
            path_of(n),
            format!("the signature of `{id}` on link {n} does not verify: {why}"),
        )
        .remedy(&remedy::RESTORE_LINK, "")
    });
    let strangers = link.strangers.iter().map(|key| {
        Finding::error(
            Code::LinkSignatures,
            path_of(n),
            format!("link {n} has a signature by a key that neither it nor the link before names"),
        )
        .value("key", key)
        .remedy(&remedy::RESTORE_LINK, "")
    });
    let mut findings: Vec<Finding> = wrong.chain(strangers).collect();
    if link.is_lacking() {
        let mut finding = Finding::error(
            Code::LinkSignatures,
            path_of(n),
            format!("link {n} of the janitor chain lacks signatures"),
        )
        .remedy(&remedy::SIGN_LINK, "");
        for (i, what) in lacking(link).iter().enumerate() {
            finding = finding.value(if i == 0 { "missing" } else { "" }, what);
        }
        findings.push(finding);
    }
    findings
}

/// Which signatures are missing.
pub fn lacking(link: &LinkSignatures) -> Vec<String> {
    let mut lacking = Vec::new();
    if let Some(count) = link.before.filter(|count| !count.enough()) {
        let before = link.number.saturating_sub(1);
        lacking.push(format!("{count} janitors of link {before} signed"));
    }
    if !link.own.enough() {
        lacking.push(format!("{} of its own janitors signed", link.own));
    }
    if !link.added_missing.is_empty() {
        let added = link.added_missing.iter();
        let ids: Vec<String> = added.map(|id| format!("`{id}`")).collect();
        lacking.push(format!("{} must sign too, being added", ids.join(", ")));
    }
    lacking
}

fn path_of(number: usize) -> String {
    Place::Link(u64::try_from(number).unwrap_or(u64::MAX)).path()
}
