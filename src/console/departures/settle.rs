//! The one transaction: the member goes, or gets their new role, and what they made finds its end or its new owner.

use std::collections::BTreeMap;

use super::Departure;
use super::things::{MadeThing, Takers, made_by};
use crate::base::error::{AppError, AppResult};
use crate::base::ids::MemberId;
use crate::features::accounts::{self, Acting, MemberCard, api_keys};
use crate::features::{invite_links, setup_links};
use crate::platform::activity::Actor;
use crate::platform::tx::Tx;

/// The value of a choice that ends a thing.
pub(crate) const REVOKE: &str = "revoke";
/// The field that decides over what a page does not list.
pub(crate) const OTHERS: &str = "others";

/// What was chosen in the form: to whom each thing goes, or to nobody. What is not among them is revoked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Decisions(BTreeMap<String, Option<MemberId>>);

impl Decisions {
    /// Reads the form.
    pub(crate) fn read(pairs: &[(String, String)]) -> Self {
        let taker = |value: &str| (!value.is_empty() && value != REVOKE).then(|| MemberId::from_text(value));
        Self(pairs.iter().map(|(field, value)| (field.clone(), taker(value))).collect())
    }

    /// Who gets the thing of that field; `None`: it is revoked.
    pub(crate) fn taker(&self, field: &str) -> Option<&MemberId> {
        self.0.get(field).or_else(|| self.0.get(OTHERS))?.as_ref()
    }
}

/// Why nothing was done.
#[derive(Debug)]
pub(crate) enum SettleError {
    /// Whoever was to get the thing of this field may not have it (any more).
    NoTaker(String),
    /// Anything else.
    Other(AppError),
}

impl<E: Into<AppError>> From<E> for SettleError {
    fn from(error: E) -> Self {
        Self::Other(error.into())
    }
}

/// Removes the member, or gives them their role, and settles what they made.
///
/// # Errors
/// As [`accounts::remove_member`] and [`accounts::change_role`]; [`SettleError::NoTaker`].
pub(crate) fn settle(
    tx: &mut Tx<'_>,
    who: &Acting,
    departure: &Departure,
    decisions: &Decisions,
) -> Result<(), SettleError> {
    // The membership first: all members of the workspace stand still from here on.
    match departure.role {
        None => accounts::remove_member(tx, who, &departure.member)?,
        Some(role) => accounts::change_role(tx, who, &departure.member, role)?,
    }
    let takers = Takers::list(tx.conn, &who.workspace, &departure.member)?;
    let actor = Actor::Member { id: who.member.clone(), name: who.name.clone() };
    for thing in made_by(tx.conn, &who.workspace, departure, tx.now)? {
        let field = thing.field();
        let Some(to) = decisions.taker(&field) else {
            revoke(tx, who, thing, actor.clone())?;
            continue;
        };
        let Some(to) = takers.of(&thing).find(|one| &one.id == to).cloned() else {
            return Err(SettleError::NoTaker(field));
        };
        hand_over(tx, who, thing, &to, actor.clone())?;
    }
    Ok(())
}

fn revoke(tx: &mut Tx<'_>, who: &Acting, thing: MadeThing, actor: Actor) -> AppResult<()> {
    match thing {
        MadeThing::Key(key) => api_keys::revoke(tx, &who.workspace, &key.id, actor).map(|_| ()),
        MadeThing::SetupLink(link, connection) => setup_links::revoke(tx, &connection, &link.id, actor).map(|_| ()),
        MadeThing::InviteLink(link) => invite_links::delete(tx, &link, actor).map(|_| ()),
    }
}

fn hand_over(tx: &mut Tx<'_>, who: &Acting, thing: MadeThing, to: &MemberCard, actor: Actor) -> AppResult<()> {
    match thing {
        MadeThing::Key(key) => api_keys::hand_over(tx, &who.workspace, &key, to, actor).map(|_| ()),
        MadeThing::SetupLink(link, _) => setup_links::hand_over(tx, &link, to, actor).map(|_| ()),
        MadeThing::InviteLink(link) => invite_links::hand_over(tx, &link, to, actor).map(|_| ()),
    }
}
