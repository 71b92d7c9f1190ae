//! What a connector is given: all values, with tokens that live where somebody has signed in with a provider. It may ask the provider
//! first, so it is called outside of transactions and while whoever waits keeps its lease.

use super::Connection;
use crate::app::App;
use crate::connectors::Connector;
use crate::connectors::spec_form::{FinalConfig, Values, complete};
use crate::error::AppResult;
use crate::oauth::{self, grants::Refusal};
use crate::runtimes::{Blame, Failure, Reason};

/// The configuration for the connected system, made of these values of a connection.
///
/// # Errors
/// Only internal ones; what keeps it from being made is a [`Failure`].
pub async fn given(
    app: &App,
    connection: &Connection,
    connector: &Connector,
    own: Values,
) -> AppResult<Result<FinalConfig, Failure>> {
    Ok(match oauth::with_tokens(app, connection, own).await? {
        Ok(values) => complete(&connector.spec, &values).config.ok_or_else(incomplete),
        Err(refusal) => Err(refused(connector, refusal)),
    })
}

fn incomplete() -> Failure {
    let message =
        "Something the connector needs is missing, or breaks one of its rules. Fill it in and validate again.";
    Failure { reason: Reason::Incomplete, blame: Blame::Config, message: message.to_owned(), detail: None }
}

fn refused(connector: &Connector, refusal: Refusal) -> Failure {
    let provider = connector.oauth().map_or_else(|| connector.name(), |block| block.name.as_str());
    let (reason, blame, message) = match refusal {
        Refusal::NeedsReconnecting => (
            Reason::NeedsReconnecting,
            Blame::Config,
            format!("{provider} has ended this access. Somebody has to sign in again; a reconnect link asks them to."),
        ),
        Refusal::Unavailable => (
            Reason::ProviderUnavailable,
            Blame::Moment,
            format!("The token has ended and {provider} gives no new one right now. Try again later."),
        ),
        Refusal::App => (
            Reason::OauthApp,
            Blame::Operator,
            format!("The OAuth app for {provider} is not set, or {provider} does not take it."),
        ),
    };
    Failure { reason, blame, message, detail: None }
}
