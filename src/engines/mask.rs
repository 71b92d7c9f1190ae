//! Secrets are taken out of everything a connector says: connectors print them, in messages, in addresses, in stack traces.
//!
//! By value, in every form they were seen in: as they are, escaped for JSON, percent-encoded, in base64 (also as a part of something
//! longer, as in HTTP Basic), in hexadecimal; each line of a key, each secret part of a pasted key file. And by pattern: what stands
//! behind `Bearer` or `access_token=`, or between `://` and `@`.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use fancy_regex::Regex;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use zeroize::Zeroizing;

/// What stands in the place of a secret.
const HIDDEN: &str = "[hidden]";
/// Shorter values would hide half of every text and are guessed anyway.
const SHORTEST: usize = 4;

pub(super) struct Masks {
    needles: Vec<Zeroizing<String>>,
}

impl Masks {
    pub(super) fn new(secrets: &[SecretString]) -> Self {
        let mut needles = BTreeSet::new();
        for secret in secrets {
            for part in parts(secret.expose_secret()) {
                needles.extend(forms(&part).into_iter().filter(|form| form.len() >= SHORTEST));
            }
        }
        let mut needles: Vec<_> = needles.into_iter().map(Zeroizing::new).collect();
        needles.sort_by_key(|needle| std::cmp::Reverse(needle.len()));
        Self { needles }
    }

    /// The text without the secrets.
    pub(super) fn hide(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for needle in &self.needles {
            if text.contains(needle.as_str()) {
                text = text.replace(needle.as_str(), HIDDEN);
            }
        }
        for (pattern, instead) in PATTERNS.iter() {
            text = pattern.replace_all(&text, *instead).into_owned();
        }
        text
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

/// The forms a value was seen in.
fn forms(value: &str) -> Vec<String> {
    let bytes = value.as_bytes();
    let json = serde_json::to_string(value).unwrap_or_default();
    let json = json.trim_matches('"').to_owned();
    let strict = percent(value, |byte| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte));
    // Python's quote() leaves the slash, quote_plus() turns spaces into plus signs.
    let path = strict.replace("%2F", "/");
    let hex: String = bytes.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    let mut forms = vec![
        value.to_owned(),
        ascii_json(&json),
        json.replace('/', "\\/"),
        value.replace('\\', "\\\\").replace('\'', "\\'"),
        lower_escapes(&strict),
        strict.replace("%20", "+"),
        strict,
        path,
        STANDARD.encode(bytes),
        json,
    ];
    if bytes.len() >= SHORTEST {
        forms.push(hex);
        forms.extend((0..3).flat_map(|before| inside_base64(bytes, before)));
    }
    forms
}

fn percent(value: &str, stays: impl Fn(u8) -> bool) -> String {
    value.bytes().fold(String::new(), |mut text, byte| {
        if stays(byte) {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
        text
    })
}

fn lower_escapes(encoded: &str) -> String {
    let mut rest = 0;
    let lower = |c: char| {
        rest = if c == '%' { 3 } else { rest - i32::from(rest > 0) };
        if rest > 0 { c.to_ascii_lowercase() } else { c }
    };
    encoded.chars().map(lower).collect()
}

/// Everything outside ASCII as `\uXXXX`, as many writers of JSON do it.
fn ascii_json(json: &str) -> String {
    let mut text = String::new();
    for c in json.chars() {
        if c.is_ascii() {
            text.push(c);
        } else {
            c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| {
                let _ = write!(text, "\\u{unit:04x}");
            });
        }
    }
    text
}

/// The part of the value's base64 text that is the same whatever stands around it, when `before` bytes (modulo 3) come first.
fn inside_base64(bytes: &[u8], before: usize) -> Vec<String> {
    let shifted: Vec<u8> = std::iter::repeat_n(0, before).chain(bytes.iter().copied()).collect();
    let from = (before * 8).div_ceil(6);
    let until = shifted.len() * 8 / 6;
    let engines = [STANDARD_NO_PAD.encode(&shifted), URL_SAFE_NO_PAD.encode(&shifted)];
    engines.into_iter().filter_map(|text| text.get(from..until).map(str::to_owned)).collect()
}

static PATTERNS: LazyLock<Vec<(Regex, &'static str)>> = LazyLock::new(|| {
    let patterns = [
        (r"(?i)\b(bearer|basic)\s+[A-Za-z0-9\-._~+/=]{8,}", "$1 [hidden]"),
        (
            r#"(?i)((?:access|refresh|id|api|auth)[_-]?(?:token|key)|client[_-]secret|password|passwd|secret)(["']?\s*=\s*["']?|["']\s*:\s*["'])(?!\[hidden\])[^\s"'&,;}\]]{4,}"#,
            "$1$2[hidden]",
        ),
        (r"(://[^\s/:@]*):[^\s/@]+@", "$1:[hidden]@"),
        (r"\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}(\.[A-Za-z0-9_-]*)?", "[hidden]"),
    ];
    patterns.into_iter().filter_map(|(pattern, instead)| Some((Regex::new(pattern).ok()?, instead))).collect()
});

#[cfg(test)]
mod tests {
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
}
