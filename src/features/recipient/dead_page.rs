//! The page of a link that does not open: what happened, what became of the data, whom to ask.

use askama::Template;

use super::link::{Ended, KnownLink, RecipientLink};
use super::words::Asker;
use crate::base::forms::RawForm;
use crate::platform::app::App;
use crate::platform::web::frame::RecipientFrame;
use crate::schema::form::{self, Audience, Strictness};

/// Answered with 410 to whatever is asked of a dead link, and with 503 while what it connects is missing here.
#[derive(Template)]
#[template(path = "recipient/dead.html")]
pub(super) struct DeadPage {
    frame: RecipientFrame,
    asker: Asker,
    system: String,
    title: &'static str,
    ended: Ended,
    /// What was typed into a form that came too late: how the form calls each field, and the text. Secrets are not among it.
    typed: Vec<(String, String)>,
    /// Secrets were typed, too.
    had_secrets: bool,
}

impl DeadPage {
    /// The page for a form that came too late: what was typed can be copied from it.
    pub(super) fn with_typed<L: RecipientLink>(mut self, known: &KnownLink<L>, raw: &RawForm) -> Self {
        let Some(connector) = &known.connector else { return self };
        let audience =
            Audience::Recipient { workspace: known.workspace.name.clone(), asks: known.link.asks().cloned() };
        let decoded = form::decode(&connector.spec, raw, &known.link.known(), Strictness::Draft, &audience);
        self.had_secrets = !decoded.typed_secrets.is_empty();
        for field in decoded.submission.provided().into_iter().filter(|field| !field.secret) {
            let name = field.path.to_string();
            let typed =
                decoded.state.typed_fields().get(&name).into_iter().flatten().find(|text| !text.trim().is_empty());
            self.typed.extend(typed.map(|text| (field.title, text.clone())));
        }
        self
    }

    pub(super) fn new<L: RecipientLink>(known: &KnownLink<L>, ended: Ended, app: &App) -> Self {
        let title = match ended {
            Ended::Expired { .. } => "This link has expired",
            Ended::Used { .. } => "This link has already been used",
            Ended::SentBefore { .. } => "This form was sent before",
            Ended::Withdrawn | Ended::Deleted => "This link was withdrawn",
            Ended::Full => "This link takes no more connections",
            Ended::Finished | Ended::DraftDeleted => "This link is no longer needed",
            Ended::Restored => "This link is closed",
            Ended::NotInstalled => "This link does not open at the moment",
        };
        Self {
            frame: known.frame(app),
            asker: known.asker(),
            system: known.system(),
            title,
            ended,
            typed: Vec::new(),
            had_secrets: false,
        }
    }
}
