//! `/connectors/{kind}/{connector}/installing/{act}`: what would be installed, upgraded or removed, shown before; POST asks for it.

use std::sync::Arc;

use actix_web::{HttpRequest, web};
use askama::Template;

use super::connector_view::{InstalledFacts, PackageFacts};
use super::subject::Subject;
use crate::base::error::{AppError, AppResult};
use crate::base::forms::FieldProblem;
use crate::connectors::{Connectors, Kind, PackageWay};
use crate::engines::install::PythonRange;
use crate::features::accounts::guard::OwnerOnly;
use crate::features::accounts::signed_in_lately;
use crate::features::catalogue::installing::licence_words;
use crate::features::connections;
use crate::features::installs::{self, InstallAct};
use crate::platform::app::App;
use crate::platform::web::csrf::CsrfForm;
use crate::platform::web::frame::OwnerFrame;
use crate::platform::web::page::{PageResult, page, see_other, unprocessable};
use crate::platform::web::urls;

const SIGN_IN_ANEW: FieldProblem = FieldProblem {
    field: "anew",
    code: "sign_in_anew",
    sentence: "You signed in more than 15 minutes ago. Sign in anew, then press this again",
};
const NOT_AGREED: FieldProblem =
    FieldProblem { field: "agree", code: "not_agreed", sentence: "Say that you agree to the licence, or leave it" };
const NOTHING_TO_INSTALL: &str = "Nothing can be installed for this connector in the browser.";
const ALREADY_THERE: &str = "It is installed already. Upgrade it, or remove it first.";
const NOT_THERE: &str = "It is not installed.";

/// What the address names.
#[derive(Debug, serde::Deserialize)]
pub struct ActPath {
    kind: String,
    connector: String,
    act: String,
}

/// A licence as it is shown before it is agreed to.
struct LicenceView {
    whose: &'static str,
    name: String,
    title: &'static str,
    url: &'static str,
    means: &'static str,
}

#[derive(Template)]
#[template(path = "catalogue/install.html")]
struct InstallPage {
    frame: OwnerFrame,
    name: String,
    heading: String,
    act: InstallAct,
    package: Option<PackageFacts>,
    installed: Option<InstalledFacts>,
    /// The package that runs a manifest, with its versions.
    runner: String,
    licence: LicenceView,
    documentation_url: String,
    folder: String,
    python: String,
    /// Why it cannot be made here; empty when it can.
    no_python: String,
    uses: i64,
    is_builtin: bool,
    /// The built-in writer gives its work to what is installed.
    takes_over: bool,
    must_sign_in: bool,
    sign_in_url: String,
    url: String,
    connector_url: String,
    problems: Vec<FieldProblem>,
}

impl InstallPage {
    fn items(&self) -> Vec<(&'static str, &'static str)> {
        self.problems.iter().map(|problem| (problem.field, problem.sentence)).collect()
    }

    fn error(&self, field: &str) -> &'static str {
        self.problems.iter().find(|problem| problem.field == field).map_or("", |problem| problem.sentence)
    }
}

/// `GET /connectors/{kind}/{connector}/installing/{act}`
pub async fn confirm(
    app: web::Data<App>,
    request: HttpRequest,
    owner: OwnerOnly,
    path: web::Path<ActPath>,
) -> PageResult {
    let app = app.into_inner();
    let (subject, act) = wanted(&app, &owner, &path).await?;
    page(&view(&app, &request, &owner, &subject, act).await?)
}

/// `POST /connectors/{kind}/{connector}/installing/{act}`
pub async fn begin(
    app: web::Data<App>,
    request: HttpRequest,
    owner: OwnerOnly,
    path: web::Path<ActPath>,
    form: CsrfForm<Vec<(String, String)>>,
) -> PageResult {
    let app = app.into_inner();
    let (subject, act) = wanted(&app, &owner, &path).await?;
    let mut shown = view(&app, &request, &owner, &subject, act).await?;
    let agreed = form.value.iter().any(|(name, value)| name == "agree" && value == "yes");
    if shown.must_sign_in {
        shown.problems.push(SIGN_IN_ANEW);
    }
    if act == InstallAct::Install && !agreed {
        shown.problems.push(NOT_AGREED);
    }
    if form.is_review || !shown.problems.is_empty() {
        return unprocessable(&shown);
    }
    installs::ask(&app, &owner, subject.kind, &subject.slug, act).await?;
    Ok(see_other(&urls::connector(subject.kind, &subject.slug)))
}

/// What the path means, once it is clear that the member may ask for it. What goes on already is no reason to refuse: whoever presses twice
/// is led to it.
async fn wanted(app: &Arc<App>, owner: &OwnerOnly, path: &ActPath) -> AppResult<(Subject, InstallAct)> {
    installs::may_be_asked(app, owner).await?;
    let act = InstallAct::parse(&path.act).ok_or(AppError::NotFound)?;
    let subject = Subject::find(app, &path.kind, &path.connector).await?;
    let last = installs::last(app, subject.kind, &subject.slug).await?;
    if last.is_some_and(|last| !last.state.is_over()) {
        return Ok((subject, act));
    }
    let refused = match act {
        InstallAct::Install if subject.is_installed() => Some(ALREADY_THERE),
        InstallAct::Install if subject.python_package().is_none() => Some(NOTHING_TO_INSTALL),
        InstallAct::Upgrade | InstallAct::Remove if subject.installed.is_none() => Some(NOT_THERE),
        InstallAct::Install | InstallAct::Upgrade | InstallAct::Remove => None,
    };
    refused.map_or(Ok((subject, act)), |why| Err(AppError::Conflict(why)))
}

fn licence(subject: &Subject) -> LicenceView {
    let words = licence_words(subject.licence());
    let whose = match subject.package.map(|row| &row.way) {
        Some(PackageWay::Manifest { .. }) => "of the manifest",
        Some(PackageWay::Loader { .. }) => "of dlt",
        _ => "of the connector",
    };
    LicenceView { whose, name: words.name.to_owned(), title: words.title, url: words.url, means: words.means }
}

async fn view(
    app: &Arc<App>,
    request: &HttpRequest,
    owner: &OwnerOnly,
    subject: &Subject,
    act: InstallAct,
) -> AppResult<InstallPage> {
    let (session, now) = (owner.session_id.clone(), app.clock.now());
    let of = (subject.kind, subject.slug.clone());
    let read = app.db.read(move |conn| {
        let uses = connections::count_by_connector(conn)?.get(&of).copied().unwrap_or_default();
        Ok((signed_in_lately(conn, &session, now)?, uses))
    });
    let (lately, uses) = read.await?;
    let (mut python, mut no_python) = (String::new(), String::new());
    let range = subject.python_package().and_then(|package| PythonRange::parse(&package.python));
    if let Some(range) = range.filter(|_| act != InstallAct::Remove) {
        match app.installer.find_python(range).await {
            Ok(found) => python = format!("{}. Here: {found}", range.in_words()),
            Err(missing) => no_python = missing.message,
        }
    }
    let takes_over = act == InstallAct::Install && subject.kind == Kind::Destination && is_written(app, subject);
    let is_manifest = matches!(subject.package.map(|row| &row.way), Some(PackageWay::Manifest { .. }));
    let url = urls::connector_act(subject.kind, &subject.slug, act.as_str());
    Ok(InstallPage {
        frame: owner.frame(request, app, "connections"),
        name: subject.name().to_owned(),
        heading: heading(subject, act, takes_over),
        act,
        package: PackageFacts::of(subject),
        installed: subject.installed.as_ref().map(InstalledFacts::of),
        runner: if is_manifest { subject.runner.requirement() } else { String::new() },
        licence: licence(subject),
        documentation_url: subject.package.map(|row| row.documentation_url.clone()).unwrap_or_default(),
        folder: app.installer.folders().root.display().to_string(),
        python,
        no_python,
        uses,
        is_builtin: is_builtin(subject),
        takes_over,
        must_sign_in: !lately,
        sign_in_url: urls::sign_in_again(&url),
        url,
        connector_url: urls::connector(subject.kind, &subject.slug),
        problems: Vec::new(),
    })
}

fn heading(subject: &Subject, act: InstallAct, takes_over: bool) -> String {
    let name = subject.name();
    match (act, subject.kind) {
        (InstallAct::Install, _) if takes_over => format!("Let dlt write to {name}"),
        (InstallAct::Install, Kind::Source) => format!("Make {name} readable"),
        (InstallAct::Install, Kind::Destination) => format!("Make {name} writable"),
        (InstallAct::Upgrade | InstallAct::Remove, _) => format!("{} {name}", act.words()),
    }
}

/// Whether something here writes to it already.
fn is_written(app: &App, subject: &Subject) -> bool {
    subject.connector.as_ref().is_some_and(|connector| app.engines.ability(connector).write)
}

/// Whether something of it stays when what is installed goes.
fn is_builtin(subject: &Subject) -> bool {
    let built_in = Connectors::load(None);
    built_in.is_ok_and(|all| all.find(subject.kind, &subject.slug).is_some())
}
