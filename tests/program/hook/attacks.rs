//! The attacks on the rules, through the hook's command line: each in every [`Form`] in which a
//! state reaches a client. What the verifier says of them in memory, in every mode, is in
//! `crates/conex-verify/tests/verifier/`; input that is made to be costly (attack 14) is in
//! `tests/program/hostile_sizes/`.

mod bundles;
mod owners;
mod returns;
mod unsigned;

use crate::hook::run::{Answer, Machine, git_patch, gnu_patch, run, write};
use crate::world::*;

use conex_verify::format::digest::Digest;
use conex_verify::format::resource::Kind;

/// Who notices.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Notices {
    /// Everybody.
    All,
    /// Whoever has seen the state before.
    WhoKnew,
}

/// In which form a state reaches a client, and what the client has of the state before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// A whole tree, and nothing.
    Whole,
    /// A whole tree, and the memory.
    WholeAndMemory,
    /// A patch, and the tree.
    Patch,
    /// A patch, the tree and the memory.
    PatchAndMemory,
}

impl Form {
    fn remembers(self) -> bool {
        matches!(self, Form::WholeAndMemory | Form::PatchAndMemory)
    }
}

/// A client.
struct Client {
    machine: Machine,
    /// What opam holds.
    holds: World,
    /// What the hook remembers.
    memory: Vec<u8>,
}

impl Client {
    /// One that took this state over.
    #[track_caller]
    fn after(state: &World) -> Client {
        let machine = Machine::new();
        run(machine.full(state, "r")).accepted();
        let memory = std::fs::read(machine.memory()).unwrap();
        Client {
            machine,
            holds: state.clone(),
            memory,
        }
    }

    /// What it says to `next` in each form, and for each patch that opam may make. It
    /// remembers the same for each.
    #[track_caller]
    fn says(&self, next: &World) -> Vec<(Form, Answer)> {
        let (machine, holds) = (&self.machine, &self.holds);
        // opam hands over no tree before where it fetches a whole one.
        let _ = std::fs::remove_dir_all(machine.path("root/repo/r"));
        let new = machine.path("root/repo/r.new");
        write(next, &new);
        let mut answers: Vec<_> = [Form::Whole, Form::WholeAndMemory]
            .map(|form| self.asks(form, machine.full_at(next, "r", &new)))
            .into();
        let repo = machine.path("root/repo/r");
        for patch in self.patches(holds, next) {
            write(holds, &repo);
            for form in [Form::Patch, Form::PatchAndMemory] {
                answers.push(self.asks(form, machine.update_at(holds, &patch, &repo)));
            }
        }
        answers
    }

    /// The patches that opam may make of this change: of git, and of GNU diff, which writes
    /// nothing about a new empty file.
    fn patches(&self, old: &World, new: &World) -> Vec<Vec<u8>> {
        let mut patches = vec![git_patch(old, new)];
        let is_new = |path: &String| old.tree.get(path).is_none();
        if !(new.tree.files.iter()).any(|(path, bytes)| bytes.is_empty() && is_new(path)) {
            patches.push(gnu_patch(&self.machine, old, new, "r"));
        }
        patches
    }

    fn asks(&self, form: Form, mut command: std::process::Command) -> (Form, Answer) {
        let file = self.machine.memory();
        std::fs::write(&file, &self.memory).unwrap();
        if !form.remembers() {
            command.arg("--no-state");
        }
        // What follows from another finding is named, too.
        command.arg("--all");
        let answer = run(command);
        let after = std::fs::read(file).unwrap();
        if answer.status != Some(0) || !form.remembers() {
            assert!(after == self.memory, "{form:?}: {}", answer.text);
        }
        (form, answer)
    }

    /// It accepts `next` in every form.
    #[track_caller]
    fn accepts(&self, next: &World) {
        for (form, answer) in self.says(next) {
            println!("{form:?}");
            answer.accepted();
        }
    }

    /// It refuses `evil` with `code`, and names `what`.
    #[track_caller]
    fn refuses(&self, evil: &World, code: &str, what: &str, notices: Notices) {
        for (form, answer) in self.says(evil) {
            println!("{form:?}");
            if form == Form::Whole && notices == Notices::WhoKnew {
                answer.accepted();
            } else {
                names(&answer, code, what);
            }
        }
    }
}

/// It is refused, and an error of this code says `what` it is about.
#[track_caller]
fn names(answer: &Answer, code: &str, what: &str) {
    answer.refused(code);
    let title = format!("error[{code}]");
    let mut errors = answer.text.split("\n\n").filter(|e| e.contains(&title));
    assert!(
        errors.any(|e| e.contains(what)),
        "no {what}: {}",
        answer.text
    );
}

/// `evil` is refused with `code`, in every form in which it can reach the client.
#[track_caller]
fn refused(before: &World, evil: &World, code: &str, notices: Notices) {
    refused_about(before, evil, code, "", notices);
}

/// The same, and the report names `what`.
#[track_caller]
fn refused_about(before: &World, evil: &World, code: &str, what: &str, notices: Notices) {
    before.verdict().is_accepted();
    Client::after(before).refuses(evil, code, what, notices);
}

/// `next` is accepted after `before`, in every form.
#[track_caller]
fn accepted(before: &World, next: &World) {
    Client::after(before).accepts(next);
}

/// The same of a change to `before`.
#[track_caller]
fn refused_change(before: &World, change: impl Fn(&mut World), code: &str, notices: Notices) {
    let mut evil = before.clone();
    change(&mut evil);
    refused(before, &evil, code, notices);
}

/// Attack 1: a server without any key adds an empty file, which opam copies over a source.
#[test]
fn an_empty_file_added_to_a_signed_release_is_refused() {
    for path in ["files/fix.patch", "files/src/policy.ml"] {
        let full = format!("packages/fmt/fmt.1.0/{path}");
        for before in [World::usual(), World::usual().nostrict()] {
            refused_change(
                &before,
                |w| {
                    w.file(&full, "");
                },
                "E042",
                Notices::All,
            );
        }
    }
}

/// Attack 5: a valid id file is overwritten by a pending one, or its proof is deleted.
#[test]
fn a_valid_id_that_becomes_pending_is_refused() {
    let mut before = World::usual();
    before.joined("carol");
    let pending = |w: &mut World| drop(w.author_file("carol", at(0, 2), &["carol", "carol-2"]));
    refused_change(&before, pending, "E094", Notices::WhoKnew);
    let stripped = |w: &mut World| {
        let proof = w.paths().into_iter().find(|p| p.contains("/index/carol/"));
        w.remove(&proof.unwrap());
    };
    refused_change(&before, stripped, "E094", Notices::WhoKnew);
}

/// Attack 7: one entry under the key of a removed janitor, in the last epoch, has no effect: an
/// honest state with that entry is accepted, and one that needs that epoch is not.
#[test]
fn an_epoch_that_one_key_names_is_not_open() {
    let before = World::usual();
    let leap = |w: &mut World| {
        let digest = Digest::of(b"anything");
        let entry = vouch(Kind::Releases, "fmt", at(LAST_EPOCH, 1), digest);
        w.says("ja", vec![entry]);
    };
    let mut noted = before.clone();
    leap(&mut noted);
    let machine = Machine::new();
    run(machine.full(&before, "r")).accepted();
    run(machine.full(&noted, "r")).accepted();
    let uses = |w: &mut World| {
        leap(w);
        let list = w.release_list("fmt", at(LAST_EPOCH, 1));
        w.says("bob", vec![list]);
    };
    refused_change(&before, uses, "E025", Notices::All);
}

/// Attack 9: an opam file that a supported opam cannot read, signed or not.
#[test]
fn an_opam_file_without_a_version_is_refused() {
    let before = World::usual().nostrict();
    for text in [
        "synopsis: \"x\"\n",
        "opam-version: \"2.0\"\nopam-version: \"2.0\"\n",
    ] {
        let unsigned = |w: &mut World| {
            w.file(&opam_path("lwt.1.0"), text);
        };
        refused_change(&before, unsigned, "E044", Notices::All);
        let signed = |w: &mut World| {
            w.file(&opam_path("fmt.1.0"), text);
            let entry = w.checksum("fmt.1.0", at(0, 9));
            w.says("bob", vec![entry]);
        };
        refused_change(&before, signed, "E044", Notices::All);
    }
}

/// Attack 13: another repository of the same janitors in the place of this one.
#[test]
fn another_repository_of_the_same_janitors_is_refused() {
    let before = World::usual();
    let mut evil = World::with_janitors(2, &["ja", "jb", "jd"]).trusting(2, &["ja", "jb", "jd"]);
    evil.joined("bob");
    let mut start = World::with_janitors(2, &["ja", "jb", "jd"]);
    start.anchors = evil.anchors.clone();
    let machine = Machine::new();
    run(machine.full(&before, "r")).accepted();
    run(machine.full(&start, "r")).refused("E095");
}

/// Attack 16: a pending team `Notaries` does not block the real one.
#[test]
fn notaries_in_another_case_are_refused() {
    let before = World::usual();
    let other = |w: &mut World| {
        w.team_file("crew", at(0, 1), &["bob"]);
        let bytes = w.remove("packages/.conex/ids/crew");
        let text = String::from_utf8(bytes)
            .unwrap()
            .replace("crew", "Notaries");
        let path = "packages/.conex/ids/Notaries";
        w.file(path, resealed(text.as_bytes()).unwrap());
    };
    refused_change(&before, other, "E002", Notices::All);
}

/// Attack 19: a release that was signed in a branch that was closed is served later; a version
/// above it kills it for whoever has seen that.
#[test]
fn a_superseded_release_is_refused() {
    let start = World::usual();
    let mut bad = start.clone();
    bad.file(&opam_path("fmt.1.0"), format!("{OPAM}# bad\n"));
    let entry = bad.checksum("fmt.1.0", at(0, 5));
    bad.says("bob", vec![entry]);
    let mut good = start.clone();
    let entry = good.checksum("fmt.1.0", at(0, 6));
    good.says("bob", vec![entry]);
    refused(&good, &bad, "E090", Notices::WhoKnew);
    // Both files of signatures are there: then everybody notices.
    let mut both = bad.clone();
    for path in good.paths().iter().filter(|p| p.contains("/index/")) {
        both.file(path, good.bytes(path));
    }
    refused(&good, &both, "E023", Notices::All);
}

/// Attack 20: a half-applied tree, and a reverted bad merge, are repaired by an honest update.
#[test]
fn an_honest_update_repairs_a_half_applied_tree() {
    let before = World::usual();
    let mut next = before.clone();
    next.file(&opam_path("fmt.2.0"), OPAM);
    let entries = next.listed("fmt.2.0", at(0, 3));
    next.says("bob", entries);
    for missing in next.paths() {
        if before.tree.get(&missing) == next.tree.get(&missing) {
            continue;
        }
        let mut half = next.clone();
        match before.tree.get(&missing) {
            Some(bytes) => {
                half.file(&missing, bytes);
            }
            None => drop(half.remove(&missing)),
        }
        let machine = Machine::new();
        run(machine.full(&before, "r")).accepted();
        let patch = gnu_patch(&machine, &half, &next, "r");
        run(machine.update(&half, &patch, "r")).accepted();
        let mut forgetful = machine.update(&half, &patch, "r");
        forgetful.arg("--no-state");
        run(forgetful).accepted();
    }
}

/// Attack 21: a file called `opam` hides everything below it from opam.
#[test]
fn a_file_called_opam_that_hides_releases_is_refused() {
    for path in [
        "packages/opam",
        "packages/fmt/opam",
        "packages/lwt/opam",
        "doc/opam",
    ] {
        for before in [World::usual(), World::usual().nostrict()] {
            let (text, code) = (
                OPAM,
                if path.starts_with("doc") {
                    "E001"
                } else {
                    "E002"
                },
            );
            refused_change(
                &before,
                |w| {
                    w.file(path, text);
                },
                code,
                Notices::All,
            );
        }
    }
}

/// Attack 22: a file goes from a directory that is called like a signed release, and opam 2.5 and
/// 2.6 forget the release.
#[test]
fn a_removal_that_makes_opam_forget_a_release_is_refused() {
    let mut before = World::usual().nostrict();
    before.file("doc/fmt.1.0/README", "x");
    let mut evil = before.clone();
    evil.remove("doc/fmt.1.0/README");
    let machine = Machine::new();
    run(machine.full(&before, "r")).accepted();
    let patch = gnu_patch(&machine, &before, &evil, "r");
    run(machine.update(&before, &patch, "r")).refused("E098");
    let mut forgetful = machine.update(&before, &patch, "r");
    forgetful.arg("--no-state");
    run(forgetful).refused("E098");
    // A whole tree is read anew, and nothing is forgotten.
    run(machine.full(&evil, "r")).accepted();
}

/// Attack 23: what opam reads where the file system is blind to case or drops dots, and a
/// release of a signed name in another place.
#[test]
fn what_is_read_under_another_name_is_refused() {
    let dir = "packages/fmt/fmt.1.0";
    for (path, code) in [
        (format!("{dir}/Files/x"), "E002"),
        (format!("{dir}/URL"), "E002"),
        (format!("{dir}/Descr"), "E002"),
        (format!("{dir}/files./x"), "E002"),
        (format!("{dir}/url"), "E042"),
        ("packages/fmt.6.6/opam".to_owned(), "E048"),
        ("packages/other/fmt.6.6/opam".to_owned(), "E048"),
    ] {
        for before in [World::usual(), World::usual().nostrict()] {
            refused_change(
                &before,
                |w| {
                    w.file(&path, OPAM);
                },
                code,
                Notices::All,
            );
        }
    }
}
