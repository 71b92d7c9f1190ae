//! Secrets are taken out of everything a connector says: connectors print them, in messages, in addresses, in stack traces.
//!
//! By value: the text is looked through as it is and behind its encodings (`encodings.rs`), however they are spelled and with one inside
//! another; of a key each line, of a pasted key file each secret part. And by pattern: what stands behind `Bearer` or `access_token=`, or
//! between `://` and `@`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::ops::Range;
use std::sync::LazyLock;

use fancy_regex::Regex;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use zeroize::Zeroizing;

use super::encodings::Layer;

/// What stands in the place of a secret.
const HIDDEN: &str = "[hidden]";
/// Shorter values would hide half of every text and are guessed anyway.
const SHORTEST: usize = 4;
/// So many times base64 or hexadecimal stand one in the other.
const MOST_DECODED: usize = 2;

pub(super) struct Masks {
    /// By their first two bytes.
    needles: BTreeMap<[u8; 2], Vec<Zeroizing<Vec<u8>>>>,
    /// Whether any begins so.
    begins: Vec<bool>,
}

impl Masks {
    pub(super) fn new(secrets: &[SecretString]) -> Self {
        let all: BTreeSet<Vec<u8>> =
            secrets.iter().flat_map(|secret| parts(secret.expose_secret())).flat_map(|part| forms(&part)).collect();
        let mut masks = Self { needles: BTreeMap::new(), begins: Vec::new() };
        for needle in all.into_iter().map(Zeroizing::new).filter(|needle| needle.len() >= SHORTEST) {
            let [first, second, ..] = needle[..] else { continue };
            masks.begins.resize(1 << 16, false);
            if let Some(begins) = masks.begins.get_mut(usize::from(u16::from_be_bytes([first, second]))) {
                *begins = true;
            }
            masks.needles.entry([first, second]).or_default().push(needle);
        }
        masks
    }

    /// The text without the secrets.
    pub(super) fn hide(&self, text: &str) -> String {
        let mut text = self.without_values(text);
        let small = text.to_ascii_lowercase();
        for (words, pattern, instead) in PATTERNS.iter() {
            if words.iter().any(|word| small.contains(word)) {
                text = pattern.replace_all(&text, *instead).into_owned();
            }
        }
        text
    }

    fn without_values(&self, text: &str) -> String {
        let mut found = Vec::new();
        if !self.needles.is_empty() {
            self.look(Layer::of(text), MOST_DECODED, &mut found);
        }
        found.sort_by_key(|piece| (piece.start, piece.end));
        let (mut hidden, mut at) = (String::with_capacity(text.len()), 0);
        for piece in found {
            if piece.end <= at {
                continue;
            }
            if piece.start >= at {
                hidden.push_str(text.get(at..piece.start).unwrap_or_default());
                hidden.push_str(HIDDEN);
            }
            at = piece.end;
        }
        hidden.push_str(text.get(at..).unwrap_or_default());
        hidden
    }

    /// The pieces of the text in which a secret stands.
    fn look(&self, layer: Layer, decodings: usize, found: &mut Vec<Range<usize>>) {
        for layer in layer.with_unescaped() {
            self.look_at(&layer, found);
            if decodings > 0 {
                let begins = |bytes: &[u8]| bytes.windows(2).any(|pair| self.begins(pair).is_some());
                layer.decoded(begins).into_iter().for_each(|inner| self.look(inner, decodings - 1, found));
            }
        }
    }

    /// The needles that begin with two bytes.
    fn begins(&self, pair: &[u8]) -> Option<&Vec<Zeroizing<Vec<u8>>>> {
        let [first, second] = pair else { return None };
        let pair = [*first, *second];
        let begins = self.begins.get(usize::from(u16::from_be_bytes(pair))).copied().unwrap_or_default();
        if begins { self.needles.get(&pair) } else { None }
    }

    fn look_at(&self, layer: &Layer, found: &mut Vec<Range<usize>>) {
        for (at, pair) in layer.bytes.windows(2).enumerate() {
            let Some(needles) = self.begins(pair) else { continue };
            let rest = layer.bytes.get(at..).unwrap_or_default();
            let here = needles.iter().filter(|needle| rest.starts_with(needle));
            if let Some(length) = here.map(|needle| needle.len()).max() {
                found.push(layer.piece(at..at + length));
            }
        }
    }
}

/// The value, and what in it is a secret by itself.
fn parts(secret: &str) -> Vec<String> {
    let trimmed = secret.trim();
    let mut parts = vec![secret.to_owned(), trimmed.to_owned()];
    if trimmed.contains('\n') {
        let lines = trimmed.lines().map(str::trim).filter(|line| line.len() >= 16 && !line.starts_with("-----"));
        parts.extend(lines.map(str::to_owned));
    }
    if let Ok(Value::Object(fields)) = serde_json::from_str(trimmed) {
        let is_secret = |name: &str| {
            let name = name.to_lowercase();
            ["key", "secret", "token", "password"].iter().any(|word| name.contains(word))
        };
        let found = fields.iter().filter(|(name, _)| is_secret(name)).filter_map(|(_, value)| value.as_str());
        parts.extend(found.flat_map(self::parts));
    }
    parts
}

/// A value as it is, with spaces as forms write them, and without what looks like an escape in it, as it is when the escapes of a text around
/// it are taken away; and escaped for JSON and for addresses, because what follows it there may look like a part of an escape, too.
fn forms(value: &str) -> Vec<Vec<u8>> {
    let json = serde_json::to_string(value).unwrap_or_default();
    let percent = percent(value);
    let mut forms = vec![json.trim_matches('"').to_owned(), percent.to_lowercase(), percent];
    forms.extend([value.to_owned(), value.replace(' ', "+")]);
    let bare = forms.clone().into_iter().filter_map(|form| Layer::of(&form).with_unescaped().pop());
    bare.map(|layer| layer.bytes.to_vec()).chain(forms.into_iter().map(String::into_bytes)).collect()
}

fn percent(value: &str) -> String {
    value.bytes().fold(String::new(), |mut text, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
        text
    })
}

/// One of these words, a pattern that cannot fit without, and what stands in its place.
type LogPattern = (&'static [&'static str], Regex, &'static str);

static PATTERNS: LazyLock<Vec<LogPattern>> = LazyLock::new(|| {
    let patterns: [(&[&str], &str, &str); 4] = [
        (&["bearer", "basic"], r"(?i)\b(bearer|basic)\s+[A-Za-z0-9\-._~+/=]{8,}", "$1 [hidden]"),
        (
            &["key", "token", "secret", "passw"],
            r#"(?i)((?:access|refresh|id|api|auth)[_-]?(?:token|key)|client[_-]secret|password|passwd|secret)(["']?\s*=\s*["']?|["']\s*:\s*["'])(?!\[hidden\])[^\s"'&,;}\]]{4,}"#,
            "$1$2[hidden]",
        ),
        (&["://"], r"(://[^\s/:@]*):[^\s/@]+@", "$1:[hidden]@"),
        (&["eyj"], r"\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}(\.[A-Za-z0-9_-]*)?", "[hidden]"),
    ];
    let made = patterns.into_iter();
    made.filter_map(|(words, pattern, instead)| Some((words, Regex::new(pattern).ok()?, instead))).collect()
});

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE};
    use proptest::prelude::*;

    use super::*;

    const SECRET: &str = "pä/ss \"wörd\"+1&x";

    fn hide(text: &str) -> String {
        Masks::new(&[SecretString::from(SECRET)]).hide(text)
    }

    #[test]
    fn a_secret_is_hidden_in_every_form_it_was_seen_in() {
        let encoded = [
            SECRET.to_owned(),
            serde_json::to_string(SECRET).unwrap(),
            r#"p\u00e4/ss \"w\u00f6rd\"+1&x"#.to_owned(),
            "p%C3%A4%2Fss%20%22w%C3%B6rd%22%2B1%26x".to_owned(),
            "p%c3%a4%2fss%20%22w%c3%b6rd%22%2b1%26x".to_owned(),
            "p%C3%A4/ss%20%22w%C3%B6rd%22%2B1%26x".to_owned(),
            "p%C3%A4%2Fss+%22w%C3%B6rd%22%2B1%26x".to_owned(),
            STANDARD.encode(SECRET),
        ];
        for text in encoded {
            let line = format!("before {text} after");
            let hidden = hide(&line);
            assert!(hidden.contains("[hidden]") && !hidden.contains("rd"), "{text}: {hidden}");
        }
        for user in ["a", "an", "ann", "anna"] {
            let header = STANDARD.encode(format!("{user}:{SECRET}:tail"));
            let hidden = hide(&header);
            assert!(hidden.contains("[hidden]") && hidden.len() < header.len() - 10, "{user}: {hidden}");
        }
    }

    #[test]
    fn parts_of_keys_are_hidden_and_patterns_are() {
        let pem = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQ\nabcdefghijklmnopqrst\n-----END PRIVATE KEY-----\n";
        let file = serde_json::json!({"client_email": "robot@example.com", "private_key": pem}).to_string();
        let masks = Masks::new(&[SecretString::from(file)]);
        let hidden = masks.hide("robot@example.com: abcdefghijklmnopqrst");
        assert_eq!(hidden, "robot@example.com: [hidden]");
        let none = Masks::new(&[]);
        for (text, due) in [
            ("GET /x?access_token=abc123def&y=1", "GET /x?access_token=[hidden]&y=1"),
            ("Authorization: Bearer abcdefghijkl", "Authorization: Bearer [hidden]"),
            ("postgres://ann:geheim@db/x", "postgres://ann:[hidden]@db/x"),
            ("{\"password\": \"geheim\"}", "{\"password\": \"[hidden]\"}"),
            ("the password is wrong", "the password is wrong"),
        ] {
            assert_eq!(none.hide(text), due);
        }
    }

    type SeenEncoding = (&'static str, fn(&str) -> String);

    /// Every encoding by its name.
    const ENCODINGS: [SeenEncoding; 17] = [
        ("as it is", str::to_owned),
        ("JSON", |text| inner(&serde_json::to_string(text).unwrap())),
        ("JSON in JSON", |text| inner(&serde_json::to_string(&inner(&serde_json::to_string(text).unwrap())).unwrap())),
        ("JSON with \\/", |text| inner(&serde_json::to_string(text).unwrap()).replace('/', "\\/")),
        ("\\uXXXX", |text| text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect()),
        ("\\uXXXX, large", |text| text.encode_utf16().map(|unit| format!("\\u{unit:04X}")).collect()),
        ("\\xXX", |text| text.bytes().map(|byte| format!("\\x{byte:02x}")).collect()),
        ("percent", percent),
        ("percent, small", |text| text.bytes().map(|byte| format!("%{byte:02x}")).collect()),
        ("form", |text| percent(text).replace("%20", "+")),
        ("XML", |text| xml(text, |letter| format!("&#{};", u32::from(letter)))),
        ("XML, hexadecimal", |text| xml(text, |letter| format!("&#x{:X};", u32::from(letter)))),
        ("base64", |text| STANDARD.encode(text)),
        ("base64, not filled up", |text| STANDARD_NO_PAD.encode(format!("me:{text}"))),
        ("base64 for addresses", |text| URL_SAFE.encode(format!("m:{text}:x"))),
        ("hexadecimal", |text| text.bytes().map(|byte| format!("{byte:02x}")).collect()),
        ("hexadecimal, large", |text| text.bytes().map(|byte| format!("{byte:02X}")).collect()),
    ];

    fn inner(json: &str) -> String {
        json.strip_prefix('"').and_then(|json| json.strip_suffix('"')).unwrap().to_owned()
    }

    fn xml(text: &str, number: impl Fn(char) -> String) -> String {
        let escaped = |letter: char| match letter {
            '&' => "&amp;".to_owned(),
            '<' => "&lt;".to_owned(),
            '>' => "&gt;".to_owned(),
            '"' => "&quot;".to_owned(),
            letter if letter.is_ascii_alphanumeric() || letter == ' ' => letter.to_string(),
            letter => number(letter),
        };
        text.chars().map(escaped).collect()
    }

    fn secrets() -> impl Strategy<Value = String> {
        prop_oneof![
            "[ -~]{8,40}",
            "[a-zA-Z0-9+/=_-]{8,64}",
            "\\PC{8,24}",
            "[\"\\\\%&<>';#u0-9a-f]{8,24}",
            "[A-Za-z]{4,8}\n[ -~]{8}"
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]
        #[test]
        fn no_encoding_shows_a_secret_nor_one_in_another(secret in secrets()) {
            let masks = Masks::new(&[SecretString::from(secret.clone())]);
            prop_assume!(secret.trim() == secret);
            for (first, encode) in ENCODINGS {
                for (second, encode_again) in ENCODINGS {
                    let encoded = encode_again(&encode(&secret));
                    let hidden = masks.hide(&format!("before <{encoded}> after"));
                    prop_assert!(hidden.contains(HIDDEN), "{first} in {second}: {encoded}");
                    // Letters around it in the same group of base64 may go with it, and no more of it may stay than a group has.
                    let left = hidden.replace(HIDDEN, "").len().saturating_sub("before <> after".len());
                    prop_assert!(left <= 64, "{first} in {second}: {encoded} became {hidden}");
                }
            }
        }

        #[test]
        fn a_text_without_secrets_stays_as_it_is(text in "[ -~é]{0,200}") {
            let masks = Masks::new(&[SecretString::from("a-secret-that-is-not-there-7431")]);
            prop_assert_eq!(masks.without_values(&text), text);
        }
    }

    #[test]
    #[ignore = "a measurement: MB of log a second"]
    fn what_it_costs() {
        let line = r#"2026-12-01T12:00:00Z INFO {"message": "Read 500 records from stream \"orders\"", "url": "https://api.example.com/v1/orders?page=3&per_page=100%20", "id": "b2d5b3a3c4e84f0fb9d6b0b7d2f81c11"}"#;
        let secrets: Vec<SecretString> =
            (0..8).map(|n| SecretString::from(format!("sk_live_{n}_51HyV9aQ0kZ"))).collect();
        let masks = Masks::new(&secrets);
        let count = 4 * 1024 * 1024 / line.len();
        #[allow(clippy::disallowed_methods, reason = "a measurement")]
        let start = std::time::Instant::now();
        let length: usize = (0..count).map(|_| masks.hide(line).len()).sum();
        let took = start.elapsed();
        println!("{} bytes in {took:?}: {:.1} ms a MB", length, took.as_secs_f64() * 1000.0 / 4.0);
    }
}
