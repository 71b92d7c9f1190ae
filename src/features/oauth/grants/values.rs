//! A connection's own values with working tokens in them: for whoever hands the configuration to the connected system.
//!
//! What a form stores in the place of a token, or of a value of the operator's app, is a mark. The real ones come from the grant and
//! from the app at the moment they are handed out; a value that a person has typed over the mark stays as it is.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value};

use super::of_connection;
use super::refresh::{self, Ahead, Refusal, block_of};
use super::renewed::TokenLease;
use crate::base::error::AppResult;
use crate::base::forms::FieldPath;
use crate::connectors::provider::{DotPath, Inputs, LandingOutput, ProviderBlock};
use crate::features::connections::Connection;
use crate::features::oauth::wire::{Account, AppSecrets, Tokens, add_constants, outputs};
use crate::platform::app::App;
use crate::schema::form::Values;

/// What stands in a connection where the sign-in has the real value.
pub(in crate::features::oauth) const MARK: &str = "kept with the sign-in";

fn mark() -> SecretString {
    SecretString::from(MARK)
}

/// These tokens with marks in their place.
pub(in crate::features::oauth) fn marked(tokens: &Tokens) -> Tokens {
    Tokens { access_token: mark(), refresh_token: tokens.refresh_token.as_ref().map(|_| mark()), ..tokens.clone() }
}

/// This app with marks in the place of its values.
pub(in crate::features::oauth) fn marked_app(app: &AppSecrets) -> AppSecrets {
    let constants = app.constants.keys().map(|name| (name.clone(), mark())).collect();
    AppSecrets { client_id: MARK.to_owned(), client_secret: mark(), constants }
}

/// The values of a connection, ready to be used.
pub type Ready = Result<Values, Refusal>;

/// Values for a program that may renew the tokens among them.
pub struct LeasedValues {
    /// The values, ready to be used.
    pub values: Values,
    /// Of which sign-in the tokens are; `None` when there are none.
    pub token_lease: Option<TokenLease>,
}

/// All values of a connection with its secrets in the clear and tokens that live; a connection without a sign-in has just its own.
///
/// # Errors
/// Only internal ones; that there is no working token is a [`Refusal`].
pub async fn values(app: &App, connection: &Connection) -> AppResult<Ready> {
    let loan = with_tokens(app, connection, connection.open_values(&app.keys)?).await?;
    Ok(loan.map(|loan| loan.values))
}

/// These values of a connection, or of what somebody would put on it, with tokens that live in the place of marks.
///
/// # Errors
/// As [`values`].
pub async fn with_tokens(app: &App, connection: &Connection, own: Values) -> AppResult<Result<LeasedValues, Refusal>> {
    let (workspace, id) = (connection.workspace_id.clone(), connection.id.clone());
    let Some(connected) = app.db.read(move |conn| of_connection(conn, &workspace, &id)).await? else {
        return Ok(Ok(LeasedValues { values: own, token_lease: None }));
    };
    if !has_marks(&own) {
        return Ok(Ok(LeasedValues { values: own, token_lease: None }));
    }
    let opened = match refresh::fresh(app, &connected.grant.id, Ahead::Use).await? {
        Ok(opened) => opened,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let secrets = refresh::secrets(app, &connected.grant).await?;
    Ok(match (block_of(app, &connected.grant), secrets) {
        (Some(block), Some(secrets)) => {
            let token_lease = Some(TokenLease { grant: connected.grant.id.clone(), signed_in_at: opened.signed_in_at });
            let tokens = (&opened.tokens, &opened.inputs);
            filled(own, &block, tokens, Some(&connected.accounts), &secrets)
                .map(|values| LeasedValues { values, token_lease })
        }
        _ => Err(Refusal::App),
    })
}

/// Whether this text stands where the sign-in has the real value.
#[must_use]
pub fn is_mark(text: &str) -> bool {
    text == MARK
}

/// Whether the sign-in has the real value of this place.
pub(super) fn holds_mark_at(values: &Values, path: &DotPath) -> bool {
    let secret = values.secrets.get(&path.field()).map(|secret| secret.expose_secret());
    let plain = || {
        let (last, above) = path.keys().split_last()?;
        let object = above.iter().try_fold(&values.plain, |object, key| object.get(key)?.as_object())?;
        object.get(last)?.as_str()
    };
    secret.or_else(plain).is_some_and(is_mark)
}

fn has_marks(values: &Values) -> bool {
    values.secrets.values().any(|secret| secret.expose_secret() == MARK) || holds_mark(&values.plain)
}

fn holds_mark(object: &Map<String, Value>) -> bool {
    object.values().any(|value| match value {
        Value::String(text) => text == MARK,
        Value::Object(inner) => holds_mark(inner),
        _ => false,
    })
}

/// These values with the real ones in the place of marks.
pub(in crate::features::oauth) fn filled(
    mut values: Values,
    block: &ProviderBlock,
    (tokens, inputs): (&Tokens, &Inputs),
    accounts: Option<&[Account]>,
    secrets: &AppSecrets,
) -> Ready {
    let patch = outputs(block, tokens, inputs, accounts).ok_or(Refusal::App)?;
    let mut real = patch.expose().clone();
    add_constants(block, secrets, &mut real);
    let mut leaves = BTreeMap::new();
    collect(&real, &FieldPath::root(), &mut leaves);
    let ends = ends_of(block);
    for (path, value) in leaves {
        let text = || value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        match values.secrets.get_mut(&path) {
            Some(secret) if secret.expose_secret() == MARK => *secret = SecretString::from(text()),
            Some(_) => {}
            None => put_plain(&mut values.plain, &path, &value, ends.contains(&path)),
        }
    }
    if has_marks(&values) { Err(Refusal::App) } else { Ok(values) }
}

/// Where the end of the token stands: the one value that is no secret and changes with every renewal.
fn ends_of(block: &ProviderBlock) -> Vec<FieldPath> {
    let landings = [Some(&block.landing), block.landing.without_refresh_token.as_deref()];
    let ends =
        landings.into_iter().flatten().filter_map(|landing| landing.outputs.get(&LandingOutput::TokenExpiryDate));
    ends.map(DotPath::field).collect()
}

fn collect(object: &Map<String, Value>, at: &FieldPath, leaves: &mut BTreeMap<FieldPath, Value>) {
    for (key, value) in object {
        let path = at.child(key);
        match value {
            Value::Object(inner) => collect(inner, &path, leaves),
            other => {
                leaves.insert(path, other.clone());
            }
        }
    }
}

/// Puts a value where a mark stands, or where it is always the sign-in's.
fn put_plain(plain: &mut Map<String, Value>, path: &FieldPath, value: &Value, always: bool) {
    let mut whole = Value::Object(std::mem::take(plain));
    if let Some(slot) = whole.pointer_mut(path.as_str())
        && (always || slot.as_str() == Some(MARK))
    {
        *slot = value.clone();
    }
    if let Value::Object(back) = whole {
        *plain = back;
    }
}
