//! `/settings/mail` and `/settings/data`: what the environment says, to read only, with the names of the settings. No secret and no
//! password is among it.

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
    /// The mail server's name and how it is reached; empty when mails become files.
    server: String,
    shown: String,
    from: String,
    extra_ca: String,
}

#[derive(Template)]
#[template(path = "accounts/settings/data.html")]
struct DataPage {
    frame: OwnerFrame,
    tab: &'static str,
    base_url: String,
    database: String,
    data_dir: String,
    keys_from: String,
    primary_key: String,
    other_keys: Vec<String>,
}

/// `GET /settings/mail`
pub async fn mail(request: HttpRequest, app: web::Data<App>, member: SignedIn) -> PageResult {
    let config = &app.config.mail;
    page(&MailPage {
        frame: member.frame(&request, &app, "settings"),
        tab: urls::SETTINGS_MAIL,
        server: server_in_words(config),
        shown: app.mailer.shown(),
        from: config.from.to_string(),
        extra_ca: config.extra_ca_file.as_ref().map(|path| path.display().to_string()).unwrap_or_default(),
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

/// `GET /settings/data`
pub async fn data(request: HttpRequest, app: web::Data<App>, member: SignedIn) -> PageResult {
    let storage = &app.config.storage;
    let from_file = || format!("The file {}", storage.key_file().display());
    let ids = app.keys.ids();
    page(&DataPage {
        frame: member.frame(&request, &app, "settings"),
        tab: urls::SETTINGS_DATA,
        base_url: app.config.server.base_url.origin(),
        database: storage.database.shown(),
        data_dir: storage.data_dir.display().to_string(),
        keys_from: storage
            .master_keys
            .as_ref()
            .map_or_else(from_file, |_| "The setting VESTIBULE_MASTER_KEYS".to_owned()),
        primary_key: app.keys.primary_id().to_owned(),
        other_keys: ids.iter().skip(1).map(|id| (*id).to_owned()).collect(),
    })
}
