//! `conex publish --working-form`, as a job runs it: what is merged gets its snapshot, is verified, and
//! goes to the branch that clients follow; and a plain directory.

#![allow(clippy::disallowed_methods)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const CONEX: &str = env!("CARGO_BIN_EXE_conex");

/// A machine of its own: a home, keys, a bare repository at a forge, and a clone.
struct Machine {
    home: tempfile::TempDir,
}

impl Machine {
    fn new() -> Machine {
        Machine {
            home: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn run(&self, dir: &str, script: &str) -> Output {
        let bin = Path::new(CONEX).parent().unwrap().display();
        let path = std::env::var("PATH").unwrap();
        Command::new("bash")
            .args(["-euc", script])
            .current_dir(self.path(dir))
            .env_clear()
            .env("PATH", format!("{bin}:{path}"))
            .env("HOME", self.home.path())
            .env("TMPDIR", self.home.path())
            .envs(["AUTHOR", "COMMITTER"].into_iter().flat_map(|who| {
                [
                    (format!("GIT_{who}_NAME"), "job"),
                    (format!("GIT_{who}_EMAIL"), "job@example.org"),
                ]
            }))
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    #[track_caller]
    fn ok(&self, dir: &str, script: &str) -> String {
        let output = self.run(dir, script);
        let text = told(&output);
        assert!(output.status.success(), "{script}\n{text}");
        text
    }

    #[track_caller]
    fn fails(&self, dir: &str, script: &str, why: &str) {
        let output = self.run(dir, script);
        let text = told(&output);
        assert!(!output.status.success(), "{script}\n{text}");
        assert!(text.contains(why), "{script}\n{text}");
    }

    /// An unsigned repository of two packages, in `dir`.
    fn packages(&self, dir: &str) {
        for release in ["fmt.1.0", "lwt.1.0"] {
            let name = release.split('.').next().unwrap();
            let dir = self.path(dir).join(format!("packages/{name}/{release}"));
            fs::create_dir_all(&dir).unwrap();
            fs::write(dir.join("opam"), "opam-version: \"2.0\"\n").unwrap();
        }
        fs::write(self.path(dir).join("repo"), "opam-version: \"2.0\"\n").unwrap();
    }
}

fn told(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!("{}{}", text(&output.stdout), text(&output.stderr))
}

const START: &str = "conex key new me --no-passphrase && conex init --name r --alone me --yes";

/// Publishes as `me`, by these anchors.
fn publish(to: &str, anchors: &str) -> String {
    format!("conex publish --working-form {to} --anchors \"$({anchors})\" --as me --yes")
}

#[test]
fn a_plain_directory_is_published_with_its_snapshot() {
    let m = Machine::new();
    m.packages("r");
    m.ok("r", START);
    let publish = publish("--to ../www", "conex anchors");
    m.ok("r", &publish);
    let snapshot = m.path("www/packages/.conex/snapshot");
    let first = fs::read(&snapshot).unwrap();
    let verify = "for www in ../www ../www/index.tar.gz; do
        conex verify --dir $www --anchors \"$(conex anchors)\" --no-state --require-snapshot; done";
    m.ok("r", verify);
    // The files are those of people, and nothing is written where they work.
    m.ok("r", "diff -r packages ../www/packages | grep -v 'Only in ../www/packages/.conex: snapshot' && exit 1; cmp repo ../www/repo");
    // Again, with nothing changed; then with a release.
    let told = m.ok("r", &publish);
    assert!(told.contains("Nothing to publish"), "{told}");
    assert_eq!(fs::read(&snapshot).unwrap(), first);
    m.ok("r", "cp -r packages/fmt/fmt.1.0 packages/fmt/fmt.2.0");
    let told = m.ok("r", &publish);
    assert!(told.contains(": 2 files."), "{told}");
    assert_ne!(fs::read(&snapshot).unwrap(), first);
    m.ok("r", verify);
    // What no client accepts is not published.
    m.ok(
        "r",
        "cp -a ../www ../before; echo 'opam-version: \"' > packages/fmt/fmt.2.0/opam",
    );
    m.fails(
        "r",
        &format!("echo broken > packages/.conex/stray; {publish}"),
        "E002",
    );
    m.ok("r", "diff -r ../before ../www");
}

#[test]
fn what_is_merged_goes_to_the_branch_that_clients_follow() {
    let m = Machine::new();
    fs::create_dir(m.path("w")).unwrap();
    m.packages("w");
    m.ok("w", START);
    m.ok(
        "w",
        "git init -q -b main . && git init -q --bare ../forge.git && git remote add origin ../forge.git
         git add -A . && git commit -qm start && git push -q origin main && conex anchors > ../anchors",
    );
    let publish = publish("--branch origin/main origin/published", "cat ../anchors");
    m.ok("w", &publish);
    let client = "rm -rf ../client && git clone -q -b published ../forge.git ../client
        conex verify --dir ../client --nostrict --anchors \"$(cat ../anchors)\" --quorum 1";
    m.ok("w", client);
    let told = m.ok("w", &publish);
    assert!(told.contains("Nothing to publish"), "{told}");
    // A merge, which brings along a snapshot that says nothing: of a counter at its end.
    m.ok(
        "w",
        "cp -r packages/fmt/fmt.1.0 packages/fmt/fmt.2.0
         printf 'format: 1\\n' > packages/.conex/snapshot
         git add -A . && git commit -qm release && git push -q origin main",
    );
    m.ok("w", &publish);
    m.ok("w", client);
    let counter = m.ok("w", "grep ^counter ../client/packages/.conex/snapshot");
    assert_eq!(counter.trim(), "counter: 2");
    // It lies on what was published before: no force was needed.
    m.ok(
        "w",
        "test $(git -C ../client rev-list --count --merges HEAD) -ge 1",
    );
    // What no client accepts stays where it is.
    m.ok(
        "w",
        "echo stray > packages/.conex/stray && git add -A . && git commit -qm bad && git push -q origin main",
    );
    m.fails("w", &publish, "E002");
    m.ok("w", client);
    // What attributes would hide from those who verify is not published behind their backs: what is
    // judged are the files in git, whatever attributes say of them.
    m.ok(
        "w",
        "git rm -q packages/.conex/stray && mkdir -p packages/+x/+x.1 && echo x > packages/+x/+x.1/opam
         printf '.gitattributes export-ignore\\n+x export-ignore\\n' > packages/.gitattributes
         git add -A . && git commit -qm hidden && git push -q origin main",
    );
    m.fails("w", &publish, "packages/+x/+x.1/opam");
    m.ok("w", client);
    m.ok(
        "w",
        "git rm -q -r packages/.gitattributes packages/+x && echo stray > packages/.conex/stray && git add -A .
         git commit -qm again",
    );
    // And so does what comes from somebody who is no notary.
    m.ok(
        "w",
        "git rm -q packages/.conex/stray && git commit -qm good && git push -q origin main",
    );
    m.fails(
        "w",
        &format!(
            "conex key new other --no-passphrase; {}",
            publish.replace("--as me", "--as other")
        ),
        "may not sign the snapshot",
    );
    // The key as a secret of the job.
    m.ok(
        "w",
        &format!(
            "cp ~/.local/share/conex/keys/me ../secret; rm -r ~/.local/share/conex; KEY_TEXT=$(cat ../secret)
             (umask 077; printf '%s\\n' \"$KEY_TEXT\" > ../key); {publish} --key ../key"
        ),
    );
    m.ok("w", client);
}
