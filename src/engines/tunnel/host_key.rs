//! The key by which a jump server is known again.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use russh::Preferred;
use russh::client::Handler;
use russh::keys::{Algorithm, HashAlg, PublicKeyOrCertificate};
use serde::{Deserialize, Serialize};

use super::TunnelOptions;

/// The host key of a jump server, as people compare it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostKey {
    /// The jump server, as the configuration names it.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The kind of key: `ssh-ed25519`.
    pub algorithm: String,
    /// `SHA256:…`, as `ssh-keygen -lf` prints it.
    pub fingerprint: String,
}

impl HostKey {
    /// Whether it is of the server at this place.
    pub fn is_of(&self, host: &str, port: u16) -> bool {
        self.host == host && self.port == port
    }
}

/// A server may have a key of each kind: the kind that is known is asked for first, so that one it got since does not look like another
/// server.
pub(super) fn preferred(known: Option<&HostKey>) -> Preferred {
    let mut all = Preferred::DEFAULT.key.to_vec();
    if let Some(known) = known {
        all.sort_by_key(|algorithm| kind(algorithm) != known.algorithm);
    }
    Preferred { key: Cow::Owned(all), ..Preferred::DEFAULT }
}

/// The kind of a key; how it signs does not matter.
fn kind(algorithm: &Algorithm) -> String {
    match algorithm {
        Algorithm::Rsa { .. } => "ssh-rsa".to_owned(),
        other => other.as_str().to_owned(),
    }
}

/// Looks at the key of the server before anything is said to it.
pub(super) struct HostKeyWatch {
    host: String,
    port: u16,
    known: Option<String>,
    seen: Arc<OnceLock<HostKey>>,
}

impl HostKeyWatch {
    pub(super) fn new(options: &TunnelOptions, known: Option<&HostKey>) -> Self {
        let known = known.map(|key| key.fingerprint.clone());
        Self { host: options.host.clone(), port: options.port, known, seen: Arc::default() }
    }

    /// Where the key stands once it was shown.
    pub(super) fn seen(&self) -> Arc<OnceLock<HostKey>> {
        Arc::clone(&self.seen)
    }
}

impl Handler for HostKeyWatch {
    type Error = russh::Error;

    async fn check_server_key(&mut self, shown: &PublicKeyOrCertificate) -> Result<bool, Self::Error> {
        // Certificates are not asked for, so none is shown.
        let PublicKeyOrCertificate::PublicKey { key, .. } = shown else { return Ok(false) };
        let fingerprint = key.fingerprint(HashAlg::Sha256).to_string();
        let is_known = self.known.as_ref().is_none_or(|known| *known == fingerprint);
        let algorithm = kind(&key.algorithm());
        let host_key = HostKey { host: self.host.clone(), port: self.port, algorithm, fingerprint };
        let first = self.seen.get_or_init(|| host_key.clone());
        // Keys are exchanged again now and then, and the server stays the same.
        Ok(is_known && *first == host_key)
    }
}
