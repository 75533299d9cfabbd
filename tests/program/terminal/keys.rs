//! Keys as people have them: lists of forges, files that others can read.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Output, Stdio};

use crate::machine::{CONEX, Machine, err, oracle, out};

/// What `curl https://github.com/<id>.keys | conex key import <id> -` does.
fn import(machine: &Machine, id: &str, list: &[u8]) -> Output {
    let mut command = Command::new(CONEX);
    machine.adapt(&mut command);
    let mut child = command
        .args(["key", "import", id, "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let _ = child.stdin.take().unwrap().write_all(list);
    child.wait_with_output().unwrap()
}

fn keygen(machine: &Machine, name: &str, kind: &[&str]) -> String {
    let path = machine.path(name);
    let made = Command::new("ssh-keygen")
        .args(["-q", "-N", "", "-C", "", "-f"])
        .arg(&path)
        .args(kind)
        .stdin(Stdio::null())
        .status();
    assert!(made.unwrap().success());
    fs::read_to_string(path.with_extension("pub")).unwrap()
}

/// User story: a janitor takes the key of a new author from their forge. It has several
/// lines, and the first are of kinds that conex does not use.
#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn the_list_of_a_forge_is_imported() {
    if !oracle("ssh-keygen") {
        return;
    }
    let machine = Machine::new();
    let rsa = keygen(&machine, "rsa", &["-t", "rsa", "-b", "2048"]);
    let ecdsa = keygen(&machine, "ecdsa", &["-t", "ecdsa"]);
    let first = keygen(&machine, "first", &["-t", "ed25519"]);
    let second = keygen(&machine, "second", &["-t", "ed25519"]);
    // Of several that could be meant none is taken.
    let list = format!("{rsa}{ecdsa}{first}{second}");
    let output = import(&machine, "bob", list.as_bytes());
    let said = err(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    for part in [
        "it holds 2 keys that can be used: line 3 blake2b=",
        "line 4 blake2b=",
        "sed -n",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let list = format!("# bob's\n\n{rsa}{ecdsa}{first}");
    let output = import(&machine, "bob", list.as_bytes());
    let said = err(&output);
    assert!(output.status.success(), "{said}");
    for part in [
        "line 3 is left out: keys of type \"ssh-rsa\" are not used",
        "line 4 is left out: keys of type \"ecdsa-sha2-nistp256\" are not used",
        "the public half; the private one is elsewhere",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let shown = out(&machine.ok(&["key", "show", "bob"]));
    assert_eq!(shown.trim(), format!("{} bob", first.trim()));
    // Nobody's key is replaced in passing.
    let output = import(&machine, "bob", second.as_bytes());
    assert_eq!(output.status.code(), Some(2), "{}", err(&output));

    // A list without any.
    let output = import(&machine, "eve", format!("{rsa}{ecdsa}").as_bytes());
    assert_eq!(output.status.code(), Some(2));
    let said = err(&output);
    assert!(said.contains("none of the 2 lines"), "{said}");
    assert!(
        said.contains("hint: ") && said.contains("ssh-keygen -t ed25519"),
        "{said}"
    );
    let output = import(&machine, "eve", rsa.as_bytes());
    assert!(
        err(&output).contains("ssh-keygen -t ed25519"),
        "{}",
        err(&output)
    );
}

/// An account without keys, a forge that answers with a page, a list that never ends.
#[test]
fn what_is_no_list_is_refused() {
    let machine = Machine::new();
    let page = "<!DOCTYPE html>\n<html>\n<body>\x1b[2JNot Found</body>\n</html>\n";
    let endless = "ssh-rsa AAAA\n".repeat(10_000);
    let cases: [(&[u8], &str); 5] = [
        (b"", "holds no key"),
        (b"\n\n", "holds no key"),
        (b"Not Found", "is not a public key"),
        (page.as_bytes(), "none of the 4 lines"),
        (endless.as_bytes(), "more than 65536 bytes"),
    ];
    for (list, message) in cases {
        let output = import(&machine, "eve", list);
        let said = err(&output);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(message), "{message}: {said}");
        assert!(said.contains("hint: "), "{said}");
        assert!(!said.contains('\x1b'), "{said:?}");
        assert!(!machine.path("conex/keys/eve.pub").exists());
    }
}

/// Keys of conex's own are for their owner alone, when they are written and when they are read.
#[test]
fn private_keys_are_private() {
    let machine = Machine::new().with_janitor();
    let key = machine.path("conex/keys/ann");
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode(&key), 0o600);
    assert_eq!(mode(&machine.path("conex/keys")), 0o700);
    let change = |path: &std::path::Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    for (path, wrong, right, hint) in [
        (key.clone(), 0o640, 0o600, "chmod 600"),
        (key.clone(), 0o604, 0o600, "chmod 600"),
        (machine.path("conex/keys"), 0o755, 0o700, "chmod 700"),
    ] {
        change(&path, wrong);
        let output = machine.conex(&["approve", "--as", "ann", "--yes"]);
        let said = err(&output);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(hint), "{said}");
        change(&path, right);
    }
    machine.ok(&["approve", "--as", "ann", "--yes"]);
    // A key of somewhere else that others can read is not taken in.
    let copy = machine.path("copy");
    fs::copy(&key, &copy).unwrap();
    change(&copy, 0o644);
    let output = machine.conex(&["key", "import", "bob", copy.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("chmod 600"), "{}", err(&output));
    change(&copy, 0o600);
    machine.ok(&["key", "import", "bob", copy.to_str().unwrap()]);
    assert_eq!(mode(&machine.path("conex/keys/bob")), 0o600);
}

/// User story: a new author has an SSH key, and nothing of conex. Whoever has a second id
/// there takes a key of conex for it.
#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn people_join_with_the_key_that_they_have() {
    if !oracle("ssh-keygen") {
        return;
    }
    let machine = Machine::new().with_janitor();
    let ssh = machine.path("home/.ssh");
    fs::create_dir(&ssh).unwrap();
    // With an RSA key alone they learn what to do.
    keygen(&machine, "home/.ssh/id_rsa", &["-t", "rsa", "-b", "2048"]);
    let output = machine.conex(&["join", "bob"]);
    let said = err(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("id_rsa.pub`: keys of type \"ssh-rsa\" are not used"),
        "{said}"
    );
    assert!(said.contains("`ssh-keygen -t ed25519`"), "{said}");
    keygen(&machine, "home/.ssh/id_ed25519", &["-t", "ed25519"]);
    let output = machine.ok(&["join", "bob"]);
    assert!(
        err(&output).contains(".ssh/id_ed25519`:"),
        "{}",
        err(&output)
    );
    machine.ok(&["sign", "--as", "bob", "logs", "--yes"]);
    machine.ok(&["key", "new", "eve", "--no-passphrase"]);
    let output = machine.ok(&["join", "eve"]);
    assert!(
        err(&output).contains("conex's key of `eve`"),
        "{}",
        err(&output)
    );
    let output = machine.conex(&["join", "mallory"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        err(&output).contains("belongs to `bob`"),
        "{}",
        err(&output)
    );
}

/// A file with a key, as people have it: whoever is given it says the same of it.
#[test]
fn every_reader_of_a_key_file_says_the_same() {
    const KEY: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOpKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIs";
    let machine = Machine::new().with_janitor();
    let other = out(&machine.ok(&["key", "show", "ann"]));
    let wide: Vec<u8> = format!("\u{feff}{KEY}\r\n")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let pkcs8 = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";
    let forms: [(&str, Vec<u8>, Option<&str>); 9] = [
        ("plain", format!("{KEY} a@b\n").into(), None),
        ("comment", format!("# mine\n\n{KEY}\n").into(), None),
        (
            "list",
            format!("ssh-rsa AAAA\n{KEY}\n{KEY} again\n").into(),
            None,
        ),
        ("pkcs8", pkcs8.into(), None),
        (
            "mark",
            format!("\u{feff}{KEY}\n").into(),
            Some("it starts with a byte order mark"),
        ),
        ("utf16", wide, Some("it is UTF-16")),
        (
            "rfc4716",
            b"---- BEGIN SSH2 PUBLIC KEY ----\nAAAA\n---- END SSH2 PUBLIC KEY ----\n".to_vec(),
            Some("ssh-keygen -i -f"),
        ),
        (
            "several",
            format!("{KEY} laptop\n\n{other}").into(),
            Some("it holds 2 keys that can be used: line 1 blake2b="),
        ),
        ("empty", b"\n".to_vec(), Some("it holds no key")),
    ];
    for (name, text, wrong) in forms {
        let file = machine.path(name);
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        let file = file.to_str().unwrap();
        let tree = machine.path(&format!("tree-{name}"));
        fs::create_dir_all(tree.join("packages")).unwrap();
        fs::write(tree.join("repo"), "opam-version: \"2.0\"\n").unwrap();
        let janitor = format!("eve={file}");
        let tree = tree.to_str().unwrap();
        let init = [
            "-C",
            tree,
            "init",
            "--name",
            "x",
            "--quorum",
            "1",
            "--snapshot",
            "optional",
        ];
        for args in [
            &["key", "import", "eve", file, "--force"][..],
            &[&init[..], &["--janitor", &janitor, "--janitor", "ann"]].concat(),
        ] {
            let output = machine.conex(args);
            let said = err(&output);
            match wrong {
                None => assert!(output.status.success(), "{name} {args:?}: {said}"),
                Some(wrong) => {
                    assert_eq!(output.status.code(), Some(2), "{name} {args:?}: {said}");
                    assert!(said.contains(wrong), "{name} {args:?}: {said}");
                    assert!(said.contains("hint: "), "{name} {args:?}: {said}");
                }
            }
        }
    }
}
