//! Why an agent does not do what it was asked.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

use conex_verify::format::key::PublicKey;

/// Why the agent did not do what it was asked.
#[derive(Debug, Error)]
pub enum AgentError {
    /// Nobody listens there.
    #[error("no ssh-agent answers at `{}`: {source}", socket.display())]
    Connect {
        /// The socket.
        socket: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Talking to it failed.
    #[error("talking to ssh-agent failed: {0}")]
    Io(#[from] io::Error),
    /// It did not answer in time.
    #[error("ssh-agent gave no answer in {} seconds", .0.as_secs())]
    Timeout(Duration),
    /// It answered that it will not.
    #[error("ssh-agent refused to {what}{}", why.explain())]
    Refused {
        /// What it was asked for.
        what: &'static str,
        /// What can be found out about the reason: the protocol has one answer for all.
        why: Refusal,
    },
    /// It answered something else than was asked.
    #[error("ssh-agent answered with something else: {0}")]
    Answer(String),
    /// It has no such key.
    #[error("ssh-agent does not hold the key {0}")]
    NoSuchKey(Box<PublicKey>),
}

impl AgentError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            AgentError::Connect { .. } => {
                Some("start one with `eval \"$(ssh-agent)\"`, or unset `SSH_AUTH_SOCK`".to_owned())
            }
            AgentError::Refused { why, .. } => Some(why.hint().to_owned()),
            AgentError::Timeout(_) => {
                Some("confirm the request or touch the token when it asks for it".to_owned())
            }
            AgentError::NoSuchKey(_) => Some("load the key with `ssh-add FILE`".to_owned()),
            AgentError::Io(_) | AgentError::Answer(_) => None,
        }
    }
}

/// Why an agent refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Nothing is known.
    Unknown,
    /// It shows no key at all now, which a locked agent does.
    Locked,
    /// It holds other keys, and this one not any more.
    Gone,
    /// It holds the key: its user said no, did not touch the token, or has restricted
    /// the key to logins at some hosts (`ssh-add -h`).
    Held,
}

impl Refusal {
    fn explain(self) -> &'static str {
        match self {
            Refusal::Unknown => "",
            Refusal::Locked => ": it is locked, or holds no key any more",
            Refusal::Gone => ": it does not hold the key any more",
            Refusal::Held => ", although it holds the key",
        }
    }

    fn hint(self) -> &'static str {
        match self {
            Refusal::Unknown | Refusal::Locked => {
                "unlock it with `ssh-add -X`; `ssh-add -L` shows the keys that it holds"
            }
            Refusal::Gone => "load the key again with `ssh-add FILE`",
            Refusal::Held => {
                "confirm the request (`ssh-add -c`) or touch the token when it asks; a key that is restricted \
                 to destinations (`ssh-add -h`) signs nothing but logins there: load it without, \
                 `ssh-add -d FILE; ssh-add FILE`, or name the file with --key"
            }
        }
    }
}
