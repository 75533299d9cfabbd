//! What a killed `enable` or `disable` leaves is no riddle for the next run.

use super::home::{Home, anchor};

/// Nobody but conex changed anything: `disable` says nothing else, and leaves nothing.
#[test]
fn a_killed_disable_is_finished_and_blames_nobody() {
    for config in ["config", "config.foreign"] {
        let home = Home::of_fixture("2.6.1", config);
        let before = home.files();
        let anchors = anchor("d");
        let enable = ["enable", "trap", "--force", "--anchors", &anchors];
        home.does(&[&enable[..], &["--quorum", "1"]].concat());
        // The anchors are gone, then the hook is; the record is still there.
        let root = home.root();
        for (name, bytes) in [("repo/repos-config", &before.1), ("config", &before.0)] {
            std::fs::write(root.join(name), bytes).unwrap();
            let record = std::fs::read(root.join("conex-enable.json")).unwrap();
            let told = home.does(&["disable"]);
            assert!(!told.contains("warning"), "{name}: {told}");
            assert_eq!(home.files(), before);
            std::fs::write(root.join("conex-enable.json"), record).unwrap();
        }
    }
}

/// The record says already what a killed `enable` was to write. What opam had before conex came is
/// not forgotten for that, whether `enable` is given again or `disable`.
#[test]
fn what_a_killed_enable_did_not_write_is_undone_all_the_same() {
    let (d, e) = (anchor("d"), anchor("e"));
    for again in [true, false] {
        let home = Home::of_fixture("2.6.1", "config");
        let before = home.files();
        let first = ["enable", "trap", "--anchors", &d, "--quorum", "1"];
        let second = [
            "enable",
            "trap",
            "--anchors",
            &e,
            "--quorum",
            "1",
            "--nostrict",
        ];
        home.does(&first);
        let enabled = home.files();
        home.does(&second);
        std::fs::write(home.root().join("config"), &enabled.0).unwrap();
        std::fs::write(home.root().join("repo/repos-config"), &enabled.1).unwrap();
        if again {
            home.does(&second);
        }
        let told = home.does(&["disable"]);
        assert!(!told.contains("warning"), "{told}");
        assert_eq!(home.files(), before);
    }
}

/// A copy of opam's clone is large.
#[test]
fn what_a_killed_enable_left_half_written_is_removed() {
    let home = Home::of_fixture("2.6.1", "config");
    let left = [".conex-4194305-0.tmp", "repo/.conex-4194305-Xyz.tmp"];
    for name in left {
        std::fs::write(home.root().join(name), "part").unwrap();
    }
    home.does(&["disable", "--dry-run"]);
    assert!(home.root().join(left[0]).exists());
    home.does(&["disable"]);
    for name in left {
        assert!(!home.root().join(name).exists(), "{name}");
    }
}
