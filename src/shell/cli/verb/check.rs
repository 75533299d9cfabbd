//! `conex check`.

mod report;
mod subject;

use crate::hint::Hint;
pub use report::{Commit, Summary, show, verdict};
use std::path::Path;
use std::time::Instant;
pub use subject::{CheckArgs, CheckFormat, Outcome, Subject};

use crate::check::{Check, Clients, Judged, Side, check, lacks_files, may_return, new_keys};
use crate::plan::effect::Past;
use crate::shell::cli::failure::{Exit, Failure};
use crate::shell::cli::page::Page;
use crate::shell::cli::workspace::directory;
use crate::shell::git::{Git, GitError, Listing, Merge, Range, Where};
use conex_verify::finding::{Code, Finding};
use conex_verify::format::key::Fingerprint;
use conex_verify::format::name::Id;
use conex_verify::format::path::Place;
use conex_verify::limits::MAX_ALIKE;
use conex_verify::tree::{Defect, DefectKind};
use conex_verify::workbench::published::{BUNDLES, Form};
use conex_verify::workbench::repository::Repository;
use conex_verify::workbench::trust::anchors::{AnchorError, Client};
use conex_verify::workbench::verify::Mode;

/// Runs `conex check`.
pub fn run(named: Option<&Path>, args: &CheckArgs) -> Result<Exit, Failure> {
    let start = Instant::now();
    let client = client(args)?;
    let range = Range::parse(&args.range)?;
    let place = match named {
        Some(_) => Where::Directory,
        None => Where::Environment,
    };
    let git = Git::open(&directory(named), place)?;
    let (base, head) = (git.commit(&range.base)?, git.commit(&range.head)?);
    let mut subject = Subject::new(&git, range, base, head)?;
    subject.mode = match (args.strict, args.covered, args.nostrict) {
        (true, _, _) => Some(Mode::Strict),
        (_, true, _) => Some(Mode::Covered),
        (_, _, true) => Some(Mode::NoStrict),
        (false, false, false) => None,
    };
    if let Some(name) = &args.published {
        let listing = git.list(&git.tree_of(&git.commit(name)?)?)?;
        subject.published = Some(form(&listing));
    }
    subject.history = !args.no_history;
    let mut outcome = judge(&git, &mut subject, client.as_ref())?;
    if args.complete {
        outcome.accepted &= outcome.check.as_ref().is_some_and(Check::complete);
    }
    match args.format {
        CheckFormat::Human => show(&subject, &outcome, args.all),
        CheckFormat::Json => report::json(&subject, &outcome, start.elapsed()),
        CheckFormat::Github => report::annotate(&subject, &outcome, args),
    }
    Ok(if outcome.accepted {
        Exit::Success
    } else {
        Exit::Rejected
    })
}

fn client(args: &CheckArgs) -> Result<Option<Client>, Failure> {
    let usage = |e: AnchorError| Failure::usage(&e, e.hint());
    match (&args.anchors, args.quorum) {
        (Some(anchors), Some(quorum)) => {
            let anchors = anchors.parse().map_err(usage)?;
            Client::new(anchors, quorum).map(Some).map_err(usage)
        }
        _ => Ok(None),
    }
}

impl From<GitError> for Failure {
    fn from(error: GitError) -> Failure {
        let hint = error.hint();
        Failure::usage(error, hint)
    }
}

/// Merges, reads, and judges.
pub fn judge(
    git: &Git,
    subject: &mut Subject,
    client: Option<&Client>,
) -> Result<Outcome, Failure> {
    let refused = |new: Vec<Finding>, conflicts: Vec<String>| Outcome {
        new,
        base: Vec::new(),
        conflicts,
        check: None,
        accepted: false,
    };
    // A tree that is too large is not merged: git has no limits.
    let (base, head) = rayon::join(
        || git.list(&subject.base_tree),
        || git.list(&subject.head_tree),
    );
    let (base, head) = (base?, head?);
    for listing in [&base, &head] {
        if listing.is_over() {
            let findings = listing.defects().iter().map(|d| d.finding()).collect();
            return Ok(refused(findings, Vec::new()));
        }
    }
    if !head.forged().is_empty() {
        let findings = head.forged().iter().map(|d| d.finding());
        return Ok(refused(findings.take(MAX_ALIKE).collect(), Vec::new()));
    }
    if let Some(finding) = other_form(form(&base), form(&head)) {
        return Ok(refused(vec![finding], Vec::new()));
    }
    let merged = match git.merge(&subject.base, &subject.head)? {
        Merge::Clean(tree) => git.inside(&tree)?,
        Merge::Conflict(paths) => {
            let base_name = &subject.range.base;
            let findings = paths.iter().map(|path| conflict(path, base_name)).collect();
            return Ok(refused(findings, paths));
        }
        Merge::Unrelated => {
            let finding = Finding::error(
                Code::Conflict,
                "",
                "the two branches have no commit in common",
            )
            .hint("start the branch anew from the published one");
            return Ok(refused(vec![finding], Vec::new()));
        }
    };
    // Where BASE is a part of HEAD, HEAD is what is published, as it is. A merge that gives
    // another tree has put something in order that the listing did not see.
    if merged != subject.head_tree
        && git.common(&subject.base, &subject.head)?.as_ref() == Some(&subject.base)
    {
        let kind = DefectKind::Special("a tree that git itself would not make");
        let finding = Defect {
            path: String::new(),
            kind,
        }
        .finding();
        return Ok(refused(vec![finding], Vec::new()));
    }
    let after = if merged == subject.head_tree {
        head
    } else {
        git.list(&merged)?
    };
    subject.merged = Some(merged);
    let mut trees = git.read(&[&base, &after])?.into_iter();
    let (Some(base), Some(merged)) = (trees.next(), trees.next()) else {
        return Err(Failure::usage("git gave no trees", ""));
    };
    let base_repository = Repository::load(&base);
    let merged_repository = Repository::load_after(&merged, Some(&base_repository));
    let judged = |mode| {
        check(
            Side {
                tree: &base,
                repository: &base_repository,
            },
            Side {
                tree: &merged,
                repository: &merged_repository,
            },
            Clients {
                trusting: client,
                mode,
                elsewhere: subject.published,
            },
            &|wanted| match wanted.is_empty() {
                true => Past::new(),
                false => git.versions(&subject.base, wanted).unwrap_or_default(),
            },
        )
    };
    let mut mode = subject.mode.unwrap_or_else(|| usual(&base_repository));
    let mut check = judged(mode);
    // A claim that waits in the base is none yet: clients of it are not strict.
    let waits = |j: &Judged| j.in_base && j.finding.code == Code::Unclaimed;
    if subject.mode.is_none() && mode == Mode::Strict && check.findings.iter().any(waits) {
        mode = Mode::NoStrict;
        check = judged(mode);
    }
    subject.mode = Some(mode);
    let new = new_keys(&base_repository, &merged_repository);
    if subject.history && !new.is_empty() {
        let texts = new.keys().cloned().collect();
        for key in git.removed_keys(&subject.base, &texts)? {
            check.findings.extend(new.get(&key).map(|(id, key)| Judged {
                finding: returned(id, key),
                in_base: false,
            }));
        }
    }
    let directories = may_return(&base_repository, &merged_repository);
    if subject.history && !directories.is_empty() {
        for (directory, had) in git.last_files(&subject.base, &directories)? {
            let finding = lacks_files(&merged, &directory, &had);
            check.findings.extend(finding.map(|finding| Judged {
                finding,
                in_base: false,
            }));
        }
    }
    let of = |in_base: bool| -> Vec<Finding> {
        let some = check.findings.iter().filter(|j| j.in_base == in_base);
        some.map(|j| j.finding.clone()).collect()
    };
    Ok(Outcome {
        new: of(false),
        base: of(true),
        conflicts: Vec::new(),
        accepted: check.mergeable(),
        check: Some(check),
    })
}

/// C2: Where every package has an authorisation, clients may be strict: they refuse a package that
/// has none.
fn usual(base: &Repository) -> Mode {
    let packages = &base.packages;
    let whole = packages
        .values()
        .all(|package| package.authorisation.good().is_some());
    match whole && !packages.is_empty() && base.misplaced.is_empty() {
        true => Mode::Strict,
        false => Mode::NoStrict,
    }
}

/// C13: A key that the published branch had once, and has no more.
fn returned(id: &Id, key: &Fingerprint) -> Finding {
    Finding::error(
        Code::UnknownKey,
        Place::IdFile(id.clone()).path(),
        format!(
            "the key {key} of `{id}` was removed from the published branch, and never comes back"
        ),
    )
    .hint("take another key: what the removed one signed would count again")
}

/// How the metadata of a tree lie in it.
fn form(listing: &Listing) -> Form {
    let bundles = listing.only(|path| path.starts_with(BUNDLES));
    match bundles.paths().is_empty() {
        true => Form::Working,
        false => Form::Published,
    }
}

/// C17: People work in the working form, and nobody merges into a published one.
fn other_form(base: Form, merged: Form) -> Option<Finding> {
    let (message, hint) = match (base, merged) {
        (Form::Working, Form::Working) => return None,
        (Form::Working, Form::Published) => (
            "the change brings bundles of signatures: the published form",
            "take the bundles out of the branch; its files of signatures lie one by one",
        ),
        (Form::Published, _) => (
            "the branch that is merged into has the published form, which is written as a whole",
            "merge into the branch that people work on",
        ),
    };
    let finding = Finding::error(Code::UnexpectedFile, BUNDLES.trim_end_matches('/'), message);
    Some(finding.hint(hint))
}

/// A file that was changed on both sides.
fn conflict(path: &str, base: &str) -> Finding {
    let base = base.to_owned();
    let hint = match Place::of(path) {
        Ok(Place::Checksum(_) | Place::Releases(_)) => Hint::ConflictOfPackage { base },
        Ok(Place::Link(_)) => Hint::ConflictOfLink { base },
        Ok(Place::Authorisation(_) | Place::IdFile(_) | Place::Repo) => {
            Hint::ConflictOfPeople { base }
        }
        Ok(Place::Snapshot) => Hint::ConflictOfSnapshot { base },
        Ok(Place::Segment(..)) => Hint::ConflictOfSegments { base },
        _ => Hint::ConflictOfFile { base },
    };
    Finding::error(
        Code::Conflict,
        path,
        format!("`{path}` was changed in both branches, and git cannot put the two together"),
    )
    .hint(hint)
}

/// What the help says beside the options.
pub const PAGES: &[Page] = &[Page {
    verb: "check",
    policy: "judges what merging HEAD into BASE as it is now would give: the whole of it, as clients do, and \
what changed against BASE, whose chain of janitors is believed unless --anchors says whom to trust. Nothing is \
checked out or written, no key is needed, and the repository can be bare. A snapshot that stays as it is is left \
out: the next one is made when the branch is published. A result holds for this BASE: when it moved, check again.",
    exit: "0 it can be merged; 1 not yet; 2 usage or environment",
    examples: &[
        "conex check origin/main..HEAD",
        "conex check origin/main..feature --complete --format=github",
    ],
}];
