//! How secrets are written into what is sealed as a whole: in the clear, and only there. For `#[serde(serialize_with = …)]`; reading needs
//! nothing, [`SecretString`] does it.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Serialize, Serializer};

/// One secret.
///
/// # Errors
/// Those of the serializer.
pub fn text<S: Serializer>(secret: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose_secret())
}

/// A secret that may be missing.
///
/// # Errors
/// Those of the serializer.
pub fn option<S: Serializer>(secret: &Option<SecretString>, serializer: S) -> Result<S::Ok, S::Error> {
    secret.as_ref().map(|secret| secret.expose_secret()).serialize(serializer)
}

/// Secrets by name.
///
/// # Errors
/// Those of the serializer.
pub fn map<K: Serialize, S: Serializer>(secrets: &BTreeMap<K, SecretString>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(secrets.iter().map(|(name, secret)| (name, secret.expose_secret())))
}
