//! What a text field takes, by what its setting is called and said to be: specs have no word for it.

use serde_json::Value;

use super::flatten::Schema;
use super::model::{Node, NodeKind, TextShape};
use crate::schema::pasted::Pasted;

/// Words of settings that are whole files.
const FILES: [&str; 12] = [
    "private_key",
    "service_account",
    "credentials_json",
    "json_key",
    "key_json",
    "json_credentials",
    "_pem",
    "pem_",
    "certificate",
    "ssh_key",
    "keyfile",
    "key_file",
];
/// Words of settings beside a file that are none themselves.
const BESIDE_FILES: [&str; 7] = ["password", "passphrase", "key_id", "fingerprint", "email", "username", "file_name"];
const TOKENS: [&str; 10] = [
    "token",
    "api_key",
    "apikey",
    "access_key",
    "secret_key",
    "client_secret",
    "app_secret",
    "api_secret",
    "bearer",
    "client_id",
];

/// Key and title, as words with lines between them.
fn words(key: &str, schema: &Schema) -> String {
    let title = schema.get("title").and_then(Value::as_str).unwrap_or_default();
    format!("{key} {title}").to_lowercase().replace(['-', ' '], "_")
}

fn about(schema: &Schema) -> String {
    schema.get("description").and_then(Value::as_str).unwrap_or_default().to_lowercase()
}

fn has_any(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| text.contains(word))
}

/// Secrets that are whole files: a password field would lose their line ends.
pub(super) fn is_key_file(key: &str, schema: &Schema) -> bool {
    let (words, about) = (words(key, schema), about(schema));
    if has_any(&words, &BESIDE_FILES) {
        return false;
    }
    let shows_one = ["examples", "default"]
        .iter()
        .any(|place| schema.get(*place).is_some_and(|value| value.to_string().contains("-----BEGIN")));
    let is_said = about.contains("-----begin") || about.contains("pem format") || about.contains("service account key");
    shows_one || is_said || has_any(&words, &FILES)
}

/// How a text is looked at when it is pasted.
pub(super) fn kind(key: &str, schema: &Schema, secret: bool) -> Pasted {
    let (words, about) = (words(key, schema), about(schema));
    if !secret {
        return if is_host(key, schema, &about) { Pasted::Host { beside_port: false } } else { Pasted::Text };
    }
    if is_key_file(key, schema) {
        let is_json = has_any(&words, &["service_account", "json"]) || about.contains("json");
        return match () {
            () if is_json => Pasted::JsonKey,
            () if words.contains("certificate") => Pasted::Certificate,
            () if has_any(&words, &["private_key", "ssh_key"]) || about.contains("private key") => Pasted::PrivateKey,
            () => Pasted::Password,
        };
    }
    let is_typed = has_any(&words, &["password", "passphrase", "passcode"]);
    if !is_typed && has_any(&words, &TOKENS) { Pasted::Token } else { Pasted::Password }
}

/// The name of one host. Where an address may stand, nothing is taken away from it.
fn is_host(key: &str, schema: &Schema, about: &str) -> bool {
    let key = key.to_lowercase();
    let is_called =
        matches!(key.as_str(), "host" | "hostname" | "tunnel_host" | "server_host") || key.ends_with("_host");
    let takes_address = |text: &str| text.contains("://") || text.contains("http");
    let samples = ["examples", "example", "default", "pattern", "title"];
    let shown = samples.iter().filter_map(|place| schema.get(*place)).any(|value| takes_address(&value.to_string()));
    is_called && schema.get("format").is_none() && !shown && !takes_address(about)
}

/// The fields of one group that take a host, each with the one that takes its port.
pub(crate) fn hosts_and_ports(fields: &[Node]) -> impl Iterator<Item = (&Node, &Node)> {
    let is_host = |field: &&Node| matches!(&field.kind, NodeKind::Text(TextShape { pasted: Pasted::Host { .. }, .. }));
    fields.iter().filter(is_host).filter_map(|host| {
        let port = host.key.to_lowercase().replace("hostname", "port").replace("host", "port");
        Some((host, fields.iter().find(|field| field.key.to_lowercase() == port)?))
    })
}

/// Where a port has a field of its own, none stands in the host beside it.
pub(super) fn mind_ports(fields: &mut [Node]) {
    let hosts: Vec<String> = hosts_and_ports(fields).map(|(host, _)| host.key.clone()).collect();
    for field in fields.iter_mut().filter(|field| hosts.contains(&field.key)) {
        if let NodeKind::Text(text) = &mut field.kind {
            text.pasted = Pasted::Host { beside_port: true };
        }
    }
}
