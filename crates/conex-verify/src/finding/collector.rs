//! Findings, of each kind the first ones: nobody reads more, and hostile files have no end.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;

use super::{Cause, Code, Finding, Severity};
use crate::limits::MAX_ALIKE;

/// The code, the severity and the cause of those that are only counted.
type Kind = (Code, Severity, Option<Cause>);

/// Findings about one tree: of each code and severity the first ones, and the number of the
/// rest, by their causes. Whether there is an error is known of all of them.
#[derive(Debug, Clone)]
pub struct Findings {
    most: usize,
    kept: Vec<Finding>,
    /// How many there were.
    counts: BTreeMap<(Code, Severity), usize>,
    /// The causes of those that are kept.
    causes: BTreeSet<(Code, Severity, Cause)>,
    /// How many of them are not kept; of those whose cause no kept one has, without the cause, so
    /// that nobody decides how many kinds there are.
    left: BTreeMap<Kind, usize>,
}

impl Default for Findings {
    fn default() -> Findings {
        Findings::at_most(MAX_ALIKE)
    }
}

impl Findings {
    /// None yet, of which at most so many of one code and severity will be kept.
    pub fn at_most(most: usize) -> Findings {
        Findings {
            most,
            kept: Vec::new(),
            counts: BTreeMap::new(),
            causes: BTreeSet::new(),
            left: BTreeMap::new(),
        }
    }

    /// None yet, with the bound of these.
    #[must_use]
    pub fn as_many(&self) -> Findings {
        Findings::at_most(self.most)
    }

    /// Takes in a finding, or counts it.
    pub fn push(&mut self, finding: Finding) {
        if self.count(finding.code, finding.severity) {
            self.keep(finding);
        } else {
            self.leave((finding.code, finding.severity, finding.cause), 1);
        }
    }

    /// Takes in a finding of this code and severity that is made only if it is kept.
    pub fn push_with(&mut self, code: Code, severity: Severity, make: impl FnOnce() -> Finding) {
        self.push_caused((code, severity, None), make);
    }

    /// [`Findings::push_with`], with its cause.
    pub fn push_caused(
        &mut self,
        (code, severity, cause): (Code, Severity, Option<&Cause>),
        make: impl FnOnce() -> Finding,
    ) {
        // What a silenced place makes is less than what was announced.
        #[cfg(feature = "silence")]
        if super::silence::is_active() {
            return self.push(make());
        }
        if self.count(code, severity) {
            self.keep(make());
        } else {
            self.leave((code, severity, cause.cloned()), 1);
        }
    }

    /// Takes in the findings that others kept, and what they counted.
    pub fn append(&mut self, mut others: Findings) {
        self.share(&mut others);
    }

    /// [`Findings::append`]; the others keep those for which there was room here.
    pub fn share(&mut self, others: &mut Findings) {
        let left = others.left.clone();
        for finding in std::mem::take(&mut others.kept) {
            if self.count(finding.code, finding.severity) {
                self.keep(finding.clone());
                others.kept.push(finding);
            } else {
                let kind = (finding.code, finding.severity, finding.cause);
                self.leave(kind.clone(), 1);
                others.leave(kind, 1);
            }
        }
        for ((code, severity, cause), left) in left {
            *self.counts.entry((code, severity)).or_default() += left;
            self.leave((code, severity, cause), left);
        }
    }

    /// Counts one more; whether there is room for it.
    fn count(&mut self, code: Code, severity: Severity) -> bool {
        let count = self.counts.entry((code, severity)).or_default();
        *count += 1;
        *count <= self.most
    }

    fn keep(&mut self, finding: Finding) {
        if let Some(cause) = &finding.cause {
            let cause = (finding.code, finding.severity, cause.clone());
            self.causes.insert(cause);
        }
        self.kept.push(finding);
    }

    fn leave(&mut self, (code, severity, cause): Kind, how_many: usize) {
        let cause = cause.filter(|cause| {
            let cause = (code, severity, cause.clone());
            self.causes.contains(&cause)
        });
        *self.left.entry((code, severity, cause)).or_default() += how_many;
    }

    /// Changes each that is kept, but for its code and severity.
    pub fn amend(&mut self, change: impl FnMut(&mut Finding)) {
        self.kept.iter_mut().for_each(change);
    }

    /// Whether one of them is an error, those included that are only counted.
    pub fn is_refused(&self) -> bool {
        let mut counts = self.counts.iter();
        counts.any(|((_, severity), _)| *severity == Severity::Error)
    }

    /// Whether there were none, those included that are only counted.
    pub fn is_silent(&self) -> bool {
        self.counts.is_empty()
    }

    /// How many there were of this code and severity, and how many of them are kept.
    pub fn of_kind(&self, (code, severity): (Code, Severity)) -> (usize, usize) {
        let all = self.counts.get(&(code, severity)).copied();
        let kept = self.kept.iter();
        let kept = kept.filter(|f| (f.code, f.severity) == (code, severity));
        (all.unwrap_or_default(), kept.count())
    }

    /// All that are kept, and for each kind of which there were more a finding that says how
    /// many; those of another cause are another kind.
    pub fn to_vec(&self) -> Vec<Finding> {
        self.clone().into_vec()
    }

    /// [`Findings::to_vec`].
    pub fn into_vec(self) -> Vec<Finding> {
        let mut all = self.kept;
        let left = self.left.into_iter();
        all.extend(left.map(|((code, severity, cause), left)| Finding {
            severity,
            cause,
            alike: left,
            ..Finding::error(code, "", format!("and {left} more: {}", code.title()))
        }));
        all
    }
}

/// Those that are kept.
impl Deref for Findings {
    type Target = [Finding];

    fn deref(&self) -> &[Finding] {
        &self.kept
    }
}

impl Extend<Finding> for Findings {
    fn extend<I: IntoIterator<Item = Finding>>(&mut self, findings: I) {
        findings.into_iter().for_each(|finding| self.push(finding));
    }
}

/// [`Findings::into_vec`].
impl IntoIterator for Findings {
    type Item = Finding;
    type IntoIter = std::vec::IntoIter<Finding>;

    fn into_iter(self) -> Self::IntoIter {
        self.into_vec().into_iter()
    }
}

impl<'a> IntoIterator for &'a Findings {
    type Item = &'a Finding;
    type IntoIter = std::slice::Iter<'a, Finding>;

    fn into_iter(self) -> Self::IntoIter {
        self.kept.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(count: usize) -> impl Iterator<Item = Finding> {
        (0..count).map(|n| Finding::warning(Code::WeakChecksum, format!("a/{n}"), "weak"))
    }

    #[test]
    fn of_many_alike_the_rest_is_counted() {
        let mut findings = Findings::default();
        findings.extend(some(MAX_ALIKE + 7));
        assert!(!findings.is_refused());
        let all = findings.to_vec();
        assert_eq!(all.len(), MAX_ALIKE + 1);
        let last = all.last().unwrap();
        assert_eq!(last.severity, Severity::Warning);
        assert!(last.message.starts_with("and 7 more: "), "{}", last.message);
        assert_eq!(last.alike, 7);
    }

    /// Attack: fifty warnings, behind which an error of the same code would not be seen.
    #[test]
    fn warnings_hide_no_error() {
        let mut findings = Findings::default();
        findings.extend(some(1000));
        findings.push(Finding::error(Code::WeakChecksum, "b", "worse"));
        assert!(findings.is_refused());
        assert!(findings.iter().any(|f| f.path == "b"));
        let mut none = Findings::at_most(0);
        none.push(Finding::error(Code::WeakChecksum, "b", "worse"));
        assert!(none.is_refused());
        assert!(super::super::is_refused(&none.to_vec()));
    }

    #[test]
    fn what_others_counted_is_counted() {
        for most in [0, 3, 50, 1000] {
            let mut part = Findings::at_most(most);
            part.extend(some(60));
            let mut all = Findings::default();
            all.append(part.clone());
            all.append(part);
            let shown = all.to_vec();
            let rest = 120 - all.len();
            assert!(all.len() <= MAX_ALIKE);
            let message = &shown.last().unwrap().message;
            assert!(
                message.starts_with(&format!("and {rest} more: ")),
                "{message}"
            );
        }
    }

    #[test]
    fn what_is_only_counted_keeps_its_cause() {
        let mut part = Findings::at_most(3);
        part.extend(some(5).map(|f| f.because(Cause::FormerKeys)));
        part.extend(some(7));
        let mut all = Findings::at_most(1);
        all.append(part);
        let counted: Vec<_> = all.to_vec().into_iter().skip(1).collect();
        let of = |cause: Option<Cause>| {
            let these = counted.iter().filter(|f| f.cause == cause);
            these.map(|f| f.alike).sum::<usize>()
        };
        assert_eq!((of(Some(Cause::FormerKeys)), of(None)), (4, 7));
    }

    #[test]
    fn what_is_not_kept_is_not_made() {
        let mut findings = Findings::at_most(1);
        let mut made = 0;
        for _ in 0..3 {
            findings.push_with(Code::Digest, Severity::Error, || {
                made += 1;
                Finding::error(Code::Digest, "", "")
            });
        }
        assert_eq!((made, findings.to_vec().len()), (1, 2));
    }
}
