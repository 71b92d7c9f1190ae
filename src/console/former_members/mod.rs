//! Forgetting a member who left: one list of all places that may name them.
//!
//! What somebody has typed into free texts (a description, a note, the workspace's contact) is theirs to change, and the page says so; mails
//! that went out, files of an installation without a mail server, and backups are not reached.

pub mod pages;

use crate::base::error::AppResult;
use crate::features::{accounts, connections, work};
use crate::platform::db::Conn;
use crate::platform::former_member::FormerMember;
use crate::platform::tx::Tx;
use crate::platform::{activity, jobs};

use super::kept_forms;

/// Forgets a member in one part of the database.
type ForgetMember = fn(&mut Conn, &FormerMember) -> diesel::QueryResult<()>;

/// Every place that may name a member, and who forgets them there.
pub const PLACES: [(&str, ForgetMember); 6] = [
    ("activity: actor_name, detail", activity::forget_member),
    ("connections: origins; connection_revisions: name, origins", connections::forget_member),
    ("validations: actor_name; runs: actor_name", work::forget_member),
    ("jobs: receiver, shown_receiver, about, last_error", jobs::forget_member),
    ("held_secrets: forms that wait for a member to sign in", kept_forms::forget_member),
    ("account_links, sign_in_identities, sessions, members, identities", accounts::forget_member),
];

/// Forgets a member everywhere, in one transaction: all of it, or nothing.
fn forget(tx: &mut Tx<'_>, person: &FormerMember) -> AppResult<()> {
    for (_, forget_there) in PLACES {
        forget_there(tx.conn, person)?;
    }
    Ok(())
}
