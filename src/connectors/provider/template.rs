//! Texts with slots: `https://{shop}.myshopify.com/admin/oauth/authorize`.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A text with named slots in braces. A slot's name has letters, digits, `_`, `.`, `-`, `^` and `[]`; there is no way to write a brace that
/// stands for itself, and no address or parameter of a provider needs one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Template {
    text: String,
    parts: Vec<Part>,
}

/// A piece of a [`Template`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Stands as it is.
    Text(String),
    /// Is filled in.
    Slot(String),
}

/// A brace without its partner, or a slot with no name or an impossible one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("has a brace without its partner, or something in braces that is no name")]
pub struct BadTemplate;

impl Template {
    /// Reads a text with slots.
    ///
    /// # Errors
    /// [`BadTemplate`].
    pub fn parse(text: &str) -> Result<Self, BadTemplate> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, behind) = after.split_once('}').ok_or(BadTemplate)?;
            let letter = |c: char| c.is_ascii_alphanumeric() || "_.-^[]".contains(c);
            if before.contains('}') || name.is_empty() || !name.chars().all(letter) {
                return Err(BadTemplate);
            }
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            parts.push(Part::Slot(name.to_owned()));
            rest = behind;
        }
        if rest.contains('}') {
            return Err(BadTemplate);
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Self { text: text.to_owned(), parts })
    }

    /// The text as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The pieces, in order.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The names of the slots, in order.
    pub fn slots(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Slot(name) => Some(name.as_str()),
            Part::Text(_) => None,
        })
    }

    /// Fills the slots in; `None` when one has no value.
    pub fn fill<'v>(&self, value: impl Fn(&str) -> Option<Cow<'v, str>>) -> Option<String> {
        let filled = self.parts.iter().map(|part| match part {
            Part::Text(text) => Some(Cow::Borrowed(text.as_str())),
            Part::Slot(name) => value(name).map(|value| Cow::Owned(value.into_owned())),
        });
        filled.collect()
    }
}

impl Serialize for Template {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Template {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_found_and_filled() {
        let template = Template::parse("https://{shop}.example/{token.id}?x=1").unwrap();
        assert_eq!(template.slots().collect::<Vec<_>>(), ["shop", "token.id"]);
        let value = |name: &str| Some(Cow::Owned(name.to_uppercase()));
        assert_eq!(template.fill(value).as_deref(), Some("https://SHOP.example/TOKEN.ID?x=1"));
        assert_eq!(template.fill(|name| (name == "shop").then_some(Cow::Borrowed("a"))), None);
        assert_eq!(Template::parse("").unwrap().fill(|_| None), Some(String::new()));
    }

    #[test]
    fn braces_come_in_pairs_around_names() {
        for text in ["{", "}", "a}b", "{}", "{a", "{a b}", "{{a}}", "x{y}}", "{a{b}}"] {
            assert_eq!(Template::parse(text), Err(BadTemplate), "{text}");
        }
    }
}
