//! Records as the lines that COPY takes in its text format: <https://www.postgresql.org/docs/current/sql-copy.html>.
//!
//! PostgreSQL's `jsonb` holds no NUL and no half of a surrogate pair, both of which JSON allows in a text; each becomes U+FFFD.

/// Adds a record, a JSON object, as one line.
pub(super) fn push(line: &mut Vec<u8>, record: &[u8]) {
    let mut rest = record;
    while let Some(at) = rest.iter().position(|byte| matches!(byte, b'\\' | b'\n' | b'\r' | b'\t')) {
        let (before, special) = rest.split_at(at);
        line.extend_from_slice(before);
        let (length, is_good) = if special.starts_with(b"\\") { escape(special) } else { (1, true) };
        let (special, after) = special.split_at(length.min(special.len()));
        for byte in if is_good { special } else { b"\\ufffd" } {
            match byte {
                b'\\' => line.extend_from_slice(b"\\\\"),
                // Between the parts of JSON they are spaces.
                b'\n' | b'\r' | b'\t' => line.push(b' '),
                other => line.push(*other),
            }
        }
        rest = after;
    }
    line.extend_from_slice(rest);
    line.push(b'\n');
}

/// How long the escape is that a text begins with, and whether PostgreSQL takes it.
fn escape(text: &[u8]) -> (usize, bool) {
    match unit(text) {
        None => (2, true),
        Some(0xD800..=0xDBFF) => match text.get(6..).and_then(unit) {
            Some(0xDC00..=0xDFFF) => (12, true),
            _ => (6, false),
        },
        Some(0 | 0xDC00..=0xDFFF) => (6, false),
        Some(_) => (6, true),
    }
}

/// The UTF-16 unit of `\uXXXX`.
fn unit(text: &[u8]) -> Option<u16> {
    let digits = text.strip_prefix(b"\\u")?.get(..4)?;
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_one_line_that_the_server_takes() {
        for (record, due) in [
            (r#"{"a":1}"#, r#"{"a":1}"#),
            (r#"{"a":"x\n\"y\""}"#, r#"{"a":"x\\n\\"y\\""}"#),
            (r#"{"a":"\\u0000"}"#, r#"{"a":"\\\\u0000"}"#),
            (r#"{"a":"\u0000b"}"#, r#"{"a":"\\ufffdb"}"#),
            (r#"{"a":"\ud83d\ude00"}"#, r#"{"a":"\\ud83d\\ude00"}"#),
            (r#"{"a":"\ud83dx\ude00"}"#, r#"{"a":"\\ufffdx\\ufffd"}"#),
            (r#"{"a":"\u00e4"}"#, r#"{"a":"\\u00e4"}"#),
            ("{\"a\":\t[1,\n2]}", r#"{"a": [1, 2]}"#),
            (r#"{"a":"\"#, r#"{"a":"\\"#),
        ] {
            let mut line = Vec::new();
            push(&mut line, record.as_bytes());
            assert_eq!(String::from_utf8(line).unwrap(), format!("{due}\n"));
        }
    }
}
