//! What every endpoint of the API shares: reading a JSON body, answering JSON, and one shape for everything that goes wrong.

use std::future::Future;
use std::pin::Pin;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::{StatusCode, Uri, header};
use actix_web::middleware::Next;
use actix_web::web::Bytes;
use actix_web::{
    Error, FromRequest, HttpMessage as _, HttpRequest, HttpResponse, HttpResponseBuilder, ResponseError as _,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use serde_path_to_error::Segment;
use sha2::{Digest as _, Sha256};

use super::body;
use super::problem::{Code, ErrorDetail, MEDIA_TYPE, Problem};
use super::rate_limit::LimitStanding;
use super::urls;
use crate::base::error::AppError;
use crate::base::forms::number::inexact_number;
use crate::base::forms::{FieldPath, ValueProblem, control_in, has_control};

/// What every endpoint returns.
pub type ApiResult = Result<HttpResponse, Problem>;

/// The largest body the API reads.
pub const LARGEST_BODY: usize = body::LARGEST_FORM;

/// An answer with a JSON body.
///
/// # Errors
/// Only internal ones.
pub fn json(status: StatusCode, value: &impl Serialize) -> ApiResult {
    let body = serde_json::to_vec(value).map_err(AppError::internal)?;
    Ok(HttpResponseBuilder::new(status).content_type("application/json").body(body))
}

/// Done, and there is nothing to say (204).
pub fn no_content() -> HttpResponse {
    HttpResponse::NoContent().finish()
}

/// The entity tag (RFC 9110) of a thing: changes whenever anything in its JSON changes.
///
/// # Errors
/// Only internal ones.
pub fn etag(value: &impl Serialize) -> Result<String, Problem> {
    let bytes = serde_json::to_vec(value).map_err(AppError::internal)?;
    let hash: String = Sha256::digest(bytes).iter().take(12).map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("\"{hash}\""))
}

/// The entity tags a change is meant for; `None` when it is meant for whatever is there.
#[derive(Debug, Clone)]
pub struct IfMatch(Option<String>);

impl IfMatch {
    /// What the request says.
    pub fn read(request: &HttpRequest) -> Self {
        let all = request
            .headers()
            .get_all(header::IF_MATCH)
            .filter_map(|value| value.to_str().ok())
            .collect::<Vec<_>>()
            .join(",");
        Self(Some(all).filter(|text| !text.trim().is_empty() && text.trim() != "*"))
    }

    /// Refuses a change of something that is not what the caller saw.
    ///
    /// # Errors
    /// [`Code::PreconditionFailed`], with the tag of what is there now.
    pub fn check(&self, tag: &str) -> Result<(), Problem> {
        match &self.0 {
            Some(tags) if !tags.split(',').any(|one| one.trim() == tag) => {
                let problem = Problem::new(Code::PreconditionFailed, Code::PreconditionFailed.advice());
                Err(problem.with(header::ETAG, tag))
            }
            _ => Ok(()),
        }
    }

    /// [`Self::check`] of a thing by its JSON, which is only written when the caller said what they saw.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub fn check_of(&self, thing: &impl Serialize) -> Result<(), Problem> {
        if self.0.is_none() { Ok(()) } else { self.check(&etag(thing)?) }
    }
}

/// A whole request body, as it came; [`RawBody::read`] says whether it can be used.
pub struct RawBody {
    bytes: Bytes,
    is_json: bool,
}

impl RawBody {
    /// The bytes, to tell one request from another.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The body as `T`. An empty body counts as an empty object when `T` needs nothing.
    ///
    /// # Errors
    /// Not JSON, not declared as JSON, or not what `T` is made of: then the place is named, and never what stood there.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        if !self.bytes.is_empty() && !self.is_json {
            return Err(Problem::new(Code::UnsupportedMediaType, Code::UnsupportedMediaType.advice()));
        }
        let value = if self.bytes.is_empty() { Value::Object(serde_json::Map::new()) } else { parse(&self.bytes)? };
        if !value.is_object() {
            return Err(Problem::invalid_value(ErrorDetail::at("", "wrong_type", "The body must be a JSON object.")));
        }
        if let Some(place) = control_in(&value) {
            let code = ValueProblem::ControlCharacter.code();
            let detail = ErrorDetail::at(place.to_string(), code, "This must not hold control characters.");
            return Err(Problem::invalid_value(detail));
        }
        serde_path_to_error::deserialize(&value).map_err(|error| Problem::invalid_value(error_detail(&error)))
    }
}

fn parse(bytes: &[u8]) -> Result<Value, Problem> {
    let value = serde_json::from_slice(bytes).map_err(|error| {
        Problem::new(
            Code::InvalidJson,
            format!("The body is not JSON: reading stopped at line {}, column {}.", error.line(), error.column()),
        )
    })?;
    match std::str::from_utf8(bytes).ok().and_then(inexact_number) {
        None => Ok(value),
        Some(place) => {
            let sentence = "This number has more digits than can be kept exactly.";
            let code = ValueProblem::NotExact.code();
            Err(Problem::invalid_value(ErrorDetail::at(place.to_string(), code, sentence)))
        }
    }
}

/// Says where and what is wrong, without what was there: serde's own sentence may quote it.
fn error_detail(error: &serde_path_to_error::Error<serde_json::Error>) -> ErrorDetail {
    let place = error.path().iter().fold(FieldPath::root(), |place, segment| match segment {
        Segment::Seq { index } => place.index(*index),
        Segment::Map { key } => place.child(key),
        Segment::Enum { .. } | Segment::Unknown => place,
    });
    let said = error.inner().to_string();
    let named = said.split('`').nth(1).unwrap_or_default();
    let inside =
        |key: &str| if place.segments().last().as_deref() == Some(key) { place.clone() } else { place.child(key) };
    if said.starts_with("unknown field") {
        return ErrorDetail::at(inside(named).to_string(), "unknown_field", "There is no such member here.");
    }
    if said.starts_with("missing field") {
        return ErrorDetail::at(inside(named).to_string(), "missing", format!("{named} is required."));
    }
    let expected = said.rsplit_once("expected ").map(|(_, expected)| expected).unwrap_or("another value");
    ErrorDetail::at(place.to_string(), "wrong_type", format!("This must be {expected}."))
}

impl FromRequest for RawBody {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let mut payload = payload.take();
        let kind =
            request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let is_json = kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"));
        Box::pin(async move { Ok(Self { bytes: body::read(&mut payload, LARGEST_BODY).await?, is_json }) })
    }
}

/// The query parameters, and no others than `T` names.
#[derive(Debug)]
pub struct ApiQuery<T>(pub T);

impl<T: DeserializeOwned> FromRequest for ApiQuery<T> {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let parser =
            serde_urlencoded::Deserializer::new(url::form_urlencoded::parse(request.query_string().as_bytes()));
        let read = serde_path_to_error::deserialize(parser).map(Self).map_err(|error| {
            let said = error.inner().to_string();
            let place = error.path().to_string();
            let unknown = said.strip_prefix("unknown field `").and_then(|rest| rest.split('`').next());
            Problem::invalid_value(match unknown {
                Some(name) => ErrorDetail::of(name, "unknown_parameter", "There is no such parameter here."),
                None => ErrorDetail::of(&place, "wrong_type", "This parameter cannot be read."),
            })
        });
        std::future::ready(read)
    }
}

/// Reads a member that may be left out, be null, or have a value; use with `#[serde(default)]`.
///
/// # Errors
/// The value is no `T`.
pub fn nullable<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Reads a member that may be left out but not be null; use with `#[serde(default)]`.
///
/// # Errors
/// The value is no `T`.
pub fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// The middleware around `/api`: how the caller stands with their limit, and every error as a problem document.
///
/// # Errors
/// Passes on what the inner service answers.
pub async fn finish(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if let Some(problem) = control_in_address(request.uri()) {
        return Ok(request.into_response(problem.error_response()));
    }
    let mut response = next.call(request).await?.map_into_boxed_body();
    let status = response.status();
    let is_problem = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == MEDIA_TYPE);
    if (status.is_client_error() || status.is_server_error()) && !is_problem {
        response = response.into_response(Problem::of_status(status).error_response());
    }
    let standing = response.request().extensions().get::<LimitStanding>().copied();
    if let Some(standing) = standing {
        standing.tell(response.headers_mut());
    }
    Ok(response)
}

/// An address with a control character in it names nothing, and PostgreSQL does not even take the question with a NUL.
fn control_in_address(uri: &Uri) -> Option<Problem> {
    let decoded = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    if has_control(&decoded(uri.path()), false) {
        return Some(AppError::NotFound.into());
    }
    let query = uri.query().unwrap_or_default().as_bytes();
    let mut parameters = url::form_urlencoded::parse(query);
    let (name, _) = parameters.find(|(name, value)| has_control(name, false) || has_control(value, true))?;
    let name: String = name.chars().filter(|letter| !letter.is_control()).take(60).collect();
    Some(Problem::new(Code::Unreadable, format!("The query parameter {name} holds a control character.")))
}

/// What has no endpoint.
///
/// # Errors
/// Always.
pub async fn no_such_endpoint() -> ApiResult {
    Err(Problem::new(Code::NotFound, format!("There is no such endpoint. {} lists them.", urls::API_DOCS)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct Inner {
        #[serde(default, deserialize_with = "present")]
        url: Option<String>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct Sample {
        name: String,
        #[serde(default, deserialize_with = "nullable")]
        inner: Option<Option<Inner>>,
        #[serde(default)]
        list: Vec<u8>,
    }

    fn refused(body: &str) -> (String, String, String) {
        let raw = RawBody { bytes: Bytes::copy_from_slice(body.as_bytes()), is_json: true };
        let answer = raw.read::<Sample>().unwrap_err().error_response();
        let bytes =
            futures_util::FutureExt::now_or_never(actix_web::body::to_bytes(answer.into_body())).unwrap().unwrap();
        let problem: Value = serde_json::from_slice(&bytes).unwrap();
        let text = |pointer: &str| problem.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        (text("/errors/0/pointer"), text("/errors/0/code"), text("/detail"))
    }

    #[test]
    fn a_fault_names_the_place_and_never_the_value() {
        for (body, pointer, code) in [
            (r#"{"name": "a", "nmae": "hunter2"}"#, "/nmae", "unknown_field"),
            (r#"{"name": "a", "inner": {"ulr": "hunter2"}}"#, "/inner/ulr", "unknown_field"),
            (r#"{"name": "a", "inner": {"url": null}}"#, "/inner/url", "wrong_type"),
            (r#"{}"#, "/name", "missing"),
            (r#"{"name": {"hunter2": 1}}"#, "/name", "wrong_type"),
            (r#"{"name": "a", "list": [1, "hunter2"]}"#, "/list/1", "wrong_type"),
            (r#"["hunter2"]"#, "", "wrong_type"),
        ] {
            let (at, word, detail) = refused(body);
            assert_eq!((at.as_str(), word.as_str()), (pointer, code), "{body}");
            assert!(!detail.contains("hunter2"), "{detail}");
        }
    }
}
