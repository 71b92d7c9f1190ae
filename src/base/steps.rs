//! How far two names are from one another.

use std::collections::HashMap;

/// How many letters have to be put in, taken out or changed to make one of the other.
#[must_use]
pub fn steps_between(one: &str, other: &str) -> usize {
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
