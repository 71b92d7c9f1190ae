//! The configuration step as a page shows it.

use std::sync::Arc;

use actix_web::HttpRequest;
use askama::Template;

use super::remove::users;
use crate::base::error::AppResult;
use crate::base::forms::{FieldError, FormState, RawForm, ValueProblem};
use crate::connectors::{Connector, Kind};
use crate::features::accounts::guard::SignedIn;
use crate::features::connections::{Connection, ConnectionState, Filler, LONGEST_DESCRIPTION, revision_mark};
use crate::features::oauth;
use crate::features::outputs::{OutputUser, named};
use crate::features::setup_links::{self, ShareInput, ShareView};
use crate::platform::app::App;
use crate::platform::web::frame::OwnerFrame;
use crate::platform::web::urls;
use crate::schema::form::{self, Audience, SummaryItem};

/// The button that saves a new address and asks somebody else for the secrets again.
const ASK_AGAIN: &str = "ask-again";

/// What is configured: a connector of which there is no draft yet, or a draft.
pub(super) struct ConfigureTarget {
    pub(super) connector: Arc<Connector>,
    pub(super) draft: Option<Connection>,
    /// The connector can sign in with its provider, and nobody has set the app for it.
    pub(super) lacks_app: bool,
    /// The sources that write to it, of a destination.
    pub(super) users: Vec<OutputUser>,
}

impl ConfigureTarget {
    /// Where one comes from.
    fn url(&self) -> String {
        self.draft.as_ref().map_or_else(|| urls::NEW_CONNECTION.to_owned(), |draft| urls::connection(&draft.slug))
    }

    /// What is configured, with what is missing around it.
    pub(super) async fn of(
        app: &App,
        member: &SignedIn,
        connector: Arc<Connector>,
        draft: Option<Connection>,
    ) -> AppResult<Self> {
        let lacks_app = oauth::apps::is_ready(app, &connector, &member.workspace_id).await? == Some(false);
        let users = match draft.clone() {
            Some(draft) => app.db.read(move |conn| users(conn, &draft)).await?,
            None => Vec::new(),
        };
        Ok(Self { connector, draft, lacks_app, users })
    }
}

/// Everything that was typed on the configuration step.
pub(super) struct ConfigureInput {
    pub(super) description: String,
    pub(super) description_problem: Option<String>,
    pub(super) state: FormState,
    pub(super) share: ShareInput,
    pub(super) share_problems: Vec<(String, String)>,
    pub(super) wants_link: bool,
    /// Secrets that were given for another address are asked for with the link, and not typed here.
    pub(super) asks_again: bool,
    /// What would have to be asked for again; nothing when that is not what is wrong, or not all.
    pub(super) lost: Vec<String>,
    /// The questions have changed since the form was shown; those that are not asked any more.
    pub(super) changed: Option<Vec<String>>,
}

impl ConfigureInput {
    pub(super) fn fresh() -> Self {
        Self {
            description: String::new(),
            description_problem: None,
            state: FormState::empty(),
            share: ShareInput::default(),
            share_problems: Vec::new(),
            wants_link: false,
            asks_again: false,
            lost: Vec::new(),
            changed: None,
        }
    }

    pub(super) fn read(form: &RawForm) -> Self {
        Self {
            description: form.first("description").unwrap_or_default().trim().to_owned(),
            share: ShareInput::read(form),
            wants_link: matches!(form.first("intent"), Some("share" | ASK_AGAIN)),
            asks_again: form.first("intent") == Some(ASK_AGAIN),
            ..Self::fresh()
        }
    }

    /// Offers to ask somebody else for what was stored for another address, when nothing else is wrong: most likely whoever gave it.
    pub(super) fn offer_asking(&mut self, draft: &Connection, errors: &[FieldError]) {
        let only_addresses = errors.iter().all(|error| error.code == ValueProblem::AddressChanged);
        if errors.is_empty() || !only_addresses || draft.finalised_at.is_some() {
            return;
        }
        self.lost = errors.iter().map(|error| error.label.clone()).collect();
        let mut givers = errors.iter().filter_map(|error| draft.origin_of(&error.path));
        if let Some(giver) = givers.find(|origin| origin.by == Filler::Recipient) {
            self.share.address_to(&giver.name);
        }
    }

    pub(super) fn check_description(&mut self) {
        self.description_problem = description_problem(&self.description);
    }
}

/// What is wrong with a description, if anything.
pub(super) fn description_problem(text: &str) -> Option<String> {
    let too_long = text.chars().count() > LONGEST_DESCRIPTION;
    let has_control = text.chars().any(char::is_control);
    match (too_long, has_control) {
        (true, _) => Some(format!("Name must be {LONGEST_DESCRIPTION} characters or fewer")),
        (false, true) => Some("Name must be one line of text".to_owned()),
        (false, false) => None,
    }
}

#[derive(Template)]
#[template(path = "connections/configure.html")]
pub(super) struct ConfigurePage {
    frame: OwnerFrame,
    connector: String,
    connector_url: String,
    guide: String,
    documentation_url: String,
    is_new: bool,
    is_draft: bool,
    /// It is a source that can be extracted.
    is_extracted: bool,
    /// The sources that write to it; empty when there are none.
    used_by: String,
    connection_url: String,
    description: String,
    description_problem: Option<String>,
    share: ShareView,
    /// Whether there is a program here that asks the real system.
    may_test: bool,
    /// Who cannot test although it is allowed, and why; empty when nobody.
    test_limit: String,
    longest_note: usize,
    fields: String,
    has_fields: bool,
    /// Names what is shown of the connection; empty where there is none yet.
    revision: String,
    /// The secrets that somebody else can be asked for again; empty when that is not what is wrong.
    lost: String,
    problems: Vec<(String, String)>,
    problems_title: String,
    /// Names the questions that are shown.
    questions: String,
    /// The questions have changed since the form was shown; those that are not asked any more.
    changed: Option<String>,
    /// The provider nobody has set an app for, and where to do so.
    lacks_app: Option<(String, String)>,
    has_sign_in: bool,
}

/// Why the box about testing does not speak of everybody.
fn test_limit(provider: &str) -> String {
    format!(
        "Who signs in with {provider} can test only if {provider} gives keys that work more than once: the test would spend others. \
         Details typed by hand can be tested."
    )
}

impl ConfigurePage {
    pub(super) fn new(
        app: &App,
        request: &HttpRequest,
        member: &SignedIn,
        target: &ConfigureTarget,
        input: &ConfigureInput,
    ) -> AppResult<Self> {
        let known = target.draft.as_ref().map(Connection::known_to_members).unwrap_or_default();
        let view = form::view(&target.connector.spec, &known, &input.state, &Audience::Owner);
        let mut problems: Vec<(String, String)> = Vec::new();
        problems.extend(input.description_problem.clone().map(|sentence| ("description".to_owned(), sentence)));
        problems.extend(input.share_problems.iter().cloned());
        problems.extend(view.error_summary_items().iter().map(SummaryItem::target_and_text));
        let count = problems.len();
        let file = &target.connector.file;
        let block = target.connector.oauth();
        Ok(Self {
            frame: member.frame(request, app, "connections"),
            connector: file.name.clone(),
            connector_url: urls::connector(file.kind, &file.slug),
            guide: target.connector.guide_html.clone(),
            documentation_url: file.documentation_url.clone(),
            is_new: target.draft.is_none(),
            is_draft: target.draft.as_ref().is_none_or(|draft| draft.finalised_at.is_none()),
            is_extracted: target.draft.as_ref().is_some_and(|draft| draft.state() == ConnectionState::Finalised)
                && file.kind == Kind::Source,
            used_by: named(&target.users),
            connection_url: target.url(),
            description: target
                .draft
                .as_ref()
                .map_or_else(|| input.description.clone(), |draft| draft.description.clone()),
            description_problem: input.description_problem.clone(),
            share: input.share.view(input.share_problems.clone(), app.clock.now()),
            may_test: app.engines.ability(&target.connector).check,
            test_limit: block
                .filter(|block| block.refresh.rotates && !target.lacks_app)
                .map(|block| test_limit(&block.name))
                .unwrap_or_default(),
            longest_note: setup_links::LONGEST_NOTE,
            has_fields: !view.is_empty_form(),
            lost: input.lost.join(", "),
            fields: view.render()?,
            revision: target.draft.as_ref().map(|draft| revision_mark(&app.form_marks, draft)).unwrap_or_default(),
            questions: target.connector.questions_mark.clone(),
            changed: input.changed.as_ref().map(|gone| gone.join(", ")),
            lacks_app: block
                .filter(|_| target.lacks_app)
                .map(|block| (block.name.clone(), urls::oauth_app(&block.provider))),
            has_sign_in: block.is_some() && !target.lacks_app,
            problems_title: if count == 1 {
                "1 answer needs attention".to_owned()
            } else {
                format!("{count} answers need attention")
            },
            problems,
        })
    }
}
