//! The exact text of reports, and what hostile text becomes in them.

use super::*;
use conex_verify::finding::{Cause, Code, remedy};
use conex_verify::format::name::Id;

/// The two findings of the manual, and a warning and a note.
fn findings() -> Vec<Finding> {
    let checksum = b"format: 1\ntype: \"checksum\"\nname: \"lwt.5.9.1\"\nepoch: 0\ncounter: 4\nrepository: \"r\"\nfiles: [\n  [\"opam\" 1843 \"blake2b=9f0c\"]\n]\n";
    vec![
        Finding::note(
            Code::UnknownKey,
            "packages/.conex/ids/author-d",
            "a segment is signed with a key that is not valid for `author-d`",
        ),
        Finding::error(
            Code::Quorum,
            "packages/lwt/authorisation",
            "authorisation of `lwt` has 2 of 3 janitor approvals",
        )
        .value("counted", "janitor-a, janitor-b")
        .value("not", "janitor-d: signed with the key of `janitor-b`"),
        Finding::warning(
            Code::WeakChecksum,
            "packages/lwt/lwt.5.9.1/opam",
            "`packages/lwt/lwt.5.9.1/opam` has only MD5 for its source archive",
        ),
        Finding::error(
            Code::Digest,
            "packages/lwt/lwt.5.9.1/checksum",
            "`packages/lwt/lwt.5.9.1/opam` is not what its maintainers signed",
        )
        .at(
            checksum,
            93..99,
            "vouched for by `author-c` (owner), 2026-11-02",
        )
        .value("expected", "1843 bytes  blake2b=9f0c41e7")
        .value("found", "1902 bytes  blake2b=71d2a08b")
        .hint(
            "opam keeps the previous, verified repository; report it with `conex explain --bundle`",
        ),
    ]
}

const SUMMARY: &str =
    "rejected: 2 errors in 1 of 214 changed files (47,602 files checked in 0.31 s)";

fn plain(findings: &[Finding], shown: Shown) -> String {
    let options = HumanOptions {
        shown,
        summary: SUMMARY,
        ..HumanOptions::default()
    };
    human(findings, &options)
}

#[test]
fn a_report_reads_from_the_top() {
    let expected = r#"error[E014]: `packages/lwt/lwt.5.9.1/opam` is not what its maintainers signed
 --> packages/lwt/lwt.5.9.1/checksum:8:4
  |
8 |   ["opam" 1843 "blake2b=9f0c"]
  |    ^^^^^^ vouched for by `author-c` (owner), 2026-11-02

      expected  1843 bytes  blake2b=9f0c41e7
      found     1902 bytes  blake2b=71d2a08b

hint: opam keeps the previous, verified repository; report it with `conex explain --bundle`

error[E021]: authorisation of `lwt` has 2 of 3 janitor approvals
 --> packages/lwt/authorisation
      counted  janitor-a, janitor-b
      not      janitor-d: signed with the key of `janitor-b`

warning[E046]: `packages/lwt/lwt.5.9.1/opam` has only MD5 for its source archive

note[E019]: a segment is signed with a key that is not valid for `author-d`
 --> packages/.conex/ids/author-d

rejected: 2 errors in 1 of 214 changed files (47,602 files checked in 0.31 s)
"#;
    assert_eq!(plain(&findings(), Shown::All), expected);
}

#[test]
fn the_first_findings_are_shown_and_the_others_counted() {
    let text = plain(&findings(), Shown::First(1));
    assert!(text.starts_with("error[E014]: "), "{text}");
    assert!(text.ends_with(&format!(
        "--bundle`\n\nand 1 more error, 1 more warning and 1 more note (`--all` shows them)\n\n{SUMMARY}\n"
    )));
    let mut many = findings();
    many.truncate(2);
    many.remove(0);
    let many: Vec<Finding> = std::iter::repeat_n(many[0].clone(), 47).collect();
    let text = plain(&many, Shown::First(10));
    assert!(text.contains("\nand 37 more errors (`--all` shows them)\n"));
    assert_eq!(text.matches("error[E021]").count(), 10);
    let text = plain(&many, Shown::First(0));
    assert!(
        text.starts_with("47 errors (`--all` shows them)\n"),
        "{text}"
    );
}

#[test]
fn a_hint_is_given_once() {
    let finding = |path| Finding::error(Code::BadPath, path, "bad").hint("rename it");
    let text = plain(&[finding("a"), finding("b")], Shown::All);
    assert_eq!(text.matches("hint: rename it").count(), 1);
}

#[test]
fn nothing_to_say_is_the_summary_alone() {
    assert_eq!(plain(&[], Shown::All), format!("{SUMMARY}\n"));
    assert_eq!(human(&[], &HumanOptions::default()), "");
}

#[test]
fn colours_add_nothing_but_escape_sequences() {
    let options = HumanOptions {
        color: Color::Always,
        summary: SUMMARY,
        ..HumanOptions::default()
    };
    let text = human(&findings(), &options);
    assert!(text.contains("\x1b["));
    let mut stripped = String::new();
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once('\x1b') {
        stripped.push_str(before);
        rest = after.split_once('m').unwrap().1;
    }
    stripped.push_str(rest);
    assert_eq!(stripped, plain(&findings(), Shown::All));
}

/// Text that moves the cursor, turns the direction of writing, hides, breaks lines.
const HOSTILE: &str = "a\x1b[2Kb\u{202e}c\u{200b}d\u{2066}e\u{feff}f\ng\rh\u{7f}i\u{9b}j\u{3164}k\u{ad}l\u{2028}m\u{e0041}n\u{301}o\tp\u{2800}q\u{a0}r";

fn hostile() -> Finding {
    Finding::error(Code::BadPath, HOSTILE, HOSTILE)
        .value(HOSTILE, HOSTILE)
        .hint(HOSTILE)
        .at(HOSTILE.as_bytes(), 1..3, HOSTILE)
}

#[test]
fn hostile_text_does_nothing_anywhere() {
    let is_harmless = |text: &str| {
        for c in text.chars() {
            assert!(matches!(c, '\n' | '…' | ' '..='~'), "{c:?} in {text:?}");
        }
    };
    let options = HumanOptions {
        summary: HOSTILE,
        ..HumanOptions::default()
    };
    let mut other = hostile();
    other.excerpt = None;
    other.message = "short".to_owned();
    let all = [hostile(), other];
    let text = human(&all, &options);
    is_harmless(&text);
    is_harmless(&json(&all, Reader::Client, [HOSTILE]));
    let line = one_line(&all);
    is_harmless(&line);
    assert!(!line.contains('\n'));
    assert_eq!(
        neutral("a\x1b[2Kb\u{202e}c\u{200b}\n\u{3164}ü`'\"\\"),
        r#"a\u{1b}[2Kb\u{202e}c\u{200b}\n\u{3164}ü`'"\"#
    );
}

#[test]
fn an_excerpt_with_a_wrong_mark_is_no_panic() {
    for (start, end) in [(0, 0), (5, 2), (100, 200), (1, usize::MAX)] {
        let mut finding = Finding::error(Code::Syntax, "p", "m").at(b"abc", 0..1, "");
        let excerpt = finding.excerpt.as_mut().unwrap();
        excerpt.text = "ü\nx".to_owned();
        excerpt.mark = start..end;
        excerpt.line = usize::MAX;
        assert!(plain(&[finding], Shown::All).contains("???x"));
    }
}

#[test]
fn the_column_is_that_of_the_line_where_only_a_part_is_shown() {
    let line = format!("{}X{}", "a".repeat(500), "b".repeat(500));
    let finding = Finding::error(Code::Syntax, "p", "m").at(line.as_bytes(), 500..501, "here");
    let expected = format!(
        "error[E010]: m\n --> p:1:501\n  |\n1 | {}X{}\n  | {}^ here\n",
        "a".repeat(60),
        "b".repeat(99),
        " ".repeat(60)
    );
    assert_eq!(
        human(std::slice::from_ref(&finding), &HumanOptions::default()),
        expected
    );
    let color = HumanOptions {
        color: Color::Always,
        ..HumanOptions::default()
    };
    assert!(human(&[finding], &color).contains("p:1:501"));
}

#[test]
fn endless_text_is_cut() {
    let long = "ü".repeat(1_000_000);
    let finding = Finding::error(Code::BadPath, &*long, &*long)
        .value(&long, &long)
        .hint(&*long);
    let text = plain(std::slice::from_ref(&finding), Shown::All);
    assert!(text.chars().count() < 4_000, "{}", text.len());
    assert!(one_line(&[finding]).chars().count() <= ONE_LINE);
}

#[test]
fn one_line_names_the_most_important() {
    assert_eq!(
        one_line(&findings()),
        "error[E014]: packages/lwt/lwt.5.9.1/checksum: `packages/lwt/lwt.5.9.1/opam` is not what its maintainers signed (and 1 more error, 1 more warning and 1 more note)"
    );
    assert_eq!(one_line(&[]), "");
    let long = Finding::error(Code::BadPath, "p/".repeat(200), "m".repeat(400));
    let line = one_line(&[long.clone(), long]);
    assert_eq!(line.chars().count(), ONE_LINE);
    assert!(line.ends_with("m… (and 1 more error)"), "{line}");
}

#[test]
fn json_is_versioned_and_complete() {
    #[derive(serde::Serialize)]
    struct Summary {
        verdict: &'static str,
        files: u64,
    }
    let summary = Summary {
        verdict: "rejected",
        files: 3,
    };
    let all = findings();
    let text = json(&[all[3].clone(), all[1].clone()], Reader::Client, summary);
    assert_eq!(
        text,
        concat!(
            r#"{"schema":1,"counts":{"errors":2,"warnings":0,"notes":0},"findings":["#,
            r#"{"code":"E014","title":"bytes differ from what was vouched for","severity":"error","#,
            r#""path":"packages/lwt/lwt.5.9.1/checksum","#,
            r#""message":"`packages/lwt/lwt.5.9.1/opam` is not what its maintainers signed","#,
            r#""file":null,"line":8,"column":4,"excerpt":"  [\"opam\" 1843 \"blake2b=9f0c\"]","#,
            r#""label":"vouched for by `author-c` (owner), 2026-11-02","#,
            r#""values":[{"label":"expected","value":"1843 bytes  blake2b=9f0c41e7"},"#,
            r#"{"label":"found","value":"1902 bytes  blake2b=71d2a08b"}],"#,
            r#""hint":"opam keeps the previous, verified repository; report it with `conex explain --bundle`","cause":null,"explains":false},"#,
            r#"{"code":"E021","title":"fewer approvals than the quorum","severity":"error","#,
            r#""path":"packages/lwt/authorisation","#,
            r#""message":"authorisation of `lwt` has 2 of 3 janitor approvals","#,
            r#""file":null,"line":null,"column":null,"excerpt":null,"label":null,"#,
            r#""values":[{"label":"counted","value":"janitor-a, janitor-b"},"#,
            r#"{"label":"not","value":"janitor-d: signed with the key of `janitor-b`"}],"hint":"","cause":null,"explains":false}],"#,
            r#""summary":{"verdict":"rejected","files":3}}"#,
            "\n"
        )
    );
}

#[test]
fn json_gives_hostile_text_back_exactly() {
    let text = json(
        &[hostile()],
        Reader::Client,
        serde_json::json!({ "x": "\u{1f600}" }),
    );
    assert!(text.is_ascii());
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["findings"][0]["path"], HOSTILE);
    assert_eq!(value["findings"][0]["values"][0]["value"], HOSTILE);
    assert_eq!(value["summary"]["x"], "\u{1f600}");
}

#[test]
fn counts_are_words() {
    let counts = |errors, warnings, notes| {
        Counts {
            errors,
            warnings,
            notes,
        }
        .to_string()
    };
    assert_eq!(counts(0, 0, 0), "no findings");
    assert_eq!(counts(1, 0, 0), "1 error");
    assert_eq!(counts(2, 0, 1), "2 errors and 1 note");
    assert_eq!(counts(1, 2, 3), "1 error, 2 warnings and 3 notes");
}

/// A file that waits, what follows from it, and something else.
fn caused() -> Vec<Finding> {
    let cause = Cause::Id(Id::new("ann").unwrap());
    let follows = |path: &str| {
        Finding::error(
            Code::NotVouched,
            path,
            format!("nobody vouches for `{path}`"),
        )
        .because(cause.clone())
    };
    vec![
        follows("b/releases"),
        Finding::error(Code::Digest, "c/opam", "`c/opam` is not what was signed"),
        follows("a/releases"),
        Finding::warning(Code::PendingId, "ann", "`ann` waits for 1 more janitor")
            .remedy(&remedy::APPROVE, "ann")
            .explaining(cause.clone()),
    ]
}

/// What explains others comes first and is as severe as they are; nothing else is folded.
#[test]
fn a_cause_is_told_in_place_of_what_follows() {
    let text = human(&caused(), &HumanOptions::default());
    let expected = "error[E028]: `ann` waits for 1 more janitor\n\nhint: ask the repository's maintainers: they are not done with it, or the server or mirror hides what they signed\n\n2 findings follow from this (`--all` shows them)\n\nerror[E014]: `c/opam` is not what was signed\n";
    assert_eq!(text, expected);
    let line = one_line(&caused());
    assert_eq!(
        line,
        "error[E028]: `ann` waits for 1 more janitor (2 findings follow from this; and 1 more error)"
    );
    let options = HumanOptions {
        shown: Shown::All,
        reader: Reader::WorkTree,
        ..HumanOptions::default()
    };
    let text = human(&caused(), &options);
    assert_eq!(text.matches("error[E022]").count(), 2, "{text}");
    assert!(text.contains("2 findings follow from this:\n"), "{text}");
    assert!(text.contains("`conex approve ann`"), "{text}");
}

/// Every finding is in exactly one group, whatever the causes are.
#[test]
fn no_finding_is_lost() {
    let mut findings = caused();
    findings.extend(self::findings());
    for _ in 0..findings.len() {
        findings.rotate_left(1);
        let groups = groups(&findings);
        let told: Vec<&Finding> = groups.iter().flat_map(|g| g.all()).collect();
        assert_eq!(told.len(), findings.len());
        let same = |a: &Finding, b: &Finding| (&a.path, &a.message) == (&b.path, &b.message);
        assert!(findings.iter().all(|f| told.iter().any(|t| same(t, f))));
        // Without the finding that explains it, the words of the cause stand there.
        let left: Vec<Finding> = findings.iter().filter(|f| !f.explains).cloned().collect();
        let text = human(
            &left,
            &HumanOptions {
                shown: Shown::First(50),
                ..HumanOptions::default()
            },
        );
        assert!(
            text.contains("error[E022]: `ann` is not valid, and this follows from it"),
            "{text}"
        );
        assert!(text.contains("2 findings follow"), "{text}");
    }
}

/// Digests are compared by eye; keys are compared with what somebody else says.
#[test]
fn digests_are_short_and_keys_are_whole() {
    let digest = |c: &str| format!("blake2b={}", c.repeat(64));
    let finding = Finding::error(Code::Digest, "a", "`a` differs")
        .value("expected", format!("12 bytes  {}", digest("a")))
        .value("found", digest("b"))
        .value("key", digest("c"));
    let text = plain(std::slice::from_ref(&finding), Shown::All);
    assert!(
        text.contains("12 bytes  blake2b=aaaaaaaaaaaaaaaa\u{2026}\n"),
        "{text}"
    );
    assert!(text.contains(&digest("c")), "{text}");
    assert!(json(&[finding], Reader::Client, ()).contains(&digest("a")));
    // Attack: two digests that begin alike.
    let other = format!("blake2b={}{}", "a".repeat(16), "b".repeat(48));
    let finding = Finding::error(Code::Digest, "a", "`a` differs")
        .value("expected", digest("a"))
        .value("found", &other);
    let text = plain(&[finding], Shown::All);
    assert!(
        text.contains(&digest("a")) && text.contains(&other),
        "{text}"
    );
}

/// At a terminal no line is wider than it, whatever it shows, but for a command or a value.
#[test]
fn a_report_keeps_to_the_width() {
    let options = HumanOptions {
        width: Some(60),
        reader: Reader::Merge,
        ..HumanOptions::default()
    };
    let text = human(&caused(), &options);
    assert!(text.lines().all(|line| line.len() <= 60), "{text}");
    assert!(text.contains("`conex approve ann`"), "{text}");
}
