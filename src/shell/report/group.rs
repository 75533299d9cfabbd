//! One cause, one finding: what follows from it is counted.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::in_order;
use conex_verify::finding::{Cause, Finding, Reader, remedy};

/// A finding that is told, and those that follow from the same cause.
#[derive(Debug, Clone)]
pub struct Group<'a> {
    /// What explains the others, as severe as the most severe of them.
    pub head: Cow<'a, Finding>,
    /// What follows from it, the most severe first. Nothing that has another cause.
    pub rest: Vec<&'a Finding>,
    /// Whether the head is only the words of a cause, which no finding explains.
    pub made_up: bool,
}

impl Group<'_> {
    /// How many findings follow, those included that are only counted.
    pub fn follow(&self) -> usize {
        self.rest.iter().map(|f| f.alike.max(1)).sum()
    }

    /// All findings of it.
    pub fn all(&self) -> impl Iterator<Item = &Finding> {
        let head = Some(self.head.as_ref()).filter(|_| !self.made_up);
        head.into_iter().chain(self.rest.iter().copied())
    }
}

/// Findings by their causes: what explains others first, then the most severe. Every finding is
/// in one group, as its head or as one that follows.
///
/// A client is not told of signatures that are left of former keys: unless somebody asks for all
/// of them, see [`concerns`].
pub fn groups(findings: &[Finding]) -> Vec<Group<'_>> {
    let mut of: BTreeMap<&Cause, Vec<&Finding>> = BTreeMap::new();
    let mut groups: Vec<Group<'_>> = Vec::new();
    for finding in in_order(findings) {
        match &finding.cause {
            Some(cause) => of.entry(cause).or_default().push(finding),
            None => groups.push(Group {
                head: Cow::Borrowed(finding),
                rest: Vec::new(),
                made_up: false,
            }),
        }
    }
    groups.extend(
        of.into_iter()
            .filter_map(|(cause, found)| group(cause, found)),
    );
    groups.sort_by(|a, b| key(a).cmp(&key(b)));
    groups
}

/// The findings of one cause, which are in order.
fn group<'a>(cause: &Cause, mut found: Vec<&'a Finding>) -> Option<Group<'a>> {
    let first = *found.first()?;
    let most = first.severity;
    let head = match found.iter().position(|f| f.explains) {
        Some(at) => found.remove(at),
        // Nothing has to be explained.
        None if found.len() == 1 && first.alike == 0 => found.remove(0),
        None => {
            let finding = Finding {
                severity: most,
                ..Finding::error(first.code, &first.path, cause.message())
            };
            let finding = match cause {
                Cause::Sign(_) => Finding {
                    message: format!("not signed yet: {}", cause.message()),
                    ..finding
                }
                .remedy(&remedy::SIGN, ""),
                Cause::Id(_) | Cause::Standing(_) | Cause::FormerKeys => finding,
            };
            return Some(Group {
                head: Cow::Owned(finding.explaining(cause.clone())),
                rest: found,
                made_up: true,
            });
        }
    };
    Some(Group {
        head: match head.severity == most {
            true => Cow::Borrowed(head),
            false => Cow::Owned(Finding {
                severity: most,
                ..head.clone()
            }),
        },
        rest: found,
        made_up: false,
    })
}

fn key<'g>(group: &'g Group<'_>) -> impl Ord + use<'g> {
    let head = &group.head;
    let place = head.excerpt.as_ref().map_or((0, 0), |e| (e.line, e.column));
    let kind = (
        head.severity,
        group.rest.is_empty(),
        head.code,
        head.alike > 0,
    );
    (kind, head.path.as_str(), place, head.message.as_str())
}

/// Whether a reader is told, who did not ask for everything: signatures that are left of former
/// keys stay for ever, and a user of opam can do nothing about them.
pub fn concerns(group: &Group<'_>, reader: Reader) -> bool {
    reader != Reader::Client || group.head.cause != Some(Cause::FormerKeys)
}
