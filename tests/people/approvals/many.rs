//! 527 files at once, as in the main repository: one screen, one command, one signature.

use std::fs;
use std::time::Instant;

use crate::town::Town;

/// Packages that alice owns, and how many releases each has: 17 * 31 = 527.
const PACKAGES: usize = 17;
const RELEASES: usize = 31;

#[test]
fn a_change_of_527_files() {
    let town = Town::new();
    let mut names = String::new();
    for p in 0..PACKAGES {
        for r in 0..RELEASES {
            let release = format!("many-{p}/many-{p}.{r}");
            let dir = town.path("work/packages").join(&release);
            fs::create_dir_all(&dir).unwrap();
            fs::write(
                dir.join("opam"),
                format!("opam-version: \"2.0\"\nsynopsis: \"{release}\"\n"),
            )
            .unwrap();
        }
        names += &format!(" many-{p}");
    }
    town.ok(&format!(
        "by ja conex owner add alice{names}; by alice conex sign --yes
        for j in ja jb; do by $j conex approve --yes; done; commit many; git checkout -qb request
        sed -i 's/^synopsis: \"/&Better: /' packages/many-*/*/opam"
    ));
    let told = town.ok("by carol conex sign --yes; commit edited");
    assert!(told.lines().count() <= 17 + 4, "{told}");
    let start = Instant::now();
    let told = town.ok("by ja conex approve --yes");
    println!("{told}{:.1?}", start.elapsed());
    // Every change of what was signed is named, one line for each package.
    assert_eq!(
        told.matches("which were signed: opam changes").count(),
        17,
        "{told}"
    );
    assert!(told.matches("many-").count() >= 527, "{told}");
    assert!(told.contains("`alice` (527)"), "{told}");
    assert!(screen(&told) <= 140, "{told}");
    town.ok("commit one; by jb conex approve --yes; commit two");
    let added = town
        .ok("git diff --no-renames --diff-filter=A --name-only HEAD~2 -- packages/.conex/index");
    assert_eq!(added.lines().count(), 2, "one signature each: {added}");
    town.accepted("HEAD");
    town.update_accepted("main", "HEAD");
    // The difference is every file, and nothing but what changed.
    let told = town.ok("by jc conex approve --dry-run");
    assert!(told.contains("Nothing to do"), "{told}");
    let told = town.ok("git checkout -q HEAD~2; by jc conex approve --dry-run --diff");
    let added = told
        .lines()
        .filter(|l| l.starts_with("+synopsis: \"Better: "))
        .count();
    assert_eq!(added, 527);
    assert!(!told.contains("shown whole"), "{told}");
}

/// How many lines of 80 columns it takes.
fn screen(text: &str) -> usize {
    text.lines()
        .map(|l| l.chars().count().div_ceil(80).max(1))
        .sum()
}
