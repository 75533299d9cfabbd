//! One change, and how much it weighs.

/// How many names a line has. Those of what is alike and new are counted beyond it; all others
/// go on in the next line.
pub(super) const NAMES: usize = 8;

/// How much somebody who signs has to look at a change; the first come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Somebody loses something to somebody else, or a safeguard falls.
    Takes,
    /// Something that was approved is otherwise from now on.
    Changes,
    /// Something comes that nobody had.
    New,
}

impl Weight {
    /// The name for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Weight::Takes => "takes",
            Weight::Changes => "changes",
            Weight::New => "new",
        }
    }
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Effect {
    /// How much to look at it.
    pub weight: Weight,
    /// What it is about: the path of a file, or a directory for several.
    pub path: String,
    /// What happens, in one line of at most some hundred characters.
    pub line: String,
    /// Names that the line counts and does not show: of things that are alike and new.
    pub more: Vec<String>,
}

impl Effect {
    /// The lines that people see: one, and with `all` those with the names that it only counts.
    pub fn shown(&self, all: bool) -> Vec<String> {
        let more = self.more.chunks(NAMES).filter(|_| all);
        let more = more.map(|names| format!("| {}", names.join(", ")));
        [self.marked()].into_iter().chain(more).collect()
    }

    /// The line as people see it: what takes something from somebody, or changes what was
    /// approved, is marked.
    pub fn marked(&self) -> String {
        match self.weight {
            Weight::Takes => format!("!! {}", self.line),
            Weight::Changes => format!("! {}", self.line),
            Weight::New => self.line.clone(),
        }
    }
}
