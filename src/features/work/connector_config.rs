//! What a connector is given: all values, with tokens that live where somebody has signed in with a provider. It may ask the provider
//! first, so it is called outside of transactions and while whoever waits keeps its lease.

use crate::base::error::{AppError, AppResult};
use crate::base::ids::OauthSignInId;
use crate::connectors::Connector;
use crate::engines::{Failure, FailureReason, Turn};
use crate::features::connections::Connection;
use crate::features::oauth::grants::{LeasedValues, TokenError};
use crate::features::oauth::{self, TokenLease};
use crate::platform::app::App;
use crate::schema::form::{FinalConfig, Values, complete};

/// What a connector is given.
pub struct ConnectorConfig {
    /// The configuration.
    pub config: FinalConfig,
    /// Of which sign-in the tokens in it are, for when the connector renews them; see [`crate::features::work::take_over::take_over`].
    pub token_lease: Option<TokenLease>,
}

/// Why a connector gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// Something on our side.
    #[error(transparent)]
    App(#[from] AppError),
    /// It cannot be asked with what is there, or said no.
    #[error("{}", .0.message)]
    Failure(Failure),
}

impl From<Failure> for AskError {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

/// The configuration for the connected system, made of these values of a connection.
///
/// # Errors
/// What keeps it from being made.
pub async fn current(
    app: &App,
    connection: &Connection,
    connector: &Connector,
    own: Values,
) -> Result<ConnectorConfig, AskError> {
    let leased = oauth::with_tokens(app, connection, own).await;
    let LeasedValues { values, token_lease } = match leased {
        Ok(leased) => leased,
        Err(error) => return Err(refused(connector, error)?.into()),
    };
    let config = complete(&connector.spec, &values).config.ok_or_else(incomplete)?;
    Ok(ConnectorConfig { config, token_lease })
}

/// The same for a test of something that is not sent yet, with the tokens of a sign-in that waits at the link. The connector changes
/// nothing of it.
///
/// # Errors
/// As [`current`].
pub async fn for_test(
    app: &App,
    connection: &Connection,
    connector: &Connector,
    sign_in: &OauthSignInId,
    typed: Values,
) -> Result<ConnectorConfig, AskError> {
    let values = oauth::borrowed(app, &connection.workspace_id, connector, sign_in, typed).await?;
    let config = complete(&connector.spec, &values.ok_or_else(sign_in_over)?).config.ok_or_else(incomplete)?;
    Ok(ConnectorConfig { config, token_lease: None })
}

fn sign_in_over() -> Failure {
    let message = "The sign-in is over, or was replaced by another one. Sign in again, then test.";
    Failure::new(FailureReason::NeedsReconnecting, message).on(Turn::Giver)
}

fn incomplete() -> Failure {
    let message = "Something the connector needs is missing, or breaks one of its rules. Fill it in and try again.";
    Failure::new(FailureReason::Incomplete, message)
}

/// What keeps the tokens from being lent, as a failure of the work; an error on our side stays one.
fn refused(connector: &Connector, error: TokenError) -> AppResult<Failure> {
    let provider = connector.oauth().map_or_else(|| connector.name(), |block| block.name.as_str());
    let (reason, message) = match error {
        TokenError::Internal(error) => return Err(error),
        TokenError::NeedsReconnecting => (
            FailureReason::NeedsReconnecting,
            format!("{provider} has ended this access. Somebody has to sign in again."),
        ),
        TokenError::Unavailable => (
            FailureReason::ProviderUnavailable,
            format!("The token has ended and {provider} gives no new one right now. Try again later."),
        ),
        TokenError::App => (
            FailureReason::OauthApp,
            format!("The OAuth app for {provider} is not set, or {provider} does not take it."),
        ),
    };
    Ok(Failure::new(reason, message))
}
