//! `VESTIBULE_METRICS_TOKEN`.

use secrecy::SecretString;

use super::source::{ConfigProblems, Source};

/// A shorter token could be guessed.
const SHORTEST_TOKEN: usize = 16;

/// Who may read `/metrics`.
#[derive(Debug, Clone)]
pub struct MetricsConfig {
    /// What a reader has to show; `None`: only this machine itself may read.
    pub token: Option<SecretString>,
}

impl MetricsConfig {
    pub(super) fn read(source: &dyn Source, problems: &mut ConfigProblems) -> Self {
        let token = problems.parsed(source, "VESTIBULE_METRICS_TOKEN", None, |text| {
            let fits = text.len() >= SHORTEST_TOKEN && text.bytes().all(|byte| byte.is_ascii_graphic());
            if fits {
                Ok(Some(SecretString::from(text)))
            } else {
                Err("must be at least 16 characters without a space")
            }
        });
        Self { token }
    }
}
