//! Names that are almost the one somebody wrote.

use std::collections::HashMap;

use super::Kind;

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

/// How many letters have to be put in, taken out or changed to make one of the other.
fn steps_between(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut known: HashMap<usize, usize> = (0..=other.len()).map(|at| (at, at)).collect();
    for (row, letter) in one.chars().enumerate() {
        let (mut before, mut left) = (row, row + 1);
        for (column, there) in other.iter().enumerate() {
            let above = known.get(&(column + 1)).copied().unwrap_or_default();
            let here = (left + 1).min(above + 1).min(before + usize::from(letter != *there));
            known.insert(column, left);
            (before, left) = (above, here);
        }
        known.insert(other.len(), left);
    }
    known.get(&other.len()).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_counted() {
        for (one, other, steps) in
            [("", "", 0), ("abc", "abc", 0), ("abc", "acb", 2), ("", "ab", 2), ("kitten", "sitting", 3)]
        {
            assert_eq!(steps_between(one, other), steps, "{one} {other}");
        }
    }
}
