//! A mirror: somebody else's repository, under signatures of one's own.

use crate::town::Town;

/// Shell functions: `unsigned DIR` makes a repository of packages without signatures; `mirror` follows the
/// one in `~/up`; `client` is a user who has `~/client`, and takes what is handed out now.
const WORDS: &str = r#"
unsigned() { mkdir $1; cp -r packages repo $1/; rm -r $1/packages/.conex
    find $1 \( -name checksum -o -name releases -o -name authorisation \) -delete
    git -C $1 init -qb main; git -C $1 add -A; git -C $1 commit -qm upstream; }
up() { git -C ~/up add -A; git -C ~/up commit -qm more; }
new() { mkdir -p ~/up/packages/$1/$1.$2; cp ~/work/packages/fmt/fmt.1.0/opam ~/up/packages/$1/$1.$2/; }
mirror() { mkdir -p ~/mine; by ja conex -C ~/mine mirror --git ~/up --to ~/www --as ja --yes "$@"; }
anchors() { conex -C ~/www anchors; }
client() { test -s ~/anchors || anchors > ~/anchors
    conex verify --dir ~/www --anchors "$(cat ~/anchors)" --state-dir ~/state "$@"; }
same() { diff -r -x .conex ~/up/packages ~/www/packages; }
"#;

fn town() -> Town {
    let town = Town::new();
    town.ok(&format!("{WORDS} unsigned ~/up; mirror --init mine"));
    town
}

fn ok(town: &Town, story: &str) -> String {
    town.ok(&format!("{WORDS}\n{story}"))
}

fn fails(town: &Town, story: &str, why: &str) -> String {
    town.fails(&format!("{WORDS}\n{story}"), why)
}

fn has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part}\n{text}");
    }
}

/// An operator: one command starts the mirror, the same one follows, and a user gets what upstream has.
#[test]
fn upstream_is_followed() {
    let town = town();
    has(&ok(&town, "same; client"), &["accepted"]);
    has(&ok(&town, "mirror"), &["Nothing to publish"]);
    has(
        &ok(
            &town,
            "new fmt 7.0; new other 1.0; rm -r ~/up/packages/logs; up; mirror",
        ),
        &["counter 2", "Published in"],
    );
    has(&ok(&town, "same; client"), &["accepted"]);
}

/// An operator who lost what was handed out, or put an old copy of it back: the number of the snapshot goes on
/// from the mirror's own directory, so users who follow see no rollback.
#[test]
fn what_was_handed_out_can_be_made_again() {
    let town = town();
    ok(
        &town,
        "cp -a ~/www ~/first; new fmt 7.0; up; mirror; client; rm -r ~/www; mirror; same; client",
    );
    let text = ok(
        &town,
        "rm -r ~/www; cp -a ~/first ~/www; new fmt 8.0; up; mirror; same; client",
    );
    has(&text, &["counter 3"]);
}

/// Attack: somebody who holds the mirror's server, and no key, hands out something else.
#[test]
fn a_user_gets_nothing_that_the_mirror_did_not_publish() {
    let town = town();
    ok(
        &town,
        "client; cp -a ~/www ~/first; new fmt 7.0; up; mirror; client",
    );
    for change in [
        "echo 'post-messages: \"x\"' >> ~/www/packages/fmt/fmt.7.0/opam",
        "rm -r ~/www/packages/fmt/fmt.7.0",
        "cp -r ~/www/packages/fmt/fmt.7.0 ~/www/packages/fmt/fmt.8.0",
        "rm ~/www/packages/.conex/snapshot",
    ] {
        fails(
            &town,
            &format!("cp -a ~/www ~/kept; {change}; client"),
            "rejected",
        );
        ok(&town, "rm -r ~/www; mv ~/kept ~/www; client");
    }
    fails(
        &town,
        "mv ~/www ~/second; cp -a ~/first ~/www; client",
        "E090",
    );
}

/// Attack: whoever pushes to upstream takes back what was there.
#[test]
fn a_rewritten_history_is_refused_until_somebody_names_its_end() {
    let town = town();
    ok(
        &town,
        "new fmt 7.0; up; mirror; git -C ~/up reset -q --hard HEAD^; new fmt 8.0; up",
    );
    let text = fails(&town, "mirror", "upstream's history was rewritten");
    assert!(text.contains("--rewritten "), "{text}");
    ok(&town, "test -d ~/www/packages/fmt/fmt.7.0");
    // Another commit than the one that is there is no consent.
    for other in ["$(git -C ~/up rev-parse HEAD^)", "HEAD^"] {
        fails(
            &town,
            &format!("mirror --rewritten {other}"),
            "was rewritten",
        );
    }
    ok(
        &town,
        "mirror --rewritten $(git -C ~/up rev-parse HEAD); same",
    );
    ok(&town, "new fmt 9.0; up; mirror; same");
}

/// Attack: upstream gets a file that hides a package, or signatures of its own; nothing is published, and
/// the next honest state is.
#[test]
fn what_clients_refuse_is_not_published() {
    let town = town();
    for (change, back, why) in [
        (
            "echo > ~/up/packages/fmt/opam",
            "rm ~/up/packages/fmt/opam",
            "E0",
        ),
        (
            ": > ~/up/packages/fmt/fmt.1.0/opam",
            "git -C ~/up checkout -q HEAD^ .",
            "E0",
        ),
        (
            "mkdir ~/up/packages/.conex; cp packages/.conex/claims ~/up/packages/.conex/",
            "rm -r ~/up/packages/.conex",
            "signed repository",
        ),
        (
            "cp packages/fmt/authorisation ~/up/packages/fmt/",
            "rm ~/up/packages/fmt/authorisation",
            "signed repository",
        ),
        (
            "ln -s /etc/passwd ~/up/packages/fmt/fmt.1.0/files",
            "rm ~/up/packages/fmt/fmt.1.0/files",
            "",
        ),
    ] {
        fails(&town, &format!("{change}; up; mirror"), why);
        ok(&town, &format!("client; {back}; up; mirror; same; client"));
    }
}

/// With a delay, what this mirror saw a moment ago waits, whatever the date of the commit is.
#[test]
fn what_is_young_waits() {
    let town = town();
    ok(
        &town,
        "new fmt 7.0; git -C ~/up add -A; git -C ~/up commit -qm old --date=2001-01-01",
    );
    has(
        &ok(
            &town,
            "mirror --delay 2days; test ! -d ~/www/packages/fmt/fmt.7.0",
        ),
        &["by --delay: 1 state of upstream"],
    );
    // The third day: what was seen on the first is published, and what came meanwhile waits.
    has(
        &ok(
            &town,
            "awk '$1 > 0 { $1 -= 3 * 86400 } { print }' ~/mine/.mirror/seen > ~/t; cp ~/t ~/mine/.mirror/seen
             new fmt 8.0; up; mirror --delay 2days; test -d ~/www/packages/fmt/fmt.7.0; test ! -d ~/www/packages/fmt/fmt.8.0",
        ),
        &["Published in"],
    );
    // Nothing goes back, and without a delay all is there.
    ok(
        &town,
        "mirror --delay 1week; test -d ~/www/packages/fmt/fmt.7.0; mirror; same; client",
    );
    fails(&town, "mirror --delay soon", "not a duration");
}

/// Whoever asks what would be done changes nothing by it: not what was seen, and no rewritten history is
/// accepted.
#[test]
fn a_dry_run_writes_nothing() {
    let town = Town::new();
    ok(
        &town,
        "unsigned ~/up; mirror --init mine --dry-run; test \"$(ls ~/mine)\" = ''; mirror --init mine",
    );
    ok(
        &town,
        "new fmt 7.0; git -C ~/up add -A; git -C ~/up commit -q --amend -m other
         cp -a ~/www ~/before; mirror --dry-run --rewritten $(git -C ~/up rev-parse HEAD); diff -r ~/www ~/before",
    );
    fails(&town, "mirror", "was rewritten");
}

/// Without git: a directory, and what a command brings.
#[test]
fn a_directory_and_a_command_bring_it_as_well() {
    let town = town();
    let by = "by ja conex -C ~/mine mirror --to ~/www --as ja --yes";
    ok(&town, &format!("new fmt 7.0; {by} --from ~/up; same"));
    ok(
        &town,
        &format!(
            "new fmt 8.0; tar czf ~/index.tar.gz -C ~/up packages repo; {by} --fetch 'cp ~/index.tar.gz .'; same"
        ),
    );
    ok(
        &town,
        &format!(
            "new fmt 9.0; {by} --fetch 'cp -r ~/up/packages ~/up/repo .'; same; test \"$(ls ~/mine/.mirror | grep -c fetched)\" = 0"
        ),
    );
    fails(&town, &format!("{by} --fetch 'exit 3'"), "exit status: 3");
    fails(
        &town,
        &format!("{by} --fetch true"),
        "not an opam repository",
    );
    ok(&town, "same; client");
}

/// The mirror's own directory: no chain yet, packages in it, or another run.
#[test]
fn a_mirror_has_a_directory_of_its_own() {
    let town = Town::new();
    fails(&town, "unsigned ~/up; mirror", "no chain of janitors");
    ok(&town, "mirror --init mine");
    fails(
        &town,
        "mkdir -p ~/mine/packages/own/own.1.0; cp packages/fmt/fmt.1.0/opam ~/mine/packages/own/own.1.0/; mirror",
        "not upstream's",
    );
    ok(&town, "rm -r ~/mine/packages/own; mirror");
    fails(
        &town,
        "( exec 9> ~/mine/.mirror/lock; flock 9; mirror )",
        "at work in this directory",
    );
    // Upstream's own file `repo` changes: the mirror's is the one that its chain approved.
    has(
        &ok(
            &town,
            "echo 'browse: \"https://x.example\"' >> ~/up/repo; up; mirror",
        ),
        &["users get the mirror's own"],
    );
    has(
        &ok(&town, "cmp ~/mine/repo ~/www/repo; client"),
        &["accepted"],
    );
}

/// The job of `hooks/ci/`, as a runner runs it, each time in a new clone: what upstream had is remembered
/// in the mirror's branch, and users follow the other one.
#[test]
fn the_job_of_a_forge_remembers_what_it_saw() {
    let town = Town::new();
    let job = concat!(env!("CARGO_MANIFEST_DIR"), "/hooks/ci/github-mirror.yml");
    let words = format!(
        r#"{WORDS}
runner() {{ rm -rf ~/runner ~/temp; mkdir ~/temp; git clone -q -b main ~/forge.git ~/runner; cd ~/runner
    awk '/run: \|/ {{ out = ""; next }} {{ out = out $0 "\n" }} END {{ print out }}' {job} | sed 's/--as publisher/--as ja/' > ~/job
    RUNNER_TEMP=~/temp UPSTREAM=~/up CONEX_KEY_TEXT="$(cat $PEOPLE/ja/keys/ja)" bash -e ~/job; cd; }}
users() {{ rm -rf ~/www; git clone -q -b published ~/forge.git ~/www; }}"#
    );
    let run = |story: &str| town.ok(&format!("{words}\n{story}"));
    run("unsigned ~/up; git init -q --bare -b main ~/forge.git; mkdir ~/mine; git -C ~/mine init -qb main
         mirror --init mine; rm -r ~/www
         cd ~/mine; printf '%s\\n' .mirror/git/ .mirror/lock > .gitignore; git add -A; git commit -qm start
         git push -q ~/forge.git main; cd");
    run("runner; users; same; client");
    run("runner; new fmt 7.0; up; runner; users; same; client");
    let rewritten = format!("{words}\ngit -C ~/up reset -q --hard HEAD^; new fmt 8.0; up; runner");
    town.fails(&rewritten, "upstream's history was rewritten");
    run("users; client");
}
