//! The `runtime` block of a connector file: how the connector is run. Only the operator writes such files, so only the operator
//! names programs.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::loader::LoaderKind;

/// How a connector is checked and read.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum RuntimeBlock {
    /// A program that speaks the Airbyte protocol.
    Airbyte(Box<AirbyteBlock>),
    /// The built-in reader of PostgreSQL; of a destination, the built-in writer.
    Postgres(NoOptions),
    /// The built-in writer of buckets that speak the protocol of Amazon S3.
    S3(NoOptions),
    /// The built-in caller of web services: checks credentials, knows the streams, reads nothing.
    Http(HttpBlock),
    /// A destination that dlt loads into.
    Dlt(Box<DltBlock>),
}

/// A block without anything in it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoOptions {}

/// A program that speaks the Airbyte protocol: a command, or a container image.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AirbyteBlock {
    /// The program and arguments before the protocol's own: `["source-faker"]`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// A container image; needs `VESTIBULE_CONTAINER_ENGINE`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// A manifest for `source-declarative-manifest`, which gets it as a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest: Option<Value>,
    /// Python code that the manifest uses, which the operator has allowed; it runs like any program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub components: Option<String>,
    /// The installed environment that the program lies in: a folder below the one where environments are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// What it may use, where that differs from the usual.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<LimitsBlock>,
}

/// A destination that dlt loads into; an installation writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DltBlock {
    /// What it is for dlt.
    pub destination: LoaderKind,
    /// The installed environment that dlt lies in: a folder below the one where environments are kept.
    pub environment: String,
    /// What it may use, where that differs from the usual.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<LimitsBlock>,
}

/// What a program may use, where that differs from the usual.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitsBlock {
    /// Megabytes of memory; usually 4096.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_mb: Option<u64>,
    /// Seconds of computing in one run; usually twice the time it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_seconds: Option<u64>,
    /// Seconds until it has told its settings, checked, or told its streams; usually 60, 120 and 180.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question_seconds: Option<u64>,
    /// Files it may have open; usually 256.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_files: Option<u64>,
    /// Megabytes of one file it writes; usually 64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_mb: Option<u64>,
}

impl LimitsBlock {
    /// The names of the limits, as files and commands write them.
    pub const NAMES: [&str; 5] = ["memory_mb", "cpu_seconds", "question_seconds", "open_files", "file_mb"];

    /// Sets the limit of that name.
    ///
    /// # Errors
    /// There is no such limit, or the number is none that can be meant.
    pub fn set(&mut self, name: &str, number: u64) -> Result<(), String> {
        let (place, range) = match name {
            "memory_mb" => (&mut self.memory_mb, 128..=1_048_576),
            "cpu_seconds" => (&mut self.cpu_seconds, 10..=604_800),
            "question_seconds" => (&mut self.question_seconds, 10..=500),
            "open_files" => (&mut self.open_files, 32..=65_536),
            "file_mb" => (&mut self.file_mb, 1..=1_048_576),
            _ => return Err(format!("there is no limit {name}; the limits are {}", Self::NAMES.join(", "))),
        };
        if !range.contains(&number) {
            return Err(format!("{name} must be a whole number from {} to {}", range.start(), range.end()));
        }
        *place = Some(number);
        Ok(())
    }

    /// The same, with what it does not say taken from another.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            memory_mb: self.memory_mb.or(other.memory_mb),
            cpu_seconds: self.cpu_seconds.or(other.cpu_seconds),
            question_seconds: self.question_seconds.or(other.question_seconds),
            open_files: self.open_files.or(other.open_files),
            file_mb: self.file_mb.or(other.file_mb),
        }
    }

    fn problems(&self) -> Vec<String> {
        let said = [self.memory_mb, self.cpu_seconds, self.question_seconds, self.open_files, self.file_mb];
        let said = Self::NAMES.into_iter().zip(said).filter_map(|(name, number)| Some((name, number?)));
        said.filter_map(|(name, number)| Self::default().set(name, number).err()).collect()
    }
}

/// How a web service is asked whether credentials work. Texts are templates: `{{ config.credentials.api_token }}`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpBlock {
    /// The requests whose `when` is true (or that have none), up to the first that keeps nothing: its answer is the verdict.
    pub check: Vec<HttpRequest>,
}

/// One request and what its answer means.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpRequest {
    /// A condition on the configuration: `config.credentials.auth_type == "token"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// `GET` or `POST`.
    #[serde(default = "get")]
    pub method: String,
    /// The address.
    pub url: String,
    /// Headers by name; one whose name or value comes out empty is not sent.
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub headers: serde_json::Map<String, Value>,
    /// Where the configuration has a list of further headers, each with `name` and `value` (a JSON Pointer).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub more_headers: Option<String>,
    /// The body of a POST.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// Names by which later requests know parts of this answer: `{"token": "/access_token"}` (JSON Pointers). Such a request only
    /// prepares the next one.
    #[serde(default, skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub keep: std::collections::BTreeMap<String, String>,
    /// What has to be true of a good answer beside its status: `answer.ok`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect: Option<String>,
    /// Who it was that answered, for the log: `Signed in as {{ answer.login }}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub says: Option<String>,
    /// What bad answers mean; the first that fits counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<HttpError>,
}

/// What a bad answer means.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpError {
    /// The status it has; none: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// A condition on the answer: `answer.error == "invalid_auth"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// What to tell people, a template.
    pub says: String,
}

impl RuntimeBlock {
    /// The block that runs a manifest.
    pub fn manifest(manifest: Value) -> Self {
        let command = vec!["source-declarative-manifest".to_owned()];
        Self::Airbyte(Box::new(AirbyteBlock { command, manifest: Some(manifest), ..AirbyteBlock::default() }))
    }

    /// What is wrong with the block; empty when nothing is.
    pub fn problems(&self) -> Vec<String> {
        match self {
            Self::Airbyte(block) if block.command.is_empty() == block.image.is_none() => {
                vec!["the runtime airbyte needs either a command or an image".to_owned()]
            }
            Self::Airbyte(block) => block.problems(),
            Self::Dlt(block) => block.problems(),
            Self::Http(block) if block.check.is_empty() => vec!["the runtime http needs a request to check".to_owned()],
            Self::Http(_) | Self::Postgres(_) | Self::S3(_) => Vec::new(),
        }
    }
}

impl AirbyteBlock {
    fn problems(&self) -> Vec<String> {
        let odd = |text: &String| text.is_empty() || text.contains('\0');
        // An image that looks like an option of the engine would be one.
        let odd_image = self.image.as_ref().is_some_and(|image| {
            image.starts_with('-') || image.is_empty() || image.chars().any(|c| c.is_whitespace() || c.is_control())
        });
        let mut problems = Vec::new();
        if self.command.first().is_some_and(odd) || self.command.iter().any(|text| text.contains('\0')) {
            problems.push("the command of the runtime is empty".to_owned());
        }
        if odd_image {
            problems.push("the image of the runtime is no name of an image".to_owned());
        }
        if self.environment.as_ref().is_some_and(|name| !is_environment(name)) {
            problems.push("the environment of the runtime is no name of an environment".to_owned());
        }
        if self.environment.is_some() && self.command.is_empty() {
            problems.push("an environment needs a command in it".to_owned());
        }
        if self.components.is_some() && self.manifest.is_none() {
            problems.push("components are those of a manifest".to_owned());
        }
        problems.extend(self.limits.iter().flat_map(LimitsBlock::problems));
        problems
    }
}

impl DltBlock {
    /// What is wrong with the block; empty when nothing is.
    fn problems(&self) -> Vec<String> {
        let mut problems: Vec<String> = self.limits.iter().flat_map(LimitsBlock::problems).collect();
        if !is_environment(&self.environment) {
            problems.push("the environment of the runtime is no name of an environment".to_owned());
        }
        problems
    }
}

/// `source-faker/7.2.1-0a1b2c3d`: below the folder of environments, and nowhere else.
fn is_environment(name: &str) -> bool {
    let is_part = |part: &str| {
        part.starts_with(|first: char| first.is_ascii_alphanumeric())
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._+-".contains(&byte))
    };
    name.split('/').count() == 2 && name.split('/').all(is_part)
}

fn get() -> String {
    "GET".to_owned()
}
