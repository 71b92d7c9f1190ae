//! The small template language of connector files.

use base64::Engine as _;
use minijinja::value::Serde;
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior};
use serde_json::{Map, Value};

use crate::engines::{Failure, FailureReason};

/// Renders texts and judges conditions.
pub(super) struct Templates {
    strict: Environment<'static>,
    lenient: Environment<'static>,
}

impl Templates {
    pub(super) fn new() -> Self {
        let of = |behaviour| {
            let mut environment = Environment::new();
            environment.set_undefined_behavior(behaviour);
            environment.add_filter("percent", percent);
            environment.add_filter("base64", base64);
            environment.add_filter("label", label);
            environment
        };
        Self { strict: of(UndefinedBehavior::Strict), lenient: of(UndefinedBehavior::Chainable) }
    }

    /// The text with everything filled in; something that is not there is a failure.
    pub(super) fn render(&self, template: &str, known: &Map<String, Value>) -> Result<String, Failure> {
        self.strict.render_str(template, Serde(known)).map_err(|error| unusable(&error))
    }

    /// The text with nothing where something is not there.
    pub(super) fn lenient(&self, template: &str, known: &Value) -> String {
        self.lenient.render_str(template, Serde(known)).map(|text| text.trim().to_owned()).unwrap_or_default()
    }

    /// Whether a condition is true; none always is, and what is not there is not true.
    pub(super) fn holds(&self, condition: Option<&str>, known: &Map<String, Value>) -> Result<bool, Failure> {
        let Some(condition) = condition else { return Ok(true) };
        let expression = self.lenient.compile_expression(condition).map_err(|error| unusable(&error))?;
        Ok(expression.eval(Serde(known)).map_err(|error| unusable(&error))?.is_true())
    }
}

/// The error's own text may quote values, so only its kind is told.
fn unusable(error: &Error) -> Failure {
    if error.kind() == ErrorKind::InvalidOperation
        && let Some(detail) = error.detail().filter(|detail| detail.starts_with(NO_LABEL))
    {
        return Failure::new(FailureReason::Refused, detail.to_owned());
    }
    let words = format!("The connector's file asks for something this configuration does not have ({}).", error.kind());
    Failure::new(FailureReason::Unreadable, words)
}

fn percent(value: &str) -> String {
    url::form_urlencoded::byte_serialize(value.as_bytes()).collect::<String>().replace('+', "%20")
}

fn base64(value: &str) -> String {
    base64::engine::general_purpose::STANDARD.encode(value)
}

const NO_LABEL: &str = "A name that becomes a part of an address";

/// The value when it can be one part of a host's name and nothing else.
fn label(value: String) -> Result<String, Error> {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !value.is_empty() && value.len() < 64 && value.chars().all(fits) {
        return Ok(value);
    }
    let words = format!("{NO_LABEL} has other characters than letters, digits and dashes. Enter the name alone.");
    Err(Error::new(ErrorKind::InvalidOperation, words))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn known() -> Map<String, Value> {
        let config =
            json!({"shop": "corner", "bad": "evil.example/", "token": "{{ config.shop }}", "n": {"a": "x y/z"}});
        Map::from_iter([("config".to_owned(), config)])
    }

    #[test]
    fn values_are_filled_in_and_never_read_as_templates() {
        let templates = Templates::new();
        let render = |template: &str| templates.render(template, &known());
        assert_eq!(
            render("https://{{ config.shop|label }}.example/{{ config.n.a|percent }}").unwrap(),
            "https://corner.example/x%20y%2Fz"
        );
        assert_eq!(render("{{ config.token }}").unwrap(), "{{ config.shop }}");
        assert_eq!(render("{{ ('a:' ~ config.shop)|base64 }}").unwrap(), "YTpjb3JuZXI=");
        assert_eq!(render("{{ config.missing }}").unwrap_err().reason, FailureReason::Unreadable);
        let failure = render("https://{{ config.bad|label }}.example").unwrap_err();
        assert!(failure.message.starts_with(NO_LABEL) && !failure.message.contains("evil"), "{failure}");
    }

    #[test]
    fn what_is_not_there_is_not_true() {
        let templates = Templates::new();
        let holds = |condition: &str| templates.holds(Some(condition), &known()).unwrap();
        assert!(holds("config.shop == 'corner'") && holds("not config.credentials.token"));
        assert!(!holds("config.credentials.auth == 'x'") && !holds("config.missing"));
        assert!(templates.holds(Some("config ="), &known()).is_err());
    }
}
