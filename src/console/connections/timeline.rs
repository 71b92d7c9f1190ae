//! The timeline in words: who and what, never a value.

use crate::platform::activity::{ActivityRow, Event};
use crate::platform::former_member::FORMER_MEMBER;

/// One line of the timeline.
pub(super) struct TimelineItem {
    pub(super) tone: &'static str,
    pub(super) text: String,
    pub(super) iso: String,
    pub(super) words: String,
}

pub(super) fn items(rows: &[ActivityRow]) -> Vec<TimelineItem> {
    let mut rows: Vec<&ActivityRow> = rows.iter().collect();
    // A connection can be added, filled in and shared in one moment; nothing comes before adding it.
    rows.sort_by_key(|row| row.event == Event::ConnectionCreated);
    rows.into_iter()
        .map(|row| TimelineItem { tone: tone(row.event), text: text(row), iso: row.at.iso(), words: row.at.words() })
        .collect()
}

fn tone(event: Event) -> &'static str {
    match event {
        Event::Submitted
        | Event::Connected
        | Event::Reconnected
        | Event::Validated
        | Event::Finalised
        | Event::RunSucceeded
        | Event::ScheduleResumed => "ok",
        Event::NeedsReconnecting
        | Event::Revoked
        | Event::SecretsTakenOut
        | Event::SecretsRemoved
        | Event::ConnectionDeleted
        | Event::WebhookGaveUp
        | Event::WebhookDisabled
        | Event::ValidationFailed
        | Event::RunPartial
        | Event::RunFailed
        | Event::DestinationFailed
        | Event::RefusedByAirbyte
        | Event::ScheduleBlocked => "bad",
        _ => "",
    }
}

const TAKEN_OUT: &str = "The address was changed, so what was stored for the one before was taken out";

fn who(row: &ActivityRow) -> &str {
    match row.actor_name.as_str() {
        "" => "Somebody",
        FORMER_MEMBER => "A former member",
        name => name,
    }
}

fn text(row: &ActivityRow) -> String {
    let (who, detail) = (who(row), row.detail.as_str());
    match row.event {
        Event::ConnectionCreated => format!("{who} added the connection"),
        Event::DetailsSaved if detail.is_empty() => format!("{who} changed details"),
        Event::DetailsSaved => format!("{who} filled in: {detail}"),
        Event::SecretsTakenOut => format!("{TAKEN_OUT}: {detail}. It has to be given again"),
        Event::SecretsRemoved => format!("What {who} changed took stored secrets away: {detail}"),
        Event::DescriptionChanged => format!("{who} renamed it to “{detail}”"),
        Event::ConnectionDeleted => format!("{who} deleted the connection"),
        Event::CredentialsRead => format!("{who} read the credentials through the API"),
        Event::LinkCreated if detail.is_empty() => format!("{who} created a setup link"),
        Event::LinkCreated => format!("{who} created a setup link for {detail}"),
        Event::OpenedByPerson if row.actor_name.is_empty() => "Setup link opened by a person".to_owned(),
        Event::OpenedByPerson => format!("Setup link opened by a person (link for {who})"),
        Event::OpenedByScanner => format!("Setup link opened by a scanner or preview ({who}); nothing was spent"),
        Event::Submitted if detail.is_empty() => format!("{who} sent the form through the setup link"),
        Event::Submitted => format!("{who} sent details through the setup link: {detail}"),
        Event::Expired if detail.is_empty() => "Setup link expired unused".to_owned(),
        Event::Expired => format!("Setup link for {detail} expired unused"),
        Event::Revoked if detail.is_empty() => format!("{who} revoked a setup link"),
        Event::Revoked => format!("{who} revoked the setup link for {detail}"),
        Event::LinkHandedOver => format!("{who} handed a setup link over to {detail}"),
        Event::ClosedByRestore if detail.is_empty() => "A backup was put back, which closed a setup link".to_owned(),
        Event::ClosedByRestore => format!("A backup was put back, which closed the setup link for {detail}"),
        Event::CameThroughInviteLink => format!("It came through the invite link “{detail}”"),
        Event::ArrivalAccepted => format!("{who} accepted the connection"),
        Event::ArrivalRejected => format!("{who} rejected the connection; its details were erased"),
        Event::CallbackSet => format!("{who} set a webhook that is told when details come: {detail}"),
        Event::CallbackRemoved => format!("{who} removed the webhook to {detail}"),
        Event::WebhookGaveUp => format!("Webhook to {detail} failed at its last try"),
        Event::WebhookDisabled => format!("Webhook to {detail} is off: the receiver says it is gone"),
        Event::Connected if detail.is_empty() || detail == who => format!("{who} signed in with the provider"),
        Event::Connected => format!("{who} signed in with the provider as {detail}"),
        Event::NeedsReconnecting => "The provider ended the access. Somebody has to sign in again".to_owned(),
        Event::Reconnected if detail.is_empty() || detail == who => format!("{who} signed in again"),
        Event::Reconnected => format!("{who} signed in again as {detail}"),
        Event::ConfigUpdated => "The connector updated its configuration".to_owned(),
        Event::HostKeyKnown => format!("First contact with the jump server, whose host key is remembered: {detail}"),
        Event::HostKeyAccepted => format!("{who} accepted the host key of the jump server: {detail}"),
        Event::Validated => format!("Validated. {detail}"),
        Event::ValidationFailed => format!("Validation failed. {detail}"),
        Event::StreamsChosen => format!("{who} chose streams: {detail}"),
        Event::PlanChanged => format!("{who} changed when it runs and where the records go: {detail}"),
        Event::Finalised => format!("{who} finalised the connection"),
        Event::RunSucceeded => format!("Extraction done: {detail}"),
        Event::RunPartial => format!("Extraction done in part: {detail}"),
        Event::RunFailed => format!("Extraction failed. {detail}"),
        Event::DestinationChosen => format!("{who} chose it as the place for the records of {detail}"),
        Event::DestinationLeft => format!("{who} chose another place for the records of {detail}"),
        Event::DestinationFailed => format!("Records could not be written. {detail}"),
        Event::ScheduleBlocked => format!("The schedule could not start an extraction. {detail}"),
        Event::ScheduleResumed => "The schedule starts extractions again".to_owned(),
        other => of_records(other, who, detail),
    }
}

/// Who saw its records.
fn of_records(event: Event, who: &str, detail: &str) -> String {
    match event {
        Event::RecordsRead => format!("{who} looked at the first records of {detail}"),
        Event::RecordsDownloaded => format!("{who} downloaded the records of {detail}"),
        other => in_airbyte(other, detail),
    }
}

/// What happened to it in the workspace's Airbyte.
fn in_airbyte(event: Event, detail: &str) -> String {
    match event {
        Event::MadeInAirbyte => format!("Made or changed in Airbyte: {detail}"),
        Event::MadeAnewInAirbyte => format!("Somebody had deleted it in Airbyte, so it was made there anew: {detail}"),
        Event::RefusedByAirbyte => format!("It could not be made in Airbyte. {detail}"),
        Event::DeletedInAirbyte => detail.to_owned(),
        other => other.as_str().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::UtcTime;

    #[test]
    fn a_scanner_is_called_a_scanner() {
        let row = ActivityRow {
            at: UtcTime::from_unix(0).unwrap(),
            event: Event::OpenedByScanner,
            actor: "scanner".to_owned(),
            actor_name: "Slack".to_owned(),
            detail: String::new(),
        };
        assert!(text(&row).contains("scanner") && text(&row).contains("Slack"));
    }
}
