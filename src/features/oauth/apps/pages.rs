//! `/settings/oauth-apps`: the providers connectors sign in with, and what they know this installation as.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, web};
use askama::Template;
use secrecy::SecretString;

use super::{AppForm, AppStanding, ProviderApp, providers, standings};
use crate::base::error::{AppError, AppResult};
use crate::base::forms::RawForm;
use crate::features::accounts::guard::{Admin, SignedIn};
use crate::platform::app::App;
use crate::platform::web::csrf::CsrfForm;
use crate::platform::web::flash::{Flash, see_other_with};
use crate::platform::web::frame::OwnerFrame;
use crate::platform::web::page::{PageResult, page, unprocessable};
use crate::platform::web::urls;

const LONGEST: usize = 2_000;

struct ProviderItem {
    name: String,
    connectors: String,
    state: &'static str,
    tone: &'static str,
    url: String,
}

#[derive(Template)]
#[template(path = "oauth/apps.html")]
struct AppsPage {
    frame: OwnerFrame,
    tab: &'static str,
    providers: Vec<ProviderItem>,
}

/// One field of the form.
struct AppField {
    id: String,
    label: String,
    hint: String,
    is_set: bool,
    problem: String,
}

#[derive(Template)]
#[template(path = "oauth/app.html")]
struct AppPage {
    frame: OwnerFrame,
    tab: &'static str,
    name: String,
    connectors: String,
    guide: String,
    redirect_uri: String,
    may_change: bool,
    is_own: bool,
    is_instance: bool,
    client_id: String,
    client_id_problem: String,
    secrets: Vec<AppField>,
    url: String,
    removal_url: String,
}

impl AppPage {
    fn problems(&self) -> Vec<(String, String)> {
        let id = [("client_id".to_owned(), self.client_id_problem.clone())].into_iter();
        let secrets = self.secrets.iter().map(|field| (field.id.clone(), field.problem.clone()));
        id.chain(secrets).filter(|(_, problem)| !problem.is_empty()).collect()
    }
}

fn words(standing: &AppStanding) -> (&'static str, &'static str) {
    match standing {
        AppStanding::Own { .. } | AppStanding::Instance => ("Set", "ok"),
        AppStanding::Missing => ("Not set", ""),
    }
}

async fn load(app: &App, member: &SignedIn) -> AppResult<Vec<ProviderApp>> {
    let all = providers(&app.connectors);
    let (workspace, keys, instance) = (member.workspace_id.clone(), app.keys.clone(), app.config.oauth.clone());
    app.db
        .read(move |conn| {
            let standings = standings(conn, &workspace, &all, &keys, &instance)?;
            Ok(all.into_iter().zip(standings).map(|(offered, standing)| ProviderApp { offered, standing }).collect())
        })
        .await
}

async fn load_one(app: &App, member: &SignedIn, provider: &str) -> AppResult<ProviderApp> {
    let all = load(app, member).await?;
    all.into_iter().find(|app| app.offered.block.provider == provider).ok_or(AppError::NotFound)
}

/// `GET /settings/oauth-apps`
pub async fn index(app: web::Data<App>, request: HttpRequest, member: SignedIn) -> PageResult {
    let item = |ProviderApp { offered, standing }: ProviderApp| {
        let (state, tone) = words(&standing);
        ProviderItem {
            url: urls::oauth_app(&offered.block.provider),
            connectors: offered.connectors.join(", "),
            name: offered.block.name,
            state,
            tone,
        }
    };
    let providers = load(&app, &member).await?.into_iter().map(item).collect();
    page(&AppsPage { frame: member.frame(&request, &app, "settings"), tab: urls::SETTINGS_OAUTH_APPS, providers })
}

fn app_page(
    app: &App,
    request: &HttpRequest,
    member: &SignedIn,
    found: ProviderApp,
    problems: &BTreeMap<String, String>,
) -> AppPage {
    let ProviderApp { offered, standing } = found;
    let provider = &offered.block.provider;
    let problem = |id: &str| problems.get(id).cloned().unwrap_or_default();
    let (client_id, constants) = match &standing {
        AppStanding::Own { client_id, constants, .. } => (client_id.clone(), constants.clone()),
        AppStanding::Instance | AppStanding::Missing => Default::default(),
    };
    let is_own = matches!(standing, AppStanding::Own { .. });
    let mut secrets = vec![AppField {
        id: "client_secret".to_owned(),
        label: "Client secret".to_owned(),
        hint: String::new(),
        is_set: is_own,
        problem: problem("client_secret"),
    }];
    secrets.extend(offered.constants.iter().map(|(name, label, hint)| AppField {
        id: name.clone(),
        label: if label.is_empty() { name.clone() } else { label.clone() },
        hint: hint.clone(),
        is_set: constants.contains(name),
        problem: problem(name),
    }));
    AppPage {
        frame: member.frame(request, app, "settings"),
        tab: urls::SETTINGS_OAUTH_APPS,
        connectors: offered.connectors.join(", "),
        guide: crate::connectors::guide_html(&offered.block.app_guide),
        redirect_uri: app.config.server.base_url.join(&urls::oauth_callback(provider)),
        may_change: member.role.may_administer(),
        is_own,
        is_instance: standing == AppStanding::Instance,
        client_id,
        client_id_problem: problem("client_id"),
        secrets,
        url: urls::oauth_app(provider),
        removal_url: urls::oauth_app_removal(provider),
        name: offered.block.name,
    }
}

/// `GET /settings/oauth-apps/{provider}`
pub async fn edit(
    app: web::Data<App>,
    request: HttpRequest,
    member: SignedIn,
    provider: web::Path<String>,
) -> PageResult {
    let found = load_one(&app, &member, &provider).await?;
    page(&app_page(&app, &request, &member, found, &BTreeMap::new()))
}

/// `POST /settings/oauth-apps/{provider}`
pub async fn update(
    app: web::Data<App>,
    request: HttpRequest,
    member: Admin,
    provider: web::Path<String>,
    form: CsrfForm<Vec<(String, String)>>,
) -> PageResult {
    let found = load_one(&app, &member, &provider).await?;
    let raw = RawForm::from_pairs(form.value);
    let (typed, problems) = read(&raw, &found);
    if form.is_review || !problems.is_empty() {
        let mut view = app_page(&app, &request, &member, found, &problems);
        view.client_id = typed.client_id;
        return unprocessable(&view);
    }
    let (workspace, actor, provider) = (member.workspace_id.clone(), member.actor(), provider.into_inner());
    let target = urls::oauth_app(&provider);
    app.write(move |tx| super::save(tx, &workspace, &provider, &typed, actor)).await?;
    Ok(see_other_with(&app.config.server.base_url, &target, Flash::OauthAppSaved))
}

/// What was typed, and what is wrong with it by field. A blank secret keeps the one that is set.
fn read(raw: &RawForm, found: &ProviderApp) -> (AppForm, BTreeMap<String, String>) {
    let ProviderApp { offered, standing } = found;
    let text = |name: &str| raw.first(name).unwrap_or_default().trim().to_owned();
    let is_own = matches!(standing, AppStanding::Own { .. });
    let secret = |name: &str| Some(text(name)).filter(|text| !text.is_empty()).map(SecretString::from);
    let mut problems = BTreeMap::new();
    let client_id = text("client_id");
    if client_id.is_empty() {
        problems.insert("client_id".to_owned(), "Enter the client ID".to_owned());
    }
    let client_secret = secret("client_secret");
    if client_secret.is_none() && !is_own {
        problems.insert("client_secret".to_owned(), "Enter the client secret".to_owned());
    }
    let names = offered.constants.iter().map(|(name, ..)| name.as_str());
    for name in names.clone().chain(["client_id", "client_secret"]) {
        let typed = text(name);
        if typed.len() > LONGEST || typed.chars().any(char::is_control) {
            problems.insert(name.to_owned(), "This must be one line of at most 2,000 characters".to_owned());
        }
    }
    let constants = names.filter_map(|name| Some((name.to_owned(), secret(name)?))).collect();
    (AppForm { client_id, client_secret, constants }, problems)
}

/// `POST /settings/oauth-apps/{provider}/removal`
pub async fn remove(
    app: web::Data<App>,
    member: Admin,
    provider: web::Path<String>,
    _form: CsrfForm<Vec<(String, String)>>,
) -> PageResult {
    let (workspace, actor, provider) = (member.workspace_id.clone(), member.actor(), provider.into_inner());
    let removed = app.write(move |tx| super::remove(tx, &workspace, &provider, actor)).await?;
    if !removed {
        return Err(AppError::NotFound.into());
    }
    Ok(see_other_with(&app.config.server.base_url, urls::SETTINGS_OAUTH_APPS, Flash::OauthAppRemoved))
}
