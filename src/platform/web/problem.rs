//! How the API says no: RFC 9457 problem documents. Programs decide by `code`, which never changes its meaning; people read
//! `detail`. Nothing that was sent is ever repeated in one, because it may be a secret.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use schemars::JsonSchema;
use serde::Serialize;

use super::request_log;
use crate::base::error::{AppError, BUSY_RETRY_AFTER};

/// The media type of RFC 9457.
pub const MEDIA_TYPE: &str = "application/problem+json";

macro_rules! codes {
    ($($name:ident, $text:literal, $status:ident, $title:literal, $advice:literal;)+) => {
        /// What kind of problem it is: a word that programs may rely on.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum Code { $(#[doc = $title] $name),+ }

        impl Code {
            /// All codes, for the page that explains them.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The word itself.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),+ }
            }

            /// The status it comes with.
            pub fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status),+ }
            }

            /// What happened, in a few words that are the same every time.
            pub fn title(self) -> &'static str {
                match self { $(Self::$name => $title),+ }
            }

            /// What to do about it.
            pub fn advice(self) -> &'static str {
                match self { $(Self::$name => $advice),+ }
            }
        }
    };
}

codes! {
    Unreadable, "unreadable", BAD_REQUEST, "The request cannot be read", "Send a whole body within 30 seconds.";
    InvalidJson, "invalid_json", BAD_REQUEST, "The body is not JSON", "Send one JSON object; the detail says where reading stopped.";
    ApiKeyMissing, "api_key_missing", UNAUTHORIZED, "No API key was sent", "Send your key in the `x-api-key` header.";
    ApiKeyInvalid, "api_key_invalid", UNAUTHORIZED, "The API key does not work", "The key is unknown, revoked or expired. Make a new one in Settings, API keys.";
    ScopeMissing, "scope_missing", FORBIDDEN, "The API key may not do this", "Use a key that has the scope named in the detail.";
    NotFound, "not_found", NOT_FOUND, "There is no such thing", "Check the address. What belongs to another workspace is not found either.";
    MethodNotAllowed, "method_not_allowed", METHOD_NOT_ALLOWED, "This address does not take that method", "The `Allow` header names the methods it takes.";
    Conflict, "conflict", CONFLICT, "The state of things does not allow this", "Read the thing again; the detail says what changed.";
    NeedsReconnecting, "needs_reconnecting", CONFLICT, "The provider has ended the access", "Somebody has to sign in again: make a reconnect link on the connection's page.";
    WaitingForApproval, "waiting_for_approval", CONFLICT, "A member has to accept this connection first", "It came through an invite link. Accept it in the app, under Invite links, Inbox.";
    CannotBeChecked, "cannot_be_checked", CONFLICT, "Nothing installed here can ask this system", "Finalise without a validation, or have the operator install what the detail names.";
    IdempotencyInProgress, "idempotency_in_progress", CONFLICT, "The first request with this key is still running", "Send the request again in a moment.";
    PreconditionFailed, "precondition_failed", PRECONDITION_FAILED, "It was changed meanwhile", "Read it again, apply your change to what it is now, and send that `ETag`.";
    TooLarge, "too_large", PAYLOAD_TOO_LARGE, "The body is too large", "A body may have one megabyte.";
    UnsupportedMediaType, "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE, "The body is not declared as JSON", "Send `Content-Type: application/json`.";
    Invalid, "invalid", UNPROCESSABLE_ENTITY, "Some values cannot be taken", "Each entry of `errors` names one value and what is wrong with it.";
    IdempotencyKeyReused, "idempotency_key_reused", UNPROCESSABLE_ENTITY, "The idempotency key belongs to another request", "Choose a new key for every new request.";
    TooManyRequests, "too_many_requests", TOO_MANY_REQUESTS, "Too many requests", "Wait for the seconds in `Retry-After`.";
    ProviderUnavailable, "provider_unavailable", SERVICE_UNAVAILABLE, "The provider cannot be asked right now", "Send the request again in a few minutes.";
    Busy, "busy", SERVICE_UNAVAILABLE, "The server has more to do than it can right now", "Wait for the seconds in `Retry-After`, then send the request again; with an `Idempotency-Key` nothing is done twice.";
    Unavailable, "unavailable", SERVICE_UNAVAILABLE, "The server cannot reach its data or write to it right now", "Wait for the seconds in `Retry-After`, then send the request again; with an `Idempotency-Key` nothing is done twice. The operator sees the reason in the log.";
    Internal, "internal", INTERNAL_SERVER_ERROR, "Something went wrong on our side", "Send the request again later. If it stays, give the `request_id` to the operator.";
}

/// One value that cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ErrorDetail {
    /// Where it stands in the body, as a JSON Pointer (RFC 6901); absent for a query parameter or a header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// Which query parameter or header it is; absent for a value of the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameter: Option<String>,
    /// What is wrong, as a stable word.
    pub code: String,
    /// What is wrong, for people.
    pub detail: String,
}

impl ErrorDetail {
    /// A value of the body.
    pub fn at(pointer: impl Into<String>, code: &str, detail: impl Into<String>) -> Self {
        Self { pointer: Some(pointer.into()), parameter: None, code: code.to_owned(), detail: detail.into() }
    }

    /// A query parameter or header.
    pub fn of(parameter: &str, code: &str, detail: impl Into<String>) -> Self {
        Self { pointer: None, parameter: Some(parameter.to_owned()), code: code.to_owned(), detail: detail.into() }
    }
}

/// What the API answers instead of what was asked for.
pub struct Problem {
    code: Code,
    detail: Cow<'static, str>,
    errors: Vec<ErrorDetail>,
    headers: Vec<(header::HeaderName, String)>,
}

/// A problem as it is sent.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Problem")]
pub struct ProblemOut {
    /// Where this kind of problem is explained; relative to this server.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind of problem in a few words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened this time, for people.
    pub detail: String,
    /// The kind of problem, for programs.
    pub code: Code,
    /// The values that cannot be taken; only there when there are some.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub errors: Vec<ErrorDetail>,
    /// Names this request in the server's log.
    pub request_id: String,
}

impl Problem {
    /// A problem with words of its own.
    pub fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { code, detail: detail.into(), errors: Vec::new(), headers: Vec::new() }
    }

    /// Values that cannot be taken.
    pub fn invalid(errors: Vec<ErrorDetail>) -> Self {
        let detail = match errors.as_slice() {
            [one] => Cow::Owned(one.detail.clone()),
            more => Cow::Owned(format!("{} values cannot be taken.", more.len())),
        };
        Self { errors, ..Self::new(Code::Invalid, detail) }
    }

    /// One value that cannot be taken.
    pub fn invalid_value(detail: ErrorDetail) -> Self {
        Self::invalid(vec![detail])
    }

    /// The same, naming the values it is about.
    #[must_use]
    pub fn naming(self, errors: Vec<ErrorDetail>) -> Self {
        Self { errors, ..self }
    }

    /// A method the address does not take; `allow` are those it does.
    pub fn method(allow: &str) -> Self {
        Self::new(Code::MethodNotAllowed, format!("This address takes {allow}.")).with(header::ALLOW, allow)
    }

    /// The same with one more header.
    #[must_use]
    pub fn with(mut self, name: header::HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// A problem for a bare status that something below us has answered.
    pub fn of_status(status: StatusCode) -> Self {
        let code = match status {
            StatusCode::NOT_FOUND => Code::NotFound,
            StatusCode::METHOD_NOT_ALLOWED => Code::MethodNotAllowed,
            StatusCode::PAYLOAD_TOO_LARGE => Code::TooLarge,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Code::UnsupportedMediaType,
            status if status.is_server_error() => Code::Internal,
            _ => Code::Unreadable,
        };
        Self::new(code, code.advice())
    }

    /// What kind of problem it is.
    pub fn code(&self) -> Code {
        self.code
    }

    fn out(&self) -> ProblemOut {
        ProblemOut {
            kind: super::urls::docs_error(self.code.as_str()),
            title: self.code.title().to_owned(),
            status: self.code.status().as_u16(),
            detail: self.detail.clone().into_owned(),
            code: self.code,
            errors: self.errors.clone(),
            request_id: request_log::current_id(),
        }
    }
}

impl From<AppError> for Problem {
    fn from(error: AppError) -> Self {
        match error {
            AppError::NotFound => {
                Self::new(Code::NotFound, "There is nothing at this address, or it belongs to another workspace.")
            }
            AppError::Forbidden | AppError::ForeignForm => Self::new(Code::ScopeMissing, "This is not allowed."),
            AppError::SignedOut { .. } | AppError::NoWorkspace { .. } => {
                Self::new(Code::ApiKeyMissing, Code::ApiKeyMissing.advice())
            }
            AppError::Conflict(sentence) => Self::new(Code::Conflict, sentence),
            AppError::Unreadable(what) => Self::new(Code::Unreadable, format!("The request cannot be read: {what}.")),
            AppError::ControlCharacter(field) => Self::invalid_value(ErrorDetail::of(
                &field,
                "control_character",
                "This must not hold control characters.",
            )),
            AppError::TooLarge => Self::new(Code::TooLarge, Code::TooLarge.advice()),
            AppError::TooMany { retry_after } => Self::too_many(retry_after),
            AppError::Busy(error) => {
                tracing::warn!(request = %request_log::current_id(), error = %format!("{error:#}"), "too busy");
                Self::new(Code::Busy, Code::Busy.advice())
                    .with(header::RETRY_AFTER, BUSY_RETRY_AFTER.as_secs().to_string())
            }
            AppError::Away(error) => {
                tracing::error!(request = %request_log::current_id(), error = %format!("{error:#}"), "the database is away");
                Self::new(Code::Unavailable, Code::Unavailable.advice())
                    .with(header::RETRY_AFTER, BUSY_RETRY_AFTER.as_secs().to_string())
            }
            AppError::Internal(error) => {
                tracing::error!(request = %request_log::current_id(), error = %format!("{error:#}"), "request failed");
                Self::new(Code::Internal, Code::Internal.advice())
            }
        }
    }
}

impl Problem {
    /// The same problem in other words.
    #[must_use]
    pub fn saying(self, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { detail: detail.into(), ..self }
    }

    /// Too many requests; `retry_after` is rounded up to whole seconds.
    pub fn too_many(retry_after: Duration) -> Self {
        let seconds = retry_after.as_secs() + u64::from(retry_after.subsec_nanos() > 0);
        let seconds = seconds.max(1);
        Self::new(Code::TooManyRequests, format!("Try again in {seconds} seconds."))
            .with(header::RETRY_AFTER, seconds.to_string())
    }
}

impl fmt::Debug for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.detail)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.code.status()
    }

    fn error_response(&self) -> HttpResponse {
        let mut answer = HttpResponseBuilder::new(self.status_code());
        for (name, value) in &self.headers {
            answer.insert_header((name.clone(), value.as_str()));
        }
        if self.status_code() == StatusCode::UNAUTHORIZED {
            answer.insert_header((header::WWW_AUTHENTICATE, "ApiKey realm=\"vestibule\", header=\"x-api-key\""));
        }
        let body = serde_json::to_string(&self.out()).unwrap_or_default();
        answer.content_type(MEDIA_TYPE).body(body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_on_the_wire_is_the_word_in_the_docs() {
        for code in Code::ALL {
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
            assert!(code.status().is_client_error() || code.status().is_server_error());
        }
    }

    #[test]
    fn waits_are_whole_seconds_and_never_none() {
        let seconds = |wait| Problem::too_many(wait).headers.first().unwrap().1.clone();
        assert_eq!(seconds(Duration::from_millis(1)), "1");
        assert_eq!(seconds(Duration::from_millis(2_001)), "3");
        assert_eq!(seconds(Duration::ZERO), "1");
    }
}
