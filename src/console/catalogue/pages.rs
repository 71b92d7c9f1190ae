//! `/connectors/{kind}/{connector}`: what a connector is, what can be done with it here, and what makes more of it.

use std::sync::Arc;

use actix_web::{HttpRequest, web};
use askama::Template;

use super::connector_view::{
    AbilityRow, InstalledFacts, PackageFacts, abilities, advised, begin_urls, is_overridden, limits, origin, pieces,
};
use super::subject::Subject;
use crate::base::error::{AppError, AppResult};
use crate::connectors::{Kind, PackageWay};
use crate::features::accounts::guard::SignedIn;
use crate::features::accounts::{instance_owners, names_in_words, owns_instance};
use crate::features::installs::{self, ConnectorInstall, InstallAct};
use crate::features::oauth;
use crate::platform::app::App;
use crate::platform::jobs::WorkState;
use crate::platform::web::frame::OwnerFrame;
use crate::platform::web::page::{PageResult, page};
use crate::platform::web::urls;

/// What everybody else is told of a failure: the reason may name folders and addresses of the server.
const ASK: &str = "It did not work. An owner of this installation sees here why.";

/// What the address names.
#[derive(Debug, serde::Deserialize)]
pub struct ConnectorPath {
    kind: String,
    connector: String,
}

/// How the last installation stands: the part of the page that changes.
#[derive(Template)]
#[template(path = "catalogue/live.html")]
struct InstallPart {
    title: String,
    word: &'static str,
    tone: &'static str,
    step: String,
    hint: &'static str,
    message: String,
    /// For owners of the instance alone: tools name folders and addresses.
    detail: String,
    is_over: bool,
    succeeded: bool,
    said: String,
    at: (String, String),
    /// The page around this, which was shown before it was over; empty where it is shown now.
    url: String,
}

/// What an owner of the instance can press.
struct InstallActs {
    install_url: String,
    install_text: &'static str,
    is_main: bool,
    upgrade_url: String,
    removal_url: String,
}

#[derive(Template)]
#[template(path = "catalogue/connector.html")]
struct ConnectorPage {
    frame: OwnerFrame,
    name: String,
    kind: &'static str,
    slug: String,
    mark: String,
    mark_color: String,
    category: String,
    summary: String,
    documentation_url: String,
    origin: &'static str,
    is_overridden: bool,
    rows: Vec<AbilityRow>,
    installed: Option<InstalledFacts>,
    package: Option<PackageFacts>,
    /// What is known of how more is got, where the table has nothing.
    how_else: Vec<String>,
    limits: Vec<String>,
    advised: Vec<String>,
    begin: Option<(String, String)>,
    may_edit: bool,
    acts: Option<InstallActs>,
    /// Why nothing can be pressed here, and who or what helps.
    instead: String,
    url: String,
    live: String,
    live_url: String,
    is_going: bool,
}

/// `GET /connectors/{kind}/{connector}`
pub async fn show(
    app: web::Data<App>,
    request: HttpRequest,
    member: SignedIn,
    path: web::Path<ConnectorPath>,
) -> PageResult {
    let app = app.into_inner();
    let subject = Subject::find(&app, &path.kind, &path.connector).await?;
    page(&view(&app, &request, &member, &subject).await?)
}

/// `GET /connectors/{kind}/{connector}/live`
pub async fn live(app: web::Data<App>, member: SignedIn, path: web::Path<ConnectorPath>) -> PageResult {
    let app = app.into_inner();
    let subject = Subject::find(&app, &path.kind, &path.connector).await?;
    let rights = Rights::of(&app, &member).await?;
    page(&match installs::last(&app, subject.kind, &subject.slug).await? {
        Some(last) => InstallPart::new(&last, rights.is_owner),
        None => InstallPart::nothing(&subject),
    })
}

/// What the member may do about installing here.
struct Rights {
    is_owner: bool,
    /// Names of the owners of the instance, for members of their own workspace.
    owners: String,
}

impl Rights {
    async fn of(app: &App, member: &SignedIn) -> AppResult<Self> {
        let (workspace, role) = (member.workspace_id.clone(), member.role);
        let read =
            app.db.read(move |conn| Ok((owns_instance(conn, &workspace, role)?, instance_owners(conn, &workspace)?)));
        let (is_owner, owners) = read.await?;
        Ok(Self { is_owner, owners: names_in_words(&owners) })
    }

    /// Why there is no button for something that could be installed.
    fn instead(&self, app: &App) -> String {
        let who = match self.owners.as_str() {
            "" => "an owner of this installation".to_owned(),
            names => format!("{names} (owners of this installation)"),
        };
        match (app.config.connectors.install, self.is_owner) {
            (true, true) => String::new(),
            (true, false) => format!("Here {who} can do it in the browser, and the operator on the server:"),
            (false, _) => "Installing in the browser is switched off here (VESTIBULE_CONNECTOR_INSTALL). The operator does it on the server:".to_owned(),
        }
    }
}

async fn view(app: &Arc<App>, request: &HttpRequest, member: &SignedIn, subject: &Subject) -> AppResult<ConnectorPage> {
    let apps = oauth::apps::ready(app, &member.workspace_id).await?;
    let has_app = subject.connector.as_ref().is_some_and(|connector| oauth::apps::has(&apps, connector));
    let rights = Rights::of(app, member).await?;
    let last = installs::last(app, subject.kind, &subject.slug).await?;
    let is_going = last.as_ref().is_some_and(|last| !last.state.is_over());
    let live = last.as_ref().map(|last| {
        let part = InstallPart::new(last, rights.is_owner);
        InstallPart { url: String::new(), ..part }.render()
    });
    let live = live.transpose().map_err(AppError::internal)?.unwrap_or_default();
    let rows = abilities(subject, &app.engines, has_app);
    let file = subject.connector.as_ref().map(|connector| &connector.file);
    let package = PackageFacts::of(subject);
    let how_else = match (&package, &subject.connector) {
        (None, Some(connector)) => pieces(&format!("The operator can {}.", connector.how_to_install())),
        _ => Vec::new(),
    };
    Ok(ConnectorPage {
        frame: member.frame(request, app, "connections"),
        name: subject.name().to_owned(),
        kind: subject.kind.as_str(),
        slug: subject.slug.clone(),
        mark: file.map(|file| file.mark.text.clone()).unwrap_or_default(),
        mark_color: file.map(|file| file.mark.color.clone()).unwrap_or_default(),
        category: file.map(|file| file.category.clone()).unwrap_or_default(),
        summary: file.map(|file| file.summary.clone()).unwrap_or_default(),
        documentation_url: documentation(subject),
        origin: origin(subject),
        is_overridden: is_overridden(subject),
        acts: acts(app, &rights, subject, &rows).filter(|_| !is_going),
        rows,
        installed: subject.installed.as_ref().map(InstalledFacts::of),
        package,
        how_else,
        limits: limits(subject),
        advised: advised(subject),
        begin: begin_urls(app, subject).filter(|_| member.role.may_edit()),
        may_edit: member.role.may_edit(),
        instead: rights.instead(app),
        url: urls::connector(subject.kind, &subject.slug),
        live,
        live_url: urls::connector_live(subject.kind, &subject.slug),
        is_going,
    })
}

fn documentation(subject: &Subject) -> String {
    let own = subject.connector.as_ref().map(|connector| connector.file.documentation_url.clone());
    let own = own.filter(|url| url.starts_with("https://"));
    own.or_else(|| subject.package.map(|row| row.documentation_url.clone())).unwrap_or_default()
}

/// What there is to press; `None` for everybody but owners of the instance where installing is switched on.
fn acts(app: &App, rights: &Rights, subject: &Subject, rows: &[AbilityRow]) -> Option<InstallActs> {
    if !rights.is_owner || !app.config.connectors.install {
        return None;
    }
    let does = |title| rows.iter().any(|row| row.title == title && row.does);
    let (is_main, install_text) = match subject.kind {
        Kind::Source if does("Read") => (false, "Install its maker's connector"),
        Kind::Source => (true, "Make it readable"),
        Kind::Destination if does("Write") => (false, "Let dlt write to it"),
        Kind::Destination => (true, "Make it writable"),
    };
    let url = |act: InstallAct| urls::connector_act(subject.kind, &subject.slug, act.as_str());
    let way = subject.package.map(|row| &row.way);
    let has_way = way.is_some_and(|way| !matches!(way, PackageWay::Image(_)));
    let only = |wanted: bool, act: InstallAct| if wanted { url(act) } else { String::new() };
    let acts = InstallActs {
        install_url: only(has_way && !subject.is_installed(), InstallAct::Install),
        install_text,
        is_main,
        upgrade_url: only(subject.is_installed(), InstallAct::Upgrade),
        removal_url: only(subject.installed.is_some(), InstallAct::Remove),
    };
    let has_any = [&acts.install_url, &acts.upgrade_url, &acts.removal_url].iter().any(|url| !url.is_empty());
    has_any.then_some(acts)
}

impl InstallPart {
    fn new(last: &ConnectorInstall, shows_detail: bool) -> Self {
        let (word, tone) = match last.state {
            WorkState::Queued => ("Waiting", ""),
            WorkState::InProgress => (last.act.doing(), "info"),
            WorkState::Success | WorkState::Partial => ("Done", "ok"),
            WorkState::Failed | WorkState::Cancelled => (last.act.undone(), "bad"),
        };
        let (is_over, failed) = (last.state.is_over(), last.state == WorkState::Failed);
        let at = last.ended_at.unwrap_or(last.created_at);
        Self {
            title: if is_over { "The last time".to_owned() } else { last.act.doing().to_owned() },
            word,
            tone,
            step: if is_over || !shows_detail { String::new() } else { last.step.clone() },
            hint: last.act.hint(),
            message: if failed && !shows_detail { ASK.to_owned() } else { last.message.clone() },
            detail: last.detail.clone().filter(|_| shows_detail).unwrap_or_default(),
            is_over,
            succeeded: last.state == WorkState::Success,
            said: word.to_owned(),
            at: (at.iso(), at.words()),
            url: urls::connector(last.kind, &last.slug),
        }
    }

    /// Nothing was ever asked for.
    fn nothing(subject: &Subject) -> Self {
        Self {
            title: String::new(),
            word: "",
            tone: "",
            step: String::new(),
            hint: "",
            message: String::new(),
            detail: String::new(),
            is_over: true,
            succeeded: false,
            said: String::new(),
            at: (String::new(), String::new()),
            url: urls::connector(subject.kind, &subject.slug),
        }
    }
}
