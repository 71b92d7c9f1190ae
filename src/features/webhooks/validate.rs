//! What people and programs give for a receiver: an address, and a header to send along. Judged here, pure.

use hyper::header::{HeaderName, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};

use crate::base::http_client::{AddressProblem, HttpsUrl};

/// Most characters of a header's name.
const LONGEST_NAME: usize = 100;
/// Most bytes of a header's value.
const LONGEST_VALUE: usize = 4_096;

/// One thing that is wrong with what was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldProblem {
    /// `url`, `header_name` or `header_value`.
    pub field: &'static str,
    /// A stable name for programs.
    pub code: &'static str,
    /// A sentence for people; it never quotes what was given.
    pub sentence: &'static str,
}

impl From<AddressProblem> for FieldProblem {
    fn from(problem: AddressProblem) -> Self {
        Self { field: "url", code: problem.code(), sentence: problem.sentence() }
    }
}

/// A header that is sent along, so that the receiver knows us.
#[derive(Debug, Clone)]
pub struct CustomHeader {
    /// Its name, as it was given.
    pub name: String,
    /// Its value.
    pub value: SecretString,
}

/// Names that mean something to the way of a request (RFC 9110, 7.6.1; RFC 9112), and those we write ourselves.
const TAKEN: [&str; 26] = [
    "accept",
    "accept-encoding",
    "age",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "date",
    "expect",
    "forwarded",
    "host",
    "http2-settings",
    "keep-alive",
    "max-forwards",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "range",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "via",
    "origin",
    "cookie",
];
const TAKEN_BEGINNINGS: [&str; 5] = ["webhook-", "x-forwarded-", "sec-", "svix-", "proxy-"];

impl CustomHeader {
    /// Judges a name and a value; neither given is no header.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn parse(name: Option<&str>, value: Option<SecretString>) -> Result<Option<Self>, FieldProblem> {
        let name = name.filter(|name| !name.is_empty());
        let value = value.filter(|value| !value.expose_secret().is_empty());
        match (name, value) {
            (None, None) => Ok(None),
            (None, Some(_)) => Err(name_problem("header_name_missing", "Header name is needed with a header value")),
            (Some(name), value) => {
                check_name(name)?;
                let value = value.ok_or_else(|| {
                    value_problem("header_value_missing", "Header value is needed with a header name")
                })?;
                check_value(value.expose_secret())?;
                Ok(Some(Self { name: name.to_owned(), value }))
            }
        }
    }
}

const fn name_problem(code: &'static str, sentence: &'static str) -> FieldProblem {
    FieldProblem { field: "header_name", code, sentence }
}

const fn value_problem(code: &'static str, sentence: &'static str) -> FieldProblem {
    FieldProblem { field: "header_value", code, sentence }
}

fn check_name(name: &str) -> Result<(), FieldProblem> {
    if name.len() > LONGEST_NAME || HeaderName::from_bytes(name.as_bytes()).is_err() {
        return Err(name_problem("header_name_invalid", "Header name must be up to 100 letters, digits and hyphens"));
    }
    let lower = name.to_ascii_lowercase();
    if TAKEN.contains(&lower.as_str()) || TAKEN_BEGINNINGS.iter().any(|start| lower.starts_with(start)) {
        return Err(name_problem(
            "header_name_reserved",
            "Header name is one that every request has already; choose another, like X-Webhook-Secret",
        ));
    }
    Ok(())
}

fn check_value(value: &str) -> Result<(), FieldProblem> {
    let plain = value.chars().all(|c| c.is_ascii_graphic() || c == ' ') && HeaderValue::from_str(value).is_ok();
    if value.len() > LONGEST_VALUE || !plain || value.trim() != value {
        return Err(value_problem(
            "header_value_invalid",
            "Header value must be one line of up to 4,096 ASCII characters, without spaces around it",
        ));
    }
    Ok(())
}

/// Judges an address as far as it can be judged without asking the DNS.
pub(super) fn address(url: &str) -> Result<HttpsUrl, FieldProblem> {
    Ok(HttpsUrl::parse(url)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(name: &str, value: &str) -> Option<&'static str> {
        CustomHeader::parse(Some(name), Some(value.into())).err().map(|problem| problem.code)
    }

    #[test]
    fn headers_that_are_not_theirs_are_refused() {
        for name in [
            "Host",
            "content-length",
            "Transfer-Encoding",
            "webhook-signature",
            "Webhook-Id",
            "X-Forwarded-For",
            "Connection",
            "TE",
            "Sec-Fetch-Site",
        ] {
            assert_eq!(code(name, "x"), Some("header_name_reserved"), "{name}");
        }
        for name in ["X Webhook", "X:Y", "Ünlaut", "a\r\nb", "x\0"] {
            assert_eq!(code(name, "x"), Some("header_name_invalid"), "{name:?}");
        }
        for value in ["a\r\nX-Other: b", "a\nb", " a", "a ", "ü", "a\tb", "a\0"] {
            assert_eq!(code("X-Webhook-Secret", value), Some("header_value_invalid"), "{value:?}");
        }
        assert_eq!((code("Authorization", "Bearer abc"), code("X-Webhook-Secret", "s3")), (None, None));
    }

    #[test]
    fn name_and_value_come_together() {
        assert_eq!(code("X-Webhook-Secret", ""), Some("header_value_missing"));
        assert_eq!(code("", "x"), Some("header_name_missing"));
        assert!(CustomHeader::parse(None, None).unwrap().is_none());
    }
}
