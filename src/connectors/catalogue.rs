//! All connectors: those that are built in, over them those that were installed, and over these those of the operator's folder.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex, PoisonError, RwLock};
use std::time::Duration;

use include_dir::{Dir, include_dir};

use super::folder::{FileFault, Folder, FolderEvent};
use super::{Connector, ConnectorFile, Kind};

static BUILT_IN: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/src/connectors/catalogue");

type ByName = BTreeMap<(Kind, String), Arc<Connector>>;

/// All connectors of this installation, as they are now. Clones share them: what [`Connectors::look`] takes in, all of them have. Whoever
/// has found a connector keeps the version that was found.
#[derive(Debug, Clone)]
pub struct Connectors {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    now: RwLock<Arc<Snapshot>>,
    /// The folder of what was installed, then the operator's.
    folders: Mutex<Vec<Folder>>,
}

/// The catalogue of a moment.
#[derive(Debug)]
struct Snapshot {
    by_name: ByName,
    faults: Vec<FileFault>,
}

impl Connectors {
    /// The built-in connectors, and those of the operator's folder. A file there that cannot be used is left out, and is among the
    /// [`Connectors::faults`].
    ///
    /// # Errors
    /// The folder cannot be listed.
    pub fn load(dir: Option<&Path>) -> anyhow::Result<Self> {
        Self::load_with(None, dir)
    }

    /// The same with the folder of what was installed, which may not be there yet. A file of the operator's folder counts more than one
    /// there.
    ///
    /// # Errors
    /// A folder cannot be listed.
    pub fn load_with(installed: Option<&Path>, dir: Option<&Path>) -> anyhow::Result<Self> {
        let mut folders: Vec<Folder> =
            installed.map(Folder::that_may_be_missing).into_iter().chain(dir.map(Folder::new)).collect();
        for folder in &mut folders {
            folder.begin(Duration::ZERO)?;
        }
        let now = RwLock::new(Arc::new(Snapshot::of(&folders)?));
        Ok(Self { shared: Arc::new(Shared { now, folders: Mutex::new(folders) }) })
    }

    /// Looks into the folders and takes in what has changed; `now` is how long this process lives. It reads files.
    pub fn look(&self, now: Duration) -> Vec<FolderEvent> {
        let mut folders = self.shared.folders.lock().unwrap_or_else(PoisonError::into_inner);
        let events = folders.iter_mut().flat_map(|folder| folder.look(now)).collect();
        // Only a built-in file can make it fail, and those were read at the start.
        if let Ok(snapshot) = Snapshot::of(&folders) {
            *self.shared.now.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(snapshot);
        }
        events
    }

    fn now(&self) -> Arc<Snapshot> {
        Arc::clone(&self.shared.now.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// What of the folders cannot be used.
    pub fn faults(&self) -> Vec<FileFault> {
        self.now().faults.clone()
    }

    /// The connector of that kind and slug.
    pub fn find(&self, kind: Kind, slug: &str) -> Option<Arc<Connector>> {
        self.now().by_name.get(&(kind, slug.to_owned())).cloned()
    }

    /// All of them, sources first, by slug.
    pub fn all(&self) -> Vec<Arc<Connector>> {
        self.now().by_name.values().cloned().collect()
    }

    /// Those of a kind whose name, slug, category or summary has every word of `query`; by name.
    pub fn search(&self, kind: Kind, query: &str) -> Vec<Arc<Connector>> {
        let words: Vec<String> = query.split_whitespace().map(str::to_lowercase).collect();
        let mut found = self.all();
        found.retain(|connector| {
            let file = &connector.file;
            let text = format!("{} {} {} {}", file.name, file.slug, file.category, file.summary).to_lowercase();
            file.kind == kind && words.iter().all(|word| text.contains(word))
        });
        found.sort_by_key(|connector| connector.file.name.to_lowercase());
        found
    }
}

impl Snapshot {
    fn of(folders: &[Folder]) -> anyhow::Result<Self> {
        let mut by_name = built_in()?.clone();
        for connector in folders.iter().flat_map(Folder::connectors) {
            by_name.insert((connector.file.kind, connector.file.slug.clone()), Arc::clone(connector));
        }
        Ok(Self { by_name, faults: folders.iter().flat_map(Folder::faults).collect() })
    }
}

/// The built-in connectors: the same for the whole life of a process.
fn built_in() -> anyhow::Result<&'static ByName> {
    static READ: LazyLock<Result<ByName, String>> = LazyLock::new(|| {
        let mut by_name = ByName::new();
        for file in BUILT_IN.dirs().flat_map(Dir::files) {
            let connector = ConnectorFile::read_connector(file.contents(), false)
                .map_err(|problem| format!("built-in connector {}: {}", file.path().display(), problem.reason))?;
            by_name.insert((connector.file.kind, connector.file.slug.clone()), connector);
        }
        Ok(by_name)
    });
    READ.as_ref().map_err(|error| anyhow::anyhow!("{error}"))
}
