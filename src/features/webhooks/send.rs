//! One try: what is sent, and what came of it.

use std::time::Duration;

use secrecy::ExposeSecret as _;

use super::deliveries::Message;
use super::schedule;
use super::validate::CustomHeader;
use crate::base::clock::UtcTime;
use crate::base::crypto::sign::SigningSecret;
use crate::base::http_client::{HttpFailure, HttpsUrl, ResponseSummary, header_lines};
use crate::base::text_column::text_enum;
use crate::platform::app::App;

/// What stands in an answer where the receiver repeated our header's value.
const MASK: &str = "••••••";

text_enum! {
    /// Why a try failed; the name is stored, the words are shown.
    pub(super) enum Reason {
        UnknownHost = "unknown_host" => "The DNS knows no address for the host",
        NotPublic = "not_public" => "The host leads to an address that is not public, so nothing was sent",
        NoConnection = "no_connection" => "Nobody listens at that address",
        NoTls = "no_tls" => "No secure connection was possible: no TLS, or a certificate nobody vouches for",
        Timeout = "timeout" => "No answer within 15 seconds",
        Broken = "broken_answer" => "The connection broke, or the answer was no HTTP",
        Redirect = "redirect" => "The receiver answered with a redirect, which is never followed",
        Gone = "gone" => "The receiver says it is gone for good",
        Status = "status" => "The receiver answered with an error",
    }
}

impl From<HttpFailure> for Reason {
    fn from(failure: HttpFailure) -> Self {
        match failure {
            HttpFailure::Unknown | HttpFailure::NoLookup => Self::UnknownHost,
            HttpFailure::NotPublic => Self::NotPublic,
            HttpFailure::Connect => Self::NoConnection,
            HttpFailure::Tls => Self::NoTls,
            HttpFailure::Timeout => Self::Timeout,
            HttpFailure::Broken | HttpFailure::TooLarge => Self::Broken,
        }
    }
}

/// What came of a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AttemptResult {
    /// When it began.
    pub(super) at: UtcTime,
    pub(super) status: Option<u16>,
    /// `None`: the receiver took it.
    pub(super) reason: Option<Reason>,
    pub(super) retry_after: Option<Duration>,
    pub(super) answer: String,
    pub(super) millis: i32,
}

/// Only 2xx is success.
fn judge(status: u16) -> Option<Reason> {
    match status {
        200..=299 => None,
        300..=399 => Some(Reason::Redirect),
        410 => Some(Reason::Gone),
        _ => Some(Reason::Status),
    }
}

/// Where a try goes, and what it proves itself with.
pub(super) struct SignedReceiver {
    pub(super) url: HttpsUrl,
    pub(super) header: Option<CustomHeader>,
    pub(super) secrets: Vec<SigningSecret>,
}

/// The headers of a try: the body's type, the Standard Webhooks headers, the receiver's own.
fn headers(message: &Message, receiver: &SignedReceiver, now: UtcTime) -> Vec<(String, String)> {
    let timestamp = now.unix();
    let signatures: Vec<String> =
        receiver.secrets.iter().map(|secret| secret.sign(message.id.as_str(), timestamp, &message.payload)).collect();
    let mut headers = vec![
        ("content-type".to_owned(), "application/json".to_owned()),
        ("webhook-id".to_owned(), message.id.to_string()),
        ("webhook-timestamp".to_owned(), timestamp.to_string()),
        ("webhook-signature".to_owned(), signatures.join(" ")),
    ];
    headers.extend(receiver.header.iter().map(|header| (header.name.clone(), header.value.expose_secret().to_owned())));
    headers
}

/// Sends a message once.
pub(super) async fn send(app: &App, message: &Message, receiver: &SignedReceiver) -> AttemptResult {
    let at = app.clock.now();
    let begun = tokio::time::Instant::now();
    let result =
        app.http.post(&receiver.url, &header_lines(headers(message, receiver, at)), message.payload.clone()).await;
    let millis = i32::try_from(begun.elapsed().as_millis()).unwrap_or(i32::MAX);
    match result {
        Ok(ResponseSummary { status, retry_after, text }) => AttemptResult {
            at,
            status: Some(status),
            reason: judge(status),
            retry_after: retry_after.and_then(|text| schedule::retry_after(&text, app.clock.now())),
            answer: masked(text, receiver.header.as_ref()),
            millis,
        },
        Err(failure) => AttemptResult {
            at,
            status: None,
            reason: Some(failure.into()),
            retry_after: None,
            answer: String::new(),
            millis,
        },
    }
}

/// The answer without our header's value: some receivers repeat what they were sent.
fn masked(text: String, header: Option<&CustomHeader>) -> String {
    let value = header.map(|header| header.value.expose_secret()).unwrap_or_default();
    if value.is_empty() {
        return text;
    }
    let mut text = text.replace(value, MASK);
    // The answer is cut at some length: a value that was begun there must not stay either.
    for length in (4..value.len()).rev() {
        if let Some(rest) = value.get(..length).and_then(|start| text.strip_suffix(start)) {
            text = format!("{rest}{MASK}");
            break;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_2xx_is_success() {
        for status in 100..600 {
            assert_eq!(judge(status).is_none(), (200..300).contains(&status), "{status}");
        }
        assert_eq!(
            (judge(302), judge(410), judge(500)),
            (Some(Reason::Redirect), Some(Reason::Gone), Some(Reason::Status))
        );
    }

    #[test]
    fn a_repeated_header_value_is_not_kept() {
        let header = CustomHeader { name: "X-Secret".to_owned(), value: "s3cret-value".into() };
        for (answer, kept) in
            [("got s3cret-value!", "got ••••••!"), ("cut s3cret-va", "cut ••••••"), ("nothing", "nothing")]
        {
            assert_eq!(masked(answer.to_owned(), Some(&header)), kept);
        }
    }

    #[test]
    fn reasons_read_back_as_themselves() {
        for reason in Reason::ALL {
            assert_eq!(Reason::parse(reason.as_str()), Some(*reason));
        }
    }
}
