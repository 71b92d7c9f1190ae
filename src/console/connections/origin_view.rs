//! Where a connection came from, as its page says it.

use std::collections::HashMap;

use crate::base::ids::InviteLinkId;
use crate::features::connections::{Approval, Connection};
use crate::platform::web::urls;

/// The invite link a connection came through.
pub(super) struct OriginView {
    pub(super) link_name: String,
    pub(super) link_url: String,
    pub(super) identity: String,
    pub(super) waits: bool,
    pub(super) acceptance_url: String,
    pub(super) rejection_url: String,
}

impl OriginView {
    /// `None` when members made the connection themselves.
    pub(super) fn of(connection: &Connection, names: &HashMap<InviteLinkId, String>) -> Option<Self> {
        let link = connection.invite_link_id.as_ref()?;
        Some(Self {
            link_name: names.get(link).cloned().unwrap_or_default(),
            link_url: urls::invite_link(link),
            identity: connection.identity.clone(),
            waits: connection.approval == Approval::Waiting,
            acceptance_url: urls::arrival_acceptance(&connection.slug),
            rejection_url: urls::arrival_rejection(&connection.slug),
        })
    }
}
