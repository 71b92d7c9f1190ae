//! A recipient's submission: one transaction that spends the link, takes the sign-in and stores what was handed over. Of many at once
//! no more succeed than the link allows; a repeated send of the same form changes nothing and is told what the first one did.

use std::sync::Arc;

use super::link::RecipientLink;
use super::receipt::{names, receipt_number};
use crate::base::crypto::{PlainToken, TokenHash};
use crate::base::error::{AppError, AppResult};
use crate::base::forms::{FieldError, FieldRef};
use crate::connectors::Connector;
use crate::features::connections::{ApplyError, Shown};
use crate::features::oauth::CompletedSignIn;
use crate::features::oauth::provider_client::Account;
use crate::platform::app::App;
use crate::platform::db::Conn;
use crate::platform::tx::Tx;
use crate::schema::form::Submission;

/// Everything a recipient sends with one form.
pub struct RecipientSubmission {
    /// The connector with all its questions.
    pub connector: Arc<Connector>,
    /// The connector whose questions were asked: fewer, when somebody signed in.
    pub asked: Arc<Connector>,
    /// What was filled in.
    pub submission: Submission,
    /// What they were shown of it.
    pub shown: Shown,
    /// What the sign-in hands over.
    pub completed: Option<CompletedSignIn>,
    /// The sign-in once for each account that was chosen, where each becomes a connection.
    pub each: Vec<(Account, Submission)>,
    /// What the receipt names.
    pub provided: Vec<FieldRef>,
    /// What was left empty.
    pub left_empty: Vec<FieldRef>,
    /// Who sends, possibly empty.
    pub identity: String,
    /// The form, and what was in it.
    pub form: FormMark,
}

/// What tells one form from another, and what was in it from anything else.
#[derive(Debug, Clone)]
pub struct FormMark {
    /// The nonce of the form.
    pub nonce: String,
    /// A keyed digest of everything that was sent with it.
    pub digest: String,
}

/// What came with the same form before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SentBefore {
    /// Nothing.
    Nothing,
    /// The very same.
    Same,
    /// Something else, which stands.
    Other,
}

impl FormMark {
    /// The mark of a form with this nonce and these fields.
    pub(super) fn of(app: &App, nonce: String, sent: &[(String, String)]) -> Self {
        let mut parts: Vec<&[u8]> = vec![b"sent"];
        parts.extend(sent.iter().flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()]));
        let digest = app.receipt_marks.text(&parts);
        Self { nonce, digest }
    }

    /// What it is to the form that was taken, by that one's nonce and digest. One that was taken before digests were kept is believed to be
    /// the same.
    pub fn beside(&self, nonce: Option<&str>, digest: Option<&str>) -> SentBefore {
        match (nonce, digest) {
            (Some(nonce), _) if nonce != self.nonce => SentBefore::Nothing,
            (Some(_), Some(digest)) if digest != self.digest => SentBefore::Other,
            (Some(_), _) => SentBefore::Same,
            (None, _) => SentBefore::Nothing,
        }
    }
}

/// Why a submission was not taken. Nothing of it is stored then, and a sign-in beside it still waits.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// The link was closed before it came.
    #[error("the link is closed")]
    Closed,
    /// The draft is finished or deleted and takes no values any more.
    #[error("the draft takes no values any more")]
    DraftClosed,
    /// The link is open, and has no room for so many connections.
    #[error("the link has no room for so many connections")]
    NoRoom,
    /// Others answered the same fields, and differently, since they were shown.
    #[error("others answered the same fields meanwhile")]
    Conflicts(Vec<FieldError>),
    /// This very form was taken before; its receipt stands.
    #[error("this form was taken before")]
    SentTwice,
    /// This form was taken before with something else in it, which stands.
    #[error("this form was taken before with something else in it")]
    SentOther,
    /// Another form handed the sign-in over.
    #[error("the sign-in was used before")]
    SignInUsed,
    /// Anything else.
    #[error(transparent)]
    App(#[from] AppError),
}

impl From<diesel::result::Error> for SubmitError {
    fn from(error: diesel::result::Error) -> Self {
        Self::App(error.into())
    }
}

impl From<ApplyError> for SubmitError {
    fn from(error: ApplyError) -> Self {
        match error {
            ApplyError::Closed => Self::DraftClosed,
            ApplyError::Conflicts(errors) => Self::Conflicts(errors),
            ApplyError::App(error) => Self::App(error),
        }
    }
}

/// A receipt on its way into a row.
pub struct NewReceipt {
    /// The hash of the key that opens it.
    pub hash: TokenHash,
    /// The number to quote.
    pub number: String,
    /// Names of the fields that were sent, JSON.
    pub provided: String,
    /// Names of the fields that were left empty, JSON.
    pub left_empty: String,
}

/// What kinds of links do with a submission.
pub trait TakesSubmissions: RecipientLink {
    /// The key of the receipt for one form: the same for every send of that form, unknown to everybody else.
    fn receipt_key(&self, app: &App, nonce: &str) -> String;

    /// Where that receipt is.
    fn receipt_url(key: &str) -> String;

    /// Whether this very form was taken before, as far as the link as it was read knows.
    fn sent_before(&self, conn: &mut Conn, form: &FormMark) -> AppResult<SentBefore>;

    /// Spends the link and writes the receipt; `false` when it could not be spent.
    ///
    /// # Errors
    /// [`SubmitError::SentTwice`] or [`SubmitError::SentOther`] when a link that opens again took this form before.
    fn redeem(&self, tx: &mut Tx<'_>, sent: &RecipientSubmission, receipt: &NewReceipt) -> Result<bool, SubmitError>;

    /// Stores what was handed over, and queues what is told of it. The sign-in is taken already.
    ///
    /// # Errors
    /// [`SubmitError::DraftClosed`], or internal ones.
    fn store(&self, tx: &mut Tx<'_>, sent: &RecipientSubmission) -> Result<(), SubmitError>;
}

/// Takes a submission: all of it, or nothing.
pub(crate) async fn submit<L: TakesSubmissions>(
    app: &App,
    link: &L,
    sent: RecipientSubmission,
) -> Result<(), SubmitError> {
    let receipt = NewReceipt {
        hash: PlainToken::presented(&link.receipt_key(app, &sent.form.nonce)).hash(),
        number: receipt_number(&app.rng),
        provided: names(&sent.provided)?,
        left_empty: names(&sent.left_empty)?,
    };
    let link = link.clone();
    app.try_write(move |tx| {
        if !link.redeem(tx, &sent, &receipt)? {
            return Err(why_not(tx, &link, &sent.form)?);
        }
        if let Some(completed) = &sent.completed
            && !completed.take(tx.conn)?
        {
            return Err(SubmitError::SignInUsed);
        }
        link.store(tx, &sent)
    })
    .await
}

/// Why a link could not be spent.
fn why_not<L: TakesSubmissions>(tx: &mut Tx<'_>, link: &L, form: &FormMark) -> AppResult<SubmitError> {
    let Some(link) = link.reload(tx.conn)? else { return Ok(SubmitError::Closed) };
    Ok(match link.sent_before(tx.conn, form)? {
        SentBefore::Same => SubmitError::SentTwice,
        SentBefore::Other => SubmitError::SentOther,
        SentBefore::Nothing => link.open_until(tx.now).map_or(SubmitError::Closed, |_| SubmitError::NoRoom),
    })
}
