//! One mail, one connection, step by step: each failure is known for what it is.
//!
//! A refusal of the receiver or of the mail (5xx) ends the matter, everything else before the mail was said may go better later. What a
//! server says to our greeting or our sign-in is about us, not about the receiver: the operator can mend it, so it is no refusal.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, Tls, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use lettre::transport::smtp::{Error, SUBMISSION_PORT, SUBMISSIONS_PORT, SmtpTransport};
use lettre::{Message, transport};

use super::SendError;
use crate::platform::config::MailLimits;

/// How long a goodbye may take; nobody waits for it.
const GOODBYE: Duration = Duration::from_secs(5);

/// A mail server as the settings name it.
pub(super) struct SmtpServer {
    host: String,
    port: u16,
    hello: ClientId,
    tls: Tls,
    credentials: Option<Credentials>,
    limits: MailLimits,
}

/// A server that has said it will hear the mail.
pub(super) struct ListeningServer {
    connection: AsyncSmtpConnection,
    mail: Vec<u8>,
    limit: Duration,
}

impl SmtpServer {
    /// `smtp://` is plain (with `?tls=required` or `?tls=opportunistic` as it says), `smtps://` is TLS from the start,
    /// `smtp+starttls://` asks for TLS and insists on it. A path names us in the greeting.
    pub(super) fn parse(url: &str, extra_ca_file: Option<&Path>, limits: MailLimits) -> anyhow::Result<Self> {
        let (starttls, plain_url) = match url.strip_prefix("smtp+starttls://") {
            Some(rest) => (true, format!("smtp://{rest}")),
            None => (false, url.to_owned()),
        };
        let url = url::Url::parse(&plain_url).context("VESTIBULE_SMTP_URL")?;
        let host = url.host_str().context("VESTIBULE_SMTP_URL names no host")?.to_owned();
        let wanted = url.query_pairs().find(|(name, _)| name == "tls").map(|(_, value)| value.into_owned());
        let params = || tls_parameters(&host, extra_ca_file);
        let (tls, usual_port) = match (url.scheme(), wanted.as_deref()) {
            ("smtps", _) => (Tls::Wrapper(params()?), SUBMISSIONS_PORT),
            ("smtp", _) if starttls => (Tls::Required(params()?), SUBMISSION_PORT),
            ("smtp", Some("required")) => (Tls::Required(params()?), SUBMISSION_PORT),
            ("smtp", Some("opportunistic")) => (Tls::Opportunistic(params()?), SUBMISSION_PORT),
            ("smtp", None) => (Tls::None, transport::smtp::SMTP_PORT),
            _ => anyhow::bail!("VESTIBULE_SMTP_URL has a scheme or a tls value that is not known"),
        };
        let name = url.path().trim_matches('/');
        Ok(Self {
            port: url.port().unwrap_or(usual_port),
            hello: if name.is_empty() { ClientId::default() } else { ClientId::Domain(name.to_owned()) },
            credentials: credentials(&url)?,
            host,
            tls,
            limits,
        })
    }

    /// Asks for a greeting, and signs in.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        let mut builder = SmtpTransport::builder_dangerous(&self.host)
            .port(self.port)
            .hello_name(self.hello.clone())
            .tls(self.tls.clone())
            .timeout(Some(self.limits.offer));
        if let Some(credentials) = &self.credentials {
            builder = builder.credentials(credentials.clone());
        }
        let answered = builder.build().test_connection().context("the mail server does not answer")?;
        anyhow::ensure!(answered, "the mail server refused the connection");
        Ok(())
    }

    /// Goes as far as the server's word that it will hear the mail.
    pub(super) async fn offer(&self, message: &Message) -> Result<ListeningServer, SendError> {
        let limit = self.limits.offer;
        let connection = tokio::time::timeout(limit, self.announce(message)).await.map_err(|_| {
            SendError::NotTaken(format!("the mail server took longer than {} seconds to listen", limit.as_secs()))
        })??;
        Ok(ListeningServer { connection, mail: message.formatted(), limit: self.limits.answer })
    }

    async fn announce(&self, message: &Message) -> Result<AsyncSmtpConnection, SendError> {
        let mut connection = self.connect().await.map_err(|error| later("the mail server cannot be used", &error))?;
        let envelope = message.envelope();
        let mut options = Vec::new();
        // What we write is ASCII; only an address can be beyond it.
        let mut addresses = envelope.to().iter().chain(envelope.from());
        if addresses.any(|address| !address.user().is_ascii()) {
            if !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
                let words = "the mail server takes no address with letters beyond ASCII before the @";
                return Err(SendError::Refused(words.to_owned()));
            }
            options = vec![MailParameter::SmtpUtfEight, MailParameter::Body(MailBodyParameter::EightBitMime)];
        }
        let from = Mail::new(envelope.from().cloned(), options);
        let heard = connection.command(from).await;
        heard.map_err(|error| later("the mail server does not take mail from our address", &error))?;
        for to in envelope.to() {
            let heard = connection.command(Rcpt::new(to.clone(), Vec::new())).await;
            heard.map_err(|error| judged("the mail server does not take mail for this address", &error))?;
        }
        let heard = connection.command(Data).await;
        heard.map_err(|error| judged("the mail server does not take the mail", &error))?;
        Ok(connection)
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Error> {
        let wrapper = if let Tls::Wrapper(params) = &self.tls { Some(params.clone()) } else { None };
        let address = (self.host.as_str(), self.port);
        let limit = Some(self.limits.offer);
        let mut connection = AsyncSmtpConnection::connect_tokio1(address, limit, &self.hello, wrapper, None).await?;
        match &self.tls {
            Tls::Required(params) => connection.starttls(params.clone(), &self.hello).await?,
            Tls::Opportunistic(params) if connection.can_starttls() => {
                connection.starttls(params.clone(), &self.hello).await?;
            }
            Tls::None | Tls::Wrapper(_) | Tls::Opportunistic(_) => {}
        }
        if let Some(credentials) = &self.credentials {
            connection.auth(DEFAULT_MECHANISMS, credentials).await?;
        }
        Ok(connection)
    }
}

impl ListeningServer {
    /// Says the mail, and waits for the server's word on it.
    pub(super) async fn hear(mut self) -> Result<(), SendError> {
        let heard = tokio::time::timeout(self.limit, self.connection.message(&self.mail)).await;
        let heard = heard.map_err(|_| {
            let seconds = self.limit.as_secs();
            SendError::Unknown(format!(
                "the mail server heard the mail and did not say within {seconds} seconds whether it took it"
            ))
        })?;
        match heard {
            Ok(_) => {
                let mut connection = self.connection;
                tokio::spawn(async move { tokio::time::timeout(GOODBYE, connection.quit()).await.is_ok() });
                Ok(())
            }
            Err(error) if error.status().is_some() => Err(judged("the mail server does not take the mail", &error)),
            Err(error) => {
                let words =
                    format!("the mail server hung up before it said whether it took the mail: {}", chain(&error));
                Err(SendError::Unknown(words))
            }
        }
    }
}

fn later(doing: &str, error: &Error) -> SendError {
    SendError::NotTaken(format!("{doing}: {}", chain(error)))
}

/// A 5xx is for good, everything else is for now.
fn judged(doing: &str, error: &Error) -> SendError {
    let words = format!("{doing}: {}", chain(error));
    if error.is_permanent() { SendError::Refused(words) } else { SendError::NotTaken(words) }
}

/// What an error says, with what lies behind it and was not said yet.
fn chain(error: &Error) -> String {
    let mut words = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let cause_words = cause.to_string();
        if !words.contains(&cause_words) {
            words = format!("{words}: {cause_words}");
        }
        source = cause.source();
    }
    words
}

fn credentials(url: &url::Url) -> anyhow::Result<Option<Credentials>> {
    let Some(password) = url.password() else { return Ok(None) };
    let decoded = |text: &str| {
        let decoded = percent_encoding::percent_decode_str(text).decode_utf8();
        decoded.map(std::borrow::Cow::into_owned).context("VESTIBULE_SMTP_URL: the user or the password is no UTF-8")
    };
    Ok(Some(Credentials::new(decoded(url.username())?, decoded(password)?)))
}

fn tls_parameters(host: &str, extra_ca_file: Option<&Path>) -> anyhow::Result<TlsParameters> {
    let mut builder = TlsParameters::builder(host.to_owned());
    if let Some(path) = extra_ca_file {
        let pem = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        builder = builder.add_root_certificate(Certificate::from_pem(&pem).context("VESTIBULE_EXTRA_CA_FILE")?);
    }
    builder.build().context("VESTIBULE_SMTP_URL")
}
