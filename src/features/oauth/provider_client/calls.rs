//! One request and its answer, with few and short repetitions for requests that change nothing.

use std::time::Duration;

use serde_json::Value;
use url::Url;

use super::answer::{error_name, fails, retry_after};
use super::{ProviderClient, ProviderError};
use crate::base::http_client::{Call, HttpsUrl, Method, Response};
use crate::connectors::provider::ErrorShape;

/// A provider that asks for more patience than this is not waited for.
const PATIENCE: Duration = Duration::from_secs(3);

impl ProviderClient<'_> {
    /// Sends a request; a GET is sent again after trouble on the provider's side.
    pub(super) async fn send(&self, url: &Url, call: Call) -> Result<Response, ProviderError> {
        let target = HttpsUrl::parse(url.as_str()).map_err(|_| ProviderError::NotAllowedAddress)?;
        let waits: &[Duration] = if call.method == Method::GET { self.waits } else { &[] };
        for wait in waits {
            match self.http.call(&target, call.clone()).await {
                Ok(answer) if !(answer.status == 429 || answer.status >= 500) => return Ok(answer),
                Ok(answer) => match retry_after(&answer) {
                    Some(asked) if asked > PATIENCE => return Ok(answer),
                    asked => tokio::time::sleep(asked.unwrap_or(*wait)).await,
                },
                Err(failure) => match ProviderError::from(failure) {
                    ProviderError::ProviderDown => tokio::time::sleep(*wait).await,
                    other => return Err(other),
                },
            }
        }
        Ok(self.http.call(&target, call).await?)
    }

    /// Sends a request and reads the JSON of its good answer.
    pub(super) async fn ask(&self, url: &Url, call: Call, shape: Option<&ErrorShape>) -> Result<Value, ProviderError> {
        let answer = self.send(url, call).await?;
        let body = serde_json::from_slice::<Value>(&answer.body).ok();
        check_status(&answer, body.as_ref(), &self.block.token.gone)?;
        let body = body.ok_or(ProviderError::BadAnswer("it is no JSON"))?;
        match shape.and_then(|shape| fails(&body, shape)) {
            Some(name) => Err(self.named(name)),
            None => Ok(body),
        }
    }

    /// An error by the provider's name for it.
    pub(super) fn named(&self, name: String) -> ProviderError {
        if self.block.token.gone.iter().any(|gone| gone.eq_ignore_ascii_case(&name)) {
            return ProviderError::InvalidGrant;
        }
        match name.as_str() {
            "invalid_grant" | "invalid_token" => ProviderError::InvalidGrant,
            "invalid_client" | "unauthorized_client" => ProviderError::AppRefused(name),
            "access_denied" => ProviderError::Denied,
            "invalid_scope" | "missing_scope" | "insufficient_scope" => ProviderError::MissingScope,
            "temporarily_unavailable" | "server_error" => ProviderError::ProviderDown,
            _ => ProviderError::Refused(name),
        }
    }
}

/// What a status means for a request with an access token.
fn check_status(answer: &Response, body: Option<&Value>, gone: &[String]) -> Result<(), ProviderError> {
    let name = body.map(error_name).unwrap_or_default();
    let is_gone = gone.iter().any(|known| known.eq_ignore_ascii_case(&name));
    match answer.status {
        200..=299 => Ok(()),
        300..=399 => Err(ProviderError::BadAnswer("it leads elsewhere")),
        429 => Err(ProviderError::TooMany(retry_after(answer))),
        500.. => Err(ProviderError::ProviderDown),
        401 => Err(ProviderError::InvalidGrant),
        _ if is_gone => Err(ProviderError::InvalidGrant),
        403 => Err(ProviderError::MissingScope),
        _ if name.is_empty() => Err(ProviderError::Refused(format!("status-{}", answer.status))),
        _ => Err(ProviderError::Refused(name)),
    }
}
