//! What of a form that was sent in vain may be shown again, and what has to be typed again.
//!
//! No secret is shown: of a connector's form the spec says which fields are secret, of the other forms only fields that are known to be
//! plain are shown.

use crate::base::error::AppResult;
use crate::base::forms::RawForm;
use crate::base::ids::WorkspaceId;
use crate::connectors::{Connector, Kind};
use crate::features::connections;
use crate::platform::app::App;
use crate::platform::web::urls;
use crate::schema::form::{self, Audience, Strictness};

/// Plain fields of forms that are no connector's, and how pages call them.
const PLAIN: [(&str, &str); 24] = [
    ("description", "Name"),
    ("recipient", "Their name"),
    ("note", "Note"),
    ("greeting", "Greeting"),
    ("name", "Name"),
    ("label", "Label"),
    ("issuer", "Issuer"),
    ("client_id", "Client ID"),
    ("domains", "Domains"),
    ("host", "Host"),
    ("port", "Port"),
    ("database", "Database"),
    ("username", "User name"),
    ("schema", "Schema"),
    ("url", "Address"),
    ("workspace", "Workspace id"),
    ("destination", "Destination"),
    ("header_name", "Header name"),
    ("contact", "Contact"),
    ("email", "Email"),
    ("expires", "Expires"),
    ("prefix", "Prefix"),
    ("keys", "Key fields"),
    ("cron", "Times"),
];
/// Secret ones.
const SECRET: [(&str, &str); 4] = [
    ("client_secret", "Client secret"),
    ("secret", "Client secret or token"),
    ("password", "Password"),
    ("header_value", "Header value"),
];

/// The two parts of what was typed.
#[derive(Debug, Default)]
pub(super) struct TypedParts {
    /// How a page calls each plain field, and what was typed into it.
    pub(super) plain: Vec<(String, String)>,
    /// How pages call the secret ones into which something was typed.
    pub(super) retyped: Vec<String>,
}

/// Reads what was typed into the form of a page.
///
/// # Errors
/// The database cannot be asked.
pub(super) async fn read(app: &App, workspace: &WorkspaceId, path: &str, body: &str) -> AppResult<TypedParts> {
    let raw = RawForm::from_pairs(url::form_urlencoded::parse(body.as_bytes()).into_owned());
    let typed = |(name, label): &(&str, &str)| {
        let text = raw.first(name).map(str::trim).filter(|text| !text.is_empty())?;
        Some(((*label).to_owned(), text.to_owned()))
    };
    let mut parts = TypedParts {
        plain: PLAIN.iter().filter_map(typed).collect(),
        retyped: SECRET.iter().filter_map(typed).map(|(label, _)| label).collect(),
    };
    if let Some(connector) = connector(app, workspace, path).await? {
        let decoded =
            form::decode(&connector.spec, &raw, &form::KnownValues::default(), Strictness::Draft, &Audience::Owner);
        for field in decoded.submission.provided() {
            let name = field.path.to_string();
            let text = decoded.state.typed_fields().get(&name).and_then(|texts| texts.first()).map(|text| text.trim());
            match text.filter(|text| !text.is_empty() && !field.secret) {
                Some(text) => parts.plain.push((field.title, text.to_owned())),
                None if field.secret => parts.retyped.push(field.title),
                None => {}
            }
        }
    }
    Ok(parts)
}

/// Whose form the page of that path is.
async fn connector(app: &App, workspace: &WorkspaceId, path: &str) -> AppResult<Option<std::sync::Arc<Connector>>> {
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    if let Some(rest) = path.strip_prefix(urls::NEW_CONNECTION).and_then(|rest| rest.strip_prefix('/')) {
        let Some((kind, slug)) = rest.split_once('/') else { return Ok(None) };
        return Ok(Kind::parse(kind).and_then(|kind| app.connectors.find(kind, slug)));
    }
    let [_, slug, "configuration"] = parts.as_slice() else { return Ok(None) };
    let (workspace, slug) = (workspace.clone(), (*slug).to_owned());
    let found = app.db.read(move |conn| Ok(connections::find(conn, &workspace, &slug)?)).await?;
    Ok(found.and_then(|found| app.connectors.find(found.kind, &found.connector_slug)))
}
