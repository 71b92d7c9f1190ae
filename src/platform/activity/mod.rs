//! What happened, by whom, when: append-only rows, written in the transaction of the deed itself. Never a value, only names.

mod former_members;
mod store;

pub use former_members::forget_member;
pub use store::{ActivityRow, count_up_to, forget, forgettable, links_told_of, timeline, was_noted_since};

use crate::base::ids::{ConnectionId, MemberId, SetupLinkId, WorkspaceId};
use crate::base::text_column::text_enum;

text_enum! {
    /// What happened.
    pub enum Event {
        /// A workspace was made.
        WorkspaceCreated = "workspace.created",
        /// Settings of the workspace were changed.
        WorkspaceChanged = "workspace.changed",
        /// It was changed how long things are kept.
        RetentionChanged = "workspace.retention_changed",
        /// Somebody was invited to the workspace.
        MemberInvited = "member.invited",
        /// An invitation was withdrawn.
        InvitationWithdrawn = "member.invitation_withdrawn",
        /// Somebody joined.
        MemberJoined = "member.joined",
        /// A member got another role.
        RoleChanged = "member.role_changed",
        /// A member was removed.
        MemberRemoved = "member.removed",
        /// Somebody who had left was forgotten.
        MemberForgotten = "member.forgotten",
        /// A member changed their password.
        PasswordChanged = "member.password_changed",
        /// A member was recognised by the identity provider for the first time.
        IdentityTied = "member.identity_tied",
        /// A member's identity at the provider was forgotten.
        IdentityUntied = "member.identity_untied",
        /// The workspace's identity provider was set up or changed.
        SignInProviderSaved = "sign_in_provider.saved",
        /// A test showed that signing in through the provider works.
        SignInProviderTested = "sign_in_provider.tested",
        /// The identity provider was removed.
        SignInProviderRemoved = "sign_in_provider.removed",
        /// Members cannot sign in with passwords any more.
        PasswordsOff = "workspace.passwords_off",
        /// Members can sign in with passwords again.
        PasswordsOn = "workspace.passwords_on",
        /// An API key was made.
        ApiKeyCreated = "api_key.created",
        /// An API key was revoked.
        ApiKeyRevoked = "api_key.revoked",
        /// An API key was handed over to another member.
        ApiKeyHandedOver = "api_key.handed_over",
        /// A draft was made.
        ConnectionCreated = "connection.created",
        /// A member filled in fields.
        DetailsSaved = "connection.details_saved",
        /// Stored secrets were taken out, because the address they were given for was changed.
        SecretsTakenOut = "connection.secrets_taken_out",
        /// Stored secrets went with a change: removed themselves, with their row, or with the branch of a choice that was left.
        SecretsRemoved = "connection.secrets_removed",
        /// The description was changed.
        DescriptionChanged = "connection.description_changed",
        /// The draft was deleted.
        ConnectionDeleted = "connection.deleted",
        /// A connector changed its own configuration.
        ConfigUpdated = "connection.config_updated",
        /// A jump server was met for the first time: the key it has shown is the one it must have.
        HostKeyKnown = "connection.host_key_known",
        /// A member or a program said which key a jump server must have.
        HostKeyAccepted = "connection.host_key_accepted",
        /// The values were found good.
        Validated = "connection.validated",
        /// The values were found wrong, or nobody could say.
        ValidationFailed = "connection.validation_failed",
        /// Streams were chosen.
        StreamsChosen = "connection.streams_chosen",
        /// The trigger or the output layer was changed.
        PlanChanged = "connection.plan_changed",
        /// The draft became a source or destination.
        Finalised = "connection.finalised",
        /// An extraction brought its records.
        RunSucceeded = "run.succeeded",
        /// An extraction brought the records of some streams; others could not be read to their end.
        RunPartial = "run.partial",
        /// An extraction failed.
        RunFailed = "run.failed",
        /// Somebody looked at the first records of an extraction.
        RecordsRead = "run.records_read",
        /// Somebody took the records of an extraction away as a file.
        RecordsDownloaded = "run.records_downloaded",
        /// The time of a schedule came and nothing was started.
        ScheduleBlocked = "schedule.blocked",
        /// The schedule starts extractions again.
        ScheduleResumed = "schedule.resumed",
        /// An output layer was added.
        OutputLayerAdded = "output_layer.added",
        /// An output layer was changed.
        OutputLayerChanged = "output_layer.changed",
        /// An output layer was deleted.
        OutputLayerDeleted = "output_layer.deleted",
        /// An owner of the instance asked for a connector to be installed.
        ConnectorInstallAsked = "connector.install_asked",
        /// An owner of the instance asked for an installed connector to be upgraded.
        ConnectorUpgradeAsked = "connector.upgrade_asked",
        /// An owner of the instance asked for an installed connector to be removed.
        ConnectorRemovalAsked = "connector.removal_asked",
        /// What was asked for of a connector is done.
        ConnectorInstallDone = "connector.install_done",
        /// What was asked for of a connector could not be done.
        ConnectorInstallFailed = "connector.install_failed",
        /// It was set or changed where extractions run.
        ExtractionEngineSaved = "extraction_engine.saved",
        /// What was set about where extractions run was removed.
        ExtractionEngineRemoved = "extraction_engine.removed",
        /// It was made or changed in the workspace's Airbyte.
        MadeInAirbyte = "airbyte.made",
        /// It had been deleted in the workspace's Airbyte and was made there anew.
        MadeAnewInAirbyte = "airbyte.made_anew",
        /// It could not be made in the workspace's Airbyte.
        RefusedByAirbyte = "airbyte.refused",
        /// It was deleted in the workspace's Airbyte, too.
        DeletedInAirbyte = "airbyte.deleted",
        /// A source was set to write to this destination.
        DestinationChosen = "destination.chosen",
        /// A source that wrote to this destination writes elsewhere.
        DestinationLeft = "destination.left",
        /// The records of a source could not be written to this destination.
        DestinationFailed = "destination.write_failed",
        /// A program read the credentials.
        CredentialsRead = "connection.credentials_read",
        /// A setup link was made.
        LinkCreated = "setup_link.created",
        /// A person opened the link.
        OpenedByPerson = "setup_link.opened",
        /// A mail scanner or a chat preview opened the link.
        OpenedByScanner = "setup_link.scanned",
        /// A recipient sent details.
        Submitted = "setup_link.submitted",
        /// The link's time ran out.
        Expired = "setup_link.expired",
        /// A member revoked the link.
        Revoked = "setup_link.revoked",
        /// A member became the one who asks by the link.
        LinkHandedOver = "setup_link.handed_over",
        /// A backup was put back, which closed the link.
        ClosedByRestore = "setup_link.closed_by_restore",
        /// An invite link was made.
        InviteLinkCreated = "invite_link.created",
        /// An invite link was changed.
        InviteLinkChanged = "invite_link.changed",
        /// An invite link was deleted.
        InviteLinkDeleted = "invite_link.deleted",
        /// A member became the one who asks by an invite link.
        InviteLinkHandedOver = "invite_link.handed_over",
        /// An invite link's time ran out.
        InviteLinkExpired = "invite_link.expired",
        /// Somebody outside added a connection with an invite link.
        CameThroughInviteLink = "invite_link.connection_created",
        /// A member accepted a connection that came through an invite link.
        ArrivalAccepted = "invite_link.connection_accepted",
        /// A member rejected a connection that came through an invite link.
        ArrivalRejected = "invite_link.connection_rejected",
        /// A connection got a callback webhook, or another one.
        CallbackSet = "callback_webhook.set",
        /// A connection's callback webhook was removed.
        CallbackRemoved = "callback_webhook.removed",
        /// The last try of a webhook failed.
        WebhookGaveUp = "webhook.gave_up",
        /// A receiver said that it is gone, so nothing more is sent there.
        WebhookDisabled = "webhook.disabled",
        /// An endpoint was added.
        EndpointAdded = "webhook_endpoint.added",
        /// An endpoint was changed.
        EndpointChanged = "webhook_endpoint.changed",
        /// An endpoint was deleted.
        EndpointDeleted = "webhook_endpoint.deleted",
        /// A signing secret was made.
        SigningSecretMade = "webhook_secret.made",
        /// An OAuth app was set, or changed.
        OauthAppSet = "oauth_app.set",
        /// An OAuth app was removed.
        OauthAppRemoved = "oauth_app.removed",
        /// Somebody signed in with a provider for a connection.
        Connected = "connection.connected",
        /// The provider has ended the access of a connection.
        NeedsReconnecting = "connection.needs_reconnecting",
        /// Somebody signed in again for a connection.
        Reconnected = "connection.reconnected",
    }
}

/// Who did it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// A member of the workspace.
    Member {
        /// Their id.
        id: MemberId,
        /// Their name at that time.
        name: String,
    },
    /// Somebody outside, through a link; the name is the one the asker gave, possibly empty.
    Recipient {
        /// The name.
        name: String,
    },
    /// A program that opens links before people do.
    Scanner {
        /// What it calls itself.
        name: String,
    },
    /// A program with an API key.
    Program {
        /// What the key is for, in the words of who made it.
        name: String,
    },
    /// The product itself, or a command on its machine.
    System,
}

impl Actor {
    /// `member`, `recipient`, `scanner`, `program` or `system`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Member { .. } => "member",
            Self::Recipient { .. } => "recipient",
            Self::Scanner { .. } => "scanner",
            Self::Program { .. } => "program",
            Self::System => "system",
        }
    }

    /// Their name, possibly empty.
    pub fn name(&self) -> &str {
        match self {
            Self::Member { name, .. } | Self::Recipient { name } | Self::Scanner { name } | Self::Program { name } => {
                name
            }
            Self::System => "",
        }
    }
}

/// One thing to write down.
#[derive(Debug, Clone)]
pub struct Entry<'a> {
    /// The workspace it happened in.
    pub workspace: &'a WorkspaceId,
    /// The connection it is about.
    pub connection: Option<&'a ConnectionId>,
    /// The setup link it is about.
    pub setup_link: Option<&'a SetupLinkId>,
    /// What happened.
    pub event: Event,
    /// Who did it.
    pub actor: Actor,
    /// A short text for people: names of fields, a role, a mail address; never a value.
    pub detail: &'a str,
}
