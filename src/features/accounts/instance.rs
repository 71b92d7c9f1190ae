//! Who answers for the whole installation among those who sign in.
//!
//! The owners of its first workspace do: whoever set the product up made that one, and its owners say who else is one. Owners of other
//! workspaces are guests of the machine. What changes the server itself is decided by [`owns_instance`] alone.

use diesel::QueryResult;
use secrecy::ExposeSecret as _;

use super::guard::SignedIn;
use super::store::first_workspace;
use super::{MemberCard, Role, owners_of};
use crate::base::error::AppResult;
use crate::base::ids::WorkspaceId;
use crate::platform::app::App;
use crate::platform::config::Config;
use crate::platform::db::Conn;

/// Whether somebody who acts in a workspace with this role is an owner of the instance. Who is one, too, and acts in another workspace at the
/// moment is none there: what they do is written down where they do it.
///
/// # Errors
/// The database cannot be asked.
pub fn owns_instance(conn: &mut Conn, workspace: &WorkspaceId, role: Role) -> QueryResult<bool> {
    Ok(role == Role::Owner && first_workspace(conn)?.as_ref() == Some(workspace))
}

/// The owners of the instance, for members of their own workspace; nobody else is told who they are.
///
/// # Errors
/// The database cannot be asked.
pub fn instance_owners(conn: &mut Conn, workspace: &WorkspaceId) -> QueryResult<Vec<MemberCard>> {
    if first_workspace(conn)?.as_ref() == Some(workspace) { owners_of(conn, workspace) } else { Ok(Vec::new()) }
}

impl SignedIn {
    /// Whether they answer for the whole installation, where they act now: nobody else is told where it lies and how it is run.
    ///
    /// # Errors
    /// The database cannot be asked.
    pub async fn owns_instance(&self, app: &App) -> AppResult<bool> {
        let (workspace, role) = (self.workspace_id.clone(), self.role);
        app.db.read(move |conn| Ok(owns_instance(conn, &workspace, role)?)).await
    }
}

/// A text of the server, such as an error, without what only its operator is to know: folders and the mail server.
pub fn without_operator_facts(config: &Config, text: &str) -> String {
    let storage = &config.storage;
    let folder = |path: &std::path::Path| {
        let whole = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        [whole.display().to_string(), path.display().to_string()]
    };
    let mut facts: Vec<(String, &str)> = Vec::new();
    facts.extend(folder(&storage.data_dir).map(|path| (path, "the data folder")));
    facts.extend(
        config.connectors.dir.as_deref().into_iter().flat_map(folder).map(|path| (path, "the connectors folder")),
    );
    facts.extend(mail_host(config).map(|host| (host, "the mail server")));
    // What is short, like `.`, says nothing of where it lies and stands in every text.
    let facts = facts.into_iter().filter(|(fact, _)| fact.len() > 3);
    facts.fold(text.to_owned(), |text, (fact, words)| text.replace(&fact, words))
}

fn mail_host(config: &Config) -> Option<String> {
    let text = config.mail.smtp_url.as_ref()?.expose_secret().split_once("://")?.1.to_owned();
    url::Url::parse(&format!("smtp://{text}")).ok()?.host_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn folders_and_the_mail_server_are_not_told() {
        let settings =
            [("VESTIBULE_DATA_DIR", "/srv/vestibule"), ("VESTIBULE_SMTP_URL", "smtps://u:p@mail.inside.example:465")];
        let settings: BTreeMap<String, String> =
            settings.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let mut config = Config::from_source(&settings).unwrap();
        config.connectors.dir = Some("/etc/connectors".into());
        let told = "cannot write /srv/vestibule/mail: mail.inside.example refused, see /etc/connectors/shop.json";
        assert_eq!(
            without_operator_facts(&config, told),
            "cannot write the data folder/mail: the mail server refused, see the connectors folder/shop.json"
        );
        config.storage.data_dir = "/".into();
        assert_eq!(without_operator_facts(&config, "and/or"), "and/or");
    }
}
