//! Names that are almost the one somebody wrote.

use super::Kind;
use crate::base::steps::steps_between;

/// The most other names that are proposed for one that nobody knows.
const MOST_NEAR: usize = 5;

/// Of rows with a name and a short name, the names that are near, the nearest first.
pub(super) fn names<'a>(rows: impl Iterator<Item = (&'a str, &'a str)>, name: &str) -> Vec<String> {
    let bare = kind_and_rest(name).map_or(name, |(_, rest)| rest);
    let mut found: Vec<(usize, &str)> = Vec::new();
    for (row, slug) in rows {
        let rest = kind_and_rest(row).map_or(row, |(_, rest)| rest);
        let steps = steps_between(bare, rest).min(steps_between(bare, slug));
        let is_part = bare.len() > 2 && (rest.contains(bare) || (rest.len() > 2 && bare.contains(rest)));
        if is_part || steps <= 2.max(bare.chars().count() / 4) {
            found.push((steps, row));
        }
    }
    found.sort_unstable();
    found.into_iter().take(MOST_NEAR).map(|(_, name)| name.to_owned()).collect()
}

/// `source-faker` is a source, and its name without that is `faker`.
pub(super) fn kind_and_rest(name: &str) -> Option<(Kind, &str)> {
    let kinds = [Kind::Source, Kind::Destination];
    kinds.into_iter().find_map(|kind| Some((kind, name.strip_prefix(kind.as_str())?.strip_prefix('-')?)))
}
