//! `/settings/extraction-engine`: where extractions of this workspace run.

use actix_web::{HttpRequest, web};
use askama::Template;

use super::form::read;
use super::save::{remove as forget, save as store_setting};
use super::try_out::{NOTHING_SET, try_out};
use super::validate::{EngineInput, NOT_PUBLIC};
use super::{EngineKind, EngineSetting, find};
use crate::base::error::{AppError, AppResult};
use crate::base::forms::FieldProblem;
use crate::base::http_client::{AddressProblem, HttpsUrl};
use crate::features::accounts::guard::{OwnerOnly, SignedIn};
use crate::features::accounts::{Role, names_in_words, owners_of, signed_in_lately};
use crate::platform::app::App;
use crate::platform::web::csrf::CsrfForm;
use crate::platform::web::flash::{Flash, see_other_with};
use crate::platform::web::frame::OwnerFrame;
use crate::platform::web::page::{PageResult, page, unprocessable};
use crate::platform::web::urls;

/// Anchors of the page's problems that are of no field.
const SIGN_IN_ANEW: FieldProblem = FieldProblem {
    field: "anew",
    code: "sign_in_anew",
    sentence: "You signed in more than 15 minutes ago. Sign in anew, then save this again",
};

/// What trying has shown.
struct EngineCheck {
    tone: &'static str,
    title: &'static str,
    words: String,
}

/// One of the two.
struct EngineChoice {
    value: &'static str,
    words: &'static str,
    hint: &'static str,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "extraction_engine/settings.html")]
struct EnginePage {
    frame: OwnerFrame,
    tab: &'static str,
    may_change: bool,
    ask: String,
    choices: Vec<EngineChoice>,
    given: EngineInput,
    is_airbyte: bool,
    is_set: bool,
    has_secret: bool,
    /// When the details were tried: for programs and for people.
    tested: Option<(String, String)>,
    sign_in_url: String,
    must_sign_in: bool,
    problems: Vec<FieldProblem>,
    tried: Option<EngineCheck>,
}

impl EnginePage {
    fn error(&self, field: &str) -> &'static str {
        self.problems.iter().find(|problem| problem.field == field).map_or("", |problem| problem.sentence)
    }

    fn items(&self) -> Vec<(&'static str, &'static str)> {
        let anchor = |field| if field == "engine" { "engine-local" } else { field };
        self.problems.iter().map(|problem| (anchor(problem.field), problem.sentence)).collect()
    }

    fn with(self, given: EngineInput, problems: Vec<FieldProblem>) -> Self {
        let chosen = EngineKind::parse(&given.kind).unwrap_or(EngineKind::Local);
        let must_sign_in = self.must_sign_in || problems.contains(&SIGN_IN_ANEW);
        Self { choices: choices(chosen), given, problems, must_sign_in, ..self }
    }
}

fn choices(chosen: EngineKind) -> Vec<EngineChoice> {
    let hint = |kind| match kind {
        EngineKind::Local => "By the workers of this installation",
        EngineKind::Airbyte => "Sources are made there through its public API, and its workers extract them",
    };
    let one = |kind: &EngineKind| EngineChoice {
        value: kind.as_str(),
        words: kind.words(),
        hint: hint(*kind),
        chosen: *kind == chosen,
    };
    EngineKind::ALL.iter().map(one).collect()
}

async fn stored(app: &App, member: &SignedIn) -> AppResult<Option<EngineSetting>> {
    let workspace = member.workspace_id.clone();
    app.db.read(move |conn| Ok(find(conn, &workspace)?)).await
}

async fn view(app: &App, request: &HttpRequest, member: &SignedIn) -> AppResult<EnginePage> {
    let (workspace, session, now) = (member.workspace_id.clone(), member.session_id.clone(), app.clock.now());
    let read = app.db.read(move |conn| {
        let lately = signed_in_lately(conn, &session, now)?;
        Ok((find(conn, &workspace)?, owners_of(conn, &workspace)?, lately))
    });
    let (setting, owners, lately) = read.await?;
    let kind = setting.as_ref().map_or(EngineKind::Local, |set| set.kind);
    let may_change = member.role == Role::Owner;
    let local = || EngineInput { kind: EngineKind::Local.as_str().to_owned(), ..EngineInput::default() };
    Ok(EnginePage {
        frame: member.frame(request, app, "settings"),
        tab: urls::SETTINGS_ENGINE,
        may_change,
        ask: names_in_words(&owners),
        choices: choices(kind),
        is_airbyte: kind == EngineKind::Airbyte,
        is_set: setting.is_some(),
        has_secret: setting.as_ref().is_some_and(EngineSetting::has_secret),
        tested: setting.as_ref().and_then(|set| set.tested_at).map(|at| (at.iso(), at.words())),
        given: setting.as_ref().map_or_else(local, EngineInput::from),
        sign_in_url: urls::sign_in_again(urls::SETTINGS_ENGINE),
        must_sign_in: may_change && !lately,
        problems: Vec::new(),
        tried: None,
    })
}

/// `GET /settings/extraction-engine`
pub async fn show(app: web::Data<App>, request: HttpRequest, member: SignedIn) -> PageResult {
    page(&view(&app, &request, &member).await?)
}

/// `POST /settings/extraction-engine`
pub async fn save(
    app: web::Data<App>,
    request: HttpRequest,
    owner: OwnerOnly,
    form: CsrfForm<Vec<(String, String)>>,
) -> PageResult {
    let given = read(form.value);
    let before = stored(&app, &owner).await?;
    let shown = view(&app, &request, &owner).await?;
    let mut problems = match given.validate(before.as_ref()) {
        Ok(details) if !form.is_review && !shown.must_sign_in => match judged(&app, &details.url).await {
            None => {
                let (workspace, actor) = (owner.workspace_id.clone(), owner.actor());
                let set = app.write(move |tx| store_setting(tx, &workspace, before.as_ref(), &details, actor)).await?;
                let is_airbyte = set.kind == EngineKind::Airbyte;
                let flash = if is_airbyte { Flash::EngineSaved } else { Flash::EngineLocal };
                return Ok(see_other_with(&app.config.server.base_url, urls::SETTINGS_ENGINE, flash));
            }
            Some(problem) => vec![problem],
        },
        Ok(_) => Vec::new(),
        Err(problems) => problems,
    };
    if shown.must_sign_in {
        problems.push(SIGN_IN_ANEW);
    }
    unprocessable(&shown.with(given, problems))
}

/// Where the address leads at this moment, when that is nowhere good; it is judged again at every request.
pub(super) async fn judged(app: &App, url: &str) -> Option<FieldProblem> {
    let url = HttpsUrl::parse(url).ok()?;
    match app.connector_http.judge(&url).await {
        Ok(()) => None,
        Err(AddressProblem::NotPublic) => Some(NOT_PUBLIC),
        Err(problem) => Some(FieldProblem { field: "url", code: problem.code(), sentence: problem.sentence() }),
    }
}

/// `POST /settings/extraction-engine/check`: answers with the page that says what was found.
pub async fn check(
    app: web::Data<App>,
    request: HttpRequest,
    owner: OwnerOnly,
    _form: CsrfForm<Vec<(String, String)>>,
) -> PageResult {
    let setting = stored(&app, &owner).await?.ok_or(AppError::Conflict(NOTHING_SET))?;
    let tried = match try_out(&app, &setting).await? {
        Ok(words) => EngineCheck { tone: "ok", title: "The connection works", words },
        Err(fault) => EngineCheck { tone: "bad", title: "The connection does not work", words: fault.words() },
    };
    page(&EnginePage { tried: Some(tried), ..view(&app, &request, &owner).await? })
}

/// `POST /settings/extraction-engine/removal`
pub async fn remove(app: web::Data<App>, owner: OwnerOnly, _form: CsrfForm<Vec<(String, String)>>) -> PageResult {
    let (workspace, actor) = (owner.workspace_id.clone(), owner.actor());
    app.write(move |tx| forget(tx, &workspace, actor)).await?;
    Ok(see_other_with(&app.config.server.base_url, urls::SETTINGS_ENGINE, Flash::EngineRemoved))
}
