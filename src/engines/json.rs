//! A record taken apart where it stands: nothing is copied, and a number keeps all its digits.

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engines) enum JsonKind {
    Null,
    Bool,
    Number,
    Text,
    Object,
    Array,
}

/// A value as it stands in the record; a text without its quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engines) struct JsonSpan<'a> {
    pub(in crate::engines) kind: JsonKind,
    pub(in crate::engines) raw: &'a [u8],
    /// A text without any escape.
    pub(in crate::engines) is_plain: bool,
}

/// The members of an object, or the items of a list, one after the other. What is no JSON ends in `None`, never in a panic.
pub(in crate::engines) struct JsonWalk<'a> {
    rest: &'a [u8],
    is_first: bool,
    /// It went to its end, and that was where the text ends.
    is_whole: bool,
}

impl<'a> JsonWalk<'a> {
    pub(in crate::engines) fn members(text: &'a [u8]) -> Option<Self> {
        blank(text).strip_prefix(b"{").map(|rest| Self { rest, is_first: true, is_whole: false })
    }

    pub(in crate::engines) fn items(text: &'a [u8]) -> Option<Self> {
        blank(text).strip_prefix(b"[").map(|rest| Self { rest, is_first: true, is_whole: false })
    }

    /// The next member: its key without quotes, and its value.
    pub(in crate::engines) fn member(&mut self) -> Option<(&'a [u8], JsonSpan<'a>)> {
        self.step(b'}')?;
        let inside = self.rest.strip_prefix(b"\"")?;
        let (end, _) = text_end(inside)?;
        let (key, rest) = inside.split_at_checked(end)?;
        self.rest = blank(blank(rest.get(1..)?).strip_prefix(b":")?);
        Some((key, self.value()?))
    }

    /// The next item.
    pub(in crate::engines) fn item(&mut self) -> Option<JsonSpan<'a>> {
        self.step(b']')?;
        self.value()
    }

    /// Whether it came to a proper end.
    pub(in crate::engines) const fn is_whole(&self) -> bool {
        self.is_whole
    }

    fn step(&mut self, end: u8) -> Option<()> {
        self.rest = blank(self.rest);
        let (first, rest) = self.rest.split_first()?;
        if *first == end {
            self.is_whole = blank(rest).is_empty();
            self.rest = b"";
            return None;
        }
        if !self.is_first {
            self.rest = blank(self.rest.strip_prefix(b",")?);
        }
        self.is_first = false;
        Some(())
    }

    fn value(&mut self) -> Option<JsonSpan<'a>> {
        let (span, length) = first_value(self.rest)?;
        self.rest = self.rest.get(length..)?;
        Some(span)
    }
}

/// The value a text begins with, and how long it is.
fn first_value(text: &[u8]) -> Option<(JsonSpan<'_>, usize)> {
    let (kind, length) = match text.first()? {
        b'"' => {
            let inside = text.get(1..)?;
            let (end, is_plain) = text_end(inside)?;
            return Some((JsonSpan { kind: JsonKind::Text, raw: inside.get(..end)?, is_plain }, end + 2));
        }
        b'{' => (JsonKind::Object, nested_end(text)?),
        b'[' => (JsonKind::Array, nested_end(text)?),
        first => {
            let is_end = |byte: &u8| matches!(byte, b',' | b']' | b'}' | b' ' | b'\t' | b'\n' | b'\r');
            let length = text.iter().position(is_end).unwrap_or(text.len());
            let kind = match first {
                b'n' => JsonKind::Null,
                b't' | b'f' => JsonKind::Bool,
                b'-' | b'0'..=b'9' => JsonKind::Number,
                _ => return None,
            };
            (kind, length)
        }
    };
    Some((JsonSpan { kind, raw: text.get(..length)?, is_plain: true }, length))
}

/// A field of a record, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordField {
    /// Its name.
    pub name: String,
    /// Its value: a text without quotes, anything else as JSON writes it; `None` when it is null.
    pub text: Option<String>,
}

/// The fields of a record in their order; none when it is no JSON object.
pub fn fields_of(record: &str) -> Vec<RecordField> {
    let unescaped = |raw: &[u8]| {
        let quoted = [b"\"", raw, b"\""].concat();
        serde_json::from_slice::<String>(&quoted).unwrap_or_else(|_| String::from_utf8_lossy(raw).into_owned())
    };
    let Some(mut walk) = JsonWalk::members(record.as_bytes()) else { return Vec::new() };
    let mut fields = Vec::new();
    while let Some((key, span)) = walk.member() {
        let text = match span.kind {
            JsonKind::Null => None,
            JsonKind::Text => Some(unescaped(span.raw)),
            _ => Some(String::from_utf8_lossy(span.raw).into_owned()),
        };
        fields.push(RecordField { name: unescaped(key), text });
    }
    fields
}

fn blank(text: &[u8]) -> &[u8] {
    if text.first().is_some_and(|byte| *byte > b' ') { text } else { text.trim_ascii_start() }
}

/// Where a text ends whose first quote has gone by, and whether no escape is in it.
fn text_end(text: &[u8]) -> Option<(usize, bool)> {
    let mut is_plain = true;
    let mut bytes = text.iter().enumerate();
    loop {
        match bytes.next()? {
            (at, b'"') => return Some((at, is_plain)),
            (_, b'\\') => {
                is_plain = false;
                bytes.next()?;
            }
            _ => {}
        }
    }
}

fn nested_end(text: &[u8]) -> Option<usize> {
    let (mut depth, mut at) = (0_usize, 0);
    loop {
        match text.get(at)? {
            b'"' => at += text_end(text.get(at + 1..)?)?.0 + 1,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
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
    fn members_come_as_they_stand() {
        let text = br#" {"a":1.50,"b \"q\"" : "x\"y" , "c":{"d":["]}",{}]},"e":[1 , [2]],"f":null,"g":true,"h":""} "#;
        let mut walk = JsonWalk::members(text).unwrap();
        let mut found = Vec::new();
        while let Some((key, span)) = walk.member() {
            found.push((
                String::from_utf8_lossy(key).into_owned(),
                span.kind,
                String::from_utf8_lossy(span.raw).into_owned(),
                span.is_plain,
            ));
        }
        let due = [
            ("a", JsonKind::Number, "1.50", true),
            ("b \\\"q\\\"", JsonKind::Text, "x\\\"y", false),
            ("c", JsonKind::Object, r#"{"d":["]}",{}]}"#, true),
            ("e", JsonKind::Array, "[1 , [2]]", true),
            ("f", JsonKind::Null, "null", true),
            ("g", JsonKind::Bool, "true", true),
            ("h", JsonKind::Text, "", true),
        ];
        assert!(walk.is_whole());
        assert_eq!(found, due.map(|(key, kind, raw, plain)| (key.to_owned(), kind, raw.to_owned(), plain)));
    }

    #[test]
    fn what_is_no_json_is_no_panic() {
        for text in [
            "",
            "{",
            "{\"a",
            "{\"a\":",
            "{\"a\":[",
            "{\"a\":\"\\",
            "{\"a\":1,",
            "{\"a\":1} x",
            "[1,2",
            "{1:2}",
            "{\"a\":x}",
        ] {
            if let Some(mut walk) = JsonWalk::members(text.as_bytes()) {
                while walk.member().is_some() {}
                assert!(!walk.is_whole(), "{text}");
            }
            if let Some(mut walk) = JsonWalk::items(text.as_bytes()) {
                while walk.item().is_some() {}
                assert!(!walk.is_whole(), "{text}");
            }
        }
    }
}
