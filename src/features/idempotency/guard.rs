//! The `Idempotency-Key` header of a POST, from the request to the answer.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::{FromRequest, HttpRequest, HttpResponse, HttpResponseBuilder};
use serde::de::DeserializeOwned;

use super::{Answer, Claim, LONGEST_KEY, Request, Start, start};
use crate::base::error::{AppError, AppResult};
use crate::features::accounts::api_keys::guard::Caller;
use crate::platform::app::App;
use crate::platform::tx::Tx;
use crate::platform::web::api::{ApiResult, RawBody};
use crate::platform::web::problem::{Code, ErrorDetail, Problem};

/// The header.
pub const HEADER: &str = "idempotency-key";
/// Stands in an answer that is given again.
pub const REPLAYED: &str = "idempotency-replayed";

/// A POST that may be sent twice.
pub struct Once {
    body: RawBody,
    key: Option<String>,
    method: String,
    path: String,
}

/// What is to be done with it.
pub enum Opened<T> {
    /// The deed, with what was sent for it.
    Fresh(T, Ticket),
    /// The answer to the same request, earlier.
    Replay(HttpResponse),
}

/// Goes with a deed and takes its answer; without an `Idempotency-Key` it does nothing.
#[derive(Debug, Clone)]
pub struct Ticket(Option<Claim>);

impl Once {
    /// Reads the body and claims the key, if there is one.
    ///
    /// # Errors
    /// The body is no `T`, the key is malformed, belongs to another request, or its first request is still running.
    pub async fn open<T: DeserializeOwned>(&self, app: &App, caller: &Caller) -> Result<Opened<T>, Problem> {
        let body = self.body.read::<T>()?;
        let Some(key) = &self.key else { return Ok(Opened::Fresh(body, Ticket(None))) };
        if key.is_empty() || key.len() > LONGEST_KEY || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            let sentence = format!("Idempotency-Key must be 1 to {LONGEST_KEY} visible ASCII characters.");
            return Err(Problem::invalid_value(ErrorDetail::of("Idempotency-Key", "pattern", sentence)));
        }
        let request = Request::new(&caller.workspace, &caller.key, key, (&self.method, &self.path, self.body.bytes()));
        match app.write(move |tx| start(tx, &request)).await? {
            Start::Fresh(claim) => Ok(Opened::Fresh(body, Ticket(Some(claim)))),
            Start::Done(answer) => Ok(Opened::Replay(response(answer, Some((REPLAYED, "true"))))),
            Start::Running => Err(Problem::new(Code::IdempotencyInProgress, Code::IdempotencyInProgress.advice())),
            Start::Other => Err(Problem::new(Code::IdempotencyKeyReused, Code::IdempotencyKeyReused.advice())),
        }
    }
}

impl Ticket {
    /// Stores the answer; call it inside the transaction of the deed.
    ///
    /// # Errors
    /// As [`Claim::store`].
    pub fn store(&self, tx: &mut Tx<'_>, answer: &Answer) -> AppResult<()> {
        self.0.as_ref().map_or(Ok(()), |claim| claim.store(tx, answer))
    }

    /// The answer of the deed; when it was refused, the key is free again.
    ///
    /// # Errors
    /// What the deed refused with.
    pub async fn settle(self, app: &App, done: Result<Answer, Problem>) -> ApiResult {
        match (done, self.0) {
            (Ok(answer), _) => Ok(response(answer, None)),
            (Err(problem), None) => Err(problem),
            (Err(problem), Some(claim)) => {
                app.db.write(move |conn| claim.release(conn)).await?;
                Err(problem)
            }
        }
    }
}

fn response(answer: Answer, mark: Option<(&'static str, &'static str)>) -> HttpResponse {
    let mut response = HttpResponseBuilder::new(StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK));
    response.content_type("application/json");
    for (name, value) in &answer.headers {
        response.insert_header((name.as_str(), value.as_str()));
    }
    if let Some(mark) = mark {
        response.insert_header(mark);
    }
    response.body(answer.body)
}

impl Answer {
    /// An answer with a JSON body.
    ///
    /// # Errors
    /// Only internal ones.
    pub fn json(status: StatusCode, value: &impl serde::Serialize) -> AppResult<Self> {
        let body = serde_json::to_string(value).map_err(AppError::internal)?;
        Ok(Self { status: status.as_u16(), headers: Vec::new(), body })
    }

    /// The same with one more header.
    #[must_use]
    pub fn with(mut self, name: &str, value: String) -> Self {
        self.headers.push((name.to_owned(), value));
        self
    }
}

impl FromRequest for Once {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let header = request.headers().get(HEADER);
        let key = header.map(|value| value.to_str().unwrap_or_default().to_owned());
        let (method, path) = (request.method().to_string(), request.path().to_owned());
        let body = RawBody::from_request(request, payload);
        Box::pin(async move { Ok(Self { body: body.await?, key, method, path }) })
    }
}
