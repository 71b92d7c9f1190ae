//! The page of a link that does not open: what happened, what became of the data, whom to ask.

use askama::Template;

use super::link::{Ended, KnownLink, RecipientLink};
use super::words::Asker;
use crate::platform::app::App;
use crate::platform::web::frame::RecipientFrame;

/// Answered with 410 to whatever is asked of a dead link.
#[derive(Template)]
#[template(path = "recipient/dead.html")]
pub(super) struct DeadPage {
    frame: RecipientFrame,
    asker: Asker,
    system: String,
    title: &'static str,
    ended: Ended,
}

impl DeadPage {
    pub(super) fn new<L: RecipientLink>(known: &KnownLink<L>, ended: Ended, app: &App) -> Self {
        let title = match ended {
            Ended::Expired { .. } => "This link has expired",
            Ended::Used { .. } => "This link has already been used",
            Ended::Withdrawn | Ended::Deleted => "This link was withdrawn",
            Ended::Full => "This link takes no more connections",
            Ended::Finished | Ended::DraftDeleted => "This link is no longer needed",
        };
        Self { frame: known.frame(app), asker: known.asker(), system: known.system(), title, ended }
    }
}
