//! `VESTIBULE_SIGN_IN_ALLOW_CIDRS`.

use ipnet::IpNet;

use super::server::networks;
use super::source::{ConfigProblems, Source};

/// How members may sign in.
#[derive(Debug, Clone)]
pub struct SignInConfig {
    /// Ranges beside the public internet where identity providers may be.
    pub allow: Vec<IpNet>,
}

impl SignInConfig {
    pub(super) fn read(source: &dyn Source, problems: &mut ConfigProblems) -> Self {
        Self { allow: problems.parsed(source, "VESTIBULE_SIGN_IN_ALLOW_CIDRS", Vec::new(), networks) }
    }
}
