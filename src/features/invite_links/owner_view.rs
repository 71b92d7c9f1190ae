//! The list of links and the form's fields as members see them. Values ready to print, no rows.

use super::input::{FieldProblems, TypedFields};
use super::listing::{InviteLinkCursor, InviteLinkFilter, InviteStateFilter, ListOrder, Sort};
use super::store::InviteLink;
use super::{InviteState, LONG_UNUSED, Usage};
use crate::base::clock::UtcTime;
use crate::connectors::Kind;
use crate::features::recipient::{When, ZoneChoice};
use crate::platform::app::App;
use crate::platform::web::urls;

/// What the list is narrowed to and sorted by, and where it goes on.
#[derive(Debug, Clone, Default, serde::Deserialize)]
pub struct InviteLinksQuery {
    #[serde(default)]
    pub(super) find: String,
    #[serde(default)]
    pub(super) state: String,
    #[serde(default)]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) sort: String,
    #[serde(default)]
    after: String,
}

impl InviteLinksQuery {
    pub(super) fn filter(&self) -> InviteLinkFilter {
        InviteLinkFilter {
            query: self.find.trim().to_owned(),
            state: InviteStateFilter::parse(&self.state),
            kind: Kind::parse(&self.kind),
            connector: None,
        }
    }

    pub(super) fn order(&self) -> ListOrder {
        let sort = Sort::parse(&self.sort).unwrap_or_default();
        ListOrder { sort, after: InviteLinkCursor::parse(sort, &self.after) }
    }

    fn is_narrowed(&self) -> bool {
        [&self.find, &self.state, &self.kind, &self.after].iter().any(|text| !text.is_empty())
    }

    /// The address of the page after a row.
    pub(super) fn older(&self, last: &InviteLink) -> String {
        let cursor = InviteLinkCursor::after(Sort::parse(&self.sort).unwrap_or_default(), last).text();
        let pairs = [
            ("find", self.find.as_str()),
            ("state", self.state.as_str()),
            ("kind", self.kind.as_str()),
            ("sort", self.sort.as_str()),
            ("after", cursor.as_str()),
        ];
        let set = pairs.into_iter().filter(|(_, value)| !value.is_empty());
        let text = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(set).finish();
        format!("{}?{text}", urls::INVITE_LINKS)
    }
}

/// One line of the list.
pub(super) struct InviteLinkRow {
    pub(super) name: String,
    pub(super) url: String,
    pub(super) connector: String,
    pub(super) kind: &'static str,
    pub(super) usage: &'static str,
    pub(super) state: &'static str,
    pub(super) tone: &'static str,
    pub(super) ends: Option<When>,
    pub(super) connections: String,
    pub(super) used: Option<When>,
    pub(super) marks: Vec<&'static str>,
    pub(super) is_shown: bool,
}

impl InviteLinkRow {
    pub(super) fn new(app: &App, link: &InviteLink, shown: Option<&InviteLink>) -> Self {
        let (now, state) = (app.clock.now(), link.state(app.clock.now()));
        Self {
            name: link.name.clone(),
            url: urls::invite_link(&link.id),
            connector: connector_name(app, link),
            kind: link.kind.as_str(),
            usage: link.usage.words(),
            state: state.word(),
            tone: state.tone(),
            ends: ends(link),
            connections: made(link),
            used: link.last_used_at.map(|at| When { iso: at.iso(), words: at.short() }),
            marks: marks(link, now),
            is_shown: shown.is_some_and(|shown| shown.id == link.id),
        }
    }
}

/// What a connector is called; its name in addresses when it is not installed any more.
pub(super) fn connector_name(app: &App, link: &InviteLink) -> String {
    let connector = app.connectors.find(link.kind, &link.connector_slug);
    connector.map_or_else(|| link.connector_slug.clone(), |connector| connector.name().to_owned())
}

/// When a link ends, in the words of its own zone.
pub(super) fn ends(link: &InviteLink) -> Option<When> {
    let expiry = link.expiry();
    expiry.moment().map(|at| When { iso: at.iso(), words: expiry.words() })
}

/// How many connections it made, and may make.
pub(super) fn made(link: &InviteLink) -> String {
    link.cap.map_or_else(|| link.connection_count.to_string(), |cap| format!("{} of {cap}", link.connection_count))
}

/// Whether nobody used an active link for so long that it may better be deleted.
pub(super) fn is_long_unused(link: &InviteLink, now: UtcTime) -> bool {
    link.state(now) == InviteState::Active && now - link.active_at >= LONG_UNUSED
}

/// Whether a link can be used by anybody for ever.
pub(super) fn is_endless(link: &InviteLink) -> bool {
    link.usage == Usage::Reusable && link.expiry().moment().is_none() && link.cap.is_none()
}

fn marks(link: &InviteLink, now: UtcTime) -> Vec<&'static str> {
    let open = link.state(now) == InviteState::Active;
    let all = [
        (open && is_endless(link), "No end"),
        (is_long_unused(link, now), "Long unused"),
        (link.wants_approval(), "Asks for approval"),
    ];
    all.into_iter().filter(|(holds, _)| *holds).map(|(_, words)| words).collect()
}

/// The list as the page shows it.
pub(super) struct ListView {
    pub(super) query: InviteLinksQuery,
    pub(super) rows: Vec<InviteLinkRow>,
    pub(super) older: String,
    pub(super) waiting: usize,
    /// Nothing is shown but deleted links are there.
    pub(super) has_deleted: bool,
}

impl ListView {
    /// Whether the list shows less than everything.
    pub(super) fn is_narrowed(&self) -> bool {
        self.query.is_narrowed()
    }

    /// The states one can choose from: (what is sent, what is shown).
    pub(super) fn states(&self) -> Vec<(&'static str, &'static str)> {
        InviteStateFilter::ALL.iter().map(|state| (state.as_str(), state.words())).collect()
    }

    /// The orders one can choose from: (what is sent, what is shown).
    pub(super) fn sorts(&self) -> Vec<(&'static str, &'static str)> {
        Sort::ALL.iter().map(|sort| (sort.as_str(), sort.words())).collect()
    }
}

/// The fields of a link in a form, with what is wrong.
pub(super) struct FieldsView {
    pub(super) typed: TypedFields,
    pub(super) problems: FieldProblems,
    pub(super) is_one_use: bool,
    /// What is said beside the note.
    pub(super) note_hint: String,
}

impl FieldsView {
    pub(super) fn new(typed: TypedFields, problems: FieldProblems, is_one_use: bool) -> Self {
        let note_hint = format!("Recipients see it with your name. {} characters at most", super::LONGEST_NOTE);
        Self { typed, problems, is_one_use, note_hint }
    }

    /// The sentence about a field; empty when it is well.
    pub(super) fn of(&self, id: &str) -> &str {
        self.problems.iter().find(|(field, _)| *field == id).map_or("", |(_, sentence)| sentence)
    }

    /// Heading of what is wrong.
    pub(super) fn title(&self) -> String {
        crate::features::recipient::problems_title(self.problems.len(), false)
    }

    /// The zones to choose from.
    pub(super) fn zone(&self) -> ZoneChoice {
        ZoneChoice::of(&self.typed.zone)
    }
}
