//! A real `ssh-agent` signs for conex, and the right key is found among those of conex,
//! of git, of the agent, and in `~/.ssh`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::openssh::{id, keygen, ok, oracle, phrase, public, their_armour, they_accept};
use conex::shell::keys::agent::{Agent, AgentError, Refusal};
use conex::shell::keys::passphrase::{Fixed, Nobody};
use conex::shell::keys::store::Existing;
use conex::shell::keys::{KeyStore, Places, Selection, SignError, Signer, find_signer};
use conex::sshsig::armour;
use conex_verify::format::key::{KeyError, Namespace, PublicKey};
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
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
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
    assert_eq!(held.others, [KeyError::Kind("ssh-rsa".into())]);
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
        Err(SignError::Agent(AgentError::Refused {
            why: Refusal::Gone,
            ..
        }))
    ));
    let error = running.agent().signer(&public(&path)).unwrap_err();
    assert!(matches!(error, AgentError::NoSuchKey(_)), "{error}");
}

/// An agent whose user says no is an error with words, and nothing waits.
#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
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
    let message = "ssh-agent refused to sign, although it holds the key";
    assert_eq!(error.to_string(), message);
    assert!(error.hint().unwrap().contains("confirm"));
}

/// The whole search of a signer, place by place.
#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
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

    // Nothing listed, nothing there: the hint says how to make a key.
    let none = Selection {
        id: Some(&author),
        ..Selection::default()
    };
    let bare = Places {
        store: KeyStore::at(dir.path().join("none")),
        agent: None,
        git_dir: None,
        home: Some(dir.path().join("nobody")),
    };
    let error = find_signer(&none, &bare, &mut Nobody).unwrap_err();
    assert!(
        error.hint().unwrap().contains("conex key new author-a"),
        "{error}"
    );

    let own = places.store.new_key(&author, None, Existing::Keep).unwrap();
    // Whoever joins takes the first key that there is, and is told of conex's own.
    let found = find_signer(&none, &places, &mut Fixed(phrase("secret"))).unwrap();
    assert_eq!(found.public(), &public(&for_git));
    let told = format!("--key {} takes that", own.fingerprint());
    assert!(found.origin.contains(&told), "{}", found.origin);
    // With a wrong passphrase nobody joins with another key that happens to lie there; where
    // nobody can be asked, the next one is taken.
    let error = find_signer(&none, &places, &mut Fixed(phrase("wrong"))).unwrap_err();
    assert!(error.to_string().contains("does not open"), "{error}");
    let found = find_signer(&none, &places, &mut Nobody).unwrap();
    assert_eq!(found.public(), &public(&in_agent));
    // Of several in the agent none is taken for somebody about whom nothing is known.
    let several = Running::start();
    several.add(&[], &in_agent);
    several.add(&[], &in_home);
    let alone = |agent: &Running| Places {
        agent: Some(agent.agent()),
        ..bare.clone()
    };
    let error = find_signer(&none, &alone(&several), &mut Nobody).unwrap_err();
    assert!(error.to_string().contains("not known which"), "{error}");
    let found = find_signer(&none, &alone(&running), &mut Nobody).unwrap();
    assert_eq!(found.public(), &public(&in_agent));
    // Nothing but the key of conex is left.
    let only_own = Places {
        store: places.store.clone(),
        ..bare.clone()
    };
    let found = find_signer(&none, &only_own, &mut Nobody).unwrap();
    assert_eq!(found.public(), &own);
    assert_eq!(found.origin, "conex's key of `author-a`");

    let find = |key: Option<&str>, listed: &[PublicKey], places: &Places, secret: &str| {
        let selection = Selection {
            key,
            id: Some(&author),
            listed: Some(listed),
        };
        find_signer(&selection, places, &mut Fixed(phrase(secret)))
    };
    // All are listed: git's is first, then the agent's, that in ~/.ssh, conex's own.
    let mut listed = vec![
        public(&for_git),
        public(&in_agent),
        public(&in_home),
        own.clone(),
    ];
    for origin in [
        "git's `user.signingkey`",
        "ssh-agent, \"made by ssh-keygen\"",
        "`",
        "conex's key of `author-a`",
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
    for name in [&fingerprint, &line, &path, of_ssh, "~/.ssh/id_ed25519"] {
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

/// What git takes for `user.signingkey`, conex finds: a path below `~`, a private file, a
/// literal key that the agent holds. Anything else is said, with what to do.
#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn git_s_key_is_found_however_it_is_written() {
    if !oracle("ssh-keygen") || !oracle("ssh-agent") || !oracle("git") {
        return;
    }
    let dir = TempDir::new().unwrap();
    fs::create_dir_all(dir.path().join("home/.ssh")).unwrap();
    let key = keygen(&dir, "home/.ssh/work", &["-t", "ed25519"], "");
    let rsa = keygen(&dir, "rsa", &["-t", "rsa", "-b", "2048"], "");
    let work = dir.path().join("work");
    ok(Command::new("git").args(["init", "-q"]).arg(&work), b"");
    let running = Running::start();
    running.add(&[], &key);
    let configure = |name: &str, value: &str| {
        let mut git = Command::new("git");
        ok(git.current_dir(&work).args(["config", name, value]), b"");
    };
    let places = Places {
        store: KeyStore::at(dir.path().join("keys")),
        agent: None,
        git_dir: Some(work.clone()),
        home: Some(dir.path().join("home")),
    };
    let author = id("author-a");
    let find = |agent: bool| {
        let places = Places {
            agent: agent.then(|| running.agent()),
            ..places.clone()
        };
        let selection = Selection {
            id: Some(&author),
            ..Selection::default()
        };
        find_signer(&selection, &places, &mut Nobody)
    };
    let line = public(&key).to_string();
    // Git signs with something else: its key is not asked for.
    configure("user.signingkey", "~/.ssh/work.pub");
    configure("gpg.format", "openpgp");
    assert!(!find(false).unwrap_err().to_string().contains("git's"));
    configure("gpg.format", "ssh");
    for (value, needs_agent) in [
        ("~/.ssh/work.pub".to_owned(), false),
        ("~/.ssh/work".to_owned(), false),
        (key.display().to_string(), false),
        (format!("key::{line}"), true),
        (format!("key::{line} a@b"), true),
        (line.clone(), true),
    ] {
        configure("user.signingkey", &value);
        let found = find(needs_agent).unwrap();
        assert!(found.origin.starts_with("git's"), "{}", found.origin);
        assert_eq!(found.public(), &public(&key), "{value}");
        found.sign(Namespace::Index, b"m").unwrap();
        if needs_agent {
            let error = find(false).unwrap_err();
            assert!(error.hint().unwrap().contains("ssh-add"), "{error}");
        }
    }
    let rsa_line = fs::read_to_string(rsa.with_extension("pub")).unwrap();
    for value in [
        rsa.display().to_string(),
        rsa.with_extension("pub").display().to_string(),
        format!("key::{}", rsa_line.trim()),
    ] {
        configure("user.signingkey", &value);
        let error = find(false).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("keys of type \"ssh-rsa\" are not used"),
            "{error}"
        );
        let hint = error.hint().unwrap();
        assert!(hint.contains("ssh-keygen -t ed25519"), "{value}: {hint}");
    }
}

/// People have other keys, too; what they read says that these are not used, and what to do.
#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn other_kinds_of_key_are_named() {
    if !oracle("ssh-keygen") || !oracle("ssh-agent") {
        return;
    }
    let dir = TempDir::new().unwrap();
    fs::create_dir_all(dir.path().join("home/.ssh")).unwrap();
    let rsa = keygen(&dir, "home/.ssh/id_rsa", &["-t", "rsa", "-b", "2048"], "");
    let ecdsa = keygen(&dir, "home/.ssh/id_ecdsa", &["-t", "ecdsa"], "");
    let running = Running::start();
    let author = id("author-a");
    let places = Places {
        store: KeyStore::at(dir.path().join("keys")),
        agent: Some(running.agent()),
        git_dir: None,
        home: Some(dir.path().join("home")),
    };
    let find = |key: Option<&str>| {
        let selection = Selection {
            key,
            id: Some(&author),
            listed: None,
        };
        find_signer(&selection, &places, &mut Nobody).unwrap_err()
    };
    let error = find(None);
    let text = error.to_string();
    for part in [
        "it holds no key, or is locked",
        "ssh-rsa",
        "ecdsa-sha2-nistp256",
    ] {
        assert!(text.contains(part), "{text}");
    }
    running.add(&[], &rsa);
    running.add(&[], &ecdsa);
    let text = find(None).to_string();
    assert!(text.contains("none of its 2 keys can be used"), "{text}");
    // Those that are named.
    for key in [&rsa, &ecdsa] {
        let error = find(Some(key.to_str().unwrap()));
        assert!(error.to_string().contains("are not used"), "{error}");
        assert!(error.hint().unwrap().contains("ssh-keygen -t ed25519"));
    }
    // A certificate is not a key.
    let authority = keygen(&dir, "authority", &["-t", "ed25519"], "");
    let user = keygen(&dir, "user", &["-t", "ed25519"], "");
    let mut sign = Command::new("ssh-keygen");
    sign.args(["-q", "-I", "user", "-s"]).arg(&authority);
    ok(sign.arg(user.with_extension("pub")), b"");
    let certificate = dir.path().join("user-cert.pub");
    let error = find(Some(certificate.to_str().unwrap()));
    assert!(error.to_string().contains("cert"), "{error}");
    assert!(error.hint().unwrap().contains("certificate"), "{error}");
    // A private key that others can read is refused, as ssh does it.
    use std::os::unix::fs::PermissionsExt as _;
    for mode in [0o640, 0o604, 0o660] {
        fs::set_permissions(&user, fs::Permissions::from_mode(mode)).unwrap();
        let error = find(Some(user.to_str().unwrap()));
        assert!(error.hint().unwrap().contains("chmod 600"), "{error}");
    }
}

/// An agent that is locked, or whose key is restricted to logins at one host.
#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn an_agent_that_may_not_sign_is_explained() {
    if !oracle("ssh-keygen") || !oracle("ssh-agent") {
        return;
    }
    let dir = TempDir::new().unwrap();
    let running = Running::start();
    let path = keygen(&dir, "key", &["-t", "ed25519"], "");
    let host = keygen(&dir, "host", &["-t", "ed25519"], "");
    let known = dir.path().join("known");
    fs::write(&known, format!("host.example {}\n", public(&host))).unwrap();
    let known = known.to_str().unwrap();
    running.add(&["-h", "host.example", "-H", known], &path);
    let signer = running.agent().signer_unasked(&public(&path));
    let error = signer.sign(Namespace::Index, b"m").unwrap_err();
    assert!(error.to_string().contains("refused to sign"), "{error}");
    let hint = error.hint().unwrap();
    assert!(
        hint.contains("restricted") && hint.contains("ssh-add -d"),
        "{hint}"
    );

    running.add(&["-d"], &path);
    running.add(&[], &path);
    signer.sign(Namespace::Index, b"m").unwrap();
    let askpass = dir.path().join("askpass");
    fs::write(&askpass, "#!/bin/sh\necho secret\n").unwrap();
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(&askpass, fs::Permissions::from_mode(0o700)).unwrap();
    let lock = |option: &str| {
        let status = Command::new("ssh-add")
            .arg(option)
            .env("SSH_AUTH_SOCK", &running.socket)
            .env("SSH_ASKPASS", &askpass)
            .env("SSH_ASKPASS_REQUIRE", "force")
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .status();
        assert!(status.unwrap().success(), "{option}");
    };
    lock("-x");
    let error = signer.sign(Namespace::Index, b"m").unwrap_err();
    assert!(error.to_string().contains("it is locked"), "{error}");
    assert!(error.hint().unwrap().contains("ssh-add -X"), "{error}");
    lock("-X");
    signer.sign(Namespace::Index, b"m").unwrap();
}
