//! Texts and JSON as PostgreSQL takes them.
//!
//! PostgreSQL holds no NUL and no half of a surrogate pair, both of which JSON allows in a text; each becomes U+FFFD and is counted.

/// The deepest nesting that the server's parser is given.
const DEEPEST: usize = 1_000;
/// A number of a JSON document has no more digits, and no larger exponent, or the server's numbers do not hold it.
const LONGEST_NUMBER: usize = 10_000;
const LOST: &str = "\u{fffd}";

/// Adds the text that a JSON text stands for; gives how many of its characters PostgreSQL does not hold, or `None` when it is no JSON text.
pub(super) fn unescape(raw: &[u8], out: &mut Vec<u8>) -> Option<usize> {
    let (mut rest, mut lost) = (raw, 0);
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        let (before, special) = rest.split_at(at);
        out.extend_from_slice(before);
        let length = match special.get(1)? {
            b'u' => {
                let (character, length) = escaped(special)?;
                lost += usize::from(character.is_none());
                match character {
                    Some(character) => out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
                    None => out.extend_from_slice(LOST.as_bytes()),
                }
                length
            }
            b'n' => short(out, b'\n'),
            b't' => short(out, b'\t'),
            b'r' => short(out, b'\r'),
            b'b' => short(out, 8),
            b'f' => short(out, 12),
            other => short(out, *other),
        };
        rest = special.get(length..)?;
    }
    out.extend_from_slice(rest);
    Some(lost)
}

fn short(out: &mut Vec<u8>, byte: u8) -> usize {
    out.push(byte);
    2
}

/// The character of a `\u` escape, or of a pair of them, and how long that is; no character where PostgreSQL holds none.
fn escaped(text: &[u8]) -> Option<(Option<char>, usize)> {
    let first = unit(text)?;
    match first {
        0xD800..=0xDBFF => Some(match text.get(6..).and_then(unit) {
            Some(second @ 0xDC00..=0xDFFF) => {
                let code = 0x1_0000 + ((u32::from(first) - 0xD800) << 10) + (u32::from(second) - 0xDC00);
                (char::from_u32(code), 12)
            }
            _ => (None, 6),
        }),
        0 | 0xDC00..=0xDFFF => Some((None, 6)),
        other => Some((char::from_u32(u32::from(other)), 6)),
    }
}

/// The UTF-16 unit of `\uXXXX`.
fn unit(text: &[u8]) -> Option<u16> {
    let digits = text.strip_prefix(b"\\u")?.get(..4)?;
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// Adds the inside of a JSON text, still as JSON, as the server takes it; gives what [`unescape`] gives.
pub(super) fn inside(raw: &[u8], out: &mut Vec<u8>) -> Option<usize> {
    scan(raw, true, out)
}

/// Adds a JSON document as the server takes it; gives how many characters it does not hold, or `None` when it cannot take the document.
pub(super) fn document(json: &[u8], out: &mut Vec<u8>) -> Option<usize> {
    scan(json, false, out)
}

fn scan(json: &[u8], is_text: bool, out: &mut Vec<u8>) -> Option<usize> {
    let (mut depth, mut lost, mut is_text, mut at, mut copied) = (0_usize, 0, is_text, 0, 0);
    while let Some(byte) = json.get(at) {
        match byte {
            b'"' => is_text = !is_text,
            b'\\' => {
                let rest = json.get(at..)?;
                let (character, length) = if rest.get(1) == Some(&b'u') { escaped(rest)? } else { (Some(' '), 2) };
                if character.is_none() {
                    out.extend_from_slice(json.get(copied..at)?);
                    out.extend_from_slice(b"\\ufffd");
                    lost += 1;
                    copied = at + length;
                }
                at += length;
                continue;
            }
            _ if is_text => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.checked_sub(1)?,
            b'-' | b'0'..=b'9' => {
                let length = number_length(json.get(at..)?)?;
                at += length;
                continue;
            }
            _ => {}
        }
        if depth > DEEPEST {
            return None;
        }
        at += 1;
    }
    out.extend_from_slice(json.get(copied..)?);
    Some(lost)
}

/// How long the number is that a text begins with; `None` when it is too large for the server.
fn number_length(text: &[u8]) -> Option<usize> {
    let is_part = |byte: &u8| matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9');
    let length = text.iter().position(|byte| !is_part(byte)).unwrap_or(text.len());
    let number = text.get(..length)?;
    let exponent = number.iter().position(|byte| matches!(byte, b'e' | b'E')).and_then(|at| number.get(at + 1..));
    let is_small = |exponent: &[u8]| {
        let digits = std::str::from_utf8(exponent).ok().and_then(|digits| digits.parse::<i64>().ok());
        digits.is_some_and(|digits| digits.unsigned_abs() <= LONGEST_NUMBER as u64)
    };
    (length <= LONGEST_NUMBER && exponent.is_none_or(is_small)).then_some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(raw: &str) -> (String, Option<usize>) {
        let mut out = Vec::new();
        let lost = unescape(raw.as_bytes(), &mut out);
        (String::from_utf8(out).unwrap(), lost)
    }

    #[test]
    fn a_text_is_what_it_stands_for() {
        for (raw, due, lost) in [
            ("plain ä", "plain ä", 0),
            (r#"x\n\"y\"\\\/\t"#, "x\n\"y\"\\/\t", 0),
            (r"\u00e4\u0000b", "ä\u{fffd}b", 1),
            (r"\ud83d\ude00", "😀", 0),
            (r"\ud83dx\ude00", "\u{fffd}x\u{fffd}", 2),
            (r"\\u0000", "\\u0000", 0),
        ] {
            assert_eq!(text(raw), (due.to_owned(), Some(lost)), "{raw}");
        }
        for broken in ["\\", "\\u", "\\u12", "\\uzzzz"] {
            assert_eq!(text(broken).1, None, "{broken}");
        }
    }

    #[test]
    fn a_document_is_one_that_the_server_takes() {
        for (json, due, lost) in [
            (r#"{"a":[1,-2.5e3,"x\"]"]}"#, r#"{"a":[1,-2.5e3,"x\"]"]}"#, 0),
            (r#"{"a\u0000":"\ud83d\ude00\ud83d\\u0000"}"#, r#"{"a\ufffd":"\ud83d\ude00\ufffd\\u0000"}"#, 2),
        ] {
            let mut out = Vec::new();
            assert_eq!(document(json.as_bytes(), &mut out), Some(lost));
            assert_eq!(String::from_utf8(out).unwrap(), due);
        }
        let deep = format!("{}{}", "[".repeat(2_000), "]".repeat(2_000));
        for json in [deep.as_str(), "[1e999999]", "[1e-999999]", "[1e99999999999999999999]"] {
            assert_eq!(document(json.as_bytes(), &mut Vec::new()), None);
        }
    }
}
