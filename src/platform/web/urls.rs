//! Every path that code writes is written here and in `routes.rs`, nowhere else; templates may link to fixed pages by themselves.

use crate::base::crypto::PlainToken;
use crate::base::ids::{
    AccountLinkId, ApiKeyId, InviteLinkId, MemberId, RunId, SessionId, SetupLinkId, ValidationId, WebhookDeliveryId,
    WebhookEndpointId,
};
use crate::connectors::Kind;

/// Where a signed-in member starts.
pub const HOME: &str = CONNECTIONS;
/// The list of connections.
pub const CONNECTIONS: &str = "/connections";
/// The catalogue, to add a connection.
pub const NEW_CONNECTION: &str = "/connections/new";
/// The list of invite links.
pub const INVITE_LINKS: &str = "/invite-links";
/// The form of a new invite link.
pub const NEW_INVITE_LINK: &str = "/invite-links/new";
/// What came through invite links and waits to be accepted.
pub const INVITE_INBOX: &str = "/invite-links/inbox";
/// First run.
pub const SETUP: &str = "/setup";
/// Signing in.
pub const SIGN_IN: &str = "/sign-in";
/// Signing out (POST).
pub const SIGN_OUT: &str = "/sign-out";
/// The workspace's own sign-in provider.
pub const SETTINGS_SIGN_IN: &str = "/settings/sign-in";
/// An owner tries the sign-in provider (POST).
pub const SIGN_IN_TEST: &str = "/settings/sign-in/test";
/// Switches password sign-in off or on (POST).
pub const SIGN_IN_PASSWORDS: &str = "/settings/sign-in/passwords";
/// Removes the sign-in provider (POST).
pub const SIGN_IN_REMOVAL: &str = "/settings/sign-in/removal";
/// Asking for a link to choose a new password.
pub const FORGOT_PASSWORD: &str = "/forgot-password";
/// Settings of the workspace.
pub const SETTINGS_WORKSPACE: &str = "/settings/workspace";
/// Members and invitations.
pub const SETTINGS_MEMBERS: &str = "/settings/members";
/// API keys.
pub const SETTINGS_API_KEYS: &str = "/settings/api-keys";
/// The member's own name, password and sessions.
pub const SETTINGS_ACCOUNT: &str = "/settings/account";
/// Changes the member's password (POST).
pub const ACCOUNT_PASSWORD: &str = "/settings/account/password";
/// Ends every other session of the member (POST).
pub const OTHER_SESSIONS_END: &str = "/settings/account/other-sessions/end";
/// Invites somebody (POST).
pub const INVITATIONS: &str = "/settings/members/invitations";
/// How pages look to the member.
pub const SETTINGS_APPEARANCE: &str = "/settings/appearance";
/// How mail leaves, as the environment says.
pub const SETTINGS_MAIL: &str = "/settings/mail";
/// Where data lies and what seals it, as the environment says.
pub const SETTINGS_DATA: &str = "/settings/data";
/// Where records can go.
pub const SETTINGS_OUTPUT_LAYERS: &str = "/settings/output-layers";

/// Webhook endpoints and the secret that signs.
pub const SETTINGS_WEBHOOKS: &str = "/settings/webhooks";
/// The form of a new endpoint.
pub const NEW_WEBHOOK_ENDPOINT: &str = "/settings/webhooks/new";
/// Makes a signing secret (POST).
pub const WEBHOOK_SECRET: &str = "/settings/webhooks/secret";

/// OAuth apps: what providers know this installation as.
pub const SETTINGS_OAUTH_APPS: &str = "/settings/oauth-apps";

/// The app at one provider: its form.
pub fn oauth_app(provider: &str) -> String {
    format!("{SETTINGS_OAUTH_APPS}/{provider}")
}

/// Removes the app at one provider (POST).
pub fn oauth_app_removal(provider: &str) -> String {
    format!("{}/removal", oauth_app(provider))
}

/// Where a provider sends people back to; registered there, so it never changes.
pub fn oauth_callback(provider: &str) -> String {
    format!("/oauth/callback/{provider}")
}

/// Makes a link to sign in again (POST).
pub fn reconnect_link(slug: &str) -> String {
    format!("{}/reconnect-link", connection(slug))
}

/// The first-run page with its code filled in.
pub fn setup_with_code(code: &str) -> String {
    format!("{SETUP}?code={code}")
}

/// Signing in, and then back to `wanted`.
pub fn sign_in_then(wanted: &str) -> String {
    let wanted: String = url::form_urlencoded::byte_serialize(wanted.as_bytes()).collect();
    format!("{SIGN_IN}?next={wanted}")
}

/// Signing in through a workspace's own provider.
pub fn sign_in_with(workspace_slug: &str) -> String {
    format!("{SIGN_IN}/with/{workspace_slug}")
}

/// Where that provider sends people back to.
pub fn sign_in_callback(workspace_slug: &str) -> String {
    format!("{}/callback", sign_in_with(workspace_slug))
}

/// Forgets who a member is at the sign-in provider (POST).
pub fn member_identity_removal(id: &MemberId) -> String {
    format!("{}/identity-removal", member(id))
}

/// One-use account link: join a workspace or choose a new password.
pub fn account_link(token: &PlainToken) -> String {
    format!("/join/{}", token.expose())
}

/// Withdraws an invitation (POST).
pub fn invitation_withdrawal(id: &AccountLinkId) -> String {
    format!("{SETTINGS_MEMBERS}/invitations/{id}/withdrawal")
}

/// A member's page.
pub fn member(id: &MemberId) -> String {
    format!("{SETTINGS_MEMBERS}/{id}")
}

/// Changes a member's role (POST).
pub fn member_role(id: &MemberId) -> String {
    format!("{}/role", member(id))
}

/// Asks before removing a member; POST removes.
pub fn member_removal(id: &MemberId) -> String {
    format!("{SETTINGS_MEMBERS}/{id}/removal")
}

/// Ends a session (POST).
pub fn session_end(id: &SessionId) -> String {
    format!("{SETTINGS_ACCOUNT}/sessions/{id}/end")
}

/// Revokes an API key (POST).
pub fn api_key_revocation(id: &ApiKeyId) -> String {
    format!("{SETTINGS_API_KEYS}/{id}/revocation")
}

/// Names a new connection of one connector.
pub fn new_connection_of(kind: Kind, connector: &str) -> String {
    format!("{NEW_CONNECTION}/{}/{connector}", kind.as_str())
}

/// A connection's page.
pub fn connection(slug: &str) -> String {
    format!("{CONNECTIONS}/{slug}")
}

/// The configuration step: the form for the owner, and the setup link beside it.
pub fn connection_configuration(slug: &str) -> String {
    format!("{CONNECTIONS}/{slug}/configuration")
}

/// Changes the description (POST).
pub fn connection_description(slug: &str) -> String {
    format!("{CONNECTIONS}/{slug}/description")
}

/// Asks before deleting a draft; POST deletes.
pub fn connection_deletion(slug: &str) -> String {
    format!("{CONNECTIONS}/{slug}/deletion")
}

/// Revokes a setup link (POST).
pub fn setup_link_revocation(slug: &str, id: &SetupLinkId) -> String {
    format!("{CONNECTIONS}/{slug}/setup-links/{id}/revocation")
}

/// The callback webhook of a connection.
pub fn connection_webhook(slug: &str) -> String {
    format!("{CONNECTIONS}/{slug}/webhook")
}

/// Removes the callback webhook (POST).
pub fn connection_webhook_removal(slug: &str) -> String {
    format!("{CONNECTIONS}/{slug}/webhook/removal")
}

/// Sends a test to the callback webhook (POST).
pub fn connection_webhook_test(slug: &str) -> String {
    format!("{CONNECTIONS}/{slug}/webhook/test")
}

/// One webhook on its way to one receiver, with every try.
pub fn webhook_delivery(id: &WebhookDeliveryId) -> String {
    format!("/webhook-deliveries/{id}")
}

/// Sends a webhook again (POST).
pub fn webhook_resend(id: &WebhookDeliveryId) -> String {
    format!("/webhook-deliveries/{id}/resend")
}

/// One endpoint: its form.
pub fn webhook_endpoint(id: &WebhookEndpointId) -> String {
    format!("{SETTINGS_WEBHOOKS}/{id}")
}

/// Deletes an endpoint (POST).
pub fn webhook_endpoint_deletion(id: &WebhookEndpointId) -> String {
    format!("{SETTINGS_WEBHOOKS}/{id}/deletion")
}

/// Sends a test to an endpoint (POST).
pub fn webhook_endpoint_test(id: &WebhookEndpointId) -> String {
    format!("{SETTINGS_WEBHOOKS}/{id}/test")
}

/// An invite link with its details beside the list.
pub fn invite_link(id: &InviteLinkId) -> String {
    format!("{INVITE_LINKS}/{id}")
}

/// Deletes an invite link (POST).
pub fn invite_link_deletion(id: &InviteLinkId) -> String {
    format!("{INVITE_LINKS}/{id}/deletion")
}

/// The connections that came through an invite link.
pub fn connections_of(id: &InviteLinkId) -> String {
    format!("{CONNECTIONS}?link={id}")
}

/// Accepts a connection that came through an invite link (POST).
pub fn arrival_acceptance(slug: &str) -> String {
    format!("{}/acceptance", connection(slug))
}

/// Rejects a connection that came through an invite link (POST).
pub fn arrival_rejection(slug: &str) -> String {
    format!("{}/rejection", connection(slug))
}

/// What somebody outside opens to add a connection.
pub fn invite(token: &PlainToken) -> String {
    format!("/invite/{}", token.expose())
}

/// What they see after sending.
pub fn invite_receipt(key: &str) -> String {
    format!("/invite-receipts/{key}")
}

/// The list of invite links in the API.
pub const API_INVITE_LINKS: &str = "/api/v1/invite-links/";

/// One invite link in the API.
pub fn api_invite_link(id: &str) -> String {
    format!("{API_INVITE_LINKS}{id}/")
}

/// What came through an invite link, in the API.
pub fn api_invite_link_connections(id: &str) -> String {
    format!("{API_INVITE_LINKS}{id}/connections/")
}

/// What the recipient opens.
pub fn setup_link(token: &PlainToken) -> String {
    format!("/scl/{}", token.expose())
}

/// What the recipient sees after sending: bound to a receipt, not to a token that still opens something.
pub fn receipt(key: &str) -> String {
    format!("/receipts/{key}")
}

/// The workspace's colours.
pub fn accent(hex: &str) -> String {
    format!("/accent/{hex}.css")
}

/// A file of `static/`, by the name that holds its hash.
pub fn static_file(name: &str) -> String {
    format!("/static/{name}")
}

/// The API's description.
pub const OPENAPI: &str = "/api/openapi.json";
/// The same for people.
pub const API_DOCS: &str = "/api/docs";
/// The documentation.
pub const DOCS: &str = "/docs";

/// The list of sources or destinations in the API.
pub fn api_connections(plural: &str) -> String {
    format!("/api/v1/{plural}/")
}

/// One source or destination in the API.
pub fn api_connection(plural: &str, slug: &str) -> String {
    format!("/api/v1/{plural}/{slug}/")
}

/// The connectors of a kind in the API.
pub fn api_connectors(kind: Kind) -> String {
    format!("/api/v1/{}-connectors/", kind.as_str())
}

/// One validation in the API.
pub fn api_validation(id: &str) -> String {
    format!("/api/v1/connector-validations/{id}/")
}

/// The runs in the API.
pub const API_RUNS: &str = "/api/v1/runs/";

/// One run in the API.
pub fn api_run(id: &str) -> String {
    format!("{API_RUNS}{id}/")
}

/// The output layers in the API.
pub const API_OUTPUT_LAYERS: &str = "/api/v1/output-layers/";

/// Starts a validation (POST).
pub fn connection_validations(slug: &str) -> String {
    format!("{CONNECTIONS}/{slug}/validations")
}

/// A validation's page.
pub fn validation(id: &ValidationId) -> String {
    format!("/validations/{id}")
}

/// The part of a validation's page that changes.
pub fn validation_live(id: &ValidationId) -> String {
    format!("/validations/{id}/live")
}

/// Stops a validation (POST).
pub fn validation_cancellation(id: &ValidationId) -> String {
    format!("/validations/{id}/cancellation")
}

/// The streams of a source.
pub fn connection_streams(slug: &str) -> String {
    format!("{CONNECTIONS}/{slug}/streams")
}

/// Fields and keys of one stream, by its place in the catalogue of the source.
pub fn connection_stream(slug: &str, place: usize) -> String {
    format!("{CONNECTIONS}/{slug}/streams/{place}")
}

/// Output layer, trigger, and finalising.
pub fn connection_finish(slug: &str) -> String {
    format!("{CONNECTIONS}/{slug}/finish")
}

/// Starts an extraction (POST).
pub fn connection_runs(slug: &str) -> String {
    format!("{CONNECTIONS}/{slug}/runs")
}

/// A run's page.
pub fn run(id: &RunId) -> String {
    format!("/runs/{id}")
}

/// The part of a run's page that changes.
pub fn run_live(id: &RunId) -> String {
    format!("/runs/{id}/live")
}

/// Stops a run (POST).
pub fn run_cancellation(id: &RunId) -> String {
    format!("/runs/{id}/cancellation")
}

/// A source as configuration of another engine.
pub fn connection_hand_off(slug: &str) -> String {
    format!("{CONNECTIONS}/{slug}/hand-off")
}

/// A page of the documentation.
pub fn docs_page(name: &str) -> String {
    format!("{DOCS}/{name}")
}

/// What an error code of the API means.
pub fn docs_error(code: &str) -> String {
    format!("{}#{code}", docs_page("api-errors"))
}
