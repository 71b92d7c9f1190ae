//! A link ready to pass on: its address, a code to scan, a mail and a chat message.

use super::{QrPath, qr_path};

/// What a member needs to pass a link on. It holds the link's token: for the page of that member and nowhere else.
pub struct ReadyTexts {
    /// The address.
    pub url: String,
    /// The same to scan.
    pub qr: QrPath,
    /// Subject of the mail.
    pub mail_subject: String,
    /// Text of the mail.
    pub mail: String,
    /// Opens the member's mail program with it (RFC 6068).
    pub mailto: String,
    /// A short message.
    pub chat: String,
}

impl ReadyTexts {
    /// The texts for an address.
    ///
    /// # Errors
    /// The address is too long for any QR code.
    pub fn new(url: String, mail_subject: String, mail: String, chat: String) -> anyhow::Result<Self> {
        let encode =
            |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20");
        let mailto = format!("mailto:?subject={}&body={}", encode(&mail_subject), encode(&mail.replace('\n', "\r\n")));
        Ok(Self { qr: qr_path(&url)?, url, mail_subject, mail, mailto, chat })
    }
}
