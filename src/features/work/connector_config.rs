//! What a connector is given: all values, with tokens that live where somebody has signed in with a provider. It may ask the provider
//! first, so it is called outside of transactions and while whoever waits keeps its lease.

use crate::base::error::AppResult;
use crate::base::ids::OauthSignInId;
use crate::connectors::Connector;
use crate::engines::{Blame, Failure, FailureReason};
use crate::features::connections::Connection;
use crate::features::oauth::grants::{LeasedValues, Refusal};
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

/// The configuration for the connected system, made of these values of a connection.
///
/// # Errors
/// Only internal ones; what keeps it from being made is a [`Failure`].
pub async fn current(
    app: &App,
    connection: &Connection,
    connector: &Connector,
    own: Values,
) -> AppResult<Result<ConnectorConfig, Failure>> {
    Ok(match oauth::with_tokens(app, connection, own).await? {
        Ok(LeasedValues { values, token_lease }) => complete(&connector.spec, &values)
            .config
            .map(|config| ConnectorConfig { config, token_lease })
            .ok_or_else(incomplete),
        Err(refusal) => Err(refused(connector, refusal)),
    })
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
) -> AppResult<Result<ConnectorConfig, Failure>> {
    let values = oauth::borrowed(app, (&connection.workspace_id, connector), sign_in, typed).await?;
    let Some(values) = values else { return Ok(Err(sign_in_over())) };
    let config = complete(&connector.spec, &values).config;
    Ok(config.map(|config| ConnectorConfig { config, token_lease: None }).ok_or_else(incomplete))
}

fn sign_in_over() -> Failure {
    let message = "The sign-in is over, or was replaced by another one. Sign in again, then test.".to_owned();
    Failure { reason: FailureReason::NeedsReconnecting, blame: Blame::Config, message, detail: None }
}

fn incomplete() -> Failure {
    let message =
        "Something the connector needs is missing, or breaks one of its rules. Fill it in and validate again.";
    Failure { reason: FailureReason::Incomplete, blame: Blame::Config, message: message.to_owned(), detail: None }
}

fn refused(connector: &Connector, refusal: Refusal) -> Failure {
    let provider = connector.oauth().map_or_else(|| connector.name(), |block| block.name.as_str());
    let (reason, blame, message) = match refusal {
        Refusal::NeedsReconnecting => (
            FailureReason::NeedsReconnecting,
            Blame::Config,
            format!("{provider} has ended this access. Somebody has to sign in again; a reconnect link asks them to."),
        ),
        Refusal::Unavailable => (
            FailureReason::ProviderUnavailable,
            Blame::Moment,
            format!("The token has ended and {provider} gives no new one right now. Try again later."),
        ),
        Refusal::App => (
            FailureReason::OauthApp,
            Blame::Operator,
            format!("The OAuth app for {provider} is not set, or {provider} does not take it."),
        ),
    };
    Failure { reason, blame, message, detail: None }
}
