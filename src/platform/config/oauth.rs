//! `VESTIBULE_OAUTH_APPS_FILE`.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::source::{ConfigProblems, Source};

const NAME: &str = "VESTIBULE_OAUTH_APPS_FILE";

/// Clients at providers for every workspace of this installation.
#[derive(Debug, Clone, Default)]
pub struct OauthConfig {
    /// By the provider's name in connector files, like `facebook`.
    pub apps: BTreeMap<String, InstanceApp>,
}

/// What one provider knows this installation as.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstanceApp {
    /// The public name.
    pub client_id: String,
    /// Its secret.
    pub client_secret: SecretString,
    /// What else the provider wants of whoever runs the app, like `developer_token`.
    #[serde(default)]
    pub constants: BTreeMap<String, SecretString>,
}

impl OauthConfig {
    pub(super) fn read(source: &dyn Source, problems: &mut ConfigProblems) -> Self {
        let Some(path) = source.raw(NAME) else { return Self::default() };
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => Zeroizing::new(text),
            Err(error) => {
                problems.add(NAME, format!("cannot be read ({path}): {error}"));
                return Self::default();
            }
        };
        // The text of an error could quote a secret; its place cannot.
        match serde_json::from_str::<BTreeMap<String, InstanceApp>>(&text) {
            Ok(apps) => Self { apps: usable(apps, problems) },
            Err(error) => {
                let place = format!("line {}, column {}", error.line(), error.column());
                problems.add(
                    NAME,
                    format!(
                        "must hold {{\"provider\": {{\"client_id\": \"…\", \"client_secret\": \"…\"}}}}; see {place}"
                    ),
                );
                Self::default()
            }
        }
    }
}

fn usable(apps: BTreeMap<String, InstanceApp>, problems: &mut ConfigProblems) -> BTreeMap<String, InstanceApp> {
    for (provider, app) in &apps {
        let secrets = app.constants.values().chain([&app.client_secret]);
        if app.client_id.trim().is_empty() || secrets.into_iter().any(|secret| secret.expose_secret().is_empty()) {
            problems.add(NAME, format!("has an empty value for {provider}"));
        }
    }
    apps
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (OauthConfig, Vec<String>) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("apps.json");
        std::fs::write(&path, text).unwrap();
        let source = BTreeMap::from([(NAME.to_owned(), path.to_string_lossy().into_owned())]);
        let mut problems = ConfigProblems::default();
        let config = OauthConfig::read(&source, &mut problems);
        (config, problems.lines().to_vec())
    }

    #[test]
    fn apps_are_read_and_nothing_prints_their_secrets() {
        let (config, problems) = read(
            r#"{"google": {"client_id": "id", "client_secret": "geheim", "constants": {"developer_token": "geheim2"}}}"#,
        );
        assert_eq!((problems.len(), config.apps.len()), (0, 1));
        assert!(!format!("{config:?}").contains("geheim"));
    }

    #[test]
    fn a_problem_names_its_place_and_no_secret() {
        for text in
            [r#"{"google": {"client_id": "id", "client_secrets": "geheim"}}"#, r#"["geheim"#, r#"{"google": "geheim"}"#]
        {
            let (_, problems) = read(text);
            assert!(
                problems.len() == 1 && problems[0].contains("line 1") && !problems[0].contains("geheim"),
                "{problems:?}"
            );
        }
        let (_, problems) = read(r#"{"google": {"client_id": "id", "client_secret": ""}}"#);
        assert_eq!(problems, ["VESTIBULE_OAUTH_APPS_FILE has an empty value for google"]);
    }
}
