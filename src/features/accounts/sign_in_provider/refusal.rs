//! Why somebody who went to the provider is not let in, in plain words.

use crate::base::error::AppError;

/// What went wrong on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SignInRefusal {
    /// No such state: used already, too old, or never ours.
    Lost,
    /// The state belongs to another browser.
    OtherBrowser,
    /// The workspace's details changed since they left.
    Changed,
    /// They said no, or the provider does not let them use this.
    Denied,
    /// The answer names another issuer than the one they were sent to.
    OtherIssuer,
    /// The provider answered with an error.
    ProviderError,
    /// The provider cannot be reached.
    Unreachable,
    /// The provider does not know us, or not with this secret.
    ClientRefused,
    /// What the provider sent cannot be believed.
    Untrusted,
    /// The provider gives no address.
    NoEmail,
    /// The provider does not vouch for the address.
    Unverified,
    /// The address is in none of the workspace's domains.
    OtherDomain,
    /// Nobody of the workspace, and newcomers are refused.
    Unknown,
    /// The address's member is somebody else at the provider.
    OtherPerson,
    /// Was a member once.
    Removed,
    /// Somebody else than the owner who tests came back.
    OtherTester,
}

impl SignInRefusal {
    /// Heading of the page.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Lost | Self::OtherBrowser | Self::Changed => "This sign-in cannot be finished",
            Self::Denied => "You did not sign in",
            Self::Unreachable | Self::ProviderError => "The sign-in page of your organisation has a problem",
            _ => "You cannot sign in this way",
        }
    }

    /// What happened, in a sentence or two; it quotes nothing that came from outside.
    pub(super) fn sentence(self) -> &'static str {
        match self {
            Self::Lost => "It took longer than ten minutes, or it was finished already.",
            Self::OtherBrowser => "It began in another browser. Sign in again in this one.",
            Self::Changed => "The way to sign in was changed while you were on it. Sign in again.",
            Self::Denied => "The sign-in was cancelled, or your organisation does not let your account use Vestibule.",
            Self::OtherIssuer => "The answer did not come from where you were sent to sign in.",
            Self::ProviderError => {
                "It answered with an error. Try again, and tell an owner of your workspace if it stays so."
            }
            Self::Unreachable => "It did not answer in time. Try again in a moment.",
            Self::ClientRefused => {
                "Your organisation does not accept the client id or secret that Vestibule shows. An owner of your workspace has to renew them."
            }
            Self::Untrusted => "What your organisation sent could not be verified, so it was not used.",
            Self::NoEmail => {
                "Your organisation does not tell your email address, so you cannot be found among the members."
            }
            Self::Unverified => {
                "Your organisation does not vouch for your email address, so you cannot be found among the members."
            }
            Self::OtherDomain => "People with your email address may not come in this way.",
            Self::Unknown => "You have no account in this workspace. Ask one of its owners or admins to invite you.",
            Self::OtherPerson => {
                "The member with your email address is known as somebody else there. Ask an owner of your workspace to forget the old sign-in on that member’s page."
            }
            Self::Removed => {
                "Your account in this workspace was removed. Ask one of its owners or admins to invite you."
            }
            Self::OtherTester => {
                "Somebody else came back than the owner who began the test. Sign in there with the email address of your account here."
            }
        }
    }

    /// Whether trying again can help.
    pub(super) fn may_pass(self) -> bool {
        matches!(
            self,
            Self::Lost | Self::OtherBrowser | Self::Changed | Self::Denied | Self::ProviderError | Self::Unreachable
        )
    }

    /// Whether the fault is at the provider, not with who signs in.
    pub(super) fn is_theirs(self) -> bool {
        matches!(self, Self::ProviderError | Self::Unreachable | Self::ClientRefused | Self::Untrusted)
    }
}

/// A sign-in that is refused: what the person is told, and what the owner who sets the provider up wants to know besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{refusal:?}: {detail}")]
pub(super) struct RefusedSignIn {
    pub(super) refusal: SignInRefusal,
    /// A half-sentence of ours; nothing in it comes from outside.
    pub(super) detail: &'static str,
}

impl From<SignInRefusal> for RefusedSignIn {
    fn from(refusal: SignInRefusal) -> Self {
        Self { refusal, detail: "" }
    }
}

/// Why a sign-in through a provider does not come about.
#[derive(Debug, thiserror::Error)]
pub(super) enum ProviderSignInError {
    /// It is refused, and the page says why.
    #[error(transparent)]
    Refused(#[from] RefusedSignIn),
    /// Anything else.
    #[error(transparent)]
    App(#[from] AppError),
}

impl From<SignInRefusal> for ProviderSignInError {
    fn from(refusal: SignInRefusal) -> Self {
        Self::Refused(refusal.into())
    }
}

impl From<diesel::result::Error> for ProviderSignInError {
    fn from(error: diesel::result::Error) -> Self {
        Self::App(error.into())
    }
}
