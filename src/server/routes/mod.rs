//! Every route of the product, once: path, methods, who may enter, handler, and what the API's document says. Start here.
//!
//! The router, the API's document and the access matrix of the tests are made from this table; the texts of the paths stand in
//! `platform/web/urls.rs`.

mod api;
mod entry;
mod members;

use std::sync::LazyLock;

use actix_web::middleware::from_fn;
use actix_web::web;

use self::entry::Access::{Anybody, Holder};
use self::entry::at;
pub use self::entry::{Access, RouteEntry, RouteMethod};
use super::{health, metrics};
use crate::base::error::AppError;
use crate::features::accounts::sign_in_provider::visitor_pages;
use crate::features::accounts::{forgot_pages, join_pages, setup_pages, sign_in_pages};
use crate::features::invite_links::{receipt_pages as invite_receipts, recipient_pages as invitee_pages};
use crate::features::oauth::sign_ins::return_pages;
use crate::features::setup_links::{receipt_pages, recipient_pages};
use crate::platform::app::App;
use crate::platform::web::openapi::ApiRoute;
use crate::platform::web::page::{PageError, PageResult};
use crate::platform::web::{api as programs, assets, page, urls};
use crate::server::docs::{api_pages, pages as docs_pages};

/// The route table. A path is compared with one route after the other, so what is asked for most stands first.
static TABLE: LazyLock<Vec<RouteEntry>> = LazyLock::new(|| {
    let api = api_descriptions().into_iter().chain(api::endpoints().map(RouteEntry::from));
    recipients().into_iter().chain(api).chain(base()).chain(visitors()).chain(members::pages()).chain(docs()).collect()
});

/// The route table.
pub fn table() -> &'static [RouteEntry] {
    &TABLE
}

/// What the API offers, in the order of the table.
pub fn api_routes() -> Vec<ApiRoute<'static>> {
    let methods = table().iter().flat_map(|entry| entry.methods.iter().map(move |method| (entry, method)));
    methods
        .filter_map(|(entry, method)| {
            Some(ApiRoute {
                method: method.name.to_lowercase(),
                path: &entry.pattern,
                scope: if let Access::Key(scope) = method.access { Some(scope.as_str()) } else { None },
                operation: method.operation.as_ref()?,
            })
        })
        .collect()
}

/// Puts the table into a server.
pub fn all(config: &mut web::ServiceConfig) {
    for part in table().chunk_by(|one, next| one.is_api() == next.is_api()) {
        if part.first().is_some_and(RouteEntry::is_api) {
            let scope = web::scope(urls::API);
            let scope = part.iter().fold(scope, |scope, entry| scope.service(entry.resource(urls::API)));
            config.service(scope.default_service(web::to(programs::no_such_endpoint)).wrap(from_fn(programs::finish)));
        } else {
            part.iter().fold(&mut *config, |config, entry| config.service(entry.resource("")));
        }
    }
}

fn recipients() -> Vec<RouteEntry> {
    vec![
        at(urls::SETUP_LINK).get(Holder, recipient_pages::show).post(Holder, recipient_pages::submit),
        at(urls::RECEIPT).get(Holder, receipt_pages::show),
        at(urls::INVITE).get(Holder, invitee_pages::show).post(Holder, invitee_pages::submit),
        at(urls::INVITE_RECEIPT).get(Holder, invite_receipts::show),
    ]
}

fn api_descriptions() -> Vec<RouteEntry> {
    vec![
        at(urls::OPENAPI).get(Anybody, |app: web::Data<App>| api_pages::openapi(app, api_routes())),
        at(urls::API_DOCS).get(Anybody, |app: web::Data<App>| api_pages::show(app, api_routes())),
    ]
}

fn base() -> Vec<RouteEntry> {
    vec![
        at(urls::ROOT).get(Anybody, async || page::see_other(urls::HOME)),
        at(urls::HEALTHZ).get(Anybody, health::alive),
        at(urls::READYZ).get(Anybody, health::ready),
        at(urls::METRICS).get(Anybody, metrics::show),
        at(urls::STATIC_FILE).get(Anybody, assets::file),
        at(urls::ACCENT).get(Anybody, assets::accent_css),
        at(urls::FAVICON).get(Anybody, assets::favicon),
        at(urls::ROBOTS).get(Anybody, assets::robots),
    ]
}

fn visitors() -> Vec<RouteEntry> {
    vec![
        at(urls::SETUP).get(Anybody, setup_pages::show).post(Anybody, setup_pages::create),
        at(urls::SIGN_IN).get(Anybody, sign_in_pages::show).post(Anybody, sign_in_pages::sign_in),
        at(urls::SIGN_OUT).post(Anybody, sign_in_pages::sign_out),
        at(urls::FORGOT_PASSWORD).get(Anybody, forgot_pages::show).post(Anybody, forgot_pages::request_link),
        at(urls::ACCOUNT_LINK).get(Holder, join_pages::show).post(Holder, join_pages::accept),
        at(urls::SIGN_IN_WITH).get(Anybody, visitor_pages::show).post(Anybody, visitor_pages::leave),
        at(urls::SIGN_IN_CALLBACK).get(Anybody, visitor_pages::callback),
        at(urls::OAUTH_CALLBACK).get(Anybody, return_pages::come),
    ]
}

fn docs() -> Vec<RouteEntry> {
    vec![
        at(urls::DOCS).get(Anybody, docs_pages::index),
        at(urls::DOCS_PAGE).get(Anybody, docs_pages::page),
        at(urls::DOCS_SKILL).get(Anybody, docs_pages::skill),
        at(urls::LLMS).get(Anybody, docs_pages::llms),
    ]
}

/// What has no route.
pub(super) async fn no_such_page() -> PageResult {
    Err(PageError::App(AppError::NotFound))
}
