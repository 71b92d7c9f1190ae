//! One sentence for the next page. The cookie carries a code of this list, never text, so nobody can put words on our pages.

use actix_web::HttpRequest;
use actix_web::cookie::Cookie;

use super::cookies::{self, CookieKind};
use crate::platform::config::BaseUrl;

macro_rules! flashes {
    ($($name:ident, $code:literal, $tone:literal, $text:literal;)+) => {
        /// What just happened.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Flash { $(
            #[doc = $text]
            $name,
        )+ }

        impl Flash {
            /// Every message.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            fn code(self) -> &'static str {
                match self { $(Self::$name => $code),+ }
            }

            /// `ok`, `warn`, `bad` or `info`.
            pub fn tone(self) -> &'static str {
                match self { $(Self::$name => $tone),+ }
            }

            /// The sentence.
            pub fn text(self) -> &'static str {
                match self { $(Self::$name => $text),+ }
            }
        }
    };
}

flashes! {
    LinkRevoked, "link-revoked", "ok", "Setup link revoked. Nobody can open it any more.";
    LinkWasClosed, "link-was-closed", "info", "That setup link was closed already.";
    DetailsSaved, "details-saved", "ok", "Saved.";
    NothingToSave, "nothing-to-save", "info", "Nothing was changed.";
    DescriptionSaved, "description-saved", "ok", "Name saved.";
    HostKeyAccepted, "host-key-accepted", "ok", "Host key accepted. Validate to see whether the tunnel works with it.";
    HostKeyNotAccepted, "host-key-not-accepted", "warn", "Not accepted. The connection does not go through this jump server any more.";
    ConnectionDeleted, "connection-deleted", "ok", "Connection deleted. Its details and keys are erased.";
    CannotValidateMissing, "cannot-validate-missing", "warn", "Not validated. Something required is still missing.";
    CannotValidateNobody, "cannot-validate-nobody", "warn", "Not validated. Nothing installed here can ask this system any more.";
    CannotValidateFull, "cannot-validate-full", "warn", "Not validated. 20 validations of this workspace wait already. Try again when some are done.";
    CannotValidateWrong, "cannot-validate-wrong", "warn", "Not validated. A value does not fit the rules of the connector: look at the details.";
    StreamsSaved, "streams-saved", "ok", "Streams saved.";
    PlanSaved, "plan-saved", "ok", "Trigger and output saved.";
    ConnectionFinalised, "connection-finalised", "ok", "Connection finalised. Its setup links open nothing any more.";
    Stopping, "stopping", "info", "Stopping. Refresh this page in a moment.";
    RunGoesOn, "run-goes-on", "info", "This extraction goes on already.";
    RunNotStarted, "run-not-started", "warn", "Not started. Nothing here can read this source, or no stream is chosen.";
    WorkspaceSaved, "workspace-saved", "ok", "Workspace saved.";
    RetentionSaved, "retention-saved", "ok", "How long things are kept is saved.";
    ProfileSaved, "profile-saved", "ok", "Profile saved.";
    PasswordChanged, "password-changed", "ok", "Password changed. Your other sessions are ended.";
    SessionEnded, "session-ended", "ok", "Session ended.";
    SessionsEnded, "sessions-ended", "ok", "All your other sessions are ended.";
    AppearanceSaved, "appearance-saved", "ok", "Appearance saved.";
    SignInSaved, "sign-in-saved", "ok", "Saved. Test the sign-in now: nobody is offered it before.";
    SignInTested, "sign-in-tested", "ok", "It works. The sign-in page offers it from now on.";
    SignInRemoved, "sign-in-removed", "ok", "Sign-in provider removed. Its client secret is erased.";
    PasswordsOff, "passwords-off", "ok", "Password sign-in is off. Everybody else has to sign in again.";
    PasswordsOn, "passwords-on", "ok", "Password sign-in is on.";
    IdentityForgotten, "identity-forgotten", "ok", "Sign-in forgotten. The member is recognised by their email address next time.";
    RoleChanged, "role-changed", "ok", "Role changed.";
    MemberRemoved, "member-removed", "ok", "Member removed. They cannot open this workspace any more.";
    MemberForgotten, "member-forgotten", "ok", "Name and address are erased. What they made stays.";
    InvitationWithdrawn, "invitation-withdrawn", "ok", "Invitation withdrawn. Its link does not work any more.";
    KeyRevoked, "key-revoked", "ok", "API key revoked. It does not work any more.";
    WebhookSaved, "webhook-saved", "ok", "Webhook saved.";
    WebhookRemoved, "webhook-removed", "ok", "Webhook removed. Nothing more is sent there.";
    WebhookQueued, "webhook-queued", "info", "It is on its way. Refresh this page to see the answer.";
    EndpointSaved, "endpoint-saved", "ok", "Endpoint saved.";
    EndpointDeleted, "endpoint-deleted", "ok", "Endpoint deleted. Nothing more is sent there.";
    InviteLinkMade, "invite-link-made", "ok", "Invite link created. You can copy it here at any time.";
    InviteLinkSaved, "invite-link-saved", "ok", "Invite link saved. Its address stays the same.";
    InviteLinkDeleted, "invite-link-deleted", "ok", "Invite link deleted. Nobody can open it any more.";
    ArrivalAccepted, "arrival-accepted", "ok", "Connection accepted.";
    ArrivalRejected, "arrival-rejected", "ok", "Connection rejected. Its details and keys are erased.";
    OauthAppSaved, "oauth-app-saved", "ok", "OAuth app saved.";
    OauthAppRemoved, "oauth-app-removed", "ok", "OAuth app removed. Nobody can sign in with it any more.";
    OutputLayerAdded, "output-layer-added", "ok", "Output layer added. Test the connection now.";
    OutputLayerSaved, "output-layer-saved", "ok", "Output layer saved.";
    OutputLayerDeleted, "output-layer-deleted", "ok", "Output layer deleted. The records that are there stay.";
    EngineSaved, "engine-saved", "ok", "Saved. Test the connection now.";
    EngineLocal, "engine-local", "ok", "Saved. Extractions run here.";
    EngineRemoved, "engine-removed", "ok", "Removed. Extractions run here, and what was made in Airbyte stays there.";
    OutputLayerInUse, "output-layer-in-use", "warn", "Not deleted. Sources use this output layer: choose another one for them first.";
    DestinationInUse, "destination-in-use", "warn", "Not deleted. Sources write to this destination: choose another place for their records first.";
    FailureRetried, "failure-retried", "info", "It is tried again now. If it fails for good once more, it is listed here again.";
    FailureDismissed, "failure-dismissed", "ok", "Dismissed.";
    SignedOut, "signed-out", "ok", "You are signed out.";
    PasswordChosen, "password-chosen", "ok", "Your new password is set. Sign in with it.";
    WorkspaceMade, "workspace-made", "ok", "Your workspace is ready.";
    Joined, "joined", "ok", "Welcome. You are a member now.";
}

impl Flash {
    /// The cookie that brings the message to the next page.
    pub fn cookie(self, base_url: &BaseUrl) -> Cookie<'static> {
        CookieKind::Flash.write(base_url, self.code(), Some(120))
    }

    /// The message a request brings, if any.
    pub fn read(request: &HttpRequest, base_url: &BaseUrl) -> Option<Self> {
        let code = CookieKind::Flash.read(request, base_url)?;
        Self::ALL.iter().copied().find(|flash| flash.code() == code)
    }
}

/// The message for the page that answers this request. It is shown once: the answer takes it from the browser.
pub fn take(request: &HttpRequest, base_url: &BaseUrl) -> Option<Flash> {
    let flash = Flash::read(request, base_url)?;
    cookies::later(request, CookieKind::Flash.remove(base_url));
    Some(flash)
}

/// Sends somebody to a page with a message.
pub fn see_other_with(base_url: &BaseUrl, path: &str, flash: Flash) -> actix_web::HttpResponse {
    let mut answer = super::page::see_other(path);
    // A cookie that does not fit into a header would only lose the message.
    let _ = answer.add_cookie(&flash.cookie(base_url));
    answer
}
