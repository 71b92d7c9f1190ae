//! Manifests and registries: from a file, or from an address through the guarded client.

use std::path::Path;

use serde_json::Value;

use super::{LARGEST_MANIFEST, refused};
use crate::base::http_client::{Call, GuardedClient, HttpFailure, HttpsUrl, LARGEST};
use crate::engines::install::InstallError;

/// A manifest and where it came from.
#[derive(Debug, Clone)]
pub struct GivenManifest {
    /// The document.
    pub document: Value,
    /// A file or an address.
    pub from: String,
}

/// Reads a manifest from a file.
///
/// # Errors
/// It cannot be read, or is none.
pub fn read_manifest(path: &Path) -> Result<GivenManifest, InstallError> {
    let from = std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| refused(format!("{from} cannot be read: {error}")))?;
    parse_manifest(&text, from)
}

/// Fetches a manifest.
///
/// # Errors
/// The address is none that may be asked, nobody answers there, or what came is no manifest.
pub async fn fetch_manifest(client: &GuardedClient, url: &str) -> Result<GivenManifest, InstallError> {
    let text = fetch(client, url, LARGEST_MANIFEST).await?;
    parse_manifest(&text, url.to_owned())
}

/// Reads a registry of connectors from a file.
///
/// # Errors
/// It cannot be read, or is none.
pub fn read_registry(path: &Path) -> Result<Value, InstallError> {
    let from = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| refused(format!("{from} cannot be read: {error}")))?;
    parse_registry(&text, &from.to_string())
}

/// Fetches a registry of connectors.
///
/// # Errors
/// As [`fetch_manifest`].
pub async fn fetch_registry(client: &GuardedClient, url: &str) -> Result<Value, InstallError> {
    parse_registry(&fetch(client, url, LARGEST).await?, url)
}

fn parse_registry(text: &str, from: &str) -> Result<Value, InstallError> {
    let document: Value = serde_json::from_str(text).map_err(|error| refused(format!("{from} is no JSON: {error}")))?;
    let has_list = |name: &str| document.get(name).is_some_and(Value::is_array);
    if has_list("sources") || has_list("destinations") {
        Ok(document)
    } else {
        Err(refused(format!(
            "{from} is no registry of connectors: it has neither a list of sources nor of destinations."
        )))
    }
}

fn parse_manifest(text: &str, from: String) -> Result<GivenManifest, InstallError> {
    // What is JSON is YAML, too, but the other way round a number may become a text.
    let read = serde_json::from_str(text).or_else(|_| serde_yaml_ng::from_str(text));
    let document: Value = read.map_err(|error| refused(format!("{from} is neither YAML nor JSON: {error}")))?;
    let is_manifest =
        document.get("type").is_some_and(|kind| kind == "DeclarativeSource") && document.get("streams").is_some();
    if is_manifest {
        Ok(GivenManifest { document, from })
    } else {
        Err(refused(format!("{from} is no manifest: it has not the type DeclarativeSource with streams.")))
    }
}

async fn fetch(client: &GuardedClient, url: &str, most: usize) -> Result<String, InstallError> {
    let cannot = |why: &str| refused(format!("{url} could not be fetched: {why}"));
    let address = HttpsUrl::parse(url).map_err(|problem| cannot(problem.sentence()))?;
    let answer =
        client.call(&address, Call { most, ..Call::default() }).await.map_err(|failure| cannot(why(failure)))?;
    if answer.status != 200 {
        return Err(cannot(&format!("it answers with status {}.", answer.status)));
    }
    String::from_utf8(answer.body.to_vec()).map_err(|_| cannot("what came is no text."))
}

const fn why(failure: HttpFailure) -> &'static str {
    match failure {
        HttpFailure::Unknown => "nobody knows its host.",
        HttpFailure::NoLookup => "its host cannot be looked up from here.",
        HttpFailure::NotPublic => "its host is not public, and VESTIBULE_CONNECTOR_ALLOW_CIDRS does not open it.",
        HttpFailure::Connect => "nobody answers there.",
        HttpFailure::Tls => "no secure connection could be made.",
        HttpFailure::Timeout => "no answer came in time.",
        HttpFailure::Broken => "the connection broke off.",
        HttpFailure::TooLarge => "it is too large.",
    }
}
