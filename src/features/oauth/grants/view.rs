//! What members and programs may know of a sign-in: who, since when, what is allowed, until when. Never a token.

use schemars::JsonSchema;
use serde::Serialize;

use super::refresh::block_of;
use super::{Connected, GrantState};
use crate::base::clock::UtcTime;
use crate::connectors::provider::{ProviderScope, RefreshKind};
use crate::platform::app::App;

/// A sign-in as a member's page shows it.
#[derive(Debug, Clone)]
pub struct ConnectedView {
    /// The provider's name for people.
    pub provider: String,
    /// What people call the provider's account; empty when the provider did not say.
    pub account: String,
    /// When somebody signed in, for machines and in words.
    pub since: (String, String),
    /// What is allowed, in words.
    pub granted: Vec<String>,
    /// What the connector needs and was not given, in words.
    pub missing: Vec<String>,
    /// What the accounts are called: "ad accounts".
    pub noun: String,
    /// The chosen accounts: name and id.
    pub accounts: Vec<(String, String)>,
    /// When the access token ends, for machines and in words.
    pub expires: Option<(String, String)>,
    /// When somebody has to sign in again, as far as it is known.
    pub ends: Option<(String, String)>,
    /// Tokens are renewed without anybody.
    pub renews: bool,
    /// Somebody has to sign in again.
    pub is_broken: bool,
}

/// A sign-in in the API.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "OauthConnection")]
pub struct ConnectedOut {
    /// The provider somebody signed in with.
    pub provider: String,
    /// Whether its access works: `ok` or `needs_reconnecting`.
    pub state: String,
    /// What people call the provider's account; empty when the provider did not say.
    pub account_label: String,
    /// The permissions that were granted; null when nobody can know.
    pub scopes: Option<Vec<String>>,
    /// The accounts that were chosen.
    pub accounts: Vec<AccountOut>,
    /// When somebody signed in (RFC 3339, UTC).
    #[schemars(extend("format" = "date-time"))]
    pub connected_at: String,
    /// When the access token ends (RFC 3339, UTC); it is renewed before where the provider allows it. Null: it does not end by itself.
    #[schemars(extend("format" = "date-time"))]
    pub expires_at: Option<String>,
}

/// One account of a provider.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "OauthAccount")]
pub struct AccountOut {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub label: String,
}

fn moment(at: UtcTime) -> (String, String) {
    (at.iso(), at.words())
}

/// What a member may know.
pub fn connected(app: &App, connected: &Connected) -> ConnectedView {
    let grant = &connected.grant;
    let block = block_of(app, grant);
    let granted = grant.granted();
    let words = |scope: &ProviderScope| scope.words.clone();
    let given = |scope: &&ProviderScope| granted.as_deref().is_some_and(|granted| scope.is_among(granted));
    ConnectedView {
        provider: block.as_ref().map_or_else(|| grant.provider.clone(), |block| block.name.clone()),
        account: grant.identity_label.clone(),
        since: moment(grant.obtained_at),
        granted: block.iter().flat_map(|block| block.scopes.iter().filter(given).map(words)).collect(),
        missing: block.iter().flat_map(|block| block.missing_scopes(granted.as_deref())).map(words).collect(),
        noun: block
            .as_ref()
            .and_then(|block| block.accounts.as_ref())
            .map_or_else(|| "accounts".to_owned(), |rules| rules.noun.clone()),
        accounts: connected.accounts.iter().map(|one| (one.label.clone(), one.id.clone())).collect(),
        expires: grant.expires_at.map(moment),
        ends: grant.ends_at.map(moment),
        renews: block.is_some_and(|block| block.refresh.how != RefreshKind::None),
        is_broken: grant.state == GrantState::NeedsReconnecting,
    }
}

/// What a program may know.
pub fn connected_out(connected: &Connected) -> ConnectedOut {
    let grant = &connected.grant;
    ConnectedOut {
        provider: grant.provider.clone(),
        state: grant.state.as_str().to_owned(),
        account_label: grant.identity_label.clone(),
        scopes: grant.granted(),
        accounts: connected
            .accounts
            .iter()
            .map(|one| AccountOut { id: one.id.clone(), label: one.label.clone() })
            .collect(),
        connected_at: grant.obtained_at.iso(),
        expires_at: grant.expires_at.map(UtcTime::iso),
    }
}
