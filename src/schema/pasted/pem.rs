//! Keys and certificates as text: RFC 7468, and what becomes of it in mails, in JSON and in one line.

use std::borrow::Cow;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::{is_file_name, is_invisible, trimmed, unquoted};
use crate::base::forms::PasteFault;

/// Letters of a line (RFC 7468 section 2).
const WIDTH: usize = 64;

/// Padding is sometimes lost at the end of a line.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// One block between BEGIN and END.
struct Block<'a> {
    label: &'a str,
    body: &'a str,
}

pub(super) fn private_key(text: &str) -> Result<Cow<'_, str>, PasteFault> {
    let plain = with_line_ends(unquoted(trimmed(text)));
    if let Some(fault) = wrong_thing(&plain) {
        return Err(fault);
    }
    let blocks = blocks(&plain)?;
    let Some(key) = blocks.iter().find(|block| block.label.ends_with("PRIVATE KEY")) else {
        return Err(match blocks.first().map(|block| block.label) {
            Some(label) if label.ends_with("PUBLIC KEY") => PasteFault::PublicHalf,
            Some(label) if label.contains("CERTIFICATE") => PasteFault::IsCertificate,
            Some(_) => PasteFault::NoKey,
            None if is_body(&plain) => PasteFault::BodyOnly,
            None => PasteFault::NoKey,
        });
    };
    check_whole(key)?;
    Ok(written(text, &blocks))
}

pub(super) fn certificate(text: &str) -> Result<Cow<'_, str>, PasteFault> {
    let plain = with_line_ends(unquoted(trimmed(text)));
    if is_file_name(&plain) {
        return Err(PasteFault::FileName);
    }
    let blocks = blocks(&plain)?;
    if !blocks.iter().any(|block| block.label.ends_with("CERTIFICATE")) {
        return Err(match blocks.first().map(|block| block.label) {
            Some(label) if label.ends_with("PRIVATE KEY") => PasteFault::IsPrivateKey,
            None if is_body(&plain) => PasteFault::BodyOnly,
            Some(_) | None => PasteFault::NoCertificate,
        });
    }
    for block in &blocks {
        check_whole(block)?;
    }
    Ok(written(text, &blocks))
}

/// What is recognised before any BEGIN is looked for.
fn wrong_thing(text: &str) -> Option<PasteFault> {
    let public =
        ["ssh-rsa ", "ssh-ed25519 ", "ssh-dss ", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-", "---- BEGIN SSH2 PUBLIC KEY"];
    if public.iter().any(|head| text.starts_with(head)) {
        return Some(PasteFault::PublicHalf);
    }
    if text.starts_with("PuTTY-User-Key-File") {
        return Some(PasteFault::Putty);
    }
    if text.starts_with("SHA256:") || text.starts_with("MD5:") {
        return Some(PasteFault::Fingerprint);
    }
    if text.starts_with('{') && text.contains("private_key") {
        return Some(PasteFault::WholeJsonFile);
    }
    is_file_name(text).then_some(PasteFault::FileName)
}

/// Line ends that became the two letters `\n`, and dashes that a word processor made longer.
fn with_line_ends(text: &str) -> String {
    let text: String = text.chars().filter(|letter| !is_invisible(*letter)).collect();
    let text = text.replace("\\r\\n", "\n").replace("\\n", "\n").replace("\r\n", "\n").replace('\r', "\n");
    if !text.contains(['\u{2013}', '\u{2014}', '\u{2011}', '\u{2010}']) {
        return text;
    }
    // Each long dash stood for two or three; the marks of a block are found by their words alone.
    text.replace(['\u{2014}', '\u{2013}'], "--").replace(['\u{2011}', '\u{2010}'], "-")
}

/// The blocks of a text. Whatever stands between them (names, remarks of programs) is none of them.
fn blocks(text: &str) -> Result<Vec<Block<'_>>, PasteFault> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("BEGIN ") {
        let Some((label, after)) = after.split_once("--") else { return Err(PasteFault::CutOff) };
        let end = format!("END {}", label.trim());
        let Some((body, after)) = after.split_once(end.as_str()) else { return Err(PasteFault::CutOff) };
        found.push(Block {
            label: label.trim(),
            body: body.trim_matches(|letter: char| letter == '-' || letter.is_whitespace()),
        });
        rest = after;
    }
    Ok(found)
}

/// Text as it stands between BEGIN and END, and nothing else.
fn is_body(text: &str) -> bool {
    let letters: String = text.split_whitespace().collect();
    letters.len() >= 64
        && BASE64
            .decode(&letters)
            .is_ok_and(|bytes| bytes.first() == Some(&0x30) || bytes.starts_with(b"openssh-key-v1"))
}

/// Keys that are locked the old way say so in lines of their own (RFC 1421); those lines are no base64.
fn has_headers(block: &Block<'_>) -> bool {
    block.body.contains("Proc-Type:")
}

fn check_whole(block: &Block<'_>) -> Result<(), PasteFault> {
    let letters: String = if has_headers(block) {
        // What is locked cannot be looked into; its lines end at the first empty one.
        block.body.split_once("\n\n").map_or(block.body, |(_, body)| body).split_whitespace().collect()
    } else {
        block.body.split_whitespace().collect()
    };
    if letters.is_empty() {
        return Err(PasteFault::CutOff);
    }
    let is_of_key = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    if !letters.bytes().all(is_of_key) {
        return Err(PasteFault::Damaged);
    }
    let bytes = BASE64.decode(&letters).map_err(|_| PasteFault::CutOff)?;
    if has_headers(block) {
        return Ok(());
    }
    if block.label.starts_with("OPENSSH") {
        return if is_whole_openssh(&bytes) { Ok(()) } else { Err(PasteFault::CutOff) };
    }
    match der_length(&bytes) {
        Some(length) if length == bytes.len() => Ok(()),
        Some(length) if length > bytes.len() => Err(PasteFault::CutOff),
        _ => Err(PasteFault::Damaged),
    }
}

/// How long a DER sequence says it is, with its own head (X.690 section 8.1.3).
fn der_length(bytes: &[u8]) -> Option<usize> {
    let (&0x30, rest) = bytes.split_first()? else { return None };
    let (&first, rest) = rest.split_first()?;
    if first < 0x80 {
        return Some(2 + usize::from(first));
    }
    let count = usize::from(first & 0x7f);
    let length = rest.get(..count).filter(|_| (1..=4).contains(&count))?;
    Some(2 + count + length.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)))
}

/// Whether every part of an OpenSSH key is there: magic, cipher, KDF, options, the number of keys, the public and the private part
/// (PROTOCOL.key of OpenSSH).
fn is_whole_openssh(bytes: &[u8]) -> bool {
    let part = |rest: &mut &[u8]| -> Option<()> {
        let (length, after) = rest.split_at_checked(4)?;
        let length = length.iter().fold(0_usize, |sum, byte| sum << 8 | usize::from(*byte));
        *rest = after.get(length..)?;
        Some(())
    };
    let whole = || {
        let mut rest = bytes.strip_prefix(b"openssh-key-v1\0")?;
        for _ in 0..3 {
            part(&mut rest)?;
        }
        rest = rest.get(4..)?;
        part(&mut rest)?;
        part(&mut rest)?;
        Some(rest.is_empty())
    };
    whole() == Some(true)
}

/// The blocks in the usual form; the text itself when it has that already.
fn written<'a>(text: &'a str, blocks: &[Block<'_>]) -> Cow<'a, str> {
    let whole: String = blocks.iter().map(one).collect();
    let is_right = |text: &str| {
        let mut lines = text.lines();
        let is_locked = blocks.iter().any(has_headers);
        let marks = blocks.iter().all(|block| {
            text.contains(&format!("-----BEGIN {}-----\n", block.label))
                && text.contains(&format!("\n-----END {}-----", block.label))
        });
        marks && lines.all(|line| line.len() <= 76 && line.trim() == line && (is_locked || !line.is_empty()))
    };
    if text.starts_with("-----BEGIN") && is_right(text) { Cow::Borrowed(text) } else { Cow::Owned(whole) }
}

fn one(block: &Block<'_>) -> String {
    let body = if has_headers(block) { block.body.to_owned() } else { wrapped(block.body) };
    format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n", label = block.label)
}

fn wrapped(body: &str) -> String {
    let letters: Vec<char> = body.split_whitespace().flat_map(str::chars).collect();
    letters.chunks(WIDTH).map(|line| line.iter().collect::<String>()).collect::<Vec<_>>().join("\n")
}
