//! Links that something has grown onto: the full stop of a sentence, a bracket, a space from a line break, the mark of a chat program. A
//! token has a fixed alphabet and length, so whoever opens such a link is led to the link itself; nothing is looked up for that.

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse};
use percent_encoding::percent_decode_str;

use super::urls;

/// Links that are mailed and pasted: what stands before the token.
fn heads() -> [&'static str; 3] {
    [urls::SETUP_LINK, urls::INVITE, urls::ACCOUNT_LINK].map(|pattern| pattern.trim_end_matches("{token}"))
}

/// 32 bytes in base64url without padding (RFC 4648 section 5).
const TOKEN_LENGTH: usize = 43;

/// The middleware: answers a damaged link with the way to the whole one.
///
/// # Errors
/// Passes on what the inner service answers.
pub async fn lead_back(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<EitherBody<impl MessageBody>>, Error> {
    let is_reading = matches!(*request.method(), Method::GET | Method::HEAD);
    match mended(request.path()).filter(|_| is_reading) {
        Some(path) => {
            let answer = HttpResponse::SeeOther().insert_header(("location", path)).finish();
            Ok(request.into_response(answer).map_into_right_body())
        }
        None => Ok(next.call(request).await?.map_into_left_body()),
    }
}

/// The path of the link that a damaged one was; `None` when it is not damaged, or nobody can tell what it was.
pub fn mended(path: &str) -> Option<String> {
    let head = heads().into_iter().find(|head| path.starts_with(head))?;
    let decoded = percent_decode_str(path.strip_prefix(head)?).decode_utf8().ok()?;
    let text = decoded.trim_start_matches(|c: char| !c.is_alphanumeric() && !matches!(c, '-' | '_' | '/'));
    let token = text.get(..TOKEN_LENGTH).filter(|token| token.bytes().all(is_of_token))?;
    // More of the alphabet makes another token; only marks of emphasis are none of it.
    let tail = text.get(TOKEN_LENGTH..)?.trim_start_matches(['-', '_']);
    let is_other = tail.starts_with(|c: char| c.is_ascii_alphanumeric());
    // An address below the link is an address of its own.
    let is_below = tail.starts_with('/') && tail.contains(char::is_alphanumeric);
    let whole = format!("{head}{token}");
    (!is_other && !is_below && whole != path).then_some(whole)
}

fn is_of_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "Zm9yZ2V0LW1lLW5vdC1mb3JnZXQtbWUtbm90LTEyMzQ";

    #[test]
    fn what_has_grown_on_falls_off() {
        for (before, after) in [
            ("", "."),
            ("", ","),
            ("", ")"),
            ("", "%20"),
            ("", "/"),
            ("", "%E2%80%8B"),
            ("", "%3E"),
            ("", "%22"),
            ("", "_"),
            ("", "*"),
            ("", "%C2%A0"),
            ("", ".%20Please%20open%20it"),
            ("%20", ""),
            ("%E2%80%8B", "%E2%80%8B"),
            ("", "&gt;"),
            ("", "%EF%BB%BF"),
            ("", "//"),
            ("", "%E2%80%9D."),
            ("", "..."),
        ] {
            for head in heads() {
                let path = format!("{head}{before}{TOKEN}{after}");
                assert_eq!(mended(&path), Some(format!("{head}{TOKEN}")), "{path}");
            }
        }
    }

    #[test]
    fn what_is_no_damage_stays() {
        let [scl, ..] = heads();
        for path in [
            format!("{scl}{TOKEN}"),
            format!("{scl}{TOKEN}/tests/val_1"),
            format!("{scl}{TOKEN}/sign-in"),
            format!("{scl}{TOKEN}A"),
            format!("{scl}{}.", &TOKEN[1..]),
            format!("/other/{TOKEN}."),
            scl.to_owned(),
            format!("{scl}abc."),
            format!("{scl}%FF%FE"),
        ] {
            assert_eq!(mended(&path), None, "{path}");
        }
    }
}
