//! The private key of a configuration, in the shapes that people have: OpenSSH, PKCS#1, PKCS#8 and SEC 1, in PEM.

use std::sync::Arc;

use russh::keys::{HashAlg, PrivateKey, decode_secret_key};
use secrecy::{ExposeSecret as _, SecretString};

use crate::engines::{Failure, FailureReason};

/// What is shown to the jump server.
pub(super) enum Credential {
    Password(SecretString),
    Key(Arc<PrivateKey>),
}

impl Credential {
    /// Reads a private key.
    ///
    /// # Errors
    /// It is locked by a passphrase, or of a kind that cannot be read.
    pub(super) fn key(text: &SecretString) -> Result<Self, Failure> {
        let text = text.expose_secret();
        match decode_secret_key(text, None) {
            Ok(key) if key.is_encrypted() => Err(locked()),
            Ok(key) => Ok(Self::Key(Arc::new(key))),
            Err(russh::keys::Error::KeyIsEncrypted) => Err(locked()),
            Err(_) if text.contains("ENCRYPTED") => Err(locked()),
            // The error's own text may quote the key.
            Err(_) => Err(Failure::new(
                FailureReason::SignIn,
                "The SSH private key cannot be read. It may be cut off or of a kind that is not used any more (DSA). A new one can be made \
                 with: ssh-keygen -t ed25519 -N '' -f tunnel_key",
            )),
        }
    }
}

/// The public half as people compare it: `ssh-keygen -lf` prints the same.
pub(super) fn fingerprint(key: &PrivateKey) -> String {
    key.public_key().fingerprint(HashAlg::Sha256).to_string()
}

fn locked() -> Failure {
    Failure::new(
        FailureReason::NotSupported,
        "The SSH private key is locked by a passphrase, and the form has no field for one. Give a key of its own without a passphrase \
         (ssh-keygen -p -N '' -f tunnel_key takes it off a copy); here it is kept encrypted.",
    )
}
