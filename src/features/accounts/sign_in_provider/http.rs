//! The guarded client, as the OpenID Connect library wants to call it.

use std::future::Future;
use std::pin::Pin;

use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse, http};

use crate::base::http_client::{Call, GuardedClient, HttpFailure, HttpsUrl, Response};

/// Most bytes of a provider's answer.
const MOST: usize = 512 * 1024;

/// Why a provider gave no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no answer")]
pub(super) enum OidcHttpError {
    /// Its metadata names an address that is no `https` address.
    BadAddress,
    /// It was asked, or should have been.
    Failed(HttpFailure),
}

impl OidcHttpError {
    /// What an owner who sets the provider up is told.
    pub(super) fn detail(self) -> &'static str {
        match self {
            Self::BadAddress => "it names an address that does not begin with https://",
            Self::Failed(HttpFailure::Unknown | HttpFailure::NoLookup) => "its host cannot be found in the DNS",
            Self::Failed(HttpFailure::NotPublic) => {
                "its host is not public; the operator can open a network with VESTIBULE_SIGN_IN_ALLOW_CIDRS"
            }
            Self::Failed(HttpFailure::Connect) => "nothing answers at its address",
            Self::Failed(HttpFailure::Tls) => "its certificate is not trusted",
            Self::Failed(HttpFailure::Timeout) => "it did not answer within 15 seconds",
            Self::Failed(HttpFailure::Broken) => "its answer broke off or is no HTTP",
            Self::Failed(HttpFailure::TooLarge) => "its answer is larger than 512 kB",
        }
    }
}

/// The client that the library is given for every request.
pub(super) struct OidcHttp<'a>(pub(super) &'a GuardedClient);

impl<'c> AsyncHttpClient<'c> for OidcHttp<'_> {
    type Error = OidcHttpError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, OidcHttpError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(send(self.0, request))
    }
}

/// Looks something up.
pub(super) async fn get(client: &GuardedClient, url: &str) -> Result<Response, OidcHttpError> {
    let url = HttpsUrl::parse(url).map_err(|_| OidcHttpError::BadAddress)?;
    let call = Call {
        headers: vec![("accept".to_owned(), "application/json".to_owned().into())],
        most: MOST,
        ..Call::default()
    };
    client.call(&url, call).await.map_err(OidcHttpError::Failed)
}

async fn send(client: &GuardedClient, request: HttpRequest) -> Result<HttpResponse, OidcHttpError> {
    let (parts, body) = request.into_parts();
    let url = HttpsUrl::parse(&parts.uri.to_string()).map_err(|_| OidcHttpError::BadAddress)?;
    let lines = parts.headers.iter();
    let headers =
        lines.filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned().into())));
    let call = Call { method: parts.method, headers: headers.collect(), body: body.into(), most: MOST };
    let response = client.call(&url, call).await.map_err(OidcHttpError::Failed)?;
    let mut answer = http::Response::builder().status(response.status);
    for (name, value) in &response.headers {
        answer = answer.header(name, value);
    }
    answer.body(response.body.to_vec()).map_err(|_| OidcHttpError::Failed(HttpFailure::Broken))
}
