//! What somebody gives for a layer, validated.

use secrecy::{ExposeSecret as _, SecretString};

use super::{OutputLayer, Settings};
use crate::base::forms::FieldProblem;
use crate::engines::TlsMode;

/// Most characters of a name.
pub const LONGEST_NAME: usize = 80;
/// Names of PostgreSQL are cut at this many bytes.
const LONGEST_IDENTIFIER: usize = 63;
const LONGEST_HOST: usize = 253;
const LONGEST_PASSWORD: usize = 1_000;
const LONGEST_CA: usize = 50_000;

/// What was given, as it was given.
#[derive(Debug, Clone)]
pub struct OutputLayerInput {
    /// Its name for people.
    pub name: String,
    /// Everything but the password and the port.
    pub settings: Settings,
    /// The port; whatever is no port is refused.
    pub port: i64,
    /// The password; `None` or an empty one keeps.
    pub password: Option<SecretString>,
}

/// What was given and found in order.
#[derive(Debug, Clone)]
pub struct OutputLayerDetails {
    /// Its name for people.
    pub name: String,
    /// How to get there.
    pub settings: Settings,
    /// The password, if one was given.
    pub password: Option<SecretString>,
}

impl OutputLayerInput {
    /// Validates it, for the layer it is to change.
    ///
    /// # Errors
    /// Everything that is wrong, a field once.
    pub fn validate(self, before: Option<&OutputLayer>) -> Result<OutputLayerDetails, Vec<FieldProblem>> {
        let mut problems = Vec::new();
        let mut add = |field, code, sentence| problems.push(FieldProblem { field, code, sentence });
        let Self { name, mut settings, port, password } = self;
        let name = name.trim().to_owned();
        if !is_line(&name, LONGEST_NAME) {
            add("name", "invalid", "Name must be one line of 1 to 80 characters");
        }
        settings.host = settings.host.trim().trim_start_matches('[').trim_end_matches(']').to_owned();
        if settings.host.is_empty() {
            add("host", "missing", "Enter the host");
        } else if settings.host.len() > LONGEST_HOST || !settings.host.chars().all(is_of_host) {
            add("host", "invalid", "Host must be a name or an address alone, like db.example.com");
        }
        match u16::try_from(port) {
            Ok(port) if port > 0 => settings.port = port,
            _ => add("port", "invalid", "Port must be a number from 1 to 65535"),
        }
        let settings_now = &mut settings;
        for (field, value, missing, long) in [
            ("database", &mut settings_now.database, "Enter the database", "Database must be at most 63 bytes"),
            ("user", &mut settings_now.user, "Enter the user", "User must be at most 63 bytes"),
            ("schema", &mut settings_now.schema, "Enter the schema", "Schema must be at most 63 bytes"),
        ] {
            *value = value.trim().to_owned();
            if value.is_empty() {
                add(field, "missing", missing);
            } else if value.len() > LONGEST_IDENTIFIER || value.chars().any(char::is_control) {
                add(field, "invalid", long);
            }
        }
        if settings.schema.starts_with("pg_") || settings.schema == "information_schema" {
            add("schema", "invalid", "Schema must be one of your own: this one belongs to the server");
        }
        settings.ca = settings.ca.trim().to_owned();
        if settings.tls.needs_ca() && !settings.ca.contains("-----BEGIN CERTIFICATE-----") {
            add("ca_certificate", "missing", "Paste the certificate of the authority, with its BEGIN and END lines");
        } else if settings.ca.len() > LONGEST_CA {
            add("ca_certificate", "invalid", "The certificate is too long");
        }
        let password = password.filter(|text| !text.expose_secret().is_empty());
        if let Some(text) = &password
            && !is_line(text.expose_secret(), LONGEST_PASSWORD)
        {
            add("password", "invalid", "Password must be one line of at most 1,000 characters");
        }
        if password.is_none() && before.is_some_and(|layer| layer.has_password() && !layer.is_at(&settings)) {
            add("password", "missing", "Enter the password again: the one that is set is not sent to another server");
        }
        if problems.is_empty() { Ok(OutputLayerDetails { name, settings, password }) } else { Err(problems) }
    }
}

fn is_line(text: &str, most: usize) -> bool {
    !text.is_empty() && text.chars().count() <= most && !text.chars().any(char::is_control)
}

fn is_of_host(c: char) -> bool {
    c.is_alphanumeric() || ['.', '-', '_', ':'].contains(&c)
}

impl OutputLayer {
    /// Whether these settings lead to the same server.
    fn is_at(&self, settings: &Settings) -> bool {
        self.settings.host == settings.host && self.settings.port == settings.port
    }
}

/// A name in addresses that is not taken: `warehouse`, `warehouse-2`.
pub(super) fn free_slug(name: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let mut base = String::new();
    for c in name.to_lowercase().chars() {
        if c.is_ascii_alphanumeric() {
            base.push(c);
        } else if !base.is_empty() && !base.ends_with('-') {
            base.push('-');
        }
    }
    let base: String = base.trim_end_matches('-').chars().take(40).collect();
    let base = if base.is_empty() { "layer".to_owned() } else { base };
    let mut slug = base.clone();
    let mut number = 2;
    while is_taken(&slug) || slug == "new" {
        slug = format!("{base}-{number}");
        number += 1;
    }
    slug
}

impl Default for OutputLayerInput {
    fn default() -> Self {
        let settings = Settings {
            host: String::new(),
            port: 5432,
            database: String::new(),
            user: String::new(),
            schema: String::new(),
            tls: TlsMode::default(),
            ca: String::new(),
        };
        Self { name: String::new(), settings, port: 5432, password: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_is_the_name_as_an_address() {
        assert_eq!(free_slug("Our Warehouse (EU)", |_| false), "our-warehouse-eu");
        assert_eq!(free_slug("Files", |slug| slug == "files"), "files-2");
        assert_eq!(free_slug("倉庫", |_| false), "layer");
        assert_eq!(free_slug("New", |_| false), "new-2");
    }

    #[test]
    fn everything_wrong_is_said_at_once() {
        let fields = |given: OutputLayerInput| {
            given.validate(None).map(|_| ()).unwrap_err().iter().map(|one| one.field).collect::<Vec<_>>()
        };
        assert_eq!(fields(OutputLayerInput::default()), ["name", "host", "database", "user", "schema"]);
        let mut given = OutputLayerInput { name: "a".to_owned(), port: 70_000, ..OutputLayerInput::default() };
        given.settings = Settings {
            host: "postgres://db".to_owned(),
            database: "d".to_owned(),
            user: "u".to_owned(),
            schema: "pg_catalog".to_owned(),
            tls: TlsMode::VerifyFull,
            ..given.settings
        };
        assert_eq!(fields(given), ["host", "port", "schema", "ca_certificate"]);
    }
}
