//! Names of rows: UUID version 7 (RFC 9562), so that they sort by the time they were made. Not secret, not guess-proof: never a permission.

use crate::base::clock::UtcTime;
use crate::base::rng::Rng;

/// Text that both databases keep as TEXT; see `base/text_column.rs`.
macro_rules! id_type {
    ($($(#[$meta:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, diesel::expression::AsExpression, diesel::deserialize::FromSqlRow)]
        #[diesel(sql_type = diesel::sql_types::Text)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// A fresh id.
            pub fn new(now: UtcTime, rng: &Rng) -> Self {
                Self(new_id(now, rng))
            }

            /// An id somebody named, for instance in a URL; whether such a row exists is for the store to say.
            pub fn from_text(text: &str) -> Self {
                Self(text.to_owned())
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        crate::base::text_column::text_column!($name, |text: String| Ok($name(text)), $name::as_str);
    )+};
}

fn new_id(now: UtcTime, rng: &Rng) -> String {
    let millis = u64::try_from(now.as_offset().unix_timestamp_nanos() / 1_000_000).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &rng.bytes::<10>()).into_uuid().to_string()
}

id_type! {
    /// A workspace.
    WorkspaceId,
    /// Somebody who signs in, whatever they are a member of.
    IdentityId,
    /// A member of a workspace.
    MemberId,
    /// A session of somebody who signed in.
    SessionId,
    /// A one-use link of an account: to join, or to choose a new password.
    AccountLinkId,
    /// An API key.
    ApiKeyId,
    /// A workspace's identity provider.
    SignInProviderId,
    /// One way to an identity provider and back.
    SignInAttemptId,
    /// A person of an identity provider who is a member.
    SignInIdentityId,
    /// An installation of a connector that was asked for.
    ConnectorInstallId,
    /// A connection.
    ConnectionId,
    /// A setup link.
    SetupLinkId,
    /// An invite link.
    InviteLinkId,
    /// What one recipient handed over with an invite link.
    InviteSubmissionId,
    /// A row of the activity log.
    ActivityId,
    /// A job.
    JobId,
    /// A request that may be sent twice.
    IdempotencyId,
    /// A secret that signs webhooks.
    WebhookSecretId,
    /// A workspace's webhook endpoint.
    WebhookEndpointId,
    /// A webhook message: the `webhook-id` that receivers see.
    WebhookMessageId,
    /// One message on its way to one receiver.
    WebhookDeliveryId,
    /// One try of a delivery.
    WebhookAttemptId,
    /// A workspace's client at a provider.
    OauthAppId,
    /// What one browser has at one link while somebody signs in with a provider.
    OauthSignInId,
    /// One way to a provider and back.
    OauthAttemptId,
    /// What a provider gave.
    OauthGrantId,
    /// A check of a connection's values.
    ValidationId,
    /// An extraction.
    RunId,
    /// A place where records go.
    OutputLayerId,
    /// Where a workspace's extractions run.
    ExtractionEngineId,
}
