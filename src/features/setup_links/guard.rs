//! Proof that a token opens a draft: what a recipient's handler needs cannot be had without it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::{FromRequest, HttpRequest, web};

use super::recipient_view::DeadPage;
use super::store::{self, LinkRow};
use super::{ClosedReason, check_open};
use crate::base::clock::UtcTime;
use crate::base::crypto::PlainToken;
use crate::base::error::{AppError, AppResult};
use crate::connectors::Connector;
use crate::features::accounts::{self, MemberCard, WorkspaceCard};
use crate::features::connections::{self, Connection};
use crate::platform::app::App;
use crate::platform::db::Conn;
use crate::platform::web::client_ip::client_ip;
use crate::platform::web::csrf::CsrfForm;
use crate::platform::web::page::PageError;

/// A setup link that exists, open or not, with all its page may say.
pub struct KnownSetupLink {
    /// The link.
    pub link: LinkRow,
    /// Its draft, as it was when the request came.
    pub connection: Connection,
    /// The draft's connector; `None` when it was removed from this installation.
    pub connector: Option<Arc<Connector>>,
    /// The asking workspace.
    pub workspace: WorkspaceCard,
    /// Who asks; `None` when a program made the link.
    pub asker: Option<MemberCard>,
    /// The caller's address, for the limits.
    pub ip: std::net::IpAddr,
}

/// A setup link that is open right now.
pub struct OpenSetupLink {
    /// The link and all around it.
    pub known: KnownSetupLink,
    /// The draft's connector.
    pub connector: Arc<Connector>,
    /// Until when it is open.
    pub until: UtcTime,
}

impl KnownSetupLink {
    /// Why the link does not open, if it does not.
    pub fn closed(&self, now: UtcTime) -> Option<ClosedReason> {
        check_open(self.link.times(), self.link.purpose, self.connection.state(), now).err()
    }

    /// The link and its draft as they are now.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn reload(mut self, app: &App) -> AppResult<Self> {
        let (workspace, connection, link) =
            (self.link.workspace_id.clone(), self.connection.id.clone(), self.link.id.clone());
        let (row, connection) = app
            .db
            .read(move |conn| {
                Ok((store::find_by_id(conn, &link)?, connections::find_by_id(conn, &workspace, &connection)?))
            })
            .await?;
        self.link = row.ok_or(AppError::NotFound)?;
        self.connection = connection.ok_or(AppError::NotFound)?;
        Ok(self)
    }

    /// Goes on only with an open link.
    ///
    /// # Errors
    /// The page that says why it is dead (410).
    pub fn into_open(self, app: &App) -> Result<OpenSetupLink, PageError> {
        match check_open(self.link.times(), self.link.purpose, self.connection.state(), app.clock.now()) {
            Err(reason) => Err(PageError::ready(StatusCode::GONE, &DeadPage::new(&self, reason, app))),
            Ok(until) => {
                let connector =
                    self.connector.clone().ok_or_else(|| AppError::Internal(missing_connector(&self.connection)))?;
                Ok(OpenSetupLink { known: self, connector, until })
            }
        }
    }
}

fn missing_connector(connection: &Connection) -> anyhow::Error {
    anyhow::anyhow!("the connector {} is not in the catalogue any more", connection.connector_slug)
}

async fn load(request: HttpRequest) -> Result<KnownSetupLink, PageError> {
    let app = request.app_data::<web::Data<App>>().ok_or(AppError::NotFound)?;
    let ip = client_ip(&request, &app.config.server.trusted_proxies);
    app.limits.open(ip)?;
    let token = PlainToken::presented(request.match_info().get("token").ok_or(AppError::NotFound)?);
    let hash = token.hash();
    let found = app
        .db
        .read(move |conn| {
            let link = store::find_by_token(conn, &hash)?;
            link.map(|link| surroundings(conn, link)).transpose().map(Option::flatten)
        })
        .await?;
    let Some(found) = found else {
        app.limits.unknown_token(ip)?;
        return Err(AppError::NotFound.into());
    };
    Ok(known(app, found, ip))
}

/// All around a link that was found another way than by its token.
///
/// # Errors
/// The database cannot be read.
pub(super) async fn around(app: &App, link: LinkRow) -> AppResult<KnownSetupLink> {
    let found = app.db.read(move |conn| surroundings(conn, link)).await?.ok_or(AppError::NotFound)?;
    Ok(known(app, found, std::net::IpAddr::from([0, 0, 0, 0])))
}

type Surroundings = (LinkRow, Connection, WorkspaceCard, Option<MemberCard>);

fn surroundings(conn: &mut Conn, link: LinkRow) -> AppResult<Option<Surroundings>> {
    let connection = connections::find_by_id(conn, &link.workspace_id, &link.connection_id)?;
    let workspace = accounts::find_workspace(conn, &link.workspace_id)?;
    let asker = link.created_by.as_ref().map(|id| accounts::find_member(conn, id)).transpose()?.flatten();
    Ok(connection.zip(workspace).map(|(connection, workspace)| (link, connection, workspace, asker)))
}

fn known(app: &App, (link, connection, workspace, asker): Surroundings, ip: std::net::IpAddr) -> KnownSetupLink {
    let connector = app.connectors.find(connection.kind, &connection.connector_slug).cloned();
    KnownSetupLink { link, connection, connector, workspace, asker, ip }
}

/// A form sent to a setup link. The link is looked up first: what an unknown token is told must not depend on the form.
pub struct SentForm {
    /// The link, open or not.
    pub known: KnownSetupLink,
    /// What was sent.
    pub form: CsrfForm<Vec<(String, String)>>,
}

impl FromRequest for SentForm {
    type Error = PageError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, PageError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let mut payload = payload.take();
        Box::pin(async move {
            let known = load(request.clone()).await?;
            let form = CsrfForm::from_request(&request, &mut payload).await?;
            Ok(Self { known, form })
        })
    }
}

impl FromRequest for OpenSetupLink {
    type Error = PageError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, PageError>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let app = request.app_data::<web::Data<App>>().cloned().ok_or(AppError::NotFound)?;
            load(request).await?.into_open(&app)
        })
    }
}
