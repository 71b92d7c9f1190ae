//! `VESTIBULE_SIGN_IN_ALLOW_CIDRS`, `VESTIBULE_SESSION_IDLE_DAYS`, `VESTIBULE_SESSION_MAX_DAYS`.

use ipnet::IpNet;
use time::Duration;

use super::server::networks;
use super::source::{ConfigProblems, Source};
use crate::base::clock::UtcTime;

/// How members may sign in.
#[derive(Debug, Clone)]
pub struct SignInConfig {
    /// Ranges beside the public internet where identity providers may be.
    pub allow: Vec<IpNet>,
    /// How long sessions last.
    pub session: SessionLife,
}

/// How long sessions last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionLife {
    /// Without being seen.
    pub idle: Duration,
    /// Since signing in, however often they are seen.
    pub longest: Duration,
}

impl Default for SessionLife {
    fn default() -> Self {
        Self { idle: Duration::days(30), longest: Duration::days(90) }
    }
}

impl SessionLife {
    fn read(source: &dyn Source, problems: &mut ConfigProblems) -> Self {
        let own = Self::default();
        let days = |text: &str| match text.parse() {
            Ok(days @ 1..=365) => Ok(Duration::days(days)),
            _ => Err("must be a whole number of days from 1 to 365"),
        };
        let idle = problems.parsed(source, "VESTIBULE_SESSION_IDLE_DAYS", own.idle, days);
        let longest = problems.parsed(source, "VESTIBULE_SESSION_MAX_DAYS", own.longest.max(idle), days);
        if longest < idle {
            problems.add("VESTIBULE_SESSION_MAX_DAYS", "must not be less than VESTIBULE_SESSION_IDLE_DAYS".to_owned());
        }
        Self { idle, longest }
    }

    /// Up to when a session lasts that began then and is seen now.
    pub fn until(self, began: UtcTime, now: UtcTime) -> UtcTime {
        (now + self.idle).min(began + self.longest)
    }
}

impl SignInConfig {
    pub(super) fn read(source: &dyn Source, problems: &mut ConfigProblems) -> Self {
        Self {
            allow: problems.parsed(source, "VESTIBULE_SIGN_IN_ALLOW_CIDRS", Vec::new(), networks),
            session: SessionLife::read(source, problems),
        }
    }
}
