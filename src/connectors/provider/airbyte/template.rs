//! Their templates are a small Jinja. Rendered with our slots for values, they become templates of ours.

use std::collections::BTreeMap;

use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior};
use serde_json::{Map, Value};

/// What may be named in a template, with the parameter's usual name.
const NAMES: [(&str, &str); 8] = [
    ("client_id", "client_id"),
    ("client_secret", "client_secret"),
    ("redirect_uri", "redirect_uri"),
    ("auth_code", "code"),
    ("scope", "scope"),
    ("scopes", "scope"),
    ("optional_scope", "optional_scope"),
    ("state", "state"),
];

/// The slot that stands for HTTP Basic with id and secret.
pub(super) const BASIC: &str = "{basic}";
/// The slot of a PKCE challenge.
pub(super) const CHALLENGE: &str = "{code_challenge}";

/// Most bytes of a template.
const LONGEST: usize = 4_000;

/// Renders templates of one connector.
pub(super) struct Renderer<'a> {
    environment: Environment<'a>,
    names: BTreeMap<String, String>,
}

impl Renderer<'_> {
    /// `declared` may give parameters other names (`client_id_key`); `inputs` are answers of the recipient.
    pub(super) fn new<'i>(declared: &Value, inputs: impl Iterator<Item = &'i str>) -> Self {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
        for name in ["urlEncode", "urlencode", "urlEncoder"] {
            environment.add_filter(name, encoded);
        }
        environment.add_filter("b64encode", basic);
        environment.add_filter("codechallengeS256", |_: String| CHALLENGE.to_owned());
        let mut names = BTreeMap::new();
        for (name, usual) in NAMES {
            let key = declared.get(format!("{name}_key")).and_then(Value::as_str).unwrap_or(usual);
            names.insert(name.to_owned(), format!("{{{name}}}"));
            names.insert(format!("{name}_value"), format!("{{{name}}}"));
            names.insert(format!("{name}_key"), key.to_owned());
            names.insert(format!("{name}_param"), format!("{key}={{{name}}}"));
        }
        for input in inputs {
            names.insert(input.to_owned(), format!("{{{input}}}"));
            names.insert(format!("{input}_value"), format!("{{{input}}}"));
        }
        Self { environment, names }
    }

    /// A template of theirs as one of ours; the error names what is not understood.
    pub(super) fn render(&self, text: &str) -> Result<String, String> {
        // No real one has statements; loops could run for long.
        if text.contains("{%") || text.len() > LONGEST {
            return Err("a template of its sign-in is a program".to_owned());
        }
        self.environment.render_str(text, &self.names).map_err(|error| {
            let what = error.detail().map(str::to_owned).unwrap_or_else(|| error.kind().to_string());
            format!("a template of its sign-in is not understood ({what})")
        })
    }

    /// Names and values of an object of templates.
    pub(super) fn pairs(&self, object: Option<&Value>) -> Result<Vec<(String, String)>, String> {
        let empty = Map::new();
        let object = object.and_then(Value::as_object).unwrap_or(&empty);
        object
            .iter()
            .map(|(name, value)| {
                let value = value.as_str().ok_or_else(|| format!("{name} of its sign-in is no text"))?;
                Ok((self.render(name)?, self.render(value)?))
            })
            .collect()
    }
}

/// Slots are escaped when they are filled in; other texts here.
fn encoded(text: String) -> String {
    if text.starts_with('{') && text.ends_with('}') {
        return text;
    }
    url::form_urlencoded::byte_serialize(text.as_bytes()).map(|piece| piece.replace('+', "%20")).collect()
}

fn basic(text: String) -> Result<String, Error> {
    if text == "{client_id}:{client_secret}" {
        return Ok(BASIC.to_owned());
    }
    Err(Error::new(ErrorKind::InvalidOperation, "b64encode of something else than client id and secret"))
}
