//! What `conex enable` found and changed, so that `conex disable` can undo it; and what was left out on purpose.
//!
//! It lies in opam's root, as it is about that root alone: a root that is removed and
//! made anew must not get the hook of the old one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::root::{Locked, RECORD, Root, RootError};

/// The form of the file that is written here.
const VERSION: u32 = 1;

/// What was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    version: u32,
    /// The hook, if conex set it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hook: Option<Replaced>,
    /// The anchors that conex set, by the name of the repository.
    #[serde(default)]
    pub anchors: BTreeMap<String, Replaced>,
    /// The repositories that are left out on purpose, by name, with the URL that each had then. Only
    /// `conex enable --status` looks at it: opam asks no hook about a repository without anchors.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub left_out: BTreeMap<String, String>,
}

/// A piece of a file that was replaced by another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replaced {
    /// What was there; empty if nothing.
    pub before: String,
    /// What is there now.
    pub now: String,
    /// What conex had written there until then. It is still there where a run was killed after it
    /// wrote the record and before it wrote the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earlier: Option<String>,
}

impl Default for Record {
    fn default() -> Record {
        Record {
            version: VERSION,
            hook: None,
            anchors: BTreeMap::new(),
            left_out: BTreeMap::new(),
        }
    }
}

impl Record {
    /// Reads the record of a root; an empty one if there is none.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn read(root: &Root) -> Result<Record, RootError> {
        let Some(bytes) = root.read(RECORD)? else {
            return Ok(Record::default());
        };
        let refuse = |why: String| RootError::NotUnderstood {
            path: root.file(RECORD),
            why,
        };
        let record: Record = serde_json::from_slice(&bytes).map_err(|e| refuse(e.to_string()))?;
        if record.version == VERSION {
            Ok(record)
        } else {
            Err(refuse(format!(
                "it is of version {}, this conex knows version {VERSION}",
                record.version
            )))
        }
    }

    /// Writes it, or removes the file if there is nothing to undo and nothing to know.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&self, root: &Root, locked: &Locked) -> Result<(), RootError> {
        if self.hook.is_none() && self.anchors.is_empty() && self.left_out.is_empty() {
            return root.write(locked, RECORD, None);
        }
        let mut bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        bytes.push(b'\n');
        root.write(locked, RECORD, Some(&bytes))
    }
}
