//! Licences of connectors, as people read them before they agree.

/// A licence in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LicenceWords<'a> {
    /// Its short name, like `ELv2`.
    pub name: &'a str,
    /// What it is.
    pub title: &'static str,
    /// Where it stands whole; empty when nobody here knows.
    pub url: &'static str,
    /// What it allows, in one sentence without its full stop.
    pub means: &'static str,
}

/// What is known of a licence.
pub fn licence_words(name: &str) -> LicenceWords<'_> {
    let (title, url, means) = match name {
        "ELv2" => (
            "the Elastic License 2.0",
            "https://www.elastic.co/licensing/elastic-license",
            "you may use and change it, and may not offer it to others as a service",
        ),
        "MIT" => ("a free licence", "https://opensource.org/license/mit", ""),
        "Apache-2.0" => ("a free licence", "https://www.apache.org/licenses/LICENSE-2.0", ""),
        "" => {
            return LicenceWords { name: "not known here", title: "", url: "", means: "ask its maker what it allows" };
        }
        _ => ("", "", "ask its maker what it allows"),
    };
    LicenceWords { name, title, url, means }
}
