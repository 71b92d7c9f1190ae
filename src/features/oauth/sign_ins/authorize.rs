//! Going to the provider: the state is made, what was typed is put away, and a page of ours leads there. A redirect would not do: the
//! form's policy (`form-action 'self'`) counts for where a POST is redirected to as well.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use secrecy::SecretString;

use super::link_sign_in::{ACCOUNT_FIELD, INPUT_FIELD, SEARCH_FIELD};
use super::pending::{self, PendingSignIn, Resume};
use super::store::{self, NewSignInAttempt};
use super::{ATTEMPT, BrowserAtLink, KEPT, LinkSignIn, browser};
use crate::base::clock::UtcTime;
use crate::base::crypto::{PlainToken, TokenHash, exposed};
use crate::base::error::{AppError, AppResult};
use crate::base::forms::RawForm;
use crate::base::ids::OauthAttemptId;
use crate::connectors::provider::Inputs;
use crate::features::oauth::provider_client::ProviderClient;
use crate::platform::app::App;
use crate::platform::sealed::sealed_column;
use crate::platform::web::frame::RecipientFrame;
use crate::platform::web::page::{PageResult, page_with, see_other};
use crate::platform::web::urls;
use crate::schema::form::Decoded;

/// What was sent with the button.
pub struct AuthorizeForm<'a> {
    /// The page to come back to.
    pub return_to: String,
    /// Until when the link works.
    pub until: UtcTime,
    /// The form as it was sent.
    pub raw: &'a RawForm,
    /// The form as it was read.
    pub decoded: &'a Decoded,
    /// Names of fields of the link's own, beside the connector's, that come back too; none of them may hold a secret.
    pub beside: &'static [&'static str],
    /// Around the page that leads away.
    pub frame: RecipientFrame,
}

/// The page between ours and the provider's.
#[derive(Template)]
#[template(path = "oauth/authorize.html")]
struct AuthorizePage {
    frame: RecipientFrame,
    provider: String,
    site: String,
    address: String,
}

/// What a way to the provider has to remember.
#[derive(serde::Serialize, serde::Deserialize)]
pub(super) struct AttemptState {
    #[serde(serialize_with = "exposed::option")]
    pub(super) verifier: Option<SecretString>,
    pub(super) inputs: Inputs,
    pub(super) redirect_uri: String,
    /// The link's page, to say what became of the link when it closed meanwhile.
    pub(super) return_to: String,
}

sealed_column!(
    /// What an attempt has to remember, for as long as it lives.
    pub(super) SEALED_ATTEMPTS = oauth_attempts[id].sealed
);

impl AuthorizeForm<'_> {
    fn pending(&self, sign_in: &LinkSignIn) -> PendingSignIn {
        let file = &sign_in.connector.file;
        let inputs = sign_in.block.inputs.iter().filter_map(|rule| {
            let typed = self.raw.first(&format!("{INPUT_FIELD}{}", rule.name))?;
            Some((rule.name.clone(), typed.to_owned()))
        });
        PendingSignIn {
            return_to: self.return_to.clone(),
            kind: file.kind,
            connector: file.slug.clone(),
            resume: self.resume(),
            inputs: inputs.collect(),
            signed_in: None,
            error: None,
        }
    }

    fn resume(&self) -> Resume {
        let secrets = self.decoded.typed_secrets.iter();
        // A form that was merely passed through is shown as nobody has touched it, with what is optional folded away.
        let untouched = self.decoded.submission.is_empty() && self.decoded.errors.is_empty();
        let mut typed = if untouched { BTreeMap::new() } else { self.decoded.state.typed_fields().clone() };
        let filled =
            |name: &&str| self.raw.first(name).map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
        typed.extend(self.beside.iter().filter_map(|name| Some(((*name).to_owned(), vec![filled(name)?]))));
        Resume {
            typed,
            secrets: secrets.map(|(name, secret)| (name.clone(), secret.clone())).collect(),
            chosen: self.raw.all(ACCOUNT_FIELD).map(str::to_owned).collect(),
            search: self.raw.first(SEARCH_FIELD).unwrap_or_default().trim().to_owned(),
        }
    }

    fn until(&self, now: UtcTime) -> UtcTime {
        (now + KEPT).min(self.until)
    }
}

/// Keeps what was typed, chosen and looked for, and shows the page anew.
///
/// # Errors
/// Only internal ones, and [`AppError::Conflict`] when too many browsers are at the link.
pub async fn keep(app: &App, request: &HttpRequest, sign_in: &LinkSignIn, form: &AuthorizeForm<'_>) -> PageResult {
    let (who, cookie) = browser::mark(request, app);
    put(app, sign_in, form, &who).await?;
    let mut answer = see_other(&form.return_to);
    answer.add_cookie(&cookie).map_err(AppError::internal)?;
    Ok(answer)
}

async fn put(
    app: &App,
    sign_in: &LinkSignIn,
    form: &AuthorizeForm<'_>,
    who: &TokenHash,
) -> AppResult<crate::base::ids::OauthSignInId> {
    let (link, who, until) = (sign_in.link.clone(), who.clone(), form.until(app.clock.now()));
    let fresh = form.pending(sign_in);
    app.write(move |tx| {
        let at = BrowserAtLink { link: &link, browser: &who };
        pending::put(tx, &at, until, |before| fresh.clone().on_top_of(before))
    })
    .await
}

impl PendingSignIn {
    /// These contents, with what was there before them still has to say.
    fn on_top_of(mut self, before: Option<Self>) -> Self {
        let Some(before) = before.filter(|before| before.kind == self.kind && before.connector == self.connector)
        else {
            return self;
        };
        let mut secrets = before.resume.secrets;
        secrets.append(&mut self.resume.secrets);
        self.resume.secrets = secrets;
        self.signed_in = before.signed_in;
        self
    }
}

/// Goes to the provider.
///
/// # Errors
/// [`AppError::Conflict`] when nobody has set the operator's app, or too many browsers are at the link.
pub async fn authorize(
    app: &App,
    request: &HttpRequest,
    sign_in: &LinkSignIn,
    form: AuthorizeForm<'_>,
    inputs: Inputs,
) -> PageResult {
    let secrets = sign_in.app.as_ref().ok_or(AppError::Conflict("Signing in is not set up here yet."))?;
    let (who, cookie) = browser::mark(request, app);
    let pending = put(app, sign_in, &form, &who).await?;
    let redirect_uri = app.config.server.base_url.join(&urls::oauth_callback(&sign_in.block.provider));
    let state = PlainToken::new(&app.rng, "");
    let again = sign_in.is_signed_in();
    let client = ProviderClient::new(&app.connector_http, &sign_in.block, secrets, &inputs);
    let authorize_url =
        client.authorize_url(&redirect_uri, state.expose(), again, &app.rng).map_err(AppError::internal)?;
    let attempt_state = AttemptState {
        verifier: authorize_url.verifier.clone(),
        inputs,
        redirect_uri,
        return_to: form.return_to.clone(),
    };
    let plain = zeroize::Zeroizing::new(serde_json::to_vec(&attempt_state).map_err(AppError::internal)?);
    let (workspace, provider, now) = (sign_in.link.workspace.clone(), sign_in.block.provider.clone(), app.clock.now());
    let id = OauthAttemptId::new(now, &app.rng);
    let sealed = app.keys.seal(&plain, SEALED_ATTEMPTS.at(&id, &workspace), &app.rng)?;
    let state = state.hash();
    app.db
        .write(move |conn| {
            store::end_others(conn, &pending, now)?;
            let new = NewSignInAttempt {
                id: &id,
                workspace: &workspace,
                sign_in: &pending,
                provider: &provider,
                state: &state,
                browser: &who,
                sealed: &sealed,
                now,
                expires_at: now + ATTEMPT,
            };
            Ok(new.insert(conn)?)
        })
        .await?;
    let host = authorize_url.url.host();
    let page = AuthorizePage {
        frame: form.frame,
        provider: sign_in.block.name.clone(),
        site: host.trim_start_matches("www.").to_owned(),
        address: authorize_url.url.as_str().to_owned(),
    };
    let mut answer: HttpResponse = page_with(StatusCode::OK, &page)?;
    answer.add_cookie(&cookie).map_err(AppError::internal)?;
    Ok(answer)
}
