//! `/healthz`: the process answers. `/readyz`: it can do its work (the database answers, the tables are those of this version).

use actix_web::{HttpResponse, web};

use crate::base::error::AppError;
use crate::platform::app::App;
use crate::platform::db::migrations;

/// `GET /healthz`
pub async fn alive() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("ok\n")
}

/// `GET /readyz`
pub async fn ready(app: web::Data<App>) -> HttpResponse {
    let pending = app.db.read(|conn| migrations::pending(conn).map_err(AppError::Internal)).await;
    match pending {
        Ok(0) => HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("ready\n"),
        Ok(count) => not_ready(&format!("{count} migrations have not run\n")),
        Err(error) => {
            tracing::warn!(error = %error, "not ready");
            not_ready("the database does not answer\n")
        }
    }
}

fn not_ready(text: &str) -> HttpResponse {
    HttpResponse::ServiceUnavailable().content_type("text/plain; charset=utf-8").body(text.to_owned())
}
