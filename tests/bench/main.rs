//! Figures, each against a reference measured in the same run: `cargo bench`. Nothing here passes or fails.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a bench stops where it stops"
)]
#![allow(clippy::disallowed_methods, reason = "a bench starts the program and reads its own settings")]

mod client;
mod form;
mod lists;
mod load;
#[allow(dead_code, clippy::panic, reason = "the tests of many rows use it too, and stop where it stops")]
mod many;
mod pages;
mod process;
mod read;
mod site;
mod submits;

fn main() {
    // `cargo test --benches` only wants to know that it runs.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    // `cargo bench -- lists` takes one of them.
    let only: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let wanted = |name: &str| only.is_empty() || only.iter().any(|one| one == name);
    if wanted("form") {
        form::run();
    }
    if wanted("read") {
        read::run();
    }
    if wanted("pages") || wanted("submits") {
        let site = site::Site::start();
        pages::run(&site);
        submits::run(&site);
    }
    if wanted("load") {
        load::run();
    }
    if wanted("lists") {
        lists::run();
    }
    if wanted("process") {
        process::run();
    }
}

/// The value below which `share` (0 to 1) of the sorted values lie.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let last = sorted.len().saturating_sub(1) as f64;
    sorted.get((last * share).round() as usize).copied().unwrap_or_default()
}
