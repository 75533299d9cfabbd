//! A repository that comes unverified on purpose is recorded, and the record is about `--status` alone.

use super::home::{Home, anchor};
use crate::typed_hints::commands;

/// One signed repository, and an overlay of one's own that nobody signs.
fn with_overlay() -> Home {
    let makes = Home::new();
    let (tree, anchors) = makes.signs("tree", "optional", &["--unclaimed"]);
    let home = Home::of_one(&tree);
    home.repositories(&[("default", ""), ("overlay", "")]);
    home.does(&["enable", "default", "--anchors", &anchors]);
    home
}

/// `--status` fails for it until it is recorded, and then exits with 0 and still names it. Nothing that opam or the hook
/// reads changes by the record.
#[test]
fn a_deliberate_overlay_does_not_make_status_fail_for_ever() {
    let home = with_overlay();
    let before = home.files();
    let text = home.status(1);
    assert!(text.contains("conex enable overlay --leave-out"), "{text}");
    home.does(&["enable", "overlay", "--leave-out", "--dry-run"]);
    home.status(1);
    home.does(&["enable", "overlay", "--leave-out"]);
    home.does(&["enable", "overlay", "--leave-out"]);
    assert_eq!(home.files(), before);
    let text = home.status(0);
    assert!(text.contains("left out overlay: "), "{text}");
    assert!(
        text.contains("Every update is verified, but for `overlay`"),
        "{text}"
    );
    let json = home.json();
    assert_eq!(
        (&json["protected"], &json["checks"][2]["state"]),
        (&true.into(), &"left_out".into())
    );
    // Another change keeps it; `disable` of the one repository forgets it, and that of all.
    home.does(&["enable", "default", "--nostrict"]);
    home.status(0);
    let text = home.does(&["disable", "overlay"]);
    assert!(text.contains("Forgot that `overlay`"), "{text}");
    home.status(1);
    home.does(&["enable", "overlay", "--leave-out"]);
    home.does(&["disable"]);
    assert!(!home.files().2);
}

/// The record is about this repository at this URL. Whoever puts another one in its place is not covered by it.
#[test]
fn the_record_is_not_good_for_another_repository_of_that_name() {
    let home = with_overlay();
    home.does(&["enable", "overlay", "--leave-out"]);
    let path = home.root().join("repo/repos-config");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(
        &path,
        text.replace("https://overlay.example", "https://evil.example"),
    )
    .unwrap();
    let text = home.status(1);
    assert!(
        text.contains("https://overlay.example") && text.contains("https://evil.example"),
        "{text}"
    );
    // opam removed it, and the record can still be forgotten.
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(
        &path,
        text.replace("  \"overlay\" {\"https://evil.example\"} \n", ""),
    )
    .unwrap();
    home.status(0);
    home.does(&["disable", "overlay"]);
    let (status, _) = home.conex(&["disable", "overlay"]);
    assert_eq!(status, Some(2));
}

/// A repository with anchors is verified, whatever is recorded: the record is refused for it, counts for nothing beside
/// anchors that came later, and is gone when `enable` sets some.
#[test]
fn what_has_anchors_is_verified_and_not_left_out() {
    let home = with_overlay();
    let before = home.files();
    let (status, text) = home.conex(&["enable", "default", "--leave-out"]);
    assert_eq!(status, Some(1), "{text}");
    let way = commands(&text, "DisableFirst", &[]);
    for more in [
        ["--quorum", "1"],
        ["--anchors", "a"],
        ["--strict", "--dry-run"],
        ["--force", "--dry-run"],
    ] {
        let (status, _) = home.conex(&[&["enable", "overlay", "--leave-out"], &more[..]].concat());
        assert_eq!(status, Some(2), "{more:?}");
    }
    assert_eq!(home.files(), before);
    home.does(&["enable", "overlay", "--leave-out"]);
    let path = home.root().join("repo/repos-config");
    let good = std::fs::read_to_string(&path).unwrap();
    let url = "{\"https://overlay.example\"}";
    std::fs::write(
        &path,
        good.replace(url, &format!("{url} {{\"mistyped\"}} {{1}}")),
    )
    .unwrap();
    let text = home.status(1);
    assert!(
        text.contains("overlay: the anchor \"mistyped\" is not a fingerprint"),
        "{text}"
    );
    std::fs::write(&path, good).unwrap();
    home.does(&[
        "enable",
        "overlay",
        "--anchors",
        &anchor("a"),
        "--quorum",
        "1",
    ]);
    assert_eq!(home.json()["checks"][2]["policy"]["mode"], "strict");
    home.does(&["disable", "overlay"]);
    home.status(1);
    home.must(&way[0]);
    home.does(&["enable", "default", "--leave-out"]);
}
