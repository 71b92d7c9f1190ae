//! What a provider gave, kept alive: tokens of one sign-in, on which one or several connections live.
//!
//! Invariants: tokens are sealed in the grant and nowhere else; a connection's own values hold a mark in their place, and whoever hands
//! the configuration out puts the real ones there; one process at a time renews a grant (a lease in its row), and what came is saved
//! before it is used; what a connector renewed by itself is saved too; a grant that the provider has ended is told once.

mod broken;
mod jobs;
mod make;
mod refresh;
mod renewals;
mod renewed;
mod restored;
mod store;
mod values;
mod view;

pub use broken::{BrokenGrant, GrantUser, count_broken, list_broken};
pub use jobs::GiveBackGrant;
pub use make::{NewGrant, attach, disconnect, reconnect};
pub use refresh::{TokenError, release_lost, watch_until};
pub use renewals::sweep;
pub use renewed::take_renewed;
pub use restored::{QuestionedGrants, question_restored};
pub use store::GrantRow;
pub use values::{LeasedValues, is_mark, values, with_tokens};
pub use view::{ConnectedOut, ConnectedView, connected, connected_out};

pub(super) use values::{filled, marked, marked_app};

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::base::clock::UtcTime;
use crate::base::crypto::{KeyRing, Sealed};
use crate::base::error::{AppError, AppResult};
use crate::base::ids::{ConnectionId, OauthGrantId, WorkspaceId};
use crate::base::text_column::text_enum;
use crate::connectors::provider::{Inputs, ProviderBlock, RefreshKind};
use crate::features::oauth::apps;
use crate::features::oauth::provider_client::{Account, AppSecrets, Tokens, as_text};
use crate::platform::app::App;
use crate::platform::db::Conn;
use crate::platform::jobs::Registry;
use crate::platform::sealed::sealed_column;

text_enum! {
    /// Whether a grant works.
    pub enum GrantState {
        /// It does, as far as anybody knows.
        Works = "ok",
        /// The provider has ended it: somebody has to sign in again.
        NeedsReconnecting = "needs_reconnecting",
        /// Nobody lives on it any more; it is about to be given back.
        Leaving = "leaving",
    }
}

/// A connection's grant, and what was chosen for it.
#[derive(Debug, Clone)]
pub struct Connected {
    /// The grant.
    pub grant: GrantRow,
    /// The accounts.
    pub accounts: Vec<Account>,
    /// The granted permissions; `None` when nobody knows them.
    pub granted: Option<Vec<String>>,
}

impl Connected {
    fn new(grant: GrantRow, accounts: &str) -> AppResult<Self> {
        Ok(Self { accounts: read(accounts)?, granted: read(&grant.scopes)?, grant })
    }

    /// Whether somebody has to sign in again.
    pub fn is_broken(&self) -> bool {
        self.grant.state == GrantState::NeedsReconnecting
    }
}

/// The grant a connection lives on, if it does.
///
/// # Errors
/// The database cannot be asked.
pub fn of_connection(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    connection: &ConnectionId,
) -> AppResult<Option<Connected>> {
    let found = store::of_connection(conn, workspace, connection)?;
    found.map(|(grant, accounts)| Connected::new(grant, &accounts)).transpose()
}

/// The grants that many connections live on; those without one are absent.
///
/// # Errors
/// The database cannot be asked.
pub fn of_connections(
    conn: &mut Conn,
    workspace: &WorkspaceId,
    connections: &[ConnectionId],
) -> AppResult<HashMap<ConnectionId, Connected>> {
    let found = store::of_connections(conn, workspace, connections)?;
    found.into_iter().map(|(connection, grant, accounts)| Ok((connection, Connected::new(grant, &accounts)?))).collect()
}

/// What grants do later.
pub fn jobs(registry: Registry) -> Registry {
    registry.with::<renewals::RenewGrant>().with::<GiveBackGrant>().with_mail::<jobs::ReconnectMail>()
}

/// Of which sign-in the tokens are that were handed out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenLease {
    grant: OauthGrantId,
    signed_in_at: UtcTime,
}

/// What the sealed column holds.
#[derive(Serialize, Deserialize)]
struct Content {
    #[serde(with = "as_text")]
    tokens: Tokens,
    inputs: Inputs,
}

/// A grant that was opened.
pub(super) struct OpenGrant {
    pub(super) tokens: Tokens,
    pub(super) inputs: Inputs,
    pub(super) signed_in_at: UtcTime,
}

sealed_column!(
    /// Tokens of grants, and what was typed to get them.
    pub SEALED_GRANTS = oauth_grants[id].sealed
);

fn content(tokens: &Tokens, inputs: &Inputs) -> AppResult<zeroize::Zeroizing<Vec<u8>>> {
    let content = Content { tokens: tokens.clone(), inputs: inputs.clone() };
    serde_json::to_vec(&content).map(zeroize::Zeroizing::new).map_err(AppError::internal)
}

impl GrantRow {
    fn open(&self, keys: &KeyRing) -> AppResult<OpenGrant> {
        let plain =
            keys.open(&Sealed::from_bytes(self.sealed.clone()), SEALED_GRANTS.at(&self.id, &self.workspace_id))?;
        let content: Content = serde_json::from_slice(&plain).map_err(AppError::internal)?;
        Ok(OpenGrant { tokens: content.tokens, inputs: content.inputs, signed_in_at: self.obtained_at })
    }

    /// The block of its connector; `None` when that is not installed any more, or signs in elsewhere now.
    fn block(&self, app: &App) -> Option<Arc<ProviderBlock>> {
        let connector = app.connectors.find(self.kind, &self.connector_slug)?;
        connector.oauth().cloned().filter(|block| block.provider == self.provider)
    }

    /// The operator's app at its provider; `None` when there is none any more.
    async fn app_secrets(&self, app: &App) -> AppResult<Option<AppSecrets>> {
        let (workspace, provider) = (self.workspace_id.clone(), self.provider.clone());
        let (keys, instance) = (app.keys.clone(), app.config.oauth.clone());
        app.db.read(move |conn| apps::keys_for(conn, &workspace, &provider, &keys, &instance)).await
    }
}

/// The times of a grant that follow from its tokens.
#[derive(Clone, Copy)]
struct Times {
    expires_at: Option<UtcTime>,
    ends_at: Option<UtcTime>,
    refresh_at: Option<UtcTime>,
}

impl Times {
    /// A token that is renewed in time lives as long as what renews it; one that is not, until its own end. The scheduled renewal comes
    /// before the one that somebody would wait for, but not before half of the token's life is over.
    fn of(block: &ProviderBlock, tokens: &Tokens) -> Self {
        let expires_at = tokens.expires_at;
        let by_token = block.refresh.how == RefreshKind::RefreshToken && tokens.refresh_token.is_some();
        let renews = by_token || block.refresh.how == RefreshKind::Exchange;
        let before = time::Duration::seconds(i64::from(block.refresh.before_seconds()) * 2);
        let early = expires_at.map(|end| (end - before).max(tokens.obtained_at + (end - tokens.obtained_at) / 2));
        Self {
            expires_at,
            ends_at: if by_token { tokens.refresh_expires_at } else { expires_at },
            refresh_at: if renews { early } else { expires_at },
        }
    }
}

fn read<T: serde::de::DeserializeOwned>(text: &str) -> AppResult<T> {
    serde_json::from_str(text).map_err(AppError::internal)
}

fn written<T: serde::Serialize>(value: &T) -> AppResult<String> {
    serde_json::to_string(value).map_err(AppError::internal)
}
