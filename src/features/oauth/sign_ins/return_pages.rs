//! `/oauth/callback/{provider}`: where providers send people back to. The only GET that does something: a callback has no other form
//! (RFC 6749, 4.1.2). What it does can be done once, by the browser that began.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use askama::Template;

use super::callback::{CallbackOutcome, callback};
use super::{LinkIsOpen, browser};
use crate::features::oauth::provider_client::CallbackQuery;
use crate::platform::app::App;
use crate::platform::web::client_ip::client_ip;
use crate::platform::web::page::{PageResult, page_with, see_other};

/// A callback that leads nowhere.
#[derive(Template)]
#[template(path = "oauth/lost.html")]
struct LostPage {
    other_browser: bool,
}

/// `GET /oauth/callback/{provider}`
pub async fn come(
    app: web::Data<App>,
    links: web::Data<LinkIsOpen>,
    request: HttpRequest,
    provider: web::Path<String>,
) -> PageResult {
    app.limits.open(client_ip(&request, &app.config.server.trusted_proxies))?;
    // Looking costs nothing: a HEAD never spends a state.
    if request.method() == actix_web::http::Method::HEAD {
        return page_with(StatusCode::BAD_REQUEST, &LostPage { other_browser: false });
    }
    let query = CallbackQuery::parse(request.query_string());
    match callback(&app, **links, &provider, &query, browser::of(&request, &app)).await? {
        CallbackOutcome::Lost => page_with(StatusCode::BAD_REQUEST, &LostPage { other_browser: false }),
        CallbackOutcome::OtherBrowser => page_with(StatusCode::FORBIDDEN, &LostPage { other_browser: true }),
        CallbackOutcome::To(path) => Ok(see_other(&path)),
    }
}
