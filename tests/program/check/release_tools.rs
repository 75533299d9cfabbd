//! Signing in the clone in which another tool made a pull request: `hooks/sign-release`, and what docs/authors.md tells
//! those who release with dune-release and with opam publish. Neither is here: the clones are made by hand, by the
//! commands of git that these tools run.

use crate::check::forge::Forge;
use crate::check::prepush::{clone, passes};
use crate::world::{World, opam_path};

/// What both tools write.
const OPAM: &str = "opam-version: \"2.0\"\nurl {\n  src: \"https://example.org/fmt.tgz\"\n  checksum: \"sha256=0000000000000000000000000000000000000000000000000000000000000000\"\n}\n";

/// A repository in which bob owns `fmt`, as `origin`, and the keys of bob and of a janitor in a home.
fn published() -> Forge {
    let mut world = World::empty();
    world.file(&opam_path("fmt.1.0"), OPAM);
    let forge = clone(&world);
    forge.sh(
        "export CONEX_HOME=$HOME/keys
         conex key new ja --no-passphrase && conex init --name x --snapshot optional --quorum 1 --janitor ja --yes
         conex approve --as ja --yes
         conex key new bob --no-passphrase && conex join bob && conex owner add bob fmt
         conex approve --as ja --yes && conex sign --as bob --yes
         git add -A && git commit -q -m signed && git push --no-verify -q origin main",
    );
    forge
}

/// The author's fork, and the script of somebody who has keys and a release in `_build`.
fn fork(forge: &Forge) {
    forge.sh(
        "git clone -q --bare ../origin.git ../fork.git
         mkdir -p ../project/_build/fmt.1.1 && cp packages/fmt/fmt.1.0/opam ../project/_build/fmt.1.1/",
    );
}

/// Somebody else's change is merged.
fn meanwhile(forge: &Forge) {
    forge.sh(
        "mkdir -p packages/logs/logs.1.0 && cp packages/fmt/fmt.1.0/opam packages/logs/logs.1.0/
         git add packages && git commit -q -m 'logs 1.0' && git push --no-verify -q origin main",
    );
}

/// Whether the branch of the pull request can be merged, for somebody else.
fn pull_request_is_good(forge: &Forge, branch: &str) {
    forge.sh(&format!(
        "git fetch -q origin && git fetch -q ../fork.git {branch}:pull"
    ));
    forge.check("origin/main..pull").is_mergeable();
}

/// A release script writes the opam file, and one more line signs it.
#[test]
fn a_release_script_signs_on_the_way() {
    let forge = published();
    forge.sh(&format!(
        "export CONEX_HOME=$HOME/keys sign={}/hooks/sign-release
         git checkout -q -b release-fmt-1.1
         cp -r packages/fmt/fmt.1.0 packages/fmt/fmt.1.1 && rm packages/fmt/fmt.1.1/checksum
         git add packages && git commit -q -m 'fmt 1.1'
         test -z \"$(git status --porcelain)\"
         CONEX_ID=bob $sign . fmt
         test -z \"$(git status --porcelain)\"
         before=$(git rev-parse HEAD)
         CONEX_ID=bob $sign . fmt
         test $before = $(git rev-parse HEAD)",
        env!("CARGO_MANIFEST_DIR")
    ));
    forge.check("origin/main..").is_good();
    passes(&forge, &["origin", "HEAD"], "mergeable into");
}

/// `dune-release opam submit` works in the clone that its configuration names: it fetches the repository by its address,
/// makes a branch of what came, and pushes that to the fork by its address. The branch stays checked out, and what the
/// clone knows of `origin` may be old.
#[test]
fn the_clone_of_dune_release_can_be_signed_in() {
    let forge = published();
    fork(&forge);
    forge.sh("git clone -q ../origin.git ../git/opam-repository");
    meanwhile(&forge);
    forge.sh("cd ../git/opam-repository
         git fetch -q ../../origin.git main
         git checkout -q -b release-fmt-1.1 $(git rev-parse FETCH_HEAD)
         mkdir -p packages/fmt/fmt.1.1
         cp ../../project/_build/fmt.1.1/opam packages/fmt/fmt.1.1/opam
         git add packages/fmt/fmt.1.1
         printf '[new release] fmt (1.1)\\n' > ../../project/_build/submit-msg
         git commit -q --file ../../project/_build/submit-msg
         git push -q --force ../../fork.git release-fmt-1.1");
    forge.sh(&format!(
        "export CONEX_HOME=$HOME/keys CONEX_ID=bob
         {}/hooks/sign-release ../git/opam-repository fmt
         git -C ../git/opam-repository push -q ../../fork.git HEAD",
        env!("CARGO_MANIFEST_DIR")
    ));
    pull_request_is_good(&forge, "release-fmt-1.1");
}

/// `opam publish` keeps a clone of its own, with the fork as the remote `user`. It commits on the clone's own branch, and
/// pushes that as a branch named after the release.
#[test]
fn the_clone_of_opam_publish_can_be_signed_in() {
    let forge = published();
    fork(&forge);
    let there = "../.opam/plugins/opam-publish/repos/ocaml%opam-repository";
    forge.sh(&format!(
        "git clone -q ../origin.git {there} && git -C {there} remote add user \"$HOME/fork.git\""
    ));
    meanwhile(&forge);
    forge.sh(&format!(
        "cd {there}
         git fetch -q --multiple origin user
         git reset -q origin/main --hard
         mkdir -p packages/fmt/fmt.1.1
         cp \"$HOME/project/_build/fmt.1.1/opam\" packages/fmt/fmt.1.1/opam
         git add packages/fmt/fmt.1.1/opam
         git commit -q -m 'Package fmt.1.1'
         git push -q user +HEAD:refs/heads/opam-publish-fmt.1.1"
    ));
    forge.sh(&format!(
        "export CONEX_HOME=$HOME/keys CONEX_ID=bob
         {}/hooks/sign-release {there} fmt
         git -C {there} push -q user HEAD:opam-publish-fmt.1.1",
        env!("CARGO_MANIFEST_DIR")
    ));
    pull_request_is_good(&forge, "opam-publish-fmt.1.1");
}
