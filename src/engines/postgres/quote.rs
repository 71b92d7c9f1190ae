//! Names and texts as parts of a statement. The session has `standard_conforming_strings` on, so a backslash is a letter.

/// A name, whatever letters it has.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_stay_what_they_are() {
        assert_eq!(quoted("Line \"Items\""), "\"Line \"\"Items\"\"\"");
        assert_eq!(literal("it's"), "'it''s'");
    }
}
