//! What things are called, and what travels together.

use std::collections::{BTreeMap, BTreeSet};

use super::files::{File, none, product};
use crate::support::scanner::words;

/// The names of a file's own types: `struct`, `enum`, `trait`, `union` and `type` at the level of the file.
fn types(file: &File) -> BTreeSet<String> {
    let code = file.scan.product();
    let mut found = BTreeSet::new();
    for keyword in ["struct", "enum", "trait", "type"] {
        for at in words(&code, keyword) {
            // What stands in braces is a part of something: an associated type, a macro's pattern.
            let depth = code[..at].matches('{').count() - code[..at].matches('}').count();
            let name: String =
                code[at + keyword.len()..].trim_start().chars().take_while(|c| c.is_alphanumeric()).collect();
            if depth == 0 && name.starts_with(char::is_uppercase) {
                found.insert(name);
            }
        }
    }
    found
}

/// Type names that are given more than once, with the files that do.
fn doubles(files: &[File]) -> Vec<String> {
    let mut places: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for file in files {
        for name in types(file) {
            places.entry(name).or_default().push(&file.path);
        }
    }
    places.into_iter().filter(|(_, files)| files.len() > 1).map(|(name, files)| format!("{name}: {files:?}")).collect()
}

#[test]
fn a_type_name_means_one_thing() {
    let count: usize = product().iter().map(|file| types(file).len()).sum();
    assert!(count > 700, "the types are found: {count}");
    none("types of the same name", doubles(product()));
}

/// Functions with a parameter that is a tuple taken apart: `(now, rng): (UtcTime, &Rng)`.
fn tuple_parameters(file: &File) -> Vec<String> {
    let code = file.scan.product();
    let mut found = Vec::new();
    for function in file.scan.functions() {
        let head = code[function.span.clone()].split('{').next().unwrap_or_default();
        let Some((_, parameters)) = head.split_once('(') else { continue };
        let flat: String = parameters.split_whitespace().collect();
        let begins = flat.match_indices('(').filter(|(at, _)| *at == 0 || flat[..*at].ends_with(','));
        let is_taken_apart = |at: usize| flat[at..].find(')').is_some_and(|end| flat[at + end + 1..].starts_with(":("));
        if begins.into_iter().any(|(at, _)| is_taken_apart(at)) {
            found.push(format!("{} {}", file.at(function.span.start), function.name));
        }
    }
    found
}

#[test]
fn what_travels_together_has_a_name() {
    none("parameters that are tuples", product().iter().flat_map(tuple_parameters).collect());
}

#[test]
fn a_double_name_and_a_tuple_are_seen() {
    let one = File::new(
        "src/base/a.rs",
        "pub struct Answer; trait T { type Out; } fn f(a: u8, (now, rng): (UtcTime, &Rng)) {}",
    );
    let other =
        File::new("src/base/b.rs", "enum Answer { A } impl T for X { type Out = u8; } fn g((a): (u8), b: (u8, u8)) {}");
    assert_eq!(tuple_parameters(&one), ["src/base/a.rs:1 f"]);
    assert_eq!(doubles(&[one, other]), [r#"Answer: ["src/base/a.rs", "src/base/b.rs"]"#]);
}
