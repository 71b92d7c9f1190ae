//! How long things may get.

use super::files::{none, product, tests};

const LONGEST_FILE: usize = 400;
const LONGEST_FUNCTION: usize = 60;

#[test]
fn no_file_is_too_long_to_read() {
    let files = product().iter().chain(tests()).filter(|file| file.path != "src/platform/db/schema.rs");
    let long = files.filter(|file| file.text.lines().count() > LONGEST_FILE);
    none(
        "no file has more than 400 lines",
        long.map(|file| format!("{}: {}", file.path, file.text.lines().count())).collect(),
    );
}

#[test]
fn no_function_is_too_long_to_read() {
    let mut long = Vec::new();
    for file in product().iter().chain(tests()) {
        for function in file.scan.functions() {
            let lines = file.scan.line(function.span.end - 1) - file.scan.line(function.span.start) + 1;
            if lines > LONGEST_FUNCTION {
                long.push(format!("{} {}: {lines}", file.at(function.span.start), function.name));
            }
        }
    }
    none("no function has more than 60 lines", long);
}

#[test]
fn the_house_is_seen_whole() {
    let functions: usize = product().iter().map(|file| file.scan.functions().len()).sum();
    assert!(functions > 500, "the scanner finds the functions: {functions}");
}
