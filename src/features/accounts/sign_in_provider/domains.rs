//! The mail domains whose people may come in through the provider.

use super::super::fields::is_address;

/// Most domains of one provider.
pub(super) const MOST: usize = 50;

/// Domains in lower case, in the order they were typed; none means all. Held as people type and read them: `a.example, b.example`.
#[derive(Debug, Clone, Default, PartialEq, Eq, diesel::expression::AsExpression, diesel::deserialize::FromSqlRow)]
#[diesel(sql_type = diesel::sql_types::Text)]
pub(in crate::features::accounts) struct Domains(String);

impl Domains {
    /// Reads what was typed: domains between commas or spaces, with or without `@`. Gives the first text that is no domain.
    pub(super) fn parse(typed: &str) -> Result<Self, String> {
        let mut domains = Vec::new();
        let parts = typed.split(|letter: char| letter == ',' || letter == ';' || letter.is_whitespace());
        for part in parts.filter(|part| !part.is_empty()) {
            let domain = part.trim_start_matches('@').to_lowercase();
            if !domain.contains('.') || !is_address(&format!("somebody@{domain}")) {
                return Err(part.to_owned());
            }
            if !domains.contains(&domain) {
                domains.push(domain);
            }
        }
        Ok(Self(domains.join(", ")))
    }

    fn each(&self) -> impl Iterator<Item = &str> {
        self.0.split(", ").filter(|domain| !domain.is_empty())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.each().count()
    }

    /// Whether an address (in lower case) is in one of the domains; a domain's own subdomains are others.
    pub(super) fn allow(&self, email: &str) -> bool {
        let domain = email.rsplit_once('@').map(|(_, domain)| domain);
        self.is_empty() || domain.is_some_and(|domain| self.each().any(|allowed| allowed == domain))
    }

    /// As people type and read them.
    pub(super) fn words(&self) -> &str {
        &self.0
    }
}

crate::base::text_column::text_column!(
    Domains,
    |text: String| Domains::parse(&text).map_err(|part| format!("no domain: {part}")),
    Domains::words
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_are_read_kindly_and_compared_whole() {
        let domains = Domains::parse(" Acme.example, @data.acme.example\nacme.example;").unwrap();
        assert_eq!(domains.words(), "acme.example, data.acme.example");
        assert_eq!(Domains::parse(domains.words()), Ok(domains.clone()));
        for (email, allowed) in [
            ("ana@acme.example", true),
            ("ana@data.acme.example", true),
            ("ana@other.acme.example", false),
            ("ana@notacme.example", false),
            ("ana@acme.example.evil.example", false),
            ("\"ana@acme.example\"@evil.example", false),
            ("acme.example", false),
        ] {
            assert_eq!(domains.allow(email), allowed, "{email}");
        }
        assert!(Domains::default().allow("ana@anything.example"));
        for typed in ["acme", "a b", "https://acme.example", "ana@acme.example", "acme..example"] {
            assert!(Domains::parse(typed).is_err(), "{typed}");
        }
    }
}
