//! What opam may call a repository.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

use crate::hook::run::{Machine, run, two, write};

/// opam takes nearly any name. Whatever it is, what is remembered under it can be
/// read again.
#[test]
fn odd_names_are_remembered() {
    let (old, new) = two();
    let machine = Machine::new();
    let long = "n".repeat(255);
    let names: [&[u8]; 8] = [
        b"a b",
        "n\u{e4}me".as_bytes(),
        b"quo\"te",
        b"back\\slash",
        b"line\nfeed",
        b"tab\t\x1b[31m",
        b"..",
        long.as_bytes(),
    ];
    let (a, b) = (machine.path("a"), machine.path("b"));
    write(&old, &a);
    write(&new, &b);
    for name in names {
        let name = OsStr::from_bytes(name);
        let ask = |dir, world| {
            let mut command = machine.command();
            command.args(crate::hook::run::trust(world));
            let mut repo = std::ffi::OsString::from("--repo=/nowhere/");
            repo.push(name);
            command.arg(repo).arg("--incremental=false");
            let mut option = std::ffi::OsString::from("--dir=");
            option.push::<&std::path::Path>(dir);
            run({
                command.arg(option);
                command
            })
        };
        let first = ask(&b, &new);
        first.accepted();
        assert!(
            !first.text.contains("remembered"),
            "{name:?}: {}",
            first.text
        );
        ask(&b, &new).accepted();
        ask(&a, &old).refused("E090");
    }
}

/// A name that is not UTF-8 is refused before anything is done: two such names could
/// otherwise share a memory.
#[test]
fn a_name_that_is_not_utf8_is_refused() {
    let (_, new) = two();
    let machine = Machine::new();
    let mut command = machine.command();
    command.args(crate::hook::run::trust(&new));
    command.arg(OsStr::from_bytes(b"--repo=/nowhere/\xff"));
    command.arg("--dir=/nowhere").arg("--incremental=false");
    assert_eq!(run(command).status, Some(2));
    assert!(!machine.state().exists());
}
