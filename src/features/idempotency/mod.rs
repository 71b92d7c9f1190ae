//! Requests that may be sent twice. A program that got no answer sends its POST again with the same `Idempotency-Key` and gets the
//! first answer, word for word, for a day.
//!
//! Invariants: a key belongs to one API key and one request (method, address, body); the answer is written in the transaction of
//! the deed, so there is never a deed without its answer; answers may hold a token and are therefore sealed; a request that is
//! refused leaves nothing behind; a process that dies in the middle holds a key for [`LEASE`] at most.

pub mod guard;
mod store;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::base::clock::UtcTime;
use crate::base::crypto::{PlainToken, Sealed, TokenHash};
use crate::base::error::{AppError, AppResult};
use crate::base::ids::{ApiKeyId, IdempotencyId, WorkspaceId};
use crate::platform::db::Conn;
use crate::platform::sealed::sealed_column;
use crate::platform::tx::Tx;

sealed_column!(
    /// Kept answers.
    pub SEALED_ANSWERS = idempotency_keys[id].sealed_answer
);

/// How long an answer is kept.
pub const KEPT: time::Duration = time::Duration::hours(24);
/// How long a request may hold its key without an answer.
pub const LEASE: time::Duration = time::Duration::seconds(60);
/// Most characters of a key.
pub const LONGEST_KEY: usize = 255;

/// An answer as it is given again.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Headers that belong to it, lower-case.
    pub headers: Vec<(String, String)>,
    /// The JSON body.
    pub body: String,
}

impl std::fmt::Debug for Answer {
    /// Without the body: it may hold a token.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "answer {}", self.status)
    }
}

/// What a request with a key asks for.
#[derive(Debug, Clone)]
pub struct Request {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The API key that sends it.
    pub api_key: ApiKeyId,
    key: TokenHash,
    request: Vec<u8>,
}

impl Request {
    /// `key` is the text of the header; the rest says which request it is.
    pub fn new(
        workspace: &WorkspaceId,
        api_key: &ApiKeyId,
        key: &str,
        (method, path, body): (&str, &str, &[u8]),
    ) -> Self {
        let mut hash = Sha256::new();
        for part in [method.as_bytes(), path.trim_end_matches('/').as_bytes(), body] {
            hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(part);
        }
        Self {
            workspace: workspace.clone(),
            api_key: api_key.clone(),
            key: PlainToken::presented(key).hash(),
            request: hash.finalize().to_vec(),
        }
    }
}

/// A key that this request holds; [`Claim::store`] gives it its answer.
#[derive(Debug, Clone)]
pub struct Claim {
    id: IdempotencyId,
    workspace: WorkspaceId,
}

/// What is to be done with a request.
#[derive(Debug)]
pub enum Start {
    /// Do it, and store the answer.
    Fresh(Claim),
    /// It was done; this was the answer.
    Done(Answer),
    /// It is being done right now.
    Running,
    /// The key was used for another request.
    Other,
}

/// Claims the key for a request, or says what became of the one that had it first.
///
/// # Errors
/// The database cannot be asked, or the stored answer was sealed with a key that is gone.
pub fn start(tx: &mut Tx<'_>, request: &Request) -> AppResult<Start> {
    let id = IdempotencyId::new(tx.now, tx.rng);
    store::drop_over(tx.conn, request, tx.now)?;
    if store::insert(tx.conn, &id, request, tx.now + LEASE, tx.now + KEPT)? {
        return Ok(Start::Fresh(Claim { id, workspace: request.workspace.clone() }));
    }
    let Some(row) = store::find(tx.conn, request)? else { return Ok(Start::Running) };
    if row.request_hash != request.request {
        return Ok(Start::Other);
    }
    match row.sealed_answer {
        None => Ok(Start::Running),
        Some(sealed) => {
            let bytes = tx.keys.open(&Sealed::from_bytes(sealed), SEALED_ANSWERS.at(&row.id, &request.workspace))?;
            serde_json::from_slice(&bytes).map(Start::Done).map_err(AppError::internal)
        }
    }
}

impl Claim {
    /// Stores the answer; call it inside the transaction of the deed.
    ///
    /// # Errors
    /// [`AppError::Conflict`] when the lease ran out and somebody else does the request: then nothing of this deed may stay.
    pub fn store(&self, tx: &mut Tx<'_>, answer: &Answer) -> AppResult<()> {
        let bytes = zeroize::Zeroizing::new(serde_json::to_vec(answer).map_err(AppError::internal)?);
        let sealed = tx.keys.seal(&bytes, SEALED_ANSWERS.at(&self.id, &self.workspace), tx.rng)?;
        if store::put_answer(tx.conn, &self.id, sealed.as_bytes())? {
            Ok(())
        } else {
            Err(AppError::Conflict("The same request is being done a second time. Send it again."))
        }
    }

    /// Gives the key back: the request was refused and may be sent again, mended.
    ///
    /// # Errors
    /// The database cannot be asked.
    pub fn release(&self, conn: &mut Conn) -> AppResult<()> {
        Ok(store::delete_unanswered(conn, &self.id)?)
    }
}

/// Forgets answers that were kept long enough.
///
/// # Errors
/// The database cannot be asked.
pub fn sweep(conn: &mut Conn, now: UtcTime) -> AppResult<()> {
    Ok(store::drop_expired(conn, now)?)
}
