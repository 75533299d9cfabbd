//! What `--help` and the man pages say of a verb beside its options.

/// What is said of one verb.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    /// The verb, with the one above it: `janitor add`.
    pub verb: &'static str,
    /// What it decides, signs or writes, what it asks, and what it never does.
    pub policy: &'static str,
    /// What its exit status means, but for what all have in common.
    pub exit: &'static str,
    /// What can be typed.
    pub examples: &'static [&'static str],
}

impl Page {
    /// The text behind the options in `--help`.
    pub fn text(&self) -> String {
        let heading = match self.examples {
            [_] => "Example:",
            _ => "Examples:",
        };
        format!(
            "Policy: {}\n\nExit status: {}.\n\n{heading}\n  {}",
            self.policy,
            self.exit,
            self.examples.join("\n  ")
        )
    }
}

/// The exit status of a verb that does something.
pub const DONE: &str = "0 done, or nothing to do; 1 refused; 2 usage or environment";

/// The exit status of a verb that prints something.
pub const PRINTED: &str = "0 printed; 1 the repository does not allow it; 2 usage or environment";
