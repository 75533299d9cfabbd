//! What a machine can lack, or do meanwhile.

use crate::town::{Town, told as text};

/// A client's words: `hook STATE TREE` asks as opam does, `evil` is a tree that nobody signed.
const WORDS: &str = r#"
hook() { conex verify --repo $HOME/default --dir $2 --anchors "$ANCHORS" --quorum 2 --state-dir $1; }
code() { local code=0; "$@" || code=$?; echo $code; }
cd ..; git -C work archive main | (mkdir good; tar -x -C good); cp -r good evil; cp -r good default
sed -i 's/^synopsis.*/synopsis: "Evil"/' evil/packages/fmt/fmt.1.0/opam
"#;

fn tells(story: &str) -> String {
    let told = Town::new().run(&format!("{WORDS}\n{story}"));
    assert!(told.status.success(), "{}", text(&told));
    assert!(!text(&told).contains("panicked"), "{}", text(&told));
    String::from_utf8(told.stdout).unwrap()
}

/// The exit status is the verdict, whoever hears the words.
#[test]
fn a_verdict_needs_no_streams_and_no_terminal() {
    for close in [
        "<&-",
        ">&-",
        "2>&-",
        "<&- >&- 2>&-",
        ">/dev/full",
        "2>/dev/full",
    ] {
        let story = format!(
            "set +e; hook state good {close}; a=$?; hook state evil {close}; b=$?; echo \"$a $b\" >seen; cat seen"
        );
        assert_eq!(tells(&story), "0 1\n", "{close}");
    }
    let lost = "set +e; setsid -w true; export -f hook; setsid -w bash -c 'hook state good' 2>said; echo $?";
    assert_eq!(tells(lost), "0\n");
}

/// Keys, memory and reports lie in the home: without one the verdict is the same, and who signs is told.
#[test]
fn a_home_that_is_missing_is_told() {
    for home in ["HOME=/nonexistent/home", "-u HOME"] {
        let ask = format!(
            "env {home} conex verify --repo $HOME/default --anchors \"$ANCHORS\" --quorum 2"
        );
        let story = format!("code {ask} --dir good 2>&1; code {ask} --dir evil 2>said");
        let told = tells(&story);
        let codes: Vec<&str> = told.lines().filter(|line| line.len() == 1).collect();
        assert_ne!(codes.last(), Some(&"0"), "{told}");
        let whole = told.lines().count();
        assert!(
            codes[0] == "0" || whole > 2,
            "refused without a word: {told}"
        );
        let sign = format!(
            "cd work; edit fmt.1.0 Mine; code env -u CONEX_HOME {home} conex sign --yes 2>&1 </dev/null"
        );
        let told = tells(&sign);
        let lines: Vec<&str> = told.lines().collect();
        assert!(matches!(lines.last(), Some(&("1" | "2"))), "{told}");
        assert!(told.contains("error"), "{told}");
    }
}

/// Threads need stacks of their own; recursion has limits.
#[test]
fn a_small_stack_and_one_processor_are_enough() {
    let told = tells("(ulimit -s 256; code hook state good; code hook state evil 2>said)");
    assert_eq!(told, "0\n1\n");
    let told = tells(
        "for n in 0 0-1; do taskset -c $n bash -c \"$(declare -f hook code); code hook state good; code hook state evil 2>said$n\"; done; sed -i 's/ in [0-9.]* s)//' said0 said0-1; cmp said0 said0-1",
    );
    let codes: Vec<&str> = told.lines().take(2).collect();
    assert_eq!(codes, ["0", "1"], "{told}");
}

/// opam updates all repositories at once, and people have two terminals.
#[test]
fn hooks_at_once_have_one_verdict_and_a_whole_memory() {
    let told = tells(
        "for n in 1 2 3 4; do code hook state good & code hook state evil 2>/dev/null & done; wait; code hook state good",
    );
    let mut codes: Vec<&str> = told.lines().collect();
    assert_eq!(codes.pop(), Some("0"));
    codes.sort_unstable();
    assert_eq!(codes, ["0", "0", "0", "0", "1", "1", "1", "1"]);
}

/// Somebody exchanges a file while it is read: either state is judged, and nothing breaks.
#[test]
fn a_tree_that_changes_while_it_is_read_is_judged() {
    let told = tells(
        "f=packages/fmt/fmt.1.0/opam; cp -r good moving; touch go
        (while [ -e go ]; do for from in evil good; do cp $from/$f new; mv new moving/$f; rm moving/repo; cp good/repo moving/repo; done; done) &
        for n in 1 2 3 4 5 6 7 8; do code hook state moving 2>>said; done; rm go; wait; cp evil/$f moving/$f; code hook state moving 2>>said",
    );
    let mut codes: Vec<&str> = told.lines().collect();
    assert_eq!(codes.pop(), Some("1"), "{told}");
    assert!(
        codes.iter().all(|code| matches!(*code, "0" | "1" | "2")),
        "{told}"
    );
}

/// Reads and writes of a part, and calls that a signal interrupts, are gone on with: the same is
/// said and written as on a machine that does everything at once.
#[test]
fn short_reads_and_writes_are_gone_on_with() {
    let top = env!("CARGO_MANIFEST_DIR");
    let told = tells(&format!(
        r#"cc -shared -fPIC -o short.so "{top}/fixtures/short.c" -ldl; shim=$PWD/short.so; said=$PWD/said
        short() {{ LD_PRELOAD=$shim "$@" 2>>$said; }}
        cd work; edit fmt.1.0 Mine; by alice short conex sign --yes >/dev/null; commit; short conex status >/dev/null; cd ..
        git -C work archive main | (mkdir new; tar -x -C new)
        for tree in good new evil; do for as in short command; do
          code $as conex verify --repo $HOME/default --dir $tree --anchors "$ANCHORS" --quorum 2 --state-dir state-$as 2>>$said
        done; done
        sed -i 's/ in [0-9.]* s)//' state-*/reports/*; diff -r state-short state-command >&2; grep -o '^cut [0-9]*' said"#
    ));
    let (codes, cut): (Vec<&str>, Vec<&str>) = told.lines().partition(|line| line.len() == 1);
    assert_eq!(codes, ["0", "0", "0", "0", "1", "1"], "{told}");
    assert_eq!(cut.len(), 5, "{told}");
    assert!(cut.iter().any(|line| *line != "cut 0"), "{told}");
}

/// In a mount namespace of its own: `room SIZE DIR` puts a disk of so many bytes below DIR, `full DIR` fills it.
const DISKS: &str = r#"
room() { mount -t tmpfs -o size=$1 none $2; }
full() { dd if=/dev/zero of=$1/fill bs=4k status=none 2>/dev/null || true; sync; }
"#;

/// What `story` prints that has disks of its own.
fn tells_with_disks(story: &str) -> String {
    tells(&format!(
        "cat > disks.sh <<'STORY'\n{DISKS}\n{story}\nSTORY\nexport -f hook code commit edit by; export PEOPLE ANCHORS; unshare -rm bash -eu disks.sh"
    ))
}

/// What was accepted cannot be remembered: the verdict is the same, and whoever asked is told. With
/// room again the same command remembers.
#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn the_hook_judges_where_its_disk_is_full_or_read_only() {
    for (worse, better) in [
        ("full state", "rm state/fill"),
        ("mount -o remount,ro state", "mount -o remount,rw state"),
    ] {
        let told = tells_with_disks(&format!(
            "mkdir state; room 64k state; {worse}
            code hook state good 2>said; grep -c 'cannot be remembered' said
            code hook state evil 2>/dev/null; {better}
            code hook state good 2>said; grep -c 'cannot be remembered' said || true; find state/memory -type f -size +0 | grep -q . && echo kept"
        ));
        assert_eq!(told, "0\n1\n1\n0\n0\nkept\n", "{worse}");
    }
}

/// Nothing of a signature is published that does not fit on the disk, and the same command signs once
/// there is room.
#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn a_full_disk_stops_who_signs() {
    let told = tells_with_disks(
        "mkdir disk; room 8m disk; cp -r work disk/; cd disk/work; edit fmt.1.0 Mine; full $HOME/disk
        code by alice conex sign --yes 2>$HOME/said; grep -c '^error' $HOME/said; git status --porcelain | grep -v fmt.1.0/opam || true
        rm $HOME/disk/fill; code by alice conex sign --yes 2>/dev/null; git add -A; git commit -qm mine; conex check HEAD~1..HEAD >/dev/null 2>&1; echo 0",
    );
    assert!(!told.contains("packages/"), "half a signature: {told}");
    let codes: Vec<&str> = told.lines().filter(|l| l.len() == 1).collect();
    assert!(matches!(codes.first(), Some(&("1" | "2"))), "{told}");
    assert_eq!(codes[1..], ["1", "0", "0"], "{told}");
}
