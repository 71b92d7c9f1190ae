//! Assembles the HTTP server out of an [`App`]: the same for `serve`, for the demo and for tests.

use std::net::TcpListener;
use std::sync::Arc;

use actix_web::dev::Server;
use actix_web::middleware::{Compress, from_fn};
use actix_web::{HttpServer, web};

use super::routes;
use crate::base::clock::UtcTime;
use crate::base::error::AppResult;
use crate::base::ids::{InviteLinkId, SetupLinkId};
use crate::console;
use crate::features::oauth::{LinkIsOpen, LinkKind, LinkRef};
use crate::features::{invite_links, setup_links};
use crate::platform::app::App;
use crate::platform::db::Conn;
use crate::platform::web::{cookies, damaged_link, headers, request_log};

/// A server on a listening socket; it runs when awaited.
///
/// # Errors
/// The socket cannot be used.
pub fn server(app: &Arc<App>, listener: TcpListener) -> std::io::Result<Server> {
    let data = web::Data::from(Arc::clone(app));
    let (workers, limits) = (app.config.server.workers, app.config.server.limits);
    let mut server = HttpServer::new(move || {
        actix_web::App::new()
            .app_data(data.clone())
            .app_data(web::Data::new(LinkIsOpen(link_is_open)))
            .configure(routes::all)
            .default_service(web::to(routes::no_such_page))
            .wrap(from_fn(console::keep_forms))
            .wrap(from_fn(console::lead_elsewhere))
            .wrap(from_fn(cookies::send))
            .wrap(from_fn(damaged_link::lead_back))
            // No page holds a secret, and form tokens differ on every page, so a compressed length tells nothing.
            .wrap(Compress::default())
            .wrap(from_fn(headers::add))
            .wrap(from_fn(request_log::log))
    })
    .client_request_timeout(limits.head)
    .keep_alive(limits.idle)
    // Answers that are being given are given; only a live log takes longer, and its reader comes back by itself.
    .shutdown_timeout(5)
    .disable_signals();
    if let Some(workers) = workers {
        server = server.workers(workers);
    }
    Ok(server.listen(listener)?.run())
}

/// Whether the link that somebody signs in at still opens.
fn link_is_open(conn: &mut Conn, link: &LinkRef, now: UtcTime) -> AppResult<bool> {
    match link.kind {
        LinkKind::Setup => setup_links::is_open(conn, &SetupLinkId::from_text(&link.id), now),
        LinkKind::Invite => invite_links::is_open(conn, &InviteLinkId::from_text(&link.id), now),
    }
}
