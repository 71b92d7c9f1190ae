//! `VESTIBULE_SMTP_URL`, `VESTIBULE_MAIL_FROM`, `VESTIBULE_EXTRA_CA_FILE`.

use std::path::PathBuf;
use std::time::Duration;

use lettre::message::Mailbox;
use secrecy::SecretString;

use super::server::ServerConfig;
use super::source::{ConfigProblems, Source};

/// How mail leaves.
#[derive(Debug, Clone)]
pub struct MailConfig {
    /// The mail server, with its password; `None`: mails become files.
    pub smtp_url: Option<SecretString>,
    /// Who mails come from.
    pub from: Mailbox,
    /// Further certificate authorities, PEM.
    pub extra_ca_file: Option<PathBuf>,
    /// How long a mail server may take.
    pub limits: MailLimits,
}

/// How long a mail server may take; together less than the lease of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MailLimits {
    /// From the call until it wants to hear the mail.
    pub offer: Duration,
    /// From the mail's last byte until it says whether it took it. Whoever hangs up sooner than the server answers makes duplicates.
    pub answer: Duration,
}

impl Default for MailLimits {
    fn default() -> Self {
        Self { offer: Duration::from_secs(30), answer: Duration::from_secs(60) }
    }
}

impl MailConfig {
    /// Whether mails leave this installation; otherwise they become files on its machine.
    pub const fn is_sent(&self) -> bool {
        self.smtp_url.is_some()
    }

    pub(super) fn read(source: &dyn Source, problems: &mut ConfigProblems, server: &ServerConfig) -> Self {
        let smtp_url = problems.parsed(source, "VESTIBULE_SMTP_URL", None, |text| {
            let known = ["smtp://", "smtps://", "smtp+starttls://"].iter().any(|scheme| text.starts_with(scheme));
            if known && url::Url::parse(&text.replacen("smtp+starttls", "smtp", 1)).is_ok() {
                Ok(Some(SecretString::from(text)))
            } else {
                Err("must look like smtps://user:password@mail.example.com:465")
            }
        });
        let host = server.base_url.host();
        let host = host.split(':').next().unwrap_or("localhost");
        let own = Mailbox::new(Some("Vestibule".to_owned()), address(host));
        let from = problems.parsed(source, "VESTIBULE_MAIL_FROM", own, |text| {
            text.parse().map_err(|_| "must be an address, like Vestibule <vestibule@example.com>")
        });
        let extra_ca_file = source.raw("VESTIBULE_EXTRA_CA_FILE").map(PathBuf::from);
        if let Some(path) = &extra_ca_file
            && let Err(error) = std::fs::read(path)
        {
            problems.add("VESTIBULE_EXTRA_CA_FILE", format!("cannot be read ({}): {error}", path.display()));
        }
        Self { smtp_url, from, extra_ca_file, limits: MailLimits::default() }
    }
}

#[expect(clippy::expect_used, reason = "the fallback is a constant address")]
fn address(host: &str) -> lettre::Address {
    let own = lettre::Address::new("vestibule", host);
    own.or_else(|_| lettre::Address::new("vestibule", "localhost")).expect("a constant address")
}
