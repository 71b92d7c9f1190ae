//! How a handler answers people: a page, a redirect, or an error page. Text of internal errors never reaches a page.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, ContentType};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use askama::Template;

use super::{request_log, urls};
use crate::base::error::{AppError, BUSY_RETRY_AFTER};

/// What every page handler returns.
pub type PageResult = Result<HttpResponse, PageError>;

/// A page, 200.
pub fn page(view: &impl Template) -> PageResult {
    page_with(StatusCode::OK, view)
}

/// A form that was not accepted: the same page again with what to mend, 422.
pub fn unprocessable(view: &impl Template) -> PageResult {
    page_with(StatusCode::UNPROCESSABLE_ENTITY, view)
}

/// A page with a status of its own.
pub fn page_with(status: StatusCode, view: &impl Template) -> PageResult {
    let html = view.render().map_err(AppError::from)?;
    Ok(HttpResponseBuilder::new(status).content_type(ContentType::html()).body(html))
}

/// "Look there": the answer to a POST that did its work (303).
pub fn see_other(path: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, path)).finish()
}

/// An error on its way to a person: either an [`AppError`], rendered by its kind, or a page that is ready.
pub enum PageError {
    /// Rendered when the answer is made.
    App(AppError),
    /// A page a feature has made itself (a dead link explains itself).
    Ready(StatusCode, String),
}

impl PageError {
    /// A page of the feature's own, as an error of a guard.
    pub fn ready(status: StatusCode, view: &impl Template) -> Self {
        match view.render() {
            Ok(html) => Self::Ready(status, html),
            Err(error) => Self::App(error.into()),
        }
    }
}

impl<E: Into<AppError>> From<E> for PageError {
    fn from(error: E) -> Self {
        Self::App(error.into())
    }
}

impl fmt::Debug for PageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::App(error) => error.fmt(f),
            Self::Ready(status, _) => write!(f, "page {status}"),
        }
    }
}

impl fmt::Display for PageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

#[derive(Template)]
#[template(path = "errors/not_found.html")]
struct NotFound;

#[derive(Template)]
#[template(path = "errors/forbidden.html")]
struct ForeignForm;

#[derive(Template)]
#[template(path = "errors/role.html")]
struct MissingRole;

#[derive(Template)]
#[template(path = "errors/conflict.html")]
struct Conflict {
    sentence: &'static str,
}

#[derive(Template)]
#[template(path = "errors/too_large.html")]
struct TooLarge;

#[derive(Template)]
#[template(path = "errors/control_character.html")]
struct ControlCharacter<'a> {
    field: &'a str,
}

#[derive(Template)]
#[template(path = "errors/too_many.html")]
struct TooMany;

/// The page for a method that a path does not take.
#[derive(Template)]
#[template(path = "errors/method.html")]
pub struct WrongMethod;

#[derive(Template)]
#[template(path = "errors/busy.html")]
struct Busy;

#[derive(Template)]
#[template(path = "errors/away.html")]
struct Away;

#[derive(Template)]
#[template(path = "errors/internal.html")]
struct Internal {
    reference: String,
}

impl ResponseError for PageError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Ready(status, _) => *status,
            Self::App(error) => match error {
                AppError::NotFound => StatusCode::NOT_FOUND,
                AppError::ForeignForm | AppError::Forbidden => StatusCode::FORBIDDEN,
                AppError::SignedOut { .. } | AppError::NoWorkspace { .. } => StatusCode::SEE_OTHER,
                AppError::Conflict(_) => StatusCode::CONFLICT,
                AppError::Unreadable(_) => StatusCode::BAD_REQUEST,
                AppError::ControlCharacter(_) => StatusCode::UNPROCESSABLE_ENTITY,
                AppError::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
                AppError::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
                AppError::Busy(_) | AppError::Away(_) => StatusCode::SERVICE_UNAVAILABLE,
                AppError::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
            },
        }
    }

    fn error_response(&self) -> HttpResponse {
        let mut answer = HttpResponseBuilder::new(self.status_code());
        answer.content_type(ContentType::html());
        let error = match self {
            Self::Ready(_, html) => return answer.body(html.clone()),
            Self::App(error) => error,
        };
        let html = match error {
            AppError::SignedOut { wanted } => return see_other(&urls::sign_in_then(wanted)),
            AppError::NoWorkspace { wanted } => return see_other(&urls::workspaces_then(wanted)),
            AppError::NotFound => NotFound.render(),
            AppError::ForeignForm | AppError::Unreadable(_) => ForeignForm.render(),
            AppError::Forbidden => MissingRole.render(),
            AppError::Conflict(sentence) => Conflict { sentence }.render(),
            AppError::ControlCharacter(field) => ControlCharacter { field }.render(),
            AppError::TooLarge => TooLarge.render(),
            AppError::TooMany { retry_after } => {
                answer.insert_header((header::RETRY_AFTER, retry_after.as_secs().max(1).to_string()));
                TooMany.render()
            }
            AppError::Busy(error) => {
                tracing::warn!(request = %request_log::current_id(), error = %format!("{error:#}"), "too busy");
                answer.insert_header((header::RETRY_AFTER, BUSY_RETRY_AFTER.as_secs().to_string()));
                Busy.render()
            }
            AppError::Away(error) => {
                tracing::error!(request = %request_log::current_id(), error = %format!("{error:#}"), "the database is away");
                answer.insert_header((header::RETRY_AFTER, BUSY_RETRY_AFTER.as_secs().to_string()));
                Away.render()
            }
            AppError::Internal(error) => {
                let reference = request_log::current_id();
                tracing::error!(request = %reference, error = %format!("{error:#}"), "request failed");
                Internal { reference }.render()
            }
        };
        answer.body(html.unwrap_or_else(|_| "Something went wrong.".to_owned()))
    }
}
