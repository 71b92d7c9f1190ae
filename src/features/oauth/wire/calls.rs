//! One request and its answer, with few and short repetitions for requests that change nothing.

use std::time::Duration;

use serde_json::Value;
use url::Url;

use super::quirks::{error_name, fails};
use super::{Wire, WireError};
use crate::base::http_client::{Call, HttpsUrl, Method, Response};
use crate::connectors::provider::ErrorShape;

/// A provider that asks for more patience than this is not waited for.
const PATIENCE: Duration = Duration::from_secs(3);

impl Wire<'_> {
    /// Sends a request; a GET is sent again after trouble on the provider's side.
    pub(super) async fn send(&self, url: &Url, call: Call) -> Result<Response, WireError> {
        let target = HttpsUrl::parse(url.as_str()).map_err(|_| WireError::NotAllowedAddress)?;
        let waits: &[Duration] = if call.method == Method::GET { self.waits } else { &[] };
        for wait in waits {
            match self.http.call(&target, call.clone()).await {
                Ok(answer) if !(answer.status == 429 || answer.status >= 500) => return Ok(answer),
                Ok(answer) => match retry_after(&answer) {
                    Some(asked) if asked > PATIENCE => return Ok(answer),
                    asked => tokio::time::sleep(asked.unwrap_or(*wait)).await,
                },
                Err(failure) => match WireError::from(failure) {
                    WireError::ProviderDown => tokio::time::sleep(*wait).await,
                    other => return Err(other),
                },
            }
        }
        Ok(self.http.call(&target, call).await?)
    }

    /// Sends a request and reads the JSON of its good answer.
    pub(super) async fn ask(&self, url: &Url, call: Call, shape: Option<&ErrorShape>) -> Result<Value, WireError> {
        let answer = self.send(url, call).await?;
        let body = serde_json::from_slice::<Value>(&answer.body).ok();
        check_status(&answer, body.as_ref(), &self.block.token.gone)?;
        let body = body.ok_or(WireError::BadAnswer("it is no JSON"))?;
        match shape.and_then(|shape| fails(&body, shape)) {
            Some(name) => Err(self.named(name)),
            None => Ok(body),
        }
    }

    /// An error by the provider's name for it.
    pub(super) fn named(&self, name: String) -> WireError {
        if self.block.token.gone.iter().any(|gone| gone.eq_ignore_ascii_case(&name)) {
            return WireError::InvalidGrant;
        }
        match name.as_str() {
            "invalid_grant" | "invalid_token" => WireError::InvalidGrant,
            "invalid_client" | "unauthorized_client" => WireError::AppRefused(name),
            "access_denied" => WireError::Denied,
            "invalid_scope" | "missing_scope" | "insufficient_scope" => WireError::MissingScope,
            "temporarily_unavailable" | "server_error" => WireError::ProviderDown,
            _ => WireError::Refused(name),
        }
    }
}

/// What a status means for a request with an access token.
fn check_status(answer: &Response, body: Option<&Value>, gone: &[String]) -> Result<(), WireError> {
    let name = body.map(error_name).unwrap_or_default();
    let is_gone = gone.iter().any(|known| known.eq_ignore_ascii_case(&name));
    match answer.status {
        200..=299 => Ok(()),
        300..=399 => Err(WireError::BadAnswer("it leads elsewhere")),
        429 => Err(WireError::TooMany(retry_after(answer))),
        500.. => Err(WireError::ProviderDown),
        401 => Err(WireError::InvalidGrant),
        _ if is_gone => Err(WireError::InvalidGrant),
        403 => Err(WireError::MissingScope),
        _ if name.is_empty() => Err(WireError::Refused(format!("status-{}", answer.status))),
        _ => Err(WireError::Refused(name)),
    }
}

/// `Retry-After` in seconds (RFC 9110 10.2.3); the form with a date is not used by these providers and counts as none.
pub(super) fn retry_after(answer: &Response) -> Option<Duration> {
    answer.header("retry-after")?.trim().parse().ok().map(Duration::from_secs)
}
