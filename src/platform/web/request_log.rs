//! One line per request: the matched route, never the path or the query, because our paths are credentials.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, web};

use crate::platform::app::App;

tokio::task_local! {
    static REQUEST_ID: String;
}

/// Letters and digits that are not mistaken for each other.
const ALPHABET: &[u8] = b"23456789ABCDEFGHJKMNPQRSTUVWXYZ";

/// The id of the request being answered; empty outside of one. It stands in the log, in the `x-request-id` header and on
/// the page that says something went wrong.
pub fn current_id() -> String {
    REQUEST_ID.try_with(Clone::clone).unwrap_or_default()
}

/// The middleware: gives each request an id and writes its line.
///
/// # Errors
/// Passes on what the inner service answers.
pub async fn log(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let Some(app) = request.app_data::<web::Data<App>>().cloned() else { return next.call(request).await };
    let text = app.rng.text(ALPHABET, 8);
    let id = format!("{}-{}", text.get(..4).unwrap_or_default(), text.get(4..).unwrap_or_default());
    let method = request.method().clone();
    let started = std::time::Instant::now();
    let mut response = REQUEST_ID.scope(id.clone(), next.call(request)).await?;
    let route = response.request().match_pattern().unwrap_or_else(|| "unmatched".to_owned());
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(HeaderName::from_static("x-request-id"), value);
    }
    let status = response.status().as_u16();
    app.metrics.answered(&route, status);
    let millis = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    if status >= 500 {
        tracing::warn!(request = %id, %method, %route, status, millis, "answered");
    } else {
        tracing::info!(request = %id, %method, %route, status, millis, "answered");
    }
    Ok(response)
}
