//! What is told, and in which words: the payloads.

use serde_json::{Value, json};

use crate::base::clock::UtcTime;
use crate::base::ids::{ConnectionId, InviteLinkId, SetupLinkId, ValidationId, WorkspaceId};
use crate::base::text_column::text_enum;
use crate::connectors::{Connector, Connectors, Kind};
use crate::features::connections::{Connection, ConnectionState};
use crate::schema::form::missing_required;

text_enum! {
    /// What can be told: everything an endpoint can subscribe to, in the order of the form.
    pub enum EventKind {
        /// Details for a source came.
        SourceSetupFilled = "source.setup_filled" => "Details for a source arrived",
        /// Details for a destination came.
        DestinationSetupFilled = "destination.setup_filled" => "Details for a destination arrived",
        /// A setup link was made.
        LinkCreated = "setup_link.created" => "A setup link was created",
        /// A person opened a setup link.
        LinkOpened = "setup_link.opened" => "A setup link was opened by a person",
        /// A setup link was used.
        LinkSubmitted = "setup_link.submitted" => "A setup link was used",
        /// A setup link ran out unused.
        LinkExpired = "setup_link.expired" => "A setup link expired",
        /// A setup link was withdrawn.
        LinkRevoked = "setup_link.revoked" => "A setup link was revoked",
        /// An invite link was made.
        InviteLinkCreated = "invite_link.created" => "An invite link was created",
        /// An invite link was changed.
        InviteLinkUpdated = "invite_link.updated" => "An invite link was changed",
        /// An invite link ran out.
        InviteLinkExpired = "invite_link.expired" => "An invite link expired",
        /// An invite link was deleted.
        InviteLinkDeleted = "invite_link.deleted" => "An invite link was deleted",
        /// A connection came through an invite link.
        InviteConnectionCreated = "invite_link.connection_created" => "A connection came through an invite link",
        /// A member accepted such a connection.
        InviteConnectionAccepted = "invite_link.connection_accepted" => "A connection from an invite link was accepted",
        /// A member rejected such a connection.
        InviteConnectionRejected = "invite_link.connection_rejected" => "A connection from an invite link was rejected",
        /// A provider has ended a connection's access.
        NeedsReconnecting = "connection.needs_reconnecting" => "A connection needs reconnecting",
        /// A check of a connection's details is over.
        ValidationFinished = "validation.finished" => "A validation finished",
        /// A draft has become a source or destination.
        ConnectionFinalised = "connection.finalised" => "A connection was finalised",
    }
}

/// The event of a test: nobody subscribes to it.
pub(super) const TEST: &str = "webhook.test";

/// What became of a setup link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkDeed {
    /// It was made.
    Created,
    /// A person opened it.
    Opened,
    /// Details came through it.
    Submitted,
    /// Its time ran out.
    Expired,
    /// It was withdrawn.
    Revoked,
}

/// What became of an invite link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InviteDeed {
    /// It was made.
    Created,
    /// It was changed.
    Updated,
    /// Its time ran out.
    Expired,
    /// It was deleted.
    Deleted,
}

/// What became of a connection that came through an invite link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArrivalDeed {
    /// It was made.
    Created,
    /// A member accepted it.
    Accepted,
    /// A member rejected it.
    Rejected,
}

/// What payloads say of an invite link.
#[derive(Debug, Clone, Copy)]
pub struct InviteFacts<'a> {
    /// The link.
    pub id: &'a InviteLinkId,
    /// Whose it is.
    pub workspace: &'a WorkspaceId,
    /// Its name among members.
    pub name: &'a str,
    /// What it connects.
    pub connector_slug: &'a str,
    /// Source or destination.
    pub kind: Kind,
    /// When it ends, if ever.
    pub expires_at: Option<UtcTime>,
}

/// Something that happened, with all a payload may say of it.
#[derive(Debug, Clone, Copy)]
pub enum WebhookEvent<'a> {
    /// A recipient handed details over.
    SetupFilled {
        /// The connection as it is now.
        connection: &'a Connection,
        /// Its required fields that are still empty, as dot paths.
        missing: &'a [String],
    },
    /// Something became of a setup link.
    Link {
        /// What.
        deed: LinkDeed,
        /// The connection it opens.
        connection: &'a Connection,
        /// The link.
        link: &'a SetupLinkId,
        /// When it ends or ended.
        expires_at: UtcTime,
    },
    /// Something became of an invite link.
    InviteLink {
        /// What.
        deed: InviteDeed,
        /// The link as it is now.
        link: InviteFacts<'a>,
    },
    /// Something became of a connection that came through an invite link.
    Arrival {
        /// What.
        deed: ArrivalDeed,
        /// The connection as it is now.
        connection: &'a Connection,
        /// The link.
        link: InviteFacts<'a>,
    },
    /// A provider has ended a connection's access: somebody has to sign in again.
    NeedsReconnecting {
        /// The connection.
        connection: &'a Connection,
    },
    /// A draft has become a source or destination.
    Finalised {
        /// The connection as it is now.
        connection: &'a Connection,
    },
    /// A check of a connection's details is over.
    ValidationFinished {
        /// The connection as it is now.
        connection: &'a Connection,
        /// The validation.
        validation: &'a ValidationId,
        /// Why not, when the details were not found good.
        failure: Option<ValidationFault>,
        /// How many streams were found.
        streams: i32,
    },
}

/// Why a validation failed, for programs.
#[derive(Debug, Clone, Copy, serde::Serialize)]
pub struct ValidationFault {
    /// A word for it.
    pub code: &'static str,
    /// Whose turn it is: `giver`, `owner`, `operator`, `provider`.
    pub turn: &'static str,
}

impl WebhookEvent<'_> {
    /// Its kind.
    pub fn kind(&self) -> EventKind {
        match self {
            Self::SetupFilled { connection, .. } => match connection.kind {
                Kind::Source => EventKind::SourceSetupFilled,
                Kind::Destination => EventKind::DestinationSetupFilled,
            },
            Self::Link { deed, .. } => match deed {
                LinkDeed::Created => EventKind::LinkCreated,
                LinkDeed::Opened => EventKind::LinkOpened,
                LinkDeed::Submitted => EventKind::LinkSubmitted,
                LinkDeed::Expired => EventKind::LinkExpired,
                LinkDeed::Revoked => EventKind::LinkRevoked,
            },
            Self::InviteLink { deed, .. } => match deed {
                InviteDeed::Created => EventKind::InviteLinkCreated,
                InviteDeed::Updated => EventKind::InviteLinkUpdated,
                InviteDeed::Expired => EventKind::InviteLinkExpired,
                InviteDeed::Deleted => EventKind::InviteLinkDeleted,
            },
            Self::Arrival { deed, .. } => match deed {
                ArrivalDeed::Created => EventKind::InviteConnectionCreated,
                ArrivalDeed::Accepted => EventKind::InviteConnectionAccepted,
                ArrivalDeed::Rejected => EventKind::InviteConnectionRejected,
            },
            Self::NeedsReconnecting { .. } => EventKind::NeedsReconnecting,
            Self::ValidationFinished { .. } => EventKind::ValidationFinished,
            Self::Finalised { .. } => EventKind::ConnectionFinalised,
        }
    }

    pub(super) fn workspace(&self) -> &WorkspaceId {
        match self {
            Self::InviteLink { link, .. } => link.workspace,
            Self::SetupFilled { connection, .. }
            | Self::Link { connection, .. }
            | Self::Arrival { connection, .. }
            | Self::ValidationFinished { connection, .. }
            | Self::Finalised { connection }
            | Self::NeedsReconnecting { connection } => &connection.workspace_id,
        }
    }

    /// The connection it is about, if it is about one.
    pub(super) fn connection_id(&self) -> Option<&ConnectionId> {
        match self {
            Self::InviteLink { .. } => None,
            Self::SetupFilled { connection, .. }
            | Self::Link { connection, .. }
            | Self::Arrival { connection, .. }
            | Self::ValidationFinished { connection, .. }
            | Self::Finalised { connection }
            | Self::NeedsReconnecting { connection } => Some(&connection.id),
        }
    }

    /// The body of the request.
    pub(super) fn payload(&self) -> Value {
        let event = self.kind().as_str();
        match self {
            Self::SetupFilled { connection, missing } => filled(event, connection, missing),
            Self::Link { connection, link, expires_at, .. } => json!({
                "event": event,
                "setup_link": {"id": link.as_str(), "expires_at": expires_at.iso()},
                connection.kind.as_str(): named(connection),
            }),
            Self::ValidationFinished { connection, validation, failure, streams } => json!({
                "event": event,
                "validation": {
                    "id": validation.as_str(),
                    "status": if failure.is_none() { "success" } else { "failed" },
                    "error": failure,
                    "stream_count": streams,
                },
                connection.kind.as_str(): named(connection),
            }),
            Self::InviteLink { link, .. } => json!({"event": event, "invite_link": invite_link(link)}),
            Self::Arrival { connection, link, .. } => json!({
                "event": event,
                "invite_link": invite_link(link),
                connection.kind.as_str(): {
                    "id": connection.id.as_str(),
                    "slug": connection.slug,
                    "description": connection.description,
                    "draft": connection.state() == ConnectionState::Draft,
                    "identity": connection.identity,
                    "approval": connection.approval.as_str(),
                    "config_completed": connection.missing_count == 0,
                },
            }),
            Self::NeedsReconnecting { connection } | Self::Finalised { connection } => {
                json!({"event": event, connection.kind.as_str(): named(connection)})
            }
        }
    }
}

/// An invite link as payloads name it; never its token.
fn invite_link(link: &InviteFacts<'_>) -> Value {
    json!({
        "id": link.id.as_str(),
        "name": link.name,
        "connector_slug": link.connector_slug,
        "connection_kind": link.kind.as_str(),
        "expires_at": link.expires_at.map(UtcTime::iso),
    })
}

/// A connection as payloads name it.
fn named(connection: &Connection) -> Value {
    json!({
        "id": connection.id.as_str(),
        "slug": connection.slug,
        "description": connection.description,
        "draft": connection.state() == ConnectionState::Draft,
    })
}

/// The payload about a connection that was filled in; a test of the callback webhook has the same shape.
pub(super) fn filled(event: &str, connection: &Connection, missing: &[String]) -> Value {
    json!({
        "event": event,
        connection.kind.as_str(): {
            "id": connection.id.as_str(),
            "slug": connection.slug,
            "description": connection.description,
            "draft": connection.state() == ConnectionState::Draft,
            "config_completed": missing.is_empty(),
            "missing_required_fields": missing,
        },
    })
}

/// The required fields of a connection that are still empty, as dot paths; none when its connector is not installed any more.
pub fn missing_fields(connectors: &Connectors, connection: &Connection) -> Vec<String> {
    let connector = connectors.find(connection.kind, &connection.connector_slug);
    connector.map(|connector| missing_of(&connector, connection)).unwrap_or_default()
}

/// The same for a connector at hand.
pub fn missing_of(connector: &Connector, connection: &Connection) -> Vec<String> {
    missing_required(&connector.spec, &connection.known_to_members()).iter().map(|field| field.path.dot()).collect()
}
