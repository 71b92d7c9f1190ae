//! The log of a piece of work: a line as pages show it, and all of it as one long answer for programs.

use actix_web::{HttpRequest, web};

use super::store::{Work, WorkTable};
use crate::base::error::AppError;
use crate::features::accounts::api_keys;
use crate::features::accounts::api_keys::guard::{ApiKey, Needs};
use crate::platform::app::App;
use crate::platform::jobs::LogLine;
use crate::platform::web::api::ApiResult;
use crate::platform::web::log_stream;

const LINES_AT_ONCE: i64 = 500;

/// One line.
#[derive(Debug, Clone)]
pub struct LogItem {
    /// When, for machines.
    pub iso: String,
    /// When, for people: the second of a day, UTC.
    pub clock: String,
    /// `debug`, `info`, `warn` or `error`.
    pub level: String,
    /// The level as a word of a sentence.
    pub word: &'static str,
    /// What was said.
    pub text: String,
}

impl From<&LogLine> for LogItem {
    fn from(line: &LogLine) -> Self {
        Self {
            iso: line.at.iso(),
            clock: line.at.clock(),
            word: match line.level.as_str() {
                "error" => "Error",
                "warn" => "Warning",
                _ => "",
            },
            level: line.level.clone(),
            text: line.text.clone(),
        }
    }
}

/// Follows a log until the work is over, or until the key is worth nothing any more: that is asked with each look for more lines.
///
/// # Errors
/// [`AppError::NotFound`] when there is none of that id.
pub async fn follow<K: WorkTable, N: Needs>(
    app: web::Data<App>,
    request: &HttpRequest,
    caller: &ApiKey<N>,
    id: &str,
) -> ApiResult {
    let (workspace, key, id) = (caller.workspace.clone(), caller.key.clone(), K::id(id));
    let (own, asked) = (workspace.clone(), id.clone());
    app.db.read(move |conn| Work::<K>::find(conn, &own, &asked)?.ok_or(AppError::NotFound)).await?;
    Ok(log_stream::answer(request, move |after| {
        let (app, workspace, key, id) = (app.clone(), workspace.clone(), key.clone(), id.clone());
        Box::pin(async move {
            let now = app.clock.now();
            app.db
                .read(move |conn| {
                    if !api_keys::still_allows(conn, &workspace, &key, N::SCOPE, now)? {
                        return Err(AppError::Forbidden);
                    }
                    let work = Work::<K>::find(conn, &workspace, &id)?.ok_or(AppError::NotFound)?;
                    Ok((Work::<K>::log_after(conn, &id, after, LINES_AT_ONCE)?, work.state.is_over()))
                })
                .await
        })
    }))
}
