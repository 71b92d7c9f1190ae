//! Mail: one message type, three transports. Sending is always a job; nothing waits for a mail server inside a request.
//!
//! A mail is handed over in two steps, so that whoever sends it knows at each moment what a failure means. [`Mailer::offer`] goes as far
//! as the server's word that it will listen: until then nothing was sent. [`OfferedMail::hand_over`] says the mail itself: a connection
//! that breaks from there on leaves open whether it was taken.

mod sentences;
mod smtp;
mod template;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::{Address, Message, Transport as _};
use secrecy::ExposeSecret as _;

pub use sentences::MailSentence;
pub use template::EmailContext;
pub(crate) use template::email_templates;

use crate::platform::config::MailConfig;
use crate::platform::private::private_dir;
use smtp::{ListeningServer, SmtpServer};

/// A mail before it is addressed from us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailMessage {
    /// The receiver's address.
    pub to: String,
    /// The receiver's name, possibly empty.
    pub to_name: String,
    /// Whom an answer reaches, when that is somebody else than the product.
    pub reply_to: Option<ReplyTo>,
    /// The subject line.
    pub subject: String,
    /// The text for readers without HTML.
    pub text: String,
    /// The same as HTML.
    pub html: String,
}

/// The person who asks by a mail, and who is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplyTo {
    /// Their name, possibly empty.
    pub name: String,
    /// Their address.
    pub email: String,
}

/// Why a mail did not go out; the text is for the operator and for members, without a secret.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The server refuses this receiver or this mail for good.
    #[error("{0}")]
    Refused(String),
    /// It was surely not sent, and may be later.
    #[error("{0}")]
    NotTaken(String),
    /// The server heard all of it, and never said whether it took it.
    #[error("{0}")]
    Unknown(String),
}

/// Where mails go.
#[derive(Clone)]
pub struct Mailer {
    from: Mailbox,
    transport: Transport,
}

#[derive(Clone)]
enum Transport {
    Smtp(Arc<SmtpServer>),
    Dir(PathBuf),
    Memory(Arc<Mutex<Vec<EmailMessage>>>),
}

/// A mail that will be taken if it is handed over now.
pub struct OfferedMail(OpenOffer);

enum OpenOffer {
    Smtp(Box<ListeningServer>),
    File { dir: PathBuf, message: Box<Message> },
    Memory { kept: Arc<Mutex<Vec<EmailMessage>>>, mail: Box<EmailMessage> },
}

/// Says that no person wrote the mail, so that holiday notes and ticket systems do not answer it (RFC 3834).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

impl Mailer {
    /// The mailer the settings ask for.
    ///
    /// # Errors
    /// The mail server's address or a certificate cannot be used.
    pub fn from_config(config: &MailConfig, mail_dir: &Path) -> anyhow::Result<Self> {
        let transport = match &config.smtp_url {
            Some(url) => {
                let server = SmtpServer::parse(url.expose_secret(), config.extra_ca_file.as_deref(), config.limits)?;
                Transport::Smtp(Arc::new(server))
            }
            None => Transport::Dir(mail_dir.to_owned()),
        };
        Ok(Self { from: config.from.clone(), transport })
    }

    /// A mailer that keeps mails in memory, for tests.
    pub fn memory(from: Mailbox) -> Self {
        Self { from, transport: Transport::Memory(Arc::default()) }
    }

    /// What a mailer made by [`Mailer::memory`] has kept.
    pub fn kept(&self) -> Vec<EmailMessage> {
        match &self.transport {
            Transport::Memory(kept) => kept.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            _ => Vec::new(),
        }
    }

    /// Where mails go, for people.
    pub fn shown(&self) -> String {
        match &self.transport {
            Transport::Smtp(_) => "a mail server (SMTP)".to_owned(),
            Transport::Dir(dir) => format!("files in {}", dir.display()),
            Transport::Memory(_) => "memory".to_owned(),
        }
    }

    /// Goes as far with a mail as the server's word that it will listen. `id` is the same for every try of one mail to one receiver: it
    /// becomes the `Message-ID`, so that a second copy can be recognised.
    ///
    /// # Errors
    /// The address cannot be used, or the server does not want the mail; nothing was sent then.
    pub async fn offer(&self, mail: &EmailMessage, id: &str) -> Result<OfferedMail, SendError> {
        let message = self.message(mail, id).map_err(|error| SendError::NotTaken(format!("{error:#}")))?;
        let offered = match &self.transport {
            Transport::Smtp(server) => OpenOffer::Smtp(Box::new(server.offer(&message).await?)),
            Transport::Dir(dir) => OpenOffer::File { dir: dir.clone(), message: Box::new(message) },
            Transport::Memory(kept) => OpenOffer::Memory { kept: Arc::clone(kept), mail: Box::new(mail.clone()) },
        };
        Ok(OfferedMail(offered))
    }

    fn message(&self, mail: &EmailMessage, id: &str) -> anyhow::Result<Message> {
        let from = mailbox(self.from.name.as_deref().unwrap_or_default(), self.from.email.as_ref());
        let from = from.context("the sender's address")?;
        let message_id = format!("<{id}@{}>", from.email.domain());
        let mut builder = Message::builder()
            .from(from)
            .to(mailbox(&mail.to_name, &mail.to).context("the receiver's address")?)
            .subject(&mail.subject)
            .message_id(Some(message_id))
            .header(AutoSubmitted);
        if let Some(ReplyTo { name, email }) = &mail.reply_to {
            builder = builder.reply_to(mailbox(name, email).context("the address for answers")?);
        }
        builder
            .multipart(MultiPart::alternative_plain_html(mail.text.clone(), mail.html.clone()))
            .context("building a mail")
    }

    /// Asks the mail server for a greeting; nothing to ask for the other transports.
    ///
    /// # Errors
    /// The server does not answer, or refuses the sign-in.
    pub fn check(&self) -> anyhow::Result<()> {
        match &self.transport {
            Transport::Smtp(server) => server.check(),
            Transport::Dir(_) | Transport::Memory(_) => Ok(()),
        }
    }
}

/// An address as headers and mail servers take it: the domain in ASCII (`xn--…`), whatever script it was written in.
fn mailbox(name: &str, address: &str) -> anyhow::Result<Mailbox> {
    let parsed: Address = address.parse()?;
    let domain = idna::domain_to_ascii(parsed.domain()).map_err(|_| anyhow::anyhow!("the domain cannot be written"))?;
    let address = Address::new(parsed.user(), domain)?;
    Ok(Mailbox::new(Some(name.to_owned()).filter(|name| !name.is_empty()), address))
}

impl OfferedMail {
    /// Says the mail itself, and waits until it was taken.
    ///
    /// # Errors
    /// It was not taken, or nobody knows.
    pub async fn hand_over(self) -> Result<(), SendError> {
        match self.0 {
            OpenOffer::Smtp(server) => server.hear().await,
            OpenOffer::File { dir, message } => {
                let written = tokio::task::spawn_blocking(move || write_file(&dir, &message)).await;
                let written = written.map_err(|error| SendError::Unknown(error.to_string()))?;
                written.map_err(|error| SendError::NotTaken(format!("{error:#}")))
            }
            OpenOffer::Memory { kept, mail } => {
                kept.lock().unwrap_or_else(PoisonError::into_inner).push(*mail);
                Ok(())
            }
        }
    }
}

fn write_file(dir: &Path, message: &Message) -> anyhow::Result<()> {
    private_dir(dir)?;
    lettre::FileTransport::new(dir).send(message).map(|_| ()).context("writing a mail file")
}

impl std::fmt::Debug for Mailer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mailer")
    }
}

/// An address as a list may show it: enough for whoever knows it, not enough to write to it.
pub fn masked_address(address: &str) -> String {
    match address.rsplit_once('@') {
        Some((user, domain)) => format!("{}…@{domain}", user.chars().next().map(String::from).unwrap_or_default()),
        None => "…".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_in_any_script_is_written_in_ascii() {
        let written = |address: &str| mailbox("Zoë", address).map(|mailbox| mailbox.email.to_string());
        assert_eq!(written("bo@bücher.example").unwrap(), "bo@xn--bcher-kva.example");
        assert_eq!(written("bo@例え.テスト").unwrap(), "bo@xn--r8jz45g.xn--zckzah");
        assert_eq!(written("bo@acme.example").unwrap(), "bo@acme.example");
        assert!(written("no address").is_err());
    }

    #[test]
    fn a_masked_address_names_the_domain_and_one_letter() {
        let shown = ["ana@acme.example", "élodie@a.example", "@b", "none"].map(masked_address);
        assert_eq!(shown, ["a…@acme.example", "é…@a.example", "…@b", "…"]);
    }
}
