//! What `conex enable` and `conex disable` write into the files of real opams.

use super::home::{CONEX, Home, anchor, printed};
use crate::typed_hints::commands;

#[test]
fn enable_and_disable_leave_every_byte_as_it_was() {
    for version in ["2.0.8", "2.1.2", "2.6.1"] {
        let home = Home::of_fixture(version, "config");
        let before = home.files();
        let anchors = format!("{},{},link={}", anchor("d"), anchor("e"), anchor("f"));
        let enable = ["enable", "trap", "--anchors", &anchors, "--quorum", "2"];
        home.does(&enable);
        let enabled = home.files();
        assert_ne!(enabled, before);
        let again = home.does(&enable);
        assert!(again.contains("Nothing to do"), "{again}");
        assert_eq!(home.files(), enabled);
        // The anchors that opam has already are kept.
        home.does(&["enable", "signed"]);
        assert_eq!(home.files(), enabled);
        // One repository, then everything.
        home.does(&["disable", "trap"]);
        assert_eq!(home.files().1, before.1);
        assert_eq!(home.files().0, enabled.0);
        home.does(&["disable"]);
        assert_eq!(home.files(), before);
        let nothing = home.does(&["disable"]);
        assert!(nothing.contains("Nothing to do"), "{nothing}");
    }
}

#[test]
fn the_one_hook_keeps_what_was_chosen_for_it() {
    let home = Home::of_fixture("2.6.1", "config");
    let lenient = || {
        String::from_utf8(home.files().0)
            .unwrap()
            .contains("--nostrict")
    };
    home.does(&["enable", "signed", "--nostrict"]);
    assert!(lenient());
    home.does(&["enable", "one"]);
    assert!(lenient());
    home.does(&["enable", "one", "--strict"]);
    assert!(!lenient());
    home.does(&["disable"]);
    let (config, ..) = home.files();
    assert_eq!(config, Home::of_fixture("2.6.1", "config").files().0);
}

#[test]
fn a_foreign_hook_stays_unless_forced_and_comes_back() {
    for version in ["2.1.2", "2.6.1"] {
        let home = Home::of_fixture(version, "config.foreign");
        let before = home.files();
        let (status, text) = home.conex(&["enable", "signed"]);
        assert_eq!(status, Some(1), "{text}");
        assert!(
            text.contains("other-hook") && text.contains("--force"),
            "{text}"
        );
        assert_eq!(home.files(), before);
        home.does(&["enable", "signed", "--force"]);
        assert_ne!(home.files(), before);
        home.must(&commands(&text, "ReplaceHook", &[])[0]);
        assert_eq!(home.files(), before);
    }
}

#[test]
fn nothing_is_written_while_opam_runs_by_a_dry_run_or_for_what_makes_no_sense() {
    use rustix::fs::{FlockOperation, fcntl_lock};
    let home = Home::of_fixture("2.6.1", "config");
    let before = home.files();
    let a = anchor("a");
    home.does(&["enable", "signed", "--dry-run"]);
    for (args, expected) in [
        (vec!["enable", "default"], 1), // It has no anchors, and none were given.
        (
            vec!["enable", "nobody", "--anchors", &a, "--quorum", "1"],
            2,
        ),
        (
            vec!["enable", "default", "--anchors", &a, "--quorum", "2"],
            2,
        ),
        (
            vec!["enable", "default", "--anchors", &a, "--quorum", "0"],
            2,
        ),
        (vec!["enable", "default", "--anchors", &a], 2),
        (
            vec!["enable", "default", "--anchors", "", "--quorum", "1"],
            2,
        ),
        (vec!["enable", "signed", "--hook", "conex"], 2),
        (vec!["disable", "signed"], 1), // These anchors are not ours.
    ] {
        let (status, text) = home.conex(&args);
        assert_eq!(status, Some(expected), "{args:?}: {text}");
        assert_eq!(home.files(), before, "{args:?}");
    }
    for name in ["lock", "config.lock", "repo/lock"] {
        let lock = std::fs::File::create(home.root().join(name)).unwrap();
        // As an opam that reads does.
        fcntl_lock(&lock, FlockOperation::NonBlockingLockShared).unwrap_or(());
        fcntl_lock(&lock, FlockOperation::NonBlockingLockExclusive).unwrap();
        let (status, text) = home.conex(&["enable", "signed"]);
        assert_eq!(status, Some(2), "{text}");
        assert!(
            text.contains("opam is running") && text.contains("opam option"),
            "{text}"
        );
        assert_eq!(home.files(), before);
    }
}

#[test]
fn status_names_each_way_past_the_hook() {
    let home = Home::of_fixture("2.6.1", "config");
    let status = |env: &[(&str, &str)]| {
        let mut command = home.command(CONEX);
        command
            .args(["enable", "--status"])
            .envs(env.iter().copied());
        printed(command.output().unwrap())
    };
    let (code, text) = status(&[]);
    assert_eq!(code, Some(1));
    assert!(text.contains("opam has no hook"), "{text}");
    let a = anchor("a");
    for name in ["default", "trap"] {
        home.does(&["enable", name, "--anchors", &a, "--quorum", "1"]);
    }
    let (code, text) = status(&[]);
    assert_eq!(code, Some(0), "{text}");
    for variable in [
        ("OPAMNOCHECKSUMS", "1"),
        ("OPAMVALIDATIONHOOK", "/bin/true"),
        ("OPAMVALIDATIONHOOK", ""),
        ("OPAMVALIDATIONHOOK", "conex verify"),
    ] {
        let (code, text) = status(&[variable]);
        assert_eq!(code, Some(1), "{variable:?}: {text}");
    }
    // The quorum without anchors of `opam repository add NAME URL 2`.
    let repos = home.root().join("repo/repos-config");
    let good = std::fs::read_to_string(&repos).unwrap();
    for (from, to) in [
        (format!("{{\"{a}\"}}\n    {{1}}"), "{} {2}".to_owned()),
        (format!("{{\"{a}\"}}\n    {{1}}"), String::new()),
        (
            format!("{{\"{a}\"}}\n    {{1}}"),
            format!("{{\"{a}\"}} {{0}}"),
        ),
        (
            format!("{{\"{a}\"}}\n    {{1}}"),
            format!("{{\"{a}\"}} {{2}}"),
        ),
        (a.clone(), "sha256=aaaa".to_owned()),
    ] {
        std::fs::write(&repos, good.replacen(&from, &to, 1)).unwrap();
        let (code, text) = status(&[]);
        assert_eq!(code, Some(1), "{to}: {text}");
    }
    std::fs::write(&repos, good).unwrap();
    let config = home.root().join("config");
    let good = std::fs::read_to_string(&config).unwrap();
    for (from, to) in [
        (CONEX, "/nowhere/conex"),
        (CONEX, "conex"),
        (CONEX, "/bin/sh"),
        ("  \"--quorum=%{quorum}%\"\n", ""),
        ("{!incremental}", "{incremental}"),
        ("%{anchors}%", "blake2b=0"),
    ] {
        std::fs::write(&config, good.replacen(from, to, 1)).unwrap();
        let (code, text) = status(&[]);
        assert_eq!(code, Some(1), "{to}: {text}");
    }
    std::fs::write(&config, good).unwrap();
    let (code, text) = home.conex(&["enable", "--status", "--format=json"]);
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((code, &json["protected"]), (Some(0), &true.into()));
}
