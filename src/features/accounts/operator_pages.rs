//! `/settings/mail`: what the environment says, to read only. The names of servers and files are for who answers for the installation. No secret
//! and no password is among it.

use actix_web::{HttpRequest, web};
use askama::Template;
use secrecy::ExposeSecret as _;

use super::guard::SignedIn;
use crate::platform::app::App;
use crate::platform::config::MailConfig;
use crate::platform::web::frame::OwnerFrame;
use crate::platform::web::page::{PageResult, page};
use crate::platform::web::urls;

#[derive(Template)]
#[template(path = "accounts/settings/mail.html")]
struct MailPage {
    frame: OwnerFrame,
    tab: &'static str,
    /// Whether mails leave this installation.
    is_sent: bool,
    from: String,
    /// For who answers for the installation alone.
    facts: Option<MailFacts>,
}

/// What the environment says of mail.
struct MailFacts {
    /// The mail server's name and how it is reached; empty when mails become files.
    server: String,
    shown: String,
    extra_ca: String,
}

/// `GET /settings/mail`
pub async fn mail(request: HttpRequest, app: web::Data<App>, member: SignedIn) -> PageResult {
    let config = &app.config.mail;
    let facts = member.owns_instance(&app).await?.then(|| MailFacts {
        server: server_in_words(config),
        shown: app.mailer.shown(),
        extra_ca: config.extra_ca_file.as_ref().map(|path| path.display().to_string()).unwrap_or_default(),
    });
    page(&MailPage {
        frame: member.frame(&request, &app, "settings"),
        tab: urls::SETTINGS_MAIL,
        is_sent: config.is_sent(),
        from: config.from.to_string(),
        facts,
    })
}

/// Host, port and kind of the connection: never user or password.
fn server_in_words(config: &MailConfig) -> String {
    let Some(text) = &config.smtp_url else { return String::new() };
    let (scheme, rest) = text.expose_secret().split_once("://").unwrap_or_default();
    let url = url::Url::parse(&format!("smtp://{rest}")).ok();
    let host = url.as_ref().and_then(|url| url.host_str()).unwrap_or("the mail server");
    let port = url.as_ref().and_then(url::Url::port).map(|port| format!(", port {port}")).unwrap_or_default();
    let kind = match scheme {
        "smtps" => "encrypted (TLS)",
        "smtp+starttls" => "encrypted (STARTTLS)",
        _ => "not encrypted",
    };
    format!("{host}{port}, {kind}")
}
