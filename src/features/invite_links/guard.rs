//! Proof that a token opens an invite link: what a recipient's handler needs cannot be had without it.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::{FromRequest, HttpRequest, web};

use super::InviteState;
use super::recipient_view::DeadPage;
use super::store::{self, InviteLink};
use crate::base::crypto::PlainToken;
use crate::base::error::{AppError, AppResult};
use crate::connectors::Connector;
use crate::features::accounts::{self, MemberCard, WorkspaceCard};
use crate::platform::app::App;
use crate::platform::db::Conn;
use crate::platform::web::client_ip::client_ip;
use crate::platform::web::page::PageError;

/// An invite link that exists, open or not, with all its page may say.
pub struct KnownInviteLink {
    /// The link, as it was when the request came.
    pub link: InviteLink,
    /// Its connector; `None` when it was removed from this installation.
    pub connector: Option<Arc<Connector>>,
    /// The asking workspace.
    pub workspace: WorkspaceCard,
    /// Who asks; `None` when a program made the link.
    pub asker: Option<MemberCard>,
    /// The caller's address, for the limits.
    pub ip: IpAddr,
}

/// An invite link that is open right now.
pub struct OpenInviteLink {
    /// The link and all around it.
    pub known: KnownInviteLink,
    /// Its connector.
    pub connector: Arc<Connector>,
}

impl KnownInviteLink {
    /// The link as it is now.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn reload(mut self, app: &App) -> AppResult<Self> {
        let id = self.link.id.clone();
        let row = app.db.read(move |conn| Ok(store::find_by_id(conn, &id)?)).await?;
        self.link = row.ok_or(AppError::NotFound)?;
        Ok(self)
    }

    /// Goes on only with an open link.
    ///
    /// # Errors
    /// The page that says why it is dead (410).
    pub fn into_open(self, app: &App) -> Result<OpenInviteLink, PageError> {
        let state = self.link.state(app.clock.now());
        if state != InviteState::Active {
            return Err(PageError::ready(StatusCode::GONE, &DeadPage::new(&self, state, app)));
        }
        let gone = || anyhow::anyhow!("the connector {} is not in the catalogue any more", self.link.connector_slug);
        let connector = self.connector.clone().ok_or_else(|| AppError::Internal(gone()))?;
        Ok(OpenInviteLink { known: self, connector })
    }
}

async fn load(request: HttpRequest) -> Result<KnownInviteLink, PageError> {
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
pub(super) async fn around(app: &App, link: InviteLink) -> AppResult<KnownInviteLink> {
    let found = app.db.read(move |conn| surroundings(conn, link)).await?.ok_or(AppError::NotFound)?;
    Ok(known(app, found, IpAddr::from([0, 0, 0, 0])))
}

type Surroundings = (InviteLink, WorkspaceCard, Option<MemberCard>);

fn surroundings(conn: &mut Conn, link: InviteLink) -> AppResult<Option<Surroundings>> {
    let workspace = accounts::find_workspace(conn, &link.workspace_id)?;
    let asker = link.created_by.as_ref().map(|id| accounts::find_member(conn, id)).transpose()?.flatten();
    Ok(workspace.map(|workspace| (link, workspace, asker)))
}

fn known(app: &App, (link, workspace, asker): Surroundings, ip: IpAddr) -> KnownInviteLink {
    let connector = app.connectors.find(link.kind, &link.connector_slug).cloned();
    KnownInviteLink { link, connector, workspace, asker, ip }
}

impl FromRequest for KnownInviteLink {
    type Error = PageError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, PageError>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        Box::pin(load(request.clone()))
    }
}

impl FromRequest for OpenInviteLink {
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
