//! Every route of the product. Start here.

use actix_web::http::StatusCode;
use actix_web::{FromRequest, Handler, Resource, Responder, web};

use super::page::{Method, PageError, PageResult, page_with};
use super::{assets, health, page, urls};
use crate::error::AppError;
use crate::{accounts, connections, setup_links};

/// The route table.
pub fn all(config: &mut web::ServiceConfig) {
    config.configure(base).configure(account_pages).configure(connection_pages).configure(recipient_pages);
}

fn base(config: &mut web::ServiceConfig) {
    config
        .service(get("/", home))
        .service(get("/healthz", health::alive))
        .service(get("/readyz", health::ready))
        .service(get("/static/{name:.+}", assets::file))
        .service(get("/accent/{hex}.css", assets::accent_css))
        .service(get("/favicon.ico", assets::favicon))
        .service(get("/robots.txt", assets::robots));
}

fn account_pages(config: &mut web::ServiceConfig) {
    use accounts::{forgot_pages, join_pages, setup_pages, sign_in_pages};
    config
        .service(get_post("/setup", setup_pages::show, setup_pages::create))
        .service(get_post("/sign-in", sign_in_pages::show, sign_in_pages::sign_in))
        .service(post("/sign-out", sign_in_pages::sign_out))
        .service(get_post("/forgot-password", forgot_pages::show, forgot_pages::request_link))
        .service(get_post("/join/{token}", join_pages::show, join_pages::accept))
        .configure(settings_pages)
        .configure(own_settings_pages);
}

fn settings_pages(config: &mut web::ServiceConfig) {
    use accounts::api_keys::pages as key_pages;
    use accounts::{member_pages, operator_pages, workspace_pages};
    config
        .service(get("/settings", settings))
        .service(get_post("/settings/workspace", workspace_pages::show, workspace_pages::save))
        .service(get("/settings/members", member_pages::index))
        .service(post("/settings/members/invitations", member_pages::invite))
        .service(post("/settings/members/invitations/{id}/withdrawal", member_pages::withdraw))
        .service(get("/settings/members/{id}", member_pages::show))
        .service(post("/settings/members/{id}/role", member_pages::change_role))
        .service(get_post("/settings/members/{id}/removal", member_pages::confirm_removal, member_pages::remove))
        .service(get_post("/settings/api-keys", key_pages::index, key_pages::create))
        .service(post("/settings/api-keys/{id}/revocation", key_pages::revoke))
        .service(get("/settings/mail", operator_pages::mail))
        .service(get("/settings/data", operator_pages::data));
}

fn own_settings_pages(config: &mut web::ServiceConfig) {
    use accounts::{account_pages, appearance_pages};
    config
        .service(get_post("/settings/account", account_pages::show, account_pages::save_profile))
        .service(post("/settings/account/password", account_pages::change_password))
        .service(post("/settings/account/sessions/{id}/end", account_pages::end_session))
        .service(post("/settings/account/other-sessions/end", account_pages::end_other_sessions))
        .service(get_post("/settings/appearance", appearance_pages::show, appearance_pages::save));
}

fn connection_pages(config: &mut web::ServiceConfig) {
    use connections::{configure_pages, new_pages, pages, show_pages};
    use setup_links::owner_pages;
    config
        .service(get("/connections", pages::index))
        .service(get("/connections/new", new_pages::catalogue))
        .service(get_post("/connections/new/{kind}/{connector}", new_pages::new, new_pages::create))
        .service(get("/connections/{slug}", show_pages::show))
        .service(get_post("/connections/{slug}/configuration", configure_pages::edit, configure_pages::update))
        .service(post("/connections/{slug}/description", show_pages::update_description))
        .service(get_post("/connections/{slug}/deletion", show_pages::ask_deletion, show_pages::delete))
        .service(post("/connections/{slug}/setup-links/{id}/revocation", owner_pages::revoke));
}

fn recipient_pages(config: &mut web::ServiceConfig) {
    use setup_links::{receipt_pages, recipient_pages};
    config
        .service(get_post("/scl/{token}", recipient_pages::show, recipient_pages::submit))
        .service(get("/receipts/{key}", receipt_pages::show));
}

/// A page that is only looked at: GET and HEAD.
fn get<F, Args>(path: &str, show: F) -> Resource
where
    F: Handler<Args> + Clone,
    F::Output: Responder + 'static,
    Args: FromRequest + 'static,
{
    web::resource(path)
        .route(web::get().to(show.clone()))
        .route(web::head().to(show))
        .default_service(web::to(wrong_method))
}

/// A deed without a page of its own: POST.
fn post<F, Args>(path: &str, act: F) -> Resource
where
    F: Handler<Args>,
    F::Output: Responder + 'static,
    Args: FromRequest + 'static,
{
    web::resource(path).route(web::post().to(act)).default_service(web::to(wrong_method))
}

/// A page with a form: GET and HEAD show it, POST takes it.
fn get_post<F, G, Args, Brgs>(path: &str, show: F, act: G) -> Resource
where
    F: Handler<Args> + Clone,
    F::Output: Responder + 'static,
    Args: FromRequest + 'static,
    G: Handler<Brgs>,
    G::Output: Responder + 'static,
    Brgs: FromRequest + 'static,
{
    get(path, show).route(web::post().to(act))
}

async fn home() -> impl Responder {
    page::see_other(urls::HOME)
}

async fn settings() -> impl Responder {
    page::see_other(urls::SETTINGS_WORKSPACE)
}

/// What has no route.
pub(super) async fn no_such_page() -> PageResult {
    Err(PageError::App(AppError::NotFound))
}

async fn wrong_method() -> PageResult {
    page_with(StatusCode::METHOD_NOT_ALLOWED, &Method)
}
