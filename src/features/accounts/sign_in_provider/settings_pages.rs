//! `/settings/sign-in`: the workspace's own identity provider, and whether passwords still open the workspace.

use actix_web::{HttpRequest, web};
use askama::Template;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::authorization::redirect_uri;
use super::domains::{self, Domains};
use super::protocol::discover;
use super::settings::{self, NewDetails, Saved};
use super::{Newcomers, Provider, store};
use crate::base::error::{AppError, AppResult};
use crate::base::http_client::HttpsUrl;
use crate::features::accounts::fields::{FormErrors, NoFields, one_line, secret};
use crate::features::accounts::guard::{OwnerOnly, SignedIn};
use crate::features::accounts::views::{FormChoice, MomentView, names_in_words};
use crate::features::accounts::{Role, owners_of};
use crate::platform::app::App;
use crate::platform::web::csrf::CsrfForm;
use crate::platform::web::flash::{Flash, see_other_with};
use crate::platform::web::frame::OwnerFrame;
use crate::platform::web::page::{PageResult, page, unprocessable};
use crate::platform::web::urls;

/// Most characters of a client id.
const LONGEST_CLIENT_ID: usize = 500;
/// Most bytes of a client secret.
const LONGEST_SECRET: usize = 2_000;

const STORED: &str = "Provided. It is never shown again; leave this empty to keep it";
const NONE_STORED: &str = "Leave this empty only if your provider gives none";

/// What the form sends; an empty secret keeps the one there is.
#[derive(Deserialize)]
pub struct ProviderForm {
    label: String,
    issuer: String,
    client_id: String,
    #[serde(deserialize_with = "secret")]
    client_secret: SecretString,
    domains: String,
    #[serde(default)]
    newcomers: String,
}

/// What the switch sends.
#[derive(Deserialize)]
pub struct PasswordsForm {
    passwords: String,
}

#[derive(Template)]
#[template(path = "accounts/settings/sign_in.html")]
struct SignInSettings {
    frame: OwnerFrame,
    tab: &'static str,
    errors: FormErrors,
    may_change: bool,
    ask: String,
    redirect_uri: String,
    /// The page of this workspace's own, and its path.
    address: String,
    path: String,
    /// Whether a provider is set up.
    is_set: bool,
    secret_hint: &'static str,
    tested: Option<MomentView>,
    passwords_off: Option<MomentView>,
    /// Whether the reader has come in through it themselves.
    knows_reader: bool,
    command: String,
    label: String,
    issuer: String,
    client_id: String,
    domains: String,
    newcomers: Vec<FormChoice>,
}

fn choices(chosen: Newcomers) -> Vec<FormChoice> {
    let of = |choice: &Newcomers| FormChoice {
        value: choice.as_str(),
        words: choice.words(),
        hint: choice.means(),
        chosen: *choice == chosen,
    };
    Newcomers::ALL.iter().map(of).collect()
}

/// `GET /settings/sign-in`
pub async fn show(request: HttpRequest, app: web::Data<App>, member: SignedIn) -> PageResult {
    page(&view(&request, &app, &member).await?)
}

async fn view(request: &HttpRequest, app: &App, member: &SignedIn) -> AppResult<SignInSettings> {
    let (workspace, reader) = (member.workspace_id.clone(), member.member_id.clone());
    let found = app.db.read(move |conn| {
        let known = store::identity_of(conn, &workspace, &reader)?.is_some();
        Ok((store::find(conn, &workspace)?, known, owners_of(conn, &workspace)?))
    });
    let (provider, knows_reader, owners) = found.await?;
    let slug = &member.workspace_slug;
    let old = provider.as_ref();
    Ok(SignInSettings {
        frame: member.frame(request, app, "settings"),
        tab: urls::SETTINGS_SIGN_IN,
        errors: FormErrors::default(),
        may_change: member.role == Role::Owner,
        ask: names_in_words(&owners),
        redirect_uri: redirect_uri(app, slug),
        path: urls::sign_in_with(slug),
        address: app.config.server.base_url.join(&urls::sign_in_with(slug)),
        is_set: old.is_some(),
        secret_hint: if old.is_some_and(|old| old.client_secret.is_some()) { STORED } else { NONE_STORED },
        tested: old.and_then(|old| old.tested_at).map(MomentView::from),
        passwords_off: old.and_then(|old| old.passwords_off_at).map(MomentView::from),
        knows_reader,
        command: format!("vestibule owner allow-passwords --workspace {slug}"),
        newcomers: choices(old.map_or(Newcomers::Refused, |old| old.newcomers)),
        domains: old.map(|old| old.domains.words().to_owned()).unwrap_or_default(),
        label: old.map(|old| old.label.clone()).unwrap_or_default(),
        issuer: old.map(|old| old.issuer.clone()).unwrap_or_default(),
        client_id: provider.map(|old| old.client_id).unwrap_or_default(),
    })
}

/// `POST /settings/sign-in`: asks the provider before it is saved.
pub async fn save(
    request: HttpRequest,
    app: web::Data<App>,
    owner: OwnerOnly,
    form: CsrfForm<ProviderForm>,
) -> PageResult {
    let (form, is_review) = (form.value, form.is_review);
    let workspace = owner.workspace_id.clone();
    let old = app.db.read(move |conn| Ok(store::find(conn, &workspace)?)).await?;
    let mut errors = FormErrors::default();
    let new = checked(&form, old.as_ref(), &owner, &mut errors);
    let new = if errors.is_empty() && !is_review {
        with_real_issuer(&app, new, old.as_ref(), &mut errors).await
    } else {
        new
    };
    if is_review || !errors.is_empty() {
        let chosen = new.newcomers;
        let view = view(&request, &app, &owner).await?;
        let (label, issuer, client_id, domains) = (form.label, form.issuer, form.client_id, form.domains);
        let newcomers = choices(chosen);
        return unprocessable(&SignInSettings { errors, label, issuer, client_id, domains, newcomers, ..view });
    }
    let who = owner.acting();
    let saved = app.write(move |tx| settings::save(tx, &who, &new)).await?;
    let flash = if saved == Saved::AsBefore { Flash::DetailsSaved } else { Flash::SignInSaved };
    Ok(see_other_with(&app.config.server.base_url, urls::SETTINGS_SIGN_IN, flash))
}

/// The details as the form wants them, as far as one can judge them without asking anybody.
fn checked(form: &ProviderForm, old: Option<&Provider>, owner: &SignedIn, errors: &mut FormErrors) -> NewDetails {
    let label = errors.name("label", "Name on the button", &form.label);
    let issuer = form.issuer.trim().to_owned();
    if HttpsUrl::parse(&issuer).is_err() || issuer.contains('?') {
        errors.add("issuer", "Issuer must be an address that begins with https://, like https://login.acme.example");
    }
    let client_id = one_line(&form.client_id);
    if client_id.is_empty() {
        errors.add("client_id", "Enter the client id");
    }
    errors.within("client_id", "Client id", &client_id, LONGEST_CLIENT_ID);
    let typed = form.client_secret.expose_secret().trim();
    if typed.len() > LONGEST_SECRET {
        errors.add("client_secret", format!("Client secret must be {LONGEST_SECRET} bytes or fewer"));
    }
    let kept = old.filter(|old| old.client_secret.is_some() && typed.is_empty());
    if kept.is_some_and(|old| !is_same_issuer(&old.issuer, &issuer)) {
        errors.add("client_secret", "Enter the client secret again: the one stored is for the old issuer only");
    }
    let newcomers = Newcomers::parse(&form.newcomers);
    if newcomers.is_none() {
        errors.add("newcomers-refuse", "Choose what happens to people who are no members yet");
    }
    let newcomers = newcomers.unwrap_or(Newcomers::Refused);
    let domains = checked_domains(&form.domains, newcomers, owner, errors);
    let client_secret = Some(SecretString::from(typed.to_owned())).filter(|_| !typed.is_empty());
    NewDetails { label, issuer, client_id, client_secret, domains, newcomers }
}

fn checked_domains(typed: &str, newcomers: Newcomers, owner: &SignedIn, errors: &mut FormErrors) -> Domains {
    let Ok(domains) = Domains::parse(typed) else {
        errors.add("domains", "Email domains must look like acme.example, with commas between them");
        return Domains::default();
    };
    if domains.len() > domains::MOST {
        errors.add("domains", format!("Email domains must be {} or fewer", domains::MOST));
    }
    if domains.is_empty() && newcomers.role().is_some() {
        errors.add("domains", "Enter the email domains whose people may come in without an invitation");
    }
    if !domains.allow(&owner.member_email) {
        errors.add("domains", "Add the domain of your own email address, or you could not sign in yourself");
    }
    domains
}

fn is_same_issuer(one: &str, other: &str) -> bool {
    one.trim_end_matches('/') == other.trim_end_matches('/')
}

/// The details with the issuer as it calls itself; an issuer that is in use already is not asked again.
async fn with_real_issuer(app: &App, new: NewDetails, old: Option<&Provider>, errors: &mut FormErrors) -> NewDetails {
    if let Some(old) = old.filter(|old| is_same_issuer(&old.issuer, &new.issuer)) {
        return NewDetails { issuer: old.issuer.clone(), ..new };
    }
    match discover(&app.identity_http, &new.issuer).await {
        Ok(found) => NewDetails { issuer: found.issuer, ..new },
        Err(problem) => {
            errors.add("issuer", format!("Issuer cannot be used: {}", problem.detail()));
            new
        }
    }
}

/// `POST /settings/sign-in/passwords`: `off` makes the provider the only way in.
pub async fn passwords(app: web::Data<App>, owner: OwnerOnly, form: CsrfForm<PasswordsForm>) -> PageResult {
    let (who, keep) = (owner.acting(), owner.session_id.clone());
    let flash = match form.value.passwords.as_str() {
        "off" => {
            app.write(move |tx| settings::switch_passwords_off(tx, &who, &keep)).await?;
            Flash::PasswordsOff
        }
        "on" => {
            app.write(move |tx| settings::switch_passwords_on(tx, &who)).await?;
            Flash::PasswordsOn
        }
        _ => return Err(AppError::Unreadable("neither on nor off").into()),
    };
    Ok(see_other_with(&app.config.server.base_url, urls::SETTINGS_SIGN_IN, flash))
}

/// `POST /settings/sign-in/removal`
pub async fn remove(app: web::Data<App>, owner: OwnerOnly, _form: CsrfForm<NoFields>) -> PageResult {
    let who = owner.acting();
    app.write(move |tx| settings::remove(tx, &who)).await?;
    Ok(see_other_with(&app.config.server.base_url, urls::SETTINGS_SIGN_IN, Flash::SignInRemoved))
}
