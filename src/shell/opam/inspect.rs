//! Whether opam is configured so that nothing gets past conex.

use std::collections::BTreeSet;
use std::fs::Metadata;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::hook::{self, Hook};
use super::repositories::{self, Entry};
use super::root::{CONFIG, REPOS_CONFIG, Root, RootError};
use crate::shell::hook::load::load;
use crate::shell::report::one_line;
use conex_verify::finding::Severity;
use conex_verify::tree::{Contents, Tree};
use conex_verify::workbench::repository::Repository;
use conex_verify::workbench::trust::anchors::Client;
use conex_verify::workbench::verdict::verify;
use conex_verify::workbench::verify::Mode;

/// What of the environment changes what opam does.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// `OPAMNOCHECKSUMS`
    pub no_checksums: Option<String>,
    /// `OPAMVALIDATIONHOOK`
    pub validation_hook: Option<String>,
}

impl Environment {
    /// That of the process.
    pub fn of_process() -> Environment {
        let get = |name| std::env::var_os(name).map(|v| v.to_string_lossy().into_owned());
        Environment {
            no_checksums: get("OPAMNOCHECKSUMS"),
            validation_hook: get("OPAMVALIDATIONHOOK"),
        }
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// `hook`, `environment`, or the name of a repository with `repository:` before it.
    pub about: String,
    /// How it is.
    pub state: State,
    /// What was found.
    pub message: String,
    /// What to do; may be empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub hint: String,
}

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// In order.
    Ok,
    /// Somebody should look.
    Warning,
    /// An update could get past conex, or none could pass.
    Error,
}

impl Check {
    fn new(about: impl Into<String>, state: State, message: impl Into<String>) -> Check {
        Check {
            about: about.into(),
            state,
            message: message.into(),
            hint: String::new(),
        }
    }

    fn hint(mut self, hint: impl Into<String>) -> Check {
        self.hint = hint.into();
        self
    }
}

/// Looks at everything. `this` is the conex that is running.
///
/// # Errors
/// A file of the root cannot be read or is not understood.
pub fn inspect(
    root: &Root,
    environment: &Environment,
    this: &Path,
) -> Result<Vec<Check>, RootError> {
    let path = root.file(CONFIG);
    let config = root.read(CONFIG)?.unwrap_or_default();
    let configured = hook::find(&path, &config)?.map(|found| found.hook);
    let mut checks = of_environment(environment);
    // opam takes the variable first.
    let from_environment = environment.validation_hook.as_deref();
    let hook = match from_environment {
        Some(text) => Some(Hook::of_environment(text)),
        None => configured,
    };
    checks.extend(of_hook(hook.as_ref(), this));
    let lenient = hook.as_ref().is_some_and(Hook::is_lenient);
    let text = root.read(REPOS_CONFIG)?.unwrap_or_default();
    let entries = repositories::read(&root.file(REPOS_CONFIG), &text)?;
    if entries.is_empty() {
        checks.push(Check::new(
            "repositories",
            State::Warning,
            "opam has no repository",
        ));
    }
    for entry in &entries {
        checks.push(of_repository(root, entry, lenient));
    }
    Ok(checks)
}

/// Whether nothing gets past conex.
pub fn protected(checks: &[Check]) -> bool {
    checks.iter().all(|check| check.state != State::Error)
}

fn of_environment(environment: &Environment) -> Vec<Check> {
    let mut checks = Vec::new();
    if let Some(value) = &environment.no_checksums {
        // As opam reads it.
        let off = matches!(value.to_lowercase().as_str(), "" | "0" | "no" | "false");
        if !off {
            checks.push(
                Check::new(
                    "environment",
                    State::Error,
                    format!("OPAMNOCHECKSUMS={value}: opam applies every update without calling the hook"),
                )
                .hint("unset OPAMNOCHECKSUMS"),
            );
        }
    }
    if environment.validation_hook.is_some() {
        checks.push(
            Check::new(
                "environment",
                State::Warning,
                "OPAMVALIDATIONHOOK is set, and opam takes it in place of its configuration",
            )
            .hint("unset OPAMVALIDATIONHOOK once `conex enable` has configured the hook"),
        );
    }
    checks
}

fn of_hook(hook: Option<&Hook>, this: &Path) -> Vec<Check> {
    let enable = "`conex enable REPO` configures it";
    let error = |message: String| Check::new("hook", State::Error, message);
    let Some(hook) = hook else {
        return vec![error("opam has no hook: it applies every update".to_owned()).hint(enable)];
    };
    let Some(program) = hook.program() else {
        return vec![error("the hook is empty: opam refuses every update".to_owned()).hint(enable)];
    };
    if !hook.is_conex() {
        return vec![
            error(format!("opam runs another hook: `{program}`")).hint(
                "`conex enable REPO --force` replaces it, and `conex disable` brings it back",
            ),
        ];
    }
    let mut checks = Vec::new();
    checks.extend(of_program(&program, this));
    for problem in hook.problems() {
        checks.push(error(problem).hint(enable));
    }
    if hook.forgets() {
        checks.push(
            Check::new(
                "hook",
                State::Warning,
                "`--no-state`: an old state is accepted after a repository is added again",
            )
            .hint(enable),
        );
    }
    if checks.iter().all(|c| c.state == State::Ok) {
        let mode = if hook.is_lenient() {
            "packages that nobody claims are let through"
        } else {
            "every package must be signed"
        };
        checks.push(Check::new("hook", State::Ok, format!("{program}; {mode}")));
    }
    checks
}

fn of_program(program: &str, this: &Path) -> Option<Check> {
    let path = PathBuf::from(program);
    let error = |message: String| {
        Some(
            Check::new("hook", State::Error, message)
                .hint("`conex enable REPO` names the conex that runs it"),
        )
    };
    if !path.is_absolute() {
        return error(format!(
            "`{program}` is not an absolute path: opam runs whatever PATH has"
        ));
    }
    let metadata = match std::fs::metadata(&path) {
        Ok(metadata) => metadata,
        Err(e) => return error(format!("`{program}`: {e}: opam refuses every update")),
    };
    let mode = metadata.permissions().mode();
    if !metadata.is_file() || mode & 0o111 == 0 {
        return error(format!(
            "`{program}` cannot be run: opam refuses every update"
        ));
    }
    let warning =
        |message: String, hint: &str| Some(Check::new("hook", State::Warning, message).hint(hint));
    if mode & 0o022 != 0 {
        return warning(
            format!("`{program}` can be changed by other users"),
            "chmod go-w, or install it where only root writes",
        );
    }
    if !is_same(&path, &metadata, this) {
        return warning(
            format!("`{program}` is another conex than this one"),
            "update the one or the other; `conex enable REPO` names the conex that runs it",
        );
    }
    None
}

fn is_same(path: &Path, metadata: &Metadata, this: &Path) -> bool {
    let one_file = std::fs::metadata(this)
        .is_ok_and(|m| (m.dev(), m.ino()) == (metadata.dev(), metadata.ino()));
    let one_text =
        || matches!((std::fs::read(path), std::fs::read(this)), (Ok(a), Ok(b)) if a == b);
    one_file || one_text()
}

fn of_repository(root: &Root, entry: &Entry, lenient: bool) -> Check {
    let about = format!("repository:{}", entry.name);
    let set = format!(
        "`conex enable {} --anchors A --quorum N`, with the anchors that its maintainers publish",
        entry.name
    );
    if entry.url.is_empty() {
        return Check::new(about, State::Ok, "it is switched off");
    }
    if entry.fingerprints.is_empty() {
        let message = match entry.quorum {
            None => {
                "it has no anchors: opam applies its updates without calling the hook".to_owned()
            }
            Some(n) => format!(
                "it has the quorum {n} and no anchors: opam applies its updates without calling the hook"
            ),
        };
        return Check::new(about, State::Error, message).hint(set);
    }
    let client = match entry.client() {
        Ok(client) => client,
        Err(e) => {
            return Check::new(about, State::Error, format!("{e}: every update is refused"))
                .hint(set);
        }
    };
    let rule = format!(
        "{} of {} anchors",
        client.quorum(),
        client.anchors().keys.len()
    );
    match held(root, &entry.name, &client, client.mode(lenient)) {
        Held::Nothing => Check::new(about, State::Ok, format!("{rule}; opam holds nothing of it yet")),
        Held::Valid => Check::new(about, State::Ok, format!("{rule}; what opam holds is valid")),
        Held::Unknown(why) => Check::new(
            about,
            State::Warning,
            format!("{rule}; what opam holds cannot be checked: {why}"),
        )
        .hint("the next update is checked as a whole"),
        Held::Invalid(why) => Check::new(
            about,
            State::Error,
            format!("{rule}; but what opam holds is not valid: {why}"),
        )
        .hint(format!(
            "run `opam update {0}`; if that changes nothing: `opam repository remove {0} --all-switches`, then `opam repository add` with its anchors",
            entry.name
        )),
    }
}

/// What opam holds of a repository. opam asks the hook only when something changes: what
/// came before the hook would else stay, unseen, until then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held {
    /// Nothing.
    Nothing,
    /// It is valid.
    Valid,
    /// It is not; the reason.
    Invalid(String),
    /// It cannot be read; the reason.
    Unknown(String),
}

/// Verifies what opam holds of the repository `name`.
pub fn held(root: &Root, name: &str, client: &Client, mode: Mode) -> Held {
    let directory = root.path().join("repo").join(name);
    let archive = root.path().join("repo").join(format!("{name}.tar.gz"));
    let path = if directory.exists() {
        directory
    } else if archive.exists() {
        archive
    } else {
        return Held::Nothing;
    };
    let loaded = match load(&path, Contents::All) {
        Ok(loaded) => loaded,
        Err(e) => return Held::Unknown(e.to_string()),
    };
    let tree = below(loaded.tree, name).into_judged();
    let repository = Repository::load(&tree);
    let verdict = verify(&tree, &repository, client, mode);
    if verdict.accepted() {
        return Held::Valid;
    }
    let errors: Vec<_> = verdict
        .findings
        .into_iter()
        .filter(|f| f.severity == Severity::Error)
        .collect();
    Held::Invalid(one_line(&errors))
}

/// opam 2.1 puts all that it archives into a directory `name`; later ones do not. Of a
/// git repository it archives the whole clone, which it unpacks before it asks the hook.
fn below(tree: Tree, name: &str) -> Tree {
    let prefix = format!("{name}/");
    if tree.files.keys().any(|path| !path.starts_with(&prefix)) {
        return tree;
    }
    let clone = format!("{name}/.git/");
    let counts = |path: &str| !path.starts_with(&clone);
    let strip = |path: &str| path.strip_prefix(&prefix).unwrap_or(path).to_owned();
    let files = tree.files.into_iter().filter(|(path, _)| counts(path));
    let others = tree.others.into_iter();
    let empty = tree.empty.into_iter();
    let defects = tree.defects.into_iter();
    Tree {
        files: files.map(|(path, bytes)| (strip(&path), bytes)).collect(),
        others: others
            .filter(|path| *path != prefix && counts(path))
            .map(|path| strip(&path))
            .collect(),
        elsewhere: BTreeSet::new(),
        empty: empty
            .filter(|path| *path != name && counts(path))
            .map(|path| strip(&path))
            .collect(),
        defects: defects.filter(|defect| counts(&defect.path)).collect(),
    }
}
