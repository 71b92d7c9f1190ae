//! Where records go, as dlt is told it, of the details of each destination.

use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value, json};

use super::program::Driver;
use super::spot::{Details, NamedHost, Spot};
use super::warehouses;
use crate::connectors::LoaderKind;
use crate::engines::hosts::{Hosts, is_near};
use crate::engines::mask::Masks;
use crate::engines::{Failure, FailureReason};

/// What of the data folder belongs to a connection.
pub(super) struct OwnPlaces<'a> {
    pub(super) data_dir: &'a Path,
    /// The connection's id; empty for details that belong to none yet.
    pub(super) connection: &'a str,
}

/// A place that dlt loads into, and what starts it.
#[derive(Debug, Clone)]
pub struct DltTarget {
    pub(super) driver: Driver,
    pub(super) kind: LoaderKind,
    /// Where it is, for people.
    address: String,
    /// What tells it from other places.
    mark: String,
    /// What dlt is told of it, secrets included.
    document: SecretString,
    /// The format of files, where it is not dlt's own choice.
    format: Option<&'static str>,
    is_compressed: bool,
    secrets: Vec<SecretString>,
    hosts: Vec<NamedHost>,
}

/// Where a finished configuration leads.
///
/// # Errors
/// It asks for something that is not done here.
pub(super) fn read(
    kind: LoaderKind,
    config: &Value,
    secrets: Vec<SecretString>,
    own: &OwnPlaces<'_>,
    driver: Driver,
) -> Result<DltTarget, Failure> {
    let details = Details(config);
    let spot = match kind {
        LoaderKind::Duckdb => duckdb(&details, own),
        LoaderKind::Files => files(&details, own)?,
        LoaderKind::S3 => s3(&details)?,
        LoaderKind::Bigquery => warehouses::bigquery(&details)?,
        LoaderKind::Snowflake => warehouses::snowflake(&details),
        LoaderKind::Postgres => warehouses::postgres(&details)?,
        LoaderKind::Redshift => warehouses::redshift(&details)?,
        LoaderKind::Clickhouse => warehouses::clickhouse(&details)?,
    };
    let Spot { factory, arguments, dataset, address, hosts, can_take_back, authority } = spot;
    let mut document = json!({
        "factory": factory, "arguments": arguments, "dataset": dataset, "label": address, "can_take_back": can_take_back,
    });
    let folder = match kind {
        LoaderKind::Duckdb | LoaderKind::Files => Some(own.folder()),
        _ => None,
    };
    if let (Some(folder), Some(members)) = (&folder, document.as_object_mut()) {
        members.insert("folder".to_owned(), json!(folder));
        members.insert("lock".to_owned(), json!(folder.join(".lock")));
    }
    if let (Some(authority), Some(members)) = (authority, document.as_object_mut()) {
        members.insert("authority".to_owned(), json!(authority));
    }
    let format = format(kind, &details)?;
    let mark = match (kind, format) {
        // The built-in writer fills the same schemas, and keeps its own books of them.
        (LoaderKind::Postgres, _) => format!("{address} by dlt"),
        (_, Some(format)) => format!("{address} as {format}"),
        (_, None) => address.clone(),
    };
    let is_compressed = details.text("/format/compression/compression_type") != "No Compression";
    let document = SecretString::from(document.to_string());
    Ok(DltTarget { driver, kind, address, mark, document, format, is_compressed, secrets, hosts })
}

impl OwnPlaces<'_> {
    /// The folder of the connection.
    fn folder(&self) -> PathBuf {
        let name = if self.connection.is_empty() { "unsent" } else { self.connection };
        let data_dir = std::path::absolute(self.data_dir).unwrap_or_else(|_| self.data_dir.to_owned());
        data_dir.join(FOLDER).join(name)
    }

    /// The same for people, below the data folder.
    fn shown(&self) -> String {
        format!("{FOLDER}/{}", if self.connection.is_empty() { "unsent" } else { self.connection })
    }
}

/// Where destinations of this server are in the data folder.
const FOLDER: &str = "destinations";

/// Whether something of this server's data folder belongs to a connection.
pub fn holds_destination(data_dir: &Path, connection: &str) -> bool {
    !connection.is_empty() && data_dir.join(FOLDER).join(connection).is_dir()
}

/// Takes away everything that destinations of this server hold for a connection; nothing there is fine.
///
/// # Errors
/// The disk refuses.
pub fn forget_destination(data_dir: &Path, connection: &str) -> std::io::Result<()> {
    // An id is a folder's name and nothing that leads elsewhere.
    if connection.is_empty() || connection.contains(['/', '.', '\0']) {
        return Ok(());
    }
    match std::fs::remove_dir_all(data_dir.join(FOLDER).join(connection)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn duckdb(details: &Details<'_>, own: &OwnPlaces<'_>) -> Spot {
    let schema = details.text("/schema");
    Spot {
        factory: "duckdb",
        arguments: json!({"credentials": own.folder().join("warehouse.duckdb")}),
        dataset: schema.to_owned(),
        address: format!("duckdb:{}/warehouse.duckdb/{schema}", own.shown()),
        hosts: Vec::new(),
        can_take_back: true,
        authority: None,
    }
}

/// dlt joins the name of the folder to the path as it is, so it has to be one folder, whatever the connector's file says of it.
fn files(details: &Details<'_>, own: &OwnPlaces<'_>) -> Result<Spot, Failure> {
    let folder = details.text("/folder");
    if folder.is_empty() || !folder.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-') {
        let words = "The folder is a name of letters, digits, underscores and dashes.";
        return Err(Failure::new(FailureReason::NotSupported, words));
    }
    Ok(Spot {
        factory: "filesystem",
        arguments: json!({"bucket_url": own.folder().join("files")}),
        dataset: folder.to_owned(),
        address: format!("files:{}/files/{folder}", own.shown()),
        hosts: Vec::new(),
        can_take_back: false,
        authority: None,
    })
}

fn s3(details: &Details<'_>) -> Result<Spot, Failure> {
    let (id, secret) = (details.text("/access_key_id"), details.text("/secret_access_key"));
    if id.is_empty() || secret.is_empty() {
        let words = "dlt signs in to the storage with an access key, so its ID and its secret have to be given.";
        return Err(Failure::new(FailureReason::Incomplete, words));
    }
    let mut credentials: Map<String, Value> = Map::new();
    for (name, value) in [
        ("aws_access_key_id", id),
        ("aws_secret_access_key", secret),
        ("region_name", details.text("/s3_bucket_region")),
    ] {
        credentials.insert(name.to_owned(), json!(value));
    }
    let endpoint = details.text("/s3_endpoint");
    let mut hosts = Vec::new();
    if !endpoint.is_empty() {
        let url = url::Url::parse(endpoint).ok().filter(|url| ["http", "https"].contains(&url.scheme()));
        let unusable =
            || Failure::new(FailureReason::NotSupported, "The endpoint is no address that begins with https://.");
        let url = url.ok_or_else(unusable)?;
        let host = url.host_str().ok_or_else(unusable)?.trim_matches(['[', ']']).to_owned();
        let port = url.port_or_known_default().unwrap_or(443);
        hosts.push(NamedHost { host, port, database: None, is_open: url.scheme() == "http" });
        credentials.insert("endpoint_url".to_owned(), json!(endpoint.trim_end_matches('/')));
    }
    let (bucket, path) = (details.text("/s3_bucket_name"), details.text("/s3_bucket_path").trim_matches('/'));
    // The last part of the path is the folder of the tables.
    let (before, dataset) = path.rsplit_once('/').unwrap_or(("", path));
    let base = [bucket, before].join("/");
    let at = if endpoint.is_empty() { String::new() } else { format!(" at {endpoint}") };
    Ok(Spot {
        factory: "filesystem",
        arguments: json!({"bucket_url": format!("s3://{}", base.trim_end_matches('/')), "credentials": credentials}),
        dataset: dataset.to_owned(),
        address: format!("s3://{bucket}/{path}{at}"),
        hosts,
        can_take_back: false,
        authority: None,
    })
}

/// How files are written; `None` where dlt chooses what suits the warehouse.
fn format(kind: LoaderKind, details: &Details<'_>) -> Result<Option<&'static str>, Failure> {
    let wanted = match kind {
        LoaderKind::Duckdb => "Parquet",
        LoaderKind::Files => details.text("/format"),
        LoaderKind::S3 => details.text("/format/format_type"),
        _ => return Ok(None),
    };
    match wanted {
        "Parquet" => Ok(Some("parquet")),
        "JSONL" => Ok(Some("jsonl")),
        "CSV" => Ok(Some("csv")),
        other => {
            let words = format!("dlt writes no {other} here: choose Parquet, JSON Lines or CSV.");
            Err(Failure::new(FailureReason::NotSupported, words))
        }
    }
}

impl DltTarget {
    /// Where it is, without who may go there.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// What tells this place from others.
    pub fn mark(&self) -> &str {
        &self.mark
    }

    /// The failure without any secret, should a system repeat one.
    pub(in crate::engines) fn hide(&self, failure: Failure) -> Failure {
        let masks = self.masks();
        let detail = failure.detail.map(|detail| masks.hide(&detail));
        Failure { message: masks.hide(&failure.message), detail, ..failure }
    }

    pub(super) fn masks(&self) -> Masks {
        Masks::new(&self.secrets)
    }

    /// A task for the driver: what it is, and more of it.
    pub(super) fn task(&self, mode: &str, more: &Value) -> Value {
        let place: Value = serde_json::from_str(self.document.expose_secret()).unwrap_or_default();
        let mut task = json!({
            "mode": mode, "destination": place, "is_files": self.kind.is_files(), "format": self.format,
            "is_compressed": self.is_compressed, "pipeline": "vestibule", "tables": [],
        });
        if let (Some(task), Some(more)) = (task.as_object_mut(), more.as_object()) {
            task.extend(more.clone());
        }
        task
    }

    /// Sees that every host may be connected to. dlt looks names up again by itself.
    pub(super) async fn judge(&self, hosts: &Hosts) -> Result<(), Failure> {
        for NamedHost { host, port, database, is_open } in &self.hosts {
            let found = match database {
                Some(database) => hosts.database(host, *port, database).await?,
                None => hosts.addresses(host, *port).await?,
            };
            if *is_open && !found.iter().all(|address| is_near(address.ip())) {
                let words = format!(
                    "Without encryption, keys and records would travel readable to {host}. Give an address that begins with https://."
                );
                return Err(Failure::new(FailureReason::NotSupported, words));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;
    use crate::connectors::LimitsBlock;

    fn target(kind: &str, config: &Value, connection: &str) -> Result<DltTarget, Failure> {
        let own = OwnPlaces { data_dir: Path::new("/data"), connection };
        let (limits, rng) = (LimitsBlock::default(), Rng::System);
        let driver = Driver::of(Path::new("python"), Path::new("v"), Path::new("runs"), "", limits, &rng);
        read(LoaderKind::parse(kind).unwrap(), config, Vec::new(), &own, driver)
    }

    /// The same documents are given to dlt itself by a test that needs it.
    #[test]
    fn details_become_what_dlt_is_told() {
        let all: Value = serde_json::from_str(include_str!("../../../tests/support/loader_documents.json")).unwrap();
        for one in all.as_array().unwrap() {
            let found = target(one["kind"].as_str().unwrap(), &one["config"], "0190").unwrap();
            assert_eq!(found.task("check", &json!({}))["destination"], one["destination"]);
            assert_eq!(found.address(), one["address"]);
        }
        for kind in LoaderKind::ALL {
            assert!(all.as_array().unwrap().iter().any(|one| one["kind"] == kind.as_str()), "{kind:?}");
        }
    }

    #[test]
    fn what_is_not_done_here_is_refused() {
        let tunnel = json!({"tunnel_method": {"tunnel_method": "SSH_KEY_AUTH"}});
        for (kind, config, reason) in [
            ("redshift", tunnel.clone(), FailureReason::NotSupported),
            ("redshift", json!({"schema": "raw data"}), FailureReason::NotSupported),
            ("postgres", tunnel.clone(), FailureReason::NotSupported),
            ("postgres", json!({"schema": "raw data"}), FailureReason::NotSupported),
            ("postgres", json!({"schema": "Raw"}), FailureReason::NotSupported),
            ("clickhouse", tunnel, FailureReason::NotSupported),
            ("bigquery", json!({"credentials_json": "no key"}), FailureReason::NotSupported),
            ("bigquery", json!({"credentials_json": "{\"type\": \"authorized_user\"}"}), FailureReason::NotSupported),
            ("s3", json!({"s3_bucket_name": "lake", "role_arn": "arn:aws:iam::1:role/x"}), FailureReason::Incomplete),
            (
                "s3",
                json!({"access_key_id": "a", "secret_access_key": "b", "format": {"format_type": "Avro"}}),
                FailureReason::NotSupported,
            ),
            ("files", json!({"folder": "x", "format": "Avro"}), FailureReason::NotSupported),
            ("files", json!({"folder": "", "format": "CSV"}), FailureReason::NotSupported),
            ("files", json!({"folder": "../../keys", "format": "CSV"}), FailureReason::NotSupported),
            ("files", json!({"folder": "/etc", "format": "CSV"}), FailureReason::NotSupported),
        ] {
            assert_eq!(target(kind, &config, "0190").unwrap_err().reason, reason, "{kind} {config}");
        }
    }

    #[test]
    fn a_format_is_part_of_the_place_and_only_an_id_is_a_folder() {
        let mark = |format: &str| {
            target("files", &json!({"folder": "x", "format": format}), "0190").unwrap().mark().to_owned()
        };
        assert_ne!(mark("CSV"), mark("Parquet"));
        let dir = tempfile::tempdir().unwrap();
        let inside = dir.path().join("destinations/0190");
        std::fs::create_dir_all(&inside).unwrap();
        for odd in ["", "..", "../destinations", "a/b"] {
            forget_destination(dir.path(), odd).unwrap();
            assert!(inside.exists(), "{odd}");
        }
        forget_destination(dir.path(), "0190").unwrap();
        assert!(!inside.exists() && dir.path().join("destinations").exists());
    }
}
