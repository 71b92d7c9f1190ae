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
    fn slot(&self) -> HeldSlot {
        HeldSlot { of: self.link.clone(), name: self.nonce.clone(), workspace: self.workspace.to_string() }
    }

    /// What is held for this form. A value that does not open any more (its key is gone) counts as nothing.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn load(&self, app: &App) -> AppResult<HeldSecrets> {
        let Some(HeldBytes { plain, .. }) = self.slot().load(app).await? else { return Ok(HeldSecrets::new()) };
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
        let until = (app.clock.now() + KEPT).min(link_ends);
        Ok(self.slot().keep(app, &plain, until).await?.then_some(until))
    }
}

/// Where something is held: under a name, of a link or of whoever it waits for.
#[derive(Debug, Clone)]
pub struct HeldSlot {
    /// The link's id, or whose it is.
    pub of: String,
    /// The form's nonce, or another name.
    pub name: String,
    /// The workspace it is sealed for; empty where that is not known.
    pub workspace: String,
}

/// Something that is held.
pub struct HeldBytes {
    /// What it is.
    pub plain: Zeroizing<Vec<u8>>,
    /// When it is forgotten.
    pub until: UtcTime,
}

impl HeldSlot {
    fn place(&self) -> SealedAt<'_> {
        SealedAt { table: "held_secrets", row: self.of.as_str(), column: "sealed", workspace: self.workspace.as_str() }
    }

    /// What is held there; `None` also when it does not open any more because its key is gone.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn load(&self, app: &App) -> AppResult<Option<HeldBytes>> {
        let (slot, now) = (self.clone(), app.clock.now());
        let found = app.db.read(move |conn| Ok(store::find(conn, &slot.of, &slot.name, now)?)).await?;
        let Some((bytes, until)) = found else { return Ok(None) };
        let opened = app.keys.open(&Sealed::from_bytes(bytes), self.place());
        Ok(opened.ok().map(|plain| HeldBytes { plain, until }))
    }

    /// Holds this; `false` when too much is held there already.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn keep(&self, app: &App, plain: &[u8], until: UtcTime) -> AppResult<bool> {
        let sealed = app.keys.seal(plain, self.place(), &app.rng)?;
        let (slot, now) = (self.clone(), app.clock.now());
        app.db
            .write(move |conn| {
                if store::count(conn, &slot.of, now)? >= MOST_FORMS {
                    return Ok(false);
                }
                store::put(conn, &slot.of, &slot.name, sealed.as_bytes(), until)?;
                Ok(true)
            })
            .await
    }
}
