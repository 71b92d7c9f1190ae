//! What happens to a text on its way from a mail, a chat or a file into a field: invisible characters, quotes, lost line ends, the wrong
//! half of a key. What is unambiguous is mended; the rest is refused in words, before somebody calls it complete.
//!
//! Invariants: pure; a text that was right stays as it is, byte for byte; what was mended once is not mended again.

mod host;
mod json_key;
mod pem;

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::base::forms::PasteFault;

/// What a text field takes, as far as pasting can go wrong with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pasted {
    /// Any text.
    #[default]
    Text,
    /// A password: every character may belong to it.
    Password,
    /// What is sent in a header or an address of a web service.
    Token,
    /// The key file of a service account, JSON.
    JsonKey,
    /// A private key, PEM (RFC 7468).
    PrivateKey,
    /// One or more certificates, PEM.
    Certificate,
    /// The name or address of a host, alone.
    Host {
        /// The port has a field of its own beside it.
        beside_port: bool,
    },
}

/// The text that was meant, of a text that is not empty.
///
/// # Errors
/// Why it cannot be what the field takes.
pub fn mend(kind: Pasted, text: &str) -> Result<Cow<'_, str>, PasteFault> {
    match kind {
        Pasted::Password => Ok(Cow::Borrowed(text)),
        Pasted::Text => Ok(Cow::Borrowed(trimmed(text))),
        Pasted::Token => token(text),
        Pasted::JsonKey => json_key::mend(text),
        Pasted::PrivateKey => pem::private_key(text),
        Pasted::Certificate => pem::certificate(text),
        Pasted::Host { beside_port } => host::mend(text, beside_port),
    }
}

/// The host and the digits of the port, of a text that names both and nothing more: `db.example.com:5432`, `[::1]:5432`.
#[must_use]
pub fn host_and_port(text: &str) -> Option<(&str, &str)> {
    host::with_port(text)
}

/// Whether a space, or a character that nobody sees, stands at an end of a text.
#[must_use]
pub fn has_edge(text: &str) -> bool {
    trimmed(text) != text
}

/// Whether nobody sees a character, and it is no space or line end: marks of byte order, of direction and of joining (Unicode `Cf`).
pub(super) fn is_invisible(letter: char) -> bool {
    matches!(letter, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{180e}')
}

/// Without spaces and invisible characters at both ends.
pub fn trimmed(text: &str) -> &str {
    text.trim_matches(|letter: char| letter.is_whitespace() || is_invisible(letter))
}

/// Without one pair of quotes around it, as programs and word processors put them, or the fences of a code block.
pub(super) fn unquoted(text: &str) -> &str {
    const PAIRS: [(&str, &str); 6] =
        [("```", "```"), ("\"", "\""), ("'", "'"), ("`", "`"), ("\u{201c}", "\u{201d}"), ("\u{2018}", "\u{2019}")];
    let inside = |(open, close): &(&str, &str)| text.strip_prefix(open)?.strip_suffix(close);
    PAIRS.iter().find_map(inside).filter(|inside| !inside.is_empty()).map_or(text, trimmed)
}

/// A name like `~/keys/shop.pem` or `C:\keys\key.json`: one line, and an ending of such files.
pub(super) fn is_file_name(text: &str) -> bool {
    let endings = ["json", "pem", "key", "ppk", "p8", "pk8", "crt", "cer", "pub", "txt"];
    let ending = text.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    let is_line = !text.contains(['\n', '{']) && text.len() < 1_000;
    let is_home =
        ["~/", "/", "./", "../", "file:"].iter().any(|head| text.starts_with(head)) || text.get(1..3) == Some(":\\");
    let looks_so = text.contains('.') && endings.contains(&ending.as_str());
    is_line
        && !text.starts_with("-----")
        && (looks_so || (is_home && text.len() < 260 && !text.ends_with('=') && text.contains(['.', '\\', '~'])))
}

/// A text that fits a field like this, another for each number; None where any text does.
pub fn sample(kind: Pasted, number: usize) -> Option<String> {
    // The shortest sequence there is, with one byte in it (X.690 section 8.1).
    let key = || {
        let letters = STANDARD.encode([0x30, 1, u8::try_from(number % 256).unwrap_or(0)]);
        format!("-----BEGIN PRIVATE KEY-----\n{letters}\n-----END PRIVATE KEY-----\n")
    };
    match kind {
        Pasted::Text | Pasted::Password => None,
        Pasted::Token => Some(format!("sample_{number}")),
        Pasted::PrivateKey => Some(key()),
        Pasted::Certificate => Some(key().replace("PRIVATE KEY", "CERTIFICATE")),
        Pasted::JsonKey => {
            let email = format!("sample-{number}@example.com");
            Some(json!({"type": "service_account", "client_email": email, "private_key": key()}).to_string())
        }
        Pasted::Host { .. } => Some(format!("sample-{number}.example.com")),
    }
}

fn token(text: &str) -> Result<Cow<'_, str>, PasteFault> {
    let text = unquoted(trimmed(text));
    let bare = ["Bearer ", "bearer ", "Authorization: Bearer "].iter().find_map(|head| text.strip_prefix(head));
    let text = bare.map_or(text, trimmed);
    if text.contains(is_invisible) { Err(PasteFault::Invisible) } else { Ok(Cow::Borrowed(text)) }
}
