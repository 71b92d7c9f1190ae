//! The name of a field: a JSON Pointer (RFC 6901) into the configuration.

use std::borrow::{Borrow, Cow};
use std::fmt;

use jsonptr::{ParseError, Pointer, PointerBuf};
use serde::{Deserialize, Serialize};

/// A place in a configuration, such as `/credentials/access_token` or `/reports/0/name`. The root is the empty pointer.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FieldPath(PointerBuf);

impl FieldPath {
    /// The whole configuration.
    #[must_use]
    pub fn root() -> Self {
        Self::default()
    }

    /// Reads a pointer.
    ///
    /// # Errors
    /// RFC 6901 does not allow the text.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        Pointer::parse(text).map(|pointer| Self(pointer.to_buf()))
    }

    /// The property `key` of the object here.
    #[must_use]
    pub fn child(&self, key: &str) -> Self {
        Self(self.0.with_trailing_token(key))
    }

    /// The item `position` (from 0) of the array here.
    #[must_use]
    pub fn index(&self, position: usize) -> Self {
        Self(self.0.with_trailing_token(position))
    }

    /// The pointer as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Keys and positions from the root, unescaped.
    pub fn segments(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.0.tokens().map(|token| token.decoded().into_owned().into())
    }

    /// The path as the API names it: `credentials.access_token`.
    #[must_use]
    pub fn dot(&self) -> String {
        self.segments().collect::<Vec<_>>().join(".")
    }

    /// Whether this is `other` or lies inside it.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        self.0.starts_with(&other.0)
    }
}

impl Borrow<str> for FieldPath {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
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
        assert_eq!(FieldPath::parse(path.as_str()).unwrap(), path);
    }

    #[test]
    fn a_form_name_is_no_pointer() {
        for text in ["a", "/x/~o2/field", "/x/~", "/rows/~n"] {
            assert!(FieldPath::parse(text).is_err(), "{text}");
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
