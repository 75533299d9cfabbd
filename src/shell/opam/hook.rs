//! The field `repository-validation-command` of opam's `config`.

use std::ffi::OsStr;
use std::ops::Range;
use std::path::Path;

use super::root::RootError;
use conex_verify::format::syntax::{Item, PfxOp, Value, ValueKind, parse, print_value};

/// The field.
pub const FIELD: &str = "repository-validation-command";

/// A hook, as opam runs it: one word after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    /// The words, the program first.
    pub words: Vec<Word>,
}

/// One word of the command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// The text, before `%{…}%` is expanded.
    pub text: String,
    /// When opam passes it.
    pub when: When,
}

/// When opam passes a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum When {
    /// Always.
    Always,
    /// Only with a patch: `{incremental}`.
    Incremental,
    /// Only with a new tree: `{!incremental}`.
    Full,
    /// Under a condition that is not known here.
    Other(String),
}

/// What conex must be passed: the option, its other names, the variable of opam, and
/// when it may be left out.
const ARGUMENTS: [(&[&str], &str, When); 6] = [
    (&["--repo", "--repository"], "repo", When::Always),
    (&["--dir"], "dir", When::Full),
    (&["--patch"], "patch", When::Incremental),
    (&["--anchors", "--trust-anchors"], "anchors", When::Always),
    (&["--quorum"], "quorum", When::Always),
    (&["--incremental"], "incremental", When::Always),
];

/// Options that may be there besides.
const SWITCHES: [&str; 6] = [
    "--nostrict",
    "--ignore-missing",
    "--require-snapshot",
    "--no-state",
    "--all",
    "--format=human",
];

/// Options with a value that may be there besides.
const SETTINGS: [&str; 3] = ["--state-dir=", "--max-age=", "--format="];

impl Hook {
    /// The hook that runs `program`. With `extra`, these words after `verify`.
    pub fn of<W: AsRef<str>>(program: &Path, extra: &[W]) -> Hook {
        let always = |text: &str| Word {
            text: text.to_owned(),
            when: When::Always,
        };
        // `%` begins a variable; the path is literal.
        let mut words = vec![
            always(&program.to_string_lossy().replace('%', "%%")),
            always("verify"),
        ];
        words.extend(extra.iter().map(|text| always(text.as_ref())));
        words.extend(ARGUMENTS.map(|(names, variable, when)| {
            let name = names.first().copied().unwrap_or_default();
            Word {
                text: format!("{name}=%{{{variable}}}%"),
                when,
            }
        }));
        Hook { words }
    }

    /// The path of the program.
    pub fn program(&self) -> Option<String> {
        Some(self.words.first()?.text.replace("%%", "%"))
    }

    /// Whether the command is one of conex, judged by its form: the verb is `verify`, and either the program has
    /// conex's name, or what opam knows of the repository is passed by the names that `conex verify` has for it.
    /// A download can have any name, and may be gone. [`super::program`] says whether the file is a conex.
    pub fn is_conex(&self) -> bool {
        let program = self.program();
        let name = program.as_deref().map(Path::new).and_then(Path::file_name);
        let name = name.and_then(OsStr::to_str).unwrap_or_default();
        let named = name == "conex" || name.starts_with("conex-");
        let passes = |names: &[&str]| {
            let mut words = self.words.iter().skip(2);
            words.any(|word| names.iter().any(|name| has_name(&word.text, name)))
        };
        let formed = || ARGUMENTS.iter().all(|(names, ..)| passes(names));
        self.words.get(1).is_some_and(|w| w.text == "verify") && (named || formed())
    }

    /// The field as it is written, lines ending in a newline.
    pub fn field(&self) -> String {
        let mut text = format!("{FIELD}: [\n");
        for word in &self.words {
            let value = Value {
                kind: ValueKind::String(word.text.as_bytes().into()),
                span: conex_verify::format::syntax::Span { start: 0, end: 0 },
            };
            let quoted = print_value(&value);
            let when = match &word.when {
                When::Always => "",
                When::Incremental => " {incremental}",
                When::Full => " {!incremental}",
                When::Other(other) => other,
            };
            text.push_str(&format!("  {}{when}\n", String::from_utf8_lossy(&quoted)));
        }
        text.push_str("]\n");
        text
    }

    /// What is wrong with the words of a conex: each a message.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut seen = [false; ARGUMENTS.len()];
        for word in self.words.iter().skip(2) {
            if let When::Other(when) = &word.when {
                problems.push(format!("`{}` is passed only under `{when}`", word.text));
                continue;
            }
            let known = ARGUMENTS
                .iter()
                .zip(&mut seen)
                .find(|((names, ..), _)| names.iter().any(|n| has_name(&word.text, n)));
            let Some(((names, variable, when), seen)) = known else {
                if !is_choice(&word.text) || word.when != When::Always {
                    problems.push(format!("`{}` is no argument for the hook", word.text));
                }
                continue;
            };
            if *seen {
                problems.push(format!("`{}` is passed twice", word.text));
            }
            *seen = true;
            let expected = format!("%{{{variable}}}%");
            let value = word.text.split_once('=').map_or("", |(_, value)| value);
            if value != expected {
                problems.push(format!(
                    "`{}` is passed in place of `{}={expected}`",
                    word.text,
                    names.first().copied().unwrap_or_default()
                ));
            }
            // What opam does not know it expands to nothing, which counts as absent.
            if word.when != When::Always && word.when != *when {
                problems.push(format!("`{}` is not passed when it is needed", word.text));
            }
        }
        for ((names, variable, _), seen) in ARGUMENTS.iter().zip(seen) {
            if !seen {
                let name = names.first().copied().unwrap_or_default();
                problems.push(format!("`{name}=%{{{variable}}}%` is missing"));
            }
        }
        problems
    }

    /// The words besides those that conex must be passed, as far as they are known: what
    /// the user chose.
    pub fn choices(&self) -> Vec<String> {
        let words = self.words.iter().skip(2);
        let chosen = words.filter(|w| w.when == When::Always && is_choice(&w.text));
        chosen.map(|w| w.text.clone()).collect()
    }

    /// Whether this hook is in order and does what `wanted` does, whatever the order of its words.
    pub fn serves_as(&self, wanted: &Hook) -> bool {
        let sorted = |hook: &Hook| {
            let mut choices = hook.choices();
            choices.sort();
            choices
        };
        self.is_conex()
            && self.problems().is_empty()
            && self.program() == wanted.program()
            && sorted(self) == sorted(wanted)
    }

    /// Whether packages that nobody claims are let through.
    pub fn is_lenient(&self) -> bool {
        self.words.iter().any(|w| is_lenient(&w.text))
    }

    /// Whether nothing is remembered from run to run.
    pub fn forgets(&self) -> bool {
        self.words.iter().any(|w| w.text == "--no-state")
    }

    /// The hook in the environment variable `OPAMVALIDATIONHOOK`, which opam splits at
    /// blanks.
    pub fn of_environment(text: &str) -> Hook {
        let words = text.split(' ').filter(|w| !w.is_empty()).map(|w| Word {
            text: w.to_owned(),
            when: When::Always,
        });
        Hook {
            words: words.collect(),
        }
    }
}

/// Whether a user may have chosen to pass this.
fn is_choice(text: &str) -> bool {
    let setting = |s: &str| text.len() > s.len() && text.starts_with(s);
    SWITCHES.contains(&text) || SETTINGS.into_iter().any(setting)
}

/// Whether a word lets packages through that nobody claims.
pub fn is_lenient(word: &str) -> bool {
    matches!(word, "--nostrict" | "--ignore-missing")
}

/// Whether `text` is `name=…` or `name`.
fn has_name(text: &str, name: &str) -> bool {
    text.strip_prefix(name)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
}

/// The field in a `config`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its bytes, from its name to the end of its value.
    pub span: Range<usize>,
    /// What it says.
    pub hook: Hook,
}

/// Finds the hook in the text of a `config`.
///
/// # Errors
/// Not opam's syntax, the field twice, or a value that is no command.
pub fn find(path: &Path, config: &[u8]) -> Result<Option<Found>, RootError> {
    let refuse = |why: &str| RootError::NotUnderstood {
        path: path.to_owned(),
        why: why.to_owned(),
    };
    let file = parse(config).map_err(|e| RootError::syntax(path, &e))?;
    let mut fields = file.items.iter().filter_map(|item| match item {
        Item::Field(field) if field.name.text == FIELD => Some(field),
        _ => None,
    });
    let Some(field) = fields.next() else {
        return Ok(None);
    };
    if fields.next().is_some() {
        return Err(refuse(
            "it has the field `repository-validation-command` twice",
        ));
    }
    let command = || refuse("`repository-validation-command` is not a list of words");
    let values = match &field.value.kind {
        ValueKind::List(values) => values.as_slice(),
        ValueKind::String(_) | ValueKind::Ident(_) | ValueKind::Option(..) => {
            std::slice::from_ref(&field.value)
        }
        _ => return Err(command()),
    };
    let words = values.iter().map(word).collect::<Option<Vec<Word>>>();
    Ok(Some(Found {
        span: field.name.span.start..field.value.span.end,
        hook: Hook {
            words: words.ok_or_else(command)?,
        },
    }))
}

fn word(value: &Value<'_>) -> Option<Word> {
    let (inner, when) = match &value.kind {
        ValueKind::Option(inner, filter) => (&**inner, when(filter)),
        _ => (value, When::Always),
    };
    let text = match &inner.kind {
        ValueKind::String(text) => String::from_utf8(text.to_vec()).ok()?,
        // A variable as a word of its own.
        ValueKind::Ident(name) => format!("%{{{name}}}%"),
        _ => return None,
    };
    Some(Word { text, when })
}

fn when(filter: &[Value<'_>]) -> When {
    let incremental = |value: &Value<'_>| matches!(value.kind, ValueKind::Ident("incremental"));
    match filter {
        [] => When::Always,
        [one] if incremental(one) => When::Incremental,
        [
            Value {
                kind: ValueKind::Pfxop(op, inner),
                ..
            },
        ] if op.op == PfxOp::Not && incremental(inner) => When::Full,
        values => When::Other(
            values
                .iter()
                .map(|v| String::from_utf8_lossy(&print_value(v)).into_owned())
                .collect::<Vec<_>>()
                .join(" "),
        ),
    }
}
