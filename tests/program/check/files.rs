//! What can lie in a tree of git that is no plain file, and that a tree of git is read
//! as the directory that git makes of it.

use conex::shell::git::{Git, Merge, Where};
use conex::shell::read::read;
use conex_verify::tree::Contents;

use crate::check::forge::Forge;
use crate::world::{OPAM, World, at, opam_path};

#[test]
fn symbolic_links_and_submodules_are_refused() {
    let world = World::usual();
    let forge = Forge::new(&world);
    forge.sh("git checkout -q -b links
         ln -s /etc/passwd packages/fmt/fmt.1.0/files
         ln -s repo latest
         git add -A . && git commit -q -m links
         git checkout -q -b modules main
         git update-index --add --cacheinfo 160000,$(git rev-parse main),packages/fmt/module
         git commit -q -m modules
         git checkout -q -b modes main
         chmod +x packages/fmt/fmt.1.0/opam
         git commit -q -a -m modes");
    forge
        .check("main..links")
        .is_refused(&[("E001", "packages/fmt/fmt.1.0/files"), ("E001", "latest")]);
    forge
        .check("main..modules")
        .is_refused(&[("E001", "packages/fmt/module")]);
    // The bit says nothing to opam.
    forge.check("main..modes").is_good();
}

/// Files at the top change what git puts into a work tree, behind all digests.
#[test]
fn git_files_at_the_top_are_approved_or_refused() {
    use conex_verify::format::resource::TopFile;
    let mut world = World::usual();
    world.file(".gitattributes", "*.tar.gz binary\n");
    let entry = world.repo_file(at(0, 1), &[], &[TopFile::Gitattributes]);
    world.quorum_says(vec![entry]);
    let forge = Forge::new(&world);
    world.file(".gitattributes", "* ident filter=x\n");
    forge.branch("attributes", "main", &world);
    let checked = forge.check("main..attributes");
    checked.is_refused(&[("E051", ".gitattributes")]);
    // Where none was approved, strict clients refuse one.
    let mut plain = World::usual();
    let forge = Forge::new(&plain);
    plain.file(".gitattributes", "* ident\n");
    forge.branch("attributes", "main", &plain);
    forge.check("main..attributes").is_good();
    forge
        .check_with(&["--strict", "main..attributes"])
        .is_refused(&[("E051", ".gitattributes")]);
}

/// A tree of ten trees of ten trees…: some kilobytes, ten thousand million files.
#[test]
fn a_tree_that_repeats_itself_ends_at_the_limit() {
    let world = World::usual();
    let forge = Forge::new(&world);
    forge.sh(
        "blob=$(echo x | git hash-object -w --stdin)
         tree=$(for i in 0 1 2 3 4 5 6 7 8 9; do printf '100644 blob %s\\tf%s\\n' $blob $i; done | git mktree)
         for level in 1 2 3 4 5 6 7 8 9; do
           tree=$(for i in 0 1 2 3 4 5 6 7 8 9; do printf '040000 tree %s\\tt%s\\n' $tree $i; done | git mktree)
         done
         root=$( (git ls-tree main; printf '040000 tree %s\\tbomb\\n' $tree) | git mktree)
         git branch bomb $(git commit-tree -p main -m bomb $root)",
    );
    let checked = forge.check("main..bomb");
    checked.is_refused(&[("E001", "")]);
    assert!(checked.json.to_string().contains("files and directories"));
}

/// The same with nothing at its ends: git lists no file at all, and for years.
#[test]
fn trees_that_hold_nothing_but_trees_end_at_the_limit() {
    let world = World::usual();
    let forge = Forge::new(&world);
    forge.sh(
        "tree=$(git mktree < /dev/null)
         for level in 1 2 3 4 5 6 7 8 9 10 11 12; do
           tree=$(for i in 0 1 2 3 4 5 6 7 8 9; do printf '040000 tree %s\\tt%s\\n' $tree $i; done | git mktree)
         done
         root=$( (git ls-tree main; printf '040000 tree %s\\tbomb\\n' $tree) | git mktree)
         git branch bomb $(git commit-tree -p main -m bomb $root)",
    );
    forge.check("main..bomb").is_refused(&[("E001", "")]);
}

/// Two directories `packages`, the first with a name that sorts before all others: a merge
/// forgets the first one, and whoever clones the branch gets both.
#[test]
fn a_directory_that_is_there_twice_is_refused() {
    let world = World::usual();
    let forge = Forge::new(&world);
    forge.sh(
        "blob=$(echo 'opam-version: \"2.0\"' | git hash-object -w --stdin)
         release=$(printf '100644 blob %s\\topam\\n' $blob | git mktree)
         package=$(printf '040000 tree %s\\t+x.1\\n' $release | git mktree)
         packages=$(printf '040000 tree %s\\t+x\\n' $package | git mktree)
         there=$(git rev-parse main:packages) repo=$(git rev-parse main:repo)
         raw() { printf '%s packages\\0' 40000; perl -e 'print pack(\"H*\", shift)' $1; }
         root=$( (raw $packages; raw $there; printf '100644 repo\\0'; perl -e 'print pack(\"H*\", shift)' $repo) |
           git hash-object -t tree -w --literally --stdin)
         git branch twice $(git commit-tree -p main -m twice $root)",
    );
    forge
        .check("main..twice")
        .is_refused(&[("E001", "packages")]);
}

/// A file of zeros costs its author nothing. What is too large is known before it is read.
#[test]
fn a_file_above_the_limit_is_not_read() {
    let world = World::usual();
    let forge = Forge::new(&world);
    forge.sh(
        "blob=$(head -c 67108865 /dev/zero | git hash-object -w --stdin)
         git checkout -q -b large && mkdir -p packages/fmt/fmt.1.0/files
         git update-index --add --cacheinfo 100644,$blob,packages/fmt/fmt.1.0/files/zeros
         git commit -q -m large
         git checkout -q -f -b many main
         for i in 1 2 3 4 5; do git update-index --add --cacheinfo 100644,$blob,doc/$i; done
         git commit -q -m many",
    );
    forge
        .check("main..large")
        .is_refused(&[("E001", "packages/fmt/fmt.1.0/files/zeros")]);
    // All together, those that nobody judges included: a client reads them, too.
    let checked = forge.check("main..many");
    checked.is_refused(&[("E001", "")]);
    assert!(checked.json.to_string().contains("all files together"));
}

/// Trees that `git fsck` refuses, but that anybody can make and push to some servers.
#[test]
fn trees_that_git_itself_would_not_make_are_refused() {
    let world = World::usual();
    let forge = Forge::new(&world);
    // Two entries of one name, in and out of order; names that lead out; a file that is
    // a directory, too.
    for (branch, kind, name, first) in [
        ("twice", "tree", "packages", "False"),
        ("adjacent", "tree", "packages", "True"),
        ("out", "tree", "..", "False"),
        ("up", "tree", "..", "True"),
        ("git", "tree", ".Git", "True"),
        ("both", "blob", "packages", "True"),
        ("repo", "tree", "repo", "False"),
    ] {
        forge.sh(&format!(
            "python3 - <<'EOF'
import subprocess
def git(*args, **kw): return subprocess.run(['git', *args], check=True, capture_output=True, **kw).stdout
entries = [e for e in git('ls-tree', '-z', 'main').split(b'\\0') if e]
raw, oids = b'', dict()
for entry in entries:
    meta, path = entry.split(b'\\t')
    mode, kind, oid = meta.split()
    oids[kind.decode()] = oid.decode()
    raw += mode.lstrip(b'0') + b' ' + path + b'\\0' + bytes.fromhex(oid.decode())
mode = b'40000' if '{kind}' == 'tree' else b'100644'
more = mode + b' {name}\\0' + bytes.fromhex(oids['{kind}'])
raw = more + raw if {first} else raw + more
oid = git('hash-object', '-t', 'tree', '-w', '--literally', '--stdin', input=raw).decode().strip()
commit = git('commit-tree', '-p', 'main', '-m', 'x', oid).decode().strip()
git('branch', '{branch}', commit)
EOF"
        ));
        let output = forge.run(&[&format!("main..{branch}")]);
        let status = output.status.code().unwrap();
        let text = crate::check::forge::told(&output);
        assert!(status == 1 || status == 2, "{branch}: {text}");
    }
}

/// The same files, names and defects as those of the directory that git checks out.
#[test]
fn a_tree_is_read_as_the_directory_that_git_makes_of_it() {
    let mut world = World::usual();
    world.file(&opam_path("new.1"), OPAM);
    world.file("packages/new/new.1/files/a b\"c\\d.patch", "quoted\n");
    world.file("packages/new/new.1/files/ä\tö.patch", [0u8, 255, 10, 13]);
    world.file("packages/new/new.1/files/empty", "");
    world.file("README.md", "x");
    world.file("doc/deep/er/opam", "stray");
    world.file("doc/x", "x");
    let forge = Forge::new(&world);
    forge.sh("ln -s x packages/new/link; ln -s x doc/link; ln -s doc more
         git add -A . && git commit -q -m link && git clone -q . ../plain");
    let plain = forge.home().join("plain");
    let git = Git::open(&forge.dir(), Where::Directory).unwrap();
    let commit = git.commit("main").unwrap();
    let listing = git.list(&git.tree_of(&commit).unwrap()).unwrap();
    let of_git = git.read(&[&listing]).unwrap().pop().unwrap();
    let of_directory = read(&plain, Contents::All).unwrap().tree.into_judged();
    assert_eq!(
        of_git.files.keys().collect::<Vec<_>>(),
        of_directory.files.keys().collect::<Vec<_>>()
    );
    assert_eq!(of_git.files, of_directory.files);
    assert_eq!(of_git.others, of_directory.others);
    let mut defects = of_directory.defects;
    defects.sort_by(|a, b| a.path.cmp(&b.path));
    assert_eq!(of_git.defects, defects);
    assert!(matches!(
        git.merge(&commit, &commit).unwrap(),
        Merge::Clean(_)
    ));
}
