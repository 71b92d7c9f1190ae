//! A member accepts another host key of a connection's jump server.

use actix_web::web;
use serde::Deserialize;

use crate::base::error::AppError;
use crate::features::accounts::guard::Editor;
use crate::features::connections::{Connection, accept_host_key, find};
use crate::platform::app::App;
use crate::platform::web::csrf::CsrfForm;
use crate::platform::web::flash::{Flash, see_other_with};
use crate::platform::web::page::PageResult;
use crate::platform::web::urls;

/// The jump server as the connection's page shows it.
pub(super) struct JumpServerView {
    pub(super) place: String,
    pub(super) algorithm: String,
    pub(super) fingerprint: String,
    /// Another key that was shown since.
    pub(super) refused: Option<String>,
    pub(super) accept_url: String,
}

impl JumpServerView {
    pub(super) fn of(connection: &Connection) -> Option<Self> {
        let server = connection.current_jump_server()?;
        Some(Self {
            place: format!("{}, port {}", server.known.host, server.known.port),
            algorithm: server.known.algorithm.clone(),
            fingerprint: server.known.fingerprint.clone(),
            refused: server.other.as_ref().map(|key| key.fingerprint.clone()),
            accept_url: urls::connection_host_key(&connection.slug),
        })
    }
}

/// The key that was shown when the button was pressed.
#[derive(Deserialize)]
pub struct HostKeyForm {
    #[serde(default)]
    fingerprint: String,
}

/// `POST /connections/{slug}/host-key`
pub async fn accept(
    app: web::Data<App>,
    member: Editor,
    slug: web::Path<String>,
    form: CsrfForm<HostKeyForm>,
) -> PageResult {
    let (slug, fingerprint) = (slug.into_inner(), form.value.fingerprint);
    let target = urls::connection(&slug);
    let (workspace, actor) = (member.workspace_id.clone(), member.actor());
    let accepted = app.write(move |tx| {
        let connection = find(tx.conn, &workspace, &slug)?.ok_or(AppError::NotFound)?;
        accept_host_key(tx, &connection, fingerprint.trim(), actor)
    });
    let flash = if accepted.await?.is_ok() { Flash::HostKeyAccepted } else { Flash::HostKeyNotAccepted };
    Ok(see_other_with(&app.config.server.base_url, &target, flash))
}
