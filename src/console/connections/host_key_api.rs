//! `/api/v1/…/{slug}/host-key/`: which key the jump server of a connection must have.

use actix_web::http::StatusCode;
use actix_web::web;
use schemars::JsonSchema;
use serde::Deserialize;

use super::api_view::{ConnectionOut, Related};
use crate::base::error::AppError;
use crate::features::accounts::api_keys::guard::{ApiKey, Side, Write};
use crate::features::connections::{accept_host_key, find_of_kind};
use crate::features::idempotency::Answer;
use crate::features::idempotency::guard::{Once, Opened};
use crate::platform::app::App;
use crate::platform::web::api::ApiResult;
use crate::platform::web::openapi::Operation;
use crate::platform::web::problem::{Code, ErrorDetail, Problem};

/// The key that the jump server must have from now on.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "HostKeyChoice")]
pub struct HostKeyIn {
    /// Its fingerprint, as `ssh-keygen -lf` prints it on that server (`SHA256:…`).
    fingerprint: String,
}

/// `POST /api/v1/sources/{slug}/host-key/`
pub async fn accept<S: Side>(
    app: web::Data<App>,
    key: ApiKey<Write<S>>,
    slug: web::Path<String>,
    once: Once,
) -> ApiResult {
    match once.open::<HostKeyIn>(&app, &key).await? {
        Opened::Replay(answer) => Ok(answer),
        Opened::Fresh(choice, ticket) => {
            let (workspace, actor, slug) = (key.workspace.clone(), key.actor(), slug.into_inner());
            let (here, kept) = (app.clone(), ticket.clone());
            let made = app
                .try_write::<_, Problem, _>(move |tx| {
                    let found = find_of_kind(tx.conn, &workspace, S::KIND, &slug).map_err(AppError::from)?;
                    let connection = found.ok_or(AppError::NotFound)?;
                    if let Err(problem) = accept_host_key(tx, &connection, choice.fingerprint.trim(), actor)? {
                        let detail = ErrorDetail::at("/fingerprint", "does_not_fit", problem.sentence());
                        return Err(Problem::invalid(vec![detail]));
                    }
                    let found = find_of_kind(tx.conn, &workspace, S::KIND, &slug).map_err(AppError::from)?;
                    let connection = found.ok_or(AppError::NotFound)?;
                    let related = Related::of(tx.conn, &workspace, &connection.id)?;
                    let answer = Answer::json(StatusCode::OK, &ConnectionOut::new(&here, &connection, related))?;
                    kept.store(tx, &answer)?;
                    Ok(answer)
                })
                .await;
            ticket.settle(&app, made).await
        }
    }
}

/// What the document says of it.
pub fn operation<S: Side>() -> Operation {
    let word = S::KIND.as_str();
    Operation::new(S::PLURAL, format!("accept_{word}_host_key"), format!("Choose the host key of a {word}'s jump server"))
        .body::<HostKeyIn>()
        .answers::<ConnectionOut>(200)
        .refuses(&[Code::Conflict])
        .about(
            "The key a jump server shows at the first contact is the one it must have from then on; another one ends the work with \
             `tunnel_host_key_changed`, before anything is sent. This accepts another one, or names one before the first contact. Compare the \
             fingerprint with what whoever runs the jump server tells you.",
        )
}
