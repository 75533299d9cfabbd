//! A client of ssh-agent, as small as its two messages (`draft-ietf-sshm-ssh-agent`):
//! which keys are there, and sign this.
//!
//! What the agent is given to sign is always an SSHSIG blob of a namespace of conex. The
//! agent is trusted with nothing: what it answers is bounded and every signature verified.

mod error;

use std::io::{self, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::signer::{SignError, Signer, verified};
use crate::sshsig::{ArmourError, signature_from_wire};
use conex_verify::format::key::{
    KeyError, Namespace, PublicKey, Signature, put, sshsig_bytes, take,
};

pub use error::{AgentError, Refusal};

/// Largest answer of an agent that is read, in bytes: what OpenSSH's own agent allows.
pub const MAX_ANSWER: u32 = 256 << 10;

/// Longest wait for the list of keys. Some agents ask their user before they give it.
pub const LIST_TIMEOUT: Duration = Duration::from_secs(30);

/// Longest wait for a signature: a person looks for the token, types a PIN, touches it.
pub const SIGN_TIMEOUT: Duration = Duration::from_secs(120);

const FAILURE: u8 = 5;
const LIST: u8 = 11;
const LIST_ANSWER: u8 = 12;
const SIGN: u8 = 13;
const SIGN_ANSWER: u8 = 14;

/// A running agent, found by its socket. Each request connects anew.
#[derive(Debug, Clone)]
pub struct Agent {
    socket: PathBuf,
    list_timeout: Duration,
    sign_timeout: Duration,
}

/// The keys that an agent holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Held {
    /// The keys that can be used, with their comments.
    pub keys: Vec<(PublicKey, String)>,
    /// Why the others cannot: RSA, ECDSA, certificates, and what cannot be read.
    pub others: Vec<KeyError>,
}

impl Agent {
    /// The agent at this socket.
    pub fn at(socket: impl Into<PathBuf>) -> Agent {
        Agent {
            socket: socket.into(),
            list_timeout: LIST_TIMEOUT,
            sign_timeout: SIGN_TIMEOUT,
        }
    }

    /// The same agent with other timeouts, for listing and for signing.
    #[must_use]
    pub fn with_timeouts(mut self, list: Duration, sign: Duration) -> Agent {
        self.list_timeout = list;
        self.sign_timeout = sign;
        self
    }

    /// The agent that `SSH_AUTH_SOCK` names, if it names one.
    pub fn from_environment() -> Option<Agent> {
        std::env::var_os("SSH_AUTH_SOCK")
            .filter(|socket| !socket.is_empty())
            .map(Agent::at)
    }

    /// The socket.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// The keys that it holds.
    ///
    /// # Errors
    /// It cannot be reached, refuses, or answers nonsense.
    pub fn list(&self) -> Result<Held, AgentError> {
        let answer = self.ask(&[LIST], self.list_timeout)?;
        let what = "list its keys";
        let body = expect(&answer, LIST_ANSWER, what)?;
        let short = || AgentError::Answer("its list of keys is cut off".to_owned());
        let (count, mut rest) = body.split_first_chunk::<4>().ok_or_else(short)?;
        let mut held = Held::default();
        // A count that lies ends at the end of the bytes, which are bounded.
        for _ in 0..u32::from_be_bytes(*count) {
            let key = take(&mut rest).ok_or_else(short)?;
            let comment = take(&mut rest).ok_or_else(short)?;
            match PublicKey::from_wire(key) {
                Ok(key) => held
                    .keys
                    .push((key, String::from_utf8_lossy(comment).into_owned())),
                Err(error) => held.others.push(error),
            }
        }
        if rest.is_empty() {
            Ok(held)
        } else {
            Err(AgentError::Answer(
                "bytes follow its list of keys".to_owned(),
            ))
        }
    }

    /// A signer with a key that the agent holds.
    ///
    /// # Errors
    /// The agent cannot be asked, or does not hold the key.
    pub fn signer(&self, key: &PublicKey) -> Result<AgentSigner, AgentError> {
        if self.list()?.keys.iter().any(|(held, _)| held == key) {
            Ok(self.signer_unasked(key))
        } else {
            Err(AgentError::NoSuchKey(Box::new(key.clone())))
        }
    }

    /// Like [`Agent::signer`], for a key that is in the list already.
    pub fn signer_unasked(&self, key: &PublicKey) -> AgentSigner {
        AgentSigner {
            agent: self.clone(),
            key: key.clone(),
        }
    }

    fn ask(&self, request: &[u8], timeout: Duration) -> Result<Vec<u8>, AgentError> {
        let end = Instant::now() + timeout;
        let mut stream =
            UnixStream::connect(&self.socket).map_err(|source| AgentError::Connect {
                socket: self.socket.clone(),
                source,
            })?;
        let late = |error: io::Error| match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => AgentError::Timeout(timeout),
            io::ErrorKind::UnexpectedEof => {
                AgentError::Answer("it closed the connection".to_owned())
            }
            _ => AgentError::Io(error),
        };
        stream.set_write_timeout(Some(timeout))?;
        let mut message = Vec::with_capacity(request.len() + 4);
        put(&mut message, request);
        stream.write_all(&message).map_err(late)?;
        let mut length = [0; 4];
        read_until(&mut stream, &mut length, end).map_err(late)?;
        let length = u32::from_be_bytes(length);
        if length == 0 || length > MAX_ANSWER {
            return Err(AgentError::Answer(format!(
                "a message of {length} bytes, the most is {MAX_ANSWER}"
            )));
        }
        let mut answer = vec![0; length as usize];
        read_until(&mut stream, &mut answer, end).map_err(late)?;
        Ok(answer)
    }
}

/// Fills `buffer` before `end`. A timeout for each read alone would let an agent that
/// sends a byte now and then hold us for ever.
fn read_until(stream: &mut UnixStream, buffer: &mut [u8], end: Instant) -> io::Result<()> {
    let mut done = 0;
    while done < buffer.len() {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        stream.set_read_timeout(Some(left))?;
        match stream.read(&mut buffer[done..]) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => done += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn expect<'a>(answer: &'a [u8], wanted: u8, what: &'static str) -> Result<&'a [u8], AgentError> {
    match answer.split_first() {
        Some((&kind, body)) if kind == wanted => Ok(body),
        Some((&FAILURE, _)) => Err(AgentError::Refused {
            what,
            why: Refusal::Unknown,
        }),
        Some((kind, _)) => Err(AgentError::Answer(format!(
            "message {kind} instead of {wanted}"
        ))),
        None => Err(AgentError::Answer("an empty message".to_owned())),
    }
}

/// A key in an agent.
#[derive(Debug, Clone)]
pub struct AgentSigner {
    agent: Agent,
    key: PublicKey,
}

impl AgentSigner {
    fn ask(&self, data: &[u8]) -> Result<Signature, AgentError> {
        let mut request = vec![SIGN];
        put(&mut request, &self.key.wire());
        put(&mut request, data);
        // No flags: those are about RSA.
        request.extend_from_slice(&0_u32.to_be_bytes());
        let answer = self.agent.ask(&request, self.agent.sign_timeout)?;
        let mut body = expect(&answer, SIGN_ANSWER, "sign").map_err(|e| self.why(e))?;
        let bad = |error: ArmourError| AgentError::Answer(error.to_string());
        let signature = take(&mut body)
            .filter(|_| body.is_empty())
            .ok_or_else(|| AgentError::Answer("a message that is not one signature".to_owned()))?;
        signature_from_wire(self.key.kind(), signature).map_err(bad)
    }

    /// Finds out why the agent did not sign.
    fn why(&self, error: AgentError) -> AgentError {
        let AgentError::Refused { what, .. } = error else {
            return error;
        };
        let why = match self.agent.list() {
            Err(_) => Refusal::Unknown,
            Ok(held) if held.keys.iter().any(|(key, _)| *key == self.key) => Refusal::Held,
            Ok(held) if held.keys.is_empty() && held.others.is_empty() => Refusal::Locked,
            Ok(_) => Refusal::Gone,
        };
        AgentError::Refused { what, why }
    }
}

impl Signer for AgentSigner {
    fn public(&self) -> &PublicKey {
        &self.key
    }

    fn sign(&self, namespace: Namespace, message: &[u8]) -> Result<Signature, SignError> {
        let signature = self.ask(&sshsig_bytes(namespace, message))?;
        verified("ssh-agent", &self.key, namespace, message, signature)
    }
}

#[cfg(test)]
mod tests;
