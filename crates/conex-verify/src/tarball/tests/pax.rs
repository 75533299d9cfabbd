//! PAX records: what changes nothing is read, everything else is refused.

use super::*;

/// A record, with its own length before it.
fn record(key: &str, value: &str) -> String {
    let rest = format!(" {key}={value}\n");
    let digits = (1..9)
        .find(|digits| (rest.len() + digits).to_string().len() == *digits)
        .unwrap();
    format!("{}{rest}", rest.len() + digits)
}

#[test]
fn pax_records_that_change_the_entry_or_are_malformed() {
    for key in [
        "size",
        "linkpath",
        "GNU.sparse.name",
        "hdrcharset",
        "charset",
        "comment",
        "SCHILY.xattr.x",
        "",
    ] {
        rejects(
            tar().pax(&record(key, "1")).file("x", ""),
            Kind::PaxKey(key.to_owned()),
        );
    }
    for records in [
        "9 path=a",
        "8 path=a\n",
        "11 path=a\n",
        "09 path=a\n",
        "path=a\n",
        "9path=ab\n",
        " 9 path=a\n",
        "9 path a\n",
        "8 path=\n",
        "99999999999999999999 path=a\n",
        "0 \n",
        "2 ",
        "9 path=\0\n",
        "\n",
        "9 path=a\n\n",
        "-9 path=a\n",
    ] {
        rejects(tar().pax(records).file("x", ""), Kind::Pax);
    }
}

/// V0.7: macOS's `tar` names owners in records where they fit no header.
#[test]
fn a_pax_path_behind_a_header_of_another_release() {
    // A reader without PAX unpacks a release that nobody verified.
    let path = record("path", "packages/.conex/claims");
    let evil = tar().pax(&path).file("packages/zz/zz.1/opam", "1");
    rejects(evil, Kind::ShortName);
    let paths = tar().pax(&path).file("packages/.conex/cl", "1").paths();
    assert_eq!(paths, ["packages/.conex/claims"]);
}

#[test]
fn an_archive_of_macos_with_accounts_of_a_directory_service() {
    let owners = [
        ("uid", "1234567890"),
        ("gid", "4294967295"),
        ("uname", "CORP\\j.müller"),
        ("gname", "CORP\\Domain Users"),
    ];
    let owners: String = owners.iter().map(|(k, v)| record(k, v)).collect();
    let named = format!("{owners}{}", record("path", "packages/y"));
    let paths = tar()
        .pax(&owners)
        .dir("packages/")
        .pax(&owners)
        .file("packages/x", "1")
        .pax(&named)
        .file("packages/y", "2")
        .paths();
    assert_eq!(paths, ["packages/x", "packages/y"]);
    // They say nothing to us, but a reader that wants a number fails at anything else.
    for value in ["", "-1", "root", "0x10", "1 ", "99999999999999999999"] {
        for key in ["uid", "gid"] {
            rejects(tar().pax(&record(key, value)).file("x", ""), Kind::Pax);
        }
    }
}

/// V0.7: `git archive` begins with the id of the commit.
#[test]
fn an_archive_of_git_begins_with_a_comment() {
    let comment = record("comment", &"0123456789".repeat(4));
    assert!(comment.starts_with("52 comment=01"));
    let paths = tar().global(&comment).file("packages/x", "1").paths();
    assert_eq!(paths, ["packages/x"]);
    // Anything else that is said of all entries is refused, and so is a second comment.
    for key in [
        "path",
        "size",
        "mtime",
        "uid",
        "linkpath",
        "GNU.sparse.name",
    ] {
        let kind = Kind::PaxGlobalKey(key.to_owned());
        let other = record(key, "1");
        rejects(tar().global(&other).file("x", ""), kind.clone());
        rejects(
            tar().global(&format!("{comment}{other}")).file("x", ""),
            kind,
        );
    }
    rejects(tar().global(&comment.repeat(2)).file("x", ""), Kind::Pax);
    rejects(tar().global(&comment[..51]).file("x", ""), Kind::Pax);
    let empty = Kind::Size {
        what: "a PAX header",
        size: 0,
    };
    rejects(tar().global("").file("x", ""), empty);
    // It stands nowhere else: not twice, not at the end, not between a name and its entry.
    rejects(tar().global(&comment).global(&comment), Kind::PaxGlobal);
    rejects(repository().global(&comment), Kind::PaxGlobal);
    let between = tar().long("x").global(&comment).file("x", "");
    rejects(between, Kind::PaxGlobal);
}
