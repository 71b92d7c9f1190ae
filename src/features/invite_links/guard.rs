//! The link as a recipient meets it: proof that a token opens an invite link, and what its page says.

use super::store::{self, InviteLink};
use super::{InviteState, Usage, make};
use crate::base::clock::UtcTime;
use crate::base::crypto::TokenHash;
use crate::base::error::AppResult;
use crate::features::oauth::LinkKind;
use crate::features::recipient::{Ended, KnownLink, LinkFacts, LinkWords, OpenLink, RecipientLink, When};
use crate::platform::db::Conn;
use crate::platform::tx::Tx;

/// An invite link that exists, open or not.
pub type KnownInviteLink = KnownLink<InviteLink>;
/// An invite link that is open right now.
pub type OpenInviteLink = OpenLink<InviteLink>;

impl RecipientLink for InviteLink {
    const MAKES_CONNECTIONS: bool = true;
    const KIND: LinkKind = LinkKind::Invite;

    fn find_by_token(conn: &mut Conn, hash: &TokenHash) -> AppResult<Option<Self>> {
        Ok(store::find_by_token(conn, hash)?)
    }

    fn reload(&self, conn: &mut Conn) -> AppResult<Option<Self>> {
        Ok(store::find_by_id(conn, &self.id)?)
    }

    fn facts(&self) -> LinkFacts<'_> {
        LinkFacts {
            id: self.id.as_str(),
            workspace: &self.workspace_id,
            maker: self.created_by.as_ref(),
            kind: self.kind,
            connector_slug: &self.connector_slug,
        }
    }

    fn open_until(&self, now: UtcTime) -> Result<UtcTime, Ended> {
        match self.state(now) {
            InviteState::Active => Ok(self.ends_at()),
            InviteState::Used(at) => Err(Ended::Used { at: at.into() }),
            InviteState::Full => Err(Ended::Full),
            InviteState::Expired(at) => Err(Ended::Expired { at: self.end_in_words(at), unused: false }),
            InviteState::Deleted(_) => Err(Ended::Deleted),
            InviteState::Restored(_) => Err(Ended::Restored),
        }
    }

    fn note_expired(&self, tx: &mut Tx<'_>) -> AppResult<()> {
        make::note_expired(tx, self)
    }

    fn words(&self, workspace: &str, is_signed_in: bool) -> LinkWords {
        let closing = match (self.usage, is_signed_in) {
            (Usage::Once, _) => "Sending closes this link.".to_owned(),
            (Usage::Reusable, true) => format!(
                "Each account you choose becomes a connection. You can use this link again until {workspace} closes it."
            ),
            (Usage::Reusable, false) => {
                format!("Sending adds a connection. You can use this link again until {workspace} closes it.")
            }
        };
        LinkWords {
            hello: "",
            greeted: self.greeting.clone(),
            stop: "",
            note: self.note.clone(),
            until: self.expiry().moment().map(|at| self.end_in_words(at)),
            closing,
        }
    }
}

impl InviteLink {
    /// Its end in the words of its own zone.
    fn end_in_words(&self, at: UtcTime) -> When {
        When::in_zone(at, self.expiry().zone())
    }
}
