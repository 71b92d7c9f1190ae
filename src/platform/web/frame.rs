//! What the two layouts need to know, whatever page they hold.

use crate::platform::config::BaseUrl;
use crate::platform::web::flash::Flash;

/// Around a recipient's page: who asks, in their colours, and which host this is.
#[derive(Debug, Clone)]
pub struct RecipientFrame {
    /// The asking workspace.
    pub workspace: String,
    /// Its first letter.
    pub mark: String,
    /// Its colour, six hex digits.
    pub accent: String,
    /// The host to compare with the address bar.
    pub host: String,
}

impl RecipientFrame {
    /// The frame of a workspace on this installation.
    pub fn new(workspace: &str, accent: &str, base_url: &BaseUrl) -> Self {
        Self {
            workspace: workspace.to_owned(),
            mark: first_letter(workspace),
            accent: accent.to_owned(),
            host: base_url.host(),
        }
    }
}

/// Around a member's page.
#[derive(Debug, Clone)]
pub struct OwnerFrame {
    /// The workspace's name.
    pub workspace: String,
    /// Who is signed in.
    pub member: String,
    /// Their role, in words.
    pub role: String,
    /// The workspace's colour, six hex digits.
    pub accent: String,
    /// `system`, `light` or `dark`.
    pub theme: String,
    /// Which entry of the navigation is current.
    pub nav: &'static str,
    /// What just happened, once.
    pub flash: Option<Flash>,
    /// Form token of the sign-out form (and of any other form on the page).
    pub csrf: String,
    /// Whether the person has other workspaces to switch to.
    pub has_others: bool,
}

/// The first letter of a name, upper case; a name without one gives a dot.
pub fn first_letter(name: &str) -> String {
    name.chars().find(|c| c.is_alphanumeric()).map_or_else(|| "·".to_owned(), |c| c.to_uppercase().collect())
}
