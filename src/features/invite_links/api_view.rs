//! An invite link and what it made as the API shows them, and what a program may say about a link.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::input::text_problems;
use super::store::InviteLink;
use super::{Expiry, InviteState, LinkFields, MOST_CONNECTIONS, Usage};
use crate::base::clock::UtcTime;
use crate::base::crypto::PlainToken;
use crate::connectors::Kind;
use crate::features::connections::{Approval, Connection};
use crate::platform::web::api::{nullable, present};
use crate::platform::web::problem::ErrorDetail;

/// What stands in the place of a token that the caller may not see.
const REDACTED: &str = "********";

/// Sources or destinations.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum KindOut {
    /// It makes sources.
    Source,
    /// It makes destinations.
    Destination,
}

impl From<Kind> for KindOut {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Source => Self::Source,
            Kind::Destination => Self::Destination,
        }
    }
}

impl From<KindOut> for Kind {
    fn from(kind: KindOut) -> Self {
        match kind {
            KindOut::Source => Self::Source,
            KindOut::Destination => Self::Destination,
        }
    }
}

/// Where an invite link is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "InviteLinkState")]
pub enum InviteLinkStateOut {
    /// It works.
    Active,
    /// One-use and used, or full.
    Used,
    /// Its time ran out.
    Expired,
    /// It was deleted, or closed because a backup was put back.
    Deleted,
}

impl From<InviteState> for InviteLinkStateOut {
    fn from(state: InviteState) -> Self {
        match state {
            InviteState::Active => Self::Active,
            InviteState::Used(_) | InviteState::Full => Self::Used,
            InviteState::Expired(_) => Self::Expired,
            InviteState::Deleted(_) | InviteState::Restored(_) => Self::Deleted,
        }
    }
}

/// A new invite link.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewInviteLink")]
pub struct NewInviteLinkIn {
    /// Its name for members; recipients never see it.
    #[schemars(length(min = 1, max = 80))]
    pub(super) name: String,
    /// Whether it makes sources or destinations.
    pub(super) connection_kind: KindOut,
    /// Of which type: the slug of a connector.
    pub(super) connector_slug: String,
    /// It stops working after the first submission.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "bool")]
    pub(super) one_use: Option<bool>,
    /// When it ends by itself (RFC 3339); never when left out.
    #[serde(default, deserialize_with = "nullable")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    expires_at: Option<Option<String>>,
    /// A note the recipients will see.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "String", length(max = 280))]
    note: Option<String>,
    /// How recipients are greeted.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "String", length(max = 80))]
    greeting: Option<String>,
    /// Most connections it may make; any number when left out.
    #[serde(default, deserialize_with = "nullable")]
    #[schemars(with = "Option<i32>", range(min = 1, max = 10_000))]
    cap: Option<Option<i32>>,
    /// What comes through it waits until a member accepts it.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "bool")]
    approval: Option<bool>,
}

/// What can be changed about an invite link; what is left out stays as it is.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "InviteLinkChange")]
pub struct ChangeIn {
    /// Its name for members.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "String", length(min = 1, max = 80))]
    name: Option<String>,
    /// When it ends by itself (RFC 3339); a time that is past ends it at once, null means never.
    #[serde(default, deserialize_with = "nullable")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    expires_at: Option<Option<String>>,
    /// A note the recipients will see.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "String", length(max = 280))]
    note: Option<String>,
    /// How recipients are greeted.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "String", length(max = 80))]
    greeting: Option<String>,
    /// Most connections it may make; null means any number.
    #[serde(default, deserialize_with = "nullable")]
    #[schemars(with = "Option<i32>", range(min = 1, max = 10_000))]
    cap: Option<Option<i32>>,
    /// What comes through it waits until a member accepts it.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "bool")]
    approval: Option<bool>,
}

impl NewInviteLinkIn {
    /// The fields of the new link, with what is wrong.
    pub(super) fn fields(&self, now: UtcTime) -> Result<LinkFields, Vec<ErrorDetail>> {
        let change = ChangeIn {
            name: Some(self.name.clone()),
            expires_at: self.expires_at.clone(),
            note: self.note.clone(),
            greeting: self.greeting.clone(),
            cap: self.cap,
            approval: self.approval,
        };
        change.onto(LinkFields::default(), true, now)
    }
}

impl ChangeIn {
    /// The fields after the change, or what is wrong with it.
    pub(super) fn onto(&self, before: LinkFields, is_new: bool, now: UtcTime) -> Result<LinkFields, Vec<ErrorDetail>> {
        let mut faults = Vec::new();
        let text = |given: &Option<String>, old: String| given.as_ref().map_or(old, |text| text.trim().to_owned());
        let mut fields = LinkFields {
            name: text(&self.name, before.name),
            note: text(&self.note, before.note),
            greeting: text(&self.greeting, before.greeting),
            cap: self.cap.unwrap_or(before.cap),
            wants_approval: self.approval.unwrap_or(before.wants_approval),
            expiry: before.expiry,
        };
        for (id, sentence) in text_problems(&fields.name, &fields.greeting, &fields.note) {
            faults.push(ErrorDetail::at(format!("/{id}"), "invalid_text", format!("{sentence}.")));
        }
        if fields.cap.is_some_and(|cap| !(1..=MOST_CONNECTIONS).contains(&cap)) {
            let sentence = format!("cap must be a number from 1 to {MOST_CONNECTIONS}, or null.");
            faults.push(ErrorDetail::at("/cap", "out_of_range", sentence));
        }
        if let Some(given) = &self.expires_at {
            match expiry(given.as_deref(), is_new, now) {
                Ok(expiry) => fields.expiry = expiry,
                Err(fault) => faults.push(fault),
            }
        }
        if faults.is_empty() { Ok(fields) } else { Err(faults) }
    }
}

fn expiry(given: Option<&str>, is_new: bool, now: UtcTime) -> Result<Expiry, ErrorDetail> {
    let Some(text) = given else { return Ok(Expiry::never()) };
    let form = &time::format_description::well_known::Rfc3339;
    let at = time::OffsetDateTime::parse(text, form).map(UtcTime::new).map_err(|_| {
        ErrorDetail::at("/expires_at", "wrong_type", "expires_at must be a time like 2026-03-14T18:00:00Z, or null.")
    })?;
    if is_new && at <= now {
        return Err(ErrorDetail::at("/expires_at", "out_of_range", "expires_at must be a time that is still to come."));
    }
    Expiry::at(at, now)
        .map_err(|_| ErrorDetail::at("/expires_at", "out_of_range", "expires_at must be within ten years, or null."))
}

/// An invite link.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "InviteLink")]
pub struct LinkOut {
    /// Its id.
    pub(super) id: String,
    /// Its name for members.
    name: String,
    /// Whether it makes sources or destinations.
    connection_kind: KindOut,
    /// Of which type.
    connector_slug: String,
    /// It stops working after the first submission.
    one_use: bool,
    /// Where it is in its life.
    pub(super) state: InviteLinkStateOut,
    /// When it ends by itself (RFC 3339, UTC); null: never.
    #[schemars(extend("format" = "date-time"))]
    expires_at: Option<String>,
    /// A note the recipients see.
    note: String,
    /// How recipients are greeted.
    greeting: String,
    /// Most connections it may make; null: any number.
    cap: Option<i32>,
    /// What comes through it waits until a member accepts it.
    approval: bool,
    /// How many people have sent something with it.
    submission_count: i32,
    /// How many connections it made.
    connection_count: i32,
    /// The token; asterisks for a key that may only read, and for a deleted link.
    token: String,
    /// The address to hand out; null where the token is not shown.
    url: Option<String>,
    /// When it was made (RFC 3339, UTC).
    #[schemars(extend("format" = "date-time"))]
    created_at: String,
    /// When it was last used.
    #[schemars(extend("format" = "date-time"))]
    last_used_at: Option<String>,
    /// When it was deleted.
    #[schemars(extend("format" = "date-time"))]
    deleted_at: Option<String>,
}

impl LinkOut {
    /// The link, with its token and address for whoever may see them.
    pub(super) fn new(link: &InviteLink, shown: Option<(&PlainToken, String)>, now: UtcTime) -> Self {
        let (token, url) =
            shown.map_or((REDACTED.to_owned(), None), |(token, url)| (token.expose().to_owned(), Some(url)));
        Self {
            id: link.id.to_string(),
            name: link.name.clone(),
            connection_kind: link.kind.into(),
            connector_slug: link.connector_slug.clone(),
            one_use: link.usage == Usage::Once,
            state: link.state(now).into(),
            expires_at: link.expiry().moment().map(UtcTime::iso),
            note: link.note.clone(),
            greeting: link.greeting.clone(),
            cap: link.cap,
            approval: link.wants_approval(),
            submission_count: link.submission_count,
            connection_count: link.connection_count,
            token,
            url,
            created_at: link.created_at.iso(),
            last_used_at: link.last_used_at.map(UtcTime::iso),
            deleted_at: link.deleted_at.map(UtcTime::iso),
        }
    }
}

/// A connection that came through an invite link.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "InviteLinkConnection")]
pub struct ArrivedOut {
    /// Its id.
    id: String,
    /// Its name in addresses.
    slug: String,
    /// Its name for people.
    description: String,
    /// Source or destination.
    connection_kind: KindOut,
    /// Of which type.
    connector_slug: String,
    /// Who authorised it, possibly empty.
    identity: String,
    /// Whether a member has to accept it.
    approval: Approval,
    /// Nothing required is missing.
    config_completed: bool,
    /// When it came (RFC 3339, UTC).
    #[schemars(extend("format" = "date-time"))]
    created_at: String,
}

impl ArrivedOut {
    pub(super) fn new(connection: &Connection) -> Self {
        Self {
            id: connection.id.to_string(),
            slug: connection.slug.clone(),
            description: connection.description.clone(),
            connection_kind: connection.kind.into(),
            connector_slug: connection.connector_slug.clone(),
            identity: connection.identity.clone(),
            approval: connection.approval,
            config_completed: connection.missing_count == 0,
            created_at: connection.created_at.iso(),
        }
    }
}
