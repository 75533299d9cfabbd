//! Stories: a proposal, what waits, what changed, whose key is gone.

use super::site;
use crate::town::Town;
use crate::typed_hints::commands;

/// Packages of nobody, and a table of who would own what.
const PROPOSAL: &str = r#"
release dune.1.0; release re.1.0; release conf-gmp.1; release bos.1.0; commit unsigned
mkdir -p ~/fetched; cp $KEYS/dave.pub ~/fetched/dave.keys; cp $KEYS/erin.pub ~/fetched/erin.keys
cat > ~/owners <<END
id dave 2025-01 -
id erin 2025-01 merges
id old 2012-01 asleep
team guild dave erin
package bos old weak - 2012-01 published:old:1:2012-01
package conf-gmp maintainers strong - - -
package dune dave strong github.com/dave 2025-01 named:dave published:dave:3:2025-01
package re @guild strong github.com/guild - helped:erin:1:2025-01
package elsewhere dave strong - - -
END
"#;

/// User story: a janitor publishes a proposal, and an author finds the own package and why.
#[test]
fn an_author_finds_their_package_and_the_evidence() {
    let town = Town::new();
    town.ok(PROPOSAL);
    let pages = site(
        &town,
        "--proposal ~/owners --contact https://host.example/issues",
    );
    let dune = pages.text("package/p-dune.html");
    for said in [
        "unsigned",
        "Proposed: dave. The line is strong",
        "The sources are at github.com/dave.",
        "What the package says of itself names dave.",
        "dave published it in 3 changes, the last in 2025-01.",
        "Objections go to https://host.example/issues",
    ] {
        assert!(dune.contains(said), "{said}: {dune}");
    }
    let re = pages.text("package/p-re.html");
    assert!(re.contains("Proposed: the team guild."), "{re}");
    assert!(re.contains("merges what others open"), "{re}");
    let bos = pages.text("package/p-bos.html");
    assert!(
        bos.contains("The line is weak: nothing comes of it."),
        "{bos}"
    );
    let gmp = pages.text("package/p-conf-gmp.html");
    assert!(
        gmp.contains("Proposed: those who keep the repository"),
        "{gmp}"
    );
    // Somebody whom the repository does not know has a page all the same.
    let dave = pages.text("person/i-dave.html");
    assert!(dave.contains("only the proposal names it"), "{dave}");
    assert!(dave.contains("dune | strong | "), "{dave}");
    assert!(dave.contains("In teams: guild"), "{dave}");
    // A package that is not here has no page, and no link leads to it.
    assert!(
        dave.contains("dune") && !dave.contains("elsewhere"),
        "{dave}"
    );
    let old = pages.text("person/i-old.html");
    assert!(old.contains("Asleep: not seen for two years"), "{old}");
    let guild = pages.text("person/i-guild.html");
    assert!(guild.contains("Members: dave, erin"), "{guild}");
    let all = pages.text("proposal.html");
    assert!(all.contains("strong | 2 25.0 % | "), "{all}");
    assert!(all.contains("no line | 4 50.0 % | "), "{all}");
    for path in [
        "package/p-dune.html",
        "person/i-dave.html",
        "person/i-ja.html",
    ] {
        assert!(pages.leads_to(path), "{path}");
    }
    // Without a proposal nobody speaks of one.
    let pages = site(&town, "");
    assert!(!pages.pages.contains_key("proposal.html"));
    assert!(!pages.pages.contains_key("person/i-old.html"));
    assert!(!pages.text("package/p-dune.html").contains("Proposed"));
}

/// User story: listed keys, packages that janitors hold, and the commands that the pages name.
#[test]
fn the_commands_of_the_pages_lead_to_an_owner() {
    let town = Town::new();
    town.ok(PROPOSAL);
    town.ok("conex bootstrap ids ~/owners --keys ~/fetched; conex bootstrap claim ~/owners");
    let pages = site(&town, "--proposal ~/owners");
    let dune = pages.text("package/p-dune.html");
    assert!(
        dune.contains("Waits for approval: dave (0 of 2 janitors approve it)."),
        "{dune}"
    );
    let waits = pages.text("waits.html");
    assert!(waits.contains("dave | 1 | "), "{waits}");
    assert!(waits.contains("dune | 3 | "), "{waits}");
    town.ok("for j in ja jb; do by $j conex approve --held --yes; done; commit owners");
    let pages = site(&town, "");
    let bos = pages.text("package/p-bos.html");
    assert!(
        bos.contains("The janitors hold it, and 2 janitors together release it."),
        "{bos}"
    );
    assert!(bos.contains("Approved by ja, jb."), "{bos}");
    assert!(bos.contains("1.0 | valid | ja, jb (janitors) | "), "{bos}");
    assert!(pages.text("list/s-held.html").contains("bos"));
    assert!(pages.text("waits.html").contains("Nothing waits."));
    let dune = pages.text("package/p-dune.html");
    assert!(
        dune.contains("dave, who has not proven a key yet"),
        "{dune}"
    );
    let dave = pages.text("person/i-dave.html");
    assert!(dave.contains("nobody showed to have it"), "{dave}");
    // What the pages name is typed.
    let confirm = commands(dave, "SiteConfirm", &[]);
    town.ok(&format!("by dave {}; commit confirmed", confirm[0]));
    let mine = commands(bos, "SiteMine", &[("ID", "erin")]);
    assert_eq!(mine.len(), 2, "{mine:?}");
    town.ok(&format!(
        "by erin {} --key $PEOPLE/erin/keys/erin; {}",
        mine[0], mine[1]
    ));
    town.ok("for j in ja jb; do by $j conex approve --yes; done; commit hers");
    let pages = site(&town, "");
    let bos = pages.text("package/p-bos.html");
    assert!(bos.contains("erin, who has proven a key"), "{bos}");
    assert!(
        pages
            .text("person/i-dave.html")
            .contains("counts: listed, approved and proven")
    );
    let status = commands(bos, "SiteStatus", &[]);
    let told = town.ok(&status[0]);
    assert!(told.contains("bos: signed and valid"), "{told}");
    let verify = commands(
        pages.text("check.html"),
        "SiteVerify",
        &[("ANCHORS", "\"$ANCHORS\"")],
    );
    let told = town.ok(&format!("{}; {}", verify[0], verify[1]));
    // The state that the page names is the one that the command prints.
    let state = told
        .lines()
        .find_map(|line| line.strip_prefix("state       "))
        .unwrap();
    assert!(
        pages
            .text("check.html")
            .contains(&format!("State `{state}`")),
        "{told}"
    );
}

/// User story: what changed since the first day, a key that is gone, and what follows from that.
#[test]
fn what_changed_is_told() {
    let town = Town::new();
    let pages = site(&town, "--since day-one");
    assert!(pages.text("changes.html").contains("Nothing changed."));
    town.ok(
        "release dune.1.0; by dave conex join dave; conex owner add dave dune; by dave conex sign --yes
        release logs.1.1; by bob conex sign --yes; commit more",
    );
    let pages = site(&town, "--since day-one");
    let changes = pages.text("changes.html");
    assert!(
        changes.contains("Releases that are signed now: 1\nlogs: 1.1"),
        "{changes}"
    );
    assert!(
        !changes.contains("dave"),
        "what waits counts for nothing: {changes}"
    );
    let dune = pages.text("package/p-dune.html");
    assert!(dune.contains("not approved"), "{dune}");
    let logs = pages.text("package/p-logs.html");
    assert!(logs.contains("1.1 | valid | bob | "), "{logs}");
    assert!(
        logs.find("1.1 |") < logs.find("1.0 |"),
        "the newest comes first: {logs}"
    );
    town.ok(
        "conex revoke alice; for j in ja jb; do by $j conex approve --yes; done; commit revoked",
    );
    let pages = site(&town, "--since day-one");
    let changes = pages.text("changes.html");
    for said in [
        "dune: 1.0",
        "New: dave",
        "Packages that are claimed\nNew: dune",
        "alice\nGone: `blake2b=",
    ] {
        assert!(changes.contains(said), "{said}: {changes}");
    }
    let alice = pages.text("person/i-alice.html");
    assert!(alice.contains("revoked: no key is left"), "{alice}");
    let fmt = pages.text("package/p-fmt.html");
    assert!(fmt.contains("alice, whose keys were taken away"), "{fmt}");
    // What the thief cannot sign any more, a quorum vouches for as it is.
    assert!(fmt.contains("1.1 | valid | ja, jb (janitors) | "), "{fmt}");
    let cohttp = pages.text("package/p-cohttp.html");
    assert!(
        cohttp.contains("web, a team, of which a member has proven a key"),
        "{cohttp}"
    );
    let changes = changes.to_owned();
    town.ok("edit fmt.1.1 Forged; commit forged");
    let pages = site(&town, "--since day-one");
    let fmt = pages.text("package/p-fmt.html");
    assert!(
        fmt.contains("not valid") && fmt.contains("error E"),
        "{fmt}"
    );
    let waits = pages.text("waits.html");
    assert!(
        waits.contains("Claimed, and not valid\n1 package:\nfmt"),
        "{waits}"
    );
    town.ok("git reset -q --hard HEAD~1");
    // A directory is a state as well, and so is one in which nobody signed anything.
    town.ok("mkdir ~/before ~/bare; git archive day-one | tar x -C ~/before; cp -r ~/before/. ~/bare
        rm -r ~/bare/packages/.conex; find ~/bare -name checksum -o -name releases -o -name authorisation | xargs rm");
    let of_directory = site(&town, "--since ~/before");
    let body = |text: &str| {
        text.split_once("counted and does not")
            .unwrap()
            .1
            .to_owned()
    };
    assert_eq!(body(of_directory.text("changes.html")), body(&changes));
    let changes = site(&town, "--since ~/bare");
    let changes = changes.text("changes.html");
    assert!(changes.contains("Janitors\nNew: ja, jb, jc"), "{changes}");
}

/// User story: the curve, of a history and without one, and the same bytes for the same state.
#[test]
fn the_curve_is_that_of_the_history() {
    let town = Town::new();
    let pages = site(&town, "");
    let coverage = pages.text("coverage.html");
    assert!(
        coverage.contains("Not known: the history has only one state"),
        "{coverage}"
    );
    town.ok(
        "release dune.1.0; commit unsigned; by dave conex join dave; conex owner add dave dune; commit proposed
        by dave conex sign --yes; for j in ja jb; do by $j conex approve --yes; done; commit approved
        git checkout -q -b work; edit fmt.1.0 Other; commit edited",
    );
    let pages = site(&town, "");
    let coverage = pages.text("coverage.html");
    let rows: Vec<&str> = coverage
        .lines()
        .filter(|line| line.starts_with("20") && line.contains(" | "))
        .collect();
    let numbers =
        |row: &str| -> Vec<String> { row.split(" | ").skip(2).map(str::to_owned).collect() };
    let first = |text: &str| text.split(' ').next().unwrap().to_owned();
    let signed: Vec<(String, String)> = rows
        .iter()
        .map(|row| (numbers(row)[0].clone(), first(&numbers(row)[1])))
        .collect();
    // The newest first: an edit that nobody signed, all signed, proposed, the first day.
    let expected = [("5", "4"), ("5", "5"), ("5", "4"), ("4", "4")];
    let expected = expected.map(|(a, b)| (a.to_owned(), b.to_owned()));
    assert_eq!(signed, expected, "{coverage}");
    assert_eq!(
        pages
            .page("coverage.html")
            .elements
            .iter()
            .filter(|(name, _)| name == "polyline")
            .count(),
        2
    );
    // The same state, the same bytes.
    town.ok("cp -r ~/site ~/first; conex report ~/site; diff -r ~/first ~/site");
    town.ok("mkdir ~/plain; git archive HEAD | tar x -C ~/plain; conex -C ~/plain report ~/site");
    let pages = crate::pages::Pages::read(&town.path("site"));
    let coverage = pages.text("coverage.html");
    assert!(
        coverage.contains("there is no history of git here"),
        "{coverage}"
    );
    assert!(!pages.text("index.html").contains("commit"));
}

/// The published form says the same of owners and releases.
#[test]
fn both_forms_give_the_same_pages() {
    let town = Town::new();
    town.ok(
        "by ja conex team add notaries ja; for j in ja jb; do by $j conex approve --yes; done
        by ja conex publish --to ~/www --anchors \"$ANCHORS\" --as ja --yes
        mkdir ~/plain; cp -r packages repo ~/plain; conex -C ~/plain report ~/site
        conex -C ~/www report ~/site-of-published",
    );
    // But for the snapshot, which the published form has.
    town.ok(
        "for part in package person list; do diff -r ~/site/$part ~/site-of-published/$part; done",
    );
    let pages = crate::pages::Pages::read(&town.path("site-of-published"));
    assert!(
        pages
            .text("package/p-fmt.html")
            .contains("1.1 | valid | alice | ")
    );
    assert!(
        pages
            .text("person/i-alice.html")
            .contains("counts: listed, approved and proven")
    );
    assert!(
        pages
            .text("index.html")
            .contains("epoch 0 counter 1, by ja")
    );
}
