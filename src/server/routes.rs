//! Every route of the product. Start here.

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::middleware::from_fn;
use actix_web::{Error, FromRequest, Handler, HttpResponse, Resource, Responder, Route, Scope, guard, web};

use super::health;
use crate::base::error::AppError;
use crate::console::connections::{api as connections_api, credentials_api};
use crate::console::handoff;
use crate::console::handoff::api as hand_off_api;
use crate::console::validations::api as validations_api;
use crate::features::accounts::api_keys::guard::{Destinations, Side, Sources};
use crate::features::catalogue::api as connectors_api;
use crate::features::outputs::api as layers_api;
use crate::features::setup_links::api as links_api;
use crate::features::webhooks::api as deliveries_api;
use crate::features::work::runs::api as runs_api;
use crate::features::work::{runs, validations};
use crate::features::{accounts, invite_links, oauth, outputs, setup_links, webhooks};
use crate::platform::web::openapi::Operation;
use crate::platform::web::page::{PageError, PageResult, WrongMethod, page_with};
use crate::platform::web::problem::Problem;
use crate::platform::web::{api, assets, page, urls};
use crate::server::docs;

/// The route table. A path is compared with one route after the other, so what is asked for most stands first.
pub fn all(config: &mut web::ServiceConfig) {
    config
        .configure(recipient_pages)
        .service(api())
        .configure(base)
        .configure(account_pages)
        .configure(connection_pages)
        .configure(invite_link_pages)
        .configure(work_pages)
        .configure(docs_pages);
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
        .configure(sign_in_provider_pages)
        .configure(settings_pages)
        .configure(own_settings_pages);
}

fn sign_in_provider_pages(config: &mut web::ServiceConfig) {
    use accounts::sign_in_provider::{settings_pages, visitor_pages};
    config
        .service(get_post("/sign-in/with/{workspace}", visitor_pages::show, visitor_pages::leave))
        .service(get("/sign-in/with/{workspace}/callback", visitor_pages::callback))
        .service(get_post("/settings/sign-in", settings_pages::show, settings_pages::save))
        .service(post("/settings/sign-in/test", visitor_pages::test))
        .service(post("/settings/sign-in/passwords", settings_pages::passwords))
        .service(post("/settings/sign-in/removal", settings_pages::remove));
}

fn settings_pages(config: &mut web::ServiceConfig) {
    use accounts::api_keys::pages as key_pages;
    use accounts::{member_pages, operator_pages, workspace_pages};
    use outputs::pages as layer_pages;
    config
        .service(get("/settings", settings))
        .service(get_post("/settings/workspace", workspace_pages::show, workspace_pages::save))
        .service(get("/settings/members", member_pages::index))
        .service(post("/settings/members/invitations", member_pages::invite))
        .service(post("/settings/members/invitations/{id}/withdrawal", member_pages::withdraw))
        .service(get("/settings/members/{id}", member_pages::show))
        .service(post("/settings/members/{id}/role", member_pages::change_role))
        .service(post("/settings/members/{id}/identity-removal", member_pages::forget_identity))
        .service(get_post("/settings/members/{id}/removal", member_pages::confirm_removal, member_pages::remove))
        .service(get_post("/settings/api-keys", key_pages::index, key_pages::create))
        .service(post("/settings/api-keys/{id}/revocation", key_pages::revoke))
        .configure(webhook_pages)
        .configure(oauth_pages)
        .service(get("/settings/output-layers", layer_pages::index))
        .service(get_post("/settings/output-layers/new", layer_pages::new, layer_pages::create))
        .service(get_post("/settings/output-layers/{slug}", layer_pages::edit, layer_pages::update))
        .service(post("/settings/output-layers/{slug}/check", layer_pages::check))
        .service(post("/settings/output-layers/{slug}/deletion", layer_pages::remove))
        .service(get("/settings/mail", operator_pages::mail))
        .service(get("/settings/data", operator_pages::data));
}

fn webhook_pages(config: &mut web::ServiceConfig) {
    use webhooks::deliveries::pages as delivery_pages;
    use webhooks::endpoints::pages as endpoint_pages;
    config
        .service(get("/settings/webhooks", endpoint_pages::index))
        .service(get_post("/settings/webhooks/new", endpoint_pages::new, endpoint_pages::create))
        .service(post("/settings/webhooks/secret", endpoint_pages::make_secret))
        .service(get_post("/settings/webhooks/{id}", endpoint_pages::edit, endpoint_pages::update))
        .service(post("/settings/webhooks/{id}/deletion", endpoint_pages::delete))
        .service(post("/settings/webhooks/{id}/test", endpoint_pages::test))
        .service(get("/webhook-deliveries/{id}", delivery_pages::show))
        .service(post("/webhook-deliveries/{id}/resend", delivery_pages::resend));
}

fn oauth_pages(config: &mut web::ServiceConfig) {
    use crate::console::reconnect_pages;
    use oauth::apps::pages as app_pages;
    use oauth::sign_ins::return_pages;
    config
        .service(get("/settings/oauth-apps", app_pages::index))
        .service(get_post("/settings/oauth-apps/{provider}", app_pages::edit, app_pages::update))
        .service(post("/settings/oauth-apps/{provider}/removal", app_pages::remove))
        .service(get("/oauth/callback/{provider}", return_pages::come))
        .service(post("/connections/{slug}/reconnect-link", reconnect_pages::create));
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
    use crate::console::connections::{configure_pages, new_pages, pages, show_pages};
    use setup_links::owner_pages;
    use webhooks::callback::pages as callback_pages;
    config
        .service(get("/connections", pages::index))
        .service(get("/connections/new", new_pages::catalogue))
        .service(get_post("/connections/new/{kind}/{connector}", new_pages::new, new_pages::create))
        .service(get("/connections/{slug}", show_pages::show))
        .service(get_post("/connections/{slug}/configuration", configure_pages::edit, configure_pages::update))
        .service(post("/connections/{slug}/description", show_pages::update_description))
        .service(get_post("/connections/{slug}/deletion", show_pages::ask_deletion, show_pages::delete))
        .service(get_post("/connections/{slug}/webhook", callback_pages::show, callback_pages::save))
        .service(post("/connections/{slug}/webhook/removal", callback_pages::remove))
        .service(post("/connections/{slug}/webhook/test", callback_pages::test))
        .service(post("/connections/{slug}/setup-links/{id}/revocation", owner_pages::revoke));
}

fn invite_link_pages(config: &mut web::ServiceConfig) {
    use invite_links::{inbox_pages, owner_pages as invite_pages, panel_pages};
    config
        .service(get("/invite-links", invite_pages::index))
        .service(get_post("/invite-links/new", invite_pages::new, invite_pages::create))
        .service(get("/invite-links/inbox", inbox_pages::index))
        .service(get_post("/invite-links/{id}", panel_pages::show, panel_pages::update))
        .service(post("/invite-links/{id}/deletion", panel_pages::remove))
        .service(post("/connections/{slug}/acceptance", inbox_pages::accept))
        .service(post("/connections/{slug}/rejection", inbox_pages::reject));
}

fn work_pages(config: &mut web::ServiceConfig) {
    use crate::console::streams::{field_pages, finish_pages, pages as stream_pages};
    use handoff::pages as hand_off_pages;
    use runs::pages as run_pages;
    use validations::pages as validation_pages;
    config
        .service(post("/connections/{slug}/validations", validation_pages::create))
        .service(get("/validations/{id}", validation_pages::show))
        .service(get("/validations/{id}/live", validation_pages::live))
        .service(post("/validations/{id}/cancellation", validation_pages::stop))
        .service(get_post("/connections/{slug}/streams", stream_pages::show, stream_pages::save))
        .service(get_post("/connections/{slug}/streams/{stream}", field_pages::show, field_pages::save))
        .service(get_post("/connections/{slug}/finish", finish_pages::show, finish_pages::save))
        .service(post("/connections/{slug}/runs", run_pages::create))
        .service(get("/connections/{slug}/hand-off", hand_off_pages::show))
        .service(get("/runs/{id}", run_pages::show))
        .service(get("/runs/{id}/live", run_pages::live))
        .service(post("/runs/{id}/cancellation", run_pages::stop));
}

fn recipient_pages(config: &mut web::ServiceConfig) {
    use invite_links::{receipt_pages as invite_receipts, recipient_pages as invitee_pages};
    use setup_links::{receipt_pages, recipient_pages};
    config
        .service(get_post("/scl/{token}", recipient_pages::show, recipient_pages::submit))
        .service(get("/receipts/{key}", receipt_pages::show))
        .service(get_post("/invite/{token}", invitee_pages::show, invitee_pages::submit))
        .service(get("/invite-receipts/{key}", invite_receipts::show));
}

fn docs_pages(config: &mut web::ServiceConfig) {
    config
        .service(get("/docs", docs::pages::index))
        .service(get("/docs/{page}", docs::pages::page))
        .service(get("/docs/skills/share-setup-link/SKILL.md", docs::pages::skill))
        .service(get("/llms.txt", docs::pages::llms));
}

/// Everything under `/api`. Paths end with a slash; without it the answer is the same.
fn api() -> Scope<
    impl ServiceFactory<ServiceRequest, Config = (), Response = ServiceResponse<BoxBody>, Error = Error, InitError = ()>,
> {
    web::scope("/api")
        .service(get("/openapi.json", docs::api_pages::openapi))
        .service(get("/docs", docs::api_pages::show))
        .configure(api_of::<Sources>)
        .configure(api_of::<Destinations>)
        .configure(invite_links_api)
        .configure(api_of_work)
        .default_service(web::to(api::no_such_endpoint))
        .wrap(from_fn(api::finish))
}

/// The endpoints of sources, or of destinations.
fn api_of<S: Side>(config: &mut web::ServiceConfig) {
    let list = format!("/v1/{}", S::PLURAL);
    let one = format!("{list}/{{slug}}");
    let catalogue = format!("/v1/{}-connectors", S::KIND.as_str());
    config
        .service(endpoint(&catalogue, "GET, HEAD", vec![read(connectors_api::index::<S>)]))
        .service(endpoint(&format!("{catalogue}/{{slug}}"), "GET, HEAD", vec![read(connectors_api::show::<S>)]))
        .service(endpoint(
            &list,
            "GET, HEAD, POST",
            vec![read(connections_api::list::<S>), web::post().to(connections_api::create::<S>)],
        ))
        .service(endpoint(
            &one,
            "GET, HEAD, PATCH, DELETE",
            vec![
                read(connections_api::show::<S>),
                web::patch().to(connections_api::update::<S>),
                web::delete().to(connections_api::delete::<S>),
            ],
        ))
        .service(endpoint(&format!("{one}/revalidate"), "POST", vec![web::post().to(validations_api::revalidate::<S>)]))
        .service(endpoint(&format!("{one}/credentials"), "GET", vec![web::get().to(credentials_api::show::<S>)]))
        .service(endpoint(
            &format!("{one}/setup-tokens"),
            "GET, HEAD, POST",
            vec![read(links_api::index::<S>), web::post().to(links_api::create::<S>)],
        ))
        .service(endpoint(
            &format!("{one}/setup-tokens/{{id}}"),
            "DELETE",
            vec![web::delete().to(links_api::withdraw::<S>)],
        ))
        .service(endpoint(
            &format!("{one}/deliveries"),
            "GET, HEAD, POST",
            vec![read(deliveries_api::index::<S>), web::post().to(deliveries_api::test::<S>)],
        ))
        .service(endpoint(&format!("{one}/deliveries/{{id}}"), "GET, HEAD", vec![read(deliveries_api::show::<S>)]))
        .service(endpoint(
            &format!("{one}/deliveries/{{id}}/resend"),
            "POST",
            vec![web::post().to(deliveries_api::send_again::<S>)],
        ));
}

fn invite_links_api(config: &mut web::ServiceConfig) {
    use invite_links::api as invites_api;
    config
        .service(endpoint(
            "/v1/invite-links",
            "GET, HEAD, POST",
            vec![read(invites_api::index), web::post().to(invites_api::create)],
        ))
        .service(endpoint(
            "/v1/invite-links/{id}",
            "GET, HEAD, PATCH, DELETE",
            vec![read(invites_api::show), web::patch().to(invites_api::update), web::delete().to(invites_api::remove)],
        ))
        .service(endpoint("/v1/invite-links/{id}/connections", "GET, HEAD", vec![read(invites_api::arrived)]));
}

/// The endpoints of checks and extractions.
fn api_of_work(config: &mut web::ServiceConfig) {
    let layers = vec![read(layers_api::index), web::post().to(layers_api::create)];
    let layer = vec![read(layers_api::show), web::patch().to(layers_api::update), web::delete().to(layers_api::remove)];
    config
        .service(endpoint("/v1/connector-validations/{id}", "GET, HEAD", vec![read(validations_api::show)]))
        .service(endpoint("/v1/connector-validations/{id}/cancel", "POST", vec![web::post().to(validations_api::stop)]))
        .service(endpoint("/v1/connector-validations/{id}/logs", "GET, HEAD", vec![read(validations_api::logs)]))
        .service(endpoint("/v1/sources/{slug}/trigger", "POST", vec![web::post().to(runs_api::trigger)]))
        .service(endpoint("/v1/sources/{slug}/hand-off", "GET, HEAD", vec![read(hand_off_api::show)]))
        .service(endpoint("/v1/runs", "GET, HEAD", vec![read(runs_api::index)]))
        .service(endpoint("/v1/runs/{id}", "GET, HEAD", vec![read(runs_api::show)]))
        .service(endpoint("/v1/runs/{id}/cancel", "POST", vec![web::post().to(runs_api::stop)]))
        .service(endpoint("/v1/output-layers", "GET, HEAD, POST", layers))
        .service(endpoint("/v1/output-layers/{slug}", "GET, HEAD, PATCH, DELETE", layer))
        .service(endpoint("/v1/output-layers/{slug}/check", "POST", vec![web::post().to(layers_api::check)]))
        .service(endpoint("/v1/runs/{id}/logs", "GET, HEAD", vec![read(runs_api::logs)]));
}

/// Every operation of the API, as the document describes them.
pub fn operations() -> Vec<Operation> {
    fn of<S: Side>() -> Vec<Operation> {
        [
            connections_api::operations::<S>(),
            credentials_api::operations::<S>(),
            links_api::operations::<S>(),
            validations_api::operations_of::<S>(),
            deliveries_api::operations::<S>(),
        ]
        .concat()
    }
    let catalogues = [connectors_api::operations::<Sources>(), connectors_api::operations::<Destinations>()];
    let work =
        [validations_api::operations(), runs_api::operations(), layers_api::operations(), hand_off_api::operations()];
    let sides = [of::<Sources>(), of::<Destinations>(), catalogues.concat()];
    [sides.concat(), invite_links::api::operations(), work.concat()].concat()
}

/// An address of the API, with and without the slash at its end; `allow` are the methods of its routes.
fn endpoint(path: &str, allow: &'static str, routes: Vec<Route>) -> Resource {
    let resource = web::resource([format!("{path}/"), path.to_owned()]);
    let wrong_method = move || async move { Err::<HttpResponse, Problem>(Problem::method(allow)) };
    routes.into_iter().fold(resource, Resource::route).default_service(web::to(wrong_method))
}

/// GET and HEAD.
fn read<F, Args>(show: F) -> Route
where
    F: Handler<Args>,
    F::Output: Responder + 'static,
    Args: FromRequest + 'static,
{
    web::route().guard(guard::Any(guard::Get()).or(guard::Head())).to(show)
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
    page_with(StatusCode::METHOD_NOT_ALLOWED, &WrongMethod)
}
