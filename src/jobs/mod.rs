//! What must happen later: rows written in the transaction of the deed, done by a worker that claims (a lease), commits,
//! works, and records. A worker that dies loses its lease, and another does the job again: every job must bear that.

mod crew;
mod store;
mod work;
mod worker;

pub use crew::{Piece, Taking, Trade, run_trade_due, run_trade_until};
pub use store::{enqueue, ensure_recurring};
pub use work::{INTERRUPTED, INTERRUPTED_REASON, LogBuffer, LogLine, WORK_BEAT, WORK_LEASE, WorkState, is_abandoned};
pub use worker::{run_due, run_until};

use std::time::Duration;

use crate::ids::{AccountLinkId, InviteLinkId, OauthGrantId, SetupLinkId, WebhookDeliveryId};
use crate::invite_links::Notice;

/// A thing to do. The payload is ids, never data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Job {
    /// Tell the member who asked that a recipient sent details.
    SubmissionMail(SetupLinkId),
    /// Send a one-use account link (an invitation, or a new password).
    AccountMail(AccountLinkId),
    /// Tell the owners that a webhook was given up.
    WebhookGaveUpMail(WebhookDeliveryId),
    /// Tell the member who made an invite link something about it.
    InviteLinkMail(Notice, InviteLinkId),
    /// Renew the tokens of a grant before they end.
    RenewGrant(OauthGrantId),
    /// Give a grant that nobody lives on back to its provider.
    GiveBackGrant(OauthGrantId),
    /// Tell the owners that somebody has to sign in again.
    ReconnectMail(OauthGrantId),
    /// Note what has expired and delete what is over; every minute.
    Sweep,
}

impl Job {
    fn kind(&self) -> &'static str {
        match self {
            Self::SubmissionMail(_) => "submission_mail",
            Self::AccountMail(_) => "account_mail",
            Self::WebhookGaveUpMail(_) => "webhook_gave_up_mail",
            Self::InviteLinkMail(notice, _) => notice.as_str(),
            Self::RenewGrant(_) => "renew_grant",
            Self::GiveBackGrant(_) => "give_back_grant",
            Self::ReconnectMail(_) => "reconnect_mail",
            Self::Sweep => "sweep",
        }
    }

    fn payload(&self) -> &str {
        match self {
            Self::SubmissionMail(id) => id.as_str(),
            Self::AccountMail(id) => id.as_str(),
            Self::WebhookGaveUpMail(id) => id.as_str(),
            Self::InviteLinkMail(_, id) => id.as_str(),
            Self::RenewGrant(id) | Self::GiveBackGrant(id) | Self::ReconnectMail(id) => id.as_str(),
            Self::Sweep => "",
        }
    }

    /// Whether it comes round for ever. Such a job is never given up: nobody would put it back.
    fn recurs(&self) -> bool {
        matches!(self, Self::Sweep)
    }

    fn read(kind: &str, payload: &str) -> Option<Self> {
        match kind {
            "submission_mail" => Some(Self::SubmissionMail(SetupLinkId::from_text(payload))),
            "account_mail" => Some(Self::AccountMail(AccountLinkId::from_text(payload))),
            "webhook_gave_up_mail" => Some(Self::WebhookGaveUpMail(WebhookDeliveryId::from_text(payload))),
            "renew_grant" => Some(Self::RenewGrant(OauthGrantId::from_text(payload))),
            "give_back_grant" => Some(Self::GiveBackGrant(OauthGrantId::from_text(payload))),
            "reconnect_mail" => Some(Self::ReconnectMail(OauthGrantId::from_text(payload))),
            "sweep" => Some(Self::Sweep),
            other => Some(Self::InviteLinkMail(Notice::parse(other)?, InviteLinkId::from_text(payload))),
        }
    }
}

/// What became of a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The job is over.
    Done,
    /// It failed, and trying again may help.
    Retry {
        /// For the operator; never a secret.
        reason: String,
    },
    /// It failed for good.
    GiveUp {
        /// For the operator; never a secret.
        reason: String,
    },
    /// It is done for now and comes again.
    Again {
        /// After this long.
        after: Duration,
    },
}

/// A job is tried this often before it is given up.
pub const MOST_ATTEMPTS: i32 = 8;
/// How long a worker owns a job it has claimed.
pub const LEASE: time::Duration = time::Duration::seconds(120);

/// How long to wait before the next try: half a minute, then four times as long each time, at most eight hours.
pub fn backoff(attempts: i32) -> time::Duration {
    let exponent = u32::try_from(attempts.saturating_sub(1)).unwrap_or(0).min(8);
    time::Duration::seconds((30 * 4_i64.saturating_pow(exponent)).min(8 * 3600))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_are_bounded() {
        let waits: Vec<i64> = (1..=9).map(|attempt| backoff(attempt).whole_seconds()).collect();
        assert_eq!(waits, [30, 120, 480, 1_920, 7_680, 28_800, 28_800, 28_800, 28_800]);
    }

    #[test]
    fn a_job_reads_back_as_itself() {
        let gave_up = Job::WebhookGaveUpMail(WebhookDeliveryId::from_text("c"));
        for job in [
            Job::SubmissionMail(SetupLinkId::from_text("a")),
            Job::AccountMail(AccountLinkId::from_text("b")),
            gave_up,
            Job::InviteLinkMail(Notice::Busy, InviteLinkId::from_text("d")),
            Job::RenewGrant(OauthGrantId::from_text("d")),
            Job::GiveBackGrant(OauthGrantId::from_text("e")),
            Job::ReconnectMail(OauthGrantId::from_text("f")),
            Job::Sweep,
        ] {
            assert_eq!(Job::read(job.kind(), job.payload()), Some(job));
        }
        assert_eq!(Job::read("unknown", ""), None);
    }
}
