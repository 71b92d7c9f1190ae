//! Finding rows by words: what a row is called is kept as words in a table of its own, so that a search is a look-up in an index
//! and not a walk through every row. A word of the search finds the words that begin with it.
//!
//! Words are kept as bytes, because text is ordered in every database, and for every language, in another way.

use std::collections::BTreeSet;

/// Longer words are cut.
const LONGEST_WORD: usize = 40;
/// More words of one text are not kept.
const MOST_WORDS: usize = 40;

/// The words of a text, in lower case, each once. What is neither letter nor digit separates them.
pub fn words<'a>(texts: impl IntoIterator<Item = &'a str>) -> BTreeSet<Vec<u8>> {
    let cut = |word: &str| word.to_lowercase().chars().take(LONGEST_WORD).collect::<String>().into_bytes();
    let words = texts.into_iter().flat_map(|text| text.split(|letter: char| !letter.is_alphanumeric()));
    words.filter(|word| !word.is_empty()).map(cut).take(MOST_WORDS).collect()
}

/// The words between which everything lies that begins with this one: from the first on, before the second. UTF-8 has no byte 0xFF.
pub fn range(word: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let mut end = word.to_vec();
    end.push(0xFF);
    (word.to_vec(), end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_cut_lowered_and_found_by_their_beginnings() {
        let found = words(["Shop database (ÉCLAIR_100%)", "postgres-AbCd"]);
        let texts: Vec<String> = found.iter().map(|word| String::from_utf8(word.clone()).unwrap()).collect();
        assert_eq!(texts, ["100", "abcd", "database", "postgres", "shop", "éclair"]);
        let holds = |typed: &str, word: &str| {
            let (from, to) = range(typed.as_bytes());
            (from.as_slice()..to.as_slice()).contains(&word.as_bytes())
        };
        assert!(holds("data", "database") && holds("data", "data") && holds("é", "éclair") && holds("z", "zürich"));
        assert!(!holds("data", "dat") && !holds("data", "datb") && !holds("data", "adata"));
        assert!(words(["%_ --"]).is_empty());
        assert_eq!(words([&"x".repeat(500)[..]]).iter().next().unwrap().len(), LONGEST_WORD);
    }
}
