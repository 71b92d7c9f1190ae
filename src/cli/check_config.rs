//! `check-config`: what is wrong with the settings and with connector files, or what is in force. No secret is printed.

use std::process::ExitCode;

use secrecy::ExposeSecret as _;

use super::{ExitResult, out};
use crate::base::crypto::KeyRing;
use crate::connectors::Connectors;
use crate::engines::install::InstallFolders;
use crate::platform::config::{Config, Environment, LogFormat, no_setting};

pub(super) fn run() -> ExitResult {
    match Config::from_source(&Environment) {
        Ok(config) => {
            if !config.unknown.is_empty() {
                config.unknown.iter().for_each(|name| out::line(no_setting(name)));
                return Ok(ExitCode::from(2));
            }
            out::line("The settings are fine.");
            out::table(&in_force(&config));
            let faults = Connectors::load_with(
                Some(&InstallFolders::of(&config.storage.data_dir).files),
                config.connectors.dir.as_deref(),
            )?
            .faults();
            for fault in &faults {
                out::line(format_args!("connector files: {}: {}", fault.place(), fault.reason));
            }
            Ok(ExitCode::from(if faults.is_empty() { 0 } else { 2 }))
        }
        Err(problems) => {
            problems.lines().iter().for_each(out::line);
            Ok(ExitCode::from(2))
        }
    }
}

/// Every setting with its value, in the order of [`crate::platform::config::SETTINGS`].
fn in_force(config: &Config) -> Vec<Vec<String>> {
    let (server, storage, mail) = (&config.server, &config.storage, &config.mail);
    let path =
        |path: Option<&std::path::PathBuf>| path.map_or_else(|| "none".to_owned(), |path| path.display().to_string());
    let values = [
        ("VESTIBULE_BIND", server.bind.to_string()),
        ("VESTIBULE_BASE_URL", server.base_url.origin()),
        ("VESTIBULE_DATA_DIR", storage.data_dir.display().to_string()),
        ("VESTIBULE_DATABASE_URL", storage.database.shown()),
        ("VESTIBULE_MASTER_KEYS", master_keys(config)),
        (
            "VESTIBULE_SMTP_URL",
            mail.smtp_url
                .as_ref()
                .map_or_else(|| format!("none: files in {}", storage.mail_dir().display()), mail_server),
        ),
        ("VESTIBULE_MAIL_FROM", mail.from.to_string()),
        ("VESTIBULE_TRUSTED_PROXIES", listed(&server.trusted_proxies)),
        ("VESTIBULE_EXTRA_CA_FILE", path(mail.extra_ca_file.as_ref())),
        ("VESTIBULE_CONNECTORS_DIR", path(config.connectors.dir.as_ref())),
        ("VESTIBULE_CONNECTOR_ALLOW_CIDRS", listed(&config.connectors.allow)),
        ("VESTIBULE_CONNECTOR_CONCURRENCY", config.connectors.concurrency.to_string()),
        ("VESTIBULE_CONTAINER_ENGINE", listed(&config.connectors.container_engine)),
        ("VESTIBULE_CONNECTOR_INSTALL", if config.connectors.install { "on" } else { "off" }.to_owned()),
        (
            "VESTIBULE_WEBHOOK_RETRY_SCHEDULE",
            listed(config.webhooks.retry_schedule.iter().map(std::time::Duration::as_secs)),
        ),
        ("VESTIBULE_WEBHOOK_ALLOW_CIDRS", listed(&config.webhooks.allow)),
        ("VESTIBULE_OAUTH_APPS_FILE", listed(config.oauth.apps.keys())),
        ("VESTIBULE_SIGN_IN_ALLOW_CIDRS", listed(&config.sign_in.allow)),
        ("VESTIBULE_SESSION_IDLE_DAYS", config.sign_in.session.idle.whole_days().to_string()),
        ("VESTIBULE_SESSION_MAX_DAYS", config.sign_in.session.longest.whole_days().to_string()),
        ("VESTIBULE_RATE_LIMITS", if server.rate_limits { "on" } else { "off" }.to_owned()),
        ("VESTIBULE_WORKERS", server.workers.map_or_else(|| "one per core".to_owned(), |count| count.to_string())),
        (
            "VESTIBULE_METRICS_TOKEN",
            config.metrics.token.as_ref().map_or("none, only this machine may read", |_| "set").to_owned(),
        ),
        ("VESTIBULE_LOG", config.log.filter.clone()),
        (
            "VESTIBULE_LOG_FORMAT",
            match config.log.format {
                LogFormat::Text => "text",
                LogFormat::Json => "json",
            }
            .to_owned(),
        ),
    ];
    values.into_iter().map(|(name, value)| vec![name.to_owned(), value]).collect()
}

fn listed<T: std::fmt::Display>(values: impl IntoIterator<Item = T>) -> String {
    let values: Vec<String> = values.into_iter().map(|value| value.to_string()).collect();
    if values.is_empty() { "none".to_owned() } else { values.join(", ") }
}

fn master_keys(config: &Config) -> String {
    match &config.storage.master_keys {
        Some(text) => match KeyRing::parse(text.expose_secret()) {
            Ok(keys) => format!("{} (the first one seals)", keys.ids().join(", ")),
            Err(_) => "given".to_owned(),
        },
        None => format!("the key file {}", config.storage.key_file().display()),
    }
}

/// The mail server without user and password.
fn mail_server(url: &secrecy::SecretString) -> String {
    let text = url.expose_secret();
    let (scheme, rest) = text.split_once("://").unwrap_or(("smtp", ""));
    let host = rest.rsplit('@').next().unwrap_or_default();
    format!("{scheme}://{}", host.split(['/', '?']).next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::platform::config::SETTINGS;

    #[test]
    fn every_setting_is_shown_and_no_password() {
        let source: BTreeMap<String, String> = [
            ("VESTIBULE_SMTP_URL", "smtps://ana:geheim%40x@mail.example.com:465"),
            ("VESTIBULE_DATABASE_URL", "postgres://ana:geheim@db.example.com/vestibule"),
            ("VESTIBULE_MASTER_KEYS", "k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        let shown = in_force(&Config::from_source(&source).unwrap());
        let names: Vec<&str> = shown.iter().map(|row| row[0].as_str()).collect();
        assert_eq!(names, SETTINGS.map(|(name, _)| name));
        let text = format!("{shown:?}");
        assert!(!text.contains("geheim") && !text.contains("AAEC"), "{text}");
        assert!(text.contains("smtps://mail.example.com:465") && text.contains("k1"));
    }
}
