//! The files of the project, as the rules see them.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use super::paths::module_of;
use crate::support::scanner::Scan;

pub struct File {
    /// From the top of the project: `src/platform/web/urls.rs`.
    pub path: String,
    pub text: String,
    pub scan: Scan,
}

impl File {
    pub fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned(), scan: Scan::new(text) }
    }

    /// The last part of the path.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// Whether it holds queries: `store.rs`, or any file of a `store` folder.
    pub fn is_store(&self) -> bool {
        self.name() == "store.rs" || self.path.contains("/store/")
    }

    /// The room it stands in: `base`, `features`; `lib` and `main` for the two files at the top.
    pub fn room(&self) -> &str {
        let inner = self.path.strip_prefix("src/").and_then(|inner| inner.split('/').next());
        inner.unwrap_or_default().trim_end_matches(".rs")
    }

    /// What it is part of: `features::accounts`, `platform::db`; a file that stands in a room by itself is a part of its own.
    pub fn part(&self) -> String {
        part(&module_of(&self.path).join("::"))
    }

    pub fn at(&self, position: usize) -> String {
        format!("{}:{}", self.path, self.scan.line(position))
    }
}

/// The first two names of a path: its room, and the noun there.
pub fn part(path: &str) -> String {
    path.split("::").take(2).collect::<Vec<_>>().join("::")
}

/// Every Rust file of the product.
pub fn product() -> &'static [File] {
    static FILES: LazyLock<Vec<File>> = LazyLock::new(|| rust("src"));
    &FILES
}

/// Every Rust file of the tests.
pub fn tests() -> &'static [File] {
    static FILES: LazyLock<Vec<File>> = LazyLock::new(|| rust("tests"));
    &FILES
}

fn rust(folder: &str) -> Vec<File> {
    all(folder).into_iter().filter(|path| path.ends_with(".rs")).map(|path| File::new(&path, &read(&path))).collect()
}

pub fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path))
        .unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every file below a folder that belongs to the project.
pub fn all(folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for entry in fs::read_dir(root.join(folder)).unwrap_or_else(|error| panic!("{folder}: {error}")) {
        let entry = entry.unwrap();
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if folder == "." { name.clone() } else { format!("{folder}/{name}") };
        if entry.file_type().unwrap().is_dir() {
            let made_by_tools = ["target", "node_modules", ".git", "shots"].contains(&name.as_str()) || path == "data";
            if !made_by_tools {
                found.extend(all(&path));
            }
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Fails with every finding, one a line.
pub fn none(rule: &str, findings: Vec<String>) {
    assert!(findings.is_empty(), "{rule}:\n  {}", findings.join("\n  "));
}
