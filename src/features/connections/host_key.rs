//! The host key of a connection's jump server: taken as it is at the first contact, and asked for again from then on.
//!
//! What that protects: nobody can put themselves in the place of a jump server that was reached before, to read the password that is sent to
//! it or what goes through it. What it does not: the first contact itself. Whoever wants that too names the fingerprint beforehand.

use serde_json::Value;

use super::{Connection, JumpServer, find_by_id, store};
use crate::base::error::{AppError, AppResult};
use crate::base::ids::{ConnectionId, WorkspaceId};
use crate::engines::{HostKey, jump_server_of};
use crate::platform::activity::{Actor, Entry, Event};
use crate::platform::tx::Tx;

/// Why a fingerprint is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostKeyProblem {
    /// It is none.
    NotOne,
    /// The connection goes through no jump server.
    NoTunnel,
}

impl HostKeyProblem {
    /// In words.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::NotOne => {
                "A fingerprint begins with SHA256: and has 43 more characters, as ssh-keygen -lf prints it."
            }
            Self::NoTunnel => "This connection does not go through an SSH tunnel.",
        }
    }
}

impl JumpServer {
    /// What is known after a server has shown a key; `None`: nothing new.
    fn after(before: Option<&Self>, shown: HostKey) -> Option<Self> {
        let Some(before) = before.filter(|before| before.known.is_of(&shown.host, shown.port)) else {
            return Some(Self { known: shown, other: None });
        };
        let next = if before.known.fingerprint == shown.fingerprint {
            Self { known: shown, other: None }
        } else {
            Self { other: Some(shown), ..before.clone() }
        };
        (next != *before).then_some(next)
    }
}

impl Connection {
    /// What is known of the jump server that the values name now.
    pub fn current_jump_server(&self) -> Option<&JumpServer> {
        let (host, port) = jump_server_of(&Value::Object(self.config.clone()))?;
        self.jump_server.as_ref().filter(|server| server.known.is_of(&host, port))
    }
}

/// Keeps the key that a jump server has shown. The first one is the known one from now on; another one is kept beside it and changes nothing.
///
/// # Errors
/// The database refuses.
pub fn note_host_key(tx: &mut Tx<'_>, workspace: &WorkspaceId, id: &ConnectionId, shown: &HostKey) -> AppResult<()> {
    // Two pieces of work may meet the server at the same time: whoever comes second looks again.
    for _ in 0..3 {
        let found = find_by_id(tx.conn, workspace, id)?.filter(|found| found.deleted_at.is_none());
        let Some(connection) = found else { return Ok(()) };
        let before = connection.jump_server.as_ref();
        let Some(next) = JumpServer::after(before, shown.clone()) else { return Ok(()) };
        if store::set_jump_server(tx.conn, &connection, &next)? {
            let is_first = before.is_none_or(|before| !before.known.is_of(&shown.host, shown.port));
            return if is_first {
                record(tx, &connection, Event::HostKeyKnown, Actor::System, &next.known)
            } else {
                Ok(())
            };
        }
    }
    Err(AppError::Conflict("The jump server's host key is being changed by somebody else."))
}

/// Makes this the key that the jump server must have: one that was refused, or one that its operator has told.
///
/// # Errors
/// The database refuses; the connection was changed meanwhile.
pub fn accept_host_key(
    tx: &mut Tx<'_>,
    connection: &Connection,
    fingerprint: &str,
    actor: Actor,
) -> AppResult<Result<(), HostKeyProblem>> {
    if !is_fingerprint(fingerprint) {
        return Ok(Err(HostKeyProblem::NotOne));
    }
    let Some((host, port)) = jump_server_of(&Value::Object(connection.config.clone())) else {
        return Ok(Err(HostKeyProblem::NoTunnel));
    };
    let server = connection.current_jump_server();
    let keys = server.into_iter().flat_map(|server| server.other.iter().chain([&server.known]));
    let told = keys.into_iter().find(|key| key.fingerprint == fingerprint).cloned();
    // The kind of a key nobody has shown yet is learnt with it.
    let known =
        told.unwrap_or_else(|| HostKey { host, port, algorithm: String::new(), fingerprint: fingerprint.to_owned() });
    let next = JumpServer { known, other: None };
    if !store::set_jump_server(tx.conn, connection, &next)? {
        return Err(AppError::Conflict("Something else happened to this connection meanwhile. Look at it again."));
    }
    record(tx, connection, Event::HostKeyAccepted, actor, &next.known)?;
    Ok(Ok(()))
}

/// `SHA256:` and the digest in base64 without padding, as OpenSSH prints it.
fn is_fingerprint(text: &str) -> bool {
    let is_of_base64 = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/';
    text.strip_prefix("SHA256:").is_some_and(|digest| digest.len() == 43 && digest.bytes().all(is_of_base64))
}

fn record(tx: &mut Tx<'_>, connection: &Connection, event: Event, actor: Actor, key: &HostKey) -> AppResult<()> {
    tx.record(&Entry {
        workspace: &connection.workspace_id,
        connection: Some(&connection.id),
        setup_link: None,
        event,
        actor,
        detail: &format!("{} {} {}", key.host, key.algorithm, key.fingerprint),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(host: &str, fingerprint: &str) -> HostKey {
        HostKey {
            host: host.to_owned(),
            port: 22,
            algorithm: "ssh-ed25519".to_owned(),
            fingerprint: fingerprint.to_owned(),
        }
    }

    #[test]
    fn the_first_key_stays_until_somebody_accepts_another() {
        let first = JumpServer::after(None, key("a", "1")).unwrap();
        assert_eq!(first, JumpServer { known: key("a", "1"), other: None });
        assert_eq!(JumpServer::after(Some(&first), key("a", "1")), None);
        let refused = JumpServer::after(Some(&first), key("a", "2")).unwrap();
        assert_eq!(refused, JumpServer { known: key("a", "1"), other: Some(key("a", "2")) });
        assert_eq!(JumpServer::after(Some(&refused), key("a", "2")), None);
        assert_eq!(JumpServer::after(Some(&refused), key("a", "1")), Some(first), "the old one answers again");
        assert_eq!(JumpServer::after(Some(&refused), key("b", "2")).unwrap().known, key("b", "2"), "another server");
    }

    #[test]
    fn fingerprints_are_told_from_other_texts() {
        assert!(is_fingerprint("SHA256:9Oy7fKzVYqTtxYbF3Rr0PB0vHpvYh6oAMhI3r5zN2Hk"));
        for text in [
            "",
            "SHA256:",
            "MD5:aa:bb",
            "SHA256:9Oy7fKzVYqTtxYbF3Rr0PB0vHpvYh6oAMhI3r5zN2H=",
            "9Oy7fKzVYqTtxYbF3Rr0PB0vHpvYh6oAMhI3r5zN2Hk",
        ] {
            assert!(!is_fingerprint(text), "{text}");
        }
    }
}
