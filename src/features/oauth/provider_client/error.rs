//! What can go wrong between us and a provider.

use std::time::Duration;

use crate::base::http_client::HttpFailure;

/// Why a step did not come to its end. Carries nothing a provider wrote, except a short name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// The person said no.
    #[error("the person declined")]
    Denied,
    /// The sign-in is gone: revoked, ended, or the code was used or too old.
    #[error("the sign-in is not valid any more")]
    InvalidGrant,
    /// The provider does not take the operator's client id or secret.
    #[error("the provider refused the app ({0})")]
    AppRefused(String),
    /// A permission is missing for what was asked.
    #[error("a permission is missing")]
    MissingScope,
    /// The provider said no for another reason; its short name for it.
    #[error("the provider refused ({0})")]
    Refused(String),
    /// The provider cannot be reached or has trouble of its own.
    #[error("the provider cannot be reached")]
    ProviderDown,
    /// The provider asks to come back later.
    #[error("the provider asks to wait")]
    TooMany(Option<Duration>),
    /// The answer is not what was agreed: no JSON, too large, cut short, a redirect, without what is needed.
    #[error("the provider's answer cannot be used: {0}")]
    BadAnswer(&'static str),
    /// The address is not https, or leads to where nothing may be asked.
    #[error("the provider's address is not allowed")]
    NotAllowedAddress,
    /// The way back is not the provider's: a signature, shop or issuer does not fit, or there is no code.
    #[error("the return from the provider cannot be believed: {0}")]
    BadCallback(&'static str),
    /// Something the block needs was not given; its name.
    #[error("{0} is not set")]
    NotSet(String),
}

impl ProviderError {
    /// A stable name, for logs and programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::InvalidGrant => "invalid_grant",
            Self::AppRefused(_) => "app_refused",
            Self::MissingScope => "missing_scope",
            Self::Refused(_) => "refused",
            Self::ProviderDown => "provider_down",
            Self::TooMany(_) => "too_many",
            Self::BadAnswer(_) => "bad_answer",
            Self::NotAllowedAddress => "address_not_allowed",
            Self::BadCallback(_) => "bad_callback",
            Self::NotSet(_) => "not_set",
        }
    }

    /// What to tell the person who signs in, with the provider's name.
    pub fn sentence(&self, provider: &str) -> String {
        match self {
            Self::Denied => format!("You did not give access at {provider}. Nothing was saved; you can try again."),
            Self::InvalidGrant => format!("This sign-in at {provider} is not valid any more. Please sign in again."),
            Self::AppRefused(_) | Self::NotSet(_) => {
                format!(
                    "Signing in with {provider} is not set up correctly here. Please tell the person who sent you this link."
                )
            }
            Self::MissingScope => format!("{provider} says that a needed permission is missing."),
            Self::Refused(_) => format!("{provider} refused the sign-in. Please try again."),
            Self::ProviderDown => format!("{provider} cannot be reached right now. Please try again in a few minutes."),
            Self::TooMany(_) => format!("{provider} asks us to wait. Please try again in a few minutes."),
            Self::BadAnswer(_) => format!("{provider} answered in a way we do not understand. Please try again."),
            Self::NotAllowedAddress => format!(
                "The address of {provider} is not one this installation may ask. Please tell the person who sent you this link."
            ),
            Self::BadCallback(_) => format!(
                "What came back does not look like it came from {provider}. Nothing was saved; please start again."
            ),
        }
    }

    /// Whether the same call may go well later.
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::ProviderDown | Self::TooMany(_) | Self::BadAnswer(_))
    }
}

impl From<HttpFailure> for ProviderError {
    fn from(failure: HttpFailure) -> Self {
        match failure {
            HttpFailure::NotPublic => Self::NotAllowedAddress,
            HttpFailure::TooLarge => Self::BadAnswer("it is too large"),
            HttpFailure::Broken => Self::BadAnswer("it is no HTTP, or was cut short"),
            HttpFailure::Unknown
            | HttpFailure::NoLookup
            | HttpFailure::Connect
            | HttpFailure::Tls
            | HttpFailure::Timeout => Self::ProviderDown,
        }
    }
}
