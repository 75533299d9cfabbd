//! Whether opam is configured so that nothing gets past conex.

use crate::hint::Hint;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::held::{Ask, Held, Refusal, held};
use super::hook::{self, Hook};
use super::program::{Conex, ProgramError, look};
use super::record::Record;
use super::repositories::{self, Entry};
use super::root::{CONFIG, REPOS_CONFIG, Root, RootError};
use crate::shell::keys::file::shell_quoted;
use conex_verify::Mode;
use conex_verify::workbench::trust::anchors::Client;

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
    /// Of a repository with anchors: what the hook asks of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<Shown>,
}

/// The policy of a repository, as its anchors and the hook say it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// `strict`, `covered` or `nostrict`.
    pub mode: &'static str,
    /// How many anchors must agree.
    pub quorum: usize,
    /// How many there are.
    pub anchors: usize,
    /// The pinned link: the digest of its signed bytes.
    pub link: Option<String>,
    /// The least revision of the snapshot.
    pub snapshot: Option<String>,
    /// The least revision of the list of claims.
    pub claims: Option<String>,
}

impl Shown {
    /// The policy of a client, under a hook that lets everything unsigned through or not.
    pub fn of(client: &Client, lenient: bool) -> Shown {
        let anchors = client.anchors();
        Shown {
            mode: match client.mode(lenient) {
                Mode::Strict => "strict",
                Mode::Covered => "covered",
                Mode::NoStrict => "nostrict",
            },
            quorum: client.quorum(),
            anchors: anchors.keys.len(),
            link: anchors.link.map(|link| link.to_string()),
            snapshot: anchors
                .snapshot
                .map(|r| format!("{}.{}", r.epoch, r.counter)),
            claims: anchors.claims.map(|r| format!("{}.{}", r.epoch, r.counter)),
        }
    }

    /// The same in words.
    pub fn in_words(&self) -> String {
        let mut words = format!("{}, {} of {} anchors", self.mode, self.quorum, self.anchors);
        words.push_str(self.link.as_ref().map_or("", |_| ", pinned link"));
        for (what, least) in [("snapshot", &self.snapshot), ("claims", &self.claims)] {
            if let Some(least) = least {
                words.push_str(&format!(", {what} from {least} on"));
            }
        }
        words
    }
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
    /// Its updates get past conex, and somebody said that this is meant.
    LeftOut,
}

impl Check {
    fn new(about: impl Into<String>, state: State, message: impl Into<String>) -> Check {
        Check {
            about: about.into(),
            state,
            message: message.into(),
            hint: String::new(),
            policy: None,
        }
    }

    /// It is wrong, and this mends it.
    fn refusal(about: impl Into<String>, message: String, refusal: Refusal) -> Check {
        Check::new(about, State::Error, message).hint(refusal.hint)
    }

    fn hint(mut self, hint: impl Into<String>) -> Check {
        self.hint = hint.into();
        self
    }
}

/// Looks at everything. `this` is the conex that is running, `ask` what its verb `verify` makes of a command line.
///
/// # Errors
/// A file of the root cannot be read or is not understood.
pub fn inspect(
    root: &Root,
    environment: &Environment,
    this: &Path,
    ask: Ask<'_>,
) -> Result<Vec<Check>, RootError> {
    let path = root.file(CONFIG);
    let config = root.read(CONFIG)?.unwrap_or_default();
    let configured = hook::find(&path, &config)?.map(|found| found.hook);
    let record = Record::read(root)?;
    let text = root.read(REPOS_CONFIG)?.unwrap_or_default();
    let entries = repositories::read(&root.file(REPOS_CONFIG), &text)?;
    let mut checks = of_environment(environment);
    // opam takes the variable first.
    let from_environment = environment.validation_hook.as_deref();
    let hook = match from_environment {
        Some(text) => Some(Hook::of_environment(text)),
        None => configured,
    };
    let first = entries.iter().find(|entry| !entry.fingerprints.is_empty());
    let name = first
        .or(entries.first())
        .map_or("NAME", |entry| entry.name.as_str());
    checks.extend(of_hook(hook.as_ref(), this, name));
    if entries.is_empty() {
        checks.push(Check::new(
            "repositories",
            State::Warning,
            "opam has no repository",
        ));
    }
    for entry in &entries {
        checks.push(of_repository(root, entry, hook.as_ref(), &record, ask));
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
                .hint(Hint::UnsetNoChecksums),
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
            .hint(Hint::UnsetHook),
        );
    }
    checks
}

fn of_hook(hook: Option<&Hook>, this: &Path, name: &str) -> Vec<Check> {
    let enable = || Hint::Enable {
        name: name.to_owned(),
    };
    let error = |message: String| Check::new("hook", State::Error, message);
    let Some(hook) = hook else {
        return vec![error("opam has no hook: it applies every update".to_owned()).hint(enable())];
    };
    let Some(program) = hook.program() else {
        return vec![
            error("the hook is empty: opam refuses every update".to_owned()).hint(enable()),
        ];
    };
    if !hook.is_conex() {
        return vec![error(format!("opam runs another hook: `{program}`")).hint(
            Hint::ReplaceHookOf {
                name: name.to_owned(),
            },
        )];
    }
    let mut checks = Vec::new();
    checks.extend(of_program(&program, this, name));
    for problem in hook.problems() {
        checks.push(error(problem).hint(enable()));
    }
    if hook.forgets() {
        checks.push(
            Check::new(
                "hook",
                State::Warning,
                "`--no-state`: an old state is accepted after a repository is added again",
            )
            .hint(enable()),
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

fn of_program(program: &str, this: &Path, name: &str) -> Option<Check> {
    let path = PathBuf::from(program);
    let named = || name.to_owned();
    let warning = |message: String| Check::new("hook", State::Warning, message);
    let found = match look(&path, this) {
        Ok(found) => found,
        Err(error) => {
            let what = match &error {
                ProgramError::NotAbsolute(_) => "",
                ProgramError::NotConex(..) => ", and opam goes by what it says",
                _ => ": opam refuses every update",
            };
            let way = match &error {
                ProgramError::NotExecutable(_) => error.hint(),
                _ => Hint::NamesConexOrDisable { name: named() }.to_string(),
            };
            return Some(Check::new("hook", State::Error, format!("{error}{what}")).hint(way));
        }
    };
    if can_be_changed(&path) {
        return Some(
            warning(format!("`{program}` can be changed by other users")).hint(
                Hint::OthersCanWrite {
                    path: shell_quoted(&path),
                },
            ),
        );
    }
    match found {
        Conex::This => None,
        Conex::Other(version) => Some(
            warning(format!(
                "`{program}` is another conex than this one: {version}"
            ))
            .hint(Hint::NamesConex { name: named() }),
        ),
    }
}

fn can_be_changed(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|m| m.permissions().mode() & 0o022 != 0)
}

fn of_repository(
    root: &Root,
    entry: &Entry,
    hook: Option<&Hook>,
    record: &Record,
    ask: Ask<'_>,
) -> Check {
    let about = format!("repository:{}", entry.name);
    let set = Hint::GiveAnchors {
        name: entry.name.clone(),
    };
    if entry.url.is_empty() {
        return Check::new(about, State::Ok, "it is switched off");
    }
    if entry.fingerprints.is_empty() {
        let way = Hint::GiveAnchorsOrLeaveOut {
            name: entry.name.clone(),
        };
        return without_anchors(about, entry, record)
            .unwrap_or_else(|(about, message)| Check::new(about, State::Error, message).hint(way));
    }
    let client = match entry.client() {
        Ok(client) => client,
        Err(e) => {
            return Check::new(about, State::Error, format!("{e}: every update is refused"))
                .hint(set);
        }
    };
    let lenient = hook.is_some_and(Hook::is_lenient);
    let policy = Shown::of(&client, lenient);
    let rule = policy.in_words();
    let choices = hook.map(Hook::choices).unwrap_or_default();
    let ok = |message: String| Check::new(&about, State::Ok, message);
    let warning = |message: String| Check::new(&about, State::Warning, message);
    let mut check = match held(root, entry, &choices, ask) {
        Held::Nothing => ok(format!("{rule}; opam holds nothing of it yet")),
        Held::Valid if lenient && client.anchors().covered => warning(format!(
            "{rule}; what opam holds is valid, but its anchors say `unsigned=covered`, and the hook lets more through"
        ))
        .hint(Hint::StrictAgain { name: entry.name.clone() }),
        Held::Valid => ok(format!("{rule}; what opam holds is valid")),
        Held::Forgotten => warning(format!(
            "{rule}; what opam holds is valid, but nothing is remembered: neither XDG_STATE_HOME nor HOME is set"
        ))
        .hint("set HOME"),
        Held::Unknown(why) => warning(format!("{rule}; what opam holds cannot be checked: {why}"))
            .hint("the next update is checked as a whole"),
        Held::Invalid(refusal) => Check::refusal(
            &about,
            format!("{rule}; but what opam holds is not valid: {}", refusal.why),
            refusal,
        ),
        Held::Refused(refusal) => Check::refusal(
            &about,
            format!("{rule}; but every update is refused: {}", refusal.why),
            refusal,
        ),
    };
    check.policy = Some(policy);
    check
}

/// A repository that opam applies without asking: recorded as left out, or what is wrong.
fn without_anchors(
    about: String,
    entry: &Entry,
    record: &Record,
) -> Result<Check, (String, String)> {
    let quorum = match entry.quorum {
        None => String::new(),
        Some(n) => format!("the quorum {n} and "),
    };
    let message = match record.left_out.get(&entry.name) {
        Some(url) if *url == entry.url => {
            return Ok(Check::new(
                about,
                State::LeftOut,
                "opam applies its updates unverified, on purpose; its packages can take the place of those of other repositories",
            ));
        }
        Some(url) => format!(
            "it has {quorum}no anchors; it was left out on purpose when it came from {url}, and it comes from {} now",
            entry.url
        ),
        None => {
            format!("it has {quorum}no anchors: opam applies its updates without calling the hook")
        }
    };
    Err((about, message))
}
