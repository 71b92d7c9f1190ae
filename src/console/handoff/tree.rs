//! What stands in a file that is handed off, before it is text: each writer escapes what is text, and what is a reference is one because
//! it was made one here. No text that anybody typed can become a reference.

use serde_json::{Map, Value};

/// A value with references in it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum HandOffTree {
    /// Nothing, yes or no, or a number.
    Bare(Value),
    /// Text, whatever it looks like.
    Text(String),
    /// The value that is given under this name.
    Reference(String),
    List(Vec<Self>),
    Object(Vec<(String, Self)>),
}

impl HandOffTree {
    /// A value without references.
    pub(super) fn plain(value: &Value) -> Self {
        Self::read(value, &|_| None)
    }

    /// A value; the names of references are told by their marks.
    pub(super) fn read(value: &Value, name_of: &dyn Fn(&str) -> Option<String>) -> Self {
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => Self::Bare(value.clone()),
            Value::String(text) => name_of(text).map_or_else(|| Self::Text(text.clone()), Self::Reference),
            Value::Array(items) => Self::List(items.iter().map(|item| Self::read(item, name_of)).collect()),
            Value::Object(members) => Self::read_members(members, name_of),
        }
    }

    /// The same of an object.
    pub(super) fn read_members(members: &Map<String, Value>, name_of: &dyn Fn(&str) -> Option<String>) -> Self {
        Self::Object(members.iter().map(|(key, value)| (key.clone(), Self::read(value, name_of))).collect())
    }

    /// An object of these members.
    pub(super) fn object<const N: usize>(members: [(&str, Self); N]) -> Self {
        Self::Object(members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    }

    /// One member more.
    pub(super) fn with(mut self, key: &str, value: Self) -> Self {
        if let Self::Object(members) = &mut self {
            members.push((key.to_owned(), value));
        }
        self
    }
}
