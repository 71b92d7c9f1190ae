use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use include_dir::{Dir, include_dir};

use super::{Connector, ConnectorFile, Kind};

static BUILT_IN: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/src/connectors/catalogue");

/// All connectors of this installation.
#[derive(Debug, Clone)]
pub struct Connectors {
    by_name: Arc<BTreeMap<(Kind, String), Arc<Connector>>>,
}

impl Connectors {
    /// The built-in connectors, and those of the operator's folder.
    ///
    /// # Errors
    /// A file cannot be read, is no connector file, or has a spec that cannot be used; the file is named.
    pub fn load(dir: Option<&Path>) -> anyhow::Result<Self> {
        let mut by_name = BTreeMap::new();
        for file in BUILT_IN.dirs().flat_map(Dir::files) {
            let path = file.path().display().to_string();
            add(&mut by_name, file.contents(), false).with_context(|| format!("built-in connector {path}"))?;
        }
        for path in dir.map(json_files).transpose()?.unwrap_or_default() {
            let bytes = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            add(&mut by_name, &bytes, true).with_context(|| format!("connector file {}", path.display()))?;
        }
        Ok(Self { by_name: Arc::new(by_name) })
    }

    /// The connector of that kind and slug.
    pub fn find(&self, kind: Kind, slug: &str) -> Option<&Arc<Connector>> {
        self.by_name.get(&(kind, slug.to_owned()))
    }

    /// All of them, sources first, by slug.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Connector>> {
        self.by_name.values()
    }

    /// Those of a kind whose name, slug, category or summary has every word of `query`; by name.
    pub fn search(&self, kind: Kind, query: &str) -> Vec<&Arc<Connector>> {
        let words: Vec<String> = query.split_whitespace().map(str::to_lowercase).collect();
        let mut found: Vec<&Arc<Connector>> = self.all().filter(|connector| connector.file.kind == kind).collect();
        found.retain(|connector| {
            let file = &connector.file;
            let text = format!("{} {} {} {}", file.name, file.slug, file.category, file.summary).to_lowercase();
            words.iter().all(|word| text.contains(word))
        });
        found.sort_by_key(|connector| connector.file.name.to_lowercase());
        found
    }
}

fn add(by_name: &mut BTreeMap<(Kind, String), Arc<Connector>>, bytes: &[u8], is_custom: bool) -> anyhow::Result<()> {
    let file = ConnectorFile::parse(bytes)?;
    let problems = file.problems();
    if !problems.is_empty() {
        bail!("{}", problems.join("; "));
    }
    by_name.insert((file.kind, file.slug.clone()), Connector::new(file, is_custom)?);
    Ok(())
}

/// Every `.json` file of a folder, by name.
pub(super) fn json_files(dir: &Path) -> anyhow::Result<Vec<std::path::PathBuf>> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(dir).with_context(|| format!("cannot list {}", dir.display()))? {
        let path = entry?.path();
        if path.is_file() && path.extension().is_some_and(|ending| ending == "json") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}
