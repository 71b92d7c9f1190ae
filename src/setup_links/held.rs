//! Secrets typed in a submission that failed its checks: sealed for half an hour under (link, form), never sent back, so
//! that a slip in a port number does not cost a retyped key.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use super::store::{self, LinkRow};
use crate::app::App;
use crate::clock::UtcTime;
use crate::crypto::{Sealed, SealedAt};
use crate::error::{AppError, AppResult};

const KEPT: time::Duration = time::Duration::minutes(30);
/// Of so many forms of one link something is held at once; more would let a stranger fill the table.
const MOST_FORMS: i64 = 20;

/// Secrets by the name of their form field.
pub(super) type Held = BTreeMap<String, SecretString>;

fn place<'a>(link: &'a LinkRow) -> SealedAt<'a> {
    SealedAt { table: "held_secrets", row: link.id.as_str(), column: "sealed", workspace: link.workspace_id.as_str() }
}

/// What is held for this form of the link. A value that does not open any more (its key is gone) counts as nothing.
pub(super) async fn load(app: &App, link: &LinkRow, nonce: &str) -> AppResult<Held> {
    let (id, nonce, now) = (link.id.clone(), nonce.to_owned(), app.clock.now());
    let Some(bytes) = app.db.read(move |conn| Ok(store::held(conn, &id, &nonce, now)?)).await? else {
        return Ok(Held::new());
    };
    let Ok(plain) = app.keys.open(&Sealed::from_bytes(bytes), place(link)) else { return Ok(Held::new()) };
    let texts: BTreeMap<String, String> = serde_json::from_slice(&plain).map_err(AppError::internal)?;
    Ok(texts.into_iter().map(|(name, text)| (name, SecretString::from(text))).collect())
}

/// Holds these secrets for this form; gives the moment they are forgotten, or `None` when nothing is held.
pub(super) async fn keep(app: &App, link: &LinkRow, nonce: &str, secrets: &Held) -> AppResult<Option<UtcTime>> {
    if secrets.is_empty() {
        return Ok(None);
    }
    let texts: BTreeMap<&String, &str> = secrets.iter().map(|(name, secret)| (name, secret.expose_secret())).collect();
    let plain = Zeroizing::new(serde_json::to_vec(&texts).map_err(AppError::internal)?);
    let sealed = app.keys.seal(&plain, place(link), &app.rng)?;
    let until = (app.clock.now() + KEPT).min(link.expires_at);
    let (id, nonce) = (link.id.clone(), nonce.to_owned());
    app.db
        .write(move |conn| {
            if store::held_count(conn, &id)? >= MOST_FORMS {
                return Ok(None);
            }
            store::hold(conn, &id, &nonce, sealed.as_bytes(), until)?;
            Ok(Some(until))
        })
        .await
}
