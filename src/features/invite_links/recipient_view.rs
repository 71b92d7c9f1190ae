//! What a recipient sees: the form, and the page of a dead link. Values ready to print, no rows.

use askama::Template;

use super::guard::KnownInviteLink;
use super::sheet::Sheet;
use super::{InviteState, Usage};
use crate::base::clock::distance_in_words;
use crate::base::error::AppResult;
use crate::base::forms::{FormState, RawForm};
use crate::connectors::Kind;
use crate::connectors::provider::InputProblem;
use crate::features::oauth::PlanError;
use crate::features::recipient::{Asker, When, problems_title, recipient_frame};
use crate::platform::app::App;
use crate::platform::web::csrf::FormToken;
use crate::platform::web::frame::RecipientFrame;
use crate::schema::form::{self, FormView, SummaryItem};

pub(super) fn asker(known: &KnownInviteLink) -> Asker {
    Asker::of(known.asker.as_ref(), &known.workspace)
}

/// What the recipient's system is called in a sentence.
pub(super) fn system(known: &KnownInviteLink) -> String {
    known
        .connector
        .as_ref()
        .map_or_else(|| known.link.connector_slug.clone(), |connector| connector.system().to_owned())
}

/// Until when a link is open, in the words of its own zone.
pub(super) struct Until {
    pub(super) when: When,
    pub(super) distance: String,
}

impl Until {
    pub(super) fn of(known: &KnownInviteLink, app: &App) -> Option<Self> {
        let expiry = known.link.expiry();
        let at = expiry.moment()?;
        let when = When { iso: at.iso(), words: expiry.words() };
        Some(Self { when, distance: distance_in_words(app.clock.now(), at) })
    }
}

/// What was wrong with the send that is answered.
pub(super) enum Answer {
    /// It is the first look at the form.
    Fresh,
    /// Some answers need attention.
    Problems,
    /// Nothing was entered at all.
    NothingEntered,
    /// What was answered before leaving for the provider cannot be taken.
    Inputs(Vec<InputProblem>),
    /// The chosen accounts cannot be taken.
    Accounts(PlanError),
}

/// What was typed into the form, or nothing yet.
pub(super) struct Typed<'a> {
    pub(super) state: &'a FormState,
    pub(super) identity: &'a str,
    pub(super) identity_problem: Option<String>,
    pub(super) answer: Answer,
    /// What was sent, when it is shown again.
    pub(super) raw: Option<&'a RawForm>,
}

impl<'a> Typed<'a> {
    /// Nothing but what came back from the provider.
    pub(super) fn fresh(state: &'a FormState, identity: &'a str) -> Self {
        Self { state, identity, identity_problem: None, answer: Answer::Fresh, raw: None }
    }
}

/// `GET /invite/{token}`, and again after a send that was not accepted.
#[derive(Template)]
#[template(path = "invite_links/form.html")]
pub(super) struct FormPage {
    frame: RecipientFrame,
    asker: Asker,
    greeting: String,
    note: String,
    system: String,
    connector: String,
    is_destination: bool,
    is_one_use: bool,
    documentation_url: String,
    guide: String,
    until: Option<Until>,
    csrf: String,
    identity: String,
    identity_problem: String,
    identity_hint: String,
    fields: String,
    has_fields: bool,
    problems: Vec<(String, String)>,
    problems_title: String,
    only_missing: bool,
    nothing_entered: bool,
    is_again: bool,
    /// Signing in, ready to stand in the form; empty where there is no way.
    sign_in: String,
    is_signed_in: bool,
    by_hand_open: bool,
    fields_wrong: bool,
    /// What the sign-in did not answer is optional, all of it.
    fields_fold: bool,
}

impl FormPage {
    pub(super) fn new(sheet: &Sheet, typed: Typed<'_>, token: &FormToken, app: &App) -> AppResult<Self> {
        let (known, connector, state) = (&sheet.link.known, sheet.connector(), typed.state);
        let file = &connector.file;
        let view: FormView = form::view(&connector.spec, &sheet.known(), state, &sheet.audience());
        let panel = sheet.panel(&typed.answer, typed.raw)?;
        let mut problems: Vec<(String, String)> = Vec::new();
        problems.extend(panel.iter().flat_map(|panel| panel.problems.iter().cloned()));
        problems.extend(typed.identity_problem.clone().map(|sentence| ("identity".to_owned(), sentence)));
        let missing = !state.errors().is_empty() && state.errors().iter().all(|error| error.code.is_missing());
        let only_missing = problems.is_empty() && missing;
        let of_others = problems.len();
        problems.extend(view.error_summary_items().iter().map(SummaryItem::target_and_text));
        let fields_wrong = problems.len() > of_others;
        let is_again = !matches!(typed.answer, Answer::Fresh);
        let has_typed = state.is_filled() || !typed.identity.is_empty();
        Ok(Self {
            frame: recipient_frame(&known.workspace, app),
            asker: asker(known),
            greeting: known.link.greeting.clone(),
            note: known.link.note.clone(),
            system: connector.system().to_owned(),
            connector: connector.name().to_owned(),
            is_destination: file.kind == Kind::Destination,
            is_one_use: known.link.usage == Usage::Once,
            documentation_url: file.documentation_url.clone(),
            guide: connector.guide_html.clone(),
            until: Until::of(known, app),
            csrf: token.text.clone(),
            identity: typed.identity.to_owned(),
            identity_hint: format!("So that {} knows whose {} this is", known.workspace.name, connector.system()),
            identity_problem: typed.identity_problem.unwrap_or_default(),
            has_fields: !view.is_empty_form(),
            fields: view.render()?,
            problems_title: problems_title(problems.len(), only_missing),
            problems,
            only_missing,
            nothing_entered: matches!(typed.answer, Answer::NothingEntered),
            is_again,
            sign_in: panel.map(|panel| panel.html).unwrap_or_default(),
            is_signed_in: sheet.is_signed_in(),
            by_hand_open: has_typed,
            fields_wrong,
            fields_fold: sheet.is_complete(),
        })
    }
}

/// What a dead link says: what happened, and whom to ask.
#[derive(Template)]
#[template(path = "invite_links/dead.html")]
pub(super) struct DeadPage {
    frame: RecipientFrame,
    asker: Asker,
    system: String,
    state: InviteState,
    at: Option<When>,
}

impl DeadPage {
    pub(super) fn new(known: &KnownInviteLink, state: InviteState, app: &App) -> Self {
        let at = match state {
            InviteState::Used(at) | InviteState::Deleted(at) => Some(When::from(at)),
            InviteState::Expired(at) => Some(When { iso: at.iso(), words: known.link.expiry().words() }),
            InviteState::Full | InviteState::Active => None,
        };
        Self { frame: recipient_frame(&known.workspace, app), asker: asker(known), system: system(known), state, at }
    }
}
