//! Specifications of other makers, taken as they come: a connector's `spec` message, the `spec` block of a manifest, a bare JSON
//! Schema, a whole registry, and connector files of our own. What a document does not say (slug, name, kind) is read from its name.
//!
//! Invariants: nothing in a document, however broken, ends the reading of the others; what cannot be used is told with its place.

mod additive;
mod document;
mod installing;
mod metadata;
mod names;
mod read;
mod references;
mod sign_in;

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use serde_json::Value;

use super::{Connector, ConnectorFile, Kind, RegistryBlock, RuntimeBlock};
use crate::schema::spec::SpecNote;

pub use additive::{Addition, onto};
pub use installing::{installed_onto, own_code};
pub use read::{read_path, read_program};

/// A specification that was found, with what its document says about it.
#[derive(Debug, Clone)]
pub struct FoundSpec {
    /// Where: the file, and the entry when the file holds several.
    pub origin: String,
    /// Source or destination, when the document says so.
    pub kind: Option<Kind>,
    /// The short name, possibly empty.
    pub slug: String,
    /// The name for people, possibly empty.
    pub name: String,
    /// The provider's documentation, possibly empty.
    pub documentation_url: String,
    /// The configuration as JSON Schema.
    pub schema: Value,
    /// How the connector's maker describes the sign-in, as it came.
    pub advanced_auth: Option<Value>,
    /// How it is run, when that is known.
    pub runtime: Option<RuntimeBlock>,
    /// The group it belongs to, when the document says it.
    pub category: Option<&'static str>,
    /// What connecting it gives, possibly empty.
    pub summary: String,
    /// What a registry says of it.
    pub registry: Option<RegistryBlock>,
    /// The whole file, when it was one of ours.
    pub own: Option<Box<ConnectorFile>>,
}

/// Something that was looked at and holds no specification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Where.
    pub origin: String,
    /// Why, in words.
    pub reason: String,
}

/// What the operator says about a specification; it counts more than what the document says.
#[derive(Debug, Clone, Default)]
pub struct ImportHints {
    /// Source or destination.
    pub kind: Option<Kind>,
    /// The short name.
    pub slug: Option<String>,
    /// The name for people.
    pub name: Option<String>,
}

/// A connector file made of a specification, and what its form will not carry.
#[derive(Debug, Clone)]
pub struct Imported {
    /// The file.
    pub file: ConnectorFile,
    /// What the form cannot carry.
    pub notes: Vec<SpecNote>,
    /// What was not understood of signing in with the provider; credentials are pasted then.
    pub sign_in_notes: Vec<String>,
}

impl FoundSpec {
    /// Makes a connector file of it.
    ///
    /// # Errors
    /// Says what is missing or wrong: no kind, no usable slug, a schema that cannot be a form.
    pub fn into_file(self, wish: &ImportHints) -> Result<Imported, String> {
        let auth = self.advanced_auth.clone();
        let mut file = match self.own.clone() {
            Some(own) => *own,
            None => self.new_file(wish)?,
        };
        file.kind = wish.kind.unwrap_or(file.kind);
        file.slug = wish.slug.clone().unwrap_or(file.slug);
        file.name = wish.name.clone().unwrap_or(file.name);
        let problems = file.problems();
        if !problems.is_empty() {
            return Err(problems.join("; "));
        }
        let sign_in_notes = auth.map(|auth| sign_in::add(&mut file, &auth)).unwrap_or_default();
        let connector = Connector::new(file.clone(), true).map_err(|error| format!("{error:#}"))?;
        Ok(Imported { file, notes: connector.spec.notes().to_vec(), sign_in_notes })
    }

    fn new_file(self, wish: &ImportHints) -> Result<ConnectorFile, String> {
        let kind =
            wish.kind.or(self.kind).ok_or("it does not say whether it is a source or a destination: add --kind")?;
        let slug = wish.slug.clone().unwrap_or(self.slug);
        if slug.is_empty() {
            return Err("it has no name to call it by: add --slug".to_owned());
        }
        let name = wish.name.clone().filter(|name| !name.is_empty());
        let name = name.unwrap_or(if self.name.is_empty() { names::in_words(&slug) } else { self.name });
        let documentation_url =
            Some(self.documentation_url).filter(|url| url.starts_with("https://")).unwrap_or_default();
        Ok(ConnectorFile {
            mark: names::mark(&name),
            category: self.category.unwrap_or("Other").to_owned(),
            summary: self.summary,
            system: String::new(),
            guide: String::new(),
            documentation_url,
            spec: self.schema,
            oauth: None,
            runtime: self.runtime,
            streams: Vec::new(),
            registry: self.registry,
            mapping: None,
            installed: None,
            slug,
            name,
            kind,
        })
    }
}

/// Writes a connector file into a folder, whole or not at all; gives its path. An existing one stays unless `replace` is set.
///
/// # Errors
/// There is one already, or the folder cannot be written.
pub fn write_file(file: &ConnectorFile, dir: &Path, replace: bool) -> anyhow::Result<PathBuf> {
    let name = format!("{}-{}.json", file.kind.as_str(), file.slug);
    let path = dir.join(&name);
    ensure!(replace || !path.exists(), "{} exists already; --force replaces it", path.display());
    let mut text = serde_json::to_vec_pretty(file).context("writing JSON")?;
    text.push(b'\n');
    // A server that starts meanwhile never sees half a file: the name it looks for appears when all is written.
    let unfinished = dir.join(format!(".{name}.part"));
    let written = std::fs::write(&unfinished, text).and_then(|()| {
        // It holds no secret, and the operator who imports may be another account than the server runs as.
        std::fs::set_permissions(&unfinished, std::fs::Permissions::from_mode(0o644))
    });
    written.with_context(|| format!("cannot write {}", unfinished.display()))?;
    std::fs::rename(&unfinished, &path).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}
