//! The key file of a service account: JSON with a private key in it.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::{is_file_name, pem, trimmed, unquoted};
use crate::base::forms::PasteFault;

pub(super) fn mend(text: &str) -> Result<Cow<'_, str>, PasteFault> {
    let text = trimmed(text);
    if let Some(object) = object_of(text) {
        let mended = judged(&object)?;
        return Ok(mended.map_or(Cow::Borrowed(text), |object| Cow::Owned(object.to_string())));
    }
    let bare = unquoted(text);
    if is_file_name(bare) {
        return Err(PasteFault::FileName);
    }
    // The braces stayed behind when the lines between them were marked.
    let braced = object_of(&format!("{{{}}}", text.trim_end_matches(',')));
    let repaired = || repairs().into_iter().find_map(|repair| object_of(&repair(bare)?));
    let object = braced.or_else(repaired).ok_or_else(|| nothing(bare))?;
    Ok(Cow::Owned(judged(&object)?.unwrap_or(object).to_string()))
}

fn nothing(text: &str) -> PasteFault {
    if text.starts_with('{') && !text.ends_with('}') {
        PasteFault::CutOff
    } else if text.starts_with("-----BEGIN") {
        PasteFault::LacksMember("client_email")
    } else {
        PasteFault::NotJsonKey
    }
}

fn object_of(text: &str) -> Option<Value> {
    serde_json::from_str::<Value>(text).ok().filter(Value::is_object)
}

type Repair = fn(&str) -> Option<String>;

/// What may have happened, one after the other; each gives the text from before.
fn repairs() -> [Repair; 7] {
    [
        |text| Some(text.to_owned()),
        // A text of JSON that was written as a text of JSON.
        |text| serde_json::from_str::<String>(text).ok(),
        |text| serde_json::from_str::<String>(&format!("\"{text}\"")).ok(),
        |text| Some(straight(text)),
        |text| Some(with_escaped_lines(text)),
        |text| Some(with_escaped_lines(&straight(text))),
        |text| {
            let letters: String = text.split_whitespace().collect();
            String::from_utf8(STANDARD.decode(letters).ok()?).ok()
        },
    ]
}

/// With the quotes that JSON has, where a word processor put its own.
fn straight(text: &str) -> String {
    text.replace(['\u{201c}', '\u{201d}', '\u{201e}', '\u{ab}', '\u{bb}'], "\"").replace('\u{a0}', " ")
}

/// With line ends inside of texts written as JSON wants them.
fn with_escaped_lines(text: &str) -> String {
    let (mut inside, mut escaped) = (false, false);
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' if inside => out.push_str("\\n"),
            '\r' if inside => {}
            _ => out.push(letter),
        }
        inside ^= letter == '"' && !escaped;
        escaped = letter == '\\' && !escaped;
    }
    out
}

/// Whether it is the key of a service account; gives it with a mended private key where that was damaged.
fn judged(object: &Value) -> Result<Option<Value>, PasteFault> {
    let text = |member: &'static str| object.get(member).and_then(Value::as_str).filter(|text| !text.trim().is_empty());
    match text("type") {
        Some("authorized_user") => return Err(PasteFault::PersonalSignIn),
        // Federated identities have no key in their file.
        Some("external_account" | "impersonated_service_account") => return Ok(None),
        _ => {}
    }
    if object.get("installed").is_some() || object.get("web").is_some() {
        return Err(PasteFault::PersonalSignIn);
    }
    let key = text("private_key").ok_or(PasteFault::LacksMember("private_key"))?;
    text("client_email").ok_or(PasteFault::LacksMember("client_email"))?;
    let mended = match pem::private_key(key)? {
        Cow::Borrowed(_) => None,
        Cow::Owned(mended) => Some(mended).filter(|mended| mended != key),
    };
    Ok(mended.map(|mended| {
        let mut object = object.clone();
        if let Some(key) = object.get_mut("private_key") {
            *key = Value::from(mended);
        }
        object
    }))
}
