//! How long things are kept: every table has a rule, a workspace's owners say how many days, and a sweep forgets what is over.
//!
//! Why: what happened, was tried and was told grows with every day. A workspace that is used for years must neither slow down nor keep
//! what nobody needs.
//!
//! Invariants: [`TABLES`] names every table there is. What the product still goes by is never forgotten: links that open something, the
//! newest validation and the newest success of a connection, the newest run of a source and the one whose position the next begins at,
//! webhooks on their way. A sweep takes few rows in each transaction.

mod erase;
pub mod pages;
mod steps;
mod store;
mod sweep;

pub use store::{keep_for, kept_for};
pub use sweep::sweep;

use crate::base::text_column::text_enum;

text_enum! {
    /// What is kept for a number of days that a workspace chooses.
    pub enum RetentionKind {
        /// Rows of timelines.
        Activity = "activity" => "What happened: timelines",
        /// Runs with their logs, and the records they left in files.
        Runs = "runs" => "Extractions, with the records they left as files",
        /// What runs said.
        RunLogs = "run_logs" => "Logs of extractions",
        /// Validations with their logs and the streams they found.
        Validations = "validations" => "Validations, with their logs",
        /// Webhook messages with their deliveries and tries.
        Webhooks = "webhooks" => "Webhooks that were delivered or given up",
        /// Setup links that are closed, and what came through invite links.
        Links = "links" => "Closed setup links and receipts",
        /// Invitations and links for new passwords that open nothing any more.
        AccountLinks = "account_links" => "Invitations and password links that are over",
        /// Earlier states of connections' values.
        Revisions = "revisions" => "Earlier details of connections, for forms that are open still",
        /// Connections that were deleted, with everything about them.
        Deleted = "deleted" => "Deleted connections, with everything about them",
    }
}

impl RetentionKind {
    /// Days where a workspace has said nothing.
    pub const fn default_days(self) -> i32 {
        match self {
            Self::Activity => 730,
            Self::Runs | Self::Links => 365,
            Self::Validations => 180,
            Self::RunLogs | Self::Webhooks | Self::AccountLinks | Self::Revisions => 90,
            Self::Deleted => 30,
        }
    }

    /// What stays in any case, as a sentence; empty when nothing does.
    pub const fn stays(self) -> &'static str {
        match self {
            Self::Activity | Self::AccountLinks => "",
            Self::Runs => "The last extraction of each source stays, and the one that the next goes on from.",
            Self::RunLogs => "They go with their extraction at the latest.",
            Self::Validations => "The last validation of each connection stays, and the last that succeeded.",
            Self::Webhooks => "What is still on its way stays.",
            Self::Links => {
                "A link stays as long as a timeline speaks of it, and tells whoever opens it what became of it."
            }
            Self::Revisions => {
                "The details of now stay, and what a page that was opened since shows. No secret is among them."
            }
            Self::Deleted => {
                "Records in an output layer of yours stay there; what a destination holds in the data folder of this server goes."
            }
        }
    }
}

/// The numbers of days one can choose among.
pub const CHOICES: [i32; 8] = [1, 7, 30, 90, 180, 365, 730, 1_825];
/// Jobs that failed for good are kept so long; they belong to the installation.
pub const FAILED_JOBS_KEPT: time::Duration = time::Duration::days(90);

/// How long rows of a table stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableRule {
    /// As long as what they belong to; there are as many as people have made.
    WithOwner(&'static str),
    /// Until the moment each row carries; a sweep every minute takes them away.
    UntilTheirEnd,
    /// For a number of days.
    For(RetentionKind),
    /// Until they are done; those that failed for [`FAILED_JOBS_KEPT`].
    UntilDone,
}

use RetentionKind::{AccountLinks, Activity, Deleted, Links, Revisions, RunLogs, Runs, Validations, Webhooks};
use TableRule::{For, UntilDone, UntilTheirEnd, WithOwner};

/// Every table, and how long its rows stay.
pub const TABLES: &[(&str, TableRule)] = &[
    ("instance", WithOwner("the installation")),
    ("workspaces", WithOwner("the installation")),
    ("members", WithOwner("the workspace; a removed member's name stands beside what they did")),
    ("identities", WithOwner("the members who sign in as it")),
    ("sessions", UntilTheirEnd),
    ("session_workspaces", WithOwner("the session")),
    ("counted_tries", UntilTheirEnd),
    ("slowed_tries", UntilTheirEnd),
    ("account_links", For(AccountLinks)),
    ("api_keys", WithOwner("the workspace; a revoked key stays in the list")),
    ("connections", For(Deleted)),
    ("connection_revisions", For(Revisions)),
    ("connection_words", WithOwner("the connection")),
    ("invite_links", WithOwner("the workspace; a deleted link tells whoever opens it that it was deleted")),
    ("invite_link_words", WithOwner("the invite link")),
    ("invite_submissions", For(Links)),
    ("setup_links", For(Links)),
    ("held_secrets", UntilTheirEnd),
    ("activity", For(Activity)),
    ("idempotency_keys", UntilTheirEnd),
    ("jobs", UntilDone),
    ("webhook_secrets", UntilTheirEnd),
    ("webhook_endpoints", WithOwner("the workspace; a deleted endpoint stands beside its deliveries")),
    ("callback_webhooks", WithOwner("the connection")),
    ("webhook_messages", For(Webhooks)),
    ("webhook_deliveries", For(Webhooks)),
    ("webhook_attempts", For(Webhooks)),
    ("oauth_apps", WithOwner("the workspace")),
    ("oauth_sign_ins", UntilTheirEnd),
    ("oauth_attempts", UntilTheirEnd),
    ("oauth_grants", WithOwner("the connections that live on it")),
    ("oauth_uses", WithOwner("the connection")),
    ("sign_in_providers", WithOwner("the workspace")),
    ("sign_in_attempts", UntilTheirEnd),
    ("sign_in_identities", WithOwner("the member")),
    ("connector_installs", WithOwner("the data folder; of each connector the last one that was asked for")),
    ("validations", For(Validations)),
    ("validation_logs", For(Validations)),
    ("plans", WithOwner("the connection")),
    ("runs", For(Runs)),
    ("run_logs", For(RunLogs)),
    ("sync_states", WithOwner("the connection")),
    ("output_layers", WithOwner("the workspace")),
    ("extraction_engines", WithOwner("the workspace")),
    ("airbyte_objects", WithOwner("the connection")),
    ("sequences", WithOwner("the installation")),
    ("list_counts", WithOwner("the workspace; a row tells how many of a list there are")),
    ("retention_settings", WithOwner("the workspace")),
];

/// "1 day", "3 months", "5 years".
pub fn days_in_words(days: i32) -> String {
    let (count, one, many) = match days {
        days if days >= 365 && days % 365 == 0 => (days / 365, "year", "years"),
        days if days >= 30 && days % 30 == 0 => (days / 30, "month", "months"),
        days => (days, "day", "days"),
    };
    format!("{count} {}", if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_default_is_one_of_the_choices() {
        for kind in RetentionKind::ALL {
            assert!(CHOICES.contains(&kind.default_days()), "{kind:?}");
        }
    }

    #[test]
    fn days_are_said_as_people_say_them() {
        let words: Vec<String> = CHOICES.iter().map(|days| days_in_words(*days)).collect();
        assert_eq!(words, ["1 day", "7 days", "1 month", "3 months", "6 months", "1 year", "2 years", "5 years"]);
    }
}
