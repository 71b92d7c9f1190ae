//! Every path of the product, written once: the pattern for the route table and, where pages or answers link there, the function that
//! writes the link. Templates may link to fixed pages by themselves.

use crate::base::crypto::PlainToken;
use crate::base::ids::{
    AccountLinkId, ApiKeyId, InviteLinkId, JobId, MemberId, RunId, SessionId, SetupLinkId, ValidationId,
    WebhookDeliveryId, WebhookEndpointId, WorkspaceId,
};
use crate::connectors::Kind;

/// `PATTERN = "/path/{name}", link(name: Type = its text);`: the compiler holds the parameters of `link` against the names in the braces.
macro_rules! path {
    ($(#[$about:meta])* $pattern:ident = $text:literal) => {
        $(#[$about])*
        pub const $pattern: &str = $text;
    };
    ($(#[$about:meta])* $pattern:ident = $text:literal, $link:ident($($name:ident: $type:ty $(= $value:expr)?),+)) => {
        path!($(#[$about])* $pattern = $text);

        $(#[$about])*
        pub fn $link($($name: $type),+) -> String {
            format!($text, $($name = path!(@text $name $($value)?)),+)
        }
    };
    (@text $name:ident) => { $name };
    (@text $name:ident $value:expr) => { $value };
}

macro_rules! paths {
    ($($(#[$about:meta])* $pattern:ident = $text:literal $(, $link:ident($($parameter:tt)+))?;)+) => {
        $(path!($(#[$about])* $pattern = $text $(, $link($($parameter)+))?);)+

        /// Every pattern; in those of the API `{plural}` and `{kind}` stand for sources and for destinations.
        pub const ALL: &[&str] = &[$($pattern),+];
    };
}

paths! {
    /// What the recipient opens.
    SETUP_LINK = "/scl/{token}", setup_link(token: &PlainToken = token.expose());
    /// What the recipient sees after sending: bound to a receipt, not to a token that still opens something.
    RECEIPT = "/receipts/{key}", receipt(key: &str);
    /// What somebody outside opens to add a connection.
    INVITE = "/invite/{token}", invite(token: &PlainToken = token.expose());
    /// What they see after sending.
    INVITE_RECEIPT = "/invite-receipts/{key}", invite_receipt(key: &str);

    /// The address of the installation itself.
    ROOT = "/";
    /// Whether the process is there.
    HEALTHZ = "/healthz";
    /// Whether it can work.
    READYZ = "/readyz";
    /// Figures for the operator.
    METRICS = "/metrics";
    /// A file of `static/`, by the name that holds its hash.
    STATIC_FILE = "/static/{name:.+}";
    /// The workspace's colours.
    ACCENT = "/accent/{hex}.css", accent(hex: &str);
    /// Asked for by browsers.
    FAVICON = "/favicon.ico";
    /// Asked for by search engines.
    ROBOTS = "/robots.txt";

    /// First run.
    SETUP = "/setup";
    /// Signing in.
    SIGN_IN = "/sign-in";
    /// Signing out (POST).
    SIGN_OUT = "/sign-out";
    /// The workspaces of who is signed in; POST chooses one.
    WORKSPACES = "/workspaces";
    /// Asking for a link to choose a new password.
    FORGOT_PASSWORD = "/forgot-password";
    /// One-use account link: join a workspace or choose a new password.
    ACCOUNT_LINK = "/join/{token}", account_link(token: &PlainToken = token.expose());
    /// Signing in through a workspace's own provider.
    SIGN_IN_WITH = "/sign-in/with/{workspace}", sign_in_with(workspace: &str);
    /// Where that provider sends people back to.
    SIGN_IN_CALLBACK = "/sign-in/with/{workspace}/callback", sign_in_callback(workspace: &str);

    /// The workspace's own sign-in provider.
    SETTINGS_SIGN_IN = "/settings/sign-in";
    /// An owner tries the sign-in provider (POST).
    SIGN_IN_TEST = "/settings/sign-in/test";
    /// Switches password sign-in off or on (POST).
    SIGN_IN_PASSWORDS = "/settings/sign-in/passwords";
    /// Removes the sign-in provider (POST).
    SIGN_IN_REMOVAL = "/settings/sign-in/removal";
    /// Settings, the first page of them.
    SETTINGS = "/settings";
    /// Settings of the workspace.
    SETTINGS_WORKSPACE = "/settings/workspace";
    /// Members and invitations.
    SETTINGS_MEMBERS = "/settings/members";
    /// Invites somebody (POST).
    INVITATIONS = "/settings/members/invitations";
    /// Withdraws an invitation (POST).
    INVITATION_WITHDRAWAL = "/settings/members/invitations/{id}/withdrawal", invitation_withdrawal(id: &AccountLinkId);
    /// A member's page.
    MEMBER = "/settings/members/{id}", member(id: &MemberId);
    /// Asks what becomes of what a new role may not have; POST changes a member's role.
    MEMBER_ROLE = "/settings/members/{id}/role", member_role(id: &MemberId);
    /// Forgets who a member is at the sign-in provider (POST).
    MEMBER_IDENTITY_REMOVAL = "/settings/members/{id}/identity-removal", member_identity_removal(id: &MemberId);
    /// Asks before removing a member; POST removes.
    MEMBER_REMOVAL = "/settings/members/{id}/removal", member_removal(id: &MemberId);
    /// Asks before forgetting a member who left; POST forgets.
    MEMBER_ERASURE = "/settings/members/{id}/erasure", member_erasure(id: &MemberId);
    /// API keys.
    SETTINGS_API_KEYS = "/settings/api-keys";
    /// Revokes an API key (POST).
    API_KEY_REVOCATION = "/settings/api-keys/{id}/revocation", api_key_revocation(id: &ApiKeyId);
    /// Webhook endpoints and the secret that signs.
    SETTINGS_WEBHOOKS = "/settings/webhooks";
    /// The form of a new endpoint.
    NEW_WEBHOOK_ENDPOINT = "/settings/webhooks/new";
    /// Makes a signing secret (POST).
    WEBHOOK_SECRET = "/settings/webhooks/secret";
    /// One endpoint: its form.
    WEBHOOK_ENDPOINT = "/settings/webhooks/{id}", webhook_endpoint(id: &WebhookEndpointId);
    /// Deletes an endpoint (POST).
    WEBHOOK_ENDPOINT_DELETION = "/settings/webhooks/{id}/deletion", webhook_endpoint_deletion(id: &WebhookEndpointId);
    /// Sends a test to an endpoint (POST).
    WEBHOOK_ENDPOINT_TEST = "/settings/webhooks/{id}/test", webhook_endpoint_test(id: &WebhookEndpointId);
    /// OAuth apps: what providers know this installation as.
    SETTINGS_OAUTH_APPS = "/settings/oauth-apps";
    /// The app at one provider: its form.
    OAUTH_APP = "/settings/oauth-apps/{provider}", oauth_app(provider: &str);
    /// Removes the app at one provider (POST).
    OAUTH_APP_REMOVAL = "/settings/oauth-apps/{provider}/removal", oauth_app_removal(provider: &str);
    /// Where records can go.
    SETTINGS_OUTPUT_LAYERS = "/settings/output-layers";
    /// The form of a new output layer.
    NEW_OUTPUT_LAYER = "/settings/output-layers/new";
    /// One output layer: its form.
    OUTPUT_LAYER = "/settings/output-layers/{slug}", output_layer(slug: &str);
    /// Tries an output layer (POST).
    OUTPUT_LAYER_CHECK = "/settings/output-layers/{slug}/check", output_layer_check(slug: &str);
    /// Deletes an output layer (POST).
    OUTPUT_LAYER_DELETION = "/settings/output-layers/{slug}/deletion", output_layer_deletion(slug: &str);
    /// Where extractions run.
    SETTINGS_ENGINE = "/settings/extraction-engine";
    /// Tries it (POST).
    ENGINE_CHECK = "/settings/extraction-engine/check";
    /// Removes what was set (POST).
    ENGINE_REMOVAL = "/settings/extraction-engine/removal";
    /// What failed for good.
    SETTINGS_FAILURES = "/settings/failures";
    /// Tries a job again that was given up (POST).
    FAILURE_RETRY = "/settings/failures/{id}/retry", failure_retry(id: &JobId);
    /// Forgets a job that was given up (POST).
    FAILURE_DISMISSAL = "/settings/failures/{id}/dismissal", failure_dismissal(id: &JobId);
    /// Takes a webhook that was given up off the list (POST).
    WEBHOOK_DISMISSAL = "/webhook-deliveries/{id}/dismissal", webhook_dismissal(id: &WebhookDeliveryId);
    /// How mail leaves, as the environment says.
    SETTINGS_MAIL = "/settings/mail";
    /// Where data lies and what seals it, as the environment says.
    SETTINGS_DATA = "/settings/data";
    /// The member's own name, password and sessions.
    SETTINGS_ACCOUNT = "/settings/account";
    /// Changes the member's password (POST).
    ACCOUNT_PASSWORD = "/settings/account/password";
    /// Ends a session (POST).
    SESSION_END = "/settings/account/sessions/{id}/end", session_end(id: &SessionId);
    /// Ends every other session of the member (POST).
    OTHER_SESSIONS_END = "/settings/account/other-sessions/end";
    /// How pages look to the member.
    SETTINGS_APPEARANCE = "/settings/appearance";

    /// The list of connections.
    CONNECTIONS = "/connections";
    /// The catalogue, to add a connection.
    NEW_CONNECTION = "/connections/new";
    /// Names a new connection of one connector.
    NEW_CONNECTION_OF = "/connections/new/{kind}/{connector}", new_connection_of(kind: Kind = kind.as_str(), connector: &str);
    /// A connector's page.
    CONNECTOR = "/connectors/{kind}/{connector}", connector(kind: Kind = kind.as_str(), connector: &str);
    /// The part of it that changes while something is installed.
    CONNECTOR_LIVE = "/connectors/{kind}/{connector}/live", connector_live(kind: Kind = kind.as_str(), connector: &str);
    /// Shows what would be installed, upgraded or removed; POST asks for it.
    CONNECTOR_ACT = "/connectors/{kind}/{connector}/installing/{act}", connector_act(kind: Kind = kind.as_str(), connector: &str, act: &str);
    /// A connection's page.
    CONNECTION = "/connections/{slug}", connection(slug: &str);
    /// The configuration step: the form for the owner, and the setup link beside it.
    CONNECTION_CONFIGURATION = "/connections/{slug}/configuration", connection_configuration(slug: &str);
    /// A form that arrived after its sender was signed out, kept for them.
    KEPT_FORM = "/kept-forms/{key}", kept_form(key: &str);
    /// Changes the description (POST).
    CONNECTION_DESCRIPTION = "/connections/{slug}/description", connection_description(slug: &str);
    /// Accepts the host key of its jump server (POST).
    CONNECTION_HOST_KEY = "/connections/{slug}/host-key", connection_host_key(slug: &str);
    /// Asks before deleting a draft; POST deletes.
    CONNECTION_DELETION = "/connections/{slug}/deletion", connection_deletion(slug: &str);
    /// Revokes a setup link (POST).
    SETUP_LINK_REVOCATION = "/connections/{slug}/setup-links/{id}/revocation", setup_link_revocation(slug: &str, id: &SetupLinkId);
    /// Makes a link to sign in again (POST).
    RECONNECT_LINK = "/connections/{slug}/reconnect-link", reconnect_link(slug: &str);
    /// Where a provider sends people back to; registered there, so it never changes.
    OAUTH_CALLBACK = "/oauth/callback/{provider}", oauth_callback(provider: &str);
    /// The callback webhook of a connection.
    CONNECTION_WEBHOOK = "/connections/{slug}/webhook", connection_webhook(slug: &str);
    /// Removes the callback webhook (POST).
    CONNECTION_WEBHOOK_REMOVAL = "/connections/{slug}/webhook/removal", connection_webhook_removal(slug: &str);
    /// Sends a test to the callback webhook (POST).
    CONNECTION_WEBHOOK_TEST = "/connections/{slug}/webhook/test", connection_webhook_test(slug: &str);
    /// One webhook on its way to one receiver, with every try.
    WEBHOOK_DELIVERY = "/webhook-deliveries/{id}", webhook_delivery(id: &WebhookDeliveryId);
    /// Sends a webhook again (POST).
    WEBHOOK_RESEND = "/webhook-deliveries/{id}/resend", webhook_resend(id: &WebhookDeliveryId);
    /// Starts a validation (POST).
    CONNECTION_VALIDATIONS = "/connections/{slug}/validations", connection_validations(slug: &str);
    /// A validation's page.
    VALIDATION = "/validations/{id}", validation(id: &ValidationId);
    /// The part of a validation's page that changes.
    VALIDATION_LIVE = "/validations/{id}/live", validation_live(id: &ValidationId);
    /// Stops a validation (POST).
    VALIDATION_CANCELLATION = "/validations/{id}/cancellation", validation_cancellation(id: &ValidationId);
    /// The streams of a source.
    CONNECTION_STREAMS = "/connections/{slug}/streams", connection_streams(slug: &str);
    /// Fields and keys of one stream, by its place in the catalogue of the source.
    CONNECTION_STREAM = "/connections/{slug}/streams/{stream}", connection_stream(slug: &str, stream: usize);
    /// Output layer, trigger, and finalising.
    CONNECTION_FINISH = "/connections/{slug}/finish", connection_finish(slug: &str);
    /// Starts an extraction (POST).
    CONNECTION_RUNS = "/connections/{slug}/runs", connection_runs(slug: &str);
    /// A source as configuration of another engine.
    CONNECTION_HAND_OFF = "/connections/{slug}/hand-off", connection_hand_off(slug: &str);
    /// A run's page.
    RUN = "/runs/{id}", run(id: &RunId);
    /// The part of a run's page that changes.
    RUN_LIVE = "/runs/{id}/live", run_live(id: &RunId);
    /// The first rows of a stream of a run.
    RUN_RECORDS = "/runs/{id}/records", run_records(id: &RunId);
    /// The file of a stream of a run.
    RUN_RECORDS_FILE = "/runs/{id}/records/file", run_records_file(id: &RunId);
    /// Stops a run (POST).
    RUN_CANCELLATION = "/runs/{id}/cancellation", run_cancellation(id: &RunId);

    /// The list of invite links.
    INVITE_LINKS = "/invite-links";
    /// The form of a new invite link.
    NEW_INVITE_LINK = "/invite-links/new";
    /// What came through invite links and waits to be accepted.
    INVITE_INBOX = "/invite-links/inbox";
    /// An invite link with its details beside the list.
    INVITE_LINK = "/invite-links/{id}", invite_link(id: &InviteLinkId);
    /// Deletes an invite link (POST).
    INVITE_LINK_DELETION = "/invite-links/{id}/deletion", invite_link_deletion(id: &InviteLinkId);
    /// Accepts a connection that came through an invite link (POST).
    ARRIVAL_ACCEPTANCE = "/connections/{slug}/acceptance", arrival_acceptance(slug: &str);
    /// Rejects a connection that came through an invite link (POST).
    ARRIVAL_REJECTION = "/connections/{slug}/rejection", arrival_rejection(slug: &str);

    /// The documentation.
    DOCS = "/docs";
    /// A page of the documentation; with `.md` at its end as Markdown.
    DOCS_PAGE = "/docs/{page}", docs_page(page: &str);
    /// What an agent needs to share a setup link.
    DOCS_SKILL = "/docs/skills/share-setup-link/SKILL.md";
    /// The list of pages for programs.
    LLMS = "/llms.txt";
    /// The API's description.
    OPENAPI = "/api/openapi.json";
    /// The same for people.
    API_DOCS = "/api/docs";

    /// The list of sources or destinations in the API.
    API_CONNECTIONS = "/api/v1/{plural}/", api_connections(plural: &str);
    /// One source or destination in the API.
    API_CONNECTION = "/api/v1/{plural}/{slug}/", api_connection(plural: &str, slug: &str);
    /// Its values with their secrets.
    API_CREDENTIALS = "/api/v1/{plural}/{slug}/credentials/";
    /// Its setup links.
    API_SETUP_TOKENS = "/api/v1/{plural}/{slug}/setup-tokens/", api_setup_tokens(plural: &str, slug: &str);
    /// One of them.
    API_SETUP_TOKEN = "/api/v1/{plural}/{slug}/setup-tokens/{id}/";
    /// Starts a validation of it (POST).
    API_REVALIDATION = "/api/v1/{plural}/{slug}/revalidate/";
    /// The host key of its jump server (POST).
    API_HOST_KEY = "/api/v1/{plural}/{slug}/host-key/";
    /// The webhooks sent about it.
    API_DELIVERIES = "/api/v1/{plural}/{slug}/deliveries/", api_deliveries(plural: &str, slug: &str);
    /// One of them.
    API_DELIVERY = "/api/v1/{plural}/{slug}/deliveries/{id}/";
    /// Sends it again (POST).
    API_DELIVERY_RESEND = "/api/v1/{plural}/{slug}/deliveries/{id}/resend/";
    /// The connectors of a kind in the API.
    API_CONNECTORS = "/api/v1/{kind}-connectors/", api_connectors(kind: Kind = kind.as_str());
    /// One connector in the API.
    API_CONNECTOR = "/api/v1/{kind}-connectors/{slug}/";
    /// The list of invite links in the API.
    API_INVITE_LINKS = "/api/v1/invite-links/";
    /// One invite link in the API.
    API_INVITE_LINK = "/api/v1/invite-links/{id}/";
    /// What came through an invite link, in the API.
    API_INVITE_LINK_CONNECTIONS = "/api/v1/invite-links/{id}/connections/", api_invite_link_connections(id: &str);
    /// One validation in the API.
    API_VALIDATION = "/api/v1/connector-validations/{id}/";
    /// Stops it (POST).
    API_VALIDATION_CANCEL = "/api/v1/connector-validations/{id}/cancel/";
    /// Its log.
    API_VALIDATION_LOGS = "/api/v1/connector-validations/{id}/logs/";
    /// The runs in the API.
    API_RUNS = "/api/v1/runs/";
    /// One run in the API.
    API_RUN = "/api/v1/runs/{id}/";
    /// Stops it (POST).
    API_RUN_CANCEL = "/api/v1/runs/{id}/cancel/";
    /// Its log.
    API_RUN_LOGS = "/api/v1/runs/{id}/logs/";
    /// The first records of a stream of it.
    API_RUN_RECORDS = "/api/v1/runs/{id}/records/";
    /// The file of a stream of it.
    API_RUN_RECORDS_FILE = "/api/v1/runs/{id}/records/file/";
    /// Starts an extraction (POST).
    API_TRIGGER = "/api/v1/sources/{slug}/trigger/";
    /// The output layers in the API.
    API_OUTPUT_LAYERS = "/api/v1/output-layers/";
    /// One output layer in the API.
    API_OUTPUT_LAYER = "/api/v1/output-layers/{slug}/";
    /// Tries it (POST).
    API_OUTPUT_LAYER_CHECK = "/api/v1/output-layers/{slug}/check/";
    /// Where extractions run, in the API.
    API_ENGINE = "/api/v1/extraction-engine/";
    /// Tries it (POST).
    API_ENGINE_CHECK = "/api/v1/extraction-engine/check/";
    /// A source as configuration of another engine.
    API_HAND_OFF = "/api/v1/sources/{slug}/hand-off/";
}

/// What every address of the API begins with.
pub const API: &str = "/api";
/// Where a signed-in member starts.
pub const HOME: &str = CONNECTIONS;

/// A file of `static/`, by the name that holds its hash.
pub fn static_file(name: &str) -> String {
    STATIC_FILE.replace("{name:.+}", name)
}

/// The first-run page with its code filled in.
pub fn setup_with_code(code: &str) -> String {
    format!("{SETUP}?code={code}")
}

/// Signing in, and then back to `wanted`.
pub fn sign_in_then(wanted: &str) -> String {
    then(SIGN_IN, wanted)
}

/// The same for somebody who is signed in and comes to show their password, too.
pub fn sign_in_again(wanted: &str) -> String {
    format!("{}&again=1", sign_in_then(wanted))
}

/// Choosing a workspace, and then back to `wanted`.
pub fn workspaces_then(wanted: &str) -> String {
    then(WORKSPACES, wanted)
}

/// The same, for what is in the workspace of that membership.
pub fn workspace_of(member: &MemberId, wanted: &str) -> String {
    format!("{}&to={member}", workspaces_then(wanted))
}

/// The connections that wait in a workspace, for mails: which one it is goes with the address.
pub fn inbox_of(workspace: &WorkspaceId) -> String {
    format!("{INVITE_INBOX}?{OF_WORKSPACE}={workspace}")
}

/// Names the workspace in an address that every workspace has.
const OF_WORKSPACE: &str = "of";

/// The workspace that an address names.
pub fn meant_workspace(query: &str) -> Option<WorkspaceId> {
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    pairs.find(|(name, _)| name == OF_WORKSPACE).map(|(_, id)| WorkspaceId::from_text(&id))
}

fn then(first: &str, wanted: &str) -> String {
    let wanted: String = url::form_urlencoded::byte_serialize(wanted.as_bytes()).collect();
    format!("{first}?next={wanted}")
}

/// The connections that came through an invite link.
pub fn connections_of(id: &InviteLinkId) -> String {
    format!("{CONNECTIONS}?link={id}")
}

/// The same of one stream of a run.
pub fn of_stream(path: &str, stream: &str) -> String {
    let stream: String = url::form_urlencoded::byte_serialize(stream.as_bytes()).collect();
    format!("{path}?stream={stream}")
}

/// What an error code of the API means.
pub fn docs_error(code: &str) -> String {
    format!("{}#{code}", docs_page("api-errors"))
}
