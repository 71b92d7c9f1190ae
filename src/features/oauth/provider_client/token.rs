//! Codes become tokens, tokens become fresh tokens, and a grant is given back.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::pin::Pin;

use oauth2::basic::{
    BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse, BasicTokenType,
};
use oauth2::{
    AsyncHttpClient, AuthType, AuthorizationCode, Client, ClientId, ClientSecret, EndpointNotSet, EndpointSet,
    ExtraTokenFields, HttpRequest, HttpResponse, PkceCodeVerifier, RedirectUrl, RefreshToken, RequestTokenError,
    StandardRevocableToken, StandardTokenResponse, TokenResponse as _, TokenUrl,
};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use time::Duration;

use super::render::At;
use super::{ProviderClient, ProviderError, Tokens};
use crate::base::clock::UtcTime;
use crate::connectors::provider::{ClientAuth, RefreshKind, Template};

/// What an answer holds beside the standard parts.
#[derive(Debug, Serialize, Deserialize)]
struct ExtraTokenAnswer {
    refresh_token_expires_in: Option<u64>,
    #[serde(default)]
    kept: BTreeMap<String, String>,
}

impl ExtraTokenFields for ExtraTokenAnswer {}

type TokenAnswer = StandardTokenResponse<ExtraTokenAnswer, BasicTokenType>;
type AppClient = Client<
    BasicErrorResponse,
    TokenAnswer,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

/// The way out for the `oauth2` crate: what a call borrows does not show in the type of its future, so a job can hold it.
struct Sender<'a>(&'a ProviderClient<'a>);

impl<'c> AsyncHttpClient<'c> for Sender<'_> {
    type Error = ProviderError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, ProviderError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.0.token_call(request))
    }
}

impl ProviderClient<'_> {
    /// Exchanges a code for tokens, through the provider's second step when it has one.
    ///
    /// # Errors
    /// The code is used, old or another's; the app is refused; the provider cannot be reached or answers nonsense.
    pub async fn exchange(
        &self,
        code: &SecretString,
        verifier: Option<&SecretString>,
        redirect_uri: &str,
        now: UtcTime,
    ) -> Result<Tokens, ProviderError> {
        let rules = &self.block.token;
        let client = self.client(&rules.url)?;
        let mut request = client.exchange_code(AuthorizationCode::new(code.expose_secret().to_owned()));
        if let Some(verifier) = verifier {
            request = request.set_pkce_verifier(PkceCodeVerifier::new(verifier.expose_secret().to_owned()));
        }
        let redirect = RedirectUrl::new(redirect_uri.to_owned()).map_err(|_| ProviderError::NotAllowedAddress)?;
        request = request.set_redirect_uri(Cow::Owned(redirect));
        for (name, value) in self.fill_all(&rules.params, At::default())? {
            request = request.add_extra_param(name, value);
        }
        let answer = request.request_async(&Sender(self)).await.map_err(|error| self.token_error(error))?;
        let tokens = self.tokens(&answer, now);
        if rules.exchange.is_some() { self.lasting(&tokens, now).await } else { Ok(tokens) }
    }

    /// Makes a fresh access token. What the answer does not bring anew (the refresh token, kept values) stays. When the provider
    /// rotates refresh tokens, the result must be stored before its access token is used.
    ///
    /// # Errors
    /// [`ProviderError::InvalidGrant`] when the sign-in is gone, or cannot be renewed at all; others as for [`ProviderClient::exchange`].
    pub async fn refresh(&self, tokens: &Tokens, now: UtcTime) -> Result<Tokens, ProviderError> {
        match (self.block.refresh.how, &tokens.refresh_token) {
            (RefreshKind::RefreshToken, Some(refresh_token)) => {
                self.use_refresh_token(tokens, refresh_token, now).await
            }
            (RefreshKind::Exchange, _) => self.lasting(tokens, now).await,
            (RefreshKind::None | RefreshKind::RefreshToken, _) => Err(ProviderError::InvalidGrant),
        }
    }

    async fn use_refresh_token(
        &self,
        tokens: &Tokens,
        refresh_token: &SecretString,
        now: UtcTime,
    ) -> Result<Tokens, ProviderError> {
        let rules = &self.block.refresh;
        let client = self.client(rules.url.as_ref().unwrap_or(&self.block.token.url))?;
        let secret = RefreshToken::new(refresh_token.expose_secret().to_owned());
        let mut request = client.exchange_refresh_token(&secret);
        for (name, value) in self.fill_all(&rules.params, At { tokens: Some(tokens), item: None })? {
            request = request.add_extra_param(name, value);
        }
        let answer = request.request_async(&Sender(self)).await.map_err(|error| self.token_error(error))?;
        Ok(keeping(self.tokens(&answer, now), tokens))
    }

    /// The second step: a short token becomes a lasting one.
    async fn lasting(&self, tokens: &Tokens, now: UtcTime) -> Result<Tokens, ProviderError> {
        let Some(step) = &self.block.token.exchange else { return Err(ProviderError::InvalidGrant) };
        let (url, call) = self.request(&step.request, At { tokens: Some(tokens), item: None })?;
        let answer = self.send(&url, call).await?;
        let standard = self.standard_answer(&answer)?;
        let answer: TokenAnswer = serde_json::from_slice(standard.body())
            .map_err(|_| ProviderError::BadAnswer("there is no access token in it"))?;
        Ok(keeping(self.tokens(&answer, now), tokens))
    }

    /// Gives the grant back, where the provider has a way. A grant that is gone already is given back too.
    ///
    /// # Errors
    /// The provider cannot be reached or refuses.
    pub async fn revoke(&self, tokens: &Tokens) -> Result<(), ProviderError> {
        let Some(request) = &self.block.revoke else { return Ok(()) };
        let (url, call) = self.request(request, At { tokens: Some(tokens), item: None })?;
        let answer = self.send(&url, call).await?;
        match answer.status {
            429 => Err(ProviderError::TooMany(super::answer::retry_after(&answer))),
            500.. => Err(ProviderError::ProviderDown),
            300..=399 => Err(ProviderError::BadAnswer("it leads elsewhere")),
            _ => Ok(()),
        }
    }

    fn client(&self, url: &Template) -> Result<AppClient, ProviderError> {
        let url = self.address(url, &[], At::default())?;
        let auth = match self.block.token.client_auth {
            ClientAuth::Body => AuthType::RequestBody,
            ClientAuth::Basic => AuthType::BasicAuth,
        };
        Ok(Client::new(ClientId::new(self.app.client_id.clone()))
            .set_client_secret(ClientSecret::new(self.app.client_secret.expose_secret().to_owned()))
            .set_auth_type(auth)
            .set_token_uri(TokenUrl::from_url(url)))
    }

    fn tokens(&self, answer: &TokenAnswer, now: UtcTime) -> Tokens {
        let lifetime = self.block.token.lifetime;
        let after =
            |seconds: u64| now + Duration::seconds(i64::try_from(seconds).unwrap_or(i64::MAX).min(10 * 366 * 86_400));
        let seconds = answer.expires_in().map(|span| span.as_secs()).or(lifetime.access.map(u64::from));
        let refresh_seconds = answer.extra_fields().refresh_token_expires_in.or(lifetime.refresh.map(u64::from));
        let refresh_token = answer.refresh_token().map(|token| SecretString::from(token.secret().as_str()));
        Tokens {
            access_token: SecretString::from(answer.access_token().secret().as_str()),
            expires_at: seconds.map(after),
            refresh_expires_at: refresh_seconds.filter(|_| refresh_token.is_some()).map(after),
            refresh_token,
            obtained_at: now,
            scopes: answer.scopes().map(|scopes| scopes.iter().map(|scope| scope.to_string()).collect()),
            kept: answer.extra_fields().kept.clone(),
        }
    }

    fn token_error(&self, error: RequestTokenError<ProviderError, BasicErrorResponse>) -> ProviderError {
        match error {
            RequestTokenError::Request(error) => error,
            RequestTokenError::ServerResponse(answer) => self.named(super::answer::short_name(answer.error().as_ref())),
            // The other kinds hold the answer's text, which may quote a token.
            RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
                ProviderError::BadAnswer("it is no token answer")
            }
        }
    }
}

/// What an answer left out stays as it was.
fn keeping(fresh: Tokens, before: &Tokens) -> Tokens {
    let rotated = fresh.refresh_token.is_some();
    let mut kept = before.kept.clone();
    kept.extend(fresh.kept);
    Tokens {
        refresh_expires_at: if rotated { fresh.refresh_expires_at } else { before.refresh_expires_at },
        refresh_token: fresh.refresh_token.or_else(|| before.refresh_token.clone()),
        scopes: fresh.scopes.or_else(|| before.scopes.clone()),
        kept,
        ..fresh
    }
}
