//! The rooms of the house one above the other, and the nouns among the features: whoever stands higher may name what stands lower,
//! never the other way round.

use std::collections::{BTreeMap, BTreeSet};

use super::files::{File, none, product, read};
use super::paths::{exported, module_of, named};

/// The rooms, the ground first. `src/lib.rs` lists them in the same order.
const ROOMS: [&str; 9] =
    ["base", "schema", "connectors", "engines", "platform", "features", "console", "server", "cli"];

/// The nouns among the features in their order.
const FEATURES: [&str; 14] = [
    "accounts",
    "idempotency",
    "catalogue",
    "connections",
    "installs",
    "webhooks",
    "oauth",
    "streams",
    "outputs",
    "extraction_engine",
    "work",
    "recipient",
    "setup_links",
    "invite_links",
];

/// How high a module stands: its room, then its place among the features.
fn height(module: &[String]) -> Option<(usize, usize)> {
    let place = |list: &[&str], name: Option<&String>| list.iter().position(|one| name.is_some_and(|name| name == one));
    let room = place(&ROOMS, module.first())?;
    let noun = if ROOMS[room] == "features" { place(&FEATURES, module.get(1)) } else { None };
    Some((room, noun.unwrap_or_default()))
}

/// What stands lower and names something that stands higher.
fn upward(files: &[File]) -> Vec<String> {
    let mut wrong = Vec::new();
    for file in files {
        let Some(own) = height(&module_of(&file.path)) else { continue };
        for (at, path) in named(&file.path, &file.scan.product()) {
            let parts: Vec<String> = path.split("::").map(str::to_owned).collect();
            if height(&parts).is_some_and(|height| height > own) {
                wrong.push(format!("{} names {path}", file.at(at)));
            }
        }
    }
    wrong
}

#[test]
fn imports_go_down_only() {
    none("a lower room names a higher one", upward(product()));
}

#[test]
fn the_lists_are_the_house() {
    let there = |folder: &str| -> BTreeSet<String> {
        let inside = product().iter().filter_map(|file| file.path.strip_prefix(folder));
        inside.filter_map(|rest| rest.split_once('/')).map(|(name, _)| name.to_owned()).collect()
    };
    let listed = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(listed(&ROOMS), there("src/"), "the rooms");
    assert_eq!(listed(&FEATURES), there("src/features/"), "the features");
    let library = read("src/lib.rs");
    let order: Vec<&str> = library
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod "))
        .map(|line| line.trim_end_matches(';'))
        .collect();
    assert_eq!(order, ROOMS, "src/lib.rs lists the rooms in their order");
}

/// Which file names which. A face (`pub use` in a `mod.rs`) only hands names on: whoever takes one there names the file behind it.
fn arrows(files: &[File]) -> BTreeMap<&str, BTreeSet<&str>> {
    let modules: BTreeMap<String, &str> =
        files.iter().map(|file| (module_of(&file.path).join("::"), file.path.as_str())).collect();
    let faces: BTreeMap<String, String> = files
        .iter()
        .flat_map(|file| exported(&file.path, &file.scan.product()))
        .filter(|(name, _)| !modules.contains_key(name))
        .collect();
    let behind = |path: &str| {
        let parts: Vec<&str> = path.split("::").collect();
        let heads = (1..=parts.len()).rev().map(|length| (parts[..length].join("::"), &parts[length..]));
        heads
            .into_iter()
            .find_map(|(head, rest)| faces.get(&head).map(|target| [&[target.as_str()], rest].concat().join("::")))
    };
    let mut found: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for file in files {
        let code = file.scan.product();
        let handed_on: BTreeSet<String> = exported(&file.path, &code).into_iter().map(|(_, path)| path).collect();
        for (_, path) in named(&file.path, &code).into_iter().filter(|(_, path)| !handed_on.contains(path)) {
            let mut path = path;
            for _ in 0..8 {
                let Some(next) = behind(&path) else { break };
                path = next;
            }
            let parts: Vec<&str> = path.split("::").collect();
            let target = (1..=parts.len()).rev().find_map(|length| modules.get(&parts[..length].join("::")));
            // What lies in a folder may name the nouns of the folder's own `mod.rs`.
            let is_own_face =
                |target: &str| target.strip_suffix("mod.rs").is_some_and(|folder| file.path.starts_with(folder));
            if let Some(target) = target.filter(|target| **target != file.path && !is_own_face(target)) {
                found.entry(&file.path).or_default().insert(target);
            }
        }
    }
    found
}

/// What lies on a circle: from each of these a way leads back to itself.
fn circles<'a>(arrows: &BTreeMap<&'a str, BTreeSet<&'a str>>) -> Vec<String> {
    let reached = |from: &'a str| {
        let (mut seen, mut next): (BTreeSet<&str>, Vec<&str>) = (BTreeSet::new(), vec![from]);
        while let Some(at) = next.pop() {
            next.extend(arrows.get(at).into_iter().flatten().filter(|to| seen.insert(**to)));
        }
        seen
    };
    let reach: BTreeMap<&str, BTreeSet<&str>> = arrows.keys().map(|from| (*from, reached(from))).collect();
    let mut found = BTreeSet::new();
    for (from, to) in &reach {
        let back = |other: &&&str| reach.get(**other).is_some_and(|reached| reached.contains(from));
        let circle: Vec<&str> = to.iter().filter(back).copied().collect();
        if circle.len() > 1 {
            found.insert(circle.join(" <-> "));
        }
    }
    found.into_iter().collect()
}

#[test]
fn files_name_each_other_in_one_direction() {
    none("files that name each other in a circle", circles(&arrows(product())));
}

#[test]
fn folders_name_each_other_in_one_direction() {
    let mut folders: BTreeSet<&str> = BTreeSet::new();
    for file in product() {
        folders.extend(file.path.match_indices('/').map(|(at, _)| &file.path[..at]));
    }
    let arrows = arrows(product());
    let mut wrong = Vec::new();
    for parent in &folders {
        let child = |path: &'static str| -> Option<&'static str> {
            let rest = path.strip_prefix(parent)?.strip_prefix('/')?;
            rest.find('/').map(|length| &path[..parent.len() + 1 + length])
        };
        let mut among: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (from, to) in arrows.iter().flat_map(|(from, to)| to.iter().map(move |to| (*from, *to))) {
            if let (Some(from), Some(to)) = (child(from), child(to))
                && from != to
            {
                among.entry(from).or_default().insert(to);
            }
        }
        wrong.extend(circles(&among));
    }
    none("folders that name each other in a circle", wrong);
}

#[test]
fn a_breach_of_the_house_is_seen() {
    let low = File::new("src/base/ids.rs", "use crate::platform::db::Conn;");
    let early = File::new("src/features/accounts/store.rs", "use crate::features::webhooks::Event;");
    let fine = File::new("src/features/webhooks/store.rs", "use crate::features::accounts::Member;");
    assert_eq!(
        upward(&[low, early, fine]),
        [
            "src/base/ids.rs:1 names platform::db::Conn",
            "src/features/accounts/store.rs:1 names features::webhooks::Event"
        ]
    );
    let face = File::new("src/base/a/mod.rs", "mod b; mod c; pub use b::B; pub use c::C;");
    let one = File::new("src/base/a/b.rs", "use super::C; pub struct B;");
    let other = File::new("src/base/a/c.rs", "use crate::base::a::B; pub struct C;");
    assert_eq!(circles(&arrows(&[face, one, other])), ["src/base/a/b.rs <-> src/base/a/c.rs"]);
}
