//! The program that opam runs: a conex under any name, and nothing else.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::home::{CONEX, Home, copy, printed};

fn hook_of(home: &Home) -> String {
    String::from_utf8(home.files().0).unwrap()
}

/// Whoever downloads it has a file that is called by version and machine. It is a conex: it configures itself, `--status`
/// knows it, another conex replaces it without `--force`, and `disable` takes it away.
#[test]
fn a_download_is_enabled_under_the_name_that_it_has() {
    let home = Home::of_fixture("2.6.1", "config");
    home.repositories(&[(
        "default",
        &format!("{{{:?}}} {{1}}", super::home::anchor("a")),
    )]);
    let before = home.files();
    for name in ["conex-0.1-x86_64-linux", "verifier", "100% mine"] {
        let program = home.path(name);
        copy(Path::new(CONEX), &program);
        let run = |program: &Path, args: &[&str]| {
            let (status, text) = printed(home.command(program).args(args).output().unwrap());
            assert_eq!(status, Some(0), "{name} {args:?}: {text}");
            text
        };
        run(&program, &["enable", "default"]);
        assert!(hook_of(&home).contains(&name.replace('%', "%%")));
        let text = run(&program, &["enable", "--status"]);
        assert!(
            text.contains(&format!("ok       hook: {}", program.display())),
            "{text}"
        );
        // The same bytes elsewhere, which take its place, and are called by --hook from there.
        run(Path::new(CONEX), &["enable", "default"]);
        assert!(!hook_of(&home).contains(&name.replace('%', "%%")));
        run(
            Path::new(CONEX),
            &["enable", "default", "--hook", program.to_str().unwrap()],
        );
        assert!(hook_of(&home).contains(&name.replace('%', "%%")));
        // It is gone: that is said, with the way out, and another one can be put in its place or the hook taken away.
        std::fs::remove_file(&program).unwrap();
        let (status, text) = home.conex(&["enable", "--status"]);
        assert_eq!(status, Some(1), "{text}");
        assert!(
            text.contains("opam refuses every update") && text.contains("conex disable"),
            "{text}"
        );
        home.does(&["disable"]);
        assert_eq!(home.files(), before);
    }
}

/// Each refusal says what is wrong with the file.
#[test]
fn a_program_that_opam_could_not_run_is_refused_for_what_it_is() {
    let home = Home::of_fixture("2.6.1", "config");
    let before = home.files();
    let plain = home.path("plain");
    std::fs::write(&plain, "#!/bin/sh\necho conex 1.0\n").unwrap();
    for (file, says) in [
        ("conex".into(), "is not an absolute path"),
        ("bin/conex".into(), "realpath"),
        (home.path("nothing"), "No such file"),
        (home.path("home"), "is not a file"),
        (plain.clone(), "is not executable"),
        (PathBuf::from("/bin/sh"), "is not a conex"),
    ] {
        let (status, text) = home.conex(&["enable", "signed", "--hook", file.to_str().unwrap()]);
        assert_eq!(status, Some(2), "{text}");
        assert!(text.contains(says), "{says}: {text}");
        assert_eq!(home.files(), before);
    }
    std::fs::set_permissions(&plain, std::fs::Permissions::from_mode(0o755)).unwrap();
    home.does(&["enable", "signed", "--hook", plain.to_str().unwrap()]);
}

/// A command that has the form of ours, and whose program is another: what it says opam goes by, so `--status` calls it an
/// error, and `enable` does not replace it unasked.
#[test]
fn a_program_that_only_looks_like_a_conex_is_told_apart() {
    let home = Home::of_fixture("2.6.1", "config");
    home.does(&["enable", "signed"]);
    let path = home.root().join("config");
    let good = std::fs::read_to_string(&path).unwrap();
    let other = home.path("conex");
    std::fs::write(&other, "#!/bin/sh\nexit 0\n").unwrap();
    std::fs::set_permissions(&other, std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::write(&path, good.replace(CONEX, other.to_str().unwrap())).unwrap();
    let (_, text) = home.conex(&["enable", "--status"]);
    assert!(
        text.contains("error    hook: ") && text.contains("is not a conex"),
        "{text}"
    );
    let (status, text) = home.conex(&["enable", "signed"]);
    assert_eq!(status, Some(1), "{text}");
    assert!(text.contains("--force"), "{text}");
    home.does(&["enable", "signed", "--force"]);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), good);
}
