//! A repository of packages that is a directory below the top of a git repository: what is shown
//! before somebody signs, and what `check` judges, is the same there.

use crate::town::Town;

/// The town on day one, in the directory `of/packages` of a git repository; the branch is `main`.
fn below() -> Town {
    let town = Town::new();
    town.ok("mkdir -p ../mono/of; git -C ../mono init -q -b main .
        cp -r . ../mono/of/packages; rm -rf ../mono/of/packages/.git
        cd ../mono; echo x > README; commit start");
    town
}

/// T7: Whoever approves sees what the release was before, and whose the package was.
#[test]
fn what_counted_before_is_found_in_the_history() {
    let town = below();
    let told = town.ok("cd ../mono/of/packages
        edit lwt.1.0 Mended; by carol conex sign --yes
        by ja conex owner add bob fmt; by ja conex owner remove alice fmt; commit edit
        by ja conex approve --dry-run --diff");
    for text in [
        "-synopsis: \"lwt.1.0\"",
        "+synopsis: \"Mended\"",
        "!! `fmt` is taken from `alice`, and goes to `bob`",
        "the release lwt.1.0, which was signed: opam changes",
    ] {
        assert!(told.contains(text), "expected {text:?}\n{told}");
    }
    assert!(!told.contains("is not at hand"), "{told}");
}

/// Since when something is as it is, is found there as well.
#[test]
fn status_finds_since_when() {
    let town = below();
    let told = town.ok("cd ../mono/of/packages; conex status bob");
    assert!(told.contains(", as it is since "), "{told}");
}

/// What commits touch, and whether they can be merged, is asked of that directory alone.
#[test]
fn a_range_and_a_check_are_of_that_directory() {
    let town = below();
    let told = town.ok("cd ../mono; git checkout -qb edit; echo y > README
        cd of/packages; edit fmt.1.0 Mended; by alice conex sign --yes; commit edit
        edit logs.1.0 Mended; by carol conex sign --yes; commit logs
        by ja conex approve --dry-run --range HEAD~1..HEAD
        conex check main..HEAD~1; cd ../..; conex -C of/packages check main..HEAD~1");
    assert!(
        told.contains("logs.1.0") && !told.contains("cannot be"),
        "{told}"
    );
    let mergeable = told.matches("mergeable into main as it is now").count();
    assert_eq!(mergeable, 2, "{told}");
    assert!(told.contains("in the package fmt"), "{told}");
    town.fails(
        "cd ../mono/of/packages; echo z >> packages/fmt/fmt.1.0/opam; commit spoilt; conex check main..HEAD",
        "packages/fmt/fmt.1.0/opam",
    );
}

/// C13: Where in the repository somebody stands who asks, changes nothing: a key that was removed
/// is found in its history.
#[test]
fn a_removed_key_is_found_from_any_directory() {
    for town in [Town::new(), below()] {
        let to = match town.path("mono").exists() {
            true => "cd ../mono/of/packages",
            false => "true",
        };
        town.ok(&format!(
            "{to}; cp packages/.conex/ids/bob ../bob-before
            by bob conex rotate --no-passphrase --yes
            for id in ja jb; do by $id conex approve --yes; done; commit rotated
            git checkout -qb request; cp ../bob-before packages/.conex/ids/bob
            sed -i '/^check:/d; s/^counter: .*/counter: 3/' packages/.conex/ids/bob
            echo \"check: \\\"$(b2sum -l 256 < packages/.conex/ids/bob | cut -c1-16)\\\"\" >> packages/.conex/ids/bob
            commit back"
        ));
        for place in [".", "packages", "packages/fmt/fmt.1.0"] {
            town.fails(
                &format!("{to}; cd {place}; conex check main..request"),
                "was removed from the published branch, and never comes back",
            );
        }
    }
}

/// A package that is called like a part of a repository is none.
#[test]
fn a_package_called_repo_is_no_repository() {
    let town = Town::new();
    let told = town.ok("release repo.1; release packages.1; commit odd; git checkout -qb request
        edit fmt.1.0 Mended; by alice conex sign --yes; commit edit
        for at in packages packages/repo packages/packages; do (cd $at; conex check main..request); done");
    assert_eq!(
        told.matches("mergeable into main as it is now").count(),
        3,
        "{told}"
    );
}
