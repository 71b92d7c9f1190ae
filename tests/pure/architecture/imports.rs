//! Who may name whom.

use std::collections::{BTreeMap, BTreeSet};

use super::files::{File, none, part, product, read, tests};
use super::paths::{module_of, named};
use crate::support::scanner::words;

/// What a product file names of this crate, with where it does.
fn paths(file: &File) -> Vec<(String, String)> {
    named(&file.path, &file.scan.product()).into_iter().map(|(at, path)| (file.at(at), path)).collect()
}

fn offenders<'a>(
    files: impl IntoIterator<Item = &'a File>,
    may: impl Fn(&File) -> bool,
    wrong: impl Fn(&File, &str) -> bool,
) -> Vec<String> {
    let watched = files.into_iter().filter(|file| !may(file));
    watched
        .flat_map(|file| {
            paths(file).into_iter().filter(|(_, path)| wrong(file, path)).map(|(at, path)| format!("{at} names {path}"))
        })
        .collect()
}

#[test]
fn only_stores_and_the_database_itself_name_tables() {
    let wrong = offenders(
        product(),
        |file| file.is_store() || file.part() == "platform::db",
        |_, path| path.starts_with("platform::db::schema"),
    );
    none("only store.rs and db/ name db::schema", wrong);
}

#[test]
fn one_table_belongs_to_one_store() {
    let mut owners: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in product() {
        for (_, path) in paths(file) {
            let rest = path.strip_prefix("platform::db::schema::").unwrap_or_default();
            let table = rest.split("::").next().unwrap_or_default();
            if !table.is_empty() {
                owners.entry(table.to_owned()).or_default().insert(file.part());
            }
        }
    }
    let schema = read("src/platform/db/schema.rs");
    let tables: BTreeSet<String> = schema
        .split("diesel::table! {")
        .skip(1)
        .filter_map(|text| text.trim().split_once(' '))
        .map(|(name, _)| name.to_owned())
        .collect();
    assert!(tables.len() >= 10, "the tables are read from schema.rs: {tables:?}");
    assert_eq!(owners.keys().cloned().collect::<BTreeSet<_>>(), tables, "every table has an owner");
    let shared = owners
        .iter()
        .filter(|(_, owners)| owners.len() > 1)
        .map(|(table, owners)| format!("{table}: {owners:?}"))
        .collect();
    none("one table belongs to one feature", shared);
}

#[test]
fn nouns_and_queries_know_nothing_of_the_web() {
    let files = product().iter().filter(|file| {
        (file.name() == "mod.rs" || file.is_store()) && file.room() != "server" && file.part() != "platform::web"
    });
    let mut wrong = offenders(files.clone(), |_| false, |_, path| path.starts_with("platform::web::"));
    for file in files {
        let code = file.scan.product();
        for word in ["actix", "actix_web", "askama"] {
            wrong.extend(words(&code, word).into_iter().map(|at| format!("{} names {word}", file.at(at))));
        }
    }
    none("mod.rs and store.rs name neither actix, askama nor web", wrong);
}

/// Rooms that everybody above may use whole; in all others each part has a face.
const OPEN: [&str; 2] = ["base", "platform"];

#[test]
fn features_meet_at_their_faces() {
    let modules: BTreeMap<Vec<String>, &File> = product().iter().map(|file| (module_of(&file.path), file)).collect();
    // What is private the compiler keeps: a path that ends in its name means something of the same name that is given out.
    let is_open = |parent: &[String], name: &str| {
        let parent = modules.get(parent).map(|file| file.scan.product()).unwrap_or_default();
        words(&parent, name).into_iter().any(|at| {
            let before = parent[..at].trim_end();
            before.ends_with("pub mod") || before.ends_with("pub(crate) mod")
        })
    };
    let is_inner = |path: &str| {
        let parts: Vec<String> = path.split("::").map(str::to_owned).collect();
        // A nested folder has a face of its own, and guards are made to be used from outside.
        (2..=parts.len()).any(|length| {
            let module = modules.get(&parts[..length]);
            let inner = module.is_some_and(|file| file.name() != "mod.rs" && file.name() != "guard.rs");
            inner && (length < parts.len() || is_open(&parts[..length - 1], &parts[length - 1]))
        })
    };
    let foreign = |file: &File, path: &str| {
        let whole = path.split("::").next().is_some_and(|room| OPEN.contains(&room));
        // Within a room files know each other; among features each noun has its face.
        let at_home = if file.room() == "features" { part(path) == file.part() } else { path.starts_with(file.room()) };
        !whole && !at_home
    };
    // The route table names handlers; that is what it is for.
    let wrong = offenders(product(), is_route_table, |file, path| foreign(file, path) && is_inner(path));
    none("a feature uses another one only through what its mod.rs gives out", wrong);
}

fn is_route_table(file: &File) -> bool {
    file.path.starts_with("src/server/routes/")
}

/// The functions that the route table names: `accounts::sign_in_pages::show`.
fn handlers() -> BTreeSet<String> {
    let files = product();
    let is_function = |path: &str| {
        let (module, name) = path.rsplit_once("::").unwrap_or_default();
        let file = files.iter().find(|file| module_of(&file.path).join("::") == module);
        file.is_some_and(|file| file.scan.functions().iter().any(|function| function.name == name))
    };
    files
        .iter()
        .filter(|file| is_route_table(file))
        .flat_map(paths)
        .map(|(_, path)| path)
        .filter(|path| is_function(path))
        .filter(|path| !path.starts_with("platform::web::page::") && !path.starts_with("server::routes::"))
        .collect()
}

#[test]
fn only_the_route_table_names_handlers() {
    let handlers = handlers();
    assert!(handlers.len() >= 40, "the handlers are read from the route table: {handlers:?}");
    let wrong = offenders(product(), is_route_table, |_, path| handlers.contains(path));
    none("only server/routes/ names handlers", wrong);
}

#[test]
fn every_handler_of_a_page_has_a_route() {
    let handlers = handlers();
    let mut wrong = Vec::new();
    for file in product().iter().filter(|file| file.name().ends_with("pages.rs") || file.name() == "api.rs") {
        let code = file.scan.product();
        for function in file.scan.functions() {
            let is_handler = code[..function.span.start].trim_end().ends_with("pub async");
            let path = format!("{}::{}", module_of(&file.path).join("::"), function.name);
            if is_handler && !handlers.contains(&path) {
                wrong.push(format!("{} {path}", file.at(function.span.start)));
            }
        }
    }
    none("a public function of a page that has no route", wrong);
}

#[test]
fn every_file_is_part_of_a_program() {
    let mut wrong = Vec::new();
    let programs = [
        ("src", "src/lib.rs"),
        ("tests/it", "tests/it/main.rs"),
        ("tests/pure", "tests/pure/main.rs"),
        ("tests/support", "tests/support/mod.rs"),
    ];
    for (folder, root) in programs {
        let files = if folder == "src" { product() } else { tests() };
        for file in files.iter().filter(|file| file.path.starts_with(folder)) {
            let inner = file.path.trim_end_matches(".rs").trim_end_matches("/mod");
            let (parent, name) = inner.rsplit_once('/').unwrap_or_default();
            if ["lib", "main"].contains(&name) || file.path == root {
                continue;
            }
            let candidates = if parent == folder {
                vec![root.to_owned()]
            } else {
                vec![format!("{parent}/mod.rs"), format!("{parent}.rs")]
            };
            let declared = files.iter().filter(|other| candidates.contains(&other.path)).any(|other| {
                words(&other.scan.code, name).into_iter().any(|at| other.scan.code[..at].trim_end().ends_with("mod"))
            });
            if !declared {
                wrong.push(file.path.clone());
            }
        }
    }
    none("no `mod` line names this file, so nothing compiles it", wrong);
}

#[test]
fn a_breach_is_seen() {
    let file = File::new(
        "src/platform/activity/store.rs",
        "use crate::platform::db::{Conn, schema::jobs}; fn a(c: &mut Conn) { crate::platform::jobs::store::due(c) }",
    );
    let found = offenders(
        [&file],
        |_| false,
        |_, path| path.starts_with("platform::db::schema") || path.starts_with("platform::jobs::store"),
    );
    assert_eq!(
        found,
        [
            "src/platform/activity/store.rs:1 names platform::db::schema::jobs",
            "src/platform/activity/store.rs:1 names platform::jobs::store::due"
        ]
    );
}
