//! The files of a hand-off, to read and to copy.

use actix_web::{HttpRequest, web};
use askama::Template;

use super::{HandOffEngine, HandOffInput, hand_off};
use crate::base::error::AppError;
use crate::connectors::Kind;
use crate::features::accounts::guard::SignedIn;
use crate::features::connections;
use crate::features::streams::find_plan;
use crate::platform::app::App;
use crate::platform::web::frame::OwnerFrame;
use crate::platform::web::page::{PageResult, page};
use crate::platform::web::urls;

/// For which engine.
#[derive(Debug, serde::Deserialize)]
pub struct HandOffPageQuery {
    #[serde(default)]
    to: String,
}

#[derive(Template)]
#[template(path = "handoff/show.html")]
struct HandOffPage {
    frame: OwnerFrame,
    description: String,
    advice: &'static str,
    /// (word, name, chosen)
    engines: Vec<(&'static str, &'static str, bool)>,
    files: Vec<super::HandOffFile>,
    references: Vec<super::Reference>,
    connection_url: String,
}

/// `GET /connections/{slug}/hand-off`
pub async fn show(
    app: web::Data<App>,
    request: HttpRequest,
    member: SignedIn,
    slug: web::Path<String>,
    query: web::Query<HandOffPageQuery>,
) -> PageResult {
    let (workspace, slug) = (member.workspace_id.clone(), slug.into_inner());
    let found = app.db.read(move |conn| {
        let connection = connections::find_of_kind(conn, &workspace, Kind::Source, &slug)?.ok_or(AppError::NotFound)?;
        let plan = find_plan(conn, &workspace, &connection.id)?.unwrap_or_default();
        Ok((connection, plan))
    });
    let (connection, plan) = found.await?;
    if connection.finalised_at.is_none() {
        return Err(AppError::Conflict("Only a finalised source can be handed off. Finalise it first.").into());
    }
    let connector = app.connectors.find(connection.kind, &connection.connector_slug);
    let connector =
        connector.ok_or(AppError::Conflict("The connector of this connection is not installed any more."))?;
    let engine = HandOffEngine::parse(&query.to).unwrap_or(HandOffEngine::AirbyteApi);
    let done = hand_off(engine, &HandOffInput { connection: &connection, connector: &connector, plan: &plan });
    page(&HandOffPage {
        frame: member.frame(&request, &app, "connections"),
        description: connection.description.clone(),
        advice: engine.advice(),
        engines: HandOffEngine::ALL.iter().map(|one| (one.as_str(), one.words(), *one == engine)).collect(),
        files: done.files,
        references: done.references,
        connection_url: urls::connection(&connection.slug),
    })
}
