use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};

use crate::connectors::ConnectorFile;

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
    std::fs::write(&unfinished, text).with_context(|| format!("cannot write {}", unfinished.display()))?;
    std::fs::rename(&unfinished, &path).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}
