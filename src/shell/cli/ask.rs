//! Showing a plan, asking, signing, writing.

use crate::shell::out::{say, sayln};
use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::Path;
use std::time::SystemTime;

use super::args::{Consent, Signing};
use super::failure::{Exit, Failure};
use crate::plan::{Plan, World};
use crate::shell::keys::Signer;
use crate::shell::keys::find::{Found, Places, Selection, find_signer, public_keys};
use crate::shell::keys::log;
use crate::shell::keys::passphrase;
use crate::shell::report::{Color, HumanOptions, Shown, human, neutral};
use crate::shell::write::{Change, WORK_TREE, apply};
use crate::shell::{progress, signals};
use conex_verify::format::key::{Namespace, PublicKey};
use conex_verify::format::name::Id;
use conex_verify::format::resource::{Segment, Timestamp};

/// How many lines a terminal shows for sure.
const SCREEN: usize = 20;

/// Who signs.
pub struct Who {
    /// The id.
    pub id: Id,
    /// The key.
    pub signer: Found,
}

/// Reads an id that was typed.
pub fn id(text: &str) -> Result<Id, Failure> {
    Id::new(text).map_err(|e| Failure::usage(e, "an id is letters, digits, `_` and `-`"))
}

/// The id that signs: the one that was named, or the only one with a key.
pub fn signer_id(signing: &Signing, places: &Places) -> Result<Id, Failure> {
    if let Some(text) = &signing.signer {
        return id(text);
    }
    let keys = places
        .store
        .list()
        .map_err(|e| Failure::usage(&e, e.hint().unwrap_or_default()))?;
    match keys.as_slice() {
        [(id, _)] => Ok(id.clone()),
        [] => Err(Failure::usage(
            "it is not known who signs: conex keeps no key of yours",
            "name yourself with --as ID; make a key with `conex key new ID`",
        )),
        many => {
            let ids: Vec<&str> = many.iter().map(|(id, _)| id.as_str()).collect();
            Err(Failure::usage(
                format!(
                    "it is not known who signs: there are keys of {}",
                    ids.join(", ")
                ),
                "name the one with --as ID",
            ))
        }
    }
}

/// The id that signs in a repository: the one that was named, the one whose key conex
/// keeps, or else the only one for whom the repository lists a key that is here.
pub fn signer_in(signing: &Signing, world: &World<'_>, places: &Places) -> Result<Id, Failure> {
    let unknown = match signer_id(signing, places) {
        Ok(id) if signing.signer.is_some() || world.knows(&id) => return Ok(id),
        Ok(id) => Ok(id),
        Err(failure) => Err(failure),
    };
    let here = public_keys(signing.key.as_deref(), places);
    let ids = world.ids_of_keys(&here);
    match ids.as_slice() {
        [id] => Ok(id.clone()),
        [] if unknown.is_ok() => unknown,
        [] if here.is_empty() => Err(Failure::usage(
            "it is not known who signs: no Ed25519 key of yours was found",
            "make one with `ssh-keygen -t ed25519`, and become an author with `conex join ID`",
        )),
        [] => unknown.map_err(|failure| Failure {
            hint: "become an author with `conex join ID`, or name yourself with --as ID".to_owned(),
            ..failure
        }),
        many => {
            let ids: Vec<&str> = many.iter().map(Id::as_str).collect();
            Err(Failure::usage(
                format!(
                    "it is not known who signs: there are keys of {}",
                    ids.join(", ")
                ),
                "name the one with --as ID",
            ))
        }
    }
}

/// Finds the key with which `id` signs. `listed` are the keys that the repository
/// knows for the id, if it knows any.
pub fn find(
    signing: &Signing,
    id: Id,
    listed: Option<&[PublicKey]>,
    places: &Places,
) -> Result<Who, Failure> {
    let selection = Selection {
        key: signing.key.as_deref(),
        id: Some(&id),
        listed,
    };
    let mut passphrases = passphrase::from_environment(signing.passphrase_file.as_deref());
    let signer = find_signer(&selection, places, passphrases.as_mut()).map_err(|error| {
        let hint = error.hint().unwrap_or_default();
        Failure::usage(error, hint)
    })?;
    Ok(Who { id, signer })
}

/// Finds who signs in a repository that knows keys.
pub fn who(signing: &Signing, world: &World<'_>, places: &Places) -> Result<Who, Failure> {
    let id = signer_in(signing, world, places)?;
    if world.keys_of(&id).is_empty() {
        world.known_id(&id)?;
    }
    somebody(signing, id, world, places)
}

/// Finds the key of an id that the repository may not know.
pub fn somebody(
    signing: &Signing,
    id: Id,
    world: &World<'_>,
    places: &Places,
) -> Result<Who, Failure> {
    let listed = world.keys_of(&id);
    let listed = (!listed.is_empty()).then_some(listed.as_slice());
    find(signing, id, listed, places)
}

/// Where keys are looked for.
pub fn places(directory: &Path) -> Result<Places, Failure> {
    Places::from_environment(directory).map_err(|e| {
        let hint = e.hint().unwrap_or_default();
        Failure::usage(e, hint)
    })
}

/// Shows what there is to think about.
pub fn show_warnings(plan: &Plan) {
    if plan.warnings.is_empty() {
        return;
    }
    let options = HumanOptions {
        color: Color::of(&std::io::stderr()),
        // The question is on the same screen.
        shown: Shown::First(3),
        ..HumanOptions::default()
    };
    sayln!("{}", human(&plan.warnings, &options));
}

/// Shows a plan, after its warnings.
pub fn show(plan: &Plan, heading: &str) {
    show_warnings(plan);
    sayln!("{}", neutral(heading));
    for line in &plan.lines {
        sayln!("  {}", neutral(line));
    }
}

/// Shows a plan and asks; `false` means that nothing is to be written.
pub fn agreed(plan: &Plan, consent: Consent, who: Option<&Who>) -> Result<bool, Failure> {
    let signs = who.filter(|_| plan.needs_signature());
    match signs {
        Some(who) => show(plan, &format!("`{}`, with {}:", who.id, who.signer.origin)),
        None if consent.dry_run => show(plan, "This would be written:"),
        None => show(plan, "Writes:"),
    }
    if consent.dry_run {
        sayln!("Nothing was written (--dry-run).");
        return Ok(false);
    }
    // What is only written can be looked at with git; what is signed cannot be unsigned.
    if consent.yes || signs.is_none() {
        return Ok(true);
    }
    let marked = plan
        .lines
        .iter()
        .filter(|line| line.starts_with("!! "))
        .count();
    if marked > 0 && plan.lines.len() > SCREEN {
        sayln!(
            "Of these lines {marked} begin with `!!`: they take something away. They stand first."
        );
    }
    // A question that nobody sees is none.
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Err(Failure::usage(
            "nothing was signed: there is nobody to ask",
            "look at the lines above, then say so with --yes",
        ));
    }
    say!("Sign? [y/N] ");
    let _ = std::io::stderr().flush();
    let mut answer = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut answer)
        .map_err(|e| Failure::usage(format!("the answer cannot be read: {e}"), ""))?;
    if matches!(answer.trim(), "y" | "Y" | "yes") {
        Ok(true)
    } else {
        sayln!("Nothing was signed.");
        Ok(false)
    }
}

/// Has the plan signed. Afterwards everything to write is in `plan.writes`.
pub fn sign(plan: &mut Plan, world: &World<'_>, who: &Who) -> Result<(), Failure> {
    let key = who.signer.public().fingerprint();
    for segment in plan.segments(world.chain().identity(), &who.id, &now()) {
        let signature = who
            .signer
            .sign(Namespace::Index, &segment.signed_bytes())
            .map_err(failed)?;
        keep_in_log(&segment);
        plan.add_segment(segment, key, signature);
    }
    if let Some(snapshot) = &plan.snapshot {
        let signature = who
            .signer
            .sign(Namespace::Snapshot, &snapshot.signed_bytes())
            .map_err(failed)?;
        plan.add_snapshot_signature(key, signature);
    }
    sign_link(plan, who)
}

/// Keeps what is signed in the signer's log, before it is in any file.
pub fn keep_in_log(segment: &Segment) {
    if let Err(why) = log::add(segment) {
        sayln!(
            "warning: what is signed is not kept in your log: {}",
            neutral(&why)
        );
    }
}

/// Adds the signature of `who` to the link of the plan, if there is one.
pub fn sign_link(plan: &mut Plan, who: &Who) -> Result<(), Failure> {
    let Some(link) = &plan.link else {
        return Ok(());
    };
    let signature = who
        .signer
        .sign(Namespace::Janitors, &link.signed_bytes())
        .map_err(failed)?;
    plan.add_link_signature(who.signer.public().fingerprint(), signature);
    Ok(())
}

fn failed(error: crate::shell::keys::SignError) -> Failure {
    let hint = error.hint().unwrap_or_default();
    Failure::usage(error, hint)
}

/// Writes what is planned: what is vouched for before the segments that do, and
/// nothing is removed before what takes its place is there.
pub fn write(plan: &Plan, root: &Path) -> Result<Exit, Failure> {
    let (segments, others): (Vec<_>, Vec<_>) = plan
        .writes
        .iter()
        .partition(|(path, _)| path.starts_with("packages/.conex/index/"));
    let changes: Vec<Change> = others
        .into_iter()
        .chain(segments)
        .map(|(path, bytes)| Change {
            path: path.clone(),
            bytes: Some(bytes.as_slice().into()),
        })
        .chain(
            plan.removes
                .iter()
                .filter(|path| !plan.writes.contains_key(*path))
                .map(|path| Change {
                    path: path.clone(),
                    bytes: None,
                }),
        )
        .collect();
    let writing = signals::writing();
    let progress = progress::start("writing");
    let applied = apply(root, &changes, WORK_TREE);
    drop(progress);
    applied.map_err(|e| {
        Failure::usage(
            format!("{}: {e}", root.display()),
            "no file is half-written; run the command again when it can be done",
        )
    })?;
    let files = match changes.len() {
        1 => "1 file".to_owned(),
        n => format!("{} files", progress::thousands(n)),
    };
    let verb = if plan.removes.is_empty() {
        "Wrote"
    } else {
        "Wrote and removed"
    };
    sayln!("{verb} {files}.");
    drop(writing);
    Ok(Exit::Success)
}

/// The time, as segments carry it.
pub fn now() -> Timestamp {
    let text = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    Timestamp::new(&text).unwrap_or_else(Timestamp::unknown)
}
