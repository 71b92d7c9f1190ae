//! Whom the provider's word lets in. One transaction decides, with the workspace's members held still.

use super::super::identities::{self, Identity};
use super::super::links::{self, AccountLinkRow};
use super::super::sessions::{Browser, SignInProof};
use super::super::store::{self as members, NewMember};
use super::super::{Acting, Role};
use super::refusal::{ProviderSignInError, RefusedSignIn, SignInRefusal};
use super::{Provider, ProviderIdentity, store};
use crate::base::clock::UtcTime;
use crate::base::crypto::PlainToken;
use crate::base::error::{AppError, AppResult};
use crate::base::ids::{IdentityId, MemberId, WorkspaceId};
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
pub(super) struct ProviderSignIn<'a> {
    pub(super) workspace: &'a WorkspaceId,
    /// The details they left with.
    pub(super) revision: &'a str,
    pub(super) identity: &'a ProviderIdentity,
}

/// Begins a session for the member that the identity belongs to; makes a member when the workspace takes newcomers or has invited them.
/// Nothing is written for somebody who is refused.
///
/// # Errors
/// They are refused.
pub(super) fn admit(
    tx: &mut Tx<'_>,
    arrival: &ProviderSignIn<'_>,
    browser: &Browser,
) -> Result<Admitted, ProviderSignInError> {
    members::lock_members(tx.conn, arrival.workspace)?;
    let provider = match current(tx.conn, arrival)? {
        Some(provider) if provider.tested_at.is_some() => provider,
        _ => return Err(SignInRefusal::Changed.into()),
    };
    let found = identify(tx.conn, &provider, arrival.identity, tx.now)?;
    let is_new = matches!(found, IdentityMatch::Invited(_) | IdentityMatch::Newcomer { .. });
    let member = match found {
        IdentityMatch::Known(member) => {
            store::note_use(tx.conn, provider.person(arrival.identity), tx.now)?;
            member
        }
        IdentityMatch::Recognised(member) => {
            tie(tx, &provider, arrival.identity, &member)?;
            member.member
        }
        IdentityMatch::Invited(invitation) => {
            if !links::redeem(tx.conn, arrival.workspace, &invitation.id, tx.now)? {
                return Err(SignInRefusal::Lost.into());
            }
            join(tx, &provider, arrival.identity, &invitation.email, invitation.role)?
        }
        IdentityMatch::Newcomer { email, role } => join(tx, &provider, arrival.identity, &email, role)?,
    };
    Ok(Admitted { token: browser.sign_in(tx, arrival.workspace, &member, SignInProof::Provider)?, is_new })
}

/// Takes an owner's own way through the provider as the proof that its details work.
///
/// # Errors
/// It proves nothing; [`AppError::Forbidden`] when they are no owner any more.
pub(super) fn pass_test(
    tx: &mut Tx<'_>,
    arrival: &ProviderSignIn<'_>,
    owner: &Acting,
) -> Result<(), ProviderSignInError> {
    members::lock_members(tx.conn, arrival.workspace)?;
    if super::super::members::role_now(tx.conn, owner)? != Role::Owner {
        return Err(AppError::Forbidden.into());
    }
    let Some(provider) = current(tx.conn, arrival)? else { return Err(SignInRefusal::Changed.into()) };
    match identify(tx.conn, &provider, arrival.identity, tx.now) {
        Ok(IdentityMatch::Known(member)) if member == owner.member => {}
        Ok(IdentityMatch::Recognised(member)) if member.member == owner.member => {
            tie(tx, &provider, arrival.identity, &member)?;
        }
        Ok(_) | Err(ProviderSignInError::Refused(RefusedSignIn { refusal: SignInRefusal::Unknown, .. })) => {
            return Err(SignInRefusal::OtherTester.into());
        }
        Err(error) => return Err(error),
    }
    store::set_tested(tx.conn, arrival.workspace, arrival.revision, tx.now)?;
    owner.note(tx, Event::SignInProviderTested, &provider.label)?;
    Ok(())
}

fn current(conn: &mut Conn, arrival: &ProviderSignIn<'_>) -> AppResult<Option<Provider>> {
    let provider = store::find(conn, arrival.workspace)?;
    Ok(provider.filter(|provider| provider.revision == arrival.revision))
}

/// Whom an identity is.
enum IdentityMatch {
    /// A member who was seen before.
    Known(MemberId),
    /// A member by their address, seen for the first time.
    Recognised(Acting),
    /// Nobody yet, and invited.
    Invited(AccountLinkRow),
    /// Nobody yet, and the workspace takes newcomers.
    Newcomer { email: String, role: Role },
}

/// Looks an identity up; changes nothing.
fn identify(
    conn: &mut Conn,
    provider: &Provider,
    identity: &ProviderIdentity,
    now: UtcTime,
) -> Result<IdentityMatch, ProviderSignInError> {
    let workspace = &provider.workspace_id;
    let email = match identity.email.verified() {
        Some(email) if !provider.domains.allow(email) => return Err(SignInRefusal::OtherDomain.into()),
        None if !provider.domains.is_empty() => return Err(without_email(identity).into()),
        email => email,
    };
    let tied = store::member_of(conn, provider.person(identity))?;
    if let Some(id) = &tied
        && let Some(member) = members::find_living(conn, workspace, id)?
    {
        return Ok(IdentityMatch::Known(member.id));
    }
    let Some(email) = email else { return Err(without_email(identity).into()) };
    if let Some(member) = members::living_of_email(conn, workspace, email)? {
        if store::identity_of(conn, workspace, &member.id)?.is_some() {
            return Err(SignInRefusal::OtherPerson.into());
        }
        let recognised = Acting { workspace: workspace.clone(), member: member.id, name: member.name };
        return Ok(IdentityMatch::Recognised(recognised));
    }
    if let Some(invitation) = links::open_invitation_to(conn, workspace, email, now)?
        && links::stands(conn, &invitation)?
    {
        return Ok(IdentityMatch::Invited(invitation));
    }
    if tied.is_some() || members::was_removed(conn, workspace, email)? {
        return Err(SignInRefusal::Removed.into());
    }
    match provider.newcomers.role() {
        Some(role) => Ok(IdentityMatch::Newcomer { email: email.to_owned(), role }),
        None => Err(SignInRefusal::Unknown.into()),
    }
}

fn without_email(identity: &ProviderIdentity) -> SignInRefusal {
    if identity.email == super::Email::None { SignInRefusal::NoEmail } else { SignInRefusal::Unverified }
}

fn tie(tx: &mut Tx<'_>, provider: &Provider, identity: &ProviderIdentity, member: &Acting) -> AppResult<()> {
    store::tie(tx, provider.person(identity), &member.member)?;
    member.note(tx, Event::IdentityTied, &provider.label)
}

/// Makes a member. Somebody new has no password; the password of somebody who was here before does not open this membership, because the
/// provider's word about an address is this workspace's business alone.
fn join(
    tx: &mut Tx<'_>,
    provider: &Provider,
    identity: &ProviderIdentity,
    email: &str,
    role: Role,
) -> AppResult<MemberId> {
    let (id, workspace) = (MemberId::new(tx.now, tx.rng), &provider.workspace_id);
    let name = name_of(identity, email);
    let new = Identity { id: IdentityId::new(tx.now, tx.rng), email: email.to_owned(), password_hash: String::new() };
    let is_new = identities::insert(tx.conn, &new, tx.now)?;
    let known = if is_new { Some(new) } else { identities::of_email(tx.conn, email)? };
    let person = known.ok_or(AppError::Conflict(TAKEN))?;
    let member = NewMember { id: &id, workspace, identity: &person, name: &name, role, password_opens: is_new };
    if !member.insert(tx.conn, tx.now)? {
        return Err(AppError::Conflict(TAKEN));
    }
    store::tie(tx, provider.person(identity), &id)?;
    let acting = Acting { workspace: workspace.clone(), member: id.clone(), name };
    acting.note(tx, Event::MemberJoined, &format!("{} through {}", role.as_str(), provider.label))?;
    Ok(id)
}

/// The provider's name for the person, by the rules of ours; without one, what stands before the `@`.
fn name_of(identity: &ProviderIdentity, email: &str) -> String {
    let name: String = one_line(&identity.name).chars().take(LONGEST_NAME).collect();
    let local = email.split('@').next().unwrap_or(email);
    if name.trim().is_empty() { local.chars().take(LONGEST_NAME).collect() } else { name.trim().to_owned() }
}
