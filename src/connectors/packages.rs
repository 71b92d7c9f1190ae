//! What can be installed: the table this version ships, or a newer one in the form of Airbyte's registry. The table holds facts (how a
//! connector is published, the versions that were tried, the Python it wants, its licence) and no code: nothing of a connector is shipped.
//!
//! Invariants: a row's name is unique, and says its kind; what could be an option of a program is no name and no version.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::Value;

use super::near::{self, kind_and_rest};
use super::{Kind, LimitsBlock, LoaderKind};

static SHIPPED: &str = include_str!("packages.json");

/// Everything that can be installed, by name.
#[derive(Debug, Clone)]
pub struct PackageTable {
    rows: BTreeMap<String, InstallablePackage>,
    runner: PythonPackage,
}

/// A connector that can be installed, as its maker publishes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstallablePackage {
    /// The maker's name, which says the kind: `source-faker`.
    pub name: String,
    /// The name for people.
    pub title: String,
    /// Source or destination.
    pub kind: Kind,
    /// The short name of the connector here, like `facebook-ads`.
    pub slug: String,
    /// How it is published.
    pub way: PackageWay,
    /// The licence of the connector, as its maker names it: `ELv2`.
    pub licence: String,
    /// The maker's documentation.
    pub documentation_url: String,
    /// Streams its maker advises to take.
    pub suggested_streams: Vec<String>,
    /// Limits that differ from the usual ones.
    pub limits: Option<LimitsBlock>,
}

/// How a connector is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PackageWay {
    /// A Python package.
    Python(PythonPackage),
    /// A manifest, run by the Python package that all manifests share.
    Manifest {
        /// Where the manifest is, of the latest version.
        url: String,
        /// The version the table knows.
        version: String,
    },
    /// Only a container image.
    Image(String),
    /// The loader dlt with what it needs for this destination.
    Loader {
        /// The Python package.
        package: PythonPackage,
        /// What the destination is for dlt.
        destination: LoaderKind,
    },
}

/// A Python package with a range of versions.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PythonPackage {
    /// Its name in a package index.
    pub package: String,
    /// The versions that may be taken, as package tools write it: `>=7.2,<8`.
    pub versions: String,
    /// The versions of Python it runs with: `>=3.10,<3.13`.
    pub python: String,
}

impl PythonPackage {
    /// As package tools write it: `airbyte-source-faker>=7.2,<8`.
    pub fn requirement(&self) -> String {
        format!("{}{}", self.package, self.versions)
    }
}

/// What somebody who names no row of the table can be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownPackage {
    /// Names that are almost the same.
    pub near: Vec<String>,
}

/// The table as it stands in its file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TableFile {
    manifests: String,
    runner: PythonPackage,
    connectors: BTreeMap<String, TableRow>,
}

/// A row of it; what is the same for most is left out.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TableRow {
    title: String,
    by: PublishedBy,
    licence: String,
    #[serde(default)]
    package: Option<String>,
    #[serde(default)]
    versions: String,
    #[serde(default)]
    python: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    image: String,
    #[serde(default)]
    connector: Option<String>,
    #[serde(default)]
    documentation_url: Option<String>,
    #[serde(default)]
    streams: Vec<String>,
    #[serde(default)]
    limits: Option<LimitsBlock>,
    #[serde(default)]
    destination: Option<LoaderKind>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum PublishedBy {
    Python,
    Manifest,
    Image,
    Loader,
}

/// The table this version ships.
///
/// # Errors
/// Its file is wrong, which a test rules out.
pub fn shipped_packages() -> anyhow::Result<&'static PackageTable> {
    static READ: LazyLock<Result<PackageTable, String>> = LazyLock::new(|| {
        let file: TableFile =
            serde_json::from_str(SHIPPED).map_err(|error| format!("the table of packages: {error}"))?;
        Ok(PackageTable::of_file(file))
    });
    READ.as_ref().map_err(|error| anyhow::anyhow!("{error}"))
}

impl PackageTable {
    fn of_file(file: TableFile) -> Self {
        let TableFile { manifests, runner, connectors } = file;
        let rows = connectors.into_iter().filter_map(|(name, row)| {
            let (kind, rest) = kind_and_rest(&name)?;
            let way = match row.by {
                PublishedBy::Python => PackageWay::Python(PythonPackage {
                    package: row.package.unwrap_or_else(|| format!("airbyte-{name}")),
                    versions: row.versions,
                    python: row.python,
                }),
                PublishedBy::Manifest => {
                    PackageWay::Manifest { url: manifests.replace("{name}", &name), version: row.version }
                }
                PublishedBy::Image => PackageWay::Image(row.image),
                PublishedBy::Loader => PackageWay::Loader {
                    package: PythonPackage {
                        package: row.package.unwrap_or_default(),
                        versions: row.versions,
                        python: row.python,
                    },
                    destination: row.destination?,
                },
            };
            let documentation_url = row.documentation_url.unwrap_or_else(|| documentation(kind, rest));
            let slug = row.connector.unwrap_or_else(|| rest.to_owned());
            let package = InstallablePackage {
                title: row.title,
                kind,
                slug,
                way,
                licence: row.licence,
                documentation_url,
                suggested_streams: row.streams,
                limits: row.limits,
                name: name.clone(),
            };
            Some((name, package))
        });
        Self { rows: rows.collect(), runner }
    }

    /// The package that runs manifests.
    pub const fn runner(&self) -> &PythonPackage {
        &self.runner
    }

    /// All rows, by name.
    pub fn all(&self) -> impl Iterator<Item = &InstallablePackage> {
        self.rows.values()
    }

    /// The row of a connector here.
    pub fn of_connector(&self, kind: Kind, slug: &str) -> Option<&InstallablePackage> {
        let usual = self.rows.get(&format!("{}-{slug}", kind.as_str())).filter(|row| row.slug == slug);
        usual.or_else(|| self.rows.values().find(|row| row.kind == kind && row.slug == slug))
    }

    /// The row somebody means: by the maker's name, by the short name here, by the name of the package, or by the name for people. A name
    /// without its kind is a source's, where there is one.
    ///
    /// # Errors
    /// Nothing is called so; the names that are near.
    pub fn find(&self, wanted: &str) -> Result<&InstallablePackage, UnknownPackage> {
        let lower = wanted.trim().to_lowercase();
        let name = lower.rsplit('/').next().unwrap_or_default();
        let name = name.strip_prefix("airbyte-").unwrap_or(name).replace([' ', '_'], "-");
        let by_name = self.rows.get(&name);
        let by_kind = || [Kind::Source, Kind::Destination].into_iter().find_map(|kind| self.of_connector(kind, &name));
        let by_end = || ["source-", "destination-"].iter().find_map(|kind| self.rows.get(&format!("{kind}{name}")));
        let by_title = || self.rows.values().find(|row| row.title.to_lowercase() == lower.trim());
        by_name.or_else(by_kind).or_else(by_end).or_else(by_title).ok_or_else(|| UnknownPackage {
            near: near::names(self.rows.values().map(|row| (row.name.as_str(), row.slug.as_str())), &name),
        })
    }

    /// The same with the rows of a registry put over it; gives how many those are. Versions of a registry are exact.
    #[must_use]
    pub fn with_registry(&self, registry: &Value) -> (Self, usize) {
        let mut table = self.clone();
        let mut count = 0;
        for (list, kind) in [("sources", Kind::Source), ("destinations", Kind::Destination)] {
            let entries = registry.get(list).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            for row in entries.iter().filter_map(|entry| self.of_entry(entry, kind)) {
                count += 1;
                table.rows.insert(row.name.clone(), row);
            }
        }
        (table, count)
    }

    /// What an entry of a registry says; `None` when it does not say enough.
    fn of_entry(&self, entry: &Value, kind: Kind) -> Option<InstallablePackage> {
        let text = |pointer: &str| entry.pointer(pointer).and_then(Value::as_str).filter(|text| is_word(text));
        let repository = text("/dockerRepository")?;
        let name = repository.rsplit('/').next().unwrap_or_default().to_owned();
        let (_, rest) = kind_and_rest(&name).filter(|(named, _)| *named == kind)?;
        let version = text("/dockerImageTag")?;
        let known = self.rows.get(&name);
        if known.is_some_and(|row| matches!(row.way, PackageWay::Loader { .. })) {
            // What loads here is no program of a registry.
            return None;
        }
        let is_manifest = [entry.get("language"), entry.pointer("/generated/sbomUrl")]
            .into_iter()
            .flatten()
            .any(|value| value == "manifest-only")
            || entry
                .get("tags")
                .and_then(Value::as_array)
                .is_some_and(|tags| tags.iter().any(|tag| tag == "language:manifest-only"));
        let published = entry.pointer("/remoteRegistries/pypi/enabled") == Some(&Value::Bool(true));
        let package = text("/remoteRegistries/pypi/packageName").filter(|_| published);
        let python = known.and_then(|row| match &row.way {
            PackageWay::Python(package) => Some(package.python.clone()),
            PackageWay::Manifest { .. } | PackageWay::Image(_) | PackageWay::Loader { .. } => None,
        });
        let way = if is_manifest {
            let url = format!("https://connectors.airbyte.com/files/metadata/{repository}/{version}/manifest.yaml");
            PackageWay::Manifest { url, version: version.to_owned() }
        } else if let Some(package) = package {
            let python = python.unwrap_or_else(|| self.runner.python.clone());
            PackageWay::Python(PythonPackage { package: package.to_owned(), versions: format!("=={version}"), python })
        } else {
            PackageWay::Image(format!("{repository}:{version}"))
        };
        let streams = entry.pointer("/suggestedStreams/streams").and_then(Value::as_array);
        let streams = streams.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
        Some(InstallablePackage {
            title: entry.get("name").and_then(Value::as_str).unwrap_or(rest).trim().to_owned(),
            kind,
            slug: known.map_or_else(|| rest.to_owned(), |row| row.slug.clone()),
            way,
            licence: text("/license").unwrap_or("not named by its registry").to_owned(),
            documentation_url: text("/documentationUrl").map_or_else(|| documentation(kind, rest), str::to_owned),
            suggested_streams: streams,
            limits: known.and_then(|row| row.limits.clone()),
            name,
        })
    }
}

fn documentation(kind: Kind, rest: &str) -> String {
    format!("https://docs.airbyte.com/integrations/{}s/{rest}", kind.as_str())
}

/// What may stand in a command, a version or an address.
fn is_word(text: &str) -> bool {
    text.len() <= 200
        && text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-/:@+".contains(&byte))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_shipped_table_is_whole() {
        let table = shipped_packages().unwrap();
        assert!(table.all().count() > 600);
        for row in table.all() {
            assert!(kind_and_rest(&row.name).is_some() && !row.title.is_empty() && !row.licence.is_empty(), "{row:?}");
            assert!(row.documentation_url.starts_with("https://"), "{row:?}");
            match &row.way {
                PackageWay::Python(package) => {
                    assert!(is_word(&package.package) && package.python.starts_with(">=3."), "{row:?}")
                }
                PackageWay::Manifest { url, version } => {
                    assert!(url.contains(&row.name) && is_word(version), "{row:?}")
                }
                PackageWay::Image(image) => assert!(is_word(image), "{row:?}"),
                PackageWay::Loader { package, .. } => assert!(package.package.starts_with("dlt["), "{row:?}"),
            }
        }
    }

    #[test]
    fn a_name_is_found_however_it_is_said() {
        let table = shipped_packages().unwrap();
        for said in ["source-faker", "faker", "airbyte-source-faker", "airbyte/source-faker", "Sample Data", " Faker "]
        {
            assert_eq!(table.find(said).unwrap().name, "source-faker", "{said}");
        }
        assert_eq!(table.find("facebook-ads").unwrap().name, "source-facebook-marketing");
        assert_eq!(table.of_connector(Kind::Source, "facebook-ads").unwrap().name, "source-facebook-marketing");
        assert_eq!(table.find("postgres").unwrap().kind, Kind::Source);
        assert_eq!(table.find("destination-postgres").unwrap().kind, Kind::Destination);
        assert_eq!(table.find("fakre").unwrap_err().near[0], "source-faker");
        assert!(table.find("hubspto").unwrap_err().near.contains(&"source-hubspot".to_owned()));
        assert_eq!(table.find("qqqqqqqqqqqq").unwrap_err().near, Vec::<String>::new());
    }

    #[test]
    fn a_registry_is_newer_than_the_table() {
        let registry = json!({"sources": [
            {"name": "Faker", "dockerRepository": "airbyte/source-faker", "dockerImageTag": "9.0.1", "license": "MIT",
             "remoteRegistries": {"pypi": {"enabled": true, "packageName": "airbyte-source-faker"}}},
            {"name": "Shop", "dockerRepository": "maker/source-shop", "dockerImageTag": "1.2.3", "tags": ["language:manifest-only"]},
            {"name": "Bad", "dockerRepository": "maker/source-bad; rm", "dockerImageTag": "1"},
        ]});
        let (table, count) = shipped_packages().unwrap().with_registry(&registry);
        assert_eq!(count, 2);
        let faker = table.find("faker").unwrap();
        let PackageWay::Python(package) = &faker.way else { panic!("{faker:?}") };
        assert_eq!(
            (package.requirement().as_str(), package.python.as_str()),
            ("airbyte-source-faker==9.0.1", ">=3.10,<3.13")
        );
        assert_eq!(faker.licence, "MIT");
        assert!(
            matches!(&table.find("shop").unwrap().way, PackageWay::Manifest { url, .. } if url.ends_with("/maker/source-shop/1.2.3/manifest.yaml"))
        );
    }
}
