//! Reading a body: never more than a limit, never longer than a deadline (actix itself waits for ever).

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::web::{Bytes, BytesMut};
use actix_web::{HttpMessage as _, HttpRequest};
use futures_util::StreamExt as _;
use tokio::sync::OnceCell;

use crate::base::error::{AppError, AppResult};
use crate::base::forms::RawForm;

/// The largest form we take: several key files and certificate bundles at once, each of the largest size a field takes.
pub const LARGEST_FORM: usize = RawForm::MAX_BYTES;
/// So much more is read and thrown away when a body is too large: who still sends does not hear an answer.
const DISCARDED: usize = 16 * 1024 * 1024;
const DEADLINE: Duration = Duration::from_secs(30);

/// Why a body cannot be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unread {
    TooLarge,
    Broken(&'static str),
}

impl From<Unread> for AppError {
    fn from(why: Unread) -> Self {
        match why {
            Unread::TooLarge => Self::TooLarge,
            Unread::Broken(sentence) => Self::Unreadable(sentence),
        }
    }
}

/// The whole body.
///
/// # Errors
/// [`AppError::TooLarge`] over `limit` bytes; [`AppError::Unreadable`] when it stops or takes longer than 30 seconds.
pub async fn read(payload: &mut Payload, limit: usize) -> AppResult<Bytes> {
    Ok(take(payload, limit).await?)
}

async fn take(payload: &mut Payload, limit: usize) -> Result<Bytes, Unread> {
    let all = async {
        let (mut body, mut size) = (BytesMut::new(), 0_usize);
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|_| Unread::Broken("the body ended early"))?;
            size = size.saturating_add(chunk.len());
            if size > limit.saturating_add(DISCARDED) {
                return Err(Unread::TooLarge);
            }
            if size <= limit {
                body.extend_from_slice(&chunk);
            } else {
                body.clear();
            }
        }
        if size > limit { Err(Unread::TooLarge) } else { Ok(body.freeze()) }
    };
    tokio::time::timeout(DEADLINE, all).await.unwrap_or(Err(Unread::Broken("the body took too long")))
}

/// The body of a form that more than one extractor of the request looks at: who asks first reads it, everybody gets the same bytes.
/// Nothing is read before somebody asks.
#[derive(Clone)]
pub struct FormBody(Rc<Pending>);

struct Pending {
    payload: RefCell<Payload>,
    bytes: OnceCell<Result<Bytes, Unread>>,
}

impl FormBody {
    /// The form of the request; the first call takes the payload.
    pub fn of(request: &HttpRequest, payload: &mut Payload) -> Self {
        if let Some(known) = request.extensions().get::<Self>() {
            return known.clone();
        }
        let new = Self(Rc::new(Pending { payload: RefCell::new(payload.take()), bytes: OnceCell::new() }));
        request.extensions_mut().insert(new.clone());
        new
    }

    /// Its bytes, at most [`LARGEST_FORM`].
    ///
    /// # Errors
    /// As [`read`].
    pub async fn read(&self) -> AppResult<Bytes> {
        let read = self.0.bytes.get_or_init(|| async {
            let mut payload = self.0.payload.replace(Payload::None);
            take(&mut payload, LARGEST_FORM).await
        });
        Ok(read.await.clone()?)
    }
}
