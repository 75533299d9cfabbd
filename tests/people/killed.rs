//! Kill -9 at every system call that changes something: the same command finishes what it began,
//! and nothing of the dead lies where somebody reads it.

use std::fs;
use std::process::Command;

use crate::town::{Town, told};

/// One verb: what is there before, the command, and what has to hold when it was given again.
struct Case {
    name: &'static str,
    before: &'static str,
    command: &'static str,
    after: &'static str,
}

/// What everybody accepts who lets unsigned packages through.
const ACCEPTED: &str = "conex verify --dir . --nostrict --anchors \"$ANCHORS\" --quorum 2";

const APPROVED: &str = "for j in ja jb; do by $j conex approve --yes; done
    conex verify --dir . --nostrict --anchors \"$ANCHORS\" --quorum 2";

/// Those that CI runs come first.
const CASES: &[Case] = &[
    Case {
        name: "sign",
        before: "edit fmt.1.0 Mine; release fmt.2.0; rm -r packages/lwt/lwt.1.0; release lwt.2.0",
        command: "by alice conex sign --yes",
        after: ACCEPTED,
    },
    Case {
        name: "rotate",
        before: "",
        command: "by alice conex rotate --as alice --no-passphrase --yes",
        after: "for j in ja jb; do by $j conex approve --yes; done; edit fmt.1.0 Mine; by alice conex sign --yes
            conex verify --dir . --nostrict --anchors \"$ANCHORS\" --quorum 2",
    },
    Case {
        name: "init --alone",
        before: "rm -rf packages/.conex packages/*/authorisation packages/*/releases packages/*/*/checksum",
        command: "by ja conex init --name mine --alone ja --snapshot optional --yes",
        after: "conex verify --dir . --nostrict --anchors \"$(conex anchors)\"; conex status | grep -q 'nothing waits'",
    },
    Case {
        name: "key new",
        before: "",
        command: "by erin conex key new fresh --no-passphrase",
        after: "by erin conex key show fresh; test $(by erin conex key list | wc -l) = 2",
    },
    Case {
        name: "approve",
        before: "by dave conex join dave; by ja conex owner add dave lwt",
        command: "by ja conex approve --yes",
        after: APPROVED,
    },
    Case {
        name: "join",
        before: "",
        command: "by dave conex join dave --account github:dave",
        after: APPROVED,
    },
    Case {
        name: "owner add",
        before: "release dune.1.0; release re.1.0",
        command: "conex owner add bob --unclaimed",
        after: "by bob conex sign --yes; for j in ja jb; do by $j conex approve --yes; done
            conex verify --dir . --nostrict --anchors \"$ANCHORS\" --quorum 2",
    },
    Case {
        name: "team remove",
        before: "",
        command: "conex team remove web carol",
        after: APPROVED,
    },
    Case {
        name: "janitor remove",
        before: "by ja conex team add notaries ja jb jc; for j in ja jb; do by $j conex approve --yes; done",
        command: "conex janitor remove jc",
        after: APPROVED,
    },
    Case {
        name: "revoke",
        before: "",
        command: "conex revoke alice",
        after: APPROVED,
    },
    Case {
        name: "epoch",
        before: "",
        command: "conex epoch fmt",
        after: APPROVED,
    },
    Case {
        name: "claims",
        before: "",
        command: "conex claims",
        after: APPROVED,
    },
    Case {
        name: "decline",
        before: "by dave conex join dave",
        command: "conex decline dave",
        after: ACCEPTED,
    },
    Case {
        name: "supersede",
        before: "",
        command: "by alice conex supersede fmt.1.0 --above 0.9 --yes",
        after: ACCEPTED,
    },
    Case {
        name: "compact",
        before: "edit fmt.1.0 Once; by alice conex sign --yes; edit fmt.1.0 Twice; by alice conex sign --yes",
        command: "by alice conex compact --yes",
        after: ACCEPTED,
    },
    Case {
        name: "snapshot",
        before: "by ja conex team add notaries ja; for j in ja jb; do by $j conex approve --yes; done",
        command: "by ja conex snapshot --yes",
        after: ACCEPTED,
    },
    Case {
        name: "key add",
        before: "cp $PEOPLE/erin/keys/erin $TMPDIR/second",
        command: "by alice conex key add $TMPDIR/second --as alice --yes",
        after: APPROVED,
    },
    Case {
        name: "key import",
        before: "",
        command: "by erin conex key import other $PEOPLE/dave/keys/dave",
        after: "by erin conex key show other",
    },
    Case {
        name: "detached",
        before: "edit fmt.1.0 Mine; mkdir -p $TMPDIR/out",
        command: "by alice conex sign --yes --detached $TMPDIR/out",
        after: "by alice conex sign --yes; conex verify --dir . --nostrict --anchors \"$ANCHORS\" --quorum 2",
    },
    Case {
        name: "man",
        before: "mkdir -p $TMPDIR/man",
        command: "conex man $TMPDIR/man",
        after: "test -s $TMPDIR/man/conex.1; test $(ls -A $TMPDIR/man | grep -c conex-new) = 0",
    },
];

/// What changes something: files, and what people read.
const CALLS: &str = "mkdir,mkdirat,rename,renameat,renameat2,unlink,unlinkat,rmdir,fchmod,fchmodat,link,linkat,write,writev,ftruncate";

fn kill_everywhere(case: &Case) {
    let town = Town::new();
    town.ok(case.before);
    let home = town.path("people").parent().unwrap().to_owned();
    let kept = tempfile::tempdir().unwrap();
    let copy = |from: &std::path::Path, to: &std::path::Path| {
        let _ = fs::remove_dir_all(to);
        let status = Command::new("cp").arg("-a").arg(from).arg(to).status();
        assert!(status.unwrap().success());
    };
    let before = kept.path().join("before");
    copy(&home, &before);
    for n in 1.. {
        for part in fs::read_dir(&before).unwrap() {
            let part = part.unwrap().path();
            copy(&part, &home.join(part.file_name().unwrap()));
        }
        let killed = town.run(&format!(
            "conex() {{ strace -f -qqq -o /dev/null -e trace={CALLS} -e inject={CALLS}:signal=KILL:when={n} $(type -P conex) \"$@\"; }}
            {}",
            case.command
        ));
        let again = town.run(case.command);
        let after = town.run(case.after);
        assert!(
            after.status.success(),
            "{}: killed at call {n}: {}\nagain: {}\nafter: {}",
            case.name,
            told(&killed),
            told(&again),
            told(&after)
        );
        let left = town.ok(
            "find . -path ./.git -prune -o -name '*conex-*' -print; find $PEOPLE -name '.conex-*'",
        );
        assert!(left.is_empty(), "{}: call {n} left {left}", case.name);
        if killed.status.success() {
            assert!(n > 3, "{}: {n} calls: {}", case.name, told(&killed));
            println!("{}: killed at each of {} calls", case.name, n - 1);
            return;
        }
        assert!(n < 400, "{}", case.name);
    }
}

/// Four verbs, or all of them with `CONEX_KILLS=all`.
#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn a_killed_command_is_finished_by_the_next_run() {
    let all = std::env::var_os("CONEX_KILLS").is_some_and(|v| v == "all");
    let cases = CASES.iter().take(if all { CASES.len() } else { 4 });
    let cases: Vec<&Case> = cases.collect();
    std::thread::scope(|scope| {
        for half in cases.chunks(cases.len().div_ceil(2)) {
            scope.spawn(move || half.iter().for_each(|case| kill_everywhere(case)));
        }
    });
}
