//! The name of a host, alone.

use std::borrow::Cow;
use std::net::Ipv6Addr;

use super::{is_invisible, trimmed, unquoted};
use crate::base::forms::PasteFault;

/// The host and the digits of the port of a text that names both, and nothing more.
pub(super) fn with_port(text: &str) -> Option<(&str, &str)> {
    if mend(text, true) != Err(PasteFault::HasPort) {
        return None;
    }
    let text = unquoted(trimmed(text));
    let bare = text.split_once("://").map_or(text, |(_, rest)| rest).trim_end_matches('/');
    let (host, port) = bare.rsplit_once(':')?;
    let inside = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let host = inside.map_or_else(
        || (!host.contains(['[', ']'])).then_some(host),
        |inside| inside.parse::<Ipv6Addr>().is_ok().then_some(inside),
    )?;
    (!host.is_empty()).then_some((host, port))
}

pub(super) fn mend(text: &str, beside_port: bool) -> Result<Cow<'_, str>, PasteFault> {
    let text = unquoted(trimmed(text));
    if text.contains(is_invisible) {
        return Err(PasteFault::Invisible);
    }
    if text.contains(char::is_whitespace) {
        return Err(PasteFault::Space);
    }
    let bare = match text.split_once("://") {
        // Only a scheme and the host: nobody can have meant anything else.
        Some((_, rest)) => rest.trim_end_matches('/'),
        None => text.strip_suffix('/').unwrap_or(text),
    };
    let is_odd = bare.is_empty() || bare.contains(['/', '@', '?', '#', '\\']);
    // A folder of sockets and an address with more in it are no damage of pasting where no address stood.
    if is_odd && text.contains("://") {
        return Err(PasteFault::WholeAddress);
    }
    if is_odd {
        return Ok(Cow::Borrowed(text));
    }
    if let Some(inside) = bare.strip_prefix('[') {
        return match inside.split_once(']') {
            Some((address, "")) if address.parse::<Ipv6Addr>().is_ok() => Ok(Cow::Borrowed(address)),
            Some((_, port)) if is_port(port) && beside_port => Err(PasteFault::HasPort),
            _ => Ok(Cow::Borrowed(bare)),
        };
    }
    let has_port =
        bare.rsplit_once(':').is_some_and(|(host, port)| !host.contains(':') && is_port(&format!(":{port}")));
    if has_port && beside_port { Err(PasteFault::HasPort) } else { Ok(Cow::Borrowed(bare)) }
}

fn is_port(text: &str) -> bool {
    text.strip_prefix(':').is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
}
