//! A token, made of software, behind ssh-agent: a janitor signs with it, and one that was
//! not touched signs nothing. (`PROTOCOL.u2f`: flags and counter are signed with the rest.)

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};

use crate::machine::{CONEX, Machine, err, out};
use conex::sshsig::{armour, signature_wire};
use conex_verify::format::key::{
    Namespace, Presence, PublicKey, Signature, put, sshsig_bytes, take,
};
use ed25519_dalek::{Signer as _, SigningKey};
use sha2::{Digest as _, Sha256};

/// A token that signs whatever it is given, touched or not, as `flags` says.
#[derive(Clone)]
struct Token {
    flags: Arc<AtomicU8>,
    counter: Arc<AtomicU32>,
}

const TOUCHED: u8 = 1;
const VERIFIED: u8 = 4;

impl Token {
    fn new() -> Token {
        Token {
            flags: Arc::new(AtomicU8::new(TOUCHED)),
            counter: Arc::new(AtomicU32::new(7)),
        }
    }

    fn secret() -> SigningKey {
        SigningKey::from_bytes(&[9; 32])
    }

    fn public() -> PublicKey {
        let mut wire = Vec::new();
        put(&mut wire, b"sk-ssh-ed25519@openssh.com");
        put(&mut wire, Token::secret().verifying_key().as_bytes());
        put(&mut wire, b"ssh:");
        PublicKey::from_wire(&wire).unwrap()
    }

    fn sign(&self, data: &[u8]) -> Signature {
        let flags = self.flags.load(Ordering::Relaxed);
        let counter = self.counter.fetch_add(1, Ordering::Relaxed);
        let mut signed = Sha256::digest(b"ssh:").to_vec();
        signed.push(flags);
        signed.extend(counter.to_be_bytes());
        signed.extend(Sha256::digest(data));
        let bytes = Token::secret().sign(&signed).to_bytes();
        Signature::sk_ed25519(bytes, Presence { flags, counter })
    }

    /// An agent that holds it (`draft-ietf-sshm-ssh-agent`), at this socket.
    fn listen(&self, socket: PathBuf) {
        let listener = UnixListener::bind(socket).unwrap();
        let token = self.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                let mut length = [0; 4];
                if stream.read_exact(&mut length).is_err() {
                    continue;
                }
                let mut request = vec![0; u32::from_be_bytes(length) as usize];
                stream.read_exact(&mut request).unwrap();
                let mut answer = Vec::new();
                if request[0] == 11 {
                    answer.extend([12, 0, 0, 0, 1]);
                    put(&mut answer, &Token::public().wire());
                    put(&mut answer, b"token");
                } else {
                    let mut rest = &request[1..];
                    assert_eq!(take(&mut rest).unwrap(), Token::public().wire());
                    let data = take(&mut rest).unwrap();
                    assert!(data.starts_with(b"SSHSIG"));
                    answer.push(14);
                    put(&mut answer, &signature_wire(&token.sign(data)));
                }
                let mut message = Vec::new();
                put(&mut message, &answer);
                let _ = stream.write_all(&message);
            }
        });
    }
}

fn with_agent(machine: &Machine, args: &[&str]) -> Output {
    let mut command = Command::new(CONEX);
    machine.adapt(&mut command);
    command
        .args(args)
        .env("SSH_AUTH_SOCK", machine.path("agent"))
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn verify(machine: &Machine) -> Output {
    let anchors = out(&machine.ok(&["anchors"]));
    let args = [
        "verify",
        "--dir",
        ".",
        "--nostrict",
        "--quorum",
        "1",
        "--anchors",
    ];
    machine.conex(&[&args[..], &[anchors.trim()]].concat())
}

fn repository() -> Machine {
    let machine = Machine::new();
    let janitor = format!("ann={}", Token::public());
    machine.ok(&[
        "init",
        "--name",
        "example",
        "--snapshot",
        "optional",
        "--quorum",
        "1",
        "--janitor",
        &janitor,
    ]);
    machine
}

/// User story: a janitor's key is in a token, and everything is signed through the agent.
#[test]
fn a_janitor_signs_with_a_token() {
    let token = Token::new();
    let machine = repository();
    token.listen(machine.path("agent"));
    let before = machine.files("repo");
    // Not touched, whatever else it claims.
    for flags in [0, VERIFIED, 0xfe] {
        token.flags.store(flags, Ordering::Relaxed);
        let output = with_agent(&machine, &["approve", "--as", "ann", "--yes"]);
        let said = err(&output);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("was not touched"), "{said}");
        assert!(said.contains("no-touch-required"), "{said}");
        assert_eq!(before, machine.files("repo"));
    }
    token.flags.store(TOUCHED | VERIFIED, Ordering::Relaxed);
    let output = with_agent(&machine, &["approve", "--as", "ann", "--yes"]);
    assert!(output.status.success(), "{}", err(&output));
    assert!(
        err(&output).contains("ssh-agent, \"token\""),
        "{}",
        err(&output)
    );
    let output = verify(&machine);
    assert!(output.status.success(), "{}", err(&output));
}

/// Attack: a signature of a token that nobody touched, made by whoever has a hand in the
/// machine, is taken in from a file, or put into the repository.
#[test]
fn an_untouched_signature_is_not_taken_in() {
    let token = Token::new();
    let machine = repository();
    let to = machine.path("to-sign");
    machine.ok(&["approve", "--as", "ann", "--detached", to.to_str().unwrap()]);
    let mut files: Vec<PathBuf> = machine.files("to-sign").into_keys().collect();
    files.sort();
    for file in &files {
        let namespace = if file.to_string_lossy().contains("link-") {
            Namespace::Janitors
        } else {
            Namespace::Index
        };
        let bytes = std::fs::read(file).unwrap();
        let armoured = machine.path("armoured");
        for (flags, good) in [(0, false), (VERIFIED, false), (TOUCHED, true)] {
            token.flags.store(flags, Ordering::Relaxed);
            let signature = token.sign(&sshsig_bytes(namespace, &bytes));
            let text = armour(&Token::public(), namespace, &signature);
            std::fs::write(&armoured, text).unwrap();
            let (file, sig) = (file.to_str().unwrap(), armoured.to_str().unwrap());
            let output = machine.conex(&["signature", "import", file, sig]);
            let said = err(&output);
            assert_eq!(output.status.success(), good, "{flags}: {said}");
            assert!(good || said.contains("was not touched"), "{said}");
        }
    }
    let output = verify(&machine);
    assert!(output.status.success(), "{}", err(&output));
    // In the repository itself: the flags of the link's signature are cleared.
    let link = machine.path("repo/packages/.conex/janitors/0");
    let signed = std::fs::read_to_string(&link).unwrap();
    let signature = signed.rsplit('"').nth(1).unwrap().to_owned();
    token.flags.store(0, Ordering::Relaxed);
    let (bytes, _) = signed.split_once("signatures:").unwrap();
    let untouched = token.sign(&sshsig_bytes(Namespace::Janitors, bytes.as_bytes()));
    let forged = signed.replace(&signature, &untouched.to_string());
    assert_ne!(forged, signed);
    std::fs::write(&link, forged).unwrap();
    let output = verify(&machine);
    assert_eq!(output.status.code(), Some(1));
    let said = err(&output);
    assert!(said.contains("0 of 1 needed signed it"), "{said}");
}
