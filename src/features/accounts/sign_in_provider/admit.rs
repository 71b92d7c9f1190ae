//! Whom the provider's word lets in. One transaction decides, with the workspace's members held still.

use super::super::links::{self, LinkRow};
use super::super::sessions::Browser;
use super::super::store::{self as members, NewMember};
use super::super::{Acting, Role};
use super::refusal::Refusal;
use super::{Identity, Provider, store};
use crate::base::clock::UtcTime;
use crate::base::crypto::PlainToken;
use crate::base::error::{AppError, AppResult};
use crate::base::ids::{MemberId, WorkspaceId};
use crate::features::accounts::fields::{LONGEST_NAME, one_line};
use crate::platform::activity::Event;
use crate::platform::db::Conn;
use crate::platform::tx::Tx;

const TAKEN: &str = "Somebody became a member with this email address a moment ago. Sign in again.";

/// Somebody who is in.
pub(super) struct Admitted {
    /// Their session.
    pub(super) token: PlainToken,
    /// Whether they became a member with it.
    pub(super) is_new: bool,
}

/// Who came back, and from where.
pub(super) struct Arrival<'a> {
    pub(super) workspace: &'a WorkspaceId,
    /// The details they left with.
    pub(super) revision: &'a str,
    pub(super) identity: &'a Identity,
}

/// Begins a session for the member that the identity belongs to; makes a member when the workspace takes newcomers or has invited them.
/// Nothing is written for somebody who is refused.
///
/// # Errors
/// Only internal ones.
pub(super) fn admit(tx: &mut Tx<'_>, arrival: &Arrival<'_>, browser: &Browser) -> AppResult<Result<Admitted, Refusal>> {
    members::lock_members(tx.conn, arrival.workspace)?;
    let provider = match current(tx.conn, arrival)? {
        Some(provider) if provider.tested_at.is_some() => provider,
        _ => return Ok(Err(Refusal::Changed)),
    };
    let found = match who(tx.conn, &provider, arrival.identity, tx.now)? {
        Ok(found) => found,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let is_new = matches!(found, Who::Invited(_) | Who::Newcomer { .. });
    let member = match found {
        Who::Known(member) => {
            let key = (provider.issuer.as_str(), arrival.identity.subject.as_str());
            store::note_use(tx.conn, arrival.workspace, key, tx.now)?;
            member
        }
        Who::Recognised { member, name } => {
            tie(tx, &provider, arrival.identity, (&member, &name))?;
            member
        }
        Who::Invited(invitation) => {
            if !links::redeem(tx.conn, arrival.workspace, &invitation.id, tx.now)? {
                return Ok(Err(Refusal::Lost));
            }
            join(tx, &provider, arrival.identity, (&invitation.email, invitation.role))?
        }
        Who::Newcomer { email, role } => join(tx, &provider, arrival.identity, (&email, role))?,
    };
    Ok(Ok(Admitted { token: browser.sign_in(tx, arrival.workspace, &member)?, is_new }))
}

/// Takes an owner's own way through the provider as the proof that its details work.
///
/// # Errors
/// [`AppError::Forbidden`] when they are no owner any more.
pub(super) fn pass_test(tx: &mut Tx<'_>, arrival: &Arrival<'_>, owner: &Acting) -> AppResult<Result<(), Refusal>> {
    members::lock_members(tx.conn, arrival.workspace)?;
    if super::super::members::role_now(tx.conn, owner)? != Role::Owner {
        return Err(AppError::Forbidden);
    }
    let Some(provider) = current(tx.conn, arrival)? else { return Ok(Err(Refusal::Changed)) };
    match who(tx.conn, &provider, arrival.identity, tx.now)? {
        Ok(Who::Known(member)) if member == owner.member => {}
        Ok(Who::Recognised { member, name }) if member == owner.member => {
            tie(tx, &provider, arrival.identity, (&member, &name))?;
        }
        Ok(_) | Err(Refusal::Unknown) => return Ok(Err(Refusal::OtherTester)),
        Err(refusal) => return Ok(Err(refusal)),
    }
    store::set_tested(tx.conn, arrival.workspace, arrival.revision, tx.now)?;
    owner.note(tx, Event::SignInProviderTested, &provider.label)?;
    Ok(Ok(()))
}

fn current(conn: &mut Conn, arrival: &Arrival<'_>) -> AppResult<Option<Provider>> {
    let provider = store::find(conn, arrival.workspace)?;
    Ok(provider.filter(|provider| provider.revision == arrival.revision))
}

/// Whom an identity is.
enum Who {
    /// A member who was seen before.
    Known(MemberId),
    /// A member by their address, seen for the first time.
    Recognised { member: MemberId, name: String },
    /// Nobody yet, and invited.
    Invited(LinkRow),
    /// Nobody yet, and the workspace takes newcomers.
    Newcomer { email: String, role: Role },
}

/// Looks an identity up; changes nothing.
fn who(conn: &mut Conn, provider: &Provider, identity: &Identity, now: UtcTime) -> AppResult<Result<Who, Refusal>> {
    let workspace = &provider.workspace_id;
    let email = match identity.email.verified() {
        Some(email) if !provider.domains.allow(email) => return Ok(Err(Refusal::OtherDomain)),
        None if !provider.domains.is_empty() => return Ok(Err(without_email(identity))),
        email => email,
    };
    let tied = store::member_of(conn, workspace, &provider.issuer, &identity.subject)?;
    if let Some(id) = &tied
        && let Some(member) = members::find_living(conn, workspace, id)?
    {
        return Ok(Ok(Who::Known(member.id)));
    }
    let Some(email) = email else { return Ok(Err(without_email(identity))) };
    if let Some(member) = members::credentials_of_email(conn, email)? {
        return Ok(if &member.workspace_id != workspace {
            Err(Refusal::Elsewhere)
        } else if store::identity_of(conn, workspace, &member.id)?.is_some() {
            Err(Refusal::OtherPerson)
        } else {
            Ok(Who::Recognised { member: member.id, name: member.name })
        });
    }
    if let Some(invitation) = links::open_invitation_to(conn, workspace, email, now)? {
        return Ok(Ok(Who::Invited(invitation)));
    }
    if tied.is_some() || members::was_removed(conn, workspace, email)? {
        return Ok(Err(Refusal::Removed));
    }
    Ok(match provider.newcomers.role() {
        Some(role) => Ok(Who::Newcomer { email: email.to_owned(), role }),
        None => Err(Refusal::Unknown),
    })
}

fn without_email(identity: &Identity) -> Refusal {
    if identity.email == super::Email::None { Refusal::NoEmail } else { Refusal::Unverified }
}

fn tie(tx: &mut Tx<'_>, provider: &Provider, identity: &Identity, (member, name): (&MemberId, &str)) -> AppResult<()> {
    let workspace = &provider.workspace_id;
    store::tie(tx, workspace, (&provider.issuer, &identity.subject), member)?;
    let acting = Acting { workspace: workspace.clone(), member: member.clone(), name: name.to_owned() };
    Ok(acting.note(tx, Event::IdentityTied, &provider.label)?)
}

/// Makes a member without a password.
fn join(tx: &mut Tx<'_>, provider: &Provider, identity: &Identity, (email, role): (&str, Role)) -> AppResult<MemberId> {
    let (id, workspace) = (MemberId::new(tx.now, tx.rng), &provider.workspace_id);
    let name = name_of(identity, email);
    let member = NewMember { id: &id, workspace, email, name: &name, password_hash: "", role };
    if !member.insert(tx.conn, tx.now)? {
        return Err(AppError::Conflict(TAKEN));
    }
    store::tie(tx, workspace, (&provider.issuer, &identity.subject), &id)?;
    let acting = Acting { workspace: workspace.clone(), member: id.clone(), name };
    acting.note(tx, Event::MemberJoined, &format!("{} through {}", role.as_str(), provider.label))?;
    Ok(id)
}

/// The provider's name for the person, by the rules of ours; without one, what stands before the `@`.
fn name_of(identity: &Identity, email: &str) -> String {
    let name: String = one_line(&identity.name).chars().take(LONGEST_NAME).collect();
    let local = email.split('@').next().unwrap_or(email);
    if name.trim().is_empty() { local.chars().take(LONGEST_NAME).collect() } else { name.trim().to_owned() }
}
