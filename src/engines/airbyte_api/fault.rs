//! Why Airbyte did not do what it was asked, in words.

use crate::base::http_client::HttpFailure;
use crate::engines::failure::{Failure, FailureReason, Turn};

/// Why it did not do it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AirbyteFault {
    /// No answer came.
    NoAnswer(HttpFailure),
    /// 401: it does not take the token, or gives none for the application.
    TokenRefused,
    /// 403: the token is not allowed to.
    Forbidden,
    /// 404: what was asked for is not there; what that is.
    NotThere(&'static str),
    /// It says no, in its own words, without secrets; possibly empty.
    Refused(String),
    /// 429 or a status from 500 up: it has a bad moment.
    Busy(u16),
    /// Its answer is none of Airbyte's.
    NotAirbyte,
}

impl AirbyteFault {
    /// Whether the same may work in a moment.
    pub fn is_for_now(&self) -> bool {
        match self {
            Self::NoAnswer(failure) => !matches!(failure, HttpFailure::NotPublic | HttpFailure::TooLarge),
            Self::Busy(_) => true,
            Self::TokenRefused | Self::Forbidden | Self::NotThere(_) | Self::Refused(_) | Self::NotAirbyte => false,
        }
    }

    /// For people, a whole sentence.
    pub fn words(&self) -> String {
        match self {
            Self::NoAnswer(failure) => format!("Airbyte cannot be reached: {}.", unreachable(*failure)),
            Self::TokenRefused => "Airbyte does not take the token, or gives none for this client id and secret. An owner enters new ones under Settings, Extraction engine.".to_owned(),
            Self::Forbidden => "Airbyte does not allow this with the token. Its application needs the rights of an editor of the workspace there.".to_owned(),
            Self::NotThere(what) => format!("Airbyte knows no {what}."),
            Self::Refused(said) if said.is_empty() => "Airbyte refuses this and does not say why.".to_owned(),
            Self::Refused(said) => format!("Airbyte refuses this: {said}"),
            Self::Busy(429) => "Airbyte was asked too often.".to_owned(),
            Self::Busy(status) => format!("Airbyte is not well: it answered with the status {status}."),
            Self::NotAirbyte => "What answered at the address does not speak Airbyte’s public API. The address ends like /api/public/v1, or is https://api.airbyte.com/v1.".to_owned(),
        }
    }

    /// The same as the failure of a piece of work.
    pub fn failure(&self) -> Failure {
        let (reason, turn) = match self {
            Self::NoAnswer(HttpFailure::NotPublic) => (FailureReason::AddressRefused, Turn::Operator),
            Self::NoAnswer(_) => (FailureReason::NotReachable, Turn::Provider),
            Self::TokenRefused => (FailureReason::SignIn, Turn::Owner),
            Self::Forbidden => (FailureReason::Permission, Turn::Owner),
            Self::Busy(429) => (FailureReason::RateLimited, Turn::Provider),
            Self::Busy(_) => (FailureReason::Unwell, Turn::Provider),
            Self::NotThere(_) | Self::Refused(_) | Self::NotAirbyte => (FailureReason::EngineFailed, Turn::Owner),
        };
        Failure::new(reason, self.words()).on(turn)
    }
}

fn unreachable(failure: HttpFailure) -> &'static str {
    match failure {
        HttpFailure::Unknown | HttpFailure::NoLookup => "its host cannot be found in the DNS",
        HttpFailure::NotPublic => {
            "its host is not public; the operator can open a network with VESTIBULE_CONNECTOR_ALLOW_CIDRS"
        }
        HttpFailure::Connect => "nothing answers at its address",
        HttpFailure::Tls => "its certificate is not trusted",
        HttpFailure::Timeout => "it did not answer in time",
        HttpFailure::Broken => "its answer broke off or is no HTTP",
        HttpFailure::TooLarge => "its answer is larger than 4 MB",
    }
}
