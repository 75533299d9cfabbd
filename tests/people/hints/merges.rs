//! Two branches, and what `check` says of them.

use conex_verify::format::digest::Digest;

use super::approved;
use crate::town::Town;
use crate::typed_hints::commands;
use crate::verbs::epochs::at_epoch;
use crate::workflows::stolen::push_to_the_end;

/// Two branches of main, each with its story; the present one is `one`.
fn branches(town: &Town, one: &str, two: &str) {
    town.ok(&format!(
        "git checkout -qb one main; {one}; commit one; git checkout -qb two main; {two}; commit two; git checkout -q one"
    ));
}

/// A change of one's own, on top of `main`, that `check` refuses.
#[track_caller]
pub fn refused(town: &Town, change: &str, why: &str) -> String {
    town.ok(&format!("git checkout -qB two main; {change}; commit two"));
    town.fails("conex check main..two --all", why)
}

/// What one has, with the other's changes merged in and the command given.
#[track_caller]
fn merged(town: &Town, side: &str, script: &str) {
    town.ok(&format!(
        "git checkout -q two; git merge -q --no-edit one || git checkout -q --{side} .; {script}; commit merged; conex check one..two"
    ));
    town.accepted("two");
}

/// Writes other text into a file of metadata, as no tool does.
pub fn rewritten(town: &Town, path: &str, from: &str, to: &str) {
    let path = town.path("work").join(path);
    let text = std::fs::read_to_string(&path).unwrap().replace(from, to);
    let (text, _) = text.rsplit_once("check: ").unwrap();
    let check = Digest::of(text.as_bytes()).short();
    std::fs::write(path, format!("{text}check: \"{check}\"\n")).unwrap();
}

const APPROVE: &str = "for j in ja jb; do by $j conex approve --yes; done";

#[test]
fn two_edits_of_a_release() {
    let town = Town::new();
    branches(
        &town,
        "edit fmt.1.0 One; by alice conex sign --yes",
        "edit_end fmt.1.0 two; by alice conex sign --yes",
    );
    let told = town.fails("conex check one..two", "E097");
    let typed = commands(&told, "ConflictOfPackage", &[]);
    merged(&town, "ours", &format!("by alice {} --yes", typed[0]));
    // The same in the work tree.
    town.fails("git checkout -q one; git reset -q --hard one; git checkout -qb three; git merge -q --no-edit two~1", "CONFLICT");
    let told = town.ok("conex status");
    let typed = commands(&told, "SignWrites", &[]);
    town.ok(&format!("by alice {} --yes; commit merged", typed[0]));
    town.accepted("three");
}

#[test]
fn two_edits_of_one_line() {
    let town = Town::new();
    branches(
        &town,
        "edit fmt.1.0 One; by alice conex sign --yes",
        "edit fmt.1.0 Two; by alice conex sign --yes",
    );
    let told = town.fails("conex check one..two", "E097");
    let typed = commands(&told, "ConflictOfFile", &[]);
    merged(&town, "ours", &format!("by alice {} --yes", typed[0]));
}

/// What a janitor approves describes what is there.
#[test]
fn what_does_not_fit_is_written_before_it_is_approved() {
    let town = Town::new();
    town.ok("edit fmt.1.0 Mended; conex revoke alice");
    let told = town.ok("by ja conex approve --yes");
    let typed = commands(&told, "SignAgain", &[]);
    town.ok(&format!("by ja {} --yes", typed[0]));
    approved(&town);
    town.accepted("main");
}

#[test]
fn two_links() {
    let town = Town::new();
    branches(
        &town,
        &format!("conex janitor remove jc; {APPROVE}"),
        "conex janitor add jd=$KEYS/jd.pub; for j in ja jb jd; do by $j conex approve --yes; done",
    );
    let told = town.fails("conex check one..two", "E097");
    let words = [("ID", "jd=$KEYS/jd.pub")];
    let typed = commands(&told, "ConflictOfLink", &words);
    merged(
        &town,
        "theirs",
        &format!(
            "{}; for j in ja jb jd; do by $j conex approve --yes; done",
            typed[0]
        ),
    );
}

/// A branch in which somebody else's link stands where the published branch has another.
#[test]
fn a_branch_with_another_link_takes_that_of_the_published_one() {
    let town = Town::new();
    town.ok("git checkout -qb two; conex janitor add jd=$KEYS/jd.pub; commit two; git checkout -q main
        git clone -q --bare . ../forge.git; git remote add origin ../forge.git; git fetch -q; git remote set-head origin main");
    town.ok(&format!(
        "conex janitor remove jc; {APPROVE}; commit one; git push -q origin main"
    ));
    let told = town.fails(
        "by ja conex approve --branch origin/two --yes",
        "is not the one in",
    );
    let typed = commands(&told, "TakeLinkOf", &[("ID", "jd=$KEYS/jd.pub")]);
    town.ok(&format!(
        "git checkout -q two; git merge -q --no-edit main || git checkout -q --theirs .; {}; commit merged; git push -q origin two
        by ja conex approve --branch origin/two --yes",
        typed[0]
    ));
}

#[test]
fn signatures_of_one_link_are_joined() {
    let town = Town::new();
    town.ok("git checkout -qb request; conex janitor add jd=$KEYS/jd.pub; commit link
        for j in ja jb; do git checkout -qb by-$j request; by $j conex approve --yes; commit $j; done");
    town.fails("git merge -q --no-edit by-ja", "CONFLICT");
    let told = town.ok("conex status");
    let typed = commands(&told, "ApproveJoins", &[]);
    town.ok(&format!("by jd {} --yes; commit joined", typed[0]));
    town.accepted("HEAD");
}

#[test]
fn two_owners_of_a_package() {
    let town = Town::new();
    branches(
        &town,
        &format!("conex owner add carol logs; {APPROVE}"),
        &format!("conex owner add alice logs; {APPROVE}"),
    );
    let told = town.fails("conex check one..two", "E097");
    let words = [("ID", "alice"), ("PACKAGE", "logs"), ("TEAM", "web")];
    let typed = commands(&told, "ConflictOfPeople", &words);
    merged(&town, "theirs", &format!("{}; {APPROVE}", typed[0]));
    town.ok("git checkout -q two; git reset -q --hard HEAD~1");
    town.fails("git merge -q --no-edit one", "CONFLICT");
    let told = town.fails("by ja conex approve --yes", "two branches changed");
    let typed = commands(&told, "RedoOwner", &[("ID", "carol")]);
    town.ok(&format!("{}; {APPROVE}; commit merged", typed[0]));
    town.accepted("two");
}

#[test]
fn two_members_of_a_team() {
    let town = Town::new();
    branches(
        &town,
        &format!("conex team add web bob; {APPROVE}"),
        &format!("conex team remove web carol; {APPROVE}"),
    );
    town.fails("git merge -q --no-edit two", "CONFLICT");
    let told = town.fails("by bob conex sign --yes", "two branches changed");
    let typed = commands(&told, "RedoPeople", &[("ID", "bob")]);
    town.ok(&format!("{}; {APPROVE}; commit merged", typed[0]));
    town.accepted("one");
}

#[test]
fn two_lists_of_claims() {
    let town = Town::new();
    town.ok("release dune.1.0; conex owner add bob dune; by bob conex sign --yes");
    approved(&town);
    branches(
        &town,
        &format!("conex claims; {APPROVE}"),
        &format!("conex claims; {APPROVE}; conex claims; conex epoch claims; {APPROVE}"),
    );
    town.fails("git merge -q --no-edit two", "CONFLICT");
    let told = town.fails("by ja conex approve --yes", "two branches changed");
    let typed = commands(&told, "RedoClaims", &[]);
    town.ok(&format!("{}; {APPROVE}; commit merged", typed[0]));
    town.accepted("one");
}

#[test]
fn two_snapshots() {
    let town = Town::new();
    town.ok("conex team add notaries ja");
    approved(&town);
    town.ok("by ja conex snapshot --yes; commit snapshot");
    let edit = |name: &str| {
        format!("edit {name} Mine; by alice conex sign --yes; by ja conex snapshot --yes")
    };
    branches(&town, &edit("fmt.1.0"), &edit("lwt.1.0"));
    let told = town.fails("conex check one..two", "E097");
    let typed = commands(&told, "ConflictOfSnapshot", &[]);
    town.ok("git checkout -q two; git merge -q --no-edit one || git checkout -q --theirs .; commit merged; git checkout -q one; git merge -q --ff-only two");
    town.ok(&format!("by ja {} --yes; commit snapshot", typed[0]));
    town.accepted("one");
}

/// A merge does not delete the snapshot; the notary makes the next one.
#[test]
fn a_deleted_snapshot_is_taken_back() {
    let town = Town::new();
    town.ok("conex team add notaries ja");
    approved(&town);
    town.ok("by ja conex snapshot --yes; commit snapshot");
    let change = "edit fmt.1.0 Mine; by alice conex sign --yes; rm packages/.conex/snapshot";
    let told = refused(&town, change, "the change deletes it");
    let typed = commands(&told, "SnapshotOfPublished", &[("BRANCH", "main")]);
    town.ok(&format!("{}; commit back; conex check main..two", typed[0]));
    town.ok(&format!(
        "by ja {} --yes; commit snapshot; conex check main..two",
        typed[1]
    ));
    town.accepted("two");
    town.update_accepted("main", "two");
}

/// Two branches folded their signatures, and git took that for renames.
#[test]
fn two_branches_that_folded() {
    let town = Town::new();
    town.ok("for t in 1 2 3 4; do edit fmt.1.0 $t; by alice conex sign --yes; commit $t; done");
    branches(
        &town,
        "edit fmt.1.0 One; by alice conex sign --yes; by alice conex compact --yes",
        "edit lwt.1.0 Two; by alice conex sign --yes; by alice conex compact --yes",
    );
    town.fails("git merge -q --no-edit two", "CONFLICT (rename/rename)");
    let told = town.fails("by alice conex sign --yes", "nothing was signed");
    let typed = commands(&told, "MergeOfCompacts", &[("BRANCH", "two")]);
    town.ok(&format!("{}; {} --no-edit", typed[1], typed[2]));
    town.accepted("one");
    town.update_accepted("main", "one");
    // Who asks before the merge is told as well.
    town.ok("git reset -q --hard HEAD~1");
    let told = town.fails("conex check two..one", "E097");
    let typed = commands(&told, "ConflictOfSegments", &[]);
    town.ok(&format!("{} --no-edit; conex check two..one", typed[0]));
    town.accepted("one");
}

#[test]
fn two_links_with_gits_markers() {
    let town = Town::new();
    branches(
        &town,
        "conex janitor remove jc",
        "conex janitor add jd=$KEYS/jd.pub",
    );
    town.fails("git merge -q --no-edit two", "CONFLICT");
    let told = town.fails(
        "by ja conex approve --yes",
        "one has to come after the other",
    );
    let typed = commands(&told, "TakeOurs", &[]);
    town.ok(&format!("{}; {APPROVE}; commit merged", typed[0]));
    town.accepted("one");
}

#[test]
fn signatures_that_count_are_restored() {
    let town = Town::new();
    town.ok("edit fmt.1.0 Mine; by alice conex sign --yes; commit mine");
    let told = refused(
        &town,
        "git rm -qr packages/.conex/index/alice",
        "deletes what `alice` signed",
    );
    let typed = commands(&told, "RestoreSegments", &[]);
    town.ok(&format!(
        "git checkout -q main -- packages; by alice {} --yes; {} --yes; commit folded; conex check main..two",
        typed[0], typed[1]
    ));
    town.accepted("two");
}

#[test]
fn a_key_is_listed_before_it_signs() {
    let town = Town::new();
    let told = refused(
        &town,
        "by dave conex join dave; rm packages/.conex/ids/dave",
        "under a key that the repository does not know",
    );
    let typed = commands(&told, "ListKeyFirst", &[("ID", "dave")]);
    town.ok(&format!(
        "git rm -qr packages/.conex/index/dave; by dave {}; {APPROVE}; commit joined; conex check main..two",
        typed[0]
    ));
    town.accepted("two");
}

#[test]
fn many_files_of_signatures_are_folded() {
    let town = Town::new();
    let told = refused(
        &town,
        "for n in $(seq 18); do edit fmt.1.0 A$n; by alice conex sign --yes; git add -A; git commit -qm $n; done; release fmt.2.0; by alice conex sign --yes",
        "files of signatures of `alice`",
    );
    let typed = commands(&told, "FoldSegments", &[]);
    town.ok(&format!(
        "by alice {} --yes; commit folded; conex check main..two",
        typed[0]
    ));
    town.accepted("two");
}

#[test]
fn epochs_and_counters_go_step_by_step() {
    let town = Town::new();
    town.ok("git checkout -qb two");
    at_epoch(&town, "packages/fmt/authorisation", 5);
    town.ok("commit leap");
    let told = town.fails("conex check main..two --all", "skips an epoch");
    let typed = commands(&told, "NextEpoch", &[("NAME", "--owners fmt")]);
    town.ok(&format!(
        "git checkout -q main -- packages; {}; {APPROVE}; commit next; conex check main..two",
        typed[0]
    ));
    town.accepted("two");
    town.ok("git checkout -qb three main");
    push_to_the_end(&town, "packages/fmt/releases");
    town.ok("commit leap");
    let told = town.fails("conex check main..three --all", "leaps");
    let typed = commands(&told, "NextCounter", &[("NAME", "fmt")]);
    town.ok(&format!(
        "git checkout -q main -- packages; {}; {APPROVE}; commit next; conex check main..three",
        typed[0]
    ));
    town.accepted("three");
}

#[test]
fn a_floor_is_computed_by_sign() {
    let town = Town::new();
    town.ok("git checkout -qb two");
    rewritten(&town, "packages/fmt/releases", "floor: 0", "floor: 5000");
    town.ok("commit leap");
    let told = town.fails(
        "conex check main..two --all",
        "the floor of the releases of `fmt` leaps",
    );
    let typed = commands(&told, "FloorBySign", &[]);
    town.ok(&format!(
        "by alice {} --yes; commit signed; conex check main..two",
        typed[0]
    ));
    town.accepted("two");
}

#[test]
fn claims_are_written_by_their_verb() {
    let town = Town::new();
    town.ok("conex claims");
    approved(&town);
    town.ok("git checkout -qb two");
    rewritten(&town, "packages/.conex/claims", "  \"fmt\"\n", "");
    town.ok("commit less");
    let told = town.fails("conex check main..two --all", "loses `fmt`");
    let typed = commands(&told, "ClaimsAnew", &[]);
    town.ok(&format!(
        "git checkout -q main -- packages; {} --yes; git diff --cached --quiet main -- packages",
        typed[0]
    ));
    // A claim that comes before its owner counts.
    town.ok("git checkout -qf main; git checkout -qb three; release dune.1.0; conex owner add bob dune; by bob conex sign --yes");
    rewritten(
        &town,
        "packages/.conex/claims",
        "  \"fmt\"\n",
        "  \"dune\"\n  \"fmt\"\n",
    );
    town.ok("commit early");
    let told = town.fails(
        "conex check main..three --all",
        "is not valid in the published branch",
    );
    let typed = commands(&told, "ClaimsAfterwards", &[]);
    town.ok(&format!(
        "git checkout -q main -- packages/.conex/claims; {APPROVE}; commit dune; conex check main..three
        git checkout -qb four; {}; {APPROVE}; commit claims; conex check three..four",
        typed[0]
    ));
    town.accepted("four");
}
