//! opam's hook: asks the verifier through its one door, and keeps what it says is there.

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use conex::shell::hook::load::{Loaded, load, patch as load_patch};
use conex_verify::finding::Severity;
use conex_verify::tree::{Contents, Tree};
use conex_verify::workbench::patch::{self, PatchContext};
use conex_verify::workbench::repository::Repository;
use conex_verify::{Policy, Request, Subject, verify};

/// Judges what opam hands over. In `OUT/NAME.whole` or `OUT/NAME.patch` is then the verdict, and a
/// line for each release that is there.
pub fn run(out: &Path, args: &[&str]) -> ExitCode {
    let get = |key: &str| {
        let prefix = format!("--{key}=");
        let found = args.iter().find_map(|a| a.strip_prefix(prefix.as_str()));
        found.filter(|text| !text.is_empty())
    };
    let repo = get("repo").expect("opam gives a repository");
    let base = Path::new(repo).file_name().unwrap().to_str().unwrap();
    let name = base.strip_suffix(".tar.gz").unwrap_or(base);
    let policy = Policy::new(
        get("anchors").expect("opam gives anchors"),
        get("quorum").map(|q| q.parse().unwrap()),
    )
    .unwrap()
    .nostrict();
    let (round, text) = match (get("dir"), get("patch")) {
        (Some(dir), _) => ("whole", whole(&policy, name, dir)),
        (None, Some(patch)) => ("patch", patched(&policy, name, repo, patch)),
        // opam 2.0 asks also when nothing changed.
        (None, None) => return ExitCode::SUCCESS,
    };
    let accepted = text.starts_with("accepted\n");
    std::fs::write(out.join(format!("{name}.{round}")), text).unwrap();
    ExitCode::from(u8::from(!accepted))
}

fn whole(policy: &Policy, name: &str, dir: &str) -> String {
    match load(Path::new(dir), Contents::All) {
        Ok(Loaded { tree, .. }) => {
            let subject = Subject::Whole {
                tree: &tree,
                before: None,
            };
            said(policy, name, subject, Some(&tree))
        }
        Err(error) => format!("rejected {error}\n"),
    }
}

fn patched(policy: &Policy, name: &str, repo: &str, patch: &str) -> String {
    let bytes = load_patch(Path::new(patch)).unwrap();
    let Loaded { tree, store, .. } = load(Path::new(repo), Contents::All).unwrap();
    let context = PatchContext {
        repo_name: name,
        store,
        posixly_correct: false,
        clone: None,
    };
    let after = patch::apply(&tree, &bytes, &context).ok();
    let subject = Subject::Patch {
        before: &tree,
        patch: &bytes,
        context,
    };
    said(policy, name, subject, after.map(|a| a.tree).as_ref())
}

/// The verdict, and what is there then. Errors with the codes in `CONEX_TREES_OVERLOOK` are
/// overlooked: what these rules stop must show as a disagreement.
pub fn said(policy: &Policy, name: &str, subject: Subject<'_>, after: Option<&Tree>) -> String {
    let request = Request {
        policy,
        name,
        subject,
        memories: &(),
    };
    let outcome = verify(&request).unwrap();
    let findings = outcome.report().findings.iter();
    let errors: Vec<_> = findings.filter(|f| f.severity == Severity::Error).collect();
    let all_overlooked = || {
        let codes = std::env::var("CONEX_TREES_OVERLOOK").unwrap_or_default();
        errors.iter().all(|f| codes.contains(&f.code.to_string()))
    };
    match after {
        Some(after) if outcome.is_accepted() || all_overlooked() => {
            format!("accepted\n{}", declared(after))
        }
        _ => {
            let errors = errors.iter().map(|f| format!(" {}:{}", f.code, f.path));
            format!("rejected{}\n", errors.collect::<String>())
        }
    }
}

/// A line for each release that the verifier says is there, with the synopsis in its file.
fn declared(tree: &Tree) -> String {
    let repository = Repository::load(&tree.clone().into_judged());
    let mut text = String::new();
    for (_, release, dir) in repository.declared() {
        let opam = String::from_utf8_lossy(dir.opam().unwrap()).into_owned();
        let synopsis = opam.split('"').nth(3).unwrap_or_default().to_owned();
        let _ = writeln!(text, "{release}\t{synopsis}");
    }
    text
}
