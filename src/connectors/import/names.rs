//! Names out of file names, image names and titles.

use std::path::Path;

use crate::connectors::{ConnectorMark, Kind};

const LONGEST_SLUG: usize = 60;
/// Names of files that say what is in them and not of what; the folder's name counts then.
const GENERAL: [&str; 6] =
    ["spec", "manifest", "connector", "connector-specification", "connection-specification", "schema"];
/// Words a title carries beside the system's name.
const BESIDE: [&str; 8] =
    ["spec", "specification", "connector", "configuration", "config", "source", "destination", "schema"];
/// Dark enough for white letters on them (contrast above 4.5).
const COLOURS: [&str; 10] =
    ["#1666d8", "#336791", "#0f766e", "#15803d", "#4d7c0f", "#a16207", "#c2410c", "#b91c1c", "#9d174d", "#6d28d9"];

/// Lower-case letters, digits and single dashes; empty when nothing is left.
pub(super) fn slug(text: &str) -> String {
    let lower = text.to_lowercase();
    let words = lower.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let text: String = words.collect::<Vec<_>>().join("-").chars().take(LONGEST_SLUG).collect();
    text.trim_end_matches('-').to_owned()
}

/// `source-postgres` is a source called `postgres`; without such a beginning only the name is known.
pub(super) fn kind_and_slug(text: &str) -> (Option<Kind>, String) {
    let whole = slug(text);
    for kind in [Kind::Source, Kind::Destination] {
        if let Some(rest) = whole.strip_prefix(kind.as_str()).and_then(|rest| rest.strip_prefix('-')) {
            return (Some(kind), rest.to_owned());
        }
    }
    (None, whole)
}

/// The same of an image name: `airbyte/source-postgres:3.1`.
pub(super) fn from_image(image: &str) -> (Option<Kind>, String) {
    let last = image.rsplit('/').next().unwrap_or_default();
    kind_and_slug(last.split(':').next().unwrap_or_default())
}

/// The same of a file; `source-postgres/manifest.yaml` is named by its folder.
pub(super) fn from_file(path: &Path) -> (Option<Kind>, String) {
    let part = |path: &Path| path.file_stem().map(|stem| slug(&stem.to_string_lossy())).unwrap_or_default();
    let stem = part(path);
    let folder = path.parent().map(part).unwrap_or_default();
    if GENERAL.contains(&stem.as_str()) && !folder.is_empty() { kind_and_slug(&folder) } else { kind_and_slug(&stem) }
}

/// The system's name in a title: "Postgres Source Spec" is "Postgres". Also the kind, when the title says it.
pub(super) fn from_title(title: &str) -> (Option<Kind>, String) {
    let mut words: Vec<&str> = title.split_whitespace().collect();
    let beside = |word: &&str| BESIDE.contains(&word.to_lowercase().as_str());
    let mut kind = None;
    while words.last().is_some_and(beside) {
        let word = words.pop().unwrap_or_default();
        kind = kind.or(Kind::parse(&word.to_lowercase()));
    }
    if let Some(first) = words.first().and_then(|word| Kind::parse(&word.to_lowercase())) {
        kind = kind.or(Some(first));
        words.remove(0);
    }
    (kind, words.join(" "))
}

/// `google-ads` as "Google Ads".
pub(super) fn in_words(slug: &str) -> String {
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>()).unwrap_or_default()
    };
    slug.split('-').map(capital).collect::<Vec<_>>().join(" ")
}

/// Letters and a colour for a connector that brought none; the same name has the same mark everywhere.
pub(super) fn mark(name: &str) -> ConnectorMark {
    let words: Vec<&str> =
        name.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let text: String = match words.as_slice() {
        [] => "?".to_owned(),
        [one] => in_words(one).chars().take(2).collect(),
        [first, second, ..] => first.chars().take(1).chain(second.chars().take(1)).collect(),
    };
    let sum = name.bytes().fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(byte)));
    let color = COLOURS.get(sum % COLOURS.len()).copied().unwrap_or("#1666d8");
    ConnectorMark { text, color: color.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_where_they_stand() {
        assert_eq!(
            from_image("airbyte/source-facebook-marketing:1.2"),
            (Some(Kind::Source), "facebook-marketing".to_owned())
        );
        assert_eq!(from_image("example.com:5000/team/destination-s3"), (Some(Kind::Destination), "s3".to_owned()));
        assert_eq!(from_file(Path::new("a/source-postgres.json")), (Some(Kind::Source), "postgres".to_owned()));
        assert_eq!(from_file(Path::new("source_my_shop/manifest.yaml")), (Some(Kind::Source), "my-shop".to_owned()));
        assert_eq!(from_file(Path::new("spec.json")), (None, "spec".to_owned()));
        assert_eq!(from_title("Postgres Source Spec"), (Some(Kind::Source), "Postgres".to_owned()));
        assert_eq!(from_title("Destination Google Sheets"), (Some(Kind::Destination), "Google Sheets".to_owned()));
        assert_eq!(from_title("Config"), (None, String::new()));
    }

    #[test]
    fn what_is_missing_is_made_up_the_same_way_each_time() {
        assert_eq!(in_words("google-ads"), "Google Ads");
        assert_eq!((slug(" Über  Shop! "), slug("日本")), ("ber-shop".to_owned(), String::new()));
        let first = mark("Google Ads");
        assert_eq!((first.text.as_str(), first.color.as_str()), ("GA", mark("Google Ads").color.as_str()));
        assert_eq!((mark("s3").text, mark("").text), ("S3".to_owned(), "?".to_owned()));
    }
}
