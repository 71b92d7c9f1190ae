//! What a recipient sees: the form, and the page of a dead link. Values ready to print, no rows.

use askama::Template;

use super::ClosedReason;
use super::guard::{KnownSetupLink, OpenSetupLink};
use crate::app::App;
use crate::clock::distance_in_words;
use crate::connectors::spec_form::{self, Audience, FormView, SummaryItem};
use crate::error::AppResult;
use crate::forms::FormState;
use crate::links::{Asker, When, problems_title, recipient_frame};
use crate::web::csrf::FormToken;
use crate::web::frame::RecipientFrame;

pub(super) fn asker(known: &KnownSetupLink) -> Asker {
    Asker::of(known.asker.as_ref(), &known.workspace)
}

pub(super) fn frame(known: &KnownSetupLink, app: &App) -> RecipientFrame {
    recipient_frame(&known.workspace, app)
}

fn system(known: &KnownSetupLink) -> String {
    known
        .connector
        .as_ref()
        .map_or_else(|| known.connection.connector_slug.clone(), |connector| connector.system().to_owned())
}

/// `GET /scl/{token}`, and again after a send that was not accepted.
#[derive(Template)]
#[template(path = "setup_links/form.html")]
pub(super) struct FormPage {
    frame: RecipientFrame,
    asker: Asker,
    recipient: String,
    note: String,
    system: String,
    connector: String,
    is_destination: bool,
    documentation_url: String,
    guide: String,
    until: When,
    distance: String,
    csrf: String,
    fields: String,
    has_fields: bool,
    problems: Vec<(String, String)>,
    problems_title: String,
    only_missing: bool,
    nothing_entered: bool,
    is_again: bool,
}

/// What is wrong with the send that is answered.
pub(super) enum Answer {
    /// It is the first look at the form.
    Fresh,
    /// Some answers need attention.
    Problems,
    /// Nothing was entered at all.
    NothingEntered,
}

impl FormPage {
    pub(super) fn new(
        link: &OpenSetupLink,
        state: &FormState,
        token: &FormToken,
        answer: &Answer,
        app: &App,
    ) -> AppResult<Self> {
        let known = &link.known;
        let audience = Audience::Recipient { workspace: known.workspace.name.clone() };
        let view: FormView =
            spec_form::view(&link.connector.spec, &known.connection.known_to_recipients(), state, &audience);
        let problems: Vec<(String, String)> =
            view.error_summary_items().iter().map(SummaryItem::target_and_text).collect();
        let only_missing = !state.errors().is_empty() && state.errors().iter().all(|error| error.code.is_missing());
        Ok(Self {
            frame: frame(known, app),
            asker: asker(known),
            recipient: known.link.recipient.clone(),
            note: known.link.note.clone(),
            system: link.connector.system().to_owned(),
            connector: link.connector.name().to_owned(),
            is_destination: link.connector.file.kind == crate::connectors::Kind::Destination,
            documentation_url: link.connector.file.documentation_url.clone(),
            guide: link.connector.guide_html.clone(),
            until: link.until.into(),
            distance: distance_in_words(app.clock.now(), link.until),
            csrf: token.text.clone(),
            has_fields: !view.is_empty_form(),
            fields: view.render()?,
            problems_title: problems_title(problems.len(), only_missing),
            problems,
            only_missing,
            nothing_entered: matches!(answer, Answer::NothingEntered),
            is_again: !matches!(answer, Answer::Fresh),
        })
    }
}

/// What a dead link says: what happened, what became of the data, whom to ask.
#[derive(Template)]
#[template(path = "setup_links/dead.html")]
pub(super) struct DeadPage {
    frame: RecipientFrame,
    asker: Asker,
    system: String,
    reason: &'static str,
    at: When,
}

impl DeadPage {
    pub(super) fn new(known: &KnownSetupLink, reason: ClosedReason, app: &App) -> Self {
        let at = match reason {
            ClosedReason::Used(at) | ClosedReason::Expired(at) => at,
            ClosedReason::Revoked | ClosedReason::Finished | ClosedReason::Deleted => known.link.expires_at,
        };
        Self {
            frame: frame(known, app),
            asker: asker(known),
            system: system(known),
            reason: reason.as_str(),
            at: at.into(),
        }
    }
}
