//! A real `ssh-agent` signs for conex, and the right key is found among those of conex,
//! of git, of the agent, and in `~/.ssh`.

mod openssh;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use conex::core::key::{Namespace, PublicKey};
use conex::core::sshsig::armour;
use conex::shell::keys::agent::{Agent, AgentError};
use conex::shell::keys::passphrase::{Fixed, Nobody};
use conex::shell::keys::store::Existing;
use conex::shell::keys::{KeyStore, Places, Selection, SignError, Signer, find_signer};
use openssh::{id, keygen, ok, oracle, phrase, public, their_armour, they_accept};
use tempfile::TempDir;

/// A running agent of the test's own; ended when dropped.
struct Running {
    child: Child,
    socket: PathBuf,
    _dir: TempDir,
}

impl Running {
    fn start() -> Running {
        let dir = TempDir::new().unwrap();
        let socket = dir.path().join("agent");
        let child = Command::new("ssh-agent")
            .arg("-D")
            .arg("-a")
            .arg(&socket)
            // It asks for confirmation with a program that says no.
            .env("SSH_ASKPASS", "/bin/false")
            .env("SSH_ASKPASS_REQUIRE", "force")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let start = Instant::now();
        while std::os::unix::net::UnixStream::connect(&socket).is_err() {
            assert!(start.elapsed() < Duration::from_secs(20), "no ssh-agent");
            std::thread::sleep(Duration::from_millis(10));
        }
        Running {
            child,
            socket,
            _dir: dir,
        }
    }

    fn add(&self, options: &[&str], key: &Path) {
        let mut command = Command::new("ssh-add");
        let status = command
            .args(options)
            .arg(key)
            .env("SSH_AUTH_SOCK", &self.socket)
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .status();
        assert!(status.unwrap().success());
    }

    fn agent(&self) -> Agent {
        Agent::at(&self.socket)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// User story: the key never leaves the agent, and conex signs.
#[test]
fn a_real_agent_signs() {
    if !oracle("ssh-keygen") || !oracle("ssh-agent") {
        return;
    }
    let dir = TempDir::new().unwrap();
    let running = Running::start();
    assert_eq!(running.agent().list().unwrap().keys, []);
    let path = keygen(&dir, "key", &["-t", "ed25519"], "");
    running.add(&[], &path);
    running.add(&[], &keygen(&dir, "rsa", &["-t", "rsa", "-b", "2048"], ""));
    let held = running.agent().list().unwrap();
    assert_eq!(
        held.keys,
        [(public(&path), "made by ssh-keygen".to_owned())]
    );
    assert_eq!(held.others, 1);
    let signer = running.agent().signer(&public(&path)).unwrap();
    for namespace in Namespace::ALL {
        let signature = signer.sign(namespace, b"m").unwrap();
        let text = armour(signer.public(), namespace, &signature);
        assert!(they_accept(&public(&path), namespace.as_str(), b"m", &text));
        assert_eq!(text, their_armour(&path, namespace.as_str(), b"m", &[]));
    }
    // Taken out behind our back.
    running.add(&["-d"], &path);
    assert!(matches!(
        signer.sign(Namespace::Index, b"m"),
        Err(SignError::Agent(AgentError::Refused("sign")))
    ));
    let error = running.agent().signer(&public(&path)).unwrap_err();
    assert!(matches!(error, AgentError::NoSuchKey(_)), "{error}");
}

/// An agent whose user says no is an error with words, and nothing waits.
#[test]
fn an_agent_that_refuses_is_understood() {
    if !oracle("ssh-keygen") || !oracle("ssh-agent") {
        return;
    }
    let dir = TempDir::new().unwrap();
    let running = Running::start();
    let path = keygen(&dir, "key", &["-t", "ed25519"], "");
    running.add(&["-c"], &path);
    let signer = running.agent().signer(&public(&path)).unwrap();
    let error = signer.sign(Namespace::Index, b"m").unwrap_err();
    assert_eq!(error.to_string(), "ssh-agent refused to sign");
    assert!(error.hint().unwrap().contains("confirm"));
}

/// The whole search of a signer, place by place.
#[test]
fn a_signer_is_found_in_the_documented_order() {
    if !oracle("ssh-keygen") || !oracle("ssh-agent") || !oracle("git") {
        return;
    }
    let dir = TempDir::new().unwrap();
    let home = dir.path().join("home");
    fs::create_dir_all(home.join(".ssh")).unwrap();
    fs::create_dir(dir.path().join("work")).unwrap();
    let running = Running::start();
    let mut places = Places {
        store: KeyStore::at(dir.path().join("keys")),
        agent: Some(running.agent()),
        git_dir: Some(dir.path().join("work")),
        home: Some(home.clone()),
    };
    let author = id("author-a");
    let in_home = keygen(&dir, "home/.ssh/id_ed25519", &["-t", "ed25519"], "");
    let for_git = keygen(&dir, "git", &["-t", "ed25519", "-a", "2"], "secret");
    let in_agent = keygen(&dir, "agent", &["-t", "ed25519"], "");
    running.add(&[], &in_agent);
    for (key, value) in [
        ("gpg.format", "ssh".to_owned()),
        (
            "user.signingkey",
            for_git.with_extension("pub").display().to_string(),
        ),
    ] {
        let mut git = Command::new("git");
        git.current_dir(dir.path().join("work"));
        if key == "gpg.format" {
            ok(
                Command::new("git")
                    .arg("init")
                    .arg("-q")
                    .arg(dir.path().join("work")),
                b"",
            );
        }
        ok(git.args(["config", key, &value]), b"");
    }

    // Nothing listed and no key of conex: the hint says how to make one.
    let none = Selection {
        id: Some(&author),
        ..Selection::default()
    };
    let error = find_signer(&none, &places, &mut Nobody).unwrap_err();
    assert!(
        error.hint().unwrap().contains("conex key new author-a"),
        "{error}"
    );

    let own = places.store.new_key(&author, None, Existing::Keep).unwrap();
    assert_eq!(
        find_signer(&none, &places, &mut Nobody).unwrap().public(),
        &own
    );

    let find = |key: Option<&str>, listed: &[PublicKey], places: &Places, secret: &str| {
        let selection = Selection {
            key,
            id: Some(&author),
            listed: Some(listed),
        };
        find_signer(&selection, places, &mut Fixed(phrase(secret)))
    };
    // All are listed: conex's own is first, then git's, the agent's, that in ~/.ssh.
    let mut listed = vec![
        own.clone(),
        public(&for_git),
        public(&in_agent),
        public(&in_home),
    ];
    for origin in [
        "conex's key of `author-a`",
        "git's `user.signingkey`",
        "ssh-agent, \"made by ssh-keygen\"",
        "`",
    ] {
        let found = find(None, &listed, &places, "secret").unwrap();
        assert!(found.origin.starts_with(origin), "{}", found.origin);
        assert_eq!(found.public(), &listed[0]);
        found.sign(Namespace::Index, b"m").unwrap();
        listed.remove(0);
    }
    let error = find(None, &listed, &places, "secret")
        .unwrap_err()
        .to_string();
    for part in [
        "lists no key",
        "conex's key of `author-a`: is another key",
        "ssh-agent: none of its 1",
    ] {
        assert!(error.contains(part), "{error}");
    }

    // What is named is taken, or nothing.
    let listed = [public(&for_git), public(&in_home)];
    let fingerprint = public(&in_home).fingerprint().to_string();
    let line = public(&in_home).to_string();
    let path = in_home.display().to_string();
    let of_ssh = ok(Command::new("ssh-keygen").args(["-lf"]).arg(&in_home), b"");
    let of_ssh = of_ssh.split(' ').nth(1).unwrap();
    for name in [&fingerprint, &line, &path, of_ssh] {
        let found = find(Some(name), &listed, &places, "secret").unwrap();
        assert_eq!(found.public(), &public(&in_home), "{name}");
    }
    let agents = in_agent.display().to_string();
    let error = find(Some(&agents), &listed, &places, "secret").unwrap_err();
    assert!(error.to_string().contains("is another key"), "{error}");

    // A wrong passphrase is what the error is about; the agent makes it needless.
    let only_git = [public(&for_git)];
    let error = find(None, &only_git, &places, "wrong")
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("the passphrase does not open the private key"),
        "{error}"
    );
    let copy = keygen(&dir, "copy", &["-t", "ed25519"], "");
    fs::copy(&for_git, &copy).unwrap();
    ok(
        Command::new("ssh-keygen")
            .args(["-q", "-p", "-P", "secret", "-N", "", "-f"])
            .arg(&copy),
        b"",
    );
    running.add(&[], &copy);
    let found = find(None, &only_git, &places, "wrong").unwrap();
    assert!(
        found.origin.ends_with("through ssh-agent"),
        "{}",
        found.origin
    );
    found.sign(Namespace::Index, b"m").unwrap();

    // No agent at all.
    places.agent = None;
    let error = find(None, &[public(&in_agent)], &places, "secret").unwrap_err();
    assert!(
        error.to_string().contains("`SSH_AUTH_SOCK` is not set"),
        "{error}"
    );
    assert!(error.hint().unwrap().contains("--key"), "{error}");
}
