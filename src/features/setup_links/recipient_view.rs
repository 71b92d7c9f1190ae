//! What a recipient sees: the form, and the page of a dead link. Values ready to print, no rows.

use askama::Template;

use super::ClosedReason;
use super::guard::KnownSetupLink;
use super::sheet::Sheet;
use crate::base::clock::distance_in_words;
use crate::base::error::AppResult;
use crate::base::forms::{FormState, RawForm};
use crate::connectors::provider::InputProblem;
use crate::features::oauth::{Desk, PlanError};
use crate::features::recipient::{Asker, When, problems_title, recipient_frame};
use crate::platform::app::App;
use crate::platform::web::csrf::FormToken;
use crate::platform::web::frame::RecipientFrame;
use crate::schema::form::{self, FormView, SummaryItem};

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
    /// Signing in, ready to stand in the form; empty where there is no way.
    sign_in: String,
    is_signed_in: bool,
    is_reconnect: bool,
    /// Signing in is the connector's way, and nobody has set the app for it.
    is_unready: bool,
    by_hand_open: bool,
    fields_wrong: bool,
    /// What the sign-in did not answer is optional, all of it.
    fields_fold: bool,
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
    /// What they may do next; empty when the message says it.
    pub(super) advice: &'static str,
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
    /// What was answered before leaving for the provider cannot be taken.
    Inputs(Vec<InputProblem>),
    /// The chosen accounts cannot be taken.
    Accounts(PlanError),
    /// Somebody was to sign in again and did not.
    NotSignedIn,
    /// Another account signed in than before.
    OtherAccount,
    /// Whoever signed in cannot see this account.
    CannotSee(String),
}

impl Answer {
    /// What is wrong with signing in again.
    fn sentence(&self, sheet: &Sheet) -> Option<String> {
        let provider = sheet.desk.as_ref().map(Desk::provider_name).unwrap_or_default();
        match self {
            Self::NotSignedIn => Some(format!("Sign in at {provider} first")),
            Self::OtherAccount => {
                Some(format!("Another {provider} account signed in than before. Use the account that was used before"))
            }
            Self::CannotSee(account) => {
                Some(format!("This {provider} account cannot see {account}. Use another account"))
            }
            _ => None,
        }
    }
}

impl FormPage {
    /// The page as it is looked at.
    pub(super) fn new(
        sheet: &Sheet,
        state: &FormState,
        token: &FormToken,
        answer: &Answer,
        app: &App,
    ) -> AppResult<Self> {
        Self::made(sheet, state, token, answer, None, app)
    }

    /// The page after a send that was not accepted.
    pub(super) fn again(
        sheet: &Sheet,
        state: &FormState,
        token: &FormToken,
        answer: &Answer,
        raw: &RawForm,
        app: &App,
    ) -> AppResult<Self> {
        Self::made(sheet, state, token, answer, Some(raw), app)
    }

    fn made(
        sheet: &Sheet,
        state: &FormState,
        token: &FormToken,
        answer: &Answer,
        raw: Option<&RawForm>,
        app: &App,
    ) -> AppResult<Self> {
        let known = &sheet.link.known;
        let connector = sheet.connector();
        let view: FormView = form::view(&connector.spec, &sheet.known(), state, &sheet.audience());
        let panel = sheet.panel(answer, raw)?;
        let mut problems: Vec<(String, String)> =
            answer.sentence(sheet).map(|text| ("sign-in-title".to_owned(), text)).into_iter().collect();
        problems.extend(panel.iter().flat_map(|panel| panel.problems.iter().cloned()));
        let of_sign_in = problems.len();
        problems.extend(view.error_summary_items().iter().map(SummaryItem::target_and_text));
        let missing = !state.errors().is_empty() && state.errors().iter().all(|error| error.code.is_missing());
        let only_missing = missing && of_sign_in == 0;
        let fields_wrong = problems.len() > of_sign_in;
        Ok(Self {
            frame: frame(known, app),
            asker: asker(known),
            recipient: known.link.recipient.clone(),
            note: known.link.note.clone(),
            system: connector.system().to_owned(),
            connector: connector.name().to_owned(),
            is_destination: connector.file.kind == crate::connectors::Kind::Destination,
            documentation_url: connector.file.documentation_url.clone(),
            guide: connector.guide_html.clone(),
            until: sheet.link.until.into(),
            distance: distance_in_words(app.clock.now(), sheet.link.until),
            csrf: token.text.clone(),
            has_fields: !view.is_empty_form(),
            fields: if sheet.is_reconnect() { String::new() } else { view.render()? },
            problems_title: problems_title(problems.len(), only_missing),
            problems,
            only_missing,
            nothing_entered: matches!(answer, Answer::NothingEntered),
            is_again: !matches!(answer, Answer::Fresh),
            is_unready: sheet.desk.is_some() && panel.is_none(),
            sign_in: panel.map(|panel| panel.html).unwrap_or_default(),
            is_signed_in: sheet.desk.as_ref().is_some_and(Desk::is_signed_in),
            is_reconnect: sheet.is_reconnect(),
            by_hand_open: state.is_filled(),
            fields_wrong,
            fields_fold: sheet.is_complete(),
            may_test: sheet.may_test() && app.engines.ability(&sheet.link.connector).checks,
            test: match answer {
                Answer::Tested(test) => Some(test.clone()),
                _ => None,
            },
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
