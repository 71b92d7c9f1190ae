//! What a submission does to a setup link: the link dies, its draft takes the values, the asker is told.

use super::store::{self, Redemption};
use super::{SetupLink, SubmissionMail, make};
use crate::base::error::{AppError, AppResult};
use crate::connectors::Connector;
use crate::features::connections::{self, Apply, Connection, ConnectionState, Filler};
use crate::features::oauth;
use crate::features::recipient::{
    FormMark, NewReceipt, RecipientSubmission, SentBefore, SubmitError, TakesSubmissions, titles,
};
use crate::features::webhooks::{self, LinkDeed};
use crate::platform::activity::{Actor, Entry, Event};
use crate::platform::app::App;
use crate::platform::db::Conn;
use crate::platform::tx::Tx;
use crate::platform::web::urls;

impl TakesSubmissions for SetupLink {
    fn receipt_key(&self, app: &App, nonce: &str) -> String {
        app.receipt_marks.text(&[self.row.id.as_str().as_bytes(), nonce.as_bytes()])
    }

    fn receipt_url(key: &str) -> String {
        urls::receipt(key)
    }

    fn sent_before(&self, _: &mut Conn, form: &FormMark) -> AppResult<SentBefore> {
        Ok(form.beside(self.row.form_nonce.as_deref(), self.row.form_digest.as_deref()))
    }

    fn redeem(&self, tx: &mut Tx<'_>, sent: &RecipientSubmission, receipt: &NewReceipt) -> Result<bool, SubmitError> {
        let with = Redemption {
            form: &sent.form,
            receipt_hash: &receipt.hash,
            receipt: &receipt.number,
            submitted_fields: &receipt.provided,
            empty_fields: &receipt.left_empty,
        };
        // Before the link, as everybody does who needs both.
        connections::hold(tx.conn, &self.connection)?;
        Ok(store::redeem(tx.conn, &self.row.id, &with, tx.now)?)
    }

    fn store(&self, tx: &mut Tx<'_>, sent: &RecipientSubmission) -> Result<(), SubmitError> {
        let draft = connections::find_by_id(tx.conn, &self.row.workspace_id, &self.row.connection_id)?;
        let draft = draft.ok_or(SubmitError::DraftClosed)?;
        match draft.state() {
            ConnectionState::Draft => {}
            // A connection that is finished still loses its access, and gets it back this way.
            ConnectionState::Finalised if self.row.purpose.is_reconnect() => {}
            ConnectionState::Finalised | ConnectionState::Deleted => return Err(SubmitError::DraftClosed),
        }
        make::forget_all(tx.conn, &self.row.id)?;
        if self.row.purpose.is_reconnect() {
            let completed = sent.completed.as_ref().ok_or(AppError::NotFound)?;
            oauth::grants::reconnect(tx, &draft, &completed.grant, Some(&self.row.id), self.actor())?;
            return Ok(());
        }
        let connection = self.merge(tx, sent)?;
        let entry = Entry {
            workspace: &self.row.workspace_id,
            connection: Some(&self.row.connection_id),
            setup_link: Some(&self.row.id),
            event: Event::Submitted,
            actor: self.actor(),
            detail: &titles(&sent.provided),
        };
        tx.record(&entry)?;
        self.tell(tx, &connection, &sent.connector)?;
        Ok(tx.enqueue(&SubmissionMail(self.row.id.clone()))?)
    }
}

impl SetupLink {
    fn actor(&self) -> Actor {
        Actor::Recipient { name: self.row.recipient.clone() }
    }

    /// Puts what was sent on the draft: the sign-in's part first, because it decides the branch that the answers belong to.
    fn merge(&self, tx: &mut Tx<'_>, sent: &RecipientSubmission) -> Result<Connection, SubmitError> {
        let own = Apply {
            workspace: &self.row.workspace_id,
            connection: &self.row.connection_id,
            connector: &sent.connector,
            submission: &sent.submission,
            by: Filler::Recipient,
            name: &self.row.recipient,
            then: None,
            has_secrets: false,
            shown: &sent.shown,
            actor: self.actor(),
        };
        let Some(completed) = &sent.completed else {
            return Ok(connections::apply(tx, &own)?.connection);
        };
        let both = Apply { submission: &completed.submission, then: Some((&sent.asked, &sent.submission)), ..own };
        let connection = connections::apply(tx, &both)?.connection;
        completed.settle(tx, &connection, Some(&self.row.id), self.actor())?;
        Ok(connection)
    }

    /// Queues the webhooks: that details came, and that the link was used.
    fn tell(&self, tx: &mut Tx<'_>, connection: &Connection, connector: &Connector) -> AppResult<()> {
        let missing = webhooks::missing_of(connector, connection);
        tx.tell(&webhooks::WebhookEvent::SetupFilled { connection, missing: &missing })?;
        let link = make::ToldLink { id: &self.row.id, expires_at: self.row.expires_at };
        make::tell(tx, LinkDeed::Submitted, connection, link)
    }
}
