//! What members do with setup links: see the new one once, withdraw one.

use actix_web::{HttpRequest, web};
use askama::Template;

use super::{SetupLinkRow, make};
use crate::base::clock::distance_in_words;
use crate::base::crypto::PlainToken;
use crate::base::error::AppError;
use crate::base::ids::SetupLinkId;
use crate::features::accounts::guard::{Editor, SignedIn};
use crate::features::connections::{self, Connection};
use crate::features::recipient::{ReadyTexts, When};
use crate::platform::app::App;
use crate::platform::web::csrf::CsrfForm;
use crate::platform::web::flash::{Flash, see_other_with};
use crate::platform::web::frame::OwnerFrame;
use crate::platform::web::page::{PageResult, page};
use crate::platform::web::urls;

/// The page that shows a new link, this one time.
#[derive(Template)]
#[template(path = "setup_links/created.html")]
struct CreatedPage {
    frame: OwnerFrame,
    description: String,
    connection_url: String,
    configuration_url: String,
    recipient: String,
    is_reconnect: bool,
    /// What it asks for; empty when it asks for everything.
    asks: String,
    /// What the link is called.
    what: &'static str,
    once: Option<ReadyTexts>,
    until: When,
    distance: String,
}

/// A new link for a page; it exists nowhere else.
pub struct CreatedLink<'a> {
    /// The draft it opens.
    pub connection: &'a Connection,
    /// How to call the recipient's system.
    pub system: &'a str,
    /// The row.
    pub link: &'a SetupLinkRow,
    /// The token; `None` when it was shown before.
    pub token: Option<&'a PlainToken>,
    /// How the form calls what it asks for; empty when it asks for everything.
    pub asks: &'a str,
}

/// The answer to the form that made a link. Reloading sends the form again: then the link is not shown a second time.
pub fn created(app: &App, request: &HttpRequest, member: &SignedIn, new: &CreatedLink<'_>) -> PageResult {
    let slug = &new.connection.slug;
    let until = new.link.expires_at;
    page(&CreatedPage {
        frame: member.frame(request, app, "connections"),
        description: new.connection.description.clone(),
        connection_url: urls::connection(slug),
        configuration_url: urls::connection_configuration(slug),
        recipient: new.link.recipient.clone(),
        is_reconnect: new.link.purpose.is_reconnect(),
        asks: new.asks.to_owned(),
        what: if new.link.purpose.is_reconnect() { "Reconnect link" } else { "Setup link" },
        once: new.token.map(|token| once(app, member, new, token)).transpose()?,
        until: When::in_zone(until, &new.link.zone),
        distance: distance_in_words(app.clock.now(), until),
    })
}

fn once(app: &App, member: &SignedIn, new: &CreatedLink<'_>, token: &PlainToken) -> Result<ReadyTexts, AppError> {
    let url = app.config.server.base_url.join(&urls::setup_link(token));
    let hello =
        if new.link.recipient.is_empty() { "Hello,".to_owned() } else { format!("Hello {},", new.link.recipient) };
    let until = new.link.expires_at.words_in(&new.link.zone);
    let (name, workspace, system) = (&member.member_name, &member.workspace_name, new.system);
    let (subject, request, promise, short) = if new.link.purpose.is_reconnect() {
        (
            format!("{workspace} asks you to sign in again for your {system}"),
            format!("Please open this page and sign in again, so that {workspace} keeps its access to your {system}:"),
            "You sign in on the provider's own page, and nothing else changes.",
            format!("{workspace} asks you to sign in again for your {system}"),
        )
    } else if !new.asks.is_empty() {
        let asks = new.asks;
        (
            format!("{workspace} asks for a detail of your {system}"),
            format!(
                "Please open this page and fill in what is missing for your {system}, so that {workspace} can connect it: \
                 {asks}. The rest is filled in already:"
            ),
            "Passwords and keys are encrypted and never shown again.",
            format!("{workspace} asks for a detail of your {system}"),
        )
    } else {
        (
            format!("{workspace} asks for access to your {system}"),
            format!(
                "Please open this page and fill in the details of your {system}, so that {workspace} can connect it:"
            ),
            "Passwords and keys are encrypted and never shown again.",
            format!("{workspace} asks for the details of your {system}"),
        )
    };
    let mail = format!(
        "{hello}\n\n{request}\n\n{url}\n\nThe page is open until {until} and can be used once. You need no account. {promise}\n\
         If you are not sure that this is from me, ask me in a way you already use.\n\n{name}\n{workspace}"
    );
    let chat = format!("{short}: {url} (open until {until}, works once, no account needed)");
    Ok(ReadyTexts::new(url, subject, mail, chat)?)
}

/// `POST /connections/{slug}/setup-links/{id}/revocation`
pub async fn revoke(
    app: web::Data<App>,
    member: Editor,
    path: web::Path<(String, String)>,
    _form: CsrfForm<Vec<(String, String)>>,
) -> PageResult {
    let (slug, id) = path.into_inner();
    let target = urls::connection(&slug);
    let (workspace, actor) = (member.workspace_id.clone(), member.actor());
    let revoked = app
        .write(move |tx| {
            let connection = connections::find(tx.conn, &workspace, &slug)?.ok_or(AppError::NotFound)?;
            make::revoke(tx, &connection, &SetupLinkId::from_text(&id), actor)
        })
        .await?;
    let flash = if revoked { Flash::LinkRevoked } else { Flash::LinkWasClosed };
    Ok(see_other_with(&app.config.server.base_url, &target, flash))
}
