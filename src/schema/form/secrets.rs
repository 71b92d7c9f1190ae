//! Which secrets there are, whether one holds their values or only knows of them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use secrecy::SecretString;

use crate::base::forms::FieldPath;

/// A set of secrets by path.
pub(super) trait SecretSet {
    /// Every path inside `path`, itself included.
    fn within<'a>(&'a self, path: &'a FieldPath) -> Box<dyn Iterator<Item = &'a FieldPath> + 'a>;

    fn any_within(&self, path: &FieldPath) -> bool {
        self.within(path).next().is_some()
    }
}

/// A set of secrets with the values that are at hand.
pub(super) trait SecretValues: SecretSet {
    /// Nothing where none is set; nothing in it where its value is not at hand.
    fn kept(&self, path: &FieldPath) -> Option<Option<&SecretString>>;
}

/// A secret that is set: with its value, or known of without.
#[derive(Clone, Debug, Default)]
pub(super) struct SetSecret {
    pub(super) text: Option<SecretString>,
    /// The revision that set it.
    pub(super) since: i64,
}

/// Secrets that are set.
pub(super) type KnownSecrets = BTreeMap<FieldPath, SetSecret>;

impl SecretSet for BTreeSet<FieldPath> {
    fn within<'a>(&'a self, path: &'a FieldPath) -> Box<dyn Iterator<Item = &'a FieldPath> + 'a> {
        Box::new(
            self.range::<str, _>((Bound::Included(path.as_str()), Bound::Unbounded))
                .take_while(|found| found.as_str().starts_with(path.as_str()))
                .filter(|found| found.is_within(path)),
        )
    }
}

impl SecretSet for KnownSecrets {
    fn within<'a>(&'a self, path: &'a FieldPath) -> Box<dyn Iterator<Item = &'a FieldPath> + 'a> {
        within_map(self, path)
    }
}

impl SecretSet for BTreeMap<FieldPath, i64> {
    fn within<'a>(&'a self, path: &'a FieldPath) -> Box<dyn Iterator<Item = &'a FieldPath> + 'a> {
        within_map(self, path)
    }
}

impl SecretSet for BTreeMap<FieldPath, SecretString> {
    fn within<'a>(&'a self, path: &'a FieldPath) -> Box<dyn Iterator<Item = &'a FieldPath> + 'a> {
        within_map(self, path)
    }
}

impl SecretValues for BTreeSet<FieldPath> {
    fn kept(&self, path: &FieldPath) -> Option<Option<&SecretString>> {
        self.contains(path).then_some(None)
    }
}

impl SecretValues for KnownSecrets {
    fn kept(&self, path: &FieldPath) -> Option<Option<&SecretString>> {
        self.get(path).map(|secret| secret.text.as_ref())
    }
}

impl SecretValues for BTreeMap<FieldPath, SecretString> {
    fn kept(&self, path: &FieldPath) -> Option<Option<&SecretString>> {
        self.get(path).map(Some)
    }
}

/// `/a-b` sorts between `/a` and `/a/b`, so the range is filtered once more.
fn within_map<'a, V>(
    map: &'a BTreeMap<FieldPath, V>,
    path: &'a FieldPath,
) -> Box<dyn Iterator<Item = &'a FieldPath> + 'a> {
    let from = map.range::<str, _>((Bound::Included(path.as_str()), Bound::Unbounded));
    Box::new(
        from.map(|(found, _)| found)
            .take_while(|found| found.as_str().starts_with(path.as_str()))
            .filter(|found| found.is_within(path)),
    )
}
