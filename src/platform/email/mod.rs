//! Mail: one message type, three transports. Sending is always a job; nothing waits for a mail server inside a request.

mod template;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{Message, SmtpTransport, Transport as _};
use secrecy::ExposeSecret as _;
use sha2::{Digest as _, Sha256};

pub use template::EmailContext;
pub(crate) use template::email_templates;

use crate::base::error::{AppError, AppResult};
use crate::platform::config::MailConfig;

/// A mail before it is addressed from us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailMessage {
    /// The receiver's address.
    pub to: String,
    /// The receiver's name, possibly empty.
    pub to_name: String,
    /// The subject line.
    pub subject: String,
    /// The text for readers without HTML.
    pub text: String,
    /// The same as HTML.
    pub html: String,
}

/// Where mails go.
#[derive(Clone)]
pub struct Mailer {
    from: Mailbox,
    transport: Transport,
}

#[derive(Clone)]
enum Transport {
    Smtp(Box<SmtpTransport>),
    Dir(PathBuf),
    Memory(Arc<Mutex<Vec<EmailMessage>>>),
}

impl Mailer {
    /// The mailer the settings ask for.
    ///
    /// # Errors
    /// The mail server's address or a certificate cannot be used.
    pub fn from_config(config: &MailConfig, mail_dir: &Path) -> anyhow::Result<Self> {
        let transport = match &config.smtp_url {
            Some(url) => Transport::Smtp(Box::new(smtp(url.expose_secret(), config.extra_ca_file.as_deref())?)),
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

    /// Hands a mail over. Blocks for as long as the server takes: it runs on the blocking pool.
    ///
    /// # Errors
    /// The address cannot be used, or the mail is not taken.
    pub async fn send(&self, mail: EmailMessage) -> AppResult<()> {
        let mailer = self.clone();
        tokio::task::spawn_blocking(move || mailer.send_blocking(&mail))
            .await
            .map_err(AppError::internal)?
            .map_err(AppError::Internal)
    }

    fn send_blocking(&self, mail: &EmailMessage) -> anyhow::Result<()> {
        let to = Mailbox::new(
            Some(mail.to_name.clone()).filter(|name| !name.is_empty()),
            mail.to.parse().context("the receiver's address")?,
        );
        let message = Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(&mail.subject)
            .message_id(Some(self.message_id(mail)))
            .multipart(MultiPart::alternative_plain_html(mail.text.clone(), mail.html.clone()))
            .context("building a mail")?;
        match &self.transport {
            Transport::Smtp(smtp) => smtp.send(&message).map(|_| ()).context("the mail server did not take the mail"),
            Transport::Dir(dir) => {
                std::fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
                lettre::FileTransport::new(dir).send(&message).map(|_| ()).context("writing a mail file")
            }
            Transport::Memory(kept) => {
                kept.lock().unwrap_or_else(PoisonError::into_inner).push(mail.clone());
                Ok(())
            }
        }
    }

    /// The same mail always has the same id: when a try was taken but its answer lost, the receiver's side can tell the second copy.
    fn message_id(&self, mail: &EmailMessage) -> String {
        let mut digest = Sha256::new();
        for part in [&mail.to, &mail.subject, &mail.text] {
            digest.update(part.len().to_be_bytes());
            digest.update(part);
        }
        let id: String = digest.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        format!("<{id}@{}>", self.from.email.domain())
    }

    /// Asks the mail server for a greeting; nothing to ask for the other transports.
    ///
    /// # Errors
    /// The server does not answer, or refuses the sign-in.
    pub fn check(&self) -> anyhow::Result<()> {
        match &self.transport {
            Transport::Smtp(smtp) => {
                anyhow::ensure!(
                    smtp.test_connection().context("the mail server does not answer")?,
                    "the mail server refused the connection"
                );
                Ok(())
            }
            Transport::Dir(_) | Transport::Memory(_) => Ok(()),
        }
    }
}

impl std::fmt::Debug for Mailer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mailer")
    }
}

/// `smtp://` is plain, `smtps://` is TLS from the start, `smtp+starttls://` asks for TLS and insists on it.
fn smtp(url: &str, extra_ca_file: Option<&Path>) -> anyhow::Result<SmtpTransport> {
    let (secured, plain_url) = match url.strip_prefix("smtp+starttls://") {
        Some(rest) => (true, format!("smtp://{rest}?tls=required")),
        None => (url.starts_with("smtps://"), url.to_owned()),
    };
    let mut builder = SmtpTransport::from_url(&plain_url)
        .context("VESTIBULE_SMTP_URL")?
        .timeout(Some(std::time::Duration::from_secs(20)));
    if let Some(path) = extra_ca_file.filter(|_| secured) {
        let parsed = url::Url::parse(&plain_url).context("VESTIBULE_SMTP_URL")?;
        let pem = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let params = TlsParameters::builder(parsed.host_str().unwrap_or_default().to_owned())
            .add_root_certificate(Certificate::from_pem(&pem).context("VESTIBULE_EXTRA_CA_FILE")?)
            .build()
            .context("VESTIBULE_EXTRA_CA_FILE")?;
        builder = builder.tls(if url.starts_with("smtps://") { Tls::Wrapper(params) } else { Tls::Required(params) });
    }
    Ok(builder.build())
}
