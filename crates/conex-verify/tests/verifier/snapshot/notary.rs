//! Repositories with snapshots, and a client that gets them in every form.

use std::io::Write as _;

use conex_verify::finding::Code;
use conex_verify::format::resource::Timestamp;
use conex_verify::tarball;
use conex_verify::tree::{Contents, Tree};
use conex_verify::workbench::patch::{PatchContext, Store, apply};
use conex_verify::workbench::repository::Repository;
use conex_verify::workbench::trust::anchors::{MaxAge, SnapshotPolicy};
use conex_verify::workbench::update::Memory;
use conex_verify::workbench::verdict::{Known, Load};

use crate::patch_support::print::{Print, print};
use crate::patch_support::{files, tree};
use crate::world::*;

/// Some packages that no author signs, in a repository of one janitor who asks for
/// a snapshot, and who is the only notary.
pub fn unsigned() -> World {
    let mut w = World::empty();
    w.link(&link(1, &["ja"], &["ja"]).requiring_snapshot());
    let mut w = w.trusting(1, &["ja"]).nostrict();
    let team = w.team_file("notaries", at(0, 1), &["ja"]);
    w.says("ja", vec![team]);
    for release in ["fmt.1.0", "fmt.2.0", "lwt.1.0", "zed.1.0"] {
        w.file(&opam_path(release), format!("{OPAM}# {release}\n"));
    }
    w.stated("ja", at(0, 1));
    w.verdict().is_accepted();
    w
}

/// The usual world, with `ja` and `bob` as notaries, and an unsigned package.
pub fn usual() -> World {
    let mut w = World::usual().nostrict();
    w.notaries(at(1, 1), &["ja", "bob"]);
    w.file(&opam_path("lwt.1.0"), OPAM);
    w.stated("bob", at(1, 1));
    w.verdict().is_accepted();
    w
}

impl World {
    /// What a client says who asks for more.
    pub fn verdict_for(&self, policy: SnapshotPolicy) -> Verdict {
        self.judged(&self.tree, policy)
    }

    fn judged(&self, tree: &Tree, policy: SnapshotPolicy) -> Verdict {
        let judge = Judge {
            known: &Known::default(),
            tree,
            client: &self.client().unwrap().with_snapshot(policy),
            mode: self.mode,
        };
        judge.says().0
    }

    /// Verdicts on this state in every form, none of which goes by what the client has:
    /// the directory, the archive, and `before` with a patch of each dialect.
    pub fn in_every_form(&self, before: &World) -> Vec<(&'static str, Verdict)> {
        self.in_every_form_for(before, SnapshotPolicy::default())
    }

    pub fn in_every_form_for(
        &self,
        before: &World,
        policy: SnapshotPolicy,
    ) -> Vec<(&'static str, Verdict)> {
        let mut verdicts = vec![
            ("directory", self.judged(&self.tree, policy)),
            ("archive", self.judged(&unpacked(&self.tree), policy)),
        ];
        for (name, dialect, store) in DIALECTS {
            let patched = patched(&before.tree, &self.tree, dialect, store);
            verdicts.push((name, self.judged(&patched, policy)));
        }
        verdicts
    }

    /// Refused in every form, also by a client that lets unsigned packages through.
    #[track_caller]
    pub fn is_refused_in_every_form(&self, before: &World, code: Code, path: &str) {
        let verdicts = self.in_every_form(before);
        assert_eq!(verdicts.len(), 5);
        for (form, verdict) in verdicts {
            println!("{form}");
            verdict.is_rejected(code, path);
        }
    }

    #[track_caller]
    pub fn is_accepted_in_every_form(&self, before: &World) {
        for (form, verdict) in self.in_every_form(before) {
            println!("{form}");
            verdict.is_accepted();
        }
    }
}

pub const DIALECTS: [(&str, Print, Store); 3] = [
    ("patch by GNU diff", Print::Gnu, Store::Directory),
    (
        "patch by git",
        Print::Git {
            context: 3,
            renames: false,
        },
        Store::Directory,
    ),
    // Of opam 2.4 and 2.5. (2.6 has an archive, from which the removal of one file takes
    // its whole directory: that is refused for what then is missing, whatever it is.)
    (
        "patch by opam",
        Print::Ocaml { twice: true },
        Store::Directory,
    ),
];

/// The tree after opam's archive and back.
fn unpacked(tree: &Tree) -> Tree {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, bytes) in &tree.files {
        let mut header = tar::Header::new_gnu();
        header.set_size(u64::try_from(bytes.len()).unwrap());
        header.set_mode(0o644);
        builder.append_data(&mut header, path, &bytes[..]).unwrap();
    }
    let tar = builder.into_inner().unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&tar).unwrap();
    tarball::read(&gzip.finish().unwrap(), Contents::Judged).unwrap()
}

/// What a patch makes of the tree before.
fn patched(before: &Tree, after: &Tree, dialect: Print, store: Store) -> Tree {
    let text = print(dialect, &files(before), &files(after));
    let context = PatchContext {
        repo_name: "r",
        store,
        posixly_correct: false,
        clone: None,
    };
    let before = tree(&files(before));
    apply(&before, &text, &context)
        .unwrap_or_else(|e| panic!("{dialect:?}: {e}"))
        .tree
        .into_judged()
}

/// A client that goes by what it accepted before, and hands over no tree.
pub fn remembers(before: &[&World], next: &World) -> Verdict {
    let mut memory: Option<Memory> = None;
    for state in before {
        let (verdict, after) = with_memory(memory.as_ref(), state);
        verdict.is_accepted();
        memory = after;
        // As it is on disk.
        let bytes = memory.as_ref().unwrap().encode();
        assert_eq!(memory, Some(Memory::decode(&bytes).unwrap()));
    }
    with_memory(memory.as_ref(), next).0
}

fn with_memory(memory: Option<&Memory>, world: &World) -> (Verdict, Option<Memory>) {
    let known = Known {
        tree: None,
        name: "r",
        memories: memory.map_or(&[], std::slice::from_ref),
        load: Load::Whole,
    };
    update(&known, world)
}

/// A client that has the tree before and no memory.
pub fn has_tree(before: &World, next: &World) -> Verdict {
    let repository = Repository::load(&before.tree);
    let known = Known {
        tree: Some((&before.tree, &repository)),
        name: "r",
        memories: &[],
        load: Load::Patch,
    };
    update(&known, next).0
}

fn update(known: &Known<'_>, world: &World) -> (Verdict, Option<Memory>) {
    world.judge(known, &world.client().unwrap()).says()
}

/// A client whose clock says this, and who accepts so many days.
pub fn at_most(days: u64, now: &str) -> SnapshotPolicy {
    SnapshotPolicy {
        required: false,
        max_age: Some(MaxAge {
            seconds: days * 24 * 3600,
            now: Timestamp::new(now).unwrap().seconds().unwrap(),
        }),
    }
}
