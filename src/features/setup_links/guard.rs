//! The link as a recipient meets it: proof that a token opens a draft, and what its page says.

use super::{ClosedReason, LinkAsks, SetupLink, SetupLinkRow, check_open};
use super::{make, store};
use crate::base::clock::UtcTime;
use crate::base::crypto::TokenHash;
use crate::base::error::AppResult;
use crate::features::connections::{self, Connection};
use crate::features::oauth::LinkKind;
use crate::features::recipient::{Ended, LinkFacts, LinkWords, OpenLink, RecipientLink, When};
use crate::platform::db::Conn;
use crate::platform::tx::Tx;
use crate::schema::form::{Asks, KnownValues};

/// A setup link that is open right now.
pub type OpenSetupLink = OpenLink<SetupLink>;

impl SetupLink {
    /// A link with its draft; `None` when that is gone.
    pub(super) fn of(conn: &mut Conn, row: SetupLinkRow) -> AppResult<Option<Self>> {
        let connection = connections::find_by_id(conn, &row.workspace_id, &row.connection_id)?;
        Ok(connection.map(|connection| Self { row, connection }))
    }

    /// Until when it is open at a moment.
    ///
    /// # Errors
    /// Why it does not open.
    pub(super) fn check_open(&self, now: UtcTime) -> Result<UtcTime, ClosedReason> {
        check_open(self.row.times(), self.row.purpose, self.connection.state(), now)
    }
}

impl RecipientLink for SetupLink {
    const MAKES_CONNECTIONS: bool = false;
    const KIND: LinkKind = LinkKind::Setup;

    fn find_by_token(conn: &mut Conn, hash: &TokenHash) -> AppResult<Option<Self>> {
        let row = store::find_by_token(conn, hash)?;
        Ok(row.map(|row| Self::of(conn, row)).transpose()?.flatten())
    }

    fn reload(&self, conn: &mut Conn) -> AppResult<Option<Self>> {
        let row = store::find_by_id(conn, &self.row.id)?;
        Ok(row.map(|row| Self::of(conn, row)).transpose()?.flatten())
    }

    fn facts(&self) -> LinkFacts<'_> {
        LinkFacts {
            id: self.row.id.as_str(),
            workspace: &self.row.workspace_id,
            maker: self.row.created_by.as_ref(),
            kind: self.connection.kind,
            connector_slug: &self.connection.connector_slug,
        }
    }

    fn open_until(&self, now: UtcTime) -> Result<UtcTime, Ended> {
        self.check_open(now).map_err(|reason| match reason {
            ClosedReason::Used(at) => Ended::Used { at: at.into() },
            ClosedReason::Revoked => Ended::Withdrawn,
            ClosedReason::Finished => Ended::Finished,
            ClosedReason::Deleted => Ended::DraftDeleted,
            ClosedReason::Restored => Ended::Restored,
            ClosedReason::Expired(at) => Ended::Expired { at: When::in_zone(at, &self.row.zone), unused: true },
        })
    }

    fn note_expired(&self, tx: &mut Tx<'_>) -> AppResult<()> {
        make::note_expired(tx, &self.row)
    }

    fn words(&self, _: &str, _: bool) -> LinkWords {
        LinkWords {
            hello: "Hello ",
            greeted: self.row.recipient.clone(),
            stop: ".",
            note: self.row.note.clone(),
            until: Some(When::in_zone(self.row.expires_at, &self.row.zone)),
            closing: String::new(),
        }
    }

    fn known(&self) -> KnownValues {
        self.connection.known_to_recipients()
    }

    fn filled(&self) -> Option<&Connection> {
        Some(&self.connection)
    }

    fn asks(&self) -> Option<&Asks> {
        self.row.asks.as_ref().map(LinkAsks::fields)
    }

    fn is_reconnect(&self) -> bool {
        self.row.purpose.is_reconnect()
    }

    fn allows_test(&self) -> bool {
        self.row.allows_test == 1
    }
}
