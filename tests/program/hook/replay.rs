//! Last week's repository, by all the ways that opam takes a repository.

use crate::hook::run::{Machine, archive, gnu_patch, run, two, write};

/// After `opam repo remove` and `add` there is no directory of the old state; after
/// `set-url` there is an empty one, or one with only `.git`.
#[test]
fn last_week_is_refused_after_the_repository_was_added_again_or_moved() {
    let (old, new) = two();
    let machine = Machine::new();
    run(machine.full(&new, "r")).accepted();
    run(machine.full(&old, "r")).refused("E090");
    let repo = machine.path("root/repo/r");
    std::fs::create_dir(&repo).unwrap();
    run(machine.full(&old, "r")).refused("E090");
    std::fs::create_dir(repo.join(".git")).unwrap();
    std::fs::write(repo.join(".git/config"), "[core]\n").unwrap();
    run(machine.full(&old, "r")).refused("E090");
    // opam 2.1 unpacks elsewhere, and after a redirect takes the new tree from there.
    let elsewhere = machine.path("tmp/opam-1-abc/r.new");
    write(&old, &elsewhere);
    run(machine.full_at(&old, "r", &elsewhere)).refused("E090");
    // Another name of the same repository starts from what is known of it.
    run(machine.full(&old, "another")).refused("E090");
}

/// The same archives, as opam 2.6 has them.
#[test]
fn last_week_is_refused_as_an_archive() {
    let (old, new) = two();
    let machine = Machine::new();
    let file = machine.path("root/repo/r.tar.gz.new");
    let ask = |world| {
        std::fs::write(&file, archive(world)).unwrap();
        run(machine.full_at(world, "r.tar.gz", &file))
    };
    ask(&new).accepted();
    ask(&old).refused("E090");
    ask(&new).accepted();
    // What opam 2.5 remembered under the name counts for 2.6, and the reverse.
    run(machine.full(&old, "r")).refused("E090");
}

/// opam hands over the way back as a patch. With and without the memory.
#[test]
fn last_week_is_refused_as_a_patch() {
    let (old, new) = two();
    let machine = Machine::new();
    let back = gnu_patch(&machine, &new, &old, "r");
    run(machine.full(&new, "r")).accepted();
    run(machine.update(&new, &back, "r")).refused("E090");
    let mut forgetful = machine.update(&new, &back, "r");
    forgetful.arg("--no-state");
    run(forgetful).refused("E090");
    // The archive that opam 2.6 holds, and the patch that it prints.
    let held = machine.path("root/repo/r.tar.gz");
    std::fs::write(&held, archive(&new)).unwrap();
    let prints = ocaml(&new, &old);
    run(machine.update_at(&new, &prints, &held)).refused("E090");
    let forth = ocaml(&old, &new);
    std::fs::write(&held, archive(&old)).unwrap();
    run(machine.update_at(&old, &forth, &held)).accepted();
}

/// What OCaml's `patch` prints for an archive, for files that are added or changed.
fn ocaml(old: &crate::world::World, new: &crate::world::World) -> Vec<u8> {
    let mut out = String::new();
    let paths: std::collections::BTreeSet<String> =
        old.paths().into_iter().chain(new.paths()).collect();
    for path in paths {
        let (a, b) = (old.tree.get(&path), new.tree.get(&path));
        if a == b {
            continue;
        }
        let text = |side: Option<&conex_verify::tree::Bytes>| {
            side.map_or(String::new(), |bytes| {
                String::from_utf8(bytes.to_vec()).unwrap()
            })
        };
        let (from, to) = (text(a), text(b));
        let (from, to): (Vec<&str>, Vec<&str>) = (from.lines().collect(), to.lines().collect());
        let same = from.iter().zip(&to).take_while(|(x, y)| x == y).count();
        let name = |side: Option<_>, name: String| side.map_or("/dev/null".to_owned(), |_| name);
        out += &format!("--- {}\n", name(a, format!("r.tar.gz/{path}")));
        out += &format!("+++ {}\n", name(b, format!("r.tar.gz.new/{path}")));
        let start = |lines: &[&str]| if lines.is_empty() { 0 } else { same + 1 };
        out += &format!(
            "@@ -{},{} +{},{} @@\n",
            start(&from),
            from.len() - same,
            start(&to),
            to.len() - same
        );
        from[same..].iter().for_each(|l| out += &format!("-{l}\n"));
        to[same..].iter().for_each(|l| out += &format!("+{l}\n"));
    }
    out.into_bytes()
}

/// A clone of an update that opam applied in part holds up neither the same update,
/// nor the next one, if what comes out verifies.
#[test]
fn a_half_applied_update_does_not_hold_up_the_next() {
    let (old, new) = two();
    let machine = Machine::new();
    run(machine.full(&old, "r")).accepted();
    run(machine.update(&old, &gnu_patch(&machine, &old, &new, "r"), "r")).accepted();
    for path in new.paths() {
        let mut half = old.clone();
        if old.tree.get(&path) == new.tree.get(&path) {
            // Lost (D11).
            half.remove(&path);
        } else {
            half.file(&path, new.bytes(&path));
        }
        let patch = gnu_patch(&machine, &half, &new, "r");
        run(machine.update(&half, &patch, "r")).accepted();
        // In full mode it is only evidence.
        run(machine.full(&new, "r")).accepted();
    }
    // What `patch` left behind holds up nobody, and goes with the patch that removes it.
    let mut litter = new.clone();
    litter.file("packages/fmt/fmt.1.0/opam.orig", "x\n");
    litter.file("packages/fmt/fmt.1.0/opam.rej", "x\n");
    run(machine.update(&litter, b"", "r")).accepted();
    let patch = gnu_patch(&machine, &litter, &new, "r");
    run(machine.update(&litter, &patch, "r")).accepted();
}
