//! The connector's configuration, as far as connecting needs it.

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use crate::engines::tunnel::{JumpContact, TunnelOptions};
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
    /// The way to a server that only a jump server can reach.
    pub(super) tunnel: Option<TunnelOptions>,
    /// What is known of that jump server, where nobody listens while the way is opened.
    pub(super) contact: JumpContact,
    /// Changes are found by row version where rows have one.
    pub(super) by_version: bool,
    /// So far behind its mark a reading by a date or a moment begins.
    pub(super) look_back_hours: u64,
}

#[derive(Debug, Clone)]
pub(super) enum Tls {
    Disable,
    Allow,
    Prefer,
    Require,
    Verify { ca: String, name_too: bool, client: Option<ClientCertificate> },
}

/// What a client shows to a server that asks for it.
#[derive(Debug, Clone)]
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
            tunnel: TunnelOptions::read(config)?,
            contact: JumpContact::default(),
            by_version: config.pointer("/replication_method/method").and_then(Value::as_str) == Some("Xmin"),
            look_back_hours: config.pointer("/replication_method/look_back_hours").and_then(Value::as_u64).unwrap_or(0),
        })
    }

    /// Reads a finished configuration of the destination `postgres`.
    ///
    /// # Errors
    /// It asks for something the built-in writer does not do.
    pub(super) fn read_destination(config: &Value) -> Result<Self, Failure> {
        let schema = config.get("schema").and_then(Value::as_str).map(str::trim).filter(|name| !name.is_empty());
        let schemas = vec![schema.unwrap_or("public").to_owned()];
        Ok(Self { schemas, by_version: false, look_back_hours: 0, ..Self::read(config)? })
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
            "The client key is protected by a passphrase, which cannot be opened here. Give the key without one: openssl pkey -in client.key.",
        ));
    }
    Ok(Tls::Verify { ca: text("ca_certificate").unwrap_or_default(), name_too, client })
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;
    use crate::base::forms::FieldPath;
    use crate::connectors::{Connectors, Kind, RuntimeBlock};

    impl Options {
        /// Everything that was read. Without `..`, so that nothing is forgotten here.
        fn told(&self) -> String {
            let Self {
                host,
                port,
                database,
                user,
                password,
                schemas,
                tls,
                tunnel,
                contact: _,
                by_version,
                look_back_hours,
            } = self;
            let tls = match tls {
                Tls::Disable => "disable".to_owned(),
                Tls::Allow => "allow".to_owned(),
                Tls::Prefer => "prefer".to_owned(),
                Tls::Require => "require".to_owned(),
                Tls::Verify { ca, name_too, client } => {
                    let client = client
                        .as_ref()
                        .map(|ClientCertificate { certificate, key }| format!("{certificate} {}", key.expose_secret()));
                    format!("verify {ca} {name_too} {client:?}")
                }
            };
            let tunnel = tunnel.as_ref().map(TunnelOptions::told);
            let password = password.expose_secret();
            format!(
                "{host} {port} {database} {user} {password} {schemas:?} {tls} {tunnel:?} {by_version} {look_back_hours}"
            )
        }
    }

    /// A setting of a specification, with the constants of the branches it stands in.
    struct Leaf {
        path: FieldPath,
        around: Vec<(FieldPath, Value)>,
        kind: String,
        is_constant: bool,
    }

    fn leaves(schema: &Value, path: &FieldPath, around: &[(FieldPath, Value)], found: &mut Vec<Leaf>) {
        for (key, inner) in schema["properties"].as_object().into_iter().flatten() {
            let path = path.child(key);
            if let Some(branches) = inner["oneOf"].as_array() {
                for branch in branches {
                    let fields = branch["properties"].as_object().unwrap();
                    let constants = fields.iter().filter(|(_, field)| field.get("const").is_some());
                    let own = constants.map(|(key, field)| (path.child(key), field["const"].clone()));
                    let around: Vec<_> = around.iter().cloned().chain(own).collect();
                    leaves(branch, &path, &around, found);
                }
                continue;
            }
            let kind = inner["type"].as_str().unwrap_or("string").to_owned();
            found.push(Leaf { path, around: around.to_vec(), kind, is_constant: inner.get("const").is_some() });
        }
    }

    fn put(config: &mut Value, path: &FieldPath, value: Value) {
        let mut at = config;
        for segment in path.segments() {
            if !at.is_object() {
                *at = Value::Object(Map::new());
            }
            at = &mut at[segment.as_ref()];
        }
        *at = value;
    }

    /// What is read of a configuration that has this value in the place of a setting, in each of its branches' ways; a refusal is read too.
    fn read_with(kind: Kind, leaf: &Leaf, value: Option<Value>) -> String {
        let mut config = json!({"host": "h", "port": 1, "database": "d", "username": "u", "password": "p"});
        for (path, constant) in &leaf.around {
            put(&mut config, path, constant.clone());
        }
        // A certificate and its key are needed together.
        for beside in ["client_certificate", "client_key"] {
            if config["ssl_mode"].is_object() && leaf.path.as_str().starts_with("/ssl_mode/client_") {
                config["ssl_mode"][beside] = json!("beside");
            }
        }
        if let Some(value) = value {
            put(&mut config, &leaf.path, value);
        }
        let read = match kind {
            Kind::Source => Options::read(&config),
            Kind::Destination => Options::read_destination(&config),
        };
        read.map_or_else(|failure| failure.reason.as_str().to_owned(), |options| options.told())
    }

    /// Whatever a form of a built-in connector asks for is read by the engine that reads here, and the other way round.
    #[test]
    fn forms_ask_for_what_is_read_and_for_nothing_else() {
        let connectors = Connectors::load(None).unwrap();
        for connector in connectors.all() {
            let left_out = connector.spec.left_out();
            if !matches!(connector.file.runtime, Some(RuntimeBlock::Postgres(_))) {
                let has_rules_of_its_own = matches!(connector.file.runtime, Some(RuntimeBlock::S3(_)));
                assert!(
                    has_rules_of_its_own || left_out.is_empty(),
                    "{}: nothing of it is read here",
                    connector.file.slug
                );
                continue;
            }
            let is_out = |path: &FieldPath| left_out.iter().any(|out| out.path == *path);
            let mut found = Vec::new();
            leaves(&connector.file.spec, &FieldPath::root(), &[], &mut found);
            assert!(found.len() > 20, "{} has {} settings", connector.file.slug, found.len());
            for leaf in found.iter().filter(|leaf| !leaf.is_constant) {
                let in_branch_left_out = leaf.around.iter().any(|(_, constant)| constant == "CDC");
                let (one, other) = match leaf.kind.as_str() {
                    "integer" => (json!(7), json!(8)),
                    "boolean" => (json!(true), json!(false)),
                    "array" => (json!(["one"]), json!(["other"])),
                    _ => (json!("one"), json!("other")),
                };
                let is_read = read_with(connector.file.kind, leaf, Some(one))
                    != read_with(connector.file.kind, leaf, Some(other));
                let is_asked = !in_branch_left_out && !is_out(&leaf.path);
                assert_eq!(is_asked, is_read, "{}: {}", connector.file.slug, leaf.path.as_str());
            }
        }
        let postgres = connectors.find(Kind::Source, "postgres").unwrap();
        let out: Vec<String> = postgres.spec.left_out().iter().map(|out| out.path.dot()).collect();
        assert_eq!(out, ["ssl_mode.client_key_password", "replication_method", "jdbc_url_params"]);
    }

    /// Every way of a choice that a form offers is read as a way of its own.
    #[test]
    fn every_way_that_is_offered_is_a_way_of_its_own() {
        let connectors = Connectors::load(None).unwrap();
        let postgres = connectors.find(Kind::Source, "postgres").unwrap();
        for (choice, constant, ways) in [
            ("ssl_mode", "mode", &["disable", "allow", "prefer", "require", "verify-ca", "verify-full"][..]),
            ("tunnel_method", "tunnel_method", &["NO_TUNNEL", "SSH_KEY_AUTH", "SSH_PASSWORD_AUTH"]),
            ("replication_method", "method", &["Xmin", "Standard"]),
        ] {
            let branches = postgres.file.spec["properties"][choice]["oneOf"].as_array().unwrap();
            let all: Vec<&str> =
                branches.iter().map(|branch| branch["properties"][constant]["const"].as_str().unwrap()).collect();
            let offered = all.iter().filter(|way| **way != "CDC").count();
            assert_eq!(offered, ways.len(), "{choice}");
            let read = |way: &&str| Options::read(&json!({choice: {constant: way}})).unwrap().told();
            let told: std::collections::BTreeSet<String> = ways.iter().map(read).collect();
            assert_eq!(told.len(), ways.len(), "{choice}: two ways are read as one");
        }
    }
}
