//! Who signed a link of the janitor chain, and what it still needs.

use std::collections::BTreeSet;

use super::chain::RESTORE;
use super::tally::Count;
use crate::finding::{Code, Finding};
use crate::format::key::Fingerprint;
use crate::format::name::Id;

/// Who signed a link, and what it still needs.
#[derive(Debug, Clone, Default)]
pub struct LinkSignatures {
    /// The number of the link.
    pub number: usize,
    pub(super) path: String,
    /// Members of the link before that signed, and how many are needed; absent for link 0.
    pub before: Option<Count>,
    /// Members of the link itself that signed, and how many are needed.
    pub own: Count,
    /// Members that this link adds and that did not sign.
    pub added_missing: Vec<Id>,
    /// Signatures that do not verify: whose, and why.
    pub wrong: Vec<(Id, String)>,
    /// Signatures by keys that neither this link nor the one before names.
    pub strangers: Vec<Fingerprint>,
    /// All ids with a valid signature.
    pub signed: BTreeSet<Id>,
}

impl LinkSignatures {
    /// Whether nothing is missing and nothing is wrong.
    pub fn complete(&self) -> bool {
        self.lacking().is_empty() && self.wrong.is_empty() && self.strangers.is_empty()
    }

    /// What is missing, in words.
    pub fn lacking(&self) -> Vec<String> {
        let mut lacking = Vec::new();
        if let Some(count) = self.before.filter(|count| !count.enough()) {
            lacking.push(format!(
                "{count} janitors of link {} signed",
                self.number.saturating_sub(1)
            ));
        }
        if !self.own.enough() {
            lacking.push(format!("{} of its own janitors signed", self.own));
        }
        if !self.added_missing.is_empty() {
            let ids: Vec<String> = self
                .added_missing
                .iter()
                .map(|id| format!("`{id}`"))
                .collect();
            lacking.push(format!("{} must sign too, being added", ids.join(", ")));
        }
        lacking
    }

    /// The findings about this link.
    pub fn findings(&self) -> Vec<Finding> {
        let n = self.number;
        let mut findings: Vec<Finding> = self
            .wrong
            .iter()
            .map(|(id, why)| {
                Finding::error(
                    Code::BadSignature,
                    &self.path,
                    format!("the signature of `{id}` on link {n} does not verify: {why}"),
                )
                .hint(RESTORE)
            })
            .collect();
        findings.extend(self.strangers.iter().map(|key| {
            Finding::error(
                Code::LinkSignatures,
                &self.path,
                format!(
                    "link {n} has a signature by a key that neither it nor the link before names"
                ),
            )
            .value("key", key)
            .hint(RESTORE)
        }));
        let lacking = self.lacking();
        if !lacking.is_empty() {
            let mut finding = Finding::error(
                Code::LinkSignatures,
                &self.path,
                format!("link {n} of the janitor chain lacks signatures"),
            )
            .hint("each missing janitor signs it with `conex approve`");
            for (i, what) in lacking.iter().enumerate() {
                finding = finding.value(if i == 0 { "missing" } else { "" }, what);
            }
            findings.push(finding);
        }
        findings
    }
}
