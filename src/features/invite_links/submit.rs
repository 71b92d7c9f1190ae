//! What a submission does to an invite link: connections are made, one of the form or one of every account that was chosen, and who wants
//! to know is told. Of many at once no more succeed than the link allows.

use super::store::{self, InviteLink};
use super::submissions::{self, NewSubmission};
use super::{Notice, Usage, jobs, make};
use crate::base::error::{AppError, AppResult};
use crate::base::ids::{InviteSubmissionId, OauthGrantId};
use crate::features::connections::{self, Arriving, Connection};
use crate::features::oauth;
use crate::features::oauth::provider_client::Account;
use crate::features::recipient::{
    FormMark, NewReceipt, RecipientSubmission, SentBefore, SubmitError, TakesSubmissions, held,
};
use crate::features::webhooks::{self, ArrivalDeed};
use crate::platform::activity::{Actor, Entry, Event};
use crate::platform::app::App;
use crate::platform::db::Conn;
use crate::platform::tx::Tx;
use crate::platform::web::urls;
use crate::schema::form::Submission;

impl TakesSubmissions for InviteLink {
    fn receipt_key(&self, app: &App, nonce: &str) -> String {
        app.receipt_marks.text(&[b"invite", self.id.as_str().as_bytes(), nonce.as_bytes()])
    }

    fn receipt_url(key: &str) -> String {
        urls::invite_receipt(key)
    }

    fn sent_before(&self, conn: &mut Conn, form: &FormMark) -> AppResult<SentBefore> {
        let taken = submissions::find_by_nonce(conn, &self.id, &form.nonce)?;
        Ok(taken.map_or(SentBefore::Nothing, |taken| form.beside(Some(&form.nonce), taken.form_digest.as_deref())))
    }

    fn redeem(&self, tx: &mut Tx<'_>, sent: &RecipientSubmission, receipt: &NewReceipt) -> Result<bool, SubmitError> {
        let count = i32::try_from(sent.each.len().max(1)).unwrap_or(i32::MAX);
        if !store::redeem(tx.conn, self, count, tx.now)? {
            return Ok(false);
        }
        // From here to the end of the transaction the row is ours: nobody changes the link or writes this submission meanwhile.
        match self.sent_before(tx.conn, &sent.form)? {
            SentBefore::Nothing => {}
            SentBefore::Same => return Err(SubmitError::SentTwice),
            SentBefore::Other => return Err(SubmitError::SentOther),
        }
        let new = NewSubmission {
            id: &InviteSubmissionId::new(tx.now, tx.rng),
            workspace_id: &self.workspace_id,
            link: &self.id,
            form: &sent.form,
            receipt_hash: &receipt.hash,
            receipt: &receipt.number,
            identity: &sent.identity,
            submitted_fields: &receipt.provided,
            empty_fields: &receipt.left_empty,
            connection_count: count,
            now: tx.now,
        };
        new.insert(tx.conn)?;
        Ok(true)
    }

    fn store(&self, tx: &mut Tx<'_>, sent: &RecipientSubmission) -> Result<(), SubmitError> {
        let link = store::find_by_id(tx.conn, &self.id)?.ok_or(AppError::NotFound)?;
        // The one grant on which all connections of this submission live.
        let grant =
            sent.completed.as_ref().map(|completed| completed.grant.store(tx, &link.workspace_id)).transpose()?;
        for arrival in arrivals(&link, sent) {
            arrive(tx, &link, sent, &arrival, grant.as_ref())?;
        }
        match link.usage {
            Usage::Once => make::forget_all(tx.conn, &link.id)?,
            Usage::Reusable => held::drop_form(tx.conn, link.id.as_str(), &sent.form.nonce)?,
        }
        Ok(notify(tx, &link)?)
    }
}

/// One connection that a submission makes.
struct NewArrival<'a> {
    description: String,
    submission: &'a Submission,
    /// The provider's account it is for, when there is one.
    account: Option<&'a Account>,
}

fn arrivals<'a>(link: &InviteLink, sent: &'a RecipientSubmission) -> Vec<NewArrival<'a>> {
    let of_account = |(account, submission): &'a (Account, Submission)| NewArrival {
        description: description(link, sent, &account.label),
        submission,
        account: Some(account),
    };
    if !sent.each.is_empty() {
        return sent.each.iter().map(of_account).collect();
    }
    let submission = sent.completed.as_ref().map_or(&sent.submission, |completed| &completed.submission);
    vec![NewArrival { description: description(link, sent, &sent.identity), submission, account: None }]
}

/// What a new connection is called: whose it is, and what it is; else as its link is called.
fn description(link: &InviteLink, sent: &RecipientSubmission, whose: &str) -> String {
    let name = match whose {
        "" => link.name.clone(),
        who => format!("{who} – {}", sent.connector.name()),
    };
    name.chars().filter(|letter| !letter.is_control()).take(connections::LONGEST_DESCRIPTION).collect()
}

fn arrive(
    tx: &mut Tx<'_>,
    link: &InviteLink,
    sent: &RecipientSubmission,
    arrival: &NewArrival<'_>,
    grant: Option<&OauthGrantId>,
) -> AppResult<()> {
    let new = Arriving {
        workspace: &link.workspace_id,
        connector: &sent.connector,
        description: &arrival.description,
        link: &link.id,
        link_name: &link.name,
        identity: &sent.identity,
        wants_approval: link.wants_approval(),
        submission: arrival.submission,
        // Beside a sign-in, what was filled in comes after what signing in answered.
        then: sent.completed.as_ref().map(|_| (sent.asked.as_ref(), &sent.submission)),
    };
    let made = connections::arrive(tx, &new)?;
    if let Some(grant) = grant {
        attach(tx, &made, arrival, grant, &sent.identity)?;
    }
    tx.tell(&webhooks::WebhookEvent::Arrival { deed: ArrivalDeed::Created, connection: &made, link: link.facts() })
}

/// Lets a connection live on the grant.
fn attach(
    tx: &mut Tx<'_>,
    made: &Connection,
    arrival: &NewArrival<'_>,
    grant: &OauthGrantId,
    identity: &str,
) -> AppResult<()> {
    oauth::attach(tx, made, grant, arrival.account.map(std::slice::from_ref).unwrap_or_default())?;
    let entry = Entry {
        workspace: &made.workspace_id,
        connection: Some(&made.id),
        setup_link: None,
        event: Event::Connected,
        actor: Actor::Recipient { name: identity.to_owned() },
        detail: identity,
    };
    tx.record(&entry)
}

/// Queues the mails that a submission gives a reason for.
fn notify(tx: &mut Tx<'_>, link: &InviteLink) -> AppResult<()> {
    if link.wants_approval() {
        jobs::queue(tx, Notice::Waiting, link)?;
    } else if link.submission_count == 1 {
        jobs::queue(tx, Notice::FirstUse, link)?;
    }
    jobs::watch_use(tx, link)
}
