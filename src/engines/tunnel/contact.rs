//! What is known of a jump server where nobody listens while the way is opened, and what it has shown.

use std::sync::{Arc, Mutex, PoisonError};

use super::HostKey;

/// The key that a jump server had the last time, and the one it has shown since. Clones see the same.
#[derive(Debug, Clone, Default)]
pub(in crate::engines) struct JumpContact {
    known: Option<HostKey>,
    shown: Arc<Mutex<Option<HostKey>>>,
}

impl JumpContact {
    pub(in crate::engines) fn knowing(known: Option<&HostKey>) -> Self {
        Self { known: known.cloned(), shown: Arc::default() }
    }

    pub(in crate::engines) fn known(&self) -> Option<&HostKey> {
        self.known.as_ref()
    }

    /// Keeps a key that is not the known one.
    pub(in crate::engines) fn note(&self, key: &HostKey) {
        if self.known.as_ref() != Some(key) {
            *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = Some(key.clone());
        }
    }

    /// A key that was shown and is not the known one.
    pub(in crate::engines) fn shown(&self) -> Option<HostKey> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
