//! Where settings come from, and the list of what is wrong with them.

use std::collections::BTreeMap;

/// A place settings can be read from.
pub trait Source {
    /// The raw text of a variable; `None` when it is not set or empty.
    fn raw(&self, name: &str) -> Option<String>;

    /// Names of this product's variables that are set but not in `known` (nor `known_FILE`).
    fn unknown(&self, known: &[&str]) -> Vec<String>;

    /// The variables by which package tools know their index, the way out and whom to trust; they are handed on to them alone.
    fn of_package_tools(&self) -> Vec<(String, String)>;
}

/// Where tools keep and find files, whom they trust, and the way out.
const FOR_TOOLS: [&str; 15] = [
    "HOME",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
];
/// What would lead an installation elsewhere.
const NOT_FOR_TOOLS: [&str; 7] =
    ["PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_REPORT", "PIP_DRY_RUN", "PIP_REQUIRE_VIRTUALENV"];

fn is_for_tools(name: &str) -> bool {
    let own = name.starts_with("PIP_") || name.starts_with("UV_");
    FOR_TOOLS.contains(&name) || (own && !NOT_FOR_TOOLS.contains(&name))
}

/// The process environment.
#[derive(Debug)]
pub struct Environment;

impl Source for Environment {
    #[expect(clippy::disallowed_methods, reason = "the one door to the environment")]
    fn raw(&self, name: &str) -> Option<String> {
        std::env::var(name).ok().filter(|value| !value.is_empty())
    }

    fn unknown(&self, known: &[&str]) -> Vec<String> {
        let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
        unknown_among(names, known)
    }

    fn of_package_tools(&self) -> Vec<(String, String)> {
        let all = std::env::vars_os();
        let texts = all.filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        texts.filter(|(name, value)| is_for_tools(name) && !value.is_empty()).collect()
    }
}

impl Source for BTreeMap<String, String> {
    fn raw(&self, name: &str) -> Option<String> {
        self.get(name).filter(|value| !value.is_empty()).cloned()
    }

    fn unknown(&self, known: &[&str]) -> Vec<String> {
        unknown_among(self.keys().cloned(), known)
    }

    fn of_package_tools(&self) -> Vec<(String, String)> {
        let all = self.iter().filter(|(name, value)| is_for_tools(name) && !value.is_empty());
        all.map(|(name, value)| (name.clone(), value.clone())).collect()
    }
}

fn unknown_among(names: impl Iterator<Item = String>, known: &[&str]) -> Vec<String> {
    let mut unknown: Vec<String> = names
        .filter(|name| name.starts_with("VESTIBULE_"))
        .filter(|name| !known.contains(&name.strip_suffix("_FILE").unwrap_or(name)) && !known.contains(&name.as_str()))
        .collect();
    unknown.sort();
    unknown
}

/// What is wrong with the settings, one line each.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct ConfigProblems(Vec<String>);

impl ConfigProblems {
    /// Notes a problem of one setting. `what` must not contain the value of a secret.
    pub fn add(&mut self, name: &str, what: impl std::fmt::Display) {
        self.0.push(format!("{name} {what}"));
    }

    /// The lines.
    pub fn lines(&self) -> &[String] {
        &self.0
    }

    pub(super) fn into_result<T>(self, value: T) -> Result<T, Self> {
        if self.0.is_empty() { Ok(value) } else { Err(self) }
    }

    /// A setting's text: from `NAME`, or from the file that `NAME_FILE` names (one trailing line end is dropped); both is a problem.
    pub(super) fn text(&mut self, source: &dyn Source, name: &str) -> Option<String> {
        // VESTIBULE_EXTRA_CA_FILE names a file by itself and is read as it is.
        let file_name = format!("{name}_FILE");
        match (source.raw(name), source.raw(&file_name)) {
            (Some(_), Some(_)) => {
                self.add(name, format!("and {file_name} are both set; keep one"));
                None
            }
            (Some(value), None) => Some(value),
            (None, Some(path)) => match std::fs::read_to_string(&path) {
                Ok(text) => Some(
                    text.strip_suffix('\n')
                        .map_or(text.as_str(), |cut| cut.strip_suffix('\r').unwrap_or(cut))
                        .to_owned(),
                ),
                Err(error) => {
                    self.add(&file_name, format!("cannot be read ({path}): {error}"));
                    None
                }
            },
            (None, None) => None,
        }
    }

    /// A setting parsed by `parse`, or `default` when it is not set; a value that does not parse is a problem.
    pub(super) fn parsed<T, E: std::fmt::Display>(
        &mut self,
        source: &dyn Source,
        name: &str,
        default: T,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> T {
        let Some(text) = self.text(source, name) else { return default };
        match parse(text.trim()) {
            Ok(value) => value,
            Err(error) => {
                self.add(name, error);
                default
            }
        }
    }
}

impl std::fmt::Display for ConfigProblems {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for ConfigProblems {}
