//! Clones that opam has, and the user's git configuration.

use std::path::{Path, PathBuf};

use super::home::{Home, printed};
use super::real::opams;

/// The account's git gives patches another form, and takes removals and additions for renames.
/// opam had the clone before the hook: `enable` gives it settings of its own, also where opam 2.1
/// keeps it as an archive, and every update after that is applied.
#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn the_first_update_of_a_clone_is_applied_whatever_the_users_git_says() {
    for (version, program) in opams() {
        for setting in [
            "[diff]\n\tmnemonicPrefix = true\n",
            "[diff]\n\tsrcPrefix = x/y/\n\tdstPrefix = z/\n\tcontext = 0\n",
            "[color]\n\tdiff = always\n",
            "",
        ] {
            println!("opam {version}: {setting:?}");
            first_update(&version, &program, setting);
        }
    }
}

fn first_update(version: &str, program: &Path, setting: &str) {
    let person = Person::new();
    let Person { home, tree, .. } = &person;
    person.commit();
    std::fs::write(home.path("home/.gitconfig"), setting).unwrap();
    person.init(program, &format!("git+file://{}", tree.display()));
    let text = home.does(&["enable", "r", "--anchors", &person.anchors]);
    assert!(!text.contains("warning"), "{version}: {text}");
    // A release is removed and a similar one is added: a rename with an edit, for git.
    let of = |release: &str| tree.join("packages/fmt").join(release);
    let (old, new) = (of("fmt.0.9.0"), of("fmt.0.9.1"));
    std::fs::create_dir(&new).unwrap();
    let text = std::fs::read_to_string(old.join("opam")).unwrap();
    std::fs::write(new.join("opam"), text + "# new\n").unwrap();
    std::fs::remove_dir_all(&old).unwrap();
    person.sign();
    person.commit();
    let (status, text) = person.opam(program, &["update", "r"]);
    let (_, report) = home.conex(&["explain", "r"]);
    assert_eq!(status, Some(0), "{version}, {setting}: {text}\n{report}");
    assert!(report.contains("accepted"), "{version}: {report}");
    let text = home.status(0);
    let valid = text.contains("what opam holds is valid");
    assert!(valid, "{version}: {text}");
}

/// Somebody with opam, and the repository that they use, which `ann` signs.
struct Person {
    home: Home,
    tree: PathBuf,
    anchors: String,
}

impl Person {
    fn new() -> Person {
        let home = Home::new();
        let (tree, anchors) = home.signs("tree", "optional", &["--unclaimed"]);
        std::fs::create_dir_all(home.path("home")).unwrap();
        let person = Person {
            home,
            tree,
            anchors,
        };
        person.git(&["init", "-q"]);
        person
    }

    fn git(&self, args: &[&str]) {
        let mut command = self.home.command("git");
        let who = ["-c", "user.name=n", "-c", "user.email=e@example.org"];
        let command = command.args(who).args(args).current_dir(&self.tree);
        let command = command.env("GIT_CONFIG_GLOBAL", "/dev/null");
        let (status, text) = printed(command.output().unwrap());
        assert_eq!(status, Some(0), "git {args:?}: {text}");
    }

    fn commit(&self) {
        self.git(&["add", "-A", "."]);
        self.git(&["commit", "-q", "-m", "next"]);
    }

    fn sign(&self) {
        let tree = self.tree.to_str().unwrap();
        let args = ["-C", tree, "sign", "--as", "ann", "--yes"];
        self.home.does(&args);
    }

    fn opam(&self, program: &Path, args: &[&str]) -> (Option<i32>, String) {
        printed(self.home.command(program).args(args).output().unwrap())
    }

    fn init(&self, program: &Path, url: &str) {
        let args = ["init", "--bare", "--no-setup", "--disable-sandboxing", "r"];
        let (status, text) = self.opam(program, &[&args[..], &[url]].concat());
        assert_eq!(status, Some(0), "{url}: {text}");
    }
}

/// A local path that is a clone: up to opam 2.3 its `.git` is part of every patch. What was
/// pulled there is applied, and what nobody signed is not.
#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn a_local_path_that_is_a_clone_is_updated() {
    for (version, program) in opams() {
        println!("opam {version}");
        let person = Person::new();
        let Person { home, tree, .. } = &person;
        person.commit();
        person.init(&program, &format!("file://{}", tree.display()));
        home.does(&["enable", "r", "--anchors", &person.anchors]);
        let config = || std::fs::read(tree.join(".git/config")).unwrap();
        let before = config();
        let of = |release: &str| tree.join("packages/fmt").join(release);
        for release in ["fmt.0.9.1", "fmt.0.9.2"] {
            std::fs::create_dir(of(release)).unwrap();
            std::fs::copy(of("fmt.0.9.0/opam"), of(release).join("opam")).unwrap();
            person.sign();
            person.commit();
            let (status, text) = person.opam(&program, &["update", "r"]);
            let (_, report) = home.conex(&["explain", "r"]);
            assert_eq!(status, Some(0), "{version}: {text}\n{report}");
            assert!(report.contains("accepted"), "{version}: {report}");
        }
        let held = home.status(0);
        let valid = held.contains("what opam holds is valid");
        assert!(valid, "{version}: {held}");
        assert_eq!(config(), before);
        std::fs::write(of("fmt.0.9.2/opam"), "opam-version: \"2.0\"\n").unwrap();
        person.commit();
        let (status, text) = person.opam(&program, &["update", "r"]);
        assert_eq!(status, Some(40), "{version}: {text}");
        let report = home.does(&["explain", "r"]);
        let said = report.contains("packages/fmt/fmt.0.9.2/opam");
        assert!(said, "{version}: {report}");
    }
}
