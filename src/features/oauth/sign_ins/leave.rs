//! Going to the provider: the state is made, what was typed is put away, and a page of ours leads there. A redirect would not do: the
//! form's policy (`form-action 'self'`) counts for where a POST is redirected to as well.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use secrecy::ExposeSecret as _;

use super::desk::{ACCOUNT_FIELD, INPUT_FIELD, SEARCH_FIELD};
use super::folder::{self, Folder, Resume, Shelf};
use super::store::{self, NewAttempt};
use super::{ATTEMPT, Desk, KEPT, browser};
use crate::base::clock::UtcTime;
use crate::base::crypto::{PlainToken, TokenHash};
use crate::base::error::{AppError, AppResult};
use crate::base::forms::RawForm;
use crate::base::ids::OauthAttemptId;
use crate::connectors::provider::Inputs;
use crate::features::oauth::wire::Wire;
use crate::platform::app::App;
use crate::platform::sealed::sealed_column;
use crate::platform::web::frame::RecipientFrame;
use crate::platform::web::page::{PageResult, page_with, see_other};
use crate::platform::web::urls;
use crate::schema::form::Decoded;

/// What was sent with the button.
pub struct Leaving<'a> {
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
#[template(path = "oauth/leaving.html")]
struct LeavingPage {
    frame: RecipientFrame,
    provider: String,
    site: String,
    address: String,
}

/// What a way to the provider has to remember.
#[derive(serde::Serialize, serde::Deserialize)]
pub(super) struct Luggage {
    pub(super) verifier: Option<String>,
    pub(super) inputs: Inputs,
    pub(super) redirect_uri: String,
    /// The link's page, to say what became of the link when it closed meanwhile.
    pub(super) return_to: String,
}

sealed_column!(
    /// What an attempt has to remember, for as long as it lives.
    pub(super) SEALED_ATTEMPTS = oauth_attempts[id].sealed
);

impl Leaving<'_> {
    fn folder(&self, desk: &Desk) -> Folder {
        let file = &desk.connector.file;
        let inputs = desk.block.inputs.iter().filter_map(|rule| {
            let typed = self.raw.first(&format!("{INPUT_FIELD}{}", rule.name))?;
            Some((rule.name.clone(), typed.to_owned()))
        });
        Folder {
            return_to: self.return_to.clone(),
            kind: file.kind,
            connector: file.slug.clone(),
            resume: self.resume(),
            inputs: inputs.collect(),
            signed_in: None,
            trouble: None,
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
            secrets: secrets.map(|(name, secret)| (name.clone(), secret.expose_secret().to_owned())).collect(),
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
pub async fn keep(app: &App, request: &HttpRequest, desk: &Desk, leaving: &Leaving<'_>) -> PageResult {
    let (who, cookie) = browser::mark(request, app);
    put(app, desk, leaving, &who).await?;
    let mut answer = see_other(&leaving.return_to);
    answer.add_cookie(&cookie).map_err(AppError::internal)?;
    Ok(answer)
}

async fn put(
    app: &App,
    desk: &Desk,
    leaving: &Leaving<'_>,
    who: &TokenHash,
) -> AppResult<crate::base::ids::OauthSignInId> {
    let (door, who, until) = (desk.door.clone(), who.clone(), leaving.until(app.clock.now()));
    let fresh = leaving.folder(desk);
    app.write(move |tx| {
        let shelf = Shelf { door: &door, browser: &who, until, now: tx.now };
        folder::put(tx, &shelf, |before| fresh.clone().on_top_of(before))
    })
    .await
}

impl Folder {
    /// These contents, with what the folder before them still has to say.
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
pub async fn leave(app: &App, request: &HttpRequest, desk: &Desk, leaving: Leaving<'_>, inputs: Inputs) -> PageResult {
    let secrets = desk.app.as_ref().ok_or(AppError::Conflict("Signing in is not set up here yet."))?;
    let (who, cookie) = browser::mark(request, app);
    let sign_in = put(app, desk, &leaving, &who).await?;
    let redirect_uri = app.config.server.base_url.join(&urls::oauth_callback(&desk.block.provider));
    let state = PlainToken::new(&app.rng, "");
    let again = desk.is_signed_in();
    let wire = Wire::new(&app.connector_http, &desk.block, secrets, &inputs);
    let departure = wire.depart(&redirect_uri, state.expose(), again, &app.rng).map_err(AppError::internal)?;
    let verifier = departure.verifier.as_ref().map(|verifier| verifier.expose_secret().to_owned());
    let luggage = Luggage { verifier, inputs, redirect_uri, return_to: leaving.return_to.clone() };
    let plain = zeroize::Zeroizing::new(serde_json::to_vec(&luggage).map_err(AppError::internal)?);
    let (workspace, provider, now) = (desk.door.workspace.clone(), desk.block.provider.clone(), app.clock.now());
    let id = OauthAttemptId::new(now, &app.rng);
    let sealed = app.keys.seal(&plain, SEALED_ATTEMPTS.at(&id, &workspace), &app.rng)?;
    let state = state.hash();
    app.db
        .write(move |conn| {
            store::end_others(conn, &sign_in, now)?;
            let new = NewAttempt {
                id: &id,
                workspace: &workspace,
                sign_in: &sign_in,
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
    let host = departure.url.host();
    let page = LeavingPage {
        frame: leaving.frame,
        provider: desk.block.name.clone(),
        site: host.trim_start_matches("www.").to_owned(),
        address: departure.url.as_str().to_owned(),
    };
    let mut answer: HttpResponse = page_with(StatusCode::OK, &page)?;
    answer.add_cookie(&cookie).map_err(AppError::internal)?;
    Ok(answer)
}
