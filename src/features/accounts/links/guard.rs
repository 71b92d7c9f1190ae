//! A token of an account link that opens, or the page that says why it does not.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::{FromRequest, HttpRequest, web};
use askama::Template;
use diesel::QueryResult;

use super::AccountLinkPurpose;
use super::store::{self, AccountLinkRow};
use crate::base::clock::UtcTime;
use crate::base::crypto::PlainToken;
use crate::base::error::AppError;
use crate::features::accounts::store::{find_living, find_member, find_workspace};
use crate::features::accounts::{MemberCard, WorkspaceCard};
use crate::platform::app::App;
use crate::platform::db::Conn;
use crate::platform::email::MailSentence;
use crate::platform::link_state::LinkState;
use crate::platform::web::client_ip::client_ip;
use crate::platform::web::frame::RecipientFrame;
use crate::platform::web::page::PageError;

/// An account link that can still be used.
#[derive(Debug)]
pub struct OpenAccountLink {
    /// The link.
    pub(in crate::features::accounts) row: AccountLinkRow,
    /// The workspace it belongs to.
    pub(in crate::features::accounts) workspace: WorkspaceCard,
    /// Who invited, when somebody did.
    pub(in crate::features::accounts) inviter: Option<MemberCard>,
    stands: bool,
}

impl OpenAccountLink {
    /// Its state at a moment. What whoever sent it could not give any more counts as withdrawn.
    pub(in crate::features::accounts) fn state(&self, now: UtcTime) -> LinkState {
        match self.row.times().state(now) {
            LinkState::Open { .. } if !self.stands => LinkState::Revoked { at: now },
            state => state,
        }
    }
}

/// Whether a link is worth something, apart from its own times: whoever sent an invitation is a member now and may give its role. To choose
/// a new password nobody is asked but the mailbox.
pub(in crate::features::accounts) fn stands(conn: &mut Conn, link: &AccountLinkRow) -> QueryResult<bool> {
    if link.purpose != AccountLinkPurpose::Join {
        return Ok(true);
    }
    let Some(inviter) = &link.created_by else { return Ok(false) };
    let inviter = find_living(conn, &link.workspace_id, inviter)?;
    Ok(inviter.is_some_and(|inviter| inviter.role.may_handle(link.role)))
}

#[derive(Template)]
#[template(path = "accounts/link_closed.html")]
struct ClosedPage {
    frame: RecipientFrame,
    purpose: AccountLinkPurpose,
    state: LinkState,
    workspace: String,
    inviter: String,
    newer: &'static str,
}

/// The page about a link that does not open any more, 410.
pub(in crate::features::accounts) fn closed_page(app: &App, link: &OpenAccountLink) -> PageError {
    let page = ClosedPage {
        frame: RecipientFrame::new(&link.workspace.name, &link.workspace.accent, &app.config.server.base_url),
        purpose: link.row.purpose,
        state: link.state(app.clock.now()),
        workspace: link.workspace.name.clone(),
        inviter: link.inviter.as_ref().map(|member| member.name.clone()).unwrap_or_default(),
        newer: MailSentence::NewerInvitation.of(&app.config.mail),
    };
    PageError::ready(StatusCode::GONE, &page)
}

/// The link of the token in the path, open or not; with [`AppError::NotFound`] when nobody knows the token.
pub(in crate::features::accounts) async fn find(request: &HttpRequest, app: &App) -> Result<OpenAccountLink, AppError> {
    let ip = client_ip(request, &app.config.server.trusted_proxies);
    app.limits.open(ip)?;
    let hash = PlainToken::presented(request.match_info().get("token").unwrap_or_default()).hash();
    let found = app.db.read(move |conn| {
        let Some(row) = store::find_by_token(conn, &hash)? else { return Ok(None) };
        let Some(workspace) = find_workspace(conn, &row.workspace_id)? else { return Ok(None) };
        let inviter = row.created_by.as_ref().map(|id| find_member(conn, id)).transpose()?.flatten();
        // Who was forgotten cannot be asked.
        let inviter = inviter.filter(|member| !member.email.is_empty());
        let stands = stands(conn, &row)?;
        Ok(Some(OpenAccountLink { row, workspace, inviter, stands }))
    });
    match found.await? {
        Some(link) => Ok(link),
        None => Err(app.count_unknown_token(ip).await.err().unwrap_or(AppError::NotFound)),
    }
}

impl FromRequest for OpenAccountLink {
    type Error = PageError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, PageError>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let app = request.app_data::<web::Data<App>>().ok_or(AppError::NotFound)?;
            let link = find(&request, app).await?;
            if link.state(app.clock.now()).is_open() { Ok(link) } else { Err(closed_page(app, &link)) }
        })
    }
}
