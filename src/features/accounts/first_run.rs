//! The first run: whoever can read the server's log makes the first workspace, once. A code, not a race.

use super::identities::Identity;
use super::notes::note;
use super::store::{self, NewMember};
use super::{Role, WorkspaceCard, identities};
use crate::base::crypto::Marker;
use crate::base::error::{AppError, AppResult};
use crate::base::ids::{IdentityId, MemberId, WorkspaceId};
use crate::platform::activity::{Actor, Event};
use crate::platform::app::App;
use crate::platform::db::{Conn, instance};
use crate::platform::tx::Tx;
use crate::platform::web::accent;

/// Capitals and digits that are not mistaken for each other; 32 of them, so five bits of a byte choose one evenly.
const ALPHABET: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
const CODE_LETTERS: usize = 12;
const LONGEST_SLUG: usize = 40;

/// The code that guards the first run, like `KQ7M-2XTD-9GHJ`; `None` once a workspace exists. It follows from the master key, so
/// every process of an installation prints the same one, and nothing needs to be stored.
///
/// # Errors
/// The database cannot be asked.
pub async fn first_run_code(app: &App) -> AppResult<Option<String>> {
    let over = app.db.read(|conn| Ok(store::any_workspace(conn)?)).await?;
    Ok((!over).then(|| code(&Marker::new(&app.keys, "first-run"))))
}

fn code(marker: &Marker) -> String {
    let bytes = marker.mark(&[b"code"]);
    let letters = bytes.iter().filter_map(|byte| ALPHABET.get(usize::from(byte & 31)).copied().map(char::from));
    let letters: Vec<char> = letters.take(CODE_LETTERS).collect();
    letters.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}

/// Whether what somebody typed is the code; case, spaces and hyphens are forgiven.
pub(super) fn is_code(typed: &str, code: &str) -> bool {
    let plain = |text: &str| {
        text.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_uppercase()).collect::<String>()
    };
    bool::from(subtle::ConstantTimeEq::ct_eq(plain(typed).as_bytes(), plain(code).as_bytes()))
}

/// Takes the first run for this transaction; `false` when there is a workspace or somebody else was faster.
pub(super) fn claim(conn: &mut Conn) -> AppResult<bool> {
    Ok(!store::any_workspace(conn)? && instance::claim(conn, "first_run", b"done")?)
}

/// A workspace to be, and its owner.
pub struct NewOwner {
    /// The workspace's name.
    pub workspace_name: String,
    /// The owner's name.
    pub name: String,
    /// The owner's address, checked and in lower case.
    pub email: String,
    /// The owner's password as [`crate::base::crypto::password::hash`] gives it; for somebody who has one it is not taken.
    pub password_hash: String,
}

/// What [`create_workspace_with_owner`] has made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewWorkspace {
    /// The workspace.
    pub id: WorkspaceId,
    /// Its name in commands.
    pub slug: String,
    /// Its owner.
    pub owner: MemberId,
    /// The owner was known here already and keeps the password they have.
    pub keeps_password: bool,
}

/// Makes a workspace and its owner; call it inside a write. Whoever has the address already becomes the owner and keeps their password.
///
/// # Errors
/// Only internal ones.
pub fn create_workspace_with_owner(tx: &mut Tx<'_>, new: &NewOwner) -> AppResult<NewWorkspace> {
    let workspace = WorkspaceCard {
        id: WorkspaceId::new(tx.now, tx.rng),
        slug: free_slug(tx.conn, &new.workspace_name)?,
        name: new.workspace_name.clone(),
        accent: accent::DEFAULT.to_owned(),
        contact: String::new(),
    };
    store::insert_workspace(tx.conn, &workspace, tx.now)?;
    let owner = MemberId::new(tx.now, tx.rng);
    let FoundIdentity { identity, keeps_password } = identity_for(tx, &new.email, &new.password_hash)?;
    let member = NewMember {
        id: &owner,
        workspace: &workspace.id,
        identity: &identity,
        name: &new.name,
        role: Role::Owner,
        password_opens: true,
    };
    if !member.insert(tx.conn, tx.now)? {
        return Err(AppError::internal(anyhow::anyhow!("a workspace that was made a moment ago has a member already")));
    }
    let actor = Actor::Member { id: owner.clone(), name: new.name.clone() };
    note(tx, &workspace.id, actor, Event::WorkspaceCreated, &workspace.name)?;
    Ok(NewWorkspace { id: workspace.id, slug: workspace.slug, owner, keeps_password })
}

/// Who has an address.
pub(super) struct FoundIdentity {
    pub(super) identity: Identity,
    /// They were there before, with a password that stays as it is.
    pub(super) keeps_password: bool,
}

/// Who has the address: somebody new with that password, or who was there before. One without a password gets this one.
pub(super) fn identity_for(tx: &mut Tx<'_>, email: &str, password_hash: &str) -> AppResult<FoundIdentity> {
    let id = IdentityId::new(tx.now, tx.rng);
    let new = Identity { id, email: email.to_owned(), password_hash: password_hash.to_owned() };
    if identities::insert(tx.conn, &new, tx.now)? {
        return Ok(FoundIdentity { identity: new, keeps_password: false });
    }
    let identity = identities::of_email(tx.conn, email)?.ok_or(AppError::NotFound)?;
    let set = identities::set_password(tx.conn, &identity.id, "", password_hash)?;
    Ok(FoundIdentity { identity, keeps_password: !set })
}

/// The slug of a name that no workspace has yet: "acme", then "acme-2".
fn free_slug(conn: &mut Conn, name: &str) -> AppResult<String> {
    let wish = slug(name);
    let mut number = 1_u32;
    loop {
        let slug = if number == 1 { wish.clone() } else { format!("{wish}-{number}") };
        if store::find_workspace_by_slug(conn, &slug)?.is_none() {
            return Ok(slug);
        }
        number += 1;
    }
}

fn slug(name: &str) -> String {
    let lower = name.to_lowercase();
    let words = lower.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let text: String = words.collect::<Vec<_>>().join("-").chars().take(LONGEST_SLUG).collect();
    let text = text.trim_end_matches('-');
    if text.is_empty() { "workspace".to_owned() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::crypto::KeyRing;

    #[test]
    fn slugs_are_plain() {
        for (name, expected) in [
            ("Acme Analytics", "acme-analytics"),
            ("  Über & Co. ", "ber-co"),
            ("日本", "workspace"),
            ("-", "workspace"),
        ] {
            assert_eq!(slug(name), expected);
        }
        assert!(slug(&"ab ".repeat(60)).len() <= LONGEST_SLUG);
    }

    #[test]
    fn the_code_follows_from_the_key_and_is_read_kindly() {
        let keys = |byte: u8| {
            let bytes: [u8; 32] = std::array::from_fn(|at| byte.wrapping_add(u8::try_from(at).unwrap()));
            let text = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, bytes);
            KeyRing::parse(&format!("k:{text}")).unwrap()
        };
        let of = |byte| code(&Marker::new(&keys(byte), "first-run"));
        let shown = of(1);
        assert_eq!((shown.len(), &shown, shown.matches('-').count()), (14, &of(1), 2));
        assert_ne!(shown, of(2));
        assert!(is_code(&format!(" {} ", shown.to_lowercase().replace('-', " ")), &shown));
        assert!(!is_code("", &shown) && !is_code(&shown[..13], &shown));
    }
}
