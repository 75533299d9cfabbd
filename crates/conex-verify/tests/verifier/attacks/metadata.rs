//! A second way to write the same metadata would be a second digest, or one that a
//! careless reader takes for the first. There is none.

use conex_verify::finding::Code;
use conex_verify::format::digest::Digest;

use crate::world::*;

/// All kinds of metadata file in one world.
fn files() -> (World, Vec<String>) {
    let mut w = World::usual();
    w.teamed("crew", &["bob", "ja"]);
    let repo = w.repo_file(at(0, 1), &[], &[]);
    w.quorum_says(vec![repo]);
    w.claimed(at(0, 1), &["fmt"]);
    w.link(&link(2, &["ja", "jb", "jc"], &["ja", "jb"]));
    let index = w
        .paths()
        .into_iter()
        .find(|p| p.contains("/index/bob/"))
        .unwrap();
    let paths = vec![
        "packages/.conex/janitors/0".to_owned(),
        "packages/.conex/janitors/1".to_owned(),
        "packages/.conex/ids/bob".to_owned(),
        "packages/.conex/ids/crew".to_owned(),
        "packages/.conex/repo".to_owned(),
        "packages/.conex/claims".to_owned(),
        "packages/fmt/authorisation".to_owned(),
        "packages/fmt/releases".to_owned(),
        "packages/fmt/fmt.1.0/checksum".to_owned(),
        index,
    ];
    w.verdict().is_accepted();
    (w, paths)
}

/// Text with the check line that fits it, if it has one.
fn recheck(text: &str) -> String {
    let bytes = resealed(text.as_bytes()).unwrap_or_else(|| text.into());
    String::from_utf8(bytes).unwrap()
}

/// A way to write the same file again, and what it is called.
type Rewrite = (&'static str, fn(&str) -> String);

#[test]
fn a_second_way_to_write_the_same_is_refused() {
    let (w, paths) = files();
    let changes: Vec<Rewrite> = vec![
        ("a comment", |t| format!("# hello\n{t}")),
        ("a comment at the end", |t| format!("{t}# hello\n")),
        ("a blank line", |t| t.replacen('\n', "\n\n", 1)),
        ("trailing blank", |t| t.replacen('\n', " \n", 1)),
        ("a byte order mark", |t| format!("\u{feff}{t}")),
        ("CRLF", |t| t.replace('\n', "\r\n")),
        ("no final newline", |t| t.trim_end().to_owned()),
        ("two final newlines", |t| format!("{t}\n")),
        ("a NUL at the end", |t| format!("{t}\0")),
        ("an escape", |t| t.replacen("\"b", "\"\\x62", 1)),
        ("a decimal escape", |t| {
            t.replacen("type: \"", "type: \"\\097", 1)
        }),
        ("triple quotes", |t| {
            t.replacen("type: \"", "type: \"\"\"", 1)
                .replacen("\"\n", "\"\"\"\n", 1)
        }),
        ("an unknown field", |t| format!("{t}x-more: \"1\"\n")),
        ("a section", |t| format!("{t}more {{ }}\n")),
        ("another format", |t| {
            t.replacen("format: 1", "format: 2", 1)
        }),
        ("format as text", |t| {
            t.replacen("format: 1", "format: \"1\"", 1)
        }),
        ("a leading zero", |t| {
            t.replacen("format: 1", "format: 01", 1)
        }),
        ("fields in another order", |t| {
            let mut lines: Vec<&str> = t.lines().collect();
            lines.swap(0, 1);
            lines.join("\n") + "\n"
        }),
        ("a field twice", |t| {
            t.replacen("format: 1\n", "format: 1\nformat: 1\n", 1)
        }),
        ("a field left out", |t| t.replacen("format: 1\n", "", 1)),
    ];
    for path in &paths {
        let text = String::from_utf8(w.bytes(path)).unwrap();
        for (what, change) in &changes {
            for fix in [false, true] {
                let mut changed = change(&text);
                if changed == text {
                    continue;
                }
                if fix {
                    changed = recheck(&changed);
                }
                if changed == text {
                    continue;
                }
                let mut w = w.clone();
                w.file(path, &changed);
                let verdict = w.verdict();
                assert!(!verdict.accepted, "{path}: {what}");
                assert!(
                    verdict.findings.iter().any(|f| f.path == *path
                        && matches!(
                            f.code,
                            Code::Syntax | Code::Encoding | Code::CheckLine | Code::WrongIdentity
                        )),
                    "{path}: {what}: {}",
                    verdict.text()
                );
            }
        }
    }
}

/// Two entries of one set in the other order, and one of them twice.
#[test]
fn unsorted_and_repeated_entries_are_refused() {
    let mut w = World::usual();
    w.joined("eve");
    let entry = w.authorisation("fmt", at(0, 2), &["bob", "eve"]);
    w.quorum_says(vec![entry]);
    let path = "packages/fmt/authorisation";
    let text = String::from_utf8(w.bytes(path)).unwrap();
    for changed in [
        text.replace("  \"bob\"\n  \"eve\"\n", "  \"eve\"\n  \"bob\"\n"),
        text.replace("  \"bob\"\n", "  \"bob\"\n  \"bob\"\n"),
    ] {
        assert_ne!(changed, text);
        let mut w = w.clone();
        w.file(path, recheck(&changed));
        w.verdict().is_rejected(Code::Encoding, path);
    }
}

/// Two branches changed the same file and git merged the lines: nobody vouched for
/// the result, and the check line says so before anything else does.
#[test]
fn a_merge_that_git_made_is_noticed_by_the_check_line() {
    let w = World::usual();
    for path in [
        "packages/fmt/authorisation",
        "packages/fmt/releases",
        "packages/.conex/ids/bob",
    ] {
        let text = String::from_utf8(w.bytes(path)).unwrap();
        let mut w = w.clone();
        w.file(path, text.replace("counter: 1\n", "counter: 2\n"));
        w.verdict().is_rejected(Code::CheckLine, path);
    }
}

/// A digest of an algorithm that is not known is an error and not ignored.
#[test]
fn an_unknown_digest_algorithm_is_refused() {
    let (w, paths) = files();
    for path in paths {
        let text = String::from_utf8(w.bytes(&path)).unwrap();
        for other in ["sha256=", "md5=", "blake3=", "BLAKE2B="] {
            let changed = text.replacen("blake2b=", other, 1);
            if changed == text {
                continue;
            }
            let mut w = w.clone();
            w.file(&path, recheck(&changed));
            w.verdict().is_rejected(Code::Encoding, &path);
        }
        let upper = text.replacen("blake2b=a", "blake2b=A", 1);
        if upper != text {
            let mut w = w.clone();
            w.file(&path, recheck(&upper));
            w.verdict().is_rejected(Code::Encoding, &path);
        }
    }
}

/// Weak keys verify signatures that anybody makes; other key types are not used. Whether a
/// listed key is a point of the curve is asked only where something is signed with it.
#[test]
fn weak_and_foreign_keys_are_refused() {
    use base64ct::{Base64, Encoding as _};
    let w = World::usual();
    let path = "packages/.conex/ids/bob";
    let text = String::from_utf8(w.bytes(path)).unwrap();
    let wire = |kind: &str, point: &[u8]| {
        let mut wire = Vec::new();
        conex_verify::format::key::put(&mut wire, kind.as_bytes());
        conex_verify::format::key::put(&mut wire, point);
        format!("{kind} {}", Base64::encode_string(&wire))
    };
    let mut identity = [0u8; 32];
    identity[0] = 1;
    // p + 1: the identity, written a second way.
    let mut second = [0xffu8; 32];
    second[0] = 0xee;
    second[31] = 0x7f;
    for (key, code) in [
        (wire("ssh-ed25519", &[0; 32]), Code::Equivocation),
        (wire("ssh-ed25519", &identity), Code::Equivocation),
        (wire("ssh-ed25519", &second), Code::Equivocation),
        (wire("ssh-ed25519", &[0xff; 32]), Code::Equivocation),
        (wire("ssh-ed25519", &[1; 31]), Code::BadKey),
        (wire("ssh-rsa", &[1; 32]), Code::BadKey),
        ("ssh-ed25519 AAAA".to_owned(), Code::BadKey),
        ("ssh-ed25519".to_owned(), Code::BadKey),
        (format!("{} comment", public("bob")), Code::BadKey),
    ] {
        let changed = text.replace(&public("bob").to_string(), &key);
        assert_ne!(changed, text);
        let mut w = w.clone();
        w.file(path, recheck(&changed));
        w.verdict().is_rejected(code, path);
    }
}

/// A segment without a signature, with two, with one that is no signature.
#[test]
fn segments_have_exactly_one_signature() {
    let w = World::usual();
    let path = w
        .paths()
        .into_iter()
        .find(|p| p.contains("/index/bob/"))
        .unwrap();
    let text = String::from_utf8(w.bytes(&path)).unwrap();
    let start = text.find("signatures: ").unwrap();
    let line = text
        .lines()
        .find(|l| l.starts_with("  [\"blake2b=") && text.find(l).unwrap() > start)
        .unwrap();
    let other = line.replace(
        &fingerprint("bob").to_string(),
        &fingerprint("eve").to_string(),
    );
    let mut two = [line, other.as_str()];
    two.sort_unstable();
    for changed in [
        format!("{}signatures: []\n", &text[..start]),
        text[..start].to_owned(),
        format!(
            "{}signatures: [\n{}\n{}\n]\n",
            &text[..start],
            two[0],
            two[1]
        ),
        format!(
            "{}signatures: [\n  [\"{}\" \"AAAA\"]\n]\n",
            &text[..start],
            fingerprint("bob")
        ),
    ] {
        let (id, bytes) = ("bob", changed.into_bytes());
        let place = conex_verify::format::path::segment_path(
            &crate::world::id(id),
            &Digest::of(&bytes).short(),
        );
        let mut w = w.clone();
        w.file(&place, bytes);
        w.verdict().is_rejected(Code::Encoding, &place);
    }
}
