//! A mail is one job a receiver.
//!
//! A job that tells several people is written once, in the transaction of the deed. When its time comes it is settled whom it tells *now*
//! (who left is not told), and from then on each of them has a job of their own, with tries of its own: one dead address keeps nobody
//! else waiting, and nobody gets the mail twice because it did not reach somebody else.
//!
//! How often a receiver can get one mail: once, and once more at most. A copy can only come to be between the moment a mail server
//! heard the mail and the moment we wrote down that it took it: our process dies there, or the connection breaks before the server's
//! word. `handed_over` counts these moments *before* the mail is said, and is taken back when the server says that it did not take it;
//! a job that has two of them is given up, and says so. Both copies carry the same `Message-ID`.

use std::sync::Arc;

use super::ended::JobEnd;
use super::store::{self, JobRow};
use super::{Job, JobSubject, Outcome};
use crate::base::error::{AppError, AppResult};
use crate::base::ids::WorkspaceId;
use crate::platform::app::App;
use crate::platform::db::Conn;
use crate::platform::email::{EmailContext, EmailMessage, ReplyTo, SendError, masked_address};
use crate::platform::tx::Tx;

/// So often a mail server may have heard a mail without our knowing what became of it.
const MOST_HAND_OVERS: i32 = 2;
const NOBODY_KNOWS: &str = "Twice the mail server heard the mail, and it is not known whether it took it. It may have arrived once, twice or not at all.";

/// A mail that tells somebody something, as the feature that tells it knows it.
pub trait MailJob: Job + Sync {
    /// Whom it tells as things are now, and what; `None` when there is nothing to tell any more. It is asked at every try.
    ///
    /// # Errors
    /// The database cannot be asked, or what is stored cannot be read.
    fn prepare(&self, app: &App, conn: &mut Conn) -> AppResult<Option<PreparedMail>>;

    /// What is noted in the transaction that forgets the job, after a mail server took the mail.
    ///
    /// # Errors
    /// The database refuses.
    fn taken(&self, tx: &mut Tx<'_>) -> AppResult<()> {
        let _ = tx;
        Ok(())
    }
}

/// Declares a mail about one row: `mail_job!(/// What it tells. Name(IdType), "kind", Lane::…, prepare)`, where `prepare` is
/// `fn(&App, &mut Conn, &IdType) -> AppResult<Option<PreparedMail>>`.
macro_rules! mail_job {
    ($(#[$doc:meta])* $name:ident($id:ty), $kind:literal, $lane:expr, $prepare:path) => {
        $crate::platform::jobs::job!(@row $(#[$doc])* $name($id), $kind, $lane);

        impl $crate::platform::jobs::MailJob for $name {
            fn prepare(
                &self,
                app: &$crate::platform::app::App,
                conn: &mut $crate::platform::db::Conn,
            ) -> $crate::base::error::AppResult<Option<$crate::platform::jobs::PreparedMail>> {
                $prepare(app, conn, &self.0)
            }
        }
    };
}
pub(crate) use mail_job;

/// A mail, and whom it goes to.
pub struct PreparedMail {
    /// Whose it is: who is told when it cannot be sent.
    pub workspace: WorkspaceId,
    /// Everybody it goes to, as things are now.
    pub receivers: Vec<MailReceiver>,
    /// Whom an answer reaches.
    pub reply_to: Option<ReplyTo>,
    /// What it says.
    pub context: Box<dyn EmailContext + Send + Sync>,
}

/// One of those a mail goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailReceiver {
    /// What tells this receiver from the others for as long as the mail waits: a member's id. The address may change meanwhile.
    pub key: String,
    /// Their name, possibly empty.
    pub name: String,
    /// Their address.
    pub email: String,
}

/// What one try to send came to.
enum Tried {
    Taken,
    Failed(SendError),
    /// Another worker has the job by now.
    Lost,
}

/// Sends a mail to one receiver.
pub(super) async fn send<M: MailJob>(app: Arc<App>, row: JobRow, job: Arc<M>) -> AppResult<JobEnd> {
    let (here, asked) = (Arc::clone(&app), Arc::clone(&job));
    let prepared = app.db.read(move |conn| asked.prepare(&here, conn)).await?;
    let Some(prepared) = prepared else { return Ok(Outcome::Done.into()) };
    let Some(receiver) = receiver_of::<M>(&app, &row, &prepared).await? else { return Ok(Outcome::Done.into()) };
    let mut mail = prepared.context.render(&receiver.email, &receiver.name)?;
    mail.reply_to = prepared.reply_to;
    let subject = JobSubject { workspace: prepared.workspace, about: mail.subject.clone() };
    let shown = masked_address(&receiver.email);
    if row.handed_over >= MOST_HAND_OVERS {
        return Ok(JobEnd::given_up(NOBODY_KNOWS.to_owned(), subject, shown));
    }
    let error = match hand_over(&app, &row, &mail).await? {
        Tried::Taken => {
            app.metrics.mails_sent.add();
            return Ok(JobEnd::noting(move |tx| job.taken(tx)));
        }
        Tried::Lost => return Ok(JobEnd::lost()),
        Tried::Failed(error) => error,
    };
    app.metrics.mails_failed.add();
    // Servers repeat the address; a list need not.
    let words = error.to_string().replace(&receiver.email, &shown);
    Ok(match error {
        SendError::Refused(_) => JobEnd::given_up(words, subject, shown),
        SendError::Unknown(_) if row.handed_over + 1 >= MOST_HAND_OVERS => {
            JobEnd::given_up(format!("{NOBODY_KNOWS} The last time: {words}."), subject, shown)
        }
        SendError::Unknown(_) | SendError::NotTaken(_) => JobEnd::retry(words, subject, shown),
    })
}

/// Whom this job is for; `None`: nobody. A job that was for nobody yet becomes the first receiver's, and the others get theirs.
async fn receiver_of<M: MailJob>(app: &App, row: &JobRow, prepared: &PreparedMail) -> AppResult<Option<MailReceiver>> {
    if let Some(key) = &row.receiver {
        let still = prepared.receivers.iter().find(|receiver| receiver.key == *key);
        // Whoever was to be told alone and left before is followed by those who are told now. If there were others, they were told.
        if still.is_some() || row.receiver_count != Some(1) {
            return Ok(still.cloned());
        }
    }
    let keys: Vec<String> = prepared.receivers.iter().map(|receiver| receiver.key.clone()).collect();
    let (row, workspace) = (row.clone(), prepared.workspace.clone());
    let ours = app.write(move |tx| Ok(store::settle_receivers(tx, &row, M::LANE, &workspace, &keys)?)).await?;
    Ok(prepared.receivers.first().filter(|_| ours).cloned())
}

async fn hand_over(app: &App, row: &JobRow, mail: &EmailMessage) -> AppResult<Tried> {
    let offered = match app.mailer.offer(mail, row.id.as_str()).await {
        Ok(offered) => offered,
        Err(error) => return Ok(Tried::Failed(error)),
    };
    let noted = row.clone();
    if !app.db.write(move |conn| Ok(store::note_hand_over(conn, &noted)?)).await? {
        return Ok(Tried::Lost);
    }
    let Err(error) = offered.hand_over().await else { return Ok(Tried::Taken) };
    if !matches!(error, SendError::Unknown(_)) {
        let noted = row.clone();
        app.db.write(move |conn| store::forget_hand_over(conn, &noted).map_err(AppError::from)).await?;
    }
    Ok(Tried::Failed(error))
}
