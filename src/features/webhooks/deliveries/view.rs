//! A delivery as pages show it.

use super::{Delivery, DeliveryAttempt, DeliveryState};
use crate::base::clock::UtcTime;
use crate::platform::web::urls;

/// A moment as templates print it.
#[derive(Debug, Clone)]
pub(crate) struct Moment {
    pub(crate) iso: String,
    pub(crate) words: String,
}

impl From<UtcTime> for Moment {
    fn from(at: UtcTime) -> Self {
        Self { iso: at.iso(), words: at.words() }
    }
}

/// One line of a list of deliveries.
#[derive(Debug, Clone)]
pub(crate) struct DeliveryItem {
    pub(crate) event: String,
    pub(crate) host: String,
    pub(crate) made: Moment,
    pub(crate) state: &'static str,
    pub(crate) tone: &'static str,
    pub(crate) next: Option<Moment>,
    pub(crate) url: String,
}

/// The lines of a list.
pub(crate) fn items(rows: &[Delivery]) -> Vec<DeliveryItem> {
    rows.iter().map(item).collect()
}

fn item(row: &Delivery) -> DeliveryItem {
    DeliveryItem {
        event: row.event.clone(),
        host: row.host(),
        made: row.created_at.into(),
        state: row.words(),
        tone: row.tone(),
        next: row.next_at.filter(|_| row.attempts > 0).map(Moment::from),
        url: urls::webhook_delivery(&row.id),
    }
}

impl Delivery {
    /// Where it is on its way, for people.
    pub fn words(&self) -> &'static str {
        match (self.state, self.attempts) {
            (DeliveryState::Pending, 0) => "Waiting",
            (DeliveryState::Pending, _) => "Trying again",
            (DeliveryState::Delivered, _) => "Delivered",
            (DeliveryState::GaveUp, _) => "Failed",
            (DeliveryState::Disabled, _) => "Not sent, receiver off",
        }
    }

    /// The tone of the badge.
    pub(in crate::features::webhooks) fn tone(&self) -> &'static str {
        match self.state {
            DeliveryState::Pending => "info",
            DeliveryState::Delivered => "ok",
            DeliveryState::GaveUp => "bad",
            DeliveryState::Disabled => "warn",
        }
    }
}

/// One try on the page of a delivery.
#[derive(Debug, Clone)]
pub(in crate::features::webhooks) struct AttemptItem {
    pub(in crate::features::webhooks) number: i32,
    pub(in crate::features::webhooks) at: Moment,
    /// The status, or "No answer".
    pub(in crate::features::webhooks) result: String,
    pub(in crate::features::webhooks) tone: &'static str,
    pub(in crate::features::webhooks) reason: String,
    pub(in crate::features::webhooks) took: String,
    pub(in crate::features::webhooks) answer: String,
}

pub(in crate::features::webhooks) fn attempt(row: &DeliveryAttempt) -> AttemptItem {
    AttemptItem {
        number: row.number,
        at: row.at.into(),
        result: row.status.map_or_else(|| "No answer".to_owned(), |status| status.to_string()),
        tone: if row.failure.is_none() { "ok" } else { "bad" },
        reason: row.reason().unwrap_or_default(),
        took: took(row.millis),
        answer: row.answer.clone(),
    }
}

fn took(millis: i32) -> String {
    if millis < 1_000 { format!("{millis} ms") } else { format!("{}.{} s", millis / 1_000, millis % 1_000 / 100) }
}

#[cfg(test)]
mod tests {
    use super::took;

    #[test]
    fn short_times_are_milliseconds() {
        assert_eq!(
            (took(12), took(1_000), took(15_049)),
            ("12 ms".to_owned(), "1.0 s".to_owned(), "15.0 s".to_owned())
        );
    }
}
