//! The form of a link as a page: values ready to print, no rows.

use askama::Template;

use super::form::RecipientForm;
use super::link::{LinkWords, RecipientLink};
use super::reply::{FormReply, TestView};
use super::standing::AskedPart;
use super::words::{Asker, problems_title};
use crate::base::clock::distance_in_words;
use crate::base::error::AppResult;
use crate::base::forms::{FormState, RawForm};
use crate::connectors::Kind;
use crate::features::oauth::LinkSignIn;
use crate::platform::app::App;
use crate::platform::web::csrf::FormToken;
use crate::platform::web::frame::RecipientFrame;
use crate::schema::form::{self, FormView, SummaryItem};

/// What was typed into the form, or nothing yet.
pub(super) struct ShownForm<'a> {
    pub(super) state: &'a FormState,
    /// Who sends, as they say.
    pub(super) identity: &'a str,
    pub(super) identity_problem: Option<String>,
    pub(super) reply: &'a FormReply,
    /// What was sent, when it is shown again.
    pub(super) raw: Option<&'a RawForm>,
    pub(super) token: &'a FormToken,
}

/// The page, at the first look and again after a send that was not accepted.
#[derive(Template)]
#[template(path = "recipient/form.html")]
pub struct FormPage {
    frame: RecipientFrame,
    asker: Asker,
    words: LinkWords,
    distance: String,
    system: String,
    connector: String,
    is_destination: bool,
    documentation_url: String,
    guide: String,
    csrf: String,
    /// Names what is shown of the connection; empty where there is none yet.
    revision: String,
    /// Names the questions that are shown.
    questions: String,
    /// The questions have changed since the form was shown; those that are not asked any more.
    changed: Option<String>,
    asks_identity: bool,
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
    is_reconnect: bool,
    /// Signing in is the connector's way, and nobody has set the app for it.
    is_unready: bool,
    by_hand_open: bool,
    fields_wrong: bool,
    /// What the sign-in did not answer is optional, all of it.
    fields_fold: bool,
    may_test: bool,
    test: Option<TestView>,
    /// What is asked for, when that is not everything, and what is set already.
    part: AskedPart,
}

impl FormPage {
    pub(super) fn new<L: RecipientLink>(form: &RecipientForm<L>, shown: ShownForm<'_>, app: &App) -> AppResult<Self> {
        let (known, connector, state, reply) = (&form.link.known, form.connector(), shown.state, shown.reply);
        let view: FormView = form::view(&connector.spec, &form.known_then(), state, &form.audience());
        let panel = form.panel(reply, shown.raw)?;
        let provider = form.sign_in.as_ref().map(LinkSignIn::provider_name).unwrap_or_default();
        let of_sign_in = reply.sign_in_problem(provider).map(|text| ("sign-in-title".to_owned(), text));
        let mut problems: Vec<(String, String)> = of_sign_in.into_iter().collect();
        problems.extend(panel.iter().flat_map(|panel| panel.problems.iter().cloned()));
        problems.extend(shown.identity_problem.clone().map(|sentence| ("identity".to_owned(), sentence)));
        let missing = !state.errors().is_empty() && state.errors().iter().all(|error| error.code.is_missing());
        let only_missing = problems.is_empty() && missing;
        let of_others = problems.len();
        problems.extend(view.error_summary_items().iter().map(SummaryItem::target_and_text));
        Ok(Self {
            frame: known.frame(app),
            asker: known.asker(),
            words: known.link.words(&known.workspace.name, form.is_signed_in()),
            distance: distance_in_words(app.clock.now(), form.link.until),
            system: connector.system().to_owned(),
            connector: connector.name().to_owned(),
            is_destination: connector.file.kind == Kind::Destination,
            documentation_url: connector.file.documentation_url.clone(),
            guide: connector.guide_html.clone(),
            csrf: shown.token.text.clone(),
            revision: form.revision(app),
            questions: form.link.connector.questions_mark.clone(),
            changed: match reply {
                FormReply::QuestionsChanged(gone) => Some(gone.join(", ")),
                _ => None,
            },
            asks_identity: L::MAKES_CONNECTIONS,
            identity: shown.identity.to_owned(),
            identity_hint: format!("So that {} knows whose {} this is", known.workspace.name, connector.system()),
            identity_problem: shown.identity_problem.unwrap_or_default(),
            has_fields: !view.is_empty_form(),
            fields: if form.is_reconnect() { String::new() } else { view.render()? },
            problems_title: problems_title(problems.len(), only_missing),
            fields_wrong: problems.len() > of_others,
            problems,
            only_missing,
            nothing_entered: matches!(reply, FormReply::NothingEntered),
            is_again: !matches!(reply, FormReply::Fresh),
            is_unready: form.sign_in.is_some() && panel.is_none(),
            sign_in: panel.map(|panel| panel.html).unwrap_or_default(),
            is_signed_in: form.is_signed_in(),
            is_reconnect: form.is_reconnect(),
            by_hand_open: state.is_filled() || !shown.identity.is_empty(),
            fields_fold: form.is_complete(),
            part: form.asked_part(),
            may_test: form.may_test() && app.engines.ability(&form.link.connector).check,
            test: match reply {
                FormReply::Tested(test) => Some(test.clone()),
                _ => None,
            },
        })
    }
}
