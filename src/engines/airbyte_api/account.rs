//! Which Airbyte, which workspace of it, and what lets us in.

use secrecy::SecretString;

use crate::base::http_client::HttpsUrl;

/// Most characters of an id.
const LONGEST_ID: usize = 64;

/// What lets us in.
#[derive(Debug, Clone)]
pub enum AirbyteLogin {
    /// An application of Airbyte: its id and secret are exchanged for a token that lives for minutes.
    Application {
        /// The client id.
        client_id: String,
        /// The client secret.
        client_secret: SecretString,
    },
    /// A bearer token as it is.
    Token(SecretString),
}

impl AirbyteLogin {
    /// What no word may hold.
    pub(super) fn secret(&self) -> &SecretString {
        match self {
            Self::Application { client_secret, .. } => client_secret,
            Self::Token(token) => token,
        }
    }
}

/// A workspace of somebody's Airbyte.
#[derive(Debug, Clone)]
pub struct AirbyteAccount {
    /// Where its public API begins, such as `https://airbyte.example.com/api/public/v1`.
    pub url: HttpsUrl,
    /// The id of the workspace there.
    pub workspace: String,
    /// What lets us in.
    pub login: AirbyteLogin,
}

/// Whether a text can be an id of Airbyte: it becomes a part of a path.
pub fn is_airbyte_id(text: &str) -> bool {
    let letters = text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    !text.is_empty() && text.len() <= LONGEST_ID && letters
}
