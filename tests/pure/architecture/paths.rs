//! Which module a file names: `use` trees flattened, `crate`, `super`, `self` and imported names resolved to whole paths.

use std::collections::BTreeMap;

use crate::support::scanner::{is_word, words};

/// The module a file is: `src/features/accounts/links/store.rs` is `features::accounts::links::store`.
pub fn module_of(file: &str) -> Vec<String> {
    let inner = file.strip_prefix("src/").unwrap_or(file).trim_end_matches(".rs");
    let mut parts: Vec<String> = inner.split('/').map(str::to_owned).collect();
    if parts.last().is_some_and(|last| ["mod", "lib", "main"].contains(&last.as_str())) {
        parts.pop();
    }
    parts
}

/// Every path of this crate that the code names, whole: `accounts::store::find_member`.
pub fn named(file: &str, code: &str) -> Vec<(usize, String)> {
    let module = module_of(file);
    let uses = uses(code);
    let mut known: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for child in words(code, "mod") {
        let name: String = code[child + 3..].trim_start().chars().take_while(|c| is_word(*c)).collect();
        known.insert(name.clone(), [module.clone(), vec![name]].concat());
    }
    let mut found = Vec::new();
    for used in &uses {
        if let Some(path) = resolve(&used.path, &module, &known) {
            known.insert(used.alias.clone(), path.clone());
            found.push((used.at, path));
        }
    }
    for (at, path) in inline(code, &uses) {
        if let Some(path) = resolve(&path, &module, &known) {
            found.push((at, path));
        }
    }
    found.into_iter().map(|(at, path)| (at, path.join("::"))).collect()
}

/// What a file hands on: the whole path by which others know it, and the path of what it is.
pub fn exported(file: &str, code: &str) -> Vec<(String, String)> {
    let module = module_of(file);
    let children = words(code, "mod").into_iter().map(|at| {
        let name: String = code[at + 3..].trim_start().chars().take_while(|c| is_word(*c)).collect();
        (name.clone(), [module.clone(), vec![name]].concat())
    });
    let known: BTreeMap<String, Vec<String>> = children.collect();
    let is_public = |used: &Use| {
        let before = code[..used.at].trim_end();
        before.ends_with("pub")
            || (before.ends_with(')') && before.rsplit('(').nth(1).is_some_and(|head| head.ends_with("pub")))
    };
    uses(code)
        .iter()
        .filter(|used| is_public(used))
        .filter_map(|used| {
            Some((
                [module.as_slice(), std::slice::from_ref(&used.alias)].concat(),
                resolve(&used.path, &module, &known)?,
            ))
        })
        .map(|(name, path)| (name.join("::"), path.join("::")))
        .collect()
}

fn resolve(path: &[String], module: &[String], known: &BTreeMap<String, Vec<String>>) -> Option<Vec<String>> {
    let (first, rest) = path.split_first()?;
    match first.as_str() {
        "crate" | "vestibule" => Some(rest.to_vec()),
        "self" | "super" => {
            let module = if first == "super" { module.split_last()?.1 } else { module };
            let deeper = rest.first().is_some_and(|next| next == "super");
            if deeper { resolve(rest, module, known) } else { Some([module, rest].concat()) }
        }
        name => known.get(name).map(|whole| [whole.as_slice(), rest].concat()),
    }
}

struct Use {
    at: usize,
    end: usize,
    path: Vec<String>,
    alias: String,
}

fn uses(code: &str) -> Vec<Use> {
    let mut found = Vec::new();
    for at in words(code, "use") {
        let Some(end) = code[at..].find(';').map(|length| at + length) else { continue };
        let mut leaves = Vec::new();
        flatten(&code[at + 3..end], &[], &mut leaves);
        found.extend(leaves.into_iter().map(|(path, alias)| Use { at, end, path, alias }));
    }
    found
}

fn flatten(tree: &str, prefix: &[String], leaves: &mut Vec<(Vec<String>, String)>) {
    let tree = tree.trim().trim_start_matches("::");
    if let Some(open) = tree.find('{') {
        let head = segments(&tree[..open]);
        let inner = &tree[open + 1..tree.rfind('}').unwrap_or(tree.len())];
        let prefix = [prefix, &head].concat();
        split(inner).into_iter().for_each(|part| flatten(part, &prefix, leaves));
    } else if !tree.is_empty() {
        let (path, alias) =
            tree.split_once(" as ").map_or((tree, None), |(path, alias)| (path, Some(alias.trim().to_owned())));
        let mut path = [prefix, &segments(path)].concat();
        if path.last().is_some_and(|last| last == "self") && path.len() > 1 {
            path.pop();
        }
        let alias = alias.or_else(|| path.last().cloned()).unwrap_or_default();
        leaves.push((path, alias));
    }
}

fn segments(path: &str) -> Vec<String> {
    path.split("::").map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// The parts of a `{…}` list, at its own level.
fn split(list: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0, 0, Vec::new());
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&list[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&list[start..]);
    parts
}

/// Paths written out in code, outside of `use`.
fn inline(code: &str, uses: &[Use]) -> Vec<(usize, Vec<String>)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(next) = code[at..].find(|c: char| is_word(c)) {
        let start = at + next;
        let length = code[start..].find(|c: char| !is_word(c) && c != ':').unwrap_or(code.len() - start);
        let path = segments(code[start..start + length].trim_end_matches(':'));
        at = start + length;
        let within_use = uses.iter().any(|used| (used.at..used.end).contains(&start));
        if path.len() > 1 && !within_use && !code[start..at].contains(":::") {
            found.push((start, path));
        }
    }
    found
}

#[test]
fn paths_are_resolved_whole() {
    let code = "mod store; use crate::{db::schema::{self, jobs}, web}; use super::links as old; use std::fs; \
                fn a() { store::find(); old::b(); web::page::x(); schema::x::table; fs::read(); crate::ids::A::new(); }";
    let paths: Vec<String> = named("src/features/accounts/mod.rs", code).into_iter().map(|(_, path)| path).collect();
    assert_eq!(
        paths,
        [
            "db::schema",
            "db::schema::jobs",
            "web",
            "features::links",
            "features::accounts::store::find",
            "features::links::b",
            "web::page::x",
            "db::schema::x::table",
            "ids::A::new"
        ]
    );
    let deep: Vec<String> =
        named("src/a/b/c.rs", "use super::super::d::E; use self::f::G;").into_iter().map(|(_, path)| path).collect();
    assert_eq!(deep, ["a::d::E", "a::b::c::f::G"]);
}
