//! Signatures go to stock `ssh-keygen` and come from it: an outsider checks every one that
//! conex makes, and a janitor whose key is on a machine without a network takes part.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::machine::{Machine, err, out};
use crate::openssh::{keygen, oracle, public, run};
use tempfile::TempDir;

/// Runs the lines of a shell that a command has printed on standard error, indented.
fn commands(said: &str, program: &str) -> Vec<String> {
    said.lines()
        .filter_map(|line| line.strip_prefix("  "))
        .filter(|line| line.starts_with(program))
        .map(str::to_owned)
        .collect()
}

fn sh(machine: &Machine, line: &str) -> (bool, String) {
    let mut command = Command::new("sh");
    machine.adapt(&mut command);
    let output = run(command.args(["-c", line]), b"");
    (output.status.success(), out(&output) + &err(&output))
}

/// User story: somebody who trusts OpenSSH and not conex checks all that is signed.
#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn stock_ssh_keygen_checks_every_signature() {
    if !oracle("ssh-keygen") {
        return;
    }
    let machine = Machine::new().with_janitor();
    machine.ok(&["team", "add", "notaries", "ann"]);
    machine.ok(&["approve", "--yes"]);
    machine.ok(&["sign", "--yes"]);
    machine.ok(&["snapshot", "--yes"]);
    let files: Vec<PathBuf> = machine.files("repo").into_keys().collect();
    let root = machine.path("repo");
    let mut checked = Vec::new();
    for file in files {
        let below = file
            .strip_prefix(&root)
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        let kind = match below.strip_prefix("packages/.conex/") {
            Some(rest) if rest.starts_with("janitors/") => "conex-janitors-v1",
            Some(rest) if rest.starts_with("index/") => "conex-index-v1",
            Some("snapshot") => "conex-snapshot-v1",
            _ => {
                // Nothing else has a signature to export.
                let output = machine.conex(&["signature", "export", &below]);
                assert_eq!(output.status.code(), Some(1), "{below}: {}", err(&output));
                continue;
            }
        };
        // As data, for a pipe.
        let printed = machine.ok(&["signature", "export", &below]);
        assert!(out(&printed).starts_with("-----BEGIN SSH SIGNATURE-----\n"));
        assert_eq!(err(&printed), "");
        let to = machine.path(&format!("exported-{}", checked.len()));
        let output = machine.ok(&["signature", "export", &below, "--to", to.to_str().unwrap()]);
        assert_eq!(out(&output), "");
        let lines = commands(&err(&output), "ssh-keygen -Y verify");
        assert_eq!(lines.len(), 1, "{}", err(&output));
        assert!(lines[0].contains(kind));
        let (good, said) = sh(&machine, &lines[0]);
        assert!(good && said.contains("Good"), "{below}: {said}");
        // What is signed is the file as it lies there, up to its signatures.
        let message = fs::read(to.join("message")).unwrap();
        let file = fs::read(&file).unwrap();
        assert!(file.starts_with(&message) && file[message.len()..].starts_with(b"signatures"));
        fs::write(to.join("message"), [&message[..], b"\n"].concat()).unwrap();
        assert!(!sh(&machine, &lines[0]).0, "another message is accepted");
        checked.push(kind);
    }
    checked.dedup();
    assert_eq!(
        checked,
        ["conex-index-v1", "conex-janitors-v1", "conex-snapshot-v1"]
    );
}

/// A repository whose second janitor, `off`, has their key on another machine.
fn with_offline_janitor(keys: &TempDir) -> (Machine, PathBuf) {
    let key = keygen(keys, "offline", &["-t", "ed25519"], "");
    let machine = Machine::new();
    machine.ok(&["key", "new", "ann", "--no-passphrase"]);
    let off = format!("off={}", key.with_extension("pub").display());
    let init = [
        "init",
        "--name",
        "example",
        "--snapshot",
        "optional",
        "--quorum",
        "2",
        "--janitor",
        "ann",
    ];
    machine.ok(&[&init[..], &["--janitor", &off]].concat());
    machine.ok(&["approve", "--as", "ann", "--yes"]);
    (machine, key)
}

/// Signs on the other machine what a command has handed out; gives the lines to type then.
fn elsewhere(machine: &Machine, said: &str, key: &Path) -> Vec<String> {
    let lines = commands(said, "ssh-keygen -Y sign");
    assert!(!lines.is_empty(), "{said}");
    for line in lines {
        let line = line.replace(" KEY ", &format!(" {} ", key.display()));
        let (good, said) = sh(machine, &line);
        assert!(good, "{line}: {said}");
    }
    commands(said, "conex signature import")
}

fn typed(line: &str) -> Vec<&str> {
    line.split(' ').skip(1).collect()
}

fn verdict(machine: &Machine) -> bool {
    let anchors = out(&machine.ok(&["anchors"]));
    let anchors = anchors.trim();
    let verify = [
        "verify",
        "--dir",
        ".",
        "--nostrict",
        "--quorum",
        "2",
        "--anchors",
    ];
    machine
        .conex(&[&verify[..], &[anchors]].concat())
        .status
        .success()
}

/// User story: a janitor's key never leaves a machine without a network. Link, owners and
/// a whole repository of vouches go there as files, and come back signed.
#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn a_janitor_signs_without_a_network() {
    if !oracle("ssh-keygen") {
        return;
    }
    let keys = TempDir::new().unwrap();
    let (machine, key) = with_offline_janitor(&keys);
    assert!(!verdict(&machine));
    let to = machine.path("to-sign");
    let detached = ["approve", "--as", "off", "--detached", to.to_str().unwrap()];
    let dry = machine.ok(&[&detached[..], &["--dry-run"]].concat());
    assert!(err(&dry).contains("link 0: janitor"), "{}", err(&dry));
    assert!(!to.exists());
    let said = err(&machine.ok(&detached));
    assert!(said.contains("conex-janitors-v1"), "{said}");
    let before = machine.files("repo");
    let lines = elsewhere(&machine, &said, &key);
    assert_eq!(
        before,
        machine.files("repo"),
        "handing out writes nothing here"
    );
    for line in &lines {
        machine.ok(&typed(line));
    }
    assert!(verdict(&machine));
    // A second time it is there already.
    let again = machine.ok(&typed(&lines[0]));
    assert!(err(&again).contains("there already"), "{}", err(&again));

    machine.ok(&["owner", "add", "ann", "fmt"]);
    machine.ok(&["approve", "--as", "ann", "--yes"]);
    machine.ok(&["sign", "--as", "ann", "--yes"]);
    assert!(!verdict(&machine) || !out(&machine.ok(&["status", "fmt"])).is_empty());
    let said = err(&machine.ok(&detached));
    let lines = elsewhere(&machine, &said, &key);
    assert_eq!(lines.len(), 1);
    // Another file under the name of the one that was looked at: it was signed unseen.
    let typed_last = typed(&lines[0]);
    let file = std::path::Path::new(typed_last.iter().find(|a| a.contains("index-")).unwrap());
    let other = file.with_file_name("index-0123456789abcdef");
    let absolute = |path: &std::path::Path| machine.path("repo").join(path);
    std::fs::copy(absolute(file), absolute(&other)).unwrap();
    let swapped: Vec<&str> = typed_last
        .iter()
        .map(|a| {
            if a.contains("index-") && !a.ends_with(".sig") {
                other.to_str().unwrap()
            } else {
                &**a
            }
        })
        .collect();
    let signature = format!("{}.sig", file.display());
    let swapped = [&swapped[..3], &[signature.as_str()]].concat();
    let refused = machine.conex(&swapped);
    assert_eq!(refused.status.code(), Some(1), "{}", err(&refused));
    assert!(
        err(&refused).contains("is not the file that --detached wrote"),
        "{}",
        err(&refused)
    );
    let output = machine.ok(&typed(&lines[0]));
    assert!(
        err(&output).contains("what `off` vouches for"),
        "{}",
        err(&output)
    );
    assert!(verdict(&machine));
    // Nothing waits for them any more.
    let said = err(&machine.ok(&detached));
    assert!(said.contains("nothing waits for `off`"), "{said}");
}

/// User story: an author whose key is elsewhere joins and signs a release.
#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn an_author_joins_and_signs_without_a_network() {
    if !oracle("ssh-keygen") {
        return;
    }
    let keys = TempDir::new().unwrap();
    let machine = Machine::new().with_janitor();
    let key = keygen(&keys, "key", &["-t", "ed25519"], "");
    let public_half = key.with_extension("pub").display().to_string();
    let to = machine.path("to-sign").display().to_string();
    let take = |args: &[&str]| {
        let output = machine.ok(&[args, &["--detached", &to]].concat());
        let lines = elsewhere(&machine, &err(&output), &key);
        assert_eq!(lines.len(), 1, "{}", err(&output));
        machine.ok(&typed(&lines[0]));
    };
    take(&["join", "bob", "--key", &public_half]);
    machine.ok(&["owner", "add", "bob", "fmt"]);
    take(&["sign", "--as", "bob", "fmt"]);
    machine.ok(&["approve", "--as", "ann", "--yes"]);
    let anchors = out(&machine.ok(&["anchors"]));
    let verify = [
        "verify",
        "--dir",
        ".",
        "--nostrict",
        "--quorum",
        "1",
        "--anchors",
    ];
    machine.ok(&[&verify[..], &[anchors.trim()]].concat());
    let status = out(&machine.ok(&["status", "fmt"]));
    assert!(status.contains("bob"), "{status}");
}

/// User story: the notary's key is elsewhere.
#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn a_snapshot_is_signed_without_a_network() {
    if !oracle("ssh-keygen") {
        return;
    }
    let keys = TempDir::new().unwrap();
    let key = keygen(&keys, "key", &["-t", "ed25519"], "");
    let machine = Machine::new();
    let ann = format!("ann={}", key.with_extension("pub").display());
    machine.ok(&[
        "init",
        "--name",
        "example",
        "--quorum",
        "1",
        "--janitor",
        &ann,
    ]);
    let to = machine.path("to-sign").display().to_string();
    let hand_out = |verb: &str| {
        let output = machine.ok(&[verb, "--as", "ann", "--detached", &to]);
        elsewhere(&machine, &err(&output), &key)
    };
    for line in hand_out("approve") {
        machine.ok(&typed(&line));
    }
    let lines = hand_out("snapshot");
    assert_eq!(lines.len(), 1);
    // The tree changes meanwhile: the snapshot is of another one.
    let opam = machine.path("repo/packages/fmt/fmt.0.9.0/opam");
    let before = fs::read(&opam).unwrap();
    fs::write(&opam, [&before[..], b"# changed\n"].concat()).unwrap();
    let output = machine.conex(&typed(&lines[0]));
    assert_eq!(output.status.code(), Some(1));
    assert!(
        err(&output).contains("was signed for the state"),
        "{}",
        err(&output)
    );
    fs::write(&opam, before).unwrap();
    machine.ok(&typed(&lines[0]));
    let anchors = out(&machine.ok(&["anchors"]));
    let verify = [
        "verify",
        "--dir",
        ".",
        "--nostrict",
        "--require-snapshot",
        "--quorum",
        "1",
    ];
    machine.ok(&[&verify[..], &["--anchors", anchors.trim()]].concat());
    // An old one is not taken in again over a newer one.
    let output = machine.ok(&["snapshot", "--as", "ann", "--renew", "--detached", &to]);
    let newer = elsewhere(&machine, &err(&output), &key);
    machine.ok(&typed(&newer[0]));
    let output = machine.conex(&typed(&lines[0]));
    assert_eq!(output.status.code(), Some(1), "{}", err(&output));
}

/// Attacks and mistakes: what does not fit is refused, and nothing is written.
#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn a_signature_that_does_not_fit_is_refused() {
    if !oracle("ssh-keygen") {
        return;
    }
    let keys = TempDir::new().unwrap();
    let (machine, key) = with_offline_janitor(&keys);
    let other = keygen(&keys, "other", &["-t", "ed25519"], "");
    let rsa = keygen(&keys, "rsa", &["-t", "rsa", "-b", "2048"], "");
    let to = machine.path("to-sign").display().to_string();
    let said = err(&machine.ok(&["approve", "--as", "off", "--detached", &to]));
    let lines = commands(&said, "conex signature import");
    let link = lines.iter().find(|line| line.contains("link-")).unwrap();
    let file = PathBuf::from(*typed(link).last().unwrap());
    let path = file.to_str().unwrap();
    let signature = machine.path("signature");
    let before = machine.files("repo");
    let sign = |key: &Path, namespace: &str, options: &[&str], bytes: &[u8]| {
        let text = crate::openssh::their_armour(key, namespace, bytes, options);
        fs::write(&signature, text).unwrap();
    };
    let refused = |message: &str, file: &str, status: i32| {
        let args = ["signature", "import", file, signature.to_str().unwrap()];
        let output = machine.conex(&args);
        let said = err(&output);
        assert_eq!(output.status.code(), Some(status), "{said}");
        assert!(said.contains(message), "expected {message:?}: {said}");
        assert!(said.contains("hint: "), "{said}");
        assert_eq!(before, machine.files("repo"));
    };
    let link = fs::read(&file).unwrap();
    refused("No such file", path, 2);
    sign(&other, "conex-janitors-v1", &[], &link);
    refused("is of no janitor", path, 1);
    sign(&rsa, "conex-janitors-v1", &[], &link);
    refused("keys of type \"ssh-rsa\" are not used", path, 1);
    // Another namespace: the same bytes mean something else.
    sign(&key, "conex-index-v1", &[], &link);
    refused("not a segment", path, 1);
    sign(&key, "git", &[], &link);
    refused("not a namespace of conex", path, 1);
    sign(&key, "conex-janitors-v1", &["-O", "hashalg=sha256"], &link);
    refused("hashed with \"sha256\"", path, 1);
    // The file was changed on the way.
    sign(&key, "conex-janitors-v1", &[], &link);
    let changed = machine.path("changed");
    let text = String::from_utf8(link.clone()).unwrap();
    fs::write(&changed, text.replace("quorum: 2", "quorum: 1")).unwrap();
    refused("does not fit the file", changed.to_str().unwrap(), 1);
    // A link that is signed well, and is not the one of this repository.
    let forged = text.replace("quorum: 2", "quorum: 1").into_bytes();
    sign(&key, "conex-janitors-v1", &[], &forged);
    refused("not a link", changed.to_str().unwrap(), 1);
    fs::write(&signature, "no signature").unwrap();
    refused("BEGIN SSH SIGNATURE", path, 1);

    // An author's key vouches for nobody else, nor for what is not there.
    sign(&key, "conex-janitors-v1", &[], &link);
    machine.ok(&["signature", "import", path, signature.to_str().unwrap()]);
    machine.ok(&["owner", "add", "ann", "fmt"]);
    let said = err(&machine.ok(&["approve", "--as", "off", "--detached", &to]));
    let lines = commands(&said, "conex signature import");
    let file = PathBuf::from(*typed(&lines[0]).last().unwrap());
    let segment = fs::read(&file).unwrap();
    let before = machine.files("repo");
    let refused = |message: &str, bytes: &[u8]| {
        fs::write(&changed, bytes).unwrap();
        let (file, signature) = (changed.to_str().unwrap(), signature.to_str().unwrap());
        let output = machine.conex(&["signature", "import", file, signature]);
        let said = err(&output);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(message), "expected {message:?}: {said}");
        assert_eq!(before, machine.files("repo"));
    };
    sign(&other, "conex-index-v1", &[], &segment);
    refused("is not one of `off`", &segment);
    let text = String::from_utf8(segment.clone()).unwrap();
    let theirs = text.replace("\"off\"", "\"ann\"").into_bytes();
    sign(&key, "conex-index-v1", &[], &theirs);
    refused("is not one of `ann`", &theirs);
    let line = text.lines().find(|l| l.contains("authorisation")).unwrap();
    let higher = text
        .replace(line, &line.replace(" 0 1 ", " 0 7 "))
        .into_bytes();
    assert_ne!(higher, segment);
    sign(&key, "conex-index-v1", &[], &higher);
    refused("the repository changed since", &higher);
    let id = text
        .lines()
        .find(|l| l.starts_with("repository: "))
        .unwrap();
    let elsewhere = format!("repository: \"blake2b={}\"", "0".repeat(64));
    let replay = text.replace(id, &elsewhere).into_bytes();
    sign(&key, "conex-index-v1", &[], &replay);
    refused("for another repository", &replay);
    let trailing = [&segment[..], b"signatures: []\n"].concat();
    sign(&key, "conex-index-v1", &[], &trailing);
    refused("not a segment", &trailing);
    sign(&key, "conex-index-v1", &[], &segment);
    fs::write(&changed, &segment).unwrap();
    machine.ok(&[
        "signature",
        "import",
        changed.to_str().unwrap(),
        signature.to_str().unwrap(),
    ]);
}

/// Files to carry do not become a part of the repository.
#[test]
fn nothing_is_handed_out_below_packages() {
    let machine = Machine::new().with_janitor();
    let output = machine.conex(&["approve", "--detached", "packages/fmt"]);
    assert_eq!(output.status.code(), Some(2), "{}", err(&output));
    assert!(err(&output).contains("every file counts"));
    let output = machine.conex(&[
        "signature",
        "export",
        "packages/.conex/janitors/0",
        "--to",
        "packages",
    ]);
    assert_eq!(output.status.code(), Some(2));
}

/// The keys of the test are what they seem.
#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn the_key_that_is_named_must_be_listed() {
    if !oracle("ssh-keygen") {
        return;
    }
    let keys = TempDir::new().unwrap();
    let (machine, _) = with_offline_janitor(&keys);
    let other = keygen(&keys, "other", &["-t", "ed25519"], "");
    let line = public(&other).to_string();
    let to = machine.path("to-sign").display().to_string();
    let output = machine.conex(&["approve", "--as", "off", "--key", &line, "--detached", &to]);
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("does not list"), "{}", err(&output));
}
