//! What a recipient sees: the form, and the page of a dead link. Values ready to print, no rows.

use askama::Template;

use super::ClosedReason;
use super::guard::{KnownSetupLink, OpenSetupLink};
use crate::accounts::MemberCard;
use crate::app::App;
use crate::clock::{UtcTime, distance_in_words};
use crate::connectors::spec_form::{self, Audience, FormView, SummaryItem};
use crate::error::AppResult;
use crate::forms::FormState;
use crate::web::csrf::FormToken;
use crate::web::frame::RecipientFrame;

/// A moment for people and machines.
#[derive(Debug, Clone)]
pub struct When {
    /// RFC 3339.
    pub iso: String,
    /// "Saturday 14 March 2026, 15:30 UTC".
    pub words: String,
}

impl From<UtcTime> for When {
    fn from(at: UtcTime) -> Self {
        Self { iso: at.iso(), words: at.words() }
    }
}

/// Who asks.
#[derive(Debug, Clone)]
pub struct Asker {
    /// Name, or the workspace's when a program made the link.
    pub name: String,
    /// Mail address, possibly empty.
    pub email: String,
}

impl Asker {
    pub(super) fn of(known: &KnownSetupLink) -> Self {
        match &known.asker {
            Some(MemberCard { name, email, .. }) => Self { name: name.clone(), email: email.clone() },
            None => Self { name: known.workspace.name.clone(), email: String::new() },
        }
    }
}

pub(super) fn frame(known: &KnownSetupLink, app: &App) -> RecipientFrame {
    RecipientFrame::new(&known.workspace.name, &known.workspace.accent, &app.config.server.base_url)
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
    contact: String,
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
    may_test: bool,
    test: Option<TestShown>,
}

/// What became of a test of what was typed.
#[derive(Debug, Clone)]
pub(super) struct TestShown {
    /// Its id, for the button that asks again.
    pub(super) id: String,
    /// `info`, `ok` or `bad`.
    pub(super) tone: &'static str,
    /// What is known by now.
    pub(super) title: &'static str,
    /// What the system answered.
    pub(super) message: String,
    /// Nothing more will happen.
    pub(super) is_over: bool,
}

/// What is wrong with the send that is answered.
pub(super) enum Answer {
    /// It is the first look at the form.
    Fresh,
    /// Some answers need attention.
    Problems,
    /// Nothing was entered at all.
    NothingEntered,
    /// What was typed is being tested, or was.
    Tested(TestShown),
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
            asker: Asker::of(known),
            contact: known.workspace.contact.clone(),
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
            may_test: known.link.allows_test == 1 && app.runtimes.ability(&link.connector).checks,
            test: match answer {
                Answer::Tested(test) => Some(test.clone()),
                Answer::Fresh | Answer::Problems | Answer::NothingEntered => None,
            },
        })
    }
}

fn problems_title(count: usize, only_missing: bool) -> String {
    match (count, only_missing) {
        (1, true) => "1 answer is missing".to_owned(),
        (_, true) => format!("{count} answers are missing"),
        (1, false) => "1 answer needs attention".to_owned(),
        (_, false) => format!("{count} answers need attention"),
    }
}

/// What a dead link says: what happened, what became of the data, whom to ask.
#[derive(Template)]
#[template(path = "setup_links/dead.html")]
pub(super) struct DeadPage {
    frame: RecipientFrame,
    asker: Asker,
    contact: String,
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
            asker: Asker::of(known),
            contact: known.workspace.contact.clone(),
            system: system(known),
            reason: reason.as_str(),
            at: at.into(),
        }
    }
}
