//! Proof that a token opens a link: what a recipient's handler needs cannot be had without it.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::{FromRequest, HttpRequest, web};

use super::dead_page::DeadPage;
use super::link::{Ended, KnownLink, OpenLink, RecipientLink};
use crate::base::crypto::PlainToken;
use crate::base::error::{AppError, AppResult};
use crate::base::forms::RawForm;
use crate::features::accounts::{self, MemberCard, WorkspaceCard};
use crate::platform::app::App;
use crate::platform::db::Conn;
use crate::platform::web::client_ip::client_ip;
use crate::platform::web::page::PageError;

/// A link with the rows around it.
struct LinkContext<L> {
    link: L,
    workspace: WorkspaceCard,
    maker: Option<MemberCard>,
}

impl<L: RecipientLink> LinkContext<L> {
    fn find(conn: &mut Conn, link: L) -> AppResult<Option<Self>> {
        let facts = link.facts();
        let workspace = accounts::find_workspace(conn, facts.workspace)?;
        let maker = facts.maker.map(|id| accounts::living_member(conn, facts.workspace, id)).transpose()?.flatten();
        let Some(workspace) = workspace else { return Ok(None) };
        // Whoever made the link has left: the workspace asks, and there is still somebody to answer questions, as the workspace says or
        // else an owner.
        let maker = match maker {
            None if facts.maker.is_some() && workspace.contact.is_empty() => {
                let owner = accounts::owners_of(conn, facts.workspace)?.into_iter().next();
                owner.map(|owner| MemberCard { name: workspace.name.clone(), ..owner })
            }
            maker => maker,
        };
        Ok(Some(Self { link, workspace, maker }))
    }

    fn known(self, app: &App, ip: IpAddr) -> KnownLink<L> {
        let Self { link, workspace, maker } = self;
        let facts = link.facts();
        let connector = app.connectors.find(facts.kind, facts.connector_slug);
        KnownLink { link, connector, workspace, maker, ip }
    }
}

impl<L: RecipientLink> KnownLink<L> {
    async fn of_request(request: HttpRequest) -> Result<Self, PageError> {
        let app = request.app_data::<web::Data<App>>().ok_or(AppError::NotFound)?;
        let ip = client_ip(&request, &app.config.server.trusted_proxies);
        app.limits.open(ip)?;
        let hash = PlainToken::presented(request.match_info().get("token").ok_or(AppError::NotFound)?).hash();
        let found = app
            .db
            .read(move |conn| match L::find_by_token(conn, &hash)? {
                Some(link) => LinkContext::find(conn, link),
                None => Ok(None),
            })
            .await?;
        let Some(found) = found else {
            app.count_unknown_token(ip).await?;
            return Err(AppError::NotFound.into());
        };
        Ok(found.known(app, ip))
    }

    /// All around a link that was found another way than by its token.
    pub(crate) async fn around(app: &App, link: L) -> AppResult<Self> {
        let found = app.db.read(move |conn| LinkContext::find(conn, link)).await?.ok_or(AppError::NotFound)?;
        Ok(found.known(app, IpAddr::from([0, 0, 0, 0])))
    }

    /// The link as it is now.
    pub(crate) async fn reload(self, app: &App) -> AppResult<Self> {
        let before = self.link.clone();
        let link = app.db.read(move |conn| before.reload(conn)).await?.ok_or(AppError::NotFound)?;
        Ok(Self { link, ..self })
    }

    /// Goes on only with an open link. Whoever sent a form to one that has ended gets back what they typed.
    pub(crate) async fn into_open(self, app: &App, sent: Option<&RawForm>) -> Result<OpenLink<L>, PageError> {
        let until = match self.link.open_until(app.clock.now()) {
            Ok(until) => until,
            Err(ended) => {
                if matches!(ended, Ended::Expired { .. }) {
                    let link = self.link.clone();
                    app.write(move |tx| link.note_expired(tx)).await?;
                }
                return Err(PageError::ready(StatusCode::GONE, &self.dead_page(ended, sent, app)));
            }
        };
        let Some(connector) = self.connector.clone() else {
            // Its file may come back, so this is no end of the link.
            let page = self.dead_page(Ended::NotInstalled, sent, app);
            return Err(PageError::ready(StatusCode::SERVICE_UNAVAILABLE, &page));
        };
        Ok(OpenLink { known: self, connector, until })
    }

    /// The answer to a form that was taken before with something else in it: what came first stands, and what came now is shown once more.
    pub(super) fn sent_other(&self, app: &App, sent: &RawForm) -> PageError {
        let is_open = self.link.open_until(app.clock.now()).is_ok();
        PageError::ready(StatusCode::GONE, &self.dead_page(Ended::SentBefore { is_open }, Some(sent), app))
    }

    fn dead_page(&self, ended: Ended, sent: Option<&RawForm>, app: &App) -> DeadPage {
        let page = DeadPage::new(self, ended, app);
        match sent {
            Some(sent) => page.with_typed(self, sent),
            None => page,
        }
    }
}

impl<L: RecipientLink> FromRequest for KnownLink<L> {
    type Error = PageError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, PageError>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        Box::pin(Self::of_request(request.clone()))
    }
}

impl<L: RecipientLink> FromRequest for OpenLink<L> {
    type Error = PageError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, PageError>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let app = request.app_data::<web::Data<App>>().cloned().ok_or(AppError::NotFound)?;
            KnownLink::of_request(request).await?.into_open(&app, None).await
        })
    }
}
