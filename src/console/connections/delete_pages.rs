//! Deleting a connection: what goes with it is said before.

use actix_web::{HttpRequest, web};
use askama::Template;

use super::remove::{Losses, RemoveError, remove};
use crate::base::error::AppError;
use crate::console::retention::{self, RetentionKind, days_in_words};
use crate::engines::holds_destination;
use crate::features::accounts::guard::Editor;
use crate::features::connections::find;
use crate::features::setup_links;
use crate::platform::app::App;
use crate::platform::web::csrf::CsrfForm;
use crate::platform::web::flash::{Flash, see_other_with};
use crate::platform::web::frame::OwnerFrame;
use crate::platform::web::page::{PageResult, page};
use crate::platform::web::urls;

#[derive(Template)]
#[template(path = "connections/delete.html")]
struct DeletePage {
    frame: OwnerFrame,
    description: String,
    connector: String,
    open_links: usize,
    losses: Losses,
    /// It has a place of its own in the data folder of this server.
    is_here: bool,
    /// How long after it was deleted nothing is left of it.
    erased_after: String,
    connection_url: String,
    deletion_url: String,
}

/// `GET /connections/{slug}/deletion`
pub async fn ask_deletion(
    app: web::Data<App>,
    request: HttpRequest,
    member: Editor,
    slug: web::Path<String>,
) -> PageResult {
    let (slug, workspace, now) = (slug.into_inner(), member.workspace_id.clone(), app.clock.now());
    let (connection, open_links, losses, days) = app
        .db
        .read(move |conn| {
            let connection = find(conn, &workspace, &slug)?.ok_or(AppError::NotFound)?;
            let links = setup_links::list(conn, &workspace, &connection.id)?;
            let open_links = links.iter().filter(|link| link.state(now).is_open()).count();
            let kept = retention::kept_for(conn, &workspace)?.get(RetentionKind::Deleted.as_str()).copied();
            let losses = Losses::of(conn, &connection)?;
            Ok((connection, open_links, losses, kept))
        })
        .await?;
    let connector = app.connectors.find(connection.kind, &connection.connector_slug);
    page(&DeletePage {
        frame: member.frame(&request, &app, "connections"),
        connector: connector.as_ref().map_or(&*connection.connector_slug, |known| known.name()).to_owned(),
        open_links,
        losses,
        is_here: holds_destination(&app.config.storage.data_dir, connection.id.as_str()),
        erased_after: days_in_words(days.unwrap_or(RetentionKind::Deleted.default_days())),
        connection_url: urls::connection(&connection.slug),
        deletion_url: urls::connection_deletion(&connection.slug),
        description: connection.description,
    })
}

/// `POST /connections/{slug}/deletion`
pub async fn delete(
    app: web::Data<App>,
    member: Editor,
    slug: web::Path<String>,
    _form: CsrfForm<Vec<(String, String)>>,
) -> PageResult {
    let slug = slug.into_inner();
    let (workspace, actor) = (member.workspace_id.clone(), member.actor());
    let (base, asked) = (&app.config.server.base_url, urls::connection_deletion(&slug));
    let removed = app.try_write(move |tx| {
        let found = find(tx.conn, &workspace, &slug).map_err(AppError::from)?;
        remove(tx, &found.ok_or(AppError::NotFound)?, actor)
    });
    match removed.await {
        Ok(()) => Ok(see_other_with(base, urls::CONNECTIONS, Flash::ConnectionDeleted)),
        // The page names them.
        Err(RemoveError::InUse(_)) => Ok(see_other_with(base, &asked, Flash::DestinationInUse)),
        Err(RemoveError::App(error)) => Err(error.into()),
    }
}
