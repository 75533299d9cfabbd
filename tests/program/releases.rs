//! `conex self verify`: a new version is taken only if the release keys signed it, and whoever has
//! no conex yet checks the same files with stock tools.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::machine::{Machine, err, out};
use crate::openssh::{keygen, oracle, run};
use tempfile::TempDir;

/// A directory of releases as `hooks/release` makes it, with one file and the key that signed.
struct Release {
    machine: Machine,
    dir: TempDir,
    key: PathBuf,
}

const FILE: &str = "conex-99.0.0-x86_64-unknown-linux-gnu";

impl Release {
    fn new() -> Release {
        let dir = TempDir::new().unwrap();
        let key = keygen(&dir, "key", &["-t", "ed25519"], "");
        let public = fs::read_to_string(key.with_extension("pub")).unwrap();
        let machine = Machine::new();
        fs::write(dir.path().join("keys"), format!("releases {public}")).unwrap();
        let release = Release { machine, dir, key };
        release.publish(&[(FILE, b"a program"), ("conex-99.0.0.tar.gz", b"a source")]);
        release
    }

    /// Writes the files, their list and its signature.
    fn publish(&self, files: &[(&str, &[u8])]) {
        for (name, bytes) in files {
            fs::write(self.dir.path().join(name), bytes).unwrap();
        }
        let names = files.iter().map(|(name, _)| *name);
        let mut sums = Command::new("sha256sum");
        let sums = run(sums.current_dir(&self.dir).args(names), b"");
        fs::write(self.dir.path().join("SHA256SUMS"), &sums.stdout).unwrap();
        self.sign("conex-release-v1");
    }

    fn sign(&self, namespace: &str) {
        let _ = fs::remove_file(self.dir.path().join("SHA256SUMS.sig"));
        let mut sign = Command::new("ssh-keygen");
        let sign = sign
            .current_dir(&self.dir)
            .args(["-Y", "sign", "-n", namespace, "-f"]);
        let done = run(sign.arg(&self.key).arg("SHA256SUMS"), b"");
        assert!(done.status.success(), "{}", err(&done));
    }

    /// The exit status and what was said.
    fn verify(&self, file: &str, more: &[&str]) -> (Option<i32>, String) {
        let file = self.dir.path().join(file);
        let keys = self.dir.path().join("keys");
        let mut args = vec!["self", "verify", file.to_str().unwrap()];
        args.extend(["--keys", keys.to_str().unwrap()]);
        args.extend(more);
        let output = self.machine.conex(&args);
        (output.status.code(), out(&output) + &err(&output))
    }
}

/// User story: a new version came out, and the user has the keys from the time of the first.
#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn a_successor_is_taken_if_the_release_keys_signed_it() {
    if !oracle("ssh-keygen") {
        return;
    }
    let release = Release::new();
    let (status, said) = release.verify(FILE, &[]);
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("is of a release"), "{said}");
    // Stock tools say the same of the same files.
    let script = "ssh-keygen -Y verify -f keys -I releases -n conex-release-v1 -s SHA256SUMS.sig < SHA256SUMS && sha256sum -c SHA256SUMS";
    let mut stock = Command::new("sh");
    let stock = run(stock.current_dir(&release.dir).args(["-c", script]), b"");
    assert!(stock.status.success(), "{}", err(&stock));
}

#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn what_the_release_keys_did_not_sign_is_refused() {
    if !oracle("ssh-keygen") {
        return;
    }
    let refused = |what: &str, change: &dyn Fn(&Release), says: &str| {
        let release = Release::new();
        change(&release);
        let (status, said) = release.verify(FILE, &[]);
        assert_eq!(status, Some(1), "{what}: {said}");
        assert!(said.contains(says), "{what}: {said}");
    };
    let write = |release: &Release, name: &str, text: &str| {
        fs::write(release.dir.path().join(name), text).unwrap();
    };
    refused(
        "other bytes",
        &|r| write(r, FILE, "another program"),
        "is not what was released",
    );
    refused(
        "another list",
        &|r| {
            let path = r.dir.path().join("SHA256SUMS");
            let text = fs::read_to_string(&path).unwrap();
            fs::write(&path, format!("{text}{}  more\n", "0".repeat(64))).unwrap();
        },
        "does not fit the list",
    );
    refused(
        "a signature for another purpose",
        &|r| r.sign("conex-snapshot-v1"),
        "conex-snapshot-v1",
    );
    refused(
        "a namespace that conex does not know",
        &|r| r.sign("file"),
        "cannot be read",
    );
    refused(
        "no signature",
        &|r| write(r, "SHA256SUMS.sig", ""),
        "cannot be read",
    );
    refused(
        "the key of somebody else",
        &|r| {
            let other = keygen(&r.dir, "other", &["-t", "ed25519"], "");
            let public = fs::read_to_string(other.with_extension("pub")).unwrap();
            write(r, "keys", &public);
        },
        "none of the keys that were given",
    );
    refused(
        "a file that the list does not name",
        &|r| r.publish(&[("conex-98.0.0-x86_64-unknown-linux-gnu", b"a program")]),
        "names",
    );
}

/// An old release is still signed; whoever serves it brings back its faults.
#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn an_older_version_is_no_successor_unless_told_so() {
    if !oracle("ssh-keygen") {
        return;
    }
    let release = Release::new();
    let old = "conex-0.0.9-x86_64-unknown-linux-gnu";
    // Not every name has the version.
    let files = [old, "conex-0.0.9.tar.gz", "release-keys"];
    release.publish(&files.map(|name| (name, name.as_bytes())));
    for name in files {
        let (status, said) = release.verify(name, &[]);
        assert_eq!(status, Some(1), "{name}: {said}");
        assert!(said.contains("version 0.0.9"), "{name}: {said}");
        assert_eq!(release.verify(name, &["--older"]).0, Some(0), "{name}");
    }
}

/// Attack: the user's own list of signers, with friends in it, and a friend's key.
#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn a_key_of_somebody_else_in_the_file_is_no_key_of_releases() {
    if !oracle("ssh-keygen") {
        return;
    }
    let release = Release::new();
    let path = release.dir.path().join("keys");
    let text = fs::read_to_string(&path).unwrap();
    for before in ["ann", "releases namespaces=\"file\""] {
        fs::write(&path, text.replacen("releases", before, 1)).unwrap();
        let (status, said) = release.verify(FILE, &[]);
        assert_eq!(status, Some(2), "{before}: {said}");
        assert!(
            said.contains("line 1") && said.contains("before the key"),
            "{said}"
        );
        let check = "ssh-keygen -Y verify -f keys -I releases -n conex-release-v1 -s SHA256SUMS.sig < SHA256SUMS";
        let mut stock = Command::new("sh");
        let stock = run(stock.current_dir(&release.dir).args(["-c", check]), b"");
        assert!(!stock.status.success(), "{before}");
    }
}

#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn without_a_list_or_a_key_nothing_is_decided() {
    if !oracle("ssh-keygen") {
        return;
    }
    let release = Release::new();
    fs::write(release.dir.path().join("keys"), "# none\n").unwrap();
    assert_eq!(release.verify(FILE, &[]).0, Some(2));
    let release = Release::new();
    fs::remove_file(release.dir.path().join("SHA256SUMS")).unwrap();
    assert_eq!(release.verify(FILE, &[]).0, Some(2));
}
