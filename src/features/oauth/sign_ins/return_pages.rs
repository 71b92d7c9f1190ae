//! `/oauth/callback/{provider}`: where providers send people back to. The only GET that does something: the way back from a provider
//! has no other form (RFC 6749, 4.1.2). What it does can be done once, by the browser that began.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use askama::Template;

use super::come_back::{Back, come_back};
use super::{LinkIsOpen, browser};
use crate::features::oauth::wire::CallbackQuery;
use crate::platform::app::App;
use crate::platform::web::client_ip::client_ip;
use crate::platform::web::page::{PageResult, page_with, see_other};

/// A way back that leads nowhere.
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
    match come_back(&app, **links, &provider, &query, browser::of(&request, &app)).await? {
        Back::Lost => page_with(StatusCode::BAD_REQUEST, &LostPage { other_browser: false }),
        Back::OtherBrowser => page_with(StatusCode::FORBIDDEN, &LostPage { other_browser: true }),
        Back::To(path) => Ok(see_other(&path)),
    }
}
