//! What a browser sent, before anything is believed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Bound;

use secrecy::{ExposeSecret, SecretString};

/// Field names and what was posted under each, in order. Any value may be a secret, so none can be printed.
#[derive(Clone, Default)]
pub struct RawForm {
    fields: BTreeMap<String, Vec<SecretString>>,
}

/// Why a body is not read as a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RawFormError {
    /// More than [`RawForm::MAX_BYTES`].
    #[error("the form is larger than 4 MB")]
    TooLarge,
    /// More than [`RawForm::MAX_PAIRS`].
    #[error("the form has more than 2,000 fields")]
    TooManyFields,
    /// Not UTF-8 text, or a percent sign without two hexadecimal digits.
    #[error("the form is not readable text")]
    NotText,
}

impl RawForm {
    /// The longest body that is read, in bytes.
    pub const MAX_BYTES: usize = 4 * 1024 * 1024;
    /// The most name-value pairs that are read.
    pub const MAX_PAIRS: usize = 2_000;

    /// A form of these names and values.
    pub fn from_pairs(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut fields: BTreeMap<String, Vec<SecretString>> = BTreeMap::new();
        for (name, value) in pairs {
            fields.entry(name).or_default().push(value.into());
        }
        Self { fields }
    }

    /// Reads a body of `application/x-www-form-urlencoded` (URL Standard, section 5.1), strictly: a damaged secret is
    /// refused, not repaired.
    ///
    /// # Errors
    /// [`RawFormError`] when the body is too large or is no text.
    pub fn parse(body: &[u8]) -> Result<Self, RawFormError> {
        if body.len() > Self::MAX_BYTES {
            return Err(RawFormError::TooLarge);
        }
        let mut fields: BTreeMap<String, Vec<SecretString>> = BTreeMap::new();
        for (count, pair) in body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()).enumerate() {
            if count >= Self::MAX_PAIRS {
                return Err(RawFormError::TooManyFields);
            }
            let mut halves = pair.splitn(2, |byte| *byte == b'=');
            let name = decode(halves.next().unwrap_or_default())?;
            let value = decode(halves.next().unwrap_or_default())?;
            fields.entry(name).or_default().push(value.into());
        }
        Ok(Self { fields })
    }

    /// What was posted first under the name.
    #[must_use]
    pub fn first(&self, name: &str) -> Option<&str> {
        self.fields.get(name)?.first().map(ExposeSecret::expose_secret)
    }

    /// Everything that was posted under the name.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.fields.get(name).into_iter().flatten().map(ExposeSecret::expose_secret)
    }

    /// The names of all fields that have some text.
    pub fn answered(&self) -> impl Iterator<Item = &str> {
        let has_text = |texts: &[SecretString]| texts.iter().any(|text| !text.expose_secret().trim().is_empty());
        self.fields.iter().filter(move |(_, texts)| has_text(texts)).map(|(name, _)| name.as_str())
    }

    /// Whether the name was posted at all.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.fields.contains_key(name)
    }

    /// Whether the name, or any name inside it, was posted.
    #[must_use]
    pub fn has_within(&self, name: &str) -> bool {
        self.has(name) || self.inside(name).next().is_some()
    }

    /// Whether anything but blanks was posted under a name inside this one. Control fields (`/x/~set`) do not count.
    #[must_use]
    pub fn has_text_within(&self, name: &str) -> bool {
        let is_control = |field: &str| field.rsplit('/').next().is_some_and(|last| last.starts_with('~'));
        self.inside(name)
            .filter(|field| !is_control(field))
            .any(|field| self.all(field).any(|text| !text.trim().is_empty()))
    }

    /// The row numbers that occur directly inside the name: `/reports/3/name` gives 3 for `/reports`. Numbers from
    /// `most` on are left out.
    #[must_use]
    pub fn rows(&self, name: &str, most: usize) -> BTreeSet<usize> {
        let number = |field: &str| -> Option<usize> {
            let digits = field.get(name.len() + 1..)?.split('/').next()?;
            let number: usize = digits.parse().ok()?;
            (number < most && number.to_string() == digits).then_some(number)
        };
        self.inside(name).filter_map(number).collect()
    }

    /// A held secret stands in where its field was posted blank. A field that was not posted stays so.
    pub fn fill_blank(&mut self, held: &BTreeMap<String, SecretString>) {
        for (name, secret) in held {
            if let Some(values) = self.fields.get_mut(name)
                && values.iter().all(|value| value.expose_secret().trim().is_empty())
            {
                *values = vec![secret.clone()];
            }
        }
    }

    fn inside(&self, name: &str) -> impl Iterator<Item = &str> {
        let from = format!("{name}/");
        let stop = from.clone();
        let range = self.fields.range::<String, _>((Bound::Included(from), Bound::Unbounded));
        range.map(|(field, _)| field.as_str()).take_while(move |field| field.starts_with(&stop))
    }
}

impl fmt::Debug for RawForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.fields.keys()).finish()
    }
}

fn decode(text: &[u8]) -> Result<String, RawFormError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.iter();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let (high, low) = (hex(rest.next()), hex(rest.next()));
                high.zip(low).map(|(high, low)| high * 16 + low).ok_or(RawFormError::NotText)?
            }
            plain => *plain,
        });
    }
    String::from_utf8(bytes).map_err(|_| RawFormError::NotText)
}

fn hex(digit: Option<&u8>) -> Option<u8> {
    let value = char::from(*digit?).to_digit(16)?;
    u8::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_read_strictly() {
        let form = RawForm::parse(b"/a=1+2%2F%c3%A9&/a=x&/b&&/c=%00").unwrap();
        assert_eq!(form.all("/a").collect::<Vec<_>>(), ["1 2/\u{e9}", "x"]);
        assert_eq!((form.first("/b"), form.first("/c"), form.first("/d")), (Some(""), Some("\0"), None));
        assert_eq!(RawForm::parse(b"/a=%G0").err(), Some(RawFormError::NotText));
        assert_eq!(RawForm::parse(b"/a=%ff").err(), Some(RawFormError::NotText));
        assert_eq!(RawForm::parse("a=1&".repeat(2_001).as_bytes()).err(), Some(RawFormError::TooManyFields));
        assert_eq!(RawForm::parse(&vec![b'a'; RawForm::MAX_BYTES + 1]).err(), Some(RawFormError::TooLarge));
    }

    #[test]
    fn names_only_are_printed_and_rows_are_numbers() {
        let form = RawForm::from_pairs([
            ("/r/0/x".into(), "hidden-value".into()),
            ("/r/07/x".into(), String::new()),
            ("/r/99/x".into(), String::new()),
        ]);
        assert_eq!(format!("{form:?}"), r#"{"/r/0/x", "/r/07/x", "/r/99/x"}"#);
        assert_eq!(form.rows("/r", 50), BTreeSet::from([0]));
        assert!(form.has_within("/r/0") && !form.has_within("/r/1"));
    }

    #[test]
    fn a_held_secret_fills_a_blank_and_nothing_else() {
        let held = ["/a", "/b", "/c"].map(|name| (name.to_owned(), SecretString::from("kept"))).into();
        let mut form = RawForm::from_pairs([("/a".into(), String::new()), ("/b".into(), "typed".into())]);
        form.fill_blank(&held);
        assert_eq!((form.first("/a"), form.first("/b"), form.first("/c")), (Some("kept"), Some("typed"), None));
    }
}
