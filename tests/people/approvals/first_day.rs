//! A new author has an SSH key and a clone, and nothing of conex's: two commands, and the
//! release is signed.

use std::process::Command;

use crate::town::Town;

fn has_openssh() -> bool {
    let there = Command::new("ssh-keygen").arg("-?").output().is_ok();
    if !there {
        assert!(std::env::var_os("CONEX_REQUIRE_ORACLES").is_none());
        eprintln!("NOT TESTED: `ssh-keygen` is not installed (Debian: openssh-client)");
    }
    there
}

/// From zero to a signed release: `conex join` and `conex sign`, then janitors.
#[track_caller]
fn from_zero(has: &str) {
    if !has_openssh() {
        return;
    }
    let town = Town::new();
    let told = town.ok(&format!(
        "git checkout -qb request; release dune.1.0
        (export HOME=$TMPDIR/new; unset CONEX_HOME SSH_AUTH_SOCK; mkdir -p $HOME/.ssh; chmod 700 $HOME/.ssh
        key() {{ ssh-keygen -q -t ed25519 -N '' -f \"$1\" -C me; }}
        {has}
        conex join dave
        conex sign dune --yes
        test ! -e $HOME/.local/share/conex/keys; if [ -n \"${{SSH_AGENT_PID:-}}\" ]; then kill $SSH_AGENT_PID; fi)
        commit request; for j in ja jb; do by $j conex approve --yes; done; commit approved"
    ));
    assert!(told.contains("`dave` becomes an author"), "{told}");
    assert!(
        told.contains("proposed: `dave` gets `dune`, which nobody owned"),
        "{told}"
    );
    town.accepted("request");
    town.update_accepted("main", "request");
}

#[test]
fn with_the_key_that_ssh_uses() {
    from_zero("key $HOME/.ssh/id_ed25519");
}

#[test]
fn with_the_key_that_git_signs_with() {
    from_zero(
        "mkdir $HOME/keys; key $HOME/keys/git; key $HOME/.ssh/id_ed25519
        git config gpg.format ssh; git config user.signingkey $HOME/keys/git.pub",
    );
}

#[test]
fn with_the_key_that_the_agent_holds() {
    from_zero(
        "mkdir $HOME/keys; key $HOME/keys/one; eval $(ssh-agent -a $HOME/agent) >/dev/null
        ssh-add -q $HOME/keys/one; rm $HOME/keys/one",
    );
}

/// Janitors have nothing of conex's either: whose key it is says the chain.
#[test]
fn a_janitor_with_an_ssh_key() {
    if !has_openssh() {
        return;
    }
    let town = Town::new();
    town.ok(
        "(export HOME=$TMPDIR/new; unset CONEX_HOME; mkdir -p $HOME/.ssh
        ssh-keygen -q -t ed25519 -N '' -f $HOME/.ssh/id_ed25519
        by ja conex janitor add jd=$HOME/.ssh/id_ed25519.pub
        conex approve --yes; for j in ja jb; do by $j conex approve --yes; done
        edit fmt.1.0 Mended; by carol conex sign --yes; by ja conex approve --yes; conex approve --yes); commit mended",
    );
    town.accepted("HEAD");
}

/// With no key at all, and with one that nobody knows: what to do is said.
#[test]
fn who_has_no_key_is_told() {
    if !has_openssh() {
        return;
    }
    let town = Town::new();
    let home = "export HOME=$TMPDIR/new; unset CONEX_HOME SSH_AUTH_SOCK; mkdir -p $HOME/.ssh";
    town.fails(&format!("{home}; conex sign"), "ssh-keygen -t ed25519");
    town.fails(
        &format!("{home}; ssh-keygen -q -t ed25519 -N '' -f $HOME/.ssh/id_ed25519; conex sign"),
        "conex join ID",
    );
}
