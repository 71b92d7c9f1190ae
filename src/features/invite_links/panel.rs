//! A link's details beside the list: what members see of one link.

use askama::Template;

use super::owner_view::{FieldsView, ListView, connector_name, ends, is_endless, is_long_unused, made};
use super::store::InviteLink;
use super::{InviteState, make};
use crate::base::error::AppResult;
use crate::features::accounts::guard::SignedIn;
use crate::features::connections::{Approval, Connection};
use crate::features::recipient::{ReadyTexts, When};
use crate::platform::app::App;
use crate::platform::db::cursor::Page;
use crate::platform::web::frame::OwnerFrame;
use crate::platform::web::urls;

/// One connection that came through the link.
pub(super) struct Arrived {
    name: String,
    /// Empty when there is nothing to look at any more.
    url: String,
    identity: String,
    state: &'static str,
    tone: &'static str,
    came: When,
}

impl Arrived {
    fn new(connection: &Connection) -> Self {
        let (state, tone) = match (connection.approval, connection.finalised_at, connection.missing_count) {
            (Approval::Rejected, ..) => ("Rejected", "bad"),
            (Approval::Waiting, ..) => ("Waits for approval", "warn"),
            (_, Some(_), _) => ("Finalised", "ok"),
            (_, None, 0) => ("Filled in", "ok"),
            (_, None, _) => ("Partly filled in", "warn"),
        };
        let url = match connection.deleted_at {
            None => urls::connection(&connection.slug),
            Some(_) => String::new(),
        };
        Self {
            name: connection.description.clone(),
            url,
            identity: connection.identity.clone(),
            state,
            tone,
            came: When { iso: connection.created_at.iso(), words: connection.created_at.short() },
        }
    }
}

/// `GET /invite-links/{id}`, and again after a change that was not accepted.
#[derive(Template)]
#[template(path = "invite_links/show.html")]
pub(super) struct InviteLinkPage {
    frame: OwnerFrame,
    may_edit: bool,
    list: ListView,
    name: String,
    connector: String,
    kind: &'static str,
    usage: &'static str,
    state: &'static str,
    tone: &'static str,
    ends: Option<When>,
    connections: String,
    submissions: i32,
    created: When,
    used: Option<When>,
    is_active: bool,
    is_deleted: bool,
    /// It ended because a backup was put back.
    is_restored: bool,
    is_endless: bool,
    is_long_unused: bool,
    /// The provider nobody has set an app for, and where to do so.
    lacks_app: Option<(String, String)>,
    texts: Option<ReadyTexts>,
    fields: FieldsView,
    arrived: Vec<Arrived>,
    more: String,
    link_url: String,
    deletion_url: String,
}

/// All a page about a link is made of.
pub(super) struct ShownInviteLink<'a> {
    pub(super) link: &'a InviteLink,
    pub(super) arrived: &'a Page<Connection>,
    pub(super) list: ListView,
    pub(super) fields: FieldsView,
    /// Whoever opens it could sign in, and nobody has set the app for it.
    pub(super) lacks_app: bool,
}

impl InviteLinkPage {
    pub(super) fn new(app: &App, frame: OwnerFrame, member: &SignedIn, shown: ShownInviteLink<'_>) -> AppResult<Self> {
        let ShownInviteLink { link, arrived, list, fields, lacks_app } = shown;
        let connector = app.connectors.find(link.kind, &link.connector_slug);
        let block = connector.as_ref().and_then(|connector| connector.oauth());
        let (now, may_edit) = (app.clock.now(), member.role.may_edit());
        let state = link.state(now);
        let is_active = state == InviteState::Active;
        Ok(Self {
            frame,
            may_edit,
            list,
            name: link.name.clone(),
            connector: connector_name(app, link),
            kind: link.kind.as_str(),
            usage: link.usage.words(),
            state: state.word(),
            tone: state.tone(),
            ends: ends(link),
            connections: made(link),
            submissions: link.submission_count,
            created: link.created_at.into(),
            used: link.last_used_at.map(When::from),
            is_active,
            is_deleted: link.deleted_at.is_some(),
            is_restored: matches!(state, InviteState::Restored(_)),
            is_endless: is_active && is_endless(link),
            is_long_unused: is_long_unused(link, now),
            lacks_app: block
                .filter(|_| lacks_app && is_active)
                .map(|block| (block.name.clone(), urls::oauth_app(&block.provider))),
            texts: if may_edit && is_active { texts(app, member, link)? } else { None },
            fields,
            arrived: arrived.rows.iter().map(Arrived::new).collect(),
            more: if arrived.has_after { urls::connections_of(&link.id) } else { String::new() },
            link_url: urls::invite_link(&link.id),
            deletion_url: urls::invite_link_deletion(&link.id),
        })
    }
}

/// The link's address and texts to send, for members who may use it.
fn texts(app: &App, member: &SignedIn, link: &InviteLink) -> AppResult<Option<ReadyTexts>> {
    let Some(token) = make::copy_token(app, link)? else { return Ok(None) };
    let url = app.config.server.base_url.join(&urls::invite(&token));
    let (name, workspace) = (&member.member_name, &member.workspace_name);
    let connector = app.connectors.find(link.kind, &link.connector_slug);
    let system = connector.as_ref().map_or(link.connector_slug.as_str(), |connector| connector.system());
    let hello = if link.greeting.is_empty() { "Hello," } else { link.greeting.as_str() };
    let until = ends(link).map(|end| format!(" until {}", end.words)).unwrap_or_default();
    let once = if link.usage == super::Usage::Once { " and works once" } else { "" };
    let subject = format!("{workspace} asks for access to your {system}");
    let mail = format!(
        "{hello}\n\nPlease open this page and connect your {system}, so that {workspace} can use it:\n\n{url}\n\n\
         The page is open{until}{once}. You need no account. Passwords and keys are encrypted and never shown again.\n\
         If you are not sure that this is from me, ask me in a way you already use.\n\n{name}\n{workspace}"
    );
    let chat = format!("{workspace} asks you to connect your {system}: {url} (open{until}{once}, no account needed)");
    Ok(Some(ReadyTexts::new(url, subject, mail, chat)?))
}
