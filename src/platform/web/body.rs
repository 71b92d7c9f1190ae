//! Reading a body: never more than a limit, never longer than a deadline (actix itself waits for ever).

use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::web::{Bytes, BytesMut};
use futures_util::StreamExt as _;

use crate::base::error::{AppError, AppResult};
use crate::base::forms::RawForm;

/// The largest form we take: several key files and certificate bundles at once, each of the largest size a field takes.
pub const LARGEST_FORM: usize = RawForm::MAX_BYTES;
/// So much more is read and thrown away when a body is too large: who still sends does not hear an answer.
const DISCARDED: usize = 16 * 1024 * 1024;
const DEADLINE: Duration = Duration::from_secs(30);

/// The whole body.
///
/// # Errors
/// [`AppError::TooLarge`] over `limit` bytes; [`AppError::Unreadable`] when it stops or takes longer than 30 seconds.
pub async fn read(payload: &mut Payload, limit: usize) -> AppResult<Bytes> {
    let all = async {
        let (mut body, mut size) = (BytesMut::new(), 0_usize);
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|_| AppError::Unreadable("the body ended early"))?;
            size = size.saturating_add(chunk.len());
            if size > limit.saturating_add(DISCARDED) {
                return Err(AppError::TooLarge);
            }
            if size <= limit {
                body.extend_from_slice(&chunk);
            } else {
                body.clear();
            }
        }
        if size > limit { Err(AppError::TooLarge) } else { Ok(body.freeze()) }
    };
    tokio::time::timeout(DEADLINE, all).await.unwrap_or(Err(AppError::Unreadable("the body took too long")))
}
