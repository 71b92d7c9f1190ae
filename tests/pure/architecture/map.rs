//! The map of `src/` in the README: whole, and of nothing that is not there.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::files::{none, read};

/// The names in the first column of the map's table, as they are written: `web/`, `app.rs`, `oauth/wire/`.
fn listed(readme: &str) -> Vec<String> {
    let section = readme.split("## The map of `src/`").nth(1).unwrap_or_default();
    let table = section.split("\n## ").next().unwrap_or_default();
    let rows = table.lines().filter(|line| line.starts_with("| `"));
    rows.filter_map(|row| row.split('|').nth(1)).flat_map(quoted).collect()
}

fn quoted(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// What lies in a folder, folders with `/` behind their name.
fn lies_in(folder: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).unwrap();
    let name = |entry: fs::DirEntry| {
        let end = if entry.file_type().unwrap().is_dir() { "/" } else { "" };
        format!("{}{end}", entry.file_name().to_string_lossy())
    };
    entries.map(|entry| name(entry.unwrap())).collect()
}

/// What the map does not say, and what it says twice or wrongly.
fn problems(listed: &[String], lies_in: impl Fn(&str) -> BTreeSet<String>) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut folders: BTreeSet<String> = ["src".to_owned()].into();
    for name in listed {
        if listed.iter().filter(|other| *other == name).count() > 1 {
            wrong.push(format!("{name} is named twice"));
        }
        if let Some((parent, _)) = name.trim_end_matches('/').rsplit_once('/') {
            folders.insert(format!("src/{parent}"));
        }
    }
    for folder in folders {
        let prefix = folder.strip_prefix("src").unwrap_or_default().trim_start_matches('/');
        let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
        let is_child = |name: &&String| {
            name.strip_prefix(&prefix).is_some_and(|rest| !rest.is_empty() && !rest.trim_end_matches('/').contains('/'))
        };
        let named: BTreeSet<String> = listed.iter().filter(is_child).cloned().collect();
        // Of an inner folder the map names the folders, and only when it names one of them.
        let there = lies_in(&folder).into_iter().filter(|name| prefix.is_empty() || name.ends_with('/'));
        let there: BTreeSet<String> = there.map(|name| format!("{prefix}{name}")).collect();
        wrong.extend(there.difference(&named).map(|name| format!("src/{name} is not on the map")));
        wrong.extend(named.difference(&there).map(|name| format!("{name} is on the map and not in src/")));
    }
    wrong
}

#[test]
fn the_map_of_the_readme_is_whole_and_true() {
    let listed = listed(&read("README.md"));
    assert!(listed.len() > 30, "the map is read from the README: {listed:?}");
    none("the README's map of src/", problems(&listed, lies_in));
}

#[test]
fn paths_that_the_readme_names_are_there() {
    let readme = read("README.md");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let ours =
        |name: &String| ["src/", "tests/", "static/", "templates/"].iter().any(|folder| name.starts_with(folder));
    let named: Vec<String> = readme.lines().flat_map(quoted).filter(ours).collect();
    assert!(!named.is_empty());
    none(
        "paths in the README",
        named.into_iter().filter(|name| !root.join(name.split(' ').next().unwrap_or_default()).exists()).collect(),
    );
}

#[test]
fn a_hole_in_the_map_is_seen() {
    let listed = ["app.rs", "web/", "oauth/wire/", "gone/", "web/"].map(str::to_owned);
    let there = |folder: &str| -> BTreeSet<String> {
        let names: &[&str] =
            if folder == "src" { &["app.rs", "web/", "oauth/"] } else { &["mod.rs", "wire/", "apps/"] };
        names.iter().map(|name| (*name).to_owned()).collect()
    };
    let mut found = problems(&listed, there);
    found.dedup();
    assert_eq!(
        found,
        [
            "web/ is named twice",
            "src/oauth/ is not on the map",
            "gone/ is on the map and not in src/",
            "src/oauth/apps/ is not on the map"
        ]
    );
}
