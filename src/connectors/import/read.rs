//! Files and folders.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::document::specs_in;
use super::{FoundSpec, Unreadable};
use crate::connectors::RuntimeBlock;

/// Folders inside folders that are looked into.
const DEEPEST: usize = 8;

/// The specification a program gave when it was asked for it; `program` is its name, by which the connector is called.
pub fn read_program(spec: Value, program: &str, runtime: &RuntimeBlock) -> Vec<Result<FoundSpec, Unreadable>> {
    let found = specs_in(&spec, Path::new(program));
    let run = |spec: FoundSpec| FoundSpec { origin: program.to_owned(), runtime: Some(runtime.clone()), ..spec };
    found.into_iter().map(|one| one.map(run)).collect()
}

/// Every specification of a file, or of all `.json`, `.yaml` and `.yml` files of a folder and its folders, by name.
pub fn read_path(path: &Path) -> Vec<Result<FoundSpec, Unreadable>> {
    if !path.is_dir() {
        return read_file(path);
    }
    let mut files = Vec::new();
    if let Err(unreadable) = list(path, 0, &mut files) {
        return vec![Err(unreadable)];
    }
    if files.is_empty() {
        return vec![Err(refuse(path, "there is no .json or .yaml file in this folder"))];
    }
    files.iter().flat_map(|file| read_file(file)).collect()
}

fn refuse(path: &Path, reason: impl std::fmt::Display) -> Unreadable {
    Unreadable { origin: path.display().to_string(), reason: reason.to_string() }
}

fn list(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), Unreadable> {
    let entries = std::fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let mut paths: Vec<PathBuf> =
        entries.map_err(|error| refuse(folder, error))?.iter().map(std::fs::DirEntry::path).collect();
    paths.sort();
    for path in paths {
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
        if hidden {
            continue;
        }
        // A link to a folder could lead back here.
        if path.is_dir() && !path.is_symlink() && depth < DEEPEST {
            list(&path, depth + 1, files)?;
        } else if path.is_file() && ["json", "yaml", "yml"].contains(&ending.as_str()) {
            files.push(path);
        }
    }
    Ok(())
}

fn read_file(path: &Path) -> Vec<Result<FoundSpec, Unreadable>> {
    let text = match std::fs::read(path) {
        Ok(bytes) => String::from_utf8(bytes).map_err(|_| "it is no text (UTF-8)".to_owned()),
        Err(error) => Err(format!("it cannot be read: {error}")),
    };
    match text.and_then(|text| parse(&text, path)) {
        Ok(document) => specs_in(&document, path),
        Err(reason) => vec![Err(refuse(path, reason))],
    }
}

fn parse(text: &str, path: &Path) -> Result<Value, String> {
    let text = text.trim_start_matches('\u{feff}');
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
    if ending == "yaml" || ending == "yml" {
        return serde_yaml_ng::from_str(text).map_err(|error| format!("it is no YAML: {error}"));
    }
    match serde_json::from_str(text) {
        Ok(document) => Ok(document),
        Err(error) => spec_line(text).ok_or_else(|| format!("it is no JSON: {error}")),
    }
}

/// What a connector prints when it is asked for its specification: log lines, and one line of type `SPEC`.
fn spec_line(text: &str) -> Option<Value> {
    let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.into_iter().find(|line| line.get("type").is_some_and(|kind| kind == "SPEC"))
}
