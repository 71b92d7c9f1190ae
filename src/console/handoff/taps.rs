//! Singer taps whose settings are known: what each wants of a connector's configuration.

use serde_json::{Map, Value, json};

/// Makes a tap's settings of a configuration with references in it; an error says why it cannot go there.
type TapSettings = fn(&Map<String, Value>) -> Result<Map<String, Value>, &'static str>;

/// A tap.
pub(super) struct Tap {
    pub(super) name: &'static str,
    pub(super) variant: &'static str,
    /// The requirement it is installed by.
    pub(super) package: &'static str,
    pub(super) settings: TapSettings,
    /// Settings that are secrets.
    pub(super) sensitive: &'static [&'static str],
}

/// The tap for one of Airbyte's connectors.
pub(super) fn of(counterpart: &str) -> Option<Tap> {
    match counterpart {
        "source-postgres" => Some(Tap {
            name: "tap-postgres",
            variant: "meltanolabs",
            package: "meltanolabs-tap-postgres~=0.10",
            settings: postgres,
            sensitive: &["password", "ssl_client_private_key", "ssh_tunnel.private_key"],
        }),
        "source-github" => Some(Tap {
            name: "tap-github",
            variant: "meltanolabs",
            package: "meltanolabs-tap-github~=1.30",
            settings: github,
            sensitive: &["auth_token"],
        }),
        _ => None,
    }
}

fn take(config: &Map<String, Value>, pairs: &[(&str, &str)], settings: &mut Map<String, Value>) {
    let found = pairs.iter().filter_map(|(theirs, ours)| Some(((*theirs).to_owned(), config.get(*ours)?.clone())));
    settings.extend(found.filter(|(_, value)| !value.is_null()));
}

fn inner<'a>(config: &'a Map<String, Value>, name: &str) -> Option<&'a Map<String, Value>> {
    config.get(name).and_then(Value::as_object)
}

fn word<'a>(object: Option<&'a Map<String, Value>>, name: &str) -> &'a str {
    object.and_then(|object| object.get(name)).and_then(Value::as_str).unwrap_or_default()
}

fn postgres(config: &Map<String, Value>) -> Result<Map<String, Value>, &'static str> {
    let mut settings = Map::new();
    let pairs = [
        ("host", "host"),
        ("port", "port"),
        ("user", "username"),
        ("password", "password"),
        ("database", "database"),
        ("filter_schemas", "schemas"),
    ];
    take(config, &pairs, &mut settings);
    let tls = inner(config, "ssl_mode");
    let mode = word(tls, "mode");
    if matches!(mode, "require" | "verify-ca" | "verify-full") {
        settings.insert("ssl_enable".to_owned(), json!(true));
        settings.insert("ssl_mode".to_owned(), json!(mode));
        let files = [
            ("ssl_certificate_authority", "ca_certificate"),
            ("ssl_client_certificate", "client_certificate"),
            ("ssl_client_private_key", "client_key"),
        ];
        tls.into_iter().for_each(|tls| take(tls, &files, &mut settings));
        if settings.contains_key("ssl_client_certificate") {
            settings.insert("ssl_client_certificate_enable".to_owned(), json!(true));
        }
    }
    let tunnel = inner(config, "tunnel_method");
    match word(tunnel, "tunnel_method") {
        "SSH_PASSWORD_AUTH" => return Err("tap-postgres reaches jump servers with a key only, not with a password"),
        "SSH_KEY_AUTH" => {
            let mut way = Map::from_iter([("enable".to_owned(), json!(true))]);
            let pairs = [
                ("host", "tunnel_host"),
                ("port", "tunnel_port"),
                ("username", "tunnel_user"),
                ("private_key", "ssh_key"),
            ];
            tunnel.into_iter().for_each(|tunnel| take(tunnel, &pairs, &mut way));
            settings.insert("ssh_tunnel".to_owned(), Value::Object(way));
        }
        _ => {}
    }
    Ok(settings)
}

fn github(config: &Map<String, Value>) -> Result<Map<String, Value>, &'static str> {
    let mut settings = Map::new();
    take(config, &[("repositories", "repositories"), ("start_date", "start_date")], &mut settings);
    let credentials = inner(config, "credentials");
    let token = ["personal_access_token", "access_token"]
        .into_iter()
        .find_map(|name| credentials.and_then(|credentials| credentials.get(name)))
        .ok_or("tap-github signs in with a token")?;
    settings.insert("auth_token".to_owned(), token.clone());
    match config.get("api_url").and_then(Value::as_str) {
        None | Some("https://api.github.com/" | "https://api.github.com") => Ok(settings),
        Some(url) => {
            settings.insert("api_url_base".to_owned(), json!(url.trim_end_matches('/')));
            Ok(settings)
        }
    }
}
