//! Agents that lie, stall or answer nonsense; a token in software behind an agent.
//! (A real agent is in `tests/ssh_keygen.rs`.)

use std::os::unix::net::UnixListener;
use std::thread;

use ed25519_dalek::{Signer as _, SigningKey};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use super::*;
use crate::sshsig::signature_wire;
use conex_verify::format::key::{Presence, SignatureError};

const SHORT: Duration = Duration::from_millis(300);

/// An agent that answers each request with what `answer` makes of it.
fn fake(answer: impl Fn(&[u8]) -> Vec<u8> + Send + 'static) -> (TempDir, Agent) {
    let dir = TempDir::new().unwrap();
    let socket = dir.path().join("agent");
    let listener = UnixListener::bind(&socket).unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut length = [0; 4];
            if stream.read_exact(&mut length).is_err() {
                continue;
            }
            let mut request = vec![0; u32::from_be_bytes(length) as usize];
            if stream.read_exact(&mut request).is_ok() {
                let _ = stream.write_all(&answer(&request));
            }
        }
    });
    let agent = Agent::at(socket).with_timeouts(SHORT, SHORT);
    (dir, agent)
}

fn framed(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut message = Vec::new();
    put(&mut message, &[&[kind], body].concat());
    message
}

fn secret() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn plain() -> PublicKey {
    PublicKey::ed25519(secret().verifying_key().as_bytes()).unwrap()
}

fn token() -> PublicKey {
    let mut wire = Vec::new();
    put(&mut wire, b"sk-ssh-ed25519@openssh.com");
    put(&mut wire, secret().verifying_key().as_bytes());
    put(&mut wire, b"ssh:");
    PublicKey::from_wire(&wire).unwrap()
}

fn answer_with(signature: &Signature) -> Vec<u8> {
    let mut body = Vec::new();
    put(&mut body, &signature_wire(signature));
    framed(SIGN_ANSWER, &body)
}

/// What the agent was asked to sign with which key, by the protocol.
fn asked(request: &[u8]) -> (PublicKey, Vec<u8>) {
    let (kind, mut rest) = request.split_first().unwrap();
    assert_eq!(*kind, SIGN);
    let key = PublicKey::from_wire(take(&mut rest).unwrap()).unwrap();
    let data = take(&mut rest).unwrap().to_vec();
    assert_eq!(rest, [0; 4]);
    (key, data)
}

/// A key in a token: PROTOCOL.u2f, flags and counter in the answer.
#[test]
fn a_token_behind_an_agent_signs_when_it_is_touched() {
    for flags in [1, 5, 0, 4] {
        let (_dir, agent) = fake(move |request| {
            let (key, data) = asked(request);
            assert_eq!(key, token());
            // Never raw bytes: an SSHSIG blob, which fits no login.
            assert!(data.starts_with(b"SSHSIG"));
            let counter = 77_u32;
            let mut signed = Sha256::digest(b"ssh:").to_vec();
            signed.push(flags);
            signed.extend(counter.to_be_bytes());
            signed.extend(Sha256::digest(&data));
            let bytes = secret().sign(&signed).to_bytes();
            answer_with(&Signature::sk_ed25519(bytes, Presence { flags, counter }))
        });
        let result = agent
            .signer_unasked(&token())
            .sign(Namespace::Janitors, b"link");
        if flags & 1 == 1 {
            let signature = result.unwrap();
            assert_eq!(signature.presence().unwrap().counter, 77);
        } else {
            let error = result.unwrap_err();
            assert!(matches!(
                error,
                SignError::Unusable {
                    source: SignatureError::NotTouched,
                    ..
                }
            ));
            assert!(error.hint().unwrap().contains("no-touch-required"));
        }
    }
}

/// Attack: an agent gives a signature over something else, or by another kind of key.
#[test]
fn a_lying_agent_is_found_out() {
    let cases: [fn(&[u8]) -> Signature; 3] = [
        |_| Signature::ed25519(secret().sign(b"something else").to_bytes()),
        |data| Signature::ed25519(SigningKey::from_bytes(&[8; 32]).sign(data).to_bytes()),
        |data| {
            let bytes = secret().sign(data).to_bytes();
            let (flags, counter) = (1, 1);
            Signature::sk_ed25519(bytes, Presence { flags, counter })
        },
    ];
    for case in cases {
        let (_dir, agent) = fake(move |request| answer_with(&case(&asked(request).1)));
        let result = agent.signer_unasked(&plain()).sign(Namespace::Index, b"m");
        assert!(result.is_err());
    }
}

/// Attack: answers that are cut off, oversized, or of another kind. Never a panic.
#[test]
fn nonsense_is_refused() {
    let mut list = vec![0, 0, 0, 1];
    put(&mut list, &plain().wire());
    put(&mut list, b"comment");
    let many = [&u32::MAX.to_be_bytes(), &list[4..]].concat();
    let trailing = [&list[..], b"x"].concat();
    let mut answers = vec![
        Vec::new(),
        vec![0, 0, 0, 0],
        vec![0xff; 4],
        (MAX_ANSWER + 1).to_be_bytes().to_vec(),
        framed(LIST_ANSWER, b""),
        framed(LIST_ANSWER, &many),
        framed(LIST_ANSWER, &trailing),
        framed(99, &list),
        framed(SIGN_ANSWER, b"\0\0"),
        framed(SIGN_ANSWER, &[0; 8]),
    ];
    answers.extend((0..list.len()).map(|len| framed(LIST_ANSWER, &list[..len])));
    for answer in answers {
        let (_dir, agent) = fake(move |_| answer.clone());
        let error = agent.list().unwrap_err();
        assert!(matches!(error, AgentError::Answer(_)), "{error}");
        let error = agent.signer_unasked(&plain()).sign(Namespace::Index, b"m");
        assert!(matches!(
            error,
            Err(SignError::Agent(AgentError::Answer(_)))
        ));
    }
}

/// Attack: an agent announces 4 GB. Nothing is allocated for it.
#[test]
fn the_length_of_an_answer_is_bounded() {
    for length in [0, MAX_ANSWER + 1, u32::MAX] {
        let (_dir, agent) = fake(move |_| length.to_be_bytes().to_vec());
        let error = agent.list().unwrap_err().to_string();
        assert!(
            error.contains(&format!("a message of {length} bytes")),
            "{error}"
        );
    }
}

/// Keys that conex cannot use are counted, not in the way.
#[test]
fn other_keys_are_counted() {
    let (_dir, agent) = fake(|_| {
        let mut list = vec![0, 0, 0, 4];
        for key in [
            &b"\0\0\0\x07ssh-rsa\0\0\0\0"[..],
            &plain().wire(),
            b"",
            &token().wire(),
        ] {
            put(&mut list, key);
            put(&mut list, b"\xff\x1b[2J");
        }
        framed(LIST_ANSWER, &list)
    });
    let held = agent.list().unwrap();
    assert_eq!(held.keys.len(), 2);
    assert_eq!(held.others.len(), 2);
    assert_eq!(held.others[0], KeyError::Kind("ssh-rsa".into()));
    assert!(agent.signer(&token()).is_ok());
}

/// Attack: an agent that never ends, byte by byte. The time is bounded as a whole.
#[test]
fn a_slow_agent_is_left() {
    let dir = TempDir::new().unwrap();
    let socket = dir.path().join("agent");
    let listener = UnixListener::bind(&socket).unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.write_all(&[0, 0, 4, 0]);
        while stream.write_all(&[LIST_ANSWER]).is_ok() {
            thread::sleep(Duration::from_millis(20));
        }
    });
    let agent = Agent::at(socket).with_timeouts(SHORT, SHORT);
    let start = Instant::now();
    let error = agent.list().unwrap_err();
    assert!(matches!(error, AgentError::Timeout(_)), "{error}");
    assert!(start.elapsed() < Duration::from_secs(10));
}

#[test]
fn no_agent_at_the_socket_is_said() {
    let dir = TempDir::new().unwrap();
    let error = Agent::at(dir.path().join("none")).list().unwrap_err();
    assert!(matches!(error, AgentError::Connect { .. }));
    assert!(error.hint().unwrap().contains("SSH_AUTH_SOCK"));
}

/// Refusals have words.
#[test]
fn a_refusal_is_no_nonsense() {
    let (_dir, agent) = fake(|_| framed(FAILURE, b""));
    assert!(matches!(agent.list(), Err(AgentError::Refused { .. })));
    let error = agent.signer_unasked(&plain()).sign(Namespace::Index, b"m");
    let error = error.unwrap_err();
    assert_eq!(error.to_string(), "ssh-agent refused to sign");
}
