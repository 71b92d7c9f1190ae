//! Parts of a JSON text, cut out as they stand: a record goes through unchanged, its numbers too, without being taken apart.

/// Whether the bytes are one JSON value in UTF-8.
pub(super) fn is_json(text: &[u8]) -> bool {
    std::str::from_utf8(text).is_ok() && serde_json::from_slice::<serde::de::IgnoredAny>(text).is_ok()
}

/// The members of an object, key without its quotes and value as they stand; nothing when the text is something else. The text
/// must be [`is_json`].
pub(super) fn members(text: &[u8]) -> Members<'_> {
    let rest = text.trim_ascii();
    Members { rest: rest.strip_prefix(b"{").unwrap_or_default() }
}

/// See [`members`].
pub(super) struct Members<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Members<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rest.trim_ascii_start();
        let rest = rest.strip_prefix(b",").unwrap_or(rest).trim_ascii_start();
        let (key, rest) = split(rest, string_end(rest)?)?;
        let key = key.get(1..key.len().checked_sub(1)?)?;
        let rest = rest.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
        let (value, rest) = split(rest, value_end(rest)?)?;
        self.rest = rest;
        Some((key, value))
    }
}

/// The value of a member.
pub(super) fn member<'a>(text: &'a [u8], name: &str) -> Option<&'a [u8]> {
    members(text).find(|(key, _)| *key == name.as_bytes()).map(|(_, value)| value)
}

/// An object with those of its members whose names are wanted.
pub(super) fn only(text: &[u8], wanted: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let mut object = vec![b'{'];
    for (key, value) in members(text).filter(|(key, _)| wanted(key)) {
        if object.len() > 1 {
            object.push(b',');
        }
        object.push(b'"');
        object.extend_from_slice(key);
        object.extend_from_slice(b"\":");
        object.extend_from_slice(value);
    }
    object.push(b'}');
    object
}

fn split(text: &[u8], at: usize) -> Option<(&[u8], &[u8])> {
    text.split_at_checked(at)
}

/// Where a string that begins here ends, its closing quote included.
fn string_end(text: &[u8]) -> Option<usize> {
    text.first().filter(|byte| **byte == b'"')?;
    let mut guarded = false;
    for (at, byte) in text.iter().enumerate().skip(1) {
        match byte {
            _ if guarded => guarded = false,
            b'\\' => guarded = true,
            b'"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

fn value_end(text: &[u8]) -> Option<usize> {
    match text.first()? {
        b'"' => string_end(text),
        b'{' | b'[' => nested_end(text),
        _ => Some(text.iter().position(|byte| b",}] \t\r\n".contains(byte)).unwrap_or(text.len())),
    }
}

fn nested_end(text: &[u8]) -> Option<usize> {
    let (mut depth, mut at) = (0_usize, 0);
    loop {
        match text.get(at)? {
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth == 1 => return Some(at + 1),
            b'}' | b']' => depth -= 1,
            b'"' => {
                at += string_end(text.get(at..)?)?;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_cut_out_as_they_stand() {
        let text = br#" {"a": "x\"}\\", "b" :{"c":[1,{"d":"]"}]} , "n":12345678901234567890.10, "e":true,"z":[]} "#;
        let found: Vec<(&str, &str)> = members(text)
            .map(|(key, value)| (std::str::from_utf8(key).unwrap(), std::str::from_utf8(value).unwrap()))
            .collect();
        let due = [
            ("a", r#""x\"}\\""#),
            ("b", r#"{"c":[1,{"d":"]"}]}"#),
            ("n", "12345678901234567890.10"),
            ("e", "true"),
            ("z", "[]"),
        ];
        assert_eq!(found, due);
        assert_eq!(only(text, |key| key == b"n" || key == b"z"), br#"{"n":12345678901234567890.10,"z":[]}"#);
        assert!(members(b"[1]").next().is_none() && members(b"{}").next().is_none());
        assert!(
            is_json(text) && !is_json(b"{\"a\":\"\xff\"}") && !is_json(b"{\"a\":1") && !is_json(b"{\"a\":\"\x01\"}")
        );
    }

    proptest::proptest! {
        #[test]
        fn what_is_cut_out_means_what_it_meant(keys in proptest::collection::btree_map("[a-z\"\\\\é]{0,6}", ".{0,12}", 0..6)) {
            let text = serde_json::to_vec(&keys).unwrap();
            let found = members(&text).count();
            proptest::prop_assert_eq!(found, keys.len());
            for (key, value) in members(&text) {
                let key: String = serde_json::from_slice(&[b"\"", key, b"\""].concat()).unwrap();
                let value: String = serde_json::from_slice(value).unwrap();
                proptest::prop_assert_eq!(keys.get(&key), Some(&value));
            }
        }
    }
}
