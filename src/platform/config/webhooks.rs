//! `VESTIBULE_WEBHOOK_RETRY_SCHEDULE`, `VESTIBULE_WEBHOOK_ALLOW_CIDRS`.

use std::time::Duration;

use ipnet::IpNet;

use super::server::networks;
use super::source::{ConfigProblems, Source};

const MOST_STEPS: usize = 50;
const LONGEST_STEP: u64 = 7 * 86_400;
/// Seconds before each try: over three days in all.
const DEFAULT: [u64; 10] = [0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];

/// How webhooks are delivered.
#[derive(Debug, Clone)]
pub struct WebhooksConfig {
    /// The wait before each try; as many tries as there are waits.
    pub retry_schedule: Vec<Duration>,
    /// Ranges beside the public internet that webhooks may go to.
    pub allow: Vec<IpNet>,
}

impl WebhooksConfig {
    pub(super) fn read(source: &dyn Source, problems: &mut ConfigProblems) -> Self {
        let usual = DEFAULT.map(Duration::from_secs).to_vec();
        let retry_schedule = problems.parsed(source, "VESTIBULE_WEBHOOK_RETRY_SCHEDULE", usual, schedule);
        let allow = problems.parsed(source, "VESTIBULE_WEBHOOK_ALLOW_CIDRS", Vec::new(), networks);
        Self { retry_schedule, allow }
    }
}

fn schedule(text: &str) -> Result<Vec<Duration>, &'static str> {
    let steps: Result<Vec<u64>, _> = text.split(',').map(|step| step.trim().parse::<u64>()).collect();
    match steps {
        Ok(steps) if steps.len() <= MOST_STEPS && steps.iter().all(|step| *step <= LONGEST_STEP) => {
            Ok(steps.into_iter().map(Duration::from_secs).collect())
        }
        _ => Err("must be up to 50 whole numbers of seconds, comma-separated, none over 604800, like 0,5,300"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_is_numbers_of_seconds() {
        assert_eq!(schedule("0, 5,300"), Ok([0, 5, 300].map(Duration::from_secs).to_vec()));
        for text in ["", "1,", "-1", "1.5", "604801", "soon"] {
            assert!(schedule(text).is_err(), "{text}");
        }
    }
}
