//! The connector's configuration, as far as connecting needs it.

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use crate::engines::{Failure, FailureReason};

/// Where to connect, as whom, how protected.
pub(super) struct Options {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) database: String,
    pub(super) user: String,
    pub(super) password: SecretString,
    pub(super) schemas: Vec<String>,
    pub(super) tls: Tls,
    /// Changes are found by row version where rows have one.
    pub(super) by_version: bool,
    /// So far behind its mark a reading by a date or a moment begins.
    pub(super) look_back_hours: u64,
    /// What the configuration asks for and the built-in reader does in another way.
    pub(super) notes: Vec<String>,
}

#[derive(Clone)]
pub(super) enum Tls {
    Disable,
    Allow,
    Prefer,
    Require,
    Verify { ca: String, name_too: bool, client: Option<ClientCertificate> },
}

/// What a client shows to a server that asks for it.
#[derive(Clone)]
pub(super) struct ClientCertificate {
    pub(super) certificate: String,
    pub(super) key: SecretString,
}

impl Options {
    /// Reads a finished configuration of the connector `postgres`.
    ///
    /// # Errors
    /// It asks for something the built-in reader does not do.
    pub(super) fn read(config: &Value) -> Result<Self, Failure> {
        let text = |pointer: &str| config.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        if !matches!(text("/tunnel_method/tunnel_method").as_str(), "" | "NO_TUNNEL") {
            return Err(Failure::new(
                FailureReason::NotSupported,
                "An SSH tunnel was chosen, and there is none here. Let the server be reached directly.",
            ));
        }
        let schemas = config.get("schemas").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let schemas: Vec<String> = schemas.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        Ok(Self {
            host: text("/host").trim().trim_start_matches('[').trim_end_matches(']').to_owned(),
            port: config.get("port").and_then(Value::as_u64).and_then(|port| port.try_into().ok()).unwrap_or(5432),
            database: text("/database"),
            user: text("/username"),
            password: text("/password").into(),
            schemas: if schemas.is_empty() { vec!["public".to_owned()] } else { schemas },
            tls: tls(config)?,
            by_version: config.pointer("/replication_method/method").and_then(Value::as_str) == Some("Xmin"),
            look_back_hours: config.pointer("/replication_method/look_back_hours").and_then(Value::as_u64).unwrap_or(0),
            notes: notes(config),
        })
    }
}

fn tls(config: &Value) -> Result<Tls, Failure> {
    let text = |name: &str| {
        let value = config.pointer(&format!("/ssl_mode/{name}")).and_then(Value::as_str);
        value.map(str::trim).filter(|value| !value.is_empty()).map(str::to_owned)
    };
    let mode = text("mode").unwrap_or_else(|| "require".to_owned());
    let name_too = mode == "verify-full";
    match mode.as_str() {
        "disable" => return Ok(Tls::Disable),
        "allow" => return Ok(Tls::Allow),
        "prefer" => return Ok(Tls::Prefer),
        "verify-ca" | "verify-full" => {}
        _ => return Ok(Tls::Require),
    }
    let client = match (text("client_certificate"), text("client_key")) {
        (Some(certificate), Some(key)) => Some(ClientCertificate { certificate, key: key.into() }),
        (None, None) => None,
        _ => {
            return Err(Failure::new(
                FailureReason::Tls,
                "A client certificate and its key are needed together, and only one of them was given.",
            ));
        }
    };
    let is_locked = client.as_ref().is_some_and(|client| client.key.expose_secret().contains("ENCRYPTED"));
    if is_locked || text("client_key_password").is_some() {
        return Err(Failure::new(
            FailureReason::NotSupported,
            "The client key is protected by a passphrase, which the built-in reader of Postgres cannot open. Give the key without one: openssl pkey -in client.key.",
        ));
    }
    Ok(Tls::Verify { ca: text("ca_certificate").unwrap_or_default(), name_too, client })
}

/// What is done otherwise than asked.
fn notes(config: &Value) -> Vec<String> {
    let mut notes = Vec::new();
    if config.pointer("/replication_method/method").and_then(Value::as_str) == Some("CDC") {
        notes.push(
            "The built-in reader of Postgres does not read the write-ahead log: changes are found by a column that is chosen for each table, and deleted rows are not noticed.".to_owned(),
        );
    }
    if config.get("jdbc_url_params").and_then(Value::as_str).is_some_and(|text| !text.trim().is_empty()) {
        notes.push("The extra connection parameters are not used by the built-in reader of Postgres.".to_owned());
    }
    notes
}
