//! All changes of people and keys, one after the other.

use super::stolen::push_to_the_end;
use crate::town::Town;

/// One change.
struct Change {
    name: &'static str,
    /// What happened before, published by itself: ordinary work, or misfortune.
    before: &'static str,
    /// Who starts it, with which one command.
    who: &'static str,
    command: &'static str,
    /// Who then types `conex approve`.
    approve: &'static [&'static str],
    /// What the command has to tell.
    told: &'static str,
}

const fn change(
    name: &'static str,
    who: &'static str,
    command: &'static str,
    approve: &'static [&'static str],
) -> Change {
    Change {
        name,
        before: "",
        who,
        command,
        approve,
        told: "",
    }
}

impl Change {
    const fn after(self, before: &'static str) -> Change {
        Change { before, ..self }
    }

    const fn tells(self, told: &'static str) -> Change {
        Change { told, ..self }
    }
}

const LOSE: &str = "lose() { rm $PEOPLE/$1/keys/*; }
    anew() { by $1 conex key new $1 --no-passphrase --force; cp $PEOPLE/$1/keys/$1.pub $KEYS/$1.pub; }";

const CHANGES: &[Change] = &[
    change("owner added", "jc", "owner add carol logs", &["ja", "jb"]),
    change(
        "owner removed",
        "jc",
        "owner remove bob logs",
        &["ja", "jb"],
    )
    .tells("logs.1.0"),
    change("team extended", "ja", "team add web bob", &["ja", "jc"]),
    change("member left", "ja", "team remove web alice", &["jb", "jc"]).tells("cohttp.1.0"),
    change(
        "janitor added",
        "ja",
        "janitor add jd=$KEYS/jd.pub",
        &["ja", "jb", "jd"],
    ),
    change("janitor removed", "jb", "janitor remove ja", &["jb", "jc"]),
    change(
        "janitor who owns becomes an author",
        "jc",
        "janitor remove jb --keep-as-author",
        &["jc", "jd"],
    )
    .after(
        "by jc conex owner add jb lwt; for j in jc jd; do by $j conex approve --yes; done
        edit lwt.1.0 'By jb'; by jb conex sign --yes",
    ),
    change(
        "janitor who owns comes back",
        "jc",
        "janitor add jb=$KEYS/jb.pub",
        &["jc", "jd", "jb"],
    )
    .after("anew jb"),
    change(
        "janitor who owns leaves",
        "jd",
        "janitor remove jb",
        &["jc", "jd"],
    ),
    change(
        "janitor added again",
        "jc",
        "janitor add ja=$KEYS/ja.pub",
        &["ja", "jc", "jd"],
    )
    .after("anew ja"),
    change(
        "quorum raised",
        "ja",
        "janitor quorum 3",
        &["ja", "jc", "jd"],
    ),
    change(
        "quorum lowered",
        "ja",
        "janitor quorum 2",
        &["ja", "jc", "jd"],
    ),
    change(
        "author's key changed",
        "alice",
        "rotate --no-passphrase --yes",
        &["ja", "jc"],
    ),
    change(
        "author's key lost",
        "alice",
        "rotate --as alice --no-passphrase --yes",
        &["jc", "jd"],
    )
    .after("lose alice"),
    change(
        "janitor's key changed",
        "jd",
        "rotate --no-passphrase --yes",
        &["ja"],
    ),
    change(
        "janitor's key lost",
        "jc",
        "rotate --as jc --no-passphrase --yes",
        &["ja", "jd"],
    )
    .after("lose jc"),
    change("author's key stolen", "ja", "revoke alice", &["ja", "jd"]).tells("fmt.1.0"),
    change(
        "author back with a new key",
        "alice",
        "rotate --as alice --no-passphrase --yes",
        &["ja", "jd"],
    )
    .after("lose alice"),
    change("member's key stolen", "ja", "revoke bob", &["ja", "jd"]),
    change(
        "package adopted",
        "ja",
        "owner add dave fmt --instead-of alice",
        &["jc", "jd"],
    )
    .after(
        "by dave conex join dave; for j in ja jc; do by $j conex approve --yes; done
        edit fmt.1.0 'By alice'; by alice conex sign --yes",
    )
    .tells("fmt.1.0"),
    change("counter recovered", "ja", "epoch lwt", &["ja", "jd"]).after("push"),
    change("janitor's key stolen", "ja", "revoke jd", &["ja", "jc"]),
    change(
        "counter of an author recovered",
        "ja",
        "epoch carol",
        &["ja", "jc"],
    ),
];

/// What has to go on after all that.
const ORDINARY: &str = "edit lwt.1.0 Again; by alice conex sign --yes
    release fmt.2.0; by dave conex sign --yes
    git rm -rq packages/logs/logs.1.0; release logs.1.1; by carol conex sign --yes";

#[test]
fn every_change_of_people_and_keys() {
    let town = Town::new();
    let every = town.client("every");
    every.update("day-one");
    let mut table = String::new();
    for (n, change) in CHANGES.iter().enumerate() {
        let name = change.name;
        if change.before == "push" {
            let pushed = "packages/lwt/lwt.1.0/checksum";
            push_to_the_end(&town, pushed);
            town.forge("alice", &[pushed]);
            town.ok("commit stolen");
            every.update("main");
        } else if !change.before.is_empty() {
            town.ok(&format!(
                "{LOSE}; {}; git add -A .; git diff --cached --quiet || commit before",
                change.before
            ));
            every.update("main");
        }
        town.ok(&format!("git tag before-{n}; git checkout -qb change-{n}"));
        let told = town.ok(&format!("by {} conex {}", change.who, change.command));
        assert!(
            told.contains(change.told),
            "{name}: expected {:?}\n{told}",
            change.told
        );
        for who in change.approve {
            town.ok(&format!("by {who} conex approve --yes"));
        }
        let left = town.ok(&format!(
            "commit change-{n}; by {} conex approve --dry-run",
            change.approve[0]
        ));
        assert!(left.contains("Nothing to do"), "{name}: {left}");
        town.ok(&format!(
            "git checkout -q main; git merge -q --no-ff --no-edit change-{n}"
        ));
        let signatures = town.ok(&format!(
            "git diff --no-renames --diff-filter=A --name-only before-{n} main -- packages/.conex/index | wc -l
            git diff --no-renames before-{n} main -- packages/.conex/janitors | grep -c '^+ *\\[\"blake2b=' || true"
        ));
        let counts = signatures.split_whitespace();
        let signatures: usize = counts.map(|n| n.parse::<usize>().unwrap()).sum();
        table += &format!("| {name} | {} | {signatures} |\n", 1 + change.approve.len());
        println!("{name}");
        // The client who was there, one who was away since the first day, one who is new.
        every.update("main");
        town.accepted("main");
        town.update_accepted("day-one", "main");
        town.update_accepted(&format!("before-{n}"), "main");
    }
    println!("| change | commands | signatures |\n{table}");
    town.ok(&format!("{ORDINARY}; commit ordinary"));
    every.update("main");
    town.accepted("main");
    town.update_accepted("day-one", "main");
}
