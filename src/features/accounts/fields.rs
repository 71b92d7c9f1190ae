//! What people type about themselves and their workspace: read, trimmed, judged. A sentence never quotes what was typed.

use actix_web::HttpRequest;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Deserializer};

use crate::base::crypto::password;

/// Most characters of a name.
pub(super) const LONGEST_NAME: usize = 80;
/// Most characters of the line that tells recipients whom to ask.
pub(super) const LONGEST_CONTACT: usize = 200;
/// Most characters of a mail address (RFC 5321, 4.5.3.1.3, less the angle brackets).
const LONGEST_EMAIL: usize = 254;

/// What is wrong with a form: the id of a field and a sentence each, in the order of the page.
#[derive(Debug, Clone, Default)]
pub(super) struct FormErrors(Vec<(&'static str, String)>);

impl FormErrors {
    /// Notes what is wrong with a field; only its first error is kept.
    pub(super) fn add(&mut self, id: &'static str, sentence: impl Into<String>) {
        if self.of(id).is_empty() {
            self.0.push((id, sentence.into()));
        }
    }

    /// The sentence about a field; empty when it is well.
    pub(super) fn of(&self, id: &str) -> &str {
        self.0.iter().find(|(field, _)| *field == id).map_or("", |(_, sentence)| sentence)
    }

    /// Everything, for the summary.
    pub(super) fn items(&self) -> &[(&'static str, String)] {
        &self.0
    }

    /// Whether nothing is wrong.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Heading of the summary.
    pub(super) fn title(&self) -> String {
        match self.0.len() {
            1 => "1 answer needs attention".to_owned(),
            count => format!("{count} answers need attention"),
        }
    }

    /// A name: one line, spaces put in order.
    pub(super) fn name(&mut self, id: &'static str, label: &str, typed: &str) -> String {
        let name = one_line(typed);
        if name.is_empty() {
            self.add(id, format!("Enter {}", decapitalised(label)));
        }
        self.within(id, label, &name, LONGEST_NAME);
        name
    }

    /// Complains when a text has more characters than fit.
    pub(super) fn within(&mut self, id: &'static str, label: &str, text: &str, most: usize) {
        if text.chars().count() > most {
            self.add(id, format!("{label} must be {most} characters or fewer"));
        }
    }

    /// A mail address in lower case.
    pub(super) fn email(&mut self, id: &'static str, typed: &str) -> String {
        let email = lower_email(typed);
        if email.is_empty() {
            self.add(id, "Enter your email");
        } else if !is_address(&email) {
            self.add(id, "Email must be an address, like ana@example.com");
        }
        email
    }

    /// A password somebody chooses. `label` is what the field is called.
    pub(super) fn new_password(&mut self, id: &'static str, label: &str, typed: &SecretString) {
        let text = typed.expose_secret();
        if text.is_empty() {
            self.add(id, format!("Enter {}", decapitalised(label)));
        } else if text.chars().count() < password::SHORTEST {
            self.add(id, format!("{label} must be at least {} characters", password::SHORTEST));
        } else if text.len() > password::LONGEST {
            self.add(id, format!("{label} must be {} bytes or fewer", password::LONGEST));
        }
    }
}

/// An address as it is stored and looked up.
pub(super) fn lower_email(typed: &str) -> String {
    typed.trim().to_lowercase()
}

/// Whether a text is a mail address as the mail library reads it, with a domain and without spaces.
pub(super) fn is_address(text: &str) -> bool {
    let plain = text.len() <= LONGEST_EMAIL && !text.contains(char::is_whitespace) && !text.contains(char::is_control);
    plain && text.parse::<lettre::Address>().is_ok()
}

/// A text in one line: whatever separates its words becomes one space.
pub(super) fn one_line(typed: &str) -> String {
    let words = typed.split(|letter: char| letter.is_whitespace() || letter.is_control());
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

fn decapitalised(label: &str) -> String {
    let mut letters = label.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

/// The first value of that name in the query.
pub(super) fn query_value(request: &HttpRequest, name: &str) -> Option<String> {
    let mut pairs = url::form_urlencoded::parse(request.query_string().as_bytes());
    pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// For `#[serde(deserialize_with)]`: a secret is never held as plain text.
pub(super) fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretString, D::Error> {
    String::deserialize(deserializer).map(SecretString::from)
}

/// A form that carries nothing but its token.
#[derive(Debug, Deserialize)]
pub struct NoFields {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_lowered_and_judged() {
        let mut errors = FormErrors::default();
        assert_eq!(errors.email("email", "  Ana.Lima@Example.COM "), "ana.lima@example.com");
        assert!(errors.is_empty());
        for typed in [
            "",
            "ana",
            "ana@",
            "@example.com",
            "ana@example.com\r\nBcc: x@y.z",
            "\"a b\"@example.com",
            &format!("{}@example.com", "a".repeat(250)),
        ] {
            let mut errors = FormErrors::default();
            errors.email("email", typed);
            assert_eq!(errors.items().len(), 1, "{typed}");
        }
    }

    #[test]
    fn names_are_one_line() {
        let mut errors = FormErrors::default();
        assert_eq!(errors.name("name", "Your name", " Ana\r\n  Lima\u{7}x "), "Ana Lima x");
        errors.name("other", "Your name", " \n ");
        errors.name("long", "Workspace name", &"é".repeat(81));
        assert_eq!(errors.of("other"), "Enter your name");
        assert_eq!(errors.of("long"), "Workspace name must be 80 characters or fewer");
        assert_eq!(errors.title(), "2 answers need attention");
    }

    #[test]
    fn passwords_are_counted_in_characters_and_bounded_in_bytes() {
        for (typed, good) in [
            ("elf zeichen", false),
            ("zwölf zeichn", true),
            (&*"x".repeat(1_024), true),
            (&"x".repeat(1_025), false),
            ("", false),
        ] {
            let mut errors = FormErrors::default();
            errors.new_password("password", "Password", &typed.into());
            assert_eq!(errors.is_empty(), good, "{}", typed.len());
        }
    }
}
