//! `/healthz`: the process answers. `/readyz`: it can do its work (the database answers and takes what is written, the tables are those of this
//! version, there is room in the data folder).

use std::path::Path;
use std::time::Duration;

use actix_web::{HttpResponse, web};
use tokio::time::timeout;

use crate::base::error::{AppError, AppResult};
use crate::platform::app::App;
use crate::platform::db::{instance, migrations};

/// Whoever asks is a program that asks again soon.
const WITHIN: Duration = Duration::from_millis(900);

/// Bytes that have to be free where the data folder is: SQLite's log grows to 16 MB before it is folded back.
const LEAST_ROOM: u64 = 32 << 20;

/// Name of the value that is written to see whether something can be.
const WRITTEN: &str = "write_check";

/// `GET /healthz`
pub async fn alive() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("ok\n")
}

/// `GET /readyz`
pub async fn ready(app: web::Data<App>) -> HttpResponse {
    match timeout(WITHIN, look(&app)).await {
        Ok(Ok(None)) => HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("ready\n"),
        Ok(Ok(Some(text))) => not_ready(&text),
        Ok(Err(error)) => {
            tracing::warn!(error = %error, "not ready");
            not_ready("the database does not answer\n")
        }
        Err(_) => {
            tracing::warn!("not ready: the database has not answered in time");
            not_ready("the database does not answer\n")
        }
    }
}

/// What stands in the way.
async fn look(app: &App) -> AppResult<Option<String>> {
    let data_dir = app.config.storage.data_dir.clone();
    let read = app.db.read(move |conn| Ok((migrations::pending(conn).map_err(AppError::Internal)?, room(&data_dir))));
    let (pending, room) = read.await?;
    if pending > 0 {
        return Ok(Some(format!("{pending} migrations have not run\n")));
    }
    if room.is_some_and(|room| room < LEAST_ROOM) {
        return Ok(Some("there is no room left where the data folder is\n".to_owned()));
    }
    // Whoever asks this writes nothing, unless that is the question.
    if app.db.refuses_writes() {
        let written = app.db.write(|conn| Ok(instance::put(conn, WRITTEN, b"written")?)).await;
        if written.is_err() {
            return Ok(Some("the database takes nothing that is to be written\n".to_owned()));
        }
    }
    Ok(None)
}

/// Bytes that are free; `None` where the system does not say.
fn room(folder: &Path) -> Option<u64> {
    let found = rustix::fs::statvfs(folder).ok()?;
    Some(found.f_bavail.saturating_mul(found.f_frsize))
}

fn not_ready(text: &str) -> HttpResponse {
    HttpResponse::ServiceUnavailable().content_type("text/plain; charset=utf-8").body(text.to_owned())
}
