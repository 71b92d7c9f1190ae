//! A trigger as programs write and read it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::base::clock::UtcTime;
use crate::features::streams::{Cron, Plan, Trigger, TriggerFault};

/// When a source is read.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "TriggerChoice")]
pub struct TriggerChoiceIn {
    /// By hand, or by the clock.
    #[serde(rename = "type")]
    kind: TriggerKind,
    /// For `cron`: minute, hour, day of month, month, day of week; or `@hourly`, `@daily`, `@weekly`, `@monthly`, `@yearly`.
    #[serde(default)]
    cron: Option<String>,
    /// For `cron`: a name like `Europe/Lisbon`; UTC when left out.
    #[serde(default)]
    time_zone: Option<String>,
}

/// By hand, or by the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TriggerKind {
    /// When somebody says so.
    Manual,
    /// By a schedule.
    Cron,
}

impl TriggerChoiceIn {
    /// The trigger, validated.
    ///
    /// # Errors
    /// What is wrong with the schedule.
    pub fn read(&self, now: UtcTime) -> Result<Trigger, TriggerFault> {
        match self.kind {
            TriggerKind::Manual => Ok(Trigger::Manual),
            TriggerKind::Cron => {
                let (expression, zone) = (self.cron.as_deref().unwrap_or_default(), self.time_zone.as_deref());
                Cron::parse(expression, zone.unwrap_or_default(), now).map(Trigger::Cron)
            }
        }
    }

    /// Which member a fault is about.
    pub fn member(fault: TriggerFault) -> &'static str {
        match fault {
            TriggerFault::NotCron | TriggerFault::Never => "cron",
            TriggerFault::NotZone => "time_zone",
        }
    }
}

/// When a source is read, and when it comes next.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "TriggerState")]
pub struct TriggerOut {
    /// By hand, or by the clock.
    #[serde(rename = "type")]
    kind: TriggerKind,
    /// Minute, hour, day of month, month, day of week.
    cron: Option<String>,
    /// The zone of the schedule.
    time_zone: Option<String>,
    /// When it comes next (RFC 3339, UTC).
    #[schemars(extend("format" = "date-time"))]
    next_at: Option<String>,
    /// Since when its times start nothing (RFC 3339, UTC); nothing when they do.
    #[schemars(extend("format" = "date-time"))]
    blocked_since: Option<String>,
    /// Why, for people. It tries again at each of its times.
    blocked_reason: Option<String>,
}

impl From<&Plan> for TriggerOut {
    fn from(plan: &Plan) -> Self {
        let (kind, cron, time_zone) = match &plan.trigger {
            Trigger::Manual => (TriggerKind::Manual, None, None),
            Trigger::Cron(Cron { expression, zone }) => {
                (TriggerKind::Cron, Some(expression.clone()), Some(zone.clone()))
            }
        };
        Self {
            kind,
            cron,
            time_zone,
            next_at: plan.next_at.map(UtcTime::iso),
            blocked_since: plan.blocked.as_ref().map(|blocked| blocked.since.iso()),
            blocked_reason: plan.blocked.as_ref().map(|blocked| blocked.reason.clone()),
        }
    }
}
