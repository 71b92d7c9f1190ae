//! The files of a hand-off, to read and to copy.

use actix_web::{HttpRequest, web};
use askama::Template;

use super::source::FinalisedSource;
use super::{HandOffEngine, NotOffered, hand_off, offers};
use crate::base::error::AppError;
use crate::features::accounts::guard::SignedIn;
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
    notes: Vec<String>,
    /// Engines this source cannot be handed to.
    not_offered: Vec<NotOffered>,
    /// The engine that was asked for is one of them: (name, why).
    refused: Option<(&'static str, String)>,
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
    let source = FinalisedSource::find(&app, member.workspace_id.clone(), slug.into_inner()).await?;
    let input = source.input();
    let (offered, not_offered) = offers(&input);
    let wanted = HandOffEngine::parse(&query.to);
    let refused = not_offered.iter().find(|one| Some(one.engine) == wanted);
    let refused = refused.map(|one| (one.engine.words(), one.reason.clone()));
    let first = offered.first().copied().unwrap_or(HandOffEngine::Protocol);
    let engine = wanted.filter(|engine| offered.contains(engine)).unwrap_or(first);
    let done = hand_off(engine, &input).map_err(|reason| AppError::internal(std::io::Error::other(reason)))?;
    page(&HandOffPage {
        frame: member.frame(&request, &app, "connections"),
        description: source.connection.description.clone(),
        advice: engine.advice(),
        engines: offered.iter().map(|one| (one.as_str(), one.words(), *one == engine)).collect(),
        files: done.files,
        references: done.references,
        notes: done.notes,
        not_offered,
        refused,
        connection_url: urls::connection(&source.connection.slug),
    })
}
