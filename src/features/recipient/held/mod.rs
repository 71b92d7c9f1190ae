//! Secrets typed in a submission that failed its checks: sealed for half an hour under (link, form), never sent back, so that a
//! slip in a port number does not cost a retyped key. Links of every kind use it.
//!
//! Invariants: a value opens for its own link only; it goes when the form is taken, when the link closes, and when its time is over.

mod store;

use std::collections::BTreeMap;

use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

pub use store::{drop_form, drop_link, sweep};

use crate::base::clock::UtcTime;
use crate::base::crypto::{Sealed, SealedAt};
use crate::base::error::{AppError, AppResult};
use crate::base::ids::WorkspaceId;
use crate::platform::app::App;

const KEPT: time::Duration = time::Duration::minutes(30);
/// Of so many forms of one link something is held at once; more would let a stranger fill the table.
const MOST_FORMS: i64 = 20;

/// Secrets by the name of their form field.
pub type HeldSecrets = BTreeMap<String, SecretString>;

/// One form of one link.
#[derive(Debug, Clone)]
pub struct HeldForm {
    /// Whose link it is.
    pub workspace: WorkspaceId,
    /// The link's id.
    pub link: String,
    /// The form's nonce.
    pub nonce: String,
}

impl HeldForm {
    fn place(&self) -> SealedAt<'_> {
        SealedAt {
            table: "held_secrets",
            row: self.link.as_str(),
            column: "sealed",
            workspace: self.workspace.as_str(),
        }
    }

    /// What is held for this form. A value that does not open any more (its key is gone) counts as nothing.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn load(&self, app: &App) -> AppResult<HeldSecrets> {
        let (form, now) = (self.clone(), app.clock.now());
        let Some(bytes) = app.db.read(move |conn| Ok(store::find(conn, &form.link, &form.nonce, now)?)).await? else {
            return Ok(HeldSecrets::new());
        };
        let Ok(plain) = app.keys.open(&Sealed::from_bytes(bytes), self.place()) else { return Ok(HeldSecrets::new()) };
        let texts: BTreeMap<String, String> = serde_json::from_slice(&plain).map_err(AppError::internal)?;
        Ok(texts.into_iter().map(|(name, text)| (name, SecretString::from(text))).collect())
    }

    /// Holds these secrets, at most until the link ends; gives the moment they are forgotten, or `None` when nothing is held.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn keep(&self, app: &App, secrets: &HeldSecrets, link_ends: UtcTime) -> AppResult<Option<UtcTime>> {
        if secrets.is_empty() {
            return Ok(None);
        }
        let texts: BTreeMap<&String, &str> =
            secrets.iter().map(|(name, secret)| (name, secret.expose_secret())).collect();
        let plain = Zeroizing::new(serde_json::to_vec(&texts).map_err(AppError::internal)?);
        let sealed = app.keys.seal(&plain, self.place(), &app.rng)?;
        let until = (app.clock.now() + KEPT).min(link_ends);
        let form = self.clone();
        app.db
            .write(move |conn| {
                if store::count(conn, &form.link)? >= MOST_FORMS {
                    return Ok(None);
                }
                store::put(conn, &form.link, &form.nonce, sealed.as_bytes(), until)?;
                Ok(Some(until))
            })
            .await
    }
}
