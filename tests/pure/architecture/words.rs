//! What may not be written, or only in one place.

use std::collections::BTreeSet;

use vestibule::platform::web::urls;

use super::files::{File, all, none, product, read, tests};
use crate::support::routes;
use crate::support::scanner::{item_end, words};

/// What paths of ours begin with.
fn heads() -> BTreeSet<&'static str> {
    urls::ALL.iter().filter_map(|pattern| pattern.split('/').nth(1)).filter(|head| !head.is_empty()).collect()
}

#[test]
fn paths_are_written_in_one_file_only() {
    let heads = heads();
    assert!(heads.contains("connections") && heads.contains("scl"), "{heads:?}");
    let is_path = |text: &str| {
        let inner = text.trim_start_matches("{}").strip_prefix('/');
        inner.is_some_and(|inner| heads.contains(inner.split(['/', '?', '{', '"']).next().unwrap_or_default()))
    };
    let mut wrong = Vec::new();
    for file in product().iter().filter(|file| file.path != "src/platform/web/urls.rs") {
        let texts = file.scan.texts.iter().filter(|(at, text)| !file.scan.is_test(*at) && is_path(text));
        wrong.extend(texts.map(|(at, text)| format!("{} {text}", file.at(*at))));
    }
    none("only platform/web/urls.rs writes paths", wrong);
}

#[test]
fn addresses_that_comments_name_exist() {
    let (heads, mut wrong, mut seen) = (heads(), Vec::new(), 0);
    for file in product() {
        for (number, line) in file.text.lines().enumerate() {
            for said in line.split('`').skip(1).step_by(2) {
                let Some((method, path)) = said.split_once(' ') else { continue };
                let head = path.strip_prefix('/').and_then(|path| path.split(['/', '?']).next());
                if ["GET", "POST", "PATCH", "DELETE"].contains(&method) && head.is_some_and(|head| heads.contains(head))
                {
                    seen += 1;
                    if !routes::is_taken(method, path.split('?').next().unwrap_or_default()) {
                        wrong.push(format!("{}:{} {said}", file.path, number + 1));
                    }
                }
            }
        }
    }
    assert!(seen > 100, "they are found: {seen}");
    none("addresses in comments that no route takes", wrong);
}

#[test]
fn what_templates_link_to_exists() {
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for template in all("templates") {
        let text = read(&template);
        for (attribute, method) in [("href", "GET"), ("src", "GET"), ("action", "POST"), ("formaction", "POST")] {
            for rest in text.split(&format!(" {attribute}=\"/")).skip(1) {
                let path = format!("/{}", rest.split(['"', '?', '#']).next().unwrap_or_default());
                let sought = attribute == "action" && routes::leads_somewhere("GET", &path);
                seen += 1;
                if !sought && !routes::leads_somewhere(method, &path) {
                    wrong.push(format!("{template} {method} {path}"));
                }
            }
        }
    }
    assert!(seen > 10, "links are found: {seen}");
    none("links of templates that lead nowhere", wrong);
}

/// Parts of the code that carry a stated exception to that rule of clippy.
fn excepted(file: &File, rule: &str) -> Vec<std::ops::Range<usize>> {
    let code = &file.scan.code;
    let marks = code.match_indices("#[expect(").chain(code.match_indices("#[allow("));
    marks
        .filter(|(at, _)| code[*at..].split(']').next().is_some_and(|attribute| attribute.contains(rule)))
        .map(|(at, _)| at..item_end(code, at + code[at..].find(']').unwrap_or_default() + 1))
        .collect()
}

#[test]
fn nothing_in_the_product_panics_without_a_reason() {
    let forbidden = [
        (".unwrap()", "unwrap_used"),
        (".unwrap_err()", "unwrap_used"),
        (".expect(", "expect_used"),
        (".expect_err(", "expect_used"),
        ("panic!(", "panic"),
        ("unreachable!(", "unreachable"),
        ("unimplemented!(", "unimplemented"),
        ("todo!(", "todo"),
        ("dbg!(", "dbg_macro"),
        ("unsafe ", "unsafe_code"),
    ];
    let mut wrong = Vec::new();
    for file in product() {
        let code = file.scan.product();
        for (word, rule) in forbidden {
            let excepted = excepted(file, rule);
            let found = code
                .match_indices(word)
                .map(|(at, _)| at)
                .filter(|at| !excepted.iter().any(|range| range.contains(at)));
            wrong.extend(found.map(|at| format!("{} {word}", file.at(at))));
        }
    }
    none("outside of tests these need #[expect(clippy::…, reason = …)]", wrong);
}

#[test]
fn every_exception_gives_its_reason() {
    let mut wrong = Vec::new();
    for file in product().iter().chain(tests()) {
        let code = &file.scan.code;
        for mark in ["[expect(", "[allow("] {
            let bare = code
                .match_indices(mark)
                .filter(|(at, _)| !code[*at..].split(']').next().is_some_and(|text| text.contains("reason")));
            wrong.extend(bare.map(|(at, _)| file.at(at)));
        }
    }
    none("an exception from a lint without a reason", wrong);
}

#[test]
fn each_door_to_the_outside_is_in_one_file() {
    let doors: [(&[&str], &[&str]); 4] = [
        (&["env::var", "env::vars", "env::var_os", "env::vars_os"], &["src/platform/config/source.rs"]),
        (&["now_utc", "SystemTime::now", "now_local"], &["src/base/clock.rs"]),
        (&["rand::rng", "rand::random", "thread_rng", "OsRng", "SysRng"], &["src/base/rng.rs"]),
        (&["Command::new"], &["src/engines/process.rs", "src/engines/limits.rs"]),
    ];
    let mut wrong = Vec::new();
    for file in product() {
        let code = file.scan.product();
        for (names, _) in doors.iter().filter(|(_, places)| !places.contains(&file.path.as_str())) {
            wrong.extend(names.iter().flat_map(|name| words(&code, name)).map(|at| file.at(at)));
        }
    }
    none("time, chance, environment and other programs come in through one door each", wrong);
}

#[test]
fn every_feature_says_what_it_is() {
    let faces = product().iter().filter(|file| file.name() == "mod.rs");
    none(
        "a mod.rs opens with what it is for",
        faces.filter(|file| !file.text.starts_with("//! ")).map(|file| file.path.clone()).collect(),
    );
}

#[test]
fn the_project_speaks_of_itself_alone() {
    // Put together here, so that this file does not find itself.
    let places = [["/wo", "rk/"], ["/ro", "ot/"], ["/ho", "me/"], ["/tm", "p/"], ["/Us", "ers/"]];
    let unfinished = [["TO", "DO"], ["FIX", "ME"], ["XX", "X:"], ["coming ", "soon"], ["lorem ", "ipsum"]];
    let words: Vec<String> = places.iter().chain(&unfinished).map(|parts| parts.concat()).collect();
    let mut wrong = Vec::new();
    for path in all(".").into_iter().filter(|path| is_written(path)) {
        let text = read(&path);
        for (number, line) in text.lines().enumerate() {
            // A path of this machine begins there; `features/x/` only has such a part inside.
            let begins = |at: usize| !line[..at].ends_with(|c: char| c.is_alphanumeric() || "_-}.".contains(c));
            let is_there = |word: &str| line.match_indices(word).any(|(at, _)| !word.starts_with('/') || begins(at));
            let found = words.iter().filter(|word| is_there(word));
            wrong.extend(found.map(|word| format!("{path}:{} {word}", number + 1)));
        }
    }
    none("machine paths and loose ends", wrong);
}

/// Whether a person wrote the file (locks are written by tools, pictures are no text, a worktree's `.git` is a file).
fn is_written(path: &str) -> bool {
    let ending = path.rsplit('.').next().unwrap_or_default();
    !["lock", "png", "ico", "woff2", "log"].contains(&ending)
        && !path.ends_with("package-lock.json")
        && !["LICENSE", ".git"].contains(&path)
}

#[test]
fn what_is_read_with_first_is_one_of_several() {
    // A row that can only be one is read with `get_result`: see `platform/db/mod.rs`.
    let of_several = ["any_workspace", "was_removed", "was_noted_since", "only_providers"];
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for file in product().iter().filter(|file| file.is_store()) {
        for function in file.scan.functions() {
            let code = &file.scan.code[function.span.clone()];
            if !code.contains(".first(conn)") {
                continue;
            }
            seen += 1;
            if !code.contains(".order(") && !of_several.contains(&function.name.as_str()) {
                wrong.push(format!("{} {}", file.at(function.span.start), function.name));
            }
        }
    }
    assert!(seen > 5, "some are found: {seen}");
    none("reads with first what can only be one row", wrong);
}
