//! What a registry of connectors says of one beside its specification: where its program is to be had, which hosts it talks to by its
//! maker's word, and which of its streams most people want.

use serde::{Deserialize, Serialize};

use super::{Connector, InstallablePackage, PackageWay, shipped_packages};

/// The part of a registry's entry that is no specification.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegistryBlock {
    /// The Python package with its program (PyPI): `airbyte-source-faker`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<String>,
    /// Its container image with the version: `airbyte/source-faker:6.2.0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// The hosts it talks to by its maker's word; `${host}` stands for what its configuration names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed_hosts: Vec<String>,
    /// Streams its maker advises to take.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suggested_streams: Vec<String>,
}

impl RegistryBlock {
    /// The same, with what it does not say taken from another.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let list = |mine: Vec<String>, theirs: Vec<String>| if mine.is_empty() { theirs } else { mine };
        Self {
            package: self.package.or(other.package),
            image: self.image.or(other.image),
            allowed_hosts: list(self.allowed_hosts, other.allowed_hosts),
            suggested_streams: list(self.suggested_streams, other.suggested_streams),
        }
    }
}

impl Connector {
    /// How the operator gets a loader for this destination: the end of a sentence that begins with "The operator can". `None`: there is none
    /// for it.
    pub fn how_to_load(&self) -> Option<String> {
        let row = shipped_packages().ok()?.of_connector(self.file.kind, &self.file.slug)?;
        let is_loader = matches!(row.way, PackageWay::Loader { .. });
        is_loader.then(|| format!("install the loader dlt for it with `vestibule connectors install {}`", row.name))
    }

    /// How the operator gets a program that asks and reads this connector's systems: the end of a sentence that begins with "The operator can".
    pub fn how_to_install(&self) -> String {
        let (kind, slug) = (self.file.kind.as_str(), &self.file.slug);
        let registry = self.file.registry.clone().unwrap_or_default();
        let add = |by: &str| format!("`vestibule connectors import {by} --kind {kind} --slug {slug} --force`");
        let add_image = |image: &str| {
            let add = add(&format!("--image {image}"));
            format!("add its container image with {add} (VESTIBULE_CONTAINER_ENGINE must be set)")
        };
        // What an imported registry names counts more than the table of this version, which may be older.
        let known = shipped_packages().ok().and_then(|table| Some((table, table.of_connector(self.file.kind, slug)?)));
        let known = known.filter(|(_, row)| match (&registry.package, &row.way) {
            (Some(package), PackageWay::Python(own)) => own.package == *package,
            (Some(_), PackageWay::Manifest { .. } | PackageWay::Image(_) | PackageWay::Loader { .. }) => false,
            (None, _) => registry.image.is_none(),
        });
        match (known, &registry.package, &registry.image) {
            (Some((_, InstallablePackage { way: PackageWay::Image(image), .. })), ..) => add_image(image),
            (Some((table, row)), ..) => {
                let name = if table.find(slug) == Ok(row) { slug } else { &row.name };
                format!("install it with `vestibule connectors install {name}`")
            }
            (None, Some(package), _) => {
                let program = package.strip_prefix("airbyte-").unwrap_or(package);
                format!("install the Python package {package} and add it with {}", add(&format!("--exec {program}")))
            }
            (None, None, Some(image)) => add_image(image),
            (None, None, None) => format!("install an Airbyte {kind} for it and add it with {}", add("--exec PROGRAM")),
        }
    }
}
