//! `approve --diff`: what is shown is what gets vouched for.

use crate::town::Town;

#[track_caller]
fn shows(town: &Town, options: &str, there: &[&str], not: &[&str]) {
    let told = town.ok(&format!("by ja conex approve --dry-run --diff {options}"));
    for text in there {
        assert!(told.contains(text), "expected {text:?}\n{told}");
    }
    for text in not {
        assert!(!told.contains(text), "not expected {text:?}\n{told}");
    }
}

/// An edit is shown against what was vouched for last, in a branch or not yet committed.
#[test]
fn an_edit_is_shown_as_what_changed() {
    let town = Town::new();
    town.ok("edit fmt.1.0 Mended; by carol conex sign --yes");
    let (there, not) = (
        ["-synopsis: \"fmt.1.0\"", "+synopsis: \"Mended\""],
        ["+maintainer", "shown whole"],
    );
    shows(&town, "", &there, &not);
    town.ok("commit edit");
    shows(&town, "", &there, &not);
    shows(&town, "--since day-one", &there, &not);
}

/// An edit that hides behind a later, harmless one is shown all the same: nobody vouched
/// for what lies between.
#[test]
fn what_nobody_vouched_for_is_no_base() {
    let town = Town::new();
    town.ok("edit fmt.1.0 Evil; by carol conex sign --yes; commit evil
        edit_end fmt.1.0 harmless; by carol conex sign --yes; commit harmless");
    shows(
        &town,
        "",
        &["+synopsis: \"Evil\"", "+bug-reports: \"harmless\""],
        &["shown whole"],
    );
    // Whoever asks for it sees less, and is told.
    shows(
        &town,
        "--since HEAD~1",
        &[
            "+bug-reports: \"harmless\"",
            "compared with what nobody vouched for: fmt.1.0",
        ],
        &["Evil\"\n+"],
    );
}

/// A new release is shown whole, with its files.
#[test]
fn a_new_release_is_shown_whole() {
    let town = Town::new();
    town.ok("release fmt.3.0; mkdir packages/fmt/fmt.3.0/files; echo patch > packages/fmt/fmt.3.0/files/a.patch
        by carol conex sign --yes; commit new");
    shows(
        &town,
        "",
        &["+synopsis: \"fmt.3.0\"", "+patch", "1 release shown whole"],
        &["before/packages/fmt/fmt.1.0"],
    );
}

/// What moves the cursor, or what git would call binary, is shown.
#[test]
fn nothing_hides_from_the_terminal() {
    let town = Town::new();
    town.ok(
        "printf '# \\033[8mhidden\\033[0m \\342\\200\\256\\n' >> packages/fmt/fmt.1.0/opam
        mkdir packages/fmt/fmt.1.0/files
        printf 'echo evil\\n\\0' > packages/fmt/fmt.1.0/files/run
        by carol conex sign --yes; commit tricky",
    );
    shows(
        &town,
        "",
        &["\\u{1b}[8mhidden", "\\u{202e}", "+echo evil"],
        &["\u{1b}", "Binary"],
    );
}

/// Without git there is nothing to compare with, and that is said.
#[test]
fn without_git_everything_is_whole() {
    let town = Town::new();
    town.ok("edit fmt.1.0 Mended; by carol conex sign --yes; rm -rf .git");
    shows(
        &town,
        "",
        &["+maintainer", "1 release shown whole"],
        &["-synopsis"],
    );
    town.fails("by ja conex approve --diff --since HEAD", "git");
}
