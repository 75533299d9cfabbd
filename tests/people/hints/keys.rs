//! Who somebody is, and their keys.

use super::{approved, says, types};
use crate::town::Town;
use crate::typed_hints::commands;

#[test]
fn an_author_who_joins_once_more_changes_keys() {
    let town = Town::new();
    town.ok("by alice conex key new alice --force --no-passphrase");
    let told = town.fails("by alice conex join alice", "exists, with other keys");
    let typed = commands(&told, "RotateYours", &[]);
    town.ok(&format!("by alice {} --yes --no-passphrase", typed[0]));
    approved(&town);
    town.accepted("main");
}

#[test]
fn a_key_of_somebody_else_is_not_taken() {
    let town = Town::new();
    town.ok("cp $PEOPLE/bob/keys/bob $PEOPLE/alice/keys/bobs");
    let told = town.fails(
        "by alice conex key add $PEOPLE/alice/keys/bobs --as alice --yes",
        "belongs to `bob`",
    );
    let typed = commands(&told, "OneKeyOneId", &[("ID", "spare")]);
    let made = town.ok(&format!("by alice {} --no-passphrase", typed[0]));
    let (_, key) = made.trim().rsplit_once(' ').unwrap();
    town.ok(&format!("by alice conex key add {key} --as alice --yes"));
    approved(&town);
    town.accepted("main");
}

#[test]
fn who_is_no_author_becomes_one() {
    let town = Town::new();
    let told = town.fails("release dune.1.0; by dave conex sign dune", "no author");
    let join = commands(&told, "Join", &[]);
    types(&town, "dave", &join);
    town.ok("by dave conex sign dune --yes");
    approved(&town);
    // An id that is nearly another one.
    town.ok("by dawe conex key new dawe --no-passphrase");
    let told = town.fails("by dawe conex sign", "no author");
    types(&town, "dawe", &commands(&told, "NearOrJoin", &[]));
    let told = town.fails("by erin conex join erin --as alice", "for themselves");
    types(&town, "erin", &commands(&told, "JoinWithoutAs", &[]));
    approved(&town);
    town.accepted("main");
}

#[test]
fn the_last_key_goes_after_another_one_came() {
    let town = Town::new();
    let key = town.ok("by alice conex key show alice --fingerprint");
    let remove = format!("by alice conex key remove {} --as alice --yes", key.trim());
    let told = town.fails(&remove, "no key of `alice` would be left");
    let made = town.ok("by alice conex key new second --no-passphrase");
    let (_, second) = made.trim().rsplit_once(' ').unwrap();
    let typed = commands(&told, "LastKey", &[("KEY", second)]);
    assert_eq!(typed.len(), 3, "{typed:?}");
    town.ok(&format!("by alice {} --as alice --yes", typed[0]));
    town.ok(&remove);
    approved(&town);
    town.accepted("main");
    // Or all of them go.
    town.ok(&typed[2]);
    let told = town.ok("conex status alice");
    assert!(told.contains("no key"), "{told}");
}

#[test]
fn who_has_no_key_makes_one() {
    let town = Town::new();
    let told = town.ok("by zoe conex key list");
    let typed = commands(&told, "MakeKey", &[("ID", "zoe")]);
    town.ok(&format!(
        "by zoe {} --no-passphrase; by zoe conex join zoe",
        typed[0]
    ));
    // Or with OpenSSH.
    let told = town.fails("by yan conex sign", "no Ed25519 key of yours");
    let typed = commands(&told, "MakeKeyAndJoin", &[("ID", "yan")]);
    town.ok(&format!(
        "mkdir -p ~/.ssh; by yan {} -q -N '' -f ~/.ssh/id_ed25519; by yan {}",
        typed[0], typed[1]
    ));
    approved(&town);
    town.accepted("main");
}

#[test]
fn a_fingerprint_is_printed_by_the_command_that_is_named() {
    let town = Town::new();
    let told = town.fails("conex revoke alice --key alice", "blake2b=");
    let typed = commands(&told, "ShowFingerprint", &[("ID", "alice")]);
    let key = town.ok(&format!("by alice {}", typed[0]));
    town.ok(&format!("conex revoke alice --key {}", key.trim()));
}

#[test]
fn a_former_janitor_comes_back_with_another_key() {
    let town = Town::new();
    town.ok("conex janitor remove jc");
    approved(&town);
    let told = town.fails("conex janitor add jc=$KEYS/jc.pub", "never comes back");
    let typed = commands(&told, "OtherKeyOfJanitor", &[]);
    town.ok(&format!(
        "by jc {} --force --no-passphrase; by jc {}",
        typed[0], typed[1]
    ));
    town.ok("by jc conex approve --yes");
    approved(&town);
    town.accepted("main");
}

#[test]
fn who_is_no_author_any_more_is_told_where_keys_are() {
    let town = Town::new();
    let told = town.fails("conex revoke web", "no file of an author");
    let typed = commands(&told, "JoinOrChain", &[("ID", "dave")]);
    town.ok(&format!("by dave {}", typed[0]));
    let told = town.ok(&typed[1]);
    assert!(told.contains("janitors    ja, jb, jc"), "{told}");
}

/// An id in another case, and a key under a mistyped one.
#[test]
fn a_mistyped_id_is_taken_back_as_it_is_said() {
    let town = Town::new();
    town.ok("by dave conex join Dave --key $PEOPLE/dave/keys/dave");
    let told = town.fails(
        "by erin conex join dave --key $PEOPLE/erin/keys/erin",
        "only in case",
    );
    town.ok(&commands(&told, "DeclineMistyped", &[("ID", "Dave")])[0]);
    town.ok("by dave conex join davve --key $PEOPLE/dave/keys/dave");
    let told = town.fails("by dave conex join dave", "belongs to `davve`");
    let typed = commands(&told, "KeyOfOther", &[("ID", "spare")]);
    town.ok(&format!("by dave {} --no-passphrase", typed[0]));
    town.ok(&typed[1]);
    town.ok("by dave conex join dave");
    approved(&town);
    town.accepted("main");
}

#[test]
fn the_last_members_and_owners_are_shown() {
    let town = Town::new();
    let shows = says(&town, "conex team remove crew dave");
    let told = town.ok(&commands(&shows, "StatusShows", &[])[0]);
    assert!(told.contains("1 team"), "{told}");
    let told = town.fails("conex owner add carol fmt --instead-of bob", "does not own");
    let told = town.ok(&commands(&told, "StatusShowsOwners", &[])[0]);
    assert!(told.contains("owners: alice"), "{told}");
}

#[test]
fn a_key_of_another_kind_is_replaced_by_one_that_can_sign() {
    let town = Town::new();
    town.ok(
        "ssh-keygen -q -t rsa -b 2048 -N '' -f ../rsa; ssh-keygen -q -t ecdsa -N '' -f ../other",
    );
    let told = town.fails("by zoe conex key import zoe ../rsa.pub", "Ed25519 alone");
    let typed = commands(&told, "MAKE_KEY", &[("ID", "zoe")]);
    town.ok(&format!(
        "by zoe {} --no-passphrase; by zoe conex join zoe",
        typed[0]
    ));
    // A token has such keys as well.
    let told = town.fails(
        "echo \"sk-ecdsa-sha2-nistp256@openssh.com $(cut -d' ' -f2 ../other.pub)\" > ../token.pub; by yan conex key import yan ../token.pub",
        "sk-ecdsa",
    );
    let typed = commands(&told, "TOKEN_KEY", &[("ID", "yan")]);
    town.ok(&format!(
        "by yan {} --no-passphrase; by yan conex join yan",
        typed[1]
    ));
}

#[test]
fn a_key_that_is_not_kept_is_made_or_imported() {
    let town = Town::new();
    let told = town.fails("by zoe conex key show zoe", "no key of `zoe`");
    let typed = commands(&told, "MakeKeyOrImport", &[]);
    town.ok(&format!("by zoe {} --no-passphrase", typed[0]));
    town.ok(&format!(
        "mkdir -p ~/.ssh; ssh-keygen -q -t ed25519 -N '' -f ~/.ssh/id_ed25519; by yan {}",
        typed[1].replace("zoe", "yan")
    ));
    // One that is there already.
    let told = town.fails("by alice conex key new alice --no-passphrase", "alice");
    let typed = commands(&told, "ReplaceKey", &[]);
    town.ok(&format!("by alice {} --no-passphrase --yes", typed[0]));
    town.ok(&format!("by alice {} --no-passphrase", typed[1]));
    // Something that is no key.
    let told = town.fails("by zoe conex key import other $HOME/keys", "");
    let typed = commands(&told, "KeyFile", &[("ID", "other")]);
    town.ok(&format!("by zoe {} --no-passphrase", typed[0]));
}

#[test]
fn a_repository_of_an_earlier_conex_starts_anew() {
    let town = Town::new();
    let told = says(
        &town,
        "mkdir -p ../old/packages; cd ../old; echo 'opam-version: \"2.0\"' > repo; printf 'signed: []\\n' > root; conex status",
    );
    let typed = commands(&told, "StartAnew", &[]);
    town.ok(&format!(
        "cd ../old; by ja {} --name old --alone ja --yes; conex status",
        typed[0]
    ));
}
