//! A layer as the API shows it, and what a program may say about one.

use schemars::JsonSchema;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::{Output, OutputLayer, OutputLayerInput, Settings, files_name};
use crate::base::forms::FieldProblem;
use crate::engines::{FileFormat, TlsMode};
use crate::features::connections::Connection;
use crate::platform::web::api::{nullable, present};
use crate::platform::web::failure_out::FailureOut;
use crate::platform::web::problem::ErrorDetail;

/// What a layer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "OutputLayerKind")]
pub enum OutputLayerKindOut {
    /// One file for each table of a run, with a manifest, in the server's data folder.
    Files,
    /// Tables of a PostgreSQL schema.
    Postgres,
    /// A finalised destination.
    Destination,
}

/// How records lie in files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "FileFormat")]
pub enum FileFormatOut {
    /// JSON Lines, packed by gzip.
    Jsonl,
    /// Apache Parquet.
    Parquet,
}

impl From<FileFormat> for FileFormatOut {
    fn from(format: FileFormat) -> Self {
        match format {
            FileFormat::JsonLines => Self::Jsonl,
            FileFormat::Parquet => Self::Parquet,
        }
    }
}

/// A destination that records can go to.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "DestinationLayer")]
struct DestinationOut {
    /// Its slug under `/api/v1/destinations/`.
    slug: String,
    /// The type of system it connects.
    connector_slug: String,
}

/// A kind that can be added.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "NewOutputLayerKind")]
enum OutputLayerKindIn {
    /// Tables of a PostgreSQL schema.
    Postgres,
}

/// How a schema is reached. The password is not in it: nobody gets it back.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "PostgresLayer")]
struct PostgresOut {
    host: String,
    port: u16,
    database: String,
    user: String,
    /// Whether a password is set.
    has_password: bool,
    schema: String,
    tls_mode: TlsMode,
    /// Certificate of the authority (PEM).
    ca_certificate: Option<String>,
}

/// A place where records can go.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "OutputLayer")]
pub struct LayerOut {
    /// Its name in changes of a source; of a destination with `destination:` before it. It never changes.
    pub slug: String,
    /// Its name for people.
    pub(super) name: String,
    kind: OutputLayerKindOut,
    /// It is used where nobody says otherwise.
    is_default: bool,
    /// How records lie in the files; null for the others.
    format: Option<FileFormatOut>,
    /// How a schema that was added is reached; null for the others.
    postgres: Option<PostgresOut>,
    /// Which destination it is; null for the others.
    destination: Option<DestinationOut>,
    /// When it was added; null for files.
    #[schemars(extend("format" = "date-time"))]
    created_at: Option<String>,
    /// When it last changed; null for files.
    #[schemars(extend("format" = "date-time"))]
    updated_at: Option<String>,
}

impl LayerOut {
    /// Those that are always there.
    pub fn all_files() -> impl Iterator<Item = Self> {
        FileFormat::ALL.iter().copied().map(Self::files)
    }

    /// The files of one format.
    pub fn files(format: FileFormat) -> Self {
        Self {
            slug: Output::Files(format).to_string(),
            name: files_name(format).to_owned(),
            kind: OutputLayerKindOut::Files,
            is_default: format == FileFormat::default(),
            format: Some(format.into()),
            postgres: None,
            destination: None,
            created_at: None,
            updated_at: None,
        }
    }

    /// A destination as an output.
    pub fn destination(of: &Connection) -> Self {
        Self {
            slug: Output::Destination(of.slug.clone()).to_string(),
            name: of.description.clone(),
            kind: OutputLayerKindOut::Destination,
            is_default: false,
            format: None,
            postgres: None,
            destination: Some(DestinationOut { slug: of.slug.clone(), connector_slug: of.connector_slug.clone() }),
            created_at: Some(of.created_at.iso()),
            updated_at: Some(of.updated_at.iso()),
        }
    }
}

impl From<&OutputLayer> for LayerOut {
    fn from(layer: &OutputLayer) -> Self {
        let Settings { host, port, database, user, schema, tls, ca } = layer.settings.clone();
        Self {
            slug: layer.slug.clone(),
            name: layer.name.clone(),
            kind: OutputLayerKindOut::Postgres,
            is_default: false,
            format: None,
            postgres: Some(PostgresOut {
                host,
                port,
                database,
                user,
                has_password: layer.has_password(),
                schema,
                tls_mode: tls,
                ca_certificate: Some(ca).filter(|text| !text.is_empty()),
            }),
            destination: None,
            created_at: Some(layer.created_at.iso()),
            updated_at: Some(layer.updated_at.iso()),
        }
    }
}

/// How a schema is reached.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewPostgresLayer")]
struct PostgresIn {
    /// Name or address. Public, unless the operator has opened its network.
    host: String,
    /// 5432 when left out.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "i64", range(min = 1, max = 65_535))]
    port: Option<i64>,
    database: String,
    user: String,
    /// Stored encrypted and never shown again.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "String", extend("writeOnly" = true))]
    password: Option<SecretString>,
    /// Made with the first extraction when it is not there and the user may make it.
    schema: String,
    /// `require` when left out.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "TlsMode")]
    tls_mode: Option<TlsMode>,
    /// Certificate of the authority (PEM), for `verify-ca` and `verify-full`.
    #[serde(default, deserialize_with = "nullable")]
    #[schemars(with = "Option<String>")]
    ca_certificate: Option<Option<String>>,
}

/// A new output layer.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewOutputLayer")]
pub struct NewOutputLayerIn {
    /// Its name for people.
    #[schemars(length(min = 1, max = 80))]
    name: String,
    #[serde(rename = "kind")]
    _kind: OutputLayerKindIn,
    postgres: PostgresIn,
}

/// Another way to reach a schema; what is left out stays as it is.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "PostgresLayerChange")]
struct PostgresChangeIn {
    /// Name or address. With another host or port the password has to be given again.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "String")]
    host: Option<String>,
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "i64", range(min = 1, max = 65_535))]
    port: Option<i64>,
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "String")]
    database: Option<String>,
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "String")]
    user: Option<String>,
    /// An empty one changes nothing.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "String", extend("writeOnly" = true))]
    password: Option<SecretString>,
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "String")]
    schema: Option<String>,
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "TlsMode")]
    tls_mode: Option<TlsMode>,
    /// Certificate of the authority (PEM); null removes it.
    #[serde(default, deserialize_with = "nullable")]
    #[schemars(with = "Option<String>")]
    ca_certificate: Option<Option<String>>,
}

/// What can be changed about an output layer; what is left out stays as it is.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "OutputLayerChange")]
pub struct OutputLayerChangeIn {
    /// Its name for people.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "String", length(min = 1, max = 80))]
    name: Option<String>,
    /// How it is reached.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "PostgresChangeIn")]
    postgres: Option<PostgresChangeIn>,
}

impl From<NewOutputLayerIn> for OutputLayerInput {
    fn from(NewOutputLayerIn { name, postgres, .. }: NewOutputLayerIn) -> Self {
        let PostgresIn { host, port, database, user, password, schema, tls_mode, ca_certificate } = postgres;
        let blank = Self::default();
        let ca = ca_certificate.flatten().unwrap_or_default();
        let tls = tls_mode.unwrap_or_default();
        let settings = Settings { host, database, user, schema, tls, ca, ..blank.settings };
        Self { name, settings, port: port.unwrap_or(blank.port), password }
    }
}

impl OutputLayerChangeIn {
    /// The layer as it shall be.
    pub fn onto(self, layer: &OutputLayer) -> OutputLayerInput {
        let mut given = OutputLayerInput {
            name: self.name.unwrap_or_else(|| layer.name.clone()),
            settings: layer.settings.clone(),
            port: i64::from(layer.settings.port),
            password: None,
        };
        let change = self.postgres.unwrap_or_default();
        let settings = &mut given.settings;
        for (place, text) in [
            (&mut settings.host, change.host),
            (&mut settings.database, change.database),
            (&mut settings.user, change.user),
            (&mut settings.schema, change.schema),
            (&mut settings.ca, change.ca_certificate.map(Option::unwrap_or_default)),
        ] {
            if let Some(text) = text {
                *place = text;
            }
        }
        settings.tls = change.tls_mode.unwrap_or(settings.tls);
        given.port = change.port.unwrap_or(given.port);
        given.password = change.password;
        given
    }
}

/// Where a problem stands in a body.
pub fn error_detail(problem: &FieldProblem) -> ErrorDetail {
    let pointer = if problem.field == "name" { "/name".to_owned() } else { format!("/postgres/{}", problem.field) };
    ErrorDetail::at(pointer, problem.code, format!("{}.", problem.sentence))
}

/// What trying an output layer has shown.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "OutputLayerCheck")]
pub struct CheckOut {
    /// Records can go there.
    pub works: bool,
    /// What was found, for people.
    pub message: String,
    /// Why not.
    pub error: Option<FailureOut>,
}
