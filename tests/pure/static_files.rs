//! The style sheets and the script stay small, plain and in step with the templates.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const SHEETS: [(&str, usize); 3] = [("app.css", 20_000), ("recipient.css", 5_000), ("owner.css", 14_000)];

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A style sheet without its comments.
fn sheet(name: &str) -> String {
    let text = read(&root("static").join(name));
    let mut parts = text.split("/*");
    let head = parts.next().unwrap_or_default().to_owned();
    parts.fold(head, |out, part| out + part.split_once("*/").expect("a closed comment").1)
}

/// The sheet without the block of one layer.
fn without_layer(css: &str, layer: &str) -> String {
    let Some((before, block)) = css.split_once(&format!("@layer {layer} {{")) else {
        return css.to_owned();
    };
    let mut open = 1;
    let end = block.find(|c: char| {
        open += i32::from(c == '{') - i32::from(c == '}');
        open == 0
    });
    before.to_owned() + &block[end.expect("a closed layer") + 1..]
}

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.expect("a readable entry").path();
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if path.to_string_lossy().ends_with(ending) {
            found.push(path);
        }
    }
    found
}

/// Templates of pages; mails have rules of their own.
fn page_templates() -> Vec<PathBuf> {
    let mut paths = files(&root("templates"), ".html");
    paths.retain(|path| {
        !path.ends_with("layouts/email.html")
            && !path.ends_with("components/mail.html")
            && !path.starts_with(root("templates/emails"))
    });
    paths
}

/// A template's own text: what the engine evaluates is cut out.
fn without_tags(text: &str) -> String {
    let mut text = text.to_owned();
    for (open, close) in [("{#", "#}"), ("{%", "%}"), ("{{", "}}")] {
        while let Some((before, after)) = text.split_once(open) {
            let rest = after.split_once(close).expect("a closed tag").1;
            text = format!("{before} {rest}");
        }
    }
    text
}

fn classes_written() -> BTreeSet<String> {
    let mut texts: Vec<String> = page_templates().iter().map(|path| without_tags(&read(path))).collect();
    texts.extend(files(&root("src"), ".rs").iter().map(|path| read(path).replace("\\\"", "\"")));
    let mut names = BTreeSet::new();
    for text in texts {
        for rest in text.split(" class=\"").skip(1) {
            let value = rest.split('"').next().unwrap_or_default();
            names.extend(value.split_whitespace().map(str::to_owned));
        }
    }
    names
}

fn classes_styled() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (name, _) in SHEETS {
        for rest in sheet(name).split('.').skip(1).filter(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase())) {
            names.insert(rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect());
        }
    }
    names
}

#[test]
fn sizes_stay_within_budget() {
    for (name, most) in SHEETS {
        let bytes = read(&root("static").join(name)).len();
        assert!(bytes <= most, "{name} has {bytes} bytes, {most} are allowed");
    }
    let script = read(&root("static/app.js"));
    assert!(
        script.len() <= 6_000 && script.lines().count() <= 150,
        "app.js: {} bytes, {} lines",
        script.len(),
        script.lines().count()
    );
}

#[test]
fn style_sheets_fetch_nothing_and_mirror_for_other_scripts() {
    for (name, _) in SHEETS {
        let css = sheet(name);
        for word in ["url(", "data:", "@import", "@font-face"] {
            assert!(!css.contains(word), "{name} contains {word}");
        }
        let side = css
            .split(|c: char| !c.is_ascii_alphanumeric())
            .find(|word| ["left", "right", "top", "bottom"].contains(word));
        assert_eq!(side, None, "{name} names a side; use block and inline");
    }
}

#[test]
fn only_hidden_and_print_insist() {
    for (name, _) in SHEETS {
        let css = without_layer(&sheet(name), "print");
        for (at, _) in css.match_indices("!important") {
            let rule = css[..at].rsplit('}').next().unwrap_or_default().trim();
            assert!(rule.starts_with("[hidden]"), "{name}: !important in {rule}");
        }
    }
}

#[test]
fn colours_are_named_in_tokens_only() {
    for (name, _) in SHEETS {
        let css = without_layer(&sheet(name), "tokens");
        let found = ["#", "oklch(", "rgb(", "hsl("].into_iter().find(|mark| css.contains(mark));
        assert_eq!(found, None, "{name} has a colour outside the layer `tokens`");
    }
}

#[test]
fn every_class_is_both_written_and_styled() {
    let (written, styled) = (classes_written(), classes_styled());
    assert_eq!(
        written.difference(&styled).collect::<Vec<_>>(),
        Vec::<&String>::new(),
        "in a template, in no style sheet"
    );
    assert_eq!(
        styled.difference(&written).collect::<Vec<_>>(),
        Vec::<&String>::new(),
        "in a style sheet, in no template"
    );
}

#[test]
fn pages_carry_no_inline_style_or_script() {
    for path in page_templates() {
        let text = without_tags(&read(&path)).to_lowercase();
        for word in ["style=\"", "<style", "javascript:", " onclick=", " onsubmit=", " onchange=", " oninput="] {
            assert!(!text.contains(word), "{} contains {word}", path.display());
        }
        let inline =
            text.split("<script").skip(1).find(|tag| !tag.split('>').next().unwrap_or_default().contains("src="));
        assert_eq!(inline, None, "{} has an inline script", path.display());
    }
}

#[test]
fn an_unknown_page_says_the_same_to_everybody() {
    let text = read(&root("templates/errors/not_found.html"));
    assert!(!text.contains("{{"), "the page of an unknown address depends on something");
}
