//! The name of a field: a JSON Pointer (RFC 6901) into the configuration.

use std::borrow::{Borrow, Cow};
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A place in a configuration, such as `/credentials/access_token` or `/reports/0/name`. The root is the empty pointer.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldPath(String);

/// The text is not a JSON Pointer: it does not begin with `/`, or a `~` in it is not `~0` or `~1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a JSON Pointer")]
pub struct BadFieldPath;

impl FieldPath {
    /// The whole configuration.
    #[must_use]
    pub const fn root() -> Self {
        Self(String::new())
    }

    /// Reads a pointer.
    ///
    /// # Errors
    /// [`BadFieldPath`] when RFC 6901 does not allow the text.
    pub fn parse(text: &str) -> Result<Self, BadFieldPath> {
        let starts_well = text.is_empty() || text.starts_with('/');
        let escapes_are_whole = text.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
        if starts_well && escapes_are_whole { Ok(Self(text.to_owned())) } else { Err(BadFieldPath) }
    }

    /// The property `key` of the object here.
    #[must_use]
    pub fn child(&self, key: &str) -> Self {
        let mut path = String::with_capacity(self.0.len() + key.len() + 1);
        path.push_str(&self.0);
        push_segment(&mut path, key);
        Self(path)
    }

    /// The item `position` (from 0) of the array here.
    #[must_use]
    pub fn index(&self, position: usize) -> Self {
        Self(format!("{}/{position}", self.0))
    }

    /// The pointer as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Keys and positions from the root, unescaped.
    pub fn segments(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.0.split('/').skip(1).map(unescape)
    }

    /// The path as the API names it: `credentials.access_token`.
    #[must_use]
    pub fn dot(&self) -> String {
        let segments: Vec<Cow<'_, str>> = self.segments().collect();
        segments.join(".")
    }

    /// Whether this is `other` or lies inside it.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        self.0.strip_prefix(&other.0).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// The same place under `to`, when this is `from` or lies inside it.
    pub(crate) fn moved(&self, from: &Self, to: &Self) -> Option<Self> {
        let rest = self.is_within(from).then(|| self.0.get(from.0.len()..)).flatten()?;
        Some(Self(format!("{to}{rest}")))
    }
}

/// Appends `/key` with RFC 6901 escapes.
pub(crate) fn push_segment(pointer: &mut String, key: &str) {
    pointer.push('/');
    for letter in key.chars() {
        match letter {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            other => pointer.push(other),
        }
    }
}

fn unescape(segment: &str) -> Cow<'_, str> {
    if segment.contains('~') {
        Cow::Owned(segment.replace("~1", "/").replace("~0", "~"))
    } else {
        Cow::Borrowed(segment)
    }
}

impl Borrow<str> for FieldPath {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for FieldPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for FieldPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_keys_survive_the_way_there_and_back() {
        let path = FieldPath::root().child("a/b").child("c~1").index(3).child("");
        assert_eq!(path.as_str(), "/a~1b/c~01/3/");
        assert_eq!(path.dot(), "a/b.c~1.3.");
        assert_eq!(FieldPath::parse(path.as_str()), Ok(path));
    }

    #[test]
    fn a_form_name_is_no_pointer() {
        for text in ["a", "/x/~o2/field", "/x/~", "/rows/~n"] {
            assert_eq!(FieldPath::parse(text), Err(BadFieldPath), "{text}");
        }
    }

    #[test]
    fn within_stops_at_whole_segments() {
        let tunnel = FieldPath::root().child("tunnel");
        assert!(tunnel.child("host").is_within(&tunnel));
        assert!(!FieldPath::root().child("tunnel_host").is_within(&tunnel));
        assert!(tunnel.is_within(&FieldPath::root()));
    }
}
