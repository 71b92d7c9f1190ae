//! Reading a body: never more than a limit, never longer than a deadline (actix itself waits for ever).

use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::web::{Bytes, BytesMut};
use futures_util::StreamExt as _;

use crate::base::error::{AppError, AppResult};

/// The largest form we take: the largest known spec filled in to the brim stays under a tenth of it.
pub const LARGEST_FORM: usize = 1024 * 1024;
const DEADLINE: Duration = Duration::from_secs(30);

/// The whole body.
///
/// # Errors
/// [`AppError::TooLarge`] over `limit` bytes; [`AppError::Unreadable`] when it stops or takes longer than 30 seconds.
pub async fn read(payload: &mut Payload, limit: usize) -> AppResult<Bytes> {
    let all = async {
        let mut body = BytesMut::new();
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|_| AppError::Unreadable("the body ended early"))?;
            if body.len() + chunk.len() > limit {
                return Err(AppError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    };
    tokio::time::timeout(DEADLINE, all).await.unwrap_or(Err(AppError::Unreadable("the body took too long")))
}
