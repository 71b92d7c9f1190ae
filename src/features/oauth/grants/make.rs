//! A sign-in becomes a grant, a connection lives on it, and lets it go.

use super::store::{self, GrantContents, GrantRow, NewGrantRow};
use super::{GiveBackGrant, SEALED_GRANTS, Times, content, written};
use crate::base::error::AppResult;
use crate::base::ids::{OauthGrantId, SetupLinkId, WorkspaceId};
use crate::connectors::provider::{Inputs, ProviderBlock};
use crate::connectors::{Connector, Kind};
use crate::features::connections::Connection;
use crate::features::oauth::provider_client::{Account, Tokens};
use crate::platform::activity::{Actor, Entry, Event};
use crate::platform::db::Conn;
use crate::platform::tx::Tx;

/// What becomes a grant.
pub struct NewGrant {
    kind: Kind,
    connector: String,
    block: std::sync::Arc<ProviderBlock>,
    /// What tells the provider's accounts apart, and what people call it; empty when nobody knows.
    pub identity: (String, String),
    granted: Option<Vec<String>>,
    tokens: Tokens,
    inputs: Inputs,
}

impl NewGrant {
    /// Of what the provider said.
    pub(in crate::features::oauth) fn new(
        connector: &Connector,
        block: &std::sync::Arc<ProviderBlock>,
        identity: (String, String),
        granted: Option<Vec<String>>,
        tokens: Tokens,
        inputs: Inputs,
    ) -> Self {
        Self {
            kind: connector.file.kind,
            connector: connector.file.slug.clone(),
            block: std::sync::Arc::clone(block),
            identity,
            granted,
            tokens,
            inputs,
        }
    }

    /// The provider's name for people.
    pub fn provider_name(&self) -> &str {
        &self.block.name
    }

    fn contents<T>(
        &self,
        tx: &mut Tx<'_>,
        id: &OauthGrantId,
        workspace: &WorkspaceId,
        write: impl FnOnce(&mut Conn, &GrantContents<'_>) -> diesel::QueryResult<T>,
    ) -> AppResult<T> {
        let plain = content(&self.tokens, &self.inputs)?;
        let sealed = tx.keys.seal(&plain, SEALED_GRANTS.at(id, workspace), tx.rng)?;
        let (times, scopes) = (Times::of(&self.block, &self.tokens), written(&self.granted)?);
        let contents = GrantContents { sealed: &sealed, scopes: &scopes, times };
        Ok(write(tx.conn, &contents)?)
    }

    /// Stores the grant; connections live on it once they are [attached](attach).
    ///
    /// # Errors
    /// Only internal ones.
    pub fn store(&self, tx: &mut Tx<'_>, workspace: &WorkspaceId) -> AppResult<OauthGrantId> {
        let id = OauthGrantId::new(tx.now, tx.rng);
        let now = tx.now;
        self.contents(tx, &id, workspace, |conn, contents| {
            NewGrantRow {
                id: &id,
                workspace,
                kind: self.kind,
                connector: &self.connector,
                provider: &self.block.provider,
                identity: (&self.identity.0, &self.identity.1),
                obtained_at: now,
                contents: *contents,
            }
            .insert(conn)
        })?;
        Ok(id)
    }
}

/// Lets a connection live on a grant, with these accounts; what it lived on before is let go.
///
/// # Errors
/// Only internal ones.
pub fn attach(tx: &mut Tx<'_>, connection: &Connection, grant: &OauthGrantId, accounts: &[Account]) -> AppResult<()> {
    let before = store::of_connection(tx.conn, &connection.workspace_id, &connection.id)?;
    store::put_use(tx.conn, connection, grant, &written(&accounts)?, tx.now)?;
    match before {
        Some((old, _)) if old.id != *grant => let_go(tx, &old),
        _ => Ok(()),
    }
}

/// The connection is gone: what it lived on is let go, and given back to the provider when nobody else lives on it.
///
/// # Errors
/// Only internal ones.
pub fn disconnect(tx: &mut Tx<'_>, connection: &Connection) -> AppResult<()> {
    let Some((grant, _)) = store::of_connection(tx.conn, &connection.workspace_id, &connection.id)? else {
        return Ok(());
    };
    store::drop_use(tx.conn, &connection.id)?;
    let_go(tx, &grant)
}

fn let_go(tx: &mut Tx<'_>, grant: &GrantRow) -> AppResult<()> {
    if !store::users(tx.conn, &grant.id)?.is_empty() {
        return Ok(());
    }
    store::let_go(tx.conn, &grant.id)?;
    tx.enqueue(&GiveBackGrant(grant.id.clone()))
}

/// Somebody signed in again for a connection. The same account of the provider revives its grant for everybody who lives on it; another
/// one becomes a grant of this connection alone.
///
/// # Errors
/// Only internal ones.
pub fn reconnect(
    tx: &mut Tx<'_>,
    connection: &Connection,
    new: &NewGrant,
    link: Option<&SetupLinkId>,
    actor: Actor,
) -> AppResult<()> {
    let before = store::of_connection(tx.conn, &connection.workspace_id, &connection.id)?;
    match &before {
        Some((grant, _)) if grant.identity_id == new.identity.0 => {
            let identity = (new.identity.0.as_str(), new.identity.1.as_str());
            let now = tx.now;
            new.contents(tx, &grant.id, &grant.workspace_id, |conn, contents| {
                store::revive(conn, grant, identity, contents, now)
            })?;
        }
        _ => {
            let id = new.store(tx, &connection.workspace_id)?;
            let accounts = before.map_or_else(|| "[]".to_owned(), |(_, accounts)| accounts);
            let accounts: Vec<Account> = super::read(&accounts)?;
            attach(tx, connection, &id, &accounts)?;
        }
    }
    let entry = Entry {
        workspace: &connection.workspace_id,
        connection: Some(&connection.id),
        setup_link: link,
        event: Event::Reconnected,
        actor,
        detail: &new.identity.1,
    };
    tx.record(&entry)
}
